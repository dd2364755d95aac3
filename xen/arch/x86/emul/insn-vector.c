/* SPDX-License-Identifier: MIT */
/*
 * Instructions of x87, MMX, SSE and AVX, and those of VEX with general
 * registers: the processor executes a stub on a copy of the memory operand.
 *
 * What is read from memory is complete before the stub runs, so the stub of a
 * load runs once.  That of a store may run again when its write has waited; a
 * store of x87, which may pop, leaves its result in the log instead.
 */
#include <hv/array.h>
#include <hv/lib.h>

#include "insn-vector.h"

#define MXCSR_FLAGS 0x3fU
#define MXCSR_EARLY 0x07U /* found before a result is computed */
#define MXCSR_MASKS 0x1f80U
#define MXCSR_MASK_SHIFT 7
#define MXCSR_LEGAL 0xffffU
#define FSW_ES 0x80U
#define FSW_KEEPS_MEMORY 0x1fU /* exceptions with which a store does nothing */

/* ---- what has to be on ---- */

static bool undefined(struct run *run)
{
    return insn_raise(run, VECTOR_UD, 0);
}

static bool sse_is_on(struct run *run)
{
    if ( (run->r.cr0 & CR0_EM) || !(run->r.cr4 & CR4_OSFXSR) )
        return undefined(run);
    return !(run->r.cr0 & CR0_TS) || insn_raise(run, VECTOR_NM, 0);
}

static bool avx_is_on(struct run *run)
{
    const struct emul *e = run->e;
    const uint64_t states = XCR0_SSE | XCR0_AVX;

    if ( !insn_protected(run) || !(run->r.cr4 & CR4_OSXSAVE) ||
         (e->ops->xcr0(e->arg) & states) != states )
        return undefined(run);
    return !(run->r.cr0 & CR0_TS) || insn_raise(run, VECTOR_NM, 0);
}

static bool unit_is_on(struct run *run, const struct stub_row *r)
{
    uint64_t cr0 = run->r.cr0;
    bool convert = (r->op & 0xf8) == 0x28; /* to and from XMM registers */

    if ( !run->e->ops->run_stub )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !insn_has_feature(run, r->feature) )
        return undefined(run);
    if ( !r->key ) /* x87 */
        return !(cr0 & (CR0_EM | CR0_TS)) || insn_raise(run, VECTOR_NM, 0);
    if ( run->i.vex )
        return r->flags & S_GPR_V ? insn_protected(run) || undefined(run)
                                  : avx_is_on(run);
    if ( r->feature == FEATURE_ADX || r->feature == FEATURE_MOVDIRI )
        return true;
    if ( !(r->flags & S_MMX) || convert )
        return sse_is_on(run);
    if ( cr0 & CR0_EM )
        return undefined(run);
    return !(cr0 & CR0_TS) || insn_raise(run, VECTOR_NM, 0);
}

/* ---- operands ---- */

static bool map_aligned(struct run *run, bool write, bool aligned,
                        struct operand *o)
{
    const struct insn *i = &run->i;
    uint64_t offset = insn_address(run);

    if ( aligned && (insn_linear(run, i->seg, offset) & (i->bytes - 1U)) &&
         segment_allows(run, i->seg, offset, i->bytes, write) )
        return insn_raise(run, VECTOR_GP, 0);
    return operand_map(run, i->seg, offset, i->bytes, write, o);
}

/* Registers that a stub's are copies of. */
static void load_registers(struct run *run, const struct stub_row *r,
                           struct emul_stub *s)
{
    const struct emul *e = run->e;
    const struct insn *i = &run->i;
    const uint64_t *gpr = run->r.gpr;

    s->rax = gpr[EMUL_RAX];
    s->rcx = gpr[r->flags & S_GPR ? i->reg : EMUL_RCX];
    s->rdx = gpr[r->flags & S_GPR_V && r->flags & S_NDS &&
                 r->op != 0xf6 ? i->vex_v : EMUL_RDX];
    s->rflags = (run->r.rflags & RFLAGS_ARITH) | RFLAGS_FIXED;
    if ( s->kind != STUB_SSE && s->kind != STUB_AVX )
        return;
    e->ops->mxcsr(e->arg, &s->mxcsr, false);
    s->mxcsr = (s->mxcsr | MXCSR_MASKS) & ~MXCSR_FLAGS;
    e->ops->read_vector(e->arg, 0, s->vector[0], i->vex);
    if ( !(r->flags & (S_GPR | S_MMX)) )
        e->ops->read_vector(e->arg, i->reg, s->vector[1], i->vex);
    if ( r->flags & S_NDS )
        e->ops->read_vector(e->arg, i->vex_v, s->vector[2], i->vex);
    if ( r->flags & S_IS4 )
        e->ops->read_vector(e->arg, (i->imm >> 4 & 15) & (i->mode == 8 ? 15 : 7),
                            s->vector[3], i->vex);
}

static void store_registers(struct run *run, const struct stub_row *r,
                            const struct emul_stub *s)
{
    const struct emul *e = run->e;
    const struct insn *i = &run->i;
    unsigned int bytes = i->rex & 8 || i->vex_w ? 8 : 4;
    uint32_t flags = r->flags;

    if ( flags & S_FLAGS )
        run->r.rflags = (run->r.rflags & ~RFLAGS_ARITH) |
                        (s->rflags & RFLAGS_ARITH);
    if ( flags & S_DEST_V )
        reg_write(run, i->vex_v, bytes, s->rdx);
    if ( flags & S_STRING )
    {
        if ( r->op & 1 )
            reg_write(run, EMUL_RCX, 4, s->rcx);
        else
            e->ops->write_vector(e->arg, 0, s->vector[0], i->vex);
    }
    else if ( flags & S_STORE )
        return;
    else if ( flags & S_GPR )
    {
        if ( !(flags & S_EXT) )
            reg_write(run, i->reg, bytes, s->rcx);
    }
    else if ( !(flags & (S_MMX | S_FLAGS)) && r->key )
        e->ops->write_vector(e->arg, i->reg, s->vector[1], i->vex);
}

/* ---- exceptions ---- */

/*
 * All are masked in a stub.  False: one is not masked in the guest's MXCSR;
 * those that are found early keep the others from being found.
 */
static bool simd_exceptions(struct run *run, const struct emul_stub *s)
{
    const struct emul *e = run->e;
    uint32_t flags = s->mxcsr & MXCSR_FLAGS, old, unmasked;

    if ( !flags )
        return true;
    e->ops->mxcsr(e->arg, &old, false);
    unmasked = flags & ~(old >> MXCSR_MASK_SHIFT);
    if ( unmasked & MXCSR_EARLY )
        flags &= MXCSR_EARLY;
    if ( flags & ~old )
    {
        old |= flags;
        e->ops->mxcsr(e->arg, &old, true);
    }
    return !unmasked || insn_raise(run, run->r.cr4 & CR4_OSXMMEXCPT
                                            ? VECTOR_XM : VECTOR_UD, 0);
}

static uint16_t x87_word(struct run *run, const void *code)
{
    struct emul_stub s = { .code = code, .rflags = RFLAGS_FIXED,
                           .kind = STUB_PLAIN };
    uint16_t v;

    run->e->ops->run_stub(run->e->arg, &s);
    memcpy(&v, s.memory, sizeof(v));
    return v;
}

/* An exception that waits for the next instruction of this unit. */
static bool x87_is_free(struct run *run)
{
    return !(x87_word(run, insn_stub_status()) & FSW_ES) ||
           insn_raise(run, VECTOR_MF, 0);
}

/* The store found an exception that is not masked, and has stored nothing. */
static bool x87_kept_memory(struct run *run)
{
    uint16_t status = x87_word(run, insn_stub_status());

    return (status & FSW_ES) &&
           (status & ~x87_word(run, insn_stub_control()) & FSW_KEEPS_MEMORY);
}

/* ---- execution ---- */

static void make_stub(struct run *run, const struct stub_row *r,
                      struct emul_stub *s)
{
    const struct insn *i = &run->i;
    uint64_t at = insn_address(run);

    s->kind = !r->key ? (r->flags & S_CONTROL ? STUB_PLAIN : STUB_X87)
              : (r->flags & S_GPR_V) || r->feature == FEATURE_ADX ||
                        r->feature == FEATURE_MOVDIRI ? STUB_PLAIN
              : i->vex ? STUB_AVX
              : (r->flags & S_MMX) && (r->op & 0xf8) != 0x28 ? STUB_PLAIN
                                                             : STUB_SSE;
    s->code = insn_stub(r, i->reg, i->vex ? i->vex_w : i->rex >> 3 & 1,
                        i->vex_l, (uint8_t)i->imm);
    /* Of x87: the code's address and opcode, the operand's address. */
    s->pointers[0] = (uint32_t)run->r.rip;
    s->pointers[1] = run->r.seg[EMUL_CS].sel |
                     (uint32_t)((r->op & 7) << 8 | i->rm) << 16;
    s->pointers[2] = (uint32_t)at;
    s->pointers[3] = run->r.seg[i->seg].sel;
    load_registers(run, r, s);
}

/* What a store of x87 has made of it before it waited. */
static bool replay_store(struct run *run, struct emul_stub *s, bool *again)
{
    uint64_t v[2] = { 0, 0 };

    *again = step_next_is(run, STEP_STUB);
    if ( !*again )
        return true;
    if ( !step_replay(run, STEP_STUB, 0, 8, &v[0]) ||
         !step_replay(run, STEP_STUB, 1, 8, &v[1]) )
        return insn_stop(run, EMUL_RETRY);
    memcpy(s->memory, v, sizeof(v));
    return true;
}

static bool record_store(struct run *run, const struct emul_stub *s)
{
    uint64_t v[2];

    memcpy(v, s->memory, sizeof(v));
    return step_record(run, STEP_STUB, 0, 8, v[0]) &&
           step_record(run, STEP_STUB, 1, 8, v[1]);
}

static bool store_x87(struct run *run, const struct stub_row *r,
                      struct emul_stub *s, const struct operand *o)
{
    const struct emul *e = run->e;
    bool again;

    if ( !replay_store(run, s, &again) )
        return false;
    if ( !again )
    {
        if ( !(r->flags & S_NOWAIT) && !x87_is_free(run) )
            return false;
        e->ops->run_stub(e->arg, s);
        if ( !(r->flags & S_CONTROL) && x87_kept_memory(run) )
            return true;
        if ( !record_store(run, s) )
            return false;
    }
    return operand_put(run, o, s->memory);
}

bool insn_vector(struct run *run)
{
    const struct stub_row *r = &insn_rows[run->i.row];
    const struct emul *e = run->e;
    bool store = r->flags & S_STORE;
    struct emul_stub s = { .kind = STUB_PLAIN };
    struct operand o;

    if ( !unit_is_on(run, r) ||
         !map_aligned(run, store, r->flags & S_ALIGN, &o) ||
         (!store && !operand_get(run, &o, s.memory)) )
        return false;
    make_stub(run, r, &s);
    if ( store && !r->key )
        return store_x87(run, r, &s, &o);
    if ( (!r->key || (r->flags & S_FPU)) && !x87_is_free(run) )
        return false;
    e->ops->run_stub(e->arg, &s);
    if ( (s.kind == STUB_SSE || s.kind == STUB_AVX) &&
         !simd_exceptions(run, &s) )
        return false;
    store_registers(run, r, &s);
    return !store || operand_put(run, &o, s.memory);
}

/* ---- MXCSR ---- */

bool insn_mxcsr(struct run *run)
{
    const struct emul *e = run->e;
    bool store = run->i.sub == 3;
    struct operand o;
    uint64_t v;
    uint32_t mxcsr;

    if ( !e->ops->run_stub )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !insn_has_feature(run, run->i.vex ? FEATURE_AVX : FEATURE_SSE) )
        return undefined(run);
    if ( !(run->i.vex ? avx_is_on(run) : sse_is_on(run)) ||
         !insn_map_memory(run, store, &o) )
        return false;
    if ( store )
    {
        e->ops->mxcsr(e->arg, &mxcsr, false);
        return operand_write(run, &o, mxcsr);
    }
    if ( !operand_read(run, &o, &v) )
        return false;
    if ( v & ~MXCSR_LEGAL )
        return insn_raise(run, VECTOR_GP, 0);
    mxcsr = (uint32_t)v;
    e->ops->mxcsr(e->arg, &mxcsr, true);
    return true;
}

/* ---- bytes or elements under a mask ---- */

/* VMASKMOVPS to VPMASKMOVQ: elements whose sign bit is set in vvvv. */
bool insn_masked_elements(struct run *run)
{
    const struct emul *e = run->e;
    const struct insn *i = &run->i;
    unsigned int bytes = i->sub & 8 ? 8 : 4, total = i->bytes;
    bool store = i->sub & 1;
    uint8_t mask[MAX_OPERAND], v[MAX_OPERAND] = { 0 };
    struct operand o[MAX_OPERAND / 4];

    if ( !e->ops->run_stub )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !insn_has_feature(run, i->sub & 2 ? FEATURE_AVX2 : FEATURE_AVX) )
        return undefined(run);
    if ( !avx_is_on(run) )
        return false;
    e->ops->read_vector(e->arg, i->vex_v, mask, true);
    if ( store )
        e->ops->read_vector(e->arg, i->reg, v, true);
    for ( unsigned int at = 0; at < total; at += bytes )
        if ( mask[at + bytes - 1] >> 7 &&
             !operand_map(run, i->seg, (insn_address(run) + at) &
                          mask_of(i->ad_bytes), bytes, store,
                          &o[at / bytes]) )
            return false;
    for ( unsigned int at = 0; at < total; at += bytes )
        if ( mask[at + bytes - 1] >> 7 &&
             !(store ? operand_put(run, &o[at / bytes], v + at)
                     : operand_get(run, &o[at / bytes], v + at)) )
            return false;
    if ( !store )
        e->ops->write_vector(e->arg, i->reg, v, true);
    return true;
}

/* MASKMOVQ and MASKMOVDQU: bytes whose sign bit is set in ModRM's rm. */
static bool masked_bytes_ready(struct run *run)
{
    const struct insn *i = &run->i;

    if ( !run->e->ops->run_stub )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( i->vex_l || !insn_has_feature(run, i->vex ? FEATURE_AVX
                                            : i->op66 ? FEATURE_SSE2
                                                      : FEATURE_SSE) )
        return undefined(run);
    if ( i->op66 )
        return i->vex ? avx_is_on(run) : sse_is_on(run);
    if ( run->r.cr0 & CR0_EM )
        return undefined(run);
    if ( run->r.cr0 & CR0_TS )
        return insn_raise(run, VECTOR_NM, 0);
    return x87_is_free(run);
}

static void read_xmm_or_mmx(struct run *run, unsigned int reg, uint8_t v[16])
{
    const struct emul *e = run->e;
    struct emul_stub s = { .code = insn_stub_mmx(reg), .rflags = RFLAGS_FIXED,
                           .kind = STUB_PLAIN };

    if ( run->i.op66 )
    {
        e->ops->read_vector(e->arg, reg, v, false);
        return;
    }
    e->ops->run_stub(e->arg, &s);
    memcpy(v, s.memory, 8);
}

bool insn_masked_bytes(struct run *run)
{
    const struct insn *i = &run->i;
    unsigned int n = i->op66 ? 16 : 8, nr = 0, from[8], bytes;
    uint8_t v[16], mask[16];
    struct operand o[8];

    if ( !masked_bytes_ready(run) )
        return false;
    read_xmm_or_mmx(run, i->reg, v);
    read_xmm_or_mmx(run, (i->rm & 7) | (i->rex & 1) << 3, mask);
    for ( unsigned int at = 0; at < n; at += bytes )
    {
        for ( bytes = 0; at + bytes < n && mask[at + bytes] >> 7; bytes++ )
            ;
        if ( !bytes )
        {
            bytes = 1;
            continue;
        }
        from[nr] = at;
        if ( !operand_map(run, i->seg, (run->r.gpr[EMUL_RDI] + at) &
                          mask_of(i->ad_bytes), bytes, true, &o[nr++]) )
            return false;
    }
    for ( unsigned int k = 0; k < nr; k++ )
        if ( !operand_put(run, &o[k], v + from[k]) )
            return false;
    return true;
}

/* ---- CMPXCHG16B ---- */

bool insn_cmpxchg16(struct run *run)
{
    const struct emul *e = run->e;
    uint64_t *gpr = run->r.gpr, old[2];
    struct operand o;

    if ( !map_aligned(run, true, true, &o) )
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
