/* SPDX-License-Identifier: MIT */
/* What the tests of acquire_resource share: the call, and a server to map. */
#ifndef TEST_ACQUIRE_H
#define TEST_ACQUIRE_H

#include "fixture.h"

#include <hv/grant.h>
#include <hv/ioreq.h>
#include <hv/memory.h>

#define IOREQ XENMEM_resource_ioreq_server
#define GRANT XENMEM_resource_grant_table
#define MAP_GFN 0x40000UL

static xen_pfn_t list[1 << 16]; /* gfns in, or mfns out */

static inline struct xen_mem_acquire_resource request(const struct domain *d,
                                                      uint16_t type,
                                                      uint32_t id,
                                                      uint64_t frame,
                                                      uint32_t nr)
{
    struct xen_mem_acquire_resource r = {
        .domid = d->domain_id,
        .type = type,
        .id = id,
        .frame = frame,
        .nr_frames = nr,
    };

    r.frame_list.p = list;
    return r;
}

/* Of d's resource, to gfns from MAP_GFN on when the caller is translated. */
static inline long acquire(const struct domain *d, uint16_t type, uint32_t id,
                           uint64_t frame, uint32_t nr)
{
    struct xen_mem_acquire_resource r = request(d, type, id, frame, nr);

    for ( unsigned int i = 0; i < nr && i < ARRAY_SIZE(list); i++ )
        list[i] = MAP_GFN + i;
    return memory_op(XENMEM_acquire_resource, &r);
}

/* The size query: frames, or -errno. */
static inline long size_of(const struct domain *d, uint16_t type, uint32_t id)
{
    struct xen_mem_acquire_resource r = request(d, type, id, 0, 0);
    long rc;

    r.frame_list.p = NULL;
    rc = memory_op(XENMEM_acquire_resource, &r);
    return rc ? rc : (long)r.nr_frames;
}

/* The frame that d's resource has at this place; held by the resource. */
static inline mfn_t frame_of(struct domain *d, uint16_t type, uint32_t id,
                             uint64_t frame)
{
    struct page *pg = NULL;

    assert_int_equal(type == IOREQ ? ioreq_resource_get(d, id, frame, 1, &pg)
                                   : grant_resource_get(d, id, frame, 1, &pg),
                     0);
    page_put(pg);
    return page_to_mfn(pg);
}

/* A server of current's for d. */
static inline ioservid_t new_server(struct domain *d, uint8_t bufioreq)
{
    ioservid_t id = 0xffff;

    assert_int_equal(ioreq_server_create(d, bufioreq, &id), 0);
    return id;
}

static inline unsigned int nr_mapped(struct domain *d, unsigned int nr)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < nr; i++ )
        n += p2m_lookup(d, _gfn(MAP_GFN + i)).type != P2M_NONE;
    return n;
}

/* Of current. */
static inline long unmap(uint64_t gfn)
{
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
