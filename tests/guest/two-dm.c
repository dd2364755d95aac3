/* SPDX-License-Identifier: MIT */
/*
 * A PC whose devices two device models serve: QEMU, and oriel-dm beside it with
 * its block of registers and a PCI function at 00:1e.0 (tools/dm/pci.c).  Says
 * what each answers, then each vcpu uses one of them for ever: vcpu 0 oriel-dm,
 * vcpu 1 QEMU.  A device model that was killed answers ones, and its vcpu says
 * so; when both have gone, the guest switches itself off.
 */
#include "pci.h"
#include "smp.h"

#define UART 0x3f8
#define UART_SCRATCH (UART + 7)
#define BLOCK_PORT 0x500
#define BLOCK_MEMORY 0xf1000000UL
#define NOBODY_PORT 0x600
#define NOBODY_MEMORY 0xf1001000UL
#define VGA_WINDOW 0xa0000UL
#define VGA_REGISTERS 0xf2000000UL /* where QEMU's display gets them */
#define BAR0 0xf3000000UL
#define BAR1 0xc300
#define IOAPIC 0xfec00000UL

#define DEVICE(n) ((n) << 3)
#define BRIDGE DEVICE(0x00U)
#define ISA DEVICE(0x01U)
#define OUR DEVICE(0x1eU) /* oriel-dm's */
#define ABSENT DEVICE(0x1dU)
#define OUR_GSI 43U /* of 00:1e.0 INTA */
#define LINE_VECTOR 0x61U
#define MSI_VECTOR 0x62U
#define LEVEL 0x8000U

/* ---- QEMU's ---- */

static unsigned int find_display(void)
{
    for ( unsigned int f = DEVICE(2); f < OUR; f += DEVICE(1) )
        if ( pci_read(f, 8) >> 24 == 3 )
            return f;
    return ABSENT;
}

static void qemu(void)
{
    unsigned int display = find_display();

    say("QEMU: 00:00.0 is %08x, 00:01.0 is %08x\n", pci_read(BRIDGE, 0),
        pci_read(ISA, 0));
    outb(UART_SCRATCH, 0x5a);
    say("QEMU: port %x: %02x\n", UART_SCRATCH, inb(UART_SCRATCH));
    pci_write(display, 0x18, VGA_REGISTERS);
    pci_write(display, 4, 2);
    say("QEMU: 00:%02x.0 is %08x, its memory at %lx: %04x\n", display >> 3,
        pci_read(display, 0), VGA_REGISTERS,
        read16(VGA_REGISTERS + 0x500));
}

/* ---- oriel-dm's ---- */

static void ports_and_memory(void)
{
    outl(BLOCK_PORT + 4, 0x12345678);
    say("oriel-dm: port %x: %08x %08x\n", BLOCK_PORT, inl(BLOCK_PORT),
        inl(BLOCK_PORT + 4));
    write64(BLOCK_MEMORY + 0x100, 0x1122334455667788);
    say("oriel-dm: memory %lx: %08x %08x %016lx\n", BLOCK_MEMORY,
        read32(BLOCK_MEMORY), read32(BLOCK_MEMORY + 4),
        read64(BLOCK_MEMORY + 0x100));
    say("nobody: port %x: %08x, memory %lx: %08x, 00:1d.0 is %08x\n",
        NOBODY_PORT, inl(NOBODY_PORT), NOBODY_MEMORY, read32(NOBODY_MEMORY),
        pci_read(ABSENT, 0));
}

static void bars(void)
{
    say("oriel-dm: 00:1e.0 is %08x, class %08x\n", pci_read(OUR, 0),
        pci_read(OUR, 8));
    pci_write(OUR, 0x10, ~0U);
    pci_write(OUR, 0x14, ~0U);
    say("oriel-dm: BAR masks %08x %08x\n", pci_read(OUR, 0x10),
        pci_read(OUR, 0x14));
    pci_write(OUR, 0x10, BAR0);
    pci_write(OUR, 0x14, BAR1);
    say("oriel-dm: BARs not decoded: %08x %08x\n", read32(BAR0), inl(BAR1));
    pci_write(OUR, 4, 3);
    write32(BAR0 + 4, 0xcafe);
    say("oriel-dm: BARs decoded: %08x %08x, %08x %08x\n", read32(BAR0),
        read32(BAR0 + 4), inl(BAR1), inl(BAR1 + 4));
    pci_write(OUR, 0x10, BAR0 + 0x1000);
    say("oriel-dm: BAR 0 moved: %08x %08x\n", read32(BAR0),
        read32(BAR0 + 0x1000));
    pci_write(OUR, 0x10, BAR0);
    outb(0xcfc + 1, 0); /* of BAR 0: what the address port selects still */
    say("oriel-dm: bytes of configuration: %02x %04x\n", inb(0xcfc + 3),
        inw(0xcfc + 2));
}

/* ---- its interrupts ---- */

static volatile unsigned int lines, msis;

__attribute__((interrupt)) static void on_line(struct trap_frame *f)
{
    (void)f;
    lines++;
    write32(BAR0 + 8, 0);
    apic_write(APIC_EOI, 0);
}

__attribute__((interrupt)) static void on_msi(struct trap_frame *f)
{
    (void)f;
    msis++;
    apic_write(APIC_EOI, 0);
}

static void ioapic_write(unsigned int index, uint32_t v)
{
    write32(IOAPIC, index);
    write32(IOAPIC + 0x10, v);
}

static void interrupts(void)
{
    set_vector(LINE_VECTOR, on_line);
    set_vector(MSI_VECTOR, on_msi);
    apic_write(APIC_SVR, 0x1ff);
    ioapic_write(0x11 + 2 * OUR_GSI, apic_read(APIC_ID));
    ioapic_write(0x10 + 2 * OUR_GSI, LEVEL | LINE_VECTOR);
    interrupts_on();
    write32(BAR0 + 8, 1);
    WAIT_FOR(lines == 1);
    outl(BAR1 + 8, 1);
    WAIT_FOR(lines == 2);
    interrupts_off();
    pci_write(OUR, 4, 0x403); /* no INTx */
    write32(BAR0 + 8, 1);
    say("oriel-dm: line: %u times, held back: status %04x\n", lines,
        pci_read(OUR, 4) >> 16);
    write32(BAR0 + 8, 0);
    pci_write(OUR, 0x54, APIC | apic_read(APIC_ID) >> 24 << 12);
    pci_write(OUR, 0x58, 0);
    pci_write(OUR, 0x5c, MSI_VECTOR);
    pci_write(OUR, 0x50, 1U << 16);
    interrupts_on();
    write32(BAR0 + 8, 1);
    WAIT_FOR(msis == 1);
    write32(BAR0 + 8, 1);
    WAIT_FOR(msis == 2);
    interrupts_off();
    say("oriel-dm: MSI: %u times, the line %u\n", msis, lines);
}

/* ---- for ever ---- */

static volatile bool printing, gone;

/* Of the last: the guest ends. */
static void say_gone(const char *who)
{
    bool last;

    while ( __atomic_exchange_n(&printing, true, __ATOMIC_ACQUIRE) )
        __asm__ volatile("pause");
    say("%s answers ones\n", who);
    last = gone;
    gone = true;
    __atomic_store_n(&printing, false, __ATOMIC_RELEASE);
    if ( last )
        guest_shutdown(SHUTDOWN_poweroff);
    for ( ;; )
        __asm__ volatile("cli; hlt");
}

static void use_qemu(void)
{
    uint8_t n = 0, v;

    do
    {
        n = (uint8_t)(n % 100 + 1);
        outb(UART, (uint8_t)(n == 100 ? '\n' : '.'));
        outb(UART_SCRATCH, n);
        for ( unsigned int i = 0; i < 8; i++ )
            write16(VGA_WINDOW + 2 * i, n); /* into the ring */
        v = inb(UART_SCRATCH);
    } while ( v == n );
    if ( v != 0xff )
        say("QEMU: port %x: %02x instead of %02x\n", UART_SCRATCH, v, n);
    say_gone("QEMU");
}

static void use_oriel_dm(void)
{
    uint32_t n = 0, v;

    do
    {
        n = n % 1000 + 1;
        outl(BLOCK_PORT + 4, n);
        v = inl(BLOCK_PORT + 4);
    } while ( v == n );
    if ( v != ~0U )
        say("oriel-dm: port %x: %08x instead of %08x\n", BLOCK_PORT + 4, v, n);
    say_gone("oriel-dm");
}

_Noreturn void guest_main(void)
{
    guest_init();
    smp_init();
    qemu();
    ports_and_memory();
    bars();
    interrupts();
    say("both are in use\n");
    start_cpu(2, use_qemu);
    use_oriel_dm();
    guest_shutdown(SHUTDOWN_crash);
}
