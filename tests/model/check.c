/* SPDX-License-Identifier: MIT */
/* Does the machine agree with the reference? */
#include "model.h"

#include <hv/audit.h>

static const enum p2m_type p2m_types[] = {
    [NONE] = P2M_NONE,           [RAM] = P2M_RAM_RW,
    [POD] = P2M_POD,
    [FOREIGN] = P2M_FOREIGN,     [GRANT_RW] = P2M_GRANT_RW,
    [GRANT_RO] = P2M_GRANT_RO,
};

static uint64_t tag_at(uint64_t mfn)
{
    uint64_t tag;

    memcpy(&tag, (uint8_t *)arch_mfn_to_virt(_mfn(mfn)) + TAG_OFFSET,
           sizeof(tag));
    return tag;
}

static void check_entries(struct mdom *m)
{
    for ( unsigned int i = 0; i < NR_GFNS && m->translated; i++ )
    {
        struct p2m_entry e = p2m_lookup(m->d, _gfn(GFN_BASE + i));
        const struct mentry *want = &m->e[i];

        if ( e.type != p2m_types[want->type] )
            fail("d%u gfn %u: type %u, not %u\n", m->id, i, e.type,
                 p2m_types[want->type]);
        if ( want->pg && mfn_x(e.mfn) != mfn_of(want->pg) )
            fail("d%u gfn %u: frame %#lx, not %#lx\n", m->id, i,
                 mfn_x(e.mfn), mfn_of(want->pg));
        if ( want->pg && tag_at(mfn_x(e.mfn)) != want->pg->tag )
            fail("d%u gfn %u: content of another page\n", m->id, i);
    }
}

static void check_domain(struct mdom *m)
{
    struct domain *d = domain_get(m->id);

    if ( !m->exists )
    {
        /* Ids are not used again so soon. */
        if ( d && m->d )
            fail("d%u still exists\n", m->id);
        m->d = NULL;
        return;
    }
    if ( d != m->d )
        fail("d%u does not exist any more\n", m->id);
    if ( (d->state == DOM_ALIVE) != m->alive )
        fail("d%u: state %u\n", m->id, d->state);
    if ( d->tot_pages != m->tot || d->extra_pages != m->extra )
        fail("d%u: %lu+%lu pages, not %lu+%lu\n", m->id, d->tot_pages,
             d->extra_pages, m->tot, m->extra);
    if ( m->alive && (d->p2m.pod.nr != m->nr_cache ||
                      d->p2m.pod.entries != m->pods) )
        fail("d%u: %lu pages for %lu entries, not %u for %u\n", m->id,
             d->p2m.pod.nr, d->p2m.pod.entries, m->nr_cache, m->pods);
    check_entries(m);
    domain_put(d);
}

static void check_page(const struct mpage *pg)
{
    uint64_t mfn = mfn_of(pg);
    const struct page *real = &frame_table[mfn];

    if ( !pg->live )
    {
        /* What the hypervisor has for itself is none of ours. */
        if ( real->refs && real->owner )
            fail("frame %#lx of d%u should be free, has %u references\n", mfn,
                 real->owner->domain_id, real->refs);
        return;
    }
    if ( real->refs != pg->refs || real->owner != pg->owner->d )
        fail("frame %#lx: %u references, not %u; of d%d, not d%u\n", mfn,
             real->refs, pg->refs, real->owner ? real->owner->domain_id : -1,
             pg->owner->id);
    if ( tag_at(mfn) != pg->tag )
        fail("frame %#lx: content of another page\n", mfn);
}

/* GTF_reading and GTF_writing may only be there while there is a pin. */
static void check_flags(struct mdom *m)
{
    const grant_entry_v1_t *entry;

    if ( !m->alive )
        return;
    entry = arch_mfn_to_virt(_mfn(mfn_of(m->frame[0])));
    for ( unsigned int i = 0; i < NR_REFS; i++ )
        if ( !m->g[i].pg && entry[i].flags & (GTF_reading | GTF_writing) )
            fail("d%u grant %u: in use by nobody\n", m->id, i);
}

void check_all(void)
{
    for ( unsigned int i = 0; i < NR_DOMS; i++ )
        if ( doms[i].d )
        {
            check_domain(&doms[i]);
            check_flags(&doms[i]);
        }
    for ( unsigned int i = 0; i < FRAMES; i++ )
        check_page(&pages[i]);
    if ( audit_all() )
        fail("the audit found something\n");
}
