/* SPDX-License-Identifier: MIT */
/* dm_op and hvm_op from input bytes: see gen.h. */
#include "gen.h"

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>

/* Offsets are those of the union, not of struct xen_dm_op. */
#define DM(op, type, ...) { XEN_DMOP_##op, sizeof(struct xen_dm_op_##type), \
    { __VA_ARGS__ } }
#define A(type, name, k) F(struct xen_dm_op_##type, name, k)

static const struct shape dm_shapes[] = {
    DM(create_ioreq_server, create_ioreq_server,
       A(create_ioreq_server, handle_bufioreq, SMALL)),
    DM(get_ioreq_server_info, get_ioreq_server_info,
       A(get_ioreq_server_info, id, SERVER),
       A(get_ioreq_server_info, flags, SMALL)),
    DM(map_io_range_to_ioreq_server, ioreq_server_range,
       A(ioreq_server_range, id, SERVER), A(ioreq_server_range, type, SMALL),
       A(ioreq_server_range, start, IO), A(ioreq_server_range, end, IO)),
    DM(map_io_range_to_ioreq_server, ioreq_server_range,
       A(ioreq_server_range, id, SERVER), A(ioreq_server_range, type, SMALL),
       A(ioreq_server_range, end, RAW)),
    DM(unmap_io_range_from_ioreq_server, ioreq_server_range,
       A(ioreq_server_range, id, SERVER), A(ioreq_server_range, type, SMALL),
       A(ioreq_server_range, start, IO), A(ioreq_server_range, end, IO)),
    DM(set_ioreq_server_state, set_ioreq_server_state,
       A(set_ioreq_server_state, id, SERVER),
       A(set_ioreq_server_state, enabled, SMALL)),
    DM(set_ioreq_server_state, set_ioreq_server_state,
       A(set_ioreq_server_state, id, SERVER),
       A(set_ioreq_server_state, enabled, SMALL)),
    DM(destroy_ioreq_server, destroy_ioreq_server,
       A(destroy_ioreq_server, id, SERVER)),
    DM(track_dirty_vram, track_dirty_vram, A(track_dirty_vram, nr, NUM),
       A(track_dirty_vram, first_pfn, GFN)),
    DM(set_pci_intx_level, set_pci_intx_level,
       A(set_pci_intx_level, device, NUM), A(set_pci_intx_level, intx, SMALL),
       A(set_pci_intx_level, level, SMALL)),
    DM(set_isa_irq_level, set_isa_irq_level, A(set_isa_irq_level, isa_irq, NUM),
       A(set_isa_irq_level, level, SMALL)),
    DM(set_pci_link_route, set_pci_link_route,
       A(set_pci_link_route, link, SMALL),
       A(set_pci_link_route, isa_irq, NUM)),
    DM(modified_memory, modified_memory, A(modified_memory, nr_extents, NUM),
       A(modified_memory, opaque, ZERO)),
    DM(set_mem_type, set_mem_type, A(set_mem_type, nr, NUM),
       A(set_mem_type, mem_type, TYPE), A(set_mem_type, first_pfn, GFN)),
    DM(set_mem_type, set_mem_type, A(set_mem_type, nr, SMALL),
       A(set_mem_type, mem_type, TYPE), A(set_mem_type, first_pfn, GFN)),
    DM(inject_event, inject_event, A(inject_event, vcpuid, VCPU),
       A(inject_event, vector, RAW), A(inject_event, type, SMALL)),
    DM(inject_msi, inject_msi, A(inject_msi, data, RAW),
       A(inject_msi, addr, IO)),
    DM(map_mem_type_to_ioreq_server, map_mem_type_to_ioreq_server,
       A(map_mem_type_to_ioreq_server, id, SERVER),
       A(map_mem_type_to_ioreq_server, type, TYPE),
       A(map_mem_type_to_ioreq_server, flags, SMALL),
       A(map_mem_type_to_ioreq_server, opaque, ZERO)),
    DM(remote_shutdown, remote_shutdown, A(remote_shutdown, reason, SMALL)),
    DM(relocate_memory, relocate_memory, A(relocate_memory, size, SMALL),
       A(relocate_memory, src_gfn, GFN), A(relocate_memory, dst_gfn, GFN)),
    DM(pin_memory_cacheattr, pin_memory_cacheattr,
       A(pin_memory_cacheattr, start, GFN), A(pin_memory_cacheattr, end, GFN),
       A(pin_memory_cacheattr, type, SMALL)),
    DM(nr_vcpus, nr_vcpus, A(nr_vcpus, vcpus, ZERO)),
};

/* Most ranges are short and the right way round. */
static void mend_range(struct input *in, struct xen_dm_op *op)
{
    struct xen_dm_op_ioreq_server_range *a =
        &op->u.map_io_range_to_ioreq_server;

    if ( (op->op == XEN_DMOP_map_io_range_to_ioreq_server ||
          op->op == XEN_DMOP_unmap_io_range_from_ioreq_server) &&
         a->start > a->end )
        a->end = a->start + in_below(in, 64);
}

static void make_buffers(struct input *in, unsigned int bytes)
{
    struct xen_dm_op_buf buf[2] = { { .size = bytes }, { .size = FUZZ_SLOT } };
    unsigned int b = in8(in);

    buf[0].h.p = fuzz_arena + FUZZ_SLOT;
    buf[1].h.p = (void *)(uintptr_t)gen_pointer(in);
    if ( b >= 0xe8 )
        buf[0].size = in_below(in, 64);
    else if ( b >= 0xe0 )
        buf[0].h.p = (void *)(uintptr_t)gen_pointer(in);
    if ( b % 4 == 3 )
        buf[1].size = gen_value(in, NUM, 8);
    memcpy(fuzz_arena, buf, sizeof(buf));
}

void gen_dm_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, dm_shapes, ARRAY_SIZE(dm_shapes));
    struct xen_dm_op op = { .op = s->cmd };
    unsigned int b = in8(in);

    if ( b >= 0xf8 )
        op.op = in8(in);
    op.pad = (uint32_t)gen_value(in, ZERO, 4);
    gen_struct(in, s, (uint8_t *)&op.u);
    mend_range(in, &op);
    memcpy(fuzz_arena + FUZZ_SLOT, &op, sizeof(op));
    make_buffers(in, b & 1 ? sizeof(op)
                           : offsetof(struct xen_dm_op, u) + s->size);

    hc->nr = __HYPERVISOR_dm_op;
    hc->a[0] = b < 0xc0 ? fuzz_dom[FUZZ_GUEST].id : gen_value(in, DOM, 2);
    hc->a[1] = b < 0xe8 ? 1 + b / 2 % 2 : in_bytes(in, 4);
    hc->a[2] = b < 0xf0 ? (uintptr_t)fuzz_arena : gen_pointer(in);
}

static const struct shape hvm_shapes[] = {
#define PARAM(c, k) { c, sizeof(struct xen_hvm_param), {                     \
        F(struct xen_hvm_param, domid, DOM),                                 \
        F(struct xen_hvm_param, index, NUM),                                 \
        F(struct xen_hvm_param, value, k) } }
    PARAM(HVMOP_set_param, GFN), PARAM(HVMOP_set_param, GFN),
    PARAM(HVMOP_set_param, SMALL), PARAM(HVMOP_get_param, RAW),
    { HVMOP_set_evtchn_upcall_vector,
      sizeof(struct xen_hvm_evtchn_upcall_vector), {
        F(struct xen_hvm_evtchn_upcall_vector, vcpu, VCPU),
        F(struct xen_hvm_evtchn_upcall_vector, vector, RAW) } },
    { HVMOP_get_mem_type, sizeof(struct xen_hvm_get_mem_type), {
        F(struct xen_hvm_get_mem_type, domid, DOM),
        F(struct xen_hvm_get_mem_type, pfn, GFN) } },
    { HVMOP_get_time, sizeof(struct xen_hvm_get_time), { { 0 } } },
    { HVMOP_pagetable_dying, sizeof(struct xen_hvm_pagetable_dying), {
        F(struct xen_hvm_pagetable_dying, domid, DOM) } },
};

void gen_hvm_op(struct input *in, struct hypercall *hc)
{
    /* The pages that get_ioreq_server_info hands out come from here. */
    static const uint32_t gfn_params[] = {
        HVM_PARAM_IOREQ_PFN, HVM_PARAM_BUFIOREQ_PFN,
        HVM_PARAM_IOREQ_SERVER_PFN, HVM_PARAM_NR_IOREQ_SERVER_PAGES,
    };
    const struct shape *s = gen_pick(in, hvm_shapes, ARRAY_SIZE(hvm_shapes));
    struct xen_hvm_param *p = (void *)fuzz_arena;

    gen_struct(in, s, fuzz_arena);
    if ( s->cmd == HVMOP_set_param && in_rarely(in, 2) )
        p->index = gfn_params[in_below(in, ARRAY_SIZE(gfn_params))];
    hc->nr = __HYPERVISOR_hvm_op;
    hc->a[0] = in_rarely(in, 64) ? in8(in) : s->cmd;
    hc->a[1] = in_rarely(in, 64) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}
