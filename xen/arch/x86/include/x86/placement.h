/* SPDX-License-Identifier: MIT */
/*
 * Choice among CPUs: where a vcpu waits, and when it goes to another CPU.  A
 * mask has one bit for each CPU.  No runqueue is locked.
 */
#ifndef X86_PLACEMENT_H
#define X86_PLACEMENT_H

#include <x86/cpu.h>

struct vcpu;

uint64_t cpus_all(void);
/* The CPU in `mask` with the fewest vcpus to run; NULL: `mask` has no CPU. */
struct cpu *cpu_quietest(uint64_t mask);
/* A CPU in `mask` that sleeps; NULL: none. */
struct cpu *cpu_idle(uint64_t mask);
/*
 * c has nothing to run: take a vcpu that waits on another CPU, one that prefers
 * c if there is one; it runs on c from now on.  NULL: none.
 */
struct vcpu *cpu_steal(struct cpu *c, uint64_t now);
/*
 * Vcpus wait on c, this CPU.  If another CPU has come so much further that one
 * of these vcpus is better off there, it moves.
 */
void cpu_balance(struct cpu *c, uint64_t now);

#endif
