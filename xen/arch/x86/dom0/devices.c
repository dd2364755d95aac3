/* SPDX-License-Identifier: MIT */
/*
 * The machine's devices, which dom0 drives itself.
 *
 * Interrupts.  dom0's vcpu n runs on CPU n and has the APIC id of CPU n, so the
 * MSIs of dom0's devices reach the vcpu that dom0 named.  dom0's I/O APICs are
 * emulated: an entry that dom0 writes is written to the machine's I/O APIC
 * (route_pin()), reduced to what cannot harm the hypervisor.  The hypervisor
 * sends the EOI to the CPU's local APIC at once, so a level-triggered pin is
 * masked from the interrupt until dom0's own EOI.
 *
 * Memory.  Addresses that are not RAM belong to a device or to nothing.  They
 * are mapped at dom0's first access, in the largest block without RAM in it.
 *
 * Locks: route_lock (LOCK_ARCH) orders writes to the machine's entries.
 */
#include <emul/ram-map.h>
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/dom0.h>
#include <x86/irq.h>
#include <x86/platform.h>

#include "dom0-private.h"

static spinlock_t route_lock;
static uint64_t address_limit; /* first address that the processor lacks */
static struct ram_range *kept; /* RAM and APICs: never mapped as devices */
static unsigned int nr_kept;

/* ---- interrupts ---- */

/* The APIC id of the vcpu that rte names; of several vcpus, of the first. */
static bool find_target(struct domain *d, uint64_t rte, uint32_t *apic_id)
{
    struct vlapic_message m = {
        .dest = (uint32_t)(rte >> RTE_DEST_SHIFT),
        .logical = rte & RTE_LOGICAL,
        .vector = (uint8_t)rte,
    };

    if ( !m.logical && m.dest == 0xff )
        m.dest = VLAPIC_BROADCAST;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && vlapic_matches(&v->arch.hvm.vlapic, &m) )
        {
            *apic_id = v->arch.hvm.vlapic.id;
            return true;
        }
    }
    return false;
}

/*
 * The machine's entry for dom0's entry rte: with physical destination and fixed
 * delivery, since logical ids are those of dom0's emulated local APICs.  An
 * entry that asks for anything but a device vector stays masked.
 */
static uint64_t machine_rte(struct domain *d, uint64_t rte)
{
    unsigned int vector = rte & RTE_VECTOR;
    unsigned int mode = (rte >> RTE_MODE_SHIFT) & 7;
    uint64_t out = rte & (RTE_VECTOR | RTE_LOW | RTE_LEVEL);
    uint32_t apic_id;

    if ( rte & (RTE_MASKED | RTE_REMOTE_IRR) )
        return out | RTE_MASKED;
    if ( vector < VECTOR_FIRST_DEVICE || vector >= VECTOR_TIMER ||
         (mode != VLAPIC_FIXED && mode != VLAPIC_LOWEST) )
    {
        guest_printk(d, XENLOG_WARNING,
                     "dom0: I/O APIC entry %016lx is refused\n",
                     (unsigned long)rte);
        return out | RTE_MASKED;
    }
    if ( !find_target(d, rte, &apic_id) || apic_id >= 0xff )
        return out | RTE_MASKED;
    return out | (uint64_t)apic_id << RTE_DEST_SHIFT;
}

static void route_pin(struct vioapic *io, unsigned int pin)
{
    unsigned int nr = (unsigned int)(io - io->d->arch.hvm.vioapic);

    spin_lock(&route_lock);
    ioapic_write_rte(nr, pin, machine_rte(io->d, vioapic_rte(io, pin)));
    spin_unlock(&route_lock);
}

/* ---- memory that is not a device of dom0's ---- */

static void keep(uint64_t start, uint64_t end)
{
    kept[nr_kept++] = (struct ram_range){ start, end };
}

static void keep_page(uint64_t address)
{
    keep(address & PAGE_MASK, (address & PAGE_MASK) + PAGE_SIZE);
}

static int find_kept(void)
{
    unsigned int nr = 0;
    uint64_t start, end;

    while ( memory_ram_range(nr, &start, &end) )
        nr++;
    kept = new_array(struct ram_range, nr + acpi.nr_ioapics + 2);
    if ( !kept )
        return -ENOMEM;
    for ( unsigned int i = 0; memory_ram_range(i, &start, &end); i++ )
        keep(start, end);
    for ( unsigned int i = 0; i < acpi.nr_ioapics; i++ )
        keep_page(acpi.ioapic[i].address);
    keep_page(VLAPIC_PAGE);
    keep_page(acpi.lapic_address);
    return 0;
}

/*
 * A device's interrupt arrived on this CPU: pass it to dom0's vcpu of the same
 * number, or drop it if there is none.  Pins are masked before the EOI of the
 * CPU's local APIC: a level that is still asserted would interrupt again.
 */
static void interrupt(unsigned int vector)
{
    struct vcpu *v = dom0 ? domain_vcpu(dom0, this_cpu()->id) : NULL;
    bool level = false;

    for ( unsigned int i = 0; v && i < dom0->arch.hvm.nr_vioapics; i++ )
        level |= vioapic_arrived(&dom0->arch.hvm.vioapic[i], (uint8_t)vector,
                                 &v->arch.hvm.vlapic);
    if ( v && !level )
        vlapic_set_irq(&v->arch.hvm.vlapic, (uint8_t)vector, false);
    lapic_eoi();
}

int dom0_devices_init(struct domain *d)
{
    uint32_t a, b, c, e;

    cpuid(0x80000008, 0, &a, &b, &c, &e);
    address_limit = min(1UL << (a & 0xff), P2M_GFN_LIMIT << PAGE_SHIFT);

    if ( find_kept() )
        return -ENOMEM;
    spin_lock_init(&route_lock, LOCK_ARCH);
    d->arch.hvm.vioapic = new_array(struct vioapic, acpi.nr_ioapics);
    if ( !d->arch.hvm.vioapic )
        return -ENOMEM;
    d->arch.hvm.nr_vioapics = acpi.nr_ioapics;
    for ( unsigned int i = 0; i < acpi.nr_ioapics; i++ )
        vioapic_init(&d->arch.hvm.vioapic[i], d, route_pin, acpi.ioapic[i].id,
                     acpi.ioapic[i].address, acpi.ioapic[i].gsi_base,
                     min(ioapic_pins(i), VIOAPIC_MAX_PINS + 0U));
    irq_pass_devices(interrupt);
    return 0;
}

/* ---- ports ---- */

#define CSTATE_PORTS 8
#define P_LVL2 4 /* offset in a processor's register block */
#define P_LVL3 5

/*
 * A read of such a port puts the CPU into a sleep state, which the run loop does
 * not know of: other vcpus would wait.
 */
static bool is_sleep_port(uint16_t port)
{
    static bool read_it;
    static uint16_t base;
    uint64_t value;

    if ( !read_it )
    {
        base = rdmsr_safe(MSR_CSTATE_BASE, &value) ? (uint16_t)value : 0;
        read_it = true;
    }
    if ( base && port >= base && port < base + CSTATE_PORTS )
        return true;
    for ( unsigned int i = 0; i < acpi.nr_pblks; i++ )
        if ( port == acpi.pblk[i] + P_LVL2 || port == acpi.pblk[i] + P_LVL3 )
            return true;
    return false;
}

/*
 * dom0 has all ports but those of the hypervisor's serial port, of the 8259s
 * (which are masked: their interrupts would arrive at exception vectors), and
 * those that put a CPU to sleep.
 */
bool dom0_port_allowed(uint16_t port)
{
    uint16_t first, last;

    if ( is_sleep_port(port) )
        return false;
    switch ( port )
    {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
        return false;
    default:
        return !serial_ports(&first, &last) || port < first || port > last;
    }
}

/* ---- memory ---- */

int dom0_map_device(struct domain *d, uint64_t gpa)
{
    uint64_t frame = gpa >> PAGE_SHIFT;
    enum p2m_type now;
    int order, rc;

    if ( !d->arch.hardware )
        return -EPERM;
    order = ram_free_order(kept, nr_kept, address_limit, gpa & PAGE_MASK,
                           p2m_max_order());
    if ( order < 0 )
        return -EPERM;
    do {
        uint64_t first = frame & ~((1UL << order) - 1);

        rc = p2m_fill_order(d, _gfn(first), _mfn(first), (unsigned int)order,
                            P2M_MMIO_DIRECT);
        order -= 9;
    } while ( rc && order >= 0 );
    if ( rc != -EBUSY )
        return rc;
    now = p2m_lookup(d, _gfn(frame)).type; /* mapped by another vcpu */
    return now == P2M_MMIO_DIRECT || p2m_is_writable(now) ? 0 : -EPERM;
}
