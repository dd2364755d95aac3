/* SPDX-License-Identifier: MIT */
/* Time, and one-shot timers. */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/list.h>
#include <hv/types.h>

struct timer {
    struct list link; /* sorted by expiry; empty: not armed */
    uint64_t expires; /* ns since boot */
    void (*fn)(void *data);
    void *data;
    uint32_t running; /* calls of fn going on */
};

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

void timer_system_init(void); /* boot: an empty list */
void timer_init(struct timer *t, void (*fn)(void *data), void *data);
/* Arm (again) for an absolute time; one in the past fires at once. */
void timer_set(struct timer *t, uint64_t expires);
/*
 * When it returns fn is neither running nor going to.  No locks held; never
 * called by fn itself.
 */
void timer_stop(struct timer *t);

/* Called by the machine at or after the time it was asked for. */
void timer_run(void);

/* ---- arch contract ---- */

uint64_t arch_now_ns(void);
uint64_t arch_wallclock_ns(void); /* ns since 1970 */

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
