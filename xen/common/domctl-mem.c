/* SPDX-License-Identifier: MIT */
/*
 * domctl operations on a domain's memory limit and its paging pool.
 *
 * Setting the pool's size gives way and starts again with the same target:
 * progress is in the pool itself.
 */
#include <hv/lib.h>

#include "domctl-private.h"

#define MB_PAGES (1UL << (20 - PAGE_SHIFT))

long domctl_max_mem(struct domctl *c)
{
    uint64_t pages = c->op.u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    /* ABI: clients expect a number of pages that fits 32 bits. */
    spin_lock(&c->d->page_lock);
    c->d->max_pages = min(pages, (uint64_t)UINT32_MAX);
    spin_unlock(&c->d->page_lock);
    return 0;
}

static uint64_t pool_pages(struct domain *d)
{
    uint64_t pages;

    spin_lock(&d->p2m.lock);
    pages = d->p2m.pool_pages;
    spin_unlock(&d->p2m.lock);
    return pages;
}

static long set_pool(struct domain *d, uint64_t pages)
{
    if ( d == current_domain || domain_is_dying(d) )
        return -EINVAL;
    if ( pages > UINT32_MAX )
        return -ERANGE;
    return p2m_pool_resize(d, (unsigned int)pages);
}

long domctl_get_mempool(struct domctl *c)
{
    if ( !c->d->translated )
        return -EOPNOTSUPP;
    c->op.u.paging_mempool.size = pool_pages(c->d) << PAGE_SHIFT;
    c->copyback = true;
    return 0;
}

long domctl_set_mempool(struct domctl *c)
{
    uint64_t size = c->op.u.paging_mempool.size;

    if ( !c->d->translated )
        return -EOPNOTSUPP;
    if ( size & ~PAGE_MASK )
        return -EINVAL;
    return set_pool(c->d, size >> PAGE_SHIFT);
}

/* The pool under its older name.  There is no log of dirty pages. */
long domctl_shadow_op(struct domctl *c)
{
    struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    long rc = 0;

    if ( !c->d->translated || c->d == current_domain )
        return -EINVAL;
    switch ( op->op )
    {
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        rc = set_pool(c->d, op->mb * MB_PAGES);
        break;
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        break;
    default:
        return -EOPNOTSUPP;
    }
    if ( !rc )
    {
        op->mb = (uint32_t)DIV_ROUND_UP(pool_pages(c->d), MB_PAGES);
        c->copyback = true;
    }
    return rc;
}
