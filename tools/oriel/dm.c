/* SPDX-License-Identifier: MIT */
/*
 * The device model's life:
 *
 *   fork ── ready byte ──> serving ── guest ends, or SIGTERM ──> gone
 *     └─ exit, or a signal for us ──> create fails
 */
#define _GNU_SOURCE
#include "dm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "signals.h"

#define LOOK_MS 20    /* between looks whether a process lives */
#define LOG_ROOM 4096 /* bytes */
#define PATIENCE 5000 /* ms, after which the user is told what is waited for */

char *program_beside(const char *name)
{
    char self[PATH_MAX], *path;
    static const char *const places[] = { "", "../libexec/oriel/" };
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if ( len <= 0 )
        return strdup(name);
    self[len] = '\0';
    slash = strrchr(self, '/');
    if ( slash )
        slash[1] = '\0';
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( asprintf(&path, "%s%s%s", self, places[i], name) < 0 )
            return NULL;
        if ( !access(path, X_OK) )
            return path;
        free(path);
    }
    return strdup(name);
}

/* Field 22 of /proc/PID/stat; the name before it may contain any character. */
static unsigned long long start_time(pid_t pid)
{
    char path[64], text[1024], *p;
    unsigned long long start = 0;
    char state = 'Z';
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "re");
    if ( !f )
        return 0;
    p = fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
    fclose(f);
    if ( !p || sscanf(p + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                      "%*s %*s %*s %*s %*s %*s %*s %llu", &state, &start) != 2 )
        return 0;
    return state == 'Z' ? 0 : start;
}

bool dm_lives(pid_t pid, unsigned long long start)
{
    return pid > 0 && start && start_time(pid) == start;
}

/* It leads a session: with the programs that it has started, if it can be. */
static void signal_dm(pid_t pid, int sig)
{
    if ( kill(-pid, sig) )
        kill(pid, sig);
}

/*
 * After SIGTERM.  A signal that arrives ends the waiting, if only after a while
 * in which most device models end; with must_end, the device model at once.
 * False after a message: the device model lives.
 */
static bool await_end(pid_t pid, unsigned long long start, bool must_end)
{
    signals_arrived(); /* what has arrived is why it is to end */
    for ( unsigned int waited = 0; dm_lives(pid, start); waited += LOOK_MS )
    {
        if ( signals_sleep(LOOK_MS) && must_end )
            signal_dm(pid, SIGKILL);
        if ( !must_end && waited >= PATIENCE && signals_arrived() )
        {
            warn("the device model, process %d, has not ended", pid);
            return false;
        }
        if ( waited == PATIENCE )
            warn("the device model, process %d, has not ended yet: waiting for "
                 "it; Ctrl-C %s", pid, must_end ? "kills it"
                                                : "ends the waiting");
    }
    return true;
}

enum dm_end dm_stop(pid_t pid, unsigned long long start, bool must_end)
{
    int status = 0;

    if ( dm_lives(pid, start) )
        signal_dm(pid, SIGTERM);
    if ( !await_end(pid, start, must_end) )
        return DM_LIVES;
    if ( pid <= 0 || waitpid(pid, &status, WNOHANG) != pid || !status ||
         (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) )
        return DM_GONE;
    return DM_FAILED;
}

/* The first messages have room there, also when the disk is full by then. */
static int open_log(const struct dm_request *r)
{
    int log = open(r->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                   0600);

    if ( log < 0 || (fallocate(log, FALLOC_FL_KEEP_SIZE, 0, LOG_ROOM) &&
                     (errno == ENOSPC || errno == EDQUOT)) )
        warn("d%u: the device model's messages will be lost: %s: %s", r->domid,
             r->log, strerror(errno));
    return log;
}

/* A write beyond it is EFBIG. */
static void bound_files(void)
{
    struct rlimit limit;

    if ( getrlimit(RLIMIT_FSIZE, &limit) )
        return;
    if ( limit.rlim_cur > DM_FILE_MOST )
        limit.rlim_cur = DM_FILE_MOST;
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
}

static void run(const struct dm_request *r, const char *program, int ready)
{
    char ready_text[16], domid_text[16];
    const char *argv[12] = { program, "--ready-fd", ready_text, "--console",
                             r->uart };
    unsigned int n = 5;
    int log = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(ready_text, sizeof(ready_text), "%d", ready);
    snprintf(domid_text, sizeof(domid_text), "%u", r->domid);
    if ( r->trace )
    {
        argv[n++] = "--trace";
        argv[n++] = r->trace;
    }
    argv[n] = domid_text;
    if ( r->log )
        log = open_log(r);
    setsid();
    signals_restore();
    if ( r->bounded )
        bound_files();
    dup2(null, STDIN_FILENO);
    if ( r->log && strcmp(r->uart, "-") &&
         !(r->trace && !strcmp(r->trace, "-")) )
        dup2(null, STDOUT_FILENO);
    if ( r->log )
        dup2(log >= 0 ? log : null, STDERR_FILENO);
    execvp(program, (char *const *)argv);
    failed_errno(errno, "give another with --device-model, or "
                 "--no-device-model", "d%u: run %s", r->domid, program);
    _exit(127);
}

bool dm_show_messages(const char *path, const char *who)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t room = 0;
    bool any = false, bad = false;

    while ( f && getline(&line, &room, f) > 0 )
    {
        if ( !any )
            fprintf(stderr, "oriel: %s: messages of its device model:\n", who);
        any = true;
        bad |= !strncmp(line, "oriel-dm: ", 10) &&
               strncmp(line, "oriel-dm: warning: ", 19);
        fputs(line, stderr);
    }
    free(line);
    if ( f )
        fclose(f);
    return bad;
}

/* The pipe's other end may be held open by children of one that has ended. */
enum ready { READY, ENDED, SIGNALLED };
static enum ready wait_ready(const struct dm_request *r, const char *program,
                             pid_t pid, int fd)
{
    unsigned int waited = 0;

    for ( ;; )
    {
        struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
                               { .fd = signals_fd(), .events = POLLIN } };
        bool lives = start_time(pid);
        char byte;

        poll(p, 2, lives ? LOOK_MS : 0);
        if ( signals_arrived() )
            return SIGNALLED;
        if ( p[0].revents )
            return read(fd, &byte, 1) == 1 ? READY : ENDED;
        if ( !lives )
            return ENDED;
        if ( waited == PATIENCE )
            warn("d%u: %s, process %d, is not ready yet: waiting for it; Ctrl-C "
                 "destroys the domain", r->domid, program, pid);
        waited += LOOK_MS;
    }
}

/* It is not ready: it ends, and a message says why. */
static void give_up(const struct dm_request *r, const char *program, pid_t pid,
                    unsigned long long start, enum ready why)
{
    int status = 0;

    if ( why == SIGNALLED )
        failed("d%u: interrupted: destroying it", r->domid);
    signal_dm(pid, SIGTERM);
    await_end(pid, start, true);
    waitpid(pid, &status, 0);
    if ( why == SIGNALLED )
        return;
    if ( WIFEXITED(status) )
        failed("d%u: %s ended with code %d before it was ready", r->domid,
               program, WEXITSTATUS(status));
    else
        failed("d%u: %s ended by signal %d, or closed --ready-fd, before it was "
               "ready", r->domid, program, WTERMSIG(status));
}

bool dm_start(const struct dm_request *r, pid_t *pid, unsigned long long *start)
{
    char *program = r->program ? strdup(r->program)
                               : program_beside("oriel-dm");
    enum ready ready;
    int fds[2];

    if ( !program || pipe2(fds, O_CLOEXEC) )
    {
        failed_errno(errno, NULL, "d%u: start the device model", r->domid);
        free(program);
        return false;
    }
    *pid = fork();
    if ( *pid == 0 )
    {
        fcntl(fds[1], F_SETFD, 0);
        run(r, program, fds[1]);
    }
    close(fds[1]);
    if ( *pid < 0 )
    {
        failed_errno(errno, NULL, "d%u: start the device model", r->domid);
        ready = ENDED;
    }
    else
    {
        *start = start_time(*pid);
        ready = wait_ready(r, program, *pid, fds[0]);
        if ( ready != READY )
            give_up(r, program, *pid, *start, ready);
    }
    close(fds[0]);
    free(program);
    return ready == READY;
}
