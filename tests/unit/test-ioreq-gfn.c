/* SPDX-License-Identifier: MIT */
/* Servers' pages at GFNs of the target, or as a resource, not both. */
#include "test-ioreq.h"

#define POOL 0x100 /* first GFN of the pool */

static void set_param(struct domain *d, uint32_t index, uint64_t value)
{
    struct xen_hvm_param a = { .domid = d->domain_id, .index = index,
                               .value = value };

    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0,
                           0), 0);
}

static struct domain *guest_with_pool(unsigned int nr)
{
    struct domain *d = fixture_guest(2);

    fixture_populate(d, POOL, 16);
    set_param(d, HVM_PARAM_IOREQ_SERVER_PFN, POOL);
    set_param(d, HVM_PARAM_NR_IOREQ_SERVER_PAGES, nr);
    return d;
}

static long gfns(struct domain *d, unsigned int id,
                 struct xen_dm_op_get_ioreq_server_info *info)
{
    memset(info, 0xee, sizeof(*info));
    return get_info(d, id, 0, info);
}

/* Any acquire, even of a frame that does not exist, decides for good. */
static void test_failed_acquire_commits_to_mfns(void **state)
{
    struct domain *d = guest_with_pool(8);
    struct xen_dm_op_get_ioreq_server_info info;
    uint64_t extra = d->extra_pages;
    struct page *pg;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(ioreq_resource_get(d, 0, 77, 1, &pg), -EINVAL);
    assert_int_equal(d->extra_pages, extra + 2); /* ring, slots */
    assert_int_equal(gfns(d, 0, &info), -EPERM);
    assert_int_equal(get_info(d, 0, XEN_DMOP_no_gfns, &info), 0);
    page_put(acquire(d, 0, 1));
}

static void test_gfns_come_from_the_pool(void **state)
{
    struct domain *d = guest_with_pool(3);
    struct xen_dm_op_get_ioreq_server_info info;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(create(d, OFF), 1);
    assert_int_equal(create(d, ATOMIC), 2);
    assert_int_equal(gfns(d, 0, &info), 0);
    assert_int_equal(info.ioreq_gfn, POOL);
    assert_int_equal(info.bufioreq_gfn, POOL + 1);
    assert_int_equal(info.bufioreq_port, d->ioreq.server[0]->ring_port);
    assert_int_equal(gfns(d, 0, &info), 0); /* again: the same */
    assert_int_equal(info.ioreq_gfn, POOL);
    /* One left: not enough for a server with a ring, which takes none. */
    assert_int_equal(gfns(d, 2, &info), -ENOMEM);
    assert_int_equal(gfns(d, 1, &info), 0);
    assert_int_equal(info.ioreq_gfn, POOL + 2);
    assert_int_equal(info.bufioreq_port, 0xeeeeeeee); /* keep their bytes */
    assert_true(info.bufioreq_gfn == 0xeeeeeeeeeeeeeeeeUL);
    assert_int_equal(gfns(d, 3, &info), -ENOENT);
    assert_int_equal(get_info(d, 9, 2, &info), -EINVAL);
    /* A destroyed server's go back. */
    assert_int_equal(destroy(d, 0), 0);
    assert_int_equal(gfns(d, 2, &info), 0);
    assert_int_equal(info.ioreq_gfn, POOL);
}

/* Item 5: legacy params are handed out when they are set, once each. */
static void test_282ed258a5_legacy_gfns(void **state)
{
    struct domain *d = fixture_guest(1), *none = fixture_guest(1);
    struct xen_dm_op_get_ioreq_server_info info;

    (void)state;
    fixture_populate(d, 0, 4);
    fixture_populate(none, 0, 4);
    fixture_populate(d, 0x20, 2);
    set_param(d, HVM_PARAM_IOREQ_PFN, 0x20);
    set_param(d, HVM_PARAM_BUFIOREQ_PFN, 0x21);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(create(d, ATOMIC), 0);
        assert_int_equal(create(d, OFF), 1);
        assert_int_equal(gfns(d, 0, &info), 0);
        assert_int_equal(info.ioreq_gfn, 0x20);
        assert_int_equal(info.bufioreq_gfn, 0x21);
        assert_int_equal(gfns(d, 1, &info), -ENOMEM);
        assert_int_equal(destroy(d, 0), 0);
        assert_int_equal(destroy(d, 1), 0);
    }
    /* Unset is not GFN 0, neither here nor as the start of a pool. */
    assert_int_equal(create(none, OFF), 0);
    assert_int_equal(gfns(none, 0, &info), -ENOMEM);
    set_param(none, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 2);
    assert_int_equal(gfns(none, 0, &info), -ENOMEM);
}

static unsigned int kicks;

static void count_kick(struct vcpu *v)
{
    (void)v;
    kicks++;
}

static void test_enabled_gfns_are_out_of_reach(void **state)
{
    struct domain *d = guest_with_pool(2);
    struct xen_dm_op_get_ioreq_server_info info;
    uint64_t *page = fixture_gfn_to_virt(d, POOL);
    ioreq_t p = in(0x60, 1), *slot = fixture_gfn_to_virt(d, POOL);

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(gfns(d, 0, &info), 0);
    assert_int_equal(map(d, 0, PORT, 0x60, 0x60), 0);
    page[0] = 1;
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_ptr_equal(fixture_gfn_to_virt(d, POOL), page);
        assert_int_equal(set_state(d, 0, true), 0);
        assert_null(fixture_gfn_to_virt(d, POOL));
        assert_null(fixture_gfn_to_virt(d, POOL + 1));
        assert_int_equal(page[0], 0);
        assert_int_equal(slot->vp_eport, d->ioreq.server[0]->port[0]);
        fixture_audit();
        assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_PENDING);
        hosted_hooks.kick = count_kick;
        kicks = 0;
        assert_int_equal(set_state(d, 0, false), 0);
        assert_int_equal(kicks, 1); /* whose request went with the page */
        assert_int_equal(page[2], 0);
        assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &p), IO_DONE);
        assert_true(p.data == ALL_ONES);
    }
    assert_int_equal(set_state(d, 0, true), 0);
    assert_int_equal(destroy(d, 0), 0);
    assert_ptr_equal(fixture_gfn_to_virt(d, POOL), page);
    assert_false(domain_is_shut_down(d));
}

static void test_gfn_that_went_away_crashes_the_target(void **state)
{
    struct domain *d = guest_with_pool(2);
    struct xen_dm_op_get_ioreq_server_info info;

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(gfns(d, 0, &info), 0);
    assert_int_equal(p2m_remove(d, _gfn(POOL), INVALID_MFN), 0);
    assert_int_equal(set_state(d, 0, true), 0);
    assert_true(domain_is_shut_down(d));
}

static void test_gfn_without_ram(void **state)
{
    struct domain *d = guest_with_pool(2);
    struct xen_dm_op_get_ioreq_server_info info;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(p2m_remove(d, _gfn(POOL + 1), INVALID_MFN), 0);
    assert_int_equal(gfns(d, 0, &info), -EINVAL);
    fixture_audit();
    fixture_populate(d, POOL + 1, 1);
    assert_int_equal(gfns(d, 0, &info), 0); /* both GFNs had gone back */
    assert_int_equal(info.ioreq_gfn, POOL);
}

static void test_gfns_serve_128_vcpus(void **state)
{
    struct domain *d = fixture_guest(129);
    struct xen_dm_op_get_ioreq_server_info info;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(gfns(d, 0, &info), -EOPNOTSUPP);
    assert_int_equal(get_info(d, 0, XEN_DMOP_no_gfns, &info), 0);
    page_put(acquire(d, 0, 2));
}

/* R1: the refused acquire changes nothing about the server. */
static void test_r1_refused_acquire_is_harmless(void **state)
{
    struct domain *d = guest_with_pool(2);
    struct xen_dm_op_get_ioreq_server_info info;
    ioreq_t *slot = fixture_gfn_to_virt(d, POOL), p = in(0x60, 1);
    struct page *pg;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    assert_int_equal(gfns(d, 0, &info), 0);
    assert_int_equal(map(d, 0, PORT, 0x60, 0x60), 0);
    assert_int_equal(set_state(d, 0, true), 0);
    for ( unsigned int frame = 0; frame < 4; frame++ )
        assert_int_equal(ioreq_resource_get(d, 0, frame, 1, &pg), -EPERM);
    fixture_audit();
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_PENDING);
    answer(slot, 5);
    assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &p), IO_DONE);
    assert_int_equal(p.data, 5);
    assert_int_equal(gfns(d, 0, &info), 0);
}

/* R2: enabled first, pages later; in between nobody handles the request. */
static void test_r2_enabled_before_its_pages(void **state)
{
    (void)state;
    for ( unsigned int by_gfn = 0; by_gfn < 2; by_gfn++ )
    {
        struct domain *d = guest_with_pool(2);
        struct xen_dm_op_get_ioreq_server_info info;
        ioreq_t *slot = fixture_gfn_to_virt(d, POOL), p = in(0x60, 1);

        assert_int_equal(create(d, ATOMIC), 0);
        assert_int_equal(map(d, 0, PORT, 0x60, 0x60), 0);
        assert_int_equal(set_state(d, 0, true), 0);
        assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_UNHANDLED);
        assert_true(p.data == ALL_ONES);
        assert_int_equal(ioreq_invalidate_mapcache(domain_vcpu(d, 0)),
                         IO_DONE);
        if ( by_gfn )
            assert_int_equal(gfns(d, 0, &info), 0);
        else
            slot = slot_of(d, 0, 0);
        assert_int_equal(fixture_gfn_to_virt(d, POOL) == NULL, by_gfn);
        assert_int_equal(slot[0].vp_eport, d->ioreq.server[0]->port[0]);
        assert_int_equal(slot[1].vp_eport, d->ioreq.server[0]->port[1]);
        assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_PENDING);
        answer(slot, 9);
        assert_int_equal(ioreq_resume(domain_vcpu(d, 0), &p), IO_DONE);
        assert_int_equal(p.data, 9);
        fixture_kill(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_failed_acquire_commits_to_mfns),
        T(test_gfns_come_from_the_pool),
        T(test_282ed258a5_legacy_gfns),
        T(test_enabled_gfns_are_out_of_reach),
        T(test_gfn_that_went_away_crashes_the_target),
        T(test_gfn_without_ram),
        T(test_gfns_serve_128_vcpus),
        T(test_r1_refused_acquire_is_harmless),
        T(test_r2_enabled_before_its_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
