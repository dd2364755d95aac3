/* SPDX-License-Identifier: MIT */
/*
 * The FIFO ABI, setting up: a guest gives each vcpu a control block and the
 * domain pages for event words, and by the first control block switches its
 * whole domain over; a reset switches it back.
 *
 * Each of these pages is the guest's own memory, held by one HOLD_TABLE
 * reference until the switch back or the end of the domain.  They are found
 * and held before the lock is taken (the p2m's comes first in the order) and
 * dropped again if it turns out that they are not wanted.
 */
#include "evtchn-private.h"

#include <hv/heap.h>
#include <hv/lib.h>

/*
 * The new ABI is in place: collect what is pending in the old one.  There are
 * no event words yet, so it is kept until there are.  A sender that still used
 * the old ABI looks again afterwards: see evtchn-2l.c.
 */
static void carry_over(struct domain *d)
{
    uint32_t nr = min(d->evtchn.nr_ports, evtchn_2l_of(d)->max_ports);

    smp_mb();
    for ( evtchn_port_t port = 1; port < nr; port++ )
    {
        struct evtchn *chn = evtchn_find(d, port);

        if ( chn->state > EVTCHN_RESERVED && !chn->consumer &&
             evtchn_2l_take_pending(d, port) )
            evtchn_deliver(d, chn);
    }
}

/* Takes over *fd if the domain needs one, and fv with its page reference. */
static int install_control(struct vcpu *v, struct evtchn_fifo_vcpu *fv,
                           struct evtchn_fifo_domain **fd)
{
    struct domain *d = v->domain;
    struct evtchn_domain *e = &d->evtchn;
    int rc = -EINVAL;

    spin_lock(&e->lock);
    if ( !domain_is_dying(d) && !v->fifo )
    {
        spin_lock(&e->queue_lock);
        v->fifo = fv;
        if ( !e->fifo )
        {
            e->fifo = *fd;
            *fd = NULL;
        }
        spin_unlock(&e->queue_lock);
        if ( e->abi != &evtchn_abi_fifo )
        {
            store_release(&e->abi, &evtchn_abi_fifo);
            carry_over(d);
        }
        rc = 0;
    }
    spin_unlock(&e->lock);
    return rc;
}

int evtchn_fifo_init_control(struct evtchn_init_control *init)
{
    struct domain *d = current_domain;
    struct vcpu *v = domain_vcpu(d, init->vcpu);
    struct evtchn_fifo_domain *fd;
    struct evtchn_fifo_vcpu *fv;
    struct page *pg;
    int rc = -ENOMEM;

    if ( !v )
        return -ENOENT;
    if ( init->offset > PAGE_SIZE - sizeof(*fv->block) || init->offset % 8 )
        return -EINVAL;

    pg = p2m_get_own_page(d, init->control_gfn);
    if ( !pg )
        return -EINVAL;
    fd = new_object(struct evtchn_fifo_domain);
    fv = new_object(struct evtchn_fifo_vcpu);
    if ( fd && fv )
    {
        fv->page = pg;
        fv->block = (void *)((char *)page_to_virt(pg) + init->offset);
        rc = install_control(v, fv, &fd);
    }
    if ( rc )
    {
        hv_free(fv);
        p2m_put_own_page(pg);
    }
    hv_free(fd);
    init->link_bits = EVTCHN_FIFO_LINK_BITS;
    return rc;
}

static int may_expand(const struct domain *d)
{
    const struct evtchn_fifo_domain *f = d->evtchn.fifo;

    ASSERT(spin_is_mine(&d->evtchn.lock));
    if ( !f )
        return -EOPNOTSUPP;
    if ( f->nr_pages == FIFO_MAX_PAGES )
        return -ENOSPC;
    return domain_is_dying(d) ? -EINVAL : 0;
}

int evtchn_fifo_expand_array(const struct evtchn_expand_array *expand)
{
    struct domain *d = current_domain;
    struct evtchn_domain *e = &d->evtchn;
    struct page *pg;
    uint32_t first;
    int rc;

    spin_lock(&e->lock);
    rc = may_expand(d);
    spin_unlock(&e->lock);
    if ( rc )
        return rc;

    pg = p2m_get_own_page(d, expand->array_gfn);
    if ( !pg )
        return -EINVAL;

    spin_lock(&e->lock);
    rc = may_expand(d);
    if ( !rc )
    {
        first = e->fifo->nr_pages * (uint32_t)FIFO_WORDS_PER_PAGE;
        spin_lock(&e->queue_lock);
        e->fifo->page[e->fifo->nr_pages++] = pg;
        spin_unlock(&e->queue_lock);
        for ( uint32_t i = 0; i < FIFO_WORDS_PER_PAGE; i++ )
        {
            struct evtchn *chn = evtchn_find(d, first + i);

            if ( chn && chn->state > EVTCHN_RESERVED )
                evtchn_fifo_raise_saved(d, chn);
        }
    }
    spin_unlock(&e->lock);
    if ( rc )
        p2m_put_own_page(pg);
    return rc;
}

void evtchn_fifo_stop(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    struct evtchn_fifo_domain *fd = e->fifo;

    ASSERT(spin_is_mine(&e->lock));
    if ( !fd )
        return;

    /* Nobody is sending: that takes a binding, or this lock. */
    store_release(&e->abi, evtchn_2l_of(d));
    spin_lock(&e->queue_lock);
    e->fifo = NULL;
    spin_unlock(&e->queue_lock);
    evtchn_free_unlink_all(e);

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);
        struct evtchn_fifo_vcpu *fv = v ? v->fifo : NULL;

        if ( !fv )
            continue;
        v->fifo = NULL;
        p2m_put_own_page(fv->page);
        hv_free(fv);
    }
    for ( unsigned int i = 0; i < fd->nr_pages; i++ )
        p2m_put_own_page(fd->page[i]);
    hv_free(fd);
}
