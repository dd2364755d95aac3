/* SPDX-License-Identifier: MIT */
/*
 * The life of domains: creation, destruction, and what is freed in the end.
 *
 * This file is above all parts of a domain: it creates them in order and has
 * the table of how a dying domain gives them back.  No part calls this file;
 * references, which all parts use, are below them in domain-ref.c.
 */
#include "domain-private.h"

#include <hv/console.h>
#include <hv/cpu-policy.h>
#include <hv/grant.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/memory.h>

static uint64_t nr_created;

/* ---- creation ---- */

/* d->release(): free what teardown[] has left.  No reference on d exists. */
static void domain_free(struct domain *d)
{
    for ( unsigned int i = 0; d->vcpu && i < d->max_vcpus; i++ )
        if ( d->vcpu[i] )
            vcpu_destroy(d->vcpu[i]);
    watchdog_stop(d);
    arch_domain_destroy(d);
    evtchn_destroy(d);
    if ( d->grant )
        grant_table_destroy(d);
    p2m_destroy(d);
    hv_free(d->vcpu);
    hv_free(d->memory_map);
    hv_free(d->cpu_policy);
    spin_lock_destroy(&d->ioreq.lock);
    spin_lock_destroy(&d->lock);
    spin_lock_destroy(&d->page_lock);
    hv_free(d);
}

/*
 * Drop the hypervisor's own references on pages of d: a domain that owns a page
 * is never freed.
 */
static void drop_own_pages(struct domain *d)
{
    struct page *pg = d->shared_page;

    WRITE_ONCE(d->shared_page, NULL);
    if ( pg )
        page_put(pg);
}

/* d->out_of_memory(): an access for which populate on demand has no page. */
static void out_of_memory(struct domain *d)
{
    uint64_t cache, entries;

    p2m_pod_counts(d, &cache, &entries);
    domain_crash(d, "out of memory to populate on demand: %lu pages, %lu more "
                 "entries", (unsigned long)d->tot_pages,
                 (unsigned long)entries);
}

static struct domain *domain_new(const struct xen_domctl_createdomain *config,
                                 bool privileged)
{
    struct domain *d = new_object(struct domain);

    if ( !d )
        return NULL;
    d->config = *config;
    d->is_privileged = privileged;
    d->translated = config->flags & XEN_DOMCTL_CDF_hvm;
    d->refs = 1;
    d->release = domain_free;
    d->out_of_memory = out_of_memory;
    d->serial = atomic_add_return(&nr_created, 1);
    d->domain_id = DOMID_INVALID;
    d->target_id = DOMID_INVALID;
    d->shutdown_code = NOT_SHUT_DOWN;
    d->ssidref = config->ssidref;
    d->max_vcpus = config->max_vcpus;
    d->max_pages = privileged ? UINT32_MAX : 0; /* ABI: no limit */
    d->sched_weight = 256;
    d->tsc_incarnation = 1;
    d->ctl_pause_count = d->pause_count = 1;
    memcpy(d->handle, config->handle, sizeof(d->handle));
    d->staged.gfn = ~0UL;
    list_init(&d->list);
    list_init(&d->same_bits);
    watchdog_init(d);
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->page_lock, LOCK_PAGE);
    return d;
}

static int domain_init_parts(struct domain *d)
{
    int rc;

    d->vcpu = new_array(struct vcpu *, d->max_vcpus);
    if ( !d->vcpu )
        return -ENOMEM;
    rc = p2m_init(d);
    if ( !rc )
        rc = evtchn_init(d);
    if ( !rc )
        rc = ioreq_domain_init(d);
    if ( !rc )
        rc = arch_domain_create(d);
    if ( rc )
        return rc;

    /* The 1 is the shared page. */
    d->max_extra = 1 + grant_max_pages(&d->config) + ioreq_max_pages(d);
    d->shared_page = page_alloc(d, 0, PAGE_EXTRA);
    if ( !d->shared_page )
        return -ENOMEM;
    d->shared = page_to_virt(d->shared_page);
    return grant_table_init(d);
}

int domain_create_get(domid_t domid,
                      const struct xen_domctl_createdomain *config,
                      bool privileged, struct domain **dp)
{
    struct domain *d;
    int rc;

    if ( domid != DOMID_INVALID && domid >= DOMID_FIRST_RESERVED )
        return -EINVAL;
    if ( config->max_vcpus < 1 || config->max_vcpus > MAX_VCPUS )
        return -EINVAL;

    d = domain_new(config, privileged);
    if ( !d )
        return -ENOMEM;

    rc = domain_init_parts(d);
    d->refs++; /* the caller's; not atomic, d is in no list yet */
    if ( !rc )
        rc = domain_enlist(d, domid);
    if ( rc )
    {
        d->state = DOM_DEAD;
        while ( d->grant && grant_table_relinquish(d) )
            ;
        drop_own_pages(d);
        domain_put(d);
        domain_put(d);
        return rc;
    }
    domain_wallclock_update(d);
    *dp = d;
    return 0;
}

int domain_create(domid_t domid, const struct xen_domctl_createdomain *config,
                  bool privileged, struct domain **dp)
{
    int rc = domain_create_get(domid, config, privileged, dp);

    if ( !rc )
        domain_put(*dp);
    return rc;
}

/* ---- destruction ---- */

static int relinquish_own_pages(struct domain *d)
{
    int rc = ioreq_domain_relinquish(d);

    if ( rc )
        return rc;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = d->vcpu[i];
        struct page *pg = v ? v->info_page : NULL;

        if ( !v )
            continue;
        store_release(&v->info, &v->own_info);
        WRITE_ONCE(v->info_page, NULL);
        if ( pg )
            p2m_put_own_page(pg);
    }
    return 0;
}

static int relinquish_vcpus(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        if ( d->vcpu[i] )
        {
            timer_stop(&d->vcpu[i]->singleshot);
            timer_stop(&d->vcpu[i]->poll_timer);
        }
    watchdog_stop(d);
    return arch_domain_relinquish(d);
}

static int drop_claim(struct domain *d)
{
    return page_claim(d, 0);
}

/*
 * The steps in which a dying domain gives back what it holds, in order.  A step
 * that returns -ERESTART is called again.  Grant mappings are undone before the
 * p2m is emptied: they own the p2m's grant entries.
 */
static int (*const teardown[])(struct domain *d) = {
    drop_claim,
    relinquish_vcpus,
    evtchn_relinquish,
    relinquish_own_pages,
    grant_relinquish_mappings,
    grant_table_relinquish,
    memory_relinquish,
    p2m_pod_relinquish,
    p2m_relinquish,
};

int domain_kill(struct domain *d)
{
    if ( current && d == current_domain )
        return -EINVAL;

    spin_lock(&d->lock);
    if ( d->state == DOM_DEAD )
    {
        spin_unlock(&d->lock);
        return 0;
    }
    if ( d->state == DOM_ALIVE )
    {
        spin_unlock(&d->lock);
        domain_pause(d);
        spin_lock(&d->lock);
        /* Under page_lock too: charge() refuses pages from here on. */
        spin_lock(&d->page_lock);
        if ( d->state == DOM_ALIVE )
            WRITE_ONCE(d->state, DOM_DYING);
        spin_unlock(&d->page_lock);
    }
    /* Another call is at work: this one is to be repeated until that ends. */
    if ( d->being_killed )
    {
        spin_unlock(&d->lock);
        return -ERESTART;
    }
    d->being_killed = true;
    spin_unlock(&d->lock);

    while ( d->teardown_step < ARRAY_SIZE(teardown) )
    {
        int rc = teardown[d->teardown_step](d);

        if ( !rc )
            d->teardown_step++;
        if ( rc || hypercall_preempt_check() )
        {
            spin_lock(&d->lock);
            d->being_killed = false;
            spin_unlock(&d->lock);
            return rc ? rc : -ERESTART;
        }
    }

    spin_lock(&d->lock);
    d->being_killed = false;
    if ( d->state == DOM_DEAD )
    {
        spin_unlock(&d->lock);
        return 0;
    }
    WRITE_ONCE(d->state, DOM_DEAD);
    spin_unlock(&d->lock);

    drop_own_pages(d);
    domain_tell_controller();
    domain_put(d);
    return 0;
}
