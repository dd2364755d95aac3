/* SPDX-License-Identifier: MIT */
/*
 * libxenforeignmemory: other domains' memory in this process's address space.
 *
 * A handle is an open privcmd device. A program maps through the handle pages
 * of another domain by frame number (map), or the frames of one of that
 * domain's resources, such as its grant table or an ioreq server's pages
 * (map_resource). The hypervisor decides which pages the calling domain may
 * map; restrict limits a handle to one target domain for the rest of the
 * handle's life.
 *
 * A "page" is a Xen frame, 4096 bytes. Unless said otherwise a function that
 * fails returns NULL or -1, sets errno, and has changed nothing. Only a failing
 * xenforeignmemory_open() logs; other functions report by errno only.
 *
 * A handle may be used by several threads at once, but for open and close. A
 * mapping outlives its handle's close. After fork() the child may close its
 * copy of a handle and do nothing else with it, nor touch the mappings (which
 * the kernel does not give to the child); exec() releases everything.
 */

#ifndef XENFOREIGNMEMORY_H
#define XENFOREIGNMEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

struct xentoollog_logger;

typedef struct xenforeignmemory_handle xenforeignmemory_handle;
typedef struct xenforeignmemory_resource_handle
    xenforeignmemory_resource_handle;

/*
 * Open a handle. `logger` must live as long as the handle; with NULL the handle
 * logs to stderr. `open_flags` is ignored and should be 0. On success errno
 * is 0.
 *
 *   ENOMEM  no memory
 *   ENODEV  the device is there but is not privcmd
 *   other   open(2) on /dev/xen/privcmd, or if that does not exist, on
 *           /proc/xen/privcmd
 */
xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned open_flags);

/*
 * Close a handle. The handle is gone whatever is returned, so there is nothing
 * to retry. NULL is allowed, and 0 is returned.
 */
int xenforeignmemory_close(xenforeignmemory_handle *fmem);

/*
 * Map `pages` pages of domain `dom`, the i-th being its frame arr[i] (a GFN; an
 * MFN for a PV domain), at consecutive addresses. `prot` is that of mmap(2).
 *
 * With err == NULL all pages are mapped or none is: errno is that of the first
 * page that failed.
 *
 * Otherwise err[i] is set to 0 or to the *negated* errno value of page i (e.g.
 * -EINVAL); a valid address is returned even if every page failed, and an
 * access to a page that failed raises SIGBUS. If NULL is returned, err[] has no
 * meaning.
 *
 * The call waits for pages that are paged out.
 *
 *   EINVAL  pages is 0 or over 2^32 - 1; the frame does not exist
 *   ESRCH   no such domain
 *   EPERM   the handle is restricted to another domain, or Xen refuses
 *   ENOMEM  no memory, or no room in the address space
 *   other   mmap(2), the kernel or Xen
 */
void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages,
                           const xen_pfn_t arr[/*pages*/], int err[/*pages*/]);

/*
 * The same with a hint for the address, and more flags of mmap(2), to which
 * MAP_SHARED is added. MAP_FIXED replaces the mapping at `addr`, which is lost
 * also if the call then fails.
 */
void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom,
                            void *addr, int prot, int flags, size_t pages,
                            const xen_pfn_t arr[/*pages*/], int err[/*pages*/]);

/*
 * Undo a map or map2 of that many pages. Returns 0.
 *
 *   EINVAL  addr is not page aligned; pages is 0 or too large
 */
int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                           size_t pages);

/*
 * From now on the handle maps pages of domain `domid` only; this cannot be
 * undone. xentoolcore_restrict_all() restricts all handles of the process.
 * Returns 0.
 *
 *   EINVAL  it is restricted to another domain already
 *   ENOTTY  the kernel has no such ioctl
 */
int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid);

/*
 * Map `nr_frames` frames of a resource from number `frame` on. `type` and `id`
 * are those of XENMEM_acquire_resource (XENMEM_resource_*). *paddr is read as
 * the hint for the address, so should be NULL, and is set to the address on
 * success only. `prot` is that of mmap(2), and `flags` may have MAP_SHARED
 * (which is added anyway) and MAP_PRIVATE.
 *
 *   EINVAL      other flags; nr_frames is 0; frame or nr_frames over 2^32 - 1
 *               (the kernel's interface has 32 bits: a larger frame is refused,
 *               not truncated); or Xen finds no such type, id or frame
 *   ENOMEM      no memory, or no room in the address space
 *   EOPNOTSUPP  the kernel or Xen has no such call
 *   EPERM       the handle is restricted to another domain, or Xen refuses
 *   other       mmap(2), the kernel or Xen: see XENMEM_acquire_resource
 */
xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
    xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
    unsigned int id, unsigned long frame, unsigned long nr_frames, void **paddr,
    int prot, int flags);

/*
 * Undo a map_resource. The handle `fres` is gone whatever is returned. NULL is
 * allowed, and 0 is returned.
 */
int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
                                    xenforeignmemory_resource_handle *fres);

/*
 * Store the size of a resource, in bytes, in *size. Returns 0. A frame within
 * the size cannot always be mapped.
 *
 *   EINVAL      Xen finds no such type or id
 *   EOPNOTSUPP  the kernel or Xen has no such call
 *   other       the kernel or Xen
 */
int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid,
                                   unsigned int type, unsigned int id,
                                   size_t *size);

#endif /* XENFOREIGNMEMORY_H */
