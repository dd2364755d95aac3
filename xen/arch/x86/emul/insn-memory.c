/* SPDX-License-Identifier: MIT */
/* Execution of an instruction that has a memory operand of up to 8 bytes. */
#include <hv/lib.h>

#include "insn.h"

/* ---- registers ---- */

static bool is_high_byte(const struct run *run, unsigned int reg,
                         unsigned int bytes)
{
    return bytes == 1 && !run->i.rex && reg >= 4;
}

/* Byte registers: AH to BH without REX. */
static uint64_t operand_reg_read(const struct run *run, unsigned int reg,
                                 unsigned int bytes)
{
    if ( is_high_byte(run, reg, bytes) )
        return run->r.gpr[reg - 4] >> 8 & 0xff;
    return reg_read(run, reg, bytes);
}

static void operand_reg_write(struct run *run, unsigned int reg,
                              unsigned int bytes, uint64_t value)
{
    uint64_t *r = &run->r.gpr[reg & 3];

    if ( is_high_byte(run, reg, bytes) )
        *r = (*r & ~0xff00UL) | (value & 0xff) << 8;
    else
        reg_write(run, reg, bytes, value);
}

/* Two registers of the operand's size; of 1 byte: AL and AH. */
static struct pair pair_read(const struct run *run)
{
    unsigned int bytes = run->i.bytes;
    uint64_t rax = run->r.gpr[EMUL_RAX];

    if ( bytes == 1 )
        return (struct pair){ rax & 0xff, rax >> 8 & 0xff };
    return (struct pair){ reg_read(run, EMUL_RAX, bytes),
                          reg_read(run, EMUL_RDX, bytes) };
}

static void pair_write(struct run *run, struct pair p)
{
    unsigned int bytes = run->i.bytes;

    if ( bytes == 1 )
    {
        reg_write(run, EMUL_RAX, 2, p.high << 8 | p.low);
        return;
    }
    reg_write(run, EMUL_RAX, bytes, p.low);
    reg_write(run, EMUL_RDX, bytes, p.high);
}

/* ---- operands ---- */

uint64_t insn_address(const struct run *run)
{
    const struct insn *i = &run->i;
    uint64_t offset = (uint64_t)i->disp;

    if ( i->base != NO_REG )
        offset += run->r.gpr[i->base];
    if ( i->index != NO_REG )
        offset += run->r.gpr[i->index] << i->scale;
    if ( i->rip_relative )
        offset += run->r.rip + i->len;
    return offset & mask_of(i->ad_bytes);
}

bool insn_map_memory(struct run *run, bool write, struct operand *o)
{
    return operand_map(run, run->i.seg, insn_address(run), run->i.bytes,
                       write, o);
}

static uint64_t source(const struct run *run)
{
    return run->i.has_imm ? (uint64_t)run->i.imm
                          : operand_reg_read(run, run->i.reg, run->i.bytes);
}

static uint64_t swap_bytes(uint64_t v, unsigned int bytes)
{
    return __builtin_bswap64(v) >> (64 - bytes * 8);
}

/* ---- one memory operand ---- */

static bool execute_mov(struct run *run)
{
    struct insn *i = &run->i;
    struct operand o;
    uint64_t v;

    if ( !insn_map_memory(run, !i->to_reg, &o) )
        return false;
    if ( !i->to_reg )
        return operand_write(run, &o, source(run));
    if ( !operand_read(run, &o, &v) )
        return false;
    if ( i->op == OP_MOVSX )
        v = (uint64_t)sign_extend(v, i->bytes);
    if ( i->op == OP_MOVBE )
        v = swap_bytes(v, i->bytes);
    if ( i->op == OP_MOV )
        operand_reg_write(run, i->reg, i->bytes, v);
    else
        reg_write(run, i->reg, i->op_bytes, v);
    return true;
}

/* Memory is read only: what becomes of the registers. */
static bool use(struct run *run, uint64_t v)
{
    struct insn *i = &run->i;
    uint64_t a = source(run), *flags = &run->r.rflags;
    struct pair p;

    switch ( i->op )
    {
    case OP_TEST:
        insn_alu(ALU_AND, v, a, i->bytes, flags);
        break;
    case OP_ALU:
        if ( !i->to_reg )
            insn_alu(i->sub, v, a, i->bytes, flags);
        else
        {
            v = insn_alu(i->sub, a, v, i->bytes, flags);
            if ( i->sub != ALU_CMP )
                operand_reg_write(run, i->reg, i->bytes, v);
        }
        break;
    case OP_CMOV: /* the upper half goes in either case */
        if ( !insn_condition(i->sub, *flags) )
            v = reg_read(run, i->reg, i->bytes);
        reg_write(run, i->reg, i->bytes, v);
        break;
    case OP_IMUL:
        p = insn_multiply(true, v, a, i->bytes, flags);
        reg_write(run, i->reg, i->bytes, p.low);
        break;
    case OP_MULTIPLY:
        a = reg_read(run, EMUL_RAX, i->bytes);
        pair_write(run, insn_multiply(i->sub, a, v, i->bytes, flags));
        break;
    case OP_DIVIDE:
        p = pair_read(run);
        if ( !insn_divide(i->sub, &p, v, i->bytes) )
            return insn_raise(run, VECTOR_DE, 0);
        pair_write(run, p);
        break;
    case OP_CRC32:
        a = insn_crc32((uint32_t)run->r.gpr[i->reg], v, i->bytes);
        reg_write(run, i->reg, 4, a);
        break;
    default: /* OP_SCAN */
        if ( insn_scan(i->sub, v, i->bytes, &v, flags) )
            reg_write(run, i->reg, i->bytes, v);
        break;
    }
    return true;
}

static bool execute_read(struct run *run)
{
    struct operand o;
    uint64_t v;

    return insn_map_memory(run, false, &o) && operand_read(run, &o, &v) &&
           use(run, v);
}

/* SETcc, and MOVBE to memory. */
static bool execute_write(struct run *run)
{
    const struct insn *i = &run->i;
    struct operand o;
    uint64_t v;

    if ( i->op == OP_SET )
        v = insn_condition(i->sub, run->r.rflags);
    else
        v = swap_bytes(source(run), i->bytes);
    return insn_map_memory(run, true, &o) && operand_write(run, &o, v);
}

/* ---- read, then written ---- */

static uint64_t shift_count(const struct run *run)
{
    return run->i.has_imm ? (uint64_t)run->i.imm
                          : reg_read(run, EMUL_RCX, 1);
}

/* CMPXCHG8B */
static uint64_t compare_pair(struct run *run, uint64_t old)
{
    uint64_t expected = reg_read(run, EMUL_RDX, 4) << 32 |
                        reg_read(run, EMUL_RAX, 4);

    if ( old == expected )
    {
        run->r.rflags |= RFLAGS_ZF;
        return reg_read(run, EMUL_RCX, 4) << 32 | reg_read(run, EMUL_RBX, 4);
    }
    run->r.rflags &= ~RFLAGS_ZF;
    reg_write(run, EMUL_RAX, 4, old);
    reg_write(run, EMUL_RDX, 4, old >> 32);
    return old; /* there is always a write */
}

/* What an instruction that reads and writes memory makes of `old`. */
static uint64_t modify(struct run *run, uint64_t old)
{
    struct insn *i = &run->i;
    uint64_t *flags = &run->r.rflags, v = source(run), new, ignored = 0;

    switch ( i->op )
    {
    case OP_ALU:
        return insn_alu(i->sub, old, v, i->bytes, flags);
    case OP_NOT:
        return insn_alu(ALU_XOR, old, ~0UL, i->bytes, &ignored);
    case OP_NEG:
        return insn_alu(ALU_SUB, 0, old, i->bytes, flags);
    case OP_INC:
        return insn_alu_inc(old, i->bytes, flags);
    case OP_DEC:
        return insn_alu_dec(old, i->bytes, flags);
    case OP_XADD:
        new = insn_alu(ALU_ADD, old, v, i->bytes, flags);
        operand_reg_write(run, i->reg, i->bytes, old);
        return new;
    case OP_SHIFT:
        v = shift_count(run);
        return insn_shift(i->sub, old, v, i->bytes, flags);
    case OP_SHIFT_DOUBLE:
        new = reg_read(run, i->reg, i->bytes);
        v = shift_count(run);
        return insn_shift_double(i->sub, old, new, v, i->bytes, flags);
    case OP_CMPXCHG_PAIR:
        return compare_pair(run, old);
    case OP_CMPXCHG:
        v = reg_read(run, EMUL_RAX, i->bytes);
        insn_alu(ALU_CMP, v, old, i->bytes, flags);
        if ( *flags & RFLAGS_ZF )
            return source(run);
        reg_write(run, EMUL_RAX, i->bytes, old);
        return old; /* there is always a write */
    default: /* OP_XCHG */
        operand_reg_write(run, i->reg, i->bytes, old);
        return v;
    }
}

static bool execute_modify(struct run *run)
{
    struct operand o;
    uint64_t old;

    return insn_map_memory(run, true, &o) && operand_read(run, &o, &old) &&
           operand_update(run, &o, old, modify(run, old));
}

/* A register's bit offset is signed and reaches beyond the operand. */
static bool execute_bit(struct run *run)
{
    struct insn *i = &run->i;
    uint64_t offset = insn_address(run), old, new;
    unsigned int bits = i->bytes * 8U;
    struct operand o;
    int64_t bit = i->imm;

    if ( !i->has_imm )
    {
        bit = sign_extend(reg_read(run, i->reg, i->bytes), i->bytes);
        offset += (uint64_t)(bit >> __builtin_ctz(bits)) * i->bytes;
        offset &= mask_of(i->ad_bytes);
    }
    if ( !operand_map(run, i->seg, offset, i->bytes, i->sub != BIT_TEST, &o) ||
         !operand_read(run, &o, &old) )
        return false;
    new = insn_alu_bit(i->sub, old, (unsigned int)bit & (bits - 1),
                       &run->r.rflags);
    return i->sub == BIT_TEST || operand_update(run, &o, old, new);
}

/* ---- all of them ---- */

bool insn_memory(struct run *run)
{
    struct insn *i = &run->i;

    switch ( i->op )
    {
    case OP_MOV:
    case OP_MOVZX:
    case OP_MOVSX:
        return execute_mov(run);
    case OP_MOVBE:
        return i->to_reg ? execute_mov(run) : execute_write(run);
    case OP_SET:
        return execute_write(run);
    case OP_ALU:
        return i->to_reg || i->sub == ALU_CMP ? execute_read(run)
                                              : execute_modify(run);
    case OP_TEST:
    case OP_CMOV:
    case OP_IMUL:
    case OP_MULTIPLY:
    case OP_DIVIDE:
    case OP_SCAN:
    case OP_CRC32:
        return execute_read(run);
    case OP_BIT:
        return execute_bit(run);
    case OP_PUSH ... OP_JMP:
    case OP_PUSH_REG ... OP_LEAVE:
        return insn_stack(run);
    case OP_CALL_FAR ... OP_FAR_POINTER:
    case OP_CALL_FAR_IMM ... OP_IRET:
        return insn_far(run);
    case OP_SELECTOR ... OP_LSL:
        return insn_selector(run);
    case OP_FROM_SEG ... OP_TO_SEG:
    case OP_TABLE ... OP_FLUSH:
    case OP_LMSW:
    case OP_XLAT:
        return insn_system(run);
    case OP_VECTOR:
        return insn_vector(run);
    case OP_MXCSR:
        return insn_mxcsr(run);
    case OP_MASKED:
        return insn_masked_elements(run);
    case OP_MASKED_BYTES:
        return insn_masked_bytes(run);
    case OP_CMPXCHG_PAIR:
        return i->bytes == 16 ? insn_cmpxchg16(run) : execute_modify(run);
    default:
        return execute_modify(run);
    }
}
