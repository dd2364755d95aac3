/* SPDX-License-Identifier: MIT */
/*
 * Event channels with several threads: senders, while other threads close
 * ports, free them, switch the ABI, overwrite the event words or end their
 * domain.  Run by the thread sanitizer, and by the address sanitizer for freed
 * objects.
 */
#include "test-evtchn.h"

#include <pthread.h>

#define ROUNDS 10000

static struct domain *d; /* not translated: its frames serve as they are */
static bool stop;
static unsigned int work[4];

static struct domain *untranslated_guest(void)
{
    struct xen_domctl_createdomain config = fixture_config(2);

    config.flags = 0;
    return fixture_guest_config(&config);
}

static pthread_t run(void *(*fn)(void *arg), void *arg)
{
    pthread_t t;

    assert_int_equal(pthread_create(&t, NULL, fn, arg), 0);
    return t;
}

/* cmocka's assertions are for its own thread. */
static void must(bool ok, const char *what)
{
    if ( ok )
        return;
    fprintf(stderr, "failed: %s\n", what);
    abort();
}

#define MUST(x) must(x, #x)
#define MUST_BE_0_OR_EINVAL(x)              \
    do {                                    \
        long rc_ = (x);                     \
        MUST(rc_ == 0 || rc_ == -EINVAL);   \
    } while ( 0 )

/* ---- send and bind against close ---- */

static evtchn_port_t offered;

static void *offer_and_close(void *arg)
{
    evtchn_port_t port;

    (void)arg;
    fixture_be(domain_vcpu(d, 1));
    for ( unsigned int i = 0; i < ROUNDS; i++ )
    {
        MUST(ev_alloc(DOMID_SELF, 0, &port) == 0);
        store_release(&offered, port);
        for ( unsigned int n = 0; n < i % 8; n++ )
            MUST(ev_send(port) == 0);
        MUST(ev_close(port) == 0);
    }
    store_release(&stop, true);
    return NULL;
}

static void *bind_send_close(void *arg)
{
    evtchn_port_t here;

    (void)arg;
    fixture_be_dom(dom0);
    while ( !load_acquire(&stop) )
    {
        if ( ev_bind(d->domain_id, load_acquire(&offered), &here) )
            continue;
        work[0]++;
        for ( unsigned int n = 0; n < 4; n++ )
            MUST(ev_send(here) == 0);
        MUST(ev_close(here) == 0);
    }
    return NULL;
}

static void *ask_status(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    while ( !load_acquire(&stop) )
    {
        struct evtchn_status s = { .dom = d->domain_id, .port = 1 };

        MUST(evtchn_op(EVTCHNOP_status, &s) == 0);
        if ( s.status == EVTCHNSTAT_interdomain )
            MUST(s.u.interdomain.dom == 0);
    }
    return NULL;
}

static void test_send_against_close(void **state)
{
    pthread_t t[3];

    (void)state;
    d = untranslated_guest();
    stop = false;
    work[0] = 0;
    t[0] = run(offer_and_close, NULL);
    t[1] = run(bind_send_close, NULL);
    t[2] = run(ask_status, NULL);
    for ( unsigned int i = 0; i < 3; i++ )
        pthread_join(t[i], NULL);
    assert_true(work[0] > 0);
    assert_int_equal(dom0->evtchn.active, 0);
    assert_int_equal(d->evtchn.active, 0);
    fixture_kill(d);
}

/* Both ends of a binding close at once, and both send. */
static evtchn_port_t ends[2];
static pthread_barrier_t barrier;

static void *close_own_end(void *arg)
{
    unsigned int me = (unsigned int)(uintptr_t)arg;

    fixture_be_dom(me ? d : dom0);
    for ( unsigned int i = 0; i < ROUNDS / 3; i++ )
    {
        if ( !me )
        {
            MUST(ev_alloc(d->domain_id, 0, &ends[1]) == 0);
            MUST(ev_bind(d->domain_id, ends[1], &ends[0]) == 0);
        }
        pthread_barrier_wait(&barrier);
        MUST(ev_send(ends[me]) == 0);
        MUST(ev_close(ends[me]) == 0);
        MUST(ev_send(ends[me]) == -EINVAL);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void test_both_ends_close(void **state)
{
    pthread_t t[2];

    (void)state;
    d = untranslated_guest();
    pthread_barrier_init(&barrier, NULL, 2);
    for ( unsigned int i = 0; i < 2; i++ )
        t[i] = run(close_own_end, (void *)(uintptr_t)i);
    for ( unsigned int i = 0; i < 2; i++ )
        pthread_join(t[i], NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal(dom0->evtchn.active + d->evtchn.active, 0);
    fixture_kill(d);
}

/* ---- the hypervisor's port: no call after it is freed ---- */

static bool alive;
static unsigned int calls;

static void consumer(struct vcpu *v, evtchn_port_t port)
{
    (void)v, (void)port;
    MUST(READ_ONCE(alive));
    (void)atomic_add_return(&calls, 1);
}

static void *bind_and_send(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    while ( !load_acquire(&stop) )
    {
        evtchn_port_t here;

        if ( ev_bind(d->domain_id, load_acquire(&offered), &here) )
            continue;
        for ( unsigned int n = 0; n < 8; n++ )
            MUST(ev_send(here) == 0);
        MUST(ev_close(here) == 0);
    }
    return NULL;
}

static void test_no_consumer_after_free(void **state)
{
    pthread_t t;

    (void)state;
    d = untranslated_guest();
    stop = false;
    calls = 0;
    t = run(bind_and_send, NULL);
    for ( unsigned int i = 0; i < ROUNDS || !READ_ONCE(calls); i++ )
    {
        int port;

        WRITE_ONCE(alive, true);
        port = evtchn_alloc_xen(domain_vcpu(d, 0), 0, consumer);
        assert_true(port > 0);
        store_release(&offered, (evtchn_port_t)port);
        for ( unsigned int n = 0; n < 20; n++ )
            evtchn_notify_xen(d, (evtchn_port_t)port);
        evtchn_free_xen(d, (evtchn_port_t)port);
        WRITE_ONCE(alive, false);
    }
    store_release(&stop, true);
    pthread_join(t, NULL);
    assert_int_equal(d->evtchn.active, 0);
    fixture_kill(d);
}

/* ---- no event is lost when the ABI is switched ---- */

enum { NR_PORTS = 200 };

static void *send_each_once(void *arg)
{
    evtchn_port_t *here = arg;

    fixture_be_dom(dom0);
    pthread_barrier_wait(&barrier);
    for ( unsigned int i = 0; i < NR_PORTS; i++ )
        MUST(ev_send(here[i]) == 0);
    return NULL;
}

static void test_switch_loses_no_event(void **state)
{
    evtchn_port_t here[NR_PORTS], there[NR_PORTS];

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    for ( unsigned int round = 0; round < 60; round++ )
    {
        struct page *block, *words;
        event_word_t *word;
        pthread_t t;

        d = untranslated_guest();
        for ( unsigned int i = 0; i < NR_PORTS; i++ )
            ev_pair(d, &here[i], &there[i]);
        block = page_alloc(d, 0, 0);
        words = page_alloc(d, 0, 0);
        word = page_to_virt(words);
        t = run(send_each_once, here);
        fixture_be_dom(d);
        pthread_barrier_wait(&barrier);
        for ( volatile unsigned int i = 0; i < round * 1000; i++ )
            ;
        assert_int_equal(ev_control(mfn_x(page_to_mfn(block)), 0, 0), 0);
        assert_int_equal(ev_expand(mfn_x(page_to_mfn(words))), 0);
        pthread_join(t, NULL);
        for ( unsigned int i = 0; i < NR_PORTS; i++ )
            assert_true(word[there[i]] & (1U << EVTCHN_FIFO_PENDING));
        page_put(block);
        page_put(words);
        fixture_be_dom(dom0);
        fixture_kill(d);
        assert_int_equal(ev_reset(DOMID_SELF), 0);
    }
    pthread_barrier_destroy(&barrier);
}

/* ---- a guest that fights for its words; resets meanwhile ---- */

static event_word_t *fought;

static void *spoil(void *arg)
{
    (void)arg;
    while ( !load_acquire(&stop) )
        for ( unsigned int i = 0; i < 64; i++ )
            (void)atomic_fetch_or(&fought[i], 1U << EVTCHN_FIFO_LINKED),
                (void)atomic_xchg(&fought[i], i);
    return NULL;
}

static void *send_all(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    while ( !load_acquire(&stop) )
        for ( evtchn_port_t port = 1; port < 32; port++ )
            MUST_BE_0_OR_EINVAL(ev_send(port));
    return NULL;
}

static void test_guest_fights(void **state)
{
    struct page *block, *words;
    evtchn_port_t here, there;
    pthread_t t[2];

    (void)state;
    d = untranslated_guest();
    block = page_alloc(d, 0, 0);
    words = page_alloc(d, 0, 0);
    fought = page_to_virt(words);
    stop = false;
    t[0] = run(spoil, NULL);
    t[1] = run(send_all, NULL);
    for ( unsigned int i = 0; i < 100; i++ )
    {
        fixture_be_dom(dom0);
        for ( unsigned int n = 0; n < 30; n++ )
            ev_pair(d, &here, &there);
        fixture_be_dom(d);
        assert_int_equal(ev_control(mfn_x(page_to_mfn(block)), 8, 0), 0);
        assert_int_equal(ev_control(mfn_x(page_to_mfn(block)), 128, 1), 0);
        assert_int_equal(ev_expand(mfn_x(page_to_mfn(words))), 0);
        for ( unsigned int n = 0; n < 20; n++ )
        {
            (void)ev_move(1 + n, n % 2);
            (void)ev_priority(1 + n, n % 16);
            (void)ev_unmask(1 + n);
        }
        assert_int_equal(ev_reset(DOMID_SELF), 0);
        fixture_be_dom(dom0);
        assert_int_equal(ev_reset(DOMID_SELF), 0);
    }
    store_release(&stop, true);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    page_put(block);
    page_put(words);
    fixture_kill(d);
}

/* ---- a domain dies while others send to it and it sends ---- */

static void test_death_of_a_receiver(void **state)
{
    pthread_t t;

    (void)state;
    stop = false;
    t = run(send_all, NULL);
    for ( unsigned int i = 0; i < 100; i++ )
    {
        evtchn_port_t here, there;

        d = untranslated_guest();
        for ( unsigned int n = 0; n < 20; n++ )
            ev_pair(d, &here, &there);
        fixture_kill(d);
        assert_int_equal(ev_reset(DOMID_SELF), 0);
    }
    store_release(&stop, true);
    pthread_join(t, NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_send_against_close),
        T(test_both_ends_close),
        T(test_no_consumer_after_free),
        T(test_switch_loses_no_event),
        T(test_guest_fights),
        T(test_death_of_a_receiver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
