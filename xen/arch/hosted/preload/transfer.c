/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that read or write in other ways than read() and write():
 * in several parts, at a position, between descriptors.  See preload.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

/* ---- several parts ---- */

/* A copy of the list, checked as Linux does: 0 or -errno. */
static long copy_parts(struct iovec copy[IOV_MAX], const struct iovec *part,
                       int nr)
{
    size_t all = 0;

    if ( nr < 0 || nr > IOV_MAX )
        return -EINVAL;
    if ( nr && peek(copy, part, (size_t)nr * sizeof(*part)) )
        return -EFAULT;
    for ( int i = 0; i < nr; i++ )
    {
        if ( copy[i].iov_len > SSIZE_MAX )
            return -EINVAL;
        all += copy[i].iov_len;
    }
    return all > SSIZE_MAX ? -EINVAL : 0;
}

/* Can the file be read, or written, at all, which no part can tell? */
static long check_file(int fd, bool writes)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc;
    if ( !(writes ? may_write(f) : may_read(f)) )
        rc = -EBADF;
    else if ( f->kind != WIRE_EVTCHN && f->kind != WIRE_XENBUS )
        rc = f->kind == WIRE_XSD_KVA && !writes ? 0 : -EINVAL;
    file_put(f);
    return rc;
}

static ssize_t write_part(int fd, void *buf, size_t len)
{
    return write(fd, buf, len);
}

/* One part after the other, as Linux for drivers that do not know of parts. */
static ssize_t in_parts(int fd, const struct iovec *list, int nr, bool writes)
{
    ssize_t (*fn)(int fd, void *buf, size_t len) = writes ? write_part : read;
    struct iovec part[IOV_MAX];
    ssize_t done = 0;
    long rc = copy_parts(part, list, nr);

    if ( !rc )
        rc = check_file(fd, writes);
    if ( rc )
        return set_errno(rc);
    for ( int i = 0; i < nr; i++ )
    {
        ssize_t n = part[i].iov_len ? fn(fd, part[i].iov_base,
                                         part[i].iov_len) : 0;

        if ( n < 0 )
            return done ? done : n;
        done += n;
        if ( (size_t)n < part[i].iov_len )
            break;
    }
    return done;
}

EXPORT ssize_t readv(int fd, const struct iovec *part, int nr)
{
    return is_handle(fd) ? in_parts(fd, part, nr, false)
                         : cancellable_call(SYS_readv, fd, (long)part, nr, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *part, int nr)
{
    return is_handle(fd) ? in_parts(fd, part, nr, true)
                         : cancellable_call(SYS_writev, fd, (long)part, nr, 0);
}

/* ---- at a position ---- */

/*
 * -errno, or 0: it is none of our files.  Event channels and xenbus have no
 * positions, nor does xenbus_backend; the others cannot be read or written.
 */
static long positioned(int fd, off_t offset)
{
    long rc;
    struct file *f = file_get(fd, &rc);

    if ( !f )
        return rc;
    rc = offset >= 0 && (f->kind == WIRE_EVTCHN || f->kind == WIRE_XENBUS ||
                         f->kind == WIRE_XENBUS_BACKEND) ? -ESPIPE : -EINVAL;
    file_put(f);
    return rc;
}

EXPORT ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
    long rc = positioned(fd, offset);

    return rc ? set_errno(rc)
              : cancellable_call(SYS_pread64, fd, (long)buf, (long)len, offset);
}

EXPORT ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
    return pread(fd, buf, len, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
    long rc = positioned(fd, offset);

    return rc ? set_errno(rc)
              : cancellable_call(SYS_pwrite64, fd, (long)buf, (long)len, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
    return pwrite(fd, buf, len, offset);
}

/* call is of the version with flags; a position of -1: none, where it may be. */
static ssize_t vector(long call, int fd, const struct iovec *part, int nr,
                      off_t offset, int flags)
{
    bool writes = call == SYS_pwritev || call == SYS_pwritev2;
    bool second = call == SYS_preadv2 || call == SYS_pwritev2;
    long rc;

    if ( !is_handle(fd) )
        return second ? real_call(call, fd, part, nr, offset, 0, flags)
                      : real_call(call, fd, part, nr, offset, 0);
    rc = second && offset == -1 ? check_file(fd, writes)
                                : positioned(fd, offset);
    if ( !rc && flags )
        rc = -EOPNOTSUPP;
    return rc ? set_errno(rc) : in_parts(fd, part, nr, writes);
}

EXPORT ssize_t preadv(int fd, const struct iovec *part, int nr, off_t offset)
{
    return vector(SYS_preadv, fd, part, nr, offset, 0);
}

EXPORT ssize_t preadv64(int fd, const struct iovec *part, int nr,
                        off64_t offset)
{
    return vector(SYS_preadv, fd, part, nr, offset, 0);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *part, int nr, off_t offset)
{
    return vector(SYS_pwritev, fd, part, nr, offset, 0);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *part, int nr,
                         off64_t offset)
{
    return vector(SYS_pwritev, fd, part, nr, offset, 0);
}

EXPORT ssize_t preadv2(int fd, const struct iovec *part, int nr, off_t offset,
                       int flags)
{
    return vector(SYS_preadv2, fd, part, nr, offset, flags);
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *part, int nr,
                          off64_t offset, int flags)
{
    return vector(SYS_preadv2, fd, part, nr, offset, flags);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *part, int nr, off_t offset,
                        int flags)
{
    return vector(SYS_pwritev2, fd, part, nr, offset, flags);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *part, int nr,
                           off64_t offset, int flags)
{
    return vector(SYS_pwritev2, fd, part, nr, offset, flags);
}

/* ---- between descriptors, of which such a file can be neither ---- */

EXPORT ssize_t splice(int from, off64_t *at, int to, off64_t *where,
                      size_t len, unsigned int flags)
{
    if ( is_handle(from) || is_handle(to) )
        return set_errno(-EINVAL);
    return real_call(SYS_splice, from, at, to, where, len, flags);
}

EXPORT ssize_t tee(int from, int to, size_t len, unsigned int flags)
{
    if ( is_handle(from) || is_handle(to) )
        return set_errno(-EINVAL);
    return real_call(SYS_tee, from, to, len, flags);
}

EXPORT ssize_t vmsplice(int fd, const struct iovec *part, size_t nr,
                        unsigned int flags)
{
    return is_handle(fd) ? set_errno(-EBADF)
                         : real_call(SYS_vmsplice, fd, part, nr, flags);
}

EXPORT ssize_t sendfile(int to, int from, off_t *at, size_t len)
{
    if ( is_handle(from) || is_handle(to) )
        return set_errno(-EINVAL);
    return real_call(SYS_sendfile, to, from, at, len);
}

EXPORT ssize_t sendfile64(int to, int from, off64_t *at, size_t len)
{
    return sendfile(to, from, at, len);
}

EXPORT ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *where,
                               size_t len, unsigned int flags)
{
    if ( is_handle(from) || is_handle(to) )
        return set_errno(-EINVAL);
    return real_call(SYS_copy_file_range, from, at, to, where, len, flags);
}
