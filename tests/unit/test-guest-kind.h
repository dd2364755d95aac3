/* SPDX-License-Identifier: MIT */
/*
 * A second kind of guest: what its vcpus do is a script, and the run loop, the
 * scheduler and stop_machine run them as they run HVM guests, by the operations
 * of x86/guest.h alone.  Each operation looks whether that header's promises
 * are kept.
 */
#ifndef TEST_GUEST_KIND_H
#define TEST_GUEST_KIND_H

#include <pthread.h>

#include "test-vcpu.h"

#define NR_CPUS 3
#define NR_GUESTS 6
#define START 1U /* for start(): any bit will do */

/* ---- the kind ---- */

enum act {
    OVER,   /* of the script: blocks, and stays there */
    SPIN,   /* 1 ms of work       */
    ASK,    /* of a device model  */
    BLOCK,  /* until it is woken  */
    PAUSE,  /* somebody pauses it */
    DIE,    /* so does its domain */
    STOP,   /* stop_machine       */
    SPINS,  /* SPIN for ever      */
    RANDOM, /* any of SPIN, ASK, BLOCK, STOP, for ever */
};

/* What is known of one vcpu; [a] throughout. */
static struct guest {
    enum act script[8];
    unsigned int at, seed;
    unsigned int inside, loaded; /* number of the CPU + 1 */
    unsigned int runs, loads, saves, starts, resumes, contexts;
    unsigned int created, destroyed, relinquished;
    unsigned int answers; /* by the device model */
    bool quick;            /* it answers before the vcpu has left the guest */
    unsigned int accesses; /* of an instruction, for whose answers it looks */
} guests[NR_GUESTS];

static struct cpu cpu[NR_CPUS + 1]; /* the last one: who looks on */
static struct domain domains[NR_GUESTS];
static struct shared_info shared;
static struct vcpu *vcpu_of[NR_GUESTS];
static unsigned int nr_stops, nr_refs;
static struct vcpu *lingers;     /* [a] in the guest until it is kicked out */
static struct vcpu *kicked_late; /* after it looked whether it is */
static bool over;
static jmp_buf ended;

enum { POWEROFF = 1, REBOOT, CRASH };

static struct guest *of(const struct vcpu *v)
{
    return &guests[v->domain - domains];
}

static unsigned int me(void)
{
    return this_cpu()->id + 1;
}

static void count(unsigned int *n)
{
    atomic_add_return(n, 1);
}

static int scripted_domain_create(struct domain *d)
{
    return d->direct_mapped ? -EINVAL : 0; /* such ones it has none of */
}

static int scripted_domain_relinquish(struct domain *d)
{
    count(&guests[d - domains].relinquished);
    return 0;
}

static void scripted_domain_destroy(struct domain *d)
{
    guests[d - domains].relinquished = 0;
}

static int scripted_vcpu_create(struct vcpu *v)
{
    count(&of(v)->created);
    return 0;
}

static void scripted_vcpu_destroy(struct vcpu *v)
{
    count(&of(v)->destroyed);
}

static int scripted_set_context(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    (void)c;
    assert_false(v->arch.on_cpu);
    assert_int_equal(this_cpu()->nr_held, 1); /* it is frozen */
    count(&of(v)->contexts);
    return 0;
}

static void scripted_get_context(struct vcpu *v, struct hvm_hw_cpu *c)
{
    (void)v, (void)c;
}

static void scripted_load(struct vcpu *v)
{
    assert_int_equal(atomic_xchg(&of(v)->loaded, me()), 0);
    assert_ptr_equal(current, v); /* or nothing in load() would give way */
    count(&of(v)->loads);
}

static void scripted_save(struct vcpu *v)
{
    assert_int_equal(atomic_xchg(&of(v)->loaded, 0), me());
    count(&of(v)->saves);
}

static void scripted_start(struct vcpu *v)
{
    assert_int_equal(of(v)->loaded, me());
    assert_int_equal(atomic_xchg(&v->arch.start, 0), START);
    count(&of(v)->starts);
    vcpu_up(v);
}

static bool scripted_resume(struct vcpu *v)
{
    assert_int_equal(of(v)->loaded, me());
    assert_true(ioreq_in_flight(v));
    count(&of(v)->resumes);
    if ( of(v)->accesses )
    {
        v->io.look.active = --of(v)->accesses != 0;
        WRITE_ONCE(v->io.pending, v->io.look.active);
        return !v->io.look.active;
    }
    if ( !atomic_xchg(&of(v)->answers, 0) )
        return false;
    WRITE_ONCE(v->io.pending, 0);
    return true;
}

static bool scripted_interrupt_pending(const struct vcpu *v)
{
    return v == NULL;
}

static int scripted_copy(struct vcpu *v, void *dst, uint64_t src, size_t bytes)
{
    assert_ptr_equal(v, current);
    memcpy(dst, (const void *)src, bytes);
    return 0;
}

static int scripted_copy_out(struct vcpu *v, uint64_t dst, const void *src,
                             size_t bytes)
{
    return scripted_copy(v, (void *)dst, (uint64_t)src, bytes);
}

static void scripted_audit_refs(audit_count_t report)
{
    (void)report;
    nr_refs++;
}

static unsigned int all_runs(void)
{
    unsigned int sum = 0;

    for ( unsigned int i = 0; i < NR_GUESTS; i++ )
        sum += READ_ONCE(guests[i].runs);
    return sum;
}

/* While the machine is stopped no other vcpu is on a CPU, or gets there. */
static void stop_the_machine(void)
{
    unsigned int before;
    struct cpu *c;

    if ( arch_stop_machine() )
        return; /* somebody else does */
    before = all_runs();
    for ( unsigned int i = 0; i < 100; i++ )
    {
        for_each_cpu (c)
            if ( c != this_cpu() )
                assert_null(READ_ONCE(c->vcpu));
        for ( unsigned int g = 0; g < NR_GUESTS; g++ )
            if ( READ_ONCE(guests[g].inside) != me() )
                assert_int_equal(READ_ONCE(guests[g].inside), 0);
        sched_yield();
    }
    assert_int_equal(all_runs(), before);
    count(&nr_stops);
    arch_start_machine();
}

static enum act next_act(struct guest *g)
{
    static const enum act any[] = { SPIN, SPIN, SPIN, ASK, BLOCK, STOP };

    if ( g->script[g->at] == SPINS )
        return SPIN;
    if ( g->script[g->at] != RANDOM )
        return g->script[g->at++];
    g->seed = g->seed * 1103515245U + 12345U;
    return any[(g->seed >> 16) % ARRAY_SIZE(any)];
}

static void do_act(struct vcpu *v, enum act what)
{
    switch ( what )
    {
    case OVER:
        of(v)->at--;
        vcpu_block(v);
        break;
    case SPIN:
        atomic_add_return(&clock_now, 1000000);
        break;
    case ASK:
        WRITE_ONCE(v->io.pending, 1);
        v->io.look.active = of(v)->accesses != 0;
        if ( of(v)->quick )
        {
            count(&of(v)->answers);
            arch_vcpu_kick(v);
        }
        break;
    case BLOCK:
        vcpu_block(v);
        break;
    case PAUSE:
        vcpu_pause_nosync(v);
        break;
    case DIE:
        WRITE_ONCE(v->domain->state, (uint8_t)DOM_DYING);
        kicked_late = v;
        cpu_raise_softirq(this_cpu());
        break;
    case STOP:
        stop_the_machine();
        break;
    default:
        fail();
    }
}

/* As a guest that waits for nothing; the way out takes its time. */
static void linger(struct cpu *c)
{
    while ( !READ_ONCE(c->softirq_pending) )
        sched_yield();
    for ( unsigned int i = 0; i < 100; i++ )
        sched_yield();
}

/* In one place at a time, and all that x86/guest.h promises. */
static void scripted_run(struct vcpu *v, bool flush_tlb)
{
    struct guest *g = of(v);
    struct cpu *c = this_cpu();
    enum act what;

    (void)flush_tlb;
    assert_int_equal(atomic_xchg(&g->inside, me()), 0);
    assert_true(v->arch.in_guest && v->arch.on_cpu && v->arch.loaded);
    assert_true(current == v && c->loaded == v && g->loaded == me());
    assert_true(!c->nr_held && !ioreq_in_flight(v) && !v->arch.start);
    if ( READ_ONCE(lingers) == v )
        linger(c);
    what = next_act(g);
    store_release(&v->arch.in_guest, false);
    count(&g->runs);
    do_act(v, what);
    assert_int_equal(atomic_xchg(&g->inside, 0), me());
}

static bool serves_all(const struct domain *d)
{
    return d != NULL;
}

static bool serves_none(const struct domain *d)
{
    return d == NULL;
}

static const struct guest_ops scripted = {
    .name = "scripted",
    .serves = serves_all,
    .domain_create = scripted_domain_create,
    .domain_relinquish = scripted_domain_relinquish,
    .domain_destroy = scripted_domain_destroy,
    .vcpu_create = scripted_vcpu_create,
    .vcpu_destroy = scripted_vcpu_destroy,
    .set_context = scripted_set_context,
    .get_context = scripted_get_context,
    .load = scripted_load,
    .save = scripted_save,
    .start = scripted_start,
    .resume = scripted_resume,
    .run = scripted_run,
    .interrupt_pending = scripted_interrupt_pending,
    .copy_in = scripted_copy,
    .copy_out = scripted_copy_out,
    .audit_refs = scripted_audit_refs,
};

/* A kind that is there too; it has no domains, so nothing of it is called. */
static const struct guest_ops other = {
    .name = "other", .serves = serves_none, .audit_refs = scripted_audit_refs,
};

/* ---- the machine ---- */

static void test_wrmsr(uint32_t msr, uint64_t value)
{
    (void)msr, (void)value;
}

/* Between two vcpus is where a thread that is a CPU may end. */
static void test_irq_window(void)
{
    if ( load_acquire(&over) && !this_cpu()->vcpu )
        pthread_exit(NULL);
}

static void test_irq_wait(void)
{
    struct cpu *c = this_cpu();

    while ( !READ_ONCE(c->softirq_pending) && !READ_ONCE(c->rq.nr) &&
            !load_acquire(&over) )
        sched_yield();
}

void domain_deliver(void)
{
    if ( kicked_late )
        WRITE_ONCE(kicked_late->arch.kicked, true);
}

void machine_poweroff(void) { longjmp(ended, POWEROFF); }
void machine_reboot(void) { longjmp(ended, REBOOT); }
void machine_end_of_crash(void) { longjmp(ended, CRASH); }

static void be_cpu(unsigned int i)
{
    be_this_cpu(&cpu[i]);
}

static void create_guest(unsigned int i)
{
    struct domain *d = &domains[i];

    d->domain_id = (domid_t)(i + 1);
    d->serial = i + 1;
    d->max_vcpus = 1;
    d->sched_weight = 256;
    d->shutdown_code = NOT_SHUT_DOWN;
    d->vcpu = &vcpu_of[i];
    d->shared = &shared;
    assert_int_equal(arch_domain_create(d), 0);
    assert_int_equal(vcpu_create(d, 0), 0);
}

/* So many guests, down, on so many CPUs; this thread is CPU 0. */
static void machine(unsigned int nr_guests, unsigned int nr)
{
    memset(cpu, 0, sizeof(cpu));
    memset(guests, 0, sizeof(guests));
    memset(domains, 0, sizeof(domains));
    memset(vcpu_of, 0, sizeof(vcpu_of));
    clock_now = 1000;
    over = false;
    nr_stops = nr_refs = 0;
    kicked_late = lingers = NULL;
    nr_cpus = nr;
    nr_kinds = 0;
    guest_register(&other);
    guest_register(&scripted);
    for ( unsigned int i = 0; i <= NR_CPUS; i++ )
    {
        cpu[i] = (struct cpu){ .self = &cpu[i], .id = i, .online = i < nr };
        cpus[i] = i < nr ? &cpu[i] : NULL;
        sched_cpu_init(&cpu[i]);
    }
    be_cpu(0);
    for ( unsigned int i = 0; i < nr_guests; i++ )
        create_guest(i);
}

/* The end of all of them, from any state. */
static void unmake(void)
{
    for ( unsigned int i = 0; i < NR_GUESTS && vcpu_of[i]; i++ )
    {
        WRITE_ONCE(domains[i].state, (uint8_t)DOM_DYING);
        assert_int_equal(arch_domain_relinquish(&domains[i]), 0);
        assert_int_equal(guests[i].relinquished, 1);
        vcpu_destroy(vcpu_of[i]);
        arch_domain_destroy(&domains[i]);
        assert_int_equal(guests[i].relinquished, 0);
        assert_int_equal(guests[i].created, 1);
        assert_int_equal(guests[i].destroyed, 1);
        assert_int_equal(guests[i].loads, guests[i].saves);
    }
}

static struct vcpu *up(unsigned int i, const enum act *script, size_t bytes)
{
    memcpy(guests[i].script, script, bytes);
    vcpu_up(vcpu_of[i]);
    return vcpu_of[i];
}
#define UP(i, ...)                                                           \
    up(i, (const enum act[]){ __VA_ARGS__ }, sizeof((enum act[]){ __VA_ARGS__ }))

#endif
