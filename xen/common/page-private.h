/* SPDX-License-Identifier: MIT */
/* Between the page reference rules (page.c) and the heap (page-alloc.c). */
#ifndef PAGE_PRIVATE_H
#define PAGE_PRIVATE_H

#include <hv/page.h>

#define MAX_ORDER 18 /* 1 GiB */

/*
 * A block of 2^order frames with no references and no owner, or NULL.  Frames
 * that are claimed go only to the owner of a claim that covers the whole block,
 * which becomes smaller by it.  claim: that of the new owner; NULL: none.
 */
struct page *heap_alloc_block(unsigned int order, uint64_t *claim) must_check;

/* The block of 2^order frames from mfn on, aligned; NULL: not all are free. */
struct page *heap_alloc_at(uint64_t mfn, unsigned int order, uint64_t *claim)
    must_check;

/* A block of 2^order frames below frame `end`, or NULL: not all are looked at. */
struct page *heap_alloc_below(uint64_t end, unsigned int order,
                              uint64_t *claim) must_check;

/* Change a claim to nr frames: -ENOMEM so many are not free and unclaimed. */
int heap_claim(uint64_t *claim, uint64_t nr) must_check;


/* Is frame mfn in one of the heap's free blocks? */
bool heap_has_frame(uint64_t mfn);

/* Add nr frames to page_nr_total(): they come to the heap when freed. */
void heap_expect(uint64_t nr);

/* Give back one frame without references. */
void heap_free_frame(struct page *pg);

#endif
