/* SPDX-License-Identifier: MIT */
/* Event channels: the FIFO ABI in bulk: all ports, resets, a hostile guest. */
#include "test-evtchn-fifo.h"

static void test_many_ports(void **state)
{
    const unsigned int nr = 100000;
    evtchn_port_t port;

    (void)state;
    start();
    while ( nr_pages < MAX_PAGES )
        assert_int_equal(expand(), 0);
    for ( unsigned int i = 1; i <= nr; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(port, nr);
    for ( unsigned int i = 1; i <= nr; i++ )
        assert_int_equal(evtchn_send(dom0, i), 0);
    handle_events();
    assert_int_equal(nr_got, nr);
    for ( unsigned int i = 0; i < nr; i++ )
        assert_int_equal(got[i], i + 1);
}

static void test_all_ports_there_are(void **state)
{
    evtchn_port_t port;
    long rc;

    (void)state;
    start();
    while ( !(rc = ev_ipi(0, &port)) )
        if ( port % 10000 == 0 )
            assert_int_equal(ev_send(port), 0);
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(dom0->evtchn.active, EVTCHN_FIFO_NR_CHANNELS - 1);
    while ( nr_pages < MAX_PAGES )
        assert_int_equal(expand(), 0);
    handle_events();
    assert_int_equal(nr_got, 13);
    assert_int_equal(got[12], 130000);
}

static void never_called(struct vcpu *v, evtchn_port_t port)
{
    (void)v, (void)port;
    abort();
}

static void test_reset_goes_back_to_2_level(void **state)
{
    uint64_t frames = page_nr_free();
    uint64_t *beyond = (void *)((char *)dom0->shared + 2560 + 5001 / 64 * 8);
    evtchn_port_t port;
    int xen;

    (void)state;
    start();
    assert_int_equal(expand(), 0);
    for ( unsigned int i = 0; i < 5000; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    xen = evtchn_alloc_xen(domain_vcpu(dom0, 0), 0, never_called);
    assert_int_equal(xen, 5001);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    assert_int_equal(dom0->evtchn.active, 1);
    /* It stays, where this ABI has no bits for it. */
    *beyond = ~0UL;
    assert_int_equal(ev_unmask(5001), 0);
    assert_int_equal(evtchn_port_is_pending(dom0, 5001), 0);
    assert_true(*beyond == ~0UL);
    assert_int_equal(page_nr_free(), frames);
    assert_int_equal(ev_expand(0), -EOPNOTSUPP);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_send(port), 0);
    assert_true(pending_2l(dom0, port));
    assert_int_equal(ev_priority(port, 1), -ENOSYS);

    start(); /* and once more */
    assert_int_equal(expand(), 0);
    handle_events();
    assert_int_equal(nr_got, 1);
    assert_int_equal(got[0], port);
    evtchn_free_xen(dom0, (evtchn_port_t)xen);
}

/*
 * A closed port is not used again while it is linked.  Those that left their
 * queue are found, if not at once: no call looks at more than 1024.
 */
static void test_closed_and_linked(void **state)
{
    struct vcpu *v = domain_vcpu(dom0, 0);
    evtchn_port_t port;
    unsigned int calls = 1;
    int xen;

    (void)state;
    start();
    while ( nr_pages < MAX_PAGES )
        assert_int_equal(expand(), 0);
    while ( !ev_ipi(0, &port) )
        ;
    for ( port = 1; port <= 3000; port++ )
    {
        *word(port) |= BIT(LINKED);
        assert_int_equal(ev_close(port), 0);
    }
    assert_int_equal(ev_ipi(0, &port), -ENOSPC);
    /* The hypervisor's own have no event word to speak of. */
    xen = evtchn_alloc_xen(v, 0, never_called);
    assert_int_equal(xen, 1);
    evtchn_free_xen(dom0, 1);
    *word(2900) = 0;
    while ( ev_ipi(0, &port) )
        assert_true(++calls < 10);
    assert_int_equal(port, 2900);
    for ( unsigned int i = 1; i <= 3000; i++ )
        if ( i != 2900 )
            *word(i) = 0;
    for ( unsigned int i = 1; i < 3000; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_ipi(0, &port), -ENOSPC);
}

/* Whatever is in the words and the block: no fault, no loop, no port lost. */
static void test_malformed_words(void **state)
{
    enum { NR = 1500 };
    evtchn_port_t port;

    (void)state;
    srandom(1);
    start();
    assert_int_equal(expand(), 0);
    assert_int_equal(expand(), 0);
    for ( unsigned int i = 0; i < NR; i++ )
        assert_int_equal(ev_ipi(0, &port), 0);
    for ( unsigned int i = 0; i < 20000; i++ )
    {
        port = 1 + (uint32_t)random() % NR;
        switch ( random() % 8 )
        {
        case 0:
        case 1:
            *word(port) = (uint32_t)random() << 1;
            break;
        case 2:
            block->head[random() % 16] = (uint32_t)random();
            block->ready = (uint32_t)random();
            break;
        case 3:
            assert_int_equal(ev_priority(port, (uint32_t)random() % 16), 0);
            break;
        case 4:
            assert_int_equal(ev_unmask(port), 0);
            break;
        default:
            assert_int_equal(ev_send(port), 0);
        }
    }
    fixture_audit();
    assert_int_equal(dom0->evtchn.active, NR);
    assert_int_equal(ev_reset(DOMID_SELF), 0);
    start();
    assert_int_equal(expand(), 0);
    assert_int_equal(ev_ipi(0, &port), 0);
    assert_int_equal(ev_send(port), 0);
    handle_events();
    assert_int_equal(nr_got, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_many_ports),
        T(test_all_ports_there_are),
        T(test_reset_goes_back_to_2_level),
        T(test_closed_and_linked),
        T(test_malformed_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
