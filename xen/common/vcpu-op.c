/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op(cmd, vcpuid, arg): a domain's operations on its own vcpus.
 *
 * -ENOENT for a vcpu that does not exist comes before anything else; Linux
 * counts the processors by it.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/sched.h>

#include "vcpu-private.h"

static bool is_up(const struct vcpu *v)
{
    return !(READ_ONCE(v->flags) & VCPU_DOWN);
}

/* The last one that goes down takes the domain with it. */
static long take_down(struct vcpu *v)
{
    struct domain *d = v->domain;

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        const struct vcpu *other = domain_vcpu(d, i);

        if ( other && other != v && is_up(other) )
        {
            vcpu_down(v);
            return 0;
        }
    }
    domain_shutdown(d, SHUTDOWN_poweroff);
    return 0;
}

static long get_runstate(struct vcpu *v, uint64_t arg)
{
    struct vcpu_runstate_info info;

    vcpu_runstate_get(v, &info);
    return copy_to_arg(arg, &info) ? -EFAULT : 0;
}

/*
 * A time that has passed fires at once, whatever the flags say: Linux treats
 * an error here as fatal.
 */
static long set_singleshot(struct vcpu *v, uint64_t arg)
{
    struct vcpu_set_singleshot_timer set;

    if ( v != current )
        return -EINVAL;
    if ( copy_from_arg(&set, arg) )
        return -EFAULT;
    timer_set(&v->singleshot,
              set.timeout_abs_ns + (uint64_t)v->domain->time_offset_ns);
    return 0;
}

static long stop_singleshot(struct vcpu *v)
{
    if ( v != current )
        return -EINVAL;
    timer_stop(&v->singleshot);
    return 0;
}

long do_vcpu_op(struct hypercall *hc)
{
    struct vcpu *v = domain_vcpu(current_domain, (unsigned int)hc->a[1]);
    uint64_t arg = hc->a[2];

    if ( !v )
        return -ENOENT;
    switch ( (unsigned int)hc->a[0] )
    {
    case VCPUOP_initialise:
        return vcpu_initialise(v, arg);
    case VCPUOP_up:
        if ( !READ_ONCE(v->initialised) )
            return -EINVAL;
        vcpu_up(v);
        return 0;
    case VCPUOP_down:
        return take_down(v);
    case VCPUOP_is_up:
        return is_up(v);
    case VCPUOP_get_runstate_info:
        return get_runstate(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return vcpu_register_runstate(v, arg);
    case VCPUOP_stop_periodic_timer:
        return 0; /* there is none that could run */
    case VCPUOP_set_singleshot_timer:
        return set_singleshot(v, arg);
    case VCPUOP_stop_singleshot_timer:
        return stop_singleshot(v);
    case VCPUOP_register_vcpu_info:
        return vcpu_register_info(v, arg);
    case VCPUOP_register_vcpu_time_memory_area:
        return vcpu_register_time(v, arg);
    case VCPUOP_get_physid:
        return -EINVAL; /* vcpus have no fixed processor */
    default: /* periodic timer, NMI */
        return -ENOSYS;
    }
}
