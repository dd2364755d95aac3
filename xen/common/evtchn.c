/* SPDX-License-Identifier: MIT */
/*
 * The event channel hypercall: decoding, and the sub-operations that look at
 * ports rather than make them.
 *
 * One row a sub-operation: the size of its structure, whether it goes back to
 * the caller, and the handler, which works on a copy and holds no lock on
 * return.
 */
#include "evtchn-private.h"

#include <hv/array.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

union op_arg {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_init_control init_control;
    struct evtchn_expand_array expand_array;
    struct evtchn_set_priority set_priority;
};

static int op_alloc_unbound(union op_arg *a)
{
    return evtchn_alloc_unbound(&a->alloc_unbound);
}

static int op_bind_interdomain(union op_arg *a)
{
    return evtchn_bind_interdomain(&a->bind_interdomain);
}

static int op_bind_virq(union op_arg *a)
{
    return evtchn_bind_virq(&a->bind_virq);
}

static int op_bind_pirq(union op_arg *a)
{
    return evtchn_bind_pirq(&a->bind_pirq);
}

static int op_bind_ipi(union op_arg *a)
{
    return evtchn_bind_ipi(&a->bind_ipi);
}

static int op_close(union op_arg *a)
{
    return evtchn_close(current_domain, a->close.port, CLOSED_BY_GUEST);
}

static int op_send(union op_arg *a)
{
    return evtchn_send(current_domain, a->send.port);
}

static int op_bind_vcpu(union op_arg *a)
{
    return evtchn_bind_vcpu(&a->bind_vcpu);
}

static int op_unmask(union op_arg *a)
{
    return evtchn_unmask(current_domain, a->unmask.port);
}

static int op_init_control(union op_arg *a)
{
    return evtchn_fifo_init_control(&a->init_control);
}

static int op_expand_array(union op_arg *a)
{
    return evtchn_fifo_expand_array(&a->expand_array);
}

/* ---- status ---- */

static void fill_status(const struct evtchn *chn, struct evtchn_status *s)
{
    switch ( (enum evtchn_state)chn->state )
    {
    case EVTCHN_FREE:
    case EVTCHN_RESERVED:
        s->status = EVTCHNSTAT_closed;
        break;
    case EVTCHN_UNBOUND:
        s->status = EVTCHNSTAT_unbound;
        s->u.unbound.dom = chn->remote_id;
        break;
    case EVTCHN_INTERDOMAIN:
        s->status = EVTCHNSTAT_interdomain;
        s->u.interdomain.dom = chn->remote_dom->domain_id;
        s->u.interdomain.port = chn->remote->port;
        break;
    case EVTCHN_VIRQ:
        s->status = EVTCHNSTAT_virq;
        s->u.virq = chn->virq;
        break;
    case EVTCHN_PIRQ:
        s->status = EVTCHNSTAT_pirq;
        s->u.pirq = chn->virq;
        break;
    case EVTCHN_IPI:
        s->status = EVTCHNSTAT_ipi;
        break;
    }
    s->vcpu = chn->vcpu;
}

static int target_allowed(const struct domain *d)
{
    return d == current_domain ? 0 : domain_dm_allowed(current_domain, d);
}

static int op_status(union op_arg *a)
{
    const struct evtchn *chn;
    struct domain *d;
    int rc = domain_get_any(a->status.dom, &d);

    if ( rc )
        return rc;
    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, a->status.port);
    rc = chn ? target_allowed(d) : -EINVAL;
    if ( !rc && chn->consumer ) /* a port of the hypervisor is nobody's to see */
        rc = -EACCES;
    if ( !rc )
        fill_status(chn, &a->status);
    spin_unlock(&d->evtchn.lock);
    domain_put(d);
    return rc;
}

/* ---- priority ---- */

static int op_set_priority(union op_arg *a)
{
    struct domain *d = current_domain;
    struct evtchn *chn;
    int rc;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, a->set_priority.port);
    if ( !chn )
        rc = -EINVAL;
    else if ( d->evtchn.abi != &evtchn_abi_fifo )
        rc = -ENOSYS;
    else if ( chn->state <= EVTCHN_RESERVED )
        rc = -EACCES;
    else
        rc = d->evtchn.abi->set_priority(d, chn, a->set_priority.priority);
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* ---- reset ---- */

/*
 * Where to begin, or -EBUSY: only one reset of a domain is in progress, and
 * only one that is can be continued.
 */
static int reset_begin(struct evtchn_domain *e, bool resuming, uint32_t *port)
{
    int rc = 0;

    spin_lock(&e->lock);
    if ( resuming == (e->reset_next == 0) )
        rc = -EBUSY;
    else if ( !resuming )
        e->reset_next = 1;
    *port = e->reset_next;
    spin_unlock(&e->lock);
    return rc;
}

/* -EAGAIN: the guest bound new ports meanwhile. */
static int reset_end(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    int rc = 0;

    spin_lock(&e->lock);
    e->reset_next = 0;
    if ( e->active > e->xen_ports )
        rc = -EAGAIN;
    else
        evtchn_fifo_stop(d);
    spin_unlock(&e->lock);
    return rc;
}

static int reset_domain(struct domain *d, bool resuming)
{
    struct evtchn_domain *e = &d->evtchn;
    uint32_t port;
    int rc;

    if ( d != current_domain && !READ_ONCE(d->ctl_pause_count) )
        return -EINVAL;
    rc = reset_begin(e, resuming, &port);
    if ( rc )
        return rc;

    /* Not locked: ports that are added now are reset_end()'s to find. */
    while ( port < READ_ONCE(e->nr_ports) )
    {
        (void)evtchn_close(d, port, CLOSED_BY_GUEST);
        if ( ++port % EVTCHN_PER_BUCKET == 0 && hypercall_preempt_check() )
        {
            spin_lock(&e->lock);
            e->reset_next = port;
            spin_unlock(&e->lock);
            return -ERESTART;
        }
    }
    return reset_end(d);
}

static int reset(const struct evtchn_reset *r, bool resuming)
{
    struct domain *d;
    int rc = domain_get_any(r->dom, &d);

    if ( rc )
        return rc;
    rc = target_allowed(d);
    if ( !rc )
        rc = reset_domain(d, resuming);
    domain_put(d);
    return rc;
}

static int op_reset(union op_arg *a)
{
    return reset(&a->reset, false);
}

static int op_reset_cont(union op_arg *a)
{
    return reset(&a->reset, true);
}

/* ---- the hypercall ---- */

struct op {
    int (*handler)(union op_arg *a);
    uint8_t size;
    bool out;
};

#define ROW(name, type, out) \
    [EVTCHNOP_##name] = { op_##name, sizeof(struct evtchn_##type), out }

static const struct op ops[] = {
    ROW(bind_interdomain, bind_interdomain, true),
    ROW(bind_virq, bind_virq, true),
    ROW(bind_pirq, bind_pirq, true),
    ROW(close, close, false),
    ROW(send, send, false),
    ROW(status, status, true),
    ROW(alloc_unbound, alloc_unbound, true),
    ROW(bind_ipi, bind_ipi, true),
    ROW(bind_vcpu, bind_vcpu, false),
    ROW(unmask, unmask, false),
    ROW(reset, reset, false),
    ROW(init_control, init_control, true),
    ROW(expand_array, expand_array, false),
    ROW(set_priority, set_priority, false),
    ROW(reset_cont, reset, false),
};

/* The caller cannot be told its new port: it shall not have it. */
static void undo(unsigned int cmd, const union op_arg *a)
{
    struct domain *d;

    switch ( cmd )
    {
    case EVTCHNOP_alloc_unbound:
        if ( domain_get_any(a->alloc_unbound.dom, &d) )
            break;
        (void)evtchn_close(d, a->alloc_unbound.port, CLOSED_BY_GUEST);
        domain_put(d);
        break;
    case EVTCHNOP_bind_interdomain:
        (void)evtchn_close(current_domain, a->bind_interdomain.local_port,
                           CLOSED_BY_GUEST);
        break;
    case EVTCHNOP_bind_virq:
        (void)evtchn_close(current_domain, a->bind_virq.port, CLOSED_BY_GUEST);
        break;
    case EVTCHNOP_bind_pirq:
        (void)evtchn_close(current_domain, a->bind_pirq.port, CLOSED_BY_GUEST);
        break;
    case EVTCHNOP_bind_ipi:
        (void)evtchn_close(current_domain, a->bind_ipi.port, CLOSED_BY_GUEST);
        break;
    }
}

long do_event_channel_op(struct hypercall *hc)
{
    unsigned int cmd = (unsigned int)hc->a[0];
    const struct op *op;
    union op_arg arg;
    int rc;

    if ( cmd >= ARRAY_SIZE(ops) )
        return -ENOSYS;
    op = &array_at(ops, cmd);

    if ( guest_copy_in(&arg, hc->a[1], op->size) )
        return -EFAULT;
    rc = op->handler(&arg);
    if ( !rc && op->out && guest_copy_out(hc->a[1], &arg, op->size) )
    {
        undo(cmd, &arg);
        rc = -EFAULT;
    }
    if ( rc == -ERESTART )
        hc->a[0] = EVTCHNOP_reset_cont;
    return rc;
}
