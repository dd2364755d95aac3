/* SPDX-License-Identifier: MIT */
/*
 * Domains as objects: create, destroy, pause, shut down, describe, permit.
 */
#include "private.h"

/* A domctl without parameters. */
static int simple_domctl(xc_interface *xch, uint32_t cmd, uint32_t domid)
{
    struct xen_domctl op = { .cmd = cmd, .domain = domid16(domid) };

    return do_domctl(xch, &op);
}

int xc_domain_create(xc_interface *xch, uint32_t *pdomid,
                     struct xen_domctl_createdomain *config)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_createdomain,
        .domain = *pdomid,
        .u.createdomain = *config,
    };
    int rc = do_domctl(xch, &op);

    if ( rc )
        return rc;

    *pdomid = op.domain;
    *config = op.u.createdomain;

    return 0;
}

int xc_domain_destroy(xc_interface *xch, uint32_t domid)
{
    int rc;

    /*
     * Teardown goes in slices.  Xen continues the hypercall by itself, except
     * versions that return EAGAIN, where 4.17's library gives up.
     */
    do
    {
        rc = simple_domctl(xch, XEN_DOMCTL_destroydomain, domid);
    } while ( rc && errno == EAGAIN );

    return rc;
}

int xc_domain_pause(xc_interface *xch, uint32_t domid)
{
    return simple_domctl(xch, XEN_DOMCTL_pausedomain, domid);
}

int xc_domain_unpause(xc_interface *xch, uint32_t domid)
{
    return simple_domctl(xch, XEN_DOMCTL_unpausedomain, domid);
}

int xc_domain_soft_reset(xc_interface *xch, uint32_t domid)
{
    return simple_domctl(xch, XEN_DOMCTL_soft_reset, domid);
}

int xc_domain_shutdown(xc_interface *xch, uint32_t domid, int reason)
{
    ZEROED(sched_remote_shutdown_t, arg);

    arg.domain_id = domid16(domid);
    arg.reason = reason;

    return do_sched_op(xch, SCHEDOP_remote_shutdown, &arg, sizeof(arg));
}

int xc_watchdog(xc_interface *xch, uint32_t id, uint32_t timeout)
{
    sched_watchdog_t arg = { .id = id, .timeout = timeout };

    return do_sched_op(xch, SCHEDOP_watchdog, &arg, sizeof(arg));
}

/* --- description --------------------------------------------------------- */

static void dominfo_from_xen(xc_dominfo_t *info, const xc_domaininfo_t *xen)
{
    *info = (xc_dominfo_t){
        .domid = xen->domain,
        .ssidref = xen->ssidref,
        .dying = !!(xen->flags & XEN_DOMINF_dying),
        .shutdown = !!(xen->flags & XEN_DOMINF_shutdown),
        .paused = !!(xen->flags & XEN_DOMINF_paused),
        .blocked = !!(xen->flags & XEN_DOMINF_blocked),
        .running = !!(xen->flags & XEN_DOMINF_running),
        .hvm = !!(xen->flags & XEN_DOMINF_hvm_guest),
        .debugged = !!(xen->flags & XEN_DOMINF_debugged),
        .xenstore = !!(xen->flags & XEN_DOMINF_xs_domain),
        .hap = !!(xen->flags & XEN_DOMINF_hap),
        .shutdown_reason = (xen->flags >> XEN_DOMINF_shutdownshift) &
                           XEN_DOMINF_shutdownmask,
        .nr_pages = xen->tot_pages,
        .nr_outstanding_pages = xen->outstanding_pages,
        .nr_shared_pages = xen->shr_pages,
        .nr_paged_pages = xen->paged_pages,
        .shared_info_frame = xen->shared_info_frame,
        .cpu_time = xen->cpu_time,
        .max_memkb = xen->max_pages << (XC_PAGE_SHIFT - 10),
        .nr_online_vcpus = xen->nr_online_vcpus,
        .max_vcpu_id = xen->max_vcpu_id,
        .cpupool = xen->cpupool,
        .gpaddr_bits = xen->gpaddr_bits,
        .arch_config = xen->arch_config,
    };
    memcpy(info->handle, xen->handle, sizeof(info->handle));

    /* Distinguish a crash from an orderly shutdown. */
    if ( info->shutdown && info->shutdown_reason == SHUTDOWN_crash )
    {
        info->shutdown = 0;
        info->crashed = 1;
    }
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getdomaininfo,
        .domain = domid16(first_domid),
    };
    unsigned int nr;
    int rc = 0;

    memset(info, 0, max_doms * sizeof(*info));

    for ( nr = 0; nr < max_doms; nr++, op.domain++ )
    {
        /* Xen answers for the first domain at or above the one asked for. */
        rc = do_domctl(xch, &op);
        if ( rc < 0 )
            break;

        dominfo_from_xen(&info[nr], &op.u.getdomaininfo);
        info[nr].domid = op.domain;
    }

    return nr ? (int)nr : rc;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
                          unsigned int max_domains, xc_domaininfo_t *info)
{
    xc_hypercall_buffer_t b =
        BOUNCE(info, max_domains * sizeof(*info), BOUNCE_OUT);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_getdomaininfolist,
        .u.getdomaininfolist = {
            .first_domain = domid16(first_domain),
            .max_domains = max_domains,
        },
    };
    int rc;

    if ( bounce_in(xch, "getdomaininfolist", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.getdomaininfolist.buffer, b.hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc < 0 ? -1 : (int)op.u.getdomaininfolist.num_domains;
}

long xc_get_tot_pages(xc_interface *xch, uint32_t domid)
{
    xc_dominfo_t info;

    if ( xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid )
        return -1;

    return info.nr_pages;
}

/* --- attributes ---------------------------------------------------------- */

int xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, unsigned int max)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_max_vcpus,
        .domain = domid16(domid),
        .u.max_vcpus.max = max,
    };

    return do_domctl(xch, &op);
}

int xc_domain_sethandle(xc_interface *xch, uint32_t domid,
                        xen_domain_handle_t handle)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_setdomainhandle,
        .domain = domid16(domid),
    };

    memcpy(op.u.setdomainhandle.handle, handle, sizeof(xen_domain_handle_t));

    return do_domctl(xch, &op);
}

int xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_target,
        .domain = domid16(domid),
        .u.set_target.target = domid16(target),
    };

    return do_domctl(xch, &op);
}

int xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid, int virq)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_set_virq_handler,
        .domain = domid16(domid),
        .u.set_virq_handler.virq = virq,
    };

    return do_domctl(xch, &op);
}

int xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid,
                                    evtchn_port_t port)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_subscribe,
        .domain = domid16(domid),
        .u.subscribe.port = port,
    };

    return do_domctl(xch, &op);
}

int xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger,
                           uint32_t vcpu)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_sendtrigger,
        .domain = domid16(domid),
        .u.sendtrigger = { .trigger = trigger, .vcpu = vcpu },
    };

    return do_domctl(xch, &op);
}

int xc_domain_setdebugging(xc_interface *xch, uint32_t domid,
                           unsigned int enable)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_setdebugging,
        .domain = domid16(domid),
        .u.setdebugging.enable = enable,
    };

    return do_domctl(xch, &op);
}

int xc_domain_get_guest_width(xc_interface *xch, uint32_t domid,
                              unsigned int *guest_width)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_get_address_size,
        .domain = domid16(domid),
    };

    /* ABI: failure is 1. */
    if ( do_domctl(xch, &op) )
        return 1;

    /* Xen counts bits, this function bytes. */
    *guest_width = op.u.address_size.size / 8;

    return 0;
}

int xc_domain_set_time_offset(xc_interface *xch, uint32_t domid,
                              int32_t time_offset_seconds)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_settimeoffset,
        .domain = domid16(domid),
        .u.settimeoffset.time_offset_seconds = time_offset_seconds,
    };

    return do_domctl(xch, &op);
}

int xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid,
                           uint32_t tsc_mode, uint64_t elapsed_nsec,
                           uint32_t gtsc_khz, uint32_t incarnation)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_settscinfo,
        .domain = domid16(domid),
        .u.tsc_info = {
            .tsc_mode = tsc_mode,
            .gtsc_khz = gtsc_khz,
            .incarnation = incarnation,
            .elapsed_nsec = elapsed_nsec,
        },
    };

    return do_domctl(xch, &op);
}

int xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid,
                           uint32_t *tsc_mode, uint64_t *elapsed_nsec,
                           uint32_t *gtsc_khz, uint32_t *incarnation)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_gettscinfo,
        .domain = domid16(domid),
    };
    int rc = do_domctl(xch, &op);

    if ( rc )
        return rc;

    *tsc_mode = op.u.tsc_info.tsc_mode;
    *elapsed_nsec = op.u.tsc_info.elapsed_nsec;
    *gtsc_khz = op.u.tsc_info.gtsc_khz;
    *incarnation = op.u.tsc_info.incarnation;

    return 0;
}
