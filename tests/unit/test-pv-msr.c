/* SPDX-License-Identifier: MIT */
/*
 * MSRs of a PV guest's kernel: pv/msr.c.
 *
 * Seen failing with: an MSR more that is read from the machine; a base that is
 * written as it is; TSC_AUX and DR6 that stay when a PV vcpu is loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include <hv/cpu-policy.h>

#include <x86/dom0.h>
#include <x86/errata.h>
#include <x86/processor.h>

/* The machine has all MSRs. */
static uint32_t read_msr, written_msr;
static uint64_t written, dr6;

static uint64_t test_rdmsr(uint32_t msr)
{
    read_msr = msr;
    return 0x1000;
}

static void test_wrmsr(uint32_t msr, uint64_t value)
{
    written_msr = msr;
    written = value;
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    *value = test_rdmsr(msr);
    return true;
}

#define rdmsr test_rdmsr
#define wrmsr test_wrmsr
#define rdtsc() test_rdmsr(MSR_TSC)
#define write_dr6(value) (dr6 = (value))
#include "../../xen/arch/x86/pv/msr.c"

struct cpu *cpus[MAX_CPUS];
struct page *frame_table;
static struct domain domain;
static struct vcpu vcpu = { .domain = &domain };
static uint64_t gs[2];

uint64_t cpu_policy_platform_info(const struct domain *d)
{
    (void)d;
    return 0;
}

/* Those of the hardware domain are dom0/msr.c's. */
bool dom0_rdmsr(uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = 0;
    return true;
}

bool errata_rdmsr(uint32_t msr, uint64_t *value)
{
    *value = 0;
    return msr == MSR_DE_CFG;
}

uint64_t pv_gs_base(struct vcpu *v, bool of_user)
{
    (void)v;
    return gs[of_user];
}

void pv_set_gs_base(struct vcpu *v, bool of_user, uint64_t base)
{
    (void)v;
    gs[of_user] = base;
}

struct page *p2m_get_own_page(struct domain *d, uint64_t frame)
{
    (void)d, (void)frame;
    return NULL;
}

void p2m_put_own_page(struct page *pg)
{
    (void)pg;
}

void *arch_mfn_to_virt(mfn_t mfn)
{
    (void)mfn;
    return NULL;
}

void pv_fill_hypercall_page(void *page)
{
    (void)page;
}

static const uint32_t readable[] = {
    MSR_TSC, MSR_APIC_BASE, MSR_PATCH_LEVEL, MSR_PLATFORM_INFO,
    MSR_MISC_FEATURES, MSR_PAT, MSR_EFER, MSR_FS_BASE, MSR_GS_BASE,
    MSR_KERNEL_GS_BASE, MSR_DE_CFG,
};

static bool is_readable(uint32_t msr)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(readable); i++ )
        if ( readable[i] == msr )
            return true;
    return false;
}

/*
 * All others are #GP, and neither read nor written: power and energy (351),
 * MISC_ENABLE (333), addresses' masks of debug registers (444), SYSENTER's.
 */
static void test_xsa_351_no_others(void **state)
{
    static const uint32_t ranges[] = { 0, 0x40000000, 0xc0000000, 0xc0010000 };

    (void)state;
    for ( unsigned int r = 0; r < ARRAY_SIZE(ranges); r++ )
        for ( uint32_t msr = ranges[r]; msr < ranges[r] + 0x2000; msr++ )
        {
            uint64_t value = 0;

            read_msr = written_msr = ~0U;
            assert_int_equal(pv_rdmsr(&vcpu, msr, &value), is_readable(msr));
            if ( is_readable(msr) )
                continue;
            assert_false(pv_wrmsr(&vcpu, msr, 0));
            assert_false(pv_wrmsr(&vcpu, msr, ~0UL));
            assert_int_equal(read_msr, ~0U);
            assert_int_equal(written_msr, ~0U);
        }
}

/* Only bases reach the machine, and only such as the processor takes. */
static void test_xsa_193_bases(void **state)
{
    static const struct {
        uint64_t base;
        bool ok;
    } base[] = {
        { 0, true }, { 0x00007fffffffffff, true }, { 0x0000800000000000, false },
        { 1UL << 63, false }, { 0xffff7fffffffffff, false },
        { 0xffff800000000000, true }, { ~0UL, true },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(base); i++ )
        for ( uint32_t msr = MSR_FS_BASE; msr <= MSR_KERNEL_GS_BASE; msr++ )
        {
            written = gs[0] = gs[1] = 0x5000;
            written_msr = ~0U;
            assert_int_equal(pv_wrmsr(&vcpu, msr, base[i].base), base[i].ok);
            assert_int_equal(written_msr, msr == MSR_FS_BASE && base[i].ok
                                              ? MSR_FS_BASE : ~0U);
            assert_int_equal(msr == MSR_FS_BASE
                                 ? written : gs[msr == MSR_KERNEL_GS_BASE],
                             base[i].ok ? base[i].base : 0x5000);
        }
    for ( unsigned int i = 0; i < ARRAY_SIZE(readable); i++ )
    {
        written_msr = ~0U;
        (void)pv_wrmsr(&vcpu, readable[i], 0x1004);
        if ( readable[i] != MSR_FS_BASE )
            assert_int_equal(written_msr, ~0U);
    }
}

/* What another guest left, and ring 3 could see. */
static void test_of_the_last_vcpu(void **state)
{
    struct cpu c = { .tsc_aux = 7 };

    (void)state;
    dr6 = 0x4000;
    pv_forget_registers(&c);
    assert_int_equal(written_msr, MSR_TSC_AUX);
    assert_int_equal(written, 0);
    assert_int_equal(c.tsc_aux, 0);
    assert_int_equal(dr6, DR6_RESET);
    written_msr = ~0U; /* a processor may not have it */
    pv_forget_registers(&c);
    assert_int_equal(written_msr, ~0U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xsa_351_no_others),
        cmocka_unit_test(test_xsa_193_bases),
        cmocka_unit_test(test_of_the_last_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
