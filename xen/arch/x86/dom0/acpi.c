/* SPDX-License-Identifier: MIT */
/*
 * dom0's ACPI tables: the firmware's, mapped where they are, except the root
 * tables and the list of processors (MADT), which are made here.
 */
#include <emul/acpi-make.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/dom0.h>
#include <x86/platform.h>

#include "../platform/acpi-private.h"

#define HEADER_BYTES 36
#define FADT_DSDT 40
#define FADT_X_DSDT 140
#define MAX_TABLES 256

static uint32_t length_of(const void *table)
{
    uint32_t length;

    memcpy(&length, (const uint8_t *)table + 4, sizeof(length));
    return length;
}

static void hide_cst(uint64_t address, const char *signature)
{
    const struct acpi_header *t = acpi_table_at(address, signature);
    uint8_t *bytes = t ? map_phys_rw(address, length_of(t)) : NULL;
    unsigned int nr = bytes ? acpi_hide_cst(bytes, length_of(t)) : 0;

    if ( nr )
        printk(XENLOG_INFO,
               "dom0: %u C-state objects of the %s at %#lx are hidden\n", nr,
               signature, (unsigned long)address);
}

/* Signatures of the firmware's tables that dom0 gets. */
static void patch(uint64_t address)
{
    const struct acpi_header *fadt = acpi_table_at(address, "FACP");
    uint8_t *bytes = fadt ? map_phys_rw(address, length_of(fadt)) : NULL;
    uint64_t dsdt = 0;

    hide_cst(address, "SSDT");
    if ( !bytes )
        return;
    acpi_patch_fadt(bytes, length_of(fadt));
    if ( length_of(fadt) >= FADT_X_DSDT + 8 )
        memcpy(&dsdt, bytes + FADT_X_DSDT, 8);
    if ( !dsdt && length_of(fadt) >= FADT_DSDT + 4 )
        memcpy(&dsdt, bytes + FADT_DSDT, 4);
    hide_cst(dsdt, "DSDT");
}

/* Addresses of the firmware's tables that dom0 gets, in its own order. */
static unsigned int find_tables(uint64_t *table)
{
    const uint8_t *root = acpi.xsdt ? map_phys(acpi.xsdt, HEADER_BYTES) : NULL;
    unsigned int nr = 0;
    uint32_t length;

    if ( !root )
        return 0;
    memcpy(&length, root + 4, sizeof(length));
    root = map_phys(acpi.xsdt, length);
    for ( uint32_t at = HEADER_BYTES; root && at + acpi.xsdt_entry <= length;
          at += acpi.xsdt_entry )
    {
        uint64_t address = 0;
        const char *t;

        memcpy(&address, root + at, acpi.xsdt_entry);
        t = address ? map_phys(address, HEADER_BYTES) : NULL;
        if ( !t || !acpi_table_passed(t) )
            continue;
        if ( nr == MAX_TABLES )
        {
            printk(XENLOG_WARNING,
                   "dom0: more than %u ACPI tables: it gets no more\n",
                   MAX_TABLES);
            break;
        }
        patch(address);
        table[nr++] = address;
    }
    return nr;
}

uint64_t dom0_acpi_build(uint64_t gpa, size_t size, unsigned int nr_vcpus)
{
    static uint64_t table[MAX_TABLES];
    uint32_t apic_id[MAX_CPUS];
    struct acpi_make what = {
        .machine = &acpi,
        .apic_id = apic_id,
        .nr_cpus = nr_vcpus,
        .table = table,
        .nr_tables = find_tables(table),
    };
    uint64_t rsdp;

    BUG_ON(nr_vcpus > nr_cpus);
    for ( unsigned int i = 0; i < nr_vcpus; i++ )
        apic_id[i] = cpus[i]->apic_id;
    rsdp = acpi_make(&what, phys_to_virt(gpa), gpa, size);
    if ( !rsdp )
        panic("dom0: its ACPI tables need more than %lu bytes\n",
              (unsigned long)size);
    return rsdp;
}
