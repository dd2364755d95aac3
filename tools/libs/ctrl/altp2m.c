/* SPDX-License-Identifier: MIT */
/*
 * Views of a guest's memory (altp2m): hvm_op's that share one structure.
 */
#include "private.h"

#include <xen/hvm/hvm_op.h>

static int altp2m_op(xc_interface *xch, uint32_t cmd, uint32_t domid,
                     struct xen_hvm_altp2m_op *op)
{
    op->version = HVMOP_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = domid16(domid);

    return do_hvm_op(xch, HVMOP_altp2m, op, sizeof(*op));
}

int xc_altp2m_get_domain_state(xc_interface *xch, uint32_t dom, bool *state)
{
    struct xen_hvm_altp2m_op op = { 0 };
    int rc = altp2m_op(xch, HVMOP_altp2m_get_domain_state, dom, &op);

    if ( !rc )
        *state = op.u.domain_state.state;

    return rc;
}

int xc_altp2m_set_domain_state(xc_interface *xch, uint32_t dom, bool state)
{
    struct xen_hvm_altp2m_op op = { .u.domain_state.state = state };

    return altp2m_op(xch, HVMOP_altp2m_set_domain_state, dom, &op);
}

int xc_altp2m_set_vcpu_enable_notify(xc_interface *xch, uint32_t domid,
                                     uint32_t vcpuid, xen_pfn_t gfn)
{
    struct xen_hvm_altp2m_op op = {
        .u.enable_notify = { .vcpu_id = vcpuid, .gfn = gfn },
    };

    return altp2m_op(xch, HVMOP_altp2m_vcpu_enable_notify, domid, &op);
}

int xc_altp2m_set_vcpu_disable_notify(xc_interface *xch, uint32_t domid,
                                      uint32_t vcpuid)
{
    struct xen_hvm_altp2m_op op = { .u.disable_notify.vcpu_id = vcpuid };

    return altp2m_op(xch, HVMOP_altp2m_vcpu_disable_notify, domid, &op);
}

int xc_altp2m_create_view(xc_interface *xch, uint32_t domid,
                          xenmem_access_t default_access, uint16_t *view_id)
{
    struct xen_hvm_altp2m_op op = {
        .u.view = { .view = -1, .hvmmem_default_access = default_access },
    };
    int rc = altp2m_op(xch, HVMOP_altp2m_create_p2m, domid, &op);

    if ( !rc )
        *view_id = op.u.view.view;

    return rc;
}

int xc_altp2m_destroy_view(xc_interface *xch, uint32_t domid, uint16_t view_id)
{
    struct xen_hvm_altp2m_op op = { .u.view.view = view_id };

    return altp2m_op(xch, HVMOP_altp2m_destroy_p2m, domid, &op);
}

int xc_altp2m_switch_to_view(xc_interface *xch, uint32_t domid,
                             uint16_t view_id)
{
    struct xen_hvm_altp2m_op op = { .u.view.view = view_id };

    return altp2m_op(xch, HVMOP_altp2m_switch_p2m, domid, &op);
}

int xc_altp2m_set_suppress_ve(xc_interface *xch, uint32_t domid,
                              uint16_t view_id, xen_pfn_t gfn, bool sve)
{
    struct xen_hvm_altp2m_op op = {
        .u.suppress_ve = { .view = view_id, .suppress_ve = sve, .gfn = gfn },
    };

    return altp2m_op(xch, HVMOP_altp2m_set_suppress_ve, domid, &op);
}

int xc_altp2m_get_suppress_ve(xc_interface *xch, uint32_t domid,
                              uint16_t view_id, xen_pfn_t gfn, bool *sve)
{
    struct xen_hvm_altp2m_op op = {
        .u.suppress_ve = { .view = view_id, .gfn = gfn },
    };
    int rc = altp2m_op(xch, HVMOP_altp2m_get_suppress_ve, domid, &op);

    if ( !rc )
        *sve = op.u.suppress_ve.suppress_ve;

    return rc;
}

int xc_altp2m_set_supress_ve_multi(xc_interface *xch, uint32_t domid,
                                   uint16_t view_id, xen_pfn_t first_gfn,
                                   xen_pfn_t last_gfn, bool sve,
                                   xen_pfn_t *error_gfn, int32_t *error_code)
{
    struct xen_hvm_altp2m_op op = {
        .u.suppress_ve_multi = {
            .view = view_id,
            .suppress_ve = sve,
            .first_gfn = first_gfn,
            .last_gfn = last_gfn,
        },
    };
    int rc = altp2m_op(xch, HVMOP_altp2m_set_suppress_ve_multi, domid, &op);

    if ( op.u.suppress_ve_multi.first_error )
    {
        *error_code = op.u.suppress_ve_multi.first_error;
        *error_gfn = op.u.suppress_ve_multi.first_error_gfn;
    }

    return rc;
}

int xc_altp2m_set_mem_access(xc_interface *xch, uint32_t domid,
                             uint16_t view_id, xen_pfn_t gfn,
                             xenmem_access_t access)
{
    struct xen_hvm_altp2m_op op = {
        .u.mem_access = { .view = view_id, .access = access, .gfn = gfn },
    };

    return altp2m_op(xch, HVMOP_altp2m_set_mem_access, domid, &op);
}

int xc_altp2m_set_mem_access_multi(xc_interface *xch, uint32_t domid,
                                   uint16_t view_id, uint8_t *access,
                                   uint64_t *gfns, uint32_t nr)
{
    struct xen_hvm_altp2m_op op = {
        .u.set_mem_access_multi = { .view = view_id, .nr = nr },
    };
    struct array a[] = {
        ARRAY(op.u.set_mem_access_multi.pfn_list, gfns, nr * sizeof(*gfns),
              BOUNCE_IN),
        ARRAY(op.u.set_mem_access_multi.access_list, access, nr, BOUNCE_IN),
    };
    int rc;

    if ( arrays_in(xch, "altp2m", a, 2) )
        return -1;
    rc = altp2m_op(xch, HVMOP_altp2m_set_mem_access_multi, domid, &op);
    arrays_out(xch, a, 2);

    return rc;
}

int xc_altp2m_get_mem_access(xc_interface *xch, uint32_t domid,
                             uint16_t view_id, xen_pfn_t gfn,
                             xenmem_access_t *access)
{
    struct xen_hvm_altp2m_op op = {
        .u.mem_access = { .view = view_id, .gfn = gfn },
    };
    int rc = altp2m_op(xch, HVMOP_altp2m_get_mem_access, domid, &op);

    if ( !rc )
        *access = op.u.mem_access.access;

    return rc;
}

int xc_altp2m_change_gfn(xc_interface *xch, uint32_t domid, uint16_t view_id,
                         xen_pfn_t old_gfn, xen_pfn_t new_gfn)
{
    struct xen_hvm_altp2m_op op = {
        .u.change_gfn = {
            .view = view_id,
            .old_gfn = old_gfn,
            .new_gfn = new_gfn,
        },
    };

    return altp2m_op(xch, HVMOP_altp2m_change_gfn, domid, &op);
}

int xc_altp2m_get_vcpu_p2m_idx(xc_interface *xch, uint32_t domid,
                               uint32_t vcpuid, uint16_t *altp2m_idx)
{
    struct xen_hvm_altp2m_op op = { .u.get_vcpu_p2m_idx.vcpu_id = vcpuid };
    int rc = altp2m_op(xch, HVMOP_altp2m_get_p2m_idx, domid, &op);

    if ( !rc )
        *altp2m_idx = op.u.get_vcpu_p2m_idx.altp2m_idx;

    return rc;
}

int xc_altp2m_set_visibility(xc_interface *xch, uint32_t domid,
                             uint16_t view_id, bool visible)
{
    struct xen_hvm_altp2m_op op = {
        .u.set_visibility = { .altp2m_idx = view_id, .visible = visible },
    };

    return altp2m_op(xch, HVMOP_altp2m_set_visibility, domid, &op);
}
