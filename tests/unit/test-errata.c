/* SPDX-License-Identifier: MIT */
/* cpu/errata.c, on processors with, without and with unreliable MSRs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/arch/x86/cpu/errata.c"

static uint64_t de_cfg, others;
static bool forgets, faults;

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    *value = msr == MSR_DE_CFG ? de_cfg : others;
    return !faults;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    assert_false(faults);
    if ( !forgets )
        *(msr == MSR_DE_CFG ? &de_cfg : &others) = value;
    return true;
}

static uint64_t guest_sees(uint32_t signature)
{
    uint64_t value;

    de_cfg = others = 0;
    counted = false;
    errata_cpu_up(signature);
    assert_true(errata_rdmsr(MSR_DE_CFG, &value));
    return value;
}

static void test_bits_by_family(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(guest_sees(0x00800f12), 0x2);   /* family 17h, 01h */
    assert_false(errata_rdmsr(MSR_LS_CFG, &value));
    assert_int_equal(guest_sees(0x00870f10), 0x202); /* 17h, 71h */
    assert_true(errata_rdmsr(MSR_BP_CFG_2, &value) && value == 2);
    assert_int_equal(guest_sees(0x00300f10), 0x80000003); /* 12h */
    assert_int_equal(guest_sees(0x00700f01), 0x2);   /* 16h, 00h */
    assert_true(errata_rdmsr(MSR_LS_CFG, &value) && value == 0x8000);
    assert_int_equal(guest_sees(0x00000f4a), 0);     /* 0fh */
    assert_int_equal(de_cfg, 0);
}

/* One CPU that does not keep it is enough: guests read 0. */
static void test_guests_read_the_truth(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(guest_sees(0x00a20f10), 0x2);
    de_cfg = 0;
    forgets = true;
    errata_cpu_up(0x00a20f10);
    assert_true(errata_rdmsr(MSR_DE_CFG, &value) && !value);
    assert_int_equal(guest_sees(0x00a20f10), 0);
    forgets = false;
    faults = true;
    assert_int_equal(guest_sees(0x00a20f10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_by_family),
        cmocka_unit_test(test_guests_read_the_truth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
