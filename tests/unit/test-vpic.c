/* SPDX-License-Identifier: MIT */
/*
 * The 8259As: initialisation, priorities, ends of interrupts, modes, records;
 * and that no sequence of writes breaks what always holds.
 */
#include "fixture.h"

#include <emul/vpic.h>

#include <xen/hvm/save.h>

#define FIRST 0x20
#define SECOND 0xa0
#define EOI 0x20
#define EOI_OF(n) (0x60 | (n))

static struct vpic pic;
static unsigned int nr_raised;

static void raised(void *arg)
{
    assert_ptr_equal(arg, &pic);
    assert_false(spin_is_mine(&pic.lock));
    assert_true(vpic_intr(&pic));
    nr_raised++;
}

static void wr(uint16_t port, uint8_t value)
{
    vpic_write(&pic, port, value);
}

static uint8_t rd(uint16_t port)
{
    return vpic_read(&pic, port);
}

/* As a PC's firmware does: vectors 0x20 and 0x28, nothing masked. */
static void init_chips(uint8_t icw4)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        uint16_t port = i ? SECOND : FIRST;

        wr(port, 0x11);
        wr(port + 1, i ? 0x28 : 0x20);
        wr(port + 1, i ? 2 : 4);
        wr(port + 1, icw4);
        wr(port + 1, 0);
    }
}

static int setup(void **state)
{
    (void)state;
    vpic_init(&pic, raised, &pic);
    init_chips(1);
    nr_raised = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vpic_destroy(&pic);
    return 0;
}

static void pulse(unsigned int irq)
{
    vpic_set_irq(&pic, irq, false);
    vpic_set_irq(&pic, irq, true);
}

static uint8_t isr(uint16_t port)
{
    wr(port, 0x0b);
    return rd(port);
}

static uint8_t irr(uint16_t port)
{
    wr(port, 0x0a);
    return rd(port);
}

static void test_each_input(void **state)
{
    (void)state;
    for ( unsigned int irq = 0; irq < 16; irq++ )
    {
        pulse(irq);
        if ( irq == 2 )
        {
            assert_false(vpic_intr(&pic));
            continue;
        }
        assert_true(vpic_intr(&pic));
        assert_int_equal(vpic_ack(&pic), 0x20 + irq);
        assert_false(vpic_intr(&pic));
        assert_int_equal(vpic_ack(&pic), -1);
        assert_int_equal(isr(FIRST), irq < 8 ? 1U << irq : 4);
        assert_int_equal(isr(SECOND), irq < 8 ? 0 : 1U << (irq - 8));
        if ( irq >= 8 )
            wr(SECOND, EOI);
        wr(FIRST, EOI);
        assert_false(vpic_intr(&pic)); /* the input is still up */
        vpic_set_irq(&pic, irq, false);
    }
    assert_int_equal(nr_raised, 15);
}

static void test_edge_and_level(void **state)
{
    (void)state;
    vpic_set_irq(&pic, 5, true);
    vpic_set_irq(&pic, 5, false); /* forgotten */
    assert_false(vpic_intr(&pic));
    assert_int_equal(rd(0x4d0), 0);
    wr(0x4d0, 0xff);
    wr(0x4d1, 0xff);
    assert_int_equal(rd(0x4d0), 0xf8);
    assert_int_equal(rd(0x4d1), 0xde);
    vpic_set_irq(&pic, 5, true);
    assert_int_equal(vpic_ack(&pic), 0x25);
    assert_int_equal(irr(FIRST), 0x20);
    wr(FIRST, EOI);
    assert_int_equal(vpic_ack(&pic), 0x25);
    vpic_set_irq(&pic, 5, false);
    wr(FIRST, EOI);
    assert_false(vpic_intr(&pic));
}

static void test_mask(void **state)
{
    (void)state;
    wr(FIRST + 1, 0xfb);
    wr(SECOND + 1, 0xff);
    assert_int_equal(rd(FIRST + 1), 0xfb);
    pulse(3);
    pulse(14);
    assert_false(vpic_intr(&pic));
    assert_int_equal(irr(FIRST), 0x08);
    assert_int_equal(irr(SECOND), 0x40);
    wr(SECOND + 1, 0xbf);
    assert_int_equal(irr(FIRST), 0x0c);
    assert_int_equal(vpic_ack(&pic), 0x2e);
    wr(FIRST + 1, 0xf7); /* the lower priority waits for the EOI */
    assert_int_equal(vpic_ack(&pic), -1);
    wr(SECOND, EOI);
    wr(FIRST, EOI);
    assert_int_equal(vpic_ack(&pic), 0x23);
}

static void test_priorities(void **state)
{
    (void)state;
    pulse(4);
    pulse(1);
    assert_int_equal(vpic_ack(&pic), 0x21);
    assert_int_equal(vpic_ack(&pic), -1);
    pulse(0);
    assert_int_equal(vpic_ack(&pic), 0x20); /* nested */
    wr(FIRST, EOI); /* of the highest in service */
    assert_int_equal(isr(FIRST), 0x02);
    wr(FIRST, EOI_OF(1));
    assert_int_equal(vpic_ack(&pic), 0x24);
    wr(FIRST, 0xa0); /* EOI, and 4 is the lowest from now on */
    pulse(4);
    pulse(5);
    pulse(3);
    assert_int_equal(vpic_ack(&pic), 0x25);
    wr(FIRST, EOI);
    assert_int_equal(vpic_ack(&pic), 0x23);
    wr(FIRST, EOI);
    assert_int_equal(vpic_ack(&pic), 0x24);
    wr(FIRST, 0xe0 | 4); /* EOI of 4 and rotate */
    wr(FIRST, 0xc0 | 7); /* set priority: 7 is the lowest */
    pulse(0);
    pulse(7);
    assert_int_equal(vpic_ack(&pic), 0x20);
}

static void test_special_mask(void **state)
{
    (void)state;
    pulse(1);
    assert_int_equal(vpic_ack(&pic), 0x21);
    wr(FIRST, 0x68);
    wr(FIRST + 1, 0x02);
    pulse(6); /* lower than what is in service, and masked */
    assert_int_equal(vpic_ack(&pic), 0x26);
    wr(FIRST, EOI);
    assert_int_equal(isr(FIRST), 0x02);
    wr(FIRST, EOI);
    assert_int_equal(isr(FIRST), 0x02); /* not of a masked one */
    wr(FIRST, 0x48);
    wr(FIRST, EOI);
    assert_int_equal(isr(FIRST), 0);
}

static void test_nested(void **state)
{
    (void)state;
    pulse(12);
    assert_int_equal(vpic_ack(&pic), 0x2c);
    pulse(9);
    assert_int_equal(vpic_ack(&pic), -1);
    wr(SECOND, EOI);
    wr(FIRST, EOI);
    assert_int_equal(vpic_ack(&pic), 0x29);
    init_chips(0x11);
    pulse(12);
    assert_int_equal(vpic_ack(&pic), 0x2c);
    pulse(4);
    assert_int_equal(vpic_ack(&pic), -1); /* still lower than input 2 */
    pulse(9);
    assert_int_equal(vpic_ack(&pic), 0x29);
}

static void test_auto_eoi(void **state)
{
    (void)state;
    init_chips(3);
    pulse(3);
    assert_int_equal(vpic_ack(&pic), 0x23);
    assert_int_equal(isr(FIRST), 0);
    wr(FIRST, 0x80);
    pulse(3);
    assert_int_equal(vpic_ack(&pic), 0x23);
    pulse(3);
    pulse(4);
    assert_int_equal(vpic_ack(&pic), 0x24);
    assert_int_equal(vpic_ack(&pic), 0x23);
    wr(FIRST, 0x00);
    pulse(4);
    pulse(5);
    assert_int_equal(vpic_ack(&pic), 0x24);
}

static void test_poll(void **state)
{
    (void)state;
    wr(FIRST, 0x0c);
    assert_int_equal(rd(FIRST), 0);
    pulse(10);
    wr(FIRST, 0x0c);
    assert_int_equal(rd(FIRST), 0x82);
    wr(SECOND, 0x0c);
    assert_int_equal(rd(SECOND), 0x82);
    assert_int_equal(isr(SECOND), 0x04);
    assert_int_equal(isr(FIRST), 0x04);
    assert_int_equal(rd(FIRST + 1), 0);
}

/* ICW1 forgets; chips that are said to be single or without ICW4. */
static void test_initialisation(void **state)
{
    (void)state;
    wr(0x4d0, 0x20);
    vpic_set_irq(&pic, 5, true);
    pulse(3);
    pulse(1);
    assert_int_equal(vpic_ack(&pic), 0x21);
    wr(FIRST + 1, 0xff);
    wr(FIRST, 0x12); /* single, no ICW4 */
    assert_int_equal(rd(FIRST + 1), 0);
    assert_int_equal(rd(FIRST), 0x20); /* IRR: the level */
    wr(FIRST + 1, 0x77);
    wr(FIRST + 1, 0x0f); /* the mask */
    assert_int_equal(rd(FIRST + 1), 0x0f);
    wr(FIRST + 1, 0);
    assert_int_equal(vpic_ack(&pic), 0x75);
    wr(FIRST, 0x13);
    wr(FIRST + 1, 0x40);
    wr(FIRST + 1, 0x03); /* ICW4 */
    wr(FIRST + 1, 0x55);
    assert_int_equal(rd(FIRST + 1), 0x55);
}

static void test_records(void **state)
{
    struct hvm_hw_vpic r[2], again, bad;

    (void)state;
    wr(0x4d0, 0x08);
    wr(SECOND + 1, 0x55);
    pulse(3);
    pulse(9);
    assert_int_equal(vpic_ack(&pic), 0x29);
    wr(FIRST, 0x11);
    wr(FIRST + 1, 0x38);
    memset(r, 0xff, sizeof(r)); /* no bit of which stays */
    memset(&again, 0, sizeof(again));
    vpic_save(&pic, 0, &r[0]);
    vpic_save(&pic, 1, &r[1]);
    assert_int_equal(r[0].irq_base, 0x38);
    assert_int_equal(r[0].init_state, 6); /* ICW3 is next, ICW4 comes */
    assert_int_equal(r[0].is_master, 1);
    assert_int_equal(r[0].elcr, 0x0c);
    assert_int_equal(r[0].irr, 0x08);
    assert_int_equal(r[1].imr, 0x55);
    assert_int_equal(r[1].isr, 0x02);
    vpic_destroy(&pic);
    vpic_init(&pic, raised, &pic);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(vpic_load(&pic, i, &r[i]), 0);
        vpic_save(&pic, i, &again);
        assert_memory_equal(&again, &r[i], sizeof(again));
    }
    wr(FIRST + 1, 4);
    wr(FIRST + 1, 1);
    assert_int_equal(vpic_ack(&pic), 0x3b);

#define BAD(chip, field, value)                                              \
    (bad = r[chip], bad.field = (value), vpic_load(&pic, chip, &bad))
    assert_int_equal(BAD(0, is_master, 0), -EINVAL);
    assert_int_equal(BAD(1, is_master, 1), -EINVAL);
    assert_int_equal(BAD(0, priority_add, 8), -EINVAL);
    assert_int_equal(BAD(0, irq_base, 0x21), -EINVAL);
    assert_int_equal(BAD(0, elcr, 0x08), -EINVAL);
    assert_int_equal(BAD(0, elcr, 0x0d), -EINVAL);
    assert_int_equal(BAD(1, elcr, 0x01), -EINVAL);
    assert_int_equal(BAD(0, init_state, 4), -EINVAL);
    assert_int_equal(BAD(0, int_output, 2), -EINVAL);
#undef BAD
}

/* What always holds, after each of many random operations. */
static void check(void)
{
    struct hvm_hw_vpic r[2];

    for ( unsigned int i = 0; i < 2; i++ )
    {
        vpic_save(&pic, i, &r[i]);
        assert_int_equal(vpic_load(&pic, i, &r[i]), 0);
        if ( r[i].int_output )
            assert_int_not_equal(r[i].irr & ~r[i].imr, 0);
        else if ( !r[i].isr )
            assert_int_equal(r[i].irr & ~r[i].imr, 0);
    }
    assert_int_equal(!!(r[0].irr & 4), r[1].int_output);
    assert_int_equal(vpic_intr(&pic), r[0].int_output);
}

static void test_random(void **state)
{
    static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
    unsigned int seed = 3, acked = 0;

    (void)state;
    for ( unsigned int n = 0; n < 100000; n++ )
    {
        unsigned int a = (unsigned int)rand_r(&seed) >> 4;
        uint16_t port = ports[a % ARRAY_SIZE(ports)];
        bool was = vpic_intr(&pic);
        int vector;

        switch ( (unsigned int)rand_r(&seed) % 4 )
        {
        case 0:
            wr(port, (uint8_t)(a >> 8));
            break;
        case 1:
            rd(port);
            break;
        case 2:
            vpic_set_irq(&pic, a % 16, a >> 8 & 1);
            break;
        default:
            vector = vpic_ack(&pic);
            assert_int_equal(vector >= 0, was);
            acked += was;
        }
        check();
    }
    assert_true(acked > 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_each_input),     T(test_edge_and_level), T(test_mask),
        T(test_priorities),     T(test_special_mask),   T(test_nested),
        T(test_auto_eoi),       T(test_poll),           T(test_initialisation),
        T(test_records),        T(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
