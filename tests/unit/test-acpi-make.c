/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables for dom0, read back as an operating system does: signatures,
 * lengths, checksums, and what is in them.
 *
 * Seen failing with: a checksum over one byte less; the short form of a
 * processor for APIC id 255; a table that may end beyond the room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <emul/acpi-make.h>

#include <x86/platform.h>

#define GPA 0x7fff0000UL
#define ROOM 4096

static uint8_t memory[ROOM];
static const uint32_t apic_ids[] = { 0, 2, 254, 255, 0x12345 };
static const uint64_t tables[] = { 0xbffe0000UL, 0x123456789abcUL, 0xbffe2001 };
static const struct acpi_info machine = {
    .lapic_address = 0xfee00000,
    .nr_ioapics = 2,
    .ioapic = { { 5, 0, 0xfec00000 }, { 6, 24, 0xfec10000 } },
    .nr_overrides = 2,
    .override = { { 0, 2, 0 }, { 9, 9, 0xd } },
};
static const struct acpi_make what = {
    .machine = &machine,
    .apic_id = apic_ids,
    .nr_cpus = 5,
    .table = tables,
    .nr_tables = 3,
};

static uint64_t load(const uint8_t *p, unsigned int bytes)
{
    uint64_t v = 0;

    memcpy(&v, p, bytes);
    return v;
}

static void check_sum(const uint8_t *p, size_t bytes)
{
    uint8_t sum = 0;

    while ( bytes-- )
        sum = (uint8_t)(sum + *p++);
    assert_int_equal(sum, 0);
}

static const uint8_t *table_at(uint64_t gpa, const char *signature,
                               uint32_t *length)
{
    const uint8_t *t = memory + (gpa - GPA);

    assert_true(gpa >= GPA && gpa + 36 <= GPA + ROOM);
    assert_int_equal(gpa % 16, 0);
    assert_memory_equal(t, signature, 4);
    *length = (uint32_t)load(t + 4, 4);
    assert_true(*length >= 36 && gpa + *length <= GPA + ROOM);
    check_sum(t, *length);
    return t;
}

static const uint8_t *find_xsdt(uint32_t *length)
{
    memset(memory, 0xaa, sizeof(memory));
    assert_int_equal(acpi_make(&what, memory, GPA, ROOM), GPA);
    assert_memory_equal(memory, "RSD PTR ", 8);
    check_sum(memory, 20);
    check_sum(memory, 36);
    assert_int_equal(memory[15], 2);
    assert_int_equal(load(memory + 16, 4), 0);
    assert_int_equal(load(memory + 20, 4), 36);
    return table_at(load(memory + 24, 8), "XSDT", length);
}

static void test_xsdt(void **state)
{
    uint32_t length;
    const uint8_t *xsdt = find_xsdt(&length);

    (void)state;
    assert_int_equal(length, 36 + 4 * 8);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(load(xsdt + 36 + i * 8, 8), tables[i]);
}

static void test_madt(void **state)
{
    uint32_t length;
    const uint8_t *xsdt = find_xsdt(&length), *p, *end;
    unsigned int cpu = 0, io = 0, isa = 0;

    (void)state;
    p = table_at(load(xsdt + 36 + 3 * 8, 8), "APIC", &length);
    end = p + length;
    assert_int_equal(load(p + 36, 4), 0xfee00000);
    assert_int_equal(load(p + 40, 4), 0);
    for ( p += 44; p < end; p += p[1] )
        switch ( p[0] )
        {
        case 0:
            assert_int_equal(p[1], 8);
            assert_int_equal(p[2], cpu);
            assert_true(apic_ids[cpu] < 255); /* 255: all of them */
            assert_int_equal(p[3], apic_ids[cpu++]);
            assert_int_equal(load(p + 4, 4), 1);
            break;
        case 9:
            assert_int_equal(p[1], 16);
            assert_int_equal(load(p + 2, 2), 0);
            assert_int_equal(load(p + 8, 4), 1);
            assert_int_equal(load(p + 12, 4), cpu);
            assert_int_equal(load(p + 4, 4), apic_ids[cpu++]);
            break;
        case 1:
            assert_int_equal(p[1], 12);
            assert_int_equal(p[2], machine.ioapic[io].id);
            assert_int_equal(load(p + 4, 4), machine.ioapic[io].address);
            assert_int_equal(load(p + 8, 4), machine.ioapic[io++].gsi_base);
            break;
        case 2:
            assert_int_equal(p[1], 10);
            assert_int_equal(p[2], 0);
            assert_int_equal(p[3], machine.override[isa].isa_irq);
            assert_int_equal(load(p + 4, 4), machine.override[isa].gsi);
            assert_int_equal(load(p + 8, 2), machine.override[isa++].flags);
            break;
        default:
            fail_msg("entry of type %u", p[0]);
        }
    assert_ptr_equal(p, end);
    assert_int_equal(cpu, 5);
    assert_int_equal(io, 2);
    assert_int_equal(isa, 2);
}

/* Exactly as much room as it takes, and each size below that. */
static void test_room(void **state)
{
    size_t need = 0;

    (void)state;
    for ( size_t size = 48; size < ROOM && !need; size++ )
    {
        uint8_t *m = malloc(size);
        uint64_t at = acpi_make(&what, m, GPA, size);

        assert_true(at == 0 || at == GPA);
        if ( at )
            need = size;
        free(m);
    }
    /* RSDP and room behind it; MADT; XSDT. */
    assert_int_equal(need, 48 + (44 + 3 * 8 + 2 * 16 + 2 * 12 + 2 * 10) +
                               (36 + 4 * 8));
}

static void test_passed(void **state)
{
    (void)state;
    assert_true(acpi_table_passed("FACP"));
    assert_true(acpi_table_passed("MCFG\1\2\3\4"));
    assert_false(acpi_table_passed("APIC\1\2\3\4"));
    assert_false(acpi_table_passed("DMAR"));
    assert_false(acpi_table_passed("IVRS"));
    assert_false(acpi_table_passed("HPET"));
    assert_false(acpi_table_passed("SRAT"));
    assert_false(acpi_table_passed("SLIT"));
}

/* No state of ports is left, and the sums are right. */
static void test_cstates(void **state)
{
    static const uint8_t aml[] = "NAME_CSTx_CS_CST_CST";
    uint8_t t[36 + 21] = { 0 }, fadt[276] = { 0 };

    (void)state;
    memcpy(t + 36, aml, 21);
    for ( unsigned int i = 0; i < sizeof(t); i++ )
        t[9] = (uint8_t)(t[9] - (i == 9 ? 0 : t[i]));
    check_sum(t, sizeof(t));
    assert_int_equal(acpi_hide_cst(t, sizeof(t)), 3);
    assert_string_equal((const char *)t + 36, "NAMEXCSTx_CSXCSTXCST");
    check_sum(t, sizeof(t));
    memcpy(t + 36, aml, 21);
    assert_int_equal(acpi_hide_cst(t, 36 + 7), 0); /* _CS is its end */

    memset(fadt + 10, 0x11, sizeof(fadt) - 10);
    for ( unsigned int i = 0; i < sizeof(fadt); i++ )
        fadt[9] = (uint8_t)(fadt[9] - (i == 9 ? 0 : fadt[i]));
    acpi_patch_fadt(fadt, sizeof(fadt));
    check_sum(fadt, sizeof(fadt));
    assert_int_equal(fadt[95], 0);
    assert_true(load(fadt + 96, 2) > 100);
    assert_true(load(fadt + 98, 2) > 1000);
    assert_int_equal(load(fadt + 112, 4), 0x11111111 | 1U << 19);
    assert_int_equal(fadt[100], 0x11);
    fadt[95] = 0x11;
    acpi_patch_fadt(fadt, 115);
    assert_int_equal(fadt[95], 0x11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xsdt),
        cmocka_unit_test(test_madt),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_passed),
        cmocka_unit_test(test_cstates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
