/* SPDX-License-Identifier: MIT */
/* Circular doubly linked list with a head of the same type as the links. */
#ifndef HV_LIST_H
#define HV_LIST_H

#include <hv/types.h>

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Insert n before pos; before the head means: at the tail. */
static inline void list_add_tail(struct list *n, struct list *pos)
{
    n->prev = pos->prev;
    n->next = pos;
    pos->prev->next = n;
    pos->prev = n;
}

/* Unlink, leaving l an empty list: unlinking twice is harmless. */
static inline void list_del(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_for_each(pos, head, member)                                     \
    for ( pos = list_entry((head)->next, typeof(*pos), member);              \
          &pos->member != (head);                                            \
          pos = list_entry(pos->member.next, typeof(*pos), member) )

/* The same, when the body may unlink pos. */
#define list_for_each_safe(pos, tmp, head, member)                           \
    for ( pos = list_entry((head)->next, typeof(*pos), member),              \
          tmp = list_entry(pos->member.next, typeof(*pos), member);          \
          &pos->member != (head);                                            \
          pos = tmp, tmp = list_entry(tmp->member.next, typeof(*pos), member) )

#endif
