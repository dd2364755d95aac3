/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors of a CPU, and the first words of struct cpu, for
 * assembler sources too.
 *
 * A PV guest has the first 14 pages of the descriptor table for its own
 * descriptors; those of the hypervisor, and those that every PV guest may use,
 * are in the page after these: selectors from 0xe000 on, as xen-x86_64.h has
 * them.
 */
#ifndef X86_SELECTORS_H
#define X86_SELECTORS_H

#define GDT_GUEST_PAGES 14
#define GDT_FIRST (GDT_GUEST_PAGES * 512) /* the first of the page of ours */
#define GDT_LIMIT 0xffff

/* Slots of that page. */
#define GDT_CODE 1
#define GDT_DATA 2
#define GDT_RING3_CODE32 4
#define GDT_RING3_DATA 5
#define GDT_RING3_CODE64 6
#define GDT_TSS 8  /* two slots */
#define GDT_LDT 10 /* two slots */
#define GDT_SLOTS 512

#define SELECTOR(slot) ((GDT_FIRST + (slot)) * 8)
#define SELECTOR_CODE SELECTOR(GDT_CODE)
#define SELECTOR_DATA SELECTOR(GDT_DATA) /* SYSCALL counts on it: CODE + 8 */
#define SELECTOR_TSS SELECTOR(GDT_TSS)
#define SELECTOR_LDT SELECTOR(GDT_LDT)
#define RING3_CS32 (SELECTOR(GDT_RING3_CODE32) + 3)
#define RING3_DS (SELECTOR(GDT_RING3_DATA) + 3)
#define RING3_CS64 (SELECTOR(GDT_RING3_CODE64) + 3)

/* Offsets in struct cpu. */
#define CPU_TRAP_RSP 16
#define CPU_RUN_RSP 24
#define CPU_GUEST_RSP 32

/* trap_frame.vector of what comes without one. */
#define VECTOR_SYSCALL 0x100
#define VECTOR_SYSCALL32 0x101

#endif
