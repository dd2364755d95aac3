/* SPDX-License-Identifier: MIT */
/* Functions of libc that take a descriptor: see preload.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#include "preload.h"

EXPORT int devxen_kind(int fd, bool closing)
{
    long rc;
    struct file *f = closing ? file_known(fd) : file_get(fd, &rc);
    int kind = f ? f->kind : -1;

    if ( f )
        file_put(f);
    return kind;
}

/* ---- closing ---- */

EXPORT int close(int fd)
{
    struct file *f = file_known(fd);
    int rc = real_close(fd);

    if ( f )
    {
        int err = errno;

        file_closed(f);
        file_put(f);
        errno = err;
    }
    return rc;
}

EXPORT int dup3(int from, int to, int flags)
{
    struct file *f = from != to ? file_known(to) : NULL;
    int rc = (int)real_call(SYS_dup3, from, to, flags);

    if ( f )
    {
        int err = errno;

        if ( rc >= 0 )
            file_closed(f);
        file_put(f);
        errno = err;
    }
    return rc;
}

EXPORT int dup2(int from, int to)
{
    if ( from == to )
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return dup3(from, to, 0);
}

/* ---- reading and writing ---- */

/* Whole ports only, as many as fit; the server has the other end. */
static ssize_t read_ports(int fd, void *buf, size_t len)
{
    ssize_t rc;

    len = len < PAGE ? len & ~3UL : PAGE;
    if ( !len )
        return 0;
    rc = cancellable_call(SYS_read, fd, (long)buf, (long)len, 0);
    return rc ? rc : set_errno(lost());
}

/* Whatever of xenstored's answers has come. */
static ssize_t read_messages(int fd, void *buf, size_t len)
{
    ssize_t rc = cancellable_call(SYS_read, fd, (long)buf, (long)len, 0);

    return rc || !len ? rc : set_errno(lost());
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc ? set_errno(rc)
                  : cancellable_call(SYS_read, fd, (long)buf, (long)len, 0);
    if ( f->mode == O_WRONLY )
        rc = set_errno(-EBADF);
    else if ( f->kind == WIRE_EVTCHN )
        rc = read_ports(fd, buf, len);
    else if ( f->kind == WIRE_XENBUS )
        rc = read_messages(fd, buf, len);
    else if ( f->kind == WIRE_XSD_KVA )
        rc = real_call(SYS_read, fd, buf, len);
    else
        rc = set_errno(-EINVAL);
    file_put(f);
    return rc;
}

/* Unmask the ports that were written; ports of other files are ignored. */
static long write_ports(const struct file *f, const void *buf, size_t len)
{
    uint32_t port[64];

    len = len < PAGE ? len & ~3UL : PAGE;
    for ( size_t done = 0; done < len; )
    {
        size_t nr = len - done < sizeof(port) ? len - done : sizeof(port);

        if ( peek(port, (const char *)buf + done, nr) )
            return -EFAULT;
        for ( size_t i = 0; i < nr / sizeof(*port); i++ )
            if ( doorbell_owns(f, port[i]) )
                doorbell_unmask(port[i]);
        done += nr;
    }
    return (long)len;
}

static long write_file(struct file *f, const void *buf, size_t len)
{
    if ( f->mode == O_RDONLY )
        return -EBADF;
    if ( f->kind == WIRE_EVTCHN )
        return write_ports(f, buf, len);
    if ( f->kind == WIRE_XENBUS )
        return request(f, WIRE_WRITE, (uintptr_t)buf, len, 0, 0);
    return -EINVAL;
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc ? set_errno(rc)
                  : cancellable_call(SYS_write, fd, (long)buf, (long)len, 0);
    rc = write_file(f, buf, len);
    file_put(f);
    return set_errno(rc);
}

/* One part after the other, as Linux for drivers that do not know of parts. */
static ssize_t in_parts(int fd, const struct iovec *part, int nr,
                        ssize_t (*fn)(int fd, void *buf, size_t len))
{
    ssize_t done = 0;

    for ( int i = 0; i < nr; i++ )
    {
        ssize_t rc = part[i].iov_len ? fn(fd, part[i].iov_base,
                                          part[i].iov_len) : 0;

        if ( rc < 0 )
            return done ? done : rc;
        done += rc;
        if ( (size_t)rc < part[i].iov_len )
            break;
    }
    return done;
}

static ssize_t write_part(int fd, void *buf, size_t len)
{
    return write(fd, buf, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *part, int nr)
{
    return is_handle(fd) ? in_parts(fd, part, nr, read)
                         : cancellable_call(SYS_readv, fd, (long)part, nr, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *part, int nr)
{
    return is_handle(fd) ? in_parts(fd, part, nr, write_part)
                         : cancellable_call(SYS_writev, fd, (long)part, nr, 0);
}

/* Event channels and xenbus have no positions; the others cannot be read. */
static long positioned(int fd)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc;
    rc = f->kind == WIRE_EVTCHN || f->kind == WIRE_XENBUS ? -ESPIPE : -EINVAL;
    file_put(f);
    return rc;
}

EXPORT ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
    long rc = positioned(fd);

    return rc ? set_errno(rc) : real_call(SYS_pread64, fd, buf, len, offset);
}

EXPORT ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
    return pread(fd, buf, len, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
    long rc = positioned(fd);

    return rc ? set_errno(rc) : real_call(SYS_pwrite64, fd, buf, len, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
    return pwrite(fd, buf, len, offset);
}

/* What fortified programs call instead. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
    if ( len > room )
        __builtin_trap();
    return read(fd, buf, len);
}

/* ---- ioctl ---- */

/* Linux reports only whether the file has the port: no answer is needed. */
static long notify(struct file *f, const void *arg)
{
    struct ioctl_evtchn_notify a;

    if ( peek(&a, arg, sizeof(a)) )
        return -EFAULT;
    if ( !doorbell_owns(f, a.port) )
        return -ENOTCONN;
    doorbell_notify(a.port);
    return 0;
}

/* Drop the ports that were not read. */
static void empty(int fd)
{
    uint32_t port[64];
    int bytes = 0;

    while ( !real_call(SYS_ioctl, fd, FIONREAD, &bytes) && bytes > 0 )
        if ( real_call(SYS_read, fd, port, (size_t)bytes < sizeof(port)
                                             ? (size_t)bytes
                                             : sizeof(port)) <= 0 )
            return;
}

static long file_ioctl(struct file *f, int fd, unsigned long req,
                       unsigned long arg)
{
    long pinned = 0;

    if ( f->kind == WIRE_EVTCHN && req == IOCTL_EVTCHN_NOTIFY )
        return notify(f, (const void *)arg);
    if ( f->kind == WIRE_EVTCHN && req == IOCTL_EVTCHN_RESET )
        empty(fd);
    if ( f->kind == WIRE_PRIVCMD && req == IOCTL_PRIVCMD_DM_OP )
        pinned = pin_dm_op(arg);
    return request(f, WIRE_IOCTL, req, arg, (uint64_t)pinned, 0);
}

/* ioctls of Linux for any file, harmless for a handle. */
static bool is_general(unsigned long req)
{
    return req == FIOCLEX || req == FIONCLEX || req == FIONBIO;
}

EXPORT int ioctl(int fd, unsigned long req, ...)
{
    struct file *f = NULL;
    unsigned long arg;
    long rc = 0;
    va_list ap;

    va_start(ap, req);
    arg = va_arg(ap, unsigned long);
    va_end(ap);
    if ( !is_general(req) )
        f = file_get(fd, &rc);
    if ( !f )
        return rc ? (int)set_errno(rc) : (int)real_call(SYS_ioctl, fd, req, arg);
    rc = file_ioctl(f, fd, req & 0xffffffff, arg);
    file_put(f);
    return (int)set_errno(rc);
}

/* ---- mapping ---- */

/* The checks that Linux makes before the driver is called. */
static long may_map(const struct file *f, size_t len, int prot, int flags,
                    off_t offset)
{
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

    if ( !len || offset & (off_t)(PAGE - 1) )
        return -EINVAL;
    if ( f->kind == WIRE_EVTCHN || f->kind == WIRE_XENBUS )
        return -ENODEV;
    if ( !shared && (f->kind == WIRE_GNTALLOC || f->kind == WIRE_HYPERCALL ||
                     (f->kind != WIRE_PRIVCMD && prot & PROT_WRITE)) )
        return -EINVAL;
    return 0;
}

/* Reserve: ioctls map frames later; hypercall buffers are plain memory. */
static void *map_file(struct file *f, void *addr, size_t bytes, int prot,
                      int flags, off_t offset)
{
    bool plain = f->kind == WIRE_HYPERCALL;
    void *p = real_mmap(addr, bytes, plain ? prot : PROT_NONE,
                        (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) |
                            MAP_PRIVATE | MAP_ANONYMOUS |
                            (plain ? MAP_POPULATE : MAP_NORESERVE), -1, 0);
    long rc;

    if ( p == MAP_FAILED || plain )
        return p;
    rc = request(f, WIRE_MMAP, (uintptr_t)p, bytes, (uint64_t)offset,
                 (uint64_t)prot);
    if ( rc < 0 )
    {
        real_munmap(p, bytes);
        set_errno(rc);
        return MAP_FAILED;
    }
    madvise(p, bytes, MADV_DONTFORK);
    add_map(f, p, bytes);
    return p;
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset)
{
    struct file *f = NULL;
    size_t bytes = (len + PAGE - 1) & ~(PAGE - 1);
    void *p = MAP_FAILED;
    long rc = 0;

    if ( (flags & MAP_FIXED) && (flags & MAP_FIXED_NOREPLACE) == 0 )
        forget_range((uintptr_t)addr, (uintptr_t)addr + bytes);
    if ( !(flags & MAP_ANONYMOUS) )
        f = file_get(fd, &rc);
    if ( !f && !rc )
        return real_mmap(addr, len, prot, flags, fd, offset);
    if ( f )
        rc = may_map(f, len, prot, flags, offset);
    if ( !rc )
        p = map_file(f, addr, bytes, prot, flags, offset);
    else
        set_errno(rc);
    if ( f )
        file_put(f);
    return p;
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off_t offset)
{
    return mmap(addr, len, prot, flags, fd, offset);
}

EXPORT int munmap(void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    uintptr_t end = (start + len + PAGE - 1) & ~(PAGE - 1);

    if ( !(start & (PAGE - 1)) && start < end )
    {
        if ( splits_map(start, end) )
            return (int)set_errno(-EINVAL);
        forget_range(start, end);
    }
    return real_munmap(addr, len);
}

/* Such mappings do not grow; moving them is not implemented. */
EXPORT void *mremap(void *addr, size_t old, size_t new, int flags, ...)
{
    void *to;
    va_list ap;

    va_start(ap, flags);
    to = va_arg(ap, void *);
    va_end(ap);
    if ( !is_mapped((uintptr_t)addr) )
        return (void *)real_call(SYS_mremap, addr, old, new, flags, to);
    old = (old + PAGE - 1) & ~(PAGE - 1);
    new = (new + PAGE - 1) & ~(PAGE - 1);
    if ( new > old )
        return (void *)set_errno(-EFAULT);
    if ( flags & MREMAP_FIXED || !new )
        return (void *)set_errno(-EINVAL);
    return new == old || !munmap((char *)addr + new, old - new) ? addr
                                                               : MAP_FAILED;
}
