/* SPDX-License-Identifier: MIT */
/*
 * Entries of all sizes against an array that knows no sizes: random operations,
 * with a pool that is often too small, and threads at the same time.
 */
#include "test-p2m-large.h"

#include <pthread.h>

#define SPACE (3 * G1) /* gfns that the array knows */
#define STEPS 6000
#define FAR (1UL << 33) /* devices' frames */

static uint64_t *flat; /* type << 48 | mfn; 0: nothing */
static uint64_t seed;
static unsigned int refused, done;

static unsigned int roll(unsigned int n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned int)(seed >> 33) % n;
}

/* Where the interesting things are: around the borders of large entries. */
static uint64_t roll_gfn(void)
{
    static const uint64_t at[] = { 0, 3 * 512, G1, G1 + 1024, 2 * G1,
                                   3 * G1 - 2048 };
    uint64_t gfn = at[roll(ARRAY_SIZE(at))] + roll(2048);

    return gfn >= 1000 && roll(2) ? gfn - 1000 : gfn;
}

static uint64_t packed(struct p2m_entry e)
{
    if ( e.type == P2M_NONE )
        return 0;
    return (uint64_t)e.type << 48 |
           (mfn_eq(e.mfn, INVALID_MFN) ? 0 : mfn_x(e.mfn));
}

static struct p2m_entry unpacked(uint64_t p)
{
    enum p2m_type t = (enum p2m_type)(p >> 48);

    return (struct p2m_entry){
        p2m_has_page(t) || t == P2M_MMIO_DIRECT
            ? _mfn(p & (P2M_MFN_LIMIT - 1)) : INVALID_MFN, t, false };
}

static void get_frames(uint64_t mfn, uint64_t nr, enum p2m_type t)
{
    for ( uint64_t i = 0; p2m_has_page(t) && i < nr; i++ )
        page_get_more(mfn_to_page(_mfn(mfn + i)));
}

/* The outcome of an operation on [gfn, gfn + nr), which needs few tables. */
static void outcome(int rc, uint64_t gfn, uint64_t mfn, uint64_t nr,
                    enum p2m_type t, unsigned int tables)
{
    struct p2m *p2m = &large->p2m;

    if ( rc )
    {
        assert_int_equal(rc, -ENOMEM);
        assert_true(p2m->pool_pages - p2m->pool_used < tables);
        if ( p2m_has_page(t) )
            drop_frames(mfn, nr);
        refused++;
        return;
    }
    done++;
    for ( uint64_t i = 0; i < nr; i++ )
        flat[gfn + i] = t == P2M_NONE ? 0 :
                        t == P2M_MMIO_DM ? (uint64_t)t << 48 :
                        (uint64_t)t << 48 | (mfn + i);
}

static const enum p2m_type types[] = {
    P2M_RAM_RW, P2M_RAM_RO, P2M_IOREQ, P2M_MMIO_DIRECT, P2M_MMIO_DM, P2M_NONE,
};

static void set_one(uint64_t gfn, bool replace)
{
    enum p2m_type t = types[roll(ARRAY_SIZE(types))];
    uint64_t mfn = t == P2M_MMIO_DIRECT ? FAR + gfn
                                        : M2_FRAMES + roll(8 * 512);
    mfn_t to = t == P2M_NONE || t == P2M_MMIO_DM ? INVALID_MFN : _mfn(mfn);
    struct p2m_entry from = unpacked(flat[gfn]);
    int rc;

    get_frames(mfn, 1, t);
    if ( replace && roll(4) == 0 )
    {
        from.type = from.type == P2M_RAM_RW ? P2M_RAM_RO : P2M_RAM_RW;
        from.mfn = _mfn(M2_FRAMES);
        assert_int_equal(p2m_replace(large, _gfn(gfn), from, to, t), -EBUSY);
        if ( p2m_has_page(t) )
            drop_frames(mfn, 1);
        return;
    }
    rc = replace ? p2m_replace(large, _gfn(gfn), from, to, t)
                 : p2m_set(large, _gfn(gfn), to, t);
    outcome(rc, gfn, mfn, 1, t, 3);
}

static void set_large(uint64_t gfn)
{
    unsigned int order = roll(8) ? 9 : 18;
    bool ram = roll(order == 9 ? 2 : 12) == 0;
    enum p2m_type t = ram ? types[roll(3)] : P2M_MMIO_DIRECT;
    uint64_t mfn = !ram ? FAR + ((uint64_t)roll(64) << 18) :
                   order == 9 ? M2_FRAMES + 512 * roll(8) : G1;

    gfn &= ~((1UL << order) - 1);
    get_frames(mfn, 1UL << order, t);
    outcome(p2m_set_order(large, _gfn(gfn), _mfn(mfn), order, t), gfn, mfn,
            1UL << order, t, 2);
}

static void set_range(uint64_t gfn)
{
    bool ram = roll(2);
    enum p2m_type t = ram ? types[roll(3)] : P2M_MMIO_DIRECT;
    uint64_t mfn = ram ? M2_FRAMES + gfn % 512 : FAR + gfn, n = 0;
    uint64_t nr = min(1 + (uint64_t)roll(3000), SPACE - gfn);
    int rc;

    mfn += roll(4) == 0;
    get_frames(mfn, nr, t);
    do
        rc = p2m_map_range(large, _gfn(gfn), _mfn(mfn), nr, t, &n);
    while ( rc == -ERESTART );
    assert_int_equal(n, rc ? 0 : nr);
    outcome(rc, gfn, mfn, nr, t, 12);
}

static void remove_one(uint64_t gfn)
{
    struct p2m_entry e = unpacked(flat[gfn]);
    int rc = p2m_remove(large, _gfn(gfn), roll(2) ? e.mfn : INVALID_MFN);

    if ( e.type == P2M_NONE )
        assert_int_equal(rc, -ENOENT);
    else
        outcome(rc, gfn, 0, 1, P2M_NONE, 2);
    if ( rc == -ENOMEM )
        assert_true(p2m_has_page(e.type) || e.type == P2M_MMIO_DIRECT);
}

static void resize_pool(void)
{
    unsigned int want = large->p2m.pool_used + roll(9);

    assert_int_equal(p2m_pool_resize(large, want), 0);
}

static void step(void)
{
    uint64_t gfn = roll_gfn();

    switch ( roll(10) )
    {
    case 0:
        resize_pool();
        break;
    case 1:
    case 2:
        set_large(gfn);
        break;
    case 3:
        set_range(gfn);
        break;
    case 4:
        if ( p2m_prepare(large, _gfn(gfn), 1 + roll(1500)) )
            refused++;
        break;
    case 5:
    case 6:
        remove_one(gfn);
        break;
    default:
        set_one(gfn, roll(2));
    }
    for ( unsigned int i = 0; i < 8; i++ )
    {
        gfn = roll_gfn();
        assert_int_equal(packed(p2m_lookup(large, _gfn(gfn))), flat[gfn]);
    }
}

static uint64_t next;

/* What for_each leaves out has no frame. */
static int compare(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    (void)d, (void)arg;
    for ( ; next < gfn_x(gfn); next++ )
        BUG_ON(p2m_has_page((enum p2m_type)(flat[next] >> 48)) ||
               flat[next] >> 48 == P2M_MMIO_DIRECT);
    BUG_ON(packed(e) != flat[next]);
    next++;
    return 0;
}

/* The test's own references: on every frame that large was given. */
static void count_own(void (*count)(mfn_t mfn, enum page_holder holder))
{
    for ( uint64_t i = 0; i < G1; i++ )
        count(_mfn(G1 + i), HOLD_ARCH);
    for ( uint64_t i = 0; i < 8 * 512; i++ )
        count(_mfn(M2_FRAMES + i), HOLD_ARCH);
}

static void test_against_an_array(void **state)
{
    (void)state;
    hosted_hooks.audit = count_own;
    flat = calloc(SPACE, sizeof(*flat));
    assert_non_null(flat);
    seed = 1;
    refused = done = 0;
    for ( unsigned int i = 0; i < STEPS; i++ )
    {
        uint64_t gfn = 0;

        step();
        if ( i % 500 )
            continue;
        next = 0;
        assert_int_equal(p2m_for_each(large, &gfn, compare, NULL), 0);
        fixture_audit();
    }
    assert_true(refused > STEPS / 50 && done > STEPS / 4);
    free(flat);
    hosted_hooks.audit = NULL;
    drop_frames(G1, G1);
    drop_frames(M2_FRAMES, 8 * 512);
}

/* ---- at the same time ---- */

static void *hammer(void *arg)
{
    uint64_t mine = (uintptr_t)arg;

    for ( unsigned int i = 0; i < 400; i++ )
    {
        uint64_t block = M2_FRAMES + 512 * ((i + mine) % 8), gfn;
        struct page *pg;

        get_frames(block, 512, P2M_RAM_RW);
        if ( p2m_set_order(large, _gfn(512 * (i % 3)), _mfn(block), 9,
                           P2M_RAM_RW) )
            drop_frames(block, 512);
        gfn = 512 * (i % 3) + mine * 7;
        pg = p2m_get_page(large, _gfn(gfn), NULL);
        if ( pg )
            page_put(pg);
        (void)!p2m_remove(large, _gfn(gfn), INVALID_MFN);
        (void)!p2m_prepare(large, _gfn(gfn), 600);
    }
    return NULL;
}

static void test_many_at_once(void **state)
{
    pthread_t t[3];

    (void)state;
    drop_frames(G1, G1);
    assert_int_equal(p2m_pool_resize(large, 6), 0);
    for ( uintptr_t i = 0; i < ARRAY_SIZE(t); i++ )
        assert_int_equal(pthread_create(&t[i], NULL, hammer, (void *)i), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        pthread_join(t[i], NULL);
    drop_frames(M2_FRAMES, 8 * 512);
    fixture_audit();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, large_setup, large_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_against_an_array),
        TEST(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
