/* SPDX-License-Identifier: MIT */
/*
 * What a processor can do to the machine: ports, MSRs, control registers,
 * its local APIC, and instructions made up byte by byte.
 */
#include "fuzz.h"

/* What the fuzzer itself needs. */
#define CR0_USED (CR0_PG | CR0_WP | CR0_NE | CR0_PE)
#define CR4_USED (CR4_OSXSAVE | CR4_OSFXSR | CR4_PAE)

/* ---- ports ---- */

#define STRING(insn, reg)                                                    \
    __asm__ volatile("rep " insn : "+" reg(at), "+c"(count) : "d"(p)         \
                     : "memory")

static void string_port(struct fuzz_cpu *c, uint16_t p)
{
    /* Each is a round trip to the device model. */
    uint64_t count = one_in(c, 64) ? number(c) % 2000 : below(c, 8);
    uint64_t at = address(c);

    if ( one_in(c, 6) )
        __asm__ volatile("std");
    switch ( below(c, 6) )
    {
    case 0: STRING("outsb", "S"); break;
    case 1: STRING("outsw", "S"); break;
    case 2: STRING("outsl", "S"); break;
    case 3: STRING("insb", "D"); break;
    case 4: STRING("insw", "D"); break;
    default: STRING("insl", "D"); break;
    }
    __asm__ volatile("cld");
}

void fuzz_port(struct fuzz_cpu *c)
{
    static const uint16_t ports[] = {
        0x500, 0x502, 0x504, 0x508, 0x50c, 0x50f, 0x3f8, 0x3fd, 0x40, 0x42,
        0x43, 0x61, 0x20, 0x21, 0xa0, 0x70, 0x71, 0xcf8, 0xcfc, 0x4d0, 0xb008,
        0xffff, 0xe8,
    };
    uint16_t p = one_in(c, 4) ? (uint16_t)any(c) : PICK(c, ports);
    uint64_t v = number(c);

    if ( p >= 0xe6 && p <= 0xe9 ) /* keeps the console for messages */
        p = 0xea;
    switch ( below(c, 9) )
    {
    case 0: outb(p, (uint8_t)v); break;
    case 1: outw(p, (uint16_t)v); break;
    case 2: outl(p, (uint32_t)v); break;
    case 3: (void)inb(p); break;
    case 4: (void)inw(p); break;
    case 5: (void)inl(p); break;
    default: string_port(c, p); break;
    }
}

/* ---- MSRs and registers ---- */

void fuzz_msr(struct fuzz_cpu *c)
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
        v = one_in(c, 4) ? v | 1UL << 40 : DATA + (v & 0x5ff) * PAGE_SIZE;
    if ( m == 0x1b && one_in(c, 2) ) /* off, xAPIC, x2APIC and illegal ones */
        v = APIC | below(c, 4) << 10 | below(c, 2) << 8;
    if ( m == 0xc0000080 && !one_in(c, 16) ) /* else our own tables are wrong */
        v = (v & 0x4001) | 0x900;
    if ( one_in(c, 2) )
        __asm__ volatile("wrmsr" : : "c"(m), "a"((uint32_t)v), "d"(v >> 32));
    else
        __asm__ volatile("rdmsr" : : "c"(m) : "eax", "edx");
}

void fuzz_register(struct fuzz_cpu *c)
{
    uint64_t v = number(c);
    uint32_t r[4];

    switch ( below(c, 11) )
    {
    case 0: cpuid((uint32_t)v, (uint32_t)number(c), r); break;
    case 1: cpuid(0x40000000 + (uint32_t)below(c, 8), (uint32_t)v, r); break;
    case 2: __asm__ volatile("mov %0, %%cr8" : : "r"(v & 15)); break;
    case 3: __asm__ volatile("mov %0, %%cr8" : : "r"(0UL)); break;
    case 4:
        __asm__ volatile("xsetbv" : : "c"(one_in(c, 8)),
                         "a"((uint32_t)v | (one_in(c, 2) ? 3 : 0)),
                         "d"(v >> 32));
        break;
    case 5: /* QEMU 7.2 checks nothing here: VMRUN would refuse the guest */
        __asm__ volatile("mov %0, %%cr4" : : "r"(CR4_USED | (v & 0x1dc)));
        break;
    case 6:
        __asm__ volatile("mov %0, %%cr0" : : "r"(CR0_USED | (v & 0x4000e)));
        break;
    case 7: __asm__ volatile("invlpg (%0); wbinvd; invd" : : "r"(v)); break;
    case 8: __asm__ volatile("rdpmc" : : "c"(v) : "eax", "edx"); break;
    default:
        if ( !one_in(c, 16) )
            arm_timer(200);
        __asm__ volatile("sti; hlt");
        break;
    }
}

/* Away from our stack: what returns must not come back here. */
static void jump(struct fuzz_cpu *c, uint64_t to)
{
    uint64_t stack = data_address(c);

    __asm__ volatile("mov %0, %%rsp; jmp *%1" : : "r"(stack), "r"(to));
}

void fuzz_exception(struct fuzz_cpu *c)
{
    switch ( below(c, 6) )
    {
    case 0: __asm__ volatile("ud2"); break;
    case 1: __asm__ volatile("div %%ecx" : : "c"(0), "a"(1), "d"(0)); break;
    case 2: __asm__ volatile("mov %0, %%rsp; push %0" : : "r"(any(c))); break;
    case 3: jump(c, any(c)); break;
    case 4: jump(c, below(c, 0x9f000)); break;
    default: __asm__ volatile("int $0x55"); break;
    }
}

/* ---- instructions ---- */

static bool tests_bits(uint8_t op)
{
    return op == 0xba || (op & 0xe7) == 0xa3;
}

/*
 * QEMU 7.2 ends with "tcg fatal error" at LOCK BTS of a register, with "invalid
 * tss" after LTR of a null selector, and must not see debug registers, nor
 * reserved bits of control registers: of opcodes after 0x0f only these remain,
 * and no VEX.
 */
static void defuse(uint8_t *at, unsigned int n)
{
    static const uint8_t ranges[][2] = {
        { 0x01, 0x03 }, { 0x05, 0x09 }, { 0x0b, 0x0d }, { 0x18, 0x20 },
        { 0x30, 0x33 }, { 0x40, 0x4f }, { 0x80, 0xa5 }, { 0xa8, 0xc1 },
        { 0xc7, 0xcf },
    };

    for ( unsigned int i = 0; i < n; i++ )
    {
        bool fine = !i || at[i - 1] != 0x0f;

        if ( at[i] == 0xc4 || at[i] == 0xc5 )
            at[i] = 0x90;
        for ( unsigned int j = 0; j < sizeof(ranges) / 2 && !fine; j++ )
            fine = at[i] >= ranges[j][0] && at[i] <= ranges[j][1];
        if ( !fine )
            at[i] = 0x0b;
        if ( i && i + 1 < n && at[i - 1] == 0x0f && tests_bits(at[i]) )
            at[i + 1] &= 0x7f;
    }
}

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

/* One that is intercepted, or that a processor keeps for its system. */
static unsigned int system_insn(struct fuzz_cpu *c, uint8_t *to)
{
    static const struct {
        uint8_t len, code[5];
    } insns[] = {
        { 3, { 0x0f, 0x01, 0xd8 } }, { 3, { 0x0f, 0x01, 0xd9 } }, /* vmrun .. */
        { 3, { 0x0f, 0x01, 0xda } }, { 3, { 0x0f, 0x01, 0xdb } },
        { 3, { 0x0f, 0x01, 0xdc } }, { 3, { 0x0f, 0x01, 0xdd } },
        { 3, { 0x0f, 0x01, 0xde } }, { 3, { 0x0f, 0x01, 0xdf } }, /* invlpga */
        { 3, { 0x0f, 0x01, 0xc1 } }, { 3, { 0x0f, 0x01, 0xc8 } }, /* monitor */
        { 3, { 0x0f, 0x01, 0xc9 } }, { 3, { 0x0f, 0x01, 0xd1 } }, /* xsetbv */
        { 3, { 0x0f, 0x01, 0xd0 } }, { 3, { 0x0f, 0x01, 0xf8 } }, /* swapgs */
        { 2, { 0x0f, 0x08 } }, { 2, { 0x0f, 0x09 } }, { 2, { 0x0f, 0xaa } },
        { 2, { 0x0f, 0x30 } }, { 2, { 0x0f, 0x32 } }, { 2, { 0x0f, 0x33 } },
        { 2, { 0x0f, 0x05 } }, { 2, { 0x0f, 0x07 } }, { 2, { 0x0f, 0xa2 } },
        { 2, { 0x0f, 0x06 } },
        { 3, { 0x0f, 0x01, 0xf0 } }, { 3, { 0x0f, 0x01, 0x3f } }, /* lmsw .. */
        { 3, { 0x0f, 0x20, 0xc0 } }, { 2, { 0x0f, 0xa1 } },
        { 2, { 0x48, 0xcf } }, { 1, { 0xcf } }, { 1, { 0xcb } }, /* iret, lret */
        { 2, { 0xff, 0x2f } }, { 2, { 0xff, 0x1f } }, /* far jmp, call */
        { 1, { 0xf4 } }, { 2, { 0xfa, 0xf4 } }, { 2, { 0xfb, 0xf4 } },
        { 1, { 0xfa } }, { 1, { 0x9d } }, { 1, { 0x6c } }, { 1, { 0x6f } },
        { 1, { 0xe4 } }, { 1, { 0xe7 } }, { 1, { 0xec } }, { 1, { 0xef } },
        { 2, { 0xcd, 0x41 } }, { 1, { 0xf1 } }, { 2, { 0x8e, 0xd0 } },
        { 2, { 0x8e, 0xd8 } }, { 3, { 0x0f, 0xae, 0x2f } }, /* xrstor */
    };
    unsigned int i = (unsigned int)below(c, sizeof(insns) / sizeof(insns[0]));

    for ( unsigned int n = 0; n < insns[i].len; n++ )
        to[n] = insns[i].code[n];
    return insns[i].len;
}

/* Selectors for what is popped from the stack, or jumped through. */
static void plant_frame(struct fuzz_cpu *c, uint64_t *at, uint64_t rip)
{
    static const uint64_t selectors[] = {
        CODE64, CODE32, CODE16, USER64, USER32, 40, STACK0, STACK3, 0,
    };

    at[0] = rip;
    at[1] = PICK(c, selectors);
    at[2] = 0x202 | (any(c) & 0xdd5);
    at[3] = data_address(c);
    at[4] = one_in(c, 2) ? STACK0 : STACK3;
}

void fuzz_code(struct fuzz_cpu *c)
{
    static const uint16_t modes[][2] = {
        { CODE32, STACK0 }, { CODE16, STACK0 }, { USER64, STACK3 },
        { USER32, STACK3 }, { USER64, STACK3 },
    };
    uint8_t *code = (uint8_t *)CODE + c->id * 0x10000 + below(c, 0xf000);
    uint64_t flags = any(c) & (one_in(c, 8) ? 0x40dd5 : 0x8d5), regs[16];
    uint64_t iret[5] = { ADDRESS(code), CODE64, 0x202 | flags, 0, STACK0 };
    unsigned int n = 0, kind = (unsigned int)below(c, 8);

    for ( unsigned int i = 0; i < 16; i++ )
        regs[i] = kind && !one_in(c, 4) ? device_address(c) : address(c);
    regs[1] = one_in(c, 4) ? number(c) : below(c, 16); /* rcx counts */
    if ( one_in(c, 3) )
    {
        unsigned int i = (unsigned int)below(c, 5);

        iret[1] = modes[i][0];
        iret[4] = modes[i][1];
    }
    iret[3] = data_address(c) & ~7UL;
    if ( one_in(c, 2) )
        plant_frame(c, (uint64_t *)iret[3], iret[0]);
    if ( kind > 2 )
        n = device_insn(c, code);
    else if ( kind )
    {
        n = system_insn(c, code);
        regs[0] = one_in(c, 2) ? below(c, 64) : number(c);
    }
    for ( unsigned int i = 0; i < 11; i++ )
        code[n++] = (uint8_t)any(c);
    if ( kind )
        code[n - 11] = 0; /* a small displacement, if any */
    if ( kind && one_in(c, 2) ) /* only that one */
        code[n - 10] = 0xcc;
    for ( unsigned int i = 0; i < 32; i++ )
        code[n++] = 0xcc;
    defuse(code, n);
    fuzz_execute(regs, iret);
}

/* ---- interrupts ---- */

static void knock_out(struct fuzz_cpu *c, struct fuzz_cpu *other)
{
    other->ready = false;
    apic_send(other->id * 2, ICR_INIT);
    if ( one_in(c, 2) ) /* into a loop, in real mode */
    {
        apic_send(other->id * 2, ICR_SIPI | (0x10 + (uint32_t)below(c, 0x8f)));
        for ( uint64_t at = ticks(); ticks() - at < ticks_per_ms; ) /* no verdict */
            ;
    }
    other->restart = true;
}

void fuzz_apic(struct fuzz_cpu *c)
{
    struct fuzz_cpu *other = fuzz_cpu(!c->id);
    unsigned int reg = (unsigned int)below(c, 0x40) * 16;
    uint32_t v = (uint32_t)number(c);

    if ( one_in(c, 4) )
        reg += (unsigned int)below(c, 16);
    if ( reg >> 4 == APIC_ICR >> 4 )
        v &= ~0x400U; /* no INIT but where another one is ready to help */
    switch ( below(c, 16) )
    {
    case 0 ... 3: (void)apic_read(reg); break;
    case 4 ... 7: apic_send((unsigned int)below(c, 3) * 2, v & ~0x400U); break;
    case 8:
        if ( other->ready )
            apic_send(other->id * 2, ICR_NMI);
        break;
    case 9:
        if ( one_in(c, 16) )
            knock_out(c, other);
        break;
    default: apic_write(reg, v); break;
    }
}
