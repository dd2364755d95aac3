/* SPDX-License-Identifier: MIT */
/*
 * Event channels of other domains, through the hypercall.  Ports of the
 * caller itself belong to libxenevtchn.
 */
#include "private.h"

xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface *xch,
                                                  uint32_t dom,
                                                  uint32_t remote_dom)
{
    struct evtchn_alloc_unbound arg = {
        .dom = domid16(dom),
        .remote_dom = domid16(remote_dom),
    };
    int rc = do_evtchn_op(xch, EVTCHNOP_alloc_unbound, &arg, sizeof(arg));

    if ( rc )
    {
        report_errno(xch, "no event channel in domain %u for domain %u", dom,
                     remote_dom);
        return rc;
    }

    return arg.port;
}

int xc_evtchn_reset(xc_interface *xch, uint32_t dom)
{
    struct evtchn_reset arg = { .dom = domid16(dom) };
    int rc = do_evtchn_op(xch, EVTCHNOP_reset, &arg, sizeof(arg));

    if ( rc )
        report_errno(xch, "event channels of domain %u not reset", dom);

    return rc;
}

/* Silent: callers probe ports with it. */
int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status)
{
    return do_evtchn_op(xch, EVTCHNOP_status, status, sizeof(*status));
}
