/* SPDX-License-Identifier: MIT */
/* Time, and one-shot timers. */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/types.h>

#define NS_PER_S 1000000000UL

struct timer {
    struct timer *up, *left, *right; /* [T] in the heap */
    uint64_t expires;                /* [T] ns since boot */
    void (*fn)(void *data);          /* [I] */
    void *data;                      /* [I] */
    uint32_t running;                /* [T] calls of fn going on */
    uint8_t rank;                    /* [T] in the heap */
    bool armed;                      /* [T] to change, atomic to read */
};
/* [I] immutable after timer_init()  [T] timer.c's lock */

/* Nanoseconds since boot, monotonic. */
uint64_t now_ns(void);

/* ---- time-info.c ---- */

/* UTC in ns since 1970: the machine's, plus wallclock_set()'s correction. */
uint64_t wallclock_ns(void);
void wallclock_init(void); /* boot: no correction */
/*
 * Set UTC: it is utc, in ns since 1970, when now_ns() is `at`.  Updates the
 * shared info of all domains; no locks held.
 */
void wallclock_set(uint64_t utc, uint64_t at);

/*
 * The scale of a TSC of this rate, in the form that guests get:
 * ns = ((ticks << shift) * mul) >> 32; a negative shift shifts right.
 */
void tsc_scale(uint32_t khz, uint32_t *mul, int8_t *shift);

/* ---- timer.c ---- */

void timer_system_init(void); /* boot: no timers */
/* An idle timer, which will call fn(data). */
void timer_init(struct timer *t, void (*fn)(void *data), void *data);
/*
 * Arm, or arm again, for an absolute time, in ns since boot; a time in the past
 * counts as now.  Locks below LOCK_TIMER may be held.
 */
void timer_set(struct timer *t, uint64_t expires);
/*
 * Disarm, and wait until fn does not run.  No locks held; never called by fn
 * itself.
 */
void timer_stop(struct timer *t);

/* Will fn be called, if no timer_stop() comes before? */
bool timer_is_armed(const struct timer *t);

/*
 * Call the functions of timers that are due.  The machine calls this at or
 * after the time of arch_timer_program(), with no locks held.  At most 64
 * functions are called; when more timers are due, arch_timer_program() gets a
 * time that has passed.
 */
void timer_run(void);

/* ---- arch contract ---- */

/* now_ns(): ns since boot, monotonic on all CPUs together. */
uint64_t arch_now_ns(void);
uint64_t arch_wallclock_ns(void); /* UTC, in ns since 1970 */
uint64_t arch_ticks(void); /* the time stamp counter, also at early boot */

/*
 * One moment, as v reads it by RDTSC and as now_ns() gives it.  Where the clock
 * is stable, this should be the same moment at each call, and arch_now_ns()
 * should use the scale of tsc_scale(): then all vcpus have the same clock,
 * which never steps.
 */
struct vcpu_clock {
    uint64_t tsc, now;
    bool stable; /* all vcpus read the same counter, whose rate is constant */
};
struct vcpu;
void arch_vcpu_clock(const struct vcpu *v, struct vcpu_clock *clock);

/* Call timer_run() at this time; ~0: never.  The timer lock is held. */
void arch_timer_program(uint64_t expires);

#endif
