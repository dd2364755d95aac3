/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor measures: trace buffers, performance counters, locks.
 */
#include "private.h"

static int tbuf_op(xc_interface *xch, struct xen_sysctl_tbuf_op *arg)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_tbuf_op, .u.tbuf_op = *arg };
    int rc = do_sysctl(xch, &op);

    *arg = op.u.tbuf_op;

    return rc;
}

int xc_tbuf_disable(xc_interface *xch)
{
    struct xen_sysctl_tbuf_op op = { .cmd = XEN_SYSCTL_TBUFOP_disable };

    return tbuf_op(xch, &op);
}

int xc_tbuf_set_size(xc_interface *xch, unsigned long size)
{
    struct xen_sysctl_tbuf_op op = {
        .cmd = XEN_SYSCTL_TBUFOP_set_size,
        .size = size,
    };

    return tbuf_op(xch, &op);
}

/* The information page begins with the size, in pages for each CPU. */
int xc_tbuf_get_size(xc_interface *xch, unsigned long *size)
{
    struct xen_sysctl_tbuf_op op = { .cmd = XEN_SYSCTL_TBUFOP_get_info };
    uint16_t *info;
    int rc = tbuf_op(xch, &op);

    if ( rc )
        return rc;
    info = xc_map_foreign_range(xch, DOMID_XEN, op.size,
                                PROT_READ | PROT_WRITE, op.buffer_mfn);
    if ( !info )
        return -1;

    *size = *info;
    rc = *info ? 0 : -1;
    xenforeignmemory_unmap(xch->fmem, info,
                           ((size_t)op.size + XC_PAGE_SIZE - 1) >>
                               XC_PAGE_SHIFT);

    return rc;
}

int xc_tbuf_enable(xc_interface *xch, unsigned long pages, unsigned long *mfn,
                   unsigned long *size)
{
    struct xen_sysctl_tbuf_op op = { .cmd = XEN_SYSCTL_TBUFOP_enable };
    int rc;

    /* Enabled with a size before, it keeps that. */
    xc_tbuf_set_size(xch, pages);
    if ( tbuf_op(xch, &op) )
        return -1;
    op.cmd = XEN_SYSCTL_TBUFOP_get_info;
    rc = tbuf_op(xch, &op);
    if ( rc )
        return rc;
    *size = op.size;
    *mfn = op.buffer_mfn;

    return 0;
}

int xc_tbuf_set_cpu_mask(xc_interface *xch, xc_cpumap_t mask)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_tbuf_op,
        .u.tbuf_op.cmd = XEN_SYSCTL_TBUFOP_set_cpu_mask,
    };
    int bits = xc_get_max_cpus(xch);
    struct array a = ARRAY(op.u.tbuf_op.cpu_mask.bitmap, mask,
                           bits > 0 ? xc_get_cpumap_size(xch) : 0, BOUNCE_IN);

    if ( bits <= 0 )
    {
        report(xch, "number of CPUs not known");
        return -1;
    }
    op.u.tbuf_op.cpu_mask.nr_bits = bits;

    return sysctl_arrays(xch, &op, &a, 1);
}

int xc_tbuf_set_evt_mask(xc_interface *xch, uint32_t mask)
{
    struct xen_sysctl_tbuf_op op = {
        .cmd = XEN_SYSCTL_TBUFOP_set_evt_mask,
        .evt_mask = mask,
    };

    return tbuf_op(xch, &op);
}

/* --- performance counters ------------------------------------------------ */

static int perfc_op(xc_interface *xch, struct xen_sysctl_perfc_op *arg)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_perfc_op, .u.perfc_op = *arg };
    int rc = do_sysctl(xch, &op);

    *arg = op.u.perfc_op;

    return rc;
}

int xc_perfc_reset(xc_interface *xch)
{
    struct xen_sysctl_perfc_op op = { .cmd = XEN_SYSCTL_PERFCOP_reset };

    return perfc_op(xch, &op);
}

int xc_perfc_query_number(xc_interface *xch, int *nbr_desc, int *nbr_val)
{
    struct xen_sysctl_perfc_op op = { .cmd = XEN_SYSCTL_PERFCOP_query };
    int rc = perfc_op(xch, &op);

    if ( nbr_desc )
        *nbr_desc = op.nr_counters;
    if ( nbr_val )
        *nbr_val = op.nr_vals;

    return rc;
}

int xc_perfc_query(xc_interface *xch, xc_hypercall_buffer_t *desc,
                   xc_hypercall_buffer_t *val)
{
    struct xen_sysctl_perfc_op op = { .cmd = XEN_SYSCTL_PERFCOP_query };

    set_xen_guest_handle_raw(op.desc, buffer_of(desc));
    set_xen_guest_handle_raw(op.val, buffer_of(val));

    return perfc_op(xch, &op);
}

/* --- locks --------------------------------------------------------------- */

static int lockprof_op(xc_interface *xch, struct xen_sysctl_lockprof_op *arg)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_lockprof_op,
        .u.lockprof_op = *arg,
    };
    int rc = do_sysctl(xch, &op);

    *arg = op.u.lockprof_op;

    return rc;
}

int xc_lockprof_reset(xc_interface *xch)
{
    struct xen_sysctl_lockprof_op op = { .cmd = XEN_SYSCTL_LOCKPROF_reset };

    return lockprof_op(xch, &op);
}

int xc_lockprof_query_number(xc_interface *xch, uint32_t *n_elems)
{
    struct xen_sysctl_lockprof_op op = { .cmd = XEN_SYSCTL_LOCKPROF_query };
    int rc = lockprof_op(xch, &op);

    *n_elems = op.nr_elem;

    return rc;
}

int xc_lockprof_query(xc_interface *xch, uint32_t *n_elems, uint64_t *time,
                      xc_hypercall_buffer_t *data)
{
    struct xen_sysctl_lockprof_op op = {
        .cmd = XEN_SYSCTL_LOCKPROF_query,
        .max_elem = *n_elems,
    };
    int rc;

    set_xen_guest_handle_raw(op.data, buffer_of(data));
    rc = lockprof_op(xch, &op);
    *n_elems = op.nr_elem;
    if ( time )
        *time = op.time;

    return rc;
}
