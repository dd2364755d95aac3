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

/* Does the exception push an error code, in a mode with this CR0? */
bool exception_has_error_code(unsigned int vector, uint64_t cr0);

/* The registers that choose a processor's mode. */
struct mode {
    uint64_t cr0, cr3, cr4, efer;
};

/* The bits of each that a processor has, or a domain's CPUID shows. */
struct mode_limits {
    uint64_t cr4, efer;
    uint64_t physical; /* of physical addresses */
};

/* Long mode, by CR0.PG and EFER.LME; EFER.LMA should say the same. */
bool mode_is_long(const struct mode *m);
/* Text about the first rule that the four registers break, or NULL. */
const char *mode_broken(const struct mode *m, const struct mode_limits *l);
/* No reserved flag, and VM only where virtual-8086 mode exists. */
bool rflags_legal(const struct mode *m, uint64_t rflags);
/*
 * Can a processor in this mode execute at rip in the CS of these attributes
 * (EMUL_SEG_*)?  CS is present, code where segments have types, not of 64 and 32
 * bits at once; outside 64-bit mode rip has 32 bits.
 */
bool code_legal(const struct mode *m, uint64_t rflags, uint32_t attr,
                uint64_t rip);
bool mxcsr_legal(uint32_t mxcsr);

/* Is each byte of a PAT a memory type: UC, WC, WT, WP, WB, UC-? */
bool pat_legal(uint64_t pat);

/* Do bits 48 to 63 of an address repeat bit 47? */
bool address_is_canonical(uint64_t va);

#endif
