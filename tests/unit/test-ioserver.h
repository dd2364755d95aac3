/* SPDX-License-Identifier: MIT */
/*
 * For the tests of liboriel-ioreq: what is below the library, played by this
 * file: a guest, ports that are numbers, events that are numbers in a pipe.
 * Cleared before each test; when a server is closed, nothing may be left.
 */
#ifndef TESTS_TEST_IOSERVER_H
#define TESTS_TEST_IOSERVER_H

#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <oriel-ioreq.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#define DOM 7
#define ID 3
#define PAGE 4096UL
#define MAX_VCPUS 512U
#define RING_REMOTE 1000U /* the hypervisor's ends of the ports */
#define VCPU_REMOTE 2000U
#define LOCAL 5000U /* ours: so much above */

/* Calls that can fail, in the order of ioserver_open(). */
enum call {
    DM_OPEN, MEMORY_OPEN, EVENTS_OPEN, NR_VCPUS, CREATE, MAP_RESOURCE,
    GET_GFNS, MAP_GFNS, ENABLE, GET_PORT, BIND, CLAIM, RELEASE, RESTRICT_DM,
    RESTRICT_MEMORY, RESTRICT_EVENTS, NR_CALLS
};

static struct {
    int error[NR_CALLS]; /* errno of this call; 0: it succeeds */
    unsigned int nr_vcpus, nr_absent; /* the last ones do not exist yet */
    unsigned int calls[NR_CALLS];

    /* What is there. */
    int handles, pages_mapped, guest_pages_mapped, claims, bound;
    bool server, enabled, ring, resource;
    int events[2]; /* a pipe */
    unsigned int reads, unmasked, notified[16], nr_notified;
} k;

static uint8_t ioreq_pages[PAGE * 5] __attribute__((aligned(4096)));
/*
 * The guest has gfns 0, 1, 16 and 17, in another order here.  What is mapped for
 * reading is the copy: who writes there changes nothing.
 */
static uint8_t guest_pages[4][PAGE], guest_copy[4][PAGE];
static ioserver *s;

static int answer(enum call call)
{
    k.calls[call]++;
    if ( k.error[call] )
        errno = k.error[call];
    return k.error[call] ? -1 : 0;
}

static void *open_handle(enum call call)
{
    if ( answer(call) )
        return NULL;
    k.handles++;
    return &k.calls[call];
}

static int close_handle(const void *handle)
{
    k.handles -= handle != NULL;
    return 0;
}

/* ---- libxendevicemodel ---- */

xendevicemodel_handle *xendevicemodel_open(struct xentoollog_logger *logger,
                                           unsigned int flags)
{
    assert_true(!logger && !flags);
    return open_handle(DM_OPEN);
}

int xendevicemodel_close(xendevicemodel_handle *dm)
{
    return close_handle(dm);
}

int xendevicemodel_nr_vcpus(xendevicemodel_handle *dm, domid_t domid,
                            unsigned int *nr)
{
    assert_true(dm && domid == DOM);
    *nr = k.nr_vcpus;
    return answer(NR_VCPUS);
}

int xendevicemodel_create_ioreq_server(xendevicemodel_handle *dm,
                                       domid_t domid, int mode, ioservid_t *id)
{
    assert_true(dm && domid == DOM && !k.server);
    if ( answer(CREATE) )
        return -1;
    k.server = true;
    k.ring = mode == HVM_IOREQSRV_BUFIOREQ_ATOMIC;
    *id = ID;
    return 0;
}

int xendevicemodel_destroy_ioreq_server(xendevicemodel_handle *dm,
                                        domid_t domid, ioservid_t id)
{
    assert_true(dm && domid == DOM && id == ID);
    k.server = false;
    k.claims = 0;
    return 0;
}

int xendevicemodel_set_ioreq_server_state(xendevicemodel_handle *dm,
                                          domid_t domid, ioservid_t id,
                                          int enabled)
{
    ioreq_t *slots = (void *)(ioreq_pages + (k.ring ? PAGE : 0));

    assert_true(dm && domid == DOM && id == ID && k.pages_mapped);
    if ( answer(ENABLE) )
        return -1;
    for ( unsigned int i = 0; i < k.nr_vcpus - k.nr_absent; i++ )
        slots[i].vp_eport = VCPU_REMOTE + i;
    k.enabled = enabled;
    return 0;
}

int xendevicemodel_get_ioreq_server_info(xendevicemodel_handle *dm,
                                         domid_t domid, ioservid_t id,
                                         xen_pfn_t *gfn, xen_pfn_t *ring_gfn,
                                         evtchn_port_t *port)
{
    assert_true(dm && domid == DOM && id == ID);
    if ( !k.server )
    {
        errno = ENOENT;
        return -1;
    }
    if ( gfn )
        *gfn = 101;
    if ( ring_gfn )
        *ring_gfn = 100;
    if ( port && k.ring )
        *port = RING_REMOTE;
    return answer(gfn ? GET_GFNS : GET_PORT);
}

static int change_claims(const void *dm, domid_t domid, ioservid_t id,
                         bool good, enum call call, int by)
{
    assert_true(dm && domid == DOM && id == ID && good);
    if ( answer(call) )
        return -1;
    k.claims += by;
    return 0;
}

int xendevicemodel_map_io_range_to_ioreq_server(xendevicemodel_handle *dm,
                                                domid_t domid, ioservid_t id,
                                                int memory, uint64_t start,
                                                uint64_t end)
{
    return change_claims(dm, domid, id, memory >> 1 == 0 && start <= end,
                         CLAIM, 1);
}

int xendevicemodel_unmap_io_range_from_ioreq_server(
    xendevicemodel_handle *dm, domid_t domid, ioservid_t id, int memory,
    uint64_t start, uint64_t end)
{
    return change_claims(dm, domid, id, memory >> 1 == 0 && start <= end,
                         RELEASE, -1);
}

int xendevicemodel_map_pcidev_to_ioreq_server(xendevicemodel_handle *dm,
                                              domid_t domid, ioservid_t id,
                                              uint16_t segment, uint8_t bus,
                                              uint8_t device, uint8_t function)
{
    return change_claims(dm, domid, id, !segment && bus == 1 &&
                         device == 0x1e && function == 2, CLAIM, 1);
}

int xendevicemodel_unmap_pcidev_from_ioreq_server(
    xendevicemodel_handle *dm, domid_t domid, ioservid_t id, uint16_t segment,
    uint8_t bus, uint8_t device, uint8_t function)
{
    return change_claims(dm, domid, id, !segment && bus == 1 &&
                         device == 0x1e && function == 2, RELEASE, -1);
}

int xendevicemodel_restrict(xendevicemodel_handle *dm, domid_t domid)
{
    return dm && domid == DOM ? answer(RESTRICT_DM) : -1;
}

/* ---- libxenforeignmemory ---- */

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned int flags)
{
    void *handle;

    assert_true(!logger && !flags);
    handle = open_handle(MEMORY_OPEN);
    if ( handle )
        errno = 0; /* as its header says */
    return handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *memory)
{
    return close_handle(memory);
}

int xenforeignmemory_restrict(xenforeignmemory_handle *memory, domid_t domid)
{
    return memory && domid == DOM ? answer(RESTRICT_MEMORY) : -1;
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
    xenforeignmemory_handle *memory, domid_t domid, unsigned int type,
    unsigned int id, unsigned long frame, unsigned long nr, void **paddr,
    int prot, int flags)
{
    assert_true(memory && domid == DOM && type == 0 && id == ID && !flags &&
                prot == 3 && !*paddr);
    assert_int_equal(frame, !k.ring);
    assert_int_equal(nr, k.ring + (k.nr_vcpus + 127) / 128);
    if ( answer(MAP_RESOURCE) )
        return NULL;
    *paddr = ioreq_pages;
    k.pages_mapped = (int)nr;
    k.resource = true;
    return (void *)ioreq_pages;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *memory,
                                    xenforeignmemory_resource_handle *res)
{
    assert_true(memory && res == (void *)ioreq_pages && k.resource);
    k.pages_mapped = 0;
    return 0;
}

static unsigned int guest_page(xen_pfn_t gfn)
{
    return 3 - (gfn >> 3 & 2) - (gfn & 1);
}

void *xenforeignmemory_map(xenforeignmemory_handle *memory, uint32_t domid,
                           int prot, size_t nr, const xen_pfn_t gfn[],
                           int err[])
{
    assert_true(memory && domid == DOM && !err && (prot & 1));
    if ( gfn[0] == 100 || gfn[0] == 101 )
    {
        assert_true(!k.enabled);
        assert_int_equal(nr, 1 + k.ring);
        assert_int_equal(gfn[nr - 1], 101);
        if ( answer(MAP_GFNS) )
            return NULL;
        k.pages_mapped = (int)nr;
        return ioreq_pages;
    }
    assert_int_equal(nr, 1);
    if ( gfn[0] & ~17UL )
    {
        errno = EINVAL;
        return NULL;
    }
    k.guest_pages_mapped++;
    return (prot & 2 ? guest_pages : guest_copy)[guest_page(gfn[0])];
}

int xenforeignmemory_unmap(xenforeignmemory_handle *memory, void *addr,
                           size_t nr)
{
    assert_non_null(memory);
    if ( addr == ioreq_pages )
    {
        assert_int_equal(nr, k.pages_mapped);
        k.pages_mapped = 0;
    }
    else
        k.guest_pages_mapped--;
    return 0;
}

/* ---- libxenevtchn ---- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                 unsigned int flags)
{
    assert_true(!logger && !flags);
    return open_handle(EVENTS_OPEN);
}

int xenevtchn_close(xenevtchn_handle *events)
{
    k.bound = 0;
    return close_handle(events);
}

int xenevtchn_restrict(xenevtchn_handle *events, domid_t domid)
{
    return events && domid == DOM ? answer(RESTRICT_EVENTS) : -1;
}

int xenevtchn_fd(xenevtchn_handle *events)
{
    return events ? k.events[0] : -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *events,
                                                     uint32_t domid,
                                                     evtchn_port_t remote)
{
    assert_true(events && domid == DOM && k.enabled);
    if ( answer(BIND) )
        return -1;
    k.bound++;
    return (int)(remote + LOCAL);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *events)
{
    uint32_t port;

    assert_non_null(events);
    k.reads++;
    return read(k.events[0], &port, sizeof(port)) == sizeof(port) ? (int)port
                                                                  : -1;
}

int xenevtchn_unmask(xenevtchn_handle *events, evtchn_port_t port)
{
    k.unmasked = port;
    return events ? 0 : -1;
}

int xenevtchn_notify(xenevtchn_handle *events, evtchn_port_t port)
{
    assert_non_null(events);
    if ( k.nr_notified < 16 )
        k.notified[k.nr_notified] = port;
    k.nr_notified++;
    return 0;
}

/* ---- tests ---- */

static void raise_event(unsigned int remote)
{
    uint32_t port = remote + LOCAL;

    assert_int_equal(write(k.events[1], &port, sizeof(port)), sizeof(port));
}

static ioreq_t *slot_of(unsigned int vcpu)
{
    return (ioreq_t *)(void *)(ioreq_pages + (k.ring ? PAGE : 0)) + vcpu;
}

/* A write to port 0x80 is in the vcpu's slot, without an event. */
static inline void put_write(unsigned int vcpu)
{
    ioreq_t *slot = slot_of(vcpu);

    slot->type = IOREQ_TYPE_PIO;
    slot->addr = 0x80, slot->size = 1, slot->count = 1;
    slot->dir = IOREQ_WRITE;
    slot->state = STATE_IOREQ_READY;
}

static int clear(void **state)
{
    (void)state;
    s = NULL;
    memset(&k, 0, sizeof(k));
    memset(ioreq_pages, 0, sizeof(ioreq_pages));
    k.nr_vcpus = 2;
    return pipe2(k.events, O_NONBLOCK);
}

static void assert_nothing_left(void)
{
    assert_int_equal(k.handles, 0);
    assert_int_equal(k.pages_mapped, 0);
    assert_int_equal(k.guest_pages_mapped, 0);
    assert_int_equal(k.bound, 0);
    assert_false(k.server);
}

static int finish(void **state)
{
    (void)state;
    ioserver_close(s);
    assert_nothing_left();
    close(k.events[0]);
    return close(k.events[1]);
}

#endif
