/* SPDX-License-Identifier: MIT */
/*
 * Preload library: /dev/xen files for unmodified programs.
 *
 * Each open of a /dev/xen file becomes a connection to the hosted hypervisor
 * (wire.h).  The program gets a descriptor that it may close, poll and, for
 * event channels, read and write as it would the real file; the connection
 * itself stays hidden at a high number, and lives until the descriptor is
 * closed and the last mapping made through it is gone.
 *
 * Locks: table_lock protects the lists of files and maps; a file's own lock
 * makes its requests wait for each other, and is never taken under it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>

#include <wire.h>

#define EXPORT __attribute__((visibility("default")))
#define HIDDEN_FD_MIN 700
#define PAGE 4096UL
#define MAX_PORTS 4096 /* of dom0, which uses the 2-level ABI */

struct file {
    int fd;        /* the program's, -1 once closed          */
    int conn;      /* hidden                                 */
    int kind;      /* enum wire_file                         */
    int nr_maps;   /* maps that name this file               */
    uint8_t bound[MAX_PORTS / 8]; /* event channels: ports */
    pthread_mutex_t lock;
    struct file *next;
};

struct map {
    uintptr_t start, end;
    struct file *file;
    struct map *next;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct map *maps;
static int memfd = -1; /* all frames; [table_lock] */

static const char *const names[WIRE_NR_FILES] = {
    [WIRE_PRIVCMD] = "/dev/xen/privcmd",
    [WIRE_HYPERCALL] = "/dev/xen/hypercall",
    [WIRE_EVTCHN] = "/dev/xen/evtchn",
    [WIRE_GNTDEV] = "/dev/xen/gntdev",
    [WIRE_GNTALLOC] = "/dev/xen/gntalloc",
};

/* ---- the real calls: by system call, so no symbol lookup can recurse ---- */

static void *real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                       off_t offset)
{
    return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

static int real_munmap(void *addr, size_t len)
{
    return (int)syscall(SYS_munmap, addr, len);
}

static int real_close(int fd)
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

/* Reserved and not mapped, as it was before frames came. */
static void reserve(uintptr_t start, uintptr_t end)
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

static long request(struct file *f, uint32_t type, uint64_t a, uint64_t b,
                    uint64_t c, uint64_t d)
{
    struct wire_request req = { type, getpid(), a, b, c, d };
    long rc;

    pthread_mutex_lock(&f->lock);
    rc = transact(f, &req);
    pthread_mutex_unlock(&f->lock);
    return rc;
}

static long set_errno(long rc)
{
    if ( rc >= 0 )
        return rc;
    errno = (int)-rc;
    return -1;
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
    char control[CMSG_SPACE(2 * sizeof(int))];
    struct wire_reply reply;
    struct iovec iov = { &reply, sizeof(reply) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    struct cmsghdr *cmsg;
    int fds[2] = { -1, -1 };

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
    pthread_mutex_unlock(&table_lock);
    real_close(fds[0]);
    return 0;
}

static int open_file(int kind, int flags)
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
    pthread_mutex_unlock(&table_lock);
    return f->fd;

 fail_conn:
    real_close(f->conn);
 fail:
    free(f);
    return rc;
}

static struct file *find_file(int fd)
{
    struct file *f;

    pthread_mutex_lock(&table_lock);
    for ( f = files; f && f->fd != fd; f = f->next )
        ;
    pthread_mutex_unlock(&table_lock);
    return f;
}

/* Free a file that is closed and has no maps; table_lock held. */
static void maybe_free(struct file *f)
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

static int kind_of(const char *path)
{
    for ( int i = 0; i < WIRE_NR_FILES; i++ )
        if ( path && !strcmp(path, names[i]) )
            return i;
    return -1;
}

/* ---- what programs call ---- */

static int open_common(int dirfd, const char *path, int flags, mode_t mode)
{
    int kind = kind_of(path);

    if ( kind >= 0 )
        return (int)set_errno(open_file(kind, flags));
    return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

#define MODE_OF(flags)                                                       \
    ({                                                                       \
        mode_t mode_ = 0;                                                    \
        if ( (flags) & (O_CREAT | __O_TMPFILE) )                             \
        {                                                                    \
            va_list ap_;                                                     \
            va_start(ap_, flags);                                            \
            mode_ = va_arg(ap_, mode_t);                                     \
            va_end(ap_);                                                     \
        }                                                                    \
        mode_;                                                               \
    })

EXPORT int open(const char *path, int flags, ...)
{
    return open_common(AT_FDCWD, path, flags, MODE_OF(flags));
}

EXPORT int open64(const char *path, int flags, ...)
{
    return open_common(AT_FDCWD, path, flags | O_LARGEFILE, MODE_OF(flags));
}

EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
    return open_common(dirfd, path, flags, MODE_OF(flags));
}

EXPORT int openat64(int dirfd, const char *path, int flags, ...)
{
    return open_common(dirfd, path, flags | O_LARGEFILE, MODE_OF(flags));
}

/* What fortified programs call instead. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

/* The program's descriptor is not the file's any more. */
static void forget_fd(int fd)
{
    struct file *f;

    pthread_mutex_lock(&table_lock);
    for ( f = files; f && f->fd != fd; f = f->next )
        ;
    if ( f )
    {
        f->fd = -1;
        maybe_free(f);
    }
    pthread_mutex_unlock(&table_lock);
}

EXPORT int close(int fd)
{
    forget_fd(fd);
    return real_close(fd);
}

/* Xen's libraries restrict a handle by putting /dev/null in its place. */
EXPORT int dup3(int from, int to, int flags)
{
    if ( from != to && fcntl(from, F_GETFD) >= 0 )
        forget_fd(to);
    return (int)syscall(SYS_dup3, from, to, flags);
}

EXPORT int dup2(int from, int to)
{
    if ( from == to )
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return dup3(from, to, 0);
}

/* ---- event channels: which ports are this file's ---- */

static bool port_is_bound(const struct file *f, uint32_t port)
{
    return port < MAX_PORTS && (f->bound[port / 8] >> (port % 8)) & 1;
}

static void note_port(struct file *f, uint64_t port, bool bound)
{
    if ( port >= MAX_PORTS )
        return;
    if ( bound )
        f->bound[port / 8] |= (uint8_t)(1 << (port % 8));
    else
        f->bound[port / 8] &= (uint8_t)~(1 << (port % 8));
}

/* Linux tells no more than whether the port is the file's: no answer needed. */
static long notify(struct file *f, const struct ioctl_evtchn_notify *arg)
{
    uint32_t word = arg->port | WIRE_NOTIFY;

    if ( !port_is_bound(f, arg->port) )
        return -ENOTCONN;
    return send(f->fd, &word, sizeof(word), MSG_NOSIGNAL) ==
           (ssize_t)sizeof(word) ? 0 : -EIO;
}

static long evtchn_ioctl(struct file *f, unsigned long req, unsigned long arg)
{
    uint32_t port = 0;
    long rc;

    if ( arg && req == IOCTL_EVTCHN_NOTIFY )
        return notify(f, (const void *)arg);
    if ( arg && req == IOCTL_EVTCHN_UNBIND )
        port = ((const struct ioctl_evtchn_unbind *)arg)->port;
    rc = request(f, WIRE_IOCTL, req, arg, 0, 0);
    if ( rc > 0 && (req == IOCTL_EVTCHN_BIND_VIRQ ||
                    req == IOCTL_EVTCHN_BIND_INTERDOMAIN ||
                    req == IOCTL_EVTCHN_BIND_UNBOUND_PORT) )
        note_port(f, (uint64_t)rc, true);
    if ( rc >= 0 && req == IOCTL_EVTCHN_UNBIND )
        note_port(f, port, false);
    return rc;
}

EXPORT int ioctl(int fd, unsigned long req, ...)
{
    struct file *f = find_file(fd);
    unsigned long arg;
    va_list ap;

    va_start(ap, req);
    arg = va_arg(ap, unsigned long);
    va_end(ap);
    if ( !f )
        return (int)syscall(SYS_ioctl, fd, req, arg);
    if ( f->kind == WIRE_EVTCHN )
        return (int)set_errno(evtchn_ioctl(f, req, arg));
    return (int)set_errno(request(f, WIRE_IOCTL, req, arg, 0, 0));
}

static void add_map(struct file *f, void *addr, size_t len)
{
    struct map *m = malloc(sizeof(*m));

    pthread_mutex_lock(&table_lock);
    if ( m )
    {
        *m = (struct map){ (uintptr_t)addr, (uintptr_t)addr + len, f, maps };
        maps = m;
        f->nr_maps++;
    }
    pthread_mutex_unlock(&table_lock);
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset)
{
    struct file *f = flags & MAP_ANONYMOUS ? NULL : find_file(fd);
    size_t bytes = (len + PAGE - 1) & ~(PAGE - 1);
    bool plain;
    void *p;
    long rc;

    if ( !f )
        return real_mmap(addr, len, prot, flags, fd, offset);

    /* Reserved: frames come by ioctl; hypercall buffers are plain memory. */
    plain = f->kind == WIRE_HYPERCALL;
    p = real_mmap(addr, bytes, plain ? prot : PROT_NONE,
                  (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) | MAP_PRIVATE |
                      MAP_ANONYMOUS | (plain ? MAP_POPULATE : MAP_NORESERVE),
                  -1, 0);
    if ( p == MAP_FAILED )
        return p;
    rc = request(f, WIRE_MMAP, (uintptr_t)p, bytes, (uint64_t)offset,
                 (uint64_t)prot);
    if ( rc < 0 )
    {
        real_munmap(p, bytes);
        set_errno(rc);
        return MAP_FAILED;
    }
    if ( !plain )
    {
        madvise(p, bytes, MADV_DONTFORK);
        add_map(f, p, bytes);
    }
    return p;
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off_t offset)
{
    return mmap(addr, len, prot, flags, fd, offset);
}

/* Take [start, end) out of the list; returns one overlap at a time. */
static struct file *cut_map(uintptr_t start, uintptr_t end, uintptr_t *from,
                            uintptr_t *to)
{
    for ( struct map **p = &maps; *p; p = &(*p)->next )
    {
        struct map *m = *p;

        if ( m->end <= start || m->start >= end )
            continue;
        *from = m->start > start ? m->start : start;
        *to = m->end < end ? m->end : end;
        if ( m->start < *from && m->end > *to )
        {
            struct map *tail = malloc(sizeof(*tail));

            if ( tail )
            {
                *tail = *m;
                tail->start = *to;
                m->next = tail;
                m->file->nr_maps++;
            }
            m->end = *from;
        }
        else if ( m->start < *from )
            m->end = *from;
        else if ( m->end > *to )
            m->start = *to;
        else
        {
            struct file *f = m->file;

            /* nr_maps drops when the server has been told. */
            *p = m->next;
            free(m);
            return f;
        }
        m->file->nr_maps++;
        return m->file;
    }
    return NULL;
}

/*
 * The frames go first, then the server's references, and the addresses last:
 * no other thread can get them before the server has forgotten them.
 */
EXPORT int munmap(void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    uintptr_t end = (start + len + PAGE - 1) & ~(PAGE - 1), from, to;

    while ( !(start & (PAGE - 1)) )
    {
        struct file *f;

        pthread_mutex_lock(&table_lock);
        f = maps ? cut_map(start, end, &from, &to) : NULL;
        pthread_mutex_unlock(&table_lock);
        if ( !f )
            break;
        reserve(from, to);
        request(f, WIRE_MUNMAP, from, to - from, 0, 0);
        pthread_mutex_lock(&table_lock);
        f->nr_maps--;
        maybe_free(f);
        pthread_mutex_unlock(&table_lock);
    }
    return real_munmap(addr, len);
}

/* Programs that look before they open: a character device is there. */
static int fake_stat(struct stat *st)
{
    memset(st, 0, sizeof(*st));
    st->st_mode = S_IFCHR | 0600;
    st->st_nlink = 1;
    st->st_rdev = (dev_t)10 << 8;
    return 0;
}

EXPORT int stat(const char *path, struct stat *st)
{
    if ( kind_of(path) >= 0 )
        return fake_stat(st);
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

EXPORT int access(const char *path, int mode)
{
    if ( kind_of(path) >= 0 )
        return 0;
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

/* Where the kernel restricts who reads whose memory: the server may. */
__attribute__((constructor)) static void allow_server(void)
{
#ifdef PR_SET_PTRACER
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
}
