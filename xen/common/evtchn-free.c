/* SPDX-License-Identifier: MIT */
/*
 * Which ports are free: found in a few steps, however many there are and
 * whatever the guest has done with them.
 *
 * A free port is in one of two sets.  `free` are those that may be taken; the
 * lowest is.  `linked` are those that were still linked in a FIFO queue when
 * they were closed: the guest must take them out before they are used again,
 * and nobody tells us when it does.  So each time that the guest wants a port
 * some of them are looked at, round and round.
 *
 * A port of the hypervisor has no use for its event word, so that it takes a
 * linked one where no other is left.
 *
 * Both sets are protected by the evtchn lock.
 */
#include "evtchn-private.h"

#include <hv/heap.h>
#include <hv/lib.h>

/* Linked ports looked at for each port that is taken, and when none is free. */
#define LOOK_AT_ONCE 64
#define LOOK_AT_MOST 1024

/* ---- sets: a bit of level n + 1 says that a word of level n is not 0 ---- */

#define NO_PORT UINT32_MAX

static uint32_t words_of(uint32_t limit, unsigned int level)
{
    uint32_t nr = limit;

    for ( unsigned int i = 0; i <= level; i++ )
        nr = DIV_ROUND_UP(nr, 64);
    return nr;
}

static int set_init(struct port_set *s, uint32_t limit)
{
    uint32_t nr = 0;

    s->limit = limit;
    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++ )
        nr += words_of(limit, i);
    s->level[0] = new_array(uint64_t, nr);
    if ( !s->level[0] )
        return -ENOMEM;
    for ( unsigned int i = 1; i < PORT_SET_LEVELS; i++ )
        s->level[i] = s->level[i - 1] + words_of(limit, i - 1);
    return 0;
}

bool port_set_has(const struct port_set *s, uint32_t port)
{
    return s->level[0][port / 64] >> port % 64 & 1;
}

static void set_add(struct port_set *s, uint32_t port)
{
    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++, port /= 64 )
        s->level[i][port / 64] |= 1UL << port % 64;
}

static void set_remove(struct port_set *s, uint32_t port)
{
    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++, port /= 64 )
    {
        s->level[i][port / 64] &= ~(1UL << port % 64);
        if ( s->level[i][port / 64] )
            break;
    }
}

static void set_fill(struct port_set *s)
{
    uint32_t nr = s->limit;

    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++ )
    {
        for ( uint32_t w = 0; w < words_of(s->limit, i); w++ )
            s->level[i][w] = nr - w * 64 < 64 ? (1UL << nr % 64) - 1 : ~0UL;
        nr = words_of(s->limit, i);
    }
}

/* The lowest one not below `from`, or NO_PORT. */
static uint32_t set_next(const struct port_set *s, uint32_t from)
{
    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++ )
    {
        uint32_t at = from / 64;
        uint64_t bits;

        if ( at >= words_of(s->limit, i) )
            break;
        bits = s->level[i][at] & (~0UL << from % 64);
        if ( bits )
        {
            at = at * 64 + (uint32_t)__builtin_ctzl(bits);
            while ( i-- )
                at = at * 64 + (uint32_t)__builtin_ctzl(s->level[i][at]);
            return at;
        }
        from = at + 1;
    }
    return NO_PORT;
}

/* ---- free ports ---- */

_Static_assert(MAX_EVTCHNS <= 64 * 64 * 64, "all ports fit into a set");

int evtchn_free_init(struct evtchn_domain *e)
{
    if ( set_init(&e->free, e->limit) || set_init(&e->linked, e->limit) )
        return -ENOMEM;
    set_fill(&e->free);
    set_remove(&e->free, 0);
    return 0;
}

void evtchn_free_destroy(struct evtchn_domain *e)
{
    hv_free(e->free.level[0]);
    hv_free(e->linked.level[0]);
    e->free.level[0] = e->linked.level[0] = NULL;
}

/* Look at up to nr linked ports: those that the guest let go are free. */
static void look_at_linked(struct domain *d, unsigned int nr)
{
    struct evtchn_domain *e = &d->evtchn;

    while ( nr-- )
    {
        uint32_t port = set_next(&e->linked, e->look_next);

        if ( port == NO_PORT )
        {
            e->look_next = 0;
            break;
        }
        e->look_next = port + 1;
        if ( e->abi->is_busy(d, evtchn_find(d, port)) )
            continue;
        set_remove(&e->linked, port);
        set_add(&e->free, port);
    }
}

uint32_t evtchn_free_pick(struct domain *d, bool xen)
{
    struct evtchn_domain *e = &d->evtchn;
    uint32_t limit = min(e->limit, e->abi->max_ports), port;

    ASSERT(spin_is_mine(&e->lock));
    if ( !xen )
        look_at_linked(d, LOOK_AT_ONCE);
    port = set_next(&e->free, 0);
    if ( port >= limit && !xen )
    {
        look_at_linked(d, LOOK_AT_MOST);
        port = set_next(&e->free, 0);
    }
    if ( port >= limit && xen )
        port = set_next(&e->linked, 0);
    return port < limit ? port : 0;
}

void evtchn_free_take(struct evtchn_domain *e, uint32_t port)
{
    set_remove(&e->free, port);
    set_remove(&e->linked, port);
}

void evtchn_free_give(struct domain *d, const struct evtchn *chn)
{
    struct evtchn_domain *e = &d->evtchn;

    set_add(e->abi->is_busy(d, chn) ? &e->linked : &e->free, chn->port);
}

/* No queues any more. */
void evtchn_free_unlink_all(struct evtchn_domain *e)
{
    for ( unsigned int i = 0; i < PORT_SET_LEVELS; i++ )
        for ( uint32_t w = 0; w < words_of(e->limit, i); w++ )
        {
            e->free.level[i][w] |= e->linked.level[i][w];
            e->linked.level[i][w] = 0;
        }
    e->look_next = 0;
}
