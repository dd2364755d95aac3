/* SPDX-License-Identifier: MIT */
/*
 * Shares of CPU time: the scheduler's arithmetic, without a CPU, a lock or a
 * clock of its own.
 *
 * Weights.  A vcpu that ran for t ns has used t * SHARE_ONE / weight of its
 * *virtual time*.  A CPU's queue is ordered by virtual time, so vcpus that
 * always want to run get CPU time in proportion to their weights.  The CPU's
 * clock is the virtual time of the vcpu that was taken from the queue last.  A
 * vcpu is neither more than LAG_NS of its own running time behind that clock,
 * however long it slept, nor ahead of it, however long it ran while no other
 * vcpu waited.
 *
 * Caps.  A domain with a cap has a *budget* for each BUDGET_PERIOD_NS, shared by
 * its vcpus.  A vcpu takes a part of the budget when it begins to run, and gives
 * back what it has not used.  What a vcpu used too much is a debt, taken from
 * the next budgets; a budget that was not used is lost.
 */
#ifndef X86_SHARE_H
#define X86_SHARE_H

#include <hv/lib.h>

#define SLICE_NS 10000000UL /* length of a turn while other vcpus wait */
#define LAG_NS (2 * SLICE_NS)
#define SHARE_ONE 4096
#define BUDGET_PERIOD_NS 10000000UL

/* ---- virtual time; it wraps around, so only differences mean something ---- */

/* Longer than any turn counts; SHARE_ONE times as much fits in 63 bits. */
#define LONGEST_NS (1UL << 50)

/* What ns of running time are to a vcpu of this weight, which is not 0. */
static inline uint64_t share_virtual(uint64_t ns, unsigned int weight)
{
    return min(ns, LONGEST_NS) * SHARE_ONE / weight;
}

/* Is a before b? */
static inline bool share_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}
/* A vcpu's virtual time, brought into the limits of LAG_NS around the clock. */
static inline uint64_t share_bounded(uint64_t vtime, uint64_t clock,
                                     unsigned int weight)
{
    uint64_t lag = share_virtual(LAG_NS, weight);

    if ( likely(vtime - clock + lag <= 2 * lag) )
        return vtime;
    return share_before(vtime, clock) ? clock - lag : clock + lag;
}

/* ---- budgets ---- */

struct budget {
    uint32_t cap;  /* percent of one CPU; 0: no limit */
    int64_t left;  /* ns of this period that no vcpu took; negative: debt */
    uint64_t ends; /* ns: the end of this period */
};

/* From now on cap percent; what was left or owed is forgotten. */
void budget_set(struct budget *b, uint32_t cap, uint64_t now);
/* Is something left, perhaps of a new period? */
bool budget_ready(struct budget *b, uint64_t now);
/* Take a part of it for one of nr vcpus, in ns; 0: nothing before b->ends. */
uint64_t budget_take(struct budget *b, unsigned int nr, uint64_t now);
/* Of what was taken so much was used, which may be more. */
void budget_used(struct budget *b, uint64_t taken, uint64_t used);

#endif
