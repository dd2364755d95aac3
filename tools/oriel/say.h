/* SPDX-License-Identifier: MIT */
/*
 * Messages about failures: what was tried, on which domain and resource, why it
 * failed, and what to try.
 */
#ifndef ORIEL_SAY_H
#define ORIEL_SAY_H

#include <stdbool.h>

/* Exit codes. */
#define EXIT_OK 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* "oriel: TEXT" on standard error.  Returns EXIT_FAILED. */
int failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * "oriel: TEXT: strerror (ENAME); HINT".  err is an errno value, positive or
 * negative; hint may be NULL.  Returns EXIT_FAILED.
 */
int failed_errno(int err, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "oriel: warning: TEXT". */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* First of all, before a file is opened or something is printed. */
void begin_output(void);

/*
 * Flushes standard output.  False, after one message in the program's life,
 * when some of the output could not be written, now or before.
 */
bool flush_output(void);

/*
 * At the end of a command: flush_output().  Returns code, or EXIT_FAILED when
 * that failed.
 */
int finish_output(int code);

/* "oriel COMMAND: TEXT; see oriel COMMAND --help".  Returns EXIT_USAGE. */
int misused(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
