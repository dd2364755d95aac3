/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables for a domain that has the machine's devices: RSDP, XSDT and MADT
 * are made for the domain; all others are the firmware's, where they are.
 *
 *   RSDP --> XSDT --> own MADT
 *              +----> FADT, SSDTs, MCFG, ... of the firmware
 *
 * The MADT's processor n has UID n, the number of the domain's vcpu, and that
 * vcpu's APIC id.
 */
#ifndef EMUL_ACPI_MAKE_H
#define EMUL_ACPI_MAKE_H

#include <hv/types.h>

struct acpi_info; /* x86/platform.h: what the firmware's tables say */

struct acpi_make {
    const struct acpi_info *machine; /* I/O APICs, overrides, local APICs */
    const uint32_t *apic_id;         /* of each processor */
    unsigned int nr_cpus;
    const uint64_t *table; /* addresses of firmware tables for the domain */
    unsigned int nr_tables;
};

/*
 * Write the tables to memory, size bytes that the domain has at gpa, which is a
 * multiple of 16.  Returns the RSDP's address; 0: size is too small.
 */
uint64_t acpi_make(const struct acpi_make *what, void *memory, uint64_t gpa,
                   size_t size);

/*
 * May a domain have the firmware's table with this signature (4 characters)?
 * Not tables that are made for it, and not tables of what it does not have: all
 * processors and memory of the machine, its IOMMU, its HPET.
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
