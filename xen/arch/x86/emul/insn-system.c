/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables, the machine status word and segment registers, to and from
 * memory; and the few instructions that fit nowhere else.
 */
#include <hv/lib.h>

#include "insn.h"

/* SGDT, SIDT, LGDT, LIDT: `sub` is ModRM's. */
#define TABLE_LOAD 2
#define TABLE_IDT 1

#define CR0_LMSW 0xfUL
#define BASE_24 0xffffffUL /* what operands of 16 bits have of a base */

/* ---- descriptor tables ---- */

/* The limit and the base, each by an access of its own. */
static bool table(struct run *run)
{
    const struct insn *i = &run->i;
    bool load = i->sub & TABLE_LOAD;
    struct emul_table *t = i->sub & TABLE_IDT ? &run->r.idt : &run->r.gdt;
    unsigned int bytes = i->mode == 8 ? 8 : 4;
    uint64_t at = insn_address(run), limit, base;
    uint64_t used = i->mode == 8 ? ~0UL : i->op_bytes == 2 ? BASE_24
                                                           : mask_of(4);
    struct operand low, high;

    if ( run->r.cpl && (load || (run->r.cr4 & CR4_UMIP)) )
        return insn_raise(run, VECTOR_GP, 0);
    if ( load && !run->e->ops->put_regs )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !operand_map(run, i->seg, at, 2, !load, &low) ||
         !operand_map(run, i->seg, (at + 2) & mask_of(i->ad_bytes), bytes,
                      !load, &high) )
        return false;
    if ( !load )
        return operand_write(run, &low, t->limit) &&
               operand_write(run, &high, t->base & used);
    if ( !operand_read(run, &low, &limit) ||
         !operand_read(run, &high, &base) )
        return false;
    base &= used;
    if ( i->mode == 8 && (uint64_t)sign_extend(base, 6) != base )
        return insn_raise(run, VECTOR_GP, 0);
    *t = (struct emul_table){ base, (uint16_t)limit };
    run->changed = true;
    return true;
}

/* ---- the machine status word ---- */

static bool store_msw(struct run *run)
{
    struct operand o;

    if ( run->r.cpl && (run->r.cr4 & CR4_UMIP) )
        return insn_raise(run, VECTOR_GP, 0);
    return insn_map_memory(run, true, &o) &&
           operand_write(run, &o, run->r.cr0 & 0xffff);
}

/* The lowest four bits; PE is not cleared. */
static bool load_msw(struct run *run)
{
    const struct emul *e = run->e;
    struct operand o;
    uint64_t v;

    if ( run->r.cpl )
        return insn_raise(run, VECTOR_GP, 0);
    if ( !e->ops->write_cr0 )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !insn_map_memory(run, false, &o) || !operand_read(run, &o, &v) )
        return false;
    v = (run->r.cr0 & ~(CR0_LMSW & ~CR0_PE)) | (v & CR0_LMSW);
    return e->ops->write_cr0(e->arg, v) || insn_raise(run, VECTOR_GP, 0);
}

/* ---- segment registers ---- */

static bool from_segment(struct run *run)
{
    struct operand o;

    return insn_map_memory(run, true, &o) &&
           operand_write(run, &o, run->r.seg[run->i.sub].sel);
}

static bool to_segment(struct run *run)
{
    struct operand o;
    uint64_t sel;

    if ( !insn_map_memory(run, false, &o) || !operand_read(run, &o, &sel) )
        return false;
    run->shadow = run->i.sub == EMUL_SS;
    return segment_load(run, run->i.sub, (uint16_t)sel);
}

/* ---- others ---- */

static bool bound(struct run *run)
{
    const struct insn *i = &run->i;
    uint64_t at = insn_address(run), low, high;
    int64_t index = sign_extend(reg_read(run, i->reg, i->op_bytes),
                                i->op_bytes);
    struct operand o[2];

    if ( !operand_map(run, i->seg, at, i->op_bytes, false, &o[0]) ||
         !operand_map(run, i->seg, (at + i->op_bytes) & mask_of(i->ad_bytes),
                      i->op_bytes, false, &o[1]) ||
         !operand_read(run, &o[0], &low) || !operand_read(run, &o[1], &high) )
        return false;
    if ( index >= sign_extend(low, i->op_bytes) &&
         index <= sign_extend(high, i->op_bytes) )
        return true;
    return insn_raise(run, VECTOR_BR, 0);
}

static bool arpl(struct run *run)
{
    uint64_t rpl = run->r.gpr[run->i.reg] & 3, old;
    struct operand o;

    if ( !insn_protected(run) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( !insn_map_memory(run, true, &o) || !operand_read(run, &o, &old) )
        return false;
    run->r.rflags &= ~RFLAGS_ZF;
    if ( (old & 3) >= rpl )
        return true;
    run->r.rflags |= RFLAGS_ZF;
    return operand_update(run, &o, old, (old & ~3UL) | rpl);
}

static bool xlat(struct run *run)
{
    const struct insn *i = &run->i;
    uint64_t at = run->r.gpr[EMUL_RBX] + reg_read(run, EMUL_RAX, 1), v;
    struct operand o;

    if ( !operand_map(run, i->seg, at & mask_of(i->ad_bytes), 1, false, &o) ||
         !operand_read(run, &o, &v) )
        return false;
    reg_write(run, EMUL_RAX, 1, v);
    return true;
}

bool insn_system(struct run *run)
{
    struct operand o;

    switch ( run->i.op )
    {
    case OP_TABLE:
        return table(run);
    case OP_SMSW:
        return store_msw(run);
    case OP_LMSW:
        return load_msw(run);
    case OP_FROM_SEG:
        return from_segment(run);
    case OP_TO_SEG:
        return to_segment(run);
    case OP_BOUND:
        return bound(run);
    case OP_ARPL:
        return arpl(run);
    case OP_XLAT:
        return xlat(run);
    default: /* OP_FLUSH: nothing of a device is in a cache */
        return insn_map_memory(run, false, &o);
    }
}
