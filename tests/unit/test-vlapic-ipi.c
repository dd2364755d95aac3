/* SPDX-License-Identifier: MIT */
/* The local APIC: destinations, IPIs of every kind, messages from devices. */
#include "test-vlapic.h"

#define ALL 0xfU
#define BC VLAPIC_BROADCAST

/* ---- destinations ---- */

static void test_destinations_match(void **state)
{
    static const struct {
        const char *what;
        bool x2apic;
        uint32_t id, ldr, dfr; /* ldr, dfr: xAPIC's */
        bool logical;
        uint32_t dest;
        bool match;
    } cases[] = {
        { "physical", false, 5, 0, 0, false, 5, true },
        { "physical, another", false, 5, 0, 0, false, 4, false },
        { "physical, not flags", false, 5, 0, 0, false, 7, false },
        { "8 bits of the id", false, 0x105, 0, 0, false, 5, true },
        { "no more than 8", false, 0x105, 0, 0, false, 0x105, false },
        { "broadcast", false, 5, 0, 0, false, BC, true },
        { "0xff is an id", false, 5, 0, 0, false, 0xff, false },
        { "x2APIC id", true, 0x105, 0, 0, false, 0x105, true },
        { "x2APIC, 8 bits", true, 0x105, 0, 0, false, 5, false },
        { "x2APIC broadcast", true, 0x105, 0, 0, false, BC, true },
        { "flat", false, 0, 0x04000000, ~0U, true, 0x04, true },
        { "flat, among others", false, 0, 0x04000000, ~0U, true, 0x0e, true },
        { "flat, others", false, 0, 0x04000000, ~0U, true, 0xfb, false },
        { "flat, all", false, 0, 0x04000000, ~0U, true, 0xff, true },
        { "flat, no ldr", false, 0, 0, ~0U, true, 0xff, false },
        { "flat, more bits", false, 0, 0x04000000, ~0U, true, 0x104, false },
        { "cluster", false, 0, 0x24000000, 0, true, 0x24, true },
        { "cluster, among", false, 0, 0x24000000, 0, true, 0x2c, true },
        { "cluster, others", false, 0, 0x24000000, 0, true, 0x2b, false },
        { "another cluster", false, 0, 0x24000000, 0, true, 0x34, false },
        { "not flat", false, 0, 0x24000000, 0, true, 0x64, false },
        { "all clusters", false, 0, 0x24000000, 0, true, 0xff, true },
        { "logical broadcast", false, 0, 0x24000000, 0, true, BC, true },
        { "x2APIC logical", true, 0x25, 0, 0, true, 0x20020, true },
        { "x2APIC, among", true, 0x25, 0, 0, true, 0x20030, true },
        { "x2APIC, others", true, 0x25, 0, 0, true, 0x2ffdf, false },
        { "x2APIC, cluster", true, 0x25, 0, 0, true, 0x30020, false },
        { "x2APIC, 8 bits", true, 0x05, 0, 0, true, 0x20, true },
        { "x2APIC, 0xff", true, 0x25, 0, 0, true, 0xff, false },
        { "x2APIC, all", true, 0x25, 0, 0, true, BC, true },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct vlapic_message m = { .dest = cases[i].dest,
                                    .logical = cases[i].logical };
        struct vlapic *l = &lapic[0];

        vlapic_init(l, l->v, cases[i].id);
        wr(l, 0xd0, cases[i].ldr);
        wr(l, 0xe0, cases[i].dfr);
        if ( cases[i].x2apic )
            to_x2apic(l);
        if ( vlapic_matches(l, &m) != cases[i].match )
            fail_msg("%s", cases[i].what);
        assert_true(vlapic_base_write(l, VLAPIC_PAGE)); /* all disabled */
        assert_false(vlapic_matches(l, &m));
    }
}

/* ---- IPIs ---- */

static unsigned int who_nmi(void)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR; i++ )
        mask |= (unsigned int)vlapic_nmi_take(&lapic[i]) << i;
    return mask;
}

static unsigned int who_init(void)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR; i++ )
    {
        mask |= (inits[i] ? 1U : 0) << i;
        inits[i] = 0;
    }
    return mask;
}

static unsigned int who_sipi(int vector)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR; i++ )
    {
        mask |= (unsigned int)(sipi[i] == vector) << i;
        sipi[i] = -1;
    }
    return mask;
}

/* All enabled, with flat logical ids 1, 2, 4, 8. */
static void enable_all(void)
{
    for ( unsigned int i = 0; i < NR; i++ )
    {
        enable(&lapic[i]);
        wr(&lapic[i], 0xd0, 1U << (24 + i));
    }
}

struct ipi {
    uint32_t high, low;
    unsigned int fixed, nmi, init, sipi; /* who, of vcpu 1's sending */
};

static void check_ipi(const struct ipi *ipi, unsigned int n)
{
    uint8_t vector = (uint8_t)ipi->low;
    unsigned int fixed = who(vector), nmi = who_nmi(), init = who_init(),
                 started = who_sipi(vector);

    if ( fixed != ipi->fixed || nmi != ipi->nmi || init != ipi->init ||
         started != ipi->sipi )
        fail_msg("IPI %u: fixed %#x nmi %#x init %#x sipi %#x", n, fixed, nmi,
                 init, started);
}

static void test_ipis_of_xapics(void **state)
{
    static const struct ipi ipis[] = {
        { 0x02000000, 0x00041, 0x4, 0, 0, 0 },
        { 0x01000000, 0x00041, 0x2, 0, 0, 0 },
        { 0x07000000, 0x00041, 0x0, 0, 0, 0 },
        { 0xff000000, 0x00041, ALL, 0, 0, 0 },
        { 0x0c000000, 0x00841, 0xc, 0, 0, 0 },
        { 0xff000000, 0x00841, ALL, 0, 0, 0 },
        { 0x02000000, 0x40041, 0x2, 0, 0, 0 },  /* self */
        { 0x02000000, 0x80041, ALL, 0, 0, 0 },  /* all */
        { 0x02000000, 0xc0041, 0xd, 0, 0, 0 },  /* all others */
        { 0x02000000, 0xc0841, 0xd, 0, 0, 0 },
        { 0x02000000, 0x04041, 0x4, 0, 0, 0 },  /* assert has no meaning */
        { 0x02000000, 0x0000f, 0x0, 0, 0, 0 },  /* illegal vector */
        { 0x02000000, 0x00200, 0, 0, 0, 0 },    /* SMI */
        { 0x02000000, 0x00341, 0, 0, 0, 0 },    /* reserved */
        { 0x02000000, 0x00400, 0, 0x4, 0, 0 },
        { 0x02000000, 0xc0402, 0, 0xd, 0, 0 },
        { 0x02000000, 0x80402, 0, ALL, 0, 0 },
        { 0x02000000, 0x04500, 0, 0, 0x4, 0 },
        { 0x02000000, 0x0c500, 0, 0, 0x4, 0 },
        { 0x02000000, 0x08500, 0, 0, 0, 0 },    /* de-asserted */
        { 0x02000000, 0xc4500, 0, 0, 0xd, 0 },
        { 0x01000000, 0x04500, 0, 0, 0, 0 },    /* not oneself */
        { 0x02000000, 0x44500, 0, 0, 0, 0 },
        { 0x02000000, 0x84500, 0, 0, 0xd, 0 },
        { 0x03000000, 0x04699, 0, 0, 0, 0x8 },
        { 0x03000000, 0x04600, 0, 0, 0, 0x8 },
        { 0x03000000, 0xc4608, 0, 0, 0, 0xd },
        { 0x01000000, 0x04608, 0, 0, 0, 0 },
        { 0x02000000, 0x00700, 0, 0, 0, 0 },
    };

    (void)state;
    enable_all();
    for ( unsigned int i = 0; i < ARRAY_SIZE(ipis); i++ )
    {
        wr(&lapic[1], 0x310, ipis[i].high);
        wr(&lapic[1], 0x300, ipis[i].low | 0x1000);
        check_ipi(&ipis[i], i);
        assert_int_equal(rd(&lapic[1], 0x310), ipis[i].high);
        assert_int_equal(rd(&lapic[1], 0x300), ipis[i].low);
    }
    wr(&lapic[1], 0x280, 0);
    assert_int_equal(rd(&lapic[1], 0x280), 0x20);
}

static void test_ipis_of_x2apics(void **state)
{
    static const struct ipi ipis[] = {
        { 2, 0x00041, 0x4, 0, 0, 0 },
        { 0x02000000, 0x00041, 0, 0, 0, 0 },
        { 0xff, 0x00041, 0, 0, 0, 0 },
        { BC, 0x00041, ALL, 0, 0, 0 },
        { 0x6, 0x00841, 0x6, 0, 0, 0 },
        { 0x10006, 0x00841, 0, 0, 0, 0 },
        { BC, 0x00841, ALL, 0, 0, 0 },
        { 0, 0x40041, 0x2, 0, 0, 0 },
        { 0, 0xc0041, 0xd, 0, 0, 0 },
        { 0, 0x80041, ALL, 0, 0, 0 },
        { 3, 0x0c500, 0, 0, 0x8, 0 },
        { 3, 0x08500, 0, 0, 0, 0 },
        { 3, 0x00699, 0, 0, 0, 0x8 },
        { 0, 0xc0400, 0, 0xd, 0, 0 },
    };

    (void)state;
    enable_all();
    for ( unsigned int i = 0; i < NR; i++ )
        to_x2apic(&lapic[i]);
    for ( unsigned int i = 0; i < ARRAY_SIZE(ipis); i++ )
    {
        wrmsr(&lapic[1], 0x830, (uint64_t)ipis[i].high << 32 | ipis[i].low);
        check_ipi(&ipis[i], i);
    }
    assert_false(vlapic_msr_write(&lapic[1], 0x830, 2UL << 32 | 0x1041));
    assert_int_equal(who(0x41), 0);
}

/* A BSP in x2APIC mode starts others, which are not there yet. */
static void test_modes_mix(void **state)
{
    static const struct ipi ipis[] = {
        { 3, 0x00041, 0x8, 0, 0, 0 }, { 1, 0x00041, 0x2, 0, 0, 0 },
        { BC, 0x00041, ALL, 0, 0, 0 }, { 3, 0x0c500, 0, 0, 0x8, 0 },
        { 0x8, 0x00841, 0x8, 0, 0, 0 }, { 0x4, 0x00841, 0x4, 0, 0, 0 },
    };

    (void)state;
    enable_all();
    to_x2apic(&lapic[1]);
    to_x2apic(&lapic[3]);
    for ( unsigned int i = 0; i < ARRAY_SIZE(ipis); i++ )
    {
        wrmsr(&lapic[1], 0x830, (uint64_t)ipis[i].high << 32 | ipis[i].low);
        check_ipi(&ipis[i], i);
    }
    wr(&lapic[0], 0x310, 0xff000000);
    wr(&lapic[0], 0x300, 0x41);
    assert_int_equal(who(0x41), ALL);
}

static void test_disabled_and_absent_are_passed_over(void **state)
{
    (void)state;
    enable_all();
    wr(&lapic[0], 0xf0, 0xff);
    assert_true(vlapic_base_write(&lapic[2], VLAPIC_PAGE));
    wr(&lapic[1], 0x300, 0x80041);
    assert_int_equal(who(0x41), 0xa);
    wr(&lapic[1], 0x300, 0x80400);
    assert_int_equal(who_nmi(), 0xb); /* software disabling is not for NMIs */

    wr(&lapic[1], 0x310, 0);
    wr(&lapic[1], 0x300, 0x41);
    assert_int_equal(who(0x41), 0);
    wr(&lapic[3], 0xd0, 0); /* "all" looks at no logical id */
    wr(&lapic[1], 0x300, 0x80841);
    assert_int_equal(who(0x41), 0xa);
}

static void test_lowest_priority_goes_to_one(void **state)
{
    (void)state;
    enable_all();
    for ( unsigned int i = 0; i < NR; i++ )
        vlapic_set_tpr(&lapic[i], (uint8_t)(0x50 - 0x10 * i));
    wr(&lapic[1], 0x310, 0xff000000);
    wr(&lapic[1], 0x300, 0x00941);
    assert_int_equal(who(0x41), 0x8);
    wr(&lapic[1], 0x310, 0x07000000);
    wr(&lapic[1], 0x300, 0x00941);
    assert_int_equal(who(0x41), 0x4);
    assert_true(vlapic_set_irq(&lapic[2], 0xe0, false)); /* it is busy now */
    assert_int_equal(take(&lapic[2]), 0xe0);
    wr(&lapic[1], 0x300, 0x00941);
    assert_int_equal(who(0x41), 0x2);
    wr(&lapic[1], 0xf0, 0xff);
    wr(&lapic[1], 0x300, 0x00941);
    assert_int_equal(who(0x41), 0x1);
    wr(&lapic[1], 0x310, 0);
    wr(&lapic[1], 0x300, 0x00941);
    assert_int_equal(who(0x41), 0);
}

static void test_messages_of_devices(void **state)
{
    static const struct {
        struct vlapic_message m;
        bool taken;
        unsigned int fixed, nmi;
    } cases[] = {
        { { 2, false, false, VLAPIC_FIXED, 0x41 }, true, 0x4, 0 },
        { { 9, false, false, VLAPIC_FIXED, 0x41 }, false, 0, 0 },
        { { 6, true, false, VLAPIC_FIXED, 0x41 }, true, 0x6, 0 },
        { { 6, true, false, VLAPIC_LOWEST, 0x41 }, true, 0x2, 0 },
        { { 0x10, true, false, VLAPIC_LOWEST, 0x41 }, false, 0, 0 },
        { { BC, false, false, VLAPIC_NMI, 0x41 }, true, 0, ALL },
        { { 2, false, false, VLAPIC_FIXED, 0x05 }, false, 0, 0 },
        { { 2, false, false, VLAPIC_SMI, 0x41 }, false, 0, 0 },
        { { 2, false, false, VLAPIC_INIT, 0x41 }, false, 0, 0 },
        { { 2, false, false, VLAPIC_SIPI, 0x41 }, false, 0, 0 },
        { { 2, false, false, VLAPIC_EXTINT, 0x41 }, false, 0, 0 },
    };

    (void)state;
    enable_all();
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        bool taken = vlapic_deliver(guest, &cases[i].m);
        unsigned int fixed = who(cases[i].m.vector), nmi = who_nmi();

        if ( taken != cases[i].taken || fixed != cases[i].fixed ||
             nmi != cases[i].nmi || who_init() || who_sipi(0x41) )
            fail_msg("case %u: %d %#x %#x", i, taken, fixed, nmi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        vlapic_test(test_destinations_match),
        vlapic_test(test_ipis_of_xapics),
        vlapic_test(test_ipis_of_x2apics),
        vlapic_test(test_modes_mix),
        vlapic_test(test_disabled_and_absent_are_passed_over),
        vlapic_test(test_lowest_priority_goes_to_one),
        vlapic_test(test_messages_of_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
