/* SPDX-License-Identifier: MIT */
/*
 * Frames that a guest names for the hypervisor's use, and pages that move or go
 * while device models have them mapped.
 */
#include "test-kill.h"

static struct xen_dm_op_get_ioreq_server_info info;

static long get_gfns(void)
{
    memset(&info, 0, sizeof(info));
    return get_info(guest, 0, 0, &info);
}

/* A guest with a server that has no pages yet; current is dom0. */
static void guest_with_server(void)
{
    kill_cast();
    assert_int_equal(create(guest, OFF), 0);
}

static void test_shared_frame_is_no_ioreq_page(void **state)
{
    uint32_t mapping;

    (void)state;
    guest_with_server();
    offer_v1(guest, 20, guest, POOL, 0);
    fixture_be_dom(guest);
    mapping = grant_map_ok(guest, 20, MAP_GFN, 0);
    fixture_be_dom(dom0);
    assert_int_equal(get_gfns(), -EBUSY);
    fixture_audit();
    fixture_be_dom(guest);
    assert_int_equal(grant_unmap(mapping, MAP_GFN << PAGE_SHIFT, 0), 0);
    fixture_be_dom(dom0);
    assert_int_equal(get_gfns(), 0);
    assert_int_equal(info.ioreq_gfn, POOL);
}

/* Nor what the hypervisor itself uses for something else. */
static void test_used_frame_is_no_ioreq_page(void **state)
{
    struct vcpu_register_vcpu_info area = { .mfn = POOL };

    (void)state;
    guest_with_server();
    fixture_be_dom(guest);
    assert_int_equal(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0,
                           P(&area), 0, 0), 0);
    fixture_be_dom(dom0);
    assert_int_equal(get_gfns(), -EBUSY);
}

/* From the moment that it is given, enabled or not, until the server goes. */
static void check_out_of_reach(void)
{
    struct vcpu_register_vcpu_info area = { .mfn = POOL };
    struct evtchn_init_control control = { .control_gfn = POOL };
    gnttab_map_grant_ref_t op;

    fixture_be_dom(guest);
    op = grant_map(guest, 20, MAP_GFN << PAGE_SHIFT, GNTMAP_host_map);
    assert_int_equal(op.status, GNTST_bad_page);
    assert_int_equal(physmap(guest, XENMAPSPACE_gmfn, POOL, MAP_GFN), -EINVAL);
    assert_int_equal(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0,
                           P(&area), 0, 0), -EINVAL);
    assert_int_equal(evtchn_op(EVTCHNOP_init_control, &control), -EINVAL);
    fixture_be_dom(stub);
    assert_int_equal(relocate(guest, POOL, MAP_GFN), -EINVAL);
    fixture_be_dom(dom0);
}

static void test_ioreq_page_is_out_of_reach(void **state)
{
    (void)state;
    guest_with_server();
    offer_v1(guest, 20, guest, POOL, 0);
    assert_int_equal(get_gfns(), 0);
    check_out_of_reach();
    assert_int_equal(set_state(guest, 0, true), 0);
    check_out_of_reach();
    assert_int_equal(set_state(guest, 0, false), 0);
    check_out_of_reach();
    assert_int_equal(destroy(guest, 0), 0);
    fixture_be_dom(guest);
    (void)grant_map_ok(guest, 20, MAP_GFN, 0);
}

/* The device model maps it, before it is enabled: all other doors are shut. */
static void test_device_model_maps_its_gfns(void **state)
{
    (void)state;
    guest_with_server();
    assert_int_equal(get_gfns(), 0);
    assert_int_equal(foreign_map(pvh, guest, POOL, FOREIGN_GFN), 0);
    assert_int_equal(set_state(guest, 0, true), 0);
    assert_ptr_equal(fixture_gfn_to_virt(pvh, FOREIGN_GFN),
                     page_to_virt(guest->ioreq.server[0]->frame[1]));
}

/* ---- one page moved by two vcpus ---- */

static unsigned int locks_left;
static uint64_t other_place;

static void move_too(void)
{
    struct vcpu *v = current;

    if ( !locks_left || --locks_left )
        return;
    fixture_be(domain_vcpu(guest, 1));
    IGNORE(physmap(guest, XENMAPSPACE_gmfn, RAM_GFN, other_place));
    fixture_be(v);
}

static int is_page(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    unsigned int *places = arg;

    (void)d, (void)gfn;
    if ( mfn_eq(e.mfn, _mfn(places[0])) )
        places[1]++;
    return 0;
}

static void test_moves_at_once_leave_no_alias(void **state)
{
    bool last = false;

    (void)state;
    kill_cast();
    for ( unsigned int nth = 1; !last; nth++ )
    {
        mfn_t mfn = p2m_lookup(guest, _gfn(RAM_GFN)).mfn;
        unsigned int places[2] = { (unsigned int)mfn_x(mfn), 0 };
        uint64_t gfn = 0;

        other_place = MAP_GFN + 600;
        locks_left = nth;
        hosted_hooks.unlocked = move_too;
        fixture_be_dom(guest);
        IGNORE(physmap(guest, XENMAPSPACE_gmfn, RAM_GFN, MAP_GFN));
        hosted_hooks.unlocked = NULL;
        last = locks_left;
        IGNORE(p2m_for_each(guest, &gfn, is_page, places));
        assert_int_equal(places[1], 1);
        /* Back, for the next time. */
        IGNORE(physmap(guest, XENMAPSPACE_gmfn, MAP_GFN, RAM_GFN));
        IGNORE(physmap(guest, XENMAPSPACE_gmfn, other_place, RAM_GFN));
        fixture_be_dom(dom0);
        fixture_audit();
        assert_in_range(nth, 1, 100);
    }
}

/* ---- device models are told of what went ---- */

static bool told(void)
{
    struct vcpu *v = domain_vcpu(guest, 0);
    ioreq_t *slot = ioreq_slot(guest->ioreq.server[0], 0), p;
    bool yes;

    /* Whatever hypercall comes next. */
    fixture_be(v);
    assert_true(hcall(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0) > 0);
    yes = slot->type == IOREQ_TYPE_INVALIDATE &&
          slot->state == STATE_IOREQ_READY;
    if ( yes )
    {
        answer(slot, 0);
        assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    }
    fixture_be_dom(dom0);
    return yes;
}

static void test_told_of_all_that_goes(void **state)
{
    (void)state;
    kill_cast();
    (void)serve(guest, OFF, PORT, 0x60, 0x60);
    assert_false(told());
    decrease(guest->domain_id, RAM_GFN + 3, 0); /* by dom0 */
    assert_true(told());
    assert_false(told());
    fixture_be_dom(stub);
    assert_int_equal(mem_type(guest, RAM_GFN + 4, HVMMEM_mmio_dm), 0);
    assert_true(told());
    assert_int_equal(relocate(guest, RAM_GFN + 5, MAP_GFN + 1), 0);
    assert_true(told());
}

static void test_told_of_grant_over_memory(void **state)
{
    ioreq_t p, *slot;

    (void)state;
    kill_cast();
    (void)serve(guest, OFF, PORT, 0x60, 0x60);
    slot = slot_of(guest, 0, 0);
    fixture_be_dom(guest);
    (void)grant_map_ok(peer, 10, RAM_GFN + 2, 0);
    assert_int_equal(slot->type, IOREQ_TYPE_INVALIDATE);
    answer(slot, 0);
    assert_int_equal(ioreq_resume(current, &p), IO_DONE);
    fixture_be_dom(dom0);
    assert_false(told());
}

/* Nobody can be told while it is suspended; that is cancelled. */
static void test_told_after_a_cancelled_suspend(void **state)
{
    (void)state;
    kill_cast();
    (void)serve(guest, OFF, PORT, 0x60, 0x60);
    domain_shutdown(guest, SHUTDOWN_suspend);
    fixture_be_dom(guest);
    assert_int_equal(unmap_gfn(guest, RAM_GFN + 3), 0);
    fixture_be_dom(dom0);
    assert_false(told());
    domain_resume(guest);
    assert_true(told());
    assert_false(told());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_shared_frame_is_no_ioreq_page),
        with_fixture(test_used_frame_is_no_ioreq_page),
        with_fixture(test_ioreq_page_is_out_of_reach),
        with_fixture(test_device_model_maps_its_gfns),
        with_fixture(test_moves_at_once_leave_no_alias),
        with_fixture(test_told_of_all_that_goes),
        with_fixture(test_told_of_grant_over_memory),
        with_fixture(test_told_after_a_cancelled_suspend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
