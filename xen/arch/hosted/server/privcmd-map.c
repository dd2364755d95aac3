/* SPDX-License-Identifier: MIT */
/*
 * Foreign frames by /dev/xen/privcmd: batches of both versions, and ranges.
 *
 * To map a page, dom0's kernel names it to the core (a gfn of a domain) and
 * takes a reference on it as a page of this domain, which a PV dom0 would do by
 * mmu_update.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xen/sys/privcmd.h>

#include "privcmd.h"

#include <hv/lib.h>
#include <hv/p2m.h>
#include <hv/page.h>

/* The page at gfn of d (an mfn when d is not translated), with a reference. */
static struct page *get_foreign(struct domain *d, uint64_t gfn, int prot)
{
    enum p2m_type t;
    struct page *pg;

    if ( !d->translated )
        return mfn_valid(_mfn(gfn)) && page_get(mfn_to_page(_mfn(gfn)), d)
                   ? mfn_to_page(_mfn(gfn)) : NULL;
    pg = p2m_get_page(d, _gfn(gfn), &t);
    if ( !pg )
        return NULL;
    if ( !p2m_is_ram(t) || ((prot & PROT_WRITE) && t == P2M_RAM_RO) )
    {
        page_put(pg);
        return NULL;
    }
    return pg;
}

struct vma *privcmd_find_vma(const struct file *f, uint64_t addr, uint64_t nr)
{
    struct vma *v = vma_find(f->conn->mm->vmas, addr, nr << PAGE_SHIFT);

    return v && v->file->ops == &privcmd_ops ? v : NULL;
}

/* One page: 0, -ESRCH or -EINVAL. */
static int map_foreign(struct file *f, struct domain *d, uint64_t addr,
                       uint64_t gfn, int prot)
{
    struct page *pg = d ? get_foreign(d, gfn, prot) : NULL;

    if ( !d )
        return -ESRCH;
    return pg ? file_map_page(f, addr, pg, prot) : -EINVAL;
}

static struct domain *get_domain(domid_t domid)
{
    return domain_get(domid == DOMID_SELF ? server_dom0->domain_id : domid);
}

/* An array of the client's, in *copy for the caller to free. */
static long copy_array(const struct file *f, uint64_t addr, uint64_t nr,
                       size_t size, void **copy)
{
    char last[sizeof(struct privcmd_mmap_entry)];

    if ( nr > MAX_BATCH )
        return client_read(f, last, addr + (nr - 1) * size, size) ? -EFAULT
                                                                  : -ENOMEM;
    *copy = malloc(nr * size);
    if ( !*copy )
        return -ENOMEM;
    return client_read(f, *copy, addr, nr * size);
}

/* ---- batches ---- */

struct batch {
    domid_t domid;
    uint64_t addr, nr;
    uint64_t arr; /* of the client: frame numbers         */
    uint64_t err; /* of the client: errors, of version 2  */
    bool v2;
    xen_pfn_t *gfns;
    int *errs;
};

/*
 * The first batch into a range covers the whole range; later batches cover only
 * pages that are not mapped yet: programs retry pages that failed.
 */
static int check_batch_range(struct file *f, struct vma *v,
                             const struct batch *b)
{
    if ( !v || (b->addr & ~PAGE_MASK) )
        return -EINVAL;
    if ( !v->used )
    {
        if ( b->addr != v->start || b->addr + (b->nr << PAGE_SHIFT) != v->end )
            return -EINVAL;
        v->used = true;
        return 0;
    }
    for ( uint64_t i = 0; i < b->nr; i++ )
        if ( mm_mapped_page(f->conn->mm, b->addr + (i << PAGE_SHIFT)) )
            return -EINVAL;
    return 0;
}

/* Version 1 marks pages that failed in the top bits of the frame number. */
#define V1_ERROR 0xf0000000UL

/* Errors are written page by page, and nothing for pages that are mapped. */
static int write_errors(struct file *f, const struct batch *b)
{
    int rc = 0;

    for ( uint64_t i = 0; !rc && i < b->nr; i++ )
    {
        xen_pfn_t marked = b->gfns[i] | V1_ERROR;

        if ( !b->errs[i] )
            continue;
        rc = b->v2 ? client_write(f, b->err + i * sizeof(*b->errs),
                                  &b->errs[i], sizeof(*b->errs))
                   : client_write(f, b->arr + i * sizeof(marked), &marked,
                                  sizeof(marked));
    }
    return rc;
}

/* mm locked.  What is mapped stays when the errors cannot be written. */
static long map_pages(struct file *f, const struct batch *b)
{
    struct vma *v = privcmd_find_vma(f, b->addr, b->nr);
    long rc = check_batch_range(f, v, b);
    struct domain *d;

    if ( rc )
        return rc;
    v->read_only |= !(v->prot & PROT_WRITE);
    d = get_domain(b->domid);
    for ( uint64_t i = 0; i < b->nr; i++ )
        b->errs[i] = map_foreign(f, d, b->addr + (i << PAGE_SHIFT),
                                 b->gfns[i], v->prot);
    if ( d )
        domain_put(d);
    f->conn->reply.more |= WIRE_KEEP;
    return write_errors(f, b);
}

static long map_batch(struct file *f, struct batch *b)
{
    void *gfns = NULL;
    long rc;

    if ( privcmd_may_not(f, b->domid) )
        return -EPERM;
    if ( !b->nr )
        return -EINVAL;
    rc = copy_array(f, b->arr, b->nr, sizeof(*b->gfns), &gfns);
    b->gfns = gfns;
    b->errs = rc ? NULL : calloc(b->nr, sizeof(*b->errs));
    if ( !rc && !b->errs )
        rc = -ENOMEM;
    if ( !rc && b->v2 )
        rc = client_write(f, b->err, b->errs, b->nr * sizeof(*b->errs));
    if ( !rc )
    {
        pthread_mutex_lock(&f->conn->mm->lock);
        rc = map_pages(f, b);
        pthread_mutex_unlock(&f->conn->mm->lock);
    }
    free(b->errs);
    free(gfns);
    return rc;
}

long privcmd_map_batch_v2(struct file *f, uint64_t arg)
{
    struct privcmd_mmapbatch_v2 m;
    struct batch b;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    b = (struct batch){ .domid = m.dom, .addr = m.addr, .nr = m.num,
                        .arr = (uintptr_t)m.arr, .err = (uintptr_t)m.err,
                        .v2 = true };
    return map_batch(f, &b);
}

long privcmd_map_batch_v1(struct file *f, uint64_t arg)
{
    struct privcmd_mmapbatch m;
    struct batch b;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    b = (struct batch){ .domid = m.dom, .addr = m.addr,
                        .nr = (uint32_t)m.num, .arr = (uintptr_t)m.arr };
    return map_batch(f, &b);
}

/* ---- ranges, the oldest form ---- */

/* One entry; the next one has to begin at *addr. */
static int map_range(struct file *f, const struct vma *v, struct domain *d,
                     const struct privcmd_mmap_entry *e, uint64_t *addr)
{
    int rc = 0;

    if ( e->va != *addr || e->npages > (v->end - *addr) >> PAGE_SHIFT )
        return -EINVAL;
    for ( uint64_t n = 0; !rc && n < e->npages; n++ )
        rc = map_foreign(f, d, e->va + (n << PAGE_SHIFT), e->mfn + n, v->prot);
    *addr += e->npages << PAGE_SHIFT;
    return rc;
}

/*
 * Once, from the mapping's beginning and without gaps.  mm locked.  What is
 * mapped stays when a later entry fails.
 */
static int map_ranges(struct file *f, domid_t domid,
                      const struct privcmd_mmap_entry *e, int nr)
{
    struct vma *v = privcmd_find_vma(f, e->va, 0);
    uint64_t addr = e->va;
    struct domain *d;
    int rc = 0;

    if ( !v || v->start != e->va || v->used )
        return -EINVAL;
    v->used = true;
    v->read_only |= !(v->prot & PROT_WRITE);
    f->conn->reply.more |= WIRE_KEEP;
    d = get_domain(domid);
    for ( int i = 0; !rc && i < nr; i++ )
        rc = map_range(f, v, d, &e[i], &addr);
    if ( d )
        domain_put(d);
    return rc;
}

long privcmd_map_ranges(struct file *f, uint64_t arg)
{
    struct privcmd_mmap m;
    void *entries = NULL;
    long rc;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    if ( privcmd_may_not(f, m.dom) )
        return -EPERM;
    if ( !m.num )
        return 0;
    rc = copy_array(f, (uintptr_t)m.entry, (uint32_t)m.num,
                    sizeof(struct privcmd_mmap_entry), &entries);
    if ( !rc )
    {
        pthread_mutex_lock(&f->conn->mm->lock);
        rc = map_ranges(f, m.dom, entries, m.num);
        pthread_mutex_unlock(&f->conn->mm->lock);
    }
    free(entries);
    return rc;
}
