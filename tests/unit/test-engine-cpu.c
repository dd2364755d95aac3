/* SPDX-License-Identifier: MIT */
/*
 * The processor of the hosted machine: the runstates of its vcpus, and that it
 * executes the features that CPUID shows.
 *
 * Seen failing with: CPUID with features that the engine does not execute; a
 * guest ended because it executed where no memory is.
 */
#include "test-engine.h"

#include <hv/cpu-policy.h>

/* 1: incl 0x9000; jmp 1b */
static const uint8_t counting[] = { 0xff, 0x05, 0x00, 0x90, 0x00, 0x00,
                                    0xeb, 0xf8 };

static struct domain *counting_guest(void)
{
    struct domain *d = guest_of_code(counting, sizeof(counting));

    assert_int_equal(domain_ctl_unpause(d), 0);
    return d;
}

/* Until it has executed something after this call. */
static void await_progress(struct domain *d)
{
    volatile uint32_t *counter = fixture_gfn_to_virt(d, 9);
    uint32_t before = *counter;

    while ( *counter == before )
        sched_yield();
}

static uint64_t ran(struct domain *d, int *state)
{
    struct vcpu_runstate_info info;

    vcpu_runstate_get(domain_vcpu(d, 0), &info);
    *state = info.state;
    return info.time[RUNSTATE_running];
}

static void assert_stands_still(struct domain *d)
{
    int state;
    uint64_t before = ran(d, &state), began = now_ns();

    assert_int_equal(state, RUNSTATE_offline);
    while ( now_ns() == began )
        ;
    assert_int_equal(ran(d, &state), before);
}

static void test_time_stands_still(void **state)
{
    struct domain *d = counting_guest();
    uint64_t before;
    int what;

    (void)state;
    await_progress(d);
    before = ran(d, &what);
    await_progress(d);
    await_progress(d);
    assert_true(ran(d, &what) > before);
    assert_int_equal(domain_ctl_pause(d), 0);
    assert_stands_still(d);
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_progress(d);
    domain_shutdown(d, SHUTDOWN_suspend);
    arch_vcpu_sync(domain_vcpu(d, 0));
    assert_stands_still(d);
}

/* More guests than CPUs, none of which ever stops by itself. */
static void test_no_more_than_the_cpus(void **state)
{
    uint64_t began = now_ns(), idle = arch_cpu_idle_ns(0), sum = 0;
    struct domain *d[20];
    struct cpu_info info;
    unsigned int nr;
    int what;

    (void)state;
    arch_cpu_info(&info);
    nr = info.nr_cpus < 10 ? info.nr_cpus * 2 : 20;
    for ( unsigned int i = 0; i < nr; i++ )
        d[i] = counting_guest();
    for ( unsigned int round = 0; round < 5; round++ )
        for ( unsigned int i = 0; i < nr; i++ )
            await_progress(d[i]);
    for ( unsigned int i = 0; i < nr; i++ )
        sum += ran(d[i], &what);
    idle = arch_cpu_idle_ns(0) - idle;
    /* The idle time of each CPU is rounded. */
    assert_true(sum && sum + info.nr_cpus * idle <=
                           info.nr_cpus * (now_ns() - began + 1));
}

/* An instruction of each feature that CPUID shows: the guest says which. */
static void test_features(void **state)
{
    struct domain *d = guest_make("processor", "hosted", 1, 0);

    (void)state;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_poweroff);
    if ( strstr(out.text, "not ok") || !strstr(out.text, "1..") )
        fail_msg("%s", out.text);
}

#define T(name) \
    cmocka_unit_test_setup_teardown(test_##name, engine_setup, engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(time_stands_still), T(no_more_than_the_cpus), T(features),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
