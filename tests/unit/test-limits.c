/* SPDX-License-Identifier: MIT */
/*
 * What a caller without full privilege can cost the host: pages beyond its
 * limit, small objects, bytes on the console.  docs/limits.md.
 *
 * Seen failing with: no limit of extra pages (all free memory of the host went
 * to pages of destroyed servers); domain_crash() that prints each time.
 */
#include "test-limits.h"

#include <hv/console.h>
#include <hv/timer.h>

#include <xen/vcpu.h>

#define STUB_GFN 0x1000
#define POOL_GFN 0x100

/* ---- pages ---- */

/* One round of a device model: false when it gets no more pages. */
static bool create_acquire_destroy(struct domain *d, uint64_t gfn)
{
    xen_pfn_t gfns[2] = { gfn, gfn + 1 };
    long id = create(d, ATOMIC), rc;

    assert_in_range(id, 0, MAX_IOREQ_SERVERS - 1);
    rc = acquire_into(d, (uint32_t)id, 0, 2, gfns);
    assert_int_equal(destroy(d, (unsigned int)id), 0);
    assert_true(rc == 0 || rc == -ENOMEM);
    return rc == 0;
}

static void unmap_own(uint64_t gfn)
{
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF, .gpfn = gfn };

    assert_int_equal(memory_op(XENMEM_remove_from_physmap, &r), 0);
}

/* Pages of destroyed servers live on in the device model's p2m: bounded. */
static void test_pages_of_destroyed_servers(void **state)
{
    struct domain *d = fixture_guest(1), *s = stubdom_for(d);
    uint64_t free, gfn = STUB_GFN;

    (void)state;
    fixture_be_dom(s);
    free = page_nr_free();
    while ( create_acquire_destroy(d, gfn) )
        gfn += 2;
    assert_in_range(d->extra_pages, d->max_extra - 1, d->max_extra);
    assert_true(free - page_nr_free() <= d->max_extra);
    assert_false(create_acquire_destroy(d, gfn)); /* and it stays so */

    /* What the device model lets go is there again. */
    unmap_own(STUB_GFN);
    unmap_own(STUB_GFN + 1);
    assert_true(create_acquire_destroy(d, gfn));
    fixture_be_dom(dom0);
}

/* All servers twice: an emulator starts while the old one's pages are held. */
static void test_all_servers_twice(void **state)
{
    /* As many as ports of the 2-level ABI suffice for. */
    struct xen_domctl_createdomain c = fixture_config(500);
    struct domain *d, *s;
    xen_pfn_t gfns[5];
    uint64_t gfn = STUB_GFN;

    (void)state;
    c.max_grant_frames = 64;
    d = fixture_guest_config(&c);
    s = stubdom_for(d);
    fixture_be_dom(s);
    for ( unsigned int round = 0; round < 2; round++ )
    {
        for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        {
            for ( unsigned int i = 0; i < 5; i++ )
                gfns[i] = gfn++;
            assert_int_equal(create(d, ATOMIC), id);
            assert_int_equal(acquire_into(d, id, 0, 5, gfns), 0);
        }
        for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
            assert_int_equal(destroy(d, id), 0);
    }
    /* Nothing of it was the grant table's part. */
    fixture_be_dom(d);
    fill_grant_table(d);
    assert_int_equal(d->extra_pages, d->max_extra);
    fixture_be_dom(dom0);
}

/* ---- small objects ---- */

/* A guest and its device model take all that they can, twice. */
static void test_small_objects(void **state)
{
    struct xen_domctl_createdomain c = fixture_config(4);
    uint64_t before = hosted_heap_bytes(), max;
    struct domain *d, *s;

    (void)state;
    c.max_evtchn_port = 4095;
    c.max_grant_frames = 1;
    c.max_maptrack_frames = 4;
    d = fixture_guest_config(&c);
    c = fixture_config(1);
    c.max_evtchn_port = 63;
    c.max_grant_frames = 1;
    c.max_maptrack_frames = 0;
    s = fixture_guest_config(&c);
    s->target_id = d->domain_id;
    max = heap_limit(d) + heap_limit(s);
    for ( unsigned int round = 0; round < 2; round++ )
    {
        uint64_t now;

        fill_servers(d, s);
        fill_ports(d);
        fill_maptrack(d, s);
        now = hosted_heap_bytes() - before;
        assert_true(now <= max);
        assert_true(now > max / 4); /* the limit says something */
        empty_servers(d, s);
    }
    fixture_be_dom(dom0);
}

/* ---- console ---- */

static uint64_t console_bytes;

static void count_console(const char *s, size_t len)
{
    (void)s;
    console_bytes += len;
}

/* A guest crashes once, however often its device model does the impossible. */
static void test_crash_flood(void **state)
{
    struct domain *d = fixture_guest(2), *s = stubdom_for(d);
    struct xen_remove_from_physmap r = { .domid = d->domain_id,
                                         .gpfn = POOL_GFN };
    struct xen_dm_op_get_ioreq_server_info info = { 0 };

    (void)state;
    fixture_populate(d, POOL_GFN, 8);
    set_pool(d, POOL_GFN, 8);
    fixture_be_dom(s);
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(get_info(d, 0, 0, &info), 0);
    assert_int_equal(memory_op(XENMEM_remove_from_physmap, &r), 0);
    console_bytes = 0;
    hosted_hooks.console = count_console;
    for ( unsigned int i = 0; i < 1000; i++ )
    {
        assert_int_equal(set_state(d, 0, true), 0);
        assert_int_equal(set_state(d, 0, false), 0);
        (void)!memory_op(XENMEM_remove_from_physmap, &r);
    }
    assert_true(domain_is_shut_down(d));
    assert_in_range(console_bytes, 1, 200);
    hosted_hooks.console = NULL;
    fixture_be_dom(dom0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_pages_of_destroyed_servers),
        with_fixture(test_all_servers_twice),
        with_fixture(test_small_objects),
        with_fixture(test_crash_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
