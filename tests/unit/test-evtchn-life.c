/* SPDX-License-Identifier: MIT */
/* Event channels: limits, reset, the hypervisor's ports, death, failures. */
#include "test-evtchn.h"

#include <sys/mman.h>

static unsigned int consumed;
static struct vcpu *consumed_by;
static evtchn_port_t consumed_port;

static void consumer(struct vcpu *v, evtchn_port_t port)
{
    consumed++;
    consumed_by = v;
    consumed_port = port;
}

static struct domain *guest_with_limit(uint32_t max_port)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    config.max_evtchn_port = (typeof(config.max_evtchn_port))max_port;
    return fixture_guest_config(&config);
}

static void test_limits(void **state)
{
    static const struct { uint32_t max_port, ports; } t[] = {
        { 0, 0 }, { 1, 1 }, { 63, 63 }, { 64, 64 }, { 1023, 1023 },
        { 4095, 4095 }, { 4096, 4095 }, { 131071, 4095 }, { ~0U, 4095 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
    {
        struct domain *d = guest_with_limit(t[i].max_port);
        evtchn_port_t port;

        fixture_be_dom(d);
        for ( unsigned int n = 1; n <= t[i].ports; n++ )
        {
            assert_int_equal(ev_alloc(DOMID_SELF, 0, &port), 0);
            assert_int_equal(port, n);
        }
        assert_int_equal(ev_alloc(DOMID_SELF, 0, &port), -ENOSPC);
        assert_int_equal(ev_ipi(0, &port), -ENOSPC);
        assert_int_equal(ev_virq(VIRQ_TIMER, 0, &port), -ENOSPC);
        assert_int_equal(evtchn_alloc_xen(domain_vcpu(d, 0), 0, consumer),
                         -ENOSPC);
        if ( t[i].ports > 2 )
        {
            /* The lowest free one is next. */
            assert_int_equal(ev_close(3), 0);
            assert_int_equal(ev_close(2), 0);
            assert_int_equal(ev_ipi(0, &port), 0);
            assert_int_equal(port, 2);
        }
        fixture_be_dom(dom0);
        fixture_kill(d);
    }
}

/* As lsevtchn on Xen leaves such a port out. */
static void assert_no_status(domid_t dom, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = dom, .port = port };

    assert_int_equal(evtchn_op(EVTCHNOP_status, &s), -EACCES);
}

static void test_hypervisor_port(void **state)
{
    struct domain *d = fixture_guest(2);
    evtchn_port_t here, there;
    struct evtchn_status s;
    uint8_t mark = 0;
    int port;

    (void)state;
    consumed = 0;
    port = evtchn_alloc_xen(domain_vcpu(d, 1), 0, consumer);
    assert_int_equal(port, 1);
    evtchn_notify_xen(d, port); /* nobody is bound: nothing */

    /* The guest cannot touch it. */
    fixture_be_dom(d);
    assert_int_equal(ev_close(port), -EINVAL);
    assert_int_equal(ev_send(port), -EINVAL);
    assert_int_equal(ev_move(port, 0), -EINVAL);
    assert_int_equal(ev_unmask(port), 0);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    assert_no_status(DOMID_SELF, port);

    fixture_be_dom(dom0);
    assert_no_status(d->domain_id, port);
    assert_int_equal(evtchn_xen_remote(d, port), 0);
    assert_int_equal(ev_bind(d->domain_id, port, &here), 0);
    assert_no_status(d->domain_id, port);
    assert_int_equal(evtchn_xen_remote(d, port), here);
    s = ev_status(DOMID_SELF, here);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.port, port);
    assert_int_equal(ev_send(here), 0);
    assert_int_equal(consumed, 1);
    assert_ptr_equal(consumed_by, domain_vcpu(d, 1));
    assert_int_equal(consumed_port, port);
    assert_false(pending_2l(d, port));

    settle_2l(dom0);
    evtchn_notify_xen(d, port);
    assert_true(pending_2l(dom0, here));

    /* The other side leaves, which the hypervisor learns, and comes back. */
    assert_false(evtchn_xen_lost(d, port, &mark, 1));
    assert_int_equal(mark, 0);
    assert_int_equal(ev_close(here), 0);
    assert_int_equal(consumed, 2);
    assert_true(evtchn_xen_lost(d, port, &mark, 2));
    assert_int_equal(mark, 2);
    assert_false(evtchn_notify_xen(d, port));
    assert_int_equal(ev_bind(d->domain_id, port, &here), 0);
    assert_true(evtchn_notify_xen(d, port));
    assert_int_equal(ev_send(here), 0);
    assert_int_equal(consumed, 3);

    /* The hypervisor leaves. */
    evtchn_free_xen(d, port);
    assert_state(DOMID_SELF, here, unbound);
    assert_int_equal(ev_send(here), 0);
    assert_int_equal(consumed, 3);
    assert_int_equal(d->evtchn.xen_ports, 0);

    /* A port of the guest with that number is not the hypervisor's. */
    fixture_be_dom(d);
    assert_int_equal(ev_ipi(0, &here), 0);
    assert_int_equal(here, port);
    evtchn_free_xen(d, port);
    assert_state(DOMID_SELF, here, ipi);
    fixture_be_dom(dom0);
    ev_pair(d, &here, &there);
    settle_2l(dom0);
    evtchn_notify_xen(d, there);
    assert_false(pending_2l(dom0, here));
    fixture_kill(d);
}

static void test_death_unbinds_the_living(void **state)
{
    struct domain *d = fixture_guest(1), *e = fixture_guest(1);
    evtchn_port_t here[3], there[3], port;
    struct evtchn_status s;
    int xen;

    (void)state;
    for ( unsigned int i = 0; i < 3; i++ )
        ev_pair(d, &here[i], &there[i]);
    xen = evtchn_alloc_xen(domain_vcpu(d, 0), 0, consumer);
    assert_int_equal(ev_bind(d->domain_id, xen, &port), 0);
    fixture_be_dom(e);
    assert_int_equal(ev_alloc(DOMID_SELF, d->domain_id, &port), 0);
    fixture_be_dom(d);
    assert_int_equal(ev_bind(e->domain_id, port, &port), 0);
    assert_int_equal(ev_bind(e->domain_id, port, &port), -EINVAL);
    fixture_be_dom(dom0);

    hosted_preempt_every(1);
    fixture_kill(d);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        s = ev_status(DOMID_SELF, here[i]);
        assert_int_equal(s.status, EVTCHNSTAT_unbound);
        assert_int_equal(ev_send(here[i]), 0);
        assert_int_equal(ev_close(here[i]), 0);
    }
    assert_state(e->domain_id, 1, unbound);
    fixture_kill(e);
}

static void test_dying_domain_gets_no_port(void **state)
{
    struct domain *d = fixture_guest(1);
    evtchn_port_t port;

    (void)state;
    domain_get_more(d);
    fixture_kill(d);
    assert_int_equal(ev_alloc(d->domain_id, 0, &port), -EINVAL);
    assert_int_equal(d->evtchn.active, 0);
    domain_put(d);
}

static void test_reset(void **state)
{
    struct domain *d = fixture_guest(1);
    evtchn_port_t here, there, port;
    struct hypercall hc;
    struct evtchn_reset r = { DOMID_SELF };
    int xen = evtchn_alloc_xen(domain_vcpu(d, 0), 0, consumer);

    (void)state;
    ev_pair(d, &here, &there);
    fixture_be_dom(d);
    for ( unsigned int i = 0; i < 300; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_virq(VIRQ_TIMER, 0, &port), 0);

    /* It gives way; meanwhile there is no second one. */
    hosted_preempt_every(1);
    hc = (struct hypercall){ __HYPERVISOR_event_channel_op,
                             { EVTCHNOP_reset, P(&r) } };
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(evtchn_op(EVTCHNOP_reset, &r), -EBUSY);
    assert_int_equal(hypercall_run(&hc), 0);
    assert_int_equal(evtchn_op(14, &r), -EBUSY); /* nothing to continue */
    assert_int_equal(d->evtchn.active, 1);
    assert_no_status(DOMID_SELF, xen); /* it is there */
    assert_int_equal(ev_virq(VIRQ_TIMER, 0, &port), 0);
    assert_int_equal(port, 2);

    fixture_be_dom(dom0);
    assert_state(DOMID_SELF, here, unbound);
    assert_int_equal(d->ctl_pause_count, 1); /* as created */
    assert_int_equal(ev_reset(d->domain_id), 0);
    assert_int_equal(d->evtchn.active, 1);
    assert_int_equal(domain_ctl_unpause(d), 0);
    assert_int_equal(ev_reset(d->domain_id), -EINVAL);
    fixture_kill(d);
}

/* A port that was bound behind the back of a reset keeps the ABI in use. */
static void test_reset_overtaken(void **state)
{
    struct page *pg = page_alloc(dom0, 0, 0);
    struct evtchn_reset r = { DOMID_SELF };
    struct hypercall hc = { __HYPERVISOR_event_channel_op,
                            { EVTCHNOP_reset, P(&r) } };
    evtchn_port_t port;

    (void)state;
    assert_non_null(pg);
    assert_int_equal(ev_control(mfn_x(page_to_mfn(pg)), 0, 0), 0);
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    hosted_preempt_every(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(port, 1);
    assert_int_equal(hypercall_run(&hc), -EAGAIN);
    assert_non_null(dom0->evtchn.fifo);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    assert_null(dom0->evtchn.fifo);
    page_put(pg);
}

static void test_poller_is_woken(void **state)
{
    struct domain *d = fixture_guest(2);
    struct vcpu *v = domain_vcpu(d, 1);
    evtchn_port_t here, there;

    (void)state;
    ev_pair(d, &here, &there);
    set_bit(there, d->shared->evtchn_mask);
    vcpu_poll(v, true);
    assert_int_equal(evtchn_port_is_pending(d, there), 0);
    assert_int_equal(ev_send(here), 0);
    assert_int_equal(evtchn_port_is_pending(d, there), 1);
    assert_false(v->flags & VCPU_POLLING);
    fixture_kill(d);
}

static void test_rescan_raises_everything(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    evtchn_rescan(v);
    assert_true(v->info->evtchn_pending_sel == ~0UL);
    assert_int_equal(v->info->evtchn_upcall_pending, 1);
    fixture_kill(d);
}

/* A port whose number cannot be told is not left behind. */
static void test_fault_on_the_way_out(void **state)
{
    static char page[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    evtchn_port_t port;

    (void)state;
    assert_int_equal(ev_alloc(DOMID_SELF, DOMID_SELF, &port), 0);
    assert_int_equal(mprotect(page, PAGE_SIZE, PROT_READ), 0);
    for ( unsigned int op = 0; op <= EVTCHNOP_bind_ipi; op++ )
    {
        union
        {
            struct evtchn_bind_interdomain interdomain;
            struct evtchn_alloc_unbound alloc;
            struct evtchn_bind_virq virq;
            struct evtchn_bind_ipi ipi;
        } a = { { 0 } };

        switch ( op )
        {
        case EVTCHNOP_bind_interdomain:
            a.interdomain.remote_dom = DOMID_SELF;
            a.interdomain.remote_port = port;
            break;
        case EVTCHNOP_alloc_unbound:
            a.alloc.dom = DOMID_SELF;
            break;
        case EVTCHNOP_bind_virq:
        case EVTCHNOP_bind_ipi:
            break;
        default:
            continue;
        }
        assert_int_equal(mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
        memcpy(page, &a, sizeof(a));
        assert_int_equal(mprotect(page, PAGE_SIZE, PROT_READ), 0);
        assert_int_equal(evtchn_op(op, page), -EFAULT);
        assert_int_equal(dom0->evtchn.active, 1);
    }
    assert_state(DOMID_SELF, port, unbound);
}

static long fill_a_bucket(void *arg)
{
    evtchn_port_t port;
    long rc;

    (void)arg;
    do
        rc = ev_ipi(0, &port);
    while ( !rc && port < 64 );
    /* On the way back to where it was. */
    for ( port = 1; rc && port < 64; port++ )
        (void)ev_close(port);
    return rc;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    fixture_each_alloc_failure(fill_a_bucket, NULL, -ENOMEM);
}

static long make_domain(void *arg)
{
    struct xen_domctl_createdomain config = fixture_config(1);

    return domain_create(DOMID_INVALID, &config, false, arg);
}

static void test_allocation_failures_of_a_domain(void **state)
{
    struct domain *d = NULL;

    (void)state;
    fixture_each_alloc_failure(make_domain, &d, -ENOMEM);
    assert_non_null(d);
    fixture_kill(d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_limits),
        T(test_hypervisor_port),
        T(test_death_unbinds_the_living),
        T(test_dying_domain_gets_no_port),
        T(test_reset),
        T(test_reset_overtaken),
        T(test_poller_is_woken),
        T(test_rescan_raises_everything),
        T(test_fault_on_the_way_out),
        T(test_allocation_failures),
        T(test_allocation_failures_of_a_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
