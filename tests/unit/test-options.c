/* SPDX-License-Identifier: MIT */
/* lib/options.c: words of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/arch/x86/lib/options.c"

struct boot_info boot_info;

unsigned long hv_strtoul(const char *s, const char **end, unsigned int base)
{
    char *stop;
    unsigned long value = strtoul(s, &stop, (int)base);

    if ( end )
        *end = stop;
    return value;
}

static bool reboots(const char *cmdline, bool has_console)
{
    boot_info.cmdline = cmdline;
    return option_reboots(has_console);
}

static void test_reboot_after_a_crash(void **state)
{
    (void)state;
    assert_true(reboots("", true));
    /* Nobody would see why, again and again. */
    assert_false(reboots("", false));
    assert_false(reboots("console=none", false));
    for ( unsigned int console = 0; console < 2; console++ )
    {
        assert_false(reboots("noreboot", console));
        assert_false(reboots("console=com1 noreboot=yes x", console));
        assert_true(reboots("reboot", console));
        assert_true(reboots("reboot=acpi", console));
        assert_true(reboots("noreboot=no", console));
        assert_false(reboots("reboot=no", console));
        assert_false(reboots("reboot noreboot", console));
        assert_false(reboots("noreboot reboot", console));
    }
}

static void test_before_the_loader_was_asked(void **state)
{
    char value[8];

    (void)state;
    boot_info.cmdline = NULL;
    assert_false(option_get("noreboot", value, sizeof(value)));
    assert_false(option_reboots(false));
}

static void test_booleans(void **state)
{
    static const char *const no[] = { "a=no", "a=off", "a=false", "a=0" };
    static const char *const yes[] = { "a", "a=", "a=1", "a=0 a", "a=none" };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(no); i++ )
    {
        boot_info.cmdline = no[i];
        assert_false(option_bool("a", true));
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(yes); i++ )
    {
        boot_info.cmdline = yes[i];
        assert_true(option_bool("a", false));
    }
    boot_info.cmdline = "ab=1 b";
    assert_false(option_bool("a", false));
    assert_true(option_bool("a", true));
}

static void test_numbers(void **state)
{
    (void)state;
    boot_info.cmdline = "a=12 b=0x1x c=5G d= e";
    assert_int_equal(option_uint("a", 1), 12);
    assert_int_equal(option_uint("b", 1), 1);
    assert_int_equal(option_uint("d", 1), 1);
    assert_int_equal(option_uint("e", 1), 1);
    assert_int_equal(option_size("a", 1), 12UL << 10);
    assert_int_equal(option_size("c", 1), 5UL << 30);
    assert_int_equal(option_size("b", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reboot_after_a_crash),
        cmocka_unit_test(test_before_the_loader_was_asked),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
