/* SPDX-License-Identifier: MIT */
/*
 * Which vcpu runs where: one queue for each CPU.  The scheduler promises:
 *
 * - Vcpus that always want to run share a CPU in proportion to their domains'
 *   weights; none gets ahead of another, or falls behind, by more than LAG_NS
 *   (x86/share.h) of its own running time.  Where affinities permit, CPUs are
 *   compared, and vcpus move, so that the same holds across CPUs.
 * - In each BUDGET_PERIOD_NS a domain with a cap gets that part of one CPU's
 *   time, all its vcpus together; what it uses too much is taken from the next.
 * - A vcpu that is woken runs before others, since an answered request is what
 *   another vcpu waits for.  A guest's vcpu does so only while it has used no
 *   more than its share, and guests together for half of a CPU's time at most.
 * - A vcpu runs on CPUs of its hard affinity only, and on one of its soft
 *   affinity unless that is busy and another is idle.
 *
 *   asleep --wake--> queued --pick--> on a CPU --+--> asleep (not runnable)
 *                    ^ ^  |                      |
 *       budget, again| |  +-pick, no budget      |
 *                 parked <+                      |
 *                      ^                         |
 *                      +------ turn over --------+ (to queued)
 */
#ifndef X86_SCHED_H
#define X86_SCHED_H

#include <x86/cpu.h>

struct vcpu;
struct domain;

/* ---- sched.c ---- */

void sched_cpu_init(struct cpu *c);
void sched_vcpu_init(struct vcpu *v);
/* v goes away: it is on no CPU and in no queue when this returns. */
void sched_vcpu_remove(struct vcpu *v);
/* The next one to run on this CPU, now its current; NULL: none. */
struct vcpu *sched_pick(void);
/* current gives its CPU up: queued again when it still wants to run. */
void sched_put(struct vcpu *v, bool runnable);
/* Somebody else waits for this CPU, and current had its share. */
bool sched_must_yield(const struct vcpu *v);
/* current has a CPU and uses it from now on: before it enters the guest. */
void sched_runs(struct vcpu *v);
/* This CPU has nothing to do; it has. */
void sched_idle(struct cpu *c, bool idle);
/* v wants a CPU. */
void sched_wake(struct vcpu *v);
/* At boot: v runs on this CPU for ever. */
void sched_pin(struct vcpu *v, unsigned int cpu);
/*
 * v may run on the CPUs of `hard`, and prefers those of `soft`; bits without a
 * CPU mean nothing.  If v runs or waits on a CPU that is not in `hard` it leaves
 * that CPU at once.  -EINVAL no CPU is left; -EBUSY v is pinned to others.
 */
int sched_set_affinity(struct vcpu *v, uint64_t hard, uint64_t soft)
    must_check;
/* The weight, or the budget, of v's domain is another one. */
void sched_share_changed(struct vcpu *v);
/* A vcpu that was woken lets another one run for us microseconds first. */
void sched_set_ratelimit(uint32_t us);
/*
 * Keep v off all CPUs until sched_unfreeze(); take no lock meanwhile.  False: v
 * is on a CPU, and nothing was done.
 */
bool sched_freeze(struct vcpu *v) must_check;
void sched_unfreeze(struct vcpu *v);

/* ---- stop-machine.c ---- */

/*
 * Another CPU has called arch_stop_machine() and raised this one's softirq.  The
 * run loop calls stop_machine_wait() when it has put its vcpu back;
 * stop_machine_wait() returns when stop_machine_wanted is false again.
 */
extern bool stop_machine_wanted;
void stop_machine_wait(void);

/* ---- run.c: the run loop ---- */

/* What each CPU does for ever, once it is up. */
void run_loop(void) noreturn_fn;
/* At boot: when d shuts down, which drives the devices, the machine ends. */
void run_until_shutdown_of(const struct domain *d);

#endif
