/* SPDX-License-Identifier: MIT */
/*
 * Exchange of frames of a reservation for others: for blocks of frames in a row,
 * or at low addresses, that devices can reach.
 *
 * All new frames are allocated, then all old ones are frozen (hv/page.h), so
 * that nobody can refer to them; either fails without a trace.  Then each old
 * frame is replaced by a new one, which cannot fail.
 */
#include "pv-private.h"

uint64_t end_of_bits(unsigned int bits)
{
    if ( bits == 0 || bits >= 64 )
        return UINT64_MAX;
    return bits > PAGE_SHIFT ? 1UL << (bits - PAGE_SHIFT) : 0;
}

void reservation_add(struct domain *d, struct page *pg)
{
    (void)word_set(pg, WORD_OWNED);
    list_add_tail(&pg->link, &d->pv->owned);
}

void reservation_del(struct page *pg)
{
    (void)word_clear(pg, WORD_OWNED);
    list_del(&pg->link);
    m2p_forget(pg);
}

/* ---- the new frames ---- */

static void free_blocks(const uint64_t *out, unsigned int nr,
                        unsigned int order)
{
    for ( unsigned int i = 0; i < nr; i++ )
        for ( unsigned int k = 0; k < 1U << order; k++ )
            page_unreserve(mfn_to_page(_mfn(out[i])) + k, NULL);
}

static int reserve_blocks(uint64_t *out, unsigned int nr, unsigned int order,
                          unsigned int bits)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct page *pg = page_reserve_below(NULL, order, end_of_bits(bits));

        if ( !pg )
        {
            free_blocks(out, i, order);
            return -ENOMEM;
        }
        out[i] = mfn_x(page_to_mfn(pg));
    }
    return 0;
}

/* ---- the old frames ---- */

static void thaw(const uint64_t *in, unsigned int nr)
{
    while ( nr-- )
        page_thaw(mfn_to_page(_mfn(in[nr])));
}

/* In the reservation, whose reference is the only one.  Not: named twice. */
static bool freeze_one(struct domain *d, mfn_t mfn)
{
    struct page *pg;
    bool owned;

    if ( !mfn_valid(mfn) || !page_get(mfn_to_page(mfn), d) )
        return false;
    pg = mfn_to_page(mfn);
    owned = word_has(pg, WORD_OWNED);
    if ( !owned )
        pv_put_later(d->pv, pg);
    else
        page_put(pg);
    return owned && page_freeze(pg);
}

static int freeze(struct domain *d, const uint64_t *in, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
        if ( !freeze_one(d, _mfn(in[i])) )
        {
            thaw(in, i);
            return -EINVAL;
        }
    return 0;
}

static void swap(struct domain *d, struct page *old, struct page *pg)
{
    pv_machine->flush_since(READ_ONCE(frame_of(pg)->stamp));
    reservation_del(old);
    page_swap(old, pg);
    reservation_add(d, pg);
}

static int exchange_locked(struct domain *d, const uint64_t *in,
                           unsigned int nr, unsigned int order,
                           unsigned int bits, uint64_t *out)
{
    int rc;

    /* New frames of a dying domain would outlive pv_domain_relinquish(). */
    if ( domain_is_dying(d) )
        return -EINVAL;
    rc = reserve_blocks(out, nr >> order, order, bits);
    if ( rc )
        return rc;
    rc = freeze(d, in, nr);
    if ( rc )
    {
        free_blocks(out, nr >> order, order);
        return rc;
    }
    for ( unsigned int i = 0; i < nr; i++ )
        swap(d, mfn_to_page(_mfn(in[i])),
             mfn_to_page(_mfn(out[i >> order])) + (i & ((1U << order) - 1)));
    return 0;
}

int pv_exchange(struct domain *d, const uint64_t *in, unsigned int nr,
                unsigned int order, unsigned int bits, uint64_t *out)
{
    int rc;

    if ( nr > PV_MAX_EXCHANGE || order > 9 ||
         nr & ((1U << order) - 1) )
        return -EINVAL;
    rc = pv_lock_settled(d);
    if ( rc )
        return rc;
    rc = exchange_locked(d, in, nr, order, bits, out);
    pv_unlock(d);
    return rc;
}
