/* SPDX-License-Identifier: MIT */
/*
 * A PV vcpu's registers and entries by struct vcpu_guest_context, and back:
 * pv/context.c.
 *
 * Seen failing with: a trap's entry where its `vector` says; a size of the LDT
 * of which 32 bits are looked at; a vcpu that begins as a program without page
 * tables; registers that no ring 3 can have; events masked of a vcpu that runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "../../xen/arch/x86/pv/context.c"

/* ---- the machine ---- */

static struct vcpu_info info;
static struct pv_roots roots[1];
static struct pv_descriptors descriptors[1];
static struct pv_domain pv_domain = {
    .roots = roots, .descriptors = descriptors
};
static struct domain domain = { .pv = &pv_domain };
static struct trap_frame regs __attribute__((aligned(16)));
static struct vcpu vcpu = { .domain = &domain };
struct page *frame_table;

static unsigned int nr_tables;

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    (void)v, (void)frames, (void)entries;
    nr_tables++;
    return 0;
}

int pv_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries)
{
    (void)base;
    nr_tables++;
    descriptors[v->vcpu_id].ldt_entries = entries;
    return entries <= 8192 ? 0 : -EINVAL;
}

int pv_set_root(struct vcpu *v, mfn_t mfn, bool user, bool *done)
{
    (void)v, (void)mfn, (void)user;
    nr_tables++;
    *done = true;
    return 0;
}

void pv_init_dr(struct vcpu *v, const uint64_t *values)
{
    (void)v, (void)values;
}

void fpu_set_legacy(struct vcpu *v, const void *image)
{
    (void)v, (void)image;
}

void fpu_get_legacy(const struct vcpu *v, void *image)
{
    (void)v, (void)image;
}

void arch_vcpu_sync(struct vcpu *v)
{
    (void)v;
}

static struct vcpu_guest_context form, back;

static int reset(void **state)
{
    (void)state;
    memset(&vcpu.arch, 0, sizeof(vcpu.arch));
    memset(&info, 0, sizeof(info));
    memset(&form, 0, sizeof(form));
    memset(&back, 0, sizeof(back));
    vcpu.info = (vcpu_info_ref_t *)&info;
    vcpu.initialised = false;
    pv_of(&vcpu)->regs = &regs;
    form.flags = VGCF_in_kernel;
    nr_tables = 0;
    return 0;
}

static int set(void)
{
    return arch_vcpu_set_pv_context(&vcpu, &form);
}

/* ---- traps ---- */

/* A kernel may leave `vector` out. */
static void test_traps_by_place(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 256; i++ )
    {
        form.trap_ctxt[i].address = 0x1000 + i;
        form.trap_ctxt[i].cs = 0xe030;
        form.trap_ctxt[i].vector = (uint8_t)(i < 32 ? i : 0);
    }
    assert_int_equal(set(), 0);
    for ( unsigned int i = 0; i < 256; i++ )
    {
        assert_int_equal(pv_of(&vcpu)->trap[i].address, 0x1000 + i);
        assert_int_equal(pv_of(&vcpu)->trap[i].cs, 0xe033);
    }
}

/* Those that the kernel has not set are zero: they are not trap 0. */
static void test_traps_there_and_back(void **state)
{
    struct trap_info de = { .cs = 0xe033, .address = 0x5000 };

    (void)state;
    pv_of(&vcpu)->trap[0] = de;
    pv_of(&vcpu)->kernel = true;
    arch_vcpu_get_pv_context(&vcpu, &back);
    form = back;
    assert_int_equal(set(), 0);
    assert_memory_equal(&pv_of(&vcpu)->trap[0], &de, sizeof(de));
}

/* ---- what is refused, before any table has changed ---- */

static void refused(void)
{
    assert_int_equal(set(), -EINVAL);
    assert_int_equal(nr_tables, 0);
    reset(NULL);
}

static void test_sizes(void **state)
{
    (void)state;
    form.ldt_ents = 8192;
    assert_int_equal(set(), 0);
    assert_int_equal(descriptors[0].ldt_entries, 8192);
    reset(NULL);
    form.ldt_ents = 8193;
    refused();
    form.ldt_ents = 1UL << 32;
    refused();
    form.gdt_ents = 1UL << 32;
    refused();
}

static void test_addresses(void **state)
{
    static const uint64_t wild = LOW_CANONICAL_END;
    uint64_t *const at[] = {
        &form.user_regs.rip, &form.user_regs.rsp, &form.kernel_sp,
        &form.fs_base, &form.gs_base_kernel, &form.gs_base_user,
        &form.event_callback_eip, &form.failsafe_callback_eip,
        &form.syscall_callback_eip, &form.trap_ctxt[7].address,
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(at); i++ )
    {
        *at[i] = wild;
        refused();
        *at[i] = ~wild;
        refused();
        *at[i] = wild - 1;
        assert_int_equal(set(), 0);
        reset(NULL);
    }
}

/* There is nothing that a program could run with. */
static void test_program_without_tables(void **state)
{
    (void)state;
    form.flags = 0;
    refused();
    form.flags = 0;
    form.ctrlreg[1] = 0x1000;
    assert_int_equal(set(), 0);
    assert_false(pv_of(&vcpu)->kernel);
}

/* ---- events ---- */

/* A vcpu begins with its events masked; later that is the kernel's affair. */
static void test_event_mask(void **state)
{
    (void)state;
    assert_int_equal(set(), 0);
    assert_int_equal(info.evtchn_upcall_mask, 1);
    info.evtchn_upcall_mask = 0;
    vcpu.initialised = true;
    assert_int_equal(set(), 0);
    assert_int_equal(info.evtchn_upcall_mask, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        TEST(test_traps_by_place),
        TEST(test_traps_there_and_back),
        TEST(test_sizes),
        TEST(test_addresses),
        TEST(test_program_without_tables),
        TEST(test_event_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
