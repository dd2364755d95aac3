/* SPDX-License-Identifier: MIT */
/*
 * sched_op, set_timer_op and vcpu_op: waiting, timers, vcpus up and down.
 *
 * Seen failing with: block that ignores a pending event; a poll that does not
 * look at its ports after the flag is set; a timer stopped while its
 * function runs.
 */
#include <pthread.h>
#include <unistd.h>

#include "fixture.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

static long sched(unsigned int cmd, void *arg)
{
    return hcall(__HYPERVISOR_sched_op, cmd, P(arg), 0, 0, 0);
}

static long vcpu_op(unsigned int cmd, unsigned int id, void *arg)
{
    return hcall(__HYPERVISOR_vcpu_op, cmd, id, P(arg), 0, 0);
}

static struct domain *running_guest(unsigned int nr)
{
    struct domain *d = fixture_guest(nr);

    for ( unsigned int i = 0; i < nr; i++ )
        vcpu_up(domain_vcpu(d, i));
    fixture_be_dom(d);
    vcpu_placed(current, VCPU_ON_CPU);
    return d;
}

/* ---- block and poll ---- */

static void test_block(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);

    (void)state;
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(sched(SCHEDOP_yield, NULL), 0);
    assert_int_equal(sched(SCHEDOP_block, NULL), 0);
    assert_int_equal(v->info->evtchn_upcall_mask, 0);
    assert_true(v->flags & VCPU_BLOCKED);
    vcpu_wake(v);
    v->info->evtchn_upcall_pending = 1;
    assert_int_equal(sched(SCHEDOP_block, NULL), 0);
    assert_false(v->flags & VCPU_BLOCKED); /* no sleep over an event */
    v->info->evtchn_upcall_mask = 1; /* which means nothing to an HVM guest */
    assert_true(vcpu_event_pending(v));
    fixture_be_dom(dom0);
}

static void test_poll(void **state)
{
    struct domain *d = running_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
                                      .remote_dom = DOMID_SELF };
    struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
    evtchn_port_t ports[129] = { 0 };
    struct sched_poll poll = { .nr_ports = 129 };
    struct evtchn_send send;

    (void)state;
    assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &a), 0);
    b.remote_port = a.port;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &b), 0);
    v->info->evtchn_upcall_pending = 0; /* both ends are told */

    poll.ports.p = ports;
    assert_int_equal(sched(SCHEDOP_poll, (void *)8UL), -EFAULT);
    assert_int_equal(sched(SCHEDOP_poll, &poll), -EINVAL);
    poll.nr_ports = 2;
    ports[0] = a.port;
    ports[1] = 4000;
    assert_int_equal(sched(SCHEDOP_poll, &poll), -EINVAL);
    assert_false(v->flags & VCPU_POLLING);
    poll.ports.p = (void *)8UL;
    assert_int_equal(sched(SCHEDOP_poll, &poll), -EFAULT);
    poll.ports.p = ports;
    ports[1] = a.port;
    for ( unsigned int i = 0; i < 2; i++ ) /* woken or not, it may again */
    {
        assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
        assert_true(v->flags & VCPU_POLLING);
        assert_int_equal(d->nr_polling, 1);
    }
    send.port = b.local_port; /* masked or not, a polled port wakes */
    assert_int_equal(evtchn_op(EVTCHNOP_send, &send), 0);
    assert_false(v->flags & VCPU_POLLING);
    assert_int_equal(d->nr_polling, 0);
    assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
    assert_false(v->flags & VCPU_POLLING); /* it is still pending */
    fixture_be_dom(dom0);
}

static bool interrupted(const struct vcpu *v)
{
    return v->vcpu_id == 0 && v->domain != dom0;
}

/* What a local APIC got before the sleep began does not wake. */
static void test_no_sleep_over_an_interrupt(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(2), 0);
    struct sched_poll poll = { .timeout = 0 };

    (void)state;
    v->info->evtchn_upcall_mask = 1;
    hosted_hooks.interrupt_pending = interrupted;
    assert_int_equal(sched(SCHEDOP_block, NULL), 0);
    assert_false(v->flags & VCPU_BLOCKED);
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
    assert_false(v->flags & VCPU_POLLING);
    hosted_hooks.interrupt_pending = NULL;
    assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
    assert_true(v->flags & VCPU_POLLING);
    fixture_be_dom(dom0);
}

static void test_poll_ends_in_time(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);
    struct sched_poll poll = { .timeout = 1 };

    (void)state;
    assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
    assert_true(v->flags & VCPU_POLLING);
    timer_run();
    assert_false(v->flags & VCPU_POLLING);
    poll.timeout = UINT64_MAX / 2;
    assert_int_equal(sched(SCHEDOP_poll, &poll), 0);
    timer_run();
    assert_true(v->flags & VCPU_POLLING);
    fixture_be_dom(dom0);
}

/* ---- shutdown ---- */

static void test_shutdown(void **state)
{
    struct domain *d = running_guest(1);
    struct sched_shutdown s = { .reason = 255 };

    (void)state;
    assert_int_equal(sched(SCHEDOP_shutdown, (void *)8UL), -EFAULT);
    assert_int_equal(sched(SCHEDOP_shutdown, &s), 0);
    assert_true(domain_is_shut_down(d));
    assert_int_equal(d->shutdown_code, 255);
    domain_resume(d);
    s.reason = 0x100 + SHUTDOWN_reboot; /* the low byte counts */
    assert_int_equal(sched(SCHEDOP_shutdown, &s), 0);
    assert_true(domain_is_shut_down(d));
    assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
    fixture_be_dom(dom0);
}

static void test_remote_shutdown(void **state)
{
    struct domain *d = fixture_guest(1), *model = running_guest(1);
    struct sched_remote_shutdown s = { .domain_id = 777 };

    (void)state;
    s.reason = SHUTDOWN_crash;
    assert_int_equal(sched(SCHEDOP_remote_shutdown, &s), -ESRCH);
    s.domain_id = d->domain_id;
    assert_int_equal(sched(SCHEDOP_remote_shutdown, &s), -EPERM);
    model->target_id = d->domain_id;
    s.reason = 99;
    assert_int_equal(sched(SCHEDOP_remote_shutdown, &s), 0);
    assert_true(domain_is_shut_down(d));
    assert_int_equal(d->shutdown_code, 99);
    assert_int_equal(sched(SCHEDOP_pin_override, &s), -EPERM);
    fixture_be_dom(dom0);
}

/* ---- timers ---- */

static void test_singleshot(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(2), 0);
    struct vcpu_set_singleshot_timer t = { .flags = VCPU_SSHOTTMR_future };

    (void)state;
    assert_int_equal(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 1, &t), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 1, NULL), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)8UL),
                     -EFAULT);
    t.timeout_abs_ns = 1; /* the past: an event, not an error */
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0, &t), 0);
    assert_true(timer_is_armed(&v->singleshot));
    timer_run();
    assert_false(timer_is_armed(&v->singleshot));
    t.timeout_abs_ns = UINT64_MAX / 2;
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0, &t), 0);
    assert_int_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    assert_false(timer_is_armed(&v->singleshot));
    fixture_be_dom(dom0);
}

static void test_set_timer_op(void **state)
{
    struct vcpu *v = domain_vcpu(running_guest(1), 0);
    const uint64_t soon = now_ns() + 1000000000UL;

    (void)state;
    assert_int_equal(hcall(__HYPERVISOR_set_timer_op, soon, 0, 0, 0, 0), 0);
    assert_int_equal(v->singleshot.expires - soon,
                     (uint64_t)v->domain->time_offset_ns);
    assert_int_equal(hcall(__HYPERVISOR_set_timer_op, ~0UL, 0, 0, 0, 0), 0);
    assert_true(v->singleshot.expires < now_ns() + 200000000UL);
    assert_int_equal(hcall(__HYPERVISOR_set_timer_op, 0, 0, 0, 0, 0), 0);
    assert_false(timer_is_armed(&v->singleshot));
    fixture_be_dom(dom0);
}

static struct timer timers[3];
static unsigned int order[8], nr_fired;

static void fired(void *data)
{
    struct timer *t = data;

    order[nr_fired++] = (unsigned int)(t - timers);
    if ( nr_fired == 3 )
        timer_set(&timers[1], 7); /* again, from its own function */
}

/* Timers fire in the order of their times, not of their setting. */

static void test_timers_in_order(void **state)
{
    uint64_t t = now_ns() + 50000000;

    (void)state;
    nr_fired = 0;
    for ( unsigned int i = 0; i < 3; i++ )
        timer_init(&timers[i], fired, &timers[i]);
    timer_set(&timers[0], t + 3);
    timer_set(&timers[1], t + 1);
    timer_set(&timers[2], t + 2);
    timer_set(&timers[1], t + 5); /* moved behind the others */
    while ( nr_fired < 4 )
        timer_run();
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 0);
    assert_int_equal(order[2], 1);
    assert_int_equal(order[3], 1);
    timer_set(&timers[0], 1);
    timer_stop(&timers[0]);
    timer_run();
    assert_int_equal(nr_fired, 4);
}

#define NR_RANDOM 300

static struct timer many[NR_RANDOM];
static unsigned int last_fired, nr_out_of_order;

static void in_order(void *data)
{
    const struct timer *t = data;

    nr_out_of_order += last_fired != NR_RANDOM &&
                       many[last_fired].expires > t->expires;
    last_fired = (unsigned int)(t - many);
    nr_fired++;
}

/* Armed, moved and stopped at random: each armed one fires once, in order. */
static void test_many_timers(void **state)
{
    uint64_t t = now_ns() + 1000000;

    (void)state;
    srandom(1);
    for ( unsigned int i = 0; i < NR_RANDOM; i++ )
        timer_init(&many[i], in_order, &many[i]);
    for ( unsigned int round = 0; round < 20; round++ )
    {
        unsigned int armed = 0;

        for ( unsigned int i = 0; i < 10 * NR_RANDOM; i++ )
        {
            struct timer *one = &many[random() % NR_RANDOM];

            if ( random() % 3 )
                timer_set(one, t + (uint64_t)random() % 1000);
            else
                timer_stop(one);
        }
        for ( unsigned int i = 0; i < NR_RANDOM; i++ )
            armed += timer_is_armed(&many[i]);
        nr_fired = nr_out_of_order = 0;
        last_fired = NR_RANDOM;
        while ( nr_fired < armed )
            timer_run();
        timer_run();
        assert_int_equal(nr_fired, armed);
        assert_int_equal(nr_out_of_order, 0);
    }
    nr_fired = 0;
}

static uint32_t slow_began, slow_ended, has_returned;

static unsigned int nr_programmed;

static void count_programmed(uint64_t expires)
{
    (void)expires;
    nr_programmed++;
}

/* One CPU minds the first timer: who finds nothing to run does not join it. */
static void test_one_cpu_minds_a_timer(void **state)
{
    (void)state;
    nr_programmed = 0;
    hosted_hooks.timer = count_programmed;
    timer_init(&timers[0], fired, &timers[0]);
    timer_init(&timers[1], fired, &timers[1]);
    timer_set(&timers[0], UINT64_MAX / 2);
    assert_int_equal(nr_programmed, 1);
    timer_run();
    timer_run();
    assert_int_equal(nr_programmed, 1);
    timer_set(&timers[1], 1); /* first now, and due */
    assert_int_equal(nr_programmed, 2);
    timer_run();
    assert_int_equal(nr_programmed, 3);
    timer_stop(&timers[0]);
    assert_int_equal(nr_programmed, 4);
}

/*
 * It ends when timer_stop() has gone round a hundred times, each time taking
 * the timer off the list; or when timer_stop() has not waited for it.
 */
static void slow(void *data)
{
    (void)data;
    store_release(&slow_began, 1);
    for ( unsigned int i = 0; i < 100; i++ )
    {
        timer_set(&timers[0], UINT64_MAX / 2);
        while ( timer_is_armed(&timers[0]) && !load_acquire(&has_returned) )
            sched_yield();
    }
    store_release(&slow_ended, 1);
}

static void *run_timers(void *arg)
{
    timer_run();
    return arg;
}

/* Whoever stops a timer may free what its function uses. */
static void test_stop_waits_for_the_function(void **state)
{
    pthread_t thread;
    uint32_t ended;

    (void)state;
    slow_began = slow_ended = has_returned = 0;
    timer_init(&timers[0], slow, NULL);
    timer_set(&timers[0], 1);
    assert_int_equal(pthread_create(&thread, NULL, run_timers, NULL), 0);
    while ( !load_acquire(&slow_began) )
        ;
    timer_stop(&timers[0]);
    ended = load_acquire(&slow_ended);
    store_release(&has_returned, 1);
    if ( ended )
        memset(&timers[0], 0xff, sizeof(timers[0]));
    pthread_join(thread, NULL);
    assert_int_equal(ended, 1);
}

/* ---- vcpus ---- */

static void test_up_and_down(void **state)
{
    struct domain *d = fixture_guest(2);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 2, NULL), -ENOENT);
    assert_int_equal(vcpu_op(999, 8191, NULL), -ENOENT);
    assert_int_equal(vcpu_op(999, 0, NULL), -ENOSYS);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_up, 1, NULL), -EINVAL); /* no state yet */
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(vcpu_load(domain_vcpu(d, i), NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_up, 1, NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_up, 0, NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1, NULL), 1);
    assert_int_equal(vcpu_op(VCPUOP_down, 1, NULL), 0);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    assert_false(domain_is_shut_down(d));
    assert_int_equal(vcpu_op(VCPUOP_down, 0, NULL), 0); /* the last one */
    assert_true(domain_is_shut_down(d));
    assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
    fixture_be_dom(dom0);
}

static void test_runstate(void **state)
{
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_runstate_info info, written = { .state = 77 };

    (void)state;
    (void)running_guest(1);
    assert_int_equal(vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    assert_int_equal(info.state, RUNSTATE_running);
    area.addr.v = &written;
    assert_int_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area),
                     0);
    assert_int_equal(written.state, RUNSTATE_running);
    vcpu_placed(current, VCPU_ASIDE);
    vcpu_runstate_show(current);
    assert_int_equal(written.state, RUNSTATE_offline);
    vcpu_placed(current, VCPU_ON_CPU);
    written.state = 77;
    vcpu_runstate_show(current);
    assert_int_equal(written.state, RUNSTATE_running);
    written.state = 77;
    vcpu_runstate_show(current); /* nothing new */
    assert_int_equal(written.state, 77);
    area.addr.p = 8;
    assert_int_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area),
                     -EFAULT);
    fixture_be_dom(dom0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_block),           T(test_poll),
        T(test_no_sleep_over_an_interrupt),
        T(test_shutdown),        T(test_poll_ends_in_time),
        T(test_singleshot),      T(test_remote_shutdown),
        T(test_set_timer_op),    T(test_timers_in_order), T(test_many_timers),
        T(test_one_cpu_minds_a_timer),
        T(test_up_and_down),     T(test_runstate),
        T(test_stop_waits_for_the_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
