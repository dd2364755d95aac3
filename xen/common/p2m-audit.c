/* SPDX-License-Identifier: MIT */
/*
 * What audit_all() asks a p2m: the references that its entries, tables, pool
 * and cache hold, read from the tables in one go; and whether what the p2m
 * counts and remembers of its entries is so.
 */
#include <hv/domain.h>
#include <hv/lib.h>

#include "p2m-private.h"

struct audit {
    struct p2m *p2m;
    void (*count)(mfn_t mfn, enum page_holder holder);
    uint64_t *near;     /* the table of the gfns that p2m->near_at says */
    uint64_t pods;      /* entries of type P2M_POD */
    unsigned int clean; /* leaves that should not be */
};

static void audit_table(struct page *pg, uint64_t gfn, unsigned int level,
                        void *arg)
{
    struct audit *a = arg;

    a->count(page_to_mfn(pg), HOLD_TABLE);
    if ( !level && gfn >> P2M_LEVEL_BITS == a->p2m->near_at )
        a->near = page_to_virt(pg);
}

static void audit_entry(struct p2m_entry e, uint64_t gfn, unsigned int level,
                        void *arg)
{
    enum page_holder holder = p2m_is_ram(e.type) ? HOLD_P2M : HOLD_FOREIGN;
    uint64_t nr = p2m_span(level);
    struct audit *a = arg;

    a->pods += !level && e.type == P2M_POD;
    a->clean += log_dirty_is_wrong(a->p2m, e, gfn, nr);
    for ( uint64_t i = 0; p2m_has_page(e.type) && i < nr; i++ )
        a->count(mfn_add(e.mfn, i), holder);
}

/* The pages that are in no table; returns those of the cache. */
static uint64_t count_pages(struct p2m *p2m,
                            void (*count)(mfn_t mfn, enum page_holder holder))
{
    uint64_t cached = 0;
    struct page *pg;

    list_for_each (pg, &p2m->pool, link)
        count(page_to_mfn(pg), HOLD_TABLE);
    for ( uint64_t i = 0; i < p2m->rest_nr; i++ )
        count(mfn_add(p2m->rest_mfn, i), HOLD_P2M);
    list_for_each (pg, &p2m->pod.cache, link)
    {
        count(page_to_mfn(pg), HOLD_POD);
        cached++;
    }
    return cached;
}

static unsigned int complain(const struct domain *d, const char *what)
{
    printk(XENLOG_ALWAYS, "audit: d%u has %s\n", d->domain_id, what);
    return 1;
}

unsigned int p2m_audit(struct domain *d,
                       void (*count)(mfn_t mfn, enum page_holder holder))
{
    static const struct p2m_visitor visitor = { audit_table, audit_entry };
    struct p2m *p2m = &d->p2m;
    struct audit a = { .p2m = p2m, .count = count };
    unsigned int wrong = 0;

    if ( !p2m->root )
        return 0;
    spin_lock(&p2m->lock);
    p2m_pt_visit(p2m, &visitor, &a);
    if ( count_pages(p2m, count) != p2m->pod.nr )
        wrong += complain(d, "other pages to populate on demand than it counts");
    /* The tables of a dying domain go with what is in them. */
    if ( !domain_is_dying(d) && a.pods != p2m->pod.entries )
        wrong += complain(d, "other entries to populate than it counts");
    if ( a.clean )
        wrong += complain(d, "clean entries outside what is logged");
    if ( p2m->near && p2m->near != a.near )
        wrong += complain(d, "another table where it looks first");
    spin_unlock(&p2m->lock);
    return wrong;
}
