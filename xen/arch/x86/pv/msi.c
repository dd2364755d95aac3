/* SPDX-License-Identifier: MIT */
/*
 * What makes a function of a device send MSIs: its MSI capability, or its MSI-X
 * table in device memory.
 *
 * The hypervisor writes where messages go and what they are, and mask bits; the
 * hardware domain writes the bit that enables the capability.  The lists that
 * are followed are the device's, so each has a bound.
 */
#include "pv.h"

#include <x86/platform.h>

#define REG_ID 0x00
#define REG_COMMAND 0x04
#define REG_STATUS 0x06
#define REG_HEADER 0x0e
#define REG_BAR(n) (0x10 + 4 * (n))
#define REG_CAPABILITIES 0x34

#define COMMAND_MEMORY X86_BIT32(1)
#define STATUS_CAPABILITIES X86_BIT32(4)
#define HEADER_TYPE 0x7f
#define FIRST_CAPABILITY 0x40
#define MAX_CAPABILITIES 48 /* of 4 bytes, in 256 - 64 */

#define CAPABILITY_MSI 0x05
#define MSI_CONTROL 2
#define MSI_MANY_SHIFT 1   /* log2 of how many it can send    */
#define MSI_ENABLED_SHIFT 4 /* log2 of how many it is to send */
#define MSI_64BIT X86_BIT32(7)
#define MSI_MASKS X86_BIT32(8)
#define MSI_ADDRESS 4

#define CAPABILITY_MSIX 0x11
#define MSIX_ENTRIES 0x7ff /* of the control register: the last one */
#define MSIX_TABLE 4
#define MSIX_BAR 7U        /* of the table's register */
#define ENTRY_BYTES 16
#define ENTRY_HIGH 4
#define ENTRY_DATA 8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED X86_BIT32(0)

#define BAR_PORTS X86_BIT32(0)
#define BAR_64BIT X86_BIT32(2)
#define BAR_FLAGS 0xfU

#define ADDRESS_BASE 0xfee00000U
#define ADDRESS_DEST_SHIFT 12

/* 0: the function has none. */
static uint8_t find_capability(uint16_t bdf, unsigned int id)
{
    uint32_t at;

    if ( !(pci_read(bdf, REG_STATUS, 2) & STATUS_CAPABILITIES) )
        return 0;
    at = pci_read(bdf, REG_CAPABILITIES, 1) & ~3U;
    for ( unsigned int i = 0; i < MAX_CAPABILITIES; i++ )
    {
        uint32_t head;

        if ( at < FIRST_CAPABILITY )
            return 0;
        head = pci_read(bdf, at, 2);
        if ( (head & 0xff) == id )
            return (uint8_t)at;
        at = head >> 8 & ~3U;
    }
    return 0;
}

/* Where the table's BAR is in memory; 0: it is not. */
static uint64_t bar_address(uint16_t bdf, unsigned int n)
{
    unsigned int bars = pci_read(bdf, REG_HEADER, 1) & HEADER_TYPE ? 2 : 6;
    uint32_t low, high = 0;

    if ( n >= bars || !(pci_read(bdf, REG_COMMAND, 2) & COMMAND_MEMORY) )
        return 0;
    low = pci_read(bdf, REG_BAR(n), 4);
    if ( low & BAR_PORTS )
        return 0;
    if ( (low & BAR_64BIT) && n + 1 < bars )
        high = pci_read(bdf, REG_BAR(n + 1), 4);
    return (low & ~BAR_FLAGS) | (uint64_t)high << 32;
}

static int find_entry(struct pv_msi *msi, int entry)
{
    uint32_t last, table = pci_read(msi->bdf, msi->capability + MSIX_TABLE, 4);
    uint64_t base;

    last = pci_read(msi->bdf, msi->capability + MSI_CONTROL, 2) & MSIX_ENTRIES;
    if ( entry < 0 || (uint32_t)entry > last )
        return -EINVAL;
    base = bar_address(msi->bdf, table & MSIX_BAR);
    msi->entry = (uint16_t)entry;
    msi->address = base + (table & ~MSIX_BAR) + (uint64_t)entry * ENTRY_BYTES;
    if ( !base || msi->address + ENTRY_BYTES > memory_limit() )
        return -ENXIO;
    return 0;
}

int pv_msi_find(uint16_t bdf, bool x, int entry, unsigned int nr,
                struct pv_msi *msi)
{
    unsigned int many;

    *msi = (struct pv_msi){ .bdf = bdf, .x = x };
    if ( pci_read(bdf, REG_ID, 2) == 0xffff )
        return -ENODEV;
    msi->capability = find_capability(bdf, x ? CAPABILITY_MSIX
                                             : CAPABILITY_MSI);
    if ( !msi->capability )
        return -ENODEV;
    if ( x )
        return nr == 1 ? find_entry(msi, entry) : -EINVAL;
    many = pci_read(bdf, msi->capability + MSI_CONTROL, 2) >> MSI_MANY_SHIFT;
    return nr > 1U << (many & 7) ? -EINVAL : 0;
}

/* ---- writing ---- */

static void send_entry(const struct pv_msi *msi, uint32_t address,
                       uint32_t data)
{
    pv_device_write(msi->address, address);
    pv_device_write(msi->address + ENTRY_HIGH, 0);
    pv_device_write(msi->address + ENTRY_DATA, data);
}

void pv_msi_send_to(const struct pv_msi *msi, unsigned int vector,
                    unsigned int nr, uint32_t apic_id)
{
    uint32_t address = ADDRESS_BASE | apic_id << ADDRESS_DEST_SHIFT;
    unsigned int at = msi->capability;
    uint32_t control;

    if ( msi->x )
    {
        send_entry(msi, address, vector);
        return;
    }
    control = pci_read(msi->bdf, at + MSI_CONTROL, 2);
    pci_write(msi->bdf, at + MSI_ADDRESS, 4, address);
    if ( control & MSI_64BIT )
        pci_write(msi->bdf, at + MSI_ADDRESS + 4, 4, 0);
    pci_write(msi->bdf, at + MSI_ADDRESS + (control & MSI_64BIT ? 8 : 4), 2,
              vector);
    control &= ~(7U << MSI_ENABLED_SHIFT);
    control |= (unsigned int)__builtin_ctz(nr) << MSI_ENABLED_SHIFT;
    pci_write(msi->bdf, at + MSI_CONTROL, 2, control);
}

void pv_msi_mask(const struct pv_msi *msi, unsigned int nth, bool masked)
{
    uint32_t control, bits, bit = msi->x ? ENTRY_MASKED : X86_BIT32(nth);
    unsigned int at;

    if ( msi->x )
    {
        bits = pv_device_read(msi->address + ENTRY_CONTROL);
        pv_device_write(msi->address + ENTRY_CONTROL,
                        masked ? bits | bit : bits & ~bit);
        return;
    }
    control = pci_read(msi->bdf, msi->capability + MSI_CONTROL, 2);
    if ( !(control & MSI_MASKS) )
        return;
    at = msi->capability + MSI_ADDRESS + (control & MSI_64BIT ? 12 : 8);
    bits = pci_read(msi->bdf, at, 4);
    pci_write(msi->bdf, at, 4, masked ? bits | bit : bits & ~bit);
}
