/* SPDX-License-Identifier: MIT */
/*
 * Where lines go: TRACER_ENV (wire.h) names a file, or a descriptor that all
 * programs inherit, with what fstat() says of it.  Programs may close or reuse
 * any descriptor, so each line looks whether it is still the file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../preload/preload.h"
#include "calls.h"

static int trace_fd = -1;
static dev_t device; /* of the file */
static ino_t inode;

static bool is_it(int fd)
{
    struct stat st;

    return fd >= 0 && !real_call(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) &&
           st.st_dev == device && st.st_ino == inode;
}

/* The file, opened anew: a descriptor out of the program's way, or -1. */
static int open_output(const char *path)
{
    struct stat st;
    int fd = (int)real_call(SYS_openat, AT_FDCWD, path,
                            O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY, 0);
    int high;

    if ( fd < 0 )
        return -1;
    high = (int)real_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_FD_MIN);
    if ( high >= 0 )
    {
        real_close(fd);
        fd = high;
    }
    if ( !real_call(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) )
    {
        device = st.st_dev;
        inode = st.st_ino;
    }
    return fd;
}

static int output(void)
{
    const char *where;
    unsigned long dev, ino;
    int fd;

    if ( is_it(trace_fd) )
        return trace_fd;
    where = getenv(WIRE_TRACER_ENV);
    if ( where && *where == '/' )
        return trace_fd = open_output(where);
    if ( where && sscanf(where, "%d %lu %lu", &fd, &dev, &ino) == 3 )
    {
        device = dev;
        inode = ino;
        if ( is_it(fd) )
            return trace_fd = fd;
    }
    return STDERR_FILENO;
}

struct line *line_begin(void)
{
    int err = errno;
    struct line *l = real_mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long pid = real_call(SYS_getpid), tid = real_call(SYS_gettid);
    char text[48];

    errno = err;
    if ( l == MAP_FAILED )
        return NULL;
    l->limit = LINE_ROOM / 2;
    if ( tid == pid )
        snprintf(text, sizeof(text), "%ld ", pid);
    else
        snprintf(text, sizeof(text), "%ld/%ld ", pid, tid);
    put(l, text);
    return l;
}

/* The server says it at the end of the run (server/output.c). */
static void lose(int err)
{
    const char *path = getenv(WIRE_TRACER_ERROR_ENV);

    if ( path )
        real_call(SYS_truncate, path, (long)err);
}

/* Standard error of a program may be set to O_NONBLOCK. */
static bool may_write_again(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    if ( errno == EAGAIN )
        real_call(SYS_poll, &p, 1, -1);
    return errno == EINTR || errno == EAGAIN;
}

void line_end(struct line *l)
{
    size_t done = 0;
    int fd = output();
    bool good = fd >= 0; /* else errno is open()'s */

    put(l, "\n");
    while ( good && done < l->len )
    {
        long n = real_call(SYS_write, fd, l->text + done, l->len - done);

        good = n > 0 || (n < 0 && may_write_again(fd));
        done += n > 0 ? (size_t)n : 0;
    }
    if ( !good )
        lose(errno);
    real_munmap(l, sizeof(*l));
}

/*
 * By way of a pipe: Linux' own hypercall buffers are no pages that another
 * process could read, but the program can write them.
 */
static size_t peek_by_pipe(void *dst, uint64_t addr, size_t len)
{
    int end[2];
    long n = 0;

    if ( real_call(SYS_pipe2, end, O_CLOEXEC | O_NONBLOCK) )
        return 0;
    n = real_call(SYS_write, end[1], addr, len);
    if ( n > 0 )
        n = real_call(SYS_read, end[0], dst, n);
    real_close(end[0]);
    real_close(end[1]);
    return n < 0 ? 0 : (size_t)n;
}

size_t peek_at(void *dst, uint64_t addr, size_t len)
{
    struct iovec here = { dst, len }, there = { (void *)addr, len };
    long n = real_call(SYS_process_vm_readv, real_call(SYS_getpid), &here, 1,
                       &there, 1, 0);

    return n > 0 ? (size_t)n : len ? peek_by_pipe(dst, addr, len) : 0;
}
