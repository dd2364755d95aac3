/* SPDX-License-Identifier: MIT */
/*
 * Far calls, jumps and returns, within a privilege level, and far pointers
 * that are loaded from memory.
 */
#include <hv/lib.h>

#include "insn.h"

/* Loading CS, and rip within it. */
static bool jump_far(struct run *run, const struct emul_seg *cs,
                     uint64_t target)
{
    bool wide = (run->r.efer & EFER_LMA) && (cs->attr & EMUL_SEG_L);
    bool ok = wide ? (uint64_t)sign_extend(target, 6) == target
                   : target <= cs->limit;

    if ( !ok )
        return insn_raise(run, VECTOR_GP, 0);
    run->r.seg[EMUL_CS] = *cs;
    run->r.rip = target;
    run->jumped = run->changed = true;
    return true;
}

/* The offset, then the selector, each by an access of its own. */
static bool read_pointer(struct run *run, uint64_t *offset, uint16_t *sel)
{
    const struct insn *i = &run->i;
    uint64_t at = insn_address(run), v;
    struct operand low, high;

    if ( !operand_map(run, i->seg, at, i->op_bytes, false, &low) ||
         !operand_map(run, i->seg, (at + i->op_bytes) & mask_of(i->ad_bytes),
                      2, false, &high) ||
         !operand_read(run, &low, offset) || !operand_read(run, &high, &v) )
        return false;
    *sel = (uint16_t)v;
    return true;
}

static bool call_far(struct run *run, uint64_t target, uint16_t sel)
{
    uint64_t back = (run->r.rip + run->i.len) & mask_of(run->i.op_bytes);
    uint16_t old = run->r.seg[EMUL_CS].sel;
    struct operand slot[2];
    struct emul_seg cs;

    return segment_code(run, sel, false, &cs) &&
           stack_push_slots(run, 2, run->i.op_bytes, slot) &&
           jump_far(run, &cs, target) && operand_write(run, &slot[0], old) &&
           operand_write(run, &slot[1], back);
}

static bool ret_far(struct run *run)
{
    struct operand slot[2];
    uint64_t target, sel;
    struct emul_seg cs;

    if ( !stack_pop_slots(run, 2, run->i.op_bytes, slot) ||
         !operand_read(run, &slot[0], &target) ||
         !operand_read(run, &slot[1], &sel) ||
         !segment_code(run, (uint16_t)sel, true, &cs) )
        return false;
    stack_move(run, run->i.imm2);
    return jump_far(run, &cs, target);
}

/* In real mode only, as Xen does it. */
static bool iret(struct run *run)
{
    uint64_t target, sel, flags, keep = RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP;
    struct operand slot[3];
    struct emul_seg cs;

    if ( run->r.cr0 & CR0_PE )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !stack_pop_slots(run, 3, run->i.op_bytes, slot) ||
         !operand_read(run, &slot[0], &target) ||
         !operand_read(run, &slot[1], &sel) ||
         !operand_read(run, &slot[2], &flags) ||
         !segment_code(run, (uint16_t)sel, true, &cs) ||
         !jump_far(run, &cs, target) )
        return false;
    keep |= ~(RFLAGS_DEFINED & mask_of(run->i.op_bytes));
    run->r.rflags = (run->r.rflags & keep) | (flags & ~keep) | RFLAGS_FIXED;
    return true;
}

bool insn_far(struct run *run)
{
    const struct insn *i = &run->i;
    struct emul_seg cs;
    uint64_t offset;
    uint16_t sel;

    if ( i->op == OP_RET_FAR )
        return ret_far(run);
    if ( i->op == OP_IRET )
        return iret(run);
    if ( i->op == OP_CALL_FAR_IMM )
        return call_far(run, (uint64_t)i->imm & mask_of(i->op_bytes), i->imm2);
    if ( !read_pointer(run, &offset, &sel) )
        return false;
    switch ( i->op )
    {
    case OP_CALL_FAR:
        return call_far(run, offset, sel);
    case OP_JMP_FAR:
        return segment_code(run, sel, false, &cs) &&
               jump_far(run, &cs, offset);
    default: /* LDS, LES, LSS, LFS, LGS */
        if ( !segment_load(run, i->sub, sel) )
            return false;
        reg_write(run, i->reg, i->op_bytes, offset);
        return true;
    }
}
