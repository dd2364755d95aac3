/* SPDX-License-Identifier: MIT */
/*
 * More about a domain: log-dirty, virtual NUMA, processor trace, a virtual
 * UART and what debugs.
 */
#include "private.h"

int xc_shadow_control(xc_interface *xch, uint32_t domid, unsigned int sop,
                      unsigned int *mb, unsigned int mode)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_shadow_op,
        .domain = domid16(domid),
        .u.shadow_op = { .op = sop, .mode = mode, .mb = mb ? *mb : 0 },
    };
    int rc = do_domctl(xch, &op);

    if ( mb )
        *mb = op.u.shadow_op.mb;

    return rc;
}

long long xc_logdirty_control(xc_interface *xch, uint32_t domid,
                              unsigned int sop,
                              xc_hypercall_buffer_t *dirty_bitmap,
                              unsigned long pages, unsigned int mode,
                              xc_shadow_op_stats_t *stats)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_shadow_op,
        .domain = domid16(domid),
        .u.shadow_op = { .op = sop, .mode = mode, .pages = pages },
    };
    int rc;

    set_xen_guest_handle_raw(op.u.shadow_op.dirty_bitmap,
                             buffer_of(dirty_bitmap));
    rc = do_domctl(xch, &op);
    if ( stats )
        *stats = op.u.shadow_op.stats;

    return rc ? rc : (long long)op.u.shadow_op.pages;
}

int xc_domain_debug_control(xc_interface *xch, uint32_t domid, uint32_t sop,
                            uint32_t vcpu)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_debug_op,
        .domain = domid16(domid),
        .u.debug_op = { .op = sop, .vcpu = vcpu },
    };

    return do_domctl(xch, &op);
}

int xc_domain_p2m_audit(xc_interface *xch, uint32_t domid, uint64_t *orphans,
                        uint64_t *m2p_bad, uint64_t *p2m_bad)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_audit_p2m,
        .domain = domid16(domid),
    };
    int rc = do_domctl(xch, &op);

    *orphans = op.u.audit_p2m.orphans;
    *m2p_bad = op.u.audit_p2m.m2p_bad;
    *p2m_bad = op.u.audit_p2m.p2m_bad;

    return rc;
}

int xc_set_broken_page_p2m(xc_interface *xch, uint32_t domid,
                           unsigned long pfn)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_broken_page_p2m,
        .domain = domid16(domid),
        .u.set_broken_page_p2m.pfn = pfn,
    };

    return do_domctl(xch, &op) ? -1 : 0;
}

int xc_domain_set_access_required(xc_interface *xch, uint32_t domid,
                                  unsigned int required)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_access_required,
        .domain = domid16(domid),
        .u.access_required.access_required = required,
    };

    return do_domctl(xch, &op);
}

int xc_dom_vuart_init(xc_interface *xch, uint32_t type, uint32_t domid,
                      uint32_t console_domid, xen_pfn_t gfn,
                      evtchn_port_t *evtchn)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_vuart_op,
        .domain = domid16(domid),
        .u.vuart_op = {
            .cmd = XEN_DOMCTL_VUART_OP_INIT,
            .type = type,
            .gfn = gfn,
            .console_domid = domid16(console_domid),
        },
    };
    int rc = do_domctl(xch, &op);

    if ( rc >= 0 )
        *evtchn = op.u.vuart_op.evtchn;

    return rc;
}

/* --- virtual NUMA -------------------------------------------------------- */

int xc_domain_setvnuma(xc_interface *xch, uint32_t domid, uint32_t nr_vnodes,
                       uint32_t nr_regions, uint32_t nr_vcpus,
                       xen_vmemrange_t *vmemrange, unsigned int *vdistance,
                       unsigned int *vcpu_to_vnode,
                       unsigned int *vnode_to_pnode)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_setvnumainfo,
        .domain = domid16(domid),
        .u.vnuma = {
            .nr_vnodes = nr_vnodes,
            .nr_vmemranges = nr_regions,
            .nr_vcpus = nr_vcpus,
        },
    };
    struct array a[] = {
        ARRAY(op.u.vnuma.vmemrange, vmemrange, nr_regions * sizeof(*vmemrange),
              BOUNCE_BOTH),
        ARRAY(op.u.vnuma.vdistance, vdistance,
              (size_t)nr_vnodes * nr_vnodes * sizeof(*vdistance), BOUNCE_BOTH),
        ARRAY(op.u.vnuma.vcpu_to_vnode, vcpu_to_vnode,
              nr_vcpus * sizeof(*vcpu_to_vnode), BOUNCE_BOTH),
        ARRAY(op.u.vnuma.vnode_to_pnode, vnode_to_pnode,
              nr_vnodes * sizeof(*vnode_to_pnode), BOUNCE_BOTH),
    };

    errno = EINVAL;
    if ( !nr_vnodes || !nr_regions || !nr_vcpus || !vmemrange || !vdistance ||
         !vcpu_to_vnode || !vnode_to_pnode )
    {
        report(xch, "an array of domain %u's virtual NUMA is missing", domid);
        return -1;
    }

    return domctl_arrays(xch, &op, a, 4);
}

int xc_domain_getvnuma(xc_interface *xch, uint32_t domid, uint32_t *nr_vnodes,
                       uint32_t *nr_vmemranges, uint32_t *nr_vcpus,
                       xen_vmemrange_t *vmemrange, unsigned int *vdistance,
                       unsigned int *vcpu_to_vnode)
{
    ZEROED(struct xen_vnuma_topology_info, op);
    struct array a[] = {
        ARRAY(op.vmemrange.h, vmemrange, *nr_vmemranges * sizeof(*vmemrange),
              BOUNCE_OUT),
        ARRAY(op.vdistance.h, vdistance,
              (size_t)*nr_vnodes * *nr_vnodes * sizeof(*vdistance),
              BOUNCE_OUT),
        ARRAY(op.vcpu_to_vnode.h, vcpu_to_vnode,
              *nr_vcpus * sizeof(*vcpu_to_vnode), BOUNCE_OUT),
    };
    int rc;

    op.domid = domid16(domid);
    op.nr_vnodes = *nr_vnodes;
    op.nr_vcpus = *nr_vcpus;
    op.nr_vmemranges = *nr_vmemranges;
    rc = memory_op_arrays(xch, XENMEM_get_vnumainfo, &op, sizeof(op), a, 3);
    *nr_vnodes = op.nr_vnodes;
    *nr_vcpus = op.nr_vcpus;
    *nr_vmemranges = op.nr_vmemranges;

    return rc;
}

/* --- processor trace ----------------------------------------------------- */

static int vmtrace_op(xc_interface *xch, uint32_t cmd, uint32_t domid,
                      uint32_t vcpu, uint64_t key, uint64_t *value)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_vmtrace_op,
        .domain = domid16(domid),
        .u.vmtrace_op = {
            .cmd = cmd,
            .vcpu = vcpu,
            .key = key,
            .value = cmd == XEN_DOMCTL_vmtrace_set_option ? *value : 0,
        },
    };
    int rc = do_domctl(xch, &op);

    if ( !rc && value )
        *value = op.u.vmtrace_op.value;

    return rc;
}

int xc_vmtrace_enable(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_enable, domid, vcpu, 0, NULL);
}

int xc_vmtrace_disable(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_disable, domid, vcpu, 0, NULL);
}

int xc_vmtrace_reset_and_enable(xc_interface *xch, uint32_t domid,
                                uint32_t vcpu)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_reset_and_enable, domid, vcpu,
                      0, NULL);
}

int xc_vmtrace_output_position(xc_interface *xch, uint32_t domid,
                               uint32_t vcpu, uint64_t *pos)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_output_position, domid, vcpu, 0,
                      pos);
}

int xc_vmtrace_get_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                          uint64_t key, uint64_t *value)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_get_option, domid, vcpu, key,
                      value);
}

int xc_vmtrace_set_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                          uint64_t key, uint64_t value)
{
    return vmtrace_op(xch, XEN_DOMCTL_vmtrace_set_option, domid, vcpu, key,
                      &value);
}
