/* SPDX-License-Identifier: MIT */
/* A part of clocks.c: the HPET. */
#include "clocks.h"

#define HPET 0xfed00000UL
#define ID (HPET + 0)
#define CONFIG (HPET + 0x10)
#define STATUS (HPET + 0x20)
#define COUNTER (HPET + 0xf0)
#define TIMER(n) (HPET + 0x100 + 0x20 * (n))
#define CMP(n) (TIMER(n) + 8)
#define ROUTE(n) (TIMER(n) + 0x10)

#define ON 1U
#define LEGACY 2U
#define LEVEL 0x2U
#define ENABLE 0x4U
#define PERIODIC 0x8U
#define SETVAL 0x40U
#define BITS_32 0x100U
#define TO(gsi) ((uint64_t)(gsi) << 9)

#define PERIOD 250000U /* ticks of 16 ns: 4 ms */
#define PM_PERIOD 14320U

static void stop_all(void)
{
    write64(CONFIG, 0);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        write64(TIMER(i), 0);
        write64(CMP(i), ~0UL);
    }
    write64(COUNTER, 0);
    write64(STATUS, ~0UL);
}

/* ---- registers ---- */

static void test_registers(void)
{
    say("hpet: %016lx, config %016lx, status %016lx\n", read64(ID),
        read64(CONFIG), read64(STATUS));
    for ( unsigned int i = 0; i < 4; i++ )
        say("timer %u: %016lx, comparator %016lx, route %016lx\n", i,
            read64(TIMER(i)), read64(CMP(i)), read64(ROUTE(i)));
    say("parts: %08x %08x %04x %02x, odd %04x %08x\n", read32(ID),
        read32(ID + 4), read16(ID + 6), read8(ID + 3), read16(ID + 1),
        read32(ID + 2));
    say("beyond: %08x, reserved %08x %08x\n", read32(HPET + 0x3f8),
        read32(HPET + 8), read32(HPET + 0x18));
    write64(ID, 0);
    say("written: %016lx\n", read64(ID));
    write64(CONFIG, ~3UL);
    say("config, ones but the lowest two: %016lx\n", read64(CONFIG));
    stop_all();
    for ( unsigned int i = 0; i < 3; i++ )
    {
        write64(TIMER(i), ~0UL & ~(uint64_t)ENABLE);
        say("timer %u, ones but its enable: %016lx", i, read64(TIMER(i)));
        write64(TIMER(i), 0);
        say(", zeros %016lx\n", read64(TIMER(i)));
        write64(TIMER(i), TO(23));
        say("to 23 %016lx", read64(TIMER(i)));
        write64(TIMER(i), TO(5));
        say(", to 5 %016lx\n", read64(TIMER(i)));
        write64(ROUTE(i), 0x1122334455667788);
        say("fsb route %016lx\n", read64(ROUTE(i)));
    }
    write64(COUNTER, 0x1122334455667788);
    say("counter: %016lx, halves %08x %08x\n", read64(COUNTER),
        read32(COUNTER), read32(COUNTER + 4));
    write32(COUNTER + 4, 0x99);
    write32(COUNTER, 0x42);
    say("written in halves: %016lx\n", read64(COUNTER));
    write8(COUNTER, 0xff);
    write16(COUNTER + 2, 0xeeee);
    say("a byte, a word: %016lx\n", read64(COUNTER));
    write32(COUNTER + 2, 0);
    say("odd: %016lx\n", read64(COUNTER));
    stop_all();
}

static void test_comparators(void)
{
    stop_all();
    write64(CMP(0), 0x123456789abcdef0);
    say("comparator %016lx", read64(CMP(0)));
    write64(TIMER(0), BITS_32);
    say(", 32 bits %016lx", read64(CMP(0)));
    write64(CMP(0), 0x123456789abcdef0);
    say(", written %016lx", read64(CMP(0)));
    write64(TIMER(0), 0);
    say(", 64 again %016lx\n", read64(CMP(0)));
    write64(CMP(0), 0);
    write32(CMP(0) + 4, 0x77);
    say("the upper half: %016lx", read64(CMP(0)));
    write32(CMP(0), 0x66);
    say(", the lower %016lx\n", read64(CMP(0)));
    write64(TIMER(0), PERIODIC | SETVAL);
    say("config with SETVAL %016lx\n", read64(TIMER(0)));
    write64(CMP(0), 1000000);
    say("first write %016lx, config %016lx\n", read64(CMP(0)),
        read64(TIMER(0)));
    write64(CMP(0), PERIOD);
    say("second write %016lx\n", read64(CMP(0)));
    write64(TIMER(0), PERIODIC);
    write64(CMP(0), 2 * PERIOD);
    say("without SETVAL %016lx\n", read64(CMP(0)));
    write64(TIMER(0), 0);
    write64(CMP(0), 777);
    say("one shot %016lx\n", read64(CMP(0)));
    stop_all();
}

static void test_counter(void)
{
    uint64_t a, b;

    stop_all();
    a = read64(COUNTER);
    wait_pm(10000);
    say_whether("it stands while disabled", read64(COUNTER) == a);
    write64(CONFIG, ON);
    a = read64(COUNTER);
    wait_pm(10000);
    b = read64(COUNTER);
    say_whether("it counts", b > a);
    say_whether("16 ns", b - a > 170000);
    write64(COUNTER, 0x100000000);
    a = read64(COUNTER);
    say_whether("a write while it counts moves it", a >= 0x100000000);
    write64(CONFIG, 0);
    a = read64(COUNTER);
    wait_pm(10000);
    say_whether("stopped, it keeps its value",
                read64(COUNTER) == a && a >= 0x100000000);
    write64(CONFIG, ON);
    say_whether("and goes on from there", read64(COUNTER) - a < 1UL << 36);
    stop_all();
}

/* ---- interrupts ---- */

/* However late the last write is: what has passed then interrupts at once. */
static void one_shot(unsigned int i, uint64_t config, uint64_t from_now)
{
    write64(TIMER(i), config & ~(uint64_t)ENABLE);
    write64(CMP(i), read64(COUNTER) + (1UL << 40)); /* hours */
    write64(TIMER(i), config);
    write64(CMP(i), read64(COUNTER) + from_now);
}

static void test_edges(void)
{
    static const char *const name[] = { "timer 0, GSI 20", "timer 1, GSI 21",
                                        "timer 2, GSI 22" };

    write64(CONFIG, ON);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        set_pin(20 + i, PIN_EDGE);
        one_shot(i, ENABLE | TO(20 + i), PERIOD);
        say_count(name[i], 20 + i, ONCE);
        say("status %lx\n", read64(STATUS));
        set_pin(20 + i, PIN_EDGE);
        one_shot(i, ENABLE | TO(20 + i), PERIOD);
        say_count("once more", 20 + i, ONCE);
        set_pin(20 + i, PIN_EDGE);
        write64(TIMER(i), ENABLE | TO(20 + i) | PERIODIC | SETVAL);
        write64(CMP(i), read64(COUNTER) + PERIOD);
        write64(CMP(i), PERIOD);
        say_count("periodic", 20 + i, AGAIN);
        write64(TIMER(i), 0);
    }
    set_pin(20, PIN_EDGE);
    write64(CMP(0), ~0UL);
    write64(TIMER(0), ENABLE | TO(20));
    say_count("a comparator of ones, then enabled", 20, NONE);
    set_pin(20, PIN_EDGE);
    one_shot(0, TO(20), PERIOD);
    say_count("not enabled", 20, NONE);
    write64(TIMER(0), ENABLE | TO(20));
    say_count("enabled too late", 20, NONE);
    set_pin(20, PIN_EDGE);
    write64(CMP(0), 1);
    say_count("a comparator long ago", 20, ONCE);
    set_pin(20, PIN_EDGE);
    /* 32 bits cannot tell what has passed, so nothing passes meanwhile. */
    write64(CONFIG, 0);
    one_shot(0, ENABLE | TO(20) | BITS_32, PERIOD);
    write64(CONFIG, ON);
    say_count("32 bits", 20, ONCE);
    set_pin(5, PIN_EDGE);
    one_shot(0, ENABLE | TO(5), PERIOD);
    say_count("a route that it has not", 5, NONE);
    write64(CONFIG, 0);
    set_pin(20, PIN_EDGE);
    one_shot(0, ENABLE | TO(20), 1);
    say_count("stopped", 20, NONE);
    write64(CONFIG, ON);
    say_count("then started", 20, ONCE);
    stop_all();
}

static void test_periods(void)
{
    uint64_t first, cmp;

    write64(CONFIG, ON);
    set_pin(20, PIN_EDGE);
    write64(TIMER(0), ENABLE | TO(20) | PERIODIC | SETVAL);
    first = read64(COUNTER) + PERIOD;
    write64(CMP(0), first);
    write64(CMP(0), PERIOD);
    (void)COMES(count[20] > 3, LONG);
    cmp = read64(CMP(0));
    say_whether("the comparator moves on in periods",
                cmp > first && (cmp - first) % PERIOD == 0);
    write64(CMP(0), 2 * PERIOD);
    set_pin(20, PIN_EDGE);
    (void)COMES(count[20] > 3, LONG);
    cmp = read64(CMP(0)) - cmp;
    say_whether("another period, from there on",
                cmp && cmp % PERIOD == 0);
    /* No period ends between the two. */
    write64(CONFIG, 0);
    set_pin(20, PIN_EDGE);
    write64(TIMER(0), ENABLE | TO(20));
    write64(CONFIG, ON);
    say_count("one-shot again", 20, ONCE);
    stop_all();
    write64(TIMER(0), PERIODIC | SETVAL | TO(20) | ENABLE);
    write64(CMP(0), 1000);
    write64(CMP(0), 10);
    set_pin(20, PIN_EDGE);
    write64(CONFIG, ON);
    say_count("a period that is too short", 20, AGAIN);
    write64(CONFIG, ON);
    write64(TIMER(0), PERIODIC | TO(20) | ENABLE);
    set_pin(20, PIN_EDGE);
    write64(CMP(0), PERIOD);
    say_count("periodic without SETVAL", 20, AGAIN);
    stop_all();
}

/* Nothing is in service or on its way any more. */
static void end_level(void)
{
    write64(STATUS, 1);
    set_pin(20, PIN_MASKED);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        interrupts_on();
        (void)pm();
        interrupts_off();
        eoi();
    }
}

static void test_levels(void)
{
    stop_all();
    write64(CONFIG, ON);
    set_pin(20, PIN_LEVEL);
    one_shot(0, ENABLE | LEVEL | TO(20), PERIOD);
    say_count("a level", 20, ONCE);
    say("status %lx\n", read64(STATUS));
    count[20] = 0;
    eoi();
    say_count("ended, not cleared", 20, ONCE);
    write64(STATUS, 6);
    say("other bits cleared: %lx\n", read64(STATUS));
    write64(STATUS, 1);
    say("cleared: %lx\n", read64(STATUS));
    count[20] = 0;
    eoi();
    say_count("ended, cleared", 20, NONE);
    count[20] = 0;
    one_shot(0, ENABLE | LEVEL | TO(20), PERIOD);
    (void)COMES(count[20] && read64(STATUS), LONG);
    write64(TIMER(0), LEVEL | TO(20));
    say("disabled: status %lx\n", read64(STATUS));
    count[20] = 0;
    eoi();
    say_count("disabled", 20, NONE);
    write64(TIMER(0), ENABLE | LEVEL | TO(20));
    say_count("enabled again", 20, ONCE);
    end_level();
    set_pin(20, PIN_LEVEL);
    one_shot(0, ENABLE | LEVEL | TO(20), PERIOD);
    (void)COMES(count[20] && read64(STATUS), LONG);
    write64(TIMER(0), ENABLE | TO(20));
    say("then an edge: status %lx\n", read64(STATUS));
    stop_all();
    end_level();
    one_shot(2, LEVEL | TO(22), 1);
    write64(CONFIG, ON);
    wait_pm(PM_PERIOD);
    say("a level that is not enabled: status %lx\n", read64(STATUS));
    stop_all();
}

/* ---- legacy replacement ---- */

static void test_legacy(void)
{
    set_pin(2, PIN_EDGE);
    set_pin(8, PIN_EDGE);
    pit_program(0x34, 0x1000);
    (void)COMES(count[2] > 2, LONG);
    write64(CONFIG, ON | LEGACY);
    say("legacy: config %lx\n", read64(CONFIG));
    set_pin(2, PIN_EDGE);
    say_count("the PIT's interrupts", 2, AGAIN);
    one_shot(0, ENABLE | TO(20), 1UL << 40);
    set_pin(2, PIN_EDGE); /* without what the PIT left */
    write64(CMP(0), read64(COUNTER) + PERIOD);
    say_count("timer 0 as IRQ 0", 2, ONCE);
    one_shot(1, ENABLE | TO(21), PERIOD);
    say_count("timer 1 as IRQ 8", 8, ONCE);
    set_pin(22, PIN_EDGE);
    one_shot(2, ENABLE | TO(22), PERIOD);
    say_count("timer 2 as before", 22, ONCE);
    set_pin(8, PIN_EDGE);
    outb(0x70, 0x0b);
    outb(0x71, 0x42);
    outb(0x70, 0x0c);
    say_whether("the RTC's interrupts",
                COMES(({ (void)inb(0x71); count[8] > 2; }), LONG));
    outb(0x70, 0x0b);
    outb(0x71, 0x02);
    write64(CONFIG, ON);
    set_pin(2, PIN_EDGE);
    say_count("no legacy, the PIT's interrupts", 2, AGAIN);
    outb(0x43, 0x30);
    set_pin(2, PIN_MASKED);
    set_pin(8, PIN_MASKED);
    stop_all();
}

void test_hpet(void)
{
    test_registers();
    test_comparators();
    test_counter();
    test_edges();
    test_periods();
    test_levels();
    test_legacy();
}
