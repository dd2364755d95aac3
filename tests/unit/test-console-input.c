/* SPDX-License-Identifier: MIT */
/*
 * What is typed at the machine's console: the control domain's, or debug keys.
 */
#include "fixture.h"

#include <hv/console.h>
#include <hv/keys.h>

#include <xen/xen.h>

#define A "\001" /* CTRL-a */
#define B "\002"

static char shown[1 << 16];
static int stop_result;

static void show(const char *s, size_t len)
{
    strncat(shown, s, min(len, sizeof(shown) - 1 - strlen(shown)));
}

static int stop(void)
{
    return stop_result;
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    hosted_hooks.console = show;
    hosted_hooks.stop_machine = stop;
    stop_result = 0;
    shown[0] = '\0';
    return rc;
}

/* Has dom0 more to read? */
static bool type(const char *s)
{
    bool more = false;

    while ( *s )
        more |= console_typed(*s++);
    return more;
}

static void dom0_reads(const char *want)
{
    char buf[64] = "";
    long rc = hcall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof(buf) - 1,
                    P(buf), 0, 0);

    assert_int_equal(rc, strlen(want));
    assert_string_equal(buf, want);
}

/* The keys that are pressed now, by what each says of itself. */
static void presses(const char *want)
{
    char got[64] = "";

    shown[0] = '\0';
    assert_int_equal(console_keys_typed, !!*want);
    key_press_typed();
    for ( const char *p = shown; (p = strstr(p, "is no debug key")); p++ )
        strncat(got, p - 3, 1);
    assert_string_equal(got, want);
    assert_false(console_keys_typed);
}

static void test_moves(void **state)
{
    (void)state;
    type("one");
    presses("");
    dom0_reads("one");
    dom0_reads("");

    type("2" A A);
    assert_string_equal(shown, "");
    type(A "34");
    assert_non_null(strstr(shown, "Input goes to the hypervisor"));
    dom0_reads("2");
    presses("34");

    type("5" A A A "6");
    presses("5");
    dom0_reads("6");
}

/* The switch character less than three times is input as any other. */
static void test_fewer(void **state)
{
    (void)state;
    type("x" A "y" A A "z" A);
    dom0_reads("x" A "y" A A "z");
    type(A "x");
    dom0_reads(A A "x");
    type(A A A);
    presses("");
    type("1" A A "2");
    shown[0] = '\0';
    key_press_typed();
    assert_non_null(strstr(shown, "0x1 is no debug key"));
    assert_non_null(strstr(shown, "'2' is no debug key"));
}

static void test_option(void **state)
{
    static const char *const bad[] = { "A", "1", "ab", "axx", "xa", "-", "ax " };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        assert_int_equal(console_set_option("conswitch", bad[i]), -EINVAL);
    type("1" A A A "2" A A A); /* as before */
    presses("2");
    dom0_reads("1");

    assert_int_equal(console_set_option("conswitch", "b"), 0);
    type(A A A "1" B B B "2" B B B);
    presses("2");
    dom0_reads(A A A "1");

    assert_int_equal(console_set_option("conswitch", "ax"), 0);
    type("3" A A A "4");
    presses("3");
    dom0_reads("4");

    assert_int_equal(console_set_option("conswitch", "x"), 0);
    type("5\030\030\030" "6\030\030\030");
    presses("6");
    dom0_reads("5");

    assert_int_equal(console_set_option("conswitch", ""), 0);
    type(A A A "7");
    presses("");
    dom0_reads(A A A "7");
}

/* dom0 is told of what it can read, and of nothing else. */
static void test_told(void **state)
{
    (void)state;
    assert_false(type(A A A "1"));
    assert_false(type(A A A));
    assert_true(type("2"));
    assert_false(type(A));
    assert_true(type("3"));
    presses("1");
    dom0_reads("2" A "3");
}

/* Who does not read loses nothing: more stays in the device. */
static void test_full(void **state)
{
    char buf[64];
    unsigned int nr = 0, got = 0, held;
    long n;

    (void)state;
    while ( console_input_has_room() )
    {
        assert_in_range(nr, 0, 100000);
        /* One or two that are held back must have room behind them. */
        type(nr % 3 ? A : "a");
        nr++;
    }
    while ( (n = hcall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof(buf),
                       P(buf), 0, 0)) > 0 )
        got += (unsigned int)n;
    held = nr - got;
    assert_in_range(held, 0, 2);
    assert_true(console_input_has_room());
    type("c");
    dom0_reads(&(A A "c")[2 - held]);
}

/* Keys that wait are bounded, and keep their order. */
static void test_many_keys(void **state)
{
    (void)state;
    type(A A A "123456789012345678901234567890");
    presses("1234567890123456");
    type("7");
    presses("7");
}

static bool counted_again_before(const char *what)
{
    const char *audit = strstr(shown, "accounted for");

    return audit && strstr(audit, what);
}

/* While another CPU stops all CPUs a key waits, those behind it, too. */
static void test_again(void **state)
{
    (void)state;
    type(A A A "1f2");
    shown[0] = '\0';
    stop_result = -ERESTART;
    key_press_typed();
    assert_non_null(strstr(shown, "'1' is no"));
    assert_null(strstr(shown, "'2' is no"));
    assert_true(console_keys_typed);
    stop_result = 0;
    presses("2");
    assert_true(counted_again_before("'2' is no"));

    type("f");
    stop_result = -ERESTART;
    key_press_typed();
    assert_true(console_keys_typed);
    stop_result = -EOPNOTSUPP;
    shown[0] = '\0';
    key_press_typed();
    assert_non_null(strstr(shown, "key 'f': error 95"));
    assert_false(console_keys_typed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_moves),
        T(test_fewer),
        T(test_option),
        T(test_told),
        T(test_full),
        T(test_many_keys),
        T(test_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
