/* SPDX-License-Identifier: MIT */
/* The reference device model as a program. */
#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <xenctrl.h>

#include "../descriptors.h"
#include "dm.h"

/*
 * A signal ends waiting for an event.  A signal that arrives just before the
 * wait is noticed at the next tick, when the domain's state is checked, too.
 */
#define TICK_US 500000
static volatile sig_atomic_t stop, tick;
static ioserver *volatile looking; /* ioserver_run() serves this one */

static void on_signal(int sig)
{
    ioserver *io = looking;

    if ( io )
        ioserver_stop(io);
    if ( sig == SIGALRM )
        tick = 1;
    else
        stop = 1;
}

void complain(domid_t domid, const char *what, const char *hint)
{
    fprintf(stderr, "oriel-dm: d%u: %s: %s%s%s\n", domid, what,
            strerror(errno), *hint ? "; " : "", hint);
}

static void usage(FILE *to)
{
    fprintf(to,
            "usage: oriel-dm [OPTION]... DOMID\n"
            "A device model of a guest: a UART (uart) at port 0x3f8, a block "
            "of registers\n"
            "(block) at ports 0x500-0x50f and at 0xf1000000, buffered writes "
            "(window) at\n"
            "0xa0000-0xbffff, the guest's own interrupt lines (lines) at ports "
            "0x510-0x51f.\n"
            "  -d, --devices LIST   only these, with commas between them, or "
            "none: other\n"
            "                       device models serve the rest\n"
            "  -p, --pci B:D.F      also a PCI function, such as 00:1e.0\n"
            "  -c, --console FILE   file for the UART's output (default: "
            "standard output)\n"
            "  -i, --input          the UART reads standard input\n"
            "  -t, --trace FILE     write a line there for each request (-: "
            "standard output)\n"
            "  -r, --ready-fd N     write a byte there when ready to serve "
            "requests\n"
            "  -l, --looks N        look N times for a request before "
            "sleeping: faster, and\n"
            "                       keeps a processor (default: 0)\n"
            "  -h, --help, --version\n"
            "oriel-dm ends when the guest shuts down or is destroyed.\n");
}

static int open_output(const char *path)
{
    int fd;

    if ( !strcmp(path, "-") )
        return STDOUT_FILENO;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if ( fd < 0 )
    {
        fprintf(stderr, "oriel-dm: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

/* Does the domain exist, and has it not shut down? */
static bool domain_lives(xc_interface *xch, domid_t domid)
{
    xc_dominfo_t info;

    return xc_domain_getinfo(xch, domid, 1, &info) == 1 &&
           info.domid == domid && !info.dying && !info.shutdown &&
           !info.crashed;
}

static bool parse_domid(const char *text, domid_t *domid)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if ( *text < '0' || *text > '9' || *end || value >= DOMID_FIRST_RESERVED )
    {
        fprintf(stderr, "oriel-dm: %s: not a domain id; see oriel list\n",
                text);
        return false;
    }
    *domid = (domid_t)value;
    return true;
}

/* The number of an option, up to max; what: what it is not. */
static bool parse_number(const char *option, const char *text, unsigned int max,
                         const char *what, unsigned int *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if ( *text < '0' || *text > '9' || *end || value > max )
    {
        fprintf(stderr, "oriel-dm: %s %s: not a %s\n", option, text, what);
        return false;
    }
    *number = (unsigned int)value;
    return true;
}

/* One event or, with looks, all there is until a signal.  False: no more. */
static bool serve_some(struct server *s)
{
    int rc;

    if ( !s->looks )
        return ioserver_wait(s->io, -1) >= 0;
    looking = s->io;
    rc = ioserver_run(s->io);
    looking = NULL;
    if ( !rc )
        return true;
    tick = 1; /* see whether the domain has gone, too */
    return errno == ESRCH;
}

/* Serve until the domain ends or a signal arrives: the exit status. */
static int serve_all(struct server *s, xc_interface *xch)
{
    static const struct itimerval ticks = { { 0, TICK_US }, { 0, TICK_US } };

    setitimer(ITIMER_REAL, &ticks, NULL);
    tick = 1;
    while ( !stop )
    {
        if ( tick )
        {
            tick = 0;
            if ( !domain_lives(xch, s->domid) )
                break;
        }
        if ( !serve_some(s) )
        {
            complain(s->domid, "wait for events",
                     "the hypervisor has ended");
            return 1;
        }
    }
    return 0;
}

static int run(domid_t domid, unsigned int looks, int ready_fd)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    struct server server = { .looks = looks };
    int rc = 1;

    if ( !xch )
    {
        complain(domid, "open the control interface",
                 "run it in dom0, or under scripts/hosted");
        return 1;
    }
    pci_connect(&server);
    if ( server_open(&server, domid) )
    {
        overlaps_warn(xch, &server);
        lines_connect(ioserver_device_model(server.io), domid);
        if ( ready_fd >= 0 && write(ready_fd, "r", 1) != 1 )
            complain(domid, "say that it is ready", "is --ready-fd open?");
        rc = serve_all(&server, xch);
    }
    server_close(&server);
    xc_interface_close(xch);
    return rc;
}

static int flush_output(void)
{
    if ( !fflush(stdout) )
        return 0;
    fprintf(stderr, "oriel-dm: standard output: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "console", required_argument, NULL, 'c' },
        { "devices", required_argument, NULL, 'd' },
        { "input", no_argument, NULL, 'i' },
        { "pci", required_argument, NULL, 'p' },
        { "trace", required_argument, NULL, 't' },
        { "ready-fd", required_argument, NULL, 'r' },
        { "looks", required_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    struct sigaction action = { .sa_handler = on_signal };
    static char name[] = "oriel-dm";
    int in = -1, out = STDOUT_FILENO, ready_fd = -1, c;
    unsigned int looks = 0, number;
    domid_t domid;

    fill_descriptors();
    argv[0] = name; /* getopt's messages begin with it */
    while ( (c = getopt_long(argc, argv, "c:d:ip:t:r:l:h", options, NULL)) >= 0 )
        switch ( c )
        {
        case 'c': out = open_output(optarg); break;
        case 'd':
            if ( !devices_choose(optarg) )
                return 2;
            break;
        case 'i': in = STDIN_FILENO; break;
        case 'p':
            if ( !devices_place_pci(optarg) )
                return 2;
            break;
        case 't': trace_to(open_output(optarg)); break;
        case 'r':
            if ( !parse_number("--ready-fd", optarg, INT_MAX, "descriptor",
                               &number) )
                return 2;
            ready_fd = (int)number;
            break;
        case 'l':
            if ( !parse_number("--looks", optarg, UINT_MAX, "number of looks",
                               &looks) )
                return 2;
            break;
        case 'h':
            usage(stdout);
            return flush_output();
        case 'V':
            puts("oriel-dm " ORIEL_VERSION);
            return flush_output();
        default:
            usage(stderr);
            return 2;
        }
    if ( optind + 1 != argc )
    {
        usage(stderr);
        return 2;
    }
    if ( !parse_domid(argv[optind], &domid) )
        return 2;
    signal(SIGPIPE, SIG_IGN); /* output_write() says what is lost */
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    uart_connect(in, out);
    c = run(domid, looks, ready_fd);
    output_close(out, "the UART's output");
    output_close(trace_fd, "the trace");
    return c || !output_complete();
}
