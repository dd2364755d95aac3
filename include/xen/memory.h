/* SPDX-License-Identifier: MIT */
/*
 * memory_op(cmd, arg): who has which memory, and where a guest sees it.
 *
 * Frames: a GPFN is a frame of a guest's own address space; an MFN is a frame
 * of the host.  For a translated domain (HVM, PVH) every frame it names is a
 * GPFN.  A domid of DOMID_SELF is the caller; any other needs control of that
 * domain, or -XEN_EPERM.  -XEN_ESRCH: no such domain.
 */
#ifndef __XEN_PUBLIC_MEMORY_H__
#define __XEN_PUBLIC_MEMORY_H__

#include "xen.h"
#include "physdev.h"

/*
 * Reservations.  The call returns how many extents were done, from the first
 * on; fewer than asked means the next one failed.
 */
#define XENMEM_increase_reservation 0 /* OUT: the new frames (PV)          */
#define XENMEM_decrease_reservation 1 /* IN: the frames to give back       */
#define XENMEM_populate_physmap 6     /* IN: GPFNs to fill; OUT: MFNs (PV) */

/* xen_memory_reservation.mem_flags */
#define XENMEMF_address_bits(x) (x) /* at most this wide; 0 = any         */
#define XENMEMF_get_address_bits(x) ((x) & 0xffu)
#define XENMEMF_node(x) (((x) + 1) << 8)
#define XENMEMF_get_node(x) ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand (1 << 16)
#define XENMEMF_exact_node_request (1 << 17)
#define XENMEMF_exact_node(n) (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode (1 << 18) /* the node is one of the guest's own */

struct xen_memory_reservation
{
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start; /* first frame of each extent */
    xen_ulong_t nr_extents;
    unsigned int extent_order; /* each extent has 2^order frames */
    unsigned int mem_flags;    /* XENMEMF_* */
    domid_t domid;
};
typedef struct xen_memory_reservation xen_memory_reservation_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_reservation_t);

/* Give the frames of `in`, get those of `out`: as many in all. */
#define XENMEM_exchange 11
struct xen_memory_exchange
{
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged; /* IN: 0.  OUT: extents of `in` exchanged */
};
typedef struct xen_memory_exchange xen_memory_exchange_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_exchange_t);

/* Queries that return a number: no argument, or a domain. */
#define XENMEM_maximum_ram_page 2     /* highest frame of the host       */
#define XENMEM_current_reservation 3  /* pages the domain has            */
#define XENMEM_maximum_reservation 4  /* pages it may have               */
#define XENMEM_maximum_gpfn 14        /* highest GPFN with something     */
struct xen_memory_domain
{
    domid_t domid;
};

/* Frames of the machine-to-physical table, one per 2 MiB of it (PV). */
#define XENMEM_machphys_mfn_list 5
#define XENMEM_machphys_compat_mfn_list 25
struct xen_machphys_mfn_list
{
    unsigned int max_extents;                 /* IN: room              */
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start; /* OUT                   */
    unsigned int nr_extents;                  /* OUT: entries written  */
};
typedef struct xen_machphys_mfn_list xen_machphys_mfn_list_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mfn_list_t);

/* Where that table is mapped; all OUT. */
#define XENMEM_machphys_mapping 12
struct xen_machphys_mapping
{
    xen_ulong_t v_start, v_end;
    xen_ulong_t max_mfn;
};
typedef struct xen_machphys_mapping xen_machphys_mapping_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mapping_t);

/* What add_to_physmap puts at a GPFN, and what idx then means. */
#define XENMAPSPACE_shared_info 0  /* shared_info; idx 0                    */
#define XENMAPSPACE_grant_table 1  /* frame idx of the grant table          */
#define XENMAPSPACE_gmfn 2         /* the page now at GPFN idx              */
#define XENMAPSPACE_gmfn_range 3   /* as 2, `size` pages                    */
#define XENMAPSPACE_gmfn_foreign 4 /* GPFN idx of another domain; batch only */
#define XENMAPSPACE_dev_mmio 5     /* device memory                         */

/* idx bit of XENMAPSPACE_grant_table: the status frames (v2) instead. */
#define XENMAPIDX_grant_table_status 0x80000000

#define XENMEM_add_to_physmap 7
struct xen_add_to_physmap
{
    domid_t domid;
    uint16_t size; /* XENMAPSPACE_gmfn_range only: pages; OUT: pages left */
    unsigned int space;
    xen_ulong_t idx;
    xen_pfn_t gpfn; /* whatever was there is unmapped */
};
typedef struct xen_add_to_physmap xen_add_to_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_t);

/*
 * Many at once.  Returns 0 when every page was tried: errs[] then tells the
 * negated error of each.  idxs, gpfns and errs have `size` elements.
 */
#define XENMEM_add_to_physmap_batch 23
struct xen_add_to_physmap_batch
{
    domid_t domid; /* whose physmap */
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra
    {
        domid_t foreign_domid; /* XENMAPSPACE_gmfn_foreign: whose pages */
        uint16_t res0;         /* other spaces: 0 */
    } u;
    XEN_GUEST_HANDLE(xen_ulong_t) idxs; /* IN  */
    XEN_GUEST_HANDLE(xen_pfn_t) gpfns;  /* IN  */
    XEN_GUEST_HANDLE(int) errs;         /* OUT */
};
typedef struct xen_add_to_physmap_batch xen_add_to_physmap_batch_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_batch_t);

/* Unmap a GPFN.  -XEN_ENOENT: nothing was mapped there. */
#define XENMEM_remove_from_physmap 15
struct xen_remove_from_physmap
{
    domid_t domid;
    xen_pfn_t gpfn;
};
typedef struct xen_remove_from_physmap xen_remove_from_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_remove_from_physmap_t);

/* The E820 map of the caller, and of the host (hardware domain only). */
#define XENMEM_memory_map 9
#define XENMEM_machine_memory_map 10
struct xen_memory_map
{
    unsigned int nr_entries;       /* IN: room; OUT: entries */
    XEN_GUEST_HANDLE(void) buffer; /* OUT: 20-byte E820 entries */
};
typedef struct xen_memory_map xen_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_map_t);

/* Choose the E820 map a domain will be told; IN. */
#define XENMEM_set_memory_map 13
struct xen_foreign_memory_map
{
    domid_t domid;
    struct xen_memory_map map;
};
typedef struct xen_foreign_memory_map xen_foreign_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_foreign_memory_map_t);

#define XENMEM_set_pod_target 16
#define XENMEM_get_pod_target 17
struct xen_pod_target
{
    uint64_t target_pages;    /* IN (set) */
    uint64_t tot_pages;       /* OUT      */
    uint64_t pod_cache_pages; /* OUT      */
    uint64_t pod_entries;     /* OUT      */
    domid_t domid;
};
typedef struct xen_pod_target xen_pod_target_t;

#if defined(__XEN__) || defined(__XEN_TOOLS__)
/* Pages that sharing saved, and pages that are shared: no argument. */
#define XENMEM_get_sharing_freed_pages 18
#define XENMEM_get_sharing_shared_pages 19

/* A pager moves a page out of the domain, and back. */
#define XENMEM_paging_op 20
#define XENMEM_paging_op_nominate 0
#define XENMEM_paging_op_evict 1
#define XENMEM_paging_op_prep 2
struct xen_mem_paging_op
{
    uint8_t op; /* all IN */
    domid_t domain;
    XEN_GUEST_HANDLE_64(const_uint8) buffer; /* prep: content, or NULL */
    uint64_aligned_t gfn;
};
typedef struct xen_mem_paging_op xen_mem_paging_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_paging_op_t);

#define XENMEM_access_op 21
#define XENMEM_access_op_set_access 0
#define XENMEM_access_op_get_access 1
#define XENMEM_access_op_set_access_multi 4

/* What a guest may do with a page whose accesses are watched. */
typedef enum
{
    XENMEM_access_n,
    XENMEM_access_r,
    XENMEM_access_w,
    XENMEM_access_rw,
    XENMEM_access_x,
    XENMEM_access_rx,
    XENMEM_access_wx,
    XENMEM_access_rwx,
    XENMEM_access_rx2rw,  /* r-x, becoming rw- on a write     */
    XENMEM_access_n2rwx,  /* ---, becoming rwx on any access  */
    XENMEM_access_default /* whatever the domain's default is */
} xenmem_access_t;

struct xen_mem_access_op
{
    uint8_t op;
    uint8_t access; /* IN (set) or OUT: xenmem_access_t */
    domid_t domid;
    uint32_t nr;          /* IN: frames */
    uint64_aligned_t pfn; /* IN: the first; ~0 = the domain's default */
    XEN_GUEST_HANDLE(const_uint64) pfn_list; /* multi: nr frames */
    XEN_GUEST_HANDLE(const_uint8) access_list;
};
typedef struct xen_mem_access_op xen_mem_access_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_access_op_t);

/* One frame for equal pages of several domains. */
#define XENMEM_sharing_op 22
#define XENMEM_sharing_op_nominate_gfn 0
#define XENMEM_sharing_op_nominate_gref 1
#define XENMEM_sharing_op_share 2
#define XENMEM_sharing_op_debug_gfn 3
#define XENMEM_sharing_op_debug_mfn 4
#define XENMEM_sharing_op_debug_gref 5
#define XENMEM_sharing_op_add_physmap 6
#define XENMEM_sharing_op_audit 7
#define XENMEM_sharing_op_range_share 8
#define XENMEM_sharing_op_fork 9
#define XENMEM_sharing_op_fork_reset 10
#define XENMEM_SHARING_OP_S_HANDLE_INVALID (-10)
#define XENMEM_SHARING_OP_C_HANDLE_INVALID (-9)
/* A gfn may also be a grant reference, marked so. */
#define XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG (xen_mk_ullong(1) << 62)
#define XENMEM_SHARING_OP_FIELD_MAKE_GREF(field, val) \
    (field) = (XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG | val)
#define XENMEM_SHARING_OP_FIELD_IS_GREF(field) \
    ((field)&XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG)
#define XENMEM_SHARING_OP_FIELD_GET_GREF(field) \
    ((field) & (~XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG))
struct xen_mem_sharing_op
{
    uint8_t op;
    domid_t domain;
    union
    {
        struct mem_sharing_op_nominate
        {
            union
            {
                uint64_aligned_t gfn;
                uint32_t grant_ref;
            } u;
            uint64_aligned_t handle; /* OUT */
        } nominate;
        struct mem_sharing_op_share
        {
            uint64_aligned_t source_gfn;
            uint64_aligned_t source_handle;
            uint64_aligned_t client_gfn;
            uint64_aligned_t client_handle;
            domid_t client_domain;
        } share;
        struct mem_sharing_op_range
        {
            uint64_aligned_t first_gfn;
            uint64_aligned_t last_gfn;
            uint64_aligned_t opaque; /* 0; the hypervisor's progress */
            domid_t client_domain;
            uint16_t _pad[3];
        } range;
        struct mem_sharing_op_debug
        {
            union
            {
                uint64_aligned_t gfn;
                uint64_aligned_t mfn;
                uint32_t gref;
            } u;
        } debug;
        struct mem_sharing_op_fork
        {
            domid_t parent_domain;
#define XENMEM_FORK_WITH_IOMMU_ALLOWED (1u << 0)
#define XENMEM_FORK_BLOCK_INTERRUPTS (1u << 1)
#define XENMEM_FORK_RESET_STATE (1u << 2)
#define XENMEM_FORK_RESET_MEMORY (1u << 3)
            uint16_t flags;
            uint32_t pad;
        } fork;
    } u;
};
typedef struct xen_mem_sharing_op xen_mem_sharing_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_sharing_op_t);

/*
 * Set memory aside for a domain: a xen_memory_reservation whose nr_extents is
 * the number of pages, of order 0, with no list and no flags.  0 gives it up.
 */
#define XENMEM_claim_pages 24

/* Memory the host's devices need identity-mapped. */
#define XENMEM_reserved_device_memory_map 27
struct xen_reserved_device_memory
{
    xen_pfn_t start_pfn;
    xen_ulong_t nr_pages;
};
typedef struct xen_reserved_device_memory xen_reserved_device_memory_t;
DEFINE_XEN_GUEST_HANDLE(xen_reserved_device_memory_t);

struct xen_reserved_device_memory_map
{
#define XENMEM_RDM_ALL 1 /* of every device, not of one */
    uint32_t flags;
    unsigned int nr_entries; /* IN: room; OUT: entries */
    XEN_GUEST_HANDLE(xen_reserved_device_memory_t) buffer;
    union
    {
        physdev_pci_device_t pci;
    } dev;
};
typedef struct xen_reserved_device_memory_map xen_reserved_device_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_reserved_device_memory_map_t);
#endif

/* The guest's own NUMA shape; -XEN_EOPNOTSUPP when it has none. */
#define XENMEM_get_vnumainfo 26
struct xen_vmemrange
{
    uint64_t start, end; /* bytes, end exclusive */
    unsigned int flags;
    unsigned int nid;
};
typedef struct xen_vmemrange xen_vmemrange_t;
DEFINE_XEN_GUEST_HANDLE(xen_vmemrange_t);

struct xen_vnuma_topology_info
{
    domid_t domid; /* IN */
    uint16_t pad;
    unsigned int nr_vnodes; /* IN: room; OUT: how many (-XEN_ENOBUFS) */
    unsigned int nr_vcpus;
    unsigned int nr_vmemranges;
    union
    {
        XEN_GUEST_HANDLE(uint) h;
        uint64_t pad;
    } vdistance;
    union
    {
        XEN_GUEST_HANDLE(uint) h;
        uint64_t pad;
    } vcpu_to_vnode;
    union
    {
        XEN_GUEST_HANDLE(xen_vmemrange_t) h;
        uint64_t pad;
    } vmemrange;
};
typedef struct xen_vnuma_topology_info xen_vnuma_topology_info_t;
DEFINE_XEN_GUEST_HANDLE(xen_vnuma_topology_info_t);

/*
 * Get at pages that belong to a guest's resources but are (or need) not be in
 * its physmap: what xenforeignmemory_map_resource() stands on.
 *
 * Size query: frame_list NULL and nr_frames 0.  OUT nr_frames is then the
 * number of frames the resource has.
 * Map: nr_frames frames from `frame` on.  A translated caller gives in
 * frame_list the GPFNs of its own to map them at (IN); a PV caller receives
 * there the MFNs to map itself (OUT).
 */
#define XENMEM_acquire_resource 28
struct xen_mem_acquire_resource
{
    domid_t domid; /* IN: whose; -XEN_EPERM when it is the caller's own */
    uint16_t type; /* IN */
#define XENMEM_resource_ioreq_server 0 /* id: ioservid_t                   */
#define XENMEM_resource_grant_table 1  /* id: below                        */
#define XENMEM_resource_vmtrace_buf 2  /* id: vCPU                         */
    uint32_t id;                       /* IN: which one, per type          */
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1
    uint32_t nr_frames; /* IN; OUT in a size query */
    uint32_t pad;       /* IN: 0 */
    /* IN: the first frame.  Wider than nr_frames: their sum may not wrap. */
    uint64_t frame;
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list;
};
typedef struct xen_mem_acquire_resource xen_mem_acquire_resource_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_acquire_resource_t);

#endif
