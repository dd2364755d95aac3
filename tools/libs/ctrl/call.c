/* SPDX-License-Identifier: MIT */
/*
 * One helper per hypercall: bounce the operation, call, describe an error.
 *
 * ABI: the hypercall ioctl returns an int, but memory operations return
 * longs.  xc_memory_op() therefore issues a multicall of one entry, whose
 * 64-bit result Xen writes into memory.
 */
#include "private.h"

#include <xen/hvm/hvm_op.h>

int do_domctl(xc_interface *xch, struct xen_domctl *op)
{
    xc_hypercall_buffer_t b = BOUNCE(op, sizeof(*op), BOUNCE_BOTH);
    uint32_t cmd = op->cmd, domid = op->domain;
    int rc;

    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    if ( bounce_in(xch, "domctl", &b, 1) )
        return -1;

    rc = xencall1(xch->xcall, __HYPERVISOR_domctl, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    /* This error ends a list of domains, which is no failure. */
    if ( rc < 0 && !(cmd == XEN_DOMCTL_getdomaininfo && errno == ESRCH) )
        detail(xch, "domctl %u for domain %u: %s%s", cmd, domid,
               xc_strerror(xch, errno),
               errno == EACCES ? " (library of another Xen version?)" : "");

    return rc;
}

int do_sysctl(xc_interface *xch, struct xen_sysctl *op)
{
    xc_hypercall_buffer_t b = BOUNCE(op, sizeof(*op), BOUNCE_BOTH);
    uint32_t cmd = op->cmd;
    int rc;

    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    if ( bounce_in(xch, "sysctl", &b, 1) )
        return -1;

    rc = xencall1(xch->xcall, __HYPERVISOR_sysctl, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "sysctl %u: %s%s", cmd, xc_strerror(xch, errno),
               errno == EACCES ? " (library of another Xen version?)" : "");

    return rc;
}

int domctl_arrays(xc_interface *xch, struct xen_domctl *op, struct array *a,
                  unsigned int nr)
{
    int rc;

    if ( arrays_in(xch, "domctl", a, nr) )
        return -1;
    rc = do_domctl(xch, op);
    arrays_out(xch, a, nr);

    return rc;
}

int sysctl_arrays(xc_interface *xch, struct xen_sysctl *op, struct array *a,
                  unsigned int nr)
{
    int rc;

    if ( arrays_in(xch, "sysctl", a, nr) )
        return -1;
    rc = do_sysctl(xch, op);
    arrays_out(xch, a, nr);

    return rc;
}

int xc_domctl(xc_interface *xch, struct xen_domctl *domctl)
{
    return do_domctl(xch, domctl);
}

int xc_sysctl(xc_interface *xch, struct xen_sysctl *sysctl)
{
    return do_sysctl(xch, sysctl);
}

long xc_memory_op(xc_interface *xch, unsigned int cmd, void *arg, size_t len)
{
    multicall_entry_t call = {
        .op = __HYPERVISOR_memory_op,
        .args[0] = cmd,
    };
    xc_hypercall_buffer_t b[] = {
        BOUNCE(arg, len, BOUNCE_BOTH),
        BOUNCE(&call, sizeof(call), BOUNCE_BOTH),
    };
    int rc;

    /* The first buffer's address is part of what the second one carries. */
    if ( bounce_in(xch, "memory_op", &b[0], 1) )
        return -1;
    call.args[1] = (uintptr_t)b[0].hbuf;
    if ( bounce_in(xch, "multicall", &b[1], 1) )
    {
        xc__hypercall_buffer_free(xch, &b[0]);
        return -1;
    }

    rc = xencall2(xch->xcall, __HYPERVISOR_multicall, (uintptr_t)b[1].hbuf, 1);
    bounce_out(xch, b, 2);

    /* Xen's errors are the last page of the result's range. */
    if ( !rc && call.result > ~0xfffUL )
        rc = fail(-(long)call.result);
    if ( rc < 0 )
        detail(xch, "memory_op %u: %s", cmd, xc_strerror(xch, errno));

    return rc ? rc : (long)call.result;
}

long memory_op_arrays(xc_interface *xch, unsigned int cmd, void *arg,
                      size_t len, struct array *a, unsigned int nr)
{
    long rc;

    if ( arrays_in(xch, "memory_op", a, nr) )
        return -1;
    rc = xc_memory_op(xch, cmd, arg, len);
    arrays_out(xch, a, nr);

    return rc;
}

int do_platform_op(xc_interface *xch, struct xen_platform_op *op)
{
    xc_hypercall_buffer_t b = BOUNCE(op, sizeof(*op), BOUNCE_BOTH);
    uint32_t cmd = op->cmd;
    int rc;

    op->interface_version = XENPF_INTERFACE_VERSION;
    if ( bounce_in(xch, "platform_op", &b, 1) )
        return -1;

    rc = xencall1(xch->xcall, __HYPERVISOR_platform_op, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "platform_op %u: %s", cmd, xc_strerror(xch, errno));

    return rc;
}

/* The hypercalls that take (cmd, arg). */
static int cmd_op(xc_interface *xch, const char *name, unsigned int hypercall,
                  int cmd, void *arg, size_t len)
{
    xc_hypercall_buffer_t b = BOUNCE(arg, len, BOUNCE_BOTH);
    int rc;

    if ( bounce_in(xch, name, &b, 1) )
        return -1;

    rc = xencall2(xch->xcall, hypercall, cmd, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "%s %d: %s", name, cmd, xc_strerror(xch, errno));

    return rc;
}

int do_evtchn_op(xc_interface *xch, int cmd, void *arg, size_t len)
{
    return cmd_op(xch, "event_channel_op", __HYPERVISOR_event_channel_op, cmd,
                  arg, len);
}

int do_physdev_op(xc_interface *xch, int cmd, void *arg, size_t len)
{
    return cmd_op(xch, "physdev_op", __HYPERVISOR_physdev_op, cmd, arg, len);
}

int do_sched_op(xc_interface *xch, int cmd, void *arg, size_t len)
{
    return cmd_op(xch, "sched_op", __HYPERVISOR_sched_op, cmd, arg, len);
}

int do_hvm_op(xc_interface *xch, int cmd, void *arg, size_t len)
{
    return cmd_op(xch, "hvm_op", __HYPERVISOR_hvm_op, cmd, arg, len);
}

int do_kexec_op(xc_interface *xch, int cmd, void *arg, size_t len)
{
    return cmd_op(xch, "kexec_op", __HYPERVISOR_kexec_op, cmd, arg, len);
}
