/* SPDX-License-Identifier: MIT */
/*
 * syscall(), by which programs reach calls that libc has no function for, and
 * others: those that concern our files go by the functions that are replaced.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

static long openat2_as_openat(int dirfd, const char *path, const void *how,
                              size_t size)
{
    char buf[PATH_MAX];
    struct open_how h;

    if ( !stand_in(dirfd, path, buf) || size < sizeof(h) )
        return real_call(SYS_openat2, dirfd, path, how, size);
    memcpy(&h, how, sizeof(h));
    return openat(dirfd, path, (int)h.flags, (mode_t)h.mode);
}

/* Calls with a path; false: it is another one. */
static bool by_path(long nr, const long a[6], long *rc)
{
    switch ( nr )
    {
    case SYS_open:
        *rc = open((const char *)a[0], (int)a[1], (mode_t)a[2]);
        return true;
    case SYS_openat:
        *rc = openat((int)a[0], (const char *)a[1], (int)a[2], (mode_t)a[3]);
        return true;
    case SYS_openat2:
        *rc = openat2_as_openat((int)a[0], (const char *)a[1],
                                (const void *)a[2], (size_t)a[3]);
        return true;
    case SYS_stat:
        *rc = stat((const char *)a[0], (struct stat *)a[1]);
        return true;
    case SYS_lstat:
        *rc = lstat((const char *)a[0], (struct stat *)a[1]);
        return true;
    case SYS_newfstatat:
        *rc = fstatat((int)a[0], (const char *)a[1], (struct stat *)a[2],
                      (int)a[3]);
        return true;
    case SYS_statx:
        *rc = statx((int)a[0], (const char *)a[1], (int)a[2],
                    (unsigned int)a[3], (struct statx *)a[4]);
        return true;
    case SYS_statfs:
        *rc = statfs((const char *)a[0], (struct statfs *)a[1]);
        return true;
    case SYS_access:
        *rc = access((const char *)a[0], (int)a[1]);
        return true;
    case SYS_faccessat:
        *rc = faccessat((int)a[0], (const char *)a[1], (int)a[2], 0);
        return true;
    case SYS_faccessat2:
        *rc = faccessat((int)a[0], (const char *)a[1], (int)a[2], (int)a[3]);
        return true;
    case SYS_readlink:
        *rc = readlink((const char *)a[0], (char *)a[1], (size_t)a[2]);
        return true;
    case SYS_readlinkat:
        *rc = readlinkat((int)a[0], (const char *)a[1], (char *)a[2],
                         (size_t)a[3]);
        return true;
    case SYS_renameat2:
        *rc = renameat2((int)a[0], (const char *)a[1], (int)a[2],
                        (const char *)a[3], (unsigned int)a[4]);
        return true;
    default:
        return false;
    }
}

/* Calls with a descriptor that close it, read or write. */
static bool by_descriptor(long nr, const long a[6], long *rc)
{
    switch ( nr )
    {
    case SYS_close:
        *rc = close((int)a[0]);
        return true;
    case SYS_close_range:
        *rc = close_range((unsigned int)a[0], (unsigned int)a[1], (int)a[2]);
        return true;
    case SYS_dup2:
        *rc = dup2((int)a[0], (int)a[1]);
        return true;
    case SYS_dup3:
        *rc = dup3((int)a[0], (int)a[1], (int)a[2]);
        return true;
    case SYS_read:
        *rc = read((int)a[0], (void *)a[1], (size_t)a[2]);
        return true;
    case SYS_write:
        *rc = write((int)a[0], (const void *)a[1], (size_t)a[2]);
        return true;
    case SYS_readv:
        *rc = readv((int)a[0], (const struct iovec *)a[1], (int)a[2]);
        return true;
    case SYS_writev:
        *rc = writev((int)a[0], (const struct iovec *)a[1], (int)a[2]);
        return true;
    case SYS_pread64:
        *rc = pread((int)a[0], (void *)a[1], (size_t)a[2], a[3]);
        return true;
    case SYS_pwrite64:
        *rc = pwrite((int)a[0], (const void *)a[1], (size_t)a[2], a[3]);
        return true;
    case SYS_preadv:
        *rc = preadv((int)a[0], (const struct iovec *)a[1], (int)a[2], a[3]);
        return true;
    case SYS_pwritev:
        *rc = pwritev((int)a[0], (const struct iovec *)a[1], (int)a[2], a[3]);
        return true;
    case SYS_preadv2:
        *rc = preadv2((int)a[0], (const struct iovec *)a[1], (int)a[2], a[3],
                      (int)a[5]);
        return true;
    case SYS_pwritev2:
        *rc = pwritev2((int)a[0], (const struct iovec *)a[1], (int)a[2], a[3],
                       (int)a[5]);
        return true;
    case SYS_sendfile:
        *rc = sendfile((int)a[0], (int)a[1], (off_t *)a[2], (size_t)a[3]);
        return true;
    default:
        return false;
    }
}

/* Calls about an open file, and about memory. */
static bool about_files(long nr, const long a[6], long *rc)
{
    switch ( nr )
    {
    case SYS_ioctl:
        *rc = ioctl((int)a[0], (unsigned long)a[1], a[2]);
        return true;
    case SYS_fcntl:
        *rc = fcntl((int)a[0], (int)a[1], a[2]);
        return true;
    case SYS_fstat:
        *rc = fstat((int)a[0], (struct stat *)a[1]);
        return true;
    case SYS_fstatfs:
        *rc = fstatfs((int)a[0], (struct statfs *)a[1]);
        return true;
    case SYS_epoll_ctl:
        *rc = epoll_ctl((int)a[0], (int)a[1], (int)a[2],
                        (struct epoll_event *)a[3]);
        return true;
    case SYS_mmap:
        *rc = (long)mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3],
                         (int)a[4], a[5]);
        return true;
    case SYS_munmap:
        *rc = munmap((void *)a[0], (size_t)a[1]);
        return true;
    case SYS_mprotect:
        *rc = mprotect((void *)a[0], (size_t)a[1], (int)a[2]);
        return true;
    case SYS_madvise:
        *rc = madvise((void *)a[0], (size_t)a[1], (int)a[2]);
        return true;
    case SYS_mremap:
        *rc = (long)mremap((void *)a[0], (size_t)a[1], (size_t)a[2], (int)a[3],
                           (void *)a[4]);
        return true;
    default:
        return false;
    }
}

EXPORT long syscall(long nr, ...)
{
    long a[6], rc;
    va_list ap;

    va_start(ap, nr);
    for ( unsigned int i = 0; i < 6; i++ )
        a[i] = va_arg(ap, long);
    va_end(ap);
    if ( by_path(nr, a, &rc) || by_descriptor(nr, a, &rc) ||
         about_files(nr, a, &rc) )
        return rc;
    return real_call(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
