/* SPDX-License-Identifier: MIT */
/* Messages, all to standard error, and standard output. */
#define _GNU_SOURCE /* strerrorname_np, fopencookie */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../descriptors.h"
#include "signals.h"

static int output_error; /* errno of the first write that failed */

int failed(const char *fmt, ...)
{
    va_list ap;

    fputs("oriel: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

int failed_errno(int err, const char *hint, const char *fmt, ...)
{
    const char *name = strerrorname_np(abs(err));
    va_list ap;

    fputs("oriel: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, ": %s (%s)%s%s\n", strerror(abs(err)), name ? name : "?",
            hint ? "; " : "", hint ? hint : "");
    return EXIT_FAILED;
}

/* stdio keeps no errno of the writes that it makes by itself. */
static ssize_t write_output(void *cookie, const char *text, size_t len)
{
    size_t done = 0;

    (void)cookie;
    while ( done < len && !output_error )
    {
        ssize_t n;

        errno = EINTR;
        n = signals_writable(STDOUT_FILENO)
                ? write(STDOUT_FILENO, text + done, len - done) : -1;
        if ( n >= 0 )
            done += (size_t)n;
        else if ( errno != EINTR || signals_arrived() )
            output_error = errno;
    }
    return (ssize_t)done;
}

void begin_output(void)
{
    FILE *f;

    fill_descriptors();
    f = fopencookie(NULL, "w",
                    (cookie_io_functions_t){ .write = write_output });
    if ( !f )
        return; /* stdio's own, then */
    setvbuf(f, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = f;
}

/* True, or false after a message, which is printed once. */
static bool output_good(int failure)
{
    static bool told;

    if ( failure && !output_error )
        output_error = errno;
    if ( !failure && !output_error )
        return true;
    if ( !told )
        failed_errno(output_error, "the output is incomplete",
                     "write to standard output");
    told = true;
    return false;
}

bool flush_output(void)
{
    return output_good(fflush(stdout));
}

int finish_output(int code)
{
    return flush_output() && output_good(close(STDOUT_FILENO)) ? code
                                                               : EXIT_FAILED;
}

void warn(const char *fmt, ...)
{
    va_list ap;

    fputs("oriel: warning: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int misused(const char *command, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "oriel %s: ", command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "; see oriel %s --help\n", command);
    return EXIT_USAGE;
}
