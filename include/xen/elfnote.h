/* SPDX-License-Identifier: MIT */
/*
 * ELF notes named "Xen": what a kernel image tells the domain builder.
 * Values are numbers of 4 or 8 bytes unless said otherwise.
 */
#ifndef __XEN_PUBLIC_ELFNOTE_H__
#define __XEN_PUBLIC_ELFNOTE_H__

#define XEN_ELFNOTE_INFO 0           /* text                               */
#define XEN_ELFNOTE_ENTRY 1          /* PV: first instruction              */
#define XEN_ELFNOTE_HYPERCALL_PAGE 2 /* address to fill with the page      */
#define XEN_ELFNOTE_VIRT_BASE 3      /* where guest frame 0 is mapped      */
#define XEN_ELFNOTE_PADDR_OFFSET 4
#define XEN_ELFNOTE_XEN_VERSION 5    /* text: "xen-3.0"                    */
#define XEN_ELFNOTE_GUEST_OS 6       /* text                               */
#define XEN_ELFNOTE_GUEST_VERSION 7  /* text                               */
#define XEN_ELFNOTE_LOADER 8         /* text: "generic"                    */
#define XEN_ELFNOTE_PAE_MODE 9       /* text: "yes", "no", "bimodal"       */
#define XEN_ELFNOTE_FEATURES 10      /* text: names of features.h, | apart */
#define XEN_ELFNOTE_BSD_SYMTAB 11    /* text: "yes" wants the symbols      */
#define XEN_ELFNOTE_HV_START_LOW 12
#define XEN_ELFNOTE_L1_MFN_VALID 13  /* pairs of mask and value            */
#define XEN_ELFNOTE_SUSPEND_CANCEL 14
#define XEN_ELFNOTE_INIT_P2M 15      /* PV: address of the p2m array       */
#define XEN_ELFNOTE_MOD_START_PFN 16
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* bits 1 << XENFEAT_*           */
#define XEN_ELFNOTE_PHYS32_ENTRY 18  /* PVH: entry, 32-bit, paging off     */
#define XEN_ELFNOTE_MAX XEN_ELFNOTE_PHYS32_ENTRY

/* Notes of the hypervisor's own core file, after a crash. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001 /* versions and control registers */
#define XEN_ELFNOTE_CRASH_REGS 0x1000002 /* of one CPU                     */

/* Notes of a domain's core file, as the toolstack writes it. */
#define XEN_ELFNOTE_DUMPCORE_NONE 0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER 0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION 0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif
