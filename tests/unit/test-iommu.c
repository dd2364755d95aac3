/* SPDX-License-Identifier: MIT */
/* IOMMUs as firmware leaves them: on, off, not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../xen/arch/x86/platform/iommu.c"

#define LIMIT (1UL << 40)

struct acpi_info acpi;
static uint64_t regs[4];
static unsigned int mapped;

uint64_t memory_limit(void)
{
    return LIMIT;
}

void *map_mmio(uint64_t phys, size_t bytes)
{
    (void)phys;
    assert_true(bytes <= sizeof(regs));
    mapped++;
    return regs;
}

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

static uint64_t after(uint64_t base, uint64_t control)
{
    acpi.nr_iommus = 1;
    acpi.iommu[0] = base;
    regs[REG_CONTROL] = control;
    mapped = 0;
    iommu_off();
    return regs[REG_CONTROL];
}

static void test_switched_off(void **state)
{
    (void)state;
    assert_int_equal(after(0xfeb80000, 0), 0);
    assert_int_equal(after(0xfeb80000, 0x1005), 0);
    /* Bits of other things stay: coherency, pass of posted writes. */
    assert_int_equal(after(0xfeb80000, 0xb50d), 0x500);
    assert_int_equal(after(0xfeb80000, 0x400), 0x400);
    assert_int_equal(after(0xfeb80000, ~0UL), ~0UL);
    assert_int_equal(mapped, 1);
    assert_int_equal(after(LIMIT, 1), 1);
    assert_int_equal(mapped, 0);
    assert_int_equal(after(0xfeb80040, 1), 1);
    assert_int_equal(mapped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
