/* SPDX-License-Identifier: MIT */
/*
 * The pages that a server shares with its emulator: slots and the ring.
 *
 * The first operation that needs the pages decides, for the server's life,
 * where they come from:
 *
 *   BY_MFN  acquire_resource: zeroed PAGE_EXTRA pages of the target, which
 *           never were in a p2m.  Enabling the server does not change them.
 *   BY_GFN  get_info: RAM of the target at GFNs from a pool that the target's
 *           builder reserved.  While the server is enabled these pages are
 *           removed from the p2m, so that the guest cannot reach them; they
 *           are zeroed before they are mapped again.
 *
 * A server holds one reference on each page (HOLD_TABLE).  A page that the
 * emulator still maps after the server's end stays, as dead memory of the
 * target, until it is unmapped.
 */
#include "ioreq-private.h"

#include <hv/array.h>
#include <hv/audit.h>
#include <hv/lib.h>

#include <xen/memory.h>

_Static_assert(sizeof(ioreq_t) == 32 && IOREQS_PER_PAGE == 128, "ABI");
_Static_assert(XENMEM_resource_ioreq_server_frame_bufioreq == FRAME_RING &&
                   XENMEM_resource_ioreq_server_frame_ioreq(0) == FRAME_SLOTS,
               "frames are numbered as in the ABI");

ioreq_t *ioreq_slot(const struct ioreq_server *s, unsigned int vcpu_id)
{
    const struct page *pg = ioreq_slot_page(s, vcpu_id);
    ioreq_t *slots = pg ? page_to_virt(pg) : NULL;

    return slots ? &slots[vcpu_id % IOREQS_PER_PAGE] : NULL;
}

void ioreq_show_port(struct ioreq_server *s, unsigned int vcpu_id)
{
    ioreq_t *slot = ioreq_slot(s, vcpu_id);

    if ( slot )
        WRITE_ONCE(slot->vp_eport, s->port[vcpu_id]);
}

static void show_ports(struct ioreq_server *s)
{
    struct vcpu *v;

    for_each_ioreq_vcpu (s->target, v)
        ioreq_show_port(s, v->vcpu_id);
}

/* ---- the pool of GFNs: gfn_free, then the two legacy params ---- */

#define POOL_SIZE 64
#define NR_LEGACY 2

_Static_assert(HVM_PARAM_BUFIOREQ_PFN == HVM_PARAM_IOREQ_PFN + 1,
               "the legacy params are neighbours");

void ioreq_params_changed(struct domain *d, uint32_t param)
{
    uint64_t value = array_at(d->params, param);

    spin_lock(&d->ioreq.lock);
    if ( param == HVM_PARAM_NR_IOREQ_SERVER_PAGES && value )
        d->ioreq.gfn_free = value >= POOL_SIZE ? ~0UL : (1UL << value) - 1;
    else if ( param - HVM_PARAM_IOREQ_PFN < NR_LEGACY && value )
        d->ioreq.legacy_free |= (uint8_t)(1U << (param - HVM_PARAM_IOREQ_PFN));
    spin_unlock(&d->ioreq.lock);
}

static int pool_take(struct domain *d, struct ioreq_gfn *g)
{
    uint64_t base = READ_ONCE(d->params[HVM_PARAM_IOREQ_SERVER_PFN]);

    if ( base && d->ioreq.gfn_free )
    {
        g->slot = (unsigned int)__builtin_ctzl(d->ioreq.gfn_free);
        g->gfn = _gfn(base + g->slot);
        d->ioreq.gfn_free &= d->ioreq.gfn_free - 1;
        return 0;
    }
    if ( d->ioreq.legacy_free )
    {
        unsigned int i = (unsigned int)__builtin_ctz(d->ioreq.legacy_free);

        g->slot = POOL_SIZE + i;
        g->gfn = _gfn(READ_ONCE(d->params[HVM_PARAM_IOREQ_PFN + i]));
        d->ioreq.legacy_free &= (uint8_t)(d->ioreq.legacy_free - 1);
        return 0;
    }
    return -ENOMEM;
}

static void pool_put(struct domain *d, const struct ioreq_gfn *g)
{
    if ( g->slot < POOL_SIZE )
        d->ioreq.gfn_free |= 1UL << g->slot;
    else
        d->ioreq.legacy_free |= (uint8_t)(1U << (g->slot - POOL_SIZE));
}

/* ---- backing ---- */

/*
 * Take a GFN from the pool and claim the target's RAM there: the hypervisor
 * trusts the page's content, so there must be no other reference.
 */
static int gfn_frame(struct ioreq_server *s, unsigned int frame)
{
    struct domain *d = s->target;
    struct ioreq_gfn *g = &s->gfn[frame];
    int rc = pool_take(d, g);

    if ( rc )
        return rc;
    rc = p2m_pod_populate(d, g->gfn);
    if ( !rc )
        rc = p2m_claim_page(d, g->gfn, &s->frame[frame]);
    if ( rc )
        pool_put(d, g);
    return rc;
}

int ioreq_pages_from_gfns(struct ioreq_server *s)
{
    struct domain *d = s->target;
    int rc;

    if ( s->backing == BACKED_BY_MFN )
        return -EPERM;
    if ( s->backing == BACKED_BY_GFN )
        return 0;
    if ( domain_is_dying(d) )
        return -EINVAL;
    if ( ioreq_nr_slot_frames(d) > 1 )
        return -EOPNOTSUPP;

    rc = gfn_frame(s, FRAME_SLOTS);
    if ( rc )
        return rc;
    if ( ioreq_server_buffers(s) )
        rc = gfn_frame(s, FRAME_RING);
    if ( rc )
    {
        pool_put(d, &s->gfn[FRAME_SLOTS]);
        p2m_unclaim_page(s->frame[FRAME_SLOTS]);
        page_put(s->frame[FRAME_SLOTS]);
        s->frame[FRAME_SLOTS] = NULL;
        return rc;
    }
    s->backing = BACKED_BY_GFN;
    if ( ioreq_server_enabled(s) )
        ioreq_pages_enabled(s);
    return 0;
}

void ioreq_pages_put(struct ioreq_server *s)
{
    for ( unsigned int i = 0; i < MAX_FRAMES; i++ )
    {
        if ( s->frame[i] )
            page_put(s->frame[i]);
        s->frame[i] = NULL;
    }
}

static int pages_from_mfns(struct ioreq_server *s)
{
    struct domain *d = s->target;
    unsigned int frame = ioreq_server_buffers(s) ? FRAME_RING : FRAME_SLOTS;

    if ( s->backing == BACKED_BY_GFN )
        return -EPERM;
    if ( s->backing == BACKED_BY_MFN )
        return 0;

    for ( ; frame < FRAME_SLOTS + ioreq_nr_slot_frames(d); frame++ )
    {
        s->frame[frame] = page_alloc(d, 0, PAGE_EXTRA);
        if ( !s->frame[frame] )
        {
            /* Puts under the lock do not free d: d owns the shared info page,
             * or is dying and the caller has a reference. */
            ioreq_pages_put(s);
            return -ENOMEM;
        }
    }
    s->backing = BACKED_BY_MFN;
    if ( ioreq_server_enabled(s) )
        ioreq_pages_enabled(s);
    return 0;
}

void ioreq_pages_unpool(struct ioreq_server *s)
{
    if ( s->backing != BACKED_BY_GFN )
        return;
    for ( unsigned int i = 0; i < ARRAY_SIZE(s->gfn); i++ )
        if ( s->frame[i] )
        {
            p2m_unclaim_page(s->frame[i]);
            pool_put(s->target, &s->gfn[i]);
        }
}

/* ---- enabled and disabled ---- */

static void hide_gfns(struct ioreq_server *s)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(s->gfn); i++ )
    {
        if ( !s->frame[i] )
            continue;
        if ( p2m_remove(s->target, s->gfn[i].gfn, page_to_mfn(s->frame[i])) )
            domain_crash(s->target, "ioreq page at gfn %#lx is gone",
                         gfn_x(s->gfn[i].gfn));
        memset(page_to_virt(s->frame[i]), 0, PAGE_SIZE);
    }
}

static void unhide_gfns(struct ioreq_server *s)
{
    const struct p2m_entry none = { INVALID_MFN, P2M_NONE, false };

    for ( unsigned int i = 0; i < ARRAY_SIZE(s->gfn); i++ )
    {
        struct page *pg = s->frame[i];

        if ( !pg )
            continue;
        memset(page_to_virt(pg), 0, PAGE_SIZE);
        if ( domain_is_dying(s->target) )
            continue;
        page_get_more(pg);
        /* A page that the guest has mapped there meanwhile stays. */
        if ( p2m_replace(s->target, s->gfn[i].gfn, none, page_to_mfn(pg),
                         P2M_RAM_RW) )
            page_put(pg);
    }
}

void ioreq_pages_enabled(struct ioreq_server *s)
{
    if ( s->backing == BACKED_BY_GFN )
        hide_gfns(s);
    show_ports(s);
}

void ioreq_pages_disabled(struct ioreq_server *s)
{
    struct vcpu *v;

    if ( s->backing != BACKED_BY_GFN )
        return;
    unhide_gfns(s);
    /* The slots were zeroed: requests in flight end with all-ones. */
    for_each_ioreq_vcpu (s->target, v)
        if ( v->io.pending & ioreq_server_bit(s) )
            arch_vcpu_kick(v);
}

/* ---- the resource ---- */

uint64_t ioreq_max_pages(const struct domain *d)
{
    return 2 * MAX_IOREQ_SERVERS *
           (uint64_t)(FRAME_SLOTS + ioreq_nr_slot_frames(d));
}

static int resource_check(const struct domain *d, uint32_t id)
{
    return !d->translated || id != (ioservid_t)id ? -EINVAL : 0;
}

long ioreq_resource_size(struct domain *d, uint32_t id)
{
    int rc = resource_check(d, id);

    if ( rc )
        return rc;
    spin_lock(&d->ioreq.lock);
    if ( id >= MAX_IOREQ_SERVERS || !array_at(d->ioreq.server, id) )
        rc = -ENOENT;
    spin_unlock(&d->ioreq.lock);
    return rc ? rc : (long)(FRAME_SLOTS + ioreq_nr_slot_frames(d));
}

static int frame_check(const struct ioreq_server *s, uint64_t frame)
{
    if ( frame >= FRAME_SLOTS + ioreq_nr_slot_frames(s->target) )
        return -EINVAL;
    return array_at(s->frame, frame) ? 0 : -ENOENT;
}

int ioreq_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages)
{
    struct ioreq_server *s;
    int rc = resource_check(d, id);

    if ( rc )
        return rc;

    spin_lock(&d->ioreq.lock);
    rc = ioreq_server_find(d, id, &s);
    if ( !rc )
        rc = pages_from_mfns(s);
    for ( unsigned int i = 0; i < nr && !rc; i++ )
        rc = frame_check(s, frame + i);
    if ( rc )
        goto out;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        pages[i] = array_at(s->frame, frame + i);
        page_get_more(pages[i]);
    }

 out:
    spin_unlock(&d->ioreq.lock);
    return rc;
}

void ioreq_audit_refs(struct domain *d, audit_count_t count)
{
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
    {
        struct ioreq_server *s = d->ioreq.server[i];

        for ( unsigned int frame = 0; s && frame < MAX_FRAMES; frame++ )
            if ( s->frame[frame] )
                count(page_to_mfn(s->frame[frame]), HOLD_TABLE);
    }
}
