/* SPDX-License-Identifier: MIT */
/*
 * The interval timer.  Counters are computed from the time when they are
 * looked at: `ticks` counted until `since`, and more since then while the gate
 * is up and a count was loaded.
 */
#include <emul/vpit.h>
#include <hv/array.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <xen/hvm/save.h>

#define PORT_COUNTER_0 0x40
#define PORT_CONTROL 0x43
#define PORT_SPEAKER 0x61

#define CONTROL_READ_BACK 3
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

#define SPEAKER_GATE 0x01
#define SPEAKER_KEPT 0x03 /* the gate, and whether the speaker hears it */
#define SPEAKER_REFRESH 0x10 /* toggles with each refresh of memory */
#define SPEAKER_OUT 0x20
#define REFRESH_NS 15085UL

/* Bytes of a count, as a saved record tells which one is next. */
#define STATE_LOW 1
#define STATE_HIGH 2
#define STATE_WORD 3      /* the low one of two */
#define STATE_WORD_HIGH 4 /* the high one of two */
#define MODE_NONE 0xff    /* never written */

/* Modes 1 and 5 count from a rising gate on, whatever the gate does then. */
static bool is_triggered(const struct vpit_channel *c)
{
    return c->mode == 1 || c->mode == 5;
}

/* Bring ticks and since up to now, before the gate or the count changes. */
static void channel_catch_up(struct vpit_channel *c, uint64_t now)
{
    if ( (c->gate || is_triggered(c)) && !c->null )
        c->ticks += vline_ticks(now - c->since, PIT_HZ);
    c->since = now;
}

static uint64_t channel_ticks(const struct vpit_channel *c)
{
    struct vpit_channel copy = *c;

    channel_catch_up(&copy, now_ns());
    return copy.ticks;
}

/* The counter: 0..0xffff, or decimal digits. */
static uint16_t channel_count(const struct vpit_channel *c)
{
    uint64_t ticks = channel_ticks(c);
    uint32_t wrap = c->bcd ? 10000 : 0x10000, count;
    uint32_t half = (c->initial + 1) / 2, in_period = ticks % c->initial;

    if ( c->mode == 3 ) /* down by two in each half, the first is longer */
        count = (c->initial & ~1U) -
                2 * (in_period < half ? in_period : in_period - half);
    else if ( c->mode == 2 )
        count = c->initial - in_period;
    else /* goes on below zero */
        count = c->initial + wrap - ticks % wrap;
    count %= wrap;
    if ( c->bcd )
        count = count / 1000 << 12 | count / 100 % 10 << 8 |
                count / 10 % 10 << 4 | count % 10;
    return (uint16_t)count;
}

static bool channel_out(const struct vpit_channel *c)
{
    uint64_t ticks = channel_ticks(c);

    if ( c->null )
        return c->mode != 0;
    switch ( c->mode )
    {
    case 0:
    case 1:
        return ticks >= c->initial;
    case 2: /* low for the last tick */
        return !c->gate || ticks % c->initial != c->initial - 1;
    case 3: /* high for the longer half */
        return !c->gate || ticks % c->initial < (c->initial + 1) / 2;
    default: /* 4, 5: low for the tick after the last */
        return ticks != c->initial;
    }
}

static void channel_load(struct vpit_channel *c, uint16_t value)
{
    uint32_t count = value;

    if ( c->bcd )
        count = (value >> 12) * 1000 + (value >> 8 & 0xf) * 100 +
                (value >> 4 & 0xf) * 10 + (value & 0xf);
    if ( !count )
        count = c->bcd ? 10000 : 0x10000;
    /* A period that goes on ends before the new one begins: not so here. */
    c->initial = count;
    c->ticks = is_triggered(c) ? count + 2UL : 0; /* over: no trigger yet */
    c->since = now_ns();
    c->null = false;
}

static void channel_gate(struct vpit_channel *c, bool gate)
{
    channel_catch_up(c, now_ns());
    /* All modes but 0 and 4 begin again when the gate rises. */
    if ( gate && !c->gate && c->mode != 0 && c->mode != 4 )
        c->ticks = 0;
    c->gate = gate;
}

static void latch_count(struct vpit_channel *c)
{
    if ( c->count_latched )
        return;
    c->latch = channel_count(c);
    c->count_latched = true;
}

static void latch_status(struct vpit_channel *c)
{
    if ( c->status_latched )
        return;
    c->status = (uint8_t)(channel_out(c) << 7 | c->null << 6 |
                          c->access << 4 | c->mode << 1 | c->bcd);
    c->status_latched = true;
}

/* ---- the line of channel 0 ---- */

/* The ticks at which the output rises next, after `ticks`. */
static uint64_t next_rise(const struct vpit_channel *c, uint64_t ticks)
{
    uint64_t step;

    if ( c->null )
        return VLINE_NEVER;
    switch ( c->mode )
    {
    case 0:
    case 1:
        return ticks < c->initial ? c->initial : VLINE_NEVER;
    case 2:
    case 3:
        step = DIV_ROUND_UP(DIV_ROUND_UP(VLINE_MIN_PERIOD_NS * PIT_HZ,
                                         NS_PER_S), c->initial);
        step *= c->initial;
        return (ticks / step + 1) * step;
    default:
        return ticks <= c->initial ? c->initial + 1UL : VLINE_NEVER;
    }
}

static void plan_edge(struct vpit *p)
{
    const struct vpit_channel *c = &p->channel[0];
    uint64_t rise = next_rise(c, channel_ticks(c));

    p->edge = rise;
    if ( rise != VLINE_NEVER )
        p->edge = c->since + vline_ns(rise - c->ticks, PIT_HZ);
}

/* An edge that is due; false: none is. */
static bool settle(struct vpit *p)
{
    if ( now_ns() < p->edge )
        return false;
    vline_pulse(&p->line, 0);
    plan_edge(p);
    return true;
}

static void fired(void *data)
{
    struct vpit *p = data;

    spin_lock(&p->lock);
    if ( !settle(p) || !vline_rests(&p->line) )
        vline_arm(&p->line, p->edge);
    spin_unlock(&p->lock);
}

void vpit_resume(struct vpit *p)
{
    spin_lock(&p->lock);
    settle(p);
    vline_arm(&p->line, p->edge);
    spin_unlock(&p->lock);
}

/* The guest wrote channel 0's mode or count. */
static void channel_0_changed(struct vpit *p)
{
    if ( p->channel[0].mode <= 1 )
        vline_set(&p->line, 0, false);
    plan_edge(p);
    vline_arm(&p->line, p->edge);
}

/* ---- ports ---- */

static uint8_t channel_read(struct vpit_channel *c)
{
    uint16_t count;
    bool high;

    if ( c->status_latched )
    {
        c->status_latched = false;
        return c->status;
    }
    count = c->count_latched ? c->latch : channel_count(c);
    high = c->access == 2 || (c->access == 3 && c->read_high);
    if ( c->access == 3 )
        c->read_high = !c->read_high;
    if ( !c->read_high )
        c->count_latched = false;
    return (uint8_t)(high ? count >> 8 : count);
}

static void channel_write(struct vpit_channel *c, uint8_t value)
{
    switch ( c->access )
    {
    case 1:
        channel_load(c, value);
        break;
    case 2:
        channel_load(c, (uint16_t)(value << 8));
        break;
    default:
        if ( c->write_high )
            channel_load(c, (uint16_t)(value << 8 | c->low));
        else
            c->low = value;
        c->write_high = !c->write_high;
    }
}

static void channel_control(struct vpit_channel *c, uint8_t value)
{
    unsigned int access = value >> 4 & 3, mode = value >> 1 & 7;

    if ( !access )
    {
        latch_count(c);
        return;
    }
    c->access = (uint8_t)access;
    c->mode = (uint8_t)(mode > 5 ? mode - 4 : mode);
    c->bcd = value & 1;
    c->null = true;
    c->ticks = 0;
    c->write_high = c->read_high = false;
    c->count_latched = c->status_latched = false;
}

static void control(struct vpit *p, uint8_t value)
{
    if ( value >> 6 != CONTROL_READ_BACK )
    {
        channel_control(&array_at(p->channel, value >> 6), value);
        if ( value < 0x40 && value >> 4 ) /* not a latch command */
            channel_0_changed(p);
        return;
    }
    for ( unsigned int i = 0; i < 3; i++ )
    {
        if ( !(value & (2U << i)) )
            continue;
        if ( !(value & READ_BACK_NO_COUNT) )
            latch_count(&p->channel[i]);
        if ( !(value & READ_BACK_NO_STATUS) )
            latch_status(&p->channel[i]);
    }
}

static uint8_t speaker_read(const struct vpit *p)
{
    return (uint8_t)(p->speaker |
                     (now_ns() / REFRESH_NS & 1 ? SPEAKER_REFRESH : 0) |
                     (channel_out(&p->channel[2]) ? SPEAKER_OUT : 0));
}

void vpit_init(struct vpit *p,
               void (*set)(void *arg, unsigned int line, bool asserted),
               void *arg)
{
    *p = (struct vpit){ .edge = VLINE_NEVER };
    spin_lock_init(&p->lock, LOCK_DEVICE);
    vline_init(&p->line, set, arg, fired, p);
    for ( unsigned int i = 0; i < 3; i++ )
        p->channel[i] = (struct vpit_channel){
            .access = 3, .mode = 3, .gate = i != 2, .null = true,
            .initial = 0x10000,
        };
}

void vpit_stop(struct vpit *p)
{
    spin_lock(&p->lock);
    p->line.stopped = true;
    spin_unlock(&p->lock);
    timer_stop(&p->line.timer);
}

void vpit_destroy(struct vpit *p)
{
    spin_lock_destroy(&p->lock);
}

uint8_t vpit_read(struct vpit *p, uint16_t port)
{
    uint8_t value = 0xff; /* the control port cannot be read */

    spin_lock(&p->lock);
    if ( port == PORT_SPEAKER )
        value = speaker_read(p);
    else if ( port != PORT_CONTROL )
        value = channel_read(&array_at(p->channel, port & 3));
    spin_unlock(&p->lock);
    return value;
}

void vpit_write(struct vpit *p, uint16_t port, uint8_t value)
{
    spin_lock(&p->lock);
    if ( port == PORT_SPEAKER )
    {
        p->speaker = value & SPEAKER_KEPT;
        channel_gate(&p->channel[2], value & SPEAKER_GATE);
    }
    else if ( port == PORT_CONTROL )
        control(p, value);
    else
    {
        channel_write(&array_at(p->channel, port & 3), value);
        if ( port == PORT_COUNTER_0 && !p->channel[0].write_high )
            channel_0_changed(p);
    }
    spin_unlock(&p->lock);
}

/* ---- saved state ---- */

static uint8_t next_byte(const struct vpit_channel *c, bool high)
{
    return c->access < 3 ? c->access : high ? STATE_WORD_HIGH : STATE_WORD;
}

static uint16_t to_count(const struct vpit_channel *c)
{
    uint32_t n = c->initial;

    return (uint16_t)(!c->bcd ? n
                              : n / 1000 % 10 << 12 | n / 100 % 10 << 8 |
                                    n / 10 % 10 << 4 | n % 10);
}

void vpit_save(struct vpit *p, struct hvm_hw_pit *hw)
{
    memset(hw, 0, sizeof(*hw));
    spin_lock(&p->lock);
    hw->speaker_data_on = p->speaker >> 1 & 1;
    for ( unsigned int i = 0; i < 3; i++ )
    {
        const struct vpit_channel *c = &p->channel[i];
        struct hvm_hw_pit_channel *r = &hw->channels[i];

        r->count = c->null ? 0 : to_count(c) ? to_count(c) : 0x10000;
        r->latched_count = c->latch;
        r->count_latched = c->count_latched ? next_byte(c, c->read_high) : 0;
        r->status_latched = c->status_latched;
        r->status = c->status;
        r->read_state = next_byte(c, c->read_high);
        r->write_state = next_byte(c, c->write_high);
        r->write_latch = c->low;
        r->rw_mode = c->access;
        r->mode = c->mode;
        r->bcd = c->bcd;
        r->gate = c->gate;
    }
    spin_unlock(&p->lock);
}

/* The states of reading, writing and latching belong to the access mode. */
static bool state_ok(unsigned int access, unsigned int state)
{
    return access == 3 ? state == STATE_WORD || state == STATE_WORD_HIGH
                       : state == access;
}

static bool digits_ok(uint32_t count)
{
    for ( ; count; count >>= 4 )
        if ( (count & 0xf) > 9 )
            return false;
    return true;
}

static bool channel_ok(const struct hvm_hw_pit_channel *c, unsigned int i)
{
    bool used = c->mode != MODE_NONE;

    return c->count <= 0x10000 && c->status_latched <= 1 && c->bcd <= 1 &&
           c->gate <= 1 && (i == 2 || c->gate) &&
           (!c->bcd || c->count == 0x10000 || digits_ok(c->count)) &&
           (!used || (c->mode <= 5 && c->rw_mode >= 1 && c->rw_mode <= 3 &&
                      state_ok(c->rw_mode, c->read_state) &&
                      state_ok(c->rw_mode, c->write_state) &&
                      (!c->count_latched ||
                       state_ok(c->rw_mode, c->count_latched))));
}

static void channel_restore(struct vpit_channel *c,
                            const struct hvm_hw_pit_channel *hw)
{
    bool used = hw->mode != MODE_NONE;

    *c = (struct vpit_channel){
        .access = used ? hw->rw_mode : 3,
        .mode = used ? hw->mode : 3,
        .bcd = hw->bcd,
        .gate = hw->gate,
        .write_high = used && hw->write_state == STATE_WORD_HIGH,
        .read_high = used && hw->read_state == STATE_WORD_HIGH,
        .low = hw->write_latch,
        .count_latched = used && hw->count_latched,
        .status_latched = hw->status_latched,
        .latch = hw->latched_count,
        .status = hw->status,
    };
    channel_load(c, (uint16_t)hw->count);
    c->null = !used || !hw->count;
}

int vpit_load(struct vpit *p, const struct hvm_hw_pit *hw)
{
    if ( hw->speaker_data_on > 1 )
        return -EINVAL;
    for ( unsigned int i = 0; i < 3; i++ )
        if ( !channel_ok(&hw->channels[i], i) )
            return -EINVAL;
    spin_lock(&p->lock);
    for ( unsigned int i = 0; i < 3; i++ )
        channel_restore(&p->channel[i], &hw->channels[i]);
    p->speaker = (uint8_t)(hw->speaker_data_on << 1 | p->channel[2].gate);
    channel_0_changed(p);
    spin_unlock(&p->lock);
    return 0;
}
