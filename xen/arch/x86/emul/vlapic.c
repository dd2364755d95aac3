/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's state: interrupts on their way in, priorities, life.
 *
 * A sender sets the IRR bit first and looks at the target's priority and flags
 * after; the target changes those first and looks at the IRR after.  So one of
 * them sees the other, and an interrupt is never left with a sleeping vcpu.
 */
#include "vlapic-private.h"

#include <hv/domain.h>
#include <hv/lib.h>

const struct vlapic_machine *vlapic_machine;

void vlapic_machine_register(const struct vlapic_machine *m)
{
    vlapic_machine = m;
}

/* ---- life ---- */

static void clear(uint64_t bits[4])
{
    for ( unsigned int i = 0; i < 4; i++ )
        WRITE_ONCE(bits[i], 0);
}

void vlapic_reset(struct vlapic *l)
{
    timer_stop(&l->timer);
    clear(l->irr);
    clear(l->isr);
    clear(l->tmr);
    WRITE_ONCE(l->nmi, 0);
    WRITE_ONCE(l->tpr, 0);
    WRITE_ONCE(l->svr, 0xff);
    WRITE_ONCE(l->dfr, ~0U);
    WRITE_ONCE(l->ldr, vlapic_is_x2apic(l)
                           ? (l->id >> 4) << 16 | 1U << (l->id & 0xf) : 0);
    for ( unsigned int i = 0; i < NR_LVT; i++ )
        WRITE_ONCE(l->lvt[i], LVT_MASKED);
    l->icr = 0;
    l->esr = 0;
    WRITE_ONCE(l->esr_new, 0);
    l->tmict = l->tdcr = 0;
    WRITE_ONCE(l->deadline, 0);
    vlapic_machine->intr_moved(l->v);
}

void vlapic_init(struct vlapic *l, struct vcpu *v, uint32_t apic_id)
{
    *l = (struct vlapic){ .v = v, .id = apic_id };
    l->base = VLAPIC_PAGE | APIC_BASE_ENABLE | (v->vcpu_id ? 0 : APIC_BASE_BSP);
    vlapic_timer_init(l);
    vlapic_reset(l);
}

void vlapic_destroy(struct vlapic *l)
{
    timer_stop(&l->timer);
}

bool vlapic_base_write(struct vlapic *l, uint64_t value)
{
    uint32_t mode = value & (APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    uint32_t was = l->base & (APIC_BASE_ENABLE | APIC_BASE_X2APIC);

    if ( (value & ~(uint64_t)(APIC_BASE_BSP | mode)) != VLAPIC_PAGE ||
         mode == APIC_BASE_X2APIC ||
         (mode == (APIC_BASE_ENABLE | APIC_BASE_X2APIC) && !was) ||
         (mode == APIC_BASE_ENABLE && (was & APIC_BASE_X2APIC)) )
        return false;
    if ( mode == was )
        return true;

    WRITE_ONCE(l->base, VLAPIC_PAGE | (l->base & APIC_BASE_BSP) | mode);
    if ( mode && was ) /* into x2APIC mode: all but this stays */
    {
        WRITE_ONCE(l->ldr, (l->id >> 4) << 16 | 1U << (l->id & 0xf));
        WRITE_ONCE(l->dfr, ~0U); /* there is no such register */
        l->icr &= 0xffffffff;
    }
    else
        vlapic_reset(l);
    return true;
}

/* ---- priorities ---- */

int vlapic_highest_set(const uint64_t bits[4])
{
    for ( int i = 3; i >= 0; i-- )
    {
        uint64_t word = READ_ONCE(bits[i]);

        if ( word )
            return i * 64 + 63 - __builtin_clzl(word);
    }
    return -1;
}

uint8_t vlapic_ppr(const struct vlapic *l)
{
    int served = vlapic_highest(l->isr);
    uint8_t tpr = vlapic_get_tpr(l), in_service = 0;

    if ( served >= 0 )
        in_service = served & 0xf0;
    return (tpr & 0xf0) >= in_service ? tpr : in_service;
}

int vlapic_pending(const struct vlapic *l)
{
    int vector = vlapic_highest(l->irr);

    /* Few entries find one, so priorities come second. */
    if ( likely(vector < 0) || !vlapic_is_enabled(l) ||
         (vector & 0xf0) <= (vlapic_ppr(l) & 0xf0) )
        return -1;
    return vector;
}

void vlapic_ack(struct vlapic *l, uint8_t vector)
{
    ASSERT(test_bit(vector, l->irr));
    set_bit(vector, l->isr);
    clear_bit(vector, l->irr);
}

void vlapic_unack(struct vlapic *l, uint8_t vector)
{
    set_bit(vector, l->irr);
    clear_bit(vector, l->isr);
}

void vlapic_eoi(struct vlapic *l)
{
    int vector = vlapic_highest(l->isr);

    if ( vector < 0 )
        return;
    clear_bit(vector, l->isr);
    if ( test_bit(vector, l->tmr) )
        vlapic_machine->eoi(l->v, (uint8_t)vector);
}

/* ---- interrupts arrive ---- */

bool vlapic_accepts(const struct vlapic *l)
{
    return vlapic_is_enabled(l) && (READ_ONCE(l->svr) & SVR_ENABLED);
}

bool vlapic_takes_extint(const struct vlapic *l)
{
    return !vlapic_is_enabled(l) ||
           (READ_ONCE(l->lvt[LVT_LINT0]) & (LVT_MODE | LVT_MASKED)) ==
               VLAPIC_EXTINT << 8;
}

bool vlapic_set_irq(struct vlapic *l, uint8_t vector, bool level)
{
    if ( !vlapic_accepts(l) )
        return false;
    if ( vector < FIRST_LEGAL_VECTOR )
    {
        vlapic_error(l, ESR_RECEIVE_ILLEGAL);
        return false;
    }

    if ( level )
        set_bit(vector, l->tmr);
    else if ( test_bit(vector, l->tmr) )
        clear_bit(vector, l->tmr);
    /* The wake-up for one that was there already was its own sender's. */
    if ( test_and_set_bit(vector, l->irr) )
        return true;

    /*
     * What a sleeping vcpu cannot take does not wake it.  Of one in guest mode
     * the priority may be old, so it has to look for itself.
     */
    if ( vlapic_pending(l) >= 0 )
        vcpu_wake(l->v);
    else
        arch_vcpu_kick(l->v);
    return true;
}

void vlapic_set_nmi(struct vlapic *l)
{
    WRITE_ONCE(l->nmi, 1);
    vcpu_wake(l->v);
}

void vlapic_local(struct vlapic *l, enum vlapic_lvt i)
{
    uint32_t lvt = READ_ONCE(l->lvt[i]);

    if ( lvt & LVT_MASKED )
        return;
    vlapic_set_irq(l, (uint8_t)lvt, false);
}

void vlapic_error(struct vlapic *l, uint32_t bits)
{
    uint32_t before = atomic_fetch_or(&l->esr_new, bits);

    /* Once for each kind, so that an LVT_ERROR with an illegal vector ends. */
    if ( bits & ~before )
        vlapic_local(l, LVT_ERROR);
}
