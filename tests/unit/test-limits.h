/* SPDX-License-Identifier: MIT */
/* For test-limits.c: a guest and its device model use up all limits. */
#ifndef TESTS_TEST_LIMITS_H
#define TESTS_TEST_LIMITS_H

#include "heap-limit.h"
#include "test-grant.h"
#include "test-ioreq.h"

#define GRANT_REF 10
#define MAX_MAPPINGS 4096

/* A domain with the rights of a device model over d, and over nobody else. */
static inline struct domain *stubdom_for(struct domain *d)
{
    struct domain *s = fixture_guest(1);

    s->target_id = d->domain_id;
    return s;
}

static inline long acquire_into(struct domain *d, uint32_t id, uint64_t frame,
                                unsigned int nr, xen_pfn_t *gfns)
{
    struct xen_mem_acquire_resource a = {
        .domid = d->domain_id, .type = XENMEM_resource_ioreq_server,
        .id = id, .nr_frames = nr, .frame = frame,
    };

    a.frame_list.p = gfns;
    return memory_op(XENMEM_acquire_resource, &a);
}

static inline void set_pool(struct domain *d, uint64_t gfn, unsigned int nr)
{
    struct xen_hvm_param a = { .domid = d->domain_id,
                               .index = HVM_PARAM_IOREQ_SERVER_PFN,
                               .value = gfn };

    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0,
                           0), 0);
    a.index = HVM_PARAM_NR_IOREQ_SERVER_PAGES;
    a.value = nr;
    assert_int_equal(hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0,
                           0), 0);
}

/* All frames of version 2, as current. */
static inline void fill_grant_table(struct domain *d)
{
    unsigned int frames = d->grant->max_frames;

    assert_int_equal(set_version(d, 2), 0);
    assert_non_null(table_frame(d, SHARED, frames - 1));
    assert_non_null(table_frame(d, STATUS,
                                grant_to_status_frames(frames) - 1));
}

/* Every server with every range, no two of which join. */
static inline void fill_servers(struct domain *d, struct domain *s)
{
    fixture_be_dom(s);
    for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
    {
        assert_int_equal(create(d, OFF), id);
        for ( unsigned int i = 0; i <= MAX_IO_RANGES; i++ )
            for ( uint32_t type = 0; type < NR_IO_RANGE_TYPES; type++ )
            {
                uint64_t start = (i * MAX_IOREQ_SERVERS + id) * 4;
                long want = i < MAX_IO_RANGES ? 0 : -ENOMEM;

                assert_int_equal(map(d, id, type, start, start + 1), want);
            }
    }
    assert_int_equal(create(d, OFF), -ENOSPC);
}

static inline void empty_servers(struct domain *d, struct domain *s)
{
    fixture_be_dom(s);
    for ( unsigned int id = 0; id < MAX_IOREQ_SERVERS; id++ )
        assert_int_equal(destroy(d, id), 0);
}

/* Every port. */
static inline void fill_ports(struct domain *d)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
                                      .remote_dom = DOMID_SELF };

    fixture_be_dom(d);
    while ( evtchn_op(EVTCHNOP_alloc_unbound, &a) == 0 )
        ;
    assert_int_equal(evtchn_op(EVTCHNOP_alloc_unbound, &a), -ENOSPC);
}

/*
 * d maps a page of s until it gets no handle, by grants in each chunk of active
 * entries, then lets all go.
 */
static inline void fill_maptrack(struct domain *d, struct domain *s)
{
    static uint32_t handle[MAX_MAPPINGS];
    unsigned int chunks = s->grant->max_frames * V1_PER_FRAME /
                          ACTIVE_PER_CHUNK;
    unsigned int nr = 0;

    if ( !s->tot_pages )
        fixture_populate(s, RAM_GFN, 1);
    for ( unsigned int c = 0; c < chunks; c++ )
        offer_v1(s, GRANT_REF + c * ACTIVE_PER_CHUNK, d, RAM_GFN, 0);
    fixture_be_dom(d);
    for ( ;; nr++ )
    {
        uint64_t at = (MAP_GFN + nr) << PAGE_SHIFT;
        unsigned int ref = GRANT_REF + nr % chunks * ACTIVE_PER_CHUNK;
        gnttab_map_grant_ref_t op = grant_map(s, ref, at, GNTMAP_host_map);

        if ( op.status )
            break;
        assert_true(nr < MAX_MAPPINGS);
        handle[nr] = op.handle;
    }
    assert_int_equal(nr, d->grant->max_handles);
    while ( nr-- )
        assert_int_equal(grant_unmap(handle[nr], (MAP_GFN + nr) << PAGE_SHIFT,
                                     0), GNTST_okay);
}

#endif
