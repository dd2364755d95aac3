/* SPDX-License-Identifier: MIT */
/*
 * String instructions: element by element, or many at once where a device
 * model can move them by itself.
 *
 * Each element, or each lot of them, is a unit: the registers are the guest's
 * after it and the log starts anew.  After a lot, or some elements, the guest
 * is entered again, still at the instruction, so that interrupts are taken.
 */
#include <hv/lib.h>

#include "insn.h"

#define MAX_ELEMENTS 32 /* without entering the guest */

/* One side of a string instruction. */
struct side {
    bool used, write;
    uint8_t seg, reg;
    struct operand o;
};

struct string {
    struct side from, to; /* by rsi and by rdi */
    bool port, down, in;
    uint64_t count;       /* 1 without a prefix */
};

static void describe(const struct run *run, struct string *s)
{
    const struct insn *i = &run->i;
    enum insn_op op = i->op;

    *s = (struct string){
        .from = { .seg = i->seg, .reg = EMUL_RSI },
        .to = { .seg = EMUL_ES, .reg = EMUL_RDI },
        .down = run->r.rflags & RFLAGS_DF,
        .port = op == OP_INS || op == OP_OUTS,
        .in = op == OP_INS,
        .count = i->rep ? reg_read(run, EMUL_RCX, i->ad_bytes) : 1,
    };
    s->from.used = op == OP_MOVS || op == OP_CMPS || op == OP_LODS ||
                   op == OP_OUTS;
    s->to.used = op != OP_LODS && op != OP_OUTS;
    s->to.write = op == OP_MOVS || op == OP_STOS || op == OP_INS;
}

static bool map_side(struct run *run, struct side *side)
{
    return !side->used ||
           operand_map(run, side->seg,
                       reg_read(run, side->reg, run->i.ad_bytes),
                       run->i.bytes, side->write, &side->o);
}

static void advance(struct run *run, const struct string *s, uint64_t n)
{
    const struct insn *i = &run->i;
    uint64_t by = n * i->bytes;

    if ( s->down )
        by = -by;
    if ( s->from.used )
        reg_write(run, EMUL_RSI, i->ad_bytes, run->r.gpr[EMUL_RSI] + by);
    if ( s->to.used )
        reg_write(run, EMUL_RDI, i->ad_bytes, run->r.gpr[EMUL_RDI] + by);
    if ( i->rep )
        reg_write(run, EMUL_RCX, i->ad_bytes, run->r.gpr[EMUL_RCX] - n);
}

static ioreq_t port_request(const struct run *run, const struct string *s)
{
    return (ioreq_t){ .type = IOREQ_TYPE_PIO,
                      .addr = reg_read(run, EMUL_RDX, 2),
                      .size = run->i.bytes,
                      .count = 1,
                      .dir = s->in ? IOREQ_READ : IOREQ_WRITE };
}

/* ---- many at once ---- */

/* How many elements from the first one on, all of it in one page, lie there. */
static uint64_t side_fits(const struct run *run, const struct string *s,
                          const struct side *side)
{
    unsigned int bytes = run->i.bytes, ad_bytes = run->i.ad_bytes;
    uint64_t in_page = side->o.gpa[0] & ~PAGE_MASK, n;
    uint64_t offset = reg_read(run, side->reg, ad_bytes), first;

    if ( !side->used )
        return ~0UL;
    if ( side->o.bytes[1] )
        return 0;
    n = s->down ? min(in_page, offset) / bytes + 1
                : min(PAGE_SIZE - in_page, mask_of(ad_bytes) - offset) / bytes;
    first = s->down ? offset - (n - 1) * bytes : offset;
    return n && segment_allows(run, side->seg, first, n * bytes, side->write)
               ? n : 0;
}

static bool side_is_ram(const struct run *run, const struct side *side)
{
    const struct emul *e = run->e;

    return e->ops->is_ram(e->arg, side->o.gpa[0], side->write);
}

/* The request for many elements; false: they have to go one by one. */
static bool make_batch(const struct run *run, const struct string *s,
                       ioreq_t *p)
{
    const struct side *memory = s->in ? &s->to : &s->from;

    *p = (ioreq_t){ .type = IOREQ_TYPE_COPY, .addr = s->to.o.gpa[0],
                    .size = run->i.bytes, .dir = IOREQ_WRITE };
    switch ( run->i.op )
    {
    case OP_INS:
    case OP_OUTS:
        *p = port_request(run, s);
        p->data = memory->o.gpa[0];
        p->data_is_ptr = 1;
        return side_is_ram(run, memory);
    case OP_STOS:
        p->data = reg_read(run, EMUL_RAX, run->i.bytes);
        return !side_is_ram(run, &s->to);
    case OP_MOVS:
        p->data_is_ptr = 1;
        p->data = s->from.o.gpa[0];
        if ( side_is_ram(run, &s->from) )
            return !side_is_ram(run, &s->to);
        p->dir = IOREQ_READ;
        p->addr = s->from.o.gpa[0];
        p->data = s->to.o.gpa[0];
        return side_is_ram(run, &s->to);
    default:
        return false;
    }
}

/* *n is how many elements were done, maybe none; false: stop. */
static bool try_batch(struct run *run, const struct string *s, uint64_t *n)
{
    ioreq_t p;

    *n = 0;
    if ( run->r.rflags & RFLAGS_TF ) /* a trap is due after each */
        return true;
    *n = min(s->count, min(side_fits(run, s, &s->from),
                           side_fits(run, s, &s->to)));
    /* Memory may have changed its type since a request that is in the log. */
    if ( *n >= 2 && step_may_be(run, STEP_BATCH) &&
         (make_batch(run, s, &p) || step_next_is(run, STEP_BATCH)) )
    {
        p.count = (uint32_t)*n;
        p.df = s->down;
        if ( !insn_io(run, STEP_BATCH, &p) )
            return false;
        if ( p.data )
            return true;
    }
    *n = 0;
    return true;
}

/* ---- one by one ---- */

static bool port_element(struct run *run, const struct string *s)
{
    ioreq_t p = port_request(run, s);

    if ( s->in )
        return insn_io(run, STEP_IO, &p) &&
               operand_write(run, &s->to.o, p.data);
    return operand_read(run, &s->from.o, &p.data) &&
           insn_io(run, STEP_IO, &p);
}

static bool element(struct run *run, const struct string *s)
{
    uint64_t a = reg_read(run, EMUL_RAX, run->i.bytes), b;

    if ( s->port )
        return port_element(run, s);
    if ( s->from.used && !operand_read(run, &s->from.o, &a) )
        return false;
    if ( s->to.write )
        return operand_write(run, &s->to.o, a);
    if ( !s->to.used )
        reg_write(run, EMUL_RAX, run->i.bytes, a); /* LODS */
    else if ( operand_read(run, &s->to.o, &b) )
        insn_alu(ALU_CMP, a, b, run->i.bytes, &run->r.rflags);
    else
        return false;
    return true;
}

/* Is the instruction over after an element? */
static bool is_over(const struct run *run)
{
    const struct insn *i = &run->i;

    if ( !i->rep || !reg_read(run, EMUL_RCX, i->ad_bytes) )
        return true;
    if ( i->op != OP_CMPS && i->op != OP_SCAS )
        return false;
    return (i->rep == 0xf3) != !!(run->r.rflags & RFLAGS_ZF);
}

bool insn_string(struct run *run)
{
    struct emul *e = run->e;
    struct string s;

    describe(run, &s);
    if ( s.port ? !port_allowed(run, (uint16_t)reg_read(run, EMUL_RDX, 2),
                                run->i.bytes, s.in)
                : e->port_known )
        return insn_stop(run, EMUL_RETRY);
    while ( s.count )
    {
        uint64_t n;

        if ( !map_side(run, &s.from) || !map_side(run, &s.to) ||
             !try_batch(run, &s, &n) )
            return false;
        if ( !n && !element(run, &s) )
            return false;
        advance(run, &s, n ? n : 1);
        if ( is_over(run) )
            break;
        insn_commit(run);
        if ( run->r.rflags & RFLAGS_TF )
        {
            e->stepped = true;
            return insn_stop(run, EMUL_RETRY);
        }
        if ( n || ++e->elements >= MAX_ELEMENTS )
            return insn_stop(run, EMUL_RETRY);
        describe(run, &s);
    }
    return true;
}
