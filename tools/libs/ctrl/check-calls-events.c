/* SPDX-License-Identifier: MIT */
/*
 * check-calls: calls that watch a guest: altp2m, rights, monitor, paging,
 * sharing.
 */
#include "check-calls.h"

/* Of the library; in no public header. */
int xc_vm_event_control(xc_interface *xch, uint32_t domain_id, unsigned int op,
                        unsigned int mode, uint32_t *port);
void *xc_vm_event_enable(xc_interface *xch, uint32_t domain_id, int param,
                         uint32_t *port);

static void altp2m_calls(xc_interface *x)
{
    CALL(xc_altp2m_get_domain_state, x, 7, &out.bools[8]);
    CALL(xc_altp2m_set_domain_state, x, 7, true);
    CALL(xc_altp2m_set_vcpu_enable_notify, x, 7, 1, 0x55);
    CALL(xc_altp2m_set_vcpu_disable_notify, x, 7, 1);
    CALL(xc_altp2m_create_view, x, 7, XENMEM_access_rx, &out.u16[4]);
    CALL(xc_altp2m_destroy_view, x, 7, 3);
    CALL(xc_altp2m_switch_to_view, x, 7, 3);
    CALL(xc_altp2m_set_suppress_ve, x, 7, 3, 0x55, true);
    CALL(xc_altp2m_get_suppress_ve, x, 7, 3, 0x55, &out.bools[8]);
    CALL(xc_altp2m_set_supress_ve_multi, x, 7, 3, 0x55, 0x66, true,
         &out.u64[2], &out.i[8]);
    CALL(xc_altp2m_set_mem_access, x, 7, 3, 0x55, XENMEM_access_rw);
    CALL(xc_altp2m_set_mem_access_multi, x, 7, 3, in.bytes, in.u64, 3);
    CALL(xc_altp2m_get_mem_access, x, 7, 3, 0x55, &out.u32[2]);
    CALL(xc_altp2m_change_gfn, x, 7, 3, 0x55, 0x66);
    CALL(xc_altp2m_get_vcpu_p2m_idx, x, 7, 1, &out.u16[4]);
    CALL(xc_altp2m_set_visibility, x, 7, 3, true);
}

static void monitor_calls(xc_interface *x)
{
    POINTER(xc_monitor_enable, x, 7, &out.u32[0]);
    CALL(xc_monitor_disable, x, 7);
    CALL(xc_monitor_resume, x, 7);
    CALL(xc_monitor_get_capabilities, x, 7, &out.u32[0]);
    CALL(xc_monitor_get_capabilities, x, 7, NULL);
    CALL(xc_monitor_write_ctrlreg, x, 7, 3, true, true, 0x80, true);
    CALL(xc_monitor_write_ctrlreg, x, 7, 3, false, false, 0x80, false);
    CALL(xc_monitor_mov_to_msr, x, 7, 0x277, true, true);
    CALL(xc_monitor_mov_to_msr, x, 7, 0x277, false, false);
    CALL(xc_monitor_singlestep, x, 7, true);
    CALL(xc_monitor_software_breakpoint, x, 7, true);
    CALL(xc_monitor_descriptor_access, x, 7, false);
    CALL(xc_monitor_guest_request, x, 7, true, true, true);
    CALL(xc_monitor_guest_request, x, 7, true, true, false);
    CALL(xc_monitor_guest_request, x, 7, false, false, true);
    CALL(xc_monitor_inguest_pagefault, x, 7, true);
    CALL(xc_monitor_inguest_pagefault, x, 7, false);
    CALL(xc_monitor_debug_exceptions, x, 7, true, true);
    CALL(xc_monitor_cpuid, x, 7, true);
    CALL(xc_monitor_privileged_call, x, 7, true);
    CALL(xc_monitor_emul_unimplemented, x, 7, true);
    CALL(xc_monitor_vmexit, x, 7, true, true);
    CALL(xc_monitor_emulate_each_rep, x, 7, true);
    CALL(xc_monitor_emulate_each_rep, x, 7, false);
    CALL(xc_vm_event_get_version, x);
    CALL(xc_vm_event_control, x, 7, 0, 2, &out.u32[1]);
    CALL(xc_vm_event_control, x, 7, 3, 1, NULL);
    /* 4.17 pauses the domain before it looks at the parameter. */
    for ( int param = HVM_PARAM_PAGING_RING_PFN;
          param <= HVM_PARAM_SHARING_RING_PFN; param++ )
        POINTER(xc_vm_event_enable, x, 7, param, &out.u32[0]);
}

static void memory_event_calls(xc_interface *x)
{
    CALL(xc_set_mem_access, x, 7, XENMEM_access_rx, 0x55, 3);
    CALL(xc_set_mem_access_multi, x, 7, in.bytes, in.u64, 3);
    CALL(xc_get_mem_access, x, 7, 0x55, &out.u32[2]);
    CALL(xc_domain_set_access_required, x, 7, 1);
    CALL(xc_mem_paging_enable, x, 7, &out.u32[0]);
    CALL(xc_mem_paging_enable, x, 7, NULL);
    CALL(xc_mem_paging_disable, x, 7);
    CALL(xc_mem_paging_resume, x, 7);
    CALL(xc_mem_paging_nominate, x, 7, 0x55);
    CALL(xc_mem_paging_evict, x, 7, 0x55);
    CALL(xc_mem_paging_prep, x, 7, 0x55);
    CALL(xc_mem_paging_load, x, 7, 0x55, NULL);
    if ( now->name[0] != 'd' )
        CALL(xc_mem_paging_load, x, 7, 0x55, in.bytes);
}

static void sharing_calls(xc_interface *x)
{
    CALL(xc_memshr_control, x, 7, 1);
    CALL(xc_memshr_control, x, 7, 0);
    CALL(xc_memshr_ring_enable, x, 7, &out.u32[0]);
    CALL(xc_memshr_ring_enable, x, 7, NULL);
    CALL(xc_memshr_ring_disable, x, 7);
    CALL(xc_memshr_domain_resume, x, 7);
    CALL(xc_memshr_nominate_gfn, x, 7, 0x55, &out.u64[1]);
    CALL(xc_memshr_nominate_gref, x, 7, 8, &out.u64[1]);
    CALL(xc_memshr_share_gfns, x, 7, 1, 2, 8, 3, 4);
    CALL(xc_memshr_share_grefs, x, 7, 1, 2, 8, 3, 4);
    CALL(xc_memshr_add_to_physmap, x, 7, 1, 2, 8, 3);
    CALL(xc_memshr_range_share, x, 7, 8, 1, 20);
    for ( int flags = 0; flags < 4; flags++ )
    {
        CALL(xc_memshr_fork, x, 7, 8, flags & 1, flags & 2);
        CALL(xc_memshr_fork_reset, x, 7, flags & 1, flags & 2);
    }
    CALL(xc_memshr_debug_gfn, x, 7, 0x55);
    CALL(xc_memshr_debug_gref, x, 7, 8);
    CALL(xc_memshr_audit, x);
}

void event_calls(xc_interface *x)
{
    altp2m_calls(x);
    monitor_calls(x);
    memory_event_calls(x);
    sharing_calls(x);
}
