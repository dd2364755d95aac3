/* SPDX-License-Identifier: MIT */
#include "oriel.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "dm.h"
#include "state.h"
#include "uuid.h"
#include "xen.h"

static const char *name_of(const xc_dominfo_t *info,
                           const struct state_record *record)
{
    if ( *record->name )
        return record->name;
    return info->domid ? "-" : XEN_DOM0_NAME;
}

/* r running, b blocked, p paused, s shut down, c crashed, d dying */
static void state_letters(const xc_dominfo_t *info, char text[7])
{
    snprintf(text, 7, "%c%c%c%c%c%c", info->running ? 'r' : '-',
             info->blocked ? 'b' : '-', info->paused ? 'p' : '-',
             info->shutdown ? 's' : '-',
             info->crashed ? 'c' : '-', info->dying ? 'd' : '-');
}

static unsigned int vcpus_of(const xc_dominfo_t *info)
{
    return info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0
                                                        : info->max_vcpu_id + 1;
}

/* Where the messages of its device model are, if there are any. */
static void print_messages(const xc_dominfo_t *info)
{
    char *path = state_path(info->handle, "log");
    struct stat st;

    if ( path && !stat(path, &st) && st.st_size )
        printf("    messages     %s\n", path);
    free(path);
}

static void print_details(const xc_dominfo_t *info,
                          const struct state_record *record)
{
    char uuid[UUID_TEXT];

    uuid_format(info->handle, uuid);
    printf("    uuid         %s\n", uuid);
    printf("    type         %s%s\n", xen_type(info),
           info->hap ? ", nested paging" : "");
    printf("    vcpus        %u, %u online\n", vcpus_of(info),
           info->nr_online_vcpus);
    printf("    memory       %lu pages now, ", info->nr_pages);
    if ( info->max_memkb >= (uint64_t)UINT32_MAX << 2 ) /* Xen's for dom0 */
        printf("no limit");
    else
        printf("at most %lu KiB", info->max_memkb);
    printf(", %lu shared, %lu claimed\n", info->nr_shared_pages,
           info->nr_outstanding_pages);
    if ( info->shutdown || info->crashed )
        printf("    ended        %s\n",
               xen_shutdown_reason(info->shutdown_reason));
    if ( record->dm_pid )
        printf("    device model process %d%s\n", record->dm_pid,
               dm_lives(record->dm_pid, record->dm_start) ? "" : ", gone");
    if ( *record->uart )
        printf("    UART output  %s\n", record->uart);
    print_messages(info);
}

static void print_domain(const xc_dominfo_t *info, bool details)
{
    struct state_record record;
    char letters[7];

    state_read(info->handle, &record);
    state_letters(info, letters);
    printf("%-40s %5u %5lu %5u     %s  %8.1f\n", name_of(info, &record),
           info->domid, info->nr_pages >> 8, info->nr_online_vcpus, letters,
           (double)info->cpu_time / 1e9);
    if ( details )
        print_details(info, &record);
}

static int run_list(int argc, char **argv)
{
    static const struct option options[] = {
        { "long", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    bool details = false;
    xc_dominfo_t *list = NULL;
    xc_interface *xch;
    int c, nr, code = EXIT_OK;

    while ( (c = command_option(&command_list, argc, argv, "lh", options)) !=
            -1 )
    {
        if ( c != 'l' )
            return EXIT_USAGE;
        details = true;
    }
    xch = xen_open(false);
    if ( !xch )
        return EXIT_FAILED;
    if ( optind == argc )
    {
        nr = xen_domains(xch, &list);
        if ( nr < 0 )
            code = failed_errno(errno, NULL, "list the domains");
    }
    else
    {
        nr = 0;
        list = calloc((size_t)(argc - optind), sizeof(*list));
        if ( !list )
            code = failed_errno(errno, NULL, "list the domains");
        for ( ; list && optind < argc; optind++ )
            if ( xen_find(xch, argv[optind], &list[nr]) )
                nr++;
            else
                code = EXIT_FAILED;
    }
    if ( nr > 0 )
        printf("%-40s %5s %5s %5s     %-6s  %8s\n", "Name", "ID", "Mem",
               "VCPUs", "State", "Time(s)");
    for ( int i = 0; i < nr; i++ )
        print_domain(&list[i], details);
    free(list);
    xen_close();
    return code;
}

const struct command command_list = {
    "list", "[-l] [DOMAIN]...", "List all domains, or those named",
    "Mem is in MiB; Time is the CPU time of its vcpus, in seconds.  State: r "
    "running,\nb blocked, p paused, s shut down, c crashed, d dying.\n"
    "  -l, --long   show more about each domain\n",
    run_list,
};
