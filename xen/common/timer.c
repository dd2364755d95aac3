/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers: one heap, the first to expire at its top, under timer_lock
 * (LOCK_TIMER).
 *
 *   idle --timer_set--> armed --timer_run--> running (t->running counts)
 *    ^                    |                      |
 *    +-----timer_stop-----+<------fn returns-----+
 *
 * A function runs without the lock, so it may arm its own timer again; then a
 * timer is both armed and running.  After the function has returned and the
 * count went down, timer_run() does not touch the timer: whoever waited for
 * it in timer_stop() may free it.
 *
 * The heap is a leftist tree: each timer expires no later than those below it,
 * and the way down to the right is the shortest to a free place: at most
 * log2(n + 1) timers, so that adding and removing take no more steps than
 * that (and the way up again), with no memory besides the timers.
 */
#include <hv/atomic.h>
#include <hv/budget.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#define NEVER UINT64_MAX
#define RUN_AT_ONCE 64 /* functions that one timer_run() calls */

static struct timer *first;
static spinlock_t timer_lock;
static uint64_t programmed; /* for when some CPU minds the first one */

void timer_system_init(void)
{
    first = NULL;
    programmed = NEVER;
    spin_lock_init(&timer_lock, LOCK_TIMER);
}

uint64_t now_ns(void)
{
    return arch_now_ns();
}

void timer_init(struct timer *t, void (*fn)(void *data), void *data)
{
    *t = (struct timer){ .fn = fn, .data = data };
}

/* ---- the heap; lock held ---- */

/* How far it is from t to a free place. */
static unsigned int rank_of(const struct timer *t)
{
    return t ? t->rank : 0;
}

/* The children of t changed: restore its order and rank.  Did it change? */
static bool settle(struct timer *t)
{
    unsigned int was = t->rank;

    if ( rank_of(t->left) < rank_of(t->right) )
    {
        struct timer *left = t->left;

        t->left = t->right;
        t->right = left;
    }
    t->rank = (uint8_t)(rank_of(t->right) + 1);
    return t->rank != was;
}

static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *top = NULL, **at = &top, *up = NULL;

    /* Down: each next one of the two ways to the right, in order. */
    while ( a && b )
    {
        struct timer *t = b->expires < a->expires ? b : a;

        if ( t == a )
            a = t->right;
        else
            b = t->right;
        *at = t;
        t->up = up;
        up = t;
        at = &t->right;
    }
    *at = a ? a : b;
    if ( *at )
        (*at)->up = up;
    for ( ; up; up = up->up )
        settle(up);
    return top;
}

static void heap_add(struct timer *t)
{
    t->left = t->right = t->up = NULL;
    t->rank = 1;
    WRITE_ONCE(t->armed, true);
    first = merge(first, t);
}

/* The ranks above change no further than ranks grow: log2(n + 1) steps. */
static void heap_remove(struct timer *t)
{
    struct timer *up = t->up, *below;

    if ( !t->armed )
        return;
    WRITE_ONCE(t->armed, false);
    below = merge(t->left, t->right);
    if ( below )
        below->up = up;
    if ( !up )
        first = below;
    else if ( up->left == t )
        up->left = below;
    else
        up->right = below;
    while ( up && settle(up) )
        up = up->up;
}

static uint64_t first_expiry(void)
{
    return first ? first->expires : NEVER;
}

/* The machine must know whenever the first expiry changed. */
static void program_first(void)
{
    programmed = first_expiry();
    arch_timer_program(programmed);
}

/* ---- timers ---- */

bool timer_is_armed(const struct timer *t)
{
    return READ_ONCE(t->armed);
}

/*
 * One in the past fires no earlier than others that are due already, nor in
 * the timer_run() that is going on: it would never end.
 */
void timer_set(struct timer *t, uint64_t expires)
{
    const struct timer *was_first;
    uint64_t now = now_ns();

    spin_lock(&timer_lock);
    was_first = first;
    heap_remove(t);
    t->expires = max(expires, now);
    heap_add(t);
    if ( was_first == t || first == t )
        program_first();
    spin_unlock(&timer_lock);
}

void timer_stop(struct timer *t)
{
    bool running;

    do {
        bool was_first;

        spin_lock(&timer_lock);
        was_first = first == t;
        heap_remove(t);
        running = t->running;
        if ( was_first )
            program_first();
        spin_unlock(&timer_lock);
    } while ( running );
}

/*
 * What becomes due meanwhile is for the next time, and so are those beyond
 * RUN_AT_ONCE: the machine is asked to come at once.  A CPU that came too late,
 * for an expiry that another one minds by now, does not mind it too: or soon
 * all would be interrupted by each timer, and wait for each other's lock.
 */
void timer_run(void)
{
    uint64_t now = now_ns();
    struct timer *t;

    budget_begin();
    spin_lock(&timer_lock);
    for ( unsigned int n = 0; n < RUN_AT_ONCE; n++ )
    {
        t = first;
        if ( !t || t->expires > now )
            break;
        heap_remove(t);
        t->running++;
        spin_unlock(&timer_lock);
        t->fn(t->data);
        spin_lock(&timer_lock);
        t->running--;
    }
    if ( programmed != first_expiry() || (first && first->expires <= now) )
        program_first();
    spin_unlock(&timer_lock);
    budget_end();
}
