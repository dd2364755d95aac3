/* SPDX-License-Identifier: MIT */
/*
 * What the server writes: the console, its own help.  What could not be written,
 * also by the programs that are traced, is said at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

#define TRACE_ERROR "trace-error"

static int console_fd = STDERR_FILENO;
static int console_error; /* errno of the first write that failed */
static bool console_lost; /* a reader that was too slow has missed a piece */
static bool console_slow; /* since then nothing could be written */

#define PATIENCE_MS 2000 /* with who reads the console */

void output_fill_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_PATH); /* reading and writing it: EBADF */
    while ( fd >= 0 && fd <= STDERR_FILENO );
    if ( fd >= 0 )
        close(fd);
}

int output_finish_stdout(void)
{
    if ( !fflush(stdout) && !ferror(stdout) )
        return 0;
    fprintf(stderr, "xen-hosted: standard output: %s\n", strerror(errno));
    return 1;
}

int output_open_console(const char *path)
{
    int rc;

    console_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if ( console_fd >= 0 )
        return 0;
    rc = -errno;
    fprintf(stderr, "xen-hosted: --console %s: %s\n", path, strerror(-rc));
    return rc;
}

/*
 * After a write of which errno is `error`: is another one worth it?  A descriptor
 * may not wait, as one that a program shares with us; nobody may ever read.
 */
static bool write_again(int error)
{
    struct pollfd p = { .fd = console_fd, .events = POLLOUT };

    if ( error == EINTR )
        return true;
    if ( error != EAGAIN )
    {
        __atomic_store_n(&console_error, error, __ATOMIC_RELAXED);
        return false;
    }
    if ( !__atomic_load_n(&console_slow, __ATOMIC_RELAXED) &&
         poll(&p, 1, PATIENCE_MS) )
        return true;
    __atomic_store_n(&console_slow, true, __ATOMIC_RELAXED);
    __atomic_store_n(&console_lost, true, __ATOMIC_RELAXED);
    return false;
}

void output_console(const char *s, size_t len)
{
    while ( len && !__atomic_load_n(&console_error, __ATOMIC_RELAXED) )
    {
        ssize_t done = write(console_fd, s, len);

        if ( done < 0 && !write_again(errno) )
            return;
        if ( done > 0 )
        {
            __atomic_store_n(&console_slow, false, __ATOMIC_RELAXED);
            s += done;
            len -= (size_t)done;
        }
    }
}

static const char *trace_error_path(void)
{
    static char *path;

    if ( !path && asprintf(&path, "%s/" TRACE_ERROR, life_folder()) < 0 )
        path = NULL;
    return path ? path : "";
}

int output_prepare_trace(void)
{
    return life_make_file(TRACE_ERROR, "", 0600);
}

void output_trace_environment(void)
{
    setenv(WIRE_TRACER_ERROR_ENV, trace_error_path(), 1);
}

static bool report(const char *what, const char *name, int error)
{
    if ( error )
        fprintf(stderr, "xen-hosted: %s%s: %s; its content is not complete\n",
                what, name, strerror(error));
    return error;
}

bool output_lost(void)
{
    const char *console = server_option.console, *trace = server_option.trace_file;
    struct stat st;
    int error = __atomic_load_n(&console_error, __ATOMIC_RELAXED);
    bool lost;

    if ( !error && __atomic_load_n(&console_lost, __ATOMIC_RELAXED) )
        error = EAGAIN;

    /* Some file systems write at close(); threads of guests may still print. */
    if ( console && !error && close(dup(console_fd)) )
        error = errno;
    lost = report(console ? "--console " : "the console", console ? console : "",
                  error);
    if ( server_option.trace && !stat(trace_error_path(), &st) )
        lost |= report(trace ? "--trace=" : "--trace", trace ? trace : "",
                       (int)st.st_size);
    return lost;
}
