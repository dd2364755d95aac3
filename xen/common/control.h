/* SPDX-License-Identifier: MIT */
/* Helpers of domctl and sysctl: bit maps in the caller's memory, policies. */
#ifndef CONTROL_H
#define CONTROL_H

#include <hv/cpu-policy.h>

#include <xen/xen.h>

/* The scheduler that is reported to clients: weights and caps, no pinning. */
#define SCHEDULER_ID XEN_SCHEDULER_CREDIT2

#define MAX_CPUS 1024
#define CPU_WORDS (MAX_CPUS / 64)

/* Processors of the machine, at most MAX_CPUS. */
unsigned int control_nr_cpus(void);

/*
 * Copy bits [0, nr) of map to the caller's buffer, as many as fit; the rest of
 * the buffer is cleared.  -EINVAL the buffer has more than MAX_BITMAP_BITS;
 * -EFAULT.
 */
int control_bitmap_out(const struct xenctl_bitmap *to, const uint64_t *map,
                       unsigned int nr) must_check;

/* Copy nr bits of the caller's map in; bits beyond its length are 0. */
int control_bitmap_in(const struct xenctl_bitmap *from, uint64_t *map,
                      unsigned int nr) must_check;

/* Set bits [0, nr). */
void control_bitmap_fill(uint64_t *map, unsigned int nr);

/*
 * Copy a policy's leaves or MSRs to the caller's array of *nr entries; *nr gets
 * their number.  A NULL handle asks for the largest possible number.  -ENOBUFS
 * the array is too short; -EFAULT.
 */
int control_copy_leaves(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
    must_check;
int control_copy_msrs(const struct cpu_policy *p, uint64_t to, uint32_t *nr)
    must_check;

#endif
