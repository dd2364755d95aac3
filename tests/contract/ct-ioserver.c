/* SPDX-License-Identifier: MIT */
/*
 * liboriel-ioreq on a hypervisor: opening, claims, restriction, stopping, the
 * guest's end.  What a guest's requests do, tests/programs/ioserver tries.
 */
#include <pthread.h>

#include <oriel-ioreq.h>

#include "ct.h"

static ioserver *open_on(uint32_t domid, bool no_ring)
{
    return ioserver_open(&(struct ioserver_config){
        .domid = (domid_t)domid, .no_ring = no_ring });
}

static int claim(ioserver *s, uint32_t type, uint64_t start, uint64_t end)
{
    return ioserver_claim(s, &(struct ioserver_range){
                                 .type = type, .start = start, .end = end });
}

static int release(ioserver *s, uint32_t type, uint64_t start, uint64_t end)
{
    return ioserver_release(s, &(struct ioserver_range){
                                   .type = type, .start = start, .end = end });
}

static void test_open(uint32_t domid)
{
    ioserver *s[9];

    ct_expect(ESRCH, open_on(CT_NO_DOMAIN, false) ? 0 : -1,
              "open: no domain");
    for ( unsigned int i = 0; i < 8; i++ )
    {
        s[i] = open_on(domid, i % 2);
        ct_ok(s[i] && ioserver_id(s[i]) == i && ioserver_alive(s[i]),
              "server %u", i);
    }
    ct_expect(ENOSPC, open_on(domid, false) ? 0 : -1,
              "open: a ninth server");
    for ( unsigned int i = 0; i < 8; i++ )
        ioserver_close(s[i]);
    s[8] = open_on(domid, false);
    ct_ok(s[8] && ioserver_id(s[8]) == 0, "after they were closed: server 0");
    ioserver_close(s[8]);
}

static void test_claims(ioserver *s)
{
    ct_expect(0, claim(s, XEN_DMOP_IO_RANGE_PORT, 0x100, 0x10f), "ports");
    ct_expect(EEXIST, claim(s, XEN_DMOP_IO_RANGE_PORT, 0x10f, 0x11f),
              "claim: overlaps");
    ct_expect(0, claim(s, XEN_DMOP_IO_RANGE_MEMORY, 0x100, 0x10f),
              "the same numbers as memory");
    ct_expect(0, claim(s, XEN_DMOP_IO_RANGE_PCI, 0x1f2, 0x1f2),
              "a PCI function");
    ct_expect(ENOENT, release(s, XEN_DMOP_IO_RANGE_PORT, 0x100, 0x101),
              "release: a part");
    ct_expect(0, release(s, XEN_DMOP_IO_RANGE_PORT, 0x100, 0x10f),
              "release: ports");
    ct_expect(0, release(s, XEN_DMOP_IO_RANGE_PCI, 0x1f2, 0x1f2),
              "release: a PCI function");
    ct_expect(0, claim(s, XEN_DMOP_IO_RANGE_PORT, 0x108, 0x11f),
              "claim: free again");
}

/* Binding raises each port's event once; nothing is in the slots. */
static void test_events(ioserver *s, unsigned int nr)
{
    struct ct_wait w = { 0 };

    for ( unsigned int i = 0; i < nr; )
        switch ( ioserver_wait(s, 0) )
        {
        case 0: ct_wait(&w, "the events of binding"); break;
        case 1: i++; break;
        default: ct_bail("wait: %s", ct_errno(errno));
        }
    ct_ok(true, "an event for each port");
    ct_ok(!ioserver_look(s), "which announces nothing");
}

static void *stop_it(void *server)
{
    ioserver_stop(server);
    return NULL;
}

static void test_stop(ioserver *s)
{
    pthread_t thread;

    if ( pthread_create(&thread, NULL, stop_it, s) )
        ct_bail("no thread");
    ct_expect(0, ioserver_run(s), "run, until a thread stops it");
    pthread_join(thread, NULL);
}

/* In a process of its own. */
static void restricted(uint32_t domid, uint32_t other)
{
    ioserver *s = open_on(domid, false);
    uint64_t value = 0x1122334455667788, back = 0;

    if ( !s )
        ct_bail("open: %s", ct_errno(errno));
    ct_expect(0, ioserver_restrict(s), "restrict");
    ct_expect(0, claim(s, XEN_DMOP_IO_RANGE_PORT, 0x200, 0x20f),
              "restricted: claim");
    ct_ok(ioserver_memory(s, CT_PAGE - 3, &value, 8, true) &&
              ioserver_memory(s, CT_PAGE - 3, &back, 8, false) &&
              back == value, "restricted: the guest's memory");
    ct_ok(!ioserver_memory(s, 1UL << 40, &back, 8, false), "which ends");
    ct_expect(EPERM, xendevicemodel_destroy_ioreq_server(
                         ioserver_device_model(s), (domid_t)other, 0),
              "restricted: another domain");
    ct_ok(ioserver_alive(s), "restricted: alive");
    ioserver_close(s);
}

static void test_end(ioserver *s, uint32_t domid)
{
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "the guest is destroyed");
    ct_ok(!ioserver_alive(s), "its server has gone");
    ct_expect(ESRCH, ioserver_run(s), "run: the server has gone");
    ioserver_close(s);
    ct_ok(ct_eventually(!ct_domain_exists(domid)), "and with it the guest");
}

int main(void)
{
    uint32_t domid, other;
    ioserver *s;

    ct_begin();
    domid = ct_create(&(struct ct_config){ .vcpus = 3, .pages = 8 });
    other = ct_create(&(struct ct_config){ 0 });
    test_open(domid);
    ct_in_child(restricted, domid, other);
    s = open_on(domid, false);
    if ( !s )
        ct_bail("open: %s", ct_errno(errno));
    test_claims(s);
    test_events(s, 4);
    test_stop(s);
    test_end(s, domid);
    ct_destroy(other);
    return ct_end();
}
