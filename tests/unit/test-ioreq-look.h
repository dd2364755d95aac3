/* SPDX-License-Identifier: MIT */
/*
 * Requests without events while the other side looks (docs/polling.md): a guest
 * with one vcpu, an emulator in dom0, and a machine whose time goes on by 1 us
 * with each look.
 */
#ifndef TEST_IOREQ_LOOK_H
#define TEST_IOREQ_LOOK_H

#include "test-evtchn.h"
#include "test-ioreq.h"

#include <pthread.h>

#include <oriel/polling.h>

#define US 1000UL
#define RING_LOOK (ORIEL_POLL_LOOK << ORIEL_POLL_RING_SHIFT)

/* ---- the machine: time, and whether the CPU is wanted ---- */

static uint64_t clock_ns;
static unsigned int nr_looks;  /* of the vcpu, at its slot or its CPU */
static void (*at_look)(void);  /* what another CPU does at the next one */
static bool cpu_is_free;

static inline uint64_t fake_now(void)
{
    return clock_ns;
}

static inline bool may_look(const struct vcpu *v)
{
    void (*act)(void) = at_look;

    (void)v;
    if ( !cpu_is_free )
        return false;
    nr_looks++;
    clock_ns += US;
    at_look = NULL;
    if ( act )
        act();
    return true;
}

/* ---- an emulator of a guest with one vcpu ---- */

static struct domain *d;
static struct vcpu *v;
static unsigned int id;
static ioreq_t *slot;
static evtchn_port_t slot_port, ring_port; /* the emulator's */

static inline void emulator_says(uint8_t word)
{
    ((uint8_t *)slot)[ORIEL_POLL_EMULATOR] = word;
}

static inline uint8_t emulator_word(void)
{
    return ((uint8_t *)slot)[ORIEL_POLL_EMULATOR];
}

static inline uint8_t hypervisor_word(void)
{
    return ((uint8_t *)slot)[ORIEL_POLL_HYPERVISOR];
}

static inline void bind(void)
{
    const struct ioreq_server *s = d->ioreq.server[id];

    assert_int_equal(ev_bind(d->domain_id, s->port[0], &slot_port), 0);
    assert_int_equal(ev_bind(d->domain_id, s->ring_port, &ring_port), 0);
    dom0->shared->evtchn_pending[0] = 0;
}

static inline void unbind(void)
{
    assert_int_equal(ev_close(slot_port), 0);
    assert_int_equal(ev_close(ring_port), 0);
}

static inline void start(void)
{
    hosted_hooks.now = fake_now;
    hosted_hooks.may_look = may_look;
    clock_ns = 1000 * US;
    nr_looks = 0;
    at_look = NULL;
    cpu_is_free = true;
    d = fixture_guest(1);
    v = domain_vcpu(d, 0);
    id = serve(d, ATOMIC, PORT, 0x100, 0x1ff);
    slot = slot_of(d, id, 0);
    bind();
}

static inline int setup(void **state)
{
    int rc = fixture_setup(state);

    start();
    return rc;
}

/* Has an event come?  It is taken. */
static inline bool event(evtchn_port_t port)
{
    return test_and_clear_bit(port, dom0->shared->evtchn_pending);
}

static inline enum io_result send(void)
{
    ioreq_t p = in(0x100, 4);

    return ioreq_send(v, &p);
}

/* Sends a request: was there an event? */
static inline bool request(void)
{
    assert_int_equal(send(), IO_PENDING);
    assert_int_equal(slot->state, STATE_IOREQ_READY);
    return event(slot_port);
}

static inline void answer_slot(void)
{
    answer(slot, 0x1234);
}

/* The vcpu runs: true: it has its answer. */
static inline bool resume(uint64_t *data)
{
    ioreq_t p;

    ioreq_look(v);
    if ( ioreq_resume(v, &p) != IO_DONE )
        return false;
    *data = p.data;
    return true;
}

static inline void answered(void)
{
    uint64_t data;

    answer_slot();
    assert_true(resume(&data));
    assert_int_equal(data, 0x1234);
}

/* So many requests that the emulator, which looks, answers in time. */
static inline void quick_requests(unsigned int nr)
{
    while ( nr-- )
    {
        assert_false(request());
        answered();
    }
}

/* Another CPU, as the emulator. */
static inline void elsewhere(void *(*act)(void *))
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, act, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static inline int teardown(void **state)
{
    hosted_hooks.now = NULL;
    hosted_hooks.may_look = NULL;
    ioreq_look_set_limit(IOREQ_LOOK_US);
    return fixture_teardown(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
