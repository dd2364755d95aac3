/* SPDX-License-Identifier: MIT */
/* Which server gets an access. */
#include "test-ioreq.h"

static void test_newest_server_wins(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int a = serve(d, OFF, PORT, 0x60, 0x6f);
    unsigned int b = serve(d, OFF, PORT, 0x64, 0x64);

    (void)state;
    assert_int_equal(who_gets(d, in(0x60, 1)), (int)a);
    assert_int_equal(who_gets(d, in(0x64, 1)), (int)b);
    assert_int_equal(who_gets(d, in(0x64, 2)), (int)a); /* not all in b */
    assert_int_equal(set_state(d, b, false), 0);
    assert_int_equal(who_gets(d, in(0x64, 1)), (int)a);
    assert_int_equal(set_state(d, b, true), 0);
    assert_int_equal(unmap(d, a, PORT, 0x62, 0x66), 0);
    assert_int_equal(who_gets(d, in(0x63, 1)), -1);
    assert_int_equal(who_gets(d, in(0x61, 2)), -1);
    assert_int_equal(who_gets(d, in(0x67, 1)), (int)a);
    assert_int_equal(who_gets(d, load(0x60, 1)), -1); /* another type */
}

static void test_adjacent_ranges_are_one(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int a = serve(d, OFF, MEMORY, 0x1000, 0x1fff);

    (void)state;
    assert_int_equal(map(d, a, MEMORY, 0x2000, 0x2fff), 0);
    assert_int_equal(who_gets(d, load(0x1ffc, 8)), (int)a);
    assert_int_equal(who_gets(d, load(0x2ffc, 8)), -1);
    assert_int_equal(who_gets(d, load(0x0ffc, 8)), -1);
}

/* Item 3: with DF the elements lie below the address, not above. */
static void test_60a56dc006_rep_and_df(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t size, count;
        bool df, claimed;
    } rows[] = {
        { 0x1000, 4, 1024, false, true },  { 0x1004, 4, 1024, false, false },
        { 0x1ffc, 4, 1024, true, true },   { 0x1ff8, 4, 1024, true, false },
        { 0x1ffc, 4, 1025, true, false },  { 0x1fff, 1, 4096, true, true },
        { 0x1000, 1, 4097, false, false }, { 0x1000, 2, 1, true, true },
        { 0x1ffe, 4, 1, true, false },     { 0x0ffc, 4, 1, true, false },
        /* wrapping around the end of the address space */
        { 0x10, 8, 4, true, false },       { ~7UL, 8, 2, false, false },
        { ~3UL, 8, 1, false, false },      { 0x1000, 1, 0, false, false },
        { 0x1800, 8, ~0U, false, false },  { 0x1800, 8, ~0U, true, false },
    };
    struct domain *d = fixture_guest(1);
    unsigned int a = serve(d, OFF, MEMORY, 0x1000, 0x1fff);

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
        for ( unsigned int dir = 0; dir < 2; dir++ )
        {
            ioreq_t p = access_to(IOREQ_TYPE_COPY, rows[i].addr, rows[i].size,
                                  (uint8_t)dir, 0);

            p.count = rows[i].count;
            p.df = rows[i].df;
            assert_int_equal(who_gets(d, p), rows[i].claimed ? (int)a : -1);
        }
}

/* A server of everything sees no access that wraps. */
static void test_wrapping_access_reaches_nobody(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int a = serve(d, OFF, MEMORY, 0, UINT64_MAX);
    ioreq_t p = load(~7UL, 8);

    (void)state;
    assert_int_equal(who_gets(d, p), (int)a);
    p.count = 2;
    assert_int_equal(who_gets(d, p), -1);
    p.df = 1;
    assert_int_equal(who_gets(d, p), (int)a);
    p.addr = 7;
    assert_int_equal(who_gets(d, p), -1);
    /* Nor one of no elements. */
    p = load(0x1000, 4);
    p.count = 0;
    assert_int_equal(who_gets(d, p), -1);
}

static void test_cf8_makes_pci_configuration(void **state)
{
    struct domain *d = fixture_guest(1);
    struct vcpu *v = domain_vcpu(d, 0);
    unsigned int ports = serve(d, OFF, PORT, 0xcf8, 0xcff);
    uint64_t sbdf = XEN_DMOP_PCI_SBDF(0, 0, 3, 1);
    unsigned int dev = serve(d, OFF, PCI, sbdf, sbdf);
    uint64_t cf8 = 0x8f000000UL | sbdf << 8 | 0x44;
    ioreq_t p = out(0xcfe, 2, 0xbeef), *slot = slot_of(d, dev, 0);

    (void)state;
    /* The latching write itself goes on as a port access. */
    assert_int_equal(who_gets(d, out(0xcf8, 4, cf8)), (int)ports);
    assert_int_equal(d->ioreq.cf8, cf8);
    assert_int_equal(ioreq_send(v, &p), IO_PENDING);
    assert_int_equal(slot->type, IOREQ_TYPE_PCI_CONFIG);
    assert_true(slot->addr == (sbdf << 32 | 0x46));
    assert_int_equal(slot->size, 2);
    assert_int_equal(slot->data, 0xbeef);
    answer(slot, 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    assert_int_equal(p.type, IOREQ_TYPE_PIO);
    assert_int_equal(p.addr, 0xcfe);

    /* Neither bytes nor reads latch. */
    assert_int_equal(who_gets(d, out(0xcf8, 1, 0)), (int)ports);
    assert_int_equal(who_gets(d, out(0xcf9, 2, 0)), (int)ports);
    assert_int_equal(who_gets(d, in(0xcf8, 4)), (int)ports);
    assert_int_equal(d->ioreq.cf8, cf8);
    /* A device that nobody has: not the port's owner either. */
    assert_int_equal(who_gets(d, out(0xcf8, 4, cf8 + 0x800)), (int)ports);
    assert_int_equal(who_gets(d, in(0xcfc, 4)), -1);
    /* Not enabled: ports again. */
    assert_int_equal(who_gets(d, out(0xcf8, 4, cf8 & 0x7fffffff)),
                     (int)ports);
    assert_int_equal(who_gets(d, in(0xcfc, 4)), (int)ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_newest_server_wins),
        T(test_adjacent_ranges_are_one),
        T(test_60a56dc006_rep_and_df),
        T(test_wrapping_access_reaches_nobody),
        T(test_cf8_makes_pci_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
