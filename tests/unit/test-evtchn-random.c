/* SPDX-License-Identifier: MIT */
/*
 * Event channels: random operations of three domains, with the invariants of
 * the port tables checked after each: bindings are symmetric, counters count,
 * virtual interrupts point at their ports, free ports are in one of two sets.
 */
#include "test-evtchn.h"

#include "../../xen/common/evtchn-private.h"

#define STEPS 30000
#define NR_DOMAINS 3
#define MAX_PORT 40 /* few, so that they meet */

static struct domain *dom[NR_DOMAINS];

static void nothing(struct vcpu *v, evtchn_port_t port)
{
    (void)v, (void)port;
}

static void check_port(struct domain *d, struct evtchn *chn)
{
    struct vcpu *v;

    switch ( chn->state )
    {
    case EVTCHN_INTERDOMAIN:
        assert_int_equal(chn->remote->state, EVTCHN_INTERDOMAIN);
        assert_ptr_equal(chn->remote->remote, chn);
        assert_ptr_equal(chn->remote->remote_dom, d);
        spin_unlock(&d->evtchn.lock);
        spin_lock(&chn->remote_dom->evtchn.lock);
        assert_ptr_equal(evtchn_find(chn->remote_dom, chn->remote->port),
                         chn->remote);
        spin_unlock(&chn->remote_dom->evtchn.lock);
        spin_lock(&d->evtchn.lock);
        break;
    case EVTCHN_VIRQ:
        v = domain_vcpu(d, virq_is_global(chn->virq) ? 0 : chn->vcpu);
        assert_int_equal(v->virq_port[chn->virq], chn->port);
        break;
    case EVTCHN_FREE:
        assert_null(chn->consumer);
        assert_null(chn->remote);
        assert_int_equal(chn->vcpu, 0);
        assert_int_equal(port_set_has(&d->evtchn.free, chn->port) +
                         port_set_has(&d->evtchn.linked, chn->port),
                         chn->port < d->evtchn.limit);
        break;
    }
}

static void check(struct domain *d)
{
    unsigned int active = 0, xen = 0, virqs = 0;

    spin_lock(&d->evtchn.lock);
    for ( uint32_t i = 0; i < d->evtchn.nr_ports; i++ )
    {
        struct evtchn *chn = evtchn_find(d, i);

        assert_int_equal(chn->port, i);
        check_port(d, chn);
        active += chn->state > EVTCHN_RESERVED;
        xen += chn->consumer != NULL;
        virqs += chn->state == EVTCHN_VIRQ;
    }
    assert_int_equal(active, d->evtchn.active);
    assert_int_equal(xen, d->evtchn.xen_ports);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        for ( unsigned int n = 0; n < NR_VIRQS; n++ )
            virqs -= d->vcpu[i]->virq_port[n] != 0;
    assert_int_equal(virqs, 0);
    spin_unlock(&d->evtchn.lock);
}

static unsigned int any(unsigned int n)
{
    return (unsigned int)random() % n;
}

static domid_t some_domid(void)
{
    return any(4) ? dom[any(NR_DOMAINS)]->domain_id : DOMID_SELF;
}

/* An operation of a guest, from the ABI. */
static void guest_step(void)
{
    evtchn_port_t port = any(MAX_PORT + 2), out;

    fixture_be(domain_vcpu(dom[any(NR_DOMAINS)], any(2)));
    switch ( any(11) )
    {
    case 0:
    case 1:
        (void)ev_alloc(some_domid(), some_domid(), &out);
        break;
    case 2:
    case 3:
    case 4:
        (void)ev_bind(some_domid(), port, &out);
        break;
    case 5:
        (void)ev_virq(any(NR_VIRQS + 1), any(3), &out);
        break;
    case 6:
        (void)ev_ipi(any(3), &out);
        break;
    case 7:
        (void)ev_close(port);
        break;
    case 8:
        (void)ev_send(port);
        break;
    case 9:
        (void)ev_move(port, any(3));
        break;
    default:
        if ( any(100) )
            (void)ev_unmask(port);
        else
            (void)ev_reset(some_domid());
    }
}

static void hypervisor_step(void)
{
    struct vcpu *v = domain_vcpu(dom[any(NR_DOMAINS)], any(2));
    evtchn_port_t port = any(MAX_PORT + 2);

    switch ( any(4) )
    {
    case 0:
        (void)(evtchn_alloc_xen(v, dom[any(NR_DOMAINS)]->domain_id, nothing) <
               0);
        break;
    case 1:
        evtchn_free_xen(v->domain, port);
        break;
    case 2:
        evtchn_notify_xen(v->domain, port);
        break;
    default:
        evtchn_send_virq(v, any(NR_VIRQS));
    }
}

static void replace_domain(unsigned int i)
{
    struct xen_domctl_createdomain config = fixture_config(2);

    fixture_be_dom(dom0);
    if ( dom[i] )
        fixture_kill(dom[i]);
    config.max_evtchn_port = MAX_PORT;
    dom[i] = fixture_guest_config(&config);
}

static void test_random_operations(void **state)
{
    (void)state;
    srandom(42);
    for ( unsigned int i = 0; i < NR_DOMAINS; i++ )
        replace_domain(i);
    for ( unsigned int i = 0; i < STEPS; i++ )
    {
        if ( !any(500) )
            replace_domain(any(NR_DOMAINS));
        else if ( any(5) )
            guest_step();
        else
            hypervisor_step();
        for ( unsigned int n = 0; n < NR_DOMAINS; n++ )
            check(dom[n]);
    }
    fixture_be_dom(dom0);
    for ( unsigned int i = 0; i < NR_DOMAINS; i++ )
        fixture_kill(dom[i]);
    memset(dom, 0, sizeof(dom));
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_random_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
