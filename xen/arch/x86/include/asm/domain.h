/* SPDX-License-Identifier: MIT */
/* What the bare machine hangs on domains and vcpus. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <hv/emulate.h>
#include <hv/guest-walk.h>
#include <hv/list.h>
#include <hv/vioapic.h>
#include <hv/vlapic.h>
#include <hv/vpit.h>

struct cpu;
struct svm_vcpu;

/*
 * Where a page of the guest's virtual memory is, and by which entries of its
 * page tables: good as long as those are what they were, and the p2m has taken
 * nothing away (hvm/copy.c).
 */
#define WALK_LEVELS 4
#define WALKED_PAGES 8

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

struct arch_domain {
    /*
     * How often its p2m was flushed.  A vcpu that enters the guest with an
     * older number in arch.flushed drops its TLB first.
     */
    uint64_t flushes; /* [a] */
    struct vioapic *vioapic; /* [I] dom0 has them, others none */
    unsigned int nr_vioapics; /* [I] */
    struct vpit vpit;
};

/* Where a vcpu is, for the scheduler; runqueue lock of its CPU. */
enum sched_state {
    SCHED_ASLEEP, /* in no queue */
    SCHED_QUEUED, /* waits for its turn */
    SCHED_ON_CPU, /* some CPU's current */
};

/* Why a vcpu's instruction is not over yet. */
enum io_completion {
    IO_COMPLETE_NOTHING,
    IO_COMPLETE_PORT,    /* a port access of an instruction of port_len bytes */
    IO_COMPLETE_EMULATE, /* the emulator: call it again with the answer       */
    IO_COMPLETE_MAPCACHE, /* device models are to drop their mappings         */
};

/* arch_vcpu.start */
#define START_INIT 0x1U
#define START_SIPI 0x2U
#define START_PAGE_SHIFT 8 /* of START_SIPI: where to start, in pages */

struct arch_vcpu {
    /* ---- scheduler: runqueue lock of `cpu` ---- */
    struct list run_link;
    unsigned int cpu;    /* whose runqueue */
    bool pinned;         /* stays on that CPU */
    uint8_t sched;       /* enum sched_state */
    bool boosted;        /* woken for I/O: goes first */
    bool kicked;         /* [a] look again before sleeping or entering */

    /* ---- [a] written by its CPU, read by those that wait ---- */
    bool in_guest;      /* guest code may be running                  */
    bool copying;       /* it may access frames without a reference   */
    bool on_cpu;        /* some CPU works for it                      */
    bool loaded;        /* some CPU holds its FPU state               */
    uint32_t start;     /* [a] INIT and SIPI that came: START_*       */
    bool waits_for_sipi; /* after INIT                                 */
    uint64_t flushed;   /* the flush count its TLB is good for        */

    /* ---- its own ---- */
    enum io_completion io_completion;
    uint8_t port_len;
    bool cpuid_faults;  /* outside ring 0: MSR_MISC_FEATURES            */
    bool warned;        /* that it does with a device what cannot be    */
    bool event_is_upcall; /* event_next() gave the upcall's vector        */
    uint8_t walk_retries; /* at walk_rip: page tables in read-only memory */
    uint64_t walk_rip;
    void *fpu;          /* XSAVE area, when not on a CPU */
    uint64_t xcr0;
    uint64_t dr[4];
    uint64_t exits; /* how often the guest was entered */
    struct walked walked[WALKED_PAGES];
    struct emul emul;   /* its registers are the vcpu's between exits */
    struct vlapic vlapic;
    struct svm_vcpu *svm;
};
/* [a] atomic  [I] immutable after creation */

#endif
