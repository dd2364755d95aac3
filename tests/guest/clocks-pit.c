/* SPDX-License-Identifier: MIT */
/* A part of clocks.c: the 8254, its channel 2 at port 0x61, and IRQ 0. */
#include "clocks.h"

#define PIT 0x40
#define CONTROL 0x43
#define SPEAKER 0x61
#define GATE 0x01
#define OUT 0x20
#define PIN 2 /* IRQ 0 at the I/O APIC */
#define PERIOD 0x1000U /* ticks of the 8254 */
#define PM_PERIOD (3 * PERIOD) /* of the PM timer */

static const uint16_t channel_2 = PIT + 2;

static void write_count(unsigned int channel, uint16_t n)
{
    outb((uint16_t)(PIT + channel), (uint8_t)n);
    outb((uint16_t)(PIT + channel), (uint8_t)(n >> 8));
}

void pit_program(uint8_t control, uint16_t n)
{
    outb(CONTROL, control);
    write_count(control >> 6, n);
}

static uint16_t read_count(unsigned int channel)
{
    uint8_t low = inb((uint16_t)(PIT + channel));

    return (uint16_t)(inb((uint16_t)(PIT + channel)) << 8 | low);
}

static uint16_t latched(unsigned int channel)
{
    outb(CONTROL, (uint8_t)(channel << 6));
    return read_count(channel);
}

static uint8_t status(unsigned int channel)
{
    outb(CONTROL, (uint8_t)(0xe0 | 2U << channel));
    return inb((uint16_t)(PIT + channel));
}

static bool out(void)
{
    return inb(SPEAKER) & OUT;
}

/* For longer than one tick, at which few looks are. */
static bool stays_out(void)
{
    return out() && out() && out();
}

/* ---- registers ---- */

static void test_registers(void)
{
    say("pit: control reads %02x, words %04x, longs %08x\n", inb(CONTROL),
        inw(PIT), inl(PIT));
    outb(SPEAKER, 0xff);
    say("port 61, all ones: %02x\n", inb(SPEAKER) & 0x0f);
    outb(SPEAKER, 0);
    say("port 61, zeros: %02x\n", inb(SPEAKER) & 0xcf);
    say_whether("refresh seen high", COMES(inb(SPEAKER) & 0x10, SOON));
    say_whether("refresh seen low", COMES(!(inb(SPEAKER) & 0x10), SOON));
    for ( unsigned int mode = 0; mode < 8; mode++ )
    {
        uint8_t no_count, a_byte, both;

        WITHIN(mode ? 0xffff : 5 * 0xffff,
            if ( mode ) /* as the last one left it, not long ago */
                pit_program((uint8_t)(0xb0 | (mode - 1) << 1), 0xffff);
            else
                wait_pm(4 * 0xffff);
            outb(CONTROL, (uint8_t)(0xb0 | mode << 1));
            no_count = status(2);
            outb(channel_2, 0xff);
            a_byte = status(2) & 0x7f;
            outb(channel_2, 0xff);
            both = status(2);
        );
        say("mode %u, no count: status %02x, a byte %02x, both %02x\n", mode,
            no_count, a_byte, both);
    }
    outb(CONTROL, 0x91);
    say("low byte, digits: %02x\n", status(2) & 0x7f);
    outb(CONTROL, 0xa4);
    say("high byte, mode 2: %02x\n", status(2) & 0x7f);
    outb(CONTROL, 0x30);
    outb(CONTROL, 0x74);
    outb(CONTROL, 0xb6);
    outb(CONTROL, 0xee);
    say("three at once: %02x %02x %02x\n", inb(PIT) & 0x7f,
        inb(PIT + 1) & 0x7f, inb(PIT + 2) & 0x7f);
}

/* ---- counting ---- */

/* Of many counts the smallest and the largest, and whether all are digits. */
struct seen
{
    uint16_t least, most;
    bool digits, even;
};

static struct seen look(unsigned int channel)
{
    struct seen s = { 0xffff, 0, true, true };
    uint32_t start = pm(), looks = 0;

    while ( looks++ < LOOKS ||
            pm() - start < 12 * PM_PERIOD ) /* at least: no verdict */
    {
        uint16_t n = latched(channel);

        s.least = n < s.least ? n : s.least;
        s.most = n > s.most ? n : s.most;
        s.even &= !(n & 1);
        for ( ; n; n >>= 4 )
            s.digits &= (n & 0xf) < 10;
    }
    return s;
}

static void say_seen(const char *name, uint8_t control, uint16_t n)
{
    struct seen s;

    pit_program(control, n);
    s = look(control >> 6);
    say("%s: %s the count, %s, %s\n", name,
        s.most > n ? "above" : "up to", s.digits ? "digits" : "binary",
        s.even ? "even" : "even and odd");
}

static void test_counting(void)
{
    struct seen s;

    outb(SPEAKER, GATE);
    say_seen("channel 0, mode 2", 0x34, PERIOD);
    say_seen("channel 0, mode 2, digits", 0x35, PERIOD);
    say_seen("channel 0, mode 3", 0x36, PERIOD);
    say_seen("channel 2, mode 2", 0xb4, PERIOD);
    say_seen("channel 2, mode 3", 0xb6, PERIOD);
    say_seen("channel 2, mode 3, an odd count", 0xb6, PERIOD + 1);
    say_seen("channel 2, mode 2, digits", 0xb5, PERIOD);
    say_seen("channel 2, mode 0", 0xb0, PERIOD);
    say_seen("channel 2, mode 0, digits", 0xb1, PERIOD);
    outb(CONTROL, 0xa4);
    outb(channel_2, 0x20);
    outb(CONTROL, 0x80);
    (void)inb(channel_2);
    outb(CONTROL, 0xf4); /* keeps the count */
    say_whether("high byte only: never above", !COMES(
        ({ outb(CONTROL, 0x80); inb(channel_2) > 0x20; }), SOON));
    outb(SPEAKER, 0);
    pit_program(0xb4, 0x8000);
    s = look(2);
    say_whether("gate low: it stands", s.most == s.least);
}

/*
 * Is the second count at least 1500 lower than the first, 2000 ticks before?
 * Within the time in which the counter is not back there.
 */
#define LATER(one, other)                                                    \
    ({                                                                       \
        bool later_;                                                         \
                                                                             \
        WITHIN(3 * 0xf000,                                                   \
            uint16_t one_ = (one);                                           \
                                                                             \
            later_ = (uint16_t)(one_ - (other)) >= 1500;                     \
        );                                                                   \
        later_;                                                              \
    })

static uint16_t latched_twice(void)
{
    outb(CONTROL, 0x80);
    wait_pm(6000);
    return latched(2);
}

static uint16_t count_and_wait(void)
{
    uint16_t n = read_count(2);

    wait_pm(6000);
    return n;
}

static uint16_t both_latched(void)
{
    uint8_t byte;

    outb(CONTROL, 0xc8);
    wait_pm(6000);
    byte = inb(channel_2) & 0x7f;
    return byte == 0x30 ? read_count(2) : 0; /* first the status */
}

static void test_latch(void)
{
    bool outlives = true;

    outb(SPEAKER, GATE);
    pit_program(0xb0, 0xffff);
    say_whether("a second latch command is ignored",
                LATER(latched_twice(), latched(2)));
    say_whether("without a latch the count is that of now",
                LATER(count_and_wait(), read_count(2)));
    say_whether("both latched, the count from before",
                LATER(both_latched(), latched(2)));
    /* A count may look like that, but not time and again. */
    for ( unsigned int i = 0; i < 8 && outlives; i++ )
    {
        outb(CONTROL, 0xe8);
        outb(CONTROL, 0xb4);
        (void)inb(channel_2);
        outlives = (inb(channel_2) & 0x3f) == 0x30;
        pit_program(0xb0, 0xffff);
    }
    say_whether("a latched status outlives the next mode", outlives);
    (void)inb(channel_2);
    outb(CONTROL, 0xb0);
    write_count(2, 0x2000);
    say_whether("a mode resets which byte is next",
                COMES(({ uint16_t n = read_count(2); n <= 0x2000; }), SOON));
}

/* ---- outputs ---- */

static void test_outputs(void)
{
    static const uint8_t control[] = { 0xb0, 0xb2, 0xb4, 0xb6, 0xb8, 0xba };

    for ( unsigned int mode = 0; mode < 6; mode++ )
    {
        bool low, high, now;

        outb(SPEAKER, 0);
        WITHIN(PERIOD,
            pit_program(control[mode], PERIOD);
            now = out();
        );
        say("mode %u: gate low %u", mode, now);
        say(", later %s", COMES(out() != (mode > 0), SOON)
                                     ? "changes" : "the same");
        outb(SPEAKER, GATE);
        if ( mode == 2 ) /* one of its levels is too short to be seen */
        {
            say("\n");
            continue;
        }
        if ( mode == 3 )
        {
            low = COMES(!out(), LONG);
            high = COMES(out(), LONG);
            say(", gate high %s%s\n", low ? "low " : "", high ? "high" : "");
            continue;
        }
        high = COMES(stays_out(), LONG);
        low = COMES(!out(), SOON);
        say(", gate high %s, %s\n", high ? "rises" : "stays low",
            low && mode < 2 ? "falls" : "no more");
    }
    pit_program(0xb0, PERIOD);
    say_whether("mode 0 counts from its count", COMES(out(), SOON));
    say("then status %02x", status(2));
    outb(CONTROL, 0xb0);
    say(", a mode alone %02x, port 61 %02x\n", status(2),
        inb(SPEAKER) & 0x21);
    pit_program(0xb2, PERIOD);
    outb(SPEAKER, 0);
    wait_pm(2 * PM_PERIOD);
    outb(SPEAKER, GATE);
    say_whether("mode 1: a trigger, out rises", COMES(out(), SOON));
    pit_program(0xb2, 0xffff);
    outb(SPEAKER, 0);
    outb(SPEAKER, GATE);
    say_whether("out is low after a trigger",
                COMES(({ outb(SPEAKER, 0); outb(SPEAKER, GATE); !out(); }),
                      SOON));
}

/* ---- IRQ 0 ---- */

/* Nothing comes any more from what counted before. */
static void quiet(void)
{
    pit_program(0x30, 1);
    wait_pm(100);
}

/*
 * The fifth cannot come within two periods, if each tick has its time; and those
 * that were missed come at once, each at a look.  What comes at looks that took
 * longer, since the machine had a pause, tells nothing: ask again then.
 */
static bool caught_up(void)
{
    for ( ;; )
    {
        uint32_t start;
        bool five;

        pit_program(0x34, 0xffff);
        set_pin(PIN, PIN_EDGE);
        wait_pm(6 * 3 * 0xffff);
        (void)COMES(count[PIN], LONG);
        start = pm();
        five = COMES(count[PIN] >= 5, 1); /* LOOKS looks */
        if ( !five || pm() - start < 6 * 0xffff ) /* else look again */
            return five;
    }
}

static void test_irq(void)
{
    static const char *const name[] = {
        "irq 0, mode 0", "irq 0, mode 1", "irq 0, mode 2", "irq 0, mode 3",
        "irq 0, mode 4", "irq 0, mode 5" };
    static const uint8_t expected[] = { NONE, ONCE, AGAIN, AGAIN, ONCE, NONE };

    for ( unsigned int mode = 0; mode < 6; mode++ )
    {
        quiet();
        set_pin(PIN, PIN_EDGE);
        pit_program((uint8_t)(0x30 | mode << 1), PERIOD);
        say_count(name[mode], PIN, expected[mode]);
    }
    pit_program(0x34, PERIOD);
    outb(CONTROL, 0x34);
    set_pin(PIN, PIN_EDGE);
    say_count("a mode alone", PIN, AGAIN);
    pit_program(0x34, PERIOD);
    set_pin(PIN, PIN_MASKED);
    wait_pm(4 * PM_PERIOD);
    set_pin(PIN, PIN_EDGE);
    say_count("masked for a while", PIN, AGAIN);
    say_whether("missed ticks are caught up with", caught_up());
    outb(CONTROL, 0x30);
    set_pin(PIN, PIN_MASKED);
}

void test_pit(void)
{
    test_registers();
    test_counting();
    test_latch();
    test_outputs();
    test_irq();
}
