/* SPDX-License-Identifier: MIT */
/* The real time clock, by a clock that the test sets. */
#include "test-clock.h"

#include <emul/vrtc.h>
#include <hv/budget.h>
#include <xen/hvm/save.h>

#define S 1000000000UL
#define DATE 1735689539UL /* 31 December 2024, a Tuesday, 23:58:59 */

static struct vrtc rtc;
static uint64_t offset; /* of UTC, in s */

static uint64_t utc(void *arg)
{
    assert_ptr_equal(arg, &rtc);
    return (DATE + offset) * S + test_now - T0;
}

static int setup(void **state)
{
    (void)state;
    test_now = T0;
    offset = 0;
    lines_reset();
    vrtc_init(&rtc, set_line, utc, &rtc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vrtc_stop(&rtc);
    vrtc_destroy(&rtc);
    return 0;
}

static void wr(uint8_t index, uint8_t value)
{
    int64_t moved;

    assert_true(vrtc_write(&rtc, VRTC_INDEX, index, &moved));
    assert_true(vrtc_write(&rtc, VRTC_DATA, value, &moved));
    offset += (uint64_t)moved;
}

static uint8_t rd(uint8_t index)
{
    uint32_t value;
    int64_t moved;

    assert_true(vrtc_write(&rtc, VRTC_INDEX, index, &moved));
    assert_true(vrtc_read(&rtc, VRTC_DATA, &value));
    return (uint8_t)value;
}

static unsigned int until(uint64_t ns)
{
    return run_until(&rtc.line, T0 + ns);
}

static void test_time(void **state)
{
    static const uint8_t index[] = { 0, 2, 4, 6, 7, 8, 9 };
    static const struct {
        uint8_t b, reg[7];
    } cases[] = {
        { 0x02, { 0x59, 0x58, 0x23, 2, 0x31, 0x12, 0x24 } },
        { 0x00, { 0x59, 0x58, 0x91, 2, 0x31, 0x12, 0x24 } },
        { 0x06, { 59, 58, 23, 2, 31, 12, 24 } },
        { 0x04, { 59, 58, 0x8b, 2, 31, 12, 24 } },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        wr(11, cases[i].b);
        for ( unsigned int r = 0; r < ARRAY_SIZE(index); r++ )
            assert_int_equal(rd(index[r]), cases[i].reg[r]);
    }
    wr(11, 0x02);
    until(61 * S);
    assert_int_equal(rd(0), 0x00);
    assert_int_equal(rd(4), 0x00); /* a new year */
    assert_int_equal(rd(6), 0x03); /* Sunday is 0 */
    assert_int_equal(rd(9), 0x25);
    wr(11, 0x00);
    assert_int_equal(rd(4), 0x12); /* 12 am */
}

static void test_update_in_progress(void **state)
{
    (void)state;
    assert_int_equal(rd(10), 0x26);
    until(S - 2228001);
    assert_int_equal(rd(10), 0x26);
    until(S - 2228000);
    assert_int_equal(rd(10), 0xa6);
    wr(11, 0x82);
    assert_int_equal(rd(10), 0x26);
    wr(11, 0x02);
    wr(10, 0xa6); /* read only */
    until(S);
    assert_int_equal(rd(10), 0x26);
}

static void test_guest_sets_the_time(void **state)
{
    (void)state;
    wr(11, 0x82);
    until(5 * S);
    assert_int_equal(rd(0), 0x59); /* stands still */
    wr(0, 0x01);
    wr(2, 0x00);
    wr(4, 0x12);
    wr(7, 0x29);
    wr(8, 0x02);
    wr(9, 0x28);
    assert_int_equal(offset, 0);
    wr(11, 0x02);
    assert_int_equal(utc(&rtc) / S, 1835438401);
    until(6 * S);
    assert_int_equal(rd(0), 0x02);
    assert_int_equal(rd(7), 0x29);

    wr(2, 0x30); /* without SET: at once */
    assert_int_equal(utc(&rtc) / S, 1835438402 + 30 * 60);
    wr(11, 0x00);
    wr(4, 0x92); /* 12 pm is what it was */
    assert_int_equal(utc(&rtc) / S, 1835438402 + 30 * 60);
    wr(4, 0x12);
    assert_int_equal(utc(&rtc) / S, 1835438402 + 30 * 60 - 12 * 3600);
    for ( uint8_t i = 0; i < 10; i++ ) /* what is no date harms nobody */
        wr(i, 0xff);
    (void)rd(0);
}

static void test_index(void **state)
{
    uint32_t value;
    int64_t moved;

    (void)state;
    assert_true(vrtc_write(&rtc, VRTC_INDEX, 0x8d, &moved)); /* bit 7: NMI */
    assert_true(vrtc_read(&rtc, VRTC_DATA, &value));
    assert_int_equal(value, 0x80);
    assert_true(vrtc_read(&rtc, VRTC_INDEX, &value));
    assert_int_equal(value, 0xff);
    assert_false(vrtc_write(&rtc, VRTC_INDEX, 14, &moved));
    assert_false(vrtc_write(&rtc, VRTC_DATA, 1, &moved));
    assert_false(vrtc_read(&rtc, VRTC_DATA, &value));
    assert_false(vrtc_write(&rtc, VRTC_INDEX, 0x7f, &moved));
    wr(12, 0x55); /* read only */
    wr(13, 0x55);
    assert_int_equal(rd(12), 0);
    assert_int_equal(rd(13), 0x80);
}

static void test_periodic(void **state)
{
    static const struct {
        uint8_t a;
        unsigned int hz; /* 0: none */
    } cases[] = {
        { 0x20, 0 }, { 0x21, 256 }, { 0x22, 128 }, { 0x23, 8192 },
        { 0x26, 1024 }, { 0x2f, 2 }, { 0x06, 1024 }, { 0x76, 0 }, { 0x66, 0 },
    };

    (void)state;
    wr(11, 0x42);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        uint64_t end = test_now + 10 * S;
        unsigned int n = 0;

        wr(10, cases[i].a);
        (void)rd(12);
        memset(edges, 0, sizeof(edges));
        while ( test_now < end && timer_is_armed(&rtc.line.timer) )
        {
            (void)run_until(&rtc.line, rtc.line.timer.expires);
            if ( level[0] )
            {
                assert_int_equal(rd(12) & 0xc0, 0xc0);
                n++;
            }
            assert_false(level[0]);
        }
        if ( n + 1 < cases[i].hz * 10 || n > cases[i].hz * 10 + 1 )
            fail_msg("register A %#x: %u in 10 s", cases[i].a, n);
        assert_int_equal(edges[0], n);
    }
}

/*
 * Firmware's WAET table says that register C need not be read: each period is an
 * edge.  Periods that nothing was done for are one.
 */
static void test_not_acknowledged(void **state)
{
    (void)state;
    wr(10, 0x2f);
    (void)rd(12);
    wr(11, 0x42);
    until(10 * S);
    assert_int_equal(edges[0], 20);
    assert_true(level[0]);
    test_now += 10 * S;
    until(test_now - T0);
    assert_int_equal(edges[0], 21);
    wr(11, 0x02); /* what was raised stays until it is read */
    assert_true(level[0]);
    until(40 * S);
    assert_int_equal(edges[0], 21);
    assert_int_equal(rd(12), 0xd0);
    assert_false(level[0]);
    assert_int_equal(rd(12), 0);
}

static bool paused;

static bool nobody_runs(void *arg)
{
    assert_ptr_equal(arg, &rtc);
    assert_true(spin_is_mine(&rtc.lock));
    return paused;
}

/* 2 Hz while nobody takes interrupts: one edge, and then no timer. */
static void test_rests(void **state)
{
    (void)state;
    rtc.line.rests = nobody_runs;
    wr(10, 0x2f);
    (void)rd(12);
    wr(11, 0x42);
    until(10 * S);
    assert_int_equal(edges[0], 20);
    paused = true;
    until(100 * S);
    assert_int_equal(edges[0], 21);
    assert_false(timer_is_armed(&rtc.line.timer));
    paused = false;
    vrtc_resume(&rtc); /* what was missed is one edge */
    assert_int_equal(edges[0], 22);
    vrtc_resume(&rtc);
    assert_int_equal(edges[0], 22);
    until(110 * S);
    assert_int_equal(edges[0], 42);
}

/* A flag that is on already interrupts when it is enabled, once. */
static void test_enabled_later(void **state)
{
    (void)state;
    until(2 * S);
    assert_int_equal(edges[0], 0);
    wr(11, 0x12);
    assert_int_equal(edges[0], 1);
    wr(11, 0x12);
    assert_int_equal(edges[0], 1);
    wr(11, 0x52); /* the periodic flag, too */
    assert_int_equal(edges[0], 2);
    wr(11, 0x32);
    assert_int_equal(edges[0], 2);
    assert_int_equal(rd(12), 0xd0);
}

static void test_update_interrupt(void **state)
{
    (void)state;
    until(S / 4);
    wr(11, 0x12);
    until(S - 1);
    assert_false(level[0]);
    until(S);
    assert_true(level[0]);
    assert_int_equal(rd(12), 0xd0); /* the periodic flag needs no enabling */
    until(2 * S - 1);
    assert_int_equal(edges[0], 1);
    until(2 * S);
    assert_int_equal(edges[0], 2);
    wr(11, 0x92); /* no updates while SET is on, but UIE stays */
    assert_int_equal(rd(11), 0x92);
    (void)rd(12);
    until(9 * S);
    assert_int_equal(rd(12) & 0x90, 0);
    wr(11, 0x12);
    until(11 * S);
    assert_true(level[0]);
}

static void test_alarm(void **state)
{
    static const struct {
        uint8_t h, m, s;
        uint64_t first, next; /* seconds; 0: never */
    } cases[] = {
        { 0x00, 0x00, 0x05, 66, 86400 }, { 0x23, 0x59, 0x00, 1, 86400 },
        { 0xc0, 0x30, 0x00, 31 * 60 + 1, 3600 }, { 0xff, 0xff, 0x30, 31, 60 },
        { 0xff, 0xff, 0xff, 1, 1 }, { 0x23, 0xff, 0x59, 60, 86400 - 59 * 60 },
        { 0x24, 0x00, 0x00, 0, 0 }, { 0x00, 0x61, 0x00, 0, 0 },
        { 0x00, 0x00, 0x60, 0, 0 }, { 0x23, 0x58, 0x59, 86400, 86400 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        uint64_t first = cases[i].first, next = first + cases[i].next;

        teardown(state);
        setup(state);
        wr(5, cases[i].h);
        wr(3, cases[i].m);
        wr(1, cases[i].s);
        wr(11, 0x22);
        until(first ? first * S - 1 : 3 * 86400 * S);
        assert_false(level[0]);
        if ( !first )
            continue;
        until(first * S);
        if ( !level[0] )
            fail_msg("alarm %u at %lu s", i, first);
        assert_int_equal(rd(12) & 0xa0, 0xa0);
        until(next * S - 1);
        assert_int_equal(edges[0], 1);
        until(next * S);
        assert_int_equal(edges[0], 2);
    }
    wr(5, 0xff);
    wr(3, 0xff);
    wr(1, 0xff);
    (void)rd(12);
    offset += 30 * 86400; /* UTC jumps: at most a second late */
    until(test_now - T0 + S);
    assert_true(level[0]);
    offset -= 60 * 86400;
    (void)rd(12);
    until(test_now - T0 + 2 * S);
    assert_true(level[0]);
}

/* Each minute of a day is looked at, once a second. */
static void test_alarm_that_never_comes(void **state)
{
    (void)state;
    wr(5, 0xff);
    wr(3, 0x99);
    wr(1, 0xff);
    test_now += S;
    budget_begin();
    assert_int_equal(rd(0xc) & 0x20, 0);
    budget_end();
#ifdef COUNT_STEPS
    assert_in_range(budget_most(), 24 * 60, LOOP_BUDGET / 4);
#endif
}

static void test_saved(void **state)
{
    struct hvm_hw_rtc hw = { .pad0 = 0 }, bad;

    (void)state;
    wr(10, 0x2f);
    wr(11, 0x42);
    wr(5, 0x17);
    until(S);
    vrtc_save(&rtc, &hw);
    assert_int_equal(hw.cmos_data[12], 0xd0);
    assert_int_equal(hw.cmos_data[5], 0x17);
    assert_int_equal(hw.cmos_data[2], 0x59);
    assert_int_equal(hw.cmos_index, 5);
    vrtc_stop(&rtc);
    lines_reset();
    vrtc_init(&rtc, set_line, utc, &rtc);
#define BAD(field, value)                                                    \
    do {                                                                     \
        bad = hw;                                                            \
        bad.field = (value);                                                 \
        assert_int_equal(vrtc_load(&rtc, &bad), -EINVAL);                    \
    } while ( 0 )
    BAD(cmos_index, 0x80);
    BAD(cmos_data[12], 0x01);
    BAD(cmos_data[13], 0x81);
    assert_false(level[0]);
    assert_int_equal(vrtc_load(&rtc, &hw), 0);
    assert_true(level[0]);
    assert_int_equal(rd(12), 0xd0);
    assert_int_equal(rd(5), 0x17);
    until(2 * S);
    assert_true(level[0]);
}

#define rtc_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        rtc_test(test_time), rtc_test(test_update_in_progress),
        rtc_test(test_guest_sets_the_time), rtc_test(test_index),
        rtc_test(test_periodic), rtc_test(test_not_acknowledged),
        rtc_test(test_rests), rtc_test(test_enabled_later),
        rtc_test(test_update_interrupt), rtc_test(test_alarm),
        rtc_test(test_alarm_that_never_comes), rtc_test(test_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
