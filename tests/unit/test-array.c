/* SPDX-License-Identifier: MIT */
/* hv/array.h: results.  scripts/lint checks the instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hv/array.h>

static void test_bounds(void **state)
{
    static const size_t n[] = { 0, 1, 2, 3, 64, 1UL << 31, 1UL << 32,
                                1UL << 63, ~0UL };

    (void)state;
    for ( unsigned int k = 0; k < ARRAY_SIZE(n); k++ )
    {
        const size_t i[] = { 0, 1, n[k] / 2, n[k] - 2, n[k] - 1, n[k],
                             n[k] + 1, n[k] * 2, n[k] + (1UL << 32), 1UL << 31,
                             1UL << 32, 1UL << 63, ~0UL - 1, ~0UL };

        for ( unsigned int j = 0; j < ARRAY_SIZE(i); j++ )
            assert_true(array_index(i[j], n[k]) == (i[j] < n[k] ? i[j] : 0));
    }
}

/* Indices that are narrower, or negative. */
static void test_types(void **state)
{
    uint8_t byte = 255;
    uint32_t word = ~0U;

    (void)state;
    assert_int_equal(array_index(byte, 256), 255);
    assert_int_equal(array_index(byte, 255), 0);
    assert_int_equal(array_index(word, 1UL << 32), word);
    assert_int_equal(array_index(word, word), 0);
    assert_int_equal(array_index((size_t)-1, 1UL << 32), 0);
}

static void test_elements(void **state)
{
    uint64_t a[5] = { 10, 11, 12, 13, 14 };
    size_t calls = 0;

    (void)state;
    for ( size_t i = 0; i < 5; i++ )
        assert_ptr_equal(&array_at(a, i), &a[i]);
    assert_ptr_equal(&array_at(a, 5), &a[0]);
    assert_ptr_equal(&array_at(a, -1), &a[0]);
    assert_ptr_equal(&array_at(a, ~0UL), &a[0]);
    array_at(a, 3) = 33;
    assert_int_equal(a[3], 33);
    assert_int_equal(array_at(a, calls++), 10);
    assert_int_equal(calls, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
