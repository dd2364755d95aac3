/* SPDX-License-Identifier: MIT */
/* Functions of libc that map, and change what is mapped: see preload.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload.h"

/* ---- mmap ---- */

/* Flags that Linux knows; of others MAP_SHARED_VALIDATE is refused. */
#define KNOWN_FLAGS                                                          \
    (MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_32BIT |  \
     MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED |             \
     MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |   \
     MAP_HUGE_MASK << MAP_HUGE_SHIFT)

static bool is_shared(int flags)
{
    return (flags & MAP_TYPE) == MAP_SHARED ||
           (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
}

/* What Linux asks of the open file, whatever its driver is. */
static long may_map_any(const struct file *f, int prot, int flags)
{
    if ( (flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & ~KNOWN_FLAGS )
        return -EOPNOTSUPP;
    if ( is_shared(flags) && (prot & PROT_WRITE) && !may_write(f) )
        return -EACCES;
    if ( !is_shared(flags) && (flags & MAP_TYPE) != MAP_PRIVATE )
        return -EINVAL;
    return may_read(f) ? 0 : -EACCES;
}

/*
 * The checks that Linux makes before the driver is called, and the driver's
 * first ones.  A shared mapping of a file that is open to be read is as good as
 * a private one to a driver.
 */
static long may_map(const struct file *f, size_t len, int prot, int flags,
                    off_t offset)
{
    bool shared = is_shared(flags) && may_write(f);
    long rc;

    if ( !len || offset & (off_t)(PAGE - 1) )
        return -EINVAL;
    rc = may_map_any(f, prot, flags);
    if ( rc )
        return rc;
    if ( f->kind == WIRE_EVTCHN || f->kind == WIRE_XENBUS )
        return -ENODEV;
    if ( !shared && (f->kind == WIRE_GNTALLOC || f->kind == WIRE_HYPERCALL ||
                     (f->kind != WIRE_PRIVCMD && prot & PROT_WRITE)) )
        return -EINVAL;
    return 0;
}

/*
 * Find the addresses.  Hypercall buffers are plain memory, there already, of
 * which the server is not told.
 */
static void *map_nothing(const struct file *f, void *addr, size_t bytes,
                         int prot, int flags)
{
    flags &= MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT;
    flags |= MAP_ANONYMOUS;
    if ( f->kind == WIRE_HYPERCALL )
        return real_mmap(addr, bytes, prot, flags | MAP_SHARED | MAP_POPULATE,
                         -1, 0);
    return real_mmap(addr, bytes, PROT_NONE,
                     flags | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
}

/*
 * Frames are there at once, but in a privcmd mapping: ioctls map those.  The
 * record is there before the frames, which a child of another thread's fork()
 * could not know of, and until the server has forgotten what cannot be mapped.
 */
static void *map_file(struct file *f, void *addr, size_t bytes, int prot,
                      int flags, off_t offset)
{
    void *p = map_nothing(f, addr, bytes, prot, flags);
    uintptr_t at = (uintptr_t)p;
    long rc = 0;

    if ( p == MAP_FAILED )
        return p;
    if ( !add_map(&(struct map){ .start = at, .end = at + bytes, .file = f,
                                 .prot = prot, .no_write = is_shared(flags) &&
                                                           !may_write(f) }) )
        rc = -ENOMEM;
    else if ( f->kind != WIRE_HYPERCALL )
        rc = request(f, WIRE_MMAP, at, bytes, (uint64_t)offset,
                     (uint64_t)prot);
    if ( rc < 0 )
    {
        forget_range(at, at + bytes);
        real_munmap(p, bytes);
        set_errno(rc);
        return MAP_FAILED;
    }
    if ( f->kind == WIRE_PRIVCMD )
        reserve_empty(at, at + bytes, prot);
    return p;
}

/* Does Linux refuse it before anything at the addresses has changed? */
static bool is_refused(const void *addr, size_t len, int flags, int fd)
{
    return (uintptr_t)addr & (PAGE - 1) || !len ||
           (!is_shared(flags) && (flags & MAP_TYPE) != MAP_PRIVATE) ||
           (!(flags & MAP_ANONYMOUS) &&
            real_call(SYS_fcntl, fd, F_GETFD) < 0);
}

/* What is there makes room: 0 or -errno. */
static long make_room(const void *addr, size_t bytes, int flags)
{
    uintptr_t start = (uintptr_t)addr, end = start + bytes;

    if ( !(flags & MAP_FIXED) || flags & MAP_FIXED_NOREPLACE )
        return 0;
    if ( splits_map(start, end) )
        return -ENOMEM;
    forget_range(start, end);
    return 0;
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset)
{
    struct file *f = NULL;
    size_t bytes = (len + PAGE - 1) & ~(PAGE - 1);
    void *p = MAP_FAILED;
    long rc = 0;

    if ( !(flags & MAP_ANONYMOUS) )
        f = file_get(fd, &rc);
    if ( f )
        rc = may_map(f, len, prot, flags, offset);
    if ( !rc && !((flags & MAP_FIXED) && is_refused(addr, len, flags, fd)) )
        rc = make_room(addr, bytes, flags);
    if ( rc )
        set_errno(rc);
    else if ( f )
        p = map_file(f, addr, bytes, prot, flags, offset);
    else
        p = real_mmap(addr, len, prot, flags, fd, offset);
    if ( f )
        file_put(f);
    return p;
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off_t offset)
{
    return mmap(addr, len, prot, flags, fd, offset);
}

EXPORT int munmap(void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    uintptr_t end = (start + len + PAGE - 1) & ~(PAGE - 1);

    if ( !(start & (PAGE - 1)) && start < end )
    {
        if ( splits_map(start, end) )
            return (int)set_errno(-EINVAL);
        forget_range(start, end);
    }
    return real_munmap(addr, len);
}

/* ---- changes ---- */

EXPORT int mprotect(void *addr, size_t len, int prot)
{
    uintptr_t start = (uintptr_t)addr;
    uintptr_t end = (start + len + PAGE - 1) & ~(PAGE - 1);
    int allowed = prot;
    bool ours = false;
    long rc = 0;

    if ( !(start & (PAGE - 1)) && start < end )
        rc = protect_maps(start, end, prot, &ours, &allowed);
    if ( rc )
        return (int)set_errno(rc);
    return (int)real_call(SYS_mprotect, addr, len, ours ? allowed : prot);
}

/* The pages of a privcmd mapping are no memory of the program's. */
EXPORT int madvise(void *addr, size_t len, int advice)
{
    if ( (advice == MADV_DONTNEED || advice == MADV_DOFORK ||
          advice == MADV_FREE) && is_foreign((uintptr_t)addr, len) )
        return (int)set_errno(-EINVAL);
    return (int)real_call(SYS_madvise, addr, len, advice);
}

/* Such mappings do not grow; moving them is not implemented. */
EXPORT void *mremap(void *addr, size_t old, size_t new, int flags, ...)
{
    void *to;
    va_list ap;

    va_start(ap, flags);
    to = va_arg(ap, void *);
    va_end(ap);
    if ( !is_mapped((uintptr_t)addr) )
        return (void *)real_call(SYS_mremap, addr, old, new, flags, to);
    old = (old + PAGE - 1) & ~(PAGE - 1);
    new = (new + PAGE - 1) & ~(PAGE - 1);
    if ( new > old )
        return (void *)set_errno(-EFAULT);
    if ( flags & MREMAP_FIXED || !new )
        return (void *)set_errno(-EINVAL);
    return new == old || !munmap((char *)addr + new, old - new) ? addr
                                                               : MAP_FAILED;
}
