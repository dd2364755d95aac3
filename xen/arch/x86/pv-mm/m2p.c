/* SPDX-License-Identifier: MIT */
/*
 * The machine-to-physical table: guests read there what the owner of a frame
 * calls it.  Only frames in a reservation have an entry, so nothing is left of
 * an entry when the frame goes to another domain.
 */
#include "pv-private.h"

int pv_set_m2p(struct domain *d, mfn_t mfn, uint64_t value)
{
    struct page *pg;
    int rc = -EINVAL;

    if ( !mfn_valid(mfn) )
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if ( !page_get(pg, d) )
        return -EINVAL;
    spin_lock(&d->pv->lock);
    if ( word_has(pg, WORD_OWNED) )
    {
        WRITE_ONCE(pv_machine->m2p[mfn_x(mfn)], value);
        rc = 0;
    }
    spin_unlock(&d->pv->lock);
    page_put(pg);
    return rc;
}
