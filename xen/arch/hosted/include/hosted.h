/* SPDX-License-Identifier: MIT */
/*
 * The hosted machine, seen from its own files and from tests that link it.
 *
 * The machine can be started and ended many times in one process, so that every
 * test has a machine of its own.  Code that uses libc may include this header.
 */
#ifndef HOSTED_H
#define HOSTED_H

#include <hv/domain.h>
#include <hv/hypercall.h>

/* ---- machine.c: start and end of the machine ---- */

/*
 * Start a machine with `frames` frames of memory: 0, or -errno.  A machine of
 * the same size as the one before uses the same memfd.
 */
int hosted_init(uint64_t frames);
/*
 * So many frame numbers behind that memory are no RAM, as devices' are on other
 * machines: their entries of the frame table are 0 and cannot be written.  Both
 * numbers of frames then are multiples of 128.
 */
extern uint64_t hosted_no_ram;
/*
 * Destroy all domains and free everything.  Returns the number of leaks:
 * domains that could not be freed, frames that still have references, heap
 * objects.
 */
unsigned int hosted_exit(void);

extern int hosted_memfd; /* contains all frames */

/* ---- access.c: the current vcpu, and where its memory is ---- */

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

/* Set this thread's context; returns the previous one. */
struct hosted_context hosted_enter(struct hosted_context ctx);

/*
 * From now on ACCESS_LOCAL copies reach [base, base + len) only, and other
 * addresses fault.  (NULL, 0): any mapped address of the process.
 */
void hosted_local_window(void *base, size_t len);

/* ACCESS_GUEST's copy, given by the engine: 0 or -EFAULT. */
extern int (*hosted_guest_copy)(struct vcpu *v, uint64_t va, void *buf,
                                size_t bytes, bool write);

/* ---- fault injection ---- */

/* The nth allocation from now fails (1: the next); 0: none. This thread. */
void hosted_fail_alloc(unsigned int nth);
/* Was the allocation that hosted_fail_alloc() named reached? */
bool hosted_alloc_failed(void);
/* The nth allocation from now fails, on whatever thread; 0: none. */
void hosted_fail_any(int64_t nth);
int64_t hosted_fail_left(void); /* above 0: it was not reached */
/*
 * The nth copy from or to a program or a guest from now fails with EFAULT, on
 * whatever thread; 0: none.
 */
void hosted_fail_copy(int64_t nth);
int64_t hosted_fail_copy_left(void); /* above 0: it was not reached */
bool hosted_copy_fails(void);        /* one copy is about to be made */
/* Give way at every nth preemption check; 0: never. All threads. */
void hosted_preempt_every(unsigned int nth);
uint64_t hosted_heap_objects(void); /* allocated and not freed */
uint64_t hosted_heap_bytes(void);   /* their sizes, each rounded up to 64 */

/* ---- hooks that the server and the engine set; NULL: do nothing ---- */

struct hosted_hooks {
    void (*kick)(struct vcpu *v);         /* arch_vcpu_kick */
    bool (*may_look)(const struct vcpu *v); /* arch_vcpu_may_look; default: no */
    bool (*interrupt_pending)(const struct vcpu *v); /* default: never */
    void (*sync)(struct vcpu *v);         /* arch_vcpu_sync */
    int (*domain_create)(struct domain *d);
    void (*domain_relinquish)(struct domain *d);
    void (*domain_destroy)(struct domain *d);
    int (*vcpu_create)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
    int (*set_context)(struct vcpu *v, const struct hvm_hw_cpu *ctx);
    void (*get_context)(struct vcpu *v, struct hvm_hw_cpu *ctx);
    int (*set_pv_context)(struct vcpu *v, const struct vcpu_guest_context *c);
    const struct hvm_record *(*hvm_records)(unsigned int *nr); /* default: none */
    void (*p2m_flush)(struct domain *d, gfn_t gfn, uint64_t nr);
    void *(*heap_alloc)(size_t bytes); /* of alignment 64; default: malloc */
    void (*heap_free)(void *p);
    size_t (*heap_size)(void *p); /* at least the size asked for */
    void (*console)(const char *s, size_t len); /* default: stdout */
    size_t (*console_room)(void);     /* bytes that fit now; default: all */
    int (*stop_machine)(void);        /* arch_stop_machine; default: 0 */
    void (*audit)(void (*count)(mfn_t mfn, enum page_holder holder));
    void (*timer)(uint64_t expires); /* default: timers do not run */
    uint64_t (*now)(void);           /* default: the host's clock */
    uint64_t (*wallclock)(void);     /* default: the host's UTC */
    uint64_t (*cpu_idle_ns)(void);   /* default: since the machine began */
    void (*vcpu_clock)(const struct vcpu *v, struct vcpu_clock *clock);
    /*
     * Called when this thread is about to take a lock and holds none.  A test
     * does here what another CPU could do at this moment.
     */
    void (*unlocked)(void);
    /*
     * Called when a vcpu goes to sleep: returns a descriptor that becomes
     * readable when a client sets a bit of the doorbell, or -1.  The caller
     * then calls doorbell_serve() once before it sleeps, and doorbell_end()
     * when it wakes.  No locks held.
     */
    int (*doorbell_begin)(void);
    void (*doorbell_serve)(void);
    void (*doorbell_end)(void);
};
extern struct hosted_hooks hosted_hooks;

#endif
