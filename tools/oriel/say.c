/* SPDX-License-Identifier: MIT */
/* Messages, all to standard error. */
#define _GNU_SOURCE /* strerrorname_np */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int finish_output(int code)
{
    bool bad = ferror(stdout);

    errno = bad ? EIO : 0;
    if ( !fclose(stdout) && !bad )
        return code;
    return failed_errno(errno, "the output is incomplete",
                        "write to standard output");
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
