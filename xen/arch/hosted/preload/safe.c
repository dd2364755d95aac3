/* SPDX-License-Identifier: MIT */
/* Access to the program's memory that fails by an error instead of a signal. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <xen/sys/privcmd.h>

#include "preload.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int peek(void *dst, const void *src, size_t len)
{
    struct iovec here = { dst, len }, there = { (void *)src, len };

    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)len
               ? 0 : -EFAULT;
}

int poke(void *dst, const void *src, size_t len)
{
    struct iovec here = { (void *)src, len }, there = { dst, len };

    return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == (ssize_t)len
               ? 0 : -EFAULT;
}

/* Can the whole range be written?  Pages are made present, not changed. */
static bool writable(const void *p, size_t len)
{
    uintptr_t start = (uintptr_t)p & ~(PAGE - 1);
    uintptr_t end = ((uintptr_t)p + len + PAGE - 1) & ~(PAGE - 1);

    return end <= start ||
           !real_call(SYS_madvise, start, end - start, MADV_POPULATE_WRITE);
}

/* The server finds all other errors, in Linux' order. */
long pin_dm_op(unsigned long arg)
{
    struct privcmd_dm_op_buf buf[16];
    struct privcmd_dm_op op;
    char here;

    if ( !writable(&here, 1) )
        return 0; /* Linux before 5.14 lacks MADV_POPULATE_WRITE */
    if ( peek(&op, (void *)arg, sizeof(op)) || op.num > 16 ||
         peek(buf, op.ubufs, op.num * sizeof(buf[0])) )
        return 0;
    for ( unsigned int i = 0; i < op.num; i++ )
        if ( buf[i].size <= PAGE && !writable(buf[i].uptr, buf[i].size) )
            return -EFAULT;
    return 0;
}
