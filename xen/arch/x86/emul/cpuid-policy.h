/* SPDX-License-Identifier: MIT */
/* Between policies (cpuid-policy.c) and what is in them (cpuid-leaves.c). */
#ifndef CPUID_POLICY_H
#define CPUID_POLICY_H

#include <hv/cpu-policy.h>

#include <x86/defns.h>

enum cpuid_reg { REG_NONE, REG_A, REG_B, REG_C, REG_D };

/* Where a word of the feature set lives, and what guests may have of it. */
struct feature_word {
    uint32_t leaf, subleaf;
    enum cpuid_reg reg; /* REG_NONE: not in CPUID */
    uint32_t guest;
};
extern const struct feature_word cpuid_feature_words[CPU_FEATURE_WORDS];

static inline uint32_t *cpuid_reg(xen_cpuid_leaf_t *l, enum cpuid_reg reg)
{
    return reg == REG_A ? &l->a : reg == REG_B ? &l->b
           : reg == REG_C ? &l->c : &l->d;
}

static inline const uint32_t *cpuid_reg_const(const xen_cpuid_leaf_t *l,
                                              enum cpuid_reg reg)
{
    return reg == REG_A ? &l->a : reg == REG_B ? &l->b
           : reg == REG_C ? &l->c : &l->d;
}

/* Take from a leaf of any origin what no guest may see. */
void cpuid_guest_filter(xen_cpuid_leaf_t *l);

/* Features of l that `most` does not have go. */
void cpuid_mask_features(xen_cpuid_leaf_t *l, const xen_cpuid_leaf_t *most);

/* Take from a leaf what a PV guest's kernel would use and does not have. */
void cpuid_pv_filter(xen_cpuid_leaf_t *l);

/* What guests have whatever the machine has: emulated features. */
void cpuid_add_emulated(struct cpu_policy *p);

/* Leaf HYPERVISOR + i for v. */
void cpuid_hypervisor_leaf(const struct vcpu *v, uint32_t i, uint32_t subleaf,
                           struct cpuid_regs *out);

#endif
