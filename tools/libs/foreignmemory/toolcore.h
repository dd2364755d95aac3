/* SPDX-License-Identifier: MIT */
/*
 * The interface of libxentoolcore.so.1 for libraries, which no installed header
 * declares: a list of the process's open handles, which
 * xentoolcore_restrict_all() walks. The layout is part of that library's ABI.
 */

#ifndef FOREIGNMEMORY_TOOLCORE_H
#define FOREIGNMEMORY_TOOLCORE_H

#include <stddef.h>

#include <xen/xen.h>

/* Embedded in a handle. The links belong to libxentoolcore. */
struct toolcore_handle
{
    int (*restrict_fn)(struct toolcore_handle *th, domid_t domid);
    struct
    {
        struct toolcore_handle *next;
        struct toolcore_handle **prev;
    } link;
};

_Static_assert(sizeof(struct toolcore_handle) == 3 * sizeof(void *) &&
                   offsetof(struct toolcore_handle, link) == sizeof(void *),
               "the library's idea of the structure");

/*
 * From here to deregistration restrict_fn may be called, by any thread, under
 * the library's lock: it returns 0, or -1 and errno, and must not call back.
 */
void xentoolcore__register_active_handle(struct toolcore_handle *th);
void xentoolcore__deregister_active_handle(struct toolcore_handle *th);

#endif /* FOREIGNMEMORY_TOOLCORE_H */
