/* SPDX-License-Identifier: MIT */
/*
 * The tables of a p2m: four levels of 512 entries, 36 bits of frame number.
 *
 * Level 0 tables hold the entries of single gfns.  An entry above level 0 is
 * empty, or the address of a table of the level below, or a leaf: at level 1
 * for 512 frames in a row (2 MiB), at level 2 for 512 times that (1 GiB).  A
 * leaf is split into a table of smaller leaves when one of these is to change;
 * p2m_pt_exchange() replaces a table by a leaf.  Otherwise a table exists from
 * the first entry that needed the table until the domain dies.  The machine
 * defines the encoding of an entry.
 *
 * The machine's page walker may read the tables at any time: an entry is
 * written with one store, and a table is complete before an entry points to it.
 */
#include <hv/atomic.h>
#include <hv/lib.h>

#include <asm/p2m.h>

#include "p2m-private.h"

#define LEVELS 4
#define NR_ENTRIES (1U << P2M_LEVEL_BITS)

_Static_assert(P2M_GFN_LIMIT == 1UL << (LEVELS * P2M_LEVEL_BITS),
               "the tables hold every frame number");
_Static_assert(NR_ENTRIES * sizeof(uint64_t) == PAGE_SIZE,
               "a table is one page");

static unsigned int index_of(uint64_t gfn, unsigned int level)
{
    return (gfn >> (level * P2M_LEVEL_BITS)) % NR_ENTRIES;
}

/* How many frame numbers one table of this level covers. */
static uint64_t reach(unsigned int level)
{
    return p2m_span(level + 1);
}

static uint64_t *lower_table(uint64_t pte)
{
    return arch_mfn_to_virt(arch_pte_mfn(pte));
}

static uint64_t make_leaf(struct p2m_entry e, unsigned int level)
{
    uint64_t pte = arch_pte_make(e.mfn, e.type);

    if ( unlikely(e.clean) )
        pte = arch_pte_make_clean(pte, e.clean);
    return level ? arch_pte_make_large(pte) : pte;
}

static bool is_table(uint64_t pte, unsigned int level)
{
    return level && arch_pte_present(pte) && !arch_pte_large(pte);
}

/* The entry of gfn, which a present leaf of this level covers. */
static struct p2m_entry leaf_entry(uint64_t pte, uint64_t gfn,
                                   unsigned int level)
{
    return (struct p2m_entry){
        mfn_add(arch_pte_mfn(pte), gfn & (p2m_span(level) - 1)),
        arch_pte_type(pte),
        arch_pte_clean(pte),
    };
}

/*
 * Walk the tables towards gfn as far as they go, at most down to level `stop`.
 * Returns the entry reached there; *level gets its level.
 */
static uint64_t *walk(const struct p2m *p2m, uint64_t gfn, unsigned int stop,
                      unsigned int *level)
{
    uint64_t *pte = page_to_virt(p2m->root);

    ASSERT(spin_is_mine(&p2m->lock) && gfn < P2M_GFN_LIMIT);
    *level = LEVELS - 1;
    for ( pte += index_of(gfn, *level);
          *level > stop && is_table(*pte, *level);
          pte = lower_table(*pte) + index_of(gfn, *level) )
        --*level;
    return pte;
}

/* Lookups often go from gfn to gfn: try the last level 0 table first. */
uint64_t *p2m_pt_find(struct p2m *p2m, uint64_t gfn, unsigned int *level)
{
    uint64_t *pte;

    ASSERT(spin_is_mine(&p2m->lock));
    if ( likely(p2m->near && p2m->near_at == gfn >> P2M_LEVEL_BITS) )
    {
        *level = 0;
        return p2m->near + index_of(gfn, 0);
    }
    pte = walk(p2m, gfn, 0, level);
    if ( !*level )
    {
        p2m->near = pte - index_of(gfn, 0);
        p2m->near_at = gfn >> P2M_LEVEL_BITS;
    }
    return pte;
}

bool p2m_pt_any(const struct p2m *p2m, uint64_t gfn, unsigned int level)
{
    unsigned int at;

    return arch_pte_present(*walk(p2m, gfn, level, &at));
}

/* Called before a table is removed, which p2m->near may point to. */
static void forget_near(struct p2m *p2m)
{
    p2m->near = NULL;
}

/* inline: in each lookup, also of other files; the linker may put it there. */
inline struct p2m_entry p2m_pt_entry(uint64_t pte, uint64_t gfn, unsigned int level)
{
    if ( arch_pte_present(pte) )
        return leaf_entry(pte, gfn, level);
    return (struct p2m_entry){ INVALID_MFN, arch_pte_type(pte), 0 };
}

inline struct p2m_entry p2m_pt_get(struct p2m *p2m, uint64_t gfn,
                            unsigned int *level)
{
    uint64_t pte = *p2m_pt_find(p2m, gfn, level);

    return p2m_pt_entry(pte, gfn, *level);
}

static bool is_own(uint64_t pte)
{
    return arch_pte_present(pte) && p2m_is_ram(arch_pte_type(pte));
}

/* What was looked up before is not to be used again. */
static void next_generation(struct p2m *p2m, bool removal)
{
    WRITE_ONCE(p2m->generation, p2m->generation + 1);
    if ( removal )
        WRITE_ONCE(p2m->removals, p2m->removals + 1);
}

/* An entry of level 0 that was `old` gets this type. */
static inline void count_pod(struct p2m *p2m, uint64_t old, enum p2m_type t)
{
    bool was = arch_pte_type(old) == P2M_POD, is = t == P2M_POD;

    if ( likely(was == is) )
        return;
    ASSERT(is || p2m->pod.entries);
    WRITE_ONCE(p2m->pod.entries, p2m->pod.entries + is - was);
}

void p2m_pt_write(struct p2m *p2m, uint64_t *pte, struct p2m_entry e)
{
    if ( is_own(*pte) )
        next_generation(p2m, true);
    log_dirty_new(p2m, e.type, 1);
    count_pod(p2m, *pte, e.type);
    WRITE_ONCE(*pte, make_leaf(e, 0));
}

void p2m_pt_set_clean(struct p2m *p2m, uint64_t *pte, unsigned int clean)
{
    uint64_t dirty = arch_pte_make(arch_pte_mfn(*pte), arch_pte_type(*pte));

    ASSERT(spin_is_mine(&p2m->lock) && is_own(*pte));
    if ( arch_pte_large(*pte) )
        dirty = arch_pte_make_large(dirty);
    if ( clean && !arch_pte_clean(*pte) )
        next_generation(p2m, false);
    WRITE_ONCE(*pte, clean ? arch_pte_make_clean(dirty, clean) : dirty);
}

void p2m_pt_put(struct p2m *p2m, uint64_t gfn, struct p2m_entry e)
{
    unsigned int level;
    uint64_t *pte = p2m_pt_find(p2m, gfn, &level);

    ASSERT(!level || (e.type == P2M_NONE && !arch_pte_present(*pte)));
    if ( !level )
        p2m_pt_write(p2m, pte, e);
}

/* ---- making tables ---- */

unsigned int p2m_pt_fit(uint64_t gfn, uint64_t mfn, uint64_t nr,
                        unsigned int most)
{
    unsigned int level = most;

    while ( level && (((gfn | mfn) & (p2m_span(level) - 1)) ||
                      nr < p2m_span(level)) )
        level--;
    return level;
}

/*
 * p2m_pt_fit(), and in *step how many frames from gfn on are mapped by entries
 * of that level in one table.
 */
static unsigned int fit_step(uint64_t gfn, uint64_t mfn, uint64_t nr,
                             unsigned int most, uint64_t *step)
{
    unsigned int level = p2m_pt_fit(gfn, mfn, nr, most);

    *step = level ? p2m_span(level) : min(nr, reach(0) - gfn % reach(0));
    return level;
}

static uint64_t tables_missing(const struct p2m *p2m, uint64_t gfn,
                               uint64_t mfn, uint64_t nr, unsigned int most)
{
    uint64_t missing = 0, step, counted[LEVELS] = { ~0UL, ~0UL, ~0UL, ~0UL };

    for ( ; nr; gfn += step, mfn += step, nr -= step )
        for ( unsigned int level = fit_step(gfn, mfn, nr, most, &step), at;
              level < LEVELS - 1 && counted[level] != gfn / reach(level);
              level++ )
        {
            counted[level] = gfn / reach(level);
            walk(p2m, gfn, level, &at);
            missing += at > level;
        }
    return missing;
}

/* Replace the entry at pte by a table of entries that mean the same. */
static void make_table(struct p2m *p2m, uint64_t *pte, unsigned int level)
{
    struct page *pg = p2m_pool_take(p2m);
    uint64_t *table = page_to_virt(pg), step = p2m_span(level - 1);

    for ( unsigned int i = 0; arch_pte_present(*pte) && i < NR_ENTRIES; i++ )
        table[i] = make_leaf(leaf_entry(*pte, i * step, level), level - 1);
    store_release(pte, arch_pte_table(page_to_mfn(pg)));
}

int p2m_pt_make(struct p2m *p2m, uint64_t gfn, uint64_t mfn, uint64_t nr,
                unsigned int most)
{
    unsigned int found;
    uint64_t step;

    ASSERT(nr && gfn + nr <= P2M_GFN_LIMIT);
    /* The common case: one gfn, whose table exists. */
    if ( nr == 1 && (p2m_pt_find(p2m, gfn, &found), !found) )
        return 0;
    if ( tables_missing(p2m, gfn, mfn, nr, most) > p2m_pool_free(p2m) )
        return -ENOMEM;
    for ( ; nr; gfn += step, mfn += step, nr -= step )
    {
        unsigned int level = fit_step(gfn, mfn, nr, most, &step), at;
        uint64_t *pte;

        while ( pte = walk(p2m, gfn, level, &at), at > level )
            make_table(p2m, pte, at);
    }
    return 0;
}

/* ---- large entries ---- */

uint64_t p2m_pt_exchange(struct p2m *p2m, uint64_t gfn, unsigned int level,
                         struct p2m_entry e)
{
    uint64_t *pte, old;
    unsigned int at;

    pte = walk(p2m, gfn, level, &at);
    ASSERT(level && at == level);
    forget_near(p2m);
    log_dirty_new(p2m, e.type, p2m_span(level));
    old = atomic_xchg(pte, e.type == P2M_NONE ? 0 : make_leaf(e, level));
    if ( !arch_pte_present(old) )
        return 0;
    next_generation(p2m, true);
    return old;
}

/* Recursion no deeper than LEVELS. */
uint64_t p2m_pt_drop(uint64_t pte, unsigned int level, struct list *tables)
{
    uint64_t pods = !level && arch_pte_type(pte) == P2M_POD;

    if ( is_table(pte, level) )
    {
        uint64_t *table = lower_table(pte);

        for ( unsigned int i = 0; i < NR_ENTRIES; i++ )
            pods += p2m_pt_drop(table[i], level - 1, tables);
        memset(table, 0, PAGE_SIZE);
        list_add_tail(&mfn_to_page(arch_pte_mfn(pte))->link, tables);
    }
    else if ( arch_pte_present(pte) && p2m_has_page(arch_pte_type(pte)) )
        for ( uint64_t i = 0; i < p2m_span(level); i++ )
            page_put(mfn_to_page(leaf_entry(pte, i, level).mfn));
    return pods;
}

/* ---- all of them ---- */

/* Move *i to the first present entry; each entry costs one of *left. */
static bool find_present(const uint64_t *table, unsigned int *i,
                         unsigned int *left)
{
    for ( ; *i < NR_ENTRIES && *left; ++*i )
    {
        --*left;
        if ( arch_pte_present(table[*i]) )
            return true;
    }
    return false;
}

bool p2m_pt_next(const struct p2m *p2m, uint64_t *gfn, uint64_t end,
                 unsigned int *left)
{
    while ( *gfn < end && *left )
    {
        const uint64_t *table = page_to_virt(p2m->root);

        for ( unsigned int level = LEVELS - 1;; level-- )
        {
            unsigned int first = index_of(*gfn, level), i = first;
            bool found = find_present(table, &i, left);

            if ( i != first )
                *gfn = (*gfn & ~(reach(level) - 1)) + i * p2m_span(level);
            if ( !found || *gfn >= end )
                break; /* go on from *gfn, perhaps in the next table */
            if ( !is_table(table[i], level) )
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
        ASSERT(is_table(table[i], level));
        found = &table[i];
        mfn = arch_pte_mfn(table[i]);
        table = lower_table(table[i]);
    }
    if ( !found )
        return NULL;
    forget_near(p2m);
    WRITE_ONCE(*found, arch_pte_make(INVALID_MFN, P2M_NONE));
    return mfn_to_page(mfn);
}

/* ---- audit ---- */

/* Tables are nearly empty: the first entry from i on that is not 0. */
static unsigned int next_used(const uint64_t *table, unsigned int i)
{
    while ( i < NR_ENTRIES && !table[i] )
        i++;
    return i;
}

/* Recursion no deeper than LEVELS. */
static void visit(const uint64_t *table, uint64_t first, unsigned int level,
                  const struct p2m_visitor *to, void *arg)
{
    for ( unsigned int i = next_used(table, 0); i < NR_ENTRIES;
          i = next_used(table, i + 1) )
    {
        uint64_t gfn = first + i * p2m_span(level), pte = table[i];

        if ( is_table(pte, level) )
        {
            to->table(mfn_to_page(arch_pte_mfn(pte)), gfn, level - 1, arg);
            visit(lower_table(pte), gfn, level - 1, to, arg);
        }
        else
            to->entry(p2m_pt_entry(pte, gfn, level), gfn, level, arg);
    }
}

void p2m_pt_visit(const struct p2m *p2m, const struct p2m_visitor *to, void *arg)
{
    to->table(p2m->root, 0, LEVELS - 1, arg);
    visit(page_to_virt(p2m->root), 0, LEVELS - 1, to, arg);
}
