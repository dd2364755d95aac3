/* SPDX-License-Identifier: MIT */
/*
 * oriel trace: record while a command runs, print afterwards.  Nothing is
 * printed meanwhile, since printing would be in the trace.
 *
 * Signals that end it are waited for with the command's end: in any case the
 * events are switched back to what they were.  Later signals end oriel, which may
 * still wait for the command, or for whoever reads what it prints.
 */
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oriel.h"
#include "xen.h"

#define ROOM 512 /* records of one call */
#define MAX_CPUS 64
#define POLL_NS 10000000

struct request {
    const char *who;    /* NULL: all domains */
    uint32_t events;
    size_t most;        /* records; the rest of the trace is not read */
    char **command;     /* or NULL: until a signal */
    pid_t pid;
    bool ended;
    int code;
};

int trace_call(xc_interface *xch, uint32_t op, struct oriel_sysctl_trace *t)
{
    t->op = op;
    return xen_sysctl(xch, ORIEL_SYSCTL_trace, t, sizeof(*t));
}

int trace_failed(int err, const char *what)
{
    if ( err == ENOSYS )
        return failed("%s: this hypervisor has no trace of Oriel's kind", what);
    return failed_errno(err, NULL, "%s", what);
}

/* Room for so many more; false after a message. */
static bool make_room(struct trace_log *log, size_t more)
{
    size_t room = log->room ? log->room : 4096;
    void *p;

    while ( room < log->nr + more )
        room *= 2;
    if ( room == log->room )
        return true;
    p = reallocarray(log->record, room, sizeof(*log->record));
    if ( !p )
    {
        failed("no memory for %zu records", room);
        return false;
    }
    log->record = p;
    log->room = room;
    return true;
}

/* What CPU `cpu` has from *cursor on, but no more than the request wants. */
static int drain_cpu(xc_interface *xch, uint32_t cpu, uint64_t *cursor,
                     const struct request *r, struct trace_log *log)
{
    DECLARE_HYPERCALL_BUFFER(oriel_trace_record_t, buffer);
    struct oriel_sysctl_trace t;
    int code = EXIT_OK;

    buffer = xc_hypercall_buffer_alloc(xch, buffer, ROOM * sizeof(*buffer));
    if ( !buffer )
        return failed_errno(errno, NULL, "a buffer for records");
    do {
        memset(&t, 0, sizeof(t));
        t.cpu = cpu;
        t.cursor = *cursor;
        t.nr = ROOM;
        t.record_size = sizeof(*buffer);
        set_xen_guest_handle(t.records, buffer);
        if ( trace_call(xch, ORIEL_TRACE_OP_read, &t) )
            code = trace_failed(errno, "read the trace");
        else if ( !make_room(log, t.nr) )
            code = EXIT_FAILED;
        else
        {
            memcpy(log->record + log->nr, buffer, t.nr * sizeof(*buffer));
            log->nr += t.nr;
            log->lost += t.lost;
            *cursor = t.cursor;
        }
        /* A short answer, too: what reading itself records is never over. */
    } while ( code == EXIT_OK && t.nr == ROOM && log->nr < r->most );
    xc_hypercall_buffer_free(xch, buffer);
    return code;
}

static int drain(xc_interface *xch, uint32_t nr_cpus, uint64_t *cursors,
                 const struct request *r, struct trace_log *log)
{
    int code = EXIT_OK;

    for ( uint32_t i = 0; i < nr_cpus && code == EXIT_OK; i++ )
        code = drain_cpu(xch, i, &cursors[i], r, log);
    return code;
}

/* From now on: the newest record of each CPU is where it begins. */
static int begin(xc_interface *xch, uint32_t nr_cpus, uint64_t *cursors)
{
    struct request none = { .most = 0 };
    struct trace_log log = { 0 };
    int code;

    for ( uint32_t i = 0; i < nr_cpus; i++ )
        cursors[i] = ORIEL_TRACE_NEWEST;
    code = drain(xch, nr_cpus, cursors, &none, &log);
    free(log.record);
    return code;
}

static bool start_command(struct request *r, const sigset_t *before)
{
    if ( !r->command )
        return true;
    r->pid = fork();
    if ( r->pid < 0 )
    {
        failed_errno(errno, NULL, "start %s", r->command[0]);
        return false;
    }
    if ( r->pid )
        return true;
    sigprocmask(SIG_SETMASK, before, NULL);
    execvp(r->command[0], r->command);
    failed_errno(errno, NULL, "run %s", r->command[0]);
    _exit(127);
}

/* Sleep until something may have happened: a signal, or records. */
static void await(struct request *r, const sigset_t *signals)
{
    const struct timespec a_while = { .tv_nsec = POLL_NS };
    int sig = sigtimedwait(signals, NULL, &a_while), status;

    if ( sig == SIGINT || sig == SIGTERM || sig == SIGHUP )
        r->ended = true;
    if ( r->pid && waitpid(r->pid, &status, WNOHANG) == r->pid )
    {
        r->ended = true;
        r->code = WIFEXITED(status) && !WEXITSTATUS(status) ? EXIT_OK
                                                            : EXIT_FAILED;
        if ( r->code != EXIT_OK )
            failed("%s failed", r->command[0]);
        r->pid = 0;
    }
}

/* Those that ended the recording have done their work; the next one ends oriel. */
static void let_signals(const sigset_t *signals, const sigset_t *before)
{
    while ( sigtimedwait(signals, NULL, &(struct timespec){ 0 }) > 0 )
        ;
    sigprocmask(SIG_SETMASK, before, NULL);
}

static int record(xc_interface *xch, struct request *r, struct trace_log *log)
{
    struct oriel_sysctl_trace info = { 0 }, set = { .events = r->events };
    uint64_t cursors[MAX_CPUS];
    sigset_t signals, before;
    int code = EXIT_FAILED;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    if ( trace_call(xch, ORIEL_TRACE_OP_info, &info) || info.nr > MAX_CPUS )
        return trace_failed(errno, "trace");
    sigprocmask(SIG_BLOCK, &signals, &before);
    if ( trace_call(xch, ORIEL_TRACE_OP_set, &set) )
        return trace_failed(errno, "switch the trace on");
    if ( begin(xch, info.nr, cursors) == EXIT_OK && start_command(r, &before) )
        do {
            await(r, &signals);
            code = drain(xch, info.nr, cursors, r, log);
        } while ( code == EXIT_OK && !r->ended && log->nr < r->most );
    if ( trace_call(xch, ORIEL_TRACE_OP_set, &set) )
        code = trace_failed(errno, "switch the trace off");
    let_signals(&signals, &before);
    if ( r->pid > 0 )
        waitpid(r->pid, NULL, 0);
    return code == EXIT_OK ? r->code : code;
}

static int run(struct request *r)
{
    struct trace_log log = { 0 };
    xc_interface *xch = xen_open(false);
    xc_dominfo_t info = { 0 };
    int code = EXIT_FAILED;

    if ( !xch )
        return EXIT_FAILED;
    if ( !r->who || xen_find(xch, r->who, &info) )
    {
        code = record(xch, r, &log);
        if ( log.nr > r->most )
            log.nr = r->most;
        if ( log.nr &&
             !trace_print(&log, r->who ? (int)info.domid : -1, stdout) )
            code = EXIT_FAILED;
    }
    free(log.record);
    xen_close();
    return code;
}

static bool parse_count(const char *text, size_t *nr)
{
    char *end;

    errno = 0;
    *nr = strtoul(text, &end, 10);
    return !errno && end != text && !*end && *nr && *text != '-' &&
           *nr <= 100000000;
}

static int run_trace(int argc, char **argv)
{
    static const struct option options[] = {
        { "domain", required_argument, NULL, 'd' },
        { "events", required_argument, NULL, 'e' },
        { "for", required_argument, NULL, 'n' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct request r = { .events = (1U << ORIEL_TRACE_NR_EVENTS) - 1,
                         .most = 1000000 };
    int c;

    while ( (c = command_option(&command_trace, argc, argv, "+d:e:n:h",
                                options)) != -1 )
        switch ( c )
        {
        case 'd': r.who = optarg; break;
        case 'e':
            r.events = trace_parse_events(optarg);
            if ( !r.events )
                return EXIT_USAGE;
            break;
        case 'n':
            if ( !parse_count(optarg, &r.most) )
                return misused("trace", "'%s' is no number of records",
                               optarg);
            break;
        default: return EXIT_USAGE;
        }
    if ( optind < argc )
        r.command = argv + optind;
    return run(&r);
}

const struct command command_trace = {
    "trace", "[OPTION]... [COMMAND [ARGUMENT]...]",
    "Record what the hypervisor does while a command runs, and print it",
    "Without COMMAND: until Ctrl-C.  A line is a record: microseconds since "
    "the first\nand since the one before, CPU, vcpu, event, details.\n"
    "  -d, --domain DOMAIN  print only the records of this domain's vcpus\n"
    "  -e, --events LIST    record only these, with commas between them: exit, "
    "enter,\n                       hypercall, ioreq, buffered, resume, event, "
    "wake, pick,\n                       put, sleep, awake\n"
    "  -n, --for N          end after N records (1000000)\n",
    run_trace,
};
