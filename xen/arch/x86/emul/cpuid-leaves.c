/* SPDX-License-Identifier: MIT */
/*
 * What CPUID leaves hold: the features that guests may have, the leaves that
 * are kept from them, and the hypervisor's own leaves.
 *
 * A feature is offered only if using it needs nothing of the hypervisor, or
 * something that it has.  Not offered: nested virtualisation, monitor and
 * mwait, performance and thermal monitoring, debug store, speculation control
 * MSRs, TSX, SGX, MPX, the TSC deadline timer, control-flow enforcement.
 */
#include <hv/domain.h>
#include <hv/lib.h>

#include <xen/arch-x86/cpuid.h>

#include "cpuid-policy.h"

#define NONE XEN_CPUID_NO_SUBLEAF
#define LIMIT_BASIC 0xd
#define LIMIT_EXTENDED 0x80000021U

#define VERSION (4U << 16 | 17)

#define PRESERVE_AD 0x1 /* MMU_PT_UPDATE_PRESERVE_AD */
#define HVM_VCPU_ID 0x8
#define HVM_DOMID 0x10
#define HVM_UPCALL_VECTOR 0x40

#define E1D_SAME_AS_1D 0x0183f3ffU /* AMD repeats these of 1.edx */
#define XSTATE_LOW 0xe7U /* x87, SSE, AVX, AVX-512 */

/* In the order of xen/arch-x86/cpufeatureset.h. */
const struct feature_word cpuid_feature_words[CPU_FEATURE_WORDS] = {
    { 0x1, NONE, REG_D, 0x1fcbfbff },
    { 0x1, NONE, REG_C, 0xf6fa3203 },
    { 0x80000001, NONE, REG_D, 0xee500800 | E1D_SAME_AS_1D },
    { 0x80000001, NONE, REG_C, 0x002109f3 },
    { 0xd, 1, REG_A, 0x00000007 },
    { 0x7, 0, REG_B, 0xfdbf27e9 },
    { 0x7, 0, REG_C, 0x1a405f47 },
    { 0x80000007, NONE, REG_D, CPUID_E7D_ITSC },
    { 0x80000008, NONE, REG_B, CPUID_E8B_NO_LMSL | 0x24000005 },
    { 0x7, 0, REG_D, 0x0000451c },
    { 0x7, 1, REG_A, 0x00001c30 },
    { 0x80000021, NONE, REG_A, 0x60000064 },
    { 0x7, 1, REG_B, 0 },
    { 0x7, 2, REG_D, 0x00000020 },
    { 0x7, 1, REG_C, 0 },
    { 0x7, 1, REG_D, 0 },
    { 0, 0, REG_NONE, 0 }, /* MSR_ARCH_CAPABILITIES */
    { 0, 0, REG_NONE, 0 },
    { 0x80000021, NONE, REG_C, 0x00000006 },
};

_Static_assert(CPU_FEATURE_WORDS == 19, "one row for each word");

void cpuid_mask_features(xen_cpuid_leaf_t *l, const xen_cpuid_leaf_t *most)
{
    for ( unsigned int i = 0; i < CPU_FEATURE_WORDS; i++ )
    {
        const struct feature_word *f = &cpuid_feature_words[i];

        if ( f->reg != REG_NONE && f->leaf == l->leaf &&
             f->subleaf == l->subleaf )
            *cpuid_reg(l, f->reg) &= *cpuid_reg_const(most, f->reg);
    }
    if ( l->leaf == 0xd && l->subleaf == 0 )
    {
        l->a &= most->a;
        l->d &= most->d;
    }
}

/*
 * Large and global pages, memory types, machine checks; what needs CR4 or an MSR
 * that a PV kernel has not: process contexts, protection of ring 0 from ring 3,
 * bases of FS and GS.
 */
#define PV_1D                                                                \
    (CPUID_1D_VME | CPUID_1D_PSE | CPUID_1D_PGE | CPUID_1D_MCE |             \
     CPUID_1D_MTRR | CPUID_1D_PSE36 | CPUID_1D_MCA)

void cpuid_pv_filter(xen_cpuid_leaf_t *l)
{
    switch ( l->leaf )
    {
    case 0x1:
        l->d &= ~(PV_1D | CPUID_1D_SEP);
        l->c &= ~(CPUID_1C_PCID | CPUID_1C_X2APIC | CPUID_1C_MONITOR);
        break;
    case 0x7:
        if ( l->subleaf )
            break;
        l->b &= ~(CPUID_7B_FSGSBASE | CPUID_7B_SMEP | CPUID_7B_SMAP |
                  CPUID_7B_INVPCID);
        l->c &= ~(CPUID_7C_UMIP | CPUID_7C_PKU);
        break;
    case 0xd:
        if ( l->subleaf == 1 )
            l->a &= ~CPUID_D1A_XSAVES;
        break;
    case 0x80000001:
        l->d &= ~(PV_1D | CPUID_E1D_PAGE1GB | CPUID_E1D_RDTSCP);
        l->c &= ~(CPUID_E1C_SVM | CPUID_E1C_CR8_LEGACY);
        break;
    }
}

/* Registers that are nothing but features, or that guests have no use for. */
static void clear_registers(xen_cpuid_leaf_t *l)
{
    switch ( l->leaf )
    {
    case 0x1:
        l->b &= 0x00ffffff; /* the APIC id is each vcpu's own */
        break;
    case 0x7:
        if ( l->subleaf == 0 )
            l->a = min(l->a, 2U);
        else if ( l->subleaf == 2 )
            l->a = l->b = l->c = 0;
        break;
    case 0xd:
        if ( l->subleaf == 0 )
        {
            l->a &= XSTATE_LOW;
            l->d = 0;
        }
        else if ( l->subleaf == 1 )
        {
            l->c = l->d = 0;
            if ( !(l->a & (CPUID_D1A_XSAVEC | CPUID_D1A_XSAVES)) )
                l->b = 0; /* the size of a form that is not there */
        }
        else if ( l->subleaf > 8 || !(XSTATE_LOW >> l->subleaf & 1) )
            l->a = l->b = l->c = l->d = 0;
        break;
    case 0x80000007:
        l->a = l->b = l->c = 0;
        break;
    case 0x80000008:
        l->c = l->d = 0;
        break;
    case 0x80000021:
        l->b = l->d = 0;
        break;
    /* Serial number, mwait, power, DCA, PMU, topology. */
    case 0x3: case 0x5: case 0x6: case 0x8: case 0x9: case 0xa: case 0xb:
    case 0xc:
    /* Reserved; SVM, IBS, LWP, topology and caches, encryption, bandwidth. */
    case 0x80000009: case 0x8000000a: case 0x8000001b: case 0x8000001c:
    case 0x8000001d: case 0x8000001e: case 0x8000001f: case 0x80000020:
        l->a = l->b = l->c = l->d = 0;
        break;
    }
}

void cpuid_guest_filter(xen_cpuid_leaf_t *l)
{
    if ( l->leaf == 0 )
        l->a = min(l->a, (uint32_t)LIMIT_BASIC);
    else if ( l->leaf == 0x80000000U )
        l->a = min(l->a, LIMIT_EXTENDED);
    clear_registers(l);
    for ( unsigned int i = 0; i < CPU_FEATURE_WORDS; i++ )
    {
        const struct feature_word *f = &cpuid_feature_words[i];

        if ( f->reg != REG_NONE && f->leaf == l->leaf &&
             f->subleaf == l->subleaf )
            *cpuid_reg(l, f->reg) &= f->guest;
    }
}

void cpuid_add_emulated(struct cpu_policy *p)
{
    for ( unsigned int i = 0; i < p->nr_leaves; i++ )
    {
        xen_cpuid_leaf_t *l = &p->leaf[i];

        if ( l->leaf == 1 )
            l->c |= CPUID_1C_X2APIC | CPUID_1C_HYPERVISOR;
        else if ( l->leaf == 0x80000008 )
            l->b |= CPUID_E8B_NO_LMSL;
    }
}

/* ---- the hypervisor's own ---- */

static void time_leaf(const struct vcpu *v, uint32_t subleaf,
                      struct cpuid_regs *out)
{
    const struct domain *d = v->domain;
    uint32_t words[CPU_FEATURE_WORDS];
    struct cpu_info info;
    int8_t shift;

    arch_cpu_info(&info);
    switch ( subleaf )
    {
    case 0:
        cpu_policy_features(cpu_policy_default(), words);
        out->a = (words[7] & CPUID_E7D_ITSC ? 0x2 : 0) |
                 (words[2] & CPUID_E1D_RDTSCP ? 0x4 : 0);
        out->b = d->tsc_mode;
        out->c = d->tsc_khz ? d->tsc_khz : info.khz;
        out->d = d->tsc_incarnation;
        break;
    case 1:
        tsc_scale(info.khz, &out->c, &shift);
        out->d = (uint32_t)shift;
        break;
    case 2:
        out->a = info.khz;
        break;
    }
}

void cpuid_hypervisor_leaf(const struct vcpu *v, uint32_t i, uint32_t subleaf,
                           struct cpuid_regs *out)
{
    switch ( i )
    {
    case 0:
        out->a = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
        out->b = XEN_CPUID_SIGNATURE_EBX;
        out->c = XEN_CPUID_SIGNATURE_ECX;
        out->d = XEN_CPUID_SIGNATURE_EDX;
        break;
    case 1:
        out->a = VERSION;
        break;
    case 2:
        out->a = 1; /* one page of stubs, asked for by this MSR */
        out->b = MSR_HYPERCALL_PAGE;
        out->c = v->domain->translated ? 0 : PRESERVE_AD;
        break;
    case 3:
        time_leaf(v, subleaf, out);
        break;
    case 4:
        if ( v->domain->translated )
        {
            out->a = HVM_VCPU_ID | HVM_DOMID | HVM_UPCALL_VECTOR;
            out->b = v->vcpu_id;
            out->c = v->domain->domain_id;
        }
        break;
    case 5: /* bits of a machine address */
        if ( !v->domain->translated )
            out->b = PAGE_SHIFT + 64 - (uint32_t)__builtin_clzl(nr_frames | 1);
        break;
    }
}
