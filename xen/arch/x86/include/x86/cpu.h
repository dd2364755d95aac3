/* SPDX-License-Identifier: MIT */
/*
 * One processor of the machine: what it needs for itself, found through GS.
 *
 * Interrupts are off whenever the hypervisor runs, except in irq_window() and
 * irq_wait(), which only the run loop uses; one that ends ring 3 is handled by
 * pv_run().  So none of this needs protection from handlers, and no lock has to
 * disable them.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include <hv/atomic.h>
#include <hv/list.h>
#include <hv/lock.h>

#include <x86/limits.h>
#include <x86/processor.h>

#include <xen/xen.h>

#define MAX_HELD_LOCKS 16

struct vcpu;

/* As the processor defines it. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap_base;
} __attribute__((packed));

/* rq.look: why a turn may end although nobody waits. */
#define RQ_AGAIN 0x1  /* current gives its CPU up: what it may use has changed */
#define RQ_BUDGET 0x2 /* current runs on a part of a budget: x86/share.h */
#define RQ_PARKED 0x4 /* `parked` is not empty */

struct runqueue {
    spinlock_t lock;     /* LOCK_ARCH */
    struct list boosted; /* [q] vcpus that were woken, in that order */
    struct list queue;   /* [q] vcpus that wait, by virtual time */
    struct list parked;  /* [q] vcpus that wait for a budget: x86/share.h */
    union {
        struct {
            uint32_t nr;   /* [q] vcpus that are boosted or wait */
            uint32_t look; /* [q] RQ_*: why sched_must_yield() has to look */
        };
        uint64_t nr_and_look; /* is one of them not 0? */
    };
    unsigned int load;   /* [q] weights of these and of current, added up */
    uint64_t unpark_at;  /* [q] ns: when a parked vcpu may have a budget  */
    uint64_t clock;      /* [q] virtual time of the vcpu taken last */
    uint64_t lead;       /* [q] added to compare virtual times of CPUs */
    uint64_t picked;     /* [q] ns: when current came; 0: there is none */
    uint64_t vtime;      /* [q] current's virtual time when it came     */
    unsigned int weight; /* [q] current's, or that of the last one */
    uint64_t slice_end;  /* own: when current has to let others run, ns */
    /* current goes on until slice_end if neither the queue nor the timer acts */
    bool settled;        /* [q] set by this CPU, cleared by any */
    uint64_t boost_since; /* own: since when a boosted one runs, 0: none  */
    uint64_t boost_used;  /* [q] ns, until ... */
    uint64_t period_end;  /* [q] */
    uint64_t idle_since;  /* [q] ns: there is nothing to run; 0: there is */
    uint64_t idle_ns;     /* [q] what that was altogether, until then */
};
/* [q] lock */

struct cpu {
    struct cpu *self; /* first: found at %gs:0 */
    struct vcpu *vcpu;    /* second: at %gs:8; NULL: idle    */
    uint64_t trap_rsp;  /* what comes from ring 3 pushes below: x86/ring3.h   */
    uint64_t run_rsp;   /* the stack below which ring3_enter() was called     */
    uint64_t guest_rsp; /* ring 3's, for a moment of SYSCALL                  */
    unsigned int id;
    uint32_t apic_id;
    bool online;      /* [a] */
    bool softirq_pending; /* [a] leave guest mode, call do_softirq()    */
    bool idle;        /* [a] sleeps or is about to                      */
    uint64_t busy_since; /* TSC when the guest was left, for preemption */
    bool timer_fired; /* own: timer_run() is due */
    uint64_t timer_due;  /* ns: what the local timer is for; ~0: nothing   */
    uint64_t core_due;   /* ns: when it is to call timer_run(), 0: never */

    uint8_t held[MAX_HELD_LOCKS]; /* levels of the locks it holds */
    unsigned int nr_held;

    struct runqueue rq;
    bool have_ibpb;      /* own: it can forget what branches did */
    uint32_t tsc_aux;    /* own: what the MSR holds; 0: or there is none */
    uint64_t last_domain; /* own: serial of whose branches it knows */
    struct vcpu *loaded; /* whose FPU and other state the registers hold */

    /* Of PV guests' translations: pv/tlb.c. */
    bool tlb_active;      /* [a] may use them now                           */
    bool tlb_wanted;      /* [a] flush before they are used next            */
    uint64_t tlb_flushed; /* [a] the clock of the last flush                */
    uint64_t *cpu_map;    /* entries of its area at CPU_MAP                 */

    void *vendor;   /* of x86/hvm-vendor.h: its state of this CPU */
    uint64_t *gdt;
    struct tss tss;
    void *stack;    /* its bottom */
};

/* By number, filled at boot; NULL beyond nr_cpus. */
extern struct cpu *cpus[MAX_CPUS];
extern unsigned int nr_cpus;

static inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__ ( "mov %%gs:0, %0" : "=r" (c) );
    return c;
}

#define for_each_cpu(c)                                                      \
    for ( unsigned int c##_i = 0; c##_i < nr_cpus; c##_i++ )                 \
        if ( ((c) = cpus[c##_i]) == NULL || !READ_ONCE((c)->online) ) ; else

/* sched_must_yield() has to look again, although current's turn has not ended. */
static inline void runqueue_unsettle(struct cpu *c)
{
    WRITE_ONCE(c->rq.settled, false);
}

/* ---- cpu/percpu.c ---- */

/*
 * A CPU's stacks in one block: one each for those exceptions that cannot trust
 * the main one, the guard page, the main stack.
 */
enum { IST_DF, IST_NMI, IST_MC, IST_DB, NR_IST };
#define IST_BYTES 4096
enum { STACK_GUARD = NR_IST, STACK_MAIN, STACK_PAGES = 9 };

static inline uint64_t cpu_stack_top(const struct cpu *c)
{
    return (uint64_t)c->stack + STACK_PAGES * PAGE_SIZE;
}

/* The boot CPU, before there is memory to allocate from; also loads it. */
void cpu_init_boot(void);
/*
 * struct cpu with its stack (guard page below), GDT and TSS, for CPU `id`;
 * panics without memory.  CPU 0: the one of cpu_init_boot().
 */
struct cpu *cpu_alloc(unsigned int id, uint32_t apic_id);
/*
 * On the CPU itself, in 64-bit mode with paging_cr3, at any stack: GDT, TSS,
 * IDT, GS, control registers.
 */
void cpu_load(struct cpu *c);
/* The CPU's descriptor table is at `base` now, with the same last page of it. */
void cpu_load_gdt(uint64_t base);
/* From any stack to its own: calls fn there, never to return. */
void cpu_switch_stack(struct cpu *c, void (*fn)(void)) noreturn_fn;

/* ---- cpu/lock.c ---- */

/*
 * In a crash: this CPU alone goes on, and takes and releases any lock as if
 * nobody held it.
 */
void locks_break(void);

/* ---- cpu/crash.c ---- */

/*
 * First of all at boot: what a crash needs of the machine around its CPU.
 * begin() stops all other CPUs, and from then on who writes to the console
 * waits for it; end() is how the machine ends.  Both take no lock.
 */
void crash_init(void (*begin)(void), void (*end)(void) noreturn_fn);
extern bool nmi_stops; /* [a] a CPU that takes an NMI stops */

#endif
