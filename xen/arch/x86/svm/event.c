/* SPDX-License-Identifier: MIT */
/*
 * Selects the event that the next entry delivers, in this order:
 *
 *   1. an exception or NMI left in event_inject by an entry that did not happen
 *   2. s->event: an exception, or an NMI that was interrupted in its delivery
 *   3. an NMI
 *   4. an interrupt
 *
 * An interrupt is injected by V_IRQ, not by EVENTINJ: the guest takes the virtual
 * interrupt with its first step, unless another exit comes before; then the
 * interrupt goes back to its local APIC.  EVENTINJ injects it when another one
 * waits, for which a window is open.
 *
 * An interrupt or NMI that the guest cannot take yet waits for a window: V_IRQ
 * with the VINTR intercept, which exits when the guest could take an interrupt.
 */
#include <hv/guest-access.h>
#include <hv/lib.h>

#include <emul/rules.h>

#include <x86/irq.h>
#include <x86/platform.h>

#include "svm.h"

#define HLT 0xf4

/* ---- exceptions ---- */

void svm_inject(struct vcpu *v, unsigned int vector, bool has_error,
                uint32_t error)
{
    struct svm_vcpu *s = svm_of(v);
    uint64_t old = s->event;

    if ( (old & EVENT_VALID) && (old & EVENT_TYPE) == EVENT_EXCEPTION )
    {
        switch ( fault_pair(old & EVENT_VECTOR, vector) )
        {
        case FAULTS_TRIPLE:
            s->event = 0;
            exit_triple_fault(v);
            return;
        case FAULTS_DOUBLE:
            vector = VECTOR_DF;
            has_error = true;
            error = 0;
            break;
        case FAULTS_SECOND:
            break;
        }
    }
    else if ( old & EVENT_VALID ) /* an NMI: it is due again, behind this */
    {
        svm_unmask_nmi(s);
        vlapic_set_nmi(&v->arch.hvm.vlapic);
    }
    s->event = EVENT_VALID | EVENT_EXCEPTION | vector;
    if ( has_error && exception_has_error_code(vector, s->vmcb->cr0) )
        s->event |= EVENT_HAS_ERROR | (uint64_t)error << EVENT_ERROR_SHIFT;
}

void svm_inject_page_fault(struct vcpu *v, uint32_t error, uint64_t cr2)
{
    struct vmcb *b = svm_of(v)->vmcb;

    b->cr2 = cr2;
    vmcb_changed(b, CLEAN_CR2);
    svm_inject(v, VECTOR_PF, true, error);
}

void svm_event_interrupted(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    uint64_t event = s->vmcb->exit_int_info, type = event & EVENT_TYPE;
    unsigned int vector = event & EVENT_VECTOR;

    /* rip is still at an instruction that asked for it: it does so again. */
    if ( type == EVENT_SOFTWARE ||
         (type == EVENT_EXCEPTION &&
          (vector == VECTOR_BP || vector == VECTOR_OF)) )
        return;
    if ( type == EVENT_INTR )
    {
        event_returned(v, vector);
        return;
    }
    if ( !(event & EVENT_HAS_ERROR) )
        event &= ~(~0UL << EVENT_ERROR_SHIFT);
    s->event = event & (EVENT_VECTOR | EVENT_TYPE | EVENT_HAS_ERROR |
                        EVENT_VALID | ~0UL << EVENT_ERROR_SHIFT);
}

void svm_not_entered(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    s->stepping = false;
    if ( (b->event_inject & (EVENT_VALID | EVENT_TYPE)) ==
         (EVENT_VALID | EVENT_INTR) )
    {
        event_returned(v, b->event_inject & EVENT_VECTOR);
        b->event_inject = 0;
    }
}

/* ---- before an entry ---- */

void svm_mask_nmi(struct svm_vcpu *s)
{
    s->nmi_masked = true;
    s->vmcb->intercept_1 |= INTERCEPT_IRET;
    vmcb_changed(s->vmcb, CLEAN_INTERCEPTS);
}

void svm_unmask_nmi(struct svm_vcpu *s)
{
    s->nmi_masked = false;
    s->vmcb->intercept_1 &= ~INTERCEPT_IRET;
    vmcb_changed(s->vmcb, CLEAN_INTERCEPTS);
}

/*
 * An NMI that waits for the end of its predecessor's handler.  A VINTR window
 * opens only with IF set, which IRET may clear.  So step over the IRET with TF, and
 * inject the NMI at the trap.
 */
static void step_begin(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    /* Who steps through it himself has a trap there anyway. */
    s->stepping = !(v->arch.hvm.emul.regs.rflags & RFLAGS_TF);
    s->step_dr6 = s->vmcb->dr6;
    s->vmcb->intercept_exceptions |= STEP_FAULTS;
    vmcb_changed(s->vmcb, CLEAN_INTERCEPTS);
}

/*
 * After IRET the flags are the loaded ones; else remove the TF set here, also for
 * what executes IRET for the guest.
 */
void svm_step_end(struct vcpu *v)
{
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    b->intercept_exceptions &= ~STEP_FAULTS;
    vmcb_changed(b, CLEAN_INTERCEPTS);
    if ( b->exit_code == EXIT_EXCEPTION + VECTOR_DB )
        s->at_iret = false;
    else if ( s->stepping )
    {
        regs->rflags &= ~RFLAGS_TF;
        b->rflags &= ~RFLAGS_TF;
        s->stepping = false;
    }
}

bool svm_step_was_ours(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    if ( !s->stepping )
        return false;
    s->stepping = false;
    b->dr6 = (b->dr6 & ~DR6_BS) | (s->step_dr6 & DR6_BS);
    vmcb_changed(b, CLEAN_DR);
    return !(b->dr6 & DR6_BREAKPOINTS);
}

/* Inject an NMI if possible; true: it has to wait for a window. */
static bool nmi(struct vcpu *v, bool shadow)
{
    struct svm_vcpu *s = svm_of(v);
    bool busy = s->vmcb->event_inject & EVENT_VALID;

    if ( s->nmi_masked ) /* IRET is intercepted, and unmasks NMIs */
        return false;
    if ( shadow || busy )
        return true;
    vlapic_nmi_take(&v->arch.hvm.vlapic);
    s->vmcb->event_inject = EVENT_VALID | EVENT_NMI | VECTOR_NMI;
    svm_mask_nmi(s);
    return false;
}

/*
 * Guests write CR8 without an exit, unless it is CR8 alone that holds an
 * interrupt back.
 */
static bool held_by_cr8(const struct vlapic *l)
{
    int irr = vlapic_highest(l->irr);

    return irr >= 16 && vlapic_is_enabled(l) &&
           (irr >> 4) <= vlapic_get_cr8(l) &&
           (vlapic_highest(l->isr) >> 4) < (irr >> 4);
}

/*
 * V_IRQ: the interrupt that is injected, or a window.  A write of CR8 exits when
 * it could make an interrupt deliverable, and while a window is open: QEMU
 * aborts when a write of CR8 makes the V_IRQ of a window deliverable.
 */
static void set_virtual(struct svm_vcpu *s, bool window, bool cr8)
{
    struct vmcb *b = s->vmcb;
    uint32_t intercept_cr = (b->intercept_cr & ~INTERCEPT_CR8_WRITE) |
                            (window || cr8 ? INTERCEPT_CR8_WRITE : 0);
    uint32_t intercept_1 = b->intercept_1 | INTERCEPT_VINTR;
    uint64_t vintr = b->vintr & (VINTR_MASKING | VINTR_TPR);

    if ( window || s->vintr_vector )
        vintr |= VINTR_IRQ | VINTR_IGNORE_TPR | VINTR_PRIO;
    if ( s->vintr_vector )
    {
        vintr |= (uint64_t)s->vintr_vector << VINTR_VECTOR_SHIFT;
        intercept_1 &= ~INTERCEPT_VINTR;
    }
    if ( b->vintr != vintr )
    {
        b->vintr = vintr;
        vmcb_changed(b, CLEAN_VINTR);
    }
    if ( b->intercept_cr != intercept_cr || b->intercept_1 != intercept_1 )
    {
        b->intercept_cr = intercept_cr;
        b->intercept_1 = intercept_1;
        vmcb_changed(b, CLEAN_INTERCEPTS);
    }
}

/*
 * QEMU leaves VINTR_IRQ set when the delivery was interrupted, so the interrupt
 * is due, too; and tells of this delivery as that of an exception.
 */
void svm_vintr_taken_back(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    if ( b->vintr & VINTR_IRQ )
    {
        if ( (b->exit_int_info & (EVENT_VALID | EVENT_TYPE | EVENT_VECTOR)) ==
             (EVENT_VALID | EVENT_EXCEPTION | s->vintr_vector) )
            b->exit_int_info = EVENT_VALID | EVENT_INTR | s->vintr_vector;
        b->vintr &= ~VINTR_IRQ;
        vmcb_changed(b, CLEAN_VINTR);
        event_returned(v, s->vintr_vector);
    }
    s->vintr_vector = 0;
}

/*
 * STI; HLT: the interrupt that was waited for comes behind HLT, not before it.
 * The shadow would do that too, but QEMU forgets it over an entry.
 */
static bool at_hlt(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    uint8_t code;

    return !b->cpl &&
           !arch_guest_copy_in(&code, b->cs.base + v->arch.hvm.emul.regs.rip,
                               1) && code == HLT;
}

/*
 * QEMU keeps the vector until the next exit, and delivers it again if the CPU's
 * time slice ends before or another thread asks the CPU for something (docs/vm.md).
 * So this CPU interrupts itself: the exit comes before the handler's first
 * instruction.
 */
static void inject_interrupt(struct vmcb *b, unsigned int vector)
{
    b->event_inject = EVENT_VALID | EVENT_INTR | vector;
    if ( svm_features.qemu )
        lapic_send_ipi(this_cpu()->apic_id, VECTOR_RESCHEDULE);
}

/* Most entries: nothing to deliver, and no window to close. */
static bool nothing_due(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;
    const struct svm_vcpu *s = svm_of(v);

    return !s->event && !vcpu_event_pending(v) && !vlapic_nmi_pending(l) &&
           !vlapic_any(l->irr) && !v->arch.hvm.extint &&
           !vpic_intr(&v->domain->arch.hvm.pic) &&
           !(s->vmcb->intercept_cr & INTERCEPT_CR8_WRITE);
}

/* Not inlined: most entries have nothing to deliver. */
static __attribute__((noinline)) void deliver(struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;
    bool shadow = b->interrupt_shadow & 1, window = false, skip = false, ready;
    int vector;

    if ( unlikely(s->event) && !(b->event_inject & EVENT_VALID) )
    {
        b->event_inject = s->event;
        s->event = 0;
    }
    if ( unlikely(vlapic_nmi_pending(l)) )
    {
        if ( s->at_iret && !(b->event_inject & EVENT_VALID) )
        {
            step_begin(v);
            set_virtual(s, false, false);
            return;
        }
        window = nmi(v, shadow);
    }

    ready = (v->arch.hvm.emul.regs.rflags & RFLAGS_IF) &&
            !(b->event_inject & EVENT_VALID);
    if ( unlikely(shadow) && ready )
        skip = at_hlt(v);
    vector = event_next(v, ready && (!shadow || skip), &window);
    if ( vector >= 0 )
    {
        if ( skip )
        {
            v->arch.hvm.emul.regs.rip++;
            b->interrupt_shadow &= ~1UL;
        }
        event_taken(v, (unsigned int)vector);
        /* One of several sources went first; another may have a vector. */
        window |= event_more(v);
        if ( likely(!window) )
            s->vintr_vector = (uint8_t)vector;
        else
            inject_interrupt(b, (unsigned int)vector);
    }
    set_virtual(s, window, vlapic_get_cr8(l) && held_by_cr8(l));
}

void svm_events(struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;
    struct vmcb *b = svm_of(v)->vmcb;
    uint8_t cr8 = vlapic_get_cr8(l);

    if ( unlikely((b->vintr & VINTR_TPR) != cr8) )
    {
        b->vintr = (b->vintr & ~VINTR_TPR) | cr8;
        vmcb_changed(b, CLEAN_VINTR);
    }
    if ( unlikely(vlapic_timer_rests(l) ||
                  READ_ONCE(v->domain->arch.hvm.clocks_rest)) )
        event_timers_resume(v);
    if ( unlikely(!nothing_due(v)) )
        deliver(v);
}
