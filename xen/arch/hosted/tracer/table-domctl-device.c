/* SPDX-License-Identifier: MIT */
/* domctl(): devices, policies, monitors. */
#include <xen/domctl.h>

#include "tables.h"

#define T __typeof__(((struct xen_domctl_bind_pt_irq *)0)->u)
static const struct field rows_irq_pci[] = {
    V(IN, DEC, pci.bus),
    V(IN, DEC, pci.device),
    V(IN, DEC, pci.intx),
    END
};
static const struct field rows_irq_isa[] = {
    V(IN, DEC, isa.isa_irq),
    END
};
static const struct field rows_irq_msi[] = {
    V(IN, HEX, msi.gvec),
    V(IN, HEX, msi.gflags),
    V(IN, HEX, msi.gtable),
    END
};
static const struct field rows_irq_spi[] = {
    V(IN, DEC, spi.spi),
    END
};
#undef T

static const struct value names_pt_irqs[] = {
    HAS(PT_IRQ_TYPE_PCI, rows_irq_pci),
    HAS(PT_IRQ_TYPE_ISA, rows_irq_isa),
    HAS(PT_IRQ_TYPE_MSI, rows_irq_msi),
    HAS(PT_IRQ_TYPE_MSI_TRANSLATE, rows_irq_pci),
    HAS(PT_IRQ_TYPE_SPI, rows_irq_spi),
    NO_MORE
};

#define T __typeof__(((struct xen_domctl_assign_device *)0)->u)
static const struct field rows_device_pci[] = {
    V(IN, HEX, pci.machine_sbdf),
    END
};
static const struct field rows_device_dt[] = {
    V(IN, DEC, dt.size),
    B(IN, TEXT, dt.path, dt.size),
    END
};
#undef T

static const struct value names_device_kinds[] = {
    HAS(XEN_DOMCTL_DEV_PCI, rows_device_pci),
    HAS(XEN_DOMCTL_DEV_DT, rows_device_dt),
    NO_MORE
};

#define T __typeof__(((struct xen_domctl_monitor_op *)0)->u)
static const struct field rows_monitor_cr[] = {
    V(IN, DEC, mov_to_cr.index),
    V(IN, DEC, mov_to_cr.sync),
    V(IN, DEC, mov_to_cr.onchangeonly),
    PAD(mov_to_cr.pad1),
    PAD(mov_to_cr.pad2),
    V(IN, HEX, mov_to_cr.bitmask),
    END
};
static const struct field rows_monitor_msr[] = {
    V(IN, HEX, mov_to_msr.msr),
    V(IN, DEC, mov_to_msr.onchangeonly),
    END
};
static const struct field rows_monitor_request[] = {
    V(IN, DEC, guest_request.sync),
    V(IN, DEC, guest_request.allow_userspace),
    END
};
static const struct field rows_monitor_sync[] = {
    V(IN, DEC, vmexit.sync),
    END
};
#undef T

static const struct value names_monitor_details[] = {
    HAS(XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG, rows_monitor_cr),
    HAS(XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR, rows_monitor_msr),
    IS(XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP),
    IS(XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT),
    HAS(XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST, rows_monitor_request),
    HAS(XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION, rows_monitor_sync),
    IS(XEN_DOMCTL_MONITOR_EVENT_CPUID),
    IS(XEN_DOMCTL_MONITOR_EVENT_PRIVILEGED_CALL),
    IS(XEN_DOMCTL_MONITOR_EVENT_INTERRUPT),
    IS(XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS),
    IS(XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED),
    IS(XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT),
    HAS(XEN_DOMCTL_MONITOR_EVENT_VMEXIT, rows_monitor_sync),
    NO_MORE
};

#define T struct xen_domctl_assign_device
const struct field rows_assign_device[] = {
    N(IN, dev, names_devices),
    V(IN, HEX, flags),
    C(u, dev, names_device_kinds),
    END
};
#undef T

#define T struct xen_domctl_get_device_group
const struct field rows_get_device_group[] = {
    V(IN, HEX, machine_sbdf),
    V(IN, DEC, max_sdevs),
    V(OUT, DEC, num_sdevs),
    L(OUT, HEX, 4, sdev_array, num_sdevs),
    END
};
#undef T

#define T struct xen_domctl_bind_pt_irq
const struct field rows_bind_pt_irq[] = {
    V(IN, DEC, machine_irq),
    N(IN, irq_type, names_pt_irq_types),
    C(u, irq_type, names_pt_irqs),
    END
};
#undef T

#define T struct xen_domctl_memory_mapping
const struct field rows_memory_mapping[] = {
    V(IN, HEX, first_gfn),
    V(IN, HEX, first_mfn),
    V(IN, DEC, nr_mfns),
    N(IN, add_mapping, names_mappings),
    PAD(padding),
    END
};
#undef T

#define T struct xen_domctl_ioport_mapping
const struct field rows_ioport_mapping[] = {
    V(IN, HEX, first_gport),
    V(IN, HEX, first_mport),
    V(IN, DEC, nr_ports),
    N(IN, add_mapping, names_mappings),
    END
};
#undef T

#define T struct xen_domctl_set_target
const struct field rows_set_target[] = {
    N(IN, target, names_domids),
    END
};
#undef T

#define T struct xen_domctl_cpu_policy
const struct field rows_cpu_policy_in[] = {
    V(IN, DEC, nr_leaves),
    V(IN, DEC, nr_msrs),
    A(leaves, rows_cpuid_leaf_in, nr_leaves),
    A(msrs, rows_msr_entry_in, nr_msrs),
    V(INOUT, HEX, err_leaf),
    V(INOUT, HEX, err_subleaf),
    V(INOUT, HEX, err_msr),
    END
};
#undef T

#define T struct xen_domctl_cpu_policy
const struct field rows_cpu_policy_out[] = {
    V(INOUT, DEC, nr_leaves),
    V(INOUT, DEC, nr_msrs),
    A(leaves, rows_cpuid_leaf_out, nr_leaves),
    A(msrs, rows_msr_entry_out, nr_msrs),
    END
};
#undef T

#define T struct xen_domctl_subscribe
const struct field rows_subscribe[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct xen_domctl_debug_op
const struct field rows_debug_op[] = {
    N(IN, op, names_debug_ops),
    V(IN, DEC, vcpu),
    END
};
#undef T

#define T struct xen_domctl_gdbsx_memio
const struct field rows_gdbsx_memio[] = {
    V(IN, HEX, pgd3val),
    V(IN, HEX, gva),
    V(IN, HEX, uva),
    V(IN, DEC, len),
    V(IN, DEC, gwr),
    V(OUT, DEC, remain),
    END
};
#undef T

#define T struct xen_domctl_gdbsx_pauseunp_vcpu
const struct field rows_gdbsx_vcpu[] = {
    V(IN, DEC, vcpu),
    END
};
#undef T

#define T struct xen_domctl_gdbsx_domstatus
const struct field rows_gdbsx_domstatus[] = {
    V(OUT, DEC, paused),
    V(OUT, DEC, vcpu_id),
    V(OUT, DEC, vcpu_ev),
    END
};
#undef T

#define T struct xen_domctl_vm_event_op
const struct field rows_vm_event_op[] = {
    N(IN, op, names_vm_event_ops),
    N(IN, mode, names_vm_event_modes),
    V(OUT, DEC, u.enable.port),
    END
};
#undef T

#define T struct xen_domctl_mem_sharing_op
const struct field rows_mem_sharing_op[] = {
    V(IN, DEC, op),
    V(IN, DEC, u.enable),
    END
};
#undef T

#define T struct xen_domctl_audit_p2m
const struct field rows_audit_p2m[] = {
    V(OUT, DEC, orphans),
    V(OUT, DEC, m2p_bad),
    V(OUT, DEC, p2m_bad),
    END
};
#undef T

#define T struct xen_domctl_set_broken_page_p2m
const struct field rows_set_broken_page_p2m[] = {
    V(IN, HEX, pfn),
    END
};
#undef T

#define T struct xen_domctl_tsc_info
const struct field rows_tsc_info_in[] = {
    V(IN, DEC, tsc_mode),
    V(IN, DEC, gtsc_khz),
    V(IN, DEC, incarnation),
    PAD(pad),
    V(IN, DEC, elapsed_nsec),
    END
};
#undef T

#define T struct xen_domctl_tsc_info
const struct field rows_tsc_info_out[] = {
    V(OUT, DEC, tsc_mode),
    V(OUT, DEC, gtsc_khz),
    V(OUT, DEC, incarnation),
    PAD(pad),
    V(OUT, DEC, elapsed_nsec),
    END
};
#undef T

#define T struct xen_domctl_set_virq_handler
const struct field rows_set_virq_handler[] = {
    N(IN, virq, names_virqs),
    END
};
#undef T

#define T struct xen_domctl_vcpuextstate
const struct field rows_extstate_in[] = {
    V(IN, DEC, vcpu),
    V(IN, HEX, xfeature_mask),
    V(IN, DEC, size),
    B(IN, BYTES, buffer, size),
    END
};
#undef T

#define T struct xen_domctl_vcpu_msr
static const struct field rows_vcpu_msr_in[] = {
    V(IN, HEX, index),
    PAD(reserved),
    V(IN, HEX, value),
    END
};
#undef T

#define T struct xen_domctl_vcpu_msrs
const struct field rows_vcpu_msrs_in[] = {
    V(IN, DEC, vcpu),
    V(IN, DEC, msr_count),
    A(msrs, rows_vcpu_msr_in, msr_count),
    END
};
#undef T

#define T struct xen_domctl_vcpuextstate
const struct field rows_extstate_out[] = {
    V(IN, DEC, vcpu),
    V(INOUT, HEX, xfeature_mask),
    V(INOUT, DEC, size),
    B(OUT, BYTES, buffer, size),
    END
};
#undef T

#define T struct xen_domctl_vcpu_msr
static const struct field rows_vcpu_msr_out[] = {
    V(OUT, HEX, index),
    PAD(reserved),
    V(OUT, HEX, value),
    END
};
#undef T

#define T struct xen_domctl_vcpu_msrs
const struct field rows_vcpu_msrs_out[] = {
    V(IN, DEC, vcpu),
    V(INOUT, DEC, msr_count),
    A(msrs, rows_vcpu_msr_out, msr_count),
    END
};
#undef T

#define T struct xen_domctl_set_access_required
const struct field rows_set_access_required[] = {
    V(IN, DEC, access_required),
    END
};
#undef T

#define T struct xen_domctl_cacheflush
const struct field rows_cacheflush[] = {
    V(IN, HEX, start_pfn),
    V(IN, DEC, nr_pfns),
    END
};
#undef T

#define T struct xen_domctl_paging_mempool
const struct field rows_mempool_in[] = {
    V(IN, DEC, size),
    END
};
#undef T

#define T struct xen_domctl_paging_mempool
const struct field rows_mempool_out[] = {
    V(OUT, DEC, size),
    END
};
#undef T

#define T struct xen_domctl_vnuma
const struct field rows_vnuma[] = {
    V(IN, DEC, nr_vnodes),
    V(IN, DEC, nr_vmemranges),
    V(IN, DEC, nr_vcpus),
    PAD(pad),
    L(IN, DEC, 4, vdistance, nr_vnodes),
    L(IN, DEC, 4, vcpu_to_vnode, nr_vcpus),
    L(IN, DEC, 4, vnode_to_pnode, nr_vnodes),
    A(vmemrange, rows_vmemrange, nr_vmemranges),
    END
};
#undef T

#define T struct xen_domctl_psr_cmt_op
const struct field rows_psr_cmt_op[] = {
    N(IN, cmd, names_psr_cmt_ops),
    V(OUT, HEX, data),
    END
};
#undef T

#define T struct xen_domctl_monitor_op
const struct field rows_monitor_op[] = {
    N(IN, op, names_monitor_ops),
    N(INOUT, event, names_monitor_events),
    C(u, event, names_monitor_details),
    END
};
#undef T

#define T struct xen_domctl_psr_alloc
const struct field rows_psr_alloc[] = {
    N(IN, cmd, names_psr_allocs),
    V(IN, DEC, target),
    V(INOUT, HEX, data),
    END
};
#undef T

#define T struct xen_domctl_vuart_op
const struct field rows_vuart_op[] = {
    N(IN, cmd, names_vuart_ops),
    V(IN, DEC, type),
    V(IN, HEX, gfn),
    N(IN, console_domid, names_domids),
    PAD(pad),
    V(OUT, DEC, evtchn),
    END
};
#undef T

#define T struct xen_domctl_vmtrace_op
const struct field rows_vmtrace_op[] = {
    N(IN, cmd, names_vmtrace_ops),
    V(IN, DEC, vcpu),
    V(IN, HEX, key),
    V(INOUT, HEX, value),
    END
};
#undef T
