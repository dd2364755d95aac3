/* SPDX-License-Identifier: MIT */
/*
 * The real time clock.  Each look at it first brings the flags of register C up
 * to date (settle()), and so raises what these flags interrupt for; each change
 * ends with update(), which arms the timer for the next flag that is enabled.
 */
#include <emul/date.h>
#include <emul/vrtc.h>
#include <hv/array.h>
#include <hv/lib.h>

#include <xen/errno.h>
#include <xen/hvm/save.h>

enum {
    SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM,
    DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, REG_A, REG_B, REG_C, REG_D,
};

#define A_UPDATE 0x80U /* an update of the time is near: read only */
#define A_DIVIDER 0x70U
#define A_DIVIDER_LAST 0x20U /* larger values: held in reset, or tests */
#define A_RATE 0x0fU
#define A_DEFAULT 0x26U

/* Bits 4 to 6 of B enable what the same bits of C say. */
#define B_SET 0x80U
#define PERIODIC 0x40U
#define ALARM 0x20U
#define UPDATE 0x10U
#define EVENTS (PERIODIC | ALARM | UPDATE)
#define B_BINARY 0x04U
#define B_24H 0x02U

#define C_IRQ 0x80U
#define D_VALID 0x80U

#define ALARM_ANY 0xc0U /* both bits: each value matches */
#define HOUR_PM 0x80U

#define RATE_HZ 32768U
#define UPDATE_NS 2228000UL /* A_UPDATE: this long before a second is over */
#define SECONDS_PER_DAY 86400U
#define NO_MATCH UINT32_MAX

/* ---- registers and numbers ---- */

static uint8_t encode(const struct vrtc *r, unsigned int n)
{
    return (uint8_t)(r->reg[REG_B] & B_BINARY ? n : n / 10 << 4 | n % 10);
}

static unsigned int decode(const struct vrtc *r, uint8_t value)
{
    return r->reg[REG_B] & B_BINARY ? value
                                    : (value >> 4) * 10U + (value & 0xf);
}

static uint8_t encode_hour(const struct vrtc *r, unsigned int hour)
{
    if ( r->reg[REG_B] & B_24H )
        return encode(r, hour);
    return (uint8_t)(encode(r, hour % 12 ? hour % 12 : 12) |
                     (hour >= 12 ? HOUR_PM : 0));
}

static unsigned int decode_hour(const struct vrtc *r, uint8_t value)
{
    if ( r->reg[REG_B] & B_24H )
        return decode(r, value);
    return decode(r, value & 0x7f) % 12 + (value & HOUR_PM ? 12 : 0);
}

static void show_date(struct vrtc *r, uint64_t second)
{
    struct date d = date_of_seconds(second);

    r->reg[SECONDS] = encode(r, d.second);
    r->reg[MINUTES] = encode(r, d.minute);
    r->reg[HOURS] = encode_hour(r, d.hour);
    r->reg[DAY_OF_WEEK] = encode(r, d.weekday);
    r->reg[DAY_OF_MONTH] = encode(r, d.day);
    r->reg[MONTH] = encode(r, d.month);
    r->reg[YEAR] = encode(r, d.year % 100);
}

/* The time that the registers show. */
static uint64_t shown_second(const struct vrtc *r)
{
    struct date d = {
        .year = 2000 + decode(r, r->reg[YEAR]),
        .month = decode(r, r->reg[MONTH]),
        .day = decode(r, r->reg[DAY_OF_MONTH]),
        .hour = decode_hour(r, r->reg[HOURS]),
        .minute = decode(r, r->reg[MINUTES]),
        .second = decode(r, r->reg[SECONDS]),
    };

    return date_to_seconds(&d);
}

/* ---- events ---- */

/* The periodic rate as a power of two of RATE_HZ's periods; 0: none. */
static unsigned int rate_shift(const struct vrtc *r)
{
    unsigned int rate = r->reg[REG_A] & A_RATE;

    if ( !rate || (r->reg[REG_A] & A_DIVIDER) > A_DIVIDER_LAST )
        return 0;
    return rate <= 2 ? rate + 6 : rate - 1;
}

static uint64_t periods(const struct vrtc *r)
{
    return vline_ticks(now_ns(), RATE_HZ) >> rate_shift(r);
}

static bool field_matches(const struct vrtc *r, unsigned int alarm,
                          unsigned int n)
{
    uint8_t value = r->reg[alarm];

    if ( (value & ALARM_ANY) == ALARM_ANY )
        return true;
    return n == (alarm == HOURS_ALARM ? decode_hour(r, value)
                                      : decode(r, value));
}

/*
 * How many seconds after `from`, of a day, the alarm is; NO_MATCH: never, since
 * a register has no valid time.  At most one step for each minute of a day, when
 * no minute is the alarm's: about 12000 steps of hv/budget.h, once a second.
 */
static uint32_t seconds_to_alarm(const struct vrtc *r, uint32_t from)
{
    uint32_t t = from;

    while ( t < from + SECONDS_PER_DAY )
    {
        if ( !field_matches(r, HOURS_ALARM, t / 3600 % 24) )
            t = (t / 3600 + 1) * 3600;
        else if ( !field_matches(r, MINUTES_ALARM, t / 60 % 60) )
            t = (t / 60 + 1) * 60;
        else if ( !field_matches(r, SECONDS_ALARM, t % 60) )
        {
            unsigned int n = decode(r, r->reg[SECONDS_ALARM]);

            if ( n > 59 )
                return NO_MATCH;
            t += n > t % 60 ? n - t % 60 : 60 - t % 60;
        }
        else
            return t - from;
    }
    return NO_MATCH;
}

/* An interrupt for those of these flags that are enabled: was there one? */
static bool raise(struct vrtc *r, unsigned int flags)
{
    if ( !(flags & r->reg[REG_B] & EVENTS) )
        return false;
    r->reg[REG_C] |= C_IRQ;
    vline_pulse(&r->line, 0);
    return true;
}

/* Flags of what has happened since the last look: did they interrupt? */
static bool settle(struct vrtc *r)
{
    uint64_t second = r->utc(r->line.arg) / NS_PER_S, ticked = periods(r);
    uint64_t from = r->second + 1;
    uint8_t flags = 0;

    if ( rate_shift(r) && ticked != r->ticked )
        flags |= PERIODIC;
    r->ticked = ticked;
    if ( second >= from && !(r->reg[REG_B] & B_SET) )
    {
        flags |= UPDATE;
        if ( seconds_to_alarm(r, (uint32_t)(from % SECONDS_PER_DAY)) <=
             second - from )
            flags |= ALARM;
    }
    r->second = second;
    r->reg[REG_C] |= flags;
    return raise(r, flags);
}

/*
 * While an update or alarm interrupt is awaited the timer comes once a second:
 * what utc() says may jump.
 */
static uint64_t next_event(const struct vrtc *r)
{
    unsigned int wanted = r->reg[REG_B] & EVENTS;
    uint64_t when = VLINE_NEVER;

    if ( (wanted & PERIODIC) && rate_shift(r) )
        when = vline_ns((r->ticked + 1) << rate_shift(r), RATE_HZ);
    if ( (wanted & (ALARM | UPDATE)) && !(r->reg[REG_B] & B_SET) )
        when = min(when, now_ns() + NS_PER_S -
                             r->utc(r->line.arg) % NS_PER_S);
    return when;
}

static void update(struct vrtc *r)
{
    vline_arm(&r->line, next_event(r));
}

static void fired(void *data)
{
    struct vrtc *r = data;

    spin_lock(&r->lock);
    if ( !settle(r) || !vline_rests(&r->line) )
        update(r);
    spin_unlock(&r->lock);
}

void vrtc_resume(struct vrtc *r)
{
    spin_lock(&r->lock);
    settle(r);
    update(r);
    spin_unlock(&r->lock);
}

/* ---- ports ---- */

static uint8_t read_register(struct vrtc *r, unsigned int index)
{
    uint64_t utc = r->utc(r->line.arg);
    uint8_t value;

    if ( !(r->reg[REG_B] & B_SET) )
        show_date(r, utc / NS_PER_S);
    value = r->reg[index];
    switch ( index )
    {
    case REG_A:
        if ( !(r->reg[REG_B] & B_SET) &&
             utc % NS_PER_S >= NS_PER_S - UPDATE_NS )
            value |= A_UPDATE;
        break;
    case REG_C:
        r->reg[REG_C] = 0;
        vline_set(&r->line, 0, false);
        break;
    }
    return value;
}

/* The time goes on from what the registers show. */
static int64_t set_time(struct vrtc *r)
{
    uint64_t to = shown_second(r);
    int64_t moved = (int64_t)(to - r->utc(r->line.arg) / NS_PER_S);

    r->second = to;
    return moved;
}

static int64_t write_b(struct vrtc *r, uint8_t value)
{
    uint8_t before = r->reg[REG_B];
    int64_t moved = 0;

    if ( (value & B_SET) && !(before & B_SET) )
        show_date(r, r->utc(r->line.arg) / NS_PER_S);
    else if ( !(value & B_SET) && (before & B_SET) )
        moved = set_time(r);
    r->reg[REG_B] = value;
    raise(r, r->reg[REG_C] & ~before);
    return moved;
}

static int64_t write_register(struct vrtc *r, unsigned int index,
                              uint8_t value)
{
    switch ( index )
    {
    case REG_A:
        r->reg[REG_A] = value & (uint8_t)~A_UPDATE;
        r->ticked = periods(r);
        return 0;
    case REG_B:
        return write_b(r, value);
    case REG_C:
    case REG_D:
        return 0;
    case SECONDS_ALARM:
    case MINUTES_ALARM:
    case HOURS_ALARM:
        r->reg[index] = value;
        return 0;
    default: /* the time */
        if ( !(r->reg[REG_B] & B_SET) )
            show_date(r, r->utc(r->line.arg) / NS_PER_S);
        r->reg[index] = value;
        return r->reg[REG_B] & B_SET ? 0 : set_time(r);
    }
}

bool vrtc_read(struct vrtc *r, uint16_t port, uint32_t *value)
{
    bool mine;

    spin_lock(&r->lock);
    mine = r->index < VRTC_REGISTERS;
    if ( mine && port == VRTC_DATA )
    {
        settle(r);
        *value = read_register(r, array_index(r->index, VRTC_REGISTERS));
        update(r);
    }
    else
        *value = 0xff; /* the index cannot be read */
    spin_unlock(&r->lock);
    return mine;
}

bool vrtc_write(struct vrtc *r, uint16_t port, uint8_t value, int64_t *moved)
{
    bool mine;

    *moved = 0;
    spin_lock(&r->lock);
    if ( port == VRTC_INDEX )
        r->index = value & 0x7f;
    mine = r->index < VRTC_REGISTERS;
    if ( mine && port == VRTC_DATA )
    {
        settle(r);
        *moved = write_register(r, array_index(r->index, VRTC_REGISTERS),
                                value);
        update(r);
    }
    spin_unlock(&r->lock);
    return mine;
}

void vrtc_init(struct vrtc *r,
               void (*set)(void *arg, unsigned int line, bool asserted),
               uint64_t (*utc)(void *arg), void *arg)
{
    *r = (struct vrtc){ .utc = utc };
    spin_lock_init(&r->lock, LOCK_DEVICE);
    vline_init(&r->line, set, arg, fired, r);
    r->reg[REG_A] = A_DEFAULT;
    r->reg[REG_B] = B_24H;
    r->reg[REG_D] = D_VALID;
    r->ticked = periods(r);
    r->second = utc(arg) / NS_PER_S;
}

void vrtc_stop(struct vrtc *r)
{
    spin_lock(&r->lock);
    r->line.stopped = true;
    spin_unlock(&r->lock);
    timer_stop(&r->line.timer);
}

void vrtc_destroy(struct vrtc *r)
{
    spin_lock_destroy(&r->lock);
}

/* ---- saved state ---- */

void vrtc_save(struct vrtc *r, struct hvm_hw_rtc *hw)
{
    memset(hw, 0, sizeof(*hw));
    spin_lock(&r->lock);
    settle(r);
    if ( !(r->reg[REG_B] & B_SET) )
        show_date(r, r->second);
    memcpy(hw->cmos_data, r->reg, sizeof(hw->cmos_data));
    hw->cmos_index = r->index;
    spin_unlock(&r->lock);
}

/* Any byte may be in the registers that a guest can write. */
int vrtc_load(struct vrtc *r, const struct hvm_hw_rtc *hw)
{
    if ( hw->cmos_index > 0x7f || hw->cmos_data[REG_C] & ~(C_IRQ | EVENTS) ||
         hw->cmos_data[REG_D] & ~D_VALID )
        return -EINVAL;
    spin_lock(&r->lock);
    memcpy(r->reg, hw->cmos_data, sizeof(r->reg));
    r->reg[REG_A] &= (uint8_t)~A_UPDATE;
    r->index = hw->cmos_index;
    r->ticked = periods(r);
    r->second = r->utc(r->line.arg) / NS_PER_S;
    vline_set(&r->line, 0, r->reg[REG_C] & C_IRQ);
    update(r);
    spin_unlock(&r->lock);
    return 0;
}
