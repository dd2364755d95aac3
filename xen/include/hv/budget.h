/* SPDX-License-Identifier: MIT */
/*
 * How much is done between two preemption checks, at most, whatever a guest
 * or a device model asks for: LOOP_BUDGET steps.
 *
 * A step is a basic block of the core that is executed, or 64 bytes that are
 * cleared or copied.  In builds with COUNT_STEPS (those of the unit tests and
 * of the fuzz targets in make check) the compiler puts a call at the beginning
 * of each basic block of xen/common, xen/lib and xen/arch/x86/emul, so that no
 * loop is left out but those of audits, which no hypercall runs without
 * budget_pause(); there, exceeding the budget is a panic.  In all others
 * nothing is counted and nothing of this costs anything.
 *
 * Counting begins with a hypercall, an exit of a guest or a run of timers,
 * and anew at each hypercall_preempt_check(), whatever its answer.  200000
 * steps are about 100 us, which is also what the bare machine lets a
 * hypercall take before it has to give way (PREEMPT_NS).
 */
#ifndef HV_BUDGET_H
#define HV_BUDGET_H

#include <hv/types.h>

#define LOOP_BUDGET 200000UL
#define BYTES_PER_STEP 64

#ifdef COUNT_STEPS

/* Nested ones count as a part of the outermost. */
void budget_begin(void);
void budget_end(void);
void budget_renew(void); /* a preemption check */
void budget_spend(uint64_t steps);
/* Not counted: what a control domain asks the whole machine to wait for. */
void budget_pause(bool on);

/* The most steps in a row of this thread, since budget_forget(). */
uint64_t budget_most(void);
void budget_forget(void);
/* Too many are no panic, so that a test can say how many. */
void budget_measure(bool on);

#else

static inline void budget_begin(void) { }
static inline void budget_end(void) { }
static inline void budget_renew(void) { }
static inline void budget_spend(uint64_t steps) { (void)steps; }
static inline void budget_pause(bool on) { (void)on; }

#endif

/* The compiler does not see what memset() and its like do. */
static inline void budget_spend_bytes(uint64_t bytes)
{
    budget_spend(bytes / BYTES_PER_STEP);
}

#endif
