/* SPDX-License-Identifier: MIT */
/* The interval timer: counts and outputs by a clock that the test sets. */
#include "test-clock.h"

#include <emul/vpit.h>
#include <xen/hvm/save.h>

/* The first nanosecond in which n ticks are counted. */
#define TICKS(n) (((n) * 1000000000UL + PIT_HZ - 1) / PIT_HZ)

static struct vpit pit;
static int setup(void **state)
{
    (void)state;
    test_now = T0;
    lines_reset();
    vpit_init(&pit, set_line, &pit);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vpit_stop(&pit);
    vpit_destroy(&pit);
    return 0;
}

static void out(uint16_t port, uint8_t value)
{
    vpit_write(&pit, port, value);
}

static uint8_t in(uint16_t port)
{
    return vpit_read(&pit, port);
}

static uint16_t in16(uint16_t port)
{
    uint8_t low = in(port);

    return (uint16_t)(low | in(port) << 8);
}

/* Channel n in this mode, low then high byte, with this count. */
static void start(unsigned int n, unsigned int mode, bool bcd, uint16_t count)
{
    out(0x43, (uint8_t)(n << 6 | 0x30 | mode << 1 | bcd));
    out((uint16_t)(0x40 + n), (uint8_t)count);
    out((uint16_t)(0x40 + n), (uint8_t)(count >> 8));
}

static bool out2(void)
{
    return in(0x61) & 0x20;
}

static void test_counts(void **state)
{
    static const struct {
        unsigned int mode;
        bool bcd;
        uint16_t initial;
        uint64_t ticks;
        uint16_t count;
        bool out;
    } cases[] = {
        { 0, false, 1000, 0, 1000, false }, { 0, false, 1000, 1, 999, false },
        { 0, false, 1000, 999, 1, false }, { 0, false, 1000, 1000, 0, true },
        { 0, false, 1000, 1001, 0xffff, true },
        { 0, false, 0, 1, 0xffff, false }, { 0, false, 0, 0x10000, 0, true },
        { 0, false, 1000, 1000 + 0x30000, 0, true },
        { 1, false, 1000, 10, 990, false }, { 1, false, 1000, 1000, 0, true },
        { 2, false, 1000, 0, 1000, true }, { 2, false, 1000, 998, 2, true },
        { 2, false, 1000, 999, 1, false }, { 2, false, 1000, 1000, 1000, true },
        { 2, false, 1000, 70300, 700, true }, { 2, false, 0, 0, 0, true },
        { 2, false, 0, 1, 0xffff, true },
        { 3, false, 1000, 0, 1000, true }, { 3, false, 1000, 1, 998, true },
        { 3, false, 1000, 499, 2, true }, { 3, false, 1000, 500, 1000, false },
        { 3, false, 1000, 999, 2, false }, { 3, false, 1000, 1000, 1000, true },
        { 3, false, 5, 2, 0, true }, { 3, false, 5, 3, 4, false },
        { 3, false, 5, 4, 2, false }, { 3, false, 5, 5, 4, true },
        { 3, false, 0, 0x8000, 0, false }, { 3, false, 1, 7, 0, true },
        { 4, false, 1000, 999, 1, true }, { 4, false, 1000, 1000, 0, false },
        { 4, false, 1000, 1001, 0xffff, true },
        { 5, false, 1000, 1000, 0, false },
        { 0, true, 0x1000, 1, 0x0999, false },
        { 0, true, 0x1000, 1001, 0x9999, true },
        { 0, true, 0, 1, 0x9999, false }, { 2, true, 0x25, 6, 0x19, true },
        { 6, false, 1000, 999, 1, false }, /* 2 */
        { 7, false, 1000, 500, 1000, false }, /* 3 */
    };

    (void)state;
    out(0x61, 1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        uint16_t count;

        test_now = T0;
        start(2, cases[i].mode, cases[i].bcd, cases[i].initial);
        if ( cases[i].mode == 1 || cases[i].mode == 5 ) /* a trigger */
            out(0x61, 0), out(0x61, 1);
        test_now = T0 + TICKS(cases[i].ticks);
        count = in16(0x42);
        if ( count != cases[i].count || out2() != cases[i].out )
            fail_msg("mode %u, %#x, after %lu: %#x, out %d", cases[i].mode,
                     cases[i].initial, cases[i].ticks, count, out2());
    }

    test_now = T0; /* a year later nothing has overflowed */
    start(2, 0, false, 1000);
    test_now = T0 + 31536000 * 1000000000UL;
    assert_int_equal(in16(0x42), (uint16_t)(1000 - 31536000UL * PIT_HZ));
}

static void test_bytes(void **state)
{
    (void)state;
    out(0x43, 0x10); /* channel 0, low byte only */
    out(0x40, 0x34);
    assert_int_equal(in(0x40), 0x34);
    assert_int_equal(in(0x40), 0x34);
    out(0x43, 0x20); /* high byte only */
    out(0x40, 0x12);
    assert_int_equal(in(0x40), 0x12);
    assert_int_equal(in(0x40), 0x12);
    out(0x43, 0x30);
    out(0x40, 0x34);
    out(0x40, 0x12);
    assert_int_equal(in(0x40), 0x34);
    assert_int_equal(in(0x40), 0x12);
    assert_int_equal(in(0x40), 0x34);
    out(0x43, 0x30); /* a mode begins with the low byte again */
    test_now += TICKS(10); /* and waits for its count */
    assert_int_equal(in(0x40), 0x34);
    assert_int_equal(in(0x43), 0xff);
    start(1, 2, false, 18);
    assert_int_equal(in16(0x41), 18);
}

static void test_latched_count_stays(void **state)
{
    (void)state;
    start(0, 2, false, 0);
    test_now = T0 + TICKS(0x100);
    out(0x43, 0x00);
    test_now = T0 + TICKS(0x200);
    out(0x43, 0x00); /* the first latch stands */
    assert_int_equal(in(0x40), 0x00);
    test_now = T0 + TICKS(0x300);
    assert_int_equal(in(0x40), 0xff);
    assert_int_equal(in16(0x40), 0xfd00);
}

static void test_read_back(void **state)
{
    (void)state;
    out(0x43, 0x34);
    out(0x43, 0xe2); /* status of channel 0: no count yet */
    assert_int_equal(in(0x40), 0xf4);
    start(0, 3, true, 0x1000);
    start(2, 0, false, 100);
    out(0x43, 0xee); /* status of all */
    assert_int_equal(in(0x40), 0xb7);
    assert_int_equal(in(0x41), 0xf6);
    assert_int_equal(in(0x42), 0x30);
    out(0x43, 0xe8); /* status of channel 2 */
    assert_int_equal(in16(0x40), 0x1000);
    assert_int_equal(in(0x42), 0x30);
    out(0x43, 0xe2); /* status alone */
    assert_int_equal(in(0x40), 0xb7);
    test_now = T0 + TICKS(4);
    out(0x43, 0xc2); /* both of channel 0: status comes first */
    test_now = T0 + TICKS(10);
    assert_int_equal(in(0x40), 0xb7);
    assert_int_equal(in16(0x40), 0x0992);
    assert_int_equal(in16(0x40), 0x0980);
    out(0x43, 0xd2); /* count alone */
    assert_int_equal(in16(0x40), 0x0980);
}

static void test_gate(void **state)
{
    (void)state;
    start(2, 0, false, 1000);
    test_now = T0 + TICKS(100);
    assert_int_equal(in16(0x42), 1000); /* the gate is down */
    out(0x61, 1);
    test_now += TICKS(100);
    assert_int_equal(in16(0x42), 900);
    out(0x61, 0);
    test_now += TICKS(5000);
    assert_int_equal(in16(0x42), 900);
    assert_false(out2());
    out(0x61, 3);
    test_now += TICKS(900);
    assert_true(out2());
    out(0x61, 0);
    out(0x61, 1); /* mode 0 does not begin again */
    assert_true(out2());

    start(2, 2, false, 1000);
    test_now += TICKS(999);
    assert_int_equal(in16(0x42), 1);
    assert_false(out2());
    out(0x61, 0);
    assert_true(out2());
    test_now += TICKS(300);
    assert_int_equal(in16(0x42), 1);
    out(0x61, 1); /* the others do */
    assert_int_equal(in16(0x42), 1000);
}

/* Modes 1 and 5 begin with the gate, and go on without it. */
static void test_trigger(void **state)
{
    (void)state;
    for ( unsigned int mode = 1; mode <= 5; mode += 4 )
    {
        out(0x61, 0), start(2, mode, false, 1000);
        test_now += TICKS(5000);
        assert_true(out2());
        out(0x61, 1), out(0x61, 0);
        test_now += TICKS(999);
        assert_int_equal(in16(0x42), 1);
        assert_int_equal(out2(), mode == 5);
        out(0x61, 1);
        test_now += TICKS(1001);
        assert_true(out2());
    }
}

static void test_port_61(void **state)
{
    bool seen[2] = { false, false };

    (void)state;
    out(0x43, 0xb0);
    out(0x61, 0xff);
    assert_int_equal(in(0x61) & ~0x30, 0x03);
    out(0x61, 0x02);
    assert_int_equal(in(0x61) & ~0x10, 0x02);
    for ( unsigned int i = 0; i < 20; i++, test_now += 5000 )
        seen[(in(0x61) >> 4) & 1] = true;
    assert_true(seen[0] && seen[1]);
    assert_true(vpit_covers(0x40) && vpit_covers(0x43) && vpit_covers(0x61));
    assert_false(vpit_covers(0x3f) || vpit_covers(0x44) || vpit_covers(0x60) ||
                 vpit_covers(0x62));
}

/*
 * As kernels measure the processor's frequency: they wait for the high byte
 * to fall, or for the output to rise, and each read takes its time.
 */
static void test_a_kernel_calibrates(void **state)
{
    uint64_t began;

    (void)state;
    out(0x61, (in(0x61) & ~2) | 1);
    start(2, 0, false, 0xffff);
    began = test_now;
    for ( unsigned int msb = 0xff; msb > 0xff - 20; msb-- )
    {
        unsigned int reads = 0;

        for ( ; in16(0x42) >> 8 == msb; test_now += 2000 )
            reads++;
        assert_in_range(reads, 50, 110); /* 256 ticks are 214.5 us */
    }
    assert_in_range(test_now - began, 4280000, 4300000);

    start(2, 0, false, 11932); /* 10 ms */
    for ( began = test_now; !out2(); test_now += 1000 )
        assert_true(test_now - began < 11000000);
    assert_in_range(test_now - began, 10000000, 10002000);
}

/* ---- the line ---- */

static void until(uint64_t ns)
{
    (void)run_until(&pit.line, T0 + ns);
}

static void test_edges(void **state)
{
    static const struct {
        unsigned int mode;
        uint16_t count;
        uint64_t first; /* ticks until the first edge */
        unsigned int in_1000; /* edges in 1000 times that */
    } cases[] = {
        { 0, 1000, 1000, 1 }, { 2, 1000, 1000, 1000 },
        { 3, 1000, 1000, 1000 }, { 4, 1000, 1001, 1 },
        { 2, 0, 0x10000, 1000 }, { 3, 999, 999, 1000 }, { 0, 0, 0x10000, 1 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        test_now = T0;
        start(0, cases[i].mode, false, cases[i].count);
        memset(edges, 0, sizeof(edges));
        until(TICKS(cases[i].first) - 1);
        assert_int_equal(edges[0], 0);
        until(TICKS(cases[i].first));
        if ( edges[0] != 1 )
            fail_msg("mode %u: %u edges", cases[i].mode, edges[0]);
        until(TICKS(cases[i].first * 1000));
        if ( edges[0] != cases[i].in_1000 )
            fail_msg("mode %u: %u edges", cases[i].mode, edges[0]);
        assert_true(level[0]);
        assert_int_equal(timer_is_armed(&pit.line.timer),
                         cases[i].mode == 2 || cases[i].mode == 3);
    }
}

/* A mode without a count, and other channels, drive nothing. */
static void test_no_edges(void **state)
{
    (void)state;
    assert_false(timer_is_armed(&pit.line.timer));
    out(0x61, 1);
    start(1, 2, false, 18);
    start(2, 3, false, 1000);
    assert_false(timer_is_armed(&pit.line.timer));
    start(0, 1, false, 1000), start(0, 5, false, 1000); /* no gate rises */
    assert_false(timer_is_armed(&pit.line.timer));
    start(0, 2, false, 1000);
    out(0x43, 0x00); /* a latch stops nothing */
    out(0x43, 0xc2);
    until(TICKS(1000));
    assert_int_equal(edges[0], 1);
    out(0x43, 0x34);
    until(TICKS(100000));
    assert_int_equal(edges[0], 1);
    out(0x40, 0xe8);
    until(TICKS(200000));
    assert_int_equal(edges[0], 1);
    out(0x40, 0x03); /* the second byte starts it */
    until(TICKS(201001));
    assert_int_equal(edges[0], 2);
    out(0x43, 0x30); /* mode 0 pulls the line down until it has counted */
    assert_false(level[0]);
}

/* However short the period: 10000 edges a second; none is made up for. */
static void test_rate_is_bounded(void **state)
{
    unsigned int calls;

    (void)state;
    start(0, 2, false, 1);
    calls = run_until(&pit.line, T0 + 1000000000);
    assert_in_range(edges[0], 9800, 10000);
    assert_int_equal(calls, edges[0]);
    start(0, 2, false, 100);
    memset(edges, 0, sizeof(edges));
    (void)run_until(&pit.line, test_now + 1000000000);
    assert_in_range(edges[0], PIT_HZ / 200 - 1, PIT_HZ / 200);

    start(0, 2, false, 11932);
    memset(edges, 0, sizeof(edges));
    test_now += 60 * 1000000000UL; /* a CPU that comes late */
    timer_run();
    assert_int_equal(edges[0], 1);
    assert_in_range(pit.line.timer.expires, test_now + 1, test_now + 10000155);
}

static void test_stopped(void **state)
{
    (void)state;
    start(0, 2, false, 1000);
    vpit_stop(&pit);
    assert_false(timer_is_armed(&pit.line.timer));
    start(0, 2, false, 1000);
    assert_false(timer_is_armed(&pit.line.timer));
}

static void test_saved(void **state)
{
    struct hvm_hw_pit hw, again;

    (void)state;
    memset(&hw, 0xff, sizeof(hw)); /* no byte of which stays */
    memset(&again, 0, sizeof(again));
    vpit_save(&pit, &hw);
    assert_int_equal(hw.channels[0].count, 0);
    assert_int_equal(vpit_load(&pit, &hw), 0);
    assert_false(timer_is_armed(&pit.line.timer));

    start(0, 2, false, 0);
    start(1, 2, true, 0x1234);
    start(2, 0, false, 77);
    out(0x61, 3);
    out(0x43, 0x00);
    (void)in(0x40);
    out(0x42, 0x55);
    vpit_save(&pit, &hw);
    assert_int_equal(hw.channels[0].count, 0x10000);
    assert_int_equal(hw.channels[1].count, 0x1234);
    assert_int_equal(hw.channels[0].read_state, 4);
    assert_int_equal(hw.channels[2].write_state, 4);
    assert_int_equal(hw.channels[2].gate, 1);
    assert_int_equal(hw.speaker_data_on, 1);
    vpit_stop(&pit);
    vpit_init(&pit, set_line, &pit);
    assert_int_equal(vpit_load(&pit, &hw), 0);
    vpit_save(&pit, &again);
    assert_memory_equal(&hw, &again, sizeof(hw));
    assert_int_equal(in(0x61) & 0xf, 3);
    until(TICKS(0x10000));
    assert_int_equal(edges[0], 1);
}

static void test_bad_records(void **state)
{
    struct hvm_hw_pit good = { .pad0 = 0 }, bad;

    (void)state;
    start(0, 2, false, 1000);
    start(1, 2, true, 0x1234);
    vpit_save(&pit, &good);
#define BAD(field, value)                                                    \
    do {                                                                     \
        bad = good;                                                          \
        bad.field = (value);                                                 \
        assert_int_equal(vpit_load(&pit, &bad), -EINVAL);                    \
    } while ( 0 )
    BAD(channels[0].count, 0x10001);
    BAD(channels[1].count, 0x123a);
    BAD(channels[0].mode, 6);
    BAD(channels[0].rw_mode, 0);
    BAD(channels[0].rw_mode, 4);
    BAD(channels[0].read_state, 1);
    BAD(channels[0].write_state, 5);
    BAD(channels[0].count_latched, 2);
    BAD(channels[0].status_latched, 2);
    BAD(channels[0].bcd, 2);
    BAD(channels[0].gate, 0);
    BAD(channels[2].gate, 2);
    BAD(speaker_data_on, 2);
    vpit_save(&pit, &bad);
    assert_memory_equal(&bad, &good, sizeof(bad));
}

static bool paused;

static bool nobody_runs(void *arg)
{
    assert_ptr_equal(arg, &pit);
    assert_true(spin_is_mine(&pit.lock));
    return paused;
}

/* 1 kHz while nobody takes interrupts: one edge, and then no timer. */
static void test_rests(void **state)
{
    (void)state;
    pit.line.rests = nobody_runs;
    start(0, 2, false, 1193);
    assert_int_equal(run_until(&pit.line, T0 + TICKS(11930)), 10);
    paused = true;
    assert_int_equal(run_until(&pit.line, T0 + TICKS(1193000)), 1);
    assert_false(timer_is_armed(&pit.line.timer));
    assert_int_equal(edges[0], 11);
    assert_int_equal(in16(0x40), 1193); /* it counts on */
    paused = false;
    vpit_resume(&pit); /* what was missed is one edge */
    assert_int_equal(edges[0], 12);
    vpit_resume(&pit);
    assert_int_equal(edges[0], 12);
    assert_int_equal(run_until(&pit.line, T0 + TICKS(1193000 + 11930)), 10);
    assert_int_equal(edges[0], 22);

    paused = true; /* the guest's own writes are as ever */
    start(0, 0, false, 100);
    assert_true(timer_is_armed(&pit.line.timer));
    paused = false;
}

#define pit_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pit_test(test_counts), pit_test(test_bytes),
        pit_test(test_latched_count_stays), pit_test(test_read_back),
        pit_test(test_gate), pit_test(test_trigger), pit_test(test_port_61),
        pit_test(test_a_kernel_calibrates), pit_test(test_edges),
        pit_test(test_no_edges), pit_test(test_rate_is_bounded),
        pit_test(test_stopped), pit_test(test_saved),
        pit_test(test_bad_records), pit_test(test_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
