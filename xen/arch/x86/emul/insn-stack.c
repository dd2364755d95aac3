/* SPDX-License-Identifier: MIT */
/*
 * Instructions that use the stack, which may be a device's memory, and near
 * calls and jumps through memory.
 *
 * All operands are mapped before one is accessed, so that an instruction that
 * faults has written nothing to a device.
 */
#include <hv/lib.h>

#include "insn.h"

/* How deep ENTER may nest: EMUL_MAX_STEPS has room for it. */
#define MAX_NESTING 4

/* ---- slots ---- */

static unsigned int stack_bytes(const struct run *run)
{
    if ( run->i.mode == 8 )
        return 8;
    return run->r.seg[EMUL_SS].attr & EMUL_SEG_DB ? 4 : 2;
}

void stack_move(struct run *run, int64_t by)
{
    /* With a stack of 16 bits the rest of the register stays. */
    reg_write(run, EMUL_RSP, stack_bytes(run),
              run->r.gpr[EMUL_RSP] + (uint64_t)by);
}

static bool map_top(struct run *run, bool write, unsigned int bytes,
                    struct operand *o)
{
    return operand_map(run, EMUL_SS, reg_read(run, EMUL_RSP, stack_bytes(run)),
                       bytes, write, o);
}

bool stack_push_slots(struct run *run, unsigned int n, unsigned int bytes,
                      struct operand slot[])
{
    for ( unsigned int k = 0; k < n; k++ )
    {
        stack_move(run, -(int64_t)bytes);
        if ( !map_top(run, true, bytes, &slot[k]) )
            return false;
    }
    return true;
}

bool stack_pop_slots(struct run *run, unsigned int n, unsigned int bytes,
                     struct operand slot[])
{
    for ( unsigned int k = 0; k < n; k++ )
    {
        if ( !map_top(run, false, bytes, &slot[k]) )
            return false;
        stack_move(run, bytes);
    }
    return true;
}

static bool push(struct run *run, uint64_t value)
{
    unsigned int bytes = run->i.op_bytes;
    struct operand to;

    return stack_push_slots(run, 1, bytes, &to) &&
           operand_write(run, &to, value & mask_of(bytes));
}

static bool pop(struct run *run, uint64_t *value)
{
    struct operand from;

    return stack_pop_slots(run, 1, run->i.op_bytes, &from) &&
           operand_read(run, &from, value);
}

/* ---- memory operands ---- */

static bool push_memory(struct run *run)
{
    struct operand from, to;
    uint64_t v;

    return insn_map_memory(run, false, &from) &&
           stack_push_slots(run, 1, run->i.bytes, &to) &&
           operand_read(run, &from, &v) && operand_write(run, &to, v);
}

/* An address by rsp is that after the pop. */
static bool pop_memory(struct run *run)
{
    struct operand from, to;
    uint64_t v;

    return stack_pop_slots(run, 1, run->i.bytes, &from) &&
           insn_map_memory(run, true, &to) &&
           operand_read(run, &from, &v) && operand_write(run, &to, v);
}

/* ---- near transfers ---- */

bool insn_jump(struct run *run, uint64_t target)
{
    bool ok = run->i.mode == 8
                  ? (uint64_t)sign_extend(target, 6) == target
                  : target <= run->r.seg[EMUL_CS].limit;

    if ( !ok )
        return insn_raise(run, VECTOR_GP, 0);
    run->r.rip = target;
    run->jumped = true;
    return true;
}

static uint64_t next_rip(const struct run *run)
{
    return run->r.rip + run->i.len;
}

static bool jump_memory(struct run *run)
{
    struct operand from, to;
    bool call = run->i.op == OP_CALL;
    uint64_t target, back = next_rip(run) & mask_of(run->i.op_bytes);

    return insn_map_memory(run, false, &from) &&
           (!call || stack_push_slots(run, 1, run->i.op_bytes, &to)) &&
           operand_read(run, &from, &target) && insn_jump(run, target) &&
           (!call || operand_write(run, &to, back));
}

static bool call(struct run *run)
{
    uint64_t back = next_rip(run);
    uint64_t target = (back + (uint64_t)run->i.imm) &
                      mask_of(run->i.op_bytes);

    return insn_jump(run, target) && push(run, back);
}

static bool ret(struct run *run)
{
    uint64_t target;

    if ( !pop(run, &target) )
        return false;
    stack_move(run, run->i.imm2);
    return insn_jump(run, target);
}

/* ---- flags ---- */

/* Virtual-8086 mode without IOPL 3: #GP, or CR4.VME's virtual flags. */
static bool flags_are_free(struct run *run)
{
    uint64_t flags = run->r.rflags;

    if ( !(flags & RFLAGS_VM) || (flags & RFLAGS_IOPL) == RFLAGS_IOPL )
        return true;
    return run->r.cr4 & CR4_VME ? insn_stop(run, EMUL_UNHANDLEABLE)
                                : insn_raise(run, VECTOR_GP, 0);
}

static bool pop_flags(struct run *run)
{
    uint64_t flags = run->r.rflags, v, may = RFLAGS_ARITH | RFLAGS_TF |
                     RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID;

    if ( !flags_are_free(run) || !pop(run, &v) )
        return false;
    if ( !(flags & RFLAGS_VM) && !run->r.cpl )
        may |= RFLAGS_IOPL;
    if ( run->r.cpl <= (flags & RFLAGS_IOPL) >> RFLAGS_IOPL_SHIFT )
        may |= RFLAGS_IF;
    may &= mask_of(run->i.op_bytes);
    run->r.rflags = (flags & ~may) | (v & may);
    return true;
}

/* ---- all registers, and frames ---- */

static bool push_all(struct run *run)
{
    unsigned int bytes = run->i.op_bytes;
    struct operand slot[MAX_SLOTS];
    struct emul_regs before = run->r;

    if ( !stack_push_slots(run, MAX_SLOTS, bytes, slot) )
        return false;
    for ( unsigned int k = 0; k < MAX_SLOTS; k++ )
        if ( !operand_write(run, &slot[k], before.gpr[k] & mask_of(bytes)) )
            return false;
    return true;
}

static bool pop_all(struct run *run)
{
    struct operand slot[MAX_SLOTS];
    uint64_t v;

    if ( !stack_pop_slots(run, MAX_SLOTS, run->i.op_bytes, slot) )
        return false;
    for ( unsigned int k = 0; k < MAX_SLOTS; k++ )
    {
        unsigned int reg = MAX_SLOTS - 1 - k;

        if ( !operand_read(run, &slot[k], &v) )
            return false;
        if ( reg != EMUL_RSP )
            reg_write(run, reg, run->i.op_bytes, v);
    }
    return true;
}

static bool enter(struct run *run)
{
    unsigned int bytes = run->i.op_bytes, level = run->i.imm & 31;
    uint64_t frame, v, at = run->r.gpr[EMUL_RBP];
    struct operand o;

    if ( level > MAX_NESTING )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !push(run, at) )
        return false;
    frame = run->r.gpr[EMUL_RSP];
    for ( unsigned int k = 1; k < level; k++ )
    {
        at = (at - bytes) & mask_of(stack_bytes(run));
        if ( !operand_map(run, EMUL_SS, at, bytes, false, &o) ||
             !operand_read(run, &o, &v) || !push(run, v) )
            return false;
    }
    if ( level && !push(run, frame) )
        return false;
    reg_write(run, EMUL_RBP, bytes, frame);
    stack_move(run, -(int64_t)run->i.imm2);
    return true;
}

static bool leave(struct run *run)
{
    uint64_t v;

    reg_write(run, EMUL_RSP, stack_bytes(run), run->r.gpr[EMUL_RBP]);
    if ( !pop(run, &v) )
        return false;
    reg_write(run, EMUL_RBP, run->i.op_bytes, v);
    return true;
}

/* ---- all of them ---- */

bool insn_stack(struct run *run)
{
    const struct insn *i = &run->i;
    uint64_t v;

    switch ( i->op )
    {
    case OP_PUSH:
        return push_memory(run);
    case OP_POP:
        return pop_memory(run);
    case OP_CALL:
    case OP_JMP:
        return jump_memory(run);
    case OP_PUSH_REG:
        return push(run, run->r.gpr[i->reg]);
    case OP_PUSH_IMM:
        return push(run, (uint64_t)i->imm);
    case OP_PUSH_SEG:
        return push(run, run->r.seg[i->sub].sel);
    case OP_PUSHF:
        return flags_are_free(run) &&
               push(run, run->r.rflags & ~(RFLAGS_VM | RFLAGS_RF));
    case OP_POP_REG:
        if ( !pop(run, &v) )
            return false;
        reg_write(run, i->reg, i->op_bytes, v);
        return true;
    case OP_POP_SEG:
        run->shadow = i->sub == EMUL_SS;
        return pop(run, &v) && segment_load(run, i->sub, (uint16_t)v);
    case OP_POPF:
        return pop_flags(run);
    case OP_PUSHA:
        return push_all(run);
    case OP_POPA:
        return pop_all(run);
    case OP_CALL_IMM:
        return call(run);
    case OP_RET:
        return ret(run);
    case OP_ENTER:
        return enter(run);
    default: /* OP_LEAVE */
        return leave(run);
    }
}
