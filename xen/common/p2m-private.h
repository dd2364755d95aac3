/* SPDX-License-Identifier: MIT */
/*
 * Between the rules of the p2m (p2m.c, p2m-range.c), its tables (p2m-pt.c) and
 * the pool they are built from (p2m-pool.c).  All with p2m.lock held, unless
 * said otherwise.
 */
#ifndef P2M_PRIVATE_H
#define P2M_PRIVATE_H

#include <hv/p2m.h>

static inline bool p2m_has_frame(enum p2m_type t)
{
    return p2m_has_page(t) || t == P2M_MMIO_DIRECT;
}

static inline bool p2m_in_range(const struct p2m *p2m, uint64_t gfn)
{
    return p2m->root && gfn < P2M_GFN_LIMIT;
}

/* ---- p2m.c ---- */

/*
 * The entry `old` of gfn was replaced: flush it, then drop its reference.  No
 * lock held.
 */
void p2m_forget(struct domain *d, gfn_t gfn, struct p2m_entry old);

/* ---- p2m-pod.c ---- */

void p2m_pod_init(struct p2m *p2m); /* no lock */

/*
 * gfn's entry is P2M_POD, and accessed: give it a page of the cache.  Returns
 * the entry; still P2M_POD when the cache is empty.
 */
struct p2m_entry p2m_pod_fill(struct p2m *p2m, uint64_t gfn);

/* ---- p2m-pt.c: numbers below P2M_GFN_LIMIT only ---- */

#define P2M_LEVEL_BITS 9

/* The number of frames that an entry of this level leads to. */
static inline uint64_t p2m_span(unsigned int level)
{
    return 1UL << (level * P2M_LEVEL_BITS);
}

/*
 * The level of the first entry when [gfn, gfn + nr) is to lead to the frames
 * from mfn on by entries as large as they fit, and no larger than `most`.
 */
unsigned int p2m_pt_fit(uint64_t gfn, uint64_t mfn, uint64_t nr,
                        unsigned int most);

/*
 * The table entry that decides for gfn, and its level: above 0 it is a large
 * entry, or empty for want of a lower table.
 */
uint64_t *p2m_pt_find(struct p2m *p2m, uint64_t gfn, unsigned int *level);
/* Is there an entry or a table at this level, or a large entry above? */
bool p2m_pt_any(const struct p2m *p2m, uint64_t gfn, unsigned int level);
/* What pte, a table entry of this level, means for gfn. */
struct p2m_entry p2m_pt_entry(uint64_t pte, uint64_t gfn, unsigned int level);
/* Write a table entry of level 0. */
void p2m_pt_write(struct p2m *p2m, uint64_t *pte, struct p2m_entry e);

/*
 * The leaf at pte is clean for these logs from now on and dirty for others; for
 * none: it is as writable as its type.
 */
void p2m_pt_set_clean(struct p2m *p2m, uint64_t *pte, unsigned int clean);

/* Look gfn up; *level gets the level of the table entry that decides. */
struct p2m_entry p2m_pt_get(struct p2m *p2m, uint64_t gfn,
                            unsigned int *level);

/*
 * Make the tables for the entries that p2m_pt_fit() chooses: all, or -ENOMEM
 * and none.  Larger entries there are split, which no lookup can notice.
 */
int p2m_pt_make(struct p2m *p2m, uint64_t gfn, uint64_t mfn, uint64_t nr,
                unsigned int most) must_check;

/* Write an entry whose table exists, or P2M_NONE where there is none. */
void p2m_pt_put(struct p2m *p2m, uint64_t gfn, struct p2m_entry e);

/*
 * Write an entry of a level above 0, whose table exists, in place of the table
 * or large entry there.  Returns the old table entry for p2m_pt_drop(); 0 if it
 * was empty.
 */
uint64_t p2m_pt_exchange(struct p2m *p2m, uint64_t gfn, unsigned int level,
                         struct p2m_entry e) must_check;

/*
 * After the flush: drop the references of pte, which p2m_pt_exchange()
 * returned, and of all entries below it; the tables among them, empty now, are
 * appended to the list.  Returns how many P2M_POD entries were below.  No lock
 * held.
 */
uint64_t p2m_pt_drop(uint64_t pte, unsigned int level, struct list *tables);

/* Entries that one search reads before the lock is dropped. */
#define P2M_LOOK_AT_ONCE 4096

/*
 * Move *gfn to the first gfn with a frame at or after *gfn and below end; false
 * when there is none.  Each table entry read, empty or not, costs one of *left:
 * at 0 the result is false, and *gfn, still below end, is where to go on.
 */
bool p2m_pt_next(const struct p2m *p2m, uint64_t *gfn, uint64_t end,
                 unsigned int *left);

/*
 * Unlink one table without tables below it; NULL when only the root is left.
 * No entry has a frame any more.
 */
struct page *p2m_pt_unlink_one(struct p2m *p2m);

/*
 * For audits: call table() for each table, the root included, and entry() for
 * each other entry that is not 0, with the level and the first gfn of it.
 */
struct p2m_visitor {
    void (*table)(struct page *pg, uint64_t gfn, unsigned int level, void *arg);
    void (*entry)(struct p2m_entry e, uint64_t gfn, unsigned int level,
                  void *arg);
};
void p2m_pt_visit(const struct p2m *p2m, const struct p2m_visitor *to,
                  void *arg);

/* ---- log-dirty.c ---- */

/* Audit: the leaf of [gfn, gfn + nr) is clean, and should not be. */
bool log_dirty_is_wrong(const struct p2m *p2m, struct p2m_entry e, uint64_t gfn,
                        uint64_t nr);

/*
 * The entry of gfn is about to be written: it is dirty from now on.  Returns
 * 0, which is what the entry's `clean` is.
 */
unsigned int log_dirty_touch(struct p2m *p2m, uint64_t gfn);

/* The log of all frames counts those that become dirty. */
static inline void log_dirty_count(struct p2m *p2m, uint64_t frames)
{
    struct log_dirty_all *l = &p2m->log_dirty.all;

    l->dirty = (uint32_t)min(l->dirty + frames, (uint64_t)UINT32_MAX);
}

/* A new entry of this type leads to so many frames. */
static inline void log_dirty_new(struct p2m *p2m, enum p2m_type t,
                                 uint64_t frames)
{
    if ( unlikely(p2m->log_dirty.on & LOG_ALL) && p2m_is_ram(t) )
        log_dirty_count(p2m, frames);
}

/*
 * Set the bit (from first on) of each frame in [gfn, end) that is dirty for
 * this log, one of LOG_*; clean: and make these frames clean.  True: an entry
 * became clean, which needs a flush.
 */
bool log_dirty_collect(struct p2m *p2m, unsigned int log, uint64_t gfn,
                       uint64_t end, bool clean, uint8_t *bits);

/* ---- p2m-pool.c ---- */

int p2m_pool_init(struct domain *d) must_check; /* no lock; -ENOMEM */

/* Free pages in the pool. */
static inline unsigned int p2m_pool_free(const struct p2m *p2m)
{
    return p2m->pool_pages - p2m->pool_used;
}

/* A zeroed page for a table; there must be a free one. */
struct page *p2m_pool_take(struct p2m *p2m);

/* An unlinked table leaves the pool: the caller puts the page. */
void p2m_pool_forget(struct p2m *p2m);

/* Unlinked, empty tables become free pages of the pool.  No lock held. */
void p2m_pool_give_back(struct domain *d, struct list *tables);

/* Take a free page out of the pool: NULL when all are in use. */
struct page *p2m_pool_pop(struct p2m *p2m);

#endif
