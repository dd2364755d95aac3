/* SPDX-License-Identifier: MIT */
/*
 * The emulator against this machine's processor, in 64-bit mode: each
 * instruction is executed for real on memory, with all its registers, and by
 * the emulator, where some of that memory is a device's.
 *
 * Seen failing with: AF of a subtraction inverted; the upper half kept by
 * 4-byte writes; a carry lost by INC; bit offsets taken as unsigned; rip
 * relative addresses without the immediate's length; a page's last element
 * left to the device model too often; for each form of shifts, conditions,
 * products, quotients, scans and vector moves something of its own: a carry
 * that does not go around, counts not masked or masked too much, flags touched
 * by a count of 0, both halves of a register for one, signs of remainders.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "test-insn-compare.h"

#define BASE 0x10000000UL
#define PER_FORM 500

static uint8_t *arena; /* at BASE */
static struct box box;

/* What native_run() loads, where it goes, what it leaves. */
extern struct native {
    uint64_t gpr[16], rflags, code, host_rsp;
    uint8_t xmm[16][16];
} native;
struct native native;
void native_run(void);
extern const char native_back[];

__asm__(".text\n"
        "native_run:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, 144+native(%rip)\n"
        "movups 152+native(%rip), %xmm0; movups 168+native(%rip), %xmm1\n"
        "movups 184+native(%rip), %xmm2; movups 200+native(%rip), %xmm3\n"
        "movups 216+native(%rip), %xmm4; movups 232+native(%rip), %xmm5\n"
        "movups 248+native(%rip), %xmm6; movups 264+native(%rip), %xmm7\n"
        "movups 280+native(%rip), %xmm8; movups 296+native(%rip), %xmm9\n"
        "movups 312+native(%rip), %xmm10; movups 328+native(%rip), %xmm11\n"
        "movups 344+native(%rip), %xmm12; movups 360+native(%rip), %xmm13\n"
        "movups 376+native(%rip), %xmm14; movups 392+native(%rip), %xmm15\n"
        "push 128+native(%rip); popfq\n"
        "mov native(%rip), %rax;      mov 8+native(%rip), %rcx\n"
        "mov 16+native(%rip), %rdx;   mov 24+native(%rip), %rbx\n"
        "mov 32+native(%rip), %rsp;   mov 40+native(%rip), %rbp\n"
        "mov 48+native(%rip), %rsi;   mov 56+native(%rip), %rdi\n"
        "mov 64+native(%rip), %r8;    mov 72+native(%rip), %r9\n"
        "mov 80+native(%rip), %r10;   mov 88+native(%rip), %r11\n"
        "mov 96+native(%rip), %r12;   mov 104+native(%rip), %r13\n"
        "mov 112+native(%rip), %r14;  mov 120+native(%rip), %r15\n"
        "jmp *136+native(%rip)\n"
        "native_back:\n"
        "mov %rax, native(%rip);      mov %rcx, 8+native(%rip)\n"
        "mov %rdx, 16+native(%rip);   mov %rbx, 24+native(%rip)\n"
        "mov %rsp, 32+native(%rip);   mov %rbp, 40+native(%rip)\n"
        "mov %rsi, 48+native(%rip);   mov %rdi, 56+native(%rip)\n"
        "mov %r8, 64+native(%rip);    mov %r9, 72+native(%rip)\n"
        "mov %r10, 80+native(%rip);   mov %r11, 88+native(%rip)\n"
        "mov %r12, 96+native(%rip);   mov %r13, 104+native(%rip)\n"
        "mov %r14, 112+native(%rip);  mov %r15, 120+native(%rip)\n"
        "movups %xmm0, 152+native(%rip); movups %xmm1, 168+native(%rip)\n"
        "movups %xmm2, 184+native(%rip); movups %xmm3, 200+native(%rip)\n"
        "movups %xmm4, 216+native(%rip); movups %xmm5, 232+native(%rip)\n"
        "movups %xmm6, 248+native(%rip); movups %xmm7, 264+native(%rip)\n"
        "movups %xmm8, 280+native(%rip); movups %xmm9, 296+native(%rip)\n"
        "movups %xmm10, 312+native(%rip); movups %xmm11, 328+native(%rip)\n"
        "movups %xmm12, 344+native(%rip); movups %xmm13, 360+native(%rip)\n"
        "movups %xmm14, 376+native(%rip); movups %xmm15, 392+native(%rip)\n"
        "mov 144+native(%rip), %rsp\n"
        "pushfq; pop 128+native(%rip); cld\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n");

static void run_native(const struct gen *g, struct outcome *o)
{
    static const uint8_t jump[6] = { 0xff, 0x25 }; /* jmp *0(%rip) */
    const void *back = native_back;
    uint8_t *p = arena + CODE_AT + g->len;

    memcpy(p, jump, sizeof(jump));
    memcpy(p + sizeof(jump), &back, sizeof(back));
    memcpy(native.gpr, g->gpr, sizeof(g->gpr));
    memcpy(native.xmm, g->xmm, sizeof(g->xmm));
    native.rflags = g->rflags;
    native.code = BASE + CODE_AT;
    native_run();
    memcpy(o->gpr, native.gpr, sizeof(o->gpr));
    memcpy(o->xmm, native.xmm, sizeof(o->xmm));
    o->rflags = native.rflags;
    memset(p, 0, sizeof(jump) + sizeof(back));
    o->arena = arena;
}

/*
 * On some machines (virtual ones, under shadow paging) a process whose rsp is no
 * canonical address does not come back from a fault or an interrupt: SIGSEGV.
 */
static bool may_be_rsp(uint64_t v)
{
    return (uint64_t)((int64_t)(v << 16) >> 16) == v;
}

/* The next instruction that leaves a canonical rsp, by the emulator. */
static void emulate_next(struct gen *g, const struct form *form,
                         unsigned int seed)
{
    do {
        while ( !gen(g, form) || !may_be_rsp(g->gpr[EMUL_RSP]) )
            ;
        gen_fill(g, arena);
        memcpy(arena + CODE_AT, g->code, g->len);
        box_init(&box, 8, BASE, seed);
        memcpy(box.arena, arena, ARENA_BYTES);
        gen_emulate(g, &box, BASE);
    } while ( !may_be_rsp(box.e.regs.gpr[EMUL_RSP]) );
}

static void test_each_form(void **state)
{
    struct gen g = { .seed = 1, .base = BASE, .mode = 8 };
    unsigned int batches = 0, pending = 0;
    struct outcome o;

    (void)state;
    for ( unsigned int i = 0; i < PER_FORM * NR_FORMS; i++ )
    {
        emulate_next(&g, &forms[i % NR_FORMS], i);
        run_native(&g, &o);
        gen_compare(&g, &box, &o);
        batches += box.nr_batches;
        pending += box.nr_pending;
    }
    assert_true(batches > PER_FORM / 4);
    assert_true(pending > PER_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form),
    };

    arena = mmap((void *)BASE, ARENA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if ( arena == MAP_FAILED )
    {
        perror("mmap");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
