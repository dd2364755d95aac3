/* SPDX-License-Identifier: MIT */
/*
 * Writing one entry of a table: the references of the new entry are taken, the
 * entry is written, the references of the old one are dropped.
 *
 * Processors set accessed and dirty bits of L1 to L4 entries at any time, so the
 * old value is what the exchange returns.
 */
#include "pv-private.h"

#define AD_BITS (PTE_A | PTE_D)

struct update {
    struct domain *d, *owner;
    struct page *table; /* held */
    uint64_t *entry;
    unsigned int index; /* of the entry in the table */
    uint64_t value;
    unsigned int flags; /* PV_* */
    bool compare;       /* write only if the entry is `old` */
    uint64_t old;       /* the entry before */
    struct page *target; /* held: `value` named it by a gfn of the owner's */
};

static void set_place(struct update *u, struct page *table, unsigned int index)
{
    u->table = table;
    u->index = index;
    u->entry = (uint64_t *)page_to_virt(table) + index;
}

/* False: the entry is not what it was expected to be. */
static bool write_entry(struct update *u, uint64_t value)
{
    uint64_t expected = u->old;

    u->old = READ_ONCE(*u->entry);
    do {
        if ( u->compare && u->old != expected )
            return false;
    } while ( !atomic_cmpxchg(u->entry, &u->old,
                              u->flags & PV_PRESERVE_AD
                                  ? value | (u->old & AD_BITS) : value) );
    return true;
}

/* ---- L1 ---- */

/* Does `value` have a gfn where the processor is to see an mfn? */
static bool has_gfn(const struct update *u)
{
    return (u->value & PTE_P) && u->owner && u->owner->translated &&
           !(u->flags & PV_NO_TRANSLATE);
}

static const struct domain *io_domain(const struct update *u)
{
    if ( u->owner )
        return u->owner;
    return u->flags & PV_CALLER_IO ? current_domain : NULL;
}

static int update_l1(struct update *u)
{
    uint64_t value = u->value;

    if ( value & PTE_P )
    {
        int rc;

        /* The page became an L1 table only after find_target(). */
        if ( has_gfn(u) && !u->target )
            return -EINVAL;
        rc = entry_get_l1(u->d, u->owner, io_domain(u), u->target, &value);

        u->target = NULL;
        if ( rc )
            return rc;
    }
    if ( !write_entry(u, value) )
    {
        if ( value & PTE_P )
            entry_put_l1(u->d, value);
        return -EAGAIN;
    }
    if ( u->old & PTE_P )
        entry_put_l1(u->d, u->old);
    return 0;
}

/*
 * An L1 entry for a page of a translated domain, named by its gfn: look it up
 * before the lock of the tables is taken.
 */
static int find_target(struct update *u)
{
    enum p2m_type t;

    if ( !has_gfn(u) || (u->table && pv_type(u->table) != PV_L1) )
        return 0;
    u->target = p2m_get_page(u->owner, _gfn(mfn_x(entry_mfn(u->value))), &t);
    if ( !u->target )
        return -EINVAL;
    if ( p2m_is_ram(t) && (p2m_is_writable(t) || !(u->value & PTE_RW)) )
    {
        u->value = (u->value & ~PTE_ADDRESS) |
                   mfn_x(page_to_mfn(u->target)) << PAGE_SHIFT;
        return 0;
    }
    return -EINVAL;
}

/* ---- L2 to L4 ---- */

/* Only bits that refer to nothing change: the table below stays. */
static bool same_table(uint64_t a, uint64_t b)
{
    return (a & b & PTE_P) && !((a ^ b) & PTE_ADDRESS);
}

static int update_table(struct update *u, unsigned int level, bool *done)
{
    uint64_t value = u->value;
    struct page *below = NULL;
    bool same = same_table(value, READ_ONCE(*u->entry));
    int rc;

    if ( is_hv_slot(level, u->index) ||
         ((value & PTE_P) && !entry_check_table(&value)) )
        return -EINVAL;
    if ( (value & PTE_P) && !same )
    {
        rc = pv_get_table(u->d, entry_mfn(value), level - 1, &below);
        if ( rc )
            return rc;
        /* The lock may have been dropped meanwhile. */
        if ( pv_type(u->table) != level || !pv_is_valid(u->table) )
        {
            rc = pv_put_table(u->d, below);
            return rc ? rc : -EINVAL;
        }
    }
    *done = write_entry(u, value); /* always: nothing is compared */
    if ( !(u->old & PTE_P) || same )
        return 0;
    below = mfn_to_page(entry_mfn(u->old));
    frame_stale(below);
    return pv_put_table(u->d, below);
}

/* ---- a page that is no table ---- */

static int update_data(struct update *u)
{
    if ( !pv_get_writable(u->table) )
        return -EINVAL;
    u->flags &= ~(unsigned int)PV_PRESERVE_AD; /* it has no such bits */
    (void)write_entry(u, u->value);
    pv_put_writable(u->table);
    return 0;
}

static int update_locked(struct update *u, bool *done)
{
    enum pv_type t = pv_type(u->table);
    int rc = -EINVAL;

    if ( page_is_claimed(u->table) )
        return -EINVAL;
    switch ( t )
    {
    case PV_L1:
        rc = update_l1(u);
        break;
    case PV_L2:
    case PV_L3:
    case PV_L4:
        return update_table(u, t, done);
    case PV_NONE:
    case PV_WRITABLE:
        rc = update_data(u);
        break;
    case PV_SEG:
        break;
    }
    *done = !rc;
    return rc;
}

int pv_update(struct domain *d, uint64_t ptr, uint64_t value,
              struct domain *owner, unsigned int flags, bool *done)
{
    struct update u = { .d = d, .owner = owner, .value = value,
                        .flags = flags };
    mfn_t mfn = _mfn(ptr >> PAGE_SHIFT);
    int rc;

    *done = false;
    if ( (ptr & (sizeof(value) - 1)) || !mfn_valid(mfn) )
        return -EINVAL;
    if ( !page_get(mfn_to_page(mfn), d) )
        return -EINVAL;
    set_place(&u, mfn_to_page(mfn),
              (unsigned int)((ptr & ~PAGE_MASK) / sizeof(value)));

    rc = find_target(&u);
    if ( !rc )
        rc = pv_lock_settled(d);
    if ( !rc )
    {
        rc = update_locked(&u, done);
        pv_unlock(d);
    }
    if ( u.target )
        page_put(u.target);
    page_put(u.table);
    return rc;
}

int swap_l1_entry(struct domain *d, struct page *table, unsigned int index,
                  bool compare, uint64_t *old, uint64_t value)
{
    struct update u = { .d = d, .owner = d, .value = value,
                        .compare = compare, .old = *old };
    int rc;

    set_place(&u, table, index);
    rc = update_l1(&u);
    *old = u.old;
    return rc;
}

/* ---- by address ---- */

struct page *find_l1(struct page *l4, uint64_t va, unsigned int *index)
{
    struct page *pg = is_guest_va(va) ? l4 : NULL;

    for ( unsigned int level = PV_L4; pg; level-- )
    {
        unsigned int i = (unsigned int)(va >> (9 * level + 3)) % PV_ENTRIES;
        uint64_t e = READ_ONCE(((uint64_t *)page_to_virt(pg))[i]);

        if ( level == PV_L1 )
        {
            *index = i;
            break;
        }
        pg = e & PTE_P ? mfn_to_page(entry_mfn(e)) : NULL;
    }
    return pg;
}

int pv_update_va(struct vcpu *v, uint64_t va, uint64_t value,
                 struct domain *owner, unsigned int flags)
{
    struct domain *d = v->domain;
    struct update u = { .d = d, .owner = owner, .value = value,
                        .flags = flags };
    struct page *l1;
    unsigned int index;
    int rc = find_target(&u);

    if ( !rc )
        rc = pv_lock_settled(d);
    if ( !rc )
    {
        l1 = find_l1(d->pv->roots[v->vcpu_id].kernel, va, &index);
        if ( l1 )
        {
            set_place(&u, l1, index);
            rc = update_l1(&u);
        }
        else
            rc = -EINVAL;
        pv_unlock(d);
    }
    if ( u.target )
        page_put(u.target);
    return rc;
}

/* ---- granted pages ---- */

#define AVAIL_SHIFT 9
#define AVAIL_MASK 7U

/*
 * Locked.  The entry that `at` names, of a table with a reference that
 * pv_unlock() drops; false: there is none.
 */
static bool find_entry(struct update *u, struct vcpu *v, uint64_t at,
                       bool is_entry)
{
    unsigned int index = (unsigned int)((at & ~PAGE_MASK) / sizeof(at));
    struct page *pg = NULL;

    if ( !is_entry )
        pg = find_l1(u->d->pv->roots[v->vcpu_id].kernel, at, &index);
    else if ( mfn_valid(_mfn(at >> PAGE_SHIFT)) && !(at & (sizeof(at) - 1)) )
        pg = mfn_to_page(_mfn(at >> PAGE_SHIFT));
    if ( !pg || !page_get(pg, u->d) )
        return false;
    pv_put_later(u->d->pv, pg);
    if ( pv_type(pg) != PV_L1 || page_is_claimed(pg) )
        return false;
    set_place(u, pg, index);
    return true;
}

int pv_map_page(struct vcpu *v, uint64_t at, bool is_entry, struct page *pg,
                bool writable, unsigned int avail)
{
    struct update u = {
        .d = v->domain,
        .owner = v->domain,
        .value = (mfn_x(page_to_mfn(pg)) << PAGE_SHIFT) | PTE_P | PTE_A |
                 PTE_D | PTE_US | (writable ? PTE_RW : 0) |
                 (uint64_t)(avail & AVAIL_MASK) << AVAIL_SHIFT,
    };
    int rc = pv_lock_settled(u.d);

    if ( rc )
        return rc;
    rc = -EINVAL;
    if ( find_entry(&u, v, at, is_entry) )
    {
        page_get_more(pg);
        u.target = pg;
        rc = update_l1(&u);
    }
    pv_unlock(u.d);
    return rc;
}

static bool maps(uint64_t e, const struct page *pg, bool writable)
{
    return (e & PTE_P) && mfn_eq(entry_mfn(e), page_to_mfn(pg)) &&
           !(e & PTE_RW) == !writable;
}

int pv_unmap_page(struct vcpu *v, uint64_t at, bool is_entry,
                  const struct page *pg, bool writable)
{
    struct update u = { .d = v->domain, .owner = v->domain, .compare = true };
    int rc = pv_lock_settled(u.d);

    if ( rc )
        return rc;
    rc = -EINVAL;
    if ( find_entry(&u, v, at, is_entry) )
    {
        u.old = READ_ONCE(*u.entry);
        /* The processor may set a bit in between: -EAGAIN. */
        while ( maps(u.old, pg, writable) &&
                (rc = update_l1(&u)) == -EAGAIN )
            continue;
    }
    pv_unlock(u.d);
    if ( !rc )
        pv_machine->flush_since(READ_ONCE(frame_of(pg)->stamp));
    return rc;
}
