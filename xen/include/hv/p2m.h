/* SPDX-License-Identifier: MIT */
/*
 * The guest-physical address space of a translated domain: gfn -> mfn, type.
 *
 * An entry with a frame holds one reference on it, and drops it when it is
 * replaced or removed, after the flush.  The tables are real 4-level tables
 * in the format that the machine walks (encoding: <asm/p2m.h>), built from
 * pages of the domain's paging pool.
 *
 * An entry leads to one frame, or to 2^9 or 2^18 in a row, each with its own
 * reference.  Operations on single gfns do not see the difference, but that
 * one that changes a part of a large entry needs tables to split it.
 */
#ifndef HV_P2M_H
#define HV_P2M_H

#include <hv/lock.h>
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

/* For a set of types. */
static inline unsigned int p2m_type_bit(enum p2m_type t)
{
    return 1U << t;
}

/* The entry holds a reference on its frame. */
static inline bool p2m_has_page(enum p2m_type t)
{
    return p2m_is_ram(t) || t == P2M_FOREIGN || p2m_is_grant(t);
}

struct p2m_entry {
    mfn_t mfn; /* INVALID_MFN when the type has no frame */
    enum p2m_type type;
};

struct p2m {
    spinlock_t lock;         /* LOCK_P2M                                     */
    struct page *root;       /* [I] PAGE_P2M; NULL: domain not translated    */
    struct list pool;        /* [P] free pages for tables                    */
    unsigned int pool_pages; /* [P] pool size: free ones and tables          */
    unsigned int pool_used;  /* [P] tables, the root among them              */
    uint64_t *near;          /* [P] table of level 0 found last, or NULL     */
    uint64_t near_at;        /* [P] its gfns: this number * 512 and up       */
    uint64_t max_gfn;        /* [P] highest gfn ever set                     */
    uint64_t generation;     /* [P] goes up when own memory leaves the p2m   */
    uint64_t emptied;        /* [P] p2m_relinquish(): no frame below this    */
    mfn_t rest_mfn;          /* [K] p2m_relinquish(): frames of an entry     */
    uint64_t rest_nr;        /* [K] that is out, not yet dropped             */
};
/* [I] immutable after creation  [P] p2m.lock  [K] the one killer */

/* Frame numbers of a guest are below this; others: -EINVAL. */
#define P2M_GFN_LIMIT (1UL << 36)
/* The same for those of the machine, which may lie beyond its memory. */
#define P2M_MFN_LIMIT (1UL << 40)

int p2m_init(struct domain *d) must_check; /* -ENOMEM */
void p2m_destroy(struct domain *d);        /* of an emptied one */

/*
 * Set the size of the paging pool, in pages.  -EINVAL d is not translated or
 * dying; -EBUSY when more tables are in use; -ENOMEM, what this call added
 * given back; -ERESTART: call again with the same target (progress is kept).
 * Size after p2m_init(): P2M_POOL_DEFAULT pages.
 */
#define P2M_POOL_DEFAULT 256
int p2m_pool_resize(struct domain *d, unsigned int pages) must_check;

struct p2m_entry p2m_lookup(struct domain *d, gfn_t gfn);

/* The same; *order: of the entry that holds it, when it has a frame. */
struct p2m_entry p2m_lookup_order(struct domain *d, gfn_t gfn,
                                  unsigned int *order);

/*
 * Look up and take a reference on the frame: NULL when the entry has none.
 * *t (may be NULL) gets the type in either case.  The page may belong to
 * another domain (foreign, grant types): the caller decides by the type.
 */
struct page *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t)
    must_check;

/*
 * A reference on memory of d's own at a frame that d names by its own number:
 * NULL when there is none, or it is claimed.  d need not be translated.
 */
struct page *p2m_get_frame(struct domain *d, uint64_t frame, enum p2m_type *t)
    must_check;

/*
 * The same for the hypervisor's own use of a frame that a guest gave it:
 * writable, and no page that the hypervisor made for d.
 */
struct page *p2m_get_own_page(struct domain *d, uint64_t frame) must_check;

/*
 * The same for one whose content is to be trusted: nobody else has it, nor gets
 * it before p2m_unclaim_page(); its entry is one of order 0.  -EINVAL it is not
 * such a page, or d is dying; -EBUSY somebody has it; -ENOMEM.
 */
int p2m_claim_page(struct domain *d, gfn_t gfn, struct page **pg) must_check;
void p2m_unclaim_page(struct page *pg); /* the caller has a reference */

/*
 * Move own memory from one gfn to another in one step, replacing what is there
 * if its type is one of `over`: p2m_type_bit()s.  -EINVAL nothing to move, a
 * gfn out of range, or d is dying; -EBUSY another type; -ENOMEM.
 */
int p2m_move(struct domain *d, gfn_t from, gfn_t to, unsigned int over)
    must_check;

/*
 * Some lookups in a row: until p2m_peek_end() no entry changes, so that the
 * frames can be accessed without a reference; no locks are taken meanwhile.
 * Own memory that was looked up is still there at a later p2m_peek_begin() if
 * that returns the same number.
 */
uint64_t p2m_peek_begin(struct domain *d);
struct p2m_entry p2m_peek(struct domain *d, gfn_t gfn);
void p2m_peek_end(struct domain *d);

/*
 * That number, without the lock: for a machine whose arch_p2m_flush() also
 * waits for those who ask for it.  Needs <hv/atomic.h>.
 */
#define p2m_generation(d) READ_ONCE((d)->p2m.generation)

/*
 * Install an entry, replacing what was there.  On success the caller's
 * reference on the frame (when the type has one) belongs to the entry, and
 * the old entry's frame is dropped.  On failure nothing changed: -ENOMEM (no
 * table), -EINVAL (gfn or a device's mfn out of range, d not translated, or d
 * is dying and the entry had no frame or needs a table: a dying domain's space
 * only gets emptier).
 */
int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
    must_check;

/*
 * The same, only if the entry is now `from` (frame and type; type P2M_NONE
 * for: empty).  -EBUSY when it is not.
 */
int p2m_replace(struct domain *d, gfn_t gfn, struct p2m_entry from, mfn_t mfn,
                enum p2m_type type) must_check;

/* The same, but the frame and its reference stay, if the type has one. */
int p2m_retype(struct domain *d, gfn_t gfn, struct p2m_entry from,
               enum p2m_type type) must_check;

/* p2m_set() only if the entry's type is one of `types`: p2m_type_bit()s. */
int p2m_set_over(struct domain *d, gfn_t gfn, unsigned int types, mfn_t mfn,
                 enum p2m_type type) must_check;

/*
 * Remove the entry if it maps mfn (INVALID_MFN: whatever it maps), drop its
 * reference.  -ENOENT when there is nothing, -EINVAL when it maps another or
 * it is part of a large one of a dying d, -ENOMEM when it is part of a large
 * one and there is no table to split it; p2m_prepare() for its gfn avoids that.
 */
int p2m_remove(struct domain *d, gfn_t gfn, mfn_t mfn) must_check;

/*
 * Make the tables for [gfn, gfn + nr), all or none: p2m_set(), p2m_replace()
 * and p2m_remove() there cannot fail for want of memory any more, until
 * somebody puts a large entry there.  -ENOMEM, -EINVAL.
 */
int p2m_prepare(struct domain *d, gfn_t gfn, uint64_t nr) must_check;

/*
 * The same for p2m_map_range(), whose frames begin at a multiple of any entry's
 * size: the tables for [gfn + at, gfn + at + nr) of it.
 */
int p2m_prepare_range(struct domain *d, gfn_t gfn, uint64_t at, uint64_t nr)
    must_check;

/* Can all 2^order gfns from gfn on become one entry, with nothing there now? */
bool p2m_is_blank(struct domain *d, gfn_t gfn, unsigned int order);

/* The largest order of an entry on this machine: 0, 9 or 18. */
unsigned int p2m_max_order(void);

/*
 * p2m_set() for 2^order gfns and frames in a row by one entry, in place of all
 * that is there; order 0, 9 or 18, up to p2m_max_order(); the caller has one
 * reference on each frame.  Larger orders: only own memory and devices'.
 * -EINVAL also: an order or type that cannot be, gfn or mfn not aligned, d is
 * dying; -ENOMEM with nothing changed.
 */
int p2m_set_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                  enum p2m_type type) must_check;

/*
 * The same, only where nothing is: -EBUSY when one of the gfns has an entry, or
 * (order 9 and 18) when there is a table for them, even an empty one.
 */
int p2m_fill_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                   enum p2m_type type) must_check;

/*
 * p2m_set() for nr gfns and frames in a row, by the largest entries that fit:
 * from *done on, 0 at first, which counts the frames whose references became
 * the entries'.  -ERESTART: there is more to do, call again.  -ENOMEM and
 * -EINVAL come before anything is done, unless d begins to die meanwhile or
 * others change the same range, and use up the tables.  An entry of 1 GiB comes
 * only where no table is in its place, for what is below that may be much.
 */
int p2m_map_range(struct domain *d, gfn_t gfn, mfn_t mfn, uint64_t nr,
                  enum p2m_type type, uint64_t *done) must_check;

/* The highest gfn that ever had an entry. */
uint64_t p2m_max_gfn(struct domain *d);

typedef int p2m_visit_t(struct domain *d, gfn_t gfn, struct p2m_entry e,
                        void *arg);

/*
 * Call fn for each gfn with a frame from *gfn on and below end, in order, until
 * it returns non-zero (which is returned, *gfn naming that entry).  fn runs
 * under the p2m lock and must not change it.  -ERESTART: enough was looked at
 * for one go; *gfn is where to go on.
 */
int p2m_for_some(struct domain *d, uint64_t *gfn, uint64_t end,
                 p2m_visit_t *fn, void *arg) must_check;

/* The same to the end, however long it takes: for audits and tests. */
int p2m_for_each(struct domain *d, uint64_t *gfn, p2m_visit_t *fn, void *arg);

/*
 * Empty that of a dying domain; all of its pool goes back to the heap, but the
 * root.  0, or -ERESTART when there is more and preemption is due.
 */
int p2m_relinquish(struct domain *d) must_check;

/* Audit: the pages of the pool and the tables, one HOLD_TABLE each. */
void p2m_audit_refs(struct domain *d,
                    void (*count)(mfn_t mfn, enum page_holder holder));

/* ---- arch contract (encoding in <asm/p2m.h>) ---- */

/*
 * The entries of [gfn, gfn + nr) changed.  When this returns no vcpu of d can
 * still reach a frame that the old entries named, nor a table that was below
 * them.  What was cached may be a larger entry, split since.  Called without
 * p2m.lock.
 */
void arch_p2m_flush(struct domain *d, gfn_t gfn, uint64_t nr);

/* See p2m_max_order(); constant. */
unsigned int arch_p2m_max_order(void);

#endif
