/* SPDX-License-Identifier: MIT */
/* The device model operations beside ioreq servers. */
#include "test-ioreq.h"

static struct xen_dm_op op;

static struct xen_dm_op *fresh(uint32_t nr)
{
    memset(&op, 0, sizeof(op));
    op.op = nr;
    return &op;
}

static long dm2(struct domain *d, void *second, uint64_t size)
{
    struct xen_dm_op_buf buf[2] = { { .size = sizeof(op) }, { .size = size } };

    buf[0].h.p = &op;
    buf[1].h.p = second;
    return hcall(__HYPERVISOR_dm_op, d->domain_id, 2, P(buf), 0, 0);
}

/* ---- types of memory ---- */

static long set_type(struct domain *d, uint64_t gfn, uint32_t nr,
                     unsigned int type)
{
    struct xen_dm_op_set_mem_type *a =
        &fresh(XEN_DMOP_set_mem_type)->u.set_mem_type;

    a->first_pfn = gfn;
    a->nr = nr;
    a->mem_type = (uint16_t)type;
    return dm(d, &op);
}

static long map_type(struct domain *d, unsigned int id, unsigned int type,
                     uint32_t flags)
{
    struct xen_dm_op_map_mem_type_to_ioreq_server *a =
        &fresh(XEN_DMOP_map_mem_type_to_ioreq_server)
             ->u.map_mem_type_to_ioreq_server;

    a->id = (ioservid_t)id;
    a->type = (uint16_t)type;
    a->flags = flags;
    return dm(d, &op);
}

static enum p2m_type type_at(struct domain *d, uint64_t gfn)
{
    return p2m_lookup(d, _gfn(gfn)).type;
}

#define WRITES XEN_DMOP_IOREQ_MEM_ACCESS_WRITE

static void test_set_mem_type_errors(void **state)
{
    static const struct {
        uint64_t gfn;
        uint32_t nr;
        unsigned int type;
        long want;
    } rows[] = {
        { 0, 0, HVMMEM_ram_ro, -EINVAL },
        { 5, 0, HVMMEM_ram_ro, -EINVAL },
        { ~0UL, 2, HVMMEM_ram_ro, -EINVAL },
        { 0, 17, HVMMEM_ram_ro, -EINVAL }, /* beyond the highest gfn */
        { 0, 16, HVMMEM_unused, -EINVAL },
        { 0, 16, 5, -EINVAL },
        { 0, 16, 0xffff, -EINVAL },
        { 0, 16, HVMMEM_ioreq_server, -EINVAL }, /* nobody claimed it */
        { 0, 16, HVMMEM_ram_ro, 0 },
        { 0, 16, HVMMEM_ram_rw, 0 },
        { 3, 1, HVMMEM_mmio_dm, 0 },
        { 3, 1, HVMMEM_mmio_dm, 0 },
        { 3, 1, HVMMEM_ram_rw, -EINVAL }, /* there is no frame any more */
    };
    struct domain *d = fixture_guest(1);
    uint64_t tot;

    (void)state;
    fixture_populate(d, 0, 16);
    tot = d->tot_pages;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
        assert_int_equal(set_type(d, rows[i].gfn, rows[i].nr, rows[i].type),
                         rows[i].want);
    assert_int_equal(type_at(d, 3), P2M_MMIO_DM);
    assert_int_equal(d->tot_pages, tot - 1);
}

static void test_set_mem_type_goes_on(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 1000);
    hosted_preempt_every(1);
    assert_int_equal(set_type(d, 0, 1000, HVMMEM_ram_ro), 0);
    for ( unsigned int i = 0; i < 1000; i++ )
        assert_int_equal(type_at(d, i), P2M_RAM_RO);
    assert_int_equal(op.u.set_mem_type.nr, 0);
    assert_int_equal(op.u.set_mem_type.first_pfn, 1000);
}

/* A failure half way does not report its progress as if it had succeeded. */
static void test_set_mem_type_stops_at_a_hole(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 3);
    fixture_populate(d, 4, 1);
    assert_int_equal(set_type(d, 0, 5, HVMMEM_ram_ro), -EINVAL);
    assert_int_equal(op.u.set_mem_type.first_pfn, 0);
    assert_int_equal(op.u.set_mem_type.nr, 5);
    assert_int_equal(type_at(d, 2), P2M_RAM_RO);
    assert_int_equal(type_at(d, 4), P2M_RAM_RW);
}

static void test_map_mem_type_errors(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_pvh_dom0(), *nohap;
    struct xen_domctl_createdomain config = fixture_config(1);
    const unsigned int t = HVMMEM_ioreq_server;

    (void)state;
    config.flags = XEN_DOMCTL_CDF_hvm;
    nohap = fixture_guest_config(&config);
    assert_int_equal(map_type(nohap, 9, 0, 4), -EOPNOTSUPP);
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(d, OFF), 1);
    fixture_be_dom(other);
    assert_int_equal(map_type(d, 9, HVMMEM_ram_rw, WRITES), -EINVAL);
    assert_int_equal(map_type(d, 9, t, 1), -EINVAL);
    assert_int_equal(map_type(d, 9, t, WRITES), -ENOENT);
    assert_int_equal(map_type(d, 0, t, WRITES), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(map_type(d, 0, t, 0), -EINVAL);
    assert_int_equal(map_type(d, 0, t, WRITES), 0);
    assert_int_equal(map_type(d, 0, t, WRITES), -EBUSY);
    assert_int_equal(map_type(d, 1, t, WRITES), -EBUSY);
    assert_int_equal(map_type(d, 1, t, 0), -EINVAL);
    assert_int_equal(map_type(d, 0, t, 0), 0);
    assert_int_equal(map_type(d, 1, t, WRITES), 0);
}

static void test_writes_to_claimed_memory(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, PORT, 1, 1);

    (void)state;
    fixture_populate(d, 0, 600);
    assert_int_equal(map_type(d, id, HVMMEM_ioreq_server, WRITES), 0);
    assert_int_equal(set_type(d, 0, 600, HVMMEM_ioreq_server), 0);
    assert_int_equal(set_type(d, 7, 1, HVMMEM_ram_ro), -EINVAL);
    assert_int_equal(set_type(d, 8, 1, HVMMEM_ram_rw), 0);
    assert_int_equal(set_type(d, 8, 1, HVMMEM_ram_ro), 0);
    assert_int_equal(set_type(d, 8, 1, HVMMEM_ioreq_server), -EINVAL);
    assert_int_equal(set_type(d, 8, 1, HVMMEM_ram_rw), 0);
    assert_int_equal(who_gets(d, store(0x7010, 4, 1)), (int)id);
    assert_int_equal(who_gets(d, load(0x7010, 4)), -1);
    assert_int_equal(who_gets(d, store(600UL << 12, 4, 1)), -1);
    /* Given up: plain memory everywhere, whatever the preemption. */
    hosted_preempt_every(1);
    assert_int_equal(map_type(d, id, HVMMEM_ioreq_server, 0), 0);
    hosted_preempt_every(0);
    for ( unsigned int i = 0; i < 600; i++ )
        assert_int_equal(type_at(d, i), P2M_RAM_RW);
}

/* The claiming server goes: its memory is RAM again when it is written. */
static void test_claim_of_a_destroyed_server(void **state)
{
    struct domain *d = fixture_guest(1);
    unsigned int id = serve(d, OFF, PORT, 1, 1);
    ioreq_t p = store(0x7010, 4, 1);

    (void)state;
    fixture_populate(d, 0, 16);
    assert_int_equal(map_type(d, id, HVMMEM_ioreq_server, WRITES), 0);
    assert_int_equal(set_type(d, 0, 16, HVMMEM_ioreq_server), 0);
    assert_int_equal(destroy(d, id), 0);
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_RETRY);
    assert_int_equal(type_at(d, 7), P2M_RAM_RW);
    assert_int_equal(type_at(d, 8), P2M_IOREQ);
    assert_int_equal(ioreq_send(domain_vcpu(d, 0), &p), IO_RETRY);
    /* The next one to claim does not inherit what is left. */
    assert_int_equal(create(d, OFF), id);
    hosted_preempt_every(1);
    assert_int_equal(map_type(d, id, HVMMEM_ioreq_server, WRITES), 0);
    assert_int_equal(type_at(d, 8), P2M_RAM_RW);
    assert_int_equal(d->ioreq.mem_type_server, (int)id);
}

/* Made-up progress does not reach the entries of another's claim. */
static void test_forged_progress(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fixture_populate(d, 0, 4);
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(map_type(d, 0, HVMMEM_ioreq_server, WRITES), 0);
    assert_int_equal(set_type(d, 0, 4, HVMMEM_ioreq_server), 0);
    (void)fresh(XEN_DMOP_map_mem_type_to_ioreq_server);
    op.u.map_mem_type_to_ioreq_server.id = 7;
    op.u.map_mem_type_to_ioreq_server.type = HVMMEM_ioreq_server;
    op.u.map_mem_type_to_ioreq_server.opaque = 1;
    assert_int_equal(dm(d, &op), 0);
    assert_int_equal(type_at(d, 2), P2M_IOREQ);
}

/* ---- moving memory ---- */

static long relocate(struct domain *d, uint64_t src, uint64_t dst, uint32_t nr)
{
    struct xen_dm_op_relocate_memory *a =
        &fresh(XEN_DMOP_relocate_memory)->u.relocate_memory;

    a->src_gfn = src;
    a->dst_gfn = dst;
    a->size = nr;
    return dm(d, &op);
}

static void test_relocate_memory(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t tot;

    (void)state;
    fixture_populate(d, 0, 600);
    fixture_populate(d, 1000, 1); /* what is at the target goes */
    tot = d->tot_pages;
    for ( unsigned int i = 0; i < 600; i++ )
        *(uint64_t *)fixture_gfn_to_virt(d, i) = i;
    hosted_preempt_every(1);
    assert_int_equal(relocate(d, 0, 1000, 600), 0);
    for ( unsigned int i = 0; i < 600; i++ )
    {
        assert_null(fixture_gfn_to_virt(d, i));
        assert_int_equal(*(uint64_t *)fixture_gfn_to_virt(d, 1000 + i), i);
    }
    assert_int_equal(d->tot_pages, tot - 1);
    assert_int_equal(relocate(d, 0, 2000, 1), -EINVAL); /* nothing there */
    assert_int_equal(relocate(d, 0, 2000, 0), 0);
    assert_int_equal(relocate(d, 1000, 1000, 1), 0);
    assert_non_null(fixture_gfn_to_virt(d, 1000));
    assert_int_equal(relocate(d, 1000, P2M_GFN_LIMIT, 1), -EINVAL);
    assert_non_null(fixture_gfn_to_virt(d, 1000));
}

/* ---- the rest ---- */

static void test_modified_memory_needs_two_buffers(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t extents[3] = { 0 };

    (void)state;
    fresh(XEN_DMOP_modified_memory)->u.modified_memory.nr_extents = 1;
    assert_int_equal(dm(d, &op), -EINVAL); /* item 16 */
    assert_int_equal(dm2(d, extents, sizeof(extents)), 0);
}

static void test_track_dirty_vram(void **state)
{
    struct domain *d = fixture_guest(1);
    uint8_t bitmap[1024];
    struct xen_dm_op_track_dirty_vram *a =
        &fresh(XEN_DMOP_track_dirty_vram)->u.track_dirty_vram;

    (void)state;
    memset(bitmap, 0, sizeof(bitmap));
    a->nr = 8 * 300 + 3;
    assert_int_equal(dm(d, &op), -EINVAL);
    assert_int_equal(dm2(d, bitmap, 300), -EINVAL);
    assert_int_equal(dm2(d, (void *)8, 301), -EFAULT);
    assert_int_equal(dm2(d, bitmap, 301), 0);
    for ( unsigned int i = 0; i < 302; i++ )
        assert_int_equal(bitmap[i], i < 300 ? 0xff : i == 300 ? 7 : 0);
    a->nr = 0;
    assert_int_equal(dm2(d, NULL, 0), 0);
    a->nr = (1U << 18) + 1;
    assert_int_equal(dm2(d, bitmap, ~0UL), -EINVAL);
}

static void test_lines_and_events(void **state)
{
    static const struct {
        uint32_t op;
        uint8_t bytes[16];
        long want;
    } rows[] = {
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 0, 31, 3, 1 }, 0 },
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 0, 31, 3, 0 }, 0 },
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 0, 31, 3, 2 }, -EINVAL },
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 0, 31, 4, 1 }, -EINVAL },
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 0, 32, 0, 1 }, -EINVAL },
        { XEN_DMOP_set_pci_intx_level, { 0, 0, 1, 0, 0, 1 }, -EINVAL },
        { XEN_DMOP_set_pci_intx_level, { 0, 1, 0, 0, 0, 1 }, -EINVAL },
        { XEN_DMOP_set_isa_irq_level, { 15, 1 }, 0 },
        { XEN_DMOP_set_isa_irq_level, { 16, 1 }, -EINVAL },
        { XEN_DMOP_set_isa_irq_level, { 1, 2 }, -EINVAL },
        { XEN_DMOP_set_pci_link_route, { 3, 15 }, 0 },
        { XEN_DMOP_set_pci_link_route, { 4, 1 }, -EINVAL },
        { XEN_DMOP_set_pci_link_route, { 0, 16 }, -EINVAL },
        { XEN_DMOP_inject_event, { 1 }, -EINVAL }, /* no such vcpu */
        { XEN_DMOP_inject_event, { 0 }, -EOPNOTSUPP },
        { XEN_DMOP_inject_msi, { 0x41, 0, 0, 0, 1 }, -EINVAL },
        { XEN_DMOP_inject_msi, { 0x41 }, -EOPNOTSUPP },
        { XEN_DMOP_inject_msi, { 0, 1 }, -ERANGE }, /* vector 0, no pirq */
        { XEN_DMOP_inject_msi, { [9] = 0x10 }, -EINVAL }, /* pirq 1 */
        { XEN_DMOP_inject_msi, { [13] = 1 }, -EINVAL }, /* pirq 256 */
        { XEN_DMOP_inject_msi, { [15] = 0x80 }, -ERANGE },
    };
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d = fixture_guest(1), *pic;

    (void)state;
    config.arch.emulation_flags |= XEN_X86_EMU_PIC;
    pic = fixture_guest_config(&config);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        fresh(rows[i].op);
        memcpy(&op.u, rows[i].bytes, sizeof(rows[i].bytes));
        assert_int_equal(dm(d, &op), rows[i].want);
        /* With a controller that is not there, success would be a lie. */
        assert_int_equal(dm(pic, &op),
                         rows[i].want ? rows[i].want : -EOPNOTSUPP);
    }
}

static void test_pin_memory_cacheattr(void **state)
{
    static const struct {
        uint64_t start, end;
        uint32_t type;
        long want;
    } rows[] = {
        { 0, 0, 0, 0 },       { 1, 5, 6, 0 },        { 1, 5, 7, 0 },
        { 1, 5, ~0U, 0 },     { 1, 5, 2, -EINVAL },  { 1, 5, 8, -EINVAL },
        { 2, 1, 6, -EINVAL }, { 0, ~0UL, 6, -EINVAL },
    };
    struct domain *d = fixture_guest(1);

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        fresh(XEN_DMOP_pin_memory_cacheattr)->u.pin_memory_cacheattr =
            (struct xen_dm_op_pin_memory_cacheattr){ rows[i].start,
                                                     rows[i].end,
                                                     rows[i].type, 0 };
        assert_int_equal(dm(d, &op), rows[i].want);
    }
}

static void test_remote_shutdown(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    fresh(XEN_DMOP_remote_shutdown)->u.remote_shutdown.reason = 1;
    assert_int_equal(dm(d, &op), 0);
    assert_true(domain_is_shut_down(d));
    assert_int_equal(d->shutdown_code, 1);
    op.u.remote_shutdown.reason = 3;
    assert_int_equal(dm(d, &op), 0);
    assert_int_equal(d->shutdown_code, 1); /* the first reason stays */
}

/* The low byte of any reason is a code, as in Xen. */
static void test_remote_shutdown_reasons(void **state)
{
    static const struct {
        uint32_t reason;
        uint8_t code;
    } rows[] = { { 5, 5 }, { 99, 99 }, { 255, 255 }, { 0x102, 2 } };
    struct xen_domctl op_info = { .cmd = XEN_DOMCTL_getdomaininfo,
                                  .interface_version =
                                      XEN_DOMCTL_INTERFACE_VERSION };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        struct domain *d = fixture_guest(1);
        uint32_t flags;

        fresh(XEN_DMOP_remote_shutdown)->u.remote_shutdown.reason =
            rows[i].reason;
        assert_int_equal(dm(d, &op), 0);
        assert_true(domain_is_shut_down(d));
        op_info.domain = d->domain_id;
        assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op_info), 0, 0, 0, 0),
                         0);
        flags = op_info.u.getdomaininfo.flags;
        assert_true(flags & XEN_DOMINF_shutdown);
        assert_int_equal(flags >> XEN_DOMINF_shutdownshift, rows[i].code);
        domain_resume(d);
        assert_false(domain_is_shut_down(d));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_set_mem_type_errors),
        T(test_set_mem_type_goes_on),
        T(test_set_mem_type_stops_at_a_hole),
        T(test_map_mem_type_errors),
        T(test_writes_to_claimed_memory),
        T(test_claim_of_a_destroyed_server),
        T(test_forged_progress),
        T(test_relocate_memory),
        T(test_modified_memory_needs_two_buffers),
        T(test_track_dirty_vram),
        T(test_lines_and_events),
        T(test_pin_memory_cacheattr),
        T(test_remote_shutdown),
        T(test_remote_shutdown_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
