/* SPDX-License-Identifier: MIT */
/*
 * Lost wake-ups: vcpus with requests for several emulators, each side of which
 * looks or sleeps as chance has it; emulators die and start again, as one that
 * knows docs/polling.md or as one that does not.  Run by the thread sanitizer as
 * well.
 *
 * A wake-up is lost when nobody runs and a vcpu waits: no time is measured.
 *
 *   test-ioreq-look-race [REQUESTS]   of each vcpu
 */
#include "test-evtchn.h"
#include "test-ioreq.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <oriel/polling.h>

#define VCPUS 8
#define EMULATORS 4
#define PORTS 0x100 /* of each emulator, from PORTS on */
#define LIVES 400   /* requests of a life, at most */
#define LEAST 100   /* silent answers before anybody stops, however threads run */

static unsigned int nr_requests = 1500, silent_answers;
static struct domain *d;

/* ---- who runs, and who is asleep ---- */

struct sleeper {
    bool asleep, woken;
};

static struct emulator {
    struct sleeper sleeper;
    unsigned int id; /* of its server */
    bool knows;      /* the protocol */
    ioreq_t *slots;
    evtchn_port_t port[VCPUS];
    uint64_t random;
    unsigned int served, silent, slept, deaths;
} emulator[EMULATORS];

static struct {
    struct sleeper sleeper;
    unsigned int answered, ones, slept;
    uint64_t longest; /* wait for an answer, ns */
} vcpu[VCPUS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned int nr_running, nr_unfinished; /* threads; vcpus */

/* The lock is held, in all of these. */

static void wake(struct sleeper *s)
{
    if ( s->asleep )
        nr_running++;
    s->asleep = false;
    WRITE_ONCE(s->woken, true);
    pthread_cond_broadcast(&changed);
}

static bool has_event(const struct emulator *e)
{
    for ( unsigned int i = 0; i < VCPUS; i++ )
        if ( test_bit(e->port[i], dom0->shared->evtchn_pending) )
            return true;
    return false;
}

static void one_runs_less(void)
{
    if ( --nr_running || !nr_unfinished )
        return;
    for ( unsigned int i = 0; i < VCPUS; i++ )
        fprintf(stderr, "vcpu %u: %s, pending %#x, %u answered\n", i,
                vcpu[i].sleeper.asleep ? "asleep" : "over",
                domain_vcpu(d, i)->io.pending, vcpu[i].answered);
    for ( unsigned int i = 0; i < EMULATORS; i++ )
    {
        const struct emulator *e = &emulator[i];

        fprintf(stderr, "emulator %u: %s, %s, an event %s\n", e->id,
                e->knows ? "new" : "old",
                e->sleeper.asleep ? "asleep" : "over",
                has_event(e) ? "pending" : "not pending");
        for ( unsigned int j = 0; j < VCPUS; j++ )
            fprintf(stderr, "  slot %u: state %u, words %u and %u, port %u "
                    "bound %u times, %u known\n", j, e->slots[j].state,
                    ((const uint8_t *)&e->slots[j])[ORIEL_POLL_EMULATOR],
                    ((const uint8_t *)&e->slots[j])[ORIEL_POLL_HYPERVISOR],
                    e->port[j],
                    evtchn_xen_bindings(d, d->ioreq.server[e->id]->port[j]),
                    domain_vcpu(d, j)->io.look.binding[e->id]);
    }
    fprintf(stderr, "a wake-up is lost\n");
    abort();
}

static void sleep_until_woken(struct sleeper *s)
{
    if ( !s->woken )
    {
        s->asleep = true;
        one_runs_less();
        while ( !s->woken )
            pthread_cond_wait(&changed, &lock);
    }
    WRITE_ONCE(s->woken, false);
}

/* dom0's upcall: those whose ports are pending go on. */
static void upcall(struct vcpu *v)
{
    (void)atomic_xchg(&v->info->evtchn_upcall_pending, 0);
    (void)atomic_xchg(&v->info->evtchn_pending_sel, 0);
    for ( unsigned int i = 0; i < EMULATORS; i++ )
        if ( emulator[i].sleeper.asleep && has_event(&emulator[i]) )
            wake(&emulator[i].sleeper);
}

static void kick(struct vcpu *v)
{
    pthread_mutex_lock(&lock);
    if ( v->domain == dom0 )
        upcall(v);
    else
        wake(&vcpu[v->vcpu_id].sleeper);
    pthread_mutex_unlock(&lock);
}

/* ---- vcpus ---- */

/* A step of anybody's is 100 ns: how long one looks does not depend on the load. */
static uint64_t steps(void)
{
    static uint64_t nr;

    return (uint64_t)atomic_add_return(&nr, 1) * 100;
}

static bool may_look(const struct vcpu *v)
{
    return !READ_ONCE(vcpu[v->vcpu_id].sleeper.woken) && now_ns() / 100 % 64;
}

static uint64_t real_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t right_answer(uint64_t port, unsigned int id)
{
    return port << 16 | id << 8 | 0x51;
}

static void sleep_vcpu(unsigned int i)
{
    pthread_mutex_lock(&lock);
    vcpu[i].slept++;
    sleep_until_woken(&vcpu[i].sleeper);
    pthread_mutex_unlock(&lock);
}

static void *run_vcpu(void *arg)
{
    struct vcpu *v = arg;
    unsigned int i = v->vcpu_id;
    uint64_t random = i + 1;

    fixture_be(v);
    for ( unsigned int n = 0;
          n < nr_requests || READ_ONCE(silent_answers) < LEAST; n++ )
    {
        uint64_t r = next_random(&random);
        const struct emulator *e = &emulator[r % EMULATORS];
        ioreq_t p = in(PORTS * (1 + e->id) + (r >> 8) % (PORTS - 4), 4);
        uint64_t port = p.addr;
        uint64_t began = real_ns();
        enum io_result result = ioreq_send(v, &p);

        while ( result == IO_PENDING )
        {
            ioreq_look(v);
            result = ioreq_resume(v, &p);
            if ( result == IO_PENDING )
                sleep_vcpu(i);
        }
        vcpu[i].longest = max(vcpu[i].longest, real_ns() - began);
        if ( p.data == ALL_ONES )
            vcpu[i].ones++; /* its emulator died, or was about to come */
        else if ( p.data == right_answer(port, e->id) )
            vcpu[i].answered++;
        else
            abort();
    }

    pthread_mutex_lock(&lock);
    WRITE_ONCE(nr_unfinished, nr_unfinished - 1);
    one_runs_less();
    for ( unsigned int j = 0; j < EMULATORS && !nr_unfinished; j++ )
        wake(&emulator[j].sleeper);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* ---- emulators ---- */

static void say(struct emulator *e, uint8_t word)
{
    for ( unsigned int i = 0; i < VCPUS; i++ )
        WRITE_ONCE(*((uint8_t *)&e->slots[i] + ORIEL_POLL_EMULATOR), word);
    smp_mb();
}

static bool vcpu_looks(const struct emulator *e, unsigned int i)
{
    const uint8_t *word = (const uint8_t *)&e->slots[i] +
                          ORIEL_POLL_HYPERVISOR;

    smp_mb();
    return e->knows && READ_ONCE(*word) == ORIEL_POLL_LOOK;
}

/* Serve what is in the slots: how much? */
static unsigned int look(struct emulator *e)
{
    unsigned int found = 0;

    for ( unsigned int i = 0; i < VCPUS; i++ )
    {
        ioreq_t *slot = &e->slots[i];
        uint8_t *state = (uint8_t *)slot + 30, now = load_acquire(state);

        if ( (now & 0xf) != STATE_IOREQ_READY )
            continue;
        WRITE_ONCE(slot->data, right_answer(READ_ONCE(slot->addr), e->id));
        store_release(state, (uint8_t)((now & 0xf0) | STATE_IORESP_READY));
        found++;
        if ( vcpu_looks(e, i) )
        {
            e->silent++;
            atomic_add_return(&silent_answers, 1);
        }
        else if ( ev_send(e->port[i]) )
            abort();
    }
    e->served += found;
    return found;
}

/* Its events are taken before it looks. */
static void sleep_emulator(struct emulator *e)
{
    pthread_mutex_lock(&lock);
    e->slept++;
    if ( !has_event(e) && READ_ONCE(nr_unfinished) )
        sleep_until_woken(&e->sleeper);
    WRITE_ONCE(e->sleeper.woken, false);
    pthread_mutex_unlock(&lock);
    for ( unsigned int i = 0; i < VCPUS; i++ )
        clear_bit(e->port[i], dom0->shared->evtchn_pending);
}

/* Looks for a while; found it nothing at last, it may sleep. */
static unsigned int look_for_a_while(struct emulator *e)
{
    unsigned int looks = (unsigned int)next_random(&e->random) % 64, found = 0;

    if ( !e->knows )
        return look(e);
    say(e, ORIEL_POLL_LOOK);
    while ( looks-- )
    {
        found += look(e);
        sched_yield();
    }
    say(e, ORIEL_POLL_SLEEP);
    return found + look(e);
}

/* The words stay as the dead one left them. */
static void die(struct emulator *e)
{
    if ( e->knows && next_random(&e->random) % 2 )
        say(e, ORIEL_POLL_LOOK);
    for ( unsigned int i = 0; i < VCPUS; i++ )
        if ( ev_close(e->port[i]) )
            abort();
    e->deaths++;
}

static void begin(struct emulator *e)
{
    e->knows = next_random(&e->random) % 3;
    for ( unsigned int i = 0; i < VCPUS; i++ )
        if ( ev_bind(d->domain_id, d->ioreq.server[e->id]->port[i],
                     &e->port[i]) )
            abort();
}

static void *run_emulator(void *arg)
{
    struct emulator *e = arg;

    fixture_be_dom(dom0);
    while ( READ_ONCE(nr_unfinished) )
    {
        unsigned int until = e->served +
                             (unsigned int)next_random(&e->random) % LIVES;

        while ( READ_ONCE(nr_unfinished) && e->served <= until )
            if ( !look_for_a_while(e) )
                sleep_emulator(e);
        die(e);
        begin(e);
    }
    return NULL;
}

/* ---- all of them ---- */

static void set_up(void)
{
    d = fixture_guest(VCPUS);
    for ( unsigned int i = 0; i < EMULATORS; i++ )
    {
        struct emulator *e = &emulator[i];

        e->id = serve(d, OFF, PORT, PORTS * (1 + i), PORTS * (2 + i) - 1);
        e->slots = slot_of(d, e->id, 0);
        e->random = 4711 + i;
        begin(e);
    }
    hosted_hooks.kick = kick;
    hosted_hooks.may_look = may_look;
    hosted_hooks.now = steps;
    ioreq_look_set_limit(1000);
    upcall(domain_vcpu(dom0, 0)); /* binding raised events */
    nr_running = VCPUS + EMULATORS;
    nr_unfinished = VCPUS;
}

static void report(void)
{
    unsigned int sum = 0, ones = 0;
    uint64_t longest = 0;

    for ( unsigned int i = 0; i < EMULATORS; i++ )
    {
        const struct ioreq_server *s = d->ioreq.server[i];

        print_message("emulator %u: %u served, %u answers silent, slept %u "
                      "times, died %u times; %lu requests, %lu silent\n", i,
                      emulator[i].served, emulator[i].silent,
                      emulator[i].slept, emulator[i].deaths,
                      (unsigned long)s->sent, (unsigned long)s->silent);
    }
    for ( unsigned int i = 0; i < VCPUS; i++ )
    {
        sum += vcpu[i].answered;
        ones += vcpu[i].ones;
        longest = max(longest, vcpu[i].longest);
    }
    print_message("%u requests answered, %u with ones; longest wait %lu us\n",
                  sum, ones, (unsigned long)longest / 1000);
    assert_in_range(sum + ones, VCPUS * nr_requests, UINT32_MAX);
    assert_in_range(silent_answers, LEAST, sum);
}

static void test_no_wake_up_is_lost(void **state)
{
    pthread_t thread[VCPUS + EMULATORS];

    (void)state;
    set_up();
    for ( unsigned int i = 0; i < VCPUS; i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, run_vcpu,
                                        domain_vcpu(d, i)), 0);
    for ( unsigned int i = 0; i < EMULATORS; i++ )
        assert_int_equal(pthread_create(&thread[VCPUS + i], NULL,
                                        run_emulator, &emulator[i]), 0);
    for ( unsigned int i = 0; i < VCPUS + EMULATORS; i++ )
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    hosted_hooks.kick = NULL;
    hosted_hooks.may_look = NULL;
    hosted_hooks.now = NULL;
    report();
    assert_false(domain_is_shut_down(d));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_wake_up_is_lost, fixture_setup,
                                        fixture_teardown),
    };

    if ( argc > 1 )
        nr_requests = (unsigned int)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
