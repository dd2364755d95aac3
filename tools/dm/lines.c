/* SPDX-License-Identifier: MIT */
/*
 * Ports by which a guest moves its own interrupt lines, to try its interrupt
 * controllers.  A write of 4 bytes is one operation; the result, 0 or an errno,
 * can be read back:
 *
 *   0x0  ISA: IRQ in bits 0-7, level in bit 8
 *   0x4  PCI: device in bits 0-7, INTx in bits 8-15, level in bit 16
 *   0x8  link: number in bits 0-7, ISA IRQ in bits 8-15
 *   0xc  MSI: data in bits 0-15, bits 4-19 of the address in bits 16-31
 */
#include <errno.h>

#include "dm.h"

#define MSI_ADDRESS 0xfee00000UL

static xendevicemodel_handle *handle;
static domid_t guest;
static uint32_t result;

void lines_connect(xendevicemodel_handle *dm, domid_t domid)
{
    handle = dm;
    guest = domid;
}

uint64_t lines_read(void *data, uint64_t offset, unsigned int size)
{
    (void)data, (void)offset;
    return size < 4 ? result & ((1U << 8 * size) - 1) : result;
}

static int operation(uint64_t offset, uint32_t v)
{
    switch ( offset )
    {
    case 0x0:
        return xendevicemodel_set_isa_irq_level(handle, guest, (uint8_t)v,
                                                v >> 8 & 1);
    case 0x4:
        return xendevicemodel_set_pci_intx_level(
            handle, guest, 0, 0, (uint8_t)v, (uint8_t)(v >> 8), v >> 16 & 1);
    case 0x8:
        return xendevicemodel_set_pci_link_route(handle, guest, (uint8_t)v,
                                                 (uint8_t)(v >> 8));
    default:
        return xendevicemodel_inject_msi(
            handle, guest, MSI_ADDRESS | (uint64_t)(v >> 16) << 4, v & 0xffff);
    }
}

void lines_write(void *data, uint64_t offset, unsigned int size, uint64_t value)
{
    (void)data;
    if ( size == 4 && offset % 4 == 0 )
        result = operation(offset, (uint32_t)value) ? (uint32_t)errno : 0;
}
