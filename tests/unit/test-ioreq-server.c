/* SPDX-License-Identifier: MIT */
/* ioreq servers: ids, ports, ranges, permissions, cleanup after failures. */
#include "test-ioreq.h"

static void test_ids_are_the_lowest_free(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    for ( int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        assert_int_equal(create(d, id % 3), id);
    assert_int_equal(create(d, OFF), -ENOSPC);
    assert_int_equal(destroy(d, 5), 0);
    assert_int_equal(destroy(d, 0), 0);
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(d, OFF), 5);
    assert_int_equal(create(d, OFF), -ENOSPC);
}

/* Item 1: a create that fails because all slots are full touches none. */
static void test_90eff18cc5_full_create_leaves_slots(void **state)
{
    struct domain *d = fixture_guest(2);
    struct ioreq_server *before[MAX_IOREQ_SERVERS];
    uint32_t ports;

    (void)state;
    for ( int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        assert_int_equal(create(d, ATOMIC), id);
    memcpy(before, d->ioreq.server, sizeof(before));
    ports = d->evtchn.active;
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(create(d, ATOMIC), -ENOSPC);
    assert_memory_equal(before, d->ioreq.server, sizeof(before));
    assert_int_equal(d->evtchn.active, ports);
    assert_int_equal(d->ioreq.enabled, 0);
}

static long create_and_destroy(void *arg)
{
    long id = create(arg, ATOMIC);

    return id < 0 ? id : destroy(arg, (unsigned int)id);
}

/* R3: ports, memory and the emulator's reference, whichever step fails. */
static void test_r3_failed_create_gives_all_back(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(100);
    struct domain *d;
    uint32_t refs = dom0->refs, ports;

    (void)state;
    config.max_evtchn_port = 150;
    d = fixture_guest_config(&config);
    ports = d->evtchn.active;
    fixture_each_alloc_failure(create_and_destroy, d, -ENOMEM);
    assert_int_equal(dom0->refs, refs);
    assert_int_equal(d->evtchn.active, ports);

    /* 101 ports for the first server; not enough for a second one. */
    assert_int_equal(create(d, ATOMIC), 0);
    ports = d->evtchn.active;
    assert_int_equal(create(d, ATOMIC), -ENOSPC);
    assert_int_equal(d->evtchn.active, ports);
    assert_int_equal(dom0->refs, refs + 1);
    assert_int_equal(destroy(d, 0), 0);
    assert_int_equal(dom0->refs, refs);
}

static struct domain *half_full(unsigned int max_vcpus)
{
    struct xen_domctl_createdomain config = fixture_config(max_vcpus);
    struct domain *d;

    config.max_evtchn_port = 100;
    assert_int_equal(domain_create(DOMID_INVALID, &config, false, &d), 0);
    assert_int_equal(vcpu_create(d, 0), 0);
    return d;
}

/* Item 9: the servers that the new vcpu had joined, and no others. */
static void test_215f2576b0_vcpu_add_unwinds_what_it_did(void **state)
{
    struct domain *d = half_full(40);
    unsigned int added = 1;
    uint32_t ports;
    int rc;

    (void)state;
    for ( int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        assert_int_equal(create(d, OFF), id);
    do {
        ports = d->evtchn.active;
        rc = vcpu_create(d, added++);
    } while ( rc == 0 );
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(d->evtchn.active, ports);
    for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
    {
        assert_int_equal(d->ioreq.server[id]->port[added - 1], 0);
        for ( unsigned int i = 0; i < added - 1; i++ )
            assert_int_not_equal(d->ioreq.server[id]->port[i], 0);
    }
    /* The ports are good for others. */
    assert_int_equal(destroy(d, 3), 0);
    assert_int_equal(vcpu_create(d, added - 1), 0);
}

static long add_vcpu_2(void *arg)
{
    return vcpu_create(arg, 2);
}

static void test_vcpu_add_without_memory(void **state)
{
    struct domain *d = half_full(4);

    (void)state;
    /* The next server's ports go into a bucket that does not exist yet. */
    for ( int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        assert_int_equal(create(d, ATOMIC), id);
    fixture_each_alloc_failure(add_vcpu_2, d, -ENOMEM);
    assert_int_not_equal(d->ioreq.server[7]->port[2], 0);
}

static void test_vcpu_added_later_is_served(void **state)
{
    struct domain *d = half_full(300);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x60);
    ioreq_t p = in(0x60, 1);
    struct vcpu twin = { 0 };
    uint32_t ports;

    (void)state;
    assert_int_equal(vcpu_create(d, 299), 0);
    assert_int_equal(slot_of(d, id, 299)->vp_eport,
                     d->ioreq.server[id]->port[299]);
    assert_int_equal(ioreq_send(domain_vcpu(d, 299), &p), IO_PENDING);
    answer(slot_of(d, id, 299), 0x77);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 299), &p), IO_DONE);
    assert_int_equal(p.data, 0x77);
    /* A twin, from a second vcpu_create() that has not looked yet. */
    twin.domain = d;
    twin.vcpu_id = 299;
    ports = d->evtchn.active;
    assert_int_equal(ioreq_vcpu_add(&twin), -EBUSY);
    assert_int_equal(d->evtchn.active, ports);
}

/* ---- errors and their order ---- */

static void test_errors_of_server_operations(void **state)
{
    static const struct {
        uint32_t id, type;
        uint64_t start, end;
        bool other; /* called by another control domain */
        long map, unmap;
    } rows[] = {
        { 0, PORT, 2, 1, false, -EINVAL, -EINVAL },
        { 9, PORT, 2, 1, true, -EINVAL, -EINVAL }, /* before the id */
        { 8, PORT, 1, 2, false, -ENOENT, -ENOENT },
        { 0xffff, 3, 1, 2, true, -ENOENT, -ENOENT }, /* before the owner */
        { 0, 3, 1, 2, true, -EPERM, -EPERM },        /* before the type  */
        { 0, 3, 1, 2, false, -EINVAL, -EINVAL },
        { 0, ~0U, 1, 2, false, -EINVAL, -EINVAL },
        { 0, PORT, 0x10, 0x10, false, -EEXIST, -ENOENT },
        { 0, PORT, 0xf, 0x21, false, -EEXIST, -ENOENT },
        { 0, PORT, 0x30, 0x3f, false, 0, 0 },
        { 0, PORT, 0, UINT64_MAX, false, -EEXIST, -ENOENT },
        { 0, MEMORY, 0, UINT64_MAX, false, 0, 0 },
        { 0, PCI, UINT64_MAX, UINT64_MAX, false, 0, 0 },
    };
    struct domain *d = fixture_guest(1), *other = fixture_pvh_dom0();
    struct xen_dm_op_get_ioreq_server_info info = { 0 };

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(map(d, 0, PORT, 0x10, 0x10), 0);
    assert_int_equal(map(d, 0, PORT, 0x20, 0x20), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        fixture_be_dom(rows[i].other ? other : dom0);
        assert_int_equal(map(d, rows[i].id, rows[i].type, rows[i].start,
                             rows[i].end), rows[i].map);
        if ( rows[i].map == -EEXIST && rows[i].start == rows[i].end )
            continue;
        assert_int_equal(unmap(d, rows[i].id, rows[i].type, rows[i].start,
                               rows[i].end), rows[i].unmap);
    }
    fixture_be_dom(other);
    assert_int_equal(get_info(d, 0, XEN_DMOP_no_gfns, &info), -EPERM);
    assert_int_equal(get_info(d, 0, 2, &info), -EINVAL);
    assert_int_equal(set_state(d, 0, true), -EPERM);
    assert_int_equal(destroy(d, 0), -EPERM);
    assert_int_equal(destroy(d, 1), -ENOENT);
    assert_int_equal(set_state(d, 8, true), -ENOENT);
    fixture_be_dom(dom0);
    assert_int_equal(create(d, 3), -EINVAL);
    assert_int_equal(create(d, 255), -EINVAL);
}

static void test_limit_counts_joined_ranges(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(d, OFF), 1);
    for ( uint64_t i = 0; i < MAX_IO_RANGES; i++ )
        assert_int_equal(map(d, 0, PORT, i * 16, i * 16 + 7), 0);
    assert_int_equal(map(d, 0, PORT, 0xf000, 0xf000), -ENOMEM);
    assert_int_equal(map(d, 0, PORT, 8, 8), 0);            /* joins        */
    assert_int_equal(unmap(d, 0, PORT, 4, 4), -ENOMEM);    /* would split  */
    assert_int_equal(map(d, 0, PORT, 9, 15), 0);           /* joins two    */
    assert_int_equal(unmap(d, 0, PORT, 4, 4), 0);          /* now it may   */
    assert_int_equal(map(d, 0, MEMORY, 0xf000, 0xf000), 0); /* own limit   */
    assert_int_equal(map(d, 1, PORT, 0xf000, 0xf000), 0);  /* own limit    */
    assert_int_equal(unmap(d, 0, PORT, 2, 5), -ENOENT);    /* a hole in it */
}

static long map_some(void *arg)
{
    long rc = map(arg, 0, PORT, 0x100, 0x1ff);

    return rc ? rc : unmap(arg, 0, PORT, 0x120, 0x12f);
}

static void test_map_range_without_memory(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t objects;

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(map(d, 0, PORT, 1, 1), 0);
    objects = hosted_heap_objects();
    hosted_fail_alloc(1);
    assert_int_equal(map_some(d), -ENOMEM);
    assert_int_equal(map(d, 0, PORT, 0x100, 0x1ff), 0);
    hosted_fail_alloc(1);
    assert_int_equal(unmap(d, 0, PORT, 0x120, 0x12f), -ENOMEM);
    assert_int_equal(unmap(d, 0, PORT, 0x100, 0x1ff), 0);
    assert_int_equal(hosted_heap_objects(), objects);
}

/* A server's ranges go with it: its id's next owner does not inherit them. */
static void test_ranges_die_with_their_server(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, PORT, 0x60, 0x6f);

    (void)state;
    assert_int_equal(who_gets(d, in(0x60, 1)), 0);
    assert_int_equal(destroy(d, id), 0);
    assert_int_equal(who_gets(d, in(0x60, 1)), -1);
    assert_int_equal(serve(d, OFF, PORT, 0x80, 0x8f), id);
    assert_int_equal(who_gets(d, in(0x60, 1)), -1);
    assert_int_equal(map(d, id, PORT, 0x60, 0x6f), 0);
}

static void test_dying_domain_gets_no_server(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d = fixture_guest(1), *empty = NULL;
    struct page *pg;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    pg = acquire(d, 0, 0); /* keeps d a zombie */
    fixture_kill(d);
    assert_int_equal(create(d, OFF), -EINVAL);
    assert_int_equal(destroy(d, 0), -ENOENT);
    page_put(pg);

    /* Without vcpus no port is refused: the server must be. */
    assert_int_equal(domain_create(DOMID_INVALID, &config, false, &empty), 0);
    domain_get_more(empty);
    fixture_kill(empty);
    assert_int_equal(create(empty, OFF), -EINVAL);
    domain_put(empty);
}

/* The emulator's domain dies: its servers of all domains go with it. */
static void test_servers_die_with_their_emulator(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_pvh_dom0();
    domid_t id = other->domain_id;
    ioreq_t p = in(0x60, 1);

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    fixture_be_dom(other);
    assert_int_equal(serve(d, ATOMIC, PORT, 0x60, 0x60), 1);
    fixture_be_dom(dom0);
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_PENDING);
    fixture_kill(other);
    assert_null(domain_get(id));
    assert_non_null(d->ioreq.server[0]);
    assert_null(d->ioreq.server[1]);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &p), IO_DONE);
    assert_int_equal(p.data, ALL_ONES);
}

/* A vcpu that was on its way when its domain was killed, or after it. */
static void test_dying_emulator_gets_no_server(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_pvh_dom0();
    uint32_t refs, ports = d->evtchn.active;

    (void)state;
    domain_get_more(other); /* while its vcpu is used here */
    fixture_kill(other);
    refs = other->refs;
    fixture_be_dom(other);
    assert_int_equal(create(d, ATOMIC), -EINVAL);
    fixture_be_dom(dom0);
    assert_null(d->ioreq.server[0]);
    assert_int_equal(d->evtchn.active, ports);
    assert_int_equal(other->refs, refs);
    domain_put(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_ids_are_the_lowest_free),
        T(test_90eff18cc5_full_create_leaves_slots),
        T(test_r3_failed_create_gives_all_back),
        T(test_215f2576b0_vcpu_add_unwinds_what_it_did),
        T(test_vcpu_add_without_memory),
        T(test_vcpu_added_later_is_served),
        T(test_errors_of_server_operations),
        T(test_limit_counts_joined_ranges),
        T(test_map_range_without_memory),
        T(test_ranges_die_with_their_server),
        T(test_dying_domain_gets_no_server),
        T(test_servers_die_with_their_emulator),
        T(test_dying_emulator_gets_no_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
