/* SPDX-License-Identifier: MIT */
/*
 * Selectors in a device's memory: far transfers, loads of segment registers,
 * LDT and TR, questions about descriptors.
 *
 * Seen failing with: a return address written before its target is checked; no
 * accessed bit; a selector read at its offset's place; the DPL of conforming
 * code compared as that of other code.
 */
#include "test-insn-system.h"

/* ---- far transfers ---- */

static const struct {
    const char *what;
    unsigned int sel, cpl;
    int vector; /* -1: done, -2: EMUL_UNHANDLEABLE */
    unsigned int error;
} far_calls[] = {
    { "code", SEL(D_CODE), 0, -1, 0 },
    { "RPL 3", SEL(D_CODE) | 3, 0, 13, SEL(D_CODE) },
    { "from ring 3", SEL(D_CODE) | 3, 3, 13, SEL(D_CODE) },
    { "conforming, from ring 3", SEL(D_CONFORMING) | 3, 3, -1, 0 },
    { "null", 3, 0, 13, 0 },
    { "data", SEL(D_DATA), 0, 13, SEL(D_DATA) },
    { "beyond the table", SEL(D_NR), 0, 13, SEL(D_NR) },
    { "in no LDT", SEL(D_CODE) | 4, 0, 13, SEL(D_CODE) | 4 },
    { "a gate", SEL(D_GATE), 0, -2, 0 },
};

static void test_far_calls(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(far_calls) / sizeof(*far_calls); i++ )
    {
        begin(4, CODE(0xff, 0x1b)); /* lcall *(%ebx) */
        regs->cpl = (uint8_t)far_calls[i].cpl;
        set(DEV, 0x12345678, 4);
        set(DEV + 4, far_calls[i].sel, 2);
        what = far_calls[i].what;
        if ( far_calls[i].vector >= 0 )
            faults((unsigned int)far_calls[i].vector, far_calls[i].error);
        else if ( far_calls[i].vector == -2 )
            assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
        else
        {
            done();
            assert_int_equal(regs->rip, 0x12345678);
            assert_int_equal(regs->seg[EMUL_CS].sel,
                             (far_calls[i].sel & ~3U) | far_calls[i].cpl);
            assert_int_equal(get(DEV + 1020, 4), 8);
            assert_int_equal(get(DEV + 1016, 4), BASE + CODE_AT + 2);
            assert_true(descriptor(far_calls[i].sel / 8) >> 40 & 1);
        }
    }
    /* Beyond a limit nothing is pushed. */
    begin(4, CODE(0xff, 0x1b));
    set(DEV, 0x10000, 4);
    set(DEV + 4, SEL(D_CODE), 2);
    memcpy(box.tables + GDT + D_CODE * 8 + 6, "\x40", 1);
    faults(13, 0);
    assert_int_equal(get(DEV + 1016, 8), 0);
}

/* From compatibility mode into 64-bit code. */
static void test_far_jump_to_64_bits(void **state)
{
    (void)state;
    begin(8, CODE(0xff, 0x2b)); /* ljmp *(%ebx) */
    regs->seg[EMUL_CS].attr ^= EMUL_SEG_L | EMUL_SEG_DB;
    set(DEV, 0x12345678, 4);
    set(DEV + 4, SEL(D_CODE64), 2);
    done();
    assert_true(regs->seg[EMUL_CS].attr & EMUL_SEG_L);
    assert_int_equal(regs->rip, 0x12345678);
}

static void test_far_returns(void **state)
{
    (void)state;
    begin(4, CODE(0xca, 0x08, 0x00)); /* lret $8 */
    set(DEV + 1024, 0x12345678, 4);
    set(DEV + 1028, 0x550000 | SEL(D_CODE), 4);
    done();
    assert_int_equal(regs->rip, 0x12345678);
    assert_int_equal(RSP, DEV + 1024 + 16);
    begin(4, CODE(0xcb));
    set(DEV + 1028, SEL(D_CODE) | 3, 4);
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
    begin(4, CODE(0xcb));
    regs->cpl = 3;
    set(DEV + 1028, SEL(D_CONFORMING), 4);
    faults(13, SEL(D_CONFORMING));
    begin(4, CODE(0xcf));
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
}

/* ---- segment registers ---- */

static const struct {
    const char *what;
    unsigned int seg, sel, cpl;
    int vector;
    unsigned int error;
} loads[] = {
    { "ds", EMUL_DS, SEL(D_DATA), 0, -1, 0 },
    { "ds, RPL 3", EMUL_DS, SEL(D_DATA) | 3, 0, 13, SEL(D_DATA) },
    { "ds, from ring 3", EMUL_DS, SEL(D_DATA), 3, 13, SEL(D_DATA) },
    { "ds, ring 3's", EMUL_DS, SEL(D_DATA3) | 3, 0, -1, 0 },
    { "es, read-only", EMUL_ES, SEL(D_READ_ONLY), 0, -1, 0 },
    { "fs, null", EMUL_FS, 3, 0, -1, 0 },
    { "gs, code", EMUL_GS, SEL(D_CODE), 0, -1, 0 },
    { "gs, execute-only", EMUL_GS, SEL(D_EXECUTE_ONLY), 0, 13,
      SEL(D_EXECUTE_ONLY) },
    { "ds, conforming, from ring 3", EMUL_DS, SEL(D_CONFORMING) | 3, 3, -1,
      0 },
    { "ds, not present", EMUL_DS, SEL(D_ABSENT), 0, 11, SEL(D_ABSENT) },
    { "ds, a TSS", EMUL_DS, SEL(D_TSS), 0, 13, SEL(D_TSS) },
    { "ss", EMUL_SS, SEL(D_DATA), 0, -1, 0 },
    { "ss, not present", EMUL_SS, SEL(D_ABSENT), 0, 12, SEL(D_ABSENT) },
    { "ss, read-only", EMUL_SS, SEL(D_READ_ONLY), 0, 13, SEL(D_READ_ONLY) },
    { "ss, null", EMUL_SS, 0, 0, 13, 0 },
    { "ss, ring 3's", EMUL_SS, SEL(D_DATA3) | 3, 0, 13, SEL(D_DATA3) },
    { "ss, in ring 3", EMUL_SS, SEL(D_DATA3) | 3, 3, -1, 0 },
    { "ds, a small one", EMUL_DS, SEL(D_SMALL), 0, -1, 0 },
};

static void test_loads(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(loads) / sizeof(*loads); i++ )
    {
        struct emul_seg *s = &regs->seg[loads[i].seg];

        begin(4, CODE(0x8e, (uint8_t)(0x03 | loads[i].seg << 3)));
        regs->cpl = (uint8_t)loads[i].cpl;
        set(DEV, 0xdead0000 | loads[i].sel, 4);
        what = loads[i].what;
        if ( loads[i].vector >= 0 )
        {
            faults((unsigned int)loads[i].vector, loads[i].error);
            continue;
        }
        done_in(2);
        assert_int_equal(s->sel, loads[i].sel);
        assert_int_equal(box.nr_puts, 1);
        assert_int_equal(box.e.shadow, loads[i].seg == EMUL_SS);
        if ( !(loads[i].sel & ~3U) )
            assert_int_equal(s->attr, 0);
        else
            assert_true(descriptor(loads[i].sel / 8) >> 40 & s->attr & 1);
        if ( loads[i].sel == SEL(D_SMALL) )
            assert_true(s->base == 0x12345678 && s->limit == 0xff &&
                        s->attr == 0x493);
    }
    begin(4, CODE(0x8e, 0x0b)); /* CS */
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
}

static void test_stores_and_stack(void **state)
{
    (void)state;
    begin(8, CODE(0x48, 0x8c, 0x2b)); /* mov %gs,(%rbx): 2 bytes */
    regs->seg[EMUL_GS].sel = 0xabcd;
    set(DEV, ~0UL, 8);
    done_in(3);
    assert_int_equal(get(DEV, 8), 0xffffffffffffabcd);
    again(CODE(0x0f, 0xa8)); /* push %gs */
    assert_int_equal(get(DEV + 1016, 8), 0xabcd);
    set(DEV + 1016, 0x550000, 8);
    again(CODE(0x0f, 0xa9));
    assert_int_equal(regs->seg[EMUL_GS].sel, 0);
    begin(2, CODE(0x17)); /* pop %ss */
    set(DEV + 1024, 0x1000, 2);
    done();
    assert_true(box.e.shadow);
    assert_int_equal(regs->seg[EMUL_SS].base, 0x10000);
}

/* ---- selectors ---- */

static void selector(const uint8_t *code, unsigned int len, unsigned int sel)
{
    begin(4, code, len);
    set(DEV, 0xffff0000 | sel, 4);
    RAX = 0x55;
}

static const struct {
    unsigned int sel, cpl, rights, limit; /* 0: none */
    bool readable, writable;
} questions[] = {
    { SEL(D_DATA), 0, 0xcf9200, 0xffffffff, true, true },
    { SEL(D_DATA) | 3, 0, 0, 0, false, false },
    { SEL(D_CODE), 0, 0xcf9a00, 0xffffffff, true, false },
    { SEL(D_EXECUTE_ONLY), 0, 0xcf9800, 0xffffffff, false, false },
    { SEL(D_CONFORMING), 3, 0xcf9e00, 0xffffffff, true, false },
    { SEL(D_ABSENT), 0, 0xcf1200, 0xffffffff, true, true },
    { SEL(D_LDT), 0, 0x008200, 0x9abc, false, false },
    { SEL(D_GATE), 0, 0x008c00, 0, false, false },
    { SEL(D_SMALL), 0, 0x409200, 0xff, true, true },
    { 0, 0, 0, 0, false, false },
    { SEL(D_NR), 0, 0, 0, false, false },
};

static void test_questions(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 4 * sizeof(questions) / sizeof(*questions);
          i++ )
    {
        static const uint8_t code[4][3] = {
            { 0x0f, 0x02, 0x03 }, { 0x0f, 0x03, 0x03 }, /* LAR, LSL */
            { 0x0f, 0x00, 0x23 }, { 0x0f, 0x00, 0x2b }, /* VERR, VERW */
        };
        unsigned int n = i / 4, ask = i % 4;
        uint64_t want = ask == 0 ? questions[n].rights : questions[n].limit;
        bool yes = ask < 2 ? want : ask == 2 ? questions[n].readable
                                               : questions[n].writable;

        selector(code[ask], 3, questions[n].sel);
        regs->cpl = (uint8_t)questions[n].cpl;
        done_in(3);
        if ( !!(regs->rflags & RFLAGS_ZF) != yes ||
             RAX != (ask < 2 && yes ? want : 0x55) )
            fail_msg("question %u of %x: rflags %lx, eax %lx", ask,
                     questions[n].sel, (unsigned long)regs->rflags,
                     (unsigned long)RAX);
    }
    begin(2, CODE(0x0f, 0x02, 0x07));
    faults(6, 0);
}

static void test_system_segments(void **state)
{
    (void)state;
    selector(CODE(0x0f, 0x00, 0x13), SEL(D_LDT)); /* lldt */
    done_in(3);
    assert_true(regs->ldt.base == 0x12345678 && regs->ldt.limit == 0x9abc &&
                regs->ldt.sel == SEL(D_LDT));
    again(CODE(0x0f, 0x00, 0x03)); /* sldt */
    assert_int_equal(get(DEV, 4), 0xffff0000 | SEL(D_LDT));
    set(DEV, 0, 2);
    again(CODE(0x0f, 0x00, 0x13));
    assert_int_equal(regs->ldt.attr, 0);
    selector(CODE(0x0f, 0x00, 0x1b), SEL(D_TSS)); /* ltr: it is busy */
    faults(13, SEL(D_TSS));
    box.tables[GDT + D_TSS * 8 + 5] = 0x89;
    done_in(3);
    assert_true(regs->tr.base == 0x12345678 && regs->tr.attr == 0x8b &&
                regs->tr.limit == 0x67);
    assert_int_equal(box.tables[GDT + D_TSS * 8 + 5], 0x8b);
    again(CODE(0x0f, 0x00, 0x0b)); /* str */
    assert_int_equal(get(DEV, 2), SEL(D_TSS));
    selector(CODE(0x0f, 0x00, 0x1b), 0);
    faults(13, 0);
    selector(CODE(0x0f, 0x00, 0x13), SEL(D_DATA));
    faults(13, SEL(D_DATA));
    selector(CODE(0x0f, 0x00, 0x13), SEL(D_LDT));
    regs->cpl = 3;
    faults(13, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_far_calls),
        cmocka_unit_test(test_far_jump_to_64_bits),
        cmocka_unit_test(test_far_returns),
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_stores_and_stack),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_system_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
