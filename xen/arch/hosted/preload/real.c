/* SPDX-License-Identifier: MIT */
/*
 * The real calls: by system call, so no symbol lookup can recurse, and nothing
 * that the library replaces is called.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "preload.h"

static long real_call_6(long nr, const long a[6])
{
    register long r10 __asm__("r10") = a[3];
    register long r8 __asm__("r8") = a[4];
    register long r9 __asm__("r9") = a[5];
    long rc;

    __asm__ volatile ( "syscall"
                       : "=a" (rc)
                       : "0" (nr), "D" (a[0]), "S" (a[1]), "d" (a[2]),
                         "r" (r10), "r" (r8), "r" (r9)
                       : "rcx", "r11", "memory" );
    return rc;
}

long real_call(long nr, ...)
{
    long a[6], rc;
    va_list ap;

    va_start(ap, nr);
    for ( unsigned int i = 0; i < 6; i++ )
        a[i] = va_arg(ap, long);
    va_end(ap);
    rc = real_call_6(nr, a);
    return rc < 0 && rc >= -4095 ? set_errno(rc) : rc;
}

long cancellable_call(long nr, long a, long b, long c, long d)
{
    int type;
    long rc;

    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    rc = real_call(nr, a, b, c, d);
    pthread_setcanceltype(type, NULL);
    return rc;
}

void *real_mmap(void *addr, size_t len, int prot, int flags, int fd,
                off_t offset)
{
    return (void *)real_call(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int real_munmap(void *addr, size_t len)
{
    return (int)real_call(SYS_munmap, addr, len);
}

int real_close(int fd)
{
    return (int)real_call(SYS_close, fd);
}

long set_errno(long rc)
{
    if ( rc >= 0 )
        return rc;
    errno = (int)-rc;
    return -1;
}
