/* SPDX-License-Identifier: MIT */
/*
 * Address spaces of clients: the pages that each has mapped, through any file.
 * mm->lock is held from looking at a range until the range is changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "vma.h"

#include <hv/page.h>

static pthread_mutex_t mms_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mm *mms; /* [mms_lock] */

/* mms_lock held. */
static struct mm *find_locked(uint64_t id)
{
    struct mm *mm = mms;

    while ( mm && mm->id != id )
        mm = mm->next;
    return mm;
}

struct mm *mm_find(uint64_t id)
{
    struct mm *mm;

    pthread_mutex_lock(&mms_lock);
    mm = find_locked(id);
    if ( mm )
        mm->users++;
    pthread_mutex_unlock(&mms_lock);
    return mm;
}

struct mm *mm_get(uint64_t id)
{
    struct mm *mm;

    pthread_mutex_lock(&mms_lock);
    mm = find_locked(id);
    if ( !mm && (mm = calloc(1, sizeof(*mm))) )
    {
        mm->id = id;
        pthread_mutex_init(&mm->lock, NULL);
        mm->next = mms;
        mms = mm;
    }
    if ( mm )
        mm->users++;
    pthread_mutex_unlock(&mms_lock);
    return mm;
}

void mm_put(struct mm *mm)
{
    struct mm **p = &mms;

    pthread_mutex_lock(&mms_lock);
    if ( --mm->users )
    {
        pthread_mutex_unlock(&mms_lock);
        return;
    }
    while ( *p != mm )
        p = &(*p)->next;
    *p = mm->next;
    pthread_mutex_unlock(&mms_lock);
    pthread_mutex_destroy(&mm->lock);
    free(mm->map);
    free(mm);
}

/* Index of the first mapping at or above addr. */
static size_t find(const struct mm *mm, uint64_t addr)
{
    size_t low = 0, high = mm->nr_map;

    while ( low < high )
    {
        size_t mid = (low + high) / 2;

        if ( mm->map[mid].addr < addr )
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct page *mm_mapped_page(struct mm *mm, uint64_t addr)
{
    size_t i = find(mm, addr);

    return i < mm->nr_map && mm->map[i].addr == addr ? mm->map[i].page : NULL;
}

static bool make_room(struct mm *mm)
{
    size_t room = mm->room ? mm->room * 2 : 64;
    struct mapping *map;

    if ( mm->nr_map < mm->room )
        return true;
    map = realloc(mm->map, room * sizeof(*map));
    if ( !map )
        return false;
    mm->map = map;
    mm->room = room;
    return true;
}

/* index: what find() says of addr. */
static void insert(struct mm *mm, size_t index, uint64_t addr,
                   struct page *page)
{
    memmove(&mm->map[index + 1], &mm->map[index],
            (mm->nr_map - index) * sizeof(*mm->map));
    mm->map[index] = (struct mapping){ addr, page };
    mm->nr_map++;
}

int file_map_page(struct file *f, uint64_t addr, struct page *page, int prot)
{
    struct mm *mm = f->conn->mm;
    size_t i = find(mm, addr);
    int rc = 0;

    if ( i < mm->nr_map && mm->map[i].addr == addr )
        rc = -EBUSY;
    else if ( !make_room(mm) )
        rc = -ENOMEM;
    if ( rc )
    {
        page_put(page);
        return rc;
    }
    insert(mm, i, addr, page);
    conn_add_run(f->conn, addr, page_to_mfn(page), prot);
    return 0;
}

void mm_unmap_range(struct mm *mm, uint64_t addr, size_t len)
{
    size_t first = find(mm, addr), last = find(mm, addr + len);

    for ( size_t i = first; i < last; i++ )
        page_put(mm->map[i].page);
    if ( first < last )
        memmove(&mm->map[first], &mm->map[last],
                (mm->nr_map - last) * sizeof(*mm->map));
    mm->nr_map -= last - first;
}

int mm_copy_range(struct mm *mm, const struct mm *from, uint64_t addr,
                  size_t len)
{
    size_t first = find(from, addr), last = find(from, addr + len);

    for ( size_t i = first; i < last; i++ )
    {
        if ( !make_room(mm) )
        {
            mm_unmap_range(mm, addr, len);
            return -ENOMEM;
        }
        page_get_more(from->map[i].page);
        insert(mm, find(mm, from->map[i].addr), from->map[i].addr,
               from->map[i].page);
    }
    return 0;
}

void mms_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    pthread_mutex_lock(&mms_lock);
    for ( struct mm *mm = mms; mm; mm = mm->next )
    {
        pthread_mutex_lock(&mm->lock);
        for ( size_t i = 0; i < mm->nr_map; i++ )
            count(page_to_mfn(mm->map[i].page), HOLD_ARCH);
        pthread_mutex_unlock(&mm->lock);
    }
    pthread_mutex_unlock(&mms_lock);
}
