/* SPDX-License-Identifier: MIT */
/*
 * A machine is made once and put back before each input, which is several
 * times faster than making it again.  What is put back: the variables of the
 * core and of the hosted machine, which the Makefile collects in sections of
 * their own for libFuzzer's programs; the frames in use and the frame table; the
 * heap, whose objects come from an arena here.  In other programs, which make
 * longer inputs, the heap is malloc() and nothing is kept.
 */
#ifndef TESTS_FUZZ_SNAPSHOT_H
#define TESTS_FUZZ_SNAPSHOT_H

#include <stdbool.h>

/* Can this program put a machine back? */
bool snapshot_possible(void);

/* The heap's objects come from the arena from now on.  Before hosted_init(). */
void snapshot_heap(void);

/* Keep the machine as it is; all locks are free. */
void snapshot_take(void);

/* As it was when it was taken; false: nothing was taken yet. */
bool snapshot_restore(void);

#endif
