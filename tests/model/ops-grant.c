/* SPDX-License-Identifier: MIT */
/* Grants, version 1: offered, mapped, unmapped. */
#include "model.h"

void op_offer(void)
{
    struct mdom *d = some_alive(), *to = some_dom();
    struct mgrant *g = &d->g[below(NR_REFS)];
    unsigned int ref = (unsigned int)(g - d->g);
    grant_entry_v1_t *entry;

    if ( !d->translated )
        return;
    g->flags = below(6) ? GTF_permit_access : GTF_invalid;
    if ( !below(3) )
        g->flags |= GTF_readonly;
    g->domid = to->id;
    g->index = below(NR_GFNS);
    for ( unsigned int i = 0; i < NR_GFNS && d->e[g->index].type != RAM &&
                              below(16); i++ )
        g->index = (g->index + 1) % NR_GFNS;
    doing("d%u offers %u as %u to d%u, flags %#x", d->id, g->index, ref,
          to->id, g->flags);
    entry = arch_mfn_to_virt(_mfn(mfn_of(d->frame[0])));
    entry[ref] = (grant_entry_v1_t){ g->flags, g->domid,
                                     GFN_BASE + g->index };
}

/* GNTST_* of pinning; the page of a first pin in *pg. */
static int pin_status(const struct mdom *by, struct mdom *of,
                      unsigned int ref, bool ro, struct mpage **pg)
{
    const struct mgrant *g = &of->g[ref];
    const struct mentry *e = &of->e[g->index];

    *pg = g->pg;
    if ( !of->alive )
        return GNTST_bad_gntref; /* its table is gone */
    if ( g->pg && g->user != by->id )
        return GNTST_general_error;
    if ( g->pg && (ro || g->writers) )
        return GNTST_okay;
    if ( !g->pg && ((g->flags & GTF_type_mask) != GTF_permit_access ||
                    g->domid != by->id) )
        return GNTST_general_error;
    if ( !ro && g->flags & GTF_readonly )
        return GNTST_general_error;
    if ( g->pg )
        return GNTST_okay;
    fill(of, g->index);
    if ( !of->translated || e->type != RAM )
        return GNTST_bad_page;
    *pg = e->pg;
    return GNTST_okay;
}

static struct mmap *free_map(void)
{
    for ( unsigned int i = 0; i < NR_MAPS; i++ )
        if ( !maps[i].by )
            return &maps[i];
    return NULL;
}

static void mapped(const struct mmap *m, uint32_t handle)
{
    struct mmap *slot = free_map();
    struct mgrant *g = &m->of->g[m->ref];

    if ( !g->pg )
    {
        hold(m->pg);
        g->pg = m->pg;
        g->user = m->by->id;
    }
    *(m->ro ? &g->readers : &g->writers) += 1;
    *slot = *m;
    slot->handle = handle;
    if ( m->dev )
        return;
    hold(m->pg);
    set_entry(m->by, m->index, m->ro ? GRANT_RO : GRANT_RW, m->pg);
}

/* Most ask for what they were offered. */
static void draw_grant(struct mmap *m)
{
    m->by = some_alive();
    m->of = some_dom();
    m->ref = below(NR_REFS);
    m->index = below(NR_GFNS);
    for ( unsigned int i = 0; i < 100 && below(64); i++ )
    {
        if ( m->of->alive && m->of->g[m->ref].domid == m->by->id &&
             m->of->g[m->ref].flags & GTF_permit_access )
            break;
        m->of = some_dom();
        m->ref = below(NR_REFS);
    }
}

void op_grant_map(void)
{
    struct mmap m = { .ro = below(2), .dev = below(8) == 0 };
    gnttab_map_grant_ref_t op = { .ref = 0 };
    int want;

    draw_grant(&m);
    m.dev ^= !m.by->translated;
    if ( m.of == doms || !free_map() )
        return; /* dom0's grants would name machine frames */
    doing("d%u maps grant %u of d%u at %u, %s%s", m.by->id, m.ref, m.of->id,
          m.index, m.ro ? "r" : "w", m.dev ? " dev" : "");
    op.ref = m.ref;
    op.dom = m.of->id;
    op.host_addr = (GFN_BASE + m.index) << PAGE_SHIFT;
    op.flags = (m.dev ? GNTMAP_device_map : GNTMAP_host_map) |
               (m.ro ? GNTMAP_readonly : 0);
    memcpy(arena.arg, &op, sizeof(op));
    expect(call(m.by, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, ARG,
                1), 0);
    memcpy(&op, arena.arg, sizeof(op));

    if ( m.dev == m.by->translated )
        want = GNTST_general_error;
    else
        want = pin_status(m.by, m.of, m.ref, m.ro, &m.pg);
    if ( !want && !m.dev && m.by->e[m.index].type >= FOREIGN )
        want = GNTST_general_error;
    expect(op.status, want);
    if ( want )
        return;
    if ( op.dev_bus_addr >> PAGE_SHIFT != mfn_of(m.pg) )
        fail("dev_bus_addr %#lx\n", op.dev_bus_addr);
    mapped(&m, op.handle);
}

/* What is where the mapping was made is still what it made. */
static bool is_there(const struct mmap *m)
{
    const struct mentry *e = &m->by->e[m->index];

    return e->pg == m->pg && e->type == (m->ro ? GRANT_RO : GRANT_RW);
}

void op_grant_unmap(void)
{
    struct mmap *m = &maps[below(NR_MAPS)];
    gnttab_unmap_grant_ref_t op = { .handle = 100000 };
    struct mdom *by = some_alive();
    bool wrong = below(8) == 0;
    int want = GNTST_bad_handle;

    for ( unsigned int i = 0; i < NR_MAPS && !m->by; i++ )
        m = &maps[((unsigned int)(m - maps) + 1) % NR_MAPS];
    if ( m->by && below(8) )
        by = m->by;
    if ( m->by == by )
    {
        op.handle = m->handle;
        want = !wrong && (m->dev || is_there(m)) ? GNTST_okay
                                                 : GNTST_general_error;
        if ( m->dev )
            op.dev_bus_addr = (mfn_of(m->pg) + wrong) << PAGE_SHIFT;
        else
            op.host_addr = (GFN_BASE + m->index + wrong) << PAGE_SHIFT;
    }
    doing("d%u unmaps handle %u", by->id, op.handle);
    memcpy(arena.arg, &op, sizeof(op));
    expect(call(by, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, ARG,
                1), 0);
    memcpy(&op, arena.arg, sizeof(op));
    expect(op.status, want);
    if ( want )
        return;
    if ( !m->dev )
        set_entry(by, m->index, NONE, NULL);
    unpin(m);
}
