/* SPDX-License-Identifier: MIT */
/* Version 2 tables, and the change between the versions. */
#include "test-grant.h"

#define HOST GNTMAP_host_map
#define RO GNTMAP_readonly
#define MAP_ADDR (MAP_GFN << PAGE_SHIFT)

static void test_get_version(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    gnttab_get_version_t op = { .dom = d->domain_id };

    (void)state;
    assert_int_equal(grant_op(GNTTABOP_get_version, &op, 1), 0);
    assert_int_equal(op.version, 1);
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_op(GNTTABOP_get_version, &op, 1), 0);
    assert_int_equal(op.version, 2);
    assert_int_equal(grant_op(GNTTABOP_get_version, NULL, 1), -EFAULT);
    op.dom = 999;
    assert_int_equal(grant_op(GNTTABOP_get_version, &op, 1), -ESRCH);
    fixture_be_dom(other);
    op.dom = d->domain_id;
    assert_int_equal(grant_op(GNTTABOP_get_version, &op, 1), -EPERM);
}

static void test_set_version_errors(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    gnttab_set_version_t op = { .version = 0 };
    struct domain *old;

    (void)state;
    config.grant_opts = XEN_DOMCTL_GRANT_version(1);
    old = fixture_guest_config(&config);
    fixture_be_dom(old);
    assert_int_equal(grant_op(GNTTABOP_set_version, NULL, 1), -EFAULT);
    assert_int_equal(grant_op(GNTTABOP_set_version, &op, 1), -EINVAL);
    assert_int_equal(op.version, 1); /* always told */
    op.version = 3;
    assert_int_equal(grant_op(GNTTABOP_set_version, &op, 1), -EINVAL);
    op.version = 2;
    assert_int_equal(grant_op(GNTTABOP_set_version, &op, 1), -ENOSYS);
    assert_int_equal(op.version, 1);
    assert_int_equal(set_version(old, 1), 0);
}

static void test_v2_map_uses_the_status_frame(void **state)
{
    struct pair p = make_pair();
    uint32_t handle;

    (void)state;
    assert_int_equal(set_version(p.granter, 2), 0);
    offer_v2(p.granter, 200, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 200, MAP_GFN, 0);
    assert_int_equal(entry_v2(p.granter, 200)->hdr.flags, GTF_permit_access);
    assert_int_equal(*status_v2(p.granter, 200), GTF_reading | GTF_writing);
    fixture_audit();
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
    assert_int_equal(*status_v2(p.granter, 200), 0);

    /* 256 to a frame. */
    assert_int_equal(grant_map(p.granter, 64 * 256, MAP_ADDR, HOST).status,
                     GNTST_bad_gntref);
    offer_v2(p.granter, 64 * 256 - 1, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 64 * 256 - 1, MAP_GFN, RO);
    assert_int_equal(*status_v2(p.granter, 64 * 256 - 1), GTF_reading);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
}

static void test_v2_map_errors(void **state)
{
    static const struct {
        unsigned int entry_flags, map_flags;
        uint64_t frame;
        int status;
    } row[] = {
        { GTF_permit_access, HOST, RAM_GFN, GNTST_okay },
        { GTF_invalid, HOST, RAM_GFN, GNTST_general_error },
        { GTF_accept_transfer, HOST, RAM_GFN, GNTST_general_error },
        { GTF_transitive, HOST | RO, RAM_GFN, GNTST_general_error },
        { GTF_permit_access | GTF_sub_page, HOST, RAM_GFN,
          GNTST_general_error },
        { GTF_permit_access | GTF_readonly, HOST, RAM_GFN,
          GNTST_general_error },
        { GTF_permit_access | GTF_readonly, HOST | RO, RAM_GFN, GNTST_okay },
        { GTF_permit_access, HOST, RAM_GFN | 1UL << 40, GNTST_bad_page },
        { GTF_permit_access, HOST, 0x999, GNTST_bad_page },
    };
    struct pair p = make_pair();

    (void)state;
    assert_int_equal(set_version(p.granter, 2), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        gnttab_map_grant_ref_t op;

        offer_v2(p.granter, 9, p.mapper, row[i].frame, 0);
        entry_v2(p.granter, 9)->hdr.flags = (uint16_t)row[i].entry_flags;
        op = grant_map(p.granter, 9, MAP_ADDR, row[i].map_flags);
        if ( op.status != row[i].status )
            fail_msg("row %u: %d, want %d", i, op.status, row[i].status);
        fixture_audit();
        if ( !op.status )
            assert_int_equal(grant_unmap(op.handle, MAP_ADDR, 0), 0);
        assert_int_equal(*status_v2(p.granter, 9), 0);
    }
}

/* Only the first eight may be in use, and they come through both ways. */
static void test_reserved_entries_are_kept(void **state)
{
    struct pair p = make_pair();
    uint32_t handle, other;

    (void)state;
    offer_v1(p.granter, 1, p.mapper, RAM_GFN + 1, 0);
    offer_v1(p.granter, 2, p.mapper, RAM_GFN + 2, GTF_readonly);
    offer_v1(p.granter, 9, p.mapper, RAM_GFN + 3, 0);
    offer_v1(p.granter, 700, p.mapper, RAM_GFN + 3, 0);
    handle = grant_map_ok(p.granter, 1, MAP_GFN, 0);
    other = grant_map_ok(p.granter, 9, MAP_GFN + 1, 0);
    assert_int_equal(set_version(p.granter, 2), -EBUSY);
    assert_int_equal(grant_unmap(other, (MAP_GFN + 1) << 12, 0), 0);
    hosted_preempt_every(1);
    assert_int_equal(set_version(p.granter, 2), 0);

    assert_int_equal(entry_v2(p.granter, 1)->hdr.flags, GTF_permit_access);
    assert_int_equal(entry_v2(p.granter, 1)->hdr.domid, p.mapper->domain_id);
    assert_int_equal(entry_v2(p.granter, 1)->full_page.frame, RAM_GFN + 1);
    assert_int_equal(*status_v2(p.granter, 1), GTF_reading | GTF_writing);
    assert_int_equal(entry_v2(p.granter, 2)->hdr.flags,
                     GTF_permit_access | GTF_readonly);
    assert_int_equal(*status_v2(p.granter, 2), 0);
    for ( unsigned int ref = 8; ref < 512; ref++ )
        assert_int_equal(entry_v2(p.granter, ref)->hdr.flags, 0);
    fixture_audit();

    assert_int_equal(set_version(p.granter, 1), 0);
    assert_int_equal(entry_v1(p.granter, 1)->flags,
                     GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(entry_v1(p.granter, 1)->frame, RAM_GFN + 1);
    assert_int_equal(entry_v1(p.granter, 2)->flags,
                     GTF_permit_access | GTF_readonly);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
    assert_int_equal(entry_v1(p.granter, 1)->flags, GTF_permit_access);
}

static void test_what_v1_cannot_say_is_erange(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(set_version(d, 2), 0);
    offer_v2(d, 3, dom0, 1UL << 32, 0);
    assert_int_equal(set_version(d, 1), -ERANGE);
    entry_v2(d, 3)->hdr.flags = GTF_transitive;
    assert_int_equal(set_version(d, 1), -ERANGE);
    entry_v2(d, 3)->hdr.flags = GTF_accept_transfer;
    assert_int_equal(set_version(d, 1), 0);
    assert_int_equal(entry_v1(d, 3)->flags, 0);
    assert_int_equal(entry_v1(d, 3)->frame, 0);
}

/* A status frame that somebody holds stays, and so does the version. */
static void test_xsa_255_status_frame_is_held(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = NULL;

    (void)state;
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_resource_get(d, STATUS, 0, 1, &pg), 0);
    assert_int_equal(set_version(d, 1), -EBUSY);
    assert_ptr_equal(pg->owner, d);
    assert_int_equal(pg->refs, 2);
    assert_int_equal(grant_resource_size(d, STATUS), 8);
    page_put(pg);
    assert_int_equal(set_version(d, 1), 0);
    assert_int_equal(grant_resource_get(d, STATUS, 0, 1, &pg), -EINVAL);
    fixture_audit();
}

/* The same for a frame that the guest put into its own address space. */
static void test_xsa_379_status_frame_in_the_p2m(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = NULL;

    (void)state;
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_map_frame(d, XENMAPIDX_grant_table_status, &pg), 0);
    assert_int_equal(p2m_set(d, _gfn(0x500), page_to_mfn(pg), P2M_RAM_RW), 0);
    assert_int_equal(set_version(d, 1), -EBUSY);
    assert_int_equal(p2m_set(d, _gfn(0x500), INVALID_MFN, P2M_NONE), 0);
    assert_int_equal(set_version(d, 1), 0);
}

/* The end of a v1 table is no v2 entry; pins stay where they can be found. */
static void test_xsa_501_references_out_of_range(void **state)
{
    struct pair p = make_pair();
    uint32_t handle;

    (void)state;
    offer_v1(p.granter, 7, p.mapper, RAM_GFN, 0);
    offer_v1(p.granter, 300, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 300, MAP_GFN, 0);
    assert_int_equal(set_version(p.granter, 2), -EBUSY);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
    handle = grant_map_ok(p.granter, 7, MAP_GFN, 0);
    assert_int_equal(set_version(p.granter, 2), 0);
    assert_int_equal(grant_map(p.granter, 300, MAP_ADDR, HOST).status,
                     GNTST_bad_gntref);
    /* Back: the flags are cleared where they are now. */
    assert_int_equal(set_version(p.granter, 1), 0);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
    assert_int_equal(entry_v1(p.granter, 7)->flags, GTF_permit_access);
    fixture_audit();
}

static long to_v2_op(void *arg)
{
    return set_version(arg, 2);
}

static void test_set_version_each_alloc_failure(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d;

    (void)state;
    config.max_grant_frames = 300; /* status frames: more than one step */
    d = fixture_guest_config(&config);
    table_frame(d, SHARED, 299);
    fixture_each_alloc_failure(to_v2_op, d, -ENOMEM);
}

/* No memory for version 2, and a vcpu asks for 1 while another one gives up. */
static void test_both_versions_at_once(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    gnttab_set_version_t op = { .version = 2 };
    struct hypercall hc = { .nr = __HYPERVISOR_grant_table_op,
                            .a = { GNTTABOP_set_version, (uintptr_t)&op, 1 } };
    struct domain *d;

    (void)state;
    config.max_grant_frames = 600; /* status frames: more than two steps */
    d = fixture_guest_config(&config);
    table_frame(d, SHARED, 599);
    fixture_be_dom(d);
    hosted_preempt_every(1);
    for ( unsigned int step = 0; step < 2; step++ )
        assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    hosted_fail_alloc(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_true(hosted_alloc_failed());
    hosted_fail_alloc(0);
    hosted_preempt_every(0);
    assert_int_equal(set_version(d, 1), 0);
    assert_int_equal(set_version(d, 2), 0);
    fixture_audit();
}

static void test_get_status_frames(void **state)
{
    uint64_t list[8];
    gnttab_get_status_frames_t op = { .dom = DOMID_SELF, .nr_frames = 1,
                                      .frame_list.p = list };
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 2), -EINVAL);
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, NULL, 1), -EFAULT);
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_general_error);
    assert_int_equal(set_version(dom0, 2), 0);
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_okay);
    assert_ptr_equal(arch_mfn_to_virt(_mfn(list[0])),
                     table_frame(dom0, STATUS, 0));
    op.nr_frames = 2;
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_general_error);
    op = (gnttab_get_status_frames_t){ .dom = DOMID_SELF, .nr_frames = 1 };
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_bad_virt_addr);
    op.dom = 999;
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_bad_domain);
    fixture_be_dom(d);
    op.dom = 0;
    assert_int_equal(grant_op(GNTTABOP_get_status_frames, &op, 1), 0);
    assert_int_equal(op.status, GNTST_permission_denied);
    assert_int_equal(set_version(dom0, 1), 0);
}

static void test_swap(void **state)
{
    struct pair p = make_pair();
    gnttab_swap_grant_ref_t op = { .ref_a = 9, .ref_b = 10 };
    static const uint32_t bad[][2] = { { 512, 9 }, { 9, 512 }, { 512, 512 } };
    uint32_t handle;

    (void)state;
    for ( unsigned int version = 1; version <= 2; version++ )
    {
        if ( version == 1 )
            offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
        else
            offer_v2(p.granter, 9, p.mapper, RAM_GFN, 0);
        fixture_be_dom(p.granter);
        for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        {
            gnttab_swap_grant_ref_t o = { bad[i][0], bad[i][1], 77 };

            assert_int_equal(grant_op(GNTTABOP_swap_grant_ref, &o, 1), 0);
            assert_int_equal(o.status, GNTST_bad_gntref);
        }
        assert_int_equal(grant_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
        assert_int_equal(op.status, GNTST_okay);
        fixture_be_dom(p.mapper);
        handle = grant_map_ok(p.granter, 10, MAP_GFN, 0);
        assert_int_equal(grant_map(p.granter, 9, (MAP_GFN + 1) << 12, HOST)
                             .status, GNTST_general_error);
        fixture_be_dom(p.granter);
        assert_int_equal(grant_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
        assert_int_equal(op.status, GNTST_eagain);
        fixture_be_dom(p.mapper);
        assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
        assert_int_equal(set_version(p.granter, 2), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_get_version),
        with_fixture(test_set_version_errors),
        with_fixture(test_v2_map_uses_the_status_frame),
        with_fixture(test_v2_map_errors),
        with_fixture(test_reserved_entries_are_kept),
        with_fixture(test_what_v1_cannot_say_is_erange),
        with_fixture(test_xsa_255_status_frame_is_held),
        with_fixture(test_xsa_379_status_frame_in_the_p2m),
        with_fixture(test_xsa_501_references_out_of_range),
        with_fixture(test_set_version_each_alloc_failure),
        with_fixture(test_both_versions_at_once),
        with_fixture(test_get_status_frames),
        with_fixture(test_swap),
    };

    return cmocka_run_group_tests_name("grant-version", tests, NULL, NULL);
}
