/* SPDX-License-Identifier: MIT */
/*
 * domctl operations on a domain's vcpus and how they are scheduled.
 *
 * vcpus are not bound to processors: an affinity is checked as Xen would and
 * its effective value reported, which is always all processors.
 */
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "control.h"
#include "domctl-private.h"

/* Needs no progress in the arguments: vcpus that exist are skipped. */
long domctl_max_vcpus(struct domctl *c)
{
    struct domain *d = c->d;

    if ( d == current_domain || c->op.u.max_vcpus.max != d->max_vcpus ||
         domain_is_dying(d) )
        return -EINVAL;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        if ( domain_vcpu(d, i) )
            continue;
        if ( vcpu_create(d, i) && !domain_vcpu(d, i) )
            return -ENOMEM;
        if ( i + 1 < d->max_vcpus && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

/* -EINVAL id >= max_vcpus; -ESRCH the vcpu does not exist (yet). */
static long find_vcpu(struct domctl *c, uint32_t id, struct vcpu **v)
{
    if ( id >= c->d->max_vcpus )
        return -EINVAL;
    *v = domain_vcpu(c->d, id);
    return *v ? 0 : -ESRCH;
}

long domctl_getvcpuinfo(struct domctl *c)
{
    struct xen_domctl_getvcpuinfo *info = &c->op.u.getvcpuinfo;
    struct vcpu_runstate_info runstate;
    struct vcpu *v;
    uint32_t flags;
    long rc = find_vcpu(c, info->vcpu, &v);

    if ( rc )
        return rc;
    flags = READ_ONCE(v->flags);
    vcpu_runstate_get(v, &runstate);
    info->online = !(flags & VCPU_DOWN);
    info->blocked = !!(flags & (VCPU_BLOCKED | VCPU_POLLING));
    info->running = v == current || runstate.state == RUNSTATE_running;
    info->cpu_time = runstate.time[RUNSTATE_running];
    info->cpu = arch_vcpu_cpu(v);
    c->copyback = true;
    return 0;
}

/* ---- affinity ---- */

static bool affinity_ok(const struct xen_domctl_vcpuaffinity *a)
{
    return a->flags &&
           !(a->flags & XEN_VCPUAFFINITY_HARD &&
             handle_is_null(a->cpumap_hard.bitmap)) &&
           !(a->flags & XEN_VCPUAFFINITY_SOFT &&
             handle_is_null(a->cpumap_soft.bitmap));
}

static long affinity_out(const struct xen_domctl_vcpuaffinity *a)
{
    unsigned int nr = control_nr_cpus();
    uint64_t all[CPU_WORDS];
    int rc = 0;

    control_bitmap_fill(all, nr);
    if ( a->flags & XEN_VCPUAFFINITY_HARD )
        rc = control_bitmap_out(&a->cpumap_hard, all, nr);
    if ( !rc && a->flags & XEN_VCPUAFFINITY_SOFT )
        rc = control_bitmap_out(&a->cpumap_soft, all, nr);
    return rc;
}

/* At least one existing unit must be in the map. */
static long map_not_empty(const struct xenctl_bitmap *map, unsigned int nr)
{
    uint64_t bits[CPU_WORDS], any = 0;
    int rc = control_bitmap_in(map, bits, nr);

    for ( unsigned int i = 0; !rc && i < DIV_ROUND_UP(nr, 64); i++ )
        any |= bits[i];
    return rc ? rc : any ? 0 : -EINVAL;
}

long domctl_getvcpuaffinity(struct domctl *c)
{
    const struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
    struct vcpu *v;
    long rc = find_vcpu(c, a->vcpu, &v);

    if ( rc )
        return rc;
    return affinity_ok(a) ? affinity_out(a) : -EINVAL;
}

long domctl_setvcpuaffinity(struct domctl *c)
{
    const struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
    unsigned int nr = control_nr_cpus();
    struct vcpu *v;
    long rc = find_vcpu(c, a->vcpu, &v);

    if ( rc )
        return rc;
    if ( !affinity_ok(a) )
        return -EINVAL;
    if ( a->flags & XEN_VCPUAFFINITY_HARD )
        rc = map_not_empty(&a->cpumap_hard, nr);
    if ( !rc && a->flags & XEN_VCPUAFFINITY_SOFT )
        rc = map_not_empty(&a->cpumap_soft, nr);
    return rc ? rc : affinity_out(a);
}

long domctl_setnodeaffinity(struct domctl *c)
{
    return map_not_empty(&c->op.u.nodeaffinity.nodemap, 1);
}

long domctl_getnodeaffinity(struct domctl *c)
{
    static const uint64_t node0 = 1;

    return control_bitmap_out(&c->op.u.nodeaffinity.nodemap, &node0, 1);
}

/* ---- weight and cap ---- */

long domctl_scheduler_op(struct domctl *c)
{
    struct xen_domctl_scheduler_op *op = &c->op.u.scheduler_op;
    struct xen_domctl_sched_credit2 *p = &op->u.credit2;
    struct domain *d = c->d;

    if ( op->sched_id != SCHEDULER_ID )
        return -EINVAL;
    switch ( op->cmd )
    {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        spin_lock(&d->lock);
        if ( p->weight ) /* 0 and ~0 leave the value as it is */
            d->sched_weight = p->weight;
        if ( p->cap != UINT16_MAX )
            d->sched_cap = p->cap;
        spin_unlock(&d->lock);
        return 0;
    case XEN_DOMCTL_SCHEDOP_getinfo:
        spin_lock(&d->lock);
        p->weight = d->sched_weight;
        p->cap = d->sched_cap;
        spin_unlock(&d->lock);
        c->copyback = true;
        return 0;
    default: /* credit2 has no parameters for single vcpus */
        return -EINVAL;
    }
}
