/* SPDX-License-Identifier: MIT */
/*
 * Connections: one thread each, which serves one open file until the client
 * closes it or dies, then releases all it held.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

static const struct file_ops *const ops_of[WIRE_NR_FILES] = {
    [WIRE_PRIVCMD] = &privcmd_ops,   [WIRE_HYPERCALL] = &hypercall_ops,
    [WIRE_EVTCHN] = &evtchn_ops,     [WIRE_GNTDEV] = &gntdev_ops,
    [WIRE_GNTALLOC] = &gntalloc_ops,
};

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t none_left = PTHREAD_COND_INITIALIZER;
static unsigned int connections;

static uint64_t shared_info_mfn(void)
{
    return mfn_x(page_to_mfn(server_dom0->shared_page));
}

/* Answer to OPEN, with the descriptors and frames that the client needs. */
static int answer_open(struct file *f, int client_stream)
{
    char control[CMSG_SPACE(3 * sizeof(int))] = { 0 };
    struct wire_reply reply = {
        .nr_runs = client_stream < 0 ? 0 : 2,
        .run = { { .mfn = shared_info_mfn(), .nr = 1 },
                 { .mfn = bell_mfn(), .nr = 1 } },
    };
    struct iovec iov = { &reply, WIRE_REPLY_SIZE(reply.nr_runs) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control };
    int fds[3] = { hosted_memfd, client_stream, bell_pipe() };
    size_t len = (client_stream < 0 ? 1 : 3) * sizeof(int);
    struct cmsghdr *cmsg;

    msg.msg_controllen = CMSG_SPACE(len);
    cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(cmsg), fds, len);
    return sendmsg(f->conn, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int serve_open(struct file *f, const struct wire_request *req)
{
    int stream[2] = { -1, -1 }; /* the client's end, ours */
    int rc = 0;

    if ( f->ops || req->a >= WIRE_NR_FILES || req->b != WIRE_VERSION )
        return file_answer(f, -EINVAL);
    if ( req->a == WIRE_EVTCHN && pipe2(stream, O_CLOEXEC) )
        return file_answer(f, -errno);

    f->stream = stream[1];
    if ( f->stream >= 0 )
        fcntl(f->stream, F_SETFL, O_NONBLOCK);
    rc = ops_of[req->a]->open ? ops_of[req->a]->open(f) : 0;
    if ( !rc )
    {
        f->ops = ops_of[req->a];
        rc = answer_open(f, stream[0]);
    }
    else
        rc = file_answer(f, rc);
    if ( stream[0] >= 0 )
        close(stream[0]);
    return rc;
}

static void do_munmap(struct file *f, uint64_t addr, size_t len)
{
    file_unmap_range(f, addr, len);
    if ( f->ops->munmap )
        f->ops->munmap(f, addr, len);
}

static long do_mmap(struct file *f, const struct wire_request *req)
{
    long rc;

    if ( !f->ops->mmap )
        return -ENODEV;
    rc = f->ops->mmap(f, req->a, req->b, req->c, (int)req->d);
    if ( rc < 0 )
        file_unmap_range(f, req->a, req->b);
    return rc;
}

static int serve(struct file *f, const struct wire_request *req)
{
    long rc;

    if ( req->type == WIRE_OPEN )
        return serve_open(f, req);
    if ( !f->ops )
        return -EPROTO;
    switch ( req->type )
    {
    case WIRE_IOCTL:
        rc = f->ops->ioctl ? f->ops->ioctl(f, req->a, req->b) : -ENOTTY;
        break;
    case WIRE_MMAP:
        rc = do_mmap(f, req);
        break;
    case WIRE_MUNMAP:
        do_munmap(f, req->a, req->b);
        rc = 0;
        break;
    default:
        return -EPROTO;
    }
    return file_answer(f, rc);
}

static void *connection_thread(void *arg)
{
    struct file *f = arg;
    struct wire_request req;

    while ( recv(f->conn, &req, sizeof(req), 0) == (ssize_t)sizeof(req) )
    {
        f->pid = req.pid;
        hosted_enter((struct hosted_context){
            .v = domain_vcpu(server_dom0, 0), .access = ACCESS_CLIENT,
            .pid = req.pid });
        if ( serve(f, &req) )
            break;
    }
    if ( f->ops )
    {
        do_munmap(f, 0, SIZE_MAX);
        if ( f->ops->close )
            f->ops->close(f);
    }
    file_free(f);

    pthread_mutex_lock(&count_lock);
    if ( !--connections )
        pthread_cond_broadcast(&none_left);
    pthread_mutex_unlock(&count_lock);
    return NULL;
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

void server_run(int listener)
{
    int conn;

    while ( (conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 ||
            errno == EINTR || errno == ECONNABORTED )
    {
        struct file *f = conn < 0 ? NULL : file_new(conn);
        pthread_t thread;

        if ( conn < 0 )
            continue;
        if ( !f )
        {
            close(conn);
            continue;
        }
        pthread_mutex_lock(&count_lock);
        connections++;
        pthread_mutex_unlock(&count_lock);
        if ( pthread_create(&thread, NULL, connection_thread, f) )
        {
            file_free(f);
            pthread_mutex_lock(&count_lock);
            connections--;
            pthread_mutex_unlock(&count_lock);
            continue;
        }
        pthread_detach(thread);
    }
}

void server_drain(void)
{
    pthread_mutex_lock(&count_lock);
    while ( connections )
        pthread_cond_wait(&none_left, &count_lock);
    pthread_mutex_unlock(&count_lock);
}
