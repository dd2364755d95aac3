/* SPDX-License-Identifier: MIT */
/*
 * The rest of libc's functions with a path, and the names by which fortified
 * programs call some of them: see preload.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "preload.h"

/* libc has no prototypes for these without _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);
ssize_t __pread_chk(int fd, void *buf, size_t len, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *buf, size_t len, off64_t offset,
                      size_t room);
char *__realpath_chk(const char *path, char *resolved, size_t room);
ssize_t __readlink_chk(const char *path, char *text, size_t len, size_t room);
ssize_t __readlinkat_chk(int dirfd, const char *path, char *text, size_t len,
                         size_t room);
char *__getcwd_chk(char *buf, size_t len, size_t room);
char *__getwd_chk(char *buf, size_t room);
void __chk_fail(void) __attribute__((noreturn));

static void check(size_t len, size_t room)
{
    if ( len > room )
        __chk_fail();
}

/* ---- names ---- */

EXPORT char *realpath(const char *path, char *resolved)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf), *name;
    size_t len = ours ? strlen(ours) : 0;
    char *found;

    if ( !ours )
    {
        /* A link may have led to a place of ours. */
        found = NEXT(realpath)(path, resolved);
        name = found ? original(found) : NULL;
        return name ? memmove(found, name, strlen(name) + 1) : found;
    }
    if ( real_call(SYS_faccessat, AT_FDCWD, ours, F_OK) )
        return NULL;
    if ( buf[len - 1] == '/' )
        buf[len - 1] = '\0';
    return resolved ? strcpy(resolved, original(buf)) : strdup(original(buf));
}

EXPORT char *canonicalize_file_name(const char *path)
{
    return realpath(path, NULL);
}

/* The text of a link names places as the program knows them. */
static ssize_t link_text(const char *name, char *text, size_t len)
{
    size_t whole = strlen(name);

    if ( !len || len > SSIZE_MAX )
        return set_errno(-EINVAL);
    memcpy(text, name, whole < len ? whole : len);
    return (ssize_t)(whole < len ? whole : len);
}

static bool is_in_proc(const char *path)
{
    return path && !strncmp(path, "/proc/", 6);
}

EXPORT ssize_t readlinkat(int dirfd, const char *path, char *text, size_t len)
{
    char buf[PATH_MAX], whole[PATH_MAX];
    int fd = descriptor_of(path);
    const char *ours = fd >= 0 ? stand_in_of(fd, buf) : NULL;
    ssize_t n;

    if ( ours )
        return link_text(original(ours), text, len);
    ours = stand_in(dirfd, path, buf);
    if ( ours )
        return real_call(SYS_readlinkat, AT_FDCWD, ours, text, len);
    if ( !is_in_proc(path) )
        return real_call(SYS_readlinkat, dirfd, path, text, len);
    n = real_call(SYS_readlinkat, dirfd, path, whole, sizeof(whole) - 1);
    if ( n < 0 )
        return n;
    whole[n] = '\0';
    return link_text(original(whole) ? original(whole) : whole, text, len);
}

EXPORT ssize_t readlink(const char *path, char *text, size_t len)
{
    return readlinkat(AT_FDCWD, path, text, len);
}

EXPORT char *getwd(char *buf)
{
    return getcwd(buf, PATH_MAX);
}

EXPORT key_t ftok(const char *path, int project)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);

    return NEXT(ftok)(ours ? ours : path, project);
}

/* ---- file systems ---- */

/* A stand-in lies on another file system than what it stands for. */
static long type_of(const char *ours)
{
    static const long magic[] = {
        [FS_DEV] = TMPFS_MAGIC, [FS_PROC] = XENFS_SUPER_MAGIC,
        [FS_SYS] = SYSFS_MAGIC,
    };

    return magic[file_system_of(ours)];
}

EXPORT int statfs(const char *path, struct statfs *st)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);
    int rc = (int)real_call(SYS_statfs, ours ? ours : path, st);

    if ( !rc && ours && type_of(ours) )
        st->f_type = type_of(ours);
    return rc;
}

EXPORT int fstatfs(int fd, struct statfs *st)
{
    char buf[PATH_MAX];
    const char *ours = is_handle(fd) ? stand_in_of(fd, buf) : NULL;

    return ours ? statfs(original(ours), st)
                : (int)real_call(SYS_fstatfs, fd, st);
}

EXPORT int statvfs(const char *path, struct statvfs *st)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);

    return NEXT(statvfs)(ours ? ours : path, st);
}

EXPORT int fstatvfs(int fd, struct statvfs *st)
{
    char buf[PATH_MAX];
    const char *ours = is_handle(fd) ? stand_in_of(fd, buf) : NULL;

    return ours ? NEXT(statvfs)(ours, st) : NEXT(fstatvfs)(fd, st);
}

/* The structures with 64 are the same. */
EXPORT int statfs64(const char *path, struct statfs64 *st)
{
    return statfs(path, (struct statfs *)st);
}

EXPORT int fstatfs64(int fd, struct statfs64 *st)
{
    return fstatfs(fd, (struct statfs *)st);
}

EXPORT int statvfs64(const char *path, struct statvfs64 *st)
{
    return statvfs(path, (struct statvfs *)st);
}

EXPORT int fstatvfs64(int fd, struct statvfs64 *st)
{
    return fstatvfs(fd, (struct statvfs *)st);
}

EXPORT long pathconf(const char *path, int name)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);

    return NEXT(pathconf)(ours ? ours : path, name);
}

/* ---- times ---- */

/* Microseconds as nanoseconds; false: none such. */
static bool convert(struct timespec to[2], const struct timeval from[2])
{
    for ( int i = 0; from && i < 2; i++ )
    {
        if ( from[i].tv_usec < 0 || from[i].tv_usec >= 1000000 )
            return false;
        to[i] = (struct timespec){ from[i].tv_sec, from[i].tv_usec * 1000 };
    }
    return true;
}

static int set_times(int dirfd, const char *path, const struct timeval tv[2],
                     int flags)
{
    struct timespec ts[2];

    if ( !convert(ts, tv) )
        return (int)set_errno(-EINVAL);
    return utimensat(dirfd, path, tv ? ts : NULL, flags);
}

EXPORT int utimes(const char *path, const struct timeval tv[2])
{
    return set_times(AT_FDCWD, path, tv, 0);
}

EXPORT int lutimes(const char *path, const struct timeval tv[2])
{
    return set_times(AT_FDCWD, path, tv, AT_SYMLINK_NOFOLLOW);
}

EXPORT int futimesat(int dirfd, const char *path, const struct timeval tv[2])
{
    return set_times(dirfd, path, tv, 0);
}

EXPORT int utime(const char *path, const struct utimbuf *t)
{
    const struct timespec ts[2] = { { t ? t->actime : 0, 0 },
                                    { t ? t->modtime : 0, 0 } };

    return utimensat(AT_FDCWD, path, t ? ts : NULL, 0);
}

/* ---- the names that fortified programs call ---- */

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
    check(len, room);
    return read(fd, buf, len);
}

EXPORT ssize_t __pread_chk(int fd, void *buf, size_t len, off_t offset,
                           size_t room)
{
    check(len, room);
    return pread(fd, buf, len, offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *buf, size_t len, off64_t offset,
                             size_t room)
{
    check(len, room);
    return pread(fd, buf, len, offset);
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t room)
{
    check(PATH_MAX, room);
    return realpath(path, resolved);
}

EXPORT ssize_t __readlink_chk(const char *path, char *text, size_t len,
                              size_t room)
{
    check(len, room);
    return readlink(path, text, len);
}

EXPORT ssize_t __readlinkat_chk(int dirfd, const char *path, char *text,
                                size_t len, size_t room)
{
    check(len, room);
    return readlinkat(dirfd, path, text, len);
}

EXPORT char *__getcwd_chk(char *buf, size_t len, size_t room)
{
    check(len, room);
    return getcwd(buf, len);
}

/* A path that does not fit is the fortified program's fault. */
EXPORT char *__getwd_chk(char *buf, size_t room)
{
    char whole[PATH_MAX];
    const char *path = getcwd(whole, sizeof(whole));

    if ( !path )
        return NULL;
    check(strlen(path) + 1, room);
    return strcpy(buf, path);
}
