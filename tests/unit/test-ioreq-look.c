/* SPDX-License-Identifier: MIT */
/* Requests without events while the other side looks: docs/polling.md. */
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

static uint64_t fake_now(void)
{
    return clock_ns;
}

static bool may_look(const struct vcpu *v)
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

static void emulator_says(uint8_t word)
{
    ((uint8_t *)slot)[ORIEL_POLL_EMULATOR] = word;
}

static uint8_t emulator_word(void)
{
    return ((uint8_t *)slot)[ORIEL_POLL_EMULATOR];
}

static uint8_t hypervisor_word(void)
{
    return ((uint8_t *)slot)[ORIEL_POLL_HYPERVISOR];
}

static void bind(void)
{
    const struct ioreq_server *s = d->ioreq.server[id];

    assert_int_equal(ev_bind(d->domain_id, s->port[0], &slot_port), 0);
    assert_int_equal(ev_bind(d->domain_id, s->ring_port, &ring_port), 0);
    dom0->shared->evtchn_pending[0] = 0;
}

static void unbind(void)
{
    assert_int_equal(ev_close(slot_port), 0);
    assert_int_equal(ev_close(ring_port), 0);
}

static void start(void)
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

static int setup(void **state)
{
    int rc = fixture_setup(state);

    start();
    return rc;
}

/* Has an event come?  It is taken. */
static bool event(evtchn_port_t port)
{
    return test_and_clear_bit(port, dom0->shared->evtchn_pending);
}

static enum io_result send(void)
{
    ioreq_t p = in(0x100, 4);

    return ioreq_send(v, &p);
}

/* Sends a request: was there an event? */
static bool request(void)
{
    assert_int_equal(send(), IO_PENDING);
    assert_int_equal(slot->state, STATE_IOREQ_READY);
    return event(slot_port);
}

static void answer_slot(void)
{
    answer(slot, 0x1234);
}

/* The vcpu runs: true: it has its answer. */
static bool resume(uint64_t *data)
{
    ioreq_t p;

    ioreq_look(v);
    if ( ioreq_resume(v, &p) != IO_DONE )
        return false;
    *data = p.data;
    return true;
}

static void answered(void)
{
    uint64_t data;

    answer_slot();
    assert_true(resume(&data));
    assert_int_equal(data, 0x1234);
}

/* So many requests that the emulator, which looks, answers in time. */
static void quick_requests(unsigned int nr)
{
    while ( nr-- )
    {
        assert_false(request());
        answered();
    }
}

/* ---- who needs an event ---- */

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
        answered();
        assert_true(request());
        answered();
    }
    emulator_says(ORIEL_POLL_LOOK);
    assert_false(request());
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

/* Another CPU, as the emulator. */
static void elsewhere(void *(*act)(void *))
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, act, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
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

/* ---- the vcpu looks ---- */

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

bool __real_evtchn_xen_lost(struct domain *of, evtchn_port_t port, uint8_t *at,
                            uint8_t value);
bool __wrap_evtchn_xen_lost(struct domain *of, evtchn_port_t port, uint8_t *at,
                            uint8_t value);
bool __wrap_evtchn_xen_lost(struct domain *of, evtchn_port_t port, uint8_t *at,
                            uint8_t value)
{
    void (*act)(void) = after_look;

    after_look = NULL;
    if ( act )
        act();
    return __real_evtchn_xen_lost(of, port, at, value);
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

static void *disable_server(void *arg)
{
    fixture_be_dom(dom0);
    assert_int_equal(set_state(d, id, false), 0);
    cpu_is_free = false;
    return arg;
}

static void server_is_disabled(void)
{
    elsewhere(disable_server);
}

/* The page is the guest's from then on: nothing is written there. */
static void test_page_returns_to_the_guest(void **state)
{
    struct xen_dm_op_get_ioreq_server_info info = { 0 };
    uint64_t data;

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
    at_look = server_is_disabled;
    assert_true(resume(&data));
    assert_true(data == ALL_ONES);
    for ( unsigned int i = 0; i < PAGE_SIZE; i++ )
        assert_int_equal(((uint8_t *)slot)[i], 0);
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

static int teardown(void **state)
{
    hosted_hooks.now = NULL;
    hosted_hooks.may_look = NULL;
    ioreq_look_set_limit(IOREQ_LOOK_US);
    return fixture_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_event_unless_it_looks),
        T(test_ring_has_its_own_word),
        T(test_words_of_nobody),
        T(test_words_of_the_dead_are_cleared),
        T(test_killed_with_a_silent_request),
        T(test_falls_asleep_before_the_request),
        T(test_is_replaced_before_the_request),
        T(test_looks_after_a_quick_answer),
        T(test_says_that_it_sleeps),
        T(test_not_when_the_cpu_is_wanted),
        T(test_not_for_one_that_sleeps),
        T(test_time_grows_and_shrinks),
        T(test_limit),
        T(test_server_ends),
        T(test_page_returns_to_the_guest),
        T(test_broadcasts_are_not_looked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
