/* SPDX-License-Identifier: MIT */
/*
 * acquire_resource for translated callers: entries of their p2m, all of them or
 * none, also when the call gives way or other calls change the domains
 * meanwhile.
 */
#include "test-acquire.h"

static const struct p2m_entry nothing = { { ~0UL }, P2M_NONE, false };
static struct domain *target, *pvh;

static void setup(void)
{
    target = fixture_guest(1);
    pvh = fixture_pvh_dom0();
    fixture_be_dom(pvh);
}

static void check_mapped(uint16_t type, uint32_t id, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct p2m_entry e = p2m_lookup(pvh, _gfn(MAP_GFN + i));

        assert_int_equal(e.type, P2M_FOREIGN);
        assert_true(mfn_eq(e.mfn, frame_of(target, type, id, i)));
    }
}

static void test_grant_frames(void **state)
{
    mfn_t mfn;

    (void)state;
    setup();
    assert_int_equal(acquire(target, GRANT, 0, 0, 64), 0);
    check_mapped(GRANT, 0, 64);
    mfn = p2m_lookup(pvh, _gfn(MAP_GFN)).mfn;
    assert_int_equal(mfn_to_page(mfn)->refs, 2);
    assert_int_equal(pvh->tot_pages, 0);
    fixture_audit();
    for ( unsigned int i = 0; i < 64; i++ )
    {
        assert_int_equal(list[i], MAP_GFN + i); /* item 18: only read */
        assert_int_equal(unmap(MAP_GFN + i), 0);
        assert_int_equal(unmap(MAP_GFN + i), -ENOENT);
    }
    assert_int_equal(mfn_to_page(mfn)->refs, 1);
    fixture_be_dom(dom0);
}

static void test_ioreq_frames(void **state)
{
    ioservid_t id;

    (void)state;
    setup();
    id = new_server(target, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    target->max_pages = 0;
    assert_int_equal(size_of(target, IOREQ, id), 2);
    assert_int_equal(acquire(target, IOREQ, id, 0, 2), 0);
    check_mapped(IOREQ, id, 2);
    fixture_audit();
    /* One frame that does not exist: the others are not mapped either. */
    assert_int_equal(unmap(MAP_GFN), 0);
    assert_int_equal(unmap(MAP_GFN + 1), 0);
    assert_int_equal(acquire(target, IOREQ, id, 0, 3), -EINVAL);
    assert_int_equal(nr_mapped(pvh, 3), 0);
    fixture_be_dom(dom0);
}

/* ---- all or nothing ---- */

/* Something is in the way at each position in turn; preempted or not. */
static void test_rollback_at_every_position(void **state)
{
    static const enum p2m_type in_the_way[] = { P2M_RAM_RW, P2M_MMIO_DM,
                                                P2M_FOREIGN };

    (void)state;
    setup();
    fixture_populate(target, 0, 1);
    for ( unsigned int bad = 0; bad < 64; bad++ )
    {
        gfn_t gfn = _gfn(MAP_GFN + bad);
        enum p2m_type type = in_the_way[bad % 3];
        struct page *pg = NULL;
        struct p2m_entry e;

        if ( type == P2M_RAM_RW )
            pg = page_alloc(pvh, 0, 0);
        else if ( type == P2M_FOREIGN )
            pg = p2m_get_page(target, _gfn(0), NULL);
        assert_int_equal(p2m_set(pvh, gfn, pg ? page_to_mfn(pg) : INVALID_MFN,
                                 type), 0);
        e = p2m_lookup(pvh, gfn);
        hosted_preempt_every(bad % 2);
        assert_int_equal(acquire(target, GRANT, 0, 0, 64), -EBUSY);
        hosted_preempt_every(0);
        assert_int_equal(nr_mapped(pvh, 64), 1);
        assert_int_equal(p2m_lookup(pvh, gfn).type, type);
        assert_true(mfn_eq(p2m_lookup(pvh, gfn).mfn, e.mfn));
        fixture_audit();
        assert_int_equal(p2m_set(pvh, gfn, INVALID_MFN, P2M_NONE), 0);
    }
    assert_int_equal(acquire(target, GRANT, 0, 0, 64), 0);
    fixture_be_dom(dom0);
}

static void test_bad_gfns(void **state)
{
    struct xen_mem_acquire_resource r;

    (void)state;
    setup();
    r = request(target, GRANT, 0, 0, 64);
    for ( unsigned int i = 0; i < 64; i++ )
        list[i] = MAP_GFN + i;
    list[63] = P2M_GFN_LIMIT;
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -EINVAL);
    assert_int_equal(nr_mapped(pvh, 64), 0);
    list[63] = list[2]; /* the same place twice */
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -EBUSY);
    assert_int_equal(nr_mapped(pvh, 64), 0);
    r.frame_list.p = (xen_pfn_t *)8;
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -EFAULT);
    /* The list ends within the second batch. */
    hosted_local_window(list, sizeof(list));
    *(struct xen_mem_acquire_resource *)&list[100] = r;
    ((struct xen_mem_acquire_resource *)&list[100])->frame_list.p =
        &list[ARRAY_SIZE(list) - 40];
    for ( unsigned int i = 0; i < 40; i++ )
        list[ARRAY_SIZE(list) - 40 + i] = MAP_GFN + i;
    assert_int_equal(memory_op(XENMEM_acquire_resource, &list[100]), -EFAULT);
    assert_int_equal(nr_mapped(pvh, 64), 0);
    hosted_local_window(NULL, 0);
    fixture_be_dom(dom0);
}

/* The resource ends in a later batch; earlier ones are taken away. */
static void test_rollback_across_restarts(void **state)
{
    struct xen_mem_acquire_resource r;
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_acquire_resource, P(&r) } };
    unsigned int most = 0, calls = 0;
    long rc;

    (void)state;
    setup();
    r = request(target, GRANT, 0, 0, 65);
    for ( unsigned int i = 0; i < 65; i++ )
        list[i] = MAP_GFN + i;
    hosted_preempt_every(1);
    while ( (rc = hypercall_dispatch(&hc)) == -ERESTART )
    {
        most = max(most, nr_mapped(pvh, 65));
        calls++;
    }
    assert_int_equal(rc, -EINVAL);
    assert_int_equal(most, 64);
    assert_int_equal(calls, 3); /* 32, 64; back to 32 */
    assert_int_equal(nr_mapped(pvh, 65), 0);
    fixture_be_dom(dom0);
}

/* Between two batches the caller put something of its own into a place. */
static void test_rollback_spares_what_is_not_ours(void **state)
{
    struct xen_mem_acquire_resource r;
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_acquire_resource, P(&r) } };

    (void)state;
    setup();
    r = request(target, GRANT, 0, 0, 65);
    for ( unsigned int i = 0; i < 65; i++ )
        list[i] = MAP_GFN + i;
    hosted_preempt_every(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(unmap(MAP_GFN + 5), 0);
    fixture_populate(pvh, MAP_GFN + 5, 1);
    assert_int_equal(hypercall_run(&hc), -EINVAL);
    assert_int_equal(nr_mapped(pvh, 65), 1);
    assert_int_equal(p2m_lookup(pvh, _gfn(MAP_GFN + 5)).type, P2M_RAM_RW);
    fixture_be_dom(dom0);
}

/* The target dies between two batches: its frames are still taken away. */
static void test_target_dies_between_strides(void **state)
{
    struct xen_mem_acquire_resource r;
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_acquire_resource, P(&r) } };
    domid_t id;

    (void)state;
    setup();
    id = target->domain_id;
    r = request(target, GRANT, 0, 0, 64);
    for ( unsigned int i = 0; i < 64; i++ )
        list[i] = MAP_GFN + i;
    hosted_preempt_every(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(nr_mapped(pvh, 64), 32);
    fixture_kill(target);
    assert_true(hypercall_run(&hc) < 0);
    assert_int_equal(nr_mapped(pvh, 64), 0);
    assert_null(domain_get(id)); /* nothing keeps it */
    fixture_be_dom(dom0);
}

/* A restart from nowhere: harms nobody, ends, and takes only one's own. */
static void test_forged_restarts(void **state)
{
    static const struct {
        unsigned long start;
        long want;
        unsigned int left;
    } cases[] = {
        { 64, -EINVAL, 64 },
        { 1UL << 25, -EINVAL, 64 },
        { 1UL << 57, -EINVAL, 64 },
        { 1UL << 26 | 65 | 16UL << 27, -EINVAL, 64 },           /* too many */
        { 1UL << 26 | 10, -EINVAL, 64 },                        /* no error */
        { 1UL << 26 | 10 | (unsigned long)ERESTART << 27, -EINVAL, 64 },
        { 1UL << 26 | 10 | 256UL << 27, -EINVAL, 64 },
        { 1UL << 26 | 10 | 16UL << 27, -16, 54 },
        { 1UL << 26 | 0 | 7UL << 27, -7, 54 },
    };
    struct domain *guest = fixture_guest(1);

    (void)state;
    setup();
    assert_int_equal(acquire(target, GRANT, 0, 0, 64), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct xen_mem_acquire_resource r = request(target, GRANT, 0, 0, 64);
        unsigned long cmd = XENMEM_acquire_resource |
                            cases[i].start << MEMOP_CMD_BITS;

        assert_int_equal(hcall(__HYPERVISOR_memory_op, cmd, P(&r), 0, 0, 0),
                         cases[i].want);
        assert_int_equal(nr_mapped(pvh, 64), cases[i].left);
        fixture_be_dom(guest);
        assert_int_equal(hcall(__HYPERVISOR_memory_op, cmd, P(&r), 0, 0, 0),
                         -EPERM);
        fixture_be_dom(pvh);
    }
    fixture_be_dom(dom0);
}

/* ---- running out ---- */

static long acquire_and_unmap(void *arg)
{
    long rc = acquire(target, GRANT, 0, 0, 64);

    (void)arg;
    assert_int_equal(nr_mapped(pvh, 64), rc ? 0 : 64);
    for ( unsigned int i = 0; !rc && i < 64; i++ )
        assert_int_equal(unmap(MAP_GFN + i), 0);
    return rc;
}

/* The table keeps what it grew by, so growth that fails is its own test. */
static void test_without_memory(void **state)
{
    unsigned int nth = 0;
    long rc;

    (void)state;
    setup();
    do {
        target = fixture_guest(1);
        hosted_fail_alloc(++nth);
        rc = acquire_and_unmap(NULL);
        assert_int_equal(hosted_alloc_failed(), rc != 0);
        assert_true(!rc || rc == -EINVAL); /* as Xen tells it */
        hosted_fail_alloc(0);
        fixture_audit();
        fixture_be_dom(dom0);
        fixture_kill(target);
        fixture_be_dom(pvh);
    } while ( rc );
    assert_true(nth > 30);

    /* Nothing is allocated for a table that is there, or for a server's. */
    target = fixture_guest(1);
    assert_int_equal(acquire_and_unmap(NULL), 0);
    fixture_each_alloc_failure(acquire_and_unmap, NULL, -ENOMEM);
    fixture_be_dom(dom0);
}

static long acquire_new_server(void *arg)
{
    ioservid_t id = new_server(target, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    long rc = acquire(target, IOREQ, id, 0, 2);

    (void)arg;
    assert_int_equal(nr_mapped(pvh, 2), rc ? 0 : 2);
    assert_int_equal(ioreq_server_destroy(target, id), 0);
    for ( unsigned int i = 0; !rc && i < 2; i++ )
        assert_int_equal(unmap(MAP_GFN + i), 0);
    return rc;
}

static void test_server_without_memory(void **state)
{
    ioservid_t id;

    (void)state;
    setup();
    for ( unsigned int nth = 1;; nth++ )
    {
        uint64_t frames = page_nr_free();
        long rc;

        id = new_server(target, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
        hosted_fail_alloc(nth);
        rc = acquire(target, IOREQ, id, 0, 2);
        assert_int_equal(hosted_alloc_failed(), rc != 0);
        hosted_fail_alloc(0);
        fixture_audit();
        assert_int_equal(nr_mapped(pvh, 2), rc ? 0 : 2);
        if ( !rc )
            break;
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(ioreq_server_destroy(target, id), 0);
        assert_int_equal(page_nr_free(), frames);
    }
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(unmap(MAP_GFN + i), 0);
    /* Item 6: neutral over many. */
    for ( unsigned int i = 0; i < 50; i++ )
        assert_int_equal(acquire_new_server(NULL), 0);
    fixture_be_dom(dom0);
}

/* No page for tables is left in the caller's pool: at each size of it. */
static void test_pool_exhausted(void **state)
{
    struct xen_mem_acquire_resource r;

    (void)state;
    setup();
    r = request(target, GRANT, 0, 0, 64);
    /* Each gfn needs a table of its own. */
    for ( unsigned int i = 0; i < 64; i++ )
        list[i] = (uint64_t)i << 9;
    for ( unsigned int pages = 1; pages < 67; pages += 5 )
    {
        unsigned int used;

        if ( p2m_pool_resize(pvh, pages) )
            continue; /* tables stay once they are made */
        used = pvh->p2m.pool_used;
        assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -ENOMEM);
        for ( unsigned int i = 0; i < 64; i++ )
            assert_true(p2m_lookup(pvh, _gfn(list[i])).type == P2M_NONE);
        assert_true(pvh->p2m.pool_used <= pages && pvh->p2m.pool_used >= used);
        fixture_audit();
    }
    assert_int_equal(p2m_pool_resize(pvh, 67), 0);
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), 0);
    assert_int_equal(p2m_replace(pvh, _gfn(0), nothing, _mfn(0), P2M_FOREIGN),
                     -EBUSY);
    fixture_be_dom(dom0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_grant_frames),
        TEST(test_ioreq_frames),
        TEST(test_rollback_at_every_position),
        TEST(test_bad_gfns),
        TEST(test_rollback_across_restarts),
        TEST(test_rollback_spares_what_is_not_ours),
        TEST(test_target_dies_between_strides),
        TEST(test_forged_restarts),
        TEST(test_without_memory),
        TEST(test_server_without_memory),
        TEST(test_pool_exhausted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
