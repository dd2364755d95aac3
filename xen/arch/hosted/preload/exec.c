/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that run a program, or name a socket, by a path: see
 * preload.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload.h"

/* ---- programs ---- */

static const char *program(const char *path, char buf[PATH_MAX])
{
    const char *ours = path && strchr(path, '/') ? stand_in(AT_FDCWD, path, buf)
                                                 : NULL;

    return ours ? ours : path;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    char buf[PATH_MAX];

    return (int)real_call(SYS_execve, program(path, buf), argv, envp);
}

EXPORT int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

EXPORT int execvpe(const char *name, char *const argv[], char *const envp[])
{
    char buf[PATH_MAX];

    return NEXT(execvpe)(program(name, buf), argv, envp);
}

EXPORT int execvp(const char *name, char *const argv[])
{
    return execvpe(name, argv, environ);
}

/* The arguments after the first, and what follows NULL. */
#define COLLECT(first, ap, argv, nr)                                          \
    va_list ap;                                                               \
    size_t nr = 1;                                                            \
    va_start(ap, first);                                                      \
    while ( va_arg(ap, char *) )                                              \
        nr++;                                                                 \
    va_end(ap);                                                               \
    char **argv = __builtin_alloca((nr + 1) * sizeof(*argv));                 \
    argv[0] = (char *)(uintptr_t)first;                                       \
    va_start(ap, first);                                                      \
    for ( size_t i_ = 1; i_ <= nr; i_++ )                                     \
        argv[i_] = va_arg(ap, char *)

EXPORT int execl(const char *path, const char *arg, ...)
{
    COLLECT(arg, ap, argv, nr);
    va_end(ap);
    return execv(path, argv);
}

EXPORT int execlp(const char *name, const char *arg, ...)
{
    COLLECT(arg, ap, argv, nr);
    va_end(ap);
    return execvp(name, argv);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
    char *const *envp;

    COLLECT(arg, ap, argv, nr);
    envp = va_arg(ap, char *const *);
    va_end(ap);
    return execve(path, argv, envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path,
                       const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attr, char *const argv[],
                       char *const envp[])
{
    char buf[PATH_MAX];

    return NEXT(posix_spawn)(pid, program(path, buf), actions, attr, argv,
                             envp);
}

EXPORT int posix_spawnp(pid_t *pid, const char *name,
                        const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attr, char *const argv[],
                        char *const envp[])
{
    char buf[PATH_MAX];

    return NEXT(posix_spawnp)(pid, program(name, buf), actions, attr, argv,
                              envp);
}

/* The child opens it without this library, so that a device is not found. */
EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions,
                                            int fd, const char *path, int flags,
                                            mode_t mode)
{
    char buf[PATH_MAX];
    const char *ours = stand_in(AT_FDCWD, path, buf);

    return NEXT(posix_spawn_file_actions_addopen)(
        actions, fd, ours && kind_of(ours) < 0 ? ours : path, flags, mode);
}

EXPORT int posix_spawn_file_actions_addchdir_np(
    posix_spawn_file_actions_t *actions, const char *path)
{
    char buf[PATH_MAX];
    const char *ours = stand_in(AT_FDCWD, path, buf);

    return NEXT(posix_spawn_file_actions_addchdir_np)(actions,
                                                      ours ? ours : path);
}

/*
 * Debian's daemons refuse to run as another user than root, whom they need on
 * Linux for files that are the user's own here.
 */
static bool is_of_toolstack(void)
{
    char path[PATH_MAX];
    ssize_t len = real_call(SYS_readlink, "/proc/self/exe", path,
                            sizeof(path) - 1);

    path[len > 0 ? len : 0] = '\0';
    return getenv(WIRE_TOOLSTACK_ENV) && strstr(path, "/usr/lib/xen-4.17/bin/");
}

EXPORT uid_t geteuid(void)
{
    static int of_toolstack = -1;

    if ( of_toolstack < 0 )
        of_toolstack = is_of_toolstack();
    return of_toolstack ? 0 : (uid_t)real_call(SYS_geteuid);
}

/* ---- sockets ---- */

/*
 * The stand-in's name can be longer than an address has room for: its folder is
 * named by a descriptor, *dir, to be closed after use.  NULL: none of ours, or,
 * with *dir -2, errno says why not.
 */
static const struct sockaddr *stand_in_address(const struct sockaddr *addr,
                                               socklen_t *len, bool binds,
                                               int *dir, struct sockaddr_un *un)
{
    char name[sizeof(un->sun_path) + 1] = "", buf[PATH_MAX], *last;
    size_t head = offsetof(struct sockaddr_un, sun_path);

    *dir = -1;
    if ( !addr || *len <= head || *len > sizeof(*un) ||
         addr->sa_family != AF_UNIX )
        return NULL;
    memcpy(name, ((const struct sockaddr_un *)addr)->sun_path, *len - head);
    if ( !stand_in(AT_FDCWD, name, buf) )
        return NULL;
    if ( binds && file_system_of(buf) >= FS_PROC )
    {
        *dir = -2;
        set_errno(-EPERM);
        return NULL;
    }
    last = strrchr(buf, '/');
    *last++ = '\0';
    *dir = (int)real_call(SYS_openat, AT_FDCWD, buf,
                          O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    un->sun_family = AF_UNIX;
    if ( *dir < 0 )
        *dir = -2;
    else if ( snprintf(un->sun_path, sizeof(un->sun_path),
                       "/proc/self/fd/%d/%s", *dir, last) >=
              (int)sizeof(un->sun_path) )
    {
        real_close(*dir);
        *dir = -2;
        set_errno(-EINVAL);
    }
    *len = sizeof(*un);
    return *dir == -2 ? NULL : (const struct sockaddr *)un;
}

static int with_address(long call, int fd, const struct sockaddr *addr,
                        socklen_t len)
{
    struct sockaddr_un un;
    const struct sockaddr *ours;
    int dir, rc, err;

    ours = stand_in_address(addr, &len, call == SYS_bind, &dir,
                            &un);
    if ( dir == -2 )
        return -1;
    rc = (int)cancellable_call(call, fd, (long)(ours ? ours : addr), len, 0);
    err = errno;
    if ( dir >= 0 )
        real_close(dir);
    errno = err;
    return rc;
}

EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return with_address(SYS_bind, fd, addr, len);
}

EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    return with_address(SYS_connect, fd, addr, len);
}
