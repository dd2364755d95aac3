/* SPDX-License-Identifier: MIT */
/* What programs call instead of libc's functions: see preload.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>

#include "preload.h"

#define EXPORT __attribute__((visibility("default")))

static long set_errno(long rc)
{
    if ( rc >= 0 )
        return rc;
    errno = (int)-rc;
    return -1;
}

/* ---- opening and closing ---- */

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
        close_file(f);
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
    if ( !port_is_bound(f, arg->port) )
        return -ENOTCONN;
    bell_notify(arg->port);
    return 0;
}

/* Written ports are unmasked; those that are not the file's are ignored. */
EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    struct file *f = evtchn_file(fd);
    const uint32_t *port = buf;

    if ( !f )
        return syscall(SYS_write, fd, buf, len);
    len -= len % sizeof(*port);
    for ( size_t i = 0; i < len / sizeof(*port); i++ )
        if ( port_is_bound(f, port[i]) )
            bell_unmask(port[i]);
    return (ssize_t)len;
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

/* ---- mapping ---- */

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
        struct file *f = cut_map(start, end, &from, &to);

        if ( !f )
            break;
        reserve(from, to);
        request(f, WIRE_MUNMAP, from, to - from, 0, 0);
        map_told(f);
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
