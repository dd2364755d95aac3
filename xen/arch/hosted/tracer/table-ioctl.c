/* SPDX-License-Identifier: MIT */
/* ioctl() of the files in /dev/xen. */
#include <sys/ioctl.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#include "tables.h"

static const struct value names_gntalloc_flags[] = {
    IS(GNTALLOC_FLAG_WRITABLE),
    NO_MORE
};

static const struct value names_unmap_actions[] = {
    IS(UNMAP_NOTIFY_CLEAR_BYTE),
    IS(UNMAP_NOTIFY_SEND_EVENT),
    NO_MORE
};

#define T privcmd_mmap_entry_t
static const struct field rows_mmap_entry[] = {
    V(IN, HEX, va),
    V(IN, HEX, mfn),
    V(IN, DEC, npages),
    END
};
#undef T

#define T privcmd_mmap_t
static const struct field rows_mmap[] = {
    V(IN, DEC, num),
    N(IN, dom, names_domids),
    A(entry, rows_mmap_entry, num),
    END
};
#undef T

#define T privcmd_mmapbatch_t
static const struct field rows_mmapbatch[] = {
    V(IN, DEC, num),
    N(IN, dom, names_domids),
    V(IN, HEX, addr),
    L(INOUT, HEX, 8, arr, num),
    END
};
#undef T

#define T privcmd_mmapbatch_v2_t
static const struct field rows_mmapbatch_v2[] = {
    V(IN, DEC, num),
    N(IN, dom, names_domids),
    V(IN, HEX, addr),
    L(IN, HEX, 8, arr, num),
    L(OUT, INT, 4, err, num),
    END
};
#undef T

#define T privcmd_dm_op_t
static const struct field rows_privcmd_dm_op[] = {
    N(IN, dom, names_domids),
    V(IN, DEC, num),
    UNNAMED(ubufs, dm_op_first),
    FIELD(ubufs, INOUT, STRUCT, REST, COUNT(num), .table = rows_dm_op_buf),
    END
};
#undef T

struct restrict_to {
    domid_t domid;
};
#define T struct restrict_to
static const struct field rows_privcmd_restrict[] = {
    N(IN, domid, names_domids),
    END
};
#undef T

#define T privcmd_mmap_resource_t
static const struct field rows_mmap_resource[] = {
    N(IN, dom, names_domids),
    N(IN, type, names_resources),
    V(IN, DEC, id),
    V(IN, DEC, idx),
    V(INOUT, DEC, num),
    V(IN, HEX, addr),
    END
};
#undef T

#define T struct ioctl_evtchn_bind_interdomain
static const struct field rows_ev_bind_interdomain[] = {
    N(IN, remote_domain, names_domids),
    V(IN, DEC, remote_port),
    END
};
#undef T

#define T struct ioctl_evtchn_bind_unbound_port
static const struct field rows_ev_bind_unbound_port[] = {
    N(IN, remote_domain, names_domids),
    END
};
#undef T

#define T struct ioctl_evtchn_unbind
static const struct field rows_ev_unbind[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct ioctl_evtchn_notify
static const struct field rows_ev_notify[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct ioctl_evtchn_bind_virq
static const struct field rows_ev_bind_virq[] = {
    N(IN, virq, names_virqs),
    END
};
#undef T

#define T struct ioctl_evtchn_restrict_domid
static const struct field rows_ev_restrict[] = {
    N(IN, domid, names_domids),
    END
};
#undef T

struct gref_id {
    uint32_t ref;
};
#define T struct gref_id
static const struct field rows_gref_id[] = {
    V(OUT, DEC, ref),
    END
};
#undef T

#define T struct ioctl_gntalloc_alloc_gref
static const struct field rows_alloc_gref[] = {
    N(IN, domid, names_domids),
    F(IN, flags, names_gntalloc_flags),
    V(IN, DEC, count),
    V(OUT, HEX, index),
    R(gref_ids, rows_gref_id, count),
    END
};
#undef T

#define T struct ioctl_gntalloc_dealloc_gref
static const struct field rows_dealloc_gref[] = {
    V(IN, HEX, index),
    V(IN, DEC, count),
    END
};
#undef T

/* The same of gntdev and of gntalloc. */
#define T struct ioctl_gntdev_unmap_notify
static const struct field rows_unmap_notify[] = {
    V(IN, HEX, index),
    F(IN, action, names_unmap_actions),
    V(IN, DEC, event_channel_port),
    END
};
#undef T

#define T struct ioctl_gntdev_grant_ref
static const struct field rows_grant_ref[] = {
    N(IN, domid, names_domids),
    V(IN, DEC, ref),
    END
};
#undef T

#define T struct ioctl_gntdev_map_grant_ref
static const struct field rows_map_grant_ref[] = {
    V(IN, DEC, count),
    V(OUT, HEX, index),
    R(refs, rows_grant_ref, count),
    END
};
#undef T

#define T struct ioctl_gntdev_unmap_grant_ref
static const struct field rows_unmap_grant_ref[] = {
    V(IN, HEX, index),
    V(IN, DEC, count),
    END
};
#undef T

#define T struct ioctl_gntdev_get_offset_for_vaddr
static const struct field rows_get_offset[] = {
    V(IN, HEX, vaddr),
    V(OUT, HEX, offset),
    V(OUT, DEC, count),
    END
};
#undef T

#define T struct ioctl_gntdev_dmabuf_exp_from_refs
static const struct field rows_dmabuf_exp_from_refs[] = {
    V(IN, HEX, flags),
    V(IN, DEC, count),
    N(IN, domid, names_domids),
    V(OUT, DEC, fd),
    END
};
#undef T

#define T struct ioctl_gntdev_dmabuf_exp_wait_released
static const struct field rows_dmabuf_exp_wait_released[] = {
    V(IN, DEC, fd),
    V(IN, DEC, wait_to_ms),
    END
};
#undef T

#define T struct ioctl_gntdev_dmabuf_imp_to_refs
static const struct field rows_dmabuf_imp_to_refs[] = {
    V(IN, DEC, fd),
    V(IN, DEC, count),
    N(IN, domid, names_domids),
    END
};
#undef T

#define T struct ioctl_gntdev_dmabuf_imp_release
static const struct field rows_dmabuf_imp_release[] = {
    V(IN, DEC, fd),
    END
};
#undef T

#define T struct ioctl_gntdev_set_max_grants
static const struct field rows_set_max_grants[] = {
    V(IN, DEC, count),
    END
};
#undef T

#define T struct ioctl_gntdev_grant_copy_segment
static const struct field rows_copy_segment[] = {
    V(IN, HEX, source.virt),
    V(IN, DEC, source.foreign.domid),
    V(IN, HEX, dest.virt),
    V(IN, DEC, dest.foreign.domid),
    V(IN, DEC, len),
    F(IN, flags, names_gntcopy),
    N(OUT, status, names_statuses),
    END
};
#undef T

#define T struct ioctl_gntdev_grant_copy
static const struct field rows_grant_copy[] = {
    V(IN, DEC, count),
    A(segments, rows_copy_segment, count),
    END
};
#undef T

/* gntdev and gntalloc have this number both. */
#define UNMAP_NOTIFY                                                         \
    "IOCTL_GNTDEV_SET_UNMAP_NOTIFY or IOCTL_GNTALLOC_SET_UNMAP_NOTIFY"

const struct value requests[] = {
    IS(IOCTL_PRIVCMD_HYPERCALL),
    HAS(IOCTL_PRIVCMD_MMAP, rows_mmap),
    HAS(IOCTL_PRIVCMD_MMAPBATCH, rows_mmapbatch),
    HAS(IOCTL_PRIVCMD_MMAPBATCH_V2, rows_mmapbatch_v2),
    HAS(IOCTL_PRIVCMD_DM_OP, rows_privcmd_dm_op),
    HAS(IOCTL_PRIVCMD_RESTRICT, rows_privcmd_restrict),
    HAS(IOCTL_PRIVCMD_MMAP_RESOURCE, rows_mmap_resource),
    IS(IOCTL_PRIVCMD_UNIMPLEMENTED),
    HAS(IOCTL_EVTCHN_BIND_VIRQ, rows_ev_bind_virq),
    HAS(IOCTL_EVTCHN_BIND_INTERDOMAIN, rows_ev_bind_interdomain),
    HAS(IOCTL_EVTCHN_BIND_UNBOUND_PORT, rows_ev_bind_unbound_port),
    HAS(IOCTL_EVTCHN_UNBIND, rows_ev_unbind),
    HAS(IOCTL_EVTCHN_NOTIFY, rows_ev_notify),
    IS(IOCTL_EVTCHN_RESET),
    HAS(IOCTL_EVTCHN_RESTRICT_DOMID, rows_ev_restrict),
    HAS(IOCTL_GNTDEV_MAP_GRANT_REF, rows_map_grant_ref),
    HAS(IOCTL_GNTDEV_UNMAP_GRANT_REF, rows_unmap_grant_ref),
    HAS(IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, rows_get_offset),
    HAS(IOCTL_GNTDEV_SET_MAX_GRANTS, rows_set_max_grants),
    HAS(IOCTL_GNTDEV_GRANT_COPY, rows_grant_copy),
    HAS(IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS, rows_dmabuf_exp_from_refs),
    HAS(IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED, rows_dmabuf_exp_wait_released),
    HAS(IOCTL_GNTDEV_DMABUF_IMP_TO_REFS, rows_dmabuf_imp_to_refs),
    HAS(IOCTL_GNTDEV_DMABUF_IMP_RELEASE, rows_dmabuf_imp_release),
    HAS(IOCTL_GNTALLOC_ALLOC_GREF, rows_alloc_gref),
    HAS(IOCTL_GNTALLOC_DEALLOC_GREF, rows_dealloc_gref),
    { IOCTL_GNTDEV_SET_UNMAP_NOTIFY, UNMAP_NOTIFY, rows_unmap_notify },
    NO_MORE
};
