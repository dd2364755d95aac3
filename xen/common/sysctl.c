/* SPDX-License-Identifier: MIT */
/*
 * sysctl(struct xen_sysctl *): the machine as a whole, for control domains.
 *
 * Order of checks: caller (-EPERM, at dispatch), -EFAULT, interface version
 * -EACCES, unknown operation -ENOSYS, then the operation's own.  The structure
 * is copied in once and goes back when the operation succeeded, or ran out of
 * the caller's room.  Padding is not looked at: clients leave it as it comes.
 */
#include <hv/array.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/trace.h>

#include <oriel/ioreq.h>

#include "control.h"
#include "domctl-private.h"
#include "sysctl-private.h"

#define MAX_DEBUG_KEYS 256U

static long readconsole(struct xen_sysctl *s)
{
    struct xen_sysctl_readconsole *op = &s->u.readconsole;
    uint32_t max = min(op->count, (uint32_t)CONSOLE_RING_SIZE), done = 0;
    uint32_t index = op->incremental ? op->index : console_ring_oldest();
    char buf[256];

    while ( done < max )
    {
        size_t n = console_ring_read(buf, min((size_t)(max - done),
                                              sizeof(buf)), &index);

        if ( !n )
            break;
        if ( guest_copy_out(handle_addr(op->buffer) + done, buf, n) )
            return -EFAULT;
        done += (uint32_t)n;
    }
    if ( op->clear )
        console_ring_consume(index);
    op->count = done;
    op->index = index;
    return 0;
}

static long getdomaininfolist(struct xen_sysctl *s)
{
    struct xen_sysctl_getdomaininfolist *op = &s->u.getdomaininfolist;
    uint32_t next = op->first_domain, nr = 0;
    struct domain *d;

    while ( nr < op->max_domains && next < DOMID_FIRST_RESERVED &&
            (d = domain_get_from((domid_t)next)) != NULL )
    {
        struct xen_domctl_getdomaininfo info;

        domctl_fill_info(d, &info);
        next = d->domain_id + 1U;
        domain_put(d);
        if ( copy_to_handle(op->buffer, nr, &info, 1) )
            return -EFAULT;
        nr++;
    }
    op->num_domains = nr;
    return 0;
}

/* Nothing of CPUID is levelled for guests that trap on it anyway. */
static long levelling_caps(struct xen_sysctl *s)
{
    s->u.cpu_levelling_caps.caps = 0;
    return 0;
}

/* As in Xen, keys that mean nothing are no error. */
static long debug_keys(struct xen_sysctl *s)
{
    const struct xen_sysctl_debug_keys *op = &s->u.debug_keys;
    long rc = 0;

    if ( op->nr_keys > MAX_DEBUG_KEYS )
        return -EINVAL;
    for ( uint32_t i = 0; i < op->nr_keys && !rc; i++ )
    {
        char key;

        if ( copy_from_handle(&key, op->keys, i, 1) )
            return -EFAULT;
        rc = key_pressed(key);
    }
    return rc;
}

static sysctl_fn *const table[] = {
    [XEN_SYSCTL_readconsole] = readconsole,
    [XEN_SYSCTL_physinfo] = sysctl_physinfo,
    [XEN_SYSCTL_getcpuinfo] = sysctl_getcpuinfo,
    [XEN_SYSCTL_sched_id] = sysctl_sched_id,
    [XEN_SYSCTL_debug_keys] = debug_keys,
    [XEN_SYSCTL_getdomaininfolist] = getdomaininfolist,
    [XEN_SYSCTL_cputopoinfo] = sysctl_cputopoinfo,
    [XEN_SYSCTL_numainfo] = sysctl_numainfo,
    [XEN_SYSCTL_pcitopoinfo] = sysctl_pcitopoinfo,
    [XEN_SYSCTL_cpupool_op] = sysctl_cpupool_op,
    [XEN_SYSCTL_scheduler_op] = sysctl_scheduler_op,
    [XEN_SYSCTL_get_cpu_levelling_caps] = levelling_caps,
    [XEN_SYSCTL_get_cpu_featureset] = sysctl_cpu_featureset,
    [XEN_SYSCTL_get_cpu_policy] = sysctl_cpu_policy,
};

static sysctl_fn *find(uint32_t cmd)
{
    if ( cmd == ORIEL_SYSCTL_trace )
        return sysctl_trace;
    if ( cmd == ORIEL_SYSCTL_ioreq )
        return sysctl_ioreq;
    return cmd < ARRAY_SIZE(table) ? array_at(table, cmd) : NULL;
}

long do_sysctl(struct hypercall *hc)
{
    struct xen_sysctl op;
    sysctl_fn *fn;
    long rc;

    if ( copy_from_arg(&op, hc->a[0]) )
        return -EFAULT;
    if ( op.interface_version != XEN_SYSCTL_INTERFACE_VERSION )
        return -EACCES;
    fn = find(op.cmd);
    if ( !fn )
        return -ENOSYS;
    rc = fn(&op);
    if ( (!rc || rc == -ENOBUFS) && copy_to_arg(hc->a[0], &op) )
        rc = -EFAULT;
    return rc;
}
