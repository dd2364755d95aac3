/* SPDX-License-Identifier: MIT */
/*
 * A guest behind firmware that fuzzes the devices of its machine, those of the
 * hypervisor and those of the device model: ports, device memory, PCI
 * configuration, MSRs, interrupts, on two vCPUs; seed=N on the command line
 * chooses the operations.  It runs until something ends it: a triple fault, a
 * reset, the power switch, or the toolstack.
 *
 * 32-bit code without paging.  A trap or interrupt begins the loop anew.  The
 * second vCPU is started by INIT and SIPI, again and again.  Each 1024 operations
 * a line goes to the serial port.
 */
#include <stdbool.h>
#include <stdint.h>

#define LAPIC 0xfee00000U
#define SECOND_CODE 0x8000U
#define EFER 0xc0000080U
#define LONG_MODE_ENABLE 0x100U
#define REPORT 0x400U
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PICK(a) (a)[below(COUNT(a))]

extern char trap[], kernel_gdt[], second_code[], second_code_end[];
_Noreturn void guest_main(const char *command_line);
_Noreturn void second_main(void);
_Noreturn void go_on(void);

static volatile uint32_t operations;
static uint64_t random_state[2];
static uint64_t idt[256] __attribute__((aligned(8)));

/* ---- this vCPU ---- */

/* By the stack, which is all that the vCPUs do not share. */
static unsigned int self(void)
{
    extern char second_stack[];
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return here > (uintptr_t)second_stack;
}

static uint32_t any(void)
{
    uint64_t *s = &random_state[self()];

    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return (uint32_t)(*s >> 16);
}

static uint32_t below(uint32_t n)
{
    return any() % n;
}

/* Mostly few bits, or what is in the middle of a byte. */
static uint32_t number(void)
{
    static const uint32_t often[] = { 0, 1, 0xff, 0x80, 0x20, 0x36, 0x100,
                                      0xffff, 0xffffffff, 0x1000, 0x10000 };

    return below(2) ? any() >> below(32) : PICK(often);
}

/* ---- accesses ---- */

static void out(uint16_t port, unsigned int bytes, uint32_t v)
{
    switch ( bytes )
    {
    case 1: __asm__ volatile("outb %b0, %1" : : "a"(v), "d"(port)); break;
    case 2: __asm__ volatile("outw %w0, %1" : : "a"(v), "d"(port)); break;
    default: __asm__ volatile("outl %0, %1" : : "a"(v), "d"(port)); break;
    }
}

static uint32_t in(uint16_t port, unsigned int bytes)
{
    uint32_t v = 0;

    switch ( bytes )
    {
    case 1: __asm__ volatile("inb %1, %b0" : "+a"(v) : "d"(port)); break;
    case 2: __asm__ volatile("inw %1, %w0" : "+a"(v) : "d"(port)); break;
    default: __asm__ volatile("inl %1, %0" : "+a"(v) : "d"(port)); break;
    }
    return v;
}

static void write_memory(uint32_t at, unsigned int bytes, uint32_t v)
{
    switch ( bytes )
    {
    case 1: *(volatile uint8_t *)at = (uint8_t)v; break;
    case 2: *(volatile uint16_t *)at = (uint16_t)v; break;
    default: *(volatile uint32_t *)at = v; break;
    }
}

static uint32_t read_memory(uint32_t at, unsigned int bytes)
{
    switch ( bytes )
    {
    case 1: return *(volatile uint8_t *)at;
    case 2: return *(volatile uint16_t *)at;
    default: return *(volatile uint32_t *)at;
    }
}

/* Strings go to memory, or come from there, that nobody needs. */
#define BUFFER 0x400000U

static void strings(uint16_t port, uint32_t memory)
{
    uint32_t count = below(64), buffer = BUFFER + below(0x10000);
    uint32_t to = below(2) ? memory : buffer;
    uint32_t from = to == memory && below(4) ? buffer : memory;

    switch ( below(6) )
    {
    case 0:
        __asm__ volatile("rep insb" : "+D"(buffer), "+c"(count)
                         : "d"(port) : "memory");
        break;
    case 1:
        __asm__ volatile("rep outsl" : "+S"(buffer), "+c"(count)
                         : "d"(port) : "memory");
        break;
    case 2:
        __asm__ volatile("rep outsb" : "+S"(buffer), "+c"(count)
                         : "d"(port) : "memory");
        break;
    case 3:
        __asm__ volatile("rep stosl" : "+D"(to), "+c"(count)
                         : "a"(any()) : "memory");
        break;
    default:
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)
                         : : "memory");
        break;
    }
}

/* ---- where ---- */

/* First port, number: the hypervisor's devices first. */
static const uint16_t ports[][2] = {
    { 0x20, 2 }, { 0xa0, 2 }, { 0x4d0, 2 }, { 0x40, 4 }, { 0x61, 1 },
    { 0x70, 2 }, { 0xb000, 12 }, { 0xcf8, 8 }, { 0x20, 2 }, { 0xa0, 2 },
    { 0x40, 4 }, { 0x70, 2 }, { 0x1f40, 12 },
    { 0x60, 5 }, { 0x00, 16 }, { 0x80, 16 }, { 0xc0, 32 }, { 0x92, 1 },
    { 0x170, 8 }, { 0x1f0, 8 }, { 0x376, 1 }, { 0x3f6, 1 }, { 0x3f0, 8 },
    { 0x3f8, 8 }, { 0x2f8, 8 }, { 0x378, 4 }, { 0x3b0, 48 }, { 0x1ce, 3 },
    { 0x510, 12 }, { 0xae00, 20 }, { 0xafe0, 4 }, { 0xb2, 2 }, { 0x10, 16 },
    { 0xc000, 512 }, { 0xcd8, 8 }, { 0xb044, 16 }, { 0x5658, 4 },
};

/* Switches and resets: keyboard controller, port 0x92, 0xcf9, PM1a_CNT. */
static bool ends_guest(uint16_t port)
{
    return (port & 0xfffc) == 0x64 || (port & 0xfffc) == 0x90 ||
           (port & 0xfffc) == 0xcf8 || (port & 0xfffc) == 0xb004 ||
           (port & 0xfffc) == 0x1f44;
}

static uint16_t some_port(void)
{
    const uint16_t *p = PICK(ports);
    uint16_t port = below(32) ? (uint16_t)(p[0] + below(p[1])) : (uint16_t)any();

    return ends_guest(port) && below(4096) ? 0x80 : port;
}

static uint32_t some_memory(void)
{
    static const uint32_t pages[] = {
        LAPIC, 0xfec00000, 0xfed00000, 0xfed00000, 0xa0000, 0xb8000, 0xc0000,
        0xf0000000, 0xf1000000, 0xf2000000, 0xf3000000, 0xf3050000, 0xfc000000,
        0xfeff8000,
    };
    static const uint16_t offsets[] = {
        0x00, 0x10, 0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x100, 0x108, 0x120,
        0x128, 0x140, 0x148, 0x280, 0x320, 0x350, 0x360, 0x380, 0x3e0,
    };
    uint32_t page = PICK(pages);

    if ( !below(16) )
        page = 0xf0000000 + (any() & 0x0efff000);
    return page + (below(4) ? PICK(offsets) : any() & 0xfff);
}

/* ---- operations ---- */

static void port(void)
{
    uint16_t at = some_port();
    unsigned int bytes = below(3) ? 1 : 1U << below(3);

    if ( at == 0xe9 )
        return; /* what the guest prints is the toolstack's log */
    if ( below(2) )
        out(at, bytes, number());
    else
        in(at, bytes);
}

static void memory(void)
{
    uint32_t at = some_memory();
    unsigned int bytes = below(2) ? 4 : 1U << below(3);

    if ( below(3) )
        write_memory(at, bytes, number());
    else
        read_memory(at, bytes);
}

static void pci(void)
{
    static const uint8_t often[] = { 0x04, 0x06, 0x10, 0x14, 0x18, 0x20, 0x30,
                                     0x3c, 0x40, 0x60, 0x61, 0x62, 0x63, 0x80 };
    uint32_t reg = below(2) ? PICK(often) : any() & 0xff;

    out(0xcf8, 4, 0x80000000 | below(8) << 11 | below(4) << 8 | (reg & 0xfc));
    if ( below(2) )
        in(0xcfc + (reg & 3), 1U << below(3));
    else
        out(0xcfc + (reg & 3), 1U << below(3), number());
}

static void rtc(void)
{
    out(0x70, 1, below(16));
    if ( below(2) )
        out(0x71, 1, number());
    else
        in(0x71, 1);
}

static void ioapic(void)
{
    write_memory(0xfec00000, 4, 0x10 + below(100));
    write_memory(0xfec00010, 4, below(2) ? 0x20 + below(64) : number());
}

static void msr(void)
{
    static const uint32_t ranges[][2] = {
        { 0x1b, 1 }, { 0xfe, 1 }, { 0x200, 16 }, { 0x250, 1 }, { 0x258, 2 },
        { 0x268, 8 }, { 0x277, 1 }, { 0x2ff, 1 }, { 0x800, 64 }, { 0x10, 1 },
        { EFER, 1 }, { 0xc0010000, 32 }, { 0x174, 3 }, { 0x400, 32 },
    };
    const uint32_t *r = PICK(ranges);
    uint32_t n = r[0] + below(r[1]), value = number(), low, high;

    if ( n == EFER )
        value &= ~LONG_MODE_ENABLE; /* it would stop QEMU's emulation: docs/vm.md */
    if ( below(2) )
        __asm__ volatile("wrmsr" : : "c"(n), "a"(value),
                         "d"(below(8) ? 0 : any()));
    else
        __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(n));
}

/* INIT and SIPI for the other one, which begins at SECOND_CODE or anywhere. */
static void ipi(void)
{
    static const uint32_t commands[] = { 0x500, 0x600 | SECOND_CODE >> 12,
                                         0x4041, 0x400, 0x44041, 0xc4041 };
    uint32_t command = below(8) ? PICK(commands) : number();

    write_memory(LAPIC + 0xf0, 4, 0x1ff);
    write_memory(LAPIC + 0x310, 4, (uint32_t)(self() ? 0 : 2) << 24);
    write_memory(LAPIC + 0x300, 4, command);
    if ( command == 0x500 && below(4) )
        write_memory(LAPIC + 0x300, 4, commands[1]);
}

/* An interrupt that ends the sleep, so that the loop goes on. */
static void sleep(void)
{
    write_memory(LAPIC + 0xf0, 4, 0x1ff);
    write_memory(LAPIC + 0x80, 4, 0);
    write_memory(LAPIC + 0x3e0, 4, 0xb);
    write_memory(LAPIC + 0x320, 4, 0x40 | below(2) << 17);
    write_memory(LAPIC + 0x380, 4, 1 + below(100000));
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

static void say(const char *text)
{
    for ( ; *text; text++ )
        out(0x3f8, 1, (uint8_t)*text);
}

static void say_number(uint32_t n)
{
    char digits[11];
    unsigned int i = sizeof(digits) - 1;

    digits[i] = 0;
    do
        digits[--i] = (char)('0' + n % 10);
    while ( n /= 10 );
    say(digits + i);
}

static void one(void)
{
    switch ( below(16) )
    {
    case 0: case 1: case 2: case 3: case 4: case 5: port(); break;
    case 6: case 7: case 8: memory(); break;
    case 9: pci(); break;
    case 10: rtc(); break;
    case 11: ioapic(); break;
    case 12: msr(); break;
    case 13: ipi(); break;
    case 14: strings(some_port(), some_memory()); break;
    default:
        if ( !below(16) )
            sleep();
        else
            __asm__ volatile("sti; nop; nop; cli" ::: "memory");
        break;
    }
}

/* After a trap, too: what it was is not asked. */
void go_on(void)
{
    write_memory(LAPIC + 0xb0, 4, 0);
    out(0xa0, 1, 0x20);
    out(0x20, 1, 0x20);
    for ( ;; )
    {
        if ( __atomic_add_fetch(&operations, 1, __ATOMIC_SEQ_CST) % REPORT ==
             0 )
        {
            say("fuzz-devices: ");
            say_number(operations);
            say(" operations\n");
        }
        one();
    }
}

static void load_idt(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } idtr = { sizeof(idt) - 1, (uint32_t)idt },
      gdtr = { 23, (uint32_t)kernel_gdt };

    __asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr));
}

void second_main(void)
{
    load_idt();
    go_on();
}

/* The number behind "seed=". */
static uint32_t seed_of(const char *p)
{
    uint32_t n = 0;

    for ( ; *p; p++ )
        if ( p[0] == 's' && p[1] == 'e' && p[2] == 'e' && p[3] == 'd' &&
             p[4] == '=' )
        {
            for ( p += 5; *p >= '0' && *p <= '9'; p++ )
                n = n * 10 + (uint32_t)(*p - '0');
            break;
        }
    return n;
}

void guest_main(const char *command_line)
{
    uint32_t seed = command_line ? seed_of(command_line) : 0;
    uint64_t gate = ((uint64_t)(uint32_t)trap >> 16 << 48) | 0x8eULL << 40 |
                    8ULL << 16 | ((uint32_t)trap & 0xffff);

    for ( unsigned int i = 0; i < 256; i++ )
        idt[i] = gate;
    for ( unsigned int i = 0; i < 2; i++ )
        random_state[i] = (seed + 1) * 0x9e3779b97f4a7c15ULL + i;
    for ( char *from = second_code, *to = (char *)SECOND_CODE;
          from < second_code_end; )
        *to++ = *from++;
    say("fuzz-devices: seed ");
    say_number(seed);
    say("\n");
    load_idt();
    go_on();
}
