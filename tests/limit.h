/* SPDX-License-Identifier: MIT */
/*
 * How long a test waits for what should happen by itself, and what it does when
 * that does not: a timeout, which is not a failed check.  See tests/limits.
 */
#ifndef TESTS_LIMIT_H
#define TESTS_LIMIT_H

#include <stdlib.h>

#define TIMEOUT_STATUS 124 /* as of timeout(1) */

/* Seconds: WAIT_LIMIT or PROGRAM_LIMIT, times TIMEOUT_SCALE. */
static inline unsigned int limit_seconds(unsigned int limit)
{
    const char *text = getenv("TIMEOUT_SCALE");
    int scale = text ? atoi(text) : 1;

    return limit * (unsigned int)(scale > 0 ? scale : 1);
}

#endif
