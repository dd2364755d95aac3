/* SPDX-License-Identifier: MIT */
/* A device model operation, decoded, and the handlers of dm-op-hvm.c. */
#ifndef DM_OP_PRIVATE_H
#define DM_OP_PRIVATE_H

#include <hv/domain.h>

#include <xen/hvm/dm_op.h>

#define DM_OP_MAX_BUFS 2

struct dm_op {
    struct domain *d; /* the target; referenced */
    struct xen_dm_op op;
    unsigned int nr_bufs;
    struct xen_dm_op_buf buf[DM_OP_MAX_BUFS];
};

/*
 * Handlers: 0, -errno, or -ERESTART with progress in x->op.  Errors are those
 * of the operation as Xen 4.17 has it, except where said.
 */
int dm_op_track_dirty_vram(struct dm_op *x);
int dm_op_set_pci_intx_level(struct dm_op *x);
int dm_op_set_isa_irq_level(struct dm_op *x);
int dm_op_set_pci_link_route(struct dm_op *x);
int dm_op_modified_memory(struct dm_op *x);
int dm_op_set_mem_type(struct dm_op *x);
int dm_op_inject_event(struct dm_op *x);
int dm_op_inject_msi(struct dm_op *x);
int dm_op_remote_shutdown(struct dm_op *x);
int dm_op_relocate_memory(struct dm_op *x);
int dm_op_pin_memory_cacheattr(struct dm_op *x);
int dm_op_nr_vcpus(struct dm_op *x);

#endif
