/* SPDX-License-Identifier: MIT */
/* Tables that more than one file uses. */
#ifndef TABLES_H
#define TABLES_H

#include "tracer.h"

extern const struct field rows_bitmap_in[], rows_bitmap_out[],
    rows_bitmap_inout[], rows_createdomain[], rows_getdomaininfo[],
    rows_cpuid_leaf_in[], rows_msr_entry_in[], rows_cpuid_leaf_out[],
    rows_msr_entry_out[], rows_pci_device[], rows_getpageframeinfo3[],
    rows_shadow_op[], rows_max_mem[], rows_vcpucontext_in[],
    rows_vcpucontext_out[], rows_getvcpuinfo[], rows_nodeaffinity_in[],
    rows_nodeaffinity_out[], rows_setaffinity[], rows_getaffinity[],
    rows_max_vcpus[], rows_scheduler_op[], rows_setdomainhandle[],
    rows_setdebugging[], rows_irq_permission[], rows_iomem_permission[],
    rows_ioport_permission[], rows_hypercall_init[], rows_settimeoffset[],
    rows_hvmcontext_in[], rows_hvmcontext_out[], rows_hvmcontext_partial[],
    rows_address_size_in[], rows_address_size_out[], rows_sendtrigger[],
    rows_assign_device[], rows_get_device_group[], rows_bind_pt_irq[],
    rows_memory_mapping[], rows_ioport_mapping[], rows_set_target[],
    rows_cpu_policy_in[], rows_cpu_policy_out[], rows_subscribe[],
    rows_debug_op[], rows_gdbsx_memio[], rows_gdbsx_vcpu[],
    rows_gdbsx_domstatus[], rows_vm_event_op[], rows_mem_sharing_op[],
    rows_audit_p2m[], rows_set_broken_page_p2m[], rows_tsc_info_in[],
    rows_tsc_info_out[], rows_set_virq_handler[], rows_extstate_in[],
    rows_vcpu_msrs_in[], rows_extstate_out[], rows_vcpu_msrs_out[],
    rows_set_access_required[], rows_cacheflush[], rows_mempool_in[],
    rows_mempool_out[], rows_vnuma[], rows_psr_cmt_op[], rows_monitor_op[],
    rows_psr_alloc[], rows_vuart_op[], rows_vmtrace_op[], rows_readconsole[],
    rows_tbuf_op[], rows_physinfo[], rows_sched_id[], rows_perfc_op[],
    rows_getdomaininfolist[], rows_debug_keys[], rows_getcpuinfo[],
    rows_availheap[], rows_get_pmstat[], rows_cpu_hotplug[], rows_pm_op[],
    rows_page_offline_op[], rows_vmemrange[], rows_dm_op_buf[];
extern const struct value names_schedulers[], names_virqs[],
    names_shadow_ops[], names_affinities[], names_sched_cmds[],
    names_triggers[], names_devices[], names_mappings[], names_debug_ops[],
    names_vm_event_ops[], names_vm_event_modes[], names_psr_cmt_ops[],
    names_monitor_ops[], names_monitor_events[], names_psr_allocs[],
    names_vuart_ops[], names_vmtrace_ops[], names_pt_irq_types[],
    names_tbufops[], names_physcaps[], names_perfcops[], names_hotplugs[],
    names_cpufreq_types[], names_offline_ops[], names_lockprofs[],
    names_cpupool_ops[], names_sched_sysctls[], names_coverages[],
    names_psr_cmts[], names_levelcaps[], names_featuresets[],
    names_policies[], names_patch_actions[], names_domids[],
    names_resources[], names_mem_types[], names_shutdowns[], names_statuses[],
    names_gntcopy[], names_grant_ops[], names_evtchn_ops[],
    names_physdev_ops[], names_hvm_ops[], names_version_ops[],
    names_sched_ops[], names_vcpu_ops[], names_kexec_ops[];

#endif
