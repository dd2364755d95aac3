/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: libxl's clock in a process that is named xl has a thousandth of
 * the speed.  libxl gives QEMU 60 s to start, scripts 40 s and other things 10 s,
 * of which a busy host has too few; so none of its limits is reached before the
 * test's own (tests/limits).  Nothing of libxl that succeeds waits for this clock
 * to reach a time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define SLOWER 1000

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    static struct timespec first;
    struct timespec now;
    long us;

    (void)tz;
    if ( clock_gettime(CLOCK_REALTIME, &now) )
        return -1;
    if ( !strcmp(program_invocation_short_name, "xl") )
    {
        if ( !first.tv_sec )
            first = now;
        us = (now.tv_sec - first.tv_sec) * (1000000 / SLOWER) +
             (now.tv_nsec - first.tv_nsec) / (1000 * SLOWER);
        us += first.tv_nsec / 1000;
        now.tv_sec = first.tv_sec + us / 1000000;
        now.tv_nsec = us % 1000000 * 1000;
    }
    *tv = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
    return 0;
}
