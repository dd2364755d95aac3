/* SPDX-License-Identifier: MIT */
/* The paging pool: its size, what happens when it is used up. */
#include "fixture.h"

static const struct p2m_entry nothing = { { ~0UL }, P2M_NONE, false };

static int set(struct domain *d, uint64_t gfn, struct page *pg)
{
    return p2m_set(d, _gfn(gfn), page_to_mfn(pg), P2M_RAM_RW);
}

static void test_pool_exhausted_leaks_nothing(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = page_alloc(d, 0, 0);
    unsigned int used;
    uint64_t gfn = 0;

    (void)state;
    assert_non_null(pg);
    assert_int_equal(d->p2m.pool_pages, P2M_POOL_DEFAULT);
    assert_int_equal(d->p2m.pool_used, 1);
    /* 3 tables for each; 2 are left at the end, which is not enough. */
    assert_int_equal(p2m_pool_resize(d, 1 + 3 * 5 + 2), 0);
    for ( ; gfn < 5UL << 27; gfn += 1UL << 27 )
    {
        page_get_more(pg);
        assert_int_equal(set(d, gfn, pg), 0);
    }
    used = d->p2m.pool_used;
    assert_int_equal(used, 16);
    assert_int_equal(set(d, gfn, pg), -ENOMEM);
    assert_int_equal(p2m_replace(d, _gfn(gfn), nothing, page_to_mfn(pg),
                                 P2M_RAM_RW), -ENOMEM);
    assert_int_equal(d->p2m.pool_used, used);
    assert_int_equal(pg->refs, 6);
    /* A place whose tables exist still works; so does emptying. */
    assert_int_equal(set(d, 1, pg), 0);
    assert_int_equal(p2m_set(d, _gfn(gfn), INVALID_MFN, P2M_NONE), 0);
    assert_int_equal(d->p2m.pool_used, used);
    fixture_audit();
}

static void test_prepare_is_all_or_none(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(p2m_pool_resize(d, 1 + 2 + 4), 0);
    assert_int_equal(p2m_prepare(d, _gfn(0), 512 * 5), -ENOMEM);
    assert_int_equal(p2m_prepare(d, _gfn(511), 512 * 4), -ENOMEM);
    assert_int_equal(d->p2m.pool_used, 1);
    assert_int_equal(p2m_prepare(d, _gfn(511), 512 * 3 + 1), 0);
    assert_int_equal(d->p2m.pool_used, 7);
    assert_int_equal(p2m_prepare(d, _gfn(0), 512 * 4), 0);
    assert_int_equal(p2m_prepare(d, _gfn(512 * 4), 1), -ENOMEM);
    assert_int_equal(p2m_prepare(d, _gfn(P2M_GFN_LIMIT - 1), 2), -EINVAL);
    assert_int_equal(p2m_prepare(d, _gfn(1), ~0UL), -EINVAL);
    assert_int_equal(p2m_prepare(d, _gfn(1), 0), -EINVAL);
    assert_int_equal(p2m_prepare(dom0, _gfn(1), 1), -EINVAL);
    fixture_audit();
}

static long grow(void *arg)
{
    struct domain *d = arg;
    long rc;

    do
        rc = p2m_pool_resize(d, P2M_POOL_DEFAULT + 40);
    while ( rc == -ERESTART );
    return rc;
}

static void test_pool_resize(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int restarts = 0;
    uint64_t before;
    int rc;

    (void)state;
    fixture_each_alloc_failure(grow, d, -ENOMEM);
    assert_int_equal(d->p2m.pool_pages, P2M_POOL_DEFAULT + 40);

    before = page_nr_free();
    assert_int_equal(p2m_pool_resize(d, d->p2m.pool_pages + before + 1), -ENOMEM);
    assert_int_equal(page_nr_free(), before);
    hosted_preempt_every(1);
    while ( (rc = p2m_pool_resize(d, 10)) == -ERESTART )
        restarts++;
    assert_int_equal(rc, 0);
    assert_true(restarts > 100);
    assert_int_equal(page_nr_free() - before, P2M_POOL_DEFAULT + 30);
    fixture_populate(d, 0, 1);
    assert_int_equal(p2m_pool_resize(d, 3), -EBUSY);
    assert_int_equal(p2m_pool_resize(d, 0), -EBUSY);
    assert_int_equal(d->p2m.pool_pages, 10);
    assert_int_equal(p2m_pool_resize(dom0, 10), -EINVAL);
    fixture_audit();
}

static long make_guest(void *arg)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d;

    (void)arg;
    return domain_create(DOMID_INVALID, &config, false, &d);
}

static void test_init_failing_anywhere(void **state)
{
    (void)state;
    fixture_each_alloc_failure(make_guest, NULL, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_pool_exhausted_leaks_nothing),
        TEST(test_prepare_is_all_or_none),
        TEST(test_pool_resize),
        TEST(test_init_failing_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
