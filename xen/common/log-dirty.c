/* SPDX-License-Identifier: MIT */
/*
 * Logging which frames of a domain are written: see the header.  Here: what
 * both logs share, and the log of a range; log-dirty-all.c has that of all
 * frames.
 *
 * A harvest makes entries clean under the p2m lock, then flushes the TLBs.
 * Between the two a vcpu may still write through an entry that was writable:
 * to a frame that this harvest has just reported, and whose content nobody has
 * read yet for this report.  The generation went up with the first clean entry,
 * so that walks that a copy remembers are made anew.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

/* Frames that one step of making entries dirty again looks at. */
#define RELEASE_STEP 1024

/* The first gfn behind the table entry of this level that gfn is in. */
static uint64_t entry_end(uint64_t gfn, unsigned int level)
{
    return (gfn | (p2m_span(level) - 1)) + 1;
}

unsigned int log_dirty_touch(struct p2m *p2m, uint64_t gfn)
{
    unsigned int level;
    uint64_t *pte = p2m_pt_find(p2m, gfn, &level);

    /* Only this frame becomes dirty, unless there is no table to say so. */
    if ( level && !p2m_pt_make(p2m, gfn, 0, 1, 0) )
        pte = p2m_pt_find(p2m, gfn, &level);
    if ( p2m_pt_entry(*pte, gfn, level).clean & LOG_ALL )
        log_dirty_count(p2m, p2m_span(level));
    p2m_pt_set_clean(p2m, pte, 0);
    return 0;
}

static int stop_here(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    (void)d, (void)gfn, (void)e, (void)arg;
    return 1;
}

/* gfns without a frame are not logged, and there may be very many. */
static uint64_t next_frame(struct domain *d, uint64_t gfn)
{
    return p2m_for_some(d, &gfn, P2M_GFN_LIMIT, stop_here, NULL) ? gfn : ~0UL;
}

uint64_t log_dirty_next(struct domain *d, uint64_t gfn)
{
    const struct log_dirty *l = &d->p2m.log_dirty;
    bool all;

    spin_lock(&d->p2m.lock);
    all = l->on & LOG_ALL;
    if ( !all )
    {
        gfn = max(gfn, l->from);
        if ( gfn >= l->to )
            gfn = ~0UL;
    }
    spin_unlock(&d->p2m.lock);
    return all ? next_frame(d, gfn) : gfn;
}

void log_dirty_mark(struct domain *d, uint64_t gfn)
{
    struct p2m *p2m = &d->p2m;
    unsigned int level;

    if ( likely(!log_dirty_is_on(d)) || !p2m_in_range(p2m, gfn) )
        return;
    spin_lock(&p2m->lock);
    if ( p2m_pt_get(p2m, gfn, &level).clean )
        (void)log_dirty_touch(p2m, gfn);
    spin_unlock(&p2m->lock);
}

bool log_dirty_fault(struct domain *d, uint64_t gfn)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_entry e;
    unsigned int level;

    if ( likely(!log_dirty_is_on(d)) || !p2m_in_range(p2m, gfn) )
        return false;
    spin_lock(&p2m->lock);
    e = p2m_pt_get(p2m, gfn, &level);
    if ( e.type == P2M_RAM_RW && e.clean )
        (void)log_dirty_touch(p2m, gfn);
    spin_unlock(&p2m->lock);
    return e.type == P2M_RAM_RW;
}

/* ---- the range ---- */

/* The clean entries that reach into [gfn, end) become dirty; lock held. */
static void release(struct p2m *p2m, uint64_t gfn, uint64_t end)
{
    while ( gfn < end )
    {
        unsigned int level;
        uint64_t *pte = p2m_pt_find(p2m, gfn, &level);
        unsigned int clean = p2m_pt_entry(*pte, gfn, level).clean;

        if ( clean & LOG_RANGE )
            p2m_pt_set_clean(p2m, pte, clean & ~LOG_RANGE);
        gfn = entry_end(gfn, level);
    }
}

/*
 * One step of making the range dirty, from its first frame on; true when it is
 * empty.  Lock held.
 */
static bool release_some(struct p2m *p2m)
{
    struct log_dirty *l = &p2m->log_dirty;
    uint64_t end = min(l->to, l->from + RELEASE_STEP);

    release(p2m, l->from, end);
    l->from = end;
    /* A caller that asks for just the rest of it begins anew. */
    l->at = 0;
    l->fresh = true;
    if ( l->from < l->to )
        return false;
    WRITE_ONCE(l->on, l->on & ~LOG_RANGE);
    l->from = l->to = 0;
    return true;
}

struct range {
    uint64_t from, to;
};

static struct range range_of(uint64_t first, uint64_t nr)
{
    uint64_t from = min(first, P2M_GFN_LIMIT);

    return (struct range){ from, from + min(nr, P2M_GFN_LIMIT - from) };
}

/* Of a range that is being dropped the first frame moves. */
static bool is_logged(const struct log_dirty *l, struct range r)
{
    return r.from < r.to && l->from == r.from && l->to == r.to;
}

int log_dirty_set_range(struct domain *d, uint64_t first, uint64_t nr)
{
    struct log_dirty *l = &d->p2m.log_dirty;
    struct range r = range_of(first, nr);
    bool done;

    for ( ;; )
    {
        spin_lock(&d->p2m.lock);
        done = is_logged(l, r) || release_some(&d->p2m);
        if ( done && r.from < r.to && !l->to )
        {
            l->from = r.from;
            l->to = r.to;
            l->fresh = true;
            WRITE_ONCE(l->on, l->on | LOG_RANGE);
        }
        spin_unlock(&d->p2m.lock);
        if ( done )
            return 0;
        if ( hypercall_preempt_check() )
            return -ERESTART;
    }
}

/* ---- a harvest ---- */

static void set_bits(uint8_t *bits, uint64_t at, uint64_t nr)
{
    for ( ; nr; at++, nr-- )
        bits[at / 8] |= (uint8_t)(1U << at % 8);
}

/*
 * A part of a large entry cannot be clean: make smaller ones, down to frames
 * when the part is no multiple of 2^9.  False: there is no table for that.
 */
static bool split(struct p2m *p2m, uint64_t gfn, uint64_t end,
                  unsigned int level)
{
    uint64_t small = p2m_span(1);

    if ( level > 1 && !(gfn & (small - 1)) && end - gfn >= small )
        return !p2m_pt_make(p2m, gfn, 0, small, 1);
    return !p2m_pt_make(p2m, gfn, 0, 1, 0);
}

bool log_dirty_collect(struct p2m *p2m, unsigned int log, uint64_t gfn,
                       uint64_t end, bool clean, uint8_t *bits)
{
    uint64_t first = gfn, next;
    bool cleaned = false;

    ASSERT(spin_is_mine(&p2m->lock));
    for ( ; gfn < end; gfn = next )
    {
        unsigned int level;
        uint64_t *pte = p2m_pt_find(p2m, gfn, &level);
        struct p2m_entry e = p2m_pt_entry(*pte, gfn, level);
        bool whole = !(gfn & (p2m_span(level) - 1)) &&
                     entry_end(gfn, level) <= end;

        next = min(entry_end(gfn, level), end);
        /* Zeroes, perhaps not those that a reader of the log has seen. */
        if ( e.type == P2M_POD )
            set_bits(bits, gfn - first, 1);
        if ( !p2m_is_ram(e.type) || e.clean & log )
            continue;
        if ( clean && !whole && split(p2m, gfn, end, level) )
        {
            next = gfn;
            continue;
        }
        set_bits(bits, gfn - first, next - gfn);
        if ( !clean || !whole )
            continue;
        p2m_pt_set_clean(p2m, pte, e.clean | log);
        cleaned = true;
    }
    return cleaned;
}

int log_dirty_harvest(struct domain *d, uint64_t first, uint64_t nr,
                      uint64_t *at, uint64_t *done,
                      uint8_t bits[LOG_DIRTY_STEP / 8])
{
    struct p2m *p2m = &d->p2m;
    struct log_dirty *l = &p2m->log_dirty;
    bool cleaned = false;
    uint64_t from;

    memset(bits, 0, LOG_DIRTY_STEP / 8);
    spin_lock(&p2m->lock);
    if ( !is_logged(l, range_of(first, nr)) )
    {
        spin_unlock(&p2m->lock);
        return -EBUSY;
    }
    *at = l->at;
    from = l->from + l->at;
    *done = min(l->to - from, (uint64_t)LOG_DIRTY_STEP);
    if ( *done )
    {
        cleaned = log_dirty_collect(p2m, LOG_RANGE, from, from + *done, true,
                                    bits);
        if ( l->fresh )
            set_bits(bits, 0, *done);
        l->at += *done;
    }
    else
    {
        l->at = 0;
        l->fresh = false;
    }
    spin_unlock(&p2m->lock);
    if ( cleaned )
        arch_p2m_flush(d, _gfn(from), *done);
    return 0;
}

void log_dirty_renew(struct domain *d)
{
    spin_lock(&d->p2m.lock);
    d->p2m.log_dirty.at = 0;
    d->p2m.log_dirty.fresh = true;
    spin_unlock(&d->p2m.lock);
}

/* ---- audit ---- */

bool log_dirty_is_wrong(const struct p2m *p2m, struct p2m_entry e, uint64_t gfn,
                        uint64_t nr)
{
    const struct log_dirty *l = &p2m->log_dirty;

    return e.clean &&
           (!p2m_is_ram(e.type) ||
            (e.clean & LOG_RANGE && (gfn < l->from || gfn + nr > l->to)) ||
            (e.clean & LOG_ALL && l->all.state == LOG_ALL_OFF) ||
            (e.clean & LOG_SWEEP && !p2m->pod.sweepers));
}
