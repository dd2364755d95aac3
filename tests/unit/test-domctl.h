/* SPDX-License-Identifier: MIT */
/* domctl calls of `current`, for the tests of domctl. */
#ifndef TEST_DOMCTL_H
#define TEST_DOMCTL_H

#include "fixture.h"

#include <xen/domctl.h>

static inline struct xen_domctl domctl_make(uint32_t cmd, domid_t domid)
{
    struct xen_domctl op;

    memset(&op, 0x5a, sizeof(op)); /* clients leave rubbish in padding */
    memset(&op.u, 0, sizeof(op.u));
    op.cmd = cmd;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = domid;
    return op;
}

static inline long domctl_call(struct xen_domctl *op)
{
    return hcall(__HYPERVISOR_domctl, P(op), 0, 0, 0, 0);
}

static inline long domctl_do(uint32_t cmd, struct domain *d)
{
    struct xen_domctl op = domctl_make(cmd, d->domain_id);

    return domctl_call(&op);
}

#endif
