/* SPDX-License-Identifier: MIT */
/* Which addresses are mapped through which file. */
#include <stdlib.h>

#include "preload.h"

struct map {
    uintptr_t start, end;
    struct file *file;
    struct map *next;
};

static struct map *maps; /* [table_lock] */

void add_map(struct file *f, void *addr, size_t len)
{
    struct map *m = malloc(sizeof(*m));

    pthread_mutex_lock(&table_lock);
    if ( m )
    {
        *m = (struct map){ (uintptr_t)addr, (uintptr_t)addr + len, f, maps };
        maps = m;
        f->nr_maps++;
    }
    pthread_mutex_unlock(&table_lock);
}

bool splits_map(uintptr_t start, uintptr_t end)
{
    bool splits = false;

    pthread_mutex_lock(&table_lock);
    for ( struct map *m = maps; m; m = m->next )
        if ( m->file->kind == WIRE_PRIVCMD && m->start < end &&
             m->end > start && (m->start < start || m->end > end) )
            splits = true;
    pthread_mutex_unlock(&table_lock);
    return splits;
}

bool is_mapped(uintptr_t addr)
{
    struct map *m;

    pthread_mutex_lock(&table_lock);
    for ( m = maps; m && (addr < m->start || addr >= m->end); m = m->next )
        ;
    pthread_mutex_unlock(&table_lock);
    return m;
}

/* Take [start, end) out of the list; returns one overlap at a time. */
static struct file *cut_locked(uintptr_t start, uintptr_t end,
                               uintptr_t *from, uintptr_t *to)
{
    for ( struct map **p = &maps; *p; p = &(*p)->next )
    {
        struct map *m = *p;

        if ( m->end <= start || m->start >= end )
            continue;
        *from = m->start > start ? m->start : start;
        *to = m->end < end ? m->end : end;
        if ( m->start < *from && m->end > *to )
        {
            struct map *tail = malloc(sizeof(*tail));

            if ( tail )
            {
                *tail = *m;
                tail->start = *to;
                m->next = tail;
                m->file->nr_maps++;
            }
            m->end = *from;
        }
        else if ( m->start < *from )
            m->end = *from;
        else if ( m->end > *to )
            m->start = *to;
        else
        {
            struct file *f = m->file;

            /* nr_maps drops when the server has been told. */
            *p = m->next;
            free(m);
            return f;
        }
        m->file->nr_maps++;
        return m->file;
    }
    return NULL;
}

/* Forget one part: its file, kept until told(), or NULL: no part is left. */
static struct file *cut_map(uintptr_t start, uintptr_t end, uintptr_t *from,
                            uintptr_t *to)
{
    struct file *f;

    pthread_mutex_lock(&table_lock);
    f = cut_locked(start, end, from, to);
    if ( f )
        f->users++;
    pthread_mutex_unlock(&table_lock);
    return f;
}

static void told(struct file *f)
{
    pthread_mutex_lock(&table_lock);
    f->nr_maps--;
    pthread_mutex_unlock(&table_lock);
    file_put(f);
}

/*
 * Unmap the frames first, then tell the server to drop its references, and free
 * the addresses last: no other thread can get the addresses before the server
 * has forgotten them.
 */
void forget_range(uintptr_t start, uintptr_t end)
{
    uintptr_t from, to;
    struct file *f;

    while ( (f = cut_map(start, end, &from, &to)) )
    {
        reserve(from, to);
        request(f, WIRE_MUNMAP, from, to - from, 0, 0);
        told(f);
    }
}

void forget_all_maps(void)
{
    struct map *m;

    while ( (m = maps) )
    {
        maps = m->next;
        free(m);
    }
}
