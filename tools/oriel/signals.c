/* SPDX-License-Identifier: MIT */
/* They are blocked and read from a signalfd, so that none comes in between. */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "say.h"

static int fd = -1;
static int first; /* 0: none has arrived */
static sigset_t before;
static void (*pipe_before)(int sig);

/* By nohup, or in the background of a shell without job control. */
static bool is_ignored(int sig)
{
    struct sigaction a;

    return !sigaction(sig, NULL, &a) && a.sa_handler == SIG_IGN;
}

bool signals_hold(void)
{
    static const int held[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t set;

    if ( fd >= 0 )
        return true;
    sigemptyset(&set);
    for ( unsigned int i = 0; i < sizeof(held) / sizeof(held[0]); i++ )
        if ( !is_ignored(held[i]) )
            sigaddset(&set, held[i]);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if ( fd < 0 )
    {
        failed_errno(errno, NULL, "wait for signals");
        return false;
    }
    sigprocmask(SIG_BLOCK, &set, &before);
    pipe_before = signal(SIGPIPE, SIG_IGN);
    return true;
}

/* Reads those that have arrived: true if there were any. */
static bool look(void)
{
    struct signalfd_siginfo info;
    bool any = false;

    while ( fd >= 0 && read(fd, &info, sizeof(info)) == sizeof(info) )
    {
        any = true;
        if ( !first )
            first = (int)info.ssi_signo;
    }
    return any;
}

bool signals_arrived(void)
{
    look();
    return first;
}

int signals_fd(void)
{
    return fd;
}

bool signals_sleep(int milliseconds)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    poll(&p, 1, milliseconds);
    return look();
}

bool signals_writable(int out)
{
    struct pollfd p[2] = { { .fd = out, .events = POLLOUT },
                           { .fd = fd, .events = POLLIN } };

    while ( fd >= 0 && poll(p, 2, -1) > 0 && !p[0].revents )
        if ( look() )
            return false;
    return true;
}

void signals_restore(void)
{
    if ( fd < 0 )
        return;
    signal(SIGPIPE, pipe_before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void signals_end(void)
{
    sigset_t set;

    if ( !signals_arrived() )
        return;
    sigemptyset(&set);
    sigaddset(&set, first);
    signal(first, SIG_DFL);
    raise(first);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
