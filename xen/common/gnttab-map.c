/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_map_grant_ref, unmap_grant_ref and unmap_and_replace.
 *
 * A mapping pins the grant.  For a translated caller a GNTMAP_host_map mapping
 * is also an entry of the caller's p2m, with a page reference of its own; for a
 * PV guest an entry of its page tables, which may change or remove that entry
 * at any time.  A caller with neither gets the frame's address and maps the frame
 * itself.
 *
 * No lock is held from one step to the next: a new mapping is busy in the
 * maptrack table until all its parts exist, and an unmap makes the mapping busy
 * again.  The pin of a busy mapping holds the page, and so the granting domain.
 */
#include "gnttab-private.h"

#include <hv/guest-access.h>

#include <pv-mm/pv-mm.h>

#define MAP_KINDS (GNTMAP_device_map | GNTMAP_host_map)

static unsigned int pins_of(unsigned int flags)
{
    unsigned int pins = 0;

    if ( flags & GNTMAP_host_map )
        pins |= PIN_BIT(flags & GNTMAP_readonly ? PIN_HOST_R : PIN_HOST_W);
    if ( flags & GNTMAP_device_map )
        pins |= PIN_BIT(flags & GNTMAP_readonly ? PIN_DEV_R : PIN_DEV_W);
    return pins;
}

static enum p2m_type p2m_type_of(unsigned int flags)
{
    return flags & GNTMAP_readonly ? P2M_GRANT_RO : P2M_GRANT_RW;
}

/* ---- entries of the caller's p2m ---- */

static int16_t host_map(struct domain *ld, const struct mapping *m)
{
    struct p2m_entry old = p2m_lookup(ld, m->gfn);

    /* Foreign and grant entries are removed by their own operations only. */
    if ( old.type == P2M_FOREIGN || p2m_is_grant(old.type) ||
         (old.type == P2M_MMIO_DIRECT && !is_control_domain(ld)) )
        return GNTST_general_error;
    page_get_more(m->page);
    if ( !p2m_replace(ld, m->gfn, old, page_to_mfn(m->page),
                      p2m_type_of(m->flags)) )
        return GNTST_okay;
    page_put(m->page);
    return GNTST_general_error;
}

static int16_t host_unmap(struct domain *ld, const struct mapping *m)
{
    struct p2m_entry old = p2m_entry(page_to_mfn(m->page),
                                     p2m_type_of(m->flags));

    return p2m_replace(ld, m->gfn, old, INVALID_MFN, P2M_NONE)
               ? GNTST_general_error
               : GNTST_okay;
}

/* ---- entries of the caller's page tables ---- */

#define PTE_FLAGS (GNTMAP_application_map | GNTMAP_contains_pte)

/*
 * No GNTST_*: nothing was done, since work on the caller's tables is left that
 * takes long; the batch gives way and goes on with this operation.
 */
#define GIVE_WAY 1

static int16_t pte_status(int rc)
{
    if ( rc == -ERESTART )
        return GIVE_WAY;
    return rc ? GNTST_general_error : GNTST_okay;
}

static int16_t pte_map(const struct mapping *m, uint64_t at, uint32_t flags)
{
    return pte_status(pv_map_page(current, at, m->flags & GNTMAP_contains_pte,
                                  m->page, !(m->flags & GNTMAP_readonly),
                                  flags >> _GNTMAP_guest_avail0));
}

static int16_t pte_unmap(const struct mapping *m, uint64_t at)
{
    return pte_status(pv_unmap_page(current, at,
                                    m->flags & GNTMAP_contains_pte, m->page,
                                    !(m->flags & GNTMAP_readonly)));
}

/* ---- map ---- */

static int16_t check_map_flags(const struct domain *ld, uint32_t flags)
{
    const uint32_t pv_only = GNTMAP_device_map | GNTMAP_application_map |
                             GNTMAP_contains_pte;

    if ( !(flags & MAP_KINDS) )
        return GNTST_bad_gntref;
    if ( ld->pv )
        return GNTST_okay;
    if ( ld->translated ? (flags & pv_only)
                        : (flags & (GNTMAP_host_map | GNTMAP_contains_pte)) )
        return GNTST_general_error;
    return GNTST_okay;
}

/* Map with the handle that maptrack_alloc() made busy; GNTST_*, GIVE_WAY. */
static int16_t map_to_handle(struct domain *ld, struct domain *rd,
                             gnttab_map_grant_ref_t *op, uint32_t handle)
{
    unsigned int pins = pins_of(op->flags);
    struct mapping m = {
        .ref = op->ref,
        .flags = op->flags & (MAP_KINDS | GNTMAP_readonly | PTE_FLAGS),
        .gfn = _gfn(op->host_addr >> PAGE_SHIFT),
    };
    struct pinned pinned;
    int16_t rc;

    rc = gnttab_pin(rd, op->ref, ld->domain_id, pins, true, &pinned);
    if ( rc )
        return rc;
    m.page = pinned.page;

    if ( ld->pv && (m.flags & GNTMAP_host_map) )
    {
        rc = pte_map(&m, op->host_addr, op->flags);
        if ( rc )
            goto unpin;
    }
    else if ( m.flags & GNTMAP_host_map )
    {
        rc = op->flags & ~(GNTMAP_host_map | GNTMAP_readonly)
                 ? GNTST_general_error
                 : host_map(ld, &m);
        if ( rc )
            goto unpin;
    }
    if ( maptrack_commit(ld, handle, &m) )
    {
        op->dev_bus_addr = mfn_x(page_to_mfn(m.page)) << PAGE_SHIFT;
        op->handle = handle;
        return GNTST_okay;
    }
    rc = GNTST_general_error;
    if ( m.flags & GNTMAP_host_map )
        (void)host_unmap(ld, &m);

 unpin:
    gnttab_unpin(rd, op->ref, pins);
    return rc;
}

static int16_t map_one(struct domain *ld, gnttab_map_grant_ref_t *op)
{
    int16_t rc = check_map_flags(ld, op->flags);
    struct domain *rd;
    uint32_t handle;

    if ( rc )
        return rc;
    rd = domain_get(op->dom);
    if ( !rd )
        return GNTST_bad_domain;
    handle = maptrack_alloc(ld);
    if ( handle == HANDLE_NONE )
        rc = GNTST_no_space;
    else
    {
        rc = map_to_handle(ld, rd, op, handle);
        if ( rc )
            maptrack_release(ld->grant, handle, 0);
    }
    domain_put(rd);
    return rc;
}

/* ---- unmap ---- */

/*
 * Drop the pins of the GNTMAP_*_map kinds in `kinds` of a busy mapping, whose
 * p2m entry has been removed.  A mapping with kinds left is no longer busy.
 */
static void drop_kinds(struct domain *ld, uint32_t handle,
                       const struct mapping *m, unsigned int kinds)
{
    struct domain *rd = m->page->owner; /* stable while pinned */
    unsigned int gone = m->flags & kinds;

    domain_get_more(rd);
    if ( gone )
        gnttab_unpin(rd, m->ref, pins_of(gone | (m->flags & GNTMAP_readonly)));
    maptrack_release(ld->grant, handle, m->flags & ~gone);
    domain_put(rd);
}

static int16_t unmap_one(struct domain *ld, uint32_t handle,
                         uint64_t host_addr, uint64_t dev_bus_addr,
                         uint64_t new_addr)
{
    unsigned int kinds = 0;
    int16_t rc = GNTST_okay;
    struct mapping m;

    if ( maptrack_claim(ld->grant, handle, &m) )
        return GNTST_bad_handle;

    if ( dev_bus_addr &&
         dev_bus_addr != mfn_x(page_to_mfn(m.page)) << PAGE_SHIFT )
        rc = GNTST_general_error;
    else if ( host_addr && ld->pv && (m.flags & GNTMAP_host_map) )
    {
        rc = new_addr ? GNTST_general_error : pte_unmap(&m, host_addr);
        if ( !rc )
            kinds |= GNTMAP_host_map;
    }
    else if ( host_addr && (m.flags & GNTMAP_host_map) )
    {
        if ( new_addr || host_addr >> PAGE_SHIFT != gfn_x(m.gfn) )
            rc = GNTST_general_error;
        else
            rc = host_unmap(ld, &m);
        if ( !rc )
            kinds |= GNTMAP_host_map;
    }
    if ( !rc && dev_bus_addr )
        kinds |= GNTMAP_device_map;
    drop_kinds(ld, handle, &m, kinds);
    return rc;
}

int grant_relinquish_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant;
    struct mapping m;
    unsigned int nr;

    ASSERT(domain_is_dying(d));
    /* d is dying: maptrack_alloc() makes no new handle. */
    spin_lock(&gt->maptrack_lock);
    nr = gt->nr_handles;
    spin_unlock(&gt->maptrack_lock);

    while ( gt->relinquish_next < nr )
    {
        uint32_t handle = gt->relinquish_next;
        int rc = maptrack_claim(gt, handle, &m);

        if ( rc == -EBUSY )
            return -ERESTART; /* another CPU is unmapping it: try again */
        gt->relinquish_next++;
        if ( !rc )
        {
            /* A PV guest's tables are gone by now. */
            if ( !d->pv && (m.flags & GNTMAP_host_map) )
                (void)host_unmap(d, &m);
            drop_kinds(d, handle, &m, MAP_KINDS);
        }
        if ( (!rc || handle % MAPTRACK_PER_FRAME == 0) &&
             hypercall_preempt_check() )
            return -ERESTART;
    }
    return maptrack_relinquish(gt);
}

/* ---- batches ---- */

/* With `done` operations of the batch done. */
static long gives_way(unsigned int done)
{
    return done ? (long)done : -ERESTART;
}

long gnttab_map(uint64_t uop, unsigned int count)
{
    struct domain *ld = current_domain;
    gnttab_map_grant_ref_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        op.status = map_one(ld, &op);
        if ( op.status == GIVE_WAY )
            return gives_way(i);
        if ( !copy_to_arg(uop, &op) )
            continue;
        /*
         * The caller did not get the handle: undo the mapping.  What cannot be
         * undone now has its handle, and goes with the domain.
         */
        if ( !op.status )
            (void)unmap_one(ld, op.handle,
                            op.flags & GNTMAP_host_map ? op.host_addr : 0,
                            op.flags & GNTMAP_device_map ? op.dev_bus_addr : 0,
                            0);
        return -EFAULT;
    }
    return 0;
}

long gnttab_unmap(uint64_t uop, unsigned int count)
{
    gnttab_unmap_grant_ref_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        op.status = unmap_one(current_domain, op.handle, op.host_addr,
                              op.dev_bus_addr, 0);
        if ( op.status == GIVE_WAY )
            return gives_way(i);
        if ( copy_field_to_arg(uop, &op, status) )
            return -EFAULT;
    }
    return 0;
}

long gnttab_unmap_and_replace(uint64_t uop, unsigned int count)
{
    gnttab_unmap_and_replace_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        op.status = unmap_one(current_domain, op.handle, op.host_addr, 0,
                              op.new_addr);
        if ( op.status == GIVE_WAY )
            return gives_way(i);
        if ( copy_field_to_arg(uop, &op, status) )
            return -EFAULT;
    }
    return 0;
}
