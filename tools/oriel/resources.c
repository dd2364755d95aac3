/* SPDX-License-Identifier: MIT */
/* oriel resources: options, the choice of domains, --watch. */
#include "oriel.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"
#include "xen.h"

struct request {
    const char *who; /* NULL: every domain but dom0 */
    bool json, watch;
};

/*
 * A domain that was destroyed meanwhile is an error only if it was named.  *any:
 * was one printed?
 */
static int show(xc_interface *xch, const xc_dominfo_t *info,
                const struct request *r, bool *any)
{
    struct snapshot s;
    int rc = snapshot_take(xch, info, &s);

    if ( rc == -ESRCH && !r->who )
        return EXIT_OK;
    if ( rc )
        return failed_errno(rc, NULL, "%s: look at its resources",
                            xen_label(info));
    if ( r->json )
    {
        if ( *any )
            fputc(',', stdout);
        snapshot_json(&s, stdout);
    }
    else
        snapshot_text(&s, stdout);
    *any = true;
    snapshot_free(&s);
    return EXIT_OK;
}

static int show_all(xc_interface *xch, const struct request *r)
{
    xc_dominfo_t *list;
    int nr = xen_domains(xch, &list), code = EXIT_OK;
    bool any = false;

    if ( nr < 0 )
        return failed_errno(errno, NULL, "list the domains");
    for ( int i = 0; i < nr && code == EXIT_OK; i++ )
        if ( list[i].domid && !list[i].dying )
            code = show(xch, &list[i], r, &any);
    free(list);
    return code;
}

static int show_once(xc_interface *xch, const struct request *r)
{
    xc_dominfo_t info;
    bool any = false;
    int code = EXIT_FAILED;

    if ( r->json )
        printf("{\"version\":%d,\"domains\":[", SNAPSHOT_JSON_VERSION);
    if ( !r->who )
        code = show_all(xch, r);
    else if ( xen_find(xch, r->who, &info) )
        code = info.domid ? show(xch, &info, r, &any)
                          : failed("d0: a domain cannot map its own resources");
    if ( r->json )
        fputs("]}\n", stdout);
    /* --watch ends when its output cannot be written. */
    return flush_output() ? code : EXIT_FAILED;
}

static int run_resources(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "watch", no_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct request r = { 0 };
    xc_interface *xch;
    int c, code;

    while ( (c = command_option(&command_resources, argc, argv, "jwh",
                                options)) != -1 )
        switch ( c )
        {
        case 'j': r.json = true; break;
        case 'w': r.watch = true; break;
        default: return EXIT_USAGE;
        }
    if ( optind + 1 < argc )
        return misused("resources", "expected at most one DOMAIN");
    r.who = argv[optind];
    xch = xen_open(false);
    if ( !xch )
        return EXIT_FAILED;
    do
    {
        if ( r.watch && !r.json && isatty(STDOUT_FILENO) )
            fputs("\033[H\033[2J", stdout);
        code = show_once(xch, &r);
        if ( r.watch && code == EXIT_OK )
            nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    } while ( r.watch && code == EXIT_OK );
    xen_close();
    return code;
}

const struct command command_resources = {
    "resources", "[OPTION]... [DOMAIN]",
    "Show what domains share: ioreq pages, buffered rings, grant tables",
    "Without DOMAIN: all but dom0.  After this command an ioreq server's device "
    "model\ncannot get its pages at frame numbers of the guest: see oriel(1).\n"
    "  -j, --json    print a JSON object; its schema is "
    "resources.schema.json\n"
    "  -w, --watch   print again every second, until the domain is destroyed\n",
    run_resources,
};
