/* SPDX-License-Identifier: MIT */
/*
 * The life of a domain's table of ports: created with the domain, emptied when
 * the domain dies, freed with it.
 */
#include "evtchn-private.h"

#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

int evtchn_init(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;

    e->limit = min(d->config.max_evtchn_port, MAX_EVTCHNS - 1) + 1;
    e->abi = &evtchn_abi_2l;
    e->bucket = new_array(struct evtchn *,
                          DIV_ROUND_UP(e->limit, EVTCHN_PER_BUCKET));
    if ( !e->bucket )
        return -ENOMEM;
    if ( evtchn_free_init(e) || evtchn_add_bucket(e) )
    {
        evtchn_free_destroy(e);
        hv_free(e->bucket);
        e->bucket = NULL;
        return -ENOMEM;
    }
    e->bucket[0][0].state = EVTCHN_RESERVED;
    spin_lock_init(&e->lock, LOCK_EVTCHN);
    spin_lock_init(&e->queue_lock, LOCK_EVTCHN_QUEUE);
    return 0;
}

int evtchn_relinquish(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    uint32_t nr;

    ASSERT(domain_is_dying(d));
    spin_lock(&e->lock);
    nr = e->nr_ports; /* final: no port is added to a dying domain */
    spin_unlock(&e->lock);

    while ( e->close_next < nr )
    {
        uint32_t port = e->close_next++;

        if ( (!evtchn_close(d, port, CLOSED_BY_TEARDOWN) ||
              e->close_next % EVTCHN_PER_BUCKET == 0) &&
             hypercall_preempt_check() )
            return -ERESTART;
    }

    spin_lock(&e->lock);
    BUG_ON(e->active);
    evtchn_fifo_stop(d);
    spin_unlock(&e->lock);
    return 0;
}

void evtchn_destroy(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;

    if ( !e->bucket )
        return;
    BUG_ON(e->active || e->fifo);
    for ( uint32_t i = 0; i < e->nr_ports / EVTCHN_PER_BUCKET; i++ )
        hv_free(e->bucket[i]);
    hv_free(e->bucket);
    e->bucket = NULL;
    evtchn_free_destroy(e);
    spin_lock_destroy(&e->lock);
    spin_lock_destroy(&e->queue_lock);
}

void evtchn_vcpu_destroy(struct vcpu *v)
{
    ASSERT(!v->fifo);
    for ( unsigned int i = 0; i < NR_VIRQS; i++ )
        ASSERT(!v->virq_port[i]);
}
