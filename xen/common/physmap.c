/* SPDX-License-Identifier: MIT */
/*
 * physmap: mapping existing pages at a gfn of a translated domain, and
 * unmapping them.
 *
 * For each page: find the source and take a reference on it; replace the entry
 * at the gfn, unless its type is one that must stay.  The reference then
 * belongs to the entry, and the old entry's reference is dropped, which frees
 * memory that has no other reference.  A page may be mapped at several gfns;
 * only XENMAPSPACE_gmfn moves a page, in one step: p2m_move().
 */
#include <hv/domain.h>
#include <hv/grant.h>
#include <hv/guest-access.h>
#include <hv/lib.h>
#include <hv/memory.h>

/* The types that may be replaced: no device's and no other domain's frame. */
static unsigned int may_go(const struct domain *d)
{
    unsigned int over = p2m_type_bit(P2M_NONE) | p2m_type_bit(P2M_MMIO_DM) |
                        p2m_type_bit(P2M_RAM_RW) | p2m_type_bit(P2M_RAM_RO) |
                        p2m_type_bit(P2M_IOREQ) | p2m_type_bit(P2M_POD);

    /* Where a control domain has no memory, devices are mapped: replaceable. */
    if ( is_control_domain(d) )
        over |= p2m_type_bit(P2M_MMIO_DIRECT);
    return over;
}

static int why_busy(struct domain *d, gfn_t gpfn)
{
    return p2m_lookup(d, gpfn).type == P2M_MMIO_DIRECT ? -EPERM : -ENXIO;
}

/* ---- the sources ---- */

/* Each returns 0 with a reference on *pg, or -errno. */

static int get_shared_info(struct domain *d, uint64_t idx, struct page **pg)
{
    *pg = READ_ONCE(d->shared_page);
    if ( idx || !*pg || !page_get(*pg, d) )
        return -EINVAL;
    if ( d == current_domain )
        domain_latch_layout(d, guest_is_32bit());
    return 0;
}

static int get_foreign(struct domain *d, domid_t domid, uint64_t gfn,
                       struct page **pg)
{
    struct domain *fd;
    enum p2m_type t;
    int rc;

    /* DOMID_SELF would name the caller, which may be another domain than d. */
    if ( domid == DOMID_SELF )
        return -EINVAL;
    rc = domain_get_any(domid, &fd);
    if ( rc )
        return rc;
    if ( fd == d )
        rc = -EINVAL;
    if ( !rc )
        rc = domain_dm_allowed(d, fd);
    if ( !rc )
    {
        *pg = p2m_get_page(fd, _gfn(gfn), &t);
        if ( !*pg )
            rc = t == P2M_POD && p2m_pod_no_memory(fd) == -ERESTART
                     ? -ERESTART : -EINVAL;
        else if ( t != P2M_RAM_RW && t != P2M_RAM_RO )
        {
            page_put(*pg);
            rc = -EINVAL;
        }
    }
    domain_put(fd);
    return rc;
}

/* ---- one page ---- */

static int add_one(struct domain *d, unsigned int space, domid_t foreign,
                   uint64_t idx, uint64_t gpfn)
{
    struct page *pg;
    int rc;

    switch ( space )
    {
    case XENMAPSPACE_shared_info:
        rc = get_shared_info(d, idx, &pg);
        break;
    case XENMAPSPACE_grant_table:
        rc = grant_map_frame(d, idx, &pg);
        break;
    case XENMAPSPACE_gmfn:
        /* Devices reach a direct-mapped domain's memory at gfn == mfn only. */
        if ( d->direct_mapped && idx != gpfn )
            return -EINVAL;
        rc = p2m_pod_populate(d, _gfn(idx));
        if ( rc )
            return rc == -ERESTART ? rc : -EINVAL;
        rc = p2m_move(d, _gfn(idx), _gfn(gpfn), may_go(d));
        return rc == -EBUSY ? why_busy(d, _gfn(gpfn)) : rc;
    case XENMAPSPACE_gmfn_foreign:
        rc = get_foreign(d, foreign, idx, &pg);
        break;
    default:
        return -EINVAL;
    }
    if ( rc )
        return rc;

    /* On success the reference belongs to the entry. */
    rc = p2m_set_over(d, _gfn(gpfn), may_go(d), page_to_mfn(pg),
                      space == XENMAPSPACE_gmfn_foreign ? P2M_FOREIGN
                                                        : P2M_RAM_RW);
    if ( rc )
        page_put(pg);
    return rc == -EBUSY ? why_busy(d, _gfn(gpfn)) : rc;
}

/* ---- the calls ---- */

static int allowed(const struct domain *d, unsigned int space)
{
    if ( !d->translated || space == XENMAPSPACE_dev_mmio )
        return -EACCES;
    return memory_allowed(d);
}

static long add_range(struct hypercall *hc, struct domain *d,
                      const struct xen_add_to_physmap *a, unsigned long start)
{
    int rc = 0;

    if ( start > a->size )
        return -XEN_EILSEQ;
    for ( unsigned long i = start; i < a->size && !rc; i++ )
    {
        if ( i != start && hypercall_preempt_check() )
            return memory_restart(hc, i);
        rc = add_one(d, XENMAPSPACE_gmfn, DOMID_INVALID, a->idx + i,
                     a->gpfn + i);
        if ( rc == -ERESTART )
            return memory_restart(hc, i);
    }
    return rc;
}

long memory_add_to_physmap(struct hypercall *hc, uint64_t arg,
                           unsigned long start)
{
    struct xen_add_to_physmap a;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    if ( a.space == XENMAPSPACE_gmfn_foreign )
        return -ENOSYS;
    rc = domain_get_any(a.domid, &d);
    if ( rc )
        return rc;
    rc = allowed(d, a.space);
    if ( !rc )
        rc = a.space == XENMAPSPACE_gmfn_range
                 ? add_range(hc, d, &a, start)
                 : add_one(d, a.space, DOMID_INVALID, a.idx, a.gpfn);
    domain_put(d);
    return rc;
}

static long add_batch(struct hypercall *hc, struct domain *d,
                      const struct xen_add_to_physmap_batch *a,
                      unsigned long start)
{
    if ( start > a->size || (start && start == a->size) )
        return -XEN_EILSEQ;
    for ( unsigned long i = start; i < a->size; i++ )
    {
        xen_ulong_t idx;
        xen_pfn_t gpfn;
        int err;

        if ( i != start && hypercall_preempt_check() )
            return memory_restart(hc, i);
        if ( copy_from_handle(&idx, a->idxs, i, 1) ||
             copy_from_handle(&gpfn, a->gpfns, i, 1) )
            return -EFAULT;
        err = add_one(d, a->space, a->u.foreign_domid, idx, gpfn);
        if ( err == -ERESTART )
            return memory_restart(hc, i);
        if ( copy_to_handle(a->errs, i, &err, 1) )
            return -EFAULT;
    }
    return 0;
}

long memory_add_to_physmap_batch(struct hypercall *hc, uint64_t arg,
                                 unsigned long start)
{
    struct xen_add_to_physmap_batch a;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    if ( a.space == XENMAPSPACE_gmfn_range )
        return -EOPNOTSUPP;
    rc = domain_get_any(a.domid, &d);
    if ( rc )
        return rc;
    rc = allowed(d, a.space);
    if ( !rc )
        rc = add_batch(hc, d, &a, start);
    domain_put(d);
    return rc;
}

/*
 * As in Xen this may remove the entry of a grant mapping: GNTTABOP_unmap then
 * fails, and the pin is dropped when the domain dies.
 */
long memory_remove_from_physmap(uint64_t arg)
{
    struct xen_remove_from_physmap r;
    struct domain *d;
    struct page *pg;
    long rc;

    if ( copy_from_arg(&r, arg) )
        return -EFAULT;
    rc = domain_get_any(r.domid, &d);
    if ( rc )
        return rc;
    rc = memory_allowed(d);
    if ( !rc )
    {
        pg = p2m_get_page(d, _gfn(r.gpfn), NULL);
        rc = pg ? p2m_remove(d, _gfn(r.gpfn), page_to_mfn(pg)) : -ENOENT;
        if ( pg )
            page_put(pg);
    }
    domain_put(d);
    return rc;
}
