/* SPDX-License-Identifier: MIT */
/* A generated instruction, as the emulator and as a processor did it. */
#ifndef TEST_INSN_COMPARE_H
#define TEST_INSN_COMPARE_H

#include "test-insn-gen.h"

/* How a processor did it. */
struct outcome {
    uint64_t gpr[16], rflags;
    uint8_t xmm[16][16];
    const uint8_t *arena;
};

static inline void gen_emulate(struct gen *g, struct box *b, uint64_t linear)
{
    enum emul_result r;
    uint64_t rip;

    memcpy(b->e.regs.gpr, g->gpr, sizeof(g->gpr));
    for ( unsigned int i = 0; i < 16; i++ )
        memcpy(b->ymm[i], g->xmm[i], sizeof(g->xmm[i]));
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
    uint64_t flags = g->defined | 0x400U;
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
    for ( unsigned int i = 0; i < 16; i++ )
        if ( memcmp(b->ymm[i], o->xmm[i], 16) )
        {
            printf("xmm%u differs\n", i);
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
