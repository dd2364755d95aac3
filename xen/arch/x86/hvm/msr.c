/* SPDX-License-Identifier: MIT */
/*
 * MSRs as guests see them: those of the local APIC and of the processor's
 * virtualisation, and one table for the rest.  What is in neither is #GP.
 *
 * MTRRs exist and cannot be changed: those of dom0 are the machine's, for
 * others all memory is write-back.  Machine check banks exist by number only.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <x86/dom0.h>
#include <x86/hvm.h>
#include <x86/irq.h>
#include <x86/processor.h>
#include <x86/vendor.h>

#define MSR_HYPERCALL_PAGE 0x40000000 /* as CPUID says */
#define HYPERCALL_STUB_BYTES 32

struct fixed_msr {
    uint32_t first, last;
    uint64_t value;  /* what is read */
    bool write_fine; /* writes are dropped; else they are #GP */
};

static const struct fixed_msr table[] = {
    { 0x8b, 0x8b, 0, true },              /* microcode revision            */
    { 0xfe, 0xfe, 0x508, false },         /* MTRRcap: 8, fixed, WC         */
    { 0x179, 0x17a, 0, true },            /* machine check: no banks       */
    { 0x17b, 0x17b, 0, true },
    { 0x200, 0x20f, 0, true },            /* variable MTRRs: none is on    */
    { 0x250, 0x250, 0x0606060606060606, true }, /* fixed ones: write-back  */
    { 0x258, 0x259, 0x0606060606060606, true },
    { 0x268, 0x26f, 0x0606060606060606, true },
    { 0x2ff, 0x2ff, 0xc06, true },        /* default type: on, write-back  */
    { 0x400, 0x407, 0, true },            /* machine check banks           */
    { 0xc0010000, 0xc0010007, 0, true },  /* performance counters          */
    { 0xc0010010, 0xc0010010, 0, true },  /* SYSCFG                        */
    { 0xc0010015, 0xc0010015, 0x1000000, true }, /* HWCR: TSC runs at P0   */
    { 0xc001001f, 0xc001001f, 0, true },  /* NB_CFG                        */
    { 0xc0010114, 0xc0010114, 0x10, true }, /* VM_CR: SVM off              */
    { 0xc0011029, 0xc0011029, 0, true },  /* DE_CFG                        */
};

static const struct fixed_msr *find(uint32_t msr)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(table); i++ )
        if ( msr >= table[i].first && msr <= table[i].last )
            return &table[i];
    return NULL;
}

static bool is_x2apic(uint32_t msr)
{
    return msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST;
}

static bool is_mtrr(uint32_t msr)
{
    return msr == 0xfe || msr == 0x2ff || (msr >= 0x200 && msr <= 0x26f);
}

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const struct fixed_msr *m;

    if ( is_x2apic(msr) )
        return vlapic_msr_read(&v->arch.vlapic, msr, value);
    if ( msr == MSR_APIC_BASE )
    {
        *value = vlapic_base_read(&v->arch.vlapic);
        return true;
    }
    if ( msr == MSR_TSC )
    {
        *value = rdtsc();
        return true;
    }
    if ( vendor_rdmsr(v, msr, value) )
        return true;
    /* dom0's device memory is cached as firmware says. */
    if ( v->domain == dom0 && is_mtrr(msr) && rdmsr_safe(msr, value) )
        return true;
    m = find(msr);
    if ( m )
        *value = m->value;
    return m;
}

/* `mov $nr, %eax; vmcall or vmmcall; ret` for each hypercall; iret is none. */
static bool write_hypercall_page(struct vcpu *v, uint64_t gpa)
{
    static const uint8_t vmmcall[] = { 0x0f, 0x01, 0xd9 };
    uint8_t stub[HYPERCALL_STUB_BYTES];

    for ( uint32_t nr = 0; nr < PAGE_SIZE / HYPERCALL_STUB_BYTES; nr++ )
    {
        memset(stub, 0xcc, sizeof(stub));
        stub[0] = 0xb8;
        memcpy(stub + 1, &nr, sizeof(nr));
        memcpy(stub + 5, vmmcall, sizeof(vmmcall));
        stub[8] = 0xc3;
        if ( nr == __HYPERVISOR_iret )
        {
            stub[0] = 0x0f;
            stub[1] = 0x0b;
        }
        if ( !guest_write_phys(v, gpa + nr * HYPERCALL_STUB_BYTES, stub,
                               sizeof(stub)) )
            return false;
    }
    return true;
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    const struct fixed_msr *m;

    if ( is_x2apic(msr) )
        return vlapic_msr_write(&v->arch.vlapic, msr, value);
    if ( msr == MSR_APIC_BASE )
        return vlapic_base_write(&v->arch.vlapic, value);
    if ( msr == MSR_HYPERCALL_PAGE )
        return !(value & ~PAGE_MASK) && write_hypercall_page(v, value);
    if ( msr == MSR_TSC )
        return true; /* it is the machine's: nobody sets it */
    if ( vendor_wrmsr(v, msr, value) )
        return true;
    m = find(msr);
    return m && m->write_fine;
}
