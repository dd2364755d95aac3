/* SPDX-License-Identifier: MIT */
/*
 * Instructions that the processor executes itself on a copy of their memory
 * operand: x87, MMX, SSE, AVX, and the VEX forms of general registers.
 *
 * A row makes one or more stubs: the instruction with the memory operand (%rdi)
 * and fixed registers, and RET.  All of them are constants of the image: no code
 * is written at run time, and no byte of a stub comes from a guest, which only
 * selects one of those that are here.  docs/instructions.md is made of it.
 *
 *   S(name, feature, flags, bytes, enc, map, pp, op, ext, nw, nl, ni)
 *
 * enc   0 legacy, 1 VEX
 * map   1 behind 0f, 2 behind 0f 38, 3 behind 0f 3a
 * pp    0 no prefix, 1 66, 2 f3, 3 f2
 * ext   ModRM's reg, when that belongs to the opcode
 * nw    2: a stub without and one with W (or REX.W), else 1
 * nl    2: a stub with L=0 and one with L=1, else 1
 * ni    stubs for so many values of the immediate, from 0 on; 1: it has none
 *
 * X(name, feature, flags, bytes, op, ext): x87.
 *
 * Fixed registers: 1 is ModRM's, 2 is VEX.vvvv's, 3 that of an immediate; 0, rax
 * and rdx are those that some instructions imply.
 */
#ifndef EMUL_INSN_STUBS_H
#define EMUL_INSN_STUBS_H

/* Sizes of memory operands; those from S_FULL on depend on L or W. */
#define S_FULL 0x40    /* 16 or 32 */
#define S_HALF 0x41    /* 8 or 16  */
#define S_QUARTER 0x42 /* 4 or 8   */
#define S_EIGHTH 0x43  /* 2 or 4   */
#define S_DUP 0x44     /* 8 or 32  */
#define S_W 0x45       /* 4, or 8 with W */

/* Flags; the assembler knows those before S_STORE. */
#define S_NDS 0x0001     /* VEX.vvvv is an operand                         */
#define S_MMX 0x0002     /* ModRM's register is an MMX one: eight stubs    */
#define S_IMM 0x0004
#define S_IS4 0x0008     /* an immediate names a register                  */
#define S_W1 0x0010      /* W=1 only                                       */
#define S_L1 0x0020      /* L=1 only                                       */
#define S_EXT 0x0040     /* ModRM's reg is `ext`                           */
#define S_STORE 0x0100   /* memory is written, not read                    */
#define S_ALIGN 0x0200   /* or #GP                                         */
#define S_GPR 0x0400     /* ModRM's register is a general one              */
#define S_GPR_V 0x0800   /* so is VEX.vvvv's                               */
#define S_DEST_V 0x1000  /* VEX.vvvv's register is written                 */
#define S_FLAGS 0x2000   /* arithmetic flags are written                   */
#define S_CLAMP 0x4000   /* larger immediates are like the last            */
#define S_W0 0x8000      /* W=0 only; else W is ignored                    */
#define S_LIG 0x10000    /* L is ignored                                   */
#define S_STRING 0x20000 /* PCMPxSTRx: rcx or XMM0 is written              */
#define S_FPU 0x40000    /* uses the x87 unit's registers                  */
#define S_NOWAIT 0x80000 /* x87: whatever is pending; changes no pointer   */
#define S_CONTROL 0x100000 /* x87: changes no pointer                      */

/* Of both forms: packed, 4 kinds, aligned in the legacy form. */
#define S_PS(n, op, v, i, ni, niv)                                           \
    S(n "PS", SSE, S_ALIGN | (i), 16, 0, 1, 0, op, 0, 1, 1, ni)              \
    S("V" n "PS", AVX, (v) | (i), S_FULL, 1, 1, 0, op, 0, 1, 2, niv)
#define S_PD(n, op, v, i, ni, niv)                                           \
    S(n "PD", SSE2, S_ALIGN | (i), 16, 0, 1, 1, op, 0, 1, 1, ni)             \
    S("V" n "PD", AVX, (v) | (i), S_FULL, 1, 1, 1, op, 0, 1, 2, niv)
#define S_SS(n, op, i, ni, niv)                                              \
    S(n "SS", SSE, i, 4, 0, 1, 2, op, 0, 1, 1, ni)                           \
    S("V" n "SS", AVX, S_NDS | S_LIG | (i), 4, 1, 1, 2, op, 0, 1, 1, niv)
#define S_SD(n, op, i, ni, niv)                                              \
    S(n "SD", SSE2, i, 8, 0, 1, 3, op, 0, 1, 1, ni)                          \
    S("V" n "SD", AVX, S_NDS | S_LIG | (i), 8, 1, 1, 3, op, 0, 1, 1, niv)
#define S_ALL4(n, op, v)                                                     \
    S_PS(n, op, v, 0, 1, 1) S_PD(n, op, v, 0, 1, 1)                          \
    S_SS(n, op, 0, 1, 1) S_SD(n, op, 0, 1, 1)
/* Integers behind 66, in XMM and YMM registers; f: of the legacy form. */
#define S_XI(n, f, map, op, v)                                               \
    S(n, f, S_ALIGN, 16, 0, map, 1, op, 0, 1, 1, 1)                          \
    S("V" n, AVXI, v, S_FULL, 1, map, 1, op, 0, 1, 2, 1)
/* And in MMX registers; fm: of that form. */
#define S_MI(n, fm, b, f, map, op, v)                                        \
    S(n, fm, S_MMX | S_FPU, b, 0, map, 0, op, 0, 1, 1, 1)                    \
    S_XI(n, f, map, op, v)
#define S_M(n, op) S_MI(n, MMX, 8, SSE2, 1, op, S_NDS)
#define S_M4(n, op) S_MI(n, MMX, 4, SSE2, 1, op, S_NDS)
#define S_ME(n, op) S_MI(n, SSE, 8, SSE2, 1, op, S_NDS)
#define S_M2(n, op) S_MI(n, SSE2, 8, SSE2, 1, op, S_NDS)
#define S_M3(n, op) S_MI(n, SSSE3, 8, SSSE3, 2, op, S_NDS)
#define S_X4(n, op) S_XI(n, SSE41, 2, op, S_NDS)
/* PMOVSX and PMOVZX */
#define S_PMOV(n, op, b, bv)                                                 \
    S(n, SSE41, 0, b, 0, 2, 1, op, 0, 1, 1, 1)                               \
    S("V" n, AVXI, 0, bv, 1, 2, 1, op, 0, 1, 2, 1)
#define S_FMA(n, op)                                                         \
    S("VF" n "PS/PD", FMA, S_NDS, S_FULL, 1, 2, 1, op, 0, 2, 2, 1)
#define S_FMAS(n, op)                                                        \
    S("VF" n "SS/SD", FMA, S_NDS | S_LIG, S_W, 1, 2, 1, op, 0, 2, 1, 1)
/* A move: of the legacy form and of the VEX form. */
#define S_MOVE(n, f, fl, b, bv, pp, op, nl)                                  \
    S(n, f, fl, b, 0, 1, pp, op, 0, 1, 1, 1)                                 \
    S("V" n, AVX, fl, bv, 1, 1, pp, op, 0, 1, nl, 1)

#define STUBS_MOVES                                                          \
    S_MOVE("MOVUPS", SSE, 0, 16, S_FULL, 0, 0x10, 2)                         \
    S_MOVE("MOVUPS", SSE, S_STORE, 16, S_FULL, 0, 0x11, 2)                   \
    S_MOVE("MOVUPD", SSE2, 0, 16, S_FULL, 1, 0x10, 2)                        \
    S_MOVE("MOVUPD", SSE2, S_STORE, 16, S_FULL, 1, 0x11, 2)                  \
    S_MOVE("MOVSS", SSE, S_LIG, 4, 4, 2, 0x10, 1)                            \
    S_MOVE("MOVSS", SSE, S_LIG | S_STORE, 4, 4, 2, 0x11, 1)                  \
    S_MOVE("MOVSD", SSE2, S_LIG, 8, 8, 3, 0x10, 1)                           \
    S_MOVE("MOVSD", SSE2, S_LIG | S_STORE, 8, 8, 3, 0x11, 1)                 \
    S_MOVE("MOVLPS", SSE, S_NDS, 8, 8, 0, 0x12, 1)                           \
    S_MOVE("MOVLPS", SSE, S_STORE, 8, 8, 0, 0x13, 1)                         \
    S_MOVE("MOVLPD", SSE2, S_NDS, 8, 8, 1, 0x12, 1)                          \
    S_MOVE("MOVLPD", SSE2, S_STORE, 8, 8, 1, 0x13, 1)                        \
    S_MOVE("MOVHPS", SSE, S_NDS, 8, 8, 0, 0x16, 1)                           \
    S_MOVE("MOVHPS", SSE, S_STORE, 8, 8, 0, 0x17, 1)                         \
    S_MOVE("MOVHPD", SSE2, S_NDS, 8, 8, 1, 0x16, 1)                          \
    S_MOVE("MOVHPD", SSE2, S_STORE, 8, 8, 1, 0x17, 1)                        \
    S("MOVSLDUP", SSE3, S_ALIGN, 16, 0, 1, 2, 0x12, 0, 1, 1, 1)              \
    S("VMOVSLDUP", AVX, 0, S_FULL, 1, 1, 2, 0x12, 0, 1, 2, 1)                \
    S("MOVSHDUP", SSE3, S_ALIGN, 16, 0, 1, 2, 0x16, 0, 1, 1, 1)              \
    S("VMOVSHDUP", AVX, 0, S_FULL, 1, 1, 2, 0x16, 0, 1, 2, 1)                \
    S_MOVE("MOVDDUP", SSE3, 0, 8, S_DUP, 3, 0x12, 2)                         \
    S_MOVE("MOVAPS", SSE, S_ALIGN, 16, S_FULL, 0, 0x28, 2)                   \
    S_MOVE("MOVAPS", SSE, S_ALIGN | S_STORE, 16, S_FULL, 0, 0x29, 2)         \
    S_MOVE("MOVAPD", SSE2, S_ALIGN, 16, S_FULL, 1, 0x28, 2)                  \
    S_MOVE("MOVAPD", SSE2, S_ALIGN | S_STORE, 16, S_FULL, 1, 0x29, 2)        \
    S_MOVE("MOVNTPS", SSE, S_ALIGN | S_STORE, 16, S_FULL, 0, 0x2b, 2)        \
    S_MOVE("MOVNTPD", SSE2, S_ALIGN | S_STORE, 16, S_FULL, 1, 0x2b, 2)       \
    S("MOVNTSS", SSE4A, S_STORE, 4, 0, 1, 2, 0x2b, 0, 1, 1, 1)               \
    S("MOVNTSD", SSE4A, S_STORE, 8, 0, 1, 3, 0x2b, 0, 1, 1, 1)               \
    S("MOVD/MOVQ", MMX, S_MMX | S_FPU, S_W, 0, 1, 0, 0x6e, 0, 2, 1, 1)       \
    S("MOVD/MOVQ", MMX, S_MMX | S_FPU | S_STORE, S_W, 0, 1, 0, 0x7e, 0, 2,   \
      1, 1)                                                                  \
    S("MOVD/MOVQ", SSE2, 0, S_W, 0, 1, 1, 0x6e, 0, 2, 1, 1)                  \
    S("MOVD/MOVQ", SSE2, S_STORE, S_W, 0, 1, 1, 0x7e, 0, 2, 1, 1)            \
    S("VMOVD/VMOVQ", AVX, 0, S_W, 1, 1, 1, 0x6e, 0, 2, 1, 1)                 \
    S("VMOVD/VMOVQ", AVX, S_STORE, S_W, 1, 1, 1, 0x7e, 0, 2, 1, 1)           \
    S_MOVE("MOVQ", SSE2, 0, 8, 8, 2, 0x7e, 1)                                \
    S_MOVE("MOVQ", SSE2, S_STORE, 8, 8, 1, 0xd6, 1)                          \
    S("MOVQ", MMX, S_MMX | S_FPU, 8, 0, 1, 0, 0x6f, 0, 1, 1, 1)              \
    S("MOVQ", MMX, S_MMX | S_FPU | S_STORE, 8, 0, 1, 0, 0x7f, 0, 1, 1, 1)    \
    S_MOVE("MOVDQA", SSE2, S_ALIGN, 16, S_FULL, 1, 0x6f, 2)                  \
    S_MOVE("MOVDQA", SSE2, S_ALIGN | S_STORE, 16, S_FULL, 1, 0x7f, 2)        \
    S_MOVE("MOVDQU", SSE2, 0, 16, S_FULL, 2, 0x6f, 2)                        \
    S_MOVE("MOVDQU", SSE2, S_STORE, 16, S_FULL, 2, 0x7f, 2)                  \
    S("MOVNTQ", SSE, S_MMX | S_FPU | S_STORE, 8, 0, 1, 0, 0xe7, 0, 1, 1, 1)  \
    S_MOVE("MOVNTDQ", SSE2, S_ALIGN | S_STORE, 16, S_FULL, 1, 0xe7, 2)       \
    S_MOVE("LDDQU", SSE3, 0, 16, S_FULL, 3, 0xf0, 2)                         \
    S("MOVNTDQA", SSE41, S_ALIGN, 16, 0, 2, 1, 0x2a, 0, 1, 1, 1)             \
    S("VMOVNTDQA", AVXI, S_ALIGN, S_FULL, 1, 2, 1, 0x2a, 0, 1, 2, 1)         \
    S("MOVDIRI", MOVDIRI, S_STORE | S_GPR, S_W, 0, 2, 0, 0xf9, 0, 2, 1, 1)

#define STUBS_FLOAT                                                          \
    S_PS("UNPCKL", 0x14, S_NDS, 0, 1, 1) S_PD("UNPCKL", 0x14, S_NDS, 0, 1, 1) \
    S_PS("UNPCKH", 0x15, S_NDS, 0, 1, 1) S_PD("UNPCKH", 0x15, S_NDS, 0, 1, 1) \
    S("CVTPI2PS", SSE, S_FPU, 8, 0, 1, 0, 0x2a, 0, 1, 1, 1)                  \
    S("CVTPI2PD", SSE2, 0, 8, 0, 1, 1, 0x2a, 0, 1, 1, 1)                     \
    S("CVTSI2SS", SSE, 0, S_W, 0, 1, 2, 0x2a, 0, 2, 1, 1)                    \
    S("CVTSI2SD", SSE2, 0, S_W, 0, 1, 3, 0x2a, 0, 2, 1, 1)                   \
    S("VCVTSI2SS", AVX, S_NDS | S_LIG, S_W, 1, 1, 2, 0x2a, 0, 2, 1, 1)       \
    S("VCVTSI2SD", AVX, S_NDS | S_LIG, S_W, 1, 1, 3, 0x2a, 0, 2, 1, 1)       \
    S("CVTTPS2PI", SSE, S_MMX | S_FPU, 8, 0, 1, 0, 0x2c, 0, 1, 1, 1)         \
    S("CVTPS2PI", SSE, S_MMX | S_FPU, 8, 0, 1, 0, 0x2d, 0, 1, 1, 1)          \
    S("CVTTPD2PI", SSE2, S_MMX | S_FPU | S_ALIGN, 16, 0, 1, 1, 0x2c, 0, 1,   \
      1, 1)                                                                  \
    S("CVTPD2PI", SSE2, S_MMX | S_FPU | S_ALIGN, 16, 0, 1, 1, 0x2d, 0, 1,    \
      1, 1)                                                                  \
    S("CVTTSS2SI", SSE, S_GPR, 4, 0, 1, 2, 0x2c, 0, 2, 1, 1)                 \
    S("CVTSS2SI", SSE, S_GPR, 4, 0, 1, 2, 0x2d, 0, 2, 1, 1)                  \
    S("CVTTSD2SI", SSE2, S_GPR, 8, 0, 1, 3, 0x2c, 0, 2, 1, 1)                \
    S("CVTSD2SI", SSE2, S_GPR, 8, 0, 1, 3, 0x2d, 0, 2, 1, 1)                 \
    S("VCVTTSS2SI", AVX, S_GPR | S_LIG, 4, 1, 1, 2, 0x2c, 0, 2, 1, 1)        \
    S("VCVTSS2SI", AVX, S_GPR | S_LIG, 4, 1, 1, 2, 0x2d, 0, 2, 1, 1)         \
    S("VCVTTSD2SI", AVX, S_GPR | S_LIG, 8, 1, 1, 3, 0x2c, 0, 2, 1, 1)        \
    S("VCVTSD2SI", AVX, S_GPR | S_LIG, 8, 1, 1, 3, 0x2d, 0, 2, 1, 1)         \
    S("UCOMISS", SSE, S_FLAGS, 4, 0, 1, 0, 0x2e, 0, 1, 1, 1)                 \
    S("UCOMISD", SSE2, S_FLAGS, 8, 0, 1, 1, 0x2e, 0, 1, 1, 1)                \
    S("VUCOMISS", AVX, S_FLAGS | S_LIG, 4, 1, 1, 0, 0x2e, 0, 1, 1, 1)        \
    S("VUCOMISD", AVX, S_FLAGS | S_LIG, 8, 1, 1, 1, 0x2e, 0, 1, 1, 1)        \
    S("COMISS", SSE, S_FLAGS, 4, 0, 1, 0, 0x2f, 0, 1, 1, 1)                  \
    S("COMISD", SSE2, S_FLAGS, 8, 0, 1, 1, 0x2f, 0, 1, 1, 1)                 \
    S("VCOMISS", AVX, S_FLAGS | S_LIG, 4, 1, 1, 0, 0x2f, 0, 1, 1, 1)         \
    S("VCOMISD", AVX, S_FLAGS | S_LIG, 8, 1, 1, 1, 0x2f, 0, 1, 1, 1)         \
    S_ALL4("SQRT", 0x51, 0)                                                  \
    S_PS("RSQRT", 0x52, 0, 0, 1, 1) S_SS("RSQRT", 0x52, 0, 1, 1)             \
    S_PS("RCP", 0x53, 0, 0, 1, 1) S_SS("RCP", 0x53, 0, 1, 1)                 \
    S_PS("AND", 0x54, S_NDS, 0, 1, 1) S_PD("AND", 0x54, S_NDS, 0, 1, 1)      \
    S_PS("ANDN", 0x55, S_NDS, 0, 1, 1) S_PD("ANDN", 0x55, S_NDS, 0, 1, 1)    \
    S_PS("OR", 0x56, S_NDS, 0, 1, 1) S_PD("OR", 0x56, S_NDS, 0, 1, 1)        \
    S_PS("XOR", 0x57, S_NDS, 0, 1, 1) S_PD("XOR", 0x57, S_NDS, 0, 1, 1)      \
    S_ALL4("ADD", 0x58, S_NDS) S_ALL4("MUL", 0x59, S_NDS)                    \
    S_MOVE("CVTPS2PD", SSE2, 0, 8, S_HALF, 0, 0x5a, 2)                       \
    S("CVTPD2PS", SSE2, S_ALIGN, 16, 0, 1, 1, 0x5a, 0, 1, 1, 1)              \
    S("VCVTPD2PS", AVX, 0, S_FULL, 1, 1, 1, 0x5a, 0, 1, 2, 1)                \
    S("CVTSS2SD", SSE2, 0, 4, 0, 1, 2, 0x5a, 0, 1, 1, 1)                     \
    S("CVTSD2SS", SSE2, 0, 8, 0, 1, 3, 0x5a, 0, 1, 1, 1)                     \
    S("VCVTSS2SD", AVX, S_NDS | S_LIG, 4, 1, 1, 2, 0x5a, 0, 1, 1, 1)         \
    S("VCVTSD2SS", AVX, S_NDS | S_LIG, 8, 1, 1, 3, 0x5a, 0, 1, 1, 1)         \
    S("CVTDQ2PS", SSE2, S_ALIGN, 16, 0, 1, 0, 0x5b, 0, 1, 1, 1)              \
    S("CVTPS2DQ", SSE2, S_ALIGN, 16, 0, 1, 1, 0x5b, 0, 1, 1, 1)              \
    S("CVTTPS2DQ", SSE2, S_ALIGN, 16, 0, 1, 2, 0x5b, 0, 1, 1, 1)             \
    S("VCVTDQ2PS", AVX, 0, S_FULL, 1, 1, 0, 0x5b, 0, 1, 2, 1)                \
    S("VCVTPS2DQ", AVX, 0, S_FULL, 1, 1, 1, 0x5b, 0, 1, 2, 1)                \
    S("VCVTTPS2DQ", AVX, 0, S_FULL, 1, 1, 2, 0x5b, 0, 1, 2, 1)               \
    S_ALL4("SUB", 0x5c, S_NDS) S_ALL4("MIN", 0x5d, S_NDS)                    \
    S_ALL4("DIV", 0x5e, S_NDS) S_ALL4("MAX", 0x5f, S_NDS)                    \
    S_PD("HADD", 0x7c, S_NDS, 0, 1, 1) S_PD("HSUB", 0x7d, S_NDS, 0, 1, 1)    \
    S_PD("ADDSUB", 0xd0, S_NDS, 0, 1, 1)                                     \
    S("HADDPS", SSE3, S_ALIGN, 16, 0, 1, 3, 0x7c, 0, 1, 1, 1)                \
    S("VHADDPS", AVX, S_NDS, S_FULL, 1, 1, 3, 0x7c, 0, 1, 2, 1)              \
    S("HSUBPS", SSE3, S_ALIGN, 16, 0, 1, 3, 0x7d, 0, 1, 1, 1)                \
    S("VHSUBPS", AVX, S_NDS, S_FULL, 1, 1, 3, 0x7d, 0, 1, 2, 1)              \
    S("ADDSUBPS", SSE3, S_ALIGN, 16, 0, 1, 3, 0xd0, 0, 1, 1, 1)              \
    S("VADDSUBPS", AVX, S_NDS, S_FULL, 1, 1, 3, 0xd0, 0, 1, 2, 1)            \
    S_PS("CMP", 0xc2, S_NDS, S_IMM, 8, 32) S_PD("CMP", 0xc2, S_NDS, S_IMM,   \
      8, 32)                                                                 \
    S_SS("CMP", 0xc2, S_IMM, 8, 32) S_SD("CMP", 0xc2, S_IMM, 8, 32)          \
    S_PS("SHUF", 0xc6, S_NDS, S_IMM, 256, 256)                               \
    S_PD("SHUF", 0xc6, S_NDS, S_IMM, 4, 16)                                  \
    S("CVTTPD2DQ", SSE2, S_ALIGN, 16, 0, 1, 1, 0xe6, 0, 1, 1, 1)             \
    S("CVTPD2DQ", SSE2, S_ALIGN, 16, 0, 1, 3, 0xe6, 0, 1, 1, 1)              \
    S("VCVTTPD2DQ", AVX, 0, S_FULL, 1, 1, 1, 0xe6, 0, 1, 2, 1)               \
    S("VCVTPD2DQ", AVX, 0, S_FULL, 1, 1, 3, 0xe6, 0, 1, 2, 1)                \
    S_MOVE("CVTDQ2PD", SSE2, 0, 8, S_HALF, 2, 0xe6, 2)

#define STUBS_INTEGER                                                        \
    S_M4("PUNPCKLBW", 0x60) S_M4("PUNPCKLWD", 0x61) S_M4("PUNPCKLDQ", 0x62)  \
    S_M("PACKSSWB", 0x63) S_M("PCMPGTB", 0x64) S_M("PCMPGTW", 0x65)          \
    S_M("PCMPGTD", 0x66) S_M("PACKUSWB", 0x67) S_M("PUNPCKHBW", 0x68)        \
    S_M("PUNPCKHWD", 0x69) S_M("PUNPCKHDQ", 0x6a) S_M("PACKSSDW", 0x6b)      \
    S_XI("PUNPCKLQDQ", SSE2, 1, 0x6c, S_NDS)                                 \
    S_XI("PUNPCKHQDQ", SSE2, 1, 0x6d, S_NDS)                                 \
    S("PSHUFW", SSE, S_MMX | S_FPU | S_IMM, 8, 0, 1, 0, 0x70, 0, 1, 1, 256)  \
    S("PSHUFD", SSE2, S_ALIGN | S_IMM, 16, 0, 1, 1, 0x70, 0, 1, 1, 256)      \
    S("PSHUFHW", SSE2, S_ALIGN | S_IMM, 16, 0, 1, 2, 0x70, 0, 1, 1, 256)     \
    S("PSHUFLW", SSE2, S_ALIGN | S_IMM, 16, 0, 1, 3, 0x70, 0, 1, 1, 256)     \
    S("VPSHUFD", AVXI, S_IMM, S_FULL, 1, 1, 1, 0x70, 0, 1, 2, 256)           \
    S("VPSHUFHW", AVXI, S_IMM, S_FULL, 1, 1, 2, 0x70, 0, 1, 2, 256)          \
    S("VPSHUFLW", AVXI, S_IMM, S_FULL, 1, 1, 3, 0x70, 0, 1, 2, 256)          \
    S_M("PCMPEQB", 0x74) S_M("PCMPEQW", 0x75) S_M("PCMPEQD", 0x76)           \
    S("PINSRW", SSE, S_MMX | S_FPU | S_IMM, 2, 0, 1, 0, 0xc4, 0, 1, 1, 4)    \
    S("PINSRW", SSE2, S_IMM, 2, 0, 1, 1, 0xc4, 0, 1, 1, 8)                   \
    S("VPINSRW", AVX, S_NDS | S_IMM, 2, 1, 1, 1, 0xc4, 0, 1, 1, 8)           \
    S_SHIFT("PSRLW", 0xd1) S_SHIFT("PSRLD", 0xd2) S_SHIFT("PSRLQ", 0xd3)     \
    S_M2("PADDQ", 0xd4) S_M("PMULLW", 0xd5) S_M("PSUBUSB", 0xd8)             \
    S_M("PSUBUSW", 0xd9) S_ME("PMINUB", 0xda) S_M("PAND", 0xdb)              \
    S_M("PADDUSB", 0xdc) S_M("PADDUSW", 0xdd) S_ME("PMAXUB", 0xde)           \
    S_M("PANDN", 0xdf) S_ME("PAVGB", 0xe0) S_SHIFT("PSRAW", 0xe1)            \
    S_SHIFT("PSRAD", 0xe2) S_ME("PAVGW", 0xe3) S_ME("PMULHUW", 0xe4)         \
    S_M("PMULHW", 0xe5) S_M("PSUBSB", 0xe8) S_M("PSUBSW", 0xe9)              \
    S_ME("PMINSW", 0xea) S_M("POR", 0xeb) S_M("PADDSB", 0xec)                \
    S_M("PADDSW", 0xed) S_ME("PMAXSW", 0xee) S_M("PXOR", 0xef)               \
    S_SHIFT("PSLLW", 0xf1) S_SHIFT("PSLLD", 0xf2) S_SHIFT("PSLLQ", 0xf3)     \
    S_M2("PMULUDQ", 0xf4) S_M("PMADDWD", 0xf5) S_ME("PSADBW", 0xf6)          \
    S_M("PSUBB", 0xf8) S_M("PSUBW", 0xf9) S_M("PSUBD", 0xfa)                 \
    S_M2("PSUBQ", 0xfb) S_M("PADDB", 0xfc) S_M("PADDW", 0xfd)                \
    S_M("PADDD", 0xfe)
/* A count has 16 bytes, also where the register has 32. */
#define S_SHIFT(n, op)                                                       \
    S(n, MMX, S_MMX | S_FPU, 8, 0, 1, 0, op, 0, 1, 1, 1)                     \
    S(n, SSE2, S_ALIGN, 16, 0, 1, 1, op, 0, 1, 1, 1)                         \
    S("V" n, AVXI, S_NDS, 16, 1, 1, 1, op, 0, 1, 2, 1)

#define STUBS_38                                                             \
    S_M3("PSHUFB", 0x00) S_M3("PHADDW", 0x01) S_M3("PHADDD", 0x02)           \
    S_M3("PHADDSW", 0x03) S_M3("PMADDUBSW", 0x04) S_M3("PHSUBW", 0x05)       \
    S_M3("PHSUBD", 0x06) S_M3("PHSUBSW", 0x07) S_M3("PSIGNB", 0x08)          \
    S_M3("PSIGNW", 0x09) S_M3("PSIGND", 0x0a) S_M3("PMULHRSW", 0x0b)         \
    S_MI("PABSB", SSSE3, 8, SSSE3, 2, 0x1c, 0)                               \
    S_MI("PABSW", SSSE3, 8, SSSE3, 2, 0x1d, 0)                               \
    S_MI("PABSD", SSSE3, 8, SSSE3, 2, 0x1e, 0)                               \
    S("PBLENDVB", SSE41, S_ALIGN, 16, 0, 2, 1, 0x10, 0, 1, 1, 1)             \
    S("BLENDVPS", SSE41, S_ALIGN, 16, 0, 2, 1, 0x14, 0, 1, 1, 1)             \
    S("BLENDVPD", SSE41, S_ALIGN, 16, 0, 2, 1, 0x15, 0, 1, 1, 1)             \
    S("PTEST", SSE41, S_ALIGN | S_FLAGS, 16, 0, 2, 1, 0x17, 0, 1, 1, 1)      \
    S("VPTEST", AVX, S_FLAGS, S_FULL, 1, 2, 1, 0x17, 0, 1, 2, 1)             \
    S_PMOV("PMOVSXBW", 0x20, 8, S_HALF) S_PMOV("PMOVSXBD", 0x21, 4, S_QUARTER) \
    S_PMOV("PMOVSXBQ", 0x22, 2, S_EIGHTH) S_PMOV("PMOVSXWD", 0x23, 8, S_HALF) \
    S_PMOV("PMOVSXWQ", 0x24, 4, S_QUARTER) S_PMOV("PMOVSXDQ", 0x25, 8, S_HALF) \
    S_PMOV("PMOVZXBW", 0x30, 8, S_HALF) S_PMOV("PMOVZXBD", 0x31, 4, S_QUARTER) \
    S_PMOV("PMOVZXBQ", 0x32, 2, S_EIGHTH) S_PMOV("PMOVZXWD", 0x33, 8, S_HALF) \
    S_PMOV("PMOVZXWQ", 0x34, 4, S_QUARTER) S_PMOV("PMOVZXDQ", 0x35, 8, S_HALF) \
    S_X4("PMULDQ", 0x28) S_X4("PCMPEQQ", 0x29) S_X4("PACKUSDW", 0x2b)        \
    S_XI("PCMPGTQ", SSE42, 2, 0x37, S_NDS)                                   \
    S_X4("PMINSB", 0x38) S_X4("PMINSD", 0x39) S_X4("PMINUW", 0x3a)           \
    S_X4("PMINUD", 0x3b) S_X4("PMAXSB", 0x3c) S_X4("PMAXSD", 0x3d)           \
    S_X4("PMAXUW", 0x3e) S_X4("PMAXUD", 0x3f) S_X4("PMULLD", 0x40)           \
    S("PHMINPOSUW", SSE41, S_ALIGN, 16, 0, 2, 1, 0x41, 0, 1, 1, 1)           \
    S("VPHMINPOSUW", AVX, 0, 16, 1, 2, 1, 0x41, 0, 1, 1, 1)                  \
    S_SHA("SHA1NEXTE", 0xc8) S_SHA("SHA1MSG1", 0xc9) S_SHA("SHA1MSG2", 0xca) \
    S_SHA("SHA256RNDS2", 0xcb) S_SHA("SHA256MSG1", 0xcc)                     \
    S_SHA("SHA256MSG2", 0xcd)                                                \
    S("GF2P8MULB", GFNI, S_ALIGN, 16, 0, 2, 1, 0xcf, 0, 1, 1, 1)             \
    S_AES("AESIMC", 0xdb, 0) S_AES("AESENC", 0xdc, S_NDS)                    \
    S_AES("AESENCLAST", 0xdd, S_NDS) S_AES("AESDEC", 0xde, S_NDS)            \
    S_AES("AESDECLAST", 0xdf, S_NDS)                                         \
    S("ADCX", ADX, S_GPR | S_FLAGS, S_W, 0, 2, 1, 0xf6, 0, 2, 1, 1)          \
    S("ADOX", ADX, S_GPR | S_FLAGS, S_W, 0, 2, 2, 0xf6, 0, 2, 1, 1)
#define S_SHA(n, op) S(n, SHA, S_ALIGN, 16, 0, 2, 0, op, 0, 1, 1, 1)
#define S_AES(n, op, v)                                                      \
    S(n, AES, S_ALIGN, 16, 0, 2, 1, op, 0, 1, 1, 1)                          \
    S("V" n, VEX_AES, v, 16, 1, 2, 1, op, 0, 1, 1, 1)

#define STUBS_3A                                                             \
    S_ROUND("ROUNDPS", 0x08) S_ROUND("ROUNDPD", 0x09)                        \
    S("ROUNDSS", SSE41, S_IMM, 4, 0, 3, 1, 0x0a, 0, 1, 1, 16)                \
    S("ROUNDSD", SSE41, S_IMM, 8, 0, 3, 1, 0x0b, 0, 1, 1, 16)                \
    S("VROUNDSS", AVX, S_NDS | S_LIG | S_IMM, 4, 1, 3, 1, 0x0a, 0, 1, 1, 16) \
    S("VROUNDSD", AVX, S_NDS | S_LIG | S_IMM, 8, 1, 3, 1, 0x0b, 0, 1, 1, 16) \
    S_4I("BLENDPS", AVX, 0x0c, 16, 256) S_4I("BLENDPD", AVX, 0x0d, 4, 16)    \
    S_4I("PBLENDW", AVXI, 0x0e, 256, 256) S_4I("DPPS", AVX, 0x40, 256, 256)  \
    S_4I("MPSADBW", AVXI, 0x42, 8, 64)                                       \
    S("DPPD", SSE41, S_ALIGN | S_IMM, 16, 0, 3, 1, 0x41, 0, 1, 1, 64)        \
    S("VDPPD", AVX, S_NDS | S_IMM, 16, 1, 3, 1, 0x41, 0, 1, 1, 64)           \
    S("PALIGNR", SSSE3, S_MMX | S_FPU | S_IMM | S_CLAMP, 8, 0, 3, 0, 0x0f,   \
      0, 1, 1, 17)                                                           \
    S("PALIGNR", SSSE3, S_ALIGN | S_IMM | S_CLAMP, 16, 0, 3, 1, 0x0f, 0, 1,  \
      1, 33)                                                                 \
    S("VPALIGNR", AVXI, S_NDS | S_IMM | S_CLAMP, S_FULL, 1, 3, 1, 0x0f, 0,   \
      1, 2, 33)                                                              \
    S_EXTRACT("PEXTRB", 0, 1, 0x14, 1, 16) S_EXTRACT("PEXTRW", 0, 2, 0x15,   \
      1, 8)                                                                  \
    S_EXTRACT("PEXTRD/PEXTRQ", 0, S_W, 0x16, 2, 4)                           \
    S_EXTRACT("EXTRACTPS", 0, 4, 0x17, 1, 4)                                 \
    S_INSERT("PINSRB", 1, 0x20, 1, 16) S_INSERT("INSERTPS", 4, 0x21, 1, 256) \
    S_INSERT("PINSRD/PINSRQ", S_W, 0x22, 2, 4)                               \
    S("PCLMULQDQ", PCLMUL, S_ALIGN | S_IMM, 16, 0, 3, 1, 0x44, 0, 1, 1, 32)  \
    S("VPCLMULQDQ", VEX_PCLMUL, S_NDS | S_IMM, 16, 1, 3, 1, 0x44, 0, 1, 1, 32) \
    S_PCMP("PCMPESTRM", 0x60, 2) S_PCMP("PCMPESTRI", 0x61, 2)                \
    S_PCMP("PCMPISTRM", 0x62, 1) S_PCMP("PCMPISTRI", 0x63, 1)                \
    S("SHA1RNDS4", SHA, S_ALIGN | S_IMM, 16, 0, 3, 0, 0xcc, 0, 1, 1, 4)      \
    S("GF2P8AFFINEQB", GFNI, S_ALIGN | S_IMM, 16, 0, 3, 1, 0xce, 0, 1, 1, 256) \
    S("GF2P8AFFINEINVQB", GFNI, S_ALIGN | S_IMM, 16, 0, 3, 1, 0xcf, 0, 1,    \
      1, 256)                                                                \
    S("AESKEYGENASSIST", AES, S_ALIGN | S_IMM, 16, 0, 3, 1, 0xdf, 0, 1, 1,   \
      256)                                                                   \
    S("VAESKEYGENASSIST", VEX_AES, S_IMM, 16, 1, 3, 1, 0xdf, 0, 1, 1, 256)
#define S_ROUND(n, op)                                                       \
    S(n, SSE41, S_ALIGN | S_IMM, 16, 0, 3, 1, op, 0, 1, 1, 16)               \
    S("V" n, AVX, S_IMM, S_FULL, 1, 3, 1, op, 0, 1, 2, 16)
#define S_4I(n, fv, op, ni, niv)                                             \
    S(n, SSE41, S_ALIGN | S_IMM, 16, 0, 3, 1, op, 0, 1, 1, ni)               \
    S("V" n, fv, S_NDS | S_IMM, S_FULL, 1, 3, 1, op, 0, 1, 2, niv)
#define S_EXTRACT(n, fl, b, op, nw, ni)                                      \
    S(n, SSE41, S_STORE | S_IMM | (fl), b, 0, 3, 1, op, 0, nw, 1, ni)        \
    S("V" n, AVX, S_STORE | S_IMM | (fl), b, 1, 3, 1, op, 0, nw, 1, ni)
#define S_INSERT(n, b, op, nw, ni)                                           \
    S(n, SSE41, S_IMM, b, 0, 3, 1, op, 0, nw, 1, ni)                         \
    S("V" n, AVX, S_NDS | S_IMM, b, 1, 3, 1, op, 0, nw, 1, ni)
#define S_PCMP(n, op, nw)                                                    \
    S(n, SSE42, S_IMM | S_FLAGS | S_STRING, 16, 0, 3, 1, op, 0, nw, 1, 128)  \
    S("V" n, AVX, S_IMM | S_FLAGS | S_STRING, 16, 1, 3, 1, op, 0, nw, 1, 128)

#define STUBS_VEX                                                            \
    S("VPERMILPS", AVX, S_NDS | S_W0, S_FULL, 1, 2, 1, 0x0c, 0, 1, 2, 1)     \
    S("VPERMILPD", AVX, S_NDS | S_W0, S_FULL, 1, 2, 1, 0x0d, 0, 1, 2, 1)     \
    S("VTESTPS", AVX, S_FLAGS | S_W0, S_FULL, 1, 2, 1, 0x0e, 0, 1, 2, 1)     \
    S("VTESTPD", AVX, S_FLAGS | S_W0, S_FULL, 1, 2, 1, 0x0f, 0, 1, 2, 1)     \
    S("VCVTPH2PS", F16C, S_W0, S_HALF, 1, 2, 1, 0x13, 0, 1, 2, 1)            \
    S("VPERMPS", AVX2, S_NDS | S_W0 | S_L1, 32, 1, 2, 1, 0x16, 0, 1, 1, 1)   \
    S("VBROADCASTSS", AVX, S_W0, 4, 1, 2, 1, 0x18, 0, 1, 2, 1)               \
    S("VBROADCASTSD", AVX, S_W0 | S_L1, 8, 1, 2, 1, 0x19, 0, 1, 1, 1)        \
    S("VBROADCASTF128", AVX, S_W0 | S_L1, 16, 1, 2, 1, 0x1a, 0, 1, 1, 1)     \
    S("VPERMD", AVX2, S_NDS | S_W0 | S_L1, 32, 1, 2, 1, 0x36, 0, 1, 1, 1)    \
    S("VPSRLVD/VPSRLVQ", AVX2, S_NDS, S_FULL, 1, 2, 1, 0x45, 0, 2, 2, 1)     \
    S("VPSRAVD", AVX2, S_NDS | S_W0, S_FULL, 1, 2, 1, 0x46, 0, 1, 2, 1)      \
    S("VPSLLVD/VPSLLVQ", AVX2, S_NDS, S_FULL, 1, 2, 1, 0x47, 0, 2, 2, 1)     \
    S("VPBROADCASTD", AVX2, S_W0, 4, 1, 2, 1, 0x58, 0, 1, 2, 1)              \
    S("VPBROADCASTQ", AVX2, S_W0, 8, 1, 2, 1, 0x59, 0, 1, 2, 1)              \
    S("VBROADCASTI128", AVX2, S_W0 | S_L1, 16, 1, 2, 1, 0x5a, 0, 1, 1, 1)    \
    S("VPBROADCASTB", AVX2, S_W0, 1, 1, 2, 1, 0x78, 0, 1, 2, 1)              \
    S("VPBROADCASTW", AVX2, S_W0, 2, 1, 2, 1, 0x79, 0, 1, 2, 1)              \
    S("VPERMQ", AVX2, S_IMM | S_W1 | S_L1, 32, 1, 3, 1, 0x00, 0, 1, 1, 256)  \
    S("VPERMPD", AVX2, S_IMM | S_W1 | S_L1, 32, 1, 3, 1, 0x01, 0, 1, 1, 256) \
    S("VPBLENDD", AVX2, S_NDS | S_IMM | S_W0, S_FULL, 1, 3, 1, 0x02, 0, 1,   \
      2, 256)                                                                \
    S("VPERMILPS", AVX, S_IMM | S_W0, S_FULL, 1, 3, 1, 0x04, 0, 1, 2, 256)   \
    S("VPERMILPD", AVX, S_IMM | S_W0, S_FULL, 1, 3, 1, 0x05, 0, 1, 2, 16)    \
    S_128("VPERM2F128", AVX, S_NDS | S_IMM, 32, 0x06, 256)                   \
    S_128("VINSERTF128", AVX, S_NDS | S_IMM, 16, 0x18, 2)                    \
    S_128("VEXTRACTF128", AVX, S_STORE | S_IMM, 16, 0x19, 2)                 \
    S("VCVTPS2PH", F16C, S_STORE | S_IMM | S_W0, S_HALF, 1, 3, 1, 0x1d, 0,   \
      1, 2, 8)                                                               \
    S_128("VINSERTI128", AVX2, S_NDS | S_IMM, 16, 0x38, 2)                   \
    S_128("VEXTRACTI128", AVX2, S_STORE | S_IMM, 16, 0x39, 2)                \
    S_128("VPERM2I128", AVX2, S_NDS | S_IMM, 32, 0x46, 256)                  \
    S("VBLENDVPS", AVX, S_NDS | S_IS4 | S_W0, S_FULL, 1, 3, 1, 0x4a, 0, 1,   \
      2, 1)                                                                  \
    S("VBLENDVPD", AVX, S_NDS | S_IS4 | S_W0, S_FULL, 1, 3, 1, 0x4b, 0, 1,   \
      2, 1)                                                                  \
    S("VPBLENDVB", AVXI, S_NDS | S_IS4 | S_W0, S_FULL, 1, 3, 1, 0x4c, 0, 1,  \
      2, 1)                                                                  \
    S_FMA("MADDSUB132", 0x96) S_FMA("MSUBADD132", 0x97) S_FMA("MADD132", 0x98) \
    S_FMAS("MADD132", 0x99) S_FMA("MSUB132", 0x9a) S_FMAS("MSUB132", 0x9b)   \
    S_FMA("NMADD132", 0x9c) S_FMAS("NMADD132", 0x9d) S_FMA("NMSUB132", 0x9e) \
    S_FMAS("NMSUB132", 0x9f)                                                 \
    S_FMA("MADDSUB213", 0xa6) S_FMA("MSUBADD213", 0xa7) S_FMA("MADD213", 0xa8) \
    S_FMAS("MADD213", 0xa9) S_FMA("MSUB213", 0xaa) S_FMAS("MSUB213", 0xab)   \
    S_FMA("NMADD213", 0xac) S_FMAS("NMADD213", 0xad) S_FMA("NMSUB213", 0xae) \
    S_FMAS("NMSUB213", 0xaf)                                                 \
    S_FMA("MADDSUB231", 0xb6) S_FMA("MSUBADD231", 0xb7) S_FMA("MADD231", 0xb8) \
    S_FMAS("MADD231", 0xb9) S_FMA("MSUB231", 0xba) S_FMAS("MSUB231", 0xbb)   \
    S_FMA("NMADD231", 0xbc) S_FMAS("NMADD231", 0xbd) S_FMA("NMSUB231", 0xbe) \
    S_FMAS("NMSUB231", 0xbf)                                                 \
    S_BMI("ANDN", BMI1, S_NDS | S_FLAGS, 0, 0xf2, 0)                         \
    S_BMI("BLSR", BMI1, S_NDS | S_EXT | S_DEST_V | S_FLAGS, 0, 0xf3, 1)      \
    S_BMI("BLSMSK", BMI1, S_NDS | S_EXT | S_DEST_V | S_FLAGS, 0, 0xf3, 2)    \
    S_BMI("BLSI", BMI1, S_NDS | S_EXT | S_DEST_V | S_FLAGS, 0, 0xf3, 3)      \
    S_BMI("BZHI", BMI2, S_NDS | S_FLAGS, 0, 0xf5, 0)                         \
    S_BMI("PEXT", BMI2, S_NDS, 2, 0xf5, 0) S_BMI("PDEP", BMI2, S_NDS, 3,     \
      0xf5, 0)                                                               \
    S_BMI("MULX", BMI2, S_NDS | S_DEST_V, 3, 0xf6, 0)                        \
    S_BMI("BEXTR", BMI1, S_NDS | S_FLAGS, 0, 0xf7, 0)                        \
    S_BMI("SHLX", BMI2, S_NDS, 1, 0xf7, 0) S_BMI("SARX", BMI2, S_NDS, 2,     \
      0xf7, 0)                                                               \
    S_BMI("SHRX", BMI2, S_NDS, 3, 0xf7, 0)                                   \
    S("RORX", BMI2, S_GPR | S_GPR_V | S_IMM, S_W, 1, 3, 3, 0xf0, 0, 2, 1, 64)
#define S_128(n, f, fl, b, op, ni)                                           \
    S(n, f, (fl) | S_W0 | S_L1, b, 1, 3, 1, op, 0, 1, 1, ni)
#define S_BMI(n, f, fl, pp, op, ext)                                         \
    S(n, f, S_GPR | S_GPR_V | (fl), S_W, 1, 2, pp, op, ext, 2, 1, 1)

#define X_ARITH(op, b, p)                                                    \
    X("F" p "ADD", FPU, 0, b, op, 0) X("F" p "MUL", FPU, 0, b, op, 1)        \
    X("F" p "COM", FPU, 0, b, op, 2) X("F" p "COMP", FPU, 0, b, op, 3)       \
    X("F" p "SUB", FPU, 0, b, op, 4) X("F" p "SUBR", FPU, 0, b, op, 5)       \
    X("F" p "DIV", FPU, 0, b, op, 6) X("F" p "DIVR", FPU, 0, b, op, 7)
#define STUBS_X87                                                            \
    X_ARITH(0xd8, 4, "") X_ARITH(0xda, 4, "I") X_ARITH(0xdc, 8, "")          \
    X_ARITH(0xde, 2, "I")                                                    \
    X("FLD", FPU, 0, 4, 0xd9, 0) X("FST", FPU, S_STORE, 4, 0xd9, 2)          \
    X("FSTP", FPU, S_STORE, 4, 0xd9, 3) X("FLDCW", FPU, S_CONTROL, 2, 0xd9, 5) \
    X("FNSTCW", FPU, S_STORE | S_NOWAIT | S_CONTROL, 2, 0xd9, 7)             \
    X("FILD", FPU, 0, 4, 0xdb, 0) X("FISTTP", SSE3, S_STORE, 4, 0xdb, 1)     \
    X("FIST", FPU, S_STORE, 4, 0xdb, 2) X("FISTP", FPU, S_STORE, 4, 0xdb, 3) \
    X("FLD", FPU, 0, 10, 0xdb, 5) X("FSTP", FPU, S_STORE, 10, 0xdb, 7)       \
    X("FLD", FPU, 0, 8, 0xdd, 0) X("FISTTP", SSE3, S_STORE, 8, 0xdd, 1)      \
    X("FST", FPU, S_STORE, 8, 0xdd, 2) X("FSTP", FPU, S_STORE, 8, 0xdd, 3)   \
    X("FNSTSW", FPU, S_STORE | S_NOWAIT | S_CONTROL, 2, 0xdd, 7)             \
    X("FILD", FPU, 0, 2, 0xdf, 0) X("FISTTP", SSE3, S_STORE, 2, 0xdf, 1)     \
    X("FIST", FPU, S_STORE, 2, 0xdf, 2) X("FISTP", FPU, S_STORE, 2, 0xdf, 3) \
    X("FBLD", FPU, 0, 10, 0xdf, 4) X("FILD", FPU, 0, 8, 0xdf, 5)             \
    X("FBSTP", FPU, S_STORE, 10, 0xdf, 6) X("FISTP", FPU, S_STORE, 8, 0xdf, 7)

#define STUBS_ALL                                                            \
    STUBS_MOVES STUBS_FLOAT STUBS_INTEGER STUBS_38 STUBS_3A STUBS_VEX        \
    STUBS_X87

#endif
