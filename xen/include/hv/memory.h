/* SPDX-License-Identifier: MIT */
/*
 * Memory operations: the parts of memory_op, and what other hypercalls use.
 *
 * `start` is how many extents earlier runs of the same call have done: cmd
 * carries it above the operation's number, so the guest's structure stays as
 * it was.
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
 * Take the page at gfn out of d and drop its reference.  -EINVAL there is no
 * page; -ENXIO it is another domain's; -EPERM it is a device's, or PAGE_EXTRA,
 * which is never given up.
 */
int memory_remove_page(struct domain *d, gfn_t gfn) must_check;

/* Is `current` d itself, its device model, or in control? */
int memory_allowed(const struct domain *d) must_check; /* -EPERM */

/*
 * XENMEM_acquire_resource: resource.c.  Of its checks the first that fails
 * decides:
 *
 *   1  -EFAULT      the structure cannot be read
 *   2  -EINVAL      pad is not 0
 *   3  -EINVAL      frame, or frame + nr_frames, needs more than 32 bits
 *   4  -ESRCH       no domain domid;  -EPERM  it is the caller
 *   5  -EPERM       the caller is not its device model or in control
 *   6  -EOPNOTSUPP  no such type (4.17; later Xen: -EINVAL)
 *   7  -EINVAL ...  what the type says of this id, see grant_resource_size(),
 *                   ioreq_resource_size(); trace buffers: -EINVAL, none has any
 *   8  no frame_list: -EINVAL nr_frames is not 0; -EFAULT; else a size query
 *   9  -EINVAL      nr_frames is 0 or above MEMOP_MAX_EXTENTS
 *  10  what the type says of these frames: grant_resource_get(),
 *                   ioreq_resource_get()
 *  11  -EFAULT      frame_list cannot be read (translated) or written
 *  12  translated:  -EBUSY something is at one of the gfns; -ENOMEM no page
 *                   left for tables; -EINVAL gfn out of range
 *
 * 10 to 12 come again for each batch of frames.  On failure nothing stays
 * mapped.
 */
long memory_acquire_resource(struct hypercall *hc, uint64_t arg,
                             unsigned long start);

/*
 * XENMEM_add_to_physmap and _batch, remove_from_physmap: physmap.c.  In this
 * order: -EFAULT, -ENOSYS a foreign frame alone (-EOPNOTSUPP a range in a
 * batch), -ESRCH, -EACCES d is not translated or the space is a device's,
 * -EPERM, -EILSEQ bad restart, then for each page: -EINVAL no such space or
 * index, or nothing that can be mapped there; -EPERM, -ENXIO what is at gpfn
 * now must not go (a device's; another domain's); -ENOMEM.
 */
long memory_add_to_physmap(struct hypercall *hc, uint64_t arg,
                           unsigned long start);
long memory_add_to_physmap_batch(struct hypercall *hc, uint64_t arg,
                                 unsigned long start);
long memory_remove_from_physmap(uint64_t arg);

/*
 * XENMEM_populate_physmap, increase/decrease_reservation: reservation.c.
 * Returns how many extents are done.  Nothing that is wrong with the arguments
 * is an error: it is a count that falls short.
 */
long memory_reservation(struct hypercall *hc, unsigned int op, uint64_t arg,
                        unsigned long start);

/* d dies: what a populate in pieces left behind.  -ERESTART: call again. */
int memory_relinquish(struct domain *d) must_check;

/* XENMEM_memory_map, machine_memory_map, set_memory_map: memory-map.c */
long memory_get_map(uint64_t arg);
long memory_get_machine_map(uint64_t arg);
long memory_set_map(uint64_t arg);

/*
 * A memory op gives way after `done` extents: rewrites hc so that it goes on
 * there.  Returns -ERESTART.
 */
long memory_restart(struct hypercall *hc, unsigned long done);

/* ---- arch contract ---- */

/* What the host's firmware says it has; returns the number of entries. */
unsigned int arch_host_e820(const struct e820entry **map);

#endif
