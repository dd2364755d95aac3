/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies: the default, what a toolstack may make of it, and what a
 * guest's CPUID answers.
 *
 * Seen failing with: no filter on what a toolstack sends; leaves beyond the
 * basic limit answered; a policy changed after the guest was started; a PV
 * guest's own policy not filtered, and its default that of others.
 */
#include "test-domctl.h"

#include <hv/cpu-policy.h>
#include <pv-mm/pv-mm.h>

#include <xen/arch-x86/cpuid.h>

#define NONE XEN_CPUID_NO_SUBLEAF
#define VMX (1U << 5)
#define TSC_DEADLINE (1U << 24)
#define MONITOR (1U << 3)
#define HYPERVISOR_BIT (1U << 31)

static struct cpuid_regs cpuid(struct domain *d, unsigned int vcpu,
                               uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_regs r;

    cpuid_for_guest(domain_vcpu(d, vcpu), leaf, subleaf, &r);
    return r;
}

static bool is_zero(struct cpuid_regs r)
{
    return !(r.a | r.b | r.c | r.d);
}

static void test_hypervisor_leaves(void **state)
{
    struct domain *d = fixture_guest(3);
    struct cpuid_regs r = cpuid(d, 2, 0x40000000, 0);

    (void)state;
    assert_int_equal(r.a, 0x40000005);
    assert_memory_equal(&r.b, "XenV", 4);
    assert_memory_equal(&r.c, "MMXe", 4);
    assert_memory_equal(&r.d, "nVMM", 4);
    assert_int_equal(cpuid(d, 0, 0x40000001, 0).a, 4 << 16 | 17);
    r = cpuid(d, 0, 0x40000002, 0);
    assert_int_equal(r.a, 1);
    assert_int_equal(r.b, 0x40000000);
    r = cpuid(d, 2, 0x40000004, 0);
    assert_int_equal(r.a, 0x58);
    assert_int_equal(r.b, 2);
    assert_int_equal(r.c, d->domain_id);
    assert_true(is_zero(cpuid(d, 0, 0x40000006, 0)));
    assert_true(is_zero(cpuid(d, 0, 0x40000100, 0)));
    assert_true(is_zero(cpuid(d, 0, 0x7fffffff, 0)));
    assert_true(is_zero(cpuid(dom0, 0, 0x40000004, 0)));
}

/* 10^9 ns after as many ticks as the leaf says a second has. */
static void test_tsc_scale(void **state)
{
    struct domain *d = fixture_guest(1);
    struct cpuid_regs r = cpuid(d, 0, 0x40000003, 1);
    uint64_t ticks = cpuid(d, 0, 0x40000003, 2).a * 1000UL;
    int shift = (int)r.d;

    (void)state;
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    assert_in_range((uint64_t)(((unsigned __int128)ticks * r.c) >> 32),
                    999999000, 1000001000);
}

static void test_default(void **state)
{
    struct domain *d = fixture_guest(3);
    const struct cpu_policy *p = cpu_policy_default();
    struct cpuid_regs r = cpuid(d, 2, 1, 0);

    (void)state;
    assert_int_equal(r.b >> 24, 4);
    assert_true(r.c & HYPERVISOR_BIT);
    assert_false(r.c & (VMX | MONITOR | TSC_DEADLINE));
    assert_true(is_zero(cpuid(d, 0, cpuid(d, 0, 0, 0).a + 1, 0)));
    assert_true(is_zero(cpuid(d, 0, cpuid(d, 0, 0x80000000, 0).a + 1, 0)));
    assert_true(is_zero(cpuid(d, 0, 0x8000000a, 0))); /* SVM */
    assert_true(is_zero(cpuid(d, 0, 5, 0)));
    for ( unsigned int i = 1; i < p->nr_leaves; i++ )
        assert_true(p->leaf[i - 1].leaf < p->leaf[i].leaf ||
                    p->leaf[i - 1].subleaf < p->leaf[i].subleaf);
}

static long policy_op(uint32_t cmd, struct domain *d, xen_cpuid_leaf_t *leaf,
                      uint32_t nr, struct xen_domctl *op)
{
    *op = domctl_make(cmd, d->domain_id);
    op->u.cpu_policy.leaves.p = leaf;
    op->u.cpu_policy.nr_leaves = nr;
    return domctl_call(op);
}

static long set_leaf(struct domain *d, xen_cpuid_leaf_t leaf)
{
    struct xen_domctl op;

    return policy_op(XEN_DOMCTL_set_cpu_policy, d, &leaf, 1, &op);
}

/* Whatever a toolstack asks for, no guest gets what machines cannot give. */
static void test_set_is_filtered(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(
        set_leaf(d, (xen_cpuid_leaf_t){ 1, NONE, 0x123, ~0U, ~0U, ~0U }), 0);
    assert_int_equal(cpuid(d, 0, 1, 0).a, 0x123);
    assert_false(cpuid(d, 0, 1, 0).c & (VMX | MONITOR | TSC_DEADLINE));
    assert_int_equal(cpuid(d, 0, 1, 0).b >> 24, 0);

    /* Caches as AMD tells them; the size of a form of XSAVE that is not there;
     * protection keys. */
    assert_int_equal(
        set_leaf(d, (xen_cpuid_leaf_t){ 0x8000001d, NONE, ~0U, ~0U, 1, 1 }),
        0);
    assert_int_equal(
        set_leaf(d, (xen_cpuid_leaf_t){ 0xd, 1, 5, 0x340, 0, 0 }), 0);
    assert_int_equal(
        set_leaf(d, (xen_cpuid_leaf_t){ 7, 0, 0, ~0U, ~0U, ~0U }), 0);
    for ( unsigned int i = 0; i < d->cpu_policy->nr_leaves; i++ )
    {
        const xen_cpuid_leaf_t *l = &d->cpu_policy->leaf[i];

        assert_false(l->leaf == 0x8000001d && (l->a | l->b | l->c | l->d));
        assert_false(l->leaf == 0xd && l->subleaf == 1 && l->b);
        assert_false(l->leaf == 7 && l->subleaf == 0 && (l->c & 8));
    }

    /* It is there, but beyond the number of leaves. */
    assert_int_equal(
        set_leaf(d, (xen_cpuid_leaf_t){ 0, NONE, 0, 0, 0, 0 }), 0);
    assert_true(is_zero(cpuid(d, 0, 1, 0)));
}

static void test_set_errors(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op;
    const struct {
        uint32_t leaf, subleaf, a;
        long want;
    } row[] = {
        { 0xe, NONE, 0, -ERANGE },       { 1, 0, 0, -ERANGE },
        { 4, NONE, 0, -ERANGE },         { 4, 6, 0, -ERANGE },
        { 7, 3, 0, -ERANGE },            { 0xd, 63, 0, -ERANGE },
        { 0x80000022, NONE, 0, -ERANGE },{ 0x40000001, NONE, 0, -ERANGE },
        { ~0U, ~0U, 0, -ERANGE },        { 0, NONE, 0x20, -EINVAL },
        { 0x80000000, NONE, 0x80000099, -EINVAL },
        { 0x40000000, NONE, 0, 0 },      { 4, 5, 0, 0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        xen_cpuid_leaf_t l = { row[i].leaf, row[i].subleaf, row[i].a, 0, 0,
                               0 };

        assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, &l, 1, &op),
                         row[i].want);
        if ( row[i].want )
        {
            assert_int_equal(op.u.cpu_policy.err_leaf, row[i].leaf);
            assert_int_equal(op.u.cpu_policy.err_subleaf, row[i].subleaf);
        }
    }
    assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, NULL, ~0U, &op),
                     -E2BIG);
    assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, (void *)8UL, 1,
                               &op), -EFAULT);
}

static void test_set_msrs(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_set_cpu_policy,
                                       d->domain_id);
    const struct {
        xen_msr_entry_t msr;
        long want;
    } row[] = {
        { { 0xce, 0, 0 }, 0 },        { { 0x10a, 0, 0 }, 0 },
        { { 0xce, 1, 0 }, -EINVAL },  { { 0xce, 0, 1UL << 31 }, -EINVAL },
        { { 0x10a, 0, 1 }, -EINVAL }, { { 0x1a0, 0, 0 }, -ERANGE },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        xen_msr_entry_t msr = row[i].msr;

        op.u.cpu_policy.nr_msrs = 1;
        op.u.cpu_policy.msrs.p = &msr;
        assert_int_equal(domctl_call(&op), row[i].want);
        if ( row[i].want )
            assert_int_equal(op.u.cpu_policy.err_msr, msr.idx);
    }
}

/* As a toolstack does: read, change, write all of it back. */
static void test_round_trip(void **state)
{
    struct domain *d = fixture_guest(1);
    xen_cpuid_leaf_t leaf[CPU_POLICY_MAX_LEAVES];
    struct xen_domctl op;
    uint32_t nr;

    (void)state;
    assert_int_equal(policy_op(XEN_DOMCTL_get_cpu_policy, d, NULL, 0, &op),
                     0);
    assert_int_equal(op.u.cpu_policy.nr_leaves, CPU_POLICY_MAX_LEAVES);
    assert_int_equal(op.u.cpu_policy.nr_msrs, CPU_POLICY_MAX_MSRS);
    assert_int_equal(policy_op(XEN_DOMCTL_get_cpu_policy, d, leaf, 1, &op),
                     -ENOBUFS);
    assert_int_equal(policy_op(XEN_DOMCTL_get_cpu_policy, d, leaf,
                               CPU_POLICY_MAX_LEAVES, &op), 0);
    nr = op.u.cpu_policy.nr_leaves;
    assert_true(nr > 3 && nr < CPU_POLICY_MAX_LEAVES);
    assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, leaf, nr, &op),
                     0);
    assert_memory_equal(d->cpu_policy->leaf, cpu_policy_default()->leaf,
                        nr * sizeof(leaf[0]));
    /* Each place there is, twice: the list is full and no more. */
    for ( unsigned int twice = 0; twice < 2; twice++ )
        for ( uint32_t l = 0; l < 0x22; l++ )
            for ( uint32_t sub = 0; sub < 64; sub++ )
                for ( uint32_t base = 0; base < 4; base++ )
                {
                    uint32_t at = sub == 63 ? NONE : sub;

                    (void)!cpu_policy_set_leaf(
                        d->cpu_policy,
                        &(xen_cpuid_leaf_t){ l + (base << 30), at, 0, 0, 0,
                                             0 });
                }
    (void)!cpu_policy_set_leaf(d->cpu_policy,
                               &(xen_cpuid_leaf_t){ 0x40000100, NONE, 0, 0, 0,
                                                    0 });
    assert_int_equal(d->cpu_policy->nr_leaves, CPU_POLICY_MAX_LEAVES);

    assert_int_equal(domctl_do(XEN_DOMCTL_unpausedomain, d), 0);
    assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, leaf, nr, &op),
                     -EEXIST);
    assert_int_equal(policy_op(XEN_DOMCTL_set_cpu_policy, d, NULL, ~0U, &op),
                     -EEXIST);
}

/* ---- PV guests ---- */

/* What their kernels must not see: leaf, subleaf, registers as in `leaf`. */
static const xen_cpuid_leaf_t not_pv[] = {
    /* edx: VME, PSE, MCE, SEP, MTRR, PGE, MCA, PSE36; ecx: MONITOR, PCID,
     * x2APIC */
    { 1, NONE, 0, 0, 1U << 3 | 1U << 17 | 1U << 21,
      1U << 1 | 1U << 3 | 1U << 7 | 1U << 11 | 1U << 12 | 1U << 13 | 1U << 14 |
          1U << 17 },
    /* ebx: FSGSBASE, SMEP, INVPCID, SMAP; ecx: UMIP, PKU */
    { 7, 0, 0, 1U << 0 | 1U << 7 | 1U << 10 | 1U << 20, 1U << 2 | 1U << 3, 0 },
    { 0xd, 1, 1U << 3, 0, 0, 0 }, /* XSAVES */
    /* edx: as leaf 1, but SYSCALL; 1-GiB pages, RDTSCP; ecx: SVM */
    { 0x80000001, NONE, 0, 0, 1U << 2,
      1U << 1 | 1U << 3 | 1U << 7 | 1U << 12 | 1U << 13 | 1U << 14 | 1U << 17 |
          1U << 26 | 1U << 27 },
};

static void test_pv_default(void **state)
{
    const struct cpu_policy *pv = cpu_policy_default_pv();
    const struct cpu_policy *most = cpu_policy_default();
    unsigned int hidden = 0;

    (void)state;
    assert_int_equal(pv->nr_leaves, most->nr_leaves);
    assert_int_equal(pv->nr_msrs, most->nr_msrs);
    for ( unsigned int i = 0; i < pv->nr_leaves; i++ )
    {
        xen_cpuid_leaf_t want = most->leaf[i];

        for ( unsigned int k = 0; k < ARRAY_SIZE(not_pv); k++ )
            if ( want.leaf == not_pv[k].leaf &&
                 want.subleaf == not_pv[k].subleaf )
            {
                want.a &= ~not_pv[k].a;
                want.b &= ~not_pv[k].b;
                want.c &= ~not_pv[k].c;
                want.d &= ~not_pv[k].d;
            }
        assert_memory_equal(&pv->leaf[i], &want, sizeof(want));
        hidden += !!memcmp(&want, &most->leaf[i], sizeof(want));
    }
    assert_true(hidden >= 2); /* leaves 1 and 0x80000001 have something */
}

/* A policy of the domain's own does not bring back what is hidden. */
static void test_pv_set_is_filtered(void **state)
{
    static struct pv_domain pv; /* nothing of it is used here */
    struct domain *d = fixture_guest(1);
    xen_cpuid_leaf_t leaf[CPU_POLICY_MAX_LEAVES];
    struct xen_domctl op;

    (void)state;
    for ( unsigned int own = 0; own < 2; own++ )
    {
        d->pv = &pv;
        assert_ptr_equal(cpu_policy_of(d), own ? d->cpu_policy
                                               : cpu_policy_default_pv());
        for ( unsigned int i = 0; i < ARRAY_SIZE(not_pv); i++ )
        {
            const xen_cpuid_leaf_t *l = &not_pv[i];
            struct cpuid_regs r = cpuid(d, 0, l->leaf, l->subleaf);

            assert_int_equal(r.a & l->a, 0);
            assert_int_equal(r.b & l->b, 0);
            assert_int_equal(r.c & l->c, 0);
            assert_int_equal(r.d & l->d, 0);
        }
        assert_true(cpuid(d, 0, 0x80000001, 0).d & 1U << 11); /* SYSCALL */
        /* The toolstack is told the default, and asks for everything. */
        if ( !own )
        {
            assert_int_equal(policy_op(XEN_DOMCTL_get_cpu_policy, d, leaf,
                                       CPU_POLICY_MAX_LEAVES, &op), 0);
            assert_memory_equal(leaf, cpu_policy_default_pv()->leaf,
                                op.u.cpu_policy.nr_leaves * sizeof(leaf[0]));
            for ( unsigned int i = 0; i < ARRAY_SIZE(not_pv); i++ )
                assert_int_equal(set_leaf(d, (xen_cpuid_leaf_t){
                    not_pv[i].leaf, not_pv[i].subleaf,
                    not_pv[i].leaf == 7 ? 0 : ~0U, ~0U, ~0U, ~0U }), 0);
        }
        d->pv = NULL;
    }
    /* Other guests have the same as ever. */
    d = fixture_guest(1);
    assert_ptr_equal(cpu_policy_of(d), cpu_policy_default());
}

static long set_empty(void *arg)
{
    struct xen_domctl op;

    return policy_op(XEN_DOMCTL_set_cpu_policy, arg, NULL, 0, &op);
}

static void test_no_memory(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(set_empty(d), 0);
    fixture_each_alloc_failure(set_empty, d, -ENOMEM);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_hypervisor_leaves), T(test_tsc_scale),  T(test_default),
        T(test_set_is_filtered),   T(test_set_errors), T(test_set_msrs),
        T(test_round_trip),        T(test_no_memory),  T(test_pv_default),
        T(test_pv_set_is_filtered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
