/* SPDX-License-Identifier: MIT */
/* oriel counters: how often vcpus left guest mode, by reason. */
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "oriel.h"
#include "xen.h"

/* A hypervisor that is newer may have more. */
#define ROOM 64

static void print_line(uint32_t domid, uint32_t vcpu, const uint64_t *counter)
{
    char who[32];

    snprintf(who, sizeof(who), "d%uv%u", domid, vcpu);
    printf("%-10s", who);
    for ( unsigned int i = 0; i < ORIEL_NR_EXIT_REASONS; i++ )
        if ( counter[i] )
            printf(" %s %lu", trace_exit_names[i], (unsigned long)counter[i]);
    putchar('\n');
}

/* A vcpu that is not there is passed over, and so is a domain that went. */
static int show_domain(xc_interface *xch, const xc_dominfo_t *info)
{
    DECLARE_HYPERCALL_BUFFER(uint64_t, buffer);
    int code = EXIT_OK;

    buffer = xc_hypercall_buffer_alloc(xch, buffer, ROOM * sizeof(*buffer));
    if ( !buffer )
        return failed_errno(errno, NULL, "a buffer for counters");
    for ( uint32_t i = 0; code == EXIT_OK && i <= info->max_vcpu_id &&
                          info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID; i++ )
    {
        struct oriel_sysctl_trace t = { .domain = info->domid, .vcpu = i,
                                        .nr = ROOM };

        memset(buffer, 0, ROOM * sizeof(*buffer));
        set_xen_guest_handle(t.counters, buffer);
        if ( !trace_call(xch, ORIEL_TRACE_OP_counters, &t) )
            print_line(info->domid, i, buffer);
        else if ( errno != ESRCH )
            code = trace_failed(errno, "read the counters");
    }
    xc_hypercall_buffer_free(xch, buffer);
    return code;
}

static int show_all(xc_interface *xch)
{
    xc_dominfo_t *list;
    int nr = xen_domains(xch, &list), code = EXIT_OK;

    if ( nr < 0 )
        return failed_errno(errno, NULL, "list the domains");
    for ( int i = 0; i < nr && code == EXIT_OK; i++ )
        code = show_domain(xch, &list[i]);
    free(list);
    return code;
}

static int run_counters(int argc, char **argv)
{
    static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    xc_interface *xch;
    int code = EXIT_OK;

    if ( command_option(&command_counters, argc, argv, "h", options) != -1 )
        return EXIT_USAGE;
    xch = xen_open(false);
    if ( !xch )
        return EXIT_FAILED;
    if ( optind == argc )
        code = show_all(xch);
    for ( ; optind < argc && code == EXIT_OK; optind++ )
    {
        xc_dominfo_t info;

        code = xen_find(xch, argv[optind], &info) ? show_domain(xch, &info)
                                                  : EXIT_FAILED;
    }
    xen_close();
    return code;
}

const struct command command_counters = {
    "counters", "[DOMAIN]...",
    "Show how often vcpus left guest mode, by reason",
    "Without DOMAIN: of all.  Reasons that never came are not shown.\n",
    run_counters,
};
