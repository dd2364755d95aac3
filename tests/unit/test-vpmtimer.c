/* SPDX-License-Identifier: MIT */
/* ACPI's PM timer and event registers, by a clock that the test sets. */
#include "test-clock.h"

#include <emul/vpmtimer.h>
#include <xen/hvm/save.h>

/* The first nanosecond in which n ticks are counted. */
#define TICKS(n) vline_ns(n, PMTIMER_HZ)

static struct vpmtimer pm;

static int setup(void **state)
{
    (void)state;
    test_now = T0;
    lines_reset();
    vpmtimer_init(&pm, set_line, &pm);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vpmtimer_stop(&pm);
    vpmtimer_destroy(&pm);
    return 0;
}

static void until(uint64_t ns)
{
    (void)run_until(&pm.line, T0 + ns);
}

static void test_counts(void **state)
{
    (void)state;
    assert_int_equal(vpmtimer_value(&pm), 0);
    until(TICKS(12345) - 1);
    assert_int_equal(vpmtimer_value(&pm), 12344);
    until(TICKS(12345));
    assert_int_equal(vpmtimer_value(&pm), 12345);
    until(TICKS((1UL << 32) + 5)); /* 32 bits */
    assert_int_equal(vpmtimer_value(&pm), 5);
    until(50UL * 365 * 86400 * 1000000000);
    assert_int_equal(vpmtimer_value(&pm),
                     (uint32_t)(50UL * 365 * 86400 * PMTIMER_HZ));
}

static void test_overflow(void **state)
{
    (void)state;
    assert_int_equal(vpmtimer_event_read(&pm, 0, 4), 0);
    until(TICKS(1UL << 31) - 1);
    assert_int_equal(vpmtimer_event_read(&pm, 0, 2), 0);
    until(TICKS(1UL << 31));
    assert_int_equal(vpmtimer_event_read(&pm, 0, 2), PM1_TIMER);
    assert_false(level[0]); /* not enabled */
    vpmtimer_event_write(&pm, 2, 2, PM1_TIMER);
    assert_true(level[0]);
    vpmtimer_event_write(&pm, 0, 2, PM1_TIMER);
    assert_false(level[0]);
    until(TICKS(2UL << 31) - 1);
    assert_int_equal(edges[0], 1);
    until(TICKS(2UL << 31)); /* by the timer */
    assert_int_equal(edges[0], 2);
    assert_true(level[0]);
    assert_false(timer_is_armed(&pm.line.timer));
    until(TICKS(9UL << 31)); /* one interrupt, however long it waits */
    assert_int_equal(edges[0], 2);
    vpmtimer_event_write(&pm, 0, 4, PM1_TIMER); /* disables, too */
    assert_int_equal(vpmtimer_event_read(&pm, 0, 4), 0);
    assert_false(level[0]);
}

static void test_bytes(void **state)
{
    (void)state;
    vpmtimer_event_write(&pm, 2, 1, 0x21);
    vpmtimer_event_write(&pm, 3, 1, 0x03);
    assert_int_equal(vpmtimer_event_read(&pm, 2, 2), 0x321);
    assert_int_equal(vpmtimer_event_read(&pm, 2, 1), 0x21);
    assert_int_equal(vpmtimer_event_read(&pm, 3, 1), 0x03);
    assert_int_equal(vpmtimer_event_read(&pm, 0, 4), 0x03210000);
    vpmtimer_button(&pm, PM1_POWER_BUTTON);
    vpmtimer_button(&pm, PM1_SLEEP_BUTTON);
    assert_true(level[0]);
    assert_int_equal(vpmtimer_event_read(&pm, 1, 1), 3);
    vpmtimer_event_write(&pm, 1, 1, 1);
    assert_true(level[0]);
    assert_int_equal(vpmtimer_event_read(&pm, 0, 2), PM1_SLEEP_BUTTON);
    vpmtimer_event_write(&pm, 0, 2, 0xffff);
    assert_false(level[0]);
    assert_int_equal(edges[0], 1);
    /* Across both registers: status in bytes 0 and 1, enable in byte 2. */
    vpmtimer_button(&pm, PM1_POWER_BUTTON);
    vpmtimer_event_write(&pm, 1, 2, 0x2001);
    assert_int_equal(vpmtimer_event_read(&pm, 0, 4), 0x03200000);
}

static void test_saved(void **state)
{
    struct hvm_hw_pmtimer hw;

    (void)state;
    vpmtimer_event_write(&pm, 2, 2, PM1_TIMER | PM1_POWER_BUTTON);
    vpmtimer_button(&pm, PM1_POWER_BUTTON);
    until(TICKS((1UL << 31) - 100));
    vpmtimer_save(&pm, &hw);
    assert_int_equal(hw.tmr_val, (1UL << 31) - 100);
    assert_int_equal(hw.pm1a_sts, PM1_POWER_BUTTON);
    assert_int_equal(hw.pm1a_en, PM1_TIMER | PM1_POWER_BUTTON);

    vpmtimer_stop(&pm);
    test_now = T0;
    lines_reset();
    vpmtimer_init(&pm, set_line, &pm);
    hw.pm1a_sts = 0;
    assert_int_equal(vpmtimer_load(&pm, &hw), 0);
    assert_int_equal(vpmtimer_value(&pm), (1UL << 31) - 100);
    assert_false(level[0]);
    until(TICKS(100));
    assert_true(level[0]);
}

#define pm_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pm_test(test_counts), pm_test(test_overflow), pm_test(test_bytes),
        pm_test(test_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
