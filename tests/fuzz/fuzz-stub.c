/* SPDX-License-Identifier: MIT */
/*
 * Two domains with the rights of a device model over one guest make servers,
 * acquire their pages into their own memory and destroy them, in any order,
 * and make the guest do the impossible: what that costs the host has a limit,
 * which cost.c checks.
 */
#include "gen.h"

#include <hv/errno.h>
#include <hv/ioreq.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>

#define STUBS (1U << FUZZ_STUB | 1U << FUZZ_STUB2)
#define OWN_GFN 0x1000U  /* where a stub maps pages */
#define OWN_GFNS 0x1000U
#define NR_SERVERS 2U    /* mostly */
#define POOL_GFN (FUZZ_RAM_GFN + 8)
#define POOL_GFNS 4U

static const struct gen_mix mix[] = {
    { gen_dm_op, STUBS },        { gen_memory_op, STUBS },
    { gen_memory_op, STUBS },    { gen_hvm_op, STUBS },
    { gen_event_channel_op, STUBS | GUESTS }, { gen_grant_table_op, STUBS },
};

static unsigned int next_gfn;

static long call(struct input *in, enum fuzz_who who, unsigned int nr,
                 unsigned long a0, unsigned long a1, unsigned long a2)
{
    struct hypercall hc = { nr, { a0, a1, a2 } };
    long rc = fuzz_be(who, 0) ? fuzz_call(in, &hc, NULL) : -ESRCH;

    fuzz_look_for_dead();
    return rc;
}

static uint64_t in_arena(unsigned int slot, const void *data, size_t size)
{
    void *at = fuzz_arena + slot * FUZZ_SLOT;

    memcpy(at, data, size);
    return (uintptr_t)at;
}

static void dm(struct input *in, enum fuzz_who who, const struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { .size = sizeof(*op) };

    buf.h.p = (void *)(uintptr_t)in_arena(1, op, sizeof(*op));
    (void)call(in, who, __HYPERVISOR_dm_op, fuzz_dom[FUZZ_GUEST].id, 1,
               in_arena(0, &buf, sizeof(buf)));
}

/* Some operation on some server. */
static void server_op(struct input *in, enum fuzz_who who)
{
    struct xen_dm_op op = { .op = 0 };
    uint8_t id = in8(in) % NR_SERVERS; /* gen_dm_op() has others */

    switch ( in8(in) % 16 )
    {
    case 0 ... 2:
        op.op = XEN_DMOP_create_ioreq_server;
        op.u.create_ioreq_server.handle_bufioreq = in8(in) % 3;
        break;
    case 3: case 4:
        op.op = XEN_DMOP_destroy_ioreq_server;
        op.u.destroy_ioreq_server.id = id;
        break;
    case 5 ... 9:
        op.op = XEN_DMOP_set_ioreq_server_state;
        op.u.set_ioreq_server_state.id = id;
        op.u.set_ioreq_server_state.enabled = in8(in) & 1;
        break;
    case 10 ... 13:
        op.op = XEN_DMOP_get_ioreq_server_info;
        op.u.get_ioreq_server_info.id = id;
        break;
    default:
        op.op = in8(in) % 4 ? XEN_DMOP_map_io_range_to_ioreq_server
                            : XEN_DMOP_unmap_io_range_from_ioreq_server;
        op.u.map_io_range_to_ioreq_server.id = id;
        op.u.map_io_range_to_ioreq_server.type = in8(in) % NR_IO_RANGE_TYPES;
        op.u.map_io_range_to_ioreq_server.start = in_bytes(in, 2);
        op.u.map_io_range_to_ioreq_server.end =
            op.u.map_io_range_to_ioreq_server.start + in8(in) % 4;
        break;
    }
    dm(in, who, &op);
}

static void acquire(struct input *in, enum fuzz_who who)
{
    unsigned int b = in8(in);
    struct xen_mem_acquire_resource a = {
        .domid = fuzz_dom[FUZZ_GUEST].id,
        .type = XENMEM_resource_ioreq_server,
        .id = b % NR_SERVERS,
        .frame = b >> 3 & 1,
        .nr_frames = 1 + (b >> 4 & 1),
    };
    xen_pfn_t gfns[2];

    for ( unsigned int i = 0; i < ARRAY_SIZE(gfns); i++ )
        gfns[i] = OWN_GFN + next_gfn++ % OWN_GFNS;
    a.frame_list.p = (void *)(uintptr_t)in_arena(1, gfns, sizeof(gfns));
    (void)call(in, who, __HYPERVISOR_memory_op, XENMEM_acquire_resource,
               in_arena(0, &a, sizeof(a)), 0);
}

/* A page of its own that it mapped, or one of the guest's pool. */
static void give_back(struct input *in, enum fuzz_who who)
{
    unsigned int b = in8(in);
    struct xen_remove_from_physmap r = { .domid = DOMID_SELF };

    r.gpfn = OWN_GFN + (next_gfn - 1 - b) % OWN_GFNS;
    if ( b < 0x80 )
    {
        r.domid = fuzz_dom[FUZZ_GUEST].id;
        r.gpfn = POOL_GFN + b % POOL_GFNS;
    }
    (void)call(in, who, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
               in_arena(0, &r, sizeof(r)), 0);
}

static void set_param(uint32_t index, uint64_t value)
{
    struct xen_hvm_param p = { .domid = fuzz_dom[FUZZ_GUEST].id,
                               .index = index, .value = value };
    struct input none = { NULL, NULL };

    (void)call(&none, FUZZ_DOM0, __HYPERVISOR_hvm_op, HVMOP_set_param,
               in_arena(0, &p, sizeof(p)), 0);
}

/* The guest goes on, and has a pool again. */
static void toolstack(struct input *in)
{
    struct xen_memory_reservation r = {
        .domid = fuzz_dom[FUZZ_GUEST].id, .nr_extents = POOL_GFNS,
    };
    xen_pfn_t gfns[POOL_GFNS];

    for ( unsigned int i = 0; i < POOL_GFNS; i++ )
        gfns[i] = POOL_GFN + i;
    r.extent_start.p = (void *)(uintptr_t)in_arena(1, gfns, sizeof(gfns));
    (void)call(in, FUZZ_DOM0, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
               in_arena(0, &r, sizeof(r)), 0);
    if ( fuzz_dom[FUZZ_GUEST].d )
        domain_resume(fuzz_dom[FUZZ_GUEST].d);
}

static void one_operation(struct input *in)
{
    unsigned int b = in8(in);
    enum fuzz_who who = b & 1 ? FUZZ_STUB : FUZZ_STUB2;

    switch ( b )
    {
    case 0 ... 0x6f:
        server_op(in, who);
        break;
    case 0x70 ... 0x9f:
        acquire(in, who);
        break;
    case 0xa0 ... 0xc7:
        give_back(in, who);
        break;
    case 0xc8 ... 0xdf:
        gen_access(in);
        break;
    case 0xe0 ... 0xe3:
        toolstack(in);
        break;
    default:
        gen_call(in, mix, ARRAY_SIZE(mix));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    next_gfn = 0;
    fuzz_start(1U << FUZZ_DOM0 | 1U << FUZZ_GUEST | STUBS);
    set_param(HVM_PARAM_IOREQ_SERVER_PFN, POOL_GFN);
    set_param(HVM_PARAM_NR_IOREQ_SERVER_PAGES, POOL_GFNS);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
