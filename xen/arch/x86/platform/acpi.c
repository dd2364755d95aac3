/* SPDX-License-Identifier: MIT */
/*
 * Finding the firmware's tables: the RSDP, the list it points to, tables.
 *
 * Nothing in them is trusted: an address is read only through map_phys(), a
 * length is bounded before it is used, and a table whose bytes do not add up to
 * zero does not exist.  All of it happens at boot, on one CPU; `acpi` does not
 * change afterwards.
 */
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/platform.h>

#include "acpi-private.h"

#define MAX_TABLE (4U << 20) /* a DSDT has some hundred KiB at most */

#define RSDP_V1 20 /* bytes */
#define RSDP_V2 36
#define EBDA_POINTER 0x40eUL /* the BIOS data area: its segment */
#define EBDA_SEARCH 1024UL
#define LOW_MEMORY_END 0xa0000UL
#define BIOS_AREA 0xe0000UL
#define BIOS_AREA_END 0x100000UL

struct acpi_info acpi;

/* The list of tables: entries behind the header. */
static const struct acpi_header *root;

static bool sums_to_zero(const void *p, size_t bytes)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    while ( bytes-- )
        sum = (uint8_t)(sum + *b++);
    return sum == 0;
}

const struct acpi_header *acpi_table_at(uint64_t phys, const char *signature)
{
    const struct acpi_header *t;
    uint32_t length;

    if ( !phys || phys > UINT64_MAX - MAX_TABLE )
        return NULL;
    t = map_phys(phys, ACPI_HEADER);
    if ( !t || memcmp(t->signature, signature, 4) )
        return NULL;
    length = t->length;
    if ( length < ACPI_HEADER || length > MAX_TABLE )
    {
        printk(XENLOG_WARNING,
               "ACPI: %.4s at %#lx has a length of %u: ignored\n", signature,
               (unsigned long)phys, length);
        return NULL;
    }
    t = map_phys(phys, length);
    if ( !t || !sums_to_zero(t, length) )
    {
        printk(XENLOG_WARNING,
               "ACPI: %.4s at %#lx has a wrong checksum: ignored\n", signature,
               (unsigned long)phys);
        return NULL;
    }
    return t;
}

/* ---- the root ---- */

static uint64_t root_entry(unsigned int i)
{
    const uint8_t *p = (const uint8_t *)root + ACPI_HEADER +
                       i * acpi.xsdt_entry;

    return acpi.xsdt_entry == 8 ? le64(p) : le32(p);
}

static unsigned int root_entries(void)
{
    return root ? (root->length - (uint32_t)ACPI_HEADER) / acpi.xsdt_entry : 0;
}

static bool set_root(uint64_t phys, const char *signature, unsigned int entry)
{
    root = acpi_table_at(phys, signature);
    if ( !root )
        return false;
    acpi.xsdt = phys;
    acpi.xsdt_entry = entry;
    return true;
}

/* Is this an RSDP that leads to a list of tables?  Then take both. */
static bool try_rsdp(uint64_t phys)
{
    const uint8_t *p = map_phys(phys, RSDP_V1);

    if ( !p || memcmp(p, "RSD PTR ", 8) || !sums_to_zero(p, RSDP_V1) )
        return false;
    acpi.rsdp = phys;
    if ( p[15] >= 2 )
    {
        const uint8_t *v2 = map_phys(phys, RSDP_V2);

        if ( v2 && le32(v2 + 20) >= RSDP_V2 && sums_to_zero(v2, RSDP_V2) &&
             set_root(le64(v2 + 24), "XSDT", 8) )
            return true;
    }
    return set_root(le32(p + 16), "RSDT", 4);
}

static bool search_rsdp(uint64_t from, uint64_t to)
{
    const uint8_t *area = map_phys(from, to - from);

    for ( uint64_t at = 0; area && at + RSDP_V1 <= to - from; at += 16 )
        if ( !memcmp(area + at, "RSD PTR ", 8) && try_rsdp(from + at) )
            return true;
    return false;
}

static bool find_root(void)
{
    const uint8_t *bda;
    uint64_t ebda;

    if ( boot_info.rsdp && try_rsdp(boot_info.rsdp) )
        return true;
    bda = map_phys(EBDA_POINTER, 2);
    ebda = bda ? (uint64_t)le16(bda) << 4 : 0;
    if ( ebda >= 0x400 && ebda + EBDA_SEARCH <= LOW_MEMORY_END &&
         search_rsdp(ebda, ebda + EBDA_SEARCH) )
        return true;
    return search_rsdp(BIOS_AREA, BIOS_AREA_END);
}

const void *acpi_table(const char *signature, unsigned int n)
{
    for ( unsigned int i = 0; i < root_entries(); i++ )
    {
        const struct acpi_header *t = acpi_table_at(root_entry(i), signature);

        if ( t && !n-- )
            return t;
    }
    return NULL;
}

/* ---- what is read at boot ---- */

/* DSDTs hold \_S5 by custom, but nothing forbids it in an SSDT. */
static void read_aml(const uint8_t *fadt, uint32_t length)
{
    uint64_t dsdt = length >= 148 ? le64(fadt + 140) : 0;
    const struct acpi_header *aml;

    if ( !dsdt )
        dsdt = length >= 44 ? le32(fadt + 40) : 0;
    aml = acpi_table_at(dsdt, "DSDT");
    for ( unsigned int i = 0; aml || !i; aml = acpi_table("SSDT", i++) )
    {
        if ( !aml )
            continue;
        if ( !acpi.has_s5 )
            acpi_parse_s5(aml);
        acpi_parse_processors(aml);
    }
}

void acpi_init(void)
{
    const struct acpi_header *madt, *fadt, *ivrs;

    memset(&acpi, 0, sizeof(acpi));
    root = NULL;
    if ( !find_root() )
        panic("ACPI: no RSDP with a list of tables\n");
    madt = acpi_table("APIC", 0);
    if ( !madt )
        panic("ACPI: no MADT: no way to know processors and interrupts\n");
    acpi_parse_madt(madt);
    fadt = acpi_table("FACP", 0);
    if ( fadt )
    {
        acpi_parse_fadt(fadt);
        read_aml((const uint8_t *)fadt, fadt->length);
    }
    ivrs = acpi_table("IVRS", 0);
    if ( ivrs )
        acpi_parse_ivrs(ivrs);
    printk(XENLOG_INFO,
           "ACPI: %u processors, %u I/O APICs, PM timer %#x, S5 %s\n",
           acpi.nr_cpus, acpi.nr_ioapics, acpi.pm_timer,
           acpi.has_s5 ? "known" : "unknown");
}
