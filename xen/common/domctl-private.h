/* SPDX-License-Identifier: MIT */
/*
 * The sub-operations of domctl: one function for each, called by domctl.c with
 * the structure copied in and the domain (if it needs one) referenced.
 */
#ifndef DOMCTL_PRIVATE_H
#define DOMCTL_PRIVATE_H

#include <hv/domain.h>

#include <xen/domctl.h>

struct domctl {
    struct xen_domctl op;
    struct domain *d; /* referenced; NULL for createdomain */
    bool copyback;    /* the structure goes back to the caller, errors too */
};

typedef long domctl_fn(struct domctl *c);

/* domctl-create.c */
domctl_fn domctl_createdomain;
domctl_fn domctl_getdomaininfo;
void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* domctl-vcpu.c */
domctl_fn domctl_max_vcpus;
domctl_fn domctl_getvcpuinfo;
domctl_fn domctl_setvcpuaffinity;
domctl_fn domctl_getvcpuaffinity;
domctl_fn domctl_setnodeaffinity;
domctl_fn domctl_getnodeaffinity;
domctl_fn domctl_scheduler_op;

/* domctl-context.c */
domctl_fn domctl_getvcpucontext;
domctl_fn domctl_setvcpucontext;
domctl_fn domctl_getpageframeinfo3;

/* domctl-mem.c */
domctl_fn domctl_max_mem;
domctl_fn domctl_get_mempool;
domctl_fn domctl_set_mempool;
/* The pages of d's paging pool; set: -EINVAL, -ERANGE, p2m_pool_resize()'s. */
uint64_t domctl_pool_pages(struct domain *d);
long domctl_pool_set(struct domain *d, uint64_t pages) must_check;

/* domctl-shadow.c */
domctl_fn domctl_shadow_op;

/* domctl-policy.c */
domctl_fn domctl_get_cpu_policy;
domctl_fn domctl_set_cpu_policy;
domctl_fn domctl_gettscinfo;
domctl_fn domctl_settscinfo;

/* hvm-save.c */
domctl_fn domctl_gethvmcontext;
domctl_fn domctl_sethvmcontext;
domctl_fn domctl_gethvmcontext_partial;

#endif
