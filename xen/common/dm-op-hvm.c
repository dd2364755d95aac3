/* SPDX-License-Identifier: MIT */
/*
 * The device model operations that are not about ioreq servers: memory,
 * interrupts, shutting down.
 */
#include "dm-op-private.h"

#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>

/*
 * Check for preemption after this many frames: each is a flush, which looks at
 * all vcpus.
 */
#define BATCH 32

/* ---- memory ---- */

#define MAX_VRAM_FRAMES (1U << (30 - PAGE_SHIFT)) /* 1 GiB */

/*
 * Without dirty logging every frame may have changed since the last call, and
 * the bitmap says so.
 */
int dm_op_track_dirty_vram(struct dm_op *x)
{
    const struct xen_dm_op_track_dirty_vram *a = &x->op.u.track_dirty_vram;
    uint8_t ones[256];
    unsigned int bytes, done = 0;

    if ( a->pad || x->nr_bufs < 2 || a->nr > MAX_VRAM_FRAMES )
        return -EINVAL;
    if ( domain_is_dying(x->d) )
        return -ESRCH;
    bytes = DIV_ROUND_UP(a->nr, 8);
    if ( !domain_vcpu(x->d, 0) || bytes > x->buf[1].size )
        return -EINVAL;

    memset(ones, 0xff, sizeof(ones));
    while ( done < bytes )
    {
        unsigned int nr = min(bytes - done, (unsigned int)sizeof(ones));

        if ( done + nr == bytes && a->nr % 8 )
            ones[nr - 1] = (uint8_t)((1U << a->nr % 8) - 1);
        if ( guest_copy_out(handle_addr(x->buf[1].h) + done, ones, nr) )
            return -EFAULT;
        done += nr;
    }
    return 0;
}

/* Exactly two buffers; without dirty logging nobody is to be told. */
int dm_op_modified_memory(struct dm_op *x)
{
    return x->nr_bufs == 2 ? 0 : -EINVAL;
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

/*
 * A line of a domain without interrupt controllers ends nowhere, so moving it
 * is done by doing nothing.  Controllers themselves do not exist.
 */
static int line(const struct domain *d, uint8_t level)
{
    if ( level > 1 )
        return -EINVAL;
    return d->config.arch.emulation_flags &
                   (XEN_X86_EMU_PIC | XEN_X86_EMU_IOAPIC)
               ? -EOPNOTSUPP
               : 0;
}

int dm_op_set_pci_intx_level(struct dm_op *x)
{
    const struct xen_dm_op_set_pci_intx_level *a =
        &x->op.u.set_pci_intx_level;

    if ( a->domain || a->bus || a->device > 31 || a->intx > 3 )
        return -EINVAL;
    return line(x->d, a->level);
}

int dm_op_set_isa_irq_level(struct dm_op *x)
{
    const struct xen_dm_op_set_isa_irq_level *a = &x->op.u.set_isa_irq_level;

    return a->isa_irq > 15 ? -EINVAL : line(x->d, a->level);
}

int dm_op_set_pci_link_route(struct dm_op *x)
{
    const struct xen_dm_op_set_pci_link_route *a =
        &x->op.u.set_pci_link_route;

    return a->link > 3 || a->isa_irq > 15 ? -EINVAL : line(x->d, 0);
}

int dm_op_inject_event(struct dm_op *x)
{
    const struct xen_dm_op_inject_event *a = &x->op.u.inject_event;

    if ( a->pad0 || a->pad1 || !domain_vcpu(x->d, a->vcpuid) )
        return -EINVAL;
    return -EOPNOTSUPP;
}

int dm_op_inject_msi(struct dm_op *x)
{
    return x->op.u.inject_msi.pad ? -EINVAL : -EOPNOTSUPP;
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
