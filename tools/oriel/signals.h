/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP, held back while there is something that must not
 * be left behind: from signals_hold() to the end of the process, or to
 * signals_end().  SIGPIPE is ignored meanwhile, so that a write fails instead.
 * SIGQUIT and SIGKILL are not held: they end oriel at once.
 */
#ifndef ORIEL_SIGNALS_H
#define ORIEL_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

/* False after a message. */
bool signals_hold(void);

/* Has one arrived since signals_hold()? */
bool signals_arrived(void);

/* For poll(): readable while signals_arrived() or signals_sleep() has to look. */
int signals_fd(void);

/* Sleeps.  True, and at once, when one arrives that nobody has looked at. */
bool signals_sleep(int milliseconds);

/* Waits until fd can be written.  False when one has arrived before that. */
bool signals_writable(int fd);

/* In a child, before exec: as they were before signals_hold(). */
void signals_restore(void);

/* Ends this process by the signal that arrived first; returns if none did. */
void signals_end(void);

#endif
