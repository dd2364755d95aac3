/* SPDX-License-Identifier: MIT */
/* Time, and one-shot timers. */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/types.h>

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

#define NS_PER_S 1000000000UL

/* Nanoseconds since boot, monotonic. */
uint64_t now_ns(void);

/* ---- time-info.c ---- */

/* UTC in ns since 1970: the machine's, as wallclock_set() corrected it. */
uint64_t wallclock_ns(void);
void wallclock_init(void); /* boot: the machine's */
/* UTC is, or was, utc when now_ns() was at.  All domains are told. */
void wallclock_set(uint64_t utc, uint64_t at);

/*
 * A time stamp counter of this rate in ns, as guests are told:
 * ns = ((ticks << shift) * mul) >> 32; a negative shift goes right.
 */
void tsc_scale(uint32_t khz, uint32_t *mul, int8_t *shift);

/* ---- timer.c ---- */

void timer_system_init(void); /* boot: no timers */
void timer_init(struct timer *t, void (*fn)(void *data), void *data);
/*
 * Arm (again) for an absolute time, in ns since boot; one in the past fires as
 * soon as what was due before.
 */
void timer_set(struct timer *t, uint64_t expires);
/*
 * When it returns fn is neither running nor going to.  No locks held; never
 * called by fn itself.
 */
void timer_stop(struct timer *t);

bool timer_is_armed(const struct timer *t);

/*
 * Called by the machine at or after the time it was asked for.  Calls a
 * bounded number of functions; when more are due the machine is asked to call
 * it again at once, by arch_timer_program() with a time that has passed.
 */
void timer_run(void);

/* ---- arch contract ---- */

uint64_t arch_now_ns(void);
uint64_t arch_wallclock_ns(void); /* ns since 1970 */
uint64_t arch_ticks(void); /* the time stamp counter, also at early boot */

/*
 * One moment, as v sees it by RDTSC and as now_ns().  Where the clock is stable
 * the same moment each time is best, with arch_now_ns() made of the numbers of
 * tsc_scale(): then the clocks of all vcpus are one, and never step.
 */
struct vcpu_clock {
    uint64_t tsc, now;
    bool stable; /* all vcpus read the same counter, whose rate is constant */
};
struct vcpu;
void arch_vcpu_clock(const struct vcpu *v, struct vcpu_clock *clock);

/* Call timer_run() at this time (~0: no need). Timer lock held. */
void arch_timer_program(uint64_t expires);

#endif
