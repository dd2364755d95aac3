/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table and its dispatcher: the only way from a guest or a
 * client into the core.  What is not in the table answers -ENOSYS.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/trace.h>

/* Kinds of guests, as a mask: who has the hypercall at all. */
#define TRANSLATED 0x1U /* HVM and PVH */
#define PV 0x2U         /* those that are not translated: hosted, dom0 is one */
#define ALL (TRANSLATED | PV)

enum permission {
    ANYONE,  /* the handler decides, for each sub-operation               */
    CONTROL, /* control domains only: -EPERM for all others               */
};

struct hypercall_entry {
    const char *name;
    long (*handler)(struct hypercall *hc);
    unsigned int kinds; /* for all others it does not exist: -ENOSYS */
    enum permission permission;
};

#define ROW(nr, handler, kinds, permission) \
    [__HYPERVISOR_##nr] = { #nr, handler, kinds, permission }

static const struct hypercall_entry table[] = {
    ROW(platform_op, do_platform_op, ALL, ANYONE),
    ROW(memory_op, do_memory_op, ALL, ANYONE),
    ROW(multicall, do_multicall, ALL, ANYONE),
    ROW(set_timer_op, do_set_timer_op, ALL, ANYONE),
    ROW(xen_version, do_xen_version, ALL, ANYONE),
    ROW(console_io, do_console_io, ALL, ANYONE),
    ROW(grant_table_op, do_grant_table_op, ALL, ANYONE),
    ROW(vm_assist, do_vm_assist, ALL, ANYONE),
    ROW(vcpu_op, do_vcpu_op, ALL, ANYONE),
    ROW(sched_op, do_sched_op, ALL, ANYONE),
    ROW(event_channel_op, do_event_channel_op, ALL, ANYONE),
    ROW(hvm_op, do_hvm_op, ALL, ANYONE),
    ROW(sysctl, do_sysctl, ALL, CONTROL),
    ROW(domctl, do_domctl, ALL, ANYONE),
    ROW(dm_op, do_dm_op, ALL, ANYONE),
};

static bool has_hypercall(const struct domain *d,
                          const struct hypercall_entry *e)
{
    return e->kinds & (d->translated ? TRANSLATED : PV);
}

long hypercall_dispatch(struct hypercall *hc)
{
    const struct domain *d = current_domain;
    const struct hypercall_entry *e;
    long rc;

    if ( hc->nr >= ARRAY_SIZE(table) )
        return -ENOSYS;
    e = &array_at(table, hc->nr);
    if ( !has_hypercall(d, e) ) /* nobody has an empty row */
        return -ENOSYS;
    if ( e->permission == CONTROL && !is_control_domain(d) )
        return -EPERM;
    budget_begin();
    rc = e->handler(hc);
    domain_deliver();
    trace(ORIEL_TRACE_hypercall, current, (uint64_t)rc, (uint32_t)hc->nr,
          (uint32_t)hc->a[0]);
    budget_end();
    return rc;
}

long hypercall_run(struct hypercall *hc)
{
    long rc;

    do
        rc = hypercall_dispatch(hc);
    while ( rc == -ERESTART );
    if ( current_domain->translated )
        ioreq_hypercall_done(current);
    return rc;
}
