/* SPDX-License-Identifier: MIT */
/* dm_op itself: the order of its checks, its buffers, who may call it. */
#include "test-ioreq.h"

#define CREATE_BYTES (8 + sizeof(struct xen_dm_op_create_ioreq_server))

static unsigned char arena[4096] __attribute__((aligned(8)));

/* One call that has everything wrong from a point on. */
struct call {
    domid_t domid;
    unsigned int nr_bufs;
    bool bufs_bad, op_bad; /* addresses that cannot be read */
    uint64_t size;
    uint32_t op, pad;
    uint8_t op_pad;
    bool guest; /* called by a guest instead of dom0 */
};

static long call(const struct call *c, struct domain *guest)
{
    struct xen_dm_op_buf *bufs = (void *)arena;
    struct xen_dm_op *op = (void *)(arena + 256);
    long rc;

    memset(arena, 0, sizeof(arena));
    op->op = c->op;
    op->pad = c->pad;
    op->u.create_ioreq_server.pad[1] = c->op_pad;
    bufs[0].h.p = c->op_bad ? (void *)8 : op;
    bufs[0].size = c->size;
    fixture_be_dom(c->guest ? guest : dom0);
    hosted_local_window(arena, sizeof(arena));
    rc = hcall(__HYPERVISOR_dm_op, c->domid, c->nr_bufs,
               c->bufs_bad ? 8 : P(bufs), 0, 0);
    hosted_local_window(NULL, 0);
    fixture_be_dom(dom0);
    return rc;
}

/*
 * Each row mends what the one before it was refused for, and leaves all that
 * is checked later wrong: the order is the ABI's.
 */
static void test_order_of_checks(void **state)
{
    struct domain *d = fixture_guest(1), *g = fixture_guest(1);
    const domid_t me = 0, id = d->domain_id, none = 999;
    const struct {
        struct call c;
        long want;
    } rows[] = {
        { { none, 3, true, true, 0, 99, 1, 1, true }, -E2BIG },
        { { none, ~0U, true, true, 0, 99, 1, 1, true }, -E2BIG },
        { { none, 2, true, true, 0, 99, 1, 1, true }, -EFAULT },
        { { none, 0, true, true, 0, 99, 1, 1, true }, -ESRCH },
        { { none, 1, false, true, 0, 99, 1, 1, true }, -ESRCH },
        { { g->domain_id, 1, false, true, 0, 99, 1, 1, true }, -EPERM },
        { { DOMID_SELF, 1, false, true, 0, 99, 1, 1, true }, -ESRCH },
        { { me, 1, false, true, 0, 99, 1, 1, false }, -EPERM },
        { { me, 0, false, true, 0, 99, 1, 1, true }, -EINVAL },
        { { id, 0, false, true, 0, 99, 1, 1, true }, -EPERM },
        { { id, 0, false, true, 0, 99, 1, 1, false }, -ENODATA },
        { { id, 1, false, true, 7, 99, 1, 1, false }, -EFAULT },
        { { id, 1, false, true, 8, 99, 1, 1, false }, -EFAULT },
        { { id, 1, false, false, 7, 99, 1, 1, false }, -EFAULT },
        { { id, 1, false, false, 8, 99, 1, 1, false }, -EOPNOTSUPP },
        { { id, 1, false, false, 8, 0, 1, 1, false }, -EOPNOTSUPP },
        { { id, 1, false, false, 8, 21, 1, 1, false }, -EOPNOTSUPP },
        { { id, 1, false, false, 64, 19, 1, 1, false }, -EOPNOTSUPP },
        { { id, 1, false, false, CREATE_BYTES - 1, 1, 1, 1, false },
          -EFAULT },
        { { id, 1, false, false, CREATE_BYTES, 1, 1, 1, false }, -EINVAL },
        /* either padding alone */
        { { id, 1, false, false, CREATE_BYTES, 1, 1, 0, false }, -EINVAL },
        { { id, 1, false, false, CREATE_BYTES, 1, 0, 1, false }, -EINVAL },
        { { id, 1, false, false, CREATE_BYTES, 1, 0, 0, false }, 0 },
        { { id, 2, false, false, ~0UL, 1, 0, 0, false }, 0 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
        assert_int_equal(call(&rows[i].c, g), rows[i].want);
    assert_non_null(d->ioreq.server[1]);
    assert_null(d->ioreq.server[2]);
}

/* Item 16: no buffer means nothing is looked at, let alone written. */
static void test_xsa_506_no_buffers(void **state)
{
    struct domain *d = fixture_guest(1);

    (void)state;
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(hcall(__HYPERVISOR_dm_op, d->domain_id, 0, P(arena),
                               0, 0), -ENODATA);
    assert_null(d->ioreq.server[0]);
}

/* 615367b527, item 14: nothing "succeeds" on a target without a p2m. */
static void test_615367b527_every_op_on_pv(void **state)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    struct domain *d;

    (void)state;
    config.flags = 0;
    d = fixture_guest_config(&config);
    for ( uint32_t nr = 0; nr < 32; nr++ )
    {
        struct xen_dm_op op = { .op = nr };

        assert_int_equal(dm(d, &op), -EINVAL);
    }
}

static void test_padding_of_each_operation(void **state)
{
    struct domain *d = fixture_guest(1);
    static const struct {
        uint32_t op;
        unsigned int at; /* byte of the union that must be zero */
    } rows[] = {
        { XEN_DMOP_create_ioreq_server, 1 },
        { XEN_DMOP_create_ioreq_server, 3 },
        { XEN_DMOP_map_io_range_to_ioreq_server, 2 },
        { XEN_DMOP_unmap_io_range_from_ioreq_server, 3 },
        { XEN_DMOP_set_ioreq_server_state, 3 },
        { XEN_DMOP_destroy_ioreq_server, 2 },
        { XEN_DMOP_track_dirty_vram, 4 },
        { XEN_DMOP_set_mem_type, 6 },
        { XEN_DMOP_inject_event, 7 },
        { XEN_DMOP_inject_event, 12 },
        { XEN_DMOP_inject_msi, 4 },
        { XEN_DMOP_relocate_memory, 4 },
        { XEN_DMOP_pin_memory_cacheattr, 20 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        struct xen_dm_op op = { .op = rows[i].op }, before;

        ((uint8_t *)&op.u)[rows[i].at] = 1;
        before = op;
        assert_int_equal(dm(d, &op), -EINVAL);
        assert_memory_equal(&op, &before, sizeof(op));
    }
}

static void test_only_results_are_copied_back(void **state)
{
    struct domain *d = fixture_guest(3);
    struct xen_dm_op op, before;

    (void)state;
    memset(&op, 0x5a, sizeof(op));
    op.op = XEN_DMOP_create_ioreq_server;
    op.pad = 0;
    op.u.create_ioreq_server =
        (struct xen_dm_op_create_ioreq_server){ .handle_bufioreq = 7,
                                                .id = 0x5a5a };
    before = op;
    assert_int_equal(dm(d, &op), -EINVAL);
    assert_memory_equal(&op, &before, sizeof(op));
    op.u.create_ioreq_server.handle_bufioreq = ATOMIC;
    assert_int_equal(dm(d, &op), 0);
    assert_int_equal(op.u.create_ioreq_server.id, 0);
    /* The rest of the union is the caller's. */
    assert_memory_equal((char *)&op + CREATE_BYTES,
                        (char *)&before + CREATE_BYTES,
                        sizeof(op) - CREATE_BYTES);

    op.op = XEN_DMOP_nr_vcpus;
    assert_int_equal(dm(d, &op), 0);
    assert_int_equal(op.u.nr_vcpus.vcpus, 3);
}

static void test_result_that_cannot_be_written(void **state)
{
    static const struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };
    struct domain *d = fixture_guest(1);
    struct xen_dm_op_buf buf = { .size = sizeof(op) };

    (void)state;
    buf.h.p = (void *)(uintptr_t)&op; /* read-only memory */
    assert_int_equal(hcall(__HYPERVISOR_dm_op, d->domain_id, 1, P(&buf), 0,
                           0), -EFAULT);
}

/* A device model without privilege acts on its target and on nobody else. */
static void test_stub_domain(void **state)
{
    struct domain *d = fixture_guest(1), *stub = fixture_guest(1);
    struct domain *other = fixture_guest(1);

    (void)state;
    fixture_be_dom(stub);
    assert_int_equal(create(d, OFF), -EPERM);
    stub->target_id = d->domain_id;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(other, OFF), -EPERM);
    /* Control is not creation: the server is the stub domain's. */
    fixture_be_dom(dom0);
    assert_int_equal(destroy(d, 0), -EPERM);
    fixture_be_dom(stub);
    assert_int_equal(destroy(d, 0), 0);
    fixture_be_dom(dom0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_order_of_checks),
        T(test_xsa_506_no_buffers),
        T(test_615367b527_every_op_on_pv),
        T(test_padding_of_each_operation),
        T(test_only_results_are_copied_back),
        T(test_result_that_cannot_be_written),
        T(test_stub_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
