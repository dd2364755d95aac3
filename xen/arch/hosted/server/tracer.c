/* SPDX-License-Identifier: MIT */
/* --trace: the library that prints the command's calls, and where it prints. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

#define LIBRARY "oriel-tracer.so"

static char file[PATH_MAX]; /* "": standard error */

/* Where the folder of the preload library ends. */
static int folder_length(const char *library)
{
    const char *last = strrchr(library, '/');

    return last ? (int)(last + 1 - library) : 0;
}

/* Programs of other folders open the file, too: its whole path. */
static int make_file(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if ( fd >= 0 && realpath(name, file) )
        return close(fd);
    fprintf(stderr, "xen-hosted: --trace=%s: %s\n", name, strerror(errno));
    return -1;
}

int tracer_prepare(void)
{
    char path[PATH_MAX + sizeof(LIBRARY)];

    snprintf(path, sizeof(path), "%.*s" LIBRARY,
             folder_length(server_option.preload), server_option.preload);
    if ( access(path, R_OK) )
    {
        fprintf(stderr, "xen-hosted: --trace: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return server_option.trace_file ? make_file(server_option.trace_file) : 0;
}

/* A copy of standard error, for programs whose own is elsewhere. */
static void pass_stderr(char *text, size_t size)
{
    struct rlimit limit;
    struct stat st;
    int fd;

    getrlimit(RLIMIT_NOFILE, &limit);
    fd = fcntl(STDERR_FILENO, F_DUPFD,
               limit.rlim_cur > 700 ? 600 : (int)limit.rlim_cur / 2);
    if ( fd >= 0 && !fstat(fd, &st) )
        snprintf(text, size, "%d %lu %lu", fd, (unsigned long)st.st_dev,
                 (unsigned long)st.st_ino);
}

void tracer_environment(void)
{
    const char *all = getenv("LD_PRELOAD");
    const char *name = server_option.preload +
                       folder_length(server_option.preload);
    const char *entry = all ? strstr(all, name) : NULL;
    char *text, descriptor[64] = "";

    if ( !entry )
        return;
    while ( entry > all && entry[-1] != ':' )
        entry--;
    /* In front of the other one, in the same folder. */
    if ( asprintf(&text, "%.*s%.*s" LIBRARY ":%s", (int)(entry - all), all,
                  (int)(strstr(entry, name) - entry), entry, entry) < 0 )
        return;
    setenv("LD_PRELOAD", text, 1);
    free(text);
    if ( !*file )
        pass_stderr(descriptor, sizeof(descriptor));
    output_trace_environment();
    setenv(WIRE_TRACER_ENV, *file ? file : descriptor, 1);
}
