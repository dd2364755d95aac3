/* SPDX-License-Identifier: MIT */
/*
 * The auditor: see the header.  Holders report each reference by name; then
 * every page's count must equal the sum, and every domain's accounting the
 * pages it owns.
 *
 * One tally at a time, kept in a table of the heap; the callbacks of the
 * holders have no argument, so it hangs in a static variable.
 */
#include <hv/audit.h>
#include <hv/domain.h>
#include <hv/evtchn.h>
#include <hv/grant.h>
#include <hv/heap.h>
#include <hv/keys.h>
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

struct tally {
    uint32_t held[NR_PAGE_HOLDERS];
};

static struct tally *tally; /* one for each frame, during an audit */
static unsigned int findings;
static uint64_t claimed;  /* frames: page_claim() */
static uint64_t reserved; /* frames: page_reserve() */

static const char *const holder_name[NR_PAGE_HOLDERS] = {
    "p2m", "foreign", "grant", "table", "arch", "pte", "reservation", "pod",
};

static void count(mfn_t mfn, enum page_holder holder)
{
    if ( mfn_valid(mfn) )
    {
        tally[mfn_x(mfn)].held[holder]++;
        return;
    }
    printk(XENLOG_ALWAYS, "audit: %s holds frame %#lx, which does not exist\n",
           holder_name[holder], mfn_x(mfn));
    findings++;
}

static int count_p2m_entry(struct domain *d, gfn_t gfn, struct p2m_entry e,
                           void *arg)
{
    (void)d, (void)gfn, (void)arg;
    if ( p2m_has_page(e.type) )
        count(e.mfn, p2m_is_ram(e.type) ? HOLD_P2M : HOLD_FOREIGN);
    return 0;
}

/* Charged to d, but no pages yet: the rest of a staged block. */
static uint64_t nr_reserved(const struct domain *d)
{
    return d->staged.nr - d->staged.clean;
}

/* A page of d's that the hypervisor writes: p2m_get_own_page(). */
static void count_own(const struct domain *d, const struct page *pg)
{
    count(page_to_mfn(pg), HOLD_TABLE);
    if ( d->pv )
        pv_audit_writable(pg);
}

static void count_domain(struct domain *d)
{
    uint64_t gfn = 0;

    unsigned int wrong = log_dirty_audit(d), pods = p2m_pod_audit(d, count);

    if ( d->translated )
        p2m_for_each(d, &gfn, count_p2m_entry, NULL);
    if ( wrong )
        printk(XENLOG_ALWAYS, "audit: d%u has %u clean entries outside what is "
               "logged\n", d->domain_id, wrong);
    if ( pods )
        printk(XENLOG_ALWAYS, "audit: d%u has other entries or pages to populate "
               "on demand than it counts\n", d->domain_id);
    findings += wrong + pods;
    p2m_audit_refs(d, count);
    ioreq_audit_refs(d, count);
    evtchn_audit_refs(d, count);
    if ( d->grant )
        grant_audit_refs(d, count);
    for ( uint64_t i = d->staged.mapped; i < d->staged.clean; i++ )
        count(page_to_mfn(d->staged.pg + i), HOLD_TABLE);
    reserved += nr_reserved(d);
    claimed += d->outstanding_pages;
    if ( d->shared_page )
        count(page_to_mfn(d->shared_page), HOLD_TABLE);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        if ( d->vcpu[i] && d->vcpu[i]->info_page )
            count_own(d, d->vcpu[i]->info_page);
    if ( d->pv )
        pv_audit(d, count);
}

static void check_page(uint64_t mfn)
{
    const struct page *pg = &frame_table[mfn];
    const uint32_t *held = tally[mfn].held;
    uint32_t sum = 0;

    for ( unsigned int i = 0; i < NR_PAGE_HOLDERS; i++ )
        sum += held[i];
    if ( sum == pg->refs )
        return;
    printk(XENLOG_ALWAYS,
           "audit: frame %#lx of d%d has %u references, found %u:",
           mfn, pg->owner ? pg->owner->domain_id : -1, pg->refs, sum);
    for ( unsigned int i = 0; i < NR_PAGE_HOLDERS; i++ )
        if ( held[i] )
            printk(XENLOG_ALWAYS, " %s %u", holder_name[i], held[i]);
    printk(XENLOG_ALWAYS, "\n");
    findings++;
}

static void check_accounts(const struct domain *d)
{
    uint64_t tot = nr_reserved(d), extra = 0;

    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
        if ( frame_table[mfn].refs && frame_table[mfn].owner == d )
            (*(frame_table[mfn].flags & PAGE_EXTRA ? &extra : &tot))++;
    if ( tot == d->tot_pages && extra == d->extra_pages )
        return;
    printk(XENLOG_ALWAYS,
           "audit: d%u is charged for %lu+%lu pages and owns %lu+%lu\n",
           d->domain_id, d->tot_pages, d->extra_pages, tot, extra);
    findings++;
}

static void check_heap(void)
{
    uint64_t in_use = reserved;

    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
        in_use += frame_table[mfn].refs != 0;
    if ( claimed != page_nr_claimed() )
    {
        printk(XENLOG_ALWAYS, "audit: %lu frames are claimed, by domains %lu\n",
               page_nr_claimed(), claimed);
        findings++;
    }
    if ( in_use + page_nr_free() == page_nr_total() )
        return;
    printk(XENLOG_ALWAYS,
           "audit: %lu frames in use and %lu free, of %lu\n", in_use,
           page_nr_free(), page_nr_total());
    findings++;
}

unsigned int audit_all(void)
{
    struct domain *d;
    bool pv;

    tally = arch_heap_alloc(nr_frames * sizeof(*tally));
    if ( !tally )
    {
        printk(XENLOG_ALWAYS, "audit: no memory\n");
        return 1;
    }
    memset(tally, 0, nr_frames * sizeof(*tally));
    findings = 0;
    reserved = claimed = 0;

    domain_list_lock();
    pv = pv_mm_present();
    if ( pv && pv_audit_begin() )
    {
        printk(XENLOG_ALWAYS, "audit: no memory for types\n");
        findings++;
        goto out;
    }
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        count_domain(d);
    if ( pv )
        findings += pv_audit_end();
    arch_audit_refs(count);
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
        check_page(mfn);
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        check_accounts(d);
    check_heap();
 out:
    domain_list_unlock();
    arch_heap_free(tally);
    tally = NULL;
    return findings;
}

int audit_key_all(struct key_press *k)
{
    unsigned int found;
    int rc = arch_stop_machine();

    if ( rc )
        return rc;
    /* Findings are printed however many there are, and the last line counts. */
    found = audit_all();
    arch_start_machine();
    if ( found )
        key_print(k, "audit: %u findings", found);
    else
        key_print(k, "audit: every page and reference is accounted for");
    return 0;
}
