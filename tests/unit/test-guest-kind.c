/* SPDX-License-Identifier: MIT */
/*
 * Scripted guests (test-guest-kind.h), on one CPU that is this thread.
 *
 * Seen failing with: a kind that is not asked whether it serves a domain; a
 * step that ends the turn; a vcpu that goes on without its answer; a wake-up
 * that is lost; resume() and start() of one that is paused; a start() that is
 * left out; a slice of twice the length; one that dies and, kicked late, is
 * queued again; a save() that is left out; a context that is set while the vcpu
 * is on a CPU; an end of the machine with any domain; a load() of one that was
 * paused while it waited for its turn.
 */
#include "test-guest-kind.h"

static void test_kinds(void **state)
{
    struct domain d = { .direct_mapped = true };

    (void)state;
    machine(1, 1);
    assert_ptr_equal(domains[0].arch.ops, &scripted);
    assert_int_equal(arch_domain_create(&d), -EINVAL); /* that kind's word */
    arch_domain_destroy(&d);
    nr_kinds = 1;
    d.direct_mapped = false;
    assert_int_equal(arch_domain_create(&d), -EOPNOTSUPP);
    arch_domain_destroy(&d);
    nr_kinds = 2;
    arch_audit_refs(NULL);
    assert_int_equal(nr_refs, 2);
    unmake();
}

static void test_runs_its_script(void **state)
{
    uint64_t from = 1, to = 0;

    (void)state;
    machine(1, 1);
    assert_false(turn(this_cpu())); /* it is down */
    UP(0, SPIN, SPIN, SPIN, OVER);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 4);
    assert_int_equal(guests[0].loads, 1);
    assert_int_equal(guests[0].saves, 1);
    assert_int_equal(clock_now, 3001000);
    assert_false(turn(this_cpu()));
    this_cpu()->vcpu = vcpu_of[0];
    assert_int_equal(arch_guest_copy_in(&to, (uint64_t)&from, 8), 0);
    assert_int_equal(to, 1);
    this_cpu()->vcpu = NULL;
    unmake();
}

/* It does not run without its answer, whoever wakes it. */
static void test_waits_for_io(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = UP(0, ASK, SPIN, ASK, OVER);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 1);
    assert_false(turn(this_cpu()));
    for ( unsigned int i = 0; i < 3; i++ )
    {
        arch_vcpu_kick(v);
        assert_true(turn(this_cpu()));
        assert_int_equal(guests[0].runs, 1);
        assert_int_equal(guests[0].resumes, i + 1);
    }
    guests[0].answers = 1;
    arch_vcpu_kick(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 3); /* SPIN, and the next ASK */
    assert_int_equal(guests[0].resumes, 4);
    unmake();
}

/* It is answered while it is on its way to sleep. */
static void test_answered_at_once(void **state)
{
    (void)state;
    machine(1, 1);
    UP(0, ASK, SPIN, OVER);
    guests[0].quick = true;
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 3);
    assert_int_equal(guests[0].resumes, 1);
    unmake();
}

/* An instruction with several accesses: nobody kicks a vcpu that looks. */
static void test_looks_for_each_access(void **state)
{
    (void)state;
    machine(1, 1);
    UP(0, ASK, SPIN, OVER);
    guests[0].accesses = 3;
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].resumes, 3);
    assert_int_equal(guests[0].runs, 3);
    unmake();
}

static void test_woken(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = UP(0, BLOCK, SPIN, OVER);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 1);
    arch_vcpu_kick(v); /* no reason to run */
    assert_false(turn(this_cpu()));
    vcpu_wake(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 3);
    unmake();
}

/* Nothing of it is touched while it is paused: no start(), no resume(). */
static void test_paused(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = UP(0, PAUSE, SPIN, OVER);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 1);
    WRITE_ONCE(v->arch.start, START);
    v->io.pending = 1;
    guests[0].answers = 1;
    arch_vcpu_kick(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs + guests[0].starts + guests[0].resumes, 1);
    vcpu_unpause(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].starts, 1);
    assert_int_equal(guests[0].resumes, 1);
    assert_int_equal(guests[0].runs, 3);
    unmake();
}

/* Its state may be changed by then. */
static void test_paused_while_it_waits(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = UP(0, SPIN, OVER);
    vcpu_pause_nosync(v);
    assert_int_equal(v->arch.sched, SCHED_QUEUED);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].loads, 0);
    assert_int_equal(v->arch.sched, SCHED_ASLEEP);
    assert_false(turn(this_cpu()));
    vcpu_unpause(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].loads, 1);
    assert_int_equal(guests[0].runs, 2);
    unmake();
}

/* One that is down: it is start() that brings it up, once. */
static void test_start(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = vcpu_of[0];
    WRITE_ONCE(v->arch.start, START);
    arch_vcpu_kick(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].starts, 1);
    assert_int_equal(guests[0].runs, 1);
    vcpu_wake(v);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].starts, 1);
    unmake();
}

/* Two that never wait: 10 ms each in turns, of 1 ms for each run. */
static void test_yields_after_its_slice(void **state)
{
    (void)state;
    machine(2, 1);
    UP(0, SPINS);
    UP(1, SPINS);
    while ( !guests[1].runs ) /* at first they are boosted, which ends */
        assert_true(turn(this_cpu()));
    for ( unsigned int i = 0; i < 8; i++ )
    {
        unsigned int before[2] = { guests[0].runs, guests[1].runs };

        assert_true(turn(this_cpu()));
        assert_int_equal(guests[i % 2].runs, before[i % 2] + 10);
        assert_int_equal(guests[(i + 1) % 2].runs, before[(i + 1) % 2]);
    }
    unmake();
}

/* Its domain dies between two steps: no more of it, kicked or not. */
static void test_dies_between_two_steps(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = UP(0, SPIN, DIE, SPIN, OVER);
    assert_true(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 2);
    assert_int_equal(guests[0].loads, guests[0].saves);
    assert_int_equal(v->arch.sched, SCHED_ASLEEP);
    arch_vcpu_kick(v);
    assert_false(turn(this_cpu()));
    assert_int_equal(guests[0].runs, 2);
    unmake();
}

static void test_context(void **state)
{
    struct vcpu *v;

    (void)state;
    machine(1, 1);
    v = vcpu_of[0];
    assert_int_equal(vcpu_load(v, NULL), 0);
    assert_true(v->initialised);
    UP(0, SPIN, OVER);
    assert_int_equal(vcpu_load(v, NULL), 0); /* it waits for the CPU */
    assert_ptr_equal(sched_pick(), v);
    assert_int_equal(vcpu_load(v, NULL), -ERESTART);
    assert_int_equal(guests[0].contexts, 2);
    this_cpu()->vcpu = v;
    sched_put(v, true);
    assert_int_equal(vcpu_load(v, NULL), 0);
    assert_int_equal(guests[0].contexts, 3);
    assert_int_equal(this_cpu()->nr_held, 0);
    unmake();
}

static int end_of(unsigned int i, uint8_t code, bool hardware)
{
    int how;

    machine(2, 1);
    run_until_shutdown_of(hardware ? &domains[i] : NULL);
    UP(i, BLOCK, OVER);
    assert_true(turn(this_cpu()));
    WRITE_ONCE(domains[i].shutdown_code, code);
    sched_wake(vcpu_of[i]);
    how = setjmp(ended);
    if ( !how )
        assert_true(turn(this_cpu()));
    else
    {
        unload(this_cpu());
        sched_put(vcpu_of[i], false);
    }
    unmake();
    return how;
}

/* Its vcpus sleep: none of them comes to the run loop. */
static int end_of_sleeper(bool hardware)
{
    int how;

    machine(2, 1);
    run_until_shutdown_of(hardware ? &domains[0] : NULL);
    WRITE_ONCE(domains[0].shutdown_code, SHUTDOWN_watchdog);
    how = setjmp(ended);
    if ( !how )
        do_softirq(this_cpu());
    unmake();
    return how;
}

/* The machine ends with the domain that has its devices, with no other. */
static void test_hardware_domain(void **state)
{
    (void)state;
    assert_int_equal(end_of_sleeper(true), REBOOT);
    assert_int_equal(end_of_sleeper(false), 0);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(end_of(i, SHUTDOWN_poweroff, true), POWEROFF);
        assert_int_equal(end_of(i, SHUTDOWN_reboot, true), REBOOT);
        assert_int_equal(end_of(i, SHUTDOWN_crash, true), CRASH);
        assert_int_equal(end_of(i, SHUTDOWN_poweroff, false), 0);
        assert_int_equal(end_of(i, SHUTDOWN_crash, false), 0);
    }
    run_until_shutdown_of(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_runs_its_script),
        cmocka_unit_test(test_waits_for_io),
        cmocka_unit_test(test_answered_at_once),
        cmocka_unit_test(test_looks_for_each_access),
        cmocka_unit_test(test_woken),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_paused_while_it_waits),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_yields_after_its_slice),
        cmocka_unit_test(test_dies_between_two_steps),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_hardware_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
