/* SPDX-License-Identifier: MIT */
/* domctl(): values with names. */
#include <xen/domctl.h>

#include "tables.h"

const struct value names_shadow_ops[] = {
    IS(XEN_DOMCTL_SHADOW_OP_OFF),
    IS(XEN_DOMCTL_SHADOW_OP_ENABLE_TEST),
    IS(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY),
    IS(XEN_DOMCTL_SHADOW_OP_CLEAN),
    IS(XEN_DOMCTL_SHADOW_OP_PEEK),
    IS(XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION),
    IS(XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION),
    IS(XEN_DOMCTL_SHADOW_OP_ENABLE),
    NO_MORE
};

const struct value names_affinities[] = {
    IS(XEN_VCPUAFFINITY_HARD),
    IS(XEN_VCPUAFFINITY_SOFT),
    IS(XEN_VCPUAFFINITY_FORCE),
    NO_MORE
};

const struct value names_sched_cmds[] = {
    IS(XEN_DOMCTL_SCHEDOP_putinfo),
    IS(XEN_DOMCTL_SCHEDOP_getinfo),
    IS(XEN_DOMCTL_SCHEDOP_putvcpuinfo),
    IS(XEN_DOMCTL_SCHEDOP_getvcpuinfo),
    NO_MORE
};

const struct value names_triggers[] = {
    IS(XEN_DOMCTL_SENDTRIGGER_NMI),
    IS(XEN_DOMCTL_SENDTRIGGER_RESET),
    IS(XEN_DOMCTL_SENDTRIGGER_INIT),
    IS(XEN_DOMCTL_SENDTRIGGER_POWER),
    IS(XEN_DOMCTL_SENDTRIGGER_SLEEP),
    NO_MORE
};

const struct value names_devices[] = {
    IS(XEN_DOMCTL_DEV_PCI),
    IS(XEN_DOMCTL_DEV_DT),
    NO_MORE
};

const struct value names_mappings[] = {
    IS(DPCI_ADD_MAPPING),
    IS(DPCI_REMOVE_MAPPING),
    NO_MORE
};

const struct value names_debug_ops[] = {
    IS(XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF),
    IS(XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON),
    NO_MORE
};

const struct value names_vm_event_ops[] = {
    IS(XEN_VM_EVENT_ENABLE),
    IS(XEN_VM_EVENT_DISABLE),
    IS(XEN_VM_EVENT_RESUME),
    IS(XEN_VM_EVENT_GET_VERSION),
    NO_MORE
};

const struct value names_vm_event_modes[] = {
    IS(XEN_DOMCTL_VM_EVENT_OP_PAGING),
    IS(XEN_DOMCTL_VM_EVENT_OP_MONITOR),
    IS(XEN_DOMCTL_VM_EVENT_OP_SHARING),
    NO_MORE
};

const struct value names_psr_cmt_ops[] = {
    IS(XEN_DOMCTL_PSR_CMT_OP_DETACH),
    IS(XEN_DOMCTL_PSR_CMT_OP_ATTACH),
    IS(XEN_DOMCTL_PSR_CMT_OP_QUERY_RMID),
    NO_MORE
};

const struct value names_monitor_ops[] = {
    IS(XEN_DOMCTL_MONITOR_OP_ENABLE),
    IS(XEN_DOMCTL_MONITOR_OP_DISABLE),
    IS(XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES),
    IS(XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP),
    IS(XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS),
    NO_MORE
};

const struct value names_monitor_events[] = {
    IS(XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG),
    IS(XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR),
    IS(XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP),
    IS(XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT),
    IS(XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST),
    IS(XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION),
    IS(XEN_DOMCTL_MONITOR_EVENT_CPUID),
    IS(XEN_DOMCTL_MONITOR_EVENT_PRIVILEGED_CALL),
    IS(XEN_DOMCTL_MONITOR_EVENT_INTERRUPT),
    IS(XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS),
    IS(XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED),
    IS(XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT),
    IS(XEN_DOMCTL_MONITOR_EVENT_VMEXIT),
    NO_MORE
};

const struct value names_psr_allocs[] = {
    IS(XEN_DOMCTL_PSR_SET_L3_CBM),
    IS(XEN_DOMCTL_PSR_GET_L3_CBM),
    IS(XEN_DOMCTL_PSR_SET_L3_CODE),
    IS(XEN_DOMCTL_PSR_SET_L3_DATA),
    IS(XEN_DOMCTL_PSR_GET_L3_CODE),
    IS(XEN_DOMCTL_PSR_GET_L3_DATA),
    IS(XEN_DOMCTL_PSR_SET_L2_CBM),
    IS(XEN_DOMCTL_PSR_GET_L2_CBM),
    IS(XEN_DOMCTL_PSR_SET_MBA_THRTL),
    IS(XEN_DOMCTL_PSR_GET_MBA_THRTL),
    NO_MORE
};

const struct value names_vuart_ops[] = {
    IS(XEN_DOMCTL_VUART_OP_INIT),
    NO_MORE
};

const struct value names_vmtrace_ops[] = {
    IS(XEN_DOMCTL_vmtrace_enable),
    IS(XEN_DOMCTL_vmtrace_disable),
    IS(XEN_DOMCTL_vmtrace_reset_and_enable),
    IS(XEN_DOMCTL_vmtrace_output_position),
    IS(XEN_DOMCTL_vmtrace_get_option),
    IS(XEN_DOMCTL_vmtrace_set_option),
    NO_MORE
};

const struct value names_pt_irq_types[] = {
    IS(PT_IRQ_TYPE_PCI),
    IS(PT_IRQ_TYPE_ISA),
    IS(PT_IRQ_TYPE_MSI),
    IS(PT_IRQ_TYPE_MSI_TRANSLATE),
    IS(PT_IRQ_TYPE_SPI),
    NO_MORE
};
