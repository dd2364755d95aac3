/* SPDX-License-Identifier: MIT */
/*
 * Objects out of frames, for machines that have no allocator of their own and
 * see all frames in one linear map: <hv/heap.h>.
 *
 * Up to 2 KiB an object is one of a slab: a frame cut into equal parts.  A free
 * part begins with the number of the next free one; how many are in use, and
 * the first free one, stand in the slab's struct page.  What is larger is a
 * block of frames, of which those at its end that are not needed go back at
 * once.
 *
 *     frame --> slab with free parts <--> full slab
 *       ^            |
 *       +------------+  all parts free, and another slab has free ones
 *
 * Every frame hangs in one of three kinds of lists, so that each reference has
 * a holder.  objects_lock (LOCK_OBJECTS) protects lists, slabs and the [O]
 * fields; frames come and go without it.
 */
#include <hv/atomic.h>
#include <hv/heap.h>
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/list.h>
#include <hv/lock.h>
#include <hv/page.h>

#define MIN_SHIFT 6 /* 64 bytes: also the alignment of everything */
#define MAX_SHIFT 11
#define NR_CLASSES (MAX_SHIFT - MIN_SHIFT + 1)
#define NONE UINT8_MAX

#define FREE_MARK 0x6f7269656c66726fUL

struct free_part {
    uint64_t mark; /* FREE_MARK ^ its address: worth looking closer */
    uint8_t next;  /* or NONE */
};

static struct list usable[NR_CLASSES]; /* slabs with free parts */
static struct list full[NR_CLASSES];
static struct list blocks;
static spinlock_t objects_lock;

void heap_init(void)
{
    spin_lock_init(&objects_lock, LOCK_OBJECTS);
    list_init(&blocks);
    for ( unsigned int i = 0; i < NR_CLASSES; i++ )
    {
        list_init(&usable[i]);
        list_init(&full[i]);
    }
}

static void move_to(struct page *pg, struct list *list)
{
    list_del(&pg->link);
    list_add_tail(&pg->link, list);
}

/* ---- slabs: page->order is the class ---- */

static unsigned int part_size(unsigned int class)
{
    return 1U << (class + MIN_SHIFT);
}

static unsigned int parts_of(unsigned int class)
{
    return PAGE_SIZE / part_size(class);
}

static struct free_part *part_at(const struct page *pg, unsigned int i)
{
    return (void *)((char *)page_to_virt(pg) + i * part_size(pg->order));
}

static uint64_t mark_of(const struct free_part *part)
{
    return FREE_MARK ^ (uintptr_t)part;
}

static void put_part(struct page *pg, unsigned int i)
{
    struct free_part *part = part_at(pg, i);

    part->mark = mark_of(part);
    part->next = pg->free_object;
    pg->free_object = (uint8_t)i;
}

static void *take_part(struct page *pg)
{
    struct free_part *part;

    BUG_ON(pg->free_object >= parts_of(pg->order));
    part = part_at(pg, pg->free_object);
    BUG_ON(part->mark != mark_of(part)); /* written to after it was freed */
    pg->free_object = part->next;
    part->mark = 0;
    if ( ++pg->objects == parts_of(pg->order) )
        move_to(pg, &full[pg->order]);
    return part;
}

static struct page *new_slab(unsigned int class)
{
    struct page *pg = page_alloc(NULL, 0, PAGE_SLAB);

    if ( !pg )
        return NULL;
    list_init(&pg->link);
    pg->order = (uint8_t)class;
    pg->objects = 0;
    pg->free_object = NONE;
    for ( unsigned int i = parts_of(class); i-- > 0; )
        put_part(pg, i);
    return pg;
}

static void *alloc_small(unsigned int class)
{
    struct page *pg;
    void *p = NULL;

    spin_lock(&objects_lock);
    if ( list_empty(&usable[class]) )
    {
        spin_unlock(&objects_lock);
        pg = new_slab(class);
        spin_lock(&objects_lock);
        if ( pg )
            list_add_tail(&pg->link, &usable[class]);
    }
    if ( !list_empty(&usable[class]) )
        p = take_part(list_entry(usable[class].next, struct page, link));
    spin_unlock(&objects_lock);
    return p;
}

static bool part_is_free(const struct page *pg, unsigned int i)
{
    const struct free_part *part = part_at(pg, i);
    unsigned int at = pg->free_object;

    if ( likely(part->mark != mark_of(part)) )
        return false;
    while ( at < parts_of(pg->order) && at != i )
        at = part_at(pg, at)->next;
    return at == i;
}

/* Lock held.  Returns the frame when it is to go. */
static struct page *free_small(struct page *pg, unsigned int offset)
{
    unsigned int i = offset / part_size(pg->order);

    BUG_ON(offset % part_size(pg->order) || part_is_free(pg, i));
    put_part(pg, i);
    if ( pg->objects-- == parts_of(pg->order) )
        move_to(pg, &usable[pg->order]);
    /* The last one with free parts stays, for the next who wants one. */
    if ( pg->objects || (pg->link.next == &usable[pg->order] &&
                         pg->link.prev == &usable[pg->order]) )
        return NULL;
    list_del(&pg->link);
    return pg;
}

/* ---- blocks: page->objects is their length, in steps of their order ---- */

#define STEPS_SHIFT 4 /* up to 16 steps, each at least a frame */

static uint64_t frames_per_step(unsigned int order)
{
    return order > STEPS_SHIFT ? 1UL << (order - STEPS_SHIFT) : 1;
}

static uint64_t frames_of(const struct page *pg)
{
    return pg->objects * frames_per_step(pg->order);
}

static void *alloc_large(size_t bytes)
{
    uint64_t frames = DIV_ROUND_UP(bytes, PAGE_SIZE), i;
    unsigned int order = 0;
    struct page *pg;

    if ( bytes > ~0UL - PAGE_SIZE )
        return NULL;
    while ( frames > 1UL << order )
        order++;
    pg = page_alloc(NULL, order, 0);
    if ( !pg )
        return NULL;

    WRITE_ONCE(pg->flags, (uint8_t)(PAGE_HV | PAGE_BLOCK));
    pg->order = (uint8_t)order;
    pg->objects = (uint8_t)DIV_ROUND_UP(frames, frames_per_step(order));
    for ( i = frames_of(pg); i < 1UL << order; i++ )
        page_put(pg + i);
    spin_lock(&objects_lock);
    list_add_tail(&pg->link, &blocks);
    spin_unlock(&objects_lock);
    return page_to_virt(pg);
}

/* ---- both ---- */

void *arch_heap_alloc(size_t bytes)
{
    unsigned int class = 0;

    if ( bytes > 1UL << MAX_SHIFT )
        return alloc_large(bytes);
    while ( bytes > part_size(class) )
        class++;
    return alloc_small(class);
}

/* The frame of something that was allocated here; anything else is a bug. */
static struct page *frame_of(const void *p)
{
    uint64_t offset = (uintptr_t)p - (uintptr_t)arch_mfn_to_virt(_mfn(0));
    mfn_t mfn = _mfn(offset >> PAGE_SHIFT);
    struct page *pg;

    BUG_ON(!mfn_valid(mfn));
    pg = mfn_to_page(mfn);
    BUG_ON(!pg->refs || !(pg->flags & (PAGE_SLAB | PAGE_BLOCK)));
    BUG_ON((pg->flags & PAGE_BLOCK) && offset % PAGE_SIZE);
    return pg;
}

void arch_heap_free(void *p)
{
    unsigned int offset = (uintptr_t)p % PAGE_SIZE;
    uint64_t frames = 1;
    struct page *pg;

    spin_lock(&objects_lock);
    pg = frame_of(p);
    if ( pg->flags & PAGE_SLAB )
        pg = free_small(pg, offset);
    else
    {
        frames = frames_of(pg);
        list_del(&pg->link);
    }
    if ( pg )
        WRITE_ONCE(pg->flags, (uint8_t)PAGE_HV);
    spin_unlock(&objects_lock);
    for ( uint64_t i = 0; pg && i < frames; i++ )
        page_put(pg + i);
}

void heap_audit_refs(void (*count)(mfn_t mfn, enum page_holder holder))
{
    struct page *pg;

    spin_lock(&objects_lock);
    for ( unsigned int i = 0; i < NR_CLASSES; i++ )
    {
        list_for_each (pg, &usable[i], link)
            count(page_to_mfn(pg), HOLD_TABLE);
        list_for_each (pg, &full[i], link)
            count(page_to_mfn(pg), HOLD_TABLE);
    }
    list_for_each (pg, &blocks, link)
        for ( uint64_t i = 0; i < frames_of(pg); i++ )
            count(mfn_add(page_to_mfn(pg), i), HOLD_TABLE);
    spin_unlock(&objects_lock);
}

/* ---- for people ---- */

static void add_up(const struct list *slabs, unsigned int *frames,
                   unsigned int *objects)
{
    const struct page *pg;

    list_for_each (pg, slabs, link)
    {
        ++*frames;
        *objects += pg->objects;
    }
}

static void show_class(struct key_press *k, unsigned int class)
{
    unsigned int frames = 0, objects = 0;

    spin_lock(&objects_lock);
    add_up(&usable[class], &frames, &objects);
    add_up(&full[class], &frames, &objects);
    spin_unlock(&objects_lock);
    key_print(k, "objects of %u bytes: %u in %u frames", part_size(class),
              objects, frames);
}

void arch_heap_show(struct key_press *k)
{
    const struct page *pg;
    unsigned int nr = 0;
    uint64_t frames = 0;

    for ( unsigned int i = 0; i < NR_CLASSES; i++ )
        show_class(k, i);
    spin_lock(&objects_lock);
    list_for_each (pg, &blocks, link)
    {
        nr++;
        frames += frames_of(pg);
    }
    spin_unlock(&objects_lock);
    key_print(k, "larger ones: %u in %lu frames", nr, (unsigned long)frames);
}
