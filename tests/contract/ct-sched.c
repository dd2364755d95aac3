/* SPDX-License-Identifier: MIT */
/*
 * How a toolstack controls scheduling: affinities, weights and caps, parameters
 * of the scheduler, pools of CPUs.  No vcpu runs here, dom0's excepted, and
 * what is asked of dom0 leaves dom0 as it is.
 */
#include "ct.h"

#define HARD XEN_VCPUAFFINITY_HARD
#define SOFT XEN_VCPUAFFINITY_SOFT
#define FORCE XEN_VCPUAFFINITY_FORCE

/* In memory that the hypervisor can always read. */
struct shared {
    uint64_t hard, soft;
};
static struct shared *shared;

static uint64_t all_cpus(void)
{
    xc_physinfo_t info;

    if ( xc_physinfo(ct.xch, &info) || info.nr_cpus > 64 )
        ct_bail("the number of CPUs");
    return info.nr_cpus == 64 ? ~0UL : (1UL << info.nr_cpus) - 1;
}

/* ---- affinity ---- */

static long affinity(uint32_t cmd, uint32_t domid, uint32_t vcpu,
                     uint32_t flags, uint64_t hard, uint64_t soft)
{
    struct xen_domctl op = { .cmd = cmd, .domain = (domid_t)domid,
                             .interface_version =
                                 XEN_DOMCTL_INTERFACE_VERSION };
    struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;

    *shared = (struct shared){ hard, soft };
    a->vcpu = vcpu;
    a->flags = flags;
    set_xen_guest_handle_raw(a->cpumap_hard.bitmap, (uint8_t *)&shared->hard);
    set_xen_guest_handle_raw(a->cpumap_soft.bitmap, (uint8_t *)&shared->soft);
    a->cpumap_hard.nr_bits = a->cpumap_soft.nr_bits = 64;
    return ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op));
}

#define set_affinity(...) affinity(XEN_DOMCTL_setvcpuaffinity, __VA_ARGS__)

static void expect_masks(uint32_t domid, uint64_t hard, uint64_t soft,
                         const char *what)
{
    ct_expect(0, affinity(XEN_DOMCTL_getvcpuaffinity, domid, 0, HARD | SOFT,
                          0, 0), "%s: asked for", what);
    ct_equal(shared->hard & all_cpus(), hard & all_cpus(), "%s: hard", what);
    ct_equal(shared->soft & all_cpus(), soft & all_cpus(), "%s: soft", what);
}

static void test_affinity_errors(uint32_t domid)
{
    const uint64_t all = all_cpus(), beyond = 1UL << 63;
    const struct {
        const char *what;
        int err;
        uint32_t vcpu, flags;
        uint64_t hard, soft;
    } cases[] = {
        { "no such vcpu, nothing asked", EINVAL, 2, 0, 1, 1 },
        { "nothing asked", EINVAL, 0, 0, 1, 1 },
        { "no CPU", EINVAL, 0, HARD, 0, 0 },
        { "no CPU that there is", EINVAL, 0, HARD, beyond, 0 },
        { "no CPU, by force", EINVAL, 0, HARD | FORCE, 0, 0 },
        { "no hard CPU and a soft one", EINVAL, 0, HARD | SOFT, 0, 1 },
        { "no soft CPU", 0, 0, SOFT, 0, 0 },
        { "no soft CPU that there is", 0, 0, SOFT, 0, beyond },
        { "a hard CPU and no soft one", 0, 0, HARD | SOFT, 1, 0 },
        { "force alone", 0, 0, FORCE, 0, 0 },
        { "an unknown flag", 0, 0, 1U << 9, 0, 0 },
        { "an unknown flag and all CPUs", 0, 0, HARD | SOFT | 1U << 9,
          ~0UL, ~0UL },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
        ct_expect(cases[i].err,
                  set_affinity(domid, cases[i].vcpu, cases[i].flags,
                               cases[i].hard, cases[i].soft),
                  "affinity: %s", cases[i].what);
    expect_masks(domid, all, all, "affinity at the end");
}

static void test_affinity(uint32_t domid)
{
    const uint64_t all = all_cpus();

    expect_masks(domid, all, all, "affinity at first");
    ct_expect(0, set_affinity(domid, 0, HARD, 1, 0), "affinity: CPU 0");
    ct_equal(shared->hard, 1, "which is effective");
    expect_masks(domid, 1, all, "affinity then");
    ct_expect(0, set_affinity(domid, 0, SOFT, 0, ~0UL), "soft: all");
    ct_equal(shared->soft, 1, "of which CPU 0 is effective");
    ct_expect(0, set_affinity(domid, 0, HARD, ~0UL, 0), "affinity: all");
    ct_equal(shared->hard, all, "those there are");
    ct_expect(EINVAL, set_affinity(domid, 0, HARD | SOFT, 0, 1),
              "affinity: no CPU, soft CPU 0");
    expect_masks(domid, all, all, "affinity unchanged");
    test_affinity_errors(domid);
}

/* ---- weight and cap ---- */

static long sched_dom(uint32_t domid, uint32_t id, uint32_t cmd,
                      struct xen_domctl_sched_credit2 *p)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op,
                             .domain = (domid_t)domid,
                             .interface_version =
                                 XEN_DOMCTL_INTERFACE_VERSION };
    long rc;

    op.u.scheduler_op.sched_id = id;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.credit2 = *p;
    rc = ct_hypercall(__HYPERVISOR_domctl, 0, &op, sizeof(op));
    *p = op.u.scheduler_op.u.credit2;
    return rc;
}

static void expect_shares(uint32_t domid, unsigned int weight,
                          unsigned int cap, const char *what)
{
    struct xen_domctl_sched_credit2 p = { 0 };

    ct_expect(0, sched_dom(domid, XEN_SCHEDULER_CREDIT2,
                           XEN_DOMCTL_SCHEDOP_getinfo, &p), "%s", what);
    ct_equal(p.weight, weight, "%s: weight", what);
    ct_equal(p.cap, cap, "%s: cap", what);
}

static void test_shares(uint32_t domid)
{
    const struct {
        uint16_t weight, cap, then_weight, then_cap;
        int err;
        const char *what;
    } cases[] = {
        { 512, 25, 512, 25, 0, "weight 512, cap 25" },
        { 0, 50, 512, 50, 0, "weight 0, cap 50" },
        { 1, 0, 1, 0, 0, "weight 1, cap 0" },
        { 65535, 200, 65535, 200, 0, "weight 65535, cap 200" },
        { 300, 201, 300, 200, EINVAL, "weight 300, cap 201" },
        { 301, 65535, 301, 200, EINVAL, "weight 301, cap 65535" },
        { 302, 0, 302, 0, 0, "weight 302, cap 0" },
        { 256, 0, 256, 0, 0, "weight 256, cap 0" },
    };
    struct xen_domctl_sched_credit2 p = { 0 };

    expect_shares(domid, 256, 0, "shares at first");
    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        p.weight = cases[i].weight;
        p.cap = cases[i].cap;
        ct_expect(cases[i].err,
                  sched_dom(domid, XEN_SCHEDULER_CREDIT2,
                            XEN_DOMCTL_SCHEDOP_putinfo, &p), "set %s",
                  cases[i].what);
        /* Xen has set the weight when it refuses the cap. */
        if ( cases[i].err && ct_differs("refused-cap") )
            expect_shares(domid, 65535, 200, cases[i].what);
        else
            expect_shares(domid, cases[i].then_weight, cases[i].then_cap,
                          cases[i].what);
    }
    for ( uint32_t id = 4; id < 11; id++ )
        ct_expect(id == XEN_SCHEDULER_CREDIT2 ? 0 : EINVAL,
                  sched_dom(domid, id, XEN_DOMCTL_SCHEDOP_getinfo, &p),
                  "shares by scheduler %u", id);
    for ( uint32_t cmd = 2; cmd < 5; cmd++ )
        ct_expect(EINVAL, sched_dom(domid, XEN_SCHEDULER_CREDIT2, cmd, &p),
                  "shares: operation %u", cmd);
}

/* ---- the scheduler ---- */

static long sched_sys(uint32_t pool, uint32_t id, uint32_t cmd, uint32_t *us)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op,
                             .interface_version =
                                 XEN_SYSCTL_INTERFACE_VERSION };
    long rc;

    op.u.scheduler_op.cpupool_id = pool;
    op.u.scheduler_op.sched_id = id;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
    rc = ct_hypercall(__HYPERVISOR_sysctl, 0, &op, sizeof(op));
    *us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
    return rc;
}

static void test_ratelimit(void)
{
    const struct {
        uint32_t us;
        int err;
    } cases[] = {
        { 99, EINVAL }, { 100, 0 }, { 500000, 0 }, { 500001, EINVAL },
        { 0, 0 }, { 1, EINVAL }, { ~0U, EINVAL }, { 2000, 0 },
    };
    uint32_t first = 0, us, now = 0;

    ct_expect(0, sched_sys(0, XEN_SCHEDULER_CREDIT2,
                           XEN_SYSCTL_SCHEDOP_getinfo, &first), "rate limit");
    ct_diag("rate limit at first: %u us", first);
    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        us = cases[i].us;
        ct_expect(cases[i].err,
                  sched_sys(0, XEN_SCHEDULER_CREDIT2,
                            XEN_SYSCTL_SCHEDOP_putinfo, &us),
                  "rate limit: %u us", cases[i].us);
        if ( !cases[i].err )
            now = cases[i].us;
        us = 77;
        ct_expect(0, sched_sys(0, XEN_SCHEDULER_CREDIT2,
                               XEN_SYSCTL_SCHEDOP_getinfo, &us), "is known");
        ct_equal(us, i ? now : first, "as it was set last");
    }
    us = first;
    ct_expect(0, sched_sys(0, XEN_SCHEDULER_CREDIT2,
                           XEN_SYSCTL_SCHEDOP_putinfo, &us),
              "rate limit: as before");
    ct_expect(EINVAL, sched_sys(0, XEN_SCHEDULER_CREDIT2, 2, &us),
              "scheduler: an unknown operation");
    ct_expect(EINVAL, sched_sys(77, XEN_SCHEDULER_CREDIT2, 2, &us),
              "scheduler: an unknown operation of no pool");
    ct_expect(ESRCH, sched_sys(77, 77, XEN_SYSCTL_SCHEDOP_getinfo, &us),
              "scheduler: no pool");
    ct_expect(EINVAL, sched_sys(0, XEN_SCHEDULER_CREDIT,
                                XEN_SYSCTL_SCHEDOP_getinfo, &us),
              "scheduler: credit");
}

/* ---- pools ---- */

static long pool_op(uint32_t op_nr, uint32_t pool, uint32_t id,
                    uint32_t domid, uint32_t cpu)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op,
                             .interface_version =
                                 XEN_SYSCTL_INTERFACE_VERSION };

    op.u.cpupool_op = (struct xen_sysctl_cpupool_op){
        .op = op_nr, .cpupool_id = pool, .sched_id = id, .domid = domid,
        .cpu = cpu,
    };
    return ct_hypercall(__HYPERVISOR_sysctl, 0, &op, sizeof(op));
}

static void test_pools(uint32_t domid)
{
    const struct {
        const char *what;
        int err;
        uint32_t op, pool, id, domid, cpu;
    } cases[] = {
        { "create pool 0", EEXIST, 1, 0, XEN_SCHEDULER_CREDIT2, 0, 0 },
        { "create with scheduler 77", ENOENT, 1, 5, 77, 0, 0 },
        { "destroy pool 0", EBUSY, 2, 0, 0, 0, 0 },
        { "destroy pool 77", ENOENT, 2, 77, 0, 0, 0 },
        { "add CPU 0 to its pool", ENODEV, 4, 0, 0, 0, 0 },
        { "add CPU 63", EINVAL, 4, 0, 0, 0, 63 },
        { "add a large CPU", EINVAL, 4, 0, 0, 0, 1U << 20 },
        { "add CPU 0 to pool 77", ENOENT, 4, 77, 0, 0, 0 },
        { "add any CPU", ENODEV, 4, 0, 0, 0, ~0U },
        { "remove CPU 63", EINVAL, 5, 0, 0, 0, 63 },
        { "remove a large CPU", EINVAL, 5, 0, 0, 0, 1U << 20 },
        { "remove CPU 0 from pool 77", ENOENT, 5, 77, 0, 0, 0 },
        { "move to pool 77", ENOENT, 6, 77, 0, domid, 0 },
        { "move nobody", ESRCH, 6, 0, 0, CT_NO_DOMAIN, 0 },
        { "move nobody to pool 77", ESRCH, 6, 77, 0, CT_NO_DOMAIN, 0 },
        { "move to its own pool", 0, 6, 0, 0, domid, 0 },
        { "an unknown operation", ENOSYS, 8, 0, 0, 0, 0 },
    };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
        ct_expect(cases[i].err,
                  pool_op(cases[i].op, cases[i].pool, cases[i].id,
                          cases[i].domid, cases[i].cpu),
                  "pool: %s", cases[i].what);
}

/* dom0's own, far from due, and stopped again. */
static void test_watchdog(void)
{
    int id;

    ct_expect(EINVAL, xc_watchdog(ct.xch, 3, 3600), "a watchdog: no such id");
    ct_expect(EINVAL, xc_watchdog(ct.xch, 2, 3600), "a watchdog: not in use");
    id = xc_watchdog(ct.xch, 0, 3600);
    ct_equal((uint64_t)id, 1, "a new watchdog");
    ct_equal((uint64_t)xc_watchdog(ct.xch, 0, 3600), 2, "another one");
    ct_expect(ENOSPC, xc_watchdog(ct.xch, 0, 3600), "a third one");
    ct_expect(0, xc_watchdog(ct.xch, 1, 3600), "it is set again");
    ct_expect(0, xc_watchdog(ct.xch, 1, 0), "it is stopped");
    ct_expect(EINVAL, xc_watchdog(ct.xch, 1, 0), "it is stopped already");
    ct_expect(0, xc_watchdog(ct.xch, 2, 0), "the other one is stopped");
}

int main(void)
{
    uint32_t domid;

    ct_begin();
    shared = xencall_alloc_buffer(ct.call, sizeof(*shared));
    if ( !shared )
        ct_bail("no memory");
    domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    test_affinity(domid);
    test_shares(domid);
    test_ratelimit();
    test_pools(domid);
    ct_destroy(domid);
    xencall_free_buffer(ct.call, shared);
    test_watchdog();
    return ct_end();
}
