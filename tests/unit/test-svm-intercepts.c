/* SPDX-License-Identifier: MIT */
/*
 * svm/intercepts.c: every bit of the VMCB's intercepts stands in the table
 * once, with a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/svm/intercepts.c"

static void test_every_intercept_has_its_row(void **state)
{
    (void)state;
    for ( unsigned int bit = 0; bit < NR_INTERCEPT_WORDS * 32; bit++ )
    {
        unsigned int found = 0;

        for ( unsigned int i = 0; i < ARRAY_SIZE(intercepts); i++ )
            if ( intercepts[i].word == bit / 32 &&
                 intercepts[i].first <= bit % 32 &&
                 intercepts[i].last >= bit % 32 )
            {
                found++;
                assert_in_range(strlen(intercepts[i].why), 4, 75);
            }
        if ( found != 1 )
            fail_msg("word %u bit %u stands there %u times", bit / 32,
                     bit % 32, found);
    }
}

static void test_what_is_on(void **state)
{
    static struct vmcb b;

    (void)state;
    vmcb_set_intercepts(&b);
    assert_int_equal(b.intercept_cr, 0x11U << 16);
    assert_int_equal(b.intercept_dr, 0xf0U << 16);
    assert_int_equal(b.intercept_exceptions, 1U << 1 | 1U << 17 | 1U << 18);
    assert_int_equal(b.intercept_1, 0xfd44801f);
    assert_int_equal(b.intercept_2, 0x7e7f);
    assert_int_equal(b.intercept_3, 0x1b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_intercept_has_its_row),
        cmocka_unit_test(test_what_is_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
