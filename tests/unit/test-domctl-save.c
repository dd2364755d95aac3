/* SPDX-License-Identifier: MIT */
/*
 * What a toolstack that saves a domain asks of it: types of frames, registers
 * of a vcpu in the form of PV guests.  tests/contract/ct-save.c has the answers
 * that are Xen's.
 */
#include "test-domctl.h"

#include <hv/grant.h>

#include <xen/hvm/save.h>
#include <xen/memory.h>

#include "heap-limit.h"

/* ---- types of frames ---- */

static long types(struct domain *d, xen_pfn_t *frames, uint64_t nr)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_getpageframeinfo3,
                                       d->domain_id);

    op.u.getpageframeinfo3.num = nr;
    op.u.getpageframeinfo3.array.p = frames;
    return domctl_call(&op);
}

/* Memory, and what is no memory of its own. */
static void test_types(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    xen_pfn_t frames[] = { 5, 6, 7, 8, 9, P2M_GFN_LIMIT, ~0UL };
    struct page *pg;

    (void)state;
    fixture_populate(d, 5, 2);
    fixture_populate(other, 5, 1);
    assert_int_equal(p2m_retype(d, _gfn(6), p2m_lookup(d, _gfn(6)),
                                P2M_RAM_RO), 0);
    pg = p2m_get_page(other, _gfn(5), NULL);
    assert_int_equal(p2m_set(d, _gfn(7), page_to_mfn(pg), P2M_FOREIGN), 0);
    pg = page_alloc(d, 0, PAGE_EXTRA);
    assert_non_null(pg);
    assert_int_equal(p2m_set(d, _gfn(8), page_to_mfn(pg), P2M_RAM_RW), 0);
    assert_int_equal(types(d, frames, 7), 0);
    assert_int_equal(frames[0], XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(frames[1], XEN_DOMCTL_PFINFO_NOTAB);
    for ( unsigned int i = 2; i < 7; i++ )
        assert_int_equal(frames[i], XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(types(d, (void *)8, 1), -EFAULT);
    fixture_audit();
}

/* More than one copy moves. */
static void test_many_types(void **state)
{
    struct domain *d = fixture_guest(1);
    static xen_pfn_t frames[1024];

    (void)state;
    fixture_populate(d, 0, 300);
    for ( unsigned int i = 0; i < 1024; i++ )
        frames[i] = i;
    assert_int_equal(types(d, frames, 1025), -E2BIG);
    assert_int_equal(types(d, frames, 1000), 0);
    for ( unsigned int i = 0; i < 1024; i++ )
        assert_int_equal(frames[i], i >= 1000 ? i :
                         i < 300 ? XEN_DOMCTL_PFINFO_NOTAB
                                 : XEN_DOMCTL_PFINFO_XTAB);
}

/* ---- registers ---- */

static struct hvm_hw_cpu record; /* the vcpu's */
static int answer;

static int take_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    (void)v;
    if ( !answer )
        record = *ctx;
    return answer;
}

static void give_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    (void)v;
    *ctx = record;
}

static struct vcpu_guest_context form;

static long context(uint32_t cmd, struct domain *d, void *to)
{
    struct xen_domctl op = domctl_make(cmd, d->domain_id);

    op.u.vcpucontext.ctxt.p = to;
    return domctl_call(&op);
}

static long get(struct domain *d)
{
    return context(XEN_DOMCTL_getvcpucontext, d, &form);
}

static long set(struct domain *d)
{
    return context(XEN_DOMCTL_setvcpucontext, d, &form);
}

static struct domain *guest_with_state(void)
{
    struct domain *d = fixture_guest(1);

    answer = 0;
    hosted_hooks.set_context = take_context;
    hosted_hooks.get_context = give_context;
    record = (struct hvm_hw_cpu){
        .rax = 0xa, .r15 = 0xf, .rip = 0x1000, .rflags = 0x202, .rsp = 0x2000,
        .cr0 = 1, .cr2 = 2, .cr3 = 3, .cr4 = 4, .dr0 = 5, .dr7 = 0x400,
        .cs_sel = 8, .gs_sel = 16, .fs_base = 0xf5, .gs_base = 0x65,
        .shadow_gs = 0x66, .msr_efer = 0x500, .flags = XEN_X86_FPU_INITIALISED,
        .fpu_regs = { 0x7f, 3 },
    };
    assert_int_equal(vcpu_load(domain_vcpu(d, 0), &record), 0);
    return d;
}

static void test_registers(void **state)
{
    struct domain *d = guest_with_state();
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    vcpu_up(v);
    assert_int_equal(get(d), 0);
    assert_int_equal(form.user_regs.rax, 0xa);
    assert_int_equal(form.user_regs.r15, 0xf);
    assert_int_equal(form.user_regs.cs, 8);
    assert_int_equal(form.user_regs.gs, 16);
    assert_int_equal(form.ctrlreg[0], 1);
    assert_int_equal(form.ctrlreg[2], 2);
    assert_int_equal(form.ctrlreg[3], 3);
    assert_int_equal(form.ctrlreg[4], 4);
    assert_int_equal(form.debugreg[0], 5);
    assert_int_equal(form.debugreg[7], 0x400);
    assert_int_equal(form.fs_base, 0xf5);
    assert_int_equal(form.gs_base_kernel, 0x65);
    assert_int_equal(form.gs_base_user, 0x66);
    assert_int_equal(form.fpu_ctxt.x[0], 0x7f);
    assert_int_equal(form.flags, VGCF_I387_VALID | VGCF_online);
    record.ss_arbytes = 0xcf3; /* user code: gs is the user's */
    assert_int_equal(get(d), 0);
    assert_int_equal(form.gs_base_kernel, 0x66);
    assert_int_equal(form.gs_base_user, 0x65);
}

/* As a resumed guest is told of it: nothing but rax changes. */
static void test_one_register(void **state)
{
    struct domain *d = guest_with_state();
    struct hvm_hw_cpu before = record;

    (void)state;
    vcpu_up(domain_vcpu(d, 0));
    assert_int_equal(get(d), 0);
    form.user_regs.rax = 1;
    assert_int_equal(set(d), 0);
    before.rax = 1;
    before.flags = 0; /* the FPU is not loaded: it may have more than the form */
    assert_memory_equal(&record, &before, sizeof(record));
    assert_false(domain_vcpu(d, 0)->flags & VCPU_DOWN);
    assert_int_equal(d->pause_count, 1);

    record.flags = XEN_X86_FPU_INITIALISED;
    form.fpu_ctxt.x[1] = 4;
    form.flags &= ~(unsigned long)VGCF_online;
    assert_int_equal(set(d), 0);
    assert_int_equal(record.flags, XEN_X86_FPU_INITIALISED);
    assert_int_equal(record.fpu_regs[1], 4);
    assert_true(domain_vcpu(d, 0)->flags & VCPU_DOWN);
}

static void test_refusals(void **state)
{
    struct domain *d = guest_with_state(), *fresh = fixture_guest(1);

    (void)state;
    assert_int_equal(get(dom0), -EINVAL);
    assert_int_equal(set(dom0), -EINVAL);
    assert_int_equal(get(fresh), -ENODATA);
    assert_int_equal(set(fresh), -ENODATA);
    assert_int_equal(context(XEN_DOMCTL_getvcpucontext, d, (void *)8),
                     -EFAULT);
    assert_int_equal(context(XEN_DOMCTL_setvcpucontext, d, (void *)8),
                     -EFAULT);
    assert_int_equal(context(XEN_DOMCTL_setvcpucontext, d, NULL),
                     -EOPNOTSUPP);
    answer = -EINVAL;
    vcpu_up(domain_vcpu(d, 0));
    form.flags = 0;
    assert_int_equal(set(d), -EINVAL);
    assert_false(domain_vcpu(d, 0)->flags & VCPU_DOWN);
    assert_int_equal(d->pause_count, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, \
                                              fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_types),     T(test_many_types), T(test_registers),
        T(test_one_register), T(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
