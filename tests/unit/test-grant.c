/* SPDX-License-Identifier: MIT */
/* Grant tables: limits, growth, sizes, and frames that other domains map. */
#include "test-grant.h"

#define BIG_WORLD 80000 /* frames: a table of 65536 and its status frames */

static long create(int32_t frames, int32_t maptrack, uint32_t opts,
                   struct domain **dp)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    config.max_grant_frames = frames;
    config.max_maptrack_frames = maptrack;
    config.grant_opts = opts;
    return domain_create(DOMID_INVALID, &config, false, dp);
}

static void test_limits_of_createdomain(void **state)
{
    static const struct {
        int32_t frames, maptrack;
        uint32_t opts;
        int rc;
        long size;
    } row[] = {
        { 1, 0, 1, 0, 1 },
        { 40, 64, 1, 0, 40 },
        { -1, -1, 2, 0, 64 },
        { INT32_MIN, INT32_MIN, 2, 0, 64 },
        { MAX_GRANT_FRAMES, 65536, 2, 0, MAX_GRANT_FRAMES },
        { 0, 64, 1, -EINVAL, 0 },
        { MAX_GRANT_FRAMES + 1, 64, 1, -EINVAL, 0 },
        { INT32_MAX, 64, 1, -EINVAL, 0 },
        { 64, 65537, 1, -EINVAL, 0 },
        { 64, 64, 0, -EINVAL, 0 },
        { 64, 64, 3, -EINVAL, 0 },
        { 64, 64, 0x11, -EINVAL, 0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        uint64_t before = page_nr_free();
        struct domain *d = NULL;

        assert_int_equal(create(row[i].frames, row[i].maptrack, row[i].opts,
                                &d), row[i].rc);
        if ( row[i].rc )
            continue;
        assert_int_equal(grant_resource_size(d, SHARED), row[i].size);
        /* The biggest table costs no more than the smallest. */
        assert_true(before - page_nr_free() < 300);
        fixture_audit();
        fixture_kill(d);
        assert_int_equal(page_nr_free(), before);
    }
}

static long create_op(void *arg)
{
    struct domain *d = NULL;
    long rc = create(64, 64, 2, &d);

    (void)arg;
    if ( !rc )
        fixture_kill(d);
    return rc;
}

static void test_create_each_alloc_failure(void **state)
{
    (void)state;
    fixture_each_alloc_failure(create_op, NULL, -ENOMEM);
}

static void test_query_size(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    gnttab_query_size_t op = { .dom = d->domain_id };

    (void)state;
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 1), 0);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(op.nr_frames, 1);
    assert_int_equal(op.max_nr_frames, 64);
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 2), -EINVAL);
    assert_int_equal(grant_op(GNTTABOP_query_size, NULL, 1), -EFAULT);
    op.dom = 999;
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 1), 0);
    assert_int_equal(op.status, GNTST_bad_domain);

    fixture_be_dom(other);
    op.dom = d->domain_id;
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 1), 0);
    assert_int_equal(op.status, GNTST_permission_denied);
    op.dom = DOMID_SELF;
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 1), 0);
    assert_int_equal(op.status, GNTST_okay);
    /* A device model of d may. */
    other->target_id = d->domain_id;
    op.dom = d->domain_id;
    assert_int_equal(grant_op(GNTTABOP_query_size, &op, 1), 0);
    assert_int_equal(op.status, GNTST_okay);
}

static int16_t setup(struct domain *d, uint32_t nr, xen_pfn_t *list)
{
    gnttab_setup_table_t op = { .dom = d->domain_id, .nr_frames = nr,
                                .frame_list.p = list };

    assert_int_equal(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    return op.status;
}

static void test_setup_table(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    gnttab_setup_table_t op = { .dom = DOMID_SELF };
    gnttab_query_size_t size = { .dom = d->domain_id };
    xen_pfn_t list[65];

    (void)state;
    assert_int_equal(grant_op(GNTTABOP_setup_table, &op, 0), -EINVAL);
    assert_int_equal(grant_op(GNTTABOP_setup_table, &op, 2), -EINVAL);
    assert_int_equal(grant_op(GNTTABOP_setup_table, NULL, 1), -EFAULT);
    assert_int_equal(setup(d, 65, list), GNTST_general_error);
    assert_int_equal(grant_op(GNTTABOP_query_size, &size, 1), 0);
    assert_int_equal(size.nr_frames, 1);
    assert_int_equal(setup(d, 2, NULL), GNTST_bad_virt_addr);

    /* Not translated: machine frames, in order. */
    hosted_preempt_every(1);
    assert_int_equal(setup(dom0, 64, list), GNTST_okay);
    for ( unsigned int i = 0; i < 64; i++ )
        assert_ptr_equal(arch_mfn_to_virt(_mfn(list[i])),
                         table_frame(dom0, SHARED, i));
    /* Translated: they have no number there. */
    assert_int_equal(setup(d, 64, list), GNTST_okay);
    assert_int_equal(list[0], ~0UL);
    assert_int_equal(list[63], ~0UL);
    assert_int_equal(grant_op(GNTTABOP_query_size, &size, 1), 0);
    assert_int_equal(size.nr_frames, 64);

    fixture_be_dom(other);
    assert_int_equal(setup(d, 1, list), GNTST_permission_denied);
    op.dom = 999;
    assert_int_equal(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    assert_int_equal(op.status, GNTST_bad_domain);
}

/* Growing by up to a step, fails as a whole. */
static long grow_op(void *arg)
{
    struct page *pages[20]; /* three status frames */
    int rc = grant_resource_get(arg, SHARED, 0, 20, pages);

    for ( unsigned int i = 0; !rc && i < 20; i++ )
        page_put(pages[i]);
    return rc;
}

static void test_grow_each_alloc_failure(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(set_version(d, 2), 0);
    fixture_each_alloc_failure(grow_op, d, -EINVAL);
}

static void test_resource_matrix(void **state)
{
    static const struct {
        uint32_t id, version;
        uint64_t frame;
        unsigned int nr;
        int rc;
    } row[] = {
        { SHARED, 1, 0, 40, 0 },
        { SHARED, 1, 39, 1, 0 },
        { SHARED, 1, 39, 2, -EINVAL },
        { SHARED, 1, 40, 0, 0 },
        { SHARED, 1, 41, 0, -EINVAL },
        { SHARED, 1, 1UL << 32, 1, -EINVAL },
        { SHARED, 1, UINT64_MAX, 1, -EINVAL },
        { SHARED, 1, UINT64_MAX, 2, -EINVAL },
        { STATUS, 1, 0, 1, -EINVAL }, /* debug Xen asserted here */
        { 2, 1, 0, 1, -EINVAL },
        { UINT32_MAX, 1, 0, 1, -EINVAL },
        { STATUS, 2, 0, 5, 0 },
        { STATUS, 2, 4, 1, 0 },
        { STATUS, 2, 5, 1, -EINVAL },
        { STATUS, 2, 0, 6, -EINVAL },
    };
    struct page *pages[64];

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        struct domain *d = NULL;
        uint64_t before = page_nr_free();

        assert_int_equal(create(40, 64, 2, &d), 0);
        assert_int_equal(vcpu_create(d, 0), 0);
        assert_int_equal(set_version(d, row[i].version), 0);
        assert_int_equal(grant_resource_get(d, row[i].id, row[i].frame,
                                            row[i].nr, pages), row[i].rc);
        for ( unsigned int j = 0; !row[i].rc && j < row[i].nr; j++ )
        {
            assert_int_equal(pages[j]->refs, 2);
            assert_ptr_equal(pages[j]->owner, d);
            assert_ptr_equal(page_to_virt(pages[j]),
                             table_frame(d, row[i].id,
                                         (unsigned int)row[i].frame + j));
            page_put(pages[j]);
        }
        fixture_kill(d);
        assert_int_equal(page_nr_free(), before);
    }
}

/* R4: what size says is what a map reaches. */
static void test_size_is_reachable(void **state)
{
    (void)state;
    for ( int32_t frames = 1; frames <= 40; frames += 13 )
    {
        struct page *pages[64];
        struct domain *d = NULL;
        long nr;

        assert_int_equal(create(frames, 64, 2, &d), 0);
        assert_int_equal(vcpu_create(d, 0), 0);
        assert_int_equal(grant_resource_size(d, SHARED), frames);
        assert_int_equal(grant_resource_size(d, STATUS), -EINVAL);
        assert_int_equal(grant_resource_size(d, 2), -EINVAL);
        assert_int_equal(set_version(d, 2), 0);
        nr = grant_resource_size(d, STATUS);
        assert_int_equal(nr, DIV_ROUND_UP(frames, 8));
        assert_int_equal(grant_resource_get(d, STATUS, 0, (unsigned int)nr,
                                            pages), 0);
        while ( nr-- )
            page_put(pages[nr]);
        fixture_kill(d);
    }
}

/* At its memory limit, and past it, a guest still gets its grant frames. */
static void test_xsa_276_frames_do_not_count(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t before = d->tot_pages;

    (void)state;
    d->max_pages = before;
    table_frame(d, SHARED, 63);
    assert_int_equal(d->tot_pages, before);
    fixture_audit();
}

static void test_map_frame(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = NULL;

    (void)state;
    assert_int_equal(grant_map_frame(d, 3, &pg), 0);
    assert_ptr_equal(page_to_virt(pg), table_frame(d, SHARED, 3));
    page_put(pg);
    assert_int_equal(grant_map_frame(d, 64, &pg), -EINVAL);
    assert_int_equal(grant_map_frame(d, 1UL << 32, &pg), -EINVAL);
    assert_int_equal(grant_map_frame(d, XENMAPIDX_grant_table_status, &pg),
                     -EINVAL);
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_map_frame(d, XENMAPIDX_grant_table_status | 7UL,
                                     &pg), 0);
    assert_ptr_equal(page_to_virt(pg), table_frame(d, STATUS, 7));
    page_put(pg);
    assert_int_equal(grant_map_frame(d, XENMAPIDX_grant_table_status | 8UL,
                                     &pg), -EINVAL);
}

static void test_dispatch_errors(void **state)
{
    gnttab_cache_flush_t flush[] = {
        { .offset = 4096, .length = 0 }, { .offset = 1, .length = 4096 },
        { .length = 8, .op = 4 }, { .length = 8, .op = 1U << 31 },
        { .length = 8, .op = GNTTAB_CACHE_CLEAN },
        { .length = 8, .op = 0 }, { .length = 0, .op = 1 },
    };
    static const long want[] = { -EINVAL, -EINVAL, -EINVAL, -EINVAL,
                                 -EOPNOTSUPP, 0, 0 };

    (void)state;
    assert_int_equal(grant_op(13, NULL, 1), -ENOSYS);
    assert_int_equal(grant_op(0xfff, NULL, 1), -ENOSYS);
    assert_int_equal(grant_op(GNTTABOP_transfer, NULL, 1), -ENOSYS);
    assert_int_equal(grant_op(GNTTABOP_dump_table, NULL, 1), -ENOSYS);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, NULL, 0), 0);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, NULL, 1), -EFAULT);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, NULL, 0x80000000),
                     -EINVAL);
    assert_int_equal(grant_op(GNTTABOP_copy | 0x1000, NULL, 1), -EINVAL);
    assert_int_equal(grant_op(13 | 0x1000, NULL, 1), -EINVAL);
    for ( unsigned int i = 0; i < ARRAY_SIZE(flush); i++ )
        assert_int_equal(grant_op(GNTTABOP_cache_flush, &flush[i], 1),
                         want[i]);
}

static int big_setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    config.flags = 0;
    if ( hosted_init(BIG_WORLD) || domain_create(0, &config, true, &dom0) ||
         vcpu_create(dom0, 0) )
        return -1;
    fixture_be_dom(dom0);
    return 0;
}

static void test_65536_frames_in_batches(void **state)
{
    struct page *pages[32];
    struct domain *d = NULL;
    uint64_t before = page_nr_free();

    (void)state;
    assert_int_equal(create(MAX_GRANT_FRAMES, 64, 2, &d), 0);
    assert_int_equal(vcpu_create(d, 0), 0);
    for ( unsigned int i = 0; i < MAX_GRANT_FRAMES; i += 32 )
    {
        assert_int_equal(grant_resource_get(d, SHARED, i, 32, pages), 0);
        for ( unsigned int j = 0; j < 32; j++ )
        {
            *(uint32_t *)page_to_virt(pages[j]) = i + j;
            page_put(pages[j]);
        }
    }
    for ( unsigned int i = 0; i < MAX_GRANT_FRAMES; i++ )
        assert_int_equal(*(uint32_t *)table_frame(d, SHARED, i), i);
    hosted_preempt_every(1);
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_resource_size(d, STATUS), 8192);
    for ( unsigned int i = 1; i < MAX_GRANT_FRAMES; i++ )
        assert_int_equal(*(uint32_t *)table_frame(d, SHARED, i), 0);
    assert_int_equal(set_version(d, 1), 0);
    fixture_kill(d);
    assert_int_equal(page_nr_free(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_limits_of_createdomain),
        with_fixture(test_create_each_alloc_failure),
        with_fixture(test_query_size),
        with_fixture(test_setup_table),
        with_fixture(test_grow_each_alloc_failure),
        with_fixture(test_resource_matrix),
        with_fixture(test_size_is_reachable),
        with_fixture(test_xsa_276_frames_do_not_count),
        with_fixture(test_map_frame),
        with_fixture(test_dispatch_errors),
        cmocka_unit_test_setup_teardown(test_65536_frames_in_batches,
                                        big_setup, fixture_teardown),
    };

    return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
