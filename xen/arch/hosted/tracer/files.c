/* SPDX-License-Identifier: MIT */
/* Functions of libc that open, close, read and write the files of /dev/xen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "../preload/preload.h"
#include "calls.h"

/* ---- open and close ---- */

static const struct value open_flags[] = {
    IS(O_WRONLY), IS(O_RDWR), IS(O_CREAT), IS(O_EXCL), IS(O_TRUNC),
    IS(O_APPEND), IS(O_NONBLOCK), IS(O_CLOEXEC), NO_MORE
};

static void put_open_flags(struct line *l, int flags)
{
    if ( (flags & O_ACCMODE) == O_RDONLY )
    {
        put(l, "O_RDONLY");
        if ( !(flags & ~O_LARGEFILE) )
            return;
        put(l, "|");
    }
    put_flags(l, open_flags, (uint64_t)(flags & ~O_LARGEFILE));
}

/* Is it in a folder whose files this library is about? */
static bool is_ours(const char *path)
{
    char text[16];

    return peek_at(text, (uintptr_t)path, 10) == 10 &&
           (!strncmp(text, "/dev/xen/", 9) || !strncmp(text, "/proc/xen/", 10));
}

static struct call open_begins(const char *path, int flags)
{
    struct call c = prepare();
    char text[64];
    size_t n;

    if ( c.line )
    {
        put(c.line, "open(");
        n = peek_at(text, (uintptr_t)path, sizeof(text));
        put_bytes(c.line, TEXT, (uint8_t *)text, n,
                  n == sizeof(text) && !memchr(text, '\0', n));
        put(c.line, ", ");
        put_open_flags(c.line, flags);
    }
    begin(&c);
    return c;
}

static int open_ends(struct call *c, int fd)
{
    returned(c, fd, false);
    end(c);
    return fd;
}

/* The functions that open: as they are when the path is none of ours. */
#define OPENS(path, flags, next)                                             \
    do {                                                                     \
        struct call c_;                                                      \
        if ( !is_ours(path) )                                                \
            return next;                                                     \
        c_ = open_begins(path, flags);                                       \
        return open_ends(&c_, next);                                         \
    } while ( 0 )

#define MODE(flags)                                                          \
    ({                                                                       \
        mode_t mode_;                                                        \
        va_list ap_;                                                         \
        va_start(ap_, flags);                                                \
        mode_ = va_arg(ap_, mode_t);                                         \
        va_end(ap_);                                                         \
        mode_;                                                               \
    })

EXPORT int open(const char *path, int flags, ...)
{
    mode_t mode = MODE(flags);

    OPENS(path, flags, CALL_NEXT(open, path, flags, mode));
}

EXPORT int open64(const char *path, int flags, ...)
{
    mode_t mode = MODE(flags);

    OPENS(path, flags, CALL_NEXT(open64, path, flags, mode));
}

EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = MODE(flags);

    OPENS(path, flags, CALL_NEXT(openat, dirfd, path, flags, mode));
}

EXPORT int openat64(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = MODE(flags);

    OPENS(path, flags, CALL_NEXT(openat64, dirfd, path, flags, mode));
}

/* The names that fortified programs call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
    OPENS(path, flags, CALL_NEXT(__open_2, path, flags));
}

EXPORT int __open64_2(const char *path, int flags)
{
    OPENS(path, flags, CALL_NEXT(__open64_2, path, flags));
}

EXPORT int close(int fd)
{
    int kind = kind_of_fd(fd, true), rc;
    struct call c;

    if ( kind < 0 )
        return CALL_NEXT(close, fd);
    c = prepare();
    if ( c.line )
    {
        put(c.line, "close(");
        put_fd(c.line, fd, kind);
    }
    begin(&c);
    rc = CALL_NEXT(close, fd);
    returned(&c, rc, false);
    end(&c);
    return rc;
}

/* ---- events and messages ---- */

/* Ports that were read or written, or what xenstored and a program say. */
static void put_data(struct line *l, int kind, const void *buf, size_t len)
{
    uint32_t port[16];
    uint8_t text[96];
    size_t got;

    if ( kind != WIRE_EVTCHN )
    {
        got = peek_at(text, (uintptr_t)buf,
                      len < sizeof(text) ? len : sizeof(text));
        /* A message begins with numbers, so zeros do not end it. */
        put(l, "\"");
        for ( size_t i = 0; i < got; i++ )
            put_character(l, text[i]);
        put(l, got < len ? "\"..." : "\"");
        return;
    }
    got = peek_at(port, (uintptr_t)buf,
                  len < sizeof(port) ? len : sizeof(port)) / sizeof(*port);
    put(l, "[");
    for ( size_t i = 0; i < got; i++ )
    {
        put(l, i ? ", " : "");
        put_number(l, DEC, port[i], sizeof(*port));
    }
    put(l, got < len / sizeof(*port) ? ", ...]" : "]");
}

static void put_transfer(struct line *l, const char *name, int fd, int kind,
                         const void *buf, size_t len, size_t known)
{
    put(l, name);
    put(l, "(");
    put_fd(l, fd, kind);
    put(l, ", ");
    if ( known )
        put_data(l, kind, buf, known);
    else
        put_pointer(l, (uintptr_t)buf);
    put(l, ", ");
    put_number(l, DEC, len, sizeof(len));
}

/* The line begins when the call has returned: it may wait, or be cancelled. */
EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    int kind = kind_of_fd(fd, false);
    uint64_t start;
    struct call c;
    ssize_t rc;

    if ( kind < 0 )
        return CALL_NEXT(read, fd, buf, len);
    start = now();
    rc = CALL_NEXT(read, fd, buf, len);
    c = prepare();
    if ( c.line )
        put_transfer(c.line, "read", fd, kind, buf, len,
                     rc > 0 ? (size_t)rc : 0);
    begin(&c);
    c.start = start;
    returned(&c, rc, false);
    end(&c);
    return rc;
}

/* What fortified programs call instead. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
    if ( len > room )
        __builtin_trap();
    return read(fd, buf, len);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    int kind = kind_of_fd(fd, false);
    struct call c;
    ssize_t rc;

    if ( kind < 0 )
        return CALL_NEXT(write, fd, buf, len);
    c = prepare();
    if ( c.line )
        put_transfer(c.line, "write", fd, kind, buf, len, len);
    begin(&c);
    rc = CALL_NEXT(write, fd, buf, len);
    returned(&c, rc, false);
    end(&c);
    return rc;
}
