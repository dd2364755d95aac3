/* SPDX-License-Identifier: MIT */
/*
 * The x86 part of xen.h: guest handles, frame numbers, the state of a PV
 * vCPU, and what the toolstack chooses when it makes a domain.
 */
#include "../xen.h"

#ifndef __XEN_PUBLIC_ARCH_X86_XEN_H__
#define __XEN_PUBLIC_ARCH_X86_XEN_H__

#ifndef __ASSEMBLY__

/*
 * A guest handle is a pointer into the caller's memory, wrapped in a struct
 * so that it cannot be dereferenced by mistake.
 */
#define ___DEFINE_XEN_GUEST_HANDLE(name, type) \
    typedef struct                             \
    {                                          \
        type *p;                               \
    } __guest_handle_##name
#define __DEFINE_XEN_GUEST_HANDLE(name, type) \
    ___DEFINE_XEN_GUEST_HANDLE(name, type);   \
    ___DEFINE_XEN_GUEST_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name) __DEFINE_XEN_GUEST_HANDLE(name, name)
#define __XEN_GUEST_HANDLE(name) __guest_handle_##name
#define XEN_GUEST_HANDLE(name) __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name) XEN_GUEST_HANDLE(name)
#define set_xen_guest_handle_raw(hnd, val) \
    do                                     \
    {                                      \
        (hnd).p = val;                     \
    } while ( 0 )
#define set_xen_guest_handle(hnd, val) set_xen_guest_handle_raw(hnd, val)

typedef unsigned long xen_pfn_t; /* a frame number: address >> 12 */
#define PRI_xen_pfn "lx"
#define PRIu_xen_pfn "lu"

typedef unsigned long xen_ulong_t;
#define PRI_xen_ulong "lx"

typedef uint64_t tsc_timestamp_t; /* a value of RDTSC */

#endif

#define XEN_HAVE_PV_GUEST_ENTRY 1
#define XEN_HAVE_PV_UPCALL_MASK 1

/* GDT entries from here on belong to the hypervisor (PV). */
#define FIRST_RESERVED_GDT_PAGE 14
#define FIRST_RESERVED_GDT_BYTE (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* vCPUs with a vcpu_info in shared_info; later ones register their own. */
#define XEN_LEGACY_MAX_VCPUS 32

#ifdef __i386__
#include "xen-x86_32.h"
#else
#include "xen-x86_64.h"
#endif

#ifndef __ASSEMBLY__

/* trap_info.flags: bits 0-1 the privilege level, bit 2 "mask events" */
#define TI_GET_DPL(_ti) ((_ti)->flags & 3)
#define TI_GET_IF(_ti) ((_ti)->flags & 4)
#define TI_SET_DPL(_ti, _dpl) ((_ti)->flags |= (_dpl))
#define TI_SET_IF(_ti, _if) ((_ti)->flags |= ((!!(_if)) << 2))

/* One entry of set_trap_table(), which ends at address 0. */
struct trap_info
{
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    unsigned long address;
};
typedef struct trap_info trap_info_t;
DEFINE_XEN_GUEST_HANDLE(trap_info_t);

/* vcpu_guest_context.flags */
#define VGCF_I387_VALID (1 << 0)
#define VGCF_IN_KERNEL (1 << 2)
#define _VGCF_i387_valid 0
#define VGCF_i387_valid (1 << _VGCF_i387_valid)
#define _VGCF_in_kernel 2
#define VGCF_in_kernel (1 << _VGCF_in_kernel)
#define _VGCF_failsafe_disables_events 3
#define VGCF_failsafe_disables_events (1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events 4
#define VGCF_syscall_disables_events (1 << _VGCF_syscall_disables_events)
#define _VGCF_online 5
#define VGCF_online (1 << _VGCF_online)

/* The whole state of a PV vCPU: VCPUOP_initialise. */
struct vcpu_guest_context
{
    struct
    {
        char x[512]; /* FXSAVE image */
    } fpu_ctxt;
    unsigned long flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    unsigned long ldt_base, ldt_ents;
    unsigned long gdt_frames[16], gdt_ents;
    unsigned long kernel_ss, kernel_sp;
    unsigned long ctrlreg[8]; /* CR0, CR3, CR4 at their own index */
    unsigned long debugreg[8];
#ifdef __i386__
    unsigned long event_callback_cs, event_callback_eip;
    unsigned long failsafe_callback_cs, failsafe_callback_eip;
#else
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_eip;
    unsigned long syscall_callback_eip;
#endif
    unsigned long vm_assist; /* bits 1 << VMASST_TYPE_* */
#ifndef __i386__
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
#endif
};
typedef struct vcpu_guest_context vcpu_guest_context_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_guest_context_t);

/* The tail of shared_info; a PV guest publishes its p2m here for the tools. */
struct arch_shared_info
{
    unsigned long max_pfn;
    xen_pfn_t pfn_to_mfn_frame_list_list;
    unsigned long nmi_reason; /* XEN_NMIREASON_* of nmi.h */
    unsigned long p2m_cr3;
    unsigned long p2m_vaddr;
    unsigned long p2m_generation; /* odd while the p2m changes */
#ifdef __i386__
    uint32_t wc_sec_hi; /* which has its place in shared_info otherwise */
#endif
};
typedef struct arch_shared_info arch_shared_info_t;

#if defined(__XEN__) || defined(__XEN_TOOLS__)
/* Devices the hypervisor itself emulates for a domain. */
#define _XEN_X86_EMU_LAPIC 0
#define XEN_X86_EMU_LAPIC (1U << _XEN_X86_EMU_LAPIC)
#define _XEN_X86_EMU_HPET 1
#define XEN_X86_EMU_HPET (1U << _XEN_X86_EMU_HPET)
#define _XEN_X86_EMU_PM 2
#define XEN_X86_EMU_PM (1U << _XEN_X86_EMU_PM)
#define _XEN_X86_EMU_RTC 3
#define XEN_X86_EMU_RTC (1U << _XEN_X86_EMU_RTC)
#define _XEN_X86_EMU_IOAPIC 4
#define XEN_X86_EMU_IOAPIC (1U << _XEN_X86_EMU_IOAPIC)
#define _XEN_X86_EMU_PIC 5
#define XEN_X86_EMU_PIC (1U << _XEN_X86_EMU_PIC)
#define _XEN_X86_EMU_VGA 6
#define XEN_X86_EMU_VGA (1U << _XEN_X86_EMU_VGA)
#define _XEN_X86_EMU_IOMMU 7
#define XEN_X86_EMU_IOMMU (1U << _XEN_X86_EMU_IOMMU)
#define _XEN_X86_EMU_PIT 8
#define XEN_X86_EMU_PIT (1U << _XEN_X86_EMU_PIT)
#define _XEN_X86_EMU_USE_PIRQ 9
#define XEN_X86_EMU_USE_PIRQ (1U << _XEN_X86_EMU_USE_PIRQ)
#define _XEN_X86_EMU_VPCI 10
#define XEN_X86_EMU_VPCI (1U << _XEN_X86_EMU_VPCI)
#define XEN_X86_EMU_ALL ((1U << (_XEN_X86_EMU_VPCI + 1)) - 1)

#define XEN_X86_MSR_RELAXED (1u << 0) /* unknown MSRs read 0, drop writes */
#define XEN_X86_MISC_FLAGS_MAX XEN_X86_MSR_RELAXED

struct xen_arch_domainconfig
{
    uint32_t emulation_flags; /* XEN_X86_EMU_*  */
    uint32_t misc_flags;      /* XEN_X86_MSR_*  */
};
#endif

#define XEN_CPUID_NO_SUBLEAF 0xffffffffu /* the leaf has no sub-leaves */

/* One answer of the CPUID instruction. */
typedef struct xen_cpuid_leaf
{
    uint32_t leaf, subleaf;
    uint32_t a, b, c, d;
} xen_cpuid_leaf_t;
DEFINE_XEN_GUEST_HANDLE(xen_cpuid_leaf_t);

typedef struct xen_msr_entry
{
    uint32_t idx;
    uint32_t flags; /* must be 0 */
    uint64_t val;
} xen_msr_entry_t;
DEFINE_XEN_GUEST_HANDLE(xen_msr_entry_t);

#endif /* __ASSEMBLY__ */

/* An instruction a PV guest wants emulated: "ud2; xen" before it. */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID XEN_EMULATE_PREFIX "cpuid"
#endif

/* HVM guests: a byte written to this port goes to the hypervisor's log. */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

#endif
