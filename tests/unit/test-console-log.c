/* SPDX-License-Identifier: MIT */
/*
 * The log: levels, and the time in front of each line.
 *
 * Seen failing with: a second level that is not looked at; a bad value that
 * changes something; a stamp in the middle of a line, or none in front of the
 * second one; 29th of February in 2100; stamps that are not paid for.
 */
#include "fixture.h"

#include <hv/console.h>
#include <hv/timer.h>


static char shown[1 << 17];
static uint64_t the_time, utc;

static void show(const char *s, size_t len)
{
    strncat(shown, s, min(len, sizeof(shown) - 1 - strlen(shown)));
}

static uint64_t fake_now(void)
{
    return the_time;
}

static uint64_t fake_utc(void)
{
    return utc;
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    hosted_hooks.console = show;
    hosted_hooks.now = fake_now;
    hosted_hooks.wallclock = fake_utc;
    the_time = 12 * NS_PER_S + 34567890;
    utc = 1709210096UL * NS_PER_S + 789999999; /* 2024-02-29 12:34:56 */
    shown[0] = '\0';
    return rc;
}

static void set(const char *name, const char *value)
{
    assert_int_equal(console_set_option(name, value), 0);
    shown[0] = '\0';
}

static void print_all_levels(struct domain *d)
{
    static const char *const text[] = { "a", "e", "w", "i", "d" };

    for ( unsigned int i = XENLOG_ALWAYS; i <= XENLOG_DEBUG; i++ )
        if ( d )
            guest_printk(d, i, "%s", text[i]);
        else
            printk(i, "%s", text[i]);
}

/* ---- levels ---- */

static const struct {
    const char *value, *printed;
} levels[] = {
    { "none", "a" },          { "error", "ae" },     { "warning", "aew" },
    { "info", "aewi" },       { "debug", "aewid" },  { "all", "aewid" },
    { "none/warning", "aew" }, { "error/all", "aewid" }, { "info/error", "aewi" },
};

static void test_levels(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    print_all_levels(NULL);
    assert_string_equal(shown, "aewi"); /* by default */
    shown[0] = '\0';
    print_all_levels(d);
    assert_string_equal(shown, "aewid");
    for ( unsigned int i = 0; i < ARRAY_SIZE(levels); i++ )
    {
        set("loglvl", levels[i].value);
        print_all_levels(NULL);
        assert_string_equal(shown, levels[i].printed);
        set("guest_loglvl", levels[i].value);
        print_all_levels(d);
        assert_string_equal(shown, levels[i].printed);
    }
}

static void test_bad_values(void **state)
{
    static const char *const bad[] = {
        "", "/", "loud", "error/", "/all", "error/loud", "error/info/all",
        "err", "errors", "Error", "4",
    };

    (void)state;
    set("loglvl", "error");
    set("guest_loglvl", "warning/info");
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
    {
        assert_int_equal(console_set_option("loglvl", bad[i]), -EINVAL);
        assert_int_equal(console_set_option("guest_loglvl", bad[i]), -EINVAL);
    }
    assert_int_equal(console_set_option("console_timestamps", "never"),
                     -EINVAL);
    assert_int_equal(console_set_option("loglv", "all"), -ENOENT);
    assert_int_equal(host_loglvl.always, XENLOG_ERR);
    assert_int_equal(host_loglvl.limited, XENLOG_ERR);
    assert_int_equal(guest_loglvl.always, XENLOG_WARNING);
    assert_int_equal(guest_loglvl.limited, XENLOG_INFO);
}

static unsigned int lines_of(struct domain *d, enum log_level level)
{
    unsigned int nr = 0;

    shown[0] = '\0';
    for ( unsigned int i = 0; i < 1000; i++ )
        if ( d )
            guest_printk(d, level, "%063u\n", i);
        else
            printk(level, "%063u\n", i);
    for ( const char *p = shown; (p = strchr(p, '\n')) != NULL; p++ )
        nr++;
    return nr;
}

/* Between the two levels the buckets decide, up to the first they do not. */
static void test_rate_limited_level(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    set("loglvl", "error/info");
    assert_int_equal(lines_of(NULL, XENLOG_ERR), 1000);
    assert_int_equal(lines_of(NULL, XENLOG_INFO), CONSOLE_ALL_BURST / 64);
    assert_int_equal(lines_of(NULL, XENLOG_INFO), 0);
    assert_int_equal(lines_of(NULL, XENLOG_ERR), 1000);
    the_time += NS_PER_S;
    shown[0] = '\0';
    printk(XENLOG_INFO, "later\n");
    assert_string_equal(shown, "(1488 messages suppressed)\nlater\n");
    set("guest_loglvl", "error/info");
    assert_int_equal(lines_of(d, XENLOG_ERR), 1000);
    assert_in_range(lines_of(d, XENLOG_INFO), 1, CONSOLE_ONE_BURST / 64 + 1);
    assert_int_equal(lines_of(d, XENLOG_INFO), 0);
    assert_int_equal(lines_of(d, XENLOG_DEBUG), 0);
    the_time += NS_PER_S;
    guest_printk(d, XENLOG_INFO, "later\n");
    assert_non_null(strstr(shown, " messages suppressed)\nlater\n"));
}

/* What a guest writes itself is for those who debug it. */
static void test_guest_lines(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    set("guest_loglvl", "info");
    domain_console_putc(d, 'x');
    domain_console_putc(d, '\n');
    assert_string_equal(shown, "");
    domain_console_putc(dom0, 'x');
    domain_console_putc(dom0, '\n');
    assert_string_equal(shown, "(d0) x\n");
    set("guest_loglvl", "info/debug");
    domain_console_putc(d, 'x');
    domain_console_putc(d, '\n');
    assert_non_null(strstr(shown, ") x\n"));
}

/* ---- times ---- */

static void print(const char *value, const char *want)
{
    set("console_timestamps", value);
    printk(XENLOG_INFO, "x\n");
    assert_string_equal(shown, want);
}

static void test_stamps(void **state)
{
    unsigned long tsc;
    char end;

    (void)state;
    printk(XENLOG_INFO, "x\n");
    assert_string_equal(shown, "x\n");
    print("boot", "[   12.034567] x\n");
    print("date", "[2024-02-29 12:34:56] x\n");
    print("", "[2024-02-29 12:34:56] x\n");
    print("datems", "[2024-02-29 12:34:56.789] x\n");
    print("no", "x\n");
    print("none", "x\n");
    set("console_timestamps", "raw");
    printk(XENLOG_INFO, "x\n");
    assert_int_equal(sscanf(shown, "[%16lx] x%c", &tsc, &end), 2);
    assert_true(tsc != 0);
    assert_int_equal(strlen(shown), strlen("[0123456789abcdef] x\n"));
}

static void test_dates(void **state)
{
    static const struct {
        uint64_t s;
        const char *date;
    } days[] = {
        { 31536000, "[1971-01-01 00:00:00] x\n" },
        { 951782399, "[2000-02-28 23:59:59] x\n" },
        { 951782400, "[2000-02-29 00:00:00] x\n" },
        { 1735689599, "[2024-12-31 23:59:59] x\n" },
        { 4107542400, "[2100-03-01 00:00:00] x\n" },
        { 18446744073, "[2554-07-21 23:34:33] x\n" }, /* the last that fits */
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(days); i++ )
    {
        utc = days[i].s * NS_PER_S;
        print("date", days[i].date);
    }
}

/* At early boot: what is not known gives way to what is. */
static void test_unknown_times(void **state)
{
    (void)state;
    utc = 0;
    print("date", "[   12.034567] x\n");
    print("datems", "[   12.034567] x\n");
    the_time = 0;
    set("console_timestamps", "date");
    printk(XENLOG_INFO, "x\n");
    assert_int_equal(strlen(shown), strlen("[0123456789abcdef] x\n"));
}

static void test_lines_and_parts(void **state)
{
    (void)state;
    set("console_timestamps", "boot");
    printk(XENLOG_INFO, "one");
    the_time += NS_PER_S;
    printk(XENLOG_INFO, ", two");
    printk(XENLOG_INFO, "\n");
    printk(XENLOG_INFO, "\nthree\nfour");
    printk(XENLOG_INFO, " and five\n");
    assert_string_equal(shown, "[   12.034567] one, two\n"
                               "\n"
                               "[   13.034567] three\n"
                               "[   13.034567] four and five\n");
    /* What a control domain writes itself is left as it is. */
    shown[0] = '\0';
    console_write("raw\n", 4);
    assert_string_equal(shown, "raw\n");
}

/* Stamps are bytes on the console, too. */
static void test_stamps_are_limited(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    set("console_timestamps", "datems");
    for ( unsigned int i = 0; i < 4000; i++ )
        guest_printk(d, XENLOG_INFO, "%030u\n", i);
    assert_in_range(strlen(shown), CONSOLE_ONE_BURST - 64, CONSOLE_ONE_BURST);
    shown[0] = '\0';
    domain_console_putc(dom0, 'x');
    domain_console_putc(dom0, '\n');
    assert_string_equal(shown, "[2024-02-29 12:34:56.789] (d0) x\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_levels),
        T(test_bad_values),
        T(test_rate_limited_level),
        T(test_guest_lines),
        T(test_stamps),
        T(test_dates),
        T(test_unknown_times),
        T(test_lines_and_parts),
        T(test_stamps_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
