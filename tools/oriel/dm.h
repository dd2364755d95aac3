/* SPDX-License-Identifier: MIT */
/* The device model's process: start it, identify it, end it. */
#ifndef ORIEL_DM_H
#define ORIEL_DM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A guest writes to the UART's file for as long as it likes, and the files that
 * oriel chooses are in /run, which is memory.
 */
#define DM_FILE_MOST (1U << 20)

struct dm_request {
    uint32_t domid;
    const char *program; /* NULL: oriel-dm beside oriel, else in PATH */
    const char *uart; /* file for the UART's output; "-": standard output */
    const char *trace; /* NULL: none */
    const char *log; /* file for its messages; NULL: standard error */
    bool bounded; /* none of its files may have more than DM_FILE_MOST bytes */
};

/*
 * Starts `PROGRAM --ready-fd N --console UART [--trace FILE] DOMID` in a
 * session of its own and waits, for as long as its process lives, until the
 * program has written a byte to descriptor N, which means that it serves
 * requests.  False after a message, also when a signal arrived (signals.h); then
 * no process is left.
 */
bool dm_start(const struct dm_request *request, pid_t *pid,
              unsigned long long *start);

/* Is the process of the record alive? */
bool dm_lives(pid_t pid, unsigned long long start);

enum dm_end {
    DM_GONE,   /* status 0, or no child of this process, or there was none */
    DM_FAILED, /* a child that ended otherwise */
    DM_LIVES,  /* after a message: a signal ended the waiting */
};

/*
 * Sends SIGTERM to the device model and waits until it has ended, with a message
 * after some seconds.  A signal (signals.h) ends the waiting after these; or,
 * with must_end, has SIGKILL sent to the device model.
 */
enum dm_end dm_stop(pid_t pid, unsigned long long start, bool must_end);

/*
 * Prints the device model's messages, a file, on standard error; who names the
 * domain.  True if oriel-dm said an error there, not warnings alone.
 */
bool dm_show_messages(const char *path, const char *who);

/* The path of a program beside this one, or its bare name; free() it. */
char *program_beside(const char *name);

#endif
