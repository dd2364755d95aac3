/* SPDX-License-Identifier: MIT */
/*
 * hvm_op(cmd, arg): parameters of an HVM or PVH guest, and what such a guest
 * asks of the hypervisor.  The device model's operations are in dm_op.h.
 */
#ifndef __XEN_PUBLIC_HVM_HVM_OP_H__
#define __XEN_PUBLIC_HVM_HVM_OP_H__

#include "../event_channel.h"
#include "../xen.h"

/* -XEN_EINVAL: no such index.  -XEN_EPERM: not yours to touch. */
#define HVMOP_set_param 0
#define HVMOP_get_param 1
struct xen_hvm_param
{
    domid_t domid; /* IN */
    uint16_t pad;
    uint32_t index; /* IN: HVM_PARAM_* of params.h */
    uint64_t value; /* IN (set) or OUT (get) */
};
typedef struct xen_hvm_param xen_hvm_param_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_param_t);

#define HVMOP_flush_tlbs 5 /* every vCPU of the caller; arg NULL */

/* What is behind a guest frame. */
typedef enum
{
    HVMMEM_ram_rw,
    HVMMEM_ram_ro,      /* writes are dropped                        */
    HVMMEM_mmio_dm,     /* every access goes to a device model       */
    HVMMEM_unused,      /* was something once                        */
    HVMMEM_ioreq_server /* see XEN_DMOP_map_mem_type_to_ioreq_server */
} hvmmem_type_t;

#define HVMOP_pagetable_dying 9
struct xen_hvm_pagetable_dying
{
    domid_t domid; /* IN: the caller */
    uint16_t pad[3];
    uint64_t gpa; /* IN: of the top page table */
};
typedef struct xen_hvm_pagetable_dying xen_hvm_pagetable_dying_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_pagetable_dying_t);

#define HVMOP_get_time 10
struct xen_hvm_get_time
{
    uint64_t now; /* OUT: ns of guest time */
};
typedef struct xen_hvm_get_time xen_hvm_get_time_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_get_time_t);

/* Put a record into the trace buffer. */
#define HVMOP_xentrace 11
struct xen_hvm_xentrace
{
    uint16_t event;       /* all IN */
    uint16_t extra_bytes; /* of extra, that are used */
    uint8_t extra[7 * sizeof(uint32_t)];
};
typedef struct xen_hvm_xentrace xen_hvm_xentrace_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_xentrace_t);

#if defined(__XEN__) || defined(__XEN_TOOLS__)
#define HVMOP_set_mem_access 12 /* gone */
#define HVMOP_get_mem_access 13 /* gone */
#endif

#define HVMOP_get_mem_type 15
struct xen_hvm_get_mem_type
{
    domid_t domid;     /* IN */
    uint16_t mem_type; /* OUT: hvmmem_type_t */
    uint16_t pad[2];
    uint64_t pfn; /* IN */
};
typedef struct xen_hvm_get_mem_type xen_hvm_get_mem_type_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_get_mem_type_t);

#if defined(__XEN__) || defined(__XEN_TOOLS__)
/* xen_dm_op_create_ioreq_server.handle_bufioreq */
#define HVM_IOREQSRV_BUFIOREQ_OFF 0
#define HVM_IOREQSRV_BUFIOREQ_LEGACY 1
#define HVM_IOREQSRV_BUFIOREQ_ATOMIC 2 /* pointers are reset atomically */
#endif

/* Deliver upcalls of one vCPU through its local APIC, which wants an EOI. */
#define HVMOP_set_evtchn_upcall_vector 23
struct xen_hvm_evtchn_upcall_vector
{
    uint32_t vcpu;  /* IN */
    uint8_t vector; /* IN: 0x10 .. 0xff */
};
typedef struct xen_hvm_evtchn_upcall_vector xen_hvm_evtchn_upcall_vector_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_evtchn_upcall_vector_t);

#define HVMOP_guest_request_vm_event 24

/* Several views of a guest's physical memory, each with rights of its own. */
#define HVMOP_altp2m 25
#define HVMOP_ALTP2M_INTERFACE_VERSION 0x00000001
struct xen_hvm_altp2m_domain_state
{
    uint8_t state; /* IN or OUT: enabled */
};
typedef struct xen_hvm_altp2m_domain_state xen_hvm_altp2m_domain_state_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_domain_state_t);

struct xen_hvm_altp2m_vcpu_enable_notify
{
    uint32_t vcpu_id;
    uint32_t pad;
    uint64_t gfn; /* of the page for #VE */
};
typedef struct xen_hvm_altp2m_vcpu_enable_notify
    xen_hvm_altp2m_vcpu_enable_notify_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_vcpu_enable_notify_t);

struct xen_hvm_altp2m_vcpu_disable_notify
{
    uint32_t vcpu_id;
};
typedef struct xen_hvm_altp2m_vcpu_disable_notify
    xen_hvm_altp2m_vcpu_disable_notify_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_vcpu_disable_notify_t);

struct xen_hvm_altp2m_view
{
    uint16_t view; /* IN; OUT (create) */
    uint16_t hvmmem_default_access; /* xenmem_access_t */
};
typedef struct xen_hvm_altp2m_view xen_hvm_altp2m_view_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_view_t);

struct xen_hvm_altp2m_mem_access
{
    uint16_t view;
    uint16_t access; /* IN or OUT: xenmem_access_t */
    uint32_t pad;
    uint64_t gfn;
};
typedef struct xen_hvm_altp2m_mem_access xen_hvm_altp2m_mem_access_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_mem_access_t);

struct xen_hvm_altp2m_set_mem_access_multi
{
    uint16_t view;
    uint16_t pad;
    uint32_t nr;
    uint64_t opaque; /* 0; the hypervisor's progress */
    XEN_GUEST_HANDLE(const_uint64) pfn_list;
    XEN_GUEST_HANDLE(const_uint8) access_list;
};

struct xen_hvm_altp2m_change_gfn
{
    uint16_t view;
    uint16_t pad1;
    uint32_t pad2;
    uint64_t old_gfn;
    uint64_t new_gfn; /* ~0: undo */
};
typedef struct xen_hvm_altp2m_change_gfn xen_hvm_altp2m_change_gfn_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_change_gfn_t);

struct xen_hvm_altp2m_suppress_ve
{
    uint16_t view;
    uint8_t suppress_ve;
    uint8_t pad1;
    uint32_t pad2;
    uint64_t gfn;
};

struct xen_hvm_altp2m_suppress_ve_multi
{
    uint16_t view;
    uint8_t suppress_ve;
    uint8_t pad1;
    int32_t first_error; /* 0; OUT: negated errno */
    uint64_t first_gfn;  /* the hypervisor's progress too */
    uint64_t last_gfn;
    uint64_t first_error_gfn; /* OUT */
};

struct xen_hvm_altp2m_get_vcpu_p2m_idx
{
    uint32_t vcpu_id;
    uint16_t altp2m_idx; /* OUT */
};

struct xen_hvm_altp2m_set_visibility
{
    uint16_t altp2m_idx;
    uint8_t visible; /* to VMFUNC */
    uint8_t pad;
};

struct xen_hvm_altp2m_op
{
    uint32_t version; /* HVMOP_ALTP2M_INTERFACE_VERSION */
    uint32_t cmd;
#define HVMOP_altp2m_get_domain_state 1
#define HVMOP_altp2m_set_domain_state 2
#define HVMOP_altp2m_vcpu_enable_notify 3
#define HVMOP_altp2m_create_p2m 4
#define HVMOP_altp2m_destroy_p2m 5
#define HVMOP_altp2m_switch_p2m 6
#define HVMOP_altp2m_set_mem_access 7
#define HVMOP_altp2m_change_gfn 8
#define HVMOP_altp2m_set_mem_access_multi 9
#define HVMOP_altp2m_set_suppress_ve 10
#define HVMOP_altp2m_get_suppress_ve 11
#define HVMOP_altp2m_get_mem_access 12
#define HVMOP_altp2m_vcpu_disable_notify 13
#define HVMOP_altp2m_get_p2m_idx 14
#define HVMOP_altp2m_set_suppress_ve_multi 15
#define HVMOP_altp2m_set_visibility 16
    domid_t domain;
    uint16_t pad1;
    uint32_t pad2;
    union
    {
        struct xen_hvm_altp2m_domain_state domain_state;
        struct xen_hvm_altp2m_vcpu_enable_notify enable_notify;
        struct xen_hvm_altp2m_view view;
        struct xen_hvm_altp2m_mem_access mem_access;
        struct xen_hvm_altp2m_change_gfn change_gfn;
        struct xen_hvm_altp2m_set_mem_access_multi set_mem_access_multi;
        struct xen_hvm_altp2m_suppress_ve suppress_ve;
        struct xen_hvm_altp2m_suppress_ve_multi suppress_ve_multi;
        struct xen_hvm_altp2m_vcpu_disable_notify disable_notify;
        struct xen_hvm_altp2m_get_vcpu_p2m_idx get_vcpu_p2m_idx;
        struct xen_hvm_altp2m_set_visibility set_visibility;
        uint8_t pad[64];
    } u;
};
typedef struct xen_hvm_altp2m_op xen_hvm_altp2m_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_hvm_altp2m_op_t);

#endif
