/* SPDX-License-Identifier: MIT */
/*
 * Selectors of a PV vcpu: pv/segments.c.  The machine's refusals are those of this
 * process, which has no LDT.
 *
 * Seen failing with: selectors of an LDT whose page is not mapped yet, which were
 * taken for some that there are not; refused selectors that were lost when the
 * vcpu went away before its kernel was told, and such as had only to wait.
 */
#define _GNU_SOURCE /* registers of a signal */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

/* Not the hosted machine's. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include <x86/processor.h>

static uint64_t active_base;

static uint64_t test_rdmsr(uint32_t msr)
{
    return msr == MSR_KERNEL_GS_BASE ? active_base : 0;
}

static void test_wrmsr(uint32_t msr, uint64_t value)
{
    if ( msr == MSR_KERNEL_GS_BASE )
        active_base = value;
}

#define rdmsr test_rdmsr
#define wrmsr test_wrmsr
#include "../../xen/arch/x86/pv/segments.c"

/* ---- the machine ---- */

#define LDT_SELECTOR(i) ((uint16_t)((i) * 8 | 7))
#define GDT_SELECTOR 0x0f03U /* that this process cannot load */
#define PAGE_OF_LDT 2

static struct pv_descriptors descriptors[1];
static struct pv_domain pv_domain = { .descriptors = descriptors };
static struct domain domain = { .pv = &pv_domain };
static struct vcpu vcpu = { .domain = &domain };
struct page *frame_table;

#define ES 0 /* as instructions number them */
#define DS 3
#define FS 4
#define GS 5

static int map_rc;
static unsigned int nr_maps, page_mapped;
static uint32_t loaded[8];

int pv_map_ldt(struct vcpu *v, unsigned int i)
{
    (void)v;
    nr_maps++;
    page_mapped = i;
    if ( !map_rc )
        descriptors[0].ldt[i] = (struct page *)&descriptors;
    return map_rc;
}

/*
 * SWAPGS, and a selector that this process cannot load: from a page of the LDT
 * that is there, else 0 is loaded as by the fixup.
 */
static void on_fault(int number, siginfo_t *info, void *context)
{
    static const int at[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs, *selector;
    const uint8_t *code = (const uint8_t *)r[REG_RIP];
    unsigned int rex = *code == 0x41;

    (void)number, (void)info;
    if ( !memcmp(code, "\x0f\x01\xf8", 3) )
    {
        r[REG_RIP] += 3;
        return;
    }
    if ( code[rex] != 0x8e || code[rex + 1] < 0xc0 )
    {
        signal(SIGSEGV, SIG_DFL);
        return;
    }
    selector = &r[at[(code[rex + 1] & 7) + 8 * rex]];
    if ( !(*selector & 4) || !descriptors[0].ldt[*selector >> 12] )
        *selector = 0;
    loaded[code[rex + 1] >> 3 & 7] = (uint32_t)*selector;
    r[REG_RIP] += 2 + rex;
}

static struct sigaction before;

static void machine_begin(void)
{
    struct sigaction fault = { .sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO };

    memset(loaded, 0, sizeof(loaded));
    assert_int_equal(sigaction(SIGSEGV, &fault, &before), 0);
}

static void machine_end(void)
{
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

static int set_gs(uint16_t selector)
{
    int rc;

    machine_begin();
    rc = pv_set_user_gs(&vcpu, selector);
    machine_end();
    return rc;
}

static int reset(void **state)
{
    (void)state;
    memset(descriptors, 0, sizeof(descriptors));
    memset(&vcpu.arch, 0, sizeof(vcpu.arch));
    pv_of(&vcpu)->kernel = true;
    nr_maps = 0;
    map_rc = 0;
    return 0;
}

/* ---- tests ---- */

/* After SET_LDT no page is mapped: the first selector makes it so. */
static void test_ldt(void **state)
{
    uint16_t selector = LDT_SELECTOR(PAGE_OF_LDT * 512 + 511);

    (void)state;
    assert_int_equal(set_gs(selector), 0);
    assert_int_equal(loaded[GS], selector);
    assert_int_equal(nr_maps, 1);
    assert_int_equal(page_mapped, PAGE_OF_LDT);
    assert_int_equal(set_gs(selector), 0);
    assert_int_equal(loaded[GS], selector);
    assert_int_equal(nr_maps, 1);
    assert_int_equal(set_gs(LDT_SELECTOR(PAGE_OF_LDT * 512)), 0);
    assert_int_equal(nr_maps, 1);
    assert_int_equal(set_gs(0xffff), 0);
    assert_int_equal(loaded[GS], 0xffff);
    assert_int_equal(page_mapped, PV_LDT_FRAMES - 1);
}

static void test_no_ldt(void **state)
{
    (void)state;
    map_rc = -EINVAL;
    assert_int_equal(set_gs(LDT_SELECTOR(3)), 0);
    assert_int_equal(loaded[GS], 0);
    assert_int_equal(nr_maps, 1);
    assert_int_equal(set_gs(GDT_SELECTOR), 0);
    assert_int_equal(set_gs(0), 0);
    assert_int_equal(loaded[GS], 0);
    assert_int_equal(nr_maps, 1);
}

static void test_gives_way(void **state)
{
    (void)state;
    map_rc = -ERESTART;
    assert_int_equal(set_gs(LDT_SELECTOR(3)), -ERESTART);
    map_rc = 0;
    assert_int_equal(set_gs(LDT_SELECTOR(3)), 0);
    assert_int_equal(loaded[GS], LDT_SELECTOR(3));
}

/* ---- a vcpu that comes to a CPU ---- */

static void load(void)
{
    struct pv_vcpu *p = pv_of(&vcpu);

    p->es = LDT_SELECTOR(1);
    p->ds = LDT_SELECTOR(513);
    p->fs = LDT_SELECTOR(514);
    p->gs = LDT_SELECTOR(1025);
    machine_begin();
    pv_load_segments(&vcpu);
    machine_end();
}

/* Its registers are from before SET_LDT. */
static void test_load(void **state)
{
    (void)state;
    load();
    assert_false(pv_of(&vcpu)->refused);
    assert_int_equal(loaded[ES], LDT_SELECTOR(1));
    assert_int_equal(loaded[DS], LDT_SELECTOR(513));
    assert_int_equal(loaded[FS], LDT_SELECTOR(514));
    assert_int_equal(loaded[GS], LDT_SELECTOR(1025));
    assert_int_equal(nr_maps, 3);
}

/* They are not in the new one. */
static void test_load_refused(void **state)
{
    (void)state;
    map_rc = -EINVAL;
    load();
    assert_true(pv_of(&vcpu)->refused);
    assert_int_equal(loaded[GS], 0);
    assert_int_equal(pv_of(&vcpu)->gs, LDT_SELECTOR(1025));
    assert_int_equal(nr_maps, 4);
}

/* Others' work on tables came first. */
static void test_load_again(void **state)
{
    const struct pv_vcpu *p = pv_of(&vcpu);

    (void)state;
    map_rc = -ERESTART;
    load();
    assert_true(p->load_again);
    assert_int_equal(nr_maps, 1); /* for each the answer would be this one */
    map_rc = 0;
    load();
    assert_false(p->load_again || p->refused);
    assert_int_equal(loaded[ES], LDT_SELECTOR(1));
    assert_int_equal(loaded[GS], LDT_SELECTOR(1025));
    map_rc = -EINVAL;
    load();
    assert_false(p->load_again);
}

/* It goes away before its kernel was told, and comes to a CPU again. */
static void test_refused_goes_away(void **state)
{
    struct pv_vcpu *p = pv_of(&vcpu);

    (void)state;
    map_rc = -EINVAL;
    load();
    read_selectors(p);
    assert_int_equal(p->es, LDT_SELECTOR(1));
    assert_int_equal(p->ds, LDT_SELECTOR(513));
    assert_int_equal(p->fs, LDT_SELECTOR(514));
    assert_int_equal(p->gs, LDT_SELECTOR(1025));
    p->refused = false; /* it was told */
    read_selectors(p);
    assert_int_equal(p->es, 0);
    assert_int_equal(p->ds, 0);
    assert_int_equal(p->fs, 0);
    assert_int_equal(p->gs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ldt, reset),
        cmocka_unit_test_setup(test_no_ldt, reset),
        cmocka_unit_test_setup(test_gives_way, reset),
        cmocka_unit_test_setup(test_load, reset),
        cmocka_unit_test_setup(test_load_refused, reset),
        cmocka_unit_test_setup(test_load_again, reset),
        cmocka_unit_test_setup(test_refused_goes_away, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
