/* SPDX-License-Identifier: MIT */
/*
 * PV guests' memory ops by machine frame: increase, populate, decrease.
 *
 * Seen failing with: frames taken back whose list cannot be written; extents whose
 * machine-to-physical entries are not set; progress within an extent lost.
 */
#include "test-pv-list.h"

#define STEP(n) ((unsigned long)(n) << (26 + 6)) /* in cmd */

/* ---- more ---- */

static void test_increase(void **state)
{
    (void)state;
    assert_int_equal(reserve(XENMEM_increase_reservation, 3, 0), 3);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_own(list[i], PV_M2P_NONE);
    assert_int_equal(reserve(XENMEM_increase_reservation, 2, ORDER), 2);
    for ( unsigned int i = 0; i < 2 * FRAMES; i++ )
        assert_own(list[i / FRAMES] + i % FRAMES, PV_M2P_NONE);
    assert_int_equal(list[0] % FRAMES, 0);
    assert_int_equal(d->tot_pages, 3 + 2 * FRAMES);
    /* Who does not want to know the frames. */
    r.extent_start.p = NULL;
    assert_int_equal(reserve(XENMEM_increase_reservation, 2, 0), 2);
    assert_int_equal(d->tot_pages, 5 + 2 * FRAMES);
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 10), 0);
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 64), 0);
    assert_int_equal(reserve(XENMEM_increase_reservation, 0, 0), 0);
    assert_int_equal(d->tot_pages, 5 + 2 * FRAMES);
}

static void test_populate(void **state)
{
    (void)state;
    populate(0x1000, 5);
    for ( unsigned int i = 0; i < 5; i++ )
        assert_own(list[i], 0x1000 + i);
    list[0] = 0x2000;
    list[1] = 0x10; /* in any order */
    assert_int_equal(reserve(XENMEM_populate_physmap, 2, ORDER), 2);
    for ( unsigned int i = 0; i < FRAMES; i++ )
    {
        assert_own(list[0] + i, 0x2000 + i);
        assert_own(list[1] + i, 0x10 + i);
    }
    assert_int_equal(d->tot_pages, 5 + 2 * FRAMES);
    r.mem_flags = XENMEMF_populate_on_demand;
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, 0), -EOPNOTSUPP);
    assert_int_equal(d->tot_pages, 5 + 2 * FRAMES);
}

/* The machine's frames have addresses of 26 bits. */
static void test_low_addresses(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 4; i++ )
        list[i] = 0x100 * i;
    r.mem_flags = XENMEMF_address_bits(24);
    assert_int_equal(reserve(XENMEM_populate_physmap, 4, ORDER), 4);
    for ( unsigned int i = 0; i < 4; i++ )
    {
        assert_true(list[i] + FRAMES <= 1UL << (24 - PAGE_SHIFT));
        assert_own(list[i], 0x100 * i);
    }
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 0), 1);
    assert_true(list[0] < 1UL << (24 - PAGE_SHIFT));
    r.mem_flags = XENMEMF_address_bits(PAGE_SHIFT);
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 0), 0);
    assert_int_equal(d->tot_pages, 4 * FRAMES + 1);
}

/* A toolstack's, for a guest; and nobody else's. */
static void test_for_another(void **state)
{
    struct domain *other = pv_guest(1);

    (void)state;
    r.domid = d->domain_id;
    fixture_be_dom(other);
    list[0] = 7;
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, 0), 0);
    assert_int_equal(list[0], 7);
    fixture_be_dom(dom0);
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, 10), 0);
    populate(7, 1);
    assert_own(list[0], 7);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 1);
    assert_int_equal(d->tot_pages, 0);
    pv_kill(other);
}

static void test_limits(void **state)
{
    uint64_t pfn = 0, before;

    (void)state;
    d->max_pages = 5;
    for ( unsigned int i = 0; i < 4; i++ )
        list[i] = i;
    assert_int_equal(reserve(XENMEM_populate_physmap, 4, 1), 2);
    assert_own(list[1] + 1, 2);
    assert_int_equal(list[2], 2);
    assert_int_equal(reserve(XENMEM_increase_reservation, 2, 0), 1);
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 0), 0);
    assert_int_equal(d->tot_pages, 5);
    /* All memory there is. */
    d->max_pages = UINT64_MAX;
    for ( before = page_nr_free(); before; before = page_nr_free() )
    {
        unsigned int nr = before < 500 ? (unsigned int)before + 2 : 500;

        for ( unsigned int i = 0; i < nr; i++ )
            list[i] = pfn++;
        r.nr_extents = nr;
        r.extent_order = 0;
        assert_int_equal(memory_op(XENMEM_populate_physmap, &r),
                         nr > before ? before : nr);
    }
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 0), 0);
}

/* The guest has what it is not told of. */
static void test_list_is_not_writable(void **state)
{
    static const unsigned int ops[] = { XENMEM_increase_reservation,
                                        XENMEM_populate_physmap };
    uint64_t pages = 1;

    (void)state;
    populate(0, 1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(ops); i++ )
        for ( unsigned int order = 0; order <= 9; order += 9 )
        {
            protect(list, true);
            assert_int_equal(reserve(ops[i], 2, order), 0);
            protect(list, false);
            pages += 1UL << order;
            assert_int_equal(d->tot_pages, pages);
            pv_check();
        }
    r.extent_start.p = (void *)8UL;
    assert_int_equal(reserve(XENMEM_increase_reservation, 1, 0), 0);
    assert_int_equal(d->tot_pages, pages + 1);
    /* It cannot be read either. */
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, 0), 0);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 0);
    assert_int_equal(d->tot_pages, pages + 1);
}

/* ---- less ---- */

static void test_decrease(void **state)
{
    uint64_t before = page_nr_free(), first;

    (void)state;
    populate(0, 6);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 6, 0), 6);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(page_nr_free(), before);
    for ( unsigned int i = 0; i < 6; i++ )
        assert_int_equal(pv_m2p[list[i]], PV_M2P_NONE);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 6, 0), 0);
    list[0] = 0x100;
    list[1] = 0x200;
    assert_int_equal(reserve(XENMEM_populate_physmap, 2, ORDER), 2);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 2, ORDER), 2);
    assert_int_equal(page_nr_free(), before);
    /* Up to the frame that is missing. */
    list[0] = 0x100;
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, ORDER), 1);
    first = list[0];
    list[0] += 5;
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 1);
    list[0] = first;
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, ORDER), 0);
    assert_int_equal(d->tot_pages, FRAMES - 6);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 10), 0);
}

static void test_decrease_of_others(void **state)
{
    struct domain *other = pv_guest(1);
    struct page *theirs = pv_page(other);
    const uint64_t bad[] = { mfn_of(theirs), mfn_of(d->shared_page),
                             nr_frames, ~0UL };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
    {
        populate(0, 2);
        list[2] = list[1];
        list[1] = bad[i];
        assert_int_equal(reserve(XENMEM_decrease_reservation, 3, 0), 1);
        assert_int_equal(d->tot_pages, i + 1);
    }
    assert_int_equal(theirs->refs, 1);
    pv_kill(other);
}

/* What is mapped stays until it is mapped no more. */
static void test_decrease_in_use(void **state)
{
    struct tree t = make_tree(d, RW);
    uint64_t before = page_nr_free();

    (void)state;
    assert_int_equal(pin(d, t.table[4], 4), 0);
    list[0] = mfn_of(t.data);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 1);
    assert_int_equal(page_nr_free(), before);
    assert_type(t.data, PV_WRITABLE, 1);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 0);
    assert_int_equal(update(d, at(t.table[1], 5), 0), 0);
    assert_int_equal(page_nr_free(), before + 1);
    /* With the root all of the tables are tables no more. */
    list[0] = mfn_of(t.table[4]);
    assert_int_equal(reserve(XENMEM_decrease_reservation, 1, 0), 1);
    settle(d);
    pv_check();
    for ( unsigned int level = 1; level < 4; level++ )
    {
        assert_type(t.table[level], PV_NONE, 0);
        list[level - 1] = mfn_of(t.table[level]);
    }
    assert_int_equal(reserve(XENMEM_decrease_reservation, 3, 0), 3);
    assert_int_equal(page_nr_free(), before + 5);
    assert_int_equal(d->tot_pages, 0);
}

/* ---- giving way ---- */

static void test_step_by_step(void **state)
{
    unsigned int restarts;

    (void)state;
    for ( unsigned int i = 0; i < 20; i++ )
        list[i] = 0x100 * i;
    r.nr_extents = 20;
    r.extent_order = 1;
    assert_int_equal(step_by_step(XENMEM_populate_physmap, &r, &restarts), 20);
    assert_true(restarts >= 19);
    for ( unsigned int i = 0; i < 20; i++ )
    {
        assert_own(list[i], 0x100 * i);
        assert_own(list[i] + 1, 0x100 * i + 1);
    }
    assert_int_equal(step_by_step(XENMEM_decrease_reservation, &r, &restarts),
                     20);
    assert_true(restarts >= 19);
    assert_int_equal(d->tot_pages, 0);
}

/*
 * An extent of which frames are page tables, each pinned: an L1 that goes leaves
 * work, which gives way.
 */
static void decrease_tables(unsigned int order)
{
    unsigned int restarts, nr = 1U << order;
    uint64_t before = page_nr_free();
    struct page *first, *data;

    list[0] = 0;
    list[1] = 0x100;
    assert_int_equal(reserve(XENMEM_populate_physmap, 2, order), 2);
    first = mfn_to_page(_mfn(list[0]));
    data = mfn_to_page(_mfn(list[1]));
    for ( unsigned int i = 0; i < nr; i++ )
    {
        for ( unsigned int k = 0; i % 4 == 0 && k < 512; k++ )
            set_raw(first + i, k, entry_to(data, RW));
        assert_int_equal(pin(d, first + i, 1 + i % 4), 0);
    }
    assert_int_equal(step_by_step(XENMEM_decrease_reservation, &r, &restarts),
                     2);
    assert_true(restarts > (nr + 3) / 4 * 6); /* 64 entries at a time */
    assert_int_equal(d->tot_pages, 0);
    settle(d);
    pv_check();
    assert_int_equal(page_nr_free(), before);
}

static void test_tables_step_by_step(void **state)
{
    (void)state;
    decrease_tables(ORDER);
    decrease_tables(0);
}

/* Steps that nobody was told. */
static void test_wrong_steps(void **state)
{
    (void)state;
    list[0] = 0;
    assert_int_equal(reserve(XENMEM_populate_physmap, 1, ORDER), 1);
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_decrease_reservation | STEP(FRAMES + 1),
                           P(&r), 0, 0, 0), 0);
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_decrease_reservation | STEP(1UL << 31),
                           P(&r), 0, 0, 0), 0);
    assert_int_equal(d->tot_pages, FRAMES);
    /* Only a decrease has steps. */
    list[1] = list[0];
    list[0] = 0x100;
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_populate_physmap | STEP(1), P(&r), 0, 0, 0),
                     0);
    list[0] = list[1];
    assert_int_equal(d->tot_pages, FRAMES);
    /* The guest leaves frames out. */
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_decrease_reservation | STEP(FRAMES - 1),
                           P(&r), 0, 0, 0), 1);
    assert_int_equal(d->tot_pages, FRAMES - 1);
    pv_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_increase),
        TEST(test_populate),
        TEST(test_low_addresses),
        TEST(test_for_another),
        TEST(test_limits),
        TEST(test_list_is_not_writable),
        TEST(test_decrease),
        TEST(test_decrease_of_others),
        TEST(test_decrease_in_use),
        TEST(test_step_by_step),
        TEST(test_tables_step_by_step),
        TEST(test_wrong_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
