/* SPDX-License-Identifier: MIT */
/*
 * Recompute all types and counts of a domain from its tables: for each page the
 * holders are counted, then compared with the word of its frame.
 *
 * Entries of one domain can hold type references on pages of another, so counts
 * are compared when the tables of all domains have been read: pv_audit_end().
 */
#include "pv-private.h"

#include <hv/heap.h>

#include <pv-mm/entries.h>

static uint32_t *expected; /* type references of each frame */
static unsigned int findings;

static void fault(const struct page *pg, const char *what)
{
    printk(XENLOG_ALWAYS, "audit: frame %#lx of d%d: %s, type %u, count %u\n",
           mfn_x(page_to_mfn(pg)), pg->owner ? pg->owner->domain_id : -1, what,
           pv_type(pg), pv_type_count(pg));
    findings++;
}

static void hold_table(const struct domain *d, struct page *pg,
                       unsigned int level, audit_count_t count)
{
    count(page_to_mfn(pg), HOLD_PTE);
    expected[mfn_x(page_to_mfn(pg))]++;
    if ( pg->owner != d || pv_type(pg) != level )
        fault(pg, "used as a table of another type");
}

static void hold_entry(const struct domain *d, uint64_t e, unsigned int level,
                       audit_count_t count)
{
    struct page *pg;

    if ( level == PV_L1 && pv_machine->is_io(entry_mfn(e)) )
        return;
    pg = mfn_to_page(entry_mfn(e));
    if ( level != PV_L1 )
    {
        hold_table(d, pg, level - 1, count);
        return;
    }
    count(page_to_mfn(pg), HOLD_PTE);
    if ( !(e & PTE_RW) )
        return;
    expected[mfn_x(page_to_mfn(pg))]++;
    if ( pv_type(pg) != PV_WRITABLE )
        fault(pg, "mapped writable");
}

static void hold_entries(const struct domain *d, struct page *pg,
                         unsigned int level, unsigned int nr,
                         audit_count_t count)
{
    const uint64_t *entry = page_to_virt(pg);

    for ( unsigned int i = pv_next_present(entry, 0, nr); i < nr;
          i = pv_next_present(entry, i + 1, nr) )
        if ( !is_hv_slot(level, i) )
            hold_entry(d, entry[i], level, count);
}

/* The tables of the work: see work.c for what they hold. */
static void hold_work(const struct domain *d, audit_count_t count)
{
    const struct pv_work *w = &d->pv->work;

    for ( unsigned int i = 0; i < w->depth; i++ )
    {
        struct page *pg = w->at[i].pg;

        hold_entries(d, pg, w->at[i].level, w->at[i].index, count);
        count(page_to_mfn(pg), HOLD_PTE);
        if ( pv_is_valid(pg) )
            fault(pg, "valid while there is work on it");
        /* Validating, and what failed to: not what came to count 0. */
        expected[mfn_x(page_to_mfn(pg))] += pv_type_count(pg) != 0;
    }
}

static void hold_owned(const struct domain *d, audit_count_t count)
{
    struct page *pg;

    list_for_each (pg, &d->pv->owned, link)
    {
        count(page_to_mfn(pg), HOLD_OWN);
        if ( !(READ_ONCE(frame_of(pg)->word) & WORD_OWNED) ||
             pg->owner != d )
            fault(pg, "in a reservation by mistake");
    }
}

static void hold_roots(const struct domain *d, audit_count_t count)
{
    const struct pv_domain *pv = d->pv;

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        if ( pv->roots[i].kernel )
            hold_table(d, pv->roots[i].kernel, PV_L4, count);
        if ( pv->roots[i].user )
            hold_table(d, pv->roots[i].user, PV_L4, count);
    }
    for ( unsigned int i = 0; i < PV_RESULTS; i++ )
        if ( pv->result[i].by && !pv->result[i].error )
            hold_table(d, pv->result[i].pg, pv->result[i].level, count);
}

static void hold_segment(const struct domain *d, struct page *pg,
                         audit_count_t count)
{
    if ( !pg )
        return;
    count(page_to_mfn(pg), HOLD_PTE);
    expected[mfn_x(page_to_mfn(pg))]++;
    if ( pg->owner != d || pv_type(pg) != PV_SEG )
        fault(pg, "used for descriptors");
}

static void hold_descriptors(const struct domain *d, audit_count_t count)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        const struct pv_descriptors *t = &d->pv->descriptors[i];

        for ( unsigned int k = 0; k < PV_GDT_FRAMES; k++ )
            hold_segment(d, t->gdt[k], count);
        for ( unsigned int k = 0; k < PV_LDT_FRAMES; k++ )
            hold_segment(d, t->ldt[k], count);
    }
}

void pv_audit(struct domain *d, audit_count_t count)
{
    hold_owned(d, count);
    hold_roots(d, count);
    hold_descriptors(d, count);
    hold_work(d, count);
    for ( uint64_t i = 0; i < nr_frames; i++ )
    {
        struct page *pg = &frame_table[i];
        uint64_t word = READ_ONCE(pv_frames[i].word);

        if ( pg->owner != d || !pg->refs )
            continue;
        if ( word & WORD_PINNED )
            hold_table(d, pg, word_type(word), count);
        if ( word & WORD_VALID )
            hold_entries(d, pg, word_type(word), PV_ENTRIES, count);
    }
}

void pv_audit_writable(const struct page *pg)
{
    expected[mfn_x(page_to_mfn(pg))]++;
    if ( pv_type(pg) != PV_WRITABLE )
        fault(pg, "written by the hypervisor");
}

int pv_audit_begin(void)
{
    expected = arch_heap_alloc(nr_frames * sizeof(*expected));
    if ( !expected )
        return -ENOMEM;
    memset(expected, 0, nr_frames * sizeof(*expected));
    findings = 0;
    return 0;
}

unsigned int pv_audit_end(void)
{
    for ( uint64_t i = 0; i < nr_frames; i++ )
    {
        const struct page *pg = &frame_table[i];
        uint64_t word = READ_ONCE(pv_frames[i].word);

        if ( (word & WORD_COUNT) != expected[i] )
        {
            fault(pg, "wrong count of type references");
            printk(XENLOG_ALWAYS, "       found %u\n", expected[i]);
        }
        if ( (word & WORD_COUNT || word_type(word) != PV_NONE ||
              (word & (WORD_PINNED | WORD_OWNED | WORD_VALID))) && !pg->refs )
            fault(pg, "a type though it is free");
        if ( (word & WORD_VALID) && !is_table(word_type(word)) )
            fault(pg, "valid though no table");
        if ( !(word & WORD_OWNED) && pv_machine->m2p[i] != PV_M2P_NONE )
            fault(pg, "has a guest's number after its end");
    }
    arch_heap_free(expected);
    expected = NULL;
    return findings;
}
