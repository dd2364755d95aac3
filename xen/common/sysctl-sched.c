/* SPDX-License-Identifier: MIT */
/*
 * sysctl operations on the scheduler: which it is, its parameters, and pools of
 * processors.  There is pool 0, with all processors and domains.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include "control.h"
#include "sysctl-private.h"

static uint32_t ratelimit_us; /* [a] as it was set; 0: none */

long sysctl_sched_id(struct xen_sysctl *s)
{
    s->u.sched_id.sched_id = SCHEDULER_ID;
    return 0;
}

static long put_ratelimit(uint32_t us)
{
    if ( us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
                us > XEN_SYSCTL_SCHED_RATELIMIT_MAX) )
        return -EINVAL;
    WRITE_ONCE(ratelimit_us, us);
    arch_sched_set_ratelimit(us);
    return 0;
}

/* -EINVAL unknown operation; -ESRCH no such pool; -EINVAL not its scheduler. */
long sysctl_scheduler_op(struct xen_sysctl *s)
{
    struct xen_sysctl_scheduler_op *op = &s->u.scheduler_op;
    struct xen_sysctl_credit2_schedule *p = &op->u.sched_credit2;

    if ( op->cmd != XEN_SYSCTL_SCHEDOP_putinfo &&
         op->cmd != XEN_SYSCTL_SCHEDOP_getinfo )
        return -EINVAL;
    if ( op->cpupool_id != 0 )
        return -ESRCH;
    if ( op->sched_id != SCHEDULER_ID )
        return -EINVAL;
    if ( op->cmd == XEN_SYSCTL_SCHEDOP_putinfo )
        return put_ratelimit(p->ratelimit_us);
    p->ratelimit_us = READ_ONCE(ratelimit_us);
    return 0;
}

/* ---- pools ---- */

static uint32_t nr_domains(void)
{
    struct domain *d = NULL;
    uint32_t nr = 0;

    domain_list_lock();
    while ( (d = domain_next(d)) != NULL )
        nr++;
    domain_list_unlock();
    return nr;
}

static long pool_info(struct xen_sysctl_cpupool_op *op)
{
    unsigned int nr = control_nr_cpus();
    uint64_t map[CPU_WORDS];

    op->cpupool_id = 0;
    op->sched_id = SCHEDULER_ID;
    op->n_dom = nr_domains();
    control_bitmap_fill(map, nr);
    return control_bitmap_out(&op->cpumap, map, nr);
}

/* No pool can be made. */
static long pool_create(const struct xen_sysctl_cpupool_op *op)
{
    if ( op->cpupool_id == 0 )
        return -EEXIST;
    return op->sched_id == SCHEDULER_ID ? -EOPNOTSUPP : -ENOENT;
}

/* No processor is free, and none can leave: there is no other pool. */
static long pool_cpu(const struct xen_sysctl_cpupool_op *op)
{
    bool add = op->op == XEN_SYSCTL_CPUPOOL_OP_ADDCPU;

    if ( add && op->cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY )
        return -ENODEV;
    if ( op->cpu >= control_nr_cpus() &&
         op->cpu != XEN_SYSCTL_CPUPOOL_PAR_ANY )
        return -EINVAL;
    if ( op->cpupool_id != 0 )
        return -ENOENT;
    return add ? -ENODEV : -EBUSY;
}

static long pool_move(const struct xen_sysctl_cpupool_op *op)
{
    struct domain *d = domain_get((domid_t)op->domid);

    if ( !d )
        return -ESRCH;
    domain_put(d);
    return op->cpupool_id == 0 ? 0 : -ENOENT;
}

/*
 * INFO: -ENOENT no pool has this id or a larger one.  For the others the errno
 * are those that Xen has for what cannot be done to its only pool, except for a
 * new pool: -EOPNOTSUPP.
 */
long sysctl_cpupool_op(struct xen_sysctl *s)
{
    struct xen_sysctl_cpupool_op *op = &s->u.cpupool_op;
    static const uint64_t none[CPU_WORDS];

    switch ( op->op )
    {
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return pool_create(op);
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        return op->cpupool_id == 0 ? -EBUSY : -ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        return op->cpupool_id == 0 ? pool_info(op) : -ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return pool_cpu(op);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return pool_move(op);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return control_bitmap_out(&op->cpumap, none, control_nr_cpus());
    default:
        return -ENOSYS;
    }
}
