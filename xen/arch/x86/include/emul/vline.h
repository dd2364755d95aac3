/* SPDX-License-Identifier: MIT */
/*
 * What the emulated clocks (PIT, RTC, PM timer, HPET) have in common: an output
 * to interrupt lines, and a timer for its next change.
 *
 * Such a device computes its state from the time when somebody looks.  Its timer
 * is armed for the next change of an output only, so that nothing has to be
 * caught up with: what was missed is skipped.  The timer's function takes the
 * device's lock, so the timer is stopped only when the device goes away; when no
 * change is due any more the function finds nothing to do.
 *
 * A periodic output rests after an edge that no vcpu can take, since all vcpus
 * are blocked or the domain is paused: until a vcpu enters the guest another edge
 * would change nothing.  A paused domain's clocks cost nothing.
 */
#ifndef EMUL_VLINE_H
#define EMUL_VLINE_H

#include <hv/timer.h>
#include <hv/types.h>

#define VLINE_NEVER UINT64_MAX

/* However short a guest's period, this much time is between two interrupts. */
#define VLINE_MIN_PERIOD_NS 100000UL

struct vline {
    /* NULL: the outputs are not connected.  Locks of level LOCK_DEVICE held. */
    void (*set)(void *arg, unsigned int line, bool asserted); /* [I] */
    /* NULL: never.  May the clock rest until it is resumed?  Its lock held. */
    bool (*rests)(void *arg); /* [I] */
    void *arg;          /* [I] */
    struct timer timer;
    bool stopped;       /* [d] the device goes away */
};
/* [I] immutable  [d] the device's lock */

/* fn(data) is called when the device may have to change an output. */
static inline void vline_init(struct vline *l,
                              void (*set)(void *arg, unsigned int line,
                                          bool asserted),
                              void *arg, void (*fn)(void *data), void *data)
{
    l->set = set;
    l->rests = NULL;
    l->arg = arg;
    l->stopped = false;
    timer_init(&l->timer, fn, data);
}

static inline void vline_set(struct vline *l, unsigned int line, bool asserted)
{
    if ( l->set )
        l->set(l->arg, line, asserted);
}

/* An edge of a line that is asserted between edges. */
static inline void vline_pulse(struct vline *l, unsigned int line)
{
    vline_set(l, line, false);
    vline_set(l, line, true);
}

/* Device lock held.  VLINE_NEVER: a call that is due finds nothing to do. */
static inline void vline_arm(struct vline *l, uint64_t when)
{
    if ( l->set && !l->stopped && when != VLINE_NEVER )
        timer_set(&l->timer, when);
}

/* Device lock held, after an edge of a periodic output. */
static inline bool vline_rests(const struct vline *l)
{
    return l->rests && l->rests(l->arg);
}

/*
 * Ticks of a clock of hz in ns and back; vline_ns() is the first moment at which
 * `ticks` were counted.  No overflow in less than 100 years.
 */
static inline uint64_t vline_ticks(uint64_t ns, uint64_t hz)
{
    return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}
static inline uint64_t vline_ns(uint64_t ticks, uint64_t hz)
{
    return ticks / hz * NS_PER_S + DIV_ROUND_UP(ticks % hz * NS_PER_S, hz);
}

#endif
