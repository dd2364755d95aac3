/* SPDX-License-Identifier: MIT */
/* A PV guest's reservation: low addresses, and exchange of frames. */
#include "test-pv.h"

#include <hv/budget.h>

static int exchange(struct domain *d, const uint64_t *in, unsigned int nr,
                    unsigned int order, unsigned int bits, uint64_t *out)
{
    return TO_THE_END(pv_exchange(d, in, nr, order, bits, out));
}

static bool is_listed(const struct domain *d, const struct page *pg)
{
    const struct page *i;

    list_for_each (i, &d->pv->owned, link)
        if ( i == pg )
            return true;
    return false;
}

/* The machine has frames of up to 26 bits of address. */
static void test_low_addresses(void **state)
{
    struct domain *d = pv_guest(1);
    struct page *pg;
    uint64_t low = 0;

    (void)state;
    assert_int_equal(FIXTURE_FRAMES, 1UL << (26 - PAGE_SHIFT));
    assert_null(pv_alloc_below(d, 0, 12));
    assert_null(pv_alloc_below(d, 0, 1));
    assert_null(pv_alloc_below(d, 9, 20));
    assert_null(pv_alloc_below(d, 19, 26));
    assert_int_equal(d->tot_pages, 0);
    assert_non_null(pv_alloc_below(d, 0, 26));
    assert_non_null(pv_alloc_below(d, 0, 64));
    /* All of 8 MiB that is there in blocks, then no more. */
    while ( (pg = pv_alloc_below(d, 8, 23)) != NULL )
    {
        low++;
        assert_true(mfn_of(pg) + 256 <= 1UL << (23 - PAGE_SHIFT));
        assert_int_equal(mfn_of(pg) % 256, 0);
    }
    assert_true(low >= 3 && low <= 8);
    assert_non_null(pv_alloc_below(d, 8, 24));
    pv_check();
    fixture_kill(d);
}

static void test_exchange(void **state)
{
    struct domain *d = pv_guest(1);
    uint64_t in[8], out[8], tot;
    struct page *pg;

    (void)state;
    for ( unsigned int i = 0; i < 8; i++ )
    {
        pg = pv_page(d);
        in[i] = mfn_of(pg);
        set_raw(pg, 1, 0x1234);
        assert_int_equal(pv_set_m2p(d, _mfn(in[i]), i), 0);
    }
    d->max_pages = tot = d->tot_pages; /* no page more, not even meanwhile */
    assert_int_equal(exchange(d, in, 8, 3, 0, out), 0);
    assert_int_equal(d->tot_pages, tot);
    for ( unsigned int i = 0; i < 8; i++ )
    {
        pg = mfn_to_page(_mfn(out[0] + i));
        assert_ptr_equal(pg->owner, d);
        assert_true(is_listed(d, pg));
        assert_int_equal(get_raw(pg, 1), 0);
        assert_int_equal(mfn_to_page(_mfn(in[i]))->refs, 0);
        assert_int_equal(pv_m2p[in[i]], PV_M2P_NONE);
        in[i] = out[0] + i;
    }
    assert_int_equal(out[0] % 8, 0);
    pv_check();
    /* Eight blocks of one. */
    assert_int_equal(exchange(d, in, 8, 0, 26, out), 0);
    pv_check();
    assert_int_equal(exchange(d, out, 8, 2, 24, in), 0);
    assert_true(in[0] + 4 <= 1UL << 12 && in[1] + 4 <= 1UL << 12);
    assert_int_equal(exchange(d, in, 0, 9, 24, out), 0);
    pv_check();
    fixture_kill(d);
}

/* A new frame is cleared after the last write of the one who had it. */
static void test_flush_before_exchange(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct tree t = make_tree(other, RW);
    uint64_t frame = mfn_of(t.data), in = mfn_of(pv_page(d)), out;

    (void)state;
    assert_int_equal(pin(other, t.table[4], 4), 0);
    assert_true(tlb_touch(other, t.table[4],
                          4UL << 39 | 3UL << 30 | 2UL << 21 | 5UL << 12));
    assert_int_equal(update(other, at(t.table[1], 5), 0), 0);
    assert_int_equal(release(other, t.data), 0);
    assert_int_equal(exchange(d, &in, 1, 0, 25, &out), 0);
    assert_int_equal(out, frame); /* freed last */
    assert_int_equal(get_raw(mfn_to_page(_mfn(out)), STALE_WORD), 0);
    assert_int_equal(nr_cached, 0);
    pv_check();
    fixture_kill(other);
    fixture_kill(d);
}

static void test_no_exchange(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct tree t = make_tree(d, RO);
    struct page *free = pv_page(d), *gone = pv_page(d);
    struct page *extra = page_alloc(d, 0, PAGE_EXTRA);
    uint64_t in[2] = { mfn_of(free) }, out[2], frames;
    uint64_t bad[] = { mfn_of(t.table[4]), mfn_of(t.table[1]), mfn_of(t.data),
                       mfn_of(free), mfn_of(pv_page(other)), mfn_of(gone),
                       mfn_of(extra), 0, nr_frames, ~0UL };

    (void)state;
    set_raw(t.table[1], 6, entry_to(gone, RO));
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_int_equal(release(d, gone), 0); /* but it is still mapped */
    assert_int_equal(pv_set_m2p(d, _mfn(in[0]), 5), 0);
    frames = page_nr_free();
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
    {
        in[1] = bad[i];
        assert_int_equal(exchange(d, in, 2, 0, 0, out), -EINVAL);
        assert_int_equal(exchange(d, in, 2, 1, 0, out), -EINVAL);
        assert_int_equal(free->refs, 1);
        assert_int_equal(page_nr_free(), frames);
    }
    assert_int_equal(exchange(d, in, 3, 1, 0, out), -EINVAL);
    assert_int_equal(exchange(d, in, 513, 0, 0, out), -EINVAL);
    assert_int_equal(exchange(d, in, 1024, 10, 0, out), -EINVAL);
    assert_int_equal(exchange(d, in, 0, 33, 0, out), -EINVAL);
    assert_int_equal(exchange(d, in, 1, 0, 12, out), -ENOMEM);
    d->state = DOM_DYING;
    assert_int_equal(exchange(d, in, 1, 0, 0, out), -EINVAL);
    d->state = DOM_ALIVE;
    assert_int_equal(pv_m2p[in[0]], 5);
    page_put(extra);
    pv_check();
    fixture_kill(other);
    fixture_kill(d);
}

static void test_no_memory(void **state)
{
    struct domain *d = pv_guest(1);
    uint64_t in[4], scratch[4];

    (void)state;
    for ( unsigned int i = 0; i < 4; i++ )
        in[i] = mfn_of(pv_page(d));
    memcpy(scratch, in, sizeof(in));
    for ( unsigned int nth = 1; nth <= 2; nth++ )
    {
        hosted_fail_alloc(nth);
        assert_int_equal(exchange(d, in, 4, 1, 0, scratch), -ENOMEM);
        hosted_fail_alloc(0);
        pv_check();
    }
    assert_int_equal(exchange(d, in, 4, 1, 0, scratch), 0);
    pv_check();
    fixture_kill(d);
}

static void test_cost(void **state)
{
    struct domain *d = pv_guest(1);
    uint64_t in[512], out[512];
    struct tree t = make_tree(d, RW);
    bool done;

    (void)state;
    for ( unsigned int i = 0; i < 512; i++ )
        in[i] = mfn_of(pv_page(d));
    fill_l1(&t);
    assert_int_equal(pin(d, t.table[4], 4), 0);
    hosted_preempt_every(1);
    assert_int_equal(pv_unpin(d, page_to_mfn(t.table[4]), &done), -ERESTART);
    nr_restarts = 0;
    budget_begin(); /* more than LOOP_BUDGET steps in a row are a panic */
    assert_int_equal(exchange(d, in, 512, 9, 25, out), 0);
    assert_true(nr_restarts > 3);
    for ( unsigned int i = 0; i < 512; i++ )
        in[i] = out[0] + i;
    assert_int_equal(exchange(d, in, 512, 0, 25, out), 0);
    budget_end();
    hosted_preempt_every(0);
    pv_check();
    fixture_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_low_addresses),
        PV_TEST(test_exchange),
        PV_TEST(test_flush_before_exchange),
        PV_TEST(test_no_exchange),
        PV_TEST(test_no_memory),
        PV_TEST(test_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
