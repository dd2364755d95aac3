/* SPDX-License-Identifier: MIT */
/*
 * Each row of insn-stubs.h against this machine's processor, which executes the
 * same instruction on memory with any registers, immediates and exceptions
 * that it finds: registers, flags, MXCSR, the x87 unit and memory are equal.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "test-insn.h"

#include "../../xen/arch/x86/emul/insn-vector.h"

#define BASE 0x10000000UL
#define PER_ROW 40

/* What stubs_native() loads and stores. */
extern struct native {
    uint64_t gpr[16], rflags, code, host_rsp, pad[13];
    uint8_t ymm[16][32]; /* at 256 */
    uint8_t x87[112];    /* at 768 */
    uint32_t mxcsr, host_mxcsr;
} native;
struct native native;
void stubs_native(void);
extern const char stubs_back[];

#define EACH(what)                                                           \
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" what     \
    ".endr\n"
__asm__ ( ".text\n"
          "stubs_native:\n"
          "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
          "mov %rsp, 144+native(%rip)\n"
          "stmxcsr 884+native(%rip); ldmxcsr 880+native(%rip)\n"
          "frstor 768+native(%rip)\n"
          EACH("vmovups 256+\\n*32+native(%rip), %ymm\\n\n")
          "push 128+native(%rip); popfq\n"
          "mov native(%rip), %rax;      mov 8+native(%rip), %rcx\n"
          "mov 16+native(%rip), %rdx;   mov 24+native(%rip), %rbx\n"
          "mov 40+native(%rip), %rbp;   mov 48+native(%rip), %rsi\n"
          "mov 56+native(%rip), %rdi\n"
          ".irp n, 8, 9, 10, 11, 12, 13, 14, 15\n"
          "mov \\n*8+native(%rip), %r\\n\n"
          ".endr\n"
          "jmp *136+native(%rip)\n"
          "stubs_back:\n"
          "mov %rax, native(%rip);      mov %rcx, 8+native(%rip)\n"
          "mov %rdx, 16+native(%rip);   mov %rbx, 24+native(%rip)\n"
          "mov %rbp, 40+native(%rip);   mov %rsi, 48+native(%rip)\n"
          "mov %rdi, 56+native(%rip)\n"
          ".irp n, 8, 9, 10, 11, 12, 13, 14, 15\n"
          "mov %r\\n, \\n*8+native(%rip)\n"
          ".endr\n"
          "pushfq; pop 128+native(%rip); cld\n"
          EACH("vmovups %ymm\\n, 256+\\n*32+native(%rip)\n")
          "vzeroupper\n"
          "fnsave 768+native(%rip)\n"
          "stmxcsr 880+native(%rip); ldmxcsr 884+native(%rip)\n"
          "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
          "ret\n" );

static uint8_t *arena; /* at BASE */
static struct box box;
static uint64_t seed = 1;

static unsigned int below(unsigned int n)
{
    return (unsigned int)(draw(&seed) >> 16) % n;
}

static bool has(unsigned int feature)
{
    struct run run = { .e = &box.e };

    run.i.vex_l = 1; /* AVX2 for both */
    return insn_has_feature(&run, feature);
}

/* ---- an instruction ---- */

struct code {
    uint8_t byte[32];
    unsigned int len, reg, v, w, l;
};

static void put(struct code *c, unsigned int byte)
{
    c->byte[c->len++] = (uint8_t)byte;
}

/* Neither the address nor the stack. */
static unsigned int any_gpr(void)
{
    unsigned int reg;

    do {
        reg = below(16);
    } while ( reg == EMUL_RBX || reg == EMUL_RSP );
    return reg;
}

static void put_prefix(struct code *c, const struct stub_row *r)
{
    static const uint8_t prefix[4] = { 0, 0x66, 0xf3, 0xf2 };
    unsigned int map = r->key >> 2 & 7, pp = r->key & 3;

    if ( r->key >> 7 )
    {
        put(c, 0xc4);
        put(c, (c->reg & 8 ? 0x60 : 0xe0) | map);
        put(c, c->w << 7 | (~c->v & 15) << 3 | c->l << 2 | pp);
        return;
    }
    if ( pp )
        put(c, prefix[pp]);
    if ( c->w || c->reg & 8 )
        put(c, 0x40 | c->w << 3 | (c->reg >> 1 & 4));
    put(c, 0x0f);
    if ( map > 1 )
        put(c, map == 2 ? 0x38 : 0x3a);
}

/* Operand (%rbx). */
static void make(struct code *c, const struct stub_row *r)
{
    bool x87 = !r->key, vex = r->key >> 7;

    *c = (struct code){ .reg = r->flags & S_GPR ? any_gpr() : below(16) };
    if ( x87 || (r->flags & S_EXT) )
        c->reg = r->ext;
    if ( r->flags & S_MMX )
        c->reg &= 7;
    c->w = r->flags & S_W1 ? 1 : r->flags & S_W0 || x87 ? 0 : below(2);
    c->l = r->flags & S_L1 ? 1 : r->nl > 1 || r->flags & S_LIG ? below(2) : 0;
    if ( !vex )
        c->l = 0;
    if ( r->flags & S_NDS )
        c->v = r->flags & S_GPR_V ? any_gpr() : below(16);
    if ( !x87 )
        put_prefix(c, r);
    put(c, r->op);
    put(c, (c->reg & 7) << 3 | 3);
    if ( r->flags & (S_IMM | S_IS4) )
        put(c, below(256));
}

/* ---- a state ---- */

static void make_state(struct code *c, const struct stub_row *r)
{
    static const uint8_t jump[6] = { 0xff, 0x25 }; /* jmp *0(%rip) */
    const void *back = stubs_back;
    unsigned int offset = PAGE + below(4 * PAGE - 64);

    for ( unsigned int i = 0; i < ARENA_BYTES; i += 8 )
    {
        uint64_t v = draw(&seed);

        /* Often a number that is not out of all proportion. */
        if ( below(2) )
            v = (v & 0x800fffffffffffffUL) | (uint64_t)(0x3f8 + below(16)) << 52;
        memcpy(arena + i, &v, 8);
    }
    for ( unsigned int i = 0; i < 16; i++ )
    {
        native.gpr[i] = draw(&seed);
        memcpy(native.ymm[i], arena + PAGE + below(4 * PAGE), 32);
    }
    if ( !below(3) )
        offset = PAGE * (2 + below(3)) - below(32);
    if ( r->flags & S_ALIGN )
        offset &= ~31U;
    native.gpr[EMUL_RBX] = BASE + offset;
    native.rflags = (draw(&seed) & 0x8d5) | 2;
    native.mxcsr = 0x1f80 | below(4) << 13;
    native.code = BASE + CODE_AT;
    __asm__ volatile ( "fninit; fldl %1; fldl %2; fldl %3; fnclex; fnsave %0"
                       : "=m" (native.x87)
                       : "m" (arena[PAGE]), "m" (arena[PAGE + 8]),
                         "m" (arena[PAGE + 16]) );
    native.x87[1] = (uint8_t)(0x03 | below(4) << 2);
    memcpy(arena + CODE_AT, c->byte, c->len);
    memcpy(arena + CODE_AT + c->len, jump, sizeof(jump));
    memcpy(arena + CODE_AT + c->len + sizeof(jump), &back, sizeof(back));
}

static void emulate_it(const struct code *c)
{
    enum emul_result r;

    box_init(&box, 8, BASE, seed);
    memcpy(box.arena, arena, ARENA_BYTES);
    memcpy(box.e.regs.gpr, native.gpr, sizeof(native.gpr));
    memcpy(box.ymm, native.ymm, sizeof(native.ymm));
    memcpy(box.x87, native.x87, sizeof(box.x87));
    box.mxcsr = native.mxcsr;
    box.e.regs.rflags = native.rflags;
    box.pending_in_8 = below(9);
    r = box_run(&box);
    if ( r != EMUL_DONE || box.e.regs.rip != BASE + CODE_AT + c->len )
        fail_msg("%02x %02x %02x %02x: result %u, vector %u", c->byte[0],
                 c->byte[1], c->byte[2], c->byte[3], r, box.e.vector);
}

static void compare(const struct code *c)
{
    const char *what = NULL;

    if ( memcmp(box.arena + PAGE, arena + PAGE, ARENA_BYTES - PAGE) )
        what = "memory";
    if ( memcmp(box.ymm, native.ymm, sizeof(box.ymm)) )
        what = "vector registers";
    native.gpr[EMUL_RSP] = box.e.regs.gpr[EMUL_RSP];
    if ( memcmp(box.e.regs.gpr, native.gpr, sizeof(native.gpr)) )
        what = "registers";
    if ( (box.e.regs.rflags ^ native.rflags) & 0x8d5 )
        what = "flags";
    if ( box.mxcsr != native.mxcsr )
        what = "MXCSR";
    /* Not the pointers, which are elsewhere. */
    if ( memcmp(box.x87, native.x87, 12) ||
         memcmp(box.x87 + 28, native.x87 + 28, sizeof(box.x87) - 28) )
        what = "x87";
    if ( !what )
        return;
    for ( unsigned int i = 0; i < c->len; i++ )
        printf(" %02x", c->byte[i]);
    printf("\nflags %lx, is to be %lx\n", (unsigned long)box.e.regs.rflags,
           (unsigned long)native.rflags);
    fail_msg("%s differ", what);
}

static void test_each_row(void **state)
{
    unsigned int done = 0;

    (void)state;
    for ( unsigned int i = 0; i < insn_nr_rows; i++ )
    {
        const struct stub_row *r = &insn_rows[i];

        box_init(&box, 8, BASE, 1);
        if ( !has(r->feature) )
        {
            print_message("this processor lacks feature %u: %02x\n",
                          r->feature, r->op);
            continue;
        }
        for ( unsigned int k = 0; k < PER_ROW; k++ )
        {
            struct code c;

            make(&c, r);
            make_state(&c, r);
            emulate_it(&c);
            stubs_native();
            compare(&c);
        }
        done++;
    }
    assert_true(done > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row),
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
