/* SPDX-License-Identifier: MIT */
/*
 * domctl(struct xen_domctl *): control of other domains, and the smallest of
 * its operations.
 *
 * Order of checks: -EFAULT; interface version -EACCES; no such domain -ESRCH;
 * caller not allowed -EPERM; unknown or unsupported operation -EOPNOTSUPP;
 * then the operation's own.  The structure is copied in once.  Clients leave
 * padding and unused parts of it uninitialised, so nothing looks at them.
 *
 * An operation that gives way starts again from the caller's unchanged
 * structure: its progress is in the domain.
 */
#include <hv/array.h>
#include <hv/guest-access.h>
#include <hv/hvm-irq.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "domctl-private.h"

static bool is_self(const struct domctl *c)
{
    return c->d == current_domain;
}

static long destroydomain(struct domctl *c)
{
    return domain_kill(c->d);
}

static long pausedomain(struct domctl *c)
{
    return is_self(c) ? -EINVAL : domain_ctl_pause(c->d);
}

static long unpausedomain(struct domctl *c)
{
    return domain_ctl_unpause(c->d);
}

static long resumedomain(struct domctl *c)
{
    if ( is_self(c) )
        return -EINVAL;
    domain_resume(c->d);
    return 0;
}

static long setdomainhandle(struct domctl *c)
{
    _Static_assert(sizeof(c->d->handle) ==
                       sizeof(c->op.u.setdomainhandle.handle),
                   "a handle is a UUID");

    spin_lock(&c->d->lock);
    memcpy(c->d->handle, c->op.u.setdomainhandle.handle,
           sizeof(c->d->handle));
    spin_unlock(&c->d->lock);
    return 0;
}

/* Hypercalls at this frame, which is the domain's own. */
static long hypercall_init(struct domctl *c)
{
    struct page *pg = p2m_get_own_page(c->d, c->op.u.hypercall_init.gmfn);
    long rc;

    if ( !pg )
        return -EACCES;
    rc = arch_fill_hypercall_page(c->d, page_to_virt(pg));
    p2m_put_own_page(pg);
    return rc;
}

/* PV guests have 64-bit kernels. */
static long set_address_size(struct domctl *c)
{
    if ( c->d->translated )
        return -EOPNOTSUPP;
    return c->op.u.address_size.size == 64 ? 0 : -EINVAL;
}

static long get_address_size(struct domctl *c)
{
    c->op.u.address_size.size = 64;
    c->copyback = true;
    return 0;
}

static long settimeoffset(struct domctl *c)
{
    int64_t seconds = c->op.u.settimeoffset.time_offset_seconds;

    WRITE_ONCE(c->d->utc_offset_set, seconds != 0);
    domain_set_utc_offset(c->d, seconds);
    return 0;
}

/* c->d becomes the device model of the target; once and for all. */
static long set_target(struct domctl *c)
{
    struct domain *target = domain_get(c->op.u.set_target.target);
    long rc = 0;

    if ( !target )
        return -ESRCH;
    spin_lock(&c->d->lock);
    if ( target == c->d || c->d->target_id != DOMID_INVALID )
        rc = -EINVAL;
    else if ( !target->translated )
        rc = -EOPNOTSUPP;
    else
        WRITE_ONCE(c->d->target_id, target->domain_id);
    spin_unlock(&c->d->lock);
    domain_put(target);
    return rc;
}

static long sendtrigger(struct domctl *c)
{
    struct vcpu *v = domain_vcpu(c->d, c->op.u.sendtrigger.vcpu);

    if ( !v )
        return -ESRCH;
    switch ( c->op.u.sendtrigger.trigger )
    {
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        return c->d->translated ? arch_send_nmi(v) : -EOPNOTSUPP;
    case XEN_DOMCTL_SENDTRIGGER_POWER:
        return c->d->translated ? arch_press_button(c->d, false) : -EINVAL;
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        return c->d->translated ? arch_press_button(c->d, true) : -EINVAL;
    default:
        return -ENOSYS;
    }
}

static domctl_fn *const table[] = {
    [XEN_DOMCTL_createdomain] = domctl_createdomain,
    [XEN_DOMCTL_hypercall_init] = hypercall_init,
    [XEN_DOMCTL_set_address_size] = set_address_size,
    [XEN_DOMCTL_get_address_size] = get_address_size,
    [XEN_DOMCTL_settimeoffset] = settimeoffset,
    [XEN_DOMCTL_destroydomain] = destroydomain,
    [XEN_DOMCTL_pausedomain] = pausedomain,
    [XEN_DOMCTL_unpausedomain] = unpausedomain,
    [XEN_DOMCTL_getdomaininfo] = domctl_getdomaininfo,
    [XEN_DOMCTL_setvcpuaffinity] = domctl_setvcpuaffinity,
    [XEN_DOMCTL_shadow_op] = domctl_shadow_op,
    [XEN_DOMCTL_max_mem] = domctl_max_mem,
    [XEN_DOMCTL_setvcpucontext] = domctl_setvcpucontext,
    [XEN_DOMCTL_getvcpucontext] = domctl_getvcpucontext,
    [XEN_DOMCTL_getvcpuinfo] = domctl_getvcpuinfo,
    [XEN_DOMCTL_max_vcpus] = domctl_max_vcpus,
    [XEN_DOMCTL_scheduler_op] = domctl_scheduler_op,
    [XEN_DOMCTL_setdomainhandle] = setdomainhandle,
    [XEN_DOMCTL_getvcpuaffinity] = domctl_getvcpuaffinity,
    [XEN_DOMCTL_resumedomain] = resumedomain,
    [XEN_DOMCTL_gethvmcontext] = domctl_gethvmcontext,
    [XEN_DOMCTL_sethvmcontext] = domctl_sethvmcontext,
    [XEN_DOMCTL_sendtrigger] = sendtrigger,
    [XEN_DOMCTL_set_target] = set_target,
    [XEN_DOMCTL_gethvmcontext_partial] = domctl_gethvmcontext_partial,
    [XEN_DOMCTL_getpageframeinfo3] = domctl_getpageframeinfo3,
    [XEN_DOMCTL_gettscinfo] = domctl_gettscinfo,
    [XEN_DOMCTL_settscinfo] = domctl_settscinfo,
    [XEN_DOMCTL_setnodeaffinity] = domctl_setnodeaffinity,
    [XEN_DOMCTL_getnodeaffinity] = domctl_getnodeaffinity,
    [XEN_DOMCTL_get_cpu_policy] = domctl_get_cpu_policy,
    [XEN_DOMCTL_set_cpu_policy] = domctl_set_cpu_policy,
    [XEN_DOMCTL_get_paging_mempool_size] = domctl_get_mempool,
    [XEN_DOMCTL_set_paging_mempool_size] = domctl_set_mempool,
};

/* The domain that the operation is about, into c->d. */
static long find_domain(struct domctl *c)
{
    switch ( c->op.cmd )
    {
    case XEN_DOMCTL_createdomain:
        return 0;
    case XEN_DOMCTL_getdomaininfo:
        /* The next one is as good: clients walk all domains with it. */
        if ( c->op.domain >= DOMID_FIRST_RESERVED )
            return -EINVAL;
        c->d = domain_get_from(c->op.domain);
        break;
    default:
        c->d = domain_get(c->op.domain);
        break;
    }
    return c->d ? 0 : -ESRCH;
}

/* Who may do this: control domains all, xenstore's ask, models their own. */
static long permission(const struct domctl *c)
{
    const struct domain *caller = current_domain;

    switch ( c->op.cmd )
    {
    case XEN_DOMCTL_getdomaininfo:
        if ( caller->config.flags & XEN_DOMCTL_CDF_xs_domain )
            return 0;
        break;
    case XEN_DOMCTL_bind_pt_irq:
    case XEN_DOMCTL_unbind_pt_irq:
    case XEN_DOMCTL_memory_mapping:
    case XEN_DOMCTL_ioport_mapping:
        return domain_dm_allowed(caller, c->d);
    }
    return domain_ctl_allowed(caller, c->d);
}

static long run(struct domctl *c)
{
    domctl_fn *fn = NULL;
    long rc = permission(c);

    if ( rc )
        return rc;
    if ( c->op.cmd < ARRAY_SIZE(table) )
        fn = array_at(table, c->op.cmd);
    return fn ? fn(c) : -EOPNOTSUPP;
}

long do_domctl(struct hypercall *hc)
{
    struct domctl c = { .d = NULL };
    uint64_t arg = hc->a[0];
    long rc;

    if ( copy_from_arg(&c.op, arg) )
        return -EFAULT;
    if ( c.op.interface_version != XEN_DOMCTL_INTERFACE_VERSION )
        return -EACCES;
    rc = find_domain(&c);
    if ( rc )
        return rc;

    rc = run(&c);
    if ( c.d )
        domain_put(c.d);
    if ( c.copyback && copy_to_arg(arg, &c.op) )
        rc = -EFAULT;
    return rc;
}
