/* SPDX-License-Identifier: MIT */
/*
 * The hypercall table and its dispatcher: the only way from a guest or a
 * client into the core.  What is not in the table answers -ENOSYS.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

enum permission {
    ANYONE,  /* the handler decides, for each sub-operation               */
    CONTROL, /* control domains only: -EPERM for all others               */
};

struct hypercall_entry {
    const char *name;
    long (*handler)(struct hypercall *hc);
    enum permission permission;
};

#define ROW(nr, handler, permission) \
    [__HYPERVISOR_##nr] = { #nr, handler, permission }

static const struct hypercall_entry table[] = {
    ROW(platform_op, do_platform_op, ANYONE),
    ROW(memory_op, do_memory_op, ANYONE),
    ROW(multicall, do_multicall, ANYONE),
    ROW(set_timer_op, do_set_timer_op, ANYONE),
    ROW(xen_version, do_xen_version, ANYONE),
    ROW(console_io, do_console_io, ANYONE),
    ROW(grant_table_op, do_grant_table_op, ANYONE),
    ROW(vm_assist, do_vm_assist, ANYONE),
    ROW(vcpu_op, do_vcpu_op, ANYONE),
    ROW(sched_op, do_sched_op, ANYONE),
    ROW(event_channel_op, do_event_channel_op, ANYONE),
    ROW(hvm_op, do_hvm_op, ANYONE),
    ROW(sysctl, do_sysctl, CONTROL),
    ROW(domctl, do_domctl, ANYONE),
    ROW(dm_op, do_dm_op, ANYONE),
};

long hypercall_dispatch(struct hypercall *hc)
{
    const struct hypercall_entry *e;
    long rc;

    if ( hc->nr >= ARRAY_SIZE(table) )
        return -ENOSYS;
    e = &array_at(table, hc->nr);
    if ( !e->handler )
        return -ENOSYS;
    if ( e->permission == CONTROL && !is_control_domain(current_domain) )
        return -EPERM;
    budget_begin();
    rc = e->handler(hc);
    domain_deliver();
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
