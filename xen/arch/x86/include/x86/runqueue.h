/* SPDX-License-Identifier: MIT */
/*
 * The vcpus that wait for a CPU, and which of them is next.  The caller holds
 * the lock of each runqueue that is named; times are of now_ns().
 *
 *   boosted: woken vcpus, in that order     --+
 *   queue: the others, by virtual time      --+--> runqueue_take(): current
 *   parked: of domains without a budget
 *     ^                                   |
 *     +-- runqueue_take()      runqueue_unpark() --> queue
 */
#ifndef X86_RUNQUEUE_H
#define X86_RUNQUEUE_H

#include <hv/atomic.h>
#include <hv/domain.h>

#include <x86/cpu.h>

void runqueue_init(struct cpu *c);

/* v has this place, which the core is told when it is a new one. */
static inline void runqueue_place(struct vcpu *v, enum vcpu_place place)
{
    if ( READ_ONCE(v->place) != place )
        vcpu_placed(v, place);
}

/* Lock the runqueue of v's CPU; v may move until the lock is held. */
struct cpu *runqueue_lock_of(struct vcpu *v);

/* May v run on c? */
static inline bool runqueue_allows(const struct cpu *c, const struct vcpu *v)
{
    return v->arch.may >> c->id & 1;
}

/* v, which is in no queue, changes to the runqueue of `to`. */
void runqueue_change(struct vcpu *v, const struct cpu *from, struct cpu *to);
/*
 * v waits from now on: boosted, if v->arch.boosted is set and not used up.  The
 * caller calls runqueue_place().
 */
void runqueue_add(struct cpu *c, struct vcpu *v, uint64_t now);
/* v's domain has another weight, which counts for v from now on if v waits. */
void runqueue_reweigh(struct cpu *c, struct vcpu *v);
/* v, which stopped running, sleeps from now on. */
void runqueue_sleep(struct vcpu *v);
/* v, which is queued or parked on c, sleeps from now on. */
void runqueue_remove(struct cpu *c, struct vcpu *v);
/* v, which sleeps or is queued or parked on `from`, is so on `to`. */
void runqueue_move(struct vcpu *v, struct cpu *from, struct cpu *to,
                   uint64_t now);
/* The vcpu that is next on c; NULL: none. */
struct vcpu *runqueue_first(struct cpu *c);
/* A vcpu that waits on c and may run on `to`; with `prefer`, that prefers to. */
struct vcpu *runqueue_first_for(struct cpu *c, const struct cpu *to,
                                bool prefer);

/*
 * v, which waits on c, begins to run there; false: v's domain has no budget, and
 * v is parked.
 */
bool runqueue_take(struct cpu *c, struct vcpu *v, uint64_t now);
/* v, which runqueue_take() took on c, stops running. */
void runqueue_stop(struct cpu *c, struct vcpu *v, uint64_t now);
/* Parked vcpus whose domains have a budget again wait from now on: any? */
bool runqueue_unpark_due(struct cpu *c, uint64_t now);
static inline bool runqueue_unpark(struct cpu *c, uint64_t now)
{
    return unlikely(now >= c->rq.unpark_at) && runqueue_unpark_due(c, now);
}

/* Is there a vcpu that waits, or another reason to look at the queue? */
static inline bool runqueue_wants_look(const struct cpu *c)
{
    return READ_ONCE(c->rq.nr_and_look) != 0;
}

/*
 * How far c has come, to compare CPUs: the virtual time that a vcpu which is
 * added now is measured by.  c's lock need not be held; the answer is then about
 * right.
 */
uint64_t runqueue_position(const struct cpu *c, uint64_t now);
/* c is not further than LAG_NS behind this position any more. */
void runqueue_keep_up(struct cpu *c, uint64_t position);
/*
 * A vcpu that waits on c, prefers `to` as much, is behind `position`, that of
 * `to`, by half a slice, and would get as much there; NULL: none.
 */
struct vcpu *runqueue_first_behind(struct cpu *c, const struct cpu *to,
                                   uint64_t position);

#endif
