/* SPDX-License-Identifier: MIT */
/*
 * Pairs of registers and operands of 16 bytes: divisions that have no result,
 * CMPXCHG16B on RAM, a machine without stubs.
 *
 * Seen failing with: a quotient of 1 bit too many; the sign of a remainder
 * taken from the quotient; CMPXCHG16B done in RAM, or left to the guest when
 * its operand became RAM after an access; a stub without a function for it.
 */
#include "test-insn.h"

#define BASE 0x10000000UL
#define RAM (BASE + PAGE)
#define DEV (BASE + DEVICE_AT)
#define RBX gpr[EMUL_RBX]

static struct box box;
static struct emul_regs *const regs = &box.e.regs;

static void begin(const char *code, unsigned int len, uint64_t rbx)
{
    box_init(&box, 8, BASE, 1);
    box_code(&box, code, len);
    regs->RBX = rbx;
}

/* ---- division ---- */

static void divide_bytes(bool is_signed, uint16_t ax, uint8_t d)
{
    int n = is_signed ? (int16_t)ax : ax, by = is_signed ? (int8_t)d : d;
    int min = is_signed ? -128 : 0, max = is_signed ? 127 : 255;
    bool fits = by && n / by >= min && n / by <= max;
    enum emul_result r;

    regs->gpr[EMUL_RAX] = 0xfedc000000000000UL | ax;
    regs->rip = BASE + CODE_AT;
    box.arena[DEVICE_AT] = d;
    r = box_run(&box);
    if ( r != (fits ? EMUL_DONE : EMUL_EXCEPTION) )
        fail_msg("%d / %d: result %u", n, by, r);
    if ( fits && regs->gpr[EMUL_RAX] !=
                     (0xfedc000000000000UL | (uint8_t)(n % by) << 8 |
                      (uint8_t)(n / by)) )
        fail_msg("%d / %d: %lx", n, by, (unsigned long)regs->gpr[EMUL_RAX]);
    if ( !fits )
        assert_true(box.e.vector == 0 && !box.e.has_error);
}

static void test_divide_bytes(void **state)
{
    static const uint8_t by[] = { 0, 1, 2, 3, 7, 100, 127, 128, 129, 200, 254,
                                  255 };

    (void)state;
    begin("\xf6\x33", 2, DEV);
    for ( unsigned int i = 0; i < sizeof(by) * 2; i++ )
    {
        if ( i == sizeof(by) )
            begin("\xf6\x3b", 2, DEV);
        for ( unsigned int ax = 0; ax < 0x10000; ax += ax % 251 < 8 ? 1 : 13 )
            divide_bytes(i >= sizeof(by), (uint16_t)ax, by[i % sizeof(by)]);
    }
}

/* 16 bytes by 8, signed, at the border. */
static void test_divide_widest(void **state)
{
    static const struct {
        uint64_t high, low, by, quotient;
        bool fits;
    } cases[] = {
        { -1UL, 1UL << 63, -1UL, 0, false },
        { -1UL, 1UL << 63, 1, 1UL << 63, true },
        { 0, 1UL << 63, -1UL, 1UL << 63, true },
        { 0, 1UL << 63, 1, 0, false },
        { 1UL << 63, 0, 1UL << 63, 0, false },
        { 1UL << 62, 0, 1UL << 63, 1UL << 63, true },
        { -(1UL << 62), 0, 1UL << 63, 0, false },
        { -(1UL << 62), 1UL << 63, 1UL << 63, ~0UL >> 1, true },
    };

    (void)state;
    for ( unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++ )
    {
        enum emul_result r;

        begin("\x48\xf7\x3b", 3, DEV);
        regs->gpr[EMUL_RDX] = cases[i].high;
        regs->gpr[EMUL_RAX] = cases[i].low;
        memcpy(box.arena + DEVICE_AT, &cases[i].by, 8);
        r = box_run(&box);
        if ( r != (cases[i].fits ? EMUL_DONE : EMUL_EXCEPTION) ||
             (cases[i].fits && regs->gpr[EMUL_RAX] != cases[i].quotient) )
            fail_msg("%u: result %u, rax %lx", i, r,
                     (unsigned long)regs->gpr[EMUL_RAX]);
    }
}

/* ---- CMPXCHG16B ---- */

#define CMPXCHG16B "\x48\x0f\xc7\x0b"

static void test_cmpxchg16_in_ram(void **state)
{
    (void)state;
    begin(CMPXCHG16B, 4, RAM);
    regs->gpr[EMUL_RCX] = 7;
    assert_int_equal(emulate(&box.e), EMUL_RETRY);
    assert_int_equal(regs->rip, BASE + CODE_AT);
    for ( unsigned int i = 0; i < 16; i++ )
        assert_int_equal(box.arena[PAGE + i], 0);
}

/* What a device was asked for counts: it is not asked again, nor is RAM. */
static void test_cmpxchg16_becomes_ram(void **state)
{
    uint64_t value;

    (void)state;
    begin(CMPXCHG16B, 4, DEV);
    regs->gpr[EMUL_RAX] = 5;
    regs->gpr[EMUL_RDX] = 6;
    regs->gpr[EMUL_RCX] = 8;
    box.pending_in_8 = 8;
    for ( unsigned int i = 0; i < 4; i++ )
    {
        static const uint64_t answers[4] = { 5, 6 };

        assert_int_equal(emulate(&box.e), EMUL_PENDING);
        assert_int_equal(box.waiting.dir, i < 2 ? IOREQ_READ : IOREQ_WRITE);
        assert_int_equal(box.waiting.addr, DEV + i % 2 * 8);
        box.waiting.count = 0;
        emul_answer(&box.e, answers[i]);
        if ( i == 3 )
            box.all_ram = true;
    }
    value = box.waiting.data;
    assert_int_equal(value, 8);
    assert_int_equal(emulate(&box.e), EMUL_DONE);
    assert_true(regs->rflags & RFLAGS_ZF);
    assert_int_equal(box.arena[DEVICE_AT + 8], 0);
}

/* ---- XMM registers ---- */

static void test_no_stubs(void **state)
{
    struct emul_ops ops = box_ops;

    (void)state;
    ops.run_stub = NULL;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        begin(i ? "\x0f\x10\x03" : "\x0f\x11\x03", 3, DEV);
        box.e.ops = &ops;
        assert_int_equal(box_run(&box), EMUL_UNHANDLEABLE);
        assert_int_equal(box.nr_io, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divide_bytes),
        cmocka_unit_test(test_divide_widest),
        cmocka_unit_test(test_cmpxchg16_in_ram),
        cmocka_unit_test(test_cmpxchg16_becomes_ram),
        cmocka_unit_test(test_no_stubs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
