/* SPDX-License-Identifier: MIT */
/* The options of the command line. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "server.h"

struct server_options server_option = { .memory_mib = 256 };

static void usage(FILE *to)
{
    fprintf(to,
            "usage: xen-hosted [OPTION]... -- COMMAND [ARG]...\n"
            "Run COMMAND on a hypervisor in a process; the exit status is "
            "COMMAND's.\n"
            "  --memory MIB     memory of the machine (default 256)\n"
            "  --console FILE   file for the console (default: standard "
            "error)\n"
            "  --loglvl LEVEL   none, error, warning, info (default), debug or "
            "all; A/B: what\n"
            "                   is above A up to B is limited\n"
            "  --guest-loglvl LEVEL  the same for what guests cause (default "
            "none/all)\n"
            "  --timestamps T   before each line: none (default), boot, date, "
            "datems, raw\n"
            "  --socket PATH    socket that clients connect to (default: in a "
            "new folder\n"
            "                   in TMPDIR or /tmp)\n"
            "  --preload FILE   library that gives COMMAND its /dev/xen files\n"
            "  --toolstack[=DIR]  start xenstored, xenconsoled and "
            "xen-init-dom0 first; DIR:\n"
            "                   where Debian's packages are unpacked (default: "
            "installed)\n"
            "  --trace[=FILE]   print each call that COMMAND's processes make of "
            "/dev/xen, to FILE\n"
            "                   (default: standard error)\n"
            "  --audit          at the end recount all references; exit 1 when "
            "one is wrong\n"
            "  --fail N         the Nth allocation of the hypervisor fails, "
            "counted from the\n"
            "                   start of the first program\n"
            "  --fail-copy N    the Nth copy from or to a program or a guest "
            "fails\n"
            "  --version        print the version\n");
}

/* 0, or -1 and a line. */
static int number(const char *name, long min, long max, long *to)
{
    char *end;

    *to = strtol(optarg, &end, 10);
    if ( *optarg && !*end && *to >= min && *to <= max )
        return 0;
    fprintf(stderr, "xen-hosted: --%s %s: must be %ld to %ld\n", name, optarg,
            min, max);
    return -1;
}

/* One option: 0, or -1 and a line. */
static int take(int c)
{
    switch ( c )
    {
    case 'm': return number("memory", 4, 65536, &server_option.memory_mib);
    case 'f': return number("fail", 1, 1L << 40, &server_option.fail);
    case 'y': return number("fail-copy", 1, 1L << 40,
                            &server_option.fail_copy);
    case 'c': server_option.console = optarg; break;
    case 'l': server_option.loglvl = optarg; break;
    case 'g': server_option.guest_loglvl = optarg; break;
    case 't': server_option.timestamps = optarg; break;
    case 's': server_option.socket = optarg; break;
    case 'p': server_option.preload = optarg; break;
    case 'T':
        server_option.toolstack = true;
        server_option.debian = optarg;
        break;
    case 'r':
        server_option.trace = true;
        server_option.trace_file = optarg;
        break;
    case 'a': server_option.audit = true; break;
    case 'h':
        usage(stdout);
        exit(output_finish_stdout());
    case 'V':
        puts("xen-hosted " ORIEL_VERSION);
        exit(output_finish_stdout());
    default:
        usage(stderr);
        return -1;
    }
    return 0;
}

int options_parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "memory", required_argument, NULL, 'm' },
        { "console", required_argument, NULL, 'c' },
        { "loglvl", required_argument, NULL, 'l' },
        { "guest-loglvl", required_argument, NULL, 'g' },
        { "timestamps", required_argument, NULL, 't' },
        { "socket", required_argument, NULL, 's' },
        { "preload", required_argument, NULL, 'p' },
        { "toolstack", optional_argument, NULL, 'T' },
        { "trace", optional_argument, NULL, 'r' },
        { "audit", no_argument, NULL, 'a' },
        { "fail", required_argument, NULL, 'f' },
        { "fail-copy", required_argument, NULL, 'y' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    static char name[] = "xen-hosted";
    int c;

    argv[0] = name; /* getopt's messages begin with it */
    while ( (c = getopt_long(argc, argv, "+h", options, NULL)) >= 0 )
        if ( take(c) )
            return -1;
    if ( optind == argc )
    {
        usage(stderr);
        return -1;
    }
    return optind;
}
