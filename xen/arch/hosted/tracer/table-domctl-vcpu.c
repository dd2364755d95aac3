/* SPDX-License-Identifier: MIT */
/* domctl(): vcpus, memory, state, permissions. */
#include <xen/domctl.h>

#include "tables.h"

#define T vcpu_guest_context_t
static const struct field rows_context_out[] = {
    V(OUT, HEX, flags),
    V(OUT, HEX, user_regs.rip),
    V(OUT, HEX, user_regs.rsp),
    V(OUT, HEX, user_regs.rflags),
    V(OUT, HEX, user_regs.rax),
    V(OUT, HEX, user_regs.cs),
    V(OUT, HEX, user_regs.ss),
    V(OUT, HEX, kernel_ss),
    V(OUT, HEX, kernel_sp),
    W(OUT, HEX, 8, ctrlreg),
    V(OUT, HEX, event_callback_eip),
    V(OUT, HEX, vm_assist),
    END
};
#undef T

#define T vcpu_guest_context_t
static const struct field rows_context_in[] = {
    V(IN, HEX, flags),
    V(IN, HEX, user_regs.rip),
    V(IN, HEX, user_regs.rsp),
    V(IN, HEX, user_regs.rflags),
    V(IN, HEX, user_regs.rax),
    V(IN, HEX, user_regs.cs),
    V(IN, HEX, user_regs.ss),
    V(IN, HEX, kernel_ss),
    V(IN, HEX, kernel_sp),
    W(IN, HEX, 8, ctrlreg),
    V(IN, HEX, event_callback_eip),
    V(IN, HEX, vm_assist),
    END
};
#undef T

#define T struct xen_domctl_getpageframeinfo3
const struct field rows_getpageframeinfo3[] = {
    V(IN, DEC, num),
    L(INOUT, HEX, 8, array, num),
    END
};
#undef T

#define T struct xen_domctl_shadow_op
const struct field rows_shadow_op[] = {
    N(IN, op, names_shadow_ops),
    V(IN, HEX, mode),
    V(INOUT, DEC, mb),
    B(OUT, BITS, dirty_bitmap, pages),
    V(INOUT, DEC, pages),
    V(OUT, DEC, stats.fault_count),
    V(OUT, DEC, stats.dirty_count),
    END
};
#undef T

#define T struct xen_domctl_max_mem
const struct field rows_max_mem[] = {
    V(IN, DEC, max_memkb),
    END
};
#undef T

#define T struct xen_domctl_vcpucontext
const struct field rows_vcpucontext_in[] = {
    V(IN, DEC, vcpu),
    P(ctxt, rows_context_in),
    END
};
#undef T

#define T struct xen_domctl_vcpucontext
const struct field rows_vcpucontext_out[] = {
    V(IN, DEC, vcpu),
    P(ctxt, rows_context_out),
    END
};
#undef T

#define T struct xen_domctl_getvcpuinfo
const struct field rows_getvcpuinfo[] = {
    V(IN, DEC, vcpu),
    V(OUT, DEC, online),
    V(OUT, DEC, blocked),
    V(OUT, DEC, running),
    V(OUT, DEC, cpu_time),
    V(OUT, DEC, cpu),
    END
};
#undef T

#define T struct xen_domctl_nodeaffinity
const struct field rows_nodeaffinity_in[] = {
    S(nodemap, rows_bitmap_in),
    END
};
#undef T

#define T struct xen_domctl_nodeaffinity
const struct field rows_nodeaffinity_out[] = {
    S(nodemap, rows_bitmap_out),
    END
};
#undef T

#define T struct xen_domctl_vcpuaffinity
const struct field rows_setaffinity[] = {
    V(IN, DEC, vcpu),
    F(IN, flags, names_affinities),
    S(cpumap_hard, rows_bitmap_inout),
    S(cpumap_soft, rows_bitmap_inout),
    END
};
#undef T

#define T struct xen_domctl_vcpuaffinity
const struct field rows_getaffinity[] = {
    V(IN, DEC, vcpu),
    F(IN, flags, names_affinities),
    S(cpumap_hard, rows_bitmap_out),
    S(cpumap_soft, rows_bitmap_out),
    END
};
#undef T

#define T struct xen_domctl_max_vcpus
const struct field rows_max_vcpus[] = {
    V(IN, DEC, max),
    END
};
#undef T

#define T struct xen_domctl_sched_credit
static const struct field rows_sched_credit[] = {
    V(INOUT, DEC, weight),
    V(INOUT, DEC, cap),
    END
};
#undef T

#define T struct xen_domctl_sched_credit2
static const struct field rows_sched_credit2[] = {
    V(INOUT, DEC, weight),
    V(INOUT, DEC, cap),
    END
};
#undef T

#define T struct xen_domctl_sched_rtds
static const struct field rows_sched_rtds[] = {
    V(INOUT, DEC, period),
    V(INOUT, DEC, budget),
    V(INOUT, HEX, flags),
    END
};
#undef T

static const struct value names_sched_params[] = {
    HAS(XEN_SCHEDULER_CREDIT, rows_sched_credit),
    HAS(XEN_SCHEDULER_CREDIT2, rows_sched_credit2),
    HAS(XEN_SCHEDULER_RTDS, rows_sched_rtds),
    NO_MORE
};

#define T struct xen_domctl_scheduler_op
const struct field rows_scheduler_op[] = {
    N(IN, sched_id, names_schedulers),
    N(IN, cmd, names_sched_cmds),
    C(u, sched_id, names_sched_params),
    END
};
#undef T

#define T struct xen_domctl_setdomainhandle
const struct field rows_setdomainhandle[] = {
    V(IN, UUID, handle),
    END
};
#undef T

#define T struct xen_domctl_setdebugging
const struct field rows_setdebugging[] = {
    V(IN, DEC, enable),
    END
};
#undef T

#define T struct xen_domctl_irq_permission
const struct field rows_irq_permission[] = {
    V(IN, DEC, pirq),
    V(IN, DEC, allow_access),
    PAD(pad),
    END
};
#undef T

#define T struct xen_domctl_iomem_permission
const struct field rows_iomem_permission[] = {
    V(IN, HEX, first_mfn),
    V(IN, DEC, nr_mfns),
    V(IN, DEC, allow_access),
    END
};
#undef T

#define T struct xen_domctl_ioport_permission
const struct field rows_ioport_permission[] = {
    V(IN, DEC, first_port),
    V(IN, DEC, nr_ports),
    V(IN, DEC, allow_access),
    END
};
#undef T

#define T struct xen_domctl_hypercall_init
const struct field rows_hypercall_init[] = {
    V(IN, HEX, gmfn),
    END
};
#undef T

#define T struct xen_domctl_settimeoffset
const struct field rows_settimeoffset[] = {
    V(IN, INT, time_offset_seconds),
    END
};
#undef T

#define T struct xen_domctl_hvmcontext
const struct field rows_hvmcontext_in[] = {
    V(IN, DEC, size),
    B(IN, BYTES, buffer, size),
    END
};
#undef T

#define T struct xen_domctl_hvmcontext
const struct field rows_hvmcontext_out[] = {
    V(INOUT, DEC, size),
    B(OUT, BYTES, buffer, size),
    END
};
#undef T

#define T struct xen_domctl_hvmcontext_partial
const struct field rows_hvmcontext_partial[] = {
    V(IN, DEC, type),
    V(IN, DEC, instance),
    V(INOUT, DEC, bufsz),
    B(OUT, BYTES, buffer, bufsz),
    END
};
#undef T

#define T struct xen_domctl_address_size
const struct field rows_address_size_in[] = {
    V(IN, DEC, size),
    END
};
#undef T

#define T struct xen_domctl_address_size
const struct field rows_address_size_out[] = {
    V(OUT, DEC, size),
    END
};
#undef T

#define T struct xen_domctl_sendtrigger
const struct field rows_sendtrigger[] = {
    N(IN, trigger, names_triggers),
    V(IN, DEC, vcpu),
    END
};
#undef T
