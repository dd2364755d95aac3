/* SPDX-License-Identifier: MIT */
/* I/O APICs: registers, lines of ours, pins passed through. */
#include "test-vlapic.h"

#include <emul/vioapic.h>

#include <xen/hvm/save.h>

#define PINS 24
#define LEVEL RTE_LEVEL
#define MASKED RTE_MASKED
#define RIRR RTE_REMOTE_IRR

static struct vioapic io;
static unsigned int routed[VIOAPIC_MAX_PINS];
static uint64_t last_route; /* the entry when it was routed */

static void record_route(struct vioapic *which, unsigned int pin)
{
    assert_ptr_equal(which, &io);
    assert_false(spin_is_mine(&io.lock));
    routed[pin]++;
    last_route = vioapic_rte(which, pin);
}

static void broadcast_eoi(struct vcpu *v, uint8_t vector)
{
    machine_eoi(v, vector);
    vioapic_eoi(&io, vector);
}

static int io_setup(void **state)
{
    int rc = vlapic_setup(state);

    test_machine.eoi = broadcast_eoi;
    vioapic_init(&io, guest, record_route, 3, VIOAPIC_PAGE, 0, PINS);
    memset(routed, 0, sizeof(routed));
    for ( unsigned int i = 0; i < NR; i++ )
    {
        enable(&lapic[i]);
        wr(&lapic[i], 0xd0, 1U << (24 + i));
    }
    return rc;
}

static int io_teardown(void **state)
{
    vioapic_destroy(&io);
    return vlapic_teardown(state);
}

#define io_test(f) cmocka_unit_test_setup_teardown(f, io_setup, io_teardown)

static uint32_t read_index(uint8_t index)
{
    vioapic_mmio_write(&io, 0, 4, index);
    return vioapic_mmio_read(&io, 0x10, 4);
}

static void write_index(uint8_t index, uint32_t value)
{
    vioapic_mmio_write(&io, 0, 4, index);
    vioapic_mmio_write(&io, 0x10, 4, value);
}

static void write_rte(unsigned int pin, uint64_t rte)
{
    write_index((uint8_t)(0x11 + 2 * pin), (uint32_t)(rte >> 32));
    write_index((uint8_t)(0x10 + 2 * pin), (uint32_t)rte);
}

#define DEST(n) ((uint64_t)(n) << RTE_DEST_SHIFT)

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(read_index(0), 0x03000000);
    assert_int_equal(read_index(1), 0x00170020);
    assert_int_equal(read_index(2), 0x03000000);
    assert_int_equal(read_index(3), 0);
    assert_int_equal(read_index(0x0f), 0);
    write_index(0, ~0U);
    assert_int_equal(read_index(0), 0x0f000000);
    write_index(1, ~0U);
    assert_int_equal(read_index(1), 0x00170020);
    for ( unsigned int i = 0x10; i < 0x10 + 2 * PINS; i++ )
        assert_int_equal(read_index((uint8_t)i), i & 1 ? 0 : 0x10000);
    assert_int_equal(read_index(0x10 + 2 * PINS), 0);
    write_index(0x10 + 2 * PINS, 0x31);
    assert_int_equal(routed[PINS], 0);
    assert_int_equal(read_index(0x10 + 2 * PINS), 0);

    write_index(0x2f, ~0U); /* reserved and read-only bits stay 0 */
    write_index(0x2e, ~0U);
    assert_int_equal(read_index(0x2f), 0xff000000);
    assert_int_equal(read_index(0x2e), 0x1afff);
    assert_int_equal(vioapic_rte(&io, 15), 0xff0000000001afff);
    assert_int_equal(routed[15], 2);
    assert_int_equal(last_route, 0xff0000000001afff);

    vioapic_mmio_write(&io, 0, 1, 0x2e);
    assert_int_equal(vioapic_mmio_read(&io, 0, 4), 0x2e);
    assert_int_equal(vioapic_mmio_read(&io, 0x10, 2), 0xafff);
    vioapic_mmio_write(&io, 0x10, 2, 0);
    assert_int_equal(vioapic_mmio_read(&io, 0x10, 4), 0x1afff);
    assert_int_equal(vioapic_mmio_read(&io, 0x20, 4), 0);
    assert_true(vioapic_covers(&io, 0xfec00010));
    assert_false(vioapic_covers(&io, 0xfec01000));
}

static void test_entries_lead_to_local_apics(void **state)
{
    static const struct { uint64_t rte; unsigned int who, nmi; } cases[] = {
        { DEST(2) | 0x41, 0x4, 0 }, { DEST(0xff) | 0x41, 0xf, 0 },
        { DEST(9) | 0x41, 0, 0 }, { DEST(0xc) | RTE_LOGICAL | 0x41, 0xc, 0 },
        { DEST(0xc) | RTE_LOGICAL | 0x141, 0x4, 0 },
        { DEST(2) | 0x441, 0, 0x4 }, { DEST(2) | 0x541, 0, 0 },
        { DEST(2) | 0x741, 0, 0 }, { DEST(2) | 0x05, 0, 0 },
        { DEST(2) | MASKED | 0x41, 0, 0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        unsigned int nmi = 0, fixed;

        write_rte(4, cases[i].rte);
        vioapic_set_irq(&io, 4, true);
        vioapic_set_irq(&io, 4, false);
        fixed = who(0x41);
        for ( unsigned int n = 0; n < NR; n++ )
            nmi |= (unsigned int)vlapic_nmi_take(&lapic[n]) << n;
        if ( fixed != cases[i].who || nmi != cases[i].nmi )
            fail_msg("entry %#lx: %#x %#x", cases[i].rte, fixed, nmi);
    }
    wr(&lapic[0], 0x280, 0);
    vioapic_set_irq(&io, PINS, true); /* no such pin */
    vioapic_set_irq(&io, ~0U, true);
    wr(&lapic[0], 0x280, 0);
    assert_int_equal(rd(&lapic[0], 0x280), 0);
}

static void test_edges(void **state)
{
    (void)state;
    write_rte(5, DEST(1) | 0x42);
    vioapic_set_irq(&io, 5, true);
    assert_int_equal(who(0x42), 2);
    vioapic_set_irq(&io, 5, true); /* no edge */
    assert_int_equal(who(0x42), 0);
    vioapic_set_irq(&io, 5, false);
    vioapic_set_irq(&io, 5, true);
    assert_int_equal(vioapic_rte(&io, 5) & RIRR, 0);
    assert_int_equal(take(&lapic[1]), 0x42);
    vlapic_eoi(&lapic[1]);
    assert_int_equal(eois[1], 0);

    write_rte(5, DEST(1) | MASKED | 0x42); /* one that comes now is lost */
    vioapic_set_irq(&io, 5, false);
    vioapic_set_irq(&io, 5, true);
    write_rte(5, DEST(1) | 0x42);
    assert_int_equal(who(0x42), 0);
}

static void test_levels(void **state)
{
    struct vlapic *l = &lapic[1];

    (void)state;
    write_rte(9, DEST(1) | LEVEL | RTE_LOW | 0x53);
    vioapic_set_irq(&io, 9, true);
    assert_int_equal(read_index(0x22), LEVEL | RTE_LOW | RIRR | 0x53);
    assert_int_equal(rd(l, 0x180 + 0x20), 1U << 19);
    assert_int_equal(take(l), 0x53);
    vioapic_set_irq(&io, 9, false);
    vioapic_set_irq(&io, 9, true);
    assert_int_equal(who(0x53), 0); /* in service */
    wr(l, 0xb0, 0);
    assert_int_equal(who(0x53), 2); /* asserted still: again */
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, RIRR);
    vioapic_set_irq(&io, 9, false);
    vioapic_eoi(&io, 0x54); /* another vector */
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, RIRR);
    vioapic_mmio_write(&io, 0x40, 4, 0x53);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);
    assert_int_equal(who(0x53), 0);
}

static void test_levels_wait_for_their_entry(void **state)
{
    (void)state;
    vioapic_set_irq(&io, 9, true);
    write_rte(9, DEST(1) | LEVEL | MASKED | 0x53);
    assert_int_equal(who(0x53), 0);
    write_rte(9, DEST(1) | LEVEL | 0x53); /* unmasked: it is asserted */
    assert_int_equal(who(0x53), 2);
    write_rte(9, DEST(1) | LEVEL | MASKED | 0x53);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, RIRR);
    vioapic_eoi(&io, 0x53);
    assert_int_equal(who(0x53), 0);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);

    write_rte(9, DEST(1) | LEVEL | 0x53);
    assert_int_equal(who(0x53), 2);
    write_rte(9, DEST(1) | MASKED | 0x53); /* edge: clears remote IRR */
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);
}

static void test_nobody_took_it(void **state)
{
    (void)state;
    wr(&lapic[1], 0xf0, 0xff);
    write_rte(9, DEST(1) | LEVEL | 0x53);
    vioapic_set_irq(&io, 9, true);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);
    enable(&lapic[1]);
    write_rte(9, DEST(1) | LEVEL | 0x53);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, RIRR);
    assert_int_equal(who(0x53), 2);

    wr(&lapic[1], 0xf0, 0xff);
    vioapic_eoi(&io, 0x53);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);
    enable(&lapic[1]);
    vioapic_set_irq(&io, 9, true); /* still */
    assert_int_equal(who(0x53), 2);
}

/* ---- the machine's pins ---- */

static void test_arrived_level_is_held_until_eoi(void **state)
{
    struct vlapic *l = &lapic[1];

    (void)state;
    write_rte(9, DEST(1) | LEVEL | 0x53);
    write_rte(10, DEST(1) | LEVEL | 0x53); /* shares the vector */
    write_rte(11, DEST(2) | LEVEL | 0x53); /* on another CPU */
    write_rte(12, DEST(1) | LEVEL | MASKED | 0x53);
    write_rte(13, DEST(1) | 0x54);
    memset(routed, 0, sizeof(routed));
    assert_true(vioapic_arrived(&io, 0x53, l));
    for ( unsigned int pin = 0; pin < PINS; pin++ )
    {
        assert_int_equal(routed[pin], pin == 9 || pin == 10);
        assert_int_equal(vioapic_rte(&io, pin) & RIRR,
                         pin == 9 || pin == 10 ? RIRR : 0);
    }
    assert_int_equal(last_route & RIRR, RIRR);
    assert_int_equal(take(l), 0x53);
    wr(l, 0xb0, 0);
    assert_int_equal(eoi_vector[1], 0x53);
    assert_int_equal(routed[9], 2);
    assert_int_equal(routed[10], 2);
    assert_int_equal(routed[11], 0);
    assert_int_equal(last_route & RIRR, 0);
    assert_int_equal(vlapic_pending(l), -1);
}

static void test_arrived_edge_is_not_ours(void **state)
{
    (void)state;
    write_rte(9, DEST(1) | LEVEL | 0x53);
    write_rte(13, DEST(1) | 0x54);
    write_rte(14, DEST(1) | LEVEL | 0x455); /* an NMI has no EOI */
    memset(routed, 0, sizeof(routed));
    assert_false(vioapic_arrived(&io, 0x54, &lapic[1]));
    assert_false(vioapic_arrived(&io, 0x55, &lapic[1]));
    assert_false(vioapic_arrived(&io, 0x53, &lapic[2])); /* an MSI there */
    assert_false(vioapic_arrived(&io, 0x99, &lapic[1]));
    for ( unsigned int pin = 0; pin < PINS; pin++ )
        assert_int_equal(routed[pin], 0);
    assert_int_equal(who(0x53) | who(0x54) | who(0x55) | who(0x99), 0);
}

static void test_arrived_at_a_disabled_apic_stays_held(void **state)
{
    (void)state;
    write_rte(9, DEST(1) | LEVEL | 0x53);
    wr(&lapic[1], 0xf0, 0xff);
    routed[9] = 0;
    assert_true(vioapic_arrived(&io, 0x53, &lapic[1]));
    assert_int_equal(routed[9], 1);
    assert_int_equal(last_route & RIRR, RIRR);
    assert_int_equal(vioapic_rte(&io, 9) & RIRR, 0);
    write_index(0x22, LEVEL | 0x53); /* the guest looks after it */
    assert_int_equal(routed[9], 2);
    assert_int_equal(last_route & RIRR, 0);
}

/* That of a guest: version 0x11, without an EOI register. */
static void test_old_version(void **state)
{
    (void)state;
    io.version = 0x11;
    assert_int_equal(read_index(1), 0x00170011);
    write_rte(5, DEST(0) | LEVEL | 0x51);
    vioapic_set_irq(&io, 5, true);
    assert_true(vioapic_rte(&io, 5) & RIRR);
    vioapic_mmio_write(&io, 0x40, 4, 0x51);
    assert_true(vioapic_rte(&io, 5) & RIRR);
}

static void test_records(void **state)
{
    static struct vioapic big, copy;
    struct hvm_hw_vioapic r, again, bad;

    (void)state;
    vioapic_init(&big, guest, NULL, 0, VIOAPIC_PAGE, 0, 48);
    vioapic_init(&copy, guest, NULL, 0, VIOAPIC_PAGE, 0, 48);
    big.rte[7] = DEST(2) | LEVEL | RIRR | 0x61;
    big.rte[47] = RTE_LOW | 0x30;
    big.select = 0x2f;
    big.id = 1;
    memset(&r, 0xff, sizeof(r)); /* no byte of which stays */
    memset(&again, 0, sizeof(again));
    vioapic_save(&big, &r);
    assert_int_equal(r.base_address, VIOAPIC_PAGE);
    assert_int_equal(r.ioregsel, 0x2f);
    assert_int_equal(r.id, 1);
    assert_int_equal(r.redirtbl[7].fields.vector, 0x61);
    assert_int_equal(r.redirtbl[7].fields.remote_irr, 1);
    assert_int_equal(r.redirtbl[7].fields.dest_id, 2);
    assert_int_equal(r.redirtbl[0].fields.mask, 1);
    assert_int_equal(vioapic_load(&copy, &r), 0);
    vioapic_save(&copy, &again);
    assert_memory_equal(&r, &again, sizeof(r));
    /* A line that was up before is no edge, and is sent again at the EOI. */
    vioapic_load_lines(&copy, 1UL << 7 | 1UL << 47);
    assert_int_equal(rd(&lapic[2], 0x230) & 2, 0);
    vioapic_set_irq(&copy, 47, true);
    assert_int_equal(rd(&lapic[0], 0x210), 0);
    vioapic_eoi(&copy, 0x61);
    assert_int_equal(rd(&lapic[2], 0x230) & 2, 2);

#define BAD(field, value)                                                    \
    (bad = r, bad.field = (value), vioapic_load(&copy, &bad))
    assert_int_equal(BAD(base_address, 0xfed00000), -EINVAL);
    assert_int_equal(BAD(ioregsel, 0x100), -EINVAL);
    assert_int_equal(BAD(id, 16), -EINVAL);
    assert_int_equal(BAD(redirtbl[3].fields.reserve, 1), -EINVAL);
    assert_int_equal(BAD(redirtbl[3].fields.reserved[3], 1), -EINVAL);
#undef BAD
    vioapic_destroy(&big);
    vioapic_destroy(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        io_test(test_registers),
        io_test(test_entries_lead_to_local_apics),
        io_test(test_edges),
        io_test(test_levels),
        io_test(test_levels_wait_for_their_entry),
        io_test(test_nobody_took_it),
        io_test(test_arrived_level_is_held_until_eoi),
        io_test(test_arrived_edge_is_not_ours),
        io_test(test_arrived_at_a_disabled_apic_stays_held),
        io_test(test_old_version),
        io_test(test_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
