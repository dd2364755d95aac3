/* SPDX-License-Identifier: MIT */
/*
 * Populate on demand: who fills an entry and who does not, the target, what the
 * domain gives back, and the sweep.
 *
 * Seen failing with: a lookup that does not fill or a query that does; pages of
 * the cache that are not cleared; a step of the sweep that does not flush before
 * it takes, or takes pages with another reference; a target that counts the
 * cache twice.
 */
#include "test-pod.h"

#include "test-grant.h"

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>

static void test_first_access_fills(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t before;

    (void)state;
    assert_int_equal(pod_target(d, 10), 0);
    assert_int_equal(pod_answer.pod_cache_pages, 10);
    pod_is(d, 10, 10, 0);
    assert_int_equal(pod_mark(d, 0, 24, 0), 24);
    pod_is(d, 10, 10, 24);
    before = page_nr_free();
    for ( unsigned int i = 0; i < 10; i++ )
    {
        assert_int_equal(type_at(d, i), P2M_POD);
        write_to(d, i);
        assert_int_equal(type_at(d, i), P2M_RAM_RW);
        pod_is(d, 10, 9 - i, 23 - i);
    }
    assert_int_equal(page_nr_free(), before);
    for ( unsigned int i = 0; i < 10; i++ )
        assert_int_equal(written(d, i), i + 1);
}

/* ---- who fills ---- */

static uint64_t which;

static bool by_get_page(struct domain *d)
{
    struct page *pg = p2m_get_page(d, _gfn(BASE + which), NULL);

    if ( pg )
        page_put(pg);
    return pg;
}

static bool by_get_frame(struct domain *d)
{
    struct page *pg = p2m_get_own_page(d, BASE + which);

    if ( pg )
        page_put(pg);
    return pg;
}

static bool by_peek(struct domain *d)
{
    struct p2m_entry e;

    (void)p2m_peek_begin(d);
    e = p2m_peek(d, _gfn(BASE + which));
    p2m_peek_end(d);
    return e.type == P2M_RAM_RW;
}

static bool by_peek_write(struct domain *d)
{
    struct p2m_entry e;

    (void)p2m_peek_begin(d);
    e = p2m_peek_write(d, _gfn(BASE + which));
    p2m_peek_end(d);
    return e.type == P2M_RAM_RW;
}

static bool by_fault(struct domain *d)
{
    return p2m_pod_fault(d, _gfn(BASE + which));
}

static bool by_claim(struct domain *d)
{
    struct page *pg;

    if ( p2m_claim_page(d, _gfn(BASE + which), &pg) )
        return false;
    p2m_unclaim_page(pg);
    page_put(pg);
    return true;
}

/* To itself, as the emulator of d does: by a second control domain. */
static bool by_foreign_map(struct domain *d)
{
    struct domain *pvh = fixture_pvh_dom0();
    xen_ulong_t idx = BASE + which;
    xen_pfn_t gpfn = 0x77;
    int err = 1;
    struct xen_add_to_physmap_batch a = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = d->domain_id, .idxs.p = &idx, .gpfns.p = &gpfn,
        .errs.p = &err,
    };

    fixture_be_dom(pvh);
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &a), 0);
    fixture_be_dom(dom0);
    return !err && p2m_lookup(pvh, _gfn(0x77)).type == P2M_FOREIGN;
}

static bool by_frame_type(struct domain *d)
{
    xen_pfn_t frame = BASE + which;
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getpageframeinfo3, .domain = d->domain_id,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
        .u.getpageframeinfo3 = { .num = 1, .array.p = &frame },
    };

    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    return frame == XEN_DOMCTL_PFINFO_NOTAB;
}

static bool by_mem_type(struct domain *d)
{
    struct xen_dm_op op = { .op = XEN_DMOP_set_mem_type,
                            .u.set_mem_type = { .mem_type = HVMMEM_ram_ro,
                                                .nr = 1,
                                                .first_pfn = BASE + which } };
    struct xen_dm_op_buf buf = { .h.p = &op, .size = sizeof(op) };

    assert_int_equal(hcall(__HYPERVISOR_dm_op, d->domain_id, 1, P(&buf), 0, 0),
                     0);
    return type_at(d, which) == P2M_RAM_RO;
}

static bool by_move(struct domain *d)
{
    struct xen_add_to_physmap a = { .domid = d->domain_id,
                                    .space = XENMAPSPACE_gmfn,
                                    .idx = BASE + which, .gpfn = 0x55 };

    assert_int_equal(memory_op(XENMEM_add_to_physmap, &a), 0);
    return p2m_lookup(d, _gfn(0x55)).type == P2M_RAM_RW;
}

static void test_lookups_fill(void **state)
{
    static bool (*const by[])(struct domain *d) = {
        by_get_page, by_get_frame, by_peek, by_peek_write, by_fault, by_claim,
        by_foreign_map, by_frame_type, by_mem_type, by_move,
    };
    struct domain *d = pod_guest(32, 32);

    (void)state;
    for ( which = 0; which < ARRAY_SIZE(by); which++ )
    {
        assert_true(by[which](d));
        pod_is(d, 32, 31 - which, 31 - which);
    }
}

static void test_queries_do_not(void **state)
{
    struct domain *d = pod_guest(8, 8);
    struct xen_hvm_get_mem_type get = { .domid = d->domain_id, .pfn = BASE };
    uint64_t gfn = 0;
    unsigned int order;

    (void)state;
    assert_int_equal(type_at(d, 0), P2M_POD);
    assert_int_equal(p2m_lookup_order(d, _gfn(BASE), &order).type, P2M_POD);
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, P(&get), 0,
                           0, 0), 0);
    assert_int_equal(get.mem_type, HVMMEM_ram_rw);
    assert_int_equal(p2m_pod_populate(d, _gfn(0x10)), 0);
    assert_false(p2m_pod_fault(d, _gfn(0x10)));
    assert_false(p2m_pod_fault(d, _gfn(P2M_GFN_LIMIT)));
    log_dirty_mark(d, BASE);
    assert_int_equal(p2m_for_each(d, &gfn, NULL, NULL), 0);
    pod_is(d, 8, 8, 8);
}

/* A grant of such a page is one of the page that comes. */
static void test_granted_and_mapped(void **state)
{
    struct domain *d = pod_guest(8, 8), *pvh = fixture_pvh_dom0();
    gnttab_map_grant_ref_t map = { .host_addr = 0x99UL << PAGE_SHIFT,
                                   .flags = GNTMAP_host_map, .ref = 9,
                                   .dom = d->domain_id };
    gnttab_unmap_grant_ref_t unmap = { .host_addr = map.host_addr };

    (void)state;
    offer_v1(d, 9, pvh, BASE, 0);
    fixture_be_dom(pvh);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, &map, 1), 0);
    assert_int_equal(map.status, GNTST_okay);
    pod_is(d, 8, 7, 7);
    assert_true(mfn_eq(p2m_lookup(d, _gfn(BASE)).mfn,
                       p2m_lookup(pvh, _gfn(0x99)).mfn));
    unmap.handle = map.handle;
    assert_int_equal(grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
    fixture_be_dom(dom0);
}

/* ---- making entries ---- */

static void test_populate_refusals(void **state)
{
    struct domain *d = pod_guest(4, 4), *pvh = fixture_pvh_dom0();

    (void)state;
    /* What is there stays; entries again are the same. */
    assert_int_equal(pod_mark(d, 2, 4, 0), 4);
    pod_is(d, 4, 4, 6);
    write_to(d, 0);
    assert_int_equal(pod_mark(d, 0, 2, 0), 0);
    fixture_populate(d, BASE + 10, 1);
    assert_int_equal(pod_mark(d, 8, 2, 1), 1); /* whole extents */
    pod_is(d, 5, 3, 7);
    assert_int_equal(pod_mark(d, P2M_GFN_LIMIT - BASE, 1, 0), 0);
    assert_int_equal(pod_mark(d, P2M_GFN_LIMIT - BASE - 2, 1, 2), 0);
    assert_int_equal(pod_mark(d, 0, 1, 19), 0);
    /* Not for itself. */
    fixture_be_dom(pvh);
    assert_int_equal(pod_mark(pvh, 0, 1, 0), 0);
    fixture_be_dom(d);
    assert_int_equal(pod_mark(d, 20, 1, 0), 0);
    fixture_be_dom(dom0);
    assert_int_equal(pod_mark(dom0, 0, 1, 0), -EOPNOTSUPP);
    fixture_kill(pvh);
}

/* Larger extents are so many entries; each gives way. */
static void test_orders(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    hosted_preempt_every(3);
    assert_int_equal(pod_mark(d, 0, 2, 9), 2);
    pod_is(d, 0, 0, 1024);
    assert_int_equal(p2m_pool_resize(d, 520), -ERESTART);
    hosted_preempt_every(0);
    assert_int_equal(p2m_pool_resize(d, 520), 0);
    assert_int_equal(pod_mark(d, (1UL << 18) - BASE, 1, 18), 1);
    pod_is(d, 0, 0, 1024 + (1UL << 18));
    /* No tables for another one: nothing is done. */
    assert_int_equal(pod_mark(d, (2UL << 18) - BASE, 1, 18), 0);
    pod_is(d, 0, 0, 1024 + (1UL << 18));
}

/* Whatever replaces an entry, the entry does not count any more. */
static void test_replaced(void **state)
{
    struct domain *d = pod_guest(64, 8);
    struct page *pg;

    (void)state;
    assert_int_equal(pod_populate(d, 0, 4, 0, 0), 4);
    pod_is(d, 12, 8, 60);
    assert_int_equal(pod_populate(d, 4, 1, 2, 0), 1);
    pod_is(d, 16, 8, 56);
    assert_int_equal(p2m_remove(d, _gfn(BASE + 8), INVALID_MFN), 0);
    assert_int_equal(p2m_set(d, _gfn(BASE + 9), INVALID_MFN, P2M_MMIO_DM), 0);
    pod_is(d, 16, 8, 54);
    assert_int_equal(p2m_move(d, _gfn(BASE), _gfn(BASE + 10),
                              p2m_type_bit(P2M_POD)), 0);
    pod_is(d, 16, 8, 53);
    /* A large entry takes the place of the table. */
    pg = page_alloc(d, 9, 0);
    assert_int_equal(p2m_set_order(d, _gfn(BASE), page_to_mfn(pg), 9,
                                   P2M_RAM_RW), 0);
    pod_is(d, 8 + 512, 8, 0);
}

/* ---- the target ---- */

static void test_target_errors(void **state)
{
    struct domain *d = pod_guest(4, 4);
    struct xen_pod_target t = { .domid = DOMID_SELF };

    (void)state;
    assert_int_equal(memory_op(XENMEM_set_pod_target, NULL), -EFAULT);
    assert_int_equal(memory_op(XENMEM_set_pod_target, &t), -EINVAL);
    assert_int_equal(memory_op(XENMEM_get_pod_target, &t), -EINVAL);
    t.domid = 0x1234;
    assert_int_equal(memory_op(XENMEM_get_pod_target, &t), -ESRCH);
    t.domid = 0;
    assert_int_equal(memory_op(XENMEM_get_pod_target, &t), -EINVAL);
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_set_pod_target | 1 << MEMOP_CMD_BITS, P(&t),
                           0, 0, 0), -EINVAL);
    d->max_pages = 100;
    assert_int_equal(pod_target(d, 101), -EINVAL);
    fixture_be_dom(d);
    assert_int_equal(pod_target(d, 4), -EPERM);
    fixture_be_dom(dom0);
    pod_is(d, 4, 4, 4);
}

static void test_target(void **state)
{
    struct domain *d = pod_guest(100, 20);

    (void)state;
    hosted_preempt_every(2);
    for ( unsigned int i = 0; i < 10; i++ )
        write_to(d, i);
    pod_is(d, 20, 10, 90);
    /* Below what it has: the balloon driver's work. */
    assert_int_equal(pod_target(d, 15), 0);
    pod_is(d, 20, 10, 90);
    assert_int_equal(pod_target(d, 40), 0);
    pod_is(d, 40, 30, 90);
    /* No more than the entries need. */
    assert_int_equal(pod_target(d, 400), 0);
    pod_is(d, 100, 90, 90);
    assert_int_equal(pod_decrease(d, 50, 50), 50);
    pod_is(d, 50, 40, 40);
    assert_int_equal(pod_decrease(d, 10, 40), 40);
    pod_is(d, 10, 0, 0);
    /* No entries: it is an ordinary domain. */
    assert_int_equal(pod_target(d, 30), 0);
    pod_is(d, 10, 0, 0);
    hosted_preempt_every(0);
}

static void test_target_without_memory(void **state)
{
    struct domain *d = pod_guest(64, 8);
    uint64_t all = page_nr_free();

    (void)state;
    d->max_pages = 20;
    assert_int_equal(pod_target(d, 20), 0);
    assert_int_equal(pod_target(d, 21), -EINVAL);
    d->max_pages = 10; /* meanwhile */
    pod_is(d, 20, 20, 64);
    d->max_pages = UINT64_MAX;
    hosted_fail_alloc(3);
    assert_int_equal(pod_target(d, 30), -ENOMEM);
    hosted_fail_alloc(0);
    pod_is(d, 22, 22, 64);
    assert_int_equal(page_nr_free(), all - 14);
    fixture_kill(d);
}

/* ---- giving back ---- */

static void test_memory_goes_to_the_cache(void **state)
{
    struct domain *d = pod_guest(64, 4);
    struct page *held;

    (void)state;
    for ( unsigned int i = 0; i < 4; i++ )
        write_to(d, i);
    fixture_be_dom(d);
    assert_int_equal(pod_decrease(d, 0, 2), 2);
    pod_is(d, 4, 2, 60);
    assert_int_equal(type_at(d, 0), P2M_NONE);
    /* A page that a device model maps, too, goes when that unmaps it. */
    held = p2m_get_page(d, _gfn(BASE + 2), NULL);
    assert_int_equal(pod_decrease(d, 2, 1), 1);
    assert_int_equal(d->tot_pages, 4);
    assert_int_equal(((uint64_t *)page_to_virt(held))[511], 3);
    page_put(held);
    pod_is(d, 3, 2, 60);
    fixture_be_dom(dom0);
    /* The next one who gets it reads zeroes. */
    assert_true(by_get_page(d)); /* at `which`, wherever that is */
    for ( unsigned int i = 20; i < 22; i++ )
        if ( type_at(d, i) == P2M_POD && by_peek(d) )
            assert_int_equal(written(d, i), 0);
}

static void test_cache_pages_are_zero(void **state)
{
    struct domain *d = pod_guest(64, 4);

    (void)state;
    for ( unsigned int i = 0; i < 4; i++ )
        write_to(d, i);
    assert_int_equal(pod_decrease(d, 0, 4), 4);
    for ( which = 20; which < 24; which++ )
    {
        assert_true(by_get_page(d));
        assert_non_null(fixture_gfn_to_virt(d, BASE + which));
        assert_int_equal(written(d, which), 0);
        write_to(d, which);
    }
    pod_is(d, 4, 0, 56);
}

/* The pages that hypervisor and guest share are not given up. */
static void test_extra_pages_stay(void **state)
{
    struct domain *d = pod_guest(64, 4);
    struct xen_add_to_physmap a = { .domid = d->domain_id, .gpfn = BASE + 3 };

    (void)state;
    assert_int_equal(memory_op(XENMEM_add_to_physmap, &a), 0);
    pod_is(d, 4, 4, 63);
    assert_int_equal(pod_decrease(d, 3, 1), 0);
    for ( which = 8; which < 12; which++ )
        write_to(d, which);
    which = 12;
    assert_false(by_get_page(d)); /* the shared page is zero, and no help */
    assert_true(domain_is_shut_down(d));
    assert_true(mfn_eq(p2m_lookup(d, _gfn(BASE + 3)).mfn,
                       page_to_mfn(d->shared_page)));
}

static void test_kill(void **state)
{
    struct domain *d = pod_guest(200, 100);
    struct page *pg = p2m_get_page(d, _gfn(BASE), NULL);

    (void)state;
    hosted_preempt_every(1);
    fixture_kill(d);
    hosted_preempt_every(0);
    assert_int_equal(d->tot_pages, 1);
    page_put(pg);
}

/* ---- writes are logged ---- */

static uint8_t bits[LOG_DIRTY_STEP / 8];

static void test_logged(void **state)
{
    struct domain *d = pod_guest(64, 8);
    uint32_t dirty;
    uint64_t at;

    (void)state;
    write_to(d, 0);
    assert_int_equal(log_dirty_all_start(d), 0);
    assert_int_equal(log_dirty_all_read(d, true, &at, &dirty), 0);
    log_dirty_all_step(d, true, BASE, 64, bits);
    assert_int_equal(bits[0], 0xfe); /* all but the one that is clean */
    assert_int_equal(bits[7], 0xff);
    which = 1;
    assert_true(by_get_page(d));
    log_dirty_all_step(d, true, BASE, 64, bits);
    assert_int_equal(bits[0], 0xfe);
    log_dirty_all_step(d, true, BASE, 64, bits);
    assert_int_equal(bits[0], 0xfc);
    log_dirty_all_end(d);
    assert_int_equal(log_dirty_all_stop(d), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_first_access_fills), TEST(test_lookups_fill),
        TEST(test_queries_do_not),     TEST(test_granted_and_mapped),
        TEST(test_populate_refusals),  TEST(test_orders),
        TEST(test_replaced),           TEST(test_target_errors),
        TEST(test_target),             TEST(test_target_without_memory),
        TEST(test_memory_goes_to_the_cache),
        TEST(test_cache_pages_are_zero),
        TEST(test_extra_pages_stay),   TEST(test_kill),
        TEST(test_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
