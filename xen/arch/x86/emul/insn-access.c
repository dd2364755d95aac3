/* SPDX-License-Identifier: MIT */
/* What an instruction gets from outside: its bytes, translations, data. */
#include <emul/guest-walk.h>
#include <hv/lib.h>

#include "insn.h"

bool insn_stop(struct run *run, enum emul_result result)
{
    run->result = result;
    return false;
}

bool insn_raise(struct run *run, unsigned int vector, uint32_t error)
{
    struct emul *e = run->e;

    e->vector = (uint8_t)vector;
    e->has_error = vector >= VECTOR_TS && vector <= VECTOR_PF &&
                   (run->r.cr0 & CR0_PE);
    e->error = e->has_error ? error : 0;
    return insn_stop(run, EMUL_EXCEPTION);
}

/* ---- translation ---- */

static bool read_entry(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    const struct emul *e = arg;

    return e->ops->read_phys(e->arg, gpa, buf, bytes);
}

static bool set_entry(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                      unsigned int bytes)
{
    const struct emul *e = arg;

    return e->ops->cmpxchg_phys(e->arg, gpa, old, new, bytes);
}

/* Bits of tables that are in read-only memory stay, as in a machine's ROM. */
static bool translate(struct run *run, uint64_t va, unsigned int access,
                      uint64_t *gpa)
{
    struct guest_paging paging = { run->r.cr0, run->r.cr3, run->r.cr4,
                                   run->r.efer };
    unsigned int error;

    switch ( guest_walk_marking(&paging, va, access, read_entry, set_entry,
                                run->e, gpa, &error) )
    {
    case WALK_FAULT:
        run->e->cr2 = va;
        return insn_raise(run, VECTOR_PF, error);
    case WALK_CHANGED:
        return insn_stop(run, EMUL_RETRY);
    default:
        return true;
    }
}

static bool translate_once(struct run *run, uint64_t va, unsigned int access,
                           uint64_t *gpa)
{
    return step_replay(run, STEP_WALK, va, access, gpa) ||
           (translate(run, va, access, gpa) &&
            step_record(run, STEP_WALK, va, access, *gpa));
}

/* ---- segments ---- */

static bool canonical(uint64_t va)
{
    return (uint64_t)sign_extend(va, 6) == va;
}

static unsigned int user(const struct run *run)
{
    return run->r.cpl == 3 ? WALK_USER : 0;
}

/* Real and virtual-8086 modes know limits only. */
static bool rights_allow(const struct run *run, unsigned int seg, bool write)
{
    uint16_t attr = run->r.seg[seg].attr;
    bool code = attr & 8, second = attr & 2; /* readable or writable */

    if ( !insn_protected(run) )
        return true;
    if ( !(attr & EMUL_SEG_P) || !(attr & EMUL_SEG_S) )
        return false;
    return write ? !code && second : !code || second;
}

bool segment_allows(const struct run *run, unsigned int seg, uint64_t offset,
                    uint64_t bytes, bool write)
{
    const struct emul_seg *s = &run->r.seg[seg];
    uint64_t last = offset + bytes - 1;

    if ( run->i.mode == 8 )
    {
        uint64_t base = seg == EMUL_FS || seg == EMUL_GS ? s->base : 0;

        return canonical(base + offset) && canonical(base + last) &&
               !(((base + offset) ^ (base + last)) >> 63);
    }
    if ( !rights_allow(run, seg, write) )
        return false;
    /* Data segments that expand down are valid above their limit. */
    if ( insn_protected(run) && (s->attr & 0xc) == 4 )
        return offset > s->limit &&
               last <= (s->attr & EMUL_SEG_DB ? 0xffffffffUL : 0xffffUL);
    return last <= s->limit;
}

uint64_t insn_linear(const struct run *run, unsigned int seg, uint64_t offset)
{
    const struct emul_seg *s = &run->r.seg[seg];

    if ( run->i.mode == 8 )
        return offset + (seg == EMUL_FS || seg == EMUL_GS ? s->base : 0);
    return (uint32_t)(s->base + offset);
}

static bool map_linear(struct run *run, uint64_t va, unsigned int bytes,
                       unsigned int access, struct operand *o)
{
    unsigned int first = (unsigned int)min((uint64_t)bytes,
                                           PAGE_SIZE - (va & ~PAGE_MASK));

    ASSERT(bytes - 1 < MAX_OPERAND);
    *o = (struct operand){ .bytes = { (uint8_t)first,
                                      (uint8_t)(bytes - first) } };
    if ( !translate_once(run, va, access, &o->gpa[0]) )
        return false;
    if ( bytes == first )
        return true;
    va += first;
    if ( run->i.mode != 8 )
        va = (uint32_t)va;
    return translate_once(run, va, access, &o->gpa[1]);
}

bool operand_map(struct run *run, unsigned int seg, uint64_t offset,
                 unsigned int bytes, bool write, struct operand *o)
{
    unsigned int access = (write ? WALK_WRITE : 0) | user(run);

    ASSERT(seg < EMUL_NR_SEGS);
    if ( !segment_allows(run, seg, offset, bytes, write) )
        return insn_raise(run, seg == EMUL_SS ? VECTOR_SS : VECTOR_GP, 0);
    return map_linear(run, insn_linear(run, seg, offset), bytes, access, o);
}

bool operand_map_system(struct run *run, uint64_t va, unsigned int bytes,
                        struct operand *o)
{
    return map_linear(run, va, bytes, 0, o);
}

/* ---- instruction bytes ---- */

bool insn_fetch_more(struct run *run)
{
    const struct emul_seg *cs = &run->r.seg[EMUL_CS];
    struct emul *e = run->e;
    uint64_t offset = run->r.rip + e->nr_code, va, gpa;
    unsigned int n = EMUL_MAX_INSN - e->nr_code;

    if ( !n )
        return insn_raise(run, VECTOR_GP, 0);
    if ( run->i.mode == 8 )
    {
        if ( !canonical(offset) )
            return insn_raise(run, VECTOR_GP, 0);
        va = offset;
    }
    else
    {
        offset = (uint32_t)run->r.rip + (uint64_t)e->nr_code;
        if ( offset > cs->limit )
            return insn_raise(run, VECTOR_GP, 0);
        n = (unsigned int)min((uint64_t)n, cs->limit - offset + 1);
        va = (uint32_t)(cs->base + offset);
    }
    n = (unsigned int)min((uint64_t)n, PAGE_SIZE - (va & ~PAGE_MASK));
    if ( !translate(run, va, WALK_FETCH | user(run), &gpa) )
        return false;
    if ( !e->ops->read_phys(e->arg, gpa, e->code + e->nr_code, n) )
        return insn_stop(run, EMUL_UNHANDLEABLE);
    e->nr_code = (uint8_t)(e->nr_code + n);
    return true;
}

/* ---- data ---- */

static bool device_access(struct run *run, uint64_t gpa, unsigned int bytes,
                          bool write, uint64_t *value)
{
    ioreq_t p = { .type = IOREQ_TYPE_COPY, .addr = gpa, .size = bytes,
                  .count = 1, .dir = write ? IOREQ_WRITE : IOREQ_READ,
                  .data = write ? *value : 0 };

    if ( !insn_io(run, STEP_IO, &p) )
        return false;
    *value = p.data;
    return true;
}

/* 1, 2, 4 or 8 bytes in one page. */
static bool chunk_access(struct run *run, uint64_t gpa, unsigned int bytes,
                         bool write, uint64_t *value)
{
    const struct emul_ops *ops = run->e->ops;
    enum step_kind kind = write ? STEP_RAM_WRITE : STEP_RAM_READ;
    uint64_t v = *value;

    if ( step_may_be(run, kind) )
    {
        if ( step_replay(run, kind, gpa, bytes, &v) )
        {
            *value = v;
            return true;
        }
        if ( write ? ops->write_phys(run->e->arg, gpa, &v, bytes)
                   : ops->read_phys(run->e->arg, gpa, &v, bytes) )
        {
            *value = v;
            return step_record(run, kind, gpa, bytes, v);
        }
    }
    return device_access(run, gpa, bytes, write, value);
}

/* Part of an operand in one page, in pieces of the sizes that a device knows. */
static bool part_access(struct run *run, uint64_t gpa, unsigned int bytes,
                        bool write, uint8_t *buf)
{
    for ( unsigned int done = 0, n = 8; done < bytes; done += n )
    {
        uint64_t v = 0;

        while ( n > bytes - done )
            n /= 2;
        if ( write )
            memcpy(&v, buf + done, n);
        if ( !chunk_access(run, gpa + done, n, write, &v) )
            return false;
        if ( !write )
            memcpy(buf + done, &v, n);
    }
    return true;
}

static bool operand_access(struct run *run, const struct operand *o,
                           bool write, uint8_t *buf)
{
    return part_access(run, o->gpa[0], o->bytes[0], write, buf) &&
           part_access(run, o->gpa[1], o->bytes[1], write, buf + o->bytes[0]);
}

bool operand_get(struct run *run, const struct operand *o, void *buf)
{
    return operand_access(run, o, false, buf);
}

bool operand_put(struct run *run, const struct operand *o, const void *buf)
{
    uint8_t copy[MAX_OPERAND];

    memcpy(copy, buf, o->bytes[0] + o->bytes[1]);
    return operand_access(run, o, true, copy);
}

/* Most operands are one access. */
static bool is_chunk(const struct operand *o)
{
    return !o->bytes[1] && !(o->bytes[0] & (o->bytes[0] - 1));
}

bool operand_read(struct run *run, const struct operand *o, uint64_t *value)
{
    uint64_t v = 0;

    ASSERT(o->bytes[0] + o->bytes[1] <= 8);
    if ( is_chunk(o) ? !chunk_access(run, o->gpa[0], o->bytes[0], false, &v)
                     : !operand_access(run, o, false, (uint8_t *)&v) )
        return false;
    *value = v;
    return true;
}

bool operand_write(struct run *run, const struct operand *o, uint64_t value)
{
    ASSERT(o->bytes[0] + o->bytes[1] <= 8);
    value &= mask_of(o->bytes[0] + o->bytes[1]);
    return is_chunk(o) ? chunk_access(run, o->gpa[0], o->bytes[0], true, &value)
                       : operand_access(run, o, true, (uint8_t *)&value);
}

bool operand_update(struct run *run, const struct operand *o, uint64_t old,
                    uint64_t value)
{
    struct emul *e = run->e;
    uint64_t seen = old;

    /* One in two pages is not atomic here, nor where it is no RAM. */
    if ( o->bytes[1] || !step_may_be(run, STEP_RAM_WRITE) ||
         !e->ops->cmpxchg_phys(e->arg, o->gpa[0], &seen,
                               value & mask_of(o->bytes[0]), o->bytes[0]) )
        return operand_write(run, o, value);
    /* No other access comes after: the log need not know. */
    return seen == old || insn_stop(run, EMUL_RETRY);
}
