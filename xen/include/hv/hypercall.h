/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: one table, one dispatcher, one calling form.
 *
 * A handler gets its arguments in hc->a[].  A handler that is preempted stores
 * its progress there and returns -ERESTART: the dispatcher or the machine
 * underneath calls the handler again.  A guest never sees -ERESTART.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include <hv/budget.h>
#include <hv/types.h>

#include <xen/xen.h>

struct hypercall {
    unsigned long nr;   /* __HYPERVISOR_* */
    unsigned long a[6]; /* arguments; rewritten by a handler that restarts */
};

/* Internal: outside the errno values that guests know. */
#define ERESTART 85

/*
 * Run one hypercall for `current`.  -ENOSYS no such hypercall; -EPERM for
 * control domains only; -ERESTART the handler was preempted, call again with
 * the same hc; or the handler's result.
 */
long hypercall_dispatch(struct hypercall *hc);

/*
 * hypercall_dispatch() until the result is not -ERESTART.  Afterwards the
 * caller may have to wait for device models: ioreq_in_flight().
 */
long hypercall_run(struct hypercall *hc);

/* The handlers: one for each row of the table in hypercall.c. */
long do_memory_op(struct hypercall *hc);       /* memory-op.c    */
long do_xen_version(struct hypercall *hc);     /* version.c      */
long do_console_io(struct hypercall *hc);      /* console-io.c   */
long do_grant_table_op(struct hypercall *hc);  /* gnttab.c       */
long do_vcpu_op(struct hypercall *hc);         /* vcpu-op.c      */
long do_sched_op(struct hypercall *hc);        /* sched-op.c     */
long do_event_channel_op(struct hypercall *hc);/* evtchn.c       */
long do_hvm_op(struct hypercall *hc);          /* hvm-op.c       */
long do_sysctl(struct hypercall *hc);          /* sysctl.c       */
long do_domctl(struct hypercall *hc);          /* domctl.c       */
long do_dm_op(struct hypercall *hc);           /* dm-op.c        */
long do_multicall(struct hypercall *hc);       /* multicall.c    */
long do_vm_assist(struct hypercall *hc);       /* version.c      */
long do_platform_op(struct hypercall *hc);     /* platform-op.c  */
long do_set_timer_op(struct hypercall *hc);    /* sched-op.c     */

/* ---- arch contract ---- */

/*
 * Should a long operation return -ERESTART now?  Hosted: at every n-th call, so
 * that tests exercise every restart point.
 */
bool arch_hypercall_preempted(void);

static inline bool hypercall_preempt_check(void)
{
    budget_renew();
    return arch_hypercall_preempted();
}

#endif
