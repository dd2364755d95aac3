/* SPDX-License-Identifier: MIT */
/* memory_op: add_to_physmap, its batch, remove_from_physmap. */
#include "fixture.h"

#include <hv/grant.h>
#include <hv/memory.h>

static mfn_t mfn_at(struct domain *d, uint64_t gfn)
{
    return p2m_lookup(d, _gfn(gfn)).mfn;
}

static long add(domid_t domid, unsigned int space, uint64_t idx, uint64_t gpfn,
                uint16_t size)
{
    struct xen_add_to_physmap a = {
        .domid = domid, .size = size, .space = space, .idx = idx, .gpfn = gpfn,
    };

    return memory_op(XENMEM_add_to_physmap, &a);
}

static long take_away(domid_t domid, uint64_t gpfn)
{
    struct xen_remove_from_physmap r = { .domid = domid, .gpfn = gpfn };

    return memory_op(XENMEM_remove_from_physmap, &r);
}

/* A batch of one; the call's error, or the page's. */
static long add_foreign(domid_t domid, domid_t foreign, uint64_t idx,
                        uint64_t gpfn)
{
    xen_ulong_t idxs = idx;
    xen_pfn_t gpfns = gpfn;
    int err = 12345;
    struct xen_add_to_physmap_batch b = {
        .domid = domid, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = foreign,
    };
    long rc;

    b.idxs.p = &idxs;
    b.gpfns.p = &gpfns;
    b.errs.p = &err;
    rc = memory_op(XENMEM_add_to_physmap_batch, &b);
    assert_true(rc || err != 12345);
    return rc ? rc : err;
}

static void test_shared_info(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 5, 1);
    fixture_be_dom(d);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 1, 5, 0),
                     -EINVAL);
    assert_int_equal(d->tot_pages, 1);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 5, 0), 0);
    assert_ptr_equal(fixture_gfn_to_virt(d, 5), d->shared);
    assert_int_equal(d->tot_pages, 0); /* what was there is free */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 6, 0), 0);
    /* Over each other, unhooked, over memory: it only leaves its place. */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 6, 0), 0);
    assert_int_equal(take_away(DOMID_SELF, 6), 0);
    assert_int_equal(take_away(DOMID_SELF, 6), -ENOENT);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 0, 5, 0), 0);
    fixture_audit();
    fixture_be_dom(dom0);
}

static void test_grant_frames(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg;

    (void)state;
    fixture_be_dom(d);
    for ( unsigned int i = 0; i < 64; i++ )
    {
        assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, i, 0x50 + i,
                             0), 0);
        assert_int_equal(grant_resource_get(d, 0, i, 1, &pg), 0);
        assert_true(mfn_eq(mfn_at(d, 0x50 + i), page_to_mfn(pg)));
        page_put(pg);
    }
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 64, 0x50, 0),
                     -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, ~0UL, 0x50, 0),
                     -EINVAL);
    /* Version 1 has no status frames. */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table,
                         XENMAPIDX_grant_table_status, 0x50, 0), -EINVAL);
    assert_int_equal(d->tot_pages, 0);
    fixture_be_dom(dom0);
}

static void test_gmfn_moves(void **state)
{
    struct domain *d = fixture_guest(1);
    mfn_t a, b;

    (void)state;
    fixture_populate(d, 1, 3);
    a = mfn_at(d, 1);
    b = mfn_at(d, 2);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 1, 10, 0), 0);
    assert_true(mfn_eq(mfn_at(d, 10), a));
    assert_int_equal(p2m_lookup(d, _gfn(1)).type, P2M_NONE);
    assert_int_equal(d->tot_pages, 3);
    /* Onto memory: that is freed.  Onto itself: nothing happens. */
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 2, 10, 0), 0);
    assert_true(mfn_eq(mfn_at(d, 10), b));
    assert_int_equal(mfn_to_page(a)->refs, 0);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 10, 10, 0), 0);
    assert_true(mfn_eq(mfn_at(d, 10), b));
    assert_int_equal(mfn_to_page(b)->refs, 1);
    assert_int_equal(d->tot_pages, 2);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 1, 11, 0), -EINVAL);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 3, P2M_GFN_LIMIT, 0),
                     -EINVAL);
    assert_int_equal(p2m_lookup(d, _gfn(3)).type, P2M_RAM_RW);
}

static void test_gmfn_range(void **state)
{
    struct domain *d = fixture_guest(1);
    mfn_t mfn[300];

    (void)state;
    fixture_populate(d, 0, 300);
    for ( unsigned int i = 0; i < 300; i++ )
        mfn[i] = mfn_at(d, i);
    hosted_preempt_every(1);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn_range, 0, 0x1000,
                         300), 0);
    for ( unsigned int i = 0; i < 300; i++ )
        assert_true(mfn_eq(mfn_at(d, 0x1000 + i), mfn[i]));
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn_range, 0, 0, 0), 0);
    /* Ends at the first that fails. */
    assert_int_equal(take_away(d->domain_id, 0x1000 + 10), 0);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn_range, 0x1000, 0, 20),
                     -EINVAL);
    assert_int_equal(p2m_lookup(d, _gfn(9)).type, P2M_RAM_RW);
    assert_int_equal(p2m_lookup(d, _gfn(11)).type, P2M_NONE);
    assert_int_equal(d->tot_pages, 299);
}

/* Item 6: what is shared with the hypervisor is no memory to move around. */
static void test_xsa_276_extra_pages_do_not_move(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg;

    (void)state;
    assert_int_equal(add(d->domain_id, XENMAPSPACE_shared_info, 0, 1, 0), 0);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_grant_table, 0, 2, 0), 0);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 1, 3, 0), -EINVAL);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 2, 3, 0), -EINVAL);
    assert_int_equal(p2m_lookup(d, _gfn(3)).type, P2M_NONE);
    /* Nor is what another domain has granted or shared. */
    pg = page_alloc(dom0, 0, 0);
    assert_non_null(pg);
    assert_int_equal(p2m_set(d, _gfn(4), page_to_mfn(pg), P2M_GRANT_RW), 0);
    assert_int_equal(add(d->domain_id, XENMAPSPACE_gmfn, 4, 3, 0), -EINVAL);
}

/* ---- who may, and the order of checks ---- */

static void test_order_of_checks(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    domid_t id = d->domain_id;
    struct hypercall hc = { __HYPERVISOR_memory_op, { 0 } };
    struct xen_add_to_physmap a = { .domid = id, .size = 3,
                                    .space = XENMAPSPACE_gmfn_range };
    struct xen_add_to_physmap_batch b = { .domid = 0x1234, .size = 3,
                                          .space = XENMAPSPACE_gmfn_range };

    (void)state;
    assert_int_equal(memory_op(XENMEM_add_to_physmap, NULL), -EFAULT);
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, NULL), -EFAULT);
    assert_int_equal(memory_op(XENMEM_remove_from_physmap, NULL), -EFAULT);
    assert_int_equal(add(0x1234, XENMAPSPACE_gmfn_foreign, 0, 0, 0), -ENOSYS);
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), -EOPNOTSUPP);
    assert_int_equal(add(0x1234, XENMAPSPACE_dev_mmio, 0, 0, 0), -ESRCH);
    assert_int_equal(take_away(0x1234, 0), -ESRCH);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 0, 0, 0), -EACCES);
    assert_int_equal(take_away(DOMID_SELF, 0), -ENOENT);
    assert_int_equal(add(id, 9, 0, 0, 0), -EINVAL);
    fixture_be_dom(other);
    assert_int_equal(add(0, XENMAPSPACE_gmfn, 0, 0, 0), -EACCES);
    assert_int_equal(add(id, XENMAPSPACE_dev_mmio, 0, 0, 0), -EACCES);
    assert_int_equal(add(id, 9, 0, 0, 0), -EPERM);
    assert_int_equal(take_away(id, 0), -EPERM);
    assert_int_equal(add_foreign(id, id, 0, 0), -EPERM);
    other->target_id = id; /* its device model */
    assert_int_equal(add(id, 9, 0, 0, 0), -EINVAL);
    assert_int_equal(take_away(id, 0), -ENOENT);
    fixture_be_dom(dom0);

    hc.a[0] = XENMEM_add_to_physmap | 4 << MEMOP_CMD_BITS;
    hc.a[1] = P(&a);
    assert_int_equal(hypercall_run(&hc), -XEN_EILSEQ);
    b.domid = id;
    b.space = XENMAPSPACE_gmfn;
    hc.a[0] = XENMEM_add_to_physmap_batch | 3 << MEMOP_CMD_BITS;
    hc.a[1] = P(&b);
    assert_int_equal(hypercall_run(&hc), -XEN_EILSEQ);
    b.size = 0;
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), 0);
    hc.a[0] = XENMEM_remove_from_physmap | 1 << MEMOP_CMD_BITS;
    assert_int_equal(hypercall_run(&hc), -EINVAL);
}

static void test_what_is_there_may_have_to_stay(void **state)
{
    static const struct {
        enum p2m_type type;
        int add, remove;
    } cases[] = {
        { P2M_FOREIGN, -ENXIO, 0 },  { P2M_GRANT_RW, -ENXIO, 0 },
        { P2M_GRANT_RO, -ENXIO, 0 }, { P2M_MMIO_DIRECT, -EPERM, -ENOENT },
    };
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    fixture_populate(other, 0, 2);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct page *pg = p2m_get_page(other, _gfn(0), NULL);
        mfn_t mfn = page_to_mfn(pg);

        if ( cases[i].type == P2M_MMIO_DIRECT )
            page_put(pg);
        fixture_populate(d, 8, 1);
        assert_int_equal(p2m_set(d, _gfn(9), mfn, cases[i].type), 0);
        for ( unsigned int space = XENMAPSPACE_shared_info;
              space <= XENMAPSPACE_gmfn; space++ )
            assert_int_equal(add(d->domain_id, space, space == 2 ? 8 : 0, 9,
                                 0), cases[i].add);
        assert_true(mfn_eq(mfn_at(d, 9), mfn));
        d->is_privileged = true;
        if ( cases[i].type != P2M_MMIO_DIRECT )
            assert_int_equal(add_foreign(d->domain_id, other->domain_id, 1,
                                         9), cases[i].add);
        d->is_privileged = false;
        assert_true(mfn_eq(mfn_at(d, 9), mfn));
        assert_int_equal(take_away(d->domain_id, 9), cases[i].remove);
    }
}

/* A control domain that touched nothing has a device there: no hindrance. */
static void test_device_gives_way_in_a_control_domain(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    fixture_populate(other, 0, 2);
    assert_int_equal(p2m_set(d, _gfn(9), _mfn(1UL << 30), P2M_MMIO_DIRECT),
                     0);
    d->is_privileged = true;
    assert_int_equal(add_foreign(d->domain_id, other->domain_id, 1, 9), 0);
    assert_true(mfn_eq(mfn_at(d, 9), mfn_at(other, 1)));
    assert_int_equal(take_away(d->domain_id, 9), 0);
    assert_int_equal(p2m_lookup(d, _gfn(9)).type, P2M_NONE);
    d->is_privileged = false;
}

/* ---- another domain's memory ---- */

static void test_foreign(void **state)
{
    struct domain *d = fixture_guest(1), *pvh = fixture_pvh_dom0();
    domid_t id = d->domain_id;
    struct page *pg;

    (void)state;
    fixture_populate(d, 0x10, 2);
    fixture_populate(pvh, 0x20, 1);
    assert_int_equal(p2m_set(d, _gfn(0x12), INVALID_MFN, P2M_MMIO_DM), 0);
    fixture_be_dom(pvh);
    assert_int_equal(add_foreign(DOMID_SELF, DOMID_SELF, 0x20, 0x30), -EINVAL);
    assert_int_equal(add_foreign(DOMID_SELF, pvh->domain_id, 0x20, 0x30),
                     -EINVAL);
    assert_int_equal(add_foreign(DOMID_SELF, 0x1234, 0x10, 0x30), -ESRCH);
    assert_int_equal(add_foreign(DOMID_SELF, DOMID_IO, 0x10, 0x30), -ESRCH);
    assert_int_equal(add_foreign(DOMID_SELF, 0, 0x10, 0x30), -EINVAL);
    assert_int_equal(add_foreign(DOMID_SELF, id, 0x11f, 0x30), -EINVAL);
    assert_int_equal(add_foreign(DOMID_SELF, id, 0x12, 0x30), -EINVAL);
    assert_int_equal(add_foreign(DOMID_SELF, id, 0x10, P2M_GFN_LIMIT),
                     -EINVAL);
    /* d itself may not look into others. */
    assert_int_equal(add_foreign(id, pvh->domain_id, 0x20, 0x30), -EPERM);

    assert_int_equal(add_foreign(DOMID_SELF, id, 0x10, 0x30), 0);
    assert_int_equal(p2m_lookup(pvh, _gfn(0x30)).type, P2M_FOREIGN);
    assert_ptr_equal(fixture_gfn_to_virt(pvh, 0x30), fixture_gfn_to_virt(d, 0x10));
    /* Over memory of its own: that is freed. */
    assert_int_equal(add_foreign(DOMID_SELF, id, 0x11, 0x20), 0);
    assert_int_equal(pvh->tot_pages, 0);
    fixture_audit();

    /* No chain: what d maps of others is not d's to hand on. */
    fixture_be_dom(dom0);
    d->is_privileged = true;
    fixture_populate(pvh, 0x40, 1);
    assert_int_equal(add_foreign(id, pvh->domain_id, 0x40, 0x13), 0);
    d->is_privileged = false;
    fixture_be_dom(pvh);
    assert_int_equal(add_foreign(DOMID_SELF, id, 0x13, 0x31), -EINVAL);

    /* The owner gives it up: the frame stays what it was until unmapped. */
    pg = mfn_to_page(mfn_at(d, 0x10));
    assert_int_equal(take_away(id, 0x10), 0);
    assert_int_equal(pg->refs, 1);
    assert_int_equal(d->tot_pages, 2);
    assert_int_equal(take_away(DOMID_SELF, 0x30), 0);
    assert_int_equal(pg->refs, 0);
    assert_int_equal(d->tot_pages, 1);
    fixture_be_dom(dom0);
    /* Each still maps the other: neither keeps the other alive for ever. */
    fixture_kill(pvh);
    fixture_kill(d);
}

static void test_batch_tells_each_error(void **state)
{
    static xen_ulong_t idxs[] = { 1, 99, 2, 3 };
    static xen_pfn_t gpfns[] = { 0x31, 0x32, 0x33, P2M_GFN_LIMIT };
    static const int want[] = { 0, -EINVAL, 0, -EINVAL };
    struct domain *d = fixture_guest(1), *pvh = fixture_pvh_dom0();
    int errs[4] = { 1, 1, 1, 1 };
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 4,
        .u.foreign_domid = d->domain_id,
    };

    (void)state;
    fixture_populate(d, 0, 10);
    fixture_be_dom(pvh);
    b.idxs.p = idxs;
    b.gpfns.p = gpfns;
    b.errs.p = errs;
    hosted_preempt_every(1);
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), 0);
    assert_memory_equal(errs, want, sizeof(want));
    b.errs.p = NULL;
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), -EFAULT);
    b.errs.p = errs;
    b.gpfns.p = NULL;
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), -EFAULT);
    b.idxs.p = NULL;
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), -EFAULT);
    fixture_be_dom(dom0);
}

static void test_no_table_for_it(void **state)
{
    struct domain *d = fixture_guest(1), *pvh = fixture_pvh_dom0();

    (void)state;
    fixture_populate(d, 0, 1);
    fixture_be_dom(pvh);
    assert_int_equal(p2m_pool_resize(pvh, 1), 0);
    assert_int_equal(add_foreign(DOMID_SELF, d->domain_id, 0, 0x30), -ENOMEM);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x30, 0),
                     -ENOMEM);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 0, 0x30, 0),
                     -ENOMEM);
    fixture_be_dom(dom0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_shared_info),
        TEST(test_grant_frames),
        TEST(test_gmfn_moves),
        TEST(test_gmfn_range),
        TEST(test_xsa_276_extra_pages_do_not_move),
        TEST(test_order_of_checks),
        TEST(test_what_is_there_may_have_to_stay),
        TEST(test_device_gives_way_in_a_control_domain),
        TEST(test_foreign),
        TEST(test_batch_tells_each_error),
        TEST(test_no_table_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
