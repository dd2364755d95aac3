/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers: one list, sorted by expiry, under timer_lock (LOCK_TIMER).
 *
 *   idle --timer_set--> listed --timer_run--> running (t->running counts)
 *    ^                    |                      |
 *    +-----timer_stop-----+<------fn returns-----+
 *
 * A function runs without the lock, so it may arm its own timer again; then a
 * timer is both listed and running.  After the function has returned and the
 * count went down, timer_run() does not touch the timer: whoever waited for
 * it in timer_stop() may free it.
 */
#include <hv/atomic.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#define NEVER UINT64_MAX

static struct list timers;
static spinlock_t timer_lock;
static uint64_t programmed; /* for when some CPU minds the first one */

void timer_system_init(void)
{
    list_init(&timers);
    programmed = NEVER;
    spin_lock_init(&timer_lock, LOCK_TIMER);
    wallclock_init();
}

uint64_t now_ns(void)
{
    return arch_now_ns();
}

void timer_init(struct timer *t, void (*fn)(void *data), void *data)
{
    *t = (struct timer){ .fn = fn, .data = data };
    list_init(&t->link);
}

static struct timer *first_timer(void)
{
    return list_empty(&timers) ? NULL
                               : list_entry(timers.next, struct timer, link);
}

static uint64_t first_expiry(void)
{
    const struct timer *t = first_timer();

    return t ? t->expires : NEVER;
}

/* The machine must know whenever the first expiry changed. */
static void program_first(void)
{
    programmed = first_expiry();
    arch_timer_program(programmed);
}

void timer_set(struct timer *t, uint64_t expires)
{
    const struct timer *was_first;
    struct timer *pos;

    spin_lock(&timer_lock);
    was_first = first_timer();
    list_del(&t->link);
    t->expires = expires;
    list_for_each (pos, &timers, link)
        if ( pos->expires > expires )
            break;
    list_add_tail(&t->link, &pos->link);
    if ( was_first == t || first_timer() == t )
        program_first();
    spin_unlock(&timer_lock);
}

void timer_stop(struct timer *t)
{
    bool running;

    do {
        bool was_first;

        spin_lock(&timer_lock);
        was_first = first_timer() == t;
        list_del(&t->link);
        running = t->running;
        if ( was_first )
            program_first();
        spin_unlock(&timer_lock);
    } while ( running );
}

/*
 * What becomes due meanwhile is for the next time: it ends, however short the
 * periods of those are that arm themselves again.  A CPU that came too late,
 * for an expiry that another one minds by now, does not mind it too: or soon
 * all would be interrupted by each timer, and wait for each other's lock.
 */
void timer_run(void)
{
    uint64_t now = now_ns();
    struct timer *t;

    spin_lock(&timer_lock);
    while ( (t = first_timer()) != NULL && t->expires <= now )
    {
        list_del(&t->link);
        t->running++;
        spin_unlock(&timer_lock);
        t->fn(t->data);
        spin_lock(&timer_lock);
        t->running--;
    }
    if ( programmed != first_expiry() )
        program_first();
    spin_unlock(&timer_lock);
}
