/* SPDX-License-Identifier: MIT */
/*
 * The guest's half of the FIFO ABI, played as a guest does: take the ready
 * bits, then each queue from its highest priority on.
 *
 * dom0 is not translated, so a frame of its own serves as it is.  The test
 * drops its reference once a page is given: the ABI's own must keep it.
 */
#ifndef TEST_EVTCHN_FIFO_H
#define TEST_EVTCHN_FIFO_H

#include "test-evtchn.h"

#define BIT(n) (1U << EVTCHN_FIFO_##n)
#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

static struct evtchn_fifo_control_block *block;
static event_word_t *words[MAX_PAGES];
static unsigned int nr_pages;
static uint32_t head[EVTCHN_FIFO_MAX_QUEUES];

static evtchn_port_t got[EVTCHN_FIFO_NR_CHANNELS];
static unsigned int nr_got;

static inline event_word_t *word(evtchn_port_t port)
{
    return &words[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

static inline void start(void)
{
    struct page *pg = page_alloc(dom0, 0, 0);

    assert_non_null(pg);
    memset(head, 0, sizeof(head));
    nr_pages = nr_got = 0;
    block = (void *)((char *)page_to_virt(pg) + 64);
    assert_int_equal(ev_control(mfn_x(page_to_mfn(pg)), 64, 0), 0);
    page_put(pg);
    fixture_audit();
}

static inline long expand(void)
{
    struct page *pg = page_alloc(dom0, 0, 0);
    long rc;

    assert_non_null(pg);
    rc = ev_expand(mfn_x(page_to_mfn(pg)));
    if ( !rc )
        words[nr_pages++] = page_to_virt(pg);
    page_put(pg);
    return rc;
}

/* Unlink the first of a queue: its number, or 0. */
static inline evtchn_port_t unlink_first(unsigned int q)
{
    evtchn_port_t port = head[q] ? head[q] : READ_ONCE(block->head[q]);
    event_word_t w;

    if ( !port )
        return 0;
    w = atomic_fetch_and(word(port), ~(BIT(LINKED) | EVTCHN_FIFO_LINK_MASK));
    assert_true(w & BIT(LINKED));
    head[q] = w & EVTCHN_FIFO_LINK_MASK;
    return port;
}

static inline void handle_queue(unsigned int q)
{
    evtchn_port_t port;

    do
    {
        port = unlink_first(q);
        if ( port && (READ_ONCE(*word(port)) & BIT(PENDING)) &&
             !(READ_ONCE(*word(port)) & BIT(MASKED)) )
        {
            (void)atomic_fetch_and(word(port), ~BIT(PENDING));
            got[nr_got++] = port;
        }
    } while ( head[q] );
}

/* What an upcall does; the ports that were found are in got[]. */
static inline void handle_events(void)
{
    uint32_t ready;

    nr_got = 0;
    dom0->vcpu[0]->info->evtchn_upcall_pending = 0;
    while ( (ready = atomic_xchg(&block->ready, 0)) )
        while ( ready )
        {
            unsigned int q = (unsigned int)__builtin_ctz(ready);

            handle_queue(q);
            ready &= ~(1U << q);
        }
}

static inline bool upcall(void)
{
    return dom0->vcpu[0]->info->evtchn_upcall_pending;
}

#endif
