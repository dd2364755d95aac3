/* SPDX-License-Identifier: MIT */
/*
 * Memory whose writes go to a server: HVMMEM_ioreq_server.
 *
 * One server of a domain may claim the type.  An entry of that type is RAM
 * that the machine lets the guest read but not write.  When the claim ends, the
 * entries become plain RAM again.  If the server gives up the claim, all do,
 * step by step.  If the server is destroyed, each entry does at the next write
 * to its memory, and the rest before the next claim.
 */
#include "ioreq-private.h"

#include <hv/array.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>

enum io_result ioreq_mem_route(struct domain *d, uint64_t addr,
                               unsigned int *id)
{
    gfn_t gfn = _gfn(addr >> PAGE_SHIFT);
    struct p2m_entry e;

    ASSERT(spin_is_mine(&d->ioreq.lock));
    if ( !d->ioreq.mem_type_used )
        return IO_UNHANDLED;
    e = p2m_lookup(d, gfn);
    if ( e.type == P2M_RAM_RW )
        return IO_RETRY;
    if ( e.type != P2M_IOREQ )
        return IO_UNHANDLED;
    if ( d->ioreq.mem_type_server < 0 )
        /* The guest repeats the write in any case: the entry is read then. */
        return p2m_retype(d, gfn, e, P2M_RAM_RW) == -ENOMEM ? IO_UNHANDLED
                                                            : IO_RETRY;
    *id = (unsigned int)d->ioreq.mem_type_server;
    return IO_PENDING;
}

/* ---- claiming and giving up ---- */

static int find_ioreq(struct domain *d, gfn_t gfn, struct p2m_entry e,
                      void *arg)
{
    (void)d, (void)gfn;
    *(struct p2m_entry *)arg = e;
    return e.type == P2M_IOREQ;
}

/*
 * Make all P2M_IOREQ entries from *gfn on plain RAM.  No locks held.
 * -ERESTART: call again; *gfn is not 0 then.
 */
static int sweep_entries(struct domain *d, uint64_t *gfn)
{
    struct p2m_entry found;
    int rc;

    while ( (rc = p2m_for_some(d, gfn, P2M_GFN_LIMIT, find_ioreq, &found)) )
    {
        if ( rc == 1 )
        {
            rc = p2m_retype(d, _gfn(*gfn), found, P2M_RAM_RW);
            if ( rc && rc != -EBUSY ) /* the entry changed: read it again */
                return rc;
            *gfn += !rc;
        }
        if ( *gfn && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

static bool claimed(struct domain *d)
{
    bool yes;

    spin_lock(&d->ioreq.lock);
    yes = d->ioreq.mem_type_server >= 0;
    spin_unlock(&d->ioreq.lock);
    return yes;
}

static int claim_check(struct domain *d, unsigned int id, uint32_t flags)
{
    struct ioreq_server *s;
    int rc = ioreq_server_find(d, id, &s);

    if ( rc )
        return rc;
    if ( flags )
        return d->ioreq.mem_type_server < 0 ? 0 : -EBUSY;
    return d->ioreq.mem_type_server == s->id ? 0 : -EINVAL;
}

/* Entries that an earlier claim has left become plain RAM first. */
static int claim(struct domain *d, unsigned int id, uint64_t *gfn)
{
    int rc;

    spin_lock(&d->ioreq.lock);
    rc = claim_check(d, id, XEN_DMOP_IOREQ_MEM_ACCESS_WRITE);
    spin_unlock(&d->ioreq.lock);
    if ( !rc )
        rc = sweep_entries(d, gfn);
    if ( rc )
        return rc;

    spin_lock(&d->ioreq.lock);
    rc = claim_check(d, id, XEN_DMOP_IOREQ_MEM_ACCESS_WRITE);
    if ( !rc )
    {
        d->ioreq.mem_type_server = (int)id;
        d->ioreq.mem_type_used = true;
    }
    spin_unlock(&d->ioreq.lock);
    return rc;
}

int ioreq_server_map_mem_type(struct domain *d, ioservid_t id, uint32_t type,
                              uint32_t flags, uint64_t *gfn)
{
    int rc = 0;

    if ( type != HVMMEM_ioreq_server ||
         (flags & ~XEN_DMOP_IOREQ_MEM_ACCESS_WRITE) )
        return -EINVAL;
    if ( flags )
        return claim(d, id, gfn);

    if ( *gfn == 0 )
    {
        spin_lock(&d->ioreq.lock);
        rc = claim_check(d, id, 0);
        if ( !rc )
            d->ioreq.mem_type_server = -1;
        spin_unlock(&d->ioreq.lock);
    }
    /* If another server has claimed since, the entries may be that one's. */
    return rc || claimed(d) ? rc : sweep_entries(d, gfn);
}

/* ---- changing the type of one frame ---- */

static const enum p2m_type p2m_type_of[] = {
    [HVMMEM_ram_rw] = P2M_RAM_RW,   [HVMMEM_ram_ro] = P2M_RAM_RO,
    [HVMMEM_mmio_dm] = P2M_MMIO_DM, [HVMMEM_unused] = P2M_NONE,
    [HVMMEM_ioreq_server] = P2M_IOREQ,
};

static bool change_allowed(enum p2m_type from, enum p2m_type to)
{
    if ( to == P2M_IOREQ )
        return from == P2M_RAM_RW;
    if ( from == P2M_IOREQ )
        return to == P2M_RAM_RW;
    return p2m_is_ram(from) ||
           ((from == P2M_NONE || from == P2M_MMIO_DM) && to == P2M_MMIO_DM);
}

#define MAX_TRIES 8 /* against a guest that keeps changing the entry */

int ioreq_set_mem_type(struct domain *d, gfn_t gfn, unsigned int type)
{
    enum p2m_type to;
    struct p2m_entry e;
    int rc;

    if ( type >= ARRAY_SIZE(p2m_type_of) || type == HVMMEM_unused )
        return -EINVAL;
    if ( type == HVMMEM_ioreq_server && !claimed(d) )
        return -EINVAL;
    to = array_at(p2m_type_of, type);
    for ( unsigned int tries = 0; tries < MAX_TRIES; tries++ )
    {
        rc = p2m_pod_populate(d, gfn);
        if ( rc )
            return rc == -ERESTART ? rc : -EINVAL;
        e = p2m_lookup(d, gfn);
        if ( e.type == P2M_POD ) /* swept again */
            continue;
        if ( !change_allowed(e.type, to) )
            return -EINVAL;
        rc = p2m_retype(d, gfn, e, to);
        if ( rc != -EBUSY )
            return rc;
    }
    return -ERESTART;
}
