/* SPDX-License-Identifier: MIT */
/*
 * Logging of writes: which frames a harvest reports, by a model that knows of
 * each frame whether it was written; and who marks a frame as written.
 *
 * Seen failing with: a harvest that does not look whose range is logged; a range
 * that is dropped and keeps its progress.
 */
#include "test-log-dirty.h"

static void test_first_reports_all_then_what_was_written(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 100, 50);
    assert_int_equal(track(d, 100, 60, bits), 0);
    assert_int_equal(count(bits, 60), 60); /* holes, too: the first time */
    assert_int_equal(track(d, 100, 60, bits), 0);
    assert_int_equal(count(bits, 60), 0);
    log_dirty_mark(d, 103);
    log_dirty_mark(d, 149);
    log_dirty_mark(d, 155); /* a hole */
    log_dirty_mark(d, P2M_GFN_LIMIT);
    assert_int_equal(track(d, 100, 60, bits), 0);
    assert_int_equal(count(bits, 60), 2);
    assert_true(bit(bits, 3) && bit(bits, 49));
    assert_int_equal(track(d, 100, 60, bits), 0);
    assert_int_equal(count(bits, 60), 0);
    fixture_audit();
}

/* What is not logged has no clean entries, and so costs nothing. */
static void test_the_end_leaves_nothing_clean(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 64);
    assert_int_equal(track(d, 8, 16, bits), 0);
    assert_true(is_clean(d, 8) && is_clean(d, 23));
    assert_false(is_clean(d, 7) || is_clean(d, 24));
    fixture_audit();
    assert_int_equal(track(d, 16, 16, bits), 0); /* another range */
    assert_int_equal(count(bits, 16), 16);
    assert_false(is_clean(d, 8) || is_clean(d, 15));
    assert_true(is_clean(d, 16) && is_clean(d, 31));
    fixture_audit();
    assert_int_equal(track(d, 0, 0, bits), 0);
    for ( unsigned int i = 0; i < 64; i++ )
        assert_false(is_clean(d, i));
    assert_false(log_dirty_is_on(d));
    assert_int_equal(track(d, 16, 16, bits), 0);
    assert_int_equal(count(bits, 16), 16);
}

static void test_limits(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(track(d, P2M_GFN_LIMIT - 8, 8, bits), 0);
    assert_int_equal(track(d, P2M_GFN_LIMIT - 8, 9, bits), -EINVAL);
    assert_int_equal(track(d, ~0UL, 8, bits), -EINVAL);
    assert_int_equal(track(d, 0, 0, bits), 0);
}

/* ---- who writes ---- */

static void test_vcpus_write_faults(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 8);
    assert_false(log_dirty_fault(d, 1)); /* nothing is logged */
    assert_int_equal(track(d, 0, 16, bits), 0);
    assert_true(log_dirty_fault(d, 1));
    assert_true(log_dirty_fault(d, 1)); /* another vcpu was first */
    assert_false(log_dirty_fault(d, 9));
    assert_false(log_dirty_fault(d, P2M_GFN_LIMIT));
    assert_int_equal(track(d, 0, 16, bits), 0);
    assert_int_equal(count(bits, 16), 1);
    assert_true(bit(bits, 1));
}

static void test_copies(void **state)
{
    struct domain *d = fixture_guest(1);
    struct p2m_entry e;
    uint64_t generation;

    (void)state;
    fixture_populate(d, 0, 8);
    generation = p2m_generation(d);
    assert_int_equal(track(d, 0, 8, bits), 0);
    /* A remembered walk may not be written through any more. */
    assert_int_not_equal(p2m_generation(d), generation);
    generation = p2m_peek_begin(d);
    assert_true(p2m_peek(d, _gfn(2)).clean);
    e = p2m_peek_write(d, _gfn(2));
    p2m_peek_end(d);
    assert_int_equal(e.type, P2M_RAM_RW);
    assert_false(e.clean);
    assert_int_equal(p2m_generation(d), generation);
    assert_int_equal(track(d, 0, 8, bits), 0);
    assert_int_equal(bits[0], 1 << 2);
}

/* Device models are told of memory that left; cleaning takes none away. */
static void test_no_removals(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t removals;

    (void)state;
    fixture_populate(d, 0, 8);
    removals = p2m_removals(d);
    assert_int_equal(track(d, 0, 8, bits), 0);
    assert_int_equal(track(d, 0, 8, bits), 0);
    assert_int_equal(p2m_removals(d), removals);
}

static void test_modified_memory(void **state)
{
    struct xen_dm_op_modified_memory_extent e[3] = {
        { .first_pfn = 1, .nr = 2 }, { .first_pfn = 600, .nr = 300 },
        { .first_pfn = 7, .nr = 1 },
    };
    struct domain *d = fixture_guest(1);
    unsigned int n;

    (void)state;
    fixture_populate(d, 0, 1024);
    hosted_preempt_every(1);
    assert_int_equal(track(d, 0, 1024, bits), 0);
    memset(&dm_arg, 0, sizeof(dm_arg));
    dm_arg.op = XEN_DMOP_modified_memory;
    dm_arg.u.modified_memory.nr_extents = 3;
    assert_int_equal(dm_op(d, e, 2 * sizeof(*e)), -EINVAL);
    assert_int_equal(dm_op(d, e, sizeof(e)), 0);
    assert_int_equal(dm_arg.u.modified_memory.nr_extents, 0);
    assert_int_equal(track(d, 0, 1024, bits), 0);
    n = count(bits, 1024);
    assert_int_equal(n, 303);
    assert_true(bit(bits, 1) && bit(bits, 2) && bit(bits, 7) &&
                bit(bits, 600) && bit(bits, 899));

    dm_arg.op = XEN_DMOP_modified_memory;
    dm_arg.u.modified_memory.nr_extents = 1;
    e[0].pad = 1;
    assert_int_equal(dm_op(d, e, sizeof(e)), -EINVAL);
    e[0] = (struct xen_dm_op_modified_memory_extent){ .first_pfn = 1024,
                                                      .nr = 1 };
    assert_int_equal(dm_op(d, e, sizeof(e)), -EINVAL);
    e[0] = (struct xen_dm_op_modified_memory_extent){ .first_pfn = ~0UL,
                                                      .nr = 2 };
    assert_int_equal(dm_op(d, e, sizeof(e)), -EINVAL);
    e[0].nr = 0;
    assert_int_equal(dm_op(d, e, sizeof(e)), -EINVAL);
    assert_int_equal(dm_op(d, (void *)8, sizeof(e)), -EFAULT);
}

/* A mapping is reported when it ends: what it wrote cannot be seen before. */
static void test_grants(void **state)
{
    struct pair p = make_pair();
    gnttab_map_grant_ref_t map;
    gnttab_copy_t copy = { .len = 8, .flags = GNTCOPY_source_gref };

    (void)state;
    offer_v1(p.granter, 8, p.mapper, RAM_GFN + 1, 0);
    fixture_be_dom(dom0);
    assert_int_equal(track(p.granter, RAM_GFN, 4, bits), 0);
    fixture_be_dom(p.mapper);
    map = grant_map(p.granter, 8, MAP_GFN << PAGE_SHIFT, GNTMAP_host_map);
    assert_int_equal(map.status, GNTST_okay);
    fixture_be_dom(dom0);
    assert_int_equal(track(p.granter, RAM_GFN, 4, bits), 0);
    fixture_be_dom(p.mapper);
    assert_int_equal(grant_unmap(map.handle, MAP_GFN << PAGE_SHIFT, 0),
                     GNTST_okay);
    fixture_be_dom(dom0);
    assert_int_equal(track(p.granter, RAM_GFN, 4, bits), 0);
    assert_int_equal(bits[0] & 0xf, 1 << 1);

    /* A copy into own memory, from a grant. */
    assert_int_equal(track(p.mapper, RAM_GFN, 4, bits), 0);
    fixture_be_dom(p.mapper);
    copy.source.u.ref = 8;
    copy.source.domid = p.granter->domain_id;
    copy.dest.domid = DOMID_SELF;
    copy.dest.u.gmfn = RAM_GFN + 2;
    assert_int_equal(grant_op(GNTTABOP_copy, &copy, 1), 0);
    assert_int_equal(copy.status, GNTST_okay);
    fixture_be_dom(dom0);
    assert_int_equal(track(p.mapper, RAM_GFN, 4, bits), 0);
    assert_int_equal(bits[0] & 0xf, 1 << 2);
}

/* ---- large entries ---- */

static void test_large_entries(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    populate_large(d, 512);
    populate_large(d, 1024);
    /* The first as a whole, of the second a part: that is split. */
    assert_int_equal(track(d, 512, 520, bits), 0);
    assert_int_equal(order_at(d, 512), 9);
    assert_int_equal(order_at(d, 1024), 0);
    assert_true(is_clean(d, 1023) && is_clean(d, 1031));
    assert_false(is_clean(d, 1032));
    fixture_audit();
    log_dirty_mark(d, 700);
    assert_int_equal(order_at(d, 700), 0);
    assert_int_equal(track(d, 512, 520, bits), 0);
    assert_int_equal(count(bits, 520), 1);
    assert_true(bit(bits, 188));
}

static void test_large_entries_without_tables(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    populate_large(d, 512);
    populate_large(d, 1024);
    assert_int_equal(p2m_pool_resize(d, d->p2m.pool_used), 0);
    assert_int_equal(track(d, 512, 520, bits), 0);
    log_dirty_mark(d, 700);
    assert_int_equal(order_at(d, 700), 9);
    assert_int_equal(track(d, 512, 520, bits), 0);
    assert_int_equal(count(bits, 520), 520); /* too many, never too few */
    assert_int_equal(track(d, 512, 520, bits), 0);
    assert_int_equal(count(bits, 512), 0);
    fixture_audit();
}

/* ---- giving way, and losing a report ---- */

static void test_goes_on(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, FRAMES);
    hosted_preempt_every(1);
    assert_int_equal(track(d, 0, FRAMES, bits), 0);
    assert_int_equal(count(bits, FRAMES), FRAMES);
    log_dirty_mark(d, 5);
    log_dirty_mark(d, FRAMES - 1);
    assert_int_equal(track(d, 0, FRAMES, bits), 0);
    assert_int_equal(count(bits, FRAMES), 2);
    assert_int_equal(track(d, 0, FRAMES - 8, bits), 0);
    assert_int_equal(count(bits, FRAMES - 8), FRAMES - 8);
    assert_int_equal(track(d, 0, 0, bits), 0);
    fixture_audit();
}

static void test_a_lost_report_is_made_again(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 2048);
    assert_int_equal(track(d, 0, 2048, bits), 0);
    log_dirty_mark(d, 2000);
    memset(&dm_arg, 0, sizeof(dm_arg));
    dm_arg.op = XEN_DMOP_track_dirty_vram;
    dm_arg.u.track_dirty_vram.nr = 2048;
    assert_int_equal(dm_op(d, (void *)8, 256), -EFAULT);
    assert_int_equal(track(d, 0, 2048, bits), 0);
    assert_true(bit(bits, 2000));
}

/* ---- against a model ---- */

static bool written[FRAMES]; /* since the last harvest, or never reported */
static bool there[FRAMES];

static void some_operation(struct domain *d, uint64_t gfn)
{
    struct p2m_entry e = p2m_lookup(d, _gfn(gfn));

    switch ( rand() % 5 )
    {
    case 0:
        if ( !there[gfn] )
            fixture_populate(d, gfn, 1);
        there[gfn] = written[gfn] = true;
        log_dirty_mark(d, gfn);
        break;
    case 1:
        if ( there[gfn] )
            assert_int_equal(p2m_remove(d, _gfn(gfn), INVALID_MFN), 0);
        there[gfn] = written[gfn] = false;
        break;
    case 2:
        log_dirty_mark(d, gfn);
        written[gfn] = there[gfn];
        break;
    case 3:
        assert_true(log_dirty_fault(d, gfn) ==
                    (there[gfn] && e.type == P2M_RAM_RW));
        written[gfn] |= there[gfn] && e.type == P2M_RAM_RW;
        break;
    default: /* a change of type makes a new entry */
        if ( there[gfn] )
            assert_int_equal(p2m_retype(d, _gfn(gfn), e,
                                        e.type == P2M_RAM_RW ? P2M_RAM_RO
                                                             : P2M_RAM_RW), 0);
        written[gfn] |= there[gfn];
        break;
    }
}

static void test_random(void **state)
{
    struct domain *d = fixture_guest(1);
    const unsigned int first = 37, nr = 2000;

    (void)state;
    srand(7);
    populate_large(d, 512);
    for ( unsigned int i = 512; i < 1024; i++ )
        there[i] = true;
    assert_int_equal(track(d, first, nr, bits), 0);
    for ( unsigned int round = 0; round < 60; round++ )
    {
        for ( unsigned int i = rand() % 100; i; i-- )
            some_operation(d, first + rand() % nr);
        assert_int_equal(track(d, first, nr, bits), 0);
        for ( unsigned int i = 0; i < nr; i++ )
        {
            if ( bit(bits, i) != written[first + i] )
                fail_msg("round %u, frame %u: %u", round, i, bit(bits, i));
            written[first + i] = false;
        }
        fixture_audit();
    }
}

/* ---- two callers at once ---- */

/* While the first caller's report is copied out, another one makes a call. */
static void (*meanwhile)(struct domain *d);
static unsigned int after_copies;
static struct domain *logged;

int __real_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);
int __wrap_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes);

int __wrap_arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    if ( meanwhile && !--after_copies )
    {
        void (*call)(struct domain *d) = meanwhile;

        meanwhile = NULL;
        call(logged);
    }
    return __real_arch_guest_copy_out(dst, src, bytes);
}

static long track_meanwhile(struct domain *d, uint64_t first, uint32_t nr,
                            unsigned int copies, void (*call)(struct domain *d))
{
    long rc;

    logged = d;
    after_copies = copies;
    meanwhile = call;
    rc = track(d, first, nr, bits);
    assert_null(meanwhile);
    return rc;
}

/* One step of a call for another range: 0, or -ERESTART. */
static long track_step(struct domain *d, uint64_t first, uint32_t nr)
{
    static uint8_t other[FRAMES / 8];
    struct xen_dm_op op = { .op = XEN_DMOP_track_dirty_vram };
    struct xen_dm_op_buf buf[2] = { { .size = sizeof(op) },
                                    { .size = sizeof(other) } };
    struct hypercall hc = { __HYPERVISOR_dm_op,
                            { d->domain_id, 2, P(buf), 0, 0, 0 } };
    long rc;

    buf[0].h.p = &op;
    buf[1].h.p = other;
    op.u.track_dirty_vram.first_pfn = first;
    op.u.track_dirty_vram.nr = nr;
    hosted_preempt_every(1);
    rc = hypercall_dispatch(&hc);
    hosted_preempt_every(0);
    return rc;
}

static void drop_a_part(struct domain *d)
{
    assert_int_equal(track_step(d, 100, 8), -ERESTART);
}

static void log_the_rest(struct domain *d)
{
    drop_a_part(d);
    assert_int_equal(track_step(d, 1024, 1024), -ERESTART);
}

static void log_others(struct domain *d)
{
    assert_int_equal(track_step(d, 2048, 1024), -ERESTART);
    assert_int_equal(track_step(d, 2048, 1024), 0);
}

static void test_range_dropped_meanwhile(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 4096);
    assert_int_equal(track_meanwhile(d, 0, 2048, 2, drop_a_part), -EBUSY);
    for ( unsigned int i = 2048; i < 4096; i++ )
        assert_false(is_clean(d, i));
    assert_int_equal(track(d, 0, 0, bits), 0);
    fixture_audit();
    for ( unsigned int i = 0; i < 4096; i++ )
        assert_false(is_clean(d, i));
}

/* What is left of a range that is being dropped may be asked for as a range. */
static void test_rest_of_a_dropped_range(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 4096);
    assert_int_equal(track_meanwhile(d, 0, 2048, 2, log_the_rest), -EBUSY);
    fixture_audit();
    assert_int_equal(track(d, 1024, 1024, bits), 0);
    assert_int_equal(count(bits, 1024), 1024);
    fixture_audit();
}

/* Of another range no bit is taken for one's own. */
static void test_other_range_meanwhile(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 4096);
    assert_int_equal(track(d, 0, 1024, bits), 0);
    assert_int_equal(track_meanwhile(d, 0, 1024, 1, log_others), -EBUSY);
    fixture_audit();
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, \
                                              fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_first_reports_all_then_what_was_written),
        T(test_the_end_leaves_nothing_clean),
        T(test_limits),
        T(test_vcpus_write_faults),
        T(test_copies),
        T(test_no_removals),
        T(test_modified_memory),
        T(test_grants),
        T(test_large_entries),
        T(test_large_entries_without_tables),
        T(test_goes_on),
        T(test_a_lost_report_is_made_again),
        T(test_range_dropped_meanwhile),
        T(test_rest_of_a_dropped_range),
        T(test_other_range_meanwhile),
        T(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
