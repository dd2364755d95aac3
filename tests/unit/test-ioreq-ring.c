/* SPDX-License-Identifier: MIT */
/* Buffered writes: the ring's entries, and emulators that corrupt the ring. */
#include "test-ioreq.h"

#define VGA 0xa0000UL
#define SLOTS IOREQ_BUFFER_SLOT_NUM

static struct domain *d;
static struct vcpu *v;
static buffered_iopage_t *ring;
static ioreq_t *slot;

static void vga_guest(unsigned int mode)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    unsigned int id;

    config.arch.emulation_flags |= XEN_X86_EMU_VGA;
    d = fixture_guest_config(&config);
    v = domain_vcpu(d, 0);
    id = serve(d, mode, MEMORY, 0, UINT64_MAX);
    ring = mode == OFF ? NULL : frame_virt(d, id, 0);
    slot = slot_of(d, id, 0);
}

/* Is p buffered?  If it went the other way it is answered. */
static bool buffered(ioreq_t p)
{
    enum io_result r = ioreq_send(v, &p);

    if ( r == IO_DONE )
        return true;
    assert_int_equal(r, IO_PENDING);
    answer(slot, 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    return false;
}

static void test_entries(void **state)
{
    static const struct {
        uint32_t size, slots;
        uint8_t code;
    } rows[] = { { 1, 1, 0 }, { 2, 1, 1 }, { 4, 1, 2 }, { 8, 2, 3 } };
    uint32_t at = 0;

    (void)state;
    vga_guest(LEGACY);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        const buf_ioreq_t *e = &ring->buf_ioreq[at];

        assert_true(buffered(store(VGA + i * 16, rows[i].size,
                                   0x1122334455667788UL)));
        at += rows[i].slots;
        assert_int_equal(ring->ptrs.write_pointer, at);
        assert_int_equal(e->addr, VGA + i * 16);
        assert_int_equal(e->type, IOREQ_TYPE_COPY);
        assert_int_equal(e->dir, IOREQ_WRITE);
        assert_int_equal(e->size, rows[i].code);
        assert_int_equal(e->data, 0x55667788);
        if ( rows[i].slots == 2 )
            assert_int_equal(e[1].data, 0x11223344);
    }
}

/* The guest set its clock: each server with a ring is told. */
static void test_time_moved(void **state)
{
    unsigned int second;

    (void)state;
    vga_guest(LEGACY);
    second = serve(d, OFF, MEMORY, 0, 0xfff);
    ioreq_time_moved(d, -3600);
    assert_int_equal(ring->ptrs.write_pointer, 2);
    assert_int_equal(ring->buf_ioreq[0].type, IOREQ_TYPE_TIMEOFFSET);
    assert_int_equal(ring->buf_ioreq[0].dir, IOREQ_WRITE);
    assert_int_equal(ring->buf_ioreq[0].size, 3);
    assert_int_equal(ring->buf_ioreq[0].data, (uint32_t)-3600);
    assert_int_equal(ring->buf_ioreq[1].data, UINT32_MAX);
    assert_int_equal(slot_of(d, second, 0)->state, STATE_IOREQ_NONE);
    ring->ptrs.read_pointer = 2;
    ring->ptrs.write_pointer = 2 + SLOTS - 1; /* no room for both entries */
    ioreq_time_moved(d, 1);
    assert_int_equal(ring->ptrs.write_pointer, 2 + SLOTS - 1);
}

static void test_only_vga_writes_are_buffered(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t size, count;
        uint8_t dir, ptr;
        bool yes;
    } rows[] = {
        { VGA, 4, 1, IOREQ_WRITE, 0, true },
        { VGA, 4, 1, IOREQ_READ, 0, false },
        { VGA, 4, 2, IOREQ_WRITE, 0, false },
        { VGA, 4, 1, IOREQ_WRITE, 1, false },
        { VGA, 3, 1, IOREQ_WRITE, 0, false },
        { VGA, 16, 1, IOREQ_WRITE, 0, false },
        { VGA - 1, 1, 1, IOREQ_WRITE, 0, false },
        { VGA - 1, 2, 1, IOREQ_WRITE, 0, false },
        { VGA + 0x1ffff, 1, 1, IOREQ_WRITE, 0, true },
        { VGA + 0x1fffd, 4, 1, IOREQ_WRITE, 0, false },
        { VGA + 0x1fffc, 4, 1, IOREQ_WRITE, 0, true },
        { VGA + 0x20000, 1, 1, IOREQ_WRITE, 0, false },
        { VGA + (1UL << 20), 1, 1, IOREQ_WRITE, 0, false },
        { VGA + (1UL << 32), 1, 1, IOREQ_WRITE, 0, false },
    };

    (void)state;
    vga_guest(ATOMIC);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
    {
        ioreq_t p = access_to(IOREQ_TYPE_COPY, rows[i].addr, rows[i].size,
                              rows[i].dir, i);

        p.count = rows[i].count;
        p.data_is_ptr = rows[i].ptr & 1;
        assert_int_equal(buffered(p), rows[i].yes);
    }
}

static void test_who_buffers(void **state)
{
    struct domain *plain = fixture_guest(1);
    ioreq_t p = store(VGA, 1, 0);

    (void)state;
    vga_guest(OFF);
    assert_false(buffered(p));
    /* A domain without the emulated VGA: never. */
    (void)serve(plain, ATOMIC, MEMORY, 0, UINT64_MAX);
    assert_int_equal(ioreq_send(domain_vcpu(plain, 0), &p), IO_PENDING);
}

static void test_full_ring_goes_the_other_way(void **state)
{
    (void)state;
    for ( unsigned int mode = LEGACY; mode <= ATOMIC; mode++ )
    {
        vga_guest(mode);
        for ( unsigned int i = 0; i < SLOTS - 1; i++ )
            assert_true(buffered(store(VGA, 1, i)));
        assert_false(buffered(store(VGA, 8, 0))); /* needs two */
        assert_true(buffered(store(VGA, 4, 0)));
        assert_int_equal(ring->ptrs.write_pointer, SLOTS);
        assert_false(buffered(store(VGA, 1, 0)));
        ring->ptrs.read_pointer++;
        assert_true(buffered(store(VGA, 1, 0x5a)));
        assert_int_equal(ring->buf_ioreq[0].data, 0x5a);
    }
}

/* An 8-byte write across the end of the ring. */
static void test_two_entries_wrap(void **state)
{
    (void)state;
    vga_guest(LEGACY);
    ring->ptrs.read_pointer = ring->ptrs.write_pointer = SLOTS - 1;
    assert_true(buffered(store(VGA, 8, 0xaaaaaaaabbbbbbbbUL)));
    assert_int_equal(ring->buf_ioreq[SLOTS - 1].data, 0xbbbbbbbb);
    assert_int_equal(ring->buf_ioreq[0].data, 0xaaaaaaaa);
}

static void test_only_atomic_is_canonicalised(void **state)
{
    (void)state;
    for ( unsigned int mode = LEGACY; mode <= ATOMIC; mode++ )
    {
        uint32_t off = mode == ATOMIC ? 3 * SLOTS : 0;

        vga_guest(mode);
        ring->ptrs.read_pointer = 3 * SLOTS + 7;
        ring->ptrs.write_pointer = 4 * SLOTS + 2;
        assert_true(buffered(store(VGA, 1, 0)));
        assert_int_equal(ring->ptrs.read_pointer, 3 * SLOTS + 7 - off);
        assert_int_equal(ring->ptrs.write_pointer, 4 * SLOTS + 3 - off);
    }
}

static void test_ring_notifies(void **state)
{
    struct evtchn_bind_interdomain bind;

    (void)state;
    vga_guest(ATOMIC);
    bind.remote_dom = d->domain_id;
    bind.remote_port = d->ioreq.server[0]->ring_port;
    assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
    dom0->shared->evtchn_pending[0] = 0;
    assert_true(buffered(store(VGA, 1, 0)));
    assert_int_equal(evtchn_port_is_pending(dom0, bind.local_port), 1);
}

/* Every pair of pointers is survived, and nothing but the ring is written. */
static void test_mad_pointers(void **state)
{
    uint64_t seed = 0xdeadbeefcafef00dUL;
    unsigned int in_ring = 0, other_way = 0;

    (void)state;
    vga_guest(ATOMIC);
    for ( unsigned int step = 0; step < 100000; step++ )
    {
        uint64_t r = next_random(&seed);
        uint32_t distance = (r & 0x30) ? (uint32_t)(r >> 40) % 1024
                                       : (uint32_t)(r >> 32);

        d->ioreq.server[0]->bufioreq = r & 1 ? ATOMIC : LEGACY;
        if ( r & 2 )
        {
            ring->ptrs.read_pointer = (uint32_t)next_random(&seed);
            ring->ptrs.write_pointer = ring->ptrs.read_pointer + distance;
        }
        if ( buffered(store(VGA + (r >> 50), 1U << (r >> 2 & 3), r)) )
            in_ring++;
        else
            other_way++;
    }
    assert_in_range(in_ring, 1000, 100000);
    assert_in_range(other_way, 1000, 100000);
    assert_false(domain_is_shut_down(d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_entries),
        T(test_time_moved),
        T(test_only_vga_writes_are_buffered),
        T(test_who_buffers),
        T(test_full_ring_goes_the_other_way),
        T(test_two_entries_wrap),
        T(test_only_atomic_is_canonicalised),
        T(test_ring_notifies),
        T(test_mad_pointers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
