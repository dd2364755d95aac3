/* SPDX-License-Identifier: MIT */
/*
 * Reservations: a domain gets memory, or gives some back, by extents of 2^order
 * pages.
 *
 * An extent is done whole or not at all, and the call ends at the first that
 * fails: its result is how many were done.  Both ways the tables are made
 * first, so that nothing fails half way.  Populating uses entries as large as
 * they fit; what was there before is dropped.  Giving back looks at the whole
 * extent first.
 *
 * Only translated domains have memory that is accounted by gfn.  A page belongs
 * to its p2m entry: there is no reserve of pages without a place, which is
 * what increase_reservation would make.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>
#include <hv/memory.h>

#define MAX_ORDER_CONTROL 18
#define MAX_ORDER_DOMU 9
#define LOOK_AT_ONCE 512

/* ---- one extent ---- */

static bool replaceable(enum p2m_type t)
{
    return t == P2M_NONE || t == P2M_MMIO_DM || p2m_is_ram(t);
}

static int find_kept(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    (void)d;
    if ( gfn_x(gfn) >= *(uint64_t *)arg )
        return 1;
    return replaceable(e.type) ? 0 : -EINVAL;
}

/* Another domain's or a device's frame goes by its own operations only. */
static bool may_populate(struct domain *d, uint64_t gfn, uint64_t nr)
{
    uint64_t end = gfn + nr, stop;
    int rc = 1;

    if ( gfn >= P2M_GFN_LIMIT || nr > P2M_GFN_LIMIT - gfn )
        return false;
    if ( nr == 1 ) /* no search for the next entry, however far it is */
        return replaceable(p2m_lookup(d, _gfn(gfn)).type);
    /* Step by step, for it is under the p2m lock; empty parts take no time. */
    while ( rc == 1 && gfn < end )
    {
        stop = min(end, gfn + LOOK_AT_ONCE);
        rc = p2m_for_each(d, &gfn, find_kept, &stop);
    }
    return rc >= 0;
}

static int populate_extent(struct domain *d, uint64_t gfn, unsigned int order)
{
    uint64_t nr = 1UL << order, done;
    struct page *pg;
    int rc;

    if ( !may_populate(d, gfn, nr) )
        return -EINVAL;
    pg = page_alloc(d, order, 0);
    if ( !pg )
        return -ENOMEM;
    rc = p2m_map_range(d, _gfn(gfn), page_to_mfn(pg), nr, P2M_RAM_RW, &done);
    /*
     * After some were done it fails only because d began to die, which drops
     * what it has, or somebody changes this very range at the same time.
     */
    for ( ; done < nr; done++ )
        page_put(pg + done);
    return rc;
}

static bool may_remove(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;
    struct page *pg = p2m_get_page(d, gfn, &t);
    bool ok;

    if ( !pg )
        return false;
    ok = p2m_is_ram(t) && !(pg->flags & PAGE_EXTRA);
    page_put(pg);
    return ok;
}

static int remove_extent(struct domain *d, uint64_t gfn, unsigned int order)
{
    uint64_t nr = 1UL << order;
    int rc;

    for ( uint64_t i = 0; i < nr; i++ )
        if ( !may_remove(d, _gfn(gfn + i)) )
            return -EINVAL;
    /* A large entry that must be split could not be, half way. */
    rc = p2m_prepare(d, _gfn(gfn), nr);
    for ( uint64_t i = 0; i < nr && !rc; i++ )
        rc = memory_remove_page(d, _gfn(gfn + i));
    return rc;
}

/* ---- the call ---- */

/* Is every frame of the host narrow enough? */
static bool width_ok(unsigned int mem_flags)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags);

    return bits == 0 || bits >= 64 ||
           (bits > PAGE_SHIFT && !((nr_frames - 1) >> (bits - PAGE_SHIFT)));
}

static long do_extents(struct hypercall *hc, unsigned int op, struct domain *d,
                       const struct xen_memory_reservation *r,
                       unsigned long start)
{
    for ( unsigned long i = start; i < r->nr_extents; i++ )
    {
        xen_pfn_t gfn;

        if ( i != start && hypercall_preempt_check() )
            return memory_restart(hc, i);
        if ( copy_from_handle(&gfn, r->extent_start, i, 1) ||
             (op == XENMEM_populate_physmap
                  ? populate_extent(d, gfn, r->extent_order)
                  : remove_extent(d, gfn, r->extent_order)) )
            return (long)i;
    }
    return (long)r->nr_extents;
}

long memory_reservation(struct hypercall *hc, unsigned int op, uint64_t arg,
                        unsigned long start)
{
    struct xen_memory_reservation r;
    struct domain *d;
    long rc = (long)start;

    /* Before anything was done, a start from nowhere counts for nothing. */
    if ( start > MEMOP_MAX_EXTENTS )
        return 0;
    if ( copy_from_arg(&r, arg) || r.nr_extents > MEMOP_MAX_EXTENTS ||
         start >= r.nr_extents || domain_get_any(r.domid, &d) )
        return rc;

    if ( memory_allowed(d) || !width_ok(r.mem_flags) ||
         r.extent_order > (is_control_domain(current_domain)
                               ? MAX_ORDER_CONTROL : MAX_ORDER_DOMU) )
        goto out;
    if ( op == XENMEM_increase_reservation || !d->translated )
        rc = -EOPNOTSUPP;
    else if ( op == XENMEM_decrease_reservation ||
              !(r.mem_flags & XENMEMF_populate_on_demand) )
        rc = do_extents(hc, op, d, &r, start);

 out:
    domain_put(d);
    return rc;
}
