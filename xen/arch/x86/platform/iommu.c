/* SPDX-License-Identifier: MIT */
/*
 * AMD's IOMMUs, of which Oriel uses none.  One that firmware left translating
 * would send dom0's DMA to where firmware's tables say, or nowhere.
 */
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/platform.h>

#define REG_CONTROL (0x18 / 8)
#define REGISTERS_BYTES 0x20

#define CONTROL_ON (1UL << 0)
#define CONTROL_EVENT_LOG (1UL << 2)
#define CONTROL_EVENT_INT (1UL << 3)
#define CONTROL_COMMANDS (1UL << 12)
#define CONTROL_REQUEST_LOG (1UL << 13)
#define CONTROL_REQUEST_INT (1UL << 15)

static void switch_off(uint64_t base)
{
    volatile uint64_t *regs;
    uint64_t control;

    if ( base % PAGE_SIZE || base >= memory_limit() )
    {
        printk(XENLOG_WARNING,
               "IOMMU at %#lx: no such address\n", (unsigned long)base);
        return;
    }
    regs = map_mmio(base, REGISTERS_BYTES);
    control = regs[REG_CONTROL];
    if ( !(control & CONTROL_ON) || control == ~0UL )
        return;
    /* Its buffers first, so that it writes to none of them on its way. */
    control &= ~(CONTROL_EVENT_LOG | CONTROL_EVENT_INT | CONTROL_COMMANDS |
                 CONTROL_REQUEST_LOG | CONTROL_REQUEST_INT);
    regs[REG_CONTROL] = control;
    regs[REG_CONTROL] = control & ~CONTROL_ON;
    printk(XENLOG_WARNING, "IOMMU at %#lx: firmware left it on: it is %s\n",
           (unsigned long)base,
           regs[REG_CONTROL] & CONTROL_ON
               ? "not to be switched off, and devices' DMA goes astray"
               : "off now");
}

void iommu_off(void)
{
    for ( unsigned int i = 0; i < acpi.nr_iommus; i++ )
        switch_off(acpi.iommu[i]);
}
