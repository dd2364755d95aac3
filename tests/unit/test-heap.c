/* SPDX-License-Identifier: MIT */
/*
 * xen/lib/heap.c: objects out of frames.  It is linked here under other names,
 * beside the hosted machine's own, and takes its frames from a test's fixture.
 */
#include "fixture.h"

#include <pthread.h>

#include <hv/heap.h>
#include <hv/keys.h>

void *slab_alloc(size_t bytes);
void slab_free(void *p);
void slab_show(struct key_press *k);

/* A BUG_ON of it comes back to the test. */
static jmp_buf bug;
#define panic(...) longjmp(bug, 1)
#define arch_heap_alloc slab_alloc
#define arch_heap_free slab_free
#define arch_heap_show slab_show
#include "../../xen/lib/heap.c"
#undef panic

static uint64_t free_before;

static void audit_hook(void (*count)(mfn_t mfn, enum page_holder holder))
{
    heap_audit_refs(count);
}

static int setup(void **state)
{
    if ( fixture_setup(state) )
        return -1;
    heap_init();
    hosted_hooks.audit = audit_hook;
    free_before = page_nr_free();
    return 0;
}

static unsigned int taken(void)
{
    return (unsigned int)(free_before - page_nr_free());
}

/* Empty slabs that wait for more. */
static void drop_slabs(void)
{
    for ( unsigned int i = 0; i < NR_CLASSES; i++ )
    {
        assert_true(list_empty(&full[i]));
        while ( !list_empty(&usable[i]) )
        {
            struct page *pg = list_entry(usable[i].next, struct page, link);

            list_del(&pg->link);
            page_put(pg);
        }
    }
    assert_true(list_empty(&blocks));
}

/* Does freeing p end in a BUG? */
static bool free_is_bug(void *p)
{
    if ( setjmp(bug) )
    {
        spin_unlock(&objects_lock);
        return true;
    }
    slab_free(p);
    return false;
}

static void *get(size_t bytes)
{
    char *p = slab_alloc(bytes);

    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    memset(p, 0xa5, bytes);
    return p;
}

/* How many frames one object of each size takes, and gives back. */
static void test_sizes(void **state)
{
    static const struct {
        size_t bytes;
        unsigned int frames;
    } cases[] = {
        { 0, 1 },        { 1, 1 },          { 64, 1 },       { 65, 1 },
        { 2048, 1 },     { 2049, 1 },       { 4096, 1 },     { 4097, 2 },
        { 5 << 12, 5 },  { 16 << 12, 16 },  { 17 << 12, 18 },
        { (17 << 12) + 1, 18 },             { 33 << 12, 36 },
        { 1000 << 12, 1024 },               { 900 << 12, 960 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        void *p = get(cases[i].bytes);

        assert_int_equal(taken(), cases[i].frames);
        fixture_audit();
        slab_free(p);
        fixture_audit();
        /* An empty slab waits for the next object of its class. */
        assert_int_equal(taken(), cases[i].bytes <= 2048);
        drop_slabs();
        assert_int_equal(taken(), 0);
    }
    assert_null(slab_alloc((FIXTURE_FRAMES + 1) * PAGE_SIZE));
    assert_null(slab_alloc(1UL << 62));
    assert_null(slab_alloc(~0UL));
}

/* Fill slabs, empty them in another order: one is left. */
static void test_slabs_come_and_go(void **state)
{
    enum { NR = 64 * 5 };
    void *p[NR];

    (void)state;
    for ( unsigned int i = 0; i < NR; i++ )
    {
        p[i] = get(64);
        *(unsigned int *)p[i] = i;
        assert_int_equal(taken(), i / 64 + 1);
    }
    fixture_audit();
    for ( unsigned int i = 0; i < NR; i += 2 )
        slab_free(p[i]);
    assert_int_equal(taken(), 5);
    fixture_audit();
    for ( unsigned int i = 0; i < NR; i += 2 )
        p[i] = get(33);
    assert_int_equal(taken(), 5);
    for ( unsigned int i = 1; i < NR; i += 2 )
        assert_int_equal(*(unsigned int *)p[i], i);
    for ( unsigned int i = 0; i < NR; i++ )
        slab_free(p[i * 77 % NR]);
    assert_int_equal(taken(), 1);
    p[0] = get(64);
    assert_int_equal(taken(), 1);
    slab_free(p[0]);
    drop_slabs();
}

static void test_wrong_frees(void **state)
{
    char *a = get(128), *b = get(128), *big = get(3 * PAGE_SIZE);
    struct page *pg = page_alloc(NULL, 0, 0);
    uint64_t *fake;
    int local;

    (void)state;
    assert_non_null(pg);
    assert_true(free_is_bug(&local));
    assert_true(free_is_bug(page_to_virt(pg)));
    assert_true(free_is_bug(a + 64));
    assert_true(free_is_bug(a + 1));
    assert_true(free_is_bug(b + 128)); /* a free part */
    assert_true(free_is_bug(big + 64));
    assert_true(free_is_bug(big + PAGE_SIZE));
    slab_free(a);
    assert_true(free_is_bug(a));
    /* What only looks like a free part is one in use. */
    fake = (uint64_t *)b;
    *fake = FREE_MARK ^ (uintptr_t)b;
    assert_false(free_is_bug(b));
    assert_true(free_is_bug(b));
    slab_free(big);
    assert_true(free_is_bug(big));
    page_put(pg);

    /* Written to after it was freed: the next who asks finds out. */
    a = get(128);
    slab_free(a);
    memset(a, 0, 8);
    if ( !setjmp(bug) )
    {
        (void)!slab_alloc(128);
        fail();
    }
    spin_unlock(&objects_lock);
    drop_slabs();
}

static long fill(void *arg)
{
    void *a = slab_alloc(600), *b = a ? slab_alloc(70000) : NULL;

    (void)arg;
    if ( b )
        slab_free(b);
    if ( a )
        slab_free(a);
    drop_slabs();
    return a && b ? 0 : -ENOMEM;
}

static void test_no_memory(void **state)
{
    (void)state;
    fixture_each_alloc_failure(fill, NULL, -ENOMEM);
}

/* ---- threads ---- */

#define SLOTS 64

static void *churn(void *arg)
{
    uint64_t seed = (uintptr_t)arg * 0x9e3779b97f4a7c15UL;
    struct { uint64_t *p; size_t words; } slot[SLOTS] = {};

    for ( unsigned int n = 0; n < 20000 + SLOTS; n++ )
    {
        unsigned int i = n < 20000 ? seed >> 58 : n - 20000;

        seed = seed * 6364136223846793005UL + 1442695040888963407UL;
        if ( slot[i].p )
        {
            for ( size_t w = 0; w < slot[i].words; w++ )
                BUG_ON(slot[i].p[w] != (uintptr_t)slot[i].p + w);
            slab_free(slot[i].p);
            slot[i].p = NULL;
        }
        if ( n >= 20000 )
            continue;
        slot[i].words = 1 + (seed >> 40) % (seed >> 63 ? 200 : 1400);
        slot[i].p = slab_alloc(slot[i].words * 8);
        for ( size_t w = 0; slot[i].p && w < slot[i].words; w++ )
            slot[i].p[w] = (uintptr_t)slot[i].p + w;
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t t[4];

    (void)state;
    for ( uintptr_t i = 0; i < ARRAY_SIZE(t); i++ )
        assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)(i + 1)),
                         0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        pthread_join(t[i], NULL);
    fixture_audit();
    assert_true(taken() <= NR_CLASSES);
    drop_slabs();
    assert_int_equal(taken(), 0);
}

/* ---- debug key H ---- */

static char said[1024];

static void listen(const char *text, size_t len)
{
    size_t used = strlen(said);

    assert_true(used + len < sizeof(said));
    memcpy(said + used, text, len);
    said[used + len] = '\0';
}

static void test_show(void **state)
{
    void *small[65], *large = slab_alloc(3 * PAGE_SIZE + 1);
    struct key_press k = { 0 };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(small); i++ )
        small[i] = slab_alloc(64);
    said[0] = '\0';
    hosted_hooks.console = listen;
    slab_show(&k);
    hosted_hooks.console = NULL;
    assert_non_null(strstr(said, "objects of 64 bytes: 65 in 2 frames\n"));
    assert_non_null(strstr(said, "objects of 128 bytes: 0 in 0 frames\n"));
    assert_non_null(strstr(said, "larger ones: 1 in 4 frames\n"));
    for ( unsigned int i = 0; i < ARRAY_SIZE(small); i++ )
        slab_free(small[i]);
    slab_free(large);
    drop_slabs();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_sizes),       TEST(test_slabs_come_and_go),
        TEST(test_wrong_frees), TEST(test_no_memory),
        TEST(test_threads),     TEST(test_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
