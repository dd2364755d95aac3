/* SPDX-License-Identifier: MIT */
/* Operations of vcpu-op.c that live in files of their own. */
#ifndef VCPU_PRIVATE_H
#define VCPU_PRIVATE_H

#include <hv/types.h>

#include <xen/vcpu.h>

struct vcpu;

/*
 * VCPUOP_initialise of a vcpu of an HVM guest, vcpu-context.c.  -EFAULT;
 * -EEXIST it is up; -EINVAL a mode, reserved field or register that cannot
 * be; -EOPNOTSUPP not an HVM guest's.
 */
long vcpu_initialise(struct vcpu *v, uint64_t arg);

/* VCPUOP_register_vcpu_info and _runstate_memory_area: vcpu-area.c. */
long vcpu_register_info(struct vcpu *v, uint64_t arg);
long vcpu_register_runstate(struct vcpu *v, uint64_t arg);

/*
 * VCPUOP_register_vcpu_time_memory_area: time-info.c.  -ENOSYS where the clock
 * is not stable, so that nobody could use it; -EFAULT.
 */
long vcpu_register_time(struct vcpu *v, uint64_t arg);

#endif
