/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine control block, as the processor defines it (AMD64
 * Architecture Programmer's Manual volume 2, appendices B and C): what is
 * intercepted and why it came out, then the guest's registers.
 *
 * The processor may keep parts of it between entries: `clean` says which are
 * as it left them.  Whoever writes a field that has a bit there clears it:
 * vmcb_changed().  rax, rsp, rip, rflags, the interrupt shadow, the event to
 * inject, TLB control and what VMLOAD loads have none.
 */
#ifndef SVM_VMCB_H
#define SVM_VMCB_H

#include <hv/types.h>

/*
 * The six words of intercepts; what each bit is stands in intercepts.c.  Bit b
 * of word w ends guest mode with exit code w * 0x20 + b.
 */
#define NR_INTERCEPT_WORDS 6

/* intercept_cr: reads, then writes; intercept_exceptions: bits by vector */
#define INTERCEPT_CR8_WRITE (1U << 24)

/* intercept_1 */
#define INTERCEPT_VINTR (1U << 4)
#define INTERCEPT_IRET (1U << 20)

/* intercept_2 */
#define INTERCEPT_VMRUN (1U << 0)

#define TLB_FLUSH_ALL 1
#define TLB_FLUSH_THIS_ASID 3 /* with CPUID's FlushByAsid */

/* vintr */
#define VINTR_TPR 0xffUL /* CR8 in bits 0-3 */
#define VINTR_IRQ (1UL << 8)
#define VINTR_PRIO (0xfUL << 16)
#define VINTR_IGNORE_TPR (1UL << 20)
#define VINTR_MASKING (1UL << 24) /* IF and CR8 are the guest's own */
#define VINTR_VECTOR_SHIFT 32

/* exit_int_info and event_inject; the error code in bits 32-63 */
#define EVENT_VECTOR 0xffUL
#define EVENT_TYPE (7UL << 8)
#define EVENT_INTR (0UL << 8)
#define EVENT_NMI (2UL << 8)
#define EVENT_EXCEPTION (3UL << 8)
#define EVENT_SOFTWARE (4UL << 8) /* INT n */
#define EVENT_HAS_ERROR (1UL << 11)
#define EVENT_VALID (1UL << 31)
#define EVENT_ERROR_SHIFT 32

#define NP_ENABLE 1UL

/* clean */
#define CLEAN_INTERCEPTS (1U << 0) /* and TSC offset */
#define CLEAN_MAPS (1U << 1)
#define CLEAN_ASID (1U << 2)
#define CLEAN_VINTR (1U << 3)
#define CLEAN_NP (1U << 4) /* and PAT */
#define CLEAN_CR (1U << 5) /* and EFER */
#define CLEAN_DR (1U << 6) /* DR6, DR7 */
#define CLEAN_TABLES (1U << 7)
#define CLEAN_SEGMENTS (1U << 8) /* CS, DS, ES, SS, CPL */
#define CLEAN_CR2 (1U << 9)
#define CLEAN_LBR (1U << 10)
#define CLEAN_ALL 0x3ffU /* of those that are used here */

enum exit_code {
    EXIT_CR_WRITE = 0x10, /* + register */
    EXIT_DR_WRITE = 0x30, /* + register */
    EXIT_EXCEPTION = 0x40, /* + vector */
    EXIT_INTR = 0x60,
    EXIT_NMI,
    EXIT_SMI,
    EXIT_INIT,
    EXIT_VINTR,
    EXIT_RDPMC = 0x6f,
    EXIT_CPUID = 0x72,
    EXIT_IRET = 0x74,
    EXIT_INVD = 0x76,
    EXIT_HLT = 0x78,
    EXIT_INVLPGA = 0x7a,
    EXIT_IOIO,
    EXIT_MSR,
    EXIT_TASK_SWITCH,
    EXIT_FERR_FREEZE,
    EXIT_SHUTDOWN,
    EXIT_VMRUN = 0x80,
    EXIT_VMMCALL,
    EXIT_VMLOAD,
    EXIT_VMSAVE,
    EXIT_STGI,
    EXIT_CLGI,
    EXIT_SKINIT,
    EXIT_WBINVD = 0x89,
    EXIT_MONITOR,
    EXIT_MWAIT,
    EXIT_MWAIT_ARMED,
    EXIT_XSETBV,
    EXIT_RDPRU,
    EXIT_INVLPGB = 0xa0,
    EXIT_INVLPGB_ILLEGAL,
    EXIT_MCOMMIT = 0xa3,
    EXIT_TLBSYNC,
    EXIT_NPF = 0x400,
};
#define EXIT_INVALID 0xffffffffU /* the low half: some do not extend it */

/* exit_info_1 of IOIO; exit_info_2 is the next rip */
#define IOIO_IN 0x1
#define IOIO_STRING 0x4
#define IOIO_SIZE_SHIFT 4 /* bits 4, 5, 6: 1, 2, 4 bytes */
#define IOIO_SIZE_MASK 7
#define IOIO_PORT_SHIFT 16

/* exit_info_1 of NPF; exit_info_2 is the address */
#define NPF_WRITE 0x2
#define NPF_FETCH 0x10
#define NPF_IN_WALK (1UL << 33) /* of the guest's own tables */

struct vmcb_seg {
    uint16_t sel, attr;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    union {
        struct {
            uint32_t intercept_cr, intercept_dr;
            uint32_t intercept_exceptions;
            uint32_t intercept_1, intercept_2, intercept_3;
        };
        uint32_t intercepts[NR_INTERCEPT_WORDS];
    };
    uint8_t reserved_018[0x024];
    uint16_t pause_threshold, pause_count;
    uint64_t iopm, msrpm;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control;
    uint8_t reserved_05d[3];
    uint64_t vintr;
    uint64_t interrupt_shadow; /* bit 0 */
    uint64_t exit_code, exit_info_1, exit_info_2, exit_int_info;
    uint64_t np_control;
    uint8_t reserved_098[0x10];
    uint64_t event_inject;
    uint64_t np_cr3;
    uint64_t lbr_control;
    uint32_t clean;
    uint32_t reserved_0c4;
    uint64_t next_rip;
    uint8_t nr_insn_bytes, insn_bytes[15];
    uint8_t reserved_0e0[0x320];

    struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_4a0[0x02b];
    uint8_t cpl;
    uint32_t reserved_4cc;
    uint64_t efer;
    uint8_t reserved_4d8[0x70];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_580[0x58];
    uint64_t rsp;
    uint8_t reserved_5e0[0x18];
    uint64_t rax;
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2;
    uint8_t reserved_648[0x20];
    uint64_t pat, debugctl;
    uint8_t reserved_678[0x988];
};

#define AT(field, offset)                                                    \
    _Static_assert(offsetof(struct vmcb, field) == (offset), #field)
AT(intercept_1, 0x00c);
AT(pause_threshold, 0x03c);
AT(iopm, 0x040);
AT(asid, 0x058);
AT(vintr, 0x060);
AT(exit_code, 0x070);
AT(np_control, 0x090);
AT(event_inject, 0x0a8);
AT(clean, 0x0c0);
AT(next_rip, 0x0c8);
AT(insn_bytes, 0x0d1);
AT(es, 0x400);
AT(tr, 0x490);
AT(cpl, 0x4cb);
AT(efer, 0x4d0);
AT(cr4, 0x548);
AT(rip, 0x578);
AT(rsp, 0x5d8);
AT(rax, 0x5f8);
AT(cr2, 0x640);
AT(pat, 0x668);
#undef AT
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "one page");

static inline void vmcb_changed(struct vmcb *b, uint32_t clean_bits)
{
    b->clean &= ~clean_bits;
}

#endif
