/* SPDX-License-Identifier: MIT */
/* Events that the library, or the hypervisor, does without: docs/polling.md. */
#include "test-ioserver.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <oriel/polling.h>

#define VCPUS 3U
#define SLEEPS (ORIEL_POLL_SLEEP | ORIEL_POLL_SLEEP << ORIEL_POLL_RING_SHIFT)
#define LOOKS (ORIEL_POLL_LOOK | ORIEL_POLL_LOOK << ORIEL_POLL_RING_SHIFT)

static uint8_t *word(unsigned int vcpu, unsigned int which)
{
    return (uint8_t *)slot_of(vcpu) + which;
}

/* Words of the slots: of vcpu 0 about the ring, too. */
static void assert_says(uint8_t says, bool ring)
{
    uint8_t slot = says & ORIEL_POLL_MASK;

    for ( unsigned int i = 0; i < VCPUS; i++ )
        assert_int_equal(*word(i, ORIEL_POLL_EMULATOR),
                         i == 0 && ring ? says : slot);
}

/* Writes until the device stops the server; this one is of vcpu left % VCPUS. */
static unsigned int left;
static bool has_ring, by_event; /* the first write comes with an event */

/* Each write is followed by one of the next vcpu, without an event. */
static void device_write(void *data, uint64_t offset, unsigned int size,
                         uint64_t value)
{
    (void)data, (void)offset, (void)size, (void)value;
    assert_says(by_event ? SLEEPS : LOOKS, has_ring);
    by_event = false;
    *word(left % VCPUS, ORIEL_POLL_EMULATOR) = 0; /* as the hypervisor may */
    if ( --left == 0 )
        ioserver_stop(s);
    else
        put_write(left % VCPUS);
}

/* A buffered write to 0x81, without an event. */
static void put_entry(void)
{
    struct buffered_iopage *ring = (void *)ioreq_pages;

    ring->buf_ioreq[ring->write_pointer % IOREQ_BUFFER_SLOT_NUM] =
        (buf_ioreq_t){ .type = IOREQ_TYPE_PIO, .dir = IOREQ_WRITE, .addr = 0x81 };
    ring->write_pointer++;
}

static void ring_write(void *data, uint64_t offset, unsigned int size,
                       uint64_t value)
{
    (void)data, (void)offset, (void)size, (void)value;
    assert_says(LOOKS, true);
    *word(0, ORIEL_POLL_EMULATOR) = 0; /* as the hypervisor may */
    if ( --left == 0 )
        ioserver_stop(s);
    else
        put_entry();
}

static void open_server(unsigned int looks, bool no_ring)
{
    static const struct ioserver_range device = {
        .type = XEN_DMOP_IO_RANGE_PORT, .start = 0x80, .end = 0x80,
        .write = device_write };
    static const struct ioserver_range buffered = {
        .type = XEN_DMOP_IO_RANGE_PORT, .start = 0x81, .end = 0x81,
        .write = ring_write };

    k.nr_vcpus = VCPUS;
    has_ring = !no_ring;
    s = ioserver_open(&(struct ioserver_config){
        .domid = DOM, .looks = looks, .no_ring = no_ring });
    assert_non_null(s);
    assert_int_equal(ioserver_claim(s, &device), 0);
    assert_int_equal(ioserver_claim(s, &buffered), 0);
}

/* ---- what the library does when it sleeps ---- */

static int (*asleep)(void);

int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout);
int __real_poll(struct pollfd *fds, nfds_t nr, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    return asleep ? asleep() : __real_poll(fds, nr, timeout);
}

/* What the guest does when it has been told that the server sleeps. */
static void (*told)(void);

void __real_slots_say(ioserver *server, bool looks);
void __wrap_slots_say(ioserver *server, bool looks);
void __wrap_slots_say(ioserver *server, bool looks)
{
    void (*act)(void) = told;

    if ( !looks && act )
    {
        told = NULL;
        act(); /* without an event: it has not seen the word yet */
    }
    __real_slots_say(server, looks);
}

static int ends(void)
{
    ioserver_stop(s);
    return 0;
}

static int says_that_it_sleeps(void)
{
    assert_says(SLEEPS, has_ring);
    return ends();
}

static void runs(int (*when_asleep)(void))
{
    asleep = when_asleep;
    assert_int_equal(ioserver_run(s), 0);
    asleep = NULL;
}

/* ---- answers ---- */

static void test_notifies_unless_looked_at(void **state)
{
    (void)state;
    open_server(0, false);
    for ( unsigned int says = 0; says < 256; says++ )
    {
        left = 2;
        k.nr_notified = 0;
        *word(1, ORIEL_POLL_HYPERVISOR) = (uint8_t)says;
        slot_of(1)->state = STATE_IOREQ_READY; /* of no type: refused */
        assert_true(ioserver_look(s));
        assert_int_equal(slot_of(1)->state, STATE_IORESP_READY);
        assert_int_equal(k.nr_notified,
                         (says & ORIEL_POLL_MASK) != ORIEL_POLL_LOOK);
        assert_int_equal(*word(1, ORIEL_POLL_HYPERVISOR), says);
    }
}

/* ---- words ---- */

/* It does not look: it says nothing, as a program that knows nothing. */
static void test_says_nothing_without_looks(void **state)
{
    (void)state;
    open_server(0, false);
    runs(ends);
    assert_says(0, true);
}

static void test_says_what_it_does(void **state)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        open_server(5, i);
        left = 100;
        put_write(left % VCPUS);
        runs(says_that_it_sleeps);
        assert_int_equal(left, 0);
        assert_says(SLEEPS, has_ring);
        assert_int_equal(k.reads, 0);
        finish(state);
        clear(state);
    }
    open_server(5, false);
}

static void test_says_it_again_after_the_ring(void **state)
{
    (void)state;
    open_server(5, false);
    left = 20;
    put_entry();
    runs(says_that_it_sleeps);
    assert_int_equal(left, 0);
    assert_says(SLEEPS, true);
}

static int does_not_sleep(void)
{
    fail_msg("asleep with a request to serve");
    return -1;
}

static void one_more(void)
{
    by_event = true; /* the words say that it sleeps */
    put_write(0);
}

/* A request whose sender saw LOOK is found by the look after the last one. */
static void test_looks_once_more_before_it_sleeps(void **state)
{
    (void)state;
    open_server(5, false);
    left = 1;
    told = one_more;
    runs(does_not_sleep);
    assert_int_equal(left, 0);
}

static int wakes(void)
{
    assert_says(SLEEPS, has_ring);
    asleep = NULL;
    put_write(left % VCPUS);
    raise_event(VCPU_REMOTE + left % VCPUS);
    return 0;
}

static void test_wakes_and_looks_again(void **state)
{
    (void)state;
    open_server(5, false);
    by_event = true;
    left = 100;
    runs(wakes);
    assert_int_equal(left, 0);
    assert_says(SLEEPS, true);
}

static void *stop_it(void *server)
{
    while ( __atomic_load_n(word(0, ORIEL_POLL_EMULATOR), __ATOMIC_RELAXED) !=
            LOOKS )
        sched_yield();
    ioserver_stop(server);
    return NULL;
}

/* While it looks, and nothing comes. */
static void test_stops_while_it_looks(void **state)
{
    pthread_t thread;

    (void)state;
    open_server(UINT_MAX, false);
    assert_int_equal(pthread_create(&thread, NULL, stop_it, s), 0);
    runs(NULL);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_says(SLEEPS, true);
}

/* Nothing tells it: it asks now and then. */
static void test_guest_goes_while_it_looks(void **state)
{
    (void)state;
    open_server(UINT_MAX, false);
    k.server = false;
    assert_int_equal(ioserver_run(s), -1);
    assert_int_equal(errno, ESRCH);
}

/* A vcpu that does not exist yet has no port, and its slot no word. */
static void test_vcpus_that_come_later(void **state)
{
    (void)state;
    k.nr_absent = 1;
    open_server(5, false);
    runs(ends);
    assert_int_equal(*word(VCPUS - 1, ORIEL_POLL_EMULATOR), 0);
    assert_int_equal(*word(0, ORIEL_POLL_EMULATOR), SLEEPS);
    finish(state);
    clear(state);
    /* The ring has its port. */
    k.nr_absent = VCPUS;
    open_server(5, false);
    runs(ends);
    assert_int_equal(*word(0, ORIEL_POLL_EMULATOR),
                     ORIEL_POLL_SLEEP << ORIEL_POLL_RING_SHIFT);
    k.nr_absent = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, clear, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(notifies_unless_looked_at), TEST(says_nothing_without_looks),
        TEST(says_what_it_does), TEST(says_it_again_after_the_ring),
        TEST(looks_once_more_before_it_sleeps), TEST(wakes_and_looks_again),
        TEST(stops_while_it_looks), TEST(guest_goes_while_it_looks),
        TEST(vcpus_that_come_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
