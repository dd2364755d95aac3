/* SPDX-License-Identifier: MIT */
/*
 * What firmware says: finding ACPI tables, reading MADT, FADT and \_S5, and the
 * date of the clock.  The parsers see memory through map_phys() alone, which
 * here gives out copies of exactly the bytes asked for: the sanitizer catches
 * whoever reads further.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../xen/arch/x86/platform/acpi-parse.c"
#include "../../xen/arch/x86/platform/acpi.c"
#include "../../xen/arch/x86/platform/rtc.c"

#define MEMORY (2U << 20)
#define XSDT_AT 0x110000U
#define RSDT_AT 0x111000U
#define FIRST_TABLE 0x112000U
#define BOOT_ID 4U

struct boot_info boot_info;

static uint8_t memory[MEMORY];
static void *views[4096];
static unsigned int nr_views;
static jmp_buf panicked;
static uint32_t next_table, nr_tables; /* made by add_table() */

/* ---- what is around the parsers ---- */

const void *map_phys(uint64_t phys, size_t bytes)
{
    uint8_t *copy = malloc(bytes ? bytes : 1);

    assert_non_null(copy);
    assert_true(phys <= UINT64_MAX - bytes);
    assert_true(nr_views < ARRAY_SIZE(views));
    views[nr_views++] = copy;
    for ( size_t i = 0; i < bytes; i++ )
        copy[i] = phys + i < MEMORY ? memory[phys + i] : 0xff;
    return copy;
}

uint32_t lapic_boot_id(void)
{
    return BOOT_ID;
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    (void)fmt;
    longjmp(panicked, 1);
}

static bool init_works(void)
{
    bool ok = false;

    if ( !setjmp(panicked) )
    {
        acpi_init();
        ok = true;
    }
    return ok;
}

static int drop_views(void **state)
{
    (void)state;
    while ( nr_views )
        free(views[--nr_views]);
    return 0;
}

/* ---- making tables ---- */

static void put(uint32_t at, uint64_t value, unsigned int bytes)
{
    memcpy(memory + at, &value, bytes);
}

static void fix_sum(uint32_t from, uint32_t bytes, uint32_t at)
{
    uint8_t sum = 0;

    memory[at] = 0;
    for ( uint32_t i = 0; i < bytes; i++ )
        sum = (uint8_t)(sum + memory[from + i]);
    memory[at] = (uint8_t)-sum;
}

/* A table at `at` with this body. */
static void write_table(uint32_t at, const char *signature, const void *body,
                        uint32_t bytes)
{
    memset(memory + at, 0, ACPI_HEADER);
    memcpy(memory + at, signature, 4);
    put(at + 4, ACPI_HEADER + bytes, 4);
    memcpy(memory + at + ACPI_HEADER, body, bytes);
    fix_sum(at, (uint32_t)ACPI_HEADER + bytes, at + 9);
}

static void write_root(void)
{
    uint8_t xsdt[64] = { 0 }, rsdt[64] = { 0 };

    for ( uint32_t i = 0; i < nr_tables; i++ )
    {
        uint64_t at = FIRST_TABLE + i * 0x1000U;

        memcpy(xsdt + i * 8, &at, 8);
        memcpy(rsdt + i * 4, &at, 4);
    }
    write_table(XSDT_AT, "XSDT", xsdt, nr_tables * 8);
    write_table(RSDT_AT, "RSDT", rsdt, nr_tables * 4);
}

static uint32_t add_table(const char *signature, const void *body,
                          uint32_t bytes)
{
    uint32_t at = next_table;

    write_table(at, signature, body, bytes);
    next_table += 0x1000;
    nr_tables++;
    write_root();
    return at;
}

static void write_rsdp(uint32_t at, uint8_t revision)
{
    memcpy(memory + at, "RSD PTR ", 8);
    memory[at + 15] = revision;
    put(at + 16, RSDT_AT, 4);
    put(at + 20, RSDP_V2, 4);
    put(at + 24, revision >= 2 ? XSDT_AT : 0, 8);
    fix_sum(at, RSDP_V1, at + 8);
    fix_sum(at, RSDP_V2, at + 32);
}

static const uint8_t one_cpu[] = {
    0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0, 8, 0, BOOT_ID, 1, 0, 0, 0,
};

static int fresh(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&boot_info, 0, sizeof(boot_info));
    next_table = FIRST_TABLE;
    nr_tables = 0;
    return 0;
}

static void good_machine(void)
{
    add_table("APIC", one_cpu, sizeof(one_cpu));
    write_rsdp(0x100000, 2);
    boot_info.rsdp = 0x100000;
}

/* ---- the way to the tables ---- */

static void test_loader_rsdp(void **state)
{
    (void)state;
    good_machine();
    assert_true(init_works());
    assert_int_equal(acpi.rsdp, 0x100000);
    assert_int_equal(acpi.xsdt, XSDT_AT);
    assert_int_equal(acpi.xsdt_entry, 8);
    assert_int_equal(acpi.lapic_address, 0xfee00000);
    /* An XSDT that does not add up: the RSDT has the same. */
    memory[XSDT_AT + 20]++;
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, RSDT_AT);
    assert_int_equal(acpi.xsdt_entry, 4);
    memory[RSDT_AT + 20]++;
    assert_false(init_works());
}

static void test_old_rsdp(void **state)
{
    (void)state;
    good_machine();
    write_rsdp(0x100000, 0);
    /* What is behind an old one is not its, whatever it looks like. */
    put(0x100000 + 24, XSDT_AT, 8);
    fix_sum(0x100000, RSDP_V2, 0x100000 + 32);
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, RSDT_AT);
    /* A new one with a wrong second sum is as good as an old one. */
    write_rsdp(0x100000, 2);
    memory[0x100000 + 33]++;
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, RSDT_AT);
}

static void test_search(void **state)
{
    (void)state;
    good_machine();
    boot_info.rsdp = 0;
    assert_false(init_works());

    /* The last place there is; one with a wrong sum comes before it. */
    write_rsdp(0xffff0 - 16, 2);
    write_rsdp(0xf0000, 2);
    memory[0xf0000 + 9]++;
    assert_true(init_works());
    assert_int_equal(acpi.rsdp, 0xffff0 - 16);

    /* Not at a multiple of 16: not seen. */
    memset(memory + 0xe0000, 0, 0x20000);
    write_rsdp(0xf0008, 2);
    assert_false(init_works());
}

static void test_search_ebda(void **state)
{
    (void)state;
    good_machine();
    boot_info.rsdp = 0;
    put(EBDA_POINTER, 0x9fc0, 2);
    write_rsdp(0x9fc00 + 0x100, 0);
    assert_true(init_works());
    assert_int_equal(acpi.rsdp, 0x9fd00);
    /* Only its first KiB is searched, and none beyond 640 KiB. */
    put(EBDA_POINTER, 0x9fd0 - 0x40, 2);
    assert_false(init_works());
    put(EBDA_POINTER, 0x9fd0, 2);
    assert_false(init_works());
}

static void test_tables(void **state)
{
    const uint8_t body[4] = { 1, 2, 3, 4 };
    uint32_t first, second;
    const struct acpi_header *t;

    (void)state;
    good_machine();
    first = add_table("SSDT", body, 4);
    second = add_table("SSDT", body, 2);
    assert_true(init_works());
    t = acpi_table("SSDT", 0);
    assert_int_equal(t->length, 40);
    t = acpi_table("SSDT", 1);
    assert_int_equal(t->length, 38);
    assert_null(acpi_table("SSDT", 2));
    assert_null(acpi_table("HPET", 0));

    /* A broken one does not exist, not even as a number. */
    memory[first + 37]++;
    t = acpi_table("SSDT", 0);
    assert_int_equal(t->length, 38);
    put(second + 4, 35, 4); /* shorter than its header */
    fix_sum(second, 35, second + 9);
    assert_null(acpi_table("SSDT", 0));
    put(second + 4, MAX_TABLE + 1, 4);
    assert_null(acpi_table("SSDT", 0));
    assert_null(acpi_table_at(0, "SSDT"));
    assert_null(acpi_table_at(UINT64_MAX - 8, "SSDT"));
}

static void test_no_madt(void **state)
{
    (void)state;
    write_root();
    write_rsdp(0x100000, 2);
    boot_info.rsdp = 0x100000;
    assert_false(init_works());
}

/* ---- MADT ---- */

static void set_madt(const void *body, uint32_t bytes)
{
    fresh(NULL);
    add_table("APIC", body, bytes);
    write_rsdp(0x100000, 2);
    boot_info.rsdp = 0x100000;
    assert_true(init_works());
}

static void test_madt(void **state)
{
    static const uint8_t body[] = {
        0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
        0, 8, 0, 7, 1, 0, 0, 0,          /* another before the boot CPU */
        0, 8, 1, BOOT_ID, 1, 0, 0, 0,
        0, 8, 2, 9, 0, 0, 0, 0,          /* not there */
        0, 8, 3, 10, 2, 0, 0, 0,         /* not yet there */
        0, 8, 4, 0xff, 1, 0, 0, 0,       /* nobody's id */
        0, 7, 5, 11, 1, 0, 0,            /* too short */
        9, 16, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* known */
        9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        9, 16, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0,
        0x7f, 3, 0,                      /* of no kind known */
        1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0,
        2, 10, 0, 0, 2, 0, 0, 0, 0, 0,
        2, 10, 0, 9, 20, 0, 0, 0, 0x0d, 0,
        2, 10, 1, 3, 5, 0, 0, 0, 0, 0,   /* not the ISA bus */
        2, 10, 0, 16, 5, 0, 0, 0, 0, 0,  /* ISA has 16 */
        5, 12, 0, 0, 0, 0, 0xe0, 0xfd, 1, 0, 0, 0,
    };

    (void)state;
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, 3);
    assert_int_equal(acpi.cpu_apic_id[0], BOOT_ID);
    assert_int_equal(acpi.cpu_apic_id[1], 7);
    assert_int_equal(acpi.cpu_apic_id[2], 0x1234);
    assert_int_equal(acpi.nr_ioapics, 1);
    assert_int_equal(acpi.ioapic[0].id, 2);
    assert_int_equal(acpi.ioapic[0].address, 0xfec00000);
    assert_int_equal(acpi.ioapic[0].gsi_base, 24);
    assert_int_equal(acpi.nr_overrides, 2);
    assert_int_equal(acpi.override[1].isa_irq, 9);
    assert_int_equal(acpi.override[1].gsi, 20);
    assert_int_equal(acpi.override[1].flags, 0x0d);
    assert_int_equal(acpi.lapic_address, 0x1fde00000);
}

static void test_madt_broken(void **state)
{
    uint8_t body[8 + 3 * 8];
    static const uint8_t cpu[] = { 0, 8, 0, 1, 1, 0, 0, 0 };

    (void)state;
    memset(body, 0, 8);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        memcpy(body + 8 + i * 8, cpu, 8);
        body[8 + i * 8 + 3] = (uint8_t)(i + 10);
    }
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, 4);
    /* An entry that ends behind the table, or nowhere, is the last. */
    set_madt(body, sizeof(body) - 1);
    assert_int_equal(acpi.nr_cpus, 3);
    set_madt(body, sizeof(body) - 7);
    assert_int_equal(acpi.nr_cpus, 3);
    body[8 + 8 + 1] = 0;
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, 2);
    body[8 + 8 + 1] = 1;
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, 2);
    set_madt(body, 7); /* not even the address */
    assert_int_equal(acpi.nr_cpus, 1);
    assert_int_equal(acpi.cpu_apic_id[0], BOOT_ID);
}

static void test_madt_full(void **state)
{
    uint8_t body[8 + 100 * 8 + 20 * 12 + 20 * 10] = { 0 }, *p = body + 8;

    (void)state;
    for ( uint8_t i = 0; i < 100; i++, p += 8 )
        memcpy(p, (uint8_t[]){ 0, 8, i, (uint8_t)(i + 10), 1 }, 5);
    for ( uint8_t i = 0; i < 20; i++, p += 12 )
        memcpy(p, (uint8_t[]){ 1, 12, i }, 3);
    for ( uint8_t i = 0; i < 20; i++, p += 10 )
        memcpy(p, (uint8_t[]){ 2, 10, 0, i % 16 }, 4);
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, MAX_CPUS);
    assert_int_equal(acpi.cpu_apic_id[MAX_CPUS - 1], MAX_CPUS - 1 - 1 + 10);
    assert_int_equal(acpi.nr_ioapics, MAX_IOAPICS);
    assert_int_equal(acpi.ioapic[MAX_IOAPICS - 1].id, MAX_IOAPICS - 1);
    assert_int_equal(acpi.nr_overrides, MAX_ISA_OVERRIDES);
}

/* ---- FADT ---- */

/* Of 276 bytes, with ports as a chip set has them. */
static uint32_t add_fadt(uint32_t dsdt)
{
    uint8_t body[276 - 36] = { 0 };
    uint32_t at = add_table("FACP", body, sizeof(body));

    put(at + 40, dsdt, 4);
    put(at + 46, 9, 2);
    put(at + 64, 0x604, 4);
    put(at + 68, 0x704, 4);
    put(at + 76, 0x608, 4);
    put(at + 108, 0x32, 1);
    fix_sum(at, 276, at + 9);
    return at;
}

static void put_gas(uint32_t at, uint8_t space, uint64_t address)
{
    put(at, space, 1);
    put(at + 4, address, 8);
}

static void test_fadt(void **state)
{
    uint32_t at;

    (void)state;
    good_machine();
    at = add_fadt(0);
    assert_true(init_works());
    assert_int_equal(acpi.sci, 9);
    assert_int_equal(acpi.pm1a_control, 0x604);
    assert_int_equal(acpi.pm1b_control, 0x704);
    assert_int_equal(acpi.pm_timer, 0x608);
    assert_false(acpi.pm_timer_32bit);
    assert_int_equal(acpi.century, 0x32);
    assert_int_equal(acpi.reset_port, 0);
    assert_false(acpi.has_s5);

    put(at + 112, FADT_TIMER_32BIT | FADT_HAS_RESET, 4);
    put_gas(at + 116, 1, 0xcf9);
    put(at + 128, 0x0f, 1);
    put_gas(at + 172, 1, 0xb004);
    put_gas(at + 184, 0, 0xb104);    /* in memory: not a port */
    put_gas(at + 208, 1, 0x10000);   /* no port has this number */
    fix_sum(at, 276, at + 9);
    assert_true(init_works());
    assert_int_equal(acpi.pm1a_control, 0xb004);
    assert_int_equal(acpi.pm1b_control, 0x704);
    assert_int_equal(acpi.pm_timer, 0x608);
    assert_true(acpi.pm_timer_32bit);
    assert_int_equal(acpi.reset_port, 0xcf9);
    assert_int_equal(acpi.reset_value, 0x0f);

    /* The first version ends before the reset register. */
    put(at + 4, 116, 4);
    fix_sum(at, 116, at + 9);
    assert_true(init_works());
    assert_int_equal(acpi.pm1a_control, 0x604);
    assert_true(acpi.pm_timer_32bit);
    assert_int_equal(acpi.reset_port, 0);
    /* Shorter than anything it should have. */
    put(at + 4, 66, 4);
    fix_sum(at, 66, at + 9);
    assert_true(init_works());
    assert_int_equal(acpi.sci, 9);
    assert_int_equal(acpi.pm1a_control, 0);
    assert_int_equal(acpi.pm_timer, 0);
}

/* ---- \_S5 ---- */

struct s5 {
    const char *what;
    bool found;
    uint16_t typ;
    uint8_t length;
    uint8_t aml[28];
};

#define AML(...) sizeof((uint8_t[]){ __VA_ARGS__ }), { __VA_ARGS__ }
#define S5 '_', 'S', '5', '_'

static const struct s5 s5[] = {
    { "bytes", true, 0x0705, AML(8, S5, 0x12, 8, 4, 10, 5, 10, 7, 0, 0) },
    { "constants", true, 0x0001, AML(8, S5, 0x12, 6, 4, 1, 0, 0, 0) },
    { "from the root", true, 0x0101, AML(8, '\\', S5, 0x12, 6, 4, 1, 1, 0, 0) },
    { "words", true, 0x0205,
      AML(8, S5, 0x12, 12, 2, 11, 5, 0, 12, 2, 0, 0, 0, 0, 0, 0) },
    { "long length", true, 0x0705,
      AML(8, S5, 0x12, 0x49, 0, 4, 10, 5, 10, 7, 0, 0) },
    { "longer", true, 0x0705,
      AML(8, S5, 0x12, 0x42, 1, 2, 10, 5, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          0) },
    { "one element", true, 0x0505, AML(8, S5, 0x12, 4, 1, 10, 5) },
    { "used before", true, 0x0001, AML(S5, 8, S5, 0x12, 6, 4, 1, 0, 0, 0) },
    { "not a name", false, 0, AML(9, S5, 0x12, 6, 4, 1, 0, 0, 0) },
    { "a root too many", false, 0, AML(9, '\\', S5, 0x12, 6, 4, 1, 0, 0, 0) },
    { "not a package", false, 0, AML(8, S5, 0x11, 6, 4, 1, 0, 0, 0) },
    { "no elements", false, 0, AML(8, S5, 0x12, 6, 0, 1, 0, 0, 0) },
    { "not a number", false, 0, AML(8, S5, 0x12, 6, 4, 'A', 'B', 'C', 0) },
    { "too large", false, 0, AML(8, S5, 0x12, 8, 4, 10, 8, 10, 7, 0, 0) },
    { "too large in b", false, 0, AML(8, S5, 0x12, 8, 4, 10, 5, 10, 8, 0, 0) },
    { "package ends early", false, 0, AML(8, S5, 0x12, 3, 4, 10, 5, 10, 7) },
    { "package without itself", false, 0, AML(8, S5, 0x12, 0, 4, 1, 1, 0, 0) },
    { "package of nothing", false, 0, AML(8, S5, 0x12, 1) },
    { "package beyond the end", false, 0, AML(8, S5, 0x12, 9, 4, 10, 5, 10) },
    { "ends at the name", false, 0, AML(8, S5) },
    { "ends at the package", false, 0, AML(8, S5, 0x12) },
    { "ends in the length", false, 0, AML(8, S5, 0x12, 0xc0, 1) },
    { "ends in the number", false, 0, AML(8, S5, 0x12, 3, 2, 12) },
};

static void test_s5(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(s5); i++ )
    {
        const struct s5 *t = &s5[i];

        fresh(NULL);
        good_machine();
        write_table(0x1f0000, "DSDT", t->aml, t->length);
        add_fadt(0x1f0000);
        assert_true(init_works());
        if ( acpi.has_s5 != t->found || acpi.slp_typ_s5 != t->typ )
            fail_msg("%s: %d, %#x", t->what, acpi.has_s5, acpi.slp_typ_s5);
        drop_views(NULL);
    }
}

static void test_s5_place(void **state)
{
    uint32_t fadt;

    (void)state;
    good_machine();
    fadt = add_fadt(0);
    add_table("SSDT", s5[0].aml, 2);
    add_table("SSDT", s5[0].aml, s5[0].length);
    assert_true(init_works());
    assert_true(acpi.has_s5);
    assert_int_equal(acpi.slp_typ_s5, s5[0].typ);
    /* A DSDT goes first, and its 64-bit address before the other. */
    write_table(0x1f0000, "DSDT", s5[1].aml, s5[1].length);
    write_table(0x1e0000, "DSDT", s5[2].aml, s5[2].length);
    put(fadt + 40, 0x1e0000, 4);
    fix_sum(fadt, 276, fadt + 9);
    assert_true(init_works());
    assert_int_equal(acpi.slp_typ_s5, s5[2].typ);
    put(fadt + 140, 0x1f0000, 8);
    fix_sum(fadt, 276, fadt + 9);
    assert_true(init_works());
    assert_int_equal(acpi.slp_typ_s5, s5[1].typ);
}

/* ---- anything ---- */

static uint32_t random_state = 1;

static uint32_t random_u32(void)
{
    random_state = random_state * 1664525U + 1013904223U;
    return random_state >> 8;
}

/* Bytes of good tables changed, with the sums made right again. */
static void test_random(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 3000; i++ )
    {
        const struct s5 *t = &s5[random_u32() % ARRAY_SIZE(s5)];
        uint32_t at;

        fresh(NULL);
        good_machine();
        write_table(0x1f0000, "DSDT", t->aml, t->length);
        add_fadt(0x1f0000);
        at = random_u32() % 2 ? 0x1f0000 : FIRST_TABLE + i % 2 * 0x1000;
        for ( unsigned int n = random_u32() % 4; n; n-- )
            memory[at + 4 + random_u32() % 64] = (uint8_t)random_u32();
        if ( random_u32() % 2 )
            put(at + 4, random_u32() % 64, 4);
        if ( le32(memory + at + 4) < 0x1000 )
            fix_sum(at, le32(memory + at + 4), at + 9);
        init_works();
        assert_true(acpi.nr_cpus <= MAX_CPUS);
        assert_true(!acpi.has_s5 || !(acpi.slp_typ_s5 & ~0x707U));
        drop_views(NULL);
    }
}

/* ---- dates ---- */

static void test_date(void **state)
{
    (void)state;
    assert_int_equal(rtc_to_seconds(1970, 1, 1, 0, 0, 0), 0);
    assert_int_equal(rtc_to_seconds(2000, 2, 29, 12, 0, 1), 951825601);
    assert_int_equal(rtc_to_seconds(2000, 3, 1, 0, 0, 0), 951868800);
    assert_int_equal(rtc_to_seconds(2024, 12, 31, 23, 59, 59), 1735689599);
    assert_int_equal(rtc_to_seconds(2100, 3, 1, 0, 0, 0), 4107542400);
}

static void test_clock_registers(void **state)
{
    struct rtc bcd = { 0x59, 0x58, 0x23, 0x31, 0x12, 0x24, 0x20 };
    struct rtc binary = { 59, 58, 0x8b, 31, 12, 24, 20 }; /* 11 pm */

    (void)state;
    assert_int_equal(decode(&bcd, RTC_B_24H), 1735689539);
    assert_int_equal(decode(&binary, RTC_B_BINARY), 1735689539);
    bcd.hour = 0x92; /* 12 pm, then 12 am */
    assert_int_equal(decode(&bcd, 0), 1735689539 - 11 * 3600);
    bcd.hour = 0x12;
    assert_int_equal(decode(&bcd, 0), 1735689539 - 23 * 3600);
    bcd.century = 0x77;
    assert_int_equal(decode(&bcd, 0), 1735689539 - 23 * 3600);
    bcd.month = 0x13;
    assert_int_equal(decode(&bcd, 0), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, drop_views)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loader_rsdp), TEST(test_old_rsdp),  TEST(test_search),
        TEST(test_search_ebda), TEST(test_tables),    TEST(test_no_madt),
        TEST(test_madt),        TEST(test_madt_broken),
        TEST(test_madt_full),   TEST(test_fadt),      TEST(test_s5),
        TEST(test_s5_place),    TEST(test_random),    TEST(test_date),
        TEST(test_clock_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
