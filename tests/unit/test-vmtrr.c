/* SPDX-License-Identifier: MIT */
/* MTRRs: what they take, keep and refuse. */
#include "fixture.h"

#include <emul/vmtrr.h>
#include <xen/hvm/save.h>

#define WB_ALL 0x0606060606060606UL

#define PHYSICAL ((1UL << 40) - 1)

static void test_which(void **state)
{
    unsigned int nr = 0;

    (void)state;
    for ( uint32_t msr = 0; msr < 0x1000; msr++ )
        nr += vmtrr_is(msr);
    assert_int_equal(nr, 1 + 16 + 11 + 1);
    assert_true(vmtrr_is(0xfe) && vmtrr_is(0x200) && vmtrr_is(0x20f) &&
                vmtrr_is(0x250) && vmtrr_is(0x258) && vmtrr_is(0x259) &&
                vmtrr_is(0x268) && vmtrr_is(0x26f) && vmtrr_is(0x2ff));
}

static void test_initial(void **state)
{
    struct vmtrr m;

    (void)state;
    vmtrr_init(&m, false);
    assert_int_equal(vmtrr_read(&m, 0xfe), 0x508);
    assert_int_equal(vmtrr_read(&m, 0x2ff), 0xc06);
    assert_int_equal(vmtrr_read(&m, 0x250), WB_ALL);
    assert_int_equal(vmtrr_read(&m, 0x200), 0);
    vmtrr_init(&m, true);
    assert_int_equal(vmtrr_read(&m, 0x2ff), 0);
    assert_int_equal(vmtrr_read(&m, 0x26f), 0);
}

static void test_writes(void **state)
{
    static const struct {
        uint32_t msr;
        uint64_t value;
        bool ok;
    } cases[] = {
        { 0xfe, 0x508, false }, /* read-only */
        { 0x200, 0xff00000000UL, true }, { 0x20e, 6, true },
        { 0x200, 2, false }, { 0x200, 3, false }, { 0x200, 7, false },
        { 0x200, 8, false }, { 0x200, 0x106, false }, { 0x200, 0x806, false },
        { 0x200, 1UL << 40, false }, { 0x200, 0xfffffff006, true },
        { 0x201, 0x800, true }, { 0x201, 0xfffff00800, true },
        { 0x201, 0x400, false }, { 0x201, 1, false },
        { 0x201, 1UL << 40, false }, { 0x201, 1UL << 51, false },
        { 0x250, 0x0001040506060606, true }, { 0x250, 2, false },
        { 0x26f, 0x0700000000000000, false }, { 0x259, 0xff, false },
        { 0x2ff, 0xc06, true }, { 0x2ff, 0, true }, { 0x2ff, 0x800, true },
        { 0x2ff, 0x1006, false }, { 0x2ff, 2, false }, { 0x2ff, 0x100, false },
    };
    struct vmtrr m;

    (void)state;
    vmtrr_init(&m, false);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        uint64_t before = vmtrr_read(&m, cases[i].msr);
        bool ok = vmtrr_write(&m, cases[i].msr, cases[i].value,
                              PHYSICAL);

        if ( ok != cases[i].ok )
            fail_msg("MSR %#x, value %#lx: %d", cases[i].msr, cases[i].value,
                     ok);
        assert_int_equal(vmtrr_read(&m, cases[i].msr),
                         ok ? cases[i].value : before);
    }
}

static void test_each_is_its_own(void **state)
{
    struct hvm_hw_mtrr hw = { .msr_pat_cr = 0 };
    struct vmtrr m, again;

    (void)state;
    vmtrr_init(&m, true);
    for ( uint32_t i = 0; i < 16; i++ )
        assert_true(vmtrr_write(&m, 0x200 + i, (uint64_t)i << 12, PHYSICAL));
    assert_true(vmtrr_write(&m, 0x250, 1, PHYSICAL));
    assert_true(vmtrr_write(&m, 0x258, 4, PHYSICAL) &&
                vmtrr_write(&m, 0x259, 5, PHYSICAL));
    for ( uint32_t i = 0; i < 8; i++ )
        assert_true(vmtrr_write(&m, 0x268 + i, 6UL << i * 8, PHYSICAL));
    for ( uint32_t i = 0; i < 16; i++ )
        assert_int_equal(vmtrr_read(&m, 0x200 + i), (uint64_t)i << 12);
    memset(&hw, 0xff, sizeof(hw));
    vmtrr_save(&m, &hw);
    assert_int_equal(hw.msr_pat_cr, 0); /* not in here */
    assert_int_equal(hw.msr_mtrr_cap, 0x508);
    assert_int_equal(hw.msr_mtrr_var[15], 15UL << 12);
    assert_int_equal(hw.msr_mtrr_fixed[1], 4);
    assert_int_equal(hw.msr_mtrr_fixed[10], 6UL << 56);
    vmtrr_init(&again, false);
    assert_int_equal(vmtrr_load(&again, &hw, PHYSICAL), 0);
    assert_memory_equal(&again, &m, sizeof(m));
}

static void test_bad_records(void **state)
{
    struct hvm_hw_mtrr good = { .msr_pat_cr = 0 }, bad;
    struct vmtrr m, before;

    (void)state;
    vmtrr_init(&m, false);
    before = m;
    vmtrr_save(&m, &good);
    good.msr_mtrr_def_type = 0;
    for ( unsigned int i = 0; i < 16 + 11 + 1; i++ )
    {
        bad = good;
        if ( i < 16 )
            bad.msr_mtrr_var[i] = 1UL << (i & 1 ? 40 : 51);
        else if ( i < 27 )
            bad.msr_mtrr_fixed[i - 16] = 0x0200;
        else
            bad.msr_mtrr_def_type = 0x10000;
        assert_int_equal(vmtrr_load(&m, &bad, PHYSICAL), -EINVAL);
        assert_memory_equal(&m, &before, sizeof(m));
    }
    assert_int_equal(vmtrr_load(&m, &good, PHYSICAL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which), cmocka_unit_test(test_initial),
        cmocka_unit_test(test_writes), cmocka_unit_test(test_each_is_its_own),
        cmocka_unit_test(test_bad_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
