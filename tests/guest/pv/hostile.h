/* SPDX-License-Identifier: MIT */
/*
 * The guest "pv-hostile": a PV kernel that does what none should, by chance that
 * follows from a seed, and goes on after its own faults as long as it can.
 */
#ifndef TESTS_GUEST_PV_HOSTILE_H
#define TESTS_GUEST_PV_HOSTILE_H

#include "pv.h"

#include "../hostile.h"

/* Frames of the pool most often, an entry for one, an address, an MFN. */
uint64_t *any_page(struct chance *c);
uint64_t any_frame(struct chance *c);
uint64_t any_entry(struct chance *c);
uint64_t any_address(struct chance *c);
uint64_t any_selector(struct chance *c);
domid_t any_domain(struct chance *c);

/* hostile-calls.c: one hypercall, which neither ends nor blocks the guest. */
void hostile_call(struct chance *c);
/* The same as entries of a multicall. */
void hostile_multicall(struct chance *c);
/* Traps, stacks and some pages of the pool are as the guest needs them. */
void hostile_heal(struct chance *c);

extern uint64_t grant_table[512], program_root[512];

#endif
