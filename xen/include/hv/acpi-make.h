/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables for a domain that has the machine's devices: its own RSDP, XSDT
 * and MADT; everything else is the machine's, where it is.
 *
 *   RSDP --> XSDT --> own MADT
 *              +----> FADT, SSDTs, MCFG, ... of the firmware
 *
 * The MADT's processor n has UID n, which the domain takes for its vcpu's
 * number, and the APIC id that its vcpu n has.
 */
#ifndef HV_ACPI_MAKE_H
#define HV_ACPI_MAKE_H

#include <hv/types.h>

struct acpi_info; /* x86/platform.h: what the firmware's tables say */

struct acpi_make {
    const struct acpi_info *machine; /* I/O APICs, overrides, local APICs */
    const uint32_t *apic_id;         /* of each processor */
    unsigned int nr_cpus;
    const uint64_t *table; /* the firmware's that the domain gets */
    unsigned int nr_tables;
};

/*
 * Writes the tables to memory, size bytes that the domain has at gpa, a
 * multiple of 16.  Returns the RSDP's address; 0: they need more room.
 */
uint64_t acpi_make(const struct acpi_make *what, void *memory, uint64_t gpa,
                   size_t size);

/*
 * May a domain have the firmware's table with this signature (4 characters)?
 * Not those that are made anew, nor those of what it does not have: the
 * machine's whole set of processors and memory, its IOMMU, its HPET.
 */
bool acpi_table_passed(const char *signature);

/*
 * Change a DSDT or SSDT (all names _CST become XCST: how many there were) or
 * a FADT (no C2 nor C3 by ports; interrupts by physical destination) of
 * `length` bytes; its sum stays what it was.
 */
unsigned int acpi_hide_cst(uint8_t *table, uint32_t length);
void acpi_patch_fadt(uint8_t *table, uint32_t length);

#endif
