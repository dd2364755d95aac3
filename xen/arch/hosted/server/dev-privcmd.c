/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/privcmd and /dev/xen/hypercall, as Linux 6.1 offers them to a
 * program in a PV dom0: the ioctls, their checks in that order, and their
 * errnos.
 *
 * To map a page, dom0's kernel names it to the core (a gfn of a domain, or a
 * resource) and takes a reference on it as a page of this domain, which a PV
 * dom0 would do by mmu_update.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/sys/privcmd.h>

#include "server.h"
#include "vma.h"

#include <hv/lib.h>
#include <hv/p2m.h>
#include <hv/page.h>

#define MAX_BATCH (1UL << 20) /* pages in one request */
#define DM_OP_MAX_BUFS 16
#define DM_OP_MAX_SIZE 4096
#define PROT_RW (PROT_READ | PROT_WRITE)

struct privcmd {
    domid_t restricted; /* DOMID_INVALID: may do everything */
};

static int privcmd_open(struct file *f)
{
    struct privcmd *p = calloc(1, sizeof(*p));

    if ( !p )
        return -ENOMEM;
    p->restricted = DOMID_INVALID;
    f->priv = p;
    return 0;
}

static void privcmd_close(struct file *f)
{
    free(f->priv);
}

static bool may_not(const struct privcmd *p, domid_t domid)
{
    return p->restricted != DOMID_INVALID && p->restricted != domid;
}

static long privcmd_mmap(struct file *f, uint64_t addr, size_t len,
                         uint64_t offset, int prot)
{
    /* ioctls put frames there, of this file or of another one. */
    (void)f, (void)addr, (void)len, (void)offset, (void)prot;
    return 0;
}

/* ---- hypercalls ---- */

static long ioctl_hypercall(struct file *f, uint64_t arg)
{
    const struct privcmd *p = f->priv;
    struct privcmd_hypercall call;
    struct hypercall hc;

    if ( p->restricted != DOMID_INVALID )
        return -EPERM;
    if ( client_read(f, &call, arg, sizeof(call)) )
        return -EFAULT;
    hc.nr = call.op;
    for ( unsigned int i = 0; i < 5; i++ )
        hc.a[i] = call.arg[i];
    hc.a[5] = 0;
    return hypercall_run(&hc);
}

static long ioctl_dm_op(struct file *f, uint64_t arg)
{
    const struct privcmd *p = f->priv;
    struct privcmd_dm_op_buf buf[DM_OP_MAX_BUFS];
    struct privcmd_dm_op op;
    struct hypercall hc = { .nr = __HYPERVISOR_dm_op };

    if ( client_read(f, &op, arg, sizeof(op)) )
        return -EFAULT;
    if ( may_not(p, op.dom) )
        return -EPERM;
    if ( op.num == 0 )
        return 0;
    if ( op.num > DM_OP_MAX_BUFS )
        return -E2BIG;
    if ( client_read(f, buf, (uintptr_t)op.ubufs, op.num * sizeof(buf[0])) )
        return -EFAULT;
    for ( unsigned int i = 0; i < op.num; i++ )
        if ( buf[i].size > DM_OP_MAX_SIZE )
            return -E2BIG;
    if ( f->conn->pinned )
        return f->conn->pinned;
    hc.a[0] = op.dom;
    hc.a[1] = op.num;
    hc.a[2] = (uintptr_t)op.ubufs;
    return hypercall_run(&hc);
}

static long ioctl_restrict(struct file *f, uint64_t arg)
{
    struct privcmd *p = f->priv;
    domid_t domid;

    if ( client_read(f, &domid, arg, sizeof(domid)) )
        return -EFAULT;
    if ( may_not(p, domid) )
        return -EINVAL;
    p->restricted = domid;
    return 0;
}

/* ---- foreign frames ---- */

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

/* The privcmd mapping that contains the whole range, or NULL; mm locked. */
static struct vma *find_vma(struct file *f, uint64_t addr, uint64_t nr)
{
    struct vma *v = vma_find(f->conn->mm->vmas, addr, nr << PAGE_SHIFT);

    return v && v->file->ops == &privcmd_ops ? v : NULL;
}

/* One page of a batch: 0, -ESRCH or -EINVAL. */
static int map_foreign(struct file *f, struct domain *d, uint64_t addr,
                       uint64_t gfn, int prot)
{
    struct page *pg = d ? get_foreign(d, gfn, prot) : NULL;

    if ( !d )
        return -ESRCH;
    return pg ? file_map_page(f, addr, pg, prot) : -EINVAL;
}

/*
 * The first batch into a range covers the whole range; later batches cover only
 * pages that are not mapped yet: programs retry pages that failed.
 */
static int check_batch_range(struct file *f, struct vma *v, uint64_t addr,
                             uint64_t nr)
{
    if ( !v || (addr & ~PAGE_MASK) )
        return -EINVAL;
    if ( !v->used )
    {
        if ( addr != v->start || addr + (nr << PAGE_SHIFT) != v->end )
            return -EINVAL;
        v->used = true;
        return 0;
    }
    for ( uint64_t i = 0; i < nr; i++ )
        if ( mm_mapped_page(f->conn->mm, addr + (i << PAGE_SHIFT)) )
            return -EINVAL;
    return 0;
}

/* Version 1 marks pages that failed in the top bits of the frame number. */
#define V1_ERROR 0xf0000000UL

static long map_batch(struct file *f, domid_t domid, uint64_t addr,
                      uint64_t nr, uint64_t arr, uint64_t err, bool v2)
{
    const struct privcmd *p = f->priv;
    struct domain *d;
    struct vma *v;
    uint64_t *gfns, last;
    int *errs;
    long rc;

    if ( may_not(p, domid) )
        return -EPERM;
    if ( !nr )
        return -EINVAL;
    if ( nr > MAX_BATCH )
        return client_read(f, &last, arr + (nr - 1) * sizeof(last),
                           sizeof(last)) ? -EFAULT : -ENOMEM;
    gfns = calloc(nr, sizeof(*gfns) + sizeof(*errs));
    if ( !gfns )
        return -ENOMEM;
    errs = (int *)(gfns + nr);

    rc = client_read(f, gfns, arr, nr * sizeof(*gfns));
    pthread_mutex_lock(&f->conn->mm->lock);
    v = find_vma(f, addr, nr);
    if ( !rc )
        rc = check_batch_range(f, v, addr, nr);
    if ( rc )
        goto out;

    d = domain_get(domid == DOMID_SELF ? server_dom0->domain_id : domid);
    for ( uint64_t i = 0; i < nr; i++ )
    {
        errs[i] = map_foreign(f, d, addr + (i << PAGE_SHIFT), gfns[i],
                              v->prot);
        if ( errs[i] )
            gfns[i] |= V1_ERROR;
    }
    if ( d )
        domain_put(d);
    rc = v2 ? client_write(f, err, errs, nr * sizeof(*errs))
            : client_write(f, arr, gfns, nr * sizeof(*gfns));
 out:
    pthread_mutex_unlock(&f->conn->mm->lock);
    free(gfns);
    return rc;
}

static long ioctl_mmapbatch_v2(struct file *f, uint64_t arg)
{
    struct privcmd_mmapbatch_v2 m;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    return map_batch(f, m.dom, m.addr, m.num, (uintptr_t)m.arr,
                     (uintptr_t)m.err, true);
}

static long ioctl_mmapbatch(struct file *f, uint64_t arg)
{
    struct privcmd_mmapbatch m;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    return map_batch(f, m.dom, m.addr, (uint32_t)m.num, (uintptr_t)m.arr, 0,
                     false);
}

/* The oldest form: contiguous ranges, all of them or an error. */
static long ioctl_mmap(struct file *f, uint64_t arg)
{
    const struct privcmd *p = f->priv;
    struct privcmd_mmap m;
    struct domain *d;
    long rc = 0;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    if ( may_not(p, m.dom) )
        return -EPERM;
    pthread_mutex_lock(&f->conn->mm->lock);
    d = domain_get(m.dom == DOMID_SELF ? server_dom0->domain_id : m.dom);
    for ( int i = 0; !rc && i < m.num; i++ )
    {
        struct privcmd_mmap_entry e;
        struct vma *v = NULL;

        rc = client_read(f, &e, (uintptr_t)(m.entry + i), sizeof(e));
        if ( !rc && e.npages <= MAX_BATCH && !(e.va & ~PAGE_MASK) )
            v = find_vma(f, e.va, e.npages);
        if ( !rc && !v )
            rc = -EINVAL;
        for ( uint64_t n = 0; !rc && n < e.npages; n++ )
            rc = map_foreign(f, d, e.va + (n << PAGE_SHIFT), e.mfn + n,
                             v->prot);
    }
    if ( d )
        domain_put(d);
    pthread_mutex_unlock(&f->conn->mm->lock);
    return rc;
}

/* ---- resources ---- */

static long acquire(const struct privcmd_mmap_resource *m, uint32_t *nr,
                    xen_pfn_t *list)
{
    struct xen_mem_acquire_resource x = {
        .domid = m->dom,
        .type = m->type,
        .id = m->id,
        .nr_frames = *nr,
        .frame = m->idx,
        .frame_list.p = list,
    };
    long rc = kernel_hypercall(__HYPERVISOR_memory_op, XENMEM_acquire_resource,
                               (uintptr_t)&x, 0);

    *nr = x.nr_frames;
    return rc;
}

static long resource_size(struct file *f, uint64_t arg,
                          struct privcmd_mmap_resource *m)
{
    uint32_t nr = 0;
    long rc = acquire(m, &nr, NULL);

    if ( rc )
        return rc;
    m->num = nr;
    return client_write(f, arg + offsetof(struct privcmd_mmap_resource, num),
                        &m->num, sizeof(m->num));
}

/* All frames of the list, as memory of d; undone as a whole on failure. */
static int map_resource_frames(struct file *f, domid_t domid, uint64_t addr,
                               const xen_pfn_t *list, uint32_t nr, int prot)
{
    struct domain *d = domain_get(domid);
    int rc = d ? 0 : -ESRCH;
    uint32_t i;

    for ( i = 0; !rc && i < nr; i++ )
    {
        struct page *pg = mfn_valid(_mfn(list[i]))
                              ? mfn_to_page(_mfn(list[i])) : NULL;

        rc = pg && page_get(pg, d)
                 ? file_map_page(f, addr + ((uint64_t)i << PAGE_SHIFT), pg,
                                 prot)
                 : -EINVAL;
    }
    /* When the last page failed, i is one past it: no reference is held. */
    if ( rc && i > 1 )
        mm_unmap_range(f->conn->mm, addr, (uint64_t)(i - 1) << PAGE_SHIFT);
    if ( d )
        domain_put(d);
    return rc;
}

/* mm locked. */
static long map_resource(struct file *f, const struct privcmd_mmap_resource *m)
{
    uint32_t nr = (uint32_t)m->num;
    struct vma *v = find_vma(f, m->addr, nr);
    xen_pfn_t *list;
    long rc;

    if ( !v )
        return -EINVAL;
    list = calloc(nr, sizeof(*list));
    if ( !list )
        return -ENOMEM;
    rc = acquire(m, &nr, list);
    if ( !rc )
        rc = map_resource_frames(f, m->dom, m->addr, list, (uint32_t)m->num,
                                 v->prot);
    free(list);
    return rc;
}

static long ioctl_mmap_resource(struct file *f, uint64_t arg)
{
    const struct privcmd *p = f->priv;
    struct privcmd_mmap_resource m;
    long rc;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    if ( may_not(p, m.dom) )
        return -EPERM;
    if ( !m.addr != !m.num )
        return -EINVAL;
    if ( !m.num )
        return resource_size(f, arg, &m);
    if ( m.addr & ~PAGE_MASK )
        return -EINVAL;
    if ( m.num > MAX_BATCH )
        return -ENOMEM;
    pthread_mutex_lock(&f->conn->mm->lock);
    rc = map_resource(f, &m);
    pthread_mutex_unlock(&f->conn->mm->lock);
    return rc;
}

static long privcmd_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    switch ( request )
    {
    case IOCTL_PRIVCMD_HYPERCALL:
        return ioctl_hypercall(f, arg);
    case IOCTL_PRIVCMD_MMAP:
        return ioctl_mmap(f, arg);
    case IOCTL_PRIVCMD_MMAPBATCH:
        return ioctl_mmapbatch(f, arg);
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        return ioctl_mmapbatch_v2(f, arg);
    case IOCTL_PRIVCMD_DM_OP:
        return ioctl_dm_op(f, arg);
    case IOCTL_PRIVCMD_RESTRICT:
        return ioctl_restrict(f, arg);
    case IOCTL_PRIVCMD_MMAP_RESOURCE:
        return ioctl_mmap_resource(f, arg);
    default:
        return -ENOTTY;
    }
}

const struct file_ops privcmd_ops = {
    .open = privcmd_open,
    .ioctl = privcmd_ioctl,
    .mmap = privcmd_mmap,
    .close = privcmd_close,
};

/* Buffers for hypercalls: plain memory of the client, nothing to do here. */
static long hypercall_mmap(struct file *f, uint64_t addr, size_t len,
                           uint64_t offset, int prot)
{
    (void)f, (void)addr, (void)len, (void)offset, (void)prot;
    return 0;
}

const struct file_ops hypercall_ops = {
    .mmap = hypercall_mmap,
};
