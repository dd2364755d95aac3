/* SPDX-License-Identifier: MIT */
/*
 * Lines of calls, for the functions that replace libc's: each calls the next
 * library's function of its name, and prints what it was asked and what came of
 * it.  errno is what that function left.
 */
#ifndef CALLS_H
#define CALLS_H

#include "tracer.h"

#define CALL_NEXT(name, ...)                                                 \
    ({                                                                       \
        static __typeof__(&name) next_;                                      \
        if ( !next_ )                                                        \
            next_ = NEXT(name);                                              \
        next_(__VA_ARGS__);                                                  \
    })

/* The other library's, if it is loaded: see preload.h. */
extern int devxen_kind(int fd, bool closing) __attribute__((weak));

/* Which file of enum wire_file a descriptor is, or -1.  errno is kept. */
int kind_of_fd(int fd, bool closing);
void put_fd(struct line *l, int fd, int kind);

/* A call that is being made. */
struct call {
    struct line *line; /* NULL: there is no memory */
    uint64_t start;    /* ns; then the duration */
    int err;           /* errno for the caller */
};

uint64_t now(void);
/* Make a line; the caller adds name, "(" and arguments. */
struct call prepare(void);
/* Add ")": the call begins, with errno as it was. */
void begin(struct call *c);
/* Add rc, or errno for -1: what is shown after this came out. */
void returned(struct call *c, long rc, bool is_address);
/* Add the duration, print. */
void end(struct call *c);

/*
 * A line that begins with the process and, if it is not its first, the thread.
 * NULL: there is no memory, and the call is made without a line.
 */
struct line *line_begin(void);
/* Print the line, in one piece, and free it. */
void line_end(struct line *l);

#endif
