/* SPDX-License-Identifier: MIT */
/* physdev_op() and platform_op(). */
#include <xen/physdev.h>
#include <xen/platform.h>

#include "tables.h"

static const struct value names_pirq_types[] = {
    IS(MAP_PIRQ_TYPE_MSI),
    IS(MAP_PIRQ_TYPE_GSI),
    IS(MAP_PIRQ_TYPE_UNKNOWN),
    IS(MAP_PIRQ_TYPE_MSI_SEG),
    IS(MAP_PIRQ_TYPE_MULTI_MSI),
    NO_MORE
};

#define T struct physdev_irq_status_query
static const struct field rows_phys_irq_status[] = {
    V(IN, DEC, irq),
    V(OUT, HEX, flags),
    END
};
#undef T

#define T struct physdev_set_iopl
static const struct field rows_phys_set_iopl[] = {
    V(IN, DEC, iopl),
    END
};
#undef T

#define T struct physdev_set_iobitmap
static const struct field rows_phys_set_iobitmap[] = {
    V(IN, HEX, bitmap),
    V(IN, DEC, nr_ports),
    END
};
#undef T

#define T struct physdev_apic
static const struct field rows_phys_apic[] = {
    V(IN, HEX, apic_physbase),
    V(IN, HEX, reg),
    V(INOUT, HEX, value),
    END
};
#undef T

#define T struct physdev_irq
static const struct field rows_phys_irq[] = {
    V(IN, DEC, irq),
    V(OUT, DEC, vector),
    END
};
#undef T

#define T struct physdev_eoi
static const struct field rows_phys_eoi[] = {
    V(IN, DEC, irq),
    END
};
#undef T

#define T struct physdev_map_pirq
static const struct field rows_phys_map_pirq[] = {
    N(IN, domid, names_domids),
    N(IN, type, names_pirq_types),
    V(IN, INT, index),
    V(INOUT, INT, pirq),
    V(IN, HEX, bus),
    V(IN, HEX, devfn),
    V(INOUT, DEC, entry_nr),
    V(IN, HEX, table_base),
    END
};
#undef T

#define T struct physdev_unmap_pirq
static const struct field rows_phys_unmap_pirq[] = {
    N(IN, domid, names_domids),
    V(IN, INT, pirq),
    END
};
#undef T

#define T struct physdev_manage_pci
static const struct field rows_phys_manage_pci[] = {
    V(IN, DEC, bus),
    V(IN, HEX, devfn),
    END
};
#undef T

#define T struct physdev_pirq_eoi_gmfn
static const struct field rows_phys_pirq_eoi_gmfn[] = {
    V(IN, HEX, gmfn),
    END
};
#undef T

#define T struct physdev_restore_msi
static const struct field rows_phys_restore_msi[] = {
    V(IN, DEC, bus),
    V(IN, HEX, devfn),
    END
};
#undef T

#define T struct physdev_manage_pci_ext
static const struct field rows_phys_manage_pci_ext[] = {
    V(IN, DEC, bus),
    V(IN, HEX, devfn),
    V(IN, DEC, is_extfn),
    V(IN, DEC, is_virtfn),
    V(IN, DEC, physfn.bus),
    V(IN, HEX, physfn.devfn),
    END
};
#undef T

#define T struct physdev_setup_gsi
static const struct field rows_phys_setup_gsi[] = {
    V(IN, INT, gsi),
    V(IN, DEC, triggering),
    V(IN, DEC, polarity),
    END
};
#undef T

#define T struct physdev_get_free_pirq
static const struct field rows_phys_get_free_pirq[] = {
    N(IN, type, names_pirq_types),
    V(OUT, DEC, pirq),
    END
};
#undef T

#define T struct physdev_pci_mmcfg_reserved
static const struct field rows_phys_mmcfg[] = {
    V(IN, HEX, address),
    V(IN, DEC, segment),
    V(IN, HEX, start_bus),
    V(IN, DEC, end_bus),
    V(IN, HEX, flags),
    END
};
#undef T

#define T struct physdev_pci_device_add
static const struct field rows_phys_device_add[] = {
    V(IN, DEC, seg),
    V(IN, DEC, bus),
    V(IN, HEX, devfn),
    V(IN, HEX, flags),
    V(IN, DEC, physfn.bus),
    V(IN, HEX, physfn.devfn),
    END
};
#undef T

const struct value names_physdev_ops[] = {
    HAS(PHYSDEVOP_irq_status_query, rows_phys_irq_status),
    HAS(PHYSDEVOP_set_iopl, rows_phys_set_iopl),
    HAS(PHYSDEVOP_set_iobitmap, rows_phys_set_iobitmap),
    HAS(PHYSDEVOP_apic_read, rows_phys_apic),
    HAS(PHYSDEVOP_apic_write, rows_phys_apic),
    HAS(PHYSDEVOP_alloc_irq_vector, rows_phys_irq),
    HAS(PHYSDEVOP_free_irq_vector, rows_phys_irq),
    HAS(PHYSDEVOP_eoi, rows_phys_eoi),
    HAS(PHYSDEVOP_map_pirq, rows_phys_map_pirq),
    HAS(PHYSDEVOP_unmap_pirq, rows_phys_unmap_pirq),
    HAS(PHYSDEVOP_manage_pci_add, rows_phys_manage_pci),
    HAS(PHYSDEVOP_manage_pci_remove, rows_phys_manage_pci),
    HAS(PHYSDEVOP_pirq_eoi_gmfn_v1, rows_phys_pirq_eoi_gmfn),
    HAS(PHYSDEVOP_pirq_eoi_gmfn_v2, rows_phys_pirq_eoi_gmfn),
    HAS(PHYSDEVOP_restore_msi, rows_phys_restore_msi),
    HAS(PHYSDEVOP_manage_pci_add_ext, rows_phys_manage_pci_ext),
    HAS(PHYSDEVOP_setup_gsi, rows_phys_setup_gsi),
    HAS(PHYSDEVOP_get_free_pirq, rows_phys_get_free_pirq),
    HAS(PHYSDEVOP_pci_mmcfg_reserved, rows_phys_mmcfg),
    HAS(PHYSDEVOP_pci_device_add, rows_phys_device_add),
    HAS(PHYSDEVOP_pci_device_remove, rows_pci_device),
    HAS(PHYSDEVOP_restore_msi_ext, rows_pci_device),
    HAS(PHYSDEVOP_prepare_msix, rows_pci_device),
    HAS(PHYSDEVOP_release_msix, rows_pci_device),
    HAS(PHYSDEVOP_dbgp_op, raw),
    NO_MORE
};

#define T xenpf_settime32_t
static const struct field rows_pf_settime32[] = {
    V(IN, DEC, secs),
    V(IN, DEC, nsecs),
    V(IN, DEC, system_time),
    END
};
#undef T

#define T xenpf_settime64_t
static const struct field rows_pf_settime64[] = {
    V(IN, DEC, secs),
    V(IN, DEC, nsecs),
    PAD(mbz),
    V(IN, DEC, system_time),
    END
};
#undef T

#define T xenpf_firmware_info_t
static const struct field rows_pf_firmware[] = {
    V(IN, DEC, type),
    V(IN, DEC, index),
    FIELD(u, INOUT, BYTES, HERE),
    END
};
#undef T

#define T xenpf_enter_acpi_sleep_t
static const struct field rows_pf_sleep[] = {
    V(IN, HEX, val_a),
    V(IN, HEX, val_b),
    V(IN, DEC, sleep_state),
    V(IN, HEX, flags),
    END
};
#undef T

#define T xenpf_pcpuinfo_t
static const struct field rows_pf_cpuinfo[] = {
    V(IN, DEC, xen_cpuid),
    V(OUT, DEC, max_present),
    V(OUT, HEX, flags),
    V(OUT, DEC, apic_id),
    V(OUT, DEC, acpi_id),
    END
};
#undef T

#define T xenpf_resource_entry_t
static const struct field rows_pf_resource_entry[] = {
    V(INOUT, INT, u.ret),
    PAD(rsvd),
    V(IN, HEX, idx),
    V(INOUT, HEX, val),
    END
};
#undef T

#define T xenpf_resource_op_t
static const struct field rows_pf_resource[] = {
    V(IN, DEC, nr_entries),
    V(IN, DEC, cpu),
    A(entries, rows_pf_resource_entry, nr_entries),
    END
};
#undef T

#define T xenpf_microcode_update_t
static const struct field rows_pf_microcode[] = {
    V(IN, DEC, length),
    B(IN, BYTES, data, length),
    END
};
#undef T

const struct value platform_ops[] = {
    HAS(XENPF_settime32, rows_pf_settime32),
    HAS(XENPF_settime64, rows_pf_settime64),
    HAS(XENPF_firmware_info, rows_pf_firmware),
    HAS(XENPF_enter_acpi_sleep, rows_pf_sleep),
    HAS(XENPF_get_cpuinfo, rows_pf_cpuinfo),
    HAS(XENPF_resource_op, rows_pf_resource),
    HAS(XENPF_microcode_update, rows_pf_microcode),
    HAS(XENPF_add_memtype, raw),
    HAS(XENPF_del_memtype, raw),
    HAS(XENPF_read_memtype, raw),
    HAS(XENPF_platform_quirk, raw),
    HAS(XENPF_get_cpu_version, raw),
    HAS(XENPF_efi_runtime_call, raw),
    HAS(XENPF_change_freq, raw),
    HAS(XENPF_getidletime, raw),
    HAS(XENPF_set_processor_pminfo, raw),
    HAS(XENPF_cpu_online, raw),
    HAS(XENPF_cpu_offline, raw),
    HAS(XENPF_cpu_hotadd, raw),
    HAS(XENPF_mem_hotadd, raw),
    HAS(XENPF_core_parking, raw),
    HAS(XENPF_get_symbol, raw),
    NO_MORE
};
