/* SPDX-License-Identifier: MIT */
/* The operations of sysctl(), and the rest of their structures. */
#include <xen/sysctl.h>

#include "tables.h"

#define T struct xen_sysctl_lockprof_data
static const struct field rows_lockprof_data[] = {
    TEXT(OUT, name),
    V(OUT, INT, type),
    V(OUT, INT, idx),
    V(OUT, DEC, lock_cnt),
    V(OUT, DEC, block_cnt),
    V(OUT, DEC, lock_time),
    V(OUT, DEC, block_time),
    END
};
#undef T

#define T struct xen_sysctl_lockprof_op
static const struct field rows_lockprof_op[] = {
    N(IN, cmd, names_lockprofs),
    V(IN, DEC, max_elem),
    V(OUT, DEC, nr_elem),
    V(OUT, DEC, time),
    A(data, rows_lockprof_data, nr_elem),
    END
};
#undef T

#define T xen_sysctl_cputopo_t
static const struct field rows_cputopo[] = {
    V(OUT, DEC, core),
    V(OUT, DEC, socket),
    V(OUT, DEC, node),
    END
};
#undef T

#define T struct xen_sysctl_cputopoinfo
static const struct field rows_cputopoinfo[] = {
    V(INOUT, DEC, num_cpus),
    A(cputopo, rows_cputopo, num_cpus),
    END
};
#undef T

#define T xen_sysctl_meminfo_t
static const struct field rows_meminfo[] = {
    V(OUT, DEC, memsize),
    V(OUT, DEC, memfree),
    END
};
#undef T

#define T struct xen_sysctl_numainfo
static const struct field rows_numainfo[] = {
    V(INOUT, DEC, num_nodes),
    A(meminfo, rows_meminfo, num_nodes),
    L(OUT, DEC, 4, distance, num_nodes),
    END
};
#undef T

#define T struct xen_sysctl_pcitopoinfo
static const struct field rows_pcitopoinfo[] = {
    V(INOUT, DEC, num_devs),
    A(devs, rows_pci_device, num_devs),
    L(OUT, DEC, 4, nodes, num_devs),
    END
};
#undef T

#define T struct xen_sysctl_cpupool_op
static const struct field rows_cpupool_op[] = {
    N(IN, op, names_cpupool_ops),
    V(INOUT, HEX, cpupool_id),
    V(INOUT, DEC, sched_id),
    V(IN, DEC, domid),
    V(IN, DEC, cpu),
    V(OUT, DEC, n_dom),
    S(cpumap, rows_bitmap_out),
    END
};
#undef T

typedef __typeof__(*((struct xen_sysctl_arinc653_schedule *)0)
                       ->sched_entries) arinc_entry_t;
#define T arinc_entry_t
static const struct field rows_arinc_entry[] = {
    V(INOUT, UUID, dom_handle),
    V(INOUT, DEC, vcpu_id),
    V(INOUT, DEC, runtime),
    END
};
#undef T

#define T struct xen_sysctl_arinc653_schedule
static const struct field rows_arinc_schedule[] = {
    V(INOUT, DEC, major_frame),
    V(INOUT, DEC, num_sched_entries),
    R(sched_entries, rows_arinc_entry, num_sched_entries),
    END
};
#undef T

#define T struct xen_sysctl_sched_arinc653
static const struct field rows_arinc[] = {
    P(schedule, rows_arinc_schedule),
    END
};
#undef T

#define T struct xen_sysctl_credit_schedule
static const struct field rows_credit[] = {
    V(INOUT, DEC, tslice_ms),
    V(INOUT, DEC, ratelimit_us),
    V(INOUT, DEC, vcpu_migr_delay_us),
    END
};
#undef T

#define T struct xen_sysctl_credit2_schedule
static const struct field rows_credit2[] = {
    V(INOUT, DEC, ratelimit_us),
    END
};
#undef T

static const struct value names_pool_params[] = {
    HAS(XEN_SCHEDULER_ARINC653, rows_arinc),
    HAS(XEN_SCHEDULER_CREDIT, rows_credit),
    HAS(XEN_SCHEDULER_CREDIT2, rows_credit2),
    NO_MORE
};

#define T struct xen_sysctl_scheduler_op
static const struct field rows_scheduler_sysctl[] = {
    V(IN, DEC, cpupool_id),
    N(IN, sched_id, names_schedulers),
    N(IN, cmd, names_sched_sysctls),
    C(u, sched_id, names_pool_params),
    END
};
#undef T

#define T struct xen_sysctl_coverage_op
static const struct field rows_coverage_op[] = {
    N(IN, cmd, names_coverages),
    V(INOUT, DEC, size),
    B(OUT, BYTES, buffer, size),
    END
};
#undef T

#define T struct xen_sysctl_psr_cmt_op
static const struct field rows_psr_cmt_sysctl[] = {
    N(IN, cmd, names_psr_cmts),
    V(IN, HEX, flags),
    V(INOUT, HEX, u.data),
    END
};
#undef T

#define T __typeof__(((struct xen_sysctl_psr_alloc *)0)->u)
static const struct field rows_cat_info[] = {
    V(OUT, DEC, cat_info.cbm_len),
    V(OUT, DEC, cat_info.cos_max),
    V(OUT, HEX, cat_info.flags),
    END
};
#undef T

#define T __typeof__(((struct xen_sysctl_psr_alloc *)0)->u)
static const struct field rows_mba_info[] = {
    V(OUT, DEC, mba_info.thrtl_max),
    V(OUT, DEC, mba_info.cos_max),
    V(OUT, HEX, mba_info.flags),
    END
};
#undef T

static const struct value names_psr_infos[] = {
    HAS(XEN_SYSCTL_PSR_get_l3_info, rows_cat_info),
    HAS(XEN_SYSCTL_PSR_get_l2_info, rows_cat_info),
    HAS(XEN_SYSCTL_PSR_get_mba_info, rows_mba_info),
    NO_MORE
};

#define T struct xen_sysctl_psr_alloc
static const struct field rows_psr_alloc_sysctl[] = {
    N(IN, cmd, names_psr_infos),
    V(IN, DEC, target),
    C(u, cmd, names_psr_infos),
    END
};
#undef T

#define T struct xen_sysctl_cpu_levelling_caps
static const struct field rows_levelling_caps[] = {
    F(OUT, caps, names_levelcaps),
    END
};
#undef T

#define T struct xen_sysctl_cpu_featureset
static const struct field rows_featureset[] = {
    N(IN, index, names_featuresets),
    V(INOUT, DEC, nr_features),
    L(OUT, HEX, 4, features, nr_features),
    END
};
#undef T

#define T struct xen_sysctl_cpu_policy
static const struct field rows_policy[] = {
    N(IN, index, names_policies),
    V(INOUT, DEC, nr_leaves),
    V(INOUT, DEC, nr_msrs),
    PAD(_rsvd),
    A(leaves, rows_cpuid_leaf_out, nr_leaves),
    A(msrs, rows_msr_entry_out, nr_msrs),
    END
};
#undef T

#define T struct xen_livepatch_name
static const struct field rows_patch_name[] = {
    V(IN, DEC, size),
    B(IN, TEXT, name, size),
    PAD(pad),
    END
};
#undef T

#define T xen_livepatch_status_t
static const struct field rows_patch_status[] = {
    V(OUT, DEC, state),
    V(OUT, INT, rc),
    END
};
#undef T

#define T struct xen_sysctl_livepatch_upload
static const struct field rows_patch_upload[] = {
    S(name, rows_patch_name),
    V(IN, DEC, size),
    B(IN, BYTES, payload, size),
    END
};
#undef T

#define T struct xen_sysctl_livepatch_get
static const struct field rows_patch_get[] = {
    S(name, rows_patch_name),
    S(status, rows_patch_status),
    END
};
#undef T

#define T struct xen_sysctl_livepatch_list
static const struct field rows_patch_list[] = {
    V(OUT, DEC, version),
    V(IN, DEC, idx),
    V(INOUT, DEC, nr),
    PAD(pad),
    V(OUT, DEC, name_total_size),
    V(OUT, DEC, metadata_total_size),
    A(status, rows_patch_status, nr),
    B(OUT, TEXT, name, name_total_size),
    L(OUT, DEC, 4, len, nr),
    B(OUT, TEXT, metadata, metadata_total_size),
    L(OUT, DEC, 4, metadata_len, nr),
    END
};
#undef T

#define T struct xen_sysctl_livepatch_action
static const struct field rows_patch_action[] = {
    S(name, rows_patch_name),
    N(IN, cmd, names_patch_actions),
    V(IN, DEC, timeout),
    V(IN, HEX, flags),
    PAD(pad),
    END
};
#undef T

static const struct value names_livepatch_ops[] = {
    HAS(XEN_SYSCTL_LIVEPATCH_UPLOAD, rows_patch_upload),
    HAS(XEN_SYSCTL_LIVEPATCH_GET, rows_patch_get),
    HAS(XEN_SYSCTL_LIVEPATCH_LIST, rows_patch_list),
    HAS(XEN_SYSCTL_LIVEPATCH_ACTION, rows_patch_action),
    NO_MORE
};

#define T struct xen_sysctl_livepatch_op
static const struct field rows_livepatch_op[] = {
    N(IN, cmd, names_livepatch_ops),
    PAD(pad),
    C(u, cmd, names_livepatch_ops),
    END
};
#undef T

const struct value sysctls[] = {
    HAS(XEN_SYSCTL_readconsole, rows_readconsole),
    HAS(XEN_SYSCTL_tbuf_op, rows_tbuf_op),
    HAS(XEN_SYSCTL_physinfo, rows_physinfo),
    HAS(XEN_SYSCTL_sched_id, rows_sched_id),
    HAS(XEN_SYSCTL_perfc_op, rows_perfc_op),
    HAS(XEN_SYSCTL_getdomaininfolist, rows_getdomaininfolist),
    HAS(XEN_SYSCTL_debug_keys, rows_debug_keys),
    HAS(XEN_SYSCTL_getcpuinfo, rows_getcpuinfo),
    HAS(XEN_SYSCTL_availheap, rows_availheap),
    HAS(XEN_SYSCTL_get_pmstat, rows_get_pmstat),
    HAS(XEN_SYSCTL_cpu_hotplug, rows_cpu_hotplug),
    HAS(XEN_SYSCTL_pm_op, rows_pm_op),
    HAS(XEN_SYSCTL_page_offline_op, rows_page_offline_op),
    HAS(XEN_SYSCTL_lockprof_op, rows_lockprof_op),
    HAS(XEN_SYSCTL_cputopoinfo, rows_cputopoinfo),
    HAS(XEN_SYSCTL_numainfo, rows_numainfo),
    HAS(XEN_SYSCTL_cpupool_op, rows_cpupool_op),
    HAS(XEN_SYSCTL_scheduler_op, rows_scheduler_sysctl),
    HAS(XEN_SYSCTL_coverage_op, rows_coverage_op),
    HAS(XEN_SYSCTL_psr_cmt_op, rows_psr_cmt_sysctl),
    HAS(XEN_SYSCTL_pcitopoinfo, rows_pcitopoinfo),
    HAS(XEN_SYSCTL_psr_alloc, rows_psr_alloc_sysctl),
    HAS(XEN_SYSCTL_get_cpu_levelling_caps, rows_levelling_caps),
    HAS(XEN_SYSCTL_get_cpu_featureset, rows_featureset),
    HAS(XEN_SYSCTL_livepatch_op, rows_livepatch_op),
    HAS(XEN_SYSCTL_get_cpu_policy, rows_policy),
    NO_MORE
};
