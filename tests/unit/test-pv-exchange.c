/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange of PV guests.
 *
 * Seen failing with: frames in the wrong order; machine-to-physical entries not
 * set; nr_exchanged not read, or not written; sizes not compared.
 */
#include "test-pv-list.h"

static struct xen_memory_exchange make_exchange(unsigned int in_nr,
                                                unsigned int in_order,
                                                unsigned int out_nr,
                                                unsigned int out_order)
{
    struct xen_memory_exchange x = { .in = r, .out = r };

    x.in.nr_extents = in_nr;
    x.in.extent_order = in_order;
    x.out.nr_extents = out_nr;
    x.out.extent_order = out_order;
    x.out.extent_start.p = list2;
    return x;
}

static void test_exchange(void **state)
{
    struct xen_memory_exchange x = make_exchange(2 * FRAMES, 0, 2, ORDER);
    uint64_t free_pages;

    (void)state;
    populate(0x1000, 2 * FRAMES);
    free_pages = page_nr_free();
    list2[0] = 0x5000;
    list2[1] = 0x100;
    assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
    pv_check();
    assert_int_equal(x.nr_exchanged, 2 * FRAMES);
    for ( unsigned int i = 0; i < FRAMES; i++ )
    {
        assert_own(list2[0] + i, 0x5000 + i);
        assert_own(list2[1] + i, 0x100 + i);
    }
    for ( unsigned int i = 0; i < 2 * FRAMES; i++ )
        assert_int_equal(mfn_to_page(_mfn(list[i]))->refs, 0);
    assert_int_equal(d->tot_pages, 2 * FRAMES);
    assert_int_equal(page_nr_free(), free_pages);

    /* And back, with what was the answer. */
    memcpy(list, list2, sizeof(*list) * 2);
    for ( unsigned int i = 0; i < 2 * FRAMES; i++ )
        list2[i] = 0x2000 + 3 * i;
    x = make_exchange(2, ORDER, 2 * FRAMES, 0);
    assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
    pv_check();
    assert_int_equal(x.nr_exchanged, 2);
    for ( unsigned int i = 0; i < 2 * FRAMES; i++ )
        assert_own(list2[i], 0x2000 + 3 * i);
    assert_int_equal(d->tot_pages, 2 * FRAMES);
    assert_int_equal(page_nr_free(), free_pages);
}

static void test_exchange_low(void **state)
{
    struct xen_memory_exchange x = make_exchange(FRAMES, 0, 1, ORDER);

    (void)state;
    populate(0, FRAMES);
    x.out.mem_flags = XENMEMF_address_bits(24);
    assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
    assert_true(list2[0] + FRAMES <= 1UL << (24 - PAGE_SHIFT));
    assert_own(list2[0], 0);
    x = make_exchange(1, ORDER, 1, ORDER);
    list[0] = list2[0];
    x.out.mem_flags = XENMEMF_address_bits(PAGE_SHIFT);
    assert_int_equal(memory_op(XENMEM_exchange, &x), -ENOMEM);
    assert_int_equal(x.nr_exchanged, 0);
    pv_check();
    assert_own(list2[0], 0);
}

static void test_exchange_errors(void **state)
{
    struct domain *other = pv_guest(1);
    struct {
        struct xen_memory_exchange x;
        long want;
    } row[] = {
        { make_exchange(FRAMES, 0, 1, 10), -EPERM },
        { make_exchange(1, 33, 1, 0), -EPERM },
        { make_exchange(FRAMES, 0, 2, ORDER), -EINVAL },
        { make_exchange(FRAMES - 1, 0, 1, ORDER), -EINVAL },
        { make_exchange(3, 1, 3, 2), -EINVAL },
        { make_exchange(~0U, 0, ~0U, 0), -EINVAL },
        { make_exchange(0, 0, 0, ORDER), 0 },
        { make_exchange(2, 0, 2, 0), -EINVAL }, /* domids differ */
        { make_exchange(2, 0, 2, 0), -EINVAL }, /* too much is done */
        { make_exchange(FRAMES, 0, 1, ORDER), -EINVAL }, /* half a block is */
        { make_exchange(2, 0, 2, 0), -ESRCH },
        { make_exchange(2, 0, 2, 0), -EPERM },
        { make_exchange(2, 0, 2, 0), -EFAULT },
        { make_exchange(2, 0, 2, 0), -EINVAL }, /* not its own */
    };

    (void)state;
    row[7].x.out.domid = d->domain_id;
    row[8].x.nr_exchanged = 3;
    row[9].x.nr_exchanged = FRAMES / 2;
    row[10].x.in.domid = row[10].x.out.domid = 777;
    row[11].x.in.domid = row[11].x.out.domid = other->domain_id;
    row[12].x.in.extent_start.p = (void *)8UL;
    populate(0, 2 * FRAMES);
    list[2 * FRAMES] = list[0];
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        list[0] = i == 13 ? mfn_of(pv_page(other)) : list[2 * FRAMES];
        if ( memory_op(XENMEM_exchange, &row[i].x) != row[i].want )
            fail_msg("row %u: not %ld", i, row[i].want);
        pv_check();
        list[0] = list[2 * FRAMES];
        for ( unsigned int k = 0; k < 2 * FRAMES; k++ )
            assert_own(list[k], k);
    }
    assert_int_equal(hcall(__HYPERVISOR_memory_op, XENMEM_exchange, 8, 0, 0,
                           0), -EFAULT);
    pv_kill(other);
}

/* Domains without page tables: their argument is read first. */
static void test_exchange_of_others(void **state)
{
    struct domain *hvm = fixture_guest(1);
    struct xen_memory_exchange x = make_exchange(1, 0, 1, 0);

    (void)state;
    fixture_be_dom(hvm);
    assert_int_equal(hcall(__HYPERVISOR_memory_op, XENMEM_exchange, 8, 0, 0,
                           0), -EFAULT);
    assert_int_equal(memory_op(XENMEM_exchange, &x), -EOPNOTSUPP);
    pv_check();
    fixture_be_dom(dom0);
    fixture_kill(hvm);
}

/* Chunks that are done are told, and are not done again. */
static void test_exchange_goes_on(void **state)
{
    struct xen_memory_exchange x = make_exchange(FRAMES * 4, 0, 4, ORDER);
    unsigned int restarts;

    (void)state;
    populate(0, 4 * FRAMES);
    for ( unsigned int i = 0; i < 4; i++ )
        list2[i] = 0x100 * i;
    assert_int_equal(step_by_step(XENMEM_exchange, &x, &restarts), 0);
    assert_true(restarts >= 3);
    assert_int_equal(x.nr_exchanged, 4 * FRAMES);
    for ( unsigned int i = 0; i < 4; i++ )
        assert_own(list2[i], 0x100 * i);

    /* In the third chunk a frame is not the guest's. */
    populate(0, 4 * FRAMES);
    for ( unsigned int i = 0; i < 4; i++ )
        list2[i] = 0x100 * i;
    x = make_exchange(FRAMES * 4, 0, 4, ORDER);
    list[FRAMES * 4] = list[FRAMES * 2 + 1];
    list[FRAMES * 2 + 1] = 0;
    assert_int_equal(memory_op(XENMEM_exchange, &x), -EINVAL);
    assert_int_equal(x.nr_exchanged, 2 * FRAMES);
    assert_own(list2[1], 0x100);
    assert_int_equal(list2[2], 0x200);
    assert_own(list[FRAMES * 2], FRAMES * 2);
    list[FRAMES * 2 + 1] = list[FRAMES * 4];
    assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
    assert_int_equal(x.nr_exchanged, 4 * FRAMES);
    assert_own(list2[3], 0x300);
    pv_check();
    assert_int_equal(d->tot_pages, 8 * FRAMES);
    /* Nothing is left to do. */
    assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
    assert_own(list2[3], 0x300);
}

static void test_exchange_not_writable(void **state)
{
    struct xen_memory_exchange *x = (void *)(list + 256);

    (void)state;
    populate(0, FRAMES);
    *x = make_exchange(FRAMES, 0, 1, ORDER);
    list2[0] = 0x100;
    /* The count of what was done, at the end. */
    protect(list, true);
    assert_int_equal(memory_op(XENMEM_exchange, x), -EFAULT);
    protect(list, false);
    pv_check();
    assert_own(list2[0], 0x100);
    assert_int_equal(d->tot_pages, FRAMES);

    /* The new frames: the guest has them, but was not told. */
    list[0] = list2[0];
    *x = make_exchange(1, ORDER, 1, ORDER);
    protect(list2, true);
    assert_int_equal(memory_op(XENMEM_exchange, x), -EFAULT);
    protect(list2, false);
    pv_check();
    assert_int_equal(x->nr_exchanged, 1);
    assert_int_equal(d->tot_pages, FRAMES);
}

static long exchange_some(void *arg)
{
    struct xen_memory_exchange x = make_exchange(FRAMES, 0, 1, ORDER);

    (void)arg;
    return memory_op(XENMEM_exchange, &x);
}

static void test_no_memory(void **state)
{
    (void)state;
    populate(0, FRAMES);
    fixture_each_alloc_failure(exchange_some, NULL, -ENOMEM);
    assert_int_equal(d->tot_pages, FRAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exchange),
        TEST(test_exchange_low),
        TEST(test_exchange_errors),
        TEST(test_exchange_of_others),
        TEST(test_exchange_goes_on),
        TEST(test_exchange_not_writable),
        TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
