/* SPDX-License-Identifier: MIT */
/* Configuration space of PCI functions on bus 0, by ports 0xcf8 and 0xcfc. */
#ifndef TESTS_GUEST_PCI_H
#define TESTS_GUEST_PCI_H

#include "guest.h"

/* function: device << 3 | function; reg: a multiple of 4. */
static inline uint32_t pci_read(unsigned int function, unsigned int reg)
{
    outl(0xcf8, 0x80000000U | function << 8 | reg);
    return inl(0xcfc);
}

static inline void pci_write(unsigned int function, unsigned int reg, uint32_t v)
{
    outl(0xcf8, 0x80000000U | function << 8 | reg);
    outl(0xcfc, v);
}

#endif
