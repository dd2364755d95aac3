/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of a PV hardware domain: pv/physdev.c, pv/pirq.c, pv/msi.c,
 * pv/ports.c and platform/pci.c.
 *
 * Seen failing with: dom0's address latch shared with the hypervisor's; a row of
 * vectors that is not aligned; a BAR's high half left out; a mask bit that stays;
 * a capability list without a bound; a pin that is not masked until EOI.
 */
#include "test-pv-pirq.h"

/* ---- GSIs ---- */

static void test_pins(void **state)
{
    struct physdev_map_pirq m = { .domid = DOMID_SELF, .index = 9, .pirq = -1,
                                  .type = MAP_PIRQ_TYPE_GSI };
    struct physdev_setup_gsi s = { .gsi = 9, .triggering = 1, .polarity = 1 };
    struct physdev_irq_status_query q = { .irq = 9 };
    struct physdev_eoi e = { .irq = 9 };

    (void)state;
    assert_int_equal(arch_pirq_bind(&hardware, 9, 7, false), -EINVAL);
    assert_int_equal(op(PHYSDEVOP_map_pirq, &m), 0);
    assert_int_equal(m.pirq, 9);
    assert_int_equal(op(PHYSDEVOP_setup_gsi, &s), 0);
    assert_true(masked(9));
    assert_int_equal(rte[9] & 0xff, 0x39);
    assert_int_equal(rte[9] >> 56, 3);
    assert_int_equal(op(PHYSDEVOP_irq_status_query, &q), 0);
    assert_int_equal(q.flags, XENIRQSTAT_needs_eoi);

    assert_int_equal(arch_pirq_bind(&hardware, 9, 7, false), 0);
    assert_int_equal(arch_pirq_bind(&hardware, 9, 8, false), -EEXIST);
    assert_false(masked(9));
    s.polarity = 0;
    assert_int_equal(op(PHYSDEVOP_setup_gsi, &s), -EEXIST);
    handler(0x39);
    assert_int_equal(events, 1);
    assert_int_equal(last_port, 7);
    assert_int_equal(last_pirq, 9);
    assert_int_equal(eois, 1);
    assert_true(masked(9));
    assert_int_equal(op(PHYSDEVOP_eoi, &e), 0);
    assert_false(masked(9));

    vcpu.arch.cpu = 1;
    arch_pirq_move(&hardware, 9, &vcpu);
    assert_int_equal(rte[9] >> 56, 9);
    vcpu.arch.cpu = 0;
    assert_int_equal(unmap_of(9), -EBUSY);
    arch_pirq_unbind(&hardware, 9);
    assert_true(masked(9));
    assert_int_equal(unmap_of(9), 0);
    assert_int_equal(unmap_of(9), -EINVAL);
    handler(0x39); /* on its way when it was unbound */
    assert_int_equal(events, 1);
    assert_int_equal(eois, 2);
}

/* ---- MSIs ---- */

static void test_msi(void **state)
{
    int pirq = map(msi_of(WITH_MSI));

    (void)state;
    assert_int_equal(pirq, PINS);
    assert_int_equal(get(WITH_MSI, 0x54, 4), 0xfee03000);
    assert_int_equal(get(WITH_MSI, 0x58, 4), 0);
    assert_int_equal(get(WITH_MSI, 0x5c, 2), 0x30 + PINS);
    assert_int_equal(get(WITH_MSI, 0x52, 2), 0x186); /* dom0 enables it */
    assert_int_equal(get(WITH_MSI, 0x60, 1), 0xff);
    assert_int_equal(map(msi_of(WITH_MSI)), -EEXIST);

    assert_int_equal(arch_pirq_bind(&hardware, (uint32_t)pirq, 5, false), 0);
    assert_int_equal(get(WITH_MSI, 0x60, 1), 0xfe);
    handler(0x30 + PINS);
    handler(0x30 + PINS); /* none waits for an EOI */
    assert_int_equal(events, 2);
    assert_int_equal(last_pirq, PINS);
    assert_int_equal(eois, 2);

    vcpu.arch.cpu = 1;
    arch_pirq_move(&hardware, (uint32_t)pirq, &vcpu);
    vcpu.arch.cpu = 0;
    assert_int_equal(get(WITH_MSI, 0x54, 4), 0xfee09000);
    arch_pirq_unbind(&hardware, (uint32_t)pirq);
    assert_int_equal(get(WITH_MSI, 0x60, 1), 0xff);
    assert_int_equal(unmap_of(pirq), 0);
    assert_int_equal(map(msi_of(SHORT_MSI)), PINS);
    assert_int_equal(get(SHORT_MSI, 0x58, 2), 0x30 + PINS);
    assert_int_equal(get(SHORT_MSI, 0x5c, 4), 0); /* it has no mask bits */
    assert_int_equal(unmap_of(PINS), 0);
}

static void test_rows_of_msis(void **state)
{
    struct physdev_map_pirq m = msi_of(WITH_MSI);
    int one = map(msi_of(SHORT_MSI)), row;

    (void)state;
    m.type = MAP_PIRQ_TYPE_MULTI_MSI;
    m.entry_nr = 16;
    assert_int_equal(map(m), -EINVAL); /* it sends 8 */
    m.entry_nr = 0;
    assert_int_equal(map(m), -EINVAL);
    m.entry_nr = 6;
    row = map(m);
    assert_true(row > one);
    assert_int_equal((0x30 + row) % 8, 0);
    assert_int_equal(get(WITH_MSI, 0x5c, 2), 0x30 + row);
    assert_int_equal(get(WITH_MSI, 0x52, 2), 0x1b6); /* it is to send 8 */
    assert_int_equal(arch_pirq_bind(&hardware, (uint32_t)row + 5, 4, false), 0);
    assert_int_equal(get(WITH_MSI, 0x60, 1), 0xdf);
    assert_int_equal(unmap_of(row), -EBUSY);
    arch_pirq_unbind(&hardware, (uint32_t)row + 5);
    assert_int_equal(unmap_of(row + 1), -EINVAL); /* by its first */
    assert_int_equal(unmap_of(row), 0);
    assert_int_equal(arch_pirq_bind(&hardware, (uint32_t)row + 5, 4, false),
                     -EINVAL);
    assert_int_equal(unmap_of(one), 0);
}

static void test_msix(void **state)
{
    struct physdev_map_pirq m = msi_of(WITH_MSIX);
    struct physdev_pci_device r = { .devfn = BDF(WITH_MSIX) };
    int pirq;

    (void)state;
    m.table_base = 0x120000000;
    m.entry_nr = ENTRIES;
    assert_int_equal(map(m), -EINVAL);
    m.entry_nr = -1;
    assert_int_equal(map(m), -EINVAL);
    m.entry_nr = 2;
    pirq = map(m);
    assert_int_equal(table[8], 0xfee03000);
    assert_int_equal(table[9], 0);
    assert_int_equal(table[10], 0x30 + pirq);
    assert_int_equal(table[11], 1);
    assert_int_equal(map(m), -EEXIST);
    m.entry_nr = 3;
    assert_int_equal(map(m), pirq + 1);
    assert_int_equal(arch_pirq_bind(&hardware, (uint32_t)pirq, 6, false), 0);
    assert_int_equal(table[11], 0);
    assert_int_equal(table[15], 1);

    memset(table, 0xff, sizeof(table)); /* it was reset */
    assert_int_equal(op(PHYSDEVOP_restore_msi_ext, &r), 0);
    assert_int_equal(table[8], 0xfee03000);
    assert_int_equal(table[10], 0x30 + pirq);
    assert_int_equal(table[11] & 1, 0);
    assert_int_equal(table[15] & 1, 1);
    assert_int_equal(table[4], ~0U); /* nobody's */
    arch_pirq_unbind(&hardware, (uint32_t)pirq);
    assert_int_equal(unmap_of(pirq), 0);
    assert_int_equal(unmap_of(pirq + 1), 0);

    set16(WITH_MSIX, 4, 0); /* it decodes no memory */
    assert_int_equal(map(m), -ENXIO);
    set16(WITH_MSIX, 4, 2);
    config[WITH_MSIX][0x1d] = 1; /* beyond the processor's addresses */
    assert_int_equal(map(m), -ENXIO);
    config[WITH_MSIX][0x18] = 1; /* ports */
    assert_int_equal(map(m), -ENXIO);
    config[WITH_MSIX][0x74] = 7; /* BAR 7 */
    assert_int_equal(map(m), -ENXIO);
}

static void test_no_msi(void **state)
{
    struct physdev_map_pirq m = msi_of(NOBODY);

    (void)state;
    assert_int_equal(map(m), -ENODEV);
    assert_int_equal(map(msi_of(WITHOUT)), -ENODEV);
    assert_int_equal(map(msi_of(WITH_MSIX)), -ENODEV); /* only MSI-X */
    reads = 0;
    assert_int_equal(map(msi_of(ENDLESS)), -ENODEV);
    assert_in_range(reads, 1, 60);

    m = msi_of(WITH_MSI);
    m.bus = 1 << 16; /* another segment */
    assert_int_equal(map(m), -ENODEV);
    m = msi_of(WITH_MSI);
    m.index = 30;
    assert_int_equal(map(m), -EINVAL);
    m = msi_of(WITH_MSI);
    m.type = MAP_PIRQ_TYPE_UNKNOWN;
    assert_int_equal(map(m), -EINVAL);
    m = msi_of(WITH_MSI);
    m.domid = 1;
    assert_int_equal(map(m), -EOPNOTSUPP);
    assert_int_equal(op(PHYSDEVOP_map_pirq, NULL), -EFAULT);
    now = &guest_vcpu;
    assert_int_equal(map(msi_of(WITH_MSI)), -EPERM);
}

static void test_vectors_end(void **state)
{
    struct physdev_map_pirq m = msi_of(WITH_MSI);
    unsigned int mapped = 0;

    (void)state;
    argument_is_constant = true; /* nobody would know the pirq */
    assert_int_equal(map(m), -EFAULT);
    argument_is_constant = false;
    for ( ; ; mapped++ )
    {
        struct pv_msi msi = { .bdf = 0x100, .entry = (uint16_t)mapped,
                              .x = true, .address = TABLE };

        int pirq = pv_msi_map(&hardware, &msi, 1);

        if ( pirq == -ENOSPC )
            break;
        assert_int_not_equal(0x30 + pirq, 0x80); /* INT 0x80 of guests */
    }
    assert_int_equal(mapped, NR_PIRQS - PINS - 1);
    assert_int_equal(map(m), -ENOSPC);
    assert_int_equal(arch_pirq_bind(&hardware, NR_PIRQS, 4, false), -EINVAL);
}

/* ---- ports ---- */

static void test_ports(void **state)
{
    (void)state;
    pv_port_out(&vcpu, 0xcf8, 4, 0x80000000 | BDF(WITH_MSI) << 8);
    /* The hypervisor looks elsewhere between address and data. */
    assert_int_equal(map(msi_of(SHORT_MSI)), PINS);
    assert_int_equal(pv_port_in(&vcpu, 0xcf8, 4),
                     0x80000000 | BDF(WITH_MSI) << 8);
    assert_int_equal(pv_port_in(&vcpu, 0xcfc, 2), 0x8086);
    pv_port_out(&vcpu, 0xcfd, 1, 0x12);
    assert_int_equal(get(WITH_MSI, 0, 2), 0x1286);
    assert_int_equal(unmap_of(PINS), 0);

    assert_int_equal(pv_port_in(&vcpu, 0x3f6, 4), ~0U); /* not for it */
    pv_port_out(&vcpu, 0x3f8, 1, 0);
    pv_port_out(&guest_vcpu, 0x80, 1, 0);
    assert_int_equal(other_out, 0);
    pv_port_out(&vcpu, 0x80, 1, 0);
    pv_port_out(&vcpu, 0xcf9, 1, 0); /* reset: not the address */
    assert_int_equal(other_out, 2);
    assert_int_equal(pv_port_in(&guest_vcpu, 0xcfc, 2), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pins, setup),
        cmocka_unit_test_setup(test_msi, setup),
        cmocka_unit_test_setup(test_rows_of_msis, setup),
        cmocka_unit_test_setup(test_msix, setup),
        cmocka_unit_test_setup(test_no_msi, setup),
        cmocka_unit_test_setup(test_vectors_end, setup),
        cmocka_unit_test_setup(test_ports, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
