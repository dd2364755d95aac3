/* SPDX-License-Identifier: MIT */
/*
 * Granted pages that a PV guest maps, by entries of its page tables.
 *
 * Seen failing with: an entry of any page written; an entry removed that maps
 * something else; a read-only mapping that is writable; no flush; the software
 * bits forgotten; a mapping that waits for all work on the tables, also when its
 * domain is dying.
 */
#include "test-pv.h"

#include "test-grant.h"

#define VA_OF(slot) (4UL << 39 | 3UL << 30 | 2UL << 21 | (uint64_t)(slot) << 12)
#define REF 20

struct mapper {
    struct domain *granter, *d;
    struct page *pg; /* the granted page, at REF */
    struct tree t;
};

static struct mapper make_mapper(unsigned int flags)
{
    struct mapper m = { .granter = pv_guest(1) };

    m.pg = pv_page(m.granter);
    m.d = guest_with_tree(&m.t);
    offer_v1(m.granter, REF, m.d, mfn_of(m.pg), flags);
    return m;
}

static void mapper_end(const struct mapper *m)
{
    pv_check();
    pv_kill(m->d);
    pv_check();
    assert_type(m->pg, PV_NONE, 0);
    assert_int_equal(m->pg->refs, 1);
    pv_kill(m->granter);
}

static void test_map_by_address(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *l1 = m.t.table[1];
    gnttab_map_grant_ref_t op;

    (void)state;
    op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map);
    assert_int_equal(op.status, 0);
    assert_int_equal(op.dev_bus_addr, mfn_of(m.pg) << PAGE_SHIFT);
    assert_int_equal(get_raw(l1, 9), entry_to(m.pg, RW | PTE_A | PTE_D));
    assert_type(m.pg, PV_WRITABLE, 2); /* of the pin, and the entry */
    assert_int_equal(pin(m.granter, m.pg, 1), -EINVAL);
    pv_check();

    /* It is gone from TLBs when the granter hears of it. */
    assert_true(tlb_touch(m.d, m.t.table[4], VA_OF(9)));
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), 0);
    assert_int_equal(nr_cached, 0);
    assert_int_equal(get_raw(l1, 9), 0);
    assert_type(m.pg, PV_NONE, 0);
    assert_int_equal(entry_v1(m.granter, REF)->flags, GTF_permit_access);
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), GNTST_bad_handle);
    pv_check();

    /* The processor's bits do not keep an entry. */
    op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map);
    assert_int_equal(op.status, 0);
    set_raw(l1, 9, get_raw(l1, 9) & ~(uint64_t)PTE_D);
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), 0);
    mapper_end(&m);
}

/*
 * The granter has mapped the page as often as 32 GiB of page tables can: no more
 * references for it, and none that overflows when it is mapped once more.
 */
static void test_map_what_is_mapped_everywhere(void **state)
{
    struct mapper m = make_mapper(0);
    gnttab_map_grant_ref_t op;

    (void)state;
    for ( uint32_t left = 0; left < 4; left++ )
    {
        m.pg->refs = UINT32_MAX - left;
        op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map);
        assert_int_not_equal(op.status, 0);
        assert_int_equal(m.pg->refs, UINT32_MAX - left);
        assert_false(page_get(m.pg, m.granter));
    }
    m.pg->refs = 1;
    mapper_end(&m);
}

static void test_map_over_an_entry(void **state)
{
    struct mapper m = make_mapper(0);
    gnttab_map_grant_ref_t op;

    (void)state;
    assert_type(m.t.data, PV_WRITABLE, 1);
    op = grant_map(m.granter, REF, VA_OF(5), GNTMAP_host_map);
    assert_int_equal(op.status, 0);
    assert_type(m.t.data, PV_NONE, 0);
    pv_check();
    assert_int_equal(grant_unmap(op.handle, VA_OF(5), 0), 0);
    mapper_end(&m);
}

static void test_map_by_entry(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *l1 = pv_page(m.d); /* in no address space */
    gnttab_map_grant_ref_t op;
    uint64_t want;

    (void)state;
    assert_int_equal(pin(m.d, l1, 1), 0);
    op = grant_map(m.granter, REF, at(l1, 511), GNTMAP_host_map |
                   GNTMAP_contains_pte | 5U << _GNTMAP_guest_avail0);
    assert_int_equal(op.status, 0);
    want = entry_to(m.pg, RW | PTE_A | PTE_D) | 5UL << 9;
    assert_int_equal(get_raw(l1, 511), want);
    pv_check();
    /* Bits that are not an entry's for software do not get there. */
    op.handle = grant_map(m.granter, REF, at(l1, 1), GNTMAP_host_map |
                          GNTMAP_contains_pte | GNTMAP_guest_avail_mask).handle;
    want = entry_to(m.pg, RW | PTE_A | PTE_D) | 7UL << 9;
    assert_int_equal(get_raw(l1, 1), want);
    pv_check();
    assert_int_equal(grant_unmap(op.handle, at(l1, 1), 0), 0);
    assert_int_equal(get_raw(l1, 1), 0);
    mapper_end(&m); /* one is mapped still */
}

static void test_map_readonly(void **state)
{
    struct mapper m = make_mapper(GTF_readonly);
    struct page *l1 = m.t.table[1];
    gnttab_map_grant_ref_t op;

    (void)state;
    op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map);
    assert_int_equal(op.status, GNTST_general_error);
    assert_int_equal(get_raw(l1, 9), 0);
    op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map |
                   GNTMAP_readonly);
    assert_int_equal(op.status, 0);
    assert_int_equal(get_raw(l1, 9), entry_to(m.pg, RO | PTE_A | PTE_D));
    assert_type(m.pg, PV_NONE, 0);
    pv_check();
    /* The guest cannot make it writable, nor map it elsewhere. */
    assert_int_equal(update(m.d, at(l1, 9), entry_to(m.pg, RW)), -EBUSY);
    assert_int_equal(update(m.d, at(l1, 10), entry_to(m.pg, RO)), -EBUSY);
    pv_check();
    /* It may be a table of the granter's meanwhile. */
    assert_int_equal(pin(m.granter, m.pg, 1), 0);
    pv_check();
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), 0);
    assert_int_equal(unpin(m.granter, m.pg), 0);
    mapper_end(&m);
}

/* One mapping of two kinds, which go one by one. */
static void test_two_kinds(void **state)
{
    struct mapper m = make_mapper(0);
    gnttab_map_grant_ref_t op;
    uint64_t bus = mfn_of(m.pg) << PAGE_SHIFT;

    (void)state;
    op = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map |
                   GNTMAP_device_map);
    assert_int_equal(op.status, 0);
    assert_int_equal(op.dev_bus_addr, bus);
    assert_type(m.pg, PV_WRITABLE, 2);
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), 0);
    assert_type(m.pg, PV_WRITABLE, 1);
    pv_check();
    assert_int_equal(grant_unmap(op.handle, 0, bus), 0);
    assert_type(m.pg, PV_NONE, 0);
    pv_check();
    /* A device's alone has no entry, whatever the address. */
    op = grant_map(m.granter, REF, 8, GNTMAP_device_map);
    assert_int_equal(op.status, 0);
    assert_type(m.pg, PV_WRITABLE, 1);
    pv_check();
    assert_int_equal(grant_unmap(op.handle, VA_OF(5), 0), 0);
    assert_int_equal(get_raw(m.t.table[1], 5), entry_to(m.t.data, RW));
    assert_int_equal(grant_unmap(op.handle, 0, bus), 0);
    mapper_end(&m);
}

/* The page stays until it is mapped no more, and nothing of its use then. */
static void test_granter_ends_first(void **state)
{
    struct mapper m = make_mapper(0);
    uint64_t before;
    uint32_t handle;

    (void)state;
    handle = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map).handle;
    pv_kill(m.granter);
    fixture_be_dom(m.d);
    pv_check();
    assert_type(m.pg, PV_WRITABLE, 2);
    assert_int_equal(get_raw(m.t.table[1], 9),
                     entry_to(m.pg, RW | PTE_A | PTE_D));
    before = page_nr_free();
    assert_int_equal(grant_unmap(handle, VA_OF(9), 0), 0);
    assert_true(page_nr_free() > before);
    assert_type(m.pg, PV_NONE, 0);
    pv_check();
    pv_kill(m.d);
}

/* Replacing an entry by another is not offered. */
static void test_replace(void **state)
{
    struct mapper m = make_mapper(0);
    gnttab_unmap_and_replace_t op = { .host_addr = VA_OF(9),
                                      .new_addr = VA_OF(5), .status = 77 };

    (void)state;
    op.handle = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map).handle;
    assert_int_equal(grant_op(GNTTABOP_unmap_and_replace, &op, 1), 0);
    assert_int_equal(op.status, GNTST_general_error);
    assert_int_equal(get_raw(m.t.table[1], 5), entry_to(m.t.data, RW));
    assert_int_equal(get_raw(m.t.table[1], 9),
                     entry_to(m.pg, RW | PTE_A | PTE_D));
    pv_check();
    assert_int_equal(grant_unmap(op.handle, VA_OF(9), 0), 0);
    mapper_end(&m);
}

/* A page table of the granter's. */
static void test_map_a_table(void **state)
{
    struct mapper m = make_mapper(0);

    (void)state;
    assert_int_equal(pin(m.granter, m.pg, 1), 0);
    assert_int_equal(grant_map(m.granter, REF, VA_OF(9),
                               GNTMAP_host_map).status, GNTST_bad_page);
    assert_int_equal(get_raw(m.t.table[1], 9), 0);
    pv_check();
    assert_int_equal(unpin(m.granter, m.pg), 0);
    mapper_end(&m);
}

static void test_wrong_places(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *theirs = pv_page(m.granter), *plain = pv_page(m.d);
    uint64_t entries[8], addresses[] = {
        VA_OF(0) + (1UL << 21), VA_OF(0) + (1UL << 30), 0, ~0xfffUL,
        0xffff800000000000, 0xffff87fffffff000, 1UL << 47,
    };
    uint32_t handle;

    (void)state;
    assert_int_equal(pin(m.granter, theirs, 1), 0);
    entries[0] = at(m.t.table[1], 9) + 4;
    entries[1] = at(m.t.table[2], 9);
    entries[2] = at(m.t.table[3], 9);
    entries[3] = at(m.t.table[4], 300);
    entries[4] = at(plain, 9);
    entries[5] = at(theirs, 9);
    entries[6] = nr_frames << PAGE_SHIFT;
    entries[7] = ~7UL;
    handle = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map).handle;
    for ( unsigned int i = 0; i < ARRAY_SIZE(entries); i++ )
    {
        assert_int_equal(grant_map(m.granter, REF, entries[i],
                                   GNTMAP_host_map |
                                       GNTMAP_contains_pte).status,
                         GNTST_general_error);
        pv_check();
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(addresses); i++ )
    {
        assert_int_equal(grant_map(m.granter, REF, addresses[i],
                                   GNTMAP_host_map).status,
                         GNTST_general_error);
        /* 0 asks for nothing. */
        assert_int_equal(grant_unmap(handle, addresses[i], 0),
                         addresses[i] ? GNTST_general_error : GNTST_okay);
        pv_check();
    }
    assert_int_equal(get_raw(plain, 9), 0);
    assert_int_equal(get_raw(theirs, 9), 0);
    assert_int_equal(grant_unmap(handle, VA_OF(9), 8), GNTST_general_error);
    assert_int_equal(grant_unmap(handle, VA_OF(9), 0), 0);
    assert_int_equal(unpin(m.granter, theirs), 0);
    mapper_end(&m);
}

/* The entry is the guest's: it may change, but no other one is removed. */
static void test_unmap_something_else(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *l1 = m.t.table[1], *data = pv_page(m.d);
    uint32_t handle, second;

    (void)state;
    handle = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map).handle;
    assert_int_equal(grant_unmap(handle, VA_OF(5), 0), GNTST_general_error);
    assert_int_equal(grant_unmap(handle, VA_OF(6), 0), GNTST_general_error);
    assert_int_equal(get_raw(l1, 5), entry_to(m.t.data, RW));
    pv_check();
    /* The guest puts its own page there, then nothing. */
    assert_int_equal(update(m.d, at(l1, 9), entry_to(data, RW)), 0);
    assert_type(m.pg, PV_WRITABLE, 1); /* of the pin */
    assert_int_equal(grant_unmap(handle, VA_OF(9), 0), GNTST_general_error);
    assert_int_equal(get_raw(l1, 9), entry_to(data, RW));
    assert_int_equal(update(m.d, at(l1, 9), entry_to(m.pg, PTE_US)), 0);
    assert_int_equal(grant_unmap(handle, VA_OF(9), 0), GNTST_general_error);
    pv_check();
    /* By the entry of another mapping of the page: that one is what is left. */
    second = grant_map(m.granter, REF, VA_OF(10), GNTMAP_host_map).handle;
    assert_int_equal(grant_unmap(handle, VA_OF(10), 0), 0);
    assert_type(m.pg, PV_WRITABLE, 1);
    pv_check();
    assert_int_equal(grant_unmap(second, VA_OF(10), 0), GNTST_general_error);
    assert_int_equal(pin(m.granter, m.pg, 1), -EINVAL);
    mapper_end(&m);
}

/*
 * Who gives up what it may write does so: not the entry of another mapping of
 * the page, by which it may only be read.
 */
static void test_xsa_234_writable_or_not(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *l1 = m.t.table[1];
    uint32_t rw, ro;

    (void)state;
    rw = grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map).handle;
    ro = grant_map(m.granter, REF, VA_OF(10), GNTMAP_host_map |
                   GNTMAP_readonly).handle;
    assert_int_equal(grant_unmap(rw, VA_OF(10), 0), GNTST_general_error);
    assert_int_equal(grant_unmap(ro, VA_OF(9), 0), GNTST_general_error);
    assert_int_equal(get_raw(l1, 9), entry_to(m.pg, RW | PTE_A | PTE_D));
    assert_int_equal(get_raw(l1, 10), entry_to(m.pg, RO | PTE_A | PTE_D));
    pv_check();
    assert_int_equal(grant_unmap(rw, VA_OF(9), 0), 0);
    assert_type(m.pg, PV_NONE, 0);
    assert_int_equal(entry_v1(m.granter, REF)->flags,
                     GTF_permit_access | GTF_reading);
    assert_int_equal(grant_unmap(ro, VA_OF(10), 0), 0);
    mapper_end(&m);
}

/* With the table an entry goes that the mapping was in. */
static void test_table_goes_first(void **state)
{
    struct mapper m = make_mapper(0);
    struct page *l1 = pv_page(m.d);
    gnttab_map_grant_ref_t op;

    (void)state;
    assert_int_equal(pin(m.d, l1, 1), 0);
    op = grant_map(m.granter, REF, at(l1, 3), GNTMAP_host_map |
                   GNTMAP_contains_pte);
    assert_int_equal(op.status, 0);
    assert_int_equal(unpin(m.d, l1), 0);
    settle(m.d);
    pv_check();
    assert_int_equal(get_raw(l1, 3), op.dev_bus_addr | RW | PTE_A | PTE_D);
    assert_int_equal(pin(m.d, l1, 1), -EBUSY); /* not the guest's page */
    assert_int_equal(grant_unmap(op.handle, at(l1, 3), 0),
                     GNTST_general_error);
    pv_check();
    mapper_end(&m);
}

/* Below entry 9 of the root: as many tables as take a while to drop. */
static void add_tables(const struct mapper *m)
{
    struct page *l3 = pv_page(m->d), *l2 = pv_page(m->d);

    for ( unsigned int i = 0; i < 20; i++ )
    {
        struct page *l1 = pv_page(m->d);

        for ( unsigned int k = 0; k < 512; k++ )
            set_raw(l1, k, entry_to(m->t.data, RO));
        set_raw(l2, i, entry_to(l1, RW));
    }
    set_raw(l3, 0, entry_to(l2, RW));
    assert_int_equal(update(m->d, at(m->t.table[4], 9), entry_to(l3, RW)), 0);
}

/* Another vcpu has begun to drop them; how often does the call give way? */
static unsigned int beside_work(const struct mapper *m, unsigned int cmd,
                                void *op)
{
    struct hypercall hc = { .nr = __HYPERVISOR_grant_table_op,
                            .a = { cmd, P(op), 1 } };
    unsigned int n = 0;
    bool done;
    long rc;

    add_tables(m);
    hosted_preempt_every(1);
    assert_int_equal(pv_update(m->d, at(m->t.table[4], 9), 0, m->d, 0, &done),
                     -ERESTART);
    while ( (rc = hypercall_dispatch(&hc)) == -ERESTART )
    {
        n++;
        pv_check();
    }
    hosted_preempt_every(0);
    assert_int_equal(rc, 0);
    return n;
}

static void test_gives_way(void **state)
{
    struct mapper m = make_mapper(0);
    gnttab_map_grant_ref_t map = { .host_addr = VA_OF(9), .ref = REF,
                                   .flags = GNTMAP_host_map,
                                   .dom = m.granter->domain_id, .status = 77 };
    gnttab_unmap_grant_ref_t unmap = { .host_addr = VA_OF(9), .status = 77 };

    (void)state;
    assert_true(beside_work(&m, GNTTABOP_map_grant_ref, &map) > 50);
    assert_int_equal(map.status, GNTST_okay);
    unmap.handle = map.handle;
    assert_true(beside_work(&m, GNTTABOP_unmap_grant_ref, &unmap) > 50);
    assert_int_equal(unmap.status, GNTST_okay);
    assert_int_equal(get_raw(m.t.table[1], 9), 0);
    mapper_end(&m);
}

/*
 * The mapper is destroyed when the entry is there and its handle is not, and a
 * device model has begun long work on its tables: no time to remove the entry.
 */
static const struct mapper *ending;

static void end_mapper(void)
{
    bool done;

    if ( !get_raw(ending->t.table[1], 9) )
        return;
    hosted_hooks.unlocked = NULL;
    hosted_preempt_every(1);
    assert_int_equal(pv_update(ending->d, at(ending->t.table[4], 9), 0,
                               ending->d, 0, &done), -ERESTART);
    ending->d->state = DOM_DYING;
}

static void test_mapper_ends_meanwhile(void **state)
{
    struct mapper m = make_mapper(0);

    (void)state;
    add_tables(&m);
    ending = &m;
    hosted_hooks.unlocked = end_mapper;
    (void)grant_map(m.granter, REF, VA_OF(9), GNTMAP_host_map);
    assert_null(hosted_hooks.unlocked);
    assert_true(m.d->pv->work.depth);
    assert_type(m.pg, PV_WRITABLE, 2); /* of the pin, and the entry */
    hosted_preempt_every(0);
    mapper_end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_map_by_address),
        PV_TEST(test_map_what_is_mapped_everywhere),
        PV_TEST(test_map_over_an_entry),
        PV_TEST(test_map_by_entry),
        PV_TEST(test_map_readonly),
        PV_TEST(test_map_a_table),
        PV_TEST(test_two_kinds),
        PV_TEST(test_granter_ends_first),
        PV_TEST(test_replace),
        PV_TEST(test_wrong_places),
        PV_TEST(test_unmap_something_else),
        PV_TEST(test_xsa_234_writable_or_not),
        PV_TEST(test_table_goes_first),
        PV_TEST(test_gives_way),
        PV_TEST(test_mapper_ends_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
