/* SPDX-License-Identifier: MIT */
/*
 * What the run loop, and the core's arch contract, need of a kind of guest.
 * hvm/ has HVM and PVH guests, pv/ has PV guests.
 *
 * vcpu/ knows guests by this table alone.  A domain gets its table when it is
 * created, and has it until it is freed: d->arch.ops.
 */
#ifndef X86_GUEST_H
#define X86_GUEST_H

#include <hv/audit.h>
#include <hv/types.h>

struct domain;
struct hvm_hw_cpu;
struct vcpu;

/* All members are there.  Where nothing else is said no lock is held. */
struct guest_ops {
    const char *name;
    /*
     * save() follows whenever a vcpu leaves its CPU, also one that stays on that
     * CPU: nothing of it is in a CPU while it sleeps.
     */
    bool save_always;
    /* Is d, of which the core has filled in what it knows, of this kind? */
    bool (*serves)(const struct domain *d);

    /*
     * ---- domains ----
     *
     * d->arch is all zero before domain_create(): 0 or an errno, and then
     * domain_destroy() is not called.  domain_relinquish(): d is dying and its
     * vcpus are on no CPU for good; what may run without one, timers, ends
     * here, since a zombie may stay for long; -ERESTART: there is more to do,
     * call again.  domain_destroy(): nobody refers
     * to d, and its vcpus are gone.
     */
    int (*domain_create)(struct domain *d) must_check;
    int (*domain_relinquish)(struct domain *d) must_check;
    void (*domain_destroy)(struct domain *d);

    /*
     * ---- vcpus, on no CPU ----
     *
     * The scheduler and the FPU know v when vcpu_create() is called, and still
     * do when vcpu_destroy() is.  -ENOMEM: nothing is left of the try, and
     * vcpu_destroy() is not called.
     */
    int (*vcpu_create)(struct vcpu *v) must_check;
    void (*vcpu_destroy)(struct vcpu *v);
    /*
     * v's state as the domain builder's record.  While set_context() runs the
     * runqueue that v is in is locked: v is picked by no CPU, and no lock may
     * be taken.  -EINVAL: not legal, nothing has changed.  get_context() may
     * be called for a paused vcpu only; it is out of guest mode then.
     */
    int (*set_context)(struct vcpu *v, const struct hvm_hw_cpu *c) must_check;
    void (*get_context)(struct vcpu *v, struct hvm_hw_cpu *c);

    /*
     * ---- from the run loop, on the CPU that v is on ----
     *
     * Interrupts are off.  load(): v's state, but what vcpu/fpu.c moves, goes
     * to this CPU, where run() will be called until save().  The calls come in
     * pairs, and between the two no other CPU touches v: it is v->arch.loaded.
     * v is the current vcpu already, and neither paused nor dying as far as
     * those know who wait in arch_vcpu_sync().
     */
    void (*load)(struct vcpu *v);
    void (*save)(struct vcpu *v);
    /*
     * v->arch.start is not 0: follow it, and clear it.  The run loop has seen
     * that v is neither paused nor dying; v may still be down.
     */
    void (*start)(struct vcpu *v);
    /*
     * A request of v is in flight: ioreq_in_flight().  False: not all device
     * models have answered.  True: what had to wait for the answer is done.
     */
    bool (*resume)(struct vcpu *v);
    /*
     * Run guest code until it exits, and handle the exit as far as it goes.
     * v->arch.in_guest is set.  Its TLB: flush first when told (also if that
     * is only at a later call, because this one did not enter).
     *
     * No entry when this CPU's softirq_pending is set, which is read with
     * interrupts held back.  In either case v->arch.in_guest is cleared
     * (store_release) and cpu->busy_since set to the TSC before anything else
     * is done.  An interrupt that ended guest mode is still pending afterwards.
     */
    void (*run)(struct vcpu *v, bool flush_tlb);

    /*
     * ---- of the current vcpu, while its exit is handled ----
     *
     * Does an interrupt wait, other than an event channel's, that v would take
     * if it went on?  v->lock may be held.
     */
    bool (*interrupt_pending)(const struct vcpu *v);
    /* To and from v's own addresses, as its kernel; 0 or -EFAULT. */
    int (*copy_in)(struct vcpu *v, void *dst, uint64_t src, size_t bytes);
    int (*copy_out)(struct vcpu *v, uint64_t dst, const void *src,
                    size_t bytes);

    /*
     * Report one HOLD_ARCH reference for each page that guests of this kind
     * own, and the CPUs for them.  The domain list is locked and all other
     * CPUs are stopped.
     */
    void (*audit_refs)(audit_count_t count);
};

/*
 * vcpu/domain.c: domains of this kind can be created from now on.  At boot.
 */
#define MAX_GUEST_KINDS 4
void guest_register(const struct guest_ops *ops);

#endif
