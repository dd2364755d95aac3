/* SPDX-License-Identifier: MIT */
/* What a domain and a vcpu are as HVM or PVH guests, whatever the processor. */
#ifndef ASM_HVM_DOMAIN_H
#define ASM_HVM_DOMAIN_H

#include <emul/emulate.h>
#include <emul/guest-walk.h>
#include <emul/irq-lines.h>
#include <emul/vioapic.h>
#include <emul/vlapic.h>
#include <emul/vhpet.h>
#include <emul/vmtrr.h>
#include <emul/vpic.h>
#include <emul/vpit.h>
#include <emul/vpmtimer.h>
#include <emul/vrtc.h>

#define PORTS_PER_BLOCK 256

struct hvm_domain {
    /* [I] a bit for each block of ports that an emulated device is in */
    uint64_t port_blocks[0x10000 / PORTS_PER_BLOCK / 64];
    struct irq_lines irq_lines;
    struct vpic pic;         /* with XEN_X86_EMU_PIC */
    struct vioapic *vioapic; /* [I] the machine's, or with XEN_X86_EMU_IOAPIC */
    unsigned int nr_vioapics; /* [I] */
    struct vpit vpit;
    struct vrtc vrtc;
    struct vpmtimer vpmtimer;
    struct vhpet vhpet;
    bool clocks_rest; /* [a] a clock waits for vclocks_resume() */
};
/* [a] atomic  [I] immutable after creation */

/*
 * Where a page of the guest's virtual memory is, and by which entries of its
 * page tables: good as long as those are what they were, and the p2m has taken
 * nothing away (hvm/copy.c).
 */
#define WALK_LEVELS 4
#define WALKED_SETS 8 /* of two pages each */

struct walked {
    uint64_t va;         /* of its start, + 1; 0: nothing here */
    struct guest_paging paging; /* as it was */
    uint64_t generation; /* of the p2m */
    uint64_t exit;       /* when it was last compared: arch.exits */
    char *page;
    bool writable;
    uint8_t nr;
    const uint64_t *pte[WALK_LEVELS];
    uint64_t value[WALK_LEVELS];
};

/* Why a vcpu's instruction is not over yet. */
enum io_completion {
    IO_COMPLETE_NOTHING,
    IO_COMPLETE_PORT,    /* a port access of an instruction of port_len bytes */
    IO_COMPLETE_EMULATE, /* the emulator: call it again with the answer       */
    IO_COMPLETE_MAPCACHE, /* device models are to drop their mappings         */
};

/* Where an interrupt comes from that is injected. */
enum event_source {
    EVENT_NONE,
    EVENT_EXTINT, /* hvm_vcpu.extint */
    EVENT_UPCALL,
    EVENT_PIC,
    EVENT_LAPIC,
};

/* arch_vcpu.start */
#define START_INIT 0x1U
#define START_SIPI 0x2U
#define START_PAGE_SHIFT 8 /* of START_SIPI: where to start, in pages */

struct hvm_vcpu {
    bool waits_for_sipi; /* [a] after INIT */
    enum io_completion io_completion;
    uint8_t port_len;
    bool cpuid_faults;  /* outside ring 0: MSR_MISC_FEATURES            */
    bool warned;        /* that it does with a device what cannot be    */
    uint8_t event_source; /* enum event_source: what event_next() gave    */
    uint16_t extint;    /* vector that the 8259s gave and that is not      */
                        /* delivered, + 1; 0: none                          */
    uint8_t walk_retries; /* at walk_rip: page tables in read-only memory */
    uint64_t walk_rip;
    struct walked walked[WALKED_SETS][2];
    struct emul emul;   /* its registers are the vcpu's between exits */
    struct vlapic vlapic;
    struct vmtrr mtrr;
    void *vendor; /* of x86/hvm-vendor.h: its state of this vcpu */
};
/* [a] atomic  [I] immutable after creation */

#endif
