/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's records: LAPIC, and LAPIC_REGS, which is the xAPIC page's
 * first kilobyte.  LAPIC is loaded first: it says which mode the registers are
 * of.
 */
#include "vlapic-private.h"

#include <hv/lib.h>

#include <xen/hvm/save.h>

#define HW_DISABLED 0x1U
#define SW_DISABLED 0x2U

static uint32_t divisor(const struct vlapic *l)
{
    unsigned int shift = (l->tdcr & 3) | (l->tdcr & 8) >> 1;

    return 1U << ((shift + 1) & 7);
}

void vlapic_save(struct vlapic *l, struct hvm_hw_lapic *r)
{
    memset(r, 0, sizeof(*r));
    r->apic_base_msr = l->base;
    r->disabled = (vlapic_is_enabled(l) ? 0 : HW_DISABLED) |
                  (l->svr & SVR_ENABLED ? 0 : SW_DISABLED);
    r->timer_divisor = divisor(l);
}

/* `disabled` and the divisor follow from registers. */
int vlapic_load(struct vlapic *l, const struct hvm_hw_lapic *r)
{
    uint64_t mode = r->apic_base_msr & (APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    uint64_t bsp = l->base & APIC_BASE_BSP;

    if ( r->apic_base_msr != (VLAPIC_PAGE | bsp | mode) ||
         mode == APIC_BASE_X2APIC ||
         r->disabled & ~(HW_DISABLED | SW_DISABLED) || r->tdt_msr )
        return -EINVAL;
    WRITE_ONCE(l->base, (uint32_t)r->apic_base_msr);
    vlapic_reset(l);
    return 0;
}

static uint32_t get(const struct hvm_hw_lapic_regs *r, unsigned int offset)
{
    uint32_t value;

    memcpy(&value, r->data + offset, sizeof(value));
    return value;
}

/* All that can be read, as it reads; the error bits as last latched. */
void vlapic_save_regs(struct vlapic *l, struct hvm_hw_lapic_regs *r)
{
    memset(r, 0, sizeof(*r));
    for ( unsigned int offset = 0; offset < sizeof(r->data); offset += 16 )
    {
        uint32_t value;

        if ( vlapic_read_register(l, offset, &value) )
            memcpy(r->data + offset, &value, sizeof(value));
    }
}

static bool bits_only(const struct hvm_hw_lapic_regs *r, unsigned int offset,
                      uint32_t bits)
{
    return !(get(r, offset) & ~bits);
}

/* No register has a value that its writes could not give it. */
static bool regs_are_legal(const struct vlapic *l,
                           const struct hvm_hw_lapic_regs *r)
{
    bool x2apic = vlapic_is_x2apic(l);

    for ( unsigned int i = 0; i < NR_LVT; i++ )
        if ( !bits_only(r, REG_LVT + i * 16,
                        vlapic_lvt_writable[i] | LVT_READ_ONLY) )
            return false;
    for ( unsigned int offset = REG_ISR; offset < REG_ESR; offset += 0x80 )
        if ( get(r, offset) & ((1U << FIRST_LEGAL_VECTOR) - 1) )
            return false;
    return get(r, REG_ID) == (x2apic ? l->id : l->id << 24) &&
           bits_only(r, REG_TPR, 0xff) && bits_only(r, REG_ESR, 0xff) &&
           bits_only(r, REG_SVR, SVR_WRITABLE) &&
           bits_only(r, REG_ICR, ICR_WRITABLE | ICR_STATUS) &&
           bits_only(r, REG_TDCR, 0xb) &&
           (x2apic || (bits_only(r, REG_LDR, 0xff000000) &&
                       bits_only(r, REG_ICR_HIGH, 0xff000000) &&
                       (get(r, REG_DFR) | 0xf0000000) == ~0U));
}

static void load_bits(uint64_t bits[4], const struct hvm_hw_lapic_regs *r,
                      unsigned int offset)
{
    for ( unsigned int i = 0; i < 4; i++ )
        WRITE_ONCE(bits[i], get(r, offset + i * 32) |
                                (uint64_t)get(r, offset + i * 32 + 16) << 32);
}

int vlapic_load_regs(struct vlapic *l, const struct hvm_hw_lapic_regs *r)
{
    uint32_t count = get(r, REG_TMICT), left = get(r, REG_TMCCT);

    if ( !regs_are_legal(l, r) || left > count )
        return -EINVAL;
    vlapic_timer_start(l, 0);
    load_bits(l->isr, r, REG_ISR);
    load_bits(l->tmr, r, REG_TMR);
    load_bits(l->irr, r, REG_IRR);
    WRITE_ONCE(l->tpr, get(r, REG_TPR));
    WRITE_ONCE(l->svr, get(r, REG_SVR));
    if ( !vlapic_is_x2apic(l) ) /* there it follows from the id */
    {
        WRITE_ONCE(l->ldr, get(r, REG_LDR));
        WRITE_ONCE(l->dfr, get(r, REG_DFR));
    }
    for ( unsigned int i = 0; i < NR_LVT; i++ )
        WRITE_ONCE(l->lvt[i], get(r, REG_LVT + i * 16) &
                                  vlapic_lvt_writable[i]);
    l->icr = (uint64_t)get(r, REG_ICR_HIGH) << 32 |
             (get(r, REG_ICR) & ICR_WRITABLE);
    l->esr = get(r, REG_ESR);
    vlapic_timer_load(l, count, get(r, REG_TDCR), left);
    vlapic_machine->intr_moved(l->v);
    return 0;
}
