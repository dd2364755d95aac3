/* SPDX-License-Identifier: MIT */
/*
 * A loader's map of memory, tidied up.  Firmware writes these by hand: they
 * come unsorted, overlapping, with empty entries, and with hundreds of pieces.
 * Once, at boot: so everything is searched from one end to the other.
 */
#include <emul/ram-map.h>
#include <hv/lib.h>

#define E820_NVS 4

/* Where entries overlap the one with the highest rank holds. */
static unsigned int rank(uint32_t type)
{
    switch ( type )
    {
    case E820_RAM:
        return 1;
    case E820_ACPI:
        return 2;
    case E820_NVS:
        return 3;
    case E820_UNUSABLE:
        return 5;
    default:
        return 4;
    }
}

static bool is_good(const struct e820entry *e)
{
    return e->size && e->size <= ~0UL - e->addr;
}

/* The first beginning or end of an entry above `after`; ~0: none. */
static uint64_t next_edge(const struct e820entry *e, unsigned int nr,
                          uint64_t after)
{
    uint64_t edge = ~0UL;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        uint64_t end = e[i].addr + e[i].size;

        if ( !is_good(&e[i]) )
            continue;
        if ( e[i].addr > after )
            edge = min(edge, (uint64_t)e[i].addr);
        if ( end > after )
            edge = min(edge, end);
    }
    return edge;
}

static const struct e820entry *best_at(const struct e820entry *e,
                                       unsigned int nr, uint64_t at)
{
    const struct e820entry *best = NULL;

    for ( unsigned int i = 0; i < nr; i++ )
        if ( is_good(&e[i]) && at >= e[i].addr && at - e[i].addr < e[i].size &&
             (!best || rank(e[i].type) > rank(best->type)) )
            best = &e[i];
    return best;
}

/* ---- too many ---- */

struct map {
    struct e820entry *e;
    unsigned int nr, max;
    uint64_t lost;
};

static void remove_entry(struct map *m, unsigned int i)
{
    m->nr--;
    memmove(&m->e[i], &m->e[i + 1], (m->nr - i) * sizeof(*m->e));
}

static uint64_t end_of(const struct e820entry *e)
{
    return e->addr + e->size;
}

/* What it costs to do without entry i, apart or joined with the next one. */
static uint64_t cost(const struct map *m, unsigned int i)
{
    const struct e820entry *e = &m->e[i];

    if ( e->type == E820_RAM )
        return e->size;
    return i + 1 < m->nr && e[1].type != E820_RAM ? e[1].addr - end_of(e)
                                                  : ~0UL;
}

static void make_room(struct map *m)
{
    unsigned int at = 0;
    struct e820entry *e;

    for ( unsigned int i = 1; i < m->nr; i++ )
        if ( cost(m, i) < cost(m, at) )
            at = i;
    e = &m->e[at];
    m->lost += cost(m, at);
    if ( e->type != E820_RAM )
    {
        e->size = end_of(&e[1]) - e->addr;
        e->type = e->type == e[1].type ? e->type : E820_RESERVED;
        at++;
    }
    remove_entry(m, at);
}

static void append(struct map *m, uint64_t start, uint64_t end, uint32_t type)
{
    struct e820entry *last = m->nr ? &m->e[m->nr - 1] : NULL;

    if ( type == E820_RAM )
    {
        start = (start + PAGE_SIZE - 1) & PAGE_MASK;
        end &= PAGE_MASK;
    }
    if ( start >= end )
        return;
    if ( last && last->type == type && end_of(last) == start )
    {
        last->size += end - start;
        return;
    }
    if ( m->nr == m->max )
        make_room(m);
    m->e[m->nr++] = (struct e820entry){ start, end - start, type };
}

unsigned int e820_tidy(const struct e820entry *raw, unsigned int nr,
                       struct e820entry *out, unsigned int max, uint64_t *lost)
{
    struct map m = { .e = out, .max = max };
    uint64_t from = 0, next;
    uint32_t type = 0; /* of [from, at); 0: a gap */

    for ( uint64_t at = 0; at != ~0UL; at = next )
    {
        const struct e820entry *e = best_at(raw, nr, at);

        next = next_edge(raw, nr, at);
        if ( (e ? e->type : 0) == type )
            continue;
        if ( type )
            append(&m, from, at, type);
        from = at;
        type = e ? e->type : 0;
    }
    *lost = m.lost;
    return m.nr;
}
