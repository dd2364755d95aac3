/* SPDX-License-Identifier: MIT */
/* For programs that open files. */
#ifndef TOOLS_DESCRIPTORS_H
#define TOOLS_DESCRIPTORS_H

#include <fcntl.h>
#include <unistd.h>

/*
 * First of all: a descriptor 0, 1 or 2 that is closed would be that of the next
 * file that the program opens.  To read or write what is opened in its place is
 * EBADF.
 */
static inline void fill_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_PATH);
    while ( fd >= 0 && fd <= STDERR_FILENO );
    if ( fd >= 0 )
        close(fd);
}

#endif
