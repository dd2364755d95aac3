/* SPDX-License-Identifier: MIT */
/*
 * emul/rules.c: pairs of faults, error codes, control registers, flags and code
 * segments that go together, MXCSR, PAT, canonical addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static void test_error_codes_by_vector_and_mode(void **state)
{
    static const uint8_t with[] = { 8, 10, 11, 12, 13, 14, 17, 21, 29, 30 };

    (void)state;
    for ( unsigned int vector = 0; vector < 256; vector++ )
    {
        assert_int_equal(exception_has_error_code(vector, CR0_PE),
                         memchr(with, (int)vector, sizeof(with)) != NULL);
        assert_false(exception_has_error_code(vector, CR0_PG | CR0_ET));
    }
}

/* ---- modes ---- */

static const struct mode_limits limits = {
    .cr4 = CR4_PAE | CR4_PCIDE | 0x1ff,
    .efer = EFER_LME | EFER_LMA | EFER_NX | EFER_SCE,
    .physical = (1UL << 40) - 1,
};
static const struct mode real_mode = { .cr0 = CR0_ET };
static const struct mode flat_mode = { .cr0 = CR0_PE, .cr4 = CR4_PAE };
static const struct mode long_mode = {
    .cr0 = CR0_PG | CR0_PE, .cr3 = 0x1000, .cr4 = CR4_PAE,
    .efer = EFER_LME | EFER_LMA,
};

static void test_modes_that_exist(void **state)
{
    struct mode m = long_mode;

    (void)state;
    assert_null(mode_broken(&real_mode, &limits));
    assert_null(mode_broken(&flat_mode, &limits));
    assert_null(mode_broken(&long_mode, &limits));
    m.cr4 |= CR4_PCIDE;
    m.cr0 |= CR0_CD | CR0_NW;
    assert_null(mode_broken(&m, &limits));
    /* EFER.LME alone waits for paging. */
    m = flat_mode;
    m.efer = EFER_LME;
    assert_null(mode_broken(&m, &limits));
    assert_false(mode_is_long(&m));
    assert_true(mode_is_long(&long_mode));
    /* Below bit 52 CR3's reserved bits count in long mode only. */
    m = flat_mode;
    m.cr3 = 1UL << 51;
    assert_null(mode_broken(&m, &limits));
}

#define BROKEN(from, field, value, text)                                     \
    do {                                                                     \
        struct mode broken = (from);                                         \
                                                                             \
        broken.field = (value);                                              \
        assert_string_equal(mode_broken(&broken, &limits), text);            \
    } while ( 0 )

static void test_each_rule_of_modes_broken(void **state)
{
    (void)state;
    BROKEN(real_mode, cr0, 1UL << 32, "CR0: upper half");
    BROKEN(real_mode, cr0, CR0_NW, "CR0: NW without CD");
    BROKEN(real_mode, cr0, CR0_PG, "CR0: PG without PE");
    BROKEN(real_mode, cr4, 1UL << 30, "CR4: reserved bits");
    BROKEN(real_mode, efer, 1UL << 20, "EFER: reserved bits");
    BROKEN(real_mode, efer, EFER_LMA, "EFER: LMA");
    BROKEN(flat_mode, efer, EFER_LME | EFER_LMA, "EFER: LMA");
    BROKEN(long_mode, efer, EFER_LME, "EFER: LMA");
    BROKEN(long_mode, cr4, 0, "long mode without PAE");
    BROKEN(flat_mode, cr4, CR4_PCIDE, "CR4: PCIDE, not long mode");
    BROKEN(long_mode, cr3, 1UL << 40, "CR3: reserved bits");
    BROKEN(flat_mode, cr3, 1UL << 52, "CR3: reserved bits");
}

static void test_flags_by_mode(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 64; i++ )
        assert_int_equal(rflags_legal(&flat_mode, 1UL << i),
                         RFLAGS_DEFINED >> i & 1);
    assert_true(rflags_legal(&flat_mode, RFLAGS_FIXED | RFLAGS_VM));
    assert_false(rflags_legal(&real_mode, RFLAGS_FIXED | RFLAGS_VM));
    assert_false(rflags_legal(&long_mode, RFLAGS_FIXED | RFLAGS_VM));
}

static void test_code_segments_by_mode(void **state)
{
    const uint32_t data = EMUL_SEG_P | EMUL_SEG_S | 3, code = data | 8;
    const uint64_t high = 1UL << 32;

    (void)state;
    assert_true(code_legal(&real_mode, 0, data, 0xfff0));
    assert_true(code_legal(&flat_mode, RFLAGS_VM, data, 0));
    assert_false(code_legal(&flat_mode, 0, data, 0));
    assert_true(code_legal(&flat_mode, 0, code, 0));
    assert_true(code_legal(&flat_mode, 0, code | EMUL_SEG_DB, 0));
    assert_false(code_legal(&flat_mode, 0, code & ~EMUL_SEG_P, 0));
    assert_false(code_legal(&flat_mode, 0, code & ~EMUL_SEG_S, 0));
    assert_false(code_legal(&flat_mode, 0, code | EMUL_SEG_L, high));
    assert_false(code_legal(&long_mode, 0, code, high));
    assert_true(code_legal(&long_mode, 0, code | EMUL_SEG_L, high));
    assert_true(code_legal(&long_mode, 0, code | EMUL_SEG_DB, high - 1));
    assert_false(code_legal(&long_mode, 0, code | EMUL_SEG_L | EMUL_SEG_DB,
                            0));
}

static void test_mxcsr(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 32; i++ )
        assert_int_equal(mxcsr_legal(1U << i), i < 16);
}

/* ---- values ---- */

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
        cmocka_unit_test(test_error_codes_by_vector_and_mode),
        cmocka_unit_test(test_modes_that_exist),
        cmocka_unit_test(test_each_rule_of_modes_broken),
        cmocka_unit_test(test_flags_by_mode),
        cmocka_unit_test(test_code_segments_by_mode),
        cmocka_unit_test(test_mxcsr),
        cmocka_unit_test(test_each_memory_type_in_each_place),
        cmocka_unit_test(test_canonical_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
