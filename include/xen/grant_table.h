/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op(cmd, array, count): let another domain map or copy a page.
 *
 * The granting domain writes an entry of the table it shares with the
 * hypervisor; the other names it by its index, the grant reference.  The call
 * itself returns 0 and each element of the array has its own status, a GNTST_*
 * number; a negative return means the array could not be read.
 */
#ifndef __XEN_PUBLIC_GRANT_TABLE_H__
#define __XEN_PUBLIC_GRANT_TABLE_H__

#include "xen.h"

typedef uint32_t grant_ref_t;    /* index of an entry                     */
typedef uint32_t grant_handle_t; /* names a mapping, for the unmap        */
typedef uint16_t grant_status_t; /* v2: GTF_reading and GTF_writing       */

/* References a toolstack seeds before the guest runs. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE 0
#define GNTTAB_RESERVED_XENSTORE 1

/*
 * An entry's flags.  Write the rest of the entry first, the flags last; to
 * revoke, clear them with a compare-and-swap that finds neither reading nor
 * writing.
 */
#define GTF_invalid (0U << 0)
#define GTF_permit_access (1U << 0)
#define GTF_accept_transfer (2U << 0)
#define GTF_transitive (3U << 0) /* v2 */
#define GTF_type_mask (3U << 0)

/* GTF_permit_access: */
#define _GTF_readonly (2)
#define GTF_readonly (1U << _GTF_readonly) /* guest: writing not allowed   */
#define _GTF_reading (3)
#define GTF_reading (1U << _GTF_reading) /* hypervisor: mapped or copied   */
#define _GTF_writing (4)
#define GTF_writing (1U << _GTF_writing) /* hypervisor: and writable       */
#define _GTF_PWT (5)
#define GTF_PWT (1U << _GTF_PWT)
#define _GTF_PCD (6)
#define GTF_PCD (1U << _GTF_PCD)
#define _GTF_PAT (7)
#define GTF_PAT (1U << _GTF_PAT)
#define _GTF_sub_page (8)
#define GTF_sub_page (1U << _GTF_sub_page) /* v2: part of a page, copy only */

/* GTF_accept_transfer: set by the hypervisor, in this order. */
#define _GTF_transfer_committed (2)
#define GTF_transfer_committed (1U << _GTF_transfer_committed)
#define _GTF_transfer_completed (3)
#define GTF_transfer_completed (1U << _GTF_transfer_completed)

struct grant_entry_v1
{
    uint16_t flags; /* GTF_* */
    domid_t domid;  /* who may */
    uint32_t frame; /* the page, a GPFN of the granting domain */
};
typedef struct grant_entry_v1 grant_entry_v1_t;

struct grant_entry_header
{
    uint16_t flags; /* without reading and writing: see grant_status_t */
    domid_t domid;
};
typedef struct grant_entry_header grant_entry_header_t;

union grant_entry_v2
{
    grant_entry_header_t hdr;
    struct
    {
        grant_entry_header_t hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page;
    struct
    {
        grant_entry_header_t hdr;
        uint16_t page_off;
        uint16_t length;
        uint64_t frame;
    } sub_page;
    struct
    {
        grant_entry_header_t hdr;
        domid_t trans_domid; /* pass on this domain's ... */
        uint16_t pad0;
        grant_ref_t gref; /* ... grant */
    } transitive;
    uint32_t __spacer[4];
};
typedef union grant_entry_v2 grant_entry_v2_t;

#define GNTTABOP_map_grant_ref 0
#define GNTTABOP_unmap_grant_ref 1
#define GNTTABOP_setup_table 2
#define GNTTABOP_dump_table 3
#define GNTTABOP_transfer 4
#define GNTTABOP_copy 5
#define GNTTABOP_query_size 6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version 8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version 10
#define GNTTABOP_swap_grant_ref 11
#define GNTTABOP_cache_flush 12

/* How to map. */
#define _GNTMAP_device_map (0)
#define GNTMAP_device_map (1 << _GNTMAP_device_map) /* for a device's DMA  */
#define _GNTMAP_host_map (1)
#define GNTMAP_host_map (1 << _GNTMAP_host_map) /* for the CPU             */
#define _GNTMAP_readonly (2)
#define GNTMAP_readonly (1 << _GNTMAP_readonly)
#define _GNTMAP_application_map (3)
#define GNTMAP_application_map (1 << _GNTMAP_application_map) /* PV        */
#define _GNTMAP_contains_pte (4)
#define GNTMAP_contains_pte (1 << _GNTMAP_contains_pte) /* PV: host_addr is
                                                           that of a PTE   */
#define _GNTMAP_guest_avail0 (16)
#define GNTMAP_guest_avail_mask ((uint32_t)~0 << _GNTMAP_guest_avail0)

struct gnttab_map_grant_ref
{
    uint64_t host_addr; /* IN: where: GPA (translated), else VA or PTE     */
    uint32_t flags;     /* IN: GNTMAP_*                                    */
    grant_ref_t ref;    /* IN                                              */
    domid_t dom;        /* IN: who granted                                 */
    int16_t status;     /* OUT                                             */
    grant_handle_t handle; /* OUT                                          */
    uint64_t dev_bus_addr; /* OUT: for DMA                                 */
};
typedef struct gnttab_map_grant_ref gnttab_map_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_map_grant_ref_t);

/* Addresses that are not 0 must be those of the mapping. */
struct gnttab_unmap_grant_ref
{
    uint64_t host_addr;    /* IN  */
    uint64_t dev_bus_addr; /* IN  */
    grant_handle_t handle; /* IN  */
    int16_t status;        /* OUT */
};
typedef struct gnttab_unmap_grant_ref gnttab_unmap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_grant_ref_t);

/* Grow the table to nr_frames and tell where its frames are; count 1. */
struct gnttab_setup_table
{
    domid_t dom;                            /* IN  */
    uint32_t nr_frames;                     /* IN  */
    int16_t status;                         /* OUT */
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* OUT */
};
typedef struct gnttab_setup_table gnttab_setup_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_setup_table_t);

struct gnttab_dump_table
{
    domid_t dom;    /* IN  */
    int16_t status; /* OUT */
};
typedef struct gnttab_dump_table gnttab_dump_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_dump_table_t);

struct gnttab_transfer
{
    xen_pfn_t mfn;   /* IN: the page to give away */
    domid_t domid;   /* IN: to whom               */
    grant_ref_t ref; /* IN: its entry             */
    int16_t status;  /* OUT                       */
};
typedef struct gnttab_transfer gnttab_transfer_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_transfer_t);

/* Copy inside one page, between grants or own frames. */
#define _GNTCOPY_source_gref (0)
#define GNTCOPY_source_gref (1 << _GNTCOPY_source_gref)
#define _GNTCOPY_dest_gref (1)
#define GNTCOPY_dest_gref (1 << _GNTCOPY_dest_gref)
struct gnttab_copy
{
    struct gnttab_copy_ptr
    {
        union
        {
            grant_ref_t ref;
            xen_pfn_t gmfn;
        } u;
        domid_t domid;
        uint16_t offset; /* bytes into the page */
    } source, dest;      /* IN */
    uint16_t len;        /* IN: bytes; may not cross a page end */
    uint16_t flags;      /* IN: GNTCOPY_* */
    int16_t status;      /* OUT */
};
typedef struct gnttab_copy gnttab_copy_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_copy_t);

struct gnttab_query_size
{
    domid_t dom;            /* IN  */
    uint32_t nr_frames;     /* OUT */
    uint32_t max_nr_frames; /* OUT */
    int16_t status;         /* OUT */
};
typedef struct gnttab_query_size gnttab_query_size_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_query_size_t);

struct gnttab_unmap_and_replace
{
    uint64_t host_addr;    /* IN                                      */
    uint64_t new_addr;     /* IN: what is mapped there moves to host_addr */
    grant_handle_t handle; /* IN                                      */
    int16_t status;        /* OUT                                     */
};
typedef struct gnttab_unmap_and_replace gnttab_unmap_and_replace_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_and_replace_t);

/* 1 or 2, count 1.  Returns -XEN_EBUSY while entries past 8 are in use. */
struct gnttab_set_version
{
    uint32_t version; /* IN; OUT: the one in force */
};
typedef struct gnttab_set_version gnttab_set_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_set_version_t);

struct gnttab_get_status_frames
{
    uint32_t nr_frames;                    /* IN  */
    domid_t dom;                           /* IN  */
    int16_t status;                        /* OUT */
    XEN_GUEST_HANDLE(uint64_t) frame_list; /* OUT */
};
typedef struct gnttab_get_status_frames gnttab_get_status_frames_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_status_frames_t);

struct gnttab_get_version
{
    domid_t dom; /* IN */
    uint16_t pad;
    uint32_t version; /* OUT */
};
typedef struct gnttab_get_version gnttab_get_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_version_t);

struct gnttab_swap_grant_ref
{
    grant_ref_t ref_a; /* IN  */
    grant_ref_t ref_b; /* IN  */
    int16_t status;    /* OUT */
};
typedef struct gnttab_swap_grant_ref gnttab_swap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_swap_grant_ref_t);

struct gnttab_cache_flush
{
    union
    {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset; /* bytes */
    uint16_t length; /* bytes */
#define GNTTAB_CACHE_CLEAN (1u << 0)
#define GNTTAB_CACHE_INVAL (1u << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1u << 31)
    uint32_t op;
};
typedef struct gnttab_cache_flush gnttab_cache_flush_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_cache_flush_t);

#define GNTST_okay (0)
#define GNTST_general_error (-1)
#define GNTST_bad_domain (-2)      /* no such domain                        */
#define GNTST_bad_gntref (-3)      /* no such entry, or not granted to us   */
#define GNTST_bad_handle (-4)      /* no such mapping                       */
#define GNTST_bad_virt_addr (-5)   /* not where the mapping is, or goes     */
#define GNTST_bad_dev_addr (-6)
#define GNTST_no_device_space (-7) /* no room for another mapping           */
#define GNTST_permission_denied (-8)
#define GNTST_bad_page (-9)        /* the granted frame is not a page       */
#define GNTST_bad_copy_arg (-10)   /* the copy crosses a page end           */
#define GNTST_address_too_big (-11)
#define GNTST_eagain (-12)         /* paged out: ask again                  */
#define GNTST_no_space (-13)       /* no handle is left                     */

/* Text for each, indexed by -status. */
#define GNTTABOP_error_msgs                                                   \
    {                                                                         \
        "okay", "undefined error", "unrecognised domain id",                  \
            "invalid grant reference", "invalid mapping handle",              \
            "invalid virtual address", "invalid device address",              \
            "no spare translation slot in the I/O MMU", "permission denied",  \
            "bad page", "copy arguments cross page boundary",                 \
            "page address size too large", "operation not done; try again",   \
            "out of space",                                                   \
    }

#endif
