/* SPDX-License-Identifier: MIT */
/*
 * sysctl: dispatch, the machine's description, domain list, console ring.
 *
 * Seen failing with: the version not checked; a second pool after pool 0; a
 * console index that is not clamped to what is still there; keys of which only
 * the first is looked at; no limit to them.
 */
#include "fixture.h"

#include <hv/console.h>
#include <hv/cpu-policy.h>

#include <xen/sysctl.h>

static struct xen_sysctl make(uint32_t cmd)
{
    struct xen_sysctl op;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return op;
}

static long call(struct xen_sysctl *op)
{
    return hcall(__HYPERVISOR_sysctl, P(op), 0, 0, 0, 0);
}

static void test_order_of_checks(void **state)
{
    struct xen_sysctl op = make(0);

    (void)state;
    fixture_be_dom(fixture_guest(1));
    assert_int_equal(hcall(__HYPERVISOR_sysctl, 8, 0, 0, 0, 0), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(hcall(__HYPERVISOR_sysctl, 8, 0, 0, 0, 0), -EFAULT);
    op.interface_version = 0x14;
    assert_int_equal(call(&op), -EACCES);
    for ( uint32_t cmd = 0; cmd < 64; cmd++ )
    {
        static const uint64_t known =
            1UL << 1 | 1UL << 3 | 1UL << 4 | 1UL << 6 | 1UL << 7 | 1UL << 8 |
            1UL << 16 | 1UL << 17 | 1UL << 18 | 1UL << 19 | 1UL << 22 | 1UL << 25 |
            1UL << 26 | 1UL << 29;

        op = make(cmd);
        if ( known >> cmd & 1 )
            assert_int_not_equal(call(&op), -EACCES);
        else
            assert_int_equal(call(&op), -ENOSYS);
    }
    op = make(~0U);
    assert_int_equal(call(&op), -ENOSYS);
}

static void test_physinfo(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_physinfo);
    const struct xen_sysctl_physinfo *p = &op.u.physinfo;

    (void)state;
    assert_int_equal(call(&op), 0);
    assert_int_equal(p->capabilities, 0x309); /* hvm, hap, grants v1 v2 */
    assert_true(p->nr_cpus >= 1);
    assert_int_equal(p->max_cpu_id, p->nr_cpus - 1);
    assert_int_equal(p->total_pages, nr_frames);
    assert_int_equal(p->free_pages, page_nr_free());
    assert_int_equal(p->max_mfn, nr_frames - 1);
    assert_true(p->cpu_khz > 0);
    op = make(XEN_SYSCTL_sched_id);
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
}

static void test_topology(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_cputopoinfo);
    xen_sysctl_cputopo_t topo[2] = { { 9, 9, 9 }, { 9, 9, 9 } };
    xen_sysctl_meminfo_t mem;
    uint32_t nr, distance;

    (void)state;
    assert_int_equal(call(&op), 0);
    nr = op.u.cputopoinfo.num_cpus;
    assert_true(nr >= 1);
    op.u.cputopoinfo.num_cpus = 0;
    op.u.cputopoinfo.cputopo.p = topo;
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.cputopoinfo.num_cpus, nr);
    assert_int_equal(topo[0].core, 9); /* no room was offered for it */
    op.u.cputopoinfo.num_cpus = 1;
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.cputopoinfo.num_cpus, nr);
    assert_int_equal(topo[0].core, 0);
    assert_int_equal(topo[1].core, 9);
    op.u.cputopoinfo.cputopo.p = (void *)8UL;
    assert_int_equal(call(&op), -EFAULT);

    op = make(XEN_SYSCTL_numainfo);
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.numainfo.num_nodes, 1);
    op.u.numainfo.meminfo.p = &mem;
    op.u.numainfo.distance.p = &distance;
    assert_int_equal(call(&op), 0);
    assert_int_equal(mem.memsize, nr_frames << PAGE_SHIFT);
    assert_int_equal(distance, 10);
}

/* Xen answers so of devices that it has not been told of. */
static void test_pci_devices(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_pcitopoinfo);
    static physdev_pci_device_t devs[65];
    static uint32_t nodes[65];

    (void)state;
    assert_int_equal(call(&op), -EINVAL);
    op.u.pcitopoinfo.devs.p = devs;
    assert_int_equal(call(&op), -EINVAL);
    op.u.pcitopoinfo.nodes.p = nodes;
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.pcitopoinfo.num_devs, 0);
    op.u.pcitopoinfo.num_devs = 2;
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.pcitopoinfo.num_devs, 2);
    assert_int_equal(nodes[1], XEN_INVALID_DEV);
    assert_int_equal(nodes[2], 0);
    op.u.pcitopoinfo.num_devs = ~0U;
    assert_int_equal(call(&op), 0);
    assert_int_equal(op.u.pcitopoinfo.num_devs, 64);
    assert_int_equal(nodes[64], 0);
    op.u.pcitopoinfo.devs.p = (void *)8UL;
    assert_int_equal(call(&op), -EFAULT);
    op.u.pcitopoinfo.devs.p = devs;
    op.u.pcitopoinfo.nodes.p = (void *)8UL;
    assert_int_equal(call(&op), -EFAULT);
}

static void test_cpupool(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_cpupool_op);
    struct xen_sysctl_cpupool_op *p = &op.u.cpupool_op;
    uint8_t map[4] = { 0, 0xff, 0xff, 0xff };

    (void)state;
    (void)fixture_guest(1);
    p->op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    p->cpumap.bitmap.p = map;
    p->cpumap.nr_bits = 32;
    assert_int_equal(call(&op), 0);
    assert_int_equal(p->sched_id, XEN_SCHEDULER_CREDIT2);
    assert_int_equal(p->n_dom, 2);
    assert_true(map[0] & 1);
    assert_int_equal(map[3], 0);
    p->cpupool_id = 1;
    assert_int_equal(call(&op), -ENOENT);
    p->op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    assert_int_equal(call(&op), 0);
    assert_int_equal(map[0], 0);
    p->op = 99;
    assert_int_equal(call(&op), -ENOSYS);
}

/* What is asked of pools, and cannot be done with one. */
static void test_cpupool_changes(void **state)
{
    struct domain *d = fixture_guest(1);
    const struct {
        uint32_t op, pool, id, domid, cpu;
        long rc;
    } cases[] = {
        { XEN_SYSCTL_CPUPOOL_OP_CREATE, 0, 6, 0, 0, -EEXIST },
        { XEN_SYSCTL_CPUPOOL_OP_CREATE, 5, 77, 0, 0, -ENOENT },
        { XEN_SYSCTL_CPUPOOL_OP_CREATE, 5, 6, 0, 0, -EOPNOTSUPP },
        { XEN_SYSCTL_CPUPOOL_OP_CREATE, ~0U, 6, 0, 0, -EOPNOTSUPP },
        { XEN_SYSCTL_CPUPOOL_OP_DESTROY, 0, 0, 0, 0, -EBUSY },
        { XEN_SYSCTL_CPUPOOL_OP_DESTROY, 77, 0, 0, 0, -ENOENT },
        { XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 0, 0, 0, -ENODEV },
        { XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 0, 0, 1023, -EINVAL },
        { XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 77, 0, 0, 0, -ENOENT },
        { XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0, 0, 0, ~0U, -ENODEV },
        { XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0, 0, 0, -EBUSY },
        { XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0, 0, ~0U, -EBUSY },
        { XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 0, 0, 1023, -EINVAL },
        { XEN_SYSCTL_CPUPOOL_OP_RMCPU, 77, 0, 0, 0, -ENOENT },
        { XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 77, 0, d->domain_id, 0, -ENOENT },
        { XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 77, 0, 999, 0, -ESRCH },
        { XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0, d->domain_id, 0, 0 },
    };
    struct xen_sysctl op = make(XEN_SYSCTL_cpupool_op);

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        op.u.cpupool_op.op = cases[i].op;
        op.u.cpupool_op.cpupool_id = cases[i].pool;
        op.u.cpupool_op.sched_id = cases[i].id;
        op.u.cpupool_op.domid = cases[i].domid;
        op.u.cpupool_op.cpu = cases[i].cpu;
        assert_int_equal(call(&op), cases[i].rc);
    }
}

static long ratelimit(uint32_t pool, uint32_t id, uint32_t cmd, uint32_t *us)
{
    struct xen_sysctl op = make(XEN_SYSCTL_scheduler_op);
    long rc;

    op.u.scheduler_op.cpupool_id = pool;
    op.u.scheduler_op.sched_id = id;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
    rc = call(&op);
    *us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
    return rc;
}

static void test_ratelimit(void **state)
{
    const struct {
        uint32_t us, then;
        long rc;
    } puts[] = {
        { 99, 0, -EINVAL }, { 100, 100, 0 }, { 500000, 500000, 0 },
        { 500001, 500000, -EINVAL }, { ~0U, 500000, -EINVAL }, { 0, 0, 0 },
    };
    uint32_t us = 7;

    (void)state;
    assert_int_equal(ratelimit(0, 6, XEN_SYSCTL_SCHEDOP_getinfo, &us), 0);
    assert_int_equal(us, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(puts); i++ )
    {
        us = puts[i].us;
        assert_int_equal(ratelimit(0, 6, XEN_SYSCTL_SCHEDOP_putinfo, &us),
                         puts[i].rc);
        us = 7;
        assert_int_equal(ratelimit(0, 6, XEN_SYSCTL_SCHEDOP_getinfo, &us), 0);
        assert_int_equal(us, puts[i].then);
    }
    /* The operation, then the pool, then its scheduler. */
    assert_int_equal(ratelimit(77, 77, 2, &us), -EINVAL);
    assert_int_equal(ratelimit(77, 77, 1, &us), -ESRCH);
    assert_int_equal(ratelimit(0, 5, 1, &us), -EINVAL);
}

static void test_domain_list(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_getdomaininfolist);
    struct xen_sysctl_getdomaininfolist *l = &op.u.getdomaininfolist;
    xen_domctl_getdomaininfo_t info[4];
    struct xen_domctl_createdomain c = fixture_config(1);
    struct domain *a = fixture_guest(1), *b = NULL;

    (void)state;
    assert_int_equal(domain_create(500, &c, false, &b), 0);
    l->max_domains = 4;
    l->buffer.p = info;
    assert_int_equal(call(&op), 0);
    assert_int_equal(l->num_domains, 3);
    assert_int_equal(info[0].domain, 0);
    assert_int_equal(info[1].domain, a->domain_id);
    assert_int_equal(info[2].domain, b->domain_id);
    l->first_domain = a->domain_id;
    l->max_domains = 1;
    assert_int_equal(call(&op), 0);
    assert_int_equal(l->num_domains, 1);
    assert_int_equal(info[0].domain, a->domain_id);
    l->first_domain = b->domain_id + 1;
    assert_int_equal(call(&op), 0);
    assert_int_equal(l->num_domains, 0);
    l->first_domain = 0;
    l->buffer.p = (void *)8UL;
    assert_int_equal(call(&op), -EFAULT);
}

/* ---- console ring ---- */

static void quiet(const char *s, size_t len)
{
    (void)s, (void)len;
}

static uint32_t read_ring(char *buf, uint32_t count, bool clear,
                          bool incremental, uint32_t *index)
{
    struct xen_sysctl op = make(XEN_SYSCTL_readconsole);
    struct xen_sysctl_readconsole *r = &op.u.readconsole;

    r->buffer.p = buf;
    r->count = count;
    r->clear = clear;
    r->incremental = incremental;
    r->index = *index;
    assert_int_equal(call(&op), 0);
    *index = r->index;
    return r->count;
}

static void test_console_ring(void **state)
{
    static char buf[CONSOLE_RING_SIZE + 1];
    uint32_t index = 0;

    (void)state;
    hosted_hooks.console = quiet;
    (void)read_ring(buf, sizeof(buf), true, false, &index);
    printk(XENLOG_INFO, "hello %d\n", 1);
    assert_int_equal(read_ring(buf, sizeof(buf), false, false, &index), 8);
    assert_memory_equal(buf, "hello 1\n", 8);
    assert_int_equal(read_ring(buf, sizeof(buf), false, true, &index), 0);
    printk(XENLOG_INFO, "more\n");
    assert_int_equal(read_ring(buf, sizeof(buf), false, true, &index), 5);
    assert_memory_equal(buf, "more\n", 5);

    for ( unsigned int i = 0; i < CONSOLE_RING_SIZE / 8; i++ )
        printk(XENLOG_INFO, "%07u\n", i); /* pushes the rest out */
    index = 0;
    assert_int_equal(read_ring(buf, sizeof(buf), false, true, &index),
                     CONSOLE_RING_SIZE);
    assert_memory_equal(buf, "0000000\n", 8);
    index -= 8;
    assert_int_equal(read_ring(buf, sizeof(buf), false, true, &index), 8);
    assert_memory_equal(buf, "0008191\n", 8);
    index += 1000; /* the future */
    assert_int_equal(read_ring(buf, 16, true, true, &index), 16);
    assert_memory_equal(buf, "0000000\n0000001\n", 16);
    assert_int_equal(read_ring(buf, 8, false, false, &index), 8);
    assert_memory_equal(buf, "0000002\n", 8); /* cleared what was read */
    hosted_hooks.console = NULL;
}

/* ---- processor ---- */

static void test_cpu_policy(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_get_cpu_policy);
    struct xen_sysctl_cpu_policy *p = &op.u.cpu_policy;
    xen_cpuid_leaf_t leaf[CPU_POLICY_MAX_LEAVES];
    static const long want[] = { 0, 0, -EOPNOTSUPP, 0, -EOPNOTSUPP, 0,
                                 -EINVAL };

    (void)state;
    for ( p->index = 0; p->index < ARRAY_SIZE(want); p->index++ )
        assert_int_equal(call(&op), want[p->index]);
    p->index = XEN_SYSCTL_cpu_policy_hvm_default;
    assert_int_equal(call(&op), 0);
    assert_int_equal(p->nr_leaves, 120);
    assert_int_equal(p->nr_msrs, 2);
    p->leaves.p = leaf;
    p->nr_leaves = 0;
    assert_int_equal(call(&op), -ENOBUFS);
    assert_int_equal(p->nr_leaves, cpu_policy_default()->nr_leaves);
    assert_int_equal(call(&op), 0);
    assert_int_equal(leaf[0].leaf, 0);
    p->_rsvd = 1;
    assert_int_equal(call(&op), -EINVAL);
}

static void test_featureset(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_get_cpu_featureset);
    struct xen_sysctl_cpu_featureset *f = &op.u.cpu_featureset;
    uint32_t host[20] = { 0 }, hvm[20] = { 0 };
    static const long want[] = { 0, 0, -EOPNOTSUPP, 0, -EOPNOTSUPP, 0,
                                 -EINVAL };

    (void)state;
    for ( f->index = 0; f->index < ARRAY_SIZE(want); f->index++ )
        assert_int_equal(call(&op), want[f->index]);
    f->index = XEN_SYSCTL_cpu_featureset_host;
    assert_int_equal(call(&op), 0);
    assert_int_equal(f->nr_features, 19);
    f->features.p = host;
    f->nr_features = 2;
    assert_int_equal(call(&op), -ENOBUFS);
    assert_int_equal(f->nr_features, 2);
    assert_true(host[1] && !host[2]);
    f->nr_features = 20;
    assert_int_equal(call(&op), 0);
    assert_int_equal(f->nr_features, 19);
    f->index = XEN_SYSCTL_cpu_featureset_hvm;
    f->features.p = hvm;
    assert_int_equal(call(&op), 0);
    /* But what is emulated: x2APIC, HYPERVISOR; NO_LMSL. */
    for ( unsigned int i = 0; i < 19; i++ )
        assert_int_equal(hvm[i] & ~host[i] & (i == 1   ? 0x7fdfffff
                                              : i == 8 ? ~(1U << 20)
                                                       : ~0U), 0);
    assert_true(hvm[1] >> 31);
}

static char said[4096];

static void console(const char *s, size_t len)
{
    strncat(said, s, min(len, sizeof(said) - 1 - strlen(said)));
}

static int cannot_stop(void)
{
    return -EOPNOTSUPP;
}

static void test_debug_keys(void **state)
{
    struct xen_sysctl op = make(XEN_SYSCTL_debug_keys);
    struct xen_sysctl_debug_keys *k = &op.u.debug_keys;
    struct domain *d = fixture_guest(1);
    struct page *pg;

    (void)state;
    hosted_hooks.console = console;
    said[0] = '\0';
    k->nr_keys = 0;
    assert_int_equal(call(&op), 0);
    k->nr_keys = 257;
    assert_int_equal(call(&op), -EINVAL);
    k->nr_keys = 1;
    assert_int_equal(call(&op), -EFAULT);
    k->keys.p = "ah";
    k->nr_keys = 2;
    assert_int_equal(call(&op), 0);
    assert_non_null(strstr(said, "'a' is no debug key"));
    assert_non_null(strstr(said, "key 'h' (help)"));
    k->keys.p = "qf";
    assert_int_equal(call(&op), 0);
    assert_non_null(strstr(said, "audit: every page and reference"));

    fixture_populate(d, 0, 1);
    pg = mfn_to_page(p2m_lookup(d, _gfn(0)).mfn);
    page_get_more(pg); /* nobody knows who has it */
    said[0] = '\0';
    assert_int_equal(call(&op), 0);
    assert_non_null(strstr(said, "has 2 references, found 1: p2m 1"));
    assert_non_null(strstr(said, "audit: 1 findings"));
    page_put(pg);
    hosted_hooks.stop_machine = cannot_stop;
    assert_int_equal(call(&op), -EOPNOTSUPP);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_order_of_checks), T(test_physinfo),
        T(test_topology), T(test_pci_devices),        T(test_cpupool),
        T(test_cpupool_changes), T(test_ratelimit),
        T(test_domain_list),     T(test_console_ring),
        T(test_cpu_policy),      T(test_featureset),
        T(test_debug_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
