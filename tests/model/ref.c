/* SPDX-License-Identifier: MIT */
/* The reference: the holders of each page, and what is freed with the last. */
#include "model.h"

#include <hv/grant.h>

struct mpage pages[FRAMES];
struct mdom doms[NR_DOMS];
struct mmap maps[NR_MAPS];
struct mpage *client[NR_CLIENT];

/* ---- pages ---- */

struct mpage *page_new(struct mdom *owner, uint64_t mfn, bool extra)
{
    static const uint8_t zeroes[PAGE_SIZE];
    struct mpage *pg = &pages[mfn];
    uint8_t *va;

    if ( mfn >= FRAMES || pg->live )
        fail("frame %#lx was given out, which is in use\n", mfn);
    va = arch_mfn_to_virt(_mfn(mfn));
    /* What is shared with a guest may have been written to already. */
    if ( extra ? memcmp(va + ZERO_OFFSET, zeroes, PAGE_SIZE - ZERO_OFFSET)
               : memcmp(va, zeroes, PAGE_SIZE) )
        fail("frame %#lx was given out with old content\n", mfn);
    *pg = (struct mpage){ true, extra, 1, owner, 0 };
    page_tag(pg);
    *(extra ? &owner->extra : &owner->tot) += 1;
    return pg;
}

void page_tag(struct mpage *pg)
{
    static uint64_t last_tag;

    pg->tag = ++last_tag;
    memcpy((uint8_t *)arch_mfn_to_virt(_mfn(mfn_of(pg))) + TAG_OFFSET, &pg->tag,
           sizeof(pg->tag));
}

void page_blank(struct mpage *pg)
{
    pg->tag = 0;
    memcpy((uint8_t *)arch_mfn_to_virt(_mfn(mfn_of(pg))) + TAG_OFFSET, &pg->tag,
           sizeof(pg->tag));
}

void hold(struct mpage *pg)
{
    pg->refs++;
}

static void forget_if_gone(struct mdom *d)
{
    if ( !d->alive && d->tot + d->extra == 0 )
        d->exists = false;
}

void drop(struct mpage *pg)
{
    if ( --pg->refs )
        return;
    pg->live = false;
    *(pg->extra ? &pg->owner->extra : &pg->owner->tot) -= 1;
    forget_if_gone(pg->owner);
}

void set_entry(struct mdom *d, unsigned int index, enum type type,
               struct mpage *pg)
{
    struct mpage *old = d->e[index].pg;

    d->pods += (type == POD) - (d->e[index].type == POD);
    d->e[index] = (struct mentry){ type, pg };
    if ( old )
        drop(old);
}

struct mpage *cache_pop(struct mdom *d)
{
    struct mpage *pg = d->cache[0];

    memmove(d->cache, d->cache + 1, --d->nr_cache * sizeof(d->cache[0]));
    return pg;
}

void fill(struct mdom *d, unsigned int index)
{
    struct mpage *pg;

    if ( d->e[index].type != POD || !d->alive || !d->nr_cache )
        return;
    pg = cache_pop(d);
    page_tag(pg);
    set_entry(d, index, RAM, pg);
}

bool allowed(const struct mdom *by, const struct mdom *d)
{
    return by == d || by->control;
}

/* ---- grants ---- */

bool grow_table(struct mdom *d, unsigned int nr)
{
    if ( nr > MAX_FRAMES_M || !d->alive )
        return false;
    while ( d->nr_frames < nr )
    {
        struct page *pg;

        if ( grant_resource_get(d->d, XENMEM_resource_grant_table_id_shared,
                                d->nr_frames, 1, &pg) )
            fail("grant frame %u is missing\n", d->nr_frames);
        page_put(pg); /* the table's own keeps it */
        d->frame[d->nr_frames++] = page_new(d, mfn_x(page_to_mfn(pg)), true);
    }
    return true;
}

void unpin(struct mmap *m)
{
    struct mgrant *g = &m->of->g[m->ref];
    struct mpage *pg = g->pg;

    if ( m->ro )
        g->readers--;
    else
        g->writers--;
    if ( !g->readers && !g->writers )
    {
        g->pg = NULL;
        drop(pg);
    }
    m->by = NULL;
}

/* ---- servers and domains ---- */

void free_server(struct mserver *s)
{
    for ( unsigned int i = 0; i < 2; i++ )
        if ( s->frame[i] )
            drop(s->frame[i]);
    memset(s, 0, sizeof(*s));
}

void dom_new(struct mdom *m, bool control, bool translated)
{
    struct xen_domctl_createdomain config = {
        .flags = translated ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
        .max_vcpus = 1,
        .max_evtchn_port = -1U,
        .max_grant_frames = MAX_FRAMES_M,
        .max_maptrack_frames = 1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    struct domain *d;

    if ( domain_create(m == doms ? 0 : DOMID_INVALID, &config, control, &d) ||
         vcpu_create(d, 0) || (translated && p2m_pool_resize(d, 16)) )
        fail("cannot create a domain\n");
    *m = (struct mdom){ true, true, translated, control, d->domain_id, d,
                        .max = control ? ~0UL : 16 };
    d->max_pages = m->max;
    m->shared = page_new(m, mfn_x(page_to_mfn(d->shared_page)), true);
    (void)grow_table(m, 1);
}

void dom_kill(struct mdom *m)
{
    for ( unsigned int i = 0; i < 8; i++ )
        free_server(&m->s[i]);
    for ( unsigned int i = 0; i < NR_DOMS; i++ )
        for ( unsigned int j = 0; j < 8; j++ )
            if ( doms[i].s[j].emulator == m )
                free_server(&doms[i].s[j]);
    for ( unsigned int i = 0; i < NR_MAPS; i++ )
        if ( maps[i].by == m )
            unpin(&maps[i]); /* its entry goes with all others */
    for ( unsigned int i = 0; i < NR_GFNS; i++ )
        set_entry(m, i, NONE, NULL);
    while ( m->nr_cache )
        drop(cache_pop(m));
    while ( m->nr_frames )
        drop(m->frame[--m->nr_frames]);
    drop(m->shared);
    m->shared = NULL;
    m->alive = false;
    forget_if_gone(m);
}
