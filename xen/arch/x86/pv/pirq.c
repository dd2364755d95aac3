/* SPDX-License-Identifier: MIT */
/*
 * The machine's interrupts, for a PV hardware domain.  pirq n is GSI n, as far as
 * there are pins; the ones above are for MSIs.
 *
 *   free --map--> mapped, masked --bind--> bound --arrives--> event
 *    ^                 |  ^                 |  (level: masked until eoi)
 *    +----- unmap -----+  +---- unbind -----+
 *
 * A pirq has a vector of its own, the same on all CPUs.  The CPU's local APIC gets
 * its EOI at once; a level that is still asserted would interrupt again, so the pin
 * is masked first, until the domain's own EOI.
 *
 * Locks: pirq_lock (LOCK_ARCH), inside the evtchn lock.
 */
#include "pv.h"

#include <emul/vioapic.h>
#include <hv/array.h>
#include <hv/evtchn.h>

#include <x86/dom0.h>
#include <x86/platform.h>

#define FIRST_VECTOR 0x30U
#define NR_PIRQS (VECTOR_TIMER - FIRST_VECTOR)
#define MAX_GSIS (VECTOR_LINUX - FIRST_VECTOR)
#define ISA_IRQS 16
#define MAX_DEST 254U /* of an RTE and of an MSI */

struct pirq {
    bool mapped;
    bool level, low;    /* a pin */
    bool waits;         /* level: for the domain's EOI */
    evtchn_port_t port; /* 0: not bound */
    uint32_t apic_id;   /* of the CPU that it interrupts */

    struct pv_msi msi;  /* what sends it ... */
    unsigned int first; /* ... the vectors of this pirq, and so many more */
    unsigned int nr;
};

static struct pirq pirqs[NR_PIRQS]; /* [P] pirq_lock */
static unsigned int nr_gsis;        /* [I] */
static spinlock_t pirq_lock;

static struct pirq *pirq_of(const struct domain *d, uint32_t nr)
{
    return d->arch.hardware && nr < NR_PIRQS ? &array_at(pirqs, nr) : NULL;
}

static struct pirq *gsi_of(const struct domain *d, uint32_t gsi)
{
    return gsi < nr_gsis ? pirq_of(d, gsi) : NULL;
}

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

/* ---- what the source is told, under the lock ---- */

static void write_pin(unsigned int gsi)
{
    const struct pirq *p = &pirqs[gsi];
    unsigned int io, pin;

    if ( !find_pin(gsi, &io, &pin) )
        return;
    ioapic_write_rte(io, pin,
                     (FIRST_VECTOR + gsi) | (p->low ? RTE_LOW : 0) |
                         (p->level ? RTE_LEVEL : 0) |
                         (p->port && !p->waits ? 0 : RTE_MASKED) |
                         (uint64_t)p->apic_id << RTE_DEST_SHIFT);
}

static void write_msi(unsigned int nr)
{
    const struct pirq *p = &pirqs[nr];

    if ( p->first == nr )
        pv_msi_send_to(&p->msi, FIRST_VECTOR + nr, p->nr, p->apic_id);
    pv_msi_mask(&p->msi, nr - p->first, !p->port);
}

static void write_source(unsigned int nr)
{
    if ( nr < nr_gsis )
        write_pin(nr);
    else
        write_msi(nr);
}

static void mask_pin(unsigned int gsi, bool masked)
{
    unsigned int io, pin;

    if ( find_pin(gsi, &io, &pin) )
        ioapic_mask(io, pin, masked);
}

static void arrived(unsigned int vector)
{
    unsigned int nr = vector - FIRST_VECTOR;
    evtchn_port_t port = 0;

    if ( nr < NR_PIRQS )
    {
        spin_lock(&pirq_lock);
        port = pirqs[nr].port;
        if ( pirqs[nr].level )
        {
            pirqs[nr].waits = true;
            mask_pin(nr, true);
        }
        spin_unlock(&pirq_lock);
    }
    lapic_eoi();
    if ( port )
        evtchn_send_pirq(dom0, port, nr);
}

void pv_pirq_init(void)
{
    unsigned int io, pin;

    spin_lock_init(&pirq_lock, LOCK_ARCH);
    while ( nr_gsis < MAX_GSIS && find_pin(nr_gsis, &io, &pin) )
        nr_gsis++;
    for ( unsigned int nr = 0; nr < NR_PIRQS; nr++ )
    {
        pirqs[nr].apic_id = cpus[0]->apic_id;
        pirqs[nr].level = pirqs[nr].low = nr >= ISA_IRQS && nr < nr_gsis;
        pirqs[nr].first = nr;
        pirqs[nr].nr = 1;
    }
    irq_pass_devices(arrived);
}

/* ---- GSIs ---- */

int pv_gsi_map(struct domain *d, uint32_t gsi)
{
    struct pirq *p = gsi_of(d, gsi);

    if ( !p )
        return -EINVAL;
    spin_lock(&pirq_lock);
    if ( !p->mapped )
    {
        p->mapped = true;
        write_pin(gsi);
    }
    spin_unlock(&pirq_lock);
    return 0;
}

/* A pin that is in use keeps what it has: another device shares it. */
int pv_gsi_setup(struct domain *d, uint32_t gsi, bool level, bool low)
{
    struct pirq *p = gsi_of(d, gsi);
    int rc = 0;

    if ( !p )
        return -EINVAL;
    spin_lock(&pirq_lock);
    if ( p->port && (p->level != level || p->low != low) )
        rc = -EEXIST;
    else
    {
        p->level = level;
        p->low = low;
        if ( p->mapped )
            write_pin(gsi);
    }
    spin_unlock(&pirq_lock);
    return rc;
}

int pv_gsi_vector(const struct domain *d, uint32_t gsi)
{
    return gsi_of(d, gsi) ? (int)(FIRST_VECTOR + gsi) : -EINVAL;
}

/* ---- MSIs ---- */

/* One vector is what programs of guests call with: no device has it. */
static bool is_free(unsigned int first, unsigned int nr)
{
    for ( unsigned int i = first; i < first + nr; i++ )
        if ( pirqs[i].mapped || FIRST_VECTOR + i == VECTOR_LINUX )
            return false;
    return true;
}

static bool is_mapped(const struct pv_msi *msi)
{
    for ( unsigned int i = nr_gsis; i < NR_PIRQS; i++ )
        if ( pirqs[i].mapped && pirqs[i].msi.bdf == msi->bdf &&
             pirqs[i].msi.x == msi->x && pirqs[i].msi.entry == msi->entry )
            return true;
    return false;
}

/* The function adds the number of each of its vectors to an aligned one. */
static int find_row(unsigned int nr)
{
    for ( unsigned int i = nr_gsis; i + nr <= NR_PIRQS; i++ )
        if ( (FIRST_VECTOR + i) % nr == 0 && is_free(i, nr) )
            return (int)i;
    return -ENOSPC;
}

int pv_msi_map(struct domain *d, const struct pv_msi *msi, unsigned int nr)
{
    int first;

    if ( !d->arch.hardware )
        return -EINVAL;
    spin_lock(&pirq_lock);
    first = is_mapped(msi) ? -EEXIST : find_row(nr);
    for ( unsigned int i = 0; first >= 0 && i < nr; i++ )
    {
        struct pirq *p = &pirqs[(unsigned int)first + i];

        p->mapped = true;
        p->msi = *msi;
        p->first = (unsigned int)first;
        p->nr = nr;
        write_msi((unsigned int)first + i);
    }
    spin_unlock(&pirq_lock);
    return first;
}

int pv_msi_restore(struct domain *d, uint16_t bdf)
{
    if ( !d->arch.hardware )
        return -EINVAL;
    spin_lock(&pirq_lock);
    for ( unsigned int i = nr_gsis; i < NR_PIRQS; i++ )
        if ( pirqs[i].mapped && pirqs[i].msi.bdf == bdf )
            write_msi(i);
    spin_unlock(&pirq_lock);
    return 0;
}

/* ---- both ---- */

static int unmap(unsigned int nr)
{
    const unsigned int end = nr + pirqs[nr].nr;

    if ( !pirqs[nr].mapped || pirqs[nr].first != nr )
        return -EINVAL;
    for ( unsigned int i = nr; i < end; i++ )
        if ( pirqs[i].port )
            return -EBUSY;
    for ( unsigned int i = nr; i < end; i++ )
    {
        pirqs[i].mapped = false;
        pirqs[i].first = i;
        pirqs[i].nr = 1;
    }
    return 0;
}

int pv_pirq_unmap(struct domain *d, uint32_t pirq)
{
    int rc;

    if ( !pirq_of(d, pirq) )
        return -EINVAL;
    spin_lock(&pirq_lock);
    rc = unmap(pirq);
    spin_unlock(&pirq_lock);
    return rc;
}

int pv_pirq_needs_eoi(const struct domain *d, uint32_t pirq)
{
    const struct pirq *p = pirq_of(d, pirq);

    return p ? READ_ONCE(p->level) : -EINVAL;
}

int pv_pirq_eoi(struct domain *d, uint32_t pirq)
{
    struct pirq *p = pirq_of(d, pirq);

    if ( !p )
        return -EINVAL;
    spin_lock(&pirq_lock);
    if ( p->waits )
    {
        p->waits = false;
        mask_pin(pirq, !p->port);
    }
    spin_unlock(&pirq_lock);
    return 0;
}

/* ---- what the core asks for ---- */

int arch_pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port,
                   bool may_share)
{
    struct pirq *p = pirq_of(d, pirq);
    int rc = 0;

    (void)may_share; /* there is one domain that could share it */
    if ( !p )
        return -EINVAL;
    spin_lock(&pirq_lock);
    if ( !p->mapped )
        rc = -EINVAL;
    else if ( p->port )
        rc = -EEXIST;
    else
    {
        p->port = port;
        p->waits = false;
        write_source(pirq);
    }
    spin_unlock(&pirq_lock);
    return rc;
}

void arch_pirq_unbind(struct domain *d, uint32_t pirq)
{
    struct pirq *p = pirq_of(d, pirq);

    spin_lock(&pirq_lock);
    p->port = 0;
    p->waits = false;
    write_source(pirq);
    spin_unlock(&pirq_lock);
}

void arch_pirq_move(struct domain *d, uint32_t pirq, const struct vcpu *v)
{
    struct pirq *p = pirq_of(d, pirq);
    uint32_t apic_id;

    spin_lock(&pirq_lock);
    apic_id = cpus[READ_ONCE(v->arch.cpu)]->apic_id;
    if ( apic_id <= MAX_DEST ) /* else it stays where it is */
        p->apic_id = apic_id;
    write_source(pirq);
    spin_unlock(&pirq_lock);
}
