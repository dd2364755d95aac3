/* SPDX-License-Identifier: MIT */
/* Functions of libc that open a path, or look for it: see preload.h. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
