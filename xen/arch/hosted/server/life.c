/* SPDX-License-Identifier: MIT */
/*
 * A run from start to end: no process and no folder of it is left, however the
 * run ends.
 *
 * There are two processes.  The guard is the process that the user started: it
 * waits and passes signals on, SIGQUIT for a report of who waits for whom.  The
 * server is the guard's child, and starts the command.  Both are subreapers, so
 * each process that the command starts and that loses its parent becomes a child
 * of the server, or of the guard when the server has died, and is ended there.
 * When the guard is killed the server gets SIGTERM; when the server is killed the
 * guard ends the processes that are left.
 *
 * Only direct children are signalled: no other process can reap them, so their
 * pids cannot be reused.  When they end, their children become direct ones.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define GRACE 3 /* seconds from SIGTERM to SIGKILL */

static sigset_t signals, signals_before;

/* ---- waiting ---- */

/* Reap all children that have ended: true if pid did, with its status. */
static bool reap(pid_t pid, int *status)
{
    bool found = false;
    pid_t ended;
    int s;

    while ( (ended = waitpid(-1, &s, WNOHANG)) > 0 )
        if ( ended == pid )
        {
            *status = s;
            found = true;
        }
    return found;
}

/*
 * ^C at a terminal reaches the command too, which decides what to do.  The
 * terminal's SIGQUIT reaches both of us: the guard need not pass it on.
 */
static int next_signal(bool is_guard)
{
    siginfo_t info;
    int sig;

    do
        sig = sigwaitinfo(&signals, &info);
    while ( sig < 0 || (info.si_code == SI_KERNEL &&
                        (sig == SIGINT || (sig == SIGQUIT && is_guard))) );
    return sig;
}

int life_wait(pid_t pid)
{
    int status;

    while ( !reap(pid, &status) )
    {
        int sig = next_signal(false);

        if ( sig == SIGQUIT || sig == SIGTERM )
            report_waits(sig == SIGQUIT ? "SIGQUIT" : "ended by SIGTERM");
        if ( sig != SIGCHLD && sig != SIGQUIT )
            return 128 + sig;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- children ---- */

static pid_t parent_of(const char *pid)
{
    char path[64], text[512] = "", *p;
    int parent = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    f = fopen(path, "re");
    if ( f && !fgets(text, sizeof(text), f) )
        text[0] = '\0';
    if ( f )
        fclose(f);
    p = strrchr(text, ')'); /* the name before it may be anything */
    return p && sscanf(p, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* SIGTERM for each child once, SIGKILL for all of them. */
static void signal_children(int sig)
{
    static pid_t told[256];
    static unsigned int nr_told;
    DIR *d = opendir("/proc");
    struct dirent *e;

    while ( d && (e = readdir(d)) )
    {
        pid_t pid = atoi(e->d_name);
        unsigned int i = 0;

        if ( pid <= 0 || parent_of(e->d_name) != getpid() )
            continue;
        while ( sig == SIGTERM && i < nr_told && told[i] != pid )
            i++;
        if ( sig == SIGTERM && i < nr_told )
            continue;
        kill(pid, sig);
        if ( nr_told < sizeof(told) / sizeof(told[0]) )
            told[nr_told++] = pid;
    }
    if ( d )
        closedir(d);
}

static time_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

void life_end_children(void)
{
    time_t deadline = now() + GRACE;
    const struct timespec tick = { .tv_nsec = 200000000 };
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for ( ;; )
    {
        while ( waitpid(-1, NULL, WNOHANG) > 0 )
            ;
        if ( errno == ECHILD )
            return;
        signal_children(now() < deadline ? SIGTERM : SIGKILL);
        sigtimedwait(&child, NULL, &tick);
    }
}

/* ---- the guard ---- */

/* End by this signal, so that the guard's parent sees it. */
static void die_of(int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    signal(sig, SIG_DFL);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void guard(pid_t server)
{
    int status = 0, ended_by = 0;

    while ( !reap(server, &status) )
    {
        int sig = next_signal(true);

        if ( sig == SIGQUIT ) /* the server's report */
            kill(server, sig);
        if ( sig == SIGCHLD || sig == SIGQUIT )
            continue;
        /* The first signal ends the run in order, the second at once. */
        kill(server, ended_by ? SIGKILL : sig == SIGTERM ? SIGTERM : SIGINT);
        ended_by = sig;
    }
    if ( WIFSIGNALED(status) )
        fprintf(stderr, "xen-hosted: the hypervisor (pid %d) has gone: %s\n",
                server, strsignal(WTERMSIG(status)));
    life_end_children();
    life_remove_socket(server_option.socket);
    life_remove_folder();
    if ( ended_by )
        die_of(ended_by);
    if ( WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT )
        die_of(SIGINT);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
}

static bool is_ignored(int sig)
{
    struct sigaction a;

    return !sigaction(sig, NULL, &a) && a.sa_handler == SIG_IGN;
}

void life_hold_signals(void)
{
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGQUIT);
    if ( !is_ignored(SIGHUP) ) /* by nohup */
        sigaddset(&signals, SIGHUP);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &signals, &signals_before);
}

void life_split(void)
{
    pid_t self = getpid(), server;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    fflush(NULL);
    server = fork();
    if ( server > 0 )
        guard(server);
    if ( server < 0 )
    {
        perror("xen-hosted: cannot start the hypervisor's process");
        life_remove_folder();
        _exit(125);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if ( getppid() != self )
        _exit(125); /* it was killed before */
}

void life_restore_signals(void)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_SETMASK, &signals_before, NULL);
}
