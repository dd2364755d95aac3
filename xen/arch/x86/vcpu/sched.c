/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which CPU a vcpu waits for, and for how long a CPU keeps it.
 * See x86/sched.h for a vcpu's states, x86/runqueue.h for the order in which
 * vcpus run, x86/share.h for weights and caps, x86/placement.h for the choice
 * among CPUs.
 *
 * A vcpu belongs to one CPU, v->arch.cpu.  The runqueue lock of that CPU
 * protects v->arch.sched and v's place in the queue.  v->arch.cpu changes while
 * v is in no queue, with the runqueue locks of both CPUs held.  `kicked`
 * closes the gap between checking the reasons to run and going to sleep: a CPU
 * that makes v runnable sets `kicked` first, and a vcpu with `kicked` set is
 * not put to sleep.
 *
 * A woken vcpu (boosted, see runqueue.c) stops a vcpu that runs.  A vcpu of the
 * control domain lets a guest that runs finish RUN_NS first: otherwise a guest
 * whose buffered writes each wake a device model would be interrupted at each
 * write.  With a rate limit any vcpu may finish that time.
 *
 * Except while its vcpu runs, no vcpu is on or waits for a CPU that is not in
 * v->arch.may.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/timer.h>
#include <hv/trace.h>

#include <x86/placement.h>
#include <x86/platform.h>
#include <x86/runqueue.h>
#include <x86/sched.h>
#include <x86/smp.h>

#define RUN_NS 50000UL
#define NS_PER_US 1000UL

static uint32_t ratelimit_us; /* [a] */

void sched_set_ratelimit(uint32_t us)
{
    WRITE_ONCE(ratelimit_us, us);
}

void sched_cpu_init(struct cpu *c)
{
    runqueue_init(c);
}

void sched_vcpu_init(struct vcpu *v)
{
    struct cpu *c = cpu_quietest(cpus_all());

    list_init(&v->arch.run_link);
    v->arch.sched = SCHED_ASLEEP;
    v->arch.may = v->arch.prefer = cpus_all();
    v->arch.cpu = c->id;
    v->arch.vtime = READ_ONCE(c->rq.clock);
}

/* ---- runstates and idle time, for the core ---- */

void sched_runs(struct vcpu *v)
{
    runqueue_place(v, VCPU_ON_CPU);
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

/* ---- waking ---- */

/* The CPU for v, which sleeps on c: an idle CPU if c is busy and one is idle. */
static struct cpu *best_cpu(struct cpu *c, const struct vcpu *v)
{
    bool preferred = v->arch.prefer >> c->id & 1;
    struct cpu *other;

    if ( preferred && (v->arch.pinned || READ_ONCE(c->idle) ||
                       c == this_cpu()) )
        return c;
    other = cpu_idle(v->arch.prefer);
    if ( !other )
        other = cpu_idle(v->arch.may);
    if ( other )
        return other;
    return preferred ? c : cpu_quietest(v->arch.prefer);
}

/* v, on c's runqueue, waits on `to`.  The locks of both are held. */
static inline_fn void wake_on(struct cpu *c, struct cpu *to, struct vcpu *v)
{
    trace(ORIEL_TRACE_wake, v, 0, to->id, 0);
    if ( to != c )
        runqueue_change(v, c, to);
    v->arch.boosted = true;
    runqueue_add(to, v, now_ns());
    runqueue_place(v, VCPU_QUEUED);
}

/*
 * No vcpu of a dying domain is queued again: sched_vcpu_remove() runs after the
 * domain became dying.
 */
static bool can_wake(const struct vcpu *v)
{
    return v->arch.sched == SCHED_ASLEEP && !domain_is_dying(v->domain);
}

/*
 * c is locked, and unlocked afterwards.  False: v was woken, moved or bound to
 * other CPUs meanwhile; look again.
 */
static noinline_fn bool wake_elsewhere(struct cpu *c, struct cpu *to,
                                       struct vcpu *v)
{
    bool done;

    spin_unlock(&c->rq.lock);
    spin_lock_two(&c->rq.lock, &to->rq.lock);
    done = v->arch.cpu == c->id && can_wake(v) && runqueue_allows(to, v);
    if ( done )
        wake_on(c, to, v);
    spin_unlock_two(&c->rq.lock, &to->rq.lock);
    return done;
}

void sched_wake(struct vcpu *v)
{
    struct cpu *c, *to;

    do {
        c = to = runqueue_lock_of(v);
        if ( !can_wake(v) )
        {
            bool waits = v->arch.sched == SCHED_QUEUED ||
                         v->arch.sched == SCHED_PARKED;

            spin_unlock(&c->rq.lock);
            /* A vcpu that waits checks its reasons to run at its turn. */
            if ( waits )
                return;
            break;
        }
        to = best_cpu(c, v);
        if ( likely(to == c) )
        {
            wake_on(c, c, v);
            spin_unlock(&c->rq.lock);
            break;
        }
    } while ( !wake_elsewhere(c, to, v) );
    cpu_raise_softirq(to);
}

/* ---- the CPU's side ---- */

/* A vcpu that may use `mask` waits: wake an idle CPU, which may steal it. */
static void wake_idle_cpu(uint64_t mask)
{
    struct cpu *other = cpu_idle(mask);

    if ( other )
        cpu_raise_softirq(other);
}

/*
 * While others wait the timer fires at the end of c's turn at the latest.  If it
 * fires earlier, sched_must_yield() sets it again.
 */
static void arm_turn(struct cpu *c, uint64_t now)
{
    /* A time that has passed, since its interrupt was lost, is far away here. */
    if ( READ_ONCE(c->rq.look) || c->timer_due - now > c->rq.slice_end - now )
        timer_rearm(c);
}

/* The next vcpu of c's own queue.  Was it woken? */
static struct vcpu *pick_own(struct cpu *c, uint64_t now, bool *woken)
{
    struct vcpu *v;
    bool more;

    spin_lock(&c->rq.lock);
    more = runqueue_unpark(c, now);
    while ( (v = runqueue_first(c)) != NULL )
    {
        *woken = v->arch.boosted;
        if ( runqueue_take(c, v, now) )
            break;
    }
    more = more && c->rq.nr;
    spin_unlock(&c->rq.lock);
    if ( unlikely(more) )
        wake_idle_cpu(cpus_all());
    return v;
}

struct vcpu *sched_pick(void)
{
    struct cpu *c = this_cpu();
    uint64_t now = now_ns();
    bool woken = false;
    struct vcpu *v = pick_own(c, now, &woken);

    if ( nr_cpus > 1 )
    {
        if ( !v )
            v = cpu_steal(c, now);
        else if ( !woken && READ_ONCE(c->rq.nr) )
            cpu_balance(c, now);
    }
    if ( runqueue_wants_look(c) )
        arm_turn(c, now);
    if ( !v )
        return NULL;
    trace(ORIEL_TRACE_pick, v, 0, 0, 0);
    WRITE_ONCE(v->arch.on_cpu, true);
    /*
     * on_cpu is set before the run loop reads v's pause counts.  A CPU that
     * pauses v increments the count before it reads on_cpu.
     */
    smp_mb();
    return v;
}

/* v, which c has run, belongs to `to` from now on.  Both are locked. */
static inline_fn void put_on(struct cpu *c, struct cpu *to, struct vcpu *v,
                             bool runnable, uint64_t now)
{
    runqueue_stop(c, v, now);
    /* Before on_cpu is cleared: a CPU that waits for that reads v's times. */
    runqueue_place(v, runnable ? VCPU_QUEUED : VCPU_ASIDE);
    /* Before v is queued: this CPU is done with v when another picks it. */
    store_release(&v->arch.on_cpu, false);
    smp_mb();
    if ( to != c )
        runqueue_change(v, c, to);
    if ( (runnable || READ_ONCE(v->arch.kicked)) &&
         !domain_is_dying(v->domain) )
    {
        runqueue_add(to, v, now);
        runqueue_place(v, VCPU_QUEUED);
    }
    else
        runqueue_sleep(v);
}

/* v may not use c any more, which is locked, and unlocked afterwards. */
static noinline_fn void put_elsewhere(struct cpu *c, struct vcpu *v,
                                      bool runnable, uint64_t now)
{
    struct cpu *to = c;

    do {
        spin_unlock_two(&c->rq.lock, &to->rq.lock);
        to = cpu_quietest(READ_ONCE(v->arch.prefer));
        spin_lock_two(&c->rq.lock, &to->rq.lock);
    } while ( !runqueue_allows(to, v) );
    put_on(c, to, v, runnable, now);
    spin_unlock_two(&c->rq.lock, &to->rq.lock);
    cpu_raise_softirq(to);
}

void sched_put(struct vcpu *v, bool runnable)
{
    struct cpu *c = this_cpu();
    uint64_t now = now_ns(), may = 0;

    trace_put(v, runnable);
    WRITE_ONCE(c->vcpu, NULL);
    spin_lock(&c->rq.lock);
    if ( runnable && !v->arch.pinned )
        may = v->arch.may;
    if ( unlikely(!runqueue_allows(c, v)) )
        put_elsewhere(c, v, runnable, now);
    else
    {
        put_on(c, c, v, runnable, now);
        spin_unlock(&c->rq.lock);
    }
    /* v may have been freed. */
    if ( may )
        wake_idle_cpu(may);
}

/* ns of a turn that are not cut short for the boosted v, which waits. */
static uint64_t spared(const struct vcpu *v)
{
    uint64_t limit = READ_ONCE(ratelimit_us) * NS_PER_US;

    return is_control_domain(v->domain) ? max(RUN_NS, limit) : limit;
}

static bool turn_is_over(struct cpu *c)
{
    struct runqueue *rq = &c->rq;
    uint64_t now = now_ns();
    const struct vcpu *next;
    bool over, more;

    spin_lock(&rq->lock);
    more = runqueue_unpark(c, now);
    next = runqueue_first(c);
    if ( next && next->arch.boosted )
        rq->slice_end = min(rq->slice_end, rq->picked + spared(next));
    over = rq->look & RQ_AGAIN ||
           (now >= rq->slice_end && (next || rq->look & RQ_BUDGET));
    WRITE_ONCE(rq->settled, !(rq->look & RQ_PARKED));
    spin_unlock(&rq->lock);
    if ( !over )
        arm_turn(c, now);
    if ( unlikely(more) )
        wake_idle_cpu(cpus_all());
    return over;
}

bool sched_must_yield(const struct vcpu *v)
{
    struct cpu *c = this_cpu();

    (void)v;
    if ( likely(!runqueue_wants_look(c)) ||
         (READ_ONCE(c->rq.settled) && now_ns() < c->rq.slice_end) )
        return false;
    return turn_is_over(c);
}

/* ---- kept off all CPUs ---- */

/* While the runqueue of v's CPU is locked no CPU can pick v. */
bool sched_freeze(struct vcpu *v)
{
    struct cpu *c = runqueue_lock_of(v);

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
        struct cpu *c = runqueue_lock_of(v);
        bool gone = v->arch.sched != SCHED_ON_CPU;

        if ( v->arch.sched == SCHED_QUEUED || v->arch.sched == SCHED_PARKED )
            runqueue_remove(c, v);
        spin_unlock(&c->rq.lock);
        if ( gone )
            return;
        cpu_raise_softirq(c);
        cpu_relax();
    }
}
