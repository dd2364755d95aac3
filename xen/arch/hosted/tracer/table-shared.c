/* SPDX-License-Identifier: MIT */
/* What several operations have. */
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "tables.h"

#define T struct xenctl_bitmap
const struct field rows_bitmap_in[] = {
    V(IN, DEC, nr_bits),
    B(IN, BITS, bitmap, nr_bits),
    END
};
#undef T

#define T struct xenctl_bitmap
const struct field rows_bitmap_out[] = {
    V(IN, DEC, nr_bits),
    B(OUT, BITS, bitmap, nr_bits),
    END
};
#undef T

#define T struct xenctl_bitmap
const struct field rows_bitmap_inout[] = {
    V(IN, DEC, nr_bits),
    B(INOUT, BITS, bitmap, nr_bits),
    END
};
#undef T

static const struct value names_emulations[] = {
    IS(XEN_X86_EMU_LAPIC),
    IS(XEN_X86_EMU_HPET),
    IS(XEN_X86_EMU_PM),
    IS(XEN_X86_EMU_RTC),
    IS(XEN_X86_EMU_IOAPIC),
    IS(XEN_X86_EMU_PIC),
    IS(XEN_X86_EMU_VGA),
    IS(XEN_X86_EMU_IOMMU),
    IS(XEN_X86_EMU_PIT),
    IS(XEN_X86_EMU_USE_PIRQ),
    IS(XEN_X86_EMU_VPCI),
    NO_MORE
};

#define T struct xen_arch_domainconfig
static const struct field rows_arch_config[] = {
    F(IN, emulation_flags, names_emulations),
    V(IN, HEX, misc_flags),
    END
};
#undef T

#define T struct xen_arch_domainconfig
static const struct field rows_arch_config_out[] = {
    F(OUT, emulation_flags, names_emulations),
    V(OUT, HEX, misc_flags),
    END
};
#undef T

static const struct value names_cdf[] = {
    IS(XEN_DOMCTL_CDF_hvm),
    IS(XEN_DOMCTL_CDF_hap),
    IS(XEN_DOMCTL_CDF_s3_integrity),
    IS(XEN_DOMCTL_CDF_oos_off),
    IS(XEN_DOMCTL_CDF_xs_domain),
    IS(XEN_DOMCTL_CDF_iommu),
    IS(XEN_DOMCTL_CDF_nested_virt),
    IS(XEN_DOMCTL_CDF_vpmu),
    NO_MORE
};

static const struct value names_iommu_opts[] = {
    IS(XEN_DOMCTL_IOMMU_no_sharept),
    NO_MORE
};

static const struct value names_dominf[] = {
    IS(XEN_DOMINF_dying),
    IS(XEN_DOMINF_hvm_guest),
    IS(XEN_DOMINF_shutdown),
    IS(XEN_DOMINF_paused),
    IS(XEN_DOMINF_blocked),
    IS(XEN_DOMINF_running),
    IS(XEN_DOMINF_debugged),
    IS(XEN_DOMINF_xs_domain),
    IS(XEN_DOMINF_hap),
    NO_MORE
};

#define T struct xen_domctl_createdomain
const struct field rows_createdomain[] = {
    V(IN, HEX, ssidref),
    V(IN, UUID, handle),
    F(IN, flags, names_cdf),
    F(IN, iommu_opts, names_iommu_opts),
    V(IN, DEC, max_vcpus),
    V(IN, DEC, max_evtchn_port),
    V(IN, INT, max_grant_frames),
    V(IN, INT, max_maptrack_frames),
    V(IN, HEX, grant_opts),
    V(IN, DEC, vmtrace_size),
    V(IN, DEC, cpupool_id),
    S(arch, rows_arch_config),
    END
};
#undef T

#define T struct xen_domctl_getdomaininfo
const struct field rows_getdomaininfo[] = {
    N(OUT, domain, names_domids),
    PAD(pad1),
    F(OUT, flags, names_dominf),
    V(OUT, DEC, tot_pages),
    V(OUT, DEC, max_pages),
    V(OUT, DEC, outstanding_pages),
    V(OUT, DEC, shr_pages),
    V(OUT, DEC, paged_pages),
    V(OUT, HEX, shared_info_frame),
    V(OUT, DEC, cpu_time),
    V(OUT, DEC, nr_online_vcpus),
    V(OUT, DEC, max_vcpu_id),
    V(OUT, HEX, ssidref),
    V(OUT, UUID, handle),
    V(OUT, DEC, cpupool),
    V(OUT, HEX, gpaddr_bits),
    PAD(pad2),
    S(arch_config, rows_arch_config_out),
    END
};
#undef T

#define T xen_cpuid_leaf_t
const struct field rows_cpuid_leaf_in[] = {
    V(IN, HEX, leaf),
    V(IN, HEX, subleaf),
    V(IN, HEX, a),
    V(IN, HEX, b),
    V(IN, HEX, c),
    V(IN, HEX, d),
    END
};
#undef T

#define T xen_msr_entry_t
const struct field rows_msr_entry_in[] = {
    V(IN, HEX, idx),
    V(IN, HEX, flags),
    V(IN, HEX, val),
    END
};
#undef T

#define T xen_cpuid_leaf_t
const struct field rows_cpuid_leaf_out[] = {
    V(OUT, HEX, leaf),
    V(OUT, HEX, subleaf),
    V(OUT, HEX, a),
    V(OUT, HEX, b),
    V(OUT, HEX, c),
    V(OUT, HEX, d),
    END
};
#undef T

#define T xen_msr_entry_t
const struct field rows_msr_entry_out[] = {
    V(OUT, HEX, idx),
    V(OUT, HEX, flags),
    V(OUT, HEX, val),
    END
};
#undef T

const struct value names_schedulers[] = {
    IS(XEN_SCHEDULER_CREDIT),
    IS(XEN_SCHEDULER_CREDIT2),
    IS(XEN_SCHEDULER_ARINC653),
    IS(XEN_SCHEDULER_RTDS),
    IS(XEN_SCHEDULER_NULL),
    NO_MORE
};

const struct value names_virqs[] = {
    IS(VIRQ_TIMER),
    IS(VIRQ_DEBUG),
    IS(VIRQ_CONSOLE),
    IS(VIRQ_DOM_EXC),
    IS(VIRQ_TBUF),
    IS(VIRQ_DEBUGGER),
    IS(VIRQ_XENOPROF),
    IS(VIRQ_CON_RING),
    IS(VIRQ_PCPU_STATE),
    IS(VIRQ_MEM_EVENT),
    IS(VIRQ_ARGO),
    IS(VIRQ_ENOMEM),
    IS(VIRQ_XENPMU),
    IS(VIRQ_ARCH_1),
    IS(VIRQ_ARCH_2),
    IS(VIRQ_ARCH_3),
    IS(VIRQ_ARCH_4),
    IS(VIRQ_ARCH_5),
    IS(VIRQ_ARCH_6),
    IS(VIRQ_ARCH_7),
    NO_MORE
};

#define T physdev_pci_device_t
const struct field rows_pci_device[] = {
    V(IN, HEX, seg),
    V(IN, HEX, bus),
    V(IN, HEX, devfn),
    END
};
#undef T

/* The first bytes of what no table knows. */
struct unknown {
    uint8_t byte[32];
};
#define T struct unknown
const struct field raw[] = {
    FIELD(byte, INOUT, BYTES, HERE),
    END
};
#undef T
