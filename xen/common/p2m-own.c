/* SPDX-License-Identifier: MIT */
/*
 * Frames that a domain names by its own frame number: found and referenced in
 * one step; claimed, when the hypervisor trusts their content; and moved.
 *
 * A claim succeeds only if the p2m entry holds the sole reference on the page;
 * the claimer then removes the entry, so the guest cannot reach the page. Until
 * that removal other lookups at the gfn see that the page is claimed and take
 * no reference.  Claims and lookups are serialised by the p2m lock.  A device
 * model may map a claimed page.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

#include "p2m-private.h"

struct page *p2m_get_frame(struct domain *d, uint64_t frame, enum p2m_type *t)
{
    struct page *pg;

    if ( d->translated )
        pg = p2m_get_page(d, _gfn(frame), t);
    else
    {
        *t = P2M_RAM_RW;
        pg = NULL;
        if ( mfn_valid(_mfn(frame)) )
            pg = mfn_to_page(_mfn(array_index(frame, nr_frames)));
        if ( pg && !page_get(pg, d) )
            pg = NULL;
    }
    if ( pg && (pg->owner != d || !p2m_is_ram(*t) || page_is_claimed(pg)) )
    {
        page_put(pg);
        pg = NULL;
    }
    return pg;
}

struct page *p2m_get_own_page(struct domain *d, uint64_t frame)
{
    enum p2m_type t;
    struct page *pg = p2m_get_frame(d, frame, &t);

    if ( pg && (t != P2M_RAM_RW || (pg->flags & PAGE_EXTRA) ||
                (d->pv && !pv_get_writable(pg))) )
    {
        page_put(pg);
        pg = NULL;
    }
    return pg;
}

void p2m_put_own_page(struct page *pg)
{
    if ( pg->owner->pv )
        pv_put_writable(pg);
    page_put(pg);
}

/*
 * The page at gfn if it may be claimed or moved: own memory of one of these
 * types and not PAGE_EXTRA; else NULL.  Lock held.
 */
static struct page *find_own(struct domain *d, gfn_t gfn, unsigned int types)
{
    struct page *pg = NULL;
    struct p2m_entry e;
    unsigned int level;

    e = p2m_pt_get(&d->p2m, gfn_x(gfn), &level);
    if ( e.type == P2M_POD )
        e = p2m_pod_fill(&d->p2m, gfn_x(gfn));
    if ( p2m_is_ram(e.type) && (types & p2m_type_bit(e.type)) )
        pg = mfn_to_page(e.mfn);
    return pg && !(pg->flags & PAGE_EXTRA) ? pg : NULL;
}

int p2m_claim_page(struct domain *d, gfn_t gfn, struct page **pgp)
{
    struct p2m *p2m = &d->p2m;
    struct page *pg;
    int rc = -EINVAL;

    if ( !p2m_in_range(p2m, gfn_x(gfn)) )
        return -EINVAL;
    spin_lock(&p2m->lock);
    pg = find_own(d, gfn, p2m_type_bit(P2M_RAM_RW));
    if ( pg && !domain_is_dying(d) )
        rc = p2m_pt_make(p2m, gfn_x(gfn), 0, 1, 0);
    if ( !rc && READ_ONCE(pg->refs) != 1 )
        rc = -EBUSY;
    if ( !rc )
    {
        page_get_more(pg);
        WRITE_ONCE(pg->claimed, true);
        *pgp = pg;
    }
    spin_unlock(&p2m->lock);
    return rc;
}

void p2m_unclaim_page(struct page *pg)
{
    ASSERT(page_is_claimed(pg));
    WRITE_ONCE(pg->claimed, false);
}

/* Make the tables for both gfns: the move cannot fail then.  Lock held. */
static int make_both(struct domain *d, gfn_t from, gfn_t to)
{
    int rc;

    if ( domain_is_dying(d) )
        return -EINVAL;
    rc = p2m_pt_make(&d->p2m, gfn_x(from), 0, 1, 0);
    return rc ? rc : p2m_pt_make(&d->p2m, gfn_x(to), 0, 1, 0);
}

int p2m_move(struct domain *d, gfn_t from, gfn_t to, unsigned int over)
{
    const struct p2m_entry none = { INVALID_MFN, P2M_NONE, false };
    struct p2m *p2m = &d->p2m;
    struct p2m_entry old = none;
    unsigned int level;
    struct page *pg;
    int rc;

    if ( !p2m_in_range(p2m, gfn_x(from)) || !p2m_in_range(p2m, gfn_x(to)) )
        return -EINVAL;
    spin_lock(&p2m->lock);
    pg = find_own(d, from, ~0U);
    if ( !pg || page_is_claimed(pg) )
        rc = -EINVAL;
    else if ( gfn_eq(from, to) )
        rc = 0;
    else
    {
        old = p2m_pt_get(p2m, gfn_x(to), &level);
        rc = over & p2m_type_bit(old.type) ? make_both(d, from, to) : -EBUSY;
    }
    if ( !rc && !gfn_eq(from, to) )
    {
        p2m_pt_put(p2m, gfn_x(from), none);
        p2m_pt_put(p2m, gfn_x(to),
                   p2m_entry(page_to_mfn(pg), P2M_RAM_RW));
        p2m->max_gfn = max(p2m->max_gfn, gfn_x(to));
    }
    spin_unlock(&p2m->lock);
    if ( rc || gfn_eq(from, to) )
        return rc;

    arch_p2m_flush(d, from, 1);
    p2m_forget(d, to, old);
    return 0;
}
