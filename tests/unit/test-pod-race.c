/* SPDX-License-Identifier: MIT */
/*
 * Populate on demand under attack: vcpus that access, write, zero and give back
 * memory, all at once, with an empty cache most of the time; a toolstack that
 * changes the target, marks entries and maps pages.  No page that a vcpu wrote
 * changes, the counts are right, and the host gives no more than it promised.
 *
 * Seen failing with: pages that go to the cache with their content; a sweep that
 * takes pages without looking at them again.
 */
#include <pthread.h>
#include <sched.h>

#include "test-pod.h"

#include <xen/sched.h>

#define VCPUS 3
#define SHARE 40   /* gfns of each vcpu */
#define HELD 12    /* of its pages are not zero at a time, at most */
#define PAGES 60   /* the target: more than all of these, less than the gfns */
#define ROUNDS 150

static struct domain *guest;
static bool stop;
static unsigned int swept; /* accesses that found no page at once */

static uint64_t draw(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* As a vcpu: until there is a page.  Another one may sweep it: NULL. */
static struct page *touch(uint64_t gfn)
{
    for ( unsigned int i = 0; p2m_pod_fault(guest, _gfn(gfn)); i++ )
    {
        assert_false(domain_is_shut_down(guest));
        if ( !i )
            continue;
        atomic_add_return(&swept, 1);
        sched_yield(); /* another thread may have the pages in hand */
    }
    return p2m_get_page(guest, _gfn(gfn), NULL);
}

static uint64_t *word_of(struct page *pg, uint64_t gfn)
{
    return (uint64_t *)page_to_virt(pg) + gfn % 512;
}

static void write_value(uint64_t gfn, uint64_t value)
{
    struct page *pg = NULL;

    while ( !pg )
        pg = touch(gfn);
    WRITE_ONCE(*word_of(pg, gfn), value);
    sched_yield();
    log_dirty_mark(guest, gfn);
    page_put(pg);
}

/* Zero, wherever it is, or what was written. */
static void check_value(uint64_t gfn, uint64_t value)
{
    struct page *pg = NULL;

    while ( !pg )
        pg = touch(gfn);
    assert_int_equal(READ_ONCE(*word_of(pg, gfn)), value);
    page_put(pg);
}

static void give_back(uint64_t gfn)
{
    struct xen_memory_reservation r = {
        .nr_extents = 1, .extent_start.p = &gfn, .domid = DOMID_SELF,
    };

    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
}

static void mark(uint64_t gfn)
{
    struct xen_memory_reservation r = {
        .nr_extents = 1, .extent_start.p = &gfn, .domid = guest->domain_id,
        .mem_flags = XENMEMF_populate_on_demand,
    };

    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
}

static void *be_a_vcpu(void *arg)
{
    struct vcpu *v = arg;
    uint64_t base = BASE + v->vcpu_id * SHARE, x = v->vcpu_id + 99;
    uint64_t value[SHARE] = { 0 }, held[HELD] = { 0 };

    for ( unsigned int i = 0; i < ROUNDS; i++ )
    {
        uint64_t *slot = &held[draw(&x) % HELD];
        uint64_t at = i % 2 ? *slot : draw(&x) % SHARE;

        fixture_be(v);
        check_value(base + at, value[at]);
        if ( !value[at] )
        {
            write_value(base + *slot, value[*slot] = 0);
            write_value(base + at, value[at] = draw(&x) | 1);
            *slot = at;
        }
        else if ( i % 4 == 1 )
        {
            give_back(base + at);
            fixture_be_dom(dom0);
            mark(base + at);
            value[at] = 0;
        }
    }
    return NULL;
}

static void *be_the_toolstack(void *arg)
{
    uint64_t x = 4711;

    (void)arg;
    fixture_be_dom(dom0);
    while ( !READ_ONCE(stop) )
    {
        struct xen_pod_target t = { .domid = guest->domain_id,
                                    .target_pages = draw(&x) % PAGES };
        struct page *pg = p2m_get_page(
            guest, _gfn(BASE + draw(&x) % (VCPUS * SHARE)), NULL);

        if ( pg )
            page_put(pg);
        assert_int_equal(memory_op(XENMEM_set_pod_target, &t), 0);
        assert_true(t.tot_pages <= PAGES);
    }
    return NULL;
}

static void test_race(void **state)
{
    pthread_t vcpu[VCPUS], tools;
    uint64_t before = page_nr_free();

    (void)state;
    stop = false;
    guest = fixture_guest(VCPUS);
    guest->max_pages = PAGES;
    assert_int_equal(pod_target(guest, PAGES), 0);
    for ( unsigned int i = 0; i < VCPUS * SHARE; i++ )
        mark(BASE + i);
    before = page_nr_free();
    for ( unsigned int i = 0; i < VCPUS; i++ )
        assert_int_equal(pthread_create(&vcpu[i], NULL, be_a_vcpu,
                                        domain_vcpu(guest, i)), 0);
    assert_int_equal(pthread_create(&tools, NULL, be_the_toolstack, NULL), 0);
    for ( unsigned int i = 0; i < VCPUS; i++ )
        pthread_join(vcpu[i], NULL);
    WRITE_ONCE(stop, true);
    pthread_join(tools, NULL);
    fixture_be_dom(dom0);
    printf("%u accesses had to wait\n", swept);
    assert_true(page_nr_free() >= before);
    assert_true(guest->tot_pages <= PAGES);
    assert_false(log_dirty_is_on(guest));
    fixture_audit();
    fixture_kill(guest);
}

/* ---- two vcpus that find nothing, always one of them in a step ---- */

#define ZEROES 200U     /* more than two steps take */
#define ENOUGH 2000U    /* steps */

static unsigned int steps;

static void fill(uint64_t value)
{
    for ( unsigned int i = 0; i < ZEROES; i++ )
        WRITE_ONCE(*(uint64_t *)fixture_gfn_to_virt(guest, BASE + i), value);
}

/*
 * Between finding and taking: wait until the other one is here, too.  Nothing that
 * was found is still zero then.
 */
static void overlap(struct domain *d, gfn_t gfn, uint64_t nr)
{
    unsigned int mine = atomic_add_return(&steps, 1);

    (void)gfn, (void)nr;
    while ( load_acquire(&steps) == mine && mine < ENOUGH &&
            !domain_is_shut_down(d) )
        sched_yield();
    fill(1);
}

static void *find_nothing(void *vcpu)
{
    fixture_be(vcpu);
    while ( !domain_is_shut_down(guest) && load_acquire(&steps) < ENOUGH )
    {
        fill(0);
        (void)p2m_pod_fault(guest, _gfn(BASE + ZEROES));
    }
    return NULL;
}

static void test_overlapping_steps_end(void **state)
{
    pthread_t thread[2];

    (void)state;
    guest = pod_guest(ZEROES + 1, ZEROES);
    for ( unsigned int i = 0; i < ZEROES; i++ )
        page_put(p2m_get_page(guest, _gfn(BASE + i), NULL));
    steps = 0;
    hosted_hooks.p2m_flush = overlap;
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, find_nothing,
                                        domain_vcpu(guest, i)), 0);
    for ( unsigned int i = 0; i < 2; i++ )
        pthread_join(thread[i], NULL);
    hosted_hooks.p2m_flush = NULL;
    assert_int_equal(guest->shutdown_code, SHUTDOWN_crash);
    assert_in_range(steps, 1, ENOUGH - 1);
    fixture_be_dom(dom0);
    fixture_audit();
    fixture_kill(guest);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = { TEST(test_race),
                                               TEST(test_overlapping_steps_end) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
