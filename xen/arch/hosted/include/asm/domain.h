/* SPDX-License-Identifier: MIT */
/* What the hosted machine hangs on domains and vcpus. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

struct hosted_domain;
struct hosted_vcpu;

struct arch_domain {
    struct hosted_domain *h; /* physical address space as seen by engines */
};

struct arch_vcpu {
    struct hosted_vcpu *h; /* its thread and engine; NULL: client or synthetic */
};

#endif
