/* SPDX-License-Identifier: MIT */
/* memory_op: reservations, numbers, claims and memory maps. */
#include "fixture.h"

#include <hv/memory.h>

static long memory_op_from(unsigned int op, unsigned long start, void *arg)
{
    return hcall(__HYPERVISOR_memory_op, op | (start << MEMOP_CMD_BITS),
                 P(arg), 0, 0, 0);
}

static xen_pfn_t list[2048];

/* Extents at gfn 0x1000 and on, of d as seen by current. */
static struct xen_memory_reservation extents(const struct domain *d,
                                             unsigned long nr,
                                             unsigned int order)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr,
        .extent_order = order,
        .domid = d == current_domain ? DOMID_SELF : d->domain_id,
    };

    assert_true(nr <= ARRAY_SIZE(list));
    for ( unsigned long i = 0; i < nr; i++ )
        list[i] = 0x1000 + (i << order);
    r.extent_start.p = list;
    return r;
}

static void test_populate_and_decrease(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 5, 3);
    uint64_t before = page_nr_free();

    (void)state;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 5);
    assert_int_equal(d->tot_pages, 40);
    for ( unsigned int i = 0; i < 40; i++ )
    {
        struct p2m_entry e = p2m_lookup(d, _gfn(0x1000 + i));

        assert_int_equal(e.type, P2M_RAM_RW);
        /* An extent is contiguous in the host. */
        assert_int_equal(mfn_x(e.mfn) % 8, i % 8);
    }
    fixture_audit();
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 5);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(page_nr_free(), before);
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 0);
    fixture_audit();
}

static void test_populate_replaces(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 4, 0);
    struct p2m_entry old;

    (void)state;
    fixture_populate(d, 0x1000, 2);
    assert_int_equal(p2m_set(d, _gfn(0x1002), INVALID_MFN, P2M_MMIO_DM), 0);
    old = p2m_lookup(d, _gfn(0x1000));
    *(uint32_t *)fixture_gfn_to_virt(d, 0x1000) = 0x12345678;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 4);
    assert_false(mfn_eq(old.mfn, p2m_lookup(d, _gfn(0x1000)).mfn));
    assert_int_equal(*(uint32_t *)fixture_gfn_to_virt(d, 0x1000), 0);
    assert_int_equal(d->tot_pages, 4);
}

/* What is not d's own to lose is not lost by populating over it. */
static void test_populate_keeps_foreign_frames(void **state)
{
    static const enum p2m_type types[] = { P2M_FOREIGN, P2M_GRANT_RW,
                                           P2M_GRANT_RO, P2M_MMIO_DIRECT };
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    fixture_populate(other, 0, 1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(types); i++ )
    {
        struct xen_memory_reservation r = extents(d, 3, 2);
        struct page *pg = p2m_get_page(other, _gfn(0), NULL);
        mfn_t mfn = page_to_mfn(pg);

        if ( types[i] == P2M_MMIO_DIRECT )
            page_put(pg);
        assert_int_equal(p2m_set(d, _gfn(0x1007), mfn, types[i]), 0);
        assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
        assert_int_equal(d->tot_pages, 4); /* whole extents only */
        assert_int_equal(p2m_lookup(d, _gfn(0x1007)).type, types[i]);
        assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
        r = extents(d, 1, 3); /* four holes, then ours */
        assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 0);
        assert_int_equal(memory_remove_page(d, _gfn(0x1007)),
                         types[i] == P2M_MMIO_DIRECT ? -EPERM : -ENXIO);
    }
}

/* Item 7, XSA-507: what the hypervisor shares with d is never ballooned. */
static void test_xsa_507_extra_pages_stay(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 2, 1);
    struct xen_add_to_physmap a = { .domid = DOMID_SELF, .gpfn = 0x1003 };

    (void)state;
    fixture_populate(d, 0x1000, 3);
    fixture_be_dom(d);
    r.domid = DOMID_SELF;
    assert_int_equal(memory_op(XENMEM_add_to_physmap, &a), 0);
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 1);
    /* The extent with it is untouched, the one before is gone. */
    assert_int_equal(d->tot_pages, 1);
    assert_int_equal(p2m_lookup(d, _gfn(0x1002)).type, P2M_RAM_RW);
    assert_true(mfn_eq(p2m_lookup(d, _gfn(0x1003)).mfn,
                       page_to_mfn(d->shared_page)));
    assert_int_equal(memory_remove_page(d, _gfn(0x1003)), -EPERM);
    assert_int_equal(memory_remove_page(d, _gfn(0x1002)), 0);
    assert_int_equal(memory_remove_page(d, _gfn(0x1002)), -EINVAL);
    fixture_be_dom(dom0);
}

static void test_populate_stops_at_max_mem(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 10, 1);

    (void)state;
    d->max_pages = 13;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 6);
    assert_int_equal(d->tot_pages, 12);
    d->max_pages = 5; /* below what it has */
    assert_int_equal(memory_op_from(XENMEM_populate_physmap, 6, &r), 6);
    assert_int_equal(d->tot_pages, 12);
}

/* What is wrong is a short count, in every case. */
static void test_reservation_refusals(void **state)
{
    static const struct {
        unsigned int op;
        long nr, order, domid, flags, start, want;
        bool as_guest;
    } cases[] = {
        { XENMEM_populate_physmap, 2, 0, 0x1234, 0, 0, 0, false },
        { XENMEM_populate_physmap, 1L << 26, 0, -1, 0, 0, 0, false },
        { XENMEM_populate_physmap, 2, 0, -1, 0, 2, 2, false },
        { XENMEM_populate_physmap, 2, 0, -1, 0, 9, 9, false },
        { XENMEM_populate_physmap, 2, 0, -1, 0, 1L << 40, 0, false },
        { XENMEM_populate_physmap, 2, 19, -1, 0, 0, 0, false },
        { XENMEM_populate_physmap, 2, 64, -1, 0, 0, 0, false },
        { XENMEM_decrease_reservation, 2, 19, -1, 0, 0, 0, false },
        { XENMEM_populate_physmap, 2, 10, DOMID_SELF, 0, 0, 0, true },
        { XENMEM_populate_physmap, 2, 0, 0, 0, 0, 0, true },
        { XENMEM_populate_physmap, 2, 0, -1, XENMEMF_address_bits(12), 0, 0,
          false },
        { XENMEM_populate_physmap, 2, 0, -1, XENMEMF_address_bits(20), 0, 0,
          false },
        { XENMEM_populate_physmap, 2, 0, -1, XENMEMF_address_bits(32), 0, 2,
          false },
        { XENMEM_populate_physmap, 2, 9, DOMID_SELF, 0, 0, 2, true },
        { XENMEM_increase_reservation, 2, 0, -1, 0, 0, -EOPNOTSUPP, false },
        { XENMEM_increase_reservation, 2, 0, DOMID_SELF, 0, 0, -EOPNOTSUPP,
          false },
        { XENMEM_populate_physmap, 2, 0, DOMID_SELF, 0, 0, -EOPNOTSUPP,
          false },
        { XENMEM_decrease_reservation, 2, 0, DOMID_SELF, 0, 0, -EOPNOTSUPP,
          false },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct domain *d = fixture_guest(1);
        struct xen_memory_reservation r = extents(d, 2, 9);

        r.nr_extents = (xen_ulong_t)cases[i].nr;
        r.extent_order = (unsigned int)cases[i].order;
        r.mem_flags = (unsigned int)cases[i].flags;
        if ( cases[i].domid >= 0 )
            r.domid = (domid_t)cases[i].domid;
        fixture_be_dom(cases[i].as_guest ? d : dom0);
        assert_int_equal(memory_op_from(cases[i].op,
                                        (unsigned long)cases[i].start, &r),
                         cases[i].want);
        fixture_be_dom(dom0);
        if ( cases[i].want <= 0 || cases[i].start )
            assert_int_equal(d->tot_pages, 0);
        fixture_kill(d);
    }
    /* Unreadable: the structure, the list, the end of the list. */
    {
        struct domain *d = fixture_guest(1);
        struct xen_memory_reservation r = extents(d, 4, 0);

        assert_int_equal(memory_op(XENMEM_populate_physmap, NULL), 0);
        r.extent_start.p = NULL;
        assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 0);
        assert_int_equal(d->tot_pages, 0);
    }
}

static void test_gfns_out_of_range(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 1, 1);

    (void)state;
    for ( unsigned int i = 0; i < 4; i++ )
    {
        list[0] = (uint64_t[]){ P2M_GFN_LIMIT - 1, P2M_GFN_LIMIT, ~0UL,
                                ~0UL - 1 }[i];
        assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 0);
        assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 0);
    }
    list[0] = P2M_GFN_LIMIT - 2;
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 1);
}

static void test_preempted_at_every_extent(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = extents(d, 2000, 0);
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_populate_physmap, P(&r) } };

    (void)state;
    hosted_preempt_every(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(hc.a[0], XENMEM_populate_physmap | 1 << MEMOP_CMD_BITS);
    assert_int_equal(hypercall_run(&hc), 2000);
    assert_int_equal(d->tot_pages, 2000);
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), 2000);
    assert_int_equal(d->tot_pages, 0);
}

/* ---- running out ---- */

static struct domain *victim;

static long populate_victim(void *arg)
{
    struct xen_memory_reservation r = extents(victim, 3, 2);
    long done = memory_op(XENMEM_populate_physmap, &r);

    (void)arg;
    assert_int_equal(victim->tot_pages, done * 4);
    r.nr_extents = (xen_ulong_t)done;
    assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), done);
    return done == 3 ? 0 : -ENOMEM;
}

static void test_populate_without_memory(void **state)
{
    struct xen_memory_reservation r;

    (void)state;
    victim = fixture_guest(1);
    fixture_each_alloc_failure(populate_victim, NULL, -ENOMEM);

    /* Not enough tables for the third extent: it leaves none behind. */
    assert_int_equal(p2m_pool_resize(victim, 1 + 3), 0);
    r = extents(victim, 3, 8);
    assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 2);
    assert_int_equal(victim->tot_pages, 512);
    assert_int_equal(victim->p2m.pool_used, 4);
}

/* ---- numbers ---- */

static void test_numbers(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    struct xen_memory_domain m = { d->domain_id };
    static const unsigned int ops[] = { XENMEM_current_reservation,
                                        XENMEM_maximum_reservation,
                                        XENMEM_maximum_gpfn };

    (void)state;
    fixture_populate(d, 0x77, 3);
    assert_int_equal(memory_op(XENMEM_current_reservation, &m), 3);
    assert_int_equal(memory_op(XENMEM_maximum_gpfn, &m), 0x79);
    assert_int_equal(memory_op(XENMEM_maximum_reservation, &m), UINT32_MAX);
    d->max_pages = 1000;
    assert_int_equal(memory_op(XENMEM_maximum_reservation, &m), 1000);
    for ( unsigned int i = 0; i < ARRAY_SIZE(ops); i++ )
    {
        m.domid = d->domain_id;
        assert_int_equal(memory_op_from(ops[i], 1, &m), -EINVAL);
        assert_int_equal(memory_op(ops[i], NULL), -EFAULT);
        fixture_be_dom(other);
        assert_int_equal(memory_op(ops[i], &m), -EPERM);
        fixture_be_dom(d);
        m.domid = DOMID_SELF;
        assert_true(memory_op(ops[i], &m) > 0);
        m.domid = 0x1234;
        assert_int_equal(memory_op(ops[i], &m), -ESRCH);
        fixture_be_dom(dom0);
    }
    assert_int_equal(memory_op(XENMEM_maximum_ram_page, NULL), nr_frames);
    assert_int_equal(memory_op(XENMEM_get_sharing_freed_pages, NULL), 0);
    assert_int_equal(memory_op(XENMEM_get_sharing_shared_pages, NULL), 0);
    assert_int_equal(memory_op(XENMEM_exchange, NULL), -EFAULT);
    assert_int_equal(memory_op(XENMEM_get_vnumainfo, NULL), -EOPNOTSUPP);
    for ( unsigned int op = 0; op < 64; op++ )
        if ( op == XENMEM_machphys_mapping || op == XENMEM_machphys_mfn_list ||
             op == 8 || op > XENMEM_acquire_resource )
            assert_int_equal(memory_op(op, NULL), -ENOSYS);
}

static void test_claim(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_memory_reservation r = { .nr_extents = 100 };

    (void)state;
    fixture_populate(d, 0, 10);
    assert_int_equal(memory_op(XENMEM_claim_pages, NULL), -EFAULT);
    r.extent_start.p = list;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.extent_start.p = NULL;
    r.extent_order = 1;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.extent_order = 0;
    r.mem_flags = 1;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.mem_flags = 0;
    r.domid = DOMID_SELF;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.domid = d->domain_id;
    fixture_be_dom(d);
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EPERM);
    fixture_be_dom(dom0);
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), 0);
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL); /* again */
    r.nr_extents = 0;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), 0);
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), 0);
    r.nr_extents = 10; /* it has them */
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.nr_extents = page_nr_free() + 11;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -ENOMEM);
    d->max_pages = 50;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
    r.nr_extents = 0;
    assert_int_equal(memory_op(XENMEM_claim_pages, &r), 0);
}

static void claim(struct domain *d, uint64_t nr, long want)
{
    struct xen_memory_reservation r = { .nr_extents = nr,
                                        .domid = d->domain_id };

    assert_int_equal(memory_op(XENMEM_claim_pages, &r), want);
    fixture_audit();
}

static uint64_t outstanding(struct domain *d)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_getdomaininfo, .domain = d->domain_id,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
    };

    assert_int_equal(hcall(__HYPERVISOR_domctl, P(&op), 0, 0, 0, 0), 0);
    return op.u.getdomaininfo.outstanding_pages;
}

/* What is claimed goes to the one who claimed it, and to nobody else. */
static void test_claimed_is_set_aside(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);
    uint64_t all = page_nr_free();
    struct page *pg;

    (void)state;
    fixture_populate(d, 0, 4);
    claim(d, all - 4 - 8, 0); /* 8 are left for others */
    assert_int_equal(outstanding(d), all - 16);
    assert_int_equal(page_nr_claimed(), all - 16);
    assert_int_equal(page_nr_free(), all - 4);
    claim(other, 13, -ENOMEM);
    claim(other, 12, 0);
    claim(other, 0, 0);
    fixture_populate(other, 0, 12);
    assert_null(page_alloc(other, 0, 0));
    assert_null(page_alloc(NULL, 0, 0));
    assert_null(page_alloc(d, 0, PAGE_EXTRA));
    assert_null(page_alloc_at(other, _mfn(nr_frames - 1), 0));
    fixture_populate(d, 100, 6);
    assert_int_equal(outstanding(d), all - 22);
    assert_null(page_alloc(other, 0, 0));
    pg = page_alloc(d, 9, 0); /* more than the claim covers: not the last */
    assert_non_null(pg);
    for ( unsigned int i = 0; i < 512; i++ )
        page_put(pg + i);
    /* What it gives back is nobody's. */
    assert_int_equal(outstanding(d), all - 22 - 512);
    fixture_populate(other, 100, 512);
    assert_null(page_alloc(other, 0, 0));
    claim(d, 0, 0);
    assert_int_equal(page_nr_claimed(), 0);
    fixture_populate(other, 1000, 1);
    fixture_audit();
}

static void test_claim_smaller_than_the_block(void **state)
{
    struct domain *d = fixture_guest(1), *other = fixture_guest(1);

    (void)state;
    claim(d, page_nr_free() - 8, 0);
    claim(other, 4, 0);
    assert_null(page_alloc(other, 3, 0)); /* a claim of 4, and 4 are free */
    for ( unsigned int i = 0; i < 8; i++ )
        fixture_populate(other, i, 1);
    assert_int_equal(outstanding(other), 0);
    assert_null(page_alloc(other, 0, 0));
    fixture_kill(d); /* the claim goes with the domain */
    assert_int_equal(page_nr_claimed(), 0);
    fixture_populate(other, 8, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_populate_and_decrease),
        TEST(test_populate_replaces),
        TEST(test_populate_keeps_foreign_frames),
        TEST(test_xsa_507_extra_pages_stay),
        TEST(test_populate_stops_at_max_mem),
        TEST(test_reservation_refusals),
        TEST(test_gfns_out_of_range),
        TEST(test_preempted_at_every_extent),
        TEST(test_populate_without_memory),
        TEST(test_numbers),
        TEST(test_claim),
        TEST(test_claimed_is_set_aside),
        TEST(test_claim_smaller_than_the_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
