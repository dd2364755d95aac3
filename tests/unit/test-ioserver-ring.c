/* SPDX-License-Identifier: MIT */
/* liboriel-ioreq: the ring of buffered writes, and hostile pointers in it. */
#include "test-ioserver.h"

#define N IOREQ_BUFFER_SLOT_NUM

static struct buffered_iopage *ring_page(void)
{
    return (void *)ioreq_pages;
}

static uint64_t written[2 * N];
static unsigned int nr_written, nr_plain;
static enum ioserver_outcome outcome;
static ioreq_t last;
static void (*during)(void);

static void on_buffered(void *data, uint64_t offset, unsigned int size,
                        uint64_t value)
{
    assert_true(!data && offset < 0x20000 && size);
    assert_in_range(nr_written, 0, 2 * N - 1);
    written[nr_written++] = value;
    if ( during )
        during();
}

static void on_write(void *data, uint64_t offset, unsigned int size,
                     uint64_t value)
{
    (void)data, (void)offset, (void)size, (void)value;
    nr_plain++;
}

static void on_request(void *data, int vcpu, const ioreq_t *req,
                       const struct ioserver_range *r, enum ioserver_outcome o)
{
    (void)data, (void)r;
    assert_int_equal(vcpu, -1);
    last = *req;
    outcome = o;
}

static void open_server(bool observed)
{
    struct ioserver_config config = { .domid = DOM,
                                      .observe = observed ? on_request : NULL };
    struct ioserver_range r = { .type = XEN_DMOP_IO_RANGE_MEMORY,
                                .start = 0xa0000, .end = 0xbffff,
                                .write = on_write, .buffered = on_buffered };

    nr_written = nr_plain = 0;
    during = NULL;
    s = ioserver_open(&config);
    assert_non_null(s);
    assert_int_equal(ioserver_claim(s, &r), 0);
}

/* As the hypervisor: the entry, then the pointer. */
static void put_entry(uint8_t type, uint32_t addr, unsigned int code,
                      uint32_t data)
{
    struct buffered_iopage *ring = ring_page();

    ring->buf_ioreq[ring->write_pointer % N] = (buf_ioreq_t){
        .type = type, .size = code & 3, .addr = addr & 0xfffff, .data = data };
    ring->write_pointer++;
}

static void write_long(uint64_t value)
{
    put_entry(IOREQ_TYPE_COPY, 0xa0008, 3, (uint32_t)value);
    put_entry(IOREQ_TYPE_COPY, 0xa0008, 3, (uint32_t)(value >> 32));
}

static void start_at(uint32_t at)
{
    ring_page()->read_pointer = ring_page()->write_pointer = at;
}

static void serve_ring(void)
{
    raise_event(RING_REMOTE);
    assert_int_equal(ioserver_wait(s, 0), 1);
    assert_int_equal(k.unmasked, RING_REMOTE + LOCAL);
    assert_int_equal(k.nr_notified, 0); /* no vcpu waits */
}

static void assert_empty(void)
{
    assert_int_equal(ring_page()->read_pointer, ring_page()->write_pointer);
}

static void test_sizes(void **state)
{
    (void)state;
    open_server(true);
    for ( unsigned int code = 0; code < 3; code++ )
        put_entry(IOREQ_TYPE_COPY, 0xa0000 + code, code, 0x11223344);
    write_long(0x1122334455667788);
    serve_ring();
    assert_int_equal(nr_written, 4);
    assert_int_equal(written[0], 0x44);
    assert_int_equal(written[1], 0x3344);
    assert_int_equal(written[2], 0x11223344);
    assert_int_equal(written[3], 0x1122334455667788);
    assert_true(last.addr == 0xa0008 && last.size == 8 && !last.dir);
    assert_int_equal(outcome, IOSERVER_SERVED);
    assert_empty();
}

/* From every position, also with two entries that are the last and the first. */
static void test_wraps(void **state)
{
    (void)state;
    open_server(false);
    for ( uint32_t at = 0; at < 2 * N; at++ )
    {
        start_at(at);
        nr_written = 0;
        write_long(0x100000000UL + at);
        put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, at);
        serve_ring();
        assert_int_equal(nr_written, 2);
        assert_int_equal(written[0], 0x100000000UL + at);
        assert_int_equal(written[1], at);
        assert_empty();
    }
}

static void test_full(void **state)
{
    (void)state;
    open_server(false);
    start_at(N - 1);
    for ( uint32_t i = 0; i < N; i++ )
        put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, i);
    serve_ring();
    assert_int_equal(nr_written, N);
    for ( uint32_t i = 0; i < N; i++ )
        assert_int_equal(written[i], i);
    assert_empty();
}

static void test_other_requests(void **state)
{
    (void)state;
    open_server(true);
    put_entry(IOREQ_TYPE_TIMEOFFSET, 0, 3, 0xfffffff0);
    put_entry(IOREQ_TYPE_TIMEOFFSET, 0, 3, 0xffffffff);
    serve_ring();
    assert_true(outcome == IOSERVER_NOTICE && last.data == ~0xfUL);
    put_entry(IOREQ_TYPE_PCI_CONFIG, 0, 2, 1);
    serve_ring();
    assert_int_equal(outcome, IOSERVER_REFUSED);
    put_entry(IOREQ_TYPE_INVALIDATE, 0, 2, 1);
    serve_ring();
    assert_int_equal(outcome, IOSERVER_REFUSED);
    put_entry(IOREQ_TYPE_COPY, 0x9ffff, 2, 1);
    serve_ring();
    assert_int_equal(outcome, IOSERVER_UNCLAIMED);
    put_entry(IOREQ_TYPE_PIO, 0xa0000, 2, 1); /* another kind of address */
    serve_ring();
    assert_int_equal(outcome, IOSERVER_UNCLAIMED);
    assert_int_equal(nr_written + nr_plain, 0);
    assert_empty();
}

static void test_without_a_function_of_its_own(void **state)
{
    struct ioserver_range r = { .type = XEN_DMOP_IO_RANGE_PORT, .start = 0x80,
                                .end = 0x80, .write = on_write };

    (void)state;
    open_server(false);
    assert_int_equal(ioserver_claim(s, &r), 0);
    put_entry(IOREQ_TYPE_PIO, 0x80, 0, 1);
    serve_ring();
    assert_int_equal(nr_plain, 1);
}

/* Pointers of no ring: nothing is served, and it is empty then. */
static void test_mad_pointers(void **state)
{
    static const uint32_t pairs[][2] = {
        { 0, N + 1 }, { 1, 0 }, { 0, ~0U }, { ~0U, N }, { 5, 0x80000000 } };

    (void)state;
    open_server(false);
    for ( unsigned int i = 0; i < 5; i++ )
    {
        ring_page()->read_pointer = pairs[i][0];
        ring_page()->write_pointer = pairs[i][1];
        serve_ring();
        assert_int_equal(nr_written, 0);
        assert_int_equal(ring_page()->write_pointer, pairs[i][1]);
        assert_empty();
    }
    put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, 7);
    serve_ring();
    assert_int_equal(nr_written, 1);
}

static void test_half_an_entry(void **state)
{
    (void)state;
    open_server(false);
    put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, 7);
    put_entry(IOREQ_TYPE_COPY, 0xa0000, 3, 8);
    serve_ring();
    assert_int_equal(nr_written, 1);
    assert_empty();
}

static void write_another(void)
{
    put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, nr_written);
}

/* A guest that writes as fast as it is served does not hold the server. */
static void test_endless_writer(void **state)
{
    (void)state;
    open_server(false);
    during = write_another;
    for ( uint32_t i = 0; i < 3; i++ )
        put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, i);
    serve_ring();
    assert_int_equal(nr_written, 3);
    serve_ring();
    assert_int_equal(nr_written, 6);
}

static void reduce(void)
{
    if ( nr_written != 2 )
        return;
    ring_page()->read_pointer -= N;
    ring_page()->write_pointer -= N;
}

/* The hypervisor reduces both pointers at a moment of its own. */
static void test_reduced_meanwhile(void **state)
{
    (void)state;
    open_server(false);
    start_at(N + 5);
    during = reduce;
    for ( uint32_t i = 0; i < 4; i++ )
        put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, i);
    serve_ring();
    assert_int_equal(nr_written, 4);
    for ( uint32_t i = 0; i < 4; i++ )
        assert_int_equal(written[i], i);
    assert_int_equal(ring_page()->read_pointer, 9);
    assert_empty();
}

/* What the guest wrote before its access is served before it. */
static void test_ring_before_slot(void **state)
{
    ioreq_t *slot;

    (void)state;
    open_server(false);
    slot = slot_of(1);
    *slot = (ioreq_t){ .type = IOREQ_TYPE_COPY, .addr = 0xa0000, .size = 4,
                       .count = 1, .dir = IOREQ_WRITE, .data = 9 };
    slot->state = STATE_IOREQ_READY;
    put_entry(IOREQ_TYPE_COPY, 0xa0000, 2, 8);
    raise_event(VCPU_REMOTE + 1);
    assert_int_equal(ioserver_wait(s, 0), 1);
    assert_true(nr_written == 1 && nr_plain == 1);
    assert_int_equal(slot->state, STATE_IORESP_READY);
    assert_empty();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, clear, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(sizes), TEST(wraps), TEST(full), TEST(other_requests),
        TEST(without_a_function_of_its_own), TEST(mad_pointers),
        TEST(half_an_entry), TEST(endless_writer), TEST(reduced_meanwhile),
        TEST(ring_before_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
