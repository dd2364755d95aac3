/* SPDX-License-Identifier: MIT */
/*
 * The machine's I/O interrupts, for a PV hardware domain: pirq n is GSI n.
 *
 *   not mapped --map--> mapped, masked --bind--> bound --arrives--> event
 *                            ^                     |  (level: masked until eoi)
 *                            +------- unbind ------+
 *
 * A pin gets its vector when it is mapped, the same on all CPUs, and keeps it.
 * The CPU's local APIC gets its EOI at once; a level that is still asserted
 * would interrupt again, so the pin is masked first, until the domain's own EOI.
 *
 * Locks: gsi_lock (LOCK_ARCH), inside the evtchn lock.
 */
#include "pv.h"

#include <emul/vioapic.h>
#include <hv/array.h>
#include <hv/evtchn.h>

#include <x86/dom0.h>
#include <x86/platform.h>

#define FIRST_VECTOR 0x30U
#define MAX_GSIS (VECTOR_LINUX - FIRST_VECTOR)
#define ISA_IRQS 16
#define MAX_RTE_DEST 254U

struct gsi {
    bool mapped;
    bool level, low;
    bool waits;      /* level: for the domain's EOI */
    evtchn_port_t port; /* 0: not bound */
    uint32_t apic_id;   /* of the CPU that it interrupts */
};

static struct gsi gsis[MAX_GSIS]; /* [G] gsi_lock */
static unsigned int nr_gsis;      /* [I] */
static spinlock_t gsi_lock;

static bool find_pin(unsigned int gsi, unsigned int *io, unsigned int *pin)
{
    for ( *io = 0; *io < acpi.nr_ioapics; ++*io )
        if ( gsi - acpi.ioapic[*io].gsi_base < ioapic_pins(*io) )
        {
            *pin = gsi - acpi.ioapic[*io].gsi_base;
            return true;
        }
    return false;
}

/* The pin as g says, under the lock. */
static void write_pin(unsigned int gsi)
{
    const struct gsi *g = &gsis[gsi];
    unsigned int io, pin;

    if ( !find_pin(gsi, &io, &pin) )
        return;
    ioapic_write_rte(io, pin,
                     (FIRST_VECTOR + gsi) | (g->low ? RTE_LOW : 0) |
                         (g->level ? RTE_LEVEL : 0) |
                         (g->port && !g->waits ? 0 : RTE_MASKED) |
                         (uint64_t)g->apic_id << RTE_DEST_SHIFT);
}

static void mask(unsigned int gsi, bool masked)
{
    unsigned int io, pin;

    if ( find_pin(gsi, &io, &pin) )
        ioapic_mask(io, pin, masked);
}

static void arrived(unsigned int vector)
{
    unsigned int gsi = vector - FIRST_VECTOR;
    evtchn_port_t port = 0;

    if ( gsi < nr_gsis )
    {
        spin_lock(&gsi_lock);
        port = gsis[gsi].port;
        if ( gsis[gsi].level )
        {
            gsis[gsi].waits = true;
            mask(gsi, true);
        }
        spin_unlock(&gsi_lock);
    }
    lapic_eoi();
    if ( port )
        evtchn_send_pirq(dom0, port, gsi);
}

void pv_gsi_init(void)
{
    unsigned int io, pin;

    spin_lock_init(&gsi_lock, LOCK_ARCH);
    for ( nr_gsis = 0; nr_gsis < MAX_GSIS && find_pin(nr_gsis, &io, &pin);
          nr_gsis++ )
    {
        gsis[nr_gsis].level = gsis[nr_gsis].low = nr_gsis >= ISA_IRQS;
        gsis[nr_gsis].apic_id = cpus[0]->apic_id;
    }
    irq_pass_devices(arrived);
}

static struct gsi *gsi_of(const struct domain *d, uint32_t gsi)
{
    return d->arch.hardware && gsi < nr_gsis ? &array_at(gsis, gsi) : NULL;
}

int pv_gsi_map(struct domain *d, uint32_t gsi)
{
    struct gsi *g = gsi_of(d, gsi);

    if ( !g )
        return -EINVAL;
    spin_lock(&gsi_lock);
    if ( !g->mapped )
    {
        g->mapped = true;
        write_pin(gsi);
    }
    spin_unlock(&gsi_lock);
    return 0;
}

int pv_gsi_unmap(struct domain *d, uint32_t gsi)
{
    struct gsi *g = gsi_of(d, gsi);
    int rc = 0;

    if ( !g )
        return -EINVAL;
    spin_lock(&gsi_lock);
    if ( !g->mapped )
        rc = -EINVAL;
    else if ( g->port )
        rc = -EBUSY;
    else
        g->mapped = false;
    spin_unlock(&gsi_lock);
    return rc;
}

/* A pin that is in use keeps what it has: another device shares it. */
int pv_gsi_setup(struct domain *d, uint32_t gsi, bool level, bool low)
{
    struct gsi *g = gsi_of(d, gsi);
    int rc = 0;

    if ( !g )
        return -EINVAL;
    spin_lock(&gsi_lock);
    if ( g->port && (g->level != level || g->low != low) )
        rc = -EEXIST;
    else
    {
        g->level = level;
        g->low = low;
        if ( g->mapped )
            write_pin(gsi);
    }
    spin_unlock(&gsi_lock);
    return rc;
}

int pv_gsi_vector(const struct domain *d, uint32_t gsi)
{
    return gsi_of(d, gsi) ? (int)(FIRST_VECTOR + gsi) : -EINVAL;
}

int pv_gsi_needs_eoi(const struct domain *d, uint32_t gsi)
{
    const struct gsi *g = gsi_of(d, gsi);

    return g ? READ_ONCE(g->level) : -EINVAL;
}

int pv_gsi_eoi(struct domain *d, uint32_t gsi)
{
    struct gsi *g = gsi_of(d, gsi);

    if ( !g )
        return -EINVAL;
    spin_lock(&gsi_lock);
    if ( g->waits )
    {
        g->waits = false;
        mask(gsi, !g->port);
    }
    spin_unlock(&gsi_lock);
    return 0;
}

/* ---- what the core asks for ---- */

int arch_pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port,
                   bool may_share)
{
    struct gsi *g = gsi_of(d, pirq);
    int rc = 0;

    (void)may_share; /* there is one domain that could share it */
    if ( !g )
        return -EINVAL;
    spin_lock(&gsi_lock);
    if ( !g->mapped )
        rc = -EINVAL;
    else if ( g->port )
        rc = -EEXIST;
    else
    {
        g->port = port;
        g->waits = false;
        write_pin(pirq);
    }
    spin_unlock(&gsi_lock);
    return rc;
}

void arch_pirq_unbind(struct domain *d, uint32_t pirq)
{
    struct gsi *g = gsi_of(d, pirq);

    spin_lock(&gsi_lock);
    g->port = 0;
    g->waits = false;
    write_pin(pirq);
    spin_unlock(&gsi_lock);
}

void arch_pirq_move(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
    struct gsi *g = gsi_of(d, pirq);
    uint32_t apic_id;

    spin_lock(&gsi_lock);
    apic_id = cpus[READ_ONCE(v->arch.cpu)]->apic_id;
    if ( apic_id <= MAX_RTE_DEST ) /* else it stays where it is */
        g->apic_id = apic_id;
    write_pin(pirq);
    spin_unlock(&gsi_lock);
}
