/* SPDX-License-Identifier: MIT */
/*
 * The 32-bit part of arch-x86/xen.h: the register frame, and the arch part of
 * vcpu_info.
 *
 * Included by arch-x86/xen.h, which defines the types; include xen.h.
 */
#include "../xen.h"

#ifndef __XEN_PUBLIC_ARCH_X86_XEN_X86_32_H__
#define __XEN_PUBLIC_ARCH_X86_XEN_X86_32_H__

#if defined(__i386__) && !defined(__ASSEMBLY__)

struct cpu_user_regs
{
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
    uint32_t esi;
    uint32_t edi;
    uint32_t ebp;
    uint32_t eax;
    uint16_t error_code;
    uint16_t entry_vector;
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask;
    uint8_t _pad0;
    uint32_t eflags;
    uint32_t esp;
    uint16_t ss, _pad1;
    uint16_t es, _pad2;
    uint16_t ds, _pad3;
    uint16_t fs, _pad4;
    uint16_t gs, _pad5;
};
typedef struct cpu_user_regs cpu_user_regs_t;
DEFINE_XEN_GUEST_HANDLE(cpu_user_regs_t);

struct arch_vcpu_info
{
    unsigned long cr2; /* PV: address of the last page fault */
    unsigned long pad[5];
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

/* PV: where the upcall enters. */
struct xen_callback
{
    unsigned long cs;
    unsigned long eip;
};
typedef struct xen_callback xen_callback_t;

#endif

#endif
