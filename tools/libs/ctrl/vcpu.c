/* SPDX-License-Identifier: MIT */
/*
 * vCPUs, and the bitmaps of physical CPUs and NUMA nodes that name where
 * they may run.
 *
 * A bitmap is a little-endian array of bytes, long enough for the largest CPU
 * (or node) id of the host; the library asks Xen for this id once per handle.
 */
#include "private.h"

static int ask_limits(xc_interface *xch)
{
    xc_physinfo_t info;

    if ( xch->max_cpus )
        return 0;
    if ( xc_physinfo(xch, &info) )
        return -1;

    xch->max_cpus = info.max_cpu_id + 1;
    xch->max_nodes = info.max_node_id + 1;

    return 0;
}

int xc_get_max_cpus(xc_interface *xch)
{
    return ask_limits(xch) ? -1 : xch->max_cpus;
}

int xc_get_max_nodes(xc_interface *xch)
{
    return ask_limits(xch) ? -1 : xch->max_nodes;
}

int xc_get_online_cpus(xc_interface *xch)
{
    xc_physinfo_t info;

    return xc_physinfo(xch, &info) ? -1 : (int)info.nr_cpus;
}

int xc_get_cpumap_size(xc_interface *xch)
{
    int nr = xc_get_max_cpus(xch);

    return nr < 0 ? -1 : (nr + 7) / 8;
}

int xc_get_nodemap_size(xc_interface *xch)
{
    int nr = xc_get_max_nodes(xch);

    return nr < 0 ? -1 : (nr + 7) / 8;
}

xc_cpumap_t xc_cpumap_alloc(xc_interface *xch)
{
    int size = xc_get_cpumap_size(xch);

    return size <= 0 ? NULL : calloc(1, size);
}

xc_nodemap_t xc_nodemap_alloc(xc_interface *xch)
{
    int size = xc_get_nodemap_size(xch);

    return size <= 0 ? NULL : calloc(1, size);
}

void xc_cpumap_clearcpu(int cpu, xc_cpumap_t map)
{
    map[cpu / 8] &= ~(1U << (cpu % 8));
}

void xc_cpumap_setcpu(int cpu, xc_cpumap_t map)
{
    map[cpu / 8] |= 1U << (cpu % 8);
}

int xc_cpumap_testcpu(int cpu, xc_cpumap_t map)
{
    return (map[cpu / 8] >> (cpu % 8)) & 1;
}

/* --- affinity ------------------------------------------------------------ */

/*
 * Reads or writes the two maps of a vCPU.  Both are bounced in both
 * directions: a write reports the effective affinity in the same maps.
 */
static int vcpu_affinity(xc_interface *xch, uint32_t cmd, uint32_t domid,
                         int vcpu, xc_cpumap_t hard, xc_cpumap_t soft,
                         uint32_t flags, unsigned int dir)
{
    int size = xc_get_cpumap_size(xch);
    xc_hypercall_buffer_t b[] = {
        BOUNCE(hard, size, dir),
        BOUNCE(soft, size, dir),
    };
    struct xen_domctl op = {
        .cmd = cmd,
        .domain = domid16(domid),
        .u.vcpuaffinity = { .vcpu = vcpu, .flags = flags },
    };
    int rc;

    if ( size <= 0 )
    {
        report(xch, "domain %u vcpu %d: size of a cpumap not known", domid,
               vcpu);
        return -1;
    }
    if ( bounce_in(xch, "vcpuaffinity", b, 2) )
        return -1;

    set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_hard.bitmap, b[0].hbuf);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = size * 8;
    set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_soft.bitmap, b[1].hbuf);
    op.u.vcpuaffinity.cpumap_soft.nr_bits = size * 8;
    rc = do_domctl(xch, &op);
    bounce_out(xch, b, 2);

    return rc;
}

int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, int vcpu,
                        xc_cpumap_t cpumap_hard_inout,
                        xc_cpumap_t cpumap_soft_inout, uint32_t flags)
{
    return vcpu_affinity(xch, XEN_DOMCTL_setvcpuaffinity, domid, vcpu,
                         cpumap_hard_inout, cpumap_soft_inout, flags,
                         BOUNCE_BOTH);
}

int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, int vcpu,
                        xc_cpumap_t cpumap_hard, xc_cpumap_t cpumap_soft,
                        uint32_t flags)
{
    return vcpu_affinity(xch, XEN_DOMCTL_getvcpuaffinity, domid, vcpu,
                         cpumap_hard, cpumap_soft, flags, BOUNCE_OUT);
}

static int node_affinity(xc_interface *xch, uint32_t cmd, uint32_t domid,
                         xc_nodemap_t nodemap, unsigned int dir)
{
    int size = xc_get_nodemap_size(xch);
    xc_hypercall_buffer_t b = BOUNCE(nodemap, size, dir);
    struct xen_domctl op = { .cmd = cmd, .domain = domid16(domid) };
    int rc;

    if ( size <= 0 )
    {
        report(xch, "domain %u: size of a nodemap not known", domid);
        return -1;
    }
    if ( bounce_in(xch, "nodeaffinity", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.u.nodeaffinity.nodemap.bitmap, b.hbuf);
    op.u.nodeaffinity.nodemap.nr_bits = size * 8;
    rc = do_domctl(xch, &op);
    bounce_out(xch, &b, 1);

    return rc;
}

int xc_domain_node_setaffinity(xc_interface *xch, uint32_t domid,
                               xc_nodemap_t nodemap)
{
    return node_affinity(xch, XEN_DOMCTL_setnodeaffinity, domid, nodemap,
                         BOUNCE_IN);
}

int xc_domain_node_getaffinity(xc_interface *xch, uint32_t domid,
                               xc_nodemap_t nodemap)
{
    return node_affinity(xch, XEN_DOMCTL_getnodeaffinity, domid, nodemap,
                         BOUNCE_OUT);
}

/* --- one vCPU ------------------------------------------------------------ */

int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu,
                    xc_vcpuinfo_t *info)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getvcpuinfo,
        .domain = domid16(domid),
        .u.getvcpuinfo.vcpu = vcpu,
    };
    int rc = do_domctl(xch, &op);

    *info = op.u.getvcpuinfo;

    return rc;
}

long long xc_domain_get_cpu_usage(xc_interface *xch, uint32_t domid, int vcpu)
{
    xc_vcpuinfo_t info;

    if ( xc_vcpu_getinfo(xch, domid, vcpu, &info) < 0 )
        return -1;

    return info.cpu_time;
}
