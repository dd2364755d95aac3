/* SPDX-License-Identifier: MIT */
/*
 * One access of a vcpu: the server it is routed to, the request, the answer.
 *
 *            route           slot_send                 slot_look
 *   access ---------> server ---------> slot: READY ------------------> NONE
 *               \                         |  INPROCESS and RESP_READY
 *                +-> ring (a write,       |  are the emulator's
 *                    done at once)        +-> its server, or the other end of
 *                                             its port, goes: all-ones
 *
 * v->io.pending has a bit for each server that has not answered v yet, so no
 * search is needed.  A slot's state is read once per wake-up and compared with
 * the state read before (v->io.seen): a step back, or a state that does not
 * exist, crashes the target.  NONE is taken as an answer of all-ones: the
 * emulator gave up, or its slots were cleared.
 *
 * All of this runs under d->ioreq.lock, which keeps a server from being freed
 * between its lookup and the access to its slot.
 */
#include "ioreq-private.h"
#include "ioreq-index.h"

#include <hv/array.h>
#include <hv/lib.h>
#include <hv/trace.h>

#define CF8_PORT 0xcf8
#define CFC_PORT 0xcfc
#define CF8_ENABLED 0x80000000U
#define VGA_BASE 0xa0000UL
#define VGA_END 0xc0000UL
#define ALL_ONES (~0UL)

/* ---- the slot ---- */

/* p's state byte with this state. */
static uint8_t state_of(const ioreq_t *p, uint8_t state)
{
    ioreq_t final = *p;

    final.state = state & IOREQ_STATE_MASK;
    return *ioreq_state_byte(&final);
}

/* Store it, after all other stores to the slot. */
static void slot_publish(ioreq_t *slot, const ioreq_t *p, uint8_t state)
{
    store_release(ioreq_state_byte(slot), state_of(p, state));
}

/*
 * Take p back when the emulator has gone.  An emulator that binds later finds an
 * empty slot; one that has bound by now answers p: false.
 */
static bool slot_withdraw(const struct ioreq_server *s, const struct vcpu *v,
                          ioreq_t *slot, const ioreq_t *p)
{
    evtchn_port_t port = s->port[v->vcpu_id];

    /* Read without evtchn.lock: whoever closes the port afterwards wakes v. */
    if ( likely(evtchn_xen_bindings(v->domain, port) & 1) )
        return false;
    return evtchn_xen_lost(v->domain, port, ioreq_state_byte(slot),
                           state_of(p, STATE_IOREQ_NONE));
}

/*
 * Store all fields but the state, which the emulator may be reading.  One store
 * for each field: none may touch the state's byte.
 */
static void slot_fill(ioreq_t *slot, const ioreq_t *p)
{
    WRITE_ONCE(slot->addr, p->addr);
    WRITE_ONCE(slot->data, p->data);
    WRITE_ONCE(slot->count, p->count);
    WRITE_ONCE(slot->size, p->size);
    WRITE_ONCE(slot->vp_eport, p->vp_eport);
    WRITE_ONCE(slot->type, p->type);
}

/* ---- routing ---- */

/* An access in terms of the ranges that servers claim. */
struct claim {
    unsigned int type; /* XEN_DMOP_IO_RANGE_* */
    uint64_t start, end;
};

/* False: the access wraps around the end of the address space. */
static bool memory_claim(const ioreq_t *p, struct claim *c)
{
    uint64_t before_last = (uint64_t)(p->count - 1) * p->size;
    uint64_t last = p->addr + (p->df ? 0 : before_last);

    /* With DF the elements go down from addr; each one ascends. */
    c->type = XEN_DMOP_IO_RANGE_MEMORY;
    c->start = p->addr - (p->df ? before_last : 0);
    c->end = last + p->size - 1;
    return c->start <= p->addr && last >= p->addr && c->end >= last;
}

/*
 * Turns an access to the PCI data ports into one of configuration space, by
 * what was last written to the address port.
 */
static bool make_claim(const struct domain *d, ioreq_t *p, struct claim *c)
{
    uint32_t cf8 = d->ioreq.cf8;

    if ( !p->count || !p->size )
        return false;
    if ( p->type == IOREQ_TYPE_COPY )
        return memory_claim(p, c);

    if ( (p->addr & ~3UL) == CFC_PORT && (cf8 & CF8_ENABLED) )
    {
        c->type = XEN_DMOP_IO_RANGE_PCI;
        c->start = c->end = (cf8 >> 8) & 0xffff;
        p->type = IOREQ_TYPE_PCI_CONFIG;
        p->addr = c->start << 32 | (cf8 & 0xfc) | (p->addr & 3);
        return true;
    }
    c->type = XEN_DMOP_IO_RANGE_PORT;
    c->start = p->addr;
    c->end = p->addr + p->size - 1;
    return c->end >= c->start;
}

/* IO_PENDING: to server *id, the highest of the ids that claim the access. */
static enum io_result route(struct domain *d, ioreq_t *p, unsigned int *id)
{
    enum io_result r = IO_UNHANDLED;
    struct claim c;
    unsigned int servers;

    if ( p->type == IOREQ_TYPE_COPY && p->dir == IOREQ_WRITE )
        r = ioreq_mem_route(d, p->addr, id);
    if ( r != IO_UNHANDLED || !make_claim(d, p, &c) )
        return r;

    servers = ioreq_index_covers(d->ioreq.index[c.type], c.start, c.end) &
              d->ioreq.enabled;
    if ( !servers )
        return IO_UNHANDLED;
    *id = 31U - (unsigned int)__builtin_clz(servers);
    return IO_PENDING;
}

/* ---- sending ---- */

/*
 * False: the server has no page or port for v, the slot is not free, or the
 * emulator closed its end of the port and so cannot answer.  one: v asks no
 * other server.
 */
static bool slot_send(struct ioreq_server *s, struct vcpu *v, const ioreq_t *p,
                      bool one)
{
    ioreq_t *slot = ioreq_slot(s, v->vcpu_id);
    ioreq_t req = *p;

    req.vp_eport = s->port[v->vcpu_id];
    if ( !slot || !req.vp_eport || ioreq_slot_state(slot) != STATE_IOREQ_NONE )
        return false;

    slot_fill(slot, &req);
    ioreq_look_prepare(s, v, slot, one);
    slot_publish(slot, &req, STATE_IOREQ_READY);
    trace_ioreq(ORIEL_TRACE_ioreq, v, &req, s->id, req.vp_eport);
    s->sent++;
    if ( ioreq_look_silent(s, v, slot) )
        s->silent++;
    else if ( !evtchn_notify_xen(v->domain, req.vp_eport) &&
              slot_withdraw(s, v, slot, &req) )
        return false;
    v->io.pending |= ioreq_server_bit(s);
    v->io.seen[s->id] = STATE_IOREQ_READY;
    return true;
}

/* Writes to the VGA window need no answer and may be buffered. */
static bool may_buffer(const struct domain *d, const ioreq_t *p)
{
    return p->type == IOREQ_TYPE_COPY && p->dir == IOREQ_WRITE &&
           p->addr >= VGA_BASE && p->addr < VGA_END &&
           p->size <= VGA_END - p->addr &&
           (d->config.arch.emulation_flags & XEN_X86_EMU_VGA);
}

static enum io_result send_locked(struct vcpu *v, const ioreq_t *p)
{
    struct domain *d = v->domain;
    struct ioreq_server *s;
    ioreq_t req = *p;
    enum io_result r;
    unsigned int id;

    /* Latch the address; the write is also sent to the server of the port. */
    if ( p->type == IOREQ_TYPE_PIO && p->addr == CF8_PORT && p->size == 4 &&
         p->dir == IOREQ_WRITE && p->count == 1 && !p->data_is_ptr )
        d->ioreq.cf8 = (uint32_t)p->data;

    r = route(d, &req, &id);
    if ( r != IO_PENDING )
        return r;
    s = array_at(d->ioreq.server, id);
    if ( may_buffer(d, &req) && ioreq_ring_put(s, &req) )
    {
        trace_ioreq(ORIEL_TRACE_buffered, v, &req, id, 0);
        return IO_DONE;
    }
    if ( !slot_send(s, v, &req, true) )
        return IO_UNHANDLED;

    v->io.req = *p;
    v->io.req.state = STATE_IOREQ_READY;
    v->io.server = (int8_t)id;
    return IO_PENDING;
}

enum io_result ioreq_send(struct vcpu *v, ioreq_t *p)
{
    struct domain *d = v->domain;
    const ioreq_t req = {
        .addr = p->addr,
        .data = p->data,
        .count = p->count,
        .size = p->size,
        .data_is_ptr = p->data_is_ptr,
        .dir = p->dir,
        .df = p->df,
        .type = p->type,
    };
    enum io_result r;

    ASSERT(!ioreq_in_flight(v));
    ASSERT(p->type == IOREQ_TYPE_PIO || p->type == IOREQ_TYPE_COPY);

    /* A request not yet sent can wait until the domain is resumed. */
    if ( domain_is_shut_down(d) )
        return IO_RETRY;

    spin_lock(&d->ioreq.lock);
    r = send_locked(v, &req);
    spin_unlock(&d->ioreq.lock);
    if ( r == IO_UNHANDLED && p->dir == IOREQ_READ )
        p->data = ALL_ONES;
    return r;
}

enum io_result ioreq_invalidate_mapcache(struct vcpu *v)
{
    struct domain *d = v->domain;
    const ioreq_t req = {
        .type = IOREQ_TYPE_INVALIDATE,
        .size = 4,
        .dir = IOREQ_WRITE,
        .data = ALL_ONES,
    };
    bool sent = false;

    ASSERT(!ioreq_in_flight(v));
    if ( domain_is_shut_down(d) )
        return IO_RETRY;

    spin_lock(&d->ioreq.lock);
    /* Memory that leaves the p2m from here on is for the next invalidation. */
    WRITE_ONCE(d->ioreq.mapcache_generation, p2m_removals(d));
    for ( unsigned int left = d->ioreq.enabled; left; left &= left - 1 )
        sent |= slot_send(d->ioreq.server[__builtin_ctz(left)], v, &req,
                          false);
    if ( sent )
    {
        v->io.req = req;
        v->io.req.state = STATE_IOREQ_READY;
        v->io.server = -1;
    }
    spin_unlock(&d->ioreq.lock);
    return sent ? IO_PENDING : IO_DONE;
}

void ioreq_time_moved(struct domain *d, int64_t seconds)
{
    const ioreq_t req = {
        .type = IOREQ_TYPE_TIMEOFFSET,
        .size = 8,
        .count = 1,
        .dir = IOREQ_WRITE,
        .data = (uint64_t)seconds,
    };

    spin_lock(&d->ioreq.lock);
    for ( unsigned int left = d->ioreq.enabled; left; left &= left - 1 )
        (void)ioreq_ring_put(d->ioreq.server[__builtin_ctz(left)], &req);
    spin_unlock(&d->ioreq.lock);
}

void ioreq_hypercall_done(struct vcpu *v)
{
    const struct domain *d = v->domain;

    if ( likely(READ_ONCE(d->ioreq.mapcache_generation) == p2m_removals(d)) )
        return;
    /* IO_RETRY while d is shut down: the next hypercall after resume sends. */
    (void)ioreq_invalidate_mapcache(v);
}

/* ---- answers ---- */

bool ioreq_in_flight(const struct vcpu *v)
{
    return v->io.req.state != STATE_IOREQ_NONE;
}

/* The server has answered v with data, or never will (all-ones). */
static void complete(struct vcpu *v, const struct ioreq_server *s,
                     uint64_t data)
{
    ioreq_t *req = &v->io.req;

    v->io.pending &= (uint8_t)~ioreq_server_bit(s);
    if ( v->io.server == s->id && req->dir == IOREQ_READ && !req->data_is_ptr )
        req->data = data;
}

void ioreq_complete_all(struct ioreq_server *s)
{
    struct vcpu *v;

    for_each_ioreq_vcpu (s->target, v)
        if ( v->io.pending & ioreq_server_bit(s) )
        {
            complete(v, s, ALL_ONES);
            arch_vcpu_kick(v);
        }
}

static void slot_look(struct ioreq_server *s, struct vcpu *v)
{
    ioreq_t *slot = ioreq_slot(s, v->vcpu_id);
    uint8_t state = ioreq_slot_state(slot), before = v->io.seen[s->id];
    uint64_t data;

    v->io.seen[s->id] = state;
    if ( state == STATE_IOREQ_NONE )
        complete(v, s, ALL_ONES);
    else if ( state < before || state > STATE_IORESP_READY )
    {
        complete(v, s, ALL_ONES);
        domain_crash(v->domain, "vcpu %u: d%u moved its request from %u to %u",
                     v->vcpu_id, s->emulator->domain_id, before, state);
    }
    else if ( state == STATE_IORESP_READY )
    {
        data = READ_ONCE(slot->data);
        slot_publish(slot, &v->io.req, STATE_IOREQ_NONE);
        complete(v, s, data);
    }
    else if ( slot_withdraw(s, v, slot, &v->io.req) )
        complete(v, s, ALL_ONES);
}

static void slots_look(struct vcpu *v)
{
    for ( unsigned int left = v->io.pending; left; left &= left - 1 )
        slot_look(v->domain->ioreq.server[__builtin_ctz(left)], v);
}

enum io_result ioreq_resume(struct vcpu *v, ioreq_t *p)
{
    struct domain *d = v->domain;
    bool pending;

    ASSERT(ioreq_in_flight(v));
    spin_lock(&d->ioreq.lock);
    slots_look(v);
    if ( unlikely(v->io.pending && v->io.look.active) )
    {
        ioreq_look_stop(v);
        slots_look(v);
    }
    pending = v->io.pending;
    if ( !pending )
        ioreq_look_over(v);
    spin_unlock(&d->ioreq.lock);
    if ( pending )
        return IO_PENDING;

    v->io.req.state = STATE_IOREQ_NONE;
    trace_ioreq(ORIEL_TRACE_resume, v, &v->io.req, (uint8_t)v->io.server, 0);
    *p = v->io.req;
    return IO_DONE;
}
