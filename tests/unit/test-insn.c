/* SPDX-License-Identifier: MIT */
/*
 * emulate(): faults by segments and by what is no such instruction; registers
 * of sizes that only some modes have; lengths.
 *
 * Seen failing with: no limit check; no rights of segments, or those of real
 * mode too; error codes in real mode or with #DE; the stack segment for r12;
 * LOCK allowed everywhere; a segment prefix that replaces FS; REX that counts
 * wherever it stands; port instructions without an announcement; all-ones of
 * more bytes than were asked for; rip that does not wrap; lengths that leave
 * prefixes out or do not look at the opcode; no check of CR0.EM, of CR0.TS, of
 * CR4.OSFXSR, of alignment, or that of the offset alone; #GP for it where the
 * segment's fault comes first; a segment check of 8 bytes of 16; opcodes that
 * need a prefix, or do not allow one, without regard to it.
 */
#include "test-insn.h"

#define BASE 0x10000000UL
#define DEV (BASE + DEVICE_AT)
#define CODE(...) (const uint8_t[]){ __VA_ARGS__ }, \
                  sizeof((const uint8_t[]){ __VA_ARGS__ })
#define RBX gpr[EMUL_RBX]

static struct box box;
static struct emul_regs *const regs = &box.e.regs;

/* ---- faults, by rbx ---- */

enum tweak {
    NONE, USER, SHORT, CODE_DS, READ_ONLY, DOWN, NULL_DS, VM86, FS_BASE,
    DS_BASE, UNCLAIMED, RETRY, RSP, SHORT_CS, BAD_RIP, EM, TS, NO_SSE,
    ODD_BASE,
};

static void apply(enum tweak t)
{
    struct emul_seg *ds = &regs->seg[EMUL_DS];

    switch ( t )
    {
    case USER: regs->cpl = 3; break;
    case SHORT: ds->limit = regs->seg[EMUL_SS].limit = DEV + 1; break;
    case CODE_DS: ds->attr |= 8; break;
    case READ_ONLY: ds->attr &= (uint16_t)~2U; break;
    case DOWN: ds->attr |= 4; ds->limit = DEV - 1; break;
    case NULL_DS: ds->attr = 0; break;
    case VM86: regs->rflags |= RFLAGS_VM; regs->cr0 |= CR0_PE; regs->cpl = 3;
        break;
    case FS_BASE: regs->seg[EMUL_FS].base = 0x2000; break;
    case DS_BASE: regs->seg[EMUL_DS].base = 0x2000; break;
    case UNCLAIMED: box.unclaimed = true; break;
    case RSP: regs->gpr[EMUL_RSP] = regs->gpr[EMUL_R12] = regs->RBX; break;
    case SHORT_CS: regs->seg[EMUL_CS].limit = (uint32_t)regs->rip; break;
    case BAD_RIP: regs->rip = 1UL << 47; break;
    case RETRY: box.retry = true; break;
    case ODD_BASE: regs->seg[EMUL_DS].base = 0x2008; break;
    case EM: regs->cr0 |= CR0_EM; break;
    case TS: regs->cr0 |= CR0_TS; break;
    case NO_SSE: regs->cr4 &= ~CR4_OSFXSR; break;
    default: break;
    }
}

static const struct fault {
    const char *what;
    unsigned int mode;
    enum tweak tweak;
    uint64_t rbx;
    const uint8_t *code;
    unsigned int len;
    enum emul_result result;
    int vector, error; /* error -1: none */
} faults[] = {
    { "read", 8, NONE, DEV, CODE(0x8b, 0x03), EMUL_DONE, 0, 0 },
    { "not canonical", 8, NONE, 1UL << 47, CODE(0x8b, 0x03), EMUL_EXCEPTION,
      13, 0 },
    { "partly not canonical", 8, NONE, (1UL << 47) - 1, CODE(0x8b, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "partly not canonical, above", 8, NONE, -(1UL << 47) - 1,
      CODE(0x8b, 0x03), EMUL_EXCEPTION, 13, 0 },
    { "not canonical, by rsp", 8, RSP, 1UL << 47, CODE(0x8b, 0x04, 0x24),
      EMUL_EXCEPTION, 12, 0 },
    { "not canonical, by r12", 8, RSP, 1UL << 47, CODE(0x41, 0x8b, 0x04, 0x24),
      EMUL_EXCEPTION, 13, 0 },
    { "FS base", 8, FS_BASE, DEV - 0x2000, CODE(0x64, 0x8b, 0x03), EMUL_DONE,
      0, 0 },
    { "FS base makes it not canonical", 8, FS_BASE, (1UL << 47) - 0x2000,
      CODE(0x64, 0x8b, 0x03), EMUL_EXCEPTION, 13, 0 },
    { "DS base does not count", 8, DS_BASE, DEV, CODE(0x8b, 0x03), EMUL_DONE,
      0, 0 },
    { "DS prefix does not replace FS", 8, FS_BASE, DEV - 0x2000,
      CODE(0x64, 0x3e, 0x8b, 0x03), EMUL_DONE, 0, 0 },
    { "DS base counts", 4, DS_BASE, DEV - 0x2000, CODE(0x8b, 0x03), EMUL_DONE,
      0, 0 },
    { "limit", 4, SHORT, DEV, CODE(0x8b, 0x03), EMUL_EXCEPTION, 13, 0 },
    { "limit, 2 bytes", 4, SHORT, DEV, CODE(0x66, 0x8b, 0x03), EMUL_DONE, 0,
      0 },
    { "limit, another segment", 4, SHORT, DEV, CODE(0x26, 0x8b, 0x03),
      EMUL_DONE, 0, 0 },
    { "limit, stack", 4, SHORT, DEV, CODE(0x36, 0x8b, 0x03), EMUL_EXCEPTION,
      12, 0 },
    { "write to code", 4, NONE, DEV, CODE(0x2e, 0x89, 0x03), EMUL_EXCEPTION,
      13, 0 },
    { "read from code", 4, CODE_DS, DEV, CODE(0x8b, 0x03), EMUL_DONE, 0, 0 },
    { "write, read-only", 4, READ_ONLY, DEV, CODE(0x89, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "modify, read-only", 4, READ_ONLY, DEV, CODE(0x01, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "compare, read-only", 4, READ_ONLY, DEV, CODE(0x39, 0x03), EMUL_DONE, 0,
      0 },
    { "no segment", 4, NULL_DS, DEV, CODE(0x8b, 0x03), EMUL_EXCEPTION, 13, 0 },
    { "below, expand-down", 4, DOWN, DEV - 1, CODE(0x8b, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "above, expand-down", 4, DOWN, DEV, CODE(0x8b, 0x03), EMUL_DONE, 0, 0 },
    { "64 KiB, no error code", 2, NONE, 0xffff, CODE(0x8b, 0x07),
      EMUL_EXCEPTION, 13, -1 },
    { "64 KiB, virtual-8086", 2, VM86, 0xffff, CODE(0x8b, 0x07),
      EMUL_EXCEPTION, 13, 0 },
    { "real mode has no rights", 2, CODE_DS, DEVICE_AT, CODE(0x89, 0x07),
      EMUL_DONE, 0, 0 },
    { "nor has virtual-8086", 2, VM86, DEVICE_AT, CODE(0x2e, 0x89, 0x07),
      EMUL_DONE, 0, 0 },
    { "LOCK MOV", 8, NONE, DEV, CODE(0xf0, 0x89, 0x03), EMUL_EXCEPTION, 6,
      -1 },
    { "LOCK ADD to register", 8, NONE, DEV, CODE(0xf0, 0x03, 0x03),
      EMUL_EXCEPTION, 6, -1 },
    { "LOCK CMP", 8, NONE, DEV, CODE(0xf0, 0x39, 0x03), EMUL_EXCEPTION, 6,
      -1 },
    { "LOCK BT", 8, NONE, DEV, CODE(0xf0, 0x0f, 0xa3, 0x03), EMUL_EXCEPTION,
      6, -1 },
    { "LOCK ADD, registers", 8, NONE, DEV, CODE(0xf0, 0x01, 0xc3),
      EMUL_EXCEPTION, 6, -1 },
    { "LOCK STOS", 8, NONE, DEV, CODE(0xf0, 0xaa), EMUL_EXCEPTION, 6, -1 },
    { "16 bytes", 8, NONE, DEV,
      CODE(0x2e, 0x2e, 0x2e, 0x2e, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
           0x66, 0x66, 0x8b, 0x43, 0x00), EMUL_EXCEPTION, 13, 0 },
    { "15 bytes", 8, NONE, DEV,
      CODE(0x2e, 0x2e, 0x2e, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
           0x66, 0x8b, 0x43, 0x00), EMUL_DONE, 0, 0 },
    { "no memory operand", 8, NONE, DEV, CODE(0x89, 0xc3), EMUL_RETRY, 0, 0 },
    { "no operand", 8, NONE, DEV, CODE(0xf4), EMUL_RETRY, 0, 0 },
    { "a port", 8, NONE, DEV, CODE(0xec), EMUL_RETRY, 0, 0 },
    { "ports and memory", 8, NONE, DEV, CODE(0x6c), EMUL_RETRY, 0, 0 },
    { "LOCK SHL", 8, NONE, DEV, CODE(0xf0, 0xd1, 0x23), EMUL_EXCEPTION, 6, -1 },
    { "LOCK MOVUPS", 8, NONE, DEV, CODE(0xf0, 0x0f, 0x10, 0x03),
      EMUL_EXCEPTION, 6, -1 },
    { "DIV by 0", 8, NONE, DEV, CODE(0xf7, 0x33), EMUL_EXCEPTION, 0, -1 },
    { "IDIV by 0", 4, NONE, DEV, CODE(0xf7, 0x3b), EMUL_EXCEPTION, 0, -1 },
    { "MOVUPS", 8, NONE, DEV + 1, CODE(0x0f, 0x10, 0x03), EMUL_DONE, 0, 0 },
    { "MOVUPS, EM", 8, EM, DEV, CODE(0x0f, 0x10, 0x03), EMUL_EXCEPTION, 6,
      -1 },
    { "MOVUPS, TS", 8, TS, DEV, CODE(0x0f, 0x10, 0x03), EMUL_EXCEPTION, 7,
      -1 },
    { "MOVUPS, not enabled", 8, NO_SSE, DEV, CODE(0x0f, 0x10, 0x03),
      EMUL_EXCEPTION, 6, -1 },
    { "MOVUPS, limit", 4, SHORT, DEV - 13, CODE(0x0f, 0x10, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "MOVUPS, below the limit", 4, SHORT, DEV - 14, CODE(0x0f, 0x10, 0x03),
      EMUL_DONE, 0, 0 },
    { "MOVUPS, partly not canonical", 8, NONE, (1UL << 47) - 8,
      CODE(0x0f, 0x10, 0x03), EMUL_EXCEPTION, 13, 0 },
    { "MOVUPS over the end", 8, NONE, -8UL, CODE(0x0f, 0x10, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "MOVAPS, misaligned", 8, NONE, DEV + 8, CODE(0x0f, 0x28, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "MOVAPS, misaligned, by rsp", 8, RSP, DEV + 8,
      CODE(0x0f, 0x28, 0x04, 0x24), EMUL_EXCEPTION, 13, 0 },
    { "MOVAPS, not canonical, by rsp", 8, RSP, (1UL << 47) + 8,
      CODE(0x0f, 0x28, 0x04, 0x24), EMUL_EXCEPTION, 12, 0 },
    { "MOVAPS, aligned by its base", 4, ODD_BASE, DEV - 0x2008,
      CODE(0x0f, 0x28, 0x03), EMUL_DONE, 0, 0 },
    { "CMPXCHG16B, misaligned", 8, NONE, DEV + 8,
      CODE(0x48, 0x0f, 0xc7, 0x0b), EMUL_EXCEPTION, 13, 0 },
    { "CMPXCHG8B, misaligned", 8, NONE, DEV + 1, CODE(0x0f, 0xc7, 0x0b),
      EMUL_DONE, 0, 0 },
    { "0f c7 /2", 8, NONE, DEV, CODE(0x0f, 0xc7, 0x13), EMUL_UNHANDLEABLE, 0,
      0 },
    { "0f 38 0c", 8, NONE, DEV, CODE(0x0f, 0x38, 0x0c, 0x03),
      EMUL_UNHANDLEABLE, 0, 0 },
    { "FXSAVE", 8, NONE, DEV, CODE(0x0f, 0xae, 0x03), EMUL_UNHANDLEABLE, 0,
      0 },
    { "0f b8", 8, NONE, DEV, CODE(0x0f, 0xb8, 0x03), EMUL_UNHANDLEABLE, 0,
      0 },
    { "82 in 64-bit mode", 8, NONE, DEV, CODE(0x82, 0x03, 0x01),
      EMUL_UNHANDLEABLE, 0, 0 },
    { "MOVNTI, 66", 8, NONE, DEV, CODE(0x66, 0x0f, 0xc3, 0x03),
      EMUL_UNHANDLEABLE, 0, 0 },
    { "code beyond its limit", 4, SHORT_CS, DEV, CODE(0x8b, 0x03),
      EMUL_EXCEPTION, 13, 0 },
    { "code not canonical", 8, BAD_RIP, DEV, CODE(0x8b, 0x03), EMUL_EXCEPTION,
      13, 0 },
    { "nobody's device", 8, UNCLAIMED, DEV, CODE(0x8b, 0x03), EMUL_DONE, 0,
      0 },
    { "not now", 8, RETRY, DEV, CODE(0x8b, 0x03), EMUL_RETRY, 0, 0 },
    { "user", 8, USER, DEV, CODE(0x8b, 0x03), EMUL_DONE, 0, 0 },
};

static void test_faults(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++ )
    {
        const struct fault *f = &faults[i];
        struct emul_regs before;
        enum emul_result r;
        bool bad;

        box_init(&box, f->mode, f->mode == 2 ? 0x10000 : BASE, i);
        box_code(&box, f->code, f->len);
        regs->RBX = f->rbx;
        apply(f->tweak);
        before = *regs;
        r = box_run(&box);
        bad = r != f->result;
        if ( r == EMUL_EXCEPTION )
            bad |= box.e.vector != f->vector ||
                   box.e.has_error != (f->error >= 0) || box.e.error != 0;
        if ( r != EMUL_DONE )
            bad |= !!memcmp(&before, regs, sizeof(before));
        else
            bad |= regs->rip != before.rip + f->len || !box.nr_io;
        if ( bad || box.e.started )
            fail_msg("%s: result %u, vector %u, error %x", f->what, r,
                     box.e.vector, box.e.error);
    }
}

static void test_nobody_answers_ones(void **state)
{
    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\x0f\xb6\x03", 3); /* movzx (%rbx),%eax */
    regs->RBX = DEV;
    box.unclaimed = true;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(regs->gpr[0], 0xff);
}

/* ---- registers ---- */

static void test_pop_address_is_after(void **state)
{
    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\x8f\x04\x24", 3); /* pop (%rsp) */
    regs->gpr[EMUL_RSP] = DEV;
    box.arena[DEVICE_AT] = 0x77;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(regs->gpr[EMUL_RSP], DEV + 8);
    assert_int_equal(box.arena[DEVICE_AT + 8], 0x77);
}

/* REX counts only right before the opcode. */
static void test_early_rex(void **state)
{
    (void)state;
    box_init(&box, 8, BASE, 0);
    box_code(&box, "\x48\x66\x8b\x03", 4); /* mov (%rbx),%ax */
    regs->RBX = DEV;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(box.last.size, 2);
}

/* A stack of 16 bits: SP wraps, the rest of ESP stays. */
static void test_push_on_a_small_stack(void **state)
{
    (void)state;
    box_init(&box, 2, 0x10000, 0);
    box_code(&box, "\xff\x37", 2); /* push (%bx) */
    regs->RBX = DEVICE_AT;
    regs->gpr[EMUL_RSP] = 0x12340000;
    regs->seg[EMUL_SS].base = 0x10000 - 0xe000;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(regs->gpr[EMUL_RSP], 0x1234fffe);
}

static void test_rip_wraps(void **state)
{
    (void)state;
    box_init(&box, 2, 0x10000, 0);
    regs->rip = 0xffff;
    regs->seg[EMUL_CS].base = 0x10000 + CODE_AT - 0xffff;
    box.arena[CODE_AT] = 0xaa; /* stosb */
    regs->gpr[EMUL_RDI] = DEVICE_AT;
    regs->rflags |= RFLAGS_RF;
    assert_int_equal(box_run(&box), EMUL_DONE);
    assert_int_equal(regs->rip, 0);
    assert_int_equal(regs->rflags, 2);
}

/* ---- lengths ---- */

static const struct {
    unsigned int mode;
    enum emul_insn insn;
    const char *code;
    unsigned int len;
} lengths[] = {
    { 8, EMUL_INSN_CPUID, "\x0f\xa2", 2 },
    { 8, EMUL_INSN_CPUID, "\x66\x48\x0f\xa2", 4 },
    { 4, EMUL_INSN_CPUID, "\xf3\x2e\x0f\xa2", 4 },
    { 4, EMUL_INSN_CPUID, "\x48\x0f\xa2", 0 },
    { 8, EMUL_INSN_RDMSR, "\x0f\xa2", 0 },
    { 8, EMUL_INSN_RDMSR, "\x0f\x32", 2 },
    { 8, EMUL_INSN_WRMSR, "\x0f\x30", 2 },
    { 2, EMUL_INSN_HLT, "\xf4", 1 },
    { 8, EMUL_INSN_HLT, "\x40\xf4", 2 },
    { 8, EMUL_INSN_VMMCALL, "\x0f\x01\xd9", 3 },
    { 4, EMUL_INSN_VMMCALL, "\x0f\x01\xc1", 3 },
    { 8, EMUL_INSN_VMMCALL, "\x0f\x01\x19", 0 },
    { 8, EMUL_INSN_RDTSC, "\x0f\x31", 2 },
    { 8, EMUL_INSN_RDTSCP, "\x0f\x01\xf9", 3 },
    { 8, EMUL_INSN_RDTSC, "\x0f\x01\xf9", 0 },
    { 8, EMUL_INSN_RDPMC, "\x0f\x33", 2 },
    { 8, EMUL_INSN_XSETBV, "\x0f\x01\xd1", 3 },
    { 8, EMUL_INSN_INVD, "\x0f\x08", 2 },
    { 8, EMUL_INSN_WBINVD, "\x0f\x09", 2 },
    { 8, EMUL_INSN_PAUSE, "\xf3\x90", 2 },
    { 8, EMUL_INSN_PAUSE, "\x90\x90", 0 },
    { 8, EMUL_INSN_MONITOR, "\x0f\x01\xc8", 3 },
    { 8, EMUL_INSN_MWAIT, "\x67\x0f\x01\xc9", 4 },
    { 8, EMUL_INSN_HLT, "\xf0\xf4", 0 },
};

static void test_lengths(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++ )
    {
        uint64_t base = lengths[i].mode == 2 ? 0x10000 : BASE;
        unsigned int len;

        box_init(&box, lengths[i].mode, base, 0);
        box_code(&box, lengths[i].code,
                 (unsigned int)strlen(lengths[i].code));
        len = emul_insn_length(&box.e, lengths[i].insn);
        if ( len != lengths[i].len || box.e.started )
            fail_msg("%u: %u, is to be %u", i, len, lengths[i].len);
    }
    box_init(&box, 8, BASE, 0);
    regs->cr3 = DEV; /* no page tables there */
    assert_int_equal(emul_insn_length(&box.e, EMUL_INSN_HLT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nobody_answers_ones),
        cmocka_unit_test(test_pop_address_is_after),
        cmocka_unit_test(test_early_rex),
        cmocka_unit_test(test_push_on_a_small_stack),
        cmocka_unit_test(test_rip_wraps),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
