/* SPDX-License-Identifier: MIT */
/*
 * Guests, one after the other, on one hypervisor: each is created by `oriel`,
 * served by `oriel-dm` until it powers off, and destroyed.  What the three take,
 * as bench.h has it.  Nothing may be left of them.
 *
 *   guests NUMBER CONFIG        both programs are in PATH
 */
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>

#include "bench.h"

extern char **environ;

enum phase { CREATED, SERVED, DESTROYED, ALL, NR_PHASES };
static const char *const labels[NR_PHASES] = {
    "created", "served: from its start until it powers off", "destroyed",
    "all three",
};

static xc_interface *xch;
static xenevtchn_handle *evtchn;
static evtchn_port_t exc; /* a domain has ended */

static void run(const char *const argv[])
{
    int status;
    pid_t pid;

    MUST(!posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ));
    MUST(waitpid(pid, &status, 0) == pid);
    MUST(status == 0);
}

/* The only domain but dom0, or 0. */
static uint32_t guest(xc_dominfo_t *info)
{
    return xc_domain_getinfo(xch, 1, 1, info) == 1 ? info->domid : 0;
}

static void await_shutdown(void)
{
    xc_dominfo_t info;

    for ( ;; )
    {
        struct pollfd p = { xenevtchn_fd(evtchn), POLLIN, 0 };

        MUST(guest(&info));
        if ( info.shutdown )
            break;
        MUST(poll(&p, 1, -1) == 1);
        MUST(xenevtchn_pending(evtchn) == (xenevtchn_port_or_error_t)exc);
        MUST(!xenevtchn_unmask(evtchn, exc));
    }
    MUST(info.shutdown_reason == SHUTDOWN_poweroff);
}

static void one(const char *config, double ns[NR_PHASES])
{
    const char *const create[] = { "oriel", "create", "--quiet", "--paused",
                                   config, NULL };
    const char *const destroy[] = { "oriel", "destroy", "bench", NULL };
    uint64_t at[4];
    xc_dominfo_t info;

    at[0] = bench_now();
    run(create);
    at[1] = bench_now();
    MUST(guest(&info));
    MUST(!xc_domain_unpause(xch, info.domid));
    await_shutdown();
    at[2] = bench_now();
    run(destroy);
    at[3] = bench_now();
    MUST(!guest(&info));
    for ( unsigned int i = 0; i < ALL; i++ )
        ns[i] = (double)(at[i + 1] - at[i]);
    ns[ALL] = (double)(at[3] - at[0]);
}

static uint64_t free_pages(void)
{
    xc_physinfo_t info = { 0 };

    MUST(!xc_physinfo(xch, &info));
    return info.free_pages;
}

/* Is the last tenth as fast as the first?  By medians; sorts both. */
static double drift(const double *sample, unsigned int nr)
{
    unsigned int part = nr / 10 ? nr / 10 : 1;
    double first[2] = { 0 };

    for ( unsigned int k = 0; k < 2; k++ )
    {
        double *copy = malloc(part * sizeof(*copy));

        MUST(copy);
        memcpy(copy, sample + (k ? nr - part : 0), part * sizeof(*copy));
        for ( unsigned int i = 1; i < part; i++ )
            for ( unsigned int j = i; j && copy[j - 1] > copy[j]; j-- )
            {
                double t = copy[j];

                copy[j] = copy[j - 1];
                copy[j - 1] = t;
            }
        first[k] = copy[part / 2];
        free(copy);
    }
    return first[1] / first[0];
}

int main(int argc, char **argv)
{
    unsigned int nr = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
    double *sample[NR_PHASES], ns[NR_PHASES], slower;
    uint64_t before;

    MUST(nr);
    MUST((xch = xc_interface_open(NULL, NULL, 0)));
    MUST((evtchn = xenevtchn_open(NULL, 0)));
    exc = (evtchn_port_t)xenevtchn_bind_virq(evtchn, VIRQ_DOM_EXC);
    for ( unsigned int i = 0; i < NR_PHASES; i++ )
        MUST((sample[i] = calloc(nr, sizeof(**sample))));
    one(argv[2], ns); /* what is made once is not counted as left */
    before = free_pages();
    for ( unsigned int i = 0; i < nr; i++ )
    {
        one(argv[2], ns);
        for ( unsigned int k = 0; k < NR_PHASES; k++ )
            sample[k][i] = ns[k];
        if ( (i + 1) % 100 == 0 )
            fprintf(stderr, "%u guests\n", i + 1);
    }
    MUST(free_pages() == before);
    slower = drift(sample[ALL], nr);
    for ( unsigned int k = 0; k < NR_PHASES; k++ )
        bench_print("guests", labels[k], sample[k], nr);
    bench_ratio("guests", "the last tenth / the first tenth", slower, 0);
    return 0;
}
