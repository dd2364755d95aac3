/* SPDX-License-Identifier: MIT */
/* Hypercalls, and the structures that choose an operation. */
#include <xen/arch-x86/xen-mca.h>
#include <xen/domctl.h>
#include <xen/platform.h>
#include <xen/sys/privcmd.h>
#include <xen/sysctl.h>
#include <xen/xen.h>
#include <xen/xsm/flask_op.h>

#include "tables.h"

/* An argument, under a name that the structure does not have. */
#define ARG(i, n, s, w, ...)                                                 \
    { .name = n, .offset = (i) * 8, .size = 8, .dir = INOUT, .show = (s),      \
      .where = (w), __VA_ARGS__ }
#define VALUE(i, n, s)                                                       \
    { .name = n, .offset = (i) * 8, .size = 8, .dir = IN, .show = (s) }
#define CMD(names)                                                           \
    { .name = "", .size = 8, .dir = IN, .show = NAME, .table = (names) }
#define N_IN(i) .count = (i) * 8, .count_size = 8
#define BY_CMD .by = 0, .by_size = 8

static const struct value names_mmuext_ops[] = {
    IS(MMUEXT_PIN_L1_TABLE),
    IS(MMUEXT_PIN_L2_TABLE),
    IS(MMUEXT_PIN_L3_TABLE),
    IS(MMUEXT_PIN_L4_TABLE),
    IS(MMUEXT_UNPIN_TABLE),
    IS(MMUEXT_NEW_BASEPTR),
    IS(MMUEXT_TLB_FLUSH_LOCAL),
    IS(MMUEXT_INVLPG_LOCAL),
    IS(MMUEXT_TLB_FLUSH_MULTI),
    IS(MMUEXT_INVLPG_MULTI),
    IS(MMUEXT_TLB_FLUSH_ALL),
    IS(MMUEXT_INVLPG_ALL),
    IS(MMUEXT_FLUSH_CACHE),
    IS(MMUEXT_SET_LDT),
    IS(MMUEXT_NEW_USER_BASEPTR),
    IS(MMUEXT_CLEAR_PAGE),
    IS(MMUEXT_COPY_PAGE),
    IS(MMUEXT_FLUSH_CACHE_GLOBAL),
    IS(MMUEXT_MARK_SUPER),
    IS(MMUEXT_UNMARK_SUPER),
    NO_MORE
};

#define T mmu_update_t
static const struct field rows_mmu_update[] = {
    V(IN, HEX, ptr),
    V(IN, HEX, val),
    END
};
#undef T

#define T mmuext_op_t
static const struct field rows_mmuext[] = {
    N(IN, cmd, names_mmuext_ops),
    V(IN, HEX, arg1.mfn),
    V(IN, HEX, arg2.src_mfn),
    END
};
#undef T

#define T multicall_entry_t
static const struct field rows_multicall_entry[] = {
    OP(op, hypercalls),
    C(args, op, hypercalls),
    V(OUT, INT, result),
    END
};
#undef T

static const struct value names_console_ios[] = {
    IS(CONSOLEIO_write),
    IS(CONSOLEIO_read),
    NO_MORE
};

#define T struct xen_domctl
static const struct field rows_domctl[] = {
    OP(cmd, domctls),
    USUAL(interface_version, XEN_DOMCTL_INTERFACE_VERSION),
    N(INOUT, domain, names_domids),
    C(u, cmd, domctls),
    END
};
#undef T

#define T struct xen_sysctl
static const struct field rows_sysctl[] = {
    OP(cmd, sysctls),
    USUAL(interface_version, XEN_SYSCTL_INTERFACE_VERSION),
    C(u, cmd, sysctls),
    END
};
#undef T

#define T struct xen_platform_op
static const struct field rows_platform[] = {
    OP(cmd, platform_ops),
    USUAL(interface_version, XENPF_INTERFACE_VERSION),
    C(u, cmd, platform_ops),
    END
};
#undef T

#define T struct xen_flask_op
static const struct field rows_flask[] = {
    OP(cmd, flask_ops),
    USUAL(interface_version, XEN_FLASK_INTERFACE_VERSION),
    C(u, cmd, flask_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_memory_op[] = {
    CMD(memory_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = memory_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_version[] = {
    CMD(names_version_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_version_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_evtchn[] = {
    CMD(names_evtchn_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_evtchn_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_physdev[] = {
    CMD(names_physdev_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_physdev_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_hvm[] = {
    CMD(names_hvm_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_hvm_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_sched[] = {
    CMD(names_sched_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_sched_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_kexec[] = {
    CMD(names_kexec_ops),
    ARG(1, "", CHOICE, POINTED, BY_CMD, .table = names_kexec_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_grant[] = {
    CMD(names_grant_ops),
    VALUE(2, "count", DEC),
    ARG(1, "", CHOICE, ARRAY, BY_CMD, N_IN(2), .table = names_grant_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_vcpu[] = {
    CMD(names_vcpu_ops),
    VALUE(1, "vcpuid", DEC),
    ARG(2, "", CHOICE, POINTED, BY_CMD, .table = names_vcpu_ops),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_domctl[] = {
    ARG(0, "", STRUCT, POINTED, .table = rows_domctl),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_sysctl[] = {
    ARG(0, "", STRUCT, POINTED, .table = rows_sysctl),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_platform[] = {
    ARG(0, "", STRUCT, POINTED, .table = rows_platform),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_flask[] = {
    ARG(0, "", STRUCT, POINTED, .table = rows_flask),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_mmu_update[] = {
    VALUE(1, "count", DEC),
    VALUE(3, "foreigndom", DEC),
    ARG(0, "req", STRUCT, ARRAY, N_IN(1), .table = rows_mmu_update),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_mmuext[] = {
    VALUE(1, "count", DEC),
    VALUE(3, "foreigndom", DEC),
    ARG(0, "op", STRUCT, ARRAY, N_IN(1), .table = rows_mmuext),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_multicall[] = {
    VALUE(1, "nr_calls", DEC),
    ARG(0, "call_list", STRUCT, ARRAY, N_IN(1), .table = rows_multicall_entry),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_console_io[] = {
    CMD(names_console_ios),
    VALUE(1, "count", DEC),
    ARG(2, "buffer", TEXT, POINTED, N_IN(1)),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_dm_op[] = {
    VALUE(0, "domid", DEC),
    VALUE(1, "nr_bufs", DEC),
    ARG(2, "", STRUCT, POINTED, .table = dm_op_first),
    ARG(2, "bufs", STRUCT, REST, N_IN(1), .table = rows_dm_op_buf),
    END
};
#undef T

static const struct value names_mc_ops[] = {
    IS(XEN_MC_fetch),
    IS(XEN_MC_notifydomain),
    IS(XEN_MC_physcpuinfo),
    IS(XEN_MC_msrinject),
    IS(XEN_MC_mceinject),
    IS(XEN_MC_inject_v2),
    NO_MORE
};

#define T struct xen_mc
static const struct field rows_mc[] = {
    OP(cmd, names_mc_ops),
    USUAL(interface_version, XEN_MCA_INTERFACE_VERSION),
    FIELD(u, INOUT, BYTES, HERE),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_mca[] = {
    ARG(0, "", STRUCT, POINTED, .table = rows_mc),
    END
};
#undef T

/* Numbers of hypfs.h, which this tree does not have. */
static const struct value names_hypfs_ops[] = {
    { 0, "XEN_HYPFS_OP_get_version", NULL },
    { 1, "XEN_HYPFS_OP_read", NULL },
    { 2, "XEN_HYPFS_OP_write_contents", NULL },
    NO_MORE
};

#define T struct hypercall_args
static const struct field rows_call_hypfs[] = {
    CMD(names_hypfs_ops),
    ARG(1, "path", TEXT, POINTED, N_IN(2)),
    ARG(3, "buffer", BYTES, POINTED, N_IN(4)),
    VALUE(4, "size", DEC),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_set_timer[] = {
    VALUE(0, "timeout", DEC),
    END
};
#undef T

#define T struct hypercall_args
static const struct field rows_call_vm_assist[] = {
    VALUE(0, "cmd", DEC),
    VALUE(1, "type", DEC),
    END
};
#undef T

const struct field five_args[] = {
    VALUE(0, "arg0", HEX),
    VALUE(1, "arg1", HEX),
    VALUE(2, "arg2", HEX),
    VALUE(3, "arg3", HEX),
    VALUE(4, "arg4", HEX),
    { .size = sizeof(struct hypercall_args) }
};

#define CALL(n, rows) { __HYPERVISOR_##n, #n, (rows) }
const struct value hypercalls[] = {
    CALL(set_trap_table, five_args),
    CALL(mmu_update, rows_call_mmu_update),
    CALL(set_gdt, five_args),
    CALL(stack_switch, five_args),
    CALL(set_callbacks, five_args),
    CALL(fpu_taskswitch, five_args),
    CALL(sched_op_compat, five_args),
    CALL(platform_op, rows_call_platform),
    CALL(set_debugreg, five_args),
    CALL(get_debugreg, five_args),
    CALL(update_descriptor, five_args),
    CALL(memory_op, rows_call_memory_op),
    CALL(multicall, rows_call_multicall),
    CALL(update_va_mapping, five_args),
    CALL(set_timer_op, rows_call_set_timer),
    CALL(event_channel_op_compat, five_args),
    CALL(xen_version, rows_call_version),
    CALL(console_io, rows_call_console_io),
    CALL(physdev_op_compat, five_args),
    CALL(grant_table_op, rows_call_grant),
    CALL(vm_assist, rows_call_vm_assist),
    CALL(update_va_mapping_otherdomain, five_args),
    CALL(iret, five_args),
    CALL(vcpu_op, rows_call_vcpu),
    CALL(set_segment_base, five_args),
    CALL(mmuext_op, rows_call_mmuext),
    CALL(xsm_op, rows_call_flask),
    CALL(nmi_op, five_args),
    CALL(sched_op, rows_call_sched),
    CALL(callback_op, five_args),
    CALL(xenoprof_op, five_args),
    CALL(event_channel_op, rows_call_evtchn),
    CALL(physdev_op, rows_call_physdev),
    CALL(hvm_op, rows_call_hvm),
    CALL(sysctl, rows_call_sysctl),
    CALL(domctl, rows_call_domctl),
    CALL(kexec_op, rows_call_kexec),
    CALL(tmem_op, five_args),
    CALL(argo_op, five_args),
    CALL(xenpmu_op, five_args),
    CALL(dm_op, rows_call_dm_op),
    CALL(hypfs_op, rows_call_hypfs),
    CALL(mca, rows_call_mca),
    CALL(arch_1, five_args),
    CALL(arch_2, five_args),
    CALL(arch_3, five_args),
    CALL(arch_4, five_args),
    CALL(arch_5, five_args),
    CALL(arch_6, five_args),
    CALL(arch_7, five_args),
    NO_MORE
};
