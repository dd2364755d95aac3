/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy: bytes from page to page.  A page is named by a grant, or by
 * frame number if the page is the caller's own.
 *
 * During one copy each side's grant is pinned, or its page held by a
 * reference.  The order of checks is Xen's: both domains, the source, the
 * destination, and only then the offsets.
 */
#include "gnttab-private.h"

#include <hv/guest-access.h>

#include <pv-mm/pv-mm.h>

struct side {
    struct domain *d;
    struct page *page;
    bool by_ref;
    grant_ref_t ref;
    uint64_t frame; /* not by_ref */
    unsigned int pins;
    unsigned int start, length; /* the part of the page that is granted */
};

/* Only DOMID_SELF's memory is named by frame number. */
static int16_t find_domain(const struct gnttab_copy_ptr *ptr, struct side *s)
{
    if ( ptr->domid != DOMID_SELF && !s->by_ref )
        return GNTST_permission_denied;
    return domain_get_any(ptr->domid, &s->d) ? GNTST_bad_domain : GNTST_okay;
}

static bool writes(const struct side *s)
{
    return s->pins == PIN_BIT(PIN_HOST_W);
}

static int16_t claim(const struct gnttab_copy_ptr *ptr, struct side *s)
{
    struct pinned pinned;
    int16_t rc;

    if ( !s->by_ref )
    {
        s->start = 0;
        s->length = PAGE_SIZE;
        s->frame = ptr->u.gmfn;
        s->page = gnttab_own_page(s->d, ptr->u.gmfn,
                                  writes(s), NULL);
        if ( s->page && s->d->pv && writes(s) && !pv_get_writable(s->page) )
        {
            page_put(s->page);
            s->page = NULL;
        }
        return s->page ? GNTST_okay : GNTST_bad_page;
    }
    rc = gnttab_pin(s->d, ptr->u.ref, current_domain->domain_id, s->pins,
                    false, &pinned);
    if ( rc )
        return rc;
    s->ref = ptr->u.ref;
    s->page = pinned.page;
    s->start = pinned.start;
    s->length = pinned.length;
    return GNTST_okay;
}

static void release(struct side *s)
{
    if ( s->page && s->by_ref )
        gnttab_unpin(s->d, s->ref, s->pins);
    else if ( s->page )
    {
        if ( writes(s) )
            log_dirty_mark(s->d, s->frame);
        if ( s->d->pv && writes(s) )
            pv_put_writable(s->page);
        page_put(s->page);
    }
    if ( s->d )
        domain_put(s->d);
}

static bool in_part(const struct side *s, unsigned int offset,
                    unsigned int len)
{
    return offset >= s->start && offset + len <= s->start + s->length;
}

static int16_t copy_bytes(const gnttab_copy_t *op, const struct side *src,
                          const struct side *dst)
{
    unsigned int from = op->source.offset, to = op->dest.offset;

    if ( from + op->len > PAGE_SIZE || to + op->len > PAGE_SIZE )
        return GNTST_bad_copy_arg;
    if ( !in_part(src, from, op->len) || !in_part(dst, to, op->len) )
        return GNTST_general_error;
    memmove((char *)page_to_virt(dst->page) + to,
            (const char *)page_to_virt(src->page) + from, op->len);
    return GNTST_okay;
}

static int16_t copy_one(const gnttab_copy_t *op)
{
    struct side src = { .by_ref = op->flags & GNTCOPY_source_gref,
                        .pins = PIN_BIT(PIN_HOST_R) };
    struct side dst = { .by_ref = op->flags & GNTCOPY_dest_gref,
                        .pins = PIN_BIT(PIN_HOST_W) };
    int16_t rc = find_domain(&op->source, &src);

    if ( !rc )
        rc = find_domain(&op->dest, &dst);
    if ( !rc )
        rc = claim(&op->source, &src);
    if ( !rc )
        rc = claim(&op->dest, &dst);
    if ( !rc )
        rc = copy_bytes(op, &src, &dst);
    release(&dst);
    release(&src);
    return rc;
}

long gnttab_copy(uint64_t uop, unsigned int count)
{
    gnttab_copy_t op;

    for ( unsigned int i = 0; i < count; i++, uop += guest_sizeof(op) )
    {
        if ( i && hypercall_preempt_check() )
            return i;
        if ( copy_from_arg(&op, uop) )
            return -EFAULT;
        op.status = copy_one(&op);
        if ( copy_field_to_arg(uop, &op, status) )
            return -EFAULT;
    }
    return 0;
}
