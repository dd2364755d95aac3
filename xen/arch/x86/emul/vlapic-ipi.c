/* SPDX-License-Identifier: MIT */
/* Who is meant by a destination, and messages to them: IPIs and devices'. */
#include "vlapic-private.h"

#include <hv/domain.h>
#include <hv/lib.h>

enum shorthand { TO_DEST, TO_SELF, TO_ALL, TO_OTHERS };

#define DFR_FLAT 0xfU

static bool matches_logical(const struct vlapic *l, uint32_t dest)
{
    uint32_t ldr = READ_ONCE(l->ldr);

    if ( vlapic_is_x2apic(l) )
        return dest == VLAPIC_BROADCAST ||
               (dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff));
    if ( dest == VLAPIC_BROADCAST )
        dest = 0xff;
    if ( dest > 0xff )
        return false;
    ldr >>= 24;
    if ( READ_ONCE(l->dfr) >> 28 == DFR_FLAT )
        return ldr & dest;
    return dest == 0xff || (dest >> 4 == ldr >> 4 && (dest & ldr & 0xf));
}

bool vlapic_matches(const struct vlapic *l, const struct vlapic_message *m)
{
    if ( !vlapic_is_enabled(l) )
        return false;
    if ( m->logical )
        return matches_logical(l, m->dest);
    return m->dest == VLAPIC_BROADCAST ||
           m->dest == (vlapic_is_x2apic(l) ? l->id : l->id & 0xff);
}

/* The next vcpu from *id on that m means; NULL: no more. */
static struct vlapic *next_target(struct domain *d, unsigned int *id,
                                  const struct vlapic_message *m)
{
    while ( *id < d->max_vcpus )
    {
        struct vcpu *v = domain_vcpu(d, (*id)++);
        struct vlapic *l = v ? vlapic_machine->of(v) : NULL;

        if ( l && vlapic_matches(l, m) )
            return l;
    }
    return NULL;
}

static bool deliver_lowest(struct domain *d, const struct vlapic_message *m)
{
    struct vlapic *l, *lowest = NULL;
    unsigned int id = 0;

    while ( (l = next_target(d, &id, m)) != NULL )
        if ( vlapic_accepts(l) &&
             (!lowest || vlapic_ppr(l) < vlapic_ppr(lowest)) )
            lowest = l;
    return lowest && vlapic_set_irq(lowest, m->vector, m->level);
}

/* To one that is meant. */
static bool deliver_one(struct vlapic *l, const struct vlapic_message *m)
{
    switch ( m->mode )
    {
    case VLAPIC_FIXED:
    case VLAPIC_LOWEST:
        return vlapic_set_irq(l, m->vector, m->level);

    case VLAPIC_NMI:
        vlapic_set_nmi(l);
        return true;

    default:
        return false; /* SMI, ExtINT and INIT by a device: not here */
    }
}

bool vlapic_deliver(struct domain *d, const struct vlapic_message *m)
{
    bool taken = false;
    unsigned int id = 0;
    struct vlapic *l;

    if ( m->mode == VLAPIC_LOWEST )
        return deliver_lowest(d, m);
    while ( (l = next_target(d, &id, m)) != NULL )
        taken |= deliver_one(l, m);
    return taken;
}

/* What only one vcpu can do to another. */
static void send_to_other(struct vlapic *l, const struct vlapic_message *m)
{
    if ( m->mode == VLAPIC_INIT )
        vlapic_machine->init(l->v);
    else if ( m->mode == VLAPIC_SIPI )
        vlapic_machine->sipi(l->v, m->vector);
    else
        deliver_one(l, m);
}

static void send_others(struct vlapic *from, struct vlapic_message *m)
{
    struct domain *d = from->v->domain;
    unsigned int id = 0;
    struct vlapic *l;

    while ( (l = next_target(d, &id, m)) != NULL )
        if ( l != from )
            send_to_other(l, m);
}

void vlapic_send_ipi(struct vlapic *l)
{
    uint32_t icr = (uint32_t)l->icr, dest = (uint32_t)(l->icr >> 32);
    enum shorthand to = (icr >> ICR_SHORTHAND_SHIFT) & 3;
    struct vlapic_message m = {
        .dest = dest, .logical = icr & ICR_LOGICAL,
        .mode = (icr >> 8) & 7, .vector = (uint8_t)icr,
    };

    if ( !vlapic_is_x2apic(l) )
    {
        m.dest = dest >> 24;
        if ( m.dest == 0xff && !m.logical )
            m.dest = VLAPIC_BROADCAST;
    }
    if ( (m.mode == VLAPIC_FIXED || m.mode == VLAPIC_LOWEST) &&
         m.vector < FIRST_LEGAL_VECTOR )
    {
        vlapic_error(l, ESR_SEND_ILLEGAL);
        return;
    }
    /* INIT's de-assertion reset arbitration ids, which nobody has. */
    if ( m.mode == VLAPIC_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT) )
        return;
    if ( to == TO_ALL || to == TO_OTHERS )
    {
        m.dest = VLAPIC_BROADCAST;
        m.logical = false;
    }

    if ( to == TO_SELF )
        deliver_one(l, &m);
    else if ( to == TO_OTHERS || m.mode == VLAPIC_INIT ||
              m.mode == VLAPIC_SIPI )
        send_others(l, &m); /* nobody resets itself */
    else
        vlapic_deliver(l->v->domain, &m);
}
