/* SPDX-License-Identifier: MIT */
/*
 * vcpus' registers, and the frames and page tables of PV guests.
 */
#include "private.h"

#include <xen/sys/privcmd.h>

/* --- registers ----------------------------------------------------------- */

static int vcpu_context(xc_interface *xch, uint32_t cmd, uint32_t domid,
                        uint32_t vcpu, vcpu_guest_context_any_t *ctxt,
                        unsigned int way)
{
    struct xen_domctl op = {
        .cmd = cmd,
        .domain = domid16(domid),
        .u.vcpucontext.vcpu = vcpu,
    };
    struct array a =
        ARRAY(op.u.vcpucontext.ctxt, ctxt, sizeof(*ctxt), way);

    return domctl_arrays(xch, &op, &a, 1);
}

int xc_vcpu_getcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                       vcpu_guest_context_any_t *ctxt)
{
    return vcpu_context(xch, XEN_DOMCTL_getvcpucontext, domid, vcpu, ctxt,
                        BOUNCE_OUT);
}

int xc_vcpu_setcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                       vcpu_guest_context_any_t *ctxt)
{
    return vcpu_context(xch, XEN_DOMCTL_setvcpucontext, domid, vcpu, ctxt,
                        BOUNCE_IN);
}

int xc_vcpu_get_extstate(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                         xc_vcpu_extstate_t *extstate)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getvcpuextstate,
        .domain = domid16(domid),
        .u.vcpuextstate = {
            .vcpu = vcpu,
            .xfeature_mask = extstate->xfeature_mask,
            .size = extstate->size,
        },
    };
    struct array a = ARRAY(op.u.vcpuextstate.buffer, extstate->buffer,
                           extstate->size, BOUNCE_OUT);
    int rc = domctl_arrays(xch, &op, &a, 1);

    if ( rc )
        return rc;
    /* Without a buffer the call returns what there is. */
    if ( !extstate->buffer )
    {
        extstate->xfeature_mask = op.u.vcpuextstate.xfeature_mask;
        extstate->size = op.u.vcpuextstate.size;
    }

    return 0;
}

/* --- frames -------------------------------------------------------------- */

int xc_get_pfn_type_batch(xc_interface *xch, uint32_t dom, unsigned int num,
                          xen_pfn_t *arr)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getpageframeinfo3,
        .domain = domid16(dom),
        .u.getpageframeinfo3.num = num,
    };
    struct array a = ARRAY(op.u.getpageframeinfo3.array, arr,
                           num * sizeof(*arr), BOUNCE_BOTH);
    int rc, tries = 3;

    /* Without hypercall buffers from the kernel, pages may move meanwhile. */
    do
    {
        rc = domctl_arrays(xch, &op, &a, 1);
    } while ( rc < 0 && errno == EFAULT && --tries &&
              !xencall_buffers_never_fault(xch->xcall) );

    return rc;
}

void *xc_map_foreign_ranges(xc_interface *xch, uint32_t dom, size_t size,
                            int prot, size_t chunksize,
                            privcmd_mmap_entry_t entries[], int nentries)
{
    size_t chunk = chunksize >> XC_PAGE_SHIFT, nr = size >> XC_PAGE_SHIFT;
    xen_pfn_t *frames = calloc(nr, sizeof(*frames));
    void *addr;

    if ( !frames )
        return NULL;
    for ( size_t i = 0; i < (size_t)nentries; i++ )
        for ( size_t j = 0; j < chunk && i * chunk + j < nr; j++ )
            frames[i * chunk + j] = entries[i].mfn + j;

    addr = xenforeignmemory_map(xch->fmem, dom, prot, nr, frames, NULL);
    free(frames);

    return addr;
}

int xc_machphys_mfn_list(xc_interface *xch, unsigned long max_extents,
                         xen_pfn_t *extent_start)
{
    ZEROED(struct xen_machphys_mfn_list, op);
    struct array a = ARRAY(op.extent_start, extent_start,
                           max_extents * sizeof(*extent_start), BOUNCE_OUT);
    int rc;

    op.max_extents = max_extents;
    rc = memory_op_arrays(xch, XENMEM_machphys_mfn_list, &op, sizeof(op), &a,
                          1);

    return rc || op.nr_extents != max_extents ? -1 : 0;
}

int xc_domain_memory_exchange_pages(
    xc_interface *xch, uint32_t domid, unsigned long nr_in_extents,
    unsigned int in_order, xen_pfn_t *in_extents,
    unsigned long nr_out_extents, unsigned int out_order,
    xen_pfn_t *out_extents)
{
    ZEROED(struct xen_memory_exchange, op);
    struct array a[] = {
        ARRAY(op.in.extent_start, in_extents,
              nr_in_extents * sizeof(*in_extents), BOUNCE_IN),
        ARRAY(op.out.extent_start, out_extents,
              nr_out_extents * sizeof(*out_extents), BOUNCE_OUT),
    };

    op.in.nr_extents = nr_in_extents;
    op.in.extent_order = in_order;
    op.in.domid = domid16(domid);
    op.out.nr_extents = nr_out_extents;
    op.out.extent_order = out_order;
    op.out.domid = domid16(domid);

    return memory_op_arrays(xch, XENMEM_exchange, &op, sizeof(op), a, 2);
}

unsigned long xc_make_page_below_4G(xc_interface *xch, uint32_t domid,
                                    unsigned long mfn)
{
    xen_pfn_t old = mfn, new;

    if ( xc_domain_decrease_reservation_exact(xch, domid, 1, 0, &old) )
    {
        detail(xch, "frame %#lx of domain %u not given up", mfn, domid);
        return 0;
    }
    if ( xc_domain_increase_reservation_exact(xch, domid, 1, 0,
                                              XENMEMF_address_bits(32), &new) )
    {
        detail(xch, "no frame below 4 GiB for domain %u", domid);
        return 0;
    }

    return new;
}

/* --- page tables --------------------------------------------------------- */

int xc_mmuext_op(xc_interface *xch, struct mmuext_op *op, unsigned int nr_ops,
                 uint32_t dom)
{
    xc_hypercall_buffer_t b = BOUNCE(op, nr_ops * sizeof(*op), BOUNCE_BOTH);
    int rc;

    if ( bounce_in(xch, "mmuext_op", &b, 1) )
        return -1;
    rc = xencall4(xch->xcall, __HYPERVISOR_mmuext_op, (uintptr_t)b.hbuf,
                  nr_ops, 0, dom);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "mmuext_op for domain %u: %s", dom,
               xc_strerror(xch, errno));

    return rc;
}

/* As many as fit into one hypercall. */
struct xc_mmu {
    mmu_update_t updates[1024];
    unsigned int nr;
    unsigned int subject; /* whose page tables */
};

struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int subject)
{
    struct xc_mmu *mmu = calloc(1, sizeof(*mmu));

    (void)xch;
    if ( mmu )
        mmu->subject = subject;

    return mmu;
}

int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu)
{
    xc_hypercall_buffer_t b =
        BOUNCE(mmu->updates, mmu->nr * sizeof(mmu->updates[0]), BOUNCE_IN);
    unsigned int nr = mmu->nr;
    int rc;

    /* Gone also after an error: the caller gives up, and there is room. */
    mmu->nr = 0;
    if ( !nr )
        return 0;
    if ( bounce_in(xch, "mmu_update", &b, 1) )
        return 1;

    rc = xencall4(xch->xcall, __HYPERVISOR_mmu_update, (uintptr_t)b.hbuf, nr,
                  0, mmu->subject);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        report_errno(xch, "%u page-table updates refused", nr);

    return rc < 0; /* ABI: failure is 1 */
}

int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu,
                      unsigned long long ptr, unsigned long long val)
{
    mmu->updates[mmu->nr].ptr = ptr;
    mmu->updates[mmu->nr].val = val;
    if ( ++mmu->nr < sizeof(mmu->updates) / sizeof(mmu->updates[0]) )
        return 0;

    return xc_flush_mmu_updates(xch, mmu);
}
