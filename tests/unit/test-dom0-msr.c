/* SPDX-License-Identifier: MIT */
/*
 * MSRs of memory types as dom0 sees them: on a machine whose default type is
 * uncached and whose RAM above 4 GiB is write-back by TOP_MEM2 alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../xen/arch/x86/dom0/msr.c"

#define GB (1UL << 30)

static struct {
    uint32_t msr;
    uint64_t value;
} machine[] = {
    { MSR_MTRR_CAP, 0x508 },
    { MSR_MTRR_DEFAULT, 0xc00 },
    { MSR_MTRR_FIRST, 6 },
    { MSR_MTRR_FIRST + 1, 0xffff80000800 },
    { 0x250, 0x0606060606060606 },
    { MSR_SYSCFG, 0xf40000 | 1UL << 23 | 1UL << 24 | 1UL << 19 },
    { MSR_TOP_MEM, 2 * GB },
    { MSR_TOP_MEM2, 7 * GB },
    { MSR_IORR_FIRST + 3, 0xffff80000800 },
    { MSR_SMM_ADDR, 0x7f000000 },
    { MSR_SMM_MASK, 0xffffff000003 },
    { MSR_MTRR_FIRST + 15, 0xffff80000000 },
    /* What a processor answers that never refuses an MSR: QEMU's. */
    { MSR_MTRR_FIRST + 16, 0 },
    { 0x251, 0 },
    { 0x267, 0 },
    { 0x26f, 0x0505050505050505 },
};
static unsigned int nr_there;

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    for ( unsigned int i = 0; i < nr_there; i++ )
        if ( machine[i].msr == msr )
        {
            *value = machine[i].value;
            return true;
        }
    return false;
}

bool option_get(const char *name, char *value, size_t size)
{
    (void)name, (void)value, (void)size;
    return false;
}

uint64_t memory_end(void)
{
    return 0;
}

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

static uint64_t read(uint32_t msr)
{
    uint64_t v = 0;

    assert_true(dom0_rdmsr(msr, &v));
    return v;
}

/* The type of an address as a kernel works it out from what it can read. */
static unsigned int type_of(uint64_t address)
{
    uint64_t mask = read(MSR_MTRR_FIRST + 1), syscfg = 0, top = 0;

    if ( dom0_rdmsr(MSR_SYSCFG, &syscfg) && (syscfg & SYSCFG_TOM2) &&
         (syscfg & SYSCFG_TOM2_WB) && dom0_rdmsr(MSR_TOP_MEM2, &top) &&
         address >= 4 * GB && address < top )
        return 6;
    if ( (mask & 1 << 11) && !(address & mask & ~0xfffUL) )
        return read(MSR_MTRR_FIRST) & 0xff;
    return read(MSR_MTRR_DEFAULT) & 0xff;
}

static void test_ram_above_4g(void **state)
{
    (void)state;
    nr_there = ARRAY_SIZE(machine);
    dom0_msrs_init();
    assert_int_equal(type_of(0), 6);
    assert_int_equal(type_of(2 * GB - 1), 6);
    assert_int_equal(type_of(3 * GB), 0);
    assert_int_equal(type_of(4 * GB), 6);
    assert_int_equal(type_of(7 * GB - 1), 6);
    assert_int_equal(type_of(7 * GB), 0);
}

/* Encryption and what the kernel would want to clear are not shown. */
static void test_masked(void **state)
{
    uint64_t v;

    (void)state;
    nr_there = ARRAY_SIZE(machine);
    dom0_msrs_init();
    assert_int_equal(read(MSR_SYSCFG), 0x740000);
    assert_int_equal(read(MSR_TOP_MEM), 2 * GB);
    assert_false(dom0_rdmsr(0xc0010015, &v));
    assert_false(dom0_rdmsr(0x277, &v)); /* PAT is the guest's */
    assert_false(dom0_rdmsr(0x1ff, &v));
}

/* MTRR_CAP tells how many there are. */
static void test_mtrrs(void **state)
{
    uint64_t v;

    (void)state;
    nr_there = ARRAY_SIZE(machine);
    dom0_msrs_init();
    assert_int_equal(read(MSR_MTRR_FIRST + 15), 0xffff80000000);
    assert_int_equal(read(0x26f), 0x0505050505050505);
    assert_false(dom0_rdmsr(MSR_MTRR_FIRST + 16, &v));
    assert_false(dom0_rdmsr(0x251, &v));
    assert_false(dom0_rdmsr(0x267, &v));
    machine[0].value = 0x402; /* no fixed ones */
    assert_true(dom0_rdmsr(MSR_MTRR_FIRST, &v));
    assert_false(dom0_rdmsr(MSR_MTRR_FIRST + 15, &v));
    assert_false(dom0_rdmsr(0x250, &v));
    machine[0].value = 0x508;
}

/* Ranges of I/O and of SMM, which also say what an address is. */
static void test_other_ranges(void **state)
{
    uint64_t v;

    (void)state;
    nr_there = ARRAY_SIZE(machine);
    dom0_msrs_init();
    assert_int_equal(read(MSR_IORR_FIRST + 3), 0xffff80000800);
    assert_int_equal(read(MSR_SMM_ADDR), 0x7f000000);
    assert_int_equal(read(MSR_SMM_MASK), 0xffffff000003);
    assert_false(dom0_rdmsr(MSR_IORR_FIRST, &v)); /* not on this processor */
}

/* A processor that has none of these. */
static void test_without(void **state)
{
    uint64_t v;

    (void)state;
    nr_there = 5;
    dom0_msrs_init();
    assert_false(dom0_rdmsr(MSR_SYSCFG, &v));
    assert_false(dom0_rdmsr(MSR_TOP_MEM2, &v));
    assert_int_equal(read(0x250), 0x0606060606060606);
    assert_false(dom0_rdmsr(0x251, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ram_above_4g),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_mtrrs),
        cmocka_unit_test(test_other_ranges),
        cmocka_unit_test(test_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
