/* SPDX-License-Identifier: MIT */
/*
 * Memory operations: the parts of memory_op, and what other hypercalls use.
 *
 * `start` is the number of extents that earlier runs of a preempted call have
 * done.  cmd carries start above the operation's number, so the guest's
 * structure does not change.
 */
#ifndef HV_MEMORY_H
#define HV_MEMORY_H

#include <hv/hypercall.h>
#include <hv/p2m.h>

#include <xen/memory.h>

struct domain;

#define MEMOP_CMD_BITS 6 /* of cmd: the operation; those above: start */
#define MEMOP_CMD_MASK ((1UL << MEMOP_CMD_BITS) - 1)
#define MEMOP_MAX_EXTENTS (UINT32_MAX >> MEMOP_CMD_BITS)

/* One entry of a memory map, as guests get it. */
struct e820entry {
    uint64_t addr, size;
    uint32_t type; /* E820_* */
} __attribute__((packed));

#define E820_RAM 1

/*
 * Remove the entry of gfn from d's p2m and drop its reference.  -EINVAL no page
 * at gfn; -EPERM a device's frame, or a PAGE_EXTRA page, which a guest cannot
 * give back; -ENXIO another domain's page; errors of p2m_remove().
 */
int memory_remove_page(struct domain *d, gfn_t gfn) must_check;

/* Is the caller d itself, d's device model, or a control domain?  0, -EPERM. */
int memory_allowed(const struct domain *d) must_check; /* -EPERM */

/*
 * XENMEM_acquire_resource: resource.c.  Of its checks the first that fails
 * decides:
 *
 *   1  -EFAULT      the structure cannot be read
 *   2  -EINVAL      pad is not 0
 *   3  -EINVAL      frame, or frame + nr_frames, needs more than 32 bits
 *   4  -ESRCH       no domain domid;  -EPERM  domid is the caller's
 *   5  -EPERM       the caller is neither its device model nor in control
 *   6  -EOPNOTSUPP  no such type (4.17; later Xen: -EINVAL)
 *   7  -EINVAL ...  errors of the type for this id: grant_resource_size(),
 *                   ioreq_resource_size(); trace buffers: always -EINVAL
 *   8  no frame_list: -EINVAL nr_frames is not 0; -EFAULT; else a size query
 *   9  -EINVAL      nr_frames is 0 or above MEMOP_MAX_EXTENTS
 *  10  errors of the type for these frames: grant_resource_get(),
 *                   ioreq_resource_get()
 *  11  -EFAULT      frame_list cannot be read (translated) or written
 *  12  translated:  -EBUSY one of the gfns has an entry (a control
 *                   domain: other than a device's); -ENOMEM no page
 *                   left for tables; -EINVAL gfn out of range
 *
 * Checks 10 to 12 are repeated for each batch of frames.  On failure no frame
 * stays mapped.
 */
long memory_acquire_resource(struct hypercall *hc, uint64_t arg,
                             unsigned long start);

/*
 * XENMEM_add_to_physmap and _batch, remove_from_physmap: physmap.c.  In this
 * order: -EFAULT; -ENOSYS a single foreign frame (-EOPNOTSUPP a range in a
 * batch); -ESRCH no domain; -EACCES d is not translated or the space is a
 * device's; -EPERM; -EILSEQ bad restart; then for each page: -EINVAL no such
 * space or index, or no page there that can be mapped; -EPERM, -ENXIO the entry
 * at gpfn must stay (a device's; another domain's); -ENOMEM no table.
 */
long memory_add_to_physmap(struct hypercall *hc, uint64_t arg,
                           unsigned long start);
long memory_add_to_physmap_batch(struct hypercall *hc, uint64_t arg,
                                 unsigned long start);
long memory_remove_from_physmap(uint64_t arg);

/*
 * XENMEM_populate_physmap, increase/decrease_reservation: reservation.c.
 * Returns the number of extents done; -ERESTART when preempted.  Wrong
 * arguments are no error: the count falls short then.
 */
long memory_reservation(struct hypercall *hc, unsigned int op, uint64_t arg,
                        unsigned long start);

/* d is dying: drop the frames in d->staged.  -ERESTART: call again. */
int memory_relinquish(struct domain *d) must_check;

/*
 * memory-map.c, errors in this order.  XENMEM_memory_map: -EFAULT; -ENOSYS no
 * map was set.  machine_memory_map: -EPERM; -EFAULT; -EINVAL the array is too
 * short.  set_memory_map: -EFAULT; -EINVAL too many entries; -ESRCH; -EPERM;
 * -ENOMEM; -EFAULT the entries.
 */
long memory_get_map(uint64_t arg);
long memory_get_machine_map(uint64_t arg);
long memory_set_map(uint64_t arg);

/* Of `start` of a reservation op, for the number of extents that are done. */
#define MEMOP_EXTENT_BITS 26

/*
 * reservation-pv.c: memory_reservation() of a PV domain, from extent `start` on,
 * of which `done` frames are done; and XENMEM_exchange.  -EFAULT; -EPERM an order
 * above 9; -EINVAL sizes do not match; -ESRCH; -EPERM the domain; -EOPNOTSUPP it
 * is not PV; errors of pv_exchange().
 */
struct xen_memory_reservation;
long pv_memory_reservation(struct hypercall *hc, unsigned int op,
                           struct domain *d,
                           const struct xen_memory_reservation *r,
                           unsigned long start, unsigned long done);
long pv_memory_exchange(uint64_t arg);

/* Preempt a memory op after `done` extents: store that in hc; -ERESTART. */
long memory_restart(struct hypercall *hc, unsigned long done);

/* ---- arch contract ---- */

/* The host's memory map as firmware gave it; returns the number of entries. */
unsigned int arch_host_e820(const struct e820entry **map);

#endif
