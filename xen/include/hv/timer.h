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
/* Call timer_run() at this time (~0: no need). Timer lock held. */
void arch_timer_program(uint64_t expires);

#endif
