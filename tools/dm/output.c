/* SPDX-License-Identifier: MIT */
/*
 * Writing to files: all bytes are written, or a message says that not.  With
 * RLIMIT_FSIZE, and SIGXFSZ ignored, what exceeds it is no failure.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dm.h"

static bool lost;

static void lose(const char *what)
{
    fprintf(stderr, "oriel-dm: write %s: %s; its content is not complete\n",
            what, strerror(errno));
    lost = true;
}

bool output_write(int fd, const char *what, const void *bytes, size_t len)
{
    const char *p = bytes;

    while ( len )
    {
        ssize_t done = write(fd, p, len);

        if ( done < 0 && errno == EINTR ) /* a signal */
            continue;
        if ( done < 0 && errno == EFBIG ) /* whoever set the limit wants that */
        {
            fprintf(stderr, "oriel-dm: warning: %s: the file is as large as it "
                    "may be; the rest is dropped\n", what);
            return false;
        }
        if ( done < 0 )
        {
            lose(what);
            return false;
        }
        p += done;
        len -= (size_t)done;
    }
    return true;
}

void output_close(int fd, const char *what)
{
    if ( fd > STDERR_FILENO && close(fd) )
        lose(what);
}

bool output_complete(void)
{
    return !lost;
}
