/* SPDX-License-Identifier: MIT */
/* sysctl(): console, CPUs, power. */
#include <xen/sysctl.h>

#include "tables.h"

/* Parts of unions that have no type of their own, as the operations use them.
        */
struct pm_value {
    uint32_t value;
};
struct pm_avgfreq {
    uint64_t get_avgfreq;
};
struct offline_status {
    uint32_t first; /* of several: one for each frame */
};
struct governors {
    char names[64];
};

#define T struct xen_sysctl_readconsole
const struct field rows_readconsole[] = {
    V(IN, DEC, clear),
    V(IN, DEC, incremental),
    PAD(pad0),
    PAD(pad1),
    V(INOUT, HEX, index),
    B(OUT, TEXT, buffer, count),
    V(INOUT, DEC, count),
    END
};
#undef T

#define T struct xen_sysctl_tbuf_op
const struct field rows_tbuf_op[] = {
    N(IN, cmd, names_tbufops),
    S(cpu_mask, rows_bitmap_inout),
    V(INOUT, HEX, evt_mask),
    V(OUT, HEX, buffer_mfn),
    V(INOUT, DEC, size),
    END
};
#undef T

#define T struct xen_sysctl_physinfo
const struct field rows_physinfo[] = {
    V(OUT, DEC, threads_per_core),
    V(OUT, DEC, cores_per_socket),
    V(OUT, DEC, nr_cpus),
    V(OUT, DEC, max_cpu_id),
    V(OUT, DEC, nr_nodes),
    V(OUT, DEC, max_node_id),
    V(OUT, DEC, cpu_khz),
    F(OUT, capabilities, names_physcaps),
    V(OUT, DEC, arch_capabilities),
    PAD(pad),
    V(OUT, DEC, total_pages),
    V(OUT, DEC, free_pages),
    V(OUT, DEC, scrub_pages),
    V(OUT, DEC, outstanding_pages),
    V(OUT, DEC, max_mfn),
    W(OUT, HEX, 4, hw_cap),
    END
};
#undef T

#define T struct xen_sysctl_sched_id
const struct field rows_sched_id[] = {
    N(OUT, sched_id, names_schedulers),
    END
};
#undef T

#define T struct xen_sysctl_perfc_desc
static const struct field rows_perfc_desc[] = {
    TEXT(OUT, name),
    V(OUT, DEC, nr_vals),
    END
};
#undef T

#define T struct xen_sysctl_perfc_op
const struct field rows_perfc_op[] = {
    N(IN, cmd, names_perfcops),
    V(OUT, DEC, nr_counters),
    V(OUT, DEC, nr_vals),
    A(desc, rows_perfc_desc, nr_counters),
    L(OUT, DEC, 4, val, nr_vals),
    END
};
#undef T

#define T struct xen_sysctl_getdomaininfolist
const struct field rows_getdomaininfolist[] = {
    V(IN, DEC, first_domain),
    V(IN, DEC, max_domains),
    V(OUT, DEC, num_domains),
    A(buffer, rows_getdomaininfo, num_domains),
    END
};
#undef T

#define T struct xen_sysctl_debug_keys
const struct field rows_debug_keys[] = {
    B(IN, TEXT, keys, nr_keys),
    V(IN, DEC, nr_keys),
    END
};
#undef T

#define T struct xen_sysctl_getcpuinfo
const struct field rows_getcpuinfo[] = {
    V(IN, DEC, max_cpus),
    V(OUT, DEC, nr_cpus),
    L(OUT, DEC, 8, info, nr_cpus),
    END
};
#undef T

#define T struct xen_sysctl_availheap
const struct field rows_availheap[] = {
    V(IN, DEC, min_bitwidth),
    V(IN, DEC, max_bitwidth),
    V(IN, INT, node),
    V(OUT, DEC, avail_bytes),
    END
};
#undef T

#define T pm_px_val_t
static const struct field rows_pm_px_val[] = {
    V(OUT, DEC, freq),
    V(OUT, DEC, residency),
    V(OUT, DEC, count),
    END
};
#undef T

#define T struct pm_px_stat
static const struct field rows_px_stat[] = {
    V(OUT, DEC, total),
    V(OUT, DEC, usable),
    V(OUT, DEC, last),
    V(OUT, DEC, cur),
    L(OUT, DEC, 8, trans_pt, total),
    A(pt, rows_pm_px_val, total),
    END
};
#undef T

#define T struct pm_cx_stat
static const struct field rows_cx_stat[] = {
    V(INOUT, DEC, nr),
    V(OUT, DEC, last),
    V(OUT, DEC, idle_time),
    L(OUT, DEC, 8, triggers, nr),
    L(OUT, DEC, 8, residencies, nr),
    V(INOUT, DEC, nr_pc),
    V(INOUT, DEC, nr_cc),
    L(OUT, DEC, 8, pc, nr_pc),
    L(OUT, DEC, 8, cc, nr_cc),
    END
};
#undef T

#define T struct pm_px_stat
static const struct field rows_max_px[] = {
    V(OUT, DEC, total),
    END
};
#undef T

#define T struct pm_cx_stat
static const struct field rows_max_cx[] = {
    V(OUT, DEC, nr),
    END
};
#undef T

static const struct value names_pmstats[] = {
    HAS(PMSTAT_get_max_px, rows_max_px),
    HAS(PMSTAT_get_pxstat, rows_px_stat),
    IS(PMSTAT_reset_pxstat),
    HAS(PMSTAT_get_max_cx, rows_max_cx),
    HAS(PMSTAT_get_cxstat, rows_cx_stat),
    IS(PMSTAT_reset_cxstat),
    NO_MORE
};

#define T struct xen_sysctl_get_pmstat
const struct field rows_get_pmstat[] = {
    N(IN, type, names_pmstats),
    V(IN, DEC, cpuid),
    C(u, type, names_pmstats),
    END
};
#undef T

#define T struct xen_sysctl_cpu_hotplug
const struct field rows_cpu_hotplug[] = {
    V(IN, DEC, cpu),
    N(IN, op, names_hotplugs),
    END
};
#undef T

#define T struct governors
static const struct field rows_governors[] = {
    TEXT(OUT, names),
    END
};
#undef T

#define T struct xen_get_cpufreq_para
static const struct field rows_cpufreq_para[] = {
    V(INOUT, DEC, cpu_num),
    V(INOUT, DEC, freq_num),
    V(INOUT, DEC, gov_num),
    L(OUT, DEC, 4, affected_cpus, cpu_num),
    L(OUT, DEC, 4, scaling_available_frequencies, freq_num),
    P(scaling_available_governors, rows_governors),
    TEXT(OUT, scaling_driver),
    V(OUT, DEC, cpuinfo_cur_freq),
    V(OUT, DEC, cpuinfo_max_freq),
    V(OUT, DEC, cpuinfo_min_freq),
    V(OUT, DEC, scaling_cur_freq),
    TEXT(OUT, scaling_governor),
    V(OUT, DEC, scaling_max_freq),
    V(OUT, DEC, scaling_min_freq),
    V(OUT, DEC, u.userspace.scaling_setspeed),
    V(OUT, DEC, u.ondemand.sampling_rate),
    V(OUT, DEC, u.ondemand.up_threshold),
    V(OUT, INT, turbo_enabled),
    END
};
#undef T

#define T struct xen_set_cpufreq_gov
static const struct field rows_cpufreq_gov[] = {
    TEXT(IN, scaling_governor),
    END
};
#undef T

#define T struct xen_set_cpufreq_para
static const struct field rows_cpufreq_set[] = {
    N(IN, ctrl_type, names_cpufreq_types),
    V(IN, DEC, ctrl_value),
    END
};
#undef T

#define T struct pm_value
static const struct field rows_pm_value_in[] = {
    V(IN, DEC, value),
    END
};
#undef T

#define T struct pm_value
static const struct field rows_pm_value_out[] = {
    V(OUT, DEC, value),
    END
};
#undef T

#define T struct pm_avgfreq
static const struct field rows_pm_avgfreq[] = {
    V(OUT, DEC, get_avgfreq),
    END
};
#undef T

static const struct value names_pm_ops[] = {
    HAS(GET_CPUFREQ_PARA, rows_cpufreq_para),
    HAS(SET_CPUFREQ_GOV, rows_cpufreq_gov),
    HAS(SET_CPUFREQ_PARA, rows_cpufreq_set),
    HAS(GET_CPUFREQ_AVGFREQ, rows_pm_avgfreq),
    HAS(XEN_SYSCTL_pm_op_set_sched_opt_smt, rows_pm_value_in),
    HAS(XEN_SYSCTL_pm_op_get_max_cstate, rows_pm_value_out),
    HAS(XEN_SYSCTL_pm_op_set_max_cstate, rows_pm_value_in),
    HAS(XEN_SYSCTL_pm_op_set_vcpu_migration_delay, rows_pm_value_in),
    HAS(XEN_SYSCTL_pm_op_get_vcpu_migration_delay, rows_pm_value_out),
    IS(XEN_SYSCTL_pm_op_enable_turbo),
    IS(XEN_SYSCTL_pm_op_disable_turbo),
    NO_MORE
};

#define T struct xen_sysctl_pm_op
const struct field rows_pm_op[] = {
    N(IN, cmd, names_pm_ops),
    V(IN, DEC, cpuid),
    C(u, cmd, names_pm_ops),
    END
};
#undef T

#define T struct offline_status
static const struct field rows_offline_status[] = {
    V(INOUT, HEX, first),
    END
};
#undef T

#define T struct xen_sysctl_page_offline_op
const struct field rows_page_offline_op[] = {
    N(IN, cmd, names_offline_ops),
    V(IN, HEX, start),
    V(IN, HEX, end),
    P(status, rows_offline_status),
    END
};
#undef T
