/* SPDX-License-Identifier: MIT */
/* memory_op(). */
#include <xen/memory.h>

#include "tables.h"

/* What has a name of its own among domain ids. */
const struct value names_domids[] = {
    IS(DOMID_SELF),
    IS(DOMID_IO),
    IS(DOMID_XEN),
    IS(DOMID_COW),
    IS(DOMID_INVALID),
    IS(DOMID_IDLE),
    NO_MORE
};

static const struct value names_mem_flags[] = {
    IS(XENMEMF_populate_on_demand),
    IS(XENMEMF_exact_node_request),
    IS(XENMEMF_vnode),
    NO_MORE
};

static const struct value names_spaces[] = {
    IS(XENMAPSPACE_shared_info),
    IS(XENMAPSPACE_grant_table),
    IS(XENMAPSPACE_gmfn),
    IS(XENMAPSPACE_gmfn_range),
    IS(XENMAPSPACE_gmfn_foreign),
    IS(XENMAPSPACE_dev_mmio),
    NO_MORE
};

static const struct value names_paging_ops[] = {
    IS(XENMEM_paging_op_nominate),
    IS(XENMEM_paging_op_evict),
    IS(XENMEM_paging_op_prep),
    NO_MORE
};

static const struct value names_access_ops[] = {
    IS(XENMEM_access_op_set_access),
    IS(XENMEM_access_op_get_access),
    IS(XENMEM_access_op_set_access_multi),
    NO_MORE
};

static const struct value names_accesses[] = {
    IS(XENMEM_access_n),
    IS(XENMEM_access_r),
    IS(XENMEM_access_w),
    IS(XENMEM_access_rw),
    IS(XENMEM_access_x),
    IS(XENMEM_access_rx),
    IS(XENMEM_access_wx),
    IS(XENMEM_access_rwx),
    IS(XENMEM_access_rx2rw),
    IS(XENMEM_access_n2rwx),
    IS(XENMEM_access_default),
    NO_MORE
};

const struct value names_resources[] = {
    IS(XENMEM_resource_ioreq_server),
    IS(XENMEM_resource_grant_table),
    IS(XENMEM_resource_vmtrace_buf),
    NO_MORE
};

struct e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

#define T xen_memory_reservation_t
static const struct field rows_reservation[] = {
    N(IN, domid, names_domids),
    V(IN, DEC, nr_extents),
    V(IN, DEC, extent_order),
    F(IN, mem_flags, names_mem_flags),
    L(IN, HEX, 8, extent_start, nr_extents),
    END
};
#undef T

#define T xen_memory_reservation_t
static const struct field rows_reservation_inout[] = {
    N(IN, domid, names_domids),
    V(IN, DEC, nr_extents),
    V(IN, DEC, extent_order),
    F(IN, mem_flags, names_mem_flags),
    L(INOUT, HEX, 8, extent_start, nr_extents),
    END
};
#undef T

#define T xen_memory_exchange_t
static const struct field rows_exchange[] = {
    S(in, rows_reservation),
    S(out, rows_reservation_inout),
    V(INOUT, DEC, nr_exchanged),
    END
};
#undef T

#define T struct xen_memory_domain
static const struct field rows_memory_domain[] = {
    N(IN, domid, names_domids),
    END
};
#undef T

#define T xen_machphys_mfn_list_t
static const struct field rows_mfn_list[] = {
    V(IN, DEC, max_extents),
    V(OUT, DEC, nr_extents),
    L(OUT, HEX, 8, extent_start, nr_extents),
    END
};
#undef T

#define T xen_machphys_mapping_t
static const struct field rows_machphys_mapping[] = {
    V(OUT, HEX, v_start),
    V(OUT, HEX, v_end),
    V(OUT, HEX, max_mfn),
    END
};
#undef T

#define T xen_add_to_physmap_t
static const struct field rows_physmap[] = {
    N(IN, domid, names_domids),
    V(INOUT, DEC, size),
    N(IN, space, names_spaces),
    V(IN, HEX, idx),
    V(IN, HEX, gpfn),
    END
};
#undef T

#define T xen_add_to_physmap_batch_t
static const struct field rows_physmap_batch[] = {
    N(IN, domid, names_domids),
    N(IN, space, names_spaces),
    V(IN, DEC, size),
    N(IN, u.foreign_domid, names_domids),
    L(IN, HEX, 8, idxs, size),
    L(IN, HEX, 8, gpfns, size),
    L(OUT, INT, 4, errs, size),
    END
};
#undef T

#define T xen_remove_from_physmap_t
static const struct field rows_remove_physmap[] = {
    N(IN, domid, names_domids),
    V(IN, HEX, gpfn),
    END
};
#undef T

#define T struct e820_entry
static const struct field rows_e820_in[] = {
    V(IN, HEX, addr),
    V(IN, HEX, size),
    V(IN, DEC, type),
    END
};
#undef T

#define T struct e820_entry
static const struct field rows_e820_out[] = {
    V(OUT, HEX, addr),
    V(OUT, HEX, size),
    V(OUT, DEC, type),
    END
};
#undef T

#define T xen_memory_map_t
static const struct field rows_map_in[] = {
    V(IN, DEC, nr_entries),
    A(buffer, rows_e820_in, nr_entries),
    END
};
#undef T

#define T xen_memory_map_t
static const struct field rows_map_out[] = {
    V(INOUT, DEC, nr_entries),
    A(buffer, rows_e820_out, nr_entries),
    END
};
#undef T

#define T xen_foreign_memory_map_t
static const struct field rows_set_map[] = {
    N(IN, domid, names_domids),
    S(map, rows_map_in),
    END
};
#undef T

#define T xen_pod_target_t
static const struct field rows_pod_target_in[] = {
    N(IN, domid, names_domids),
    V(IN, DEC, target_pages),
    V(OUT, DEC, tot_pages),
    V(OUT, DEC, pod_cache_pages),
    V(OUT, DEC, pod_entries),
    END
};
#undef T

#define T xen_pod_target_t
static const struct field rows_pod_target_out[] = {
    N(IN, domid, names_domids),
    V(OUT, DEC, tot_pages),
    V(OUT, DEC, pod_cache_pages),
    V(OUT, DEC, pod_entries),
    END
};
#undef T

#define T xen_mem_paging_op_t
static const struct field rows_paging_op[] = {
    N(IN, op, names_paging_ops),
    N(IN, domain, names_domids),
    V(IN, HEX, gfn),
    V(IN, HEX, buffer),
    END
};
#undef T

#define T xen_mem_access_op_t
static const struct field rows_access_op[] = {
    N(IN, op, names_access_ops),
    N(INOUT, access, names_accesses),
    N(IN, domid, names_domids),
    V(IN, DEC, nr),
    V(IN, HEX, pfn),
    L(IN, HEX, 8, pfn_list, nr),
    L(IN, DEC, 1, access_list, nr),
    END
};
#undef T

#define T struct mem_sharing_op_nominate
static const struct field rows_share_gfn[] = {
    V(IN, HEX, u.gfn),
    V(OUT, HEX, handle),
    END
};
#undef T

#define T struct mem_sharing_op_share
static const struct field rows_share_pair[] = {
    V(IN, HEX, source_gfn),
    V(IN, HEX, source_handle),
    V(IN, HEX, client_gfn),
    V(IN, HEX, client_handle),
    N(IN, client_domain, names_domids),
    END
};
#undef T

#define T struct mem_sharing_op_range
static const struct field rows_share_range[] = {
    V(IN, HEX, first_gfn),
    V(IN, HEX, last_gfn),
    V(INOUT, HEX, opaque),
    N(IN, client_domain, names_domids),
    PAD(_pad),
    END
};
#undef T

#define T struct mem_sharing_op_debug
static const struct field rows_share_debug[] = {
    V(IN, HEX, u.gfn),
    END
};
#undef T

#define T struct mem_sharing_op_fork
static const struct field rows_share_fork[] = {
    N(IN, parent_domain, names_domids),
    V(IN, HEX, flags),
    PAD(pad),
    END
};
#undef T

static const struct value names_sharing_ops[] = {
    HAS(XENMEM_sharing_op_nominate_gfn, rows_share_gfn),
    HAS(XENMEM_sharing_op_nominate_gref, rows_share_gfn),
    HAS(XENMEM_sharing_op_share, rows_share_pair),
    HAS(XENMEM_sharing_op_debug_gfn, rows_share_debug),
    HAS(XENMEM_sharing_op_debug_mfn, rows_share_debug),
    HAS(XENMEM_sharing_op_debug_gref, rows_share_debug),
    HAS(XENMEM_sharing_op_add_physmap, rows_share_pair),
    IS(XENMEM_sharing_op_audit),
    HAS(XENMEM_sharing_op_range_share, rows_share_range),
    HAS(XENMEM_sharing_op_fork, rows_share_fork),
    HAS(XENMEM_sharing_op_fork_reset, rows_share_fork),
    NO_MORE
};

#define T xen_mem_sharing_op_t
static const struct field rows_sharing_op[] = {
    N(IN, op, names_sharing_ops),
    N(IN, domain, names_domids),
    C(u, op, names_sharing_ops),
    END
};
#undef T

#define T xen_reserved_device_memory_t
static const struct field rows_reserved_memory[] = {
    V(OUT, HEX, start_pfn),
    V(OUT, DEC, nr_pages),
    END
};
#undef T

#define T xen_reserved_device_memory_map_t
static const struct field rows_reserved_map[] = {
    V(IN, HEX, flags),
    V(INOUT, DEC, nr_entries),
    S(dev.pci, rows_pci_device),
    A(buffer, rows_reserved_memory, nr_entries),
    END
};
#undef T

#define T xen_vmemrange_t
const struct field rows_vmemrange[] = {
    V(INOUT, HEX, start),
    V(INOUT, HEX, end),
    V(INOUT, HEX, flags),
    V(INOUT, DEC, nid),
    END
};
#undef T

#define T xen_vnuma_topology_info_t
static const struct field rows_vnumainfo[] = {
    N(IN, domid, names_domids),
    PAD(pad),
    V(INOUT, DEC, nr_vnodes),
    V(INOUT, DEC, nr_vcpus),
    V(INOUT, DEC, nr_vmemranges),
    L(OUT, DEC, 4, vdistance.h, nr_vnodes),
    L(OUT, DEC, 4, vcpu_to_vnode.h, nr_vcpus),
    A(vmemrange.h, rows_vmemrange, nr_vmemranges),
    END
};
#undef T

#define T xen_mem_acquire_resource_t
static const struct field rows_acquire_resource[] = {
    N(IN, domid, names_domids),
    N(IN, type, names_resources),
    V(IN, DEC, id),
    V(INOUT, DEC, nr_frames),
    PAD(pad),
    V(IN, DEC, frame),
    L(INOUT, HEX, 8, frame_list, nr_frames),
    END
};
#undef T

const struct value memory_ops[] = {
    HAS(XENMEM_increase_reservation, rows_reservation_inout),
    HAS(XENMEM_decrease_reservation, rows_reservation),
    HAS(XENMEM_populate_physmap, rows_reservation_inout),
    IS(XENMEM_maximum_ram_page),
    HAS(XENMEM_current_reservation, rows_memory_domain),
    HAS(XENMEM_maximum_reservation, rows_memory_domain),
    HAS(XENMEM_machphys_mfn_list, rows_mfn_list),
    HAS(XENMEM_machphys_compat_mfn_list, rows_mfn_list),
    HAS(XENMEM_machphys_mapping, rows_machphys_mapping),
    HAS(XENMEM_maximum_gpfn, rows_memory_domain),
    HAS(XENMEM_add_to_physmap, rows_physmap),
    HAS(XENMEM_add_to_physmap_batch, rows_physmap_batch),
    HAS(XENMEM_remove_from_physmap, rows_remove_physmap),
    HAS(XENMEM_memory_map, rows_map_out),
    HAS(XENMEM_machine_memory_map, rows_map_out),
    HAS(XENMEM_set_memory_map, rows_set_map),
    HAS(XENMEM_exchange, rows_exchange),
    HAS(XENMEM_set_pod_target, rows_pod_target_in),
    HAS(XENMEM_get_pod_target, rows_pod_target_out),
    IS(XENMEM_get_sharing_freed_pages),
    IS(XENMEM_get_sharing_shared_pages),
    HAS(XENMEM_paging_op, rows_paging_op),
    HAS(XENMEM_access_op, rows_access_op),
    HAS(XENMEM_sharing_op, rows_sharing_op),
    HAS(XENMEM_claim_pages, rows_reservation),
    HAS(XENMEM_reserved_device_memory_map, rows_reserved_map),
    HAS(XENMEM_get_vnumainfo, rows_vnumainfo),
    HAS(XENMEM_acquire_resource, rows_acquire_resource),
    NO_MORE
};
