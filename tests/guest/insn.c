/* SPDX-License-Identifier: MIT */
/*
 * Instructions whose operand or stack is a device's memory, in 64-bit mode and
 * in real mode with 4 GiB of data.  Those of x87, MMX and SSE are executed on RAM,
 * too, by the processor alone, and have to leave the same.  Needs 64 bytes at
 * 0xf1000000 that keep what is written.
 */
#include "guest.h"

#define M 0xf1000000UL
#define REAL 0x8000UL

extern const char real_begin[], real_end[], real_results[];
void real_mode(void);

static volatile unsigned int trapped_vector;

static uint64_t ram[8] __attribute__((aligned(64)));

static void fill(uint64_t seed)
{
    for ( unsigned int i = 0; i < 8; i++ )
    {
        ram[i] = seed * (i + 1) ^ seed << i * 3;
        write64(M + i * 8, ram[i]);
    }
}

/* Is the device's memory as RAM is? */
static bool same(void)
{
    for ( unsigned int i = 0; i < 8; i++ )
        if ( read64(M + i * 8) != ram[i] )
        {
            say("# at %u: %lx, is to be %lx\n", i * 8, read64(M + i * 8),
                ram[i]);
            return false;
        }
    return true;
}

/* ---- general registers, the stack, systems ---- */

static void test_stack(void)
{
    uint64_t a = 0, b = 0;

    fill(0x1122334455667788);
    /* The stack in the device; its content is what says the rest. */
    __asm__ volatile ( "mov %%rsp, %%r12\n\tmov %2, %%rsp\n\t"
                       "push %%rdi\n\tpushq $-5\n\tpushfq\n\t"
                       "popq %%rcx\n\tpopq %0\n\t"
                       "mov %%rsp, %1\n\tmov %%r12, %%rsp"
                       : "=&r" (a), "=&r" (b)
                       : "r" (M + 48), "D" (0x5151515151515151)
                       : "rcx", "r12", "memory", "cc" );
    tap(a == -5UL && b == M + 40 && read64(M + 40) == 0x5151515151515151,
        "push and pop on the device");
    __asm__ volatile ( "mov %%rsp, %%r12\n\tmov %%rbp, %%r13\n\t"
                       "mov %2, %%rsp\n\tmov %2, %%rbp\n\t"
                       "enter $8, $0\n\tmov %%rbp, %0\n\tleave\n\t"
                       "mov %%rsp, %1\n\t"
                       "mov %%r12, %%rsp\n\tmov %%r13, %%rbp"
                       : "=&r" (a), "=&r" (b) : "r" (M + 48)
                       : "r12", "r13", "memory" );
    tap(a == M + 40 && b == M + 48, "enter and leave");
    __asm__ volatile ( "lea 1f(%%rip), %%rax\n\tmov %%rax, (%1)\n\t"
                       "mov %%rsp, %%r12\n\tmov %2, %%rsp\n\t"
                       "call *(%1)\n"
                       "1:\tpop %0\n\tmov %%r12, %%rsp\n\t"
                       "sub %%rax, %0\n\t"
                       : "=&r" (a) : "r" (M), "r" (M + 48)
                       : "rax", "r12", "memory", "cc" );
    tap(!a, "call through the device, with the stack there");
    __asm__ volatile ( "lea 1f(%%rip), %%rax\n\tmov %%rax, (%0)\n\t"
                       "jmp *(%0)\n\tud2\n1:" :: "r" (M) : "rax", "memory" );
    tap(true, "jmp through the device");
}

static void test_systems(void)
{
    struct __attribute__((packed)) { uint16_t limit; uint64_t base; } t;
    uint64_t a = 0, b = 0;
    uint8_t zf;

    __asm__ volatile ( "sgdt %0" : "=m" (t) );
    __asm__ volatile ( "sgdt (%0)" :: "r" (M) : "memory" );
    tap(read16(M) == t.limit && (read64(M + 2)) == t.base, "sgdt");
    __asm__ volatile ( "lgdt (%0)" :: "r" (M) : "memory" );
    write16(M + 16, 16);
    __asm__ volatile ( "mov (%0), %%ds\n\tmov (%0), %%es\n\tmov (%0), %%ss"
                       :: "r" (M + 16) : "memory" );
    __asm__ volatile ( "mov %%ds, %0" : "=r" (a) );
    __asm__ volatile ( "mov %%cs, (%0)" :: "r" (M + 18) : "memory" );
    tap((uint16_t)a == 16 && read16(M + 18) == 8, "lgdt, segment registers");
    __asm__ volatile ( "lar (%2), %%eax\n\tmov %%rax, %0\n\t"
                       "lsl (%2), %%eax\n\tmov %%rax, %1"
                       : "=&r" (a), "=&r" (b) : "r" (M + 18)
                       : "rax", "memory", "cc" );
    tap(a == 0xaf9b00 && b == 0xffffffff, "lar and lsl");
    __asm__ volatile ( "verw (%1)\n\tsetz %0" : "=q" (zf) : "r" (M + 18)
                       : "memory", "cc" );
    tap(!zf, "verw");
    __asm__ volatile ( "smsw (%0)" :: "r" (M + 20) : "memory" );
    __asm__ volatile ( "mov %%cr0, %0" : "=r" (a) );
    tap(read16(M + 20) == (uint16_t)a, "smsw");
    __asm__ volatile ( "lmsw (%0)" :: "r" (M + 20) : "memory" );
    tap(true, "lmsw");
    write8(M + 5, 0x77);
    __asm__ volatile ( "xlatb" : "+a" (b) : "b" (M - 0xfa) );
    b = 5;
    __asm__ volatile ( "xlatb" : "+a" (b) : "b" (M) );
    tap(b == 0x77, "xlat");
    __asm__ volatile ( "clflush (%0)" :: "r" (M) : "memory" );
    tap(true, "clflush");
    write64(M, 0x3132333435363738);
    ram[0] = 0x3132333435363738;
    a = b = 0;
    __asm__ volatile ( "crc32q (%1), %0" : "+r" (a) : "r" (M) );
    __asm__ volatile ( "crc32q (%1), %0" : "+r" (b) : "r" (ram) );
    tap(a == b && a, "crc32");
}

/* ---- x87, MMX, SSE ---- */

/* No operand of 80 bits: of its store Xen 4.17 loses the last 2 bytes. */
static void x87(uint64_t m)
{
    __asm__ volatile ( "fninit\n\tfldl (%0)\n\tfiaddl 8(%0)\n\t"
                       "fmull (%0)\n\tfimuls 12(%0)\n\tfstl 16(%0)\n\t"
                       "fstps 24(%0)\n\tfnstcw 40(%0)\n\tfnstsw 42(%0)\n\t"
                       "fildl 8(%0)\n\tfistl 44(%0)\n\tfistpll 56(%0)"
                       :: "r" (m) : "memory" );
}

static void test_x87(void)
{
    fill(0);
    ram[0] = 0x400921fb54442d18; /* pi */
    ram[1] = 0x03e8fffffff9; /* -7, 1000 */
    for ( unsigned int i = 0; i < 2; i++ )
        write64(M + i * 8, ram[i]);
    x87(M);
    x87(ADDRESS(ram));
    tap(same() && ram[7] == -7UL, "x87");
}

#define ON_BOTH(seed, text)                                                  \
    do                                                                       \
    {                                                                        \
        fill(seed);                                                          \
        __asm__ volatile ( text :: "r" (M) : "memory", "cc" );               \
        __asm__ volatile ( text :: "r" (ram) : "memory", "cc" );             \
    } while ( 0 )

#define MMX(insn)                                                            \
    do                                                                       \
    {                                                                        \
        ON_BOTH(0x123456789abcdef1, "movq (%0), %%mm3\n\t" insn             \
                " 8(%0), %%mm3\n\tmovq %%mm3, 16(%0)\n\temms");             \
        tap(same(), insn " of MMX");                                         \
    } while ( 0 )

#define SSE(insn)                                                            \
    do                                                                       \
    {                                                                        \
        ON_BOTH(0x3ff123456789abcd, "movups (%0), %%xmm9\n\t" insn          \
                " 16(%0), %%xmm9\n\tmovups %%xmm9, 33(%0)");                 \
        tap(same(), insn);                                                   \
    } while ( 0 )

static void test_vectors(void)
{
    MMX("paddd");
    MMX("pmullw");
    MMX("punpcklbw");
    MMX("psubusb");
    MMX("pshufw $0x1b,");
    SSE("paddd");
    SSE("addps");
    SSE("mulpd");
    SSE("addsd");
    SSE("cvtdq2ps");
    SSE("cmpltps");
    SSE("shufps $0x1b,");
    SSE("pshufb");
    SSE("pmovzxbw");
    SSE("roundps $1,");
    SSE("pinsrd $2,");
    SSE("pblendw $0x5a,");
    SSE("haddps");
    write32(M, 0x3f80);
    __asm__ volatile ( "ldmxcsr (%0)\n\tstmxcsr 4(%0)" :: "r" (M) : "memory" );
    tap(read32(M + 4) == 0x3f80, "ldmxcsr and stmxcsr");
    write32(M, 0x1f80);
    __asm__ volatile ( "ldmxcsr (%0)" :: "r" (M) : "memory" );
}

/* ---- what is refused ---- */

static bool on_trap(unsigned int vector, uint64_t error, struct trap_frame *f)
{
    (void)error;
    trapped_vector = vector;
    f->rip += 3;
    return true;
}

static void test_refused(void)
{
    trap_hook = on_trap;
    trapped_vector = 0;
    __asm__ volatile ( ".byte 0x0f, 0x28, 0x03" :: "b" (M + 8) : "memory" );
    tap(trapped_vector == 13, "movaps, misaligned");
    trap_hook = NULL;
}

/* ---- real mode ---- */

static void test_real_mode(void)
{
    const volatile uint32_t *r =
        (const volatile uint32_t *)(REAL + (uint64_t)(real_results - real_begin));
    volatile char *to = (volatile char *)REAL;
    static const struct {
        const char *what;
        uint32_t value;
        uint32_t mask;
    } want[] = {
        { "mov", 0x5678, 0xffff }, { "mov to ds", 0xabcd, 0xffff },
        { "lfs: the offset", 0x5678, 0xffff },
        { "lfs: the selector", 0x1234, 0xffff },
        { "mov to gs", 0x1234, 0xffff }, { "mov from cs", 0x800, 0xffff },
        { "push", 0x5678, 0xffff }, { "pop", 0x7711, 0xffff },
        { "far call", 42, 0xffff }, { "near call", 43, 0xffff },
        { "strings", 0x56784142, ~0U }, { "sgdt", REAL, ~0U },
        { "smsw", 0, 1 }, { "x87", -3U, ~0U },
    };

    fill(0);
    for ( const char *p = real_begin; p < real_end; p++ )
        *to++ = *p;
    real_mode();
    for ( unsigned int i = 0; i < sizeof(want) / sizeof(want[0]); i++ )
    {
        bool ok = (r[i] & want[i].mask) == want[i].value;

        if ( !ok )
            say("# %x\n", r[i]);
        tap(ok, want[i].what);
    }
}

_Noreturn void guest_main(void)
{
    guest_init();
    test_stack();
    test_systems();
    test_x87();
    test_vectors();
    test_refused();
    test_real_mode();
    tap_end();
    guest_shutdown(SHUTDOWN_poweroff);
}
