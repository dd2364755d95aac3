/* SPDX-License-Identifier: MIT */
/*
 * The HPET.  Each look at it first lets pass what is due (settle()); each change
 * ends with update(), which drives the lines and arms the timer for the next
 * match that an interrupt follows.  The time is asked for under the lock: it is
 * never before `since`.
 */
#include <emul/vhpet.h>
#include <hv/array.h>
#include <hv/atomic.h>
#include <hv/lib.h>

#include <xen/errno.h>
#include <xen/hvm/save.h>

/* Registers, of 8 bytes each. */
#define REG_ID 0x000
#define REG_CONFIG 0x010
#define REG_STATUS 0x020
#define REG_COUNTER 0x0f0
#define REG_TIMERS 0x100
#define REG_TIMER_CONFIG 0x00
#define REG_TIMER_CMP 0x08
#define REG_TIMER_FSB 0x10
#define TIMER_BYTES 0x20

/* Vendor, legacy replacement, 64 bits, three timers, revision 1; femtoseconds. */
#define ID (VHPET_TICK_NS * 1000000UL << 32 | 0x8086a201UL)

#define CONFIG_ENABLE 0x1UL
#define CONFIG_LEGACY 0x2UL

#define TIMER_LEVEL 0x2UL
#define TIMER_ENABLE 0x4UL
#define TIMER_PERIODIC 0x8UL
#define TIMER_SETVAL 0x40UL /* the next write to CMP sets the comparator */
#define TIMER_32BIT 0x100UL
#define TIMER_ROUTE_SHIFT 9
#define TIMER_ROUTE 0x1fUL
#define TIMER_WRITABLE 0x3f4eUL
#define TIMER_ROUTES (TIMER_ROUTE << TIMER_ROUTE_SHIFT)
#define TIMER_CAP_GSIS 0x00f00000UL
/* These GSIs; 64 bits; periodic. */
#define TIMER_CAPS (TIMER_CAP_GSIS << 32 | 0x30UL)

#define NO_LINE VHPET_LINES
/* A comparator of 32 bits that is this far in the past was meant to be now. */
#define JUST_PAST (1000000U / VHPET_TICK_NS)
#define FAR_AWAY (1UL << 56) /* ticks: more than the time that a machine runs */

/* ---- the counter and matches ---- */

static bool enabled(const struct vhpet *h)
{
    return h->config & CONFIG_ENABLE;
}

static uint64_t counter_at(const struct vhpet *h, uint64_t now)
{
    return h->counter + (enabled(h) ? (now - h->since) / VHPET_TICK_NS : 0);
}

static uint64_t width(const struct vhpet_timer *t)
{
    return t->config & TIMER_32BIT ? UINT32_MAX : UINT64_MAX;
}

/* A timer of 32 bits keeps the upper half for the time when it has 64. */
static uint64_t comparator(const struct vhpet_timer *t)
{
    return t->cmp & width(t);
}

/* When the counter will be as the comparator is. */
static void plan(const struct vhpet *h, struct vhpet_timer *t, uint64_t now)
{
    uint64_t passed = (now - h->since) / VHPET_TICK_NS;
    uint64_t left = (t->cmp - counter_at(h, now)) & width(t);

    t->due = VLINE_NEVER;
    if ( enabled(h) && left < FAR_AWAY )
        t->due = h->since + (passed + left) * VHPET_TICK_NS;
}

static void plan_all(struct vhpet *h, uint64_t now)
{
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        plan(h, &h->timer[i], now);
}

/* The same where a comparator was written: what has just passed is now. */
static void plan_written(const struct vhpet *h, struct vhpet_timer *t,
                         uint64_t now)
{
    uint64_t counter = counter_at(h, now) & width(t);

    plan(h, t, now);
    if ( enabled(h) && comparator(t) < counter &&
         (width(t) == UINT64_MAX || counter - comparator(t) <= JUST_PAST) )
        t->due = now;
}

/* ---- lines ---- */

static unsigned int line_of(const struct vhpet *h, unsigned int i)
{
    unsigned int route = h->timer[i].config >> TIMER_ROUTE_SHIFT & TIMER_ROUTE;

    if ( (h->config & CONFIG_LEGACY) && i < 2 )
        return i ? VHPET_LINE_IRQ8 : VHPET_LINE_IRQ0;
    return TIMER_CAP_GSIS >> route & 1 ? route : NO_LINE;
}

static bool interrupts(const struct vhpet *h, unsigned int i)
{
    return (h->timer[i].config & TIMER_ENABLE) && line_of(h, i) != NO_LINE;
}

static bool is_level(const struct vhpet_timer *t)
{
    return t->config & TIMER_LEVEL;
}

static void matched(struct vhpet *h, unsigned int i)
{
    if ( !interrupts(h, i) )
        return;
    if ( is_level(&h->timer[i]) )
        h->status |= 1UL << i;
    else
    {
        vline_pulse(&h->line, line_of(h, i));
        h->lines |= 1U << line_of(h, i);
        h->timer[i].high = true;
    }
}

/* Matches that are due; those of a period that was missed are one. */
static void settle(struct vhpet *h, uint64_t now)
{
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
    {
        struct vhpet_timer *t = &h->timer[i];
        uint64_t ns = t->period * VHPET_TICK_NS, n;

        if ( t->due > now )
            continue;
        if ( !(t->config & TIMER_PERIODIC) || !t->period )
            t->due = VLINE_NEVER;
        else if ( t->period >= FAR_AWAY ) /* of which 64 bits have no ns */
        {
            t->cmp = (t->cmp + t->period) & width(t);
            t->due = VLINE_NEVER;
        }
        else
        {
            n = (now - t->due) / ns + 1;
            t->cmp = (t->cmp + n * t->period) & width(t);
            t->due += n * ns;
        }
        matched(h, i);
    }
}

static void update(struct vhpet *h)
{
    uint64_t when = VLINE_NEVER;
    uint32_t wanted = 0, changed;

    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
    {
        struct vhpet_timer *t = &h->timer[i];
        bool waits = is_level(t) && (h->status >> i & 1);

        if ( !interrupts(h, i) )
            continue;
        if ( waits || (!is_level(t) && t->high) )
            wanted |= 1U << line_of(h, i);
        if ( !waits && !(h->rest >> i & 1) )
            when = min(when, t->due);
    }
    changed = h->lines ^ wanted;
    h->lines = wanted;
    for ( ; changed; changed &= changed - 1 )
    {
        unsigned int line = (unsigned int)__builtin_ctz(changed);

        vline_set(&h->line, line, wanted >> line & 1);
    }
    vline_arm(&h->line, when);
}

/* Timers whose next match is an edge that is due. */
static uint32_t edges_due(const struct vhpet *h, uint64_t now)
{
    uint32_t timers = 0;

    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        if ( h->timer[i].due <= now && interrupts(h, i) &&
             !is_level(&h->timer[i]) )
            timers |= 1U << i;
    return timers;
}

static void fired(void *data)
{
    struct vhpet *h = data;
    uint32_t edges;
    uint64_t now;

    spin_lock(&h->lock);
    now = now_ns();
    edges = edges_due(h, now);
    settle(h, now);
    if ( edges && vline_rests(&h->line) )
        h->rest |= edges;
    update(h);
    spin_unlock(&h->lock);
}

void vhpet_resume(struct vhpet *h)
{
    spin_lock(&h->lock);
    h->rest = 0;
    settle(h, now_ns());
    update(h);
    spin_unlock(&h->lock);
}

/* ---- registers ---- */

static struct vhpet_timer *timer_at(struct vhpet *h, unsigned int offset)
{
    unsigned int i = (offset - REG_TIMERS) / TIMER_BYTES;

    return offset >= REG_TIMERS && i < VHPET_TIMERS ? &array_at(h->timer, i)
                                                    : NULL;
}

static uint64_t read_register(struct vhpet *h, unsigned int offset,
                              uint64_t now)
{
    const struct vhpet_timer *t = timer_at(h, offset);

    switch ( offset )
    {
    case REG_ID:
        return ID;
    case REG_CONFIG:
        return h->config;
    case REG_STATUS:
        return h->status;
    case REG_COUNTER:
        return counter_at(h, now);
    }
    switch ( t ? offset % TIMER_BYTES : TIMER_BYTES )
    {
    case REG_TIMER_CONFIG:
        return t->config;
    case REG_TIMER_CMP:
        return comparator(t);
    case REG_TIMER_FSB:
        return t->fsb;
    default:
        return 0;
    }
}

/* Timers begin with what is written now: an edge before is over. */
static void forget_edges(struct vhpet *h)
{
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        h->timer[i].high = false;
}

static void write_config(struct vhpet *h, uint64_t value, uint64_t now)
{
    uint64_t config = value & (CONFIG_ENABLE | CONFIG_LEGACY);

    h->counter = counter_at(h, now);
    h->since = now;
    if ( (config ^ h->config) & CONFIG_LEGACY )
        forget_edges(h);
    WRITE_ONCE(h->config, config);
    plan_all(h, now);
}

static uint64_t period_legal(const struct vhpet_timer *t, uint64_t period)
{
    return max(period & width(t) >> 1, (uint64_t)VHPET_MIN_PERIOD);
}

static void write_timer_config(struct vhpet *h, struct vhpet_timer *t,
                               uint64_t value, uint64_t now)
{
    uint64_t changed = value ^ t->config;

    if ( !(TIMER_CAP_GSIS >> (value >> TIMER_ROUTE_SHIFT & TIMER_ROUTE) & 1) )
        value &= ~TIMER_ROUTES;
    t->config = TIMER_CAPS | (value & TIMER_WRITABLE);
    if ( t->period )
        t->period = period_legal(t, t->period);
    t->high = false;
    if ( changed & (TIMER_PERIODIC | TIMER_32BIT) )
        plan(h, t, now);
}

static void write_cmp(struct vhpet *h, struct vhpet_timer *t, uint64_t value,
                      uint64_t now)
{
    if ( (t->config & (TIMER_PERIODIC | TIMER_SETVAL)) == TIMER_PERIODIC )
        t->period = period_legal(t, value);
    else
        t->cmp = value;
    t->config &= ~TIMER_SETVAL;
    plan_written(h, t, now);
}

static void write_register(struct vhpet *h, unsigned int offset,
                           uint64_t value, uint64_t now)
{
    struct vhpet_timer *t = timer_at(h, offset);

    if ( offset == REG_CONFIG )
        write_config(h, value, now);
    else if ( offset == REG_COUNTER )
    {
        if ( !enabled(h) ) /* the counter is not to be written while it runs */
            h->counter = value;
    }
    else if ( t && offset % TIMER_BYTES == REG_TIMER_CONFIG )
        write_timer_config(h, t, value, now);
    else if ( t && offset % TIMER_BYTES == REG_TIMER_CMP )
        write_cmp(h, t, value, now);
    else if ( t && offset % TIMER_BYTES == REG_TIMER_FSB )
        t->fsb = value;
}

static uint64_t mask_of(unsigned int size)
{
    return size < 8 ? (1UL << size * 8) - 1 : UINT64_MAX;
}

uint64_t vhpet_read(struct vhpet *h, unsigned int offset, unsigned int size)
{
    uint64_t now, value;

    if ( offset % size )
        return mask_of(size);
    spin_lock(&h->lock);
    now = now_ns();
    settle(h, now);
    value = read_register(h, offset & ~7U, now);
    update(h);
    spin_unlock(&h->lock);
    return value >> (offset & 7) * 8 & mask_of(size);
}

/* The rest of a register of which a part is written stays. */
void vhpet_write(struct vhpet *h, unsigned int offset, unsigned int size,
                 uint64_t value)
{
    unsigned int reg = offset & ~7U, shift = (offset & 7) * 8;
    uint64_t mask = mask_of(size) << shift, now;

    if ( offset % size )
        return;
    value = value << shift & mask;
    spin_lock(&h->lock);
    now = now_ns();
    settle(h, now);
    if ( reg == REG_STATUS ) /* ones clear */
        h->status &= ~value;
    else
        write_register(h, reg, value | (read_register(h, reg, now) & ~mask),
                       now);
    settle(h, now);
    update(h);
    spin_unlock(&h->lock);
}

bool vhpet_is_legacy(const struct vhpet *h)
{
    return READ_ONCE(h->config) & CONFIG_LEGACY;
}

void vhpet_init(struct vhpet *h,
                void (*set)(void *arg, unsigned int line, bool asserted),
                void *arg)
{
    *h = (struct vhpet){ .since = now_ns() };
    spin_lock_init(&h->lock, LOCK_DEVICE);
    vline_init(&h->line, set, arg, fired, h);
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        h->timer[i] = (struct vhpet_timer){
            .config = TIMER_CAPS, .cmp = UINT64_MAX, .due = VLINE_NEVER,
        };
}

void vhpet_stop(struct vhpet *h)
{
    spin_lock(&h->lock);
    h->line.stopped = true;
    spin_unlock(&h->lock);
    timer_stop(&h->line.timer);
}

void vhpet_destroy(struct vhpet *h)
{
    spin_lock_destroy(&h->lock);
}

/* ---- saved state ---- */

void vhpet_save(struct vhpet *h, struct hvm_hw_hpet *hw)
{
    uint64_t now;

    memset(hw, 0, sizeof(*hw));
    spin_lock(&h->lock);
    now = now_ns();
    settle(h, now);
    update(h);
    hw->capability = ID;
    hw->config = h->config;
    hw->isr = h->status;
    hw->mc64 = counter_at(h, now);
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
    {
        hw->timers[i].config = h->timer[i].config;
        hw->timers[i].cmp = h->timer[i].cmp;
        hw->timers[i].fsb = h->timer[i].fsb;
        hw->period[i] = h->timer[i].period;
    }
    spin_unlock(&h->lock);
}

static bool timer_ok(const struct hvm_hw_hpet *hw, unsigned int i)
{
    struct vhpet_timer t = { .config = hw->timers[i].config };
    uint64_t period = hw->period[i];

    return (t.config & ~TIMER_WRITABLE) == TIMER_CAPS &&
           (!period || period == period_legal(&t, period));
}

int vhpet_load(struct vhpet *h, const struct hvm_hw_hpet *hw)
{
    uint64_t now;

    if ( hw->capability != ID || hw->isr >> VHPET_TIMERS ||
         hw->config & ~(CONFIG_ENABLE | CONFIG_LEGACY) )
        return -EINVAL;
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        if ( !timer_ok(hw, i) )
            return -EINVAL;
    spin_lock(&h->lock);
    now = now_ns();
    WRITE_ONCE(h->config, hw->config);
    h->status = hw->isr;
    h->counter = hw->mc64;
    h->since = now;
    h->rest = 0;
    for ( unsigned int i = 0; i < VHPET_TIMERS; i++ )
        h->timer[i] = (struct vhpet_timer){
            .config = hw->timers[i].config, .cmp = hw->timers[i].cmp,
            .fsb = hw->timers[i].fsb, .period = hw->period[i],
        };
    plan_all(h, now);
    update(h);
    spin_unlock(&h->lock);
    return 0;
}
