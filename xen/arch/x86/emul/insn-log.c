/* SPDX-License-Identifier: MIT */
/*
 * The log: what came from outside, or went there, in its order.
 *
 * A run that was interrupted by a pending access takes the steps it had
 * before.  They are compared with what the run wants; the first that differs
 * (somebody changed the registers) ends the old part.
 */
#include <hv/lib.h>

#include "insn.h"

bool step_replay(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t *value)
{
    struct emul *e = run->e;
    const struct emul_step *s = &e->step[run->step];

    if ( run->step >= e->nr_steps )
        return false;
    if ( s->kind != kind || s->addr != addr || s->bytes != bytes )
    {
        e->nr_steps = (uint8_t)run->step;
        return false;
    }
    run->step++;
    *value = s->value;
    return true;
}

/* There is room for the longest instruction: see EMUL_MAX_STEPS. */
bool step_record(struct run *run, enum step_kind kind, uint64_t addr,
                 unsigned int bytes, uint64_t value)
{
    struct emul *e = run->e;

    ASSERT(run->step == e->nr_steps);
    if ( run->step >= EMUL_MAX_STEPS )
    {
        ASSERT_UNREACHABLE();
        return insn_stop(run, EMUL_UNHANDLEABLE);
    }
    e->step[run->step++] = (struct emul_step){ (uint8_t)kind, (uint8_t)bytes,
                                               addr, value };
    e->nr_steps = (uint8_t)run->step;
    return true;
}

bool step_may_be(const struct run *run, enum step_kind kind)
{
    return run->step >= run->e->nr_steps ||
           run->e->step[run->step].kind == kind;
}

bool step_is_new(const struct run *run)
{
    return run->step >= run->e->nr_steps;
}

bool step_next_is(const struct run *run, enum step_kind kind)
{
    return run->step < run->e->nr_steps &&
           run->e->step[run->step].kind == kind;
}

bool insn_io(struct run *run, enum step_kind kind, ioreq_t *p)
{
    struct emul *e = run->e;
    /* What a lot looks like depends on more than the registers. */
    uint64_t addr = kind == STEP_BATCH ? 0 : p->addr, value;
    unsigned int bytes = p->size;
    enum io_result r;

    if ( step_replay(run, kind, addr, bytes, &value) )
    {
        p->data = value;
        return true;
    }
    if ( run->step >= EMUL_MAX_STEPS )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    r = e->ops->io(e->arg, p);
    switch ( r )
    {
    case IO_PENDING:
        e->step[run->step] = (struct emul_step){ (uint8_t)kind,
                                                 (uint8_t)bytes, addr, 0 };
        e->waiting = true;
        return insn_stop(run, EMUL_PENDING);
    case IO_RETRY:
        return insn_stop(run, EMUL_RETRY);
    default:
        break;
    }
    if ( kind == STEP_BATCH )
        p->data = r == IO_DONE;
    else if ( r == IO_UNHANDLED && p->dir == IOREQ_READ )
        p->data = ~0UL;
    p->data &= mask_of(p->size);
    return step_record(run, kind, addr, bytes, p->data);
}
