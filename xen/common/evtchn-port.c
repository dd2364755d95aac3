/* SPDX-License-Identifier: MIT */
/*
 * Ports: allocation, closing, sending.
 *
 * A bucket of ports, once there, stays until the domain is freed, so a pointer
 * to a port of a domain that is kept is always good.  See hv/evtchn.h for what
 * the locks keep and evtchn-private.h for the states.
 */
#include "evtchn-private.h"

#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/trace.h>

int evtchn_add_bucket(struct evtchn_domain *e)
{
    struct evtchn *bucket = new_array(struct evtchn, EVTCHN_PER_BUCKET);

    if ( !bucket )
        return -ENOMEM;
    for ( unsigned int i = 0; i < EVTCHN_PER_BUCKET; i++ )
        bucket[i].port = e->nr_ports + i;
    e->bucket[e->nr_ports / EVTCHN_PER_BUCKET] = bucket;
    WRITE_ONCE(e->nr_ports, e->nr_ports + EVTCHN_PER_BUCKET);
    return 0;
}

int evtchn_get_free(struct domain *d, bool xen, struct evtchn **chnp)
{
    struct evtchn_domain *e = &d->evtchn;
    uint32_t port;

    /* Under the lock: evtchn_relinquish() finds all there will ever be. */
    if ( domain_is_dying(d) )
        return -EINVAL;
    port = evtchn_free_pick(d, xen);
    if ( !port )
        return -ENOSPC;
    /* The lowest one: at most the first of the next bucket. */
    if ( port == e->nr_ports && evtchn_add_bucket(e) )
        return -ENOMEM;
    *chnp = evtchn_find(d, port);
    return 0;
}

void evtchn_take(struct domain *d, struct evtchn *chn, enum evtchn_state state,
                 unsigned int vcpu)
{
    ASSERT(spin_is_mine(&d->evtchn.lock));
    ASSERT(chn->state == EVTCHN_FREE && !chn->consumer);
    evtchn_free_take(&d->evtchn, chn->port);
    chn->state = (uint8_t)state;
    WRITE_ONCE(chn->vcpu, (uint16_t)vcpu);
    WRITE_ONCE(chn->priority, EVTCHN_FIFO_PRIORITY_DEFAULT);
    d->evtchn.active++;
}

/* ---- closing ---- */

static int may_close(const struct evtchn *chn, enum evtchn_closer closer)
{
    if ( !chn || chn->state <= EVTCHN_RESERVED )
        return -EINVAL;
    if ( closer == CLOSED_BY_GUEST && chn->consumer )
        return -EINVAL;
    if ( closer == CLOSED_BY_HV && !chn->consumer )
        return -EINVAL;
    return 0;
}

/* A port of the hypervisor in d, whose lock or whose sender's is held. */
static void call_consumer(struct domain *d, const struct evtchn *chn)
{
    struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));

    if ( v )
        chn->consumer(v, chn->port);
}

/* All locks that it takes are held. */
static void close_port(struct domain *d, struct evtchn *chn)
{
    struct evtchn_domain *e = &d->evtchn;
    struct evtchn *remote = chn->remote;

    if ( chn->state == EVTCHN_INTERDOMAIN )
    {
        ASSERT(remote->state == EVTCHN_INTERDOMAIN && remote->remote == chn);
        remote->state = EVTCHN_UNBOUND;
        remote->remote_id = d->domain_id;
        remote->remote_dom = NULL;
        remote->remote = NULL;
        if ( remote->consumer )
        {
            WRITE_ONCE(remote->bindings, remote->bindings + 1);
            call_consumer(chn->remote_dom, remote);
        }
    }
    else if ( chn->state == EVTCHN_VIRQ )
    {
        /* A global one may notify another vcpu, but is vcpu 0's. */
        struct vcpu *v = domain_vcpu(d, virq_is_global(chn->virq)
                                            ? 0 : chn->vcpu);

        ASSERT(v->virq_port[chn->virq] == chn->port);
        v->virq_port[chn->virq] = 0;
    }
    else if ( chn->state == EVTCHN_PIRQ )
        arch_pirq_unbind(d, chn->virq);

    e->abi->clear_pending(d, chn);
    if ( chn->consumer )
        e->xen_ports--;
    e->active--;
    chn->consumer = NULL;
    WRITE_ONCE(chn->bindings, 0);
    chn->remote_dom = NULL;
    chn->remote = NULL;
    WRITE_ONCE(chn->vcpu, 0);
    chn->state = EVTCHN_FREE;
    evtchn_free_give(d, chn);
}

/*
 * Closing an interdomain port needs the other domain's lock too, which may
 * have to be taken first: let go, take both, and look again whether the other
 * end is still that domain.  A reference keeps it across the gap.
 */
int evtchn_close(struct domain *d, evtchn_port_t port,
                 enum evtchn_closer closer)
{
    struct domain *other = d;
    struct evtchn *chn;
    int rc;

    for ( ; ; )
    {
        struct domain *remote;

        spin_lock_two(&d->evtchn.lock, &other->evtchn.lock);
        chn = evtchn_find(d, port);
        rc = may_close(chn, closer);
        if ( rc || chn->state != EVTCHN_INTERDOMAIN )
            break;
        remote = chn->remote_dom;
        if ( remote == d || remote == other )
            break;
        domain_get_more(remote);
        spin_unlock_two(&d->evtchn.lock, &other->evtchn.lock);
        if ( other != d )
            domain_put(other);
        other = remote;
    }
    if ( !rc )
        close_port(d, chn);
    spin_unlock_two(&d->evtchn.lock, &other->evtchn.lock);
    if ( other != d )
        domain_put(other);
    return rc;
}

/* ---- sending ---- */

/*
 * Whoever polls sets its flag and then looks at its ports; here the port is
 * set and then the flags are looked at.  One of the two sees the other.
 */
static void wake_pollers(struct domain *d)
{
    smp_mb();
    if ( likely(!READ_ONCE(d->nr_polling)) )
        return;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && (READ_ONCE(v->flags) & VCPU_POLLING) )
            vcpu_wake(v);
    }
}

void evtchn_deliver(struct domain *d, struct evtchn *chn)
{
    if ( trace_wants(ORIEL_TRACE_event) )
        trace_record(ORIEL_TRACE_event, d->domain_id, READ_ONCE(chn->vcpu), 0,
                     0, chn->port);
    if ( load_acquire(&d->evtchn.abi)->set_pending(d, chn) )
        wake_pollers(d);
}

/* The lock of the sender keeps the binding, and so the other domain. */
static void send_to_remote(const struct evtchn *chn)
{
    struct evtchn *remote = chn->remote;

    if ( remote->consumer )
        call_consumer(chn->remote_dom, remote);
    else
        evtchn_deliver(chn->remote_dom, remote);
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn;
    int rc = 0;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( !chn || chn->consumer )
        rc = -EINVAL;
    else if ( chn->state == EVTCHN_INTERDOMAIN )
        send_to_remote(chn);
    else if ( chn->state == EVTCHN_IPI )
        evtchn_deliver(d, chn);
    else if ( chn->state != EVTCHN_UNBOUND )
        rc = -EINVAL;
    spin_unlock(&d->evtchn.lock);
    return rc;
}
