/* SPDX-License-Identifier: MIT */
/*
 * Populate on demand when the cache is empty: which pages the sweep takes, what
 * happens meanwhile, when a domain has no memory left, and how much one step
 * does.
 *
 * Seen failing with: a step that does not flush before it takes; pages with
 * another reference that are taken; bits for the sweep that stay; a circle that
 * ends too early, or never; calls that fail where they can be repeated.
 */
#include "test-pod.h"

#include <hv/budget.h>

#include <xen/sched.h>

static struct {
    struct domain *d;
    unsigned int nr;  /* calls so far */
    void (*act)(struct domain *d);
} on_flush;

/* The first flush is between finding and taking. */
static void flushed(struct domain *d, gfn_t gfn, uint64_t nr)
{
    (void)gfn, (void)nr;
    if ( d == on_flush.d && on_flush.nr++ == 0 )
        on_flush.act(d);
}

static int setup(void **state)
{
    memset(&on_flush, 0, sizeof(on_flush));
    return fixture_setup(state);
}

static int teardown(void **state)
{
    hosted_hooks.p2m_flush = NULL;
    return fixture_teardown(state);
}

static bool access_at(struct domain *d, uint64_t at)
{
    struct page *pg = p2m_get_page(d, _gfn(BASE + at), NULL);

    if ( pg )
        page_put(pg);
    return pg;
}

/* A guest that has touched its `pages` pages, which are zero. */
static struct domain *touched(unsigned int nr, unsigned int pages)
{
    struct domain *d = pod_guest(nr, pages);

    for ( unsigned int i = 0; i < pages; i++ )
        assert_true(access_at(d, i));
    pod_is(d, pages, 0, nr - pages);
    return d;
}

static bool is_crashed(const struct domain *d)
{
    return d->shutdown_code == SHUTDOWN_crash;
}

static void nothing_is_clean(struct domain *d, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
        assert_int_equal(p2m_lookup(d, _gfn(BASE + i)).clean, 0);
    assert_false(log_dirty_is_on(d));
}

static void test_zeroes_are_taken(void **state)
{
    struct domain *d = touched(64, 16);

    (void)state;
    for ( unsigned int i = 0; i < 16; i += 2 )
        write_to(d, i);
    assert_true(access_at(d, 20));
    pod_is(d, 16, 7, 47 + 8);
    for ( unsigned int i = 0; i < 16; i++ )
        assert_int_equal(type_at(d, i), i % 2 ? P2M_POD : P2M_RAM_RW);
    for ( unsigned int i = 0; i < 16; i += 2 )
        assert_int_equal(written(d, i), i + 1);
    nothing_is_clean(d, 64);
    assert_false(is_crashed(d));
}

static void test_nothing_left(void **state)
{
    struct domain *d = touched(64, 16);

    (void)state;
    for ( unsigned int i = 0; i < 16; i++ )
        write_to(d, i);
    assert_false(access_at(d, 20));
    assert_true(is_crashed(d));
    pod_is(d, 16, 0, 48);
    nothing_is_clean(d, 64);
    /* What is there can still be looked at. */
    assert_true(access_at(d, 3));
    assert_false(access_at(d, 21));
}

/* By faults: each does one step, and the vcpu comes again. */
static void test_faults_sweep_step_by_step(void **state)
{
    struct domain *d = touched(1024, 640);
    unsigned int faults = 0;

    (void)state;
    for ( unsigned int i = 0; i < 640; i++ )
        if ( i != 600 )
            write_to(d, i);
    while ( type_at(d, 700) == P2M_POD )
    {
        assert_true(p2m_pod_fault(d, _gfn(BASE + 700)));
        assert_true(++faults < 50);
    }
    assert_in_range(faults, 9, 12);
    assert_int_equal(type_at(d, 600), P2M_POD);
    write_to(d, 700);
    for ( faults = 0; !is_crashed(d); faults++ )
    {
        assert_true(p2m_pod_fault(d, _gfn(BASE + 701)));
        assert_true(faults < 50);
    }
    assert_in_range(faults, 10, 24); /* all memory once, no more than twice */
    assert_true(p2m_pod_fault(d, _gfn(BASE + 701)));
    pod_is(d, 640, 0, 384);
}

/* ---- what others do between finding and taking ---- */

static void write_some(struct domain *d)
{
    assert_true(p2m_lookup(d, _gfn(BASE + 3)).clean);
    write_to(d, 3);
    assert_true(log_dirty_fault(d, BASE + 4)); /* a vcpu, then */
    ((uint64_t *)fixture_gfn_to_virt(d, BASE + 4))[511] = 5;
}

static void test_written_meanwhile(void **state)
{
    struct domain *d = touched(64, 8);

    (void)state;
    on_flush.d = d;
    on_flush.act = write_some;
    hosted_hooks.p2m_flush = flushed;
    assert_true(access_at(d, 20));
    assert_int_equal(written(d, 3), 4);
    assert_int_equal(written(d, 4), 5);
    assert_int_equal(type_at(d, 5), P2M_POD);
    pod_is(d, 8, 5, 56 + 5);
    nothing_is_clean(d, 64);
}

static struct page *held;

static void hold_one(struct domain *d)
{
    held = p2m_get_page(d, _gfn(BASE + 2), NULL);
}

static void test_held_meanwhile(void **state)
{
    struct domain *d = touched(64, 8);

    (void)state;
    on_flush.d = d;
    on_flush.act = hold_one;
    hosted_hooks.p2m_flush = flushed;
    assert_true(access_at(d, 20));
    assert_int_equal(type_at(d, 2), P2M_RAM_RW);
    assert_true(mfn_eq(page_to_mfn(held), p2m_lookup(d, _gfn(BASE + 2)).mfn));
    page_put(held);
    pod_is(d, 8, 6, 56 + 6);
    nothing_is_clean(d, 64);
}

static void give_back_some(struct domain *d)
{
    fixture_be_dom(dom0);
    assert_int_equal(pod_decrease(d, 0, 4), 4);
    assert_int_equal(p2m_set(d, _gfn(BASE + 4), INVALID_MFN, P2M_MMIO_DM), 0);
}

static void test_given_back_meanwhile(void **state)
{
    struct domain *d = touched(64, 8);

    (void)state;
    on_flush.d = d;
    on_flush.act = give_back_some;
    hosted_hooks.p2m_flush = flushed;
    assert_true(access_at(d, 20));
    assert_int_equal(type_at(d, 0), P2M_NONE);
    assert_int_equal(type_at(d, 4), P2M_MMIO_DM);
    pod_is(d, 7, 6, 58);
    nothing_is_clean(d, 64);
}

static void begin_to_die(struct domain *d)
{
    hosted_preempt_every(1);
    assert_int_equal(domain_kill(d), -ERESTART);
    hosted_preempt_every(0);
}

/* Another vcpu finds nothing while the page is on its way. */
static void fault_elsewhere(struct domain *d)
{
    for ( unsigned int i = 0; i < 10; i++ )
        assert_true(p2m_pod_fault(d, _gfn(BASE + 20)));
}

static void test_on_its_way(void **state)
{
    struct domain *d = touched(64, 16);

    (void)state;
    for ( unsigned int i = 0; i < 16; i++ )
        write_to(d, i);
    on_flush.d = d;
    on_flush.act = fault_elsewhere;
    hosted_hooks.p2m_flush = flushed;
    assert_int_equal(pod_decrease(d, 3, 1), 1);
    assert_int_equal(on_flush.nr, 1);
    assert_false(is_crashed(d));
    pod_is(d, 16, 1, 48);
    assert_true(access_at(d, 20));
    write_to(d, 20);
    assert_false(access_at(d, 21));
    assert_true(is_crashed(d));
}

static void test_killed_meanwhile(void **state)
{
    struct domain *d = touched(64, 8);

    (void)state;
    on_flush.d = d;
    on_flush.act = begin_to_die;
    hosted_hooks.p2m_flush = flushed;
    assert_int_equal(domain_get_any(d->domain_id, &on_flush.d), 0);
    assert_false(access_at(d, 20));
    assert_false(is_crashed(d));
    fixture_kill(d);
    assert_int_equal(d->tot_pages, 0);
    domain_put(d);
}

/* A log of all frames goes on: what was swept is reported. */
static void test_swept_while_logged(void **state)
{
    struct domain *d = touched(64, 8);
    uint8_t bits[LOG_DIRTY_STEP / 8];
    uint32_t dirty;
    uint64_t at;

    (void)state;
    write_to(d, 0);
    assert_int_equal(log_dirty_all_start(d), 0);
    assert_true(access_at(d, 20));
    assert_int_equal(log_dirty_all_read(d, true, &at, &dirty), 0);
    log_dirty_all_step(d, true, BASE, 64, bits);
    assert_int_equal(bits[0], 0xfe);
    log_dirty_all_end(d);
    assert_true(p2m_lookup(d, _gfn(BASE)).clean);
    assert_int_equal(log_dirty_all_stop(d), 0);
    nothing_is_clean(d, 64);
}

/* ---- calls ---- */

/* Little memory can be looked at between two preemption checks. */
static void test_calls_give_way(void **state)
{
    struct domain *d = touched(1024, 640);
    xen_pfn_t frame[4] = { BASE + 1, BASE + 700, BASE + 701, BASE + 2 };
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getpageframeinfo3, .domain = d->domain_id,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
        .u.getpageframeinfo3 = { .num = 3, .array.p = frame },
    };

    (void)state;
    for ( unsigned int i = 0; i < 640; i++ )
        if ( i != 600 )
            write_to(d, i);
    hosted_preempt_every(1);
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    hosted_preempt_every(0);
    assert_int_equal(frame[0], XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(frame[1], XEN_DOMCTL_PFINFO_NOTAB);
    /* The second takes the page of the first, which nobody has written. */
    assert_int_equal(frame[2], XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(type_at(d, 700), P2M_POD);
    assert_int_equal(frame[3], BASE + 2); /* was not asked for */
    assert_false(is_crashed(d));
    write_to(d, 701);
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array.p = frame;
    frame[0] = BASE + 702;
    hosted_preempt_every(1);
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    hosted_preempt_every(0);
    assert_int_equal(frame[0], XEN_DOMCTL_PFINFO_XTAB);
    assert_true(is_crashed(d));
}

#ifdef COUNT_STEPS /* in make check; not where lines are counted */
/* One step, at its worst: 64 pages that are zero, up to their last word. */
static void test_a_step_is_bounded(void **state)
{
    struct domain *d = touched(400, 256);

    (void)state;
    budget_begin();
    budget_forget();
    assert_true(p2m_pod_fault(d, _gfn(BASE + 300)));
    budget_end();
    assert_in_range(budget_most(), 64 * 64 * 2, LOOP_BUDGET / 4);
    pod_is(d, 256, 64, 144 + 64);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_zeroes_are_taken),     TEST(test_nothing_left),
        TEST(test_faults_sweep_step_by_step),
        TEST(test_written_meanwhile),    TEST(test_held_meanwhile),
        TEST(test_given_back_meanwhile), TEST(test_killed_meanwhile),
        TEST(test_on_its_way),
        TEST(test_swept_while_logged),   TEST(test_calls_give_way),
#ifdef COUNT_STEPS
        TEST(test_a_step_is_bounded),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
