/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the engine.
 *
 * engine.c   threads of vcpus: running, stopping, waiting
 * turns.c    limits how many threads run at once, and counts their CPU time
 * hooks.c    the machine's hooks (struct hosted_hooks)
 * space.c    a domain's guest-physical memory, as its engines see it
 * exits.c    exits from an engine: I/O, hypercalls, CPUID, exceptions
 * inject.c   interrupts and exceptions into the guest
 * context.c  register state in and out
 * hypercall-page.c   the page of stubs, for which a guest writes an MSR
 */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include <pthread.h>
#include <unicorn/unicorn.h>

#include "engine.h"

#include <emul/guest-walk.h>

#include <xen/hvm/save.h>

#include <x86/defns.h>

/* Guest memory below this can be mapped into engines. */
#define WINDOW_PAGES (1UL << 24) /* 64 GiB */
#define ENGINE_PHYS_END (1UL << 40)

/* A piece of an engine's physical address space. */
struct region {
    uint64_t gfn, nr;
    bool ram; /* mapped from the window; else each access calls a hook */
    struct hosted_vcpu *vcpu; /* the region is mapped in its engine */
};

struct regions {
    struct region *r;
    size_t nr, max;
};

/* In the window, pages [gfn, gfn + nr) map the frames from mfn on. */
struct run {
    uint64_t gfn, mfn, nr;
};

struct runs {
    struct run *r;
    size_t nr, max;
};

/* A ticket lock with `width` holders at once; waiters sleep. */
struct turns {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    unsigned int width;   /* [I] how many */
    uint64_t next, given; /* [t] tickets drawn, and given back */
    uint64_t used_ns;     /* [t] of machine_turns: used by all until `since` */
    uint64_t since;       /* [t] */
    uint64_t from;        /* [I] when it began */
};
extern struct turns machine_turns; /* one for each CPU of the host */

struct hosted_domain {
    struct domain *domain; /* [I] */
    struct turns turns;    /* one: a single vcpu executes */

    pthread_mutex_t window_lock;
    char *window;            /* [I] WINDOW_PAGES, each always mapped       */
    struct runs runs;        /* [w] the frames to map in the window        */
    struct regions regions;  /* [w] made from runs                         */
    uint64_t regions_of;     /* [w] `generation` when they were made       */
    bool closed;             /* [w] no vcpu will run any more              */
    uint64_t generation;     /* [a] incremented when the p2m changes       */
};
/* [I] immutable  [t] its lock  [w] window_lock  [a] atomic */

enum exit_reason {
    EXIT_NONE, EXIT_KICK, EXIT_INVALID, EXIT_EXCEPTION, EXIT_HYPERCALL_PAGE,
    EXIT_FAR_RETURN,
};

/* The access that the engine is about to make; see exits.c. */
struct access {
    uint64_t va, value;
    unsigned int size;
    bool write, valid;
};

struct hosted_vcpu {
    struct vcpu *v;          /* [I] */
    struct hosted_domain *h; /* [I] */

    pthread_mutex_t lock;
    pthread_cond_t out;
    int kick_fd; /* [v] an eventfd, while started */
    bool kicked;    /* [v] look at the state again; read without the lock  */
    bool sleeping;  /* [v] sleeps, or is about to                           */
    bool active;    /* [v] its thread uses the engine                       */
    bool terminate; /* [v] the domain ends                                  */
    bool started;   /* [v] has a thread                                     */
    bool in_access; /* [v] waits in the middle of an instruction            */
    bool new_context;        /* [v] context is to be loaded                 */
    struct hvm_hw_cpu context; /* [v] while new_context                     */
    pthread_t thread;        /* while started */

    /* Used by the thread; by others only while it is not active, and paused. */
    uc_engine *uc;
    struct regions mapped;
    uint64_t generation;
    enum exit_reason reason;
    uint32_t vector;         /* of EXIT_EXCEPTION  */
    uint64_t block_end;      /* of the block that is executed: linear */
    uint32_t return_to;      /* of EXIT_FAR_RETURN */
    uint32_t slice;          /* blocks left of its turn */
    uint32_t late;           /* accesses since it was to stop: see exits.c */
    bool offered_page;       /* CPUID has named the hypercall page's MSR    */
    bool want_window;        /* an event waits for interrupts to be enabled */
    struct access access;    /* announced */
    struct access half;      /* the rest of an 8-byte access */
    struct access last_read; /* of a page shared with the hypervisor */
};
/* [v] lock */

static inline uint64_t engine_reg(const struct hosted_vcpu *h, int reg)
{
    uint64_t value = 0;

    uc_reg_read(h->uc, reg, &value);
    return value;
}

static inline void engine_set_reg(struct hosted_vcpu *h, int reg,
                                  uint64_t value)
{
    uc_reg_write(h->uc, reg, &value);
}

uint64_t engine_msr(struct hosted_vcpu *h, uint32_t msr);
void engine_set_msr(struct hosted_vcpu *h, uint32_t msr, uint64_t value);

/* ---- engine.c ---- */

/* The vcpu's thread: begin it, h->lock held (-ENOMEM); end it and wait. */
int engine_start_locked(struct hosted_vcpu *h);
void engine_vcpu_stop(struct hosted_vcpu *h);
/* arch_vcpu_sync() */
void engine_sync(struct vcpu *v);

/*
 * Leave guest mode in a callback of the engine, and return to it.  False: the
 * vcpu is to end, and the result of its instruction does not matter.
 */
void engine_leave(struct hosted_vcpu *h);
bool engine_return(struct hosted_vcpu *h);
/* Sleep until kicked; false when the vcpu is to end. */
bool engine_wait(struct hosted_vcpu *h);
/* Forget kicks so far: the caller looks at the state after this. */
void engine_unkick(struct hosted_vcpu *h);
/* In callbacks: stop the engine before the next block of code. */
void engine_stop_soon(struct hosted_vcpu *h);

/*
 * Replace the engine by a new one in the same state, without mappings:
 * unmapping takes time for each page of a region, and regions of I/O are large.
 */
bool engine_renew(struct hosted_vcpu *h);

/* ---- turns.c ---- */

void turns_init(struct turns *t, unsigned int width);
void turns_destroy(struct turns *t);
void turn_take(struct turns *t);
void turn_give(struct turns *t);
bool turn_wanted(const struct turns *t);
/* The time in which a CPU of the host ran no vcpu. */
uint64_t engine_cpu_idle_ns(void);

/* ---- space.c ---- */

int space_create(struct hosted_domain *h); /* -ENOMEM */
void space_destroy(struct hosted_domain *h);
void space_flush(struct hosted_domain *h, gfn_t gfn, uint64_t nr);
void space_close(struct hosted_domain *h);
/* Bring the engine's memory map up to date; false: no memory. */
bool space_update(struct hosted_vcpu *h);
/*
 * An access of at most 8 bytes, within a page, to memory that is not mapped
 * in the engine: false when there is none, or writes to it go elsewhere.
 */
bool space_access(struct hosted_vcpu *h, uint64_t gpa, unsigned int size,
                  bool write, uint64_t *value);
void regions_free(struct regions *regions);

/* ---- exits.c ---- */

uc_err exits_install(struct hosted_vcpu *h);
/* After the engine stopped: handle the exit. */
void exits_handle(struct hosted_vcpu *h);
/* Why it stopped, or it was left in a call-back, for counters and traces. */
enum oriel_exit_reason exits_reason(struct hosted_vcpu *h, uc_err err);
void exits_trace(struct hosted_vcpu *h, enum oriel_exit_reason reason);
uint64_t exits_mmio_read(uc_engine *uc, uint64_t offset, unsigned int size,
                         void *arg);
void exits_mmio_write(uc_engine *uc, uint64_t offset, unsigned int size,
                      uint64_t value, void *arg);

/* ---- inject.c ---- */

/* Copy between buf and the guest's virtual memory: 0 or -EFAULT. */
int guest_virt_copy(struct hosted_vcpu *h, uint64_t va, void *buf,
                    size_t bytes, bool write);
struct guest_paging guest_paging_of(struct hosted_vcpu *h);
bool guest_read_phys(void *arg, uint64_t gpa, void *buf, unsigned int bytes);
/* Does the vcpu execute 64-bit code? */
bool guest_is_64bit(struct hosted_vcpu *h);
/* Deliver pending events if the guest takes them now; else set want_window. */
void inject_events(struct hosted_vcpu *h);
/* A fault of the instruction at RIP. */
void inject_exception(struct hosted_vcpu *h, unsigned int vector);

/* ---- hypercall-page.c ---- */

/* CPUID names the MSR: look at it from now on. */
void hypercall_page_offer(struct hosted_vcpu *h, uint32_t *msr);
/* The guest has written it. */
bool hypercall_page_wanted(struct hosted_vcpu *h);
/* After the engine stopped for it: write the page, or inject #GP. */
void hypercall_page_make(struct hosted_vcpu *h);

/* ---- real-mode.c ---- */

bool in_real_mode(struct hosted_vcpu *h);
/* False when there is no gate or stack for it. */
bool real_mode_deliver(struct hosted_vcpu *h, unsigned int vector);
/* Before a block, behind one that ended there: cheap, mostly false. */
bool real_mode_return_possible(uint64_t last_end, uint64_t address);
/* Has the engine lost a far return's offset?  It is to be stopped then. */
bool real_mode_return_lost(struct hosted_vcpu *h, uint64_t last_end,
                           uint64_t address);
/* After it stopped. */
void real_mode_return_finish(struct hosted_vcpu *h);

/* ---- context.c ---- */

int context_check(const struct hvm_hw_cpu *c); /* -EINVAL */
bool context_load(struct hosted_vcpu *h, const struct hvm_hw_cpu *c);
void context_store(struct hosted_vcpu *h, struct hvm_hw_cpu *c);

#endif
