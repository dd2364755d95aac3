/* SPDX-License-Identifier: MIT */
/*
 * What a vcpu is given: its vcpu_info page and its initial registers.
 *
 * Seen failing with: an info that crosses its page; a second registration; a
 * page of another domain; segment checks left out; a look at the layout before the
 * lock is taken.
 */
#include "fixture.h"

#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/save.h>
#include <xen/vcpu.h>

#include <x86/defns.h>

static long vcpu_op(unsigned int cmd, unsigned int id, void *arg)
{
    return hcall(__HYPERVISOR_vcpu_op, cmd, id, P(arg), 0, 0);
}

static long reg(unsigned int id, uint64_t gfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info r = { .mfn = gfn, .offset = offset };

    return vcpu_op(VCPUOP_register_vcpu_info, id, &r);
}

/* What the hypervisor made for the guest is no place: here where it is now. */
static void test_register_in_shared_info(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    struct xen_add_to_physmap x = { .domid = DOMID_SELF,
                                    .space = XENMAPSPACE_shared_info,
                                    .gpfn = 7 };

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(memory_op(XENMEM_add_to_physmap, &x), 0);
    v->info->arch.cr2 = 0x123456789abcdef0UL;
    assert_int_equal(reg(0, 7, 8), -EINVAL);
    assert_int_equal(v->info->arch.cr2, 0x123456789abcdef0UL);
    fixture_be_dom(dom0);
}

static void test_register(void **state)
{
    struct domain *d = fixture_guest(3);
    struct vcpu *v = domain_vcpu(d, 0);
    struct page *pg;

    (void)state;
    fixture_populate(d, 5, 1);
    pg = mfn_to_page(p2m_lookup(d, _gfn(5)).mfn);
    fixture_be_dom(d);
    assert_int_equal(vcpu_op(VCPUOP_register_vcpu_info, 0, (void *)8UL),
                     -EFAULT);
    assert_int_equal(reg(0, 6, 0), -EINVAL); /* nothing there */
    assert_int_equal(reg(0, UINT64_MAX, 0), -EINVAL);
    assert_int_equal(reg(0, 5, PAGE_SIZE - sizeof(*v->info) + 8), -ENXIO);
    assert_int_equal(reg(0, 5, ~0U), -ENXIO);
    assert_int_equal(reg(0, 5, 4), -ENXIO);
    assert_int_equal(pg->refs, 1);

    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(reg(0, 5, PAGE_SIZE - sizeof(*v->info)), 0);
    assert_ptr_equal((char *)v->info, (char *)page_to_virt(pg) + PAGE_SIZE -
                                          sizeof(*v->info));
    assert_int_equal(v->info->evtchn_upcall_mask, 1);
    assert_int_equal(pg->refs, 2);
    assert_int_equal(reg(0, 5, 0), -EINVAL); /* once */
    assert_int_equal(pg->refs, 2);
    fixture_audit();

    vcpu_up(domain_vcpu(d, 1)); /* only it itself knows when it may move */
    assert_int_equal(reg(1, 5, 0), -EINVAL);
    assert_int_equal(reg(2, 5, 0), 0);
    fixture_be_dom(dom0);
    fixture_audit();
}

/* The page outlives its p2m entry; a dying domain gives it back. */
static void test_page_is_held(void **state)
{
    struct domain *d = fixture_guest(1);
    domid_t id = d->domain_id;
    struct page *pg;

    (void)state;
    fixture_populate(d, 5, 1);
    pg = mfn_to_page(p2m_lookup(d, _gfn(5)).mfn);
    fixture_be_dom(d);
    assert_int_equal(reg(0, 5, 64), 0);
    fixture_be_dom(dom0);
    assert_int_equal(p2m_remove(d, _gfn(5), INVALID_MFN), 0);
    assert_int_equal(pg->refs, 1);
    fixture_audit();
    fixture_kill(d);
    assert_null(domain_get(id));
    assert_int_equal(pg->refs, 0);
}

static void test_foreign_page(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    struct p2m_entry e;
    struct page *pg;

    (void)state;
    fixture_populate(other, 1, 1);
    e = p2m_lookup(other, _gfn(1));
    pg = mfn_to_page(e.mfn);
    assert_true(page_get(pg, other));
    assert_int_equal(p2m_set(d, _gfn(9), e.mfn, P2M_FOREIGN), 0);
    fixture_be_dom(d);
    assert_int_equal(reg(0, 9, 0), -EINVAL);
    fixture_be_dom(dom0);
    assert_int_equal(pg->refs, 2);
}

/* ---- initialise ---- */

static struct hvm_hw_cpu got;

static int take_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    (void)v;
    got = *ctx;
    return 0;
}

static const struct vcpu_hvm_context flat32 = {
    .mode = VCPU_HVM_MODE_32B,
    .cpu_regs.x86_32 = {
        .eip = 0x1000, .cr0 = CR0_ET | CR0_PE, .ebx = 7,
        .cs_limit = ~0U, .ds_limit = ~0U, .ss_limit = ~0U, .es_limit = ~0U,
        .tr_limit = 0x67,
        .cs_ar = 0xc9b, .ds_ar = 0xc93, .ss_ar = 0xc93, .es_ar = 0xc93,
        .tr_ar = 0x8b,
    },
};

static void test_initialise(void **state)
{
    struct domain *d = fixture_guest(2);
    struct vcpu_hvm_context c = flat32;

    (void)state;
    hosted_hooks.set_context = take_context;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 0, &c), -EOPNOTSUPP);
    fixture_be_dom(d);
    vcpu_up(domain_vcpu(d, 0));
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1, (void *)8UL), -EFAULT);
    assert_int_equal(vcpu_op(VCPUOP_initialise, 0, &c), -EEXIST);
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1, &c), 0);
    assert_int_equal(got.rip, 0x1000);
    assert_int_equal(got.rbx, 7);
    assert_int_equal(got.cs_arbytes, 0xc9b);
    assert_int_equal(got.rflags, 2);

    c = (struct vcpu_hvm_context){ .mode = VCPU_HVM_MODE_64B };
    c.cpu_regs.x86_64.rip = 0xffffffff81000000UL;
    c.cpu_regs.x86_64.cr0 = CR0_PG | CR0_ET | CR0_PE;
    c.cpu_regs.x86_64.cr4 = CR4_PAE;
    c.cpu_regs.x86_64.efer = EFER_LME;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1, &c), -EINVAL); /* LMA */
    c.cpu_regs.x86_64.efer = EFER_LMA | EFER_LME;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1, &c), 0);
    assert_int_equal(got.rip, 0xffffffff81000000UL);
    assert_int_equal(got.cs_arbytes, 0xa9b);
    fixture_be_dom(dom0);
}

static void test_initialise_bad(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu_hvm_context row[16];
    unsigned int nr = 0;

    (void)state;
    hosted_hooks.set_context = take_context;
#define BAD(field, value) row[nr] = flat32, row[nr++].field = (value)
    BAD(mode, 2);
    BAD(pad, 1);
    BAD(cpu_regs.x86_32.pad1, 1);
    BAD(cpu_regs.x86_32.pad2[2], 1);
    BAD(cpu_regs.x86_32.cs_ar, 0);          /* null */
    BAD(cpu_regs.x86_32.cs_ar, 0xc93);      /* data */
    BAD(cpu_regs.x86_32.cs_ar, 0x1c9b);     /* reserved */
    BAD(cpu_regs.x86_32.cs_ar, 0xe9b);      /* 64-bit and 32-bit */
    BAD(cpu_regs.x86_32.cs_ar, 0xcfb);      /* not the stack's ring */
    BAD(cpu_regs.x86_32.ss_ar, 0xc91);      /* read-only */
    BAD(cpu_regs.x86_32.ds_ar, 0xc13);      /* not present */
    BAD(cpu_regs.x86_32.es_ar, 0xc99);      /* execute-only */
    BAD(cpu_regs.x86_32.tr_ar, 0x89);       /* not busy */
    BAD(cpu_regs.x86_32.tr_ar, 0x9b);       /* no system segment */
    BAD(cpu_regs.x86_32.tr_limit, 0x100000);/* bytes */
#undef BAD
    fixture_be_dom(d);
    for ( unsigned int i = 0; i < nr; i++ )
        if ( vcpu_op(VCPUOP_initialise, 0, &row[i]) != -EINVAL )
            fail_msg("row %u was taken", i);
    row[0] = flat32;
    row[0].cpu_regs.x86_32.ds_ar = row[0].cpu_regs.x86_32.es_ar = 0;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 0, &row[0]), 0);
    fixture_be_dom(dom0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* ---- the layout changes while a page is looked up ---- */

static struct domain *changes;

struct page *__real_p2m_get_own_page(struct domain *d, uint64_t frame);
struct page *__wrap_p2m_get_own_page(struct domain *d, uint64_t frame);

struct page *__wrap_p2m_get_own_page(struct domain *d, uint64_t frame)
{
    if ( d == changes )
        domain_latch_layout(d, false);
    return __real_p2m_get_own_page(d, frame);
}

/* Pending bits of the 64-bit layout must not lie across two cache lines. */
static void test_register_while_the_layout_changes(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    fixture_populate(d, 5, 1);
    domain_latch_layout(d, true);
    fixture_be_dom(d);
    changes = d;
    assert_int_equal(reg(0, 5, 4), -ENXIO);
    assert_false(d->shared_32);
    assert_null(v->info_page);
    domain_latch_layout(d, true);
    changes = NULL;
    assert_int_equal(reg(0, 5, 4), 0);
    fixture_be_dom(dom0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_register_while_the_layout_changes),
        T(test_register_in_shared_info),
        T(test_register),   T(test_page_is_held),   T(test_foreign_page),
        T(test_initialise), T(test_initialise_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
