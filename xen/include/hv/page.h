/* SPDX-License-Identifier: MIT */
/*
 * Pages: who owns a frame, how many hold it, and by what right.
 *
 * Every reference belongs to a holder that can be named (enum page_holder):
 * audit_all() walks the holders and recomputes each count.  The frame goes
 * back to the heap with its last reference, whoever drops it; until then its
 * owner stays the same, and so does its content: dead memory, never somebody
 * else's.
 *
 *     free --page_alloc--> refs 1, owner d --page_get/put--> refs n
 *      ^                                                       |
 *      +-------------------- page_put of the last -------------+
 */
#ifndef HV_PAGE_H
#define HV_PAGE_H

#include <hv/atomic.h>
#include <hv/list.h>
#include <hv/types.h>

struct domain;

enum page_holder {
    HOLD_P2M,     /* a p2m entry of the owner                              */
    HOLD_FOREIGN, /* a p2m entry of another domain (foreign or grant)      */
    HOLD_GRANT,   /* an active grant: one per pinned grant entry           */
    HOLD_TABLE,   /* the hypervisor's own: grant frames, ioreq pages, ...  */
    HOLD_ARCH,    /* mapped by a client through the machine underneath     */
    NR_PAGE_HOLDERS,
};

/* page->flags */
#define PAGE_EXTRA 0x1 /* counted in extra_pages; never given up by guests    */
#define PAGE_HV 0x2    /* hypervisor's own memory: no owner                   */
#define PAGE_P2M 0x4   /* a table of somebody's p2m (also PAGE_HV)            */
#define PAGE_SLAB 0x8  /* small objects of xen/lib/heap.c (also PAGE_HV)      */
#define PAGE_BLOCK 0x10 /* a large object of it begins here (also PAGE_HV)    */

struct page {
    uint32_t refs;        /* [a] 0: free                                   */
    uint8_t flags;        /* [r]                                           */
    uint8_t order;        /* [H] of a free block, at its first page; [O]   */
    union {
        uint8_t objects;  /* [O] of a slab: in use; of a block: its length */
        bool claimed;     /* [a] of a domain's: p2m_claim_page()           */
    };
    uint8_t free_object;  /* [O] of a slab: the first free one             */
    struct domain *owner; /* [r] NULL for PAGE_HV                          */
    struct list link;     /* [H] free list; [O] slabs and blocks           */
};
/*
 * [a] atomic  [r] stable while a reference is held  [H] the heap's lock
 * [O] of PAGE_SLAB and PAGE_BLOCK pages: xen/lib/heap.c's lock
 */

/* The frame table has one struct page for each frame 0..nr_frames-1. */
extern struct page *frame_table;
extern uint64_t nr_frames;

/* The hypervisor trusts what is in it: nobody gets another reference. */
#define page_is_claimed(pg) READ_ONCE((pg)->claimed)

static inline bool mfn_valid(mfn_t mfn)
{
    return mfn_x(mfn) < nr_frames;
}

static inline struct page *mfn_to_page(mfn_t mfn)
{
    return &frame_table[mfn_x(mfn)];
}

static inline mfn_t page_to_mfn(const struct page *pg)
{
    return _mfn((uint64_t)(pg - frame_table));
}

/* Give the frames [first, first + nr) to the heap; boot time only. */
void page_heap_init(struct page *table, uint64_t frames);
void page_heap_add(uint64_t first, uint64_t nr);

/*
 * Boot time: frames [first, first + nr) that the heap never had become d's,
 * with what is in them, as if page_alloc() had given them one by one: one
 * reference each, counted in tot_pages.  They go to the heap in the end.
 * -EINVAL some of them do not exist, are in use or the heap's; -ENOMEM beyond
 * d->max_pages.
 */
int page_assign_boot(struct domain *d, mfn_t first, uint64_t nr) must_check;

/*
 * 2^order contiguous frames, zeroed, each with one reference.
 *
 * d: the owner, or NULL for PAGE_HV memory.  The frames count against
 * d->max_pages, with PAGE_EXTRA against d->max_extra.  NULL when memory or the
 * limit is exhausted, or d is dying.  A domain that owns a page cannot be
 * freed.
 */
struct page *page_alloc(struct domain *d, unsigned int order,
                        unsigned int flags) must_check;

/* The same, counted, but these very frames; NULL also: some are in use. */
struct page *page_alloc_at(struct domain *d, mfn_t first, unsigned int order)
    must_check;

/*
 * The same in steps: a block that is charged to d, whose frames have neither
 * references nor lost what was in them; then, frame by frame, one becomes a
 * page of d, cleared, with one reference, or goes back.
 */
struct page *page_reserve(struct domain *d, unsigned int order) must_check;
void page_begin(struct page *pg, struct domain *d);
void page_unreserve(struct page *pg, struct domain *d);

/*
 * Take a reference, if the page is in use and owned by d.  Needs no lock: the
 * owner cannot change while there is a reference.
 */
bool page_get(struct page *pg, const struct domain *d) must_check;

/* Another reference, for a caller that already holds one. */
void page_get_more(struct page *pg);

/* Drop a reference; the last one frees the frame. May free the owner too. */
void page_put(struct page *pg);

uint64_t page_nr_free(void);
/* All that the heap was given, and what page_assign_boot() adds to that. */
uint64_t page_nr_total(void);

/* Where the hypervisor sees the frame: mapped always. */
static inline void *page_to_virt(const struct page *pg);

/* ---- arch contract ---- */

void *arch_mfn_to_virt(mfn_t mfn);

static inline void *page_to_virt(const struct page *pg)
{
    return arch_mfn_to_virt(page_to_mfn(pg));
}

#endif
