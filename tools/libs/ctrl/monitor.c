/* SPDX-License-Identifier: MIT */
/*
 * Watching a guest: the rings of vm_event, and what a monitor is told of.
 */
#include "private.h"

int xc_vm_event_control(xc_interface *xch, uint32_t domain_id, unsigned int op,
                        unsigned int mode, uint32_t *port)
{
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_vm_event_op,
        .domain = domid16(domain_id),
        .u.vm_event_op = { .op = op, .mode = mode },
    };
    int rc = do_domctl(xch, &domctl);

    if ( !rc && port )
        *port = domctl.u.vm_event_op.u.enable.port;

    return rc;
}

int xc_vm_event_get_version(xc_interface *xch)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_vm_event_op,
        .domain = DOMID_INVALID,
        .u.vm_event_op = {
            .op = XEN_VM_EVENT_GET_VERSION,
            .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR,
        },
    };
    int rc = do_domctl(xch, &op);

    return rc ? rc : (int)op.u.vm_event_op.u.version;
}

/* The kind of ring, by the parameter that names its page; 0: no ring. */
static unsigned int ring_mode(int param)
{
    switch ( param )
    {
    case HVM_PARAM_PAGING_RING_PFN:
        return XEN_DOMCTL_VM_EVENT_OP_PAGING;
    case HVM_PARAM_MONITOR_RING_PFN:
        return XEN_DOMCTL_VM_EVENT_OP_MONITOR;
    case HVM_PARAM_SHARING_RING_PFN:
        return XEN_DOMCTL_VM_EVENT_OP_SHARING;
    default:
        return 0;
    }
}

/* Maps the ring's page, which may have been taken from the guest before. */
static void *map_ring(xc_interface *xch, uint32_t domid, xen_pfn_t pfn)
{
    xen_pfn_t type = pfn;

    if ( xc_get_pfn_type_batch(xch, domid, 1, &type) ||
         (type & XEN_DOMCTL_PFINFO_XTAB) )
    {
        if ( xc_domain_populate_physmap_exact(xch, domid, 1, 0, 0, &pfn) )
        {
            report_errno(xch, "no page for a ring of domain %u", domid);
            return NULL;
        }
    }

    return xc_map_foreign_pages(xch, domid, PROT_READ | PROT_WRITE, &pfn, 1);
}

/* The ring's page, also after an error: then *failed, and the caller unmaps. */
static void *enable_ring(xc_interface *xch, uint32_t domid, int param,
                         unsigned int mode, uint32_t *port, bool *failed)
{
    uint64_t value;
    xen_pfn_t pfn;
    void *ring;

    *failed = true;
    if ( xc_hvm_param_get(xch, domid, param, &value) )
    {
        report_errno(xch, "no ring %d in domain %u", param, domid);
        return NULL;
    }
    pfn = value;

    ring = map_ring(xch, domid, pfn);
    if ( !ring )
        report_errno(xch, "ring of domain %u not mapped", domid);
    else if ( xc_vm_event_control(xch, domid, XEN_VM_EVENT_ENABLE, mode, port) )
        report_errno(xch, "ring of domain %u not enabled", domid);
    /* The guest must not write to it. */
    else if ( xc_domain_decrease_reservation_exact(xch, domid, 1, 0, &pfn) )
        report_errno(xch, "ring of domain %u not taken from it", domid);
    else
        *failed = false;

    return ring;
}

void *xc_vm_event_enable(xc_interface *xch, uint32_t domain_id, int param,
                         uint32_t *port)
{
    unsigned int mode = ring_mode(param);
    void *ring;
    bool failed;
    int err;

    if ( !port || !mode )
    {
        errno = EINVAL;
        return NULL;
    }

    /* Its vcpus do not see the page while it is mapped and taken away. */
    if ( xc_domain_pause(xch, domain_id) )
    {
        report_errno(xch, "domain %u not paused", domain_id);
        return NULL;
    }
    ring = enable_ring(xch, domain_id, param, mode, port, &failed);
    err = errno;
    if ( xc_domain_unpause(xch, domain_id) )
    {
        report_errno(xch, "domain %u not unpaused", domain_id);
        err = failed ? err : errno;
        failed = true;
    }

    if ( failed && ring )
    {
        xenforeignmemory_unmap(xch->fmem, ring, 1);
        ring = NULL;
    }
    errno = err;

    return ring;
}

/* --- monitor ------------------------------------------------------------- */

void *xc_monitor_enable(xc_interface *xch, uint32_t domain_id, uint32_t *port)
{
    return xc_vm_event_enable(xch, domain_id, HVM_PARAM_MONITOR_RING_PFN,
                              port);
}

int xc_monitor_disable(xc_interface *xch, uint32_t domain_id)
{
    return xc_vm_event_control(xch, domain_id, XEN_VM_EVENT_DISABLE,
                               XEN_DOMCTL_VM_EVENT_OP_MONITOR, NULL);
}

int xc_monitor_resume(xc_interface *xch, uint32_t domain_id)
{
    return xc_vm_event_control(xch, domain_id, XEN_VM_EVENT_RESUME,
                               XEN_DOMCTL_VM_EVENT_OP_MONITOR, NULL);
}

static int monitor_op(xc_interface *xch, uint32_t domid,
                      const struct xen_domctl_monitor_op *arg,
                      uint32_t *event)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_monitor_op,
        .domain = domid16(domid),
        .u.monitor_op = *arg,
    };
    int rc = do_domctl(xch, &op);

    if ( event && !rc )
        *event = op.u.monitor_op.event;

    return rc;
}

int xc_monitor_get_capabilities(xc_interface *xch, uint32_t domain_id,
                                uint32_t *capabilities)
{
    const struct xen_domctl_monitor_op arg = {
        .op = XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES,
    };

    if ( !capabilities )
        return fail(EINVAL);

    return monitor_op(xch, domain_id, &arg, capabilities);
}

int xc_monitor_emulate_each_rep(xc_interface *xch, uint32_t domain_id,
                                bool enable)
{
    const struct xen_domctl_monitor_op arg = {
        .op = XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP,
        .event = enable,
    };

    return monitor_op(xch, domain_id, &arg, NULL);
}

/* Enables or disables an event, with options in .u. */
#define MONITOR_EVENT(enable, name, ...)                                       \
    &(const struct xen_domctl_monitor_op)                                      \
    {                                                                          \
        .op = (enable) ? XEN_DOMCTL_MONITOR_OP_ENABLE                          \
                       : XEN_DOMCTL_MONITOR_OP_DISABLE,                        \
        .event = XEN_DOMCTL_MONITOR_EVENT_##name, __VA_ARGS__                  \
    }

int xc_monitor_write_ctrlreg(xc_interface *xch, uint32_t domain_id,
                             uint16_t index, bool enable, bool sync,
                             uint64_t bitmask, bool onchangeonly)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, WRITE_CTRLREG,
                                    .u.mov_to_cr = {
                                        .index = index,
                                        .sync = sync,
                                        .onchangeonly = onchangeonly,
                                        .bitmask = bitmask,
                                    }),
                      NULL);
}

int xc_monitor_mov_to_msr(xc_interface *xch, uint32_t domain_id, uint32_t msr,
                          bool enable, bool onchangeonly)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, MOV_TO_MSR,
                                    .u.mov_to_msr = {
                                        .msr = msr,
                                        .onchangeonly = onchangeonly,
                                    }),
                      NULL);
}

int xc_monitor_guest_request(xc_interface *xch, uint32_t domain_id,
                             bool enable, bool sync, bool allow_userspace)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, GUEST_REQUEST,
                                    .u.guest_request = {
                                        .sync = sync,
                                        .allow_userspace =
                                            enable && allow_userspace,
                                    }),
                      NULL);
}

int xc_monitor_debug_exceptions(xc_interface *xch, uint32_t domain_id,
                                bool enable, bool sync)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, DEBUG_EXCEPTION,
                                    .u.debug_exception.sync = sync),
                      NULL);
}

int xc_monitor_vmexit(xc_interface *xch, uint32_t domain_id, bool enable,
                      bool sync)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, VMEXIT, .u.vmexit.sync = sync),
                      NULL);
}

/* The event is "no fault for the guest". */
int xc_monitor_inguest_pagefault(xc_interface *xch, uint32_t domain_id,
                                 bool disable)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(disable, INGUEST_PAGEFAULT), NULL);
}

int xc_monitor_singlestep(xc_interface *xch, uint32_t domain_id, bool enable)
{
    return monitor_op(xch, domain_id, MONITOR_EVENT(enable, SINGLESTEP), NULL);
}

int xc_monitor_software_breakpoint(xc_interface *xch, uint32_t domain_id,
                                   bool enable)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, SOFTWARE_BREAKPOINT), NULL);
}

int xc_monitor_descriptor_access(xc_interface *xch, uint32_t domain_id,
                                 bool enable)
{
    return monitor_op(xch, domain_id, MONITOR_EVENT(enable, DESC_ACCESS),
                      NULL);
}

int xc_monitor_cpuid(xc_interface *xch, uint32_t domain_id, bool enable)
{
    return monitor_op(xch, domain_id, MONITOR_EVENT(enable, CPUID), NULL);
}

int xc_monitor_privileged_call(xc_interface *xch, uint32_t domain_id,
                               bool enable)
{
    return monitor_op(xch, domain_id, MONITOR_EVENT(enable, PRIVILEGED_CALL),
                      NULL);
}

int xc_monitor_emul_unimplemented(xc_interface *xch, uint32_t domain_id,
                                  bool enable)
{
    return monitor_op(xch, domain_id,
                      MONITOR_EVENT(enable, EMUL_UNIMPLEMENTED), NULL);
}
