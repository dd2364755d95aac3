/* SPDX-License-Identifier: MIT */
/*
 * acquire_resource: the lifetime of mapped pages, of their owner and of the
 * domains that map them, and the largest possible resource.
 */
#include "test-acquire.h"

#include <pthread.h>

static struct domain *target, *pvh;

static void make_domains(void)
{
    target = fixture_guest(1);
    pvh = fixture_pvh_dom0();
    fixture_be_dom(pvh);
}

/* How a domain is doing: DOM_*, or -1 when there is none. */
static int state_of(domid_t id)
{
    struct domain *d = domain_get(id);
    int s = d ? d->state : -1;

    if ( d )
        domain_put(d);
    return s;
}

/* The page outlives its server: dead memory, nobody else's. */
static void test_server_destroyed_while_mapped(void **state)
{
    ioservid_t id;
    mfn_t mfn;

    (void)state;
    make_domains();
    id = new_server(target, HVM_IOREQSRV_BUFIOREQ_OFF);
    assert_int_equal(acquire(target, IOREQ, id, 1, 1), 0);
    mfn = p2m_lookup(pvh, _gfn(MAP_GFN)).mfn;
    assert_int_equal(ioreq_server_destroy(target, id), 0);
    assert_int_equal(mfn_to_page(mfn)->refs, 1);
    assert_ptr_equal(mfn_to_page(mfn)->owner, target);
    fixture_audit();
    assert_int_equal(unmap(MAP_GFN), 0);
    assert_int_equal(mfn_to_page(mfn)->refs, 0);
    fixture_be_dom(dom0);
}

/* A dead target stays, as a zombie, until the last of its pages is unmapped. */
static void test_zombie_until_unmapped(void **state)
{
    uint64_t before = page_nr_free();
    ioservid_t id;
    domid_t domid;

    (void)state;
    make_domains();
    domid = target->domain_id;
    fixture_populate(target, 0, 10);
    id = new_server(target, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    assert_int_equal(acquire(target, IOREQ, id, 0, 2), 0);
    *(uint32_t *)fixture_gfn_to_virt(pvh, MAP_GFN) = 0xdead;
    fixture_be_dom(dom0);
    fixture_kill(target);
    assert_int_equal(state_of(domid), DOM_DEAD);
    assert_int_equal(target->extra_pages, 2);
    assert_int_equal(target->tot_pages, 0);
    assert_int_equal(*(uint32_t *)fixture_gfn_to_virt(pvh, MAP_GFN), 0xdead);
    fixture_audit();

    fixture_be_dom(pvh);
    assert_int_equal(acquire(target, IOREQ, id, 0, 2), -ENOENT);
    assert_int_equal(unmap(MAP_GFN), 0);
    assert_int_equal(state_of(domid), DOM_DEAD);
    assert_int_equal(unmap(MAP_GFN + 1), 0);
    assert_int_equal(state_of(domid), -1);
    fixture_be_dom(dom0);
    fixture_kill(pvh);
    assert_int_equal(page_nr_free(), before);
}

/* Item 25: an emulator that dies with mappings does not keep its target. */
static void test_emulator_killed_while_mapping(void **state)
{
    uint64_t before = page_nr_free();
    domid_t id;

    (void)state;
    for ( unsigned int target_first = 0; target_first < 2; target_first++ )
    {
        make_domains();
        id = target->domain_id;
        assert_int_equal(acquire(target, GRANT, 0, 0, 64), 0);
        fixture_be_dom(dom0);
        hosted_preempt_every(1);
        fixture_kill(target_first ? target : pvh);
        assert_int_equal(state_of(id), target_first ? DOM_DEAD : DOM_ALIVE);
        fixture_kill(target_first ? pvh : target);
        assert_int_equal(state_of(id), -1);
        hosted_preempt_every(0);
        assert_int_equal(page_nr_free(), before);
    }
}

/* What is mapped of one domain cannot be mapped from it by a third. */
static void test_no_chain_of_mappings(void **state)
{
    struct domain *third;
    xen_ulong_t idx = MAP_GFN;
    xen_pfn_t gpfn = 7;
    int err = 1;
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
    };

    (void)state;
    make_domains();
    assert_int_equal(acquire(target, GRANT, 0, 0, 1), 0);
    third = fixture_pvh_dom0();
    fixture_be_dom(third);
    b.u.foreign_domid = pvh->domain_id;
    b.idxs.p = &idx;
    b.gpfns.p = &gpfn;
    b.errs.p = &err;
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch, &b), 0);
    assert_int_equal(err, -EINVAL);
    /* The target gives its frames away again and again; each has its own. */
    assert_int_equal(acquire(target, GRANT, 0, 0, 1), 0);
    assert_true(mfn_eq(p2m_lookup(third, _gfn(MAP_GFN)).mfn,
                       p2m_lookup(pvh, _gfn(MAP_GFN)).mfn));
    fixture_be_dom(dom0);
}

/* A frame number taken by a caller that is not translated gives no access. */
static void test_stale_frame_number_is_refused(void **state)
{
    struct domain *other;
    mfn_t mfn;

    (void)state;
    make_domains();
    fixture_be_dom(dom0);
    assert_int_equal(acquire(target, GRANT, 0, 63, 1), 0);
    mfn = _mfn(list[0]);
    assert_true(page_get(mfn_to_page(mfn), target));
    page_put(mfn_to_page(mfn));
    other = target;
    fixture_kill(target);
    assert_int_equal(mfn_to_page(mfn)->refs, 0);
    assert_false(page_get(mfn_to_page(mfn), other));
}

/* ---- the largest ---- */

#define MOST (1U << 16)

static int big_setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    config.flags = 0;
    if ( hosted_init(MOST + 4096) ||
         domain_create(0, &config, true, &dom0) || vcpu_create(dom0, 0) )
        return -1;
    fixture_be_dom(dom0);
    return 0;
}

static void test_65536_frames_in_one_call(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    config.max_grant_frames = MOST;
    target = fixture_guest_config(&config);
    pvh = fixture_pvh_dom0();
    assert_int_equal(size_of(target, GRANT, 0), MOST);
    assert_int_equal(acquire(target, GRANT, 0, 0, MOST), 0);
    for ( unsigned int i = 0; i < MOST; i += 511 )
        assert_true(mfn_eq(_mfn(list[i]), frame_of(target, GRANT, 0, i)));

    fixture_be_dom(pvh);
    hosted_preempt_every(1);
    assert_int_equal(acquire(target, GRANT, 0, 0, MOST), 0);
    for ( unsigned int i = 0; i < MOST; i++ )
        assert_int_equal(p2m_lookup(pvh, _gfn(MAP_GFN + i)).type,
                         P2M_FOREIGN);
    for ( unsigned int i = 0; i < MOST; i += 511 )
        assert_true(mfn_eq(p2m_lookup(pvh, _gfn(MAP_GFN + i)).mfn,
                           frame_of(target, GRANT, 0, i)));
    hosted_preempt_every(0);
    fixture_audit();
    for ( unsigned int i = 0; i < MOST; i++ )
        assert_int_equal(unmap(MAP_GFN + i), 0);

    /* The last one does not exist: all the others go again. */
    hosted_preempt_every(7);
    assert_int_equal(acquire(target, GRANT, 0, 1, MOST), -EINVAL);
    hosted_preempt_every(0);
    assert_int_equal(nr_mapped(pvh, MOST), 0);
    fixture_be_dom(dom0);
    fixture_kill(target);
}

/* ---- at the same time ---- */

static void *map_and_unmap(void *arg)
{
    struct domain *d = arg;
    xen_pfn_t gfns[64];
    struct xen_mem_acquire_resource r = request(target, GRANT, 0, 0, 64);
    unsigned int done = 0;

    fixture_be_dom(d);
    r.frame_list.p = gfns;
    for ( unsigned int i = 0; i < 64; i++ )
        gfns[i] = MAP_GFN + (i ^ 21);
    for ( unsigned int i = 0; i < 40; i++ )
    {
        /* Another one of the same domain may be in the way. */
        if ( memory_op(XENMEM_acquire_resource, &r) )
            continue;
        done++;
        for ( unsigned int j = 0; j < 64; j++ )
            (void)unmap(MAP_GFN + j);
    }
    return (void *)(uintptr_t)done;
}

static void test_many_at_once(void **state)
{
    struct domain *others[4];
    pthread_t t[4];

    (void)state;
    make_domains();
    others[0] = others[1] = pvh;
    others[2] = fixture_pvh_dom0();
    others[3] = fixture_pvh_dom0();
    hosted_preempt_every(2);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        assert_int_equal(pthread_create(&t[i], NULL, map_and_unmap,
                                        others[i]), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
    {
        void *done;

        pthread_join(t[i], &done);
        if ( i >= 2 ) /* alone in its domain */
            assert_int_equal((uintptr_t)done, 40);
    }
    hosted_preempt_every(0);
    fixture_be_dom(dom0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(others); i++ )
        assert_int_equal(nr_mapped(others[i], 64), 0);
    fixture_audit();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_server_destroyed_while_mapped),
        TEST(test_zombie_until_unmapped),
        TEST(test_emulator_killed_while_mapping),
        TEST(test_no_chain_of_mappings),
        TEST(test_stale_frame_number_is_refused),
        cmocka_unit_test_setup_teardown(test_65536_frames_in_one_call,
                                        big_setup, fixture_teardown),
        TEST(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
