/* SPDX-License-Identifier: MIT */
/*
 * For the tests of requests to liboriel-ioreq: a server with a device that
 * remembers its accesses, and requests in slots.
 */
#ifndef TESTS_TEST_IOSERVER_DEVICE_H
#define TESTS_TEST_IOSERVER_DEVICE_H

#include "test-ioserver.h"

#define NR_ACCESSES 80U

static struct access {
    char kind; /* r, w, b */
    void *data;
    uint64_t offset, value;
    unsigned int size;
} accesses[NR_ACCESSES];
static unsigned int nr_accesses;
static uint64_t next_read;
static void (*during)(void); /* what happens while the device is served */

static void record(char kind, void *data, uint64_t offset, unsigned int size,
                   uint64_t value)
{
    assert_in_range(nr_accesses, 0, NR_ACCESSES - 1);
    accesses[nr_accesses++] = (struct access){ kind, data, offset, value, size };
    if ( during )
        during();
}

static uint64_t dev_read(void *data, uint64_t offset, unsigned int size)
{
    record('r', data, offset, size, 0);
    return next_read++;
}

static void dev_write(void *data, uint64_t offset, unsigned int size,
                      uint64_t value)
{
    record('w', data, offset, size, value);
}

static char who[3]; /* addresses that tell ranges apart */

static void claim(uint32_t type, uint64_t start, uint64_t end, void *data)
{
    struct ioserver_range r = { .type = type, .start = start, .end = end,
                                .name = "dev", .data = data,
                                .read = dev_read, .write = dev_write };

    assert_int_equal(ioserver_claim(s, &r), 0);
}

static struct { int vcpu; const char *name; enum ioserver_outcome outcome; } seen;

static void on_request(void *data, int vcpu, const ioreq_t *req,
                       const struct ioserver_range *r,
                       enum ioserver_outcome outcome)
{
    assert_true(data == &seen && req);
    seen.vcpu = vcpu;
    seen.name = r ? r->name : NULL;
    seen.outcome = outcome;
}

static void open_with(struct ioserver_config config)
{
    config.domid = DOM;
    config.data = &seen;
    nr_accesses = 0;
    next_read = 0x8877665544332211;
    during = NULL;
    s = ioserver_open(&config);
    assert_non_null(s);
    claim(XEN_DMOP_IO_RANGE_PORT, 0x500, 0x50f, &who[0]);
    claim(XEN_DMOP_IO_RANGE_MEMORY, 0xf1000000, 0xf1000fff, &who[1]);
    claim(XEN_DMOP_IO_RANGE_MEMORY, 0xf1001000, 0xf1001fff, &who[2]);
}

static void open_server(void)
{
    open_with((struct ioserver_config){ .observe = on_request });
}

static ioreq_t io(uint8_t type, uint64_t addr, uint32_t size, uint8_t dir,
                  uint64_t data)
{
    return (ioreq_t){ .type = type, .addr = addr, .size = size, .count = 1,
                      .dir = dir & 1, .data = data };
}

/* The request in a vcpu's slot, its event, the answer. */
static ioreq_t serve_on(unsigned int vcpu, ioreq_t req)
{
    ioreq_t *slot = slot_of(vcpu), answered;
    unsigned int before = k.nr_notified;

    req.vp_eport = VCPU_REMOTE + vcpu;
    req.state = STATE_IOREQ_READY;
    *slot = req;
    raise_event(VCPU_REMOTE + vcpu);
    assert_int_equal(ioserver_wait(s, 0), 1);
    assert_int_equal(k.unmasked, VCPU_REMOTE + LOCAL + vcpu);
    assert_int_equal(k.nr_notified, before + 1);
    assert_int_equal(k.notified[before % 16], VCPU_REMOTE + LOCAL + vcpu);
    answered = *slot;
    assert_int_equal(answered.state, STATE_IORESP_READY);
    req.state = answered.state;
    req.data = answered.data;
    assert_memory_equal(&req, &answered, sizeof(req)); /* nothing else changed */
    slot->state = STATE_IOREQ_NONE;
    return answered;
}

static void assert_access(unsigned int nr, char kind, void *data,
                          uint64_t offset, unsigned int size, uint64_t value)
{
    assert_in_range(nr, 0, nr_accesses - 1);
    assert_int_equal(accesses[nr].kind, kind);
    assert_ptr_equal(accesses[nr].data, data);
    assert_int_equal(accesses[nr].offset, offset);
    assert_int_equal(accesses[nr].size, size);
    assert_int_equal(accesses[nr].value, value);
}

static ioreq_t string(ioreq_t p, uint32_t count, bool down)
{
    p.count = count;
    p.data_is_ptr = 1;
    p.df = down;
    return p;
}

static void put_guest(uint64_t gpa, uint64_t value)
{
    for ( unsigned int i = 0; i < 8; i++, gpa++ )
    {
        unsigned int page = guest_page(gpa / PAGE);

        guest_pages[page][gpa % PAGE] = (uint8_t)(value >> 8 * i);
        guest_copy[page][gpa % PAGE] = (uint8_t)(value >> 8 * i);
    }
}

#endif
