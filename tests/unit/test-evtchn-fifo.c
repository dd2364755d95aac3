/* SPDX-License-Identifier: MIT */
/* Event channels: the FIFO ABI: setting up, queues, priorities. */
#include "test-evtchn-fifo.h"

#include "../../xen/common/evtchn-private.h"

static void test_setup_errors(void **state)
{
    struct domain *d = fixture_guest(1);
    struct page *pg = page_alloc(dom0, 0, 0), *theirs = page_alloc(d, 0, 0);
    uint64_t own = mfn_x(page_to_mfn(pg));
    const struct { uint64_t gfn; uint32_t offset, vcpu; long rc; } t[] = {
        { own, 0, 1, -ENOENT },
        { own, 4, 99, -ENOENT },
        { own, 4, 0, -EINVAL },
        { own, PAGE_SIZE, 0, -EINVAL },
        { own, ~0U, 0, -EINVAL },
        { own, PAGE_SIZE - sizeof(*block) + 8, 0, -EINVAL },
        { nr_frames, 0, 0, -EINVAL },
        { ~0UL, 0, 0, -EINVAL },
        { mfn_x(page_to_mfn(theirs)), 0, 0, -EINVAL },
        { own, PAGE_SIZE - sizeof(*block), 0, 0 },
        { own, 0, 0, -EINVAL }, /* has one */
    };
    evtchn_port_t port;

    (void)state;
    assert_int_equal(ev_expand(own), -EOPNOTSUPP);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ )
        assert_int_equal(ev_control(t[i].gfn, t[i].offset, t[i].vcpu),
                         t[i].rc);
    assert_int_equal(ev_expand(mfn_x(page_to_mfn(theirs))), -EINVAL);
    assert_int_equal(ev_expand(~0UL), -EINVAL);
    assert_int_equal(ev_priority(1, 0), -EACCES);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_priority(port, 16), -EINVAL);
    assert_int_equal(ev_priority(port, 15), 0);
    nr_pages = 0;
    while ( nr_pages < MAX_PAGES )
        assert_int_equal(expand(), 0);
    assert_int_equal(expand(), -ENOSPC);
    page_put(pg);
    page_put(theirs);
    fixture_kill(d);
}

/* Pages come from the p2m: own, ordinary memory only. */
static void test_pages_of_a_translated_guest(void **state)
{
    struct domain *d = fixture_guest(2);

    (void)state;
    fixture_populate(d, 0x100, 3);
    assert_int_equal(p2m_set(d, _gfn(0x200),
                             page_to_mfn(page_alloc(d, 0, 0)), P2M_RAM_RO), 0);
    assert_int_equal(p2m_set(d, _gfn(0x201),
                             page_to_mfn(page_alloc(dom0, 0, 0)),
                             P2M_FOREIGN), 0);
    fixture_be_dom(d);
    assert_int_equal(ev_control(0x99, 0, 0), -EINVAL);
    assert_int_equal(ev_control(0x100, 0, 1), 0);
    assert_int_equal(ev_control(0x100, 0, 1), -EINVAL);
    assert_int_equal(ev_control(0x101, 0, 0), 0);
    assert_int_equal(ev_expand(0x99), -EINVAL);
    assert_int_equal(ev_expand(0x200), -EINVAL); /* read-only */
    assert_int_equal(ev_expand(0x201), -EINVAL); /* dom0's */
    assert_int_equal(ev_expand(0x102), 0);
    fixture_be_dom(dom0);
    fixture_audit();
    /* The guest's own entry goes; the page stays while it is used. */
    assert_int_equal(p2m_remove(d, _gfn(0x102), INVALID_MFN), 0);
    fixture_audit();
    fixture_kill(d);
}

static void test_pending_is_carried_over(void **state)
{
    evtchn_port_t port[3];

    (void)state;
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(ev_ipi(0, &port[i]), 0);
    assert_int_equal(ev_send(port[0]), 0);
    assert_int_equal(ev_send(port[2]), 0);
    start();
    assert_int_equal(ev_send(port[1]), 0); /* has no event word yet */
    assert_false(pending_2l(dom0, port[0]));
    assert_int_equal(ev_close(port[2]), 0); /* closed ones are forgotten */
    assert_int_equal(ev_ipi(0, &port[2]), 0);
    assert_int_equal(expand(), 0);
    assert_true(upcall());
    handle_events();
    assert_int_equal(nr_got, 2);
    assert_int_equal(got[0], port[0]);
    assert_int_equal(got[1], port[1]);
}

/*
 * A sender that looked at the ABI before the switch and sets its bit after:
 * it has to notice, and carry the event over itself.
 */
static void test_late_sender_of_the_old_abi(void **state)
{
    evtchn_port_t port;
    struct evtchn *chn;

    (void)state;
    assert_int_equal(ev_ipi(0, &port), 0);
    start();
    assert_int_equal(expand(), 0);
    spin_lock(&dom0->evtchn.lock);
    chn = evtchn_find(dom0, port);
    assert_true(evtchn_abi_2l.set_pending(dom0, chn));
    spin_unlock(&dom0->evtchn.lock);
    assert_false(pending_2l(dom0, port));
    handle_events();
    assert_int_equal(nr_got, 1);
    assert_int_equal(got[0], port);
}

static void test_priorities(void **state)
{
    evtchn_port_t port[EVTCHN_FIFO_MAX_QUEUES];

    (void)state;
    start();
    assert_int_equal(expand(), 0);
    for ( unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++ )
    {
        assert_int_equal(ev_ipi(0, &port[i]), 0);
        assert_int_equal(ev_priority(port[i], 15 - i), 0);
        assert_int_equal(ev_send(port[i]), 0);
        assert_int_equal(ev_send(port[i]), 0); /* once is enough */
    }
    handle_events();
    assert_int_equal(nr_got, EVTCHN_FIFO_MAX_QUEUES);
    for ( unsigned int i = 0; i < nr_got; i++ )
        assert_int_equal(got[i], port[15 - i]);
}

/* One that is still the tail of the queue it leaves must not stay its tail. */
static void test_moves_to_another_queue(void **state)
{
    evtchn_port_t a, b;

    (void)state;
    start();
    assert_int_equal(expand(), 0);
    assert_int_equal(ev_ipi(0, &a), 0);
    assert_int_equal(ev_ipi(0, &b), 0);
    assert_int_equal(ev_send(a), 0);
    handle_events();
    assert_int_equal(ev_priority(a, 3), 0);
    assert_int_equal(ev_send(a), 0); /* linked again, in queue 3 */
    assert_int_equal(ev_send(b), 0); /* must become the head of queue 7 */
    assert_int_equal(block->head[7], b);
    assert_int_equal(*word(a) & EVTCHN_FIFO_LINK_MASK, 0);
    handle_events();
    assert_int_equal(nr_got, 2);
    assert_int_equal(got[0], a);
    assert_int_equal(got[1], b);
}

static void test_masked_is_not_linked(void **state)
{
    evtchn_port_t port;

    (void)state;
    start();
    assert_int_equal(expand(), 0);
    assert_int_equal(ev_ipi(0, &port), 0);
    *word(port) = BIT(MASKED);
    assert_int_equal(ev_send(port), 0);
    assert_int_equal(*word(port), BIT(MASKED) | BIT(PENDING));
    assert_int_equal(evtchn_port_is_pending(dom0, port), 1);
    assert_false(upcall());
    assert_int_equal(ev_unmask(port), 0);
    assert_true(upcall());
    handle_events();
    assert_int_equal(nr_got, 1);
    assert_int_equal(ev_unmask(port), 0); /* nothing pending */
    assert_false(upcall());
}

static void test_linked_port_is_not_reused(void **state)
{
    evtchn_port_t port, other;

    (void)state;
    start();
    assert_int_equal(expand(), 0);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_send(port), 0);
    assert_int_equal(ev_close(port), 0);
    assert_int_equal(*word(port) & BIT(PENDING), 0);
    assert_int_equal(ev_ipi(0, &other), 0);
    assert_int_not_equal(other, port);
    handle_events();
    assert_int_equal(nr_got, 0);
    assert_int_equal(ev_ipi(0, &other), 0);
    assert_int_equal(other, port);
}

static long set_up(void *arg)
{
    return ev_control(*(uint64_t *)arg, 0, 0);
}

static struct page *kept; /* by the test */

static void count_kept(void (*count)(mfn_t mfn, enum page_holder holder))
{
    if ( kept )
        count(page_to_mfn(kept), HOLD_ARCH);
}

static void test_allocation_failures(void **state)
{
    uint64_t mfn;

    (void)state;
    kept = page_alloc(dom0, 0, 0);
    assert_non_null(kept);
    hosted_hooks.audit = count_kept;
    mfn = mfn_x(page_to_mfn(kept));
    fixture_each_alloc_failure(set_up, &mfn, -ENOMEM);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    page_put(kept);
    kept = NULL;
    mfn = mfn_x(page_to_mfn(dom0->shared_page)); /* none of its own */
    assert_int_equal(set_up(&mfn), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_setup_errors),
        T(test_pages_of_a_translated_guest),
        T(test_pending_is_carried_over),
        T(test_late_sender_of_the_old_abi),
        T(test_priorities),
        T(test_moves_to_another_queue),
        T(test_masked_is_not_linked),
        T(test_linked_port_is_not_reused),
        T(test_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
