/* SPDX-License-Identifier: MIT */
/* Memory that a PV domain has from boot: see pv-mm.h. */
#include "pv-private.h"

int pv_adopt(struct domain *d, mfn_t first, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
    {
        struct page *pg = mfn_to_page(_mfn(mfn_x(first) + i));

        if ( !word_set(pg, WORD_OWNED) )
            return -EINVAL;
        spin_lock(&d->pv->lock);
        list_add_tail(&pg->link, &d->pv->owned);
        spin_unlock(&d->pv->lock);
    }
    return 0;
}
