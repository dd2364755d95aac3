/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space of segment 0, by ports 0xcf8 and 0xcfc.
 *
 * An access is an address and then data: the lock keeps pairs together.  A dom0
 * that writes the address and means to have its data later has a latch of its
 * own for that, so that it and the hypervisor do not meet.  The lock is taken
 * inside locks of LOCK_ARCH, and nothing inside it.
 */
#include <hv/lib.h>
#include <hv/lock.h>

#include <x86/boot.h>
#include <x86/platform.h>

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc
#define ADDRESS_ENABLED X86_BIT32(31)

static spinlock_t lock;
static uint32_t dom0_address;

void pci_init(void)
{
    spin_lock_init(&lock, LOCK_CONSOLE);
}

static uint32_t data_in(uint32_t address, unsigned int offset,
                        unsigned int size)
{
    uint16_t port = (uint16_t)(DATA_PORT + offset);
    uint32_t value;

    spin_lock(&lock);
    outl(ADDRESS_PORT, address);
    value = size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
    spin_unlock(&lock);
    return value;
}

static void data_out(uint32_t address, unsigned int offset, unsigned int size,
                     uint32_t value)
{
    uint16_t port = (uint16_t)(DATA_PORT + offset);

    spin_lock(&lock);
    outl(ADDRESS_PORT, address);
    if ( size == 1 )
        outb(port, (uint8_t)value);
    else if ( size == 2 )
        outw(port, (uint16_t)value);
    else
        outl(port, value);
    spin_unlock(&lock);
}

static uint32_t address_of(uint16_t bdf, unsigned int reg)
{
    return ADDRESS_ENABLED | (uint32_t)bdf << 8 | (reg & 0xfc);
}

uint32_t pci_read(uint16_t bdf, unsigned int reg, unsigned int size)
{
    return data_in(address_of(bdf, reg), reg & 3, size);
}

void pci_write(uint16_t bdf, unsigned int reg, unsigned int size,
               uint32_t value)
{
    data_out(address_of(bdf, reg), reg & 3, size, value);
}

/* ---- dom0's accesses to the two ports ---- */

static bool is_address(uint16_t port, unsigned int size)
{
    return port == ADDRESS_PORT && size == 4;
}

bool pci_is_port(uint16_t port, unsigned int size)
{
    return is_address(port, size) ||
           (port >= DATA_PORT && port + size <= DATA_PORT + 4U);
}

uint32_t pci_port_in(uint16_t port, unsigned int size)
{
    uint32_t address = READ_ONCE(dom0_address);

    return is_address(port, size) ? address
                                  : data_in(address, port - DATA_PORT, size);
}

void pci_port_out(uint16_t port, unsigned int size, uint32_t value)
{
    if ( is_address(port, size) )
        WRITE_ONCE(dom0_address, value);
    else
        data_out(READ_ONCE(dom0_address), port - DATA_PORT, size, value);
}
