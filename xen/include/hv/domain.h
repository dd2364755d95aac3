/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus: their state, and how long they live.
 *
 *   domain_create --> ALIVE --domain_kill--> DYING --(all given back)--> DEAD
 *                                  ^  |-ERESTART                          |
 *                                  +--+                                   |
 *                          freed with the last reference <----------------+
 *
 * References on a domain: one for its existence until DEAD, one while it owns
 * any page, one for each ioreq server it emulates for another domain, one for
 * each mapping or lookup in progress.  A DEAD domain that is still referenced
 * (a zombie) stays in the list and answers getdomaininfo with "dying".
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include <hv/atomic.h>
#include <hv/console.h>
#include <hv/evtchn.h>
#include <hv/ioreq.h>
#include <hv/lock.h>
#include <hv/p2m.h>
#include <hv/timer.h>
#include <hv/types.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#include <oriel/trace.h>

#include <asm/domain.h> /* struct arch_domain, struct arch_vcpu */

#define MAX_VCPUS 512
#define MAX_GRANT_FRAMES 65536
#define CPU_WORDS 16 /* of a map of CPUs, one bit for each: 1024 CPUs */
#define MAX_MEMORY_MAP 128 /* E820 entries per domain */

struct grant_table;
struct cpu_policy;
struct pv_domain;

enum domain_state { DOM_ALIVE, DOM_DYING, DOM_DEAD };

/* v->flags */
#define VCPU_DOWN 0x1    /* not brought up yet, or taken down               */
#define VCPU_BLOCKED 0x2 /* waits for an event                              */
#define VCPU_POLLING 0x4 /* waits in SCHEDOP_poll                           */

/* Where the machine's scheduler has a vcpu. */
enum vcpu_place {
    VCPU_ASIDE,  /* not runnable, in no queue */
    VCPU_QUEUED, /* in a run queue */
    VCPU_ON_CPU, /* current on a CPU, and not kept from running */
};

/* 32-bit guests align it to 4 bytes. */
typedef struct vcpu_info vcpu_info_ref_t __attribute__((aligned(4)));

struct vcpu {
    struct domain *domain; /* [I] */
    unsigned int vcpu_id;  /* [I] */

    spinlock_t lock;          /* LOCK_VCPU */
    uint32_t flags;           /* [v] VCPU_* */
    uint8_t place;            /* [v] enum vcpu_place */
    unsigned int pause_count; /* [a] */
    bool initialised, initialising; /* [a] has registers; gets them (PV) */
    uint64_t hard_affinity[CPU_WORDS]; /* [D] the CPUs that v may use, and   */
    uint64_t soft_affinity[CPU_WORDS]; /* [D] prefers, as they were set      */

    vcpu_info_ref_t *info; /* [Da] in shared_info, registered, or own_info  */
    struct vcpu_info own_info; /* used while the guest has registered none  */
    struct page *info_page; /* [Da] held; NULL: info is in shared_info or own */
    uint64_t runstate_addr; /* [s] guest address of the runstate area, or 0 */
    uint64_t runstate_shown; /* [s] state_entry_time written there last      */
    struct vcpu_runstate_info runstate; /* [v] */
    const vcpu_info_ref_t *time_info; /* [s] where the clock was written     */
    uint64_t time_shown;    /* [s] when it was written there, in ns          */
    uint32_t time_scale;    /* [s] the tsc_to_system_mul that was written    */
    uint64_t time_addr;     /* [s] guest address of a second copy, or 0      */
    struct timer singleshot;            /* VCPUOP_set_singleshot_timer */
    struct timer poll_timer;            /* timeout of SCHEDOP_poll */

    uint32_t virq_port[NR_VIRQS]; /* [E] 0: not bound */
    struct evtchn_fifo_vcpu *fifo; /* [E] NULL: 2-level ABI */
    uint8_t upcall_vector;         /* [s] HVMOP_set_evtchn_upcall_vector */
    bool caller_32; /* [s] in a hypercall that was made by 32-bit code      */

    struct ioreq_vcpu io; /* [s] the request this vcpu waits for */
    uint64_t exits[ORIEL_NR_EXIT_REASONS]; /* [s] read anywhere: hv/trace.h  */
    struct arch_vcpu arch;
};
/*
 * [I] immutable  [v] v->lock  [D] d->lock  [E] evtchn lock  [a] atomic
 * [s] self only  [Da] [D] to change, atomic to read
 */

/* Frames of a large extent that are not mapped yet: reservation.c. */
struct staged {
    uint64_t gfn;      /* the extent's first gfn; ~0: no extent is staged */
    unsigned int order; /* the extent's order */
    struct page *pg;   /* the first frame of the block */
    uint64_t mapped;   /* frames mapped, and so no longer staged */
    uint64_t clean;    /* frames cleared, each with its reference */
    uint64_t nr;       /* frames of the block; 0: no block */
    unsigned int idle; /* calls for other extents since the last for this */
    bool busy;         /* a call works on this extent */
};

/* Ends its domain unless it is set again in time: sched-op.c. */
struct watchdog {
    struct timer timer;
    uint64_t expires; /* [D] ns since boot; 0: not in use */
};
#define NR_WATCHDOGS 2

struct domain {
    domid_t domain_id;    /* [I] */
    uint64_t serial;      /* [I] unlike domain_id never used again          */
    bool is_privileged;   /* [I] control domain: may do anything            */
    bool translated;      /* [I] HVM/PVH: frame numbers are gfns            */
    bool writable_tables; /* [a] PV: writes to L1 tables are emulated        */
    bool direct_mapped;   /* [I] gfns of own memory are the machine's mfns  */
    struct list list;     /* [L] */
    struct list same_bits; /* [L] */
    uint32_t refs;        /* [a] */
    void (*release)(struct domain *d); /* [I] frees d when refs becomes 0   */
    void (*out_of_memory)(struct domain *d); /* [I] crashes d: p2m-pod.c    */
    uint8_t state;        /* [D] enum domain_state; read anywhere           */
    bool creation_finished; /* [Da] unpaused once                           */

    spinlock_t lock; /* LOCK_DOMAIN */
    struct xen_domctl_createdomain config; /* [I] as created */
    uint8_t handle[16];                    /* [D] */
    uint32_t ssidref;                      /* [I] */
    domid_t target_id; /* [D] the domain whose device model this one is,   */
                       /* or DOMID_INVALID                                 */

    unsigned int max_vcpus; /* [I] */
    struct vcpu **vcpu;     /* [D] max_vcpus entries, NULL until created     */

    unsigned int pause_count;      /* [a] all pauses                         */
    unsigned int ctl_pause_count;  /* [Da] XEN_DOMCTL_pausedomain's share    */
    unsigned int nr_polling;       /* [a] vcpus with VCPU_POLLING            */
    uint16_t shutdown_code; /* [a] SHUTDOWN_*, any byte, or NOT_SHUT_DOWN    */
    struct watchdog watchdog[NR_WATCHDOGS]; /* SCHEDOP_watchdog              */

    spinlock_t page_lock;  /* LOCK_PAGE */
    uint64_t tot_pages;    /* [p] counted pages                              */
    uint64_t max_pages;    /* [p] */
    uint64_t outstanding_pages; /* [H] frames set aside: page_claim()        */
    uint64_t extra_pages;  /* [p] PAGE_EXTRA ones                            */
    uint64_t max_extra;    /* [I] limit of extra_pages: docs/limits.md       */
    struct staged staged;  /* [p] */

    struct page *shared_page;     /* [a] PAGE_EXTRA, held; NULL once dead    */
    struct shared_info *shared;   /* [I] */
    bool shared_32; /* [Da] its layout is the 32-bit one: vcpu-area.c        */
    struct p2m p2m;
    struct evtchn_domain evtchn;
    struct grant_table *grant;    /* [I] */
    struct ioreq_domain ioreq;

    uint64_t params[HVM_NR_PARAMS];         /* [D] */
    struct e820entry *memory_map;           /* [D] or NULL */
    unsigned int nr_memory_map;             /* [D] */
    struct cpu_policy *cpu_policy;          /* [D] NULL: never set */
    uint32_t tsc_mode, tsc_khz, tsc_incarnation; /* [D] */
    uint64_t tsc_elapsed;                        /* [D] */
    int64_t time_offset_ns;                 /* [I] domain time = now - this */
    uint64_t utc_offset;    /* [a] seconds that d's UTC is ahead             */
    bool utc_offset_set;    /* [a] by the toolstack                          */
    uint16_t sched_weight, sched_cap;       /* [D] */
    unsigned int teardown_step;             /* [k] next row of teardown[]  */
    bool being_killed;                      /* [D] a domain_kill() runs    */

    char console[CONSOLE_LINE]; /* [D] the line being written */
    unsigned int console_len;   /* [D] bytes of it */
    uint64_t console_until;     /* [C] time at which the output is paid for  */

    struct pv_domain *pv; /* [I] page tables of a PV guest; NULL: none       */

    struct arch_domain arch;
};
/*
 * [L] domain list lock  [p] page_lock  [a] atomic
 * [H] the heap's lock; goes up with [p] held, too
 * [k] the domain_kill() that set being_killed
 * [C] console-guest.c's lock  [Da] [D] to change, atomic to read
 */

static inline bool is_control_domain(const struct domain *d)
{
    return d->is_privileged;
}

#define domain_is_dying(d) (READ_ONCE((d)->state) != DOM_ALIVE)

#define NOT_SHUT_DOWN 0xffff
#define domain_is_shut_down(d)                                               \
    (load_acquire(&(d)->shutdown_code) != NOT_SHUT_DOWN)

/* The vcpu whose hypercall or exit this CPU (hosted: thread) handles. */
#define current arch_current()
#define current_domain (current->domain)

/* ---- domain.c ---- */

/*
 * Create a domain as config says, paused once by its controller, with no
 * vcpus.  domid: the wanted id, or DOMID_INVALID for any free one.  *dp gets
 * the domain, with a reference.  -EINVAL domid, max_vcpus or a grant table's
 * size out of range; -EOPNOTSUPP a flag that is not supported; -ENOMEM no
 * memory, or no id is free; -EEXIST domid is in use.
 */
int domain_create_get(domid_t domid,
                      const struct xen_domctl_createdomain *config,
                      bool privileged, struct domain **dp) must_check;

/*
 * domain_create_get() without a reference, for boot, when no other CPU or
 * caller can kill the domain.
 */
int domain_create(domid_t domid, const struct xen_domctl_createdomain *config,
                  bool privileged, struct domain **dp) must_check;

/*
 * Destroy d step by step: 0 when all is given back; -ERESTART: call again.
 * -EINVAL d is the caller's own domain.  No locks held.
 */
int domain_kill(struct domain *d) must_check;

/* ---- domain-ref.c ---- */

/* Take a reference on the domain with this id (zombies included); or NULL. */
struct domain *domain_get(domid_t domid) must_check;
/* Take a reference on the first domain with an id >= domid; or NULL. */
struct domain *domain_get_from(domid_t domid) must_check;
/* Another reference, for a caller that already holds one. */
void domain_get_more(struct domain *d);
/* Drop a reference; the last one frees d.  No lock of d or of the list held. */
void domain_put(struct domain *d);

/* domain_get(), where DOMID_SELF is the caller's domain.  -ESRCH no domain. */
int domain_get_any(domid_t domid, struct domain **dp) must_check;
/*
 * domain_get() of another domain than the caller's.  -ESRCH no domain domid,
 * DOMID_SELF included; -EPERM domid is the caller's.
 */
int domain_get_remote(domid_t domid, struct domain **dp) must_check;

/* May the caller act as d's device model?  0 or -EPERM. */
int domain_dm_allowed(const struct domain *caller, const struct domain *d);

/* May the caller act as d's controller?  0 or -EPERM. */
int domain_ctl_allowed(const struct domain *caller, const struct domain *d);

/* The vcpu with this id; NULL: out of range, or not created yet. */
struct vcpu *domain_vcpu(struct domain *d, unsigned int id);

/* Boot: no domains. */
void domain_list_init(void);

/* For audits: the domain after d (NULL: the first), or NULL.  List locked. */
void domain_list_lock(void);
void domain_list_unlock(void);
struct domain *domain_next(struct domain *d);

/* ---- domain-run.c ---- */

/*
 * Pauses are counted.  domain_pause() returns when no vcpu of d, except the
 * current one, runs guest code: no locks held.
 */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
/* XEN_DOMCTL_pausedomain: -EOVERFLOW after 255 such pauses. */
int domain_ctl_pause(struct domain *d);
/* XEN_DOMCTL_unpausedomain: -EINVAL no such pause is left. */
int domain_ctl_unpause(struct domain *d);

/*
 * Stop d with a SHUTDOWN_ code, which may be one without a name, and raise
 * VIRQ_DOM_EXC.  If d is shut down already, d keeps its first code.  Any lock
 * but a vcpu's may be held.
 */
void domain_shutdown(struct domain *d, uint8_t code);
/* Let a domain that is shut down run on.  No locks held. */
void domain_resume(struct domain *d);

/*
 * Shut d down with SHUTDOWN_crash and print the reason, unless d is shut down
 * already: for states that no correct guest or device model can cause.  Any
 * lock but a vcpu's may be held.
 */
void domain_crash(struct domain *d, const char *fmt, ...) printf_like(2, 3);

/*
 * domain_tell_controller() notes that VIRQ_DOM_EXC is due, and may be called
 * with any lock held.  domain_deliver() sends the VIRQ, with no lock held: at
 * the end of each hypercall and from each run loop.
 */
void domain_tell_controller(void);
void domain_deliver(void);

/* ---- sched-op.c ---- */

void watchdog_init(struct domain *d);
void watchdog_stop(struct domain *d); /* d is dying; no locks held */

/* ---- vcpu.c ---- */

/*
 * Create vcpu id of d, VCPU_DOWN.  -EINVAL id is out of range or in use, or d
 * is dying; -EBUSY another caller is creating it; -ENOMEM; -ENOSPC no event
 * channel is left for an ioreq server.
 */
int vcpu_create(struct domain *d, unsigned int id) must_check;
/* Free v, which does not run any more, when its domain is freed. */
void vcpu_destroy(struct vcpu *v);

/* ---- vcpu-run.c ---- */

/*
 * Pauses are counted.  vcpu_pause() returns when v, unless v is current, does
 * not run guest code: no locks held.  vcpu_pause_nosync() does not wait.
 */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/*
 * Neither v nor its domain is paused; v is not down, blocked or polling; the
 * domain is not shut down or dying.
 */
bool vcpu_runnable(struct vcpu *v);

/*
 * Set v's registers; vcpu_up() is allowed from then on.  -EINVAL no such
 * state; -ERESTART: v, though paused or down, has not stopped running yet.
 */
struct hvm_hw_cpu;
int vcpu_load(struct vcpu *v, const struct hvm_hw_cpu *ctx) must_check;

/* Clear or set VCPU_DOWN. */
void vcpu_up(struct vcpu *v);
void vcpu_down(struct vcpu *v);

/*
 * Set VCPU_BLOCKED of v, the current vcpu, unless an event or an interrupt is
 * deliverable.  The run loop then waits.  vcpu_wake() ends that.
 */
void vcpu_block(struct vcpu *v);

/*
 * Set or clear VCPU_POLLING.  While the flag is set, each event that becomes
 * pending for the domain wakes v.
 */
void vcpu_poll(struct vcpu *v, bool polling);

/* Clear VCPU_BLOCKED and VCPU_POLLING, and kick v.  Any lock but v->lock. */
void vcpu_wake(struct vcpu *v);

/*
 * For the machine's scheduler: v has a new place.  Called before another CPU
 * can find v there, and before the CPU takes another vcpu: at no time are more
 * vcpus running than there are CPUs.  Any lock but v->lock may be held.
 */
void vcpu_placed(struct vcpu *v, enum vcpu_place place);

/*
 * v's runstate and the time spent in each, in ns up to now: running; runnable
 * (v waits for a CPU); blocked (for an event); offline (v is down, paused or
 * waits for a device model, or its domain is shut down).
 */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *info);

/* Is an upcall due?  evtchn_upcall_mask holds those of PV guests back only. */
bool vcpu_event_pending(const struct vcpu *v);

/*
 * Update v's runstate and make v notice that a reason that keeps v from running
 * came or went.  Any lock but v->lock may be held.
 */
void vcpu_kick(struct vcpu *v);

/* ---- vcpu-area.c, time-info.c: called by v's run loop before VM entry ---- */

/* Write v's runstate to the area that the guest registered, if it changed. */
void vcpu_runstate_show(struct vcpu *v);

/*
 * Write v's clock into vcpu_info.time, if it was not written there yet or a
 * second has passed.
 */
void vcpu_time_update(struct vcpu *v);
/* v's TSC jumped: the next vcpu_time_update() writes the clock again. */
void vcpu_time_changed(struct vcpu *v);

/* Write UTC into d's shared info.  No locks held. */
void domain_wallclock_update(struct domain *d);
/*
 * UTC as d is told it, in ns since 1970: the machine's, and the domain's offset.
 * domain_move_utc(): d's offset grows by this many seconds.
 */
uint64_t domain_utc_ns(const struct domain *d);
void domain_set_utc_offset(struct domain *d, int64_t seconds);
void domain_move_utc(struct domain *d, int64_t seconds);

/*
 * The current domain, in code of this kind, tells the hypervisor where its
 * shared info is or how events are delivered: from now on shared info,
 * vcpu_infos and runstate areas have the layout of this kind.  As in Xen
 * nothing is moved, but UTC is written.  A domain with a vcpu_info at an
 * address that only the 32-bit layout allows stays with this layout.  No
 * locks held.
 */
void domain_latch_layout(struct domain *d, bool is_32);

/* ---- arch contract ---- */

/* What `current` is. */
struct vcpu *arch_current(void);

/* Create the machine's part of d; -ENOMEM. */
int arch_domain_create(struct domain *d) must_check;
/*
 * d is being killed, all its vcpus are paused: stop its threads, if any.
 * -ERESTART: there is more to do, call again.
 */
int arch_domain_relinquish(struct domain *d) must_check;
/* Free the machine's part of d, also after a failed arch_domain_create(). */
void arch_domain_destroy(struct domain *d);
/* Create and free the machine's part of v; -ENOMEM. */
int arch_vcpu_create(struct vcpu *v) must_check;
void arch_vcpu_destroy(struct vcpu *v);

/*
 * Make v notice an event, a pause or an answer soon: v leaves guest mode, or
 * wakes from sleep.  Never blocks; locks may be held.
 */
void arch_vcpu_kick(struct vcpu *v);

/*
 * May v, the current vcpu, keep its CPU to look for an answer?  False when
 * somebody else wants the CPU, v was kicked, or no other CPU is there on which
 * the answer could come.  Locks may be held.
 */
bool arch_vcpu_may_look(const struct vcpu *v);
/* Between two looks: lets interrupts in.  No locks held. */
void arch_vcpu_relax(void);

/*
 * Is an interrupt pending in the local APIC of v, the current vcpu, that v
 * would take if v went on?  vcpu_block() asks, for an interrupt that came
 * before VCPU_BLOCKED was set does not wake v.
 */
bool arch_vcpu_interrupt_pending(const struct vcpu *v);

/* The CPU that v is on, or was on last; 0 before the first. */
unsigned int arch_vcpu_cpu(const struct vcpu *v);

/* The time this CPU has been idle since its start, in ns. */
uint64_t arch_cpu_idle_ns(unsigned int cpu);

/*
 * v may use the CPUs of `hard` only, at least one of which exists, and prefers
 * those of `soft`; both have CPU_WORDS words.  v leaves another CPU at once.
 * d->lock is held.  -EBUSY v is bound to other CPUs for as long as v exists.
 */
int arch_vcpu_set_affinity(struct vcpu *v, const uint64_t *hard,
                           const uint64_t *soft) must_check;
/* d->sched_weight or d->sched_cap is another one; d->lock is held. */
void arch_domain_shares_changed(struct domain *d);
/* A vcpu that is woken lets another one run for us microseconds first. */
void arch_sched_set_ratelimit(uint32_t us);

/*
 * Wait until v is out of guest mode.  v is paused and not current; no locks
 * held.
 */
void arch_vcpu_sync(struct vcpu *v);

/*
 * v's registers, as in the record of xen/arch-x86/hvm/save.h.  Setting:
 * -EINVAL no such state; -ERESTART a CPU still works for v, call again.
 */
int arch_vcpu_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
    must_check;
void arch_vcpu_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx);

/*
 * d's hypercalls to a page of d's: -EOPNOTSUPP, its kernel asks for them itself.
 */
int arch_fill_hypercall_page(const struct domain *d, void *page) must_check;

/*
 * The state of a PV vcpu that is down and on no CPU.  -EINVAL an address, a
 * descriptor or a page table that it must not have; -EOPNOTSUPP no PV vcpus here;
 * -ERESTART call again.
 */
struct vcpu_guest_context;
int arch_vcpu_set_pv_context(struct vcpu *v, const struct vcpu_guest_context *c)
    must_check;
/* That of one that is paused; *c is zero before. */
void arch_vcpu_get_pv_context(struct vcpu *v, struct vcpu_guest_context *c);

#endif
