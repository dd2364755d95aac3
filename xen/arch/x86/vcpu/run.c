/* SPDX-License-Identifier: MIT */
/*
 * The run loop of a CPU; it does not return.
 *
 *   do_softirq --> pick a vcpu --> step, step, ... --> put it back --> do_softirq
 *     ^  (none: sleep)   |
 *     +------------------+
 *
 * A step takes interrupts, checks whether the vcpu still waits for something
 * and whether another vcpu must run, enters the guest and handles the exit to
 * the end.  Between two steps nothing of the vcpu is on the CPU's stack.
 */
#include <hv/atomic.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/ioreq.h>
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/timer.h>
#include <hv/trace.h>

#include <x86/boot.h>
#include <x86/fpu.h>
#include <x86/guest.h>
#include <x86/platform.h>
#include <x86/sched.h>

#include <xen/sched.h>

#define PREEMPT_NS 100000UL /* a hypercall that took this long gives way */

static uint64_t preempt_tsc; /* [a] each CPU writes the same */

bool arch_hypercall_preempted(void)
{
    struct cpu *c = this_cpu();

    /* At boot no vcpu runs, and there is none to give way to. */
    return c->vcpu && (READ_ONCE(c->softirq_pending) ||
                          rdtsc() - c->busy_since > READ_ONCE(preempt_tsc));
}

/* It drives the devices: the machine ends with it. */
static const struct domain *hardware_domain; /* [I] */

void run_until_shutdown_of(const struct domain *d)
{
    hardware_domain = d;
}

/* d has shut down: power off, reboot or stop the machine, by the reason it gave. */
static void end_machine(const struct domain *d)
{
    uint16_t code = READ_ONCE(d->shutdown_code);

    serial_wait(true);
    serial_flush();
    if ( code == SHUTDOWN_poweroff )
        machine_poweroff();
    if ( code != SHUTDOWN_reboot && code != SHUTDOWN_watchdog )
    {
        printk(XENLOG_ERR, "Hardware Dom0 crashed\n");
        machine_end_of_crash();
    }
    printk(XENLOG_INFO, "Hardware Dom0 shutdown: %srebooting machine\n",
           code == SHUTDOWN_watchdog ? "watchdog " : "");
    serial_flush();
    machine_reboot();
}

/* Pending work: timers that expired, events that hypercalls left to deliver. */
static void do_softirq(struct cpu *c)
{
    WRITE_ONCE(c->softirq_pending, false);
    smp_mb();
    if ( c->timer_fired )
    {
        c->timer_fired = false;
        timer_run();
    }
    domain_deliver();
    /* By its watchdog, or another's doing: none of its vcpus may come by. */
    if ( hardware_domain && domain_is_shut_down(hardware_domain) )
        end_machine(hardware_domain);
}

static void sleep(struct cpu *c)
{
    WRITE_ONCE(c->idle, true);
    smp_mb();
    if ( !READ_ONCE(c->softirq_pending) && !READ_ONCE(c->rq.nr) )
    {
        c1e_off();
        sched_idle(c, true);
        trace_cpu(ORIEL_TRACE_sleep);
        irq_wait();
        trace_cpu(ORIEL_TRACE_awake);
        sched_idle(c, false);
    }
    WRITE_ONCE(c->idle, false);
}

/* ---- the vcpu whose state is in this CPU: c->loaded ---- */

static void unload(struct cpu *c)
{
    struct vcpu *v = c->loaded;

    if ( !v )
        return;
    c->loaded = NULL;
    v->domain->arch.ops->save(v);
    fpu_save(v);
    store_release(&v->arch.loaded, false);
}

/* Flush branch predictors (IBPB) when switching domains. */
static void ibpb_on_switch(struct cpu *c, const struct domain *d)
{
    if ( c->have_ibpb && c->last_domain != d->serial )
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    c->last_domain = d->serial;
}

static void load(struct cpu *c, struct vcpu *v)
{
    if ( likely(c->loaded == v) )
        return;
    unload(c);
    ibpb_on_switch(c, v->domain);
    c->loaded = v;
    WRITE_ONCE(v->arch.loaded, true);
    fpu_load(v);
    v->domain->arch.ops->load(v);
}

/* ---- looking for an answer ---- */

bool arch_vcpu_may_look(const struct vcpu *v)
{
    const struct cpu *c = this_cpu();

    return nr_cpus > 1 && !READ_ONCE(c->softirq_pending) &&
           !READ_ONCE(v->arch.kicked) && !READ_ONCE(c->rq.nr);
}

void arch_vcpu_relax(void)
{
    cpu_relax();
    irq_window();
}

/* ---- steps ---- */

/*
 * False: v's request is still with a device model.  An instruction with several
 * accesses has sent the next one when resume() returns, and may look again.
 */
static bool answered(struct vcpu *v)
{
    if ( !ioreq_in_flight(v) )
        return true;
    do {
        ioreq_look(v);
        if ( v->domain->arch.ops->resume(v) )
            return true;
    } while ( ioreq_looks(v) );
    return false;
}

enum step { STEP_ON, STEP_YIELD, STEP_SLEEP };

static void enter(struct cpu *c, struct vcpu *v)
{
    uint64_t flushes;

    sched_runs(v);
    vcpu_runstate_show(v);
    vcpu_time_update(v);
    v->arch.exits++;

    WRITE_ONCE(v->arch.in_guest, true);
    smp_mb();
    flushes = READ_ONCE(v->domain->arch.flushes);
    /* run() reads softirq_pending again, with interrupts held back. */
    if ( unlikely(READ_ONCE(c->softirq_pending)) )
        WRITE_ONCE(v->arch.in_guest, false);
    else
    {
        bool stale = v->arch.flushed != flushes;

        WRITE_ONCE(v->arch.flushed, flushes);
        trace(ORIEL_TRACE_enter, v, 0, 0, 0);
        v->domain->arch.ops->run(v, stale);
    }
}

/*
 * v is paused or dying: other CPUs may read or change v's state.  Inline: a
 * guest's request and its answer ask three times.
 */
static inline bool is_held(const struct vcpu *v)
{
    const struct domain *d = v->domain;

    return READ_ONCE(d->pause_count) || READ_ONCE(v->pause_count) ||
           domain_is_dying(d);
}

/* Handle what kept v from running; false: v has to sleep. */
static bool can_go_on(struct vcpu *v)
{
    if ( is_held(v) || !answered(v) )
        return false;
    if ( READ_ONCE(v->arch.start) )
        v->domain->arch.ops->start(v);
    if ( vcpu_runnable(v) )
        return true;
    if ( v->domain == hardware_domain && domain_is_shut_down(v->domain) )
        end_machine(v->domain);
    return false;
}

/* The common case after an exit: v can enter the guest at once. */
static bool nothing_in_the_way(struct vcpu *v)
{
    return vcpu_runnable(v) && !ioreq_in_flight(v) &&
           !READ_ONCE(v->arch.start);
}

/* v has just sent a request: it need not ask for an answer that kicks it. */
static bool awaits_kick(const struct vcpu *v)
{
    return ioreq_in_flight(v) && !ioreq_looks(v) && !READ_ONCE(v->arch.kicked);
}

static enum step step(struct cpu *c, struct vcpu *v)
{
    irq_window();
    if ( unlikely(READ_ONCE(v->arch.kicked)) )
    {
        WRITE_ONCE(v->arch.kicked, false);
        smp_mb(); /* clear `kicked` before reading the reasons to run */
    }
    if ( unlikely(READ_ONCE(c->softirq_pending)) )
    {
        do_softirq(c);
        if ( READ_ONCE(stop_machine_wanted) || READ_ONCE(console_keys_typed) )
            return STEP_YIELD;
    }
    if ( unlikely(!nothing_in_the_way(v)) && !can_go_on(v) )
        return STEP_SLEEP;
    if ( sched_must_yield(v) )
        return STEP_YIELD;
    enter(c, v);
    return unlikely(awaits_kick(v)) ? STEP_SLEEP : STEP_ON;
}

static bool ibpb_usable(void)
{
    uint32_t a, b, c, d;

    cpuid(0x80000008, 0, &a, &b, &c, &d);
    return (b & CPUID_E8B_IBPB) && option_uint("ibpb", 1);
}

/*
 * v was paused, or its domain died, while v waited for the CPU: whoever did that
 * found v on no CPU, and may be changing the state that load() reads.
 */
static bool held_meanwhile(struct vcpu *v)
{
    if ( likely(!is_held(v)) )
        return false;
    WRITE_ONCE(v->arch.kicked, false);
    smp_mb(); /* as in step() */
    return is_held(v);
}

/* Run one vcpu for its turn; false: no vcpu is runnable here. */
static bool turn(struct cpu *c)
{
    struct vcpu *v = sched_pick();
    enum step s;

    if ( !v )
        return false;
    WRITE_ONCE(c->vcpu, v); /* what takes long in load() gives way */
    if ( unlikely(held_meanwhile(v)) )
    {
        sched_put(v, false);
        return true;
    }
    load(c, v);
    do
        s = step(c, v);
    while ( s == STEP_ON );
    /* A vcpu that can move to another CPU must not leave state in this one. */
    if ( !v->arch.pinned || v->domain->arch.ops->save_always )
        unload(c);
    sched_put(v, s == STEP_YIELD);
    return true;
}

void run_loop(void)
{
    struct cpu *c = this_cpu();

    WRITE_ONCE(preempt_tsc, ns_to_tsc(PREEMPT_NS));
    c->have_ibpb = ibpb_usable();
    timer_rearm(c); /* starts the CPU's periodic check of its timers */
    for ( ;; )
    {
        irq_window();
        if ( READ_ONCE(c->softirq_pending) )
            do_softirq(c);
        if ( READ_ONCE(stop_machine_wanted) )
            stop_machine_wait();
        if ( READ_ONCE(console_keys_typed) )
            key_press_typed();
        if ( !turn(c) )
            sleep(c);
    }
}
