/* SPDX-License-Identifier: MIT */
/*
 * Runstates of vcpus, with a fake clock and the test as the machine's
 * scheduler.
 *
 * Seen failing with: runstates made of a vcpu's flags alone, so that one that
 * was paused, shut down, crashed or without a CPU went on running.
 */
#include "fixture.h"

#include <hv/timer.h>

#include <xen/domctl.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

static uint64_t clock_now;

static uint64_t fake_now(void)
{
    return clock_now;
}

static int setup(void **state)
{
    hosted_hooks.now = fake_now;
    clock_now = 1000;
    return fixture_setup(state);
}

static struct domain *d;

/* A guest of so many vcpus, up and with their CPUs. */
static struct domain *running_guest(unsigned int nr)
{
    d = fixture_guest(nr);
    assert_int_equal(domain_ctl_unpause(d), 0);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        vcpu_up(domain_vcpu(d, i));
        vcpu_placed(domain_vcpu(d, i), VCPU_ON_CPU);
    }
    return d;
}

static struct vcpu_runstate_info runstate(struct vcpu *v)
{
    struct vcpu_runstate_info info;

    vcpu_runstate_get(v, &info);
    return info;
}

static uint64_t cpu_time(void)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo,
                             .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                             .domain = d->domain_id };

    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    return op.u.getdomaininfo.cpu_time;
}

static struct xen_domctl_getvcpuinfo vcpu_info(unsigned int id)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo,
                             .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                             .domain = d->domain_id,
                             .u.getvcpuinfo.vcpu = id };

    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    return op.u.getvcpuinfo;
}

/* What is in all states is what passed since it exists. */
static void assert_nothing_lost(const struct vcpu *v, uint64_t since)
{
    struct vcpu_runstate_info info = runstate((struct vcpu *)v);
    uint64_t sum = 0;

    for ( unsigned int i = 0; i < 4; i++ )
        sum += info.time[i];
    assert_int_equal(sum, clock_now - since);
}

/* v's scheduler follows: it takes it off its CPU when it may not run. */
static void machine_follows(struct vcpu *v)
{
    if ( !vcpu_runnable(v) )
        vcpu_placed(v, VCPU_ASIDE);
    else if ( READ_ONCE(v->place) == VCPU_ASIDE )
        vcpu_placed(v, VCPU_QUEUED);
}

static void test_running(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    clock_now += 70;
    assert_int_equal(runstate(v).state, RUNSTATE_running);
    assert_int_equal(runstate(v).time[RUNSTATE_running], 70);
    assert_int_equal(cpu_time(), 70);
    assert_int_equal(vcpu_info(0).cpu_time, 70);
    assert_true(vcpu_info(0).running);
    assert_nothing_lost(v, 1000);
}

/* For each way to be kept from running: its time stands still. */
static void stands_still(struct vcpu *v, int state)
{
    uint64_t before, already;

    clock_now += 5; /* until the machine follows it runs */
    machine_follows(v);
    before = cpu_time();
    assert_int_equal(runstate(v).state, state);
    already = runstate(v).time[state];
    clock_now += 1000;
    assert_int_equal(cpu_time(), before);
    assert_int_equal(vcpu_info(0).cpu_time, before);
    assert_false(vcpu_info(0).running);
    assert_int_equal(runstate(v).time[state], already + 1000);
    assert_nothing_lost(v, 1000);
}

static void test_paused(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    clock_now += 10;
    assert_int_equal(domain_ctl_pause(d), 0);
    stands_still(v, RUNSTATE_offline);
    assert_int_equal(domain_ctl_unpause(d), 0);
    machine_follows(v);
    assert_int_equal(runstate(v).state, RUNSTATE_runnable);
    vcpu_pause_nosync(v);
    assert_int_equal(runstate(v).state, RUNSTATE_offline);
    vcpu_unpause(v);
    assert_int_equal(runstate(v).state, RUNSTATE_runnable);
    vcpu_placed(v, VCPU_ON_CPU);
    clock_now += 10;
    assert_int_equal(cpu_time(), 25);
}

static void test_shut_down(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    domain_shutdown(d, SHUTDOWN_poweroff);
    stands_still(v, RUNSTATE_offline);
    domain_resume(d);
    machine_follows(v);
    assert_int_equal(runstate(v).state, RUNSTATE_runnable);
}

static void test_crashed(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    domain_crash(d, "for a test");
    stands_still(v, RUNSTATE_offline);
}

static void test_preempted(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    vcpu_placed(v, VCPU_QUEUED);
    stands_still(v, RUNSTATE_runnable);
}

static void test_blocked(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    vcpu_block(v);
    /* It still has its CPU, which looks for another to run. */
    assert_int_equal(runstate(v).state, RUNSTATE_running);
    stands_still(v, RUNSTATE_blocked);
    /* Paused meanwhile, it is still blocked; woken then, it is not. */
    assert_int_equal(domain_ctl_pause(d), 0);
    assert_int_equal(runstate(v).state, RUNSTATE_blocked);
    vcpu_wake(v);
    assert_int_equal(runstate(v).state, RUNSTATE_offline);
    assert_int_equal(domain_ctl_unpause(d), 0);
    machine_follows(v);
    assert_int_equal(runstate(v).state, RUNSTATE_runnable);
    vcpu_poll(v, true);
    machine_follows(v);
    assert_int_equal(runstate(v).state, RUNSTATE_blocked);
}

static void test_down(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    vcpu_down(v);
    stands_still(v, RUNSTATE_offline);
    vcpu_block(v);
    assert_int_equal(runstate(v).state, RUNSTATE_offline);
}

/* Two CPUs, three vcpus: each has a CPU for two turns of three. */
static void test_no_more_than_the_cpus(void **state)
{
    uint64_t sum = 0, began = clock_now;

    (void)state;
    running_guest(3);
    vcpu_placed(domain_vcpu(d, 2), VCPU_QUEUED);
    for ( unsigned int i = 0; i < 99; i++ )
    {
        clock_now += 10;
        vcpu_placed(domain_vcpu(d, i % 3), VCPU_QUEUED);
        vcpu_placed(domain_vcpu(d, (i + 2) % 3), VCPU_ON_CPU);
    }
    for ( unsigned int i = 0; i < 3; i++ )
    {
        struct vcpu_runstate_info info = runstate(domain_vcpu(d, i));

        assert_int_equal(info.time[RUNSTATE_running], 660);
        assert_int_equal(info.time[RUNSTATE_runnable], 330);
        sum += info.time[RUNSTATE_running];
        assert_nothing_lost(domain_vcpu(d, i), began);
    }
    assert_int_equal(sum, 2 * (clock_now - began));
    assert_int_equal(cpu_time(), sum);
}

/* Random changes: no time is lost, none is counted while it may not run. */
static void test_random(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);
    uint64_t began = clock_now, ran = 0;
    bool on = true, paused = false;

    (void)state;
    srand(1);
    for ( unsigned int i = 0; i < 20000; i++ )
    {
        uint64_t ns = (uint64_t)rand() % 50;

        clock_now += ns;
        ran += on ? ns : 0;
        switch ( rand() % 6 )
        {
        case 0:
            vcpu_block(v);
            break;
        case 1:
            vcpu_wake(v);
            break;
        case 2:
            if ( paused )
                vcpu_unpause(v);
            else
                vcpu_pause_nosync(v);
            paused = !paused;
            break;
        case 3:
            vcpu_placed(v, VCPU_ASIDE);
            on = false;
            break;
        case 4:
            vcpu_placed(v, VCPU_QUEUED);
            on = false;
            break;
        case 5:
            on = !paused && vcpu_runnable(v);
            vcpu_placed(v, on ? VCPU_ON_CPU : VCPU_ASIDE);
            break;
        }
        assert_nothing_lost(v, began);
        assert_int_equal(cpu_time(), ran);
    }
}

static void test_idle(void **state)
{
    xen_sysctl_cpuinfo_t info[2] = { { 77 }, { 77 } };
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_getcpuinfo,
                             .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
                             .u.getcpuinfo.max_cpus = 1 };

    (void)state;
    op.u.getcpuinfo.info.p = info;
    clock_now += 90;
    assert_int_equal(hcall(__HYPERVISOR_sysctl, P(&op), 0, 0, 0, 0), 0);
    assert_int_equal(op.u.getcpuinfo.nr_cpus, 1);
    assert_int_equal(info[0].idletime, 90);
    assert_int_equal(info[1].idletime, 77);
    op.u.getcpuinfo.info.p = (void *)8UL;
    assert_int_equal(hcall(__HYPERVISOR_sysctl, P(&op), 0, 0, 0, 0), -EFAULT);
    op.u.getcpuinfo.max_cpus = 0;
    assert_int_equal(hcall(__HYPERVISOR_sysctl, P(&op), 0, 0, 0, 0), 0);
    assert_int_equal(op.u.getcpuinfo.nr_cpus, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_running), T(test_paused),    T(test_shut_down),
        T(test_crashed), T(test_preempted), T(test_blocked),
        T(test_down),    T(test_no_more_than_the_cpus),
        T(test_random),  T(test_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
