/* SPDX-License-Identifier: MIT */
/*
 * platform_op(op): what the hardware domain does to the host; in this order
 * -EFAULT, -EACCES another interface version, -EPERM not a control domain, then
 * the operation's own: xen/platform.h.
 */
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <xen/platform.h>
#include <xen/sched.h>

#define ACPI_S5 5
/* UTC at the caller's system time. */
static long set_time(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
    wallclock_set(secs * NS_PER_S + nsecs,
                  system_time + (uint64_t)current_domain->time_offset_ns);
    return 0;
}

static void get_cpuinfo(struct xenpf_pcpuinfo *p)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    p->max_present = info.nr_cpus - 1;
    p->apic_id = p->acpi_id = 0;
    p->flags = XEN_PCPU_FLAGS_INVALID;
    if ( p->xen_cpuid < info.nr_cpus )
    {
        arch_cpu_ids(p->xen_cpuid, &p->apic_id, &p->acpi_id);
        p->flags = XEN_PCPU_FLAGS_ONLINE;
    }
}

/* Only the hardware domain's end is the machine's; other states are not built in. */
static long enter_sleep(const struct xenpf_enter_acpi_sleep *s)
{
    if ( s->sleep_state != ACPI_S5 )
        return s->sleep_state < 1 || s->sleep_state > ACPI_S5 ? -EINVAL
                                                              : -EOPNOTSUPP;
    domain_shutdown(current_domain, SHUTDOWN_poweroff);
    return 0;
}

long do_platform_op(struct hypercall *hc)
{
    struct xen_platform_op op;
    uint64_t arg = hc->a[0];

    if ( copy_from_arg(&op, arg) )
        return -EFAULT;
    if ( op.interface_version != XENPF_INTERFACE_VERSION )
        return -EACCES;
    if ( !is_control_domain(current_domain) )
        return -EPERM;

    switch ( op.cmd )
    {
    case XENPF_settime32:
        return set_time(op.u.settime32.secs, op.u.settime32.nsecs,
                        op.u.settime32.system_time);
    case XENPF_settime64:
        if ( op.u.settime64.mbz )
            return -EINVAL;
        return set_time(op.u.settime64.secs, op.u.settime64.nsecs,
                        op.u.settime64.system_time);
    case XENPF_enter_acpi_sleep:
        return enter_sleep(&op.u.enter_acpi_sleep);
    case XENPF_get_cpuinfo:
        get_cpuinfo(&op.u.pcpu_info);
        return copy_to_arg(arg, &op) ? -EFAULT : 0;
    default:
        return -ENOSYS;
    }
}
