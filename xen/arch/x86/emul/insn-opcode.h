/* SPDX-License-Identifier: MIT */
/* Between the two halves of the decoder: opcodes and what follows them. */
#ifndef EMUL_INSN_OPCODE_H
#define EMUL_INSN_OPCODE_H

#include "insn.h"

/* What follows an opcode, and how its operands are. */
#define MODRM 0x001
#define BYTE 0x002   /* operands of one byte                               */
#define TO_REG 0x004
#define IMM8 0x008   /* sign-extended                                      */
#define IMM 0x010    /* of operand size, at most 4 bytes, sign-extended    */
#define MOFFS 0x020  /* an address instead of ModRM                        */
#define STRING 0x040
#define PORT_IMM 0x080
#define D64 0x100    /* 64-bit code: operands of 8 bytes, or 2             */
#define NO64 0x200   /* not in 64-bit code                                 */
#define IMM2 0x400   /* 2 bytes into imm2, before or after the immediate   */
#define LOW_REG 0x800 /* the register is the opcode's last three bits      */


struct opcode {
    uint8_t op;
    uint16_t flags;
};

/* ---- insn-opcode.c; opcode: | 0x100 behind 0f, | 0x200 behind 0f 38 ---- */

/* Never NULL; without an operation: nothing is known of its length. */
const struct opcode *insn_opcode(unsigned int opcode);
/*
 * With ModRM taken: sets op, sub, sizes and direction (OP_NONE: not known).
 * Returns the flags of what follows.
 */
unsigned int insn_resolve(struct insn *i, const struct opcode *o,
                          unsigned int opcode);

#endif
