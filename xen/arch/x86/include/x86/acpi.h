/* SPDX-License-Identifier: MIT */
/* What ACPI's tables say: filled by platform/acpi.c, read by many. */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include <hv/types.h>

#include <x86/limits.h>

struct acpi_ioapic {
    uint8_t id;
    uint32_t gsi_base;
    uint64_t address;
};

struct acpi_override {
    uint8_t isa_irq;
    uint32_t gsi;
    uint16_t flags; /* as in the MADT */
};

/* What the tables say; filled once at boot. */
struct acpi_info {
    uint64_t rsdp, xsdt; /* physical; xsdt may be an RSDT: see xsdt_entry */
    unsigned int xsdt_entry; /* bytes of an entry: 8 or 4 */
    uint64_t lapic_address;
    unsigned int nr_cpus;
    uint32_t cpu_apic_id[MAX_CPUS]; /* enabled ones, the boot CPU first */
    unsigned int nr_ioapics;
    struct acpi_ioapic ioapic[MAX_IOAPICS];
    unsigned int nr_overrides;
    struct acpi_override override[MAX_ISA_OVERRIDES];
    uint16_t sci;
    uint16_t pm1a_control, pm1b_control, pm_timer, slp_typ_s5;
    bool pm_timer_32bit, has_s5;
    uint16_t reset_port; /* 0: none, or it is no port */
    uint8_t reset_value;
    unsigned int nr_iommus;
    uint64_t iommu[MAX_IOMMUS]; /* registers of AMD's */
    unsigned int nr_pblks;
    uint16_t pblk[MAX_PBLKS]; /* processors' blocks of ports, each once */
    uint8_t century; /* the RTC's register of that name; 0: has none */
};

#endif
