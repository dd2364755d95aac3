/* SPDX-License-Identifier: MIT */
/*
 * The heap of frames: a buddy allocator.
 *
 * Free blocks of 2^order frames, aligned to their size, hang in one list per
 * order; the first page of a free block carries the order and FREE_HEAD.
 * heap_lock (LOCK_HEAP) protects lists and the `link`, `order` fields of free
 * pages, and all claims.
 *
 * A claim is a number of free frames that are set aside for one domain, which
 * ones does not matter: nobody else gets the last ones.
 */
#include "page-private.h"

#include <hv/atomic.h>
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/lock.h>

#define FREE_HEAD 0x80 /* page->flags: first page of a free block */

struct page *frame_table;
uint64_t nr_frames;

static struct list free_list[MAX_ORDER + 1];
static uint64_t nr_free, nr_total;
static uint64_t nr_claimed; /* the sum of all claims */
static spinlock_t heap_lock;

void page_heap_init(struct page *table, uint64_t frames)
{
    frame_table = table;
    nr_frames = frames;
    nr_free = nr_total = nr_claimed = 0;
    for ( unsigned int i = 0; i <= MAX_ORDER; i++ )
        list_init(&free_list[i]);
    spin_lock_init(&heap_lock, LOCK_HEAP);
}

static void push_free(struct page *pg, unsigned int order)
{
    pg->flags = FREE_HEAD;
    pg->order = (uint8_t)order;
    list_add_tail(&pg->link, &free_list[order]);
}

static void pop_free(struct page *pg)
{
    pg->flags = 0;
    list_del(&pg->link);
}

static bool is_free_block(uint64_t mfn, unsigned int order)
{
    return mfn + (1UL << order) <= nr_frames &&
           READ_ONCE(frame_table[mfn].flags) == FREE_HEAD &&
           frame_table[mfn].order == order;
}

/* Give back one frame, merged with its buddies as far as they are free. */
static void free_one_locked(uint64_t mfn)
{
    unsigned int order;

    ASSERT(spin_is_mine(&heap_lock));
    for ( order = 0; order < MAX_ORDER; order++ )
    {
        uint64_t buddy = mfn ^ (1UL << order);

        if ( !is_free_block(buddy, order) )
            break;
        pop_free(&frame_table[buddy]);
        mfn &= ~(1UL << order);
    }
    push_free(&frame_table[mfn], order);
    nr_free++;
}

void page_heap_add(uint64_t first, uint64_t nr)
{
    spin_lock(&heap_lock);
    for ( uint64_t mfn = first; mfn < first + nr; mfn++ )
        free_one_locked(mfn);
    nr_total += nr;
    spin_unlock(&heap_lock);
}

void heap_expect(uint64_t nr)
{
    spin_lock(&heap_lock);
    nr_total += nr;
    spin_unlock(&heap_lock);
}

bool heap_has_frame(uint64_t mfn)
{
    bool found = false;

    spin_lock(&heap_lock);
    for ( unsigned int order = 0; order <= MAX_ORDER && !found; order++ )
        found = is_free_block(mfn & ~((1UL << order) - 1), order);
    spin_unlock(&heap_lock);
    return found;
}

/*
 * Split the free block pg of order `o`: allocate the block of `order` from mfn
 * on, which is in pg, and leave the rest free.
 */
static struct page *split_around(struct page *pg, unsigned int o, uint64_t mfn,
                                 unsigned int order)
{
    pop_free(pg);
    while ( o-- > order )
    {
        struct page *upper = pg + (1UL << o);
        bool in_upper = mfn >= mfn_x(page_to_mfn(upper));

        push_free(in_upper ? pg : upper, o);
        pg = in_upper ? upper : pg;
    }
    nr_free -= 1UL << order;
    return pg;
}

/* Would a block leave what others have claimed?  Lock held. */
static bool may_take(unsigned int order, const uint64_t *claim)
{
    uint64_t nr = 1UL << order;

    return nr <= nr_free &&
           (nr <= nr_free - min(nr_claimed, nr_free) ||
            (claim && *claim >= nr));
}

/* The block is the domain's now.  Lock held. */
static void use_claim(unsigned int order, uint64_t *claim)
{
    uint64_t nr = claim ? min(1UL << order, *claim) : 0;

    nr_claimed -= nr;
    if ( nr )
        *claim -= nr;
}

int heap_claim(uint64_t *claim, uint64_t nr)
{
    int rc = 0;

    spin_lock(&heap_lock);
    ASSERT(nr_claimed >= *claim);
    if ( nr > *claim && nr - *claim > nr_free - min(nr_claimed, nr_free) )
        rc = -ENOMEM;
    else
    {
        nr_claimed += nr - *claim;
        *claim = nr;
    }
    spin_unlock(&heap_lock);
    return rc;
}

struct page *heap_alloc_at(uint64_t mfn, unsigned int order, uint64_t *claim)
{
    struct page *pg = NULL;

    if ( order > MAX_ORDER || mfn & ((1UL << order) - 1) || arch_alloc_fails() )
        return NULL;
    /* Free buddies are always merged: one free block has all, or none has. */
    spin_lock(&heap_lock);
    for ( unsigned int o = order;
          may_take(order, claim) && o <= MAX_ORDER && !pg; o++ )
    {
        uint64_t first = mfn & ~((1UL << o) - 1);

        if ( is_free_block(first, o) )
            pg = split_around(&frame_table[first], o, mfn, order);
    }
    if ( pg )
        use_claim(order, claim);
    spin_unlock(&heap_lock);
    return pg;
}

struct page *heap_alloc_block(unsigned int order, uint64_t *claim)
{
    struct page *pg = NULL;
    unsigned int o;

    if ( order > MAX_ORDER || arch_alloc_fails() )
        return NULL;

    spin_lock(&heap_lock);
    for ( o = order; o <= MAX_ORDER; o++ )
        if ( !list_empty(&free_list[o]) )
            break;
    if ( o <= MAX_ORDER && may_take(order, claim) )
    {
        pg = list_entry(free_list[o].next, struct page, link);
        pop_free(pg);
        while ( o-- > order )
            push_free(pg + (1UL << o), o);
        nr_free -= 1UL << order;
        use_claim(order, claim);
    }
    spin_unlock(&heap_lock);
    return pg;
}

/*
 * Frames at low addresses.  Looked at are the blocks that came last to each list,
 * among them what is left of blocks that were split for the same purpose, then
 * blocks of 2 MiB and more in the first 4 GiB.
 */
#define LATEST 8
#define MAX_LOOKS 2048
#define LOOK_ORDER 9

static struct page *find_latest_locked(uint64_t end, unsigned int order)
{
    for ( unsigned int o = order; o <= MAX_ORDER; o++ )
    {
        const struct list *l = free_list[o].prev;

        for ( unsigned int i = 0; i < LATEST && l != &free_list[o];
              i++, l = l->prev )
        {
            struct page *pg = list_entry(l, struct page, link);
            uint64_t mfn = mfn_x(page_to_mfn(pg));

            if ( mfn + (1UL << order) <= end )
                return split_around(pg, o, mfn, order);
        }
    }
    return NULL;
}

static struct page *find_lowest_locked(uint64_t end, unsigned int order)
{
    unsigned int at_least = max(order, LOOK_ORDER + 0U);
    uint64_t step = 1UL << at_least;

    for ( uint64_t i = 0, mfn = 0; i < MAX_LOOKS && mfn + (1UL << order) <= end;
          i++, mfn += step )
        for ( unsigned int o = at_least; o <= MAX_ORDER; o++ )
        {
            uint64_t first = mfn & ~((1UL << o) - 1);

            if ( is_free_block(first, o) )
                return split_around(&frame_table[first], o, mfn, order);
        }
    return NULL;
}

struct page *heap_alloc_below(uint64_t end, unsigned int order,
                              uint64_t *claim)
{
    struct page *pg = NULL;

    if ( order > MAX_ORDER || arch_alloc_fails() )
        return NULL;
    spin_lock(&heap_lock);
    if ( may_take(order, claim) )
    {
        pg = find_latest_locked(end, order);
        if ( !pg )
            pg = find_lowest_locked(end, order);
    }
    if ( pg )
        use_claim(order, claim);
    spin_unlock(&heap_lock);
    return pg;
}

void heap_free_frame(struct page *pg)
{
    spin_lock(&heap_lock);
    free_one_locked(mfn_x(page_to_mfn(pg)));
    spin_unlock(&heap_lock);
}

static uint64_t read_locked(const uint64_t *count)
{
    uint64_t nr;

    spin_lock(&heap_lock);
    nr = *count;
    spin_unlock(&heap_lock);
    return nr;
}

uint64_t page_nr_free(void)
{
    return read_locked(&nr_free);
}

uint64_t page_nr_claimed(void)
{
    return read_locked(&nr_claimed);
}

uint64_t page_nr_total(void)
{
    return read_locked(&nr_total);
}
