/* SPDX-License-Identifier: MIT */
/*
 * Arrays of pointers that are allocated on demand: a root, and leaves of LEAF
 * pointers each.  The first leaf is always there, each other one from the first
 * ptr_array_set() in its range on.  Growing moves no pointer, so the cost of a
 * set does not depend on the array's size.
 */
#include "gnttab-private.h"

#include <hv/array.h>

#define LEAF 128U

int ptr_array_init(struct ptr_array *a, unsigned int max)
{
    if ( !max )
        return 0;
    a->leaf = new_array(void **, DIV_ROUND_UP(max, LEAF));
    if ( !a->leaf )
        return -ENOMEM;
    a->max = max;
    a->leaf[0] = new_array(void *, LEAF);
    return a->leaf[0] ? 0 : -ENOMEM;
}

void *ptr_array_get(const struct ptr_array *a, unsigned int i)
{
    void **leaf;

    if ( i >= a->max )
        return NULL;
    i = (unsigned int)array_index(i, a->max);
    leaf = a->leaf[i / LEAF];
    return leaf ? leaf[i % LEAF] : NULL;
}

int ptr_array_set(struct ptr_array *a, unsigned int i, void *p)
{
    void ***leaf = &a->leaf[i / LEAF];

    ASSERT(i < a->max);
    if ( !*leaf )
    {
        if ( !p )
            return 0;
        *leaf = new_array(void *, LEAF);
        if ( !*leaf )
            return -ENOMEM;
    }
    (*leaf)[i % LEAF] = p;
    return 0;
}

void *ptr_array_next(const struct ptr_array *a, unsigned int *i)
{
    while ( *i < a->max )
    {
        void **leaf = a->leaf[*i / LEAF];

        if ( !leaf )
            *i = (*i / LEAF + 1) * LEAF;
        else if ( leaf[*i % LEAF] )
            return leaf[*i % LEAF];
        else
            ++*i;
    }
    return NULL;
}

void ptr_array_destroy(struct ptr_array *a)
{
    for ( unsigned int i = 0; a->leaf && i < DIV_ROUND_UP(a->max, LEAF); i++ )
        hv_free(a->leaf[i]);
    hv_free(a->leaf);
    a->leaf = NULL;
    a->max = 0;
}
