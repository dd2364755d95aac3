/* SPDX-License-Identifier: MIT */
/* liboriel-ioreq: what no hypervisor sends, and what changes meanwhile. */
#include "test-ioserver-device.h"

static void test_nonsense_is_refused(void **state)
{
    static const uint32_t sizes[] = { 0, 3, 16, 0x80000001, ~0U };

    (void)state;
    open_server();
    for ( unsigned int i = 0; i < 5; i++ )
    {
        ioreq_t p = io(IOREQ_TYPE_PIO, 0x500, sizes[i], IOREQ_READ, 5);

        assert_int_equal(serve_on(0, p).data, ~0UL);
        assert_int_equal(serve_on(0, string(p, 1, false)).data, ~0UL);
        assert_int_equal(seen.outcome, IOSERVER_REFUSED);
    }
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_READ, 0), 65537, false));
    assert_int_equal(seen.outcome, IOSERVER_REFUSED);
    for ( unsigned int type = 3; type < 256; type++ )
        if ( type != IOREQ_TYPE_TIMEOFFSET && type != IOREQ_TYPE_INVALIDATE )
        {
            assert_int_equal(
                serve_on(0, io((uint8_t)type, 0x500, 4, IOREQ_READ, 5)).data, ~0UL);
            assert_int_equal(seen.outcome, IOSERVER_REFUSED);
        }
    assert_int_equal(nr_accesses, 0);
}

/* A slot that holds no request is left alone, whatever the event says. */
static void test_other_states(void **state)
{
    (void)state;
    open_server();
    for ( unsigned int value = 0; value < 16; value++ )
    {
        ioreq_t before = io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_READ, 5);

        if ( value == STATE_IOREQ_READY )
            continue;
        before.state = value & 0xf;
        *slot_of(0) = before;
        raise_event(VCPU_REMOTE);
        assert_int_equal(ioserver_wait(s, 0), 1);
        assert_memory_equal(&before, slot_of(0), sizeof(before));
    }
    assert_int_equal(k.nr_notified + nr_accesses, 0);
    raise_event(77); /* a port of nobody */
    assert_int_equal(ioserver_wait(s, 0), 1);
}

static void overwrite_slot(void)
{
    ioreq_t *slot = slot_of(0);

    assert_int_equal(slot->state, STATE_IOREQ_INPROCESS);
    memset(slot, 0xff, 24);
}

/* What changes in the slot after it was read counts no more. */
static void test_slot_is_read_once(void **state)
{
    ioreq_t *slot;

    (void)state;
    open_server();
    slot = slot_of(0);
    during = overwrite_slot;
    *slot = string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 0x100), 3, false);
    slot->state = STATE_IOREQ_READY;
    put_guest(0x100, 0x0000000200000001);
    raise_event(VCPU_REMOTE);
    assert_int_equal(ioserver_wait(s, 0), 1);
    assert_int_equal(nr_accesses, 3);
    assert_access(1, 'w', &who[0], 0, 4, 2);
    assert_int_equal(slot->state, STATE_IORESP_READY);
    assert_true(slot->data_is_ptr && !slot->dir);
}

static void move_away(void)
{
    struct ioserver_range r = { .type = XEN_DMOP_IO_RANGE_MEMORY,
                                .start = 0xf1000000, .end = 0xf1000fff };

    if ( nr_accesses != 1 )
        return;
    assert_int_equal(ioserver_release(s, &r), 0);
    claim(XEN_DMOP_IO_RANGE_MEMORY, 0xf1000004, 0xf1000007, &who[0]);
}

/* A device may move while it is served: the next element finds it. */
static void test_ranges_change_meanwhile(void **state)
{
    ioreq_t p = io(IOREQ_TYPE_COPY, 0xf1000000, 4, IOREQ_WRITE, 1);

    (void)state;
    open_server();
    during = move_away;
    p.count = 3;
    serve_on(0, p);
    assert_access(0, 'w', &who[1], 0, 4, 1);
    assert_access(1, 'w', &who[0], 0, 4, 1);
    assert_int_equal(nr_accesses, 2);
    assert_string_equal(seen.name, "dev");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, clear, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(nonsense_is_refused), TEST(other_states), TEST(slot_is_read_once),
        TEST(ranges_change_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
