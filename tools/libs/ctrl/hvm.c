/* SPDX-License-Identifier: MIT */
/*
 * HVM domains: parameters and the saved context.
 */
#include "private.h"

#include <xen/hvm/hvm_op.h>

int xc_hvm_param_set(xc_interface *xch, uint32_t dom, uint32_t param,
                     uint64_t value)
{
    xen_hvm_param_t arg = {
        .domid = domid16(dom),
        .index = param,
        .value = value,
    };

    return do_hvm_op(xch, HVMOP_set_param, &arg, sizeof(arg));
}

int xc_hvm_param_get(xc_interface *xch, uint32_t dom, uint32_t param,
                     uint64_t *value)
{
    xen_hvm_param_t arg = { .domid = domid16(dom), .index = param };
    int rc = do_hvm_op(xch, HVMOP_get_param, &arg, sizeof(arg));

    *value = arg.value;

    return rc;
}

int xc_set_hvm_param(xc_interface *xch, uint32_t dom, int param,
                     unsigned long value)
{
    return xc_hvm_param_set(xch, dom, param, value);
}

int xc_get_hvm_param(xc_interface *xch, uint32_t dom, int param,
                     unsigned long *value)
{
    uint64_t v;
    int rc = xc_hvm_param_get(xch, dom, param, &v);

    if ( rc < 0 )
        return rc;
    *value = v;

    return 0;
}

/* --- context ------------------------------------------------------------- */

int xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid,
                             uint8_t *ctxt_buf, uint32_t size)
{
    /* Without a buffer the call returns the size that is needed. */
    xc_hypercall_buffer_t b = BOUNCE(ctxt_buf, size, BOUNCE_OUT);
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_gethvmcontext,
        .domain = domid16(domid),
        .u.hvmcontext.size = size,
    };
    int rc;

    if ( bounce_in(xch, "gethvmcontext", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.hvmcontext.buffer, b.hbuf);
    rc = do_domctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc < 0 ? -1 : (int)op.u.hvmcontext.size;
}

int xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid,
                                     uint16_t typecode, uint16_t instance,
                                     void *ctxt_buf, uint32_t size)
{
    xc_hypercall_buffer_t b = BOUNCE(ctxt_buf, size, BOUNCE_OUT);
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_gethvmcontext_partial,
        .domain = domid16(domid),
        .u.hvmcontext_partial = {
            .type = typecode,
            .instance = instance,
            .bufsz = size,
        },
    };
    int rc;

    if ( !ctxt_buf )
        return fail(EINVAL);
    if ( bounce_in(xch, "gethvmcontext_partial", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.hvmcontext_partial.buffer, b.hbuf);
    rc = do_domctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc ? -1 : 0;
}

int xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid,
                             uint8_t *hvm_ctxt, uint32_t size)
{
    xc_hypercall_buffer_t b = BOUNCE(hvm_ctxt, size, BOUNCE_IN);
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_sethvmcontext,
        .domain = domid16(domid),
        .u.hvmcontext.size = size,
    };
    int rc;

    if ( bounce_in(xch, "sethvmcontext", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.hvmcontext.buffer, b.hbuf);
    rc = do_domctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc;
}
