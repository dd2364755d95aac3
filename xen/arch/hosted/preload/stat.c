/* SPDX-License-Identifier: MIT */
/* Functions of libc that say what is at a path: see preload.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "preload.h"

/* Misc devices, as on Linux, which takes the highest numbers below 64. */
#define MAJOR 10
#define MINOR(ours) (63U - (unsigned int)kind_of(ours))

void make_device(const char *ours, struct stat *st)
{
    st->st_mode = S_IFCHR | (st->st_mode & 07777);
    st->st_rdev = makedev(MAJOR, MINOR(ours));
    st->st_size = 0;
}

/* What Linux says of a text's size, which it does not know. */
static off_t size_of_text(const char *ours, off_t size)
{
    switch ( file_system_of(ours) )
    {
    case FS_PROC:
        return 0;
    case FS_SYS:
        return PAGE;
    default:
        return size;
    }
}

/*
 * The stand-in of the path, or, of an empty path with the flag for it, of the
 * descriptor: it may be of a file of ours that O_PATH opened.
 */
static const char *stand_in_to_look_at(int dirfd, const char *path, int flags,
                                       char buf[PATH_MAX])
{
    if ( path && !*path )
        return flags & AT_EMPTY_PATH && dirfd >= 0 && getenv(WIRE_ROOT_ENV)
                   ? stand_in_of(dirfd, buf) : NULL;
    return flags & AT_SYMLINK_NOFOLLOW ? stand_in(dirfd, path, buf)
                                       : followed(dirfd, path, buf);
}

static int stat_common(int dirfd, const char *path, struct stat *st, int flags)
{
    char buf[PATH_MAX];
    const char *ours = stand_in_to_look_at(dirfd, path, flags, buf);
    int rc = ours ? (int)real_call(SYS_newfstatat, AT_FDCWD, ours, st,
                                   flags & ~AT_EMPTY_PATH)
                  : (int)real_call(SYS_newfstatat, dirfd, path, st, flags);

    if ( !rc && ours && is_device(ours) )
        make_device(ours, st);
    if ( !rc && ours && S_ISREG(st->st_mode) )
        st->st_size = size_of_text(ours, st->st_size);
    return rc;
}

EXPORT int stat(const char *path, struct stat *st)
{
    return stat_common(AT_FDCWD, path, st, 0);
}

EXPORT int lstat(const char *path, struct stat *st)
{
    return stat_common(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
    return stat_common(dirfd, path, st, flags);
}

EXPORT int fstat(int fd, struct stat *st)
{
    return fd < 0 ? (int)set_errno(-EBADF)
                  : stat_common(fd, "", st, AT_EMPTY_PATH);
}

/* struct stat and struct stat64 are the same. */
EXPORT int stat64(const char *path, struct stat64 *st)
{
    return stat(path, (struct stat *)st);
}

EXPORT int lstat64(const char *path, struct stat64 *st)
{
    return lstat(path, (struct stat *)st);
}

EXPORT int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags)
{
    return fstatat(dirfd, path, (struct stat *)st, flags);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
    return fstat(fd, (struct stat *)st);
}

EXPORT int statx(int dirfd, const char *path, int flags, unsigned int mask,
                 struct statx *stx)
{
    char buf[PATH_MAX];
    const char *ours = stand_in_to_look_at(dirfd, path, flags, buf);
    int rc = ours ? (int)real_call(SYS_statx, AT_FDCWD, ours,
                                   flags & ~AT_EMPTY_PATH, mask, stx)
                  : (int)real_call(SYS_statx, dirfd, path, flags, mask, stx);

    if ( !rc && ours && is_device(ours) )
    {
        stx->stx_mode = (uint16_t)(S_IFCHR | (stx->stx_mode & 07777));
        stx->stx_rdev_major = MAJOR;
        stx->stx_rdev_minor = MINOR(ours);
        stx->stx_size = 0;
    }
    if ( !rc && ours && S_ISREG(stx->stx_mode) )
        stx->stx_size = (uint64_t)size_of_text(ours, (off_t)stx->stx_size);
    return rc;
}

/* What programs call that were linked before glibc 2.33. */
int __xstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st);
int __fxstat(int version, int fd, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat64(int version, int fd, struct stat64 *st);

EXPORT int __xstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return stat(path, st);
}

EXPORT int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return lstat(path, st);
}

EXPORT int __fxstat(int version, int fd, struct stat *st)
{
    (void)version;
    return fstat(fd, st);
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *st)
{
    (void)version;
    return stat64(path, st);
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *st)
{
    (void)version;
    return lstat64(path, st);
}

EXPORT int __fxstat64(int version, int fd, struct stat64 *st)
{
    (void)version;
    return fstat64(fd, st);
}
