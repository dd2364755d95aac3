/* SPDX-License-Identifier: MIT */
/*
 * Tables are written one behind the other, each at a multiple of 16.  One that
 * does not fit spoils the whole.
 */
#include <emul/acpi-make.h>
#include <hv/lib.h>

#include <x86/acpi.h>

struct writer {
    uint8_t *base;
    size_t at, size;
    bool full;
};

static void put(struct writer *w, const void *data, size_t bytes)
{
    if ( bytes > w->size - w->at )
        w->full = true;
    if ( w->full )
        return;
    memcpy(w->base + w->at, data, bytes);
    w->at += bytes;
}

static void put_byte(struct writer *w, uint8_t v)
{
    put(w, &v, sizeof(v));
}

static void put_word(struct writer *w, uint16_t v)
{
    put(w, &v, sizeof(v));
}

static void put_long(struct writer *w, uint32_t v)
{
    put(w, &v, sizeof(v));
}

static void put_quad(struct writer *w, uint64_t v)
{
    put(w, &v, sizeof(v));
}

/* ---- tables ---- */

#define HEADER_LENGTH 4    /* offsets in a table's header */
#define HEADER_CHECKSUM 9
#define RSDP_BYTES 36
#define RSDP_CHECKSUM 8    /* of its first 20 bytes */
#define RSDP_CHECKSUM_ALL 32

/* What makes all these bytes add up to 0. */
static void set_checksum(struct writer *w, size_t start, size_t bytes,
                         size_t where)
{
    uint8_t sum = 0;

    if ( w->full )
        return;
    for ( size_t i = 0; i < bytes; i++ )
        sum = (uint8_t)(sum + w->base[start + i]);
    w->base[start + where] = (uint8_t)(w->base[start + where] - sum);
}

static size_t begin_table(struct writer *w, const char *signature,
                          uint8_t revision)
{
    static const uint8_t zero[16];
    size_t start;

    put(w, zero, -w->at & 15);
    start = w->at;
    put(w, signature, 4);
    put_long(w, 0); /* length and checksum: at its end */
    put_byte(w, revision);
    put_byte(w, 0);
    put(w, "ORIEL ", 6);
    put(w, "ORIELTBL", 8);
    put_long(w, 1); /* OEM revision */
    put(w, "ORL ", 4);
    put_long(w, 1); /* the creator's revision */
    return start;
}

static void end_table(struct writer *w, size_t start)
{
    uint32_t length = (uint32_t)(w->at - start);

    if ( w->full )
        return;
    memcpy(w->base + start + HEADER_LENGTH, &length, sizeof(length));
    set_checksum(w, start, length, HEADER_CHECKSUM);
}

/* ---- MADT ---- */

enum { MADT_LOCAL, MADT_IO, MADT_OVERRIDE, MADT_LOCAL_X2 = 9 };
#define ENABLED 1U

/* The short form has 8 bits for each, and APIC id 255 means all of them. */
static void put_processor(struct writer *w, uint32_t uid, uint32_t apic_id)
{
    if ( uid < 0xff && apic_id < 0xff )
    {
        put_byte(w, MADT_LOCAL);
        put_byte(w, 8);
        put_byte(w, (uint8_t)uid);
        put_byte(w, (uint8_t)apic_id);
        put_long(w, ENABLED);
        return;
    }
    put_byte(w, MADT_LOCAL_X2);
    put_byte(w, 16);
    put_word(w, 0);
    put_long(w, apic_id);
    put_long(w, ENABLED);
    put_long(w, uid);
}

static void put_ioapic(struct writer *w, const struct acpi_ioapic *io)
{
    put_byte(w, MADT_IO);
    put_byte(w, 12);
    put_byte(w, io->id);
    put_byte(w, 0);
    put_long(w, (uint32_t)io->address);
    put_long(w, io->gsi_base);
}

static void put_override(struct writer *w, const struct acpi_override *o)
{
    put_byte(w, MADT_OVERRIDE);
    put_byte(w, 10);
    put_byte(w, 0); /* ISA */
    put_byte(w, o->isa_irq);
    put_long(w, o->gsi);
    put_word(w, o->flags);
}

/* Its flags are 0: no 8259s beside the APICs. */
static size_t put_madt(struct writer *w, const struct acpi_make *what)
{
    const struct acpi_info *m = what->machine;
    size_t start = begin_table(w, "APIC", 4);

    put_long(w, (uint32_t)m->lapic_address);
    put_long(w, 0);
    for ( unsigned int i = 0; i < what->nr_cpus; i++ )
        put_processor(w, i, what->apic_id[i]);
    for ( unsigned int i = 0; i < m->nr_ioapics; i++ )
        put_ioapic(w, &m->ioapic[i]);
    for ( unsigned int i = 0; i < m->nr_overrides; i++ )
        put_override(w, &m->override[i]);
    end_table(w, start);
    return start;
}

/* ---- the whole ---- */

bool acpi_table_passed(const char *signature)
{
    static const char kept_back[][5] = { "APIC", "HPET", "DMAR", "IVRS",
                                         "SRAT", "SLIT" };

    for ( unsigned int i = 0; i < ARRAY_SIZE(kept_back); i++ )
        if ( !memcmp(signature, kept_back[i], 4) )
            return false;
    return true;
}

static size_t put_xsdt(struct writer *w, const struct acpi_make *what,
                       uint64_t madt)
{
    size_t start = begin_table(w, "XSDT", 1);

    for ( unsigned int i = 0; i < what->nr_tables; i++ )
        put_quad(w, what->table[i]);
    put_quad(w, madt);
    end_table(w, start);
    return start;
}

static void put_rsdp(struct writer *w, uint64_t xsdt)
{
    size_t start = w->at;

    put(w, "RSD PTR ", 8);
    put_byte(w, 0); /* checksum */
    put(w, "ORIEL ", 6);
    put_byte(w, 2);
    put_long(w, 0); /* no RSDT */
    put_long(w, RSDP_BYTES);
    put_quad(w, xsdt);
    put_long(w, 0); /* checksum of all, reserved */
    set_checksum(w, start, 20, RSDP_CHECKSUM);
    set_checksum(w, start, RSDP_BYTES, RSDP_CHECKSUM_ALL);
}

uint64_t acpi_make(const struct acpi_make *what, void *memory, uint64_t gpa,
                   size_t size)
{
    struct writer w = { .base = memory, .size = size };
    static const uint8_t room_for_rsdp[48];
    size_t madt, xsdt, end;

    put(&w, room_for_rsdp, sizeof(room_for_rsdp));
    madt = put_madt(&w, what);
    xsdt = put_xsdt(&w, what, gpa + madt);
    if ( w.full )
        return 0;
    end = w.at;
    w.at = 0;
    put_rsdp(&w, gpa + xsdt);
    memset(w.base + end, 0, size - end);
    return gpa;
}
