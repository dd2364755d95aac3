/* SPDX-License-Identifier: MIT */
/* Validating and dropping tables of PV guests in steps: pv-mm/work.c. */
#include "test-pv.h"

/* 40 tables of 512 entries below one L2. */
static struct tree make_large_tree(struct domain *d)
{
    struct tree t = make_tree(d, RW);

    for ( unsigned int i = 10; i < 50; i++ )
    {
        struct page *l1 = pv_page(d);

        for ( unsigned int k = 0; k < 512; k++ )
            set_raw(l1, k, entry_to(t.data, k % 2 ? RW : RO));
        set_raw(t.table[2], i, entry_to(l1, RW));
    }
    return t;
}

static void test_gives_way(void **state)
{
    struct domain *d = pv_guest(2);
    struct tree t = make_large_tree(d);

    (void)state;
    hosted_preempt_every(1);
    nr_restarts = 0;
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_true(nr_restarts > 300);
    assert_type(t.data, PV_WRITABLE, 40 * 256 + 1);
    pv_check();
    assert_int_equal(unpin(d, t.table[4]), 0);
    settle(d);
    assert_type(t.data, PV_NONE, 0);
    pv_check();

    /* A bad entry at the end: all the way back, by steps. */
    set_raw(t.table[4], 511, entry_to(t.data, RW | PTE_PS));
    assert_int_equal(pin(d, t.table[4], 4), -EINVAL);
    assert_type(t.data, PV_NONE, 0);
    pv_check();
    hosted_preempt_every(0);
    fixture_kill(d);
}

/* A vcpu begins, and never calls again: the others complete its work. */
static void test_who_does_not_come_back(void **state)
{
    struct domain *d = pv_guest(2);
    struct tree t = make_large_tree(d);
    struct page *l1 = pv_page(d);

    (void)state;
    fixture_be(domain_vcpu(d, 0));
    hosted_preempt_every(1);
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(pv_pin(d, page_to_mfn(t.table[4]), 4), -ERESTART);
    pv_check();
    fixture_be(domain_vcpu(d, 1));
    assert_int_equal(pin(d, l1, 1), 0);
    assert_type(t.table[4], PV_L4, 1); /* a result, which waits */
    pv_check();
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_type(t.table[4], PV_L4, 2);

    /* Something else of the first one drops its result. */
    fixture_be(domain_vcpu(d, 0));
    assert_int_equal(unpin(d, l1), 0);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_type(t.table[4], PV_L4, 1);
    pv_check();

    /* In the middle of its work the domain dies. */
    assert_int_equal(unpin(d, t.table[4]), 0);
    settle(d);
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(pv_pin(d, page_to_mfn(t.table[4]), 4), -ERESTART);
    hosted_preempt_every(0);
    fixture_be_dom(dom0);
    fixture_kill(d);
}

/* Nothing is validated any more that nobody would drop. */
static void test_dying(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    bool done;

    (void)state;
    d->state = DOM_DYING;
    assert_int_equal(pin(d, t.table[4], 4), -EINVAL);
    assert_int_equal(pv_set_root(domain_vcpu(d, 0), page_to_mfn(t.table[4]),
                                 false, &done), -EINVAL);
    d->state = DOM_ALIVE;
    assert_type(t.table[4], PV_NONE, 0);
    pv_check();
    fixture_kill(d);
}

/* Each vcpu's tables put 14 pages: more than are remembered until unlocking. */
static void test_end_of_many_tables(void **state)
{
    struct domain *d = pv_guest(16);
    uint64_t frames[PV_GDT_FRAMES], frame = mfn_of(pv_page(d));

    (void)state;
    for ( unsigned int i = 0; i < PV_GDT_FRAMES; i++ )
        frames[i] = frame;
    for ( unsigned int i = 0; i < 16; i++ )
        assert_int_equal(pv_set_gdt(domain_vcpu(d, i), frames,
                                    PV_GDT_FRAMES * PV_ENTRIES), 0);
    pv_check();
    hosted_preempt_every(1);
    fixture_kill(d);
    hosted_preempt_every(0);
}

static struct domain *dying;
static struct page *first, *l4;

/* A device model's CPU, while no lock is held: work begins, and gives way. */
static void begin_work(void)
{
    struct page *table = l4;
    bool done;

    if ( !table || first->owner == dying )
        return;
    l4 = NULL;
    hosted_preempt_every(1);
    assert_int_equal(pv_update(dying, at(table, 4), 0, dying, 0, &done),
                     -ERESTART);
    hosted_preempt_every(0);
    assert_true(done && dying->pv->work.depth);
}

static void test_end_beside_work(void **state)
{
    struct tree t;

    (void)state;
    dying = pv_guest(1);
    first = pv_page(dying);
    for ( unsigned int i = 0; i < 80; i++ )
        (void)pv_page(dying);
    t = make_large_tree(dying);
    assert_int_equal(pin(dying, t.table[4], 4), 0);
    l4 = t.table[4];
    hosted_hooks.unlocked = begin_work;
    fixture_kill(dying);
    hosted_hooks.unlocked = NULL;
    assert_null(l4);
}

/* ---- places for results ---- */

#define VCPUS (PV_RESULTS + 2) /* one has no place, nor has one beside it */

static struct domain *crowded;
static struct page *full[VCPUS];

/* Validates a full table, and does not call again. */
static void begin_and_leave(unsigned int vcpu)
{
    fixture_be(domain_vcpu(crowded, vcpu));
    settle(crowded);
    hosted_preempt_every(1);
    assert_int_equal(pv_pin(crowded, page_to_mfn(full[vcpu]), 1), -ERESTART);
    hosted_preempt_every(0);
    assert_int_equal(crowded->pv->work.depth, 1);
}

/* The last vcpu, while the one before it drops a result for its own's place. */
static void take_the_place(void)
{
    struct vcpu *v = current;

    if ( !crowded->pv->work.dropping )
        return;
    hosted_hooks.unlocked = NULL;
    begin_and_leave(VCPUS - 1);
    fixture_be(v);
}

/* All places are taken.  Returns the page that all tables map. */
static struct page *make_crowd(void)
{
    struct page *data;

    crowded = pv_guest(VCPUS);
    data = pv_page(crowded);
    for ( unsigned int i = 0; i < VCPUS; i++ )
    {
        full[i] = pv_page(crowded);
        for ( unsigned int k = 0; k < 512; k++ )
            set_raw(full[i], k, entry_to(data, RO));
    }
    for ( unsigned int i = 0; i < PV_RESULTS; i++ )
        begin_and_leave(i);
    return data;
}

static void test_place_that_is_taken(void **state)
{
    (void)state;
    (void)make_crowd();
    fixture_be(domain_vcpu(crowded, PV_RESULTS));
    hosted_hooks.unlocked = take_the_place;
    assert_int_equal(pin(crowded, full[PV_RESULTS], 1), 0);
    assert_null(hosted_hooks.unlocked);
    pv_check();
    fixture_be(domain_vcpu(crowded, VCPUS - 1));
    assert_int_equal(pin(crowded, full[VCPUS - 1], 1), 0);
    assert_type(full[VCPUS - 1], PV_L1, 1);
    pv_check();
    pv_kill(crowded);
}

/*
 * The domain of which a toolstack pins a table is destroyed beside that; others
 * have the table and its page mapped.
 */
static void end_it(void)
{
    if ( !crowded->pv->work.dropping )
        return;
    hosted_hooks.unlocked = NULL;
    fixture_kill(crowded);
    hosted_preempt_every(1);
}

static void test_end_beside_a_result(void **state)
{
    struct page *data = make_crowd();

    (void)state;
    page_get_more(data);
    page_get_more(full[PV_RESULTS]);
    domain_get_more(crowded);
    fixture_be_dom(dom0);
    hosted_hooks.unlocked = end_it;
    assert_int_equal(pin(crowded, full[PV_RESULTS], 1), -EINVAL);
    hosted_preempt_every(0);
    assert_null(hosted_hooks.unlocked);
    assert_type(full[PV_RESULTS], PV_NONE, 0);
    page_put(full[PV_RESULTS]);
    page_put(data);
    assert_int_equal(crowded->tot_pages, 0);
    domain_put(crowded);
}

/* ---- memory for a domain that is destroyed meanwhile ---- */

static struct domain *growing;
static unsigned int frames_left;

static void end_growing(void)
{
    if ( !growing->tot_pages || frames_left-- )
        return;
    hosted_hooks.unlocked = NULL;
    fixture_kill(growing);
}

static void test_end_beside_pages(void **state)
{
    (void)state;
    for ( unsigned int begun = 0; begun < 8; begun++ )
    {
        growing = pv_guest(1);
        domain_get_more(growing);
        frames_left = begun;
        hosted_hooks.unlocked = end_growing;
        assert_null(pv_alloc(growing, 3));
        assert_null(hosted_hooks.unlocked);
        assert_int_equal(growing->tot_pages, 0);
        domain_put(growing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_gives_way),
        PV_TEST(test_who_does_not_come_back),
        PV_TEST(test_dying),
        PV_TEST(test_end_beside_work),
        PV_TEST(test_end_of_many_tables),
        PV_TEST(test_place_that_is_taken),
        PV_TEST(test_end_beside_a_result),
        PV_TEST(test_end_beside_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
