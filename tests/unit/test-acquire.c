/* SPDX-License-Identifier: MIT */
/* acquire_resource: the order of its checks, sizes, callers by frame number. */
#include "test-acquire.h"

static void test_order_of_checks(void **state)
{
    /* The flaws of each row come after the one it is told of. */
    static const struct {
        int want;
        uint32_t pad, frame_hi, wrap, domid, guest, type, id, nr;
    } cases[] = {
        /*                pad hi wrap domid       guest type id     nr */
        { -EINVAL,        1,  0, 0,   0x1234,     1,    99,  9999,  0 },
        { -EINVAL,        0,  1, 0,   0x1234,     1,    99,  9999,  0 },
        { -EINVAL,        0,  -1, 1,  0x1234,     1,    99,  9999,  1 },
        { -EINVAL,        0,  0, 1,   0x1234,     1,    99,  9999,  -1 },
        { -ESRCH,         0,  0, 0,   0x1234,     1,    99,  9999,  0 },
        { -ESRCH,         0,  0, 0,   DOMID_SELF, 0,    99,  9999,  0 },
        { -EPERM,         0,  0, 0,   0,          0,    99,  9999,  0 },
        { -EPERM,         0,  0, 0,   -1,         1,    99,  9999,  0 },
        { -EOPNOTSUPP,    0,  0, 0,   -1,         0,    99,  9999,  0 },
        { -EOPNOTSUPP,    0,  0, 0,   -1,         0,    3,   0,     0 },
        { -EINVAL,        0,  0, 0,   -1,         0,    2,   0,     0 },
        { -EINVAL,        0,  0, 0,   -1,         0,    1,   2,     1 },
        { -EINVAL,        0,  0, 0,   -1,         0,    1,   1,     1 },
        { -ENOENT,        0,  0, 0,   -1,         0,    0,   3,     0 },
        { -EINVAL,        0,  0, 0,   -1,         0,    0,   65536, 0 },
        { -EINVAL,        0,  0, 0,   -1,         0,    1,   0,     0 },
        { -EINVAL,        0,  0, 0,   -1,         0,    1,   0,     1 << 26 },
        { -EINVAL,        0,  0, 0,   -1,         0,    1,   0,     65 },
        { 0,              0,  0, 0,   -1,         0,    1,   0,     64 },
    };
    struct domain *d = fixture_guest(1), *guest = fixture_guest(1);

    (void)state;
    assert_int_equal(memory_op(XENMEM_acquire_resource, NULL), -EFAULT);
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct xen_mem_acquire_resource r =
            request(d, (uint16_t)cases[i].type, cases[i].id, 0, cases[i].nr);

        r.pad = cases[i].pad;
        r.frame = (uint64_t)cases[i].frame_hi << 32 |
                  (cases[i].wrap ? UINT32_MAX : 0);
        if ( cases[i].domid != (uint32_t)-1 )
            r.domid = (domid_t)cases[i].domid;
        if ( cases[i].guest )
            fixture_be_dom(guest);
        assert_int_equal(memory_op(XENMEM_acquire_resource, &r),
                         cases[i].want);
        fixture_be_dom(dom0);
        assert_int_equal(r.pad, cases[i].pad); /* item 24: never written */
        assert_int_equal(r.nr_frames, cases[i].nr);
    }
}

/* Item 19: frame is 64 bits wide and no bit of it is lost. */
static void test_frame_is_not_truncated(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    assert_int_equal(acquire(d, GRANT, 0, 1UL << 32, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, 1UL << 63, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, ~0UL, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, UINT32_MAX, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, UINT32_MAX - 1, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, 64, 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, 63, 1), 0);
    assert_int_equal(acquire(d, GRANT, 0, 63, 2), -EINVAL);
}

static void test_too_many_frames_touch_nothing(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t extra = d->extra_pages;

    (void)state;
    assert_int_equal(acquire(d, GRANT, 0, 0, MEMOP_MAX_EXTENTS + 1), -EINVAL);
    assert_int_equal(acquire(d, GRANT, 0, 0, UINT32_MAX), -EINVAL);
    assert_int_equal(d->extra_pages, extra); /* the table did not grow */
}

/* Items 18, 20, 22: what is told is what can be mapped. */
static void test_sizes(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(3);
    struct xen_mem_acquire_resource r;
    struct domain *d, *guest = fixture_guest(1);

    (void)state;
    config.max_grant_frames = 40;
    d = fixture_guest_config(&config);
    assert_int_equal(size_of(d, GRANT, 0), 40);
    assert_int_equal(acquire(d, GRANT, 0, 0, 40), 0);
    assert_int_equal(acquire(d, GRANT, 0, 0, 41), -EINVAL);
    assert_int_equal(size_of(d, GRANT, 1), -EINVAL);
    assert_int_equal(size_of(d, GRANT, 2), -EINVAL);
    assert_int_equal(size_of(d, IOREQ, 0), -ENOENT);
    assert_int_equal(new_server(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC), 0);
    assert_int_equal(size_of(d, IOREQ, 0), 2);
    assert_int_equal(size_of(d, IOREQ, 1), -ENOENT);
    assert_int_equal(size_of(d, IOREQ, 65536), -EINVAL);
    assert_int_equal(size_of(d, 2, 0), -EINVAL);
    assert_int_equal(size_of(d, 3, 0), -EOPNOTSUPP);
    assert_int_equal(size_of(dom0, GRANT, 0), -EPERM);
    fixture_be_dom(guest);
    assert_int_equal(size_of(d, GRANT, 0), -EPERM);
    guest->target_id = d->domain_id;
    assert_int_equal(size_of(d, GRANT, 0), 40);
    fixture_be_dom(dom0);

    /* A number and no list; nowhere to write the answer to. */
    r = request(d, GRANT, 0, 0, 1);
    r.frame_list.p = NULL;
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -EINVAL);
    assert_int_equal(r.nr_frames, 1);
    r.nr_frames = 0;
    assert_int_equal(hcall(__HYPERVISOR_memory_op,
                           XENMEM_acquire_resource | 1 << MEMOP_CMD_BITS,
                           P(&r), 0, 0, 0), -EINVAL);
}

/* Item 14: a domain without ioreq servers is refused, not asserted. */
static void test_target_without_translation(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *pv;

    (void)state;
    config.flags = 0;
    config.arch.emulation_flags = 0;
    pv = fixture_guest_config(&config);
    assert_int_equal(size_of(pv, IOREQ, 0), -EINVAL);
    assert_int_equal(acquire(pv, IOREQ, 0, 0, 1), -EINVAL);
    assert_int_equal(size_of(pv, GRANT, 0), 64);
}

/* ---- a caller that is not translated ---- */

static void test_frame_numbers_in_order(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    for ( unsigned int first = 0; first < 64; first += 9 )
    {
        assert_int_equal(acquire(d, GRANT, 0, first, 64 - first), 0);
        for ( unsigned int i = first; i < 64; i++ )
        {
            mfn_t mfn = _mfn(list[i - first]);

            assert_true(mfn_eq(mfn, frame_of(d, GRANT, 0, i)));
            /* The target's, and nobody holds more than before. */
            assert_ptr_equal(mfn_to_page(mfn)->owner, d);
            assert_int_equal(mfn_to_page(mfn)->refs, 1);
        }
        fixture_audit();
    }
}

static void test_ioreq_frames(void **state)
{
    struct domain *d = fixture_guest(1);
    ioservid_t id = new_server(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    ioservid_t off = new_server(d, HVM_IOREQSRV_BUFIOREQ_OFF);
    uint64_t extra = d->extra_pages;

    (void)state;
    /* Item 7: at max_mem, and neutral. */
    fixture_populate(d, 0, 4);
    d->max_pages = 4;
    assert_int_equal(acquire(d, IOREQ, id, 0, 2), 0);
    assert_true(mfn_eq(_mfn(list[0]), frame_of(d, IOREQ, id, 0)));
    assert_true(mfn_eq(_mfn(list[1]), frame_of(d, IOREQ, id, 1)));
    assert_int_not_equal(list[0], list[1]);
    assert_int_equal(d->tot_pages, 4);
    assert_true(mfn_to_page(_mfn(list[0]))->flags & PAGE_EXTRA);
    assert_int_equal(acquire(d, IOREQ, id, 0, 3), -EINVAL);
    assert_int_equal(acquire(d, IOREQ, id, 2, 1), -EINVAL);
    assert_int_equal(acquire(d, IOREQ, off, 0, 2), -ENOENT);
    assert_int_equal(acquire(d, IOREQ, off, 1, 1), 0);
    assert_int_equal(ioreq_server_destroy(d, id), 0);
    assert_int_equal(acquire(d, IOREQ, id, 0, 2), -ENOENT);
    assert_int_equal(ioreq_server_destroy(d, off), 0);
    assert_int_equal(d->extra_pages, extra);
    assert_int_equal(d->tot_pages, 4);
}

/* A device model has its own servers, not those of others. */
static void test_only_who_made_the_server(void **state)
{
    struct domain *d = fixture_guest(1), *dm = fixture_guest(1);
    ioservid_t id = new_server(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC);

    (void)state;
    dm->target_id = d->domain_id;
    fixture_be_dom(dm);
    assert_int_equal(acquire(d, IOREQ, id, 0, 2), -EPERM);
    assert_int_equal(nr_mapped(dm, 2), 0);
    fixture_be_dom(dom0);
}

static void test_list_not_writable(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_mem_acquire_resource r = request(d, GRANT, 0, 0, 64);

    (void)state;
    r.frame_list.p = (xen_pfn_t *)8;
    assert_int_equal(memory_op(XENMEM_acquire_resource, &r), -EFAULT);
    fixture_audit();
}

/* ---- giving way ---- */

static void test_frame_numbers_preempted(void **state)
{
    struct domain *d = fixture_guest(1);
    struct xen_mem_acquire_resource r = request(d, GRANT, 0, 0, 64);
    struct hypercall hc = { __HYPERVISOR_memory_op,
                            { XENMEM_acquire_resource, P(&r) } };

    (void)state;
    hosted_preempt_every(1);
    assert_int_equal(hypercall_dispatch(&hc), -ERESTART);
    assert_int_equal(hc.a[0], XENMEM_acquire_resource | 32 << MEMOP_CMD_BITS);
    assert_int_equal(hypercall_dispatch(&hc), 0);
    assert_int_equal(r.nr_frames, 64);
    for ( unsigned int i = 0; i < 64; i++ )
        assert_true(mfn_eq(_mfn(list[i]), frame_of(d, GRANT, 0, i)));
}

/* Item 17, XSA-334: calls that fail keep nothing of the domain. */
static void test_xsa_334_failures_hold_no_reference(void **state)
{
    struct domain *d = fixture_guest(1), *guest = fixture_guest(1);
    uint32_t refs = d->refs;

    (void)state;
    for ( unsigned int i = 0; i < 100; i++ )
    {
        assert_int_equal(acquire(d, GRANT, 0, 0, 0), -EINVAL);
        assert_int_equal(acquire(d, 7, 0, 0, 1), -EOPNOTSUPP);
        assert_int_equal(acquire(d, IOREQ, 0, 0, 1), -ENOENT);
        fixture_be_dom(guest);
        assert_int_equal(acquire(d, GRANT, 0, 0, 1), -EPERM);
        fixture_be_dom(dom0);
    }
    assert_int_equal(d->refs, refs);
    fixture_kill(d);
    assert_int_equal(acquire(guest, GRANT, 0, 0, 1), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_order_of_checks),
        TEST(test_frame_is_not_truncated),
        TEST(test_too_many_frames_touch_nothing),
        TEST(test_sizes),
        TEST(test_target_without_translation),
        TEST(test_frame_numbers_in_order),
        TEST(test_ioreq_frames),
        TEST(test_only_who_made_the_server),
        TEST(test_list_not_writable),
        TEST(test_frame_numbers_preempted),
        TEST(test_xsa_334_failures_hold_no_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
