/* SPDX-License-Identifier: MIT */
/*
 * Whether a vcpu runs: the reasons that keep it from running, and its runstate.
 */
#include <hv/domain.h>
#include <hv/lib.h>

/* ---- running or not ---- */

/* inline: asked at each entry; the linker may put it there. */
inline bool vcpu_runnable(struct vcpu *v)
{
    const struct domain *d = v->domain;

    return !READ_ONCE(d->pause_count) && !READ_ONCE(v->pause_count) &&
           !domain_is_shut_down(d) && !domain_is_dying(d) &&
           !(READ_ONCE(v->flags) & (VCPU_DOWN | VCPU_BLOCKED | VCPU_POLLING));
}

void vcpu_pause_nosync(struct vcpu *v)
{
    atomic_add_return(&v->pause_count, 1);
    vcpu_kick(v);
}

void vcpu_pause(struct vcpu *v)
{
    vcpu_pause_nosync(v);
    if ( v != current )
        arch_vcpu_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
    unsigned int left = atomic_sub_return(&v->pause_count, 1);

    ASSERT(left + 1 != 0);
    if ( !left )
        vcpu_kick(v);
}

/* ---- its runstate ---- */

/* v's RUNSTATE_*, which follows from v->place and what v waits for. */
static int runstate_of(struct vcpu *v)
{
    if ( v->place == VCPU_ON_CPU )
        return RUNSTATE_running;
    if ( v->flags & VCPU_DOWN )
        return RUNSTATE_offline;
    if ( v->flags & (VCPU_BLOCKED | VCPU_POLLING) )
        return RUNSTATE_blocked;
    return v->place == VCPU_QUEUED && vcpu_runnable(v) ? RUNSTATE_runnable
                                                       : RUNSTATE_offline;
}

/*
 * The only writer of v->runstate.  v->lock held.  Called after each change of
 * what runstate_of() reads: the last call in lock order sees all changes.
 */
static void runstate_update(struct vcpu *v)
{
    int state = runstate_of(v);
    uint64_t now;

    ASSERT(spin_is_mine(&v->lock));
    if ( state == v->runstate.state )
        return;
    now = now_ns();
    v->runstate.time[v->runstate.state] += now - v->runstate.state_entry_time;
    v->runstate.state = state;
    WRITE_ONCE(v->runstate.state_entry_time, now);
}

void vcpu_placed(struct vcpu *v, enum vcpu_place place)
{
    spin_lock(&v->lock);
    WRITE_ONCE(v->place, place);
    runstate_update(v);
    spin_unlock(&v->lock);
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *info)
{
    spin_lock(&v->lock);
    *info = v->runstate;
    /* Under the lock: read later, now_ns() could lie in the next state. */
    info->time[info->state] += now_ns() - info->state_entry_time;
    spin_unlock(&v->lock);
}

void vcpu_kick(struct vcpu *v)
{
    spin_lock(&v->lock);
    runstate_update(v);
    spin_unlock(&v->lock);
    arch_vcpu_kick(v);
}

/* ---- what it waits for ---- */

/*
 * v->lock held.  Senders check nr_polling first, so it is raised before a flag
 * is set and lowered after a flag is cleared.
 */
static void set_flags(struct vcpu *v, uint32_t flags)
{
    uint32_t changed = v->flags ^ flags;

    if ( changed & flags & VCPU_POLLING )
        atomic_add_return(&v->domain->nr_polling, 1);
    WRITE_ONCE(v->flags, flags);
    if ( changed & ~flags & VCPU_POLLING )
        atomic_sub_return(&v->domain->nr_polling, 1);
}

static void vcpu_change(struct vcpu *v, uint32_t set, uint32_t clear)
{
    spin_lock(&v->lock);
    set_flags(v, (v->flags & ~clear) | set);
    runstate_update(v);
    spin_unlock(&v->lock);
}

int vcpu_load(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    int rc = arch_vcpu_set_context(v, ctx);

    if ( !rc )
        WRITE_ONCE(v->initialised, true);
    return rc;
}

void vcpu_up(struct vcpu *v)
{
    vcpu_change(v, 0, VCPU_DOWN);
    arch_vcpu_kick(v);
}

void vcpu_down(struct vcpu *v)
{
    vcpu_change(v, VCPU_DOWN, 0);
    arch_vcpu_kick(v);
}

/* inline: as vcpu_runnable(). */
inline bool vcpu_event_pending(const struct vcpu *v)
{
    const vcpu_info_ref_t *info = load_acquire(&v->info);

    return READ_ONCE(info->evtchn_upcall_pending) &&
           (v->domain->translated || !READ_ONCE(info->evtchn_upcall_mask));
}

void vcpu_block(struct vcpu *v)
{
    vcpu_change(v, VCPU_BLOCKED, 0);
    /* A sender sets the event first and reads the flag then; this CPU set the
     * flag first and reads the event then: one of the two sees the other. */
    smp_mb();
    if ( vcpu_event_pending(v) || arch_vcpu_interrupt_pending(v) )
        vcpu_change(v, 0, VCPU_BLOCKED);
}

void vcpu_poll(struct vcpu *v, bool polling)
{
    vcpu_change(v, polling ? VCPU_POLLING : 0, polling ? 0 : VCPU_POLLING);
}

void vcpu_wake(struct vcpu *v)
{
    smp_mb();
    if ( READ_ONCE(v->flags) & (VCPU_BLOCKED | VCPU_POLLING) )
        vcpu_change(v, 0, VCPU_BLOCKED | VCPU_POLLING);
    arch_vcpu_kick(v);
}
