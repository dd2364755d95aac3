/* SPDX-License-Identifier: MIT */
/* mmu_update and update_va_mapping of PV guests: pv-mm/ops.h. */
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
    assert_int_equal(updates(u, 4, DOMID_SELF), -EINVAL);
    assert_int_equal(nr_done, 2);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RW));
    assert_int_equal(get_raw(l1, 1), entry_to(data, RO));
    assert_int_equal(get_raw(l1, 3), 0);
    /* Accessed and dirty bits stay when that is asked for. */
    set_raw(l1, 0, get_raw(l1, 0) | PTE_A | PTE_D);
    u[0].ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    assert_int_equal(updates(u, 1, DOMID_SELF), 0);
    assert_int_equal(get_raw(l1, 0), entry_to(data, RW | PTE_A | PTE_D));
    assert_int_equal(updates(u, 0, DOMID_SELF), 0);
    assert_int_equal(nr_done, 0);
    /* No counter; one that cannot be written. */
    assert_int_equal(pv_call(do_mmu_update, P(u), 1, 0, DOMID_SELF), 0);
    assert_int_equal(pv_call(do_mmu_update, P(u), 1, 8, DOMID_SELF), -EFAULT);
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
    assert_int_equal(updates(NULL, 0, DOMID_INVALID), -ESRCH);
    assert_int_equal(updates(NULL, 0, DOMID_COW), -ESRCH);
    assert_int_equal(updates(NULL, 0, 1234), -ESRCH);
    assert_int_equal(updates(NULL, 0, DOMID_SELF | 1235U << 16), -ESRCH);
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
    assert_int_equal(update_one(p, e, DOMID_SELF | PFD(d)), -EINVAL);
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

static void test_device_memory(void **state)
{
    struct domain *d = pv_guest(1), *c = pv_control();
    struct page *l1 = pv_page(d), *l1_c = pv_page(c), *data = pv_page(d);
    uint64_t io = IO_FRAME << PAGE_SHIFT | RW, bad = IO_OTHER << PAGE_SHIFT | RW;

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pin(d, l1, 1), 0);
    assert_int_equal(update_one(at(l1, 0), io, DOMID_SELF), 0);
    assert_int_equal(update_one(at(l1, 1), io, DOMID_IO), 0);
    assert_int_equal(update_one(at(l1, 2), bad, DOMID_IO), -EINVAL);
    assert_int_equal(update_one(at(l1, 2), entry_to(data, RO), DOMID_IO),
                     -EINVAL);
    assert_int_equal(update_one(at(l1, 2), 0, DOMID_IO), 0);
    assert_int_equal(update_one(at(l1, 2) | MMU_MACHPHYS_UPDATE, 0, DOMID_IO),
                     -EINVAL);
    fixture_be_dom(c);
    assert_int_equal(pin(c, l1_c, 1), 0);
    assert_int_equal(update_one(at(l1_c, 0), io, DOMID_IO), 0);
    /* The privilege is that of FD: here of one who owns nothing. */
    assert_int_equal(update_one(at(l1_c, 0), io, DOMID_XEN), -EINVAL);
    assert_int_equal(update_one(at(l1_c, 0), io, d->domain_id), 0);
    /* No owner is not the owner of the hypervisor's pages. */
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
        if ( mfn_to_page(_mfn(mfn))->refs && !mfn_to_page(_mfn(mfn))->owner )
        {
            assert_int_equal(update_one(at(l1_c, 1), mfn << PAGE_SHIFT | RO,
                                        DOMID_XEN), -EINVAL);
            assert_int_equal(update_one(at(l1_c, 1), mfn << PAGE_SHIFT | RO,
                                        DOMID_IO), -EINVAL);
        }
    pv_check();
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
                                entry_to(l1, RO), id), -EINVAL);
    if ( extra )
        assert_int_equal(update_one(at(l1, 2) | MMU_PT_UPDATE_NO_TRANSLATE,
                                    entry_to(special, RW), id), 0);
    page_put(special);
    page_put(ram);
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
                                d->domain_id | PFD(d)), -EINVAL);
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

static void test_m2p(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1), *c = pv_control();
    struct domain *hvm = fixture_guest(1);
    struct page *pg = pv_page(d), *theirs = pv_page(other);
    uint64_t ptr = at(pg, 0) | MMU_MACHPHYS_UPDATE;
    uint64_t mfn = mfn_of(pg);

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(pv_m2p[mfn], PV_M2P_NONE);
    assert_int_equal(update_one(ptr + 8 * 5, 77, DOMID_SELF), 0);
    assert_int_equal(pv_m2p[mfn], 77);
    assert_int_equal(update_one(at(theirs, 0) | MMU_MACHPHYS_UPDATE, 77,
                                DOMID_SELF), -EINVAL);
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
    assert_int_equal(pv_call(do_mmu_update, 0, 1U << 31, 8, DOMID_SELF),
                     -EFAULT);
    pv_kill(d);
}

/* ---- update_va_mapping ---- */

#define VA 0xffffc88080403000UL /* slots 401, 2, 2, 3 */

static struct tree va_tree(struct domain *d)
{
    struct tree t = make_tree(d, RW);

    set_raw(t.table[4], 401, entry_to(t.table[3], RW));
    set_raw(t.table[4], 4, 0);
    set_raw(t.table[3], 2, entry_to(t.table[2], RW));
    return t;
}

static long update_va(uint64_t va, uint64_t value, uint64_t flags)
{
    return pv_call(do_update_va_mapping, va, value, flags, 0);
}

static long update_va_of(uint64_t va, uint64_t value, domid_t domid)
{
    return pv_call(do_update_va_mapping_otherdomain, va, value, 0, domid);
}

static void test_by_address(void **state)
{
    struct domain *d = pv_guest(2), *other = pv_guest(1), *c = pv_control();
    struct domain *hvm = fixture_guest(1);
    struct tree t = va_tree(d), t_c = va_tree(c);
    struct page *theirs = pv_page(other);

    (void)state;
    fixture_populate(hvm, 0x100, 1);
    fixture_be_dom(d);
    assert_int_equal(update_va(VA, 0, 0), -EINVAL); /* no root yet */
    cpu_root = NULL;
    assert_int_equal(set_root(domain_vcpu(d, 0), t.table[4], false), 0);
    assert_int_equal(update_va(VA, entry_to(t.data, RO), 0), 0);
    assert_int_equal(get_raw(t.table[1], 3), entry_to(t.data, RO));
    assert_int_equal(update_va(VA + 8, entry_to(t.table[1], RW), 0), -EINVAL);
    assert_int_equal(get_raw(t.table[1], 3), entry_to(t.data, RO));
    /* No table there; not the guest's; not canonical. */
    assert_int_equal(update_va(VA + (1UL << 21), 0, 0), -EINVAL);
    assert_int_equal(update_va(VA + (4UL << 30), 0, 0), -EINVAL);
    assert_int_equal(update_va(VA + (1UL << 39), 0, 0), -EINVAL);
    assert_int_equal(update_va(0xffff800000000000UL, 0, 0), -EINVAL);
    assert_int_equal(update_va(0xffff87fffffff000UL, 0, 0), -EINVAL);
    assert_int_equal(update_va(VA & 0xffffffffffffUL, 0, 0), -EINVAL);
    pv_check();

    assert_int_equal(update_va_of(VA, entry_to(t.data, RW), d->domain_id),
                     -ESRCH);
    assert_int_equal(update_va_of(VA, entry_to(t.data, RW), 1234), -ESRCH);
    assert_int_equal(update_va_of(VA, entry_to(theirs, RW), other->domain_id),
                     -EPERM);
    assert_int_equal(update_va_of(VA, IO_FRAME << 12 | RW, DOMID_IO), -EPERM);
    assert_int_equal(update_va_of(VA, entry_to(t.data, RW), DOMID_SELF), 0);
    fixture_be_dom(c);
    assert_int_equal(set_root(domain_vcpu(c, 0), t_c.table[4], false), 0);
    assert_int_equal(update_va_of(VA, entry_to(theirs, RW), other->domain_id),
                     0);
    assert_type(theirs, PV_WRITABLE, 1);
    assert_int_equal(update_va_of(VA, IO_FRAME << 12 | RW, DOMID_IO), 0);
    assert_int_equal(update_va_of(VA, 0x100UL << 12 | RW, hvm->domain_id), 0);
    assert_int_equal(update_va_of(VA, 0x101UL << 12 | RW, hvm->domain_id),
                     -EINVAL);
    pv_check();
    pv_kill(hvm);
    pv_kill(c);
    pv_kill(other);
    pv_kill(d);
}

static void expect_flush(const struct domain *d, uint64_t vcpus, uint64_t va)
{
    assert_int_equal(asked.nr, 1);
    assert_ptr_equal(asked.d, d);
    assert_int_equal(asked.vcpus.bits[0], vcpus);
    assert_int_equal(asked.va, va);
    asked.nr = 0;
}

static void test_flushes(void **state)
{
    struct domain *d = pv_guest(3);
    struct tree t = va_tree(d);
    uint64_t map = ~4UL, e = entry_to(t.data, RO);

    (void)state;
    cpu_root = NULL;
    assert_int_equal(set_root(domain_vcpu(d, 1), t.table[4], false), 0);
    fixture_be(domain_vcpu(d, 1));
    assert_int_equal(update_va(VA, e, UVMF_NONE | UVMF_ALL), 0);
    assert_int_equal(asked.nr, 0);
    assert_int_equal(update_va(VA, e, UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
    expect_flush(d, 2, ~0UL);
    assert_int_equal(update_va(VA, e, UVMF_INVLPG | UVMF_LOCAL), 0);
    expect_flush(d, 2, VA);
    assert_int_equal(update_va(VA, e, UVMF_TLB_FLUSH | UVMF_ALL), 0);
    expect_flush(d, 7, ~0UL);
    assert_int_equal(update_va(VA, e, UVMF_INVLPG | UVMF_ALL), 0);
    expect_flush(d, 7, VA);
    assert_int_equal(update_va(VA, e, UVMF_INVLPG | P(&map)), 0);
    expect_flush(d, 3, VA);
    assert_int_equal(update_va(VA, e, UVMF_TLB_FLUSH | P(&map)), 0);
    expect_flush(d, 3, ~0UL);
    assert_int_equal(update_va(VA, 0, UVMF_TLB_FLUSH | 0x1000), -EFAULT);
    assert_int_equal(get_raw(t.table[1], 3), 0); /* it was written */
    /* What was not written needs no flush. */
    assert_int_equal(update_va(VA, entry_to(t.table[1], RW),
                               UVMF_TLB_FLUSH | UVMF_ALL), -EINVAL);
    assert_int_equal(asked.nr, 0);
    pv_check();
    pv_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_list),
        PV_TEST(test_errors),
        PV_TEST(test_device_memory),
        PV_TEST(test_foreign),
        PV_TEST(test_m2p),
        PV_TEST(test_gives_way),
        PV_TEST(test_by_address),
        PV_TEST(test_flushes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
