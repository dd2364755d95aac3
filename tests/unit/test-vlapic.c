/* SPDX-License-Identifier: MIT */
/* The local APIC: registers in both modes, and the ways between them. */
#include "test-vlapic.h"

static void test_power_on_values(void **state)
{
    static const struct { unsigned int offset; uint32_t value; } regs[] = {
        { 0x20, 0x02000000 }, { 0x30, 0x50014 }, { 0x80, 0 }, { 0x90, 0 },
        { 0xa0, 0 }, { 0xb0, 0 }, { 0xc0, 0 }, { 0xd0, 0 },
        { 0xe0, 0xffffffff }, { 0xf0, 0xff }, { 0x100, 0 }, { 0x170, 0 },
        { 0x180, 0 }, { 0x1f0, 0 }, { 0x200, 0 }, { 0x270, 0 }, { 0x280, 0 },
        { 0x300, 0 }, { 0x310, 0 }, { 0x320, 0x10000 }, { 0x330, 0x10000 },
        { 0x340, 0x10000 }, { 0x350, 0x10000 }, { 0x360, 0x10000 },
        { 0x370, 0x10000 }, { 0x380, 0 }, { 0x390, 0 }, { 0x3e0, 0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(regs); i++ )
        if ( rd(&lapic[2], regs[i].offset) != regs[i].value )
            fail_msg("register %#x: %#x", regs[i].offset,
                     rd(&lapic[2], regs[i].offset));
    assert_int_equal(vlapic_base_read(&lapic[0]), 0xfee00900);
    assert_int_equal(vlapic_base_read(&lapic[2]), 0xfee00800);
    wr(&lapic[2], 0x280, 0);
    assert_int_equal(rd(&lapic[2], 0x280), 0); /* none was unknown */
}

/* Written with all ones and with zeros: what is read then. */
static void test_page_keeps_writable_bits(void **state)
{
    static const struct {
        unsigned int offset;
        uint32_t ones, zeros;
    } regs[] = {
        { 0x20, 0x01000000, 0x01000000 }, { 0x30, 0x50014, 0x50014 },
        { 0x80, 0xff, 0 }, { 0xd0, 0xff000000, 0 },
        { 0xe0, 0xffffffff, 0x0fffffff }, { 0x310, 0xff000000, 0 },
        { 0x320, 0x300ff, 0 }, { 0x330, 0x107ff, 0 }, { 0x340, 0x107ff, 0 },
        { 0x350, 0x1a7ff, 0 }, { 0x360, 0x1a7ff, 0 }, { 0x370, 0x100ff, 0 },
        { 0x3e0, 0xb, 0 }, { 0x100, 0, 0 }, { 0x180, 0, 0 }, { 0x200, 0, 0 },
        { 0xf0, 0x3ff, 0 },
    };
    struct vlapic *l = &lapic[1];

    (void)state;
    enable(l);
    for ( unsigned int i = 0; i < ARRAY_SIZE(regs); i++ )
    {
        wr(l, regs[i].offset, ~0U);
        if ( rd(l, regs[i].offset) != regs[i].ones )
            fail_msg("register %#x: %#x", regs[i].offset,
                     rd(l, regs[i].offset));
        wr(l, regs[i].offset, 0);
        if ( rd(l, regs[i].offset) != regs[i].zeros )
            fail_msg("register %#x, zeros: %#x", regs[i].offset,
                     rd(l, regs[i].offset));
    }
}

static void test_page_access_sizes(void **state)
{
    struct vlapic *l = &lapic[3];

    (void)state;
    assert_int_equal(vlapic_mmio_read(l, 0x23, 1), 3);
    assert_int_equal(vlapic_mmio_read(l, 0x22, 2), 0x300);
    assert_int_equal(vlapic_mmio_read(l, 0x20, 8), 0x03000000);
    assert_int_equal(vlapic_mmio_read(l, 0x24, 4), 0);
    assert_int_equal(vlapic_mmio_read(l, 0x2c, 1), 0);
    wr(l, 0x80, 0x20);
    vlapic_mmio_write(l, 0x80, 1, 0x30);
    vlapic_mmio_write(l, 0x80, 8, 0x30);
    assert_int_equal(rd(l, 0x80), 0x20);
    enable(l);
    wr(l, 0x320, 0x41);
    vlapic_mmio_write(l, 0x324, 4, 0x42);
    assert_int_equal(rd(l, 0x320), 0x41);
}

static void test_page_is_there_in_xapic_mode(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    assert_true(vlapic_covers(l, 0xfee00000));
    assert_true(vlapic_covers(l, 0xfee00fff));
    assert_false(vlapic_covers(l, 0xfee01000));
    assert_false(vlapic_covers(l, 0xfedfffff));
    to_x2apic(l);
    assert_false(vlapic_covers(l, 0xfee00000));
    assert_true(vlapic_base_write(l, 0xfee00000));
    assert_false(vlapic_covers(l, 0xfee00000));
}

#define OFF 0xfee00000UL
#define X1 0xfee00800UL
#define X2 0xfee00c00UL
#define BAD 0xfee00400UL

static void test_base_transitions(void **state)
{
    static const struct { uint64_t from, to; bool legal; } steps[] = {
        { OFF, OFF, true }, { OFF, X1, true }, { OFF, X2, false },
        { OFF, BAD, false }, { X1, OFF, true }, { X1, X1, true },
        { X1, X2, true }, { X1, BAD, false }, { X2, OFF, true },
        { X2, X1, false }, { X2, X2, true }, { X2, BAD, false },
        { X1, X1 | 1, false }, { X1, X1 | 0x80, false },
        { X1, X1 | 0x200, false }, { X1, X1 + 0x1000, false },
        { X1, X1 | 1UL << 40, false }, { X1, 0x800, false },
        { X1, X1 | 0x100, true }, /* and is not set */
        { X1, X2 | 0x100, true }, { OFF, X1 | 0x100, true },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(steps); i++ )
    {
        struct vlapic *l = &lapic[1];

        vlapic_init(l, l->v, 1);
        if ( steps[i].from == OFF )
            assert_true(vlapic_base_write(l, OFF));
        if ( steps[i].from == X2 )
            assert_true(vlapic_base_write(l, X2));
        if ( vlapic_base_write(l, steps[i].to) != steps[i].legal )
            fail_msg("%#lx -> %#lx", steps[i].from, steps[i].to);
        assert_int_equal(vlapic_base_read(l), steps[i].legal
                         ? steps[i].to & ~0x100UL : steps[i].from);
    }
    assert_true(vlapic_base_write(&lapic[0], X1)); /* nor is it cleared */
    assert_int_equal(vlapic_base_read(&lapic[0]), X1 | 0x100);
}

static void test_x2apic_keeps_state_disabling_does_not(void **state)
{
    struct vlapic *l = &lapic[3];

    (void)state;
    vlapic_init(l, l->v, 0x1234);
    assert_int_equal(rd(l, 0x20), 0x34000000);
    enable(l);
    wr(l, 0x80, 0x20);
    wr(l, 0x350, 0x41);
    wr(l, 0x310, 0x7f000000);
    assert_true(vlapic_set_irq(l, 0x55, false));
    to_x2apic(l);
    assert_int_equal(rdmsr(l, 0x802), 0x1234);
    assert_int_equal(rdmsr(l, 0x80d), 0x1230010);
    assert_int_equal(rdmsr(l, 0x808), 0x20);
    assert_int_equal(rdmsr(l, 0x835), 0x41);
    assert_int_equal(rdmsr(l, 0x830), 0);
    assert_int_equal(vlapic_pending(l), 0x55);
    vlapic_reset(l); /* INIT */
    assert_true(vlapic_is_x2apic(l));
    assert_int_equal(rdmsr(l, 0x80d), 0x1230010);
    assert_int_equal(rdmsr(l, 0x80f), 0xff);
    assert_int_equal(vlapic_pending(l), -1);

    wrmsr(l, 0x80f, 0x1ff);
    assert_true(vlapic_set_irq(l, 0x56, false));
    assert_true(vlapic_base_write(l, OFF));
    assert_int_equal(vlapic_pending(l), -1);
    assert_false(vlapic_set_irq(l, 0x57, false));
    assert_true(vlapic_base_write(l, X1));
    assert_int_equal(vlapic_pending(l), -1);
    assert_int_equal(rd(l, 0x20), 0x34000000);
    assert_int_equal(rd(l, 0xd0), 0);
    assert_int_equal(rd(l, 0xf0), 0xff);
}

/* Each MSR: may it be read, and which bits may be set. */
static void test_msrs_fault_on_reserved(void **state)
{
    static const struct {
        uint32_t first, last;
        bool readable, writable;
        uint64_t bits;
    } msrs[] = {
        { 0x800, 0x801, false, false, 0 }, { 0x802, 0x803, true, false, 0 },
        { 0x804, 0x807, false, false, 0 }, { 0x808, 0x808, true, true, 0xff },
        { 0x809, 0x809, false, false, 0 }, { 0x80a, 0x80a, true, false, 0 },
        { 0x80b, 0x80b, false, true, 0 }, { 0x80c, 0x80c, false, false, 0 },
        { 0x80d, 0x80d, true, false, 0 }, { 0x80e, 0x80e, false, false, 0 },
        { 0x80f, 0x80f, true, true, 0x3ff }, { 0x810, 0x827, true, false, 0 },
        { 0x828, 0x828, true, true, 0 }, { 0x829, 0x82f, false, false, 0 },
        { 0x830, 0x830, true, true, 0xffffffff000ccfff },
        { 0x831, 0x831, false, false, 0 },
        { 0x832, 0x832, true, true, 0x350ff },
        { 0x833, 0x834, true, true, 0x157ff },
        { 0x835, 0x836, true, true, 0x1f7ff },
        { 0x837, 0x837, true, true, 0x150ff },
        { 0x838, 0x838, true, true, 0xffffffff },
        { 0x839, 0x839, true, false, 0 }, { 0x83a, 0x83d, false, false, 0 },
        { 0x83e, 0x83e, true, true, 0xb }, { 0x83f, 0x83f, false, true, 0xff },
        { 0x840, 0x8ff, false, false, 0 },
    };
    struct vlapic *l = &lapic[0];
    unsigned int seen = 0;

    (void)state;
    to_x2apic(l);
    for ( unsigned int i = 0; i < ARRAY_SIZE(msrs); i++ )
        for ( uint32_t m = msrs[i].first; m <= msrs[i].last; m++, seen++ )
        {
            uint64_t value;

            if ( vlapic_msr_read(l, m, &value) != msrs[i].readable )
                fail_msg("read of %#x", m);
            if ( vlapic_msr_write(l, m, 0) != msrs[i].writable )
                fail_msg("write of %#x", m);
            for ( unsigned int bit = 0; bit < 64; bit++ )
                if ( vlapic_msr_write(l, m, 1UL << bit) !=
                     (msrs[i].bits >> bit & 1) )
                    fail_msg("write of %#x, bit %u", m, bit);
        }
    assert_int_equal(seen, 0x100);
}

static void test_msrs_fault_in_other_modes(void **state)
{
    uint64_t value;

    (void)state;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        for ( uint32_t m = MSR_X2APIC_FIRST; m <= MSR_X2APIC_LAST; m++ )
        {
            assert_false(vlapic_msr_read(&lapic[0], m, &value));
            assert_false(vlapic_msr_write(&lapic[0], m, 0));
        }
        assert_true(vlapic_base_write(&lapic[0], OFF));
    }
}

/* Both ways lead to the same registers. */
static void test_msrs_are_the_registers(void **state)
{
    struct vlapic *l = &lapic[2];

    (void)state;
    to_x2apic(l);
    wrmsr(l, 0x80f, 0x1ff);
    wrmsr(l, 0x836, 0x10441); /* read-only bits are not kept */
    wrmsr(l, 0x835, 0x15441);
    assert_int_equal(rdmsr(l, 0x836), 0x10441);
    assert_int_equal(rdmsr(l, 0x835), 0x10441);
    assert_true(vlapic_set_irq(l, 0xe3, true));
    assert_int_equal(rdmsr(l, 0x827), 8);
    assert_int_equal(rdmsr(l, 0x81f), 8);
    assert_int_equal(take(l), 0xe3);
    assert_int_equal(rdmsr(l, 0x827), 0);
    assert_int_equal(rdmsr(l, 0x817), 8);
    assert_int_equal(rdmsr(l, 0x80a), 0xe0);
    wrmsr(l, 0x80b, 0);
    assert_int_equal(rdmsr(l, 0x817), 0);
    assert_int_equal(eoi_vector[2], 0xe3);
    wrmsr(l, 0x808, 0x45);
    assert_int_equal(vlapic_get_cr8(l), 4);
    vlapic_set_cr8(l, 4); /* what did not change stays whole */
    assert_int_equal(rdmsr(l, 0x808), 0x45);
    vlapic_set_cr8(l, 0xf);
    assert_int_equal(rdmsr(l, 0x808), 0xf0);
    wrmsr(l, 0x830, 0x1234567800000441);
    assert_int_equal(rdmsr(l, 0x830), 0x1234567800000441);
    wrmsr(l, 0x83f, 0x99);
    assert_int_equal(vlapic_pending(l), -1);
    wrmsr(l, 0x808, 0x80);
    assert_int_equal(take(l), 0x99);
}

static void test_errors_are_latched_and_signalled(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    enable(l);
    wr(l, 0x370, 0x40);
    assert_int_equal(rd(l, 0x400), 0);
    assert_int_equal(take(l), 0x40);
    vlapic_eoi(l);
    wr(l, 0x2f0, 0); /* nothing there */
    assert_int_equal(vlapic_pending(l), -1); /* of a kind that was there */
    assert_false(vlapic_set_irq(l, 15, false));
    assert_int_equal(take(l), 0x40);
    assert_int_equal(rd(l, 0x280), 0); /* not written yet */
    wr(l, 0x280, 0);
    assert_int_equal(rd(l, 0x280), 0xc0);
    wr(l, 0x280, 0);
    assert_int_equal(rd(l, 0x280), 0);
    vlapic_eoi(l);
    wr(l, 0x300, 0x40005); /* to itself, an illegal vector */
    assert_int_equal(take(l), 0x40);
    wr(l, 0x280, 0);
    assert_int_equal(rd(l, 0x280), 0x20);

    wr(l, 0x370, 3); /* the error interrupt is an error */
    rd(l, 0x400);
    wr(l, 0x280, 0);
    assert_int_equal(rd(l, 0x280), 0xc0);
}

static void test_registers_that_are_not_there(void **state)
{
    static const struct {
        unsigned int offset;
        bool read, write; /* is an error */
    } regs[] = {
        { 0x00, true, true }, { 0x20, false, false }, { 0x30, false, false },
        { 0x40, true, true }, { 0x90, false, false }, { 0x100, false, false },
        { 0x270, false, false }, { 0x290, true, true }, { 0x2f0, true, true },
        { 0x320, false, false }, { 0x390, false, false }, { 0x3a0, true, true },
        { 0x3e0, false, false }, { 0x3f0, true, true }, { 0x400, true, true },
        { 0xff0, true, true },
    };
    struct vlapic *l = &lapic[0];

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(regs); i++ )
    {
        rd(l, regs[i].offset);
        wr(l, 0x280, 0);
        if ( rd(l, 0x280) != (regs[i].read ? 0x80 : 0) )
            fail_msg("read of %#x: %#x", regs[i].offset, rd(l, 0x280));
        wr(l, regs[i].offset, 0x10000);
        wr(l, 0x280, 0);
        if ( rd(l, 0x280) != (regs[i].write ? 0x80 : 0) )
            fail_msg("write of %#x: %#x", regs[i].offset, rd(l, 0x280));
    }
}

/* Whatever may let another vcpu take INTR of the 8259s. */
static void test_intr_may_move(void **state)
{
    struct vlapic *l = &lapic[1];
    unsigned int seen = intr_moves[1];

    (void)state;
    enable(l);
    assert_int_equal(intr_moves[1], ++seen);
    wr(l, 0x350, 0x700);
    assert_int_equal(intr_moves[1], ++seen);
    assert_true(vlapic_takes_extint(l));
    wr(l, 0x360, 0x700); /* LINT1 has nothing to do with it */
    assert_int_equal(intr_moves[1], seen);
    wr(l, 0xf0, 0xff);
    assert_int_equal(intr_moves[1], ++seen);
    assert_false(vlapic_takes_extint(l));
    assert_true(vlapic_base_write(l, VLAPIC_PAGE));
    assert_int_equal(intr_moves[1], ++seen);
    assert_true(vlapic_takes_extint(l));
    vlapic_reset(l);
    assert_int_equal(intr_moves[1], ++seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        vlapic_test(test_intr_may_move),
        vlapic_test(test_power_on_values),
        vlapic_test(test_page_keeps_writable_bits),
        vlapic_test(test_page_access_sizes),
        vlapic_test(test_page_is_there_in_xapic_mode),
        vlapic_test(test_base_transitions),
        vlapic_test(test_x2apic_keeps_state_disabling_does_not),
        vlapic_test(test_msrs_fault_on_reserved),
        vlapic_test(test_msrs_fault_in_other_modes),
        vlapic_test(test_msrs_are_the_registers),
        vlapic_test(test_errors_are_latched_and_signalled),
        vlapic_test(test_registers_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
