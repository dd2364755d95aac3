/* SPDX-License-Identifier: MIT */
/* What a vcpu is as one of a PV guest.  (Its memory: pv-mm/pv-mm.h.) */
#ifndef ASM_PV_DOMAIN_H
#define ASM_PV_DOMAIN_H

#include <x86/irq.h>
#include <x86/selectors.h>

#include <xen/xen.h>

/* Where a PV kernel is entered other than by its trap table; 0: nowhere. */
struct pv_callback {
    uint64_t address;
    bool mask_events;
};

enum pv_entry_point {
    PV_ENTRY_EVENT, PV_ENTRY_FAILSAFE, PV_ENTRY_SYSCALL, PV_ENTRY_SYSCALL32,
    PV_ENTRY_SYSENTER, NR_PV_ENTRY_POINTS
};

/* While the vcpu's state is in a CPU, fields with [R] are in registers. */
struct pv_vcpu {
    struct trap_frame *regs; /* [I] 16-byte aligned, as the processor wants  */
    bool kernel;           /* its kernel runs, not a program                 */
    bool ts;               /* CR0.TS as its kernel set it                    */
    uint8_t iopl;          /* that port accesses are compared with           */
    uint16_t ds, es, fs, gs;           /* [R] */
    bool refused;          /* one of them could not be loaded                */
    bool load_again;       /* since work on tables was left                  */
    uint64_t fs_base;                  /* [R] */
    uint64_t gs_base_kernel;           /* [R] when the kernel runs           */
    uint64_t gs_base_user;             /* [R] when a program runs            */
    uint64_t kernel_sp;    /* its kernel's stack, when a program is left     */
    uint64_t kernel_ss;
    uint64_t cr4;          /* as its kernel reads it                         */
    uint64_t dr6, dr7;
    struct pv_callback entry[NR_PV_ENTRY_POINTS];
    struct trap_info trap[256];
};

#endif
