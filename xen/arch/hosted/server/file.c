/* SPDX-License-Identifier: MIT */
/*
 * Open files: from the first descriptor to the last, and to the last mapping.
 *
 * Linux counts the descriptors of a handle.  The thread here notices when the
 * last descriptor of any process is closed; a connection looks too, after its
 * process has closed a descriptor, so that close() returns after the file's
 * end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

/* Room for all ports of dom0, so that a write never waits. */
#define STREAM_BYTES (int)(WIRE_NR_PORTS * sizeof(uint32_t))

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files; /* [files_lock] */
static int handles;        /* epoll */

static const struct file_ops *const ops_of[WIRE_NR_FILES] = {
    [WIRE_PRIVCMD] = &privcmd_ops,   [WIRE_HYPERCALL] = &hypercall_ops,
    [WIRE_EVTCHN] = &evtchn_ops,     [WIRE_GNTDEV] = &gntdev_ops,
    [WIRE_GNTALLOC] = &gntalloc_ops, [WIRE_XENBUS] = &xenbus_ops,
    [WIRE_XENBUS_BACKEND] = &xenbus_backend_ops,
    [WIRE_XSD_KVA] = &xsd_kva_ops,
};

/* ---- references ---- */

void file_put(struct file *f)
{
    struct file **p = &files;

    pthread_mutex_lock(&files_lock);
    if ( --f->users )
    {
        pthread_mutex_unlock(&files_lock);
        return;
    }
    while ( *p != f )
        p = &(*p)->next;
    *p = f->next;
    pthread_mutex_unlock(&files_lock);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct file *file_find(uint32_t name)
{
    struct file *f;

    pthread_mutex_lock(&files_lock);
    for ( f = files; f && f->name != name; f = f->next )
        ;
    if ( f )
        f->users++;
    pthread_mutex_unlock(&files_lock);
    return f;
}

/* ---- the end of a file ---- */

static void release(struct file *f)
{
    f->released = true;
    if ( f->ops->close )
        f->ops->close(f);
}

void file_may_end(struct file *f)
{
    if ( f->open || f->nr_vmas || f->released )
        return;
    release(f);
    conns_hang_up(f);
}

bool file_is_closed(struct file *f)
{
    struct pollfd p = { .fd = f->handle };

    if ( f->open && poll(&p, 1, 0) == 1 )
        f->open = false;
    return !f->open;
}

void files_end(void)
{
    pthread_mutex_lock(&files_lock);
    for ( struct file *f = files; f; f = f->next )
    {
        pthread_mutex_lock(&f->lock);
        if ( !f->released )
            release(f);
        pthread_mutex_unlock(&f->lock);
    }
    pthread_mutex_unlock(&files_lock);
}

/* This thread drops the handle's own reference. */
static void handle_closed(struct file *f)
{
    pthread_mutex_lock(&f->lock);
    f->open = false;
    file_may_end(f);
    epoll_ctl(handles, EPOLL_CTL_DEL, f->handle, NULL);
    close(f->handle);
    f->handle = -1;
    pthread_mutex_unlock(&f->lock);
    file_put(f);
}

static void *handle_thread(void *arg)
{
    struct epoll_event e;

    (void)arg;
    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    for ( ;; )
        if ( epoll_wait(handles, &e, 1, -1) == 1 )
            handle_closed(e.data.ptr);
    return NULL;
}

int files_start(void)
{
    pthread_t thread;

    handles = epoll_create1(EPOLL_CLOEXEC);
    if ( handles < 0 )
        return -errno;
    return -pthread_create(&thread, NULL, handle_thread, NULL);
}

/* ---- the beginning ---- */

/*
 * A pipe that the client has for reading and writing, with a byte that is never
 * read: poll() says both, as of /dev files.
 */
static int make_silent(int end[2])
{
    char path[40];
    int both;

    if ( pipe2(end, O_CLOEXEC) )
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", end[0]);
    both = open(path, O_RDWR | O_CLOEXEC);
    if ( both < 0 )
        return -errno;
    close(end[0]);
    end[0] = both;
    return write(end[1], "", 1) == 1 ? 0 : -errno;
}

/* Make both ends: the client's and the server's.  0 or -errno. */
static int make_handle(int kind, int end[2])
{
    if ( kind == WIRE_XSD_KVA )
        return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) ? -errno
                                                                       : 0;
    if ( kind != WIRE_EVTCHN && kind != WIRE_XENBUS )
        return make_silent(end);
    if ( pipe2(end, O_CLOEXEC) )
        return -errno;
    if ( kind == WIRE_EVTCHN && fcntl(end[1], F_GETPIPE_SZ) < STREAM_BYTES &&
         fcntl(end[1], F_SETPIPE_SZ, STREAM_BYTES) < 0 )
        return -errno;
    return fcntl(end[1], F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int open_handle(struct file *f, int *client)
{
    struct epoll_event e = { .events = 0, .data.ptr = f };
    int end[2] = { -1, -1 }, rc = make_handle(f->kind, end);
    struct stat st;

    if ( !rc && (fstat(end[0], &st) || fcntl(end[0], F_SETFL, WIRE_MARK)) )
        rc = -errno;
    if ( !rc )
    {
        f->name = (uint32_t)st.st_ino;
        f->handle = end[1];
        rc = f->ops->open ? f->ops->open(f) : 0;
    }
    if ( !rc && epoll_ctl(handles, EPOLL_CTL_ADD, end[1], &e) )
    {
        rc = -errno;
        release(f);
    }
    *client = end[0];
    if ( !rc || end[0] < 0 )
        return rc;
    close(end[0]);
    close(end[1]);
    return rc;
}

struct file *file_open(int kind, int flags, int *client, int *rc)
{
    struct file *f = calloc(1, sizeof(*f));

    *rc = -ENOMEM;
    if ( !f )
        return NULL;
    f->kind = kind;
    f->flags = flags;
    f->ops = ops_of[kind];
    f->users = 2;
    f->open = true;
    pthread_mutex_init(&f->lock, NULL);
    *rc = open_handle(f, client);
    if ( *rc )
    {
        pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
    }
    pthread_mutex_lock(&files_lock);
    f->next = files;
    files = f;
    pthread_mutex_unlock(&files_lock);
    return f;
}
