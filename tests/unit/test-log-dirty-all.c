/* SPDX-License-Identifier: MIT */
/*
 * The log of all frames, by XEN_DOMCTL_shadow_op: what is reported, that the log
 * of a range beside it is not disturbed, and that each call may give way.
 *
 * Seen failing with: a second caller who ends the start while the first one has
 * not flushed TLBs yet.
 */
#include "test-log-dirty.h"

#include "test-domctl.h"

#define DISABLE XEN_DOMCTL_SHADOW_OP_OFF
#define ENABLE XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY
#define CLEAN XEN_DOMCTL_SHADOW_OP_CLEAN
#define PEEK XEN_DOMCTL_SHADOW_OP_PEEK

static struct xen_domctl shadow;
static uint8_t all[FRAMES / 8];

static long control(struct domain *d, uint32_t op, void *to, uint64_t pages)
{
    shadow = domctl_make(XEN_DOMCTL_shadow_op, d->domain_id);
    shadow.u.shadow_op.op = op;
    shadow.u.shadow_op.dirty_bitmap.p = to;
    shadow.u.shadow_op.pages = pages;
    return domctl_call(&shadow);
}

/* So many of the first FRAMES frames are dirty. */
static unsigned int dirty(struct domain *d, uint32_t op)
{
    memset(all, 0x55, sizeof(all));
    assert_int_equal(control(d, op, all, FRAMES), 0);
    assert_int_equal(shadow.u.shadow_op.pages, FRAMES);
    return count(all, FRAMES);
}

static unsigned int number(struct domain *d)
{
    assert_int_equal(control(d, PEEK, NULL, 0), 0);
    return shadow.u.shadow_op.stats.dirty_count;
}

static unsigned int clean_for(struct domain *d, uint64_t gfn)
{
    return p2m_lookup(d, _gfn(gfn)).clean;
}

static void test_reports_what_was_written(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 100, 50);
    assert_int_equal(dirty(d, CLEAN), 0); /* not logged */
    log_dirty_mark(d, 101);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(control(d, ENABLE, NULL, 0), -EINVAL);
    assert_int_equal(dirty(d, PEEK), 0);
    log_dirty_mark(d, 103);
    assert_true(log_dirty_fault(d, 149));
    assert_true(log_dirty_fault(d, 149));
    log_dirty_mark(d, 155); /* a hole */
    p2m_peek_begin(d);
    p2m_peek_write(d, _gfn(120));
    p2m_peek_end(d);
    assert_int_equal(number(d), 3);
    assert_int_equal(dirty(d, PEEK), 3);
    assert_int_equal(dirty(d, CLEAN), 3);
    assert_int_equal(shadow.u.shadow_op.stats.dirty_count, 3);
    assert_true(bit(all, 103) && bit(all, 120) && bit(all, 149));
    assert_int_equal(dirty(d, CLEAN), 0);
    assert_int_equal(number(d), 0);
    fixture_audit();
}

/* It may be written by a caller that the log does not know yet. */
static void test_new_frames_are_dirty(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 4);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    fixture_populate(d, 8, 2);
    populate_large(d, 512);
    assert_int_equal(number(d), 514);
    assert_int_equal(dirty(d, CLEAN), 514);
    assert_true(bit(all, 8) && bit(all, 9) && bit(all, 512));
    assert_int_equal(p2m_remove(d, _gfn(9), INVALID_MFN), 0);
    assert_int_equal(dirty(d, CLEAN), 0);
}

static void test_grants(void **state)
{
    struct pair p = make_pair();
    gnttab_map_grant_ref_t map;

    (void)state;
    offer_v1(p.granter, 8, p.mapper, RAM_GFN + 1, 0);
    fixture_be_dom(dom0);
    assert_int_equal(control(p.granter, ENABLE, NULL, 0), 0);
    fixture_be_dom(p.mapper);
    map = grant_map(p.granter, 8, MAP_GFN << PAGE_SHIFT, GNTMAP_host_map);
    assert_int_equal(map.status, GNTST_okay);
    assert_int_equal(grant_unmap(map.handle, MAP_GFN << PAGE_SHIFT, 0),
                     GNTST_okay);
    fixture_be_dom(dom0);
    assert_int_equal(dirty(p.granter, CLEAN), 1);
    assert_true(bit(all, RAM_GFN + 1));
}

static void test_a_part(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 64);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    log_dirty_mark(d, 3);
    log_dirty_mark(d, 13);
    memset(all, 0x55, sizeof(all));
    assert_int_equal(control(d, CLEAN, all, 10), 0);
    assert_int_equal(shadow.u.shadow_op.pages, 10);
    assert_true(bit(all, 3) && count(all, 16) == 1);
    assert_int_equal(all[2], 0x55);
    assert_int_equal(dirty(d, CLEAN), 1);
    log_dirty_mark(d, 3);
    log_dirty_mark(d, 13);
    assert_int_equal(control(d, CLEAN, NULL, 10), 0);
    assert_int_equal(shadow.u.shadow_op.stats.dirty_count, 2);
    assert_int_equal(dirty(d, CLEAN), 1);
    assert_true(bit(all, 13));
    /* Xen's log has so many frames. */
    assert_int_equal(control(d, CLEAN, NULL, ~0UL), 0);
}

static void test_both_logs(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 64);
    assert_int_equal(track(d, 8, 16, bits), 0);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(clean_for(d, 7), LOG_ALL);
    assert_int_equal(clean_for(d, 8), LOG_BOTH);
    log_dirty_mark(d, 9);
    assert_int_equal(clean_for(d, 9), 0);
    assert_int_equal(dirty(d, CLEAN), 1);
    assert_int_equal(clean_for(d, 9), LOG_ALL);
    assert_int_equal(track(d, 8, 16, bits), 0);
    assert_int_equal(count(bits, 16), 1);
    log_dirty_mark(d, 10);
    assert_int_equal(track(d, 8, 16, bits), 0);
    assert_int_equal(count(bits, 16), 1);
    assert_int_equal(dirty(d, CLEAN), 1);
    assert_true(bit(all, 10));
    fixture_audit();
    /* The end of one is not the other's. */
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    assert_int_equal(clean_for(d, 7), 0);
    assert_int_equal(clean_for(d, 8), LOG_RANGE);
    assert_int_equal(dirty(d, PEEK), 0);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(track(d, 0, 0, bits), 0);
    assert_int_equal(clean_for(d, 8), LOG_ALL);
    assert_true(log_dirty_is_on(d));
    fixture_audit();
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    assert_false(log_dirty_is_on(d));
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
}

static void test_large_entries(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    populate_large(d, 512);
    populate_large(d, 1024);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(order_at(d, 512), 9);
    log_dirty_mark(d, 700);
    assert_int_equal(order_at(d, 700), 0);
    assert_int_equal(order_at(d, 1024), 9);
    assert_int_equal(dirty(d, CLEAN), 1);
    assert_int_equal(p2m_pool_resize(d, d->p2m.pool_used), 0);
    log_dirty_mark(d, 1100); /* no table: it is dirty as a whole */
    assert_int_equal(dirty(d, PEEK), 512);
    /* A part of it cannot be clean. */
    assert_int_equal(control(d, CLEAN, all, 1030), 0);
    assert_int_equal(count(all, 1030), 6);
    assert_int_equal(control(d, CLEAN, NULL, 1030), 0);
    assert_int_equal(dirty(d, CLEAN), 512);
    assert_int_equal(dirty(d, CLEAN), 0);
    fixture_audit();
}

static void test_gives_way(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, FRAMES);
    hosted_preempt_every(1);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    log_dirty_mark(d, 5);
    log_dirty_mark(d, FRAMES - 1);
    assert_int_equal(dirty(d, PEEK), 2);
    assert_int_equal(dirty(d, CLEAN), 2);
    assert_int_equal(shadow.u.shadow_op.stats.dirty_count, 2);
    log_dirty_mark(d, 7);
    log_dirty_mark(d, FRAMES - 1);
    assert_int_equal(control(d, CLEAN, NULL, FRAMES), 0);
    assert_int_equal(shadow.u.shadow_op.stats.dirty_count, 2);
    assert_int_equal(dirty(d, CLEAN), 0);
    log_dirty_mark(d, 9);
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    for ( unsigned int i = 0; i < FRAMES; i++ )
        assert_int_equal(clean_for(d, i), 0);
    fixture_audit();
}

/* While TLBs are flushed for one caller, another one makes a call. */
static int (*meanwhile)(struct domain *d);
static int second_rc;

static void call_meanwhile(struct domain *d, gfn_t gfn, uint64_t nr)
{
    int (*call)(struct domain *d) = meanwhile;

    (void)gfn, (void)nr;
    meanwhile = NULL;
    if ( call )
        second_rc = call(d);
}

/* The log is on when all TLBs are flushed, and one of two callers has started it. */
static void test_two_at_once(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, FRAMES);
    hosted_hooks.p2m_flush = call_meanwhile;
    meanwhile = log_dirty_all_start;
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(second_rc, -ERESTART);
    assert_int_equal(control(d, ENABLE, NULL, 0), -EINVAL);
    assert_int_equal(dirty(d, PEEK), 0);
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    meanwhile = log_dirty_all_stop;
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(second_rc, -ERESTART);
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    assert_false(log_dirty_is_on(d));
    hosted_hooks.p2m_flush = NULL;
    fixture_audit();
}

/* Between two steps of a read, others. */
static void test_what_comes_between(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t at;
    uint32_t n;

    (void)state;
    fixture_populate(d, 0, 64);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    log_dirty_mark(d, 3);
    log_dirty_mark(d, 13);
    assert_int_equal(log_dirty_all_read(d, true, &at, &n), 0);
    assert_int_equal(at, 0);
    log_dirty_all_give_way(d, true, 8);
    assert_int_equal(control(d, PEEK, all, 64), -EBUSY);
    log_dirty_mark(d, 20);
    assert_int_equal(control(d, CLEAN, all, 64), 0); /* goes on */
    assert_int_equal(shadow.u.shadow_op.stats.dirty_count, 2);
    assert_true(!bit(all, 3) && bit(all, 13) && bit(all, 20));
    assert_int_equal(dirty(d, PEEK), 1);
    /* A log that ends forgets the read. */
    log_dirty_all_give_way(d, true, 8);
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(dirty(d, PEEK), 0);
}

static void test_a_lost_report_is_made_again(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 64);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    log_dirty_mark(d, 20);
    assert_int_equal(control(d, CLEAN, (void *)8, 64), -EFAULT);
    assert_int_equal(control(d, PEEK, (void *)8, 64), -EFAULT);
    assert_int_equal(dirty(d, CLEAN), 1);
    assert_true(bit(all, 20));
}

static void test_dies_while_logged(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    populate_large(d, 512);
    fixture_populate(d, 0, 64);
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    log_dirty_mark(d, 600);
    assert_true(domain_get(d->domain_id) == d);
    assert_int_equal(domain_kill(d), 0);
    /* A dying domain is answered, and nothing is done. */
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
    fixture_audit();
    domain_put(d);
}

static void test_errors(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(control(dom0, ENABLE, NULL, 0), -EINVAL);
    assert_int_equal(control(d, 7, NULL, 0), -EINVAL);
    assert_int_equal(control(d, XEN_DOMCTL_SHADOW_OP_ENABLE, NULL, 0),
                     -EINVAL);
    shadow.u.shadow_op.mode = XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY;
    assert_int_equal(domctl_call(&shadow), 0);
    shadow.u.shadow_op.op = CLEAN;
    shadow.u.shadow_op.mode = 2;
    assert_int_equal(domctl_call(&shadow), -EINVAL);
}

/* ---- against a model, both logs at a time ---- */

static bool there[FRAMES], for_range[FRAMES], for_all[FRAMES];

static void some_operation(struct domain *d, uint64_t gfn)
{
    struct p2m_entry e = p2m_lookup(d, _gfn(gfn));

    switch ( rand() % 4 )
    {
    case 0:
        if ( !there[gfn] )
            fixture_populate(d, gfn, 1);
        there[gfn] = true;
        log_dirty_mark(d, gfn);
        break;
    case 1:
        if ( there[gfn] )
            assert_int_equal(p2m_remove(d, _gfn(gfn), INVALID_MFN), 0);
        there[gfn] = false;
        break;
    case 2:
        assert_int_equal(log_dirty_fault(d, gfn),
                         there[gfn] && e.type == P2M_RAM_RW);
        if ( e.type != P2M_RAM_RW )
            return;
        break;
    default:
        log_dirty_mark(d, gfn);
        break;
    }
    for_range[gfn] = for_all[gfn] = there[gfn];
}

static void compare(const uint8_t *reported, bool *model, unsigned int first,
                    unsigned int nr, unsigned int round)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( bit(reported, i) != model[first + i] )
            fail_msg("round %u, frame %u: %u", round, first + i,
                     bit(reported, i));
        model[first + i] = false;
    }
}

static void test_random(void **state)
{
    struct domain *d = fixture_guest(1);
    const unsigned int first = 40, nr = 1200;

    (void)state;
    srand(11);
    populate_large(d, 1024);
    for ( unsigned int i = 1024; i < 1536; i++ )
        there[i] = true;
    assert_int_equal(control(d, ENABLE, NULL, 0), 0);
    assert_int_equal(track(d, first, nr, bits), 0);
    for ( unsigned int round = 0; round < 100; round++ )
    {
        hosted_preempt_every(rand() % 3);
        for ( unsigned int i = rand() % 100; i; i-- )
            some_operation(d, rand() % 2000);
        if ( rand() % 2 )
        {
            assert_int_equal(track(d, first, nr, bits), 0);
            compare(bits, for_range, first, nr, round);
        }
        if ( rand() % 2 )
        {
            dirty(d, CLEAN);
            compare(all, for_all, 0, FRAMES, round);
        }
        fixture_audit();
    }
    assert_int_equal(control(d, DISABLE, NULL, 0), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, \
                                              fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_reports_what_was_written),
        T(test_new_frames_are_dirty),
        T(test_grants),
        T(test_a_part),
        T(test_both_logs),
        T(test_large_entries),
        T(test_gives_way),
        T(test_two_at_once),
        T(test_what_comes_between),
        T(test_a_lost_report_is_made_again),
        T(test_dies_while_logged),
        T(test_errors),
        T(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
