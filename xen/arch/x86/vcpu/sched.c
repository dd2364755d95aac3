/* SPDX-License-Identifier: MIT */
/*
 * The scheduler.  See x86/sched.h for a vcpu's states.
 *
 * A vcpu belongs to one CPU, v->arch.cpu.  The runqueue lock of that CPU
 * protects v->arch.sched and v's place in the queue.  v->arch.cpu changes while
 * v is asleep or queued, with the runqueue locks of both CPUs held.  `kicked`
 * closes the gap between checking the reasons to run and going to sleep: a CPU
 * that makes v runnable sets `kicked` first, and a vcpu with `kicked` set is
 * not put to sleep.
 *
 * A vcpu that was woken is *boosted*: it runs before the others, so that I/O is
 * fast.  A vcpu that wakes all the time must not starve the others, so on each
 * CPU the boosted vcpus of guests together get BOOST_NS of each PERIOD_NS; a
 * vcpu that is woken when this is used up queues behind the others.  Vcpus of
 * the control domain are boosted without that limit, but let a guest that runs
 * finish RUN_NS first: otherwise a guest whose buffered writes each wake a
 * device model would be interrupted at each write.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/timer.h>
#include <hv/trace.h>

#include <x86/platform.h>
#include <x86/sched.h>
#include <x86/smp.h>

#define SLICE_NS 10000000UL /* length of a turn while other vcpus wait */
#define RUN_NS 50000UL
#define PERIOD_NS 20000000UL
#define BOOST_NS 10000000UL

void sched_cpu_init(struct cpu *c)
{
    spin_lock_init(&c->rq.lock, LOCK_ARCH);
    list_init(&c->rq.queue);
}

/* The CPU with the fewest vcpus to run. */
static unsigned int quietest_cpu(void)
{
    unsigned int best = this_cpu()->id, least = ~0U;
    struct cpu *c;

    for_each_cpu (c)
    {
        unsigned int load = READ_ONCE(c->rq.nr) +
                            (READ_ONCE(c->vcpu) != NULL);

        if ( load < least )
        {
            least = load;
            best = c->id;
        }
    }
    return best;
}

void sched_vcpu_init(struct vcpu *v)
{
    list_init(&v->arch.run_link);
    v->arch.sched = SCHED_ASLEEP;
    v->arch.cpu = quietest_cpu();
}

/* ---- runstates and idle time, for the core ---- */

static void set_place(struct vcpu *v, enum vcpu_place place)
{
    if ( READ_ONCE(v->place) != place )
        vcpu_placed(v, place);
}

static void set_state(struct vcpu *v, enum sched_state state)
{
    v->arch.sched = state;
    /*
     * SCHED_ON_CPU is not `running` yet: the run loop may find v paused.
     * sched_runs() reports it at the entry.
     */
    if ( state != SCHED_ON_CPU )
        set_place(v, state == SCHED_QUEUED ? VCPU_QUEUED : VCPU_ASIDE);
}

void sched_runs(struct vcpu *v)
{
    set_place(v, VCPU_ON_CPU);
}

void sched_idle(struct cpu *c, bool idle)
{
    uint64_t now = now_ns();

    spin_lock(&c->rq.lock);
    if ( !idle )
        c->rq.idle_ns += now - c->rq.idle_since;
    c->rq.idle_since = idle ? now : 0;
    spin_unlock(&c->rq.lock);
}

uint64_t arch_cpu_idle_ns(unsigned int cpu)
{
    struct cpu *c = cpus[cpu];
    uint64_t ns;

    spin_lock(&c->rq.lock);
    ns = c->rq.idle_ns;
    if ( c->rq.idle_since )
        ns += now_ns() - c->rq.idle_since;
    spin_unlock(&c->rq.lock);
    return ns;
}

unsigned int arch_vcpu_cpu(const struct vcpu *v)
{
    return READ_ONCE(v->arch.cpu);
}

/* ---- queues ---- */

/* Lock the runqueue of v's CPU; v may move until the lock is held. */
static struct cpu *lock_rq_of(struct vcpu *v)
{
    for ( ;; )
    {
        struct cpu *c = cpus[READ_ONCE(v->arch.cpu)];

        spin_lock(&c->rq.lock);
        if ( likely(READ_ONCE(v->arch.cpu) == c->id) )
            return c;
        spin_unlock(&c->rq.lock);
    }
}

/* ns that boosted vcpus of guests may still run on c; c's lock is held. */
static uint64_t boost_left(struct cpu *c, uint64_t now)
{
    if ( now >= c->rq.period_end )
    {
        c->rq.period_end = now + PERIOD_NS;
        c->rq.boost_used = 0;
    }
    return c->rq.boost_used < BOOST_NS ? BOOST_NS - c->rq.boost_used : 0;
}

/* A boosted vcpu goes behind the last boosted one, any other to the end. */
static void enqueue(struct cpu *c, struct vcpu *v)
{
    struct list *pos = &c->rq.queue;

    if ( v->arch.boosted && !is_control_domain(v->domain) )
        v->arch.boosted = boost_left(c, now_ns()) != 0;
    if ( v->arch.boosted )
        for ( pos = c->rq.queue.next; pos != &c->rq.queue; pos = pos->next )
            if ( !list_entry(pos, struct vcpu, arch.run_link)->arch.boosted )
                break;
    list_add_tail(&v->arch.run_link, pos);
    set_state(v, SCHED_QUEUED);
    WRITE_ONCE(c->rq.nr, c->rq.nr + 1);
}

static void dequeue(struct cpu *c, struct vcpu *v)
{
    list_del(&v->arch.run_link);
    WRITE_ONCE(c->rq.nr, c->rq.nr - 1);
}

static struct vcpu *first_queued(struct cpu *c)
{
    return list_empty(&c->rq.queue)
               ? NULL
               : list_entry(c->rq.queue.next, struct vcpu, arch.run_link);
}

/* ---- waking ---- */

/* The CPU for v, which sleeps on c: an idle CPU if c is busy and one is idle. */
static struct cpu *best_cpu(struct cpu *c, const struct vcpu *v)
{
    struct cpu *other;

    if ( v->arch.pinned || READ_ONCE(c->idle) || c == this_cpu() )
        return c;
    for_each_cpu (other)
        if ( READ_ONCE(other->idle) && !READ_ONCE(other->rq.nr) )
            return other;
    return c;
}

/* Queue v on c.  The locks of c and of the CPU that v slept on are held. */
static void wake_on(struct cpu *c, struct vcpu *v)
{
    trace(ORIEL_TRACE_wake, v, 0, c->id, 0);
    WRITE_ONCE(v->arch.cpu, c->id);
    v->arch.boosted = true;
    enqueue(c, v);
}

/*
 * No vcpu of a dying domain is queued again: sched_vcpu_remove() runs after the
 * domain became dying.
 */
static bool can_wake(const struct vcpu *v)
{
    return v->arch.sched == SCHED_ASLEEP && !domain_is_dying(v->domain);
}

void sched_wake(struct vcpu *v)
{
    struct cpu *c = lock_rq_of(v), *to = c;
    /* A queued vcpu checks its reasons to run at its turn; others now. */
    bool tell = v->arch.sched != SCHED_QUEUED;

    if ( can_wake(v) )
        to = best_cpu(c, v);
    if ( to != c )
    {
        spin_unlock(&c->rq.lock);
        spin_lock_two(&c->rq.lock, &to->rq.lock);
        /* Another CPU may have woken or moved v while no lock was held. */
        if ( v->arch.cpu == c->id && can_wake(v) )
            wake_on(to, v);
        spin_unlock(&c->rq.lock);
    }
    else if ( can_wake(v) )
        wake_on(c, v);
    spin_unlock(&to->rq.lock);
    if ( tell )
        cpu_raise_softirq(to);
}

/* ---- the CPU's side ---- */

/* Take a queued vcpu from another CPU for c; NULL: there is none. */
static struct vcpu *steal(struct cpu *c)
{
    struct cpu *from;

    for_each_cpu (from)
    {
        struct vcpu *v;
        bool found = false;

        if ( from == c || !READ_ONCE(from->rq.nr) )
            continue;
        spin_lock_two(&from->rq.lock, &c->rq.lock);
        list_for_each (v, &from->rq.queue, arch.run_link)
            if ( !v->arch.pinned )
            {
                found = true;
                break;
            }
        if ( found )
        {
            dequeue(from, v);
            WRITE_ONCE(v->arch.cpu, c->id);
            set_state(v, SCHED_ON_CPU);
        }
        spin_unlock_two(&from->rq.lock, &c->rq.lock);
        if ( found )
            return v;
    }
    return NULL;
}

/* Set the end of the turn that v begins on c. */
static void begin_slice(struct cpu *c, struct vcpu *v)
{
    uint64_t now = now_ns(), slice = SLICE_NS;

    c->rq.boost_since = 0;
    if ( v->arch.boosted && !is_control_domain(v->domain) )
    {
        c->rq.boost_since = now;
        spin_lock(&c->rq.lock);
        slice = min(slice, boost_left(c, now));
        spin_unlock(&c->rq.lock);
    }
    v->arch.boosted = false;
    c->rq.picked = now;
    c->rq.slice_end = now + slice;
}

struct vcpu *sched_pick(void)
{
    struct cpu *c = this_cpu();
    struct vcpu *v;

    spin_lock(&c->rq.lock);
    v = first_queued(c);
    if ( v )
    {
        dequeue(c, v);
        set_state(v, SCHED_ON_CPU);
    }
    spin_unlock(&c->rq.lock);
    if ( !v && nr_cpus > 1 )
        v = steal(c);
    if ( !v )
        return NULL;
    begin_slice(c, v);
    trace(ORIEL_TRACE_pick, v, 0, 0, 0);
    WRITE_ONCE(v->arch.on_cpu, true);
    /*
     * on_cpu is set before the run loop reads v's pause counts.  A CPU that
     * pauses v increments the count before it reads on_cpu.
     */
    smp_mb();
    if ( READ_ONCE(c->rq.nr) )
        timer_rearm(c);
    return v;
}

/* A vcpu is runnable on this CPU's queue: wake an idle CPU, which may steal it. */
static void wake_idle_cpu(void)
{
    struct cpu *other;

    for_each_cpu (other)
        if ( READ_ONCE(other->idle) )
        {
            cpu_raise_softirq(other);
            return;
        }
}

void sched_put(struct vcpu *v, bool runnable)
{
    struct cpu *c = this_cpu();
    bool dying = domain_is_dying(v->domain), movable = !v->arch.pinned;

    trace_put(v, runnable);
    WRITE_ONCE(c->vcpu, NULL);
    spin_lock(&c->rq.lock);
    if ( c->rq.boost_since )
        c->rq.boost_used += now_ns() - c->rq.boost_since;
    /* Before on_cpu is cleared: a CPU that waits for that reads v's times. */
    set_place(v, runnable ? VCPU_QUEUED : VCPU_ASIDE);
    /* Before v is queued: this CPU is done with v when another picks it. */
    store_release(&v->arch.on_cpu, false);
    smp_mb();
    if ( (runnable || READ_ONCE(v->arch.kicked)) && !dying )
        enqueue(c, v);
    else
        set_state(v, SCHED_ASLEEP);
    spin_unlock(&c->rq.lock);
    /* v may have been freed. */
    if ( runnable && movable )
        wake_idle_cpu();
}

/* ns of a turn that are not cut short for the boosted v, which waits. */
static uint64_t spared(const struct vcpu *v)
{
    return is_control_domain(v->domain) ? RUN_NS : 0;
}

bool sched_must_yield(const struct vcpu *v)
{
    struct cpu *c = this_cpu();
    const struct vcpu *next;
    bool yield;

    (void)v;
    if ( likely(!READ_ONCE(c->rq.nr)) )
        return false;
    spin_lock(&c->rq.lock);
    next = first_queued(c);
    if ( next && next->arch.boosted )
        c->rq.slice_end = min(c->rq.slice_end, c->rq.picked + spared(next));
    yield = next && now_ns() >= c->rq.slice_end;
    spin_unlock(&c->rq.lock);
    if ( !yield )
        timer_rearm(c);
    return yield;
}

void sched_pin(struct vcpu *v, unsigned int cpu)
{
    struct cpu *c = lock_rq_of(v);

    BUG_ON(v->arch.sched != SCHED_ASLEEP);
    v->arch.pinned = true;
    WRITE_ONCE(v->arch.cpu, cpu);
    spin_unlock(&c->rq.lock);
}

/* While the runqueue of v's CPU is locked no CPU can pick v. */
bool sched_freeze(struct vcpu *v)
{
    struct cpu *c = lock_rq_of(v);

    if ( v->arch.sched != SCHED_ON_CPU )
        return true;
    spin_unlock(&c->rq.lock);
    return false;
}

void sched_unfreeze(struct vcpu *v)
{
    spin_unlock(&cpus[v->arch.cpu]->rq.lock);
}

/* ---- the end of a vcpu ---- */

void sched_vcpu_remove(struct vcpu *v)
{
    for ( ;; )
    {
        struct cpu *c = lock_rq_of(v);
        bool gone = v->arch.sched != SCHED_ON_CPU;

        if ( v->arch.sched == SCHED_QUEUED )
        {
            dequeue(c, v);
            set_state(v, SCHED_ASLEEP);
        }
        spin_unlock(&c->rq.lock);
        if ( gone )
            return;
        cpu_raise_softirq(c);
        cpu_relax();
    }
}
