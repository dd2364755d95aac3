/* SPDX-License-Identifier: MIT */
/*
 * The host's CPUs: hotplug, microcode, MSRs, machine checks; and where its
 * devices are.
 */
#include "private.h"

static int cpu_hotplug(xc_interface *xch, uint32_t op, int cpu)
{
    struct xen_sysctl sysctl = {
        .cmd = XEN_SYSCTL_cpu_hotplug,
        .u.cpu_hotplug = { .cpu = cpu, .op = op },
    };

    return do_sysctl(xch, &sysctl);
}

int xc_cpu_online(xc_interface *xch, int cpu)
{
    return cpu_hotplug(xch, XEN_SYSCTL_CPU_HOTPLUG_ONLINE, cpu);
}

int xc_cpu_offline(xc_interface *xch, int cpu)
{
    return cpu_hotplug(xch, XEN_SYSCTL_CPU_HOTPLUG_OFFLINE, cpu);
}

int xc_smt_enable(xc_interface *xch)
{
    return cpu_hotplug(xch, XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE, 0);
}

int xc_smt_disable(xc_interface *xch)
{
    return cpu_hotplug(xch, XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE, 0);
}

int xc_microcode_update(xc_interface *xch, const void *buf, size_t len)
{
    struct xen_platform_op op = {
        .cmd = XENPF_microcode_update,
        .u.microcode.length = len,
    };
    struct array a = ARRAY(op.u.microcode.data, buf, len, BOUNCE_IN);
    int rc;

    if ( arrays_in(xch, "platform_op", &a, 1) )
        return -1;
    rc = do_platform_op(xch, &op);
    arrays_out(xch, &a, 1);

    return rc;
}

/* --- MSRs ---------------------------------------------------------------- */

static void fill_resource_op(struct xen_platform_op *to,
                             const xc_resource_op_t *from)
{
    to->cmd = XENPF_resource_op;
    to->interface_version = XENPF_INTERFACE_VERSION;
    to->u.resource_op.cpu = from->cpu;
    to->u.resource_op.nr_entries = from->nr_entries;
}

static int one_resource_op(xc_interface *xch, xc_resource_op_t *op)
{
    struct xen_platform_op arg = { 0 };
    struct array a =
        ARRAY(arg.u.resource_op.entries, op->entries,
              op->nr_entries * sizeof(*op->entries), BOUNCE_BOTH);
    int rc;

    fill_resource_op(&arg, op);
    if ( arrays_in(xch, "platform_op", &a, 1) )
        return -1;
    rc = do_platform_op(xch, &arg);
    op->result = rc;
    arrays_out(xch, &a, 1);

    return rc;
}

/* What each operation of a multicall needs. */
struct resource_call {
    struct xen_platform_op arg;
    struct array entries;
    xc_hypercall_buffer_t b;
};

static int prepare_call(xc_interface *xch, struct resource_call *c,
                        multicall_entry_t *call, const xc_resource_op_t *op)
{
    fill_resource_op(&c->arg, op);
    c->entries = (struct array)ARRAY(
        c->arg.u.resource_op.entries, op->entries,
        op->nr_entries * sizeof(*op->entries), BOUNCE_BOTH);
    if ( arrays_in(xch, "platform_op", &c->entries, 1) )
        return -1;

    c->b = (xc_hypercall_buffer_t)BOUNCE(&c->arg, sizeof(c->arg), BOUNCE_BOTH);
    if ( bounce_in(xch, "platform_op", &c->b, 1) )
    {
        xc__hypercall_buffer_free(xch, &c->entries.b);
        return -1;
    }
    call->op = __HYPERVISOR_platform_op;
    call->args[0] = (uintptr_t)c->b.hbuf;

    return 0;
}

static int many_resource_ops(xc_interface *xch, uint32_t nr,
                             xc_resource_op_t *ops)
{
    struct resource_call *calls = calloc(nr, sizeof(*calls));
    multicall_entry_t *list = calloc(nr, sizeof(*list));
    xc_hypercall_buffer_t b = BOUNCE(list, nr * sizeof(*list), BOUNCE_BOTH);
    uint32_t ready = 0;
    int rc = -1;

    if ( !calls || !list )
        goto out;
    while ( ready < nr )
    {
        if ( prepare_call(xch, &calls[ready], &list[ready], &ops[ready]) )
            goto out;
        ready++;
    }
    if ( bounce_in(xch, "multicall", &b, 1) )
        goto out;

    rc = xencall2(xch->xcall, __HYPERVISOR_multicall, (uintptr_t)b.hbuf, nr);
    bounce_out(xch, &b, 1);
    for ( uint32_t i = 0; i < nr; i++ )
        ops[i].result = list[i].result;

out:
    while ( ready-- )
    {
        xc__hypercall_bounce_post(xch, &calls[ready].b);
        arrays_out(xch, &calls[ready].entries, 1);
    }
    free(list);
    free(calls);

    return rc;
}

int xc_resource_op(xc_interface *xch, uint32_t nr_ops, xc_resource_op_t *ops)
{
    if ( nr_ops == 1 )
        return one_resource_op(xch, ops);

    return nr_ops ? many_resource_ops(xch, nr_ops, ops) : -1;
}

/* --- machine checks ------------------------------------------------------ */

int xc_mca_op(xc_interface *xch, struct xen_mc *mc)
{
    xc_hypercall_buffer_t b = BOUNCE(mc, sizeof(*mc), BOUNCE_BOTH);
    uint32_t cmd = mc->cmd;
    int rc;

    if ( bounce_in(xch, "mca", &b, 1) )
        return -1;
    rc = xencall1(xch->xcall, __HYPERVISOR_mca, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "mca %u: %s", cmd, xc_strerror(xch, errno));

    return rc;
}

int xc_mca_op_inject_v2(xc_interface *xch, unsigned int flags,
                        xc_cpumap_t cpumap, unsigned int nr_cpus)
{
    struct xen_mc mc = {
        .cmd = XEN_MC_inject_v2,
        .interface_version = XEN_MCA_INTERFACE_VERSION,
        .u.mc_inject_v2 = { .flags = flags, .cpumap.nr_bits = nr_cpus },
    };
    struct array a = ARRAY(mc.u.mc_inject_v2.cpumap.bitmap, cpumap,
                           (nr_cpus + 7) / 8, BOUNCE_IN);
    int rc;

    if ( !cpumap || !nr_cpus )
        return fail(EINVAL);
    if ( arrays_in(xch, "mca", &a, 1) )
        return -1;
    rc = xc_mca_op(xch, &mc);
    arrays_out(xch, &a, 1);

    return rc;
}

/* --- devices ------------------------------------------------------------- */

int xc_pcitopoinfo(xc_interface *xch, unsigned num_devs,
                   physdev_pci_device_t *devs, uint32_t *nodes)
{
    unsigned int done;

    /* The hypervisor may do some of them only. */
    for ( int rc; num_devs; devs += done, nodes += done, num_devs -= done )
    {
        struct xen_sysctl op = {
            .cmd = XEN_SYSCTL_pcitopoinfo,
            .u.pcitopoinfo.num_devs = num_devs,
        };
        struct array a[] = {
            ARRAY(op.u.pcitopoinfo.devs, devs, num_devs * sizeof(*devs),
                  BOUNCE_IN),
            ARRAY(op.u.pcitopoinfo.nodes, nodes, num_devs * sizeof(*nodes),
                  BOUNCE_BOTH),
        };

        rc = sysctl_arrays(xch, &op, a, 2);
        if ( rc )
            return rc;
        done = op.u.pcitopoinfo.num_devs;
        if ( !done )
            return fail(EIO);
        if ( done > num_devs )
            done = num_devs;
    }
    return 0;
}

int xc_reserved_device_memory_map(xc_interface *xch, uint32_t flags,
                                  uint16_t seg, uint8_t bus, uint8_t devfn,
                                  struct xen_reserved_device_memory entries[],
                                  uint32_t *max_entries)
{
    ZEROED(struct xen_reserved_device_memory_map, op);
    struct array a = ARRAY(op.buffer, entries,
                           *max_entries * sizeof(entries[0]), BOUNCE_OUT);
    int rc;

    op.flags = flags;
    op.nr_entries = *max_entries;
    op.dev.pci.seg = seg;
    op.dev.pci.bus = bus;
    op.dev.pci.devfn = devfn;
    rc = memory_op_arrays(xch, XENMEM_reserved_device_memory_map, &op,
                          sizeof(op), &a, 1);
    *max_entries = op.nr_entries;

    return rc;
}
