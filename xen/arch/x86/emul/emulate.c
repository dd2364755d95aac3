/* SPDX-License-Identifier: MIT */
/* Execution of one instruction, and its end. */
#include <hv/lib.h>

#include "insn-vector.h"

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
    case OP_CMPXCHG_PAIR:
        return i->memory;
    default:
        return false;
    }
}

static bool execute(struct run *run)
{
    struct insn *i = &run->i;

    if ( i->op >= OP_MOV_CR && i->op < OP_LMSW )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( i->lock && !may_lock(i) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( !insn_has_feature(run, insn_feature_of(i)) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( i->op == OP_IN || i->op == OP_OUT )
        return execute_port(run);
    if ( i->op >= OP_MOVS && i->op <= OP_OUTS )
        return insn_string(run);
    /* Registers only: the code is not what it was, or makes no access. */
    if ( (!i->memory && !(i->op >= OP_PUSH_REG && i->op <= OP_XLAT)) ||
         run->e->port_known )
        return insn_stop(run, EMUL_RETRY);
    return insn_memory(run);
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
    run.r.rflags &= ~RFLAGS_RF;
    insn_commit(&run);
    e->regs.rip = run.jumped ? run.r.rip
                             : (run.r.rip + run.i.len) & mask_of(run.i.mode);
    if ( run.changed )
    {
        memcpy(e->regs.seg, run.r.seg, sizeof(run.r.seg));
        e->regs.ldt = run.r.ldt;
        e->regs.tr = run.r.tr;
        e->regs.gdt = run.r.gdt;
        e->regs.idt = run.r.idt;
        e->shadow = run.shadow;
        e->ops->put_regs(e->arg);
    }
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

/* ---- control and debug registers ---- */

static bool control_value(struct run *run, uint64_t *value)
{
    const struct insn *i = &run->i;
    const struct emul *e = run->e;
    struct operand o;

    *value = 0;
    if ( i->op == OP_CLTS )
        return true;
    if ( !i->memory )
    {
        unsigned int reg = (i->rm & 7) | (i->rex & 1) << 3;

        *value = reg_read(run, reg, i->op == OP_LMSW ? 2
                                    : i->mode == 8 ? 8 : 4);
        return true;
    }
    if ( !operand_map(run, i->seg, insn_address(run), i->bytes, false, &o) )
        return false;
    for ( unsigned int part = 0; part < 2; part++ )
        if ( o.bytes[part] && !e->ops->is_ram(e->arg, o.gpa[part], false) )
            return insn_stop(run, EMUL_UNHANDLEABLE);
    return operand_read(run, &o, value);
}

static bool control(struct run *run, struct emul_control *c)
{
    const struct insn *i = &run->i;

    if ( !insn_decode(run) )
        return false;
    if ( i->op < OP_MOV_CR || i->op > OP_LMSW ||
         (i->lock && i->op != OP_MOV_CR) )
        return insn_stop(run, EMUL_RETRY);
    c->op = i->op == OP_MOV_CR ? EMUL_MOV_CR
            : i->op == OP_MOV_DR ? EMUL_MOV_DR
            : i->op == OP_CLTS ? EMUL_CLTS : EMUL_LMSW;
    c->reg = i->has_modrm && i->op != OP_LMSW ? i->reg | (i->lock ? 8 : 0) : 0;
    c->len = i->len;
    return control_value(run, &c->value);
}

enum emul_result emul_control(struct emul *e, struct emul_control *c)
{
    struct run run = { .e = e, .r = e->regs };
    bool ok;

    start(e);
    ok = control(&run, c);
    emul_reset(e);
    /* What is no such instruction, nobody intercepted. */
    if ( !ok && run.result == EMUL_UNHANDLEABLE && !run.i.op )
        return EMUL_RETRY;
    return ok ? EMUL_DONE : run.result;
}
