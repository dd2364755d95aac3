/* SPDX-License-Identifier: MIT */
/*
 * What interrupts a vcpu, in this order: a vector that the 8259s gave it and
 * that is not delivered yet, event channels' upcall by vector, the 8259s, the
 * local APIC.
 *
 * The upcall is a level: it is due as long as upcall_pending is set and not
 * masked.  As a vector it goes past the local APIC, by either way of asking for
 * it; the guest's end-of-interrupt after one that the APIC did not deliver
 * finds nothing in service.  As a GSI or PCI INTx it is the level of vcpu 0's
 * upcall: asserted before an entry of vcpu 0, deasserted at an exit of any
 * vcpu, before that exit ends an interrupt.
 */
#include <hv/domain.h>

#include <x86/hvm.h>
#include <x86/hvm-vendor.h>

#define VIA_TYPE_SHIFT 56

/* ---- as a vector ---- */

static int upcall_vector(const struct vcpu *v)
{
    uint64_t via;

    if ( v->upcall_vector )
        return v->upcall_vector;
    via = READ_ONCE(v->domain->params[HVM_PARAM_CALLBACK_IRQ]);
    return via >> VIA_TYPE_SHIFT == HVM_PARAM_CALLBACK_TYPE_VECTOR &&
                   (via & 0xff)
               ? (int)(via & 0xff) : -1;
}

/* ---- as a line ---- */

static struct irq_callback callback_line(uint64_t via)
{
    struct irq_callback to = { .type = IRQ_CALLBACK_NONE };

    switch ( via >> VIA_TYPE_SHIFT )
    {
    case HVM_PARAM_CALLBACK_TYPE_GSI:
        to.gsi = (uint8_t)via;
        if ( to.gsi && to.gsi < IRQ_LINES_GSIS )
            to.type = IRQ_CALLBACK_GSI;
        break;
    case HVM_PARAM_CALLBACK_TYPE_PCI_INTX:
        to.type = IRQ_CALLBACK_INTX;
        to.device = (via >> 11) & 31;
        to.intx = via & 3;
        break;
    default:
        break;
    }
    return to;
}

void event_update_line(struct domain *d)
{
    struct vcpu *v = domain_vcpu(d, 0);
    struct irq_callback to =
        callback_line(READ_ONCE(d->params[HVM_PARAM_CALLBACK_IRQ]));
    bool asserted = v && to.type != IRQ_CALLBACK_NONE &&
                    !v->upcall_vector && vcpu_event_pending(v);

    irq_lines_route_callback(&d->arch.hvm.irq_lines, to);
    irq_lines_set_callback(&d->arch.hvm.irq_lines, asserted);
}

/* ---- the next ---- */

static bool local_pending(struct vcpu *v)
{
    return vlapic_pending(&v->arch.hvm.vlapic) >= 0;
}

/* Where the next interrupt comes from; *vector: unless it is from the 8259s. */
static enum event_source next_source(struct vcpu *v, int *vector)
{
    if ( v->arch.hvm.extint )
    {
        *vector = v->arch.hvm.extint - 1;
        return EVENT_EXTINT;
    }
    if ( vcpu_event_pending(v) )
    {
        *vector = upcall_vector(v);
        if ( *vector >= 0 )
            return EVENT_UPCALL;
        if ( v->vcpu_id == 0 )
            event_update_line(v->domain);
    }
    if ( hvm_pic_reaches(v) )
        return EVENT_PIC;
    *vector = vlapic_pending(&v->arch.hvm.vlapic);
    return *vector >= 0 ? EVENT_LAPIC : EVENT_NONE;
}

int event_next(struct vcpu *v, bool interruptible, bool *window)
{
    int vector = -1;
    enum event_source source = next_source(v, &vector);

    if ( source == EVENT_NONE )
        return -1;
    if ( !interruptible )
    {
        *window = true;
        return -1;
    }
    if ( source == EVENT_PIC )
    {
        /* From here on the vector is the vcpu's, until it is delivered. */
        source = EVENT_EXTINT;
        vector = vpic_ack(&v->domain->arch.hvm.pic);
        if ( vector >= 0 )
            v->arch.hvm.extint = (uint16_t)(vector + 1);
        else /* the line fell in this moment */
        {
            source = EVENT_LAPIC;
            vector = vlapic_pending(&v->arch.hvm.vlapic);
        }
    }
    /* Another vcpu may change both: what follows does not ask again. */
    v->arch.hvm.event_source = (uint8_t)source;
    return vector;
}

void event_timers_resume(struct vcpu *v)
{
    if ( READ_ONCE(v->domain->arch.hvm.clocks_rest) )
        platform_resume(v->domain);
    if ( vlapic_timer_rests(&v->arch.hvm.vlapic) )
        vlapic_timer_wake(&v->arch.hvm.vlapic);
}

bool event_more(struct vcpu *v)
{
    return local_pending(v) || hvm_pic_reaches(v);
}

void event_taken(struct vcpu *v, unsigned int vector)
{
    if ( v->arch.hvm.event_source == EVENT_LAPIC )
        vlapic_ack(&v->arch.hvm.vlapic, (uint8_t)vector);
    else if ( v->arch.hvm.event_source == EVENT_EXTINT )
        v->arch.hvm.extint = 0;
}

void event_returned(struct vcpu *v, unsigned int vector)
{
    if ( v->arch.hvm.event_source == EVENT_LAPIC )
        vlapic_unack(&v->arch.hvm.vlapic, (uint8_t)vector);
    else if ( v->arch.hvm.event_source == EVENT_EXTINT )
        v->arch.hvm.extint = (uint16_t)(vector + 1);
}
