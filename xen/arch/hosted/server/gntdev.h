/* SPDX-License-Identifier: MIT */
/* What the files about /dev/xen/gntdev share. */
#ifndef GNTDEV_H
#define GNTDEV_H

#include <xen/grant_table.h>
#include <xen/sys/gntdev.h>

#include "server.h"

#define NOT_MAPPED UINT32_MAX

struct grant {
    struct ioctl_gntdev_grant_ref ref;
    grant_handle_t handle; /* NOT_MAPPED */
    mfn_t mfn;
};

/* Map the grant for dom0's devices: 0, or the GNTST_ status. */
int gntdev_pin(struct grant *g, bool read_only);
void gntdev_unpin(struct grant *g);

/* gntdev-copy.c: the ioctl, 0 or -errno. */
long gntdev_copy(struct file *f, uint64_t arg);

#endif
