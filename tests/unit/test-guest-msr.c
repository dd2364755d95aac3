/* SPDX-License-Identifier: MIT */
/*
 * hvm/msr.c's table: each row that accepts a write without effect has a reason,
 * no MSR is in two rows, and writes are answered as the rows say.
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

static struct domain guest;

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

bool vendor_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    (void)v, (void)msr, (void)value;
    return false;
}

bool vendor_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    (void)v, (void)msr, (void)value;
    return false;
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

uint64_t cpu_policy_platform_info(const struct domain *d)
{
    (void)d;
    return 0;
}

bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int len)
{
    (void)vcpu, (void)gpa, (void)buf, (void)len;
    return false;
}

static void test_each_taken_write_has_a_reason(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(table); i++ )
    {
        const struct fixed_msr *m = &table[i];

        assert_true(m->first <= m->last);
        if ( m->write == REFUSED )
            assert_null(m->why);
        else if ( !m->why || strlen(m->why) < 4 )
            fail_msg("MSR 0x%x: a write is taken, and nothing says why",
                     m->first);
        for ( unsigned int j = 0; j < i; j++ )
            assert_true(table[j].last < m->first || table[j].first > m->last);
    }
}

static void test_writes_as_the_rows_say(void **state)
{
    static struct vcpu v;
    uint64_t value;

    (void)state;
    v.domain = &guest;
    for ( unsigned int i = 0; i < ARRAY_SIZE(table); i++ )
    {
        const struct fixed_msr *m = &table[i];

        for ( uint32_t msr = m->first; msr <= m->last; msr++ )
        {
            assert_true(guest_rdmsr(&v, msr, &value));
            assert_int_equal(value, m->value);
            assert_int_equal(guest_wrmsr(&v, msr, value), m->write != REFUSED);
            assert_int_equal(guest_wrmsr(&v, msr, value ^ 1),
                             m->write == DROPPED);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
