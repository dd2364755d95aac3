/* SPDX-License-Identifier: MIT */
/*
 * Operands of up to 16 bytes: moves between memory and XMM registers, and
 * CMPXCHG16B.
 */
#include <hv/lib.h>

#include "insn.h"

#define MISALIGNED(va) ((va) & 15)

/* Checks come in this order: the unit, the segment, alignment, pages. */
static bool map_wide(struct run *run, bool write, bool aligned,
                     struct operand *o)
{
    const struct insn *i = &run->i;
    uint64_t offset = insn_address(run);

    if ( aligned && MISALIGNED(insn_linear(run, i->seg, offset)) &&
         segment_allows(run, i->seg, offset, i->bytes, write) )
        return insn_raise(run, VECTOR_GP, 0);
    return operand_map(run, i->seg, offset, i->bytes, write, o);
}

/* ---- XMM registers ---- */

static bool unit_is_there(struct run *run)
{
    const struct emul_ops *ops = run->e->ops;

    if ( !ops->read_xmm || !ops->write_xmm )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( (run->r.cr0 & CR0_EM) || !(run->r.cr4 & CR4_OSFXSR) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( run->r.cr0 & CR0_TS )
        return insn_raise(run, VECTOR_NM, 0);
    return true;
}

bool insn_vector(struct run *run)
{
    const struct insn *i = &run->i;
    bool store = i->sub & XMM_STORE;
    const struct emul_ops *ops = run->e->ops;
    /* The half that is moved, or both. */
    unsigned int half = i->sub & XMM_HIGH ? 1 : 0;
    uint64_t reg[2] = { 0, 0 };
    struct operand o;

    if ( !unit_is_there(run) ||
         !map_wide(run, store, i->sub & XMM_ALIGNED, &o) )
        return false;
    if ( (i->sub & (XMM_STORE | XMM_MERGE)) &&
         !ops->read_xmm(run->e->arg, i->reg, (uint8_t *)reg) )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( store )
        return operand_put(run, &o, reg + half);
    return operand_get(run, &o, reg + half) &&
           (ops->write_xmm(run->e->arg, i->reg, (uint8_t *)reg) ||
            insn_stop(run, EMUL_UNHANDLEABLE));
}

/* ---- CMPXCHG16B ---- */

bool insn_cmpxchg16(struct run *run)
{
    const struct emul *e = run->e;
    uint64_t *gpr = run->r.gpr, old[2];
    struct operand o;

    if ( !map_wide(run, true, true, &o) )
        return false;
    /* Only the guest itself can do this atomically in RAM. */
    if ( step_is_new(run) && e->ops->is_ram(e->arg, o.gpa[0], true) )
        return insn_stop(run, EMUL_RETRY);
    if ( !operand_get(run, &o, old) )
        return false;
    if ( old[0] == gpr[EMUL_RAX] && old[1] == gpr[EMUL_RDX] )
    {
        const uint64_t new[2] = { gpr[EMUL_RBX], gpr[EMUL_RCX] };

        run->r.rflags |= RFLAGS_ZF;
        return operand_put(run, &o, new);
    }
    run->r.rflags &= ~RFLAGS_ZF;
    gpr[EMUL_RAX] = old[0];
    gpr[EMUL_RDX] = old[1];
    return operand_put(run, &o, old); /* there is always a write */
}
