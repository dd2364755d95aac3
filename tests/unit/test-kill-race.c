/* SPDX-License-Identifier: MIT */
/*
 * A guest is killed while other threads operate on it: its paging pool grows,
 * its memory is populated, given back, mapped and unmapped, types of pages
 * change, it is shut down and resumed, paused and unpaused.  While the threads
 * run only the core's own assertions check; when they have ended, the audit
 * must be clean and counters consistent.  Run by the thread sanitizer as well.
 */
#include "test-kill.h"

#include <pthread.h>
#include <sched.h>

#define ROUNDS 6 /* guests */
#define TURNS 120 /* of each thread with each guest */

static pthread_barrier_t start;

struct worker {
    struct domain **as; /* whose vcpu makes the calls */
    unsigned int vcpu;
    void (*turn)(unsigned int i);
};

static void turn_pool(unsigned int i)
{
    IGNORE(resize_pool(guest, i % 2 ? 512 : 1024));
}

static void turn_types(unsigned int i)
{
    uint64_t gfn = i % 3 ? LARGE_GFN + i : 0x100000 + 512UL * i;

    IGNORE(mem_type(guest, gfn, HVMMEM_mmio_dm));
    IGNORE(mem_type(guest, RAM_GFN + i % NR_RAM,
                    i % 2 ? HVMMEM_ram_ro : HVMMEM_ram_rw));
}

static void turn_memory(unsigned int i)
{
    populate(guest->domain_id, FAR_GFN + 512 * (i % 8), 0);
    decrease(guest->domain_id, FAR_GFN + 512 * ((i + 3) % 8), 0);
    decrease(guest->domain_id, LARGE_GFN + 256 + i, 0);
}

static void turn_foreign(unsigned int i)
{
    IGNORE(foreign_map(pvh, guest, RAM_GFN + i % NR_RAM, FOREIGN_GFN));
    IGNORE(unmap_gfn(pvh, FOREIGN_GFN));
}

/* Two do this with the same pages. */
static void turn_move(unsigned int i)
{
    IGNORE(physmap(guest, XENMAPSPACE_gmfn, RAM_GFN + i % 4,
                   FAR_GFN + 1024 + i % 4));
    IGNORE(physmap(guest, XENMAPSPACE_gmfn, FAR_GFN + 1024 + i % 4,
                   RAM_GFN + i % 4));
}

static void turn_run(unsigned int i)
{
    struct sched_remote_shutdown s = { .domain_id = guest->domain_id,
                                       .reason = i % 2 ? SHUTDOWN_crash
                                                       : SHUTDOWN_suspend };

    IGNORE(hcall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, P(&s), 0, 0,
                 0));
    IGNORE(domctl_do(XEN_DOMCTL_unpausedomain, guest));
    IGNORE(domctl_do(XEN_DOMCTL_getdomaininfo, guest));
}

static void turn_resume(unsigned int i)
{
    (void)i;
    IGNORE(domctl_do(XEN_DOMCTL_pausedomain, guest));
    IGNORE(domctl_do(XEN_DOMCTL_resumedomain, guest));
}

static void turn_look(unsigned int i)
{
    struct vcpu_register_vcpu_info info = { .mfn = RAM_GFN + 13 };

    IGNORE(physmap(guest, XENMAPSPACE_shared_info, 0, FAR_GFN + 4096 + i));
    if ( i == TURNS / 4 )
        IGNORE(hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 2,
                     P(&info), 0, 0));
    IGNORE(vcpu_runnable(current));
    IGNORE(vcpu_event_pending(current));
}

static void turn_kill(unsigned int i)
{
    if ( i > TURNS / 2 )
        IGNORE(domain_kill(guest));
}

static const struct worker workers[] = {
    { &dom0, 0, turn_pool },     { &stub, 0, turn_types },
    { &dom0, 0, turn_memory },   { &pvh, 0, turn_foreign },
    { &guest, 0, turn_move },    { &guest, 1, turn_move },
    { &dom0, 0, turn_run },      { &dom0, 0, turn_resume },
    { &guest, 2, turn_look },    { &dom0, 0, turn_kill },
};

static bool with_kill;

static void *work(void *arg)
{
    const struct worker *w = arg;

    fixture_be(domain_vcpu(*w->as, w->vcpu));
    pthread_barrier_wait(&start);
    for ( unsigned int i = 0; i < TURNS; i++ )
    {
        if ( w->turn != turn_kill || with_kill )
            w->turn(i);
        if ( i % 8 == 0 )
            sched_yield();
    }
    fixture_be_dom(dom0);
    return NULL;
}

static void all_at_once(void)
{
    pthread_t thread[ARRAY_SIZE(workers)];

    pthread_barrier_init(&start, NULL, ARRAY_SIZE(workers));
    for ( unsigned int i = 0; i < ARRAY_SIZE(workers); i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, work,
                                        (void *)(uintptr_t)&workers[i]), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(workers); i++ )
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    pthread_barrier_destroy(&start);
}

static int count_frame(struct domain *d, gfn_t gfn, struct p2m_entry e,
                       void *arg)
{
    uint8_t *seen = arg;

    (void)d, (void)gfn;
    if ( p2m_has_page(e.type) && !(mfn_to_page(e.mfn)->flags & PAGE_EXTRA) )
        seen[mfn_x(e.mfn)]++;
    return 0;
}

/* No page of the guest's own is at two places. */
static void check_no_alias(void)
{
    static uint8_t seen[FIXTURE_FRAMES];
    uint64_t gfn = 0;

    memset(seen, 0, sizeof(seen));
    IGNORE(p2m_for_each(guest, &gfn, count_frame, seen));
    for ( unsigned int i = 0; i < FIXTURE_FRAMES; i++ )
        assert_in_range(seen[i], 0, 1);
}

static bool shut_down(void)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getdomaininfo,
                                       guest->domain_id);
    uint32_t code;

    assert_int_equal(domctl_call(&op), 0);
    code = op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & 0xff;
    assert_int_equal(!!(op.u.getdomaininfo.flags & XEN_DOMINF_shutdown),
                     code != 255);
    return code != 255;
}

static void test_at_rest_all_agrees(void **state)
{
    (void)state;
    with_kill = false;
    for ( unsigned int round = 0; round < ROUNDS; round++ )
    {
        kill_cast();
        all_at_once();
        fixture_be_dom(dom0);
        fixture_audit();
        check_no_alias();
        /* It can be resumed, and crashed again. */
        (void)shut_down();
        assert_int_equal(domctl_do(XEN_DOMCTL_resumedomain, guest), 0);
        assert_false(shut_down());
        domain_shutdown(guest, SHUTDOWN_crash);
        assert_true(shut_down());
        assert_int_equal(guest->pause_count, guest->ctl_pause_count);
        fixture_kill(guest);
        fixture_kill(stub);
        fixture_kill(peer);
        fixture_kill(pvh);
    }
}

/* ---- shut down, and resumed at the same time ---- */

#define RESUMES 100000

static unsigned int shutdowns;
static bool resumed_enough;

static void *shut_down_again(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    while ( !READ_ONCE(resumed_enough) )
    {
        domain_shutdown(guest, SHUTDOWN_crash);
        atomic_add_return(&shutdowns, 1);
    }
    return NULL;
}

/* Once the next shutdown is over the guest is shut down, if nobody resumes. */
static void test_resume_against_shutdown(void **state)
{
    pthread_t thread;

    (void)state;
    kill_cast();
    resumed_enough = false;
    assert_int_equal(pthread_create(&thread, NULL, shut_down_again, NULL), 0);
    for ( unsigned int i = 0; i < RESUMES; i++ )
    {
        unsigned int now;

        domain_resume(guest);
        if ( i % 16 )
            continue;
        now = READ_ONCE(shutdowns);
        while ( READ_ONCE(shutdowns) - now < 2 )
            sched_yield();
        assert_true(shut_down());
    }
    WRITE_ONCE(resumed_enough, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_killed_among_all(void **state)
{
    uint64_t before;

    (void)state;
    with_kill = true;
    for ( unsigned int round = 0; round < ROUNDS; round++ )
    {
        before = page_nr_free();
        kill_cast();
        domain_get_more(guest); /* its vcpus are used until they are joined */
        all_at_once();
        fixture_be_dom(dom0);
        fixture_kill(guest);
        fixture_audit();
        domain_put(guest);
        fixture_kill(stub);
        fixture_kill(peer);
        fixture_kill(pvh);
        assert_int_equal(page_nr_free(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_at_rest_all_agrees),
        with_fixture(test_resume_against_shutdown),
        with_fixture(test_killed_among_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
