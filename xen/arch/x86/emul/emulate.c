/* SPDX-License-Identifier: MIT */
/* Execution of one instruction, and its end. */
#include <hv/lib.h>

#include "insn.h"

/* ---- registers ---- */

uint64_t reg_read(const struct run *run, unsigned int reg, unsigned int bytes)
{
    return run->r.gpr[reg] & mask_of(bytes);
}

void reg_write(struct run *run, unsigned int reg, unsigned int bytes,
               uint64_t value)
{
    uint64_t *r = &run->r.gpr[reg], mask = mask_of(bytes);

    *r = bytes == 4 ? (uint32_t)value : (*r & ~mask) | (value & mask);
}

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

/* ---- operands ---- */

static uint64_t effective_address(const struct run *run)
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

static bool map_memory(struct run *run, bool write, struct operand *o)
{
    return operand_map(run, run->i.seg, effective_address(run), run->i.bytes,
                       write, o);
}

static uint64_t source(const struct run *run)
{
    return run->i.has_imm ? (uint64_t)run->i.imm
                          : operand_reg_read(run, run->i.reg, run->i.bytes);
}

/* ---- one memory operand ---- */

static bool execute_mov(struct run *run)
{
    struct insn *i = &run->i;
    struct operand o;
    uint64_t v;

    if ( !map_memory(run, !i->to_reg, &o) )
        return false;
    if ( !i->to_reg )
        return operand_write(run, &o, source(run));
    if ( !operand_read(run, &o, &v) )
        return false;
    if ( i->op == OP_MOVSX )
        v = (uint64_t)sign_extend(v, i->bytes);
    if ( i->op == OP_MOV )
        operand_reg_write(run, i->reg, i->bytes, v);
    else
        reg_write(run, i->reg, i->op_bytes, v);
    return true;
}

/* Memory is read only: ALU to a register, CMP, TEST. */
static bool execute_read(struct run *run)
{
    struct insn *i = &run->i;
    enum alu_op op = i->op == OP_TEST ? ALU_AND : i->sub;
    uint64_t a = source(run), v;
    struct operand o;

    if ( !map_memory(run, false, &o) || !operand_read(run, &o, &v) )
        return false;
    if ( !i->to_reg )
        insn_alu(op, v, a, i->bytes, &run->r.rflags);
    else
    {
        v = insn_alu(op, a, v, i->bytes, &run->r.rflags);
        if ( op != ALU_CMP )
            operand_reg_write(run, i->reg, i->bytes, v);
    }
    return true;
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
    case OP_CMPXCHG:
        v = reg_read(run, EMUL_RAX, i->bytes);
        insn_alu(ALU_CMP, v, old, i->bytes, flags);
        if ( *flags & X86_ZF )
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

    return map_memory(run, true, &o) && operand_read(run, &o, &old) &&
           operand_update(run, &o, old, modify(run, old));
}

/* A register's bit offset is signed and reaches beyond the operand. */
static bool execute_bit(struct run *run)
{
    struct insn *i = &run->i;
    uint64_t offset = effective_address(run), old, new;
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

/* ---- the stack ---- */

static unsigned int stack_bytes(const struct run *run)
{
    if ( run->i.mode == 8 )
        return 8;
    return run->r.seg[EMUL_SS].attr & EMUL_SEG_DB ? 4 : 2;
}

static void move_stack(struct run *run, int64_t by)
{
    /* With a stack of 16 bits the rest of the register stays. */
    reg_write(run, EMUL_RSP, stack_bytes(run),
              run->r.gpr[EMUL_RSP] + (uint64_t)by);
}

static bool map_stack(struct run *run, bool write, struct operand *o)
{
    return operand_map(run, EMUL_SS, reg_read(run, EMUL_RSP, stack_bytes(run)),
                       run->i.bytes, write, o);
}

static bool execute_push(struct run *run)
{
    struct operand from, to;
    uint64_t v;

    if ( !map_memory(run, false, &from) )
        return false;
    move_stack(run, -run->i.bytes);
    return map_stack(run, true, &to) && operand_read(run, &from, &v) &&
           operand_write(run, &to, v);
}

/* An address by rsp is that after the pop. */
static bool execute_pop(struct run *run)
{
    struct operand from, to;
    uint64_t v;

    if ( !map_stack(run, false, &from) )
        return false;
    move_stack(run, run->i.bytes);
    return map_memory(run, true, &to) && operand_read(run, &from, &v) &&
           operand_write(run, &to, v);
}

/* ---- ports ---- */

bool port_allowed(struct run *run, uint16_t port, unsigned int bytes, bool in)
{
    const struct emul *e = run->e;

    return (e->port_known && e->port == port && e->port_size == bytes &&
            e->port_in == in) || insn_stop(run, EMUL_RETRY);
}

static bool execute_port(struct run *run)
{
    struct insn *i = &run->i;
    bool in = i->op == OP_IN;
    ioreq_t p = {
        .type = IOREQ_TYPE_PIO,
        .addr = i->has_imm ? (uint8_t)i->imm : reg_read(run, EMUL_RDX, 2),
        .data = in ? 0 : reg_read(run, EMUL_RAX, i->bytes),
        .size = i->bytes,
        .count = 1,
        .dir = in ? IOREQ_READ : IOREQ_WRITE,
    };

    if ( !port_allowed(run, (uint16_t)p.addr, i->bytes, in) ||
         !insn_io(run, STEP_IO, &p) )
        return false;
    if ( in )
        reg_write(run, EMUL_RAX, i->bytes, p.data);
    return true;
}

/* ---- all of them ---- */

static bool may_lock(const struct insn *i)
{
    switch ( i->op )
    {
    case OP_ALU:
        return i->memory && !i->to_reg && i->sub != ALU_CMP;
    case OP_BIT:
        return i->memory && i->sub != BIT_TEST;
    case OP_NOT:
    case OP_NEG:
    case OP_INC:
    case OP_DEC:
    case OP_XCHG:
    case OP_XADD:
    case OP_CMPXCHG:
        return i->memory;
    default:
        return false;
    }
}

static bool execute(struct run *run)
{
    struct insn *i = &run->i;

    if ( i->lock && !may_lock(i) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( i->op == OP_IN || i->op == OP_OUT )
        return execute_port(run);
    if ( i->op >= OP_MOVS && i->op <= OP_OUTS )
        return insn_string(run);
    /* Registers only: the code is not what it was, or makes no access. */
    if ( !i->memory || run->e->port_known )
        return insn_stop(run, EMUL_RETRY);
    switch ( i->op )
    {
    case OP_MOV:
    case OP_MOVZX:
    case OP_MOVSX:
        return execute_mov(run);
    case OP_TEST:
        return execute_read(run);
    case OP_ALU:
        return i->to_reg || i->sub == ALU_CMP ? execute_read(run)
                                              : execute_modify(run);
    case OP_BIT:
        return execute_bit(run);
    case OP_PUSH:
        return execute_push(run);
    case OP_POP:
        return execute_pop(run);
    default:
        return execute_modify(run);
    }
}

void insn_commit(struct run *run)
{
    memcpy(run->e->regs.gpr, run->r.gpr, sizeof(run->r.gpr));
    run->e->regs.rflags = run->r.rflags;
    run->e->nr_steps = 0;
    run->step = 0;
}

static enum emul_result run_once(struct emul *e)
{
    struct run run = { .e = e, .r = e->regs };

    if ( !insn_decode(&run) || !execute(&run) )
        return run.result;
    run.r.rflags &= ~X86_RF;
    insn_commit(&run);
    e->regs.rip = (run.r.rip + run.i.len) & mask_of(run.i.mode);
    return EMUL_DONE;
}

static void start(struct emul *e)
{
    e->started = true;
    e->nr_code = e->nr_steps = 0;
    e->elements = 0;
}

enum emul_result emulate(struct emul *e)
{
    enum emul_result result;

    if ( e->waiting )
        return EMUL_PENDING;
    if ( !e->started )
        start(e);
    result = run_once(e);
    if ( result != EMUL_PENDING )
        emul_reset(e);
    return result;
}

enum emul_result emul_port_string(struct emul *e, uint16_t port,
                                  unsigned int size, bool in)
{
    ASSERT(!e->started);
    e->port_known = true;
    e->port_in = in;
    e->port_size = (uint8_t)size;
    e->port = port;
    return emulate(e);
}

void emul_answer(struct emul *e, uint64_t data)
{
    struct emul_step *s = &e->step[e->nr_steps];

    ASSERT(e->waiting && e->nr_steps < EMUL_MAX_STEPS);
    s->value = s->kind == STEP_BATCH ? 1 : data & mask_of(s->bytes);
    e->nr_steps++;
    e->waiting = false;
}

void emul_reset(struct emul *e)
{
    e->started = e->waiting = e->port_known = false;
}

unsigned int emul_insn_length(struct emul *e, enum emul_insn insn)
{
    struct run run = { .e = e, .r = e->regs };
    bool ok;

    start(e);
    ok = insn_decode(&run) && run.i.op == OP_SIMPLE && run.i.sub == insn &&
         !run.i.lock;
    emul_reset(e);
    return ok ? run.i.len : 0;
}
