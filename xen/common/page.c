/* SPDX-License-Identifier: MIT */
/*
 * Page ownership and references: see the header for the life of a page.
 *
 * d->page_lock protects the three counts of a domain.  The count of owned
 * pages (tot + extra) going from 0 to 1 takes a reference on the domain, and
 * back to 0 drops it: a domain lives as long as any of its pages.
 */
#include "page-private.h"

#include <hv/atomic.h>
#include <hv/budget.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

/* Charge d for nr pages: false when d is dying or at its limit. */
static bool charge(struct domain *d, uint64_t nr, unsigned int flags)
{
    uint64_t *count = flags & PAGE_EXTRA ? &d->extra_pages : &d->tot_pages;
    bool ok = false, first = false;
    uint64_t limit;

    spin_lock(&d->page_lock);
    if ( domain_is_dying(d) )
        goto out;
    limit = flags & PAGE_EXTRA ? d->max_extra : d->max_pages;
    /* max_pages may have been set below tot_pages: no sum, no underflow. */
    if ( *count >= limit || nr > limit - *count )
        goto out;

    first = d->tot_pages + d->extra_pages == 0;
    *count += nr;
    ok = true;

 out:
    spin_unlock(&d->page_lock);
    if ( first )
        domain_get_more(d);
    return ok;
}

static void uncharge(struct domain *d, uint64_t nr, unsigned int flags)
{
    uint64_t *count = flags & PAGE_EXTRA ? &d->extra_pages : &d->tot_pages;
    bool last;

    spin_lock(&d->page_lock);
    ASSERT(*count >= nr);
    *count -= nr;
    last = d->tot_pages + d->extra_pages == 0;
    spin_unlock(&d->page_lock);
    if ( last )
        domain_put(d);
}

static void begin_life(struct page *pg, struct domain *d, unsigned int flags)
{
    pg->owner = d;
    WRITE_ONCE(pg->claimed, false);
    WRITE_ONCE(pg->flags, (uint8_t)flags);
    store_release(&pg->refs, 1);
}

static void clear(struct page *pg, uint64_t nr)
{
    pv_reuse(pg, nr);
    /* One by one: for a size that it knows the compiler has the best code. */
    for ( uint64_t i = 0; i < nr; i++ )
        memset(page_to_virt(pg + i), 0, PAGE_SIZE);
    budget_spend_bytes(nr << PAGE_SHIFT);
}

/* The claim that an allocation for d may use, or NULL. */
static uint64_t *claim_of(struct domain *d, unsigned int flags)
{
    return d && !(flags & PAGE_EXTRA) ? &d->outstanding_pages : NULL;
}

/* at: the first frame of the block, or INVALID_MFN for any block. */
static struct page *reserve(struct domain *d, mfn_t at, unsigned int order,
                            unsigned int flags)
{
    uint64_t nr = 1UL << order, *claim = claim_of(d, flags);
    struct page *pg;

    if ( order > MAX_ORDER || (d && !charge(d, nr, flags)) )
        return NULL;
    pg = mfn_eq(at, INVALID_MFN) ? heap_alloc_block(order, claim)
                                 : heap_alloc_at(mfn_x(at), order, claim);
    if ( !pg && d )
        uncharge(d, nr, flags);
    return pg;
}

static struct page *alloc(struct domain *d, mfn_t at, unsigned int order,
                          unsigned int flags)
{
    struct page *pg = reserve(d, at, order, flags);

    if ( !pg )
        return NULL;
    clear(pg, 1UL << order);
    for ( uint64_t i = 0; i < 1UL << order; i++ )
        begin_life(&pg[i], d, d ? flags : flags | PAGE_HV);
    return pg;
}

struct page *page_alloc(struct domain *d, unsigned int order,
                        unsigned int flags)
{
    return alloc(d, INVALID_MFN, order, flags);
}

struct page *page_alloc_at(struct domain *d, mfn_t first, unsigned int order)
{
    return alloc(d, first, order, 0);
}

struct page *page_reserve(struct domain *d, unsigned int order)
{
    return reserve(d, INVALID_MFN, order, 0);
}

struct page *page_reserve_below(struct domain *d, unsigned int order,
                                uint64_t end)
{
    struct page *pg;

    if ( end >= nr_frames )
        return page_reserve(d, order);
    if ( order > MAX_ORDER || (d && !charge(d, 1UL << order, 0)) )
        return NULL;
    pg = heap_alloc_below(end, order, claim_of(d, 0));
    if ( !pg && d )
        uncharge(d, 1UL << order, 0);
    return pg;
}

void page_begin(struct page *pg, struct domain *d)
{
    clear(pg, 1);
    begin_life(pg, d, 0);
}

void page_unreserve(struct page *pg, struct domain *d)
{
    heap_free_frame(pg);
    if ( d )
        uncharge(d, 1, 0);
}

bool page_freeze(struct page *pg)
{
    uint32_t refs = 1;

    ASSERT(pg->owner && !(pg->flags & PAGE_EXTRA));
    return atomic_cmpxchg(&pg->refs, &refs, 0);
}

void page_thaw(struct page *pg)
{
    store_release(&pg->refs, 1);
}

void page_swap(struct page *frozen, struct page *pg)
{
    struct domain *d = frozen->owner;

    frozen->owner = NULL;
    heap_free_frame(frozen);
    page_begin(pg, d);
}

int page_claim(struct domain *d, uint64_t nr)
{
    int rc = -EINVAL;

    spin_lock(&d->page_lock);
    if ( !nr )
        rc = heap_claim(&d->outstanding_pages, 0);
    /* outstanding_pages goes up with page_lock held only: no other claim. */
    else if ( !READ_ONCE(d->outstanding_pages) && nr > d->tot_pages &&
              nr <= d->max_pages && !domain_is_dying(d) )
        rc = heap_claim(&d->outstanding_pages, nr - d->tot_pages);
    spin_unlock(&d->page_lock);
    return rc;
}

int page_assign_boot(struct domain *d, mfn_t first, uint64_t nr)
{
    struct page *pg = mfn_to_page(first);

    if ( !mfn_valid(first) || nr > nr_frames - mfn_x(first) )
        return -EINVAL;
    for ( uint64_t i = 0; i < nr; i++ )
        if ( pg[i].refs || heap_has_frame(mfn_x(first) + i) )
            return -EINVAL;
    if ( nr && !charge(d, nr, 0) )
        return -ENOMEM;

    for ( uint64_t i = 0; i < nr; i++ )
        begin_life(&pg[i], d, 0);
    heap_expect(nr);
    return 0;
}

bool page_get(struct page *pg, const struct domain *d)
{
    uint32_t refs = READ_ONCE(pg->refs);

    do {
        if ( refs == 0 || refs >= PAGE_MAX_GETS )
            return false;
    } while ( !atomic_cmpxchg(&pg->refs, &refs, refs + 1) );

    if ( likely(pg->owner == d && d) )
        return true;
    page_put(pg);
    return false;
}

void page_get_more(struct page *pg)
{
    uint32_t refs = atomic_add_return(&pg->refs, 1);

    BUG_ON(refs < 2);
}

void page_put(struct page *pg)
{
    struct domain *d = pg->owner;
    unsigned int flags = pg->flags;
    uint32_t refs = atomic_sub_return(&pg->refs, 1);

    BUG_ON(refs == UINT32_MAX);
    if ( refs )
        return;

    pg->owner = NULL;
    heap_free_frame(pg);
    if ( d )
        uncharge(d, 1, flags);
}
