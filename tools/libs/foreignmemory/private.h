/* SPDX-License-Identifier: MIT */
/*
 * Private to libxenforeignmemory: handles, and the contract between core.c,
 * which checks arguments and owns the handles, and the operating system's part
 * (os_*; linux.c is the only one).
 */

#ifndef FOREIGNMEMORY_PRIVATE_H
#define FOREIGNMEMORY_PRIVATE_H

#include <xenforeignmemory.h>
#include <xentoollog.h>

#include <sys/mman.h>

#include "toolcore.h"

/* Xen's, whatever the page size of the system this runs on. */
#define FRAME_SHIFT 12
#define FRAME_SIZE  (1UL << FRAME_SHIFT)

/* All constant from the end of open to close. */
struct xenforeignmemory_handle
{
    struct toolcore_handle active;
    int fd;
    int unknown_errno; /* the kernel's answer to an ioctl it does not know */
    xentoollog_logger *logger;
    xentoollog_logger *own_logger; /* logger, if it is ours to destroy */
};

struct xenforeignmemory_resource_handle
{
    void *addr;
    size_t bytes;
};

/*
 * All return 0 or -1, or an address or NULL; on failure they set errno and undo
 * their changes. The caller has checked counts: 0 < nr <= UINT32_MAX.
 */

/* Sets fd and unknown_errno. The only function here that logs. */
int os_open(xenforeignmemory_handle *fmem);
int os_close(xenforeignmemory_handle *fmem);
int os_restrict(const xenforeignmemory_handle *fmem, domid_t domid);

/* Success says nothing about single pages: err[] has 0 or -errno for each. */
void *os_map(const xenforeignmemory_handle *fmem, domid_t dom, void *hint,
             int prot, int flags, size_t nr, const xen_pfn_t *arr, int *err);

void *os_map_resource(const xenforeignmemory_handle *fmem, domid_t domid,
                      unsigned int type, unsigned int id, uint32_t frame,
                      uint32_t nr, void *hint, int prot, int flags);
int os_resource_size(const xenforeignmemory_handle *fmem, domid_t domid,
                     unsigned int type, unsigned int id, size_t *frames);

/* Inline, for it is on the path of every unmapping. */
static inline int os_unmap(void *addr, size_t bytes)
{
    return munmap(addr, bytes);
}

#endif /* FOREIGNMEMORY_PRIVATE_H */
