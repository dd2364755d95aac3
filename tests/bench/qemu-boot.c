/* SPDX-License-Identifier: MIT */
/*
 * qemu-boot DOMID FIFO: in dom0, unpauses an HVM guest whose serial port comes
 * through FIFO and whose program is qemu-guest.c, and prints its figures as rows
 * for scripts/bench-xen.  Its own row is what dom0 and the guest execute between
 * the unpausing and the guest's line "userland": the CPU time of both, which in
 * a machine of scripts/vm --icount has one nanosecond for each instruction and
 * does not count a CPU that sleeps.  Fails when a figure is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

#define ROWS 2 /* of the guest */

static uint64_t cpu_time(xc_interface *xch, uint32_t domid)
{
    xc_dominfo_t info;

    if ( xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid )
    {
        fprintf(stderr, "qemu-boot: domain %u is gone\n", domid);
        exit(1);
    }
    return info.cpu_time;
}

static uint64_t both(xc_interface *xch, uint32_t domid)
{
    return cpu_time(xch, 0) + cpu_time(xch, domid);
}

static void row(const char *label, uint64_t n)
{
    printf("row\tqemu\t%s\t%lu\n", label, (unsigned long)n);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    uint32_t domid = argc == 3 ? (uint32_t)atoi(argv[1]) : 0;
    FILE *serial = domid ? fopen(argv[2], "r+") : NULL;
    unsigned int nr_rows = 0;
    char line[200], label[100];
    unsigned long n;
    uint64_t before;

    if ( !xch || !serial )
    {
        fprintf(stderr, "usage: qemu-boot DOMID FIFO\n");
        return 2;
    }
    before = both(xch, domid);
    if ( xc_domain_unpause(xch, domid) )
    {
        perror("qemu-boot: unpause");
        return 1;
    }
    while ( fgets(line, sizeof(line), serial) && strncmp(line, "end", 3) )
    {
        if ( !strncmp(line, "userland", 8) )
            row("from unpausing to userland", both(xch, domid) - before);
        else if ( sscanf(line, "bench %99[^:]: %lu", label, &n) == 2 )
        {
            row(label, n);
            nr_rows++;
        }
        else
            fputs(line, stderr);
    }
    return nr_rows != ROWS;
}
