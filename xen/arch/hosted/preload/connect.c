/* SPDX-License-Identifier: MIT */
/* Connections to the server, and what the user is told when there is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "file.h"

int memfd = -1;
uint64_t address_space;

/* ---- messages to the user ---- */

int lost(void)
{
    static bool said;
    const char *pid = getenv(WIRE_PID_ENV);

    if ( !__atomic_exchange_n(&said, true, __ATOMIC_RELAXED) )
        dprintf(STDERR_FILENO, "oriel-devxen: the hypervisor (pid %s) has "
                "gone\n", pid ? pid : "unknown");
    return -EIO;
}

int say_no_descriptor(void)
{
    static bool said;
    struct rlimit limit = { 0, 0 };

    getrlimit(RLIMIT_NOFILE, &limit);
    if ( !__atomic_exchange_n(&said, true, __ATOMIC_RELAXED) )
        dprintf(STDERR_FILENO, "oriel-devxen: too many open files: the limit "
                "is %lu (ulimit -n), and each file of /dev/xen takes two\n",
                (unsigned long)limit.rlim_cur);
    return -EMFILE;
}

int hide(int fd)
{
    struct rlimit limit = { 0, 0 };
    int from = HIDDEN_FD_MIN, high = -1;

    getrlimit(RLIMIT_NOFILE, &limit);
    if ( limit.rlim_cur <= HIDDEN_FD_MIN )
        from = (int)limit.rlim_cur / 2;
    for ( ; high < 0 && from; from /= 2 )
        high = (int)real_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from);
    return high < 0 ? say_no_descriptor() : high;
}

/* ---- connections ---- */

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
        return errno == EMFILE ? say_no_descriptor() : -errno;
    high = hide(fd);
    real_close(fd);
    if ( high < 0 )
        return high;
    if ( real_call(SYS_connect, high, &addr, sizeof(addr)) )
    {
        int rc = errno == ECONNREFUSED || errno == ENOENT ? lost() : -errno;

        real_close(high);
        return rc;
    }
    return high;
}

/* The descriptors of an answer; fds[2], the handle, is not always there. */
static int take_descriptors(struct msghdr *msg, int fds[3])
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    size_t len = cmsg && cmsg->cmsg_type == SCM_RIGHTS
                     ? cmsg->cmsg_len - CMSG_LEN(0) : 0;

    if ( len )
        memcpy(fds, CMSG_DATA(cmsg), len);
    return msg->msg_flags & MSG_CTRUNC || len < 2 * sizeof(int)
               ? say_no_descriptor() : 0;
}

/* Map the frames that all processes share, once. */
static int share(const struct wire_reply *reply, const int fds[3])
{
    int rc = 0;

    pthread_mutex_lock(&table_lock);
    if ( memfd < 0 )
        rc = memfd = hide(fds[0]);
    if ( rc >= 0 )
        rc = reply->nr_runs == 2
                 ? doorbell_connect(memfd, reply->run[0].mfn, reply->run[1].mfn,
                                fds[1])
                 : -EPROTO;
    pthread_mutex_unlock(&table_lock);
    return rc;
}

/* OPEN or ATTACH: f->kind and mode are known then; *handle or -1. */
static int begin(struct file *f, uint32_t type, uint64_t what, int flags,
                 int *handle)
{
    struct wire_request req = { type, getpid(), what, WIRE_VERSION,
                                address_space, (uint64_t)flags };
    char control[CMSG_SPACE(3 * sizeof(int))];
    struct wire_reply reply;
    struct iovec iov = { &reply, sizeof(reply) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    int fds[3] = { -1, -1, -1 }, rc;

    if ( real_call(SYS_sendto, f->conn, &req, sizeof(req), MSG_NOSIGNAL, NULL,
                   0) < 0 ||
         real_call(SYS_recvmsg, f->conn, &msg, MSG_CMSG_CLOEXEC) <
             (long)WIRE_REPLY_SIZE(0) )
        return lost();
    if ( reply.result < 0 )
        return (int)reply.result;
    f->kind = (int)(reply.result & 0xff);
    f->flags = (int)(reply.result >> 8);
    rc = take_descriptors(&msg, fds);
    if ( !rc )
        rc = share(&reply, fds);
    for ( int i = 0; i < 3; i++ )
        if ( fds[i] >= 0 && (i < 2 || rc) )
            real_close(fds[i]);
    *handle = fds[2];
    return rc;
}

void free_file(struct file *f)
{
    real_close(f->conn);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct file *new_file(uint32_t type, uint64_t what, int flags, int *handle,
                      long *rc)
{
    struct file *f = calloc(1, sizeof(*f));

    *rc = f ? connect_server() : -ENOMEM;
    if ( *rc < 0 )
    {
        free(f);
        return NULL;
    }
    f->conn = (int)*rc;
    f->users = 1;
    pthread_mutex_init(&f->lock, NULL);
    *rc = begin(f, type, what, flags, handle);
    if ( !*rc )
        return f;
    free_file(f);
    return NULL;
}
