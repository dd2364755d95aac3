/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of an HVM guest: after each change of a source all outputs
 * are computed anew, and those that changed are told.  The lock is held while
 * they are told, so that the last level that an output hears is the right one.
 */
#include <emul/irq-lines.h>
#include <hv/array.h>
#include <hv/atomic.h>
#include <hv/lib.h>

#define NR_INTX (IRQ_LINES_DEVICES * 4)

void irq_lines_init(struct irq_lines *l, const struct irq_outputs *out,
                    void *arg)
{
    *l = (struct irq_lines){ .out = out, .arg = arg };
    spin_lock_init(&l->lock, LOCK_IRQ);
}

void irq_lines_destroy(struct irq_lines *l)
{
    spin_lock_destroy(&l->lock);
}

/* ---- outputs ---- */

static void add_isa(unsigned int irq, uint64_t *gsis, uint16_t *irqs)
{
    *irqs |= (uint16_t)(1U << irq);
    *gsis |= 1UL << (irq ? irq : 2); /* the timer's pin, by custom */
}

static void add_intx(const struct irq_lines *l, unsigned int i,
                     uint64_t *gsis, uint16_t *irqs)
{
    unsigned int device = i / 4, intx = i % 4;
    unsigned int irq = l->route[irq_lines_intx_link(device, intx)];

    *gsis |= 1UL << irq_lines_intx_gsi(device, intx);
    if ( irq )
        add_isa(irq, gsis, irqs);
}

static void add_callback(const struct irq_lines *l, uint64_t *gsis,
                         uint16_t *irqs)
{
    const struct irq_callback *c = &l->callback;

    if ( c->type == IRQ_CALLBACK_INTX )
        add_intx(l, c->device * 4U + c->intx, gsis, irqs);
    if ( c->type != IRQ_CALLBACK_GSI )
        return;
    *gsis |= 1UL << c->gsi;
    if ( c->gsi < IRQ_LINES_ISA )
        *irqs |= (uint16_t)(1U << c->gsi);
}

static void compute(const struct irq_lines *l, uint64_t *gsis, uint16_t *irqs)
{
    *gsis = l->gsi;
    *irqs = 0;
    for ( unsigned int rest = l->isa; rest; rest &= rest - 1 )
        add_isa((unsigned int)__builtin_ctz(rest), gsis, irqs);
    for ( unsigned int i = 0; i < NR_INTX / 64; i++ )
        for ( uint64_t rest = l->intx[i]; rest; rest &= rest - 1 )
            add_intx(l, i * 64 + (unsigned int)__builtin_ctzl(rest), gsis,
                     irqs);
    if ( l->callback_asserted )
        add_callback(l, gsis, irqs);
}

/* l->lock held. */
static void update(struct irq_lines *l)
{
    uint64_t gsis, changed;
    uint16_t irqs, isa_changed;

    ASSERT(spin_is_mine(&l->lock));
    compute(l, &gsis, &irqs);
    changed = gsis ^ l->gsi_out;
    isa_changed = irqs ^ l->isa_out;
    l->gsi_out = gsis;
    l->isa_out = irqs;
    for ( ; changed; changed &= changed - 1 )
    {
        unsigned int gsi = (unsigned int)__builtin_ctzl(changed);

        l->out->gsi(l->arg, gsi, gsis >> gsi & 1);
    }
    for ( unsigned int rest = isa_changed; rest; rest &= rest - 1 )
    {
        unsigned int irq = (unsigned int)__builtin_ctz(rest);

        l->out->isa(l->arg, irq, irqs >> irq & 1);
    }
}

/* ---- sources ---- */

static uint64_t with_bit(uint64_t word, unsigned int bit, bool on)
{
    return on ? word | 1UL << bit : word & ~(1UL << bit);
}

void irq_lines_set_isa(struct irq_lines *l, unsigned int irq, bool asserted)
{
    ASSERT(irq < IRQ_LINES_ISA);
    spin_lock(&l->lock);
    l->isa = (uint16_t)with_bit(l->isa, irq, asserted);
    update(l);
    spin_unlock(&l->lock);
}

void irq_lines_set_gsi(struct irq_lines *l, unsigned int gsi, bool asserted)
{
    ASSERT(gsi < IRQ_LINES_GSIS);
    spin_lock(&l->lock);
    l->gsi = with_bit(l->gsi, gsi, asserted);
    update(l);
    spin_unlock(&l->lock);
}

void irq_lines_set_intx(struct irq_lines *l, unsigned int device,
                        unsigned int intx, bool asserted)
{
    uint64_t *word;
    unsigned int i = device * 4 + intx;

    ASSERT(device < IRQ_LINES_DEVICES && intx < 4);
    spin_lock(&l->lock);
    word = &array_at(l->intx, i / 64);
    *word = with_bit(*word, i % 64, asserted);
    update(l);
    spin_unlock(&l->lock);
}

void irq_lines_set_link(struct irq_lines *l, unsigned int link,
                        unsigned int irq)
{
    ASSERT(link < IRQ_LINES_LINKS && irq < IRQ_LINES_ISA);
    spin_lock(&l->lock);
    array_at(l->route, link) = (uint8_t)irq;
    update(l);
    spin_unlock(&l->lock);
}

void irq_lines_route_callback(struct irq_lines *l, struct irq_callback to)
{
    spin_lock(&l->lock);
    l->callback = to;
    update(l);
    spin_unlock(&l->lock);
}

void irq_lines_set_callback(struct irq_lines *l, bool asserted)
{
    if ( likely(READ_ONCE(l->callback_asserted) == asserted) )
        return;
    spin_lock(&l->lock);
    WRITE_ONCE(l->callback_asserted, asserted);
    update(l);
    spin_unlock(&l->lock);
}

/* ---- for saved records ---- */

/* l->lock held, which is dropped. */
static void loaded_unlock(struct irq_lines *l)
{
    compute(l, &l->gsi_out, &l->isa_out);
    spin_unlock(&l->lock);
}

void irq_lines_get_intx(struct irq_lines *l, uint64_t bits[2])
{
    spin_lock(&l->lock);
    memcpy(bits, l->intx, sizeof(l->intx));
    spin_unlock(&l->lock);
}

void irq_lines_load_intx(struct irq_lines *l, const uint64_t bits[2])
{
    spin_lock(&l->lock);
    memcpy(l->intx, bits, sizeof(l->intx));
    loaded_unlock(l);
}

uint16_t irq_lines_get_isa(struct irq_lines *l)
{
    return READ_ONCE(l->isa);
}

void irq_lines_load_isa(struct irq_lines *l, uint16_t bits)
{
    spin_lock(&l->lock);
    l->isa = bits;
    loaded_unlock(l);
}

void irq_lines_get_links(struct irq_lines *l, uint8_t route[IRQ_LINES_LINKS])
{
    spin_lock(&l->lock);
    memcpy(route, l->route, sizeof(l->route));
    spin_unlock(&l->lock);
}

void irq_lines_load_links(struct irq_lines *l,
                          const uint8_t route[IRQ_LINES_LINKS])
{
    spin_lock(&l->lock);
    memcpy(l->route, route, sizeof(l->route));
    loaded_unlock(l);
}
