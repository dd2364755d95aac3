/* SPDX-License-Identifier: MIT */
/*
 * MSRs as guests see them: those of the local APIC, those that the vendor keeps
 * (x86/hvm-vendor.h), and two tables of MSRs with fixed values: one here, of all
 * vendors, and the vendor's own.  An MSR in none of these is #GP.
 *
 * MTRRs are kept for each vcpu (emul/vmtrr.c) and have no effect, since all
 * memory is write-back; dom0 sees the machine's (dom0/msr.c), and its writes are
 * dropped, since kernels write back what they read and switch the default type
 * off and on around that.  There are two machine check banks, always
 * empty; MSRs of further banks read as zero.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <emul/control-regs.h>
#include <x86/dom0.h>
#include <x86/errata.h>
#include <x86/hvm.h>
#include <x86/irq.h>
#include <x86/processor.h>
#include <x86/hvm-vendor.h>

#define HYPERCALL_STUB_BYTES 32

#define DROP(why) MSR_DROPPED, why

static const struct hvm_fixed_msr table[] = {
    { 0x0, 0x1, 0, MSR_REFUSED, NULL },             /* the first machine checks' */
    { 0x2c, 0x2c, 0, MSR_REFUSED, NULL },           /* clock ratios of some */
    /* machine check: two banks */
    { 0x179, 0x179, 2, DROP("read-only on processors, but kernels write it") },
    { 0x17a, 0x17b, 0,
      DROP("kernels clear them, and have no machine checks") },
    { 0x1db, 0x1de, 0, MSR_SAME, "branches that nobody recorded" },
    { 0x280, 0x29f, 0, MSR_SAME, "corrected errors are never told" },
    { 0x400, 0x400, ~0UL, DROP("kernels clear and set all banks") },
    { 0x401, 0x403, 0, MSR_SAME, "nothing is in a bank" },
    { 0x404, 0x404, ~0UL, DROP("as 0x400") },
    { 0x405, 0x47f, 0, MSR_SAME, "as 0x401; those not there" },
};

static const struct hvm_fixed_msrs every_vendor = { ARRAY_SIZE(table), table };

static const struct hvm_fixed_msr *find(const struct hvm_fixed_msrs *msrs,
                                        uint32_t msr)
{
    for ( unsigned int i = 0; i < msrs->nr; i++ )
        if ( msr >= msrs->row[i].first && msr <= msrs->row[i].last )
            return &msrs->row[i];
    return NULL;
}

static const struct hvm_fixed_msr *find_fixed(uint32_t msr)
{
    const struct hvm_fixed_msr *m = find(&every_vendor, msr);

    return m ? m : find(vendor->fixed_msrs, msr);
}

static bool is_x2apic(uint32_t msr)
{
    return msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST;
}

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const struct hvm_fixed_msr *m;

    if ( is_x2apic(msr) )
        return vlapic_msr_read(&v->arch.hvm.vlapic, msr, value);
    if ( msr == MSR_APIC_BASE )
    {
        *value = vlapic_base_read(&v->arch.hvm.vlapic);
        return true;
    }
    if ( msr == MSR_TSC )
    {
        *value = rdtsc();
        return true;
    }
    if ( vendor->rdmsr(v, msr, value) )
        return true;
    switch ( msr )
    {
    case MSR_PATCH_LEVEL:
        return rdmsr_safe(msr, value);
    case MSR_PLATFORM_INFO:
        *value = cpu_policy_platform_info(v->domain);
        return true;
    case MSR_MISC_FEATURES:
        *value = v->arch.hvm.cpuid_faults ? MISC_FEATURES_CPUID_FAULTING : 0;
        return true;
    case MSR_HYPERCALL_PAGE:
        *value = 0; /* where it is, nobody remembers */
        return true;
    }
    if ( v->domain->arch.hardware && dom0_rdmsr(msr, value) )
        return true;
    if ( vmtrr_is(msr) )
    {
        *value = vmtrr_read(&v->arch.hvm.mtrr, msr);
        return true;
    }
    if ( errata_rdmsr(msr, value) )
        return true;
    m = find_fixed(msr);
    if ( m )
        *value = m->value;
    return m;
}

/* Bits that the policy does not have are #GP. */
static bool set_misc_features(struct vcpu *v, uint64_t value)
{
    bool faulting = cpu_policy_platform_info(v->domain) &
                    PLATFORM_INFO_CPUID_FAULTING;

    if ( value & ~(faulting ? MISC_FEATURES_CPUID_FAULTING : 0) )
        return false;
    v->arch.hvm.cpuid_faults = value;
    return true;
}

bool arch_cpuid_faulting(void)
{
    return true;
}

/* `mov $nr, %eax; vmcall or vmmcall; ret` for each hypercall but iret. */
static bool write_hypercall_page(struct vcpu *v, uint64_t gpa)
{
    uint8_t stub[HYPERCALL_STUB_BYTES];

    for ( uint32_t nr = 0; nr < PAGE_SIZE / HYPERCALL_STUB_BYTES; nr++ )
    {
        memset(stub, 0xcc, sizeof(stub));
        stub[0] = 0xb8;
        memcpy(stub + 1, &nr, sizeof(nr));
        memcpy(stub + 5, vendor->hypercall, HYPERCALL_INSN_BYTES);
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

static bool set_hypercall_page(struct vcpu *v, uint64_t gpa)
{
    domain_latch_layout(v->domain, vendor->mode(v) != MODE_KERNEL_64);
    return write_hypercall_page(v, gpa);
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    const struct hvm_fixed_msr *m;
    uint64_t now;

    if ( is_x2apic(msr) )
        return vlapic_msr_write(&v->arch.hvm.vlapic, msr, value);
    if ( msr == MSR_APIC_BASE )
        return vlapic_base_write(&v->arch.hvm.vlapic, value);
    if ( msr == MSR_HYPERCALL_PAGE )
        return !(value & ~PAGE_MASK) && set_hypercall_page(v, value);
    if ( msr == MSR_TSC )
        return true; /* it is the machine's: nobody sets it */
    if ( msr == MSR_MISC_FEATURES )
        return set_misc_features(v, value);
    if ( vendor->wrmsr(v, msr, value) )
        return true;
    if ( vmtrr_is(msr) )
        return v->domain->arch.hardware
                   ? msr != MSR_MTRR_CAP
                   : vmtrr_write(&v->arch.hvm.mtrr, msr, value,
                                 physical_bits(v));
    if ( errata_rdmsr(msr, &now) ) /* bits are as they can be */
        return value == now;
    m = find_fixed(msr);
    return m && (m->write == MSR_DROPPED ||
                 (m->write == MSR_SAME && value == m->value));
}
