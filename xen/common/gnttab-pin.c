/* SPDX-License-Identifier: MIT */
/*
 * Pins: the use of a granted page by another domain, shown to the granting
 * guest by GTF_reading and GTF_writing.
 *
 * The guest owns the entry and may change it at any moment.  A version 1
 * entry is one 64-bit word: the word is read as a whole and checked, and the
 * flags are set by a compare-and-exchange of the whole word, so that the word
 * checked is the word pinned.  A version 2 entry has its flags in another
 * page: the flags are set first, then the header is read again.  A guest that
 * revokes a grant changes the header first and reads the flags then, so one of
 * the two sees the other.
 *
 * Pages are looked up with no lock held, since dropping the reference on a page
 * of another domain may free that domain.  The next try pins the page, if the
 * entry still names its frame.
 *
 * A PV guest's page that is pinned for writing has a WRITABLE type reference, so
 * that nobody writes to a page table through a grant.
 *
 * While an entry is pinned, the active entry's copy of domain and page counts,
 * not the guest's.  Only GTF_readonly is read from the guest's entry again,
 * before the first write pin.
 */
#include "gnttab-private.h"

#include <pv-mm/pv-mm.h>

#define MAX_TRIES 5 /* against a guest that keeps changing its entry */

/* The first word of an entry, both versions. */
static inline unsigned int word_flags(uint64_t word) { return word & 0xffff; }
static inline domid_t word_domid(uint64_t word) { return word >> 16 & 0xffff; }

struct active_entry *active_entry_locked(const struct grant_table *gt,
                                         grant_ref_t ref)
{
    struct active_entry *chunk = ptr_array_get(&gt->active,
                                               ref / ACTIVE_PER_CHUNK);

    return chunk ? &chunk[ref % ACTIVE_PER_CHUNK] : NULL;
}

static struct active_entry *active_entry_make_locked(struct grant_table *gt,
                                                     grant_ref_t ref)
{
    struct active_entry *act = active_entry_locked(gt, ref), *chunk;

    if ( act )
        return act;
    chunk = new_array(struct active_entry, ACTIVE_PER_CHUNK);
    if ( !chunk )
        return NULL;
    if ( ptr_array_set(&gt->active, ref / ACTIVE_PER_CHUNK, chunk) )
    {
        hv_free(chunk);
        return NULL;
    }
    return active_entry_locked(gt, ref);
}

void active_chunk_trim_locked(struct grant_table *gt, unsigned int chunk)
{
    struct active_entry *act = ptr_array_get(&gt->active, chunk);

    for ( unsigned int i = 0; act && i < ACTIVE_PER_CHUNK; i++ )
        if ( act[i].page )
            return;
    (void)!ptr_array_set(&gt->active, chunk, NULL);
    hv_free(act);
}

uint16_t pin_flags(const struct active_entry *act)
{
    if ( has_write_pins(act) )
        return GTF_reading | GTF_writing;
    return act->pin[PIN_HOST_R] || act->pin[PIN_DEV_R] ? GTF_reading : 0;
}

struct page *gnttab_own_page(struct domain *d, uint64_t frame, bool write,
                             bool *writable)
{
    enum p2m_type t;
    struct page *pg = p2m_get_frame(d, frame, &t);

    if ( !pg )
        return NULL;
    if ( write && t == P2M_RAM_RO )
    {
        page_put(pg);
        return NULL;
    }
    if ( writable )
        *writable = t != P2M_RAM_RO;
    return pg;
}

/* ---- the guest's flags ---- */

/* One gnttab_pin(): its arguments, and the page found so far. */
struct request {
    domid_t ld;
    unsigned int pins;
    bool write, map;
    bool pinned;       /* the active entry has pins already                */
    bool writable;     /* page is not read-only to its owner               */
    struct page *page; /* the page at frame looked_up, held; or NULL       */
    uint64_t looked_up;
    uint64_t frame;    /* the frame that the entry names                   */
};

static bool terms_ok(uint64_t word, const struct request *r)
{
    unsigned int mask = GTF_type_mask | (r->map ? GTF_sub_page : 0);

    if ( !r->pinned && ((word_flags(word) & mask) != GTF_permit_access ||
                        word_domid(word) != r->ld) )
        return false;
    return !r->write || !(word_flags(word) & GTF_readonly);
}

/* Is r->page the page of this frame?  If not, r->frame says to look it up. */
static bool frame_ok(uint64_t frame, struct request *r)
{
    r->frame = frame;
    return r->pinned || (r->page && r->looked_up == frame);
}

static uint16_t wanted_flags(const struct request *r)
{
    return r->write ? GTF_reading | GTF_writing : GTF_reading;
}

/*
 * Set the flags, if the entry grants what r asks for: GNTST_general_error when
 * it does not, GNTST_eagain when it changed or names a frame that is yet to be
 * looked up.  *word gets the entry's first word, as checked.
 */
static int16_t set_flags_v1(uint64_t *entry, struct request *r,
                            uint64_t *word)
{
    *word = READ_ONCE(*entry);
    if ( !terms_ok(*word, r) )
        return GNTST_general_error;
    if ( !frame_ok(*word >> 32, r) ||
         !atomic_cmpxchg(entry, word, *word | wanted_flags(r)) )
        return GNTST_eagain;
    return GNTST_okay;
}

static int16_t set_flags_v2(uint64_t *entry, uint16_t *status,
                            struct request *r, uint64_t *word)
{
    int16_t rc = GNTST_okay;

    if ( !terms_ok(READ_ONCE(entry[0]), r) )
        return GNTST_general_error;
    if ( !frame_ok(READ_ONCE(entry[1]), r) )
        return GNTST_eagain;

    atomic_fetch_or(status, wanted_flags(r));
    smp_mb();
    *word = READ_ONCE(entry[0]);
    if ( !terms_ok(*word, r) )
        rc = GNTST_general_error;
    else if ( !frame_ok(READ_ONCE(entry[1]), r) )
        rc = GNTST_eagain;
    /* A pinned entry had GTF_reading before: keep that. */
    if ( rc )
        atomic_fetch_and(status, (uint16_t)~(r->pinned ? GTF_writing
                                                       : wanted_flags(r)));
    return rc;
}

/* Clear the flags of entry ref that its pins no longer require. */
static void clear_flags_locked(struct grant_table *gt, grant_ref_t ref,
                               const struct active_entry *act)
{
    uint16_t stale = (GTF_reading | GTF_writing) & ~pin_flags(act);

    /* A dead domain's table has no frames, and so no entries. */
    if ( stale && ref < nr_entries_locked(gt) )
        atomic_fetch_and(status_word_locked(gt, ref), (uint16_t)~stale);
}

/* ---- pins ---- */

/* Fill in a new active entry, which takes over r's page reference. */
static void activate_locked(struct grant_table *gt, grant_ref_t ref,
                            struct active_entry *act, uint64_t word,
                            struct request *r)
{
    bool sub_page = gt->version == 2 && (word_flags(word) & GTF_sub_page);

    act->domid = r->ld;
    act->sub_page = sub_page;
    act->start = sub_page ? word >> 32 & 0xffff : 0;
    act->length = sub_page ? word >> 48 : PAGE_SIZE;
    act->writable = r->writable;
    act->page = r->page;
    act->frame = r->looked_up;
    r->page = NULL;
    gt->nr_pinned++;
    gt->nr_pinned_unreserved += ref >= GNTTAB_NR_RESERVED_ENTRIES;
}

static bool pin_limit_reached(const struct active_entry *act,
                              unsigned int pins)
{
    for ( unsigned int i = 0; i < NR_PINS; i++ )
        if ( (pins & PIN_BIT(i)) && act->pin[i] == PIN_LIMIT )
            return true;
    return false;
}

/*
 * Of a PV guest's page the type reference of the first write pin, before its
 * flags are set: the page that is pinned, or that is going to be.
 */
static bool get_type_locked(const struct domain *rd, struct page *pg,
                            const struct request *r, bool *got)
{
    *got = rd->pv && r->write && pg && pv_get_writable(pg);
    return *got || !rd->pv || !r->write || !pg;
}

/* One try: GNTST_eagain asks to look up r->frame and try again. */
static int16_t pin_locked(struct domain *rd, grant_ref_t ref,
                          struct request *r, struct pinned *out)
{
    struct grant_table *gt = rd->grant;
    struct active_entry *act;
    uint64_t *entry, word = 0;
    int16_t rc = GNTST_okay;
    struct page *pg;
    bool typed;

    /* grant_table_relinquish() runs; afterwards no entry is left (DEAD). */
    if ( READ_ONCE(rd->state) == DOM_DYING )
        return GNTST_general_error;
    if ( ref >= nr_entries_locked(gt) )
        return GNTST_bad_gntref;
    act = active_entry_make_locked(gt, ref);
    if ( !act )
        return GNTST_no_space;
    r->pinned = pin_flags(act);
    if ( r->pinned && (act->domid != r->ld || (r->map && act->sub_page) ||
                       pin_limit_reached(act, r->pins)) )
        return GNTST_general_error;

    if ( !r->pinned || (r->write && !has_write_pins(act)) )
    {
        if ( r->pinned && !act->writable )
            return GNTST_bad_page;
        pg = r->pinned ? act->page : r->page;
        if ( !get_type_locked(rd, pg, r, &typed) )
            return GNTST_bad_page;
        entry = shared_word_locked(gt, ref);
        rc = gt->version == 1
                 ? set_flags_v1(entry, r, &word)
                 : set_flags_v2(entry, status_word_locked(gt, ref), r, &word);
        if ( rc && typed )
            pv_put_writable(pg);
        if ( rc )
            return rc;
        if ( !r->pinned )
            activate_locked(gt, ref, act, word, r);
    }
    for ( unsigned int i = 0; i < NR_PINS; i++ )
        act->pin[i] += !!(r->pins & PIN_BIT(i));
    *out = (struct pinned){ act->page, act->start, act->length };
    return GNTST_okay;
}

int16_t gnttab_pin(struct domain *rd, grant_ref_t ref, domid_t ld,
                   unsigned int pins, bool map, struct pinned *out)
{
    struct request r = { .ld = ld, .pins = pins, .write = pins & PIN_WRITES,
                         .map = map };
    int16_t rc = GNTST_eagain;

    ASSERT(pins);
    for ( unsigned int i = 0; i < MAX_TRIES && rc == GNTST_eagain; i++ )
    {
        if ( i && (!r.page || r.looked_up != r.frame) )
        {
            if ( r.page )
                page_put(r.page);
            r.looked_up = r.frame;
            r.page = gnttab_own_page(rd, r.frame, r.write, &r.writable);
            if ( !r.page )
                return GNTST_bad_page;
        }
        spin_lock(&rd->grant->lock);
        rc = pin_locked(rd, ref, &r, out);
        spin_unlock(&rd->grant->lock);
    }
    if ( r.page )
        page_put(r.page);
    return rc == GNTST_eagain ? GNTST_general_error : rc;
}

void gnttab_unpin(struct domain *rd, grant_ref_t ref, unsigned int pins)
{
    struct grant_table *gt = rd->grant;
    struct active_entry *act;
    struct page *pg = NULL;
    uint64_t frame;
    bool written;

    spin_lock(&gt->lock);
    act = active_entry_locked(gt, ref);
    BUG_ON(!act);
    written = has_write_pins(act);
    for ( unsigned int i = 0; i < NR_PINS; i++ )
    {
        if ( !(pins & PIN_BIT(i)) )
            continue;
        BUG_ON(!act->pin[i]);
        act->pin[i]--;
    }
    if ( rd->pv && written && !has_write_pins(act) )
        pv_put_writable(act->page);
    frame = act->frame;
    clear_flags_locked(gt, ref, act);
    if ( !pin_flags(act) )
    {
        pg = act->page;
        act->page = NULL;
        gt->nr_pinned--;
        gt->nr_pinned_unreserved -= ref >= GNTTAB_NR_RESERVED_ENTRIES;
        if ( unlikely(domain_is_dying(rd)) )
            active_chunk_trim_locked(gt, ref / ACTIVE_PER_CHUNK);
    }
    spin_unlock(&gt->lock);
    if ( pins & PIN_WRITES )
        log_dirty_mark(rd, frame);
    if ( pg )
        page_put(pg);
}
