/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer.  Nothing counts: there is the time when the count
 * will be 0 next, from which the count is computed.
 *
 *   stopped --initial count--> counting: deadline --0--> one-shot: stopped
 *                               ^                        periodic: the next
 *                               +--------------------------------------+
 *
 * The hypervisor's timer is armed only when somebody would notice: while the
 * LVT entry is masked the deadline passes unseen, and the periods of a vcpu that
 * cannot run are one interrupt.  Its function runs on any
 * CPU; the vcpu stops it before it changes what the function uses.
 */
#include "vlapic-private.h"

#include <hv/domain.h>
#include <hv/lib.h>

/* However short a guest's period, this much of the machine's time is left. */
#define MIN_PERIOD_NS 100000UL
/* While the last interrupt was not taken, more of them are not noticed. */
#define BEHIND_NS 1000000UL

static uint64_t tick_ns(const struct vlapic *l)
{
    unsigned int shift = (l->tdcr & 3) | (l->tdcr & 8) >> 1;

    return (uint64_t)VLAPIC_BUS_NS << ((shift + 1) & 7);
}

static bool is_periodic(const struct vlapic *l)
{
    return READ_ONCE(l->lvt[LVT_TIMER]) & LVT_PERIODIC;
}

static uint64_t period_ns(const struct vlapic *l)
{
    return max(l->tmict * tick_ns(l), MIN_PERIOD_NS);
}

/* The next deadline of a periodic timer, when the one before has passed. */
static uint64_t next_deadline(const struct vlapic *l, uint64_t last,
                              uint64_t now)
{
    uint64_t period = period_ns(l);

    return now + period - (now - last) % period;
}

/* The timer's interrupt is still there: its vcpu is behind, or stopped. */
static bool not_taken(const struct vlapic *l)
{
    uint32_t lvt = READ_ONCE(l->lvt[LVT_TIMER]);

    return !(lvt & LVT_MASKED) && test_bit(lvt & LVT_VECTOR, l->irr);
}

/* The deadline has passed. */
static void expire(struct vlapic *l, uint64_t now)
{
    uint64_t next = 0;

    if ( is_periodic(l) )
    {
        next = next_deadline(l, l->deadline, now);
        if ( not_taken(l) )
            next += (BEHIND_NS - 1) / period_ns(l) * period_ns(l);
    }
    WRITE_ONCE(l->deadline, next);
    vlapic_local(l, LVT_TIMER);
}

/*
 * The vcpu becomes able to run first and looks at l->rests then; here it is the
 * other way round.
 */
static bool rests(struct vlapic *l)
{
    if ( !is_periodic(l) || vcpu_runnable(l->v) )
        return false;
    WRITE_ONCE(l->rests, true);
    smp_mb();
    return !vcpu_runnable(l->v);
}

static void fired(void *data)
{
    struct vlapic *l = data;

    expire(l, now_ns());
    if ( !rests(l) )
        vlapic_timer_resume(l);
}

void vlapic_timer_wake(struct vlapic *l)
{
    WRITE_ONCE(l->rests, false);
    vlapic_timer_settle(l);
    vlapic_timer_resume(l);
}

void vlapic_timer_init(struct vlapic *l)
{
    timer_init(&l->timer, fired, l);
}

void vlapic_timer_settle(struct vlapic *l)
{
    uint64_t now;

    timer_stop(&l->timer);
    now = now_ns();
    if ( l->deadline && now >= l->deadline )
        expire(l, now);
}

void vlapic_timer_resume(struct vlapic *l)
{
    if ( l->deadline && !(READ_ONCE(l->lvt[LVT_TIMER]) & LVT_MASKED) )
        timer_set(&l->timer, l->deadline);
}

void vlapic_timer_start(struct vlapic *l, uint32_t count)
{
    vlapic_timer_settle(l);
    l->tmict = count;
    WRITE_ONCE(l->deadline, count ? now_ns() + count * tick_ns(l) : 0);
    vlapic_timer_resume(l);
}

uint32_t vlapic_timer_count(const struct vlapic *l)
{
    uint64_t deadline = READ_ONCE(l->deadline), now = now_ns(), left;

    if ( !deadline )
        return 0;
    if ( now >= deadline )
    {
        if ( !is_periodic(l) )
            return 0;
        deadline = next_deadline(l, deadline, now);
    }
    left = deadline - now;
    if ( is_periodic(l) && left > period_ns(l) ) /* some pass unnoticed */
        left = (left - 1) % period_ns(l) + 1;
    return (uint32_t)min(DIV_ROUND_UP(left, tick_ns(l)), (uint64_t)l->tmict);
}

void vlapic_timer_load(struct vlapic *l, uint32_t count, uint32_t tdcr,
                       uint32_t left)
{
    l->tmict = count;
    l->tdcr = tdcr & 0xb;
    if ( !left )
        left = count;
    WRITE_ONCE(l->deadline, left ? now_ns() + left * tick_ns(l) : 0);
    vlapic_timer_resume(l);
}

/* What is left of the count goes on at the new pace. */
void vlapic_timer_divide(struct vlapic *l, uint32_t tdcr)
{
    uint32_t left;

    vlapic_timer_settle(l);
    left = vlapic_timer_count(l);
    l->tdcr = tdcr & 0xb;
    WRITE_ONCE(l->deadline, left ? now_ns() + left * tick_ns(l) : 0);
    vlapic_timer_resume(l);
}
