/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the program RAISE_IN: a signal, RAISE_SIGNAL, arrives just before
 * the Nth call, RAISE_AT, of the functions below; with RAISE_ON before each later
 * one, too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static void call(void)
{
    const char *at = getenv("RAISE_AT"), *sig = getenv("RAISE_SIGNAL");
    const char *in = getenv("RAISE_IN");
    long n = at && sig && in ? atol(at) : 0;

    if ( !n || strcmp(program_invocation_short_name, in) )
        return;
    calls++;
    if ( calls == n || (calls > n && getenv("RAISE_ON")) )
        kill(getpid(), atoi(sig));
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list ap;
    void *arg;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    call();
    return next(fd, request, arg);
}

int poll(struct pollfd *p, nfds_t nr, int timeout)
{
    call();
    return NEXT(poll)(p, nr, timeout);
}

pid_t fork(void)
{
    pid_t pid;

    call();
    pid = NEXT(fork)();
    if ( !pid )
        unsetenv("RAISE_AT");
    return pid;
}

int rename(const char *from, const char *to)
{
    call();
    return NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    call();
    return NEXT(mkdir)(path, mode);
}

int unlink(const char *path)
{
    call();
    return NEXT(unlink)(path);
}

int kill(pid_t pid, int sig)
{
    static bool within;

    if ( pid != getpid() && !within )
    {
        within = true;
        call();
        within = false;
    }
    return NEXT(kill)(pid, sig);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    call();
    return NEXT(waitpid)(pid, status, options);
}
