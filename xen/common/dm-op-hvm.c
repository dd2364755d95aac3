/* SPDX-License-Identifier: MIT */
/*
 * The device model operations that are not about ioreq servers: memory,
 * interrupts, shutting down.
 */
#include "dm-op-private.h"

#include <hv/guest-access.h>
#include <hv/hvm-irq.h>
#include <hv/hypercall.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>

/*
 * Check for preemption after this many frames: each is a flush, which looks at
 * all vcpus.
 */
#define BATCH 32
#define MARK_BATCH 256 /* no flush */

/* ---- memory ---- */

#define MAX_VRAM_FRAMES (1U << (30 - PAGE_SHIFT)) /* 1 GiB */

/* Copy a harvest of the range to buffer 1. */
static int report_dirty(struct dm_op *x)
{
    const struct xen_dm_op_track_dirty_vram *a = &x->op.u.track_dirty_vram;
    uint8_t bits[LOG_DIRTY_STEP / 8];
    uint64_t at, nr;

    for ( ;; )
    {
        int rc = log_dirty_harvest(x->d, a->first_pfn, a->nr, &at, &nr, bits);

        if ( rc || !nr )
            return rc;
        if ( guest_copy_out(handle_addr(x->buf[1].h) + at / 8, bits,
                            DIV_ROUND_UP(nr, 8)) )
            return -EFAULT;
        if ( hypercall_preempt_check() )
            return -ERESTART; /* the harvest itself knows where to go on */
    }
}

int dm_op_track_dirty_vram(struct dm_op *x)
{
    const struct xen_dm_op_track_dirty_vram *a = &x->op.u.track_dirty_vram;
    int rc;

    if ( a->pad || x->nr_bufs < 2 || a->nr > MAX_VRAM_FRAMES )
        return -EINVAL;
    if ( domain_is_dying(x->d) )
        return -ESRCH;
    if ( !domain_vcpu(x->d, 0) || DIV_ROUND_UP(a->nr, 8) > x->buf[1].size ||
         a->first_pfn > P2M_GFN_LIMIT - a->nr )
        return -EINVAL;

    rc = log_dirty_set_range(x->d, a->first_pfn, a->nr);
    if ( rc || !a->nr )
        return rc;
    rc = report_dirty(x);
    if ( rc && rc != -ERESTART )
        log_dirty_renew(x->d); /* the report is lost */
    return rc;
}

/* One extent, from frame a->opaque on; -ERESTART with the progress there. */
static int mark_extent(struct dm_op *x,
                       const struct xen_dm_op_modified_memory_extent *e)
{
    struct xen_dm_op_modified_memory *a = &x->op.u.modified_memory;

    if ( e->pad || !e->nr || e->first_pfn > P2M_GFN_LIMIT - e->nr ||
         e->first_pfn + e->nr - 1 > p2m_max_gfn(x->d) || a->opaque >= e->nr )
        return -EINVAL;
    while ( a->opaque < e->nr )
    {
        /* An extent may be all of the address space: only the range counts. */
        uint64_t gfn = log_dirty_next(x->d, e->first_pfn + a->opaque);

        if ( gfn >= e->first_pfn + e->nr )
            break;
        a->opaque = (uint32_t)(gfn - e->first_pfn);
        for ( unsigned int i = 0; i < MARK_BATCH && a->opaque < e->nr; i++ )
            log_dirty_mark(x->d, e->first_pfn + a->opaque++);
        if ( a->opaque < e->nr && hypercall_preempt_check() )
            return -ERESTART;
    }
    a->opaque = 0;
    return 0;
}

/* The extents are done from the last one on, as Xen does them. */
int dm_op_modified_memory(struct dm_op *x)
{
    struct xen_dm_op_modified_memory *a = &x->op.u.modified_memory;
    struct xen_dm_op_modified_memory_extent e;
    int rc;

    if ( x->nr_bufs != 2 )
        return -EINVAL;
    if ( !log_dirty_is_on(x->d) )
        return 0;
    if ( x->buf[1].size / sizeof(e) < a->nr_extents )
        return -EINVAL;
    while ( a->nr_extents )
    {
        if ( guest_copy_in(&e, handle_addr(x->buf[1].h) +
                               (a->nr_extents - 1) * sizeof(e), sizeof(e)) )
            return -EFAULT;
        rc = mark_extent(x, &e);
        if ( rc )
            return rc;
        if ( --a->nr_extents && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

int dm_op_set_mem_type(struct dm_op *x)
{
    struct xen_dm_op_set_mem_type *a = &x->op.u.set_mem_type;
    uint64_t last = a->first_pfn + a->nr - 1;
    bool hap = x->d->config.flags & XEN_DOMCTL_CDF_hap;

    if ( a->pad || a->first_pfn > last || last > p2m_max_gfn(x->d) )
        return -EINVAL;
    if ( a->mem_type == HVMMEM_ioreq_server && !hap )
        return -EOPNOTSUPP;

    for ( unsigned int done = 1; a->nr; done++ )
    {
        int rc = ioreq_set_mem_type(x->d, _gfn(a->first_pfn), a->mem_type);

        if ( rc )
            return rc;
        a->first_pfn++;
        a->nr--;
        if ( done % BATCH == 0 && a->nr && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

int dm_op_relocate_memory(struct dm_op *x)
{
    struct xen_dm_op_relocate_memory *a = &x->op.u.relocate_memory;

    if ( a->pad )
        return -EINVAL;
    for ( unsigned int done = 1; a->size; done++ )
    {
        int rc = p2m_move(x->d, _gfn(a->src_gfn), _gfn(a->dst_gfn), ~0U);

        if ( rc )
            return rc;
        a->src_gfn++;
        a->dst_gfn++;
        a->size--;
        if ( done % BATCH == 0 && a->size && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

/*
 * Frames of a domain without devices of its own are cached whatever their
 * type says: nothing is to be remembered.
 */
int dm_op_pin_memory_cacheattr(struct dm_op *x)
{
    const struct xen_dm_op_pin_memory_cacheattr *a =
        &x->op.u.pin_memory_cacheattr;

    if ( a->pad || a->start > a->end || a->end >= P2M_GFN_LIMIT )
        return -EINVAL;
    switch ( a->type )
    {
    case XEN_DMOP_MEM_CACHEATTR_UC:
    case XEN_DMOP_MEM_CACHEATTR_WC:
    case XEN_DMOP_MEM_CACHEATTR_WT:
    case XEN_DMOP_MEM_CACHEATTR_WP:
    case XEN_DMOP_MEM_CACHEATTR_WB:
    case XEN_DMOP_MEM_CACHEATTR_UCM:
    case XEN_DMOP_DELETE_MEM_CACHEATTR:
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- interrupts ---- */

int dm_op_set_pci_intx_level(struct dm_op *x)
{
    const struct xen_dm_op_set_pci_intx_level *a =
        &x->op.u.set_pci_intx_level;

    if ( a->level > 1 || a->domain || a->bus || a->device > 31 || a->intx > 3 )
        return -EINVAL;
    return arch_set_pci_intx(x->d, a->device, a->intx, a->level);
}

int dm_op_set_isa_irq_level(struct dm_op *x)
{
    const struct xen_dm_op_set_isa_irq_level *a = &x->op.u.set_isa_irq_level;

    if ( a->isa_irq > 15 || a->level > 1 )
        return -EINVAL;
    return arch_set_isa_irq(x->d, a->isa_irq, a->level);
}

int dm_op_set_pci_link_route(struct dm_op *x)
{
    const struct xen_dm_op_set_pci_link_route *a =
        &x->op.u.set_pci_link_route;

    if ( a->link > 3 || a->isa_irq > 15 )
        return -EINVAL;
    return arch_set_pci_link(x->d, a->link, a->isa_irq);
}

int dm_op_inject_event(struct dm_op *x)
{
    const struct xen_dm_op_inject_event *a = &x->op.u.inject_event;

    if ( a->pad0 || a->pad1 || !domain_vcpu(x->d, a->vcpuid) )
        return -EINVAL;
    return -EOPNOTSUPP;
}

/*
 * With vector 0 Xen raises a pirq, the one that the address names; there are
 * none here, and no guest is told of them (XENFEAT_hvm_pirqs).
 */
#define MSI_PIRQ_LOW(address) ((uint32_t)((address) >> 12) & 0xff)
#define MSI_PIRQ_HIGH(address) ((uint32_t)((address) >> 32) & 0xffffff00)

int dm_op_inject_msi(struct dm_op *x)
{
    const struct xen_dm_op_inject_msi *a = &x->op.u.inject_msi;

    if ( a->pad )
        return -EINVAL;
    if ( !(a->data & 0xff) )
        return (int32_t)(MSI_PIRQ_LOW(a->addr) | MSI_PIRQ_HIGH(a->addr)) > 0
                   ? -EINVAL : -ERANGE;
    return arch_inject_msi(x->d, a->addr, a->data);
}

/* ---- the domain ---- */

int dm_op_remote_shutdown(struct dm_op *x)
{
    domain_shutdown(x->d, (uint8_t)x->op.u.remote_shutdown.reason);
    return 0;
}

int dm_op_nr_vcpus(struct dm_op *x)
{
    x->op.u.nr_vcpus.vcpus = x->d->max_vcpus;
    return 0;
}
