/* SPDX-License-Identifier: MIT */
/* What the files about /dev/xen/privcmd share. */
#ifndef PRIVCMD_H
#define PRIVCMD_H

#include <xen/xen.h>

#include "server.h"
#include "vma.h"

#define MAX_BATCH (1UL << 20) /* pages in one request */

struct privcmd {
    domid_t restricted; /* DOMID_INVALID: may do everything */
};

/* Is the file restricted to another domain? */
bool privcmd_may_not(const struct file *f, domid_t domid);

/* The privcmd mapping that contains the whole range, or NULL; mm locked. */
struct vma *privcmd_find_vma(const struct file *f, uint64_t addr, uint64_t nr);

/* ---- ioctls: 0 or -errno ---- */

/* privcmd-map.c */
long privcmd_map_batch_v1(struct file *f, uint64_t arg);
long privcmd_map_batch_v2(struct file *f, uint64_t arg);
long privcmd_map_ranges(struct file *f, uint64_t arg);
/* privcmd-resource.c */
long privcmd_map_resource(struct file *f, uint64_t arg);

#endif
