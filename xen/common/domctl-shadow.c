/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_shadow_op: the log of a domain's dirty frames, by which a toolstack
 * moves a running domain, and the paging pool under its older name.
 *
 * Starting, reading and ending the log give way and start again with the same
 * structure; how far they are is in the log (hv/log-dirty.h).
 */
#include <hv/guest-access.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "domctl-private.h"

#define MB_PAGES (1UL << (20 - PAGE_SHIFT))
/* Frames that Xen's log can have: four levels of pages. */
#define LOG_FRAMES (1UL << 42)

/* ---- reading the log ---- */

/* What was reported to nobody is reported again. */
static void mark_again(struct domain *d, uint64_t gfn,
                       const uint8_t bits[LOG_DIRTY_STEP / 8])
{
    for ( unsigned int i = 0; i < LOG_DIRTY_STEP; i++ )
        if ( bits[i / 8] >> i % 8 & 1 )
            log_dirty_mark(d, gfn + i);
}

/* Frames from gfn on, to the caller's bitmap. */
static long read_some(struct domctl *c, bool clean, uint64_t gfn, uint64_t nr)
{
    uint64_t to = handle_addr(c->op.u.shadow_op.dirty_bitmap);
    uint8_t bits[LOG_DIRTY_STEP / 8];

    log_dirty_all_step(c->d, clean, gfn, nr, bits);
    if ( !guest_copy_out(to + gfn / 8, bits, DIV_ROUND_UP(nr, 8)) )
        return 0;
    if ( clean )
        mark_again(c->d, gfn, bits);
    return -EFAULT;
}

static long read_log(struct domctl *c, bool clean)
{
    struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    uint64_t pages = min((uint64_t)op->pages, LOG_FRAMES), at;
    long rc = log_dirty_all_read(c->d, clean, &at, &op->stats.dirty_count);

    while ( !rc && at < pages )
    {
        uint64_t nr = min(pages - at, (uint64_t)LOG_DIRTY_STEP);

        rc = read_some(c, clean, at, nr);
        at += nr;
        if ( !rc && at < pages && hypercall_preempt_check() )
        {
            log_dirty_all_give_way(c->d, clean, at);
            return -ERESTART;
        }
    }
    if ( rc != -EBUSY )
        log_dirty_all_end(c->d);
    op->pages = pages;
    return rc;
}

/* The numbers are all that is asked for, or that the log is clean. */
static long read_numbers(struct domctl *c, bool clean)
{
    struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    uint64_t at;

    if ( clean )
        return log_dirty_all_clean(c->d, op->pages, &op->stats.dirty_count);
    return log_dirty_all_read(c->d, false, &at, &op->stats.dirty_count);
}

static long read(struct domctl *c, bool clean)
{
    struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    long rc = handle_is_null(op->dirty_bitmap) ? read_numbers(c, clean)
                                               : read_log(c, clean);

    op->stats.fault_count = 0; /* of shadow page tables, which are not used */
    c->copyback = !rc;
    return rc;
}

/* ---- the pool ---- */

static long pool(struct domctl *c)
{
    struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    long rc = 0;

    if ( op->op == XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION )
        rc = domctl_pool_set(c->d, op->mb * MB_PAGES);
    if ( !rc )
    {
        op->mb = (uint32_t)DIV_ROUND_UP(domctl_pool_pages(c->d), MB_PAGES);
        c->copyback = true;
    }
    return rc;
}

long domctl_shadow_op(struct domctl *c)
{
    const struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
    bool clean = op->op == XEN_DOMCTL_SHADOW_OP_CLEAN;

    if ( !c->d->translated || c->d == current_domain )
        return -EINVAL;
    if ( domain_is_dying(c->d) )
        return 0;
    if ( !domain_vcpu(c->d, 0) )
        return -EINVAL;
    switch ( op->op )
    {
    case XEN_DOMCTL_SHADOW_OP_ENABLE:
        if ( !(op->mode & XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY) )
            return -EINVAL;
        return log_dirty_all_start(c->d);
    case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
        return log_dirty_all_start(c->d);
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return log_dirty_all_stop(c->d);
    case XEN_DOMCTL_SHADOW_OP_CLEAN:
    case XEN_DOMCTL_SHADOW_OP_PEEK:
        if ( op->mode & ~XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL )
            return -EINVAL;
        return read(c, clean);
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        return pool(c);
    default:
        return -EINVAL;
    }
}
