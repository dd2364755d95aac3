/* SPDX-License-Identifier: MIT */
/* Reserved address ranges: see the header. */
#include <errno.h>
#include <stdlib.h>

#include "server.h"
#include "vma.h"

int vma_add(struct vma **list, const struct vma *new)
{
    struct vma *v = malloc(sizeof(*v));

    if ( !v )
        return -ENOMEM;
    while ( *list && (*list)->end <= new->start )
        list = &(*list)->next;
    if ( *list && (*list)->start < new->end )
    {
        free(v);
        return -EEXIST;
    }
    *v = *new;
    v->next = *list;
    *list = v;
    v->file->nr_vmas++;
    return 0;
}

void vma_remove(struct vma **list, struct vma *v, uint64_t start, size_t len)
{
    uint64_t end = start + len;

    if ( v->start < start && v->end > end )
    {
        struct vma *tail = malloc(sizeof(*tail));

        /* Without memory for the tail's record, ioctls on the tail fail. */
        if ( tail )
        {
            *tail = *v;
            tail->start = end;
            v->next = tail;
            v->file->nr_vmas++;
        }
        v->end = start;
    }
    else if ( v->start < start )
        v->end = start;
    else if ( v->end > end )
        v->start = end;
    else
    {
        while ( *list != v )
            list = &(*list)->next;
        *list = v->next;
        v->file->nr_vmas--;
        free(v);
    }
}

struct vma *vma_of_file(struct vma *list, const struct file *f,
                        uint64_t start, size_t len)
{
    for ( ; list; list = list->next )
        if ( list->file == f && list->end > start &&
             list->start < start + len )
            return list;
    return NULL;
}

struct vma *vma_find(struct vma *list, uint64_t start, size_t len)
{
    for ( ; list; list = list->next )
        if ( list->start <= start && start < list->end )
            return len <= list->end - start ? list : NULL;
    return NULL;
}
