/* SPDX-License-Identifier: MIT */
/*
 * Selectors and descriptors: loading segment registers, LDT and TR, and asking
 * for rights and limits.
 *
 * A descriptor is read once and goes into the log.  Its accessed or busy bit is
 * set without the log: another run finds it set, which does no harm.
 */
#include <hv/lib.h>

#include "insn.h"

#define SEL_LOCAL 4
#define SEL_RPL 3
#define TYPE_LDT 2
#define TYPE_TSS 9 /* available, 32 or 64 bits */
#define TYPE_TSS_16 1
#define TYPE_BUSY 2
#define TYPE_ACCESSED 1
#define TYPE_CODE 8
#define TYPE_SECOND 2 /* code: readable, data: writable */
#define TYPE_CONFORMING 4

struct descriptor {
    uint64_t va, raw;
    uint16_t attr; /* as in struct emul_seg */
    unsigned int dpl;
};

/* ---- tables ---- */

static bool is_null(uint16_t sel)
{
    return !(sel & ~SEL_RPL);
}

static bool refuse(struct run *run, unsigned int vector, uint16_t sel)
{
    return insn_raise(run, vector, sel & ~SEL_RPL);
}

static bool long_mode(const struct run *run)
{
    return run->r.efer & EFER_LMA;
}

/* Where the descriptor is; false: the table has none there. */
static bool find(const struct run *run, uint16_t sel, unsigned int bytes,
                 uint64_t *va)
{
    const struct emul_seg *ldt = &run->r.ldt;
    uint64_t base = run->r.gdt.base, limit = run->r.gdt.limit;
    unsigned int offset = sel & ~(SEL_LOCAL | SEL_RPL);

    if ( sel & SEL_LOCAL )
    {
        if ( !(ldt->attr & EMUL_SEG_P) )
            return false;
        base = ldt->base;
        limit = ldt->limit;
    }
    *va = base + offset;
    if ( !long_mode(run) )
        *va = (uint32_t)*va;
    return offset + bytes - 1 <= limit;
}

static bool read_at(struct run *run, uint64_t va, uint64_t *raw)
{
    struct operand o;

    return operand_map_system(run, va, 8, &o) && operand_read(run, &o, raw);
}

/* found: is there a descriptor? */
static bool read_descriptor(struct run *run, uint16_t sel,
                            struct descriptor *d, bool *found)
{
    *found = !is_null(sel) && find(run, sel, 8, &d->va);
    if ( !*found )
        return true;
    if ( !read_at(run, d->va, &d->raw) )
        return false;
    d->attr = (uint16_t)((d->raw >> 40 & 0xff) | (d->raw >> 44 & 0xf00));
    d->dpl = d->attr >> 5 & 3;
    return true;
}

static uint32_t limit_of(const struct descriptor *d)
{
    uint32_t limit = (uint32_t)((d->raw & 0xffff) | (d->raw >> 32 & 0xf0000));

    return d->attr & EMUL_SEG_G ? limit << 12 | 0xfff : limit;
}

static struct emul_seg segment_of(const struct descriptor *d, uint16_t sel)
{
    return (struct emul_seg){
        .sel = sel,
        .attr = d->attr,
        .limit = limit_of(d),
        .base = (d->raw >> 16 & 0xffffff) | (d->raw >> 32 & 0xff000000),
    };
}

/* Nothing is lost when the descriptor is another by now, or in no RAM. */
static bool set_type_bit(struct run *run, struct descriptor *d, uint8_t bit)
{
    const struct emul *e = run->e;
    uint64_t old = d->raw >> 40 & 0xff;
    struct operand o;

    if ( d->attr & bit )
        return true;
    d->attr |= bit;
    if ( !operand_map_system(run, d->va + 5, 1, &o) )
        return false;
    (void)!e->ops->cmpxchg_phys(e->arg, o.gpa[0], &old, old | bit, 1);
    return true;
}

/* ---- data segments ---- */

static bool load_null(struct run *run, unsigned int seg, uint16_t sel)
{
    struct emul_seg *s = &run->r.seg[seg];

    if ( seg == EMUL_SS && (run->i.mode != 8 || run->r.cpl == 3 ||
                            (sel & SEL_RPL) != run->r.cpl) )
        return insn_raise(run, VECTOR_GP, 0);
    *s = (struct emul_seg){ .sel = sel };
    if ( seg == EMUL_SS ) /* where CPL is kept */
        s->attr = (uint16_t)(run->r.cpl << 5);
    return true;
}

static bool data_is_allowed(const struct run *run, unsigned int seg,
                            uint16_t sel, const struct descriptor *d)
{
    unsigned int rpl = sel & SEL_RPL, cpl = run->r.cpl;
    bool code = d->attr & TYPE_CODE, second = d->attr & TYPE_SECOND;

    if ( !(d->attr & EMUL_SEG_S) )
        return false;
    if ( seg == EMUL_SS )
        return !code && second && rpl == cpl && d->dpl == cpl;
    if ( code && !second )
        return false;
    return (code && (d->attr & TYPE_CONFORMING)) ||
           (rpl <= d->dpl && cpl <= d->dpl);
}

static bool load_data(struct run *run, unsigned int seg, uint16_t sel)
{
    struct descriptor d;
    bool found;

    if ( is_null(sel) )
        return load_null(run, seg, sel);
    if ( !read_descriptor(run, sel, &d, &found) )
        return false;
    if ( !found || !data_is_allowed(run, seg, sel, &d) )
        return refuse(run, VECTOR_GP, sel);
    if ( !(d.attr & EMUL_SEG_P) )
        return refuse(run, seg == EMUL_SS ? VECTOR_SS : VECTOR_NP, sel);
    if ( !set_type_bit(run, &d, TYPE_ACCESSED) )
        return false;
    run->r.seg[seg] = segment_of(&d, sel);
    return true;
}

/* Real mode keeps limits and attributes, virtual-8086 mode has its own. */
static void load_real(const struct run *run, struct emul_seg *s, uint16_t sel)
{
    s->sel = sel;
    s->base = (uint64_t)sel << 4;
    if ( run->r.rflags & RFLAGS_VM )
    {
        s->limit = 0xffff;
        s->attr = EMUL_SEG_P | EMUL_SEG_DPL | EMUL_SEG_S | 3;
    }
}

bool segment_load(struct run *run, unsigned int seg, uint16_t sel)
{
    ASSERT(seg < EMUL_NR_SEGS && seg != EMUL_CS);
    if ( !run->e->ops->put_regs )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( !insn_protected(run) )
        load_real(run, &run->r.seg[seg], sel);
    else if ( !load_data(run, seg, sel) )
        return false;
    run->changed = true;
    return true;
}

/* ---- code segments ---- */

static bool code_is_allowed(const struct run *run, uint16_t sel, bool is_ret,
                            const struct descriptor *d)
{
    unsigned int rpl = sel & SEL_RPL, cpl = run->r.cpl;

    if ( is_ret )
        return d->attr & TYPE_CONFORMING ? d->dpl <= rpl : d->dpl == rpl;
    if ( d->attr & TYPE_CONFORMING )
        return d->dpl <= cpl;
    return rpl <= cpl && d->dpl == cpl;
}

static bool load_code(struct run *run, uint16_t sel, bool is_ret,
                      struct emul_seg *cs)
{
    const uint16_t code = EMUL_SEG_S | TYPE_CODE;
    const uint16_t both = EMUL_SEG_L | EMUL_SEG_DB;
    struct descriptor d;
    bool found;

    if ( is_null(sel) )
        return insn_raise(run, VECTOR_GP, 0);
    if ( !read_descriptor(run, sel, &d, &found) )
        return false;
    if ( !found )
        return refuse(run, VECTOR_GP, sel);
    /* Gates, tasks and other privilege levels: as in Xen. */
    if ( is_ret ? (sel & SEL_RPL) > run->r.cpl : !(d.attr & EMUL_SEG_S) )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    if ( (d.attr & code) != code || !code_is_allowed(run, sel, is_ret, &d) ||
         (is_ret && (sel & SEL_RPL) < run->r.cpl) ||
         (long_mode(run) && (d.attr & both) == both) )
        return refuse(run, VECTOR_GP, sel);
    if ( !(d.attr & EMUL_SEG_P) )
        return refuse(run, VECTOR_NP, sel);
    if ( !set_type_bit(run, &d, TYPE_ACCESSED) )
        return false;
    *cs = segment_of(&d, (uint16_t)((sel & ~SEL_RPL) | run->r.cpl));
    return true;
}

bool segment_code(struct run *run, uint16_t sel, bool is_ret,
                  struct emul_seg *cs)
{
    if ( !run->e->ops->put_regs )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    *cs = run->r.seg[EMUL_CS];
    if ( insn_protected(run) )
        return load_code(run, sel, is_ret, cs);
    load_real(run, cs, sel);
    return true;
}

/* ---- system segments ---- */

static bool load_system(struct run *run, bool tr, uint16_t sel)
{
    struct emul_seg *s = tr ? &run->r.tr : &run->r.ldt;
    unsigned int bytes = long_mode(run) ? 16 : 8, type;
    struct descriptor d;
    uint64_t high = 0;
    bool found;

    if ( run->r.cpl )
        return insn_raise(run, VECTOR_GP, 0);
    if ( !run->e->ops->put_regs )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    run->changed = true;
    if ( is_null(sel) )
    {
        *s = (struct emul_seg){ .sel = sel };
        return !tr || insn_raise(run, VECTOR_GP, 0);
    }
    if ( (sel & SEL_LOCAL) || !find(run, sel, bytes, &d.va) )
        return refuse(run, VECTOR_GP, sel);
    if ( !read_descriptor(run, sel, &d, &found) ||
         (bytes == 16 && !read_at(run, d.va + 8, &high)) )
        return false;
    type = d.attr & (EMUL_SEG_S | EMUL_SEG_TYPE);
    if ( tr ? type != TYPE_TSS && (type != TYPE_TSS_16 || long_mode(run))
            : type != TYPE_LDT )
        return refuse(run, VECTOR_GP, sel);
    if ( high >> 40 & (EMUL_SEG_S | EMUL_SEG_TYPE) )
        return refuse(run, VECTOR_GP, sel);
    if ( !(d.attr & EMUL_SEG_P) )
        return refuse(run, VECTOR_NP, sel);
    if ( tr && !set_type_bit(run, &d, TYPE_BUSY) )
        return false;
    *s = segment_of(&d, sel);
    s->base |= high << 32;
    return (uint64_t)sign_extend(s->base, 6) == s->base ||
           refuse(run, VECTOR_GP, sel);
}

/* ---- questions ---- */

/* VERR and VERW. */
static bool verify(const struct run *run, uint16_t sel, bool write,
                   const struct descriptor *d)
{
    bool code = d->attr & TYPE_CODE, second = d->attr & TYPE_SECOND;
    unsigned int rpl = sel & SEL_RPL;

    if ( !(d->attr & EMUL_SEG_S) || (write ? code || !second : code && !second) )
        return false;
    return (code && (d->attr & TYPE_CONFORMING)) ||
           (rpl <= d->dpl && run->r.cpl <= d->dpl);
}

/* Has a descriptor of this type rights (a limit) to ask for? */
static bool may_be_asked(const struct run *run, uint16_t sel, bool limit,
                         const struct descriptor *d)
{
    /* Types of system segments, by bits: gates have no limit. */
    unsigned int types = long_mode(run) ? 1U << 2 | 1U << 9 | 1U << 11
                                        : 1U << 1 | 1U << 2 | 1U << 3 |
                                          1U << 9 | 1U << 11;
    unsigned int type = d->attr & EMUL_SEG_TYPE;

    if ( !limit )
        types |= long_mode(run) ? 1U << 12 : 1U << 4 | 1U << 5 | 1U << 12;
    if ( !(d->attr & EMUL_SEG_S) )
    {
        if ( !(types >> type & 1) )
            return false;
    }
    else if ( (type & (TYPE_CODE | TYPE_CONFORMING)) ==
              (TYPE_CODE | TYPE_CONFORMING) )
        return true;
    return (sel & SEL_RPL) <= d->dpl && run->r.cpl <= d->dpl;
}

static bool ask(struct run *run, uint16_t sel)
{
    const struct insn *i = &run->i;
    struct descriptor d;
    bool found;

    if ( !read_descriptor(run, sel, &d, &found) )
        return false;
    if ( i->op == OP_SELECTOR )
        found = found && verify(run, sel, i->sub & 1, &d);
    else
        found = found && may_be_asked(run, sel, i->op == OP_LSL, &d);
    run->r.rflags &= ~RFLAGS_ZF;
    if ( !found )
        return true;
    run->r.rflags |= RFLAGS_ZF;
    if ( i->op == OP_LAR )
        reg_write(run, i->reg, i->op_bytes, d.raw >> 32 & 0xffff00);
    else if ( i->op == OP_LSL )
        reg_write(run, i->reg, i->op_bytes, limit_of(&d));
    return true;
}

bool insn_selector(struct run *run)
{
    const struct insn *i = &run->i;
    bool store = i->op == OP_SELECTOR && i->sub < 2;
    struct operand o;
    uint64_t sel;

    if ( !insn_protected(run) )
        return insn_raise(run, VECTOR_UD, 0);
    if ( store && run->r.cpl && (run->r.cr4 & CR4_UMIP) )
        return insn_raise(run, VECTOR_GP, 0);
    if ( !insn_map_memory(run, store, &o) )
        return false;
    if ( store )
        return operand_write(run, &o, i->sub ? run->r.tr.sel
                                             : run->r.ldt.sel);
    if ( !operand_read(run, &o, &sel) )
        return false;
    if ( i->op == OP_SELECTOR && i->sub < 4 )
        return load_system(run, i->sub & 1, (uint16_t)sel);
    return ask(run, (uint16_t)sel);
}
