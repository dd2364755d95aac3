/* SPDX-License-Identifier: MIT */
/*
 * Connections: each has a thread, which serves the requests of one process for
 * one open file until the process ends the connection or dies; then the thread
 * releases the pages that the process has mapped through the file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

#include <hv/lib.h>
#include <hv/page.h>

static pthread_mutex_t conns_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t none_left = PTHREAD_COND_INITIALIZER;
static struct conn *conns; /* [conns_lock] */

/* ---- answers ---- */

static int send_reply(struct conn *c)
{
    size_t len = WIRE_REPLY_SIZE(c->reply.nr_runs);
    ssize_t done = send(c->fd, &c->reply, len, MSG_NOSIGNAL);

    c->reply.nr_runs = 0;
    c->reply.more = 0;
    return done == (ssize_t)len ? 0 : -EPIPE;
}

static int answer(struct conn *c, long result)
{
    c->reply.result = result;
    return send_reply(c);
}

/* Extend the last run, or begin a new one. */
void conn_add_run(struct conn *c, uint64_t addr, mfn_t mfn, int prot)
{
    struct wire_reply *r = &c->reply;
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
        r->more |= WIRE_MORE;
        send_reply(c); /* the next read notices a client that has died */
    }
    r->run[r->nr_runs++] = (struct wire_run){ addr, mfn_x(mfn), 1,
                                              (uint32_t)prot };
}

/* ---- client memory ---- */

int client_read(const struct file *f, void *dst, uint64_t src, size_t len)
{
    struct iovec here = { dst, len };
    struct iovec there = { (void *)(uintptr_t)src, len };

    if ( !len )
        return 0;
    if ( hosted_copy_fails() )
        return -EFAULT;
    return process_vm_readv(f->conn->pid, &here, 1, &there, 1, 0) ==
           (ssize_t)len ? 0 : -EFAULT;
}

int client_write(const struct file *f, uint64_t dst, const void *src,
                 size_t len)
{
    struct iovec here = { (void *)(uintptr_t)src, len };
    struct iovec there = { (void *)(uintptr_t)dst, len };

    if ( !len )
        return 0;
    if ( hosted_copy_fails() )
        return -EFAULT;
    return process_vm_writev(f->conn->pid, &here, 1, &there, 1, 0) ==
           (ssize_t)len ? 0 : -EFAULT;
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

/* ---- OPEN and ATTACH ---- */

/* Answer with the descriptors and frames that the client needs. */
static int answer_open(struct conn *c, int handle)
{
    char control[CMSG_SPACE(3 * sizeof(int))] = { 0 };
    struct wire_reply reply = {
        .result = c->file->kind | (int64_t)c->file->flags << 8, .nr_runs = 2,
        .run = { { .mfn = mfn_x(page_to_mfn(server_dom0->shared_page)),
                   .nr = 1 },
                 { .mfn = doorbell_mfn(), .nr = 1 << WIRE_DOORBELL_ORDER } },
    };
    struct iovec iov = { &reply, WIRE_REPLY_SIZE(reply.nr_runs) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control };
    int fds[3] = { hosted_memfd, doorbell_pipe(), handle };
    size_t len = (handle < 0 ? 2 : 3) * sizeof(int);
    struct cmsghdr *cmsg;

    msg.msg_controllen = CMSG_SPACE(len);
    cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(cmsg), fds, len);
    return sendmsg(c->fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int serve_open(struct conn *c, const struct wire_request *req)
{
    bool attach = req->type == WIRE_ATTACH;
    int handle = -1, rc = 0;
    struct file *f;

    if ( c->file || req->b != WIRE_VERSION ||
         (!attach && req->a >= WIRE_NR_FILES) )
        return answer(c, -EINVAL);
    c->mm = mm_get(req->c);
    if ( !c->mm )
        return answer(c, -ENOMEM);
    f = attach ? file_find((uint32_t)req->a)
               : file_open((int)req->a, (int)req->d, &handle, &rc);
    if ( !f )
    {
        mm_put(c->mm);
        c->mm = NULL;
        return answer(c, attach ? -EBADF : rc);
    }
    pthread_mutex_lock(&conns_lock);
    c->file = f;
    pthread_mutex_unlock(&conns_lock);
    rc = answer_open(c, handle);
    if ( handle >= 0 )
        close(handle);
    return rc;
}

/* ---- requests ---- */

static long serve_locked(struct conn *c, const struct wire_request *req)
{
    struct file *f = c->file;

    if ( f->released )
        return -EBADF;
    switch ( req->type )
    {
    case WIRE_IOCTL:
        c->pinned = (long)req->c;
        return f->ops->ioctl ? f->ops->ioctl(f, req->a, req->b) : -ENOTTY;
    case WIRE_WRITE:
        return f->ops->write ? f->ops->write(f, req->a, req->b) : -EINVAL;
    case WIRE_MMAP:
        return conn_map(c, req);
    case WIRE_MUNMAP:
        conn_unmap(c, req->a, req->b);
        file_may_end(f);
        return 0;
    case WIRE_CLOSED:
        if ( !file_is_closed(f) )
            return 0;
        file_may_end(f);
        return 1;
    case WIRE_PROTECT:
        return conn_protect(c, req);
    case WIRE_INHERIT:
        return conn_inherit(c, req);
    case WIRE_FLAGS:
        f->flags = (f->flags & ~(int)req->a) | ((int)req->b & (int)req->a);
        return f->flags;
    default:
        return -EINVAL;
    }
}

static int serve(struct conn *c, const struct wire_request *req)
{
    struct file *f = c->file;
    long rc;

    if ( req->type == WIRE_OPEN || req->type == WIRE_ATTACH )
        return serve_open(c, req);
    if ( !f )
        return -EPROTO;
    pthread_mutex_lock(&f->lock);
    f->conn = c;
    rc = serve_locked(c, req);
    f->conn = NULL;
    pthread_mutex_unlock(&f->lock);
    return answer(c, rc);
}

/* ---- threads ---- */

static void end(struct conn *c)
{
    struct conn **p = &conns;
    struct file *f = c->file;

    if ( f )
    {
        pthread_mutex_lock(&f->lock);
        f->conn = c;
        conn_unmap(c, 0, SIZE_MAX);
        f->conn = NULL;
        if ( file_is_closed(f) )
            file_may_end(f);
        pthread_mutex_unlock(&f->lock);
        file_put(f);
    }
    if ( c->mm )
        mm_put(c->mm);
    pthread_mutex_lock(&conns_lock);
    while ( *p != c )
        p = &(*p)->next;
    *p = c->next;
    if ( !conns )
        pthread_cond_broadcast(&none_left);
    pthread_mutex_unlock(&conns_lock);
    close(c->fd);
    free(c);
}

static void *connection_thread(void *arg)
{
    struct conn *c = arg;
    struct wire_request req;

    hosted_enter((struct hosted_context){
        .v = domain_vcpu(server_dom0, 0), .access = ACCESS_CLIENT });
    while ( recv(c->fd, &req, sizeof(req), 0) == (ssize_t)sizeof(req) )
    {
        WRITE_ONCE(c->pid, req.pid);
        WRITE_ONCE(c->busy, true);
        hosted_enter((struct hosted_context){
            .v = domain_vcpu(server_dom0, 0), .access = ACCESS_CLIENT,
            .pid = req.pid });
        if ( serve(c, &req) )
            break;
        WRITE_ONCE(c->busy, false);
    }
    end(c);
    return NULL;
}

void conns_hang_up(const struct file *f)
{
    pthread_mutex_lock(&conns_lock);
    for ( struct conn *c = conns; c; c = c->next )
        if ( !f || (c->file == f && f->conn != c) )
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&conns_lock);
}

void conns_each(void (*fn)(const struct conn *c, void *arg), void *arg)
{
    pthread_mutex_lock(&conns_lock);
    for ( struct conn *c = conns; c; c = c->next )
        if ( c->file )
            fn(c, arg);
    pthread_mutex_unlock(&conns_lock);
}

int server_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd;

    if ( strlen(path) >= sizeof(addr.sun_path) )
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if ( fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
         listen(fd, 64) )
    {
        int rc = -errno;

        if ( fd >= 0 )
            close(fd);
        return rc;
    }
    return fd;
}

static void begin(int fd)
{
    struct conn *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
    pthread_t thread;

    if ( !c )
    {
        if ( fd >= 0 )
            close(fd);
        return;
    }
    c->fd = fd;
    pthread_mutex_lock(&conns_lock);
    c->next = conns;
    conns = c;
    pthread_mutex_unlock(&conns_lock);
    if ( pthread_create(&thread, NULL, connection_thread, c) )
        end(c);
    else
        pthread_detach(thread);
}

/* Answer the first request: the server has no descriptor left. */
static void send_away(int fd)
{
    const struct timeval soon = { .tv_sec = 1 };
    struct wire_reply reply = { .result = -ENFILE };
    struct wire_request req;

    if ( fd < 0 )
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
    if ( recv(fd, &req, sizeof(req), 0) > 0 )
        send(fd, &reply, WIRE_REPLY_SIZE(0), MSG_NOSIGNAL);
    close(fd);
}

/*
 * Without a free descriptor a client would wait for ever: a spare descriptor is
 * kept to accept the client and to refuse its request.
 */
void server_run(int listener)
{
    int spare = open("/dev/null", O_RDONLY | O_CLOEXEC), fd;

    while ( (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 ||
            errno == EINTR || errno == ECONNABORTED || errno == EMFILE ||
            errno == ENFILE )
    {
        if ( fd >= 0 || errno == EINTR || errno == ECONNABORTED )
        {
            begin(fd);
            continue;
        }
        close(spare);
        send_away(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

void server_drain(void)
{
    pthread_mutex_lock(&conns_lock);
    while ( conns )
        pthread_cond_wait(&none_left, &conns_lock);
    pthread_mutex_unlock(&conns_lock);
}
