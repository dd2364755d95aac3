/* SPDX-License-Identifier: MIT */
/*
 * Slots and ring: taking a request, answering it.
 *
 * An event is no more than a reason to look: what is in the pages counts.  All
 * that the other side can change is read once, in words, into a local.
 */
#include "private.h"

#include <oriel/polling.h>

#define STATE_MASK 0xfU

/* The slot's state and the bits beside it share a byte. */
static uint8_t *state_byte(ioreq_t *slot)
{
    return (uint8_t *)slot + offsetof(ioreq_t, type) - 1;
}

static bool is_ready(ioreq_t *slot)
{
    return (__atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE) &
            STATE_MASK) == STATE_IOREQ_READY;
}

/* The bits beside the state go back as they came. */
static void set_state(ioreq_t *slot, ioreq_t *req, unsigned int state)
{
    __atomic_store_n(state_byte(slot),
                     (uint8_t)((*state_byte(req) & ~STATE_MASK) | state),
                     __ATOMIC_RELEASE);
}

static ioreq_t copy_slot(const ioreq_t *slot)
{
    const volatile uint64_t *from = (const volatile void *)slot;
    union {
        uint64_t word[sizeof(ioreq_t) / 8];
        ioreq_t req;
    } copy;

    for ( unsigned int i = 0; i < sizeof(ioreq_t) / 8; i++ )
        copy.word[i] = from[i];
    return copy.req;
}

/* ---- events that the other side does without: docs/polling.md ---- */

static void say_slot(ioserver *s, unsigned int vcpu)
{
    uint8_t says = s->looks ? ORIEL_POLL_LOOK : ORIEL_POLL_SLEEP, word = 0;

    if ( s->vcpu_port[vcpu] )
        word = says;
    if ( vcpu == 0 && s->ring_port )
        word |= (uint8_t)(says << ORIEL_POLL_RING_SHIFT);
    __atomic_store_n((uint8_t *)&s->slots[vcpu] + ORIEL_POLL_EMULATOR, word,
                     __ATOMIC_RELAXED);
}

void slots_say(ioserver *s, bool looks)
{
    s->looks = looks;
    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( s->vcpu_port[i] || i == 0 )
            say_slot(s, i);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* before the look at the states */
}

/* The slot is answered: tell the vcpu, unless the hypervisor looks itself. */
static void notify(ioserver *s, unsigned int vcpu)
{
    const uint8_t *word = (const uint8_t *)&s->slots[vcpu] +
                          ORIEL_POLL_HYPERVISOR;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the answer before the word */
    if ( (__atomic_load_n(word, __ATOMIC_RELAXED) & ORIEL_POLL_MASK) !=
         ORIEL_POLL_LOOK )
        xenevtchn_notify(s->events, s->vcpu_port[vcpu]);
}

/* ---- the ring ---- */

/* The entry at this position of the ring, as a request. */
static ioreq_t ring_entry(const struct buffered_iopage *ring, uint32_t at)
{
    union {
        uint64_t word;
        buf_ioreq_t entry;
    } e;

    e.word = *(const volatile uint64_t *)(const volatile void *)
                 &ring->buf_ioreq[at % IOREQ_BUFFER_SLOT_NUM];
    return (ioreq_t){ .addr = e.entry.addr, .data = e.entry.data, .count = 1,
                      .size = 1U << e.entry.size, .dir = IOREQ_WRITE,
                      .type = e.entry.type };
}

/*
 * Serves the entries that are there now; those that come meanwhile have an event
 * of their own, or the next look finds them.  So a guest that goes on writing
 * does not keep the server here.  The hypervisor may reduce both pointers by a
 * multiple of the ring's size at any time, hence one load for both and an addition
 * for the answer.
 */
static bool drain_ring(ioserver *s)
{
    struct buffered_iopage *ring = s->ring;
    uint64_t both;
    uint32_t at, left;

    if ( !ring )
        return false;
    both = __atomic_load_n((uint64_t *)(void *)ring, __ATOMIC_ACQUIRE);
    at = (uint32_t)both;
    left = (uint32_t)(both >> 32) - at;
    if ( left > IOREQ_BUFFER_SLOT_NUM ) /* no state of a ring: start again */
    {
        __atomic_fetch_add(&ring->read_pointer, left, __ATOMIC_RELEASE);
        return false;
    }
    for ( uint32_t used, done = 0; done < left; done += used )
    {
        ioreq_t req = ring_entry(ring, at + done);

        used = req.size == 8 ? 2 : 1;
        if ( used == 2 && left - done >= 2 )
            req.data |= ring_entry(ring, at + done + 1).data << 32;
        if ( used <= left - done ) /* else one half alone: none writes it */
            serve_buffered(s, &req);
        else
            used = 1;
        __atomic_fetch_add(&ring->read_pointer, used, __ATOMIC_RELEASE);
    }
    if ( left && s->looks )
        say_slot(s, 0);
    return left;
}

/* ---- both ---- */

static bool serve_slot(ioserver *s, unsigned int vcpu)
{
    ioreq_t *slot = &s->slots[vcpu], req;

    if ( !is_ready(slot) )
        return false;
    /*
     * The guest made these writes before the access in the slot.  A ring that
     * is served before the slot is looked at may get some of them in between.
     */
    drain_ring(s);
    req = copy_slot(slot);
    set_state(slot, &req, STATE_IOREQ_INPROCESS);
    serve(s, vcpu, &req);
    *(volatile uint64_t *)&slot->data = req.data;
    set_state(slot, &req, STATE_IORESP_READY);
    notify(s, vcpu);
    if ( s->looks )
        say_slot(s, vcpu); /* the hypervisor clears words of the dead */
    return true;
}

bool slots_serve_port(ioserver *s, evtchn_port_t port)
{
    if ( port == s->ring_port )
        return drain_ring(s);
    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( s->vcpu_port[i] == port )
            return serve_slot(s, i);
    return false;
}

bool ioserver_look(ioserver *s)
{
    bool found = drain_ring(s);

    for ( unsigned int i = 0; i < s->nr_vcpus; i++ )
        if ( s->vcpu_port[i] )
            found |= serve_slot(s, i);
    return found;
}
