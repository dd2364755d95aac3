/* SPDX-License-Identifier: MIT */
/*
 * Counting steps between two preemption checks: see hv/budget.h.  Each thread
 * counts its own.  This file is not instrumented itself.
 */
#include <hv/budget.h>
#include <hv/lib.h>

#ifdef COUNT_STEPS

static __thread unsigned int depth;
static __thread uint64_t spent, most;
static __thread bool paused;
static bool only_measured;

void budget_measure(bool on)
{
    only_measured = on;
}

void budget_spend(uint64_t steps)
{
    if ( !depth || paused )
        return;
    spent += steps;
    if ( spent <= LOOP_BUDGET || only_measured )
        return;
    depth = 0; /* the panic itself is not counted */
    panic("more than %lu steps without a preemption check, at %p\n",
          LOOP_BUDGET, __builtin_return_address(0));
}

/* The compiler puts calls of this function into instrumented code. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    if ( !depth || paused )
        return;
    if ( ++spent <= LOOP_BUDGET || only_measured )
        return;
    depth = 0;
    panic("more than %lu steps without a preemption check, at %p\n",
          LOOP_BUDGET, __builtin_return_address(0));
}

void budget_pause(bool on)
{
    paused = on;
}

void budget_renew(void)
{
    if ( spent > most )
        most = spent;
    spent = 0;
}

void budget_begin(void)
{
    if ( !depth++ )
        spent = 0;
}

void budget_end(void)
{
    if ( depth && !--depth )
        budget_renew();
}

uint64_t budget_most(void)
{
    return most;
}

void budget_forget(void)
{
    most = 0;
}

#else
typedef int nothing_is_counted;
#endif
