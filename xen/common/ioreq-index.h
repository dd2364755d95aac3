/* SPDX-License-Identifier: MIT */
/*
 * Which servers claim which addresses: one index for all servers of a domain
 * and one type of range.
 *
 * The 64-bit address space is divided into segments; each has one bit for each
 * server that claims all of the segment.  Neighbours always differ, so a range
 * of a server, adjacent ones joined, is a run of segments with the server's
 * bit: there is no other record of ranges.
 *
 * A change makes a new index, which replaces the old one under the owner's
 * lock.  Only ioreq_index_drop() works in place, because it must not fail.
 * NULL is the empty index.
 */
#ifndef IOREQ_INDEX_H
#define IOREQ_INDEX_H

#include <hv/types.h>

struct ioreq_segment {
    uint64_t start;  /* ends before the next segment's start, the last at ~0 */
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

/* The number of ranges of the server, adjacent ones counted as one. */
unsigned int ioreq_index_ranges(const struct ioreq_index *x, unsigned int id);

struct ioreq_range {
    uint64_t start, end; /* inclusive */
};

/*
 * The ranges of the server that end at `from` or above, ascending, adjacent
 * ones joined, no more than max; their number.
 */
unsigned int ioreq_index_list(const struct ioreq_index *x, unsigned int id,
                              uint64_t from, struct ioreq_range *to,
                              unsigned int max);

/*
 * A copy of x in which the server claims (or does not claim) all of
 * [start, end]; NULL: no memory.  For the caller to hv_free().
 */
struct ioreq_index *ioreq_index_with(const struct ioreq_index *x,
                                     unsigned int id, uint64_t start,
                                     uint64_t end, bool claimed) must_check;

/* Remove all claims of the server. */
void ioreq_index_drop(struct ioreq_index *x, unsigned int id);

#endif
