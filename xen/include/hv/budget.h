/* SPDX-License-Identifier: MIT */
/*
 * The limit of work between two preemption checks, whatever a guest or a device
 * model asks for: LOOP_BUDGET steps.
 *
 * A step is one executed basic block of the core, or 64 bytes cleared or
 * copied.  In builds with COUNT_STEPS (the unit tests, and the fuzz targets of
 * make check) the compiler puts a call at the beginning of each basic block of
 * xen/common, xen/lib and xen/arch/x86/emul, so that no loop is left out; there
 * exceeding the budget is a panic.  In all other builds these functions are
 * empty.
 *
 * Counting begins with a hypercall, an exit of a guest or a timer_run(), and
 * again at each hypercall_preempt_check(), whatever its result.  200000 steps
 * take about 100 us, which is also the time after which the bare machine
 * preempts a hypercall (PREEMPT_NS).
 */
#ifndef HV_BUDGET_H
#define HV_BUDGET_H

#include <hv/types.h>

#define LOOP_BUDGET 200000UL
#define BYTES_PER_STEP 64

#ifdef COUNT_STEPS

/* Begin and end counting; a nested pair is a part of the outer one. */
void budget_begin(void);
void budget_end(void);
void budget_renew(void); /* a preemption check: count from 0 again */
void budget_spend(uint64_t steps);
/* Stop counting: for operations during which the whole machine is stopped. */
void budget_pause(bool on);

/* The largest count of this thread since budget_forget(). */
uint64_t budget_most(void);
void budget_forget(void);
/* Do not panic beyond the budget, so that a test can report budget_most(). */
void budget_measure(bool on);

#else

static inline void budget_begin(void) { }
static inline void budget_end(void) { }
static inline void budget_renew(void) { }
static inline void budget_spend(uint64_t steps) { (void)steps; }
static inline void budget_pause(bool on) { (void)on; }

#endif

/* For memset() and memcpy(), whose loops the compiler does not count. */
static inline void budget_spend_bytes(uint64_t bytes)
{
    budget_spend(bytes / BYTES_PER_STEP);
}

#endif
