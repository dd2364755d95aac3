/* SPDX-License-Identifier: MIT */
/*
 * The CPUID leaves a hypervisor shows its guests.  They start at 0x40000000,
 * or at a multiple of 0x100 above when another interface has the first.
 */
#ifndef __XEN_PUBLIC_ARCH_X86_CPUID_H__
#define __XEN_PUBLIC_ARCH_X86_CPUID_H__

#define XEN_CPUID_FIRST_LEAF 0x40000000
#define XEN_CPUID_LEAF(i) (XEN_CPUID_FIRST_LEAF + (i))

/* Leaf 0: EAX the highest leaf; EBX, ECX, EDX spell "XenVMMXenVMM". */
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566e

/*
 * Leaf 1: EAX version, major << 16 | minor.
 * Leaf 2: EAX number of hypercall pages, EBX the MSR that places them,
 *         ECX the features below.
 */
#define _XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 0
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD (1u << 0)

/*
 * Leaf 3: the TSC.  Sub-leaf 0: EAX flags (bit 0 emulated, 1 host TSC
 *         reliable, 2 RDTSCP), EBX tsc_mode, ECX guest kHz, EDX incarnation;
 *         1: offset (EAX, EBX), multiplier (ECX), shift (EDX); 2: EAX host kHz.
 * Leaf 4: HVM and PVH guests.
 */
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT (1u << 0) /* EAX */
#define XEN_HVM_CPUID_X2APIC_VIRT (1u << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS (1u << 2)
#define XEN_HVM_CPUID_VCPU_ID_PRESENT (1u << 3) /* EBX is the vCPU's number  */
#define XEN_HVM_CPUID_DOMID_PRESENT (1u << 4)   /* ECX is the domain's id    */
#define XEN_HVM_CPUID_EXT_DEST_ID (1u << 5)     /* 15-bit APIC ids in MSIs   */
#define XEN_HVM_CPUID_UPCALL_VECTOR (1u << 6)   /* upcall vectors serve PIRQs */

/* Leaf 5: PV guests; EBX width of host addresses. */
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK (0xffu << 0)

#define XEN_CPUID_MAX_NUM_LEAVES 5

#endif
