/* SPDX-License-Identifier: MIT */
/* What keeps tables valid: pins, and the vcpus' roots. */
#include "pv-private.h"

int pv_pin(struct domain *d, mfn_t mfn, unsigned int level)
{
    struct page *pg;
    int rc;

    if ( level < PV_L1 || level > PV_L4 )
        return -EINVAL;
    rc = pv_lock_settled(d);
    if ( rc )
        return rc;
    rc = pv_get_table(d, mfn, level, &pg);
    /* Pins end with the reservation: none on a page that has left it. */
    if ( !rc && (!word_has(pg, WORD_OWNED) || !word_set(pg, WORD_PINNED)) )
    {
        /* -ERESTART is no answer here: the next operation does the work. */
        rc = pv_put_table(d, pg);
        rc = -EINVAL;
    }
    pv_unlock(d);
    return rc;
}

int pv_unpin(struct domain *d, mfn_t mfn, bool *done)
{
    struct page *pg;
    int rc;

    *done = false;
    if ( !mfn_valid(mfn) )
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if ( !page_get(pg, d) )
        return -EINVAL;
    rc = pv_lock_settled(d);
    if ( !rc )
    {
        rc = -EINVAL;
        if ( word_clear(pg, WORD_PINNED) )
        {
            *done = true;
            rc = pv_put_table(d, pg);
        }
        pv_unlock(d);
    }
    page_put(pg);
    return rc;
}

/* Programs are not to see the m2p: of a root of both kinds the last one counts. */
static void show_m2p(struct page *l4, bool user)
{
    uint64_t *slot = (uint64_t *)page_to_virt(l4) + PV_FIRST_HV_SLOT;

    WRITE_ONCE(*slot, user ? 0 : pv_machine->m2p_slot);
}

int pv_set_root(struct vcpu *v, mfn_t mfn, bool user, bool *done)
{
    struct domain *d = v->domain;
    struct page **root, *pg = NULL, *old;
    int rc;

    *done = false;
    rc = pv_lock_settled(d);
    if ( rc )
        return rc;
    if ( !mfn_x(mfn) && !user )
        rc = -EINVAL;
    else if ( mfn_x(mfn) )
        rc = pv_get_table(d, mfn, PV_L4, &pg);
    if ( !rc )
    {
        root = user ? &d->pv->roots[v->vcpu_id].user
                    : &d->pv->roots[v->vcpu_id].kernel;
        old = *root;
        *root = pg;
        *done = true;
        if ( pg )
            show_m2p(pg, user);
        pv_machine->load_root(v);
        if ( old )
        {
            frame_stale(old);
            rc = pv_put_table(d, old);
        }
    }
    pv_unlock(d);
    return rc;
}
