/* SPDX-License-Identifier: MIT */
/*
 * Ranges of RAM, and E820 maps made of them.  At most a few dozen of anything,
 * once, at boot: so everything is searched from one end to the other.
 */
#include <emul/ram-map.h>
#include <hv/lib.h>

bool ram_add(struct ram_map *m, uint64_t start, uint64_t end)
{
    ASSERT(!(start % PAGE_SIZE) && !(end % PAGE_SIZE) && start < end);
    ASSERT(!m->nr || m->ram[m->nr - 1].end <= start);
    if ( m->nr && m->ram[m->nr - 1].end == start )
        m->ram[m->nr - 1].end = end;
    else if ( m->nr == RAM_MAX_RANGES )
        return false;
    else
        m->ram[m->nr++] = (struct ram_range){ start, end };
    return true;
}

bool ram_contains(const struct ram_map *m, uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < m->nr; i++ )
        if ( start >= m->ram[i].start && end <= m->ram[i].end )
            return true;
    return false;
}

void ram_take(struct ram_map *m, uint64_t start, uint64_t end)
{
    BUG_ON(m->nr_taken == RAM_MAX_TAKEN);
    m->taken[m->nr_taken++] = (struct ram_range){ start, end };
}

/* Something taken that overlaps [start, end), or NULL. */
static const struct ram_range *in_the_way(const struct ram_map *m,
                                          uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < m->nr_taken; i++ )
        if ( m->taken[i].start < end && start < m->taken[i].end )
            return &m->taken[i];
    return NULL;
}

bool ram_place(struct ram_map *m, uint64_t size, uint64_t limit,
               uint64_t *start)
{
    size = (size + PAGE_SIZE - 1) & PAGE_MASK;
    for ( unsigned int i = m->nr; i-- > 0; )
    {
        const struct ram_range *r = &m->ram[i];
        uint64_t end = min(r->end, limit & PAGE_MASK);

        /* Each thing in the way moves the end down: this ends. */
        while ( end > r->start && end - r->start >= size )
        {
            const struct ram_range *t = in_the_way(m, end - size, end);

            if ( !t )
            {
                *start = end - size;
                ram_take(m, *start, end);
                return true;
            }
            end = t->start & PAGE_MASK;
        }
    }
    return false;
}

static bool is_free(const struct ram_range *kept, unsigned int nr,
                    uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < nr; i++ )
        if ( kept[i].start < end && start < kept[i].end )
            return false;
    return true;
}

int ram_free_order(const struct ram_range *kept, unsigned int nr,
                   uint64_t limit, uint64_t page, unsigned int most)
{
    for ( int order = (int)most; order >= 0; order -= 9 )
    {
        uint64_t size = PAGE_SIZE << order, start = page & ~(size - 1);

        if ( start < limit && size <= limit - start &&
             is_free(kept, nr, start, start + size) )
            return order;
    }
    return -1;
}

/* ---- E820 ---- */

struct list_of_entries {
    struct e820entry *entry;
    unsigned int nr, max;
};

static void emit(struct list_of_entries *l, uint64_t start, uint64_t end,
                 uint32_t type)
{
    struct e820entry *last = l->nr ? &l->entry[l->nr - 1] : NULL;

    if ( start >= end )
        return;
    if ( last && last->type == type && last->addr + last->size == start )
        last->size += end - start;
    else if ( l->nr < l->max )
        l->entry[l->nr++] = (struct e820entry){ start, end - start, type };
}

/* [start, end) is the domain's. */
static void emit_ram(struct list_of_entries *l, uint64_t start, uint64_t end,
                     struct ram_range acpi)
{
    if ( acpi.end <= start || acpi.start >= end )
    {
        emit(l, start, end, E820_RAM);
        return;
    }
    emit(l, start, acpi.start, E820_RAM);
    emit(l, acpi.start, acpi.end, E820_ACPI);
    emit(l, acpi.end, end, E820_RAM);
}

unsigned int ram_e820(const struct ram_map *m, const struct e820entry *host,
                      unsigned int nr_host, struct ram_range acpi,
                      struct e820entry *out, unsigned int max)
{
    struct list_of_entries l = { out, 0, max };

    for ( unsigned int i = 0; i < nr_host; i++ )
    {
        uint64_t at = host[i].addr, end = at + host[i].size;

        if ( host[i].type != E820_RAM )
        {
            /* Linux from 6.9 on maps foreign pages over what is unusable. */
            emit(&l, at, end, host[i].type == E820_UNUSABLE ? E820_RESERVED
                                                            : host[i].type);
            continue;
        }
        for ( unsigned int k = 0; k < m->nr; k++ )
        {
            uint64_t from = max(at, m->ram[k].start);
            uint64_t to = min(end, m->ram[k].end);

            if ( from >= to )
                continue;
            emit(&l, at, from, E820_RESERVED);
            emit_ram(&l, from, to, acpi);
            at = to;
        }
        emit(&l, at, end, E820_RESERVED);
    }
    return l.nr;
}
