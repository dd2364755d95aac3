/* SPDX-License-Identifier: MIT */
/*
 * Ranges mapped by the largest entries that fit, and their users.
 */
#include "test-p2m-large.h"

#include <xen/hvm/dm_op.h>

static int map(uint64_t gfn, uint64_t mfn, uint64_t nr, enum p2m_type t)
{
    uint64_t done = 0;
    int rc;

    do
        rc = p2m_map_range(large, _gfn(gfn), _mfn(mfn), nr, t, &done);
    while ( rc == -ERESTART );
    assert_int_equal(done, rc ? 0 : nr);
    return rc;
}

/* How many entries of each order there are in [gfn, gfn + nr). */
static void count_orders(uint64_t gfn, uint64_t nr, unsigned int n[3])
{
    memset(n, 0, 3 * sizeof(*n));
    for ( uint64_t end = gfn + nr; gfn < end; )
    {
        unsigned int order;

        assert_int_not_equal(p2m_lookup_order(large, _gfn(gfn), &order).type,
                             P2M_NONE);
        n[order / 9]++;
        gfn += 1UL << order;
    }
}

static void test_largest_that_fit(void **state)
{
    static const struct {
        uint64_t gfn, mfn, nr;
        unsigned int n[3];
    } cases[] = {
        { 0, G1 * 4, G1 * 3, { 0, 0, 3 } },
        { G1 - 512 - 3, G1 * 5 - 512 - 3, G1 + 1024 + 6, { 6, 2, 1 } },
        { 512, G1 * 4, G1, { 0, 512, 0 } },       /* 2 MiB aligned only */
        { G1 + 1, G1 * 4, 1200, { 1200, 0, 0 } }, /* not at all */
        { G1 * 6, G1 * 6, 1, { 1, 0, 0 } },
        { G1 * 6 + 511, G1 * 6 + 511, 514, { 2, 1, 0 } },
    };

    (void)state;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        unsigned int n[3];

        assert_int_equal(p2m_pool_resize(large, 700), 0);
        assert_int_equal(map(cases[i].gfn, cases[i].mfn, cases[i].nr,
                             P2M_MMIO_DIRECT), 0);
        count_orders(cases[i].gfn, cases[i].nr, n);
        assert_memory_equal(n, cases[i].n, sizeof(n));
        for ( uint64_t k = 0; k < cases[i].nr; k += 97 )
            assert_int_equal(
                mfn_x(p2m_lookup(large, _gfn(cases[i].gfn + k)).mfn),
                cases[i].mfn + k);
        assert_int_equal(p2m_lookup(large, _gfn(cases[i].gfn +
                                                cases[i].nr)).type, P2M_NONE);
        /* A fixture of its own for the next one. */
        fixture_kill(large);
        large = fixture_guest(1);
    }
}

static void test_all_or_none(void **state)
{
    unsigned int used;

    (void)state;
    drop_frames(M2_FRAMES, 8 * 512);
    /* Tables: one of level 2, two of level 1, two of level 0. */
    for ( unsigned int spare = 0; spare < 5; spare++ )
    {
        assert_int_equal(p2m_pool_resize(large, 1 + spare), 0);
        assert_int_equal(map(3 * G1 - 1, 8 * G1 - 1, 514, P2M_MMIO_DIRECT),
                         -ENOMEM);
        assert_int_equal(large->p2m.pool_used, 1);
    }
    assert_int_equal(p2m_pool_resize(large, 6), 0);
    assert_int_equal(map(3 * G1 - 1, 8 * G1 - 1, 514, P2M_MMIO_DIRECT), 0);
    used = large->p2m.pool_used;
    assert_int_equal(used, 6);

    /* The references are the caller's until they are an entry's. */
    assert_int_equal(p2m_pool_resize(large, 6 + 1), 0);
    assert_int_equal(map(G1, G1, G1, P2M_RAM_RW), 0);
    assert_int_equal(large->p2m.pool_used, 6);
    assert_int_equal(map(G1 + 1, 8 * G1, 1024, P2M_MMIO_DIRECT), -ENOMEM);
    assert_int_equal(large->p2m.pool_used, 6);
    assert_int_equal(mfn_x(p2m_lookup(large, _gfn(G1 + 1)).mfn), G1 + 1);
    fixture_audit();
}

/* dom0's way: what it has of its own is where it is in the machine. */
static void test_identity(void **state)
{
    unsigned int n[3];

    (void)state;
    drop_frames(M2_FRAMES, 7);
    assert_int_equal(map(M2_FRAMES + 7, M2_FRAMES + 7, 8 * 512 - 7,
                         P2M_RAM_RW), 0);
    assert_int_equal(map(G1, G1, G1, P2M_RAM_RW), 0);
    count_orders(M2_FRAMES + 7, 8 * 512 - 7, n);
    assert_int_equal(n[0], 505);
    assert_int_equal(n[1], 7);
    fixture_audit();
    /* Ballooned out in the midst: to the heap, for anybody. */
    assert_int_equal(p2m_remove(large, _gfn(G1 + 7777), _mfn(G1 + 7777)), 0);
    assert_int_equal(mfn_to_page(_mfn(G1 + 7777))->refs, 0);
    assert_int_equal(large->tot_pages, G1 + 8 * 512 - 8);
    fixture_audit();
}

/* ---- populating ---- */

static uint64_t gfns[3];

static struct xen_memory_reservation extents(unsigned int nr,
                                             unsigned int order)
{
    struct xen_memory_reservation r = { .nr_extents = nr,
                                        .extent_order = order,
                                        .domid = large->domain_id };

    r.extent_start.p = gfns;
    return r;
}

static void test_populate(void **state)
{
    struct xen_memory_reservation r = extents(3, 9);
    unsigned int n[3];

    (void)state;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    gfns[0] = 1024;
    gfns[1] = 5000; /* not aligned */
    gfns[2] = G1;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 3);
    count_orders(1024, 512, n);
    assert_int_equal(n[1], 1);
    count_orders(5000, 512, n);
    assert_int_equal(n[0], 512);
    assert_int_equal(large->tot_pages, 3 * 512);
    fixture_audit();
    /* Over what is there. */
    r = extents(1, 11);
    gfns[0] = 1024;
    flushes = 0;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
    assert_int_equal(flushes, 1);
    count_orders(1024, 2048, n);
    assert_int_equal(n[1], 4);
    assert_int_equal(large->tot_pages, 6 * 512);
    fixture_audit();
    /* Back, in parts: an extent of 4 frames and the entry's others. */
    r = extents(1, 2);
    gfns[0] = 1024 + 512;
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
    assert_int_equal(large->tot_pages, 6 * 512 - 4);
    assert_int_equal(p2m_lookup(large, _gfn(1024 + 515)).type, P2M_NONE);
    assert_int_equal(p2m_lookup(large, _gfn(1024 + 516)).type, P2M_RAM_RW);
    /* No table to split its second half: the extent stays whole. */
    assert_int_equal(p2m_pool_resize(large, large->p2m.pool_used), 0);
    gfns[0] = 1024 + 1024 - 2;
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 0);
    assert_int_equal(large->tot_pages, 6 * 512 - 4);
    fixture_audit();
}

/* Only what is in the extent keeps it out. */
static void test_populate_beside_devices(void **state)
{
    static const struct {
        uint64_t device;
        long populated;
    } cases[] = {
        { 2048 - 1, 1 }, { 2048, 0 },     { 2048 + 511, 0 },
        { 2048 + 512, 0 }, { 2048 + 1023, 0 }, { 2048 + 1024, 1 },
    };
    struct xen_memory_reservation r = extents(1, 10);

    (void)state;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    gfns[0] = 2048;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        gfn_t at = _gfn(cases[i].device);

        assert_int_equal(p2m_set(large, at, _mfn(8 * G1), P2M_MMIO_DIRECT),
                         0);
        for ( unsigned int again = 0; again < 2; again++ )
            assert_int_equal(memory_op(XENMEM_populate_physmap, &r),
                             cases[i].populated);
        assert_int_equal(large->tot_pages, cases[i].populated * 1024);
        assert_int_equal(p2m_remove(large, at, INVALID_MFN), 0);
        assert_int_equal(memory_op(XENMEM_decrease_reservation, &r),
                         cases[i].populated);
    }
}

static long populate_all(void *arg)
{
    struct xen_memory_reservation r = extents(3, 9), back;
    long done = memory_op(XENMEM_populate_physmap, &r);

    (void)arg;
    assert_int_equal(large->tot_pages, done * 512);
    back = extents((unsigned int)done, 9);
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &back), done);
    return done == 3 ? 0 : -ENOMEM;
}

static void test_populate_without_memory(void **state)
{
    (void)state;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    gfns[0] = 1024;
    gfns[1] = 4096;
    gfns[2] = G1;
    fixture_each_alloc_failure(populate_all, NULL, -ENOMEM);
}

/* ---- moving a page out of a large entry ---- */

static long move_by_physmap(void)
{
    struct xen_add_to_physmap a = {
        .domid = large->domain_id, .space = XENMAPSPACE_gmfn,
        .idx = G1 + 5, .gpfn = 0,
    };

    return memory_op(XENMEM_add_to_physmap, &a);
}

static long move_by_device_model(void)
{
    struct xen_dm_op op = {
        .op = XEN_DMOP_relocate_memory,
        .u.relocate_memory = { .size = 1, .src_gfn = G1 + 5, .dst_gfn = 0 },
    };
    xen_dm_op_buf_t buf = { .size = sizeof(op) };

    buf.h.p = &op;
    return hcall(__HYPERVISOR_dm_op, large->domain_id, 1, P(&buf), 0, 0);
}

/* It must not be in two places because it could not be taken out of one. */
static void check_move(long (*move)(void))
{
    drop_frames(M2_FRAMES, 8 * 512);
    assert_int_equal(map(G1, G1, G1, P2M_RAM_RW), 0);
    assert_int_equal(p2m_prepare(large, _gfn(0), 1), 0);
    assert_int_equal(p2m_pool_resize(large, large->p2m.pool_used), 0);
    assert_int_equal(move(), -ENOMEM);
    assert_int_equal(p2m_lookup(large, _gfn(0)).type, P2M_NONE);
    assert_int_equal(p2m_lookup(large, _gfn(G1 + 5)).type, P2M_RAM_RW);
    assert_int_equal(p2m_pool_resize(large, P2M_POOL_DEFAULT), 0);
    assert_int_equal(move(), 0);
    assert_int_equal(mfn_x(p2m_lookup(large, _gfn(0)).mfn), G1 + 5);
    assert_int_equal(p2m_lookup(large, _gfn(G1 + 5)).type, P2M_NONE);
    assert_int_equal(large->tot_pages, G1);
    fixture_audit();
}

static void test_physmap_moves_whole_or_not(void **state)
{
    (void)state;
    check_move(move_by_physmap);
}

static void test_relocate_moves_whole_or_not(void **state)
{
    (void)state;
    check_move(move_by_device_model);
}

/* ---- in order ---- */

static uint64_t walked, expected;

static int walk_one(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    (void)d, (void)arg;
    assert_int_equal(gfn_x(gfn), expected);
    assert_int_equal(mfn_x(e.mfn), 8 * G1 + expected);
    expected++;
    return ++walked == 1000 ? 42 : 0;
}

static void test_for_each_from_the_midst(void **state)
{
    uint64_t gfn = 1;

    (void)state;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
    assert_int_equal(map(512, 8 * G1 + 512, 2 * G1 - 512 + 3,
                         P2M_MMIO_DIRECT), 0);
    expected = 512;
    walked = 0;
    assert_int_equal(p2m_for_each(large, &gfn, walk_one, NULL), 42);
    assert_int_equal(gfn, 1511);
    gfn = expected = G1 + 777;
    walked = 2000;
    assert_int_equal(p2m_for_each(large, &gfn, walk_one, NULL), 0);
    assert_int_equal(expected, 2 * G1 + 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, large_setup, large_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_largest_that_fit),
        TEST(test_all_or_none),
        TEST(test_identity),
        TEST(test_populate),
        TEST(test_populate_beside_devices),
        TEST(test_populate_without_memory),
        TEST(test_physmap_moves_whole_or_not),
        TEST(test_relocate_moves_whole_or_not),
        TEST(test_for_each_from_the_midst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
