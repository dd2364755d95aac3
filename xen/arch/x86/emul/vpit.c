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

#define PORT_CONTROL 0x43
#define PORT_SPEAKER 0x61

#define CONTROL_READ_BACK 3
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

#define SPEAKER_GATE 0x01
#define SPEAKER_KEPT 0x0f
#define SPEAKER_REFRESH 0x10 /* toggles with each refresh of memory */
#define SPEAKER_OUT 0x20
#define REFRESH_NS 15085UL


static uint64_t ns_to_ticks(uint64_t ns)
{
    return ns / NS_PER_S * PIT_HZ + ns % NS_PER_S * PIT_HZ / NS_PER_S;
}

/* Bring ticks and since up to now, before the gate or the count changes. */
static void channel_catch_up(struct vpit_channel *c, uint64_t now)
{
    if ( c->gate && !c->null )
        c->ticks += ns_to_ticks(now - c->since);
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
    c->ticks = 0;
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

void vpit_init(struct vpit *p)
{
    *p = (struct vpit){ 0 };
    spin_lock_init(&p->lock, LOCK_ARCH);
    for ( unsigned int i = 0; i < 3; i++ )
        p->channel[i] = (struct vpit_channel){
            .access = 3, .mode = 3, .gate = i != 2, .null = true,
            .initial = 0x10000,
        };
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
        channel_write(&array_at(p->channel, port & 3), value);
    spin_unlock(&p->lock);
}
