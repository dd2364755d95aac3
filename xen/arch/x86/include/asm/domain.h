/* SPDX-License-Identifier: MIT */
/*
 * What the bare machine hangs on domains and vcpus: what all guests have, and
 * what one kind of guest has, in a union.
 */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <hv/list.h>
#include <hv/lock.h>

#include <asm/hvm-domain.h>
#include <asm/pv-domain.h>

#include <x86/share.h>

struct guest_ops;

struct arch_domain {
    const struct guest_ops *ops; /* [I] its kind: x86/guest.h */
    /*
     * [I] The machine's devices are its own: it drives them, with their MSRs,
     * their interval timer and its CPUs' APIC ids; the machine ends with it.
     */
    bool hardware;
    /*
     * How often its p2m was flushed.  A vcpu that enters the guest with an
     * older number in arch.flushed drops its TLB first.
     */
    uint64_t flushes; /* [a] */
    spinlock_t budget_lock; /* LOCK_BUDGET */
    struct budget budget;   /* [b]; its cap is read anywhere */
    union {
        struct hvm_domain hvm;
    };
};

/* Where a vcpu is, for the scheduler; runqueue lock of its CPU. */
enum sched_state {
    SCHED_ASLEEP, /* in no queue */
    SCHED_QUEUED, /* waits for its turn */
    SCHED_PARKED, /* waits for a budget, see x86/share.h */
    SCHED_ON_CPU, /* some CPU's current */
};

struct arch_vcpu {
    /* ---- scheduler: runqueue lock of `cpu` ---- */
    struct list run_link;
    unsigned int cpu;    /* whose runqueue */
    bool pinned;         /* stays on that CPU */
    uint8_t sched;       /* enum sched_state */
    bool boosted;        /* woken for I/O: goes first */
    uint64_t vtime;      /* virtual time, of `cpu` */
    unsigned int weight; /* its part of rq.load while it is queued */
    uint64_t granted;    /* ns of the domain's budget that it took; 0: none */
    uint64_t may;        /* CPUs that it may use, one bit for each */
    uint64_t prefer;     /* those of `may` that are preferred, or `may` */
    bool kicked;         /* [a] look again before sleeping or entering */

    /* ---- [a] written by its CPU, read by those that wait ---- */
    bool in_guest;      /* guest code may be running                  */
    bool copying;       /* it may access frames without a reference   */
    bool on_cpu;        /* some CPU works for it                      */
    bool loaded;        /* some CPU holds its FPU state               */
    uint32_t start;     /* [a] what it is to do between steps; HVM: START_* */
    uint64_t flushed;   /* the flush count its TLB is good for        */

    /* ---- its own ---- */
    void *fpu;          /* XSAVE area, when not on a CPU */
    uint64_t xcr0;
    uint64_t dr[4];
    uint64_t exits; /* how often the guest was entered */
    union {
        struct hvm_vcpu hvm;
        struct pv_vcpu pv;
    };
};
/* [a] atomic  [b] budget_lock  [I] immutable after creation */

#endif
