/* SPDX-License-Identifier: MIT */
/* The current vcpu of each thread, and how a hypercall reaches its memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <hosted.h>

#include <hv/guest-access.h>

int (*hosted_guest_copy)(struct vcpu *v, uint64_t va, void *buf, size_t bytes,
                         bool write);

static __thread struct hosted_context context;
static char *window_base;
static size_t window_len;

struct hosted_context hosted_enter(struct hosted_context ctx)
{
    struct hosted_context old = context;

    context = ctx;
    return old;
}

struct vcpu *arch_current(void)
{
    return context.v;
}

void hosted_local_window(void *base, size_t len)
{
    window_base = base;
    window_len = len;
}

static int copy_window(uint64_t addr, void *buf, size_t bytes, bool write)
{
    uint64_t offset = addr - (uint64_t)(uintptr_t)window_base;

    if ( offset > window_len || bytes > window_len - offset )
        return -EFAULT;
    if ( write )
        memcpy(window_base + offset, buf, bytes);
    else
        memcpy(buf, window_base + offset, bytes);
    return 0;
}

/* Linux copies, so that a bad address is an error and not a crash. */
static int copy_process(pid_t pid, uint64_t addr, void *buf, size_t bytes,
                        bool write)
{
    struct iovec here = { buf, bytes };
    struct iovec there = { (void *)(uintptr_t)addr, bytes };
    ssize_t done = write ? process_vm_writev(pid, &here, 1, &there, 1, 0)
                         : process_vm_readv(pid, &here, 1, &there, 1, 0);

    return done == (ssize_t)bytes ? 0 : -EFAULT;
}

static int copy(uint64_t addr, void *buf, size_t bytes, bool write)
{
    if ( context.access != ACCESS_LOCAL && hosted_copy_fails() )
        return -EFAULT;
    switch ( context.access )
    {
    case ACCESS_GUEST:
        return hosted_guest_copy ? hosted_guest_copy(context.v, addr, buf,
                                                     bytes, write)
                                 : -EFAULT;
    case ACCESS_CLIENT:
        return copy_process(context.pid, addr, buf, bytes, write);
    default:
        if ( window_base )
            return copy_window(addr, buf, bytes, write);
        return copy_process(getpid(), addr, buf, bytes, write);
    }
}

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    return copy(src, dst, bytes, false);
}

int arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    return copy(dst, (void *)(uintptr_t)src, bytes, true);
}
