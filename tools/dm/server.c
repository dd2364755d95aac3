/* SPDX-License-Identifier: MIT */
/*
 * An ioreq server from creation to destruction.
 *
 * The order matters.  The pages are mapped first: a request can only be sent to
 * pages that exist.  Enabling the server puts the ports into the slots, so the
 * ports can be bound only after that; a request that arrives in between is
 * found when its port is bound, because binding raises the event once.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>

#include "dm.h"

#define PAGE_BYTES 4096UL
#define SLOTS_PER_PAGE (PAGE_BYTES / sizeof(ioreq_t))

static bool open_interfaces(struct server *s)
{
    s->dm = xendevicemodel_open(NULL, 0);
    s->memory = xenforeignmemory_open(NULL, 0);
    s->events = xenevtchn_open(NULL, 0);
    if ( s->dm && s->memory && s->events )
        return true;
    complain(s->domid, "open /dev/xen",
             "run it in dom0, or under scripts/hosted");
    return false;
}

static bool create(struct server *s)
{
    if ( xendevicemodel_nr_vcpus(s->dm, s->domid, &s->nr_vcpus) )
    {
        complain(s->domid, "ask for the number of vcpus",
                 "does the domain exist, and is it HVM or PVH?");
        return false;
    }
    if ( xendevicemodel_create_ioreq_server(s->dm, s->domid,
                                            HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                            &s->id) )
    {
        complain(s->domid, "create an ioreq server",
                 "eight per domain is the limit: end another device model");
        return false;
    }
    s->exists = true;
    return true;
}

static bool map_pages(struct server *s)
{
    unsigned int nr = (s->nr_vcpus + SLOTS_PER_PAGE - 1) / SLOTS_PER_PAGE;
    void *p = NULL;

    s->ring_resource = xenforeignmemory_map_resource(
        s->memory, s->domid, XENMEM_resource_ioreq_server, s->id,
        XENMEM_resource_ioreq_server_frame_bufioreq, 1, &p,
        PROT_READ | PROT_WRITE, 0);
    s->ring = p;
    p = NULL;
    s->slot_resource = xenforeignmemory_map_resource(
        s->memory, s->domid, XENMEM_resource_ioreq_server, s->id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), nr, &p,
        PROT_READ | PROT_WRITE, 0);
    s->slots = p;
    if ( s->ring_resource && s->slot_resource )
        return true;
    complain(s->domid, s->ring_resource ? "map the ioreq pages (frames 1...)"
                                        : "map the buffered ring (frame 0)",
             errno == EOPNOTSUPP
                 ? "the kernel or hypervisor is too old: Linux 4.18, Xen 4.11"
                 : "was the server also given pages by frame number?");
    return false;
}

static int claim_pci(const struct server *s, const struct region *r,
                     bool claim)
{
    uint8_t bus = (uint8_t)(r->start >> 8);
    uint8_t device = (uint8_t)(r->start >> 3 & 31);
    uint8_t function = (uint8_t)(r->start & 7);

    return claim ? xendevicemodel_map_pcidev_to_ioreq_server(
                       s->dm, s->domid, s->id, 0, bus, device, function)
                 : xendevicemodel_unmap_pcidev_from_ioreq_server(
                       s->dm, s->domid, s->id, 0, bus, device, function);
}

static int claim_range(const struct server *s, const struct region *r,
                       bool claim)
{
    int memory = r->type == XEN_DMOP_IO_RANGE_MEMORY;

    return claim ? xendevicemodel_map_io_range_to_ioreq_server(
                       s->dm, s->domid, s->id, memory, r->start, r->end)
                 : xendevicemodel_unmap_io_range_from_ioreq_server(
                       s->dm, s->domid, s->id, memory, r->start, r->end);
}

bool server_claim(struct server *s, struct region *r, bool claim)
{
    int rc = 0;

    if ( claim || !r->off )
        rc = r->type == XEN_DMOP_IO_RANGE_PCI ? claim_pci(s, r, claim)
                                              : claim_range(s, r, claim);
    r->off = !claim || rc;
    return !rc;
}

static bool claim_regions(struct server *s)
{
    for ( unsigned int i = 0; i < nr_regions; i++ )
        if ( !regions[i].off && !server_claim(s, &regions[i], true) )
        {
            complain(s->domid, regions[i].name, "claiming its range failed");
            return false;
        }
    return true;
}

static bool bind_port(struct server *s, evtchn_port_t remote,
                      evtchn_port_t *port)
{
    xenevtchn_port_or_error_t rc =
        xenevtchn_bind_interdomain(s->events, s->domid, remote);

    if ( rc < 0 )
    {
        complain(s->domid, "bind an event channel of the server",
                 "does another device model hold it?");
        return false;
    }
    *port = (evtchn_port_t)rc;
    return true;
}

static bool bind_ports(struct server *s)
{
    evtchn_port_t ring_port;

    if ( xendevicemodel_get_ioreq_server_info(s->dm, s->domid, s->id, NULL,
                                              NULL, &ring_port) )
    {
        complain(s->domid, "ask for the ring's port", "");
        return false;
    }
    s->vcpu_port = calloc(s->nr_vcpus, sizeof(*s->vcpu_port));
    if ( !s->vcpu_port || !bind_port(s, ring_port, &s->ring_port) )
        return false;
    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( s->slots[i].vp_eport &&
             !bind_port(s, s->slots[i].vp_eport, &s->vcpu_port[i]) )
            return false;
    return true;
}

bool server_open(struct server *s, domid_t domid)
{
    memset(s, 0, sizeof(*s));
    s->domid = domid;
    if ( !open_interfaces(s) || !create(s) || !map_pages(s) ||
         !claim_regions(s) )
        return false;
    if ( xendevicemodel_set_ioreq_server_state(s->dm, domid, s->id, 1) )
    {
        complain(domid, "enable the ioreq server", "");
        return false;
    }
    return bind_ports(s);
}

void server_close(struct server *s)
{
    if ( s->exists )
        xendevicemodel_destroy_ioreq_server(s->dm, s->domid, s->id);
    if ( s->memory )
    {
        memory_forget(s);
        xenforeignmemory_unmap_resource(s->memory, s->slot_resource);
        xenforeignmemory_unmap_resource(s->memory, s->ring_resource);
    }
    xenevtchn_close(s->events); /* unbinds all ports */
    xenforeignmemory_close(s->memory);
    xendevicemodel_close(s->dm);
    free(s->vcpu_port);
}

/* ---- requests ---- */

/*
 * The slot's state and the bits beside it share a byte.  The whole slot is
 * copied when the state says that it holds a request.
 */
static uint8_t *state_byte(ioreq_t *slot)
{
    return (uint8_t *)slot + offsetof(ioreq_t, type) - 1;
}

static void set_state(ioreq_t *slot, unsigned int state)
{
    uint8_t byte = *state_byte(slot);

    __atomic_store_n(state_byte(slot), (uint8_t)((byte & 0xf0) | state),
                     __ATOMIC_RELEASE);
}

/* The write that the entry at this position of the ring describes. */
static ioreq_t ring_entry(const struct buffered_iopage *ring, uint32_t at)
{
    const buf_ioreq_t *e = &ring->buf_ioreq[at % IOREQ_BUFFER_SLOT_NUM];

    return (ioreq_t){ .addr = e->addr, .data = e->data, .count = 1,
                      .size = 1U << e->size, .dir = IOREQ_WRITE,
                      .type = e->type };
}

/* Entries from read_pointer on; an 8-byte value takes two. */
static void drain_ring(struct server *s)
{
    struct buffered_iopage *ring = s->ring;

    for ( ;; )
    {
        uint32_t rd = __atomic_load_n(&ring->read_pointer, __ATOMIC_RELAXED);
        uint32_t wr = __atomic_load_n(&ring->write_pointer, __ATOMIC_ACQUIRE);
        uint32_t used = 1;
        ioreq_t req;

        if ( rd == wr )
            return;
        req = ring_entry(ring, rd);
        if ( req.size == 8 )
        {
            used = 2;
            req.data |= ring_entry(ring, rd + 1).data << 32;
        }
        trace(s->domid, -1, req.type == IOREQ_TYPE_COPY ? "window" : "other",
              &req);
        serve_buffered(&req);
        __atomic_fetch_add(&ring->read_pointer, used, __ATOMIC_RELEASE);
    }
}

static void serve_slot(struct server *s, unsigned int vcpu)
{
    ioreq_t *slot = &s->slots[vcpu], req;

    if ( (__atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE) & 0xf) !=
         STATE_IOREQ_READY )
        return;
    /*
     * The guest made these writes before the access in the slot.  A ring that
     * is served before the slot is looked at may get some of them in between.
     */
    drain_ring(s);
    req = *slot;
    set_state(slot, STATE_IOREQ_INPROCESS);
    serve(s, vcpu, &req);
    slot->data = req.data;
    set_state(slot, STATE_IORESP_READY);
    xenevtchn_notify(s->events, s->vcpu_port[vcpu]);
}

static void serve_port(struct server *s, evtchn_port_t port)
{
    if ( port == s->ring_port )
        drain_ring(s);
    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( s->vcpu_port[i] == port )
            serve_slot(s, i);
}

/* 1: there is an event; 0: not yet; -1: never again. */
static int await_event(const struct server *s, int timeout_ms)
{
    struct pollfd p = { .fd = xenevtchn_fd(s->events), .events = POLLIN };
    int rc = poll(&p, 1, timeout_ms);

    if ( rc == 0 || (rc < 0 && errno == EINTR) )
        return 0;
    return rc < 0 || (p.revents & (POLLERR | POLLNVAL)) ? -1 : 1;
}

bool server_wait(struct server *s, int timeout_ms)
{
    xenevtchn_port_or_error_t port;
    int rc = timeout_ms < 0 ? 1 : await_event(s, timeout_ms);

    if ( rc <= 0 )
        return rc == 0;
    errno = 0;
    port = xenevtchn_pending(s->events);
    if ( port < 0 )
        return errno == EINTR;
    /* Unmask first: an event that arrives during the search is not lost. */
    xenevtchn_unmask(s->events, (evtchn_port_t)port);
    serve_port(s, (evtchn_port_t)port);
    return true;
}
