/* SPDX-License-Identifier: MIT */
/* The forms of instructions that the emulator knows. */
#ifndef TEST_INSN_FORMS_H
#define TEST_INSN_FORMS_H

#include "test-insn.h"

#define F_BYTE 0x001   /* opcode | 1 is the wide one; this has both        */
#define F_IMM8 0x002
#define F_IMM 0x004    /* of operand size                                  */
#define F_LOCKS 0x008  /* LOCK is allowed                                  */
#define F_BITS 0x010   /* the register is a bit offset                     */
#define F_MOFFS 0x020
#define F_STRING 0x040
#define F_COMPARE 0x080 /* REPE and REPNE differ                           */
#define F_NO16 0x100
#define F_ONLY64 0x200
#define F_CMPXCHG 0x400
#define F_STACK 0x800
#define F_SHIFT 0x1000  /* defined flags depend on the count; so here:     */
#define F_DOUBLE 0x2000
#define F_XMM 0x4000    /* no operand size prefix but its own              */
#define F_ALIGNED 0x8000
#define F_DIVIDE 0x10000
#define F_SIGNED 0x20000
#define F_PAIR 0x40000  /* CMPXCHG8B                                       */
#define F_DEVICE 0x80000 /* not in RAM                                     */
#define F_CONDITION 0x100000 /* the opcode's last 4 bits                   */
#define F_SCAN 0x200000 /* memory with few bits, or none                   */
#define F_REXW 0x400000 /* always                                          */
#define F_NEW 0x800000  /* not every emulator has it                       */

#define FLAGS_ALL 0x8d5U
#define NO_AF 0x8c5U
#define CF_ONLY 0x001U
#define ZF_ONLY 0x040U
#define CF_ZF 0x041U
#define CF_OF 0x801U

struct form {
    const char *name;
    uint32_t opcode;  /* all its bytes, with the prefix that belongs to it */
    int8_t reg;       /* of ModRM, -1: any */
    uint32_t flags;
    uint16_t defined; /* flags that are compared */
};

#define ALU(n, name)                                                         \
    { name " m,r", (n) * 8, -1, F_BYTE | F_LOCKS, DEF(n) },                   \
    { name " r,m", (n) * 8 + 2, -1, F_BYTE, DEF(n) },                        \
    { name " m,imm8", 0x80, n, F_IMM8 | F_LOCKS, DEF(n) },                   \
    { name " m,imm", 0x81, n, F_IMM | F_LOCKS, DEF(n) },                     \
    { name " m,simm8", 0x83, n, F_IMM8 | F_LOCKS, DEF(n) }
#define DEF(n) ((n) == 1 || (n) == 4 || (n) == 6 ? NO_AF : FLAGS_ALL)

#define SHIFT(n, name)                                                       \
    { name " m,imm8", 0xc0, n, F_BYTE | F_IMM8 | F_SHIFT, 0 },                \
    { name " m,1", 0xd0, n, F_BYTE | F_SHIFT, 0 },                           \
    { name " m,cl", 0xd2, n, F_BYTE | F_SHIFT, 0 }

static const struct form forms[] = {
    ALU(0, "add"), ALU(1, "or"), ALU(2, "adc"), ALU(3, "sbb"), ALU(4, "and"),
    ALU(5, "sub"), ALU(6, "xor"),
    { "cmp m,r", 0x38, -1, F_BYTE, FLAGS_ALL },
    { "cmp r,m", 0x3a, -1, F_BYTE, FLAGS_ALL },
    { "cmp m,imm8", 0x80, 7, F_IMM8, FLAGS_ALL },
    { "cmp m,imm", 0x81, 7, F_IMM, FLAGS_ALL },
    { "cmp m,simm8", 0x83, 7, F_IMM8, FLAGS_ALL },
    { "test m,r", 0x84, -1, F_BYTE, NO_AF },
    { "test m,imm8", 0xf6, 0, F_IMM8, NO_AF },
    { "test m,imm", 0xf7, 0, F_IMM, NO_AF },
    { "not", 0xf6, 2, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "neg", 0xf6, 3, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "inc", 0xfe, 0, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "dec", 0xfe, 1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "xchg", 0x86, -1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "mov m,r", 0x88, -1, F_BYTE, FLAGS_ALL },
    { "mov r,m", 0x8a, -1, F_BYTE, FLAGS_ALL },
    { "mov m,imm8", 0xc6, 0, F_IMM8, FLAGS_ALL },
    { "mov m,imm", 0xc7, 0, F_IMM, FLAGS_ALL },
    { "mov a,moffs", 0xa0, -1, F_BYTE | F_MOFFS, FLAGS_ALL },
    { "mov moffs,a", 0xa2, -1, F_BYTE | F_MOFFS, FLAGS_ALL },
    { "movsxd", 0x63, -1, F_ONLY64, FLAGS_ALL },
    { "movzx", 0x0fb6, -1, F_BYTE, FLAGS_ALL },
    { "movsx", 0x0fbe, -1, F_BYTE, FLAGS_ALL },
    { "movnti", 0x0fc3, -1, F_NO16, FLAGS_ALL },
    { "cmpxchg", 0x0fb0, -1, F_BYTE | F_LOCKS | F_CMPXCHG, FLAGS_ALL },
    { "xadd", 0x0fc0, -1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "bt m,r", 0x0fa3, -1, F_BITS, CF_ONLY },
    { "bts m,r", 0x0fab, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "btr m,r", 0x0fb3, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "btc m,r", 0x0fbb, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "bt m,imm8", 0x0fba, 4, F_IMM8, CF_ONLY },
    { "bts m,imm8", 0x0fba, 5, F_IMM8 | F_LOCKS, CF_ONLY },
    { "btr m,imm8", 0x0fba, 6, F_IMM8 | F_LOCKS, CF_ONLY },
    { "btc m,imm8", 0x0fba, 7, F_IMM8 | F_LOCKS, CF_ONLY },
    SHIFT(0, "rol"), SHIFT(1, "ror"), SHIFT(2, "rcl"), SHIFT(3, "rcr"),
    SHIFT(4, "shl"), SHIFT(5, "shr"), SHIFT(6, "sal"), SHIFT(7, "sar"),
    { "shld m,r,imm8", 0x0fa4, -1, F_IMM8 | F_DOUBLE, 0 },
    { "shld m,r,cl", 0x0fa5, -1, F_DOUBLE, 0 },
    { "shrd m,r,imm8", 0x0fac, -1, F_IMM8 | F_DOUBLE, 0 },
    { "shrd m,r,cl", 0x0fad, -1, F_DOUBLE, 0 },
    { "setcc", 0x0f90, -1, F_CONDITION, FLAGS_ALL },
    { "cmovcc", 0x0f40, -1, F_CONDITION, FLAGS_ALL },
    { "mul", 0xf6, 4, F_BYTE, CF_OF },
    { "imul", 0xf6, 5, F_BYTE, CF_OF },
    { "div", 0xf6, 6, F_BYTE | F_DIVIDE, 0 },
    { "idiv", 0xf6, 7, F_BYTE | F_DIVIDE | F_SIGNED, 0 },
    { "imul r,m", 0x0faf, -1, 0, CF_OF },
    { "imul r,m,imm", 0x69, -1, F_IMM, CF_OF },
    { "imul r,m,imm8", 0x6b, -1, F_IMM8, CF_OF },
    { "bsf", 0x0fbc, -1, F_SCAN, ZF_ONLY },
    { "bsr", 0x0fbd, -1, F_SCAN, ZF_ONLY },
    { "tzcnt", 0xf30fbc, -1, F_SCAN | F_NEW, CF_ZF },
    { "lzcnt", 0xf30fbd, -1, F_SCAN | F_NEW, CF_ZF },
    { "popcnt", 0xf30fb8, -1, F_SCAN | F_NEW, FLAGS_ALL },
    { "movbe r,m", 0x0f38f0, -1, F_NEW, FLAGS_ALL },
    { "movbe m,r", 0x0f38f1, -1, F_NEW, FLAGS_ALL },
    { "cmpxchg8b", 0x0fc7, 1, F_NO16 | F_LOCKS | F_PAIR, FLAGS_ALL },
    { "cmpxchg16b", 0x0fc7, 1, F_NO16 | F_LOCKS | F_PAIR | F_ONLY64 | F_REXW |
      F_ALIGNED | F_DEVICE, FLAGS_ALL },
    { "movups", 0x0f10, -1, F_XMM, FLAGS_ALL },
    { "movups m", 0x0f11, -1, F_XMM, FLAGS_ALL },
    { "movupd", 0x660f10, -1, F_XMM, FLAGS_ALL },
    { "movupd m", 0x660f11, -1, F_XMM, FLAGS_ALL },
    { "movss", 0xf30f10, -1, F_XMM, FLAGS_ALL },
    { "movss m", 0xf30f11, -1, F_XMM, FLAGS_ALL },
    { "movsd", 0xf20f10, -1, F_XMM, FLAGS_ALL },
    { "movsd m", 0xf20f11, -1, F_XMM, FLAGS_ALL },
    { "movlps", 0x0f12, -1, F_XMM, FLAGS_ALL },
    { "movlps m", 0x0f13, -1, F_XMM, FLAGS_ALL },
    { "movlpd", 0x660f12, -1, F_XMM, FLAGS_ALL },
    { "movlpd m", 0x660f13, -1, F_XMM, FLAGS_ALL },
    { "movhps", 0x0f16, -1, F_XMM, FLAGS_ALL },
    { "movhps m", 0x0f17, -1, F_XMM, FLAGS_ALL },
    { "movhpd", 0x660f16, -1, F_XMM, FLAGS_ALL },
    { "movhpd m", 0x660f17, -1, F_XMM, FLAGS_ALL },
    { "movaps", 0x0f28, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movaps m", 0x0f29, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movapd", 0x660f28, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movapd m", 0x660f29, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movntps", 0x0f2b, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movntpd", 0x660f2b, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movd", 0x660f6e, -1, F_XMM, FLAGS_ALL },
    { "movd m", 0x660f7e, -1, F_XMM, FLAGS_ALL },
    { "movq x,m", 0xf30f7e, -1, F_XMM, FLAGS_ALL },
    { "movq m,x", 0x660fd6, -1, F_XMM, FLAGS_ALL },
    { "movdqa", 0x660f6f, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movdqu", 0xf30f6f, -1, F_XMM, FLAGS_ALL },
    { "movdqa m", 0x660f7f, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "movdqu m", 0xf30f7f, -1, F_XMM, FLAGS_ALL },
    { "movntdq", 0x660fe7, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "lddqu", 0xf20ff0, -1, F_XMM, FLAGS_ALL },
    { "movntdqa", 0x660f382a, -1, F_XMM | F_ALIGNED, FLAGS_ALL },
    { "push m", 0xff, 6, F_STACK, FLAGS_ALL },
    { "pop m", 0x8f, 0, F_STACK, FLAGS_ALL },
    { "movs", 0xa4, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "cmps", 0xa6, -1, F_BYTE | F_STRING | F_COMPARE, FLAGS_ALL },
    { "stos", 0xaa, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "lods", 0xac, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "scas", 0xae, -1, F_BYTE | F_STRING | F_COMPARE, FLAGS_ALL },
};
#define NR_FORMS (sizeof(forms) / sizeof(*forms))

#endif
