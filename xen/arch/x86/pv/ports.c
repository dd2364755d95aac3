/* SPDX-License-Identifier: MIT */
/*
 * Ports of the hardware domain, which is PV: its accesses are emulated.  All that
 * is not for it, and all of other domains, is as if there were no device.
 */
#include "pv.h"

#include <x86/dom0.h>
#include <x86/platform.h>

static bool port_is_real(const struct vcpu *v, uint16_t port,
                         unsigned int size)
{
    if ( !v->domain->arch.hardware )
        return false;
    for ( unsigned int i = 0; i < size; i++ )
        if ( !dom0_port_allowed((uint16_t)(port + i)) )
            return false;
    return true;
}

uint32_t pv_port_in(const struct vcpu *v, uint16_t port, unsigned int size)
{
    if ( !port_is_real(v, port, size) )
        return ~0U >> (32 - 8 * size);
    if ( pci_is_port(port, size) )
        return pci_port_in(port, size);
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

void pv_port_out(const struct vcpu *v, uint16_t port, unsigned int size,
                 uint32_t value)
{
    if ( !port_is_real(v, port, size) )
        return;
    if ( pci_is_port(port, size) )
        pci_port_out(port, size, value);
    else if ( size == 1 )
        outb(port, (uint8_t)value);
    else if ( size == 2 )
        outw(port, (uint16_t)value);
    else
        outl(port, value);
}
