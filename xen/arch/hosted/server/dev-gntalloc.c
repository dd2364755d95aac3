/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen/gntalloc, as Linux 6.1 offers it: pages of dom0 that a program
 * grants to other domains and maps itself.
 *
 * The grant entries are dom0's own; this file writes them as dom0's kernel
 * would.  A grant that another domain still has mapped when the program frees
 * it cannot be ended: the grant stays in a list, with its page, and ending it
 * is tried again later.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <string.h>

#include <xen/grant_table.h>
#include <xen/sys/gntalloc.h>

#include "server.h"

#include <hv/evtchn.h>
#include <hv/grant.h>
#include <hv/page.h>

#define FIRST_GREF 8 /* those below are reserved */
#define NR_GREFS (64 * 512)
#define MAX_PAGES 1024 /* of all files, as the driver's default limit */

struct granted {
    uint64_t index; /* page of the file's offsets */
    grant_ref_t ref;
    struct page *page; /* our reference: the page lives while it is granted */
    bool announced;
    unsigned int mapped; /* how often */
    struct ioctl_gntalloc_unmap_notify notify;
    struct granted *next;
};

struct gntalloc {
    uint64_t next_index;
    struct granted *list;
};

static pthread_mutex_t refs_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t refs_used[NR_GREFS / 64]; /* [refs_lock] */
static struct page *granted_page[NR_GREFS]; /* [refs_lock] one ref each */
static unsigned int nr_pages;             /* [refs_lock] */
static struct granted *lingering;         /* [refs_lock] */

/* ---- dom0's grant entries ---- */

/* Call fn on the entry, with its table frame held. */
static bool with_entry(grant_ref_t ref, bool (*fn)(grant_entry_v1_t *e,
                                                   const void *arg),
                       const void *arg)
{
    const unsigned int per_page = PAGE_SIZE / sizeof(grant_entry_v1_t);
    struct page *pg;
    bool ok;

    if ( grant_resource_get(server_dom0, 0, ref / per_page, 1, &pg) )
        return false;
    ok = fn((grant_entry_v1_t *)page_to_virt(pg) + ref % per_page, arg);
    page_put(pg);
    return ok;
}

static bool entry_write(grant_entry_v1_t *e, const void *arg)
{
    const grant_entry_v1_t *new = arg;

    e->frame = new->frame;
    e->domid = new->domid;
    store_release(&e->flags, new->flags);
    return true;
}

/* End the grant, unless another domain has it mapped. */
static bool entry_end(grant_entry_v1_t *e, const void *arg)
{
    uint16_t flags = READ_ONCE(e->flags);

    (void)arg;
    do {
        if ( flags & (GTF_reading | GTF_writing) )
            return false;
    } while ( !atomic_cmpxchg(&e->flags, &flags, 0) );
    return true;
}

static grant_ref_t alloc_ref_locked(void)
{
    for ( grant_ref_t ref = FIRST_GREF; ref < NR_GREFS; ref++ )
        if ( !test_bit(ref, refs_used) )
        {
            set_bit(ref, refs_used);
            return ref;
        }
    return 0;
}

/* refs_lock held.  False: still mapped by the other side. */
static bool end_locked(struct granted *g)
{
    if ( !with_entry(g->ref, entry_end, NULL) )
        return false;
    clear_bit(g->ref, refs_used);
    nr_pages--;
    granted_page[g->ref] = NULL;
    page_put(g->page);
    free(g);
    return true;
}

static void end_lingering_locked(void)
{
    struct granted **p = &lingering;

    while ( *p )
    {
        struct granted *g = *p, *next = g->next;

        if ( end_locked(g) )
            *p = next;
        else
            p = &g->next;
    }
}

static int grant_page(struct granted *g, domid_t domid, bool writable)
{
    grant_entry_v1_t entry = {
        .flags = GTF_permit_access | (writable ? 0 : GTF_readonly),
        .domid = domid,
    };
    int rc = -ENOSPC;

    g->page = page_alloc(server_dom0, 0, 0);
    if ( !g->page )
        return -ENOMEM;
    entry.frame = (uint32_t)mfn_x(page_to_mfn(g->page));

    pthread_mutex_lock(&refs_lock);
    end_lingering_locked();
    if ( nr_pages < MAX_PAGES )
        g->ref = alloc_ref_locked();
    if ( g->ref && with_entry(g->ref, entry_write, &entry) )
    {
        nr_pages++;
        granted_page[g->ref] = g->page;
        rc = 0;
    }
    else if ( g->ref )
        clear_bit(g->ref, refs_used);
    pthread_mutex_unlock(&refs_lock);
    if ( rc )
        page_put(g->page);
    return rc;
}

void gntalloc_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    pthread_mutex_lock(&refs_lock);
    for ( grant_ref_t ref = 0; ref < NR_GREFS; ref++ )
        if ( granted_page[ref] )
            count(page_to_mfn(granted_page[ref]), HOLD_ARCH);
    pthread_mutex_unlock(&refs_lock);
}

/* ---- a file's pages ---- */

static void tell_unmapped(struct granted *g)
{
    if ( g->notify.action & UNMAP_NOTIFY_CLEAR_BYTE )
        ((char *)page_to_virt(g->page))[g->notify.index & ~PAGE_MASK] = 0;
    if ( g->notify.action & UNMAP_NOTIFY_SEND_EVENT )
    {
        evtchn_send(server_dom0, g->notify.event_channel_port);
        evtchn_port_put(g->notify.event_channel_port);
    }
    g->notify.action = 0;
}

static void free_unused(struct gntalloc *a)
{
    struct granted **p = &a->list;

    while ( *p )
    {
        struct granted *g = *p;

        if ( g->announced || g->mapped )
        {
            p = &g->next;
            continue;
        }
        *p = g->next;
        tell_unmapped(g);
        pthread_mutex_lock(&refs_lock);
        if ( !end_locked(g) )
        {
            g->next = lingering;
            lingering = g;
        }
        pthread_mutex_unlock(&refs_lock);
    }
}

static struct granted *find_page(struct gntalloc *a, uint64_t index)
{
    struct granted *g = a->list;

    while ( g && !(g->announced && g->index == index) )
        g = g->next;
    return g;
}

static long alloc_gref(struct file *f, uint64_t arg)
{
    struct gntalloc *a = f->priv;
    struct ioctl_gntalloc_alloc_gref op;
    uint64_t first = a->next_index;
    long rc = 0;

    if ( client_read(f, &op, arg, offsetof(typeof(op), gref_ids)) )
        return -EFAULT;
    if ( op.count > MAX_PAGES )
        return -ENOSPC;
    for ( uint32_t i = 0; !rc && i < op.count; i++ )
    {
        struct granted *g = calloc(1, sizeof(*g));

        rc = g ? grant_page(g, op.domid, op.flags & GNTALLOC_FLAG_WRITABLE)
               : -ENOMEM;
        if ( rc )
        {
            free(g);
            break;
        }
        g->announced = true;
        g->index = a->next_index++;
        g->next = a->list;
        a->list = g;
        rc = client_write(f, arg + offsetof(typeof(op), gref_ids) +
                                 i * sizeof(op.gref_ids[0]),
                          &g->ref, sizeof(g->ref));
    }
    op.index = first << PAGE_SHIFT;
    if ( !rc )
        rc = client_write(f, arg, &op, offsetof(typeof(op), gref_ids));
    if ( rc )
    {
        for ( struct granted *g = a->list; g; g = g->next )
            if ( g->index >= first )
                g->announced = false;
        free_unused(a);
    }
    return rc;
}

static long dealloc_gref(struct file *f, uint64_t arg)
{
    struct gntalloc *a = f->priv;
    struct ioctl_gntalloc_dealloc_gref op;
    uint64_t first;

    if ( client_read(f, &op, arg, sizeof(op)) )
        return -EFAULT;
    if ( !op.count )
        return -EINVAL;
    first = op.index >> PAGE_SHIFT;
    for ( uint32_t i = 0; i < op.count; i++ )
        if ( !find_page(a, first + i) )
            return -EINVAL;
    for ( uint32_t i = 0; i < op.count; i++ )
        find_page(a, first + i)->announced = false;
    free_unused(a);
    return 0;
}

static long set_notify(struct file *f, uint64_t arg)
{
    struct ioctl_gntalloc_unmap_notify op;
    struct granted *g;

    if ( client_read(f, &op, arg, sizeof(op)) )
        return -EFAULT;
    g = find_page(f->priv, op.index >> PAGE_SHIFT);
    if ( !g )
        return -ENOENT;
    if ( op.action & ~(UNMAP_NOTIFY_CLEAR_BYTE | UNMAP_NOTIFY_SEND_EVENT) )
        return -EINVAL;
    if ( (op.action & UNMAP_NOTIFY_SEND_EVENT) &&
         evtchn_port_get(op.event_channel_port) )
        return -EINVAL;
    if ( g->notify.action & UNMAP_NOTIFY_SEND_EVENT )
        evtchn_port_put(g->notify.event_channel_port);
    g->notify = op;
    return 0;
}

static long gntalloc_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    switch ( request )
    {
    case IOCTL_GNTALLOC_ALLOC_GREF:
        return alloc_gref(f, arg);
    case IOCTL_GNTALLOC_DEALLOC_GREF:
        return dealloc_gref(f, arg);
    case IOCTL_GNTALLOC_SET_UNMAP_NOTIFY:
        return set_notify(f, arg);
    default:
        return -ENOTTY;
    }
}

static long gntalloc_mmap(struct file *f, uint64_t addr, size_t len,
                          uint64_t offset, int prot)
{
    struct gntalloc *a = f->priv;
    uint64_t first = offset >> PAGE_SHIFT, nr = len >> PAGE_SHIFT;

    for ( uint64_t i = 0; i < nr; i++ )
        if ( !find_page(a, first + i) )
            return -ENOENT;
    for ( uint64_t i = 0; i < nr; i++ )
    {
        struct granted *g = find_page(a, first + i);
        int rc;

        page_get_more(g->page);
        rc = file_map_page(f, addr + (i << PAGE_SHIFT), g->page, prot);
        if ( rc )
            return rc;
    }
    for ( uint64_t i = 0; i < nr; i++ )
        find_page(a, first + i)->mapped++;
    return 0;
}

static void gntalloc_munmap(struct file *f, uint64_t addr, size_t len)
{
    struct gntalloc *a = f->priv;

    for ( uint64_t at = addr; at < addr + len; at += PAGE_SIZE )
    {
        const struct page *pg = mm_mapped_page(f->conn->mm, at);
        struct granted *g = a->list;

        while ( g && g->page != pg )
            g = g->next;
        if ( pg && g )
            g->mapped--;
    }
    free_unused(a);
}

static void gntalloc_inherit(struct file *f, uint64_t addr, size_t len)
{
    struct gntalloc *a = f->priv;

    for ( uint64_t at = addr; at < addr + len; at += PAGE_SIZE )
    {
        const struct page *pg = mm_mapped_page(f->conn->mm, at);
        struct granted *g = a->list;

        while ( g && g->page != pg )
            g = g->next;
        if ( pg && g )
            g->mapped++;
    }
}

static int gntalloc_open(struct file *f)
{
    f->priv = calloc(1, sizeof(struct gntalloc));
    return f->priv ? 0 : -ENOMEM;
}

static void gntalloc_close(struct file *f)
{
    struct gntalloc *a = f->priv;

    for ( struct granted *g = a->list; g; g = g->next )
        g->announced = false;
    free_unused(a);
    free(a);
}

const struct file_ops gntalloc_ops = {
    .open = gntalloc_open,
    .ioctl = gntalloc_ioctl,
    .mmap = gntalloc_mmap,
    .munmap = gntalloc_munmap,
    .inherit = gntalloc_inherit,
    .close = gntalloc_close,
};
