/* SPDX-License-Identifier: MIT */
/* Between the files of the guest that does what no guest should. */
#ifndef FUZZ_H
#define FUZZ_H

#include "smp.h"


#define CODE 0x400000UL
#define DATA 0x600000UL
#define DATA_SIZE 0x600000UL
#define HOLES 0xc00000UL
#define HOLES_SIZE 0x400000UL
#define DEVICE 0xf1000000UL
#define ABSENT 0xf2000000UL
#define IOAPIC 0xfec00000UL
#define AP_ID 2
#define NX (1UL << 63)
#define WATCH_VECTOR 0x41
#define PATIENCE 500000000UL /* ticks */

struct fuzz_cpu { /* fuzz.S knows the first 8 */
    uint64_t rsp, rip, rbx, rbp, r12, r13, r14, r15;
    uint64_t random, gdt[7];
    uint32_t tss[26];
    unsigned int id;
    volatile unsigned long ops, traps;
    unsigned long seen; /* of the other's operations and traps */
    uint64_t seen_at;
};

/* ---- fuzz-calls.c: what chance makes ---- */

uint64_t any(struct fuzz_cpu *c);
uint64_t below(struct fuzz_cpu *c, uint64_t n);
bool one_in(struct fuzz_cpu *c, unsigned int n);
uint64_t number(struct fuzz_cpu *c);
uint64_t device_address(struct fuzz_cpu *c);
uint64_t data_address(struct fuzz_cpu *c);
uint64_t address(struct fuzz_cpu *c);
uint64_t gfn(struct fuzz_cpu *c);

/* One of an array. */
#define PICK(c, list) ((list)[below(c, sizeof(list) / sizeof((list)[0]))])

/* A hypercall, or several in one. */
void fuzz_call(struct fuzz_cpu *c);

#endif
