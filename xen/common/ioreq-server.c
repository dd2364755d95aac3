/* SPDX-License-Identifier: MIT */
/*
 * ioreq servers: creation, event channels, ranges, state, destruction.
 *
 *   create --> (disabled) <--set_state--> (enabled)
 *                  |                          |
 *                  +-- unlink, lock held -----+--> free, no locks
 *
 * A server holds a reference on its emulator's domain, a reference on each of
 * its pages, and a port of the target for each vcpu.  Unlinking removes the
 * server from all lookups and completes the requests that wait for the server.
 * Freeing drops the references, which may free pages and domains: no locks
 * held.
 */
#include "ioreq-private.h"
#include "ioreq-index.h"

#include <hv/array.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>

_Static_assert(MAX_IOREQ_SERVERS <= 8, "server masks are uint8_t");

int ioreq_domain_init(struct domain *d)
{
    spin_lock_init(&d->ioreq.lock, LOCK_IOREQ);
    list_init(&d->ioreq.vcpus);
    d->ioreq.mem_type_server = -1;
    return 0;
}

/* ---- event channels ---- */

/* The emulator notified: kick v, whose run loop then reads its slot. */
static void wake(struct vcpu *v, evtchn_port_t port)
{
    (void)port;
    arch_vcpu_kick(v);
}

static int port_alloc(struct ioreq_server *s, struct vcpu *v,
                      evtchn_port_t *port)
{
    int rc = evtchn_alloc_xen(v, s->emulator->domain_id, wake);

    if ( rc < 0 )
        return rc;
    *port = (evtchn_port_t)rc;
    return 0;
}

static void port_free(struct ioreq_server *s, evtchn_port_t *port)
{
    if ( *port )
        evtchn_free_xen(s->target, *port);
    *port = 0;
}

/* On failure the ports so far stay: the caller removes v, or frees s. */
static int add_vcpu(struct ioreq_server *s, struct vcpu *v)
{
    int rc = port_alloc(s, v, &s->port[v->vcpu_id]);

    ioreq_look_begin(s, v);
    if ( !rc && v->vcpu_id == 0 && ioreq_server_buffers(s) )
        rc = port_alloc(s, v, &s->ring_port);
    if ( !rc && ioreq_server_enabled(s) )
        ioreq_show_port(s, v->vcpu_id);
    return rc;
}

static void remove_vcpu(struct ioreq_server *s, struct vcpu *v)
{
    port_free(s, &s->port[v->vcpu_id]);
    if ( v->vcpu_id == 0 )
        port_free(s, &s->ring_port);
}

static void remove_vcpu_from_all(struct domain *d, struct vcpu *v)
{
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        if ( d->ioreq.server[i] )
            remove_vcpu(d->ioreq.server[i], v);
    list_del(&v->io.link);
}

int ioreq_vcpu_add(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct vcpu *other;
    int rc = 0;

    spin_lock(&d->ioreq.lock);
    for_each_ioreq_vcpu (d, other)
        if ( other->vcpu_id == v->vcpu_id )
        {
            spin_unlock(&d->ioreq.lock);
            return -EBUSY;
        }

    list_add_tail(&v->io.link, &d->ioreq.vcpus);
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS && !rc; i++ )
        if ( d->ioreq.server[i] )
            rc = add_vcpu(d->ioreq.server[i], v);
    if ( rc )
        remove_vcpu_from_all(d, v);
    spin_unlock(&d->ioreq.lock);
    return rc;
}

void ioreq_vcpu_remove(struct vcpu *v)
{
    struct domain *d = v->domain;

    spin_lock(&d->ioreq.lock);
    remove_vcpu_from_all(d, v);
    spin_unlock(&d->ioreq.lock);
}

/* ---- creation and destruction ---- */

/* Free s, which is unlinked, and drop its references.  No locks held. */
static void server_free(struct ioreq_server *s)
{
    for ( unsigned int i = 0; i < s->target->max_vcpus; i++ )
        port_free(s, &s->port[i]);
    port_free(s, &s->ring_port);
    ioreq_pages_put(s);
    domain_put(s->emulator);
    hv_free(s);
}

/*
 * Find a free id and allocate the vcpus' ports; enter the array last.
 * domain_kill() of either domain sets DOM_DYING first and looks for servers
 * under this lock then: either it finds this server, or DOM_DYING is seen here.
 */
static int server_link(struct domain *d, struct ioreq_server *s)
{
    struct vcpu *v;
    int rc;

    if ( domain_is_dying(d) || domain_is_dying(s->emulator) )
        return -EINVAL;
    while ( d->ioreq.server[s->id] )
        if ( ++s->id == MAX_IOREQ_SERVERS )
            return -ENOSPC;
    for_each_ioreq_vcpu (d, v)
    {
        rc = add_vcpu(s, v);
        if ( rc )
            return rc;
    }
    d->ioreq.server[s->id] = s;
    return 0;
}

int ioreq_server_create(struct domain *d, uint8_t bufioreq, ioservid_t *id)
{
    struct ioreq_server *s;
    int rc;

    if ( bufioreq > HVM_IOREQSRV_BUFIOREQ_ATOMIC )
        return -EINVAL;
    s = hv_zalloc(sizeof(*s) + d->max_vcpus * sizeof(s->port[0]));
    if ( !s )
        return -ENOMEM;
    s->target = d;
    s->emulator = current_domain;
    domain_get_more(s->emulator);
    s->bufioreq = bufioreq;

    spin_lock(&d->ioreq.lock);
    rc = server_link(d, s);
    if ( !rc )
        *id = s->id;
    spin_unlock(&d->ioreq.lock);
    if ( rc )
        server_free(s);
    return rc;
}

static void server_unlink(struct ioreq_server *s)
{
    struct ioreq_domain *io = &s->target->ioreq;

    ASSERT(spin_is_mine(&io->lock) && io->server[s->id] == s);
    if ( ioreq_server_enabled(s) )
        ioreq_pages_disabled(s);
    WRITE_ONCE(io->enabled, io->enabled & (uint8_t)~ioreq_server_bit(s));
    io->server[s->id] = NULL;
    for ( unsigned int type = 0; type < NR_IO_RANGE_TYPES; type++ )
        ioreq_index_drop(io->index[type], s->id);
    if ( io->mem_type_server == s->id )
        io->mem_type_server = -1;
    ioreq_pages_unpool(s);
    ioreq_complete_all(s);
}

int ioreq_server_destroy(struct domain *d, ioservid_t id)
{
    struct ioreq_server *s;
    int rc;

    spin_lock(&d->ioreq.lock);
    rc = ioreq_server_find(d, id, &s);
    if ( !rc )
        server_unlink(s);
    spin_unlock(&d->ioreq.lock);
    if ( !rc )
        server_free(s);
    return rc;
}

static bool has_server_of(struct domain *d, const struct domain *emulator)
{
    bool found = false;

    spin_lock(&d->ioreq.lock);
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        found |= d->ioreq.server[i] &&
                 d->ioreq.server[i]->emulator == emulator;
    spin_unlock(&d->ioreq.lock);
    return found;
}

/* Destroy d's servers that emulator created (NULL: all); -ERESTART. */
static int destroy_all(struct domain *d, const struct domain *emulator)
{
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
    {
        struct ioreq_server *s;

        spin_lock(&d->ioreq.lock);
        s = d->ioreq.server[i];
        if ( s && emulator && s->emulator != emulator )
            s = NULL;
        if ( s )
            server_unlink(s);
        spin_unlock(&d->ioreq.lock);
        if ( !s )
            continue;
        server_free(s);
        if ( hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

static void free_indexes(struct domain *d)
{
    struct ioreq_index *old[NR_IO_RANGE_TYPES];

    spin_lock(&d->ioreq.lock);
    memcpy(old, d->ioreq.index, sizeof(old));
    memset(d->ioreq.index, 0, sizeof(old));
    spin_unlock(&d->ioreq.lock);
    for ( unsigned int type = 0; type < NR_IO_RANGE_TYPES; type++ )
        hv_free(old[type]);
}

int ioreq_domain_relinquish(struct domain *d)
{
    struct domain *other;
    uint32_t *next = &d->ioreq.relinquish_next;
    int rc = destroy_all(d, NULL);

    if ( rc )
        return rc;
    free_indexes(d);

    while ( !rc && *next < DOMID_FIRST_RESERVED &&
            (other = domain_get_from((domid_t)*next)) != NULL )
    {
        if ( has_server_of(other, d) )
            rc = destroy_all(other, d);
        if ( !rc )
            *next = other->domain_id + 1U;
        domain_put(other);
        if ( !rc && hypercall_preempt_check() )
            rc = -ERESTART;
    }
    return rc;
}

/* ---- information, state, ranges ---- */

int ioreq_server_info(struct domain *d,
                      struct xen_dm_op_get_ioreq_server_info *info)
{
    bool gfns = !(info->flags & XEN_DMOP_no_gfns);
    struct ioreq_server *s;
    int rc;

    if ( info->flags & ~XEN_DMOP_no_gfns )
        return -EINVAL;

    spin_lock(&d->ioreq.lock);
    rc = ioreq_server_find(d, info->id, &s);
    if ( !rc && gfns )
        rc = ioreq_pages_from_gfns(s);
    if ( rc )
        goto out;

    if ( gfns )
        info->ioreq_gfn = gfn_x(s->gfn[FRAME_SLOTS].gfn);
    if ( !ioreq_server_buffers(s) )
        goto out;
    info->bufioreq_port = s->ring_port;
    if ( gfns )
        info->bufioreq_gfn = gfn_x(s->gfn[FRAME_RING].gfn);

 out:
    spin_unlock(&d->ioreq.lock);
    return rc;
}

int ioreq_server_set_state(struct domain *d, ioservid_t id, bool enabled)
{
    struct ioreq_server *s;
    bool first;
    int rc;

    spin_lock(&d->ioreq.lock);
    rc = ioreq_server_find(d, id, &s);
    if ( rc || enabled == ioreq_server_enabled(s) )
        goto out;

    first = !d->ioreq.enabled;
    WRITE_ONCE(d->ioreq.enabled, d->ioreq.enabled ^ ioreq_server_bit(s));
    if ( enabled )
        ioreq_pages_enabled(s);
    else
        ioreq_pages_disabled(s);
    /* The first enabled server cannot have mapped memory that left before. */
    if ( first )
        WRITE_ONCE(d->ioreq.mapcache_generation, p2m_removals(d));

 out:
    spin_unlock(&d->ioreq.lock);
    return rc;
}

/* May [start, end] become claimed, or unclaimed?  -EEXIST, -ENOENT. */
static int range_check(const struct ioreq_index *x, unsigned int id,
                       uint64_t start, uint64_t end, bool claimed)
{
    uint8_t bit = (uint8_t)(1U << id);

    if ( claimed )
        return ioreq_index_touches(x, start, end) & bit ? -EEXIST : 0;
    return ioreq_index_covers(x, start, end) & bit ? 0 : -ENOENT;
}

static int range_change(struct domain *d, ioservid_t id, uint32_t type,
                        uint64_t start, uint64_t end, bool claimed)
{
    struct ioreq_index *x, **index, *unused = NULL;
    struct ioreq_server *s;
    int rc;

    if ( start > end )
        return -EINVAL;

    spin_lock(&d->ioreq.lock);
    rc = ioreq_server_find(d, id, &s);
    if ( !rc && type >= NR_IO_RANGE_TYPES )
        rc = -EINVAL;
    index = &array_at(d->ioreq.index, type);
    if ( !rc )
        rc = range_check(*index, id, start, end, claimed);
    if ( rc )
        goto out;

    x = ioreq_index_with(*index, id, start, end, claimed);
    if ( !x || ioreq_index_ranges(x, id) > MAX_IO_RANGES )
    {
        rc = -ENOMEM;
        unused = x;
        goto out;
    }
    unused = *index;
    *index = x;

 out:
    spin_unlock(&d->ioreq.lock);
    hv_free(unused);
    return rc;
}

int ioreq_server_map_range(struct domain *d, ioservid_t id, uint32_t type,
                           uint64_t start, uint64_t end)
{
    return range_change(d, id, type, start, end, true);
}

int ioreq_server_unmap_range(struct domain *d, ioservid_t id, uint32_t type,
                             uint64_t start, uint64_t end)
{
    return range_change(d, id, type, start, end, false);
}
