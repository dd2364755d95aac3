/* SPDX-License-Identifier: MIT */
/*
 * Validating tables, and dropping the references of their entries, in steps.
 *
 * A table refers to tables of the level below, so the work is a walk with a
 * stack of up to four tables, pv->work.  Entries [0, index) of each table there
 * have their references.
 *
 *   validating: an entry's references are taken, index goes up; a table below
 *               that is new to its type is pushed.  At index 512 the table is
 *               valid.  An entry that is refused turns the work into:
 *   dropping:   index goes down, an entry's references are dropped; a table
 *               below that loses its last type reference is pushed.  At index 0
 *               the table is of type NONE.
 *
 * A table on the stack is not valid, so no other operation uses it.  The work
 * owns a reference on each of these tables; when it validates, also the type
 * reference that the entry above (of the root: the result) is to have.
 *
 * The vcpu that asked for a root finds it in pv->result when it calls again.
 * Vcpus that do not call again leave their results there, until others need the
 * place.  PV_RESULTS places for more vcpus mean that one may have to begin anew.
 */
#include "pv-private.h"

#include <hv/hypercall.h>

#define STEP_ENTRIES 64  /* between two preemption checks */
#define PASS_ENTRIES 64U /* in a step */

/* ---- the lock ---- */

void pv_put_later(struct pv_domain *pv, struct page *pg)
{
    BUG_ON(pv->nr_puts == PV_MAX_PUTS);
    pv->put[pv->nr_puts++] = pg;
}

/* The last reference of a page may free its owner: with no lock held. */
void pv_unlock(struct domain *d)
{
    struct pv_domain *pv = d->pv;
    struct page *put[PV_MAX_PUTS];
    unsigned int nr = pv->nr_puts;

    for ( unsigned int i = 0; i < nr; i++ ) /* mostly one */
        put[i] = pv->put[i];
    pv->nr_puts = 0;
    spin_unlock(&pv->lock);
    while ( nr-- )
        page_put(put[nr]);
}

/* ---- steps ---- */

static uint64_t *entries(struct page *pg)
{
    return page_to_virt(pg);
}

/* The work owns both references on pg, or (dropping) that on the page alone. */
static void push(struct pv_work *w, struct page *pg, unsigned int level)
{
    ASSERT(w->depth < PV_WALK_LEVELS);
    w->at[w->depth].pg = pg;
    w->at[w->depth].level = (uint8_t)level;
    w->at[w->depth].index = w->dropping ? PV_ENTRIES : 0;
    w->depth++;
}

static void keep_result(struct pv_domain *pv, struct page *pg,
                        unsigned int level, int error)
{
    struct pv_result *r = NULL;

    for ( unsigned int i = 0; i < PV_RESULTS; i++ )
        if ( !pv->result[i].by )
            r = &pv->result[i];
    /* pv_lock_settled() and pv_get_table() leave one place free. */
    BUG_ON(!r);
    *r = (struct pv_result){ pv->work.by, pg, (uint8_t)level, error };
}

/* 1: a table below was pushed, which comes first. */
static int get_table_below(struct domain *d, uint64_t *e, unsigned int level)
{
    struct page *pg;

    if ( !entry_check_table(e) || !mfn_valid(entry_mfn(*e)) )
        return -EINVAL;
    pg = mfn_to_page(entry_mfn(*e));
    if ( !page_get(pg, d) )
        return -EINVAL;
    if ( type_get_valid(pg, (enum pv_type)level) )
        return 0;
    if ( pg->flags & PAGE_EXTRA || !type_begin(pg, (enum pv_type)level) )
    {
        pv_put_later(d->pv, pg);
        return -EINVAL;
    }
    push(&d->pv->work, pg, level);
    return 1;
}

static int get_entry(struct domain *d, uint64_t *e, unsigned int level)
{
    uint64_t value = READ_ONCE(*e);
    int rc;

    if ( !(value & PTE_P) )
        return 0;
    rc = level == PV_L1 ? entry_get_l1(d, d, d, NULL, &value)
                        : get_table_below(d, &value, level - 1);
    if ( rc >= 0 )
        WRITE_ONCE(*e, value);
    return rc;
}

/* The table on top is valid: its entry above has both references now. */
static void finish_validating(struct pv_domain *pv)
{
    struct pv_work *w = &pv->work;
    unsigned int top = --w->depth, level = w->at[top].level;
    struct page *pg = w->at[top].pg;

    if ( level == PV_L4 )
        pv_machine->fill_l4(entries(pg));
    type_valid(pg);
    if ( top )
        w->at[top - 1].index++;
    else
        keep_result(pv, pg, level, 0);
}

/*
 * Entries that are not present need nothing: a step passes many of them, from
 * `from` towards `to`, and stops before the first one that is present.
 */
static unsigned int pass_upwards(const uint64_t *e, unsigned int from)
{
    unsigned int to = min(from + PASS_ENTRIES, PV_ENTRIES);

    while ( from < to && !(READ_ONCE(e[from]) & PTE_P) )
        from++;
    return from;
}

static unsigned int pass_downwards(const uint64_t *e, unsigned int from)
{
    unsigned int to = from - min(from, PASS_ENTRIES);

    while ( from > to && !(READ_ONCE(e[from - 1]) & PTE_P) )
        from--;
    return from;
}

static void validate_entry(struct domain *d)
{
    struct pv_work *w = &d->pv->work;
    unsigned int top = w->depth - 1, i;
    int rc = 0;

    i = pass_upwards(entries(w->at[top].pg), w->at[top].index);
    w->at[top].index = (uint16_t)i;
    if ( i == PV_ENTRIES )
    {
        finish_validating(d->pv);
        return;
    }
    if ( !is_hv_slot(w->at[top].level, i) )
        rc = get_entry(d, entries(w->at[top].pg) + i, w->at[top].level);
    if ( rc == 0 )
        w->at[top].index++;
    else if ( rc < 0 )
    {
        w->dropping = true;
        w->failed = true;
        w->error = rc;
    }
}

static void put_entry(struct domain *d, uint64_t e, unsigned int level)
{
    struct page *pg;

    if ( !(e & PTE_P) )
        return;
    if ( level == PV_L1 )
    {
        entry_put_l1(d, e);
        return;
    }
    pg = mfn_to_page(entry_mfn(e));
    frame_stale(pg);
    if ( type_put(pg) )
        push(&d->pv->work, pg, level - 1);
    else
        pv_put_later(d->pv, pg);
}

static void finish_dropping(struct pv_domain *pv)
{
    struct pv_work *w = &pv->work;
    unsigned int top = --w->depth, level = w->at[top].level;
    struct page *pg = w->at[top].pg;

    type_end(pg);
    if ( !top && w->failed )
        keep_result(pv, pg, level, w->error);
    pv_put_later(pv, pg);
}

static void drop_entry(struct domain *d)
{
    struct pv_work *w = &d->pv->work;
    unsigned int top = w->depth - 1, i;

    i = pass_downwards(entries(w->at[top].pg), w->at[top].index);
    w->at[top].index = (uint16_t)i;
    if ( i == 0 )
    {
        finish_dropping(d->pv);
        return;
    }
    w->at[top].index--;
    if ( !is_hv_slot(w->at[top].level, w->at[top].index) )
        put_entry(d, READ_ONCE(entries(w->at[top].pg)[w->at[top].index]),
                  w->at[top].level);
}

/* Locked.  Until no work is left: 0; or another vcpu wants the CPU: -ERESTART. */
static int run(struct domain *d)
{
    struct pv_domain *pv = d->pv;

    while ( pv->work.depth )
    {
        for ( unsigned int i = 0; i < STEP_ENTRIES && pv->work.depth; i++ )
            if ( pv->work.dropping )
                drop_entry(d);
            else
                validate_entry(d);
        /* An entry, and the table that it ends, put a page each. */
        if ( pv->nr_puts + 2 * STEP_ENTRIES > PV_MAX_PUTS )
        {
            pv_unlock(d);
            spin_lock(&pv->lock);
        }
        if ( pv->work.depth && hypercall_preempt_check() )
            return -ERESTART;
    }
    return 0;
}

int pv_lock_settled(struct domain *d)
{
    spin_lock(&d->pv->lock);
    if ( !run(d) )
        return 0;
    pv_unlock(d);
    return -ERESTART;
}

/* ---- results ---- */

int pv_drop_result(struct domain *d, unsigned int i)
{
    struct pv_result r = d->pv->result[i];

    d->pv->result[i].by = NULL;
    return r.by && !r.error ? pv_put_table(d, r.pg) : 0;
}

/* The current vcpu's result, if it has one. */
static struct pv_result *own_result(struct pv_domain *pv)
{
    for ( unsigned int i = 0; i < PV_RESULTS; i++ )
        if ( pv->result[i].by == current )
            return &pv->result[i];
    return NULL;
}

static bool has_room(const struct pv_domain *pv)
{
    for ( unsigned int i = 0; i < PV_RESULTS; i++ )
        if ( !pv->result[i].by )
            return true;
    return false;
}

/*
 * A place for the result of the work that begins now.  Dropping one may unlock,
 * and the work of another vcpu, that began there, has the place then.
 */
static int make_room(struct domain *d)
{
    struct pv_domain *pv = d->pv;
    int rc = 0;

    while ( !rc && !has_room(pv) )
        rc = pv_drop_result(d, pv->next_result++ % PV_RESULTS);
    return rc;
}

/* ---- tables as a whole ---- */

/* 1: there is no result for this. */
static int take_result(struct domain *d, const struct page *pg,
                       unsigned int level)
{
    struct pv_result *r = own_result(d->pv);

    if ( !r )
        return 1;
    if ( r->pg == pg && r->level == level )
    {
        r->by = NULL;
        return r->error;
    }
    /* The vcpu wants something else now. */
    return pv_drop_result(d, (unsigned int)(r - d->pv->result)) ? -ERESTART : 1;
}

int pv_get_table(struct domain *d, mfn_t mfn, unsigned int level,
                 struct page **pgp)
{
    struct pv_domain *pv = d->pv;
    struct page *pg;
    int rc;

    /* A result for a dying domain would outlive pv_domain_relinquish(). */
    if ( !mfn_valid(mfn) || domain_is_dying(d) )
        return -EINVAL;
    *pgp = pg = mfn_to_page(mfn);
    rc = take_result(d, pg, level);
    if ( rc <= 0 )
        return rc;
    rc = make_room(d);
    if ( rc )
        return rc;
    /* It may be dying since make_room(). */
    if ( domain_is_dying(d) || !page_get(pg, d) )
        return -EINVAL;
    if ( type_get_valid(pg, (enum pv_type)level) )
        return 0;
    if ( (pg->flags & PAGE_EXTRA) || !type_begin(pg, (enum pv_type)level) )
    {
        pv_put_later(pv, pg);
        return -EINVAL;
    }
    pv->work = (struct pv_work){ .by = current };
    push(&pv->work, pg, level);
    rc = run(d);
    if ( !rc )
        rc = take_result(d, pg, level);
    return rc == 1 ? -ERESTART : rc; /* 1: another vcpu got the place */
}

int pv_put_table(struct domain *d, struct page *pg)
{
    struct pv_work *w = &d->pv->work;

    ASSERT(!w->depth);
    if ( !type_put(pg) )
    {
        pv_put_later(d->pv, pg);
        return 0;
    }
    *w = (struct pv_work){ .dropping = true };
    push(w, pg, pv_type(pg));
    return run(d);
}
