/* SPDX-License-Identifier: MIT */
/*
 * What interrupts a vcpu: event channels' upcall, then its local APIC.
 *
 * The upcall is a level: it is due as long as upcall_pending is set and not
 * masked.  It goes to its vector past the local APIC, by either way of asking
 * for it; the guest's end-of-interrupt after one that the APIC did not
 * deliver finds nothing in service.
 */
#include <hv/domain.h>

#include <x86/hvm-vendor.h>

static int upcall_vector(const struct vcpu *v)
{
    uint64_t via;

    if ( v->upcall_vector )
        return v->upcall_vector;
    via = READ_ONCE(v->domain->params[HVM_PARAM_CALLBACK_IRQ]);
    return via >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR && (via & 0xff)
               ? (int)(via & 0xff) : -1;
}

int event_next(struct vcpu *v, bool interruptible, bool *window)
{
    int vector = -1;
    bool upcall;

    if ( vcpu_event_pending(v) )
        vector = upcall_vector(v);
    upcall = vector >= 0;
    if ( !upcall )
        vector = vlapic_pending(&v->arch.hvm.vlapic);
    if ( vector < 0 )
        return -1;
    if ( !interruptible )
    {
        *window = true;
        return -1;
    }
    /* Another vcpu may change both: what follows does not ask again. */
    v->arch.hvm.event_is_upcall = upcall;
    return vector;
}

void event_taken(struct vcpu *v, unsigned int vector)
{
    if ( !v->arch.hvm.event_is_upcall )
        vlapic_ack(&v->arch.hvm.vlapic, (uint8_t)vector);
}

void event_returned(struct vcpu *v, unsigned int vector)
{
    if ( !v->arch.hvm.event_is_upcall )
        vlapic_unack(&v->arch.hvm.vlapic, (uint8_t)vector);
}
