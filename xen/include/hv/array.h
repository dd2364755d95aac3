/* SPDX-License-Identifier: MIT */
/*
 * Elements by an index that a guest, a device model or a toolstack chose.
 *
 * The comparison that refuses an index is a branch, and what the processor
 * executes before it knows the branch's outcome leaves traces in caches: with an
 * index out of bounds, of any memory.  These follow the comparison and keep the
 * index in bounds by arithmetic, which is not predicted.  scripts/lint has the
 * names of the arrays that are reached by them alone.
 */
#ifndef HV_ARRAY_H
#define HV_ARRAY_H

#include <hv/types.h>

/* i when i < n, else 0: without a branch, whatever is known about i. */
static inline size_t array_index(size_t i, size_t n)
{
    size_t mask;

    asm ( "cmp %2, %1\n\tsbb %0, %0"
          : "=r" (mask) : "r" (i), "er" (n) : "cc" );
    return i & mask;
}

/* 0; does not compile for a pointer. */
#define ZERO_IF_ARRAY(a)                                                     \
    (0 * sizeof(struct {                                                     \
        int zero;                                                            \
        _Static_assert(!__builtin_types_compatible_p(typeof(a),              \
                                                     typeof(&(a)[0])),       \
                       "an array, not a pointer");                           \
    }))

/* Element i of the array a, or element 0; an lvalue. */
#define array_at(a, i)                                                       \
    ((a)[array_index(i, ARRAY_SIZE(a) + ZERO_IF_ARRAY(a))])

#endif
