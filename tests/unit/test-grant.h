/* SPDX-License-Identifier: MIT */
/* What the grant table tests share: a guest's view of its own table. */
#ifndef TEST_GRANT_H
#define TEST_GRANT_H

#include "fixture.h"

#include <hv/grant.h>

#define SHARED XENMEM_resource_grant_table_id_shared
#define STATUS XENMEM_resource_grant_table_id_status
#define MAP_GFN 0x8000UL /* where mappers put what they map */
#define RAM_GFN 0x100UL  /* the granters' memory */

/* A frame of d's table, as the guest that mapped it would see it. */
static inline void *table_frame(struct domain *d, uint32_t id,
                                unsigned int frame)
{
    struct page *pg = NULL;
    void *va;

    assert_int_equal(grant_resource_get(d, id, frame, 1, &pg), 0);
    va = page_to_virt(pg);
    page_put(pg); /* the table holds it */
    return va;
}

static inline grant_entry_v1_t *entry_v1(struct domain *d, unsigned int ref)
{
    return (grant_entry_v1_t *)table_frame(d, SHARED, ref / 512) + ref % 512;
}

static inline grant_entry_v2_t *entry_v2(struct domain *d, unsigned int ref)
{
    return (grant_entry_v2_t *)table_frame(d, SHARED, ref / 256) + ref % 256;
}

static inline grant_status_t *status_v2(struct domain *d, unsigned int ref)
{
    return (grant_status_t *)table_frame(d, STATUS, ref / 2048) + ref % 2048;
}

static inline void offer_v1(struct domain *d, unsigned int ref,
                            const struct domain *to, uint64_t frame,
                            unsigned int flags)
{
    *entry_v1(d, ref) = (grant_entry_v1_t){
        .flags = (uint16_t)(GTF_permit_access | flags),
        .domid = to->domain_id,
        .frame = (uint32_t)frame,
    };
}

static inline void offer_v2(struct domain *d, unsigned int ref,
                            const struct domain *to, uint64_t frame,
                            unsigned int flags)
{
    grant_entry_v2_t *e = entry_v2(d, ref);

    memset(e, 0, sizeof(*e));
    e->full_page.frame = frame;
    e->hdr.domid = to->domain_id;
    e->hdr.flags = (uint16_t)(GTF_permit_access | flags);
}

/* Hypercalls of the current domain; each asserts that the call returned 0. */
static inline gnttab_map_grant_ref_t grant_map(struct domain *rd,
                                               unsigned int ref,
                                               uint64_t host_addr,
                                               unsigned int flags)
{
    gnttab_map_grant_ref_t op = { .host_addr = host_addr, .flags = flags,
                                  .ref = ref, .dom = rd->domain_id,
                                  .status = 77 };

    assert_int_equal(grant_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    return op;
}

static inline int grant_unmap(uint32_t handle, uint64_t host_addr,
                              uint64_t dev_bus_addr)
{
    gnttab_unmap_grant_ref_t op = { .host_addr = host_addr,
                                    .dev_bus_addr = dev_bus_addr,
                                    .handle = handle, .status = 77 };

    assert_int_equal(grant_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

/* Map at a fresh place and expect okay; returns the handle. */
static inline uint32_t grant_map_ok(struct domain *rd, unsigned int ref,
                                    uint64_t gfn, unsigned int flags)
{
    gnttab_map_grant_ref_t op = grant_map(rd, ref, gfn << PAGE_SHIFT,
                                          GNTMAP_host_map | flags);

    assert_int_equal(op.status, GNTST_okay);
    return op.handle;
}

static inline long set_version(struct domain *d, uint32_t version)
{
    struct vcpu *caller = current;
    gnttab_set_version_t op = { .version = version };
    long rc;

    fixture_be_dom(d);
    rc = grant_op(GNTTABOP_set_version, &op, 1);
    if ( !rc )
        assert_int_equal(op.version, version);
    fixture_be(caller);
    return rc;
}

/* A guest with memory at RAM_GFN, and one that will map it. */
struct pair {
    struct domain *granter, *mapper;
};

static inline struct pair make_pair(void)
{
    struct pair p = { fixture_guest(1), fixture_guest(1) };

    fixture_populate(p.granter, RAM_GFN, 8);
    fixture_populate(p.mapper, RAM_GFN, 8);
    fixture_be_dom(p.mapper);
    return p;
}

static inline uint32_t page_refs(struct domain *d, uint64_t gfn)
{
    return mfn_to_page(p2m_lookup(d, _gfn(gfn)).mfn)->refs;
}

#define with_fixture(f) \
    cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
