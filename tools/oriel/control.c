/* SPDX-License-Identifier: MIT */
/* The commands that do one thing to one domain. */
#include "oriel.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "dm.h"
#include "signals.h"
#include "state.h"
#include "xen.h"

static const struct option only_help[] = {
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

/*
 * Finds the one DOMAIN of the command line.  NULL after a message, with the
 * exit code in *code; else the caller closes the connection.
 */
static xc_interface *one_domain(const struct command *command, int argc,
                                char **argv, xc_dominfo_t *info, int *code)
{
    xc_interface *xch;

    *code = EXIT_USAGE;
    if ( command_option(command, argc, argv, "h", only_help) != -1 )
        return NULL;
    if ( optind + 1 != argc )
    {
        misused(command->name, "expected one DOMAIN");
        return NULL;
    }
    *code = EXIT_FAILED;
    xch = xen_open(false);
    if ( xch && !xen_find(xch, argv[optind], info) )
    {
        xen_close();
        xch = NULL;
    }
    if ( xch && info->domid == 0 )
    {
        failed("d0: oriel %s does not act on the control domain",
               command->name);
        xen_close();
        xch = NULL;
    }
    return xch;
}

static int simple(const struct command *command, int argc, char **argv,
                  int (*call)(xc_interface *xch, uint32_t domid))
{
    xc_dominfo_t info;
    int code;
    xc_interface *xch = one_domain(command, argc, argv, &info, &code);

    if ( !xch )
        return code;
    code = EXIT_OK;
    if ( call(xch, info.domid) )
        code = failed_errno(errno, errno == EINVAL
                                       ? "is the domain paused and alive? see "
                                         "oriel list"
                                       : NULL,
                            "%s: %s it", xen_label(&info), command->name);
    xen_close();
    return code;
}

static int run_pause(int argc, char **argv)
{
    return simple(&command_pause, argc, argv, xc_domain_pause);
}

const struct command command_pause = {
    "pause", "DOMAIN", "Stop a domain until it is unpaused",
    "Pauses are counted: as many unpauses let the domain run again.\n", run_pause,
};

static int run_unpause(int argc, char **argv)
{
    return simple(&command_unpause, argc, argv, xc_domain_unpause);
}

const struct command command_unpause = {
    "unpause", "DOMAIN", "Let a paused domain run", "", run_unpause,
};

static int power_off(xc_interface *xch, uint32_t domid)
{
    return xc_domain_shutdown(xch, domid, SHUTDOWN_poweroff);
}

static int run_shutdown(int argc, char **argv)
{
    return simple(&command_shutdown, argc, argv, power_off);
}

const struct command command_shutdown = {
    "shutdown", "DOMAIN", "Stop a domain as though it had powered off",
    "The guest is not asked: it stops where it is.  It stays listed, with its "
    "memory,\nuntil it is destroyed.\n",
    run_shutdown,
};

/* Ends the device model and removes what is recorded: the exit code. */
static int forget(const xc_dominfo_t *info)
{
    struct state_record record;
    char *log = state_path(info->handle, "log");
    bool known = state_read(info->handle, &record);
    int code = EXIT_OK;

    if ( known && dm_stop(record.dm_pid, record.dm_start, false) == DM_LIVES )
        code = EXIT_FAILED; /* its record is for the next oriel create */
    else
    {
        if ( dm_show_messages(log, known ? record.name : xen_label(info)) )
            code = EXIT_FAILED;
        state_remove(info->handle);
    }
    free(log);
    return code;
}

static int run_destroy(int argc, char **argv)
{
    xc_dominfo_t info;
    int code;
    xc_interface *xch = one_domain(&command_destroy, argc, argv, &info, &code);

    if ( !xch )
        return code;
    /* The memory is freed when the device model has unmapped its pages. */
    if ( !signals_hold() )
        code = EXIT_FAILED;
    else if ( xc_domain_destroy(xch, info.domid) && errno != ESRCH )
        code = failed_errno(errno, NULL, "%s: destroy it", xen_label(&info));
    else
        code = forget(&info);
    xen_close();
    signals_end();
    return code;
}

const struct command command_destroy = {
    "destroy", "DOMAIN", "End a domain and its device model at once",
    "Pages of the domain that are mapped elsewhere stay until they are "
    "unmapped.\nMessages of the device model are printed; 1 if oriel-dm says "
    "that it failed.\n",
    run_destroy,
};
