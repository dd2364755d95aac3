/* SPDX-License-Identifier: MIT */
/*
 * cpu-time SECONDS DOMID...: how much CPU time each of these domains gets within
 * so many seconds, in us; first of all how many us these were.  This program
 * sleeps meanwhile; "-SECONDS" keeps the CPU busy instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <xenctrl.h>

#define MAX_DOMAINS 8

static uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_time(xc_interface *xch, uint32_t domid)
{
    xc_dominfo_t info;

    if ( xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid )
    {
        fprintf(stderr, "cpu-time: no domain %u\n", domid);
        exit(1);
    }
    return info.cpu_time;
}

static void wait(long seconds)
{
    const struct timespec t = { .tv_sec = seconds };
    uint64_t end = clock_ns() + (uint64_t)-seconds * 1000000000U;

    if ( seconds > 0 )
        nanosleep(&t, NULL); /* no verdict: what is counted is measured */
    else
        while ( clock_ns() < end )
            continue;
}

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    uint64_t before[MAX_DOMAINS], began;
    int nr = argc - 2;

    if ( !xch || nr < 0 || nr > MAX_DOMAINS )
    {
        fprintf(stderr, "usage: cpu-time [-]SECONDS DOMID...\n");
        return 1;
    }
    began = clock_ns();
    for ( int i = 0; i < nr; i++ )
        before[i] = cpu_time(xch, (uint32_t)atoi(argv[i + 2]));
    wait(atol(argv[1]));
    printf("%" PRIu64, (clock_ns() - began) / 1000);
    for ( int i = 0; i < nr; i++ )
        printf(" %" PRIu64,
               (cpu_time(xch, (uint32_t)atoi(argv[i + 2])) - before[i]) / 1000);
    printf("\n");
    return xc_interface_close(xch) != 0;
}
