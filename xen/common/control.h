/* SPDX-License-Identifier: MIT */
/* What domctl and sysctl share: bit maps in the caller's memory, policies. */
#ifndef CONTROL_H
#define CONTROL_H

#include <hv/cpu-policy.h>
#include <hv/domain.h>

#include <xen/xen.h>

/* The scheduler that clients are told of: the parameters are credit2's. */
#define SCHEDULER_ID XEN_SCHEDULER_CREDIT2

#define MAX_CPUS (64 * CPU_WORDS)

/* Processors of the machine, at most MAX_CPUS. */
unsigned int control_nr_cpus(void);

/*
 * Bits [0, nr) of map, of which the caller's buffer gets as many as it has
 * room for, and zeroes for the rest.  -EFAULT; -EINVAL for a buffer that is
 * unreasonably long.
 */
int control_bitmap_out(const struct xenctl_bitmap *to, const uint64_t *map,
                       unsigned int nr) must_check;

/*
 * The first nr bits of the caller's map; those it does not have are 0.  -EFAULT;
 * -EINVAL for a buffer that is unreasonably long.
 */
int control_bitmap_in(const struct xenctl_bitmap *from, uint64_t *map,
                      unsigned int nr) must_check;

/* All of bits [0, nr). */
void control_bitmap_fill(uint64_t *map, unsigned int nr);

/*
 * A policy's leaves and MSRs to the caller.  A NULL handle asks for the
 * largest number there can be.  -ENOBUFS (and *nr as needed) when they do not
 * fit; -EFAULT.
 */
int control_copy_leaves(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
    must_check;
int control_copy_msrs(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
    must_check;

#endif
