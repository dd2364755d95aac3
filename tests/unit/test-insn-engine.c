/* SPDX-License-Identifier: MIT */
/*
 * Oriel's instruction emulator compared with Unicorn, in real mode and in
 * 32-bit protected mode.
 *
 * Seen failing with: BX+SI taken for BX+DI; 16-bit addresses that do not wrap;
 * a 32-bit stack in real mode; CX written as ECX; OF of shifts taken from the
 * last bit; EDX of CMPXCHG8B as EAX; a vector load that clears what it keeps.
 */
#include <unicorn/unicorn.h>

#include "test-insn-compare.h"

#define PER_FORM 150

static _Alignas(4096) uint8_t arena[ARENA_BYTES];
static struct box box;
static uc_engine *uc;
static uint64_t base; /* what 16-bit addresses reach, in both modes */

/* Its translator keeps memory that only the end of the process frees. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libunicorn";
}

static const int engine_gpr[8] = {
    UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
    UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI,
};

static void start(unsigned int mode)
{
    static const int segments[] = { UC_X86_REG_ES, UC_X86_REG_SS,
                                    UC_X86_REG_DS, UC_X86_REG_CS };
    static const uint8_t mov_cr4[3] = { 0x0f, 0x22, 0xe0 }; /* from eax */
    const uint32_t cr4 = CR4_OSFXSR;
    uint16_t sel = (uint16_t)(base >> 4);

    assert_int_equal(uc_open(UC_ARCH_X86, mode == 2 ? UC_MODE_16 : UC_MODE_32,
                             &uc), UC_ERR_OK);
    assert_int_equal(uc_mem_map_ptr(uc, base, ARENA_BYTES, UC_PROT_ALL, arena),
                     UC_ERR_OK);
    for ( unsigned int i = 0; mode == 2 && i < 4; i++ )
        assert_int_equal(uc_reg_write(uc, segments[i], &sel), UC_ERR_OK);
    /* uc_reg_write() does not tell the translator. */
    memcpy(arena + CODE_AT, mov_cr4, sizeof(mov_cr4));
    uc_reg_write(uc, UC_X86_REG_EAX, &cr4);
    assert_int_equal(uc_emu_start(uc, base + CODE_AT,
                                  base + CODE_AT + sizeof(mov_cr4), 0, 1),
                     UC_ERR_OK);
}

static void run_engine(const struct gen *g, struct outcome *o)
{
    uint64_t begin = base + CODE_AT;
    uint32_t v = (uint32_t)g->rflags;
    uc_err err;

    uc_reg_write(uc, UC_X86_REG_EFLAGS, &v);
    for ( unsigned int i = 0; i < 8; i++ )
    {
        v = (uint32_t)g->gpr[i];
        uc_reg_write(uc, engine_gpr[i], &v);
    }
    for ( unsigned int i = 0; i < 8; i++ )
        uc_reg_write(uc, UC_X86_REG_XMM0 + (int)i, g->xmm[i]);
    uc_ctl_remove_cache(uc, begin, begin + 32);
    err = uc_emu_start(uc, begin, begin + g->len, 0, 0);
    if ( err )
    {
        gen_show(g);
        fail_msg("%s", uc_strerror(err));
    }
    memcpy(o->gpr, g->gpr, sizeof(o->gpr));
    for ( unsigned int i = 0; i < 8; i++ )
    {
        uc_reg_read(uc, engine_gpr[i], &v);
        o->gpr[i] = v;
    }
    memcpy(o->xmm, g->xmm, sizeof(o->xmm));
    for ( unsigned int i = 0; i < 8; i++ )
        uc_reg_read(uc, UC_X86_REG_XMM0 + (int)i, o->xmm[i]);
    uc_reg_read(uc, UC_X86_REG_EFLAGS, &v);
    o->rflags = v;
    o->arena = arena;
}

static void each_form(unsigned int mode)
{
    struct gen g = { .seed = mode, .mode = mode };
    struct outcome o;

    base = mode == 2 ? 0x10000 : 0x4000;
    g.base = mode == 2 ? 0 : base;
    start(mode);
    for ( unsigned int i = 0; i < PER_FORM * NR_FORMS; i++ )
    {
        struct form f = forms[i % NR_FORMS];

        if ( f.flags & (F_ONLY64 | F_NEW) )
            continue;
        if ( f.opcode == 0xf6 && f.reg == 3 ) /* its LOCK NEG is wrong */
            f.flags &= (uint16_t)~F_LOCKS;
        while ( !gen(&g, &f) )
            ;
        gen_fill(&g, arena);
        memcpy(arena + CODE_AT, g.code, g.len);
        box_init(&box, mode, base, i);
        memcpy(box.arena, arena, ARENA_BYTES);
        run_engine(&g, &o);
        gen_emulate(&g, &box, base);
        gen_compare(&g, &box, &o);
    }
    uc_close(uc);
}

static void test_real_mode(void **state)
{
    (void)state;
    each_form(2);
}

static void test_protected_mode(void **state)
{
    (void)state;
    each_form(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_mode),
        cmocka_unit_test(test_protected_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
