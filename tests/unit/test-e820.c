/* SPDX-License-Identifier: MIT */
/*
 * Maps as loaders pass them: ragged, overlapping, unsorted, far too long.
 *
 * Seen failing with: a reader that takes the first 128 entries only and so
 * loses all RAM above 4 GiB of test_ragged() without a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <emul/ram-map.h>

#define KB (1UL << 10)
#define MB (1UL << 20)
#define GB (1UL << 30)
#define NVS 4

static struct e820entry raw[1024], out[128];
static unsigned int nr_raw, nr_out;
static uint64_t lost;

static void add(uint64_t addr, uint64_t size, uint32_t type)
{
    raw[nr_raw++] = (struct e820entry){ addr, size, type };
}

static void tidy(unsigned int max)
{
    struct e820entry *o = calloc(max, sizeof(*o)); /* overruns are seen */

    nr_out = e820_tidy(raw, nr_raw, o, max, &lost);
    assert_true(nr_out <= max);
    memcpy(out, o, nr_out * sizeof(*o));
    free(o);
    for ( unsigned int i = 0; i < nr_out; i++ )
    {
        assert_true(out[i].size != 0);
        if ( i )
            assert_true(out[i].addr >= out[i - 1].addr + out[i - 1].size);
        if ( out[i].type == E820_RAM )
            assert_true(!(out[i].addr % PAGE_SIZE || out[i].size % PAGE_SIZE));
    }
}

/* Bytes of RAM in [start, end), of the tidy map or as the raw one says. */
static uint64_t ram_in(uint64_t start, uint64_t end)
{
    uint64_t sum = 0;

    for ( unsigned int i = 0; i < nr_out; i++ )
    {
        uint64_t a = out[i].addr, b = a + out[i].size;

        a = a > start ? a : start;
        b = b < end ? b : end;
        sum += out[i].type == E820_RAM && a < b ? b - a : 0;
    }
    return sum;
}

/* The page at `at` is RAM in all entries that touch it, and one does. */
static void check_page(uint64_t at)
{
    bool is_ram = false;

    for ( unsigned int k = 0; k < nr_raw; k++ )
        if ( raw[k].size && raw[k].addr + raw[k].size > raw[k].addr &&
             at + PAGE_SIZE > raw[k].addr && at < raw[k].addr + raw[k].size )
        {
            is_ram |= raw[k].type == E820_RAM;
            assert_int_equal(raw[k].type, E820_RAM);
        }
    assert_true(is_ram);
}

/*
 * No page is RAM that some entry calls anything else, or none calls RAM.  Only
 * pages at the ends of entries are looked at: between them nothing changes.
 */
static void check_ram_is_ram(void)
{
    for ( unsigned int i = 0; i < nr_out; i++ )
    {
        uint64_t start = out[i].addr, end = start + out[i].size;

        if ( out[i].type != E820_RAM )
            continue;
        check_page(start);
        check_page(end - PAGE_SIZE);
        for ( unsigned int k = 0; k < nr_raw; k++ )
        {
            uint64_t first = raw[k].addr & PAGE_MASK;
            uint64_t last = (raw[k].addr + raw[k].size) & PAGE_MASK;
            uint64_t at[] = { first - PAGE_SIZE, first, first + PAGE_SIZE,
                              last - PAGE_SIZE, last, last + PAGE_SIZE };

            for ( unsigned int n = 0; n < 6; n++ )
                if ( at[n] >= start && at[n] < end )
                    check_page(at[n]);
        }
    }
}

static void expect(const struct e820entry *want, unsigned int nr)
{
    assert_int_equal(nr_out, nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_int_equal(out[i].addr, want[i].addr);
        assert_int_equal(out[i].size, want[i].size);
        assert_int_equal(out[i].type, want[i].type);
    }
}

static int fresh(void **state)
{
    (void)state;
    nr_raw = 0;
    return 0;
}

static void test_disorder(void **state)
{
    static const struct e820entry want[] = {
        { 0, 0x9f000, E820_RAM },
        { 0x9fc00, 0x400, E820_RESERVED },
        { 0xe0000, 0x20000, E820_RESERVED },
        { MB, 255 * MB, E820_RAM },
        { 256 * MB, MB, NVS },
        { 257 * MB, GB - 257 * MB, E820_RAM },
        { GB, 0x1800, E820_ACPI },
        { GB + 0x2000, GB - 0x2000, E820_RAM },
        { 4 * GB, 4 * GB, E820_RAM },
    };

    (void)state;
    add(4 * GB, 3 * GB, E820_RAM);
    add(256 * MB, MB, NVS);
    add(MB, GB - MB, E820_RAM);
    add(0x9fc00, 0x400, E820_RESERVED);
    add(5 * GB, 3 * GB, E820_RAM);          /* overlaps the first */
    add(0, 0x9fc00, E820_RAM);
    add(0, 0, E820_RAM);                    /* nothing */
    add(2 * GB, 0, E820_RESERVED);
    add(0xe0000, 0x20000, E820_RESERVED);
    add(0xf0000, 0x10000, E820_RESERVED);   /* twice */
    add(GB, 0x1800, E820_ACPI);
    add(GB + 0x1800, GB - 0x1800, E820_RAM); /* begins within a page */
    add(~0UL - 0xfff, 0x2000, E820_RAM);    /* around the end of addresses */
    tidy(64);
    expect(want, 9);
    assert_int_equal(lost, 0);
    check_ram_is_ram();
}

/* RAM in 300 pieces below 4 GiB, and most of it above. */
static void test_ragged(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 300; i++ )
    {
        uint64_t at = (300UL - i) * 4 * MB;

        add(at, 3 * MB + i % 7 * 0x800, E820_RAM);
        add(at + 3 * MB + i % 7 * 0x800, 0x1200 + i % 3, E820_RESERVED);
    }
    add(4 * GB, 60 * GB, E820_RAM);
    tidy(112);
    assert_int_equal(nr_out, 112);
    assert_int_equal(ram_in(4 * GB, 64 * GB), 60 * GB);
    assert_true(lost > 0);
    check_ram_is_ram();
    /* With room for all of it nothing is lost. */
    nr_raw = 101;
    tidy(112);
    assert_int_equal(lost, 0);
    assert_int_equal(nr_out, 101);
}

/* Firmware with hundreds of reserved pieces, and little RAM between them. */
static void test_reserved_pieces(void **state)
{
    (void)state;
    add(0, 640 * KB, E820_RAM);
    add(MB, 3 * GB - MB, E820_RAM);
    add(4 * GB, 28 * GB, E820_RAM);
    for ( unsigned int i = 0; i < 400; i++ )
        add(3 * GB + i * 64 * KB, 4 * KB, i % 2 ? E820_RESERVED : NVS);
    tidy(16);
    assert_int_equal(ram_in(0, ~0UL), 640 * KB + 3 * GB - MB + 28 * GB);
    /* None of these became free. */
    for ( unsigned int i = 0; i < 400; i++ )
    {
        uint64_t at = 3 * GB + i * 64 * KB;
        bool found = false;

        for ( unsigned int k = 0; k < nr_out; k++ )
            found |= out[k].type != E820_RAM && out[k].addr <= at &&
                     at + 4 * KB <= out[k].addr + out[k].size;
        assert_true(found);
    }
}

/* As much as an entry each: one of each kind stays. */
static void test_hardly_room(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 20; i++ )
        add(i * GB, i == 7 ? 512 * MB : i * MB, E820_RAM);
    tidy(2);
    assert_int_equal(nr_out, 2);
    assert_int_equal(ram_in(7 * GB, 8 * GB), 512 * MB);
    assert_int_equal(ram_in(19 * GB, 20 * GB), 19 * MB);
    for ( unsigned int i = 0; i < 20; i++ )
        raw[i].type = E820_RESERVED;
    tidy(2);
    assert_int_equal(out[nr_out - 1].addr + out[nr_out - 1].size,
                     19 * GB + 19 * MB);
}

static uint32_t seed = 1;

static uint32_t random_u32(void)
{
    seed = seed * 1664525U + 1013904223U;
    return seed >> 8;
}

static void test_random(void **state)
{
    (void)state;
    for ( unsigned int n = 0; n < 300; n++ )
    {
        nr_raw = 0;
        for ( unsigned int i = random_u32() % 80; i; i-- )
            add(random_u32() % 4096 * 0x700UL, random_u32() % 64 * 0x900UL,
                random_u32() % 7);
        tidy(2 + random_u32() % 100);
        check_ram_is_ram();
    }
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_disorder), TEST(test_ragged), TEST(test_reserved_pieces),
        TEST(test_hardly_room), TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
