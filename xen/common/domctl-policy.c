/* SPDX-License-Identifier: MIT */
/*
 * domctl operations on what a guest's processor looks like: CPUID policy and
 * time stamp counter.
 *
 * A domain's policy is replaced as a whole, and only before the domain was
 * first unpaused: its own vcpus read it without a lock.  Everybody else reads
 * it under d->lock, into a copy.
 */
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include "control.h"
#include "domctl-private.h"

#define TSC_MODE_DEFAULT 0
#define TSC_MODE_ALWAYS_EMULATE 1
#define TSC_MODE_NEVER_EMULATE 2

#define BATCH 16

static struct cpu_policy *policy_copy(struct domain *d)
{
    struct cpu_policy *p = new_object(struct cpu_policy);

    if ( !p )
        return NULL;
    spin_lock(&d->lock);
    *p = *cpu_policy_of(d);
    spin_unlock(&d->lock);
    return p;
}

long domctl_get_cpu_policy(struct domctl *c)
{
    struct xen_domctl_cpu_policy *op = &c->op.u.cpu_policy;
    struct cpu_policy *p = policy_copy(c->d);
    int rc;

    if ( !p )
        return -ENOMEM;
    rc = control_copy_leaves(p, handle_addr(op->leaves), &op->nr_leaves);
    if ( !rc )
        rc = control_copy_msrs(p, handle_addr(op->msrs), &op->nr_msrs);
    hv_free(p);
    c->copyback = true;
    return rc;
}

static long merge_leaves(struct cpu_policy *p,
                         struct xen_domctl_cpu_policy *op)
{
    xen_cpuid_leaf_t leaf[BATCH];

    for ( uint32_t i = 0; i < op->nr_leaves; )
    {
        uint32_t n = min(op->nr_leaves - i, (uint32_t)BATCH);

        if ( copy_from_handle(leaf, op->leaves, i, n) )
            return -EFAULT;
        for ( uint32_t j = 0; j < n; j++ )
        {
            int rc = cpu_policy_set_leaf(p, &leaf[j]);

            if ( rc )
            {
                op->err_leaf = leaf[j].leaf;
                op->err_subleaf = leaf[j].subleaf;
                return rc;
            }
        }
        i += n;
    }
    return 0;
}

static long merge_msrs(struct cpu_policy *p, struct xen_domctl_cpu_policy *op)
{
    for ( uint32_t i = 0; i < op->nr_msrs; i++ )
    {
        xen_msr_entry_t msr;
        int rc;

        if ( copy_from_handle(&msr, op->msrs, i, 1) )
            return -EFAULT;
        rc = cpu_policy_set_msr(p, &msr);
        if ( rc )
        {
            op->err_msr = msr.idx;
            return rc;
        }
    }
    return 0;
}

long domctl_set_cpu_policy(struct domctl *c)
{
    struct xen_domctl_cpu_policy *op = &c->op.u.cpu_policy;
    struct domain *d = c->d;
    struct cpu_policy *p;
    long rc;

    if ( d == current_domain )
        return -EINVAL;
    if ( READ_ONCE(d->creation_finished) )
        return -EEXIST;
    if ( op->nr_leaves > CPU_POLICY_MAX_LEAVES ||
         op->nr_msrs > CPU_POLICY_MAX_MSRS )
        return -E2BIG;
    p = policy_copy(d);
    if ( !p )
        return -ENOMEM;

    op->err_leaf = op->err_subleaf = op->err_msr = XEN_CPUID_INPUT_UNUSED;
    rc = merge_leaves(p, op);
    if ( !rc )
        rc = merge_msrs(p, op);
    if ( d->pv )
        cpu_policy_make_pv(p);
    if ( rc )
        c->copyback = true;
    else
    {
        spin_lock(&d->lock);
        if ( d->creation_finished )
            rc = -EEXIST;
        else
        {
            struct cpu_policy *old = d->cpu_policy;

            d->cpu_policy = p;
            p = old;
        }
        spin_unlock(&d->lock);
    }
    hv_free(p);
    return rc;
}

/* ---- time stamp counter ---- */

long domctl_gettscinfo(struct domctl *c)
{
    struct xen_domctl_tsc_info *info = &c->op.u.tsc_info;
    struct domain *d = c->d;

    if ( d == current_domain )
        return -EINVAL;
    spin_lock(&d->lock);
    info->tsc_mode = d->tsc_mode;
    info->gtsc_khz = d->tsc_khz;
    info->incarnation = d->tsc_incarnation;
    info->elapsed_nsec = d->tsc_elapsed;
    spin_unlock(&d->lock);
    info->pad = 0;
    c->copyback = true;
    return 0;
}

/* Guests read the machine's own counter: emulation cannot be promised. */
long domctl_settscinfo(struct domctl *c)
{
    const struct xen_domctl_tsc_info *info = &c->op.u.tsc_info;
    struct domain *d = c->d;

    if ( d == current_domain )
        return -EINVAL;
    switch ( info->tsc_mode )
    {
    case TSC_MODE_DEFAULT:
    case TSC_MODE_NEVER_EMULATE:
        break;
    case TSC_MODE_ALWAYS_EMULATE:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
    spin_lock(&d->lock);
    d->tsc_mode = info->tsc_mode;
    d->tsc_khz = info->gtsc_khz;
    d->tsc_incarnation = info->incarnation + 1; /* one more */
    d->tsc_elapsed = info->elapsed_nsec;
    spin_unlock(&d->lock);
    return 0;
}
