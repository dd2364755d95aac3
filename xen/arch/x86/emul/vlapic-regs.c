/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's registers: the xAPIC page and the x2APIC MSRs are two ways
 * to the same ones.  The page ignores what it does not know, MSRs fault.
 */
#include "vlapic-private.h"

#include <hv/array.h>
#include <hv/lib.h>

/* Of a current integrated APIC; 0x14, and the highest LVT entry. */
#define VERSION (0x14U | (NR_LVT - 1) << 16)

#define DFR_WRITABLE 0xf0000000U

const uint32_t vlapic_lvt_writable[NR_LVT] = {
    [LVT_TIMER] = LVT_VECTOR | LVT_MASKED | LVT_PERIODIC,
    [LVT_THERMAL] = LVT_VECTOR | LVT_MODE | LVT_MASKED,
    [LVT_PERF] = LVT_VECTOR | LVT_MODE | LVT_MASKED,
    [LVT_LINT0] = LVT_VECTOR | LVT_MODE | LVT_MASKED | LVT_PIN,
    [LVT_LINT1] = LVT_VECTOR | LVT_MODE | LVT_MASKED | LVT_PIN,
    [LVT_ERROR] = LVT_VECTOR | LVT_MASKED,
};

/* ---- reading ---- */

static bool read_range(const struct vlapic *l, unsigned int offset,
                       uint32_t *value)
{
    const uint64_t *bits = offset < REG_TMR   ? l->isr
                           : offset < REG_IRR ? l->tmr : l->irr;
    unsigned int i = (offset & 0x7f) >> 4;

    if ( offset >= REG_ISR && offset < REG_ESR )
        *value = (uint32_t)(READ_ONCE(bits[i / 2]) >> (i % 2 * 32));
    else if ( offset >= REG_LVT && offset < REG_TMICT )
        *value = array_at(l->lvt, (offset - REG_LVT) >> 4);
    else
        return false;
    return true;
}

bool vlapic_read_register(struct vlapic *l, unsigned int offset,
                          uint32_t *value)
{
    switch ( offset )
    {
    case REG_ID:
        *value = vlapic_is_x2apic(l) ? l->id : l->id << 24;
        break;
    case REG_VERSION:
        *value = VERSION;
        break;
    case REG_TPR:
        *value = l->tpr;
        break;
    case REG_PPR:
        *value = vlapic_ppr(l);
        break;
    case REG_APR: /* nobody arbitrates */
    case REG_RRD:
    case REG_EOI:
        *value = 0;
        break;
    case REG_LDR:
        *value = l->ldr;
        break;
    case REG_DFR:
        *value = l->dfr;
        break;
    case REG_SVR:
        *value = l->svr;
        break;
    case REG_ESR:
        *value = l->esr;
        break;
    case REG_ICR:
        *value = (uint32_t)l->icr;
        break;
    case REG_ICR_HIGH:
        *value = (uint32_t)(l->icr >> 32);
        break;
    case REG_TMICT:
        *value = l->tmict;
        break;
    case REG_TMCCT:
        *value = vlapic_timer_count(l);
        break;
    case REG_TDCR:
        *value = l->tdcr;
        break;
    default:
        return read_range(l, offset, value);
    }
    return true;
}

uint64_t vlapic_mmio_read(struct vlapic *l, unsigned int offset,
                          unsigned int size)
{
    unsigned int byte = offset & 0xf;
    uint32_t value;

    if ( !vlapic_read_register(l, offset - byte, &value) )
    {
        vlapic_error(l, ESR_REGISTER);
        return 0;
    }
    if ( byte >= 4 )
        return 0;
    value >>= byte * 8;
    return size < 4 ? value & ((1U << (size * 8)) - 1) : value;
}

bool vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t *value)
{
    unsigned int offset = (msr - MSR_X2APIC_FIRST) << 4;
    uint32_t low;

    if ( !vlapic_is_x2apic(l) )
        return false;
    switch ( offset )
    {
    case REG_APR:
    case REG_RRD:
    case REG_EOI:
    case REG_DFR:
    case REG_ICR_HIGH:
        return false;
    case REG_ICR:
        *value = l->icr;
        return true;
    default:
        if ( !vlapic_read_register(l, offset, &low) )
            return false;
        *value = low;
        return true;
    }
}

/* ---- writing ---- */

static void write_svr(struct vlapic *l, uint32_t value)
{
    vlapic_timer_settle(l);
    WRITE_ONCE(l->svr, value & SVR_WRITABLE);
    if ( !(value & SVR_ENABLED) )
        for ( unsigned int i = 0; i < NR_LVT; i++ )
            WRITE_ONCE(l->lvt[i], l->lvt[i] | LVT_MASKED);
    vlapic_timer_resume(l);
    vlapic_machine->intr_moved(l->v);
}

static void write_lvt(struct vlapic *l, enum vlapic_lvt i, uint32_t value)
{
    value &= array_at(vlapic_lvt_writable, i);
    if ( !(l->svr & SVR_ENABLED) )
        value |= LVT_MASKED;
    if ( i == LVT_TIMER )
        vlapic_timer_settle(l);
    WRITE_ONCE(array_at(l->lvt, i), value);
    if ( i == LVT_TIMER )
        vlapic_timer_resume(l);
    if ( i == LVT_LINT0 )
        vlapic_machine->intr_moved(l->v);
}

static void write_icr(struct vlapic *l, uint64_t value)
{
    l->icr = value & (~0UL << 32 | ICR_WRITABLE);
    vlapic_send_ipi(l);
}

/* A register that both modes write alike; false: there is none. */
static bool write_register(struct vlapic *l, unsigned int offset,
                           uint32_t value)
{
    switch ( offset )
    {
    case REG_TPR:
        vlapic_set_tpr(l, (uint8_t)value);
        break;
    case REG_EOI:
        vlapic_eoi(l);
        break;
    case REG_SVR:
        write_svr(l, value);
        break;
    case REG_ESR:
        l->esr = atomic_xchg(&l->esr_new, 0);
        break;
    case REG_TMICT:
        vlapic_timer_start(l, value);
        break;
    case REG_TDCR:
        vlapic_timer_divide(l, value);
        break;
    default:
        if ( offset < REG_LVT || offset >= REG_TMICT )
            return false;
        write_lvt(l, (offset - REG_LVT) >> 4, value);
    }
    return true;
}

void vlapic_mmio_write(struct vlapic *l, unsigned int offset,
                       unsigned int size, uint64_t value)
{
    uint32_t low = (uint32_t)value, unused;

    if ( (offset & 0xf) || size != 4 )
        return;
    switch ( offset )
    {
    case REG_LDR:
        WRITE_ONCE(l->ldr, low & 0xff000000);
        break;
    case REG_DFR:
        WRITE_ONCE(l->dfr, low | ~DFR_WRITABLE);
        break;
    case REG_ICR:
        write_icr(l, (l->icr & ~0UL << 32) | low);
        break;
    case REG_ICR_HIGH:
        l->icr = (uint64_t)(low & 0xff000000) << 32 | (uint32_t)l->icr;
        break;
    default:
        if ( !write_register(l, offset, low) &&
             !vlapic_read_register(l, offset, &unused) )
            vlapic_error(l, ESR_REGISTER); /* not even read only */
    }
}

/* Bits that may be set in a write of this MSR; false: it cannot be written. */
static bool msr_writable(unsigned int offset, uint64_t *bits)
{
    switch ( offset )
    {
    case REG_TPR:
    case REG_SELF_IPI:
        *bits = 0xff;
        return true;
    case REG_EOI:
    case REG_ESR:
        *bits = 0;
        return true;
    case REG_SVR:
        *bits = SVR_WRITABLE;
        return true;
    case REG_ICR:
        *bits = ~0UL << 32 | ICR_WRITABLE;
        return true;
    case REG_TMICT:
        *bits = ~0U;
        return true;
    case REG_TDCR:
        *bits = 0xb;
        return true;
    default:
        if ( offset < REG_LVT || offset >= REG_TMICT )
            return false;
        /* What is read only may be written back. */
        *bits = array_at(vlapic_lvt_writable, (offset - REG_LVT) >> 4) |
                LVT_READ_ONLY;
        return true;
    }
}

bool vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value)
{
    unsigned int offset = (msr - MSR_X2APIC_FIRST) << 4;
    uint64_t bits;

    if ( !vlapic_is_x2apic(l) || !msr_writable(offset, &bits) ||
         (value & ~bits) )
        return false;

    if ( offset == REG_ICR )
        write_icr(l, value);
    else if ( offset != REG_SELF_IPI )
        write_register(l, offset, (uint32_t)value);
    else if ( value < FIRST_LEGAL_VECTOR )
        vlapic_error(l, ESR_SEND_ILLEGAL);
    else
        vlapic_set_irq(l, (uint8_t)value, false);
    return true;
}
