/* SPDX-License-Identifier: MIT */
/*
 * The auditor: see the header.  Holders report each reference by name; then
 * every page's count must equal the sum, and every domain's accounting the
 * pages it owns.
 *
 * One audit at a time, with two tables of the heap: each frame in use has a
 * tally, since most frames are free in many a machine.  The callbacks of the
 * holders have no argument, so the tables hang in static variables.
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
    uint64_t mfn;
    uint32_t held[NR_PAGE_HOLDERS];
};

static uint32_t *number;     /* of each frame's tally; 0: the frame is free */
static struct tally *tallies; /* the first is not used */
static uint64_t nr_used;     /* frames in use, and their tallies */
static uint64_t room;        /* for so many tallies */
static unsigned int findings;
static uint64_t claimed;  /* frames: page_claim() */
static uint64_t reserved; /* frames: page_reserve() */

static const char *const holder_name[NR_PAGE_HOLDERS] = {
    "p2m", "foreign", "grant", "table", "arch", "pte", "reservation", "pod",
};

static void count(mfn_t mfn, enum page_holder holder)
{
    bool valid = mfn_valid(mfn);

    if ( valid && number[mfn_x(mfn)] )
    {
        tallies[number[mfn_x(mfn)]].held[holder]++;
        return;
    }
    printk(XENLOG_ALWAYS, "audit: %s holds frame %#lx, which %s\n",
           holder_name[holder], mfn_x(mfn),
           valid ? "is free" : "does not exist");
    findings++;
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
    findings += p2m_audit(d, count);
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

static void check_page(const struct tally *t)
{
    const struct page *pg = &frame_table[t->mfn];
    uint32_t sum = 0;

    for ( unsigned int i = 0; i < NR_PAGE_HOLDERS; i++ )
        sum += t->held[i];
    if ( sum == pg->refs )
        return;
    printk(XENLOG_ALWAYS,
           "audit: frame %#lx of d%d has %u references, found %u:",
           t->mfn, pg->owner ? pg->owner->domain_id : -1, pg->refs, sum);
    for ( unsigned int i = 0; i < NR_PAGE_HOLDERS; i++ )
        if ( t->held[i] )
            printk(XENLOG_ALWAYS, " %s %u", holder_name[i], t->held[i]);
    printk(XENLOG_ALWAYS, "\n");
    findings++;
}

static void check_accounts(const struct domain *d)
{
    uint64_t tot = nr_reserved(d), extra = 0;

    for ( uint64_t i = 1; i <= nr_used; i++ )
    {
        const struct page *pg = &frame_table[tallies[i].mfn];

        if ( pg->owner == d )
            (*(pg->flags & PAGE_EXTRA ? &extra : &tot))++;
    }
    if ( tot == d->tot_pages && extra == d->extra_pages )
        return;
    printk(XENLOG_ALWAYS,
           "audit: d%u is charged for %lu+%lu pages and owns %lu+%lu\n",
           d->domain_id, d->tot_pages, d->extra_pages, tot, extra);
    findings++;
}

static void check_heap(void)
{
    uint64_t in_use = reserved + nr_used;

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

/*
 * Room for a tally of each frame in use: also of those that the tables take, where
 * the heap is made of frames.  False: no memory.
 */
static bool make_tables(void)
{
    number = arch_heap_alloc(nr_frames * sizeof(*number));
    room = page_nr_total() - page_nr_free();
    room += room / 32 + 64; /* the table of tallies itself */
    tallies = arch_heap_alloc(room * sizeof(*tallies));
    return number && tallies;
}

/* No frame is allocated after this. */
static void begin_tallies(void)
{
    nr_used = 0;
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
    {
        number[mfn] = 0;
        if ( !frame_table[mfn].refs )
            continue;
        number[mfn] = (uint32_t)++nr_used;
        BUG_ON(nr_used >= room);
        tallies[nr_used] = (struct tally){ .mfn = mfn };
    }
}

static void free_tables(void)
{
    if ( tallies )
        arch_heap_free(tallies);
    if ( number )
        arch_heap_free(number);
    tallies = NULL;
    number = NULL;
}

unsigned int audit_all(void)
{
    struct domain *d;
    bool pv;

    domain_list_lock();
    findings = 0;
    reserved = claimed = 0;
    pv = pv_mm_present();
    if ( !make_tables() || (pv && pv_audit_begin()) )
    {
        printk(XENLOG_ALWAYS, "audit: no memory\n");
        findings++;
        goto out;
    }
    begin_tallies();
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        count_domain(d);
    arch_audit_refs(count);
    for ( uint64_t i = 1; i <= nr_used; i++ )
        check_page(&tallies[i]);
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        check_accounts(d);
    check_heap();
    if ( pv ) /* frees its table: no frame is counted after it */
        findings += pv_audit_end();
 out:
    free_tables();
    domain_list_unlock();
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
