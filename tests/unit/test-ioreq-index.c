/* SPDX-License-Identifier: MIT */
/* The range index against a model that keeps one byte for each address. */
#include "test-ioreq.h"

#include <hv/heap.h>

#include "../../xen/common/ioreq-index.h"

#define LINE 256 /* addresses of the model; the last one stands for ~0 */

static uint8_t model[LINE];
static uint64_t seed;

static unsigned int pick(unsigned int below)
{
    return (unsigned int)(next_random(&seed) % below);
}

/* The top of the line is where end + 1 overflows: the model has it too. */
static uint64_t real(unsigned int addr)
{
    return addr < LINE / 2 ? addr : UINT64_MAX - (LINE - 1 - addr);
}

static uint8_t model_all(unsigned int start, unsigned int end)
{
    uint8_t servers = 0xff;

    for ( unsigned int i = start; i <= end; i++ )
        servers &= model[i];
    /* The real line has a gap of unclaimed addresses in the middle. */
    return start < LINE / 2 && end >= LINE / 2 ? 0 : servers;
}

static uint8_t model_any(unsigned int start, unsigned int end)
{
    uint8_t servers = 0;

    for ( unsigned int i = start; i <= end; i++ )
        servers |= model[i];
    return servers;
}

static unsigned int model_ranges(unsigned int id)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < LINE; i++ )
        nr += (model[i] >> id & 1) &&
              (i == 0 || i == LINE / 2 || !(model[i - 1] >> id & 1));
    return nr;
}

/* The ranges from some address on, one by one and all at once. */
static void compare_list(const struct ioreq_index *x, unsigned int id)
{
    unsigned int from = pick(LINE), nr, seen = 0;
    struct ioreq_range all[LINE], one;

    nr = ioreq_index_list(x, id, real(from), all, LINE);
    for ( unsigned int i = 0; i < LINE; i++ )
        if ( (i == LINE - 1 || i == LINE / 2 - 1 ||
              !(model[i + 1] >> id & 1)) && (model[i] >> id & 1) &&
             i >= from )
        {
            assert_true(seen < nr);
            assert_int_equal(all[seen].end, real(i));
            for ( ; i % (LINE / 2) && (model[i - 1] >> id & 1); i-- )
                ;
            assert_int_equal(all[seen].start, real(i));
            while ( real(i) < all[seen].end )
                i++;
            seen++;
        }
    assert_int_equal(seen, nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_int_equal(ioreq_index_list(x, id, i ? all[i - 1].end + 1
                                                   : real(from), &one, 1), 1);
        assert_memory_equal(&one, &all[i], sizeof(one));
    }
    assert_int_equal(ioreq_index_list(x, id, 0, all, 0), 0);
}

static struct ioreq_index *change(struct ioreq_index *x)
{
    unsigned int half = pick(2) * (LINE / 2), id = pick(8);
    unsigned int start = half + pick(LINE / 2);
    unsigned int end = start + pick(half + LINE / 2 - start);
    bool claimed = pick(3);
    struct ioreq_index *new;

    if ( pick(40) == 0 )
    {
        ioreq_index_drop(x, id);
        for ( unsigned int i = 0; i < LINE; i++ )
            model[i] &= (uint8_t)~(1U << id);
        return x;
    }
    if ( pick(2) )
        end = min(end, start + 4);
    new = ioreq_index_with(x, id, real(start), real(end), claimed);
    assert_non_null(new);
    hv_free(x);
    for ( unsigned int i = start; i <= end; i++ )
        model[i] = claimed ? model[i] | (uint8_t)(1U << id)
                           : model[i] & (uint8_t)~(1U << id);
    return new;
}

static void compare(const struct ioreq_index *x)
{
    unsigned int start = pick(LINE), end = start + pick(LINE - start);

    assert_int_equal(ioreq_index_covers(x, real(start), real(end)),
                     model_all(start, end));
    assert_int_equal(ioreq_index_touches(x, real(start), real(end)),
                     model_any(start, end));
    for ( unsigned int i = 0; i < LINE; i++ )
        assert_int_equal(ioreq_index_covers(x, real(i), real(i)), model[i]);
    for ( unsigned int id = 0; id < 8; id++ )
    {
        assert_int_equal(ioreq_index_ranges(x, id), model_ranges(id));
        compare_list(x, id);
    }
    for ( unsigned int i = 1; x && i < x->nr; i++ )
    {
        assert_true(x->segment[i].start > x->segment[i - 1].start);
        assert_int_not_equal(x->segment[i].servers,
                             x->segment[i - 1].servers);
    }
}

static void test_index_equals_model(void **state)
{
    struct ioreq_index *x = NULL;

    (void)state;
    memset(model, 0, sizeof(model));
    seed = 0x0123456789abcdefUL;
    for ( unsigned int step = 0; step < 4000; step++ )
    {
        x = change(x);
        compare(x);
    }
    hv_free(x);
}

static void test_empty_index_claims_nothing(void **state)
{
    (void)state;
    assert_int_equal(ioreq_index_covers(NULL, 0, UINT64_MAX), 0);
    assert_int_equal(ioreq_index_touches(NULL, 0, UINT64_MAX), 0);
    assert_int_equal(ioreq_index_ranges(NULL, 0), 0);
    assert_int_equal(ioreq_index_list(NULL, 0, 0, NULL, 5), 0);
    ioreq_index_drop(NULL, 0);
}

static void test_whole_line(void **state)
{
    struct ioreq_index *x = ioreq_index_with(NULL, 7, 0, UINT64_MAX, true);

    (void)state;
    assert_non_null(x);
    assert_int_equal(x->nr, 1);
    assert_int_equal(ioreq_index_covers(x, 0, UINT64_MAX), 0x80);
    assert_int_equal(ioreq_index_ranges(x, 7), 1);
    hv_free(x);
}

static void test_no_memory(void **state)
{
    (void)state;
    hosted_fail_alloc(1);
    assert_null(ioreq_index_with(NULL, 0, 1, 2, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_index_equals_model),
        T(test_empty_index_claims_nothing),
        T(test_whole_line),
        T(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
