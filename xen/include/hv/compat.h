/* SPDX-License-Identifier: MIT */
/*
 * Structures of 32-bit callers.
 *
 * Handlers know one layout of a structure, that of 64-bit callers.  When the
 * caller executes 32-bit code the copy converts: hv/guest-access.h finds the
 * structure's layout here, by its type.  Three kinds of structures:
 *
 *   COMPAT_SAME       the layouts are equal
 *   COMPAT_DIFFERENT  a list of fields below says how they differ
 *   all others        have no 32-bit form: copies for a 32-bit caller fail.
 *                     Only hypercalls that refuse such a caller use them.
 *
 * From one list of fields come the 32-bit structure (struct compat_NAME) and
 * the table of the conversion.  tests/abi compares both kinds with libxen-dev's
 * headers compiled for i386.
 */
#ifndef HV_COMPAT_H
#define HV_COMPAT_H

#include <hv/types.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* i386 aligns 64-bit numbers to 4 bytes. */
typedef uint64_t compat_u64 __attribute__((aligned(4)));
typedef uint32_t compat_ptr;   /* a handle or a pointer */
typedef uint32_t compat_ulong; /* xen_ulong_t, xen_pfn_t */
/* The low half of 64 bits, of which the high half is not looked at. */
typedef uint32_t compat_low_half __attribute__((aligned(8)));

/* ---- structures with two layouts: F(S, type, name, field of the 64-bit one) */

#define COMPAT_xen_memory_reservation(F, S)                                  \
    F(S, compat_ptr, extent_start, extent_start)                             \
    F(S, compat_ulong, nr_extents, nr_extents)                               \
    F(S, uint32_t, extent_order, extent_order)                               \
    F(S, uint32_t, mem_flags, mem_flags)                                     \
    F(S, uint16_t, domid, domid)

#define COMPAT_xen_add_to_physmap(F, S)                                      \
    F(S, uint16_t, domid, domid)                                             \
    F(S, uint16_t, size, size)                                               \
    F(S, uint32_t, space, space)                                             \
    F(S, compat_ulong, idx, idx)                                             \
    F(S, compat_ulong, gpfn, gpfn)

#define COMPAT_xen_add_to_physmap_batch(F, S)                                \
    F(S, uint16_t, domid, domid)                                             \
    F(S, uint16_t, space, space)                                             \
    F(S, uint16_t, size, size)                                               \
    F(S, uint16_t, u, u)                                                     \
    F(S, compat_ptr, idxs, idxs)                                             \
    F(S, compat_ptr, gpfns, gpfns)                                           \
    F(S, compat_ptr, errs, errs)

#define COMPAT_xen_remove_from_physmap(F, S)                                 \
    F(S, uint16_t, domid, domid)                                             \
    F(S, compat_ulong, gpfn, gpfn)

#define COMPAT_xen_memory_map(F, S)                                          \
    F(S, uint32_t, nr_entries, nr_entries)                                   \
    F(S, compat_ptr, buffer, buffer)

#define COMPAT_xen_foreign_memory_map(F, S)                                  \
    F(S, uint16_t, domid, domid)                                             \
    F(S, uint32_t, nr_entries, map.nr_entries)                               \
    F(S, compat_ptr, buffer, map.buffer)

#define COMPAT_xen_pod_target(F, S)                                          \
    F(S, compat_u64, target_pages, target_pages)                             \
    F(S, compat_u64, tot_pages, tot_pages)                                   \
    F(S, compat_u64, pod_cache_pages, pod_cache_pages)                       \
    F(S, compat_u64, pod_entries, pod_entries)                               \
    F(S, uint16_t, domid, domid)

/* A ref, or a gmfn: zero-extended, a ref is the low half of the union. */
#define COMPAT_gnttab_copy(F, S)                                             \
    F(S, uint32_t, source_u, source.u)                                       \
    F(S, uint16_t, source_domid, source.domid)                               \
    F(S, uint16_t, source_offset, source.offset)                             \
    F(S, uint32_t, dest_u, dest.u)                                           \
    F(S, uint16_t, dest_domid, dest.domid)                                   \
    F(S, uint16_t, dest_offset, dest.offset)                                 \
    F(S, uint16_t, len, len)                                                 \
    F(S, uint16_t, flags, flags)                                             \
    F(S, int16_t, status, status)

#define COMPAT_gnttab_setup_table(F, S)                                      \
    F(S, uint16_t, dom, dom)                                                 \
    F(S, uint32_t, nr_frames, nr_frames)                                     \
    F(S, int16_t, status, status)                                            \
    F(S, compat_ptr, frame_list, frame_list)

#define COMPAT_gnttab_get_status_frames(F, S)                                \
    F(S, uint32_t, nr_frames, nr_frames)                                     \
    F(S, uint16_t, dom, dom)                                                 \
    F(S, int16_t, status, status)                                            \
    F(S, compat_ptr, frame_list, frame_list)

#define COMPAT_multicall_entry(F, S)                                         \
    F(S, compat_ulong, op, op)                                               \
    F(S, compat_ulong, result, result)                                       \
    F(S, compat_ulong, arg0, args[0])                                        \
    F(S, compat_ulong, arg1, args[1])                                        \
    F(S, compat_ulong, arg2, args[2])                                        \
    F(S, compat_ulong, arg3, args[3])                                        \
    F(S, compat_ulong, arg4, args[4])                                        \
    F(S, compat_ulong, arg5, args[5])

#define COMPAT_sched_poll(F, S)                                              \
    F(S, compat_ptr, ports, ports)                                           \
    F(S, uint32_t, nr_ports, nr_ports)                                       \
    F(S, compat_u64, timeout, timeout)

#define COMPAT_vcpu_runstate_info(F, S)                                      \
    F(S, int32_t, state, state)                                              \
    F(S, compat_u64, state_entry_time, state_entry_time)                     \
    F(S, compat_u64, time0, time[0])                                         \
    F(S, compat_u64, time1, time[1])                                         \
    F(S, compat_u64, time2, time[2])                                         \
    F(S, compat_u64, time3, time[3])

/* Unions of a handle and a 64-bit number: the handle counts, as in Xen. */
#define COMPAT_vcpu_register_runstate_memory_area(F, S)                      \
    F(S, compat_low_half, addr, addr)

#define COMPAT_vcpu_register_time_memory_area(F, S)                          \
    F(S, compat_low_half, addr, addr)

#define COMPAT_vcpu_set_singleshot_timer(F, S)                               \
    F(S, compat_u64, timeout_abs_ns, timeout_abs_ns)                         \
    F(S, uint32_t, flags, flags)

#define COMPAT_xen_platform_parameters(F, S)                                 \
    F(S, compat_ulong, virt_start, virt_start)

#define COMPAT_DIFFERENT(S)                                                  \
    S(xen_memory_reservation)                                                \
    S(xen_add_to_physmap)                                                    \
    S(xen_add_to_physmap_batch)                                              \
    S(xen_remove_from_physmap)                                               \
    S(xen_memory_map)                                                        \
    S(xen_foreign_memory_map)                                                \
    S(xen_pod_target)                                                        \
    S(gnttab_copy)                                                           \
    S(gnttab_setup_table)                                                    \
    S(gnttab_get_status_frames)                                              \
    S(multicall_entry)                                                       \
    S(sched_poll)                                                            \
    S(vcpu_runstate_info)                                                    \
    S(vcpu_register_runstate_memory_area)                                    \
    S(vcpu_register_time_memory_area)                                        \
    S(vcpu_set_singleshot_timer)                                             \
    S(xen_platform_parameters)

#define COMPAT_SAME(S)                                                       \
    S(xen_memory_domain)                                                     \
    S(evtchn_alloc_unbound)                                                  \
    S(evtchn_bind_interdomain)                                               \
    S(evtchn_bind_virq)                                                      \
    S(evtchn_bind_pirq)                                                      \
    S(evtchn_bind_ipi)                                                       \
    S(evtchn_close)                                                          \
    S(evtchn_send)                                                           \
    S(evtchn_status)                                                         \
    S(evtchn_bind_vcpu)                                                      \
    S(evtchn_unmask)                                                         \
    S(evtchn_reset)                                                          \
    S(evtchn_init_control)                                                   \
    S(evtchn_expand_array)                                                   \
    S(evtchn_set_priority)                                                   \
    S(gnttab_map_grant_ref)                                                  \
    S(gnttab_unmap_grant_ref)                                                \
    S(gnttab_unmap_and_replace)                                              \
    S(gnttab_query_size)                                                     \
    S(gnttab_set_version)                                                    \
    S(gnttab_get_version)                                                    \
    S(gnttab_swap_grant_ref)                                                 \
    S(gnttab_cache_flush)                                                    \
    S(sched_shutdown)                                                        \
    S(sched_remote_shutdown)                                                 \
    S(sched_watchdog)                                                        \
    S(vcpu_register_vcpu_info)                                               \
    S(vcpu_time_info)                                                        \
    S(vcpu_hvm_context)                                                      \
    S(xen_compile_info)                                                      \
    S(xen_feature_info)                                                      \
    S(xen_hvm_param)                                                         \
    S(xen_hvm_evtchn_upcall_vector)                                          \
    S(xen_hvm_get_mem_type)                                                  \
    S(xen_hvm_get_time)

/* ---- 32-bit structures ---- */

#define COMPAT_MEMBER(s, type, name, field) type name;
#define COMPAT_STRUCT(s)                                                     \
    struct compat_##s {                                                      \
        COMPAT_##s(COMPAT_MEMBER, s)                                           \
    };
COMPAT_DIFFERENT(COMPAT_STRUCT)

/* ---- pages shared with a domain whose layout is the 32-bit one ---- */

/* What is not named differently lies where the 64-bit layout has it. */
struct compat_vcpu_info {
    uint8_t evtchn_upcall_pending, evtchn_upcall_mask;
    uint32_t evtchn_pending_sel;
    uint32_t cr2, pad[5];
    uint32_t time[8]; /* struct vcpu_time_info */
};

#define COMPAT_WORD_BITS 32
#define COMPAT_2L_CHANNELS (COMPAT_WORD_BITS * COMPAT_WORD_BITS)

struct compat_shared_info {
    struct compat_vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    compat_ulong evtchn_pending[COMPAT_WORD_BITS];
    compat_ulong evtchn_mask[COMPAT_WORD_BITS];
    uint32_t wc_version, wc_sec, wc_nsec;
    compat_ulong max_pfn, pfn_to_mfn_frame_list_list, nmi_reason, p2m_cr3,
        p2m_vaddr, p2m_generation;
    uint32_t wc_sec_hi;
};

#define COMPAT_SAME_PLACE(s, field)                                          \
    _Static_assert(offsetof(struct compat_##s, field) ==                     \
                       offsetof(struct s, field), "one place");
COMPAT_SAME_PLACE(vcpu_info, evtchn_upcall_pending)
COMPAT_SAME_PLACE(vcpu_info, evtchn_upcall_mask)
COMPAT_SAME_PLACE(vcpu_info, time)
COMPAT_SAME_PLACE(shared_info, vcpu_info[XEN_LEGACY_MAX_VCPUS - 1])
COMPAT_SAME_PLACE(shared_info, evtchn_pending)
_Static_assert(sizeof(struct compat_vcpu_info) == sizeof(struct vcpu_info),
               "one size");

/* ---- layouts ---- */

struct compat_field {
    uint16_t at, at_32;    /* offsets */
    uint8_t bytes, bytes_32; /* at most 8 */
};

struct compat_layout {
    uint16_t bytes, bytes_32; /* bytes_32 0: no 32-bit form */
    uint16_t nr_fields;
    const struct compat_field *field;
};

#define COMPAT_DECLARE(s) extern const struct compat_layout compat_of_##s;
COMPAT_DIFFERENT(COMPAT_DECLARE)

/* xen_ulong_t, xen_pfn_t; structures without a 32-bit form. */
extern const struct compat_layout compat_of_words, compat_of_none;

/*
 * The layout of what p points to; NULL: the same for both kinds of callers.
 * Of numbers these are all: xen_ulong_t and xen_pfn_t are in arrays only.
 */
#define COMPAT_CASE_DIFFERENT(s) struct s: &compat_of_##s,
#define COMPAT_CASE_SAME(s) struct s: (const struct compat_layout *)NULL,
#define COMPAT_CASE_NUMBER(t) t: (const struct compat_layout *)NULL,
#define compat_layout_of(p)                                                  \
    _Generic(*(p),                                                           \
             COMPAT_DIFFERENT(COMPAT_CASE_DIFFERENT)                         \
             COMPAT_SAME(COMPAT_CASE_SAME)                                   \
             COMPAT_CASE_NUMBER(char)                                        \
             COMPAT_CASE_NUMBER(uint8_t)                                     \
             COMPAT_CASE_NUMBER(uint32_t)                                    \
             COMPAT_CASE_NUMBER(int32_t)                                     \
             COMPAT_CASE_NUMBER(uint64_t)                                    \
             default: &compat_of_none)

/* Of an element of the array behind a handle. */
#define compat_layout_of_handle(h)                                           \
    _Generic((h),                                                            \
             XEN_GUEST_HANDLE(xen_pfn_t): &compat_of_words,                  \
             XEN_GUEST_HANDLE(xen_ulong_t): &compat_of_words,                \
             default: compat_layout_of((h).p))

/*
 * Copy nr structures of a 32-bit caller in, or out.  Out: only the fields that
 * lie in `bytes` bytes from `offset` on of the 64-bit layout, and what is wider
 * there than in the 32-bit form loses its high half, as in Xen; nr > 1: whole
 * ones.  -EFAULT, with an unknown part copied.
 */
int compat_copy_in(const struct compat_layout *l, void *dst, uint64_t src,
                   size_t nr) must_check;
int compat_copy_out(const struct compat_layout *l, uint64_t dst,
                    const void *src, size_t nr) must_check;
int compat_copy_part_out(const struct compat_layout *l, uint64_t dst,
                         const void *src, size_t offset,
                         size_t bytes) must_check;

#endif
