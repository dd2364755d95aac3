/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own use of event channels: ports whose other end it is,
 * virtual interrupts, and making a vcpu look at its events.
 *
 * A port of the hypervisor is an ordinary one with a consumer function: a
 * domain binds to it, sends through it and closes its end as it would with
 * any other, while the guest in whose table it is cannot touch it.
 */
#include "evtchn-private.h"

#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

int evtchn_alloc_xen(struct vcpu *v, domid_t remote,
                     evtchn_consumer_t consumer)
{
    struct domain *d = v->domain;
    struct evtchn *chn;
    int rc;

    ASSERT(consumer);
    spin_lock(&d->evtchn.lock);
    rc = evtchn_get_free(d, true, &chn);
    if ( !rc )
    {
        evtchn_take(d, chn, EVTCHN_UNBOUND, v->vcpu_id);
        chn->remote_id = remote;
        chn->consumer = consumer;
        d->evtchn.xen_ports++;
        rc = (int)chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

void evtchn_free_xen(struct domain *d, evtchn_port_t port)
{
    (void)evtchn_close(d, port, CLOSED_BY_HV);
}

bool evtchn_notify_xen(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *chn;
    bool lost;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( chn && chn->consumer && chn->state == EVTCHN_INTERDOMAIN )
        evtchn_deliver(chn->remote_dom, chn->remote);
    lost = chn && evtchn_is_lost(chn);
    spin_unlock(&d->evtchn.lock);
    return !lost;
}

uint32_t evtchn_xen_bindings(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn_domain *e = &d->evtchn;
    uint32_t nr = READ_ONCE(e->nr_ports);

    if ( port >= nr )
        return 0;
    port = (evtchn_port_t)array_index(port, nr);
    return READ_ONCE(
        e->bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET].bindings);
}

evtchn_port_t evtchn_xen_remote(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *chn;
    evtchn_port_t remote = 0;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( chn && chn->consumer && chn->state == EVTCHN_INTERDOMAIN )
        remote = chn->remote->port;
    spin_unlock(&d->evtchn.lock);
    return remote;
}

bool evtchn_xen_lost(struct domain *d, evtchn_port_t port, uint8_t *at,
                     uint8_t value)
{
    const struct evtchn *chn;
    bool lost;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    lost = chn && evtchn_is_lost(chn);
    if ( lost )
        store_release(at, value);
    spin_unlock(&d->evtchn.lock);
    return lost;
}

void evtchn_send_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;

    ASSERT(virq < NR_VIRQS);
    spin_lock(&d->evtchn.lock);
    if ( v->virq_port[virq] )
        evtchn_deliver(d, evtchn_find(d, v->virq_port[virq]));
    spin_unlock(&d->evtchn.lock);
}

void evtchn_send_pirq(struct domain *d, evtchn_port_t port, uint32_t pirq)
{
    struct evtchn *chn;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( chn && chn->state == EVTCHN_PIRQ && chn->virq == pirq )
        evtchn_deliver(d, chn);
    spin_unlock(&d->evtchn.lock);
}

void evtchn_send_global_virq(unsigned int virq)
{
    struct domain *d = domain_get(0);
    struct vcpu *v;

    ASSERT(virq_is_global(virq));
    if ( !d )
        return;
    v = domain_vcpu(d, 0);
    if ( v )
        evtchn_send_virq(v, virq);
    domain_put(d);
}

int evtchn_port_is_pending(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *chn;
    int rc;

    smp_mb(); /* after the caller's VCPU_POLLING: see wake_pollers() */
    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( !chn )
        rc = -EINVAL;
    else
        rc = chn->state > EVTCHN_RESERVED &&
             d->evtchn.abi->is_pending(d, chn);
    spin_unlock(&d->evtchn.lock);
    return rc;
}

int evtchn_unmask(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, port);
    if ( chn && chn->state > EVTCHN_RESERVED )
        d->evtchn.abi->unmask(d, chn);
    spin_unlock(&d->evtchn.lock);
    return chn ? 0 : -EINVAL;
}

void evtchn_mark_upcall(struct vcpu *v)
{
    vcpu_info_ref_t *info = READ_ONCE(v->info);

    (void)atomic_xchg(&info->evtchn_upcall_pending, 1);
    vcpu_wake(v);
}

void evtchn_rescan(struct vcpu *v)
{
    /*
     * A sender that still saw the old area had set the event itself before:
     * the guest finds it when it scans everything because of the new area.
     */
    smp_mb();
    load_acquire(&v->domain->evtchn.abi)->rescan(v);
    evtchn_mark_upcall(v);
}

static void count_own(const struct domain *d, const struct page *pg,
                      void (*count)(mfn_t mfn, enum page_holder holder))
{
    count(page_to_mfn(pg), HOLD_TABLE);
    if ( d->pv )
        pv_audit_writable(pg);
}

void evtchn_audit_refs(struct domain *d,
                       void (*count)(mfn_t mfn, enum page_holder holder))
{
    const struct evtchn_fifo_domain *f = d->evtchn.fifo;

    for ( unsigned int i = 0; f && i < f->nr_pages; i++ )
        count_own(d, f->page[i], count);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        const struct vcpu *v = domain_vcpu(d, i);

        if ( v && v->fifo )
            count_own(d, v->fifo->page, count);
    }
}
