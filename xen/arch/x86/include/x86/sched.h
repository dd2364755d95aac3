/* SPDX-License-Identifier: MIT */
/*
 * Who runs where: one queue for each CPU, taken in turns; a vcpu that was woken
 * goes first, since an answered request is what somebody waits for.
 *
 *   asleep --wake--> queued --pick--> on a CPU --+--> asleep (not runnable)
 *                      ^                         |
 *                      +------ slice over -------+
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
void sched_pin(struct vcpu *v, unsigned int cpu);
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

#endif
