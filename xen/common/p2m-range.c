/* SPDX-License-Identifier: MIT */
/*
 * Many frames in a row: entries of 2 MiB and 1 GiB.  The rules are those of
 * p2m.c.  A large entry may replace a table: the table is unlinked by one
 * store, flushed once for its whole range, and emptied without the lock.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

/*
 * p2m_pt_make() under the lock; -EINVAL also for a range that is empty, beyond
 * P2M_GFN_LIMIT, or of a dying domain.
 */
static int make_tables(struct domain *d, gfn_t gfn, mfn_t mfn, uint64_t nr,
                       unsigned int most)
{
    int rc = -EINVAL;

    if ( !p2m_in_range(&d->p2m, gfn_x(gfn)) || !nr ||
         nr > P2M_GFN_LIMIT - gfn_x(gfn) )
        return -EINVAL;
    spin_lock(&d->p2m.lock);
    if ( !domain_is_dying(d) )
        rc = p2m_pt_make(&d->p2m, gfn_x(gfn), mfn_x(mfn), nr, most);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int p2m_prepare(struct domain *d, gfn_t gfn, uint64_t nr)
{
    return make_tables(d, gfn, _mfn(0), nr, 0);
}

unsigned int p2m_max_order(void)
{
    return arch_p2m_max_order();
}

/* Foreign and granted frames are mapped by entries of level 0 only. */
static unsigned int largest_level(enum p2m_type type)
{
    return p2m_is_ram(type) || type == P2M_MMIO_DIRECT
               ? p2m_max_order() / P2M_LEVEL_BITS : 0;
}

/* Can [gfn, gfn + nr) lead to frames of this type from mfn on at all? */
static bool can_lead(const struct domain *d, gfn_t gfn, mfn_t mfn,
                     uint64_t nr, enum p2m_type type)
{
    uint64_t limit = p2m_has_page(type) ? nr_frames : P2M_MFN_LIMIT;

    return p2m_in_range(&d->p2m, gfn_x(gfn)) && nr &&
           nr <= P2M_GFN_LIMIT - gfn_x(gfn) && p2m_has_frame(type) &&
           mfn_x(mfn) < limit && nr <= limit - mfn_x(mfn);
}

/*
 * Is there neither an entry nor a table for the gfns that an entry of this
 * level at gfn covers?  Lock held.
 */
static bool is_empty(struct p2m *p2m, gfn_t gfn, unsigned int level)
{
    unsigned int at;

    return p2m_pt_get(p2m, gfn_x(gfn), &at).type == P2M_NONE && at >= level;
}

static int set_order(struct domain *d, gfn_t gfn, mfn_t mfn,
                     unsigned int order, enum p2m_type type, bool only_empty)
{
    unsigned int level = order / P2M_LEVEL_BITS;
    struct p2m *p2m = &d->p2m;
    uint64_t nr, pods, old = 0;
    struct list tables;
    int rc = -EINVAL;

    if ( order % P2M_LEVEL_BITS || level > largest_level(type) )
        return -EINVAL;
    nr = p2m_span(level);
    if ( p2m_pt_fit(gfn_x(gfn), mfn_x(mfn), nr, level) != level ||
         !can_lead(d, gfn, mfn, nr, type) )
        return -EINVAL;
    if ( !level )
        return only_empty
                   ? p2m_set_over(d, gfn, p2m_type_bit(P2M_NONE), mfn, type)
                   : p2m_set(d, gfn, mfn, type);

    spin_lock(&p2m->lock);
    if ( only_empty && !is_empty(p2m, gfn, level) )
        rc = -EBUSY;
    else if ( !domain_is_dying(d) )
        rc = p2m_pt_make(p2m, gfn_x(gfn), mfn_x(mfn), nr, level);
    if ( !rc )
    {
        old = p2m_pt_exchange(p2m, gfn_x(gfn), level,
                              p2m_entry(mfn, type));
        p2m->max_gfn = max(p2m->max_gfn, gfn_x(gfn) + nr - 1);
    }
    spin_unlock(&p2m->lock);
    if ( old )
    {
        list_init(&tables);
        arch_p2m_flush(d, gfn, nr);
        pods = p2m_pt_drop(old, level, &tables);
        p2m_pool_give_back(d, &tables);
        spin_lock(&p2m->lock);
        WRITE_ONCE(p2m->pod.entries, p2m->pod.entries - pods);
        spin_unlock(&p2m->lock);
    }
    return rc;
}

int p2m_set_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                  enum p2m_type type)
{
    return set_order(d, gfn, mfn, order, type, false);
}

int p2m_fill_order(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                   enum p2m_type type)
{
    return set_order(d, gfn, mfn, order, type, true);
}

bool p2m_is_blank(struct domain *d, gfn_t gfn, unsigned int order)
{
    unsigned int level = order / P2M_LEVEL_BITS;
    bool blank;

    if ( order % P2M_LEVEL_BITS || order > p2m_max_order() ||
         !p2m_in_range(&d->p2m, gfn_x(gfn)) ||
         (gfn_x(gfn) & (p2m_span(level) - 1)) )
        return false;
    spin_lock(&d->p2m.lock);
    blank = !p2m_pt_any(&d->p2m, gfn_x(gfn), level);
    spin_unlock(&d->p2m.lock);
    return blank;
}

int p2m_prepare_range(struct domain *d, gfn_t gfn, uint64_t at, uint64_t nr)
{
    return make_tables(d, gfn_add(gfn, at), _mfn(at), nr,
                           largest_level(P2M_RAM_RW));
}

/* The level of the next entry: above 1 only where no table must be freed. */
static unsigned int next_level(struct domain *d, gfn_t gfn, mfn_t mfn,
                               uint64_t nr, unsigned int most)
{
    unsigned int level = p2m_pt_fit(gfn_x(gfn), mfn_x(mfn), nr, most);

    if ( level > 1 && !p2m_is_blank(d, gfn, level * P2M_LEVEL_BITS) )
        level = 1;
    return level;
}

int p2m_map_range(struct domain *d, gfn_t gfn, mfn_t mfn, uint64_t nr,
                  enum p2m_type type, uint64_t *done)
{
    unsigned int most = largest_level(type);
    uint64_t end = nr;
    int rc = 0;

    if ( !can_lead(d, gfn, mfn, nr, type) )
        return -EINVAL;
    if ( *done == 0 )
        rc = make_tables(d, gfn, mfn, nr, most);
    /* One level 0 table, or one large entry, between preemption checks. */
    if ( nr - *done > p2m_span(1) )
        end = *done + p2m_span(1);
    while ( !rc && *done < end )
    {
        gfn_t g = gfn_add(gfn, *done);
        mfn_t m = mfn_add(mfn, *done);
        unsigned int level = next_level(d, g, m, nr - *done, most);

        rc = p2m_set_order(d, g, m, level * P2M_LEVEL_BITS, type);
        *done += rc ? 0 : p2m_span(level);
    }
    return rc || *done >= nr ? rc : -ERESTART;
}
