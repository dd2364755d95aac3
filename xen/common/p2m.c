/* SPDX-License-Identifier: MIT */
/*
 * The p2m: the frame that each gfn leads to.  The header says which references
 * an entry holds.
 *
 * p2m.lock protects tables, pool and counts.  An entry changes under the lock.
 * Then, without the lock, the old entry is flushed from the TLBs, and only
 * after that its reference is dropped, which may free the page and its owner.
 *
 * Frames in a row may share one entry of 2 MiB or 1 GiB.  Each frame still has
 * its own reference.  An operation on one of the frames splits the entry first,
 * and fails with -ENOMEM when the pool has no table for that.
 *
 * Dying: p2m_relinquish() takes the lock after the domain's state is DOM_DYING.
 * All that makes a table, maps a frame where there is none, or adds a page to
 * the pool checks the state under the lock first: what p2m_relinquish() has
 * emptied stays empty.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

static const struct p2m_entry none = { { ~0UL }, P2M_NONE, 0 };

int p2m_init(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    int rc;

    spin_lock_init(&p2m->lock, LOCK_P2M);
    list_init(&p2m->pool);
    p2m_pod_init(p2m);
    if ( !d->translated )
        return 0;
    rc = p2m_pool_init(d);
    if ( rc )
        return rc;
    spin_lock(&p2m->lock);
    p2m->root = p2m_pool_take(p2m);
    spin_unlock(&p2m->lock);
    return 0;
}

void p2m_destroy(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    struct page *pg;

    if ( !p2m->pool.next )
        return; /* never initialised */
    spin_lock(&p2m->lock);
    if ( p2m->root )
    {
        /* A domain that was never in the list has nothing in its p2m. */
        BUG_ON(p2m->pool_used != 1);
        p2m_pool_forget(p2m);
        page_put(p2m->root);
        p2m->root = NULL;
    }
    while ( (pg = p2m_pool_pop(p2m)) != NULL )
        page_put(pg);
    spin_unlock(&p2m->lock);
    spin_lock_destroy(&p2m->lock);
}

/* ---- looking ---- */

struct p2m_entry p2m_lookup_order(struct domain *d, gfn_t gfn,
                                  unsigned int *order)
{
    struct p2m_entry e = none;
    unsigned int level = 0;

    if ( p2m_in_range(&d->p2m, gfn_x(gfn)) )
    {
        spin_lock(&d->p2m.lock);
        e = p2m_pt_get(&d->p2m, gfn_x(gfn), &level);
        spin_unlock(&d->p2m.lock);
    }
    *order = p2m_has_frame(e.type) ? level * P2M_LEVEL_BITS : 0;
    return e;
}

struct p2m_entry p2m_lookup(struct domain *d, gfn_t gfn)
{
    unsigned int order;

    return p2m_lookup_order(d, gfn, &order);
}

/* The entry for an access, which fills a P2M_POD one.  Lock held. */
static inline struct p2m_entry get_filled(struct p2m *p2m, uint64_t gfn,
                                          unsigned int *level)
{
    struct p2m_entry e = p2m_pt_get(p2m, gfn, level);

    return likely(e.type != P2M_POD) ? e : p2m_pod_fill(p2m, gfn);
}

struct page *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t)
{
    struct page *pg = NULL;
    struct p2m_entry e = none;
    unsigned int level;

    if ( p2m_in_range(&d->p2m, gfn_x(gfn)) )
        do {
            spin_lock(&d->p2m.lock);
            e = get_filled(&d->p2m, gfn_x(gfn), &level);
            if ( p2m_has_page(e.type) )
            {
                pg = mfn_to_page(e.mfn);
                /* The entry holds a reference, so the owner stays. */
                if ( !page_get(pg, pg->owner) )
                    pg = NULL;
            }
            spin_unlock(&d->p2m.lock);
        } while ( unlikely(e.type == P2M_POD) && p2m_pod_refill(d) );
    if ( t )
        *t = e.type;
    return pg;
}

int p2m_pod_populate(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;
    struct page *pg;

    if ( !READ_ONCE(d->p2m.pod.entries) )
        return 0;
    pg = p2m_get_page(d, gfn, &t);
    if ( pg )
        page_put(pg);
    return t == P2M_POD ? p2m_pod_no_memory(d) : 0;
}

uint64_t p2m_peek_begin(struct domain *d)
{
    spin_lock(&d->p2m.lock);
    return d->p2m.generation;
}

struct p2m_entry p2m_peek(struct domain *d, gfn_t gfn)
{
    unsigned int level;

    return p2m_in_range(&d->p2m, gfn_x(gfn))
               ? get_filled(&d->p2m, gfn_x(gfn), &level) : none;
}

struct p2m_entry p2m_peek_write(struct domain *d, gfn_t gfn)
{
    struct p2m_entry e = p2m_peek(d, gfn);

    if ( unlikely(e.clean) && e.type == P2M_RAM_RW )
        e.clean = log_dirty_touch(&d->p2m, gfn_x(gfn));
    return e;
}

void p2m_peek_end(struct domain *d)
{
    spin_unlock(&d->p2m.lock);
}

uint64_t p2m_max_gfn(struct domain *d)
{
    uint64_t gfn;

    spin_lock(&d->p2m.lock);
    gfn = d->p2m.max_gfn;
    spin_unlock(&d->p2m.lock);
    return gfn;
}

int p2m_for_some(struct domain *d, uint64_t *gfn, uint64_t end,
                 p2m_visit_t *fn, void *arg)
{
    unsigned int level, left = P2M_LOOK_AT_ONCE;
    int rc = 0;

    end = min(end, P2M_GFN_LIMIT);
    if ( !d->p2m.root )
        return 0;
    spin_lock(&d->p2m.lock);
    for ( ; p2m_pt_next(&d->p2m, gfn, end, &left); ++*gfn )
    {
        rc = fn(d, _gfn(*gfn), p2m_pt_get(&d->p2m, *gfn, &level), arg);
        if ( rc )
            break;
    }
    spin_unlock(&d->p2m.lock);
    return rc || *gfn >= end ? rc : -ERESTART;
}

int p2m_for_each(struct domain *d, uint64_t *gfn, p2m_visit_t *fn, void *arg)
{
    int rc;

    do
        rc = p2m_for_some(d, gfn, P2M_GFN_LIMIT, fn, arg);
    while ( rc == -ERESTART );
    return rc;
}

/* ---- changing ---- */

void p2m_forget(struct domain *d, gfn_t gfn, struct p2m_entry old)
{
    if ( !p2m_has_frame(old.type) )
        return;
    arch_p2m_flush(d, gfn, 1);
    if ( p2m_has_page(old.type) )
        page_put(mfn_to_page(old.mfn));
}

static bool same(struct p2m_entry a, struct p2m_entry b)
{
    return a.type == b.type && (!p2m_has_frame(a.type) || mfn_eq(a.mfn, b.mfn));
}

/*
 * Write gfn's entry, which p2m_pt_find() found at pte with this level: above 0
 * tables are made first, unless an empty entry stays empty.  -EINVAL, -ENOMEM.
 */
static int put_entry(struct domain *d, gfn_t gfn, uint64_t *pte,
                     unsigned int level, struct p2m_entry old,
                     struct p2m_entry to)
{
    struct p2m *p2m = &d->p2m;
    int rc;

    if ( likely(!level) )
    {
        p2m_pt_write(p2m, pte, to);
        return 0;
    }
    if ( to.type == P2M_NONE && !p2m_has_frame(old.type) )
        return 0;
    if ( domain_is_dying(d) )
        return -EINVAL;
    rc = p2m_pt_make(p2m, gfn_x(gfn), 0, 1, 0);
    if ( !rc )
        p2m_pt_put(p2m, gfn_x(gfn), to);
    return rc;
}

/*
 * Replace gfn's entry, only if it is `from` (NULL: any entry) and its type is
 * in `types`.  keep: the new entry has the old one's frame, so take a reference
 * for the new entry before the old one's is dropped.
 */
static int change(struct domain *d, gfn_t gfn, const struct p2m_entry *from,
                  unsigned int types, struct p2m_entry to, bool keep)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_entry old;
    unsigned int level;
    uint64_t *pte;
    int rc;

    if ( !p2m_in_range(&d->p2m, gfn_x(gfn)) ||
         (to.type == P2M_MMIO_DIRECT && mfn_x(to.mfn) >= P2M_MFN_LIMIT) )
        return -EINVAL;
    ASSERT(!p2m_has_page(to.type) || mfn_valid(to.mfn));

    spin_lock(&p2m->lock);
    pte = p2m_pt_find(p2m, gfn_x(gfn), &level);
    old = p2m_pt_entry(*pte, gfn_x(gfn), level);
    if ( (from && !same(old, *from)) || !(types & p2m_type_bit(old.type)) )
        rc = -EBUSY;
    else if ( (p2m_has_frame(to.type) || to.type == P2M_POD) &&
              !p2m_has_frame(old.type) && domain_is_dying(d) )
        rc = -EINVAL;
    else
        rc = put_entry(d, gfn, pte, level, old, to);
    if ( !rc && to.type != P2M_NONE )
        p2m->max_gfn = max(p2m->max_gfn, gfn_x(gfn));
    if ( !rc && keep )
        page_get_more(mfn_to_page(to.mfn));
    spin_unlock(&p2m->lock);
    if ( !rc )
        p2m_forget(d, gfn, old);
    return rc;
}

int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    return change(d, gfn, NULL, ~0U, p2m_entry(mfn, type), false);
}

int p2m_replace(struct domain *d, gfn_t gfn, struct p2m_entry from, mfn_t mfn,
                enum p2m_type type)
{
    return change(d, gfn, &from, ~0U, p2m_entry(mfn, type), false);
}

int p2m_retype(struct domain *d, gfn_t gfn, struct p2m_entry from,
               enum p2m_type type)
{
    bool keep = p2m_has_page(type);
    mfn_t mfn = keep ? from.mfn : INVALID_MFN;

    ASSERT(!keep || p2m_has_page(from.type));
    return change(d, gfn, &from, ~0U, p2m_entry(mfn, type), keep);
}

int p2m_set_over(struct domain *d, gfn_t gfn, unsigned int types, mfn_t mfn,
                 enum p2m_type type)
{
    return change(d, gfn, NULL, types, p2m_entry(mfn, type), false);
}

int p2m_remove(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct p2m_entry old;
    unsigned int level;
    uint64_t *pte;
    int rc;

    if ( !p2m_in_range(&d->p2m, gfn_x(gfn)) )
        return -ENOENT;
    spin_lock(&d->p2m.lock);
    pte = p2m_pt_find(&d->p2m, gfn_x(gfn), &level);
    old = p2m_pt_entry(*pte, gfn_x(gfn), level);
    if ( old.type == P2M_NONE )
        rc = -ENOENT;
    else if ( !mfn_eq(mfn, INVALID_MFN) && !mfn_eq(mfn, old.mfn) )
        rc = -EINVAL;
    else
        rc = put_entry(d, gfn, pte, level, old, none);
    spin_unlock(&d->p2m.lock);
    if ( !rc )
        p2m_forget(d, gfn, old);
    return rc;
}

/* ---- the end ---- */

/* Between two preemption checks: */
#define BATCH 64         /* entries or frames */
#define TABLES_AT_ONCE 8 /* tables, each found by a walk from the root */

/*
 * Remove a large entry; the references on its frames become p2m->rest, to be
 * dropped step by step.  Lock held.
 */
static void take_large(struct p2m *p2m, uint64_t gfn, unsigned int level,
                       struct p2m_entry e)
{
    ASSERT(!p2m->rest_nr);
    (void)!p2m_pt_exchange(p2m, gfn, level, none);
    if ( p2m_has_page(e.type) )
    {
        p2m->rest_mfn = e.mfn;
        p2m->rest_nr = p2m_span(level);
    }
}

/* Drop up to BATCH references of p2m->rest; false when none was left. */
static bool drop_rest(struct p2m *p2m)
{
    uint64_t nr = min(p2m->rest_nr, (uint64_t)BATCH);

    for ( uint64_t i = 0; i < nr; i++ )
        page_put(mfn_to_page(mfn_add(p2m->rest_mfn, i)));
    p2m->rest_mfn = mfn_add(p2m->rest_mfn, nr);
    p2m->rest_nr -= nr;
    return nr;
}

/* Remove up to BATCH entries; false when nothing is left to do. */
static bool empty_some(struct domain *d)
{
    unsigned int n = 0, level = 0, left = P2M_LOOK_AT_ONCE;
    struct p2m *p2m = &d->p2m;
    struct p2m_entry old[BATCH];
    uint64_t first, gfn;

    if ( drop_rest(p2m) )
        return true;
    spin_lock(&p2m->lock);
    first = gfn = p2m->emptied;
    while ( n < BATCH && !level &&
            p2m_pt_next(p2m, &gfn, P2M_GFN_LIMIT, &left) )
    {
        old[n] = p2m_pt_get(p2m, gfn, &level);
        if ( level )
            take_large(p2m, gfn, level, old[n]);
        else
            p2m_pt_put(p2m, gfn, none);
        n += !level;
        gfn += p2m_span(level);
    }
    p2m->emptied = gfn;
    spin_unlock(&p2m->lock);

    if ( n || level )
        arch_p2m_flush(d, _gfn(first), gfn - first);
    while ( n-- )
        if ( p2m_has_page(old[n].type) )
            page_put(mfn_to_page(old[n].mfn));
    return gfn < P2M_GFN_LIMIT || p2m->rest_nr;
}

/* Free up to TABLES_AT_ONCE pages of the pool; false when none is left. */
static bool free_some(struct p2m *p2m)
{
    for ( unsigned int i = 0; i < TABLES_AT_ONCE; i++ )
    {
        struct page *pg;

        spin_lock(&p2m->lock);
        /* The root is unlinked by p2m_destroy(). */
        pg = p2m->pool_used > 1 ? p2m_pt_unlink_one(p2m) : NULL;
        if ( pg )
            p2m_pool_forget(p2m);
        else
            pg = p2m_pool_pop(p2m);
        spin_unlock(&p2m->lock);
        if ( !pg )
            return false;
        page_put(pg);
    }
    return true;
}

int p2m_relinquish(struct domain *d)
{
    ASSERT(domain_is_dying(d));
    if ( !d->p2m.root )
        return 0;
    while ( empty_some(d) )
        if ( hypercall_preempt_check() )
            return -ERESTART;
    /* d's vcpus do not run any more, so no CPU walks the tables. */
    while ( free_some(&d->p2m) )
        if ( hypercall_preempt_check() )
            return -ERESTART;
    return 0;
}
