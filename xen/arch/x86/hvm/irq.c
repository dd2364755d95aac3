/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers of an HVM guest, connected: lines of its devices
 * (emul/irq-lines.h) to one I/O APIC of 48 pins and the two 8259s; INTR of the
 * 8259s to the first vcpu whose local APIC passes it on; and what device models
 * do with all that.  The hardware domain and PVH guests have none of it but the
 * lines, which end nowhere.
 *
 * Locks: a line's change holds LOCK_IRQ while the controllers are told and
 * vcpus are woken.
 */
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/hvm-irq.h>
#include <hv/lib.h>

#include <x86/hvm.h>

#define IOAPIC_VERSION 0x11

/* An MSI's address and data. */
#define MSI_ADDR_LOGICAL 0x4U
#define MSI_ADDR_DEST_SHIFT 12
#define MSI_DATA_MODE_SHIFT 8
#define MSI_DATA_LEVEL 0x8000U

static bool has_controllers(const struct domain *d)
{
    return hvm_has(d, XEN_X86_EMU_PIC);
}

/* ---- from the 8259s to a vcpu ---- */

/*
 * Passes v's local APIC INTR on?  By LINT0, by being disabled, or because the
 * I/O APIC's pin 0, to which INTR is connected too, sends it there.
 */
static bool takes_intr(struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;
    uint64_t rte = vioapic_rte(v->domain->arch.hvm.vioapic, 0);

    return vlapic_takes_extint(l) ||
           (vlapic_accepts(l) && !(rte & RTE_MASKED) &&
            ((rte >> RTE_MODE_SHIFT) & 7) == VLAPIC_EXTINT &&
            (rte >> RTE_DEST_SHIFT) == (l->id & 0xff));
}

/* NULL: INTR reaches nobody. */
static struct vcpu *intr_target(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && takes_intr(v) )
            return v;
    }
    return NULL;
}

bool hvm_pic_reaches(const struct vcpu *v)
{
    struct domain *d = v->domain;

    return vpic_intr(&d->arch.hvm.pic) && intr_target(d) == v;
}

static void intr_raised(void *arg)
{
    struct vcpu *v = intr_target(arg);

    if ( v )
        vcpu_wake(v);
}

void hvm_intr_moved(struct domain *d)
{
    if ( vpic_intr(&d->arch.hvm.pic) )
        intr_raised(d);
}

/* A new entry of pin 0 may let INTR through. */
static void route_changed(struct vioapic *io, unsigned int pin)
{
    if ( pin == 0 )
        hvm_intr_moved(io->d);
}

/* ---- from lines to the controllers ---- */

static void gsi_changed(void *arg, unsigned int gsi, bool asserted)
{
    struct domain *d = arg;

    if ( has_controllers(d) )
        vioapic_set_irq(d->arch.hvm.vioapic, gsi, asserted);
}

static void isa_changed(void *arg, unsigned int irq, bool asserted)
{
    struct domain *d = arg;

    if ( has_controllers(d) )
        vpic_set_irq(&d->arch.hvm.pic, irq, asserted);
}

void hvm_irq_lines_loaded(struct domain *d)
{
    if ( has_controllers(d) )
        vioapic_load_lines(d->arch.hvm.vioapic,
                           irq_lines_outputs(&d->arch.hvm.irq_lines));
}

static const struct irq_outputs outputs = { gsi_changed, isa_changed };

int hvm_irq_create(struct domain *d)
{
    struct hvm_domain *h = &d->arch.hvm;

    irq_lines_init(&h->irq_lines, &outputs, d);
    vpic_init(&h->pic, intr_raised, d);
    if ( !has_controllers(d) )
        return 0;
    h->vioapic = new_array(struct vioapic, 1);
    if ( !h->vioapic )
    {
        hvm_irq_destroy(d);
        return -ENOMEM;
    }
    vioapic_init(h->vioapic, d, route_changed, 0, VIOAPIC_PAGE, 0,
                 IRQ_LINES_GSIS);
    h->vioapic->version = IOAPIC_VERSION;
    h->nr_vioapics = 1;
    return 0;
}

void hvm_irq_destroy(struct domain *d)
{
    struct hvm_domain *h = &d->arch.hvm;

    for ( unsigned int i = 0; i < h->nr_vioapics; i++ )
        vioapic_destroy(&h->vioapic[i]);
    hv_free(h->vioapic);
    vpic_destroy(&h->pic);
    irq_lines_destroy(&h->irq_lines);
}

/* ---- what device models and toolstacks do ---- */

int arch_set_isa_irq(struct domain *d, unsigned int irq, bool asserted)
{
    irq_lines_set_isa(&d->arch.hvm.irq_lines, irq, asserted);
    return 0;
}

int arch_set_pci_intx(struct domain *d, unsigned int device,
                      unsigned int intx, bool asserted)
{
    irq_lines_set_intx(&d->arch.hvm.irq_lines, device, intx, asserted);
    return 0;
}

int arch_set_pci_link(struct domain *d, unsigned int link, unsigned int irq)
{
    irq_lines_set_link(&d->arch.hvm.irq_lines, link, irq);
    return 0;
}

int arch_send_nmi(struct vcpu *v)
{
    vlapic_set_nmi(&v->arch.hvm.vlapic);
    return 0;
}

int arch_press_button(struct domain *d, bool sleep)
{
    if ( !hvm_has(d, XEN_X86_EMU_PM) )
        return -EINVAL;
    vpmtimer_button(&d->arch.hvm.vpmtimer,
                    sleep ? PM1_SLEEP_BUTTON : PM1_POWER_BUTTON);
    return 0;
}

int arch_inject_msi(struct domain *d, uint64_t address, uint32_t data)
{
    struct vlapic_message m = {
        .dest = (address >> MSI_ADDR_DEST_SHIFT) & 0xff,
        .logical = address & MSI_ADDR_LOGICAL,
        .level = data & MSI_DATA_LEVEL,
        .mode = (data >> MSI_DATA_MODE_SHIFT) & 7,
        .vector = (uint8_t)data,
    };

    if ( m.mode != VLAPIC_FIXED && m.mode != VLAPIC_LOWEST )
        return -EINVAL;
    if ( m.dest == 0xff && !m.logical )
        m.dest = VLAPIC_BROADCAST;
    if ( !vlapic_deliver(d, &m) && m.mode == VLAPIC_LOWEST )
        return -ESRCH;
    return 0;
}
