/* SPDX-License-Identifier: MIT */
/*
 * The sub-operations that make a port: unbound, interdomain, virtual and
 * physical interrupt, inter-vcpu interrupt; and the one that moves it to another
 * vcpu.
 *
 * Each looks its objects up, takes the lock or the two locks, gets a free
 * port, checks the rest, and then fills the port in, which cannot fail.  A free
 * port that was looked at and not taken is still free.
 */
#include "evtchn-private.h"

#include <hv/array.h>
#include <hv/lib.h>

int evtchn_alloc_unbound(struct evtchn_alloc_unbound *alloc)
{
    struct domain *d;
    struct evtchn *chn;
    int rc = domain_get_any(alloc->dom, &d);

    if ( rc )
        return rc;
    if ( d != current_domain )
        rc = domain_dm_allowed(current_domain, d);
    if ( rc )
        goto put;

    spin_lock(&d->evtchn.lock);
    rc = evtchn_get_free(d, false, &chn);
    if ( !rc )
    {
        evtchn_take(d, chn, EVTCHN_UNBOUND, 0);
        chn->remote_id = alloc->remote_dom == DOMID_SELF
                             ? current_domain->domain_id : alloc->remote_dom;
        alloc->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
 put:
    domain_put(d);
    return rc;
}

static void connect(struct evtchn *chn, struct domain *d, struct evtchn *to)
{
    chn->remote_dom = d;
    chn->remote = to;
}

int evtchn_bind_interdomain(struct evtchn_bind_interdomain *bind)
{
    struct domain *ld = current_domain, *rd;
    struct evtchn *lchn, *rchn;
    int rc = domain_get_any(bind->remote_dom, &rd);

    if ( rc )
        return rc;

    spin_lock_two(&ld->evtchn.lock, &rd->evtchn.lock);
    rc = evtchn_get_free(ld, false, &lchn);
    if ( rc )
        goto unlock;
    rchn = evtchn_find(rd, bind->remote_port);
    if ( !rchn || rchn->state != EVTCHN_UNBOUND ||
         rchn->remote_id != ld->domain_id )
    {
        rc = -EINVAL;
        goto unlock;
    }

    evtchn_take(ld, lchn, EVTCHN_INTERDOMAIN, 0);
    rchn->state = EVTCHN_INTERDOMAIN;
    if ( rchn->consumer )
        WRITE_ONCE(rchn->bindings, rchn->bindings + 1);
    connect(lchn, rd, rchn);
    connect(rchn, ld, lchn);
    bind->local_port = lchn->port;
    /* What the other side sent while nobody was bound was dropped. */
    evtchn_deliver(ld, lchn);
 unlock:
    spin_unlock_two(&ld->evtchn.lock, &rd->evtchn.lock);
    domain_put(rd);
    return rc;
}

int evtchn_bind_virq(struct evtchn_bind_virq *bind)
{
    struct domain *d = current_domain;
    struct evtchn *chn;
    uint32_t *port;
    struct vcpu *v;
    int rc;

    if ( bind->virq >= NR_VIRQS )
        return -EINVAL;
    if ( virq_is_global(bind->virq) && bind->vcpu != 0 )
        return -EINVAL;
    v = domain_vcpu(d, bind->vcpu);
    if ( !v )
        return -ENOENT;

    port = &array_at(v->virq_port, bind->virq);

    spin_lock(&d->evtchn.lock);
    rc = *port ? -EEXIST : evtchn_get_free(d, false, &chn);
    if ( !rc )
    {
        evtchn_take(d, chn, EVTCHN_VIRQ, v->vcpu_id);
        chn->virq = bind->virq;
        *port = bind->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

int evtchn_bind_pirq(struct evtchn_bind_pirq *bind)
{
    struct domain *d = current_domain;
    struct evtchn *chn;
    int rc;

    spin_lock(&d->evtchn.lock);
    rc = evtchn_get_free(d, false, &chn);
    if ( !rc )
        rc = arch_pirq_bind(d, bind->pirq, chn->port,
                            bind->flags & BIND_PIRQ__WILL_SHARE);
    if ( !rc )
    {
        evtchn_take(d, chn, EVTCHN_PIRQ, 0);
        chn->virq = bind->pirq;
        bind->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

int evtchn_bind_ipi(struct evtchn_bind_ipi *bind)
{
    struct domain *d = current_domain;
    struct evtchn *chn;
    int rc;

    if ( !domain_vcpu(d, bind->vcpu) )
        return -ENOENT;

    spin_lock(&d->evtchn.lock);
    rc = evtchn_get_free(d, false, &chn);
    if ( !rc )
    {
        evtchn_take(d, chn, EVTCHN_IPI, bind->vcpu);
        bind->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* IPIs and per-vcpu VIRQs belong to their vcpu. */
static bool may_move(const struct evtchn *chn)
{
    if ( chn->state == EVTCHN_VIRQ )
        return virq_is_global(chn->virq);
    return chn->state == EVTCHN_UNBOUND || chn->state == EVTCHN_INTERDOMAIN ||
           chn->state == EVTCHN_PIRQ;
}

int evtchn_bind_vcpu(const struct evtchn_bind_vcpu *bind)
{
    struct domain *d = current_domain;
    struct evtchn *chn;
    int rc = -EINVAL;

    if ( !domain_vcpu(d, bind->vcpu) )
        return -ENOENT;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_find(d, bind->port);
    if ( chn && !chn->consumer && may_move(chn) )
    {
        WRITE_ONCE(chn->vcpu, (uint16_t)bind->vcpu);
        if ( chn->state == EVTCHN_PIRQ )
            arch_pirq_move(d, chn->virq, domain_vcpu(d, bind->vcpu));
        rc = 0;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}
