/* SPDX-License-Identifier: MIT */
/*
 * A device model that dies: its event channels close, and the hypervisor
 * answers the guest's requests with all-ones until another device model binds a
 * port.
 */
#include "test-ioreq.h"

#include <pthread.h>

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

/*
 * Another device model binds the port right after the hypervisor has learned that
 * the one before has gone, and looks at the slot.
 */
static struct {
    struct domain *d; /* NULL: nobody binds */
    const ioreq_t *slot;
    unsigned int state;
} next;

static void *bind_and_look(void *d)
{
    fixture_be_dom(dom0);
    (void)bind_slot(d, next.slot);
    next.state = next.slot->state;
    return NULL;
}

static void next_binds(bool lost)
{
    struct domain *d = next.d;
    pthread_t thread;

    if ( !d || !lost )
        return;
    next.d = NULL;
    assert_int_equal(pthread_create(&thread, NULL, bind_and_look, d), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

bool __real_evtchn_notify_xen(struct domain *d, evtchn_port_t port);
bool __wrap_evtchn_notify_xen(struct domain *d, evtchn_port_t port);
bool __wrap_evtchn_notify_xen(struct domain *d, evtchn_port_t port)
{
    bool there = __real_evtchn_notify_xen(d, port);

    next_binds(!there);
    return there;
}

bool __real_evtchn_xen_lost(struct domain *d, evtchn_port_t port, uint8_t *at,
                            uint8_t value);
bool __wrap_evtchn_xen_lost(struct domain *d, evtchn_port_t port, uint8_t *at,
                            uint8_t value);
bool __wrap_evtchn_xen_lost(struct domain *d, evtchn_port_t port, uint8_t *at,
                            uint8_t value)
{
    bool lost = __real_evtchn_xen_lost(d, port, at, value);

    next_binds(lost);
    return lost;
}

/* It does not find a request that has been answered with ones. */
static void test_next_binds_at_withdrawal(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x100, 0x1ff);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x100, 4);

    (void)state;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    close_port(bind_slot(d, slot));
    next.d = d;
    next.slot = slot;
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, ALL_ONES);
    assert_null(next.d);
    assert_int_equal(next.state, STATE_IOREQ_NONE);
    assert_int_equal(who_gets(d, in(0x100, 4)), id);
    fixture_kill(d);
}

/* What it finds is a request that it is to answer. */
static void test_next_binds_at_request(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x100, 0x1ff);
    ioreq_t *slot = slot_of(d, id, 0), p = in(0x100, 4);

    (void)state;
    close_port(bind_slot(d, slot));
    next.d = d;
    next.slot = slot;
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    assert_null(next.d);
    assert_int_equal(next.state, STATE_IOREQ_READY);
    answer(slot, 0x1234);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.data, 0x1234);
    fixture_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        TEST(test_killed_in_mid_request),
        TEST(test_answer_before_death_counts),
        TEST(test_nobody_then_somebody_else),
        TEST(test_next_binds_at_withdrawal),
        TEST(test_next_binds_at_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
