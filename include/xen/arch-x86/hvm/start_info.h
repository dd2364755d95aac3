/* SPDX-License-Identifier: MIT */
/*
 * How a PVH guest starts, and what it finds.
 *
 * At XEN_ELFNOTE_PHYS32_ENTRY the vCPU is in 32-bit protected mode, paging
 * off: EBX the physical address of hvm_start_info, CR0 = PE (and ET), CR4 = 0,
 * CS a flat 4 GiB code segment, DS ES SS flat 4 GiB data segments, TR of base
 * 0 and limit 0x67, EFLAGS with IF, VM and TF clear.  All addresses below are
 * guest-physical; 0 means "none".
 */
#ifndef __XEN_PUBLIC_ARCH_X86_HVM_START_INFO_H__
#define __XEN_PUBLIC_ARCH_X86_HVM_START_INFO_H__

#ifndef __ASSEMBLY__
#include <stdint.h>
#endif

#define XEN_HVM_START_MAGIC_VALUE 0x336ec578 /* "xEn3", bit 7 of E set */

/* hvm_memmap_table_entry.type: E820's numbers */
#define XEN_HVM_MEMMAP_TYPE_RAM 1
#define XEN_HVM_MEMMAP_TYPE_RESERVED 2
#define XEN_HVM_MEMMAP_TYPE_ACPI 3
#define XEN_HVM_MEMMAP_TYPE_NVS 4
#define XEN_HVM_MEMMAP_TYPE_UNUSABLE 5
#define XEN_HVM_MEMMAP_TYPE_DISABLED 6
#define XEN_HVM_MEMMAP_TYPE_PMEM 7

#ifndef __ASSEMBLY__
struct hvm_start_info
{
    uint32_t magic;
    uint32_t version;       /* 1: the memmap fields exist             */
    uint32_t flags;         /* SIF_* of xen.h                         */
    uint32_t nr_modules;
    uint64_t modlist_paddr; /* hvm_modlist_entry[nr_modules]          */
    uint64_t cmdline_paddr; /* zero-terminated                        */
    uint64_t rsdp_paddr;    /* ACPI                                   */
    uint64_t memmap_paddr;  /* hvm_memmap_table_entry[memmap_entries] */
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct hvm_modlist_entry
{
    uint64_t paddr;
    uint64_t size; /* bytes */
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

struct hvm_memmap_table_entry
{
    uint64_t addr;
    uint64_t size; /* bytes */
    uint32_t type;
    uint32_t reserved;
};
#endif

#endif
