/* SPDX-License-Identifier: MIT */
/* Servers' pages as a resource: errors, accounting, destroyed servers. */
#include "test-ioreq.h"

static void test_resource_errors(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t frame;
        unsigned int nr;
        bool other;
        int want;
    } rows[] = {
        { 0x10000, 0, 1, true, -EINVAL }, { 8, 0, 1, true, -ENOENT },
        { 2, 0, 1, true, -ENOENT },       { 0, 9, 1, true, -EPERM },
        { 0, 0, 1, false, -ENOENT },      { 0, 1, 1, false, 0 },
        { 0, 1, 2, false, 0 },            { 0, 1, 3, false, -EINVAL },
        { 0, 0, 4, false, -ENOENT },      { 0, 3, 1, false, -EINVAL },
        { 0, ~0U, 1, false, -EINVAL },    { 0, ~0UL, 2, false, -EINVAL },
        { 1, 0, 3, false, 0 },            { 1, 0, 4, false, -EINVAL },
        { 1, 2, 1, false, 0 },            { 1, 0, 0, false, 0 },
    };
    struct domain *d = fixture_guest(200), *other = fixture_pvh_dom0();
    struct page *pages[8];

    (void)state;
    assert_int_equal(create(d, OFF), 0);
    assert_int_equal(create(d, ATOMIC), 1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        int rc;

        fixture_be_dom(rows[i].other ? other : dom0);
        rc = ioreq_resource_get(d, rows[i].id, rows[i].frame, rows[i].nr,
                                pages);
        assert_int_equal(rc, rows[i].want);
        for ( unsigned int j = 0; rc == 0 && j < rows[i].nr; j++ )
            page_put(pages[j]);
        fixture_audit();
    }
    fixture_be_dom(dom0);
    assert_int_equal(ioreq_resource_size(d, 0), 3);
    assert_int_equal(ioreq_resource_size(d, 2), -ENOENT);
    assert_int_equal(ioreq_resource_size(d, 8), -ENOENT);
    assert_int_equal(ioreq_resource_size(d, 0x10000), -EINVAL);
    /* Item 14: a target that is not translated is refused, not asserted. */
    assert_int_equal(ioreq_resource_size(dom0, 0), -EINVAL);
    assert_int_equal(ioreq_resource_get(dom0, 0, 0, 1, pages), -EINVAL);
}

/* Items 6, 7: no page is charged, not even at the limit; over and over. */
static void test_xsa_276_accounting_is_neutral(void **state)
{
    struct domain *d = fixture_guest(1);
    uint64_t tot, free_frames;

    (void)state;
    fixture_populate(d, 0, 16);
    d->max_pages = tot = d->tot_pages;
    free_frames = page_nr_free();
    for ( unsigned int i = 0; i < 50; i++ )
    {
        struct page *ring, *slots;

        assert_int_equal(create(d, ATOMIC), 0);
        ring = acquire(d, 0, 0);
        slots = acquire(d, 0, 1);
        assert_ptr_equal(ring->owner, d);
        assert_int_equal(slots->flags, PAGE_EXTRA);
        assert_int_equal(d->tot_pages, tot);
        page_put(i & 1 ? ring : slots);
        assert_int_equal(destroy(d, 0), 0);
        page_put(i & 1 ? slots : ring);
        assert_int_equal(d->tot_pages, tot);
        assert_int_equal(page_nr_free(), free_frames);
    }
}

static struct page *mapped;

static void count_mapped(void (*count)(mfn_t mfn, enum page_holder holder))
{
    count(page_to_mfn(mapped), HOLD_ARCH);
}

/* What a client still maps is the target's dead memory, nobody else's. */
static void test_pages_outlive_their_server(void **state)
{
    struct domain *d = fixture_guest(1);
    domid_t domid = d->domain_id;

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    mapped = acquire(d, 0, 1);
    hosted_hooks.audit = count_mapped;
    *(uint64_t *)page_to_virt(mapped) = 42;
    assert_int_equal(destroy(d, 0), 0);
    assert_int_equal(create(d, ATOMIC), 0);
    assert_ptr_not_equal(frame_virt(d, 0, 1), page_to_virt(mapped));
    assert_int_equal(*(uint64_t *)frame_virt(d, 0, 1), 0);
    assert_int_equal(*(uint64_t *)page_to_virt(mapped), 42);
    fixture_kill(d);
    assert_int_equal(mapped->refs, 1);
    assert_ptr_equal(mapped->owner, d);
    assert_int_equal(*(uint64_t *)page_to_virt(mapped), 42);
    fixture_audit();
    hosted_hooks.audit = NULL;
    page_put(mapped);
    assert_null(domain_get(domid));
}

static long acquire_all(void *arg)
{
    struct page *pages[5];
    int rc = ioreq_resource_get(arg, 0, 0, 5, pages);

    for ( unsigned int i = 0; rc == 0 && i < 5; i++ )
        page_put(pages[i]);
    return rc;
}

static void test_acquire_without_memory(void **state)
{
    struct domain *d = fixture_guest(512);

    (void)state;
    assert_int_equal(create(d, ATOMIC), 0);
    fixture_each_alloc_failure(acquire_all, d, -ENOMEM);
    assert_int_equal(acquire_all(d), 0);
}

/* That many ports exist only after the guest has switched to FIFO events. */
static struct domain *fifo_guest(unsigned int max_vcpus)
{
    struct domain *d = fixture_guest(max_vcpus);
    struct evtchn_init_control init = { .control_gfn = 1 };

    fixture_populate(d, 1, 1);
    fixture_be_dom(d);
    assert_int_equal(evtchn_op(EVTCHNOP_init_control, &init), 0);
    fixture_be_dom(dom0);
    return d;
}

/* 512 vcpus on 8 servers: each request in its own slot of the right frame. */
static void test_512_vcpus_8_servers(void **state)
{
    struct domain *d = fifo_guest(512);
    ioreq_t *frame[MAX_IOREQ_SERVERS][4];

    (void)state;
    for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
    {
        assert_int_equal(serve(d, ATOMIC, PORT, id * 16, id * 16 + 15), id);
        assert_int_equal(ioreq_resource_size(d, id), 1 + 4);
        for ( unsigned int n = 0; n < 4; n++ )
            frame[id][n] = frame_virt(d, id, 1 + n);
    }
    for ( unsigned int i = 0; i < 512 * MAX_IOREQ_SERVERS; i++ )
    {
        unsigned int id = i % MAX_IOREQ_SERVERS, vcpu = i / MAX_IOREQ_SERVERS;
        ioreq_t *slot = &frame[id][vcpu / 128][vcpu % 128];
        ioreq_t p = in(id * 16 + 1, 1);
        struct vcpu *v = domain_vcpu(d, vcpu);

        assert_int_equal(slot->state, STATE_IOREQ_NONE);
        assert_int_equal(slot->vp_eport, d->ioreq.server[id]->port[vcpu]);
        assert_int_not_equal(slot->vp_eport, 0);
        assert_int_equal(ioreq_send(v, &p), IO_PENDING);
        assert_int_equal(v->io.pending, 1U << id);
        answer(slot, i);
        assert_int_equal(ioreq_resume(v, &p), IO_DONE);
        assert_int_equal(p.data, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_resource_errors),
        T(test_xsa_276_accounting_is_neutral),
        T(test_pages_outlive_their_server),
        T(test_acquire_without_memory),
        T(test_512_vcpus_8_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
