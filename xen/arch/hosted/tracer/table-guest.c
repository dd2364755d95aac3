/* SPDX-License-Identifier: MIT */
/* xen_version(), sched_op(), vcpu_op(), kexec_op(). */
#include <xen/kexec.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "tables.h"

struct version_text {
    char text[16];
};
struct long_text {
    char text[64];
};

#define T struct version_text
static const struct field rows_ver_text[] = {
    TEXT(OUT, text),
    END
};
#undef T

#define T struct long_text
static const struct field rows_ver_long[] = {
    TEXT(OUT, text),
    END
};
#undef T

#define T xen_compile_info_t
static const struct field rows_ver_compile[] = {
    TEXT(OUT, compiler),
    TEXT(OUT, compile_by),
    TEXT(OUT, compile_domain),
    TEXT(OUT, compile_date),
    END
};
#undef T

#define T xen_platform_parameters_t
static const struct field rows_ver_platform[] = {
    V(OUT, HEX, virt_start),
    END
};
#undef T

#define T xen_feature_info_t
static const struct field rows_ver_features[] = {
    V(IN, DEC, submap_idx),
    V(OUT, HEX, submap),
    END
};
#undef T

struct version_handle {
    xen_domain_handle_t handle;
};
#define T struct version_handle
static const struct field rows_ver_handle[] = {
    V(OUT, UUID, handle),
    END
};
#undef T

#define T xen_build_id_t
static const struct field rows_ver_build_id[] = {
    V(IN, DEC, len),
    BYTES_AFTER(OUT, buf, len),
    END
};
#undef T

const struct value names_version_ops[] = {
    IS(XENVER_version),
    HAS(XENVER_extraversion, rows_ver_text),
    HAS(XENVER_compile_info, rows_ver_compile),
    HAS(XENVER_capabilities, rows_ver_long),
    HAS(XENVER_changeset, rows_ver_long),
    HAS(XENVER_platform_parameters, rows_ver_platform),
    HAS(XENVER_get_features, rows_ver_features),
    IS(XENVER_pagesize),
    HAS(XENVER_guest_handle, rows_ver_handle),
    HAS(XENVER_commandline, rows_ver_long),
    HAS(XENVER_build_id, rows_ver_build_id),
    NO_MORE
};

#define T struct sched_shutdown
static const struct field rows_sched_shutdown[] = {
    N(IN, reason, names_shutdowns),
    END
};
#undef T

#define T struct sched_poll
static const struct field rows_sched_poll[] = {
    V(IN, DEC, nr_ports),
    L(IN, DEC, 4, ports, nr_ports),
    V(IN, DEC, timeout),
    END
};
#undef T

#define T struct sched_remote_shutdown
static const struct field rows_sched_remote[] = {
    N(IN, domain_id, names_domids),
    N(IN, reason, names_shutdowns),
    END
};
#undef T

#define T struct sched_watchdog
static const struct field rows_sched_watchdog[] = {
    V(IN, DEC, id),
    V(IN, DEC, timeout),
    END
};
#undef T

#define T struct sched_pin_override
static const struct field rows_sched_pin[] = {
    V(IN, INT, pcpu),
    END
};
#undef T

const struct value names_sched_ops[] = {
    IS(SCHEDOP_yield),
    IS(SCHEDOP_block),
    HAS(SCHEDOP_shutdown, rows_sched_shutdown),
    HAS(SCHEDOP_poll, rows_sched_poll),
    HAS(SCHEDOP_remote_shutdown, rows_sched_remote),
    HAS(SCHEDOP_shutdown_code, rows_sched_shutdown),
    HAS(SCHEDOP_watchdog, rows_sched_watchdog),
    HAS(SCHEDOP_pin_override, rows_sched_pin),
    NO_MORE
};

#define T struct vcpu_runstate_info
static const struct field rows_vcpu_runstate[] = {
    V(OUT, DEC, state),
    V(OUT, DEC, state_entry_time),
    W(OUT, DEC, 8, time),
    END
};
#undef T

#define T struct vcpu_register_runstate_memory_area
static const struct field rows_vcpu_area[] = {
    V(IN, HEX, addr.p),
    END
};
#undef T

#define T struct vcpu_set_periodic_timer
static const struct field rows_vcpu_periodic[] = {
    V(IN, DEC, period_ns),
    END
};
#undef T

#define T struct vcpu_set_singleshot_timer
static const struct field rows_vcpu_singleshot[] = {
    V(IN, DEC, timeout_abs_ns),
    V(IN, HEX, flags),
    END
};
#undef T

#define T struct vcpu_register_vcpu_info
static const struct field rows_vcpu_info[] = {
    V(IN, HEX, mfn),
    V(IN, HEX, offset),
    PAD(rsvd),
    END
};
#undef T

#define T struct vcpu_get_physid
static const struct field rows_vcpu_physid[] = {
    V(OUT, HEX, phys_id),
    END
};
#undef T

const struct value names_vcpu_ops[] = {
    HAS(VCPUOP_initialise, raw),
    IS(VCPUOP_up),
    IS(VCPUOP_down),
    IS(VCPUOP_is_up),
    HAS(VCPUOP_get_runstate_info, rows_vcpu_runstate),
    HAS(VCPUOP_register_runstate_memory_area, rows_vcpu_area),
    HAS(VCPUOP_set_periodic_timer, rows_vcpu_periodic),
    IS(VCPUOP_stop_periodic_timer),
    HAS(VCPUOP_set_singleshot_timer, rows_vcpu_singleshot),
    IS(VCPUOP_stop_singleshot_timer),
    HAS(VCPUOP_register_vcpu_info, rows_vcpu_info),
    IS(VCPUOP_send_nmi),
    HAS(VCPUOP_get_physid, rows_vcpu_physid),
    HAS(VCPUOP_register_vcpu_time_memory_area, rows_vcpu_area),
    NO_MORE
};

#define T xen_kexec_exec_t
static const struct field rows_kexec_exec[] = {
    V(IN, DEC, type),
    END
};
#undef T

#define T xen_kexec_range_t
static const struct field rows_kexec_range[] = {
    V(IN, DEC, range),
    V(IN, DEC, nr),
    V(OUT, HEX, size),
    V(OUT, HEX, start),
    END
};
#undef T

#define T xen_kexec_segment_t
static const struct field rows_kexec_segment[] = {
    V(IN, HEX, buf.h),
    V(IN, HEX, buf_size),
    V(IN, HEX, dest_maddr),
    V(IN, HEX, dest_size),
    END
};
#undef T

#define T xen_kexec_load_t
static const struct field rows_kexec_load[] = {
    V(IN, DEC, type),
    V(IN, DEC, arch),
    V(IN, DEC, nr_segments),
    A(segments.h, rows_kexec_segment, nr_segments),
    V(IN, HEX, entry_maddr),
    END
};
#undef T

#define T xen_kexec_unload_t
static const struct field rows_kexec_type[] = {
    V(IN, DEC, type),
    END
};
#undef T

#define T xen_kexec_load_v1_t
static const struct field rows_kexec_load_v1[] = {
    V(IN, DEC, type),
    V(IN, HEX, image.indirection_page),
    V(IN, HEX, image.start_address),
    END
};
#undef T

const struct value names_kexec_ops[] = {
    HAS(KEXEC_CMD_kexec, rows_kexec_exec),
    HAS(KEXEC_CMD_kexec_load_v1, rows_kexec_load_v1),
    HAS(KEXEC_CMD_kexec_unload_v1, rows_kexec_load_v1),
    HAS(KEXEC_CMD_kexec_get_range, rows_kexec_range),
    HAS(KEXEC_CMD_kexec_load, rows_kexec_load),
    HAS(KEXEC_CMD_kexec_unload, rows_kexec_type),
    HAS(KEXEC_CMD_kexec_status, rows_kexec_type),
    NO_MORE
};
