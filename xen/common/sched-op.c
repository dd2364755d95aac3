/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, arg) and set_timer_op(timeout): waiting and stopping.
 *
 * An operation that waits sets a flag of the vcpu and returns 0; the machine's
 * run loop does not go back to the guest before the flag is gone.  The order
 * against lost wake-ups: the flag first, then a barrier, then the look at
 * what may have happened meanwhile; whoever sends does the opposite.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/sched.h>

#define MAX_POLL_PORTS 128
#define FAR_AWAY (1UL << 50) /* ns: 13 days */
#define RETRY_NS 100000000UL

static long sched_block(void)
{
    struct vcpu *v = current;

    timer_stop(&v->poll_timer);
    WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
    vcpu_block(v);
    return 0;
}

static long sched_shutdown_op(uint64_t arg)
{
    struct sched_shutdown s;

    if ( copy_from_arg(&s, arg) )
        return -EFAULT;
    if ( s.reason > SHUTDOWN_MAX )
        return -EINVAL;
    domain_shutdown(current_domain, (uint8_t)s.reason);
    return 0;
}

static long sched_remote_shutdown_op(uint64_t arg)
{
    struct sched_remote_shutdown s;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&s, arg) )
        return -EFAULT;
    d = domain_get(s.domain_id);
    if ( !d )
        return -ESRCH;
    rc = domain_dm_allowed(current_domain, d);
    if ( !rc && s.reason > SHUTDOWN_MAX )
        rc = -EINVAL;
    if ( !rc )
        domain_shutdown(d, (uint8_t)s.reason);
    domain_put(d);
    return rc;
}

/* 1: something is there already; 0: wait; -EINVAL: no such port. */
static int look_at_ports(const evtchn_port_t *ports, unsigned int nr)
{
    int rc = vcpu_event_pending(current) ||
             arch_vcpu_interrupt_pending(current);

    for ( unsigned int i = 0; !rc && i < nr; i++ )
        rc = evtchn_port_is_pending(current_domain, ports[i]);
    return rc;
}

static long sched_poll_op(uint64_t arg)
{
    evtchn_port_t ports[MAX_POLL_PORTS];
    struct vcpu *v = current;
    struct sched_poll poll;
    int rc;

    if ( copy_from_arg(&poll, arg) )
        return -EFAULT;
    if ( poll.nr_ports > MAX_POLL_PORTS )
        return -EINVAL;
    if ( copy_from_handle(ports, poll.ports, 0, poll.nr_ports) )
        return -EFAULT;

    timer_stop(&v->poll_timer);
    vcpu_poll(v, true);
    smp_mb();
    rc = look_at_ports(ports, poll.nr_ports);
    if ( rc )
    {
        vcpu_poll(v, false);
        return rc < 0 ? rc : 0;
    }
    if ( poll.timeout )
        timer_set(&v->poll_timer,
                  poll.timeout + (uint64_t)v->domain->time_offset_ns);
    return 0;
}

long do_sched_op(struct hypercall *hc)
{
    uint64_t arg = hc->a[1];

    switch ( (unsigned int)hc->a[0] )
    {
    case SCHEDOP_yield:
        return 0; /* every exit is a chance for others */
    case SCHEDOP_block:
        return sched_block();
    case SCHEDOP_shutdown:
        return sched_shutdown_op(arg);
    case SCHEDOP_poll:
        return sched_poll_op(arg);
    case SCHEDOP_remote_shutdown:
        return sched_remote_shutdown_op(arg);
    case SCHEDOP_pin_override:
        return is_control_domain(current_domain) ? -ENOSYS : -EPERM;
    default: /* shutdown_code and watchdog among them */
        return -ENOSYS;
    }
}

/*
 * Guests are known to ask for times in the past of their epoch or far away,
 * when they computed with a wrapped clock: wake those soon, they will retry.
 */
static long set_timer(uint64_t timeout)
{
    struct vcpu *v = current;
    uint64_t offset = (uint64_t)v->domain->time_offset_ns;
    uint64_t now = now_ns() - offset;

    if ( !timeout )
    {
        timer_stop(&v->singleshot);
        return 0;
    }
    if ( (int64_t)timeout < 0 || (timeout > now && timeout - now >= FAR_AWAY) )
        timeout = now + RETRY_NS;
    timer_set(&v->singleshot, timeout + offset);
    return 0;
}

long do_set_timer_op(struct hypercall *hc)
{
    return set_timer(hc->a[0]);
}

/* The low half, the high half. */
long do_set_timer_op_32(struct hypercall *hc)
{
    return set_timer(hc->a[0] | hc->a[1] << 32);
}
