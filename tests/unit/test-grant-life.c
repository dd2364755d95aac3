/* SPDX-License-Identifier: MIT */
/* Grants when domains end; faults and failures in the middle of a call. */
#include <sys/mman.h>

#include "test-grant.h"

#define HOST GNTMAP_host_map
#define MAP_ADDR (MAP_GFN << PAGE_SHIFT)

/* The mapper's death gives back every page and clears every flag. */
static void test_mapper_dies(void **state)
{
    struct pair p = make_pair();
    domid_t domid = p.mapper->domain_id;

    (void)state;
    for ( unsigned int i = 0; i < 300; i++ )
    {
        offer_v1(p.granter, 20 + i, p.mapper, RAM_GFN + i % 8, 0);
        grant_map_ok(p.granter, 20 + i, MAP_GFN + i, 0);
    }
    fixture_be_dom(dom0);
    hosted_preempt_every(1);
    fixture_kill(p.mapper);
    assert_null(domain_get(domid));
    for ( unsigned int i = 0; i < 300; i++ )
        assert_int_equal(entry_v1(p.granter, 20 + i)->flags,
                         GTF_permit_access);
    for ( unsigned int i = 0; i < 8; i++ )
        assert_int_equal(page_refs(p.granter, RAM_GFN + i), 1);
    fixture_audit();
}

/*
 * The granter's death leaves the mapping as it is, dead memory, and the
 * domain a zombie until it is unmapped.
 */
static void test_granter_dies(void **state)
{
    struct pair p = make_pair();
    domid_t domid = p.granter->domain_id;
    uint64_t free_frames;
    struct domain *zombie;
    uint32_t handle;
    char *va;

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    offer_v1(p.granter, 10, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 9, MAP_GFN, 0);
    va = fixture_gfn_to_virt(p.mapper, MAP_GFN);
    *va = 'x';
    fixture_be_dom(dom0);
    fixture_kill(p.granter);
    zombie = domain_get(domid);
    assert_non_null(zombie);
    assert_int_equal(*va, 'x');
    fixture_audit();
    fixture_be_dom(p.mapper);
    assert_int_equal(grant_map(zombie, 10, (MAP_GFN + 1) << 12, HOST).status,
                     GNTST_bad_gntref);
    free_frames = page_nr_free();
    domain_put(zombie);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_okay);
    assert_true(page_nr_free() > free_frames);
    assert_null(domain_get(domid));
}

/* While it is dying, its grants are pinned no more. */
static void test_granter_is_dying(void **state)
{
    struct pair p = make_pair();
    uint32_t handle;

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 9, MAP_GFN, 0);
    fixture_be_dom(dom0);
    hosted_preempt_every(1);
    assert_int_equal(domain_kill(p.granter), -ERESTART);
    fixture_be_dom(p.mapper);
    assert_int_equal(grant_map(p.granter, 9, (MAP_GFN + 1) << 12, HOST)
                         .status, GNTST_general_error);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_okay);
    fixture_be_dom(dom0);
    fixture_kill(p.granter);
}

/* Both, in either order, with grants each way and to itself. */
static void test_both_die(void **state)
{
    (void)state;
    for ( unsigned int order = 0; order < 2; order++ )
    {
        uint64_t before = page_nr_free();
        struct pair p = make_pair();
        struct domain *d[2] = { p.granter, p.mapper };

        for ( unsigned int i = 0; i < 2; i++ )
        {
            fixture_be_dom(d[i]);
            offer_v1(d[!i], 9, d[i], RAM_GFN, 0);
            grant_map_ok(d[!i], 9, MAP_GFN, 0);
            offer_v1(d[i], 10, d[i], RAM_GFN + 1, 0);
            grant_map_ok(d[i], 10, MAP_GFN + 1, GNTMAP_readonly);
        }
        fixture_audit();
        fixture_be_dom(dom0);
        fixture_kill(d[order]);
        fixture_audit();
        fixture_kill(d[!order]);
        assert_int_equal(page_nr_free(), before);
    }
}

/* A dead domain's frames that a client has mapped stay that domain's. */
static void test_table_frames_outlive_the_domain(void **state)
{
    struct domain *d = fixture_guest(1);
    domid_t domid = d->domain_id;
    struct page *pg = NULL;
    struct domain *zombie;

    (void)state;
    assert_int_equal(grant_resource_get(d, SHARED, 3, 1, &pg), 0);
    fixture_kill(d);
    assert_int_equal(pg->refs, 1);
    assert_ptr_equal(pg->owner, d);
    zombie = domain_get(domid);
    assert_ptr_equal(zombie, d);
    assert_int_equal(grant_resource_get(zombie, SHARED, 3, 1, &pg), -EINVAL);
    domain_put(zombie);
    page_put(pg);
    assert_null(domain_get(domid));
}

/* A handle that cannot be told is undone. */
static void test_fault_on_the_way_out(void **state)
{
    struct pair p = make_pair();
    gnttab_map_grant_ref_t *op = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(op, MAP_FAILED);
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    *op = (gnttab_map_grant_ref_t){ .host_addr = MAP_ADDR, .flags = HOST,
                                    .ref = 9, .dom = p.granter->domain_id };
    assert_int_equal(mprotect(op, 4096, PROT_READ), 0);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, op, 1), -EFAULT);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
    assert_int_equal(entry_v1(p.granter, 9)->flags, GTF_permit_access);
    assert_null(fixture_gfn_to_virt(p.mapper, MAP_GFN));
    munmap(op, 4096);
}

/* The first map of a domain makes what later ones use: walk it cold. */
static void test_map_each_alloc_failure(void **state)
{
    unsigned int nth = 0;
    bool failed = true;

    (void)state;
    while ( failed )
    {
        struct pair p = make_pair();
        gnttab_map_grant_ref_t op;

        offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
        hosted_fail_alloc(++nth);
        op = grant_map(p.granter, 9, MAP_ADDR, HOST);
        failed = hosted_alloc_failed();
        hosted_fail_alloc(0);
        fixture_audit();
        assert_int_equal(op.status != GNTST_okay, failed);
        assert_int_equal(page_refs(p.granter, RAM_GFN), failed ? 1 : 3);
        if ( failed )
            assert_int_equal(entry_v1(p.granter, 9)->flags,
                             GTF_permit_access);
        fixture_be_dom(dom0);
        fixture_kill(p.granter);
        fixture_kill(p.mapper);
    }
    assert_true(nth > 2); /* the handles, the active entry */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_mapper_dies),
        with_fixture(test_granter_dies),
        with_fixture(test_granter_is_dying),
        with_fixture(test_both_die),
        with_fixture(test_table_frames_outlive_the_domain),
        with_fixture(test_fault_on_the_way_out),
        with_fixture(test_map_each_alloc_failure),
    };

    return cmocka_run_group_tests_name("grant-life", tests, NULL, NULL);
}
