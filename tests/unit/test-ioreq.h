/* SPDX-License-Identifier: MIT */
/*
 * For the tests of ioreq servers and dm_op: calls as a device model makes
 * them, accesses as a vcpu makes them, and the pages in between.
 */
#ifndef TESTS_TEST_IOREQ_H
#define TESTS_TEST_IOREQ_H

#include "fixture.h"

#include <hv/grant.h>
#include <hv/ioreq.h>

#include <xen/hvm/hvm_op.h>

#include "../../xen/common/ioreq-private.h"

#define OFF HVM_IOREQSRV_BUFIOREQ_OFF
#define LEGACY HVM_IOREQSRV_BUFIOREQ_LEGACY
#define ATOMIC HVM_IOREQSRV_BUFIOREQ_ATOMIC
#define PORT XEN_DMOP_IO_RANGE_PORT
#define MEMORY XEN_DMOP_IO_RANGE_MEMORY
#define PCI XEN_DMOP_IO_RANGE_PCI
#define ALL_ONES (~0UL)

/* dm_op of `current` with the whole structure as the only buffer. */
static inline long dm(struct domain *d, struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { .size = sizeof(*op) };

    buf.h.p = op;
    return hcall(__HYPERVISOR_dm_op, d->domain_id, 1, P(&buf), 0, 0);
}

/* The new server's id, or -errno. */
static inline long create(struct domain *d, unsigned int mode)
{
    struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };
    long rc;

    op.u.create_ioreq_server.handle_bufioreq = (uint8_t)mode;
    rc = dm(d, &op);
    return rc ? rc : op.u.create_ioreq_server.id;
}

static inline long destroy(struct domain *d, unsigned int id)
{
    struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };

    op.u.destroy_ioreq_server.id = (ioservid_t)id;
    return dm(d, &op);
}

static inline long set_state(struct domain *d, unsigned int id, bool enabled)
{
    struct xen_dm_op op = { .op = XEN_DMOP_set_ioreq_server_state };

    op.u.set_ioreq_server_state.id = (ioservid_t)id;
    op.u.set_ioreq_server_state.enabled = enabled;
    return dm(d, &op);
}

static inline long range_op(struct domain *d, unsigned int nr, unsigned int id,
                            uint32_t type, uint64_t start, uint64_t end)
{
    struct xen_dm_op op = { .op = nr };

    op.u.map_io_range_to_ioreq_server =
        (struct xen_dm_op_ioreq_server_range){ .id = (ioservid_t)id,
                                               .type = type,
                                               .start = start,
                                               .end = end };
    return dm(d, &op);
}

static inline long map(struct domain *d, unsigned int id, uint32_t type,
                       uint64_t start, uint64_t end)
{
    return range_op(d, XEN_DMOP_map_io_range_to_ioreq_server, id, type, start,
                    end);
}

static inline long unmap(struct domain *d, unsigned int id, uint32_t type,
                         uint64_t start, uint64_t end)
{
    return range_op(d, XEN_DMOP_unmap_io_range_from_ioreq_server, id, type,
                    start, end);
}

static inline long get_info(struct domain *d, unsigned int id, uint16_t flags,
                            struct xen_dm_op_get_ioreq_server_info *info)
{
    struct xen_dm_op op = { .op = XEN_DMOP_get_ioreq_server_info };
    long rc;

    op.u.get_ioreq_server_info = *info;
    op.u.get_ioreq_server_info.id = (ioservid_t)id;
    op.u.get_ioreq_server_info.flags = flags;
    rc = dm(d, &op);
    *info = op.u.get_ioreq_server_info;
    return rc;
}

/* Frame `frame` of the server as a device model has it mapped. */
static inline struct page *acquire(struct domain *d, unsigned int id,
                                   uint64_t frame)
{
    struct page *pg = NULL;

    assert_int_equal(ioreq_resource_get(d, id, frame, 1, &pg), 0);
    return pg;
}

/* The same, only to look: the server's own reference keeps it. */
static inline void *frame_virt(struct domain *d, unsigned int id,
                               uint64_t frame)
{
    struct page *pg = acquire(d, id, frame);
    void *p = page_to_virt(pg);

    page_put(pg);
    return p;
}

static inline ioreq_t *slot_of(struct domain *d, unsigned int id,
                               unsigned int vcpu)
{
    ioreq_t *slots = frame_virt(d, id, 1 + vcpu / IOREQS_PER_PAGE);

    return &slots[vcpu % IOREQS_PER_PAGE];
}

/* An enabled server with pages that claims a range of ports; its id. */
static inline unsigned int serve(struct domain *d, unsigned int mode,
                                 uint32_t type, uint64_t start, uint64_t end)
{
    long id = create(d, mode);

    assert_in_range(id, 0, MAX_IOREQ_SERVERS - 1);
    assert_int_equal(map(d, (unsigned int)id, type, start, end), 0);
    (void)slot_of(d, (unsigned int)id, 0);
    assert_int_equal(set_state(d, (unsigned int)id, true), 0);
    return (unsigned int)id;
}

static inline ioreq_t access_to(uint8_t type, uint64_t addr, uint32_t size,
                                uint8_t dir, uint64_t data)
{
    return (ioreq_t){ .type = type, .addr = addr, .size = size, .count = 1,
                      .dir = dir & 1, .data = data };
}

static inline ioreq_t in(uint64_t port, uint32_t size)
{
    return access_to(IOREQ_TYPE_PIO, port, size, IOREQ_READ, 0);
}

static inline ioreq_t out(uint64_t port, uint32_t size, uint64_t data)
{
    return access_to(IOREQ_TYPE_PIO, port, size, IOREQ_WRITE, data);
}

static inline ioreq_t load(uint64_t addr, uint32_t size)
{
    return access_to(IOREQ_TYPE_COPY, addr, size, IOREQ_READ, 0);
}

static inline ioreq_t store(uint64_t addr, uint32_t size, uint64_t data)
{
    return access_to(IOREQ_TYPE_COPY, addr, size, IOREQ_WRITE, data);
}

/* The device model's part: take the request and answer it. */
static inline void answer(ioreq_t *slot, uint64_t data)
{
    assert_int_equal(slot->state, STATE_IOREQ_READY);
    slot->state = STATE_IOREQ_INPROCESS;
    slot->data = data;
    slot->state = STATE_IORESP_READY;
}

/* The id of the server that gets p of vcpu 0, -1: nobody.  It is answered. */
static inline int who_gets(struct domain *d, ioreq_t p)
{
    struct vcpu *v = domain_vcpu(d, 0);
    enum io_result r = ioreq_send(v, &p);
    int id = -1;

    if ( r == IO_UNHANDLED )
        return -1;
    assert_int_equal(r, IO_PENDING);
    for ( int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        if ( v->io.pending >> i & 1 )
        {
            assert_int_equal(id, -1);
            id = i;
        }
    answer(slot_of(d, (unsigned int)id, 0), 0);
    assert_int_equal(ioreq_resume(v, &p), IO_DONE);
    return id;
}

/* A fixed sequence of numbers that look random. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
