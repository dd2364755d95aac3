/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory, by physical address and through its page tables.
 *
 * A hypercall copies several times, to and from few pages, and walking the page
 * tables would be most of the cost.  So each vcpu remembers some walks: the
 * page-table entries that were read, and their values.  Before a walk is used
 * again, the entries are read and compared; if one has changed, or the p2m has
 * lost a frame since (p2m_generation()), the tables are walked again.  So the
 * guest need not tell when it changes its tables.
 *
 * A vcpu sets arch.copying while it copies.  arch_p2m_flush() waits for
 * in_guest and for copying before a frame that left the p2m is freed, so a copy
 * by a remembered walk takes no lock.
 */
#include <emul/guest-walk.h>
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/lib.h>

#include <x86/hvm.h>
#include <x86/hvm-vendor.h>

/* ---- by physical address ---- */

/*
 * The page at gpa, or NULL if it may not be read (or written).  The p2m is
 * locked.  *own (may be NULL): the page is d's own memory, whose removal from
 * the p2m changes p2m_generation().
 */
static char *page_at(struct domain *d, uint64_t gpa, bool write, bool *own)
{
    gfn_t gfn = _gfn(gpa >> PAGE_SHIFT);
    struct p2m_entry e = write ? p2m_peek_write(d, gfn) : p2m_peek(d, gfn);

    if ( own )
        *own = p2m_is_ram(e.type);
    if ( !p2m_has_page(e.type) ||
         (write && (!p2m_is_writable(e.type) || e.type == P2M_IOREQ)) )
        return NULL;
    return arch_mfn_to_virt(e.mfn);
}

/* Most copies are of some numbers, and are made without a call. */
#define SHORT_COPY 64 /* bytes */

typedef uint64_t word8_t __attribute__((may_alias, aligned(1)));
typedef uint32_t word4_t __attribute__((may_alias, aligned(1)));

static bool is_short(size_t bytes)
{
    return bytes <= SHORT_COPY && !(bytes & 3);
}

/* From the end: `bytes` is what is left, and the offset. */
static inline __attribute__((always_inline)) void
copy_short(char *to, const char *from, size_t bytes)
{
    if ( bytes & 4 )
    {
        bytes -= 4;
        *(word4_t *)(to + bytes) = *(const word4_t *)(from + bytes);
    }
    while ( bytes )
    {
        bytes -= 8;
        *(word8_t *)(to + bytes) = *(const word8_t *)(from + bytes);
    }
}

static inline __attribute__((always_inline)) void
copy_piece(char *page, uint64_t offset, void *buf, size_t bytes, bool write)
{
    char *to = write ? page + offset : buf;
    const char *from = write ? buf : page + offset;

    if ( likely(is_short(bytes)) )
        copy_short(to, from, bytes);
    else
        memcpy(to, from, bytes);
}

static unsigned int rest_of_page(uint64_t address, size_t bytes)
{
    return (unsigned int)min((uint64_t)bytes,
                             PAGE_SIZE - (address & ~PAGE_MASK));
}

static bool try_phys_copy(struct domain *d, uint64_t gpa, void *buf,
                          unsigned int bytes, bool write)
{
    bool ok = true;

    p2m_peek_begin(d);
    while ( ok && bytes )
    {
        unsigned int n = rest_of_page(gpa, bytes);
        char *page = page_at(d, gpa, write, NULL);

        ok = page;
        if ( ok )
            copy_piece(page, gpa & ~PAGE_MASK, buf, n, write);
        gpa += n;
        buf = (char *)buf + n;
        bytes -= n;
    }
    p2m_peek_end(d);
    return ok;
}

static bool phys_copy(struct domain *d, uint64_t gpa, void *buf,
                      unsigned int bytes, bool write)
{
    bool ok;

    do
        ok = try_phys_copy(d, gpa, buf, bytes, write);
    while ( unlikely(!ok) && p2m_pod_refill(d) );
    return ok;
}

bool guest_read_phys(void *vcpu, uint64_t gpa, void *buf, unsigned int bytes)
{
    struct vcpu *v = vcpu;

    return phys_copy(v->domain, gpa, buf, bytes, false);
}

bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int bytes)
{
    struct vcpu *v = vcpu;

    return phys_copy(v->domain, gpa, (void *)(uintptr_t)buf, bytes, true);
}

/* ---- through page tables ---- */

/*
 * Until copy_end() no frame is freed that the p2m has now, or that a walk of the
 * returned generation found: a CPU that removes one increments the generation,
 * then sees `copying` and waits.
 */
static uint64_t copy_begin(struct vcpu *v)
{
    WRITE_ONCE(v->arch.copying, true);
    smp_mb();
    return p2m_generation(v->domain);
}

static void copy_end(struct vcpu *v)
{
    store_release(&v->arch.copying, false);
}

#define WALK_TRIES 8

struct walk {
    struct vcpu *v;
    struct walked *w;
    bool keep; /* the walk can be remembered */
};

/* The p2m is locked. */
static bool read_entry(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    struct walk *walk = arg;
    struct walked *w = walk->w;
    const char *page;
    uint64_t value;
    bool own;

    page = page_at(walk->v->domain, gpa, false, &own);
    if ( !page )
        return false;
    page += gpa & ~PAGE_MASK;
    if ( !own || bytes != sizeof(value) || w->nr == WALK_LEVELS )
    {
        walk->keep = false;
        memcpy(buf, page, bytes);
        return true;
    }
    value = READ_ONCE(*(const uint64_t *)page);
    w->pte[w->nr] = (const uint64_t *)page;
    w->value[w->nr++] = value;
    memcpy(buf, &value, sizeof(value));
    return true;
}

/* Set the accessed or dirty bit of a page-table entry.  The p2m is locked. */
static bool mark_entry(void *arg, uint64_t gpa, uint64_t *old, uint64_t new,
                       unsigned int bytes)
{
    struct walk *walk = arg;
    struct walked *w = walk->w;
    char *page = page_at(walk->v->domain, gpa, true, NULL);

    if ( !page )
        return false;
    page += gpa & ~PAGE_MASK;
    if ( bytes == sizeof(uint32_t) )
    {
        uint32_t seen = (uint32_t)*old;

        atomic_cmpxchg((uint32_t *)page, &seen, (uint32_t)new);
        *old = seen;
        return true;
    }
    if ( atomic_cmpxchg((uint64_t *)page, old, new) )
        for ( unsigned int i = 0; i < w->nr; i++ )
            if ( w->pte[i] == (const uint64_t *)page )
                w->value[i] = new;
    return true;
}

/*
 * Whoever changes the entry at each try has no right to an answer.  Tables in
 * memory that cannot be written: a fault.
 */
static bool walk_tables(struct walk *walk, const struct guest_paging *paging,
                        uint64_t va, bool write, uint64_t *gpa)
{
    enum walk_result r = WALK_CHANGED;
    unsigned int error;

    for ( unsigned int i = 0; r == WALK_CHANGED && i < WALK_TRIES; i++ )
    {
        walk->w->nr = 0;
        walk->keep = true;
        r = guest_walk_marking(paging, va, write ? WALK_WRITE : 0, read_entry,
                               mark_entry, walk, gpa, &error);
    }
    return r == WALK_DONE;
}

/* The value of walked.va for va: never 0, which means none. */
static uint64_t tag(uint64_t va)
{
    return (va & PAGE_MASK) + 1;
}

/*
 * By the page's number there are two places, so that two pages of one number
 * do not displace each other at each call: a kernel's stack and its vcpu's
 * runstate, or what a kernel passes for a program.  Where neither has va: the
 * place whose walk was used less recently.
 */
static inline __attribute__((always_inline)) struct walked *
place(struct vcpu *v, uint64_t va)
{
    struct walked *w = v->arch.hvm.walked[(va >> PAGE_SHIFT) % WALKED_SETS];

    if ( likely(w[0].va == tag(va)) )
        return &w[0];
    return w[1].va == tag(va) || w[0].exit > w[1].exit ? &w[1] : &w[0];
}

/* The entries that the walk read still have the same values. */
static inline __attribute__((always_inline)) bool
unchanged(struct vcpu *v, struct walked *w)
{
    if ( !vendor->paging_is(v, &w->paging) )
        return false;
    for ( unsigned int i = 0, nr = w->nr; i < nr; i++ )
        if ( READ_ONCE(*w->pte[i]) != w->value[i] )
            return false;
    w->exit = v->arch.exits;
    return true;
}

static bool is_walk_of(const struct walked *w, uint64_t va, bool write,
                       uint64_t generation)
{
    return w->va == tag(va) && w->generation == generation &&
           (w->writable || !write);
}

/*
 * A walk that was checked during this exit need not be checked again: the vcpu
 * has executed nothing since, so it is as good as a TLB entry.
 */
static inline __attribute__((always_inline)) bool
still_good(struct vcpu *v, struct walked *w, uint64_t va, bool write,
           uint64_t generation)
{
    return is_walk_of(w, va, write, generation) &&
           (w->exit == v->arch.exits || unchanged(v, w));
}

/*
 * Walk the tables: the page of va, or NULL if va may not be read (or written).
 * The walk is remembered with the generation that p2m_peek_begin() returns,
 * which may be newer than copy_begin()'s.
 */
static char *walk_anew(struct vcpu *v, struct walked *w, uint64_t va,
                       bool write)
{
    struct walk walk = { v, w, true };
    struct guest_paging paging;
    uint64_t gpa;
    bool own = false;

    w->va = 0;
    w->page = NULL;
    vendor->paging(v, &paging);
    w->generation = p2m_peek_begin(v->domain);
    /*
     * Hypercalls come from the kernel, but name its programs' memory too: no
     * look at the user bit, as with AC set around such calls.
     */
    if ( walk_tables(&walk, &paging, va, write, &gpa) )
        w->page = page_at(v->domain, gpa, write, &own);
    p2m_peek_end(v->domain);
    if ( w->page && own && walk.keep )
    {
        w->va = tag(va);
        w->paging = paging;
        w->exit = v->arch.exits;
        w->writable = write;
    }
    return w->page;
}

static __attribute__((noinline)) int
copy_pages(struct vcpu *v, uint64_t va, void *buf, size_t bytes, bool write,
           uint64_t generation)
{
    while ( bytes )
    {
        struct walked *w = place(v, va);
        unsigned int n = rest_of_page(va, bytes);
        char *page = still_good(v, w, va, write, generation)
                         ? w->page : walk_anew(v, w, va, write);

        if ( !page )
            return -EFAULT;
        copy_piece(page, va & ~PAGE_MASK, buf, n, write);
        va += n;
        buf = (char *)buf + n;
        bytes -= n;
    }
    return 0;
}

static bool in_one_page(uint64_t va, size_t bytes)
{
    return bytes <= PAGE_SIZE - (va & ~PAGE_MASK);
}

/*
 * Inlined for each direction, on which most of it depends.  w: place()'s, which
 * the caller has found already.
 */
static inline __attribute__((always_inline)) int
virt_copy(struct vcpu *v, struct walked *w, uint64_t va, void *buf,
          size_t bytes, bool write)
{
    uint64_t generation = copy_begin(v);
    int rc = 0;

    if ( likely(in_one_page(va, bytes) &&
                still_good(v, w, va, write, generation)) )
        copy_piece(w->page, va & ~PAGE_MASK, buf, bytes, write);
    else
        rc = copy_pages(v, va, buf, bytes, write, generation);
    copy_end(v);
    return rc;
}

static __attribute__((noinline)) int
any_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes,
            struct walked *w)
{
    int rc;

    do
        rc = virt_copy(v, w, src, dst, bytes, false);
    while ( unlikely(rc) && p2m_pod_refill(v->domain) );
    return rc;
}

static __attribute__((noinline)) int
any_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes,
             struct walked *w)
{
    int rc;

    do
        rc = virt_copy(v, w, dst, (void *)(uintptr_t)src, bytes, true);
    while ( unlikely(rc) && p2m_pod_refill(v->domain) );
    return rc;
}

/*
 * A short copy by a walk that this exit has checked makes no call at all, so the
 * compiler saves no registers for it.  False: it is no such copy.
 */
static inline __attribute__((always_inline)) bool
next_copy(struct vcpu *v, const struct walked *w, uint64_t va, void *buf,
          size_t bytes, bool write)
{
    if ( w->exit != v->arch.exits || !is_short(bytes) ||
         !in_one_page(va, bytes) || !is_walk_of(w, va, write, copy_begin(v)) )
        return false;
    copy_piece(w->page, va & ~PAGE_MASK, buf, bytes, write);
    copy_end(v);
    return true;
}

int hvm_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes)
{
    struct walked *w = place(v, src);

    return next_copy(v, w, src, dst, bytes, false)
               ? 0 : any_copy_in(v, dst, src, bytes, w);
}

int hvm_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes)
{
    struct walked *w = place(v, dst);

    return next_copy(v, w, dst, (void *)(uintptr_t)src, bytes, true)
               ? 0 : any_copy_out(v, dst, src, bytes, w);
}
