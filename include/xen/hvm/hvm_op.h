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

#define HVMOP_xentrace 11
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
#define HVMOP_altp2m 25

#endif
