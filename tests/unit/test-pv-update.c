/* SPDX-License-Identifier: MIT */
/* mmu_update of PV guests: pv-mm/ops.h. */
#include "test-pv.h"

#include <pv-mm/ops.h>

#define PFD(d) ((uint32_t)((d)->domain_id + 1) << 16)

static uint32_t nr_done;

/* A list of up to 4 elements, all with this command. */
static long updates(const struct mmu_update *u, unsigned int nr,
                    uint32_t foreigndom)
{
    nr_done = 99;
    return pv_call(do_mmu_update, P(u), nr, P(&nr_done), foreigndom);
}

static long update_one(uint64_t ptr, uint64_t val, uint32_t foreigndom)
{
    struct mmu_update u = { ptr, val };
    long rc = updates(&u, 1, foreigndom);

    assert_int_equal(nr_done, !rc);
    return rc;
}

static void test_list(void **state)
{
    struct domain *d = pv_guest(1);
    struct page *l1 = pv_page(d), *data = pv_page(d);
    struct mmu_update u[4] = {
        { at(l1, 0), entry_to(data, RW) },
        { at(l1, 1) | MMU_PT_UPDATE_NO_TRANSLATE, entry_to(data, RO) },
        { at(l1, 2), entry_to(l1, RW) },
        { at(l1, 3), entry_to(data, RO) },
    };

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(updates(u, 4, DOMID_SELF), -EBUSY);
    assert_int_equal(nr_done, 2);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RW));
    assert_int_equal(get_raw(l1, 1), entry_to(data, RO));
    assert_int_equal(get_raw(l1, 3), 0);
    /* Accessed and dirty bits stay when that is asked for. */
    set_raw(l1, 0, get_raw(l1, 0) | PTE_A | PTE_D);
    u[0].ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    assert_int_equal(updates(u, 1, DOMID_SELF), 0);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RW | PTE_A | PTE_D));
    /* In a page that is no table there are none: all is written. */
    set_raw(data, 0, ~0UL);
    assert_int_equal(update(d, at(l1, 0), 0), 0);
    assert_int_equal(update_one(at(data, 0) | MMU_PT_UPDATE_PRESERVE_AD, 5,
                                DOMID_SELF), 0);
    assert_int_equal(get_raw(data, 0), 5);
    assert_int_equal(updates(u, 0, DOMID_SELF), 0);
    assert_int_equal(nr_done, 0);
    /* No counter; one that cannot be written. */
    assert_int_equal(pv_call(do_mmu_update, P(u), 1, 0, DOMID_SELF), 0);
    assert_int_equal(pv_call(do_mmu_update, P(u), 1, 8, DOMID_SELF), 0);
    pv_check();
    pv_kill(d);
}

static void test_errors(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct domain *hvm = fixture_guest(1);
    struct page *l1 = pv_page(d), *theirs = pv_page(other);
    uint64_t p = at(l1, 0), e = entry_to(theirs, RO);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(pv_call(do_mmu_update, 8, 1, 0, DOMID_SELF), -EFAULT);
    for ( unsigned int cmd = 4; cmd < 8; cmd++ )
        assert_int_equal(update_one(p + cmd, e, DOMID_SELF), -ENOSYS);
    /* FD and PFD come first: without any element too. */
    assert_int_equal(updates(NULL, 0, d->domain_id), -ESRCH);
    assert_int_equal(nr_done, 0);
    assert_int_equal(updates(NULL, 0, DOMID_INVALID), -ESRCH);
    assert_int_equal(updates(NULL, 0, DOMID_COW), -ESRCH);
    assert_int_equal(updates(NULL, 0, 1234), -ESRCH);
    assert_int_equal(updates(NULL, 0, DOMID_SELF | 1235U << 16), -ESRCH);
    assert_int_equal(nr_done, 99); /* as in Xen */
    assert_int_equal(updates(NULL, 0, DOMID_SELF | (DOMID_SELF + 1) << 16),
                     -ESRCH);
    assert_int_equal(updates(NULL, 0, other->domain_id), 0);
    /* Without privilege. */
    assert_int_equal(update_one(p, e, other->domain_id), -EPERM);
    assert_int_equal(update_one(p, 0, other->domain_id), -EPERM);
    assert_int_equal(update_one(p, e, DOMID_XEN), -EPERM);
    assert_int_equal(update_one(at(theirs, 0), 0, DOMID_SELF | PFD(other)),
                     -EPERM);
    assert_int_equal(update_one(p, e, DOMID_SELF | PFD(hvm)), -EOPNOTSUPP);
    assert_int_equal(update_one(p, e, DOMID_SELF | PFD(d)), -EBUSY);
    assert_int_equal(update_one(p, 0, DOMID_SELF | PFD(d)), 0);
    /* No table, no page. */
    assert_int_equal(update_one(at(theirs, 0), 0, DOMID_SELF), -EINVAL);
    assert_int_equal(update_one(nr_frames << PAGE_SHIFT, 0, DOMID_SELF),
                     -EINVAL);
    assert_int_equal(get_raw(theirs, 0), 0);
    pv_check();
    /* Those without page tables do not have the hypercalls. */
    fixture_be_dom(hvm);
    assert_int_equal(updates(NULL, 0, DOMID_SELF), -ENOSYS);
    assert_int_equal(pv_call(do_update_va_mapping, 0, 0, 0, 0), -ENOSYS);
    pv_kill(hvm);
    pv_kill(other);
    pv_kill(d);
}

/* An entry that keeps its table is checked as any other one. */
static void test_xsa_182_flags_only(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pin(d, t.table[4], 4), 0);
    for ( unsigned int level = 2; level <= 4; level++ )
        for ( unsigned int bit = 0; bit < 64; bit++ )
        {
            uint64_t old = get_raw(t.table[level], level);
            bool good = bit <= 2 || bit == 5 || bit == 6 || bit >= 52 ||
                        (bit >= 9 && bit <= 11);
            long rc;

            if ( bit == 0 || (bit >= 12 && bit < 52) || bit == 8 )
                continue; /* another frame, or none; GLOBAL: not there */
            rc = update_one(at(t.table[level], level), old ^ 1UL << bit,
                            DOMID_SELF);
            assert_int_equal(rc, good ? 0 : -EINVAL);
            assert_int_equal(update_one(at(t.table[level], level), old,
                                        DOMID_SELF), 0);
            assert_int_equal(get_raw(t.table[level], level), old);
            assert_type(t.table[level - 1], (enum pv_type)(level - 1), 1);
        }
    pv_check();
    pv_kill(d);
}

static void test_device_memory(void **state)
{
    struct domain *d = pv_guest(1), *c = pv_control();
    struct domain *hvm = fixture_guest(1);
    struct page *l1 = pv_page(d), *l1_c = pv_page(c), *data = pv_page(d);
    uint64_t io = IO_FRAME << PAGE_SHIFT | RW, bad = IO_OTHER << PAGE_SHIFT | RW;
    uint64_t hv;

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(update_one(at(l1, 0), io, DOMID_SELF), 0);
    assert_int_equal(update_one(at(l1, 1), io, DOMID_IO), 0);
    assert_int_equal(update_one(at(l1, 2), bad, DOMID_IO), -EPERM);
    assert_int_equal(update_one(at(l1, 2), entry_to(data, RO), DOMID_IO),
                     -EBUSY);
    assert_int_equal(update_one(at(l1, 2), 0, DOMID_IO), 0);
    assert_int_equal(update_one(at(l1, 2) | MMU_MACHPHYS_UPDATE, 0, DOMID_IO),
                     -EINVAL);
    fixture_be_dom(c);
    assert_int_equal(pin(c, l1_c, 1), 0);
    assert_int_equal(update_one(at(l1_c, 0), io, DOMID_IO), 0);
    /* The privilege is that of FD: here of one who owns nothing. */
    assert_int_equal(update_one(at(l1_c, 0), io, DOMID_XEN), -EPERM);
    assert_int_equal(update_one(at(l1_c, 0), io, d->domain_id), 0);
    /* No owner is not the owner of the hypervisor's pages. */
    hv = entry_to(hvm->p2m.root, RO);
    assert_null(hvm->p2m.root->owner);
    assert_int_equal(update_one(at(l1_c, 1), hv, DOMID_XEN), -EBUSY);
    assert_int_equal(update_one(at(l1_c, 1), hv, DOMID_IO), -EBUSY);
    pv_check();
    pv_kill(hvm);
    pv_kill(c);
    pv_kill(d);
}

/* A page of hvm's that is mapped in entry i. */
static void map_foreign(struct domain *hvm, struct page *l1, bool extra)
{
    struct page *ram, *special = page_alloc(hvm, 0, PAGE_EXTRA);
    domid_t id = hvm->domain_id;
    enum p2m_type type;

    assert_non_null(special);
    ram = p2m_get_page(hvm, _gfn(0x100), &type);
    assert_int_equal(update_one(at(l1, 0), 0x100UL << PAGE_SHIFT | RW, id), 0);
    assert_int_equal(get_raw(l1, 0), entry_to(ram, RW));
    assert_int_equal(update_one(at(l1, 1), 0x999UL << PAGE_SHIFT | RW, id),
                     -EINVAL);
    assert_int_equal(update_one(at(l1, 1), entry_to(ram, RW), id), -EINVAL);
    assert_int_equal(update_one(at(l1, 1) | MMU_PT_UPDATE_NO_TRANSLATE,
                                entry_to(ram, RW), id), 0);
    assert_int_equal(update_one(at(l1, 2) | MMU_PT_UPDATE_NO_TRANSLATE,
                                entry_to(l1, RO), id), -EBUSY);
    if ( extra )
        assert_int_equal(update_one(at(l1, 2) | MMU_PT_UPDATE_NO_TRANSLATE,
                                    entry_to(special, RW), id), 0);
    page_put(special);
    page_put(ram);
}

/* A device model's ioreq pages by their gfns, before the server is enabled. */
static void test_claimed(void **state)
{
    struct domain *c = pv_control(), *hvm = fixture_guest(1);
    struct page *l1 = pv_page(c), *pg;

    (void)state;
    fixture_populate(hvm, 0x100, 1);
    fixture_be_dom(c);
    assert_int_equal(pin(c, l1, 1), 0);
    assert_int_equal(p2m_claim_page(hvm, _gfn(0x100), &pg), 0);
    assert_int_equal(update_one(at(l1, 0) | MMU_PT_UPDATE_NO_TRANSLATE,
                                entry_to(pg, RO), hvm->domain_id), 0);
    assert_int_equal(update_one(at(l1, 1), 0x100UL << PAGE_SHIFT | RW,
                                hvm->domain_id), 0);
    assert_type(pg, PV_WRITABLE, 1);
    p2m_unclaim_page(pg);
    page_put(pg);
    pv_check();
    assert_int_equal(update_one(at(l1, 0), 0, DOMID_SELF), 0);
    assert_int_equal(update_one(at(l1, 1), 0, DOMID_SELF), 0);
    assert_type(pg, PV_NONE, 0);
    pv_check();
    pv_kill(hvm);
    pv_kill(c);
}

static void test_foreign(void **state)
{
    struct domain *c = pv_control(), *dm = pv_guest(1), *d = pv_guest(1);
    struct domain *hvm = fixture_guest(1);
    struct page *l1 = pv_page(c), *l1_dm = pv_page(dm), *theirs = pv_page(d);
    struct page *table = pv_page(d);

    (void)state;
    fixture_populate(hvm, 0x100, 1);
    fixture_be_dom(c);
    assert_int_equal(pin(c, l1, 1), 0);
    map_foreign(hvm, l1, true);
    pv_check();
    /* A PV guest's page, for which there is no gfn. */
    assert_int_equal(update_one(at(l1, 4), entry_to(theirs, RW), d->domain_id),
                     0);
    assert_type(theirs, PV_WRITABLE, 1);
    /* Tables of another domain: who builds it fills them. */
    assert_int_equal(pin(d, table, 1), 0);
    assert_int_equal(update_one(at(table, 0), entry_to(theirs, RW),
                                d->domain_id | PFD(d)), 0);
    assert_int_equal(get_raw(table, 0), entry_to(theirs, RW));
    assert_int_equal(update_one(at(table, 1), entry_to(l1, RO),
                                DOMID_SELF | PFD(d)), 0);
    assert_int_equal(update_one(at(table, 2), entry_to(l1, RO),
                                d->domain_id | PFD(d)), -EBUSY);
    pv_check();

    /* A device model may do that with its target only. */
    fixture_be_dom(dm);
    assert_int_equal(pin(dm, l1_dm, 1), 0);
    assert_int_equal(update_one(at(l1_dm, 0), 0x100000 | RW, hvm->domain_id),
                     -EPERM);
    dm->target_id = hvm->domain_id;
    map_foreign(hvm, l1_dm, true);
    assert_int_equal(update_one(at(l1_dm, 4), entry_to(theirs, RO),
                                d->domain_id), -EPERM);
    pv_check();
    /* Pages outlive their owner while they are mapped. */
    pv_kill(hvm);
    pv_check();
    pv_kill(c);
    pv_kill(dm);
    pv_kill(d);
}

/* The page becomes a table when its entry's gfn could not be looked up any more. */
static struct page *becomes_l1;

static void pin_it(void)
{
    hosted_hooks.unlocked = NULL;
    assert_int_equal(pin(becomes_l1->owner, becomes_l1, 1), 0);
}

static void test_gfn_in_a_new_table(void **state)
{
    struct domain *c = pv_control(), *hvm = fixture_guest(1);
    bool done;

    (void)state;
    becomes_l1 = pv_page(c);
    fixture_be_dom(c);
    /* The number of one of hvm's frames, that would be taken as an mfn. */
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
    {
        if ( mfn_to_page(_mfn(mfn))->owner != hvm )
            continue;
        hosted_hooks.unlocked = pin_it;
        assert_int_equal(pv_update(c, at(becomes_l1, 0), mfn << PAGE_SHIFT | RO,
                                   hvm, 0, &done), -EINVAL);
        assert_null(hosted_hooks.unlocked);
        assert_int_equal(get_raw(becomes_l1, 0), 0);
        break;
    }
    assert_type(becomes_l1, PV_L1, 1);
    pv_check();
    pv_kill(hvm);
    pv_kill(c);
}

static void test_m2p(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1), *c = pv_control();
    struct domain *hvm = fixture_guest(1);
    struct page *pg = pv_page(d), *theirs = pv_page(other);
    struct page *extra = page_alloc(d, 0, PAGE_EXTRA);
    uint64_t ptr = at(pg, 0) | MMU_MACHPHYS_UPDATE;
    uint64_t mfn = mfn_of(pg);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pv_m2p[mfn], PV_M2P_NONE);
    assert_int_equal(update_one(ptr + 8 * 5, 77, DOMID_SELF), 0);
    assert_int_equal(pv_m2p[mfn], 77);
    assert_int_equal(update_one(at(theirs, 0) | MMU_MACHPHYS_UPDATE, 77,
                                DOMID_SELF), -EINVAL);
    assert_int_equal(update_one(at(extra, 0) | MMU_MACHPHYS_UPDATE, 77,
                                DOMID_SELF), -EINVAL);
    page_put(extra);
    assert_int_equal(update_one(at(theirs, 0) | MMU_MACHPHYS_UPDATE, 77,
                                other->domain_id), -EPERM);
    assert_int_equal(update_one(nr_frames << PAGE_SHIFT | MMU_MACHPHYS_UPDATE,
                                0, DOMID_SELF), -EINVAL);
    assert_int_equal(update_one(ptr, 0, DOMID_SELF | PFD(other)), -EPERM);
    assert_int_equal(update_one(ptr, 0, hvm->domain_id), -EINVAL);
    assert_int_equal(update_one(ptr, 0, DOMID_XEN), -EPERM);
    assert_int_equal(pv_m2p[mfn_of(theirs)], PV_M2P_NONE);
    assert_int_equal(pv_m2p[mfn], 77);
    fixture_be_dom(c);
    assert_int_equal(update_one(at(theirs, 0) | MMU_MACHPHYS_UPDATE, 79,
                                other->domain_id | PFD(other)), -EPERM);
    assert_int_equal(update_one(at(theirs, 0) | MMU_MACHPHYS_UPDATE, 78,
                                other->domain_id), 0);
    assert_int_equal(update_one(ptr, 0, dom0->domain_id), -EINVAL);
    assert_int_equal(pv_m2p[mfn_of(theirs)], 78);
    pv_check();

    /* With the frame the entry goes, also while others still refer to it. */
    assert_true(page_get(pg, d));
    assert_int_equal(release(d, pg), 0);
    assert_int_equal(pv_m2p[mfn], PV_M2P_NONE);
    assert_int_equal(update_one(ptr, 5, d->domain_id), -EINVAL);
    page_put(pg);
    pv_check();
    pv_kill(other);
    assert_int_equal(pv_m2p[mfn_of(theirs)], PV_M2P_NONE);
    pv_kill(hvm);
    pv_kill(c);
    pv_kill(d);
}

/* The call gives way at each element, and again for the work that it leaves. */
static void test_gives_way(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    struct page *l1 = pv_page(d);
    struct mmu_update u[40];
    struct hypercall hc = { 0, { P(u), 40, P(&nr_done), DOMID_SELF } };

    (void)state;
    for ( unsigned int i = 0; i < 512; i++ )
        set_raw(t.table[1], i, entry_to(t.data, RW));
    fixture_be_dom(d);
    assert_int_equal(pin(d, t.table[4], 4), 0);
    assert_int_equal(pin(d, l1, 1), 0);
    for ( unsigned int i = 0; i < 40; i++ )
        u[i] = (struct mmu_update){ at(l1, i), entry_to(t.data, RO) };
    /* The last one drops 512 entries and two tables. */
    u[39] = (struct mmu_update){ at(t.table[3], 3), 0 };
    hosted_preempt_every(1);
    nr_done = 12345;
    for ( unsigned int i = 1; i < 40; i++ )
    {
        assert_int_equal(do_mmu_update(&hc), -ERESTART);
        assert_int_equal(nr_done, i);
        assert_int_equal(hc.a[1], (40 - i) | 1U << 31);
        assert_int_equal(hc.a[0], P(u + i));
    }
    nr_restarts = 0;
    assert_int_equal(TO_THE_END(do_mmu_update(&hc)), 0);
    assert_true(nr_restarts > 5);
    assert_int_equal(nr_done, 40);
    assert_int_equal(d->pv->work.depth, 0);
    assert_type(t.table[1], PV_NONE, 0);
    hosted_preempt_every(0);
    pv_check();
    /* Who claims that a call gave way that never was there gets no further. */
    nr_done = 7;
    assert_int_equal(pv_call(do_mmu_update, 0, 1U << 31, P(&nr_done),
                             DOMID_SELF), 0);
    assert_int_equal(nr_done, 7);
    assert_int_equal(pv_call(do_mmu_update, 0, 1U << 31, 8, DOMID_SELF), 0);
    pv_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_list),
        PV_TEST(test_errors),
        PV_TEST(test_xsa_182_flags_only),
        PV_TEST(test_device_memory),
        PV_TEST(test_claimed),
        PV_TEST(test_foreign),
        PV_TEST(test_gfn_in_a_new_table),
        PV_TEST(test_m2p),
        PV_TEST(test_gives_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
