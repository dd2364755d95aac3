/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: libxl's clock in a process that is named xl has a thousandth of
 * the speed.  libxl gives QEMU 60 s to start, a guest 60 s to suspend, scripts
 * 40 s and other things 10 s, of which a busy host has too few; so none of these
 * limits is reached before the test's own (tests/limits).  For xl create, save,
 * restore and migrate: removing devices whose QEMU has gone ends by such a limit,
 * so what xl create leaves behind to destroy the guest has the true clock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SLOWER 1000

static pid_t slow; /* the process whose clock is slow */
static struct timespec first;

static __attribute__((constructor)) void begin(void)
{
    if ( strcmp(program_invocation_short_name, "xl") )
        return;
    slow = getpid();
    clock_gettime(CLOCK_REALTIME, &first);
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec now;
    long us;

    (void)tz;
    if ( clock_gettime(CLOCK_REALTIME, &now) )
        return -1;
    if ( getpid() == slow )
    {
        us = (now.tv_sec - first.tv_sec) * (1000000 / SLOWER) +
             (now.tv_nsec - first.tv_nsec) / (1000 * SLOWER) +
             first.tv_nsec / 1000;
        now.tv_sec = first.tv_sec + us / 1000000;
        now.tv_nsec = us % 1000000 * 1000;
    }
    *tv = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
    return 0;
}
