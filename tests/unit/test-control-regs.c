/* SPDX-License-Identifier: MIT */
/*
 * emul/control-regs.c: what a guest may write to CR0, CR3, CR4, EFER, XCR0,
 * with a processor that has everything and guests that see all or nothing of
 * it; emul_control(): what an instruction would write there.
 */
#include "test-insn.h"

#include <emul/control-regs.h>
#include <hv/cpu-policy.h>

#include "fixture.h"

#define PE CR0_PE
#define NW CR0_NW
#define CD CR0_CD
#define PG CR0_PG
#define PAE CR4_PAE
#define PGE CR4_PGE
#define PCIDE CR4_PCIDE
#define LME EFER_LME
#define LMA EFER_LMA

#define LEAF(n, s, ra, rb, rc, rd)                                           \
    { .leaf = n, .subleaf = s, .a = ra, .b = rb, .c = rc, .d = rd }
#define NONE XEN_CPUID_NO_SUBLEAF

/* A guest with all that matters here, and one with what every CPU has. */
static struct cpu_policy everything = {
    .nr_leaves = 6,
    .leaf = {
        LEAF(0, NONE, 0xd, 0, 0, 0),
        LEAF(1, NONE, 0, 0, ~0U, ~0U),
        LEAF(7, 0, 0, ~0U, ~0U, 0),
        LEAF(0xd, 0, 0x2e7, 0, 0, 0),
        LEAF(0x80000000, NONE, 0x80000008, 0, 0, 0),
        LEAF(0x80000001, NONE, 0, 0, 0, ~0U),
    },
};
static struct cpu_policy little = {
    .nr_leaves = 3,
    .leaf = {
        LEAF(0, NONE, 0xd, 0, 0, 0),
        LEAF(1, NONE, 0, 0, 0, 0x02000068), /* PSE, MSR, PAE, SSE */
        LEAF(0xd, 0, 0x7, 0, 0, 0),
    },
};
static struct domain domain;
static struct vcpu vcpu = { .domain = &domain };

static void test_bits(void **state)
{
    (void)state;
    domain.cpu_policy = &everything;
    /* No LA57, VMXE, SMXE, CET, PKS, nor anything above. */
    assert_int_equal(cr4_bits(&vcpu), 0x770fff);
    assert_int_equal(efer_bits(&vcpu), 0x4d01);
    assert_int_equal(xcr0_bits(&vcpu), 0x2e7);
    domain.cpu_policy = &little;
    assert_int_equal(cr4_bits(&vcpu), 0x530);
    assert_int_equal(efer_bits(&vcpu), 0);
    assert_int_equal(xcr0_bits(&vcpu), 0); /* XSAVE is not there */
    assert_int_equal(physical_bits(&vcpu), (1UL << 36) - 1);
    assert_int_not_equal(cr4_bits(NULL), 0);
}

static const struct {
    unsigned int reg; /* 0, 4, or 8 for EFER */
    struct guest_paging now;
    uint64_t value;
    bool long_code, ok;
} writes[] = {
    { 0, { 0 }, PE, false, true },
    { 0, { 0 }, PG, false, false },
    { 0, { 0 }, NW, false, false },
    { 0, { 0 }, CD | NW, false, true },
    { 0, { 0 }, PE | 1UL << 32, false, false },
    { 0, { PE, 0, PAE, LME }, PG | PE, false, true },
    { 0, { PE, 0, 0, LME }, PG | PE, false, false },
    { 0, { PE, 0, PAE, LME }, PG | PE, true, false },
    { 0, { PE, 0, 0, 0 }, PG | PE, false, true },
    { 0, { PG | PE, 0, PAE, LME | LMA }, PE, true, false },
    { 0, { PG | PE, 0, PAE, LME | LMA }, PE, false, true },
    { 0, { PG | PE, 0, PAE | PCIDE, LME | LMA }, PE, false, false },
    { 4, { PG | PE, 0, PAE, LME | LMA }, PAE | PGE, true, true },
    { 4, { PG | PE, 0, PAE, LME | LMA }, PGE, true, false },
    { 4, { PE, 0, PAE, LME }, 0, false, true },
    { 4, { PG | PE, 0, PAE, LME | LMA }, PAE | PCIDE, true, true },
    { 4, { PG | PE, 1, PAE, LME | LMA }, PAE | PCIDE, true, false },
    { 4, { PG | PE, 1, PAE | PCIDE, LME | LMA }, PAE | PCIDE, true, true },
    { 4, { PE, 0, PAE, LME }, PAE | PCIDE, false, false },
    { 4, { PG | PE, 0, PAE, LME | LMA }, PAE | 1 << 12, true, false },
    { 4, { 0 }, 1UL << 63, false, false },
    { 8, { 0 }, LME, false, true },
    { 8, { 0 }, LME | LMA, false, true },
    { 8, { 0 }, 1 << 12, false, false },
    { 8, { PG | PE, 0, PAE, LME | LMA }, 1, true, false },
    { 8, { PG | PE, 0, PAE, LME | LMA }, LME | 1, true, true },
    { 8, { PG | PE, 0, PAE, 0 }, LME, false, false },
};

static void test_writes(void **state)
{
    (void)state;
    domain.cpu_policy = &everything;
    for ( unsigned int i = 0; i < sizeof(writes) / sizeof(*writes); i++ )
    {
        struct guest_paging p = writes[i].now, old = p;
        uint64_t value = writes[i].value;
        bool ok = writes[i].reg == 0
                      ? cr0_write(&p, value, writes[i].long_code)
                  : writes[i].reg == 4 ? cr4_write(&vcpu, &p, value)
                                       : efer_write(&vcpu, &p, value);
        bool is_long = (p.cr0 & PG) && (p.efer & LME);

        if ( ok != writes[i].ok )
            fail_msg("case %u", i);
        if ( !ok )
            assert_memory_equal(&p, &old, sizeof(p));
        assert_int_equal(!!(p.efer & LMA), is_long);
    }
}

static void test_cr3_and_xcr0(void **state)
{
    struct guest_paging p = { PG | PE, 0, PAE, LME | LMA };

    (void)state;
    domain.cpu_policy = &everything;
    assert_false(cr3_legal(&vcpu, &p, 1UL << 60));
    assert_false(cr3_legal(&vcpu, &p, 1UL << 63));
    p.cr4 |= PCIDE;
    assert_true(cr3_legal(&vcpu, &p, 1UL << 63 | 0x5001));
    p.efer = 0;
    assert_true(cr3_legal(&vcpu, &p, 1UL << 60));

    assert_true(xcr0_legal(&vcpu, 1) && xcr0_legal(&vcpu, 0x2e7));
    assert_false(xcr0_legal(&vcpu, 2) || xcr0_legal(&vcpu, 5) ||
                 xcr0_legal(&vcpu, 0x27) || xcr0_legal(&vcpu, 0x107));
    domain.cpu_policy = &little;
    assert_false(xcr0_legal(&vcpu, 7));
    assert_int_equal(xcr0_with(0), 1);
    assert_int_equal(xcr0_with(4), 7);
    assert_int_equal(xcr0_with(0x40), 0xe7);
    assert_int_equal(xcr0_with(0x201), 0x201);
}

/* ---- instructions ---- */

static const struct {
    unsigned int mode;
    const char *code;
    enum emul_result result;
    struct emul_control c;
} insns[] = {
#define MOV(reg, value, len) EMUL_DONE, { EMUL_MOV_CR, reg, len, value }
    { 8, "\x0f\x22\xe3", MOV(4, 0x123456789abcdef0, 3) },
    { 8, "\x0f\x22\x23", MOV(4, 0x123456789abcdef0, 3) }, /* mod 0 */
    { 8, "\x41\x0f\x22\xdb", MOV(3, 0x77, 4) },           /* r11 */
    { 8, "\x44\x0f\x22\xc3", MOV(8, 0x123456789abcdef0, 4) },
    { 8, "\xf0\x0f\x22\xc3", MOV(8, 0x123456789abcdef0, 4) },
    { 4, "\x66\x0f\x22\xe3", MOV(4, 0x9abcdef0, 4) },
    { 2, "\x0f\x22\xe3", MOV(4, 0x9abcdef0, 3) },
    { 8, "\x0f\x23\xfb",
      EMUL_DONE, { EMUL_MOV_DR, 7, 3, 0x123456789abcdef0 } },
    { 8, "\x0f\x06", EMUL_DONE, { EMUL_CLTS, 0, 2, 0 } },
    { 8, "\x0f\x01\xf3", EMUL_DONE, { EMUL_LMSW, 0, 3, 0xdef0 } },
    { 8, "\x0f\x01\x36", EMUL_DONE, { EMUL_LMSW, 0, 3, 0x2211 } }, /* rsi */
    { 8, "\x0f\x01\x37", EMUL_UNHANDLEABLE, { 0 } }, /* rdi: a device's */
    { 8, "\x0f\x20\xe3", EMUL_RETRY, { 0 } },
    { 8, "\x90", EMUL_RETRY, { 0 } },
    { 8, "\xf0\x0f\x06", EMUL_RETRY, { 0 } },
};

static void test_instructions(void **state)
{
    static struct box box;
    struct emul_regs *regs = &box.e.regs;

    (void)state;
    for ( unsigned int i = 0; i < sizeof(insns) / sizeof(*insns); i++ )
    {
        uint64_t base = insns[i].mode == 2 ? 0x10000 : 0x10000000;
        struct emul_control c = { 0 };
        enum emul_result r;

        box_init(&box, insns[i].mode, base, 0);
        box_code(&box, insns[i].code, (unsigned int)strlen(insns[i].code));
        regs->gpr[EMUL_RBX] = 0x123456789abcdef0;
        regs->gpr[EMUL_R11] = 0x77;
        regs->gpr[EMUL_RSI] = base + PAGE;
        regs->gpr[EMUL_RDI] = base + DEVICE_AT;
        memcpy(box.arena + PAGE, "\x11\x22\x33", 3);
        r = emul_control(&box.e, &c);
        if ( r != insns[i].result ||
             (r == EMUL_DONE &&
              (c.op != insns[i].c.op || c.reg != insns[i].c.reg ||
               c.len != insns[i].c.len || c.value != insns[i].c.value)) )
            fail_msg("case %u: %d, op %d reg %u len %u value %lx", i, r, c.op,
                     c.reg, c.len, (unsigned long)c.value);
        assert_false(box.e.started || box.nr_io);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_cr3_and_xcr0),
        cmocka_unit_test(test_instructions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
