/* SPDX-License-Identifier: MIT */
/* Types of PV guests' frames: pv-mm.h. */
#include "test-pv.h"

#define VA(l4, l3, l2, l1)                                                   \
    ((uint64_t)(l4) << 39 | (uint64_t)(l3) << 30 | (uint64_t)(l2) << 21 |    \
     (uint64_t)(l1) << 12)

static void test_pin_and_unpin(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);

    (void)state;
    pv_check();
    assert_int_equal(pin(d, t.table[4], 4), 0);
    for ( unsigned int level = 1; level <= 4; level++ )
    {
        assert_type(t.table[level], (enum pv_type)level, 1);
        assert_true(pv_is_valid(t.table[level]));
        assert_int_equal(t.table[level]->refs, 2);
    }
    assert_type(t.data, PV_WRITABLE, 1);
    assert_int_equal(t.data->refs, 2);
    assert_int_equal(get_raw(t.table[4], 260), 0xabc001);
    pv_check();

    assert_int_equal(pin(d, t.table[4], 4), -EINVAL); /* it is */
    assert_int_equal(pin(d, t.table[4], 3), -EINVAL);
    assert_int_equal(pin(d, t.table[3], 3), 0); /* once more */
    assert_type(t.table[3], PV_L3, 2);
    pv_check();

    assert_int_equal(unpin(d, t.table[4]), 0);
    settle(d);
    assert_type(t.table[4], PV_NONE, 0);
    assert_type(t.table[3], PV_L3, 1);
    assert_type(t.data, PV_WRITABLE, 1);
    assert_int_equal(unpin(d, t.table[4]), -EINVAL);
    assert_int_equal(unpin(d, t.table[3]), 0);
    settle(d);
    for ( unsigned int level = 1; level <= 4; level++ )
        assert_type(t.table[level], PV_NONE, 0);
    assert_type(t.data, PV_NONE, 0);
    assert_int_equal(t.data->refs, 1);
    pv_check();
    fixture_kill(d);
}

static void test_no_table_is_writable(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    struct page *l1 = pv_page(d);

    (void)state;
    for ( unsigned int level = 1; level <= 4; level++ )
    {
        set_raw(t.table[1], 9, entry_to(t.table[level], RW));
        assert_int_equal(pin(d, t.table[4], 4), -EBUSY);
        pv_check();
        assert_type(t.data, PV_NONE, 0);
        set_raw(t.table[1], 9, entry_to(t.table[level], RO));
        assert_int_equal(pin(d, t.table[4], 4), 0);
        pv_check();
        assert_int_equal(unpin(d, t.table[4]), 0);
        settle(d);
    }
    assert_int_equal(pin(d, t.table[4], 4), 0);
    /* A page that is mapped writable is no table. */
    set_raw(l1, 0, entry_to(t.data, RW));
    assert_int_equal(pin(d, t.data, 1), -EINVAL);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_type(t.data, PV_WRITABLE, 2);
    /* An update cannot make it so. */
    for ( unsigned int level = 1; level <= 4; level++ )
        assert_int_equal(update(d, at(l1, 1), entry_to(t.table[level], RW)),
                         -EBUSY);
    assert_int_equal(update(d, at(l1, 1), entry_to(t.table[2], RO)), 0);
    pv_check();
    fixture_kill(d);
}

static void test_bad_entries(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct domain *hvm = fixture_guest(1);
    struct page *foreign = pv_page(other), *hv = hvm->p2m.root;
    struct tree t = make_tree(d, RW);
    const struct {
        uint64_t e;
        int error; /* in an L1 table */
    } bad[] = {
        { entry_to(foreign, RO), -EBUSY },     /* another domain's */
        { entry_to(hv, RO), -EBUSY },          /* the hypervisor's */
        { entry_to(t.data, RO | PTE_PWT), -EINVAL },
        { entry_to(t.data, RO | PTE_PCD), -EINVAL },
        { entry_to(t.data, RO | PTE_PS), -EINVAL },
        { 0x000ffffffffff000 | RO, -EINVAL }, /* no such frames   */
        { 0x000fffffffffe000 | RO, -EPERM },
        { nr_frames << PAGE_SHIFT | RO, -EPERM },
        { IO_OTHER << PAGE_SHIFT | RO, -EPERM },
        { (IO_OTHER << PAGE_SHIFT | RO) | 1UL << 55, -EPERM },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        for ( unsigned int level = 1; level <= 4; level++ )
        {
            uint64_t old = get_raw(t.table[level], 200);
            int error = level == 1 ? bad[i].error : -EINVAL;

            set_raw(t.table[level], 200, bad[i].e);
            assert_int_equal(pin(d, t.table[4], 4), error);
            set_raw(t.table[level], 200, old);
            for ( unsigned int k = 1; k <= 4; k++ )
                assert_type(t.table[k], PV_NONE, 0);
            assert_type(t.data, PV_NONE, 0);
            pv_check();
            assert_int_equal(pin(d, t.table[level], level), 0);
            assert_int_equal(update(d, at(t.table[level], 200), bad[i].e),
                             error);
            assert_int_equal(get_raw(t.table[level], 200), old);
            assert_int_equal(unpin(d, t.table[level]), 0);
            settle(d);
        }
    /* A table of the wrong level below. */
    set_raw(t.table[4], 7, entry_to(t.table[2], RW));
    assert_int_equal(pin(d, t.table[4], 4), -EINVAL);
    pv_check();
    /* Itself: a linear page table. */
    set_raw(t.table[4], 7, entry_to(t.table[4], RO));
    assert_int_equal(pin(d, t.table[4], 4), -EINVAL);
    pv_check();
    set_raw(t.table[4], 7, 0);
    /* Not the guest's slots: what is there does not count. */
    set_raw(t.table[4], 256, entry_to(foreign, RW));
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_int_equal(get_raw(t.table[4], 256), 0xabc001);
    assert_int_equal(update(d, at(t.table[4], 256), 0), -EINVAL);
    assert_int_equal(update(d, at(t.table[4], 271), 0), -EINVAL);
    assert_int_equal(update(d, at(t.table[4], 272), 0), 0);
    fixture_kill(hvm);
    fixture_kill(other);
    fixture_kill(d);
}

static void test_flags_of_entries(void **state)
{
    struct domain *d = pv_guest(1);
    struct page *l1 = pv_page(d), *data = pv_page(d);

    (void)state;
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(update(d, at(l1, 0), entry_to(data, PTE_P | 1UL << 8)),
                     0);
    assert_int_equal(get_raw(l1, 0), entry_to(data, PTE_P | PTE_US));
    /* Device memory has cache attributes, and no references. */
    assert_int_equal(update(d, at(l1, 1), IO_FRAME << PAGE_SHIFT | RW |
                            PTE_PCD | PTE_PWT | PTE_PS), 0);
    assert_int_equal(update(d, at(l1, 2), IO_OTHER << PAGE_SHIFT | RO),
                     -EPERM);
    assert_int_equal(update(d, at(l1, 1), 0), 0);
    /* An entry that is not present is the guest's own business. */
    assert_int_equal(update(d, at(l1, 3), 0xfffffffffffffffe), 0);
    assert_int_equal(get_raw(l1, 3), 0xfffffffffffffffe);
    assert_int_equal(update(d, at(l1, 3) + 4, 0), -EINVAL);
    pv_check();
    fixture_kill(d);
}

static void test_accessed_and_dirty(void **state)
{
    struct domain *d = pv_guest(1);
    struct page *l1 = pv_page(d), *data = pv_page(d);

    (void)state;
    set_raw(l1, 0, entry_to(data, RW));
    assert_int_equal(pin(d, l1, 1), 0);
    set_raw(l1, 0, get_raw(l1, 0) | PTE_A | PTE_D); /* by the processor */
    assert_int_equal(update_from(d, at(l1, 0), entry_to(data, RO), d,
                                 PV_PRESERVE_AD), 0);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RO | PTE_A | PTE_D));
    assert_int_equal(update(d, at(l1, 0), entry_to(data, RO)), 0);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RO));
    assert_type(data, PV_NONE, 0);
    fixture_kill(d);
}

/* An L2 entry is replaced: the old table's references go, the new one's come. */
static void test_replace_tables(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    struct page *l1 = pv_page(d), *data = pv_page(d);

    (void)state;
    set_raw(l1, 0, entry_to(data, RW));
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_int_equal(update(d, at(t.table[2], 2), entry_to(l1, RW)), 0);
    settle(d);
    assert_type(t.table[1], PV_NONE, 0);
    assert_type(t.data, PV_NONE, 0);
    assert_type(l1, PV_L1, 1);
    assert_type(data, PV_WRITABLE, 1);
    pv_check();
    /* Twice in one table. */
    assert_int_equal(update(d, at(t.table[2], 3), entry_to(l1, RO)), 0);
    assert_type(l1, PV_L1, 2);
    /* Flags only. */
    assert_int_equal(update(d, at(t.table[2], 3), entry_to(l1, RW | PTE_NX)),
                     0);
    assert_type(l1, PV_L1, 2);
    pv_check();
    assert_int_equal(update(d, at(t.table[2], 3), 0), 0);
    assert_int_equal(update(d, at(t.table[2], 2), 0), 0);
    settle(d);
    assert_type(l1, PV_NONE, 0);
    pv_check();
    fixture_kill(d);
}

static void test_data_pages(void **state)
{
    struct domain *d = pv_guest(1);
    struct page *data = pv_page(d);
    uint64_t frame = mfn_of(data);
    struct vcpu *v = domain_vcpu(d, 0);

    (void)state;
    assert_int_equal(update(d, at(data, 3), 0x1234), 0);
    assert_int_equal(get_raw(data, 3), 0x1234);
    assert_type(data, PV_NONE, 0);
    assert_int_equal(pv_set_gdt(v, &frame, 1), 0);
    assert_int_equal(update(d, at(data, 3), 0x5678), -EINVAL);
    assert_int_equal(pin(d, data, 1), -EINVAL);
    assert_false(pv_get_writable(data));
    assert_int_equal(pv_set_gdt(v, NULL, 0), 0);
    assert_int_equal(update(d, at(data, 3), 0), 0);
    assert_int_equal(pin(d, data, 1), 0);
    assert_int_equal(pv_set_gdt(v, &frame, 1), -EINVAL);
    fixture_kill(d);
}

static void test_roots(void **state)
{
    struct domain *d = pv_guest(2);
    struct tree t = make_tree(d, RW), u = make_tree(d, RO);
    struct vcpu *v = domain_vcpu(d, 1);

    (void)state;
    cpu_root = NULL;
    assert_int_equal(set_root(v, t.table[4], false), 0);
    assert_ptr_equal(cpu_root, t.table[4]);
    assert_int_equal(set_root(v, u.table[4], true), 0);
    /* The m2p is for kernels. */
    assert_int_equal(get_raw(t.table[4], PV_FIRST_HV_SLOT),
                     pv_test_machine.m2p_slot);
    assert_int_equal(get_raw(u.table[4], PV_FIRST_HV_SLOT), 0);
    assert_int_not_equal(get_raw(u.table[4], PV_FIRST_HV_SLOT + 1), 0);
    assert_int_equal(set_root(v, u.table[3], true), -EINVAL);
    assert_int_equal(set_root(v, NULL, false), -EINVAL);
    assert_type(t.table[4], PV_L4, 1);
    pv_check();
    assert_int_equal(set_root(v, u.table[4], false), 0);
    assert_int_not_equal(get_raw(u.table[4], PV_FIRST_HV_SLOT), 0);
    assert_ptr_equal(cpu_root, u.table[4]);
    settle(d);
    assert_type(t.table[4], PV_NONE, 0);
    assert_type(u.table[4], PV_L4, 2);
    assert_int_equal(set_root(v, NULL, true), 0);
    assert_type(u.table[4], PV_L4, 1);
    pv_check();
    fixture_kill(d);
}

/* Released pages stay as long as anything refers to them. */
static void test_release(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    uint64_t free_before;

    (void)state;
    assert_int_equal(pin(d, t.table[4], 4), 0);
    free_before = page_nr_free();
    assert_int_equal(release(d, t.data), 0);
    assert_int_equal(release(d, t.data), -EINVAL);
    assert_int_equal(page_nr_free(), free_before);
    pv_check();
    assert_int_equal(release(d, t.table[4]), 0);
    settle(d);
    assert_int_equal(page_nr_free(), free_before + 2);
    pv_check();
    /* With the page its pin went. */
    settle(d);
    assert_int_equal(unpin(d, t.table[4]), -EINVAL);
    assert_type(t.table[3], PV_NONE, 0);
    assert_int_equal(page_nr_free(), free_before + 2);
    pv_check();
    /* Still a table below another, but to be pinned no more. */
    set_raw(t.table[1], 5, 0);
    assert_int_equal(pin(d, t.table[3], 3), 0);
    assert_int_equal(release(d, t.table[2]), 0);
    assert_type(t.table[2], PV_L2, 1);
    assert_int_equal(pin(d, t.table[2], 2), -EINVAL);
    pv_check();
    fixture_kill(d);
}

/* The TLB still has what was mapped: flushed before the frame is something else. */
static void test_flush_before_a_new_type(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct tree t = make_tree(d, RW);
    uint64_t mfn = mfn_of(t.data);

    (void)state;
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_true(tlb_touch(d, t.table[4], VA(4, 3, 2, 5)));
    nr_flushes = 0;
    assert_int_equal(update(d, at(t.table[1], 5), 0), 0);
    assert_int_equal(nr_flushes, 0); /* the guest's own business so far */
    assert_int_equal(pin(d, t.data, 1), 0);
    assert_int_equal(nr_flushes, 1);
    pv_check();
    /* Flushed since: not again. */
    assert_int_equal(unpin(d, t.data), 0);
    settle(d);

    /* A walk through a table that is to be written. */
    assert_int_equal(update(d, at(t.table[1], 5), entry_to(t.data, RO)), 0);
    assert_true(tlb_touch(d, t.table[4], VA(4, 3, 2, 5)));
    assert_int_equal(update(d, at(t.table[2], 2), 0), 0);
    settle(d);
    assert_type(t.table[1], PV_NONE, 0);
    assert_true(pv_get_writable(t.table[1]));
    tlb_check();
    pv_put_writable(t.table[1]);

    /* Another domain gets the frame, cleared after the CPU's last write. */
    set_raw(t.table[1], 5, entry_to(t.data, RW));
    assert_int_equal(update(d, at(t.table[2], 2), entry_to(t.table[1], RW)),
                     0);
    assert_true(tlb_touch(d, t.table[4], VA(4, 3, 2, 5)));
    assert_int_equal(update(d, at(t.table[1], 5), 0), 0);
    assert_int_equal(release(d, mfn_to_page(_mfn(mfn))), 0);
    while ( mfn_to_page(_mfn(mfn))->owner != other )
        pv_page(other);
    assert_int_equal(nr_cached, 0);
    fixture_kill(other);
    fixture_kill(d);
}

/* What the CPU writes before its TLB is flushed is checked, or too late. */
static void test_xsa_401_last_write(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);

    (void)state;
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_true(tlb_touch(d, t.table[4], VA(4, 3, 2, 5)));
    assert_int_equal(update(d, at(t.table[1], 5), 0), 0);
    stale_value = entry_to(t.table[4], RW);
    assert_int_equal(pin(d, t.data, 1), -EBUSY);
    assert_int_equal(get_raw(t.data, STALE_WORD), stale_value);
    assert_type(t.data, PV_NONE, 0);
    pv_check();
    fixture_kill(d);
}

static void test_foreign_pages(void **state)
{
    struct domain *d = pv_guest(1), *pv = pv_guest(1), *hvm = fixture_guest(1);
    struct page *l1 = pv_page(d), *theirs = pv_page(pv), *ram;
    enum p2m_type type;

    (void)state;
    fixture_populate(hvm, 0x100, 2);
    ram = p2m_get_page(hvm, _gfn(0x100), &type);
    assert_non_null(ram);
    page_put(ram); /* it stays: its p2m entry does */
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(update(d, at(l1, 0), entry_to(theirs, RW)), -EBUSY);
    assert_int_equal(update_from(d, at(l1, 0), entry_to(theirs, RW), pv, 0),
                     0);
    assert_type(theirs, PV_WRITABLE, 1);
    assert_int_equal(pin(pv, theirs, 1), -EINVAL);
    pv_check();

    /* By gfn, and by mfn. */
    assert_int_equal(update_from(d, at(l1, 1), 0x100UL << 12 | RW, hvm, 0),
                     0);
    assert_int_equal(get_raw(l1, 1), entry_to(ram, RW));
    assert_int_equal(update_from(d, at(l1, 2), entry_to(ram, RW), hvm,
                                 PV_NO_TRANSLATE), 0);
    assert_int_equal(update_from(d, at(l1, 3), 0x999UL << 12 | RW, hvm, 0),
                     -EINVAL);
    assert_int_equal(update_from(d, at(l1, 3), entry_to(theirs, RW), hvm,
                                 PV_NO_TRANSLATE), -EBUSY);
    assert_int_equal(p2m_retype(hvm, _gfn(0x101), p2m_lookup(hvm, _gfn(0x101)),
                                P2M_RAM_RO), 0);
    assert_int_equal(update_from(d, at(l1, 3), 0x101UL << 12 | RW, hvm, 0),
                     -EINVAL);
    assert_int_equal(update_from(d, at(l1, 3), 0x101UL << 12 | RO, hvm, 0),
                     0);
    assert_int_equal(ram->refs, 3); /* of the p2m, and two entries */
    pv_check();
    fixture_kill(hvm);
    fixture_kill(pv);
    pv_check();
    fixture_kill(d);
}

/* Each allocation of a domain's creation fails once. */
static long create_and_kill(void *arg)
{
    struct xen_domctl_createdomain config = fixture_config(2);
    struct domain *d = NULL;
    int rc;

    (void)arg;
    config.flags = 0;
    config.arch.emulation_flags = 0;
    rc = domain_create(DOMID_INVALID, &config, false, &d);
    if ( !rc )
        fixture_kill(d);
    return rc;
}

static void test_no_memory(void **state)
{
    struct domain *d = pv_guest(1);

    (void)state;
    fixture_each_alloc_failure(create_and_kill, NULL, -ENOMEM);
    d->max_pages = d->tot_pages + 1;
    assert_non_null(pv_alloc(d, 0));
    assert_null(pv_alloc(d, 0));
    fixture_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_pin_and_unpin),
        PV_TEST(test_no_table_is_writable),
        PV_TEST(test_bad_entries),
        PV_TEST(test_flags_of_entries),
        PV_TEST(test_accessed_and_dirty),
        PV_TEST(test_replace_tables),
        PV_TEST(test_data_pages),
        PV_TEST(test_roots),
        PV_TEST(test_release),
        PV_TEST(test_flush_before_a_new_type),
        PV_TEST(test_xsa_401_last_write),
        PV_TEST(test_foreign_pages),
        PV_TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
