/* SPDX-License-Identifier: MIT */
/*
 * MSRs that are in the VMCB: rdmsr() and wrmsr() of x86/hvm-vendor.h.  Guests
 * access most of them without an exit.
 */
#include <emul/control-regs.h>
#include <hv/lib.h>

#include <emul/rules.h>
#include <x86/cpu.h>

#include "svm.h"

static const struct {
    uint32_t msr;
    uint16_t offset;
    bool is_address;
} fields[] = {
#define F(msr, field, address)                                               \
    { msr, offsetof(struct vmcb, field), address }
    F(MSR_SYSENTER_CS, sysenter_cs, false),
    F(MSR_SYSENTER_ESP, sysenter_esp, true),
    F(MSR_SYSENTER_EIP, sysenter_eip, true),
    F(MSR_STAR, star, false),
    F(MSR_LSTAR, lstar, true),
    F(MSR_CSTAR, cstar, true),
    F(MSR_SFMASK, sfmask, false),
    F(MSR_FS_BASE, fs.base, true),
    F(MSR_GS_BASE, gs.base, true),
    F(MSR_KERNEL_GS_BASE, kernel_gs_base, true),
#undef F
};

static uint64_t *field_of(struct vmcb *b, uint32_t msr, bool *is_address)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(fields); i++ )
        if ( fields[i].msr == msr )
        {
            *is_address = fields[i].is_address;
            return (uint64_t *)((char *)b + fields[i].offset);
        }
    return NULL;
}

bool svm_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    struct svm_vcpu *s = svm_of(v);
    bool is_address;
    uint64_t *f;

    switch ( msr )
    {
    case MSR_EFER:
        *value = s->vmcb->efer & ~EFER_SVME;
        return true;
    case MSR_PAT:
        *value = s->vmcb->pat;
        return true;
    case MSR_DEBUGCTL:
        *value = 0;
        return true;
    case MSR_TSC_AUX:
        *value = s->tsc_aux;
        return svm_features.rdtscp;
    }
    f = field_of(s->vmcb, msr, &is_address);
    if ( f )
        *value = *f;
    return f;
}

static bool set_efer(struct vcpu *v, uint64_t value)
{
    struct vmcb *b = svm_of(v)->vmcb;
    struct guest_paging p = { b->cr0, b->cr3, b->cr4, b->efer & ~EFER_SVME };

    if ( !efer_write(v, &p, value) )
        return false;
    b->efer = p.efer | EFER_SVME;
    vmcb_changed(b, CLEAN_CR);
    return true;
}

static bool set_pat(struct vmcb *b, uint64_t value)
{
    if ( !pat_legal(value) )
        return false;
    b->pat = value;
    vmcb_changed(b, CLEAN_NP);
    return true;
}

static bool set_tsc_aux(struct vcpu *v, uint64_t value)
{
    struct svm_vcpu *s = svm_of(v);
    struct cpu *c = this_cpu();

    if ( !svm_features.rdtscp || value > UINT32_MAX )
        return false;
    s->tsc_aux = (uint32_t)value;
    if ( c->loaded != v ) /* load() writes it */
        return true;
    c->tsc_aux = s->tsc_aux;
    wrmsr(MSR_TSC_AUX, value);
    return true;
}

bool svm_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    struct svm_vcpu *s = svm_of(v);
    bool is_address;
    uint64_t *f;

    switch ( msr )
    {
    case MSR_EFER:
        return set_efer(v, value);
    case MSR_PAT:
        return set_pat(s->vmcb, value);
    case MSR_DEBUGCTL: /* neither branch records nor stepping by branches */
        return !(value & ~(DEBUGCTL_LBR | DEBUGCTL_BTF));
    case MSR_TSC_AUX:
        return set_tsc_aux(v, value);
    }
    f = field_of(s->vmcb, msr, &is_address);
    if ( !f || (is_address && !address_is_canonical(value)) )
        return false;
    *f = value;
    return true;
}
