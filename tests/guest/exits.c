/* SPDX-License-Identifier: MIT */
/*
 * Every way out of a guest that a device model or a handler sees, in every
 * width and instruction form.  Needs registers that keep what is written: 16
 * bytes at ports 0x500 and 64 at 0xf1000000.
 */
#include "guest.h"

#define P 0x500
#define M 0xf1000000UL
#define ABSENT_PORT 0x600
#define ABSENT 0xf2000000UL
#ifdef __i386__
#define WORD "l" /* suffix of instructions on a whole register */
#define NO_MEMORY ABSENT
#else
#define WORD "q"
#define NO_MEMORY (1UL << 41)
#endif

static volatile unsigned int trapped_vector;
static volatile uint64_t trapped_error;
static volatile unsigned long skip_bytes;

static bool on_trap(unsigned int vector, uint64_t error, struct trap_frame *f)
{
    trapped_vector = vector;
    trapped_error = error;
    f->rip += skip_bytes;
    return true;
}

static void string_out(const volatile uint32_t from[2])
{
    unsigned long nr = 2;

    __asm__ volatile("rep outsl" : "+S"(from), "+c"(nr) : "d"(P) : "memory");
}

static void test_ports(void)
{
    static const uint32_t out[2] = { 0x01020304, 0x05060708 };
    uint32_t in[2] = { 0, 0 };
    const void *from = out;
    void *to = in;
    unsigned long nr = 2;

    outl(P, 0xa1b2c3d4);
    tap(inl(P) == 0xa1b2c3d4, "out and in, 4 bytes");
    tap(inb(P) == 0xd4 && inw(P + 2) == 0xa1b2, "parts of it");
    outw(P + 4, 0x1234);
    outb(P + 5, 0x56);
    tap(inw(P + 4) == 0x5634, "2 bytes and 1 byte");
    tap(inl(ABSENT_PORT) == ~0U && inw(ABSENT_PORT) == 0xffff &&
            inb(ABSENT_PORT) == 0xff, "nobody's port reads as all-ones");
    __asm__ volatile("rep outsl" : "+S"(from), "+c"(nr) : "d"(P) : "memory");
    tap(inl(P) == 0x05060708 && !nr, "rep outs");
    nr = 2;
    __asm__ volatile("rep insl" : "+D"(to), "+c"(nr) : "d"(P) : "memory");
    tap(in[0] == 0x05060708 && in[1] == in[0], "rep ins");
}

static void test_widths(void)
{
    long sign;
    unsigned long zero;

    write64(M, 0xf1e2d3c4b5a69788ULL);
    tap(read64(M) == 0xf1e2d3c4b5a69788ULL, "mov, 8 bytes");
    tap(read32(M) == 0xb5a69788 && read16(M + 2) == 0xb5a6 &&
            read8(M + 7) == 0xf1, "mov, 4, 2 and 1 bytes");
    __asm__ volatile("movsb" WORD " (%1), %0" : "=r"(sign) : "r"(M));
    __asm__ volatile("movzwl (%1), %k0" : "=r"(zero) : "r"(M));
    tap(sign == (int8_t)0x88 && zero == 0x9788, "movsx and movzx");
    __asm__ volatile("movl $0x11223344, (%0)" : : "r"(M) : "memory");
    __asm__ volatile("movb $0x55, 3(%0)" : : "r"(M) : "memory");
    tap(read32(M) == 0x55223344, "mov, immediate");
    tap(read64(ABSENT) == ~0ULL, "nobody's memory reads as all-ones");
    write32(ABSENT, 1);
}

static void test_strings(void)
{
    static uint32_t from[4] = { 1, 2, 3, 4 };
    static uint32_t to[4];
    const void *si = from;
    void *di = (void *)M;
    unsigned long nr = 4;

    __asm__ volatile("rep movsl" : "+S"(si), "+D"(di), "+c"(nr)::"memory");
    tap(read32(M) == 1 && read32(M + 12) == 4, "rep movs to it");
    si = (void *)M, di = to, nr = 4;
    __asm__ volatile("rep movsl" : "+S"(si), "+D"(di), "+c"(nr)::"memory");
    tap(to[0] == 1 && to[3] == 4, "rep movs from it");
    di = (void *)(M + 12), nr = 4;
    __asm__ volatile("std; rep stosl; cld"
                     : "+D"(di), "+c"(nr) : "a"(7) : "memory");
    tap(read32(M) == 7 && read32(M + 12) == 7 && di == (void *)(M - 4),
        "rep stos downwards");
    si = (void *)M;
    __asm__ volatile("lodsl" : "=a"(nr), "+S"(si) : : "memory");
    tap((uint32_t)nr == 7, "lods");
}

/* A device model may keep a view of our memory: not of what we gave away. */
static void test_other_memory(void)
{
    static volatile uint32_t page[PAGE_SIZE / 4]
        __attribute__((aligned(PAGE_SIZE)));
    xen_pfn_t gfn = ADDRESS(page) / PAGE_SIZE;
    struct xen_memory_reservation one = { .nr_extents = 1,
                                          .domid = DOMID_SELF };

    set_xen_guest_handle(one.extent_start, &gfn);
    page[0] = 1, page[1] = 2;
    string_out(page);
    tap(inl(P) == 2, "rep outs from a page");
    tap(hypercall5(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
                   ADDRESS(&one), 0, 0, 0) == 1 &&
            hypercall5(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                       ADDRESS(&one), 0, 0, 0) == 1, "another page there");
    page[0] = 3, page[1] = 4;
    string_out(page);
    tap(inl(P) == 4, "rep outs from that");
}

#define RMW(insn, start, want)                                               \
    do                                                                       \
    {                                                                        \
        write32(M, start);                                                   \
        __asm__ volatile(insn : : "r"(M), "r"(5) : "memory", "cc");          \
        tap(read32(M) == (uint32_t)(want), insn);                            \
    } while ( 0 )

static void test_modify(void)
{
    uint32_t reg = 9, expect = 20;
    uint8_t zf;

    RMW("addl %1, (%0)", 10, 15);
    RMW("subl %1, (%0)", 10, 5);
    RMW("orl %1, (%0)", 8, 13);
    RMW("andl %1, (%0)", 12, 4);
    RMW("xorl %1, (%0)", 4, 1);
    RMW("incl (%0)", 10, 11);
    RMW("negl (%0)", 1, -1);
    RMW("notl (%0)", 0, -1);
    RMW("shll $3, (%0)", 1, 8);
    RMW("lock addl %1, (%0)", 1, 6);
    RMW("btsl $4, (%0)", 0, 16);
    write32(M, 20);
    __asm__ volatile("xchg %0, (%1)" : "+r"(reg) : "r"(M) : "memory");
    tap(reg == 20 && read32(M) == 9, "xchg");
    write32(M, 20);
    __asm__ volatile("lock cmpxchg %3, (%2); sete %1"
                     : "+a"(expect), "=q"(zf) : "r"(M), "r"(33)
                     : "memory", "cc");
    tap(zf && read32(M) == 33, "cmpxchg, equal");
    __asm__ volatile("lock cmpxchg %3, (%2); sete %1"
                     : "+a"(expect), "=q"(zf) : "r"(M), "r"(44)
                     : "memory", "cc");
    tap(!zf && expect == 33 && read32(M) == 33, "cmpxchg, not equal");
    __asm__ volatile("cmpl $33, (%1); sete %0" : "=q"(zf) : "r"(M) : "cc");
    tap(zf, "cmp");
    __asm__ volatile("testl $2, (%1); setz %0" : "=q"(zf) : "r"(M) : "cc");
    tap(zf, "test");
}

static void test_page_faults(void)
{
#ifndef __i386__ /* which has no paging */
    skip_bytes = 3;
    __asm__ volatile("movb $1, (%0)" : : "a"(1UL << 39) : "memory");
    tap(trapped_vector == 14 && trapped_error == 2,
        "a page fault, by a write");
    skip_bytes = 2;
    __asm__ volatile("movb (%0), %%dl" : : "a"(1UL << 39) : "rdx", "memory");
    tap(trapped_vector == 14 && trapped_error == 0, "by a read");
    trapped_error = 1;
    __asm__ volatile("movb (%0), %%dl" : : "a"(1UL << 39) : "rdx", "memory");
    tap(trapped_vector == 14 && trapped_error == 0, "and again");
#endif
}

static void test_traps(void)
{
    trap_hook = on_trap;
    skip_bytes = 2;
    __asm__ volatile("ud2");
    tap(trapped_vector == 6, "an invalid opcode");
    skip_bytes = 0;
    __asm__ volatile("int $0x80");
    tap(trapped_vector == 128, "a software interrupt");
    skip_bytes = 2;
    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx;"
                     "div %%ecx" ::: "eax", "ecx", "edx", "cc");
    tap(trapped_vector == 0, "a division by zero");
    test_page_faults();
    trap_hook = NULL;
}

static void test_hypercalls(void)
{
    tap(hypercall5(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0) >> 16 == 4,
        "a hypercall");
    tap(hypercall5(63, 0, 0, 0, 0, 0) == -38, "one that does not exist");
    tap(hypercall5(__HYPERVISOR_console_io, CONSOLEIO_write, 5,
                   ADDRESS("text\n"), 0, 0) == -1 &&
            hypercall5(__HYPERVISOR_console_io, CONSOLEIO_write, -1UL, 0, 0,
                       0) == -1 &&
            hypercall5(__HYPERVISOR_console_io, CONSOLEIO_read, 5,
                       ADDRESS("text\n"), 0, 0) == -1 &&
            hypercall5(__HYPERVISOR_console_io, 7, 0, 0, 0, 0) == -1,
        "the hypervisor's console is not for guests");
    tap(hypercall5(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, NO_MEMORY,
                   0, 0, 0) == -14, "an argument in no memory");
}

static void test_cpuid(void)
{
    uint32_t a = 0x40000000, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    tap(b == 0x566e6558 && c == 0x65584d4d && d == 0x4d4d566e,
        "the hypervisor's CPUID leaf");
}

_Noreturn void guest_main(void)
{
    guest_init();
    test_ports();
    test_widths();
    test_strings();
    test_other_memory();
    test_modify();
    test_traps();
    test_hypercalls();
    test_cpuid();
    tap_end();
    guest_shutdown(SHUTDOWN_poweroff);
}
