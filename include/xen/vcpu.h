/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op(cmd, vcpu, arg): a domain's operations on its own vCPUs.
 * -XEN_ENOENT: it has no such vCPU.
 */
#ifndef __XEN_PUBLIC_VCPU_H__
#define __XEN_PUBLIC_VCPU_H__

#include "xen.h"

/*
 * Arg: vcpu_guest_context (PV), vcpu_hvm_context of hvm/hvm_vcpu.h (HVM).
 * The vCPU must be down; -XEN_EEXIST: it is initialised already.
 */
#define VCPUOP_initialise 0
#define VCPUOP_up 1    /* -XEN_EINVAL: not initialised */
#define VCPUOP_down 2
#define VCPUOP_is_up 3 /* returns 1 or 0 */

#define VCPUOP_get_runstate_info 4
struct vcpu_runstate_info
{
    int state;                 /* RUNSTATE_* */
    uint64_t state_entry_time; /* system time, ns */
/* In state_entry_time while an update is under way, if so enabled. */
#define XEN_RUNSTATE_UPDATE (xen_mk_ullong(1) << 63)
    uint64_t time[4]; /* ns spent in each state */
};
typedef struct vcpu_runstate_info vcpu_runstate_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_runstate_info_t);
#define RUNSTATE_running 0
#define RUNSTATE_runnable 1 /* waits for a physical CPU */
#define RUNSTATE_blocked 2
#define RUNSTATE_offline 3

/* Keep a copy up to date at this virtual address. */
#define VCPUOP_register_runstate_memory_area 5
struct vcpu_register_runstate_memory_area
{
    union
    {
        XEN_GUEST_HANDLE(vcpu_runstate_info_t) h;
        struct vcpu_runstate_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_runstate_memory_area
    vcpu_register_runstate_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_runstate_memory_area_t);

/* Timers of the vCPU: each expiry raises VIRQ_TIMER. */
#define VCPUOP_set_periodic_timer 6
#define VCPUOP_stop_periodic_timer 7
struct vcpu_set_periodic_timer
{
    uint64_t period_ns; /* at least 1 ms */
};
typedef struct vcpu_set_periodic_timer vcpu_set_periodic_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_periodic_timer_t);

#define VCPUOP_set_singleshot_timer 8
#define VCPUOP_stop_singleshot_timer 9
struct vcpu_set_singleshot_timer
{
    uint64_t timeout_abs_ns; /* system time */
    uint32_t flags;          /* VCPU_SSHOTTMR_* */
};
typedef struct vcpu_set_singleshot_timer vcpu_set_singleshot_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_singleshot_timer_t);
#define _VCPU_SSHOTTMR_future (0) /* -XEN_ETIME if that is past */
#define VCPU_SSHOTTMR_future (1U << _VCPU_SSHOTTMR_future)

/* Move the vCPU's vcpu_info out of shared_info, once. */
#define VCPUOP_register_vcpu_info 10
struct vcpu_register_vcpu_info
{
    uint64_t mfn;    /* frame: a GPFN of a translated guest */
    uint32_t offset; /* bytes; may not cross the page end   */
    uint32_t rsvd;
};
typedef struct vcpu_register_vcpu_info vcpu_register_vcpu_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_vcpu_info_t);

#define VCPUOP_send_nmi 11

/* For a domain whose vCPUs are pinned. */
#define VCPUOP_get_physid 12
struct vcpu_get_physid
{
    uint64_t phys_id; /* OUT: APIC id, ACPI id in the high half */
};
typedef struct vcpu_get_physid vcpu_get_physid_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_get_physid_t);
#define xen_vcpu_physid_to_x86_apicid(physid) ((uint32_t)(physid))
#define xen_vcpu_physid_to_x86_acpiid(physid) ((uint32_t)((physid) >> 32))

DEFINE_XEN_GUEST_HANDLE(vcpu_time_info_t);

/* Keep a copy of the clock up to date at this virtual address. */
#define VCPUOP_register_vcpu_time_memory_area 13
struct vcpu_register_time_memory_area
{
    union
    {
        XEN_GUEST_HANDLE(vcpu_time_info_t) h;
        struct vcpu_time_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_time_memory_area vcpu_register_time_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_time_memory_area_t);

#endif
