/* SPDX-License-Identifier: MIT */
/* Functions of libc that open or look at a path: see preload.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "preload.h"

/* ---- open ---- */

/* A text of the kernel's: reading is all that can be done to it. */
static int open_text(const char *ours, int flags)
{
    bool there = !real_call(SYS_faccessat, AT_FDCWD, ours, F_OK);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if ( flags & O_CREAT && !there )
        return (int)set_errno(-EACCES);
    if ( flags & O_CREAT && flags & O_EXCL )
        return (int)set_errno(-EEXIST);
    if ( writes && (file_system_of(ours) == FS_SYS ||
                    real_call(SYS_faccessat, AT_FDCWD, ours, W_OK)) )
        return (int)set_errno(-EACCES);
    if ( there && flags & O_DIRECT )
        return (int)set_errno(-EINVAL);
    return (int)real_call(SYS_openat, AT_FDCWD, ours,
                          flags & ~(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC),
                          0);
}

static int open_common(int dirfd, const char *path, int flags, mode_t mode)
{
    char buf[PATH_MAX];
    const char *ours = flags & O_NOFOLLOW ? stand_in(dirfd, path, buf)
                                          : followed(dirfd, path, buf);
    int kind = kind_of(ours);

    if ( !ours )
        return (int)cancellable_call(SYS_openat, dirfd, (long)path, flags,
                                     mode);
    if ( (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) && kind >= 0 )
        return (int)set_errno(-EEXIST);
    if ( (flags & O_TMPFILE) == O_TMPFILE && file_system_of(ours) >= FS_PROC )
        return (int)set_errno(-EOPNOTSUPP);
    if ( is_text(ours) && !(flags & (O_PATH | O_DIRECTORY)) )
        return open_text(ours, flags);
    if ( kind < 0 || flags & (O_PATH | O_DIRECTORY) )
        return (int)real_call(SYS_openat, AT_FDCWD, ours, flags, mode);
    if ( original(ours)[1] == 'p' )
        flags |= WIRE_IN_PROC;
    return (int)set_errno(open_file(kind, flags));
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

EXPORT int creat(const char *path, mode_t mode)
{
    return open_common(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

/* The names that fortified programs call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
    return open_common(dirfd, path, flags, 0);
}

EXPORT int __openat64_2(int dirfd, const char *path, int flags)
{
    return open_common(dirfd, path, flags | O_LARGEFILE, 0);
}

/* ---- streams ---- */

/* Neither a place for ordinary files nor somebody else's: opened here. */
static bool is_special(const char *ours)
{
    return ours && (kind_of(ours) >= 0 || is_text(ours));
}

static int open_stream(const char *path, const char *mode)
{
    int flags = strchr(mode, '+') ? O_RDWR
                : *mode == 'r'    ? O_RDONLY : O_WRONLY;

    if ( strchr(mode, 'e') )
        flags |= O_CLOEXEC;
    return open_common(AT_FDCWD, path, flags, 0);
}

static FILE *open_as_stream(const char *path, const char *mode)
{
    int fd = open_stream(path, mode);
    FILE *f = NULL;

    /* A handle is a pipe's read end: libc would refuse other modes. */
    if ( fd >= 0 )
        f = fdopen(fd, (real_call(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) ==
                               O_RDONLY ? "r" : mode);

    if ( fd >= 0 && !f )
        close(fd);
    return f;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);

    return is_special(ours) ? open_as_stream(path, mode)
                            : NEXT(fopen)(ours ? ours : path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

/* Open another file and put its descriptor into the stream's. */
EXPORT FILE *freopen(const char *path, const char *mode, FILE *f)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);
    int fd;

    if ( !is_special(ours) )
        return NEXT(freopen)(ours ? ours : path, mode, f);
    fd = open_stream(path, mode);
    if ( fd < 0 )
        return fclose(f), NULL;
    f = NEXT(freopen)("/dev/null", mode, f);
    if ( f )
        dup3(fd, fileno(f), strchr(mode, 'e') ? O_CLOEXEC : 0);
    close(fd);
    return f;
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *f)
{
    return freopen(path, mode, f);
}

/* ---- stat ---- */

static void make_device(struct stat *st)
{
    st->st_mode = S_IFCHR | (st->st_mode & 07777);
    st->st_rdev = makedev(10, 60); /* misc devices, as on Linux */
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
        make_device(st);
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
        stx->stx_rdev_major = 10;
        stx->stx_rdev_minor = 60;
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

/* ---- access ---- */

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
    char buf[PATH_MAX];
    const char *ours = followed(dirfd, path, buf);

    return NEXT(faccessat)(ours ? AT_FDCWD : dirfd, ours ? ours : path, mode,
                           flags);
}

EXPORT int access(const char *path, int mode)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);

    return (int)real_call(SYS_faccessat, AT_FDCWD, ours ? ours : path, mode);
}

EXPORT int euidaccess(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

EXPORT int eaccess(const char *path, int mode)
{
    return euidaccess(path, mode);
}

/* ---- folders and names ---- */

EXPORT DIR *opendir(const char *path)
{
    char buf[PATH_MAX];
    const char *ours = stand_in(AT_FDCWD, path, buf);

    return NEXT(opendir)(ours ? ours : path);
}

static void close_folder(void *d)
{
    closedir(d);
}

/* libc's glob() calls its own functions; this one calls those above. */
EXPORT int glob(const char *pattern, int flags,
                int (*errfunc)(const char *path, int err), glob_t *g)
{
    int rc;

    if ( !getenv(WIRE_ROOT_ENV) )
        return NEXT(glob)(pattern, flags, errfunc, g);
    if ( !(flags & GLOB_ALTDIRFUNC) )
    {
        g->gl_opendir = (void *(*)(const char *))opendir;
        g->gl_readdir = (struct dirent *(*)(void *))readdir;
        g->gl_closedir = close_folder;
        g->gl_stat = stat;
        g->gl_lstat = lstat;
    }
    rc = NEXT(glob)(pattern, flags | GLOB_ALTDIRFUNC, errfunc, g);
    return rc;
}

EXPORT int glob64(const char *pattern, int flags,
                  int (*errfunc)(const char *path, int err), glob64_t *g)
{
    return glob(pattern, flags, errfunc, (glob_t *)g);
}
