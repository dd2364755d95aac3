/* SPDX-License-Identifier: MIT */
/* update_va_mapping of PV guests: pv-mm/ops.h. */
#include "test-pv.h"

#include <pv-mm/ops.h>

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
    assert_int_equal(update_va(VA + 8, entry_to(t.table[1], RW), 0), -EBUSY);
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
                               UVMF_TLB_FLUSH | UVMF_ALL), -EBUSY);
    assert_int_equal(asked.nr, 0);
    pv_check();
    pv_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_by_address),
        PV_TEST(test_flushes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
