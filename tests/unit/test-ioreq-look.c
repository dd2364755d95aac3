/* SPDX-License-Identifier: MIT */
/* A vcpu looks for its answer: when, how long, and what happens meanwhile. */
#include "test-ioreq-look.h"

static void test_looks_after_a_quick_answer(void **state)
{
    uint64_t data;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    assert_false(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    answered();
    assert_int_equal(nr_looks, 0);

    assert_false(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_LOOK);
    at_look = answer_slot;
    assert_true(resume(&data));
    assert_int_equal(data, 0x1234);
    assert_int_equal(nr_looks, 2); /* one decided */
}

/*
 * What the emulator does after the vcpu has looked at its slot for the last time
 * but one.
 */
static void (*after_look)(void);

uint32_t __real_evtchn_xen_bindings(const struct domain *of, evtchn_port_t port);
uint32_t __wrap_evtchn_xen_bindings(const struct domain *of, evtchn_port_t port);
uint32_t __wrap_evtchn_xen_bindings(const struct domain *of, evtchn_port_t port)
{
    void (*act)(void) = after_look;

    after_look = NULL;
    if ( act )
        act();
    return __real_evtchn_xen_bindings(of, port);
}

/* It would be lost without the last look: it needs no notification. */
static void answer_in_between(void)
{
    assert_int_equal(hypervisor_word(), ORIEL_POLL_LOOK);
    answer_slot();
}

static void test_says_that_it_sleeps(void **state)
{
    uint64_t data;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(1);
    assert_false(request());
    assert_false(resume(&data));
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    assert_int_equal(nr_looks, 2); /* 1 us is over */
    assert_false(resume(&data));
    assert_int_equal(nr_looks, 2); /* once for each request */
    answered();

    quick_requests(1);
    assert_false(request());
    after_look = answer_in_between;
    assert_true(resume(&data));
    assert_int_equal(data, 0x1234);
}

static void test_not_when_the_cpu_is_wanted(void **state)
{
    uint64_t data;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4);
    cpu_is_free = false;
    assert_false(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    answered();

    cpu_is_free = true;
    assert_false(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_LOOK);
    cpu_is_free = false;
    nr_looks = 0;
    assert_false(resume(&data));
    assert_int_equal(nr_looks, 0);
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
}

/* Its emulator does not look: what would it wait for? */
static void test_not_for_one_that_sleeps(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4);
    emulator_says(ORIEL_POLL_SLEEP);
    assert_true(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    nr_looks = 0;
    answered();
    assert_int_equal(nr_looks, 0);
}

/* So many looks when no answer comes. */
static unsigned int patience(void)
{
    uint64_t data;

    assert_false(request());
    nr_looks = 0;
    if ( resume(&data) )
        fail();
    return nr_looks;
}

static void test_time_grows_and_shrinks(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(1);
    assert_int_equal(patience(), 1);
    answered();
    quick_requests(10);
    assert_int_equal(patience(), 20); /* the bound */
    /* Slow ones: not waited for any more. */
    for ( unsigned int i = 0; i < 5; i++ )
    {
        clock_ns += 100 * US;
        answered();
        assert_false(request());
    }
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    clock_ns += 100 * US;
    answered();
    assert_int_equal(patience(), 0);
    answered();
    quick_requests(10);
    assert_int_equal(patience(), 20);
}

static void test_limit(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    ioreq_look_set_limit(0);
    quick_requests(10);
    assert_int_equal(nr_looks, 0);
    ioreq_look_set_limit(7);
    quick_requests(10);
    assert_int_equal(patience(), 7);
    answered();
    ioreq_look_set_limit(UINT32_MAX);
    quick_requests(20);
    assert_int_equal(patience(), 1000);
    answered();
}

/* ---- while the vcpu looks ---- */

static void *destroy_server(void *arg)
{
    fixture_be_dom(dom0);
    assert_int_equal(destroy(d, id), 0);
    cpu_is_free = false; /* the vcpu was kicked */
    return arg;
}

static void server_ends(void)
{
    elsewhere(destroy_server);
}

static void test_server_ends(void **state)
{
    uint64_t data, extra = d->extra_pages;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4);
    assert_false(request());
    at_look = server_ends;
    assert_true(resume(&data));
    assert_true(data == ALL_ONES);
    assert_int_equal(d->extra_pages, extra - 2); /* the page, too, is free */
}

/* They are the guest's again when the server is disabled: silent, but no looks. */
static void test_not_for_pages_at_gfns(void **state)
{
    struct xen_dm_op_get_ioreq_server_info info = { 0 };

    (void)state;
    assert_int_equal(destroy(d, id), 0);
    fixture_populate(d, 0x100, 2);
    d->params[HVM_PARAM_IOREQ_SERVER_PFN] = 0x100;
    d->params[HVM_PARAM_NR_IOREQ_SERVER_PAGES] = 2;
    ioreq_params_changed(d, HVM_PARAM_NR_IOREQ_SERVER_PAGES);
    assert_int_equal(create(d, ATOMIC), id);
    assert_int_equal(map(d, id, PORT, 0x100, 0x1ff), 0);
    assert_int_equal(get_info(d, id, 0, &info), 0);
    slot = ioreq_slot(d->ioreq.server[id], 0);
    assert_int_equal(set_state(d, id, true), 0);
    bind();
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4);
    assert_false(request());
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    answered();
    assert_int_equal(nr_looks, 0);
}

/* A broadcast has several answers, which may take any time. */
static void test_broadcasts_are_not_looked_for(void **state)
{
    uint64_t data;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4);
    nr_looks = 0;
    assert_int_equal(ioreq_invalidate_mapcache(v), IO_PENDING);
    assert_false(event(slot_port));
    assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
    answer_slot();
    assert_true(resume(&data));
    assert_int_equal(nr_looks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_looks_after_a_quick_answer),
        T(test_says_that_it_sleeps),
        T(test_not_when_the_cpu_is_wanted),
        T(test_not_for_one_that_sleeps),
        T(test_time_grows_and_shrinks),
        T(test_limit),
        T(test_server_ends),
        T(test_not_for_pages_at_gfns),
        T(test_broadcasts_are_not_looked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
