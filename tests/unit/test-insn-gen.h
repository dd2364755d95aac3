/* SPDX-License-Identifier: MIT */
/*
 * Random instructions of every form that the emulator knows, with registers
 * that make their operands lie in the arena.
 */
#ifndef TEST_INSN_GEN_H
#define TEST_INSN_GEN_H

#include "test-insn-forms.h"

struct gen {
    uint64_t seed, base; /* base: where the arena is in address registers */
    unsigned int mode;
    const struct form *form;
    uint8_t code[32];
    unsigned int len;
    uint64_t gpr[16];
    uint64_t rflags;
    bool fixed[16]; /* the register's value is part of an address */
    uint8_t xmm[16][16];
    unsigned int op, ad; /* bytes */
    unsigned int offset, bytes; /* of the operand, in the arena */
    unsigned int imm;
    unsigned int defined; /* flags that are compared */
    uint8_t rex;
    bool wide; /* the other opcode of F_BYTE */
    bool same; /* memory is to be of bytes 0x5a, nearly */
};

static inline unsigned int below(struct gen *g, unsigned int n)
{
    return (unsigned int)(draw(&g->seed) >> 16) % n;
}

static inline void put(struct gen *g, uint64_t v, unsigned int bytes)
{
    memcpy(g->code + g->len, &v, bytes);
    g->len += bytes;
}

static inline uint64_t address_mask(const struct gen *g)
{
    return g->ad == 8 ? ~0UL : (1UL << g->ad * 8) - 1;
}

/* The bits beyond the address size are noise.  False: it has its value. */
static inline bool set_address(struct gen *g, unsigned int reg, uint64_t v)
{
    uint64_t mask = address_mask(g);

    if ( g->fixed[reg] )
        return false;
    g->gpr[reg] = (v & mask) | (g->gpr[reg] & ~mask);
    g->fixed[reg] = true;
    return true;
}

/* REX comes between the prefix that belongs to the opcode and the others. */
static inline void put_opcode(struct gen *g)
{
    uint32_t opcode = g->form->opcode;
    int shift = 24;

    while ( shift && !(opcode >> shift) )
        shift -= 8;
    if ( opcode >> shift != 0x0f && shift )
    {
        put(g, opcode >> shift, 1);
        shift -= 8;
    }
    if ( g->rex )
        put(g, g->rex, 1);
    for ( ; shift; shift -= 8 )
        put(g, opcode >> shift & 0xff, 1);
    if ( g->form->flags & F_BYTE )
        opcode |= g->wide;
    if ( g->form->flags & F_CONDITION )
        opcode |= below(g, 16);
    put(g, opcode & 0xff, 1);
}

static inline void gen_prefixes(struct gen *g)
{
    const struct form *f = g->form;
    /* f2 and f3 win, in processors; not in the other emulator. */
    bool may66 = !(f->flags & (F_NO16 | F_ONLY64 | F_STACK | F_XMM)) ||
                 (f->opcode >> 20 == 0xf && g->mode == 8);
    bool op66 = may66 && !below(g, 3);
    bool ad67 = !below(g, 4);
    static const uint8_t segments[] = { 0x3e, 0x26, 0x2e, 0x36 };

    /* CS cannot be written in protected mode. */
    if ( !below(g, 4) && !(f->flags & F_STRING) )
        put(g, segments[below(g, g->mode == 4 ? 2 : 4)], 1);
    if ( (f->flags & F_LOCKS) && !below(g, 4) )
        put(g, 0xf0, 1);
    if ( (f->flags & F_STRING) && below(g, 4) )
        put(g, 0xf2 + below(g, 2), 1);
    if ( ad67 )
        put(g, 0x67, 1);
    if ( op66 )
        put(g, 0x66, 1);
    if ( g->mode == 8 && below(g, 2) )
        g->rex = (uint8_t)(0x40 | below(g, 16));
    if ( (f->flags & (F_MOFFS | F_STRING | F_STACK)) )
        g->rex &= (uint8_t)~7U;
    if ( f->flags & F_REXW )
        g->rex |= 0x48;
    else if ( f->flags & F_PAIR )
        g->rex &= (uint8_t)~8U;
    g->ad = g->mode == 8 ? (ad67 ? 4 : 8) : ad67 ? 6 - g->mode : g->mode;
    g->op = g->mode == 8 ? (op66 ? 2 : 4) : op66 ? 6 - g->mode : g->mode;
    if ( g->rex & 8 )
        g->op = 8;
    put_opcode(g);
}

static inline bool gen_address_16(struct gen *g, unsigned int reg,
                                  uint64_t target)
{
    static const uint8_t base[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };
    static const uint8_t index[8] = { 6, 7, 6, 7 };
    unsigned int mod = below(g, 3), rm = below(g, 8);
    uint64_t disp = mod == 0 ? 0 : mod == 1 ? below(g, 256) : below(g, 65536);

    put(g, mod << 6 | reg << 3 | rm, 1);
    put(g, disp, mod);
    if ( mod == 0 && rm == 6 )
    {
        put(g, target, 2);
        return true;
    }
    if ( mod == 1 )
        disp = (uint64_t)(int8_t)disp;
    if ( rm < 4 )
    {
        if ( !set_address(g, index[rm], below(g, 65536)) )
            return false;
        target -= g->gpr[index[rm]];
    }
    return set_address(g, base[rm], target - disp);
}

static inline bool gen_index(struct gen *g, unsigned int index,
                             unsigned int scale, uint64_t *target)
{
    if ( index == 4 )
        return true;
    if ( !set_address(g, index, below(g, 4096)) )
        return false;
    *target -= (g->gpr[index] & address_mask(g)) << scale;
    return true;
}

/* ModRM, SIB, displacement; imm_bytes follow. */
static inline bool gen_address(struct gen *g, unsigned int reg,
                               uint64_t target, unsigned int imm_bytes)
{
    unsigned int kind = below(g, 5), mod = below(g, 3), low = below(g, 8);
    unsigned int base = low | (g->rex & 1U) << 3, scale = below(g, 4);
    unsigned int x = below(g, 8), index;
    uint64_t disp;

    if ( g->ad == 2 )
        return gen_address_16(g, reg, target);
    if ( kind == 0 ) /* an address, maybe relative to rip */
    {
        put(g, reg << 3 | 5, 1);
        if ( g->mode == 8 )
            target -= g->base + CODE_AT + g->len + 4 + imm_bytes;
        put(g, target, 4);
        return true;
    }
    if ( kind == 1 ) /* SIB without a base */
    {
        put(g, reg << 3 | 4, 1);
        put(g, scale << 6 | x << 3 | 5, 1);
        if ( !gen_index(g, x | (g->rex & 2U) << 2, scale, &target) )
            return false;
        put(g, target, 4);
        return true;
    }
    if ( kind == 2 )
        x = 4;
    if ( mod == 0 && low == 5 )
        mod = 1;
    put(g, mod << 6 | reg << 3 | (kind > 2 ? 4 : low), 1);
    if ( kind > 2 || low == 4 )
    {
        index = x | (g->rex & 2U) << 2;
        put(g, scale << 6 | x << 3 | low, 1);
        if ( !gen_index(g, index, scale, &target) )
            return false;
    }
    disp = mod == 0 ? 0 : mod == 1 ? (uint64_t)(int8_t)below(g, 256)
                                   : (uint64_t)(int32_t)draw(&g->seed);
    put(g, disp, mod == 2 ? 4 : mod);
    return set_address(g, base, target - disp);
}

/* An offset in the arena, often at the border of pages. */
static inline unsigned int gen_offset(struct gen *g, unsigned int margin)
{
    unsigned int offset;

    if ( g->form->flags & F_DEVICE )
        return DEVICE_AT + below(g, 2 * PAGE / 16) * 16;
    if ( below(g, 3) )
        offset = PAGE + margin + below(g, 4 * PAGE - 8 - 2 * margin);
    else
        offset = (2 + below(g, 3)) * PAGE -
                 below(g, g->form->flags & F_XMM ? 17 : 9);
    return g->form->flags & F_ALIGNED ? offset & ~15U : offset;
}

static inline bool gen_string(struct gen *g)
{
    unsigned int n = below(g, 2) ? below(g, 300) : below(g, 4);

    if ( !below(g, 4) ) /* whole pages */
    {
        set_address(g, 6, g->base + PAGE * (1 + below(g, 3)) + 16);
        set_address(g, 7, g->base + PAGE * (1 + below(g, 3)) + 16);
        g->rflags &= ~0x400UL;
    }
    else
    {
        set_address(g, 6, g->base + gen_offset(g, 2400));
        set_address(g, 7, g->base + gen_offset(g, 2400));
    }
    g->same = (g->form->flags & F_COMPARE) && below(g, 3);
    if ( g->same )
        g->gpr[0] = g->mode == 8 ? 0x5a5a5a5a5a5a5a5aUL : 0x5a5a5a5a;
    return set_address(g, 1, n);
}

/* Few bits of a count do not matter, and small ones are the interesting. */
static inline bool gen_count(struct gen *g)
{
    bool by_cl = !(g->form->flags & F_IMM8) && g->form->opcode != 0xd0;
    unsigned int count;

    if ( by_cl && !g->fixed[1] && !below(g, 3) )
        g->gpr[1] = (g->gpr[1] & ~0xffUL) | below(g, 3);
    if ( !by_cl && !below(g, 3) )
        g->imm = below(g, 3);
    count = (by_cl ? g->gpr[1] & 0xff : g->form->opcode == 0xd0 ? 1 : g->imm) &
            (g->bytes == 8 ? 63 : 31);
    if ( (g->form->flags & F_DOUBLE) && count > g->bytes * 8 )
        return false; /* there is no result */
    g->defined = FLAGS_ALL & ~0x10U;
    if ( !count || ((g->form->flags & F_SHIFT) && g->form->reg < 4) )
        g->defined = FLAGS_ALL; /* those it does not change */
    if ( count > 1 )
        g->defined &= ~0x800U;
    if ( (g->form->flags & F_SHIFT) && g->form->reg >= 4 &&
         g->form->reg < 7 && count >= g->bytes * 8 )
        g->defined &= ~CF_ONLY;
    return true;
}

static inline void gen_start(struct gen *g, const struct form *f)
{
    g->form = f;
    g->len = 0;
    g->rex = 0;
    g->same = false;
    g->defined = f->defined;
    g->wide = f->flags & F_BYTE ? below(g, 2) : false;
    memset(g->fixed, 0, sizeof(g->fixed));
    for ( unsigned int i = 0; i < 16; i++ )
    {
        g->gpr[i] = draw(&g->seed) >> (g->mode == 8 ? 0 : 32);
        for ( unsigned int k = 0; k < 16; k++ )
            g->xmm[i][k] = (uint8_t)below(g, 256);
    }
    g->rflags = (draw(&g->seed) & (FLAGS_ALL | 0x400)) | 2;
    /* Canonical: test-insn-native has to come back from faults with it. */
    if ( g->mode == 8 )
        g->gpr[4] >>= 17;
    if ( f->flags & F_STACK )
    {
        g->gpr[4] = g->base + PAGE + 8 + 8 * below(g, 1600);
        g->fixed[4] = true;
    }
}

/* False: it asked too much of a register; try again. */
static inline bool gen(struct gen *g, const struct form *f)
{
    unsigned int imm = 0, reg = f->reg < 0 ? below(g, 8) : (unsigned int)f->reg;
    unsigned int full_reg;
    uint64_t value;

    gen_start(g, f);
    g->offset = gen_offset(g, f->flags & F_BITS ? 600 : 0);
    gen_prefixes(g);
    full_reg = reg | (g->rex & 4U) << 1;
    g->bytes = (f->flags & F_BYTE) && !g->wide ? 1 : g->op;
    if ( f->flags & F_PAIR )
        g->bytes = f->flags & F_REXW ? 16 : 8;
    if ( f->flags & F_IMM8 )
        imm = 1;
    if ( f->flags & F_IMM )
        imm = g->op == 2 ? 2 : 4;
    if ( f->flags & F_STRING )
        return gen_string(g);
    if ( f->flags & F_MOFFS )
        put(g, g->base + g->offset, g->ad);
    else if ( !gen_address(g, reg, g->base + g->offset, imm) )
        return false;
    g->imm = (unsigned int)draw(&g->seed);
    if ( imm == 1 )
        g->imm &= 0xff;
    if ( (f->flags & (F_SHIFT | F_DOUBLE)) && !gen_count(g) )
        return false;
    put(g, g->imm, imm);
    if ( f->flags & F_BITS )
    {
        value = (uint64_t)(int64_t)below(g, 8000) - 4000;
        if ( g->fixed[full_reg] )
            return false;
        g->gpr[full_reg] = g->mode == 8 ? value : (uint32_t)value;
    }
    if ( (f->flags & (F_DIVIDE | F_PAIR | F_CMPXCHG)) &&
         (g->fixed[0] || g->fixed[2]) )
        return false;
    return g->len <= EMUL_MAX_INSN;
}

/* ---- memory, and registers that depend on it ---- */

/* Makes a quotient that fits. */
static inline void settle_divide(struct gen *g, uint8_t *arena)
{
    unsigned int bits = g->bytes * 8;
    uint64_t d = 0, high = draw(&g->seed), sign = 1UL << (bits - 1);
    uint64_t mask = g->bytes == 8 ? ~0UL : (1UL << bits) - 1;
    uint64_t low = draw(&g->seed) & mask;

    arena[g->offset] |= 1;
    memcpy(&d, arena + g->offset, g->bytes);
    if ( !(g->form->flags & F_SIGNED) )
        high %= d;
    else
    {
        d = d & sign ? -d & mask : d;
        /* At least 1 less than half of it, on either side of 0. */
        high = d > 5 ? high % (d / 2 - 1) : 0;
        if ( !d || (d > 5 && below(g, 2)) )
            high = ~high;
    }
    if ( d == 1 && (g->form->flags & F_SIGNED) )
        low >>= 1;
    if ( g->bytes == 1 )
        low |= (high & 0xff) << 8;
    else
        memcpy(&g->gpr[2], &high, g->bytes);
    memcpy(&g->gpr[0], &low, g->bytes == 1 ? 2 : g->bytes);
}

/* What is compared is equal, half of the time; of a pair, maybe one. */
static inline void settle_compare(struct gen *g, const uint8_t *arena)
{
    const uint8_t *at = arena + g->offset;
    unsigned int half = g->bytes / 2;

    if ( below(g, 2) )
        return;
    if ( g->form->flags & F_CMPXCHG )
    {
        memcpy(&g->gpr[0], at, g->bytes);
        return;
    }
    if ( below(g, 4) )
        memcpy(&g->gpr[0], at, half);
    if ( below(g, 4) )
        memcpy(&g->gpr[2], at + half, half);
}

static inline void gen_fill(struct gen *g, uint8_t *arena)
{
    uint64_t v;

    for ( unsigned int i = PAGE; i < ARENA_BYTES; i += 8 )
    {
        v = g->same ? 0x5a5a5a5a5a5a5a5aUL : draw(&g->seed);
        memcpy(arena + i, &v, 8);
    }
    for ( unsigned int i = 0; g->same && i < 16; i++ )
        arena[PAGE + below(g, 4 * PAGE)] = (uint8_t)below(g, 256);
    v = below(g, 2) ? 1UL << below(g, 64) % (g->bytes * 8) % 64 : 0;
    if ( (g->form->flags & F_SCAN) && below(g, 3) )
        memcpy(arena + g->offset, &v, g->bytes);
    if ( g->form->flags & F_DIVIDE )
        settle_divide(g, arena);
    if ( g->form->flags & (F_CMPXCHG | F_PAIR) )
        settle_compare(g, arena);
}

#endif
