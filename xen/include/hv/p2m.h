/* SPDX-License-Identifier: MIT */
/*
 * The guest-physical address space of a translated domain: gfn -> mfn, type.
 *
 * An entry with a frame holds one reference on the frame.  The reference is
 * dropped when the entry has been replaced or removed and the TLBs are flushed.
 * The tables are real 4-level tables in the format that the machine walks
 * (encoding: <asm/p2m.h>), built from pages of the domain's paging pool.
 *
 * An entry leads to one frame, or to 2^9 or 2^18 in a row, each with its own
 * reference.  Operations on single gfns do not see the difference, except that
 * a change of a part of a large entry needs tables to split the entry.
 */
#ifndef HV_P2M_H
#define HV_P2M_H

#include <hv/lock.h>
#include <hv/log-dirty.h>
#include <hv/page.h>

struct domain;

/* Stored in table entries: 4 bits. */
enum p2m_type {
    P2M_NONE,      /* nothing: accesses become I/O                          */
    P2M_RAM_RW,    /* own memory                                            */
    P2M_RAM_RO,    /* own memory, writes dropped (HVMMEM_ram_ro)            */
    P2M_MMIO_DM,   /* HVMMEM_mmio_dm: no frame, goes to a device model      */
    P2M_IOREQ,     /* own memory, writes go to the server that claimed it   */
    P2M_FOREIGN,   /* another domain's memory, read-write                   */
    P2M_GRANT_RW,  /* granted by another domain                             */
    P2M_GRANT_RO,
    P2M_MMIO_DIRECT, /* a device's frame: no struct page, no reference      */
    P2M_POD,       /* own memory, which the first access brings: p2m-pod.c  */
};

static inline bool p2m_is_ram(enum p2m_type t)
{
    return t == P2M_RAM_RW || t == P2M_RAM_RO || t == P2M_IOREQ;
}

static inline bool p2m_is_grant(enum p2m_type t)
{
    return t == P2M_GRANT_RW || t == P2M_GRANT_RO;
}

static inline bool p2m_is_writable(enum p2m_type t)
{
    return t == P2M_RAM_RW || t == P2M_FOREIGN || t == P2M_GRANT_RW ||
           t == P2M_IOREQ;
}

/* t as a member of a set of types, which is a sum of such bits. */
static inline unsigned int p2m_type_bit(enum p2m_type t)
{
    return 1U << t;
}

/* An entry of this type holds a reference on its frame. */
static inline bool p2m_has_page(enum p2m_type t)
{
    return p2m_is_ram(t) || t == P2M_FOREIGN || p2m_is_grant(t);
}

struct p2m_entry {
    mfn_t mfn; /* INVALID_MFN when the type has no frame */
    enum p2m_type type;
    unsigned int clean; /* not written since these logs were read: LOG_* */
};

static inline struct p2m_entry p2m_entry(mfn_t mfn, enum p2m_type type)
{
    return (struct p2m_entry){ mfn, type, 0 };
}

/* Populate on demand: p2m-pod.c. */
struct p2m_pod {
    struct list cache;     /* [P] zeroed pages of the domain, at no gfn       */
    uint64_t nr;           /* [P] pages in the cache                          */
    uint64_t entries;      /* [P] entries of type P2M_POD; read anywhere      */
    uint64_t at;           /* [P] the gfn at which the sweep goes on          */
    uint64_t passed;       /* [P] gfns that it passed since it found a page   */
    unsigned int sweepers; /* [P] CPUs in a step of the sweep                 */
    unsigned int hands;    /* [P] those, and CPUs that give a page back       */
    unsigned int rounds;   /* [P] of waiting for all hands: see may_come()    */
    unsigned int rounds_left; /* [P] until nothing is found for good          */
    unsigned int earlier;  /* [P] of hands, those since before the last round */
    bool starved;          /* [P] an access found the cache empty, and no page */
                           /*     came since; read anywhere                   */
};

struct p2m {
    spinlock_t lock;         /* LOCK_P2M                                     */
    struct page *root;       /* [I] PAGE_P2M; NULL: domain not translated    */
    struct list pool;        /* [P] free pages for tables                    */
    unsigned int pool_pages; /* [P] pool size: free ones and tables          */
    unsigned int pool_used;  /* [P] tables, the root among them              */
    uint64_t *near;          /* [P] table of level 0 found last, or NULL     */
    uint64_t near_at;        /* [P] near[0] is the entry of near_at * 512    */
    uint64_t max_gfn;        /* [P] highest gfn ever set                     */
    uint64_t generation;     /* [P] goes up when own memory leaves the p2m,  */
                             /*     or becomes clean                         */
    uint64_t removals;       /* [P] goes up when own memory leaves the p2m   */
    struct log_dirty log_dirty; /* [P]                                       */
    struct p2m_pod pod;         /* [P]                                       */
    uint64_t emptied;        /* [P] p2m_relinquish(): no frame below this gfn */
    mfn_t rest_mfn;          /* [K] p2m_relinquish(): frames of an entry that */
    uint64_t rest_nr;        /* [K] was removed, whose references are left   */
};
/* [I] immutable after creation  [P] p2m.lock  [K] domain_kill() in progress */

/* gfns are below this limit; -EINVAL for others. */
#define P2M_GFN_LIMIT (1UL << 36)
/* mfns are below this limit; devices' may lie beyond the machine's memory. */
#define P2M_MFN_LIMIT (1UL << 40)

/* Create d's pool and root table, if d is translated.  -ENOMEM. */
int p2m_init(struct domain *d) must_check;
/* Free the rest after p2m_relinquish(), or after a failed p2m_init(). */
void p2m_destroy(struct domain *d);

/*
 * Set the size of the paging pool, in pages.  -EINVAL d is not translated or
 * dying; -EBUSY more than `pages` are in use as tables; -ENOMEM the host has
 * fewer pages free than are missing, with the pages given back that this call
 * added; -ERESTART: call again with the same target (progress is kept).  Size
 * after p2m_init(): P2M_POOL_DEFAULT pages.
 */
#define P2M_POOL_DEFAULT 256
int p2m_pool_resize(struct domain *d, unsigned int pages) must_check;

/*
 * The entry of gfn; type P2M_NONE beyond P2M_GFN_LIMIT.  No reference, and no
 * access: P2M_POD stays.
 */
struct p2m_entry p2m_lookup(struct domain *d, gfn_t gfn);

/*
 * p2m_lookup(), and in *order the order of the table entry that gfn is in; 0
 * when the entry has no frame.
 */
struct p2m_entry p2m_lookup_order(struct domain *d, gfn_t gfn,
                                  unsigned int *order);

/*
 * Look up gfn and take a reference on its frame: NULL when the entry has no
 * frame, or when page_get() gives no more of them.  *t (t may be NULL) gets the
 * type in either case.  The page may belong to another domain (foreign, grant
 * types): the caller decides by the type.
 * P2M_POD gets its memory; the type stays P2M_POD only when there is none now:
 * p2m_pod_no_memory() says whether another try makes sense.  May sweep: no p2m
 * lock held, and no copy under way.
 */
struct page *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t)
    must_check;

/*
 * Take a reference on memory of d's own: the page at gfn `frame` of a
 * translated d, or at mfn `frame` otherwise.  *t gets the type.  NULL when d
 * has no memory there, or the page is claimed.
 */
struct page *p2m_get_frame(struct domain *d, uint64_t frame, enum p2m_type *t)
    must_check;

/*
 * p2m_get_frame() for a frame that a guest gives to the hypervisor to write:
 * NULL also for another type than P2M_RAM_RW, for a PAGE_EXTRA page, and for a PV
 * guest's page table or descriptors.  Until p2m_put_own_page() the page becomes
 * none of these.
 */
struct page *p2m_get_own_page(struct domain *d, uint64_t frame) must_check;
void p2m_put_own_page(struct page *pg);

/*
 * Claim the page of type P2M_RAM_RW at gfn, whose content the hypervisor is
 * going to trust: *pg gets the page, with a reference.  Until
 * p2m_unclaim_page() no lookup takes another reference for a different use.
 * The entry becomes one of order 0.  -EINVAL gfn out of range, no such page,
 * PAGE_EXTRA, or d is dying; -ENOMEM no table; -EBUSY other references exist.
 */
int p2m_claim_page(struct domain *d, gfn_t gfn, struct page **pg) must_check;
/* End the claim; the caller has a reference on pg and keeps it. */
void p2m_unclaim_page(struct page *pg);

/*
 * Move own memory from one gfn to another in one step, replacing the entry at
 * `to` if its type is in `over`, a set of p2m_type_bit()s.  -EINVAL a gfn is
 * out of range, no own memory at `from`, it is claimed or PAGE_EXTRA, or d is
 * dying; -EBUSY another type at `to`; -ENOMEM no table.
 */
int p2m_move(struct domain *d, gfn_t from, gfn_t to, unsigned int over)
    must_check;

/*
 * Several lookups under one lock: p2m_peek_begin() takes the p2m lock,
 * p2m_peek_end() drops it.  In between no entry changes, so frames can be
 * accessed without a reference; the caller takes no other lock meanwhile.
 * p2m_peek_begin() returns the generation: own memory that was looked up is
 * still at its gfn, and may still be written if it was looked up by
 * p2m_peek_write(), as long as the generation is the same.  p2m_peek_write()
 * is for a caller that writes to the frame: the entry is not clean any more.
 * P2M_POD gets memory of the cache; when there is none the type stays, and
 * p2m_pod_refill() afterwards may help.
 */
uint64_t p2m_peek_begin(struct domain *d);
struct p2m_entry p2m_peek(struct domain *d, gfn_t gfn);
struct p2m_entry p2m_peek_write(struct domain *d, gfn_t gfn);
void p2m_peek_end(struct domain *d);

/*
 * The generation, without the lock: for a machine whose arch_p2m_flush() also
 * waits for CPUs that use a remembered lookup.  Needs <hv/atomic.h>.
 */
#define p2m_generation(d) READ_ONCE((d)->p2m.generation)
/* It goes up when own memory leaves the p2m; for a look without the lock. */
#define p2m_removals(d) READ_ONCE((d)->p2m.removals)

/*
 * Install an entry, replacing the old one.  On success the caller's reference
 * on the frame (when the type has one) belongs to the entry, and the old
 * entry's reference is dropped.  On failure nothing changed: -EINVAL gfn or a
 * device's mfn is out of range, d is not translated, or d is dying and the old
 * entry has no frame or the new one needs a table (a dying domain's address
 * space only gets emptier); -ENOMEM no table.
 */
int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
    must_check;

/*
 * p2m_set(), only if the entry is now `from` (frame and type; type P2M_NONE
 * for an empty one): -EBUSY when it is not.
 */
int p2m_replace(struct domain *d, gfn_t gfn, struct p2m_entry from, mfn_t mfn,
                enum p2m_type type) must_check;

/*
 * Change the type of an entry that is now `from`: errors as p2m_replace().  The
 * frame stays, if the new type has one; its reference is dropped otherwise.
 */
int p2m_retype(struct domain *d, gfn_t gfn, struct p2m_entry from,
               enum p2m_type type) must_check;

/*
 * p2m_set(), only if the old entry's type is in `types`, a set of
 * p2m_type_bit()s: -EBUSY when it is not.
 */
int p2m_set_over(struct domain *d, gfn_t gfn, unsigned int types, mfn_t mfn,
                 enum p2m_type type) must_check;

/*
 * Remove the entry of gfn if it maps mfn (INVALID_MFN: any frame, or none),
 * and drop its reference.  -ENOENT there is no entry; -EINVAL the entry maps
 * another frame, or is a part of a large one of a dying d; -ENOMEM the entry is
 * part of a large one and no table is left to split that, which p2m_prepare()
 * of gfn prevents.
 */
int p2m_remove(struct domain *d, gfn_t gfn, mfn_t mfn) must_check;

/*
 * Make the tables for [gfn, gfn + nr), all or none: p2m_set(), p2m_replace()
 * and p2m_remove() there cannot fail with -ENOMEM any more, until a large entry
 * replaces the tables.  -EINVAL nr is 0, the range is out of range, d is not
 * translated or is dying; -ENOMEM.
 */
int p2m_prepare(struct domain *d, gfn_t gfn, uint64_t nr) must_check;

/*
 * p2m_prepare() of [gfn + at, gfn + at + nr) for a p2m_map_range() from gfn on,
 * which uses large entries and whose first mfn is a multiple of any entry's
 * size.
 */
int p2m_prepare_range(struct domain *d, gfn_t gfn, uint64_t at, uint64_t nr)
    must_check;

/*
 * Can the 2^order gfns from gfn on, aligned, become one entry, and does none of
 * them have an entry now?
 */
bool p2m_is_blank(struct domain *d, gfn_t gfn, unsigned int order);

/* The largest order of an entry on this machine: 0, 9 or 18. */
unsigned int p2m_max_order(void);

/*
 * p2m_set() for 2^order gfns and frames in a row by one entry, which replaces
 * all old entries; order 0, 9 or 18, up to p2m_max_order().  The caller has one
 * reference on each frame.  Orders above 0 are for own memory and devices'
 * frames only.  -EINVAL also for an order or type that cannot be, for gfn or
 * mfn not aligned, and when d is dying; -ENOMEM with nothing changed.
 */
int p2m_set_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                  enum p2m_type type) must_check;

/*
 * p2m_set_order(), only if there is no old entry: -EBUSY when one of the gfns
 * has an entry, or (order 9 and 18) when there is a table for them, even an
 * empty one.
 */
int p2m_fill_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                   enum p2m_type type) must_check;

/*
 * p2m_set() for nr gfns and frames in a row, by the largest entries that fit.
 * *done, 0 at first, counts the frames that are mapped: their references belong
 * to the entries.  -ERESTART: call again with the same arguments.  -EINVAL and
 * -ENOMEM come before anything is mapped, unless d begins to die meanwhile or
 * another caller changes the same range and uses up the tables.  A 1 GiB entry
 * never replaces a table: what is below the table could not be freed within
 * one step.
 */
int p2m_map_range(struct domain *d, gfn_t gfn, mfn_t mfn, uint64_t nr,
                  enum p2m_type type, uint64_t *done) must_check;

/* The highest gfn that ever had an entry. */
uint64_t p2m_max_gfn(struct domain *d);

typedef int p2m_visit_t(struct domain *d, gfn_t gfn, struct p2m_entry e,
                        void *arg);

/*
 * Call fn for each gfn with a frame from *gfn on and below end, in order, until
 * fn returns non-zero: p2m_for_some() returns that value, and *gfn names the
 * entry.  fn runs under the p2m lock and must not change the p2m.  -ERESTART
 * after P2M_LOOK_AT_ONCE entries: call again, *gfn is where to go on.  0: no
 * more entries.
 */
int p2m_for_some(struct domain *d, uint64_t *gfn, uint64_t end,
                 p2m_visit_t *fn, void *arg) must_check;

/* p2m_for_some() to the end, without limit: for audits and tests. */
int p2m_for_each(struct domain *d, uint64_t *gfn, p2m_visit_t *fn, void *arg);

/*
 * Remove all entries of a dying domain; all pages of its pool but the root go
 * back to the heap.  0, or -ERESTART when preemption is due: call again.
 */
int p2m_relinquish(struct domain *d) must_check;

/* ---- populate on demand: p2m-pod.c ---- */

/*
 * XENMEM_set_pod_target: the domain is to have `target` pages in all.  0, also
 * when the balloon driver has to do it; -ENOMEM; -ERESTART: call again.
 */
int p2m_pod_set_target(struct domain *d, uint64_t target) must_check;
/* Pages in the cache, and entries that have no memory yet. */
void p2m_pod_counts(struct domain *d, uint64_t *cache, uint64_t *entries);

/*
 * A vcpu of d accessed gfn, and the machine found nothing: true when the entry
 * is P2M_POD, so that the access is to be tried again.  The entry has memory
 * then, or a step was made to find some, or d has crashed.
 */
bool p2m_pod_fault(struct domain *d, gfn_t gfn);

/*
 * After a lookup that found P2M_POD and the cache empty: true when the cache has
 * a page now, so that the lookup is to be tried again.  False: no lookup found
 * that; or nothing was found until preemption was due, or in all memory: d has
 * crashed then.  No lock of the p2m held, no copy under way.
 */
bool p2m_pod_refill(struct domain *d) must_check;

/*
 * Give gfn memory if its entry is P2M_POD.  -ENOMEM d has crashed for want of
 * memory; -ERESTART preemption is due: call again.
 */
int p2m_pod_populate(struct domain *d, gfn_t gfn) must_check;
/* Why a lookup had to leave an entry P2M_POD: -ENOMEM or -ERESTART as above. */
int p2m_pod_no_memory(struct domain *d);

/*
 * d gives the memory at gfn back.  False: not done, because the entry is an
 * ordinary one, and the cache needs no page or cannot take this one.
 */
bool p2m_pod_decrease(struct domain *d, gfn_t gfn) must_check;
/* Free up to `most` pages that the cache has more than there are entries. */
void p2m_pod_trim(struct domain *d, unsigned int most);

/* Free the cache of a dying domain.  0, or -ERESTART: call again. */
int p2m_pod_relinquish(struct domain *d) must_check;

/*
 * Audit: count() the frame of each entry as HOLD_P2M or HOLD_FOREIGN, each page
 * of the pool and each table as HOLD_TABLE, the cache of populate on demand as
 * HOLD_POD, and the frames that p2m_relinquish() has not dropped yet as
 * HOLD_P2M.  Returns how much of the rest is wrong, which is printed.
 */
unsigned int p2m_audit(struct domain *d,
                       void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- arch contract (encoding in <asm/p2m.h>) ---- */

/*
 * The entries of [gfn, gfn + nr) changed: flush them from all TLBs.  When this
 * returns no vcpu of d can still reach a frame that the old entries named, nor
 * a table that was below them.  A TLB may hold a larger entry, which has been
 * split since.  Called without p2m.lock.
 */
void arch_p2m_flush(struct domain *d, gfn_t gfn, uint64_t nr);

/* What p2m_max_order() returns; constant. */
unsigned int arch_p2m_max_order(void);

#endif
