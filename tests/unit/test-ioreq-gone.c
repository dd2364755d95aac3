/* SPDX-License-Identifier: MIT */
/*
 * A device model that dies: its event channels close, and the hypervisor
 * answers the guest's requests with all-ones until another device model binds a
 * port.
 */
#include "test-ioreq.h"

static evtchn_port_t bind_slot(struct domain *d, const ioreq_t *slot)
{
    struct evtchn_bind_interdomain b = { .remote_dom = d->domain_id,
                                         .remote_port = slot->vp_eport };

    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &b), 0);
    return b.local_port;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close c = { .port = port };

    assert_int_equal(evtchn_op(EVTCHNOP_close, &c), 0);
}

/* Killed with a request in this state of its slot. */
static void killed_with(unsigned int state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x100, 0x1ff);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x100, 4);
    evtchn_port_t port = bind_slot(d, slot);

    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    slot->state = state & 0xf;
    assert_int_equal(ioreq_resume(v, &p), IO_PENDING);
    close_port(port);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, ALL_ONES);
    assert_int_equal(slot->state, STATE_IOREQ_NONE);
    assert_false(domain_is_shut_down(d));
    fixture_kill(d);
}

static void test_killed_in_mid_request(void **state)
{
    (void)state;
    killed_with(STATE_IOREQ_READY);
    killed_with(STATE_IOREQ_INPROCESS);
}

static void test_answer_before_death_counts(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x100, 0x1ff);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x100, 4);
    evtchn_port_t port = bind_slot(d, slot);

    (void)state;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    answer(slot, 0x1234);
    close_port(port);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, 0x1234);
    fixture_kill(d);
}

static void test_nobody_then_somebody_else(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x100, 0x1ff);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x100, 4);

    (void)state;
    /* Never bound: the request waits for who will bind. */
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    close_port(bind_slot(d, slot));
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);

    p = in(0x100, 4);
    assert_int_equal(ioreq_send(v, &p), IO_UNHANDLED);
    assert_int_equal(p.data, ALL_ONES);
    assert_int_equal(slot->state, STATE_IOREQ_NONE);
    assert_false(ioreq_in_flight(v));

    (void)bind_slot(d, slot);
    assert_int_equal(who_gets(d, in(0x100, 4)), id);
    fixture_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        TEST(test_killed_in_mid_request),
        TEST(test_answer_before_death_counts),
        TEST(test_nobody_then_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
