/* SPDX-License-Identifier: MIT */
/* sysctl(): values with names. */
#include <xen/sysctl.h>

#include "tables.h"

const struct value names_tbufops[] = {
    IS(XEN_SYSCTL_TBUFOP_get_info),
    IS(XEN_SYSCTL_TBUFOP_set_size),
    IS(XEN_SYSCTL_TBUFOP_enable),
    IS(XEN_SYSCTL_TBUFOP_disable),
    NO_MORE
};

const struct value names_physcaps[] = {
    IS(XEN_SYSCTL_PHYSCAP_hvm),
    IS(XEN_SYSCTL_PHYSCAP_pv),
    IS(XEN_SYSCTL_PHYSCAP_directio),
    IS(XEN_SYSCTL_PHYSCAP_hap),
    IS(XEN_SYSCTL_PHYSCAP_shadow),
    IS(XEN_SYSCTL_PHYSCAP_vmtrace),
    IS(XEN_SYSCTL_PHYSCAP_vpmu),
    IS(XEN_SYSCTL_PHYSCAP_gnttab_v1),
    IS(XEN_SYSCTL_PHYSCAP_gnttab_v2),
    NO_MORE
};

const struct value names_perfcops[] = {
    IS(XEN_SYSCTL_PERFCOP_reset),
    IS(XEN_SYSCTL_PERFCOP_query),
    NO_MORE
};

const struct value names_hotplugs[] = {
    IS(XEN_SYSCTL_CPU_HOTPLUG_ONLINE),
    IS(XEN_SYSCTL_CPU_HOTPLUG_OFFLINE),
    IS(XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE),
    IS(XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE),
    NO_MORE
};

const struct value names_cpufreq_types[] = {
    IS(SCALING_MAX_FREQ),
    IS(SCALING_MIN_FREQ),
    IS(SCALING_SETSPEED),
    IS(SAMPLING_RATE),
    IS(UP_THRESHOLD),
    NO_MORE
};

const struct value names_offline_ops[] = {
    IS(sysctl_page_offline),
    IS(sysctl_page_online),
    IS(sysctl_query_page_offline),
    NO_MORE
};

const struct value names_lockprofs[] = {
    IS(XEN_SYSCTL_LOCKPROF_reset),
    IS(XEN_SYSCTL_LOCKPROF_query),
    NO_MORE
};

const struct value names_cpupool_ops[] = {
    IS(XEN_SYSCTL_CPUPOOL_OP_CREATE),
    IS(XEN_SYSCTL_CPUPOOL_OP_DESTROY),
    IS(XEN_SYSCTL_CPUPOOL_OP_INFO),
    IS(XEN_SYSCTL_CPUPOOL_OP_ADDCPU),
    IS(XEN_SYSCTL_CPUPOOL_OP_RMCPU),
    IS(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN),
    IS(XEN_SYSCTL_CPUPOOL_OP_FREEINFO),
    NO_MORE
};

const struct value names_sched_sysctls[] = {
    IS(XEN_SYSCTL_SCHEDOP_putinfo),
    IS(XEN_SYSCTL_SCHEDOP_getinfo),
    NO_MORE
};

const struct value names_coverages[] = {
    IS(XEN_SYSCTL_COVERAGE_get_size),
    IS(XEN_SYSCTL_COVERAGE_read),
    IS(XEN_SYSCTL_COVERAGE_reset),
    NO_MORE
};

const struct value names_psr_cmts[] = {
    IS(XEN_SYSCTL_PSR_CMT_get_total_rmid),
    IS(XEN_SYSCTL_PSR_CMT_get_l3_upscaling_factor),
    IS(XEN_SYSCTL_PSR_CMT_get_l3_cache_size),
    IS(XEN_SYSCTL_PSR_CMT_enabled),
    NO_MORE
};

const struct value names_levelcaps[] = {
    IS(XEN_SYSCTL_CPU_LEVELCAP_faulting),
    IS(XEN_SYSCTL_CPU_LEVELCAP_ecx),
    IS(XEN_SYSCTL_CPU_LEVELCAP_edx),
    IS(XEN_SYSCTL_CPU_LEVELCAP_extd_ecx),
    IS(XEN_SYSCTL_CPU_LEVELCAP_extd_edx),
    IS(XEN_SYSCTL_CPU_LEVELCAP_xsave_eax),
    IS(XEN_SYSCTL_CPU_LEVELCAP_thermal_ecx),
    IS(XEN_SYSCTL_CPU_LEVELCAP_l7s0_eax),
    IS(XEN_SYSCTL_CPU_LEVELCAP_l7s0_ebx),
    NO_MORE
};

const struct value names_featuresets[] = {
    IS(XEN_SYSCTL_cpu_featureset_raw),
    IS(XEN_SYSCTL_cpu_featureset_host),
    IS(XEN_SYSCTL_cpu_featureset_pv),
    IS(XEN_SYSCTL_cpu_featureset_hvm),
    IS(XEN_SYSCTL_cpu_featureset_pv_max),
    IS(XEN_SYSCTL_cpu_featureset_hvm_max),
    NO_MORE
};

const struct value names_policies[] = {
    IS(XEN_SYSCTL_cpu_policy_raw),
    IS(XEN_SYSCTL_cpu_policy_host),
    IS(XEN_SYSCTL_cpu_policy_pv_max),
    IS(XEN_SYSCTL_cpu_policy_hvm_max),
    IS(XEN_SYSCTL_cpu_policy_pv_default),
    IS(XEN_SYSCTL_cpu_policy_hvm_default),
    NO_MORE
};

const struct value names_patch_actions[] = {
    IS(LIVEPATCH_ACTION_UNLOAD),
    IS(LIVEPATCH_ACTION_REVERT),
    IS(LIVEPATCH_ACTION_APPLY),
    IS(LIVEPATCH_ACTION_REPLACE),
    NO_MORE
};
