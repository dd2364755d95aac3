/* SPDX-License-Identifier: MIT */
/* dm_op(). */
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>
#include <xen/sys/privcmd.h>

#include "tables.h"

static const struct value names_bufioreqs[] = {
    IS(HVM_IOREQSRV_BUFIOREQ_OFF),
    IS(HVM_IOREQSRV_BUFIOREQ_LEGACY),
    IS(HVM_IOREQSRV_BUFIOREQ_ATOMIC),
    NO_MORE
};

static const struct value names_io_ranges[] = {
    IS(XEN_DMOP_IO_RANGE_PORT),
    IS(XEN_DMOP_IO_RANGE_MEMORY),
    IS(XEN_DMOP_IO_RANGE_PCI),
    NO_MORE
};

static const struct value names_events[] = {
    IS(XEN_DMOP_EVENT_ext_int),
    IS(XEN_DMOP_EVENT_nmi),
    IS(XEN_DMOP_EVENT_hw_exc),
    IS(XEN_DMOP_EVENT_sw_int),
    IS(XEN_DMOP_EVENT_pri_sw_exc),
    IS(XEN_DMOP_EVENT_sw_exc),
    NO_MORE
};

const struct value names_mem_types[] = {
    IS(HVMMEM_ram_rw),
    IS(HVMMEM_ram_ro),
    IS(HVMMEM_mmio_dm),
    IS(HVMMEM_unused),
    IS(HVMMEM_ioreq_server),
    NO_MORE
};

const struct value names_shutdowns[] = {
    IS(SHUTDOWN_poweroff),
    IS(SHUTDOWN_reboot),
    IS(SHUTDOWN_suspend),
    IS(SHUTDOWN_crash),
    IS(SHUTDOWN_watchdog),
    IS(SHUTDOWN_soft_reset),
    NO_MORE
};

static const struct value names_cacheattrs[] = {
    IS(XEN_DMOP_MEM_CACHEATTR_UC),
    IS(XEN_DMOP_MEM_CACHEATTR_WC),
    IS(XEN_DMOP_MEM_CACHEATTR_WT),
    IS(XEN_DMOP_MEM_CACHEATTR_WP),
    IS(XEN_DMOP_MEM_CACHEATTR_WB),
    IS(XEN_DMOP_MEM_CACHEATTR_UCM),
    IS(XEN_DMOP_DELETE_MEM_CACHEATTR),
    NO_MORE
};

#define T struct xen_dm_op_create_ioreq_server
static const struct field rows_dm_create_ioreq_server[] = {
    N(IN, handle_bufioreq, names_bufioreqs),
    PAD(pad),
    V(OUT, DEC, id),
    END
};
#undef T

#define T struct xen_dm_op_get_ioreq_server_info
static const struct field rows_dm_get_ioreq_server_info[] = {
    V(IN, DEC, id),
    V(IN, HEX, flags),
    V(OUT, DEC, bufioreq_port),
    V(OUT, HEX, ioreq_gfn),
    V(OUT, HEX, bufioreq_gfn),
    END
};
#undef T

#define T struct xen_dm_op_ioreq_server_range
static const struct field rows_dm_ioreq_server_range[] = {
    V(IN, DEC, id),
    PAD(pad),
    N(IN, type, names_io_ranges),
    V(IN, HEX, start),
    V(IN, HEX, end),
    END
};
#undef T

#define T struct xen_dm_op_set_ioreq_server_state
static const struct field rows_dm_set_ioreq_server_state[] = {
    V(IN, DEC, id),
    V(IN, DEC, enabled),
    PAD(pad),
    END
};
#undef T

#define T struct xen_dm_op_destroy_ioreq_server
static const struct field rows_dm_destroy_ioreq_server[] = {
    V(IN, DEC, id),
    PAD(pad),
    END
};
#undef T

#define T struct xen_dm_op_track_dirty_vram
static const struct field rows_dm_track_dirty_vram[] = {
    V(IN, DEC, nr),
    PAD(pad),
    V(IN, HEX, first_pfn),
    END
};
#undef T

#define T struct xen_dm_op_set_pci_intx_level
static const struct field rows_dm_set_pci_intx_level[] = {
    V(IN, DEC, domain),
    V(IN, DEC, bus),
    V(IN, DEC, device),
    V(IN, DEC, intx),
    V(IN, DEC, level),
    END
};
#undef T

#define T struct xen_dm_op_set_isa_irq_level
static const struct field rows_dm_set_isa_irq_level[] = {
    V(IN, DEC, isa_irq),
    V(IN, DEC, level),
    END
};
#undef T

#define T struct xen_dm_op_set_pci_link_route
static const struct field rows_dm_set_pci_link_route[] = {
    V(IN, DEC, link),
    V(IN, DEC, isa_irq),
    END
};
#undef T

#define T struct xen_dm_op_modified_memory
static const struct field rows_dm_modified_memory[] = {
    V(IN, DEC, nr_extents),
    V(INOUT, DEC, opaque),
    END
};
#undef T

#define T struct xen_dm_op_set_mem_type
static const struct field rows_dm_set_mem_type[] = {
    V(IN, DEC, nr),
    N(IN, mem_type, names_mem_types),
    PAD(pad),
    V(IN, HEX, first_pfn),
    END
};
#undef T

#define T struct xen_dm_op_inject_event
static const struct field rows_dm_inject_event[] = {
    V(IN, DEC, vcpuid),
    V(IN, HEX, vector),
    N(IN, type, names_events),
    V(IN, DEC, insn_len),
    PAD(pad0),
    V(IN, HEX, error_code),
    PAD(pad1),
    V(IN, HEX, cr2),
    END
};
#undef T

#define T struct xen_dm_op_inject_msi
static const struct field rows_dm_inject_msi[] = {
    V(IN, HEX, data),
    PAD(pad),
    V(IN, HEX, addr),
    END
};
#undef T

#define T struct xen_dm_op_map_mem_type_to_ioreq_server
static const struct field rows_dm_map_mem_type_to_ioreq_server[] = {
    V(IN, DEC, id),
    N(IN, type, names_mem_types),
    V(IN, HEX, flags),
    V(INOUT, HEX, opaque),
    END
};
#undef T

#define T struct xen_dm_op_remote_shutdown
static const struct field rows_dm_remote_shutdown[] = {
    N(IN, reason, names_shutdowns),
    END
};
#undef T

#define T struct xen_dm_op_relocate_memory
static const struct field rows_dm_relocate_memory[] = {
    V(IN, DEC, size),
    PAD(pad),
    V(IN, HEX, src_gfn),
    V(IN, HEX, dst_gfn),
    END
};
#undef T

#define T struct xen_dm_op_pin_memory_cacheattr
static const struct field rows_dm_pin_memory_cacheattr[] = {
    V(IN, HEX, start),
    V(IN, HEX, end),
    N(IN, type, names_cacheattrs),
    PAD(pad),
    END
};
#undef T

#define T struct xen_dm_op_set_irq_level
static const struct field rows_dm_set_irq_level[] = {
    V(IN, DEC, irq),
    V(IN, DEC, level),
    PAD(pad),
    END
};
#undef T

#define T struct xen_dm_op_nr_vcpus
static const struct field rows_dm_nr_vcpus[] = {
    V(OUT, DEC, vcpus),
    END
};
#undef T

const struct value dm_ops[] = {
    HAS(XEN_DMOP_create_ioreq_server, rows_dm_create_ioreq_server),
    HAS(XEN_DMOP_get_ioreq_server_info, rows_dm_get_ioreq_server_info),
    HAS(XEN_DMOP_map_io_range_to_ioreq_server, rows_dm_ioreq_server_range),
    HAS(XEN_DMOP_unmap_io_range_from_ioreq_server, rows_dm_ioreq_server_range),
    HAS(XEN_DMOP_set_ioreq_server_state, rows_dm_set_ioreq_server_state),
    HAS(XEN_DMOP_destroy_ioreq_server, rows_dm_destroy_ioreq_server),
    HAS(XEN_DMOP_track_dirty_vram, rows_dm_track_dirty_vram),
    HAS(XEN_DMOP_set_pci_intx_level, rows_dm_set_pci_intx_level),
    HAS(XEN_DMOP_set_isa_irq_level, rows_dm_set_isa_irq_level),
    HAS(XEN_DMOP_set_pci_link_route, rows_dm_set_pci_link_route),
    HAS(XEN_DMOP_modified_memory, rows_dm_modified_memory),
    HAS(XEN_DMOP_set_mem_type, rows_dm_set_mem_type),
    HAS(XEN_DMOP_inject_event, rows_dm_inject_event),
    HAS(XEN_DMOP_inject_msi, rows_dm_inject_msi),
    HAS(XEN_DMOP_map_mem_type_to_ioreq_server,
        rows_dm_map_mem_type_to_ioreq_server),
    HAS(XEN_DMOP_remote_shutdown, rows_dm_remote_shutdown),
    HAS(XEN_DMOP_relocate_memory, rows_dm_relocate_memory),
    HAS(XEN_DMOP_pin_memory_cacheattr, rows_dm_pin_memory_cacheattr),
    HAS(XEN_DMOP_set_irq_level, rows_dm_set_irq_level),
    HAS(XEN_DMOP_nr_vcpus, rows_dm_nr_vcpus),
    NO_MORE
};

#define T struct xen_dm_op
static const struct field rows_dm_op[] = {
    OP(op, dm_ops),
    PAD(pad),
    C(u, op, dm_ops),
    END
};
#undef T

#define T privcmd_dm_op_buf_t
const struct field dm_op_first[] = {
    UNNAMED(uptr, rows_dm_op),
    END
};
#undef T

#define T privcmd_dm_op_buf_t
const struct field rows_dm_op_buf[] = {
    V(IN, DEC, size),
    B(INOUT, BYTES, uptr, size),
    END
};
#undef T
