/* SPDX-License-Identifier: MIT */
/* platform/c1e.c: clock features that CPUID lacks, and C1E set by firmware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <x86/processor.h>

static void test_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
                       uint32_t *b, uint32_t *c, uint32_t *d);
#define cpuid test_cpuid

#include "../../xen/arch/x86/platform/c1e.c"

#define BOTH (CLOCKS_TSC_VARIES | CLOCKS_TIMER_STOPS)
#define C1E (C1E_BY_SMI | C1E_BY_CHIPSET)
#define FAMILY_0F 0x00040f13
#define FAMILY_10 0x00100f42
#define FAMILY_12 0x00300f10
#define FAMILY_17 0x00800f12

static struct {
    uint32_t max, max_extended, signature, leaf6_a, power_d;
    bool has_msr;
    uint64_t msr;
    unsigned int reads;
} machine;
static char said[200];

static void test_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
                       uint32_t *b, uint32_t *c, uint32_t *d)
{
    (void)subleaf;
    *a = *b = *c = *d = 0;
    switch ( leaf )
    {
    case 0: *a = machine.max; break;
    case 1: *a = machine.signature; break;
    case 6: *a = machine.leaf6_a; break;
    case 0x80000000: *a = machine.max_extended; break;
    case 0x80000007: *d = machine.power_d; break;
    default: fail_msg("leaf 0x%x", leaf);
    }
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    assert_int_equal(msr, 0xc0010055);
    machine.reads++;
    *value = machine.msr;
    return machine.has_msr;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    assert_int_equal(msr, 0xc0010055);
    assert_true(machine.has_msr);
    machine.msr = value;
    return true;
}

void printk(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    (void)level;
    va_start(ap, fmt);
    vsnprintf(said, sizeof(said), fmt, ap);
    va_end(ap);
}

static void boot(uint32_t signature, uint32_t leaf6_a, uint32_t power_d)
{
    memset(&machine, 0, sizeof(machine));
    machine.max = 6;
    machine.max_extended = 0x80000008;
    machine.signature = signature;
    machine.leaf6_a = leaf6_a;
    machine.power_d = power_d;
    machine.has_msr = true;
    machine.msr = C1E | 0x1234;
    said[0] = '\0';
    clocks_init();
}

static void test_what_is_lacking(void **state)
{
    (void)state;
    assert_int_equal(clocks_lack(FAMILY_0F, 0, 0), BOTH);
    assert_int_equal(clocks_lack(FAMILY_0F, 4, 0), CLOCKS_TSC_VARIES);
    assert_int_equal(clocks_lack(FAMILY_10, ~4U, 0x100), CLOCKS_TIMER_STOPS);
    assert_int_equal(clocks_lack(FAMILY_12, 0, ~0x100U), CLOCKS_TSC_VARIES);
    assert_int_equal(clocks_lack(FAMILY_17, 4, 0x100), 0);
}

static void test_c1e_is_switched_off(void **state)
{
    (void)state;
    boot(FAMILY_10, 0, 0x100);
    assert_int_equal(machine.msr, 0x1234);
    assert_string_equal(said, "Clocks: APIC timers stop in C1E, which stays "
                              "off\n");
    /* Firmware sets it again: the next sleep does without. */
    machine.msr |= C1E_BY_SMI;
    c1e_off();
    assert_int_equal(machine.msr, 0x1234);
    /* No such MSR: it is not written. */
    machine.has_msr = false;
    c1e_off();
}

static void test_left_alone_where_timers_go_on(void **state)
{
    (void)state;
    boot(FAMILY_17, 4, 0x100);
    assert_int_equal(machine.reads, 0);
    assert_int_equal(machine.msr, C1E | 0x1234);
    assert_string_equal(said, "");
    boot(FAMILY_12, 0, 0x100);
    assert_int_equal(machine.reads, 0);
}

static void test_leaves_that_are_not_there(void **state)
{
    (void)state;
    boot(FAMILY_17, 4, 0);
    assert_string_equal(said, "Clocks: the TSC is not invariant\n");
    memset(&machine, 0, sizeof(machine));
    machine.max = 5;
    machine.max_extended = 0x80000006;
    machine.signature = FAMILY_10;
    machine.leaf6_a = 4;
    machine.power_d = 0x100;
    clocks_init();
    assert_string_equal(said, "Clocks: the TSC is not invariant, APIC timers "
                              "stop in C1E, which stays off\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_lacking),
        cmocka_unit_test(test_c1e_is_switched_off),
        cmocka_unit_test(test_left_alone_where_timers_go_on),
        cmocka_unit_test(test_leaves_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
