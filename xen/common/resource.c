/* SPDX-License-Identifier: MIT */
/*
 * acquire_resource: a device model or a toolstack maps pages of a guest's
 * resources.  The order of checks is in hv/memory.h.
 *
 * The target owns the pages.  A provider returns each page with a reference.
 * For a translated caller each page is mapped at a gfn of the caller's, which
 * must be empty (a control domain's may be a device's, too): the reference then
 * belongs to the p2m entry.  Any other caller gets the frame numbers, and the
 * references are dropped at once, since a number gives no access.  Mapping the
 * frame later takes a reference of its own and checks the owner again: a frame
 * that became another domain's meanwhile is refused, and a frame that became the
 * target's again is harmless.
 *
 * Frames are handled in batches, with preemption checks in between.  All or
 * nothing: when a batch fails, the mappings of the earlier ones are removed,
 * which is preemptible too.  The progress is `start`:
 *
 *   acquiring, n frames mapped --failure--> undoing, n left, errno kept
 *        |                                      |
 *        +--> 0                                 +--> -errno
 *
 * A caller can begin in the undoing state by itself: that removes mappings of
 * the caller's own, and returns the error that the caller chose.
 */
#include <hv/array.h>
#include <hv/domain.h>
#include <hv/grant.h>
#include <hv/guest-access.h>
#include <hv/ioreq.h>
#include <hv/lib.h>
#include <hv/memory.h>

#define BATCH 32

/* start, above the number of extents */
#define UNDOING (1UL << 26)
#define UNDO_ERRNO_SHIFT 27
#define UNDO_ERRNO_MAX 0xffUL

_Static_assert(MEMOP_MAX_EXTENTS < UNDOING, "the count has its own bits");

struct resource_type {
    /* The number of frames of the resource, at least 1; or -errno. */
    long (*size)(struct domain *d, uint32_t id);
    /* Get frames [frame, frame + nr), all with a reference, or -errno. */
    int (*get)(struct domain *d, uint32_t id, uint64_t frame, unsigned int nr,
               struct page **pages);
};

/* No domain is ever created with trace buffers. */
static long no_trace_buffers(struct domain *d, uint32_t id)
{
    (void)d, (void)id;
    return -EINVAL;
}

static const struct resource_type types[] = {
    [XENMEM_resource_ioreq_server] = { ioreq_resource_size,
                                       ioreq_resource_get },
    [XENMEM_resource_grant_table] = { grant_resource_size,
                                      grant_resource_get },
    [XENMEM_resource_vmtrace_buf] = { no_trace_buffers, NULL },
};

struct request {
    struct domain *d;
    const struct resource_type *type;
    struct xen_mem_acquire_resource arg;
};

static void put_pages(struct page **pages, unsigned int nr)
{
    while ( nr-- )
        page_put(pages[nr]);
}

/* ---- translated callers ---- */

/* Remove the entry at gfn, if it still maps pg. */
static void unmap_one(gfn_t gfn, const struct page *pg)
{
    struct p2m_entry e = p2m_entry(page_to_mfn(pg), P2M_FOREIGN);

    (void)!p2m_replace(current_domain, gfn, e, INVALID_MFN, P2M_NONE);
}

/* The resource has ended: remove whatever page of the target is at gfn. */
static void unmap_any(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;
    struct page *pg = p2m_get_page(current_domain, gfn, &t);

    if ( !pg )
        return;
    if ( t == P2M_FOREIGN && pg->owner == d )
        unmap_one(gfn, pg);
    page_put(pg);
}

/* Map the pages, all or none; takes over the references in either case. */
static int map_pages(const xen_pfn_t *gfns, struct page **pages,
                     unsigned int nr)
{
    unsigned int i, over = p2m_type_bit(P2M_NONE);
    int rc = 0;

    /* Where a control domain has no memory, devices are mapped: replaceable. */
    if ( is_control_domain(current_domain) )
        over |= p2m_type_bit(P2M_MMIO_DIRECT);
    for ( i = 0; i < nr && !rc; i += !rc )
        rc = p2m_set_over(current_domain, _gfn(gfns[i]), over,
                          page_to_mfn(pages[i]), P2M_FOREIGN);
    if ( !rc )
        return 0;
    put_pages(pages + i, nr - i);
    /* No reference is needed: the page pointers are only compared. */
    while ( i-- )
        unmap_one(_gfn(gfns[i]), pages[i]);
    return rc;
}

static void unmap_batch(const struct request *r, unsigned long first,
                         unsigned int nr)
{
    struct page *pages[BATCH];
    xen_pfn_t gfns[BATCH];
    bool known;

    /* A caller that unmaps its list meanwhile keeps the mappings. */
    if ( copy_from_handle(gfns, r->arg.frame_list, first, nr) )
        return;
    known = !r->type->get(r->d, r->arg.id, r->arg.frame + first, nr, pages);
    for ( unsigned int i = 0; i < nr; i++ )
        if ( known )
            unmap_one(_gfn(gfns[i]), pages[i]);
        else
            unmap_any(r->d, _gfn(gfns[i]));
    if ( known )
        put_pages(pages, nr);
}

/* ---- batches ---- */

static int acquire_batch(const struct request *r, unsigned long first,
                          unsigned int nr)
{
    bool translated = current_domain->translated;
    struct page *pages[BATCH];
    xen_pfn_t frames[BATCH];
    int rc;

    rc = r->type->get(r->d, r->arg.id, r->arg.frame + first, nr, pages);
    if ( rc )
        return rc;
    if ( translated )
    {
        if ( !copy_from_handle(frames, r->arg.frame_list, first, nr) )
            return map_pages(frames, pages, nr);
        put_pages(pages, nr);
        return -EFAULT;
    }
    for ( unsigned int i = 0; i < nr; i++ )
        frames[i] = mfn_x(page_to_mfn(pages[i]));
    put_pages(pages, nr);
    return copy_to_handle(r->arg.frame_list, first, frames, nr) ? -EFAULT : 0;
}

/* Unmap the first `left` frames; returns err, or -ERESTART. */
static long undo(struct hypercall *hc, const struct request *r,
                 unsigned long left, long err)
{
    if ( !current_domain->translated )
        return err;
    while ( left )
    {
        unsigned int nr = (unsigned int)min(left, (unsigned long)BATCH);

        left -= nr;
        unmap_batch(r, left, nr);
        if ( left && hypercall_preempt_check() )
            return memory_restart(hc, left | UNDOING |
                                          ((unsigned long)-err
                                           << UNDO_ERRNO_SHIFT));
    }
    return err;
}

static long acquire(struct hypercall *hc, const struct request *r,
                    unsigned long done)
{
    while ( done < r->arg.nr_frames )
    {
        unsigned long left = r->arg.nr_frames - done;
        unsigned int nr = (unsigned int)min(left, (unsigned long)BATCH);
        int rc = acquire_batch(r, done, nr);

        if ( rc == -ERESTART )
            return memory_restart(hc, done);
        if ( rc )
            return undo(hc, r, done, rc);
        done += nr;
        if ( done < r->arg.nr_frames && hypercall_preempt_check() )
            return memory_restart(hc, done);
    }
    return 0;
}

/* ---- the call ---- */

static long resume_undo(struct hypercall *hc, const struct request *r,
                        unsigned long start)
{
    unsigned long err = start >> UNDO_ERRNO_SHIFT;
    unsigned long left = start & (UNDOING - 1);

    /* The caller chose this errno itself: any but -ERESTART is harmless. */
    if ( left > r->arg.nr_frames || err == 0 || err > UNDO_ERRNO_MAX ||
         err == ERESTART )
        return -EINVAL;
    return undo(hc, r, left, -(long)err);
}

static long size_query(uint64_t arg, struct request *r, long size,
                       unsigned long start)
{
    if ( r->arg.nr_frames || start )
        return -EINVAL;
    r->arg.nr_frames = (uint32_t)size;
    return copy_field_to_arg(arg, &r->arg, nr_frames) ? -EFAULT : 0;
}

/* Checks 6 to 9. */
static long use_resource(struct hypercall *hc, uint64_t arg,
                         struct request *r, unsigned long start)
{
    long size;

    if ( r->arg.type >= ARRAY_SIZE(types) )
        return -EOPNOTSUPP;
    r->type = &array_at(types, r->arg.type);
    /* Undoing goes on also when the resource has ended or has shrunk. */
    if ( (start & UNDOING) && r->type->get &&
         !handle_is_null(r->arg.frame_list) )
        return resume_undo(hc, r, start);

    size = r->type->size(r->d, r->arg.id);
    if ( size <= 0 )
        return size ? size : -EINVAL;
    if ( handle_is_null(r->arg.frame_list) )
        return size_query(arg, r, size, start);
    if ( start >= r->arg.nr_frames || r->arg.nr_frames > MEMOP_MAX_EXTENTS )
        return -EINVAL;
    return acquire(hc, r, start);
}

long memory_acquire_resource(struct hypercall *hc, uint64_t arg,
                             unsigned long start)
{
    struct request r;
    long rc;

    if ( copy_from_arg(&r.arg, arg) )
        return -EFAULT;
    if ( r.arg.pad )
        return -EINVAL;
    /* ABI: nr_frames is 32 bits wide, but frame is 64. */
    if ( (r.arg.frame >> 32) || ((r.arg.frame + r.arg.nr_frames) >> 32) )
        return -EINVAL;
    rc = domain_get_remote(r.arg.domid, &r.d);
    if ( rc )
        return rc;
    rc = domain_dm_allowed(current_domain, r.d);
    if ( !rc )
        rc = use_resource(hc, arg, &r, start);
    domain_put(r.d);
    return rc;
}
