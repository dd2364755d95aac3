/* SPDX-License-Identifier: MIT */
/*
 * Open files: the pages a client has mapped through each, and answers.
 *
 * A file's mappings change only on its own thread; f->lock is for the
 * auditor, who looks from another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server.h"

#include <hv/lib.h>
#include <hv/page.h>

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;

struct file *file_new(int conn)
{
    struct file *f = calloc(1, sizeof(*f));

    if ( !f )
        return NULL;
    f->conn = conn;
    f->stream = -1;
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_lock(&files_lock);
    f->next = files;
    files = f;
    pthread_mutex_unlock(&files_lock);
    return f;
}

void file_free(struct file *f)
{
    struct file **p = &files;

    pthread_mutex_lock(&files_lock);
    while ( *p != f )
        p = &(*p)->next;
    *p = f->next;
    pthread_mutex_unlock(&files_lock);
    pthread_mutex_destroy(&f->lock);
    if ( f->stream >= 0 )
        close(f->stream);
    close(f->conn);
    free(f->map);
    free(f);
}

/* Index of the first mapping at or above addr. */
static size_t find(const struct file *f, uint64_t addr)
{
    size_t low = 0, high = f->nr_map;

    while ( low < high )
    {
        size_t mid = (low + high) / 2;

        if ( f->map[mid].addr < addr )
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct page *file_mapped_page(struct file *f, uint64_t addr)
{
    size_t i = find(f, addr);

    return i < f->nr_map && f->map[i].addr == addr ? f->map[i].page : NULL;
}

static bool make_room(struct file *f)
{
    size_t room = f->room ? f->room * 2 : 64;
    struct mapping *map;

    if ( f->nr_map < f->room )
        return true;
    map = realloc(f->map, room * sizeof(*map));
    if ( !map )
        return false;
    f->map = map;
    f->room = room;
    return true;
}

static int send_reply(struct file *f)
{
    size_t len = WIRE_REPLY_SIZE(f->reply.nr_runs);
    ssize_t done = send(f->conn, &f->reply, len, MSG_NOSIGNAL);

    f->reply.nr_runs = 0;
    f->reply.more = 0;
    return done == (ssize_t)len ? 0 : -EPIPE;
}

/* Extend the last run, or begin a new one. */
static void add_run(struct file *f, uint64_t addr, mfn_t mfn, int prot)
{
    struct wire_reply *r = &f->reply;
    struct wire_run *last = r->nr_runs ? &r->run[r->nr_runs - 1] : NULL;

    if ( last && last->prot == (uint32_t)prot &&
         last->addr + last->nr * PAGE_SIZE == addr &&
         last->mfn + last->nr == mfn_x(mfn) )
    {
        last->nr++;
        return;
    }
    if ( r->nr_runs == WIRE_MAX_RUNS )
    {
        r->more = 1;
        send_reply(f); /* a client that has gone is noticed at the next read */
    }
    r->run[r->nr_runs++] = (struct wire_run){ addr, mfn_x(mfn), 1,
                                              (uint32_t)prot };
}

int file_map_page(struct file *f, uint64_t addr, struct page *page, int prot)
{
    size_t i = find(f, addr);
    int rc = 0;

    if ( i < f->nr_map && f->map[i].addr == addr )
        rc = -EBUSY;
    pthread_mutex_lock(&f->lock);
    if ( !rc && !make_room(f) )
        rc = -ENOMEM;
    if ( !rc )
    {
        memmove(&f->map[i + 1], &f->map[i],
                (f->nr_map - i) * sizeof(*f->map));
        f->map[i] = (struct mapping){ addr, page };
        f->nr_map++;
    }
    pthread_mutex_unlock(&f->lock);
    if ( rc )
    {
        page_put(page);
        return rc;
    }
    add_run(f, addr, page_to_mfn(page), prot);
    return 0;
}

size_t file_unmap_range(struct file *f, uint64_t addr, size_t len)
{
    size_t first = find(f, addr), last = find(f, addr + len);

    if ( first == last )
        return 0;
    pthread_mutex_lock(&f->lock);
    for ( size_t i = first; i < last; i++ )
        page_put(f->map[i].page);
    memmove(&f->map[first], &f->map[last],
            (f->nr_map - last) * sizeof(*f->map));
    f->nr_map -= last - first;
    pthread_mutex_unlock(&f->lock);
    return last - first;
}

int file_answer(struct file *f, long result)
{
    f->reply.result = result;
    return send_reply(f);
}

void files_hang_up(void)
{
    pthread_mutex_lock(&files_lock);
    for ( struct file *f = files; f; f = f->next )
        shutdown(f->conn, SHUT_RDWR);
    pthread_mutex_unlock(&files_lock);
}

void files_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    pthread_mutex_lock(&files_lock);
    for ( struct file *f = files; f; f = f->next )
    {
        pthread_mutex_lock(&f->lock);
        for ( size_t i = 0; i < f->nr_map; i++ )
            count(page_to_mfn(f->map[i].page), HOLD_ARCH);
        pthread_mutex_unlock(&f->lock);
    }
    pthread_mutex_unlock(&files_lock);
}

int client_read(const struct file *f, void *dst, uint64_t src, size_t len)
{
    struct iovec here = { dst, len };
    struct iovec there = { (void *)(uintptr_t)src, len };

    if ( !len )
        return 0;
    return process_vm_readv(f->pid, &here, 1, &there, 1, 0) == (ssize_t)len
               ? 0 : -EFAULT;
}

int client_write(const struct file *f, uint64_t dst, const void *src,
                 size_t len)
{
    struct iovec here = { (void *)(uintptr_t)src, len };
    struct iovec there = { (void *)(uintptr_t)dst, len };

    if ( !len )
        return 0;
    return process_vm_writev(f->pid, &here, 1, &there, 1, 0) == (ssize_t)len
               ? 0 : -EFAULT;
}

long kernel_hypercall(unsigned long nr, unsigned long a0, unsigned long a1,
                      unsigned long a2)
{
    struct hypercall hc = { nr, { a0, a1, a2, 0, 0, 0 } };
    struct hosted_context old = hosted_enter((struct hosted_context){
        .v = domain_vcpu(server_dom0, 0), .access = ACCESS_LOCAL });
    long rc = hypercall_run(&hc);

    hosted_enter(old);
    return rc;
}
