/* SPDX-License-Identifier: MIT */
/* Event channels: kinds of ports, their states, errors, 2-level delivery. */
#include "test-evtchn.h"

static void test_unbound_to_interdomain_and_back(void **state)
{
    struct domain *d = fixture_guest(2);
    evtchn_port_t here, there;
    struct evtchn_status s;

    (void)state;
    assert_int_equal(ev_alloc(d->domain_id, 0, &there), 0);
    assert_int_equal(there, 1);
    s = ev_status(d->domain_id, there);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 0);

    assert_int_equal(ev_bind(d->domain_id, there, &here), 0);
    s = ev_status(DOMID_SELF, here);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, d->domain_id);
    assert_int_equal(s.u.interdomain.port, there);
    s = ev_status(d->domain_id, there);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 0);
    assert_int_equal(s.u.interdomain.port, here);

    /* One side closes: the other is unbound, to the one who left. */
    assert_int_equal(ev_close(here), 0);
    assert_state(DOMID_SELF, here, closed);
    s = ev_status(d->domain_id, there);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 0);
    assert_int_equal(ev_bind(d->domain_id, there, &here), 0);

    fixture_be_dom(d);
    assert_int_equal(ev_close(there), 0);
    fixture_be_dom(dom0);
    s = ev_status(DOMID_SELF, here);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, d->domain_id);
    assert_int_equal(ev_close(here), 0);
    fixture_kill(d);
}

static void test_loopback(void **state)
{
    evtchn_port_t a, b;

    (void)state;
    assert_int_equal(ev_alloc(DOMID_SELF, DOMID_SELF, &a), 0);
    assert_int_equal(ev_bind(DOMID_SELF, a, &b), 0);
    settle_2l(dom0);
    assert_int_equal(ev_send(a), 0);
    assert_true(pending_2l(dom0, b));
    assert_false(pending_2l(dom0, a));
    assert_int_equal(ev_close(a), 0);
    assert_state(DOMID_SELF, b, unbound);
    assert_int_equal(ev_close(b), 0);
}

static void test_send_sets_pending_selector_and_upcall(void **state)
{
    struct domain *d = fixture_guest(2);
    struct vcpu *v1 = domain_vcpu(d, 1);
    evtchn_port_t here, there;

    (void)state;
    ev_pair(d, &here, &there);
    /* Binding notifies the binder: what was sent before is lost. */
    assert_true(pending_2l(dom0, here));
    assert_false(pending_2l(d, there));

    fixture_be_dom(d);
    assert_int_equal(ev_move(there, 1), 0);
    fixture_be_dom(dom0);
    v1->flags = VCPU_BLOCKED;
    assert_int_equal(ev_send(here), 0);
    assert_true(pending_2l(d, there));
    assert_int_equal(v1->info->evtchn_pending_sel, 1);
    assert_int_equal(v1->info->evtchn_upcall_pending, 1);
    assert_int_equal(domain_vcpu(d, 0)->info->evtchn_upcall_pending, 0);
    assert_false(v1->flags & VCPU_BLOCKED);
    fixture_kill(d);
}

static void test_masked_until_unmasked(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    evtchn_port_t here, there;

    (void)state;
    ev_pair(d, &here, &there);
    set_bit(there, d->shared->evtchn_mask);
    assert_int_equal(ev_send(here), 0);
    assert_true(pending_2l(d, there));
    assert_int_equal(v->info->evtchn_pending_sel, 0);
    assert_int_equal(v->info->evtchn_upcall_pending, 0);

    fixture_be_dom(d);
    assert_int_equal(ev_unmask(there), 0);
    assert_int_equal(v->info->evtchn_pending_sel, 1);
    assert_int_equal(v->info->evtchn_upcall_pending, 1);
    assert_false(test_bit(there, d->shared->evtchn_mask));
    assert_int_equal(ev_unmask(63), 0); /* free: nothing happens */
    assert_int_equal(ev_unmask(64), -EINVAL);
    fixture_be_dom(dom0);
    fixture_kill(d);
}

static void test_close_forgets_pending(void **state)
{
    evtchn_port_t port;

    (void)state;
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_send(port), 0);
    assert_true(pending_2l(dom0, port));
    assert_int_equal(ev_close(port), 0);
    assert_false(pending_2l(dom0, port));
    assert_int_equal(evtchn_port_is_pending(dom0, port), 0);
}

static void test_virqs(void **state)
{
    struct domain *d = fixture_guest(2);
    evtchn_port_t timer0, timer1, exc, no;
    struct evtchn_status s;

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(ev_virq(NR_VIRQS, 0, &no), -EINVAL);
    assert_int_equal(ev_virq(NR_VIRQS, 99, &no), -EINVAL);
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 1, &no), -EINVAL);
    assert_int_equal(ev_virq(VIRQ_ARCH_0, 1, &no), -EINVAL);
    assert_int_equal(ev_virq(VIRQ_TIMER, 2, &no), -ENOENT);
    assert_int_equal(ev_virq(VIRQ_TIMER, 0, &timer0), 0);
    assert_int_equal(ev_virq(VIRQ_TIMER, 0, &no), -EEXIST);
    assert_int_equal(ev_virq(VIRQ_TIMER, 1, &timer1), 0);
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 0, &exc), 0);
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 0, &no), -EEXIST);
    s = ev_status(DOMID_SELF, timer1);
    assert_int_equal(s.status, EVTCHNSTAT_virq);
    assert_int_equal(s.u.virq, VIRQ_TIMER);
    assert_int_equal(s.vcpu, 1);
    assert_int_equal(ev_send(timer0), -EINVAL);

    evtchn_send_virq(domain_vcpu(d, 1), VIRQ_TIMER);
    assert_true(pending_2l(d, timer1));
    assert_false(pending_2l(d, timer0));
    evtchn_send_virq(domain_vcpu(d, 1), VIRQ_DEBUG); /* not bound */

    /* Global ones may notify another vcpu; per-vcpu ones may not. */
    assert_int_equal(ev_move(timer0, 1), -EINVAL);
    assert_int_equal(ev_move(exc, 1), 0);
    assert_int_equal(ev_close(exc), 0);
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 0, &exc), 0);
    assert_int_equal(ev_close(timer1), 0);
    assert_int_equal(ev_virq(VIRQ_TIMER, 1, &timer1), 0);
    fixture_be_dom(dom0);
    fixture_kill(d);
}

static void test_global_virq_goes_to_dom0(void **state)
{
    struct domain *d = fixture_guest(1);
    evtchn_port_t here, there;

    (void)state;
    evtchn_send_global_virq(VIRQ_DOM_EXC); /* nobody bound it */
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 0, &here), 0);
    fixture_be_dom(d);
    assert_int_equal(ev_virq(VIRQ_DOM_EXC, 0, &there), 0);
    evtchn_send_global_virq(VIRQ_DOM_EXC);
    assert_true(pending_2l(dom0, here));
    assert_false(pending_2l(d, there));
    fixture_be_dom(dom0);
    fixture_kill(d);
}

static void test_ipis(void **state)
{
    struct domain *d = fixture_guest(3);
    evtchn_port_t port;
    struct evtchn_status s;

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(ev_ipi(3, &port), -ENOENT);
    assert_int_equal(ev_ipi(2, &port), 0);
    s = ev_status(DOMID_SELF, port);
    assert_int_equal(s.status, EVTCHNSTAT_ipi);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(ev_move(port, 0), -EINVAL);
    assert_int_equal(ev_send(port), 0);
    assert_int_equal(domain_vcpu(d, 2)->info->evtchn_upcall_pending, 1);
    fixture_be_dom(dom0);
    fixture_kill(d);
}

static void test_errors_in_order(void **state)
{
    struct domain *d = fixture_guest(1), *e = fixture_guest(1);
    struct evtchn_bind_pirq pirq = { .pirq = 0 };
    evtchn_port_t p, q, no;

    (void)state;
    assert_int_equal(evtchn_op(15, NULL), -ENOSYS);
    assert_int_equal(evtchn_op(99, NULL), -ENOSYS);
    for ( unsigned int op = 0; op < 15; op++ )
        assert_int_equal(evtchn_op(op, NULL), -EFAULT);
    assert_int_equal(evtchn_op(EVTCHNOP_bind_pirq, &pirq), -EINVAL);

    assert_int_equal(ev_alloc(1234, 0, &no), -ESRCH);
    assert_int_equal(ev_alloc(d->domain_id, e->domain_id, &p), 0);

    fixture_be_dom(e);
    assert_int_equal(ev_alloc(d->domain_id, e->domain_id, &no), -EPERM);
    assert_int_equal(ev_bind(1234, 1, &no), -ESRCH);
    assert_int_equal(ev_bind(d->domain_id, 64, &no), -EINVAL);
    assert_int_equal(ev_bind(d->domain_id, 2, &no), -EINVAL); /* free */
    assert_int_equal(ev_bind(d->domain_id, 0, &no), -EINVAL); /* reserved */
    assert_int_equal(ev_status_rc(1234, 0), -ESRCH);
    assert_int_equal(ev_status_rc(d->domain_id, 64), -EINVAL);
    assert_int_equal(ev_status_rc(d->domain_id, p), -EPERM);
    assert_int_equal(ev_reset(1234), -ESRCH);
    assert_int_equal(ev_reset(d->domain_id), -EPERM);
    assert_int_equal(ev_bind(d->domain_id, p, &q), 0);
    assert_int_equal(ev_bind(d->domain_id, p, &no), -EINVAL); /* bound */
    assert_int_equal(q, 1); /* failed ones took no port */

    assert_int_equal(ev_close(0), -EINVAL);
    assert_int_equal(ev_close(2), -EINVAL);
    assert_int_equal(ev_close(64), -EINVAL);
    assert_int_equal(ev_close(~0U), -EINVAL);
    assert_int_equal(ev_send(0), -EINVAL);
    assert_int_equal(ev_send(2), -EINVAL);
    assert_int_equal(ev_send(64), -EINVAL);
    assert_int_equal(ev_move(q, 1), -ENOENT);
    assert_int_equal(ev_move(64, 1), -ENOENT);
    assert_int_equal(ev_move(64, 0), -EINVAL);
    assert_int_equal(ev_move(2, 0), -EINVAL);
    assert_int_equal(ev_priority(64, 0), -EINVAL);
    assert_int_equal(ev_priority(q, 0), -ENOSYS);
    assert_int_equal(ev_expand(0), -EOPNOTSUPP);
    assert_int_equal(evtchn_port_is_pending(e, 64), -EINVAL);

    /* For another domain than the one it was meant for. */
    fixture_be_dom(dom0);
    assert_int_equal(ev_alloc(d->domain_id, e->domain_id, &p), 0);
    assert_int_equal(ev_bind(d->domain_id, p, &no), -EINVAL);
    fixture_kill(d);
    fixture_kill(e);
}

static void test_unbound_send_is_dropped(void **state)
{
    evtchn_port_t port;

    (void)state;
    assert_int_equal(ev_alloc(DOMID_SELF, 77, &port), 0);
    assert_int_equal(ev_send(port), 0);
    assert_int_equal(ev_close(port), 0);
}

static void test_device_model_of_target(void **state)
{
    struct domain *d = fixture_guest(1), *dm = fixture_guest(1);
    evtchn_port_t port;

    (void)state;
    dm->target_id = d->domain_id;
    fixture_be_dom(dm);
    assert_int_equal(ev_alloc(d->domain_id, DOMID_SELF, &port), 0);
    assert_int_equal(ev_status(d->domain_id, port).u.unbound.dom,
                     dm->domain_id);
    fixture_be_dom(dom0);
    fixture_kill(d);
    fixture_kill(dm);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_unbound_to_interdomain_and_back),
        T(test_loopback),
        T(test_send_sets_pending_selector_and_upcall),
        T(test_masked_until_unmasked),
        T(test_close_forgets_pending),
        T(test_virqs),
        T(test_global_virq_goes_to_dom0),
        T(test_ipis),
        T(test_errors_in_order),
        T(test_unbound_send_is_dropped),
        T(test_device_model_of_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
