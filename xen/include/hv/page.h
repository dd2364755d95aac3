/* SPDX-License-Identifier: MIT */
/*
 * Pages: the owner of each frame, the references on it, and their holders.
 *
 * Every reference belongs to a holder that can be named (enum page_holder):
 * audit_all() walks the holders and recomputes each count.  A frame goes back
 * to the heap with its last reference.  Until then the owner and the content
 * of the frame stay, also after the owner's death: the frame is never given to
 * another domain while a reference is left.
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
    HOLD_PTE,     /* an entry of a PV guest's page tables, a pin, a root   */
    HOLD_OWN,     /* a PV domain's reservation                             */
    HOLD_POD,     /* the cache of populate on demand                       */
    NR_PAGE_HOLDERS,
};

/* page->flags */
#define PAGE_EXTRA 0x1 /* counted in extra_pages; never given up by guests    */
#define PAGE_HV 0x2    /* hypervisor's own memory: no owner                   */
#define PAGE_P2M 0x4   /* in a p2m's pool or a table there (also PAGE_HV) */
#define PAGE_SLAB 0x8  /* small objects of xen/lib/heap.c (also PAGE_HV)      */
#define PAGE_BLOCK 0x10 /* first page of a large one there (also PAGE_HV)     */

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

/*
 * The frame table has one struct page for each frame 0..nr_frames-1.  Those of
 * frames that are no RAM are 0, and nobody may write to them.
 */
extern struct page *frame_table;
extern uint64_t nr_frames;

/*
 * Claimed by p2m_claim_page(): the hypervisor trusts the content of the page,
 * and no lookup takes a further reference on the page but a device model's.
 * page_claim() is about free frames, and has nothing to do with it.
 */
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

/* Boot time only: an empty heap; table has one entry for each of the frames. */
void page_heap_init(struct page *table, uint64_t frames);
/* Boot time only: give the frames [first, first + nr) to the heap. */
void page_heap_add(uint64_t first, uint64_t nr);

/*
 * Boot time: frames [first, first + nr) that the heap never had become d's,
 * content unchanged, as if page_alloc() had allocated them one by one: one
 * reference each, counted in tot_pages.  The last reference of each gives the
 * frame to the heap.  -EINVAL a frame does not exist, is in use or is the
 * heap's; -ENOMEM beyond d->max_pages, or d is dying.
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

/*
 * page_alloc() without flags, of the 2^order frames from `first` on; NULL also
 * when `first` is not aligned to 2^order or one of the frames is in use.
 */
struct page *page_alloc_at(struct domain *d, mfn_t first, unsigned int order)
    must_check;

/*
 * page_alloc() in steps.  page_reserve() charges d for a block of 2^order
 * frames, which are not cleared yet and have no references; NULL as
 * page_alloc().  Then page_begin() makes one frame of it a page of d, zeroed,
 * with one reference, or page_unreserve() gives the frame back.
 */
struct page *page_reserve(struct domain *d, unsigned int order) must_check;
void page_begin(struct page *pg, struct domain *d);
void page_unreserve(struct page *pg, struct domain *d);

/*
 * page_reserve() of frames below frame `end`.  When that is not all of the
 * machine's memory, not all free blocks are looked at: those freed last, and
 * those of 2 MiB and more in the first 4 GiB.
 */
struct page *page_reserve_below(struct domain *d, unsigned int order,
                                uint64_t end) must_check;

/*
 * Exchange a domain's frame, which is not PAGE_EXTRA, and on which the caller's
 * reference is the only one, for one that was reserved for nobody (d NULL),
 * without touching the domain's account.  page_freeze() takes that reference, so
 * that nobody can get another one; false: there are others.  Then page_thaw()
 * gives it back, or page_swap() frees the frozen frame and makes pg a page of
 * the same domain as page_begin().
 */
bool page_freeze(struct page *pg) must_check;
void page_thaw(struct page *pg);
void page_swap(struct page *frozen, struct page *pg);

/*
 * XENMEM_claim_pages: set free frames aside, so that d can have nr in all.  Each
 * frame that d gets makes the claim smaller.  0: end the claim.  -EINVAL d has a
 * claim, has nr frames already, may not have nr, or is dying; -ENOMEM.
 */
int page_claim(struct domain *d, uint64_t nr) must_check;

/*
 * Take a reference, if the page is in use and owned by d; false otherwise.
 * Needs no lock: the owner cannot change while a reference is held.  False, too,
 * when there are so many: a PV guest can have one for each 8 bytes of its page
 * tables.  The other half of what can be counted is for page_get_more().
 */
#define PAGE_MAX_GETS (1U << 31)
bool page_get(struct page *pg, const struct domain *d) must_check;

/* Another reference, for a caller that already holds one. */
void page_get_more(struct page *pg);

/*
 * Drop a reference.  The last one frees the frame, and may free the owner with
 * it: no lock of the page's owner held.
 */
void page_put(struct page *pg);

/* Frames that are free. */
uint64_t page_nr_free(void);
/* Of these, the ones that are set aside for domains: page_claim(). */
uint64_t page_nr_claimed(void);
/* Frames given by page_heap_add() and page_assign_boot(). */
uint64_t page_nr_total(void);

/* The frame's address in the hypervisor's address space; mapped always. */
static inline void *page_to_virt(const struct page *pg);

/* ---- arch contract ---- */

void *arch_mfn_to_virt(mfn_t mfn);

static inline void *page_to_virt(const struct page *pg)
{
    return arch_mfn_to_virt(page_to_mfn(pg));
}

#endif
