/* SPDX-License-Identifier: MIT */
/*
 * Whether a domain runs: pausing, shutting down, crashing.
 *
 * Pauses are counted in d->pause_count, which every vcpu's run loop reads.  The
 * controller's own pauses are counted there and in d->ctl_pause_count, so that
 * XEN_DOMCTL_unpausedomain ends no other pause.  A domain that is shut down
 * stays so until the controller calls domain_resume().
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <xen/sched.h>

static bool dom_exc_owed;

void domain_tell_controller(void)
{
    WRITE_ONCE(dom_exc_owed, true);
}

void domain_deliver(void)
{
    if ( unlikely(READ_ONCE(dom_exc_owed)) &&
         atomic_xchg(&dom_exc_owed, false) )
        evtchn_send_global_virq(VIRQ_DOM_EXC);
}

static void kick_all(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            vcpu_kick(v);
    }
}

/* pause_count is raised already: wait until no vcpu of d runs guest code. */
static void pause_sync(struct domain *d)
{
    kick_all(d);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v != current )
            arch_vcpu_sync(v);
    }
}

void domain_pause(struct domain *d)
{
    atomic_add_return(&d->pause_count, 1);
    pause_sync(d);
}

void domain_unpause(struct domain *d)
{
    unsigned int left = atomic_sub_return(&d->pause_count, 1);

    ASSERT(left + 1 != 0);
    if ( !left )
        kick_all(d);
}

/* Both counts change under d->lock: ctl_pause_count <= pause_count always. */

int domain_ctl_pause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if ( d->ctl_pause_count == 255 )
        rc = -EOVERFLOW;
    else
    {
        atomic_add_return(&d->pause_count, 1);
        WRITE_ONCE(d->ctl_pause_count, d->ctl_pause_count + 1);
    }
    spin_unlock(&d->lock);
    if ( !rc )
        pause_sync(d);
    return rc;
}

int domain_ctl_unpause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if ( !d->ctl_pause_count )
        rc = -EINVAL;
    else
    {
        WRITE_ONCE(d->ctl_pause_count, d->ctl_pause_count - 1);
        WRITE_ONCE(d->creation_finished, true);
    }
    spin_unlock(&d->lock);
    if ( !rc )
        domain_unpause(d);
    return rc;
}

void domain_shutdown(struct domain *d, uint8_t code)
{
    uint16_t none = NOT_SHUT_DOWN;

    if ( !atomic_cmpxchg(&d->shutdown_code, &none, (uint16_t)code) )
        return;
    kick_all(d);
    domain_tell_controller();
}

void domain_resume(struct domain *d)
{
    domain_pause(d);
    store_release(&d->shutdown_code, (uint16_t)NOT_SHUT_DOWN);
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    hv_vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    /* Print first: when dom0 is seen to be shut down, the host goes down. */
    if ( !domain_is_shut_down(d) )
        guest_printk(d, XENLOG_ERR, "d%u crashed: %s\n", d->domain_id, why);
    domain_shutdown(d, SHUTDOWN_crash);
}
