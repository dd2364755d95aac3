/* SPDX-License-Identifier: MIT */
/* The device model's process: start it, identify it, end it. */
#ifndef ORIEL_DM_H
#define ORIEL_DM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dm_request {
    uint32_t domid;
    const char *program; /* NULL: oriel-dm beside oriel, else in PATH */
    const char *uart; /* file for the UART's output; "-": standard output */
    const char *trace; /* NULL: none */
    const char *log; /* file for its messages; NULL: standard error */
};

/*
 * Starts `PROGRAM --ready-fd N --console UART [--trace FILE] DOMID` in a
 * session of its own and waits until the program has written a byte to
 * descriptor N, which means that it serves requests.  False after a message;
 * then no process is left.
 */
bool dm_start(const struct dm_request *request, pid_t *pid,
              unsigned long long *start);

/* Is the process of the record alive? */
bool dm_lives(pid_t pid, unsigned long long start);

/*
 * Sends SIGTERM to the device model and waits for up to half a minute.  False
 * when it was a child of this process and has not ended with status 0.
 */
bool dm_stop(pid_t pid, unsigned long long start);

/* The path of a program beside this one, or its bare name; free() it. */
char *program_beside(const char *name);

#endif
