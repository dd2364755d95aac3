/* SPDX-License-Identifier: MIT */
/*
 * A guest that does what no guest should, on two vCPUs: seed=N decides what,
 * ops=N how often.  Ports, devices' memory by made-up instructions, MSRs,
 * CPUID, hypercalls, APIC registers, IPIs, INIT, jumps into rubbish; whatever
 * trap that is, it goes on.  At the end, a triple fault.  Debug registers are
 * left alone: QEMU 7.2 mixes up those of the levels, and dies of it.
 *
 * Memory: 4 MiB code that is made up, 6 MiB arguments and targets, 12 MiB to
 * 16 MiB pages that are given away and taken back.
 */
#include "fuzz.h"

/* Blocks: the structure, and the stack of its traps. */
static union {
    struct fuzz_cpu cpu;
    char block[16384];
} cpus[2] __attribute__((aligned(16384)));

static struct { uint64_t low, high; } catch_all[256]
    __attribute__((aligned(16)));

extern char fuzz_vectors[];
unsigned int fuzz_mark(struct fuzz_cpu *c) __attribute__((returns_twice));
void fuzz_execute(const uint64_t regs[16], const void *code, uint64_t flags);

/* ---- what brings a vCPU back ---- */

static void wrmsr(uint32_t m, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(m), "a"((uint32_t)v), "d"(v >> 32));
}

/* Whatever was done to the APIC, it is on, and its timer runs. */
static void arm_timer(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x1b));
    if ( low & 0x400 )
        wrmsr(0x1b, APIC);
    wrmsr(0x1b, APIC | 0x800);
    __asm__ volatile("mov %0, %%cr8" : : "r"(0UL));
    apic_write(APIC_SVR, 0x1ff);
    apic_write(APIC_TDCR, 0xb);
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | WATCH_VECTOR);
    apic_write(APIC_TMICT, 2000000);
}

/* ---- ports, MSRs, registers ---- */

static void port(struct fuzz_cpu *c)
{
    static const uint16_t ports[] = {
        0x500, 0x502, 0x504, 0x508, 0x50c, 0x50f, 0x3f8, 0x3fd, 0x40, 0x42,
        0x43, 0x61, 0x20, 0x21, 0xa0, 0x70, 0x71, 0xcf8, 0xcfc, 0x4d0, 0xb008,
        0xffff, 0xe8,
    };
    uint16_t p = one_in(c, 4) ? (uint16_t)any(c) : PICK(c, ports);
    uint64_t count = one_in(c, 8) ? number(c) % 20000 : below(c, 40);
    uint64_t at = address(c), v = number(c);

    if ( p >= 0xe6 && p <= 0xe9 ) /* keeps the console for messages */
        p = 0xea;
    if ( one_in(c, 6) )
        __asm__ volatile("std");
    switch ( below(c, 12) )
    {
#define STRING(insn, reg)                                                    \
    __asm__ volatile("rep " insn : "+" reg(at), "+c"(count) : "d"(p)         \
                     : "memory")
    case 0: STRING("outsb", "S"); break;
    case 1: STRING("outsw", "S"); break;
    case 2: STRING("outsl", "S"); break;
    case 3: STRING("insb", "D"); break;
    case 4: STRING("insw", "D"); break;
    case 5: STRING("insl", "D"); break;
    case 6: outb(p, (uint8_t)v); break;
    case 7: outw(p, (uint16_t)v); break;
    case 8: outl(p, (uint32_t)v); break;
    case 9: (void)inb(p); break;
    case 10: (void)inw(p); break;
    default: (void)inl(p); break;
    }
    __asm__ volatile("cld");
}

static void msr(struct fuzz_cpu *c)
{
    static const uint32_t msrs[] = {
        0x10, 0x1b, 0x174, 0x175, 0x176, 0x179, 0x1d9, 0x200, 0x250, 0x277,
        0x2ff, 0x6e0, 0x800, 0x802, 0x808, 0x80b, 0x80d, 0x810, 0x828, 0x830,
        0x832, 0x838, 0x839, 0x83e, 0x83f, 0xda0, 0x40000000, 0x400000ff,
        0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101,
        0xc0000102, 0xc0000103, 0xc0010010, 0xc0010015, 0xc0010114,
        0xc0010117, 0xc0010140, 0xc0011020, 0xc0011029,
    };
    uint32_t m = one_in(c, 4) ? (uint32_t)number(c) + (uint32_t)below(c, 2) *
                     0xc0000000 : PICK(c, msrs);
    uint64_t v = number(c);

    if ( m == 0x40000000 )
        v = one_in(c, 4) ? v | 1UL << 40 : address(c) | 1UL << 27;
    if ( m == 0xc0000080 ) /* else our own tables are wrong */
        v |= 0x900;
    if ( one_in(c, 2) )
        wrmsr(m, v);
    else
        __asm__ volatile("rdmsr" : : "c"(m) : "eax", "edx");
}

static void registers(struct fuzz_cpu *c)
{
    uint64_t v = number(c);
    uint32_t r[4];

    switch ( below(c, 10) )
    {
    case 0: cpuid((uint32_t)v, (uint32_t)number(c), r); break;
    case 1: cpuid(0x40000000 + (uint32_t)below(c, 8), (uint32_t)v, r); break;
    case 2: __asm__ volatile("mov %0, %%cr8" : : "r"(v & 15)); break;
    case 3: __asm__ volatile("mov %0, %%cr8" : : "r"(0UL)); break;
    case 4:
        __asm__ volatile("xsetbv" : : "c"(one_in(c, 8)), "a"((uint32_t)v | 3),
                         "d"(v >> 32));
        break;
    case 5:
        __asm__ volatile("mov %0, %%cr4" : : "r"(0x40220UL | (v & 0x1dc)));
        break;
    case 6:
        __asm__ volatile("mov %0, %%cr0" : : "r"(0x80000021UL | (v & 0x1000e)));
        break;
    case 7: __asm__ volatile("invlpg (%0); wbinvd" : : "r"(v)); break;
    case 8: __asm__ volatile("rdpmc" : : "c"(v) : "eax", "edx"); break;
    default:
        if ( !one_in(c, 16) )
            arm_timer();
        __asm__ volatile("sti; hlt");
        break;
    }
}

/* ---- instructions ---- */

/* One that the emulator should know, with a device's address in most places. */
static unsigned int device_insn(struct fuzz_cpu *c, uint8_t *to)
{
    static const uint8_t plain[] = {
        0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x11, 0x18, 0x19,
        0x20, 0x21, 0x22, 0x23, 0x28, 0x29, 0x2a, 0x2b, 0x30, 0x31, 0x32, 0x33,
        0x38, 0x39, 0x3a, 0x3b, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
        0x89, 0x8a, 0x8b, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae,
        0xaf, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff, 0x88, 0x89, 0x8a, 0x8b,
    };
    static const uint8_t escaped[] = {
        0xa3, 0xab, 0xb3, 0xbb, 0xba, 0xb0, 0xb1, 0xb6, 0xb7, 0xbe, 0xbf, 0xc0,
        0xc1,
    };
    static const uint8_t prefix[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e };
    unsigned int n = 0;
    uint8_t op;

    while ( one_in(c, 3) && n < 3 )
        to[n++] = PICK(c, prefix);
    if ( one_in(c, 2) )
        to[n++] = (uint8_t)(0x40 | below(c, 16));
    if ( one_in(c, 4) )
        to[n++] = 0x0f, op = PICK(c, escaped);
    else
        op = PICK(c, plain);
    to[n++] = op;
    to[n] = (uint8_t)any(c);
    if ( op == 0xc6 || op == 0xc7 || op == 0xf6 || op == 0xf7 || op == 0xfe ||
         op == 0xff ) /* mostly the forms that exist */
        to[n] &= 0xc7;
    if ( !one_in(c, 16) )
        to[n] &= 0x7f; /* not all of it registers */
    return n + 1;
}

static void execute(struct fuzz_cpu *c)
{
    uint8_t *code = (uint8_t *)CODE + c->id * 0x10000 + below(c, 0xf000);
    uint64_t regs[16];
    unsigned int n = 0;
    bool device = !one_in(c, 4);

    for ( unsigned int i = 0; i < 16; i++ )
        regs[i] = device && !one_in(c, 4) ? device_address(c) : address(c);
    regs[1] = one_in(c, 4) ? number(c) : below(c, 16); /* rcx counts */
    regs[4] = data_address(c) & ~7UL;
    if ( device )
        n = device_insn(c, code);
    for ( unsigned int i = 0; i < 11; i++ )
        code[n++] = (uint8_t)any(c);
    if ( device )
        code[n - 11] = 0; /* a small displacement, if any */
    for ( unsigned int i = 0; i < 32; i++ )
        code[n++] = 0xcc;
    fuzz_execute(regs, code, 0x202 | (any(c) & (one_in(c, 8) ? 0x40dd5 : 0x8d5)));
}

static void exception(struct fuzz_cpu *c)
{
    switch ( below(c, 6) )
    {
    case 0: __asm__ volatile("ud2"); break;
    case 1: __asm__ volatile("div %%ecx" : : "c"(0), "a"(1), "d"(0)); break;
    case 2: __asm__ volatile("mov %0, %%rsp; push %0" : : "r"(any(c))); break;
    case 3: __asm__ volatile("jmp *%0" : : "r"(any(c))); break;
    case 4: __asm__ volatile("jmp *%0" : : "r"(data_address(c))); break;
    default: __asm__ volatile("int $0x55"); break;
    }
}

static void second_main(void);

/* One that sleeps or spins for ever is brought back by the other. */
static void watch(struct fuzz_cpu *c)
{
    const struct fuzz_cpu *other = &cpus[!c->id].cpu;
    unsigned long now = other->ops + other->traps;

    if ( now != c->seen )
    {
        c->seen = now;
        c->seen_at = ticks();
    }
    else if ( ticks() - c->seen_at > PATIENCE )
    {
        c->seen_at = ticks();
        if ( !c->id && one_in(c, 4) )
            start_cpu(AP_ID, second_main);
        else
            apic_send(c->id ? 0 : AP_ID, ICR_NMI);
    }
}

/* ---- interrupts ---- */

static void apic(struct fuzz_cpu *c)
{
    unsigned int reg = (unsigned int)below(c, 0x40) * 16;
    uint32_t v = (uint32_t)number(c);

    if ( one_in(c, 4) )
        reg += (unsigned int)below(c, 16);
    if ( reg >> 4 == APIC_ICR >> 4 )
        v &= ~0x400U; /* no INIT but where another one is ready to help */
    switch ( below(c, 4) )
    {
    case 0: (void)apic_read(reg); break;
    case 1: apic_send((unsigned int)below(c, 3) * 2, v & ~0x400U); break;
    case 2: apic_send(c->id ? 0 : AP_ID, ICR_NMI); break;
    default: apic_write(reg, v); break;
    }
}

static void step(struct fuzz_cpu *c)
{
    __asm__ volatile("sti");
    switch ( below(c, 16) )
    {
    case 0 ... 2: port(c); break;
    case 3: msr(c); break;
    case 4: registers(c); break;
    case 5 ... 8: execute(c); break;
    case 9: exception(c); break;
    case 10 ... 13: fuzz_call(c); break;
    case 14: apic(c); break;
    default:
        if ( !c->id && one_in(c, 16) )
            start_cpu(AP_ID, second_main);
        else if ( one_in(c, 8) )
            arm_timer();
        break;
    }
}

/* ---- a life ---- */

static void load_cpu(struct fuzz_cpu *c, unsigned int id, uint64_t seed)
{
    uint64_t base = ADDRESS(c->tss);
    uint64_t top = ADDRESS(c) + sizeof(cpus[0]);
    struct __attribute__((packed))
    {
        uint16_t limit;
        uint64_t base;
    } gdtr = { sizeof(c->gdt) - 1, ADDRESS(c->gdt) };
    struct idtr idtr = { sizeof(catch_all) - 1, catch_all };

    c->id = id;
    c->random = seed * 0x9e3779b97f4a7c15UL + 0x1234567 + id;
    c->tss[9] = (uint32_t)top;
    c->tss[1] = (uint32_t)top;
    c->gdt[1] = 0x00af9b000000ffff;
    c->gdt[2] = 0x00cf93000000ffff;
    c->gdt[5] = 103 | (base & 0xffffff) << 16 | 0x89UL << 40 |
                (base >> 24 & 0xff) << 56;
    c->gdt[6] = base >> 32;
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2"
                     : : "m"(gdtr), "m"(idtr), "r"(40));
    __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0xd01), "d"(0));
    __asm__ volatile("mov %0, %%cr4" : : "r"(0x40220UL));
}

/* Only what is ours is there, and devices are not for execution. */
static void narrow_pages(void)
{
    uint64_t *top = (uint64_t *)(void *)pml4;
    uint64_t *pdpt = (uint64_t *)(top[0] & ~0xfffUL);

    for ( uint64_t at = 16UL << 20; at < 1UL << 32; at += 2UL << 20 )
    {
        uint64_t *pd = (uint64_t *)(pdpt[at >> 30] & ~0xfffUL);
        bool used = at == 0xe0000000 || at == DEVICE || at == ABSENT ||
                    at == IOAPIC || at == (APIC & ~0x1fffffUL) ||
                    at == 0xe8000000;

        pd[at >> 21 & 511] = used ? at | NX | 0x83 : 0;
    }
    __asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory");
}

static void live(struct fuzz_cpu *c, unsigned long ops)
{
    unsigned int vector = fuzz_mark(c);

    if ( vector )
    {
        c->traps++;
        if ( vector > 32 )
            apic_write(APIC_EOI, 0);
        if ( vector == 3 ) /* that NMI was sent by watch() */
            arm_timer();
        watch(c);
    }
    while ( c->ops < ops )
    {
        if ( !(c->ops++ & 63) )
            watch(c);
        step(c);
    }
}

static void second_main(void)
{
    struct fuzz_cpu *c = &cpus[1].cpu;

    load_cpu(c, 1, command_number("seed", 1) + c->ops);
    arm_timer();
    live(c, ~0UL);
}

_Noreturn void guest_main(void)
{
    struct fuzz_cpu *c = &cpus[0].cpu;
    unsigned long seed = command_number("seed", 1);
    unsigned long ops = command_number("ops", 10000);
    struct idtr none = { 0, NULL };

    guest_init();
    for ( uint8_t *at = (void *)0x1000; at < (uint8_t *)0x9f000; )
        *at++ = 0xcc;
    for ( uint8_t *at = (void *)CODE; at < (uint8_t *)(DATA + DATA_SIZE); )
        *at++ = 0xcc;
    for ( unsigned int i = 0; i < 256; i++ )
    {
        uint64_t at = ADDRESS(fuzz_vectors) + i * 16;

        catch_all[i].low = (at & 0xffff) | 8UL << 16 | 1UL << 32 | 0x8eUL << 40 |
                           (at >> 16 & 0xffff) << 48;
        catch_all[i].high = at >> 32;
    }
    load_cpu(c, 0, seed);
    narrow_pages();
    guest_events_init();
    say("fuzz: seed %lu, %lu operations\n", seed, ops);
    arm_timer();
    start_cpu(AP_ID, second_main);
    live(c, ops);
    say("fuzz: done, %lu traps; the second vCPU %lu, %lu traps\n", c->traps,
        cpus[1].cpu.ops, cpus[1].cpu.traps);
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    for ( ;; )
        ;
}
