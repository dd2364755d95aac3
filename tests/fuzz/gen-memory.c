/* SPDX-License-Identifier: MIT */
/* memory_op and grant_table_op from input bytes: see gen.h. */
#include "gen.h"

#include <xen/grant_table.h>
#include <xen/memory.h>

#define R(c) { c, sizeof(struct xen_memory_reservation), {                   \
    F(struct xen_memory_reservation, extent_start, GFNS),                    \
    F(struct xen_memory_reservation, nr_extents, NUM),                       \
    F(struct xen_memory_reservation, extent_order, ORDER),                   \
    F(struct xen_memory_reservation, mem_flags, ZERO),                       \
    F(struct xen_memory_reservation, domid, DOM) } }
/* Populate on demand, and other flags. */
#define POD(k) { XENMEM_populate_physmap,                                    \
    sizeof(struct xen_memory_reservation), {                                 \
    F(struct xen_memory_reservation, extent_start, GFNS),                    \
    F(struct xen_memory_reservation, nr_extents, NUM),                       \
    F(struct xen_memory_reservation, extent_order, ORDER),                   \
    { offsetof(struct xen_memory_reservation, mem_flags) + 2, 1, k },        \
    F(struct xen_memory_reservation, domid, DOM) } }
#define T(c) { c, sizeof(struct xen_pod_target), {                           \
    F(struct xen_pod_target, target_pages, NUM),                             \
    F(struct xen_pod_target, domid, DOM) } }
#define D(c) { c, sizeof(struct xen_memory_domain), {                        \
    F(struct xen_memory_domain, domid, DOM) } }

static const struct shape memory_shapes[] = {
    R(XENMEM_populate_physmap), R(XENMEM_populate_physmap),
    R(XENMEM_decrease_reservation), R(XENMEM_increase_reservation),
    R(XENMEM_claim_pages), POD(ODD), POD(ODD), T(XENMEM_set_pod_target),
    T(XENMEM_set_pod_target), T(XENMEM_get_pod_target),
    D(XENMEM_current_reservation), D(XENMEM_maximum_reservation),
    D(XENMEM_maximum_gpfn),
#define ADD { XENMEM_add_to_physmap, sizeof(struct xen_add_to_physmap), {    \
        F(struct xen_add_to_physmap, domid, DOM),                            \
        F(struct xen_add_to_physmap, size, NUM),                             \
        F(struct xen_add_to_physmap, space, SMALL),                          \
        F(struct xen_add_to_physmap, idx, IDX),                              \
        F(struct xen_add_to_physmap, gpfn, GFN) } }
    ADD, ADD,
    { XENMEM_add_to_physmap, sizeof(struct xen_add_to_physmap), {
        F(struct xen_add_to_physmap, domid, DOM),
        F(struct xen_add_to_physmap, size, NUM),
        F(struct xen_add_to_physmap, space, SMALL),
        F(struct xen_add_to_physmap, idx, GFN),
        F(struct xen_add_to_physmap, gpfn, GFN) } },
#define BATCH { XENMEM_add_to_physmap_batch,                                 \
      sizeof(struct xen_add_to_physmap_batch), {                             \
        F(struct xen_add_to_physmap_batch, domid, DOM),                      \
        F(struct xen_add_to_physmap_batch, space, SMALL),                    \
        F(struct xen_add_to_physmap_batch, size, NUM),                       \
        F(struct xen_add_to_physmap_batch, u.foreign_domid, DOM),            \
        F(struct xen_add_to_physmap_batch, idxs, GFNS),                      \
        F(struct xen_add_to_physmap_batch, gpfns, GFNS),                     \
        F(struct xen_add_to_physmap_batch, errs, PTR) } }
    BATCH, BATCH,
    { XENMEM_remove_from_physmap, sizeof(struct xen_remove_from_physmap), {
        F(struct xen_remove_from_physmap, domid, DOM),
        F(struct xen_remove_from_physmap, gpfn, GFN) } },
#define ACQUIRE { XENMEM_acquire_resource,                                   \
      sizeof(struct xen_mem_acquire_resource), {                             \
        F(struct xen_mem_acquire_resource, domid, DOM),                      \
        F(struct xen_mem_acquire_resource, type, SMALL),                     \
        F(struct xen_mem_acquire_resource, id, SMALL),                       \
        F(struct xen_mem_acquire_resource, nr_frames, NUM),                  \
        F(struct xen_mem_acquire_resource, pad, ZERO),                       \
        F(struct xen_mem_acquire_resource, frame, SMALL),                    \
        F(struct xen_mem_acquire_resource, frame_list, GFNS) } }
    ACQUIRE, ACQUIRE, ACQUIRE,
    { XENMEM_memory_map, sizeof(struct xen_memory_map), {
        F(struct xen_memory_map, nr_entries, NUM),
        F(struct xen_memory_map, buffer, PTR) } },
    { XENMEM_machine_memory_map, sizeof(struct xen_memory_map), {
        F(struct xen_memory_map, nr_entries, NUM),
        F(struct xen_memory_map, buffer, PTR) } },
    { XENMEM_set_memory_map, sizeof(struct xen_foreign_memory_map), {
        F(struct xen_foreign_memory_map, domid, DOM),
        F(struct xen_foreign_memory_map, map.nr_entries, NUM),
        F(struct xen_foreign_memory_map, map.buffer, PTR) } },
    { XENMEM_maximum_ram_page, 0, { { 0 } } },
};

void gen_memory_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, memory_shapes,
                                     ARRAY_SIZE(memory_shapes));
    uint64_t start = gen_value(in, ZERO, 8);

    gen_struct(in, s, fuzz_arena);
    hc->nr = __HYPERVISOR_memory_op;
    hc->a[0] = (in_rarely(in, 64) ? in8(in) : s->cmd) | start << 6;
    hc->a[1] = in_rarely(in, 32) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
}

/* ---- grants ---- */

static const struct shape grant_shapes[] = {
#define MAP(addr) { GNTTABOP_map_grant_ref, sizeof(gnttab_map_grant_ref_t), { \
        F(gnttab_map_grant_ref_t, host_addr, addr),                          \
        F(gnttab_map_grant_ref_t, flags, BITS),                              \
        F(gnttab_map_grant_ref_t, ref, REF),                                 \
        F(gnttab_map_grant_ref_t, dom, DOM) } }
    MAP(ADDR), MAP(ADDR), MAP(RAW),
#define UNMAP { GNTTABOP_unmap_grant_ref, sizeof(gnttab_unmap_grant_ref_t), { \
        F(gnttab_unmap_grant_ref_t, host_addr, ADDR),                        \
        F(gnttab_unmap_grant_ref_t, dev_bus_addr, ZERO),                     \
        F(gnttab_unmap_grant_ref_t, handle, REF) } }
    UNMAP, UNMAP,
    { GNTTABOP_unmap_and_replace, sizeof(gnttab_unmap_and_replace_t), {
        F(gnttab_unmap_and_replace_t, host_addr, ADDR),
        F(gnttab_unmap_and_replace_t, new_addr, ZERO),
        F(gnttab_unmap_and_replace_t, handle, REF) } },
#define COPY(a, b) { GNTTABOP_copy, sizeof(gnttab_copy_t), {                 \
        F(gnttab_copy_t, source.u.gmfn, a),                                  \
        F(gnttab_copy_t, source.domid, DOM),                                 \
        F(gnttab_copy_t, source.offset, NUM),                                \
        F(gnttab_copy_t, dest.u.gmfn, b),                                    \
        F(gnttab_copy_t, dest.domid, DOM),                                   \
        F(gnttab_copy_t, dest.offset, NUM),                                  \
        F(gnttab_copy_t, len, NUM),                                          \
        F(gnttab_copy_t, flags, SMALL) } }
    COPY(GFN, REF), COPY(REF, GFN), COPY(REF, REF),
    { GNTTABOP_setup_table, sizeof(gnttab_setup_table_t), {
        F(gnttab_setup_table_t, dom, DOM),
        F(gnttab_setup_table_t, nr_frames, IDX),
        F(gnttab_setup_table_t, frame_list, PTR) } },
    { GNTTABOP_query_size, sizeof(gnttab_query_size_t), {
        F(gnttab_query_size_t, dom, DOM) } },
    { GNTTABOP_set_version, sizeof(gnttab_set_version_t), {
        F(gnttab_set_version_t, version, SMALL) } },
    { GNTTABOP_set_version, sizeof(gnttab_set_version_t), {
        F(gnttab_set_version_t, version, SMALL) } },
    { GNTTABOP_get_version, sizeof(gnttab_get_version_t), {
        F(gnttab_get_version_t, dom, DOM) } },
    { GNTTABOP_get_status_frames, sizeof(gnttab_get_status_frames_t), {
        F(gnttab_get_status_frames_t, dom, DOM),
        F(gnttab_get_status_frames_t, nr_frames, SMALL),
        F(gnttab_get_status_frames_t, frame_list, PTR) } },
    { GNTTABOP_swap_grant_ref, sizeof(gnttab_swap_grant_ref_t), {
        F(gnttab_swap_grant_ref_t, ref_a, REF),
        F(gnttab_swap_grant_ref_t, ref_b, REF) } },
    { GNTTABOP_cache_flush, sizeof(gnttab_cache_flush_t), {
        F(gnttab_cache_flush_t, a.ref, REF),
        F(gnttab_cache_flush_t, offset, NUM),
        F(gnttab_cache_flush_t, length, NUM),
        F(gnttab_cache_flush_t, op, SMALL) } },
};

void gen_grant_table_op(struct input *in, struct hypercall *hc)
{
    const struct shape *s = gen_pick(in, grant_shapes,
                                     ARRAY_SIZE(grant_shapes));
    unsigned int n = in_rarely(in, 8) ? 1 + in_below(in, 4) : 1;

    for ( unsigned int i = 0; i < n; i++ )
        gen_struct(in, s, fuzz_arena + i * s->size);
    hc->nr = __HYPERVISOR_grant_table_op;
    hc->a[0] = in_rarely(in, 64) ? in_bytes(in, 4) : s->cmd;
    hc->a[1] = in_rarely(in, 32) ? gen_pointer(in) : (uintptr_t)fuzz_arena;
    hc->a[2] = in_rarely(in, 32) ? in_bytes(in, 4) : n;
}
