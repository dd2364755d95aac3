/* SPDX-License-Identifier: MIT */
/*
 * What a hostile device model writes and asks for: shared by the program in
 * dom0 (tests/vm/hostile-dm.c) and the stub domain (stub.c).
 *
 * The target is the guest "traffic", or any guest with 16 MiB whose program is
 * below 8 MiB.
 */
#ifndef TESTS_GUEST_HOSTILE_H
#define TESTS_GUEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/ioreq.h>

/* Where the target accesses devices, and its memory without a program. */
#define HOSTILE_PORT 0x500UL
#define HOSTILE_MEMORY 0xf1000000UL
#define HOSTILE_WINDOW 0xa0000UL
#define HOSTILE_PROGRAM_END 0x200UL
#define HOSTILE_SPARE_GFN 0x800UL
#define HOSTILE_SPARE_GFNS 64U
#define HOSTILE_END_GFN 0x1000UL /* of all its memory */

struct chance {
    uint64_t state; /* never 0 */
};

uint64_t any(struct chance *c);
uint64_t below(struct chance *c, uint64_t n);
bool one_in(struct chance *c, unsigned int n);
/* Of the kind that breaks things. */
uint64_t number(struct chance *c);
#define PICK(c, list) ((list)[below(c, sizeof(list) / sizeof((list)[0]))])

/* A gfn of the target, seldom of its program. */
uint64_t hostile_gfn(struct chance *c);

/* Something is done to a slot; true: a request in it was answered. */
bool hostile_slot(struct chance *c, ioreq_t *slot);
/* Pointers or entries of a ring. */
void hostile_ring(struct chance *c, void *ring);
/*
 * An operation, and what belongs into the second buffer, of 4096 bytes: the
 * number of buffers that the operation wants.
 */
unsigned int hostile_dm_op(struct chance *c, struct xen_dm_op *op,
                           void *second);

#endif
