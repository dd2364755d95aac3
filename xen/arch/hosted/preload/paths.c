/* SPDX-License-Identifier: MIT */
/* Functions of libc that change what is at a path: see preload.h. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload.h"

/* The path to use instead: of the stand-in, or as it is. */
struct path {
    int dirfd;
    const char *path;
    char buf[PATH_MAX];
};

static struct path *at(struct path *p, int dirfd, const char *path)
{
    const char *ours = stand_in(dirfd, path, p->buf);

    p->dirfd = ours ? AT_FDCWD : dirfd;
    p->path = ours ? ours : path;
    return p;
}

static const char *here(struct path *p, const char *path)
{
    return at(p, AT_FDCWD, path)->path;
}

/* ---- what cannot be changed ---- */

static bool is_there(const struct path *p)
{
    return !real_call(SYS_faccessat, p->dirfd, p->path, F_OK);
}

/* Names in /proc/xen and /sys stay as they are: -errno, or 0: it is elsewhere. */
static long may_make(const struct path *p)
{
    if ( file_system_of(p->path) < FS_PROC )
        return 0;
    return is_there(p) ? -EEXIST : -EPERM;
}

static long may_remove(const struct path *p)
{
    return file_system_of(p->path) < FS_PROC || !is_there(p) ? 0 : -EPERM;
}

/* For link() and rename(). */
static long may_move(const struct path *from, const struct path *to)
{
    enum file_system here = file_system_of(from->path);

    if ( here != file_system_of(to->path) )
        return -EXDEV;
    return here < FS_PROC ? 0 : -EPERM;
}

/* ---- making ---- */

EXPORT int mkdirat(int dirfd, const char *path, mode_t mode)
{
    struct path p;
    long rc = may_make(at(&p, dirfd, path));

    return rc ? (int)set_errno(rc)
              : (int)real_call(SYS_mkdirat, p.dirfd, p.path, mode);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

EXPORT int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
    struct path p;
    long rc = may_make(at(&p, dirfd, path));

    return rc ? (int)set_errno(rc)
              : NEXT(mknodat)(p.dirfd, p.path, mode, dev);
}

EXPORT int mknod(const char *path, mode_t mode, dev_t dev)
{
    return mknodat(AT_FDCWD, path, mode, dev);
}

EXPORT int mkfifoat(int dirfd, const char *path, mode_t mode)
{
    return mknodat(dirfd, path, mode | S_IFIFO, 0);
}

EXPORT int mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}

EXPORT int symlinkat(const char *target, int dirfd, const char *path)
{
    struct path p;
    long rc = may_make(at(&p, dirfd, path));

    return rc ? (int)set_errno(rc)
              : (int)real_call(SYS_symlinkat, target, p.dirfd, p.path);
}

EXPORT int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

/* The caller's template gets the end of the name that was made. */
static int make_temporary(char *template, int after, int flags, bool folder)
{
    struct path p;
    int rc = 0;

    if ( file_system_of(here(&p, template)) >= FS_PROC )
        return (int)set_errno(folder ? -EPERM : -EACCES);
    if ( p.path == template )
        return folder ? (NEXT(mkdtemp)(template) ? 0 : -1)
                      : NEXT(mkostemps)(template, after, flags);
    if ( folder )
        rc = NEXT(mkdtemp)(p.buf) ? 0 : -1;
    else
        rc = NEXT(mkostemps)(p.buf, after, flags);
    if ( rc >= 0 )
        memcpy(template + strlen(template) - (size_t)after - 6,
               p.buf + strlen(p.buf) - (size_t)after - 6, 6);
    return rc;
}

EXPORT int mkstemp(char *template)
{
    return make_temporary(template, 0, 0, false);
}

EXPORT int mkstemp64(char *template)
{
    return make_temporary(template, 0, 0, false);
}

EXPORT int mkostemp(char *template, int flags)
{
    return make_temporary(template, 0, flags, false);
}

EXPORT int mkostemp64(char *template, int flags)
{
    return make_temporary(template, 0, flags, false);
}

EXPORT int mkstemps(char *template, int after)
{
    return make_temporary(template, after, 0, false);
}

EXPORT char *mkdtemp(char *template)
{
    return make_temporary(template, 0, 0, true) ? NULL : template;
}

/* ---- removing and naming ---- */

EXPORT int unlinkat(int dirfd, const char *path, int flags)
{
    struct path p;
    long rc = may_remove(at(&p, dirfd, path));

    return rc ? (int)set_errno(rc)
              : (int)real_call(SYS_unlinkat, p.dirfd, p.path, flags);
}

EXPORT int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int remove(const char *path)
{
    return unlink(path) && (errno != EISDIR || rmdir(path)) ? -1 : 0;
}

EXPORT int renameat2(int from, const char *old, int to, const char *new,
                     unsigned int flags)
{
    struct path p, q;
    long rc;

    at(&p, from, old);
    at(&q, to, new);
    rc = may_move(&p, &q);
    return rc ? (int)set_errno(rc)
              : (int)real_call(SYS_renameat2, p.dirfd, p.path, q.dirfd, q.path,
                               flags);
}

EXPORT int renameat(int from, const char *old, int to, const char *new)
{
    return renameat2(from, old, to, new, 0);
}

EXPORT int rename(const char *old, const char *new)
{
    return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

EXPORT int linkat(int from, const char *old, int to, const char *new,
                  int flags)
{
    struct path p, q;
    long rc;

    at(&p, from, old);
    at(&q, to, new);
    rc = may_move(&p, &q);
    return rc ? (int)set_errno(rc)
              : (int)real_call(SYS_linkat, p.dirfd, p.path, q.dirfd, q.path,
                               flags);
}

EXPORT int link(const char *old, const char *new)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* ---- rights, owners, sizes, times ---- */

EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
    struct path p;

    at(&p, dirfd, path);
    return NEXT(fchmodat)(p.dirfd, p.path, mode, flags);
}

EXPORT int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

EXPORT int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid,
                    int flags)
{
    struct path p;

    at(&p, dirfd, path);
    return (int)real_call(SYS_fchownat, p.dirfd, p.path, uid, gid, flags);
}

EXPORT int chown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, 0);
}

EXPORT int lchown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

EXPORT int truncate(const char *path, off_t len)
{
    struct path p;

    if ( here(&p, path) != path && is_device(p.path) )
        return (int)set_errno(-EINVAL);
    if ( file_system_of(p.path) >= FS_PROC && is_text(p.path) && is_there(&p) )
        return 0; /* as of any such file: nothing happens */
    return (int)real_call(SYS_truncate, p.path, len);
}

EXPORT int truncate64(const char *path, off64_t len)
{
    return truncate(path, len);
}

EXPORT int utimensat(int dirfd, const char *path,
                     const struct timespec times[2], int flags)
{
    struct path p;

    at(&p, dirfd, path);
    return (int)real_call(SYS_utimensat, p.dirfd, p.path, times, flags);
}

/* ---- folders ---- */

EXPORT int chdir(const char *path)
{
    struct path p;

    return (int)real_call(SYS_chdir, here(&p, path));
}

/* Where the process is, as the program knows the place. */
EXPORT char *getcwd(char *buf, size_t size)
{
    char *real = NEXT(getcwd)(buf, size);
    const char *name = real ? original(real) : NULL;

    return name ? memmove(real, name, strlen(name) + 1) : real;
}

EXPORT char *get_current_dir_name(void)
{
    return getcwd(NULL, 0);
}

EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    struct path p;

    return (int)real_call(SYS_inotify_add_watch, fd, here(&p, path), mask);
}
