/* SPDX-License-Identifier: MIT */
/* liboriel-ioreq: slots, and requests of each kind. */
#include "test-ioserver-device.h"

static void test_plain_accesses(void **state)
{
    (void)state;
    open_server();
    for ( unsigned int size = 1; size <= 8; size *= 2 )
    {
        uint64_t mask = size == 8 ? ~0UL : (1UL << 8 * size) - 1;
        ioreq_t a;

        next_read = 0x8877665544332211;
        nr_accesses = 0;
        a = serve_on(1, io(IOREQ_TYPE_PIO, 0x504, size, IOREQ_READ, ~0UL));
        assert_int_equal(a.data, 0x8877665544332211 & mask);
        serve_on(0, io(IOREQ_TYPE_COPY, 0xf1000010, size, IOREQ_WRITE,
                       0x1122334455667788));
        assert_access(0, 'r', &who[0], 4, size, 0);
        assert_access(1, 'w', &who[1], 0x10, size, 0x1122334455667788 & mask);
        assert_int_equal(nr_accesses, 2);
    }
    assert_true(seen.outcome == IOSERVER_SERVED && seen.vcpu == 0);
    assert_string_equal(seen.name, "dev");
}

/* By nobody, or by a range without functions. */
static void test_unclaimed(void **state)
{
    struct ioserver_range silent = { .start = 0x80, .end = 0x80 }; /* a port */

    (void)state;
    open_server();
    assert_int_equal(ioserver_claim(s, &silent), 0);
    assert_int_equal(serve_on(0, io(IOREQ_TYPE_PIO, 0x80, 1, IOREQ_READ, 5)).data,
                     0xff);
    serve_on(0, io(IOREQ_TYPE_PIO, 0x80, 1, IOREQ_WRITE, 5));
    assert_int_equal(serve_on(0, io(IOREQ_TYPE_PIO, 0x510, 2, IOREQ_READ, 5)).data,
                     0xffff);
    assert_int_equal(serve_on(0, io(IOREQ_TYPE_PIO, 0x4ff, 8, IOREQ_READ, 5)).data,
                     ~0UL);
    assert_true(seen.outcome == IOSERVER_UNCLAIMED && !seen.name);
    serve_on(0, io(IOREQ_TYPE_COPY, 0x500, 4, IOREQ_WRITE, 5));
    serve_on(0, io(IOREQ_TYPE_PCI_CONFIG, 0x500UL << 32, 4, IOREQ_WRITE, 5));
    assert_int_equal(nr_accesses, 0);
}

static void test_pci(void **state)
{
    (void)state;
    open_server();
    claim(XEN_DMOP_IO_RANGE_PCI, 0x1f2, 0x1f2, &who[2]);
    serve_on(0, io(IOREQ_TYPE_PCI_CONFIG, 0x1f2UL << 32 | 0x3c, 2, IOREQ_READ, 0));
    assert_access(0, 'r', &who[2], 0x3c, 2, 0);
    serve_on(0, io(IOREQ_TYPE_PCI_CONFIG, 0x1f3UL << 32 | 0x3c, 2, IOREQ_READ, 0));
    assert_int_equal(nr_accesses, 1);
}

/* ---- strings ---- */

static uint64_t get_guest(uint64_t gpa)
{
    uint64_t value;

    memcpy(&value, &guest_pages[guest_page(gpa / PAGE)][gpa % PAGE], 8);
    return value;
}

/* Ports stay, memory goes: up and down, over the end of a range. */
static void test_strings(void **state)
{
    (void)state;
    open_server();
    put_guest(0x100, 0x0807060504030201);
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x502, 2, IOREQ_WRITE, 0x100), 3, false));
    assert_access(0, 'w', &who[0], 2, 2, 0x0201);
    assert_access(2, 'w', &who[0], 2, 2, 0x0605);
    assert_int_equal(nr_accesses, 3);

    nr_accesses = 0;
    serve_on(0, string(io(IOREQ_TYPE_COPY, 0xf1001000, 4, IOREQ_WRITE, 0x104), 2,
                       true));
    assert_access(0, 'w', &who[2], 0, 4, 0x08070605);
    assert_access(1, 'w', &who[1], 0xffc, 4, 0x04030201);

    nr_accesses = 0;
    next_read = 0xa0;
    serve_on(0, string(io(IOREQ_TYPE_COPY, 0xf1000ffc, 4, IOREQ_READ, 0x200), 3,
                       false));
    assert_access(0, 'r', &who[1], 0xffc, 4, 0);
    assert_access(2, 'r', &who[2], 4, 4, 0);
    assert_int_equal(get_guest(0x200), 0x000000a1000000a0);
    assert_int_equal(get_guest(0x208), 0xa2);
}

/* An element over two pages; then over the end of memory: it ends there. */
static void test_strings_at_pages(void **state)
{
    (void)state;
    open_server();
    put_guest(PAGE - 3, 0x1122334455667788);
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 8, IOREQ_WRITE, PAGE - 3), 1,
                       false));
    assert_access(0, 'w', &who[0], 0, 8, 0x1122334455667788);
    nr_accesses = 0;
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE,
                          2 * PAGE - 8), 9, false));
    assert_int_equal(nr_accesses, 2);
    nr_accesses = 0;
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_READ, ~0UL - 1), 9,
                       false));
    assert_int_equal(nr_accesses, 1);
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_READ, 0), 0, false));
    assert_int_equal(nr_accesses, 1);
}

static void test_same_value_again(void **state)
{
    ioreq_t p = io(IOREQ_TYPE_COPY, 0xf1000000, 2, IOREQ_WRITE, 0x1234);

    (void)state;
    open_server();
    p.count = 3;
    serve_on(0, p);
    assert_access(2, 'w', &who[1], 4, 2, 0x1234);
    assert_int_equal(nr_accesses, 3);
}

/* Of a type's last range, which was found before: nobody has the address now. */
static void test_released(void **state)
{
    const struct ioserver_range r = { .type = XEN_DMOP_IO_RANGE_PORT,
                                      .start = 0x500, .end = 0x50f };

    (void)state;
    open_server();
    serve_on(0, io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 1));
    assert_int_equal(nr_accesses, 1);
    assert_int_equal(ioserver_release(s, &r), 0);
    serve_on(0, io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 1));
    assert_int_equal(seen.outcome, IOSERVER_UNCLAIMED);
    assert_int_equal(nr_accesses, 1);
}

static void test_invalidation(void **state)
{
    ioreq_t p = io(IOREQ_TYPE_INVALIDATE, 0, 4, IOREQ_WRITE, ~0UL);

    (void)state;
    open_server();
    put_guest(0x10, 0x11), put_guest(0x10010, 0x22);
    for ( unsigned int i = 0; i < 3; i++ ) /* the second and third map nothing */
        serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 0x10), 2,
                           false));
    assert_int_equal(k.guest_pages_mapped, 1);
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_READ, 0x10), 2, false));
    assert_int_equal(k.guest_pages_mapped, 1); /* again, to write there */
    assert_int_equal(get_guest(0x10) & ~0UL >> 32, 0x44332211);
    nr_accesses = 0; /* a frame whose mapping takes the place of the other's */
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 0x10010), 1,
                       false));
    assert_access(0, 'w', &who[0], 0, 4, 0x22);
    serve_on(0, p);
    assert_int_equal(k.guest_pages_mapped, 0);
    assert_int_equal(seen.outcome, IOSERVER_NOTICE);
}

static bool fake_memory(void *data, uint64_t gpa, void *buf, size_t len,
                        bool write)
{
    assert_true(data == &seen && len == 4);
    if ( !write )
        memset(buf, (int)gpa, len);
    return gpa < 3;
}

static void test_memory_of_the_program(void **state)
{
    (void)state;
    open_with((struct ioserver_config){ .memory = fake_memory });
    serve_on(0, string(io(IOREQ_TYPE_PIO, 0x500, 4, IOREQ_WRITE, 2), 5, false));
    assert_int_equal(nr_accesses, 1);
    assert_access(0, 'w', &who[0], 0, 4, 0x02020202);
    assert_int_equal(k.guest_pages_mapped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, clear, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(plain_accesses), TEST(unclaimed), TEST(pci),
        TEST(strings), TEST(strings_at_pages), TEST(same_value_again),
        TEST(released), TEST(invalidation), TEST(memory_of_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
