/* SPDX-License-Identifier: MIT */
/*
 * domctl on vcpus, scheduling, memory limits, paging pool and TSC.
 *
 * Seen failing with: a wrong cpumap tail; pool sizes taken in pages; max_vcpus
 * without its skip of vcpus that exist, or failing because another caller creates
 * a vcpu.
 */
#include <hv/cpu-policy.h>

#include "test-domctl.h"

static struct domain *bare_guest(unsigned int max_vcpus)
{
    struct xen_domctl_createdomain c = fixture_config(max_vcpus);
    struct domain *d = NULL;

    assert_int_equal(domain_create(DOMID_INVALID, &c, false, &d), 0);
    return d;
}

static long max_vcpus(struct domain *d, uint32_t max)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_max_vcpus, d->domain_id);

    op.u.max_vcpus.max = max;
    return domctl_call(&op);
}

static void test_max_vcpus(void **state)
{
    struct domain *d = bare_guest(40);

    (void)state;
    assert_int_equal(max_vcpus(d, 39), -EINVAL);
    assert_int_equal(max_vcpus(d, 41), -EINVAL);
    hosted_preempt_every(1);
    assert_int_equal(max_vcpus(d, 40), 0);
    for ( unsigned int i = 0; i < 40; i++ )
        assert_non_null(domain_vcpu(d, i));
    assert_int_equal(max_vcpus(d, 40), 0); /* nothing is left to do */
}

/* Another caller's vcpu, which is not complete yet. */
static void test_max_vcpus_at_once(void **state)
{
    struct domain *d = bare_guest(1);
    struct vcpu half = { .domain = d };
    struct xen_domctl op = domctl_make(XEN_DOMCTL_max_vcpus, d->domain_id);
    struct hypercall hc = { __HYPERVISOR_domctl, { P(&op), 0, 0, 0, 0, 0 } };

    (void)state;
    op.u.max_vcpus.max = 1;
    assert_int_equal(ioreq_vcpu_add(&half), 0);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_null(domain_vcpu(d, 0));
    ioreq_vcpu_remove(&half);
    assert_int_equal(hypercall_dispatch(&hc), 0);
    assert_non_null(domain_vcpu(d, 0));
}

static long max_vcpus_of(void *arg)
{
    return max_vcpus(arg, 1);
}

static void test_max_vcpus_no_memory(void **state)
{
    (void)state;
    fixture_each_alloc_failure(max_vcpus_of, bare_guest(1), -ENOMEM);
}

static void test_vcpu_info(void **state)
{
    struct domain *d = bare_guest(2);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getvcpuinfo, d->domain_id);

    (void)state;
    op.u.getvcpuinfo.vcpu = 2;
    assert_int_equal(domctl_call(&op), -EINVAL);
    op.u.getvcpuinfo.vcpu = 1;
    assert_int_equal(domctl_call(&op), -ESRCH);
    assert_int_equal(max_vcpus(d, 2), 0);
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.getvcpuinfo.online, 0);
    vcpu_up(domain_vcpu(d, 1));
    vcpu_block(domain_vcpu(d, 1));
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.getvcpuinfo.online, 1);
    assert_int_equal(op.u.getvcpuinfo.blocked, 1);
    assert_int_equal(op.u.getvcpuinfo.running, 0);
}

/* ---- affinity ---- */

/* Of 16 bytes each: more CPUs than there are. */
static uint8_t hard[16], soft[16];

static struct xen_domctl affinity_op(uint32_t cmd, struct domain *d,
                                     uint32_t flags)
{
    struct xen_domctl op = domctl_make(cmd, d->domain_id);
    struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;

    a->flags = flags;
    a->cpumap_hard.bitmap.p = hard;
    a->cpumap_soft.bitmap.p = soft;
    a->cpumap_hard.nr_bits = a->cpumap_soft.nr_bits = 8 * sizeof(hard);
    return op;
}

static long set_affinity(struct domain *d, uint32_t flags, int h, int s)
{
    struct xen_domctl op = affinity_op(XEN_DOMCTL_setvcpuaffinity, d, flags);

    memset(hard, h, sizeof(hard));
    memset(soft, s, sizeof(soft));
    return domctl_call(&op);
}

#define HARD XEN_VCPUAFFINITY_HARD
#define SOFT XEN_VCPUAFFINITY_SOFT

/* The first byte of each, as set; there are 8 CPUs or more. */
static void assert_affinity(struct domain *d, uint8_t h, uint8_t s)
{
    struct xen_domctl op = affinity_op(XEN_DOMCTL_getvcpuaffinity, d,
                                       HARD | SOFT);

    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(hard[0], h);
    assert_int_equal(soft[0], s);
    assert_int_equal(hard[15], 0); /* processors that do not exist */
    assert_int_equal(soft[15], 0);
}

static uint8_t all_of_8(void)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    return info.nr_cpus >= 8 ? 0xff : (uint8_t)((1U << info.nr_cpus) - 1);
}

static void test_affinity(void **state)
{
    struct domain *d = fixture_guest(1);
    uint8_t all = all_of_8();

    (void)state;
    assert_affinity(d, all, all);
    assert_int_equal(set_affinity(d, HARD, 1, 0), 0);
    assert_int_equal(hard[0], 1); /* the effective one */
    assert_int_equal(hard[15], 0);
    assert_affinity(d, 1, all);
    assert_int_equal(set_affinity(d, SOFT, 0, 0xff), 0);
    assert_int_equal(soft[0], 1); /* what the hard one has of it */
    assert_affinity(d, 1, all);
    assert_int_equal(set_affinity(d, SOFT, 0, 0), 0); /* no preference */
    assert_affinity(d, 1, 0);
    assert_int_equal(set_affinity(d, HARD | SOFT, 0xff, 1), 0);
    assert_affinity(d, all, 1);
    assert_int_equal(set_affinity(d, HARD, 0, 0), -EINVAL); /* nowhere */
    assert_int_equal(set_affinity(d, HARD | SOFT, 0, 0xff), -EINVAL);
    assert_int_equal(set_affinity(d, XEN_VCPUAFFINITY_FORCE, 0, 0), 0);
    assert_affinity(d, all, 1);
}

static void test_bad_affinity(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = affinity_op(XEN_DOMCTL_setvcpuaffinity, d, HARD);
    struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
    uint8_t all = all_of_8();

    (void)state;
    a->vcpu = 1;
    a->flags = 0;
    assert_int_equal(domctl_call(&op), -EINVAL); /* of no vcpu */
    a->vcpu = 0;
    assert_int_equal(domctl_call(&op), -EINVAL); /* asks for nothing */
    a->flags = HARD;
    a->cpumap_hard.bitmap.p = NULL;
    assert_int_equal(domctl_call(&op), -EINVAL); /* no buffer */
    memset(hard, 0, sizeof(hard));
    hard[15] = 0x80;
    a->cpumap_hard.bitmap.p = hard;
    assert_int_equal(domctl_call(&op), -EINVAL); /* no CPU that there is */
    hard[0] = 1;
    a->cpumap_hard.nr_bits = ~0U;
    assert_int_equal(domctl_call(&op), -EINVAL);
    a->cpumap_hard.nr_bits = 8;
    a->cpumap_hard.bitmap.p = (void *)8UL;
    assert_int_equal(domctl_call(&op), -EFAULT);
    a->cpumap_hard.bitmap.p = hard;
    a->flags = HARD | SOFT;
    a->cpumap_soft.bitmap.p = (void *)8UL;
    assert_int_equal(domctl_call(&op), -EFAULT);
    assert_affinity(d, all, all); /* nothing of it was done */
}

/* ---- weight and cap ---- */

static long shares(struct domain *d, uint32_t cmd, uint16_t weight,
                   uint16_t cap, struct xen_domctl_sched_credit2 *now)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_scheduler_op, d->domain_id);
    struct xen_domctl_scheduler_op *s = &op.u.scheduler_op;
    long rc;

    s->sched_id = XEN_SCHEDULER_CREDIT2;
    s->cmd = cmd;
    s->u.credit2.weight = weight;
    s->u.credit2.cap = cap;
    rc = domctl_call(&op);
    *now = s->u.credit2;
    return rc;
}

static void assert_shares(struct domain *d, uint16_t weight, uint16_t cap)
{
    struct xen_domctl_sched_credit2 now;

    assert_int_equal(shares(d, XEN_DOMCTL_SCHEDOP_getinfo, 7, 7, &now), 0);
    assert_int_equal(now.weight, weight);
    assert_int_equal(now.cap, cap);
}

static void test_scheduler(void **state)
{
    const struct {
        uint16_t weight, cap;
        long rc;
        uint16_t then_weight, then_cap;
    } puts[] = {
        { 0, 50, 0, 256, 50 }, { 1, 200, 0, 1, 200 },
        { 300, 201, -EINVAL, 1, 200 }, { 0, UINT16_MAX, -EINVAL, 1, 200 },
        { 65535, 0, 0, 65535, 0 }, { 0, 0, 0, 65535, 0 },
    };
    struct domain *d = fixture_guest(2), *none = bare_guest(2);
    struct xen_domctl_sched_credit2 now;
    struct xen_domctl op = domctl_make(XEN_DOMCTL_scheduler_op, d->domain_id);

    (void)state;
    assert_shares(d, 256, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(puts); i++ )
    {
        assert_int_equal(shares(d, XEN_DOMCTL_SCHEDOP_putinfo, puts[i].weight,
                                puts[i].cap, &now), puts[i].rc);
        assert_shares(d, puts[i].then_weight, puts[i].then_cap);
    }
    /* As many as there are vcpus by now. */
    assert_int_equal(shares(none, XEN_DOMCTL_SCHEDOP_putinfo, 0, 1, &now),
                     -EINVAL);
    for ( uint32_t cmd = 2; cmd < 5; cmd++ )
        assert_int_equal(shares(d, cmd, 0, 0, &now), -EINVAL);
    for ( uint32_t id = 0; id < 12; id++ )
    {
        op.u.scheduler_op.sched_id = id;
        op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
        assert_int_equal(domctl_call(&op),
                         id == XEN_SCHEDULER_CREDIT2 ? 0 : -EINVAL);
    }
}

static long set_pool(struct domain *d, uint64_t bytes)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_set_paging_mempool_size,
                                       d->domain_id);

    op.u.paging_mempool.size = bytes;
    return domctl_call(&op);
}

static uint64_t get_pool(struct domain *d)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_get_paging_mempool_size,
                                       d->domain_id);

    assert_int_equal(domctl_call(&op), 0);
    return op.u.paging_mempool.size;
}

static void test_paging_pool(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(get_pool(d), 1UL << 20);
    assert_int_equal(set_pool(d, (1UL << 20) + 1), -EINVAL);
    assert_int_equal(set_pool(d, 1UL << 52), -ERANGE);
    hosted_preempt_every(1);
    assert_int_equal(set_pool(d, 8UL << 20), 0);
    assert_int_equal(get_pool(d), 8UL << 20);
    assert_int_equal(set_pool(d, 1UL << 20), 0);
    assert_int_equal(get_pool(d), 1UL << 20);
    assert_int_equal(domctl_do(XEN_DOMCTL_get_paging_mempool_size, dom0),
                     -EOPNOTSUPP);
}

static void test_shadow_op_is_the_pool(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_shadow_op, d->domain_id);

    (void)state;
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
    op.u.shadow_op.mb = 4;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(get_pool(d), 4UL << 20);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION;
    op.u.shadow_op.mb = 0;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.shadow_op.mb, 4);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_ENABLE_TEST;
    assert_int_equal(domctl_call(&op), -EINVAL);
}

static void test_max_mem(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_max_mem, d->domain_id);

    (void)state;
    op.u.max_mem.max_memkb = 4096 + 3;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(d->max_pages, 1024);
    op.u.max_mem.max_memkb = UINT64_MAX;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(d->max_pages, UINT32_MAX);
}

static void test_tsc(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_settscinfo, d->domain_id);
    const long want[] = { 0, -EOPNOTSUPP, 0, -EINVAL };

    (void)state;
    op.u.tsc_info.gtsc_khz = 1234;
    for ( uint32_t mode = 0; mode < ARRAY_SIZE(want); mode++ )
    {
        op.u.tsc_info.tsc_mode = mode;
        assert_int_equal(domctl_call(&op), want[mode]);
    }
    op = domctl_make(XEN_DOMCTL_gettscinfo, d->domain_id);
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.tsc_info.tsc_mode, 2);
    assert_int_equal(op.u.tsc_info.gtsc_khz, 1234);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_max_vcpus),   T(test_max_vcpus_at_once),
        T(test_max_vcpus_no_memory),
        T(test_vcpu_info),   T(test_affinity),  T(test_bad_affinity),
        T(test_scheduler),   T(test_paging_pool),
        T(test_max_mem),     T(test_shadow_op_is_the_pool),
        T(test_tsc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
