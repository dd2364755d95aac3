/* SPDX-License-Identifier: MIT */
/*
 * A machine around the instruction emulator: six pages of memory, two of them
 * a device's, and ports.  An access of a device is done at once or waits.
 */
#ifndef TEST_INSN_H
#define TEST_INSN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <emul/emulate.h>

#include <x86/defns.h>
#include <x86/processor.h>

#define PAGE 4096U
#define ARENA_PAGES 6U /* 0 code, 1 RAM, 2 and 3 a device's, 4 and 5 RAM */
#define CODE_AT 0x100U
#define DEVICE_AT (2 * PAGE)
#define DEVICE_END (4 * PAGE)
#define ARENA_BYTES (ARENA_PAGES * PAGE)

struct box {
    uint64_t base;              /* guest-physical address of the arena */
    uint8_t arena[ARENA_BYTES]; /* of the emulator's guest */
    uint8_t tables[4 * PAGE];   /* at gpa 0 */
    uint8_t ymm[16][32];
    uint8_t x87[108];           /* as of FNSAVE */
    uint32_t mxcsr;
    uint64_t xcr0;
    uint32_t hidden_leaf, hidden; /* bits that CPUID does not show there */

    unsigned int pending_in_8;  /* how many of 8 accesses have to wait */
    bool unclaimed;             /* nobody has these devices */
    bool retry;                 /* they are not to be asked */
    bool no_batch;              /* lots are refused */
    bool all_ram;               /* the device has gone */
    bool no_cr0;                /* writes of CR0 are refused */
    ioreq_t waiting;
    uint64_t seed;

    unsigned int nr_io, nr_batches, nr_pending, nr_ram_writes, nr_reads,
        nr_puts, nr_stubs;
    uint64_t trace; /* of all accesses of devices, in their order */
    ioreq_t last;
    struct emul e;
};

static inline uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15UL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
    return z ^ (z >> 31);
}

/* ---- memory ---- */

/* NULL: nothing but a device there, or it is not all in one place. */
static uint8_t *box_ram(struct box *b, uint64_t gpa, unsigned int bytes)
{
    uint64_t at = gpa - b->base;

    if ( gpa < sizeof(b->tables) && bytes <= sizeof(b->tables) - gpa )
        return b->tables + gpa;
    if ( at >= ARENA_BYTES || bytes > ARENA_BYTES - at ||
         (!b->all_ram && at < DEVICE_END && at + bytes > DEVICE_AT) )
        return NULL;
    return b->arena + at;
}

static bool box_read(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    struct box *b = arg;
    uint8_t *p = box_ram(b, gpa, bytes);

    assert_true((gpa & (PAGE - 1)) + bytes <= PAGE);
    b->nr_reads++;
    if ( p )
        memcpy(buf, p, bytes);
    return p;
}

static bool box_write(void *arg, uint64_t gpa, const void *buf,
                      unsigned int bytes)
{
    struct box *b = arg;
    uint8_t *p = box_ram(b, gpa, bytes);

    assert_true((gpa & (PAGE - 1)) + bytes <= PAGE);
    if ( p )
        memcpy(p, buf, bytes);
    b->nr_ram_writes += !!p;
    return p;
}

static bool box_cmpxchg(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                        unsigned int bytes)
{
    struct box *b = arg;
    uint8_t *p = box_ram(b, gpa, bytes);
    uint64_t seen = 0;

    assert_true((gpa & (PAGE - 1)) + bytes <= PAGE);
    if ( !p )
        return false;
    memcpy(&seen, p, bytes);
    if ( seen == *old )
        memcpy(p, &new, bytes);
    b->nr_ram_writes += seen == *old;
    *old = seen;
    return true;
}

static bool box_is_ram(void *arg, uint64_t gpa, bool write)
{
    (void)write;
    return box_ram(arg, gpa, 1);
}

/* ---- registers ---- */

static void box_read_vector(void *arg, unsigned int reg, void *v, bool wide)
{
    struct box *b = arg;

    assert_true(reg < 16);
    memcpy(v, b->ymm[reg], wide ? 32 : 16);
}

static void box_write_vector(void *arg, unsigned int reg, const void *v,
                             bool wide)
{
    struct box *b = arg;

    assert_true(reg < 16);
    memcpy(b->ymm[reg], v, wide ? 32 : 16);
}

static void box_mxcsr(void *arg, uint32_t *v, bool write)
{
    struct box *b = arg;

    *(write ? &b->mxcsr : v) = write ? *v : b->mxcsr;
}

static void box_run_stub(void *arg, struct emul_stub *s)
{
    struct box *b = arg;

    __asm__ volatile ( "frstor %0" :: "m" (b->x87) );
    emul_stub_run(s);
    __asm__ volatile ( "fnsave %0" : "=m" (b->x87) );
    b->nr_stubs++;
}

/* This processor's, without what is hidden. */
static void box_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
                      struct cpuid_regs *out)
{
    const struct box *b = arg;

    cpuid(leaf, subleaf, &out->a, &out->b, &out->c, &out->d);
    if ( leaf != b->hidden_leaf )
        return;
    out->b &= ~b->hidden;
    out->c &= ~b->hidden;
    out->d &= ~b->hidden;
}

static uint64_t box_xcr0(void *arg)
{
    const struct box *b = arg;

    return b->xcr0;
}

static void box_put_regs(void *arg)
{
    struct box *b = arg;

    b->nr_puts++;
}

/* No other bit than those of LMSW. */
static bool box_write_cr0(void *arg, uint64_t value)
{
    struct box *b = arg;

    assert_int_equal((value ^ b->e.regs.cr0) & ~0xfUL, 0);
    b->e.regs.cr0 = value;
    return !b->no_cr0;
}

/* ---- devices ---- */

static void box_note(struct box *b, uint64_t v)
{
    b->trace = (b->trace ^ v) * 0x100000001b3UL;
}

static void box_element(struct box *b, const ioreq_t *p, uint64_t addr,
                        uint64_t *value)
{
    uint64_t at = addr - b->base;

    box_note(b, addr << 8 | (uint64_t)p->dir << 4 | p->size);
    if ( p->type == IOREQ_TYPE_PIO && p->dir == IOREQ_READ )
        *value = b->trace; /* a stream: depends on all before */
    else if ( p->type == IOREQ_TYPE_COPY )
    {
        if ( at >= DEVICE_END || at < DEVICE_AT || at + p->size > DEVICE_END )
            fail_msg("access at %lx", (unsigned long)addr);
        if ( p->dir == IOREQ_READ )
        {
            *value = draw(&b->seed); /* more than was asked for */
            memcpy(value, b->arena + at, p->size);
        }
        else
            memcpy(b->arena + at, value, p->size);
    }
    if ( p->dir == IOREQ_WRITE )
        box_note(b, p->size == 8 ? *value
                                 : *value & ((1UL << p->size * 8) - 1));
}

/* As a device model does it. */
static void box_do(struct box *b, ioreq_t *p)
{
    b->last = *p;
    b->nr_io++;
    b->nr_batches += p->count > 1;
    for ( uint32_t i = 0; i < p->count; i++ )
    {
        uint64_t step = (uint64_t)i * p->size, addr = p->addr;
        uint64_t pointer = p->df ? p->data - step : p->data + step, v = 0;
        uint8_t *ram;

        if ( p->type == IOREQ_TYPE_COPY )
            addr = p->df ? addr - step : addr + step;
        if ( !p->data_is_ptr )
        {
            box_element(b, p, addr, &p->data);
            continue;
        }
        ram = box_ram(b, pointer, p->size);
        assert_non_null(ram);
        assert_true((pointer ^ p->data) < PAGE);
        if ( p->dir == IOREQ_WRITE )
            memcpy(&v, ram, p->size);
        box_element(b, p, addr, &v);
        if ( p->dir == IOREQ_READ )
            memcpy(ram, &v, p->size);
    }
}

static enum io_result box_io(void *arg, ioreq_t *p)
{
    struct box *b = arg;

    assert_int_equal(b->waiting.count, 0);
    assert_true(p->size == 1 || p->size == 2 || p->size == 4 || p->size == 8);
    assert_true(p->count >= 1 && (p->count > 1 || !p->data_is_ptr));
    if ( p->dir == IOREQ_WRITE && !p->data_is_ptr && p->size < 8 )
        assert_int_equal(p->data >> p->size * 8, 0);
    if ( b->retry )
        return IO_RETRY;
    if ( b->unclaimed || (b->no_batch && p->count > 1) )
    {
        b->nr_io++;
        if ( p->dir == IOREQ_READ )
            p->data = ~0UL;
        return IO_UNHANDLED;
    }
    if ( draw(&b->seed) % 8 < b->pending_in_8 )
    {
        b->nr_pending++;
        b->waiting = *p;
        return IO_PENDING;
    }
    box_do(b, p);
    return IO_DONE;
}

static const struct emul_ops box_ops = {
    .io = box_io, .read_phys = box_read, .write_phys = box_write,
    .cmpxchg_phys = box_cmpxchg, .is_ram = box_is_ram,
    .put_regs = box_put_regs, .write_cr0 = box_write_cr0,
    .cpuid = box_cpuid, .xcr0 = box_xcr0, .read_vector = box_read_vector,
    .write_vector = box_write_vector, .mxcsr = box_mxcsr,
    .run_stub = box_run_stub,
};

/* ---- running ---- */

/* An instruction to its end; the guest is entered for nothing in between. */
static inline enum emul_result box_run(struct box *b)
{
    enum emul_result r;

    for ( unsigned int i = 0; i < 100000; i++ )
    {
        r = emulate(&b->e);
        if ( r == EMUL_PENDING )
        {
            if ( i % 3 == 0 )
                assert_int_equal(emulate(&b->e), EMUL_PENDING);
            box_do(b, &b->waiting);
            b->waiting.count = 0;
            emul_answer(&b->e, b->waiting.data);
        }
        else if ( r != EMUL_RETRY || b->retry )
            return r;
        assert_int_equal(b->e.waiting, false);
    }
    return EMUL_RETRY;
}

/* mode: 2 real mode, 4 protected and flat, 8 paged, one page of 1 GiB. */
static inline void box_init(struct box *b, unsigned int mode, uint64_t base,
                            uint64_t seed)
{
    static const uint64_t entry[2] = { 0x2007, 0x87 };
    struct emul_regs *r = &b->e.regs;

    memset(b, 0, sizeof(*b));
    b->base = base;
    b->seed = seed;
    b->e.ops = &box_ops;
    b->e.arg = b;
    memcpy(b->tables + 0x1000, &entry[0], 8);
    memcpy(b->tables + 0x2000, &entry[1], 8);
    r->rflags = 2;
    r->cr3 = 0x1000;
    r->rip = CODE_AT + (mode == 2 ? 0 : base);
    if ( mode != 2 )
        r->cr0 = CR0_PE | (mode == 8 ? CR0_PG | CR0_WP : 0);
    r->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
    b->mxcsr = 0x1f80;
    b->xcr0 = 7;
    __asm__ volatile ( "fninit; fnsave %0" : "=m" (b->x87) );
    if ( mode == 8 )
    {
        r->cr4 |= CR4_PAE;
        r->efer = EFER_LMA;
    }
    for ( unsigned int i = 0; i < EMUL_NR_SEGS; i++ )
        r->seg[i] = (struct emul_seg){
            .attr = EMUL_SEG_P | EMUL_SEG_S | 3 | (i == EMUL_CS ? 8 : 0) |
                    (mode == 4 ? EMUL_SEG_DB : 0) |
                    (mode == 8 && i == EMUL_CS ? EMUL_SEG_L : 0),
            .limit = mode == 2 ? 0xffff : 0xffffffff,
            .base = mode == 2 ? base : 0,
            .sel = (uint16_t)(mode == 2 ? base >> 4 : 8),
        };
}

static inline void box_code(struct box *b, const void *code, unsigned int len)
{
    memcpy(b->arena + CODE_AT, code, len);
}

static inline void box_fill(struct box *b, uint64_t seed)
{
    for ( unsigned int i = 0; i < ARENA_BYTES; i += 8 )
    {
        uint64_t v = draw(&seed);

        memcpy(b->arena + i, &v, 8);
    }
}

#endif
