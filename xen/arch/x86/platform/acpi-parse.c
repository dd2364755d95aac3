/* SPDX-License-Identifier: MIT */
/*
 * Reading three of the firmware's tables into `acpi`: the MADT (processors and
 * interrupt controllers), the FADT (power management registers), and of the
 * AML in a DSDT or SSDT the one constant that switches the machine off.
 *
 * The tables passed acpi_table_at(): length and checksum are right; whether
 * what they contain stays inside is checked here.
 */
#include <hv/lib.h>

#include <x86/platform.h>

#include "acpi-private.h"

/* ---- MADT ---- */

#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDRESS 5
#define MADT_X2APIC 9

#define MADT_ENTRIES (ACPI_HEADER + 8) /* after LAPIC address and flags */
#define MADT_CPU_ENABLED 1U

static void add_cpu(uint32_t apic_id, uint32_t flags)
{
    if ( !(flags & MADT_CPU_ENABLED) )
        return;
    /* The boot CPU is there already; some firmware lists CPUs in two ways. */
    for ( unsigned int i = 0; i < acpi.nr_cpus; i++ )
        if ( acpi.cpu_apic_id[i] == apic_id )
            return;
    if ( acpi.nr_cpus == MAX_CPUS )
        printk(XENLOG_WARNING,
               "ACPI: CPU with APIC id %u is one too many\n", apic_id);
    else
        acpi.cpu_apic_id[acpi.nr_cpus++] = apic_id;
}

static void add_ioapic(const uint8_t *e)
{
    if ( acpi.nr_ioapics == MAX_IOAPICS )
        printk(XENLOG_WARNING, "ACPI: I/O APIC %u is one too many\n", e[2]);
    else
        acpi.ioapic[acpi.nr_ioapics++] = (struct acpi_ioapic){
            .id = e[2], .address = le32(e + 4), .gsi_base = le32(e + 8),
        };
}

static void add_override(const uint8_t *e)
{
    /* Bus 0 is ISA; there is no other. */
    if ( e[2] == 0 && e[3] < 16 && acpi.nr_overrides < MAX_ISA_OVERRIDES )
        acpi.override[acpi.nr_overrides++] = (struct acpi_override){
            .isa_irq = e[3], .gsi = le32(e + 4), .flags = le16(e + 8),
        };
}

static void madt_entry(const uint8_t *e)
{
    static const uint8_t need[] = {
        [MADT_LAPIC] = 8, [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10,
        [MADT_LAPIC_ADDRESS] = 12, [MADT_X2APIC] = 16,
    };

    if ( e[0] >= ARRAY_SIZE(need) || !need[e[0]] || e[1] < need[e[0]] )
        return;
    switch ( e[0] )
    {
    case MADT_LAPIC:
        if ( e[3] != 0xff ) /* the broadcast id is nobody's */
            add_cpu(e[3], le32(e + 4));
        break;
    case MADT_X2APIC:
        if ( le32(e + 4) != UINT32_MAX )
            add_cpu(le32(e + 4), le32(e + 8));
        break;
    case MADT_IOAPIC:
        add_ioapic(e);
        break;
    case MADT_OVERRIDE:
        add_override(e);
        break;
    case MADT_LAPIC_ADDRESS:
        acpi.lapic_address = le64(e + 4);
        break;
    }
}

void acpi_parse_madt(const struct acpi_header *madt)
{
    const uint8_t *p = (const uint8_t *)madt;
    uint32_t at = MADT_ENTRIES;

    add_cpu(lapic_boot_id(), MADT_CPU_ENABLED);
    if ( madt->length < MADT_ENTRIES )
        return;
    acpi.lapic_address = le32(p + ACPI_HEADER);
    while ( madt->length - at >= 2 )
    {
        uint8_t length = p[at + 1];

        if ( length < 2 || length > madt->length - at )
        {
            printk(XENLOG_WARNING,
                   "ACPI: MADT entry at %u of %u bytes: the rest is ignored\n",
                   at, length);
            return;
        }
        madt_entry(p + at);
        at += length;
    }
}

void acpi_drop_unreachable(bool x2apic)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < acpi.nr_cpus; i++ )
        if ( x2apic || acpi.cpu_apic_id[i] < 0xff )
            acpi.cpu_apic_id[nr++] = acpi.cpu_apic_id[i];
        else
            printk(XENLOG_WARNING,
                   "CPU with APIC id %u cannot be reached without x2APIC: it "
                   "is left out\n", acpi.cpu_apic_id[i]);
    acpi.nr_cpus = nr;
}

/* ---- IVRS: AMD's IOMMUs ---- */

#define IVRS_BLOCKS (ACPI_HEADER + 12)
#define IVHD_BASE 8
#define IVHD_BYTES 24

/* The same one comes in up to three forms, for older and newer software. */
static void add_iommu(uint64_t base)
{
    for ( unsigned int i = 0; i < acpi.nr_iommus; i++ )
        if ( acpi.iommu[i] == base )
            return;
    if ( acpi.nr_iommus == MAX_IOMMUS )
        printk(XENLOG_WARNING,
               "ACPI: IOMMU at %#lx is one too many\n", (unsigned long)base);
    else
        acpi.iommu[acpi.nr_iommus++] = base;
}

void acpi_parse_ivrs(const struct acpi_header *ivrs)
{
    const uint8_t *p = (const uint8_t *)ivrs;
    uint32_t at = IVRS_BLOCKS;

    while ( at < ivrs->length && ivrs->length - at >= 4 )
    {
        uint16_t length = le16(p + at + 2);
        uint8_t type = p[at];

        if ( length < 4 || length > ivrs->length - at )
        {
            printk(XENLOG_WARNING,
                   "ACPI: IVRS block at %u of %u bytes: the rest is ignored\n",
                   at, length);
            return;
        }
        if ( (type == 0x10 || type == 0x11 || type == 0x40) &&
             length >= IVHD_BYTES )
            add_iommu(le64(p + at + IVHD_BASE));
        at += length;
    }
}

/* ---- FADT ---- */

#define FADT_TIMER_32BIT (1U << 8)
#define FADT_HAS_RESET (1U << 10)

#define GAS_IO 1

/* Fields that a short (old) table does not have are 0. */
static uint32_t field(const struct acpi_header *t, uint32_t offset,
                      unsigned int bytes)
{
    const uint8_t *p = (const uint8_t *)t + offset;

    if ( offset + bytes > t->length )
        return 0;
    return bytes == 1 ? *p : bytes == 2 ? le16(p) : le32(p);
}

/* An I/O port, as a plain number and (newer) as an address of any kind. */
static uint16_t port(const struct acpi_header *t, uint32_t plain, uint32_t gas)
{
    const uint8_t *p = (const uint8_t *)t + gas;
    uint32_t old;

    if ( gas + 12 <= t->length && p[0] == GAS_IO && le64(p + 4) &&
         le64(p + 4) <= UINT16_MAX )
        return le16(p + 4);
    old = field(t, plain, 4);
    return old <= UINT16_MAX ? (uint16_t)old : 0;
}

void acpi_parse_fadt(const struct acpi_header *fadt)
{
    const uint8_t *p = (const uint8_t *)fadt;
    uint32_t flags = field(fadt, 112, 4);

    acpi.sci = (uint16_t)field(fadt, 46, 2);
    acpi.pm1a_control = port(fadt, 64, 172);
    acpi.pm1b_control = port(fadt, 68, 184);
    acpi.pm_timer = port(fadt, 76, 208);
    acpi.pm_timer_32bit = flags & FADT_TIMER_32BIT;
    acpi.century = (uint8_t)field(fadt, 108, 1);
    if ( (flags & FADT_HAS_RESET) && fadt->length >= 129 )
    {
        acpi.reset_port = port(fadt, fadt->length, 116);
        acpi.reset_value = p[128];
    }
}

/* ---- \_S5 ---- */

#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_WORD 0x0b
#define AML_DWORD 0x0c
#define AML_PACKAGE 0x12
#define AML_ROOT '\\'

#define SLP_TYP_MAX 7

/* A constant at *p, before end; moves *p behind it. */
static bool aml_integer(const uint8_t **p, const uint8_t *end, uint32_t *value)
{
    const uint8_t *at = *p;
    size_t left = (size_t)(end - at);
    unsigned int bytes;

    if ( !left )
        return false;
    switch ( *at )
    {
    case AML_ZERO:
    case AML_ONE:
        *value = *at;
        *p = at + 1;
        return true;
    case AML_BYTE:
        bytes = 1;
        break;
    case AML_WORD:
        bytes = 2;
        break;
    case AML_DWORD:
        bytes = 4;
        break;
    default:
        return false;
    }
    if ( left < 1 + bytes )
        return false;
    *value = bytes == 1 ? at[1] : bytes == 2 ? le16(at + 1) : le32(at + 1);
    *p = at + 1 + bytes;
    return true;
}

/*
 * A package's length: the lead byte's upper two bits count the bytes that
 * follow; without any its lower six are the length, else its lower four and
 * the others.  It counts from the lead byte.  Returns the package's end.
 */
static const uint8_t *aml_package(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *at = *p;
    unsigned int more;
    uint32_t length;

    if ( at == end )
        return NULL;
    more = *at >> 6;
    if ( (size_t)(end - at) < 1 + more )
        return NULL;
    length = more ? *at & 0xf : *at & 0x3f;
    for ( unsigned int i = 0; i < more; i++ )
        length |= (uint32_t)at[1 + i] << (4 + 8 * i);
    if ( length < 1 + more || length > (size_t)(end - at) )
        return NULL;
    *p = at + 1 + more;
    return at + length;
}

/* ---- processors ---- */

#define AML_EXTENDED 0x5b
#define AML_PROCESSOR 0x83
#define AML_PARENT '^'
#define AML_NO_NAME 0x00
#define AML_TWO_NAMES 0x2e
#define AML_MORE_NAMES 0x2f

/* Behind a name, or end when it does not fit. */
static const uint8_t *aml_name(const uint8_t *p, const uint8_t *end)
{
    size_t bytes = 4;

    while ( p < end && (*p == AML_ROOT || *p == AML_PARENT) )
        p++;
    if ( p < end && *p == AML_NO_NAME )
        bytes = 1;
    else if ( p < end && *p == AML_TWO_NAMES )
        bytes = 1 + 2 * 4;
    else if ( end - p >= 2 && *p == AML_MORE_NAMES )
        bytes = 2 + p[1] * 4UL;
    return (size_t)(end - p) > bytes ? p + bytes : end;
}

static void add_pblk(uint32_t port)
{
    if ( !port || port > 0xfff8 )
        return;
    for ( unsigned int i = 0; i < acpi.nr_pblks; i++ )
        if ( acpi.pblk[i] == port )
            return;
    if ( acpi.nr_pblks == MAX_PBLKS )
        printk(XENLOG_WARNING,
               "ACPI: processor block %#x is one too many\n", port);
    else
        acpi.pblk[acpi.nr_pblks++] = (uint16_t)port;
}

/* Of 6 bytes each: a number, four of an I/O address, and its length. */
void acpi_parse_processors(const struct acpi_header *aml)
{
    const uint8_t *p = (const uint8_t *)aml + ACPI_HEADER;
    const uint8_t *end = (const uint8_t *)aml + aml->length;

    for ( ; end - p >= 2; p++ )
    {
        const uint8_t *at = p + 2, *its_end;

        if ( p[0] != AML_EXTENDED || p[1] != AML_PROCESSOR ||
             !(its_end = aml_package(&at, end)) )
            continue;
        at = aml_name(at, its_end);
        if ( its_end - at >= 6 && at[5] == 6 )
            add_pblk(le32(at + 1));
    }
}

/* ---- the constant that switches off ---- */

/* Behind the name: a package whose first two elements are the sleep types. */
static bool s5_package(const uint8_t *p, const uint8_t *end)
{
    uint32_t a, b;

    if ( p == end || *p++ != AML_PACKAGE || !(end = aml_package(&p, end)) ||
         p == end || *p++ < 1 || !aml_integer(&p, end, &a) )
        return false;
    /* One with a single element is for both. */
    if ( !aml_integer(&p, end, &b) )
        b = a;
    if ( a > SLP_TYP_MAX || b > SLP_TYP_MAX )
        return false;
    acpi.slp_typ_s5 = (uint16_t)(a | b << 8);
    acpi.has_s5 = true;
    return true;
}

/* No interpreter: the constant is found by how its definition looks. */
bool acpi_parse_s5(const struct acpi_header *aml)
{
    const uint8_t *start = (const uint8_t *)aml + ACPI_HEADER;
    const uint8_t *end = (const uint8_t *)aml + aml->length;

    /* What is before it in the table's first bytes is the header's end. */
    for ( const uint8_t *p = start; end - p >= 4; p++ )
        if ( !memcmp(p, "_S5_", 4) &&
             (p[-1] == AML_NAME || (p[-1] == AML_ROOT && p[-2] == AML_NAME)) &&
             s5_package(p + 4, end) )
            return true;
    return false;
}
