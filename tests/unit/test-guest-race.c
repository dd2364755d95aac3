/* SPDX-License-Identifier: MIT */
/*
 * Scripted guests (test-guest-kind.h) on CPUs that are threads, each in the run
 * loop for good, while somebody pauses, wakes, answers and kills them, and
 * they stop the machine.
 *
 * Seen failing with: a vcpu that leaves its state behind when it moves; a pinned
 * one that another CPU takes; a stop_machine that does not wait for the other
 * CPUs, or that their run loop does not see; a pause, and a removal, that do not
 * wait until the vcpu is off its CPU.
 */
#include "test-guest-kind.h"

#define RUNS 1500 /* of each vcpu, at least */

static void *be_a_cpu(void *c)
{
    be_this_cpu(c);
    run_loop();
}

/* What device models, event channels and toolstacks do to a vcpu. */
static void disturb(unsigned int i, unsigned int what)
{
    struct vcpu *v = vcpu_of[i];
    unsigned int before;

    switch ( what % 4 )
    {
    case 0: /* out of the guest when it returns, and there it stays */
        vcpu_pause(v);
        before = READ_ONCE(guests[i].runs);
        for ( unsigned int n = 0; n < 5; n++ )
        {
            sched_wake(v);
            sched_yield();
        }
        assert_int_equal(READ_ONCE(guests[i].runs), before);
        assert_int_equal(READ_ONCE(guests[i].inside), 0);
        vcpu_unpause(v);
        break;
    case 1:
        if ( ioreq_in_flight(v) )
            atomic_xchg(&guests[i].answers, 1);
        arch_vcpu_kick(v);
        break;
    default:
        vcpu_wake(v);
        break;
    }
}

static bool all_ran(unsigned int nr)
{
    for ( unsigned int i = 0; i < NR_GUESTS; i++ )
        if ( READ_ONCE(guests[i].runs) < nr )
            return false;
    return READ_ONCE(nr_stops) >= 10;
}

/* scripted_run() and the others look whether one vcpu is in two places. */
static void test_all_at_once(void **state)
{
    pthread_t thread[NR_CPUS];
    unsigned int seed = 1;

    (void)state;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* what a thread finds is said */
    machine(NR_GUESTS, NR_CPUS);
    sched_pin(vcpu_of[1], 1);
    be_cpu(NR_CPUS); /* it looks on, and is no CPU that runs vcpus */
    for ( unsigned int i = 0; i < NR_GUESTS; i++ )
    {
        guests[i].seed = i;
        UP(i, RANDOM);
    }
    for ( unsigned int i = 0; i < NR_CPUS; i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, be_a_cpu, &cpu[i]),
                         0);
    while ( !all_ran(RUNS) )
    {
        seed = seed * 1103515245U + 12345U;
        disturb((seed >> 16) % NR_GUESTS, seed >> 24);
    }
    /* One dies in the middle of it: then it is on no CPU, for good. */
    WRITE_ONCE(lingers, vcpu_of[0]);
    while ( !READ_ONCE(guests[0].inside) )
    {
        disturb(0, 1);
        disturb(0, 2);
    }
    WRITE_ONCE(domains[0].state, (uint8_t)DOM_DYING);
    vcpu_kick(vcpu_of[0]);
    assert_int_equal(arch_domain_relinquish(&domains[0]), 0);
    assert_int_equal(READ_ONCE(guests[0].inside), 0);
    assert_int_equal(READ_ONCE(guests[0].loaded), 0);
    guests[0].relinquished = 0; /* unmake() does it again */

    for ( unsigned int i = 1; i < NR_GUESTS; i++ )
        vcpu_pause(vcpu_of[i]);
    store_release(&over, true);
    for ( unsigned int i = 0; i < NR_CPUS; i++ )
        pthread_join(thread[i], NULL);
    be_cpu(1);
    unload(&cpu[1]); /* the pinned one's */
    unmake();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
