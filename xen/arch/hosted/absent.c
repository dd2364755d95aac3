/* SPDX-License-Identifier: MIT */
/*
 * What the hosted machine has not: PV guests, but for programs without page
 * tables, and physical interrupts.
 */
#include <hosted.h>
#include <hv/domain.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

/* Programs have no page tables here, and guests are HVM guests. */
long arch_pv_hypercall(struct hypercall *hc)
{
    (void)hc;
    return -ENOSYS;
}

int arch_fill_hypercall_page(const struct domain *d, void *page)
{
    (void)d, (void)page;
    return -EOPNOTSUPP;
}

void arch_vcpu_get_pv_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    (void)v, (void)c;
}

int arch_vcpu_set_pv_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    return hosted_hooks.set_pv_context ? hosted_hooks.set_pv_context(v, c)
                                       : -EOPNOTSUPP;
}

/* No domain has physical interrupts: every number is out of range. */
int arch_pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port,
                   bool may_share)
{
    (void)d, (void)pirq, (void)port, (void)may_share;
    return -EINVAL;
}

void arch_pirq_unbind(struct domain *d, uint32_t pirq)
{
    (void)d, (void)pirq;
}

void arch_pirq_move(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
    (void)d, (void)pirq, (void)v;
}
