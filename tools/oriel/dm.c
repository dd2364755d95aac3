/* SPDX-License-Identifier: MIT */
/*
 * The device model's life:
 *
 *   fork ── ready byte ──> serving ── guest ends, or SIGTERM ──> gone
 *     └─ exit or 30 s without the byte ──> create fails
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

#define READY_MS 30000

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

bool dm_stop(pid_t pid, unsigned long long start)
{
    int status = 0;

    if ( dm_lives(pid, start) )
        kill(pid, SIGTERM);
    for ( unsigned int i = 0; i < 3000 && dm_lives(pid, start); i++ )
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    if ( dm_lives(pid, start) )
        warn("the device model, process %d, does not end", pid);
    return pid <= 0 || waitpid(pid, &status, WNOHANG) != pid || !status ||
           (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
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
        log = open(r->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    setsid();
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

/* The device model's messages before it failed. */
static void show_log(const char *path)
{
    char text[4096];
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t len;

    if ( !f )
        return;
    len = fread(text, 1, sizeof(text), f);
    fwrite(text, 1, len, stderr);
    fclose(f);
}

static bool wait_ready(const struct dm_request *r, const char *program,
                       pid_t pid, int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int rc, status = 0;
    char byte;

    do
        rc = poll(&p, 1, READY_MS);
    while ( rc < 0 && errno == EINTR );
    if ( rc > 0 && read(fd, &byte, 1) == 1 )
        return true;
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    show_log(r->log);
    if ( rc == 0 )
        failed("d%u: %s was not ready within %d seconds", r->domid, program,
               READY_MS / 1000);
    else if ( WIFEXITED(status) )
        failed("d%u: %s ended with code %d before it was ready", r->domid,
               program, WEXITSTATUS(status));
    else
        failed("d%u: %s ended by signal %d before it was ready", r->domid,
               program, WTERMSIG(status));
    return false;
}

bool dm_start(const struct dm_request *r, pid_t *pid, unsigned long long *start)
{
    char *program = r->program ? strdup(r->program)
                               : program_beside("oriel-dm");
    int fds[2];
    bool good = false;

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
        failed_errno(errno, NULL, "d%u: start the device model", r->domid);
    else
        good = wait_ready(r, program, *pid, fds[0]);
    if ( good )
        *start = start_time(*pid);
    close(fds[0]);
    free(program);
    return good;
}
