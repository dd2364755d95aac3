/* SPDX-License-Identifier: MIT */
/* Event channel operations of `current`, for the tests of event channels. */
#ifndef TEST_EVTCHN_H
#define TEST_EVTCHN_H

#include "fixture.h"

#include <xen/event_channel.h>

static inline long ev_alloc(domid_t dom, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound a = { .dom = dom, .remote_dom = remote };
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &a);

    *port = a.port;
    return rc;
}

static inline long ev_bind(domid_t remote, evtchn_port_t to,
                           evtchn_port_t *port)
{
    struct evtchn_bind_interdomain b = { .remote_dom = remote,
                                         .remote_port = to };
    long rc = evtchn_op(EVTCHNOP_bind_interdomain, &b);

    *port = b.local_port;
    return rc;
}

static inline long ev_virq(uint32_t virq, uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };
    long rc = evtchn_op(EVTCHNOP_bind_virq, &b);

    *port = b.port;
    return rc;
}

static inline long ev_ipi(uint32_t vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi b = { .vcpu = vcpu };
    long rc = evtchn_op(EVTCHNOP_bind_ipi, &b);

    *port = b.port;
    return rc;
}

static inline long ev_close(evtchn_port_t port)
{
    struct evtchn_close c = { port };

    return evtchn_op(EVTCHNOP_close, &c);
}

static inline long ev_send(evtchn_port_t port)
{
    struct evtchn_send s = { port };

    return evtchn_op(EVTCHNOP_send, &s);
}

static inline long ev_unmask(evtchn_port_t port)
{
    struct evtchn_unmask u = { port };

    return evtchn_op(EVTCHNOP_unmask, &u);
}

static inline long ev_move(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu b = { .port = port, .vcpu = vcpu };

    return evtchn_op(EVTCHNOP_bind_vcpu, &b);
}

static inline long ev_reset(domid_t dom)
{
    struct evtchn_reset r = { dom };

    return evtchn_op(EVTCHNOP_reset, &r);
}

static inline long ev_priority(evtchn_port_t port, uint32_t priority)
{
    struct evtchn_set_priority p = { port, priority };

    return evtchn_op(EVTCHNOP_set_priority, &p);
}

static inline long ev_control(uint64_t gfn, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control c = { .control_gfn = gfn, .offset = offset,
                                     .vcpu = vcpu };
    long rc = evtchn_op(EVTCHNOP_init_control, &c);

    if ( !rc )
        assert_int_equal(c.link_bits, EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static inline long ev_expand(uint64_t gfn)
{
    struct evtchn_expand_array e = { gfn };

    return evtchn_op(EVTCHNOP_expand_array, &e);
}

static inline struct evtchn_status ev_status(domid_t dom, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = dom, .port = port };

    assert_int_equal(evtchn_op(EVTCHNOP_status, &s), 0);
    return s;
}

static inline long ev_status_rc(domid_t dom, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = dom, .port = port };

    return evtchn_op(EVTCHNOP_status, &s);
}

#define assert_state(dom, port, want) \
    assert_int_equal(ev_status(dom, port).status, EVTCHNSTAT_##want)

/* A pair d0 <-> d, made as a toolstack and a backend do; current is dom0. */
static inline void ev_pair(struct domain *d, evtchn_port_t *here,
                           evtchn_port_t *there)
{
    fixture_be_dom(dom0);
    assert_int_equal(ev_alloc(d->domain_id, 0, there), 0);
    assert_int_equal(ev_bind(d->domain_id, *there, here), 0);
}

static inline bool pending_2l(struct domain *d, evtchn_port_t port)
{
    return test_bit(port, d->shared->evtchn_pending);
}

/* Forget the upcall and its bits, as a guest that handled all would. */
static inline void settle_2l(struct domain *d)
{
    memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        v->info->evtchn_pending_sel = 0;
        v->info->evtchn_upcall_pending = 0;
    }
}

#endif
