/* SPDX-License-Identifier: MIT */
/*
 * The stack, transfers and descriptor tables in a device's memory.
 *
 * Seen failing with: ESP for SP on a 16-bit stack; a return address written
 * before its target is checked; IOPL changed by a user; LMSW that clears PE; 32
 * bits of a base where the operand has 24; the second half of a pointer read at
 * the first one's place.
 */
#include "test-insn-system.h"

/* ---- the stack ---- */

static void test_push_and_pop(void **state)
{
    (void)state;
    begin(8, CODE(0x50)); /* push %rax */
    RAX = 0x1122334455667788;
    done_in(1);
    assert_int_equal(get(DEV + 1016, 8), RAX);
    again(CODE(0x66, 0x54)); /* push %sp */
    assert_int_equal(get(DEV + 1014, 2), (DEV + 1016) & 0xffff);
    again(CODE(0x6a, 0xfe));
    assert_int_equal(get(DEV + 1006, 8), -2UL);
    again(CODE(0x68, 0x00, 0x00, 0x00, 0x80));
    assert_int_equal(get(DEV + 998, 8), -0x80000000UL);
    again(CODE(0x41, 0x5f)); /* pop %r15 */
    assert_int_equal(regs->gpr[15], -0x80000000UL);
    again(CODE(0x66, 0x58)); /* pop %ax */
    assert_int_equal(RAX, 0x112233445566fffe);
    set(DEV + 1008, 77, 8);
    again(CODE(0x5c)); /* pop %rsp */
    assert_int_equal(RSP, 77);
}

static void test_flags(void **state)
{
    (void)state;
    begin(8, CODE(0x9c));
    regs->rflags = 0x50a93;
    done_in(1);
    assert_int_equal(get(DEV + 1016, 8), 0x40a93);
    set(DEV + 1016, 0x3f7fd7, 8);
    again(CODE(0x9d));
    assert_int_equal(regs->rflags, 0x247fd7);
    set(DEV + 1024, 2, 2);
    again(CODE(0x66, 0x9d));
    assert_int_equal(regs->rflags, 0x240002);
    /* A user changes neither IOPL nor, below it, IF. */
    begin(8, CODE(0x9d));
    regs->cpl = 3;
    set(DEV + 1024, 0x3202, 8);
    done();
    assert_int_equal(regs->rflags, 2);
    begin(2, CODE(0x9c));
    regs->cr0 |= CR0_PE;
    regs->rflags |= RFLAGS_VM;
    regs->cpl = 3;
    faults(13, 0);
}

static void test_all_registers(void **state)
{
    (void)state;
    for ( unsigned int mode = 2; mode <= 4; mode += 2 )
    {
        begin(mode, CODE(0x60));
        for ( unsigned int i = 0; i < 8; i++ )
            if ( i != EMUL_RSP )
                regs->gpr[i] = 0x11110101UL * (i + 1);
        done();
        for ( unsigned int i = 0; i < 8; i++ )
            if ( i != EMUL_RSP )
                assert_int_equal(get(DEV + 1024 - (i + 1) * mode, mode),
                                 mode == 2 ? 0x101 * (i + 1)
                                           : 0x11110101 * (i + 1));
        assert_int_equal(get(DEV + 1024 - 5 * mode, mode),
                         ((mode == 2 ? 0 : BASE) + DEVICE_AT + 1024) &
                             (mode == 2 ? 0xffff : 0xffffffff));
        for ( unsigned int i = 0; i < 8; i++ )
            if ( i != EMUL_RSP )
                regs->gpr[i] = 0;
        again(CODE(0x61));
        assert_int_equal(regs->gpr[EMUL_RDI],
                         mode == 2 ? 0x808 : 0x88880808);
        assert_int_equal(RAX, mode == 2 ? 0x101 : 0x11110101);
        assert_int_equal(RSP & 0xffff, DEVICE_AT + 1024);
    }
    begin(8, CODE(0x60));
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
}

static void test_frames(void **state)
{
    (void)state;
    begin(8, CODE(0xc8, 0x20, 0x00, 0x00)); /* enter $32, $0 */
    RBP = DEV + 2048;
    done_in(4);
    assert_int_equal(get(DEV + 1016, 8), DEV + 2048);
    assert_int_equal(RBP, DEV + 1016);
    assert_int_equal(RSP, DEV + 1016 - 32);
    again(CODE(0xc9));
    assert_int_equal(RBP, DEV + 2048);
    assert_int_equal(RSP, DEV + 1024);
    set(DEV + 2040, 0x1234, 8);
    again(CODE(0xc8, 0x08, 0x00, 0x02));
    assert_int_equal(get(DEV + 1016, 8), DEV + 2048);
    assert_int_equal(get(DEV + 1008, 8), 0x1234);
    assert_int_equal(get(DEV + 1000, 8), DEV + 1016);
    assert_int_equal(RBP, DEV + 1016);
    assert_int_equal(RSP, DEV + 992);
    begin(8, CODE(0xc8, 0x08, 0x00, 0x05));
    assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
}

/* A stack of 16 bits wraps; the rest of ESP stays. */
static void test_small_stack(void **state)
{
    (void)state;
    begin(2, CODE(0x50));
    RSP = 0x12340000;
    regs->seg[EMUL_SS].base = BASE - 0xe000;
    RAX = 0xabcd;
    done();
    assert_int_equal(RSP, 0x1234fffe);
    assert_int_equal(get(BASE + 0x1ffe, 2), 0xabcd);
}

/* ---- transfers ---- */

static void test_near(void **state)
{
    (void)state;
    begin(8, CODE(0xff, 0x13)); /* call *(%rbx) */
    set(DEV, BASE + 0x800, 8);
    done();
    assert_int_equal(regs->rip, BASE + 0x800);
    assert_int_equal(get(DEV + 1016, 8), BASE + CODE_AT + 2);
    begin(8, CODE(0xff, 0x23)); /* jmp *(%rbx) */
    set(DEV, 1UL << 47, 8);
    faults(13, 0);
    begin(8, CODE(0xff, 0x13));
    set(DEV, 1UL << 47, 8);
    faults(13, 0);
    assert_int_equal(get(DEV + 1016, 8), 0);
    begin(8, CODE(0xe8, 0xfe, 0xff, 0xff, 0xff));
    done();
    assert_int_equal(regs->rip, BASE + CODE_AT + 3);
    assert_int_equal(get(DEV + 1016, 8), BASE + CODE_AT + 5);
    begin(4, CODE(0xe8, 0x00, 0x10, 0x00, 0x00)); /* beyond the limit */
    regs->seg[EMUL_CS].limit = BASE + 0xfff;
    faults(13, 0);
    assert_int_equal(get(DEV + 1020, 4), 0);
    begin(2, CODE(0xe8, 0x00, 0x80));
    done();
    assert_int_equal(regs->rip, 0x8000 + CODE_AT + 3);
    assert_int_equal(get(DEV + 1022, 2), CODE_AT + 3);
    begin(2, CODE(0x66, 0xc2, 0x10, 0x00)); /* retl $16 */
    set(DEV + 1024, 0xfff0, 4);
    done();
    assert_int_equal(regs->rip, 0xfff0);
    assert_int_equal(RSP, DEVICE_AT + 1024 + 20);
    begin(2, CODE(0x66, 0xc3));
    set(DEV + 1024, 0x10000, 4);
    faults(13, 0);
}

static void test_far_in_real_mode(void **state)
{
    (void)state;
    begin(2, CODE(0xff, 0x1f)); /* lcall *(%bx) */
    set(DEV, 0x56781234, 4);
    regs->seg[EMUL_CS].sel = 0x9999;
    done();
    assert_int_equal(regs->rip, 0x1234);
    assert_int_equal(regs->seg[EMUL_CS].sel, 0x5678);
    assert_int_equal(regs->seg[EMUL_CS].base, 0x56780);
    assert_int_equal(regs->seg[EMUL_CS].limit, 0xffff);
    assert_int_equal(get(DEV + 1022, 2), 0x9999);
    assert_int_equal(get(DEV + 1020, 2), CODE_AT + 2);
    assert_int_equal(box.nr_puts, 1);
    begin(2, CODE(0xcb));
    set(DEV + 1024, 0x56781234, 4);
    done();
    assert_int_equal(regs->rip, 0x1234);
    assert_int_equal(regs->seg[EMUL_CS].base, 0x56780);
    assert_int_equal(RSP, DEVICE_AT + 1028);
    begin(2, CODE(0xcf));
    set(DEV + 1024, 0x0ed756781234, 6);
    done();
    assert_int_equal(regs->rip, 0x1234);
    assert_int_equal(regs->rflags, 0xed7);
    begin(2, CODE(0x9a, 0x34, 0x12, 0x78, 0x56));
    done();
    assert_int_equal(regs->rip, 0x1234);
    assert_int_equal(regs->seg[EMUL_CS].sel, 0x5678);
    assert_int_equal(get(DEV + 1020, 2), CODE_AT + 5);
    begin(2, CODE(0xc4, 0x3f)); /* les (%bx),%di */
    set(DEV, 0xa0000102, 4);
    regs->seg[EMUL_ES].limit = 0x12345;
    done_in(2);
    assert_int_equal(regs->gpr[EMUL_RDI], 0x102);
    assert_int_equal(regs->seg[EMUL_ES].base, 0xa0000);
    assert_int_equal(regs->seg[EMUL_ES].limit, 0x12345);
}

/* ---- tables, and the machine status word ---- */

static void test_tables(void **state)
{
    (void)state;
    begin(8, CODE(0x0f, 0x01, 0x13)); /* lgdt */
    set(DEV, 0x1234, 2);
    set(DEV + 2, 0xffff800000abcdef, 8);
    done_in(3);
    assert_true(regs->gdt.limit == 0x1234 &&
                regs->gdt.base == 0xffff800000abcdef);
    again(CODE(0x0f, 0x01, 0x5b, 0x20)); /* lidt 32(%rbx) */
    assert_true(!regs->idt.limit && !regs->idt.base);
    again(CODE(0x0f, 0x01, 0x43, 0x40)); /* sgdt 64(%rbx) */
    assert_memory_equal(at(DEV), at(DEV + 64), 10);
    begin(8, CODE(0x0f, 0x01, 0x13));
    set(DEV + 2, 1UL << 47, 8);
    faults(13, 0);
    begin(2, CODE(0x0f, 0x01, 0x17)); /* 16 bits: a base of 24 */
    set(DEV, 0x876543210fffUL, 6);
    done_in(3);
    assert_int_equal(regs->gdt.base, 0x654321);
    again(CODE(0x66, 0x0f, 0x01, 0x17));
    assert_int_equal(regs->gdt.base, 0x87654321);
    again(CODE(0x0f, 0x01, 0x0f)); /* sidt */
    assert_int_equal(get(DEV, 8), 0);
    begin(8, CODE(0x0f, 0x01, 0x13));
    regs->cpl = 3;
    faults(13, 0);
    begin(8, CODE(0x0f, 0x01, 0x03));
    regs->cpl = 3;
    regs->cr4 |= CR4_UMIP;
    faults(13, 0);
}

static void test_machine_status(void **state)
{
    (void)state;
    begin(8, CODE(0x0f, 0x01, 0x23)); /* smsw */
    set(DEV, ~0UL, 8);
    done_in(3);
    assert_int_equal(get(DEV, 8), ~0xffffUL | (regs->cr0 & 0xffff));
    set(DEV, 0xfffe, 2);
    again(CODE(0x0f, 0x01, 0x33)); /* lmsw */
    assert_int_equal(regs->cr0 & 0xffff, 0xf);
    begin(8, CODE(0x0f, 0x01, 0x33));
    box.no_cr0 = true;
    assert_int_equal(box_run(&box), EMUL_EXCEPTION);
    assert_int_equal(box.e.vector, 13);
}

/* ---- others ---- */

static void test_others(void **state)
{
    (void)state;
    begin(4, CODE(0x62, 0x03)); /* bound %eax,(%ebx) */
    set(DEV, (uint32_t)-5, 4);
    set(DEV + 4, 5, 4);
    RAX = (uint32_t)-5;
    done_in(2);
    RAX = 6;
    regs->rip = BASE + CODE_AT;
    assert_int_equal(box_run(&box), EMUL_EXCEPTION);
    assert_true(box.e.vector == 5 && !box.e.has_error);
    begin(4, CODE(0x63, 0x03)); /* arpl %ax,(%ebx) */
    set(DEV, 0x51, 2);
    RAX = 2;
    done_in(2);
    assert_true((regs->rflags & RFLAGS_ZF) && get(DEV, 2) == 0x52);
    again(CODE(0x63, 0x03));
    assert_true(!(regs->rflags & RFLAGS_ZF) && get(DEV, 2) == 0x52);
    begin(2, CODE(0x63, 0x07));
    faults(6, 0);
    begin(8, CODE(0xd7)); /* xlat */
    RAX = 0x1ff;
    set(DEV + 255, 0x77, 1);
    done_in(1);
    assert_int_equal(RAX, 0x177);
}

static void test_flushes(void **state)
{
    static const uint8_t code[3][4] = { { 0x0f, 0xae, 0x3b },
                                        { 0x66, 0x0f, 0xae, 0x3b },
                                        { 0x66, 0x0f, 0xae, 0x33 } };

    (void)state;
    for ( unsigned int i = 0; i < 3; i++ )
    {
        begin(8, code[i], 4);
        done_in(i ? 4 : 3);
        assert_int_equal(box.nr_io, 0);
        regs->rip = BASE + CODE_AT;
        RBX = 1UL << 47;
        faults(13, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_and_pop),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_all_registers),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_small_stack),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_far_in_real_mode),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_machine_status),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_flushes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
