/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/gntdev, as Linux 6.1 offers it: mapping and copying pages that other
 * domains grant to dom0.
 *
 * An ioctl announces a set of grants and returns the set's place in the file's
 * offsets; mmap() of that place maps the set.  Each page of the set is held by
 * a grant mapping of dom0 (for device access: no address of dom0's own is
 * involved) and, while it is in the client's address space, by a reference of
 * the client.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/grant_table.h>

#include "gntdev.h"
#include "vma.h"

#include <hv/evtchn.h>
#include <hv/page.h>

#define MAX_GRANTS (64U * 1024)

/*
 * One announced set.  Gone when neither announced nor mapped any more; who is to
 * be notified is told then.
 */
struct set {
    uint64_t index; /* first page of its place in the file's offsets */
    uint32_t count;
    uint32_t live;      /* grants that are mapped                        */
    const struct mm *mm; /* the client that mapped it; valid while live  */
    uint64_t addr;      /* there; 0: not mapped                          */
    bool announced, read_only;
    bool used;          /* by mmap(), which succeeds only once           */
    struct ioctl_gntdev_unmap_notify notify; /* action 0: none           */
    struct set *next;
    struct grant grant[];
};

/* ---- single grants ---- */

int gntdev_pin(struct grant *g, bool read_only)
{
    struct gnttab_map_grant_ref op = {
        .flags = GNTMAP_device_map | (read_only ? GNTMAP_readonly : 0),
        .ref = g->ref.ref,
        .dom = (domid_t)g->ref.domid,
    };
    long rc = kernel_hypercall(__HYPERVISOR_grant_table_op,
                               GNTTABOP_map_grant_ref, (uintptr_t)&op, 1);

    if ( rc )
        return GNTST_general_error;
    if ( op.status )
        return op.status;
    g->handle = op.handle;
    g->mfn = _mfn(op.dev_bus_addr >> PAGE_SHIFT);
    return 0;
}

void gntdev_unpin(struct grant *g)
{
    struct gnttab_unmap_grant_ref op = {
        .dev_bus_addr = mfn_x(g->mfn) << PAGE_SHIFT,
        .handle = g->handle,
    };

    kernel_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
                     (uintptr_t)&op, 1);
    g->handle = NOT_MAPPED;
}

/* The pinned page, with a reference for the client's mapping. */
static struct page *get_pinned(const struct grant *g)
{
    struct domain *d = domain_get((domid_t)g->ref.domid);
    struct page *pg = mfn_to_page(g->mfn);
    bool ok = d && page_get(pg, d);

    if ( d )
        domain_put(d);
    return ok ? pg : NULL;
}

/* ---- sets ---- */

static struct set *find_set(struct file *f, uint64_t index, uint32_t count)
{
    for ( struct set *s = f->priv; s; s = s->next )
        if ( s->announced && s->index == index && s->count == count )
            return s;
    return NULL;
}

static void clear_byte(struct set *s, uint64_t offset)
{
    const struct grant *g = &s->grant[offset >> PAGE_SHIFT];

    if ( !s->read_only && g->handle != NOT_MAPPED )
        ((char *)arch_mfn_to_virt(g->mfn))[offset & ~PAGE_MASK] = 0;
    s->notify.action &= ~(uint32_t)UNMAP_NOTIFY_CLEAR_BYTE;
}

static void unpin_range(struct set *s, uint32_t from, uint32_t to)
{
    uint64_t offset = s->notify.index - (s->index << PAGE_SHIFT);

    if ( (s->notify.action & UNMAP_NOTIFY_CLEAR_BYTE) &&
         offset >> PAGE_SHIFT >= from && offset >> PAGE_SHIFT < to )
        clear_byte(s, offset);
    for ( uint32_t i = from; i < to; i++ )
        if ( s->grant[i].handle != NOT_MAPPED )
        {
            gntdev_unpin(&s->grant[i]);
            s->live--;
        }
    if ( !s->live )
        s->addr = 0;
}

static void send_event(struct set *s)
{
    if ( !(s->notify.action & UNMAP_NOTIFY_SEND_EVENT) )
        return;
    evtchn_send(server_dom0, s->notify.event_channel_port);
    evtchn_port_put(s->notify.event_channel_port);
}

static void free_unused(struct file *f)
{
    struct set **p = (struct set **)&f->priv;

    while ( *p )
    {
        struct set *s = *p;

        if ( s->announced || s->live )
        {
            p = &s->next;
            continue;
        }
        send_event(s);
        *p = s->next;
        free(s);
    }
}

/*
 * The lowest place with count free pages; what is announced is sorted by place in
 * the list.  What is only mapped has no place any more.
 */
static void place_set(struct file *f, struct set *s)
{
    struct set **p = (struct set **)&f->priv;
    uint64_t index = 0;

    for ( ; *p; p = &(*p)->next )
    {
        if ( !(*p)->announced )
            continue;
        if ( index + s->count <= (*p)->index )
            break;
        index = (*p)->index + (*p)->count;
    }
    s->index = index;
    s->next = *p;
    *p = s;
}

/* ---- ioctls ---- */

static long map_grant_ref(struct file *f, uint64_t arg)
{
    struct ioctl_gntdev_map_grant_ref a;
    uint64_t refs = arg + offsetof(struct ioctl_gntdev_map_grant_ref, refs);
    struct set *s;

    if ( client_read(f, &a, arg, offsetof(typeof(a), refs)) )
        return -EFAULT;
    if ( !a.count || a.count > MAX_GRANTS )
        return -EINVAL;
    s = calloc(1, sizeof(*s) + a.count * sizeof(s->grant[0]));
    if ( !s )
        return -ENOMEM;
    s->count = a.count;
    s->announced = true;
    for ( uint32_t i = 0; i < a.count; i++ )
    {
        s->grant[i].handle = NOT_MAPPED;
        if ( client_read(f, &s->grant[i].ref, refs + i * sizeof(a.refs[0]),
                         sizeof(a.refs[0])) )
        {
            free(s);
            return -EFAULT;
        }
    }
    place_set(f, s);
    a.index = s->index << PAGE_SHIFT;
    if ( !client_write(f, arg, &a, offsetof(typeof(a), refs)) )
        return 0;
    s->announced = false;
    free_unused(f);
    return -EFAULT;
}

static long unmap_grant_ref(struct file *f, uint64_t arg)
{
    struct ioctl_gntdev_unmap_grant_ref a;
    struct set *s;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    s = find_set(f, a.index >> PAGE_SHIFT, a.count);
    if ( !s )
        return -ENOENT;
    s->announced = false; /* munmap() releases the pages still mapped */
    free_unused(f);
    return 0;
}

/* Of any file's mapping: this file need not have made it. */
static long get_offset(struct file *f, uint64_t arg)
{
    struct ioctl_gntdev_get_offset_for_vaddr a;
    const struct vma *v;
    bool found;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    pthread_mutex_lock(&f->conn->mm->lock);
    v = vma_find(f->conn->mm->vmas, a.vaddr, 0);
    found = v && v->file->ops == &gntdev_ops;
    if ( found )
    {
        a.offset = v->offset;
        a.count = (uint32_t)v->nr;
    }
    pthread_mutex_unlock(&f->conn->mm->lock);
    return found ? client_write(f, arg, &a, sizeof(a)) : -EINVAL;
}

/* Afterwards *a has the new notification, or the set's previous one. */
static long replace_notify(struct file *f, struct ioctl_gntdev_unmap_notify *a)
{
    for ( struct set *s = f->priv; s; s = s->next )
    {
        uint64_t page = a->index >> PAGE_SHIFT;
        struct ioctl_gntdev_unmap_notify old = s->notify;

        if ( !s->announced || page < s->index ||
             page >= s->index + s->count )
            continue;
        if ( (a->action & UNMAP_NOTIFY_CLEAR_BYTE) && s->live && s->read_only )
            return -EINVAL;
        s->notify = *a;
        *a = old;
        return 0;
    }
    return -ENOENT;
}

/* The notification keeps its port from being closed. */
static long set_notify(struct file *f, uint64_t arg)
{
    struct ioctl_gntdev_unmap_notify a;
    long rc;

    if ( client_read(f, &a, arg, sizeof(a)) )
        return -EFAULT;
    if ( a.action & ~(UNMAP_NOTIFY_CLEAR_BYTE | UNMAP_NOTIFY_SEND_EVENT) )
        return -EINVAL;
    if ( (a.action & UNMAP_NOTIFY_SEND_EVENT) &&
         evtchn_port_get(a.event_channel_port) )
        return -EINVAL;
    rc = replace_notify(f, &a);
    if ( a.action & UNMAP_NOTIFY_SEND_EVENT )
        evtchn_port_put(a.event_channel_port);
    return rc;
}

static long gntdev_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    switch ( request )
    {
    case IOCTL_GNTDEV_MAP_GRANT_REF:
        return map_grant_ref(f, arg);
    case IOCTL_GNTDEV_UNMAP_GRANT_REF:
        return unmap_grant_ref(f, arg);
    case IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR:
        return get_offset(f, arg);
    case IOCTL_GNTDEV_SET_UNMAP_NOTIFY:
        return set_notify(f, arg);
    case IOCTL_GNTDEV_GRANT_COPY:
        return gntdev_copy(f, arg);
    default:
        return -ENOTTY;
    }
}

/* ---- mapping ---- */

static long gntdev_mmap(struct file *f, uint64_t addr, size_t len,
                        uint64_t offset, int prot)
{
    struct set *s = find_set(f, offset >> PAGE_SHIFT,
                             (uint32_t)(len >> PAGE_SHIFT));
    uint32_t i;

    if ( !s || s->used )
        return -EINVAL;
    s->used = true;
    s->read_only = !(prot & PROT_WRITE);
    for ( i = 0; i < s->count; i++ )
    {
        struct page *pg;

        if ( gntdev_pin(&s->grant[i], s->read_only) )
            break;
        s->live++;
        pg = get_pinned(&s->grant[i]);
        if ( !pg || file_map_page(f, addr + ((uint64_t)i << PAGE_SHIFT), pg,
                                  prot) )
            break;
    }
    if ( i == s->count )
    {
        s->addr = addr;
        s->mm = f->conn->mm;
        vma_find(f->conn->mm->vmas, addr, len)->read_only = s->read_only;
        return 0;
    }
    mm_unmap_range(f->conn->mm, addr, len);
    unpin_range(s, 0, s->count);
    return -EINVAL;
}

static void gntdev_munmap(struct file *f, uint64_t addr, size_t len)
{
    for ( struct set *s = f->priv; s; s = s->next )
    {
        uint64_t end = s->addr + ((uint64_t)s->count << PAGE_SHIFT);
        uint64_t from = max(addr, s->addr), to = min(addr + len, end);

        if ( s->live && s->mm == f->conn->mm && from < to )
            unpin_range(s, (uint32_t)((from - s->addr) >> PAGE_SHIFT),
                        (uint32_t)((to - s->addr) >> PAGE_SHIFT));
    }
    free_unused(f);
}

static void gntdev_close(struct file *f)
{
    for ( struct set *s = f->priv; s; s = s->next )
        s->announced = false;
    free_unused(f);
}

const struct file_ops gntdev_ops = {
    .ioctl = gntdev_ioctl,
    .mmap = gntdev_mmap,
    .munmap = gntdev_munmap,
    .close = gntdev_close,
};
