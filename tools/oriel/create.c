/* SPDX-License-Identifier: MIT */
/*
 * oriel create:
 *
 *   build ──> device model ──> unpause ──> (-F) console to its end ──> gone
 *     │            └─ fails: destroy the domain
 *     └─ fails: nothing is left
 *
 * Signals are held (signals.h) until the domain runs, or with -F until it is
 * gone: each step looks whether one has arrived, and undoes all.
 */
#include "oriel.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "dm.h"
#include "signals.h"
#include "state.h"
#include "uuid.h"
#include "xen.h"

struct request {
    const char *file, *dm, *trace, *uart;
    bool no_dm, paused, quiet, verbose, foreground, strict;
};

/* ---- before ---- */

struct living {
    xc_dominfo_t *list;
    int nr;
};

static bool is_living(const uint8_t *handle, void *arg)
{
    const struct living *l = arg;

    for ( int i = 0; i < l->nr; i++ )
        if ( !memcmp(l->list[i].handle, handle, sizeof(xen_domain_handle_t)) )
            return true;
    return false;
}

/* No two domains have the same name or UUID. */
static bool is_new(xc_interface *xch, const struct config *config,
                   const uint8_t *uuid)
{
    struct living l;
    bool good = true;

    l.nr = xen_domains(xch, &l.list);
    if ( l.nr < 0 )
    {
        failed_errno(errno, NULL, "list the domains");
        return false;
    }
    for ( int i = 0; i < l.nr && good; i++ )
    {
        struct state_record record;

        if ( state_read(l.list[i].handle, &record) &&
             !strcmp(record.name, config->name) )
        {
            failed("%s: %s has this name; choose another or destroy it",
                   config->name, xen_label(&l.list[i]));
            good = false;
        }
        else if ( !memcmp(l.list[i].handle, uuid, sizeof(config->uuid)) )
        {
            failed("%s: %s has this UUID", config->name,
                   xen_label(&l.list[i]));
            good = false;
        }
    }
    if ( good )
        state_prune(is_living, &l);
    free(l.list);
    return good;
}

/* ---- device model ---- */

static bool start_dm(const struct request *r, const struct build *b,
                     struct state_record *record)
{
    struct dm_request dm = {
        .domid = b->domid, .program = r->dm, .uart = r->uart,
        .trace = r->trace,
    };
    char *uart = state_path(b->uuid, "uart"), *log = state_path(b->uuid, "log");
    bool good;

    /* The user's own files have no limit, nor those of the user's own program. */
    dm.bounded = !r->dm && !r->foreground && !r->uart && !r->trace;
    if ( !dm.uart )
        dm.uart = r->foreground ? "-" : uart ? uart : "/dev/null";
    if ( !r->foreground )
        dm.log = log;
    good = dm_start(&dm, &record->dm_pid, &record->dm_start);
    if ( strcmp(dm.uart, "-") )
        snprintf(record->uart, sizeof(record->uart), "%s", dm.uart);
    free(uart);
    free(log);
    return good;
}

/*
 * Destroys the domain and ends its device model.  False when that, or the device
 * model, failed.  The record of a domain that is left is kept, for its name.
 */
static bool undo(const struct build *b, const struct state_record *record)
{
    bool good = true, left = xc_domain_destroy(b->xch, b->domid) &&
                             errno != ESRCH;
    char *log = state_path(b->uuid, "log");

    if ( left )
        good = failed_errno(errno, "try oriel destroy", "d%u: destroy it",
                            b->domid) == EXIT_OK;
    good &= dm_stop(record->dm_pid, record->dm_start, true) == DM_GONE;
    good &= !dm_show_messages(log, record->name);
    if ( !left )
        state_remove(b->uuid);
    free(log);
    return good;
}

/* ---- after ---- */

struct created {
    const struct build *build;
    const char *name;
};

static bool unpause(void *arg)
{
    const struct created *c = arg;
    const struct build *b = c->build;

    if ( !xc_domain_unpause(b->xch, b->domid) )
        return true;
    failed_errno(errno, NULL, "d%u (%s): unpause it", b->domid, c->name);
    return false;
}

/*
 * Wait until the domain ends; then destroy it, also after an error.  It begins
 * to run once its console is attached, before it can do anything to this.
 */
static int stay(const struct request *r, const struct build *b,
                const struct state_record *record)
{
    struct created c = { b, record->name };
    enum console_end end = console_attach(b->domid, r->paused ? NULL : unpause,
                                          &c);
    xc_dominfo_t info;
    int code = EXIT_FAILED;

    if ( end == CONSOLE_LEFT || signals_arrived() )
        failed("d%u (%s): interrupted: destroying it", b->domid, record->name);
    else if ( !xen_domain(b->xch, b->domid, &info) )
        failed_errno(errno, errno == ESRCH ? "the domain was destroyed" : NULL,
                     "d%u (%s): ask how it ended", b->domid, record->name);
    else if ( info.dying )
        failed("d%u (%s): the domain was destroyed", b->domid, record->name);
    else if ( xen_has_ended(&info) )
    {
        bool good = info.shutdown_reason == SHUTDOWN_poweroff ||
                    info.shutdown_reason == SHUTDOWN_reboot;

        code = good ? EXIT_OK : EXIT_FAILED;
        if ( !r->quiet || !good )
            fprintf(stderr, "oriel: d%u (%s): ended: %s\n", b->domid,
                    record->name, xen_shutdown_reason(info.shutdown_reason));
    }
    return undo(b, record) ? code : EXIT_FAILED;
}

/* The line that says so; not when it cannot be written. */
static bool announce(const struct request *r, const struct build *b,
                     const struct state_record *record)
{
    if ( !r->quiet )
        fprintf(r->foreground ? stderr : stdout, "d%u (%s): created%s%s%s\n",
                b->domid, record->name, r->paused ? ", paused" : "",
                *record->uart ? "; UART output: " : "", record->uart);
    return flush_output();
}

/* Nobody has to be told more: a domain that stays is there for good. */
static bool finish(const struct request *r, struct created *c)
{
    if ( signals_arrived() || (!r->paused && !unpause(c)) )
        return false;
    return !signals_arrived();
}

static int start(const struct request *r, struct build *b)
{
    struct state_record record = { 0 };
    struct created c = { b, record.name };

    snprintf(record.name, sizeof(record.name), "%s", b->config->name);
    if ( !r->no_dm && !start_dm(r, b, &record) )
    {
        record.dm_pid = 0;
        undo(b, &record);
        return EXIT_FAILED;
    }
    if ( !r->no_dm && !state_write(b->uuid, &record) )
        state_lost(b->domid, "device model");
    /* Before the guest runs, since its UART may use the same terminal. */
    if ( announce(r, b, &record) )
    {
        if ( r->foreground )
            return stay(r, b, &record);
        if ( finish(r, &c) )
            return EXIT_OK;
        if ( signals_arrived() )
            failed("d%u (%s): interrupted: destroying it", b->domid,
                   record.name);
    }
    undo(b, &record);
    return EXIT_FAILED;
}

static int create(const struct request *r, const struct config *config)
{
    struct build b = {
        .config = config, .verbose = r->verbose, .quiet = r->quiet,
    };
    int code = EXIT_FAILED;

    b.xch = xen_open(r->verbose);
    if ( !b.xch )
        return EXIT_FAILED;
    if ( config->has_uuid )
        memcpy(b.uuid, config->uuid, sizeof(b.uuid));
    else if ( !uuid_random(b.uuid) )
    {
        xen_close();
        return failed_errno(errno, "give a uuid", "make a UUID");
    }
    if ( is_new(b.xch, config, b.uuid) && signals_hold() && build(&b) )
        code = start(r, &b);
    build_free(&b);
    xen_close();
    /* A domain that was created stays, however late a signal arrives. */
    if ( code != EXIT_OK || r->foreground )
        signals_end();
    return code;
}

static const struct option options[] = {
    { "paused", no_argument, NULL, 'p' },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { "foreground", no_argument, NULL, 'F' },
    { "device-model", required_argument, NULL, 'd' },
    { "no-device-model", no_argument, NULL, 'n' },
    { "trace", required_argument, NULL, 't' },
    { "uart", required_argument, NULL, 'u' },
    { "strict", no_argument, NULL, 's' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int run_create(int argc, char **argv)
{
    struct request r = { 0 };
    struct config config = { 0 };
    int c, code = EXIT_FAILED;

    while ( (c = command_option(&command_create, argc, argv, "pqvFd:nt:u:sh",
                                options)) != -1 )
        switch ( c )
        {
        case 'p': r.paused = true; break;
        case 'q': r.quiet = true; break;
        case 'v': r.verbose = true; break;
        case 'F': r.foreground = true; break;
        case 'd': r.dm = optarg; break;
        case 'n': r.no_dm = true; break;
        case 't': r.trace = optarg; break;
        case 'u': r.uart = optarg; break;
        case 's': r.strict = true; break;
        default: return EXIT_USAGE;
        }
    if ( optind + 1 != argc )
        return misused("create", "expected one configuration FILE");
    if ( r.no_dm && (r.dm || r.trace || r.uart) )
        return misused("create", "--no-device-model excludes "
                       "--device-model, --trace or --uart");
    r.file = argv[optind];
    if ( config_read(r.file, r.strict, &config) )
        code = create(&r, &config);
    config_free(&config);
    return code;
}

const struct command command_create = {
    "create", "[OPTION]... FILE", "Create a domain from a configuration file",
    "FILE (-: standard input) has xl.cfg's syntax: name and kernel are "
    "required; type,\nramdisk, cmdline, memory, maxmem, vcpus, maxvcpus, "
    "max_grant_frames,\nmax_maptrack_frames, max_grant_version, "
    "max_event_channels, tsc_mode, uuid and\nfirmware_override (instead of "
    "kernel) are understood.\n"
    "  -p, --paused             leave the domain paused\n"
    "  -F, --foreground         show the console, wait until the domain ends, "
    "destroy\n"
    "                           it; exit with 0 after power-off, 1 after a "
    "crash; at a\n"
    "                           terminal Ctrl-] ends it, Ctrl-C goes to the "
    "guest\n"
    "  -d, --device-model PATH  start PATH instead of oriel-dm\n"
    "  -n, --no-device-model    start no device model\n"
    "  -u, --uart FILE          file for the output of the device model's UART "
    "(-:\n"
    "                           standard output, the default with -F; else one "
    "that\n                           keeps the first MiB)\n"
    "  -t, --trace FILE         the device model writes a line there for each "
    "request\n"
    "  -s, --strict             a setting that would be ignored is an error\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            show each step and the memory layout\n",
    run_create,
};
