/* SPDX-License-Identifier: MIT */
/* Sub-operations of sysctl; those without a comment: sysctl-topology.c. */
#ifndef SYSCTL_PRIVATE_H
#define SYSCTL_PRIVATE_H

#include <hv/types.h>

#include <xen/sysctl.h>

/* Each fills its part of op; the caller copies op back on success. */
typedef long sysctl_fn(struct xen_sysctl *op);

sysctl_fn sysctl_physinfo;
sysctl_fn sysctl_getcpuinfo;
sysctl_fn sysctl_cputopoinfo;
sysctl_fn sysctl_numainfo;
sysctl_fn sysctl_pcitopoinfo;
sysctl_fn sysctl_cpu_featureset;
sysctl_fn sysctl_cpu_policy;
/* sysctl-sched.c */
sysctl_fn sysctl_sched_id;
sysctl_fn sysctl_scheduler_op;
sysctl_fn sysctl_cpupool_op;
/* Oriel's own, in the place of op->u. */
sysctl_fn sysctl_trace; /* trace.c */
sysctl_fn sysctl_ioreq; /* ioreq-list.c */

#endif
