/* SPDX-License-Identifier: MIT */
/*
 * The physical I/O APICs, and the two 8259 interrupt controllers, which only
 * have to be quiet.
 *
 * An I/O APIC is an index and a data register: the lock keeps pairs of
 * accesses together.  It is taken inside locks of LOCK_ARCH, and nothing
 * inside it.
 */
#include <hv/lib.h>
#include <hv/lock.h>

#include <x86/boot.h>
#include <x86/platform.h>

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

#define WINDOW_BYTES 0x44
#define SELECT 0x00
#define DATA 0x10

#define REG_VERSION 0x01
#define REG_RTE(pin) (0x10 + 2 * (pin))

#define RTE_MASK (1U << 16)
#define MAX_PINS 240U /* as many as the index register reaches */

static volatile uint32_t *base[MAX_IOAPICS];
static unsigned int pins[MAX_IOAPICS];
static spinlock_t lock;

static uint32_t reg_read(unsigned int io, unsigned int reg)
{
    base[io][SELECT / 4] = reg;
    return base[io][DATA / 4];
}

static void reg_write(unsigned int io, unsigned int reg, uint32_t value)
{
    base[io][SELECT / 4] = reg;
    base[io][DATA / 4] = value;
}

void ioapic_init(void)
{
    outb(PIC1_DATA, 0xff);
    outb(PIC2_DATA, 0xff);

    spin_lock_init(&lock, LOCK_CONSOLE);
    for ( unsigned int io = 0; io < acpi.nr_ioapics; io++ )
    {
        base[io] = map_mmio(acpi.ioapic[io].address, WINDOW_BYTES);
        /* Highest pin; an address with nothing behind it reads as ones. */
        pins[io] = min((ioapic_version(io) >> 16 & 0xff) + 1, MAX_PINS);
        for ( unsigned int pin = 0; pin < pins[io]; pin++ )
            ioapic_write_rte(io, pin, RTE_MASK);
        printk(XENLOG_INFO,
               "I/O APIC %u: %u pins from GSI %u\n", acpi.ioapic[io].id,
               pins[io], acpi.ioapic[io].gsi_base);
    }
}

unsigned int ioapic_pins(unsigned int io)
{
    return pins[io];
}

uint32_t ioapic_version(unsigned int io)
{
    uint32_t v;

    spin_lock(&lock);
    v = reg_read(io, REG_VERSION);
    spin_unlock(&lock);
    return v;
}

uint64_t ioapic_read_rte(unsigned int io, unsigned int pin)
{
    uint64_t rte;

    BUG_ON(pin >= pins[io]);
    spin_lock(&lock);
    rte = reg_read(io, REG_RTE(pin)) |
          (uint64_t)reg_read(io, REG_RTE(pin) + 1) << 32;
    spin_unlock(&lock);
    return rte;
}

/* The half with the mask bit comes last to unmask, and first to mask. */
void ioapic_write_rte(unsigned int io, unsigned int pin, uint64_t rte)
{
    uint32_t low = (uint32_t)rte, high = (uint32_t)(rte >> 32);

    BUG_ON(pin >= pins[io]);
    spin_lock(&lock);
    reg_write(io, REG_RTE(pin), low | RTE_MASK);
    reg_write(io, REG_RTE(pin) + 1, high);
    if ( !(low & RTE_MASK) )
        reg_write(io, REG_RTE(pin), low);
    spin_unlock(&lock);
}

void ioapic_mask(unsigned int io, unsigned int pin, bool masked)
{
    uint32_t low;

    BUG_ON(pin >= pins[io]);
    spin_lock(&lock);
    low = reg_read(io, REG_RTE(pin));
    reg_write(io, REG_RTE(pin), masked ? low | RTE_MASK : low & ~RTE_MASK);
    spin_unlock(&lock);
}
