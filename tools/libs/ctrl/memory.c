/* SPDX-License-Identifier: MIT */
/*
 * Domain memory: reservations, the physical map, limits and memory maps.
 *
 * The reservation calls report how many extents were done; their _exact
 * forms turn a short count into an error, each with the errno that its callers
 * expect.
 */
#include "private.h"

static long reservation_op(xc_interface *xch, unsigned int cmd, uint32_t domid,
                           unsigned long nr_extents, unsigned int order,
                           unsigned int mem_flags, xen_pfn_t *extents,
                           unsigned int dir)
{
    xc_hypercall_buffer_t b =
        BOUNCE(extents, nr_extents * sizeof(*extents), dir);
    ZEROED(struct xen_memory_reservation, res);
    long rc;

    res.nr_extents = nr_extents;
    res.extent_order = order;
    res.mem_flags = mem_flags;
    res.domid = domid16(domid);
    if ( bounce_in(xch, "reservation", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(res.extent_start, b.hbuf);
    rc = xc_memory_op(xch, cmd, &res, sizeof(res));
    bounce_out(xch, &b, 1);

    return rc;
}

/* The rule of the _exact forms: all extents, or -1 with short_errno. */
static int exact(xc_interface *xch, const char *what, uint32_t domid,
                 unsigned int order, long done, unsigned long wanted,
                 int short_errno)
{
    if ( done >= 0 && (unsigned long)done == wanted )
        return 0;
    if ( done < 0 )
        return -1;

    detail(xch, "%s for domain %u: %ld of %lu extents of order %u", what,
           domid, done, wanted, order);

    return fail(short_errno);
}

int xc_domain_increase_reservation(xc_interface *xch, uint32_t domid,
                                   unsigned long nr_extents,
                                   unsigned int extent_order,
                                   unsigned int mem_flags,
                                   xen_pfn_t *extent_start)
{
    /* A NULL list is allowed: the new frames are not wanted. */
    return reservation_op(xch, XENMEM_increase_reservation, domid, nr_extents,
                          extent_order, mem_flags, extent_start, BOUNCE_BOTH);
}

int xc_domain_increase_reservation_exact(xc_interface *xch, uint32_t domid,
                                         unsigned long nr_extents,
                                         unsigned int extent_order,
                                         unsigned int mem_flags,
                                         xen_pfn_t *extent_start)
{
    int done = xc_domain_increase_reservation(xch, domid, nr_extents,
                                              extent_order, mem_flags,
                                              extent_start);

    return exact(xch, "increase_reservation", domid, extent_order, done,
                 nr_extents, ENOMEM);
}

int xc_domain_decrease_reservation(xc_interface *xch, uint32_t domid,
                                   unsigned long nr_extents,
                                   unsigned int extent_order,
                                   xen_pfn_t *extent_start)
{
    if ( !extent_start )
    {
        detail(xch, "decrease_reservation for domain %u: no list", domid);
        return fail(EINVAL);
    }

    return reservation_op(xch, XENMEM_decrease_reservation, domid, nr_extents,
                          extent_order, 0, extent_start, BOUNCE_BOTH);
}

int xc_domain_decrease_reservation_exact(xc_interface *xch, uint32_t domid,
                                         unsigned long nr_extents,
                                         unsigned int extent_order,
                                         xen_pfn_t *extent_start)
{
    int done = xc_domain_decrease_reservation(xch, domid, nr_extents,
                                              extent_order, extent_start);

    return exact(xch, "decrease_reservation", domid, extent_order, done,
                 nr_extents, EINVAL);
}

int xc_domain_populate_physmap(xc_interface *xch, uint32_t domid,
                               unsigned long nr_extents,
                               unsigned int extent_order,
                               unsigned int mem_flags, xen_pfn_t *extent_start)
{
    return reservation_op(xch, XENMEM_populate_physmap, domid, nr_extents,
                          extent_order, mem_flags, extent_start, BOUNCE_BOTH);
}

int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid,
                                     unsigned long nr_extents,
                                     unsigned int extent_order,
                                     unsigned int mem_flags,
                                     xen_pfn_t *extent_start)
{
    int done = xc_domain_populate_physmap(xch, domid, nr_extents, extent_order,
                                          mem_flags, extent_start);

    return exact(xch, "populate_physmap", domid, extent_order, done,
                 nr_extents, EBUSY);
}

int xc_domain_claim_pages(xc_interface *xch, uint32_t domid,
                          unsigned long nr_pages)
{
    int rc = reservation_op(xch, XENMEM_claim_pages, domid, nr_pages, 0, 0,
                            NULL, BOUNCE_IN);

    /* A claim is an optimisation: success on a Xen without claims. */
    return rc < 0 && errno == ENOSYS ? 0 : rc;
}

/* --- the physical map ---------------------------------------------------- */

int xc_domain_add_to_physmap(xc_interface *xch, uint32_t domid,
                             unsigned int space, unsigned long idx,
                             xen_pfn_t gpfn)
{
    struct xen_add_to_physmap op = {
        .domid = domid16(domid),
        .space = space,
        .idx = idx,
        .gpfn = gpfn,
    };

    return xc_memory_op(xch, XENMEM_add_to_physmap, &op, sizeof(op));
}

int xc_domain_add_to_physmap_batch(xc_interface *xch, uint32_t domid,
                                   uint32_t foreign_domid, unsigned int space,
                                   unsigned int size, xen_ulong_t *idxs,
                                   xen_pfn_t *gpfns, int *errs)
{
    xc_hypercall_buffer_t b[] = {
        BOUNCE(idxs, size * sizeof(*idxs), BOUNCE_IN),
        BOUNCE(gpfns, size * sizeof(*gpfns), BOUNCE_IN),
        BOUNCE(errs, size * sizeof(*errs), BOUNCE_OUT),
    };
    struct xen_add_to_physmap_batch op = {
        .domid = domid16(domid),
        .space = space,
        .size = size,
        .u.foreign_domid = domid16(foreign_domid),
    };
    int rc;

    if ( bounce_in(xch, "add_to_physmap_batch", b, 3) )
        return -1;

    set_xen_guest_handle_raw(op.idxs, b[0].hbuf);
    set_xen_guest_handle_raw(op.gpfns, b[1].hbuf);
    set_xen_guest_handle_raw(op.errs, b[2].hbuf);
    rc = xc_memory_op(xch, XENMEM_add_to_physmap_batch, &op, sizeof(op));
    bounce_out(xch, b, 3);

    return rc;
}

int xc_domain_remove_from_physmap(xc_interface *xch, uint32_t domid,
                                  xen_pfn_t gpfn)
{
    ZEROED(struct xen_remove_from_physmap, op);

    op.domid = domid16(domid);
    op.gpfn = gpfn;

    return xc_memory_op(xch, XENMEM_remove_from_physmap, &op, sizeof(op));
}

int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns)
{
    struct xen_memory_domain op = { .domid = domid16(domid) };
    long rc = xc_memory_op(xch, XENMEM_maximum_gpfn, &op, sizeof(op));

    if ( rc < 0 )
        return rc;
    *gpfns = rc;

    return 0;
}

int xc_domain_nr_gpfns(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns)
{
    int rc = xc_domain_maximum_gpfn(xch, domid, gpfns);

    if ( !rc )
        ++*gpfns;

    return rc;
}

int xc_maximum_ram_page(xc_interface *xch, unsigned long *max_mfn)
{
    long rc = xc_memory_op(xch, XENMEM_maximum_ram_page, NULL, 0);

    if ( rc < 0 )
        return rc;
    *max_mfn = rc;

    return 0;
}

long xc_sharing_freed_pages(xc_interface *xch)
{
    return xc_memory_op(xch, XENMEM_get_sharing_freed_pages, NULL, 0);
}

long xc_sharing_used_frames(xc_interface *xch)
{
    return xc_memory_op(xch, XENMEM_get_sharing_shared_pages, NULL, 0);
}
