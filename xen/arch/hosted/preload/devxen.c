/* SPDX-License-Identifier: MIT */
/* Functions of libc that take a descriptor: see preload.h. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
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

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
    int rc = (int)real_call(SYS_close_range, first, last, flags);

    if ( !rc )
        files_closed();
    return rc;
}

EXPORT void closefrom(int first)
{
    close_range(first < 0 ? 0 : (unsigned int)first, ~0U, 0);
}

EXPORT int fclose(FILE *stream)
{
    struct file *f = file_known(fileno(stream));
    int rc = NEXT(fclose)(stream), err = errno;

    if ( f )
    {
        file_closed(f);
        file_put(f);
        errno = err;
    }
    return rc;
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

/* Whatever of xenstored's answers has come; also of no bytes Linux waits. */
static ssize_t read_messages(int fd, void *buf, size_t len)
{
    struct pollfd p = { fd, POLLIN, 0 };
    ssize_t rc = cancellable_call(SYS_read, fd, (long)buf, (long)len, 0);

    if ( !len && !rc )
    {
        bool waits = !(real_call(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK);

        rc = cancellable_call(SYS_poll, (long)&p, 1, waits ? -1 : 0, 0);
        return rc > 0 ? 0 : rc ? rc : set_errno(-EAGAIN);
    }
    return rc ? rc : set_errno(lost());
}

static ssize_t read_file(const struct file *f, int fd, void *buf, size_t len)
{
    if ( !may_read(f) )
        return set_errno(-EBADF);
    if ( f->kind == WIRE_EVTCHN )
        return read_ports(fd, buf, len);
    if ( f->kind == WIRE_XENBUS )
        return read_messages(fd, buf, len);
    if ( f->kind == WIRE_XSD_KVA )
        return real_call(SYS_read, fd, buf, len);
    return set_errno(-EINVAL);
}

static void put(void *f)
{
    file_put(f);
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc ? set_errno(rc)
                  : cancellable_call(SYS_read, fd, (long)buf, (long)len, 0);
    pthread_cleanup_push(put, f);
    rc = read_file(f, fd, buf, len);
    pthread_cleanup_pop(1);
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
    if ( !may_write(f) )
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
static bool is_harmless(unsigned long req)
{
    return req == FIOCLEX || req == FIONCLEX || req == FIONBIO;
}

/* Only evtchn sends signals; of the others none is asked to stop. */
static long set_async(const struct file *f, int fd, const void *arg)
{
    int on;

    if ( f->kind == WIRE_EVTCHN )
        return real_call(SYS_ioctl, fd, FIOASYNC, arg) ? -errno : 0;
    if ( peek(&on, arg, sizeof(on)) )
        return -EFAULT;
    return on ? -ENOTTY : 0;
}

/* Does Linux answer for any character device?  Then *rc. */
static bool is_general(const struct file *f, int fd, unsigned long req,
                       unsigned long arg, long *rc)
{
    const int block = PAGE;

    switch ( req )
    {
    case FIOASYNC:
        *rc = set_async(f, fd, (const void *)arg);
        return true;
    case FIOQSIZE:
        *rc = -ENOTTY;
        return true;
    case FICLONE:
        *rc = real_call(SYS_fcntl, arg, F_GETFD) < 0 ? -EBADF : -EINVAL;
        return true;
    case FIGETBSZ:
        *rc = poke((void *)arg, &block, sizeof(block));
        return true;
    case FIFREEZE:
    case FITHAW:
    case FS_IOC_FIEMAP:
        *rc = -EOPNOTSUPP;
        return true;
    default:
        return false;
    }
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
    if ( !is_harmless(req) )
        f = file_get(fd, &rc);
    if ( !f )
        return rc ? (int)set_errno(rc) : (int)real_call(SYS_ioctl, fd, req, arg);
    req &= 0xffffffff;
    if ( !is_general(f, fd, req, arg, &rc) )
        rc = file_ioctl(f, fd, req, arg);
    file_put(f);
    return (int)set_errno(rc);
}
