/* SPDX-License-Identifier: MIT */
/* Which addresses are mapped through which file. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "preload.h"

static struct map *maps; /* [table_lock] */

bool add_map(const struct map *new)
{
    struct map *m = malloc(sizeof(*m));

    pthread_mutex_lock(&table_lock);
    if ( m )
    {
        *m = *new;
        m->next = maps;
        maps = m;
        m->file->nr_maps++;
    }
    pthread_mutex_unlock(&table_lock);
    return m;
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

static struct map *find_locked(uintptr_t addr)
{
    struct map *m = maps;

    while ( m && (addr < m->start || addr >= m->end) )
        m = m->next;
    return m;
}

bool is_mapped(uintptr_t addr)
{
    bool is;

    pthread_mutex_lock(&table_lock);
    is = find_locked(addr);
    pthread_mutex_unlock(&table_lock);
    return is;
}

bool is_foreign(uintptr_t start, size_t len)
{
    bool found = false;

    pthread_mutex_lock(&table_lock);
    for ( const struct map *m = maps; m; m = m->next )
        found |= m->file->kind == WIRE_PRIVCMD && m->start < start + len &&
                 m->end > start;
    pthread_mutex_unlock(&table_lock);
    return found;
}

int map_prot(uintptr_t addr)
{
    const struct map *m;
    int prot;

    pthread_mutex_lock(&table_lock);
    m = find_locked(addr);
    prot = m ? m->prot : PROT_NONE;
    pthread_mutex_unlock(&table_lock);
    return prot;
}

/* ---- mprotect ---- */

/* A part of a privcmd mapping cannot be changed. */
static long may_protect(const struct map *m, uintptr_t start, uintptr_t end,
                        int prot)
{
    if ( m->no_write && (prot & PROT_WRITE) )
        return -EACCES;
    return m->file->kind == WIRE_PRIVCMD && (m->start < start || m->end > end)
               ? -EINVAL : 0;
}

/* The first mapping in the range, at or above *from, with a user of its file. */
static struct file *next_file(uintptr_t *from, uintptr_t end, uintptr_t *to,
                              int prot)
{
    struct map *first = NULL;
    struct file *f = NULL;

    pthread_mutex_lock(&table_lock);
    for ( struct map *m = maps; m; m = m->next )
        if ( m->end > *from && m->start < end &&
             (!first || m->start < first->start) )
            first = m;
    if ( first )
    {
        f = first->file;
        f->users++;
        *from = first->start > *from ? first->start : *from;
        *to = first->end < end ? first->end : end;
        if ( f->kind == WIRE_PRIVCMD )
            first->prot = prot;
    }
    pthread_mutex_unlock(&table_lock);
    return f;
}

long protect_maps(uintptr_t start, uintptr_t end, int prot, bool *ours,
                  int *allowed)
{
    uintptr_t to = start;
    struct file *f;
    long rc = 0;

    *ours = false;
    *allowed = prot;
    pthread_mutex_lock(&table_lock);
    for ( struct map *m = maps; m; m = m->next )
        if ( m->end > start && m->start < end )
        {
            *ours = true;
            rc = rc ? rc : may_protect(m, start, end, prot);
        }
    pthread_mutex_unlock(&table_lock);
    while ( !rc && *ours && (f = next_file(&start, end, &to, prot)) )
    {
        if ( f->kind != WIRE_HYPERCALL &&
             !request(f, WIRE_PROTECT, start, to - start, (uint64_t)prot, 0) )
            *allowed &= ~PROT_WRITE;
        file_put(f);
        start = to;
    }
    return rc;
}

/* ---- unmapping ---- */

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

/*
 * Forget one part, and unmap its frames: its file, kept until told(), or NULL: no
 * part is left.  A child has both or neither.
 */
static struct file *cut_map(uintptr_t start, uintptr_t end, uintptr_t *from,
                            uintptr_t *to)
{
    struct file *f;

    pthread_mutex_lock(&table_lock);
    f = cut_locked(start, end, from, to);
    if ( f )
    {
        f->users++;
        if ( f->kind != WIRE_HYPERCALL )
            reserve(*from, *to);
    }
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
        if ( f->kind != WIRE_HYPERCALL )
            request(f, WIRE_MUNMAP, from, to - from, 0, 0);
        told(f);
    }
}

/* ---- fork ---- */

bool is_inherited(int kind)
{
    return kind != WIRE_PRIVCMD && kind != WIRE_GNTDEV;
}

bool maps_inherited(void)
{
    const struct map *m = maps;

    while ( m && (!is_inherited(m->file->kind) ||
                  m->file->kind == WIRE_HYPERCALL) )
        m = m->next;
    return m;
}

struct map *take_maps(void)
{
    struct map *list = maps;

    maps = NULL;
    return list;
}
