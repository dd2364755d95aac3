/* SPDX-License-Identifier: MIT */
/* Which requests, and entries of the ring, have an event: docs/polling.md. */
#include "test-ioreq-look.h"

static void test_event_unless_it_looks(void **state)
{
    (void)state;
    for ( unsigned int word = 0; word < 256; word++ )
    {
        emulator_says((uint8_t)word);
        assert_int_equal(request(),
                         (word & ORIEL_POLL_MASK) != ORIEL_POLL_LOOK);
        assert_false(event(ring_port));
        assert_int_equal(emulator_word(), word); /* it is the emulator's */
        answered();
    }
    assert_int_equal(d->ioreq.server[id]->sent, 256);
    assert_int_equal(d->ioreq.server[id]->silent, 64);
    assert_int_equal(d->ioreq.server[id]->ring_sent, 0);
}

static void test_ring_has_its_own_word(void **state)
{
    ioreq_t p = store(0xa0000, 4, 1);

    (void)state;
    d->config.arch.emulation_flags |= XEN_X86_EMU_VGA;
    assert_int_equal(map(d, id, MEMORY, 0xa0000, 0xbffff), 0);
    for ( unsigned int word = 0; word < 256; word++ )
    {
        emulator_says((uint8_t)word);
        assert_int_equal(ioreq_send(v, &p), IO_DONE);
        assert_int_equal(event(ring_port),
                         (word >> ORIEL_POLL_RING_SHIFT & ORIEL_POLL_MASK) !=
                             ORIEL_POLL_LOOK);
        assert_false(event(slot_port));
    }
    assert_int_equal(d->ioreq.server[id]->ring_sent, 256);
    assert_int_equal(d->ioreq.server[id]->ring_silent, 64);
    assert_int_equal(d->ioreq.server[id]->sent, 0);
}

/* Nobody is bound, or somebody who died: as without the words. */
static void test_words_of_nobody(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK | RING_LOOK);
    unbind();
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(send(), IO_UNHANDLED);
        assert_int_equal(slot->state, STATE_IOREQ_NONE);
        emulator_says(ORIEL_POLL_LOOK | RING_LOOK); /* one that still maps it */
    }
}

static void test_words_of_the_dead_are_cleared(void **state)
{
    ioreq_t p = store(0xa0000, 4, 1);

    (void)state;
    d->config.arch.emulation_flags |= XEN_X86_EMU_VGA;
    assert_int_equal(map(d, id, MEMORY, 0xa0000, 0xbffff), 0);
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(4); /* v would look */
    for ( unsigned int i = 0; i < 3; i++ )
    {
        /* Looks, and dies; the next one does not know these words. */
        emulator_says(ORIEL_POLL_LOOK | RING_LOOK);
        unbind();
        bind();
        if ( i % 2 )
        {
            assert_int_equal(ioreq_send(v, &p), IO_DONE);
            assert_true(event(ring_port));
            assert_int_equal(emulator_word(), 0);
        }
        assert_true(request());
        assert_int_equal(emulator_word(), 0);
        assert_int_equal(hypervisor_word(), ORIEL_POLL_SLEEP);
        answered();
        assert_true(request());
        answered();
    }
    emulator_says(ORIEL_POLL_LOOK);
    assert_false(request());
    answered();
}

/* A vcpu that did not come to be, and came later: its port is another one. */
static void test_words_of_an_earlier_port(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK | RING_LOOK);
    unbind();
    ioreq_vcpu_remove(v);
    assert_int_equal(ioreq_vcpu_add(v), 0);
    assert_int_equal(emulator_word(), 0);
    bind();
    assert_true(request());
    answered();
}

static void test_killed_with_a_silent_request(void **state)
{
    uint64_t data;

    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    assert_false(request());
    unbind();
    assert_true(resume(&data));
    assert_true(data == ALL_ONES);
    assert_int_equal(slot->state, STATE_IOREQ_NONE);
}

/*
 * What another CPU does after the hypervisor has seen who is bound, and before it
 * has sent the request.
 */
static void (*before_send)(void);

uint32_t __real_evtchn_xen_bindings(const struct domain *of,
                                    evtchn_port_t port);
uint32_t __wrap_evtchn_xen_bindings(const struct domain *of,
                                    evtchn_port_t port);
uint32_t __wrap_evtchn_xen_bindings(const struct domain *of,
                                    evtchn_port_t port)
{
    uint32_t nr = __real_evtchn_xen_bindings(of, port);
    void (*act)(void) = before_send;

    before_send = NULL;
    if ( act )
        act();
    return nr;
}

static void falls_asleep(void)
{
    emulator_says(ORIEL_POLL_SLEEP);
}

static void *unbind_and_bind(void *arg)
{
    fixture_be_dom(dom0);
    unbind();
    bind();
    return arg;
}

/* The word still says that the dead one looks. */
static void is_replaced(void)
{
    elsewhere(unbind_and_bind);
}

static void test_falls_asleep_before_the_request(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(2);
    before_send = falls_asleep;
    assert_true(request());
    answered();
    /* While it is decided whether the vcpu looks. */
    emulator_says(ORIEL_POLL_LOOK);
    at_look = falls_asleep;
    assert_true(request());
    answered();
}

static void test_is_replaced_before_the_request(void **state)
{
    (void)state;
    emulator_says(ORIEL_POLL_LOOK);
    quick_requests(2);
    before_send = is_replaced;
    assert_true(request());
    answered();
    assert_true(request());
    assert_int_equal(emulator_word(), 0);
    answered();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_event_unless_it_looks),
        T(test_ring_has_its_own_word),
        T(test_words_of_nobody),
        T(test_words_of_the_dead_are_cleared),
        T(test_words_of_an_earlier_port),
        T(test_killed_with_a_silent_request),
        T(test_falls_asleep_before_the_request),
        T(test_is_replaced_before_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
