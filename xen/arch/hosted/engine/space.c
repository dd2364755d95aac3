/* SPDX-License-Identifier: MIT */
/*
 * A domain's guest-physical memory, as its engines see it.
 *
 * The window is one address range of the process for each domain, with gfn 0 at
 * its start.  Each page of the window maps a frame of the memfd or, where the
 * guest has no frame that it may write, private scratch memory.  So every page
 * is mapped, and engines can keep addresses of the window.  When a p2m entry is
 * removed, its page of the window is replaced: after mmap() no thread can reach
 * the old frame, which is what a flush must guarantee.  The engine's layout
 * follows later: `generation` changes, and each vcpu updates its engine's map
 * before it runs again.  New entries need no flush; the first access finds them
 * (exits.c).
 *
 * The p2m entries hold the frames that the window maps: an entry is flushed
 * before its reference is dropped, and space_flush() and space_update() look at
 * the p2m under window_lock.
 *
 * Locks: window_lock is taken before p2m.lock and after any other, or none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine-private.h"

#include <hv/lib.h>

static void *grow(void *array, size_t nr, size_t *max, size_t size)
{
    size_t want = *max ? *max * 2 : 16;

    if ( nr < *max )
        return array;
    array = realloc(array, want * size);
    if ( array )
        *max = want;
    return array;
}

void regions_free(struct regions *regions)
{
    free(regions->r);
    *regions = (struct regions){ 0 };
}

/* ---- the window ---- */

static bool window_map(struct hosted_domain *h, uint64_t gfn, uint64_t nr,
                       mfn_t mfn)
{
    bool frame = mfn_valid(mfn);
    void *at = h->window + (gfn << PAGE_SHIFT);
    void *p = mmap(at, nr << PAGE_SHIFT, PROT_READ | PROT_WRITE,
                   MAP_FIXED | MAP_NORESERVE |
                       (frame ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS),
                   frame ? hosted_memfd : -1,
                   frame ? (off_t)(mfn_x(mfn) << PAGE_SHIFT) : 0);

    return p == at;
}

int space_create(struct hosted_domain *h)
{
    h->window = mmap(NULL, WINDOW_PAGES << PAGE_SHIFT, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if ( h->window == MAP_FAILED )
        return -ENOMEM;
    pthread_mutex_init(&h->window_lock, NULL);
    return 0;
}

void space_destroy(struct hosted_domain *h)
{
    munmap(h->window, WINDOW_PAGES << PAGE_SHIFT);
    pthread_mutex_destroy(&h->window_lock);
    regions_free(&h->regions);
    free(h->runs.r);
}

void space_close(struct hosted_domain *h)
{
    pthread_mutex_lock(&h->window_lock);
    BUG_ON(!window_map(h, 0, WINDOW_PAGES, INVALID_MFN));
    h->closed = true;
    pthread_mutex_unlock(&h->window_lock);
}

/* ---- the frames of the window ---- */

/* Does the hypervisor write to the page, with atomic operations? */
static bool is_shared(const struct domain *d, const struct page *pg)
{
    if ( READ_ONCE(pg->flags) & PAGE_EXTRA )
        return true;
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = load_acquire(&d->vcpu[i]);

        if ( v && READ_ONCE(v->info_page) == pg )
            return true;
    }
    return false;
}

static bool in_window(const struct domain *d, gfn_t gfn, struct p2m_entry e)
{
    return gfn_x(gfn) < WINDOW_PAGES && e.type != P2M_IOREQ && !e.clean &&
           p2m_has_page(e.type) && p2m_is_writable(e.type) &&
           !is_shared(d, mfn_to_page(e.mfn));
}

void space_flush(struct hosted_domain *h, gfn_t gfn, uint64_t nr)
{
    pthread_mutex_lock(&h->window_lock);
    for ( uint64_t i = 0; !h->closed && i < nr &&
                         gfn_x(gfn) + i < WINDOW_PAGES; i++ )
    {
        gfn_t at = gfn_add(gfn, i);
        struct p2m_entry e = p2m_lookup(h->domain, at);
        mfn_t mfn = in_window(h->domain, at, e) ? e.mfn : INVALID_MFN;

        BUG_ON(!window_map(h, gfn_x(at), 1, mfn));
    }
    atomic_add_return(&h->generation, 1);
    pthread_mutex_unlock(&h->window_lock);
}

static int collect(struct domain *d, gfn_t gfn, struct p2m_entry e, void *arg)
{
    struct runs *runs = arg;
    struct run *last;

    if ( !in_window(d, gfn, e) )
        return 0;
    last = runs->nr ? &runs->r[runs->nr - 1] : NULL;
    if ( last && last->gfn + last->nr == gfn_x(gfn) &&
         last->mfn + last->nr == mfn_x(e.mfn) )
    {
        last->nr++;
        return 0;
    }
    last = grow(runs->r, runs->nr, &runs->max, sizeof(*last));
    if ( !last )
        return -ENOMEM;
    runs->r = last;
    runs->r[runs->nr++] = (struct run){ gfn_x(gfn), mfn_x(e.mfn), 1 };
    return 0;
}

static bool add_region(struct regions *to, uint64_t gfn, uint64_t end,
                       bool ram)
{
    struct region *last = to->nr ? &to->r[to->nr - 1] : NULL;

    if ( gfn == end )
        return true;
    if ( last && last->ram == ram && last->gfn + last->nr == gfn )
    {
        last->nr += end - gfn;
        return true;
    }
    last = grow(to->r, to->nr, &to->max, sizeof(*last));
    if ( !last )
        return false;
    to->r = last;
    to->r[to->nr++] = (struct region){ gfn, end - gfn, ram, NULL };
    return true;
}

/* Make memory regions from the runs, with callbacks in the gaps. */
static bool make_regions(const struct runs *runs, struct regions *to)
{
    uint64_t at = 0;

    to->nr = 0;
    for ( size_t i = 0; i < runs->nr; i++ )
    {
        const struct run *r = &runs->r[i];

        if ( !add_region(to, at, r->gfn, false) ||
             !add_region(to, r->gfn, r->gfn + r->nr, true) )
            return false;
        at = r->gfn + r->nr;
    }
    return add_region(to, at, ENGINE_PHYS_END >> PAGE_SHIFT, false);
}

/* Bring window and regions up to the generation; window_lock held. */
static bool refresh(struct hosted_domain *h, uint64_t generation)
{
    uint64_t from = 0;

    if ( h->regions_of == generation )
        return true;
    h->runs.nr = 0;
    if ( p2m_for_each(h->domain, &from, collect, &h->runs) ||
         !make_regions(&h->runs, &h->regions) )
        return false;
    for ( size_t i = 0; i < h->runs.nr; i++ )
        if ( !window_map(h, h->runs.r[i].gfn, h->runs.r[i].nr,
                         _mfn(h->runs.r[i].mfn)) )
            return false;
    h->regions_of = generation;
    return true;
}

/* ---- an engine's map ---- */

static bool same_regions(const struct regions *a, const struct regions *b)
{
    if ( a->nr != b->nr )
        return false;
    for ( size_t i = 0; i < a->nr; i++ )
        if ( a->r[i].gfn != b->r[i].gfn || a->r[i].nr != b->r[i].nr ||
             a->r[i].ram != b->r[i].ram )
            return false;
    return true;
}

static bool map_engine(struct hosted_vcpu *h, const struct regions *to)
{
    struct region *copy;
    bool ok;

    if ( h->mapped.nr && !engine_renew(h) )
        return false;
    copy = calloc(to->nr, sizeof(*copy));
    ok = copy;
    for ( size_t i = 0; ok && i < to->nr; i++ )
    {
        uint64_t at = to->r[i].gfn << PAGE_SHIFT;
        uint64_t bytes = to->r[i].nr << PAGE_SHIFT;

        copy[i] = to->r[i];
        copy[i].vcpu = h;
        if ( copy[i].ram )
            ok = !uc_mem_map_ptr(h->uc, at, bytes, UC_PROT_ALL,
                                 h->h->window + at);
        else
            ok = !uc_mmio_map(h->uc, at, bytes, exits_mmio_read, &copy[i],
                              exits_mmio_write, &copy[i]);
    }
    /* After a failure the engine does not run again: partial maps are safe. */
    h->mapped = (struct regions){ copy, copy ? to->nr : 0, to->nr };
    return ok;
}

bool space_update(struct hosted_vcpu *h)
{
    struct hosted_domain *hd = h->h;
    bool ok = true;

    if ( likely(READ_ONCE(hd->generation) == h->generation) )
        return true;
    pthread_mutex_lock(&hd->window_lock);
    /* Moves only under the lock, or (entries found) to be looked at again. */
    h->generation = READ_ONCE(hd->generation);
    ok = refresh(hd, h->generation);
    if ( ok && !same_regions(&h->mapped, &hd->regions) )
        ok = map_engine(h, &hd->regions);
    else if ( ok )
        ok = !uc_ctl_flush_tlb(h->uc);
    pthread_mutex_unlock(&hd->window_lock);
    return ok;
}

/* ---- accesses outside an engine's memory ---- */

/*
 * The guest writes a value that it computed from the value that it read last,
 * to a word that other threads change, too: write only the bits that it
 * changed.
 */
static void write_merged(struct hosted_vcpu *h, void *at, uint64_t gpa,
                         unsigned int size, uint64_t value)
{
    unsigned int shift = (gpa & 7) * 8;
    uint64_t *word = (uint64_t *)((uintptr_t)at & ~7UL);
    uint64_t mask = (size == 8 ? ~0UL : (1UL << size * 8) - 1) << shift;
    uint64_t old = READ_ONCE(*word);
    const struct access *last = &h->last_read;

    value = (value << shift) & mask;
    if ( last->valid && last->va == gpa && last->size == size )
        mask &= value ^ (last->value << shift);
    while ( !atomic_cmpxchg(word, &old, (old & ~mask) | (value & mask)) )
        ;
}

static uint64_t read_word(const void *at, uint64_t gpa, unsigned int size)
{
    const uint64_t *word = (const uint64_t *)((uintptr_t)at & ~7UL);
    uint64_t value = READ_ONCE(*word) >> (gpa & 7) * 8;

    return size == 8 ? value : value & ((1UL << size * 8) - 1);
}

bool space_access(struct hosted_vcpu *h, uint64_t gpa, unsigned int size,
                  bool write, uint64_t *value)
{
    struct hosted_domain *hd = h->h;
    gfn_t gfn = _gfn(gpa >> PAGE_SHIFT);
    struct p2m_entry e;
    bool ours;

    /* Until there is memory; a domain that has crashed goes on without. */
    while ( p2m_lookup(hd->domain, gfn).type == P2M_POD &&
            !domain_is_shut_down(hd->domain) )
    {
        (void)p2m_pod_fault(hd->domain, gfn);
        (void)hypercall_preempt_check();
    }
    /* The lock keeps the frame: see space_flush(). */
    pthread_mutex_lock(&hd->window_lock);
    e = p2m_lookup(hd->domain, gfn);
    ours = p2m_has_page(e.type) && !(write && e.type == P2M_IOREQ) &&
           (gpa & 7) + size <= 8;
    if ( ours )
    {
        char *at = (char *)arch_mfn_to_virt(e.mfn) + (gpa & ~PAGE_MASK);

        if ( !write )
            *value = read_word(at, gpa, size);
        else if ( p2m_is_writable(e.type) )
        {
            write_merged(h, at, gpa, size, *value);
            if ( unlikely(e.clean) )
                log_dirty_mark(hd->domain, gfn_x(gfn));
            e.clean = false;
        }
        h->last_read = (struct access){ gpa, *value, size, write, !write };
        if ( in_window(hd->domain, gfn, e) )
        {
            atomic_add_return(&hd->generation, 1);
            engine_stop_soon(h);
        }
    }
    pthread_mutex_unlock(&hd->window_lock);
    return ours;
}
