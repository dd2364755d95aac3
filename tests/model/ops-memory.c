/* SPDX-License-Identifier: MIT */
/* Operations on a domain's own memory, and foreign mappings. */
#include "model.h"

#include <xen/memory.h>

static bool is_ram(const struct mdom *d, unsigned int i)
{
    return d->e[i].type == RAM;
}

/* What cannot simply be replaced: it belongs to somebody else. */
static bool is_others(const struct mdom *d, unsigned int i)
{
    return d->e[i].type >= FOREIGN;
}

/* ---- reservations ---- */

struct extents {
    struct mdom *by, *d;
    unsigned int first, order, nr;
};

static struct extents draw_extents(const char *what)
{
    struct extents x = { some_alive(), some_dom(), below(NR_GFNS), below(3),
                         1 + below(3) };

    while ( x.first + (x.nr << x.order) > NR_GFNS )
        x.first /= 2;
    doing("d%u %s d%u: %u extents of order %u at %u", x.by->id, what, x.d->id,
          x.nr, x.order, x.first);
    return x;
}

static long reserve(const struct extents *x, unsigned int op,
                    unsigned int flags)
{
    struct xen_memory_reservation r = { .nr_extents = x->nr,
                                        .extent_order = x->order,
                                        .mem_flags = flags,
                                        .domid = x->d->id };

    for ( unsigned int i = 0; i < x->nr; i++ )
        arena.list[i] = GFN_BASE + x->first + (i << x->order);
    r.extent_start.p = arena.list;
    memcpy(arena.arg, &r, sizeof(r));
    return call(x->by, __HYPERVISOR_memory_op, op, ARG, 0);
}

/* Makes room for one extent; its pages are charged, and known later. */
static bool populate_one(struct mdom *d, unsigned int first, unsigned int nr)
{
    for ( unsigned int i = first; i < first + nr; i++ )
        if ( is_others(d, i) )
            return false;
    if ( !d->alive || d->tot + nr > d->max )
        return false;
    d->tot += nr;
    for ( unsigned int i = first; i < first + nr; i++ )
        set_entry(d, i, NONE, NULL);
    return true;
}

void op_populate(void)
{
    struct extents x = draw_extents("populates");
    unsigned int nr = 1U << x.order, done = 0;
    long rc = reserve(&x, XENMEM_populate_physmap, 0);

    if ( allowed(x.by, x.d) && !x.d->translated )
    {
        expect(rc, -EOPNOTSUPP);
        return;
    }
    if ( allowed(x.by, x.d) )
        while ( done < x.nr && populate_one(x.d, x.first + done * nr, nr) )
            done++;
    expect(rc, done);
    x.d->tot -= done * nr;
    for ( unsigned int i = x.first; i < x.first + done * nr; i++ )
    {
        struct p2m_entry e = p2m_lookup(x.d->d, _gfn(GFN_BASE + i));

        if ( e.type != P2M_RAM_RW )
            fail("nothing was put at %u\n", i);
        set_entry(x.d, i, RAM, page_new(x.d, mfn_x(e.mfn), false));
    }
}

/* To the cache, if that needs a page and can take this one. */
static void decrease_gfn(struct mdom *d, unsigned int i)
{
    struct mpage *pg = d->e[i].pg;

    if ( pg && d->pods > d->nr_cache && pg->refs == 1 )
    {
        d->cache[d->nr_cache++] = pg;
        page_blank(pg);
        hold(pg);
    }
    set_entry(d, i, NONE, NULL);
}

static bool decrease_one(struct mdom *d, unsigned int first, unsigned int nr)
{
    for ( unsigned int i = first; i < first + nr; i++ )
        if ( d->e[i].type != POD && (!is_ram(d, i) || d->e[i].pg->extra) )
            return false;
    for ( unsigned int i = first; i < first + nr; i++ )
        decrease_gfn(d, i);
    while ( d->nr_cache > d->pods )
        drop(cache_pop(d));
    return true;
}

void op_decrease(void)
{
    struct extents x = draw_extents("decreases");
    unsigned int nr = 1U << x.order, done = 0;
    long rc = reserve(&x, XENMEM_decrease_reservation, 0);

    if ( allowed(x.by, x.d) && !x.d->translated )
    {
        expect(rc, -EOPNOTSUPP);
        return;
    }
    if ( allowed(x.by, x.d) )
        while ( done < x.nr && decrease_one(x.d, x.first + done * nr, nr) )
            done++;
    expect(rc, done);
}

/* ---- populate on demand ---- */

static bool mark_one(struct mdom *d, unsigned int first, unsigned int nr)
{
    if ( !d->alive )
        return false;
    for ( unsigned int i = first; i < first + nr; i++ )
        if ( d->e[i].type != NONE && d->e[i].type != POD )
            return false;
    for ( unsigned int i = first; i < first + nr; i++ )
        set_entry(d, i, POD, NULL);
    return true;
}

void op_pod_mark(void)
{
    struct extents x = draw_extents("populates on demand");
    unsigned int nr = 1U << x.order, done = 0;
    long rc = reserve(&x, XENMEM_populate_physmap, XENMEMF_populate_on_demand);

    if ( allowed(x.by, x.d) && !x.d->translated )
    {
        expect(rc, -EOPNOTSUPP);
        return;
    }
    if ( allowed(x.by, x.d) && x.by != x.d )
        while ( done < x.nr && mark_one(x.d, x.first + done * nr, nr) )
            done++;
    expect(rc, done);
}

static unsigned int cache_target(const struct mdom *d, uint64_t target)
{
    uint64_t populated = d->tot - d->nr_cache;

    if ( !d->alive || (populated && !d->pods) || target < d->tot )
        return d->nr_cache;
    target -= populated;
    return (unsigned int)(populated && target > d->pods ? d->pods : target);
}

/* The machine says which pages are new. */
static void learn_cache(struct mdom *d, unsigned int nr)
{
    struct page *pg;
    unsigned int i = 0;

    while ( d->nr_cache > nr )
        drop(cache_pop(d));
    list_for_each (pg, &d->d->p2m.pod.cache, link)
        if ( i++ >= d->nr_cache && d->nr_cache < nr )
        {
            d->cache[d->nr_cache] = page_new(d, mfn_x(page_to_mfn(pg)), false);
            page_blank(d->cache[d->nr_cache++]);
        }
}

void op_pod_target(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    struct xen_pod_target t = { .domid = d->id, .target_pages = below(NR_GFNS) };
    long rc;

    doing("d%u sets the target of d%u to %lu", by->id, d->id, t.target_pages);
    memcpy(arena.arg, &t, sizeof(t));
    rc = call(by, __HYPERVISOR_memory_op, XENMEM_set_pod_target, ARG, 0);
    if ( !d->translated )
        expect(rc, -EINVAL);
    else if ( !by->control )
        expect(rc, -EPERM);
    else if ( t.target_pages > d->max )
        expect(rc, -EINVAL);
    else
    {
        expect(rc, 0);
        learn_cache(d, cache_target(d, t.target_pages));
        memcpy(&t, arena.arg, sizeof(t));
        expect((long)t.tot_pages, (long)d->tot);
        expect((long)t.pod_cache_pages, d->nr_cache);
    }
}

/* ---- add_to_physmap, remove_from_physmap ---- */

static long add(struct mdom *by, struct mdom *d, unsigned int space,
                uint64_t idx, unsigned int to)
{
    struct xen_add_to_physmap a = { .domid = d->id, .space = space,
                                    .idx = idx, .gpfn = GFN_BASE + to };

    memcpy(arena.arg, &a, sizeof(a));
    return call(by, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, ARG, 0);
}

void op_move(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    unsigned int from = below(NR_GFNS), to = below(NR_GFNS);
    struct mpage *pg;
    long rc;

    doing("d%u moves %u to %u of d%u", by->id, from, to, d->id);
    rc = add(by, d, XENMAPSPACE_gmfn, GFN_BASE + from, to);
    if ( d->translated && allowed(by, d) )
        fill(d, from);
    pg = d->e[from].pg;
    if ( !d->translated )
        expect(rc, -EACCES);
    else if ( !allowed(by, d) )
        expect(rc, -EPERM);
    else if ( !is_ram(d, from) || pg->extra )
        expect(rc, -EINVAL);
    else if ( is_others(d, to) )
        expect(rc, -ENXIO);
    else
    {
        expect(rc, 0);
        hold(pg);
        set_entry(d, to, RAM, pg);
        if ( from != to )
            set_entry(d, from, NONE, NULL);
    }
}

void op_map_grant_frame(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    unsigned int frame = below(MAX_FRAMES_M + 1), to = below(NR_GFNS);
    long rc;

    doing("d%u puts grant frame %u at %u of d%u", by->id, frame, to, d->id);
    rc = add(by, d, XENMAPSPACE_grant_table, frame, to);
    if ( !d->translated )
        expect(rc, -EACCES);
    else if ( !allowed(by, d) )
        expect(rc, -EPERM);
    else if ( !grow_table(d, frame + 1) )
        expect(rc, -EINVAL);
    else if ( is_others(d, to) )
        expect(rc, -ENXIO);
    else
    {
        expect(rc, 0);
        hold(d->frame[frame]);
        set_entry(d, to, RAM, d->frame[frame]);
    }
}

static long foreign_error(const struct mdom *d, struct mdom *fd,
                          unsigned int from, unsigned int to)
{
    if ( fd == d )
        return -EINVAL;
    if ( !d->control )
        return -EPERM;
    fill(fd, from);
    if ( !is_ram(fd, from) )
        return -EINVAL;
    return is_others(d, to) ? -ENXIO : 0;
}

void op_map_foreign(void)
{
    struct mdom *by = some_alive(), *d = some_alive(), *fd = some_dom();
    unsigned int from = below(NR_GFNS), to = below(NR_GFNS);
    struct xen_add_to_physmap_batch a = {
        .domid = d->id, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = fd->id,
    };
    long rc;

    doing("d%u maps %u of d%u at %u of d%u", by->id, from, fd->id, to, d->id);
    arena.list[0] = GFN_BASE + from;
    arena.other[0] = GFN_BASE + to;
    arena.err[0] = 77;
    a.idxs.p = arena.list;
    a.gpfns.p = arena.other;
    a.errs.p = arena.err;
    memcpy(arena.arg, &a, sizeof(a));
    rc = call(by, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, ARG, 0);
    if ( !d->translated )
        expect(rc, -EACCES);
    else if ( !allowed(by, d) )
        expect(rc, -EPERM);
    else
    {
        expect(rc, 0);
        expect(arena.err[0], foreign_error(d, fd, from, to));
        if ( arena.err[0] )
            return;
        hold(fd->e[from].pg);
        set_entry(d, to, FOREIGN, fd->e[from].pg);
    }
}

void op_remove(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    unsigned int i = below(NR_GFNS);
    struct xen_remove_from_physmap r = { .domid = d->id,
                                         .gpfn = GFN_BASE + i };
    long rc;

    doing("d%u removes %u of d%u", by->id, i, d->id);
    memcpy(arena.arg, &r, sizeof(r));
    rc = call(by, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, ARG, 0);
    if ( !allowed(by, d) )
        expect(rc, -EPERM);
    else if ( fill(d, i), d->e[i].type == NONE || d->e[i].type == POD )
        expect(rc, -ENOENT);
    else
    {
        expect(rc, 0);
        set_entry(d, i, NONE, NULL);
    }
}
