/* SPDX-License-Identifier: MIT */
/*
 * The only program of an HVM guest under xl and QEMU, its /init: what accesses
 * to devices cost that QEMU emulates, by the guest's time stamp counter.  On
 * the serial port, a line each:
 *
 *   userland                   when the kernel has started the program
 *   bench LABEL: TICKS         the mean of an access, of the fastest of the batches
 *   end
 *
 * A batch is short, so that most of them see no timer interrupt of the kernel.
 * Linked statically: there is nothing else in the initramfs.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>
#include <x86intrin.h>

#define SERIAL 0x3f8
#define SERIAL_SCRATCH (SERIAL + 7)
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_CLASS 0x08
#define PCI_BAR2 0x18
#define CLASS_DISPLAY 0x03
#define PAGE 4096

enum { BATCHES = 64, ACCESSES = 16 };

static volatile const uint16_t *display;

static void say(const char *text)
{
    for ( ; *text; text++ )
        outb((unsigned char)*text, SERIAL);
}

static uint32_t config(unsigned int slot, unsigned int offset)
{
    outl(0x80000000U | slot << 11 | offset, PCI_ADDRESS);
    return inl(PCI_DATA);
}

/* The registers of the standard VGA adapter, which QEMU alone knows. */
static const char *map_display(void)
{
    for ( unsigned int slot = 0; slot < 32; slot++ )
        if ( config(slot, PCI_CLASS) >> 24 == CLASS_DISPLAY )
        {
            off_t at = config(slot, PCI_BAR2) & ~0xfU;
            int fd = open("/dev/mem", O_RDONLY | O_SYNC);

            if ( !at || fd < 0 )
                return "no registers of the display";
            display = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, at);
            return display == MAP_FAILED ? "mmap of /dev/mem" : NULL;
        }
    return "no display";
}

static void read_port(void)
{
    (void)inb(SERIAL_SCRATCH);
}

static void read_memory(void)
{
    (void)display[0x500 / sizeof(*display)];
}

static void measure(const char *label, void (*op)(void))
{
    uint64_t best = ~0UL;
    char line[80];

    for ( unsigned int b = 0; b < BATCHES; b++ )
    {
        uint64_t ticks = __rdtsc();

        for ( unsigned int i = 0; i < ACCESSES; i++ )
            op();
        ticks = __rdtsc() - ticks;
        best = ticks < best ? ticks : best;
    }
    snprintf(line, sizeof(line), "bench %s: %lu\n", label,
             (unsigned long)((best + ACCESSES / 2) / ACCESSES));
    say(line);
}

int main(void)
{
    const char *failed;

    if ( iopl(3) )
        return 1;
    say("\nuserland\n");
    measure("port read, QEMU", read_port);
    failed = mount("dev", "/dev", "devtmpfs", 0, NULL) ? "mount of /dev"
                                                       : map_display();
    if ( !failed )
        measure("memory read, QEMU", read_memory);
    else
    {
        say(failed);
        say(": failed\n");
    }
    say("end\n");
    for ( ;; )
        pause();
}
