/* SPDX-License-Identifier: MIT */
/*
 * The FIFO ABI, delivery: each port has an event word in pages that the guest
 * gave, each vcpu has sixteen queues, one a priority, that are lists of event
 * words linked by port numbers.  We append, the guest removes.
 *
 * The guest is an adversary that can write any event word and the control
 * block at any time.  We never follow a link: all we use is our own tail of
 * each queue, which names an event word that exists.  A guest that spoils its
 * words loses or repeats its own events.
 *
 * queue_lock serialises all linking in one domain; event words and control
 * blocks are only accessed atomically.
 */
#include "evtchn-private.h"

#include <hv/array.h>
#include <hv/lib.h>

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED (1U << EVTCHN_FIFO_MASKED)
#define LINKED (1U << EVTCHN_FIFO_LINKED)
#define BUSY (1U << EVTCHN_FIFO_BUSY)
#define LINK_MASK ((1U << EVTCHN_FIFO_LINK_BITS) - 1)

/* How often we try to change a word that the guest keeps changing. */
#define LINK_TRIES 5

_Static_assert(EVTCHN_FIFO_NR_CHANNELS == MAX_EVTCHNS, "all ports have links");

/* NULL while the guest has not given the page; either lock held. */
static event_word_t *word_of(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn_fifo_domain *f = d->evtchn.fifo;
    unsigned int nr = port / FIFO_WORDS_PER_PAGE;
    event_word_t *words;

    if ( !f || nr >= f->nr_pages )
        return NULL;
    words = page_to_virt(f->page[array_index(nr, f->nr_pages)]);
    return &words[port % FIFO_WORDS_PER_PAGE];
}

/*
 * Let the word of `tail` point at port, if it is still linked: false when it
 * is not, so that port becomes the head.  BUSY asks the guest to keep off.
 */
static bool append(struct domain *d, evtchn_port_t tail, evtchn_port_t port)
{
    event_word_t *word = tail ? word_of(d, tail) : NULL;
    event_word_t w;

    if ( !word )
        return false;

    w = READ_ONCE(*word);
    for ( unsigned int try = 0; try < LINK_TRIES; try++ )
    {
        if ( !(w & LINKED) )
        {
            if ( w & BUSY )
                (void)atomic_fetch_and(word, ~BUSY);
            return false;
        }
        if ( atomic_cmpxchg(word, &w, (w & ~(BUSY | LINK_MASK)) | port) )
            return true;
        if ( try == 0 )
            w = atomic_fetch_or(word, BUSY) | BUSY;
    }

    (void)atomic_fetch_and(word, ~BUSY);
    if ( !d->evtchn.fifo->complained )
        guest_printk(d, XENLOG_WARNING,
                     "d%u: event of port %u lost: it fights for port %u's "
                     "word\n", d->domain_id, port, tail);
    d->evtchn.fifo->complained = true;
    return true;
}

/* If the old queue ended with this port, it is empty by now. */
static void leave_last_queue(struct domain *d, const struct evtchn *chn)
{
    struct vcpu *v = domain_vcpu(d, chn->last_vcpu);

    if ( v && v->fifo && v->fifo->tail[chn->last_queue] == chn->port )
        v->fifo->tail[chn->last_queue] = 0;
}

/* Put a pending port in the queue that it belongs to, once. */
static void link_port(struct domain *d, struct evtchn *chn, event_word_t *word)
{
    struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));
    struct evtchn_fifo_vcpu *f = v ? v->fifo : NULL;
    unsigned int queue = READ_ONCE(chn->priority);
    bool linked;

    ASSERT(spin_is_mine(&d->evtchn.queue_lock));
    /* Events for a vcpu without control block must stay masked. */
    if ( !f || (READ_ONCE(*word) & MASKED) )
        return;
    if ( atomic_fetch_or(word, LINKED) & LINKED )
        return;

    leave_last_queue(d, chn);
    linked = append(d, f->tail[queue], chn->port);
    if ( !linked )
        WRITE_ONCE(f->block->head[queue], chn->port);
    f->tail[queue] = chn->port;
    chn->last_vcpu = (uint16_t)v->vcpu_id;
    chn->last_queue = (uint8_t)queue;

    if ( !linked && !(atomic_fetch_or(&f->block->ready, 1U << queue) &
                      (1U << queue)) )
        evtchn_mark_upcall(v);
}

static bool set_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word;
    bool was_pending = true;

    spin_lock(&d->evtchn.queue_lock);
    word = word_of(d, chn->port);
    if ( word )
    {
        was_pending = atomic_fetch_or(word, PENDING) & PENDING;
        link_port(d, chn, word);
    }
    else
        chn->saved = true;
    spin_unlock(&d->evtchn.queue_lock);
    return !was_pending;
}

void evtchn_fifo_raise_saved(struct domain *d, struct evtchn *chn)
{
    bool saved;

    spin_lock(&d->evtchn.queue_lock);
    saved = chn->saved;
    chn->saved = false;
    spin_unlock(&d->evtchn.queue_lock);
    if ( saved )
        evtchn_deliver(d, chn);
}

/* The guest drops it from the queue when it gets there. */
static void clear_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = word_of(d, chn->port);

    spin_lock(&d->evtchn.queue_lock);
    chn->saved = false;
    spin_unlock(&d->evtchn.queue_lock);
    if ( word )
        (void)atomic_fetch_and(word, ~PENDING);
}

static void unmask(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = word_of(d, chn->port);

    if ( !word || !(atomic_fetch_and(word, ~MASKED) & PENDING) )
        return;
    spin_lock(&d->evtchn.queue_lock);
    link_port(d, chn, word);
    spin_unlock(&d->evtchn.queue_lock);
}

static bool is_pending(struct domain *d, const struct evtchn *chn)
{
    const event_word_t *word = word_of(d, chn->port);

    return word && (READ_ONCE(*word) & PENDING);
}

static bool is_busy(struct domain *d, const struct evtchn *chn)
{
    const event_word_t *word = word_of(d, chn->port);

    return word && (READ_ONCE(*word) & LINKED);
}

static int set_priority(struct domain *d, struct evtchn *chn, uint32_t prio)
{
    (void)d;
    if ( prio > EVTCHN_FIFO_PRIORITY_MIN )
        return -EINVAL;
    WRITE_ONCE(chn->priority, (uint8_t)prio);
    return 0;
}

/* The ready bits are in the control block, which does not move. */
static void rescan(struct vcpu *v)
{
    (void)v;
}

const struct evtchn_abi evtchn_abi_fifo = {
    .max_ports = EVTCHN_FIFO_NR_CHANNELS,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_busy = is_busy,
    .set_priority = set_priority,
    .rescan = rescan,
};
