/* SPDX-License-Identifier: MIT */
/* The date of the clock in CMOS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../xen/arch/x86/emul/date.c"
#include "../../xen/arch/x86/platform/rtc.c"

struct acpi_info acpi;

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

static void test_date(void **state)
{
    static const struct {
        struct date date;
        uint64_t seconds;
    } cases[] = {
        { { 1970, 1, 1, 0, 0, 0, 4 }, 0 },
        { { 2000, 2, 29, 12, 0, 1, 2 }, 951825601 },
        { { 2000, 3, 1, 0, 0, 0, 3 }, 951868800 },
        { { 2024, 12, 31, 23, 59, 59, 2 }, 1735689599 },
        { { 2100, 3, 1, 0, 0, 0, 1 }, 4107542400 },
    };
    const struct date overflow = { 2023, 14, 30, 24, 60, 60, 0 };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct date d = date_of_seconds(cases[i].seconds);

        assert_int_equal(date_to_seconds(&cases[i].date), cases[i].seconds);
        assert_memory_equal(&d, &cases[i].date, sizeof(d));
    }
    /* Each day of 300 years follows the one before. */
    for ( uint64_t day = 0; day < 300 * 365; day++ )
    {
        struct date d = date_of_seconds(day * 86400 + day % 86400);

        assert_int_equal(date_to_seconds(&d), day * 86400 + day % 86400);
        assert_in_range(d.day, 1, 31);
        assert_in_range(d.month, 1, 12);
        assert_int_equal(d.weekday, (day + day % 86400 / 86400 + 4) % 7);
    }
    /* 30 February 2024 is 1 March, and so on. */
    assert_int_equal(date_to_seconds(&overflow),
                     date_to_seconds(&(struct date){ 2024, 3, 2, 1, 1, 0, 0 }));
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
