/* SPDX-License-Identifier: MIT */
/*
 * The bare machine's scheduler and a turn of its run loop: vcpu/sched.c,
 * vcpu/run.c, common/vcpu.c and common/vcpu-run.c as they are, on two CPUs that
 * take turns on this thread, by a clock that goes on only while a guest executes.
 *
 * Seen failing with: runstates made of a vcpu's flags alone, so that one that
 * was paused, shut down, crashed or without a CPU went on running; branch
 * predictors that are kept for the next domain with the same number.
 */
#include "test-vcpu.h"

#define NR_CPUS 2
#define NR_DOMAINS 4

/* ---- the machine ---- */

static struct cpu cpu[NR_CPUS];
static struct domain domains[NR_DOMAINS];
static struct shared_info shared;
static struct vcpu vcpus[NR_DOMAINS], *vcpu_of[NR_DOMAINS];
static uint64_t nr_ibpb;
/* What a guest does when it is entered, for how long. */
static void (*guest_does)(struct vcpu *v);

static void test_wrmsr(uint32_t msr, uint64_t value)
{
    nr_ibpb += msr == MSR_PRED_CMD && value == PRED_CMD_IBPB;
}

static void test_irq_window(void)
{
}

static void test_irq_wait(void)
{
}

static void be_cpu(unsigned int i)
{
    be_this_cpu(&cpu[i]);
}

void domain_deliver(void) {}
void machine_poweroff(void) { abort(); }
void machine_reboot(void) { abort(); }
void machine_end_of_crash(void) { abort(); }

static void guest_run(struct vcpu *v, bool flush)
{
    (void)flush;
    v->arch.in_guest = false;
    guest_does(v);
}

static void nothing(struct vcpu *v)
{
    (void)v;
}

static bool not_answered(struct vcpu *v)
{
    return v == NULL;
}

static bool no_interrupt(const struct vcpu *v)
{
    return v == NULL;
}

static const struct guest_ops test_ops = {
    .run = guest_run, .load = nothing, .save = nothing, .start = nothing,
    .resume = not_answered, .interrupt_pending = no_interrupt,
};

/* ---- machines ---- */

/* So many guests of one vcpu each, up, on so many CPUs. */
static void machine(unsigned int nr_guests, unsigned int nr)
{
    memset(cpu, 0, sizeof(cpu));
    memset(domains, 0, sizeof(domains));
    memset(vcpus, 0, sizeof(vcpus));
    clock_now = 1000;
    nr_ibpb = 0;
    nr_cpus = nr;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        cpu[i] = (struct cpu){ .self = &cpu[i], .id = i, .online = true };
        cpus[i] = &cpu[i];
        sched_cpu_init(&cpu[i]);
    }
    be_cpu(0);
    for ( unsigned int i = 0; i < nr_guests; i++ )
    {
        struct domain *d = &domains[i];

        d->domain_id = (domid_t)(i + 1);
        d->serial = i + 1;
        d->max_vcpus = 1;
        d->sched_weight = 256;
        d->arch.ops = &test_ops;
        d->shutdown_code = NOT_SHUT_DOWN;
        d->vcpu = &vcpu_of[i];
        d->shared = &shared;
        vcpu_of[i] = &vcpus[i];
        vcpu_init(&vcpus[i], d, 0);
        sched_vcpu_init(&vcpus[i]);
        vcpu_up(&vcpus[i]);
    }
}

static struct vcpu_runstate_info runstate(unsigned int i)
{
    struct vcpu_runstate_info info;
    uint64_t sum = 0;

    vcpu_runstate_get(&vcpus[i], &info);
    for ( unsigned int s = 0; s < 4; s++ )
        sum += info.time[s];
    assert_int_equal(sum, clock_now - 1000); /* nothing is lost */
    return info;
}

static uint64_t ran(unsigned int i)
{
    return runstate(i).time[RUNSTATE_running];
}

/* All vcpus and what was idle make up all that the CPUs had. */
static void assert_all_counted(unsigned int nr_guests, uint64_t had)
{
    uint64_t sum = 0;

    for ( unsigned int i = 0; i < nr_guests; i++ )
        sum += ran(i);
    for ( unsigned int i = 0; i < nr_cpus; i++ )
        sum += arch_cpu_idle_ns(i);
    assert_int_equal(sum, had);
}

/* ---- what guests do ---- */

static void spins(struct vcpu *v)
{
    (void)v;
    clock_now += 1000000;
}

static void blocks(struct vcpu *v)
{
    clock_now += 300;
    vcpu_block(v);
}

static void is_paused(struct vcpu *v)
{
    clock_now += 300;
    vcpu_pause_nosync(v);
}

static void shuts_down(struct vcpu *v)
{
    clock_now += 300;
    WRITE_ONCE(v->domain->shutdown_code, (uint8_t)SHUTDOWN_poweroff);
    vcpu_kick(v);
}

static void goes_down(struct vcpu *v)
{
    clock_now += 300;
    vcpu_down(v);
}

static void asks_a_model(struct vcpu *v)
{
    clock_now += 300;
    v->io.pending = 1;
}

/* ---- tests ---- */

/* One that stopped for any reason: its time stands still. */
static void stops(void (*how)(struct vcpu *v), int state)
{
    machine(1, 1);
    guest_does = how;
    assert_true(turn(this_cpu()));
    assert_int_equal(ran(0), 300);
    assert_int_equal(runstate(0).state, state);
    assert_false(turn(this_cpu()));
    sched_idle(this_cpu(), true);
    clock_now += 5000;
    sched_idle(this_cpu(), false);
    assert_int_equal(ran(0), 300);
    assert_int_equal(runstate(0).time[state], 5000);
    assert_all_counted(1, 5300);
}

static void test_stopped(void **state)
{
    (void)state;
    stops(blocks, RUNSTATE_blocked);
    stops(is_paused, RUNSTATE_offline);
    stops(shuts_down, RUNSTATE_offline);
    stops(goes_down, RUNSTATE_offline);
    stops(asks_a_model, RUNSTATE_offline);
}

/* Woken while it may not run, it gets a CPU and no time. */
static void test_woken_while_paused(void **state)
{
    (void)state;
    stops(is_paused, RUNSTATE_offline);
    sched_wake(&vcpus[0]);
    assert_int_equal(runstate(0).state, RUNSTATE_offline);
    clock_now += 10;
    assert_true(turn(this_cpu()));
    assert_int_equal(ran(0), 300);
    assert_int_equal(runstate(0).state, RUNSTATE_offline);
    vcpu_unpause(&vcpus[0]);
    assert_int_equal(runstate(0).state, RUNSTATE_runnable);
    /* Paused in the queue it waits for no CPU any more. */
    clock_now += 10;
    vcpu_pause_nosync(&vcpus[0]);
    clock_now += 1000;
    assert_int_equal(runstate(0).time[RUNSTATE_runnable], 10);
    assert_int_equal(ran(0), 300);
}

/* Two that do not stop share a CPU: each waits while the other runs. */
static void test_preempted(void **state)
{
    struct vcpu_runstate_info a, b;

    (void)state;
    machine(2, 1);
    guest_does = spins;
    for ( unsigned int i = 0; i < 40; i++ )
    {
        uint64_t before[2] = { ran(0), ran(1) };

        assert_true(turn(this_cpu()));
        /* Whose turn it was not stood still. */
        assert_true(ran(0) == before[0] || ran(1) == before[1]);
    }
    a = runstate(0);
    b = runstate(1);
    assert_int_equal(a.time[RUNSTATE_running], b.time[RUNSTATE_runnable]);
    assert_int_equal(a.time[RUNSTATE_runnable], b.time[RUNSTATE_running]);
    assert_true(a.time[RUNSTATE_running] && b.time[RUNSTATE_running]);
    assert_all_counted(2, clock_now - 1000);
}

/* From one CPU's queue to another CPU. */
static void test_migrated(void **state)
{
    (void)state;
    machine(2, 2);
    guest_does = blocks;
    assert_int_equal(arch_vcpu_cpu(&vcpus[0]), 0);
    be_cpu(1);
    assert_int_equal(runstate(0).state, RUNSTATE_runnable);
    assert_true(turn(this_cpu()));
    assert_true(turn(this_cpu()));
    assert_int_equal(ran(0), 300);
    assert_int_equal(ran(1), 300);
    assert_int_equal(arch_vcpu_cpu(&vcpus[0]), 1);
    assert_all_counted(2, 600);
}

static unsigned int nr_left;

static void mixed(struct vcpu *v)
{
    clock_now += 70000;
    if ( ++nr_left % 7 == 0 )
        vcpu_block(v);
}

/* On each of two CPUs in turn: never more than one CPU's time at once here. */
static void test_no_more_than_the_cpus(void **state)
{
    (void)state;
    machine(4, 2);
    guest_does = mixed;
    for ( unsigned int i = 0; i < 2000; i++ )
    {
        uint64_t before = clock_now, sum = 0;
        bool went;

        for ( unsigned int g = 0; g < 4; g++ )
            sum += ran(g);
        be_cpu(i % 2);
        went = turn(this_cpu());
        for ( unsigned int g = 0; g < 4; g++ )
            sum -= ran(g);
        assert_int_equal(-sum, clock_now - before);
        if ( !went || i % 5 == 0 )
            vcpu_wake(&vcpus[i % 4]);
    }
    assert_true(nr_left > 1000);
}

/* ---- branch predictors ---- */

static void run_domain(unsigned int i)
{
    be_cpu(0);
    cpu[0].have_ibpb = true;
    vcpu_wake(&vcpus[i]);
    assert_true(turn(this_cpu()));
}

static void test_branches_are_forgotten(void **state)
{
    (void)state;
    machine(2, 1);
    guest_does = blocks;
    while ( turn(this_cpu()) )
        ;
    run_domain(0);
    nr_ibpb = 0;
    run_domain(0);
    assert_int_equal(nr_ibpb, 0);
    run_domain(1);
    assert_int_equal(nr_ibpb, 1);
    /* The next one to bear the number of the last is another domain. */
    domains[0].domain_id = domains[1].domain_id;
    run_domain(0);
    assert_int_equal(nr_ibpb, 2);
    run_domain(0);
    assert_int_equal(nr_ibpb, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_woken_while_paused),
        cmocka_unit_test(test_preempted),
        cmocka_unit_test(test_migrated),
        cmocka_unit_test(test_no_more_than_the_cpus),
        cmocka_unit_test(test_branches_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
