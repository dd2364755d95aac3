/* SPDX-License-Identifier: MIT */
/* Copying from and to granted pages by /dev/xen/gntdev. */
#include <errno.h>
#include <string.h>

#include <xen/grant_table.h>

#include "gntdev.h"

#include <hv/page.h>

/* One end of a copy: the client's memory, or a pinned page. */
struct copy_end {
    struct grant g;
    uint64_t virt;
    uint16_t offset;
    bool granted;
};

static int open_end(struct copy_end *e, bool granted, bool read_only,
                    const void *seg_end)
{
    const struct { uint32_t ref; uint16_t offset, domid; } *foreign = seg_end;

    *e = (struct copy_end){ .granted = granted };
    e->g.handle = NOT_MAPPED;
    if ( !granted )
    {
        e->virt = *(const uint64_t *)seg_end;
        return 0;
    }
    e->offset = foreign->offset;
    e->g.ref = (struct ioctl_gntdev_grant_ref){ foreign->domid,
                                                foreign->ref };
    return gntdev_pin(&e->g, read_only);
}

static void *end_virt(const struct copy_end *e)
{
    return (char *)arch_mfn_to_virt(e->g.mfn) + e->offset;
}

static int move(struct file *f, const struct copy_end *from,
                const struct copy_end *to, uint16_t len)
{
    char buf[PAGE_SIZE];
    int rc = 0;

    if ( from->granted )
        memcpy(buf, end_virt(from), len);
    else
        rc = client_read(f, buf, from->virt, len);
    if ( rc )
        return rc;
    if ( !to->granted )
        return client_write(f, to->virt, buf, len);
    memcpy(end_virt(to), buf, len);
    return 0;
}

/* One end at least is a grant, and none goes over the end of its page. */
static bool segment_ok(const struct ioctl_gntdev_grant_copy_segment *seg)
{
    bool from = seg->flags & GNTCOPY_source_gref;
    bool to = seg->flags & GNTCOPY_dest_gref;

    return (from || to) && seg->len <= PAGE_SIZE &&
           (!from || seg->source.foreign.offset + seg->len <= PAGE_SIZE) &&
           (!to || seg->dest.foreign.offset + seg->len <= PAGE_SIZE);
}

/* 0 or a GNTST_ status in seg->status; -EFAULT for the client's memory. */
static int copy_segment(struct file *f,
                        struct ioctl_gntdev_grant_copy_segment *seg)
{
    struct copy_end from, to;
    int status, rc = 0;

    status = open_end(&from, seg->flags & GNTCOPY_source_gref, true,
                      &seg->source);
    if ( !status )
    {
        status = open_end(&to, seg->flags & GNTCOPY_dest_gref, false,
                          &seg->dest);
        if ( !status )
            rc = move(f, &from, &to, seg->len);
        if ( to.g.handle != NOT_MAPPED )
            gntdev_unpin(&to.g);
    }
    if ( from.g.handle != NOT_MAPPED )
        gntdev_unpin(&from.g);
    if ( rc == -EFAULT )
        return rc;
    seg->status = (int16_t)(status ? status : rc);
    return 0;
}

long gntdev_copy(struct file *f, uint64_t arg)
{
    struct ioctl_gntdev_grant_copy a;
    struct ioctl_gntdev_grant_copy_segment seg;
    uint64_t at;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    at = (uintptr_t)a.segments;
    for ( unsigned int i = 0; i < a.count; i++, at += sizeof(seg) )
    {
        if ( client_read(f, &seg, at, sizeof(seg)) )
            return -EFAULT;
        if ( !segment_ok(&seg) )
            return -EINVAL;
        if ( copy_segment(f, &seg) ||
             client_write(f, at + offsetof(typeof(seg), status), &seg.status,
                          sizeof(seg.status)) )
            return -EFAULT;
    }
    return 0;
}
