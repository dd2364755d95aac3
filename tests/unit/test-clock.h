/* SPDX-License-Identifier: MIT */
/*
 * For tests of emulated clocks: a clock that the test sets, with the timers that
 * run at its moments, and a line whose edges are counted.
 */
#ifndef TEST_CLOCK_H
#define TEST_CLOCK_H

#include "fixture.h"

#include <emul/vline.h>
#include <time.h>

#define T0 1000000000UL
#define LINES 32

static uint64_t test_now = T0;
/* NULL, or what another CPU does right after somebody asked for the time. */
static void (*test_asked)(void);

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    (void)clock;
    ts->tv_sec = (time_t)(test_now / 1000000000);
    ts->tv_nsec = (long)(test_now % 1000000000);
    if ( test_asked )
        test_asked();
    return 0;
}

static bool level[LINES];
static unsigned int edges[LINES];

static void set_line(void *arg, unsigned int line, bool asserted)
{
    (void)arg;
    assert_true(line < LINES);
    if ( asserted && !level[line] )
        edges[line]++;
    level[line] = asserted;
}

static void lines_reset(void)
{
    timer_system_init();
    memset(level, 0, sizeof(level));
    memset(edges, 0, sizeof(edges));
}

/* Let time pass until `when`; how often did the device's timer run? */
static inline unsigned int run_until(struct vline *l, uint64_t when)
{
    unsigned int calls = 0;

    while ( timer_is_armed(&l->timer) && l->timer.expires <= when )
    {
        test_now = max(test_now, l->timer.expires);
        timer_run();
        assert_true(++calls < 1000000); /* time goes forward */
    }
    test_now = when;
    return calls;
}

#endif
