/* SPDX-License-Identifier: MIT */
/* emul/rules.c: rules of the architecture, pure. */
#ifndef EMUL_RULES_H
#define EMUL_RULES_H

#include <hv/types.h>

enum fault_pair {
    FAULTS_SECOND, /* the second is delivered, the first comes again    */
    FAULTS_DOUBLE, /* a double fault is delivered, with error code 0    */
    FAULTS_TRIPLE, /* the processor shuts down                          */
};

/* What becomes of exception `second` in the delivery of exception `first`. */
enum fault_pair fault_pair(unsigned int first, unsigned int second);

/* Is each byte of a PAT a memory type: UC, WC, WT, WP, WB, UC-? */
bool pat_legal(uint64_t pat);

/* Do bits 48 to 63 of an address repeat bit 47? */
bool address_is_canonical(uint64_t va);

#endif
