/* SPDX-License-Identifier: MIT */
/*
 * Reservations of PV guests: memory by machine frame.
 *
 * increase_reservation and populate_physmap answer with the first machine frame
 * of each extent, in the caller's list; populate_physmap takes from there which
 * pseudo-physical frame it is to be, for the machine-to-physical table.
 * decrease_reservation and exchange take machine frames.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/memory.h>

#include <pv-mm/pv-mm.h>

#define MAX_ORDER_PV 9

/* ---- more ---- */

/*
 * If the answer cannot be written the frames are the domain's all the same, as
 * on Xen: other vcpus may have built page tables of them by now, which take long
 * to drop.
 */
static bool add_extent(struct domain *d, const struct xen_memory_reservation *r,
                       unsigned long i, bool populate)
{
    xen_pfn_t pfn = ~0UL, mfn;
    struct page *pg;

    if ( populate && copy_from_handle(&pfn, r->extent_start, i, 1) )
        return false;
    pg = pv_alloc_below(d, r->extent_order,
                        XENMEMF_get_address_bits(r->mem_flags));
    if ( !pg )
        return false;
    mfn = mfn_x(page_to_mfn(pg));
    for ( unsigned int k = 0; populate && k < 1U << r->extent_order; k++ )
        if ( pv_set_m2p(d, _mfn(mfn + k), pfn + k) )
            break; /* d is dying: its frames go anyway */
    return handle_is_null(r->extent_start) ||
           !copy_to_handle(r->extent_start, i, &mfn, 1);
}

/* ---- less ---- */

/*
 * *done frames of the extent are gone, which may be all with work left of the
 * last: -ERESTART.  -EINVAL: the next one cannot go.
 */
static int remove_extent(struct domain *d, uint64_t mfn, unsigned int order,
                         unsigned long *done)
{
    while ( *done < 1UL << order )
    {
        bool gone;
        int rc = pv_release(d, _mfn(mfn + *done), &gone);

        *done += gone;
        if ( rc && (rc != -ERESTART || hypercall_preempt_check()) )
            return rc;
    }
    return 0;
}

static long remove_extents(struct hypercall *hc, struct domain *d,
                           const struct xen_memory_reservation *r,
                           unsigned long i, unsigned long done)
{
    for ( ; i < r->nr_extents; i++, done = 0 )
    {
        xen_pfn_t mfn;
        int rc;

        if ( copy_from_handle(&mfn, r->extent_start, i, 1) )
            break;
        rc = remove_extent(d, mfn, r->extent_order, &done);
        if ( rc == -ERESTART || (!rc && hypercall_preempt_check()) )
            return memory_restart(
                hc, rc ? i | done << MEMOP_EXTENT_BITS : i + 1);
        if ( rc )
            break;
    }
    return (long)i;
}

long pv_memory_reservation(struct hypercall *hc, unsigned int op,
                           struct domain *d,
                           const struct xen_memory_reservation *r,
                           unsigned long start, unsigned long done)
{
    unsigned long i = start;

    if ( r->extent_order > MAX_ORDER_PV || done > 1UL << r->extent_order )
        return (long)start;
    if ( op == XENMEM_decrease_reservation )
        return remove_extents(hc, d, r, start, done);
    if ( done )
        return (long)start;
    for ( ; i < r->nr_extents; i++ )
    {
        if ( i != start && hypercall_preempt_check() )
            return memory_restart(hc, i);
        if ( !add_extent(d, r, i, op == XENMEM_populate_physmap) )
            break;
    }
    return (long)i;
}

/* ---- exchange ---- */

struct exchange {
    struct domain *d;
    struct xen_memory_exchange x;
    unsigned int nr;                /* frames of a chunk, the larger extent */
    uint64_t in[PV_MAX_EXCHANGE], out[PV_MAX_EXCHANGE];
};

/* Frames of the chunk that begins at this frame of all that are exchanged. */
static int read_chunk(struct exchange *e, unsigned long at)
{
    unsigned int order = e->x.in.extent_order;

    for ( unsigned int i = 0; i < e->nr >> order; i++ )
    {
        xen_pfn_t mfn;

        if ( copy_from_handle(&mfn, e->x.in.extent_start, (at >> order) + i,
                              1) )
            return -EFAULT;
        for ( unsigned int k = 0; k < 1U << order; k++ )
            e->in[(i << order) + k] = mfn + k;
    }
    return 0;
}

/* The list that says what the new frames are to be becomes that of their mfns. */
static int write_chunk(const struct exchange *e, unsigned long at)
{
    unsigned int order = e->x.out.extent_order;

    for ( unsigned int i = 0; i < e->nr >> order; i++ )
    {
        unsigned long n = (at >> order) + i;
        xen_pfn_t pfn, mfn = e->out[i];

        if ( copy_from_handle(&pfn, e->x.out.extent_start, n, 1) )
            return -EFAULT;
        for ( unsigned int k = 0; k < 1U << order; k++ )
            if ( pv_set_m2p(e->d, _mfn(mfn + k), pfn + k) )
                return -EINVAL;
        if ( copy_to_handle(e->x.out.extent_start, n, &mfn, 1) )
            return -EFAULT;
    }
    return 0;
}

static long do_chunks(struct exchange *e, uint64_t arg)
{
    unsigned long total = e->x.in.nr_extents << e->x.in.extent_order;
    unsigned long at = e->x.nr_exchanged << e->x.in.extent_order;
    long rc = 0;

    while ( !rc && at < total )
    {
        rc = read_chunk(e, at);
        if ( !rc )
            rc = pv_exchange(e->d, e->in, e->nr, e->x.out.extent_order,
                             XENMEMF_get_address_bits(e->x.out.mem_flags),
                             e->out);
        if ( !rc )
        {
            rc = write_chunk(e, at);
            at += e->nr;
        }
        if ( !rc && at < total && hypercall_preempt_check() )
            rc = -ERESTART;
    }
    e->x.nr_exchanged = at >> e->x.in.extent_order;
    if ( copy_field_to_arg(arg, &e->x, nr_exchanged) )
        return -EFAULT;
    return rc;
}

static long check(struct exchange *e)
{
    const struct xen_memory_reservation *in = &e->x.in, *out = &e->x.out;
    unsigned int order = max(in->extent_order, out->extent_order);

    if ( order > MAX_ORDER_PV )
        return -EPERM;
    if ( in->domid != out->domid || e->x.nr_exchanged > in->nr_extents ||
         in->nr_extents > MEMOP_MAX_EXTENTS ||
         out->nr_extents > MEMOP_MAX_EXTENTS ||
         in->nr_extents << in->extent_order !=
             out->nr_extents << out->extent_order )
        return -EINVAL;
    e->nr = 1U << order;
    if ( (in->nr_extents << in->extent_order) % e->nr ||
         (e->x.nr_exchanged << in->extent_order) % e->nr )
        return -EINVAL;
    return 0;
}

long pv_memory_exchange(uint64_t arg)
{
    struct exchange *e = new_object(struct exchange);
    long rc;

    if ( !e )
        return -ENOMEM;
    rc = copy_from_arg(&e->x, arg) ? -EFAULT : check(e);
    if ( !rc )
        rc = domain_get_any(e->x.in.domid, &e->d);
    if ( !rc )
    {
        rc = memory_allowed(e->d);
        if ( !rc )
            rc = e->d->pv ? do_chunks(e, arg) : -EOPNOTSUPP;
        domain_put(e->d);
    }
    hv_free(e);
    return rc;
}
