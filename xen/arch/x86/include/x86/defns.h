/* SPDX-License-Identifier: MIT */
/*
 * The architecture's numbers: register bits, exception vectors, MSRs, CPUID
 * bits, page table bits.  Each name is defined here only (make lint), for the
 * bare machine, the hosted engine, assembler sources and tests.
 */
#ifndef X86_DEFNS_H
#define X86_DEFNS_H

#ifdef __ASSEMBLER__
#define X86_BIT(n) (1 << (n))
#define X86_BIT32(n) (1 << (n))
#define X86_UL(n) (n)
#else
#define X86_BIT(n) (1UL << (n))
#define X86_BIT32(n) (1U << (n))
#define X86_UL(n) n##UL
#endif

/* ---- control registers ---- */

#define CR0_PE X86_BIT(0)
#define CR0_MP X86_BIT(1)
#define CR0_EM X86_BIT(2)
#define CR0_TS X86_BIT(3)
#define CR0_ET X86_BIT(4)
#define CR0_NE X86_BIT(5)
#define CR0_WP X86_BIT(16)
#define CR0_AM X86_BIT(18)
#define CR0_NW X86_BIT(29)
#define CR0_CD X86_BIT(30)
#define CR0_PG X86_BIT(31)

#define CR3_PCID X86_UL(0xfff)
#define CR3_KEEP_TLB X86_BIT(63) /* in the operand of MOV to CR3, with PCIDs */

#define CR4_VME X86_BIT(0)
#define CR4_PVI X86_BIT(1)
#define CR4_TSD X86_BIT(2)
#define CR4_DE X86_BIT(3)
#define CR4_PSE X86_BIT(4)
#define CR4_PAE X86_BIT(5)
#define CR4_MCE X86_BIT(6)
#define CR4_PGE X86_BIT(7)
#define CR4_PCE X86_BIT(8)
#define CR4_OSFXSR X86_BIT(9)
#define CR4_OSXMMEXCPT X86_BIT(10)
#define CR4_UMIP X86_BIT(11)
#define CR4_FSGSBASE X86_BIT(16)
#define CR4_PCIDE X86_BIT(17)
#define CR4_OSXSAVE X86_BIT(18)
#define CR4_SMEP X86_BIT(20)
#define CR4_SMAP X86_BIT(21)
#define CR4_PKE X86_BIT(22)

#define XCR0_X87 X86_BIT(0)
#define XCR0_SSE X86_BIT(1)
#define XCR0_AVX X86_BIT(2)
#define XCR0_AVX512 (X86_BIT(5) | X86_BIT(6) | X86_BIT(7))
#define XCR0_PKRU X86_BIT(9)

#define EFER_SCE X86_BIT(0)
#define EFER_LME X86_BIT(8)
#define EFER_LMA X86_BIT(10)
#define EFER_NX X86_BIT(11)
#define EFER_SVME X86_BIT(12)
#define EFER_FFXSR X86_BIT(14)

/* ---- flags ---- */

#define RFLAGS_CF X86_BIT(0)
#define RFLAGS_FIXED X86_BIT(1) /* reads as one */
#define RFLAGS_PF X86_BIT(2)
#define RFLAGS_AF X86_BIT(4)
#define RFLAGS_ZF X86_BIT(6)
#define RFLAGS_SF X86_BIT(7)
#define RFLAGS_TF X86_BIT(8)
#define RFLAGS_IF X86_BIT(9)
#define RFLAGS_DF X86_BIT(10)
#define RFLAGS_OF X86_BIT(11)
#define RFLAGS_IOPL (X86_BIT(12) | X86_BIT(13))
#define RFLAGS_IOPL_SHIFT 12
#define RFLAGS_NT X86_BIT(14)
#define RFLAGS_RF X86_BIT(16)
#define RFLAGS_VM X86_BIT(17)
#define RFLAGS_AC X86_BIT(18)
#define RFLAGS_VIF X86_BIT(19)
#define RFLAGS_VIP X86_BIT(20)
#define RFLAGS_ID X86_BIT(21)
#define RFLAGS_ARITH                                                         \
    (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define RFLAGS_DEFINED X86_UL(0x3f7fd7) /* all others are reserved: zero */

/* ---- debug registers ---- */

#define DR6_BREAKPOINTS X86_UL(0xf)
#define DR6_BD X86_BIT(13)
#define DR6_BS X86_BIT(14)
#define DR6_BT X86_BIT(15)
#define DR6_ZERO X86_BIT(12)         /* the bit that reads as zero */
#define DR6_RESET X86_UL(0xffff0ff0) /* the bits that read as one */

#define DR7_GD X86_BIT(13)
#define DR7_DEFINED X86_UL(0xffff23ff) /* all others are not kept */
#define DR7_RESET X86_UL(0x400)        /* the bit that reads as one */

/* ---- exceptions ---- */

#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_BP 3
#define VECTOR_OF 4
#define VECTOR_BR 5
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_DF 8
#define VECTOR_TS 10
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MF 16
#define VECTOR_AC 17
#define VECTOR_MC 18
#define VECTOR_XM 19
#define VECTOR_FIRST_DEVICE 0x20 /* below: exceptions */
#define VECTOR_LINUX 0x80 /* INT 0x80 of ring 3; no device has it */

/* ---- page table entries ---- */

#define PTE_P X86_BIT(0)
#define PTE_RW X86_BIT(1)
#define PTE_US X86_BIT(2)
#define PTE_PWT X86_BIT(3)
#define PTE_PCD X86_BIT(4)
#define PTE_A X86_BIT(5)
#define PTE_D X86_BIT(6)
#define PTE_PS X86_BIT(7)
#define PTE_NX X86_BIT(63)
#define PTE_ADDRESS X86_UL(0x000ffffffffff000)

/* ---- MSRs ---- */

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_PRED_CMD 0x49
#define MSR_PATCH_LEVEL 0x8b
#define MSR_PLATFORM_INFO 0xce
#define MSR_MTRR_CAP 0xfe
#define MTRR_CAP_NR 0xffU /* variable ones */
#define MTRR_CAP_FIXED (1U << 8)
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_MISC_FEATURES 0x140
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_DEBUGCTL 0x1d9
#define MSR_MTRR_FIRST 0x200
#define MSR_MTRR_FIX64K 0x250
#define MSR_MTRR_FIX16K 0x258 /* and 0x259        */
#define MSR_MTRR_FIX4K 0x268  /* and seven others */
#define MSR_PAT 0x277
#define MSR_MTRR_DEFAULT 0x2ff
#define MSR_X2APIC_FIRST 0x800
#define MSR_X2APIC_LAST 0x8ff
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103

/* AMD's */
#define MSR_SYSCFG 0xc0010010
#define MSR_HWCR 0xc0010015
#define MSR_IORR_FIRST 0xc0010016 /* and three others */
#define MSR_TOP_MEM 0xc001001a
#define MSR_TOP_MEM2 0xc001001d
#define MSR_NB_CFG 0xc001001f
#define MSR_INTERRUPT_PENDING 0xc0010055
#define MSR_CSTATE_BASE 0xc0010073
#define MSR_SMM_ADDR 0xc0010112
#define MSR_SMM_MASK 0xc0010113
#define MSR_VM_CR 0xc0010114
#define MSR_VM_HSAVE_PA 0xc0010117
#define MSR_LS_CFG 0xc0011020
#define MSR_DE_CFG 0xc0011029
#define MSR_BP_CFG_2 0xc00110e3

/* Hypervisors', at the number that their CPUID leaves tell. */
#define MSR_HYPERCALL_PAGE 0x40000000

#define APIC_BASE_BSP X86_BIT32(8)
#define APIC_BASE_X2APIC X86_BIT32(10)
#define APIC_BASE_ENABLE X86_BIT32(11)
#define APIC_BASE_ADDRESS X86_UL(0x000ffffffffff000)
#define PRED_CMD_IBPB 1
#define PLATFORM_INFO_CPUID_FAULTING X86_BIT(31)
#define MISC_FEATURES_CPUID_FAULTING X86_BIT(0)
#define DEBUGCTL_LBR X86_BIT(0)
#define DEBUGCTL_BTF X86_BIT(1)
#define PAT_RESET X86_UL(0x0007040600070406)

/* ---- CPUID: leaf (E: 0x8000000x), register, feature ---- */

#define CPUID_1C_MONITOR X86_BIT32(3)
#define CPUID_1C_PCID X86_BIT32(17)
#define CPUID_1C_X2APIC X86_BIT32(21)
#define CPUID_1C_XSAVE X86_BIT32(26)
#define CPUID_1C_OSXSAVE X86_BIT32(27)
#define CPUID_1C_HYPERVISOR X86_BIT32(31)
#define CPUID_1D_VME X86_BIT32(1)
#define CPUID_1D_DE X86_BIT32(2)
#define CPUID_1D_PSE X86_BIT32(3)
#define CPUID_1D_TSC X86_BIT32(4)
#define CPUID_1D_PAE X86_BIT32(6)
#define CPUID_1D_MCE X86_BIT32(7)
#define CPUID_1D_APIC X86_BIT32(9)
#define CPUID_1D_SEP X86_BIT32(11)
#define CPUID_1D_MTRR X86_BIT32(12)
#define CPUID_1D_PGE X86_BIT32(13)
#define CPUID_1D_MCA X86_BIT32(14)
#define CPUID_1D_PSE36 X86_BIT32(17)
#define CPUID_1D_FXSR X86_BIT32(24)
#define CPUID_1D_SSE X86_BIT32(25)
#define CPUID_6A_ARAT X86_BIT32(2) /* the local APIC's timer never stops */
#define CPUID_7B_FSGSBASE X86_BIT32(0)
#define CPUID_7B_BMI1 X86_BIT32(3)
#define CPUID_7B_SMEP X86_BIT32(7)
#define CPUID_7B_INVPCID X86_BIT32(10)
#define CPUID_7B_SMAP X86_BIT32(20)
#define CPUID_7C_UMIP X86_BIT32(2)
#define CPUID_7C_PKU X86_BIT32(3)
#define CPUID_D1A_XSAVEC X86_BIT32(1) /* subleaf 1 */
#define CPUID_D1A_XSAVES X86_BIT32(3)
#define CPUID_E1C_SVM X86_BIT32(2)
#define CPUID_E1C_CR8_LEGACY X86_BIT32(4)
#define CPUID_E1C_LZCNT X86_BIT32(5)
#define CPUID_E1D_SYSCALL X86_BIT32(11)
#define CPUID_E1D_NX X86_BIT32(20)
#define CPUID_E1D_FFXSR X86_BIT32(25)
#define CPUID_E1D_PAGE1GB X86_BIT32(26)
#define CPUID_E1D_RDTSCP X86_BIT32(27)
#define CPUID_E1D_LM X86_BIT32(29)
#define CPUID_E7D_ITSC X86_BIT32(8)
#define CPUID_E8B_XSAVE_POINTERS X86_BIT32(2) /* XRSTOR leaves no old ones */
#define CPUID_E8B_IBPB X86_BIT32(12)
#define CPUID_E8B_NO_LMSL X86_BIT32(20) /* EFER.LMSLE is refused */

#endif
