/* SPDX-License-Identifier: MIT */
/*
 * domctl: dispatch, its order of checks, and the life of a domain.
 *
 * Seen failing with: the version check after the domain lookup; no permission
 * check; domid 0 taken literally; emulation flags unchecked.
 */
#include "test-domctl.h"

#include <xen/sched.h>

/* ---- dispatch ---- */

static void test_order_of_checks(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    const struct {
        struct domain *caller;
        uint32_t cmd, version;
        domid_t domid;
        long want;
    } row[] = {
        /* version before the domain, which is before permission */
        { dom0, 0, 0x14, 777, -EACCES },
        { other, XEN_DOMCTL_pausedomain, 0x16, 777, -EACCES },
        { dom0, 0, 0x15, 777, -ESRCH },
        { other, XEN_DOMCTL_pausedomain, 0x15, 777, -ESRCH },
        { other, XEN_DOMCTL_pausedomain, 0x15, d->domain_id, -EPERM },
        { other, 9999, 0x15, d->domain_id, -EPERM },
        { other, XEN_DOMCTL_createdomain, 0x15, 0, -EPERM },
        { other, XEN_DOMCTL_getdomaininfo, 0x15, d->domain_id, -EPERM },
        /* DOMID_SELF means nothing here */
        { dom0, XEN_DOMCTL_pausedomain, 0x15, DOMID_SELF, -ESRCH },
        { dom0, XEN_DOMCTL_getdomaininfo, 0x15, DOMID_SELF, -EINVAL },
        { dom0, XEN_DOMCTL_getdomaininfo, 0x15, 777, -ESRCH },
        /* unknown, obsolete, beyond the table, unsupported */
        { dom0, 0, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, 70, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, 9999, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, ~0U, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, XEN_DOMCTL_assign_device, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, XEN_DOMCTL_psr_cmt_op, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, XEN_DOMCTL_psr_alloc, 0x15, d->domain_id, -EOPNOTSUPP },
        { dom0, XEN_DOMCTL_hypercall_init, 0x15, d->domain_id, -EACCES },
        /* not to itself */
        { dom0, XEN_DOMCTL_pausedomain, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_destroydomain, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_resumedomain, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_max_vcpus, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_gethvmcontext, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_sethvmcontext, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_getvcpucontext, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_setvcpucontext, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_gettscinfo, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_settscinfo, 0x15, 0, -EINVAL },
        { dom0, XEN_DOMCTL_set_cpu_policy, 0x15, 0, -EINVAL },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        struct xen_domctl op = domctl_make(row[i].cmd, row[i].domid);

        op.interface_version = row[i].version;
        fixture_be_dom(row[i].caller);
        if ( domctl_call(&op) != row[i].want )
            fail_msg("row %u: not %ld", i, row[i].want);
    }
    fixture_be_dom(dom0);
}

static void test_structure_that_cannot_be_read(void **state)
{
    static char window[sizeof(struct xen_domctl)];
    struct xen_domctl op =
        domctl_make(XEN_DOMCTL_getdomaininfo, 0);

    (void)state;
    memcpy(window, &op, sizeof(op));
    hosted_local_window(window, sizeof(window) - 1);
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(window), 0, 0, 0, 0),
                     -EFAULT);
    hosted_local_window(window, sizeof(window));
    assert_int_equal(hcall(__HYPERVISOR_domctl, P(window), 0, 0, 0, 0), 0);
    hosted_local_window(NULL, 0);
}

/* A device model may do to its target what models do, and nothing else. */
static void test_target(void **state)
{
    struct domain *model = fixture_guest(1), *d = fixture_guest(1);
    struct domain *other = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_set_target,
                                       model->domain_id);

    (void)state;
    op.u.set_target.target = 777;
    assert_int_equal(domctl_call(&op), -ESRCH);
    op.u.set_target.target = model->domain_id;
    assert_int_equal(domctl_call(&op), -EINVAL);
    op.u.set_target.target = 0; /* dom0 is not an HVM guest */
    assert_int_equal(domctl_call(&op), -EOPNOTSUPP);
    op.u.set_target.target = d->domain_id;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(domctl_call(&op), -EINVAL); /* only once */

    fixture_be_dom(model);
    assert_int_equal(domctl_do(XEN_DOMCTL_ioport_mapping, d), -EOPNOTSUPP);
    assert_int_equal(domctl_do(XEN_DOMCTL_ioport_mapping, other), -EPERM);
    assert_int_equal(domctl_do(XEN_DOMCTL_pausedomain, d), -EPERM);
    fixture_be_dom(dom0);
}

/* ---- creation ---- */

static long create(const struct xen_domctl_createdomain *config, domid_t want,
                   domid_t *got)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_createdomain, want);
    long rc;

    op.u.createdomain = *config;
    rc = domctl_call(&op);
    *got = op.domain;
    return rc;
}

static void test_create_config(void **state)
{
    const struct xen_domctl_createdomain ok = fixture_config(2);
    domid_t id;
    struct {
        struct xen_domctl_createdomain c;
        long want;
    } row[32];
    unsigned int nr = 0;

    (void)state;
#define BAD(field, value, rc)                                                \
    row[nr].c = ok, row[nr].c.field = (value), row[nr++].want = (rc)
    BAD(flags, 0, -EINVAL); /* PV */
    BAD(flags, XEN_DOMCTL_CDF_hap, -EINVAL);
    BAD(flags, XEN_DOMCTL_CDF_hvm, -EINVAL); /* shadow paging */
    BAD(flags, ok.flags | XEN_DOMCTL_CDF_iommu, -EINVAL);
    BAD(flags, ok.flags | XEN_DOMCTL_CDF_nested_virt, -EINVAL);
    BAD(flags, ok.flags | XEN_DOMCTL_CDF_vpmu, -EINVAL);
    BAD(flags, ok.flags | 1U << 31, -EINVAL);
    BAD(iommu_opts, 1, -EINVAL);
    BAD(max_vcpus, 0, -EINVAL);
    BAD(max_vcpus, MAX_VCPUS + 1, -EINVAL);
    BAD(max_vcpus, ~0U, -EINVAL);
    BAD(max_grant_frames, 0, -EINVAL);
    BAD(max_grant_frames, MAX_GRANT_FRAMES + 1, -EINVAL);
    BAD(grant_opts, 0, -EINVAL);
    BAD(grant_opts, 3, -EINVAL);
    BAD(grant_opts, 0x12, -EINVAL);
    BAD(vmtrace_size, 4096, -EINVAL);
    BAD(cpupool_id, 1, -EINVAL);
    BAD(arch.misc_flags, 2, -EINVAL);
    BAD(arch.emulation_flags, XEN_X86_EMU_ALL + 1, -EINVAL);
    BAD(arch.emulation_flags, 0, -EOPNOTSUPP);
    BAD(arch.emulation_flags, XEN_X86_EMU_ALL, -EOPNOTSUPP);
    BAD(arch.emulation_flags, XEN_X86_EMU_LAPIC | XEN_X86_EMU_PIT,
        -EOPNOTSUPP);
#undef BAD
    for ( unsigned int i = 0; i < nr; i++ )
        if ( create(&row[i].c, 0, &id) != row[i].want )
            fail_msg("row %u: not %ld", i, row[i].want);
    assert_null(domain_get_from(1));
}

static void test_create_ids(void **state)
{
    struct xen_domctl_createdomain c = fixture_config(1);
    domid_t a, b, e;
    struct domain *d;

    (void)state;
    c.max_grant_frames = c.max_maptrack_frames = -1;
    assert_int_equal(create(&c, 0, &a), 0);
    assert_int_equal(create(&c, 0xffff, &b), 0);
    assert_true(a && b && a != b && b < DOMID_FIRST_RESERVED);
    assert_int_equal(create(&c, a, &e), -EEXIST);
    assert_int_equal(create(&c, 77, &e), 0);
    assert_int_equal(e, 77);
    d = domain_get(77);
    assert_non_null(d);
    assert_false(is_control_domain(d));
    assert_int_equal(d->config.max_grant_frames, 64);
    assert_int_equal(d->config.max_maptrack_frames, 1024);
    assert_int_equal(d->ctl_pause_count, 1);
    domain_put(d);
}

static long create_and_fail(void *arg)
{
    domid_t id;

    return create(arg, 0, &id);
}

static void test_create_no_memory(void **state)
{
    struct xen_domctl_createdomain c = fixture_config(2);

    (void)state;
    fixture_each_alloc_failure(create_and_fail, &c, -ENOMEM);
}

/* ---- life ---- */

static uint32_t info_flags(struct domain *d)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getdomaininfo,
                                       d->domain_id);

    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.domain, d->domain_id);
    assert_int_equal(op.u.getdomaininfo.domain, d->domain_id);
    return op.u.getdomaininfo.flags;
}

static void test_pause_is_counted(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_true(info_flags(d) & XEN_DOMINF_paused);
    assert_int_equal(domctl_do(XEN_DOMCTL_pausedomain, d), 0);
    assert_int_equal(domctl_do(XEN_DOMCTL_unpausedomain, d), 0);
    assert_true(info_flags(d) & XEN_DOMINF_paused);
    assert_int_equal(domctl_do(XEN_DOMCTL_unpausedomain, d), 0);
    assert_false(info_flags(d) & XEN_DOMINF_paused);
    assert_int_equal(domctl_do(XEN_DOMCTL_unpausedomain, d), -EINVAL);
}

static void test_getdomaininfo(void **state)
{
    struct domain *d = fixture_guest(3);
    struct xen_domctl op;
    struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;

    (void)state;
    fixture_populate(d, 0, 5);
    vcpu_up(domain_vcpu(d, 0));
    vcpu_up(domain_vcpu(d, 2));
    vcpu_block(domain_vcpu(d, 0));
    op = domctl_make(XEN_DOMCTL_getdomaininfo, 1); /* the next one */
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.domain, d->domain_id);
    assert_int_equal(info->tot_pages, 5);
    assert_int_equal(info->nr_online_vcpus, 2);
    assert_int_equal(info->max_vcpu_id, 2);
    assert_int_equal(info->flags, XEN_DOMINF_hvm_guest | XEN_DOMINF_hap |
                                      XEN_DOMINF_paused | 255U << 16);
    vcpu_block(domain_vcpu(d, 2));
    assert_true(info_flags(d) & XEN_DOMINF_blocked);
    domain_shutdown(d, SHUTDOWN_reboot);
    assert_int_equal(info_flags(d) & (XEN_DOMINF_shutdown | 255U << 16),
                     XEN_DOMINF_shutdown | SHUTDOWN_reboot << 16);
    assert_int_equal(domctl_do(XEN_DOMCTL_resumedomain, d), 0);
    assert_false(info_flags(d) & XEN_DOMINF_shutdown);
}

static void test_xenstore_domain_may_ask(void **state)
{
    struct xen_domctl_createdomain c = fixture_config(1);
    struct domain *d, *other = fixture_guest(1);

    (void)state;
    c.flags |= XEN_DOMCTL_CDF_xs_domain;
    d = fixture_guest_config(&c);
    fixture_be_dom(d);
    assert_int_equal(domctl_do(XEN_DOMCTL_getdomaininfo, other), 0);
    assert_int_equal(domctl_do(XEN_DOMCTL_pausedomain, other), -EPERM);
    fixture_be_dom(dom0);
    assert_true(info_flags(d) & XEN_DOMINF_xs_domain);
}

static void test_destroy_with_restarts(void **state)
{
    struct domain *d = fixture_guest(4);
    uint64_t free_before;
    domid_t id;

    (void)state;
    free_before = page_nr_free();
    fixture_populate(d, 0, 300);
    id = d->domain_id;
    hosted_preempt_every(1);
    assert_int_equal(domctl_do(XEN_DOMCTL_destroydomain, d), 0);
    hosted_preempt_every(0);
    assert_null(domain_get(id));
    assert_true(page_nr_free() > free_before);
}

static void test_handle(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_setdomainhandle,
                                       d->domain_id);

    (void)state;
    memset(op.u.setdomainhandle.handle, 0xc3, 16);
    assert_int_equal(domctl_call(&op), 0);
    op = domctl_make(XEN_DOMCTL_getdomaininfo, d->domain_id);
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.getdomaininfo.handle[15], 0xc3);
}

static long trigger(struct domain *d, uint32_t which, uint32_t vcpu)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_sendtrigger, d->domain_id);

    op.u.sendtrigger.trigger = which;
    op.u.sendtrigger.vcpu = vcpu;
    return domctl_call(&op);
}

/* The hosted machine has no NMIs; a PVH guest has no buttons to be pressed. */
static void test_triggers(void **state)
{
    struct domain *d = fixture_guest(2);

    (void)state;
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_NMI, 2), -ESRCH);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_NMI, 1), -EOPNOTSUPP);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_RESET, 0), -ENOSYS);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_INIT, 0), -ENOSYS);
    assert_int_equal(trigger(d, 5, 0), -ENOSYS);
    assert_int_equal(trigger(d, 5, 2), -ESRCH);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_POWER, 0), -EINVAL);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_SLEEP, 1), -EINVAL);
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_SLEEP, 2), -ESRCH);
    d->config.arch.emulation_flags |= XEN_X86_EMU_PM;
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_POWER, 0), -EOPNOTSUPP);
    d->translated = false; /* a PV guest has none at all */
    assert_int_equal(trigger(d, XEN_DOMCTL_SENDTRIGGER_POWER, 0), -EINVAL);
    d->translated = true;
    fixture_be_dom(d);
    assert_int_equal(trigger(dom0, XEN_DOMCTL_SENDTRIGGER_NMI, 0), -EPERM);
    fixture_be_dom(dom0);
}

/* Kernels of 64 bits only; an HVM guest's is its own affair. */
static void test_address_size(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_get_address_size,
                                       d->domain_id);
    static const struct {
        bool translated;
        uint32_t size;
        long want;
    } row[] = {
        { true, 64, -EOPNOTSUPP },  { true, 32, -EOPNOTSUPP },
        { false, 64, 0 },           { false, 32, -EINVAL },
        { false, 0, -EINVAL },      { false, ~0U, -EINVAL },
    };

    (void)state;
    assert_int_equal(domctl_call(&op), 0);
    assert_int_equal(op.u.address_size.size, 64);
    op.cmd = XEN_DOMCTL_set_address_size;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        d->translated = row[i].translated;
        op.u.address_size.size = row[i].size;
        assert_int_equal(domctl_call(&op), row[i].want);
        d->translated = true;
    }
}

/* Of a page that the guest has; the machine here has no PV guests. */
static void test_hypercall_page(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_domctl op = domctl_make(XEN_DOMCTL_hypercall_init,
                                       d->domain_id);
    static const struct {
        uint64_t gfn;
        long want;
    } row[] = {
        { 0x100, -EOPNOTSUPP }, { 0x101, -EACCES }, { 0x102, -EACCES },
        { ~0UL, -EACCES },
    };

    (void)state;
    fixture_populate(d, 0x100, 2);
    assert_int_equal(p2m_retype(d, _gfn(0x101), p2m_lookup(d, _gfn(0x101)),
                                P2M_RAM_RO), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        op.u.hypercall_init.gmfn = row[i].gfn;
        assert_int_equal(domctl_call(&op), row[i].want);
        fixture_audit();
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_order_of_checks),  T(test_structure_that_cannot_be_read),
        T(test_target),           T(test_create_config),
        T(test_create_ids),       T(test_create_no_memory),
        T(test_pause_is_counted), T(test_getdomaininfo),
        T(test_handle),           T(test_xenstore_domain_may_ask),
        T(test_destroy_with_restarts), T(test_triggers),
        T(test_address_size),     T(test_hypercall_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
