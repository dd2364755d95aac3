/* SPDX-License-Identifier: MIT */
/* A vcpu's request: legal and illegal answers of the emulator. */
#include "test-ioreq.h"

/* ---- the slot ---- */

static void test_request_and_answer(void **state)
{
    struct domain *d = fixture_guest(2);
    unsigned int id = serve(d, OFF, MEMORY, 0x1000, 0x1fff);
    struct vcpu *v = domain_vcpu(d, 1);
    ioreq_t *slot = slot_of(d, id, 1), p = load(0x1010, 4);

    (void)state;
    p.state = 3;   /* not the caller's to say */
    p.vp_eport = 99;
    p.data = 0x55;
    assert_false(ioreq_in_flight(v));
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    assert_true(ioreq_in_flight(v));
    assert_int_equal(slot->state, STATE_IOREQ_READY);
    assert_int_equal(slot->addr, 0x1010);
    assert_int_equal(slot->size, 4);
    assert_int_equal(slot->count, 1);
    assert_int_equal(slot->dir, IOREQ_READ);
    assert_int_equal(slot->type, IOREQ_TYPE_COPY);
    assert_int_equal(slot->vp_eport, d->ioreq.server[id]->port[1]);
    assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
    slot->state = STATE_IOREQ_INPROCESS;
    assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
    slot->data = 0x123456789abcdef0UL;
    slot->state = STATE_IORESP_READY;
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_true(p.data == 0x123456789abcdef0UL);
    assert_int_equal(slot->state, STATE_IOREQ_NONE);
    assert_false(ioreq_in_flight(v));
    assert_false(domain_is_shut_down(d));
}

static void test_data_of_writes_and_pointers_is_kept(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, MEMORY, 0x1000, 0x1fff);
    struct vcpu *v = domain_vcpu(d, 0);
    ioreq_t p = store(0x1000, 4, 0x1234);

    (void)state;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    answer(slot_of(d, id, 0), 0x9999);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, 0x1234);
    p = load(0x1000, 4);
    p.data_is_ptr = 1;
    p.data = 0xfeed000;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    assert_int_equal(slot_of(d, id, 0)->data_is_ptr, 1);
    answer(slot_of(d, id, 0), 0x9999);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, 0xfeed000);
}

/*
 * Item 2, XSA-262: from each state that we can have seen, each that the
 * emulator can write next.  Forward goes on, NONE gives all-ones, anything
 * else is the end of the target, at once.
 */
static void test_xsa_262_state_goes_back(void **state)
{
    (void)state;
    for ( unsigned int seen = 1; seen <= 2; seen++ )
        for ( unsigned int next = 0; next < 16; next++ )
        {
            struct domain *d = fixture_guest(1);
            unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
            struct vcpu *v = domain_vcpu(d, 0);
            ioreq_t *slot = slot_of(d, id, 0), p = in(0x60, 1);
            bool crash = next > 3 || (next && next < seen);
            bool wait = !crash && (next == 1 || next == 2);

            assert_int_equal(ioreq_send(v, &p), IO_PENDING);
            slot->state = seen & 0xf;
            assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
            slot->data = 0x42;
            slot->state = next & 0xf;
            assert_int_equal(ioreq_resume(v, &p), wait ? IO_PENDING : IO_DONE);
            assert_int_equal(domain_is_shut_down(d), crash);
            assert_int_equal(ioreq_in_flight(v), wait);
            if ( !wait )
                assert_true(p.data == (next == 3 ? 0x42UL : ALL_ONES));
            if ( crash )
                assert_int_equal(d->shutdown_code, 3 /* SHUTDOWN_crash */);
            fixture_kill(d);
        }
}

static void test_slot_that_is_not_free_is_not_used(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x60, 1);

    (void)state;
    slot->state = STATE_IORESP_READY;
    slot->addr = 0x77;
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_UNHANDLED);
    assert_true(p.data == ALL_ONES);
    assert_int_equal(slot->addr, 0x77);
    assert_false(ioreq_in_flight(domain_vcpu(d, 0)));
    assert_false(domain_is_shut_down(d));
}

static void test_unclaimed_reads_give_all_ones(void **state)
{
    struct domain *d = fixture_guest(1);
    ioreq_t p = in(0x60, 1);

    (void)state;
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_UNHANDLED);
    assert_true(p.data == ALL_ONES);
    p = out(0x60, 1, 5);
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_UNHANDLED);
    assert_int_equal(p.data, 5);
}

/* ---- endings ---- */

static unsigned int kicks;

static void count_kick(struct vcpu *v)
{
    (void)v;
    kicks++;
}

/* Item 10: the vcpu is not left waiting for a server that is gone. */
static void test_f7039ee41b_destroy_completes_requests(void **state)
{
    struct domain *d = fixture_guest(3);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    ioreq_t rd = in(0x60, 1), wr = out(0x60, 1, 7);

    (void)state;
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &rd), IO_PENDING);
    assert_int_equal(ioreq_send(domain_vcpu(d, 2), &wr), IO_PENDING);
    hosted_hooks.kick = count_kick;
    kicks = 0;
    assert_int_equal(destroy(d, id), 0);
    assert_int_equal(kicks, 2);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &rd), IO_DONE);
    assert_true(rd.data == ALL_ONES);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 2), &wr), IO_DONE);
    assert_int_equal(wr.data, 7);
    assert_int_equal(who_gets(d, in(0x60, 1)), -1);
    /* A new server in the same place starts from scratch. */
    assert_int_equal(serve(d, OFF, PORT, 0x60, 0x60), id);
    assert_int_equal(who_gets(d, in(0x60, 1)), (int)id);
}

/* Item 13: in flight is finished once; not yet sent is not sent. */
static void test_b7e0d89788_shutdown_with_io(void **state)
{
    struct domain *d = fixture_guest(2);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    struct vcpu *v = domain_vcpu(d, 0), *w = domain_vcpu(d, 1);
    ioreq_t p = in(0x60, 1), q = out(0x60, 1, 1);

    (void)state;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    domain_shutdown(d, 2 /* SHUTDOWN_suspend */);
    assert_int_equal(ioreq_send(w, &q), IO_RETRY);
    assert_int_equal(ioreq_invalidate_mapcache(w), IO_RETRY);
    assert_int_equal(slot_of(d, id, 1)->state, STATE_IOREQ_NONE);
    assert_false(ioreq_in_flight(w));
    answer(slot_of(d, id, 0), 0x31);
    domain_resume(d);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, 0x31);
    assert_int_equal(ioreq_send(w, &q), IO_PENDING);
    answer(slot_of(d, id, 1), 0);
    assert_int_equal(ioreq_resume(w, &q), IO_DONE);
}

/* Item 11: a broadcast is over when all have answered, OFF or not. */
static void test_da20c93108_broadcast_waits_for_all(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    static const unsigned int order[] = { 2, 0, 1 };
    ioreq_t p;

    (void)state;
    assert_int_equal(ioreq_invalidate_mapcache(v), IO_DONE); /* nobody */
    for ( unsigned int i = 0; i < 4; i++ )
        (void)serve(d, i % 3, PORT, 0x60, 0x60);
    assert_int_equal(set_state(d, 3, false), 0);
    assert_int_equal(ioreq_invalidate_mapcache(v), IO_PENDING);
    assert_int_equal(slot_of(d, 3, 0)->state, STATE_IOREQ_NONE);
    for ( unsigned int i = 0; i < ARRAY_SIZE(order); i++ )
    {
        ioreq_t *slot = slot_of(d, order[i], 0);

        assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
        assert_int_equal(slot->type, IOREQ_TYPE_INVALIDATE);
        assert_int_equal(slot->dir, IOREQ_WRITE);
        assert_true(slot->data == ALL_ONES);
        answer(slot, 0);
    }
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    /* One of them is destroyed while it owes its answer. */
    assert_int_equal(ioreq_invalidate_mapcache(v), IO_PENDING);
    answer(slot_of(d, 0, 0), 0);
    answer(slot_of(d, 2, 0), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
    assert_int_equal(destroy(d, 1), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
}

/* A guest that gives pages up does not run on before all have heard of it. */
static void test_588d961d15_removal_is_told(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    xen_pfn_t gfn = 16;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
    ioreq_t p;

    (void)state;
    fixture_populate(d, gfn, 1);
    r.extent_start.p = &gfn;
    fixture_be(v);
    assert_int_equal(memory_op(XENMEM_maximum_ram_page, NULL), FIXTURE_FRAMES);
    assert_false(ioreq_in_flight(v));
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
    assert_true(ioreq_in_flight(v));
    fixture_be_dom(dom0);
    assert_int_equal(slot_of(d, id, 0)->type, IOREQ_TYPE_INVALIDATE);
    answer(slot_of(d, id, 0), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
}

/* The emulator is notified of a request, and the vcpu of the answer. */
static void test_both_sides_are_notified(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    struct evtchn_bind_interdomain bind = {
        .remote_dom = d->domain_id,
        .remote_port = slot_of(d, id, 0)->vp_eport,
    };
    struct evtchn_send send;
    ioreq_t p = in(0x60, 1);

    (void)state;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
    hosted_hooks.kick = count_kick;
    /* Binding raises the event once, as on Xen. */
    dom0->shared->evtchn_pending[0] = 0;
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_PENDING);
    assert_int_equal(evtchn_port_is_pending(dom0, bind.local_port), 1);
    answer(slot_of(d, id, 0), 1);
    kicks = 0;
    send.port = bind.local_port;
    assert_int_equal(evtchn_op(EVTCHNOP_send, &send), 0);
    assert_int_equal(kicks, 1);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &p), IO_DONE);
}

static void quiet(const char *s, size_t len)
{
    (void)s, (void)len;
}

/* Any state, any port, any data, at any time: nothing but the target dies. */
static void test_emulator_writes_anything(void **state)
{
    uint64_t seed = 0x9e3779b97f4a7c15UL;
    unsigned int crashes = 0, answers = 0;
    struct domain *d = NULL;
    ioreq_t *slot = NULL, p;

    (void)state;
    hosted_hooks.console = quiet; /* thousands of crash reports */
    for ( unsigned int step = 0; step < 100000; step++ )
    {
        uint64_t r = next_random(&seed);
        struct vcpu *v;

        if ( !d || domain_is_shut_down(d) )
        {
            crashes += d != NULL;
            if ( d )
                fixture_kill(d);
            d = fixture_guest(1);
            slot = slot_of(d, serve(d, ATOMIC, PORT, 0, 0xffff), 0);
        }
        v = domain_vcpu(d, 0);
        if ( r & 1 )
            for ( unsigned int i = 0; i < sizeof(*slot); i++ )
                ((uint8_t *)slot)[i] = (uint8_t)next_random(&seed);
        if ( r & 0x700 )
            slot->state = (r >> 4) & 3;
        p = in(r >> 48, 1U << (r >> 32 & 3));
        if ( ioreq_in_flight(v) )
            answers += ioreq_resume(v, &p) == IO_DONE;
        else
            (void)ioreq_send(v, &p);
    }
    assert_in_range(crashes, 100, 50000);
    assert_in_range(answers, 1000, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_request_and_answer),
        T(test_data_of_writes_and_pointers_is_kept),
        T(test_xsa_262_state_goes_back),
        T(test_slot_that_is_not_free_is_not_used),
        T(test_unclaimed_reads_give_all_ones),
        T(test_f7039ee41b_destroy_completes_requests),
        T(test_b7e0d89788_shutdown_with_io),
        T(test_da20c93108_broadcast_waits_for_all),
        T(test_588d961d15_removal_is_told),
        T(test_both_sides_are_notified),
        T(test_emulator_writes_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
