/* SPDX-License-Identifier: MIT */
/*
 * Reservations: a domain gets memory (populate), or gives memory back
 * (decrease), by extents of 2^order pages.
 *
 * An extent is done as a whole or not at all.  The call ends at the first
 * extent that fails, and returns the number of extents done.  In both
 * directions the tables are made first, so an extent cannot fail half way.
 * Populating uses the largest entries that fit, and drops the pages that were
 * mapped there.  Decreasing checks the whole extent first.
 *
 * An operation is preempted within an extent too.  `step` is the progress in
 * the extent; cmd keeps step above the number of extents done:
 *
 *   decreasing    check each part --> remove each part
 *   on demand     check each part --> mark each part
 *   large extents check each part, making its tables --> allocate -->
 *                 clear piece by piece --> map piece by piece
 *                                              | no tables
 *                     nothing <-- drop pieces <+
 *
 * The frames of a large extent are in d->staged until they are mapped.  There
 * is one such block for each domain.  If the caller does not repeat its
 * preempted call, the block stays there, charged to d, until PATIENCE calls for
 * other extents have found it.  staged.busy says that a call works on the block
 * (page_lock).
 *
 * Populating on demand marks entries only: p2m-pod.c gives them memory.
 *
 * A direct-mapped domain's devices use gfns as machine frames: populate gives
 * the domain the frames with these numbers, if they are free.
 *
 * PV guests' memory is in reservation-pv.c.
 *
 * Only translated domains have memory that is accounted by gfn.  A page belongs
 * to its p2m entry, and no page is without one; increase_reservation, which
 * would allocate such pages, does nothing.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/lib.h>
#include <hv/memory.h>

#define MAX_ORDER_CONTROL 18
#define MAX_ORDER_DOMU 9
#define ORDER_AT_ONCE 9 /* cleared and mapped in one go, if not larger */
#define PART 64         /* frames between two preemption checks */

/* Bits for the number of extents that are done; those above are for step. */
#define EXTENT_BITS MEMOP_EXTENT_BITS
#define EXTENT_BITS_32 22 /* leaves 4: enough for MAX_ORDER_DOMU */
_Static_assert((1UL << EXTENT_BITS) > MEMOP_MAX_EXTENTS, "extents share cmd");
_Static_assert(2 * (1UL << MAX_ORDER_DOMU) / PART <=
                   1UL << (32 - MEMOP_CMD_BITS - EXTENT_BITS_32),
               "step shares cmd");

static unsigned int extent_bits(void)
{
    return guest_is_32bit() ? EXTENT_BITS_32 : EXTENT_BITS;
}

static unsigned long max_extents(void)
{
    return min(MEMOP_MAX_EXTENTS + 0UL, (1UL << extent_bits()) - 1);
}

static unsigned int max_order(void)
{
    return is_control_domain(current_domain) && !guest_is_32bit()
               ? MAX_ORDER_CONTROL : MAX_ORDER_DOMU;
}

/* ---- one extent ---- */

static bool replaceable(enum p2m_type t)
{
    return t == P2M_NONE || t == P2M_MMIO_DM || t == P2M_POD || p2m_is_ram(t);
}

static int find_kept(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    (void)d, (void)gfn, (void)arg;
    return replaceable(e.type) ? 0 : -EINVAL;
}

/* Another domain's or a device's frame goes by its own operations only. */
static bool may_populate(struct domain *d, uint64_t gfn, uint64_t nr)
{
    uint64_t end = gfn + nr;
    int rc;

    if ( gfn >= P2M_GFN_LIMIT || nr > P2M_GFN_LIMIT - gfn )
        return false;
    if ( nr == 1 ) /* without the search for the next entry */
        return replaceable(p2m_lookup(d, _gfn(gfn)).type);
    do
        rc = p2m_for_some(d, &gfn, end, find_kept, NULL);
    while ( rc == -ERESTART );
    return !rc;
}

static int populate_small(struct domain *d, uint64_t gfn, unsigned int order)
{
    uint64_t nr = 1UL << order, done = 0;
    struct page *pg;
    int rc;

    if ( !may_populate(d, gfn, nr) )
        return -EINVAL;
    pg = d->direct_mapped ? page_alloc_at(d, _mfn(gfn), order)
                          : page_alloc(d, order, 0);
    if ( !pg )
        return -ENOMEM;
    do
        rc = p2m_map_range(d, _gfn(gfn), page_to_mfn(pg), nr, P2M_RAM_RW,
                           &done);
    while ( rc == -ERESTART );
    /*
     * p2m_map_range() fails after some frames only if d began to die, and then
     * p2m_relinquish() drops these, or if another call changes this range.
     */
    for ( ; done < nr; done++ )
        page_put(pg + done);
    return rc;
}

/* ---- a large extent, step by step ---- */

/* Steps: one for each part of AT_ONCE frames that is checked, then: */
#define AT_ONCE (1UL << ORDER_AT_ONCE)
#define NR_LOOKS(order) ((1UL << (order)) / AT_ONCE)
#define STEP_LOOKED(order) NR_LOOKS(order)
#define STEP_GIVING_UP(order) (NR_LOOKS(order) + 1)
#define NR_LARGE_STEPS(order) (NR_LOOKS(order) + 2)

#define NOBODYS (~0UL)
#define PATIENCE 64 /* calls that wait for another extent's caller */

static bool staged_begin(struct domain *d, struct staged *s)
{
    bool mine;

    spin_lock(&d->page_lock);
    mine = !d->staged.busy;
    if ( mine )
    {
        *s = d->staged;
        d->staged.busy = true;
    }
    spin_unlock(&d->page_lock);
    return mine;
}

static void staged_end(struct domain *d, struct staged *s)
{
    s->busy = false;
    spin_lock(&d->page_lock);
    d->staged = *s;
    spin_unlock(&d->page_lock);
}

/* Drop frames from the end: those not cleared yet, then the others. */
static void drop_some(struct domain *d, struct staged *s)
{
    s->gfn = NOBODYS;
    for ( unsigned int i = 0; i < PART && s->nr > s->mapped; i++ )
    {
        struct page *pg = s->pg + --s->nr;

        if ( s->nr >= s->clean )
            page_unreserve(pg, d);
        else
        {
            s->clean = s->nr;
            page_put(pg);
        }
    }
    if ( s->nr == s->mapped )
        *s = (struct staged){ .gfn = NOBODYS };
}

static void clear_some(struct domain *d, struct staged *s)
{
    for ( unsigned int i = 0; i < PART && s->clean < s->nr; i++ )
        page_begin(s->pg + s->clean++, d);
}

static int map_some(struct domain *d, struct staged *s)
{
    int rc = p2m_map_range(d, _gfn(s->gfn), page_to_mfn(s->pg), s->nr,
                           P2M_RAM_RW, &s->mapped);

    if ( !rc )
        *s = (struct staged){ .gfn = NOBODYS };
    return rc;
}

/*
 * The block is another extent's, whose caller may repeat its call.  Wait for
 * PATIENCE calls before the block is dropped: two callers that dropped each
 * other's block at once would never end.
 */
static void wait_or_drop(struct domain *d, struct staged *s)
{
    if ( s->gfn == NOBODYS || ++s->idle > PATIENCE )
        drop_some(d, s);
}

/* -ERESTART: there is more to do. */
static int advance_large(struct domain *d, uint64_t gfn, unsigned int order,
                         unsigned long *step, struct staged *s)
{
    bool mine = s->nr && s->gfn == gfn && s->order == order;
    int rc;

    if ( *step == STEP_GIVING_UP(order) )
    {
        if ( !mine )
            return -ENOMEM;
        drop_some(d, s);
        return s->nr ? -ERESTART : -ENOMEM;
    }
    if ( s->nr && !mine )
        wait_or_drop(d, s);
    else if ( !s->nr )
    {
        struct page *pg = page_reserve(d, order);

        if ( !pg )
            return -ENOMEM;
        *s = (struct staged){ .gfn = gfn, .order = order, .pg = pg,
                              .nr = 1UL << order };
    }
    else if ( s->idle = 0, s->clean < s->nr )
        clear_some(d, s);
    else
    {
        rc = map_some(d, s);
        if ( !rc )
            return 0;
        if ( rc != -ERESTART )
            *step = STEP_GIVING_UP(order);
    }
    return -ERESTART;
}

/*
 * Check one part for entries that must stay, and make its tables.  An extent
 * that fits one entry whose gfns are all empty needs no check.
 */
static int look_at_large(struct domain *d, uint64_t gfn, unsigned int order,
                         unsigned long *step)
{
    if ( *step == 0 && p2m_is_blank(d, _gfn(gfn), order) )
    {
        *step = STEP_LOOKED(order);
        return p2m_prepare_range(d, _gfn(gfn), 0, 1UL << order);
    }
    if ( !may_populate(d, gfn + *step * AT_ONCE, AT_ONCE) )
        return -EINVAL;
    return p2m_prepare_range(d, _gfn(gfn), (*step)++ * AT_ONCE, AT_ONCE);
}

static int populate_extent(struct domain *d, uint64_t gfn, unsigned int order,
                           unsigned long *step)
{
    struct staged s;
    int rc;

    if ( order <= ORDER_AT_ONCE )
        return populate_small(d, gfn, order);
    if ( d->direct_mapped ) /* it populates small extents only */
        return -ENOMEM;
    while ( *step < STEP_LOOKED(order) )
    {
        rc = look_at_large(d, gfn, order, step);
        if ( rc )
            return rc;
        if ( hypercall_preempt_check() )
            return -ERESTART;
    }
    if ( !staged_begin(d, &s) )
        return -ERESTART;
    do
        rc = advance_large(d, gfn, order, step, &s);
    while ( rc == -ERESTART && !hypercall_preempt_check() );
    staged_end(d, &s);
    return rc;
}

int memory_relinquish(struct domain *d)
{
    struct staged s;

    if ( !staged_begin(d, &s) )
        return -ERESTART;
    do
        drop_some(d, &s);
    while ( s.nr && !hypercall_preempt_check() );
    staged_end(d, &s);
    return s.nr ? -ERESTART : 0;
}

/* ---- giving back, and populating on demand: in parts ---- */

/* d has the memory at gfn, now or on demand, and may give it back. */
static bool may_remove(struct domain *d, gfn_t gfn)
{
    enum p2m_type t;
    struct page *pg;
    bool ok;

    if ( p2m_lookup(d, gfn).type == P2M_POD )
        return true;
    pg = p2m_get_page(d, gfn, &t);
    if ( !pg )
        return false;
    ok = p2m_is_ram(t) && !(pg->flags & PAGE_EXTRA);
    page_put(pg);
    return ok;
}

/* Make the tables first: splitting a large entry must not fail half way. */
static int look_at_part(struct domain *d, uint64_t gfn, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
        if ( !may_remove(d, _gfn(gfn + i)) )
            return -EINVAL;
    return p2m_prepare(d, _gfn(gfn), nr);
}

static int remove_part(struct domain *d, uint64_t gfn, uint64_t nr)
{
    int rc = 0;

    for ( uint64_t i = 0; i < nr && !rc; i++ )
        if ( !p2m_pod_decrease(d, _gfn(gfn + i)) )
            rc = memory_remove_page(d, _gfn(gfn + i));
    /* The cache needs no more pages than there are entries. */
    p2m_pod_trim(d, PART);
    return rc;
}

#define MARKABLE (p2m_type_bit(P2M_NONE) | p2m_type_bit(P2M_MMIO_DM) |       \
                  p2m_type_bit(P2M_POD))

static int look_to_mark(struct domain *d, uint64_t gfn, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
        if ( !(MARKABLE & p2m_type_bit(p2m_lookup(d, _gfn(gfn + i)).type)) )
            return -EBUSY;
    return p2m_prepare(d, _gfn(gfn), nr);
}

static int mark_part(struct domain *d, uint64_t gfn, uint64_t nr)
{
    int rc = 0;

    for ( uint64_t i = 0; i < nr && !rc; i++ )
        rc = p2m_set_over(d, _gfn(gfn + i), MARKABLE, INVALID_MFN, P2M_POD);
    return rc;
}

typedef int do_part_t(struct domain *d, uint64_t gfn, uint64_t nr);

static uint64_t nr_parts(unsigned int order)
{
    return DIV_ROUND_UP(1UL << order, PART);
}

static int in_parts(struct domain *d, uint64_t gfn, unsigned int order,
                    unsigned long *step, do_part_t *look, do_part_t *act)
{
    uint64_t parts = nr_parts(order), part = min(1UL << order, (uint64_t)PART);

    for ( ;; )
    {
        uint64_t at = gfn + *step % parts * part;
        int rc = *step < parts ? look(d, at, part) : act(d, at, part);

        if ( rc || ++*step == 2 * parts )
            return rc;
        if ( parts > 1 && hypercall_preempt_check() )
            return -ERESTART;
    }
}

/* ---- the call ---- */

/* Have all frames of the host numbers of no more bits than are asked for? */
static bool width_ok(unsigned int mem_flags)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags);

    return bits == 0 || bits >= 64 ||
           (bits > PAGE_SHIFT && !((nr_frames - 1) >> (bits - PAGE_SHIFT)));
}

enum kind { POPULATE, ON_DEMAND, DECREASE };

static enum kind kind_of(unsigned int op, unsigned int mem_flags)
{
    if ( op == XENMEM_decrease_reservation )
        return DECREASE;
    return mem_flags & XENMEMF_populate_on_demand ? ON_DEMAND : POPULATE;
}

/* Is `step`, which the caller may have invented, one of such an extent? */
static bool step_ok(enum kind kind, unsigned int order, unsigned long step)
{
    if ( kind != POPULATE )
        return step < 2 * nr_parts(order);
    return step < (order > ORDER_AT_ONCE ? NR_LARGE_STEPS(order) : 1);
}

static int do_extent(enum kind kind, struct domain *d, uint64_t gfn,
                     unsigned int order, unsigned long *step)
{
    switch ( kind )
    {
    case POPULATE:
        return populate_extent(d, gfn, order, step);
    case ON_DEMAND:
        return in_parts(d, gfn, order, step, look_to_mark, mark_part);
    default:
        return in_parts(d, gfn, order, step, look_at_part, remove_part);
    }
}

static long do_extents(struct hypercall *hc, enum kind kind, struct domain *d,
                       const struct xen_memory_reservation *r,
                       unsigned long start, unsigned long step)
{
    for ( unsigned long i = start; i < r->nr_extents; i++, step = 0 )
    {
        xen_pfn_t gfn;
        int rc;

        if ( i != start && hypercall_preempt_check() )
            return memory_restart(hc, i);
        if ( copy_from_handle(&gfn, r->extent_start, i, 1) )
            return (long)i;
        rc = do_extent(kind, d, gfn, r->extent_order, &step);
        if ( rc == -ERESTART )
            return memory_restart(hc, i | step << extent_bits());
        if ( rc )
            return (long)i;
    }
    return (long)r->nr_extents;
}

long memory_reservation(struct hypercall *hc, unsigned int op, uint64_t arg,
                        unsigned long start)
{
    unsigned long step = start >> extent_bits();
    struct xen_memory_reservation r;
    struct domain *d;
    enum kind kind;
    long rc;

    start &= (1UL << extent_bits()) - 1;
    rc = (long)start;
    if ( copy_from_arg(&r, arg) || r.nr_extents > max_extents() ||
         start >= r.nr_extents || domain_get_any(r.domid, &d) )
        return rc;

    kind = kind_of(op, r.mem_flags);
    if ( memory_allowed(d) || (!d->pv && !width_ok(r.mem_flags)) ||
         r.extent_order > max_order() )
        goto out;
    if ( d->pv )
        rc = r.mem_flags & XENMEMF_populate_on_demand
                 ? -EOPNOTSUPP
                 : pv_memory_reservation(hc, op, d, &r, start, step);
    else if ( op == XENMEM_increase_reservation || !d->translated )
        rc = -EOPNOTSUPP;
    /* No domain decides what its own target is. */
    else if ( step_ok(kind, r.extent_order, step) &&
              (kind != ON_DEMAND || (d != current_domain && !d->direct_mapped)) )
        rc = do_extents(hc, kind, d, &r, start, step);

 out:
    domain_put(d);
    return rc;
}
