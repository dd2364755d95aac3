/* SPDX-License-Identifier: MIT */
/*
 * Which CPU a vcpu waits for: see x86/placement.h.  Two runqueues are locked at
 * a time, in the order of spin_lock_two(); what is read without a lock (idle,
 * nr, positions) only decides where to look.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <x86/placement.h>
#include <x86/runqueue.h>
#include <x86/sched.h>
#include <x86/smp.h>

struct cpu *cpu_quietest(uint64_t mask)
{
    struct cpu *c, *best = NULL;
    unsigned int least = ~0U;

    for_each_cpu (c)
    {
        unsigned int load = READ_ONCE(c->rq.nr) +
                            (READ_ONCE(c->vcpu) != NULL);

        if ( mask >> c->id & 1 && load < least )
        {
            least = load;
            best = c;
        }
    }
    return best;
}

uint64_t cpus_all(void)
{
    return ~0UL >> (64 - nr_cpus);
}

struct cpu *cpu_idle(uint64_t mask)
{
    struct cpu *c;

    for_each_cpu (c)
        if ( READ_ONCE(c->idle) && !READ_ONCE(c->rq.nr) && mask >> c->id & 1 )
            return c;
    return NULL;
}

/*
 * c has nothing to run: a vcpu that waits on `from`, may run on c, and does so
 * from now on; NULL: none.
 */
static struct vcpu *steal_from(struct cpu *from, struct cpu *c, bool prefer,
                               uint64_t now)
{
    struct vcpu *v;

    if ( from == c || !READ_ONCE(from->rq.nr) )
        return NULL;
    /* A CPU without a vcpu takes its own now. */
    if ( !prefer && !READ_ONCE(from->vcpu) )
        return NULL;
    spin_lock_two(&from->rq.lock, &c->rq.lock);
    v = runqueue_first_for(from, c, prefer);
    if ( v )
    {
        runqueue_move(v, from, c, now);
        if ( !runqueue_take(c, v, now) )
            v = NULL;
    }
    spin_unlock_two(&from->rq.lock, &c->rq.lock);
    return v;
}

struct vcpu *cpu_steal(struct cpu *c, uint64_t now)
{
    struct vcpu *v = NULL;

    for ( unsigned int i = 0; i < 2 * nr_cpus && !v; i++ )
        v = steal_from(cpus[i % nr_cpus], c, i < nr_cpus, now);
    return v;
}

void cpu_balance(struct cpu *c, uint64_t now)
{
    struct vcpu *v = NULL;
    struct cpu *to;

    for_each_cpu (to)
    {
        uint64_t at = runqueue_position(to, now);

        if ( to == c || !READ_ONCE(to->vcpu) ||
             share_before(at, c->rq.clock + c->rq.lead) )
            continue;
        spin_lock_two(&c->rq.lock, &to->rq.lock);
        if ( !v )
        {
            v = runqueue_first_behind(c, to, at);
            if ( v )
            {
                runqueue_move(v, c, to, now);
                cpu_raise_softirq(to);
            }
        }
        runqueue_keep_up(c, at);
        spin_unlock_two(&c->rq.lock, &to->rq.lock);
    }
}

/* ---- what the toolstack sets: x86/sched.h ---- */

void sched_pin(struct vcpu *v, unsigned int cpu)
{
    struct cpu *c = runqueue_lock_of(v);

    BUG_ON(v->arch.sched != SCHED_ASLEEP);
    v->arch.pinned = true;
    memset(v->hard_affinity, 0, sizeof(v->hard_affinity));
    v->hard_affinity[0] = 1UL << cpu;
    v->arch.may = v->arch.prefer = 1UL << cpu;
    WRITE_ONCE(v->arch.cpu, cpu);
    spin_unlock(&c->rq.lock);
}

/* c's current gives its CPU up, and runs on if it may.  c is locked. */
static void pick_again(struct cpu *c)
{
    c->rq.look |= RQ_AGAIN;
    runqueue_unsettle(c);
    cpu_raise_softirq(c);
}

/* v, which may not be on its CPU any more, leaves that CPU. */
static void leave_cpu(struct vcpu *v)
{
    for ( ;; )
    {
        struct cpu *c = runqueue_lock_of(v), *to;

        if ( v->arch.sched == SCHED_ON_CPU )
            pick_again(c); /* sched_put() moves it */
        to = v->arch.sched == SCHED_ON_CPU || runqueue_allows(c, v)
                 ? NULL : cpu_quietest(v->arch.prefer);
        spin_unlock(&c->rq.lock);
        if ( !to )
            return;
        spin_lock_two(&c->rq.lock, &to->rq.lock);
        if ( v->arch.cpu == c->id && v->arch.sched != SCHED_ON_CPU &&
             runqueue_allows(to, v) )
        {
            runqueue_move(v, c, to, now_ns());
            cpu_raise_softirq(to);
        }
        spin_unlock_two(&c->rq.lock, &to->rq.lock);
    }
}

int sched_set_affinity(struct vcpu *v, uint64_t hard, uint64_t soft)
{
    uint64_t may = hard & cpus_all();
    struct cpu *c;

    if ( !may )
        return -EINVAL;
    c = runqueue_lock_of(v);
    if ( v->arch.pinned )
    {
        spin_unlock(&c->rq.lock);
        return may == v->arch.may ? 0 : -EBUSY;
    }
    v->arch.may = may;
    v->arch.prefer = soft & may ? soft & may : may;
    spin_unlock(&c->rq.lock);
    leave_cpu(v);
    return 0;
}

void sched_share_changed(struct vcpu *v)
{
    struct cpu *c = runqueue_lock_of(v);

    if ( v->arch.sched == SCHED_PARKED )
        c->rq.unpark_at = 0;
    runqueue_reweigh(c, v);
    if ( v->arch.sched == SCHED_PARKED || v->arch.sched == SCHED_ON_CPU )
        pick_again(c);
    spin_unlock(&c->rq.lock);
}
