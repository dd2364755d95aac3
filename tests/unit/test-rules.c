/* SPDX-License-Identifier: MIT */
/* emul/rules.c: pairs of faults, PAT, canonical addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../xen/arch/x86/emul/rules.c"

/* By class: benign, contributory, page fault, double fault. */
static unsigned int class_of(unsigned int vector)
{
    switch ( vector )
    {
    case 0: case 10: case 11: case 12: case 13:
        return 1;
    case 14:
        return 2;
    case 8:
        return 3;
    default:
        return 0;
    }
}

static void test_each_pair_of_exceptions(void **state)
{
    static const enum fault_pair expected[4][4] = {
        { FAULTS_SECOND, FAULTS_SECOND, FAULTS_SECOND, FAULTS_SECOND },
        { FAULTS_SECOND, FAULTS_DOUBLE, FAULTS_SECOND, FAULTS_SECOND },
        { FAULTS_SECOND, FAULTS_DOUBLE, FAULTS_DOUBLE, FAULTS_SECOND },
        { FAULTS_SECOND, FAULTS_TRIPLE, FAULTS_TRIPLE, FAULTS_SECOND },
    };

    (void)state;
    for ( unsigned int first = 0; first < 32; first++ )
        for ( unsigned int second = 0; second < 32; second++ )
            assert_int_equal(fault_pair(first, second),
                             expected[class_of(first)][class_of(second)]);
}

static void test_each_memory_type_in_each_place(void **state)
{
    (void)state;
    assert_true(pat_legal(PAT_RESET));
    for ( unsigned int at = 0; at < 64; at += 8 )
        for ( uint64_t type = 0; type < 256; type++ )
            assert_int_equal(pat_legal((PAT_RESET & ~(0xffUL << at)) |
                                       type << at),
                             type < 2 || (type >= 4 && type < 8));
}

static void test_canonical_addresses(void **state)
{
    (void)state;
    assert_true(address_is_canonical(0));
    assert_true(address_is_canonical(0x00007fffffffffff));
    assert_false(address_is_canonical(0x0000800000000000));
    assert_false(address_is_canonical(0xffff7fffffffffff));
    assert_true(address_is_canonical(0xffff800000000000));
    assert_true(address_is_canonical(~0UL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pair_of_exceptions),
        cmocka_unit_test(test_each_memory_type_in_each_place),
        cmocka_unit_test(test_canonical_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
