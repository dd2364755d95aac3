/* SPDX-License-Identifier: MIT */
/*
 * The tables of hvm/msr.c and svm/fixed-msrs.c: each row that accepts a write
 * without effect has a reason, no MSR is in two rows, and writes are answered as
 * the rows say.  The hypercall page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/hvm/msr.c"
#include "../../xen/arch/x86/emul/vmtrr.c"
#undef DROP
#include "../../xen/arch/x86/svm/fixed-msrs.c"

void domain_latch_layout(struct domain *d, bool is_32)
{
    (void)d, (void)is_32;
}

static struct domain guest;
static uint8_t page[PAGE_SIZE]; /* what was written to the guest */

/* MSRs of others: none here. */
bool vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t *value)
{
    (void)l, (void)msr, (void)value;
    return false;
}

bool vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value)
{
    (void)l, (void)msr, (void)value;
    return false;
}

bool vlapic_base_write(struct vlapic *l, uint64_t value)
{
    (void)l, (void)value;
    return false;
}

static bool no_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr, (void)value;
    return false;
}

static bool no_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr, (void)value;
    return false;
}

static enum vendor_mode in_kernel_64(struct vcpu *v)
{
    (void)v;
    return MODE_KERNEL_64;
}

static const struct hvm_vendor amd = {
    .mode = in_kernel_64,
    .hypercall = { 0x0f, 0x01, 0xd9 },
    .fixed_msrs = &svm_fixed_msrs,
    .rdmsr = no_rdmsr,
    .wrmsr = no_wrmsr,
};
const struct hvm_vendor *vendor = &amd;

#define NR_ROWS (ARRAY_SIZE(table) + ARRAY_SIZE(amd_msrs))

static const struct hvm_fixed_msr *row(size_t i)
{
    return i < ARRAY_SIZE(table) ? &table[i] : &amd_msrs[i - ARRAY_SIZE(table)];
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    (void)msr, (void)value;
    return false;
}

bool dom0_rdmsr(uint32_t msr, uint64_t *value)
{
    (void)msr, (void)value;
    return false;
}

bool errata_rdmsr(uint32_t msr, uint64_t *value)
{
    (void)msr, (void)value;
    return false;
}

uint64_t physical_bits(const struct vcpu *v)
{
    (void)v;
    return (1UL << 40) - 1;
}

uint64_t cpu_policy_platform_info(const struct domain *d)
{
    (void)d;
    return 0;
}

bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int len)
{
    (void)vcpu;
    assert_true((gpa & ~PAGE_MASK) + len <= sizeof(page));
    memcpy(page + (gpa & ~PAGE_MASK), buf, len);
    return true;
}

/* The vendor says which instruction the hypercall page has. */
static void test_hypercall_page(void **state)
{
    static const uint8_t stub[] = { 0xb8, 17, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3 };
    static const uint8_t iret[] = { 0x0f, 0x0b };
    static struct vcpu v;

    (void)state;
    v.domain = &guest;
    assert_true(guest_wrmsr(&v, MSR_HYPERCALL_PAGE, 0x5000));
    assert_memory_equal(page + 17 * HYPERCALL_STUB_BYTES, stub, sizeof(stub));
    assert_memory_equal(page + __HYPERVISOR_iret * HYPERCALL_STUB_BYTES, iret,
                        sizeof(iret));
    assert_false(guest_wrmsr(&v, MSR_HYPERCALL_PAGE, 0x5001));
}

static void test_each_taken_write_has_a_reason(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < NR_ROWS; i++ )
    {
        const struct hvm_fixed_msr *m = row(i);

        assert_true(m->first <= m->last);
        if ( m->write == MSR_REFUSED )
            assert_null(m->why);
        else if ( !m->why || strlen(m->why) < 4 )
            fail_msg("MSR 0x%x: a write is taken, and nothing says why",
                     m->first);
        for ( unsigned int j = 0; j < i; j++ )
            assert_true(row(j)->last < m->first || row(j)->first > m->last);
    }
}

static void test_writes_as_the_rows_say(void **state)
{
    static struct vcpu v;
    uint64_t value;

    (void)state;
    v.domain = &guest;
    for ( unsigned int i = 0; i < NR_ROWS; i++ )
    {
        const struct hvm_fixed_msr *m = row(i);

        for ( uint32_t msr = m->first; msr <= m->last; msr++ )
        {
            assert_true(guest_rdmsr(&v, msr, &value));
            assert_int_equal(value, m->value);
            assert_int_equal(guest_wrmsr(&v, msr, value),
                             m->write != MSR_REFUSED);
            assert_int_equal(guest_wrmsr(&v, msr, value ^ 1),
                             m->write == MSR_DROPPED);
            assert_true(guest_rdmsr(&v, msr, &value));
            assert_int_equal(value, m->value);
        }
    }
    assert_false(guest_rdmsr(&v, 0x12345, &value));
    assert_false(guest_wrmsr(&v, 0x12345, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_taken_write_has_a_reason),
        cmocka_unit_test(test_writes_as_the_rows_say),
        cmocka_unit_test(test_hypercall_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
