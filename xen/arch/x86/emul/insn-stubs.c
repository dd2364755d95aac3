/* SPDX-License-Identifier: MIT */
/*
 * The stubs of insn-stubs.h, and the way into one: registers are loaded, the
 * stub is called, registers are stored, and what was in them before returns.
 *
 * A row has its stubs in the order: MMX register, W, L, immediate; each has
 * STUB_BYTES.
 */
#include <hv/array.h>
#include <hv/lib.h>

#include "insn-vector.h"

/* ---- the stubs ---- */

#define STUB_BYTES 8
#define TEXT(...) #__VA_ARGS__
#define ROW(...) "stub_row " TEXT(__VA_ARGS__) "\n"

#define S(name, feature, flags, bytes, enc, map, pp, op, ext, nw, nl, ni)    \
    ROW(enc, map, pp, op, ext, nw, nl, ni, (flags))
#define X(name, feature, flags, bytes, op, ext)                              \
    ".balign 8, 0xcc\n.byte " TEXT(op) ", 7 + 8 * " TEXT(ext) ", 0xc3\n"

/* ModRM 7: the memory operand is (%rdi), which is all of a stub's memory. */
__asm__ (
    ".macro stub_one enc, map, pp, op, ext, fl\n"
    ".balign 8, 0xcc\n"
    ".if \\enc\n"
    ".byte 0xc4, 0xe0 + \\map\n"
    ".byte stub_w * 0x80 + 0x78 - 0x10 * (((\\fl) / 1) % 2) + stub_l * 4 + \\pp\n"
    ".else\n"
    ".if \\pp == 1\n .byte 0x66\n .endif\n"
    ".if \\pp == 2\n .byte 0xf3\n .endif\n"
    ".if \\pp == 3\n .byte 0xf2\n .endif\n"
    ".if stub_w\n .byte 0x48\n .endif\n"
    ".byte 0x0f\n"
    ".if \\map == 2\n .byte 0x38\n .endif\n"
    ".if \\map == 3\n .byte 0x3a\n .endif\n"
    ".endif\n"
    ".byte \\op\n"
    ".if ((\\fl) / 0x40) % 2\n .byte 7 + 8 * \\ext\n"
    ".else\n .byte 7 + 8 * stub_r\n .endif\n"
    ".if ((\\fl) / 4) % 2\n .byte stub_i\n .endif\n"
    ".if ((\\fl) / 8) % 2\n .byte 0x30\n .endif\n"
    ".byte 0xc3\n"
    ".endm\n"
    ".macro stub_row enc, map, pp, op, ext, nw, nl, ni, fl\n"
    ".set stub_r, 1 - ((\\fl) / 2) % 2\n"
    ".rept 1 + 7 * (((\\fl) / 2) % 2)\n"
    ".set stub_w, ((\\fl) / 0x10) % 2\n"
    ".rept \\nw\n"
    ".set stub_l, ((\\fl) / 0x20) % 2\n"
    ".rept \\nl\n"
    ".set stub_i, 0\n"
    ".rept \\ni\n"
    "stub_one \\enc, \\map, \\pp, \\op, \\ext, \\fl\n"
    ".set stub_i, stub_i + 1\n"
    ".endr\n"
    ".set stub_l, stub_l + 1\n"
    ".endr\n"
    ".set stub_w, stub_w + 1\n"
    ".endr\n"
    ".set stub_r, stub_r + 1\n"
    ".endr\n"
    ".endm\n"
    ".text\n"
    ".balign 16, 0xcc\n"
    ".globl insn_stubs\n.hidden insn_stubs\n"
    "insn_stubs:\n"
    STUBS_ALL
    ".balign 8, 0xcc\n"
    ".globl insn_stubs_end\n.hidden insn_stubs_end\n"
    "insn_stubs_end:\n"
);

#undef S
#undef X

/* ---- the way into one ---- */

_Static_assert(offsetof(struct emul_stub, saved) == 128 &&
               offsetof(struct emul_stub, memory) == 256 &&
               offsetof(struct emul_stub, rax) == 288 &&
               offsetof(struct emul_stub, rcx) == 296 &&
               offsetof(struct emul_stub, rdx) == 304 &&
               offsetof(struct emul_stub, rflags) == 312 &&
               offsetof(struct emul_stub, code) == 320 &&
               offsetof(struct emul_stub, kind) == 328 &&
               offsetof(struct emul_stub, mxcsr) == 332 &&
               offsetof(struct emul_stub, saved_mxcsr) == 336 &&
               offsetof(struct emul_stub, env) == 340 &&
               offsetof(struct emul_stub, pointers) == 368,
               "offsets in emul_stub_run()");
_Static_assert(STUB_SSE == 1 && STUB_AVX == 2 && STUB_X87 == 3, "kinds there");

__asm__ (
    ".text\n"
    ".globl emul_stub_run\n"
    "emul_stub_run:\n"
    "push %rbx\n"
    "mov %rdi, %rbx\n"
    "cmpl $2, 328(%rbx)\n"
    "je 2f\n"
    "cmpl $1, 328(%rbx)\n"
    "jne 3f\n"
    "stmxcsr 336(%rbx)\n"
    "movups %xmm0, 128(%rbx); movups %xmm1, 160(%rbx)\n"
    "movups %xmm2, 192(%rbx); movups %xmm3, 224(%rbx)\n"
    "ldmxcsr 332(%rbx)\n"
    "movups (%rbx), %xmm0; movups 32(%rbx), %xmm1\n"
    "movups 64(%rbx), %xmm2; movups 96(%rbx), %xmm3\n"
    "jmp 3f\n"
    "2: stmxcsr 336(%rbx)\n"
    "vmovups %ymm0, 128(%rbx); vmovups %ymm1, 160(%rbx)\n"
    "vmovups %ymm2, 192(%rbx); vmovups %ymm3, 224(%rbx)\n"
    "ldmxcsr 332(%rbx)\n"
    "vmovups (%rbx), %ymm0; vmovups 32(%rbx), %ymm1\n"
    "vmovups 64(%rbx), %ymm2; vmovups 96(%rbx), %ymm3\n"
    "3: mov 288(%rbx), %rax; mov 296(%rbx), %rcx; mov 304(%rbx), %rdx\n"
    "lea 256(%rbx), %rdi\n"
    "pushq 312(%rbx); popfq\n"
    "call *320(%rbx)\n"
    "pushfq; popq 312(%rbx)\n"
    "mov %rax, 288(%rbx); mov %rcx, 296(%rbx); mov %rdx, 304(%rbx)\n"
    "cmpl $2, 328(%rbx)\n"
    "je 2f\n"
    "ja 4f\n"
    "cmpl $1, 328(%rbx)\n"
    "jne 5f\n"
    "stmxcsr 332(%rbx)\n"
    "ldmxcsr 336(%rbx)\n"
    "movups %xmm0, (%rbx); movups %xmm1, 32(%rbx)\n"
    "movups 128(%rbx), %xmm0; movups 160(%rbx), %xmm1\n"
    "movups 192(%rbx), %xmm2; movups 224(%rbx), %xmm3\n"
    "jmp 5f\n"
    "2: stmxcsr 332(%rbx)\n"
    "ldmxcsr 336(%rbx)\n"
    "vmovups %ymm0, (%rbx); vmovups %ymm1, 32(%rbx)\n"
    "vmovups 128(%rbx), %ymm0; vmovups 160(%rbx), %ymm1\n"
    "vmovups 192(%rbx), %ymm2; vmovups 224(%rbx), %ymm3\n"
    "jmp 5f\n"
    /* The guest sees its own pointers to code and data, not those of a stub. */
    "4: fnstenv 340(%rbx)\n"
    "mov 368(%rbx), %rax; mov %rax, 352(%rbx)\n"
    "mov 376(%rbx), %rax; mov %rax, 360(%rbx)\n"
    "fldenv 340(%rbx)\n"
    "5: pop %rbx\n"
    "ret\n"
);

/* ---- the rows ---- */

#define REGS(flags) ((flags) & S_MMX ? 8 : 1)
#define NAME(enc, map, pp, op, ext) SLOT_##enc##_##map##_##pp##_##op##_##ext
#define S(name, feature, flags, bytes, enc, map, pp, op, ext, nw, nl, ni)    \
    NAME(enc, map, pp, op, ext),                                             \
    LAST_##enc##_##map##_##pp##_##op##_##ext = NAME(enc, map, pp, op, ext) + \
        REGS(flags) * (nw) * (nl) * (ni) - 1,
#define X(name, feature, flags, bytes, op, ext) SLOT_X_##op##_##ext,

enum { STUBS_ALL NR_SLOTS };

#undef S
#undef X
#define S(name, feature, fl, by, enc, ma, p, op, ext, nw, nl, ni)            \
    { fl, NAME(enc, ma, p, op, ext), ni, FEATURE_##feature, by, op,          \
      (enc) << 7 | (ma) << 2 | (p), ext, nw, nl },
#define X(name, feature, fl, by, op, ext)                                    \
    { fl, SLOT_X_##op##_##ext, 1, FEATURE_##feature, by, op, 0, ext, 1, 1 },

const struct stub_row insn_rows[] = { STUBS_ALL };
const unsigned int insn_nr_rows = ARRAY_SIZE(insn_rows);

extern const uint8_t insn_stubs[NR_SLOTS][STUB_BYTES];

const void *insn_stub(const struct stub_row *r, unsigned int reg,
                      unsigned int w, unsigned int l, unsigned int imm)
{
    unsigned int i = r->slot, regs = REGS(r->flags), n = 0;

    if ( regs > 1 )
        n = reg & 7;
    n = n * r->nw + (r->nw > 1 ? w : 0);
    n = n * r->nl + (r->nl > 1 ? l : 0);
    if ( r->flags & S_CLAMP )
        imm = min(imm, r->ni - 1U);
    n = n * r->ni + imm % r->ni;
    i += array_index(n, (size_t)regs * r->nw * r->nl * r->ni);
    return array_at(insn_stubs, i);
}

const void *insn_stub_status(void)
{
    return insn_stubs[SLOT_X_0xdd_7];
}

const void *insn_stub_control(void)
{
    return insn_stubs[SLOT_X_0xd9_7];
}

const void *insn_stub_mmx(unsigned int reg)
{
    return insn_stubs[SLOT_0_1_0_0x7f_0 + (reg & 7)];
}
