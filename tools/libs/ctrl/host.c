/* SPDX-License-Identifier: MIT */
/*
 * The host: its version, its console, its CPUs and NUMA nodes.
 */
#include "private.h"

#include <xen/version.h>

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
    int rc = do_sysctl(xch, &op);

    if ( rc )
        return rc;
    *info = op.u.physinfo;

    return 0;
}

int xc_sched_id(xc_interface *xch, int *sched_id)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id };
    int rc = do_sysctl(xch, &op);

    if ( rc )
        return rc;
    *sched_id = op.u.sched_id.sched_id;

    return 0;
}

int xc_availheap(xc_interface *xch, int min_width, int max_width, int node,
                 uint64_t *bytes)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_availheap,
        .u.availheap = {
            .min_bitwidth = min_width,
            .max_bitwidth = max_width,
            .node = node,
        },
    };
    int rc = do_sysctl(xch, &op);

    *bytes = op.u.availheap.avail_bytes;

    return rc;
}

int xc_getcpuinfo(xc_interface *xch, int max_cpus, xc_cpuinfo_t *info,
                  int *nr_cpus)
{
    xc_hypercall_buffer_t b =
        BOUNCE(info, max_cpus * sizeof(*info), BOUNCE_OUT);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_getcpuinfo,
        .u.getcpuinfo.max_cpus = max_cpus,
    };
    int rc;

    if ( bounce_in(xch, "getcpuinfo", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.getcpuinfo.info, b.hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, &b, 1);
    if ( nr_cpus )
        *nr_cpus = op.u.getcpuinfo.nr_cpus;

    return rc;
}

int xc_cputopoinfo(xc_interface *xch, unsigned *max_cpus,
                   xc_cputopo_t *cputopo)
{
    xc_hypercall_buffer_t b =
        BOUNCE(cputopo, *max_cpus * sizeof(*cputopo), BOUNCE_OUT);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_cputopoinfo,
        .u.cputopoinfo.num_cpus = *max_cpus,
    };
    int rc;

    if ( bounce_in(xch, "cputopoinfo", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.cputopoinfo.cputopo, b.hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, &b, 1);
    if ( rc )
        return rc;
    *max_cpus = op.u.cputopoinfo.num_cpus;

    return 0;
}

int xc_numainfo(xc_interface *xch, unsigned *max_nodes, xc_meminfo_t *meminfo,
                uint32_t *distance)
{
    size_t nr = *max_nodes;
    xc_hypercall_buffer_t b[] = {
        BOUNCE(meminfo, nr * sizeof(*meminfo), BOUNCE_OUT),
        BOUNCE(distance, nr * nr * sizeof(*distance), BOUNCE_OUT),
    };
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_numainfo,
        .u.numainfo.num_nodes = nr,
    };
    int rc;

    if ( bounce_in(xch, "numainfo", b, 2) )
        return -1;

    set_xen_guest_handle_raw(op.u.numainfo.meminfo, b[0].hbuf);
    set_xen_guest_handle_raw(op.u.numainfo.distance, b[1].hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, b, 2);
    if ( rc )
        return rc;
    *max_nodes = op.u.numainfo.num_nodes;

    return 0;
}

/* --- version ------------------------------------------------------------- */

/* Bytes behind arg; 0 for the commands that answer in their return value. */
static int version_arg_size(int cmd, const void *arg, size_t *size)
{
    switch ( cmd )
    {
    case XENVER_version:
    case XENVER_pagesize:
        *size = 0;
        return 0;
    case XENVER_extraversion:
        *size = sizeof(xen_extraversion_t);
        return 0;
    case XENVER_compile_info:
        *size = sizeof(xen_compile_info_t);
        return 0;
    case XENVER_capabilities:
        *size = sizeof(xen_capabilities_info_t);
        return 0;
    case XENVER_changeset:
        *size = sizeof(xen_changeset_info_t);
        return 0;
    case XENVER_platform_parameters:
        *size = sizeof(xen_platform_parameters_t);
        return 0;
    case XENVER_get_features:
        *size = sizeof(xen_feature_info_t);
        return 0;
    case XENVER_guest_handle:
        *size = sizeof(xen_domain_handle_t);
        return 0;
    case XENVER_commandline:
        *size = sizeof(xen_commandline_t);
        return 0;
    case XENVER_build_id:
        *size = arg ? sizeof(xen_build_id_t) + ((xen_build_id_t *)arg)->len
                    : 0;
        return 0;
    default:
        return -1;
    }
}

int xc_version(xc_interface *xch, int cmd, void *arg)
{
    /* ABI: 4.17 passes only a build_id's length in, no submap index. */
    xc_hypercall_buffer_t b = BOUNCE(
        arg, 0, cmd == XENVER_build_id ? BOUNCE_BOTH : BOUNCE_OUT);
    int rc;

    if ( version_arg_size(cmd, arg, &b.sz) )
    {
        report(xch, "xen_version has no command %d", cmd);
        return fail_negative(EINVAL);
    }
    if ( !b.sz )
        b.ubuf = NULL;
    if ( bounce_in(xch, "xen_version", &b, 1) )
        return -1;

    rc = xencall2(xch->xcall, __HYPERVISOR_xen_version, cmd, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "xen_version %d: %s", cmd, xc_strerror(xch, errno));

    return rc;
}

/* --- console ------------------------------------------------------------- */

int xc_readconsolering(xc_interface *xch, char *buffer,
                       unsigned int *pnr_chars, int clear, int incremental,
                       uint32_t *pindex)
{
    xc_hypercall_buffer_t b = BOUNCE(buffer, *pnr_chars, BOUNCE_OUT);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_readconsole,
        .u.readconsole = {
            .clear = clear,
            .incremental = incremental,
            .index = pindex ? *pindex : 0,
            .count = *pnr_chars,
        },
    };
    int rc;

    if ( bounce_in(xch, "readconsole", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.readconsole.buffer, b.hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, &b, 1);
    if ( rc )
        return rc;

    *pnr_chars = op.u.readconsole.count;
    if ( pindex )
        *pindex = op.u.readconsole.index;

    return 0;
}

int xc_send_debug_keys(xc_interface *xch, const char *keys)
{
    size_t len = strlen(keys);
    xc_hypercall_buffer_t b = BOUNCE(keys, len, BOUNCE_IN);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_debug_keys,
        .u.debug_keys.nr_keys = len,
    };
    int rc;

    if ( bounce_in(xch, "debug_keys", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.debug_keys.keys, b.hbuf);
    rc = do_sysctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc;
}
