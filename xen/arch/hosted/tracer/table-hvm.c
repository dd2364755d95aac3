/* SPDX-License-Identifier: MIT */
/* hvm_op(). */
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "tables.h"

static const struct value names_hvm_params[] = {
    IS(HVM_PARAM_CALLBACK_IRQ),
    IS(HVM_PARAM_STORE_PFN),
    IS(HVM_PARAM_STORE_EVTCHN),
    IS(HVM_PARAM_PAE_ENABLED),
    IS(HVM_PARAM_DM_DOMAIN),
    IS(HVM_PARAM_MEMORY_EVENT_CR0),
    IS(HVM_PARAM_MEMORY_EVENT_CR3),
    IS(HVM_PARAM_MEMORY_EVENT_CR4),
    IS(HVM_PARAM_MEMORY_EVENT_INT3),
    IS(HVM_PARAM_NESTEDHVM),
    IS(HVM_PARAM_MEMORY_EVENT_SINGLE_STEP),
    IS(HVM_PARAM_BUFIOREQ_EVTCHN),
    IS(HVM_PARAM_MEMORY_EVENT_MSR),
    IS(HVM_PARAM_IOREQ_PFN),
    IS(HVM_PARAM_BUFIOREQ_PFN),
    IS(HVM_PARAM_VIRIDIAN),
    IS(HVM_PARAM_TIMER_MODE),
    IS(HVM_PARAM_HPET_ENABLED),
    IS(HVM_PARAM_IDENT_PT),
    IS(HVM_PARAM_ACPI_S_STATE),
    IS(HVM_PARAM_VM86_TSS),
    IS(HVM_PARAM_VPT_ALIGN),
    IS(HVM_PARAM_CONSOLE_PFN),
    IS(HVM_PARAM_CONSOLE_EVTCHN),
    IS(HVM_PARAM_ACPI_IOPORTS_LOCATION),
    IS(HVM_PARAM_PAGING_RING_PFN),
    IS(HVM_PARAM_MONITOR_RING_PFN),
    IS(HVM_PARAM_SHARING_RING_PFN),
    IS(HVM_PARAM_TRIPLE_FAULT_REASON),
    IS(HVM_PARAM_IOREQ_SERVER_PFN),
    IS(HVM_PARAM_NR_IOREQ_SERVER_PAGES),
    IS(HVM_PARAM_VM_GENERATION_ID_ADDR),
    IS(HVM_PARAM_ALTP2M),
    IS(HVM_PARAM_X87_FIP_WIDTH),
    IS(HVM_PARAM_VM86_TSS_SIZED),
    IS(HVM_PARAM_MCA_CAP),
    NO_MORE
};

#define T struct xen_hvm_param
static const struct field rows_hvm_param_in[] = {
    N(IN, domid, names_domids),
    PAD(pad),
    N(IN, index, names_hvm_params),
    V(IN, HEX, value),
    END
};
#undef T

#define T struct xen_hvm_param
static const struct field rows_hvm_param_out[] = {
    N(IN, domid, names_domids),
    PAD(pad),
    N(IN, index, names_hvm_params),
    V(OUT, HEX, value),
    END
};
#undef T

#define T struct xen_hvm_pagetable_dying
static const struct field rows_hvm_pagetable[] = {
    N(IN, domid, names_domids),
    PAD(pad),
    V(IN, HEX, gpa),
    END
};
#undef T

#define T struct xen_hvm_get_time
static const struct field rows_hvm_time[] = {
    V(OUT, DEC, now),
    END
};
#undef T

#define T struct xen_hvm_get_mem_type
static const struct field rows_hvm_mem_type[] = {
    N(IN, domid, names_domids),
    PAD(pad),
    V(IN, HEX, pfn),
    N(OUT, mem_type, names_mem_types),
    END
};
#undef T

#define T struct xen_hvm_evtchn_upcall_vector
static const struct field rows_hvm_vector[] = {
    V(IN, DEC, vcpu),
    V(IN, HEX, vector),
    END
};
#undef T

#define T struct xen_hvm_altp2m_domain_state
static const struct field rows_altp2m_domain_state[] = {
    V(INOUT, DEC, state),
    END
};
#undef T

#define T struct xen_hvm_altp2m_vcpu_enable_notify
static const struct field rows_altp2m_vcpu_enable_notify[] = {
    V(IN, DEC, vcpu_id),
    PAD(pad),
    V(IN, HEX, gfn),
    END
};
#undef T

#define T struct xen_hvm_altp2m_vcpu_disable_notify
static const struct field rows_altp2m_vcpu_disable_notify[] = {
    V(IN, DEC, vcpu_id),
    END
};
#undef T

#define T struct xen_hvm_altp2m_view
static const struct field rows_altp2m_view[] = {
    V(INOUT, DEC, view),
    V(IN, DEC, hvmmem_default_access),
    END
};
#undef T

#define T struct xen_hvm_altp2m_mem_access
static const struct field rows_altp2m_mem_access[] = {
    V(INOUT, DEC, view),
    V(INOUT, DEC, access),
    PAD(pad),
    V(IN, HEX, gfn),
    END
};
#undef T

#define T struct xen_hvm_altp2m_set_mem_access_multi
static const struct field rows_altp2m_set_mem_access_multi[] = {
    V(INOUT, DEC, view),
    PAD(pad),
    V(IN, DEC, nr),
    V(INOUT, HEX, opaque),
    L(IN, HEX, 8, pfn_list, nr),
    L(IN, DEC, 1, access_list, nr),
    END
};
#undef T

#define T struct xen_hvm_altp2m_change_gfn
static const struct field rows_altp2m_change_gfn[] = {
    V(INOUT, DEC, view),
    PAD(pad1),
    PAD(pad2),
    V(IN, HEX, old_gfn),
    V(IN, HEX, new_gfn),
    END
};
#undef T

#define T struct xen_hvm_altp2m_suppress_ve
static const struct field rows_altp2m_suppress_ve[] = {
    V(INOUT, DEC, view),
    V(INOUT, DEC, suppress_ve),
    PAD(pad1),
    PAD(pad2),
    V(IN, HEX, gfn),
    END
};
#undef T

#define T struct xen_hvm_altp2m_suppress_ve_multi
static const struct field rows_altp2m_suppress_ve_multi[] = {
    V(INOUT, DEC, view),
    V(INOUT, DEC, suppress_ve),
    PAD(pad1),
    V(OUT, INT, first_error),
    V(IN, HEX, first_gfn),
    V(IN, HEX, last_gfn),
    V(OUT, HEX, first_error_gfn),
    END
};
#undef T

#define T struct xen_hvm_altp2m_get_vcpu_p2m_idx
static const struct field rows_altp2m_get_vcpu_p2m_idx[] = {
    V(IN, DEC, vcpu_id),
    V(INOUT, DEC, altp2m_idx),
    END
};
#undef T

#define T struct xen_hvm_altp2m_set_visibility
static const struct field rows_altp2m_set_visibility[] = {
    V(INOUT, DEC, altp2m_idx),
    V(IN, DEC, visible),
    PAD(pad),
    END
};
#undef T

static const struct value names_altp2m_ops[] = {
    HAS(HVMOP_altp2m_get_domain_state, rows_altp2m_domain_state),
    HAS(HVMOP_altp2m_set_domain_state, rows_altp2m_domain_state),
    HAS(HVMOP_altp2m_vcpu_enable_notify, rows_altp2m_vcpu_enable_notify),
    HAS(HVMOP_altp2m_create_p2m, rows_altp2m_view),
    HAS(HVMOP_altp2m_destroy_p2m, rows_altp2m_view),
    HAS(HVMOP_altp2m_switch_p2m, rows_altp2m_view),
    HAS(HVMOP_altp2m_set_mem_access, rows_altp2m_mem_access),
    HAS(HVMOP_altp2m_change_gfn, rows_altp2m_change_gfn),
    HAS(HVMOP_altp2m_set_mem_access_multi, rows_altp2m_set_mem_access_multi),
    HAS(HVMOP_altp2m_set_suppress_ve, rows_altp2m_suppress_ve),
    HAS(HVMOP_altp2m_get_suppress_ve, rows_altp2m_suppress_ve),
    HAS(HVMOP_altp2m_get_mem_access, rows_altp2m_mem_access),
    HAS(HVMOP_altp2m_vcpu_disable_notify, rows_altp2m_vcpu_disable_notify),
    HAS(HVMOP_altp2m_get_p2m_idx, rows_altp2m_get_vcpu_p2m_idx),
    HAS(HVMOP_altp2m_set_suppress_ve_multi, rows_altp2m_suppress_ve_multi),
    HAS(HVMOP_altp2m_set_visibility, rows_altp2m_set_visibility),
    NO_MORE
};

#define T struct xen_hvm_altp2m_op
static const struct field rows_hvm_altp2m[] = {
    USUAL(version, HVMOP_ALTP2M_INTERFACE_VERSION),
    N(IN, cmd, names_altp2m_ops),
    N(IN, domain, names_domids),
    PAD(pad1),
    PAD(pad2),
    C(u, cmd, names_altp2m_ops),
    END
};
#undef T

const struct value names_hvm_ops[] = {
    HAS(HVMOP_set_param, rows_hvm_param_in),
    HAS(HVMOP_get_param, rows_hvm_param_out),
    IS(HVMOP_flush_tlbs),
    HAS(HVMOP_pagetable_dying, rows_hvm_pagetable),
    HAS(HVMOP_get_time, rows_hvm_time),
    HAS(HVMOP_xentrace, raw),
    HAS(HVMOP_set_mem_access, raw),
    HAS(HVMOP_get_mem_access, raw),
    HAS(HVMOP_get_mem_type, rows_hvm_mem_type),
    HAS(HVMOP_set_evtchn_upcall_vector, rows_hvm_vector),
    IS(HVMOP_guest_request_vm_event),
    HAS(HVMOP_altp2m, rows_hvm_altp2m),
    NO_MORE
};
