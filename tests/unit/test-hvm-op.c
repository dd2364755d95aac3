/* SPDX-License-Identifier: MIT */
/*
 * hvm_op: the rules of each parameter, and the other operations.
 *
 * Seen failing with: set-once not enforced; a guest that sets its own ioreq
 * frame; the bound of NR_IOREQ_SERVER_PAGES off by one.
 */
#include "fixture.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

static long set(domid_t domid, uint32_t index, uint64_t value)
{
    struct xen_hvm_param a = { .domid = domid, .index = index,
                               .value = value };

    return hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0, 0);
}

static long get(domid_t domid, uint32_t index, uint64_t *value)
{
    struct xen_hvm_param a = { .domid = domid, .index = index, .value = 99 };
    long rc = hcall(__HYPERVISOR_hvm_op, HVMOP_get_param, P(&a), 0, 0, 0);

    *value = a.value;
    return rc;
}

static void test_order_of_checks(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    uint64_t value;

    (void)state;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, 8, 0, 0, 0),
                     -EFAULT);
    assert_int_equal(set(777, HVM_NR_PARAMS, 0), -EINVAL);
    assert_int_equal(set(777, 0, 0), -ESRCH);
    assert_int_equal(set(0, 0, 0), -EINVAL); /* dom0 is no HVM guest */
    fixture_be_dom(other);
    assert_int_equal(set(d->domain_id, 3, 0), -EPERM);
    assert_int_equal(get(d->domain_id, HVM_PARAM_STORE_PFN, &value), -EPERM);
    other->target_id = d->domain_id;
    assert_int_equal(set(d->domain_id, 3, 0), -EINVAL); /* unassigned */
    assert_int_equal(set(d->domain_id, HVM_PARAM_ACPI_S_STATE, 0), 0);
    fixture_be_dom(dom0);
}

struct rule {
    uint32_t index;
    long ctl_set, self_set, ctl_get, self_get;
};

static void test_who_may(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t value;
    static const struct rule row[] = {
        { HVM_PARAM_CALLBACK_IRQ, 0, 0, 0, 0 },
        { HVM_PARAM_STORE_PFN, 0, -EPERM, 0, 0 },
        { HVM_PARAM_STORE_EVTCHN, 0, 0, 0, 0 },
        { 3, -EINVAL, -EINVAL, -EINVAL, -EINVAL },
        { HVM_PARAM_PAE_ENABLED, -EPERM, -EPERM, -ENODATA, -ENODATA },
        { HVM_PARAM_IOREQ_PFN, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_BUFIOREQ_PFN, 0, -EPERM, 0, -EPERM },
        { 7, -EINVAL, -EINVAL, -EINVAL, -EINVAL },
        { HVM_PARAM_TIMER_MODE, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_HPET_ENABLED, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_IDENT_PT, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_CONSOLE_PFN, 0, -EPERM, 0, 0 },
        { HVM_PARAM_CONSOLE_EVTCHN, 0, 0, 0, 0 },
        { HVM_PARAM_PAGING_RING_PFN, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_IOREQ_SERVER_PFN, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_VM_GENERATION_ID_ADDR, 0, 0, 0, 0 },
        { HVM_PARAM_ALTP2M, 0, -EPERM, 0, -EPERM },
        { HVM_PARAM_VM86_TSS_SIZED, 0, 0, 0, 0 },
        { HVM_PARAM_MCA_CAP, 0, -EPERM, 0, -EPERM },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        const struct rule *r = &row[i];

        fixture_be_dom(dom0);
        assert_int_equal(set(d->domain_id, r->index, 0), r->ctl_set);
        assert_int_equal(get(d->domain_id, r->index, &value), r->ctl_get);
        assert_int_equal(value, r->ctl_get ? 99 : 0);
        fixture_be_dom(d);
        assert_int_equal(set(DOMID_SELF, r->index, 0), r->self_set);
        assert_int_equal(get(d->domain_id, r->index, &value), r->self_get);
    }
    fixture_be_dom(dom0);
}

/* The default server's parameters are gone: names stay, uses fail. */
static void test_default_server_params_are_dead(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t value;

    (void)state;
    assert_int_equal(set(d->domain_id, HVM_PARAM_DM_DOMAIN, 0), -EPERM);
    assert_int_equal(set(d->domain_id, HVM_PARAM_BUFIOREQ_EVTCHN, 1), -EPERM);
    assert_int_equal(get(d->domain_id, HVM_PARAM_DM_DOMAIN, &value),
                     -ENODATA);
    assert_int_equal(get(d->domain_id, HVM_PARAM_BUFIOREQ_EVTCHN, &value),
                     -ENODATA);
}

static void test_values(void **state)
{
    struct domain *d = fixture_guest(1);
    static const struct {
        uint32_t index;
        uint64_t value;
        long want;
    } row[] = {
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 0, -EINVAL },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 65, -EINVAL },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 64, 0 },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 64, 0 },       /* no change */
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 8, -EEXIST },  /* once */
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, 65, -EEXIST }, /* before bounds */
        { HVM_PARAM_IOREQ_PFN, 0xfeff0, 0 },
        { HVM_PARAM_IOREQ_PFN, 0xfeff1, -EEXIST },
        { HVM_PARAM_IOREQ_PFN, 0, -EEXIST },
        { HVM_PARAM_TIMER_MODE, 3, 0 },
        { HVM_PARAM_TIMER_MODE, 4, -EINVAL },
        { HVM_PARAM_TIMER_MODE, 1, 0 },
        { HVM_PARAM_VIRIDIAN, 1, -EINVAL },
        { HVM_PARAM_ACPI_S_STATE, 3, -EINVAL },
        { HVM_PARAM_ACPI_IOPORTS_LOCATION, 1, 0 },
        { HVM_PARAM_ACPI_IOPORTS_LOCATION, 2, -EINVAL },
        { HVM_PARAM_X87_FIP_WIDTH, 4, 0 },
        { HVM_PARAM_X87_FIP_WIDTH, 6, -EINVAL },
        { HVM_PARAM_X87_FIP_WIDTH, 12, -EINVAL },
        { HVM_PARAM_ALTP2M, 1, -EINVAL },
        { HVM_PARAM_MCA_CAP, 1, -EINVAL },
        { HVM_PARAM_TRIPLE_FAULT_REASON, 6, -EINVAL },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
        if ( set(d->domain_id, row[i].index, row[i].value) != row[i].want )
            fail_msg("row %u: not %ld", i, row[i].want);
    assert_int_equal(d->params[HVM_PARAM_NR_IOREQ_SERVER_PAGES], 64);
}

static void test_upcall_vector(void **state)
{
    struct domain *d = fixture_guest(2);
    struct xen_hvm_evtchn_upcall_vector a = { .vcpu = 2, .vector = 0xf };

    (void)state;
    a.vector = 0xf3;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, 23, P(&a), 0, 0, 0), -EINVAL);
    fixture_be_dom(d);
    a.vector = 0xf;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, 23, P(&a), 0, 0, 0), -EINVAL);
    a.vector = 0x10;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, 23, P(&a), 0, 0, 0), -ENOENT);
    a.vcpu = 1;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, 23, P(&a), 0, 0, 0), 0);
    assert_int_equal(domain_vcpu(d, 1)->upcall_vector, 0x10);
    fixture_be_dom(dom0);
}

static void test_mem_type(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_hvm_get_mem_type a = { .domid = d->domain_id, .pfn = 7 };

    (void)state;
    fixture_populate(d, 7, 1);
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, P(&a), 0,
                           0, 0), 0);
    assert_int_equal(a.mem_type, HVMMEM_ram_rw);
    a.pfn = 8;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, P(&a), 0,
                           0, 0), 0);
    assert_int_equal(a.mem_type, HVMMEM_mmio_dm);
}

/* What the guest cannot write says so, whoever owns it. */
static void test_mem_type_of_grants(void **state)
{
    static const struct {
        enum p2m_type type;
        uint16_t want;
    } rows[] = {
        { P2M_GRANT_RW, HVMMEM_ram_rw },
        { P2M_GRANT_RO, HVMMEM_ram_ro },
        { P2M_FOREIGN, HVMMEM_mmio_dm },
    };
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    struct xen_hvm_get_mem_type a = { .domid = d->domain_id, .pfn = 7 };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        struct page *pg = page_alloc(other, 0, 0);

        assert_non_null(pg);
        assert_int_equal(p2m_set(d, _gfn(7), page_to_mfn(pg), rows[i].type), 0);
        assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, P(&a),
                               0, 0, 0), 0);
        assert_int_equal(a.mem_type, rows[i].want);
    }
}

static void test_others(void **state)
{
    struct xen_hvm_get_time t = { 0 };

    (void)state;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_get_time, P(&t), 0, 0,
                           0), 0);
    assert_true(t.now > 0);
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_pagetable_dying, P(&t),
                           0, 0, 0), -EINVAL);
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_altp2m, P(&t), 0, 0,
                           0), -ENOSYS);
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, 1000, 0, 0, 0, 0), -ENOSYS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_order_of_checks), T(test_who_may),
        T(test_default_server_params_are_dead),
        T(test_values),          T(test_upcall_vector),
        T(test_mem_type),
        T(test_mem_type_of_grants), T(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
