/* SPDX-License-Identifier: MIT */
/* A part of clocks.c: the real time clock and IRQ 8. */
#include "clocks.h"

#define INDEX 0x70
#define DATA 0x71
#define PIN 8

enum {
    SECONDS_REG, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM,
    WEEKDAY, DAY, MONTH, YEAR, A, B, C, D,
};
#define RATE_1024 0x26U
#define SET 0x80U
#define PERIODIC 0x40U
#define ALARM 0x20U
#define UPDATE 0x10U
#define BINARY 0x04U
#define HOURS_24 0x02U
#define ANY 0xc0U

static uint8_t get(unsigned int reg)
{
    outb(INDEX, (uint8_t)reg);
    return inb(DATA);
}

static void put_reg(unsigned int reg, uint8_t value)
{
    outb(INDEX, (uint8_t)reg);
    outb(DATA, value);
}

static void set_time(uint8_t h, uint8_t m, uint8_t s)
{
    put_reg(HOURS, h);
    put_reg(MINUTES, m);
    put_reg(SECONDS_REG, s);
}

static void set_date(uint8_t year, uint8_t month, uint8_t day, uint8_t weekday)
{
    put_reg(YEAR, year);
    put_reg(MONTH, month);
    put_reg(DAY, day);
    put_reg(WEEKDAY, weekday);
}

/* All is read before any of it is told, since minutes go on. */
#define NR_DATES 11
static struct
{
    const char *name;
    uint8_t year, month, day, weekday, hour, minute;
} dates[NR_DATES];
static unsigned int nr_dates;

static void read_date(const char *name)
{
    dates[nr_dates].name = name;
    dates[nr_dates].year = get(YEAR);
    dates[nr_dates].month = get(MONTH);
    dates[nr_dates].day = get(DAY);
    dates[nr_dates].weekday = get(WEEKDAY);
    dates[nr_dates].hour = get(HOURS);
    dates[nr_dates].minute = get(MINUTES);
    nr_dates++;
}

static void say_dates(void)
{
    for ( unsigned int i = 0; i < nr_dates; i++ )
        say("%s: %02x/%02x/%02x, weekday %x, hour %02x, minute %02x\n",
            dates[i].name, dates[i].year, dates[i].month, dates[i].day,
            dates[i].weekday, dates[i].hour, dates[i].minute);
    nr_dates = 0;
}

static void next_second(void)
{
    uint8_t now = get(SECONDS_REG);

    (void)COMES(get(SECONDS_REG) != now, SECONDS(5));
}

/* ---- registers ---- */

static void test_registers(void)
{
    say("rtc: index reads %02x, words %04x %04x\n", inb(INDEX), inw(INDEX),
        inw(DATA));
    say("a %02x, b %02x, c without flags %02x, d %02x\n", get(A) & 0x7f,
        get(B), get(C) & 0x0f, get(D));
    put_reg(A, 0xff);
    say("a, all ones: %02x\n", get(A) & 0x7f);
    put_reg(A, RATE_1024);
    put_reg(B, 0xff);
    say("b, all ones: %02x\n", get(B));
    put_reg(B, 0x7f);
    say("b, all but SET: %02x\n", get(B));
    put_reg(B, HOURS_24);
    put_reg(C, 0xff);
    say("c, all ones: %02x\n", get(C) & 0x0f);
    put_reg(D, 0);
    say("d, zeros: %02x\n", get(D));
    put_reg(SECONDS_ALARM, 0xff);
    put_reg(MINUTES_ALARM, 0x61);
    put_reg(HOURS_ALARM, 0xab);
    say("alarm: %02x %02x %02x\n", get(HOURS_ALARM), get(MINUTES_ALARM),
        get(SECONDS_ALARM));
    say("index with bit 7: %02x\n", get(0x80 | D));
    say("cmos: %02x\n", get(14));
}

/* ---- the time ---- */

static void formats(void)
{
    nr_dates = 0;
    put_reg(B, SET | HOURS_24);
    set_date(0x24, 0x02, 0x28, 4);
    set_time(0x23, 0x10, 0x05);
    read_date("while SET is on");
    put_reg(B, HOURS_24);
    read_date("digits, 24 hours");
    put_reg(B, 0);
    read_date("digits, 12 hours");
    put_reg(B, BINARY);
    read_date("binary, 12 hours");
    put_reg(B, BINARY | HOURS_24);
    read_date("binary, 24 hours");
    put_reg(HOURS, 12);
    put_reg(B, 0);
    read_date("noon");
    put_reg(HOURS, 0x12);
    read_date("hour 12");
    put_reg(HOURS, 0x92);
    read_date("hour 12 pm");
    put_reg(HOURS, 0x81);
    put_reg(B, HOURS_24);
    read_date("hour 1 pm");
    put_reg(B, SET | BINARY);
    read_date("SET and another format");
    put_reg(B, HOURS_24);
    read_date("back");
}

static void test_formats(void)
{
    WITHIN(SECONDS(30), formats(););
    say_dates();
}

static void weekdays(void)
{
    nr_dates = 0;
    put_reg(B, SET | HOURS_24);
    set_date(0x23, 0x05, 0x10, 7);
    set_time(0x10, 0x20, 0x05);
    read_date("a wrong weekday");
    put_reg(B, HOURS_24);
    read_date("as the clock goes on");
    next_second();
    read_date("a second later");
    put_reg(WEEKDAY, 2);
    next_second();
    read_date("written, and a second later");
}

static void test_dates(void)
{
    static const struct {
        const char *name;
        uint8_t year, month, day;
    } date[] = {
        { "a leap year", 0x24, 0x02, 0x28 },
        { "the year 2000", 0x00, 0x02, 0x28 },
        { "the end of a year", 0x99, 0x12, 0x31 },
    };

    for ( unsigned int i = 0; i < sizeof(date) / sizeof(date[0]); i++ )
    {
        WITHIN(SECONDS(30),
            put_reg(B, SET | HOURS_24);
            set_date(date[i].year, date[i].month, date[i].day, 6);
            set_time(0x23, 0x59, 0x59);
            put_reg(B, HOURS_24);
            (void)COMES(get(HOURS) == 0, SECONDS(10));
            nr_dates = 0;
            read_date(date[i].name);
        );
        say_dates();
    }
    WITHIN(SECONDS(30), weekdays(););
    say_dates();
    put_reg(B, SET | HOURS_24);
    set_time(0x10, 0x20, 0x05);
    wait_pm(SECONDS(11) / 10);
    say("SET holds the time: %02x\n", get(SECONDS_REG));
    put_reg(B, HOURS_24);
    put_reg(A, 0x60 | (RATE_1024 & 0xf));
    set_time(0x10, 0x20, 0x05);
    wait_pm(SECONDS(11) / 10);
    say_whether("the divider's reset holds the time",
                get(SECONDS_REG) == 0x05);
    put_reg(A, RATE_1024);
}

/* ---- flags and interrupts ---- */

static void test_periodic(void)
{
    put_reg(B, HOURS_24);
    put_reg(A, RATE_1024);
    (void)get(C);
    say_whether("periodic flag without its interrupt",
                COMES(get(C) & PERIODIC, LONG));
    put_reg(A, 0x20);
    (void)get(C);
    say_whether("with rate 0", COMES(get(C) & PERIODIC, SOON));
    put_reg(A, RATE_1024);
    set_pin(PIN, PIN_EDGE);
    put_reg(B, HOURS_24 | PERIODIC);
    say_count("irq 8, periodic, c not read", PIN, AGAIN);
    say("c %02x", get(C) & 0xef);
    put_reg(B, HOURS_24);
    (void)get(C);
    set_pin(PIN, PIN_EDGE);
    put_reg(B, HOURS_24 | PERIODIC);
    say(", c read: %s\n", COMES(({ (void)get(C); count[PIN] > 2; }), LONG)
                               ? "again and again" : "no more");
    put_reg(B, HOURS_24);
    (void)get(C);
    set_pin(PIN, PIN_EDGE);
    say_count("disabled", PIN, NONE);
    put_reg(A, 0x20);
    (void)get(C);
    put_reg(B, HOURS_24 | PERIODIC);
    say_count("rate 0", PIN, NONE);
    put_reg(B, HOURS_24);
    put_reg(A, 0x6f);
    (void)get(C);
    set_pin(PIN, PIN_EDGE);
    put_reg(B, HOURS_24 | PERIODIC);
    say_count("divider in reset", PIN, NONE);
    put_reg(B, HOURS_24);
    put_reg(A, RATE_1024);
}

static void test_update(void)
{
    uint8_t c, again, before;
    bool come;

    put_reg(B, HOURS_24);
    (void)get(C);
    wait_pm(SECONDS(11) / 10);
    say_whether("update flag without its interrupt", get(C) & UPDATE);
    /* It lasts 2 ms of each second: nobody knows at which look it is seen. */
    say_whether("update in progress, seen", WAIT_FOR(get(A) & 0x80));
    say_whether("and over", WAIT_FOR(!(get(A) & 0x80)));
    set_pin(PIN, PIN_EDGE);
    (void)get(C);
    before = get(SECONDS_REG);
    put_reg(B, HOURS_24 | UPDATE);
    say_whether("irq 8, update", COMES(count[PIN], LONG));
    say_whether("the second is another", get(SECONDS_REG) != before);
    WITHIN(SECONDS(1) / 2, /* no second update between the two */
        set_pin(PIN, PIN_EDGE);
        (void)get(C);
        (void)COMES(count[PIN], LONG);
        begun_ = pm();
        c = get(C);
        again = get(C);
    );
    say("c %02x, then %02x\n", c & 0xb0, again & 0xb0);
    (void)COMES(count[PIN] > 1, LONG);
    put_reg(B, HOURS_24);
    say("disabled, c %02x\n", get(C) & 0xb0);
    put_reg(B, SET | HOURS_24 | UPDATE);
    set_pin(PIN, PIN_EDGE);
    (void)get(C);
    wait_pm(SECONDS(1));
    say_count("update, SET", PIN, NONE);
    put_reg(B, HOURS_24);
    (void)get(C);
    /* At once, or by the next update: that is a second behind the last one. */
    WITHIN(SECONDS(19) / 10,
        put_reg(B, HOURS_24);
        (void)COMES(({ outb(INDEX, C); inb(DATA) & UPDATE; }), LONG);
        begun_ = pm();
        set_pin(PIN, PIN_EDGE);
        wait_pm(SECONDS(11) / 10); /* the flag is set, not enabled */
        put_reg(B, HOURS_24 | UPDATE);
        come = COMES(count[PIN], PM_HZ / 8); /* or look again */
    );
    say_whether("a flag of before, then enabled: irq 8", come);
    put_reg(B, HOURS_24);
}

static void set_alarm(uint8_t h, uint8_t m, uint8_t s)
{
    put_reg(HOURS_ALARM, h);
    put_reg(MINUTES_ALARM, m);
    put_reg(SECONDS_ALARM, s);
}

/* Whether the alarm comes, from 10:20:06 on; if so, at 10:20:07. */
static void say_alarm(const char *name, uint8_t b, uint8_t enable, bool comes)
{
    uint32_t limit = comes ? LONG : PM_HZ * 6 / 5;
    uint8_t c;

    put_reg(B, SET | HOURS_24);
    set_date(0x23, 0x05, 0x10, 4);
    set_time(0x10, 0x20, 0x06);
    set_pin(PIN, PIN_EDGE);
    (void)get(C);
    put_reg(B, b | enable);
    (void)COMES(count[PIN], limit);
    c = get(C);
    say("%s: %s, c %02x\n", name, count[PIN] ? "irq 8" : "no irq",
        c & (0x80 | ALARM));
    put_reg(B, HOURS_24);
}

static void test_alarm(void)
{
    uint8_t second;

    set_alarm(0x10, 0x20, 0x07);
    say_alarm("alarm", HOURS_24, ALARM, true);
    second = get(SECONDS_REG);
    say_whether("not before its time",
                second >= 0x07 || get(MINUTES) != 0x20);
    set_alarm(0x10, 0x20, 0x07);
    say_alarm("alarm, not enabled", HOURS_24, 0, false);
    set_alarm(ANY, ANY, ANY);
    say_alarm("alarm at any time", HOURS_24, ALARM, true);
    set_alarm(0x22, 0x20, 0x07);
    say_alarm("alarm at another hour", HOURS_24, ALARM, false);
    set_alarm(0x10, 0x20, 0x77);
    say_alarm("alarm at no second", HOURS_24, ALARM, false);
    set_alarm(0x10, 0x20, 0x07);
    say_alarm("alarm, 12 hours", 0, ALARM, true);
    set_alarm(0x90, 0x20, 0x07);
    say_alarm("alarm, 12 hours, pm", 0, ALARM, false);
    set_alarm(10, 20, 7);
    say_alarm("alarm, binary", BINARY | HOURS_24, ALARM, true);
}

void test_rtc(void)
{
    test_registers();
    test_formats();
    test_dates();
    test_periodic();
    test_update();
    test_alarm();
    put_reg(B, HOURS_24);
    set_pin(PIN, PIN_MASKED);
}
