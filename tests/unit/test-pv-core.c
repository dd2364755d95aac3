/* SPDX-License-Identifier: MIT */
/*
 * What the core does with a PV guest's pages: frames that the hypervisor writes
 * itself, pages that are granted, and copies.
 *
 * Seen failing with: no type reference of frames in use and of write pins, or
 * one that stays; no check of a copy's destination; references that the audit
 * does not count.
 */
#include "test-pv.h"

#include "test-grant.h"

#include "../../xen/common/gnttab-private.h"

#include <hv/evtchn.h>

#include <xen/event_channel.h>
#include <xen/vcpu.h>

#define REF 20

static uint64_t seg_frame(struct domain *d)
{
    uint64_t frame = mfn_of(pv_page(d));

    assert_int_equal(pv_set_gdt(domain_vcpu(d, 0), &frame, 1), 0);
    return frame;
}

/* ---- frames that the hypervisor writes ---- */

static long register_info(uint64_t mfn)
{
    struct vcpu_register_vcpu_info area = { .mfn = mfn };

    return hcall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, P(&area),
                 0, 0);
}

static long init_control(uint64_t mfn)
{
    struct evtchn_init_control control = { .control_gfn = mfn };

    return evtchn_op(EVTCHNOP_init_control, &control);
}

static long expand_array(uint64_t mfn)
{
    struct evtchn_expand_array expand = { .array_gfn = mfn };

    return evtchn_op(EVTCHNOP_expand_array, &expand);
}

static long (*const own_use[])(uint64_t mfn) = {
    register_info, init_control, expand_array,
};

static void test_tables_are_not_used(void **state)
{
    struct domain *other = pv_guest(1), *d;
    uint64_t bad[9];
    struct tree t;

    (void)state;
    d = guest_with_tree(&t);
    for ( unsigned int level = 1; level <= 4; level++ )
        bad[level - 1] = mfn_of(t.table[level]);
    bad[4] = seg_frame(d);
    bad[5] = mfn_of(pv_page(other));
    bad[6] = nr_frames;
    bad[7] = ~0UL;
    bad[8] = mfn_of(d->shared_page);
    for ( unsigned int use = 0; use < ARRAY_SIZE(own_use); use++ )
    {
        for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        {
            assert_int_equal(own_use[use](bad[i]), -EINVAL);
            pv_check();
        }
        assert_int_equal(own_use[use](mfn_of(pv_page(d))), 0);
        pv_check();
    }
    pv_kill(d);
    pv_kill(other);
}

/* Once more is an error, which leaves no type reference. */
static void test_used_pages_are_no_tables(void **state)
{
    struct domain *other = pv_guest(1), *d;
    struct page *used[ARRAY_SIZE(own_use)], *l1 = pv_page(other);
    uint64_t frame;
    struct tree t;

    (void)state;
    d = guest_with_tree(&t);
    assert_int_equal(pin(other, l1, 1), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(own_use); i++ )
    {
        used[i] = pv_page(d);
        frame = mfn_of(used[i]);
        assert_int_equal(own_use[i](frame), 0);
        assert_type(used[i], PV_WRITABLE, 1);
        /* What the hypervisor writes is no entry and no descriptor. */
        memset(page_to_virt(used[i]), 0, PAGE_SIZE);
        for ( unsigned int level = 1; level <= 4; level++ )
            assert_int_equal(pin(d, used[i], level), -EINVAL);
        assert_int_equal(pv_set_gdt(current, &frame, 1), -EINVAL);
        /* Another domain's entry keeps the page beyond its owner's end. */
        assert_int_equal(update_from(other, at(l1, i), entry_to(used[i], RO),
                                     d, 0), 0);
        pv_check();
    }
    assert_int_equal(register_info(mfn_of(t.data)), -EINVAL);
    assert_int_equal(init_control(mfn_of(t.data)), -EINVAL);
    assert_type(t.data, PV_WRITABLE, 1); /* of the entry that maps it */
    pv_check();
    pv_kill(d);
    for ( unsigned int i = 0; i < ARRAY_SIZE(own_use); i++ )
        assert_type(used[i], PV_NONE, 0);
    pv_check();
    pv_kill(other);
}

/* ---- grants of pages ---- */

static int copy(gnttab_copy_t *op)
{
    op->source.domid = op->dest.domid = DOMID_SELF;
    op->len = 8;
    op->status = 77;
    assert_int_equal(grant_op(GNTTABOP_copy, op, 1), 0);
    return op->status;
}

static int16_t try_pin(struct domain *rd, unsigned int ref, unsigned int kind)
{
    struct pinned p;

    return gnttab_pin(rd, ref, dom0->domain_id, PIN_BIT(kind), false, &p);
}

static void test_write_pins_are_of_no_table(void **state)
{
    struct page *tables[5], *plain;
    struct domain *d;
    uint64_t mfn;
    struct tree t;

    (void)state;
    d = guest_with_tree(&t);
    tables[0] = mfn_to_page(_mfn(seg_frame(d)));
    for ( unsigned int level = 1; level <= 4; level++ )
        tables[level] = t.table[level];
    for ( unsigned int i = 0; i < ARRAY_SIZE(tables); i++ )
        for ( uint32_t version = 1; version <= 2; version++ )
        {
            unsigned int ref = REF + i;

            assert_int_equal(set_version(d, version), 0);
            if ( version == 1 )
                offer_v1(d, ref, dom0, mfn_of(tables[i]), 0);
            else
                offer_v2(d, ref, dom0, mfn_of(tables[i]), 0);
            fixture_be_dom(dom0);
            assert_int_equal(try_pin(d, ref, PIN_HOST_W), GNTST_bad_page);
            assert_int_equal(try_pin(d, ref, PIN_DEV_W), GNTST_bad_page);
            pv_check();
            assert_int_equal(try_pin(d, ref, PIN_DEV_R), 0);
            /* One that is pinned for reading already. */
            assert_int_equal(try_pin(d, ref, PIN_HOST_W), GNTST_bad_page);
            pv_check();
            gnttab_unpin(d, ref, PIN_BIT(PIN_DEV_R));
            pv_check();
            fixture_be_dom(d);
            assert_int_equal(set_version(d, 1), 0);
        }

    plain = pv_page(d);
    mfn = mfn_of(plain);
    offer_v1(d, REF, dom0, mfn, 0);
    fixture_be_dom(dom0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_R), 0);
    assert_type(plain, PV_NONE, 0);
    assert_int_equal(try_pin(d, REF, PIN_DEV_W), 0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), 0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), 0);
    assert_type(plain, PV_WRITABLE, 1);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        pv_check();
        assert_int_equal(pin(d, plain, 1), -EINVAL);
        assert_int_equal(pv_set_gdt(domain_vcpu(d, 0), &mfn, 1), -EINVAL);
        gnttab_unpin(d, REF, PIN_BIT(i ? PIN_HOST_W : PIN_DEV_W));
    }
    pv_check();
    assert_int_equal(pin(d, plain, 1), 0); /* although pinned for reading */
    assert_int_equal(try_pin(d, REF, PIN_DEV_W), GNTST_bad_page);
    gnttab_unpin(d, REF, PIN_BIT(PIN_HOST_R));
    pv_check();
    pv_kill(d);
}

static void test_refused_pins_have_no_type(void **state)
{
    struct page *plain;
    struct domain *d;
    struct tree t;

    (void)state;
    d = guest_with_tree(&t);
    plain = pv_page(d);
    fixture_be_dom(dom0);
    offer_v1(d, REF, dom0, mfn_of(plain), GTF_readonly);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), GNTST_general_error);
    assert_int_equal(try_pin(d, REF, PIN_HOST_R), 0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), GNTST_general_error);
    assert_type(plain, PV_NONE, 0);
    gnttab_unpin(d, REF, PIN_BIT(PIN_HOST_R));
    offer_v1(d, REF, d, mfn_of(plain), 0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), GNTST_general_error);
    assert_type(plain, PV_NONE, 0);
    pv_check();
    pv_kill(d);
}

static void test_copies(void **state)
{
    gnttab_copy_t op = { 0 };
    struct page *plain;
    struct domain *d;
    struct tree t;

    (void)state;
    d = guest_with_tree(&t);
    plain = pv_page(d);
    set_raw(plain, 0, entry_to(t.table[4], RW));
    op.source.u.gmfn = mfn_of(plain);
    for ( unsigned int level = 1; level <= 4; level++ )
    {
        op.dest.u.gmfn = mfn_of(t.table[level]);
        assert_int_equal(copy(&op), GNTST_bad_page);
        assert_int_equal(get_raw(t.table[level], 0), 0);
        pv_check();
    }
    op.dest.u.gmfn = seg_frame(d);
    assert_int_equal(copy(&op), GNTST_bad_page);
    /* By reference, and out of a table. */
    offer_v1(d, REF, d, mfn_of(t.table[1]), 0);
    op.flags = GNTCOPY_dest_gref;
    op.dest.u.ref = REF;
    assert_int_equal(copy(&op), GNTST_bad_page);
    op.flags = 0;
    op.source.u.gmfn = mfn_of(t.table[1]);
    op.source.offset = 5 * 8;
    op.dest.u.gmfn = mfn_of(plain);
    assert_int_equal(copy(&op), 0);
    assert_int_equal(get_raw(plain, 0), get_raw(t.table[1], 5));
    assert_type(plain, PV_NONE, 0);
    /* A copy that is refused after its pages were found. */
    op.source.offset = PAGE_SIZE - 4;
    assert_int_equal(copy(&op), GNTST_bad_copy_arg);
    assert_type(plain, PV_NONE, 0);
    pv_check();
    pv_kill(d);
}

/* ---- the audit ---- */

static void test_audit_of_types(void **state)
{
    struct domain *d;
    struct tree t;
    struct page *info, *plain, *pinned;

    (void)state;
    d = guest_with_tree(&t);
    info = pv_page(d);
    plain = pv_page(d);
    pinned = pv_page(d);
    assert_int_equal(register_info(mfn_of(info)), 0);
    offer_v1(d, REF, dom0, mfn_of(pinned), 0);
    assert_int_equal(try_pin(d, REF, PIN_HOST_W), 0);
    assert_int_equal(audit_all(), 0);
    struct page *const all[] = { info, plain, pinned, t.data };

    for ( unsigned int i = 0; i < ARRAY_SIZE(all); i++ )
    {
        assert_true(pv_get_writable(all[i]));
        assert_int_not_equal(audit_all(), 0);
        pv_put_writable(all[i]);
        assert_int_equal(audit_all(), 0);
        if ( all[i] == plain )
            continue;
        pv_put_writable(all[i]);
        assert_int_not_equal(audit_all(), 0);
        assert_true(pv_get_writable(all[i]));
        assert_int_equal(audit_all(), 0);
    }
    gnttab_unpin(d, REF, PIN_BIT(PIN_HOST_W));
    pv_kill(d);
}

/* ---- status frames ---- */

/* As long as an entry maps one the table does not go back to version 1. */
static void test_xsa_387_status_frames(void **state)
{
    struct tree t;
    struct domain *d = guest_with_tree(&t);
    struct page *pg = NULL;

    (void)state;
    assert_int_equal(set_version(d, 2), 0);
    assert_int_equal(grant_resource_get(d, STATUS, 0, 1, &pg), 0);
    page_put(pg);
    for ( unsigned int rw = 0; rw < 2; rw++ )
    {
        assert_int_equal(update(d, at(t.table[1], 7),
                                entry_to(pg, rw ? RW : RO)), 0);
        assert_int_equal(set_version(d, 1), -EBUSY);
        assert_int_equal(update(d, at(t.table[1], 7), 0), 0);
    }
    /* It is no table, nor part of one. */
    for ( unsigned int level = 1; level <= 4; level++ )
        assert_int_equal(pin(d, pg, level), -EINVAL);
    assert_int_equal(set_version(d, 1), 0);
    assert_int_equal(update(d, at(t.table[1], 7), entry_to(pg, RO)), -EBUSY);
    pv_check();
    pv_kill(d);
}

/* ---- contexts ---- */

static unsigned int nr_contexts;
static int context_rc;
static struct vcpu_guest_context context;

static long initialise(void)
{
    struct hypercall hc = {
        .nr = __HYPERVISOR_vcpu_op, .a = { VCPUOP_initialise, 1, P(&context) },
    };

    return hypercall_dispatch(&hc);
}

/* While a vcpu gets its context, another one wants to give it one, too. */
static int set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    (void)v, (void)c;
    assert_true(nr_contexts++ < 3);
    assert_int_equal(initialise(), -ERESTART);
    return context_rc;
}

static void test_one_context_at_a_time(void **state)
{
    struct domain *d = pv_guest(2);

    (void)state;
    fixture_be(domain_vcpu(d, 0));
    nr_contexts = 0;
    hosted_hooks.set_pv_context = set_context;
    context_rc = -EINVAL;
    assert_int_equal(initialise(), -EINVAL);
    context_rc = -ERESTART;
    assert_int_equal(initialise(), -ERESTART);
    context_rc = 0;
    assert_int_equal(initialise(), 0);
    assert_int_equal(nr_contexts, 3);
    assert_int_equal(initialise(), -EEXIST);
    assert_int_equal(nr_contexts, 3);
    pv_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_tables_are_not_used),
        PV_TEST(test_used_pages_are_no_tables),
        PV_TEST(test_write_pins_are_of_no_table),
        PV_TEST(test_refused_pins_have_no_type),
        PV_TEST(test_copies),
        PV_TEST(test_audit_of_types),
        PV_TEST(test_xsa_387_status_frames),
        PV_TEST(test_one_context_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
