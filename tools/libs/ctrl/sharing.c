/* SPDX-License-Identifier: MIT */
/*
 * A guest's pages: rights to them, paging them out, sharing them.
 */
#include "private.h"

/* --- rights -------------------------------------------------------------- */

int xc_set_mem_access(xc_interface *xch, uint32_t domain_id,
                      xenmem_access_t access, uint64_t first_pfn, uint32_t nr)
{
    xen_mem_access_op_t op = {
        .op = XENMEM_access_op_set_access,
        .access = access,
        .domid = domid16(domain_id),
        .nr = nr,
        .pfn = first_pfn,
    };

    return xc_memory_op(xch, XENMEM_access_op, &op, sizeof(op));
}

int xc_set_mem_access_multi(xc_interface *xch, uint32_t domain_id,
                            uint8_t *access, uint64_t *pages, uint32_t nr)
{
    xen_mem_access_op_t op = {
        .op = XENMEM_access_op_set_access_multi,
        .access = XENMEM_access_default + 1, /* ABI: not used */
        .domid = domid16(domain_id),
        .nr = nr,
        .pfn = ~0UL,
    };
    struct array a[] = {
        ARRAY(op.pfn_list, pages, nr * sizeof(*pages), BOUNCE_IN),
        ARRAY(op.access_list, access, nr, BOUNCE_IN),
    };

    return memory_op_arrays(xch, XENMEM_access_op, &op, sizeof(op), a, 2);
}

int xc_get_mem_access(xc_interface *xch, uint32_t domain_id, uint64_t pfn,
                      xenmem_access_t *access)
{
    xen_mem_access_op_t op = {
        .op = XENMEM_access_op_get_access,
        .domid = domid16(domain_id),
        .pfn = pfn,
    };
    int rc = xc_memory_op(xch, XENMEM_access_op, &op, sizeof(op));

    if ( !rc )
        *access = op.access;

    return rc;
}

/* --- paging -------------------------------------------------------------- */

int xc_mem_paging_enable(xc_interface *xch, uint32_t domain_id, uint32_t *port)
{
    if ( !port )
        return fail(EINVAL);

    return xc_vm_event_control(xch, domain_id, XEN_VM_EVENT_ENABLE,
                               XEN_DOMCTL_VM_EVENT_OP_PAGING, port);
}

int xc_mem_paging_disable(xc_interface *xch, uint32_t domain_id)
{
    return xc_vm_event_control(xch, domain_id, XEN_VM_EVENT_DISABLE,
                               XEN_DOMCTL_VM_EVENT_OP_PAGING, NULL);
}

int xc_mem_paging_resume(xc_interface *xch, uint32_t domain_id)
{
    return xc_vm_event_control(xch, domain_id, XEN_VM_EVENT_RESUME,
                               XEN_DOMCTL_VM_EVENT_OP_PAGING, NULL);
}

static int paging_op(xc_interface *xch, uint32_t domid, uint8_t op,
                     uint64_t gfn, void *page)
{
    ZEROED(xen_mem_paging_op_t, arg);
    struct array a = ARRAY(arg.buffer, page, XC_PAGE_SIZE, BOUNCE_IN);

    arg.op = op;
    arg.domain = domid16(domid);
    arg.gfn = gfn;

    return memory_op_arrays(xch, XENMEM_paging_op, &arg, sizeof(arg), &a, 1);
}

int xc_mem_paging_nominate(xc_interface *xch, uint32_t domain_id, uint64_t gfn)
{
    return paging_op(xch, domain_id, XENMEM_paging_op_nominate, gfn, NULL);
}

int xc_mem_paging_evict(xc_interface *xch, uint32_t domain_id, uint64_t gfn)
{
    return paging_op(xch, domain_id, XENMEM_paging_op_evict, gfn, NULL);
}

int xc_mem_paging_prep(xc_interface *xch, uint32_t domain_id, uint64_t gfn)
{
    return paging_op(xch, domain_id, XENMEM_paging_op_prep, gfn, NULL);
}

int xc_mem_paging_load(xc_interface *xch, uint32_t domain_id, uint64_t gfn,
                       void *buffer)
{
    if ( !buffer )
        return fail(EINVAL);

    return paging_op(xch, domain_id, XENMEM_paging_op_prep, gfn, buffer);
}

/* --- sharing ------------------------------------------------------------- */

int xc_memshr_control(xc_interface *xch, uint32_t domid, int enable)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_mem_sharing_op,
        .domain = domid16(domid),
        .u.mem_sharing_op = {
            .op = XEN_DOMCTL_MEM_SHARING_CONTROL,
            .u.enable = enable,
        },
    };

    return do_domctl(xch, &op);
}

int xc_memshr_ring_enable(xc_interface *xch, uint32_t domid, uint32_t *port)
{
    if ( !port )
        return fail(EINVAL);

    return xc_vm_event_control(xch, domid, XEN_VM_EVENT_ENABLE,
                               XEN_DOMCTL_VM_EVENT_OP_SHARING, port);
}

int xc_memshr_ring_disable(xc_interface *xch, uint32_t domid)
{
    return xc_vm_event_control(xch, domid, XEN_VM_EVENT_DISABLE,
                               XEN_DOMCTL_VM_EVENT_OP_SHARING, NULL);
}

int xc_memshr_domain_resume(xc_interface *xch, uint32_t domid)
{
    return xc_vm_event_control(xch, domid, XEN_VM_EVENT_RESUME,
                               XEN_DOMCTL_VM_EVENT_OP_SHARING, NULL);
}

static int sharing_op(xc_interface *xch, uint32_t domid,
                      xen_mem_sharing_op_t *op)
{
    op->domain = domid16(domid);

    return xc_memory_op(xch, XENMEM_sharing_op, op, sizeof(*op));
}

int xc_memshr_nominate_gfn(xc_interface *xch, uint32_t domid,
                           unsigned long gfn, uint64_t *handle)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_nominate_gfn,
        .u.nominate.u.gfn = gfn,
    };
    int rc = sharing_op(xch, domid, &op);

    if ( !rc )
        *handle = op.u.nominate.handle;

    return rc;
}

int xc_memshr_nominate_gref(xc_interface *xch, uint32_t domid,
                            grant_ref_t gref, uint64_t *handle)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_nominate_gref,
        .u.nominate.u.grant_ref = gref,
    };
    int rc = sharing_op(xch, domid, &op);

    if ( !rc )
        *handle = op.u.nominate.handle;

    return rc;
}

int xc_memshr_share_gfns(xc_interface *xch, uint32_t source_domain,
                         unsigned long source_gfn, uint64_t source_handle,
                         uint32_t client_domain, unsigned long client_gfn,
                         uint64_t client_handle)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_share,
        .u.share = {
            .source_gfn = source_gfn,
            .source_handle = source_handle,
            .client_gfn = client_gfn,
            .client_handle = client_handle,
            .client_domain = domid16(client_domain),
        },
    };

    return sharing_op(xch, source_domain, &op);
}

int xc_memshr_share_grefs(xc_interface *xch, uint32_t source_domain,
                          grant_ref_t source_gref, uint64_t source_handle,
                          uint32_t client_domain, grant_ref_t client_gref,
                          uint64_t client_handle)
{
    unsigned long source, client;

    XENMEM_SHARING_OP_FIELD_MAKE_GREF(source, source_gref);
    XENMEM_SHARING_OP_FIELD_MAKE_GREF(client, client_gref);

    return xc_memshr_share_gfns(xch, source_domain, source, source_handle,
                                client_domain, client, client_handle);
}

int xc_memshr_add_to_physmap(xc_interface *xch, uint32_t source_domain,
                             unsigned long source_gfn, uint64_t source_handle,
                             uint32_t client_domain, unsigned long client_gfn)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_add_physmap,
        .u.share = {
            .source_gfn = source_gfn,
            .source_handle = source_handle,
            .client_gfn = client_gfn,
            .client_domain = domid16(client_domain),
        },
    };

    return sharing_op(xch, source_domain, &op);
}

int xc_memshr_range_share(xc_interface *xch, uint32_t source_domain,
                          uint32_t client_domain, uint64_t first_gfn,
                          uint64_t last_gfn)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_range_share,
        .u.range = {
            .first_gfn = first_gfn,
            .last_gfn = last_gfn,
            .client_domain = domid16(client_domain),
        },
    };

    return sharing_op(xch, source_domain, &op);
}

/* The operation is the copy's, and names its parent. */
int xc_memshr_fork(xc_interface *xch, uint32_t source_domain,
                   uint32_t client_domain, bool allow_with_iommu,
                   bool block_interrupts)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_fork,
        .u.fork = {
            .parent_domain = domid16(source_domain),
            .flags =
                (allow_with_iommu ? XENMEM_FORK_WITH_IOMMU_ALLOWED : 0) |
                (block_interrupts ? XENMEM_FORK_BLOCK_INTERRUPTS : 0),
        },
    };

    return sharing_op(xch, client_domain, &op);
}

int xc_memshr_fork_reset(xc_interface *xch, uint32_t forked_domain,
                         bool reset_state, bool reset_memory)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_fork_reset,
        .u.fork.flags = (reset_state ? XENMEM_FORK_RESET_STATE : 0) |
                        (reset_memory ? XENMEM_FORK_RESET_MEMORY : 0),
    };

    return sharing_op(xch, forked_domain, &op);
}

int xc_memshr_debug_gfn(xc_interface *xch, uint32_t domid, unsigned long gfn)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_debug_gfn,
        .u.debug.u.gfn = gfn,
    };

    return sharing_op(xch, domid, &op);
}

int xc_memshr_debug_gref(xc_interface *xch, uint32_t domid, grant_ref_t gref)
{
    xen_mem_sharing_op_t op = {
        .op = XENMEM_sharing_op_debug_gref,
        .u.debug.u.gref = gref,
    };

    return sharing_op(xch, domid, &op);
}

int xc_memshr_audit(xc_interface *xch)
{
    xen_mem_sharing_op_t op = { .op = XENMEM_sharing_op_audit };

    return sharing_op(xch, 0, &op);
}
