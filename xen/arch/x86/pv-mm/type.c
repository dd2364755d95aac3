/* SPDX-License-Identifier: MIT */
/*
 * The type of a frame and its count, in one word that changes by cmpxchg; and
 * the stamp, by which TLBs are flushed before the type contradicts them.
 *
 * WRITABLE comes and goes without a lock.  From NONE to a table or SEG and back
 * a frame goes under its owner's pv->lock.
 */
#include "pv-private.h"

struct pv_frame *pv_frames;
const struct pv_machine *pv_machine;

void pv_mm_init(const struct pv_machine *m)
{
    pv_frames = m->frames;
    pv_machine = m;
}

void pv_mm_exit(void)
{
    pv_frames = NULL;
}

enum pv_type pv_type(const struct page *pg)
{
    return word_type(READ_ONCE(frame_of(pg)->word));
}

bool pv_mm_present(void)
{
    return pv_frames;
}

uint32_t pv_type_count(const struct page *pg)
{
    return (uint32_t)(READ_ONCE(frame_of(pg)->word) & WORD_COUNT);
}

bool pv_is_valid(const struct page *pg)
{
    return READ_ONCE(frame_of(pg)->word) & WORD_VALID;
}

/* ---- stale translations ---- */

void frame_stale(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t now = pv_machine->tlb_clock(), old = READ_ONCE(f->stamp);

    /* The latest: another CPU may have removed an entry a moment ago. */
    while ( old < now && !atomic_cmpxchg(&f->stamp, &old, now) )
        continue;
}

static void flush_stale(const struct pv_frame *f)
{
    pv_machine->flush_since(READ_ONCE(f->stamp));
}

void pv_reuse(const struct page *pg, uint64_t nr)
{
    for ( uint64_t i = 0; pv_frames && i < nr; i++ )
        if ( READ_ONCE(frame_of(pg + i)->stamp) )
            flush_stale(frame_of(pg + i));
}

/* ---- WRITABLE ---- */

/*
 * WAS_TABLE stays until the flush is over, so that others who take a reference
 * meanwhile flush too.  It can be cleared then: with a count the frame cannot
 * become a table again.
 */
bool pv_get_writable(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word), new;

    do {
        enum pv_type t = word_type(old);

        if ( (t != PV_NONE && t != PV_WRITABLE) ||
             (old & WORD_COUNT) == WORD_COUNT )
            return false;
        new = (old | (uint64_t)PV_WRITABLE << WORD_TYPE_SHIFT) + 1;
    } while ( !atomic_cmpxchg(&f->word, &old, new) );
    if ( new & WORD_WAS_TABLE )
    {
        flush_stale(f);
        atomic_fetch_and(&f->word, ~WORD_WAS_TABLE);
    }
    return true;
}

void pv_put_writable(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word), new;

    do {
        BUG_ON(word_type(old) != PV_WRITABLE || !(old & WORD_COUNT));
        new = old - 1;
        if ( !(new & WORD_COUNT) )
            new &= ~WORD_TYPE;
    } while ( !atomic_cmpxchg(&f->word, &old, new) );
}

/* ---- tables and descriptors: the owner's lock is held ---- */

bool type_begin(struct page *pg, enum pv_type t)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word), new;

    do {
        if ( word_type(old) != PV_NONE )
            return false;
        new = (old & ~WORD_WAS_TABLE) | (uint64_t)t << WORD_TYPE_SHIFT | 1;
    } while ( !atomic_cmpxchg(&f->word, &old, new) );
    /* From here on no entry makes pg writable; TLBs may still do. */
    flush_stale(f);
    return true;
}

void type_valid(struct page *pg)
{
    atomic_fetch_or(&frame_of(pg)->word, WORD_VALID);
}

static bool get_more(struct page *pg, enum pv_type t, uint64_t flags)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word);

    do {
        if ( word_type(old) != t || (old & flags) != flags ||
             (old & WORD_COUNT) == WORD_COUNT )
            return false;
    } while ( !atomic_cmpxchg(&f->word, &old, old + 1) );
    return true;
}

bool type_get_valid(struct page *pg, enum pv_type t)
{
    return get_more(pg, t, WORD_VALID);
}

bool type_put(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word), new;

    do {
        BUG_ON(!is_table(word_type(old)) || !(old & WORD_COUNT));
        new = old - 1;
        if ( !(new & WORD_COUNT) )
            new &= ~WORD_VALID;
    } while ( !atomic_cmpxchg(&f->word, &old, new) );
    return !(new & WORD_COUNT);
}

void type_end(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word);

    /* Processors keep parts of walks: stale ones may still go through pg. */
    frame_stale(pg);
    while ( !atomic_cmpxchg(&f->word, &old,
                            (old & ~(WORD_TYPE | WORD_COUNT | WORD_VALID)) |
                                WORD_WAS_TABLE) )
        continue;
}

/* ---- descriptors: the owner's lock is held ---- */

bool type_get_seg(struct page *pg)
{
    if ( pg->flags & PAGE_EXTRA )
        return false;
    if ( get_more(pg, PV_SEG, 0) )
        return true;
    if ( !type_begin(pg, PV_SEG) )
        return false;
    /* Nobody but this CPU can write to the frame from here on. */
    if ( check_descriptors(page_to_virt(pg)) )
        return true;
    type_end(pg);
    return false;
}

/* TLBs may map the frame as a part of a GDT or LDT: stale, as with tables. */
void type_put_seg(struct page *pg)
{
    struct pv_frame *f = frame_of(pg);
    uint64_t old = READ_ONCE(f->word);

    BUG_ON(word_type(old) != PV_SEG || !(old & WORD_COUNT));
    if ( (old & WORD_COUNT) == 1 )
        type_end(pg);
    else
        while ( !atomic_cmpxchg(&f->word, &old, old - 1) )
            continue;
}

/* ---- flags ---- */

bool word_has(const struct page *pg, uint64_t flag)
{
    return READ_ONCE(frame_of(pg)->word) & flag;
}

bool word_set(struct page *pg, uint64_t flag)
{
    return !(atomic_fetch_or(&frame_of(pg)->word, flag) & flag);
}

bool word_clear(struct page *pg, uint64_t flag)
{
    return atomic_fetch_and(&frame_of(pg)->word, ~flag) & flag;
}
