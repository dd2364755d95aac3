/* SPDX-License-Identifier: MIT */
/*
 * The log of all frames of a domain: see the header.
 *
 *   OFF -> STARTING -> ON -> STOPPING -> OFF
 *
 * Making all entries clean, or dirty again, gives way; `at` is where it goes on.
 * While a log starts, frames that are clean already may be written and are dirty
 * then: what the caller reads afterwards it reads anew anyway.
 */
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include "p2m-private.h"

/* Entries that one step looks at. */
#define STEP 1024

/*
 * Make some entries from l->at on and below l->end clean, or dirty for this log;
 * large ones as a whole, and only if they end there.  True: there are no more.
 */
static bool sweep(struct domain *d, bool clean)
{
    struct p2m *p2m = &d->p2m;
    uint64_t first = p2m->log_dirty.all.at, gfn = first;
    uint64_t end = min(p2m->log_dirty.all.end, p2m->max_gfn + 1);
    unsigned int left = STEP, level;
    bool cleaned = false;

    ASSERT(spin_is_mine(&p2m->lock));
    while ( p2m_pt_next(p2m, &gfn, end, &left) )
    {
        uint64_t *pte = p2m_pt_find(p2m, gfn, &level);
        struct p2m_entry e = p2m_pt_entry(*pte, gfn, level);

        gfn = (gfn | (p2m_span(level) - 1)) + 1;
        if ( p2m_is_ram(e.type) && gfn <= p2m->log_dirty.all.end &&
             clean == !(e.clean & LOG_ALL) )
        {
            p2m_pt_set_clean(p2m, pte, e.clean ^ LOG_ALL);
            cleaned |= clean;
        }
    }
    p2m->log_dirty.all.at = gfn;
    p2m->log_dirty.sweeping = true;
    spin_unlock(&p2m->lock);
    if ( cleaned )
        arch_p2m_flush(d, _gfn(first), gfn - first);
    spin_lock(&p2m->lock);
    p2m->log_dirty.sweeping = false;
    return gfn >= end;
}

/*
 * Sweep in state `during`, which another caller may have ended meanwhile; then
 * the state is `after`.  Lock held.
 */
static int sweep_all(struct domain *d, enum log_all_state during,
                     enum log_all_state after)
{
    struct log_dirty *l = &d->p2m.log_dirty;

    while ( l->all.state == during )
    {
        bool done;

        if ( l->sweeping ) /* another caller: the state is not to change before */
            return -ERESTART;
        done = sweep(d, during == LOG_ALL_STARTING);
        if ( done && l->all.state == during )
        {
            l->all.at = 0;
            l->all.state = after;
            if ( after == LOG_ALL_OFF )
                WRITE_ONCE(l->on, l->on & ~LOG_ALL);
        }
        else if ( l->all.state == during )
        {
            bool preempt;

            spin_unlock(&d->p2m.lock);
            preempt = hypercall_preempt_check();
            spin_lock(&d->p2m.lock);
            if ( preempt )
                return -ERESTART;
        }
    }
    return 0;
}

int log_dirty_all_start(struct domain *d)
{
    struct log_dirty *l = &d->p2m.log_dirty;
    int rc = 0;

    spin_lock(&d->p2m.lock);
    if ( l->all.state == LOG_ALL_OFF )
    {
        l->all = (struct log_dirty_all){ .state = LOG_ALL_STARTING,
                                         .end = P2M_GFN_LIMIT };
        WRITE_ONCE(l->on, l->on | LOG_ALL);
    }
    else if ( l->all.state != LOG_ALL_STARTING )
        rc = -EINVAL;
    if ( !rc )
        rc = sweep_all(d, LOG_ALL_STARTING, LOG_ALL_ON);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int log_dirty_all_stop(struct domain *d)
{
    struct log_dirty *l = &d->p2m.log_dirty;
    int rc;

    spin_lock(&d->p2m.lock);
    if ( l->all.state != LOG_ALL_OFF && l->all.state != LOG_ALL_STOPPING )
        l->all = (struct log_dirty_all){ .state = LOG_ALL_STOPPING,
                                         .end = P2M_GFN_LIMIT };
    rc = sweep_all(d, LOG_ALL_STOPPING, LOG_ALL_OFF);
    spin_unlock(&d->p2m.lock);
    return rc;
}

/* It starts again, so to say, with the frames below `end`. */
int log_dirty_all_clean(struct domain *d, uint64_t end, uint32_t *dirty)
{
    struct log_dirty_all *l = &d->p2m.log_dirty.all;
    int rc;

    spin_lock(&d->p2m.lock);
    if ( l->state == LOG_ALL_ON )
        *l = (struct log_dirty_all){ .state = LOG_ALL_STARTING, .end = end,
                                     .reported = l->dirty };
    rc = sweep_all(d, LOG_ALL_STARTING, LOG_ALL_ON);
    *dirty = l->reported;
    spin_unlock(&d->p2m.lock);
    return rc;
}

/* ---- reading ---- */

int log_dirty_all_read(struct domain *d, bool clean, uint64_t *at,
                       uint32_t *dirty)
{
    struct log_dirty_all *l = &d->p2m.log_dirty.all;
    int rc = 0;

    spin_lock(&d->p2m.lock);
    if ( !l->reading )
    {
        l->reported = l->dirty;
        if ( clean )
            l->dirty = 0;
        *at = 0;
    }
    else if ( l->cleaning != clean )
        rc = -EBUSY;
    else
        *at = l->at;
    *dirty = l->reported;
    spin_unlock(&d->p2m.lock);
    return rc;
}

void log_dirty_all_step(struct domain *d, bool clean, uint64_t gfn, uint64_t nr,
                        uint8_t bits[LOG_DIRTY_STEP / 8])
{
    struct p2m *p2m = &d->p2m;
    bool cleaned = false;

    ASSERT(nr <= LOG_DIRTY_STEP && !(gfn % 8));
    memset(bits, 0, LOG_DIRTY_STEP / 8);
    spin_lock(&p2m->lock);
    if ( p2m->log_dirty.all.state == LOG_ALL_ON && gfn <= p2m->max_gfn )
        cleaned = log_dirty_collect(p2m, LOG_ALL, gfn,
                                    min(gfn + nr, P2M_GFN_LIMIT), clean, bits);
    spin_unlock(&p2m->lock);
    if ( cleaned )
        arch_p2m_flush(d, _gfn(gfn), nr);
}

void log_dirty_all_give_way(struct domain *d, bool clean, uint64_t gfn)
{
    struct log_dirty_all *l = &d->p2m.log_dirty.all;

    spin_lock(&d->p2m.lock);
    l->reading = true;
    l->cleaning = clean;
    l->at = gfn;
    spin_unlock(&d->p2m.lock);
}

void log_dirty_all_end(struct domain *d)
{
    struct log_dirty_all *l = &d->p2m.log_dirty.all;

    spin_lock(&d->p2m.lock);
    l->reading = false;
    l->at = 0;
    spin_unlock(&d->p2m.lock);
}
