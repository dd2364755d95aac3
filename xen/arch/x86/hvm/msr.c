/* SPDX-License-Identifier: MIT */
/*
 * MSRs as guests see them: those of the local APIC and of the processor's
 * virtualisation, and one table for the rest.  What is in neither is #GP.
 *
 * MTRRs exist and cannot be changed: dom0 sees the machine's (dom0/msr.c), for
 * others all memory is write-back.  There are two machine check banks, in which
 * never is anything, and room for the numbers of more.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <x86/dom0.h>
#include <x86/errata.h>
#include <x86/hvm.h>
#include <x86/irq.h>
#include <x86/processor.h>
#include <x86/vendor.h>

#define HYPERCALL_STUB_BYTES 32

/* What happens to a write. */
enum { REFUSED, DROPPED, SAME /* as is read, or it is refused */ };

struct fixed_msr {
    uint32_t first, last;
    uint64_t value;  /* what is read */
    uint8_t write;
    const char *why; /* no write is taken without a reason; REFUSED: NULL */
};
#define DROP(why) DROPPED, why

static const struct fixed_msr table[] = {
    { 0x0, 0x1, 0, REFUSED, NULL },             /* the first machine checks' */
    { 0x2c, 0x2c, 0, REFUSED, NULL },           /* clock ratios of some */
    { 0xfe, 0xfe, 0x508, REFUSED, NULL },       /* MTRRcap: 8, fixed, WC */
    /* machine check: two banks */
    { 0x179, 0x179, 2, DROP("read-only on processors, but kernels write it") },
    { 0x17a, 0x17b, 0,
      DROP("kernels clear them, and have no machine checks") },
    { 0x1db, 0x1de, 0, SAME, "branches that nobody recorded" },
    /* variable MTRRs: none is on */
    { 0x200, 0x20f, 0, DROP("kernels clear them all") },
    /* fixed ones: write-back */
    { 0x250, 0x250, 0x0606060606060606,
      DROP("kernels write back what they read") },
    { 0x258, 0x259, 0x0606060606060606, DROP("as 0x250") },
    { 0x268, 0x26f, 0x0606060606060606, DROP("as 0x250") },
    /* default type: on, write-back */
    { 0x2ff, 0x2ff, 0xc06,
      DROP("kernels switch it off and on around changes") },
    { 0x280, 0x29f, 0, SAME, "corrected errors are never told" },
    { 0x400, 0x400, ~0UL, DROP("kernels clear and set all banks") },
    { 0x401, 0x403, 0, SAME, "nothing is in a bank" },
    { 0x404, 0x404, ~0UL, DROP("as 0x400") },
    { 0x405, 0x47f, 0, SAME, "as 0x401; those not there" },
    /* performance counters */
    { 0xc0010000, 0xc0010007, 0,
      DROP("kernels look whether they keep a value") },
    /* SYSCFG */
    { 0xc0010010, 0xc0010010, 0,
      DROP("kernels set what concerns memory types") },
    /* HWCR: TSC runs at P0 */
    { 0xc0010015, 0xc0010015, 0x1000000,
      DROP("kernels set what concerns machine checks") },
    /* NB_CFG */
    { 0xc001001f, 0xc001001f, 0, DROP("kernels set what concerns PCI") },
    { 0xc0010055, 0xc0010055, 0, REFUSED, NULL }, /* C1E by message: never */
    { 0xc001001a, 0xc001001a, 0, SAME, "top of memory is not told" },
    { 0xc001001d, 0xc001001d, 0, SAME, "as 0xc001001a" },
    /* VM_CR: read-only as a whole */
    { 0xc0010114, 0xc0010114, 0, DROP("read-only as a whole") },
    /* performance counters */
    { 0xc0010200, 0xc001020b, 0, DROP("as 0xc0010000") },
    { 0xc0011023, 0xc0011023, 0, SAME, "chicken bits: none is set" },
    { 0xc001102a, 0xc001102a, 0, SAME, "as 0xc0011023" },
    { 0xc001102c, 0xc001102c, 0, SAME, "as 0xc0011023" },
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

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const struct fixed_msr *m;

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
    if ( vendor_rdmsr(v, msr, value) )
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
    if ( errata_rdmsr(msr, value) )
        return true;
    m = find(msr);
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
    uint64_t now;

    if ( is_x2apic(msr) )
        return vlapic_msr_write(&v->arch.hvm.vlapic, msr, value);
    if ( msr == MSR_APIC_BASE )
        return vlapic_base_write(&v->arch.hvm.vlapic, value);
    if ( msr == MSR_HYPERCALL_PAGE )
        return !(value & ~PAGE_MASK) && write_hypercall_page(v, value);
    if ( msr == MSR_TSC )
        return true; /* it is the machine's: nobody sets it */
    if ( msr == MSR_MISC_FEATURES )
        return set_misc_features(v, value);
    if ( vendor_wrmsr(v, msr, value) )
        return true;
    if ( errata_rdmsr(msr, &now) ) /* bits are as they can be */
        return value == now;
    m = find(msr);
    return m && (m->write == DROPPED ||
                 (m->write == SAME && value == m->value));
}
