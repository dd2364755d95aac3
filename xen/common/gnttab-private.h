/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, among the gnttab files.
 *
 * A table is three arrays that grow on demand (struct ptr_array): the shared
 * frames, the status frames (version 2), and chunks of active entries, each
 * allocated by the first pin in its range.  An active entry with pins, however
 * many, holds one reference on the granted page.  So the page's owner, the
 * granting domain, outlives every use.
 *
 *     idle --gnttab_pin--> pinned --gnttab_unpin of the last pin--> idle
 *
 * The mappings that a domain has of other domains' grants are in its maptrack
 * table, found by handle:
 *
 *     free --maptrack_alloc--> busy --maptrack_commit--> mapped
 *      ^                        |  ^                       |
 *      +---maptrack_release-----+  +----maptrack_claim-----+
 *
 * A busy mapping belongs to the call that made it busy; no other call reads or
 * changes it.
 *
 * Locks: a pin takes gt->lock of the granting domain's table, after the p2m's
 * lock was dropped, and under it those of page accounts and allocators alone.  No
 * reference whose drop could free the domain is dropped under gt->lock.  Under
 * maptrack_lock none but the allocators' is taken.
 */
#ifndef GNTTAB_PRIVATE_H
#define GNTTAB_PRIVATE_H

#include <hv/domain.h>
#include <hv/grant.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#define INITIAL_GRANT_FRAMES 1
#define DEFAULT_GRANT_FRAMES 64
#define DEFAULT_MAPTRACK_FRAMES 1024
#define MAX_MAPTRACK_FRAMES 65536

#define V1_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))
#define V2_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v2_t))
#define STATUS_PER_FRAME (PAGE_SIZE / sizeof(grant_status_t))
#define ACTIVE_PER_CHUNK 128
#define MAPTRACK_PER_FRAME 256

/* Frames handled per hold of the lock, or between preemption checks. */
#define GNTTAB_STEP 32

/*
 * A preempted operation keeps its progress in the command: bits from
 * GNTTABOP_DONE_SHIFT on count the steps of a list of frames that are done.
 */
#define GNTTABOP_CMD_MASK 0xfffU
#define GNTTABOP_DONE_SHIFT 12

enum pin { PIN_HOST_R, PIN_HOST_W, PIN_DEV_R, PIN_DEV_W, NR_PINS };
#define PIN_BIT(p) (1U << (p))
#define PIN_WRITES (PIN_BIT(PIN_HOST_W) | PIN_BIT(PIN_DEV_W))
#define PIN_LIMIT UINT16_MAX /* of each kind, on one grant */

struct active_entry {
    uint16_t pin[NR_PINS];  /* [G] */
    domid_t domid;          /* [P] the domain that may use the grant        */
    uint16_t start, length; /* [P] the granted part of the page, in bytes   */
    bool sub_page;          /* [P] GTF_sub_page: for copies only            */
    bool writable;          /* [P] the page is not read-only to its owner   */
    struct page *page;      /* [P] held                                     */
    uint64_t frame;         /* [P] by which the entry named the page        */
};
/* [G] gt->lock  [P] valid, and constant, while pinned */

#define HANDLE_NONE UINT32_MAX

struct mapping {
    uint32_t ref;      /* grant reference; of a free one: next free handle  */
    uint16_t flags;    /* GNTMAP_*_map and readonly; 0: free or not complete */
    bool busy;
    gfn_t gfn;         /* of the p2m entry, for GNTMAP_host_map             */
    struct page *page; /* pinned; its owner is the granting domain          */
};

struct ptr_array {
    void ***leaf;     /* by index / 128; NULL: no pointer was ever set there */
    unsigned int max; /* indices are below this */
};

struct grant_table {
    spinlock_t lock;          /* LOCK_GRANT                                  */
    unsigned int max_frames;  /* [I]                                         */
    unsigned int max_version; /* [I] 1 or 2                                  */
    unsigned int version;     /* [G]                                         */
    unsigned int nr_frames;   /* [G] shared frames                           */
    unsigned int usable;      /* [G] of them, cleared since a version change */
    unsigned int nr_status;   /* [G] status frames; unreachable in version 1 */
    bool dropping;            /* [G] status frames are dropped step by step  */
    int dropped_for;          /* [G] result of set_version when all are      */
    struct ptr_array shared;  /* [G] struct page *, held                     */
    struct ptr_array status;  /* [G] struct page *, held                     */
    struct ptr_array active;  /* [G] chunks, or NULL                         */
    unsigned int nr_pinned;   /* [G] active entries with pins                */
    unsigned int nr_pinned_unreserved; /* [G] of them, not reserved entries  */

    spinlock_t maptrack_lock; /* LOCK_MAPTRACK                               */
    unsigned int max_handles; /* [I]                                         */
    struct ptr_array maptrack; /* [M] chunks of MAPTRACK_PER_FRAME           */
    unsigned int nr_handles;  /* [M] handles allocated, free ones included   */
    unsigned int free_handle; /* [M] first free one, or HANDLE_NONE          */
    unsigned int nr_busy;     /* [M] busy mappings                           */
    unsigned int relinquish_next; /* grant_relinquish_mappings() only        */
    unsigned int chunk_next;      /* maptrack_relinquish() only              */
    unsigned int trim_next;   /* [G] grant_table_relinquish() only           */
};
/* [I] immutable  [G] lock  [M] maptrack_lock */

/* ---- gnttab-array.c ---- */

/* An array of max NULL pointers; -ENOMEM. */
int ptr_array_init(struct ptr_array *a, unsigned int max) must_check;
/* Free the array, not the objects it points to. */
void ptr_array_destroy(struct ptr_array *a);

/* The pointer at index i; NULL: none was set. */
void *ptr_array_get(const struct ptr_array *a, unsigned int i);
/* -ENOMEM; never for an index, or a neighbour in its leaf, set before. */
int ptr_array_set(struct ptr_array *a, unsigned int i, void *p) must_check;
/* The first pointer from *i on that is not NULL; *i gets its index. */
void *ptr_array_next(const struct ptr_array *a, unsigned int *i);

/* ---- gnttab-table.c ---- */

static inline unsigned int grant_to_status_frames(unsigned int nr)
{
    return DIV_ROUND_UP(nr * V2_PER_FRAME, STATUS_PER_FRAME);
}

static inline unsigned int nr_entries_locked(const struct grant_table *gt)
{
    return gt->usable * (gt->version == 1 ? V1_PER_FRAME : V2_PER_FRAME);
}

/*
 * The first 64-bit word of entry ref, which is in a usable frame; an entry of
 * version 2 has two words.
 */
uint64_t *shared_word_locked(const struct grant_table *gt, grant_ref_t ref);
/* The 16 bits with GTF_reading and GTF_writing of entry ref. */
uint16_t *status_word_locked(const struct grant_table *gt, grant_ref_t ref);

/*
 * Grow the table to nr frames, by at most GNTTAB_STEP.  0: the table has nr
 * frames; -ERESTART: call again; -ENOMEM: this call added none.
 */
int gnttab_grow_step(struct domain *d, unsigned int nr) must_check;

/* The same for nr status frames.  gt->lock held. */
int populate_status_locked(struct domain *d, unsigned int nr) must_check;
/* Drop up to GNTTAB_STEP status frames.  gt->lock held. */
void drop_status_locked(struct grant_table *gt);

/* ---- gnttab-pin.c ---- */

static inline bool has_write_pins(const struct active_entry *act)
{
    return act->pin[PIN_HOST_W] || act->pin[PIN_DEV_W];
}

/* The active entry of ref; NULL: its chunk was never allocated. */
struct active_entry *active_entry_locked(const struct grant_table *gt,
                                         grant_ref_t ref);
/* Free a chunk of active entries of a dying domain, if none has pins. */
void active_chunk_trim_locked(struct grant_table *gt, unsigned int chunk);
/* GTF_reading and GTF_writing as act's pins require them. */
uint16_t pin_flags(const struct active_entry *act);

struct pinned {
    struct page *page; /* held by the active entry, as long as it is pinned */
    uint16_t start, length;
};

/*
 * Pin rd's grant ref for the domain ld, once for each PIN_BIT() of pins.  map:
 * refuse a sub-page grant.  GNTST_bad_gntref no such entry; _general_error the
 * entry does not grant this access to ld, has PIN_LIMIT pins, or keeps
 * changing, or rd is dying; _bad_page the frame is no memory of rd's own;
 * _no_space no memory.
 */
int16_t gnttab_pin(struct domain *rd, grant_ref_t ref, domid_t ld,
                   unsigned int pins, bool map, struct pinned *out) must_check;
/* Undo one pin for each bit of pins.  The caller has a reference on rd. */
void gnttab_unpin(struct domain *rd, grant_ref_t ref, unsigned int pins);

/*
 * p2m_get_frame(), NULL also for read-only memory if `write`.  *writable
 * (writable may be NULL) says whether the memory is writable.
 */
struct page *gnttab_own_page(struct domain *d, uint64_t frame, bool write,
                             bool *writable) must_check;

/* ---- gnttab-maptrack.c ---- */

/* Take a free handle, now busy; HANDLE_NONE: none is left, or d is dying. */
uint32_t maptrack_alloc(struct domain *d);
/* Store *m as the mapping of a busy handle; false: d, no PV domain, is dying. */
bool maptrack_commit(struct domain *d, uint32_t handle,
                     const struct mapping *m) must_check;
/* Make a mapping busy, copy it to *m: -ENOENT no such mapping; -EBUSY. */
int maptrack_claim(struct grant_table *gt, uint32_t handle,
                    struct mapping *m) must_check;
/* End busy with these flags; without a GNTMAP_*_map the handle is free. */
void maptrack_release(struct grant_table *gt, uint32_t handle,
                      unsigned int flags);
/*
 * Free the table of a dying domain, which has no mappings.  -ERESTART:
 * preempted, or a call on another CPU still has a busy handle.
 */
int maptrack_relinquish(struct grant_table *gt) must_check;

/* ---- the operations ---- */

/* May the caller read and set up d's table? */
static inline bool gnttab_allowed(const struct domain *d)
{
    return d == current_domain || !domain_dm_allowed(current_domain, d);
}

/* Batches: the number of structures done, below count when preempted. */
long gnttab_map(uint64_t uop, unsigned int count);
long gnttab_unmap(uint64_t uop, unsigned int count);
long gnttab_unmap_and_replace(uint64_t uop, unsigned int count);
long gnttab_copy(uint64_t uop, unsigned int count);
long gnttab_swap_grant_ref(uint64_t uop, unsigned int count);
long gnttab_cache_flush(uint64_t uop, unsigned int count);

/* One structure each; -ERESTART: call again with the same arguments. */
long gnttab_setup_table(struct hypercall *hc);
long gnttab_query_size(uint64_t uop, unsigned int count);
long gnttab_set_version(uint64_t uop);
long gnttab_get_version(uint64_t uop);
long gnttab_get_status_frames(struct hypercall *hc);

#endif
