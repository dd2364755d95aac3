/* SPDX-License-Identifier: MIT */
/* liboriel-ioreq: opening, claims, waiting, stopping, ending. */
#include "test-ioserver.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

/* poll() never ends by its time when this is set. */
static bool patient;
static unsigned int nr_polls;
int __real_poll(struct pollfd *fds, nfds_t nr, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t nr, int timeout)
{
    __atomic_fetch_add(&nr_polls, 1, __ATOMIC_SEQ_CST);
    return __real_poll(fds, nr, patient ? -1 : timeout);
}

/* errno of eventfd(); 0: it succeeds. */
static int eventfd_error;
int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);

int __wrap_eventfd(unsigned int count, int flags)
{
    errno = eventfd_error;
    return eventfd_error ? -1 : __real_eventfd(count, flags);
}

static unsigned int nr_failures;
static char what_failed[64];

static void on_failure(void *data, const char *what, const char *hint)
{
    assert_true(data == &nr_failures && hint);
    strncpy(what_failed, what, sizeof(what_failed) - 1);
    nr_failures++;
    errno = 0; /* which must not matter */
}

static ioserver *open_server(unsigned int looks, bool no_ring)
{
    struct ioserver_config config = { .domid = DOM, .data = &nr_failures,
                                      .failed = on_failure, .looks = looks,
                                      .no_ring = no_ring };

    nr_failures = 0;
    return s = ioserver_open(&config);
}

static void test_open(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    assert_int_equal(ioserver_id(s), ID);
    assert_non_null(ioserver_device_model(s));
    assert_int_equal(ioserver_fd(s), k.events[0]);
    assert_true(k.enabled && k.resource);
    assert_int_equal(k.bound, 3);
    assert_true(ioserver_alive(s));
    ioserver_close(NULL);
}

/* Each step fails once: nothing is left, errno is the step's, it is named. */
static void test_every_step_fails(void **state)
{
    (void)state;
    for ( unsigned int step = DM_OPEN; step <= BIND; step++ )
    {
        if ( step == GET_GFNS || step == MAP_GFNS )
            continue;
        k.error[step] = EPERM;
        errno = 0;
        assert_null(open_server(0, false));
        assert_int_equal(errno, EPERM);
        assert_int_equal(nr_failures, 1);
        assert_nothing_left();
        k.error[step] = 0;
        k.enabled = k.resource = false;
    }
    eventfd_error = ENOMEM;
    assert_null(open_server(0, false));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(nr_failures, 1);
    assert_string_equal(what_failed, "make an eventfd");
    assert_nothing_left();
    eventfd_error = 0;
    assert_null(ioserver_open(&(struct ioserver_config){
        .domid = DOM, .looks = (unsigned int)(k.error[NR_VCPUS] = ESRCH) }));
    assert_int_equal(errno, ESRCH); /* without a callback, too */
}

static void test_without_ring(void **state)
{
    (void)state;
    assert_non_null(open_server(0, true));
    assert_int_equal(k.bound, 2);
    assert_int_equal(k.pages_mapped, 1);
    slot_of(1)->state = STATE_IOREQ_READY;
    assert_true(ioserver_look(s));
    assert_int_equal(slot_of(1)->state, STATE_IORESP_READY);
}

/* Pages at gfns: where there are no resources, and only there. */
static void test_gfns(void **state)
{
    static const int missing[] = { EOPNOTSUPP, ENOSYS, EACCES };

    (void)state;
    for ( unsigned int i = 0; i < 6; i++ )
    {
        k.error[MAP_RESOURCE] = missing[i % 3];
        assert_non_null(open_server(0, i > 2));
        assert_int_equal(k.pages_mapped, i > 2 ? 1 : 2);
        assert_int_equal(nr_failures, 0);
        ioserver_close(s);
        assert_nothing_left();
        k.enabled = false;
    }
    for ( unsigned int step = GET_GFNS; step <= MAP_GFNS; step++ )
    {
        k.error[step] = ENOMEM;
        assert_null(open_server(0, false));
        assert_int_equal(errno, ENOMEM);
        assert_nothing_left();
        k.error[step] = 0;
    }
    k.calls[GET_GFNS] = 0;
    k.nr_vcpus = 129;
    assert_null(open_server(0, false));
    assert_int_equal(errno, EOPNOTSUPP);
    k.error[MAP_RESOURCE] = EINVAL;
    assert_null(open_server(0, false));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(k.calls[GET_GFNS], 0);
}

/* Slots on four pages, each with its own port. */
static void test_many_vcpus(void **state)
{
    (void)state;
    k.nr_vcpus = MAX_VCPUS;
    assert_non_null(open_server(0, false));
    assert_int_equal(k.bound, MAX_VCPUS + 1);
    for ( unsigned int i = 0; i < MAX_VCPUS; i++ )
    {
        slot_of(i)->state = STATE_IOREQ_READY;
        if ( i != 511 )
            slot_of(511)->state = STATE_IOREQ_NONE;
        k.nr_notified = 0;
        raise_event(VCPU_REMOTE + i);
        assert_int_equal(ioserver_wait(s, 0), 1);
        assert_int_equal(k.nr_notified, 1);
        assert_int_equal(k.notified[0], VCPU_REMOTE + LOCAL + i);
        assert_int_equal(slot_of(i)->state, STATE_IORESP_READY);
    }
    assert_false(ioserver_look(s));
}

static void test_later_vcpus(void **state)
{
    (void)state;
    k.nr_vcpus = 5;
    k.nr_absent = 2;
    assert_non_null(open_server(0, false));
    assert_int_equal(k.bound, 4);
    slot_of(3)->state = STATE_IOREQ_READY; /* of a vcpu that does not exist */
    assert_false(ioserver_look(s));
    slot_of(3)->vp_eport = VCPU_REMOTE + 3;
    assert_int_equal(ioserver_bind(s), 0);
    assert_int_equal(k.bound, 5);
    assert_true(ioserver_look(s));
    slot_of(4)->vp_eport = VCPU_REMOTE + 4;
    k.error[BIND] = EACCES;
    assert_int_equal(ioserver_bind(s), -1);
    assert_int_equal(errno, EACCES);
}

/* ---- claims ---- */

static int claim(uint32_t type, uint64_t start, uint64_t end, bool want)
{
    struct ioserver_range r = { .type = type, .start = start, .end = end };

    errno = 0;
    return want ? ioserver_claim(s, &r) : ioserver_release(s, &r);
}

static void test_claims(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    for ( uint64_t i = 0; i < 256; i++ ) /* 0, 7, 14, ... in another order */
        assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, (i * 7 % 256) * 16,
                               (i * 7 % 256) * 16 + 3, true), 0);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 16, 18, false), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 17, 19, false), -1);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_MEMORY, 16, 19, false), -1);
    k.error[RELEASE] = ENOMEM;
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 16, 19, false), -1);
    assert_int_equal(errno, ENOMEM);
    k.error[RELEASE] = 0;
    for ( uint64_t i = 0; i < 256; i++ )
        assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, (i * 11 % 256) * 16,
                               (i * 11 % 256) * 16 + 3, false), 0);
    assert_int_equal(k.claims, 0);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 0, 3, false), -1);
}

static void test_claims_that_fail(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    assert_int_equal(claim(3, 0, 1, true), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(claim(3, 0, 1, false), -1);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 2, 1, true), -1);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PCI, 2, 3, true), -1);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PCI, 0x10000, 0x10000, true), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(k.calls[CLAIM], 0);
    k.error[CLAIM] = EEXIST;
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 0, 3, true), -1);
    assert_int_equal(errno, EEXIST);
    k.error[CLAIM] = 0;
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PORT, 0, 3, false), -1);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_MEMORY, 0, ~0UL, true), 0);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PCI, 0x1f2, 0x1f2, true), 0);
    assert_int_equal(claim(XEN_DMOP_IO_RANGE_PCI, 0x1f2, 0x1f2, false), 0);
}

/* ---- waiting ---- */

static void test_wait(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    assert_int_equal(ioserver_wait(s, 0), 0);
    raise_event(VCPU_REMOTE);
    assert_int_equal(ioserver_wait(s, -1), 1);
    assert_int_equal(ioserver_wait(s, -1), -1); /* the pipe does not block */
    assert_int_equal(errno, EAGAIN);
    close(k.events[0]);
    assert_int_equal(ioserver_wait(s, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ioserver_run(s), -1);
    assert_int_equal(errno, EBADF);
    k.events[0] = dup(k.events[1]); /* for finish() */
}

/* Not before it sleeps. */
static void *stop_it(void *server)
{
    while ( !__atomic_load_n(&nr_polls, __ATOMIC_SEQ_CST) )
        sched_yield();
    ioserver_stop(server);
    return NULL;
}

static void stopping_write(void *data, uint64_t offset, unsigned int size,
                           uint64_t value)
{
    (void)data, (void)offset, (void)size, (void)value;
    ioserver_stop(s);
}

static const struct ioserver_range stopper = {
    .type = XEN_DMOP_IO_RANGE_PORT, .start = 0x80, .end = 0x80,
    .write = stopping_write };

/* Before it runs, by a callback, by a thread: each ends one run. */
static void test_stop(void **state)
{
    pthread_t thread;

    (void)state;
    assert_non_null(open_server(0, false));
    assert_int_equal(ioserver_claim(s, &stopper), 0);
    errno = 4711;
    ioserver_stop(s);
    ioserver_stop(s);
    assert_int_equal(errno, 4711);
    slot_of(1)->state = STATE_IOREQ_READY; /* is served all the same */
    assert_int_equal(ioserver_run(s), 0);
    assert_int_equal(slot_of(1)->state, STATE_IORESP_READY);

    put_write(0);
    raise_event(VCPU_REMOTE);
    assert_int_equal(ioserver_run(s), 0);
    assert_int_equal(slot_of(0)->state, STATE_IORESP_READY);
    assert_int_equal(k.reads, 1); /* this run did not end at once */

    nr_polls = 0;
    patient = true;
    assert_int_equal(pthread_create(&thread, NULL, stop_it, s), 0);
    assert_int_equal(ioserver_run(s), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    patient = false;
}

/* With looks a request is served whose event has not come. */
static void test_looks(void **state)
{
    (void)state;
    assert_non_null(open_server(3, false));
    assert_int_equal(ioserver_claim(s, &stopper), 0);
    put_write(1);
    assert_int_equal(ioserver_run(s), 0);
    assert_int_equal(slot_of(1)->state, STATE_IORESP_READY);
    assert_int_equal(k.reads, 0);
    /* Its event comes later, and announces nothing; the next one does. */
    raise_event(VCPU_REMOTE + 1);
    assert_int_equal(ioserver_wait(s, 0), 1);
    assert_int_equal(k.nr_notified, 1);
}

static void test_guest_that_has_gone(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    k.server = false;
    assert_false(ioserver_alive(s));
    assert_int_equal(ioserver_run(s), -1);
    assert_int_equal(errno, ESRCH);
}

static void test_restrict(void **state)
{
    (void)state;
    assert_non_null(open_server(0, false));
    for ( unsigned int step = RESTRICT_DM; step <= RESTRICT_EVENTS; step++ )
    {
        k.error[step] = ENOTTY;
        assert_int_equal(ioserver_restrict(s), -1);
        assert_int_equal(errno, ENOTTY);
        k.error[step] = 0;
    }
    assert_int_equal(ioserver_restrict(s), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, clear, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(open), TEST(every_step_fails), TEST(without_ring), TEST(gfns),
        TEST(many_vcpus), TEST(later_vcpus), TEST(claims),
        TEST(claims_that_fail), TEST(wait), TEST(stop), TEST(looks),
        TEST(guest_that_has_gone), TEST(restrict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
