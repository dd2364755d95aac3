/* SPDX-License-Identifier: MIT */
/* The HPET, by a clock that the test sets. */
#include "test-clock.h"

#include <emul/vhpet.h>
#include <xen/hvm/save.h>

#define TICK VHPET_TICK_NS
#define CONFIG(n) (0x100U + 0x20U * (n))
#define CMP(n) (0x108U + 0x20U * (n))
#define ROUTE(gsi) ((uint64_t)(gsi) << 9)
#define LEVEL 0x2UL
#define ENABLE 0x4UL
#define PERIODIC 0x8UL
#define SETVAL 0x40UL
#define BITS_32 0x100UL

static struct vhpet hpet;

static int setup(void **state)
{
    (void)state;
    test_now = T0;
    lines_reset();
    vhpet_init(&hpet, set_line, &hpet);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vhpet_stop(&hpet);
    vhpet_destroy(&hpet);
    return 0;
}

static void wr(unsigned int offset, uint64_t value)
{
    vhpet_write(&hpet, offset, 8, value);
}

static uint64_t rd(unsigned int offset)
{
    return vhpet_read(&hpet, offset, 8);
}

static unsigned int until(uint64_t ticks)
{
    return run_until(&hpet.line, T0 + ticks * TICK);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(rd(0), 0x00f424008086a201);
    assert_int_equal(vhpet_read(&hpet, 4, 4), 16000000);
    assert_int_equal(vhpet_read(&hpet, 2, 2), 0x8086);
    assert_int_equal(vhpet_read(&hpet, 1, 1), 0xa2);
    assert_int_equal(vhpet_read(&hpet, 2, 4), 0xffffffff); /* not aligned */
    wr(0, 0);
    assert_int_equal(rd(0), 0x00f424008086a201);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_int_equal(rd(CONFIG(i)), 0x00f0000000000030);
        assert_int_equal(rd(CMP(i)), UINT64_MAX);
        wr(CONFIG(i), UINT64_MAX);
        /* There is no route 31, and none is what is left of it. */
        assert_int_equal(rd(CONFIG(i)), 0x00f000000000017e);
        wr(CONFIG(i), ROUTE(23));
        assert_int_equal(rd(CONFIG(i)), 0x00f0000000002e30);
        wr(CONFIG(i) + 0x10, 0x1234); /* no FSB: kept, no more */
        assert_int_equal(rd(CONFIG(i) + 0x10), 0x1234);
        wr(CMP(i), 0x123456789abcdef0);
        wr(CONFIG(i), BITS_32);
        assert_int_equal(rd(CMP(i)), 0x9abcdef0);
        wr(CONFIG(i), 0);
        assert_int_equal(rd(CMP(i)), 0x123456789abcdef0);
    }
    assert_int_equal(rd(0x160), 0); /* no fourth timer */
    wr(0x160, 1);
    wr(0x3f8, 1);
    assert_int_equal(rd(0x3f8), 0);
    wr(0x10, UINT64_MAX);
    assert_int_equal(rd(0x10), 3);
    vhpet_write(&hpet, 0x10, 1, 0);
    assert_int_equal(rd(0x10), 0);
}

static void test_counter(void **state)
{
    (void)state;
    until(100);
    assert_int_equal(rd(0xf0), 0);
    wr(0xf0, 0x123456789);
    assert_int_equal(vhpet_read(&hpet, 0xf4, 4), 1);
    vhpet_write(&hpet, 0xf4, 4, 7);
    assert_int_equal(rd(0xf0), 0x723456789);
    wr(0x10, 1);
    until(300);
    assert_int_equal(rd(0xf0), 0x723456789 + 200);
    wr(0x10, 0);
    until(400);
    assert_int_equal(rd(0xf0), 0x723456789 + 200);
    wr(0xf0, UINT64_MAX);
    wr(0x10, 1);
    until(402);
    assert_int_equal(rd(0xf0), 1);
    wr(0xf0, 1000); /* not while it runs */
    assert_int_equal(rd(0xf0), 1);
}

static void test_one_shot(void **state)
{
    (void)state;
    wr(0x10, 1);
    wr(CONFIG(0), ENABLE | ROUTE(20));
    wr(CMP(0), 1000);
    until(999);
    assert_int_equal(edges[20], 0);
    until(1000);
    assert_int_equal(edges[20], 1);
    assert_int_equal(rd(0x20), 0); /* edges have no status */
    until(1000000);
    assert_int_equal(edges[20], 1);
    assert_int_equal(rd(CMP(0)), 1000);
    wr(CMP(0), 999990); /* just past: now */
    assert_int_equal(edges[20], 2);
    wr(CMP(0), 2000000);
    until(2000001);
    assert_int_equal(edges[20], 3);
    /* 32 bits: far in the past is in the future */
    wr(CONFIG(0), ENABLE | ROUTE(20) | BITS_32);
    wr(CMP(0), 5);
    until((1UL << 32) + 4);
    assert_int_equal(edges[20], 3);
    until((1UL << 32) + 5);
    assert_int_equal(edges[20], 4);
    wr(CONFIG(0), ROUTE(20)); /* off: counts for nothing */
    wr(CMP(0), (1UL << 32) + 100);
    assert_int_equal(until((1UL << 32) + 200), 0);
    assert_int_equal(edges[20], 4);
}

/* What the comparator was when the timer was off does not interrupt later. */
static void test_enabled_late(void **state)
{
    (void)state;
    wr(0x10, 1);
    wr(CMP(0), 1000);
    until(2000);
    wr(CONFIG(0), ENABLE | ROUTE(20));
    until(3000);
    assert_int_equal(edges[20], 0);
    wr(CMP(0), UINT64_MAX);
    wr(CONFIG(0), ROUTE(20));
    wr(CONFIG(0), ENABLE | ROUTE(20));
    until(100000000);
    assert_int_equal(edges[20], 0);
    wr(CMP(0), 1000);
    assert_int_equal(edges[20], 1);
}

static void test_periodic(void **state)
{
    (void)state;
    wr(0x10, 1);
    wr(CONFIG(1), ENABLE | PERIODIC | SETVAL | ROUTE(21));
    wr(CMP(1), 100000);
    assert_int_equal(rd(CONFIG(1)) & SETVAL, 0);
    wr(CMP(1), 60000); /* the period */
    until(99999);
    assert_int_equal(edges[21], 0);
    until(100000);
    assert_int_equal(edges[21], 1);
    assert_int_equal(rd(CMP(1)), 160000);
    until(100000 + 60000 * 10);
    assert_int_equal(edges[21], 11);
    test_now += 1000 * 60000 * TICK; /* a CPU that comes late */
    timer_run();
    assert_int_equal(edges[21], 12);
    assert_int_equal(rd(CMP(1)), 100000 + 60000 * 1011);
    wr(CMP(1), 1); /* no shorter than Xen's bound */
    until(2UL * 1011 * 60000);
    memset(edges, 0, sizeof(edges));
    assert_in_range(until(2UL * 1011 * 60000 + 62500000), 1100, 1112);
    assert_in_range(edges[21], 1110, 1112);
    /* The comparator's width follows. */
    wr(CONFIG(1), PERIODIC | BITS_32);
    assert_true(rd(CMP(1)) <= UINT32_MAX);
}

/* A period that no number of ns can express is longer than anybody waits. */
static void test_endless_periods(void **state)
{
    (void)state;
    wr(0x10, 1);
    for ( uint64_t period = 1UL << 56; period < 1UL << 63; period <<= 1 )
    {
        uint64_t cmp = rd(0xf0) + 1000;

        wr(CONFIG(0), ENABLE | PERIODIC | SETVAL | ROUTE(20));
        wr(CMP(0), cmp);
        wr(CMP(0), period);
        memset(edges, 0, sizeof(edges));
        until(cmp + 100000);
        assert_int_equal(edges[20], 1);
        assert_int_equal(rd(CMP(0)), cmp + period);
        assert_false(timer_is_armed(&hpet.line.timer));
    }
}

static void test_level(void **state)
{
    (void)state;
    wr(0x10, 1);
    for ( unsigned int i = 0; i < 2; i++ ) /* both at one line */
    {
        wr(CONFIG(i), ENABLE | LEVEL | ROUTE(22));
        wr(CMP(i), 1000 + 1000 * i);
    }
    until(1000);
    assert_int_equal(rd(0x20), 1);
    assert_true(level[22]);
    until(2000);
    assert_int_equal(rd(0x20), 3);
    for ( unsigned int i = 0; i < 2; i++ ) /* disabled: no line */
        wr(CONFIG(i), LEVEL | ROUTE(22));
    assert_int_equal(rd(0x20), 3);
    assert_false(level[22]);
    for ( unsigned int i = 0; i < 2; i++ )
        wr(CONFIG(i), ENABLE | LEVEL | ROUTE(22));
    assert_true(level[22]);
    vhpet_write(&hpet, 0x20, 4, 1);
    assert_int_equal(rd(0x20), 2);
    assert_true(level[22]);
    wr(0x20, 2);
    assert_false(level[22]);
    assert_int_equal(edges[22], 2);
    /* Periodic: the timer rests until the status bit is cleared. */
    wr(CONFIG(2), ENABLE | LEVEL | PERIODIC | SETVAL | ROUTE(23));
    wr(CMP(2), 3000);
    wr(CMP(2), 60000);
    assert_in_range(until(100 * 60000), 1, 2);
    assert_int_equal(edges[23], 1);
    wr(0x20, 4);
    assert_false(level[23]);
    until(101 * 60000);
    assert_int_equal(edges[23], 2);
    wr(CONFIG(2), ENABLE | ROUTE(23)); /* edges: the status means nothing */
    assert_int_equal(rd(0x20), 4);
    assert_false(level[23]);
}

static void test_routes(void **state)
{
    (void)state;
    wr(0x10, 1);
    wr(CONFIG(0), ENABLE | ROUTE(19)); /* no such route */
    wr(CMP(0), 1000);
    assert_int_equal(until(2000), 0);
    wr(0x10, 3); /* legacy: whatever the route */
    assert_true(vhpet_is_legacy(&hpet));
    wr(CMP(0), 3000);
    wr(CONFIG(1), ENABLE | ROUTE(20));
    wr(CMP(1), 3000);
    wr(CONFIG(2), ENABLE | ROUTE(20));
    wr(CMP(2), 3000);
    until(3000);
    assert_int_equal(edges[0], 1);
    assert_int_equal(edges[8], 1);
    assert_int_equal(edges[20], 1);
    wr(0x10, 1);
    assert_false(level[0] || level[8]);
}

static void test_stopped(void **state)
{
    (void)state;
    wr(0x10, 1);
    wr(CONFIG(0), ENABLE | ROUTE(20));
    wr(CMP(0), 1000);
    vhpet_stop(&hpet);
    wr(CMP(0), 2000);
    assert_false(timer_is_armed(&hpet.line.timer));
}

static void test_saved(void **state)
{
    static struct hvm_hw_hpet hw, bad, again;

    (void)state;
    wr(CONFIG(0), ENABLE | LEVEL | ROUTE(20));
    wr(CMP(0), 1000);
    wr(CONFIG(1), ENABLE | PERIODIC | SETVAL | BITS_32 | ROUTE(21));
    wr(CMP(1), 70000);
    wr(CMP(1), 60000);
    wr(CONFIG(2) + 0x10, 77);
    wr(0xf0, 500);
    wr(0x10, 3);
    until(600);
    vhpet_save(&hpet, &hw);
    assert_int_equal(hw.capability, 0x00f424008086a201);
    assert_int_equal(hw.mc64, 1100);
    assert_int_equal(hw.isr, 1);
    assert_int_equal(hw.period[1], 60000);

    vhpet_stop(&hpet);
    lines_reset();
    vhpet_init(&hpet, set_line, &hpet);
#define BAD(field, value)                                                    \
    do {                                                                     \
        bad = hw;                                                            \
        bad.field = (value);                                                 \
        assert_int_equal(vhpet_load(&hpet, &bad), -EINVAL);                  \
    } while ( 0 )
    BAD(capability, 0);
    BAD(config, 4);
    BAD(isr, 8);
    BAD(timers[0].config, 0);
    BAD(timers[0].config, hw.timers[0].config | 0x8000);
    BAD(period[1], 1);
    BAD(period[1], 1UL << 32);
    assert_int_equal(vhpet_load(&hpet, &hw), 0);
    assert_true(level[0]);
    vhpet_save(&hpet, &again);
    assert_memory_equal(&hw, &again, sizeof(hw));
    wr(0x20, 1);
    assert_false(level[0]);
    (void)run_until(&hpet.line, test_now + (70000 - 1100) * TICK);
    assert_int_equal(edges[8], 1);
}

#define hpet_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static bool paused;

static bool nobody_runs(void *arg)
{
    assert_ptr_equal(arg, &hpet);
    assert_true(spin_is_mine(&hpet.lock));
    return paused;
}

/* A timer of edges rests after one that nobody takes; no other timer does. */
static void test_rests(void **state)
{
    (void)state;
    hpet.line.rests = nobody_runs;
    wr(0x10, 1);
    wr(CONFIG(0), ROUTE(20) | ENABLE | PERIODIC | SETVAL);
    wr(CMP(0), 100000);
    wr(CMP(0), 100000);
    wr(CONFIG(1), ROUTE(21) | ENABLE);
    wr(CMP(1), 5050000);
    wr(CONFIG(2), ROUTE(22) | ENABLE | LEVEL);
    wr(CMP(2), 6050000);
    assert_int_equal(until(1000000), 10);
    paused = true;
    assert_int_equal(until(10000000), 3); /* one of each */
    assert_false(timer_is_armed(&hpet.line.timer));
    assert_int_equal(edges[20], 13); /* and one each time that others came */
    assert_int_equal(edges[21], 1);
    assert_int_equal(edges[22], 1);
    paused = false;
    vhpet_resume(&hpet);
    assert_int_equal(edges[20], 14);
    assert_int_equal(until(11000000), 10);
    assert_int_equal(edges[20], 24);
    assert_int_equal(edges[21], 1);
}

/* Another vcpu starts the counter beside a read, unless it is kept out. */
static void start_beside(void)
{
    if ( spin_is_mine(&hpet.lock) )
        return;
    test_asked = NULL;
    test_now += TICK;
    wr(0x10, 1);
}

static void test_beside_another_vcpu(void **state)
{
    (void)state;
    wr(0xf0, 1000);
    test_asked = start_beside;
    assert_in_range(rd(0xf0), 1000, 1001);
    wr(CMP(0), 5000);
    test_asked = NULL;
    assert_in_range(rd(0xf0), 1000, 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        hpet_test(test_rests),
        hpet_test(test_registers), hpet_test(test_counter),
        hpet_test(test_one_shot), hpet_test(test_enabled_late),
        hpet_test(test_periodic), hpet_test(test_endless_periods),
        hpet_test(test_level), hpet_test(test_routes),
        hpet_test(test_stopped), hpet_test(test_saved),
        hpet_test(test_beside_another_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
