/* SPDX-License-Identifier: MIT */
/* GDTs and LDTs of PV guests: pv-mm/desc.c. */
#include "test-pv.h"

#include <hv/budget.h>
#include <pv-mm/ops.h>

/* type and S of the access byte, DPL, P; L */
#define DESC(access) (0x00af00000000ffffUL | (uint64_t)(access) << 40)
#define CODE_3 DESC(0xfb)
#define CODE_0 DESC(0x9b)
#define DATA_0 DESC(0x93)

static struct domain *d;
static struct vcpu *v;

static int desc_setup(void **state)
{
    if ( pv_setup(state) )
        return -1;
    d = pv_guest(2);
    v = domain_vcpu(d, 1);
    fixture_be(v);
    return 0;
}

static int desc_teardown(void **state)
{
    pv_kill(d);
    return pv_teardown(state);
}

static long set_gdt(const uint64_t *frames, unsigned int entries)
{
    return pv_call(do_set_gdt, P(frames), entries, 0, 0);
}

static long update_descriptor(uint64_t ptr, uint64_t desc)
{
    return pv_call(do_update_descriptor, ptr, desc, 0, 0);
}

static struct pv_descriptors *tables(void)
{
    return &d->pv->descriptors[1];
}

/* All 32 types, each privilege level, present or not. */
static void test_which_descriptors(void **state)
{
    (void)state;
    for ( unsigned int access = 0; access < 256; access++ )
    {
        uint64_t desc = DESC(access), seen = desc;
        bool present = access & 0x80, code_or_data = access & 0x10;
        bool good = !present || code_or_data || !(access & 0xf);

        assert_int_equal(pv_check_descriptor(&seen), good);
        if ( present && code_or_data )
            desc |= 0x60UL << 40; /* never below the guest's own level */
        assert_int_equal(seen, desc);
    }
}

static void test_gdt(void **state)
{
    uint64_t frames[PV_GDT_FRAMES + 1];
    struct page *pg[PV_GDT_FRAMES];

    (void)state;
    for ( unsigned int i = 0; i < PV_GDT_FRAMES; i++ )
    {
        pg[i] = pv_page(d);
        frames[i] = mfn_of(pg[i]);
        set_raw(pg[i], 511, CODE_0);
    }
    assert_int_equal(set_gdt(frames, 513), 0);
    assert_int_equal(asked.nr_loads, 1);
    assert_int_equal(tables()->gdt_entries, 513);
    assert_ptr_equal(tables()->gdt[1], pg[1]);
    assert_null(tables()->gdt[2]);
    assert_int_equal(get_raw(pg[0], 511), CODE_3);
    assert_type(pg[1], PV_SEG, 1);
    assert_type(pg[2], PV_NONE, 0);
    pv_check();

    assert_int_equal(set_gdt(frames, 512 * PV_GDT_FRAMES), 0);
    assert_int_equal(set_gdt(frames, 512 * PV_GDT_FRAMES + 1), -EINVAL);
    assert_int_equal(set_gdt((void *)8, 512 * PV_GDT_FRAMES + 1), -EINVAL);
    assert_int_equal(set_gdt((void *)8, 1), -EFAULT);
    assert_type(pg[0], PV_SEG, 1);
    assert_type(pg[13], PV_SEG, 1);
    pv_check();
    /* The same frame twice, and in another vcpu's GDT. */
    frames[1] = frames[0];
    assert_int_equal(set_gdt(frames, 1024), 0);
    assert_type(pg[0], PV_SEG, 2);
    assert_type(pg[1], PV_NONE, 0);
    assert_int_equal(pv_set_gdt(domain_vcpu(d, 0), frames, 1), 0);
    assert_type(pg[0], PV_SEG, 3);
    pv_check();
    assert_int_equal(set_gdt(NULL, 0), 0);
    assert_int_equal(tables()->gdt_entries, 0);
    assert_type(pg[0], PV_SEG, 1);
    pv_check();
}

static void test_bad_gdts(void **state)
{
    struct domain *other = pv_guest(1);
    struct page *good = pv_page(d), *theirs = pv_page(other), *l1 = pv_page(d);
    struct page *table = pv_page(d), *mapped = pv_page(d), *bad = pv_page(d);
    struct page *extra = page_alloc(d, 0, PAGE_EXTRA);
    uint64_t frames[2] = { mfn_of(good) };
    const uint64_t no[] = { mfn_of(theirs), mfn_of(table), mfn_of(mapped),
                            mfn_of(bad), mfn_of(extra), nr_frames, ~0UL };

    (void)state;
    set_raw(l1, 0, entry_to(mapped, RW));
    assert_int_equal(pin(d, table, 2), 0);
    assert_int_equal(pin(d, l1, 1), 0);
    set_raw(bad, 511, DESC(0xec)); /* a call gate for ring 3 */
    assert_int_equal(set_gdt(frames, 1), 0);
    asked.nr_loads = 0;
    for ( unsigned int i = 0; i < ARRAY_SIZE(no); i++ )
    {
        frames[1] = no[i];
        assert_int_equal(set_gdt(frames, 513), -EINVAL);
        assert_int_equal(tables()->gdt_entries, 1);
        assert_type(good, PV_SEG, 1);
    }
    assert_int_equal(asked.nr_loads, 0);
    assert_type(bad, PV_NONE, 0);
    page_put(extra);
    pv_check();
    /* What has descriptors is neither written nor a table. */
    assert_int_equal(update(d, at(l1, 1), entry_to(good, RW)), -EBUSY);
    assert_int_equal(update(d, at(l1, 1), entry_to(good, RO)), 0);
    assert_int_equal(pin(d, good, 1), -EINVAL);
    assert_int_equal(update(d, at(good, 0), 0), -EINVAL);
    pv_kill(other);
}

static void test_update_descriptor(void **state)
{
    struct domain *other = pv_guest(1);
    struct page *pg = pv_page(d), *table = pv_page(d);
    struct page *theirs = pv_page(other);
    uint64_t frame = mfn_of(pg);

    (void)state;
    /* Before it is a GDT, and while it is. */
    assert_int_equal(update_descriptor(at(pg, 1), CODE_0), 0);
    assert_type(pg, PV_NONE, 0);
    assert_int_equal(set_gdt(&frame, 512), 0);
    assert_int_equal(update_descriptor(at(pg, 2), DATA_0), 0);
    assert_int_equal(get_raw(pg, 1), CODE_3);
    assert_int_equal(get_raw(pg, 2), DATA_0 | 0x60UL << 40);
    assert_type(pg, PV_SEG, 1);
    assert_int_equal(update_descriptor(at(pg, 2), DESC(0x89)), -EINVAL);
    assert_int_equal(update_descriptor(at(pg, 2), DESC(0x82)), -EINVAL);
    assert_int_equal(update_descriptor(at(pg, 2), DESC(0xee)), -EINVAL);
    assert_int_equal(update_descriptor(at(pg, 2) + 4, CODE_3), -EINVAL);
    assert_int_equal(update_descriptor(at(theirs, 0), CODE_3), -EINVAL);
    assert_int_equal(update_descriptor(nr_frames << PAGE_SHIFT, 0), -EINVAL);
    assert_int_equal(pin(d, table, 3), 0);
    assert_int_equal(update_descriptor(at(table, 0), CODE_3), -EINVAL);
    assert_int_equal(update_descriptor(at(table, 0), 0), -EINVAL);
    assert_int_equal(get_raw(pg, 2), DATA_0 | 0x60UL << 40);
    pv_check();
    fixture_be_dom(other);
    assert_int_equal(update_descriptor(at(pg, 0), 0), -EINVAL);
    fixture_be_dom(dom0);
    assert_int_equal(update_descriptor(at(pg, 0), 0), -ENOSYS);
    assert_int_equal(set_gdt(NULL, 0), -ENOSYS);
    pv_kill(other);
}

/* ---- the LDT ---- */

static struct tree t; /* maps data at slot 5 of its L1 */
#define LDT (4UL << 39 | 3UL << 30 | 2UL << 21 | 5UL << 12)

static long set_ldt(uint64_t base, uint64_t entries)
{
    struct mmuext_op op = { .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = base,
                            .arg2.nr_ents = (unsigned int)entries };

    return pv_call(do_mmuext_op, P(&op), 1, 0, DOMID_SELF);
}

static int map_ldt(unsigned int i)
{
    return TO_THE_END(pv_map_ldt(v, i));
}

static void with_root(uint64_t flags)
{
    t = make_tree(d, flags);
    set_raw(t.data, 0, CODE_0);
    cpu_root = NULL;
    assert_int_equal(set_root(v, t.table[4], false), 0);
}

static void test_ldt(void **state)
{
    (void)state;
    with_root(RO);
    assert_int_equal(set_ldt(LDT, 1024), 0);
    assert_int_equal(tables()->ldt_entries, 1024);
    assert_int_equal(asked.nr_loads, 1);
    assert_type(t.data, PV_NONE, 0);
    /* The same again: nothing changes. */
    assert_int_equal(set_ldt(LDT, 1024), 0);
    assert_int_equal(asked.nr_loads, 1);

    assert_int_equal(map_ldt(0), 0);
    assert_int_equal(asked.nr_loads, 2);
    assert_ptr_equal(tables()->ldt[0], t.data);
    assert_type(t.data, PV_SEG, 1);
    assert_int_equal(get_raw(t.data, 0), CODE_3);
    assert_int_equal(map_ldt(1), -EINVAL); /* nothing is mapped there */
    assert_int_equal(map_ldt(2), -EINVAL); /* beyond the end */
    assert_int_equal(map_ldt(0), 0);
    assert_type(t.data, PV_SEG, 1);
    pv_check();
    /* While it is in use it cannot be written, wherever it is mapped. */
    assert_int_equal(update(d, at(t.table[1], 5), 0), 0);
    assert_int_equal(update(d, at(t.table[1], 6), entry_to(t.data, RW)),
                     -EBUSY);
    assert_int_equal(set_ldt(0, 0), 0);
    assert_type(t.data, PV_NONE, 0);
    assert_null(tables()->ldt[0]);
    assert_int_equal(update(d, at(t.table[1], 6), entry_to(t.data, RW)), 0);
    assert_int_equal(map_ldt(0), -EINVAL);
    pv_check();
}

static void test_bad_ldts(void **state)
{
    struct domain *other = pv_guest(1);
    struct page *theirs = pv_page(other), *no_gate = pv_page(d);
    uint64_t bad[5];

    (void)state;
    assert_int_equal(set_ldt(LDT, 1), 0);
    assert_int_equal(map_ldt(0), -EINVAL); /* no root */
    with_root(RW);
    assert_int_equal(map_ldt(0), -EINVAL); /* mapped writable */
    assert_int_equal(set_ldt(LDT + 8, 1), -EINVAL);
    assert_int_equal(set_ldt(LDT, 8193), -EINVAL);
    assert_int_equal(set_ldt(0xffff800000000000UL, 1), -EINVAL);
    assert_int_equal(set_ldt(0x800000000000UL, 1), -EINVAL);
    assert_int_equal(set_ldt(LDT, 8192), 0);
    bad[0] = IO_FRAME << PAGE_SHIFT | RO;
    bad[1] = entry_to(t.table[1], RO);
    bad[2] = entry_to(no_gate, RO);
    bad[3] = 0;
    set_raw(no_gate, 3, DESC(0xec));
    for ( unsigned int i = 0; i < 4; i++ )
    {
        assert_int_equal(update(d, at(t.table[1], 6), bad[i]), 0);
        assert_int_equal(map_ldt(1), -EINVAL);
    }
    /* A page of another domain's, however it came there. */
    d->is_privileged = true;
    assert_int_equal(update_from(d, at(t.table[1], 6), entry_to(theirs, RO),
                                 other, 0), 0);
    d->is_privileged = false;
    assert_int_equal(map_ldt(1), -EINVAL);
    assert_int_equal(map_ldt(15), -EINVAL);
    assert_int_equal(map_ldt(16), -EINVAL);
    assert_int_equal(map_ldt(~0U), -EINVAL);
    /* Behind its start the hypervisor's addresses begin. */
    assert_int_equal(set_ldt(0xffff800000000000UL - PAGE_SIZE, 1024), -EINVAL);
    assert_int_equal(set_ldt(0x7ffffffff000UL, 1024), 0);
    assert_int_equal(map_ldt(1), -EINVAL);
    pv_check();
    pv_kill(other);
}

/* A CPU that still has the frame in its TLB is flushed before it is written. */
static void test_flush_before_it_is_written(void **state)
{
    struct page *pg = pv_page(d);
    uint64_t frame = mfn_of(pg);

    (void)state;
    assert_int_equal(set_gdt(&frame, 1), 0);
    assert_int_equal(set_gdt(NULL, 0), 0);
    nr_flushes = 0;
    assert_true(pv_get_writable(pg));
    assert_int_equal(nr_flushes, 1);
    pv_put_writable(pg);
}

static void test_after_the_end(void **state)
{
    struct page *pg = pv_page(d);
    uint64_t frame = mfn_of(pg);

    (void)state;
    with_root(RO);
    assert_int_equal(set_ldt(LDT, 1), 0);
    assert_int_equal(map_ldt(0), 0);
    assert_int_equal(set_gdt(&frame, 1), 0);
    d->state = DOM_DYING;
    assert_int_equal(set_gdt(&frame, 1), -EINVAL);
    assert_int_equal(set_ldt(0, 0), -EINVAL);
    assert_int_equal(map_ldt(0), -EINVAL);
    d->state = DOM_ALIVE;
    pv_check();
}

/* 14 frames in one go, and work of another vcpu that comes first. */
static void test_cost(void **state)
{
    struct tree other = make_tree(d, RW);
    uint64_t frames[PV_GDT_FRAMES];
    bool done;

    (void)state;
    for ( unsigned int i = 0; i < PV_GDT_FRAMES; i++ )
    {
        struct page *pg = pv_page(d);

        frames[i] = mfn_of(pg);
        for ( unsigned int k = 0; k < 512; k++ )
            set_raw(pg, k, CODE_0);
    }
    fill_l1(&other);
    assert_int_equal(pin(d, other.table[4], 4), 0);
    hosted_preempt_every(1);
    assert_int_equal(pv_unpin(d, page_to_mfn(other.table[4]), &done),
                     -ERESTART);
    nr_restarts = 0;
    budget_begin(); /* more than LOOP_BUDGET steps in a row are a panic */
    assert_int_equal(pv_update_descriptor(d, at(other.table[1], 0), 0),
                     -ERESTART);
    assert_int_equal(pv_set_ldt(v, 0, 0), -ERESTART);
    assert_int_equal(pv_map_ldt(v, 0), -ERESTART);
    assert_int_equal(set_gdt(frames, 512 * PV_GDT_FRAMES), 0);
    assert_true(nr_restarts > 3);
    budget_end();
    hosted_preempt_every(0);
    pv_check();
}

#define DESC_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, desc_setup, desc_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESC_TEST(test_which_descriptors),
        DESC_TEST(test_gdt),
        DESC_TEST(test_bad_gdts),
        DESC_TEST(test_update_descriptor),
        DESC_TEST(test_ldt),
        DESC_TEST(test_bad_ldts),
        DESC_TEST(test_flush_before_it_is_written),
        DESC_TEST(test_after_the_end),
        DESC_TEST(test_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
