/* SPDX-License-Identifier: MIT */
/*
 * Extents that give way in their midst: populating and giving back step by
 * step, with a look at everything in between.
 *
 * Seen failing with: no clearing; no giving way within an extent; frames of a
 * failed or abandoned extent kept, or dropped twice; an extent of which parts
 * are taken out although others cannot be; steps that are not checked.
 */
#include "fixture.h"

#define G1 (1UL << 18)
#define ORDER 11
#define FRAMES (1UL << ORDER)
#define PARTS (FRAMES / 64)
#define LOOKS (FRAMES / 512)
#define STEP(n) ((unsigned long)(n) << (26 + 6)) /* in cmd */

static uint64_t gfn;
static struct xen_memory_reservation r;

static struct domain *large;

static int setup(void **state)
{
    int rc = fixture_setup(state);

    if ( rc )
        return rc;
    large = fixture_guest(1);
    for ( uint64_t i = 0; i < nr_frames; i++ )
        if ( !frame_table[i].refs )
            memset(arch_mfn_to_virt(_mfn(i)), 0xa5, PAGE_SIZE);
    gfn = 2 * G1;
    r = (struct xen_memory_reservation){ .nr_extents = 1,
                                         .extent_order = ORDER,
                                         .domid = large->domain_id };
    r.extent_start.p = &gfn;
    return 0;
}

static bool is_clear(uint64_t at)
{
    const uint64_t *p = fixture_gfn_to_virt(large, at);

    for ( unsigned int i = 0; i < PAGE_SIZE / sizeof(*p); i++ )
        if ( p[i] )
            return false;
    return true;
}

/* Give way at each chance; how often it did, and what came of it. */
static long step_by_step(unsigned int op, unsigned int *restarts)
{
    struct hypercall hc = { __HYPERVISOR_memory_op, { op, P(&r) } };
    long rc;

    *restarts = 0;
    for ( ;; )
    {
        hosted_preempt_every(1);
        rc = hypercall_dispatch(&hc);
        hosted_preempt_every(0);
        if ( rc != -ERESTART )
            return rc;
        if ( !(++*restarts % 16) )
            fixture_audit();
    }
}

static void test_there_and_back(void **state)
{
    unsigned int restarts, order;

    (void)state;
    assert_int_equal(step_by_step(XENMEM_populate_physmap, &restarts), 1);
    assert_true(restarts >= PARTS);
    assert_int_equal(large->tot_pages, FRAMES);
    assert_int_equal(large->staged.nr, 0);
    for ( uint64_t i = 0; i < FRAMES; i++ )
        assert_true(is_clear(gfn + i));
    p2m_lookup_order(large, _gfn(gfn), &order);
    assert_int_equal(order, 9);
    fixture_audit();
    assert_int_equal(step_by_step(XENMEM_decrease_reservation, &restarts), 1);
    assert_true(restarts >= 2 * PARTS - 1);
    assert_int_equal(large->tot_pages, 0);
    fixture_audit();
}

/* Enough memory, but no pages for tables: nothing is kept. */
static void test_without_tables(void **state)
{
    uint64_t free_pages;
    unsigned int restarts;

    (void)state;
    gfn++;
    assert_int_equal(p2m_pool_resize(large, large->p2m.pool_used), 0);
    free_pages = page_nr_free();
    assert_int_equal(step_by_step(XENMEM_populate_physmap, &restarts), 0);
    assert_int_equal(large->tot_pages, 0);
    assert_int_equal(page_nr_free(), free_pages);
    fixture_audit();
}

/* A caller that never comes back, and others after it. */
static void test_abandoned(void **state)
{
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_populate_physmap, P(&r) } };
    unsigned int restarts;

    (void)state;
    hosted_preempt_every(1);
    for ( unsigned int i = 0; i < 10; i++ )
        assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    hosted_preempt_every(0);
    assert_int_equal(large->tot_pages, FRAMES);
    fixture_audit();
    r.extent_order = ORDER - 1; /* other ones are of no use */
    assert_int_equal(step_by_step(XENMEM_populate_physmap, &restarts), 1);
    assert_int_equal(large->tot_pages, FRAMES / 2);
    fixture_audit();
    r.extent_order = ORDER;
    gfn = 3 * G1;
    hc.a[0] = XENMEM_populate_physmap;
    hosted_preempt_every(1);
    for ( unsigned int i = 0; i < 10; i++ )
        assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    fixture_kill(large); /* in steps, too */
    hosted_preempt_every(0);
    assert_int_equal(hypercall_dispatch(&hc), 0);
    fixture_audit();
}

static void test_whole_or_not(void **state)
{
    unsigned int restarts;

    (void)state;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
    assert_int_equal(p2m_remove(large, _gfn(gfn + FRAMES - 1), INVALID_MFN),
                     0);
    assert_int_equal(step_by_step(XENMEM_decrease_reservation, &restarts), 0);
    assert_int_equal(large->tot_pages, FRAMES - 1);
    /* A device at the end of what is to be populated. */
    assert_int_equal(p2m_set(large, _gfn(3 * G1 + FRAMES - 1), _mfn(8 * G1),
                             P2M_MMIO_DIRECT), 0);
    gfn = 3 * G1;
    assert_int_equal(step_by_step(XENMEM_populate_physmap, &restarts), 0);
    assert_int_equal(large->tot_pages, FRAMES - 1);
    fixture_audit();
}

/* Steps that nobody was told. */
static void test_wrong_steps(void **state)
{
    static const struct {
        unsigned int op, order;
        unsigned long step;
        long want, pages;
    } cases[] = {
        { XENMEM_populate_physmap, 0, 1, 0, 0 },
        { XENMEM_populate_physmap, 9, 1, 0, 0 },
        { XENMEM_populate_physmap, ORDER, LOOKS + 2, 0, 0 },
        { XENMEM_populate_physmap, ORDER, LOOKS + 1, 0, 0 }, /* gives up */
        { XENMEM_decrease_reservation, 0, 2, 0, 0 },
        { XENMEM_decrease_reservation, ORDER, 2 * PARTS, 0, 0 },
        { XENMEM_decrease_reservation, ORDER, PARTS + 3, 0, 0 },
        { XENMEM_decrease_reservation, ORDER, 1UL << 31, 0, 0 },
        { XENMEM_populate_physmap, ORDER, 1, 1, FRAMES },
        { XENMEM_decrease_reservation, ORDER, 2 * PARTS, 0, FRAMES },
        { XENMEM_decrease_reservation, ORDER, 3 * PARTS, 0, FRAMES },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        r.extent_order = cases[i].order;
        assert_int_equal(hcall(__HYPERVISOR_memory_op,
                               cases[i].op | STEP(cases[i].step), P(&r), 0, 0,
                               0), cases[i].want);
        assert_int_equal(large->tot_pages, cases[i].pages);
        fixture_audit();
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

/* Memory of a domain whose addresses devices take for the machine's. */
static void test_direct_mapped(void **state)
{
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_populate_physmap, P(&r) } };
    struct domain *other = fixture_guest(1);
    struct page *pg = page_alloc(large, 9, 0);
    uint64_t first = mfn_x(page_to_mfn(pg)), gfns[4], done = 0, base;

    (void)state;
    assert_int_equal(p2m_map_range(large, _gfn(first), page_to_mfn(pg), 512,
                                   P2M_RAM_RW, &done), 0);
    large->direct_mapped = true;
    for ( unsigned int i = 0; i < 4; i++ )
        gfns[i] = first + 100 - i; /* in no good order for a plain heap */
    r.nr_extents = 4;
    r.extent_order = 0;
    r.extent_start.p = gfns;
    hc.a[0] = XENMEM_decrease_reservation;
    assert_int_equal(hypercall_dispatch(&hc), 4);
    fixture_audit();
    hc.a[0] = XENMEM_populate_physmap;
    assert_int_equal(hypercall_dispatch(&hc), 4);
    for ( unsigned int i = 0; i < 512; i++ )
        assert_int_equal(mfn_x(p2m_lookup(large, _gfn(first + i)).mfn),
                         first + i);
    fixture_audit();

    /* One that somebody else has meanwhile ends it; nothing else goes there. */
    hc.a[0] = XENMEM_decrease_reservation;
    assert_int_equal(hypercall_dispatch(&hc), 4);
    pg = page_alloc_at(other, _mfn(gfns[2]), 0);
    assert_ptr_equal(pg, mfn_to_page(_mfn(gfns[2])));
    hc.a[0] = XENMEM_populate_physmap;
    assert_int_equal(hypercall_dispatch(&hc), 2);
    assert_int_equal(p2m_lookup(large, _gfn(gfns[2])).type, P2M_NONE);
    page_put(pg);
    assert_null(page_alloc_at(other, _mfn(first), 0));
    assert_null(page_alloc_at(other, _mfn(first), 9));

    /* Neither is it given what it never had, nor moved to another address. */
    base = gfn;
    r.extent_start.p = &base;
    r.nr_extents = 1;
    assert_int_equal(hypercall_dispatch(&hc), 0);
    r.extent_order = ORDER;
    assert_int_equal(hypercall_dispatch(&hc), 0);
    hc.a[0] = XENMEM_add_to_physmap;
    hc.a[1] = P(&((struct xen_add_to_physmap){
        .domid = large->domain_id, .space = XENMAPSPACE_gmfn, .idx = first,
        .gpfn = base }));
    assert_int_equal(hypercall_dispatch(&hc), -EINVAL);
    fixture_audit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back), TEST(test_without_tables),
        TEST(test_abandoned),      TEST(test_whole_or_not),
        TEST(test_wrong_steps),    TEST(test_direct_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
