/* SPDX-License-Identifier: MIT */
/*
 * Hypercall 41, dm_op: what a device model asks for its target.
 *
 * a[0] domid, a[1] nr_bufs, a[2] array of struct xen_dm_op_buf; buffer 0 is
 * the operation, which may be shorter than the union as long as it holds what
 * the operation needs.  In the order of checks:
 *
 *   -E2BIG       more than two buffers
 *   -EFAULT      array not readable
 *   -ESRCH       no such domain            -EPERM  the caller itself
 *   -EINVAL      target not translated
 *   -EPERM       caller is neither its device model nor in control
 *   -ENODATA     no buffer
 *   -EFAULT      buffer 0 too short or not readable for the header
 *   -EOPNOTSUPP  unknown operation
 *   -EFAULT      the same for the operation
 *   -EINVAL      padding not zero
 *   then those of the operation
 *
 * The operation is copied back on success, and as the record of progress when
 * a long one gives way; after an error the caller's bytes are untouched.
 */
#include "dm-op-private.h"

#include <hv/array.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/ioreq.h>
#include <hv/lib.h>

/* ---- operations on ioreq servers ---- */

static int create(struct dm_op *x)
{
    struct xen_dm_op_create_ioreq_server *a = &x->op.u.create_ioreq_server;

    if ( a->pad[0] || a->pad[1] || a->pad[2] )
        return -EINVAL;
    return ioreq_server_create(x->d, a->handle_bufioreq, &a->id);
}

static int get_info(struct dm_op *x)
{
    return ioreq_server_info(x->d, &x->op.u.get_ioreq_server_info);
}

static int map_range(struct dm_op *x)
{
    const struct xen_dm_op_ioreq_server_range *a =
        &x->op.u.map_io_range_to_ioreq_server;

    if ( a->pad )
        return -EINVAL;
    return ioreq_server_map_range(x->d, a->id, a->type, a->start, a->end);
}

static int unmap_range(struct dm_op *x)
{
    const struct xen_dm_op_ioreq_server_range *a =
        &x->op.u.unmap_io_range_from_ioreq_server;

    if ( a->pad )
        return -EINVAL;
    return ioreq_server_unmap_range(x->d, a->id, a->type, a->start, a->end);
}

static int set_state(struct dm_op *x)
{
    const struct xen_dm_op_set_ioreq_server_state *a =
        &x->op.u.set_ioreq_server_state;

    if ( a->pad )
        return -EINVAL;
    return ioreq_server_set_state(x->d, a->id, a->enabled);
}

static int destroy(struct dm_op *x)
{
    const struct xen_dm_op_destroy_ioreq_server *a =
        &x->op.u.destroy_ioreq_server;

    if ( a->pad )
        return -EINVAL;
    return ioreq_server_destroy(x->d, a->id);
}

static int map_mem_type(struct dm_op *x)
{
    struct xen_dm_op_map_mem_type_to_ioreq_server *a =
        &x->op.u.map_mem_type_to_ioreq_server;

    if ( !(x->d->config.flags & XEN_DOMCTL_CDF_hap) )
        return -EOPNOTSUPP;
    return ioreq_server_map_mem_type(x->d, a->id, a->type, a->flags,
                                     &a->opaque);
}

/* ---- dispatch ---- */

struct dm_op_entry {
    int (*handler)(struct dm_op *x);
    uint8_t bytes;  /* of the operation's part of the union */
    bool copy_back; /* it has results or progress           */
};

#define ROW(name, arg, handler, copy_back)                                   \
    [XEN_DMOP_##name] = { handler, sizeof(((struct xen_dm_op *)0)->u.arg),   \
                          copy_back }

static const struct dm_op_entry table[] = {
    ROW(create_ioreq_server, create_ioreq_server, create, true),
    ROW(get_ioreq_server_info, get_ioreq_server_info, get_info, true),
    ROW(map_io_range_to_ioreq_server, map_io_range_to_ioreq_server, map_range,
        false),
    ROW(unmap_io_range_from_ioreq_server, unmap_io_range_from_ioreq_server,
        unmap_range, false),
    ROW(set_ioreq_server_state, set_ioreq_server_state, set_state, false),
    ROW(destroy_ioreq_server, destroy_ioreq_server, destroy, false),
    ROW(map_mem_type_to_ioreq_server, map_mem_type_to_ioreq_server,
        map_mem_type, true),
    ROW(track_dirty_vram, track_dirty_vram, dm_op_track_dirty_vram, false),
    ROW(set_pci_intx_level, set_pci_intx_level, dm_op_set_pci_intx_level,
        false),
    ROW(set_isa_irq_level, set_isa_irq_level, dm_op_set_isa_irq_level, false),
    ROW(set_pci_link_route, set_pci_link_route, dm_op_set_pci_link_route,
        false),
    ROW(modified_memory, modified_memory, dm_op_modified_memory, true),
    ROW(set_mem_type, set_mem_type, dm_op_set_mem_type, true),
    ROW(inject_event, inject_event, dm_op_inject_event, false),
    ROW(inject_msi, inject_msi, dm_op_inject_msi, false),
    ROW(remote_shutdown, remote_shutdown, dm_op_remote_shutdown, false),
    ROW(relocate_memory, relocate_memory, dm_op_relocate_memory, true),
    ROW(pin_memory_cacheattr, pin_memory_cacheattr, dm_op_pin_memory_cacheattr,
        false),
    ROW(nr_vcpus, nr_vcpus, dm_op_nr_vcpus, true),
};

#define HEADER_BYTES offsetof(struct xen_dm_op, u)

/* The target is known: may the caller, and what does it want? */
static int decode(struct dm_op *x, const struct dm_op_entry **entry)
{
    uint64_t addr = handle_addr(x->buf[0].h);
    const struct dm_op_entry *e;
    int rc;

    if ( !x->d->translated )
        return -EINVAL;
    rc = domain_dm_allowed(current_domain, x->d);
    if ( rc )
        return rc;
    if ( !x->nr_bufs )
        return -ENODATA;

    if ( x->buf[0].size < HEADER_BYTES ||
         guest_copy_in(&x->op, addr, HEADER_BYTES) )
        return -EFAULT;
    if ( x->op.op >= ARRAY_SIZE(table) )
        return -EOPNOTSUPP;
    e = &array_at(table, x->op.op);
    if ( !e->handler )
        return -EOPNOTSUPP;
    if ( x->buf[0].size - HEADER_BYTES < e->bytes ||
         guest_copy_in(&x->op.u, addr + HEADER_BYTES, e->bytes) )
        return -EFAULT;
    if ( x->op.pad )
        return -EINVAL;
    *entry = e;
    return 0;
}

static int run(struct dm_op *x)
{
    const struct dm_op_entry *e;
    int rc = decode(x, &e);

    if ( rc )
        return rc;
    rc = e->handler(x);
    if ( (!rc || rc == -ERESTART) && e->copy_back &&
         guest_copy_out(handle_addr(x->buf[0].h) + HEADER_BYTES, &x->op.u,
                        e->bytes) )
        rc = -EFAULT;
    return rc;
}

long do_dm_op(struct hypercall *hc)
{
    struct dm_op x = { .nr_bufs = (unsigned int)hc->a[1] };
    int rc;

    if ( x.nr_bufs > DM_OP_MAX_BUFS )
        return -E2BIG;
    if ( guest_copy_in(x.buf, hc->a[2], x.nr_bufs * sizeof(x.buf[0])) )
        return -EFAULT;
    rc = domain_get_remote((domid_t)hc->a[0], &x.d);
    if ( rc )
        return rc;
    rc = run(&x);
    domain_put(x.d);
    return rc;
}
