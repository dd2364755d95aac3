/* SPDX-License-Identifier: MIT */
/*
 * physdev_op(cmd, arg): ports and interrupts of a PV hardware domain.
 *
 * A GSI's pirq has the GSI's number; of MSIs the hypervisor chooses it.
 */
#include "pv.h"

#include <hv/guest-access.h>

#include <x86/platform.h>

#include <xen/physdev.h>

#define MAX_MSIS 32 /* of one function that has no MSI-X */

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
    rc = pv_pirq_needs_eoi(current_domain, q.irq);
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
    return pv_pirq_eoi(current_domain, e.irq);
}

static bool is_own(domid_t domid)
{
    return domid == DOMID_SELF || domid == current_domain->domain_id;
}

static int map_gsi(struct physdev_map_pirq *map)
{
    int rc;

    if ( map->index < 0 || (map->pirq >= 0 && map->pirq != map->index) )
        return -EINVAL;
    rc = pv_gsi_map(current_domain, (uint32_t)map->index);
    if ( !rc )
        map->pirq = map->index;
    return rc;
}

/* Who maps several has the table's entry as their number, and no table. */
static int map_msi(struct physdev_map_pirq *map)
{
    bool many = map->type == MAP_PIRQ_TYPE_MULTI_MSI;
    bool x = map->table_base && !many;
    unsigned int segment = (unsigned int)map->bus >> 16, nr = 1;
    struct pv_msi msi;
    int rc;

    if ( map->index >= 0 || map->pirq >= 0 )
        return -EINVAL;
    if ( many )
    {
        if ( map->entry_nr < 1 || map->entry_nr > MAX_MSIS )
            return -EINVAL;
        while ( nr < (unsigned int)map->entry_nr )
            nr *= 2;
    }
    if ( map->type != MAP_PIRQ_TYPE_MSI && segment )
        return -ENODEV;
    rc = pv_msi_find((uint16_t)((map->bus & 0xff) << 8 | (map->devfn & 0xff)),
                     x, x ? map->entry_nr : 0, nr, &msi);
    if ( rc )
        return rc;
    map->pirq = rc = pv_msi_map(current_domain, &msi, nr);
    return rc < 0 ? rc : 0;
}

static long map_pirq(uint64_t arg)
{
    struct physdev_map_pirq map;
    int rc;

    if ( copy_from_arg(&map, arg) )
        return -EFAULT;
    if ( !is_own(map.domid) )
        return -EOPNOTSUPP;
    switch ( map.type )
    {
    case MAP_PIRQ_TYPE_GSI:
        rc = map_gsi(&map);
        break;
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
    case MAP_PIRQ_TYPE_MULTI_MSI:
        rc = map_msi(&map);
        break;
    default:
        return -EINVAL;
    }
    if ( rc )
        return rc;
    if ( !copy_to_arg(arg, &map) )
        return 0;
    /* Another vcpu may have bound it meanwhile, then it stays. */
    if ( map.type != MAP_PIRQ_TYPE_GSI )
        (void)pv_pirq_unmap(current_domain, (uint32_t)map.pirq);
    return -EFAULT;
}

static long restore_msi(uint64_t arg)
{
    struct physdev_restore_msi r;

    if ( copy_from_arg(&r, arg) )
        return -EFAULT;
    return pv_msi_restore(current_domain, (uint16_t)(r.bus << 8 | r.devfn));
}

static long restore_msi_ext(uint64_t arg)
{
    struct physdev_pci_device r;

    if ( copy_from_arg(&r, arg) )
        return -EFAULT;
    if ( r.seg )
        return -ENODEV;
    return pv_msi_restore(current_domain, (uint16_t)(r.bus << 8 | r.devfn));
}

static long unmap_pirq(uint64_t arg)
{
    struct physdev_unmap_pirq unmap;

    if ( copy_from_arg(&unmap, arg) )
        return -EFAULT;
    if ( !is_own(unmap.domid) )
        return -EOPNOTSUPP;
    return pv_pirq_unmap(current_domain, (uint32_t)unmap.pirq);
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
    enum { APIC_ID, APIC_VERSION, ID_SHIFT = 24 };
    struct physdev_apic a;

    if ( copy_from_arg(&a, arg) )
        return -EFAULT;
    for ( unsigned int io = 0; io < acpi.nr_ioapics; io++ )
    {
        if ( a.apic_physbase != acpi.ioapic[io].address )
            continue;
        if ( a.reg > APIC_VERSION )
            return -EPERM;
        a.value = a.reg == APIC_VERSION
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
    case PHYSDEVOP_restore_msi:
        return restore_msi(arg);
    case PHYSDEVOP_restore_msi_ext:
        return restore_msi_ext(arg);
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
        return 0; /* no IOMMU: nothing to prepare for a device */
    default:
        return -ENOSYS;
    }
}
