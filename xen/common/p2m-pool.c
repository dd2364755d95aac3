/* SPDX-License-Identifier: MIT */
/*
 * The paging pool: memory reserved for a domain's p2m tables.
 *
 * The pool has pool_pages PAGE_HV pages, each with one reference: pool_used of
 * them are tables, the others are in the list p2m.pool.  A guest that scatters
 * its mappings exhausts its own pool and no other memory.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

#define ADD_AT_ONCE 512U /* pages that one call adds, and may have to give back */

/* Add one page of the heap: -ENOMEM; -EINVAL d is dying.  No lock held. */
static int grow_by_one(struct domain *d)
{
    struct page *pg = page_alloc(NULL, 0, PAGE_P2M);
    struct p2m *p2m = &d->p2m;
    bool dying;

    if ( !pg )
        return -ENOMEM;
    spin_lock(&p2m->lock);
    dying = domain_is_dying(d);
    if ( !dying )
    {
        list_add_tail(&pg->link, &p2m->pool);
        p2m->pool_pages++;
    }
    spin_unlock(&p2m->lock);
    if ( dying )
        page_put(pg);
    return dying ? -EINVAL : 0;
}

struct page *p2m_pool_pop(struct p2m *p2m)
{
    struct page *pg;

    ASSERT(spin_is_mine(&p2m->lock));
    if ( list_empty(&p2m->pool) )
        return NULL;
    pg = list_entry(p2m->pool.next, struct page, link);
    list_del(&pg->link);
    p2m->pool_pages--;
    return pg;
}

static void shrink_by(struct p2m *p2m, unsigned int nr)
{
    while ( nr-- )
    {
        struct page *pg;

        spin_lock(&p2m->lock);
        pg = p2m_pool_pop(p2m);
        spin_unlock(&p2m->lock);
        if ( !pg )
            break; /* the rest became tables meanwhile */
        page_put(pg);
    }
}

struct page *p2m_pool_take(struct p2m *p2m)
{
    struct page *pg = p2m_pool_pop(p2m);

    BUG_ON(!pg); /* callers check p2m_pool_free() first */
    p2m->pool_pages++;
    p2m->pool_used++;
    return pg;
}

void p2m_pool_forget(struct p2m *p2m)
{
    ASSERT(spin_is_mine(&p2m->lock) && p2m->pool_used);
    p2m->pool_pages--;
    p2m->pool_used--;
}

void p2m_pool_give_back(struct domain *d, struct list *tables)
{
    struct p2m *p2m = &d->p2m;

    while ( !list_empty(tables) )
    {
        struct page *pg = list_entry(tables->next, struct page, link);
        bool dying;

        list_del(&pg->link);
        spin_lock(&p2m->lock);
        /* p2m_relinquish() may have emptied the pool: leave it empty. */
        dying = domain_is_dying(d);
        if ( dying )
            p2m_pool_forget(p2m);
        else
        {
            p2m->pool_used--;
            list_add_tail(&pg->link, &p2m->pool);
        }
        spin_unlock(&p2m->lock);
        if ( dying )
            page_put(pg);
    }
}

int p2m_pool_init(struct domain *d)
{
    for ( unsigned int i = 0; i < P2M_POOL_DEFAULT; i++ )
    {
        int rc = grow_by_one(d);

        if ( rc )
            return rc;
    }
    return 0;
}

int p2m_pool_resize(struct domain *d, unsigned int pages)
{
    struct p2m *p2m = &d->p2m;
    unsigned int now, used, added = 0;

    if ( !p2m->root || domain_is_dying(d) )
        return -EINVAL;
    for ( ;; )
    {
        spin_lock(&p2m->lock);
        now = p2m->pool_pages;
        used = p2m->pool_used;
        spin_unlock(&p2m->lock);

        if ( pages < used )
            return -EBUSY;
        if ( now == pages )
            return 0;
        if ( now > pages )
            shrink_by(p2m, 1);
        else
        {
            int rc = pages - now > page_nr_free() ? -ENOMEM : grow_by_one(d);

            if ( rc )
            {
                shrink_by(p2m, added);
                return rc;
            }
            added++;
        }
        if ( hypercall_preempt_check() || added == ADD_AT_ONCE )
            return -ERESTART;
    }
}
