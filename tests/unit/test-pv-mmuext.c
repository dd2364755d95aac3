/* SPDX-License-Identifier: MIT */
/* mmuext_op of PV guests: pv-mm/ops.h. */
#include "test-pv.h"

#include <pv-mm/ops.h>

typedef struct mmuext_op op_t;

static uint32_t nr_done;

static long ops(const op_t *op, unsigned int nr, domid_t fd)
{
    nr_done = 99;
    return pv_call(do_mmuext_op, P(op), nr, P(&nr_done), fd);
}

static long op_of(unsigned int cmd, uint64_t arg1, uint64_t arg2, domid_t fd)
{
    op_t op = { .cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2 };
    long rc = ops(&op, 1, fd);

    assert_int_equal(nr_done, !rc);
    return rc;
}

static long op_self(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
    return op_of(cmd, arg1, arg2, DOMID_SELF);
}

static void test_pins_and_roots(void **state)
{
    struct domain *d = pv_guest(2);
    struct tree t = make_tree(d, RW), u = make_tree(d, RO);
    struct pv_roots *roots = d->pv->roots;

    (void)state;
    fixture_be(domain_vcpu(d, 1));
    cpu_root = NULL;
    for ( unsigned int level = 1; level <= 4; level++ )
    {
        uint64_t mfn = mfn_of(t.table[level]);

        assert_int_equal(op_self(MMUEXT_PIN_L1_TABLE + level - 1, mfn, 0), 0);
        assert_type(t.table[level], (enum pv_type)level, 1);
        assert_int_equal(op_self(MMUEXT_PIN_L1_TABLE + level - 1, mfn, 0),
                         -EINVAL);
        assert_int_equal(op_self(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
        assert_int_equal(op_self(MMUEXT_UNPIN_TABLE, mfn, 0), -EINVAL);
        pv_check();
    }
    assert_int_equal(op_self(MMUEXT_PIN_L4_TABLE, nr_frames, 0), -EINVAL);
    assert_int_equal(op_self(MMUEXT_UNPIN_TABLE, nr_frames, 0), -EINVAL);

    assert_int_equal(op_self(MMUEXT_NEW_BASEPTR, mfn_of(t.table[4]), 0), 0);
    assert_ptr_equal(roots[1].kernel, t.table[4]);
    assert_int_equal(op_self(MMUEXT_NEW_BASEPTR, mfn_of(t.table[4]), 0), 0);
    assert_type(t.table[4], PV_L4, 1);
    assert_int_equal(op_self(MMUEXT_NEW_USER_BASEPTR, mfn_of(u.table[4]), 0),
                     0);
    assert_ptr_equal(roots[1].user, u.table[4]);
    assert_int_equal(op_self(MMUEXT_NEW_BASEPTR, mfn_of(u.table[3]), 0),
                     -EINVAL);
    assert_int_equal(op_self(MMUEXT_NEW_BASEPTR, 0, 0), -EINVAL);
    assert_int_equal(op_self(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    assert_null(roots[1].user);
    assert_null(roots[0].kernel);
    pv_check();
    pv_kill(d);
}

static void test_errors(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct domain *hvm = fixture_guest(1);
    struct page *pg = pv_page(d);
    op_t two[2] = { { .cmd = MMUEXT_TLB_FLUSH_LOCAL }, { .cmd = 14 } };

    (void)state;
    fixture_be_dom(d);
    assert_int_equal(ops(two, 2, DOMID_SELF), -ENOSYS);
    assert_int_equal(nr_done, 1);
    for ( unsigned int cmd = 21; cmd < 40; cmd++ )
        assert_int_equal(op_self(cmd, 0, 0), -ENOSYS);
    assert_int_equal(op_self(~0U, 0, 0), -ENOSYS);
    assert_int_equal(op_self(MMUEXT_MARK_SUPER, mfn_of(pg), 0), -EOPNOTSUPP);
    assert_int_equal(op_self(MMUEXT_UNMARK_SUPER, mfn_of(pg), 0), -EOPNOTSUPP);
    assert_int_equal(pv_call(do_mmuext_op, 8, 1, 0, DOMID_SELF), -EFAULT);
    /* FD, even without any element. */
    assert_int_equal(ops(NULL, 0, d->domain_id), -ESRCH);
    assert_int_equal(ops(NULL, 0, 1234), -ESRCH);
    assert_int_equal(ops(NULL, 0, hvm->domain_id), -EINVAL);
    assert_int_equal(ops(NULL, 0, other->domain_id), -EPERM);
    assert_int_equal(ops(NULL, 0, DOMID_IO), -EPERM);
    assert_int_equal(ops(NULL, 0, DOMID_XEN), -EPERM);
    fixture_be_dom(hvm);
    assert_int_equal(ops(NULL, 0, DOMID_SELF), -ENOSYS);
    pv_check();
    pv_kill(hvm);
    pv_kill(other);
    pv_kill(d);
}

/* Another domain's tables can be pinned; its vcpus do the rest themselves. */
static void test_foreign(void **state)
{
    static const unsigned int own[] = {
        MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR, MMUEXT_TLB_FLUSH_LOCAL,
        MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_MULTI, MMUEXT_INVLPG_MULTI,
        MMUEXT_TLB_FLUSH_ALL, MMUEXT_INVLPG_ALL, MMUEXT_FLUSH_CACHE,
        MMUEXT_SET_LDT, MMUEXT_FLUSH_CACHE_GLOBAL,
    };
    struct domain *c = pv_control(), *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    struct page *mine = pv_page(c);
    domid_t id = d->domain_id;

    (void)state;
    caches_allowed = true;
    fixture_be_dom(c);
    assert_int_equal(op_of(MMUEXT_PIN_L4_TABLE, mfn_of(t.table[4]), 0, id), 0);
    assert_type(t.table[4], PV_L4, 1);
    pv_check();
    assert_int_equal(op_of(MMUEXT_UNPIN_TABLE, mfn_of(t.table[4]), 0, id), 0);
    assert_type(t.table[4], PV_NONE, 0);
    assert_int_equal(op_of(MMUEXT_PIN_L1_TABLE, mfn_of(mine), 0, id), -EINVAL);
    for ( unsigned int i = 0; i < ARRAY_SIZE(own); i++ )
    {
        assert_int_equal(op_of(own[i], 0, 0, id), -EPERM);
        assert_int_equal(op_of(own[i], 0, 0, DOMID_IO), -EPERM);
    }
    assert_int_equal(asked.nr + asked.nr_caches + asked.nr_loads, 0);
    assert_int_equal(op_of(MMUEXT_CLEAR_PAGE, mfn_of(t.data), 0, id), 0);
    assert_int_equal(op_of(MMUEXT_CLEAR_PAGE, mfn_of(mine), 0, id), -EINVAL);
    /* Nobody's pages. */
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn += 7 )
    {
        assert_int_equal(op_of(MMUEXT_CLEAR_PAGE, mfn, 0, DOMID_XEN), -EINVAL);
        assert_int_equal(op_of(MMUEXT_PIN_L1_TABLE, mfn, 0, DOMID_IO),
                         -EINVAL);
        assert_int_equal(op_of(MMUEXT_UNPIN_TABLE, mfn, 0, DOMID_IO), -EINVAL);
    }
    pv_check();
    pv_kill(c);
    pv_kill(d);
}

static void test_pages(void **state)
{
    struct domain *d = pv_guest(1), *other = pv_guest(1);
    struct tree t = make_tree(d, RO);
    struct page *from = pv_page(d), *theirs = pv_page(other);

    (void)state;
    fixture_be_dom(d);
    set_raw(from, 511, 0x1234);
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, mfn_of(t.data), mfn_of(from)),
                     0);
    assert_int_equal(get_raw(t.data, 511), 0x1234);
    assert_int_equal(op_self(MMUEXT_CLEAR_PAGE, mfn_of(t.data), 0), 0);
    assert_int_equal(get_raw(t.data, 511), 0);
    assert_type(t.data, PV_NONE, 0);
    assert_int_equal(pin(d, t.table[1], 1), 0);
    /* Tables may be read, but not be written. */
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, mfn_of(from),
                             mfn_of(t.table[1])), 0);
    assert_int_equal(get_raw(from, 5), entry_to(t.data, RO));
    assert_int_equal(op_self(MMUEXT_CLEAR_PAGE, mfn_of(t.table[1]), 0),
                     -EINVAL);
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, mfn_of(t.table[1]),
                             mfn_of(from)), -EINVAL);
    assert_int_equal(get_raw(t.table[1], 5), entry_to(t.data, RO));
    assert_int_equal(op_self(MMUEXT_CLEAR_PAGE, mfn_of(theirs), 0), -EINVAL);
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, mfn_of(from), mfn_of(theirs)),
                     -EINVAL);
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, mfn_of(from), nr_frames),
                     -EINVAL);
    assert_int_equal(op_self(MMUEXT_COPY_PAGE, ~0UL, mfn_of(from)), -EINVAL);
    pv_check();
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
    uint64_t map = ~1UL, va = 0x7ffffffff000UL;
    static const uint64_t no_guests[] = { 0xffff800000000000UL,
                                          0xffff87fffffff000UL,
                                          0x800000000000UL };

    (void)state;
    fixture_be(domain_vcpu(d, 2));
    assert_int_equal(op_self(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    expect_flush(d, 4, ~0UL);
    assert_int_equal(op_self(MMUEXT_INVLPG_LOCAL, va, 0), 0);
    expect_flush(d, 4, va);
    assert_int_equal(op_self(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    expect_flush(d, 7, ~0UL);
    assert_int_equal(op_self(MMUEXT_INVLPG_ALL, va, 0), 0);
    expect_flush(d, 7, va);
    assert_int_equal(op_self(MMUEXT_TLB_FLUSH_MULTI, 0, P(&map)), 0);
    expect_flush(d, 6, ~0UL);
    assert_int_equal(op_self(MMUEXT_INVLPG_MULTI, va, P(&map)), 0);
    expect_flush(d, 6, va);
    assert_int_equal(op_self(MMUEXT_INVLPG_MULTI, va, 8), -EINVAL);
    assert_int_equal(op_self(MMUEXT_TLB_FLUSH_MULTI, 0, 0), -EINVAL);
    /* The hypervisor's addresses, and what is no address: nothing to do. */
    for ( unsigned int i = 0; i < ARRAY_SIZE(no_guests); i++ )
        assert_int_equal(op_self(MMUEXT_INVLPG_ALL, no_guests[i], 0), 0);
    assert_int_equal(asked.nr, 0);

    assert_int_equal(op_self(MMUEXT_FLUSH_CACHE, 0, 0), -EACCES);
    assert_int_equal(op_self(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), -EINVAL);
    assert_int_equal(asked.nr_caches, 0);
    caches_allowed = true;
    assert_int_equal(op_self(MMUEXT_FLUSH_CACHE, 0, 0), 0);
    assert_false(asked.all_caches);
    assert_int_equal(op_self(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
    assert_true(asked.all_caches);
    pv_kill(d);
}

/* The map has as many words as the domain's vcpus need, and no more. */
static void test_many_vcpus(void **state)
{
    static const unsigned int nr[] = { 64, 65, 128, 512 };
    /* At the end of a page, behind which nothing can be read. */
    char *end = (char *)aligned_alloc(4096, 8192) + 4096;

    (void)state;
    hosted_local_window(end - 4096, 4096);
    for ( unsigned int i = 0; i < ARRAY_SIZE(nr); i++ )
    {
        unsigned int words = (nr[i] + 63) / 64;
        struct domain *d = pv_guest(nr[i]);
        op_t *op = (op_t *)(end - 4096);

        fixture_be_dom(d);
        memset(end - words * 8, 0xff, words * 8);
        *op = (op_t){ .cmd = MMUEXT_TLB_FLUSH_MULTI,
                      .arg2.src_mfn = P(end - words * 8) };
        assert_int_equal(pv_call(do_mmuext_op, P(op), 1, 0, DOMID_SELF), 0);
        for ( unsigned int v = 0; v < 512; v++ )
            assert_int_equal(test_bit(v, asked.vcpus.bits), v < nr[i]);
        op->arg2.src_mfn += 8;
        assert_int_equal(pv_call(do_mmuext_op, P(op), 1, 0, DOMID_SELF),
                         -EINVAL);
        pv_kill(d);
    }
    hosted_local_window(NULL, 0);
    free(end - 4096);
}

/* What the unpinned tables leave is over before the next element. */
static void test_gives_way(void **state)
{
    struct domain *d = pv_guest(1);
    struct tree t = make_tree(d, RW);
    op_t op[3] = {
        { .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = mfn_of(t.table[4]) },
        { .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = mfn_of(t.table[4]) },
        { .cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = mfn_of(t.table[1]) },
    };

    (void)state;
    fill_l1(&t);
    fixture_be_dom(d);
    hosted_preempt_every(1);
    nr_restarts = 0;
    assert_int_equal(ops(op, 3, DOMID_SELF), 0);
    assert_true(nr_restarts > 15); /* 512 entries in and out, 64 at a time */
    assert_int_equal(nr_done, 3);
    assert_int_equal(get_raw(t.table[1], 7), 0);
    /* The last element's work, too. */
    assert_int_equal(ops(op, 2, DOMID_SELF), 0);
    assert_int_equal(d->pv->work.depth, 0);
    hosted_preempt_every(0);
    pv_check();
    pv_kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_TEST(test_pins_and_roots),
        PV_TEST(test_errors),
        PV_TEST(test_foreign),
        PV_TEST(test_pages),
        PV_TEST(test_flushes),
        PV_TEST(test_many_vcpus),
        PV_TEST(test_gives_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
