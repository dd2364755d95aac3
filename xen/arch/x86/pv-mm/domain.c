/* SPDX-License-Identifier: MIT */
/*
 * A PV domain's reservation, and its end.
 *
 * Each page of the reservation has WORD_OWNED, a reference for that, and is in
 * pv->owned.  A page that is released stays the domain's while entries, pins or
 * other domains refer to it, and is freed with the last of these.
 */
#include "pv-private.h"

#include <hv/heap.h>
#include <hv/hypercall.h>

#define PAGES_AT_ONCE 16 /* between two preemption checks; two puts each */

int pv_domain_create(struct domain *d)
{
    struct pv_domain *pv = new_object(struct pv_domain);

    if ( !pv )
        return -ENOMEM;
    pv->roots = new_array(struct pv_roots, d->max_vcpus);
    pv->descriptors = new_array(struct pv_descriptors, d->max_vcpus);
    if ( !pv->roots || !pv->descriptors )
    {
        hv_free(pv->descriptors);
        hv_free(pv->roots);
        hv_free(pv);
        return -ENOMEM;
    }
    spin_lock_init(&pv->lock, LOCK_PV);
    list_init(&pv->owned);
    d->pv = pv;
    return 0;
}

void pv_domain_destroy(struct domain *d)
{
    struct pv_domain *pv = d->pv;

    if ( !pv )
        return;
    ASSERT(list_empty(&pv->owned) && !pv->work.depth && !pv->nr_puts);
    spin_lock_destroy(&pv->lock);
    hv_free(pv->descriptors);
    hv_free(pv->roots);
    hv_free(pv);
    d->pv = NULL;
}

/* ---- the reservation ---- */

/*
 * Stale translations of former owners are flushed before the frame is cleared
 * and its new owner can refer to it.  False: d is dying, and its reservation may
 * have been dropped already; the frame is free again.
 */
static bool begin_frame(struct domain *d, struct page *pg)
{
    bool dying;

    pv_machine->flush_since(READ_ONCE(frame_of(pg)->stamp));
    spin_lock(&d->pv->lock);
    dying = domain_is_dying(d);
    if ( !dying )
    {
        page_begin(pg, d);
        reservation_add(d, pg);
    }
    spin_unlock(&d->pv->lock);
    if ( dying )
        page_unreserve(pg, d);
    return !dying;
}

struct page *pv_alloc_below(struct domain *d, unsigned int order,
                            unsigned int bits)
{
    struct page *pg = page_reserve_below(d, order, end_of_bits(bits));
    bool ok = pg;

    for ( uint64_t i = 0; pg && i < 1UL << order; i++ )
        ok = begin_frame(d, &pg[i]);
    return ok ? pg : NULL;
}

struct page *pv_alloc(struct domain *d, unsigned int order)
{
    return pv_alloc_below(d, order, 0);
}

/* Locked and settled.  -EINVAL: not in the reservation; else as pv_put_table(). */
static int leave(struct domain *d, struct page *pg)
{
    if ( !word_has(pg, WORD_OWNED) )
        return -EINVAL;
    reservation_del(pg);
    pv_put_later(d->pv, pg);
    return word_clear(pg, WORD_PINNED) ? pv_put_table(d, pg) : 0;
}

int pv_release(struct domain *d, mfn_t mfn, bool *done)
{
    struct page *pg;
    int rc;

    *done = false;
    if ( !mfn_valid(mfn) )
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if ( !page_get(pg, d) )
        return -EINVAL;
    rc = pv_lock_settled(d);
    if ( !rc )
    {
        rc = leave(d, pg);
        *done = rc != -EINVAL;
        pv_unlock(d);
    }
    page_put(pg);
    return rc;
}

/* ---- the end ---- */

/* Locked and settled; as pv_put_table(). */
static int drop_root(struct domain *d, struct page **root)
{
    struct page *pg = *root;

    *root = NULL;
    if ( pg )
        frame_stale(pg);
    return pg ? pv_put_table(d, pg) : 0;
}

/* Locked and settled: vcpu i has no tables any more; as pv_put_table(). */
static int drop_tables(struct domain *d, unsigned int i)
{
    struct pv_roots *r = &d->pv->roots[i];
    int rc;

    drop_descriptors(d, i);
    rc = drop_root(d, &r->kernel);
    return rc ? rc : drop_root(d, &r->user);
}

/* Locked and settled: the next pages of the reservation; as pv_put_table(). */
static int drop_pages(struct domain *d)
{
    struct list *owned = &d->pv->owned;
    int rc = 0;

    for ( unsigned int n = 0; n < PAGES_AT_ONCE && !rc && !list_empty(owned);
          n++ )
        rc = leave(d, list_entry(owned->next, struct page, link));
    return rc;
}

/* Locked and settled; as pv_put_table(). */
static int drop_part(struct domain *d, unsigned int part, bool *more)
{
    if ( part < d->max_vcpus )
        return drop_tables(d, part);
    part -= d->max_vcpus;
    if ( part < PV_RESULTS )
        return pv_drop_result(d, part);
    *more = !list_empty(&d->pv->owned);
    return drop_pages(d);
}

/*
 * The lock is dropped after each part, which puts its pages; meanwhile another
 * domain, that has this one's tables to update, may begin work.
 */
int pv_domain_relinquish(struct domain *d)
{
    bool more = true;

    for ( unsigned int part = 0; more; part++ )
    {
        bool progress;
        int rc = pv_lock_settled(d);

        if ( rc )
            return rc;
        rc = drop_part(d, part, &more);
        progress = d->pv->nr_puts;
        pv_unlock(d);
        if ( rc )
            return rc;
        /* A call that goes on finds the first parts gone. */
        if ( progress && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}
