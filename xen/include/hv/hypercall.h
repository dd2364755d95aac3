/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: one table, one dispatcher, one calling form.
 *
 * A handler gets its arguments in hc->a[].  To give way it stores in them
 * what it needs to go on and returns -ERESTART: the dispatcher or the machine
 * underneath makes the call again, or lets the guest execute it again.  A guest
 * never sees -ERESTART.
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
 * Run one hypercall for `current`.  -ENOSYS for one that does not exist;
 * -ERESTART after an arch_hypercall_preempted() handler: call again.
 */
long hypercall_dispatch(struct hypercall *hc);

/*
 * The same for a caller in 32-bit code: arguments have 32 bits, structures its
 * layout (hv/compat.h).  -ENOSYS also for a hypercall without a 32-bit form.
 */
long hypercall_dispatch_32(struct hypercall *hc);

/* A hypercall in another one of the same caller. */
long hypercall_nested(struct hypercall *hc);

/*
 * Run to the end, however often it gives way.  Afterwards the caller may have
 * to wait for device models: ioreq_in_flight().
 */
long hypercall_run(struct hypercall *hc);
long hypercall_run_32(struct hypercall *hc);

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
/* For 32-bit callers, where they differ. */
long do_set_timer_op_32(struct hypercall *hc); /* sched-op.c     */

/* ---- arch contract ---- */

/*
 * Should a long operation give way now?  Hosted: false, except in tests, which
 * ask for every n-th call, so that every restart point is exercised.
 */
bool arch_hypercall_preempted(void);

/*
 * A hypercall of a PV guest with page tables that the core's table has not, about
 * its vcpu's registers and its machine's devices.  -ENOSYS: nor has the machine.
 */
long arch_pv_hypercall(struct hypercall *hc);

static inline bool hypercall_preempt_check(void)
{
    budget_renew();
    return arch_hypercall_preempted();
}

#endif
