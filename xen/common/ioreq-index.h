/* SPDX-License-Identifier: MIT */
/*
 * Which servers claim which addresses: one index for all servers of a domain
 * and one type of range.
 *
 * The 64-bit address line is cut into segments; each says, by one bit a
 * server, who claims all of it.  Neighbours always differ, so the ranges of a
 * server, adjacent ones joined, are its runs of segments: there is no other
 * record of them.
 *
 * An index does not change while it is used: a change makes a new one, which
 * the owner swaps in.  Only ioreq_index_drop() works in place, because giving
 * up must not fail.  NULL is the empty index.
 */
#ifndef IOREQ_INDEX_H
#define IOREQ_INDEX_H

#include <hv/types.h>

struct ioreq_segment {
    uint64_t start;  /* to the next one's start - 1, the last to ~0 */
    uint8_t servers; /* bit mask */
};

struct ioreq_index {
    unsigned int nr; /* > 0; segment[0].start is 0 */
    struct ioreq_segment segment[];
};

/* The servers that claim every address of [start, end]: O(log nr + width). */
uint8_t ioreq_index_covers(const struct ioreq_index *x, uint64_t start,
                           uint64_t end);

/* The servers that claim any address of [start, end]. */
uint8_t ioreq_index_touches(const struct ioreq_index *x, uint64_t start,
                            uint64_t end);

/* How many ranges the server has, adjacent ones counted as one. */
unsigned int ioreq_index_ranges(const struct ioreq_index *x, unsigned int id);

/*
 * A copy of x in which the server claims (or does not claim) all of
 * [start, end]; NULL: no memory.  For the caller to hv_free().
 */
struct ioreq_index *ioreq_index_with(const struct ioreq_index *x,
                                     unsigned int id, uint64_t start,
                                     uint64_t end, bool claimed) must_check;

/* The server claims nothing from now on. */
void ioreq_index_drop(struct ioreq_index *x, unsigned int id);

#endif
