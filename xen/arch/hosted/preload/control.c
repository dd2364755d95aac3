/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that ask about an open file, or change how it behaves, by a
 * descriptor: see preload.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

/* ---- fcntl ---- */

#define SETTABLE (O_APPEND | O_NOATIME) /* kept by the server */
#define LARGEFILE 0100000               /* libc's O_LARGEFILE is 0 */

static long get_flags(struct file *f, int fd)
{
    long real = real_call(SYS_fcntl, fd, F_GETFL);
    long kept = request(f, WIRE_FLAGS, 0, 0, 0, 0);

    return kept < 0 ? kept
                    : (kept & ~(long)WIRE_IN_PROC) | LARGEFILE |
                      (real & (O_NONBLOCK | O_ASYNC));
}

/* Signals are sent for evtchn only; for others the flag is dropped. */
static long set_flags(struct file *f, int fd, long flags)
{
    long real = WIRE_MARK | (flags & O_NONBLOCK), kept;

    if ( flags & O_DIRECT )
        return -EINVAL;
    if ( f->kind == WIRE_EVTCHN )
        real |= flags & O_ASYNC;
    kept = request(f, WIRE_FLAGS, SETTABLE | O_ASYNC, flags & SETTABLE, 0, 0);
    if ( kept < 0 )
        return kept;
    return real_call(SYS_fcntl, fd, F_SETFL, real) ? -errno : 0;
}

static long file_fcntl(struct file *f, int fd, int cmd, long arg)
{
    switch ( cmd )
    {
    case F_GETFL:
        return get_flags(f, fd);
    case F_SETFL:
        return set_flags(f, fd, arg);
    default: /* of pipes */
        return -EBADF;
    }
}

static bool is_about_flags(int cmd)
{
    return cmd == F_GETFL || cmd == F_SETFL || cmd == F_GETPIPE_SZ ||
           cmd == F_SETPIPE_SZ;
}

EXPORT int fcntl(int fd, int cmd, ...)
{
    struct file *f = NULL;
    long arg, rc = 0;
    va_list ap;

    va_start(ap, cmd);
    arg = va_arg(ap, long);
    va_end(ap);
    if ( is_about_flags(cmd) )
        f = file_get(fd, &rc);
    if ( f )
    {
        rc = file_fcntl(f, fd, cmd, arg);
        file_put(f);
    }
    if ( f || rc )
        return (int)set_errno(rc);
    if ( cmd == F_SETLKW || cmd == F_OFD_SETLKW )
        return (int)cancellable_call(SYS_fcntl, fd, cmd, arg, 0);
    return (int)real_call(SYS_fcntl, fd, cmd, arg);
}

EXPORT int fcntl64(int fd, int cmd, ...)
{
    long arg;
    va_list ap;

    va_start(ap, cmd);
    arg = va_arg(ap, long);
    va_end(ap);
    return fcntl(fd, cmd, arg);
}

/* ---- epoll ---- */

/* Only event channels and xenbus can be waited for. */
EXPORT int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    long rc;
    struct file *f = file_get(fd, &rc);
    bool waits = f && (f->kind == WIRE_EVTCHN || f->kind == WIRE_XENBUS);

    if ( f )
        file_put(f);
    if ( !f || waits )
        return rc ? (int)set_errno(rc)
                  : (int)real_call(SYS_epoll_ctl, epoll, op, fd, event);
    if ( real_call(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, fd, event) &&
         errno != ENOENT )
        return -1;
    return (int)set_errno(-EPERM);
}

/* ---- files as such ---- */

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
    return is_handle(fd) ? (int)set_errno(-ENODEV)
                         : (int)cancellable_call(SYS_fallocate, fd, mode,
                                                 offset, len);
}

EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    return fallocate(fd, mode, offset, len);
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t len)
{
    return is_handle(fd) ? ENODEV : NEXT(posix_fallocate)(fd, offset, len);
}

EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    return posix_fallocate(fd, offset, len);
}

EXPORT int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
    int err = errno, rc;

    if ( is_handle(fd) )
        return advice < 0 || advice > POSIX_FADV_NOREUSE ? EINVAL : 0;
    rc = real_call(SYS_fadvise64, fd, offset, len, advice) ? errno : 0;
    errno = err;
    return rc;
}

EXPORT int posix_fadvise64(int fd, off64_t offset, off64_t len, int advice)
{
    return posix_fadvise(fd, offset, len, advice);
}

/* What belongs to the place of the file, not to its handle. */
EXPORT int fchmod(int fd, mode_t mode)
{
    char buf[PATH_MAX];
    const char *ours = is_handle(fd) ? stand_in_of(fd, buf) : NULL;

    return ours ? chmod(ours, mode) : (int)real_call(SYS_fchmod, fd, mode);
}

EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
    char buf[PATH_MAX];
    const char *ours = is_handle(fd) ? stand_in_of(fd, buf) : NULL;

    return ours ? chown(ours, uid, gid)
                : (int)real_call(SYS_fchown, fd, uid, gid);
}

EXPORT int futimens(int fd, const struct timespec times[2])
{
    char buf[PATH_MAX];
    const char *ours = is_handle(fd) ? stand_in_of(fd, buf) : NULL;

    return ours ? utimensat(AT_FDCWD, ours, times, 0)
                : (int)real_call(SYS_utimensat, fd, NULL, times, 0);
}
