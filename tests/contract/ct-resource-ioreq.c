/* SPDX-License-Identifier: MIT */
/*
 * The pages of an ioreq server as a resource: errors and their order, the
 * content of the pages, accounting, and that content and owner stay the same
 * while a program maps the pages.
 */
#include <xen/hvm/ioreq.h>

#include "ct.h"

#define TYPE XENMEM_resource_ioreq_server
#define OFF HVM_IOREQSRV_BUFIOREQ_OFF
#define LEGACY HVM_IOREQSRV_BUFIOREQ_LEGACY
#define ATOMIC HVM_IOREQSRV_BUFIOREQ_ATOMIC
#define MAX_SERVERS 8

static int create(uint32_t domid, int mode, ioservid_t *id)
{
    return xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)domid, mode,
                                              id);
}

static int destroy(uint32_t domid, ioservid_t id)
{
    return xendevicemodel_destroy_ioreq_server(ct.dmod, (domid_t)domid, id);
}

static ioservid_t must_create(uint32_t domid, int mode)
{
    ioservid_t id = 0xdead;

    ct_expect(0, create(domid, mode, &id), "server with mode %d", mode);
    return id;
}

/* ---- errors ---- */

static void test_errors(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    ioservid_t on = must_create(domid, ATOMIC), off = must_create(domid, OFF);
    const struct {
        const char *what;
        uint32_t domid, id;
        unsigned long frame, nr;
        int err;
    } cases[] = {
        { "no domain, bad id and frame", CT_NO_DOMAIN, 0x10000, 9, 1, ESRCH },
        { "own domain, bad id and frame", 0, 0x10000, 9, 1, EPERM },
        { "DOMID_SELF is nobody", DOMID_SELF, 0, 0, 1, ESRCH },
        { "id of 17 bits, bad frame", domid, 0x10000, 9, 1, EINVAL },
        { "id whose low bits exist", domid, 0x10000U | on, 0, 1, EINVAL },
        { "id 8 never exists", domid, MAX_SERVERS, 0, 1, ENOENT },
        { "id 0xffff", domid, 0xffff, 0, 1, ENOENT },
        { "no such server, bad frame", domid, 5, 9, 1, ENOENT },
        { "frame 0 without a ring", domid, off, 0, 1, ENOENT },
        { "frames 0-1 without a ring", domid, off, 0, 2, ENOENT },
        { "frame 1 without a ring", domid, off, 1, 1, 0 },
        { "frame 2 without a ring", domid, off, 2, 1, EINVAL },
        { "frame 0", domid, on, 0, 1, 0 },
        { "frame 1", domid, on, 1, 1, 0 },
        { "frames 0-1", domid, on, 0, 2, 0 },
        { "frame 2 of 2", domid, on, 2, 1, EINVAL },
        { "frames 1-2 of 2", domid, on, 1, 2, EINVAL },
        { "frames 0-2 of 2", domid, on, 0, 3, EINVAL },
        { "40 frames of 2", domid, on, 0, 40, EINVAL },
        { "last 32-bit frame", domid, on, 0xffffffffUL, 1, EINVAL },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        struct ct_map m;

        if ( ct_expect(cases[i].err,
                       ct_map_resource(&m, cases[i].domid, TYPE, cases[i].id,
                                       cases[i].frame, cases[i].nr),
                       "map: %s", cases[i].what) && !cases[i].err )
            ct_expect(0, ct_unmap_resource(&m), "unmap: %s", cases[i].what);
    }
    ct_destroy(domid);
}

/* ---- sizes ---- */

static void test_sizes(void)
{
    static const unsigned int vcpus[] = { 1, 2, 127, 128 };

    for ( size_t i = 0; i < CT_NR(vcpus); i++ )
    {
        uint32_t domid = ct_create(&(struct ct_config){
            .vcpus = vcpus[i], .no_vcpus = true });
        ioservid_t id = must_create(domid, LEGACY);

        ct_equal((uint64_t)ct_resource_size(domid, TYPE, id), 2,
                 "size for %u vcpus", vcpus[i]);
        ct_destroy(domid);
    }
    ct_expect(ESRCH, ct_resource_size(CT_NO_DOMAIN, TYPE, 0),
              "size: no domain");
    ct_expect(EPERM, ct_resource_size(0, TYPE, 0), "size: own domain");
}

/* Xen tells a size for anything. */
static void test_size_of_nothing(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });

    if ( ct_differs("size-id") )
    {
        ct_expect(ENOENT, ct_resource_size(domid, TYPE, 0),
                  "size: no such server");
        ct_expect(EINVAL, ct_resource_size(domid, TYPE, 0x10000),
                  "size: id of 17 bits");
    }
    else
    {
        ct_equal((uint64_t)ct_resource_size(domid, TYPE, 0), 2,
                 "size: no such server");
        ct_equal((uint64_t)ct_resource_size(domid, TYPE, 0x10000), 2,
                 "size: id of 17 bits");
    }
    ct_destroy(domid);
}

/* 512 vcpus need four pages of slots; Xen stops at 128 vcpus. */
static void test_many_vcpus(void)
{
    struct ct_config config = { .vcpus = 512, .ports = 4095 };
    struct xen_domctl_createdomain c = ct_createdomain(&config);
    uint32_t domid = DOMID_INVALID;
    struct ct_map m;
    ioservid_t id;

    if ( !ct_differs("many-vcpus") )
    {
        ct_expect(EINVAL, xc_domain_create(ct.xch, &domid, &c),
                  "a domain with 512 vcpus");
        return;
    }
    domid = ct_create(&config);
    id = must_create(domid, ATOMIC);
    ct_equal((uint64_t)ct_resource_size(domid, TYPE, id), 5,
             "size for 512 vcpus");
    ct_expect(0, ct_map_resource(&m, domid, TYPE, id, 0, 5),
              "map: frames 0-4 of 5");
    ct_expect(0, xendevicemodel_set_ioreq_server_state(
                     ct.dmod, (domid_t)domid, id, 1), "enabled");
    for ( unsigned int v = 0; v < 512; v += 73 )
    {
        const ioreq_t *slot = (ioreq_t *)((char *)m.addr + CT_PAGE) + v;

        ct_ok(slot->vp_eport != 0, "the slot of vcpu %u has a port", v);
    }
    ct_expect(0, ct_unmap_resource(&m), "unmap: frames 0-4");
    ct_expect(EINVAL, ct_map_resource(&m, domid, TYPE, id, 5, 1),
              "map: frame 5 of 5");
    ct_differs("gfn-128");
    ct_expect(EOPNOTSUPP,
              xendevicemodel_get_ioreq_server_info(
                  ct.dmod, (domid_t)domid, must_create(domid, OFF),
                  &(xen_pfn_t){ 0 }, NULL, NULL),
              "gfns can hold one page of slots only");
    ct_destroy(domid);
}

/* ---- contents ---- */

static void test_contents(void)
{
    static const int modes[] = { LEGACY, ATOMIC };

    for ( size_t i = 0; i < CT_NR(modes); i++ )
    {
        uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 3 });
        ioservid_t id = must_create(domid, modes[i]);
        struct ct_map m, again;
        const ioreq_t *slot;
        bool ports = true;

        ct_expect(0, ct_map_resource(&m, domid, TYPE, id, 0, 2), "map");
        ct_ok(ct_all_bytes(m.addr, 0, 2 * CT_PAGE), "new pages are zero");
        memset(m.addr, 0x5a, CT_PAGE);
        ct_expect(0, xendevicemodel_set_ioreq_server_state(
                         ct.dmod, (domid_t)domid, id, 1), "enabled");
        ct_ok(ct_all_bytes(m.addr, 0x5a, CT_PAGE),
              "enabling leaves the ring alone");
        slot = (ioreq_t *)((char *)m.addr + CT_PAGE);
        for ( unsigned int v = 0; v < 3; v++ )
            for ( unsigned int w = 0; w < v; w++ )
                ports &= slot[v].vp_eport && slot[v].vp_eport !=
                                                 slot[w].vp_eport;
        ct_ok(ports && slot[0].vp_eport, "each vcpu has a port of its own");
        ct_expect(0, ct_map_resource(&again, domid, TYPE, id, 0, 2),
                  "map once more");
        ct_ok(ct_all_bytes(again.addr, 0x5a, CT_PAGE), "the same memory");
        *(char *)again.addr = 1;
        ct_ok(*(volatile char *)m.addr == 1, "written there, seen here");
        ct_expect(0, ct_unmap_resource(&again), "unmap one");
        ct_expect(0, ct_unmap_resource(&m), "unmap the other");
        ct_destroy(domid);
    }
}

/* ---- ports ---- */

static int port_status(uint32_t domid, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = (domid_t)domid, .port = port };

    return xc_evtchn_status(ct.xch, &s);
}

static void test_ports(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    ioservid_t id = must_create(domid, ATOMIC);
    xenevtchn_handle *h = xenevtchn_open(ct.quiet, 0);
    evtchn_port_t ring = 0, remote;
    struct ct_fence fence;
    struct ct_map m;
    int port;

    ct_expect(0, ct_map_resource(&m, domid, TYPE, id, 1, 1), "map");
    ct_ok(!((ioreq_t *)m.addr)->vp_eport, "no port before it is enabled");
    ct_expect(0, xendevicemodel_set_ioreq_server_state(
                     ct.dmod, (domid_t)domid, id, 1), "enabled");
    remote = ((ioreq_t *)m.addr)->vp_eport;
    ct_fence_make(&fence, h);
    ct_expect(EACCES, port_status(domid, remote), "status of a slot's port");
    port = xenevtchn_bind_interdomain(h, domid, remote);
    ct_ok(port > 0, "a slot's port is bound");
    ct_expect(EACCES, port_status(domid, remote),
              "status of a slot's port that is bound");
    ct_expect(0, port_status(0, (evtchn_port_t)port), "of the port bound to it");
    ct_equal((uint64_t)ct_event(&fence), (uint64_t)port,
             "binding raises the event");
    ct_expect(0, xenevtchn_unmask(h, (evtchn_port_t)port), "unmask");
    ct_ok(ct_event_before_fence(&fence) < 0, "once");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(h, domid, remote),
              "a slot's port is bound twice");
    ct_expect(0, xendevicemodel_get_ioreq_server_info(
                     ct.dmod, (domid_t)domid, id, NULL, NULL, &ring), "info");
    ct_ok(ring != remote && xenevtchn_bind_interdomain(h, domid, ring) > 0,
          "the ring's port is another");
    ct_expect(EACCES, port_status(domid, ring), "status of the ring's port");
    ct_expect(0, destroy(domid, id), "destroy");
    ct_expect(0, xenevtchn_notify(h, (evtchn_port_t)port),
              "notifying a server that has gone");
    ct_expect(EINVAL, xenevtchn_bind_interdomain(h, domid, remote),
              "its port has gone");
    ct_expect(0, ct_unmap_resource(&m), "unmap");
    xenevtchn_close(h);
    ct_destroy(domid);
}

/* ---- one of two ways for each server ---- */

static void set_gfn_pool(uint32_t domid, xen_pfn_t first, unsigned int nr)
{
    ct_expect(0, xc_hvm_param_set(ct.xch, domid, HVM_PARAM_IOREQ_SERVER_PFN,
                                  first), "first gfn for servers");
    ct_expect(0, xc_hvm_param_set(ct.xch, domid,
                                  HVM_PARAM_NR_IOREQ_SERVER_PAGES, nr),
              "number of gfns for servers");
}

static int get_gfns(uint32_t domid, ioservid_t id, xen_pfn_t gfn[2])
{
    return xendevicemodel_get_ioreq_server_info(ct.dmod, (domid_t)domid, id,
                                                &gfn[0], &gfn[1], NULL);
}

static void test_acquired_means_no_gfns(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 16 });
    ioservid_t id = must_create(domid, ATOMIC);
    evtchn_port_t port = 0;
    xen_pfn_t gfn[2];
    struct ct_map m;

    set_gfn_pool(domid, 8, 4);
    /* Any attempt decides, also one that fails. */
    ct_expect(EINVAL, ct_map_resource(&m, domid, TYPE, id, 7, 1),
              "map: frame 7 of 2");
    ct_expect(EPERM, get_gfns(domid, id, gfn), "gfns of an acquired server");
    ct_expect(0, xendevicemodel_get_ioreq_server_info(
                     ct.dmod, (domid_t)domid, id, NULL, NULL, &port),
              "its port is told");
    ct_ok(port != 0, "and is one");
    ct_expect(0, destroy(domid, id), "destroy");
    id = must_create(domid, ATOMIC);
    ct_expect(0, get_gfns(domid, id, gfn), "a new server has its choice");
    ct_destroy(domid);
}

static void test_gfns_mean_not_acquired(void)
{
    static const char name[] = "a server with gfns is not acquired";
    uint32_t domid;
    xen_pfn_t gfn[2] = { 0 }, after[2] = { 0 };
    struct ct_map m;
    ioservid_t id;

    if ( !ct_differs("refused-acquire") )
    {
        ct_skip(name, "refused-acquire: Xen 4.17 drops the server's pages "
                "then, which are still the guest's");
        return;
    }
    domid = ct_create(&(struct ct_config){ .pages = 16 });
    set_gfn_pool(domid, 8, 4);
    id = must_create(domid, ATOMIC);
    ct_expect(0, get_gfns(domid, id, gfn), "gfns");
    ct_ok(gfn[0] - 8 < 4 && gfn[1] - 8 < 4 && gfn[0] != gfn[1],
          "from the pool");
    ct_expect(EPERM, ct_map_resource(&m, domid, TYPE, id, 0, 2), "%s", name);
    ct_expect(EPERM, ct_map_resource(&m, domid, TYPE, id, 9, 1),
              "%s, whatever the frame", name);
    ct_expect(0, get_gfns(domid, id, after), "gfns, again");
    ct_ok(gfn[0] == after[0] && gfn[1] == after[1], "the same ones");
    ct_expect(0, xendevicemodel_set_ioreq_server_state(
                     ct.dmod, (domid_t)domid, id, 1), "it can be enabled");
    ct_ok(!ct_map_foreign(domid, gfn[0], 1), "which hides the gfn");
    ct_expect(0, xendevicemodel_set_ioreq_server_state(
                     ct.dmod, (domid_t)domid, id, 0), "and disabled");
    ct_expect(0, destroy(domid, id), "and destroyed");
    ct_destroy(domid);
}

/* ---- ids ---- */

static void test_ids(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });
    ioservid_t id = 0;

    for ( unsigned int i = 0; i < MAX_SERVERS; i++ )
        ct_equal(must_create(domid, i % 3), i, "server %u gets the lowest id",
                 i);
    ct_expect(ENOSPC, create(domid, ATOMIC, &id), "a ninth server");
    ct_expect(EINVAL, create(domid, 3, &id), "a mode that does not exist");
    ct_expect(0, destroy(domid, 5), "destroy 5");
    ct_expect(0, destroy(domid, 2), "destroy 2");
    ct_expect(ENOENT, destroy(domid, 2), "destroy 2 again");
    ct_equal(must_create(domid, OFF), 2, "2 is used again");
    ct_equal(must_create(domid, OFF), 5, "then 5");
    ct_expect(ENOSPC, create(domid, OFF, &id), "full again");
    ct_destroy(domid);
}

/* ---- accounting ---- */

static void test_accounting(void)
{
    enum { CYCLES = 64 };
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 4 });
    long pages = ct_tot_pages(domid);
    bool neutral = true, worked = true;
    uint64_t free_pages = 0;

    ct_equal((uint64_t)pages, 4, "the domain has the pages it was given");
    ct_expect(0, xc_domain_setmaxmem(ct.xch, domid, 4 * (CT_PAGE / 1024)),
              "its limit is what it has");
    for ( unsigned int i = 0; i <= CYCLES; i++ )
    {
        ioservid_t id = 0;
        struct ct_map m;

        if ( i == 1 )
            free_pages = ct_free_pages();
        worked &= !create(domid, ATOMIC, &id) &&
                  !ct_map_resource(&m, domid, TYPE, id, 0, 2);
        if ( !worked )
            break;
        neutral &= ct_tot_pages(domid) == pages;
        worked &= !ct_unmap_resource(&m) && !destroy(domid, id);
    }
    ct_ok(worked, "servers have pages although the domain is at its limit");
    ct_ok(neutral, "which do not count as the domain's");
    ct_equal((uint64_t)ct_tot_pages(domid), (uint64_t)pages, "nor afterwards");
    ct_no_leak(free_pages, CYCLES, "acquire and destroy");
    ct_destroy(domid);
}

/* ---- dead memory ---- */

static void test_dead_memory(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 1 });
    ioservid_t id = must_create(domid, ATOMIC), next;
    struct ct_map m, fresh;

    ct_expect(0, ct_map_resource(&m, domid, TYPE, id, 0, 2), "map");
    memset(m.addr, 0xa5, 2 * CT_PAGE);
    ct_expect(0, destroy(domid, id), "destroy the server");
    ct_ok(ct_all_bytes(m.addr, 0xa5, 2 * CT_PAGE), "its pages stay as mapped");
    next = must_create(domid, ATOMIC);
    ct_equal(next, id, "a new server has the same id");
    ct_expect(0, ct_map_resource(&fresh, domid, TYPE, next, 0, 2), "map it");
    ct_ok(ct_all_bytes(fresh.addr, 0, 2 * CT_PAGE), "it has other pages");
    ct_expect(0, ct_unmap_resource(&fresh), "unmap it");

    ct_expect(0, xc_domain_destroy(ct.xch, domid), "destroy the domain");
    ct_ok(ct_domain_dying(domid), "it is dying, and still listed");
    memset(m.addr, 0x3c, 2 * CT_PAGE);
    ct_ok(ct_all_bytes(m.addr, 0x3c, 2 * CT_PAGE), "the pages are usable");
    /* Another domain comes and goes in the meantime. */
    ct_destroy(ct_create(&(struct ct_config){ 0 }));
    ct_ok(ct_domain_dying(domid), "it stays while they are mapped");
    ct_expect(0, ct_unmap_resource(&m), "unmap");
    ct_ok(ct_eventually(!ct_domain_exists(domid)), "now it is gone");
}

int main(void)
{
    ct_begin();
    test_errors();
    test_sizes();
    test_size_of_nothing();
    test_many_vcpus();
    test_contents();
    test_ports();
    test_acquired_means_no_gfns();
    test_gfns_mean_not_acquired();
    test_ids();
    test_accounting();
    test_dead_memory();
    return ct_end();
}
