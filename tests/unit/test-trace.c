/* SPDX-License-Identifier: MIT */
/*
 * Traces and counters: rings, cursors, what is lost, who may, each errno, and
 * what the core records of a request.
 *
 * Seen failing with: a ring of which the oldest record is handed out although
 * it is being replaced; lost records that are not counted; a cursor ahead of
 * the ring; rings that stay when the second one's allocation failed; events
 * that do not exist; the record before the answer is taken.
 */
#include "test-trace.h"

#include "test-ioreq.h"

/* Records of a ring, as trace_init(TRACE_MIN_SIZE) makes it. */
#define SMALL (TRACE_MIN_SIZE / sizeof(struct oriel_trace_record))

/* An event that nothing in these tests causes: the rings are there. */
static void make_small_rings(void)
{
    trace_init(TRACE_MIN_SIZE);
    assert_int_equal(set_events(1U << ORIEL_TRACE_sleep), 0);
}

static void test_info(void **state)
{
    struct oriel_sysctl_trace t = { 0 };

    (void)state;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(t.events, 0);
    assert_int_equal(t.nr, 2);
    assert_int_equal(t.record_size, 32);
    assert_int_equal(t.ring_size, TRACE_SIZE / 32);
    assert_int_equal(set_events(5), 0);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(t.events, 5);
    t.events = 2;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_set, &t), 0);
    assert_int_equal(t.events, 5); /* what it was */
    trace_end();
    trace_init(TRACE_MIN_SIZE * 3 - 1);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(t.ring_size, 2 * SMALL);
    trace_init(1);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(t.ring_size, SMALL);
    trace_init(~0UL);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(t.ring_size, TRACE_MAX_SIZE / 32);
}

/* Its number is far from all of Xen's, which count from 1. */
static void test_command_is_ours(void **state)
{
    (void)state;
    assert_in_range(ORIEL_SYSCTL_trace, 1000 * XEN_SYSCTL_get_cpu_policy,
                    INT32_MAX);
}

static void test_control_domains_only(void **state)
{
    struct oriel_sysctl_trace t = { 0 };
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_be_dom(d);
    for ( uint32_t op = 0; op <= ORIEL_TRACE_OP_counters + 1; op++ )
        assert_int_equal(trace_call(op, &t), -EPERM);
    fixture_be_dom(fixture_pvh_dom0());
    assert_int_equal(trace_call(ORIEL_TRACE_OP_info, &t), 0);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters + 1, &t), -EINVAL);
}

static void test_set_errors(void **state)
{
    (void)state;
    assert_int_equal(set_events(ALL_EVENTS + 1), -EINVAL);
    assert_int_equal(set_events(1U << 31 | 1), -EINVAL);
    trace_init(0);
    assert_int_equal(set_events(1), -EOPNOTSUPP);
    assert_int_equal(set_events(0), 0);
}

static void test_read_errors(void **state)
{
    struct oriel_trace_record r[4];
    struct oriel_sysctl_trace t = { 0 };

    (void)state;
    trace_init(TRACE_MIN_SIZE);
    assert_int_equal(read_records(&t, r, 4), -ENODATA);
    make_small_rings();
    assert_int_equal(read_records(&t, r, 4), 0);
    assert_int_equal(t.nr, 0);
    assert_int_equal(read_records(&t, r, 0), -ENOBUFS);
    t.cpu = 2;
    assert_int_equal(read_records(&t, r, 4), -EINVAL);
    t.cpu = ~0U;
    assert_int_equal(read_records(&t, r, 4), -EINVAL);
    t.cpu = 0;
    t.cursor = 1; /* of the future */
    assert_int_equal(read_records(&t, r, 4), -EINVAL);
    t.cursor = ORIEL_TRACE_NEWEST - 1;
    assert_int_equal(read_records(&t, r, 4), -EINVAL);
    t.cursor = 0;
    record_number(0);
    assert_int_equal(read_records(&t, (void *)8UL, 4), -EFAULT);
    assert_int_equal(read_records(&t, r, 4), 0);
    assert_int_equal(t.nr, 1);
    t.cursor = 0;
    t.nr = 4;
    t.record_size = sizeof(r[0]) - 8;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_read, &t), -EINVAL);
}

/* Read all there is of CPU 0: numbers from `first` on, and how many. */
static uint64_t read_numbers(struct oriel_sysctl_trace *t, uint64_t first,
                             uint32_t room, uint64_t *lost)
{
    struct oriel_trace_record r[2 * SMALL];
    uint64_t seen = 0;

    *lost = 0;
    do {
        assert_int_equal(read_records(t, r, room), 0);
        assert_in_range(t->nr, 0, room);
        for ( uint32_t i = 0; i < t->nr; i++ )
            assert_true(is_number(&r[i], first + seen + i));
        seen += t->nr;
        *lost += t->lost;
    } while ( t->nr || t->lost );
    return seen;
}

static void test_ring_wraps(void **state)
{
    struct oriel_sysctl_trace t = { 0 }, late = { 0 };
    uint64_t lost, n = 0;

    (void)state;
    make_small_rings();
    for ( ; n < SMALL - 1; n++ )
        record_number(n);
    assert_int_equal(read_numbers(&t, 0, 7, &lost), SMALL - 1);
    assert_int_equal(lost, 0);
    assert_int_equal(t.cursor, n);

    /* Its place is the next one's: it can be read no more. */
    record_number(n++);
    late.cursor = 0;
    assert_int_equal(read_numbers(&late, 1, 2 * SMALL, &lost), SMALL - 1);
    assert_int_equal(lost, 1);
    assert_int_equal(read_numbers(&t, n - 1, 1, &lost), 1);
    assert_int_equal(lost, 0);

    for ( ; n < 5 * SMALL + 3; n++ )
        record_number(n);
    assert_int_equal(read_numbers(&t, n - (SMALL - 1), 5, &lost), SMALL - 1);
    assert_int_equal(lost, 3 * SMALL + 4 + (SMALL - SMALL));
    late.cursor = ORIEL_TRACE_NEWEST;
    assert_int_equal(read_numbers(&late, n, 5, &lost), 0);
    assert_int_equal(lost, 0);
    assert_int_equal(late.cursor, n);
}

/* A long read gives way, and its caller goes on. */
static void test_reading_gives_way(void **state)
{
    struct oriel_trace_record r[SMALL];
    struct oriel_sysctl_trace t = { 0 };
    uint64_t lost;

    (void)state;
    make_small_rings();
    for ( uint64_t n = 0; n < SMALL - 1; n++ )
        record_number(n);
    hosted_preempt_every(1);
    assert_int_equal(read_records(&t, r, SMALL), 0);
    assert_in_range(t.nr, 1, SMALL / 2);
    t.cursor = 0;
    assert_int_equal(read_numbers(&t, 0, SMALL, &lost), SMALL - 1);
    assert_int_equal(lost, 0);
}

static void test_cpus_have_their_own(void **state)
{
    struct oriel_trace_record r[2];
    struct oriel_sysctl_trace t = { .cpu = 1 };

    (void)state;
    make_small_rings();
    record_number(1);
    assert_int_equal(read_records(&t, r, 2), 0);
    assert_int_equal(t.nr, 0);
    fixture_be_dom(fixture_guest(1));
    record_number(2);
    fixture_be_dom(dom0);
    assert_int_equal(read_records(&t, r, 2), 0);
    assert_int_equal(t.nr, 1);
    assert_true(is_number(r, 2));
    assert_int_equal(r[0].cpu, 1);
}

/* ---- memory ---- */

static long switch_on(void *arg)
{
    (void)arg;
    return set_events(ALL_EVENTS);
}

static void test_allocation_failure(void **state)
{
    uint64_t pages = page_nr_free();

    (void)state;
    for ( unsigned int nth = 1; nth <= 2; nth++ )
    {
        uint64_t objects = hosted_heap_objects();

        hosted_fail_alloc(nth);
        assert_int_equal(switch_on(NULL), -ENOMEM);
        assert_true(hosted_alloc_failed());
        hosted_fail_alloc(0);
        assert_int_equal(trace_events, 0);
        assert_int_equal(hosted_heap_objects(), objects);
        assert_int_equal(trace_bytes(), 0);
    }
    hosted_preempt_every(1); /* one ring at a time */
    assert_int_equal(switch_on(NULL), 0);
    assert_in_range(trace_bytes(), 2 * TRACE_SIZE, 2 * TRACE_SIZE + 128);
    assert_int_equal(set_events(0), 0);
    assert_in_range(trace_bytes(), 2 * TRACE_SIZE, 2 * TRACE_SIZE + 128);
    assert_int_equal(page_nr_free(), pages); /* none of a domain's */
}

/* ---- what is recorded ---- */

static void expect(struct oriel_sysctl_trace *t, uint16_t event,
                   const struct domain *d, struct oriel_trace_record *r)
{
    assert_int_equal(read_records(t, r, 1), 0);
    assert_int_equal(t->nr, 1);
    assert_int_equal(r->event, event);
    assert_int_equal(r->domain, d->domain_id);
}

static void test_way_of_a_request(void **state)
{
    struct oriel_sysctl_trace guests = { .cpu = 1 };
    struct oriel_trace_record r;
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int id = serve(d, OFF, PORT, 0x500, 0x503);
    ioreq_t p = in(0x500, 4), *slot = slot_of(d, id, 0);

    (void)state;
    assert_int_equal(set_events(ALL_EVENTS), 0);

    fixture_be(v);
    trace_exit(v, ORIEL_EXIT_port, 0x1234, 0x7b);
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    trace_put(v, false);
    assert_int_equal(ioreq_resume(v, &p), IO_PENDING); /* no record */
    answer(slot, 7);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    fixture_be_dom(dom0);

    expect(&guests, ORIEL_TRACE_exit, d, &r);
    assert_int_equal(r.a, 0x1234);
    assert_int_equal(r.b, ORIEL_EXIT_port);
    assert_int_equal(r.c, 0x7b);
    expect(&guests, ORIEL_TRACE_ioreq, d, &r);
    assert_int_equal(r.a, 0x500);
    assert_int_equal(ORIEL_IOREQ_SERVER(r.b), id);
    assert_int_equal(ORIEL_IOREQ_DIR(r.b), IOREQ_READ);
    assert_int_equal(ORIEL_IOREQ_TYPE(r.b), IOREQ_TYPE_PIO);
    assert_int_equal(ORIEL_IOREQ_SIZE(r.b), 4);
    assert_int_equal(r.c, slot->vp_eport);
    expect(&guests, ORIEL_TRACE_put, d, &r);
    assert_int_equal(r.b, ORIEL_PUT_answer);
    expect(&guests, ORIEL_TRACE_resume, d, &r);
    assert_int_equal(ORIEL_IOREQ_SERVER(r.b), id);
    assert_int_equal(r.a, 0x500);
    assert_int_equal(read_records(&guests, &r, 1), 0);
    assert_int_equal(guests.nr, 0);
}

static void test_hypercalls_and_events(void **state)
{
    struct oriel_sysctl_trace t = { 0 };
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
                                      .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
    struct evtchn_send s;
    struct oriel_trace_record r;

    (void)state;
    assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &a), 0);
    b.remote_port = a.port;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &b), 0);
    assert_int_equal(set_events(1U << ORIEL_TRACE_event |
                                1U << ORIEL_TRACE_hypercall), 0);
    expect(&t, ORIEL_TRACE_hypercall, dom0, &r); /* what switched it on */
    assert_int_equal(r.b, __HYPERVISOR_sysctl);
    t.cursor = ORIEL_TRACE_NEWEST;
    (void)read_records(&t, &r, 1);
    (void)read_records(&t, &r, 1); /* its own record */
    s.port = b.local_port;
    assert_int_equal(evtchn_op(EVTCHNOP_send, &s), 0);
    t.cursor--; /* of the read before */
    do
        assert_int_equal(read_records(&t, &r, 1), 0);
    while ( r.event == ORIEL_TRACE_hypercall && r.b == __HYPERVISOR_sysctl );
    assert_int_equal(r.event, ORIEL_TRACE_event);
    assert_int_equal(r.c, a.port);
    expect(&t, ORIEL_TRACE_hypercall, dom0, &r);
    assert_int_equal(r.b, __HYPERVISOR_event_channel_op);
    assert_int_equal(r.a, 0);
    assert_int_equal(r.c, EVTCHNOP_send);
}

static void put_because(struct vcpu *v, bool runnable, uint32_t why)
{
    struct oriel_sysctl_trace t = { .cursor = ORIEL_TRACE_NEWEST };
    struct oriel_trace_record r;

    assert_int_equal(read_records(&t, &r, 1), 0);
    trace_put(v, runnable);
    expect(&t, ORIEL_TRACE_put, v->domain, &r);
    assert_int_equal(r.b, why);
}

static void test_why_it_gave_its_cpu_up(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    assert_int_equal(set_events(1U << ORIEL_TRACE_put), 0);
    put_because(v, true, ORIEL_PUT_turn);
    v->flags = VCPU_DOWN;
    put_because(v, false, ORIEL_PUT_down);
    v->flags = VCPU_BLOCKED;
    put_because(v, false, ORIEL_PUT_event);
    v->flags = VCPU_POLLING;
    put_because(v, false, ORIEL_PUT_event);
    v->flags = 0;
    put_because(v, false, ORIEL_PUT_held);
    v->flags = VCPU_DOWN;
}

/* ---- counters ---- */

static void test_counters(void **state)
{
    uint64_t counters[ORIEL_NR_EXIT_REASONS + 1];
    struct domain *d = fixture_guest(2);
    struct oriel_sysctl_trace t = { .domain = d->domain_id, .vcpu = 1,
                                    .nr = ORIEL_NR_EXIT_REASONS + 1 };
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *bare = NULL;

    (void)state;
    memset(counters, 0xff, sizeof(counters));
    t.counters.p = counters;
    trace_exit(domain_vcpu(d, 1), ORIEL_EXIT_port, 0, 0);
    trace_exit(domain_vcpu(d, 1), ORIEL_EXIT_other, 0, 0);
    trace_exit(domain_vcpu(d, 1), ORIEL_EXIT_port, 0, 0);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), 0);
    assert_int_equal(t.nr, ORIEL_NR_EXIT_REASONS);
    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
        assert_int_equal(counters[i], i == ORIEL_EXIT_port    ? 2
                                      : i == ORIEL_EXIT_other ? 1 : 0);
    assert_int_equal(counters[ORIEL_NR_EXIT_REASONS], ~0UL);
    t.nr = ORIEL_NR_EXIT_REASONS - 1;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -ENOBUFS);
    assert_int_equal(t.nr, ORIEL_NR_EXIT_REASONS);
    t.counters.p = (void *)8UL;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -EFAULT);
    t.vcpu = 2;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -EINVAL);
    t.domain = DOMID_SELF;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -ESRCH);
    t.domain = d->domain_id | 0x10000;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -ESRCH);
    t.domain = 77;
    t.vcpu = 0;
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -ESRCH);
    assert_int_equal(domain_create(77, &config, false, &bare), 0);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -ESRCH);
    assert_int_equal(vcpu_create(bare, 0), 0);
    assert_int_equal(trace_call(ORIEL_TRACE_OP_counters, &t), -EFAULT);
}

/* ---- debug keys ---- */

static char said[4096];

static void console(const char *s, size_t len)
{
    strncat(said, s, min(len, sizeof(said) - 1 - strlen(said)));
}

static void press(const char *key)
{
    struct xen_sysctl op;

    memset(&op, 0, sizeof(op));
    op.cmd = XEN_SYSCTL_debug_keys;
    op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    op.u.debug_keys.keys.p = (char *)(uintptr_t)key;
    op.u.debug_keys.nr_keys = 1;
    said[0] = '\0';
    assert_int_equal(hcall(__HYPERVISOR_sysctl, P(&op), 0, 0, 0, 0), 0);
}

/* However large they are: in several lines. */
static void test_all_counters(void **state)
{
    struct vcpu *v = domain_vcpu(fixture_guest(1), 0);

    (void)state;
    hosted_hooks.console = console;
    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
        v->exits[i] = UINT64_MAX - i;
    press("p");
    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
    {
        char word[64];

        snprintf(word, sizeof(word), " %s %lu", trace_exit_names[i],
                 (unsigned long)(UINT64_MAX - i));
        assert_non_null(strstr(said, word));
    }
    for ( const char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n") )
        assert_in_range(strlen(line), strlen("exits: d1"), 160);
}

static void test_debug_keys(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    hosted_hooks.console = console;
    trace_exit(domain_vcpu(d, 0), ORIEL_EXIT_triple_fault, 0, 0);
    press("p");
    assert_non_null(strstr(said, "exits: d1v0 triple-fault 1\n"));
    assert_non_null(strstr(said, "exits: d1 triple-fault 1\n"));
    press("T");
    assert_string_equal(said, "trace: nothing was ever recorded\n");
    assert_int_equal(set_events(1U << ORIEL_TRACE_exit), 0);
    for ( uint64_t n = 0; n < 100; n++ )
        record_number(n);
    press("T");
    assert_null(strstr(said, " event     0x43 0x43 0xffffffbc\n"));
    assert_non_null(strstr(said, "d68v68   event     0x44 0x44 0xffffffbb\n"));
    assert_non_null(strstr(said, "d99v99   event     0x63 0x63 0xffffff9c\n"));
    assert_non_null(strstr(said, "trace: events 0x1 are recorded\n"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_info),
        T(test_command_is_ours),
        T(test_control_domains_only),
        T(test_set_errors),
        T(test_read_errors),
        T(test_ring_wraps),
        T(test_reading_gives_way),
        T(test_cpus_have_their_own),
        T(test_allocation_failure),
        T(test_way_of_a_request),
        T(test_hypercalls_and_events),
        T(test_why_it_gave_its_cpu_up),
        T(test_counters),
        T(test_all_counters),
        T(test_debug_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
