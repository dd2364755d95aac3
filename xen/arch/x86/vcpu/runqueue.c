/* SPDX-License-Identifier: MIT */
/*
 * Runqueues, and what a turn costs the vcpu that has it: see x86/runqueue.h.
 *
 * A vcpu that was woken is *boosted*: it runs before the others, so that I/O is
 * fast.  A vcpu that wakes all the time must not starve the others.  So a guest's
 * vcpu is boosted only while its virtual time is not ahead of the CPU's clock,
 * and on each CPU the boosted vcpus of guests together get BOOST_NS of each
 * PERIOD_NS.  Vcpus of the control domain are boosted without these limits.
 * What a boosted vcpu uses counts like any other time.
 *
 * The clocks of CPUs go on at different rates where CPUs are shared by different
 * weights.  `lead` brings them to one scale: a CPU whose vcpus get less than
 * those of another CPU falls behind, and a vcpu that may leave does so.  When
 * none may, the CPU is only LAG_NS behind, and not more by the hour.
 */
#include <hv/atomic.h>
#include <hv/lib.h>

#include <x86/runqueue.h>

#define NEVER UINT64_MAX
#define PERIOD_NS 20000000UL
#define BOOST_NS 10000000UL
#define AHEAD_NS 1000000UL /* so much ahead of the clock is still boosted */

void runqueue_init(struct cpu *c)
{
    spin_lock_init(&c->rq.lock, LOCK_ARCH);
    list_init(&c->rq.boosted);
    list_init(&c->rq.queue);
    list_init(&c->rq.parked);
    c->rq.unpark_at = NEVER;
    c->rq.weight = 1; /* runqueue_position() divides by it at any time */
}

struct cpu *runqueue_lock_of(struct vcpu *v)
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

static unsigned int weight_of(const struct vcpu *v)
{
    return READ_ONCE(v->domain->sched_weight);
}

/* ---- where v may run ---- */

static bool prefers(const struct cpu *c, const struct vcpu *v)
{
    return v->arch.prefer >> c->id & 1;
}

void runqueue_change(struct vcpu *v, const struct cpu *from, struct cpu *to)
{
    v->arch.vtime += from->rq.lead - to->rq.lead;
    WRITE_ONCE(v->arch.cpu, to->id);
}

/* ---- waiting ---- */

/* ns that boosted vcpus of guests may still run on c. */
static uint64_t boost_left(struct cpu *c, uint64_t now)
{
    if ( now >= c->rq.period_end )
    {
        c->rq.period_end = now + PERIOD_NS;
        c->rq.boost_used = 0;
    }
    return c->rq.boost_used < BOOST_NS ? BOOST_NS - c->rq.boost_used : 0;
}

static bool stays_boosted(struct cpu *c, const struct vcpu *v, uint64_t now)
{
    uint64_t ahead;

    if ( is_control_domain(v->domain) )
        return true;
    ahead = share_virtual(AHEAD_NS, v->arch.weight);
    return !share_before(c->rq.clock + ahead, v->arch.vtime) &&
           boost_left(c, now);
}

/*
 * The virtual time of current, which may have run for long; without a current
 * vcpu the clock.  Another CPU's `now` may be before the turn.
 */
static inline_fn uint64_t current_vtime(const struct runqueue *rq, uint64_t now)
{
    uint64_t picked = READ_ONCE(rq->picked);

    if ( !picked )
        return READ_ONCE(rq->clock);
    return READ_ONCE(rq->vtime) +
           share_virtual(now > picked ? now - picked : 0,
                         READ_ONCE(rq->weight));
}

static void advance_clock(struct runqueue *rq, uint64_t to)
{
    if ( share_before(rq->clock, to) )
        WRITE_ONCE(rq->clock, to);
}

static struct vcpu *waiting(struct list *link)
{
    return list_entry(link, struct vcpu, arch.run_link);
}

/* From the end: a vcpu whose turn is over belongs there. */
static void add_by_vtime(struct list *queue, struct vcpu *v)
{
    struct list *pos = queue;

    while ( pos->prev != queue &&
            share_before(v->arch.vtime, waiting(pos->prev)->arch.vtime) )
        pos = pos->prev;
    list_add_tail(&v->arch.run_link, pos);
}

void runqueue_add(struct cpu *c, struct vcpu *v, uint64_t now)
{
    struct runqueue *rq = &c->rq;

    /* While no vcpu waited the clock stood still. */
    if ( !rq->nr )
        advance_clock(rq, current_vtime(rq, now));
    v->arch.weight = weight_of(v);
    v->arch.vtime = share_bounded(v->arch.vtime, rq->clock, v->arch.weight);
    if ( v->arch.boosted )
        v->arch.boosted = stays_boosted(c, v, now);
    if ( v->arch.boosted )
        list_add_tail(&v->arch.run_link, &rq->boosted);
    else
        add_by_vtime(&rq->queue, v);
    v->arch.sched = SCHED_QUEUED;
    runqueue_unsettle(c);
    WRITE_ONCE(rq->nr, rq->nr + 1);
    WRITE_ONCE(rq->load, rq->load + v->arch.weight);
}

void runqueue_reweigh(struct cpu *c, struct vcpu *v)
{
    if ( v->arch.sched != SCHED_QUEUED )
        return;
    WRITE_ONCE(c->rq.load, c->rq.load - v->arch.weight + weight_of(v));
    v->arch.weight = weight_of(v);
}

static void take_out(struct cpu *c, struct vcpu *v)
{
    list_del(&v->arch.run_link);
    if ( v->arch.sched != SCHED_QUEUED )
        return;
    WRITE_ONCE(c->rq.nr, c->rq.nr - 1);
    WRITE_ONCE(c->rq.load, c->rq.load - v->arch.weight);
}

void runqueue_sleep(struct vcpu *v)
{
    v->arch.sched = SCHED_ASLEEP;
    runqueue_place(v, VCPU_ASIDE);
}

void runqueue_remove(struct cpu *c, struct vcpu *v)
{
    take_out(c, v);
    runqueue_sleep(v);
}

void runqueue_move(struct vcpu *v, struct cpu *from, struct cpu *to,
                   uint64_t now)
{
    bool waits = v->arch.sched != SCHED_ASLEEP;

    take_out(from, v);
    runqueue_change(v, from, to);
    if ( waits )
        runqueue_add(to, v, now);
}

struct vcpu *runqueue_first(struct cpu *c)
{
    struct runqueue *rq = &c->rq;

    if ( !list_empty(&rq->boosted) )
        return waiting(rq->boosted.next);
    return list_empty(&rq->queue) ? NULL : waiting(rq->queue.next);
}

struct vcpu *runqueue_first_for(struct cpu *c, const struct cpu *to,
                                bool prefer)
{
    struct vcpu *v;

    list_for_each (v, &c->rq.boosted, arch.run_link)
        if ( prefer ? prefers(to, v) : runqueue_allows(to, v) )
            return v;
    list_for_each (v, &c->rq.queue, arch.run_link)
        if ( prefer ? prefers(to, v) : runqueue_allows(to, v) )
            return v;
    return NULL;
}

/* ---- budgets ---- */

static void set_unpark_at(struct cpu *c, uint64_t ns)
{
    WRITE_ONCE(c->rq.unpark_at, min(c->rq.unpark_at, ns));
    c->rq.look |= RQ_PARKED;
}

static void park(struct cpu *c, struct vcpu *v, uint64_t until)
{
    WRITE_ONCE(c->rq.load, c->rq.load - v->arch.weight);
    v->arch.boosted = false;
    v->arch.sched = SCHED_PARKED;
    list_add_tail(&v->arch.run_link, &c->rq.parked);
    set_unpark_at(c, until);
}

/* False: v's domain has a cap, and nothing is left until *ends. */
static bool get_budget(struct vcpu *v, uint64_t now, uint64_t *ends)
{
    struct domain *d = v->domain;
    bool capped;

    spin_lock(&d->arch.budget_lock);
    capped = d->arch.budget.cap;
    if ( capped )
        v->arch.granted = budget_take(&d->arch.budget, d->max_vcpus, now);
    *ends = d->arch.budget.ends;
    spin_unlock(&d->arch.budget_lock);
    return !capped || v->arch.granted;
}

static noinline_fn void put_budget(struct vcpu *v, uint64_t used)
{
    struct domain *d = v->domain;

    spin_lock(&d->arch.budget_lock);
    budget_used(&d->arch.budget, v->arch.granted, used);
    spin_unlock(&d->arch.budget_lock);
    v->arch.granted = 0;
}

static bool has_budget(struct vcpu *v, uint64_t now, uint64_t *ends)
{
    struct domain *d = v->domain;
    bool ready;

    spin_lock(&d->arch.budget_lock);
    ready = !d->arch.budget.cap || budget_ready(&d->arch.budget, now);
    *ends = d->arch.budget.ends;
    spin_unlock(&d->arch.budget_lock);
    return ready;
}

bool runqueue_unpark_due(struct cpu *c, uint64_t now)
{
    struct vcpu *v, *tmp;
    unsigned int before = c->rq.nr;
    uint64_t ends;

    c->rq.unpark_at = NEVER;
    c->rq.look &= ~RQ_PARKED;
    list_for_each_safe (v, tmp, &c->rq.parked, arch.run_link)
        if ( has_budget(v, now, &ends) )
        {
            list_del(&v->arch.run_link);
            /* Or the others use each budget up while v waits for its turn. */
            v->arch.boosted = true;
            runqueue_add(c, v, now);
        }
        else
            set_unpark_at(c, ends);
    return c->rq.nr > before;
}

/* ---- turns ---- */

/* v, in no queue, is c's current from now on. */
static inline_fn void start_turn(struct cpu *c, struct vcpu *v, uint64_t now)
{
    struct runqueue *rq = &c->rq;
    uint64_t slice = SLICE_NS;

    rq->boost_since = 0;
    if ( !v->arch.boosted )
        advance_clock(rq, v->arch.vtime);
    else if ( !is_control_domain(v->domain) )
    {
        rq->boost_since = now;
        slice = min(slice, boost_left(c, now));
    }
    v->arch.boosted = false;
    WRITE_ONCE(rq->vtime, v->arch.vtime);
    WRITE_ONCE(rq->weight, v->arch.weight);
    WRITE_ONCE(rq->picked, now);
    rq->slice_end = now + slice;
    runqueue_unsettle(c);
    /*
     * v's place is not VCPU_ON_CPU yet: the run loop may find v paused.
     * sched_runs() reports it at the entry.
     */
    v->arch.sched = SCHED_ON_CPU;
}

/* v's domain has, or had, a cap; false: v is parked. */
static noinline_fn bool start_capped(struct cpu *c, struct vcpu *v,
                                     uint64_t now)
{
    uint64_t ends;

    if ( !get_budget(v, now, &ends) )
    {
        park(c, v, ends);
        return false;
    }
    start_turn(c, v, now);
    if ( v->arch.granted )
    {
        c->rq.slice_end = min(c->rq.slice_end, now + v->arch.granted);
        c->rq.look |= RQ_BUDGET;
    }
    return true;
}

bool runqueue_take(struct cpu *c, struct vcpu *v, uint64_t now)
{
    list_del(&v->arch.run_link);
    WRITE_ONCE(c->rq.nr, c->rq.nr - 1);
    if ( unlikely(READ_ONCE(v->domain->arch.budget.cap)) )
        return start_capped(c, v, now);
    start_turn(c, v, now);
    return true;
}

void runqueue_stop(struct cpu *c, struct vcpu *v, uint64_t now)
{
    struct runqueue *rq = &c->rq;

    if ( rq->boost_since )
        rq->boost_used += now - rq->boost_since;
    v->arch.vtime += share_virtual(now - rq->picked, rq->weight);
    if ( !rq->nr )
        advance_clock(rq, v->arch.vtime);
    if ( unlikely(v->arch.granted) )
        put_budget(v, now - rq->picked);
    WRITE_ONCE(rq->picked, 0);
    WRITE_ONCE(rq->load, rq->load - rq->weight);
    rq->look &= ~(RQ_BUDGET | RQ_AGAIN);
}

/* ---- CPUs compared ---- */

uint64_t runqueue_position(const struct cpu *c, uint64_t now)
{
    const struct runqueue *rq = &c->rq;
    uint64_t at = READ_ONCE(rq->clock);

    if ( !READ_ONCE(rq->nr) )
        at = current_vtime(rq, now);
    return at + READ_ONCE(rq->lead);
}

/* The lightest vcpu counts, whose virtual time goes in the largest steps. */
void runqueue_keep_up(struct cpu *c, uint64_t position)
{
    uint64_t at = c->rq.clock + c->rq.lead, least;
    unsigned int lightest = c->rq.weight;
    struct vcpu *v;

    list_for_each (v, &c->rq.queue, arch.run_link)
        lightest = min(lightest, v->arch.weight);
    least = position - share_virtual(LAG_NS, lightest);
    if ( share_before(at, least) )
        WRITE_ONCE(c->rq.lead, c->rq.lead + least - at);
}

/* v would get no less of `to` than v gets of c. */
static bool better_off(const struct vcpu *v, const struct cpu *c,
                       const struct cpu *to)
{
    return READ_ONCE(to->rq.load) + v->arch.weight <= c->rq.load;
}

struct vcpu *runqueue_first_behind(struct cpu *c, const struct cpu *to,
                                   uint64_t position)
{
    struct vcpu *v;

    list_for_each (v, &c->rq.queue, arch.run_link)
    {
        uint64_t less = share_virtual(SLICE_NS / 2, v->arch.weight);

        if ( prefers(to, v) && better_off(v, c, to) &&
             share_before(v->arch.vtime + c->rq.lead, position - less) )
            return v;
    }
    return NULL;
}
