/* SPDX-License-Identifier: MIT */
/*
 * domctl operations on a domain's vcpus and how they are scheduled.  The core
 * keeps what was set, under d->lock; the machine's scheduler is told.
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
        int rc;

        if ( domain_vcpu(d, i) )
            continue;
        rc = vcpu_create(d, i);
        if ( rc && !domain_vcpu(d, i) )
            return rc == -EBUSY ? -ERESTART : -ENOMEM;
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

/* What a request asks for, or gets; each with CPU_WORDS words. */
struct masks {
    uint64_t hard[CPU_WORDS], soft[CPU_WORDS];
};

/* Those of v, without CPUs that do not exist. */
static void masks_of(struct vcpu *v, struct masks *m)
{
    uint64_t all[CPU_WORDS] = { 0 };

    control_bitmap_fill(all, control_nr_cpus());
    spin_lock(&v->domain->lock);
    memcpy(m->hard, v->hard_affinity, sizeof(m->hard));
    memcpy(m->soft, v->soft_affinity, sizeof(m->soft));
    spin_unlock(&v->domain->lock);
    for ( unsigned int i = 0; i < CPU_WORDS; i++ )
    {
        m->hard[i] &= all[i];
        m->soft[i] &= all[i];
    }
}

static long masks_out(const struct xen_domctl_vcpuaffinity *a,
                      const struct masks *m)
{
    unsigned int nr = control_nr_cpus();
    int rc = 0;

    if ( a->flags & XEN_VCPUAFFINITY_HARD )
        rc = control_bitmap_out(&a->cpumap_hard, m->hard, nr);
    if ( !rc && a->flags & XEN_VCPUAFFINITY_SOFT )
        rc = control_bitmap_out(&a->cpumap_soft, m->soft, nr);
    return rc;
}

/* The first nr bits of a map of the caller's; the words behind them are 0. */
static int mask_in(const struct xenctl_bitmap *from, uint64_t *mask)
{
    memset(mask, 0, CPU_WORDS * sizeof(*mask));
    return control_bitmap_in(from, mask, control_nr_cpus());
}

static bool is_empty(const uint64_t *mask)
{
    uint64_t any = 0;

    for ( unsigned int i = 0; i < CPU_WORDS; i++ )
        any |= mask[i];
    return !any;
}

/* Those that were asked for, into m, which has the vcpu's. */
static long masks_in(const struct xen_domctl_vcpuaffinity *a, struct masks *m)
{
    int rc = 0;

    if ( a->flags & XEN_VCPUAFFINITY_HARD )
        rc = mask_in(&a->cpumap_hard, m->hard);
    if ( !rc && a->flags & XEN_VCPUAFFINITY_HARD && is_empty(m->hard) )
        rc = -EINVAL;
    if ( !rc && a->flags & XEN_VCPUAFFINITY_SOFT )
        rc = mask_in(&a->cpumap_soft, m->soft);
    return rc;
}

static long set_masks(struct vcpu *v, const struct masks *m)
{
    struct domain *d = v->domain;
    long rc;

    spin_lock(&d->lock);
    rc = arch_vcpu_set_affinity(v, m->hard, m->soft);
    if ( !rc )
    {
        memcpy(v->hard_affinity, m->hard, sizeof(m->hard));
        memcpy(v->soft_affinity, m->soft, sizeof(m->soft));
    }
    spin_unlock(&d->lock);
    return rc;
}

long domctl_getvcpuaffinity(struct domctl *c)
{
    const struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
    struct masks m;
    struct vcpu *v;
    long rc = find_vcpu(c, a->vcpu, &v);

    if ( rc )
        return rc;
    if ( !affinity_ok(a) )
        return -EINVAL;
    masks_of(v, &m);
    return masks_out(a, &m);
}

/* The caller gets what is effective: of the soft mask what the hard one has. */
long domctl_setvcpuaffinity(struct domctl *c)
{
    const struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
    struct masks m;
    struct vcpu *v;
    long rc = find_vcpu(c, a->vcpu, &v);

    if ( rc )
        return rc;
    if ( !affinity_ok(a) )
        return -EINVAL;
    masks_of(v, &m);
    rc = masks_in(a, &m);
    if ( !rc )
        rc = set_masks(v, &m);
    if ( rc )
        return rc;
    for ( unsigned int i = 0; i < CPU_WORDS; i++ )
        m.soft[i] &= m.hard[i];
    return masks_out(a, &m);
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

static unsigned int nr_vcpus(struct domain *d)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        nr += domain_vcpu(d, i) != NULL;
    return nr;
}

/* A weight of 0 leaves the weight as it is; a cap of 0 is no limit. */
static long put_shares(struct domain *d,
                       const struct xen_domctl_sched_credit2 *p)
{
    if ( p->cap > 100 * nr_vcpus(d) )
        return -EINVAL;
    spin_lock(&d->lock);
    if ( p->weight )
        WRITE_ONCE(d->sched_weight, p->weight);
    d->sched_cap = p->cap;
    arch_domain_shares_changed(d);
    spin_unlock(&d->lock);
    return 0;
}

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
        return put_shares(d, p);
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
