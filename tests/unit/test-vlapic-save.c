/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's records LAPIC and LAPIC_REGS, and where INTR of the 8259s
 * gets through.
 */
#include "test-vlapic.h"

#include <xen/hvm/save.h>

static struct hvm_hw_lapic hidden;
static struct hvm_hw_lapic_regs regs;

static uint32_t *reg(unsigned int offset)
{
    return (uint32_t *)(void *)&regs.data[offset];
}

static void save(unsigned int i)
{
    memset(&hidden, 0xff, sizeof(hidden));
    memset(&regs, 0xff, sizeof(regs));
    vlapic_save(&lapic[i], &hidden);
    vlapic_save_regs(&lapic[i], &regs);
}

static int load(unsigned int i)
{
    int rc = vlapic_load(&lapic[i], &hidden);

    return rc ? rc : vlapic_load_regs(&lapic[i], &regs);
}

static void renew(unsigned int i)
{
    vlapic_destroy(&lapic[i]);
    vlapic_init(&lapic[i], domain_vcpu(guest, i), i);
}

/* All registers of a busy one come back; what it had pending is due. */
static void test_a_busy_one(void **state)
{
    static const unsigned int offsets[] = {
        0x20, 0x30, 0x80, 0xa0, 0xd0, 0xe0, 0xf0, 0x110, 0x150, 0x190, 0x250,
        0x280, 0x300, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380,
        0x3e0,
    };
    uint32_t was[ARRAY_SIZE(offsets)];
    struct vlapic *l = &lapic[1];

    (void)state;
    enable(l);
    wr(l, 0x80, 0x20);
    wr(l, 0xd0, 0x02000000);
    wr(l, 0xe0, 0x0fffffff);
    wr(l, 0x310, 0x03000000);
    wr(l, 0x350, 0x700);
    wr(l, 0x360, 0x400);
    wr(l, 0x300, 0x5); /* an illegal vector, for ESR */
    wr(l, 0x280, 0);
    assert_true(vlapic_set_irq(l, 0xa5, true));
    vlapic_ack(l, 0xa5);
    assert_true(vlapic_set_irq(l, 0xa7, false));
    assert_true(vlapic_set_irq(l, 0xb1, true));
    for ( unsigned int i = 0; i < ARRAY_SIZE(offsets); i++ )
        was[i] = rd(l, offsets[i]);
    save(1);
    assert_int_equal(hidden.apic_base_msr, 0xfee00800);
    assert_int_equal(hidden.disabled, 0);
    assert_int_equal(*reg(0x250), 0x000200a0 & ~0x20);
    renew(1);
    assert_int_equal(load(1), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(offsets); i++ )
        assert_int_equal(rd(l, offsets[i]), was[i]);
    assert_int_equal(vlapic_pending(l), 0xb1);
    vlapic_eoi(l);
    assert_int_equal(eoi_vector[1], 0xa5); /* still level-triggered */
}

static void test_timer(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    enable(l);
    wr(l, 0x3e0, 0xb); /* divide by 1: 10 ns each */
    wr(l, 0x320, 0x20000 | 0x40);
    wr(l, 0x380, 100000);
    set_time(test_now + 400000);
    save(0);
    assert_int_equal(hidden.timer_divisor, 1);
    assert_int_equal(*reg(0x390), 60000);
    renew(0);
    set_time(test_now + 5000000);
    assert_int_equal(load(0), 0);
    assert_int_equal(rd(l, 0x390), 60000);
    assert_int_equal(vlapic_pending(l), -1);
    set_time(test_now + 600000);
    assert_int_equal(vlapic_pending(l), 0x40);
    assert_int_equal(rd(l, 0x390), 100000);
    /* Xen's record has no current count: the whole count. */
    *reg(0x390) = 0;
    assert_int_equal(load(0), 0);
    assert_int_equal(rd(l, 0x390), 100000);
}

static void test_x2apic(void **state)
{
    struct vlapic *l = &lapic[3];

    (void)state;
    assert_true(vlapic_base_write(l, 0xfee00c00));
    save(3);
    assert_int_equal(*reg(0x20), 3);
    renew(3);
    assert_int_equal(load(3), 0);
    assert_true(vlapic_is_x2apic(l));
    assert_int_equal(l->ldr, 8);
    assert_true(vlapic_base_write(l, 0xfee00000));
    save(3);
    assert_int_equal(hidden.disabled, 3);
    renew(3);
    assert_int_equal(load(3), 0);
    assert_false(vlapic_is_enabled(l));
}

/* A register that x2APIC mode has not is saved as what loading leaves there. */
static void test_x2apic_has_no_dfr(void **state)
{
    struct vlapic *l = &lapic[3];

    (void)state;
    enable(l);
    wr(l, 0xe0, 0x0fffffff);
    assert_true(vlapic_base_write(l, 0xfee00c00));
    save(3);
    assert_int_equal(*reg(0xe0), ~0U);
    renew(3);
    assert_int_equal(load(3), 0);
    *reg(0xe0) = 0;
    save(3);
    assert_int_equal(*reg(0xe0), ~0U);
}

static void test_illegal_values(void **state)
{
    static const struct { unsigned int offset; uint32_t value; } rows[] = {
        { 0x20, 0 }, { 0x20, 0x02000000 }, { 0x80, 0x100 }, { 0xd0, 1 },
        { 0xe0, 0xf0000000 }, { 0xf0, 0x400 }, { 0x100, 0x8000 },
        { 0x180, 1 }, { 0x200, 0x4000 }, { 0x280, 0x100 },
        { 0x300, 0x100000 }, { 0x310, 1 }, { 0x320, 0x40000 },
        { 0x350, 0x800 }, { 0x370, 0x20000 }, { 0x3e0, 4 }, { 0x390, 1 },
    };
    static const uint64_t bases[] = {
        0xfee00000 | 0x400, 0xfed00800, 0xfee00900, 0xfee00801, 1UL << 60,
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        save(1);
        *reg(rows[i].offset) = rows[i].value;
        assert_int_equal(load(1), -EINVAL);
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(bases); i++ )
    {
        save(1);
        hidden.apic_base_msr = bases[i];
        assert_int_equal(load(1), -EINVAL);
    }
    save(1);
    hidden.disabled = 4;
    assert_int_equal(load(1), -EINVAL);
    save(1);
    hidden.tdt_msr = 1;
    assert_int_equal(load(1), -EINVAL);
    save(1);
    assert_int_equal(load(1), 0);
}

static void test_extint(void **state)
{
    struct vlapic *l = &lapic[0];

    (void)state;
    assert_false(vlapic_takes_extint(l));
    enable(l);
    wr(l, 0x350, 0x10700);
    assert_false(vlapic_takes_extint(l));
    wr(l, 0x350, 0x700);
    assert_true(vlapic_takes_extint(l));
    wr(l, 0x350, 0x400);
    assert_false(vlapic_takes_extint(l));
    wr(l, 0x350, 0x700);
    wr(l, 0xf0, 0xff); /* disabled by software: all of LVT is masked */
    assert_false(vlapic_takes_extint(l));
    assert_true(vlapic_base_write(l, 0xfee00100));
    assert_true(vlapic_takes_extint(l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        vlapic_test(test_a_busy_one), vlapic_test(test_timer),
        vlapic_test(test_x2apic),     vlapic_test(test_illegal_values),
        vlapic_test(test_x2apic_has_no_dfr),
        vlapic_test(test_extint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
