/* SPDX-License-Identifier: MIT */
/* What a process has mapped through a file: requests that change it. */
#include <errno.h>
#include <sys/mman.h>

#include "server.h"
#include "vma.h"

#include <hv/lib.h>
#include <hv/page.h>

static void unmap_locked(struct conn *c, uint64_t addr, size_t len)
{
    struct file *f = c->file;
    struct vma *v;

    while ( (v = vma_of_file(c->mm->vmas, f, addr, len)) )
    {
        uint64_t from = max(addr, v->start);
        size_t nr = min(addr + len, v->end) - from;

        if ( f->ops->munmap )
            f->ops->munmap(f, from, nr);
        mm_unmap_range(c->mm, from, nr);
        vma_remove(&c->mm->vmas, v, from, nr);
    }
}

void conn_unmap(struct conn *c, uint64_t addr, size_t len)
{
    pthread_mutex_lock(&c->mm->lock);
    unmap_locked(c, addr, len);
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

/* A part of a range of the parent's; both locked. */
static long inherit_part(struct conn *c, const struct mm *parent,
                         const struct vma *v, uint64_t start, uint64_t end)
{
    struct file *f = c->file;
    struct vma part = *v;
    long rc;

    part.start = start;
    part.end = end;
    rc = vma_add(&c->mm->vmas, &part);
    if ( rc )
        return rc;
    rc = mm_copy_range(c->mm, parent, start, end - start);
    if ( rc )
        vma_remove(&c->mm->vmas, vma_find(c->mm->vmas, start, end - start),
                   start, end - start);
    else if ( f->ops->inherit )
        f->ops->inherit(f, start, end - start);
    return rc;
}

/*
 * All of the range, or nothing.  The parent may have ended, and its other
 * threads may be unmapping.
 */
static long inherit_locked(struct conn *c, const struct mm *parent,
                           uint64_t addr, size_t len)
{
    size_t left = len;
    long rc = 0;

    for ( const struct vma *v = parent->vmas; !rc && v; v = v->next )
    {
        uint64_t start = max(addr, v->start), end = min(addr + len, v->end);

        if ( v->file != c->file || start >= end )
            continue;
        rc = inherit_part(c, parent, v, start, end);
        left -= end - start;
    }
    if ( !rc && left )
        rc = -ENOENT;
    if ( rc )
        unmap_locked(c, addr, len);
    return rc;
}

/* Two that inherit from each other lock both in the same order. */
static void lock_both(struct mm *a, struct mm *b)
{
    bool a_first = (uintptr_t)a < (uintptr_t)b;

    pthread_mutex_lock(a_first ? &a->lock : &b->lock);
    pthread_mutex_lock(a_first ? &b->lock : &a->lock);
}

long conn_inherit(struct conn *c, const struct wire_request *req)
{
    struct mm *parent = mm_find(req->c);
    long rc;

    if ( !parent )
        return -ENOENT;
    if ( parent == c->mm )
    {
        mm_put(parent);
        return -EINVAL;
    }
    lock_both(parent, c->mm);
    rc = inherit_locked(c, parent, req->a, req->b);
    pthread_mutex_unlock(&c->mm->lock);
    pthread_mutex_unlock(&parent->lock);
    mm_put(parent);
    return rc;
}
