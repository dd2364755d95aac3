/* SPDX-License-Identifier: MIT */
/*
 * RAM of an identity-mapped domain: places in it, and its E820 map.
 *
 * Seen failing with: ram_place() that looks at the first thing in the way
 * only; ram_e820() that forgets RAM between two ranges of the domain,
 * or leaves out what is above 16 MiB and not the domain's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <emul/ram-map.h>

#define MB (1UL << 20)
#define GB (1UL << 30)
#define LOW (16 * MB)

static struct ram_map m;

static void two_ranges(void)
{
    memset(&m, 0, sizeof(m));
    assert_true(ram_add(&m, 0x1000, 0x9f000));
    assert_true(ram_add(&m, LOW, GB));
}

static void test_contains(void **state)
{
    (void)state;
    two_ranges();
    assert_true(ram_contains(&m, 0x1000, 0x9f000));
    assert_false(ram_contains(&m, 0, 0x2000));
    assert_false(ram_contains(&m, 0x9e000, 0x9f001));
    assert_false(ram_contains(&m, 0x9e000, LOW + 1));
    assert_true(ram_contains(&m, GB - 1, GB));
    /* One behind the other are one. */
    assert_true(ram_add(&m, GB, 2 * GB));
    assert_true(ram_contains(&m, GB - 1, GB + 1));
    assert_int_equal(m.nr, 2);
}

static void test_too_many_ranges(void **state)
{
    (void)state;
    memset(&m, 0, sizeof(m));
    for ( uint64_t i = 0; i < RAM_MAX_RANGES; i++ )
        assert_true(ram_add(&m, 2 * i * MB, (2 * i + 1) * MB));
    assert_false(ram_add(&m, GB, 2 * GB));
}

static void test_place(void **state)
{
    uint64_t at;

    (void)state;
    two_ranges();
    assert_true(ram_place(&m, 1, 4 * GB, &at));
    assert_int_equal(at, GB - 0x1000);
    assert_true(ram_place(&m, 0x1001, 4 * GB, &at));
    assert_int_equal(at, GB - 0x3000);
    /* Around two things, which do not begin at pages. */
    ram_take(&m, GB - 0x8001, GB - 0x4001);
    ram_take(&m, GB - 0xa001, GB - 0x9001);
    assert_true(ram_place(&m, 0x2000, 4 * GB, &at));
    assert_int_equal(at, GB - 0xd000);
    assert_true(ram_place(&m, 0x1000, 4 * GB, &at));
    assert_int_equal(at, GB - 0x4000);
    /* Below a limit inside the range; in the lower range; nowhere. */
    assert_true(ram_place(&m, 0x1000, 100 * MB + 1, &at));
    assert_int_equal(at, 100 * MB - 0x1000);
    assert_true(ram_place(&m, 0x9e000, LOW, &at));
    assert_int_equal(at, 0x1000);
    assert_false(ram_place(&m, 0x1000, LOW, &at));
    assert_false(ram_place(&m, GB, 4 * GB, &at));
}

static const struct e820entry host[] = {
    { 0, 0x9fc00, E820_RAM },
    { 0x9fc00, 0x400, E820_RESERVED },
    { 0xf0000, 0x10000, E820_RESERVED },
    { MB, 2 * GB - MB - 0x10000, E820_RAM },
    { 2 * GB - 0x10000, 0x10000, E820_ACPI },
    { 4 * GB - MB, MB, E820_UNUSABLE },
    { 4 * GB, GB, E820_RAM },
};

static void check_map(const struct e820entry *want, unsigned int nr,
                      struct ram_range acpi)
{
    struct e820entry got[32];
    unsigned int k = 0;

    assert_int_equal(ram_e820(&m, host, 7, acpi, got, 32), nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_int_equal(got[i].addr, want[i].addr);
        assert_int_equal(got[i].size, want[i].size);
        assert_int_equal(got[i].type, want[i].type);
    }
    /* No byte of the host's RAM may be taken for a free address. */
    for ( unsigned int i = 0; i < 7; i++ )
        for ( uint64_t at = host[i].addr;
              host[i].type == E820_RAM && at < host[i].addr + host[i].size; )
        {
            while ( k < nr && got[k].addr + got[k].size <= at )
                k++;
            assert_true(k < nr && got[k].addr <= at);
            at = got[k].addr + got[k].size;
        }
    /* With less room it is the beginning of the same. */
    for ( unsigned int max = 0; max < nr; max++ )
    {
        struct e820entry *few = malloc(max * sizeof(*few) + 1);

        assert_int_equal(ram_e820(&m, host, 7, acpi, few, max), max);
        assert_memory_equal(few, got, max * sizeof(*few));
        free(few);
    }
}

static void test_e820(void **state)
{
    static const struct e820entry want[] = {
        { 0, 0x1000, E820_RESERVED },
        { 0x1000, 0x9e000, E820_RAM },
        { 0x9f000, 0x1000, E820_RESERVED }, /* with the host's own */
        { 0xf0000, LOW - 0xf0000, E820_RESERVED },
        { LOW, GB - LOW - 0x8000, E820_RAM },
        { GB - 0x8000, 0x8000, E820_ACPI },
        { GB, GB - 0x10000, E820_RESERVED },
        { 2 * GB - 0x10000, 0x10000, E820_ACPI },
        { 4 * GB - MB, GB + MB, E820_RESERVED }, /* the last of it RAM */
    };

    (void)state;
    two_ranges();
    check_map(want, 9, (struct ram_range){ GB - 0x8000, GB });
}

static void test_e820_middle(void **state)
{
    static const struct e820entry want[] = {
        { 0, 0x10000, E820_RESERVED },
        { 0x10000, 0x8f000, E820_RAM },
        { 0x9f000, 0x1000, E820_RESERVED },
        { 0xf0000, 0x10000, E820_RESERVED },
        { MB, MB, E820_RAM },
        { 2 * MB, MB, E820_RESERVED },
        { 3 * MB, MB, E820_RAM },
        { 4 * MB, MB, E820_ACPI },
        { 5 * MB, 3 * MB, E820_RAM },
        { 8 * MB, 24 * MB, E820_RESERVED },
        { 32 * MB, 32 * MB, E820_RAM },
        { 64 * MB, 2 * GB - 64 * MB - 0x10000, E820_RESERVED },
        { 2 * GB - 0x10000, 0x10000, E820_ACPI },
        { 4 * GB - MB, 2 * MB, E820_RESERVED },
        { 4 * GB + MB, MB, E820_RAM },
        { 4 * GB + 2 * MB, GB - 2 * MB, E820_RESERVED },
    };

    (void)state;
    memset(&m, 0, sizeof(m));
    assert_true(ram_add(&m, 0x10000, 0x9f000));
    assert_true(ram_add(&m, MB, 2 * MB));
    assert_true(ram_add(&m, 3 * MB, 8 * MB));
    assert_true(ram_add(&m, 32 * MB, 64 * MB));
    assert_true(ram_add(&m, 4 * GB + MB, 4 * GB + 2 * MB));
    check_map(want, 16, (struct ram_range){ 4 * MB, 5 * MB });
}

static void test_free_order(void **state)
{
    static const struct ram_range kept[] = {
        { 0, 0x9f000 },                /* RAM */
        { MB, 2 * GB - 3 * 0x1000 },
        { 0xfec00000, 0xfec01000 },    /* an I/O APIC, a local APIC */
        { 0xfee00000, 0xfee01000 },
        { 4 * GB, 5 * GB + 0x1000 },
    };
    static const struct {
        uint64_t page;
        unsigned int most;
        int order;
    } cases[] = {
        { 0x9e000, 18, -1 }, { 0x9f000, 18, 0 }, { 0xff000, 18, 0 },
        { 2 * GB - 0x4000, 18, -1 }, { 2 * GB - 0x3000, 18, 0 },
        { 2 * GB, 18, 18 }, { 2 * GB + 0x1234000, 18, 18 },
        { 2 * GB + 0x1234000, 9, 9 }, { 2 * GB, 0, 0 },
        { 3 * GB, 18, 9 },             /* APICs are in that GiB */
        { 0xfec00000, 18, -1 }, { 0xfec01000, 18, 0 }, { 0xfee00000, 9, -1 },
        { 0xfed00000, 18, 0 },         /* the 2 MiB of the I/O APIC */
        { 0xfef00000, 18, 0 }, { 0xff000000, 18, 9 },
        { 5 * GB, 18, -1 }, { 5 * GB + 0x1000, 18, 0 },
        { 5 * GB + 2 * MB, 18, 9 }, { 6 * GB, 18, 18 },
        { 62 * GB, 18, 18 },
        { 63 * GB, 18, 9 },            /* the last address is in that GiB */
        { 64 * GB - 6 * MB, 18, 9 }, { 64 * GB - 2 * MB - 0x2000, 18, 0 },
        { 64 * GB - 2 * MB - 0x800, 18, -1 },
        { 64 * GB, 18, -1 },
    };

    (void)state;
    for ( unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
        if ( ram_free_order(kept, 5, 64 * GB - 2 * MB - 0x800, cases[i].page &
                            ~0xfffUL, cases[i].most) != cases[i].order )
            fail_msg("%lx by %u: not %d", (unsigned long)cases[i].page,
                     cases[i].most, cases[i].order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_too_many_ranges),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_e820),
        cmocka_unit_test(test_free_order),
        cmocka_unit_test(test_e820_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
