/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies: what the machine has, what a guest may see of it, what a
 * toolstack made of that, and how a guest's CPUID is answered.
 *
 * A policy is a list of leaves at the places of the ABI's serialised form:
 * basic 0..0xd, extended 0x80000000..0x80000021, and the subleaves of 4, 7,
 * 0xb and 0xd; all other leaves have XEN_CPUID_NO_SUBLEAF.  A leaf that is
 * not in the list reads as zero.
 *
 * Every leaf that enters a policy of guests goes through cpuid_guest_filter(),
 * the machine's own and what a toolstack sends: a guest never sees a feature
 * that the hypervisor does not keep for it.  A toolstack's leaf is also masked
 * with the machine's default, bit by bit.
 *
 * The machine's policies are made once; `made` says when they are there.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <xen/arch-x86/cpuid.h>

#include "cpuid-policy.h"

#define BASIC_MAX 0xd
#define EXTENDED 0x80000000U
#define EXTENDED_MAX 0x80000021U
#define HYPERVISOR 0x40000000U
#define HYPERVISOR_2 0x40000100U /* where a second interface would be */

#define NR_CACHE 6
#define NR_FEATURE 3
#define NR_TOPOLOGY 2
#define NR_XSAVE 63

enum { NOT_MADE, BEING_MADE, MADE };

static struct cpu_policy host_policy, default_policy, pv_policy;
static uint32_t made = NOT_MADE;

/* ---- places ---- */

static unsigned int nr_subleaves(uint32_t leaf)
{
    switch ( leaf )
    {
    case 0x4:
        return NR_CACHE;
    case 0x7:
        return NR_FEATURE;
    case 0xb:
        return NR_TOPOLOGY;
    case 0xd:
        return NR_XSAVE;
    default:
        return 0;
    }
}

static bool place_ok(uint32_t leaf, uint32_t subleaf)
{
    unsigned int nr = nr_subleaves(leaf);

    if ( leaf > BASIC_MAX && leaf != HYPERVISOR && leaf != HYPERVISOR_2 &&
         (leaf < EXTENDED || leaf > EXTENDED_MAX) )
        return false;
    return nr ? subleaf < nr : subleaf == XEN_CPUID_NO_SUBLEAF;
}

/* In which order they stand. */
static uint64_t place(const xen_cpuid_leaf_t *l)
{
    return (uint64_t)l->leaf << 32 | l->subleaf;
}

/* The first that does not come before this place. */
static unsigned int find_place(const struct cpu_policy *p, uint32_t leaf,
                               uint32_t subleaf)
{
    uint64_t wanted = (uint64_t)leaf << 32 | subleaf;
    unsigned int from = 0, to = p->nr_leaves;

    while ( from < to )
    {
        unsigned int mid = (from + to) / 2;

        if ( place(&p->leaf[mid]) < wanted )
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static const xen_cpuid_leaf_t *find_leaf(const struct cpu_policy *p,
                                         uint32_t leaf, uint32_t subleaf)
{
    static const xen_cpuid_leaf_t none;
    unsigned int i;

    if ( !nr_subleaves(leaf) )
        subleaf = XEN_CPUID_NO_SUBLEAF;
    i = find_place(p, leaf, subleaf);
    return i < p->nr_leaves && p->leaf[i].leaf == leaf &&
           p->leaf[i].subleaf == subleaf ? &p->leaf[i] : &none;
}

/* Replace the leaf of this place, or insert it in order. */
static void put_leaf(struct cpu_policy *p, const xen_cpuid_leaf_t *l)
{
    unsigned int i = find_place(p, l->leaf, l->subleaf);

    if ( i == p->nr_leaves || p->leaf[i].leaf != l->leaf ||
         p->leaf[i].subleaf != l->subleaf )
    {
        BUG_ON(p->nr_leaves == CPU_POLICY_MAX_LEAVES);
        memmove(&p->leaf[i + 1], &p->leaf[i],
                (p->nr_leaves - i) * sizeof(p->leaf[0]));
        p->nr_leaves++;
    }
    p->leaf[i] = *l;
}

/* ---- the machine's ---- */

static void read_leaf(struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
    xen_cpuid_leaf_t l = { .leaf = leaf, .subleaf = subleaf };
    struct cpuid_regs r;

    arch_cpuid(leaf, subleaf == XEN_CPUID_NO_SUBLEAF ? 0 : subleaf, &r);
    l.a = r.a;
    l.b = r.b;
    l.c = r.c;
    l.d = r.d;
    put_leaf(p, &l);
}

static void read_range(struct cpu_policy *p, uint32_t first, uint32_t limit)
{
    struct cpuid_regs r;

    arch_cpuid(first, 0, &r);
    if ( r.a < first ) /* no such range */
        return;
    for ( uint32_t leaf = first; leaf <= min(r.a, limit); leaf++ )
    {
        unsigned int nr = nr_subleaves(leaf);

        if ( !nr )
            read_leaf(p, leaf, XEN_CPUID_NO_SUBLEAF);
        for ( unsigned int sub = 0; sub < nr; sub++ )
            read_leaf(p, leaf, sub);
    }
}

/*
 * A policy lists exactly what Xen's libraries make of it: they serialise it
 * into the room that the list took.
 */
static void trim(struct cpu_policy *p)
{
    const xen_cpuid_leaf_t *low = find_leaf(p, 0xd, 0);
    const xen_cpuid_leaf_t *high = find_leaf(p, 0xd, 1);
    uint64_t states = ((uint64_t)low->d << 32 | low->a) |
                      ((uint64_t)high->d << 32 | high->c);
    uint32_t max_feature = find_leaf(p, 0x7, 0)->a;
    unsigned int kept = 0;

    for ( unsigned int i = 0; i < p->nr_leaves; i++ )
    {
        const xen_cpuid_leaf_t *l = &p->leaf[i];

        if ( (l->leaf == 0x7 && l->subleaf > max_feature) ||
             (l->leaf == 0xd && l->subleaf > 1 && !(states >> l->subleaf)) )
            continue;
        p->leaf[kept++] = *l;
    }
    p->nr_leaves = kept;
}

void cpu_policy_make_pv(struct cpu_policy *p)
{
    for ( unsigned int i = 0; i < p->nr_leaves; i++ )
        cpuid_pv_filter(&p->leaf[i]);
}

static void make_policies(void)
{
    const xen_msr_entry_t msrs[CPU_POLICY_MAX_MSRS] = {
        { .idx = MSR_PLATFORM_INFO,
          .val = arch_cpuid_faulting() ? PLATFORM_INFO_CPUID_FAULTING : 0 },
        { .idx = MSR_ARCH_CAPABILITIES },
    };
    /* How many leaves of the hypervisor's there are: 0, as many as it has. */
    static const xen_cpuid_leaf_t limits[] = {
        { .leaf = HYPERVISOR, .subleaf = XEN_CPUID_NO_SUBLEAF },
        { .leaf = HYPERVISOR_2, .subleaf = XEN_CPUID_NO_SUBLEAF },
    };

    host_policy.nr_leaves = 0;
    read_range(&host_policy, 0, BASIC_MAX);
    read_range(&host_policy, EXTENDED, EXTENDED_MAX);
    for ( unsigned int i = 0; i < ARRAY_SIZE(limits); i++ )
        put_leaf(&host_policy, &limits[i]);
    memcpy(host_policy.msr, msrs, sizeof(msrs));
    host_policy.nr_msrs = CPU_POLICY_MAX_MSRS;

    default_policy = host_policy;
    for ( unsigned int i = 0; i < default_policy.nr_leaves; i++ )
        cpuid_guest_filter(&default_policy.leaf[i]);
    cpuid_add_emulated(&default_policy);
    trim(&default_policy);
    trim(&host_policy);
    pv_policy = default_policy;
    cpu_policy_make_pv(&pv_policy);
}

static void policies_ready(void)
{
    uint32_t state = NOT_MADE;

    if ( likely(load_acquire(&made) == MADE) )
        return;
    if ( atomic_cmpxchg(&made, &state, BEING_MADE) )
    {
        make_policies();
        store_release(&made, MADE);
    }
    while ( load_acquire(&made) != MADE )
        ;
}

const struct cpu_policy *cpu_policy_host(void)
{
    policies_ready();
    return &host_policy;
}

const struct cpu_policy *cpu_policy_default(void)
{
    policies_ready();
    return &default_policy;
}

const struct cpu_policy *cpu_policy_default_pv(void)
{
    policies_ready();
    return &pv_policy;
}

const struct cpu_policy *cpu_policy_of(const struct domain *d)
{
    if ( d->cpu_policy )
        return d->cpu_policy;
    return d->pv ? cpu_policy_default_pv() : cpu_policy_default();
}

/* ---- a toolstack's ---- */

int cpu_policy_set_leaf(struct cpu_policy *p, const xen_cpuid_leaf_t *leaf)
{
    const xen_cpuid_leaf_t *most;
    xen_cpuid_leaf_t l = *leaf;

    if ( !place_ok(l.leaf, l.subleaf) )
        return -ERANGE;
    most = find_leaf(cpu_policy_default(), l.leaf, l.subleaf);
    /* How many leaves there are: no more than those that are known. */
    if ( (l.leaf == 0 || l.leaf == EXTENDED ||
          (l.leaf == 7 && l.subleaf == 0)) && l.a > most->a )
        return -EINVAL;
    cpuid_guest_filter(&l);
    cpuid_mask_features(&l, most);
    put_leaf(p, &l);
    return 0;
}

/* No bit beyond the machine's: CPUID faulting, and no capability. */
int cpu_policy_set_msr(struct cpu_policy *p, const xen_msr_entry_t *msr)
{
    if ( msr->flags )
        return -EINVAL;
    for ( unsigned int i = 0; i < p->nr_msrs; i++ )
        if ( p->msr[i].idx == msr->idx )
        {
            if ( msr->val & ~cpu_policy_default()->msr[i].val )
                return -EINVAL;
            p->msr[i].val = msr->val;
            return 0;
        }
    return -ERANGE;
}

void cpu_policy_features(const struct cpu_policy *p,
                         uint32_t words[CPU_FEATURE_WORDS])
{
    for ( unsigned int i = 0; i < CPU_FEATURE_WORDS; i++ )
    {
        const struct feature_word *f = &cpuid_feature_words[i];

        words[i] = 0;
        if ( f->reg != REG_NONE )
            words[i] = *cpuid_reg_const(find_leaf(p, f->leaf, f->subleaf),
                                        f->reg);
    }
}

/* ---- a guest's CPUID ---- */

uint64_t cpu_policy_platform_info(const struct domain *d)
{
    const struct cpu_policy *p = cpu_policy_of(d);

    for ( unsigned int i = 0; i < p->nr_msrs; i++ )
        if ( p->msr[i].idx == MSR_PLATFORM_INFO )
            return p->msr[i].val;
    return 0;
}

/* Of the basic leaves (0) or the extended ones.  Leaf 0 is the first of all. */
static uint32_t last_leaf(const struct cpu_policy *p, uint32_t base)
{
    return base || p->leaf[0].leaf ? find_leaf(p, base, 0)->a : p->leaf[0].a;
}

static void policy_leaf(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                        struct cpuid_regs *out)
{
    const struct cpu_policy *p = cpu_policy_of(v->domain);
    const xen_cpuid_leaf_t *l;

    if ( leaf > last_leaf(p, leaf & EXTENDED) )
        return;
    l = find_leaf(p, leaf, subleaf);
    *out = (struct cpuid_regs){ l->a, l->b, l->c, l->d };

    switch ( leaf )
    {
    case 0x1: /* 8 bits: larger ids are in leaf 0xb */
        out->b = (out->b & 0x00ffffff) | (arch_apic_id(v) << 24);
        break;
    case 0xb:
        if ( subleaf < NR_TOPOLOGY &&
             (find_leaf(p, 1, 0)->c & CPUID_1C_X2APIC) )
        {
            out->c = (out->c & ~0xffU) | (subleaf & 0xff);
            out->d = arch_apic_id(v);
        }
        break;
    }
}

void cpuid_for_guest(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                     struct cpuid_regs *out)
{
    *out = (struct cpuid_regs){ 0, 0, 0, 0 };
    if ( leaf >= HYPERVISOR && leaf < HYPERVISOR_2 )
        cpuid_hypervisor_leaf(v, leaf - HYPERVISOR, subleaf, out);
    else if ( leaf < HYPERVISOR || leaf >= EXTENDED )
        policy_leaf(v, leaf, subleaf, out);
}
