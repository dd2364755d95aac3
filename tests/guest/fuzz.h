/* SPDX-License-Identifier: MIT */
/* Shared by the files of the guest that fuzzes. */
#ifndef FUZZ_H
#define FUZZ_H

#include "smp.h"

#define CODE 0x400000UL
#define LOOPS 0x440000UL /* where VCPUOP_initialise may begin */
#define LOOPS_END 0x441000UL
#define DATA 0x600000UL
#define DATA_SIZE 0x600000UL
#define HOLES 0xc00000UL
#define HOLES_SIZE 0x400000UL
#define GRANTS 0xe0001000UL /* frames of the grant table, and of its status */
#define NR_GRANT_FRAMES 4
#define PLACES 0xe0010000UL /* where grants are mapped; no memory */
#define NR_PLACES 16
#define DEVICE 0xf1000000UL
#define ABSENT 0xf2000000UL
#define IOAPIC 0xfec00000UL
#define WATCH_VECTOR 0x41
#define EFER_64 (EFER_NX | EFER_LMA | EFER_LME | EFER_SCE)

/* Selectors: see load_cpu(). */
#define CODE64 0x08
#define STACK0 0x10
#define STACK3 0x1b
#define USER64 0x23
#define CODE32 0x38
#define CODE16 0x40
#define USER32 0x4b

enum kind { PORTS, INSNS, MSRS, CALLS, PLANS, APICS, NR_KINDS };

#define NR_FUZZERS 2 /* vCPUs 0 and 1; the one behind them watches */
#define NR_CPUS 3

struct fuzz_cpu { /* fuzz.S knows the first 8 */
    uint64_t rsp, rip, rbx, rbp, r12, r13, r14, r15;
    uint64_t random, gdt[10];
    uint32_t tss[26];
    unsigned int id;
    volatile unsigned long ops, traps; /* both show that it is alive */
    volatile unsigned long kinds[NR_KINDS];
    volatile bool ready;   /* its traps come back */
    volatile bool restart; /* it was knocked out: no need to wait */
    unsigned long seen_watcher;
    uint64_t watcher_at;
    /* The watcher's: */
    unsigned long seen, starts, nmis;
    uint64_t seen_at;
    bool poked;
};

extern uint64_t ticks_per_ms;

/* ---- fuzz.S ---- */

extern char fuzz_vectors[];
unsigned int fuzz_mark(struct fuzz_cpu *c) __attribute__((returns_twice));
/* Comes back by a trap only.  iret: rip, cs, rflags, rsp, ss. */
void fuzz_execute(const uint64_t regs[16], const uint64_t iret[5]);

/* ---- fuzz.c ---- */

struct fuzz_cpu *fuzz_cpu(unsigned int id);
/* Whatever was done to the APIC, it is on, and its timer runs. */
void arm_timer(uint32_t us);
void second_main(void);

/* ---- fuzz-ops.c: what a processor does ---- */

void fuzz_port(struct fuzz_cpu *c);
void fuzz_msr(struct fuzz_cpu *c);
void fuzz_register(struct fuzz_cpu *c);
void fuzz_exception(struct fuzz_cpu *c);
void fuzz_apic(struct fuzz_cpu *c);
/* Made-up instructions, in any mode but real. */
void fuzz_code(struct fuzz_cpu *c);

/* ---- fuzz-calls.c: what chance makes, and hypercalls of it ---- */

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

/* ---- fuzz-plans.c: hypercalls that make sense, in any order ---- */

void fuzz_plan(struct fuzz_cpu *c);

#endif
