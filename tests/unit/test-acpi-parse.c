/* SPDX-License-Identifier: MIT */
/* Parsing MADT, FADT and the \_S5 of a DSDT; then damaged tables. */
#include "test-acpi.h"

static uint32_t add_fadt(uint32_t dsdt);

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
    uint8_t body[8 + 100 * 8 + 70 * 12 + 20 * 10] = { 0 }, *p = body + 8;

    (void)state;
    for ( uint8_t i = 0; i < 100; i++, p += 8 )
        memcpy(p, (uint8_t[]){ 0, 8, i, (uint8_t)(i + 10), 1 }, 5);
    for ( uint8_t i = 0; i < 70; i++, p += 12 )
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

/* Two sockets with a hub each, PCIe switches behind them: nine I/O APICs. */
static void test_nine_ioapics(void **state)
{
    uint8_t body[8 + 9 * 12] = { 0 }, *p = body + 8;

    (void)state;
    for ( uint32_t i = 0; i < 9; i++, p += 12 )
    {
        uint32_t address = i ? 0xfec01000 + i * 0x40000 : 0xfec00000;
        uint32_t gsi = i ? 24 + (i - 1) * 32 : 0;

        memcpy(p, (uint8_t[]){ 1, 12, (uint8_t)(240 + i) }, 3);
        memcpy(p + 4, &address, 4);
        memcpy(p + 8, &gsi, 4);
    }
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_ioapics, 9);
    assert_int_equal(acpi.ioapic[8].id, 248);
    assert_int_equal(acpi.ioapic[8].address, 0xfec01000 + 8 * 0x40000);
    assert_int_equal(acpi.ioapic[8].gsi_base, 24 + 7 * 32);
}

/* Ids as of a machine of 256 threads: the last ones by the long form. */
static void test_large_apic_ids(void **state)
{
    static const uint32_t ids[] = { 0, 2, 254, 255, 256, 0x104, 0x1fe };
    uint8_t body[8 + 7 * 16] = { 0 }, *p = body + 8;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(ids); i++, p += 16 )
    {
        memcpy(p, (uint8_t[]){ 9, 16 }, 2);
        memcpy(p + 4, &ids[i], 4);
        p[8] = 1;
    }
    set_madt(body, sizeof(body));
    assert_int_equal(acpi.nr_cpus, 8);
    acpi_drop_unreachable(true);
    assert_int_equal(acpi.nr_cpus, 8);
    assert_int_equal(acpi.cpu_apic_id[7], 0x1fe);
    /* 0x104 would be taken for 4, which is the boot CPU. */
    acpi_drop_unreachable(false);
    assert_int_equal(acpi.nr_cpus, 4);
    assert_int_equal(acpi.cpu_apic_id[0], BOOT_ID);
    assert_int_equal(acpi.cpu_apic_id[3], 254);
}

/* ---- IVRS ---- */

static void test_ivrs(void **state)
{
    uint8_t body[12 + 24 + 8 + 40 + 40 + 24 + 24] = { 0 }, *p = body + 12;

    (void)state;
    good_machine();
#define IVHD(type, length, base)                                             \
    memcpy(p, (uint8_t[]){ type, 0, length, 0 }, 4);                         \
    memcpy(p + 8, &(uint64_t){ base }, 8);                                   \
    p += length
    IVHD(0x10, 24, 0xfeb80000);
    memcpy(p, (uint8_t[]){ 0x20, 0, 8, 0 }, 4); /* a range of memory */
    p += 8;
    IVHD(0x11, 40, 0xfeb80000);
    IVHD(0x40, 40, 0x20000000000);
    IVHD(0x10, 24, 0xfeb90000);
    /* The last one ends behind the table. */
    memcpy(p, (uint8_t[]){ 0x10, 0, 40, 0, 0, 0, 0, 0, 0, 0, 0xba, 0xfe }, 12);
#undef IVHD
    add_table("IVRS", body, sizeof(body));
    assert_true(init_works());
    assert_int_equal(acpi.nr_iommus, 3);
    assert_int_equal(acpi.iommu[0], 0xfeb80000);
    assert_int_equal(acpi.iommu[1], 0x20000000000);
    assert_int_equal(acpi.iommu[2], 0xfeb90000);
}

/* ---- processors' blocks of ports ---- */

static void test_processors(void **state)
{
    static const uint8_t aml[] = {
        0x5b, 0x83, 11, 'C', 'P', 'U', '0', 0, 0x10, 4, 0, 0, 6,
        0x5b, 0x83, 11, 'C', 'P', 'U', '1', 1, 0x10, 4, 0, 0, 6, /* same */
        0x5b, 0x83, 0x42, 1, '\\', 0x2e, '_', 'P', 'R', '_', 'C', 'P', 'U',
        '2', 2, 0x20, 8, 0, 0, 6, 0,
        0x5b, 0x83, 11, 'C', 'P', 'U', '3', 3, 0, 0, 0, 0, 0,  /* none */
        0x5b, 0x83, 11, 'C', 'P', 'U', '4', 4, 0x30, 4, 1, 0, 6, /* no port */
        0x5b, 0x83, 5, 'C', 'P', 'U', '5',
        0x5b, 0x83, 63, 'C', 'P', 'U', '6', 6, 0x40, 4, 0, 0, 6,
        0x5b, 0x83, 4, 0x2f, 200,
        0x5b, 0x83, 2, '^',
        0x5b, 0x83,
    };

    (void)state;
    good_machine();
    write_table(0x1f0000, "DSDT", aml, sizeof(aml));
    add_fadt(0x1f0000);
    assert_true(init_works());
    assert_int_equal(acpi.nr_pblks, 2);
    assert_int_equal(acpi.pblk[0], 0x410);
    assert_int_equal(acpi.pblk[1], 0x820);
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
        assert_true(acpi.nr_pblks <= MAX_PBLKS);
        assert_true(!acpi.has_s5 || !(acpi.slp_typ_s5 & ~0x707U));
        drop_views(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_madt), TEST(test_madt_broken), TEST(test_madt_full),
        TEST(test_nine_ioapics), TEST(test_large_apic_ids), TEST(test_ivrs),
        TEST(test_processors), TEST(test_fadt), TEST(test_s5),
        TEST(test_s5_place), TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
