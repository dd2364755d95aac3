/* SPDX-License-Identifier: MIT */
/*
 * Queries about a grant table, and the change of its version.
 *
 * set_version is preemptible, and is called again with the same argument:
 *
 *     v1 --status frames populated, GNTTAB_STEP at a time--> switch
 *     v2 --no other references on status frames--> switch
 *     switch: frame 0 cleared, the reserved entries written back,
 *     gt->usable = 1; then the status frames of version 2 are dropped, and the
 *     other frames cleared, GNTTAB_STEP at a time
 *
 * Entries in frames that are not cleared yet do not exist: no entry is ever
 * read in the layout of the other version.  Only reserved entries may have pins
 * during the change; their flags are written as the pins require.
 */
#include "gnttab-private.h"

#include <hv/guest-access.h>

struct reserved_entry {
    uint16_t flags;
    domid_t domid;
    uint64_t frame;
};

static void read_reserved_locked(const struct grant_table *gt, grant_ref_t ref,
                                 struct reserved_entry *e)
{
    uint64_t *entry = shared_word_locked(gt, ref);
    uint64_t word = READ_ONCE(entry[0]);

    e->flags = word & 0xffff & ~(GTF_reading | GTF_writing);
    e->domid = word >> 16 & 0xffff;
    e->frame = gt->version == 1 ? word >> 32 : READ_ONCE(entry[1]);
}

static void write_reserved_locked(const struct grant_table *gt,
                                  grant_ref_t ref,
                                  const struct reserved_entry *e)
{
    const struct active_entry *act = active_entry_locked(gt, ref);
    uint64_t *entry = shared_word_locked(gt, ref);
    uint64_t word = e->flags | (uint64_t)e->domid << 16;
    uint16_t in_use = act ? pin_flags(act) : 0;

    if ( gt->version == 1 )
    {
        WRITE_ONCE(*entry, word | in_use | e->frame << 32);
        return;
    }
    WRITE_ONCE(*status_word_locked(gt, ref), in_use);
    WRITE_ONCE(entry[1], e->frame);
    WRITE_ONCE(entry[0], word);
}

/* Convert an entry to version 1; -ERANGE if version 1 cannot express it. */
static int to_v1(struct reserved_entry *e)
{
    switch ( e->flags & GTF_type_mask )
    {
    case GTF_permit_access:
        return e->frame >> 32 ? -ERANGE : 0;

    case GTF_transitive:
        return -ERANGE;

    default:
        memset(e, 0, sizeof(*e));
        return 0;
    }
}

/* XSA-255: a status frame that has other references must not be dropped. */
static bool status_frames_held_locked(const struct grant_table *gt)
{
    for ( unsigned int i = 0; i < gt->nr_status; i++ )
    {
        const struct page *pg = ptr_array_get(&gt->status, i);

        if ( READ_ONCE(pg->refs) != 1 )
            return true;
    }
    return false;
}

static void clean_frame_locked(const struct grant_table *gt, unsigned int i)
{
    memset(page_to_virt(ptr_array_get(&gt->shared, i)), 0, PAGE_SIZE);
}

static int switch_locked(struct domain *d, unsigned int version)
{
    struct reserved_entry e[GNTTAB_NR_RESERVED_ENTRIES];
    struct grant_table *gt = d->grant;
    int rc = 0;

    if ( version == 2 )
    {
        rc = populate_status_locked(d, grant_to_status_frames(gt->nr_frames));
        if ( rc && rc != -ERESTART && gt->nr_status )
        {
            gt->dropped_for = rc;
            drop_status_locked(gt);
            rc = gt->dropping ? -ERESTART : rc;
        }
        if ( rc )
            return rc;
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(e) && !rc; i++ )
    {
        read_reserved_locked(gt, i, &e[i]);
        if ( version == 1 )
            rc = to_v1(&e[i]);
    }
    if ( rc )
        return rc;
    if ( version == 1 )
    {
        if ( status_frames_held_locked(gt) )
            return -EBUSY;
        gt->dropped_for = 0;
        drop_status_locked(gt); /* unreachable in version 1 */
    }

    gt->version = version;
    gt->usable = 1;
    clean_frame_locked(gt, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(e); i++ )
        write_reserved_locked(gt, i, &e[i]);
    return -ERESTART;
}

/* One step; -ERESTART: call again. */
static int set_version_locked(struct domain *d, unsigned int version)
{
    struct grant_table *gt = d->grant;

    if ( !gt->nr_frames )
        return -EBUSY; /* the domain is dead */
    if ( gt->dropping )
    {
        drop_status_locked(gt);
        /* Version 2 could not be had; another vcpu may ask for the other one. */
        return gt->dropping || !gt->dropped_for || version == 1
                   ? -ERESTART : gt->dropped_for;
    }
    if ( gt->usable < gt->nr_frames )
    {
        unsigned int to = min(gt->nr_frames, gt->usable + GNTTAB_STEP);

        while ( gt->usable < to )
            clean_frame_locked(gt, gt->usable++);
        return -ERESTART;
    }
    if ( gt->version == version )
        return 0;
    if ( gt->nr_pinned_unreserved )
        return -EBUSY;
    return switch_locked(d, version);
}

long gnttab_set_version(uint64_t uop)
{
    struct domain *d = current_domain;
    struct grant_table *gt = d->grant;
    gnttab_set_version_t op;
    int rc;

    if ( copy_from_arg(&op, uop) )
        return -EFAULT;
    if ( op.version != 1 && op.version != 2 )
        rc = -EINVAL;
    else if ( op.version > gt->max_version )
        rc = -ENOSYS;
    else
        do
        {
            spin_lock(&gt->lock);
            rc = set_version_locked(d, op.version);
            spin_unlock(&gt->lock);
            if ( rc == -ERESTART && hypercall_preempt_check() )
                return rc;
        } while ( rc == -ERESTART );

    spin_lock(&gt->lock);
    op.version = gt->version;
    spin_unlock(&gt->lock);
    return copy_to_arg(uop, &op) ? -EFAULT : rc;
}

long gnttab_get_version(uint64_t uop)
{
    gnttab_get_version_t op;
    struct domain *d;
    int rc;

    if ( copy_from_arg(&op, uop) )
        return -EFAULT;
    rc = domain_get_any(op.dom, &d);
    if ( rc )
        return rc;
    rc = gnttab_allowed(d) ? 0 : -EPERM;
    spin_lock(&d->grant->lock);
    op.version = d->grant->version;
    spin_unlock(&d->grant->lock);
    domain_put(d);
    if ( !rc && copy_field_to_arg(uop, &op, version) )
        rc = -EFAULT;
    return rc;
}

/* ---- sizes and lists of frames ---- */

/* Take a reference on the domain; NULL, and *status, if that is refused. */
static struct domain *get_allowed(domid_t domid, int16_t *status)
{
    struct domain *d;

    *status = GNTST_bad_domain;
    if ( domain_get_any(domid, &d) )
        return NULL;
    *status = GNTST_okay;
    if ( gnttab_allowed(d) )
        return d;
    *status = GNTST_permission_denied;
    domain_put(d);
    return NULL;
}

/* Where frame numbers go: a 32-bit caller's may have 32 or 64 bits each. */
struct frame_list {
    uint64_t addr;
    const struct compat_layout *layout;
};

#define frame_list_of(h)                                                     \
    (&(struct frame_list){ handle_addr(h), compat_layout_of_handle(h) })

/*
 * Write the mfns of the first nr frames of a to the guest's list; ~0 for a
 * translated domain, which has no numbers for frames that it has not mapped.
 * A fault is reported in *status as GNTST_bad_virt_addr.  -ERESTART: *done
 * steps of GNTTAB_STEP frames are done.
 */
static long list_frames(struct domain *d, const struct ptr_array *a,
                        const struct frame_list *list, unsigned int nr,
                        unsigned int *done, int16_t *status)
{
    uint64_t batch[GNTTAB_STEP];
    unsigned int first = *done;

    for ( unsigned int i; (i = *done * GNTTAB_STEP) < nr; ++*done )
    {
        unsigned int n = min(nr - i, (unsigned int)GNTTAB_STEP);

        if ( *done != first && hypercall_preempt_check() )
            return -ERESTART;
        spin_lock(&d->grant->lock);
        for ( unsigned int j = 0; j < n; j++ )
        {
            /* set_version or the domain's death may have dropped frames. */
            const struct page *pg = ptr_array_get(a, i + j);

            batch[j] = d->translated || !pg ? ~0UL : mfn_x(page_to_mfn(pg));
        }
        spin_unlock(&d->grant->lock);
        if ( guest_out(list->layout, sizeof(*batch), list->addr, i, batch, n) )
        {
            *status = GNTST_bad_virt_addr;
            return 0;
        }
    }
    *status = GNTST_okay;
    return 0;
}

static unsigned int done_of(const struct hypercall *hc)
{
    return (unsigned int)hc->a[0] >> GNTTABOP_DONE_SHIFT;
}

static long give_way(struct hypercall *hc, unsigned int done)
{
    hc->a[0] = (hc->a[0] & GNTTABOP_CMD_MASK) |
               (unsigned long)done << GNTTABOP_DONE_SHIFT;
    return -ERESTART;
}

static long setup_table(struct domain *d, gnttab_setup_table_t *op,
                        unsigned int *done)
{
    struct grant_table *gt = d->grant;
    int rc;

    op->status = GNTST_general_error;
    if ( op->nr_frames > gt->max_frames )
        return 0;
    do
    {
        rc = gnttab_grow_step(d, op->nr_frames);
        if ( rc == -ERESTART && hypercall_preempt_check() )
            return rc;
    } while ( rc == -ERESTART );
    return rc ? 0 : list_frames(d, &gt->shared, frame_list_of(op->frame_list),
                                op->nr_frames, done, &op->status);
}

long gnttab_setup_table(struct hypercall *hc)
{
    unsigned int done = done_of(hc);
    uint64_t uop = hc->a[1];
    gnttab_setup_table_t op;
    struct domain *d;
    long rc = 0;

    if ( (unsigned int)hc->a[2] != 1 )
        return -EINVAL;
    if ( copy_from_arg(&op, uop) )
        return -EFAULT;
    d = get_allowed(op.dom, &op.status);
    if ( d )
    {
        rc = setup_table(d, &op, &done);
        domain_put(d);
    }
    if ( rc )
        return give_way(hc, done);
    return copy_field_to_arg(uop, &op, status) ? -EFAULT : 0;
}

long gnttab_query_size(uint64_t uop, unsigned int count)
{
    gnttab_query_size_t op;
    struct domain *d;

    if ( count != 1 )
        return -EINVAL;
    if ( copy_from_arg(&op, uop) )
        return -EFAULT;
    d = get_allowed(op.dom, &op.status);
    if ( d )
    {
        spin_lock(&d->grant->lock);
        op.nr_frames = d->grant->nr_frames;
        op.max_nr_frames = d->grant->max_frames;
        spin_unlock(&d->grant->lock);
        domain_put(d);
    }
    return copy_to_arg(uop, &op) ? -EFAULT : 0;
}

static long status_frames(struct domain *d, gnttab_get_status_frames_t *op,
                          unsigned int *done)
{
    struct grant_table *gt = d->grant;
    unsigned int have;

    spin_lock(&gt->lock);
    have = gt->version == 2 ? gt->nr_status : 0;
    spin_unlock(&gt->lock);
    op->status = GNTST_general_error;
    return op->nr_frames > have
               ? 0 : list_frames(d, &gt->status, frame_list_of(op->frame_list),
                                 op->nr_frames, done, &op->status);
}

long gnttab_get_status_frames(struct hypercall *hc)
{
    unsigned int done = done_of(hc);
    uint64_t uop = hc->a[1];
    gnttab_get_status_frames_t op;
    struct domain *d;
    long rc = 0;

    if ( (unsigned int)hc->a[2] != 1 )
        return -EINVAL;
    if ( copy_from_arg(&op, uop) )
        return -EFAULT;
    d = get_allowed(op.dom, &op.status);
    if ( d )
    {
        rc = status_frames(d, &op, &done);
        domain_put(d);
    }
    if ( rc )
        return give_way(hc, done);
    return copy_field_to_arg(uop, &op, status) ? -EFAULT : 0;
}
