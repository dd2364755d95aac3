/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table and its dispatcher: the only way from a guest or a
 * client into the core, but for hypercalls that only PV guests have: those are
 * in pv/hypercall.c.  What is in neither table answers -ENOSYS.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/trace.h>

/*
 * Kinds of guests, as a mask: who has the hypercall at all.  TRANSLATED: HVM and
 * PVH; PV: those that are not translated, hosted dom0 is one.
 */
#define KIND(translated) (1U << (translated))
#define TRANSLATED KIND(true)
#define PV KIND(false)
#define ALL (TRANSLATED | PV)

enum permission {
    ANYONE,  /* the handler decides, for each sub-operation               */
    CONTROL, /* control domains only: -EPERM for all others               */
};

struct hypercall_entry {
    const char *name;
    long (*handler)(struct hypercall *hc);
    long (*handler_32)(struct hypercall *hc); /* NULL: no 32-bit form */
    unsigned int kinds; /* for all others it does not exist: -ENOSYS */
    enum permission permission;
};

#define ROW(nr, handler, handler_32, kinds, permission) \
    [__HYPERVISOR_##nr] = { #nr, handler, handler_32, kinds, permission }
/* One handler for both; for 64-bit callers alone. */
#define BOTH(nr) ROW(nr, do_##nr, do_##nr, ALL, ANYONE)
#define ONLY_64(nr, permission) ROW(nr, do_##nr, NULL, ALL, permission)

static const struct hypercall_entry table[] = {
    ONLY_64(platform_op, ANYONE),
    BOTH(memory_op),
    BOTH(multicall),
    ROW(set_timer_op, do_set_timer_op, do_set_timer_op_32, ALL, ANYONE),
    BOTH(xen_version),
    BOTH(console_io),
    BOTH(grant_table_op),
    BOTH(vm_assist),
    BOTH(vcpu_op),
    BOTH(sched_op),
    BOTH(event_channel_op),
    BOTH(hvm_op),
    ONLY_64(sysctl, CONTROL),
    ONLY_64(domctl, ANYONE),
    ONLY_64(dm_op, ANYONE),
};

static bool has_hypercall(const struct domain *d,
                          const struct hypercall_entry *e)
{
    return e->kinds & KIND(d->translated);
}

static inline __attribute__((always_inline)) long
dispatch(struct hypercall *hc, bool caller_32)
{
    const struct domain *d = current_domain;
    const struct hypercall_entry *e;
    long rc;

    if ( hc->nr >= ARRAY_SIZE(table) )
        return -ENOSYS;
    e = &array_at(table, hc->nr);
    if ( !has_hypercall(d, e) ) /* no domain has an empty row */
        return d->pv && !caller_32 ? arch_pv_hypercall(hc) : -ENOSYS;
    if ( caller_32 && !e->handler_32 )
        return -ENOSYS;
    if ( e->permission == CONTROL && !is_control_domain(d) )
        return -EPERM;
    budget_begin();
    rc = caller_32 ? e->handler_32(hc) : e->handler(hc);
    domain_deliver();
    /* Asked here, too: to compute the arguments costs more. */
    if ( trace_wants(ORIEL_TRACE_hypercall) )
        trace(ORIEL_TRACE_hypercall, current, (uint64_t)rc, (uint32_t)hc->nr,
              (uint32_t)hc->a[0]);
    budget_end();
    return rc;
}

long hypercall_dispatch(struct hypercall *hc)
{
    return dispatch(hc, false);
}

static void truncate_arguments(struct hypercall *hc)
{
    hc->nr = (uint32_t)hc->nr;
    for ( unsigned int i = 0; i < ARRAY_SIZE(hc->a); i++ )
        hc->a[i] = (uint32_t)hc->a[i];
}

/*
 * Progress is kept in the arguments.  A 32-bit caller's hold any count; an address
 * that reaches 4 GiB they do not hold, and there the caller has no memory.
 */
static bool fits_32(const struct hypercall *hc)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(hc->a); i++ )
        if ( hc->a[i] > UINT32_MAX )
            return false;
    return true;
}

static long dispatch_32(struct hypercall *hc)
{
    long rc;

    truncate_arguments(hc);
    rc = dispatch(hc, true);
    return rc == -ERESTART && !fits_32(hc) ? -EFAULT : rc;
}

long hypercall_dispatch_32(struct hypercall *hc)
{
    struct vcpu *v = current;
    long rc;

    v->caller_32 = true;
    rc = dispatch_32(hc);
    v->caller_32 = false;
    return rc;
}

long hypercall_nested(struct hypercall *hc)
{
    return current->caller_32 ? dispatch_32(hc) : dispatch(hc, false);
}

static long run(struct hypercall *hc, long (*once)(struct hypercall *hc))
{
    long rc;

    do
        rc = once(hc);
    while ( rc == -ERESTART );
    if ( current_domain->translated )
        ioreq_hypercall_done(current);
    return rc;
}

long hypercall_run(struct hypercall *hc)
{
    return run(hc, hypercall_dispatch);
}

long hypercall_run_32(struct hypercall *hc)
{
    return run(hc, hypercall_dispatch_32);
}
