/* SPDX-License-Identifier: MIT */
/*
 * What the bare machine's scheduler promises (x86/sched.h): weights, caps, and
 * that nobody starves, on one CPU and on several.
 *
 * Seen failing with: a queue in the order of arrival; one weight for all;
 * debts forgotten, budgets saved up; CPUs that are not compared, or never forget
 * how far they came; heavy vcpus that move for nothing; a cap that is not told to
 * a vcpu that runs; a sum of weights that is not kept up.
 */
#include "test-sched.h"

static void assert_near(uint64_t got, uint64_t expected, unsigned int percent)
{
    uint64_t off = expected * percent / 100;

    if ( got + off < expected || got > expected + off )
        fail_msg("%lu ms, and %lu expected", (unsigned long)(got / 1000000),
                 (unsigned long)(expected / 1000000));
}

/* ---- weights ---- */

static void test_weights(void **state)
{
    (void)state;
    machine(1);
    guest(1, 256, 0);
    guest(1, 512, 0);
    guest(1, 1024, 0);
    run_seconds(7);
    assert_near(ran[0], SECOND_NS, 5);
    assert_near(ran[1], 2 * SECOND_NS, 5);
    assert_near(ran[2], 4 * SECOND_NS, 5);
}

static void test_extreme_weights(void **state)
{
    (void)state;
    machine(1);
    guest(1, 1, 0);
    guest(1, 100, 0);
    guest(1, 65535, 0);
    run_seconds(200);
    assert_near(ran[1], 200 * SECOND_NS * 100 / 65636, 15);
    assert_true(ran[0] <= 2 * SLICE_NS);
    assert_near(ran[2], 200 * SECOND_NS, 1);
}

static void test_changed_weight(void **state)
{
    (void)state;
    machine(1);
    guest(1, 256, 0);
    guest(1, 256, 0);
    run_seconds(2);
    assert_near(ran[0], SECOND_NS, 5);
    domains[0].sched_weight = 768;
    arch_domain_shares_changed(&domains[0]);
    run_seconds(4);
    assert_near(ran[0], 3 * SECOND_NS, 5);
}

/* Pinned vcpus on one CPU keep their proportion while the other CPU is free. */
static void test_weights_beside_a_free_cpu(void **state)
{
    (void)state;
    machine(2);
    for ( unsigned int i = 0; i < 3; i++ )
        pin(guest(1, 256U << i, 0), 1);
    pin(guest(1, 256, 0), 2);
    run_seconds(7);
    assert_near(ran[0], SECOND_NS, 5);
    assert_near(ran[1], 2 * SECOND_NS, 5);
    assert_near(ran[2], 4 * SECOND_NS, 5);
    assert_int_equal(ran[3], 7 * SECOND_NS);
}

/* ---- several CPUs ---- */

static void test_three_on_two(void **state)
{
    (void)state;
    machine(2);
    for ( unsigned int i = 0; i < 3; i++ )
        guest(1, 256, 0);
    run_seconds(9);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_near(ran[i], 6 * SECOND_NS, 5);
}

static void test_weights_across_cpus(void **state)
{
    (void)state;
    machine(2);
    guest(1, 256, 0);
    guest(1, 512, 0);
    guest(1, 512, 0);
    run_seconds(10);
    assert_near(ran[0], 4 * SECOND_NS, 5);
    assert_near(ran[1], 8 * SECOND_NS, 5);
    assert_near(ran[2], 8 * SECOND_NS, 5);
}

/* A share that is more than a CPU is a CPU; the others share the rest. */
static void test_no_more_than_a_cpu(void **state)
{
    (void)state;
    machine(2);
    guest(1, 256, 0);
    guest(1, 512, 0);
    guest(1, 4096, 0);
    run_seconds(9);
    assert_near(ran[0], 3 * SECOND_NS, 5);
    assert_near(ran[1], 6 * SECOND_NS, 5);
    assert_near(ran[2], 9 * SECOND_NS, 2);
}

/* They would get less where they went; the light one goes to and fro. */
static void test_heavy_ones_stay(void **state)
{
    (void)state;
    machine(2);
    guest(1, 4096, 0);
    guest(1, 4096, 0);
    guest(1, 256, 0);
    run_seconds(10);
    assert_near(ran[2], 20 * SECOND_NS * 256 / 8448, 15);
    assert_int_equal(ran_on[0] ^ ran_on[1], 3);
    assert_int_equal(ran_on[2], 3);
}

static void test_seven_on_three(void **state)
{
    (void)state;
    machine(3);
    for ( unsigned int i = 0; i < 7; i++ )
        guest(1, 256, 0);
    run_seconds(14);
    for ( unsigned int i = 0; i < 7; i++ )
        assert_near(ran[i], 6 * SECOND_NS, 5);
}

/* A vcpu goes where it gets more, whatever the CPUs did before. */
static void test_leaves_a_crowd(void **state)
{
    (void)state;
    machine(2);
    for ( unsigned int i = 0; i < 3; i++ )
        pin(guest(1, 256, 0), 1);
    pin(guest(1, 256, 0), 2);
    run_seconds(20);
    pin(guest(1, 256, 0), 1);
    run_seconds(1);
    pin(4, 3);
    run_seconds(4);
    assert_near(ran[4], 2 * SECOND_NS, 5);
    assert_near(ran[3], 2 * SECOND_NS, 5);
}

/* CPUs that were shared by many are soon as good as others. */
static void test_comes_back_from_a_crowd(void **state)
{
    (void)state;
    machine(2);
    for ( unsigned int i = 0; i < 5; i++ )
        pin(guest(1, 256, 0), 1);
    pin(guest(1, 256, 0), 2);
    run_seconds(20);
    for ( unsigned int i = 1; i < 5; i++ )
        vcpu_pause_nosync(&vcpus[i]);
    run_steps(1000);
    for ( unsigned int i = 0; i < 2; i++ )
        pin(guest(1, 256, 0), 2);
    run_steps(1000);
    pin(6, 3);
    pin(7, 3);
    run_seconds(4);
    assert_near(ran[0], 2 * SECOND_NS, 5);
    assert_near(ran[5], 2 * SECOND_NS, 5);
    assert_near(ran[6], 2 * SECOND_NS, 5);
    assert_near(ran[7], 2 * SECOND_NS, 5);
}

/* ---- caps ---- */

static void test_budget(void **state)
{
    struct budget b = { .cap = 0 };
    const uint64_t ms = 1000000, t = 5 * ms;

    (void)state;
    budget_set(&b, 25, t);
    assert_int_equal(budget_take(&b, 2, t), 1250000);
    assert_int_equal(budget_take(&b, 2, t), 1250000);
    assert_int_equal(budget_take(&b, 2, t + 10 * ms - 1), 0);
    assert_int_equal(b.ends, t + 10 * ms);
    budget_used(&b, 1250000, 250000); /* what was not used is there again */
    assert_int_equal(budget_take(&b, 1, t + 9 * ms), 1000000);
    budget_used(&b, 1000000, 1000000 + 5 * ms); /* two budgets of debt */
    for ( unsigned int i = 1; i < 3; i++ )
        assert_int_equal(budget_take(&b, 1, t + i * 10 * ms), 0);
    assert_int_equal(budget_take(&b, 1, t + 30 * ms), 2500000);
    /* No more than one budget is saved up. */
    assert_int_equal(budget_take(&b, 1, t + 1000 * ms), 2500000);
    assert_int_equal(budget_take(&b, 1, t + 1000 * ms), 0);
}

static void test_cap(void **state)
{
    (void)state;
    machine(1);
    guest(1, 256, 25);
    run_seconds(4);
    assert_near(ran[0], SECOND_NS, 5);
    guest(1, 256, 0);
    run_seconds(4);
    assert_near(ran[0], SECOND_NS, 5);
    assert_near(ran[1], 3 * SECOND_NS, 5);
    domains[0].sched_cap = 0;
    arch_domain_shares_changed(&domains[0]);
    run_seconds(4);
    assert_near(ran[0], 2 * SECOND_NS, 5);
}

/* All vcpus of a domain together. */
static void test_cap_of_several_vcpus(void **state)
{
    unsigned int capped;

    (void)state;
    machine(4);
    guest(2, 256, 0);
    capped = guest(4, 256, 150);
    run_seconds(4);
    assert_near(ran[capped] + ran[capped + 1] + ran[capped + 2] +
                ran[capped + 3], 6 * SECOND_NS, 5);
    for ( unsigned int i = 0; i < 4; i++ )
        assert_true(ran[capped + i] > SECOND_NS / 2);
}

static void test_capped_while_running(void **state)
{
    (void)state;
    machine(1);
    guest(1, 256, 0);
    run_seconds(1);
    domains[0].sched_cap = 10;
    arch_domain_shares_changed(&domains[0]);
    run_seconds(10);
    assert_near(ran[0], SECOND_NS, 5);
}

/* In no time does it get more than the cap and a slice. */
static void test_cap_holds_at_all_times(void **state)
{
    enum { BEHIND = 4096 };
    static uint64_t before[BEHIND];

    (void)state;
    machine(2);
    guest(1, 256, 30);
    guest(2, 256, 0);
    sleeps[0] = 5;
    for ( unsigned int i = 0; i < 20 * STEPS_PER_SECOND; i++ )
    {
        run_steps(1);
        for ( unsigned int n = 1; n < BEHIND && n <= i; n *= 2 )
            assert_true(ran[0] - before[(i - n) % BEHIND] <=
                        n * STEP_NS * 30 / 100 + SLICE_NS);
        before[i % BEHIND] = ran[0];
    }
}

/* ---- at random ---- */

static void set_at_random(unsigned int i)
{
    struct domain *d = &domains[i];

    switch ( random() % 5 )
    {
    case 0:
        d->sched_weight = (uint16_t)(1UL << (6 + random() % 5));
        break;
    case 1:
        d->sched_cap = (uint16_t)(random() % 2 ? 0 : 10 + random() % 90);
        break;
    case 2:
        pin(i, 1 + (uint64_t)random() % ((1UL << nr_cpus) - 1));
        break;
    case 3:
        sleeps[i] = random() % 3 ? 0 : (unsigned int)random() % 300;
        if ( !sleeps[i] )
            vcpu_wake(&vcpus[i]);
        break;
    default:
        vcpu_pause_nosync(&vcpus[i]);
        run_steps((unsigned long)random() % 20);
        vcpu_unpause(&vcpus[i]);
        break;
    }
    arch_domain_shares_changed(d);
}

/* Whatever is set, bookkeeping is exact and every vcpu runs. */
static void test_random(void **state)
{
    (void)state;
    srandom(1);
    for ( unsigned int round = 0; round < 12; round++ )
    {
        unsigned int nr = 2 + (unsigned int)random() % (MAX_TEST_VCPUS - 2);

        machine(1 + (unsigned int)random() % MAX_TEST_CPUS);
        for ( unsigned int i = 0; i < nr; i++ )
            guest(1, 256, 0);
        for ( unsigned int i = 0; i < 400; i++ )
        {
            run_steps((unsigned long)random() % 40);
            set_at_random((unsigned int)random() % nr);
        }
        for ( unsigned int i = 0; i < nr; i++ )
        {
            if ( sleeps[i] )
                vcpu_wake(&vcpus[i]);
            sleeps[i] = 0;
            last_run[i] = clock_now;
        }
        run_seconds(4);
        for ( unsigned int i = 0; i < nr; i++ )
        {
            assert_true(ran[i] > 0);
            assert_int_equal(ran_on[i] & ~vcpus[i].arch.may, 0);
            if ( domains[i].sched_cap )
                assert_true(ran[i] <= 4 * SECOND_NS / 100 *
                                          domains[i].sched_cap + SLICE_NS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_extreme_weights),
        cmocka_unit_test(test_changed_weight),
        cmocka_unit_test(test_weights_beside_a_free_cpu),
        cmocka_unit_test(test_three_on_two),
        cmocka_unit_test(test_weights_across_cpus),
        cmocka_unit_test(test_no_more_than_a_cpu),
        cmocka_unit_test(test_heavy_ones_stay),
        cmocka_unit_test(test_seven_on_three),
        cmocka_unit_test(test_leaves_a_crowd),
        cmocka_unit_test(test_comes_back_from_a_crowd),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_cap_of_several_vcpus),
        cmocka_unit_test(test_capped_while_running),
        cmocka_unit_test(test_cap_holds_at_all_times),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
