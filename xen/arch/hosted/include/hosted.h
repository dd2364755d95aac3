/* SPDX-License-Identifier: MIT */
/*
 * The hosted machine, seen from its own files and from tests that link it.
 *
 * It can be started and ended many times in one process, so that every test
 * has a world of its own.  Included by code that also sees libc.
 */
#ifndef HOSTED_H
#define HOSTED_H

#include <hv/domain.h>
#include <hv/hypercall.h>

/* ---- machine.c: life of the machine ---- */

/*
 * A machine with `frames` frames of memory: 0, or -errno.  One of the same size
 * as the last takes over that one's frames.
 */
int hosted_init(uint64_t frames);
/*
 * Destroy all domains and give everything back; returns what was left over:
 * domains that could not be freed, frames still held, heap objects.
 */
unsigned int hosted_exit(void);

extern int hosted_memfd; /* the frames, as a file */

/* ---- access.c: who is current, and where its memory is ---- */

enum hosted_access {
    ACCESS_LOCAL,  /* this process: tests, the kernel's part of the server */
    ACCESS_CLIENT, /* another process, by process_vm_readv/writev          */
    ACCESS_GUEST,  /* a guest's virtual memory, through its page tables    */
};

struct hosted_context {
    struct vcpu *v;
    enum hosted_access access;
    int pid; /* ACCESS_CLIENT */
};

/* This thread's context; returns what it was. */
struct hosted_context hosted_enter(struct hosted_context ctx);

/*
 * ACCESS_LOCAL reaches only [base, base + len) from now on, all else faults;
 * (NULL, 0): any address of the process, faulting where nothing is mapped.
 */
void hosted_local_window(void *base, size_t len);

/* ACCESS_GUEST's copy, given by the engine: 0 or -EFAULT. */
extern int (*hosted_guest_copy)(struct vcpu *v, uint64_t va, void *buf,
                                size_t bytes, bool write);

/* ---- fault injection ---- */

/* The nth allocation from now fails (1: the next); 0: none. This thread. */
void hosted_fail_alloc(unsigned int nth);
/* Has the one that was to fail been reached? */
bool hosted_alloc_failed(void);
/* Give way at every nth preemption check; 0: never. All threads. */
void hosted_preempt_every(unsigned int nth);
uint64_t hosted_heap_objects(void); /* allocated and not freed */
uint64_t hosted_heap_bytes(void);   /* of these, each rounded up to 64 */

/* ---- hooks that the server and the engine fill in; NULL: nothing ---- */

struct hosted_hooks {
    void (*kick)(struct vcpu *v);         /* arch_vcpu_kick */
    bool (*interrupt_pending)(const struct vcpu *v); /* default: never */
    void (*sync)(struct vcpu *v);         /* arch_vcpu_sync */
    int (*domain_create)(struct domain *d);
    void (*domain_relinquish)(struct domain *d);
    void (*domain_destroy)(struct domain *d);
    int (*vcpu_create)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
    int (*set_context)(struct vcpu *v, const struct hvm_hw_cpu *ctx);
    void (*get_context)(struct vcpu *v, struct hvm_hw_cpu *ctx);
    void (*p2m_flush)(struct domain *d, gfn_t gfn, uint64_t nr);
    void *(*heap_alloc)(size_t bytes); /* of alignment 64; default: malloc */
    void (*heap_free)(void *p);
    size_t (*heap_size)(void *p); /* at least what was asked for */
    void (*console)(const char *s, size_t len); /* default: stdout */
    size_t (*console_room)(void);     /* bytes it takes now; default: all */
    int (*stop_machine)(void);        /* arch_stop_machine; default: 0 */
    void (*audit)(void (*count)(mfn_t mfn, enum page_holder holder));
    void (*timer)(uint64_t expires); /* default: nobody runs timers */
    uint64_t (*now)(void);           /* default: the host's clock */
    uint64_t (*cpu_idle_ns)(void);   /* default: since the machine began */
    void (*vcpu_clock)(const struct vcpu *v, struct vcpu_clock *clock);
    /*
     * This thread is about to take a lock and holds none: here another CPU may
     * do whatever it likes first, which tests play.
     */
    void (*unlocked)(void);
    /*
     * A vcpu goes to sleep: a descriptor that can be read when a client rings,
     * or -1.  Then look once by doorbell_serve(); after waking, doorbell_end().  No
     * locks held.
     */
    int (*doorbell_begin)(void);
    void (*doorbell_serve)(void);
    void (*doorbell_end)(void);
};
extern struct hosted_hooks hosted_hooks;

#endif
