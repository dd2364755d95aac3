/* SPDX-License-Identifier: MIT */
/*
 * SCHEDOP_watchdog: who is ended by it, and when.
 *
 * Seen failing with: a watchdog that was stopped and fires; one that was set
 * again and fires at its first time; ids that are not free again.
 */
#include "fixture.h"

#include <xen/sched.h>

static uint64_t clock_now;

static uint64_t fake_now(void)
{
    return clock_now;
}

static int setup(void **state)
{
    clock_now = 1000 * NS_PER_S;
    hosted_hooks.now = fake_now;
    return fixture_setup(state);
}

static int teardown(void **state)
{
    int rc = fixture_teardown(state);

    hosted_hooks.now = NULL;
    return rc;
}

static struct domain *running_guest(void)
{
    struct domain *d = fixture_guest(1);

    vcpu_up(domain_vcpu(d, 0));
    fixture_be_dom(d);
    return d;
}

static long watchdog(uint32_t id, uint32_t timeout)
{
    struct sched_watchdog w = { id, timeout };

    return hcall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, P(&w), 0, 0, 0);
}

static void pass(unsigned int seconds)
{
    clock_now += seconds * NS_PER_S;
    timer_run();
}

static void test_errors(void **state)
{
    struct domain *d = running_guest();

    (void)state;
    assert_int_equal(hcall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, 0, 0, 0, 0),
                     -EFAULT);
    assert_int_equal(watchdog(3, 1), -EINVAL);
    assert_int_equal(watchdog(1, 1), -EINVAL); /* there is none */
    assert_int_equal(watchdog(2, 0), -EINVAL);
    assert_int_equal(watchdog(0, 10), 1);
    assert_int_equal(watchdog(0, 10), 2);
    assert_int_equal(watchdog(0, 10), -ENOSPC);
    assert_int_equal(watchdog(1, 0), 0);
    assert_int_equal(watchdog(1, 0), -EINVAL);
    assert_int_equal(watchdog(0, 10), 1); /* free again */
    assert_false(domain_is_shut_down(d));
    fixture_be_dom(dom0);
}

static void test_fires(void **state)
{
    struct domain *d = running_guest();

    (void)state;
    assert_int_equal(watchdog(0, 10), 1);
    assert_int_equal(watchdog(0, 1000), 2);
    pass(9);
    assert_int_equal(watchdog(1, 10), 0); /* in time */
    pass(9);
    assert_false(domain_is_shut_down(d));
    assert_int_equal(watchdog(1, 0), 0); /* not any more */
    pass(900);
    assert_false(domain_is_shut_down(d));
    pass(83); /* the other one */
    assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
    fixture_be_dom(dom0);
}

/* One that is armed goes with its domain. */
static void test_killed(void **state)
{
    struct domain *d = running_guest();

    (void)state;
    assert_int_equal(watchdog(0, 5), 1);
    fixture_be_dom(dom0);
    fixture_kill(d);
    pass(10);
}

static void test_at_once(void **state)
{
    struct domain *d = running_guest();

    (void)state;
    assert_int_equal(watchdog(0, 0), 1);
    timer_run();
    assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
    fixture_be_dom(dom0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_errors), TEST(test_fires), TEST(test_killed),
        TEST(test_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
