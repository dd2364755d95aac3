/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus of any kind as the core sees them: the arch contract of
 * hv/domain.h, hv/guest-access.h and hv/p2m.h, by the operations of x86/guest.h.
 *
 * A CPU waits for another CPU's vcpu in one of two ways.  `in_guest` becomes
 * false as soon as an interrupt reaches that CPU: locks may be held while
 * waiting.  `on_cpu` becomes false when the run loop has put the vcpu back,
 * which may need any lock: none may be held while waiting.
 */
#include <hv/audit.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <x86/fpu.h>
#include <x86/guest.h>
#include <x86/sched.h>
#include <x86/smp.h>

static const struct guest_ops *kinds[MAX_GUEST_KINDS];
static unsigned int nr_kinds;

void guest_register(const struct guest_ops *ops)
{
    BUG_ON(nr_kinds == MAX_GUEST_KINDS);
    kinds[nr_kinds++] = ops;
}

struct vcpu *arch_current(void)
{
    return this_cpu()->vcpu;
}

static const struct guest_ops *ops_of(const struct vcpu *v)
{
    return v->domain->arch.ops;
}

/* ---- domains ---- */

int arch_domain_create(struct domain *d)
{
    spin_lock_init(&d->arch.budget_lock, LOCK_BUDGET);
    for ( unsigned int i = 0; i < nr_kinds; i++ )
        if ( kinds[i]->serves(d) )
        {
            int rc = kinds[i]->domain_create(d);

            if ( !rc )
                d->arch.ops = kinds[i];
            return rc;
        }
    return -EOPNOTSUPP;
}

int arch_domain_relinquish(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            sched_vcpu_remove(v);
    }
    return d->arch.ops->domain_relinquish(d);
}

void arch_domain_destroy(struct domain *d)
{
    if ( d->arch.ops ) /* NULL: arch_domain_create() did not succeed */
        d->arch.ops->domain_destroy(d);
}

void arch_domain_shares_changed(struct domain *d)
{
    uint32_t cap = d->sched_cap;

    spin_lock(&d->arch.budget_lock);
    if ( d->arch.budget.cap != cap )
        budget_set(&d->arch.budget, cap, now_ns());
    spin_unlock(&d->arch.budget_lock);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            sched_share_changed(v);
    }
}

void arch_sched_set_ratelimit(uint32_t us)
{
    sched_set_ratelimit(us);
}

/* ---- vcpus ---- */

int arch_vcpu_set_affinity(struct vcpu *v, const uint64_t *hard,
                           const uint64_t *soft)
{
    return sched_set_affinity(v, hard[0], soft[0]);
}

int arch_vcpu_create(struct vcpu *v)
{
    int rc = fpu_vcpu_create(v);

    if ( rc )
        return rc;
    sched_vcpu_init(v);
    rc = ops_of(v)->vcpu_create(v);
    if ( rc )
        fpu_vcpu_destroy(v);
    return rc;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    sched_vcpu_remove(v);
    BUG_ON(READ_ONCE(v->arch.loaded));
    ops_of(v)->vcpu_destroy(v);
    fpu_vcpu_destroy(v);
}

void arch_vcpu_kick(struct vcpu *v)
{
    WRITE_ONCE(v->arch.kicked, true);
    smp_mb();
    /* Not runnable: what makes v runnable later kicks it again. */
    if ( ioreq_in_flight(v) || vcpu_runnable(v) ||
         READ_ONCE(v->arch.on_cpu) || READ_ONCE(v->arch.start) )
        sched_wake(v);
}

bool arch_vcpu_interrupt_pending(const struct vcpu *v)
{
    return ops_of(v)->interrupt_pending(v);
}

void arch_vcpu_sync(struct vcpu *v)
{
    ASSERT(!this_cpu()->nr_held); /* v's CPU may need any lock to get there */
    while ( load_acquire(&v->arch.on_cpu) )
        cpu_relax();
}

int arch_vcpu_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    int rc;

    /* Waiting could deadlock: v may be setting the caller's context. */
    if ( !sched_freeze(v) )
        return -ERESTART;
    rc = ops_of(v)->set_context(v, ctx);
    sched_unfreeze(v);
    return rc;
}

void arch_vcpu_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    ops_of(v)->get_context(v, ctx);
}

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    struct vcpu *v = current;

    return ops_of(v)->copy_in(v, dst, src, bytes);
}

int arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    struct vcpu *v = current;

    return ops_of(v)->copy_out(v, dst, src, bytes);
}

/* ---- memory ---- */

void arch_audit_refs(audit_count_t count)
{
    heap_audit_refs(count);
    for ( unsigned int i = 0; i < nr_kinds; i++ )
        kinds[i]->audit_refs(count);
}

void arch_p2m_flush(struct domain *d, gfn_t gfn, uint64_t nr)
{
    uint64_t flush = atomic_add_return(&d->arch.flushes, 1);

    (void)gfn, (void)nr; /* the whole TLB of each vcpu is flushed */
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && load_acquire(&v->arch.in_guest) )
            cpu_raise_softirq(cpus[READ_ONCE(v->arch.cpu)]);
    }
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( !v )
            continue;
        while ( load_acquire(&v->arch.in_guest) &&
                READ_ONCE(v->arch.flushed) < flush )
            cpu_relax();
        while ( load_acquire(&v->arch.copying) )
            cpu_relax();
    }
}
