/* SPDX-License-Identifier: MIT */
/*
 * The budget of hv/budget.h, hypercall by hypercall, with everything that a
 * guest or a device model can make many of at its maximum: vcpus, ports,
 * servers, ranges, timers, grant frames, tables of a p2m.
 *
 * Each call gives way at every chance.  The most steps between two chances are
 * printed, call by call.
 */
#include "test-budget.h"

/* ---- timers ---- */

#define NR_TIMERS 6144 /* of four guests with 512 vcpus, three for each vcpu */

static struct timer timers[NR_TIMERS];
static unsigned int nr_fired;

static void count_fired(void *data)
{
    (void)data;
    nr_fired++;
}

static void test_timers(void **state)
{
    uint64_t one;

    (void)state;
    for ( unsigned int i = 0; i < NR_TIMERS; i++ )
        timer_init(&timers[i], count_fired, NULL);
    for ( unsigned int i = 0; i < NR_TIMERS; i++ )
        timer_set(&timers[i], now_ns() + (1UL << 40) + i * 7919 % NR_TIMERS);
    fixture_be_dom(fixture_guest(1));
    /* Behind all of them: no more than their number's logarithm. */
    one = call(__HYPERVISOR_set_timer_op, now_ns() + (1UL << 41), 0);
    report("set_timer_op", one);
    assert_true(one < 1000);
    report("set_timer_op off", call(__HYPERVISOR_set_timer_op, 0, 0));

    for ( unsigned int i = 0; i < NR_TIMERS; i++ )
        timer_set(&timers[i], 1);
    nr_fired = 0;
    for ( unsigned int runs = 0; nr_fired < NR_TIMERS; runs++ )
    {
        assert_true(runs < NR_TIMERS);
        budget_forget();
        timer_run();
        report("timer_run", budget_most());
    }
    fixture_be_dom(dom0);
}

/* Two that arm each other in the past, for ever. */
static void rearm(void *data)
{
    struct timer *other = data;

    if ( ++nr_fired < 100000 )
        timer_set(other, 1);
}

static void test_timers_in_the_past(void **state)
{
    (void)state;
    nr_fired = 0;
    timer_init(&timers[0], rearm, &timers[1]);
    timer_init(&timers[1], rearm, &timers[0]);
    timer_init(&timers[2], count_fired, NULL);
    timer_set(&timers[0], 1);
    budget_forget();
    timer_run();
    report("timer_run, armed in the past", budget_most());
    for ( unsigned int i = 0; i < 3; i++ )
        timer_stop(&timers[i]);
}

/* ---- p2m ---- */

#define NR_TABLES 6000

static void resize(struct domain *d, unsigned int pages)
{
    int rc;

    do
        rc = p2m_pool_resize(d, pages);
    while ( rc == -ERESTART );
    assert_int_equal(rc, 0);
}

static void test_empty_tables(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
    xen_pfn_t gfn;

    (void)state;
    resize(d, NR_TABLES + 100);
    d->max_pages = 1000;
    fixture_be_dom(d);
    r.extent_start.p = &gfn;
    for ( unsigned int i = 0; i < NR_TABLES; i++ )
    {
        gfn = 0x10000 + i * 512UL;
        assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
        assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
    }
    for ( r.extent_order = 0; r.extent_order <= 9; r.extent_order++ )
    {
        gfn = 0x1000UL;
        report("populate", memory_call(XENMEM_populate_physmap, &r));
        report("populate again", memory_call(XENMEM_populate_physmap, &r));
        report("decrease", memory_call(XENMEM_decrease_reservation, &r));
    }
    measured_kill(d);
}

/* One frame in each of many tables. */
static void test_sparse_frames(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t opaque = 0;

    (void)state;
    resize(d, 3000);
    for ( uint64_t i = 0; i < 900; i++ )
        fixture_populate(d, (i << 18 | i << 9 | i) + 512, 1);
    fixture_be_dom(dom0);
    assert_int_equal(create(d, OFF), 0);
    while ( opaque != 1 )
        opaque = sweep_step(d, opaque);
    measured_kill(d);
}

/* A large one in place of many small ones; from anywhere. */
static void test_large_extents(void **state)
{
    struct domain *d = fixture_guest(512);
    struct xen_memory_reservation r = { .nr_extents = 1, .extent_order = 13,
                                        .domid = d->domain_id };
    xen_pfn_t gfn = 1UL << 18;

    (void)state;
    r.extent_start.p = &gfn;
    fixture_populate(d, gfn, 1 << 13);
    report("populate over pages", memory_call(XENMEM_populate_physmap, &r));
    gfn += 7;
    report("populate in between", memory_call(XENMEM_populate_physmap, &r));
    report("decrease", memory_call(XENMEM_decrease_reservation, &r));
    gfn = 1UL << 20;
    r.extent_order = 18;
    fixture_populate(d, gfn + 77777, 8);
    report("populate 1 GiB", memory_call(XENMEM_populate_physmap, &r));
    report("decrease 1 GiB", memory_call(XENMEM_decrease_reservation, &r));
    gfn += 1;
    report("populate 1 GiB", memory_call(XENMEM_populate_physmap, &r));
    measured_kill(d);
}

/* Two of different orders on one domain, step by step in turns. */
static void test_large_extents_in_turns(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r[2];
    struct hypercall hc[2];
    xen_pfn_t gfn[2] = { 1UL << 18, 1UL << 19 };
    bool done[2] = { false, false };

    (void)state;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        r[i] = (struct xen_memory_reservation){ .nr_extents = 1,
                                                .extent_order = 11 + i,
                                                .domid = d->domain_id };
        r[i].extent_start.p = &gfn[i];
        hc[i] = (struct hypercall){ __HYPERVISOR_memory_op,
                                    { XENMEM_populate_physmap, P(&r[i]) } };
    }
    hosted_preempt_every(1);
    for ( unsigned int step = 0; !done[0] || !done[1]; step++ )
    {
        unsigned int i = step % 2;
        long rc = done[i] ? 1 : hypercall_dispatch(&hc[i]);

        assert_true(step < 100000);
        assert_true(rc == 1 || rc == -ERESTART);
        done[i] = rc == 1;
    }
    hosted_preempt_every(0);
    assert_int_equal(d->staged.nr, 0);
    assert_int_equal(d->tot_pages, (1 << 11) + (1 << 12));
}

/* ---- grant tables ---- */

static void test_grant_growth(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct xen_add_to_physmap a = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .gpfn = 0x5000,
        .idx = MAX_GRANT_FRAMES - 1 };
    static xen_pfn_t list[MAX_GRANT_FRAMES];
    gnttab_setup_table_t setup = { .dom = DOMID_SELF,
                                   .nr_frames = MAX_GRANT_FRAMES };
    gnttab_set_version_t version = { .version = 2 };
    gnttab_get_status_frames_t get = { .dom = DOMID_SELF, .nr_frames = 8192 };
    struct domain *d;

    (void)state;
    config.max_grant_frames = MAX_GRANT_FRAMES;
    d = fixture_guest_config(&config);
    fixture_be_dom(d);
    report("add_to_physmap of the last grant frame",
           memory_call(XENMEM_add_to_physmap, &a));
    assert_int_equal(result, 0);
    setup.frame_list.p = list;
    report("setup_table", grant_call(GNTTABOP_setup_table, &setup));
    assert_int_equal(result, 0);
    assert_int_equal(setup.status, GNTST_okay);
    assert_true(list[MAX_GRANT_FRAMES - 1] == ~0UL);
    report("set_version 2", grant_call(GNTTABOP_set_version, &version));
    assert_int_equal(result, 0);
    get.frame_list.p = list;
    report("get_status_frames", grant_call(GNTTABOP_get_status_frames, &get));
    assert_int_equal(get.status, GNTST_okay);
    /* Given up on the way back: the rest of the frames is not used again. */
    version.version = 1;
    hosted_preempt_every(1);
    assert_int_equal(grant_dispatch(GNTTABOP_set_version, &version),
                     -ERESTART);
    assert_true(d->grant->dropping);
    version.version = 2;
    report("set_version 2", grant_call(GNTTABOP_set_version, &version));
    assert_int_equal(result, 0);
    assert_int_equal(d->grant->nr_status, 8192);
    version.version = 1;
    report("set_version 1", grant_call(GNTTABOP_set_version, &version));
    assert_int_equal(result, 0);
    assert_int_equal(d->grant->nr_status, 0);
    measured_kill(d);
}

/*
 * As many chunks of handles as there can be; small ones will do.  Seen failing
 * with: a search from the first one each time.
 */
static void test_mappings(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d;

    (void)state;
    config.max_maptrack_frames = MAX_MAPTRACK_FRAMES;
    d = fixture_guest_config(&config);
    for ( unsigned int i = 0; i < MAX_MAPTRACK_FRAMES; i++ )
        assert_int_equal(ptr_array_set(&d->grant->maptrack, i,
                                       new_object(struct mapping)), 0);
    measured_kill(d);
}

/* The servers that it emulates for others: there are many. */
static void test_domains(void **state)
{
    struct domain *d;

    (void)state;
    for ( unsigned int i = 0; i < 500; i++ )
        fixture_guest(1);
    d = fixture_guest(1);
    measured_kill(d);
}

/* ---- event channels ---- */

static void test_ports_that_stay_linked(void **state)
{
    struct domain *d = fifo_guest(512);
    struct evtchn_alloc_unbound alloc = { .dom = d->domain_id };
    struct evtchn_reset reset = { .dom = DOMID_SELF };
    evtchn_port_t port;

    (void)state;
    for ( port = 1; port < MAX_EVTCHNS; port++ )
        open_port(d);
    for ( port = 1; port < MAX_EVTCHNS; port++ )
        *fifo_word(d, port) |= 1U << EVTCHN_FIFO_LINKED;
    for ( port = 1; port < MAX_EVTCHNS - 1024; port++ )
        close_port_of(d, port);
    fixture_be_dom(dom0);
    report("alloc_unbound", evtchn_call(EVTCHNOP_alloc_unbound, &alloc));
    report("create an ioreq server", dm_create(d));
    fixture_be_dom(d);
    report("bind_ipi", evtchn_call(EVTCHNOP_bind_ipi,
                                   &(struct evtchn_bind_ipi){ .vcpu = 511 }));
    report("reset", evtchn_call(EVTCHNOP_reset, &reset));
    measured_kill(d);
}

/* The lowest port is free, the others are not. */
static void test_ports_in_use(void **state)
{
    struct domain *d = fifo_guest(1);
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };

    (void)state;
    for ( evtchn_port_t port = 1; port < MAX_EVTCHNS; port++ )
        open_port(d);
    close_port_of(d, MAX_EVTCHNS - 1);
    close_port_of(d, 1);
    for ( unsigned int i = 0; i < 3; i++ )
        report("bind_ipi", evtchn_call(EVTCHNOP_bind_ipi, &ipi));
    measured_kill(d);
}

/* Many pending ports, many pollers. */
static void test_switch_to_fifo(void **state)
{
    struct domain *d = fixture_guest(512);

    (void)state;
    fixture_be_dom(d);
    for ( unsigned int port = 1; port < EVTCHN_2L_NR_CHANNELS; port++ )
        open_port(d);
    memset(d->shared->evtchn_pending, 0xff, sizeof(d->shared->evtchn_pending));
    for ( unsigned int i = 0; i < 512; i++ )
        vcpu_poll(domain_vcpu(d, i), true);
    report("init_control", control_of(d, 0));
    for ( unsigned int i = 0; i < 4; i++ )
        report("expand_array", expand_of(d));
    report("send", evtchn_call(EVTCHNOP_send, &(struct evtchn_send){ 4000 }));
    measured_kill(d);
}

/* ---- ioreq servers ---- */

static void test_servers(void **state)
{
    struct domain *d = fixture_guest(500), *s = fixture_guest(1);

    (void)state;
    s->target_id = d->domain_id;
    fixture_be_dom(s);
    for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
    {
        report("create a server", dm_create(d));
        assert_int_equal(result, 0);
        report("acquire", acquire_of(d, id));
        assert_int_equal(result, 0);
        report("enable", state_of(d, id, true));
        bind_all_of(d, id);
    }
    /* No two ranges of any server touch. */
    for ( uint64_t i = 0; i < MAX_IO_RANGES; i++ )
        for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
            report("map_range", range_of(d, id, i * 64 + id * 4,
                                         i * 64 + id * 4 + 1));
    assert_int_equal(result, 0);
    report("map_range of all", range_of(d, 0, 0, ~0UL));
    report("access", access_of(d));
    report("destroy a server", destroy_of(d, 3));
    assert_int_equal(result, 0);
    fixture_be_dom(dom0);
    measured_kill(s);
    measured_kill(d);
}

/* ---- control ---- */

static void test_domctls(void **state)
{
    struct domain *d = fixture_guest(512);
    static uint8_t context[2 << 20];
    struct xen_domctl op = { .cmd = XEN_DOMCTL_gethvmcontext };

    (void)state;
    for ( unsigned int i = 0; i < 512; i++ )
        vcpu_up(domain_vcpu(d, i));
    op.u.hvmcontext.size = sizeof(context);
    op.u.hvmcontext.buffer.p = context;
    report("gethvmcontext", domctl_call(d, &op));
    assert_int_equal(result, 0);
    op.cmd = XEN_DOMCTL_sethvmcontext;
    report("sethvmcontext", domctl_call(d, &op));
    op.cmd = XEN_DOMCTL_pausedomain;
    report("pause", domctl_call(d, &op));
    op.cmd = XEN_DOMCTL_getdomaininfo;
    report("getdomaininfo", domctl_call(d, &op));
    op.cmd = XEN_DOMCTL_set_paging_mempool_size;
    op.u.paging_mempool.size = 8192UL << PAGE_SHIFT;
    report("mempool", domctl_call(d, &op));
    assert_int_equal(result, 0);
    op.u.paging_mempool.size = 1UL << 43; /* more than there is */
    report("mempool, too much", domctl_call(d, &op));
    assert_int_equal(result, -ENOMEM);
    op.cmd = XEN_DOMCTL_resumedomain;
    report("resume", domctl_call(d, &op));
    measured_kill(d);
}

/* What a toolstack that saves or moves a domain asks. */
static void test_save(void **state)
{
    struct domain *d = fixture_guest(1);
    static uint8_t bits[1 << 16];
    static xen_pfn_t frames[1024];
    const uint32_t ops[] = {
        XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, XEN_DOMCTL_SHADOW_OP_PEEK,
        XEN_DOMCTL_SHADOW_OP_CLEAN, XEN_DOMCTL_SHADOW_OP_OFF,
    };
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getpageframeinfo3 };

    (void)state;
    fixture_populate(d, 0, 8192);
    for ( unsigned int i = 0; i < 1024; i++ )
        frames[i] = i;
    op.u.getpageframeinfo3.num = 1024;
    op.u.getpageframeinfo3.array.p = frames;
    report("getpageframeinfo3", domctl_call(d, &op));
    assert_int_equal(result, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(ops); i++ )
    {
        op = (struct xen_domctl){ .cmd = XEN_DOMCTL_shadow_op };
        op.u.shadow_op.op = ops[i];
        op.u.shadow_op.pages = 8 * sizeof(bits);
        op.u.shadow_op.dirty_bitmap.p = bits;
        report("shadow_op", domctl_call(d, &op));
        assert_int_equal(result, 0);
        for ( uint64_t gfn = 0; gfn < 8192; gfn++ )
            log_dirty_mark(d, gfn);
    }
    measured_kill(d);
}

/* Somebody else lets a dead domain's last page go. */
static void test_last_page(void **state)
{
    struct domain *d = fifo_guest(512);
    struct page *pg;

    (void)state;
    for ( evtchn_port_t port = 1; port < MAX_EVTCHNS; port++ )
        open_port(d);
    pg = p2m_get_page(d, _gfn(RAM), NULL);
    assert_non_null(pg);
    measured_kill(d);
    budget_forget();
    budget_begin();
    page_put(pg);
    budget_end();
    report("last page of a dead domain", budget_most());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_budget(test_timers),
        with_budget(test_timers_in_the_past),
        with_budget(test_empty_tables),
        with_budget(test_sparse_frames),
        with_budget(test_large_extents),
        with_budget(test_large_extents_in_turns),
        with_budget(test_grant_growth),
        with_budget(test_mappings),
        with_budget(test_domains),
        with_budget(test_ports_that_stay_linked),
        with_budget(test_ports_in_use),
        with_budget(test_switch_to_fifo),
        with_budget(test_servers),
        with_budget(test_domctls),
        with_budget(test_save),
        with_budget(test_last_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
