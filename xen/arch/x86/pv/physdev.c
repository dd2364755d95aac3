/* SPDX-License-Identifier: MIT */
/*
 * physdev_op(cmd, arg): ports and interrupts of a PV hardware domain.
 *
 * Interrupts are GSIs, under their own numbers.  There are no MSIs for a PV
 * domain (-EOPNOTSUPP): drivers use INTx then.
 */
#include "pv.h"

#include <hv/guest-access.h>

#include <x86/platform.h>

#include <xen/physdev.h>

static long set_iopl(uint64_t arg)
{
    struct physdev_set_iopl set;

    if ( copy_from_arg(&set, arg) )
        return -EFAULT;
    if ( set.iopl > 3 )
        return -EINVAL;
    pv_of(current)->iopl = (uint8_t)set.iopl;
    return 0;
}

static long irq_status_query(uint64_t arg)
{
    struct physdev_irq_status_query q;
    int rc;

    if ( copy_from_arg(&q, arg) )
        return -EFAULT;
    rc = pv_gsi_needs_eoi(current_domain, q.irq);
    if ( rc < 0 )
        return rc;
    q.flags = rc ? XENIRQSTAT_needs_eoi : 0;
    return copy_to_arg(arg, &q) ? -EFAULT : 0;
}

static long eoi(uint64_t arg)
{
    struct physdev_eoi e;

    if ( copy_from_arg(&e, arg) )
        return -EFAULT;
    return pv_gsi_eoi(current_domain, e.irq);
}

static bool is_own(domid_t domid)
{
    return domid == DOMID_SELF || domid == current_domain->domain_id;
}

static long map_pirq(uint64_t arg)
{
    struct physdev_map_pirq map;
    int rc;

    if ( copy_from_arg(&map, arg) )
        return -EFAULT;
    if ( !is_own(map.domid) || map.type != MAP_PIRQ_TYPE_GSI )
        return -EOPNOTSUPP;
    if ( map.index < 0 || (map.pirq >= 0 && map.pirq != map.index) )
        return -EINVAL;
    rc = pv_gsi_map(current_domain, (uint32_t)map.index);
    if ( rc )
        return rc;
    map.pirq = map.index;
    return copy_to_arg(arg, &map) ? -EFAULT : 0;
}

static long unmap_pirq(uint64_t arg)
{
    struct physdev_unmap_pirq unmap;

    if ( copy_from_arg(&unmap, arg) )
        return -EFAULT;
    if ( !is_own(unmap.domid) )
        return -EOPNOTSUPP;
    return pv_gsi_unmap(current_domain, (uint32_t)unmap.pirq);
}

static long setup_gsi(uint64_t arg)
{
    struct physdev_setup_gsi s;

    if ( copy_from_arg(&s, arg) )
        return -EFAULT;
    return pv_gsi_setup(current_domain, (uint32_t)s.gsi, s.triggering,
                        s.polarity);
}

static long alloc_irq_vector(uint64_t arg)
{
    struct physdev_irq irq;
    int vector;

    if ( copy_from_arg(&irq, arg) )
        return -EFAULT;
    vector = pv_gsi_vector(current_domain, irq.irq);
    if ( vector < 0 )
        return vector;
    irq.vector = (uint32_t)vector;
    return copy_to_arg(arg, &irq) ? -EFAULT : 0;
}

/* Only what identifies an I/O APIC: its entries are set by setup_gsi. */
static long apic_read(uint64_t arg)
{
    enum { REG_ID, REG_VERSION, ID_SHIFT = 24 };
    struct physdev_apic a;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    for ( unsigned int io = 0; io < acpi.nr_ioapics; io++ )
    {
        if ( a.apic_physbase != acpi.ioapic[io].address )
            continue;
        if ( a.reg > REG_VERSION )
            return -EPERM;
        a.value = a.reg == REG_VERSION
                      ? ioapic_version(io)
                      : (uint32_t)acpi.ioapic[io].id << ID_SHIFT;
        return copy_to_arg(arg, &a) ? -EFAULT : 0;
    }
    return -EINVAL;
}

long pv_physdev_op(struct hypercall *hc)
{
    uint64_t arg = hc->a[1];

    if ( (unsigned int)hc->a[0] == PHYSDEVOP_set_iopl )
        return set_iopl(arg);
    if ( !current_domain->arch.hardware )
        return -EPERM;
    switch ( (unsigned int)hc->a[0] )
    {
    case PHYSDEVOP_irq_status_query:
        return irq_status_query(arg);
    case PHYSDEVOP_eoi:
        return eoi(arg);
    case PHYSDEVOP_map_pirq:
        return map_pirq(arg);
    case PHYSDEVOP_unmap_pirq:
        return unmap_pirq(arg);
    case PHYSDEVOP_setup_gsi:
        return setup_gsi(arg);
    case PHYSDEVOP_alloc_irq_vector:
        return alloc_irq_vector(arg);
    case PHYSDEVOP_free_irq_vector:
        return 0; /* a pin keeps its vector */
    case PHYSDEVOP_apic_read:
        return apic_read(arg);
    case PHYSDEVOP_apic_write:
        return -EPERM;
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_pci_device_add:
    case PHYSDEVOP_pci_device_remove:
    case PHYSDEVOP_pci_mmcfg_reserved:
        return 0; /* no IOMMU, no MSIs: nothing to prepare for a device */
    default:
        return -ENOSYS;
    }
}
