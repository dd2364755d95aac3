/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_*: the dispatcher, and the operations that are refused.
 *
 * There are two results: the hypercall's own (-EFAULT, -EINVAL, ...) and a
 * GNTST_* status in each structure of a batch.  A batch that is preempted
 * advances the pointer and the count in the hypercall's arguments past the
 * structures that are done, as Xen does.
 *
 *   GNTTABOP_transfer    -ENOSYS: pages do not change owner
 *   GNTTABOP_dump_table  -ENOSYS, as in Xen
 *   GNTTABOP_cache_flush -EOPNOTSUPP, after Xen's checks of the arguments
 */
#include "gnttab-private.h"

#include <hv/array.h>
#include <hv/guest-access.h>

struct batch_op {
    long (*handler)(uint64_t uop, unsigned int count);
    size_t size;
    const struct compat_layout *layout;
};

#define OP(cmd, handler, s)                                                  \
    [GNTTABOP_##cmd] = { handler, sizeof(struct s),                        \
                         compat_layout_of((struct s *)NULL) }

static const struct batch_op batch_ops[] = {
    OP(map_grant_ref, gnttab_map, gnttab_map_grant_ref),
    OP(unmap_grant_ref, gnttab_unmap, gnttab_unmap_grant_ref),
    OP(unmap_and_replace, gnttab_unmap_and_replace, gnttab_unmap_and_replace),
    OP(copy, gnttab_copy, gnttab_copy),
    OP(swap_grant_ref, gnttab_swap_grant_ref, gnttab_swap_grant_ref),
    OP(cache_flush, gnttab_cache_flush, gnttab_cache_flush),
};

static long run_batch(struct hypercall *hc, const struct batch_op *op,
                      unsigned int count)
{
    long rc = op->handler(hc->a[1], count);

    if ( rc <= 0 )
        return rc;
    ASSERT(rc < count);
    hc->a[1] += (unsigned long)rc * guest_size(op->layout, op->size);
    hc->a[2] = count - (unsigned int)rc;
    return -ERESTART;
}

/* In cmd, above its number; of cache_flush that is Xen's. */
static bool keeps_progress(unsigned int cmd)
{
    cmd &= GNTTABOP_CMD_MASK;
    return cmd == GNTTABOP_cache_flush || cmd == GNTTABOP_setup_table ||
           cmd == GNTTABOP_get_status_frames;
}

long do_grant_table_op(struct hypercall *hc)
{
    unsigned int cmd = (unsigned int)hc->a[0];
    unsigned int count = (unsigned int)hc->a[2];
    uint64_t uop = hc->a[1];
    const struct batch_op *op;

    if ( (int)count < 0 )
        return -EINVAL;
    if ( (cmd & ~GNTTABOP_CMD_MASK) && !keeps_progress(cmd) )
        return -EINVAL;
    cmd &= GNTTABOP_CMD_MASK;

    switch ( cmd )
    {
    case GNTTABOP_setup_table:
        return gnttab_setup_table(hc);

    case GNTTABOP_query_size:
        return gnttab_query_size(uop, count);

    case GNTTABOP_set_version:
        return gnttab_set_version(uop);

    case GNTTABOP_get_version:
        return gnttab_get_version(uop);

    case GNTTABOP_get_status_frames:
        return gnttab_get_status_frames(hc);

    default:
        if ( cmd >= ARRAY_SIZE(batch_ops) )
            return -ENOSYS;
        op = &array_at(batch_ops, cmd);
        return op->handler ? run_batch(hc, op, count) : -ENOSYS;
    }
}

/* ---- swap_grant_ref ---- */

static void swap_words(uint64_t *a, uint64_t *b)
{
    uint64_t word = READ_ONCE(*a);

    WRITE_ONCE(*a, READ_ONCE(*b));
    WRITE_ONCE(*b, word);
}

static bool is_pinned_locked(const struct grant_table *gt, grant_ref_t ref)
{
    const struct active_entry *act = active_entry_locked(gt, ref);

    return act && pin_flags(act);
}

static int16_t swap_locked(struct grant_table *gt, grant_ref_t a,
                           grant_ref_t b)
{
    if ( a >= nr_entries_locked(gt) || b >= nr_entries_locked(gt) )
        return GNTST_bad_gntref;
    if ( a == b )
        return GNTST_okay;
    if ( is_pinned_locked(gt, a) || is_pinned_locked(gt, b) )
        return GNTST_eagain;

    swap_words(shared_word_locked(gt, a), shared_word_locked(gt, b));
    if ( gt->version == 2 )
    {
        uint16_t *status_a = status_word_locked(gt, a);
        uint16_t *status_b = status_word_locked(gt, b);
        uint16_t status = READ_ONCE(*status_a);

        swap_words(shared_word_locked(gt, a) + 1,
                   shared_word_locked(gt, b) + 1);
        WRITE_ONCE(*status_a, READ_ONCE(*status_b));
        WRITE_ONCE(*status_b, status);
    }
    return GNTST_okay;
}

long gnttab_swap_grant_ref(uint64_t uop, unsigned int count)
{
    struct grant_table *gt = current_domain->grant;
    gnttab_swap_grant_ref_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        spin_lock(&gt->lock);
        op.status = swap_locked(gt, op.ref_a, op.ref_b);
        spin_unlock(&gt->lock);
        if ( copy_field_to_arg(uop, &op, status) )
            return -EFAULT;
    }
    return 0;
}

/* ---- cache_flush ---- */

long gnttab_cache_flush(uint64_t uop, unsigned int count)
{
    const uint32_t ops = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL;
    gnttab_cache_flush_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        if ( op.offset >= PAGE_SIZE || op.length > PAGE_SIZE - op.offset ||
             (op.op & ~ops) )
            return -EINVAL;
        if ( op.length && op.op )
            return -EOPNOTSUPP; /* caches are coherent: no flush is needed */
    }
    return 0;
}
