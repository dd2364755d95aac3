/* SPDX-License-Identifier: MIT */
/*
 * The list of ioreq servers and their ranges for control domains: what it says,
 * more ranges than one call copies, who may, each errno in its order.
 */
#include "test-ioreq.h"

#include <oriel/ioreq.h>

static long call(uint32_t op, struct oriel_sysctl_ioreq *o)
{
    struct xen_sysctl s;
    long rc;

    memset(&s, 0, sizeof(s));
    s.cmd = ORIEL_SYSCTL_ioreq;
    s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    o->op = op;
    memcpy(&s.u, o, sizeof(*o));
    rc = hcall(__HYPERVISOR_sysctl, P(&s), 0, 0, 0, 0);
    memcpy(o, &s.u, sizeof(*o));
    return rc;
}

static long describe(struct domain *d, unsigned int id,
                     struct oriel_sysctl_ioreq *o)
{
    memset(o, 0, sizeof(*o));
    o->domain = d->domain_id;
    o->server = id;
    return call(ORIEL_IOREQ_OP_server, o);
}

/* The number of ranges from start on, or -errno. */
static long ranges(struct domain *d, unsigned int id, unsigned int type,
                   uint64_t start, struct oriel_ioreq_range *to, uint32_t room)
{
    struct oriel_sysctl_ioreq o = { .domain = d->domain_id, .server = id,
                                    .type = type, .start = start, .nr = room };
    long rc;

    o.ranges.p = to;
    rc = call(ORIEL_IOREQ_OP_ranges, &o);
    return rc ? rc : (long)o.nr;
}

static void test_servers(void **state)
{
    struct domain *d = fixture_guest(2), *dm_domain = fixture_guest(1);
    struct oriel_sysctl_ioreq o;

    (void)state;
    assert_int_equal(describe(d, 0, &o), -ENOENT);
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(describe(d, 0, &o), 0);
    assert_int_equal(o.emulator, 0);
    assert_int_equal(o.flags, 0);
    assert_int_equal(o.port, 0);
    assert_int_equal(create(d, ATOMIC), 1);
    assert_int_equal(set_state(d, 1, true), 0);
    assert_int_equal(describe(d, 1, &o), 0);
    assert_int_equal(o.flags, ORIEL_IOREQ_ENABLED | ORIEL_IOREQ_RING);
    assert_int_equal(o.port, d->ioreq.server[1]->ring_port);
    assert_int_not_equal(o.port, 0);
    d->ioreq.server[1]->sent = 4;
    d->ioreq.server[1]->silent = 3;
    d->ioreq.server[1]->ring_sent = 2;
    d->ioreq.server[1]->ring_silent = 1;
    assert_int_equal(describe(d, 1, &o), 0);
    assert_true(o.requests == 4 && o.silent_requests == 3);
    assert_true(o.entries == 2 && o.silent_entries == 1);
    assert_int_equal(set_state(d, 1, false), 0);
    assert_int_equal(describe(d, 1, &o), 0);
    assert_int_equal(o.flags, ORIEL_IOREQ_RING);
    assert_int_equal(destroy(d, 0), 0);
    assert_int_equal(describe(d, 0, &o), -ENOENT);
    /* Of another domain: a control domain may look, not touch. */
    dm_domain->is_privileged = true;
    fixture_be_dom(dm_domain);
    assert_int_equal(describe(d, 1, &o), 0);
    assert_int_equal(o.emulator, 0);
}

static void test_ranges(void **state)
{
    struct domain *d = fixture_guest(1);
    struct oriel_ioreq_range r[4];

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(d, OFF), 1);
    assert_int_equal(map(d, 0, PORT, 0x100, 0x10f), 0);
    assert_int_equal(map(d, 0, PORT, 0x110, 0x11f), 0);
    assert_int_equal(map(d, 0, PORT, 0x300, 0x300), 0);
    assert_int_equal(map(d, 1, PORT, 0x108, 0x10a), 0);
    assert_int_equal(map(d, 1, MEMORY, 0, ALL_ONES), 0);
    assert_int_equal(ranges(d, 0, PORT, 0, r, 4), 2);
    assert_int_equal(r[0].start, 0x100);
    assert_int_equal(r[0].end, 0x11f);
    assert_int_equal(r[1].start, 0x300);
    assert_int_equal(r[1].end, 0x300);
    assert_int_equal(ranges(d, 0, PORT, 0, r, 1), 1);
    assert_int_equal(ranges(d, 0, PORT, 0x11f, r, 4), 2);
    assert_int_equal(ranges(d, 0, PORT, 0x120, r, 4), 1);
    assert_int_equal(r[0].start, 0x300);
    assert_int_equal(ranges(d, 0, PORT, 0x301, r, 4), 0);
    assert_int_equal(ranges(d, 0, MEMORY, 0, r, 4), 0);
    assert_int_equal(ranges(d, 0, PCI, 0, r, 4), 0);
    assert_int_equal(ranges(d, 1, MEMORY, ALL_ONES, r, 4), 1);
    assert_int_equal(r[0].start, 0);
    assert_int_equal(r[0].end, ALL_ONES);
    assert_int_equal(ranges(d, 1, PORT, 0, r, 4), 1);
}

/* As many as a server can have, 64 of them in a call. */
static void test_all_ranges(void **state)
{
    struct domain *d = fixture_guest(1);
    struct oriel_ioreq_range r[MAX_IO_RANGES];
    unsigned int nr = 0;
    uint64_t start = 0;
    long rc;

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    for ( unsigned int i = 0; i < MAX_IO_RANGES; i++ )
        assert_int_equal(map(d, 0, MEMORY, i * 0x10, i * 0x10 + 7), 0);
    while ( (rc = ranges(d, 0, MEMORY, start, r + nr, MAX_IO_RANGES)) > 0 )
    {
        assert_int_equal(rc, 64);
        nr += (unsigned int)rc;
        start = r[nr - 1].end + 1;
    }
    assert_int_equal(rc, 0);
    assert_int_equal(nr, MAX_IO_RANGES);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_int_equal(r[i].start, i * 0x10);
        assert_int_equal(r[i].end, i * 0x10 + 7);
    }
}

static void test_errors(void **state)
{
    struct domain *d = fixture_guest(1);
    struct oriel_sysctl_ioreq o = { .domain = d->domain_id };
    struct oriel_ioreq_range r;

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(map(d, 0, PORT, 1, 1), 0);
    o.domain = 4242;
    o.server = MAX_IOREQ_SERVERS;
    assert_int_equal(call(ORIEL_IOREQ_OP_ranges + 1, &o), -EINVAL);
    assert_int_equal(call(ORIEL_IOREQ_OP_server, &o), -ESRCH);
    o.domain = DOMID_SELF;
    assert_int_equal(call(ORIEL_IOREQ_OP_server, &o), -ESRCH);
    o.domain = 0x10000U + d->domain_id;
    assert_int_equal(call(ORIEL_IOREQ_OP_server, &o), -ESRCH);
    assert_int_equal(describe(d, MAX_IOREQ_SERVERS, &o), -EINVAL);
    assert_int_equal(describe(d, ~0U, &o), -EINVAL);
    assert_int_equal(ranges(d, 1, NR_IO_RANGE_TYPES, 0, &r, 1), -EINVAL);
    assert_int_equal(ranges(d, 1, PORT, 0, &r, 1), -ENOENT);
    assert_int_equal(ranges(d, 0, PORT, 0, NULL, 0), 0);
    assert_int_equal(ranges(d, 0, PORT, 0, NULL, 1), -EFAULT);
    assert_int_equal(ranges(d, 0, PORT, 0, &r, ~0U), 1);
    fixture_be_dom(d);
    assert_int_equal(describe(d, 0, &o), -EPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_servers),
        T(test_ranges),
        T(test_all_ranges),
        T(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
