/* SPDX-License-Identifier: MIT */
/* The line of a call: its beginning, its result, its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../preload/preload.h"
#include "calls.h"

static const char *const file_names[WIRE_NR_FILES] = {
    [WIRE_PRIVCMD] = "/dev/xen/privcmd",
    [WIRE_HYPERCALL] = "/dev/xen/hypercall",
    [WIRE_EVTCHN] = "/dev/xen/evtchn",
    [WIRE_GNTDEV] = "/dev/xen/gntdev",
    [WIRE_GNTALLOC] = "/dev/xen/gntalloc",
    [WIRE_XENBUS] = "/dev/xen/xenbus",
    [WIRE_XENBUS_BACKEND] = "/dev/xen/xenbus_backend",
    [WIRE_XSD_KVA] = "/proc/xen/xsd_kva",
};

/* On a machine whose Linux has the files: by what Linux opened. */
static int kind_by_name(int fd)
{
    char link[40], name[32];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = real_call(SYS_readlink, link, name, sizeof(name) - 1);
    if ( len <= 0 )
        return -1;
    name[len] = '\0';
    for ( int kind = 0; kind < WIRE_NR_FILES; kind++ )
        if ( !strcmp(name, file_names[kind]) )
            return kind;
    return -1;
}

int kind_of_fd(int fd, bool closing)
{
    int err = errno;
    int kind = devxen_kind ? devxen_kind(fd, closing) : kind_by_name(fd);

    errno = err;
    return kind >= 0 && kind < WIRE_NR_FILES ? kind : -1;
}

void put_fd(struct line *l, int fd, int kind)
{
    put_number(l, INT, (uint64_t)fd, sizeof(fd));
    put(l, "<");
    put(l, file_names[kind]);
    put(l, ">");
}

uint64_t now(void)
{
    struct timespec t;

    real_call(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void begin(struct call *c)
{
    if ( c->line )
        put(c->line, ")");
    c->start = now();
    errno = c->err;
}

struct call prepare(void)
{
    int err = errno;

    return (struct call){ .line = line_begin(), .err = err };
}

void returned(struct call *c, long rc, bool is_address)
{
    struct line *l = c->line;

    c->err = errno;
    c->start = now() - c->start;
    if ( !l )
        return;
    l->after = true;
    l->ok = rc != -1;
    l->full = false;
    l->limit = LINE_ROOM - 128;
    put(l, " = ");
    if ( rc == -1 )
    {
        const char *name = strerrorname_np(c->err);

        put(l, "-1 ");
        if ( name )
            put(l, name);
        else
            put_number(l, DEC, (uint64_t)c->err, sizeof(c->err));
    }
    else
        put_number(l, is_address ? HEX : INT, (uint64_t)rc, sizeof(rc));
}

void end(struct call *c)
{
    char text[32];

    if ( c->line )
    {
        snprintf(text, sizeof(text), " <%lu.%06lu>", c->start / 1000000000,
                 c->start / 1000 % 1000000);
        c->line->full = false;
        c->line->limit = LINE_ROOM - 4;
        put(c->line, text);
        line_end(c->line);
    }
    errno = c->err;
}
