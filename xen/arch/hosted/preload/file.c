/* SPDX-License-Identifier: MIT */
/* Open files: connections, requests and their answers. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload.h"

pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;     /* [table_lock] */
static int memfd = -1;         /* all frames; [table_lock] */
static uint64_t address_space; /* its unique name */

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

static int say_no_descriptor(void)
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
        high = fcntl(fd, F_DUPFD_CLOEXEC, from);
    return high < 0 ? say_no_descriptor() : high;
}

/* ---- requests ---- */

/* The pages that a request has mapped so far, unmapped if it fails. */
struct extent {
    uintptr_t start, end;
};

/* Map the frames of one answer: 0 or -errno. */
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
        madvise((void *)(uintptr_t)r->addr, r->nr * PAGE, MADV_DONTFORK);
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

/* The server closes the connection when it sees the file's end first. */
static long no_answer(const struct wire_request *req)
{
    return req->type == WIRE_CLOSED ? 1 : lost();
}

/* One request and its answers; f->lock held.  The result or -errno. */
static long transact(struct file *f, const struct wire_request *req)
{
    struct extent done = { 0, 0 };
    struct wire_reply reply;
    int failed = 0;

    if ( send(f->conn, req, sizeof(*req), MSG_NOSIGNAL) !=
         (ssize_t)sizeof(*req) )
        return no_answer(req);
    do {
        ssize_t len;

        do
            len = recv(f->conn, &reply, sizeof(reply), 0);
        while ( len < 0 && errno == EINTR );
        if ( len < (ssize_t)WIRE_REPLY_SIZE(0) )
            return no_answer(req);
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

    if ( send(f->conn, &req, sizeof(req), MSG_NOSIGNAL) < 0 ||
         recvmsg(f->conn, &msg, MSG_CMSG_CLOEXEC) < (ssize_t)WIRE_REPLY_SIZE(0) )
        return lost();
    if ( reply.result < 0 )
        return (int)reply.result;
    f->kind = (int)(reply.result & 0xff);
    f->mode = (int)(reply.result >> 8);
    rc = take_descriptors(&msg, fds);
    if ( !rc )
        rc = share(&reply, fds);
    for ( int i = 0; i < 3; i++ )
        if ( fds[i] >= 0 && (i < 2 || rc) )
            real_close(fds[i]);
    *handle = fds[2];
    return rc;
}

static void free_file(struct file *f)
{
    real_close(f->conn);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* A connection for a new file or for an existing handle; users 1. */
static struct file *new_file(uint32_t type, uint64_t what, int flags,
                             int *handle, long *rc)
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

/* ---- the table ---- */

bool is_handle(int fd)
{
    return real_call(SYS_fcntl, fd, F_GETSIG) == WIRE_MARK;
}

static uint32_t name_of(int fd)
{
    struct stat st;

    return real_call(SYS_fstat, fd, &st) ? 0 : (uint32_t)st.st_ino;
}

/* table_lock held. */
static struct file *look_up(uint32_t name)
{
    struct file *f = files;

    while ( f && (f->name != name || f->closed) )
        f = f->next;
    if ( f )
        f->users++;
    return f;
}

struct file *file_known(int fd)
{
    uint32_t name = is_handle(fd) ? name_of(fd) : 0;
    struct file *f;

    if ( !name )
        return NULL;
    pthread_mutex_lock(&table_lock);
    f = look_up(name);
    pthread_mutex_unlock(&table_lock);
    return f;
}

/* Put the file into the table, unless another thread did. */
static struct file *add_file(struct file *f, uint32_t name)
{
    struct file *other;

    f->name = name;
    pthread_mutex_lock(&table_lock);
    other = look_up(name);
    if ( !other )
    {
        f->next = files;
        files = f;
    }
    pthread_mutex_unlock(&table_lock);
    if ( other )
        free_file(f);
    return other ? other : f;
}

struct file *file_get(int fd, long *rc)
{
    struct file *f = file_known(fd);
    int none;

    *rc = 0;
    if ( f || !is_handle(fd) )
        return f;
    f = new_file(WIRE_ATTACH, name_of(fd), 0, &none, rc);
    return f ? add_file(f, name_of(fd)) : NULL;
}

void file_put(struct file *f)
{
    struct file **p = &files;
    bool last;

    pthread_mutex_lock(&table_lock);
    last = !--f->users && f->closed && !f->nr_maps;
    if ( last )
    {
        while ( *p != f )
            p = &(*p)->next;
        *p = f->next;
    }
    pthread_mutex_unlock(&table_lock);
    if ( last )
        free_file(f);
}

void file_closed(struct file *f)
{
    if ( request(f, WIRE_CLOSED, 0, 0, 0, 0) )
    {
        pthread_mutex_lock(&table_lock);
        f->closed = true;
        pthread_mutex_unlock(&table_lock);
    }
}

/* Files whose last descriptor was closed unnoticed, for example by fclose(). */
static void reap(void)
{
    struct file *f;
    char byte;

    for ( ;; )
    {
        pthread_mutex_lock(&table_lock);
        for ( f = files; f; f = f->next )
            if ( !f->users && !f->nr_maps &&
                 recv(f->conn, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0 )
                break;
        if ( f )
        {
            f->closed = true;
            f->users++;
        }
        pthread_mutex_unlock(&table_lock);
        if ( !f )
            return;
        file_put(f);
    }
}

int open_file(int kind, int flags)
{
    int handle = -1;
    struct file *f;
    long rc;

    reap();
    f = new_file(WIRE_OPEN, (uint64_t)kind, flags & O_ACCMODE, &handle, &rc);
    if ( !f )
        return (int)rc;
    fcntl(handle, F_SETFD, flags & O_CLOEXEC ? FD_CLOEXEC : 0);
    if ( flags & O_NONBLOCK )
        fcntl(handle, F_SETFL, O_NONBLOCK);
    file_put(add_file(f, name_of(handle)));
    return handle;
}

/* ---- processes ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&table_lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&table_lock);
}

/* A child has none of the mappings, and the connections are not its own. */
static void in_child(void)
{
    struct file *f;

    while ( (f = files) )
    {
        files = f->next;
        real_close(f->conn);
        free(f);
    }
    forget_all_maps();
    if ( getrandom(&address_space, sizeof(address_space), 0) < 0 )
        address_space = (uint64_t)getpid() << 32 | 1;
    pthread_mutex_unlock(&table_lock);
}

/* Let the server read this process' memory, where Linux restricts that. */
__attribute__((constructor)) static void start(void)
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    if ( getrandom(&address_space, sizeof(address_space), 0) < 0 )
        address_space = (uint64_t)getpid() << 32;
    pthread_atfork(before_fork, after_fork, in_child);
}
