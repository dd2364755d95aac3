/* SPDX-License-Identifier: MIT */
/*
 * Flask: the policy, labels and statistics of the security module.
 */
#include "private.h"

int xc_flask_op(xc_interface *xch, xen_flask_op_t *op)
{
    xc_hypercall_buffer_t b = BOUNCE(op, sizeof(*op), BOUNCE_BOTH);
    int rc;

    op->interface_version = XEN_FLASK_INTERFACE_VERSION;
    if ( bounce_in(xch, "xsm_op", &b, 1) )
        return -1;

    rc = xencall1(xch->xcall, __HYPERVISOR_xsm_op, (uintptr_t)b.hbuf);
    bounce_out(xch, &b, 1);
    if ( rc < 0 )
        detail(xch, "xsm_op %u: %s", op->cmd, xc_strerror(xch, errno));

    return rc;
}

/* The same with the array that op names. */
static int flask_array(xc_interface *xch, xen_flask_op_t *op, struct array *a)
{
    int rc;

    if ( arrays_in(xch, "xsm_op", a, 1) )
        return -1;
    rc = xc_flask_op(xch, op);
    arrays_out(xch, a, 1);

    return rc;
}

/* An operation without arguments, which returns its answer. */
static int flask_query(xc_interface *xch, uint32_t cmd)
{
    xen_flask_op_t op = { .cmd = cmd };

    return xc_flask_op(xch, &op);
}

int xc_flask_load(xc_interface *xch, char *buf, uint32_t size)
{
    xen_flask_op_t op = { .cmd = FLASK_LOAD, .u.load.size = size };
    struct array a = ARRAY(op.u.load.buffer, buf, size, BOUNCE_IN);

    return flask_array(xch, &op, &a);
}

int xc_flask_context_to_sid(xc_interface *xch, char *buf, uint32_t size,
                            uint32_t *sid)
{
    xen_flask_op_t op = {
        .cmd = FLASK_CONTEXT_TO_SID,
        .u.sid_context.size = size,
    };
    struct array a = ARRAY(op.u.sid_context.context, buf, size, BOUNCE_IN);
    int rc = flask_array(xch, &op, &a);

    if ( !rc )
        *sid = op.u.sid_context.sid;

    return rc;
}

int xc_flask_sid_to_context(xc_interface *xch, int sid, char *buf,
                            uint32_t size)
{
    xen_flask_op_t op = {
        .cmd = FLASK_SID_TO_CONTEXT,
        .u.sid_context = { .sid = sid, .size = size },
    };
    struct array a = ARRAY(op.u.sid_context.context, buf, size, BOUNCE_OUT);

    return flask_array(xch, &op, &a);
}

int xc_flask_getenforce(xc_interface *xch)
{
    return flask_query(xch, FLASK_GETENFORCE);
}

int xc_flask_policyvers(xc_interface *xch)
{
    return flask_query(xch, FLASK_POLICYVERS);
}

int xc_flask_getavc_threshold(xc_interface *xch)
{
    return flask_query(xch, FLASK_GETAVC_THRESHOLD);
}

int xc_flask_setenforce(xc_interface *xch, int mode)
{
    xen_flask_op_t op = {
        .cmd = FLASK_SETENFORCE,
        .u.enforce.enforcing = mode,
    };

    return xc_flask_op(xch, &op);
}

int xc_flask_setavc_threshold(xc_interface *xch, int threshold)
{
    xen_flask_op_t op = {
        .cmd = FLASK_SETAVC_THRESHOLD,
        .u.setavc_threshold.threshold = threshold,
    };

    return xc_flask_op(xch, &op);
}

int xc_flask_relabel_domain(xc_interface *xch, uint32_t domid, uint32_t sid)
{
    xen_flask_op_t op = {
        .cmd = FLASK_RELABEL_DOMAIN,
        .u.relabel = { .domid = domid, .sid = sid },
    };

    return xc_flask_op(xch, &op);
}

/* --- booleans ------------------------------------------------------------ */

static int getbool(xc_interface *xch, uint32_t id, char *name, uint32_t size,
                   unsigned int way, int *curr, int *pend)
{
    xen_flask_op_t op = {
        .cmd = FLASK_GETBOOL,
        .u.boolean = { .bool_id = id, .size = size },
    };
    struct array a = ARRAY(op.u.boolean.name, name, size, way);
    int rc = flask_array(xch, &op, &a);

    if ( rc )
        return rc;
    if ( curr )
        *curr = op.u.boolean.enforcing;
    if ( pend )
        *pend = op.u.boolean.pending;

    return 0;
}

int xc_flask_getbool_byid(xc_interface *xch, int id, char *name,
                          uint32_t size, int *curr, int *pend)
{
    return getbool(xch, id, name, size, BOUNCE_OUT, curr, pend);
}

int xc_flask_getbool_byname(xc_interface *xch, char *name, int *curr,
                            int *pend)
{
    return getbool(xch, -1, name, strlen(name), BOUNCE_IN, curr, pend);
}

int xc_flask_setbool(xc_interface *xch, char *name, int value, int commit)
{
    xen_flask_op_t op = {
        .cmd = FLASK_SETBOOL,
        .u.boolean = {
            .bool_id = -1,
            .new_value = value,
            .commit = commit,
            .size = strlen(name),
        },
    };
    struct array a =
        ARRAY(op.u.boolean.name, name, strlen(name), BOUNCE_IN);

    return flask_array(xch, &op, &a);
}

/* --- labels of resources ------------------------------------------------- */

/* ABI: xen_flask_ocontext.ocon. */
enum { OCON_PIRQ = 1, OCON_IOPORT, OCON_IOMEM, OCON_DEVICE };

static int add_label(xc_interface *xch, uint32_t ocon, uint64_t low,
                     uint64_t high, char *scontext)
{
    xen_flask_op_t op = {
        .cmd = FLASK_ADD_OCONTEXT,
        .u.ocontext = { .ocon = ocon, .low = low, .high = high },
    };
    int rc = xc_flask_context_to_sid(xch, scontext, strlen(scontext),
                                     &op.u.ocontext.sid);

    return rc ? rc : xc_flask_op(xch, &op);
}

static int del_label(xc_interface *xch, uint32_t ocon, uint64_t low,
                     uint64_t high)
{
    xen_flask_op_t op = {
        .cmd = FLASK_DEL_OCONTEXT,
        .u.ocontext = { .ocon = ocon, .low = low, .high = high },
    };

    return xc_flask_op(xch, &op);
}

int xc_flask_add_pirq(xc_interface *xch, unsigned int pirq, char *scontext)
{
    return add_label(xch, OCON_PIRQ, pirq, pirq, scontext);
}

int xc_flask_add_ioport(xc_interface *xch, unsigned long low,
                        unsigned long high, char *scontext)
{
    return add_label(xch, OCON_IOPORT, low, high, scontext);
}

int xc_flask_add_iomem(xc_interface *xch, unsigned long low,
                       unsigned long high, char *scontext)
{
    return add_label(xch, OCON_IOMEM, low, high, scontext);
}

int xc_flask_add_device(xc_interface *xch, unsigned long device,
                        char *scontext)
{
    return add_label(xch, OCON_DEVICE, device, device, scontext);
}

int xc_flask_del_pirq(xc_interface *xch, unsigned int pirq)
{
    return del_label(xch, OCON_PIRQ, pirq, pirq);
}

int xc_flask_del_ioport(xc_interface *xch, unsigned long low,
                        unsigned long high)
{
    return del_label(xch, OCON_IOPORT, low, high);
}

int xc_flask_del_iomem(xc_interface *xch, unsigned long low,
                       unsigned long high)
{
    return del_label(xch, OCON_IOMEM, low, high);
}

int xc_flask_del_device(xc_interface *xch, unsigned long device)
{
    return del_label(xch, OCON_DEVICE, device, device);
}

/* --- access vectors ------------------------------------------------------ */

static void store(uint32_t *to, uint32_t value)
{
    if ( to )
        *to = value;
}

int xc_flask_access(xc_interface *xch, const char *scon, const char *tcon,
                    uint16_t tclass, uint32_t req, uint32_t *allowed,
                    uint32_t *decided, uint32_t *auditallow,
                    uint32_t *auditdeny, uint32_t *seqno)
{
    xen_flask_op_t op = {
        .cmd = FLASK_ACCESS,
        .u.access = { .tclass = tclass, .req = req },
    };
    int rc = xc_flask_context_to_sid(xch, (char *)(uintptr_t)scon,
                                     strlen(scon), &op.u.access.ssid);

    if ( !rc )
        rc = xc_flask_context_to_sid(xch, (char *)(uintptr_t)tcon,
                                     strlen(tcon), &op.u.access.tsid);
    if ( !rc )
        rc = xc_flask_op(xch, &op);
    if ( rc )
        return rc;

    store(allowed, op.u.access.allowed);
    store(decided, ~0U);
    store(auditallow, op.u.access.audit_allow);
    store(auditdeny, op.u.access.audit_deny);
    store(seqno, op.u.access.seqno);

    return (op.u.access.allowed & req) == req ? 0 : -EPERM;
}

int xc_flask_avc_hashstats(xc_interface *xch, char *buf, int size)
{
    xen_flask_op_t op = { .cmd = FLASK_AVC_HASHSTATS };
    int rc = xc_flask_op(xch, &op);

    snprintf(buf, size,
             "entries: %d\nbuckets used: %d/%d\nlongest chain: %d\n",
             op.u.hash_stats.entries, op.u.hash_stats.buckets_used,
             op.u.hash_stats.buckets_total, op.u.hash_stats.max_chain_len);

    return rc;
}

/* A line for each CPU, until the first that there is not: its error. */
int xc_flask_avc_cachestats(xc_interface *xch, char *buf, int size)
{
    xen_flask_op_t op = { .cmd = FLASK_AVC_CACHESTATS };
    const xen_flask_cache_stats_t *s = &op.u.cache_stats;
    int n = snprintf(buf, size,
                     "lookups hits misses allocations reclaims frees\n");
    int rc = 0;

    for ( uint32_t cpu = 0; n < size; cpu++ )
    {
        buf += n;
        size -= n;
        memset(&op.u, 0, sizeof(op.u));
        op.u.cache_stats.cpu = cpu;
        rc = xc_flask_op(xch, &op);
        if ( rc )
            break;
        n = snprintf(buf, size, "%d %d %d %d %d %d\n", s->lookups, s->hits,
                     s->misses, s->allocations, s->reclaims, s->frees);
    }

    return rc;
}
