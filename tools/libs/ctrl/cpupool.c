/* SPDX-License-Identifier: MIT */
/*
 * CPU pools.  An xc_cpupoolinfo_t and its map are one allocation, released
 * by xc_cpupool_infofree(); the map of free CPUs is the caller's to free().
 */
#include "private.h"

static int cpupool_op(xc_interface *xch, struct xen_sysctl_cpupool_op *arg)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_cpupool_op,
        .u.cpupool_op = *arg,
    };
    int rc;

    /* Pools change in steps; Xen asks to be called again between them. */
    do
    {
        rc = do_sysctl(xch, &op);
    } while ( rc < 0 && errno == EAGAIN );

    *arg = op.u.cpupool_op;

    return rc;
}

/* The same with the map Xen fills. */
static int cpupool_query(xc_interface *xch, struct xen_sysctl_cpupool_op *arg,
                         xc_cpumap_t map, size_t size)
{
    xc_hypercall_buffer_t b = BOUNCE(map, size, BOUNCE_OUT);
    int rc;

    if ( bounce_in(xch, "cpupool", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(arg->cpumap.bitmap, b.hbuf);
    arg->cpumap.nr_bits = size * 8;
    rc = cpupool_op(xch, arg);
    bounce_out(xch, &b, 1);

    return rc;
}

int xc_cpupool_create(xc_interface *xch, uint32_t *ppoolid, uint32_t sched_id)
{
    struct xen_sysctl_cpupool_op op = {
        .op = XEN_SYSCTL_CPUPOOL_OP_CREATE,
        .cpupool_id = *ppoolid == XC_CPUPOOL_POOLID_ANY
                          ? XEN_SYSCTL_CPUPOOL_PAR_ANY
                          : *ppoolid,
        .sched_id = sched_id,
    };
    int rc = cpupool_op(xch, &op);

    if ( rc )
        return rc;
    *ppoolid = op.cpupool_id;

    return 0;
}

int xc_cpupool_destroy(xc_interface *xch, uint32_t poolid)
{
    struct xen_sysctl_cpupool_op op = {
        .op = XEN_SYSCTL_CPUPOOL_OP_DESTROY,
        .cpupool_id = poolid,
    };

    return cpupool_op(xch, &op);
}

xc_cpupoolinfo_t *xc_cpupool_getinfo(xc_interface *xch, uint32_t poolid)
{
    struct xen_sysctl_cpupool_op op = {
        .op = XEN_SYSCTL_CPUPOOL_OP_INFO,
        .cpupool_id = poolid,
    };
    int size = xc_get_cpumap_size(xch);
    xc_cpupoolinfo_t *info;

    if ( size <= 0 )
    {
        report(xch, "size of a cpumap not known");
        return NULL;
    }

    info = calloc(1, sizeof(*info) + size);
    if ( !info )
        return NULL;
    info->cpumap = (xc_cpumap_t)(info + 1);

    if ( cpupool_query(xch, &op, info->cpumap, size) < 0 )
    {
        xc_cpupool_infofree(xch, info);
        return NULL;
    }
    info->cpupool_id = op.cpupool_id;
    info->sched_id = op.sched_id;
    info->n_dom = op.n_dom;

    return info;
}

void xc_cpupool_infofree(xc_interface *xch, xc_cpupoolinfo_t *info)
{
    (void)xch;
    free(info);
}

static int cpupool_cpu(xc_interface *xch, uint32_t cmd, uint32_t poolid,
                       int cpu)
{
    struct xen_sysctl_cpupool_op op = {
        .op = cmd,
        .cpupool_id = poolid,
        .cpu = cpu < 0 ? XEN_SYSCTL_CPUPOOL_PAR_ANY : (uint32_t)cpu,
    };

    return cpupool_op(xch, &op);
}

int xc_cpupool_addcpu(xc_interface *xch, uint32_t poolid, int cpu)
{
    return cpupool_cpu(xch, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, poolid, cpu);
}

int xc_cpupool_removecpu(xc_interface *xch, uint32_t poolid, int cpu)
{
    return cpupool_cpu(xch, XEN_SYSCTL_CPUPOOL_OP_RMCPU, poolid, cpu);
}

int xc_cpupool_movedomain(xc_interface *xch, uint32_t poolid, uint32_t domid)
{
    struct xen_sysctl_cpupool_op op = {
        .op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN,
        .cpupool_id = poolid,
        .domid = domid,
    };

    return cpupool_op(xch, &op);
}

xc_cpumap_t xc_cpupool_freeinfo(xc_interface *xch)
{
    struct xen_sysctl_cpupool_op op = {
        .op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO,
    };
    int size = xc_get_cpumap_size(xch);
    xc_cpumap_t map;

    if ( size <= 0 )
        return NULL;
    map = calloc(1, size);
    if ( !map )
        return NULL;

    if ( cpupool_query(xch, &op, map, size) < 0 )
    {
        free(map);
        return NULL;
    }

    return map;
}
