/* SPDX-License-Identifier: MIT */
/*
 * The range index: see the header.  No locks of its own, no globals.
 *
 * A lookup visits the segments that the access spans: one or two for a port or
 * PCI access.
 */
#include "ioreq-index.h"

#include <hv/heap.h>
#include <hv/lib.h>

/* The segment that contains addr. */
static unsigned int find(const struct ioreq_index *x, uint64_t addr)
{
    unsigned int lo = 0, hi = x->nr;

    ASSERT(x->nr && x->segment[0].start == 0);
    while ( hi - lo > 1 )
    {
        unsigned int mid = lo + (hi - lo) / 2;

        if ( x->segment[mid].start <= addr )
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

uint8_t ioreq_index_covers(const struct ioreq_index *x, uint64_t start,
                           uint64_t end)
{
    unsigned int i;
    uint8_t servers;

    ASSERT(start <= end);
    if ( !x )
        return 0;
    i = find(x, start);
    servers = x->segment[i].servers;
    while ( servers && ++i < x->nr && x->segment[i].start <= end )
        servers &= x->segment[i].servers;
    return servers;
}

uint8_t ioreq_index_touches(const struct ioreq_index *x, uint64_t start,
                            uint64_t end)
{
    unsigned int i;
    uint8_t servers;

    ASSERT(start <= end);
    if ( !x )
        return 0;
    i = find(x, start);
    servers = x->segment[i].servers;
    while ( ++i < x->nr && x->segment[i].start <= end )
        servers |= x->segment[i].servers;
    return servers;
}

unsigned int ioreq_index_ranges(const struct ioreq_index *x, unsigned int id)
{
    unsigned int nr = 0;
    bool before = false;

    for ( unsigned int i = 0; x && i < x->nr; i++ )
    {
        bool claimed = x->segment[i].servers >> id & 1;

        nr += claimed && !before;
        before = claimed;
    }
    return nr;
}

unsigned int ioreq_index_list(const struct ioreq_index *x, unsigned int id,
                              uint64_t from, struct ioreq_range *to,
                              unsigned int max)
{
    unsigned int nr = 0;
    bool inside = false;

    for ( unsigned int i = 0; x && i < x->nr && nr < max; i++ )
    {
        bool last = i + 1 == x->nr, claimed = x->segment[i].servers >> id & 1;

        if ( claimed && !inside )
            to[nr].start = x->segment[i].start;
        inside = claimed;
        if ( !claimed || (!last && (x->segment[i + 1].servers >> id & 1)) )
            continue;
        to[nr].end = last ? ~0UL : x->segment[i + 1].start - 1;
        nr += to[nr].end >= from;
    }
    return nr;
}

/* Append a segment, unless the last one has the same servers. */
static void append(struct ioreq_index *x, uint64_t start, uint8_t servers)
{
    if ( x->nr && x->segment[x->nr - 1].servers == servers )
        return;
    x->segment[x->nr++] = (struct ioreq_segment){ start, servers };
}

struct ioreq_index *ioreq_index_with(const struct ioreq_index *x,
                                     unsigned int id, uint64_t start,
                                     uint64_t end, bool claimed)
{
    static const struct ioreq_index empty = { 1, { { 0, 0 } } };
    const struct ioreq_index *old = x ? x : &empty;
    uint8_t bit = (uint8_t)(1U << id);
    struct ioreq_index *new;

    ASSERT(start <= end);
    /* Cuts at start and after end make at most two more segments. */
    new = hv_zalloc(sizeof(*new) + (old->nr + 2) * sizeof(new->segment[0]));
    if ( !new )
        return NULL;

    for ( unsigned int i = 0; i < old->nr; i++ )
    {
        uint8_t was = old->segment[i].servers;
        uint64_t from = old->segment[i].start;
        uint64_t to = i + 1 < old->nr ? old->segment[i + 1].start - 1
                                      : UINT64_MAX;

        if ( from < start )
            append(new, from, was);
        if ( from <= end && to >= start )
            append(new, max(from, start), claimed ? was | bit : was & ~bit);
        if ( to > end )
            append(new, max(from, end + 1), was);
    }
    return new;
}

void ioreq_index_drop(struct ioreq_index *x, unsigned int id)
{
    unsigned int nr = x ? x->nr : 0;

    if ( x )
        x->nr = 0;
    for ( unsigned int i = 0; i < nr; i++ )
        append(x, x->segment[i].start, x->segment[i].servers & ~(1U << id));
}
