/* SPDX-License-Identifier: MIT */
/*
 * The maptrack table: a domain's mappings of other domains' grants, by handle.
 * gnttab-private.h has the states of a mapping.
 *
 * Handles are allocated in chunks of MAPTRACK_PER_FRAME, at most the domain's
 * max_maptrack_frames chunks.  The handle freed last is used again first.
 */
#include "gnttab-private.h"

#include <hv/array.h>

#define MAP_KINDS (GNTMAP_device_map | GNTMAP_host_map)

static struct mapping *mapping_locked(const struct grant_table *gt,
                                      uint32_t handle)
{
    struct mapping *chunk;

    ASSERT(handle < gt->nr_handles);
    handle = (uint32_t)array_index(handle, gt->nr_handles);
    chunk = ptr_array_get(&gt->maptrack, handle / MAPTRACK_PER_FRAME);
    return &chunk[handle % MAPTRACK_PER_FRAME];
}

static void make_handles_locked(struct grant_table *gt)
{
    unsigned int chunk = gt->nr_handles / MAPTRACK_PER_FRAME;
    struct mapping *m;

    if ( gt->nr_handles == gt->max_handles )
        return;
    m = new_array(struct mapping, MAPTRACK_PER_FRAME);
    if ( !m )
        return;
    if ( ptr_array_set(&gt->maptrack, chunk, m) )
    {
        hv_free(m);
        return;
    }
    for ( unsigned int i = 0; i < MAPTRACK_PER_FRAME; i++ )
        m[i].ref = gt->nr_handles + i + 1;
    m[MAPTRACK_PER_FRAME - 1].ref = gt->free_handle;
    gt->free_handle = gt->nr_handles;
    gt->nr_handles += MAPTRACK_PER_FRAME;
}

uint32_t maptrack_alloc(struct domain *d)
{
    struct grant_table *gt = d->grant;
    uint32_t handle = HANDLE_NONE;

    spin_lock(&gt->maptrack_lock);
    if ( !domain_is_dying(d) )
    {
        if ( gt->free_handle == HANDLE_NONE )
            make_handles_locked(gt);
        handle = gt->free_handle;
    }
    if ( handle != HANDLE_NONE )
    {
        struct mapping *m = mapping_locked(gt, handle);

        gt->free_handle = m->ref;
        *m = (struct mapping){ .busy = true };
        gt->nr_busy++;
    }
    spin_unlock(&gt->maptrack_lock);
    return handle;
}

bool maptrack_commit(struct domain *d, uint32_t handle,
                     const struct mapping *m)
{
    struct grant_table *gt = d->grant;
    bool ok;

    ASSERT(m->flags & MAP_KINDS);
    spin_lock(&gt->maptrack_lock);
    ASSERT(mapping_locked(gt, handle)->busy);
    /*
     * Under the lock: grant_relinquish_mappings() sees the mapping, or the
     * mapping is refused here.  That of a PV guest stays: no entry may outlive
     * the pin, and removing it may take long.  It is seen, since the guest's
     * vcpus, of which the caller is one, have left their CPUs and its tables are
     * gone before grant_relinquish_mappings() begins.
     */
    ok = d->pv || !domain_is_dying(d);
    if ( ok )
    {
        *mapping_locked(gt, handle) = *m;
        mapping_locked(gt, handle)->busy = false;
        gt->nr_busy--;
    }
    spin_unlock(&gt->maptrack_lock);
    return ok;
}

int maptrack_claim(struct grant_table *gt, uint32_t handle,
                   struct mapping *m)
{
    struct mapping *entry;
    int rc = -ENOENT;

    spin_lock(&gt->maptrack_lock);
    entry = handle < gt->nr_handles ? mapping_locked(gt, handle) : NULL;
    if ( entry && entry->flags )
    {
        rc = entry->busy ? -EBUSY : 0;
        gt->nr_busy += !entry->busy;
        entry->busy = true;
        *m = *entry;
    }
    spin_unlock(&gt->maptrack_lock);
    return rc;
}

void maptrack_release(struct grant_table *gt, uint32_t handle,
                      unsigned int flags)
{
    struct mapping *m;

    spin_lock(&gt->maptrack_lock);
    m = mapping_locked(gt, handle);
    ASSERT(m->busy);
    m->busy = false;
    gt->nr_busy--;
    m->flags = flags & MAP_KINDS ? flags : 0;
    if ( !m->flags )
    {
        m->page = NULL;
        m->ref = gt->free_handle;
        gt->free_handle = handle;
    }
    spin_unlock(&gt->maptrack_lock);
}

int maptrack_relinquish(struct grant_table *gt)
{
    unsigned int n = 0;
    struct mapping *m;
    bool busy;

    spin_lock(&gt->maptrack_lock);
    busy = gt->nr_busy;
    if ( !busy )
        gt->nr_handles = 0;
    spin_unlock(&gt->maptrack_lock);
    if ( busy )
        return -ERESTART;
    /* All handles are free, and d is dying: no handle is allocated again. */
    while ( (m = ptr_array_next(&gt->maptrack, &gt->chunk_next)) != NULL )
    {
        (void)!ptr_array_set(&gt->maptrack, gt->chunk_next++, NULL);
        hv_free(m);
        if ( ++n % GNTTAB_STEP == 0 && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}
