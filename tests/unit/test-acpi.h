/* SPDX-License-Identifier: MIT */
/*
 * A machine made of ACPI tables, and the parsers.  The parsers reach memory by
 * map_phys() only, which here returns copies of exactly the bytes asked for:
 * the sanitizer catches a parser that reads further.
 */
#ifndef TEST_ACPI_H
#define TEST_ACPI_H

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

#define MEMORY (2U << 20)
#define XSDT_AT 0x110000U
#define RSDT_AT 0x111000U
#define FIRST_TABLE 0x112000U
#define BOOT_ID 4U
#define ADDRESS_LIMIT (1UL << 40)

static uint64_t address_limit = ADDRESS_LIMIT;

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
    if ( phys + bytes > address_limit )
    {
        free(copy);
        return NULL;
    }
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

void printk(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    (void)fmt;
    longjmp(panicked, 1);
}

static inline bool init_works(void)
{
    bool ok = false;

    if ( !setjmp(panicked) )
    {
        acpi_init();
        ok = true;
    }
    return ok;
}

static inline int drop_views(void **state)
{
    (void)state;
    while ( nr_views )
        free(views[--nr_views]);
    return 0;
}

/* ---- making tables ---- */

static inline void put(uint32_t at, uint64_t value, unsigned int bytes)
{
    memcpy(memory + at, &value, bytes);
}

static inline void fix_sum(uint32_t from, uint32_t bytes, uint32_t at)
{
    uint8_t sum = 0;

    memory[at] = 0;
    for ( uint32_t i = 0; i < bytes; i++ )
        sum = (uint8_t)(sum + memory[from + i]);
    memory[at] = (uint8_t)-sum;
}

/* A table at `at` with this body. */
static inline void write_table(uint32_t at, const char *signature, const void *body,
                        uint32_t bytes)
{
    memset(memory + at, 0, ACPI_HEADER);
    memcpy(memory + at, signature, 4);
    put(at + 4, ACPI_HEADER + bytes, 4);
    memcpy(memory + at + ACPI_HEADER, body, bytes);
    fix_sum(at, (uint32_t)ACPI_HEADER + bytes, at + 9);
}

static inline void write_root(void)
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

static inline uint32_t add_table(const char *signature, const void *body,
                          uint32_t bytes)
{
    uint32_t at = next_table;

    write_table(at, signature, body, bytes);
    next_table += 0x1000;
    nr_tables++;
    write_root();
    return at;
}

static inline void write_rsdp(uint32_t at, uint8_t revision)
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

static inline int fresh(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&boot_info, 0, sizeof(boot_info));
    next_table = FIRST_TABLE;
    nr_tables = 0;
    return 0;
}

static inline void good_machine(void)
{
    add_table("APIC", one_cpu, sizeof(one_cpu));
    write_rsdp(0x100000, 2);
    boot_info.rsdp = 0x100000;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, drop_views)

#endif /* TEST_ACPI_H */
