/* SPDX-License-Identifier: MIT */
/* Operations of vcpu-op.c that live in files of their own. */
#ifndef VCPU_PRIVATE_H
#define VCPU_PRIVATE_H

#include <hv/types.h>

#include <xen/vcpu.h>

struct vcpu;

/*
 * VCPUOP_initialise, vcpu-context.c.  -EOPNOTSUPP not an HVM guest; -EFAULT;
 * -EEXIST the vcpu is up; -EINVAL an invalid mode, reserved field or register.
 */
long vcpu_initialise(struct vcpu *v, uint64_t arg);

/* VCPUOP_register_vcpu_info and _runstate_memory_area: vcpu-area.c. */
long vcpu_register_info(struct vcpu *v, uint64_t arg);
long vcpu_register_runstate(struct vcpu *v, uint64_t arg);

/*
 * VCPUOP_register_vcpu_time_memory_area: time-info.c.  -ENOSYS the clock is not
 * stable, so that user space could not use the area; -EFAULT.
 */
long vcpu_register_time(struct vcpu *v, uint64_t arg);

#endif
