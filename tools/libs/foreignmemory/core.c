/* SPDX-License-Identifier: MIT */
/*
 * libxenforeignmemory, the part that is the same on every operating system:
 * argument checks, handles, and the all-or-nothing form of map.
 *
 * A handle is registered with libxentoolcore when it is complete, and leaves
 * the registry before a part of it is closed, so a concurrent
 * xentoolcore_restrict_all() never sees a partial handle. A resource handle
 * does not refer to the handle that made it. There are no locks: a handle does
 * not change, and the kernel serialises changes of mappings.
 */

#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* err[] of an all-or-nothing map up to this size needs no allocation: 2 KiB. */
#define ERR_ON_STACK 512

static int restrict_active(struct toolcore_handle *th, domid_t domid)
{
    xenforeignmemory_handle *fmem =
        (void *)((char *)th - offsetof(xenforeignmemory_handle, active));

    return os_restrict(fmem, domid);
}

xenforeignmemory_handle *xenforeignmemory_open(xentoollog_logger *logger,
                                               unsigned open_flags)
{
    xenforeignmemory_handle *fmem = malloc(sizeof(*fmem));
    int saved_errno;

    (void)open_flags;

    if ( !fmem )
        return NULL;

    *fmem = (xenforeignmemory_handle){
        .active.restrict_fn = restrict_active,
        .fd = -1,
        .logger = logger,
    };

    if ( !logger )
    {
        fmem->own_logger =
            (void *)xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
        if ( !fmem->own_logger )
            goto fail;
        fmem->logger = fmem->own_logger;
    }

    if ( os_open(fmem) )
        goto fail;

    xentoolcore__register_active_handle(&fmem->active);
    errno = 0;

    return fmem;

fail:
    saved_errno = errno;
    xtl_logger_destroy(fmem->own_logger);
    free(fmem);
    errno = saved_errno;

    return NULL;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    int rc, saved_errno;

    if ( !fmem )
        return 0;

    xentoolcore__deregister_active_handle(&fmem->active);
    rc = os_close(fmem);
    saved_errno = errno;
    xtl_logger_destroy(fmem->own_logger);
    free(fmem);
    errno = saved_errno;

    return rc;
}

static int first_error(const int *err, size_t nr)
{
    size_t i;

    /* All zero: the first byte is, and each equals the byte before it. */
    if ( !err[0] && !memcmp(err, err + 1, (nr - 1) * sizeof(*err)) )
        return 0;

    for ( i = 0; !err[i]; )
        i++;

    return -err[i];
}

/* Map every page or none. */
static void *map_all(const xenforeignmemory_handle *fmem, domid_t dom,
                     void *hint, int prot, int flags, size_t nr,
                     const xen_pfn_t *arr)
{
    int on_stack[ERR_ON_STACK], *err = on_stack;
    void *addr = NULL;
    int failure;

    if ( nr > ERR_ON_STACK )
    {
        err = malloc(nr * sizeof(*err));
        if ( !err )
            return NULL;
    }

    addr = os_map(fmem, dom, hint, prot, flags, nr, arr, err);
    failure = addr ? first_error(err, nr) : errno;
    if ( err != on_stack )
        free(err);

    if ( failure )
    {
        if ( addr )
            os_unmap(addr, nr << FRAME_SHIFT);
        errno = failure;
        return NULL;
    }

    return addr;
}

static inline void *map(const xenforeignmemory_handle *fmem, uint32_t dom,
                        void *hint, int prot, int flags, size_t nr,
                        const xen_pfn_t *arr, int *err)
{
    if ( !nr || nr > UINT32_MAX )
    {
        errno = EINVAL;
        return NULL;
    }

    /* ABI: dom has 32 bits here and 16 below. 65536 is not domain 0. */
    if ( dom > UINT16_MAX )
    {
        errno = ESRCH;
        return NULL;
    }

    if ( !err )
        return map_all(fmem, dom, hint, prot, flags, nr, arr);

    return os_map(fmem, dom, hint, prot, flags, nr, arr, err);
}

void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom,
                            void *addr, int prot, int flags, size_t pages,
                            const xen_pfn_t arr[/*pages*/], int err[/*pages*/])
{
    return map(fmem, dom, addr, prot, flags, pages, arr, err);
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages,
                           const xen_pfn_t arr[/*pages*/], int err[/*pages*/])
{
    return map(fmem, dom, NULL, prot, 0, pages, arr, err);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                           size_t pages)
{
    long bytes;

    (void)fmem;

    if ( __builtin_mul_overflow((long)pages, (long)FRAME_SIZE, &bytes) )
    {
        errno = EINVAL;
        return -1;
    }

    return os_unmap(addr, bytes);
}

int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid)
{
    return os_restrict(fmem, domid);
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
    xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
    unsigned int id, unsigned long frame, unsigned long nr_frames, void **paddr,
    int prot, int flags)
{
    xenforeignmemory_resource_handle *fres;
    void *addr;
    int saved_errno;

    if ( (flags & ~(MAP_SHARED | MAP_PRIVATE)) || !nr_frames ||
         (frame | nr_frames) > UINT32_MAX )
    {
        errno = EINVAL;
        return NULL;
    }

    fres = malloc(sizeof(*fres));
    if ( !fres )
        return NULL;

    addr = os_map_resource(fmem, domid, type, id, frame, nr_frames, *paddr,
                           prot, flags);
    if ( !addr )
    {
        saved_errno = errno;
        free(fres);
        errno = saved_errno;
        return NULL;
    }

    fres->addr = addr;
    fres->bytes = nr_frames << FRAME_SHIFT;
    *paddr = addr;

    return fres;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
                                    xenforeignmemory_resource_handle *fres)
{
    int rc;

    (void)fmem;

    if ( !fres )
        return 0;

    /* free() keeps errno: glibc has promised that since 2.33. */
    rc = os_unmap(fres->addr, fres->bytes);
    free(fres);

    return rc;
}

int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid,
                                   unsigned int type, unsigned int id,
                                   size_t *size)
{
    size_t frames;

    if ( os_resource_size(fmem, domid, type, id, &frames) )
        return -1;

    *size = frames << FRAME_SHIFT;

    return 0;
}
