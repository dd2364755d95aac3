/* SPDX-License-Identifier: MIT */
/* Finding the firmware's ACPI tables. */
#include "test-acpi.h"

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

/* Addresses that the processor does not have: as if they were not there. */
static void test_beyond(void **state)
{
    uint64_t dsdt = 1UL << 52;
    uint8_t fadt[276 - 36] = { 0 };

    (void)state;
    good_machine();
    memcpy(fadt + 140 - 36, &dsdt, 8);
    add_table("FACP", fadt, sizeof(fadt));
    add_table("SSDT", fadt, 4);
    put(XSDT_AT + 36 + 2 * 8, 1UL << 50, 8); /* instead of the SSDT */
    fix_sum(XSDT_AT, 36 + 3 * 8, XSDT_AT + 9);
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, XSDT_AT);
    assert_null(acpi_table("SSDT", 0));
    /* The end of a table is beyond; the XSDT itself; the RSDP. */
    put(XSDT_AT + 36 + 2 * 8, ADDRESS_LIMIT - 8, 8);
    fix_sum(XSDT_AT, 36 + 3 * 8, XSDT_AT + 9);
    assert_true(init_works());
    put(0x100000 + 24, 0xfff0000000000000, 8);
    fix_sum(0x100000, RSDP_V2, 0x100000 + 32);
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, RSDT_AT);
    write_rsdp(0xf0000, 2);
    boot_info.rsdp = 1UL << 60;
    assert_true(init_works());
    assert_int_equal(acpi.rsdp, 0xf0000);
}

/* The processor's addresses end within a table, within the RSDP's second part. */
static void test_partly_beyond(void **state)
{
    const uint8_t body[4] = { 1, 2, 3, 4 };
    uint32_t last, rsdp = MEMORY - 4096;

    (void)state;
    good_machine();
    last = add_table("SSDT", body, 4);
    address_limit = last + 40;
    assert_true(init_works());
    assert_non_null(acpi_table("SSDT", 0));
    address_limit = last + 39;
    assert_null(acpi_table("SSDT", 0));

    write_rsdp(rsdp, 2);
    boot_info.rsdp = rsdp;
    address_limit = rsdp + RSDP_V2;
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, XSDT_AT);
    address_limit = rsdp + RSDP_V2 - 1;
    assert_true(init_works());
    assert_int_equal(acpi.xsdt, RSDT_AT);
    address_limit = ADDRESS_LIMIT;
}

static void test_no_madt(void **state)
{
    (void)state;
    write_root();
    write_rsdp(0x100000, 2);
    boot_info.rsdp = 0x100000;
    assert_false(init_works());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loader_rsdp), TEST(test_old_rsdp), TEST(test_search),
        TEST(test_search_ebda), TEST(test_tables), TEST(test_no_madt),
        TEST(test_beyond),
        TEST(test_partly_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
