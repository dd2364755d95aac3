/* SPDX-License-Identifier: MIT */
/*
 * The life and growth of a grant table, and access to its frames for mapping:
 * gnttab-private.h describes the objects.
 *
 * Frames are PAGE_EXTRA pages of the domain; the table holds a reference on
 * each.  Frames stay until the domain is dead.  Only status frames are dropped
 * before, when the version changes back to 1 and no other reference on any of
 * them exists.
 */
#include "gnttab-private.h"

#include <pv-mm/pv-mm.h>

#include <hv/array.h>

_Static_assert(sizeof(grant_entry_v1_t) == 8, "one word");
_Static_assert(sizeof(grant_entry_v2_t) == 16, "two words");
_Static_assert(offsetof(grant_entry_v2_t, full_page.frame) == 8, "2nd word");
_Static_assert(V2_PER_FRAME >= GNTTAB_NR_RESERVED_ENTRIES, "in frame 0");

uint64_t *shared_word_locked(const struct grant_table *gt, grant_ref_t ref)
{
    unsigned int per_frame = gt->version == 1 ? V1_PER_FRAME : V2_PER_FRAME;
    uint64_t *words;

    ASSERT(ref < nr_entries_locked(gt));
    ref = (grant_ref_t)array_index(ref, nr_entries_locked(gt));
    words = page_to_virt(ptr_array_get(&gt->shared, ref / per_frame));
    return words + ref % per_frame * gt->version;
}

uint16_t *status_word_locked(const struct grant_table *gt, grant_ref_t ref)
{
    uint16_t *words;

    /* Little-endian: the flags of a v1 entry are its first 16 bits. */
    if ( gt->version == 1 )
        return (uint16_t *)shared_word_locked(gt, ref);
    ASSERT(ref < nr_entries_locked(gt));
    ref = (grant_ref_t)array_index(ref, nr_entries_locked(gt));
    words = page_to_virt(ptr_array_get(&gt->status, ref / STATUS_PER_FRAME));
    return words + ref % STATUS_PER_FRAME;
}

/* ---- growth ---- */

/* Remove the pages of a[from .. to) from the array and drop them. */
static void put_frames(struct ptr_array *a, unsigned int from,
                       unsigned int to)
{
    for ( unsigned int i = from; i < to; i++ )
    {
        struct page *pg = ptr_array_get(a, i);

        (void)!ptr_array_set(a, i, NULL);
        page_put(pg);
    }
}

/* Allocate pages of d for a[from .. to), all or none: -ENOMEM. */
static int alloc_frames(struct domain *d, struct ptr_array *a,
                        unsigned int from, unsigned int to)
{
    for ( unsigned int i = from; i < to; i++ )
    {
        struct page *pg = page_alloc(d, 0, PAGE_EXTRA);

        if ( pg && !ptr_array_set(a, i, pg) )
            continue;
        if ( pg )
            page_put(pg);
        put_frames(a, from, i);
        return -ENOMEM;
    }
    return 0;
}

int populate_status_locked(struct domain *d, unsigned int nr)
{
    struct grant_table *gt = d->grant;
    unsigned int to = min(nr, gt->nr_status + GNTTAB_STEP);
    int rc;

    if ( nr <= gt->nr_status )
        return 0;
    rc = alloc_frames(d, &gt->status, gt->nr_status, to);
    if ( rc )
        return rc;
    gt->nr_status = to;
    return to < nr ? -ERESTART : 0;
}

/* Drop the last GNTTAB_STEP of the *nr frames; false when none is left. */
static bool drop_some(struct ptr_array *a, unsigned int *nr)
{
    unsigned int to = *nr - min(*nr, (unsigned int)GNTTAB_STEP);

    put_frames(a, to, *nr);
    *nr = to;
    return to;
}

void drop_status_locked(struct grant_table *gt)
{
    gt->dropping = drop_some(&gt->status, &gt->nr_status);
}

static int grow_locked(struct domain *d, unsigned int to)
{
    struct grant_table *gt = d->grant;
    unsigned int from = gt->nr_frames;
    int rc;

    ASSERT(to <= gt->max_frames && to <= from + GNTTAB_STEP);
    rc = alloc_frames(d, &gt->shared, from, to);
    if ( rc )
        return rc;
    if ( gt->version == 2 )
        rc = populate_status_locked(d, grant_to_status_frames(to));
    if ( rc )
    {
        put_frames(&gt->shared, from, to);
        return rc;
    }
    /* Frames of an unfinished change of version are cleaned in order. */
    if ( gt->usable == gt->nr_frames )
        gt->usable = to;
    gt->nr_frames = to;
    return 0;
}

int gnttab_grow_step(struct domain *d, unsigned int nr)
{
    struct grant_table *gt = d->grant;
    int rc = 0;

    spin_lock(&gt->lock);
    if ( gt->nr_frames < nr )
        rc = grow_locked(d, min(nr, gt->nr_frames + GNTTAB_STEP));
    if ( !rc && gt->nr_frames < nr )
        rc = -ERESTART;
    spin_unlock(&gt->lock);
    return rc;
}

/* ---- life ---- */

static int set_limits(struct grant_table *gt,
                      const struct xen_domctl_createdomain *config)
{
    unsigned int version = XEN_DOMCTL_GRANT_version(config->grant_opts);
    int64_t frames = config->max_grant_frames;
    int64_t maptrack = config->max_maptrack_frames;

    if ( (config->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) ||
         version < 1 || version > 2 )
        return -EINVAL;
    if ( frames < 0 )
        frames = DEFAULT_GRANT_FRAMES;
    if ( maptrack < 0 )
        maptrack = DEFAULT_MAPTRACK_FRAMES;
    if ( frames < INITIAL_GRANT_FRAMES || frames > MAX_GRANT_FRAMES ||
         maptrack > MAX_MAPTRACK_FRAMES )
        return -EINVAL;

    gt->max_frames = (unsigned int)frames;
    gt->max_handles = (unsigned int)maptrack * MAPTRACK_PER_FRAME;
    gt->max_version = version;
    return 0;
}

uint64_t grant_max_pages(const struct xen_domctl_createdomain *config)
{
    int64_t frames = config->max_grant_frames;

    /* What set_limits() refuses is no table: any answer will do. */
    if ( frames < 0 || frames > MAX_GRANT_FRAMES )
        frames = DEFAULT_GRANT_FRAMES;
    return (uint64_t)frames + grant_to_status_frames((unsigned int)frames);
}

int grant_table_init(struct domain *d)
{
    struct grant_table *gt = new_object(struct grant_table);
    int rc;

    if ( !gt )
        return -ENOMEM;
    spin_lock_init(&gt->lock, LOCK_GRANT);
    spin_lock_init(&gt->maptrack_lock, LOCK_MAPTRACK);
    gt->version = 1;
    gt->free_handle = HANDLE_NONE;
    d->grant = gt;

    rc = set_limits(gt, &d->config);
    if ( !rc )
        rc = ptr_array_init(&gt->shared, gt->max_frames);
    if ( !rc )
        rc = ptr_array_init(&gt->status,
                            grant_to_status_frames(gt->max_frames));
    if ( !rc )
        rc = ptr_array_init(&gt->active, gt->max_frames *
                                         (V1_PER_FRAME / ACTIVE_PER_CHUNK));
    if ( !rc )
        rc = ptr_array_init(&gt->maptrack,
                            gt->max_handles / MAPTRACK_PER_FRAME);
    if ( !rc )
        rc = gnttab_grow_step(d, INITIAL_GRANT_FRAMES);
    if ( rc )
        grant_table_destroy(d);
    return rc;
}

/* Up to GNTTAB_STEP chunks or frames go: is there anything left? */
static bool relinquish_some_locked(struct grant_table *gt)
{
    gt->usable = 0; /* nobody writes flags into them any more */
    for ( unsigned int n = 0; n < GNTTAB_STEP; n++ )
    {
        if ( !ptr_array_next(&gt->active, &gt->trim_next) )
            return drop_some(&gt->status, &gt->nr_status) ||
                   drop_some(&gt->shared, &gt->nr_frames);
        active_chunk_trim_locked(gt, gt->trim_next++);
    }
    return true;
}

int grant_table_relinquish(struct domain *d)
{
    struct grant_table *gt = d->grant;
    bool more;

    ASSERT(domain_is_dying(d));
    do
    {
        /* The caller has a reference on d: pages may be put under the lock. */
        spin_lock(&gt->lock);
        more = relinquish_some_locked(gt);
        spin_unlock(&gt->lock);
        if ( more && hypercall_preempt_check() )
            return -ERESTART;
    } while ( more );
    return 0;
}

void grant_table_destroy(struct domain *d)
{
    struct grant_table *gt = d->grant;

    ASSERT(!gt->nr_pinned && !gt->nr_frames && !gt->nr_status);
    d->grant = NULL;
    ptr_array_destroy(&gt->shared);
    ptr_array_destroy(&gt->status);
    ptr_array_destroy(&gt->active);
    ptr_array_destroy(&gt->maptrack);
    spin_lock_destroy(&gt->lock);
    spin_lock_destroy(&gt->maptrack_lock);
    hv_free(gt);
}

/* ---- frames for mapping ---- */

/* -EINVAL for a bad id, and for status frames of a version 1 table. */
static long size_locked(const struct grant_table *gt, uint32_t id)
{
    if ( id == XENMEM_resource_grant_table_id_shared )
        return gt->max_frames;
    if ( id == XENMEM_resource_grant_table_id_status && gt->version == 2 )
        return grant_to_status_frames(gt->max_frames);
    return -EINVAL;
}

long grant_resource_size(struct domain *d, uint32_t id)
{
    long nr;

    spin_lock(&d->grant->lock);
    nr = size_locked(d->grant, id);
    spin_unlock(&d->grant->lock);
    return nr;
}

/* The number of shared frames required for the first nr frames of id. */
static unsigned int frames_for(const struct grant_table *gt, uint32_t id,
                               unsigned int nr)
{
    if ( id == XENMEM_resource_grant_table_id_shared )
        return nr;
    return min((unsigned int)(nr * (STATUS_PER_FRAME / V2_PER_FRAME)),
               gt->max_frames);
}

int grant_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages)
{
    struct grant_table *gt = d->grant;
    bool shared = id == XENMEM_resource_grant_table_id_shared;
    long size = grant_resource_size(d, id);
    unsigned int have, to;
    int rc;

    if ( size < 0 || frame > (uint64_t)size || nr > (uint64_t)size - frame )
        return -EINVAL;
    to = (unsigned int)frame + nr;
    do
    {
        rc = gnttab_grow_step(d, frames_for(gt, id, to));
        if ( rc == -ERESTART && hypercall_preempt_check() )
            return rc; /* the frames added so far stay */
    } while ( rc == -ERESTART );
    if ( rc )
        return -EINVAL;

    spin_lock(&gt->lock);
    /* The version may have changed meanwhile, or d died. */
    have = size_locked(gt, id) < 0 ? 0 : shared ? gt->nr_frames
                                                : gt->nr_status;
    if ( to > have )
        rc = -EINVAL;
    for ( unsigned int i = 0; !rc && i < nr; i++ )
    {
        pages[i] = ptr_array_get(shared ? &gt->shared : &gt->status,
                                 (unsigned int)frame + i);
        page_get_more(pages[i]);
    }
    spin_unlock(&gt->lock);
    return rc;
}

int grant_map_frame(struct domain *d, unsigned long idx, struct page **page)
{
    uint32_t id = XENMEM_resource_grant_table_id_shared;

    if ( idx & XENMAPIDX_grant_table_status )
    {
        id = XENMEM_resource_grant_table_id_status;
        idx &= ~(unsigned long)XENMAPIDX_grant_table_status;
    }
    return grant_resource_get(d, id, idx, 1, page);
}

void grant_audit_refs(struct domain *d,
                      void (*count)(mfn_t mfn, enum page_holder holder))
{
    struct grant_table *gt = d->grant;
    const struct active_entry *act;

    spin_lock(&gt->lock);
    for ( unsigned int i = 0; i < gt->nr_frames; i++ )
        count(page_to_mfn(ptr_array_get(&gt->shared, i)), HOLD_TABLE);
    for ( unsigned int i = 0; i < gt->nr_status; i++ )
        count(page_to_mfn(ptr_array_get(&gt->status, i)), HOLD_TABLE);
    for ( unsigned int i = 0;
          (act = ptr_array_next(&gt->active, &i)) != NULL; i++ )
        for ( unsigned int j = 0; j < ACTIVE_PER_CHUNK; j++, act++ )
            if ( pin_flags(act) )
            {
                count(page_to_mfn(act->page), HOLD_GRANT);
                if ( d->pv && has_write_pins(act) )
                    pv_audit_writable(act->page);
            }
    spin_unlock(&gt->lock);
}
