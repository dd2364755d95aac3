/* SPDX-License-Identifier: MIT */
/*
 * domctl operations on a domain's memory limit and its paging pool.
 *
 * Setting the pool's size gives way and starts again with the same target:
 * progress is in the pool itself.
 */
#include <hv/lib.h>

#include "domctl-private.h"

long domctl_max_mem(struct domctl *c)
{
    uint64_t pages = c->op.u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    /* ABI: clients expect a number of pages that fits 32 bits. */
    spin_lock(&c->d->page_lock);
    c->d->max_pages = min(pages, (uint64_t)UINT32_MAX);
    spin_unlock(&c->d->page_lock);
    return 0;
}

uint64_t domctl_pool_pages(struct domain *d)
{
    uint64_t pages;

    spin_lock(&d->p2m.lock);
    pages = d->p2m.pool_pages;
    spin_unlock(&d->p2m.lock);
    return pages;
}

long domctl_pool_set(struct domain *d, uint64_t pages)
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
    c->op.u.paging_mempool.size = domctl_pool_pages(c->d) << PAGE_SHIFT;
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
    return domctl_pool_set(c->d, size >> PAGE_SHIFT);
}
