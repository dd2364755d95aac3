/* SPDX-License-Identifier: MIT */
/*
 * The demonstration: says what it is, talks to a serial port, a block of
 * registers by ports and by memory, and the display's window; shows its grant
 * table; then, as its command line says: loop=N reads a port N times, spin
 * reads it until it answers all-ones.
 */
#include "guest.h"

#include <xen/grant_table.h>

#define UART 0x3f8
#define UART_LSR (UART + 5)
#define LSR_THR_EMPTY 0x20
#define BLOCK_PORT 0x500
#define BLOCK_ADDRESS 0xf1000000UL
#define ABSENT_PORT 0x600
#define VGA_ADDRESS 0xa0000UL

static void serial(const char *s)
{
    if ( inb(UART_LSR) == 0xff )
    {
        say("no serial port\n");
        return;
    }
    for ( ; *s; s++ )
    {
        while ( !(inb(UART_LSR) & LSR_THR_EMPTY) )
            ;
        outb(UART, (uint8_t)*s);
    }
}

static void ports(void)
{
    outl(BLOCK_PORT, 0x12345678);
    outw(BLOCK_PORT + 4, 0xbeef);
    outb(BLOCK_PORT + 6, 0x5a);
    say("ports %x: %x %x %x\n", BLOCK_PORT, inl(BLOCK_PORT),
        inw(BLOCK_PORT + 4), inb(BLOCK_PORT + 6));
    say("port %x, which nobody has: %x\n", ABSENT_PORT, inl(ABSENT_PORT));
}

static void memory(void)
{
    unsigned long at = BLOCK_ADDRESS + 4, nr = 2;
    uint64_t value;
    uint32_t wide;

    write64(BLOCK_ADDRESS, 0x1122334455667788ULL);
    value = read64(BLOCK_ADDRESS);
    say("memory %lx: %x%08x", BLOCK_ADDRESS, (uint32_t)(value >> 32),
        (uint32_t)value);
    __asm__ volatile("movzbl (%1), %0" : "=r"(wide) : "r"(BLOCK_ADDRESS));
    say(" %x", wide);
    __asm__ volatile("rep stosw" : "+D"(at), "+c"(nr) : "a"(0x4321)
                     : "memory");
    __asm__ volatile("addl %1, (%0)" : : "r"(BLOCK_ADDRESS), "r"(8)
                     : "memory");
    say(" %x %x\n", read32(BLOCK_ADDRESS), read32(BLOCK_ADDRESS + 4));
}

static void display(void)
{
    static const char text[] = "O r i e l ";

    for ( unsigned int i = 0; i < sizeof(text) - 1; i += 2 )
        write16(VGA_ADDRESS + i, (uint16_t)(text[i] | 0x0700));
}

static void grants(void)
{
    const volatile grant_entry_v1_t *entry =
        (const grant_entry_v1_t *)GRANT_TABLE_ADDRESS;
    long rc = add_to_physmap(XENMAPSPACE_grant_table, 0, GRANT_TABLE_ADDRESS);

    if ( rc )
        say("no grant table: %ld\n", -rc);
    for ( unsigned int i = 0; !rc && i < 2; i++ )
        say("grant %u: flags %x, domain %u, frame %x\n", i, entry[i].flags,
            entry[i].domid, entry[i].frame);
}

static void read_port(void)
{
    unsigned long n = command_number("loop", 0), before;
    uint32_t first;

    if ( n )
    {
        before = (unsigned long)__builtin_ia32_rdtsc();
        for ( unsigned long i = 0; i < n; i++ )
            (void)inl(BLOCK_PORT);
        say("read a port %lu times: %lu cycles each\n", n,
            ((unsigned long)__builtin_ia32_rdtsc() - before) / n);
    }
    if ( !command_has("spin") )
        return;
    first = inl(BLOCK_PORT);
    say("reading a port: %x\n", first);
    while ( inl(BLOCK_PORT) != ~0U )
        ;
    say("the port answers all-ones: its device model has gone\n");
}

_Noreturn void guest_main(void)
{
    guest_init();
    while ( command_has("burn") ) /* for whoever looks at its CPU time */
        __asm__ volatile("pause");
    say("hello from a guest\n");
    say("command line: %s\n", command_line());
    serial("hello, serial port\r\n");
    ports();
    memory();
    display();
    grants();
    read_port();
    say("good bye\n");
    guest_shutdown(SHUTDOWN_poweroff);
}
