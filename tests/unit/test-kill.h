/* SPDX-License-Identifier: MIT */
/*
 * What the tests of dying domains share: a guest with a device model, memory,
 * grants, events and servers, and operations on this guest.  The tests ignore
 * the results of the operations, and check that no reference is lost or gained.
 */
#ifndef TESTS_TEST_KILL_H
#define TESTS_TEST_KILL_H

#include "test-domctl.h"
#include "test-grant.h"
#include "test-ioreq.h"

#include <xen/event_channel.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define NR_RAM 16
#define POOL (RAM_GFN + 8)   /* of GFNs for servers                           */
#define LARGE_GFN 0x4000UL   /* 512 frames in one entry                       */
#define FAR_GFN 0x1000000UL  /* no table is near it                           */
#define FOREIGN_GFN 0x5000UL /* where the holder has the victim's page        */
#define NR_LARGE 512

/* The guest, its device model, another guest, a control domain with a p2m. */
static struct domain *guest, *stub, *peer, *pvh;

#define IGNORE(call) ((void)!(call))

static inline void kill_set_param(uint32_t index, uint64_t value)
{
    struct xen_hvm_param a = { .domid = guest->domain_id, .index = index,
                               .value = value };

    IGNORE(hcall(__HYPERVISOR_hvm_op, HVMOP_set_param, P(&a), 0, 0, 0));
}

/* ---- memory ---- */

static inline void populate(domid_t domid, uint64_t gfn, unsigned int order)
{
    xen_pfn_t at = gfn;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = domid,
                                        .extent_order = order };

    r.extent_start.p = &at;
    IGNORE(memory_op(XENMEM_populate_physmap, &r));
}

static inline void decrease(domid_t domid, uint64_t gfn, unsigned int order)
{
    xen_pfn_t at = gfn;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = domid,
                                        .extent_order = order };

    r.extent_start.p = &at;
    IGNORE(memory_op(XENMEM_decrease_reservation, &r));
}

static inline long physmap(struct domain *d, unsigned int space, uint64_t idx,
                           uint64_t gpfn)
{
    struct xen_add_to_physmap a = { .domid = d->domain_id, .space = space,
                                    .idx = idx, .gpfn = gpfn };

    return memory_op(XENMEM_add_to_physmap, &a);
}

static inline long foreign_map(struct domain *into, struct domain *from,
                               uint64_t gfn, uint64_t at)
{
    xen_ulong_t idx = gfn;
    xen_pfn_t gpfn = at;
    int err = 0;
    struct xen_add_to_physmap_batch a = {
        .domid = into->domain_id, .space = XENMAPSPACE_gmfn_foreign,
        .size = 1, .u.foreign_domid = from->domain_id,
    };
    long rc;

    a.idxs.p = &idx;
    a.gpfns.p = &gpfn;
    a.errs.p = &err;
    rc = memory_op(XENMEM_add_to_physmap_batch, &a);
    return rc ? rc : err;
}

static inline long unmap_gfn(struct domain *d, uint64_t gfn)
{
    struct xen_remove_from_physmap r = { .domid = d->domain_id, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &r);
}

static inline long resize_pool(struct domain *d, unsigned int pages)
{
    struct xen_domctl op = domctl_make(XEN_DOMCTL_shadow_op, d->domain_id);

    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
    op.u.shadow_op.mb = pages / 256; /* in MiB of 256 pages */
    return domctl_call(&op);
}

static inline long mem_type(struct domain *d, uint64_t gfn, unsigned int type)
{
    struct xen_dm_op op = { .op = XEN_DMOP_set_mem_type };

    op.u.set_mem_type = (struct xen_dm_op_set_mem_type){
        .first_pfn = gfn, .nr = 1, .mem_type = (uint16_t)type };
    return dm(d, &op);
}

static inline long relocate(struct domain *d, uint64_t from, uint64_t to)
{
    struct xen_dm_op op = { .op = XEN_DMOP_relocate_memory };

    op.u.relocate_memory = (struct xen_dm_op_relocate_memory){
        .size = 1, .src_gfn = from, .dst_gfn = to };
    return dm(d, &op);
}

/* ---- the cast ---- */

/* A guest with 2 MiB in one entry, pages, servers of both kinds, grants. */
static inline void kill_cast(void)
{
    struct page *pg;
    uint64_t done = 0;

    guest = fixture_guest(3);
    stub = fixture_guest(1);
    peer = fixture_guest(1);
    pvh = fixture_pvh_dom0();
    stub->target_id = guest->domain_id;
    fixture_populate(guest, RAM_GFN, NR_RAM);
    fixture_populate(stub, RAM_GFN, NR_RAM);
    fixture_populate(peer, RAM_GFN, NR_RAM);
    pg = page_alloc(guest, 9, 0);
    assert_non_null(pg);
    assert_int_equal(p2m_map_range(guest, _gfn(LARGE_GFN), page_to_mfn(pg),
                                   NR_LARGE, P2M_RAM_RW, &done), 0);
    fixture_be_dom(dom0);
    kill_set_param(HVM_PARAM_IOREQ_SERVER_PFN, POOL);
    kill_set_param(HVM_PARAM_NR_IOREQ_SERVER_PAGES, 4);
    offer_v1(guest, 10, stub, RAM_GFN, 0);
    offer_v1(guest, 11, peer, RAM_GFN + 1, 0);
    offer_v1(guest, 12, guest, RAM_GFN + 2, 0);
    offer_v1(peer, 10, guest, RAM_GFN, 0);
    offer_v1(stub, 10, guest, RAM_GFN, 0);
    offer_v1(stub, 11, peer, RAM_GFN, 0);
}

#endif
