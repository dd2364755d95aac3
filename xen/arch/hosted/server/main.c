/* SPDX-License-Identifier: MIT */
/*
 * The hosted hypervisor as a program: makes a machine and dom0, serves
 * clients at a socket, runs one command against it and ends with that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../engine/engine.h"
#include "server.h"

#include <hv/audit.h>
#include <hv/console.h>
#include <hv/lib.h>
#include <hv/timer.h>

struct domain *server_dom0;

static int listener;

/* ---- hooks ---- */

static void kick(struct vcpu *v)
{
    if ( v->domain == server_dom0 )
        server_dom0_upcall(v);
    else
        engine_kick(v);
}

static void audit(audit_count_t count)
{
    mms_audit(count);
    gntalloc_audit(count);
    doorbell_audit(count);
    xenstore_audit(count);
}

static pthread_mutex_t timer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t timer_moved;
static uint64_t timer_due = UINT64_MAX;

static void timer_program(uint64_t expires)
{
    pthread_mutex_lock(&timer_lock);
    timer_due = expires;
    pthread_cond_signal(&timer_moved);
    pthread_mutex_unlock(&timer_lock);
}

static void *timer_thread(void *arg)
{
    (void)arg;
    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    pthread_mutex_lock(&timer_lock);
    for ( ;; )
    {
        uint64_t due = timer_due;
        struct timespec ts = { (time_t)(due / 1000000000UL),
                               (long)(due % 1000000000UL) };

        if ( due == UINT64_MAX )
            pthread_cond_wait(&timer_moved, &timer_lock);
        else if ( now_ns() < due )
            pthread_cond_timedwait(&timer_moved, &timer_lock, &ts);
        else
        {
            timer_due = UINT64_MAX;
            pthread_mutex_unlock(&timer_lock);
            timer_run();
            pthread_mutex_lock(&timer_lock);
        }
    }
    return NULL;
}

static void start_timers(void)
{
    pthread_condattr_t attr;
    pthread_t thread;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&timer_moved, &attr);
    if ( pthread_create(&thread, NULL, timer_thread, NULL) )
        panic("no thread for timers\n");
}

/* ---- the machine ---- */

static int make_dom0(void)
{
    const struct xen_domctl_createdomain config = {
        .max_vcpus = 1,
        .max_evtchn_port = 4095,
        .max_grant_frames = 64,
        .max_maptrack_frames = 1024,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
    };
    int rc = domain_create(0, &config, true, &server_dom0);

    if ( !rc )
        rc = vcpu_create(server_dom0, 0);
    if ( rc )
        return rc;
    vcpu_up(domain_vcpu(server_dom0, 0));
    return domain_ctl_unpause(server_dom0);
}

/* Threads cannot be stopped; --audit runs when all have ended. */
static int stop_machine(void)
{
    return -EOPNOTSUPP;
}

static int set_console_option(const char *option_name, const char *name,
                              const char *value)
{
    int rc = value ? console_set_option(name, value) : 0;

    if ( rc )
        fprintf(stderr, "xen-hosted: %s %s: no such value\n", option_name,
                value);
    return rc;
}

static int set_console_options(void)
{
    int rc = set_console_option("--loglvl", "loglvl", server_option.loglvl);

    if ( !rc )
        rc = set_console_option("--guest-loglvl", "guest_loglvl",
                                server_option.guest_loglvl);
    if ( !rc )
        rc = set_console_option("--timestamps", "console_timestamps",
                                server_option.timestamps);
    return rc;
}

static int start_machine(void)
{
    int rc = hosted_init((uint64_t)server_option.memory_mib
                         << (20 - PAGE_SHIFT));

    if ( !rc )
        rc = set_console_options();
    if ( rc )
        return rc;
    engine_hooks(&hosted_hooks);
    hosted_hooks.kick = kick;
    hosted_hooks.console = output_console;
    hosted_hooks.audit = audit;
    hosted_hooks.stop_machine = stop_machine;
    hosted_hooks.timer = timer_program;
    rc = make_dom0();
    if ( !rc )
        rc = doorbell_start();
    if ( !rc )
        rc = xenstore_start();
    if ( !rc )
        rc = files_start();
    if ( !rc )
        rc = kernel_files_make();
    if ( !rc && toolstack_wanted() )
        rc = toolstack_make_folders();
    if ( !rc )
        start_timers();
    return rc;
}

static void *accept_thread(void *arg)
{
    (void)arg;
    server_run(listener);
    return NULL;
}

/* ---- the command ---- */

static struct rlimit files_before;

/* What the command finds in its environment. */
static void set_environment(const char *command)
{
    const char *others = getenv("LD_PRELOAD");
    const char *runtime = command_runtime(command);
    char *text = NULL, pid[16];

    snprintf(pid, sizeof(pid), "%d", getppid());
    setenv(WIRE_PID_ENV, pid, 1);
    setenv(WIRE_SOCKET_ENV, server_option.socket, 1);
    setenv(WIRE_ROOT_ENV, life_root(), 1);
    if ( asprintf(&text, "%s/state", life_folder()) >= 0 )
        setenv("ORIEL_STATE", text, 0); /* two machines share no state */
    if ( asprintf(&text, "%s%s%s%s%s", runtime, *runtime ? ":" : "",
                  command_preload(server_option.preload), others ? ":" : "",
                  others ? others : "") >= 0 )
        setenv("LD_PRELOAD", text, 1);
    if ( toolstack_wanted() )
        toolstack_environment();
}

static int run_command(char **argv)
{
    pid_t pid = fork();

    if ( pid == 0 )
    {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* with the guard, when both die */
        set_environment(argv[0]);
        setrlimit(RLIMIT_NOFILE, &files_before);
        life_restore_signals();
        if ( toolstack_wanted() && toolstack_start() )
            _exit(125);
        if ( server_option.trace )
            tracer_environment(); /* the toolstack is not the command's */
        execvp(argv[0], argv);
        fprintf(stderr, "xen-hosted: cannot run %s: %s\n", argv[0],
                strerror(errno));
        _exit(127);
    }
    if ( pid < 0 )
    {
        fprintf(stderr, "xen-hosted: cannot start %s: %s\n", argv[0],
                strerror(errno));
        return 126;
    }
    return life_wait(pid);
}

/* The library beside the program, or where make install puts it. */
static int find_preload(void)
{
    static const char *const places[] = { ".", "../libexec/oriel" };
    static char path[PATH_MAX + 64];
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if ( len < 0 )
        return -errno;
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for ( unsigned int i = 0; i < 2 && !server_option.preload; i++ )
    {
        snprintf(path, sizeof(path), "%s/%s/oriel-devxen.so", self, places[i]);
        if ( !access(path, R_OK) )
            server_option.preload = path;
    }
    return server_option.preload ? 0 : -ENOENT;
}

/* Check what can be wrong and print which: 0 or -errno. */
static int prepare(const char *command)
{
    static char socket_path[PATH_MAX + 8];
    struct rlimit limit;
    int rc;

    if ( !server_option.preload && find_preload() )
    {
        fprintf(stderr, "xen-hosted: there is no oriel-devxen.so beside this "
                "program or in ../libexec/oriel; use --preload FILE\n");
        return -ENOENT;
    }
    if ( access(server_option.preload, R_OK) )
    {
        fprintf(stderr, "xen-hosted: --preload %s: %s\n", server_option.preload,
                strerror(errno));
        return -ENOENT;
    }
    if ( strchr(server_option.preload, ':') ||
         (strchr(server_option.preload, ' ') &&
          strchr(server_option.preload, ';')) )
    {
        fprintf(stderr, "xen-hosted: --preload %s: a colon in the path of a "
                "library to preload\n", server_option.preload);
        return -EINVAL;
    }
    if ( server_option.toolstack && toolstack_find(server_option.debian) )
        return -ENOENT;
    if ( command_check(command) || (server_option.trace && tracer_prepare()) )
        return -ENOEXEC;
    if ( server_option.console )
    {
        rc = output_open_console(server_option.console);
        if ( rc )
            return rc;
    }
    /* Several for each open file of each client. */
    getrlimit(RLIMIT_NOFILE, &files_before);
    limit = files_before;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    life_remove_dead();
    rc = life_make_folder();
    snprintf(socket_path, sizeof(socket_path), "%s/xen", life_folder());
    if ( !server_option.socket )
        server_option.socket = socket_path;
    if ( !rc && server_option.trace )
        rc = output_prepare_trace();
    return rc;
}

/*
 * End the processes that the command has started, disconnect clients from
 * elsewhere, then run the audit.
 */
static int end_machine(int status, pthread_t acceptor)
{
    unsigned int findings = 0;

    life_end_children();
    shutdown(listener, SHUT_RDWR);
    pthread_join(acceptor, NULL);
    conns_hang_up(NULL);
    server_drain();
    files_end();
    if ( server_option.audit )
        findings = audit_all();
    if ( findings )
        fprintf(stderr, "xen-hosted: audit: %u findings\n", findings);
    if ( output_lost() && !status )
        status = 1;
    return findings ? 1 : status;
}

static void say_if_not_reached(const char *option, long nth, int64_t left)
{
    if ( left > 0 )
        fprintf(stderr, "xen-hosted: %s %ld: there were only %ld\n", option, nth,
                nth - (long)left);
}

int main(int argc, char **argv)
{
    int first, rc, status;
    pthread_t acceptor;

    output_fill_descriptors();
    first = options_parse(argc, argv);
    if ( first < 0 )
        return 2;
    signal(SIGPIPE, SIG_IGN);
    life_hold_signals();
    if ( prepare(argv[first]) )
    {
        life_remove_folder();
        return 125;
    }
    life_split();
    rc = start_machine();
    if ( !rc )
    {
        life_remove_socket(server_option.socket);
        rc = listener = server_listen(server_option.socket);
        if ( rc < 0 )
            fprintf(stderr, "xen-hosted: %s: %s\n", server_option.socket,
                    strerror(-rc));
    }
    if ( rc >= 0 && pthread_create(&acceptor, NULL, accept_thread, NULL) )
        rc = -EAGAIN;
    if ( rc < 0 )
    {
        fprintf(stderr, "xen-hosted: cannot start the machine: %s\n",
                strerror(-rc));
        life_remove_folder();
        _exit(125);
    }
    hosted_fail_any(server_option.fail);
    hosted_fail_copy(server_option.fail_copy);
    status = end_machine(run_command(argv + first), acceptor);
    say_if_not_reached("--fail", server_option.fail, hosted_fail_left());
    say_if_not_reached("--fail-copy", server_option.fail_copy,
                       hosted_fail_copy_left());
    unlink(server_option.socket);
    life_remove_folder();
    fflush(NULL);
    _exit(status); /* threads of guests may still run */
}
