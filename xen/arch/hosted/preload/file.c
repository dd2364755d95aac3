/* SPDX-License-Identifier: MIT */
/* Open files: connections, requests and their answers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload.h"

pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
struct file *files;

/*
 * Event channel files by descriptor, for write(): looked up without a lock,
 * since a program may write anything from a signal handler.
 */
#define NR_BY_FD 1024
static struct file *evtchn_by_fd[NR_BY_FD];
static int memfd = -1; /* all frames; [table_lock] */

static const char *const names[WIRE_NR_FILES] = {
    [WIRE_PRIVCMD] = "/dev/xen/privcmd",
    [WIRE_HYPERCALL] = "/dev/xen/hypercall",
    [WIRE_EVTCHN] = "/dev/xen/evtchn",
    [WIRE_GNTDEV] = "/dev/xen/gntdev",
    [WIRE_GNTALLOC] = "/dev/xen/gntalloc",
};

/* ---- the real calls: by system call, so no symbol lookup can recurse ---- */

void *real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                off_t offset)
{
    return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int real_munmap(void *addr, size_t len)
{
    return (int)syscall(SYS_munmap, addr, len);
}

int real_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

/* ---- requests ---- */

/* What a request has mapped so far, to be taken back if it fails. */
struct extent {
    uintptr_t start, end;
};

/* Put the frames of one answer in place: 0 or -errno. */
static int apply_runs(const struct wire_reply *reply, struct extent *done)
{
    for ( uint32_t i = 0; i < reply->nr_runs; i++ )
    {
        const struct wire_run *r = &reply->run[i];
        uintptr_t end = r->addr + r->nr * PAGE;

        if ( real_mmap((void *)(uintptr_t)r->addr, r->nr * PAGE, (int)r->prot,
                       MAP_SHARED | MAP_FIXED, memfd,
                       (off_t)(r->mfn * PAGE)) == MAP_FAILED )
            return -errno;
        if ( !done->end || r->addr < done->start )
            done->start = r->addr;
        if ( end > done->end )
            done->end = end;
    }
    return 0;
}

void reserve(uintptr_t start, uintptr_t end)
{
    if ( start < end )
        real_mmap((void *)start, end - start, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                  0);
}

/* One request and its answers; f->lock held.  The result or -errno. */
static long transact(struct file *f, const struct wire_request *req)
{
    struct extent done = { 0, 0 };
    struct wire_reply reply;
    int failed = 0;

    if ( send(f->conn, req, sizeof(*req), MSG_NOSIGNAL) !=
         (ssize_t)sizeof(*req) )
        return -EIO;
    do {
        ssize_t len;

        do
            len = recv(f->conn, &reply, sizeof(reply), 0);
        while ( len < 0 && errno == EINTR );
        if ( len < (ssize_t)WIRE_REPLY_SIZE(0) )
            return -EIO; /* the hypervisor is gone */
        if ( !failed )
            failed = apply_runs(&reply, &done);
    } while ( reply.more );
    if ( !failed && reply.result >= 0 )
        return reply.result;
    reserve(done.start, done.end);
    return failed ? failed : reply.result;
}

long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
             uint64_t c, uint64_t d)
{
    struct wire_request req = { type, getpid(), a, b, c, d };
    long rc;

    pthread_mutex_lock(&f->lock);
    rc = transact(f, &req);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

struct file *evtchn_file(int fd)
{
    return fd >= 0 && fd < NR_BY_FD
               ? __atomic_load_n(&evtchn_by_fd[fd], __ATOMIC_ACQUIRE) : NULL;
}

static void note_fd(int fd, struct file *f)
{
    if ( fd >= 0 && fd < NR_BY_FD )
        __atomic_store_n(&evtchn_by_fd[fd], f, __ATOMIC_RELEASE);
}

/* ---- opening and closing ---- */

static int connect_server(void)
{
    const char *path = getenv(WIRE_SOCKET_ENV);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd, high;

    if ( !path || strlen(path) >= sizeof(addr.sun_path) )
        return -ENOENT;
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if ( fd < 0 )
        return -errno;
    high = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FD_MIN);
    real_close(fd);
    if ( high < 0 )
        return -errno;
    if ( connect(high, (struct sockaddr *)&addr, sizeof(addr)) )
    {
        int rc = errno == ECONNREFUSED ? -ENXIO : -errno;

        real_close(high);
        return rc;
    }
    return high;
}

/* Say OPEN; *stream gets the event stream's descriptor or -1. */
static int say_open(int conn, int kind, int *stream)
{
    struct wire_request req = { WIRE_OPEN, getpid(), (uint64_t)kind,
                                WIRE_VERSION, 0, 0 };
    char control[CMSG_SPACE(3 * sizeof(int))];
    struct wire_reply reply;
    struct iovec iov = { &reply, sizeof(reply) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    struct cmsghdr *cmsg;
    int fds[3] = { -1, -1, -1 }, rc = 0;

    if ( send(conn, &req, sizeof(req), MSG_NOSIGNAL) < 0 ||
         recvmsg(conn, &msg, MSG_CMSG_CLOEXEC) < (ssize_t)WIRE_REPLY_SIZE(0) )
        return -ENXIO;
    if ( reply.result < 0 )
        return (int)reply.result;
    cmsg = CMSG_FIRSTHDR(&msg);
    if ( !cmsg || cmsg->cmsg_type != SCM_RIGHTS )
        return -EPROTO;
    memcpy(fds, CMSG_DATA(cmsg), cmsg->cmsg_len - CMSG_LEN(0));
    *stream = fds[1];

    pthread_mutex_lock(&table_lock);
    if ( memfd < 0 )
    {
        memfd = fcntl(fds[0], F_DUPFD_CLOEXEC, HIDDEN_FD_MIN);
        if ( memfd < 0 )
            memfd = dup(fds[0]);
    }
    if ( kind == WIRE_EVTCHN )
        rc = reply.nr_runs == 2
                 ? bell_connect(memfd, reply.run[0].mfn, reply.run[1].mfn,
                                fds[2])
                 : -EPROTO;
    pthread_mutex_unlock(&table_lock);
    real_close(fds[0]);
    if ( fds[2] >= 0 )
        real_close(fds[2]);
    if ( rc )
        real_close(fds[1]);
    return rc;
}

int open_file(int kind, int flags)
{
    struct file *f = calloc(1, sizeof(*f));
    int rc, stream = -1;

    if ( !f )
        return -ENOMEM;
    rc = f->conn = connect_server();
    if ( rc < 0 )
        goto fail;
    rc = say_open(f->conn, kind, &stream);
    if ( rc )
        goto fail_conn;
    f->kind = kind;
    f->fd = stream >= 0 ? stream : dup(f->conn);
    if ( f->fd < 0 )
    {
        rc = -errno;
        goto fail_conn;
    }
    fcntl(f->fd, F_SETFD, flags & O_CLOEXEC ? FD_CLOEXEC : 0);
    if ( flags & O_NONBLOCK )
        fcntl(f->fd, F_SETFL, O_NONBLOCK);
    pthread_mutex_init(&f->lock, NULL);

    pthread_mutex_lock(&table_lock);
    f->next = files;
    files = f;
    if ( kind == WIRE_EVTCHN )
        note_fd(f->fd, f);
    pthread_mutex_unlock(&table_lock);
    return f->fd;

 fail_conn:
    real_close(f->conn);
 fail:
    free(f);
    return rc;
}

struct file *find_file(int fd)
{
    struct file *f;

    pthread_mutex_lock(&table_lock);
    for ( f = files; f && f->fd != fd; f = f->next )
        ;
    pthread_mutex_unlock(&table_lock);
    return f;
}

void maybe_free(struct file *f)
{
    struct file **p = &files;

    if ( f->fd >= 0 || f->nr_maps )
        return;
    while ( *p != f )
        p = &(*p)->next;
    *p = f->next;
    real_close(f->conn);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void close_file(struct file *f)
{
    if ( evtchn_file(f->fd) == f )
        note_fd(f->fd, NULL);
    f->fd = -1;
    maybe_free(f);
}

int kind_of(const char *path)
{
    for ( int i = 0; i < WIRE_NR_FILES; i++ )
        if ( path && !strcmp(path, names[i]) )
            return i;
    return -1;
}
