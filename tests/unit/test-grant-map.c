/* SPDX-License-Identifier: MIT */
/* Grants mapped and unmapped: every status, flags and pins, batches. */
#include "test-grant.h"

#include "../../xen/common/gnttab-private.h"

#define HOST GNTMAP_host_map
#define DEV GNTMAP_device_map
#define RO GNTMAP_readonly
#define MAP_ADDR (MAP_GFN << PAGE_SHIFT)

static void test_map_shows_and_counts(void **state)
{
    struct pair p = make_pair();
    uint32_t handle, second;

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    *(uint64_t *)fixture_gfn_to_virt(p.granter, RAM_GFN) = 0x1234;
    handle = grant_map_ok(p.granter, 9, MAP_GFN, 0);
    assert_int_equal(*(uint64_t *)fixture_gfn_to_virt(p.mapper, MAP_GFN),
                     0x1234);
    assert_int_equal(p2m_lookup(p.mapper, _gfn(MAP_GFN)).type, P2M_GRANT_RW);
    /* The granter's entry, the mapper's, the active entry. */
    assert_int_equal(page_refs(p.granter, RAM_GFN), 3);
    assert_int_equal(entry_v1(p.granter, 9)->flags,
                     GTF_permit_access | GTF_reading | GTF_writing);
    fixture_audit();

    second = grant_map_ok(p.granter, 9, MAP_GFN + 1, RO);
    assert_int_not_equal(second, handle);
    assert_int_equal(p2m_lookup(p.mapper, _gfn(MAP_GFN + 1)).type,
                     P2M_GRANT_RO);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 4);
    fixture_audit();

    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_okay);
    assert_int_equal(entry_v1(p.granter, 9)->flags,
                     GTF_permit_access | GTF_reading);
    assert_null(fixture_gfn_to_virt(p.mapper, MAP_GFN));
    assert_int_equal(grant_unmap(second, (MAP_GFN + 1) << 12, 0), GNTST_okay);
    assert_int_equal(entry_v1(p.granter, 9)->flags, GTF_permit_access);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_bad_handle);
}

/* Each row spoils one thing of a map that works. */
static void test_map_errors(void **state)
{
    static const struct {
        unsigned int entry_flags;
        int entry_domid; /* -1: the mapper */
        uint32_t frame, flags, ref, dom; /* dom 0: the granter */
        uint64_t host_addr;
        int status;
    } row[] = {
        { 1, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_okay },
        { 1, -1, RAM_GFN, HOST | RO, 9, 0, MAP_ADDR, GNTST_okay },
        { 5, -1, RAM_GFN, HOST | RO, 9, 0, MAP_ADDR, GNTST_okay },
        { 1, -1, RAM_GFN, 0, 9, 999, MAP_ADDR, GNTST_bad_gntref },
        { 1, -1, RAM_GFN, RO, 9, 0, MAP_ADDR, GNTST_bad_gntref },
        { 1, -1, RAM_GFN, DEV, 9, 999, MAP_ADDR, GNTST_general_error },
        { 1, -1, RAM_GFN, HOST | DEV, 9, 0, MAP_ADDR, GNTST_general_error },
        { 1, -1, RAM_GFN, HOST | GNTMAP_contains_pte, 9, 0, MAP_ADDR,
          GNTST_general_error },
        { 1, -1, RAM_GFN, HOST | GNTMAP_application_map, 9, 0, MAP_ADDR,
          GNTST_general_error },
        { 1, -1, RAM_GFN, HOST | 1U << 16, 9, 0, MAP_ADDR,
          GNTST_general_error },
        { 1, -1, RAM_GFN, HOST, 9, 999, MAP_ADDR, GNTST_bad_domain },
        { 1, -1, RAM_GFN, HOST, 9, DOMID_SELF, MAP_ADDR, GNTST_bad_domain },
        { 1, -1, RAM_GFN, HOST, 512, 0, MAP_ADDR, GNTST_bad_gntref },
        { 1, -1, RAM_GFN, HOST, ~0U, 0, MAP_ADDR, GNTST_bad_gntref },
        { 0, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 2, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 3, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 1, 5, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 5, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 0x101, -1, RAM_GFN, HOST, 9, 0, MAP_ADDR, GNTST_general_error },
        { 1, -1, 0x999, HOST, 9, 0, MAP_ADDR, GNTST_bad_page },
        { 1, -1, ~0U, HOST, 9, 0, MAP_ADDR, GNTST_bad_page },
        { 1, -1, RAM_GFN, HOST, 9, 0, ~0xfffUL, GNTST_general_error },
    };
    struct pair p = make_pair();

    (void)state;
    /* Warm: what is kept for later does not count. */
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    assert_int_equal(grant_unmap(grant_map_ok(p.granter, 9, MAP_GFN, 0),
                                 MAP_ADDR, 0), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        gnttab_map_grant_ref_t op = {
            .host_addr = row[i].host_addr, .flags = row[i].flags,
            .ref = row[i].ref,
            .dom = row[i].dom ? (domid_t)row[i].dom : p.granter->domain_id,
        };
        grant_entry_v1_t *e = entry_v1(p.granter, 9), was;

        e->flags = (uint16_t)row[i].entry_flags;
        e->domid = row[i].entry_domid < 0 ? p.mapper->domain_id
                                          : (domid_t)row[i].entry_domid;
        e->frame = row[i].frame;
        was = *e;
        assert_int_equal(grant_op(GNTTABOP_map_grant_ref, &op, 1), 0);
        if ( op.status != row[i].status )
            fail_msg("row %u: %d, want %d", i, op.status, row[i].status);
        fixture_audit();
        if ( op.status )
            assert_memory_equal(e, &was, sizeof(was));
        else
            assert_int_equal(grant_unmap(op.handle, MAP_ADDR, 0), 0);
        assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
    }
}

/* Only a granter's own memory can be mapped; only over the mapper's own. */
static void test_p2m_types(void **state)
{
    static const struct {
        enum p2m_type source, target;
        unsigned int flags;
        int status;
    } row[] = {
        { P2M_RAM_RW, P2M_NONE, 0, GNTST_okay },
        { P2M_IOREQ, P2M_MMIO_DM, 0, GNTST_okay },
        { P2M_RAM_RO, P2M_RAM_RW, RO, GNTST_okay },
        { P2M_RAM_RO, P2M_RAM_RW, 0, GNTST_bad_page },
        { P2M_FOREIGN, P2M_NONE, 0, GNTST_bad_page },
        { P2M_GRANT_RW, P2M_NONE, 0, GNTST_bad_page },
        { P2M_GRANT_RO, P2M_NONE, RO, GNTST_bad_page },
        { P2M_MMIO_DM, P2M_NONE, RO, GNTST_bad_page },
        { P2M_RAM_RW, P2M_FOREIGN, 0, GNTST_general_error },
        { P2M_RAM_RW, P2M_GRANT_RW, 0, GNTST_general_error },
        { P2M_RAM_RW, P2M_GRANT_RO, 0, GNTST_general_error },
    };
    struct pair p = make_pair();
    struct domain *third = fixture_guest(1);

    (void)state;
    fixture_populate(third, RAM_GFN, 1);
    offer_v1(p.granter, 9, p.mapper, 0x777, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(row); i++ )
    {
        struct domain *at[2] = { p.granter, p.mapper };
        uint64_t gfn[2] = { 0x777, MAP_GFN };
        enum p2m_type t[2] = { row[i].source, row[i].target };
        gnttab_map_grant_ref_t op;

        for ( unsigned int j = 0; j < 2; j++ )
        {
            struct domain *owner = p2m_is_ram(t[j]) ? at[j] : third;
            struct page *pg = p2m_get_page(owner, _gfn(RAM_GFN + j), NULL);

            if ( owner == third && !pg )
                pg = p2m_get_page(owner, _gfn(RAM_GFN), NULL);
            assert_non_null(pg);
            if ( p2m_has_page(t[j]) )
                assert_int_equal(p2m_set(at[j], _gfn(gfn[j]),
                                         page_to_mfn(pg), t[j]), 0);
            else
            {
                page_put(pg);
                assert_int_equal(p2m_set(at[j], _gfn(gfn[j]), INVALID_MFN,
                                         t[j]), 0);
            }
        }
        op = grant_map(p.granter, 9, MAP_ADDR, HOST | row[i].flags);
        if ( op.status != row[i].status )
            fail_msg("row %u: %d, want %d", i, op.status, row[i].status);
        fixture_audit();
        if ( !op.status )
            assert_int_equal(grant_unmap(op.handle, MAP_ADDR, 0), 0);
    }
}

static void test_unmap_checks_everything(void **state)
{
    struct pair p = make_pair();
    uint32_t handle;

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 9, MAP_GFN, 0);
    assert_int_equal(grant_unmap(handle + 1, MAP_ADDR, 0), GNTST_bad_handle);
    assert_int_equal(grant_unmap(~0U, MAP_ADDR, 0), GNTST_bad_handle);
    assert_int_equal(grant_unmap(1U << 30, MAP_ADDR, 0), GNTST_bad_handle);
    assert_int_equal(grant_unmap(handle, MAP_ADDR + 4096, 0),
                     GNTST_general_error);
    assert_int_equal(grant_unmap(handle, RAM_GFN << 12, 0),
                     GNTST_general_error);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0x123000),
                     GNTST_general_error);
    /* Nothing asked: nothing done. */
    assert_int_equal(grant_unmap(handle, 0, 0), GNTST_okay);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 3);
    /* A handle is the mapper's own. */
    fixture_be_dom(p.granter);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_bad_handle);
    fixture_be_dom(p.mapper);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), GNTST_okay);
}

/* XSA-224: unmapping the one kind leaves the other, and its pin. */
static void test_xsa_224_device_maps(void **state)
{
    struct domain *d = fixture_guest(1);
    gnttab_map_grant_ref_t op;
    void *va;

    (void)state;
    fixture_populate(d, RAM_GFN, 1);
    va = fixture_gfn_to_virt(d, RAM_GFN);
    offer_v1(d, 9, dom0, RAM_GFN, 0);
    assert_int_equal(grant_map(d, 9, MAP_ADDR, HOST).status,
                     GNTST_general_error);
    assert_int_equal(grant_map(d, 9, MAP_ADDR, HOST | DEV).status,
                     GNTST_general_error);
    assert_int_equal(grant_map(d, 9, MAP_ADDR, DEV | GNTMAP_contains_pte)
                         .status, GNTST_general_error);

    op = grant_map(d, 9, 0, DEV);
    assert_int_equal(op.status, GNTST_okay);
    assert_ptr_equal(arch_mfn_to_virt(_mfn(op.dev_bus_addr >> 12)), va);
    assert_int_equal(page_refs(d, RAM_GFN), 2);
    fixture_audit();
    assert_int_equal(grant_unmap(op.handle, MAP_ADDR, 0), GNTST_okay);
    assert_int_equal(entry_v1(d, 9)->flags & GTF_writing, GTF_writing);
    assert_int_equal(grant_unmap(op.handle, 0, op.dev_bus_addr + 4096),
                     GNTST_general_error);
    assert_int_equal(grant_unmap(op.handle, 0, op.dev_bus_addr), GNTST_okay);
    assert_int_equal(entry_v1(d, 9)->flags, GTF_permit_access);
    assert_int_equal(page_refs(d, RAM_GFN), 1);
}

static void test_unmap_and_replace(void **state)
{
    struct pair p = make_pair();
    gnttab_unmap_and_replace_t op = { .host_addr = MAP_ADDR,
                                      .new_addr = 0x1000 };

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    op.handle = grant_map_ok(p.granter, 9, MAP_GFN, 0);
    assert_int_equal(grant_op(GNTTABOP_unmap_and_replace, &op, 1), 0);
    assert_int_equal(op.status, GNTST_general_error);
    op.new_addr = 0;
    assert_int_equal(grant_op(GNTTABOP_unmap_and_replace, &op, 1), 0);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
}

/* A pinned entry is its user's; terms are those of the first pin. */
static void test_pinned_terms(void **state)
{
    struct pair p = make_pair();
    struct domain *third = fixture_guest(1);
    struct active_entry *act;
    uint32_t first, second;

    (void)state;
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    first = grant_map_ok(p.granter, 9, MAP_GFN, RO);
    offer_v1(p.granter, 9, third, RAM_GFN + 1, GTF_reading);
    fixture_be_dom(third);
    assert_int_equal(grant_map(p.granter, 9, MAP_ADDR, HOST | RO).status,
                     GNTST_general_error);
    fixture_be_dom(p.mapper);
    second = grant_map_ok(p.granter, 9, MAP_GFN + 1, 0);
    assert_ptr_equal(fixture_gfn_to_virt(p.mapper, MAP_GFN + 1),
                     fixture_gfn_to_virt(p.granter, RAM_GFN));
    assert_int_equal(grant_unmap(second, (MAP_GFN + 1) << 12, 0), 0);
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, GTF_reading | GTF_readonly);
    assert_int_equal(grant_map(p.granter, 9, (MAP_GFN + 1) << 12, HOST)
                         .status, GNTST_general_error);

    act = active_entry_locked(p.granter->grant, 9);
    act->pin[PIN_HOST_R] = PIN_LIMIT;
    assert_int_equal(grant_map(p.granter, 9, (MAP_GFN + 1) << 12, HOST | RO)
                         .status, GNTST_general_error);
    act->pin[PIN_HOST_R] = 1;
    assert_int_equal(grant_unmap(first, MAP_ADDR, 0), 0);
    assert_int_equal(entry_v1(p.granter, 9)->flags,
                     GTF_permit_access | GTF_readonly);
}

static void test_maptrack_full_is_no_space(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *granter = fixture_guest(1), *mapper, *none;
    uint32_t handle = 0;

    (void)state;
    config.max_maptrack_frames = 1;
    mapper = fixture_guest_config(&config);
    config.max_maptrack_frames = 0;
    none = fixture_guest_config(&config);
    fixture_populate(granter, RAM_GFN, 1);
    offer_v1(granter, 9, mapper, RAM_GFN, 0);
    fixture_be_dom(mapper);
    /* Maps that fail use up nothing. */
    for ( unsigned int i = 0; i < 2 * MAPTRACK_PER_FRAME; i++ )
        assert_int_equal(grant_map(granter, 10, MAP_ADDR, HOST).status,
                         GNTST_general_error);
    for ( unsigned int i = 0; i < MAPTRACK_PER_FRAME; i++ )
        handle = grant_map_ok(granter, 9, MAP_GFN + i, 0);
    assert_int_equal(grant_map(granter, 9, 0x9999000, HOST).status,
                     GNTST_no_space);
    /* It is looked for before the entry. */
    assert_int_equal(grant_map(granter, 99999, 0x9999000, HOST).status,
                     GNTST_no_space);
    assert_int_equal(grant_unmap(handle, (MAP_GFN + 255) << 12, 0), 0);
    assert_int_equal(grant_map_ok(granter, 9, MAP_GFN + 255, 0), handle);
    fixture_be_dom(none);
    assert_int_equal(grant_map(granter, 9, MAP_ADDR, HOST).status,
                     GNTST_no_space);
}

static void test_batch_gives_way_and_goes_on(void **state)
{
    struct pair p = make_pair();
    gnttab_map_grant_ref_t map[40];
    gnttab_unmap_grant_ref_t unmap[40];

    (void)state;
    for ( unsigned int i = 0; i < 40; i++ )
    {
        offer_v1(p.granter, 100 + i, p.mapper, RAM_GFN + i % 8, 0);
        map[i] = (gnttab_map_grant_ref_t){
            .host_addr = (MAP_GFN + i) << 12, .flags = HOST, .ref = 100 + i,
            .dom = p.granter->domain_id, .status = 77 };
    }
    map[20].ref = 9999;
    hosted_preempt_every(1);
    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, map, 40), 0);
    for ( unsigned int i = 0; i < 40; i++ )
    {
        assert_int_equal(map[i].status,
                         i == 20 ? GNTST_bad_gntref : GNTST_okay);
        unmap[i] = (gnttab_unmap_grant_ref_t){
            .host_addr = map[i].host_addr, .handle = map[i].handle,
            .status = 77 };
    }
    unmap[20].handle = ~0U;
    fixture_audit();
    assert_int_equal(grant_op(GNTTABOP_unmap_grant_ref, unmap, 40), 0);
    for ( unsigned int i = 0; i < 40; i++ )
        assert_int_equal(unmap[i].status,
                         i == 20 ? GNTST_bad_handle : GNTST_okay);
    assert_int_equal(page_refs(p.granter, RAM_GFN), 1);
}

/* A page that is read-only to its owner does not become writable by a pin. */
static void test_read_only_page_stays_so(void **state)
{
    struct pair p = make_pair();
    struct page *pg = p2m_get_page(p.granter, _gfn(RAM_GFN), NULL);
    uint32_t handle;

    (void)state;
    assert_int_equal(p2m_set(p.granter, _gfn(RAM_GFN), page_to_mfn(pg),
                             P2M_RAM_RO), 0);
    offer_v1(p.granter, 9, p.mapper, RAM_GFN, 0);
    handle = grant_map_ok(p.granter, 9, MAP_GFN, RO);
    assert_int_equal(grant_map(p.granter, 9, (MAP_GFN + 1) << 12, HOST)
                         .status, GNTST_bad_page);
    assert_int_equal(entry_v1(p.granter, 9)->flags,
                     GTF_permit_access | GTF_reading);
    assert_int_equal(grant_unmap(handle, MAP_ADDR, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_map_shows_and_counts),
        with_fixture(test_map_errors),
        with_fixture(test_p2m_types),
        with_fixture(test_unmap_checks_everything),
        with_fixture(test_xsa_224_device_maps),
        with_fixture(test_unmap_and_replace),
        with_fixture(test_pinned_terms),
        with_fixture(test_maptrack_full_is_no_space),
        with_fixture(test_batch_gives_way_and_goes_on),
        with_fixture(test_read_only_page_stays_so),
    };

    return cmocka_run_group_tests_name("grant-map", tests, NULL, NULL);
}
