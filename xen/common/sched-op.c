/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, arg) and set_timer_op(timeout): waiting and stopping.
 *
 * An operation that waits sets a flag of the vcpu and returns 0; the machine's
 * run loop does not go back to the guest before the flag is gone.  The order
 * against lost wake-ups: the flag first, then a barrier, then the look at
 * what may have happened meanwhile; whoever sends does the opposite.
 */
#include <hv/array.h>
#include <hv/console.h>
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

/* ---- watchdogs ---- */

/* The timer of one that was stopped, or set again meanwhile, may still run. */
static void watchdog_fires(void *arg)
{
    struct domain *d = arg;
    bool due = false;

    spin_lock(&d->lock);
    for ( unsigned int i = 0; i < NR_WATCHDOGS; i++ )
        due |= d->watchdog[i].expires && now_ns() >= d->watchdog[i].expires;
    spin_unlock(&d->lock);
    if ( !due || domain_is_dying(d) || domain_is_shut_down(d) )
        return;
    guest_printk(d, XENLOG_ERR, "d%u: its watchdog was not set again\n",
                 d->domain_id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

void watchdog_init(struct domain *d)
{
    for ( unsigned int i = 0; i < NR_WATCHDOGS; i++ )
        timer_init(&d->watchdog[i].timer, watchdog_fires, d);
}

void watchdog_stop(struct domain *d)
{
    for ( unsigned int i = 0; i < NR_WATCHDOGS; i++ )
        timer_stop(&d->watchdog[i].timer);
}

/* A new one's id is its index plus 1.  d->lock held. */
static long watchdog_find(const struct domain *d, uint32_t id)
{
    if ( id )
        return d->watchdog[array_index(id - 1, NR_WATCHDOGS)].expires
                   ? (long)id : -EINVAL;
    while ( id < NR_WATCHDOGS && d->watchdog[id].expires )
        id++;
    return id < NR_WATCHDOGS ? (long)id + 1 : -ENOSPC;
}

static long sched_watchdog_op(uint64_t arg)
{
    struct domain *d = current_domain;
    struct sched_watchdog w;
    long rc;

    if ( copy_from_arg(&w, arg) )
        return -EFAULT;
    if ( w.id > NR_WATCHDOGS )
        return -EINVAL;
    spin_lock(&d->lock);
    rc = watchdog_find(d, w.id);
    if ( rc > 0 )
    {
        struct watchdog *dog = &d->watchdog[rc - 1];

        /* A new one without a timeout fires at once, as in Xen. */
        dog->expires = w.id && !w.timeout
                           ? 0 : now_ns() + w.timeout * NS_PER_S;
        if ( dog->expires )
            timer_set(&dog->timer, dog->expires);
    }
    spin_unlock(&d->lock);
    return rc > 0 && w.id ? 0 : rc;
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
    case SCHEDOP_watchdog:
        return sched_watchdog_op(arg);
    default: /* shutdown_code among them */
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
