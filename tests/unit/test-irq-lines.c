/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of an HVM guest: where each source ends, lines with several
 * sources, and random operations against counters.
 */
#include "fixture.h"

#include <emul/irq-lines.h>

static struct irq_lines lines;
static bool gsi_level[IRQ_LINES_GSIS], isa_level[IRQ_LINES_ISA];
static unsigned int nr_changes;

static void gsi_changed(void *arg, unsigned int gsi, bool asserted)
{
    assert_ptr_equal(arg, &lines);
    assert_true(spin_is_mine(&lines.lock));
    assert_int_not_equal(gsi_level[gsi], asserted);
    gsi_level[gsi] = asserted;
    nr_changes++;
}

static void isa_changed(void *arg, unsigned int irq, bool asserted)
{
    assert_ptr_equal(arg, &lines);
    assert_int_not_equal(isa_level[irq], asserted);
    isa_level[irq] = asserted;
    nr_changes++;
}

static const struct irq_outputs outputs = { gsi_changed, isa_changed };

static int setup(void **state)
{
    memset(gsi_level, 0, sizeof(gsi_level));
    memset(isa_level, 0, sizeof(isa_level));
    nr_changes = 0;
    irq_lines_init(&lines, &outputs, &lines);
    (void)state;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    irq_lines_destroy(&lines);
    return 0;
}

/* Outputs that are asserted, as bits: GSIs, and 8259 inputs above them. */
static uint64_t asserted(void)
{
    uint64_t all = 0;

    for ( unsigned int i = 0; i < IRQ_LINES_GSIS; i++ )
        all |= (uint64_t)gsi_level[i] << i;
    for ( unsigned int i = 0; i < IRQ_LINES_ISA; i++ )
        all |= (uint64_t)isa_level[i] << (48 + i);
    return all;
}

#define GSI(n) (1UL << (n))
#define ISA(n) (1UL << (48 + (n)))

static void test_isa(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 16; i++ )
    {
        irq_lines_set_isa(&lines, i, true);
        assert_true(asserted() == (GSI(i ? i : 2) | ISA(i)));
        irq_lines_set_isa(&lines, i, true);
        assert_int_equal(nr_changes, 2);
        irq_lines_set_isa(&lines, i, false);
        assert_true(asserted() == 0);
        nr_changes = 0;
    }
}

/* The wiring of each INTx, from the formulas of the interface. */
static void test_intx(void **state)
{
    (void)state;
    for ( unsigned int link = 0; link < 4; link++ )
        irq_lines_set_link(&lines, link, 5 + link);
    assert_int_equal(nr_changes, 0);
    for ( unsigned int dev = 0; dev < 32; dev++ )
        for ( unsigned int pin = 0; pin < 4; pin++ )
        {
            unsigned int irq = 5 + (dev + pin) % 4;

            irq_lines_set_intx(&lines, dev, pin, true);
            assert_true(asserted() ==
                        (GSI(16 + (dev * 4 + dev / 8 + pin) % 32) |
                         GSI(irq) | ISA(irq)));
            irq_lines_set_intx(&lines, dev, pin, false);
            assert_true(asserted() == 0);
        }
}

static void test_shared_lines(void **state)
{
    uint64_t link = GSI(10) | ISA(10);

    (void)state;
    irq_lines_set_link(&lines, 0, 10);
    irq_lines_set_intx(&lines, 0, 0, true);  /* GSI 16 */
    irq_lines_set_intx(&lines, 7, 1, true);  /* link 0, GSI 45 */
    assert_true(asserted() == (GSI(16) | GSI(45) | link));
    irq_lines_set_isa(&lines, 10, true);
    irq_lines_set_intx(&lines, 0, 0, false);
    assert_true(asserted() == (GSI(45) | link));
    irq_lines_set_intx(&lines, 7, 1, false);
    assert_true(asserted() == link);
    irq_lines_set_isa(&lines, 10, false);
    assert_true(asserted() == 0);
    /* Two devices on one GSI. */
    irq_lines_set_intx(&lines, 0, 1, true);
    irq_lines_set_intx(&lines, 31, 2, true); /* 16 + 129 % 32 = 17 */
    irq_lines_set_intx(&lines, 0, 1, false);
    assert_true(asserted() == GSI(17));
    irq_lines_set_gsi(&lines, 17, true);
    irq_lines_set_intx(&lines, 31, 2, false);
    assert_true(asserted() == GSI(17));
    irq_lines_set_gsi(&lines, 17, false);
    assert_true(asserted() == 0);
    /* The timer and IRQ 2 share a GSI, not an input of the 8259s. */
    irq_lines_set_isa(&lines, 0, true);
    irq_lines_set_isa(&lines, 2, true);
    irq_lines_set_isa(&lines, 0, false);
    assert_true(asserted() == (GSI(2) | ISA(2)));
}

static void test_link_moves(void **state)
{
    (void)state;
    irq_lines_set_intx(&lines, 3, 0, true);
    assert_true(asserted() == GSI(28));
    irq_lines_set_link(&lines, 3, 5);
    assert_true(asserted() == (GSI(28) | GSI(5) | ISA(5)));
    irq_lines_set_link(&lines, 3, 11);
    assert_true(asserted() == (GSI(28) | GSI(11) | ISA(11)));
    irq_lines_set_link(&lines, 2, 6); /* another link */
    irq_lines_set_link(&lines, 3, 0);
    assert_true(asserted() == GSI(28));
}

static void test_callback(void **state)
{
    struct irq_callback to = { .type = IRQ_CALLBACK_GSI, .gsi = 9 };

    (void)state;
    irq_lines_set_callback(&lines, true);
    assert_true(asserted() == 0);
    irq_lines_route_callback(&lines, to);
    assert_true(asserted() == (GSI(9) | ISA(9)));
    to.gsi = 20;
    irq_lines_route_callback(&lines, to);
    assert_true(asserted() == GSI(20));
    to = (struct irq_callback){ .type = IRQ_CALLBACK_INTX, .device = 3 };
    irq_lines_set_link(&lines, 3, 5);
    irq_lines_route_callback(&lines, to);
    assert_true(asserted() == (GSI(28) | GSI(5) | ISA(5)));
    /* A device on the same line is another source. */
    irq_lines_set_intx(&lines, 3, 0, true);
    irq_lines_set_callback(&lines, false);
    assert_true(asserted() == (GSI(28) | GSI(5) | ISA(5)));
    irq_lines_set_intx(&lines, 3, 0, false);
    assert_true(asserted() == 0);
    irq_lines_set_callback(&lines, true);
    to.type = IRQ_CALLBACK_NONE;
    irq_lines_route_callback(&lines, to);
    assert_true(asserted() == 0);
}

/* ---- random operations; each source counts, as wires would ---- */

static bool isa_src[16], gsi_src[48], intx_src[32][4];
static unsigned int routes[4];

static uint64_t expected(void)
{
    unsigned int gsis[48] = { 0 }, irqs[16] = { 0 };
    uint64_t all = 0;

    for ( unsigned int i = 0; i < 16; i++ )
        if ( isa_src[i] )
            gsis[i == 0 ? 2 : i]++, irqs[i]++;
    for ( unsigned int i = 0; i < 48; i++ )
        gsis[i] += gsi_src[i];
    for ( unsigned int dev = 0; dev < 32; dev++ )
        for ( unsigned int pin = 0; pin < 4; pin++ )
            if ( intx_src[dev][pin] )
            {
                unsigned int irq = routes[(dev + pin) % 4];

                gsis[16 + (dev * 4 + dev / 8 + pin) % 32]++;
                if ( irq )
                    gsis[irq]++, irqs[irq]++;
            }
    for ( unsigned int i = 0; i < 48; i++ )
        all |= (uint64_t)!!gsis[i] << i;
    for ( unsigned int i = 0; i < 16; i++ )
        all |= (uint64_t)!!irqs[i] << (48 + i);
    return all;
}

static void test_random(void **state)
{
    unsigned int seed = 7;

    (void)state;
    for ( unsigned int n = 0; n < 20000; n++ )
    {
        unsigned int a = (unsigned int)rand_r(&seed) >> 4;
        unsigned int b = (unsigned int)rand_r(&seed) >> 4;
        bool on = b & 0x100;

        switch ( (unsigned int)rand_r(&seed) % 4 )
        {
        case 0:
            isa_src[a % 16] = on;
            irq_lines_set_isa(&lines, a % 16, on);
            break;
        case 1:
            gsi_src[a % 48] = on;
            irq_lines_set_gsi(&lines, a % 48, on);
            break;
        case 2:
            intx_src[a % 32][b % 4] = on;
            irq_lines_set_intx(&lines, a % 32, b % 4, on);
            break;
        default:
            routes[a % 4] = b % 16;
            irq_lines_set_link(&lines, a % 4, b % 16);
        }
        assert_true(asserted() == expected());
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_isa),        T(test_intx),     T(test_shared_lines),
        T(test_link_moves), T(test_callback), T(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
