/* SPDX-License-Identifier: MIT */
/*
 * The tables of a p2m: four levels of 512 entries, 36 bits of frame number.
 *
 * Level 0 tables hold the entries of gfns, those above the addresses of tables
 * of the level below.  A table exists from the first entry that needed it until
 * the domain dies.  The encoding of an entry is the machine's.
 *
 * A machine's walker may read the tables at any time: an entry is written with
 * one store, and a table is complete before something points to it.
 */
#include <hv/atomic.h>
#include <hv/lib.h>

#include <asm/p2m.h>

#include "p2m-private.h"

#define LEVELS 4
#define LEVEL_BITS 9
#define NR_ENTRIES (1U << LEVEL_BITS)

_Static_assert(P2M_GFN_LIMIT == 1UL << (LEVELS * LEVEL_BITS),
               "the tables hold every frame number");
_Static_assert(NR_ENTRIES * sizeof(uint64_t) == PAGE_SIZE,
               "a table is one page");

static unsigned int index_of(uint64_t gfn, unsigned int level)
{
    return (gfn >> (level * LEVEL_BITS)) % NR_ENTRIES;
}

/* How many frame numbers one table of this level covers. */
static uint64_t reach(unsigned int level)
{
    return 1UL << ((level + 1) * LEVEL_BITS);
}

static uint64_t *lower_table(uint64_t pte)
{
    return arch_mfn_to_virt(arch_pte_mfn(pte));
}

/* The table of this level on the way to gfn, or NULL. */
static uint64_t *table_at(const struct p2m *p2m, uint64_t gfn,
                          unsigned int level)
{
    uint64_t *table = page_to_virt(p2m->root);

    ASSERT(spin_is_mine(&p2m->lock) && gfn < P2M_GFN_LIMIT);
    for ( unsigned int l = LEVELS - 1; l > level; l-- )
    {
        uint64_t pte = table[index_of(gfn, l)];

        if ( !arch_pte_present(pte) )
            return NULL;
        table = lower_table(pte);
    }
    return table;
}

struct p2m_entry p2m_pt_get(const struct p2m *p2m, uint64_t gfn)
{
    const uint64_t *table = table_at(p2m, gfn, 0);
    struct p2m_entry e = { INVALID_MFN, P2M_NONE };

    if ( !table )
        return e;
    e.type = arch_pte_type(table[index_of(gfn, 0)]);
    if ( arch_pte_present(table[index_of(gfn, 0)]) )
        e.mfn = arch_pte_mfn(table[index_of(gfn, 0)]);
    return e;
}

void p2m_pt_put(struct p2m *p2m, uint64_t gfn, struct p2m_entry e)
{
    uint64_t *table = table_at(p2m, gfn, 0);

    ASSERT(table || e.type == P2M_NONE);
    if ( table )
        WRITE_ONCE(table[index_of(gfn, 0)], arch_pte_make(e.mfn, e.type));
}

static uint64_t tables_missing(const struct p2m *p2m, uint64_t gfn,
                               uint64_t nr)
{
    uint64_t missing = 0;

    for ( unsigned int level = 0; level < LEVELS - 1; level++ )
        for ( uint64_t g = gfn & ~(reach(level) - 1); g < gfn + nr;
              g += reach(level) )
            missing += !table_at(p2m, g, level);
    return missing;
}

static void make_path(struct p2m *p2m, uint64_t gfn)
{
    uint64_t *table = page_to_virt(p2m->root);

    for ( unsigned int level = LEVELS - 1; level > 0; level-- )
    {
        uint64_t *pte = &table[index_of(gfn, level)];

        if ( !arch_pte_present(*pte) )
            store_release(pte, arch_pte_table(page_to_mfn(p2m_pool_take(p2m))));
        table = lower_table(*pte);
    }
}

int p2m_pt_make(struct p2m *p2m, uint64_t gfn, uint64_t nr)
{
    ASSERT(nr && gfn + nr <= P2M_GFN_LIMIT);
    if ( tables_missing(p2m, gfn, nr) > p2m_pool_free(p2m) )
        return -ENOMEM;
    for ( uint64_t g = gfn & ~(reach(0) - 1); g < gfn + nr; g += reach(0) )
        make_path(p2m, g);
    return 0;
}

bool p2m_pt_next(const struct p2m *p2m, uint64_t *gfn)
{
    unsigned int level, i;

    while ( *gfn < P2M_GFN_LIMIT )
    {
        const uint64_t *table = page_to_virt(p2m->root);

        for ( level = LEVELS - 1;; level-- )
        {
            uint64_t base = *gfn & ~(reach(level) - 1);

            for ( i = index_of(*gfn, level); i < NR_ENTRIES; i++ )
                if ( arch_pte_present(table[i]) )
                    break;
            if ( i != index_of(*gfn, level) )
                *gfn = base + ((uint64_t)i << (level * LEVEL_BITS));
            if ( i == NR_ENTRIES )
                break; /* *gfn is where the next table begins */
            if ( level == 0 )
                return true;
            table = lower_table(table[i]);
        }
    }
    return false;
}

struct page *p2m_pt_unlink_one(struct p2m *p2m)
{
    uint64_t *table = page_to_virt(p2m->root), *found = NULL;
    mfn_t mfn = INVALID_MFN;

    for ( unsigned int level = LEVELS - 1; level > 0; level-- )
    {
        unsigned int i;

        for ( i = 0; i < NR_ENTRIES; i++ )
            if ( arch_pte_present(table[i]) )
                break;
        if ( i == NR_ENTRIES )
            break;
        found = &table[i];
        mfn = arch_pte_mfn(table[i]);
        table = lower_table(table[i]);
    }
    if ( !found )
        return NULL;
    WRITE_ONCE(*found, arch_pte_make(INVALID_MFN, P2M_NONE));
    return mfn_to_page(mfn);
}

/* No deeper than LEVELS. */
static void walk_tables(const uint64_t *table, unsigned int level,
                        void (*fn)(mfn_t table, enum page_holder holder))
{
    for ( unsigned int i = 0; level && i < NR_ENTRIES; i++ )
        if ( arch_pte_present(table[i]) )
        {
            fn(arch_pte_mfn(table[i]), HOLD_TABLE);
            walk_tables(lower_table(table[i]), level - 1, fn);
        }
}

void p2m_pt_for_each_table(const struct p2m *p2m,
                           void (*fn)(mfn_t table, enum page_holder holder))
{
    fn(page_to_mfn(p2m->root), HOLD_TABLE);
    walk_tables(page_to_virt(p2m->root), LEVELS - 1, fn);
}
