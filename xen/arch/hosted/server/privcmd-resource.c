/* SPDX-License-Identifier: MIT */
/* Resources by /dev/xen/privcmd: their sizes, and mapping them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/sys/privcmd.h>

#include "privcmd.h"

#include <hv/lib.h>
#include <hv/page.h>

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

/* The frames' pages, each with a reference as memory of d; all or none. */
static int get_pages(struct domain *d, const xen_pfn_t *list, uint32_t nr)
{
    if ( !d )
        return -ESRCH;
    for ( uint32_t i = 0; i < nr; i++ )
    {
        if ( mfn_valid(_mfn(list[i])) &&
             page_get(mfn_to_page(_mfn(list[i])), d) )
            continue;
        while ( i-- )
            page_put(mfn_to_page(_mfn(list[i])));
        return -EINVAL;
    }
    return 0;
}

#define ROUNDS 64

/*
 * The resource's frames with references.  A frame may be given up, and become
 * other memory, between its look-up and its reference: so it is looked up once
 * more with the reference held, until nothing has changed in between.  -EBUSY: it
 * has changed each of ROUNDS times.
 */
static long acquire_pages(const struct privcmd_mmap_resource *m,
                          struct domain *d, xen_pfn_t *list, xen_pfn_t *again)
{
    uint32_t nr = (uint32_t)m->num, found = nr;
    long rc = acquire(m, &found, list);

    for ( unsigned int i = 0; !rc && i < ROUNDS; i++ )
    {
        int got = get_pages(d, list, nr);

        found = nr;
        rc = acquire(m, &found, again);
        if ( !rc && !memcmp(list, again, nr * sizeof(*list)) )
            return got;
        for ( uint32_t k = 0; !got && k < nr; k++ )
            page_put(mfn_to_page(_mfn(list[k])));
        memcpy(list, again, nr * sizeof(*list));
    }
    return rc ? rc : -EBUSY;
}

/* Frames replace what is mapped there; undone as a whole on failure. */
static long map_frames(struct file *f, const struct vma *v, uint64_t addr,
                       const xen_pfn_t *list, uint32_t nr)
{
    long rc = 0;
    uint32_t i;

    mm_unmap_range(f->conn->mm, addr, (uint64_t)nr << PAGE_SHIFT);
    for ( i = 0; !rc && i < nr; i++ )
        rc = file_map_page(f, addr + ((uint64_t)i << PAGE_SHIFT),
                           mfn_to_page(_mfn(list[i])), v->prot);
    if ( !rc )
        return 0;
    for ( ; i < nr; i++ )
        page_put(mfn_to_page(_mfn(list[i])));
    mm_unmap_range(f->conn->mm, addr, (uint64_t)nr << PAGE_SHIFT);
    return rc;
}

/* mm locked. */
static long map_resource(struct file *f, const struct privcmd_mmap_resource *m)
{
    uint64_t addr = m->addr & PAGE_MASK;
    struct vma *v = privcmd_find_vma(f, addr, 0);
    uint32_t nr = (uint32_t)m->num;
    struct domain *d;
    xen_pfn_t *list;
    long rc;

    if ( !v )
        return -EINVAL;
    if ( m->num > MAX_BATCH )
        return -ENOMEM;
    if ( m->num > (v->end - addr) >> PAGE_SHIFT )
        return -EINVAL;
    list = calloc(nr, 2 * sizeof(*list));
    if ( !list )
        return -ENOMEM;
    v->used = true;
    v->read_only |= !(v->prot & PROT_WRITE);
    d = domain_get(m->dom);
    rc = acquire_pages(m, d, list, list + nr);
    if ( !rc )
        rc = map_frames(f, v, addr, list, nr);
    if ( d )
        domain_put(d);
    free(list);
    return rc;
}

long privcmd_map_resource(struct file *f, uint64_t arg)
{
    struct privcmd_mmap_resource m;
    long rc;

    if ( client_read(f, &m, arg, sizeof(m)) )
        return -EFAULT;
    if ( privcmd_may_not(f, m.dom) )
        return -EPERM;
    if ( !m.addr != !m.num )
        return -EINVAL;
    if ( !m.num )
        return resource_size(f, arg, &m);
    pthread_mutex_lock(&f->conn->mm->lock);
    rc = map_resource(f, &m);
    pthread_mutex_unlock(&f->conn->mm->lock);
    return rc;
}
