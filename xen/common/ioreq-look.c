/* SPDX-License-Identifier: MIT */
/*
 * Requests without events while the other side looks: the hypervisor's part of
 * docs/polling.md.
 *
 *   ioreq_look_prepare   before READY: what does the emulator say, do we look?
 *   ioreq_look_silent    after READY: does the emulator need an event?
 *   ioreq_look           the vcpu looks for its answer, without a lock
 *   ioreq_look_stop      it has none, and sleeps from now on
 *   ioreq_look_over      it has its answer
 *
 * An emulator's word counts only while the emulator is bound to the port that
 * it replaces.  The first LOOK that is seen after another emulator has bound is
 * cleared, whoever wrote it: an emulator that looks says it again.
 *
 * The time to look grows when an answer came within the limit, and shrinks when
 * it did not: an emulator that looks, but is slow, is not waited for.
 */
#include "ioreq-private.h"

#include <hv/lib.h>
#include <hv/timer.h>

#include <oriel/polling.h>

#define LIMIT_US 1000U /* whatever the option says */
#define FIRST_NS 1000U /* less is not worth it */
#define NS_PER_US 1000U

_Static_assert(offsetof(ioreq_t, vp_eport) + 4 == ORIEL_POLL_EMULATOR &&
                   ORIEL_POLL_HYPERVISOR == ORIEL_POLL_EMULATOR + 1 &&
                   sizeof((ioreq_t){ 0 }._pad0) == 2,
               "ABI: the slot's words are its padding");

static uint32_t look_max_ns = IOREQ_LOOK_US * NS_PER_US; /* [I] */

void ioreq_look_set_limit(uint32_t us)
{
    look_max_ns = min(us, LIMIT_US) * NS_PER_US;
}

/* ---- the words ---- */

static uint8_t *emulator_word(ioreq_t *slot)
{
    return (uint8_t *)slot + ORIEL_POLL_EMULATOR;
}

static void say(ioreq_t *slot, uint8_t word)
{
    WRITE_ONCE(*((uint8_t *)slot + ORIEL_POLL_HYPERVISOR), word);
}

/* Does the word with this shift say LOOK? */
static bool says_look(ioreq_t *slot, unsigned int shift)
{
    return (READ_ONCE(*emulator_word(slot)) >> shift & ORIEL_POLL_MASK) ==
           ORIEL_POLL_LOOK;
}

/*
 * Does the slot's word count?  Only if an emulator is bound, and is the one that
 * *binding stands for.  Words of others are cleared.  A page begins with zeroes,
 * so the first emulator's words stay.
 */
static bool word_counts(const struct ioreq_server *s, evtchn_port_t port,
                        uint32_t *binding, ioreq_t *slot)
{
    uint32_t now = evtchn_xen_bindings(s->target, port);

    if ( unlikely(now != *binding) )
    {
        *binding = now;
        if ( now > 1 )
        {
            WRITE_ONCE(*emulator_word(slot), 0);
            return false;
        }
    }
    return now & 1;
}

/*
 * A request is visible.  Does the emulator look, and is it the one whose words
 * were read before?  One that binds from here on finds the request itself,
 * since binding raises the event.
 */
static bool still_looks(const struct ioreq_server *s, evtchn_port_t port,
                        uint32_t binding, ioreq_t *slot, unsigned int shift)
{
    smp_mb(); /* the request before the word */
    return says_look(slot, shift) &&
           evtchn_xen_bindings(s->target, port) == binding;
}

void ioreq_look_begin(struct ioreq_server *s, struct vcpu *v)
{
    ioreq_t *slot = ioreq_slot(s, v->vcpu_id);

    v->io.look.binding[s->id] = 0;
    if ( v->vcpu_id == 0 )
        s->ring_binding = 0;
    if ( slot && (s->backing == BACKED_BY_MFN || ioreq_server_enabled(s)) )
        WRITE_ONCE(*emulator_word(slot), 0);
}

/* ---- a request in a slot ---- */

void ioreq_look_prepare(struct ioreq_server *s, struct vcpu *v, ioreq_t *slot,
                        bool one)
{
    struct ioreq_look *look = &v->io.look;

    look->silent = unlikely(says_look(slot, 0)) &&
                   word_counts(s, s->port[v->vcpu_id], &look->binding[s->id],
                               slot);
    /* Pages at GFNs may become the guest's at any time. */
    look->active = look->silent && one && look->ns &&
                   s->backing == BACKED_BY_MFN && arch_vcpu_may_look(v);
    look->sent = look->silent && one ? now_ns() : 0;
    say(slot, look->active ? ORIEL_POLL_LOOK : ORIEL_POLL_SLEEP);
}

bool ioreq_look_silent(const struct ioreq_server *s, const struct vcpu *v,
                       ioreq_t *slot)
{
    const struct ioreq_look *look = &v->io.look;

    return unlikely(look->silent) &&
           still_looks(s, s->port[v->vcpu_id], look->binding[s->id], slot, 0);
}

/* ---- an entry of the ring ---- */

bool ioreq_look_ring_silent(struct ioreq_server *s)
{
    ioreq_t *slot = ioreq_slot(s, 0);

    return unlikely(says_look(slot, ORIEL_POLL_RING_SHIFT)) &&
           word_counts(s, s->ring_port, &s->ring_binding, slot) &&
           still_looks(s, s->ring_port, s->ring_binding, slot,
                       ORIEL_POLL_RING_SHIFT);
}

/* ---- the vcpu looks ---- */

/* v's slot, whose page is held; NULL: v has the answer, or its server is gone. */
static ioreq_t *slot_hold(struct vcpu *v, struct page **pg)
{
    struct domain *d = v->domain;
    ioreq_t *slot = NULL;

    spin_lock(&d->ioreq.lock);
    if ( v->io.look.active && v->io.pending )
    {
        struct ioreq_server *s = array_at(d->ioreq.server, v->io.server);

        slot = ioreq_slot(s, v->vcpu_id);
        *pg = ioreq_slot_page(s, v->vcpu_id);
        page_get_more(*pg);
    }
    spin_unlock(&d->ioreq.lock);
    return slot;
}

static bool is_asked(ioreq_t *slot)
{
    uint8_t state = ioreq_slot_state(slot);

    return state == STATE_IOREQ_READY || state == STATE_IOREQ_INPROCESS;
}

void ioreq_look(struct vcpu *v)
{
    const struct ioreq_look *look = &v->io.look;
    struct page *pg;
    ioreq_t *slot;

    if ( likely(!look->active) )
        return;
    slot = slot_hold(v, &pg);
    if ( !slot )
        return;
    while ( is_asked(slot) && now_ns() - look->sent < look->ns &&
            arch_vcpu_may_look(v) )
        arch_vcpu_relax();
    page_put(pg);
}

bool ioreq_looks(const struct vcpu *v)
{
    return v->io.look.active;
}

void ioreq_look_stop(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct ioreq_server *s = array_at(d->ioreq.server, v->io.server);

    say(ioreq_slot(s, v->vcpu_id), ORIEL_POLL_SLEEP);
    v->io.look.active = false;
    smp_mb(); /* the word before the caller's look at the state */
}

void ioreq_look_over(struct vcpu *v)
{
    struct ioreq_look *look = &v->io.look;
    uint32_t ns = look->ns;

    look->active = false;
    if ( !look->sent )
        return;
    if ( now_ns() - look->sent < look_max_ns )
        ns = min(max(ns * 2, FIRST_NS), look_max_ns);
    else
        ns = ns / 2 < FIRST_NS ? 0 : ns / 2;
    look->ns = ns;
    look->sent = 0;
}
