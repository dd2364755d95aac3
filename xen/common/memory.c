/* SPDX-License-Identifier: MIT */
/*
 * What the memory operations share: how an operation is preempted, the caller's
 * right to a domain, and the removal of a page from a domain.
 */
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/memory.h>

long memory_restart(struct hypercall *hc, unsigned long done)
{
    hc->a[0] = (hc->a[0] & MEMOP_CMD_MASK) | (done << MEMOP_CMD_BITS);
    return -ERESTART;
}

int memory_allowed(const struct domain *d)
{
    return d == current_domain ? 0 : domain_dm_allowed(current_domain, d);
}

int memory_remove_page(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;
    struct page *pg = p2m_get_page(d, gfn, &t);
    int rc;

    if ( !pg )
        return t == P2M_MMIO_DIRECT ? -EPERM : -EINVAL;
    if ( !p2m_is_ram(t) )
        rc = -ENXIO;
    else if ( pg->flags & PAGE_EXTRA )
        rc = -EPERM;
    else
        rc = p2m_remove(d, gfn, page_to_mfn(pg));
    page_put(pg);
    return rc;
}
