/* SPDX-License-Identifier: MIT */
/*
 * Between the rules of the p2m (p2m.c), its tables (p2m-pt.c) and the pool they
 * are built from (p2m-pool.c).  All with p2m.lock held, unless said otherwise.
 */
#ifndef P2M_PRIVATE_H
#define P2M_PRIVATE_H

#include <hv/p2m.h>

/* ---- p2m-pt.c: numbers below P2M_GFN_LIMIT only ---- */

struct p2m_entry p2m_pt_get(const struct p2m *p2m, uint64_t gfn);

/* Tables for [gfn, gfn + nr): all, or -ENOMEM and none. */
int p2m_pt_make(struct p2m *p2m, uint64_t gfn, uint64_t nr) must_check;

/* Write an entry whose table exists, or P2M_NONE anywhere. */
void p2m_pt_put(struct p2m *p2m, uint64_t gfn, struct p2m_entry e);

/* Move *gfn to the first entry with a frame at or after it: is there one? */
bool p2m_pt_next(const struct p2m *p2m, uint64_t *gfn);

/* Unlink one table that has no tables below it: NULL when the root is alone. */
struct page *p2m_pt_unlink_one(struct p2m *p2m);

/* fn(table) for every table, the root among them. */
void p2m_pt_for_each_table(const struct p2m *p2m, void (*fn)(mfn_t table,
                           enum page_holder holder));

/* ---- p2m-pool.c ---- */

int p2m_pool_init(struct p2m *p2m) must_check; /* no lock; -ENOMEM */

/* Free pages in the pool. */
static inline unsigned int p2m_pool_free(const struct p2m *p2m)
{
    return p2m->pool_pages - p2m->pool_used;
}

/* A zeroed page for a table; there must be a free one. */
struct page *p2m_pool_take(struct p2m *p2m);

/* A table that is gone leaves the pool: the caller puts the page. */
void p2m_pool_forget(struct p2m *p2m);

/* Take a free page out of the pool: NULL when all are in use. */
struct page *p2m_pool_pop(struct p2m *p2m);

#endif
