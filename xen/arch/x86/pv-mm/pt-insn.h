/* SPDX-License-Identifier: MIT */
/* Instructions that write to page table entries: pt-insn.c. */
#ifndef PT_INSN_H
#define PT_INSN_H

#include <hv/types.h>

#include <pv-mm/ops.h>

enum pt_op { PT_MOV, PT_XCHG, PT_CMPXCHG, PT_AND, PT_OR, PT_SET, PT_CLEAR };

struct pt_insn {
    enum pt_op op;
    uint8_t bytes;   /* of the memory operand: 8, or 1 (PT_AND, PT_OR) */
    uint8_t len;
    bool has_imm;    /* the other operand is imm, else register reg */
    uint8_t reg;
    uint64_t imm;    /* of PT_SET, PT_CLEAR: the number of the bit */
    uint64_t addr;   /* of the memory operand */
};

/*
 * Decode the instruction at regs->rip, which has at most 15 bytes.  False: it is
 * none of those, or cannot be read.
 */
bool pt_insn_decode(const struct pv_regs *regs, struct pt_insn *i) must_check;

/*
 * What the instruction makes of the operand `old`; in *flags those that the
 * instruction changes.
 */
uint64_t pt_insn_result(const struct pt_insn *i, const struct pv_regs *regs,
                        uint64_t old, uint64_t *flags);

#endif
