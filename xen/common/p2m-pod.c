/* SPDX-License-Identifier: MIT */
/*
 * Populate on demand: gfns that get their memory at the first access.
 *
 * An entry of type P2M_POD reads as zeroes and has no frame.  The first access
 * gives it one of the domain's *cache*: pages of the domain, zeroed, each with
 * one reference, that are at no gfn.  So a domain can be made with more gfns
 * than memory, and its balloon driver gives back the gfns that the cache has no
 * page for.  What the domain may have does not change by an access: pages of
 * the cache count in tot_pages.
 *
 *   toolstack: set_target --> cache --first access--> RAM
 *                               ^ ^                    |
 *        decrease_reservation --+ +-- sweep of zeroes -+
 *
 * While there are more entries than pages, a page that the domain gives back
 * goes to the cache.  When the cache is empty, the *sweep* looks for pages of
 * the domain that hold nothing but zeroes and makes their entries P2M_POD again.
 * The sweep goes through all gfns in circles, step by step.  A domain that needs
 * a page when a whole circle has found none has used more than it may: it
 * crashes.
 *
 * One step: entries of zeroed pages become clean for LOG_SWEEP, and with that
 * read-only for the page walker; flush; the pages that are still zero, clean and
 * without other references are taken; flush; they go to the cache.  Writers
 * notice only that an entry was not writable, as with a log (hv/log-dirty.h).
 *
 * p2m.lock protects all counts.  No lock is held over a flush, so a caller that
 * copies (arch.copying) takes pages of the cache only and sweeps afterwards.
 */
#include <hv/budget.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

#define SWEEP_PAGES 64   /* whose content one step reads             */
#define SWEEP_LOOKS 1024 /* entries that one step reads              */
#define SWEEP_ROUNDS 64  /* of waiting for steps of other CPUs       */
#define CACHE_LOW 64     /* a fault with fewer pages left sweeps, too */

/* From here on the sweep has passed nothing. */
static void begin_circle(struct p2m_pod *pod)
{
    pod->passed = 0;
    pod->rounds_left = SWEEP_ROUNDS;
}

void p2m_pod_init(struct p2m *p2m)
{
    list_init(&p2m->pod.cache);
    begin_circle(&p2m->pod);
}

/* ---- the cache ---- */

static void push(struct p2m *p2m, struct page *pg)
{
    list_add_tail(&pg->link, &p2m->pod.cache);
    p2m->pod.nr++;
    WRITE_ONCE(p2m->pod.starved, false);
}

static struct page *pop(struct p2m *p2m)
{
    struct page *pg;

    ASSERT(spin_is_mine(&p2m->lock));
    if ( list_empty(&p2m->pod.cache) )
        return NULL;
    pg = list_entry(p2m->pod.cache.next, struct page, link);
    list_del(&pg->link);
    p2m->pod.nr--;
    return pg;
}

/*
 * Add zeroed pages of d, whose references become the cache's.  A dying domain's
 * cache stays empty.  No lock held.
 */
static void give(struct domain *d, struct page **pages, unsigned int nr)
{
    bool dying;

    spin_lock(&d->p2m.lock);
    dying = domain_is_dying(d);
    for ( unsigned int i = 0; i < nr && !dying; i++ )
        push(&d->p2m, pages[i]);
    spin_unlock(&d->p2m.lock);
    for ( unsigned int i = 0; i < nr && dying; i++ )
        page_put(pages[i]);
}

/* Free one page of the cache, if it has more than the entries need. */
static bool trim_one(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    struct page *pg = NULL;

    spin_lock(&p2m->lock);
    if ( p2m->pod.nr > p2m->pod.entries )
        pg = pop(p2m);
    spin_unlock(&p2m->lock);
    if ( pg )
        page_put(pg);
    return pg;
}

void p2m_pod_trim(struct domain *d, unsigned int most)
{
    while ( most-- && trim_one(d) )
        ;
}

int p2m_pod_relinquish(struct domain *d)
{
    struct page *pg;

    ASSERT(domain_is_dying(d));
    if ( !d->p2m.root )
        return 0;
    for ( ;; )
    {
        spin_lock(&d->p2m.lock);
        pg = pop(&d->p2m);
        spin_unlock(&d->p2m.lock);
        if ( !pg )
            return 0;
        page_put(pg);
        if ( hypercall_preempt_check() )
            return -ERESTART;
    }
}

/* ---- the target ---- */

/*
 * How many pages the cache should have when d is to have `target` in all.  What
 * the balloon driver has to do, it does: the cache never shrinks for a target
 * below what d has, and grows to the number of entries at most, once d has any
 * other memory.  Lock held.
 */
static uint64_t cache_target(struct domain *d, uint64_t target)
{
    const struct p2m_pod *pod = &d->p2m.pod;
    uint64_t tot, populated;

    spin_lock(&d->page_lock);
    tot = d->tot_pages;
    spin_unlock(&d->page_lock);
    /* Pages on their way to or from the cache are counted in tot only. */
    populated = tot - min(tot, pod->nr);
    if ( (populated && !pod->entries) || target < tot || domain_is_dying(d) )
        return pod->nr;
    target -= populated;
    return populated ? min(target, pod->entries) : target;
}

int p2m_pod_set_target(struct domain *d, uint64_t target)
{
    struct p2m *p2m = &d->p2m;

    for ( ;; )
    {
        struct page *pg = NULL;
        uint64_t want, nr;

        spin_lock(&p2m->lock);
        want = cache_target(d, target);
        nr = p2m->pod.nr;
        if ( nr > want )
            pg = pop(p2m);
        spin_unlock(&p2m->lock);

        if ( nr == want )
            return 0;
        if ( pg )
            page_put(pg);
        else
        {
            pg = page_alloc(d, 0, 0);
            if ( !pg )
                return -ENOMEM;
            give(d, &pg, 1);
        }
        if ( hypercall_preempt_check() )
            return -ERESTART;
    }
}

void p2m_pod_counts(struct domain *d, uint64_t *cache, uint64_t *entries)
{
    spin_lock(&d->p2m.lock);
    *cache = d->p2m.pod.nr;
    *entries = d->p2m.pod.entries;
    spin_unlock(&d->p2m.lock);
}

/* ---- pages in hand ---- */

/*
 * A CPU has pages that may come to the cache, with no lock held meanwhile: from
 * hand_begin(), whose answer is for hand_end().  Lock held for both.
 */
static unsigned int hand_begin(struct p2m_pod *pod)
{
    pod->hands++;
    return pod->rounds;
}

static void hand_end(struct p2m_pod *pod, unsigned int began)
{
    pod->hands--;
    if ( began != pod->rounds )
        pod->earlier--;
}

/*
 * May there be a page yet?  After a whole circle without one: those in hand may be
 * what is missing.  So there are rounds, each of which waits for the hands that
 * there were when it began.  Without a limit vcpus that find nothing in turns
 * would wait for each other for ever.  Lock held.
 */
static bool may_come(struct p2m *p2m)
{
    struct p2m_pod *pod = &p2m->pod;

    if ( pod->passed <= p2m->max_gfn )
        return true;
    if ( !pod->earlier && pod->hands && pod->rounds_left )
    {
        pod->rounds_left--;
        pod->rounds++;
        pod->earlier = pod->hands;
    }
    if ( pod->nr || pod->earlier )
        return true;
    begin_circle(pod);
    return false;
}

/* ---- the sweep ---- */

/* Memory that nobody but the p2m entry holds, so that no reader can tell. */
static bool may_take(struct p2m_entry e, unsigned int level)
{
    const struct page *pg;

    if ( level || e.type != P2M_RAM_RW )
        return false;
    pg = mfn_to_page(e.mfn);
    return READ_ONCE(pg->refs) == 1 && !(pg->flags & PAGE_EXTRA) &&
           !page_is_claimed(pg);
}

/* 64 bytes in one go, which is a step of hv/budget.h. */
static bool is_zero(mfn_t mfn)
{
    const uint64_t *p = arch_mfn_to_virt(mfn);

    for ( unsigned int i = 0; i < PAGE_SIZE / sizeof(*p); i += 8 )
        if ( READ_ONCE(p[i]) | READ_ONCE(p[i + 1]) | READ_ONCE(p[i + 2]) |
             READ_ONCE(p[i + 3]) | READ_ONCE(p[i + 4]) | READ_ONCE(p[i + 5]) |
             READ_ONCE(p[i + 6]) | READ_ONCE(p[i + 7]) )
            return false;
    return true;
}

struct step {
    uint64_t first, end; /* gfns that the step has passed         */
    uint64_t gfn[SWEEP_PAGES];
    struct page *page[SWEEP_PAGES];
    unsigned int nr; /* of gfn, then of page                      */
};

/* Find entries whose pages are zero, and make them clean.  Lock held. */
static void mark(struct p2m *p2m, struct step *s)
{
    unsigned int looks = SWEEP_LOOKS, pages = SWEEP_PAGES, level;
    uint64_t gfn = p2m->pod.at, end = p2m->max_gfn + 1;

    s->first = gfn;
    while ( pages && p2m_pt_next(p2m, &gfn, end, &looks) )
    {
        uint64_t *pte = p2m_pt_find(p2m, gfn, &level);
        struct p2m_entry e = p2m_pt_entry(*pte, gfn, level);

        if ( may_take(e, level) && !(e.clean & LOG_SWEEP) )
        {
            pages--;
            if ( is_zero(e.mfn) )
            {
                p2m_pt_set_clean(p2m, pte, e.clean | LOG_SWEEP);
                s->gfn[s->nr++] = gfn;
            }
        }
        gfn = (gfn | (p2m_span(level) - 1)) + 1;
    }
    s->end = min(gfn, end);
    p2m->pod.at = gfn < end ? gfn : 0;
    p2m->pod.passed += s->end - min(s->first, s->end);
}

/* Take the pages that are still as mark() found them.  Lock held. */
static void take(struct p2m *p2m, struct step *s)
{
    unsigned int found = s->nr, level;

    s->nr = 0;
    for ( unsigned int i = 0; i < found; i++ )
    {
        uint64_t *pte = p2m_pt_find(p2m, s->gfn[i], &level);
        struct p2m_entry e = p2m_pt_entry(*pte, s->gfn[i], level);

        if ( !(e.clean & LOG_SWEEP) )
            continue;
        if ( !may_take(e, level) || !is_zero(e.mfn) )
        {
            p2m_pt_set_clean(p2m, pte, e.clean & ~LOG_SWEEP);
            continue;
        }
        s->page[s->nr++] = mfn_to_page(e.mfn);
        p2m_pt_write(p2m, pte, p2m_entry(INVALID_MFN, P2M_POD));
    }
    if ( s->nr )
        begin_circle(&p2m->pod);
}

/* No lock held before and after. */
static void flush_step(struct domain *d, const struct step *s)
{
    spin_unlock(&d->p2m.lock);
    arch_p2m_flush(d, _gfn(s->first), s->end - s->first);
    spin_lock(&d->p2m.lock);
}

/* One step.  False: nothing was found in a whole circle.  No lock held. */
static bool sweep(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    struct step s = { .nr = 0 };
    unsigned int began;
    bool hope;

    spin_lock(&p2m->lock);
    began = hand_begin(&p2m->pod);
    if ( !p2m->pod.sweepers++ )
        WRITE_ONCE(p2m->log_dirty.on, p2m->log_dirty.on | LOG_SWEEP);
    mark(p2m, &s);
    if ( s.nr )
    {
        flush_step(d, &s);
        take(p2m, &s);
    }
    if ( s.nr )
    {
        flush_step(d, &s);
        spin_unlock(&p2m->lock);
        give(d, s.page, s.nr);
        spin_lock(&p2m->lock);
    }
    if ( !--p2m->pod.sweepers )
        WRITE_ONCE(p2m->log_dirty.on, p2m->log_dirty.on & ~LOG_SWEEP);
    hand_end(&p2m->pod, began);
    hope = may_come(p2m);
    spin_unlock(&p2m->lock);
    return hope;
}

/* ---- accesses ---- */

struct p2m_entry p2m_pod_fill(struct p2m *p2m, uint64_t gfn)
{
    struct page *pg = pop(p2m);
    struct p2m_entry e = p2m_entry(INVALID_MFN, P2M_POD);

    if ( pg )
    {
        e = p2m_entry(page_to_mfn(pg), P2M_RAM_RW);
        p2m_pt_put(p2m, gfn, e);
    }
    else if ( !p2m->pod.starved )
    {
        begin_circle(&p2m->pod); /* pages may have become zero since */
        WRITE_ONCE(p2m->pod.starved, true);
    }
    return e;
}

/* A sweep, if it can help; false: d has crashed, or crashes now. */
static bool sweep_or_crash(struct domain *d)
{
    if ( domain_is_dying(d) || domain_is_shut_down(d) )
        return false;
    if ( sweep(d) )
        return true;
    d->out_of_memory(d);
    return false;
}

bool p2m_pod_refill(struct domain *d)
{
    while ( READ_ONCE(d->p2m.pod.starved) && sweep_or_crash(d) )
    {
        if ( !READ_ONCE(d->p2m.pod.starved) )
            return true;
        if ( hypercall_preempt_check() )
            break;
    }
    return false;
}

bool p2m_pod_fault(struct domain *d, gfn_t gfn)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_entry e;
    unsigned int level;
    bool low, none;

    if ( !p2m_in_range(p2m, gfn_x(gfn)) )
        return false;
    spin_lock(&p2m->lock);
    e = p2m_pt_get(p2m, gfn_x(gfn), &level);
    none = e.type == P2M_POD &&
           p2m_pod_fill(p2m, gfn_x(gfn)).type == P2M_POD;
    low = p2m->pod.nr < CACHE_LOW && p2m->pod.nr < p2m->pod.entries;
    spin_unlock(&p2m->lock);
    if ( e.type != P2M_POD )
        return false;
    if ( none )
        (void)sweep_or_crash(d);
    else if ( low )
        (void)sweep(d);
    return true;
}

int p2m_pod_no_memory(struct domain *d)
{
    return domain_is_dying(d) || domain_is_shut_down(d) ? -ENOMEM : -ERESTART;
}

/* ---- what the domain gives back ---- */

bool p2m_pod_decrease(struct domain *d, gfn_t gfn)
{
    struct p2m *p2m = &d->p2m;
    struct page *pg = NULL;
    struct p2m_entry e;
    unsigned int level, began = 0;

    if ( !READ_ONCE(p2m->pod.entries) || !p2m_in_range(p2m, gfn_x(gfn)) )
        return false;
    spin_lock(&p2m->lock);
    e = p2m_pt_get(p2m, gfn_x(gfn), &level);
    if ( p2m->pod.entries > p2m->pod.nr && may_take(e, level) )
    {
        pg = mfn_to_page(e.mfn);
        began = hand_begin(&p2m->pod);
    }
    if ( pg || e.type == P2M_POD )
        p2m_pt_put(p2m, gfn_x(gfn), p2m_entry(INVALID_MFN, P2M_NONE));
    spin_unlock(&p2m->lock);
    if ( pg )
    {
        arch_p2m_flush(d, gfn, 1);
        memset(page_to_virt(pg), 0, PAGE_SIZE);
        budget_spend_bytes(PAGE_SIZE);
        give(d, &pg, 1);
        spin_lock(&p2m->lock);
        hand_end(&p2m->pod, began);
        spin_unlock(&p2m->lock);
    }
    return pg || e.type == P2M_POD;
}
