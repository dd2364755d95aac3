/* SPDX-License-Identifier: MIT */
/* Frames that the heap never had become a domain's at boot. */
#include "fixture.h"

#define HEAP_END 12288 /* frames from here on are not the heap's */

static uint64_t free_before;

/* A machine whose loader kept the upper frames back. */
static int setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    if ( hosted_init(FIXTURE_FRAMES) )
        return -1;
    memset(frame_table, 0, nr_frames * sizeof(*frame_table));
    page_heap_init(frame_table, nr_frames);
    page_heap_add(0, HEAP_END);
    if ( domain_create(0, &config, true, &dom0) || vcpu_create(dom0, 0) )
        return -1;
    dom0->max_pages = 3000;
    fixture_be_dom(dom0);
    free_before = page_nr_free();
    return 0;
}

static void test_assign(void **state)
{
    uint64_t *content = arch_mfn_to_virt(_mfn(HEAP_END + 5));
    struct page *pg = mfn_to_page(_mfn(HEAP_END));

    (void)state;
    *content = 0x1234567812345678;
    assert_int_equal(page_nr_total(), HEAP_END);
    assert_int_equal(page_assign_boot(dom0, _mfn(HEAP_END), 2000), 0);
    assert_int_equal(dom0->tot_pages, 2000);
    assert_int_equal(page_nr_total(), HEAP_END + 2000);
    assert_int_equal(page_nr_free(), free_before);
    for ( unsigned int i = 0; i < 2000; i++ )
    {
        assert_int_equal(pg[i].refs, 1);
        assert_ptr_equal(pg[i].owner, dom0);
        assert_int_equal(p2m_set(dom0, _gfn(HEAP_END + i),
                                 _mfn(HEAP_END + i), P2M_RAM_RW), 0);
    }
    assert_int_equal(*content, 0x1234567812345678);
    fixture_audit();

    /* Ballooned out: the heap's, and anybody's. */
    for ( unsigned int i = 0; i < 1024; i++ )
        assert_int_equal(p2m_remove(dom0, _gfn(HEAP_END + i), INVALID_MFN),
                         0);
    assert_int_equal(dom0->tot_pages, 976);
    assert_int_equal(page_nr_free(), free_before + 1024);
    fixture_audit();
    pg = page_alloc(NULL, 10, 0);
    assert_non_null(pg);
    assert_int_equal(page_nr_free(), free_before);
    for ( unsigned int i = 0; i < 1024; i++ )
        page_put(pg + i);
}

static void test_errors(void **state)
{
    struct page *pg = page_alloc(NULL, 0, 0);
    mfn_t used, last = _mfn(FIXTURE_FRAMES - 1);

    (void)state;
    assert_non_null(pg);
    used = page_to_mfn(pg);
    assert_int_equal(page_assign_boot(dom0, used, 1), -EINVAL);
    page_put(pg);
    /* Inside of a large free block. */
    assert_int_equal(page_assign_boot(dom0, _mfn(HEAP_END - 700), 1),
                     -EINVAL);
    assert_int_equal(page_assign_boot(dom0, _mfn(HEAP_END - 1), 2), -EINVAL);
    assert_int_equal(page_assign_boot(dom0, last, 2), -EINVAL);
    assert_int_equal(page_assign_boot(dom0, mfn_add(last, 1), 1), -EINVAL);
    assert_int_equal(page_assign_boot(dom0, last, ~0UL), -EINVAL);
    assert_int_equal(page_assign_boot(dom0, _mfn(HEAP_END), 3001), -ENOMEM);
    assert_int_equal(page_assign_boot(dom0, _mfn(HEAP_END), 0), 0);
    assert_int_equal(dom0->tot_pages, 0);
    assert_int_equal(page_nr_total(), HEAP_END);
    assert_int_equal(page_assign_boot(dom0, last, 1), 0);
    assert_int_equal(page_assign_boot(dom0, mfn_add(last, -1UL), 2), -EINVAL);
    assert_int_equal(dom0->tot_pages, 1);
    page_put(mfn_to_page(last));
    fixture_audit();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_assign),
        TEST(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
