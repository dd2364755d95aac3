/* SPDX-License-Identifier: MIT */
/*
 * Console output: what guests cause is limited, and no write holds the console
 * longer than the machine's port takes characters without waiting.
 *
 * Time and the port are the test's.  Seen failing with: a guest's CONSOLEIO
 * that is accepted; messages about a guest that are printk()'s; one bucket for
 * all; a write that waits for the port; guests that may fill the ring faster than
 * the port empties it.
 */
#include "fixture.h"

#include <hv/console.h>

#define LINE "0123456789012345678901234567890123456789012345678901234567890"

static char shown[1 << 20];
static size_t nr_shown;
static uint64_t the_time;
static size_t room;

static void show(const char *s, size_t len)
{
    assert_true(nr_shown + len < sizeof(shown));
    memcpy(shown + nr_shown, s, len);
    nr_shown += len;
    shown[nr_shown] = '\0';
}

static uint64_t fake_now(void)
{
    return the_time;
}

/* The port takes what there is room for, then no more. */
static size_t take_room(void)
{
    size_t now = room;

    room = 0;
    return now;
}

static void begin(void)
{
    hosted_hooks.console = show;
    hosted_hooks.now = fake_now;
    the_time = NS_PER_S;
    nr_shown = 0;
    shown[0] = '\0';
}

static void end(void)
{
    hosted_hooks.console = NULL;
    hosted_hooks.console_room = NULL;
    hosted_hooks.now = NULL;
    fixture_be_dom(dom0);
}

static void put(struct domain *d, const char *s)
{
    while ( *s )
        domain_console_putc(d, *s++);
}

static void flood(struct domain *d)
{
    for ( unsigned int i = 0; i < 4000; i++ )
        put(d, LINE "\n");
}

static void test_lines(void **state)
{
    struct domain *d = fixture_guest(1);
    char want[64];

    (void)state;
    begin();
    put(d, "\033[31mtext");
    assert_int_equal(nr_shown, 0); /* a line is not complete */
    put(d, "\n");
    snprintf(want, sizeof(want), "(d%u) [31mtext\n", d->domain_id);
    assert_string_equal(shown, want);

    nr_shown = 0;
    for ( unsigned int i = 0; i < 4 * (CONSOLE_LINE - 1); i++ )
        domain_console_putc(d, 'x');
    assert_int_equal(nr_shown, 4 * (strlen("(d1) ") + CONSOLE_LINE));
    end();
}

/* What a domain may print at once, and later each second. */
static void test_flood_of_one(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    begin();
    flood(d);
    assert_in_range(nr_shown, CONSOLE_ONE_BURST - 128, CONSOLE_ONE_BURST);
    for ( unsigned int s = 0; s < 10; s++ )
    {
        the_time += NS_PER_S;
        nr_shown = 0;
        flood(d);
        assert_in_range(nr_shown, CONSOLE_ONE_RATE - 256,
                        CONSOLE_ONE_RATE + 128);
        assert_non_null(strstr(shown, " messages suppressed)\n"));
    }
    /* Silence is saved up, to the limit. */
    the_time += 1000 * NS_PER_S;
    nr_shown = 0;
    flood(d);
    assert_in_range(nr_shown, CONSOLE_ONE_BURST - 128, CONSOLE_ONE_BURST);
    end();
}

/* As the machine was told at boot. */
static void test_no_limit(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    begin();
    assert_int_equal(console_set_option("guest_loglvl", "all"), 0);
    flood(d);
    assert_true(nr_shown > CONSOLE_ALL_BURST);
    assert_null(strstr(shown, "suppressed"));
    end();
}

/* The number is that of the lines that are missing. */
static void test_suppressed_are_counted(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int lines = 0;
    const char *said;

    (void)state;
    begin();
    flood(d);
    the_time += NS_PER_S;
    put(d, LINE "\n");
    for ( const char *p = strstr(shown, ") " LINE); p;
          p = strstr(p + 1, ") " LINE) )
        lines++;
    said = strstr(shown, " messages suppressed)\n");
    assert_non_null(said);
    while ( said[-1] != '(' )
        said--;
    assert_int_equal(lines + strtoul(said, NULL, 10), 4001);
    end();
}

/* All guests flood: messages about guests still come through. */
static void test_guests_cannot_silence(void **state)
{
    struct domain *d[8], *quiet = fixture_guest(1);

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        d[i] = fixture_guest(1);
    begin();
    for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        flood(d[i]);
    assert_in_range(nr_shown, CONSOLE_ALL_BURST - CONSOLE_KEPT - 128,
                    CONSOLE_ALL_BURST - CONSOLE_KEPT);
    domain_crash(quiet, "the reason");
    assert_non_null(strstr(shown, "crashed: the reason\n"));
    /* The hypervisor's own are not limited. */
    for ( unsigned int i = 0; i < 1000; i++ )
        printk(XENLOG_INFO, LINE "\n");
    printk(XENLOG_INFO, "its own\n");
    assert_non_null(strstr(shown, "its own\n"));
    end();
}

/* One guest floods with messages about itself. */
static void test_one_cannot_silence(void **state)
{
    struct domain *d = fixture_guest(1), *quiet = fixture_guest(1);

    (void)state;
    begin();
    for ( unsigned int i = 0; i < 4000; i++ )
        guest_printk(d, XENLOG_WARNING, "d%u: " LINE "\n", d->domain_id);
    assert_true(nr_shown <= CONSOLE_ONE_BURST);
    put(quiet, "hello\n");
    assert_non_null(strstr(shown, "hello\n"));
    domain_crash(quiet, "the reason");
    assert_non_null(strstr(shown, "crashed: the reason\n"));
    end();
}

/* The control domain's messages are limited, its own output is not. */
static void test_control_domain(void **state)
{
    (void)state;
    begin();
    for ( unsigned int i = 0; i < 4000; i++ )
        guest_printk(dom0, XENLOG_WARNING, "dom0: " LINE "\n");
    assert_in_range(nr_shown, CONSOLE_ONE_BURST - 128, CONSOLE_ONE_BURST);
    nr_shown = 0;
    flood(dom0);
    assert_int_equal(nr_shown, 4000 * (strlen("(d0) " LINE "\n")));
    end();
}

/* ---- a slow port ---- */

static void test_slow_port(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    begin();
    hosted_hooks.console_room = take_room;
    room = 16;
    put(d, LINE "\n");
    assert_int_equal(nr_shown, 16);
    put(d, LINE "\n"); /* takes nothing: nobody waits */
    assert_int_equal(nr_shown, 16);
    for ( unsigned int i = 1; console_drain(); i++ )
    {
        assert_in_range(nr_shown, 16, 16 * i);
        room = 16;
    }
    assert_int_equal(nr_shown, 2 * strlen("(d1) " LINE "\n"));
    end();
}

/* A full ring: the oldest goes, and the console is told how much. */
static void test_stuck_port(void **state)
{
    (void)state;
    begin();
    hosted_hooks.console_room = take_room;
    room = 0;
    for ( unsigned int i = 0; i < CONSOLE_RING_SIZE / 64 + 1; i++ )
        console_write(LINE "abc", 64);
    assert_int_equal(nr_shown, 0);
    assert_int_equal(console_drain(), CONSOLE_RING_SIZE);
    hosted_hooks.console_room = NULL;
    assert_int_equal(console_drain(), 0);
    assert_int_equal(nr_shown, CONSOLE_RING_SIZE);
    printk(XENLOG_INFO, "later\n");
    assert_non_null(strstr(shown, "(64 bytes were not sent)\nlater\n"));
    end();
}

/* The control domain waits, giving way, and loses nothing. */
static void test_control_domain_waits(void **state)
{
    static char text[20000];
    struct hypercall hc = { __HYPERVISOR_console_io,
                            { CONSOLEIO_write, sizeof(text), P(text) } };
    unsigned int restarts = 0;
    long rc;

    (void)state;
    begin();
    for ( unsigned int i = 0; i < sizeof(text); i++ )
        text[i] = (char)('a' + i % 17);
    hosted_hooks.console_room = take_room;
    hosted_preempt_every(1);
    while ( (rc = hypercall_dispatch(&hc)) == -ERESTART )
    {
        room = 16;
        restarts++;
    }
    hosted_preempt_every(0);
    assert_int_equal(rc, 0);
    assert_true(restarts > 800);
    hosted_hooks.console_room = NULL;
    assert_int_equal(console_drain(), 0);
    assert_int_equal(nr_shown, sizeof(text));
    assert_memory_equal(shown, text, sizeof(text));
    end();
}

static unsigned int count_shown(char c)
{
    unsigned int nr = 0;

    for ( size_t i = 0; i < nr_shown; i++ )
        nr += shown[i] == c;
    return nr;
}

/* 1000 bytes a second; the control domain gets what it needs of them. */
static void test_guests_and_slow_port(void **state)
{
    static char text[8192];
    struct hypercall hc = { __HYPERVISOR_console_io,
                            { CONSOLEIO_write, sizeof(text), P(text) } };
    struct domain *d[3];
    unsigned int ms = 0;
    long rc = -ERESTART;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        d[i] = fixture_guest(1);
    begin();
    memset(text, '#', sizeof(text));
    hosted_hooks.console_room = take_room;
    room = 0;
    hosted_preempt_every(1);
    for ( ; rc == -ERESTART; ms++ )
    {
        assert_true(ms < 40000);
        the_time += NS_PER_S / 1000;
        room++;
        console_drain();
        for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        {
            put(d[i], LINE "\n");
            guest_printk(d[i], XENLOG_WARNING, "of %u: " LINE "\n", i);
        }
        if ( ms >= 20000 )
            rc = hypercall_dispatch(&hc);
    }
    hosted_preempt_every(0);
    assert_int_equal(rc, 0);
    assert_in_range(nr_shown, ms - 64, ms); /* the port was never idle */
    /* Lines leave room for a message. */
    for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        flood(d[i]);
    the_time += 1000 * NS_PER_S;
    room = 2000;
    console_drain();
    for ( unsigned int i = 0; i < ARRAY_SIZE(d); i++ )
        flood(d[i]);
    domain_crash(d[0], LINE LINE);
    hosted_hooks.console_room = NULL;
    console_drain();
    assert_non_null(strstr(shown, "crashed: " LINE LINE "\n"));
    assert_int_equal(count_shown('#'), sizeof(text));
    assert_non_null(strstr(shown, " messages suppressed)\n"));
    assert_null(strstr(shown, "bytes were not sent"));
    end();
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_lines),
        T(test_flood_of_one),
        T(test_no_limit),
        T(test_suppressed_are_counted),
        T(test_guests_cannot_silence),
        T(test_one_cannot_silence),
        T(test_control_domain),
        T(test_slow_port),
        T(test_stuck_port),
        T(test_control_domain_waits),
        T(test_guests_and_slow_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
