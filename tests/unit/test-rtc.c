/* SPDX-License-Identifier: MIT */
/* The date of the clock in CMOS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../xen/arch/x86/platform/rtc.c"

struct acpi_info acpi;

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

static void test_date(void **state)
{
    (void)state;
    assert_int_equal(rtc_to_seconds(1970, 1, 1, 0, 0, 0), 0);
    assert_int_equal(rtc_to_seconds(2000, 2, 29, 12, 0, 1), 951825601);
    assert_int_equal(rtc_to_seconds(2000, 3, 1, 0, 0, 0), 951868800);
    assert_int_equal(rtc_to_seconds(2024, 12, 31, 23, 59, 59), 1735689599);
    assert_int_equal(rtc_to_seconds(2100, 3, 1, 0, 0, 0), 4107542400);
}

static void test_clock_registers(void **state)
{
    struct rtc bcd = { 0x59, 0x58, 0x23, 0x31, 0x12, 0x24, 0x20 };
    struct rtc binary = { 59, 58, 0x8b, 31, 12, 24, 20 }; /* 11 pm */

    (void)state;
    assert_int_equal(decode(&bcd, RTC_B_24H), 1735689539);
    assert_int_equal(decode(&binary, RTC_B_BINARY), 1735689539);
    bcd.hour = 0x92; /* 12 pm, then 12 am */
    assert_int_equal(decode(&bcd, 0), 1735689539 - 11 * 3600);
    bcd.hour = 0x12;
    assert_int_equal(decode(&bcd, 0), 1735689539 - 23 * 3600);
    bcd.century = 0x77;
    assert_int_equal(decode(&bcd, 0), 1735689539 - 23 * 3600);
    bcd.month = 0x13;
    assert_int_equal(decode(&bcd, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date), cmocka_unit_test(test_clock_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
