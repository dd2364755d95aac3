/* SPDX-License-Identifier: MIT */
/*
 * The bare machine's scheduler as it is, on CPUs that run at once in steps of
 * STEP_NS, with vcpus that run all the time or sleep and wake at random.  After
 * each step all runqueues are audited.
 */
#ifndef TEST_SCHED_H
#define TEST_SCHED_H

#include "test-vcpu.h"

#define MAX_TEST_CPUS 4
#define MAX_TEST_VCPUS 12
#define STEP_NS 100000UL
#define SECOND_NS 1000000000UL
#define STEPS_PER_SECOND (SECOND_NS / STEP_NS)

static void test_wrmsr(uint32_t msr, uint64_t value)
{
    (void)msr, (void)value;
}

static void test_irq_window(void) {}
static void test_irq_wait(void) {}
void domain_deliver(void) {}
void machine_poweroff(void) { abort(); }
void machine_reboot(void) { abort(); }
void machine_end_of_crash(void) { abort(); }

/* ---- a machine: each domain has as many vcpus as the test says ---- */

static struct cpu cpu[MAX_TEST_CPUS];
static struct cpu this_one; /* this_cpu() is its `self` */
static struct domain domains[MAX_TEST_VCPUS];
static struct shared_info shared;
static struct vcpu vcpus[MAX_TEST_VCPUS], *slots[MAX_TEST_VCPUS];
static unsigned int nr_vcpus, nr_domains;
static struct guest_ops test_ops;

static uint64_t ran[MAX_TEST_VCPUS];     /* ns */
static uint64_t ran_on[MAX_TEST_VCPUS];  /* a mask */
static uint64_t last_run[MAX_TEST_VCPUS], longest_wait[MAX_TEST_VCPUS];
static unsigned int sleeps[MAX_TEST_VCPUS]; /* of 1000 steps; 0: never */

static unsigned int index_of(const struct vcpu *v)
{
    return (unsigned int)(v - vcpus);
}

static void machine(unsigned int cpus_nr)
{
    memset(cpu, 0, sizeof(cpu));
    memset(domains, 0, sizeof(domains));
    memset(vcpus, 0, sizeof(vcpus));
    memset(ran, 0, sizeof(ran));
    memset(ran_on, 0, sizeof(ran_on));
    memset(longest_wait, 0, sizeof(longest_wait));
    memset(sleeps, 0, sizeof(sleeps));
    nr_vcpus = nr_domains = 0;
    clock_now = SECOND_NS;
    nr_cpus = cpus_nr;
    ratelimit_us = 0;
    for ( unsigned int i = 0; i < cpus_nr; i++ )
    {
        cpu[i] = (struct cpu){ .self = &cpu[i], .id = i, .online = true,
                               .idle = true };
        cpus[i] = &cpu[i];
        sched_cpu_init(&cpu[i]);
    }
    be_this_cpu(&this_one);
    this_one.self = &cpu[0];
}

/* A domain of nr vcpus which want to run; the first one's number. */
static unsigned int guest(unsigned int nr, unsigned int weight,
                          unsigned int cap)
{
    struct domain *d = &domains[nr_domains++];
    unsigned int first = nr_vcpus;

    d->domain_id = (domid_t)nr_domains;
    d->max_vcpus = nr;
    d->sched_weight = (uint16_t)weight;
    d->shutdown_code = NOT_SHUT_DOWN;
    d->arch.ops = &test_ops;
    d->vcpu = &slots[first];
    d->shared = &shared;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct vcpu *v = &vcpus[nr_vcpus];

        slots[nr_vcpus] = v;
        last_run[nr_vcpus++] = clock_now;
        vcpu_init(v, d, i);
        sched_vcpu_init(v);
        vcpu_up(v);
    }
    d->sched_cap = (uint16_t)cap;
    arch_domain_shares_changed(d);
    return first;
}

static void pin(unsigned int i, uint64_t mask)
{
    assert_int_equal(sched_set_affinity(&vcpus[i], mask, ~0UL), 0);
}

/* ---- the audit ---- */

static unsigned int audit_list(struct cpu *c, struct list *list,
                               enum sched_state state, unsigned int *load)
{
    unsigned int nr = 0;
    struct vcpu *v;

    list_for_each (v, list, arch.run_link)
    {
        assert_int_equal(v->arch.sched, state);
        assert_int_equal(v->arch.cpu, c->id);
        assert_true(runqueue_allows(c, v));
        assert_int_equal(v->place, VCPU_QUEUED);
        assert_int_equal(v->arch.granted, 0);
        *load += v->arch.weight;
        assert_true(!v->arch.boosted == (list != &c->rq.boosted));
        if ( list == &c->rq.queue && list->next != &v->arch.run_link )
            assert_false(share_before(
                v->arch.vtime, waiting(v->arch.run_link.prev)->arch.vtime));
        nr++;
    }
    return nr;
}

/* Would sched_must_yield() say yes, if it looked at all there is? */
static bool is_over(struct cpu *c)
{
    const struct vcpu *next = runqueue_first(c);
    uint64_t end = c->rq.slice_end;

    if ( next && next->arch.boosted )
        end = min(end, c->rq.picked + spared(next));
    return c->rq.look & RQ_AGAIN || clock_now >= c->rq.unpark_at ||
           (clock_now >= end && (next || c->rq.look & RQ_BUDGET));
}

static void audit(void)
{
    unsigned int nr = 0, on = 0, expected = 0;

    for ( unsigned int i = 0; i < nr_cpus; i++ )
    {
        struct cpu *c = &cpu[i];
        unsigned int load = c->vcpu ? c->rq.weight : 0, none = 0;
        unsigned int waits, parked;

        waits = audit_list(c, &c->rq.boosted, SCHED_QUEUED, &load) +
                audit_list(c, &c->rq.queue, SCHED_QUEUED, &load);
        parked = audit_list(c, &c->rq.parked, SCHED_PARKED, &none);
        assert_int_equal(c->rq.load, load);

        assert_int_equal(c->rq.nr, waits);
        assert_true(!parked || c->rq.look & RQ_PARKED);
        assert_true(!(c->rq.look & RQ_PARKED) == (c->rq.unpark_at == NEVER));
        assert_true(!c->vcpu == !c->rq.picked);
        if ( c->vcpu && c->rq.settled && clock_now < c->rq.slice_end )
            assert_false(is_over(c));
        nr += waits + parked;
        on += c->vcpu != NULL;
        if ( c->vcpu )
            assert_int_equal(c->vcpu->arch.sched, SCHED_ON_CPU);
    }
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        expected += vcpus[i].arch.sched != SCHED_ASLEEP;
    assert_int_equal(nr + on, expected);
}

/* ---- time goes on ---- */

static bool may_run(struct vcpu *v)
{
    return vcpu_runnable(v);
}

static void put(struct cpu *c, bool runnable)
{
    sched_put(c->vcpu, runnable);
    audit();
}

static void pick(struct cpu *c)
{
    struct vcpu *v;

    WRITE_ONCE(c->idle, false);
    while ( (v = sched_pick()) != NULL )
    {
        WRITE_ONCE(c->vcpu, v);
        v->arch.kicked = false;
        if ( may_run(v) && !sched_must_yield(v) )
            break;
        put(c, may_run(v));
    }
    if ( v )
        sched_runs(v);
    WRITE_ONCE(c->idle, v == NULL);
}

static void run_on(struct cpu *c)
{
    struct vcpu *v = c->vcpu;

    this_one.self = c;
    c->softirq_pending = false;
    if ( v )
    {
        unsigned int i = index_of(v);

        ran[i] += STEP_NS;
        ran_on[i] |= 1UL << c->id;
        longest_wait[i] = max(longest_wait[i], clock_now - last_run[i]);
        last_run[i] = clock_now;
        if ( sleeps[i] && (unsigned int)random() % 1000 < sleeps[i] )
            v->flags |= VCPU_BLOCKED;
        v->arch.kicked = false;
        if ( !may_run(v) || sched_must_yield(v) )
            put(c, may_run(v));
    }
    if ( !c->vcpu )
        pick(c);
}

static void wake_some(void)
{
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        if ( sleeps[i] && vcpus[i].flags & VCPU_BLOCKED && random() % 20 == 0 )
            vcpu_wake(&vcpus[i]);
}

static void run_steps(unsigned long nr)
{
    for ( unsigned long i = 0; i < nr; i++ )
    {
        clock_now += STEP_NS;
        for ( unsigned int j = 0; j < nr_cpus; j++ )
            run_on(&cpu[j]);
        wake_some();
        audit();
    }
}

/* After a time in which what was before loses its meaning. */
static void run_seconds(unsigned int nr)
{
    run_steps(STEPS_PER_SECOND / 5);
    memset(ran, 0, sizeof(ran));
    memset(ran_on, 0, sizeof(ran_on));
    memset(longest_wait, 0, sizeof(longest_wait));
    run_steps(nr * STEPS_PER_SECOND);
}

#endif
