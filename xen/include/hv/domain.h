/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus: what they are and how long they live.
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

#include <asm/domain.h> /* struct arch_domain, struct arch_vcpu */

#define MAX_VCPUS 512
#define MAX_GRANT_FRAMES 65536
#define MAX_MEMORY_MAP 128 /* E820 entries per domain */

struct grant_table;
struct cpu_policy;

enum domain_state { DOM_ALIVE, DOM_DYING, DOM_DEAD };

/* v->flags */
#define VCPU_DOWN 0x1    /* not brought up yet, or taken down               */
#define VCPU_BLOCKED 0x2 /* waits for an event                              */
#define VCPU_POLLING 0x4 /* waits in SCHEDOP_poll                           */

/* Where the machine's scheduler has a vcpu. */
enum vcpu_place {
    VCPU_ASIDE,  /* not wanting a CPU */
    VCPU_QUEUED, /* to get one when it is its turn */
    VCPU_ON_CPU, /* having one, and nothing keeps it from using it */
};

struct vcpu {
    struct domain *domain; /* [I] */
    unsigned int vcpu_id;  /* [I] */

    spinlock_t lock;          /* LOCK_VCPU */
    uint32_t flags;           /* [v] VCPU_* */
    uint8_t place;            /* [v] enum vcpu_place */
    unsigned int pause_count; /* [a] */
    bool initialised;         /* [a] it has a state to begin with            */

    struct vcpu_info *info; /* [Da] in shared_info, registered, or own_info */
    struct vcpu_info own_info; /* stands in where the guest has none        */
    struct page *info_page; /* [Da] held; NULL: shared_info or own */
    uint64_t runstate_addr; /* [s] guest address of the runstate area, or 0 */
    uint64_t runstate_shown; /* [s] state_entry_time that is in that area    */
    struct vcpu_runstate_info runstate; /* [v] */
    const struct vcpu_info *time_info; /* [s] where the time was shown ...   */
    uint64_t time_shown;    /* [s] ... at this time                          */
    uint64_t time_addr;     /* [s] guest address of one more copy, or 0      */
    struct timer singleshot;            /* VCPUOP_set_singleshot_timer */
    struct timer poll_timer;            /* SCHEDOP_poll's limit */

    uint32_t virq_port[NR_VIRQS]; /* [E] 0: not bound */
    struct evtchn_fifo_vcpu *fifo; /* [E] NULL: 2-level ABI */
    uint8_t upcall_vector;         /* [s] HVMOP_set_evtchn_upcall_vector */

    struct ioreq_vcpu io; /* [s] the request this vcpu waits for */
    struct arch_vcpu arch;
};
/*
 * [I] immutable  [v] v->lock  [D] d->lock  [E] evtchn lock  [a] atomic
 * [s] self only  [Da] [D] to change, atomic to read
 */

/* Frames of a large extent that are not mapped yet: reservation.c. */
struct staged {
    uint64_t gfn;      /* of the extent that they are for; ~0: of none */
    unsigned int order;
    struct page *pg;   /* the first one of the block */
    uint64_t mapped;   /* so many are mapped by now: no longer staged */
    uint64_t clean;    /* so many are cleared, and each has its reference */
    uint64_t nr;       /* frames of the block; 0: no block */
    unsigned int idle; /* calls for other extents since the last one for it */
    bool busy;         /* some call works on it */
};

struct domain {
    domid_t domain_id;    /* [I] */
    uint64_t serial;      /* [I] of no other domain, before or after        */
    bool is_privileged;   /* [I] control domain: may do anything            */
    bool translated;      /* [I] HVM/PVH: frame numbers are gfns            */
    bool direct_mapped;   /* [I] gfns of own memory are the machine's mfns  */
    struct list list;     /* [L] */
    uint32_t refs;        /* [a] */
    void (*release)(struct domain *d); /* [I] frees d when refs becomes 0   */
    uint8_t state;        /* [D] enum domain_state; read anywhere           */
    bool creation_finished; /* [Da] unpaused once                           */

    spinlock_t lock; /* LOCK_DOMAIN */
    struct xen_domctl_createdomain config; /* [I] as created */
    uint8_t handle[16];                    /* [D] */
    uint32_t ssidref;                      /* [I] */
    domid_t target_id; /* [D] whose device model this is; DOMID_INVALID    */

    unsigned int max_vcpus; /* [I] */
    struct vcpu **vcpu;     /* [D] max_vcpus entries, NULL until created     */

    unsigned int pause_count;      /* [a] all pauses                         */
    unsigned int ctl_pause_count;  /* [Da] XEN_DOMCTL_pausedomain's share    */
    unsigned int nr_polling;       /* [a] vcpus with VCPU_POLLING            */
    uint8_t shutdown_code; /* [a] SHUTDOWN_*; NOT_SHUT_DOWN: it is not       */

    spinlock_t page_lock;  /* LOCK_PAGE */
    uint64_t tot_pages;    /* [p] counted pages                              */
    uint64_t max_pages;    /* [p] */
    uint64_t extra_pages;  /* [p] PAGE_EXTRA ones                            */
    uint64_t max_extra;    /* [I] of them: docs/limits.md                    */
    struct staged staged;  /* [p] */

    struct page *shared_page;     /* [a] PAGE_EXTRA, held; NULL once dead    */
    struct shared_info *shared;   /* [I] */
    struct p2m p2m;
    struct evtchn_domain evtchn;
    struct grant_table *grant;    /* [I] */
    struct ioreq_domain ioreq;

    uint64_t params[HVM_NR_PARAMS];         /* [D] */
    struct e820entry *memory_map;           /* [D] or NULL */
    unsigned int nr_memory_map;             /* [D] */
    struct cpu_policy *cpu_policy;          /* [D] as set, or NULL */
    uint32_t tsc_mode, tsc_khz, tsc_incarnation; /* [D] */
    uint64_t tsc_elapsed;                        /* [D] */
    int64_t time_offset_ns;                 /* [I] domain time = now - this */
    uint16_t sched_weight, sched_cap;       /* [D] */
    unsigned int teardown_step;             /* [k] domain_kill() only */
    bool being_killed;                      /* [D] somebody is [k]    */

    char console[CONSOLE_LINE]; /* [D] the line being written */
    unsigned int console_len;   /* [D] */
    uint64_t console_until;     /* [C] when all it printed has been paid for */

    struct arch_domain arch;
};
/*
 * [L] domain list lock  [p] page_lock  [k] the one killer  [a] atomic
 * [C] console-guest.c's lock  [Da] [D] to change, atomic to read
 */

static inline bool is_control_domain(const struct domain *d)
{
    return d->is_privileged;
}

#define domain_is_dying(d) (READ_ONCE((d)->state) != DOM_ALIVE)

#define NOT_SHUT_DOWN 255
#define domain_is_shut_down(d)                                               \
    (load_acquire(&(d)->shutdown_code) != NOT_SHUT_DOWN)

/* The vcpu whose hypercall or exit this CPU (thread) works on. */
#define current arch_current()
#define current_domain (current->domain)

/* ---- domain.c ---- */

/*
 * Create a domain as config says, paused once by its controller, with no
 * vcpus.  domid: the wanted one, or DOMID_INVALID for: pick a free one.
 * *dp gets it, with a reference.
 * -EEXIST domid in use; -EINVAL domid or config out of range; -ENOMEM;
 * -EOPNOTSUPP a flag that is not supported.
 */
int domain_create_get(domid_t domid,
                      const struct xen_domctl_createdomain *config,
                      bool privileged, struct domain **dp) must_check;

/* The same without a reference, where nobody else can kill it: at boot. */
int domain_create(domid_t domid, const struct xen_domctl_createdomain *config,
                  bool privileged, struct domain **dp) must_check;

/* A reference on the domain with this id (zombies included), or NULL. */
struct domain *domain_get(domid_t domid) must_check;
/* The first domain with an id >= domid, with a reference, or NULL. */
struct domain *domain_get_from(domid_t domid) must_check;
void domain_get_more(struct domain *d);
void domain_put(struct domain *d); /* the last one frees it */

/* domid as a caller means it: DOMID_SELF is itself.  -ESRCH. */
int domain_get_any(domid_t domid, struct domain **dp) must_check;
/* Another domain, by its id: -ESRCH (DOMID_SELF too), -EPERM the caller's. */
int domain_get_remote(domid_t domid, struct domain **dp) must_check;

/* May the caller act as d's device model?  0 or -EPERM. */
int domain_dm_allowed(const struct domain *caller, const struct domain *d);

/* May the caller act as d's controller?  0 or -EPERM. */
int domain_ctl_allowed(const struct domain *caller, const struct domain *d);

/* Restartable destruction: 0, -ERESTART, -EINVAL (the caller's own). */
int domain_kill(struct domain *d) must_check;

/* Counted.  The sync form returns when no vcpu runs guest code. */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
int domain_ctl_pause(struct domain *d);   /* XEN_DOMCTL_pausedomain          */
int domain_ctl_unpause(struct domain *d); /* -EINVAL when not so paused      */

/*
 * Stop d with a SHUTDOWN_ code and tell the controller.  The first code
 * stands.  Any lock may be held.
 */
void domain_shutdown(struct domain *d, uint8_t code);
void domain_resume(struct domain *d);

/*
 * d did the impossible: shut it down with SHUTDOWN_crash, and say why, if it
 * was not shut down.  Any lock may be held.
 */
void domain_crash(struct domain *d, const char *fmt, ...) printf_like(2, 3);

/*
 * VIRQ_DOM_EXC is owed to the controller; domain_deliver() sends it, with no
 * lock held: at the end of each hypercall and from each run loop.
 */
void domain_tell_controller(void);
void domain_deliver(void);

void domain_list_init(void);

/* The next domain for audits, with the list locked by the caller. */
void domain_list_lock(void);
void domain_list_unlock(void);
struct domain *domain_next(struct domain *d); /* NULL: the first / no more */

/* ---- vcpu.c ---- */

/* -EINVAL id out of range or in use; -ENOMEM. The new vcpu is VCPU_DOWN. */
int vcpu_create(struct domain *d, unsigned int id) must_check;
void vcpu_destroy(struct vcpu *v); /* stopped; called at the domain's end */

/* NULL when there is none (yet). */
struct vcpu *domain_vcpu(struct domain *d, unsigned int id);

/* Counted.  vcpu_pause() returns when v does not run guest code. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/* Nothing keeps v from running guest code. */
bool vcpu_runnable(struct vcpu *v);

/*
 * Give v a register state, from which it may be brought up.  -EINVAL;
 * -ERESTART: it is still about to stop running.
 */
struct hvm_hw_cpu;
int vcpu_load(struct vcpu *v, const struct hvm_hw_cpu *ctx) must_check;

void vcpu_up(struct vcpu *v);
void vcpu_down(struct vcpu *v);

/*
 * Set VCPU_BLOCKED, unless an event or an interrupt is deliverable to v, the
 * current vcpu.  The machine's run loop then waits.  A blocked vcpu is woken by
 * vcpu_wake().
 */
void vcpu_block(struct vcpu *v);

/*
 * Set or clear VCPU_POLLING.  Once it is set, whoever makes a port of the
 * domain pending wakes v.
 */
void vcpu_poll(struct vcpu *v, bool polling);

/* Clear BLOCKED and POLLING, and make v look at what happened. */
void vcpu_wake(struct vcpu *v);

/*
 * The machine's scheduler puts v somewhere else.  It says so before anybody can
 * see v there, and before it gives the CPU to another: so the vcpus that run at
 * any time are no more than there are CPUs.  Any lock but v->lock may be held.
 */
void vcpu_placed(struct vcpu *v, enum vcpu_place place);

/*
 * What v did since it exists, the current state's time up to now: running,
 * runnable (it waits for a CPU), blocked (for an event), or offline: down,
 * paused, its domain shut down, or waiting for a device model.
 */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *info);

/*
 * Write v's runstate to where its guest registered, if it changed: from its
 * run loop, as v, on the way into the guest.
 */
void vcpu_runstate_show(struct vcpu *v);

/*
 * Let v's vcpu_info.time tell the time, if it does not yet or no longer: from
 * its run loop, as v, on the way into the guest.
 */
void vcpu_time_update(struct vcpu *v);
/* What v reads by RDTSC jumped: it is told on its way into the guest. */
void vcpu_time_changed(struct vcpu *v);

/* Write UTC into d's shared info. */
void domain_wallclock_update(struct domain *d);

/* An unmasked event is pending for v. */
bool vcpu_event_pending(const struct vcpu *v);

/* Something changed that keeps v from running, or no longer does. */
void vcpu_kick(struct vcpu *v);

/* ---- arch contract ---- */

struct vcpu *arch_current(void);

int arch_domain_create(struct domain *d) must_check;
void arch_domain_relinquish(struct domain *d); /* at kill: stop its threads  */
void arch_domain_destroy(struct domain *d);    /* at free                    */
int arch_vcpu_create(struct vcpu *v) must_check;
void arch_vcpu_destroy(struct vcpu *v);

/*
 * Make v notice, soon, that something changed (an event, a pause, a response):
 * leave guest mode or wake from sleep.  Never blocks; locks may be held.
 */
void arch_vcpu_kick(struct vcpu *v);

/*
 * Does an interrupt of v's local APIC wait that v, which is the current one,
 * would take if it went on?  It came before v was about to sleep, so it does
 * not wake v any more.
 */
bool arch_vcpu_interrupt_pending(const struct vcpu *v);

/* The CPU that v is on, or was last; 0 before that. */
unsigned int arch_vcpu_cpu(const struct vcpu *v);

/* How long this CPU had nothing to do since it is up, in ns. */
uint64_t arch_cpu_idle_ns(unsigned int cpu);

/* Wait until v is out of guest mode; no locks held, v paused, not current. */
void arch_vcpu_sync(struct vcpu *v);

/* Initial and saved register state: xen/arch-x86/hvm/save.h's record. */
int arch_vcpu_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
    must_check; /* -EINVAL; -ERESTART: some CPU works for v, ask again */
void arch_vcpu_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx);

#endif
