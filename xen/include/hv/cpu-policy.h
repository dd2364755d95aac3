/* SPDX-License-Identifier: MIT */
/* What CPUID tells a guest: policies as lists of leaves. */
#ifndef HV_CPU_POLICY_H
#define HV_CPU_POLICY_H

#include <hv/types.h>

#include <xen/domctl.h>

struct domain;
struct vcpu;

#define CPU_POLICY_MAX_LEAVES 120
#define CPU_POLICY_MAX_MSRS 2

struct cpu_policy {
    unsigned int nr_leaves;
    xen_cpuid_leaf_t leaf[CPU_POLICY_MAX_LEAVES];
    unsigned int nr_msrs;
    xen_msr_entry_t msr[CPU_POLICY_MAX_MSRS];
};

/* An MSR of policies: what of the platform a guest may use. */

struct cpuid_regs {
    uint32_t a, b, c, d;
};

/*
 * CPUID as v sees it: the hypervisor leaves at 0x40000000, else the domain's
 * policy or the default made from the machine's.  Pure: no privileged
 * instruction.
 */
void cpuid_for_guest(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                     struct cpuid_regs *out);

/*
 * What a guest gets when its toolstack sets nothing, which is also the most it
 * can get.  Made once, from the machine's CPUID, by the first who asks.
 */
const struct cpu_policy *cpu_policy_default(void);

/* The same for PV guests. */
const struct cpu_policy *cpu_policy_default_pv(void);
/* Features that PV guests do not have go. */
void cpu_policy_make_pv(struct cpu_policy *p);
/* d's own, or the default of its kind.  d->lock is held, or d runs. */
const struct cpu_policy *cpu_policy_of(const struct domain *d);

/* What the machine has: raw material, not all of it fit for guests. */
const struct cpu_policy *cpu_policy_host(void);

/*
 * Change p as a toolstack asks: the entry replaces the one of its place.
 * -ERANGE for a place that does not exist, -EINVAL for reserved bits or a
 * number of leaves beyond the machine's.  Features that the machine does not
 * have for guests are dropped.
 */
int cpu_policy_set_leaf(struct cpu_policy *p, const xen_cpuid_leaf_t *leaf)
    must_check;
int cpu_policy_set_msr(struct cpu_policy *p, const xen_msr_entry_t *msr)
    must_check;

/* A policy as words of feature bits (xen/arch-x86/cpufeatureset.h). */
#define CPU_FEATURE_WORDS 19
void cpu_policy_features(const struct cpu_policy *p,
                         uint32_t words[CPU_FEATURE_WORDS]);

/* MSR_PLATFORM_INFO as d's vcpus read it, which is the policy's. */
uint64_t cpu_policy_platform_info(const struct domain *d);

/* ---- arch contract ---- */

/* Can CPUID outside ring 0 be made a fault, where a guest asks for that? */
bool arch_cpuid_faulting(void);

struct cpu_info {
    unsigned int nr_cpus; /* ids 0..nr_cpus-1 */
    uint32_t khz;         /* of the time stamp counter */
};
void arch_cpu_info(struct cpu_info *info);

/* What an existing CPU is called by its local APIC and by ACPI's tables. */
void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id);

/* The id of v's local APIC. */
uint32_t arch_apic_id(const struct vcpu *v);

void arch_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *out);

#endif
