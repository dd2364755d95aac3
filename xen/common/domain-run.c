/* SPDX-License-Identifier: MIT */
/*
 * Whether a domain runs: pausing, shutting down, crashing; and its console.
 *
 * Pauses are counted in d->pause_count, from which every vcpu's run loop
 * reads.  The controller's own pauses are a part of that count which only it
 * can take back.  Shutdown is one-way until the controller resumes.
 */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <xen/sched.h>

#define CONSOLE_BYTE_NS 250000UL
#define CONSOLE_ACCOUNT 65536U
#define CONSOLE_PREFIX 8 /* "(dN) " and the like */

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

void domain_pause(struct domain *d)
{
    atomic_add_return(&d->pause_count, 1);
    kick_all(d);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v && v != current )
            arch_vcpu_sync(v);
    }
}

void domain_unpause(struct domain *d)
{
    unsigned int left = atomic_sub_return(&d->pause_count, 1);

    ASSERT(left + 1 != 0);
    if ( !left )
        kick_all(d);
}

int domain_ctl_pause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if ( d->ctl_pause_count == 255 )
        rc = -EOVERFLOW;
    else
        d->ctl_pause_count++;
    spin_unlock(&d->lock);
    if ( !rc )
        domain_pause(d);
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
        d->ctl_pause_count--;
        d->creation_finished = true;
    }
    spin_unlock(&d->lock);
    if ( !rc )
        domain_unpause(d);
    return rc;
}

void domain_shutdown(struct domain *d, uint8_t code)
{
    uint8_t none = 255;

    if ( !atomic_cmpxchg(&d->shutdown_code, &none, code) )
        return;
    store_release(&d->is_shut_down, true);
    kick_all(d);
    domain_tell_controller();
}

void domain_resume(struct domain *d)
{
    domain_pause(d);
    WRITE_ONCE(d->shutdown_code, 255);
    WRITE_ONCE(d->is_shut_down, false);
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    hv_vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    printk("d%u crashed: %s\n", d->domain_id, why);
    domain_shutdown(d, SHUTDOWN_crash);
}

/*
 * The console is slow and everybody's: 4 KiB a second for each guest, after
 * 64 KiB on account.  d->lock held.
 */
static bool console_affords(struct domain *d, unsigned int bytes)
{
    uint64_t now = now_ns(), until = max(d->console_until, now);

    until += bytes * CONSOLE_BYTE_NS;
    if ( until > now + CONSOLE_ACCOUNT * CONSOLE_BYTE_NS &&
         !is_control_domain(d) )
        return false;
    d->console_until = until;
    return true;
}

/* The line that is complete; false: it is not to be shown.  d->lock held. */
static bool console_take(struct domain *d, char *line, unsigned int *lost)
{
    unsigned int len = d->console_len;

    memcpy(line, d->console, len);
    line[len] = '\0';
    d->console_len = 0;
    if ( !console_affords(d, len + CONSOLE_PREFIX) )
    {
        d->console_lost++;
        return false;
    }
    *lost = d->console_lost;
    d->console_lost = 0;
    return true;
}

void domain_console_putc(struct domain *d, char c)
{
    char line[sizeof(d->console) + 1];
    bool whole = c == '\n';
    unsigned int lost = 0;

    /* The log is for people: no escape sequences from a guest. */
    if ( !whole && c != '\t' && (c < ' ' || c > '~') )
        return;

    spin_lock(&d->lock);
    if ( !whole )
        d->console[d->console_len++] = c;
    if ( d->console_len == sizeof(d->console) - 1 )
        whole = true;
    if ( whole )
        whole = console_take(d, line, &lost);
    spin_unlock(&d->lock);
    if ( !whole )
        return;
    if ( lost )
        printk("(d%u) %u lines are lost\n", d->domain_id, lost);
    printk("(d%u) %s\n", d->domain_id, line);
}
