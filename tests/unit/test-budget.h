/* SPDX-License-Identifier: MIT */
/*
 * For the test of budgets: calls whose steps between two preemption checks
 * are counted, and guests that have the most of everything.
 */
#ifndef TESTS_TEST_BUDGET_H
#define TESTS_TEST_BUDGET_H

#include "test-ioreq.h"

#include <hv/budget.h>
#include <hv/grant.h>
#include <hv/timer.h>

#include <xen/event_channel.h>
#include <xen/vcpu.h>

#include "../../xen/common/gnttab-private.h"

#define BIG_WORLD 320000 /* frames: 1 GiB, and a table of 65536 */
#define RAM 0x100UL

static long result; /* of the last call */

static struct {
    const char *what;
    uint64_t most;
} reported[64];
static unsigned int nr_reported;

/* Say at the end how many steps it took; a call may be reported often. */
static inline void report(const char *what, uint64_t most)
{
    unsigned int i = 0;

    while ( i < nr_reported && strcmp(reported[i].what, what) )
        i++;
    assert_true(i < ARRAY_SIZE(reported));
    reported[i].what = what;
    if ( i == nr_reported )
        reported[nr_reported++].most = 0;
    reported[i].most = max(reported[i].most, most);
}

/* The most steps in a row of this call, in whatever it is interrupted. */
static inline uint64_t call_at(unsigned int every, const struct hypercall *call)
{
    struct hypercall hc = *call;

    budget_forget();
    hosted_preempt_every(every);
    do
        result = hypercall_dispatch(&hc);
    while ( result == -ERESTART );
    hosted_preempt_every(0);
    return budget_most();
}

static inline uint64_t call2(unsigned int nr, unsigned long a0,
                             unsigned long a1, unsigned long a2)
{
    return call_at(1, &(struct hypercall){ nr, { a0, a1, a2 } });
}

static inline uint64_t call(unsigned int nr, unsigned long a0,
                            unsigned long a1)
{
    return call2(nr, a0, a1, 0);
}

static inline uint64_t memory_call(unsigned int op, void *arg)
{
    return call(__HYPERVISOR_memory_op, op, P(arg));
}

static inline uint64_t grant_call(unsigned int op, void *arg)
{
    return call2(__HYPERVISOR_grant_table_op, op, P(arg), 1);
}

/* One step of it. */
static inline long grant_dispatch(unsigned int op, void *arg)
{
    struct hypercall hc = { __HYPERVISOR_grant_table_op, { op, P(arg), 1 } };

    return hypercall_dispatch(&hc);
}

static inline uint64_t evtchn_call(unsigned int op, void *arg)
{
    return call(__HYPERVISOR_event_channel_op, op, P(arg));
}

static inline uint64_t domctl_call(struct domain *d, struct xen_domctl *op)
{
    op->domain = d->domain_id;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    fixture_be_dom(dom0);
    return call(__HYPERVISOR_domctl, P(op), 0);
}

static inline void measured_kill(struct domain *d)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_destroydomain };

    report("destroydomain", domctl_call(d, &op));
    assert_int_equal(result, 0);
}

/* ---- device models ---- */

static inline uint64_t dm_call(struct domain *d, struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { .size = sizeof(*op) };

    buf.h.p = op;
    return call2(__HYPERVISOR_dm_op, d->domain_id, 1, P(&buf));
}

static inline uint64_t dm_create(struct domain *d)
{
    struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };

    op.u.create_ioreq_server.handle_bufioreq = ATOMIC;
    return dm_call(d, &op);
}

static inline uint64_t destroy_of(struct domain *d, unsigned int id)
{
    struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };

    op.u.destroy_ioreq_server.id = (ioservid_t)id;
    return dm_call(d, &op);
}

static inline uint64_t state_of(struct domain *d, unsigned int id, bool on)
{
    struct xen_dm_op op = { .op = XEN_DMOP_set_ioreq_server_state };

    op.u.set_ioreq_server_state.id = (ioservid_t)id;
    op.u.set_ioreq_server_state.enabled = on;
    return dm_call(d, &op);
}

static inline uint64_t range_of(struct domain *d, unsigned int id,
                                uint64_t start, uint64_t end)
{
    struct xen_dm_op op = { .op = XEN_DMOP_map_io_range_to_ioreq_server };

    op.u.map_io_range_to_ioreq_server =
        (struct xen_dm_op_ioreq_server_range){ .id = (ioservid_t)id,
                                               .type = MEMORY,
                                               .start = start, .end = end };
    return dm_call(d, &op);
}

/* Give up what nobody claims: a sweep over the whole p2m. */
static inline uint64_t sweep_step(struct domain *d, uint64_t opaque)
{
    struct xen_dm_op op = { .op = XEN_DMOP_map_mem_type_to_ioreq_server };

    op.u.map_mem_type_to_ioreq_server =
        (struct xen_dm_op_map_mem_type_to_ioreq_server){
            .type = HVMMEM_ioreq_server,
            .flags = XEN_DMOP_IOREQ_MEM_ACCESS_WRITE, .opaque = opaque };
    report("map_mem_type", dm_call(d, &op));
    assert_int_equal(result, 0);
    return 1;
}

static inline uint64_t acquire_of(struct domain *d, unsigned int id)
{
    xen_pfn_t gfns[5];
    struct xen_mem_acquire_resource a = {
        .domid = d->domain_id, .type = XENMEM_resource_ioreq_server,
        .id = id, .nr_frames = 5,
    };

    for ( unsigned int i = 0; i < 5; i++ )
        gfns[i] = 0x10000 + id * 5 + i;
    a.frame_list.p = gfns;
    return memory_call(XENMEM_acquire_resource, &a);
}

/* The device model binds all ports of a server. */
static inline void bind_all_of(struct domain *d, unsigned int id)
{
    const struct ioreq_server *s = d->ioreq.server[id];

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct evtchn_bind_interdomain b = { .remote_dom = d->domain_id,
                                             .remote_port = s->port[i] };

        report("bind_interdomain",
               evtchn_call(EVTCHNOP_bind_interdomain, &b));
        assert_int_equal(result, 0);
    }
}

/* Every vcpu of d makes an access that spans all there is. */
static inline uint64_t access_of(struct domain *d)
{
    budget_forget();
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        ioreq_t p = load(0, 8);

        p.count = 1U << 16;
        budget_begin();
        (void)ioreq_send(domain_vcpu(d, i), &p);
        budget_end();
        p = load(64 + 4, 1);
        budget_begin();
        assert_int_equal(ioreq_send(domain_vcpu(d, i), &p), IO_PENDING);
        budget_end();
    }
    return budget_most();
}

/* ---- event channels, as current_domain ---- */

static inline void open_port(struct domain *d)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };

    fixture_be_dom(d);
    assert_int_equal(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
}

static inline void close_port_of(struct domain *d, evtchn_port_t port)
{
    struct evtchn_close c = { port };

    fixture_be_dom(d);
    assert_int_equal(evtchn_op(EVTCHNOP_close, &c), 0);
}

static unsigned int fifo_pages;

static inline uint64_t control_of(struct domain *d, unsigned int vcpu)
{
    struct evtchn_init_control c = { .control_gfn = RAM + 200, .vcpu = vcpu };

    fifo_pages = 0;
    fixture_populate(d, RAM, 256);
    fixture_be_dom(d);
    return evtchn_call(EVTCHNOP_init_control, &c);
}

static inline uint64_t expand_of(struct domain *d)
{
    struct evtchn_expand_array e = { .array_gfn = RAM + fifo_pages++ };

    fixture_be_dom(d);
    return evtchn_call(EVTCHNOP_expand_array, &e);
}

static inline event_word_t *fifo_word(struct domain *d, evtchn_port_t port)
{
    event_word_t *words = fixture_gfn_to_virt(d, RAM + port / 1024);

    return &words[port % 1024];
}

/* A guest with this ABI and all its event words. */
static inline struct domain *fifo_guest(unsigned int vcpus)
{
    struct domain *d = fixture_guest(vcpus);

    (void)control_of(d, 0);
    assert_int_equal(result, 0);
    for ( unsigned int i = 0; i < MAX_EVTCHNS / 1024; i++ )
    {
        (void)expand_of(d);
        assert_int_equal(result, 0);
    }
    return d;
}

/* ---- the fixture ---- */

static inline int budget_setup(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    (void)state;
    config.flags = 0;
    nr_reported = 0;
    budget_measure(true);
    if ( hosted_init(BIG_WORLD) || domain_create(0, &config, true, &dom0) ||
         vcpu_create(dom0, 0) )
        return -1;
    fixture_be_dom(dom0);
    return 0;
}

static inline int budget_teardown(void **state)
{
    unsigned int over = 0;

    for ( unsigned int i = 0; i < nr_reported; i++ )
    {
        bool bad = reported[i].most > LOOP_BUDGET || !reported[i].most;

        printf("# %8lu steps  %s%s\n", reported[i].most, reported[i].what,
               bad ? "  <-- too many, or not counted" : "");
        over += bad;
    }
    budget_measure(false);
    return fixture_teardown(state) || over ? -1 : 0;
}

#define with_budget(f) \
    cmocka_unit_test_setup_teardown(f, budget_setup, budget_teardown)

#endif
