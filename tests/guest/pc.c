/* SPDX-License-Identifier: MIT */
/*
 * A PC without interrupts, whose devices two device models serve: QEMU has a
 * serial port, PCI functions, an IDE disk and a display, oriel-dm a block of
 * registers.  Says what they answer, shows a text, then uses both for ever.  A
 * device model that was killed answers ones, and the guest says so; when both
 * have gone, the guest switches itself off.
 */
#include "pc.h"
#include "pci.h"

#define UART_SCRATCH 0x3ff
#define BLOCK_PORT 0x500
#define NR_FUNCTIONS (32U << 3)
#define MULTIFUNCTION 0x800000U
#define NONE ~0U

/* ---- PCI ---- */

static bool has_more_functions(unsigned int device)
{
    return pci_read(device, 0xc) & MULTIFUNCTION;
}

/* Say what is there; returns the display. */
static unsigned int scan(void)
{
    unsigned int display = NONE;

    for ( unsigned int f = 0; f < NR_FUNCTIONS; f++ )
    {
        uint32_t id, class;

        if ( f % 8 && !has_more_functions(f & ~7U) )
            continue;
        id = pci_read(f, 0);
        if ( id == ~0U )
            continue;
        class = pci_read(f, 8) >> 16;
        say("pci 00:%02x.%x: %04x:%04x class %04x\n", f >> 3, f % 8,
            id & 0xffff, id >> 16, class);
        if ( class == 0x300 )
            display = f;
    }
    return display;
}

/* ---- the disk ---- */

static void disk(void)
{
    static char sector[SECTOR_BYTES + 1];
    struct disk d;

    if ( !disk_identify(&d) )
    {
        say("disk: none\n");
        return;
    }
    say("disk: %s, %u sectors\n", d.model, d.sectors);
    if ( disk_read(d.sectors - 1, sector) )
        say("disk: the last sector: %s\n", sector);
    for ( unsigned int i = 0; i < SECTOR_BYTES; i++ )
        sector[i] = (char)('a' + i % 26);
    say("disk: sector 1 %s\n", disk_write(1, sector) ? "written" : "failed");
    say("disk: a sector behind the end: %s\n",
        disk_read(d.sectors, sector) ? "read" : "refused");
}

/* ---- the display ---- */

static void display(unsigned int f)
{
    if ( f == NONE )
        say("display: none\n");
    else if ( !display_text_mode(f) )
        say("display: no font in its ROM\n");
    else
    {
        display_write(0, 0, "The first row,");
        display_write(1, 2, "the second: 0123456789 {}~");
        display_write(24, 70, "the last.");
        say("display: written\n");
    }
}

/* ---- for ever ---- */

static bool qemu_answers(uint8_t n)
{
    outb(UART_SCRATCH, n);
    return inb(UART_SCRATCH) == n;
}

static bool oriel_dm_answers(uint32_t n)
{
    outl(BLOCK_PORT + 4, n);
    return inl(BLOCK_PORT + 4) == n;
}

static void use_both(void)
{
    bool qemu = true, oriel_dm = true;

    for ( uint8_t n = 1; qemu || oriel_dm; n = (uint8_t)(n % 100 + 1) )
    {
        if ( qemu && !qemu_answers(n) )
        {
            qemu = false;
            say("QEMU answers %02x\n", inb(UART_SCRATCH));
        }
        if ( oriel_dm && !oriel_dm_answers(n) )
        {
            oriel_dm = false;
            say("oriel-dm answers %08x\n", inl(BLOCK_PORT));
        }
    }
}

_Noreturn void guest_main(void)
{
    unsigned int f;

    guest_init();
    f = scan();
    disk();
    display(f);
    say("oriel-dm: port %x: %08x\n", BLOCK_PORT, inl(BLOCK_PORT));
    say("both are in use\n");
    use_both();
    guest_shutdown(SHUTDOWN_poweroff);
}
