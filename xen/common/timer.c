/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers: one heap, the first to expire at the top, protected by
 * timer_lock (LOCK_TIMER).
 *
 *   idle --timer_set--> armed --timer_run--> running (t->running counts)
 *    ^                    |                      |
 *    +-----timer_stop-----+<------fn returns-----+
 *
 * A function runs without the lock, and may arm its own timer again; then the
 * timer is both armed and running.  After the function has returned and the
 * count was decremented, timer_run() does not access the timer: a caller that
 * waited in timer_stop() may free it.
 *
 * The heap is a leftist tree: each timer expires no later than those below it,
 * and the path down to the right is the shortest to a free place: at most
 * log2(n + 1) timers.  So adding and removing take that many steps down, and up
 * again, with no memory besides the timers.
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
static uint64_t programmed; /* last argument of arch_timer_program() */

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

/* The distance from t to the nearest free place; 0: t is one. */
static unsigned int rank_of(const struct timer *t)
{
    return t ? t->rank : 0;
}

/* t's children changed: order them and set t's rank; false if that stays. */
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

    /* Down: merge the two right paths in the order of expiry. */
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

/* At most log2(n + 1) ranks above t can change: ranks are no larger. */
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

/* Called whenever the first expiry has changed. */
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
 * A time in the past counts as now: the timer fires after others that are due,
 * and not in the timer_run() in progress, which would never end otherwise.
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
 * Timers that become due meanwhile, or that exceed RUN_AT_ONCE, are left for
 * another call, which arch_timer_program() asks for at once.  If another CPU
 * has already programmed the first expiry, this one does not program it too:
 * otherwise soon all CPUs would be interrupted for each timer, and contend for
 * the lock.
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
