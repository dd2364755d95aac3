/* SPDX-License-Identifier: MIT */
/* The device model as a process: start it, know it again, end it. */
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
    const char *log; /* where its messages go; NULL: standard error */
};

/*
 * Starts it as `PROGRAM --ready-fd N --console UART [--trace FILE] DOMID` in a
 * session of its own and waits until it has written a byte to descriptor N: it
 * then serves requests.  False after a message; nothing is left running.
 */
bool dm_start(const struct dm_request *request, pid_t *pid,
              unsigned long long *start);

/* The process is there and is that one. */
bool dm_lives(pid_t pid, unsigned long long start);

/*
 * Asks it to end and waits for up to half a minute.  False when it was a child of
 * this process and has not ended with status 0.
 */
bool dm_stop(pid_t pid, unsigned long long start);

/* The path of a program beside this one, or its bare name; free() it. */
char *program_beside(const char *name);

#endif
