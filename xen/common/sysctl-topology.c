/* SPDX-License-Identifier: MIT */
/*
 * sysctl operations that describe the machine: one NUMA node, one socket,
 * one thread on each core, and what CPUID says.
 */
#include <hv/guest-access.h>
#include <hv/lib.h>

#include "control.h"
#include <pv-mm/pv-mm.h>

#include "sysctl-private.h"

#define LOCAL_DISTANCE      10
#define PCI_DEVICES_AT_ONCE 64

long sysctl_physinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_physinfo *p = &s->u.physinfo;
    uint32_t words[CPU_FEATURE_WORDS];
    struct cpu_info info;

    arch_cpu_info(&info);
    cpu_policy_features(cpu_policy_host(), words);
    memset(p, 0, sizeof(*p));
    p->threads_per_core = 1;
    p->nr_cpus = p->cores_per_socket = control_nr_cpus();
    p->max_cpu_id = p->nr_cpus - 1;
    p->nr_nodes = 1;
    p->cpu_khz = info.khz;
    p->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                      XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                      XEN_SYSCTL_PHYSCAP_gnttab_v2;
    if ( pv_mm_present() )
        p->capabilities |= XEN_SYSCTL_PHYSCAP_pv;
    p->total_pages = page_nr_total();
    p->free_pages = page_nr_free();
    p->outstanding_pages = page_nr_claimed();
    p->max_mfn = nr_frames - 1;
    _Static_assert(sizeof(p->hw_cap) <= sizeof(words), "first words fit");
    memcpy(p->hw_cap, words, sizeof(p->hw_cap));
    return 0;
}

/* Of as many CPUs as there is room for, which it says. */
long sysctl_getcpuinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_getcpuinfo *op = &s->u.getcpuinfo;
    uint32_t nr = min(op->max_cpus, control_nr_cpus());

    for ( uint32_t i = 0; i < nr; i++ )
    {
        const xen_sysctl_cpuinfo_t info = { .idletime = arch_cpu_idle_ns(i) };

        if ( copy_to_handle(op->info, i, &info, 1) )
            return -EFAULT;
    }
    op->nr_cpus = nr;
    return 0;
}

/* Says how many there are, and copies as many of them as there is room for. */
long sysctl_cputopoinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_cputopoinfo *op = &s->u.cputopoinfo;
    uint32_t nr = control_nr_cpus();

    if ( !handle_is_null(op->cputopo) )
        for ( uint32_t i = 0; i < min(nr, op->num_cpus); i++ )
        {
            const xen_sysctl_cputopo_t topo = { .core = i };

            if ( copy_to_handle(op->cputopo, i, &topo, 1) )
                return -EFAULT;
        }
    op->num_cpus = nr;
    return 0;
}

/*
 * Of each PCI device its node.  There are no PCI devices: dom0's kernel drives
 * them all.  Does 64 at most, and says how many; callers ask again.
 */
long sysctl_pcitopoinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_pcitopoinfo *op = &s->u.pcitopoinfo;
    uint32_t nr = min(op->num_devs, (uint32_t)PCI_DEVICES_AT_ONCE);
    const uint32_t node = XEN_INVALID_DEV;
    physdev_pci_device_t dev;

    if ( handle_is_null(op->devs) || handle_is_null(op->nodes) )
        return -EINVAL;
    for ( uint32_t i = 0; i < nr; i++ )
        if ( copy_from_handle(&dev, op->devs, i, 1) ||
             copy_to_handle(op->nodes, i, &node, 1) )
            return -EFAULT;
    op->num_devs = nr;
    return 0;
}

long sysctl_numainfo(struct xen_sysctl *s)
{
    struct xen_sysctl_numainfo *op = &s->u.numainfo;
    const xen_sysctl_meminfo_t mem = {
        .memsize = page_nr_total() << PAGE_SHIFT,
        .memfree = page_nr_free() << PAGE_SHIFT,
    };
    const uint32_t distance = LOCAL_DISTANCE;

    if ( op->num_nodes && !handle_is_null(op->meminfo) &&
         copy_to_handle(op->meminfo, 0, &mem, 1) )
        return -EFAULT;
    if ( op->num_nodes && !handle_is_null(op->distance) &&
         copy_to_handle(op->distance, 0, &distance, 1) )
        return -EFAULT;
    op->num_nodes = 1;
    return 0;
}

/* -EINVAL unknown index, -EOPNOTSUPP of PV guests where there are none. */
long sysctl_cpu_featureset(struct xen_sysctl *s)
{
    struct xen_sysctl_cpu_featureset *op = &s->u.cpu_featureset;
    const struct cpu_policy *p = cpu_policy_default();
    uint32_t words[CPU_FEATURE_WORDS], nr;

    switch ( op->index )
    {
    case XEN_SYSCTL_cpu_featureset_raw:
    case XEN_SYSCTL_cpu_featureset_host:
        p = cpu_policy_host();
        break;
    case XEN_SYSCTL_cpu_featureset_hvm:
    case XEN_SYSCTL_cpu_featureset_hvm_max:
        break;
    case XEN_SYSCTL_cpu_featureset_pv:
    case XEN_SYSCTL_cpu_featureset_pv_max:
        if ( !pv_mm_present() )
            return -EOPNOTSUPP;
        p = cpu_policy_default_pv();
        break;
    default:
        return -EINVAL;
    }

    nr = min(op->nr_features, (uint32_t)CPU_FEATURE_WORDS);
    op->nr_features = CPU_FEATURE_WORDS;
    if ( handle_is_null(op->features) )
        return 0;
    cpu_policy_features(p, words);
    if ( copy_to_handle(op->features, 0, words, nr) )
        return -EFAULT;
    op->nr_features = nr;
    return nr < CPU_FEATURE_WORDS ? -ENOBUFS : 0;
}

long sysctl_cpu_policy(struct xen_sysctl *s)
{
    struct xen_sysctl_cpu_policy *op = &s->u.cpu_policy;
    const struct cpu_policy *p;
    int rc;

    if ( op->_rsvd )
        return -EINVAL;
    switch ( op->index )
    {
    case XEN_SYSCTL_cpu_policy_raw:
    case XEN_SYSCTL_cpu_policy_host:
        p = cpu_policy_host();
        break;
    case XEN_SYSCTL_cpu_policy_hvm_max:
    case XEN_SYSCTL_cpu_policy_hvm_default:
        p = cpu_policy_default();
        break;
    case XEN_SYSCTL_cpu_policy_pv_max:
    case XEN_SYSCTL_cpu_policy_pv_default:
        if ( !pv_mm_present() )
            return -EOPNOTSUPP;
        p = cpu_policy_default_pv();
        break;
    default:
        return -EINVAL;
    }
    rc = control_copy_leaves(p, handle_addr(op->leaves), &op->nr_leaves);
    if ( !rc )
        rc = control_copy_msrs(p, handle_addr(op->msrs), &op->nr_msrs);
    return rc;
}
