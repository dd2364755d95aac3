/* SPDX-License-Identifier: MIT */
/*
 * The sysctl that lists ioreq servers and what they claim (oriel/ioreq.h).
 *
 * The lock is held while ranges are copied into a buffer on the stack, not
 * while they are copied to the caller: between two calls they may change.
 */
#include "ioreq-index.h"
#include "ioreq-private.h"
#include "sysctl-private.h"

#include <hv/guest-access.h>

#include <oriel/ioreq.h>

#define BATCH 64U /* ranges of one call */

static void describe(const struct ioreq_server *s,
                     struct oriel_sysctl_ioreq *op)
{
    op->emulator = s->emulator->domain_id;
    op->port = s->ring_port;
    op->requests = s->sent;
    op->silent_requests = s->silent;
    op->entries = s->ring_sent;
    op->silent_entries = s->ring_silent;
    op->flags = (ioreq_server_enabled(s) ? ORIEL_IOREQ_ENABLED : 0) |
                (ioreq_server_buffers(s) ? ORIEL_IOREQ_RING : 0) |
                (s->backing == BACKED_BY_GFN ? ORIEL_IOREQ_GFNS : 0) |
                (s->backing == BACKED_BY_MFN ? ORIEL_IOREQ_RESOURCE : 0);
}

/* Only the emulator may change a server; every control domain may look. */
static long list(struct domain *d, struct oriel_sysctl_ioreq *op)
{
    struct ioreq_range range[BATCH];
    const struct ioreq_server *s;
    uint32_t nr = 0;

    _Static_assert(sizeof(range[0]) == sizeof(oriel_ioreq_range_t), "copied");
    if ( op->server >= MAX_IOREQ_SERVERS )
        return -EINVAL;
    if ( op->op == ORIEL_IOREQ_OP_ranges && op->type >= NR_IO_RANGE_TYPES )
        return -EINVAL;
    spin_lock(&d->ioreq.lock);
    s = array_at(d->ioreq.server, op->server);
    if ( s && op->op == ORIEL_IOREQ_OP_server )
        describe(s, op);
    else if ( s )
        nr = ioreq_index_list(array_at(d->ioreq.index, op->type), s->id,
                              op->start, range, min(op->nr, BATCH));
    spin_unlock(&d->ioreq.lock);
    if ( !s )
        return -ENOENT;
    if ( op->op == ORIEL_IOREQ_OP_server )
        return 0;
    op->nr = nr;
    return copy_to_handle(op->ranges, 0, (oriel_ioreq_range_t *)range, nr)
               ? -EFAULT : 0;
}

long sysctl_ioreq(struct xen_sysctl *sysctl)
{
    struct oriel_sysctl_ioreq *op = (void *)&sysctl->u;
    struct domain *d;
    long rc;

    _Static_assert(sizeof(*op) <= sizeof(sysctl->u), "ABI");
    if ( op->op > ORIEL_IOREQ_OP_ranges )
        return -EINVAL;
    if ( op->domain >= DOMID_FIRST_RESERVED ||
         !(d = domain_get((domid_t)op->domain)) )
        return -ESRCH;
    rc = list(d, op);
    domain_put(d);
    return rc;
}
