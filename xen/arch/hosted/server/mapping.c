/* SPDX-License-Identifier: MIT */
/* What a process has mapped through a file: requests that change it. */
#include <errno.h>
#include <sys/mman.h>

#include "server.h"
#include "vma.h"

#include <hv/lib.h>
#include <hv/page.h>

void conn_unmap(struct conn *c, uint64_t addr, size_t len)
{
    struct file *f = c->file;
    struct vma *v;

    pthread_mutex_lock(&c->mm->lock);
    while ( (v = vma_of_file(c->mm->vmas, f, addr, len)) )
    {
        uint64_t from = max(addr, v->start);
        size_t nr = min(addr + len, v->end) - from;

        if ( f->ops->munmap )
            f->ops->munmap(f, from, nr);
        mm_unmap_range(c->mm, from, nr);
        vma_remove(&c->mm->vmas, v, from, nr);
    }
    pthread_mutex_unlock(&c->mm->lock);
}

long conn_map(struct conn *c, const struct wire_request *req)
{
    struct file *f = c->file;
    long rc;

    if ( !f->ops->mmap )
        return -ENODEV;
    pthread_mutex_lock(&c->mm->lock);
    rc = vma_add(&c->mm->vmas, &(struct vma){
        .start = req->a, .end = req->a + req->b, .prot = (int)req->d,
        .file = f, .offset = req->c, .nr = req->b >> PAGE_SHIFT });
    if ( !rc )
    {
        rc = f->ops->mmap(f, req->a, req->b, req->c, (int)req->d);
        if ( rc < 0 )
        {
            mm_unmap_range(c->mm, req->a, req->b);
            vma_remove(&c->mm->vmas, vma_find(c->mm->vmas, req->a, req->b),
                       req->a, req->b);
        }
    }
    pthread_mutex_unlock(&c->mm->lock);
    return rc;
}

/*
 * A frame of another domain that was mapped to be read may be one that dom0
 * must not write.
 */
long conn_protect(struct conn *c, const struct wire_request *req)
{
    struct vma *v;
    long rc = 1;

    pthread_mutex_lock(&c->mm->lock);
    for ( v = c->mm->vmas; v; v = v->next )
        if ( v->file == c->file && v->start < req->a + req->b &&
             v->end > req->a )
        {
            v->prot = (int)req->c;
            if ( v->read_only && (req->c & PROT_WRITE) )
                rc = 0;
        }
    pthread_mutex_unlock(&c->mm->lock);
    return rc;
}

/* A child has what its parent, which waits, has mapped through the file. */
long conn_inherit(struct conn *c, const struct wire_request *req)
{
    struct mm *parent = mm_get(req->c);
    struct file *f = c->file;
    long rc = parent ? 0 : -ENOMEM;

    if ( rc )
        return rc;
    pthread_mutex_lock(&parent->lock);
    pthread_mutex_lock(&c->mm->lock);
    for ( struct vma *v = parent->vmas; !rc && v; v = v->next )
        if ( v->file == f && v->start >= req->a && v->end <= req->a + req->b )
            rc = vma_add(&c->mm->vmas, v);
    if ( !rc )
        rc = mm_copy_range(c->mm, parent, req->a, req->b);
    if ( !rc && f->ops->inherit )
        f->ops->inherit(f, req->a, req->b);
    pthread_mutex_unlock(&c->mm->lock);
    pthread_mutex_unlock(&parent->lock);
    mm_put(parent);
    return rc;
}
