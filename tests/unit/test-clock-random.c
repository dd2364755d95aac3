/* SPDX-License-Identifier: MIT */
/*
 * All emulated clocks under random accesses, random time and random records:
 * no rate above the bound, no timer that comes without end, and every state that
 * is saved can be loaded and is the same when it is saved again.
 */
#include "test-clock.h"

#include <emul/vhpet.h>
#include <emul/vpit.h>
#include <emul/vpmtimer.h>
#include <emul/vrtc.h>
#include <xen/hvm/save.h>

#define OPERATIONS 30000
#define SEEDS 8

static struct vpit pit;
static struct vrtc rtc;
static struct vpmtimer pm;
static struct vhpet hpet;
static uint64_t moved_by;

static uint64_t rng;
static unsigned int fired_in; /* calls of timers in the last step of time */
static unsigned int writes;   /* since the last step of time */

static uint64_t rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

/* Mostly small, sometimes any. */
static uint64_t number(void)
{
    uint64_t n = rnd();

    return n % 8 ? rnd() >> (n >> 8) % 64 : rnd() % 4;
}

static uint64_t utc(void *arg)
{
    (void)arg;
    return (1735689539UL + moved_by) * NS_PER_S + test_now;
}

static void begin(void)
{
    test_now = T0;
    moved_by = 0;
    lines_reset();
    vpit_init(&pit, set_line, NULL);
    vrtc_init(&rtc, set_line, utc, NULL);
    vpmtimer_init(&pm, set_line, NULL);
    vhpet_init(&hpet, set_line, NULL);
}

static void end(void)
{
    vpit_stop(&pit);
    vrtc_stop(&rtc);
    vpmtimer_stop(&pm);
    vhpet_stop(&hpet);
    assert_false(timer_is_armed(&pit.line.timer) ||
                 timer_is_armed(&rtc.line.timer) ||
                 timer_is_armed(&pm.line.timer) ||
                 timer_is_armed(&hpet.line.timer));
    vpit_destroy(&pit);
    vrtc_destroy(&rtc);
    vpmtimer_destroy(&pm);
    vhpet_destroy(&hpet);
}

/* The first of the timers that is due until `when`. */
static struct timer *first_due(uint64_t when)
{
    struct timer *all[] = { &pit.line.timer, &rtc.line.timer, &pm.line.timer,
                            &hpet.line.timer }, *first = NULL;

    for ( unsigned int i = 0; i < ARRAY_SIZE(all); i++ )
        if ( timer_is_armed(all[i]) && all[i]->expires <= when &&
             (!first || all[i]->expires < first->expires) )
            first = all[i];
    return first;
}

/*
 * Four clocks, the HPET with three timers, none faster than 10 kHz; a write may
 * let a timer come once more, for nothing.
 */
static void pass(uint64_t ns)
{
    uint64_t when = test_now + ns;
    uint64_t most = 8 * (ns / VLINE_MIN_PERIOD_NS + 2) + 2 * writes;
    struct timer *t;

    fired_in = 0;
    while ( (t = first_due(when)) )
    {
        test_now = max(test_now, t->expires);
        timer_run();
        if ( ++fired_in > most )
            fail_msg("%u timers in %lu ns", fired_in, ns);
    }
    test_now = when;
    writes = 0;
}

static void access_clocks(void)
{
    static const unsigned int sizes[] = { 1, 2, 4, 8 };
    unsigned int size = sizes[rnd() % 4], offset = rnd() % VHPET_BYTES;
    uint32_t value;
    int64_t moved;

    writes++;
    switch ( rnd() % 10 )
    {
    case 0:
        vpit_write(&pit, (uint16_t)(0x40 + rnd() % 4), (uint8_t)number());
        break;
    case 1:
        vpit_write(&pit, 0x43, (uint8_t)rnd());
        break;
    case 2:
        (void)vpit_read(&pit, rnd() % 5 ? (uint16_t)(0x40 + rnd() % 4) : 0x61);
        vpit_write(&pit, 0x61, (uint8_t)rnd());
        break;
    case 3:
        (void)vrtc_write(&rtc, VRTC_INDEX, (uint8_t)(rnd() % 18), &moved);
        (void)vrtc_write(&rtc, VRTC_DATA, (uint8_t)number(), &moved);
        moved_by += (uint64_t)moved;
        break;
    case 4:
        (void)vrtc_write(&rtc, VRTC_INDEX, (uint8_t)(10 + rnd() % 4), &moved);
        (void)vrtc_read(&rtc, VRTC_DATA, &value);
        break;
    case 5:
        offset &= 3;
        size = min(size, 4 - offset);
        vpmtimer_event_write(&pm, offset, size, (uint32_t)number());
        (void)vpmtimer_event_read(&pm, offset, size);
        (void)vpmtimer_value(&pm);
        break;
    case 6:
        (void)vhpet_read(&hpet, offset & ~7U, size);
        break;
    default:
        offset = rnd() % 4 ? 0x100 + 0x20 * (rnd() % 3) + 8 * (rnd() % 2)
                           : 0x10 + 0x10 * (rnd() % 2);
        vhpet_write(&hpet, rnd() % 16 ? offset : 0xf0, size, number());
        break;
    }
}

/* save, load, save: nothing is refused, nothing changes. */
#define AGAIN(type, clock, save, load)                                       \
    do {                                                                     \
        type first, second;                                                  \
                                                                             \
        memset(&first, 0, sizeof(first));                                    \
        memset(&second, 0xff, sizeof(second));                               \
        save(&clock, &first);                                                \
        assert_int_equal(load(&clock, &first), 0);                           \
        save(&clock, &second);                                               \
        assert_memory_equal(&first, &second, sizeof(first));                 \
        ((uint8_t *)&first)[rnd() % sizeof(first)] ^=                        \
            (uint8_t)(1 << rnd() % 8);                                       \
        if ( load(&clock, &first) ) /* then nothing has changed */           \
        {                                                                    \
            memset(&first, 0, sizeof(first));                                \
            save(&clock, &first);                                            \
            assert_memory_equal(&first, &second, sizeof(first));             \
        }                                                                    \
    } while ( 0 )

static void save_and_load(void)
{
    writes += 16;
    AGAIN(struct hvm_hw_pit, pit, vpit_save, vpit_load);
    AGAIN(struct hvm_hw_rtc, rtc, vrtc_save, vrtc_load);
    AGAIN(struct hvm_hw_pmtimer, pm, vpmtimer_save, vpmtimer_load);
    AGAIN(struct hvm_hw_hpet, hpet, vhpet_save, vhpet_load);
}

static void test_random(void **state)
{
    (void)state;
    for ( uint64_t seed = 1; seed <= SEEDS; seed++ )
    {
        rng = seed * 0x9e3779b97f4a7c15UL;
        begin();
        for ( unsigned int i = 0; i < OPERATIONS; i++ )
        {
            access_clocks();
            if ( rnd() % 4 == 0 )
                pass(rnd() >> (38 + rnd() % 24));
            if ( rnd() % 64 == 0 )
                save_and_load();
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
