/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, among the gnttab files.
 *
 * A table is three arrays that grow on demand (struct ptr_array): the shared
 * frames, the status frames (version 2), and chunks of active entries, which
 * exist where something is or was pinned.  An active entry that has pins holds
 * one reference on the granted page, whoever uses it and however often; its
 * owner, the granting domain, therefore outlives every use.
 *
 *     idle --gnttab_pin--> pinned --gnttab_unpin of the last pin--> idle
 *
 * The mappings that a domain has of others' grants stand in its maptrack
 * table, found by handle:
 *
 *     free --maptrack_alloc--> busy --maptrack_commit--> mapped
 *      ^                        |  ^                       |
 *      +---maptrack_release-----+  +----maptrack_claim-----+
 *
 * A busy mapping belongs to whoever made it so; nobody else touches it.
 *
 * Locks: gt->lock is the granting table's, and the only one taken for a pin.
 * No page or domain is let go under it that could be the last reference on
 * the domain.  maptrack_lock is taken alone.
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

/* Frames handled in one go: under the lock, or between preemption checks. */
#define GNTTAB_STEP 32

/*
 * Bits of the command that carry on an interrupted operation: how many steps
 * of a list of frames are done.
 */
#define GNTTABOP_CMD_MASK 0xfffU
#define GNTTABOP_DONE_SHIFT 12

enum pin { PIN_HOST_R, PIN_HOST_W, PIN_DEV_R, PIN_DEV_W, NR_PINS };
#define PIN_BIT(p) (1U << (p))
#define PIN_WRITES (PIN_BIT(PIN_HOST_W) | PIN_BIT(PIN_DEV_W))
#define PIN_LIMIT UINT16_MAX /* of each kind, on one grant */

struct active_entry {
    uint16_t pin[NR_PINS];  /* [G] */
    domid_t domid;          /* [P] who may use it                           */
    uint16_t start, length; /* [P] the part of the page; sub_page           */
    bool sub_page;          /* [P] copies only                              */
    bool writable;          /* [P] the page is not read-only to its owner   */
    struct page *page;      /* [P] held                                     */
};
/* [G] gt->lock  [P] constant while pinned, valid then only */

#define HANDLE_NONE UINT32_MAX

struct mapping {
    uint32_t ref;      /* of a free one: the next free handle               */
    uint16_t flags;    /* GNTMAP_*_map and readonly; 0: free or not yet made */
    bool busy;
    gfn_t gfn;         /* where, for GNTMAP_host_map                        */
    struct page *page; /* pinned; its owner granted it                      */
};

struct ptr_array {
    void ***leaf;     /* by index / 128; NULL: nothing was ever there */
    unsigned int max; /* indices that there may be */
};

struct grant_table {
    spinlock_t lock;          /* LOCK_GRANT                                  */
    unsigned int max_frames;  /* [I]                                         */
    unsigned int max_version; /* [I] 1 or 2                                  */
    unsigned int version;     /* [G]                                         */
    unsigned int nr_frames;   /* [G] shared frames                           */
    unsigned int usable;      /* [G] of them, clean of the old version       */
    unsigned int nr_status;   /* [G] status frames; unreachable in version 1 */
    bool dropping;            /* [G] these go, step by step                  */
    int dropped_for;          /* [G] what set_version answers then           */
    struct ptr_array shared;  /* [G] struct page *, held                     */
    struct ptr_array status;  /* [G] struct page *, held                     */
    struct ptr_array active;  /* [G] chunks, or NULL                         */
    unsigned int nr_pinned;   /* [G] active entries with pins                */
    unsigned int nr_pinned_unreserved; /* [G] these beyond the reserved ones */

    spinlock_t maptrack_lock; /* LOCK_MAPTRACK                               */
    unsigned int max_handles; /* [I]                                         */
    struct ptr_array maptrack; /* [M] chunks of MAPTRACK_PER_FRAME           */
    unsigned int nr_handles;  /* [M] that exist                              */
    unsigned int free_handle; /* [M] first free one, or HANDLE_NONE          */
    unsigned int nr_busy;     /* [M] busy ones                               */
    unsigned int relinquish_next; /* grant_relinquish_mappings() only        */
    unsigned int chunk_next;      /* maptrack_relinquish() only              */
    unsigned int trim_next;   /* [G] grant_table_relinquish() only           */
};
/* [I] immutable  [G] lock  [M] maptrack_lock */

/* ---- gnttab-array.c ---- */

int ptr_array_init(struct ptr_array *a, unsigned int max) must_check;
void ptr_array_destroy(struct ptr_array *a); /* not what it points to */

void *ptr_array_get(const struct ptr_array *a, unsigned int i); /* or NULL */
/* -ENOMEM; never where something was before. */
int ptr_array_set(struct ptr_array *a, unsigned int i, void *p) must_check;
/* The first one from *i on, and its index; NULL: there is none. */
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
 * Where entry ref is: its first 64-bit word; v2 ones have two.  In usable
 * frames only.
 */
uint64_t *shared_word_locked(const struct grant_table *gt, grant_ref_t ref);
/* Where GTF_reading and GTF_writing of entry ref are kept. */
uint16_t *status_word_locked(const struct grant_table *gt, grant_ref_t ref);

/*
 * Let the table have nr frames, or GNTTAB_STEP more if that is less: 0 when
 * there are nr now, -ERESTART when more is to be done, -ENOMEM with nothing
 * done by this call.
 */
int gnttab_grow_step(struct domain *d, unsigned int nr) must_check;

/* The same for status frames, up to what nr_frames needs.  gt->lock held. */
int populate_status_locked(struct domain *d, unsigned int nr) must_check;
/* Drop up to GNTTAB_STEP of them.  gt->lock held. */
void drop_status_locked(struct grant_table *gt);

/* ---- gnttab-pin.c ---- */

/* NULL when nothing was ever pinned near it. */
struct active_entry *active_entry_locked(const struct grant_table *gt,
                                         grant_ref_t ref);
/* A chunk of active entries of a dying domain goes, if none of them is used. */
void active_chunk_trim_locked(struct grant_table *gt, unsigned int chunk);
/* GTF_reading and GTF_writing as the pins have them. */
uint16_t pin_flags(const struct active_entry *act);

struct pinned {
    struct page *page; /* held by the active entry, as long as it is pinned */
    uint16_t start, length;
};

/*
 * Pin rd's grant ref for the domain ld, once for each bit of pins.  map: a
 * sub-page grant is refused.  GNTST_bad_gntref no such entry; _general_error
 * not granted, not so, to another, or the entry keeps changing; _bad_page the
 * frame is none of rd's own; _no_space no memory.
 */
int16_t gnttab_pin(struct domain *rd, grant_ref_t ref, domid_t ld,
                   unsigned int pins, bool map, struct pinned *out) must_check;
/* May drop the last page of rd: the caller has a reference on rd. */
void gnttab_unpin(struct domain *rd, grant_ref_t ref, unsigned int pins);

/*
 * A reference on the frame that d names by its own number, memory of its own
 * only, writable when asked: NULL.  *writable (may be NULL) tells.
 */
struct page *gnttab_own_page(struct domain *d, uint64_t frame, bool write,
                             bool *writable) must_check;

/* ---- gnttab-maptrack.c ---- */

/* A busy handle, or HANDLE_NONE: no room, or d is dying. */
uint32_t maptrack_alloc(struct domain *d);
/* The busy handle is a mapping now; false when d began to die. */
bool maptrack_commit(struct domain *d, uint32_t handle,
                     const struct mapping *m) must_check;
/* Make a mapping busy and copy it: -ENOENT it is none, -EBUSY. */
int maptrack_claim(struct grant_table *gt, uint32_t handle,
                    struct mapping *m) must_check;
/* No longer busy; free, when no GNTMAP_*_map is left in flags. */
void maptrack_release(struct grant_table *gt, uint32_t handle,
                      unsigned int flags);
/*
 * Of a dying domain without mappings: free the table.  -ERESTART: there is
 * more to do, or somebody still has a busy handle.
 */
int maptrack_relinquish(struct grant_table *gt) must_check;

/* ---- the operations ---- */

/* The caller may see and set up d's table. */
static inline bool gnttab_allowed(const struct domain *d)
{
    return d == current_domain || !domain_dm_allowed(current_domain, d);
}

/* Batches return what was done when they give way: less than count. */
long gnttab_map(uint64_t uop, unsigned int count);
long gnttab_unmap(uint64_t uop, unsigned int count);
long gnttab_unmap_and_replace(uint64_t uop, unsigned int count);
long gnttab_copy(uint64_t uop, unsigned int count);
long gnttab_swap_grant_ref(uint64_t uop, unsigned int count);
long gnttab_cache_flush(uint64_t uop, unsigned int count);

/* One structure each; -ERESTART: call again with the same. */
long gnttab_setup_table(struct hypercall *hc);
long gnttab_query_size(uint64_t uop, unsigned int count);
long gnttab_set_version(uint64_t uop);
long gnttab_get_version(uint64_t uop);
long gnttab_get_status_frames(struct hypercall *hc);

#endif
