/* SPDX-License-Identifier: MIT */
/* MSRs, as RDMSR and WRMSR of a PV kernel find them. */
#include "pv.h"

#include <hv/cpu-policy.h>
#include <hv/guest-access.h>

#include <x86/dom0.h>
#include <x86/errata.h>

#define EFER_SHOWN (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)

bool pv_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    switch ( msr )
    {
    case MSR_FS_BASE:
        *value = rdmsr(msr);
        return true;
    case MSR_GS_BASE:
        *value = pv_gs_base(v, false);
        return true;
    case MSR_KERNEL_GS_BASE:
        *value = pv_gs_base(v, true);
        return true;
    case MSR_EFER:
        *value = rdmsr(msr) & EFER_SHOWN;
        return true;
    case MSR_TSC:
        *value = rdtsc();
        return true;
    case MSR_APIC_BASE:
        *value = rdmsr(msr) & ~(uint64_t)APIC_BASE_BSP;
        if ( !v->vcpu_id )
            *value |= APIC_BASE_BSP;
        return true;
    case MSR_PAT:
    case MSR_PATCH_LEVEL:
        return rdmsr_safe(msr, value);
    case MSR_PLATFORM_INFO:
        *value = cpu_policy_platform_info(v->domain) &
                 ~PLATFORM_INFO_CPUID_FAULTING;
        return true;
    case MSR_MISC_FEATURES:
        *value = 0;
        return true;
    }
    if ( v->domain->arch.hardware && dom0_rdmsr(msr, value) )
        return true;
    return errata_rdmsr(msr, value);
}

/* Where hypercalls are to be, by guest-physical address: a frame of v's. */
static bool write_hypercall_page(struct vcpu *v, uint64_t value)
{
    struct page *pg = p2m_get_own_page(v->domain, value >> PAGE_SHIFT);

    if ( !pg )
        return false;
    pv_fill_hypercall_page(page_to_virt(pg));
    p2m_put_own_page(pg);
    return true;
}

/* An MSR that reads as `value` may be written so: nothing changes. */
static bool keeps(struct vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t now;

    return pv_rdmsr(v, msr, &now) && now == value;
}

bool pv_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    switch ( msr )
    {
    case MSR_FS_BASE:
        if ( pv_canonical(value) )
            wrmsr(msr, value);
        return pv_canonical(value);
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        if ( pv_canonical(value) )
            pv_set_gs_base(v, msr == MSR_KERNEL_GS_BASE, value);
        return pv_canonical(value);
    case MSR_APIC_BASE: /* not even as they are */
    case MSR_PATCH_LEVEL:
    case MSR_PLATFORM_INFO:
    case MSR_PAT:
        return false;
    case MSR_HYPERCALL_PAGE:
        return write_hypercall_page(v, value);
    default:
        return keeps(v, msr, value);
    }
}

/*
 * RDTSCP and RDPID read TSC_AUX, though CPUID does not offer them; a debug
 * exception adds its bits to those of DR6.
 */
void pv_forget_registers(struct cpu *c)
{
    write_dr6(DR6_RESET);
    if ( !c->tsc_aux )
        return;
    c->tsc_aux = 0;
    wrmsr(MSR_TSC_AUX, 0);
}
