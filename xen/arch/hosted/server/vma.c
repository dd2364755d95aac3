/* SPDX-License-Identifier: MIT */
/* Reserved address ranges: see the header. */
#include <errno.h>
#include <stdlib.h>

#include "vma.h"

int vma_add(struct vma **list, uint64_t start, size_t len, int prot)
{
    struct vma *v = malloc(sizeof(*v));

    if ( !v )
        return -ENOMEM;
    /* The client's kernel replaced whatever was there. */
    vma_remove(list, start, len);
    while ( *list && (*list)->start < start )
        list = &(*list)->next;
    *v = (struct vma){ .start = start, .end = start + len, .prot = prot,
                       .next = *list };
    *list = v;
    return 0;
}

void vma_remove(struct vma **list, uint64_t start, size_t len)
{
    uint64_t end = start + len;

    while ( *list )
    {
        struct vma *v = *list;

        if ( v->end <= start || v->start >= end )
        {
            list = &v->next;
            continue;
        }
        if ( v->start < start && v->end > end )
        {
            struct vma *tail = malloc(sizeof(*tail));

            /* Without memory the tail is forgotten: ioctls there fail. */
            if ( tail )
            {
                *tail = *v;
                tail->start = end;
                v->next = tail;
            }
            v->end = start;
            return;
        }
        if ( v->start < start )
            v->end = start;
        else if ( v->end > end )
            v->start = end;
        else
        {
            *list = v->next;
            free(v);
            continue;
        }
        list = &v->next;
    }
}

struct vma *vma_find(struct vma *list, uint64_t start, size_t len)
{
    for ( ; list; list = list->next )
        if ( list->start <= start && start < list->end )
            return len <= list->end - start ? list : NULL;
    return NULL;
}
