/* SPDX-License-Identifier: MIT */
/*
 * Random instructions of every form that the emulator knows, with registers
 * that make their operands lie in the arena; compared with a processor.
 */
#ifndef TEST_INSN_GEN_H
#define TEST_INSN_GEN_H

#include "test-insn.h"

#define F_BYTE 0x001   /* opcode | 1 is the wide one; this has both        */
#define F_IMM8 0x002
#define F_IMM 0x004    /* of operand size                                  */
#define F_LOCKS 0x008  /* LOCK is allowed                                  */
#define F_BITS 0x010   /* the register is a bit offset                     */
#define F_MOFFS 0x020
#define F_STRING 0x040
#define F_COMPARE 0x080 /* REPE and REPNE differ                           */
#define F_NO16 0x100
#define F_ONLY64 0x200
#define F_CMPXCHG 0x400
#define F_STACK 0x800

#define FLAGS_ALL 0x8d5U
#define NO_AF 0x8c5U
#define CF_ONLY 0x001U

struct form {
    const char *name;
    uint16_t opcode; /* 0x0fxx: two bytes */
    int8_t reg;      /* of ModRM, -1: any */
    uint16_t flags, defined; /* defined: flags that are compared */
};

#define ALU(n, name)                                                         \
    { name " m,r", (n) * 8, -1, F_BYTE | F_LOCKS, DEF(n) },                   \
    { name " r,m", (n) * 8 + 2, -1, F_BYTE, DEF(n) },                        \
    { name " m,imm8", 0x80, n, F_IMM8 | F_LOCKS, DEF(n) },                   \
    { name " m,imm", 0x81, n, F_IMM | F_LOCKS, DEF(n) },                     \
    { name " m,simm8", 0x83, n, F_IMM8 | F_LOCKS, DEF(n) }
#define DEF(n) ((n) == 1 || (n) == 4 || (n) == 6 ? NO_AF : FLAGS_ALL)

static const struct form forms[] = {
    ALU(0, "add"), ALU(1, "or"), ALU(2, "adc"), ALU(3, "sbb"), ALU(4, "and"),
    ALU(5, "sub"), ALU(6, "xor"),
    { "cmp m,r", 0x38, -1, F_BYTE, FLAGS_ALL },
    { "cmp r,m", 0x3a, -1, F_BYTE, FLAGS_ALL },
    { "cmp m,imm8", 0x80, 7, F_IMM8, FLAGS_ALL },
    { "cmp m,imm", 0x81, 7, F_IMM, FLAGS_ALL },
    { "cmp m,simm8", 0x83, 7, F_IMM8, FLAGS_ALL },
    { "test m,r", 0x84, -1, F_BYTE, NO_AF },
    { "test m,imm8", 0xf6, 0, F_IMM8, NO_AF },
    { "test m,imm", 0xf7, 0, F_IMM, NO_AF },
    { "not", 0xf6, 2, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "neg", 0xf6, 3, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "inc", 0xfe, 0, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "dec", 0xfe, 1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "xchg", 0x86, -1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "mov m,r", 0x88, -1, F_BYTE, FLAGS_ALL },
    { "mov r,m", 0x8a, -1, F_BYTE, FLAGS_ALL },
    { "mov m,imm8", 0xc6, 0, F_IMM8, FLAGS_ALL },
    { "mov m,imm", 0xc7, 0, F_IMM, FLAGS_ALL },
    { "mov a,moffs", 0xa0, -1, F_BYTE | F_MOFFS, FLAGS_ALL },
    { "mov moffs,a", 0xa2, -1, F_BYTE | F_MOFFS, FLAGS_ALL },
    { "movsxd", 0x63, -1, F_ONLY64, FLAGS_ALL },
    { "movzx", 0x0fb6, -1, F_BYTE, FLAGS_ALL },
    { "movsx", 0x0fbe, -1, F_BYTE, FLAGS_ALL },
    { "movnti", 0x0fc3, -1, F_NO16, FLAGS_ALL },
    { "cmpxchg", 0x0fb0, -1, F_BYTE | F_LOCKS | F_CMPXCHG, FLAGS_ALL },
    { "xadd", 0x0fc0, -1, F_BYTE | F_LOCKS, FLAGS_ALL },
    { "bt m,r", 0x0fa3, -1, F_BITS, CF_ONLY },
    { "bts m,r", 0x0fab, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "btr m,r", 0x0fb3, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "btc m,r", 0x0fbb, -1, F_BITS | F_LOCKS, CF_ONLY },
    { "bt m,imm8", 0x0fba, 4, F_IMM8, CF_ONLY },
    { "bts m,imm8", 0x0fba, 5, F_IMM8 | F_LOCKS, CF_ONLY },
    { "btr m,imm8", 0x0fba, 6, F_IMM8 | F_LOCKS, CF_ONLY },
    { "btc m,imm8", 0x0fba, 7, F_IMM8 | F_LOCKS, CF_ONLY },
    { "push m", 0xff, 6, F_STACK, FLAGS_ALL },
    { "pop m", 0x8f, 0, F_STACK, FLAGS_ALL },
    { "movs", 0xa4, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "cmps", 0xa6, -1, F_BYTE | F_STRING | F_COMPARE, FLAGS_ALL },
    { "stos", 0xaa, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "lods", 0xac, -1, F_BYTE | F_STRING, FLAGS_ALL },
    { "scas", 0xae, -1, F_BYTE | F_STRING | F_COMPARE, FLAGS_ALL },
};
#define NR_FORMS (sizeof(forms) / sizeof(*forms))

struct gen {
    uint64_t seed, base; /* base: where the arena is in address registers */
    unsigned int mode;
    const struct form *form;
    uint8_t code[32];
    unsigned int len;
    uint64_t gpr[16];
    uint64_t rflags;
    bool fixed[16]; /* the register's value is part of an address */
    unsigned int op, ad; /* bytes */
    uint8_t rex;
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

static inline void gen_prefixes(struct gen *g)
{
    const struct form *f = g->form;
    bool op66 = !(f->flags & (F_NO16 | F_ONLY64 | F_STACK)) && !below(g, 3);
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
    g->ad = g->mode == 8 ? (ad67 ? 4 : 8) : ad67 ? 6 - g->mode : g->mode;
    g->op = g->mode == 8 ? (op66 ? 2 : 4) : op66 ? 6 - g->mode : g->mode;
    if ( g->rex & 8 )
        g->op = 8;
    if ( g->rex )
        put(g, g->rex, 1);
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
    if ( below(g, 3) )
        return PAGE + margin + below(g, 4 * PAGE - 8 - 2 * margin);
    return (2 + below(g, 3)) * PAGE - below(g, 9);
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

/* False: it asked too much of a register; try again. */
static inline bool gen(struct gen *g, const struct form *f,
                       const uint8_t *arena)
{
    unsigned int imm = 0, reg = f->reg < 0 ? below(g, 8) : (unsigned int)f->reg;
    unsigned int wide = f->flags & F_BYTE ? below(g, 2) : 0, full_reg;
    unsigned int bytes, offset = gen_offset(g, f->flags & F_BITS ? 600 : 0);
    uint64_t value;

    g->form = f;
    g->len = 0;
    g->rex = 0;
    g->same = false;
    memset(g->fixed, 0, sizeof(g->fixed));
    for ( unsigned int i = 0; i < 16; i++ )
        g->gpr[i] = draw(&g->seed) >> (g->mode == 8 ? 0 : 32);
    g->rflags = (draw(&g->seed) & (FLAGS_ALL | 0x400)) | 2;
    if ( f->flags & F_STACK )
    {
        g->gpr[4] = g->base + PAGE + 8 + 8 * below(g, 1600);
        g->fixed[4] = true;
    }
    gen_prefixes(g);
    full_reg = reg | (g->rex & 4U) << 1;
    bytes = (f->flags & F_BYTE) && !wide ? 1 : g->op;
    if ( f->flags & F_IMM8 )
        imm = 1;
    if ( f->flags & F_IMM )
        imm = g->op == 2 ? 2 : 4;
    if ( f->opcode > 0xff )
        put(g, 0x0f, 1);
    put(g, f->opcode | wide, 1);
    if ( f->flags & F_STRING )
        return gen_string(g);
    if ( f->flags & F_MOFFS )
        put(g, g->base + offset, g->ad);
    else if ( !gen_address(g, reg, g->base + offset, imm) )
        return false;
    put(g, draw(&g->seed), imm);
    if ( f->flags & F_BITS )
    {
        value = (uint64_t)(int64_t)below(g, 8000) - 4000;
        if ( g->fixed[full_reg] )
            return false;
        g->gpr[full_reg] = g->mode == 8 ? value : (uint32_t)value;
    }
    if ( (f->flags & F_CMPXCHG) && !g->fixed[0] && below(g, 2) )
    {
        value = 0;
        memcpy(&value, arena + offset, bytes);
        memcpy(&g->gpr[0], &value, bytes);
    }
    return g->len <= EMUL_MAX_INSN;
}

/* ---- comparison ---- */

static inline void gen_fill(struct gen *g, uint8_t *arena)
{
    for ( unsigned int i = PAGE; i < ARENA_BYTES; i += 8 )
    {
        uint64_t v = g->same ? 0x5a5a5a5a5a5a5a5aUL : draw(&g->seed);

        memcpy(arena + i, &v, 8);
    }
    for ( unsigned int i = 0; g->same && i < 16; i++ )
        arena[PAGE + below(g, 4 * PAGE)] = (uint8_t)below(g, 256);
}

/* How a processor did it. */
struct outcome {
    uint64_t gpr[16], rflags;
    const uint8_t *arena;
};

static inline void gen_emulate(struct gen *g, struct box *b, uint64_t linear)
{
    enum emul_result r;
    uint64_t rip;

    memcpy(b->e.regs.gpr, g->gpr, sizeof(g->gpr));
    b->e.regs.rflags = g->rflags;
    b->pending_in_8 = below(g, 9);
    rip = b->e.regs.rip + g->len;
    r = box_run(b);
    if ( r != EMUL_DONE || b->e.regs.rip != rip )
        fail_msg("%s at %lx: result %u, vector %u, cr2 %lx, rip %lx",
                 g->form->name, (unsigned long)linear, r, b->e.vector,
                 (unsigned long)b->e.cr2, (unsigned long)b->e.regs.rip);
}

static inline void gen_show(const struct gen *g)
{
    printf("%s:", g->form->name);
    for ( unsigned int i = 0; i < g->len; i++ )
        printf(" %02x", g->code[i]);
    printf("\n");
    for ( unsigned int i = 0; i < 16; i++ )
        printf("r%u %lx\n", i, (unsigned long)g->gpr[i]);
    printf("rflags %lx\n", (unsigned long)g->rflags);
}

static inline void gen_compare(const struct gen *g, const struct box *b,
                               const struct outcome *o)
{
    uint64_t flags = g->form->defined | 0x400U;
    const struct emul_regs *r = &b->e.regs;
    bool bad = false;

    for ( unsigned int i = 0; i < 16; i++ )
        if ( r->gpr[i] != o->gpr[i] )
        {
            printf("r%u: %lx, is to be %lx\n", i, (unsigned long)r->gpr[i],
                   (unsigned long)o->gpr[i]);
            bad = true;
        }
    if ( (r->rflags ^ o->rflags) & flags )
    {
        printf("rflags: %lx, is to be %lx\n", (unsigned long)r->rflags,
               (unsigned long)o->rflags);
        bad = true;
    }
    for ( unsigned int i = PAGE; i < ARENA_BYTES; i++ )
        if ( b->arena[i] != o->arena[i] )
        {
            printf("offset %x: %x, is to be %x\n", i, b->arena[i],
                   o->arena[i]);
            bad = true;
        }
    if ( bad )
    {
        gen_show(g);
        fail_msg("%s differs", g->form->name);
    }
}

#endif
