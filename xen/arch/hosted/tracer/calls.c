/* SPDX-License-Identifier: MIT */
/* ioctl(), mmap() and munmap() of the files of /dev/xen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/sys/privcmd.h>

#include "../preload/preload.h"
#include "calls.h"

/* ---- ioctl ---- */

static void ioctl_arguments(struct line *l, int fd, int kind, uint32_t req,
                            unsigned long arg)
{
    const struct value *v = find_value(requests, req);

    if ( req == IOCTL_PRIVCMD_HYPERCALL && kind == WIRE_PRIVCMD )
        return show_hypercall(l, arg);
    put(l, "ioctl(");
    put_fd(l, fd, kind);
    put(l, ", ");
    put_name(l, requests, req);
    if ( !v || v->rows )
        show_request(l, req, arg);
}

/* What came out, in braces; nothing if nothing did. */
static void ioctl_results(struct line *l, int kind, uint32_t req,
                          unsigned long arg)
{
    size_t before = l->len, inner;

    put(l, " {");
    inner = l->len;
    if ( req == IOCTL_PRIVCMD_HYPERCALL && kind == WIRE_PRIVCMD )
        show_hypercall(l, arg);
    else
        show_request(l, req, arg);
    if ( l->len == inner && !l->full )
        l->len = before;
    else if ( l->full )
        return;
    else
        put(l, "}");
}

EXPORT int ioctl(int fd, unsigned long req, ...)
{
    unsigned long arg;
    struct call c;
    int kind, rc;
    va_list ap;

    va_start(ap, req);
    arg = va_arg(ap, unsigned long);
    va_end(ap);
    kind = kind_of_fd(fd, false);
    if ( kind < 0 )
        return CALL_NEXT(ioctl, fd, req, arg);
    c = prepare();
    if ( c.line )
        ioctl_arguments(c.line, fd, kind, (uint32_t)req, arg);
    begin(&c);
    rc = CALL_NEXT(ioctl, fd, req, arg);
    returned(&c, rc, false);
    if ( c.line )
        ioctl_results(c.line, kind, (uint32_t)req, arg);
    end(&c);
    return rc;
}

/* ---- mappings ---- */

static const struct value protections[] = {
    IS(PROT_READ), IS(PROT_WRITE), IS(PROT_EXEC), NO_MORE
};

static const struct value map_flags[] = {
    IS(MAP_SHARED), IS(MAP_PRIVATE), IS(MAP_FIXED), IS(MAP_ANONYMOUS),
    IS(MAP_LOCKED), IS(MAP_POPULATE), IS(MAP_NORESERVE), NO_MORE
};

/* What is mapped through files of ours, so that its end is printed, too. */
#define NR_MAPS 1024
static struct { uintptr_t start; size_t len; } maps[NR_MAPS];

static void remember(uintptr_t start, size_t len)
{
    for ( unsigned int i = 0; i < NR_MAPS; i++ )
    {
        uintptr_t none = 0;

        if ( __atomic_compare_exchange_n(&maps[i].start, &none, 1, false,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
        {
            maps[i].len = len;
            __atomic_store_n(&maps[i].start, start, __ATOMIC_RELEASE);
            return;
        }
    }
}

/* Is a mapping of ours in the range?  One that is as a whole is forgotten. */
static bool forget(uintptr_t start, size_t len)
{
    bool found = false;

    for ( unsigned int i = 0; i < NR_MAPS; i++ )
    {
        uintptr_t at = __atomic_load_n(&maps[i].start, __ATOMIC_ACQUIRE);

        if ( at <= 1 || at >= start + len || at + maps[i].len <= start )
            continue;
        found = true;
        if ( at >= start && at + maps[i].len <= start + len )
            __atomic_store_n(&maps[i].start, 0, __ATOMIC_RELEASE);
    }
    return found;
}

static void mmap_arguments(struct line *l, const void *addr, size_t len,
                           int prot, int flags)
{
    put(l, "mmap(");
    put_pointer(l, (uintptr_t)addr);
    put(l, ", ");
    put_number(l, DEC, len, sizeof(len));
    put(l, ", ");
    if ( prot )
        put_flags(l, protections, (uint64_t)prot);
    else
        put(l, "PROT_NONE");
    put(l, ", ");
    put_flags(l, map_flags, (uint64_t)flags);
    put(l, ", ");
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset)
{
    int kind = flags & MAP_ANONYMOUS ? -1 : kind_of_fd(fd, false);
    struct call c;
    void *p;

    if ( kind < 0 )
        return CALL_NEXT(mmap, addr, len, prot, flags, fd, offset);
    c = prepare();
    if ( c.line )
    {
        mmap_arguments(c.line, addr, len, prot, flags);
        put_fd(c.line, fd, kind);
        put(c.line, ", ");
        put_number(c.line, HEX, (uint64_t)offset, sizeof(offset));
    }
    begin(&c);
    p = CALL_NEXT(mmap, addr, len, prot, flags, fd, offset);
    if ( p != MAP_FAILED )
        remember((uintptr_t)p, len);
    returned(&c, (long)p, true);
    end(&c);
    return p;
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off_t offset)
{
    return mmap(addr, len, prot, flags, fd, offset);
}

EXPORT int munmap(void *addr, size_t len)
{
    struct call c;
    int rc;

    if ( !forget((uintptr_t)addr, len) )
        return CALL_NEXT(munmap, addr, len);
    c = prepare();
    if ( c.line )
    {
        put(c.line, "munmap(");
        put_pointer(c.line, (uintptr_t)addr);
        put(c.line, ", ");
        put_number(c.line, DEC, len, sizeof(len));
    }
    begin(&c);
    rc = CALL_NEXT(munmap, addr, len);
    returned(&c, rc, false);
    end(&c);
    return rc;
}
