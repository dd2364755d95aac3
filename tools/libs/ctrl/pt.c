/* SPDX-License-Identifier: MIT */
/*
 * Passthrough: permission to use, assignment and wiring of real devices.
 */
#include "private.h"

#include <xen/physdev.h>

/* --- permissions --------------------------------------------------------- */

int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid,
                                uint32_t first_port, uint32_t nr_ports,
                                uint32_t allow_access)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_ioport_permission,
        .domain = domid16(domid),
        .u.ioport_permission = {
            .first_port = first_port,
            .nr_ports = nr_ports,
            .allow_access = allow_access,
        },
    };

    return do_domctl(xch, &op);
}

int xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq,
                             bool allow_access)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_irq_permission,
        .domain = domid16(domid),
        .u.irq_permission = { .pirq = pirq, .allow_access = allow_access },
    };

    return do_domctl(xch, &op);
}

int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
                               unsigned long first_mfn, unsigned long nr_mfns,
                               uint8_t allow_access)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_iomem_permission,
        .domain = domid16(domid),
        .u.iomem_permission = {
            .first_mfn = first_mfn,
            .nr_mfns = nr_mfns,
            .allow_access = allow_access,
        },
    };

    return do_domctl(xch, &op);
}

/* --- assignment ---------------------------------------------------------- */

static int assign_op(xc_interface *xch, uint32_t cmd, uint32_t domid,
                     uint32_t machine_sbdf, uint32_t flags)
{
    struct xen_domctl op = {
        .cmd = cmd,
        .domain = domid16(domid),
        .u.assign_device = {
            .dev = XEN_DOMCTL_DEV_PCI,
            .flags = flags,
            .u.pci.machine_sbdf = machine_sbdf,
        },
    };

    return do_domctl(xch, &op);
}

int xc_assign_device(xc_interface *xch, uint32_t domid, uint32_t machine_sbdf,
                     uint32_t flag)
{
    return assign_op(xch, XEN_DOMCTL_assign_device, domid, machine_sbdf, flag);
}

int xc_test_assign_device(xc_interface *xch, uint32_t domid,
                          uint32_t machine_sbdf)
{
    return assign_op(xch, XEN_DOMCTL_test_assign_device, domid, machine_sbdf,
                     0);
}

int xc_deassign_device(xc_interface *xch, uint32_t domid,
                       uint32_t machine_sbdf)
{
    return assign_op(xch, XEN_DOMCTL_deassign_device, domid, machine_sbdf, 0);
}

int xc_get_device_group(xc_interface *xch, uint32_t domid,
                        uint32_t machine_sbdf, uint32_t max_sdevs,
                        uint32_t *num_sdevs, uint32_t *sdev_array)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_get_device_group,
        .domain = domid16(domid),
        .u.get_device_group = {
            .machine_sbdf = machine_sbdf,
            .max_sdevs = max_sdevs,
        },
    };
    struct array a = ARRAY(op.u.get_device_group.sdev_array, sdev_array,
                           max_sdevs * sizeof(*sdev_array), BOUNCE_OUT);
    int rc = domctl_arrays(xch, &op, &a, 1);

    *num_sdevs = op.u.get_device_group.num_sdevs;

    return rc;
}

static int assign_dt(xc_interface *xch, uint32_t cmd, uint32_t domid,
                     char *path)
{
    size_t size = strlen(path);
    struct xen_domctl op = {
        .cmd = cmd,
        .domain = domid16(domid),
        .u.assign_device = { .dev = XEN_DOMCTL_DEV_DT, .u.dt.size = size },
    };
    struct array a =
        ARRAY(op.u.assign_device.u.dt.path, path, size, BOUNCE_IN);

    return domctl_arrays(xch, &op, &a, 1);
}

int xc_assign_dt_device(xc_interface *xch, uint32_t domid, char *path)
{
    return assign_dt(xch, XEN_DOMCTL_assign_device, domid, path);
}

int xc_test_assign_dt_device(xc_interface *xch, uint32_t domid, char *path)
{
    return assign_dt(xch, XEN_DOMCTL_test_assign_device, domid, path);
}

int xc_deassign_dt_device(xc_interface *xch, uint32_t domid, char *path)
{
    return assign_dt(xch, XEN_DOMCTL_deassign_device, domid, path);
}

/* ABI: the operation is gone from the interface; 4.17 answers this itself. */
int xc_physdev_pci_access_modify(xc_interface *xch, uint32_t domid, int bus,
                                 int dev, int func, int enable)
{
    (void)xch;
    (void)domid;
    (void)bus;
    (void)dev;
    (void)func;
    (void)enable;

    return fail(ENOSYS);
}

/* --- interrupts ---------------------------------------------------------- */

/* ABI: the argument of XEN_DOMCTL_{bind,unbind}_pt_irq. */
struct pt_irq {
    uint32_t machine_irq;
    uint32_t type;
    union {
        uint8_t isa_irq;
        struct {
            uint8_t bus, device, intx;
        } pci;
        struct {
            uint8_t gvec;
            uint32_t gflags;
            uint64_t gtable;
        } msi;
    } u;
};

_Static_assert(offsetof(struct pt_irq, u.msi.gflags) == 12, "");
_Static_assert(offsetof(struct pt_irq, u.msi.gtable) == 16, "");
_Static_assert(sizeof(struct pt_irq) == 24, "");

/* ABI: its types; SPI is ARM's. */
enum { PT_PCI, PT_ISA, PT_MSI, PT_MSI_TRANSLATE, PT_SPI };

static int pt_irq_domctl(xc_interface *xch, uint32_t cmd, uint32_t domid,
                         const struct pt_irq *irq)
{
    struct xen_domctl op = { .cmd = cmd, .domain = domid16(domid) };

    _Static_assert(sizeof(*irq) <= sizeof(op.u.pad), "");
    memcpy(op.u.pad, irq, sizeof(*irq));

    return do_domctl(xch, &op);
}

int xc_domain_update_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags, uint64_t gtable)
{
    ZEROED(struct pt_irq, irq);

    irq.machine_irq = pirq;
    irq.type = PT_MSI;
    irq.u.msi.gvec = gvec;
    irq.u.msi.gflags = gflags;
    irq.u.msi.gtable = gtable;

    return pt_irq_domctl(xch, XEN_DOMCTL_bind_pt_irq, domid, &irq);
}

int xc_domain_unbind_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags)
{
    ZEROED(struct pt_irq, irq);

    irq.machine_irq = pirq;
    irq.type = PT_MSI;
    irq.u.msi.gvec = gvec;
    irq.u.msi.gflags = gflags;

    return pt_irq_domctl(xch, XEN_DOMCTL_unbind_pt_irq, domid, &irq);
}

static int pt_irq_op(xc_interface *xch, uint32_t cmd, uint32_t domid,
                     uint32_t machine_irq, uint8_t irq_type, uint8_t bus,
                     uint8_t device, uint8_t intx, uint8_t isa_irq)
{
    ZEROED(struct pt_irq, irq);

    irq.machine_irq = machine_irq;
    irq.type = irq_type;
    switch ( irq_type )
    {
    case PT_PCI:
    case PT_MSI_TRANSLATE:
        irq.u.pci.bus = bus;
        irq.u.pci.device = device;
        irq.u.pci.intx = intx;
        break;

    case PT_ISA:
        irq.u.isa_irq = isa_irq;
        break;

    case PT_SPI: /* passed on: Xen answers */
        break;

    default:
        return fail(EINVAL);
    }

    return pt_irq_domctl(xch, cmd, domid, &irq);
}

int xc_domain_bind_pt_irq(xc_interface *xch, uint32_t domid,
                          uint8_t machine_irq, uint8_t irq_type, uint8_t bus,
                          uint8_t device, uint8_t intx, uint8_t isa_irq)
{
    return pt_irq_op(xch, XEN_DOMCTL_bind_pt_irq, domid, machine_irq, irq_type,
                     bus, device, intx, isa_irq);
}

int xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
                            uint8_t machine_irq, uint8_t irq_type, uint8_t bus,
                            uint8_t device, uint8_t intx, uint8_t isa_irq)
{
    return pt_irq_op(xch, XEN_DOMCTL_unbind_pt_irq, domid, machine_irq,
                     irq_type, bus, device, intx, isa_irq);
}

int xc_domain_bind_pt_pci_irq(xc_interface *xch, uint32_t domid,
                              uint8_t machine_irq, uint8_t bus, uint8_t device,
                              uint8_t intx)
{
    return xc_domain_bind_pt_irq(xch, domid, machine_irq, PT_PCI, bus,
                                 device, intx, 0);
}

int xc_domain_bind_pt_isa_irq(xc_interface *xch, uint32_t domid,
                              uint8_t machine_irq)
{
    return xc_domain_bind_pt_irq(xch, domid, machine_irq, PT_ISA, 0, 0, 0,
                                 machine_irq);
}

static int map_pirq(xc_interface *xch, struct physdev_map_pirq *map, int *pirq)
{
    int rc = do_physdev_op(xch, PHYSDEVOP_map_pirq, map, sizeof(*map));

    if ( !rc )
        *pirq = map->pirq;

    return rc;
}

int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index,
                        int *pirq)
{
    ZEROED(struct physdev_map_pirq, map);

    if ( !pirq )
        return fail(EINVAL);

    map.domid = domid16(domid);
    map.type = MAP_PIRQ_TYPE_GSI;
    map.index = index;
    map.pirq = *pirq < 0 ? index : *pirq;

    return map_pirq(xch, &map, pirq);
}

int xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid, int index,
                            int *pirq, int devfn, int bus, int entry_nr,
                            uint64_t table_base)
{
    ZEROED(struct physdev_map_pirq, map);

    if ( !pirq )
        return fail(EINVAL);

    map.domid = domid16(domid);
    map.type = MAP_PIRQ_TYPE_MSI;
    map.index = index;
    map.pirq = *pirq;
    map.bus = bus;
    map.devfn = devfn;
    map.entry_nr = entry_nr;
    map.table_base = table_base;

    return map_pirq(xch, &map, pirq);
}

int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq)
{
    ZEROED(struct physdev_unmap_pirq, op);

    op.domid = domid16(domid);
    op.pirq = pirq;

    return do_physdev_op(xch, PHYSDEVOP_unmap_pirq, &op, sizeof(op));
}

/* --- address ranges ------------------------------------------------------ */

int xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid,
                             uint32_t first_gport, uint32_t first_mport,
                             uint32_t nr_ports, uint32_t add_mapping)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_ioport_mapping,
        .domain = domid16(domid),
        .u.ioport_mapping = {
            .first_gport = first_gport,
            .first_mport = first_mport,
            .nr_ports = nr_ports,
            .add_mapping = add_mapping,
        },
    };

    return do_domctl(xch, &op);
}

/*
 * Maps or unmaps a run of frames in as many calls as Xen needs.  A positive
 * answer counts the frames done; E2BIG asks for a smaller request.  The first
 * error stops a mapping, while an unmapping goes on and reports it at the end.
 */
static int memory_mapping(xc_interface *xch, uint32_t domid, uint64_t gfn,
                          uint64_t mfn, uint64_t nr, uint32_t add)
{
    uint64_t step = nr;
    int first_error = 0;

    while ( nr )
    {
        uint64_t batch = step < nr ? step : nr, done = batch;
        struct xen_domctl op = {
            .cmd = XEN_DOMCTL_memory_mapping,
            .domain = domid16(domid),
            .u.memory_mapping = {
                .first_gfn = gfn,
                .first_mfn = mfn,
                .nr_mfns = batch,
                .add_mapping = add,
            },
        };
        int rc = do_domctl(xch, &op);

        if ( rc < 0 && errno == E2BIG && step > 1 )
        {
            step /= 2;
            continue;
        }
        if ( rc < 0 && (add || errno == E2BIG) )
            return -1;
        if ( rc < 0 && !first_error )
            first_error = errno;
        if ( rc > 0 )
            done = rc;

        gfn += done;
        mfn += done;
        nr -= done;
    }

    return first_error ? fail(first_error) : 0;
}

int xc_domain_memory_mapping(xc_interface *xch, uint32_t domid,
                             unsigned long first_gfn, unsigned long first_mfn,
                             unsigned long nr_mfns, uint32_t add_mapping)
{
    xc_dominfo_t info;
    int err, rc;

    if ( xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid )
    {
        report(xch, "memory_mapping: domain %u does not exist", domid);
        return fail_negative(EINVAL);
    }

    /* A PV domain maps machine frames itself. */
    if ( !info.hvm || !nr_mfns )
        return 0;

    rc = memory_mapping(xch, domid, first_gfn, first_mfn, nr_mfns,
                        add_mapping);

    /* If even one frame is too much (E2BIG), nothing was mapped. */
    if ( rc && add_mapping == DPCI_ADD_MAPPING && errno != E2BIG )
    {
        err = errno;
        memory_mapping(xch, domid, first_gfn, first_mfn, nr_mfns,
                       DPCI_REMOVE_MAPPING);
        errno = err;
    }

    return rc;
}

static int pt_spi_op(xc_interface *xch, uint32_t cmd, uint32_t domid,
                     uint16_t vspi, uint16_t spi)
{
    struct xen_domctl op = {
        .cmd = cmd,
        .domain = domid16(domid),
        .u.bind_pt_irq = {
            .machine_irq = vspi,
            .irq_type = PT_IRQ_TYPE_SPI,
            .u.spi.spi = spi,
        },
    };

    return do_domctl(xch, &op);
}

int xc_domain_bind_pt_spi_irq(xc_interface *xch, uint32_t domid, uint16_t vspi,
                              uint16_t spi)
{
    return pt_spi_op(xch, XEN_DOMCTL_bind_pt_irq, domid, vspi, spi);
}

int xc_domain_unbind_pt_spi_irq(xc_interface *xch, uint32_t domid,
                                uint16_t vspi, uint16_t spi)
{
    return pt_spi_op(xch, XEN_DOMCTL_unbind_pt_irq, domid, vspi, spi);
}
