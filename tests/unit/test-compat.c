/* SPDX-License-Identifier: MIT */
/*
 * Conversion of structures for 32-bit callers: each declared structure, there
 * and back; what does not fit; arrays; memory that cannot be accessed.
 *
 * Seen failing with: narrow() that copies the high half.  That no field is left
 * out of a list is tests/abi's to see.
 */
#include "test-compat.h"

#include <stdlib.h>

#include <hv/compat.h>
#include <hv/guest-access.h>

#define NR 5 /* structures of one array */

struct named {
    const char *name;
    const struct compat_layout *l;
};

#define NAMED(s) { #s, &compat_of_##s },
static const struct named layouts[] = {
    COMPAT_DIFFERENT(NAMED)
    { "words", &compat_of_words },
};

static void fill(unsigned char *p, size_t bytes)
{
    for ( size_t i = 0; i < bytes; i++ )
        p[i] = (unsigned char)(rand() >> 4);
}

static uint64_t field(const void *p, size_t at, size_t bytes)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)p + at, min(bytes, sizeof(value)));
    return value;
}

static uint64_t truncated(uint64_t value, const struct compat_field *f)
{
    return f->bytes_32 < sizeof(value)
               ? value & ((1UL << 8 * f->bytes_32) - 1) : value;
}

/* Both directions agree with the table, and every byte belongs to a field. */
static void check_layout(const struct named *n)
{
    const struct compat_layout *l = n->l;
    unsigned char wide[NR * 256], back[NR * 256];
    char *raw = low + 4;

    assert_in_range(l->bytes_32, 1, l->bytes);
    fill(wide, sizeof(wide));
    assert_int_equal(compat_copy_out(l, P32(raw), wide, NR), 0);
    memset(back, 0xff, sizeof(back));
    assert_int_equal(compat_copy_in(l, back, P32(raw), NR), 0);
    for ( unsigned int i = 0; i < NR; i++ )
        for ( unsigned int k = 0; k < l->nr_fields; k++ )
        {
            const struct compat_field *f = &l->field[k];
            uint64_t want = truncated(field(wide + i * l->bytes, f->at,
                                            f->bytes), f);

            assert_in_range(f->bytes, f->bytes_32, sizeof(uint64_t));
            assert_int_equal(field(raw + i * l->bytes_32, f->at_32,
                                   f->bytes_32), want);
            assert_int_equal(field(back + i * l->bytes, f->at, f->bytes),
                             want);
        }
}

static void test_there_and_back(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(layouts); i++ )
        for ( unsigned int times = 0; times < 100; times++ )
            check_layout(&layouts[i]);
}

/* No two fields share a byte, in either layout. */
static void test_fields_are_disjoint(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(layouts); i++ )
    {
        const struct compat_layout *l = layouts[i].l;
        bool used[256] = { false }, used_32[256] = { false };

        for ( unsigned int k = 0; k < l->nr_fields; k++ )
        {
            const struct compat_field *f = &l->field[k];

            for ( unsigned int b = 0; b < f->bytes; b++ )
            {
                assert_false(used[f->at + b]);
                used[f->at + b] = true;
            }
            for ( unsigned int b = 0; b < f->bytes_32; b++ )
            {
                assert_false(used_32[f->at_32 + b]);
                used_32[f->at_32 + b] = true;
            }
        }
    }
}

/* Only the named part is written, each field at its place. */
static void test_one_field(void **state)
{
    struct multicall_entry e = { .op = 1, .result = ~0UL - 4 };
    uint32_t *raw = (uint32_t *)low;

    (void)state;
    for ( unsigned int i = 0; i < 6; i++ )
        e.args[i] = 0x1111111100000000UL + i;
    memset(raw, 0xee, 64);
    assert_int_equal(compat_copy_part_out(&compat_of_multicall_entry, P32(raw),
                                          &e, offsetof(typeof(e), result),
                                          sizeof(e.result)), 0);
    assert_int_equal(raw[0], 0xeeeeeeee);
    assert_int_equal(raw[1], 0xfffffffb);
    assert_int_equal(raw[2], 0xeeeeeeee);
    assert_int_equal(compat_copy_part_out(&compat_of_multicall_entry, P32(raw),
                                          &e, offsetof(typeof(e), args),
                                          sizeof(e.args)), 0);
    for ( unsigned int i = 0; i < 6; i++ )
        assert_int_equal(raw[2 + i], i);
    assert_int_equal(raw[8], 0xeeeeeeee);
}

/* A long array that ends at memory that cannot be accessed, or behind. */
static void test_array_faults(void **state)
{
    enum { MANY = 1000 };
    uint64_t wide[MANY];
    uint32_t *raw = (uint32_t *)(low + LOW_BYTES) - MANY;

    (void)state;
    for ( unsigned int i = 0; i < MANY; i++ )
        wide[i] = 0xabcd00000000UL + i;
    assert_int_equal(compat_copy_out(&compat_of_words, P32(raw), wide, MANY),
                     0);
    for ( unsigned int i = 0; i < MANY; i++ )
        assert_int_equal(raw[i], i);
    assert_int_equal(compat_copy_in(&compat_of_words, wide, P32(raw), MANY),
                     0);
    for ( unsigned int i = 0; i < MANY; i++ )
        assert_int_equal(wide[i], i);
    assert_int_equal(compat_copy_in(&compat_of_words, wide, P32(raw + 1),
                                    MANY), -EFAULT);
    assert_int_equal(compat_copy_out(&compat_of_words, P32(raw + 1), wide,
                                     MANY), -EFAULT);
    assert_int_equal(raw[1], 1); /* what came before the fault: it went round */
    assert_int_equal(compat_copy_in(&compat_of_words, wide, P32(raw + 1), 0),
                     0);
}

/* A structure without a 32-bit form is never copied. */
static void test_no_form(void **state)
{
    char buf[8] = { 0 };

    (void)state;
    assert_int_equal(compat_copy_in(&compat_of_none, buf, P32(low), 1),
                     -EFAULT);
    assert_int_equal(compat_copy_out(&compat_of_none, P32(low), buf, 1),
                     -EFAULT);
    assert_int_equal(compat_copy_part_out(&compat_of_none, P32(low), buf, 0,
                                          8), -EFAULT);
}

static int group_setup(void **state)
{
    (void)state;
    low_map();
    srand(1);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    low_unmap();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_fields_are_disjoint),
        cmocka_unit_test_setup_teardown(test_one_field, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_array_faults, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_form, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
