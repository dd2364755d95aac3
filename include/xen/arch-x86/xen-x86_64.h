/* SPDX-License-Identifier: MIT */
/*
 * The 64-bit part of arch-x86/xen.h: selectors and address ranges of PV
 * guests, the register frame, and the arch part of vcpu_info.
 *
 * Included by arch-x86/xen.h, which defines the types; include xen.h.
 */
#include "../xen.h"

#ifndef __XEN_PUBLIC_ARCH_X86_XEN_X86_64_H__
#define __XEN_PUBLIC_ARCH_X86_XEN_X86_64_H__

/* Flat segments that every PV guest's GDT has, in the reserved part. */
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS32 0xe02b
#define FLAT_RING3_DS64 0x0000
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_SS64 0xe02b

#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_DS FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_CS FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_SS FLAT_KERNEL_SS64

#define FLAT_USER_DS64 FLAT_RING3_DS64
#define FLAT_USER_DS32 FLAT_RING3_DS32
#define FLAT_USER_DS FLAT_USER_DS64
#define FLAT_USER_CS64 FLAT_RING3_CS64
#define FLAT_USER_CS32 FLAT_RING3_CS32
#define FLAT_USER_CS FLAT_USER_CS64
#define FLAT_USER_SS64 FLAT_RING3_SS64
#define FLAT_USER_SS32 FLAT_RING3_SS32
#define FLAT_USER_SS FLAT_USER_SS64

/* Addresses a PV guest must leave to the hypervisor: 16 top-level slots. */
#define __HYPERVISOR_VIRT_START 0xFFFF800000000000
#define __HYPERVISOR_VIRT_END 0xFFFF880000000000
#define __MACH2PHYS_VIRT_START 0xFFFF800000000000
#define __MACH2PHYS_VIRT_END 0xFFFF804000000000

#define HYPERVISOR_VIRT_START xen_mk_ulong(__HYPERVISOR_VIRT_START)
#define HYPERVISOR_VIRT_END xen_mk_ulong(__HYPERVISOR_VIRT_END)
#define MACH2PHYS_VIRT_START xen_mk_ulong(__MACH2PHYS_VIRT_START)
#define MACH2PHYS_VIRT_END xen_mk_ulong(__MACH2PHYS_VIRT_END)
#define MACH2PHYS_NR_ENTRIES ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)
#define machine_to_phys_mapping ((unsigned long *)HYPERVISOR_VIRT_START)

/* set_segment_base(which, value) */
#define SEGBASE_FS 0
#define SEGBASE_GS_USER 1
#define SEGBASE_GS_KERNEL 2
#define SEGBASE_GS_USER_SEL 3 /* value is a selector */

/* iret_context.flags: return with SYSRET, losing rcx and r11 */
#define _VGCF_in_syscall 8
#define VGCF_in_syscall (1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL VGCF_in_syscall

#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

#ifndef __ASSEMBLY__

/* What a PV kernel leaves on its stack for the iret hypercall. */
struct iret_context
{
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/*
 * The registers of a vCPU.  The toolstack and the hypervisor may name the
 * parts of a register; a guest, whose own headers often define names such
 * as "ax" as macros, gets the 64- and 32-bit ones only.
 */
#if defined(__XEN__) || defined(__XEN_TOOLS__)
#define __XEN_REG_AX(n)       \
    __extension__ union       \
    {                         \
        uint64_t r##n##x;     \
        uint32_t e##n##x;     \
        uint16_t n##x;        \
        __extension__ struct  \
        {                     \
            uint8_t n##l;     \
            uint8_t n##h;     \
        };                    \
    }
#define __XEN_REG_SI(n)       \
    __extension__ union       \
    {                         \
        uint64_t r##n;        \
        uint32_t e##n;        \
        uint16_t n;           \
        uint8_t n##l;         \
    }
#define __XEN_REG_IP(n)       \
    __extension__ union       \
    {                         \
        uint64_t r##n;        \
        uint32_t e##n;        \
        uint16_t n;           \
    }
#define __XEN_REG_R8(n)       \
    __extension__ union       \
    {                         \
        uint64_t r##n;        \
        uint32_t r##n##d;     \
        uint16_t r##n##w;     \
        uint8_t r##n##b;      \
    }
#else
#define __XEN_REG_IP(n)       \
    __extension__ union       \
    {                         \
        uint64_t r##n, e##n;  \
        uint32_t _e##n;       \
    }
#define __XEN_REG_AX(n) __XEN_REG_IP(n##x)
#define __XEN_REG_SI(n) __XEN_REG_IP(n)
#define __XEN_REG_R8(n) uint64_t r##n
#endif

struct cpu_user_regs
{
    __XEN_REG_R8(15);
    __XEN_REG_R8(14);
    __XEN_REG_R8(13);
    __XEN_REG_R8(12);
    __XEN_REG_SI(bp);
    __XEN_REG_AX(b);
    __XEN_REG_R8(11);
    __XEN_REG_R8(10);
    __XEN_REG_R8(9);
    __XEN_REG_R8(8);
    __XEN_REG_AX(a);
    __XEN_REG_AX(c);
    __XEN_REG_AX(d);
    __XEN_REG_SI(si);
    __XEN_REG_SI(di);
    uint32_t error_code;
    uint32_t entry_vector;
    __XEN_REG_IP(ip);
    uint16_t cs, _pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t _pad1[3];
    __XEN_REG_IP(flags);
    __XEN_REG_SI(sp);
    uint16_t ss, _pad2[3];
    uint16_t es, _pad3[3];
    uint16_t ds, _pad4[3];
    uint16_t fs, _pad5[3];
    uint16_t gs, _pad6[3];
};
typedef struct cpu_user_regs cpu_user_regs_t;
DEFINE_XEN_GUEST_HANDLE(cpu_user_regs_t);

#undef __XEN_REG_AX
#undef __XEN_REG_SI
#undef __XEN_REG_IP
#undef __XEN_REG_R8

struct arch_vcpu_info
{
    unsigned long cr2; /* PV: address of the last page fault */
    unsigned long pad;
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

typedef unsigned long xen_callback_t; /* PV: where the upcall enters */

#endif /* __ASSEMBLY__ */

#endif
