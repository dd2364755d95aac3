/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of a vcpu: xAPIC page, x2APIC MSRs, priorities, IPIs, timer.
 *
 * The machine embeds one struct vlapic in each vcpu.  Anybody may hand it an
 * interrupt, from any CPU, with locks held: IRR, TMR, the NMI flag and the
 * error bits are atomic.  All else is changed by the vcpu itself (or while it
 * does not run); others read it, to match destinations, and bear with what is
 * about to change.
 *
 *   vlapic_set_irq --> IRR --vlapic_pending, vlapic_ack--> ISR --EOI--> gone
 *
 * An external interrupt controller's INTR goes past it: vlapic_takes_extint().
 * Of what it is not: no TSC deadline, no CMCI, no SMI; the xAPIC page stays at
 * 0xfee00000.
 */
#ifndef EMUL_VLAPIC_H
#define EMUL_VLAPIC_H

#include <hv/atomic.h>
#include <hv/timer.h>
#include <hv/types.h>

#include <x86/defns.h>

struct domain;
struct hvm_hw_lapic;
struct hvm_hw_lapic_regs;
struct vcpu;

#define VLAPIC_PAGE 0xfee00000UL
#define VLAPIC_BUS_NS 10 /* the timer counts at 100 MHz before its divider */

enum vlapic_lvt {
    LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR,
    NR_LVT
};

struct vlapic {
    struct vcpu *v;    /* [I] */
    uint32_t id;       /* [I] APIC id; an xAPIC shows 8 bits of it          */
    uint32_t base;     /* [s] MSR_APIC_BASE                                 */
    uint32_t tpr, ldr, dfr, svr; /* [s] */
    uint32_t lvt[NR_LVT];        /* [s] */
    uint64_t icr;                /* [s] destination in the upper half       */
    uint32_t esr;                /* [s] as last latched                     */
    uint32_t esr_new;            /* [a] since then                          */
    uint32_t nmi;                /* [a] one is pending                      */
    uint64_t irr[4], tmr[4];     /* [a] */
    uint64_t isr[4];             /* [s] */

    struct timer timer;
    uint32_t tmict, tdcr; /* [t] initial count, divide configuration        */
    uint64_t deadline;    /* [t] ns when the count is 0; 0: not counting    */
    bool rests;           /* [a] its vcpu cannot run: vlapic_timer_wake()   */
};
/*
 * [I] immutable  [a] atomic  [s] its vcpu, others read
 * [t] its vcpu with the timer stopped, else the timer's function
 */

/* ---- what the machine gives: registered once, before the first vcpu ---- */

struct vlapic_machine {
    /* v's, or NULL while there is none. */
    struct vlapic *(*of)(struct vcpu *v);
    /*
     * An INIT, a SIPI from another vcpu.  After INIT the vcpu is reset (so is
     * its vlapic, by vlapic_reset()) and waits for a SIPI; one that is not
     * waiting ignores it, else it starts in real mode at vector << 12.
     * Called by the sender, no locks held.
     */
    void (*init)(struct vcpu *target);
    void (*sipi)(struct vcpu *target, uint8_t vector);
    /*
     * v ended a level-triggered interrupt: vioapic_eoi() for each I/O APIC.
     * Called by v, no locks held.
     */
    void (*eoi)(struct vcpu *v, uint8_t vector);
    /*
     * vlapic_takes_extint() of v may have changed, so that INTR of the 8259s
     * may reach another vcpu now.  Locks below LOCK_ARCH may be held.
     */
    void (*intr_moved)(struct vcpu *v);
};
void vlapic_machine_register(const struct vlapic_machine *m);

/* ---- life; by the vcpu itself, or while it does not run ---- */

/*
 * As after power on: xAPIC mode, disabled by software; vcpu 0 has BSP set.
 * Never fails and allocates nothing.
 */
void vlapic_init(struct vlapic *l, struct vcpu *v, uint32_t apic_id);
/* As INIT does: mode (MSR_APIC_BASE) and id stay.  No locks held. */
void vlapic_reset(struct vlapic *l);
/* Stop the timer.  No locks held. */
void vlapic_destroy(struct vlapic *l);

/* ---- to it: any CPU, locks below LOCK_ARCH may be held ---- */

/*
 * An interrupt arrives.  False: not taken, since the APIC is disabled or the
 * vector is below 16.  A vcpu that is halted and can take it is woken, one
 * that runs is kicked.
 *
 * vcpu_block() knows nothing of this: after it the machine looks at
 * vlapic_pending() and vlapic_nmi_pending() and calls vcpu_wake() on itself
 * when there is something.
 */
bool vlapic_set_irq(struct vlapic *l, uint8_t vector, bool level);
void vlapic_set_nmi(struct vlapic *l);

/* Enabled, by MSR_APIC_BASE and by software: it takes interrupts. */
bool vlapic_accepts(const struct vlapic *l);
/*
 * Does INTR of the 8259s, which is connected to LINT0, reach the processor?  It
 * does when LINT0 is in ExtINT mode, and when the APIC is disabled.
 */
bool vlapic_takes_extint(const struct vlapic *l);

/* Delivery modes, as in ICR, I/O APIC entries and MSI data. */
enum vlapic_mode {
    VLAPIC_FIXED, VLAPIC_LOWEST, VLAPIC_SMI, VLAPIC_NMI = 4, VLAPIC_INIT,
    VLAPIC_SIPI, VLAPIC_EXTINT,
};
#define VLAPIC_BROADCAST 0xffffffffU

struct vlapic_message {
    uint32_t dest; /* physical: 8-bit senders' 0xff is VLAPIC_BROADCAST */
    bool logical;
    bool level;
    uint8_t mode; /* enum vlapic_mode; fixed, lowest and NMI are delivered */
    uint8_t vector;
};

/* Does l's vcpu belong to m's destination? */
bool vlapic_matches(const struct vlapic *l, const struct vlapic_message *m);

/*
 * A message from a device: to all vcpus of d that it means (of lowest
 * priority: the one with the lowest PPR).  True when one took it.
 */
bool vlapic_deliver(struct domain *d, const struct vlapic_message *m);

/* ---- run loop; by the vcpu itself ---- */

/*
 * A periodic timer rests after an interrupt that its vcpu cannot take, since it
 * is blocked or paused: then this is due before the vcpu enters the guest.  No
 * locks held.
 */
static inline bool vlapic_timer_rests(const struct vlapic *l)
{
    return READ_ONCE(l->rests);
}
void vlapic_timer_wake(struct vlapic *l);

/* The vector to inject now: the highest above PPR, or -1. */
int vlapic_pending(const struct vlapic *l);
/* It is injected: from IRR to ISR. */
void vlapic_ack(struct vlapic *l, uint8_t vector);
/* It did not arrive after all: back from ISR to IRR, as if nobody took it. */
void vlapic_unack(struct vlapic *l, uint8_t vector);
/* End of the highest interrupt in service; tells the machine when level. */
void vlapic_eoi(struct vlapic *l);

/* Is any of 256 bits set (irr, isr, tmr)? */
static inline bool vlapic_any(const uint64_t bits[4])
{
    return READ_ONCE(bits[0]) | READ_ONCE(bits[1]) | READ_ONCE(bits[2]) |
           READ_ONCE(bits[3]);
}
/* The highest of them, or -1; mostly there is none. */
int vlapic_highest_set(const uint64_t bits[4]);
static inline int vlapic_highest(const uint64_t bits[4])
{
    return vlapic_any(bits) ? vlapic_highest_set(bits) : -1;
}

static inline bool vlapic_nmi_pending(const struct vlapic *l)
{
    return READ_ONCE(l->nmi);
}
/* Take it: true when there was one. */
static inline bool vlapic_nmi_take(struct vlapic *l)
{
    return vlapic_nmi_pending(l) && atomic_xchg(&l->nmi, 0);
}

/* TPR, 8 bits; CR8 is its upper four. */
static inline uint8_t vlapic_get_tpr(const struct vlapic *l)
{
    return (uint8_t)READ_ONCE(l->tpr);
}
static inline void vlapic_set_tpr(struct vlapic *l, uint8_t tpr)
{
    WRITE_ONCE(l->tpr, tpr);
}
static inline uint8_t vlapic_get_cr8(const struct vlapic *l)
{
    return vlapic_get_tpr(l) >> 4;
}
/* What VMCB V_TPR holds at an exit: low bits stay when the class does. */
static inline void vlapic_set_cr8(struct vlapic *l, uint8_t cr8)
{
    if ( vlapic_get_cr8(l) != (cr8 & 0xf) )
        vlapic_set_tpr(l, (uint8_t)(cr8 << 4));
}
uint8_t vlapic_ppr(const struct vlapic *l);

/*
 * The records LAPIC and LAPIC_REGS (xen/hvm/save.h), to be loaded in this order;
 * -EINVAL: a state that no sequence of writes reaches.  The timer goes on with
 * what was left of its count.
 */
void vlapic_save(struct vlapic *l, struct hvm_hw_lapic *r);
void vlapic_save_regs(struct vlapic *l, struct hvm_hw_lapic_regs *r);
int vlapic_load(struct vlapic *l, const struct hvm_hw_lapic *r) must_check;
int vlapic_load_regs(struct vlapic *l, const struct hvm_hw_lapic_regs *r)
    must_check;

/* ---- registers; by the vcpu itself, no locks held ---- */

static inline bool vlapic_is_enabled(const struct vlapic *l)
{
    return READ_ONCE(l->base) & APIC_BASE_ENABLE;
}
static inline bool vlapic_is_x2apic(const struct vlapic *l)
{
    return READ_ONCE(l->base) & APIC_BASE_X2APIC;
}
/* Is this guest-physical address in the xAPIC page, in xAPIC mode? */
static inline bool vlapic_covers(const struct vlapic *l, uint64_t gpa)
{
    return vlapic_is_enabled(l) && !vlapic_is_x2apic(l) &&
           (gpa & PAGE_MASK) == VLAPIC_PAGE;
}

/*
 * MSR_APIC_BASE.  False: #GP, on a transition that is not legal (legal are
 * disabled <-> xAPIC -> x2APIC -> disabled), reserved bits, another address.
 * The BSP bit cannot be changed.
 */
static inline uint64_t vlapic_base_read(const struct vlapic *l)
{
    return READ_ONCE(l->base);
}
bool vlapic_base_write(struct vlapic *l, uint64_t value) must_check;

/*
 * The xAPIC page: offset in the page, size 1, 2, 4 or 8 bytes.  Registers are
 * 4 bytes at multiples of 16.  What is read elsewhere is 0; writes count only
 * as 4 aligned bytes.  A register that does not exist sets an ESR bit.
 */
uint64_t vlapic_mmio_read(struct vlapic *l, unsigned int offset,
                          unsigned int size);
void vlapic_mmio_write(struct vlapic *l, unsigned int offset,
                       unsigned int size, uint64_t value);

/* MSR_X2APIC_FIRST..LAST.  False: #GP (so always when not in x2APIC mode). */
bool vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t *value)
    must_check;
bool vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value)
    must_check;

#endif
