/* SPDX-License-Identifier: MIT */
/*
 * domctl on vcpus, scheduling, memory limits, paging pool and TSC.
 *
 * Seen failing with: a wrong cpumap tail; pool sizes taken in pages; max_vcpus
 * without its skip of vcpus that exist.
 */
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

static void test_affinity(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getvcpuaffinity,
                                       d->domain_id);
    struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
    uint8_t map[16];

    (void)state;
    a->vcpu = 1;
    assert_int_equal(domctl_call(&op), -EINVAL);
    a->vcpu = 0;
    assert_int_equal(domctl_call(&op), -EINVAL); /* asks for nothing */
    a->flags = XEN_VCPUAFFINITY_HARD;
    assert_int_equal(domctl_call(&op), -EINVAL); /* no buffer */
    a->cpumap_hard.bitmap.p = map;
    a->cpumap_hard.nr_bits = 8 * sizeof(map);
    memset(map, 0xff, sizeof(map));
    assert_int_equal(domctl_call(&op), 0);
    assert_true(map[0] & 1);
    assert_int_equal(map[15], 0); /* processors that do not exist */

    op.cmd = XEN_DOMCTL_setvcpuaffinity;
    memset(map, 0, sizeof(map));
    assert_int_equal(domctl_call(&op), -EINVAL); /* nowhere to run */
    map[15] = 0xff;
    assert_int_equal(domctl_call(&op), -EINVAL);
    map[0] = 1;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(map[15], 0); /* the effective one */
    a->cpumap_hard.nr_bits = ~0U;
    assert_int_equal(domctl_call(&op), -EINVAL);
    a->cpumap_hard.nr_bits = 8;
    a->cpumap_hard.bitmap.p = (void *)8UL;
    assert_int_equal(domctl_call(&op), -EFAULT);
}

static void test_scheduler(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_scheduler_op, d->domain_id);
    struct xen_domctl_scheduler_op *s = &op.u.scheduler_op;

    (void)state;
    s->sched_id = XEN_SCHEDULER_CREDIT;
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    assert_int_equal(domctl_call(&op), -EINVAL);
    s->sched_id = XEN_SCHEDULER_CREDIT2;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(s->u.credit2.weight, 256);
    assert_int_equal(s->u.credit2.cap, 0);
    s->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    s->u.credit2.weight = 0; /* stays */
    s->u.credit2.cap = 50;
    assert_int_equal(domctl_call(&op), 0);
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(s->u.credit2.weight, 256);
    assert_int_equal(s->u.credit2.cap, 50);
    s->cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
    assert_int_equal(domctl_call(&op), -EINVAL);
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
        T(test_max_vcpus),   T(test_max_vcpus_no_memory),
        T(test_vcpu_info),   T(test_affinity),
        T(test_scheduler),   T(test_paging_pool),
        T(test_max_mem),     T(test_shadow_op_is_the_pool),
        T(test_tsc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
