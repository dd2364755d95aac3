/* SPDX-License-Identifier: MIT */
/*
 * The list of domains: lookup, references, who may control whom.
 *
 * The list, sorted by id, is protected by list_lock (LOCK_DOMAIN_LIST).  A
 * domain enters the list complete and leaves the list when the domain's last
 * reference goes.  A lookup takes its reference under the lock, and never from
 * zero, so a lookup cannot revive a domain whose last reference has gone.
 *
 * This file knows nothing of what a domain consists of: domain_put() leaves
 * freeing to d->release(), which domain.c has set.
 */
#include "domain-private.h"

#include <hv/array.h>
#include <hv/lib.h>

#define FIRST_PICKED_DOMID 1

static struct list domains;
static spinlock_t list_lock;
static domid_t last_picked;

void domain_list_init(void)
{
    list_init(&domains);
    spin_lock_init(&list_lock, LOCK_DOMAIN_LIST);
    last_picked = 0;
}

void domain_list_lock(void)
{
    spin_lock(&list_lock);
}

void domain_list_unlock(void)
{
    spin_unlock(&list_lock);
}

struct domain *domain_next(struct domain *d)
{
    struct list *next = d ? d->list.next : domains.next;

    ASSERT(spin_is_mine(&list_lock));
    return next == &domains ? NULL : list_entry(next, struct domain, list);
}

/* ---- lookup and references ---- */

struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
    if ( id >= d->max_vcpus )
        return NULL;
    return load_acquire(&d->vcpu[array_index(id, d->max_vcpus)]);
}

static bool get_unless_zero(struct domain *d)
{
    uint32_t refs = READ_ONCE(d->refs);

    do {
        if ( refs == 0 )
            return false;
    } while ( !atomic_cmpxchg(&d->refs, &refs, refs + 1) );
    return true;
}

struct domain *domain_get_from(domid_t domid)
{
    struct domain *d, *found = NULL;

    spin_lock(&list_lock);
    list_for_each (d, &domains, list)
        if ( d->domain_id >= domid && get_unless_zero(d) )
        {
            found = d;
            break;
        }
    spin_unlock(&list_lock);
    return found;
}

struct domain *domain_get(domid_t domid)
{
    struct domain *d = domain_get_from(domid);

    if ( d && d->domain_id != domid )
    {
        domain_put(d);
        d = NULL;
    }
    return d;
}

void domain_get_more(struct domain *d)
{
    uint32_t refs = atomic_add_return(&d->refs, 1);

    BUG_ON(refs < 2);
}

int domain_get_any(domid_t domid, struct domain **dp)
{
    if ( domid == DOMID_SELF )
    {
        *dp = current_domain;
        domain_get_more(*dp);
        return 0;
    }
    *dp = domain_get(domid);
    return *dp ? 0 : -ESRCH;
}

int domain_get_remote(domid_t domid, struct domain **dp)
{
    *dp = domain_get(domid);
    if ( *dp != current_domain )
        return *dp ? 0 : -ESRCH;
    domain_put(*dp);
    *dp = NULL;
    return -EPERM;
}

/* Another domain may get the id: no device model keeps its right to the id. */
static void forget_target_locked(domid_t domid)
{
    struct domain *d;

    list_for_each (d, &domains, list)
        if ( READ_ONCE(d->target_id) == domid )
            WRITE_ONCE(d->target_id, DOMID_INVALID);
}

void domain_put(struct domain *d)
{
    if ( atomic_sub_return(&d->refs, 1) )
        return;

    spin_lock(&list_lock);
    list_del(&d->list);
    forget_target_locked(d->domain_id);
    spin_unlock(&list_lock);
    d->release(d);
}

/* ---- entering the list ---- */

int domain_enlist(struct domain *d, domid_t domid)
{
    struct domain *pos;
    unsigned int tries = DOMID_FIRST_RESERVED;
    int rc = domid == DOMID_INVALID ? -ENOMEM : -EEXIST;
    bool pick = domid == DOMID_INVALID;

    spin_lock(&list_lock);
    do {
        bool used = false;

        if ( pick )
        {
            if ( ++last_picked >= DOMID_FIRST_RESERVED )
                last_picked = FIRST_PICKED_DOMID;
            domid = last_picked;
        }
        list_for_each (pos, &domains, list)
            if ( pos->domain_id >= domid )
            {
                used = pos->domain_id == domid;
                break;
            }
        if ( !used )
        {
            d->domain_id = domid;
            list_add_tail(&d->list, &pos->list);
            rc = 0;
        }
    } while ( rc && pick && --tries );
    spin_unlock(&list_lock);
    return rc;
}

/* ---- rights ---- */

int domain_ctl_allowed(const struct domain *caller, const struct domain *d)
{
    (void)d; /* a control domain controls all */
    return is_control_domain(caller) ? 0 : -EPERM;
}

int domain_dm_allowed(const struct domain *caller, const struct domain *d)
{
    if ( READ_ONCE(caller->target_id) == d->domain_id )
        return 0;
    return domain_ctl_allowed(caller, d);
}
