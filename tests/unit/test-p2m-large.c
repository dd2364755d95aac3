/* SPDX-License-Identifier: MIT */
/* Entries of 2 MiB and 1 GiB: made, looked at, split, replaced, given back. */
#include "test-p2m-large.h"

static int set_order(uint64_t gfn, uint64_t mfn, unsigned int order,
                     enum p2m_type t)
{
    return p2m_set_order(large, _gfn(gfn), _mfn(mfn), order, t);
}

static unsigned int order_at(uint64_t gfn)
{
    unsigned int order;

    p2m_lookup_order(large, _gfn(gfn), &order);
    return order;
}

/* gfn leads to mfn by an entry of this order. */
static void check_entry(uint64_t gfn, uint64_t mfn, enum p2m_type t,
                        unsigned int order)
{
    struct p2m_entry e = p2m_lookup(large, _gfn(gfn));

    assert_int_equal(e.type, t);
    assert_int_equal(mfn_x(e.mfn), mfn);
    assert_int_equal(order_at(gfn), order);
}

static void test_made_and_looked_at(void **state)
{
    enum p2m_type t;
    struct page *pg;

    (void)state;
    assert_int_equal(set_order(G1, G1, 18, P2M_RAM_RW), 0);
    assert_int_equal(large->p2m.pool_used, 2);
    assert_int_equal(set_order(G1 / 2, M2_FRAMES, 9, P2M_RAM_RO), 0);
    assert_int_equal(large->p2m.pool_used, 3);
    assert_int_equal(p2m_max_gfn(large), 2 * G1 - 1);
    check_entry(G1, G1, P2M_RAM_RW, 18);
    check_entry(G1 + 12345, G1 + 12345, P2M_RAM_RW, 18);
    check_entry(2 * G1 - 1, 2 * G1 - 1, P2M_RAM_RW, 18);
    check_entry(G1 / 2 + 511, M2_FRAMES + 511, P2M_RAM_RO, 9);
    assert_int_equal(p2m_lookup(large, _gfn(2 * G1)).type, P2M_NONE);
    assert_int_equal(order_at(2 * G1), 0);
    assert_int_equal(p2m_lookup(large, _gfn(G1 / 2 + 512)).type, P2M_NONE);

    pg = p2m_get_page(large, _gfn(G1 + 777), &t);
    assert_ptr_equal(pg, mfn_to_page(_mfn(G1 + 777)));
    assert_int_equal(t, P2M_RAM_RW);
    assert_int_equal(pg->refs, 2);
    page_put(pg);
    drop_frames(M2_FRAMES + 512, 7 * 512);
    fixture_audit();
}

/* Only where nothing is, not even a table. */
static void test_filled(void **state)
{
    uint64_t far = 1UL << 24;

    (void)state;
#define FILL(gfn, order)                                                     \
    p2m_fill_order(large, _gfn(gfn), _mfn(gfn), order, P2M_MMIO_DIRECT)
    assert_int_equal(FILL(far, 18), 0);
    check_entry(far + 77, far + 77, P2M_MMIO_DIRECT, 18);
    assert_int_equal(FILL(far, 18), -EBUSY);
    assert_int_equal(FILL(far + 512, 9), -EBUSY);
    assert_int_equal(FILL(far + 512, 0), -EBUSY);
    /* A part of it goes: what is around stays, and nothing comes back. */
    assert_int_equal(p2m_remove(large, _gfn(far + 513), INVALID_MFN), 0);
    assert_int_equal(FILL(far, 18), -EBUSY);
    assert_int_equal(FILL(far + 512, 9), -EBUSY);
    assert_int_equal(FILL(far + 513, 0), 0);
    check_entry(far + 1024, far + 1024, P2M_MMIO_DIRECT, 9);
    /* The 1 GiB around an entry of a page, the 2 MiB beside it. */
    assert_int_equal(FILL(far + G1 + 5, 0), 0);
    assert_int_equal(FILL(far + G1, 18), -EBUSY);
    assert_int_equal(FILL(far + G1, 9), -EBUSY);
    assert_int_equal(FILL(far + G1 + 512, 9), 0);
    assert_int_equal(FILL(far + G1 + 512, 10), -EINVAL);
    assert_int_equal(FILL(far + 3 * G1 + 1, 9), -EINVAL);
    /* Without a page for tables. */
    assert_int_equal(p2m_pool_resize(large, large->p2m.pool_used), 0);
    assert_int_equal(FILL(far + 2 * G1 + 512, 9), -ENOMEM);
    assert_int_equal(FILL(far + 2 * G1, 18), 0);
#undef FILL
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    fixture_audit();
}

/* A device's frames, far beyond those that the machine has. */
static void test_devices(void **state)
{
    static const uint64_t mfns[] = { 0, G1 * 3, 1UL << 39,
                                     P2M_MFN_LIMIT - G1 };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(mfns); i++ )
    {
        assert_int_equal(set_order(G1 * 7, mfns[i], 18, P2M_MMIO_DIRECT), 0);
        check_entry(G1 * 7 + 99, mfns[i] + 99, P2M_MMIO_DIRECT, 18);
        assert_null(p2m_get_page(large, _gfn(G1 * 7 + 99), NULL));
        assert_int_equal(p2m_remove(large, _gfn(G1 * 7 + 5),
                                    _mfn(mfns[i] + 4)), -EINVAL);
        assert_int_equal(p2m_remove(large, _gfn(G1 * 7 + 5),
                                    _mfn(mfns[i] + 5)), 0);
        check_entry(G1 * 7 + 4, mfns[i] + 4, P2M_MMIO_DIRECT, 0);
        check_entry(G1 * 7 + 512, mfns[i] + 512, P2M_MMIO_DIRECT, 9);
        assert_int_equal(p2m_set(large, _gfn(3), _mfn(mfns[i] + 1),
                                 P2M_MMIO_DIRECT), 0);
        check_entry(3, mfns[i] + 1, P2M_MMIO_DIRECT, 0);
    }
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    fixture_audit();
}

static void test_errors(void **state)
{
    static const struct {
        uint64_t gfn, mfn;
        unsigned int order;
        enum p2m_type type;
    } wrong[] = {
        { G1, G1, 1, P2M_RAM_RW },          { G1, G1, 8, P2M_RAM_RW },
        { G1, G1, 10, P2M_RAM_RW },         { 0, 0, 27, P2M_MMIO_DIRECT },
        { 0, 0, 72, P2M_MMIO_DIRECT },      { 0, 0, ~0U, P2M_MMIO_DIRECT },
        { G1 + 256, G1, 9, P2M_RAM_RW },    { G1, G1 + 256, 9, P2M_RAM_RW },
        { G1 + 512, G1, 18, P2M_RAM_RW },   { G1, G1 + 512, 18, P2M_RAM_RW },
        { G1, G1, 9, P2M_NONE },            { G1, G1, 9, P2M_MMIO_DM },
        { G1, G1, 9, P2M_FOREIGN },         { G1, G1, 9, P2M_GRANT_RW },
        { P2M_GFN_LIMIT, G1, 9, P2M_RAM_RW },
        { G1, P2M_MFN_LIMIT, 9, P2M_MMIO_DIRECT },
        { G1, P2M_MFN_LIMIT, 0, P2M_MMIO_DIRECT },
        { G1, 3 * G1, 9, P2M_RAM_RW },
        { ~0UL << 18, G1, 18, P2M_RAM_RW }, { G1, ~0UL << 18, 18, P2M_RAM_RW },
    };
    uint64_t done = 0;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(wrong); i++ )
        assert_int_equal(set_order(wrong[i].gfn, wrong[i].mfn, wrong[i].order,
                                   wrong[i].type), -EINVAL);
    assert_int_equal(p2m_set(large, _gfn(1), _mfn(P2M_MFN_LIMIT),
                             P2M_MMIO_DIRECT), -EINVAL);
    assert_int_equal(p2m_map_range(large, _gfn(G1), _mfn(G1), 0, P2M_RAM_RW,
                                   &done), -EINVAL);
    assert_int_equal(done, 0);
    assert_int_equal(p2m_map_range(large, _gfn(P2M_GFN_LIMIT - 1), _mfn(0), 2,
                                   P2M_MMIO_DIRECT, &done), -EINVAL);
    assert_int_equal(p2m_map_range(large, _gfn(0), _mfn(P2M_MFN_LIMIT - 1), 2,
                                   P2M_MMIO_DIRECT, &done), -EINVAL);
    assert_int_equal(p2m_map_range(large, _gfn(0), _mfn(0), 1, P2M_MMIO_DM,
                                   &done), -EINVAL);
    assert_int_equal(large->p2m.pool_used, 1);
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
}

/* ---- splitting ---- */

enum change { SET, REPLACE, RETYPE, REMOVE, REPLACE_NONE, NR_CHANGES };

/* Change the entry at gfn of the 1 GiB entry at G1. */
static int change(enum change what, uint64_t gfn)
{
    const struct p2m_entry from = p2m_entry(_mfn(gfn), P2M_RAM_RW);
    struct page *pg = NULL;
    int rc = 0;

    if ( what == SET || what == REPLACE )
    {
        pg = page_alloc(large, 0, 0);
        assert_non_null(pg);
    }
    switch ( what )
    {
    case SET:
        rc = p2m_set(large, _gfn(gfn), page_to_mfn(pg), P2M_RAM_RO);
        break;
    case REPLACE:
        rc = p2m_replace(large, _gfn(gfn), from, page_to_mfn(pg), P2M_RAM_RW);
        break;
    case RETYPE:
        pg = mfn_to_page(_mfn(gfn));
        page_get_more(pg);
        rc = p2m_replace(large, _gfn(gfn), from, from.mfn, P2M_IOREQ);
        break;
    case REMOVE:
        return p2m_remove(large, _gfn(gfn), from.mfn);
    case REPLACE_NONE:
        return p2m_replace(large, _gfn(gfn), from, INVALID_MFN, P2M_NONE);
    default:
        fail();
    }
    if ( rc )
        page_put(pg);
    return rc;
}

/* Each way to change one gfn: its neighbours stay, as large as they can. */
static void test_split_by_any_change(void **state)
{
    (void)state;
    assert_int_equal(set_order(G1, G1, 18, P2M_RAM_RW), 0);
    drop_frames(M2_FRAMES, 8 * 512);
    for ( unsigned int i = 0; i < NR_CHANGES; i++ )
    {
        uint64_t at = G1 + 512 * (3 + i) + 100;
        unsigned int used = large->p2m.pool_used;

        flushes = 0;
        assert_int_equal(change((enum change)i, at), 0);
        assert_int_equal(flushes, 1);
        assert_int_equal(large->p2m.pool_used, used + (i == 0) + 1);
        assert_int_equal(mfn_to_page(_mfn(at))->refs, i == RETYPE);
        check_entry(at - 1, at - 1, P2M_RAM_RW, 0);
        check_entry(at + 1, at + 1, P2M_RAM_RW, 0);
        check_entry(at - 100, at - 100, P2M_RAM_RW, 0);
        check_entry(at + 412, at + 412, P2M_RAM_RW, 9);
        fixture_audit();
    }
    check_entry(2 * G1 - 1, 2 * G1 - 1, P2M_RAM_RW, 9);
    /* What is refused splits nothing. */
    assert_int_equal(p2m_remove(large, _gfn(2 * G1 - 1), _mfn(1)), -EINVAL);
    assert_int_equal(p2m_replace(large, _gfn(2 * G1 - 1),
                                 p2m_entry(_mfn(1), P2M_RAM_RW),
                                 INVALID_MFN, P2M_NONE), -EBUSY);
    check_entry(2 * G1 - 1, 2 * G1 - 1, P2M_RAM_RW, 9);
}

/* Two tables are needed: with none or one, nothing changes at all. */
static void test_split_without_tables(void **state)
{
    (void)state;
    assert_int_equal(set_order(G1, G1, 18, P2M_RAM_RW), 0);
    drop_frames(M2_FRAMES, 8 * 512);
    for ( unsigned int spare = 0; spare < 2; spare++ )
    {
        assert_int_equal(p2m_pool_resize(large, 2 + spare), 0);
        for ( unsigned int i = 0; i < NR_CHANGES; i++ )
        {
            flushes = 0;
            assert_int_equal(change((enum change)i, G1 + 5), -ENOMEM);
            assert_int_equal(flushes, 0);
            assert_int_equal(large->p2m.pool_used, 2);
            check_entry(G1 + 5, G1 + 5, P2M_RAM_RW, 18);
            assert_int_equal(mfn_to_page(_mfn(G1 + 5))->refs, 1);
        }
        assert_int_equal(p2m_prepare(large, _gfn(G1 + 5), 1), -ENOMEM);
        fixture_audit();
    }
    assert_int_equal(p2m_pool_resize(large, 4), 0);
    assert_int_equal(p2m_prepare(large, _gfn(G1 + 5), 1), 0);
    check_entry(G1 + 5, G1 + 5, P2M_RAM_RW, 0);
    check_entry(G1 + 512, G1 + 512, P2M_RAM_RW, 9);
    assert_int_equal(p2m_remove(large, _gfn(G1 + 5), INVALID_MFN), 0);
    assert_int_equal(p2m_remove(large, _gfn(G1 + 512), INVALID_MFN), -ENOMEM);
}

/* ---- a large entry in the place of smaller ones ---- */

static void test_replaces_what_is_below(void **state)
{
    struct page *old = page_alloc(large, 0, 0);
    unsigned int used;

    (void)state;
    assert_non_null(old);
    watched = old;
    assert_int_equal(p2m_set(large, _gfn(G1 + 600), page_to_mfn(old),
                             P2M_RAM_RW), 0);
    assert_int_equal(set_order(G1 + 1024, M2_FRAMES, 9, P2M_RAM_RW), 0);
    drop_frames(M2_FRAMES + 512, 7 * 512);
    assert_int_equal(p2m_prepare(large, _gfn(G1), 2 * 512), 0);
    used = large->p2m.pool_used;
    assert_int_equal(used, 1 + 1 + 1 + 2);

    flushes = 0;
    assert_int_equal(set_order(G1, G1, 18, P2M_RAM_RW), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(old->refs, 0);
    assert_int_equal(mfn_to_page(_mfn(M2_FRAMES))->refs, 0);
    assert_int_equal(large->p2m.pool_used, 2);
    assert_int_equal(large->tot_pages, G1);
    watched = NULL;
    fixture_audit();

    /* A smaller one in the midst of a larger one. */
    assert_int_equal(set_order(G1 + 512, 7 * 512 + (G1 << 3), 9,
                               P2M_MMIO_DIRECT), 0);
    check_entry(G1 + 511, G1 + 511, P2M_RAM_RW, 9);
    check_entry(G1 + 513, (G1 << 3) + 7 * 512 + 1, P2M_MMIO_DIRECT, 9);
    check_entry(G1 + 1024, G1 + 1024, P2M_RAM_RW, 9);
    assert_int_equal(large->tot_pages, G1 - 512);
    /* Tables that come back are as good as new. */
    for ( unsigned int i = 0; i < 8; i++ )
        assert_int_equal(p2m_prepare(large, _gfn((uint64_t)i << 27), 1), 0);
    fixture_audit();
}

/* ---- the end ---- */

static void test_relinquish_step_by_step(void **state)
{
    unsigned int restarts = 0;
    int rc;

    (void)state;
    assert_int_equal(set_order(G1, G1, 18, P2M_RAM_RW), 0);
    assert_int_equal(set_order(0, M2_FRAMES, 9, P2M_RAM_RW), 0);
    drop_frames(M2_FRAMES + 512, 7 * 512);
    assert_int_equal(set_order(512, G1 * 8, 9, P2M_MMIO_DIRECT), 0);
    assert_int_equal(set_order(2 * G1, G1 * 8, 18, P2M_MMIO_DIRECT), 0);
    assert_int_equal(p2m_remove(large, _gfn(G1 + 1000), INVALID_MFN), 0);
    assert_int_equal(set_order(3 * G1, G1 * 9, 18, P2M_MMIO_DIRECT), 0);
    domain_get_more(large);
    hosted_preempt_every(1);
    while ( (rc = domain_kill(large)) == -ERESTART )
        if ( restarts++ % 1000 == 3 )
        {
            hosted_preempt_every(0);
            fixture_audit();
            hosted_preempt_every(1);
        }
    hosted_preempt_every(0);
    assert_int_equal(rc, 0);
    assert_true(restarts > (G1 >> 6));
    assert_int_equal(large->tot_pages, 0);
    assert_int_equal(large->p2m.pool_pages, 1);
    assert_int_equal(set_order(0, 0, 9, P2M_MMIO_DIRECT), -EINVAL);
    domain_put(large);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, large_setup, large_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_made_and_looked_at), TEST(test_filled),
        TEST(test_devices),
        TEST(test_errors),
        TEST(test_split_by_any_change),
        TEST(test_split_without_tables),
        TEST(test_replaces_what_is_below),
        TEST(test_relinquish_step_by_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
