/* SPDX-License-Identifier: MIT */
/*
 * libxenforeignmemory on Linux: the privcmd device.
 *
 * Every mapping has two steps. mmap() of the device makes an empty region; an
 * ioctl fills it, naming exactly the region mmap() made (the kernel does not
 * check that the range it is given ends where the region does). If the second
 * step fails the region is removed again.
 *
 * For a page that is paged out Xen answers ENOENT until the page is back. The
 * first request makes Xen fetch the page, so the library repeats the request a
 * little later.
 *
 * Filling a region by frame number has two ioctls. MMAPBATCH_V2 has an error
 * per page; a kernel before 3.8 answers EINVAL to it. MMAPBATCH reports errors
 * in the top bits of the frame numbers, so it gets a copy of them.
 */

#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xen/sys/privcmd.h>

#define PAGED_OUT_DELAY_US 100

static int open_device(xentoollog_logger *logger)
{
    static const char dev[] = "/dev/xen/privcmd", old[] = "/proc/xen/privcmd";
    const char *path = dev;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if ( fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV) )
    {
        path = old;
        fd = open(path, O_RDWR | O_CLOEXEC);
    }

    if ( fd < 0 )
        xtl_log(logger, XTL_ERROR, errno, "xenforeignmemory",
                "cannot open privcmd (%s)", path);

    return fd;
}

int os_open(xenforeignmemory_handle *fmem)
{
    int fd = open_device(fmem->logger);

    if ( fd < 0 )
        return -1;

    /*
     * Old kernels answer EINVAL to an ioctl they do not know, later ones
     * ENOTTY. An ioctl that will never exist shows which answer this kernel
     * gives.
     */
    if ( ioctl(fd, IOCTL_PRIVCMD_UNIMPLEMENTED, NULL) >= 0 )
    {
        xtl_log(fmem->logger, XTL_ERROR, -1, "xenforeignmemory",
                "privcmd accepts a command that does not exist");
        close(fd);
        errno = ENODEV;
        return -1;
    }

    fmem->fd = fd;
    fmem->unknown_errno = errno;

    return 0;
}

int os_close(xenforeignmemory_handle *fmem)
{
    return close(fmem->fd);
}

int os_restrict(const xenforeignmemory_handle *fmem, domid_t domid)
{
    return ioctl(fmem->fd, IOCTL_PRIVCMD_RESTRICT, &domid);
}

static int batch_v1(int fd, domid_t dom, void *addr, int nr, xen_pfn_t *arr)
{
    privcmd_mmapbatch_t batch = {
        .num = nr,
        .dom = dom,
        .addr = (uintptr_t)addr,
        .arr = arr,
    };

    return ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH, &batch);
}

static inline int batch_v2(int fd, domid_t dom, void *addr, unsigned int nr,
                           const xen_pfn_t *arr, int *err)
{
    privcmd_mmapbatch_v2_t batch = {
        .num = nr,
        .dom = dom,
        .addr = (uintptr_t)addr,
        .arr = arr,
        .err = err,
    };

    return ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch);
}

/* Ask again, run by run, for the pages that were paged out, until none is. */
static int retry_v2(int fd, domid_t dom, char *addr, size_t nr,
                    const xen_pfn_t *arr, int *err)
{
    size_t i, end;
    bool again;

    do
    {
        again = false;
        usleep(PAGED_OUT_DELAY_US);

        for ( i = 0; i < nr; i = end )
        {
            end = i + 1;
            if ( err[i] != -ENOENT )
                continue;

            while ( end < nr && err[end] == -ENOENT )
                end++;

            if ( batch_v2(fd, dom, addr + i * FRAME_SIZE, end - i, arr + i,
                          err + i) < 0 )
            {
                if ( errno != ENOENT )
                    return -1;
                again = true;
            }
        }
    } while ( again );

    return 0;
}

/* One page, which was paged out when last asked for. */
static int retry_v1(int fd, domid_t dom, void *addr, xen_pfn_t pfn, int *err)
{
    xen_pfn_t answer;
    int rc;

    do
    {
        usleep(PAGED_OUT_DELAY_US);
        answer = pfn;
        rc = batch_v1(fd, dom, addr, 1, &answer);
    } while ( rc < 0 && errno == ENOENT );

    *err = answer == pfn ? 0 : -EINVAL;

    return rc < 0 ? -1 : 0;
}

static int fill_v1(int fd, domid_t dom, char *addr, size_t nr,
                   const xen_pfn_t *arr, int *err)
{
    xen_pfn_t *answer;
    bool paged = false;
    int rc = 0, saved_errno;
    size_t i;

    if ( nr > INT_MAX )
    {
        errno = EINVAL;
        return -1;
    }

    answer = malloc(nr * sizeof(*answer));
    if ( !answer )
        return -1;

    memcpy(answer, arr, nr * sizeof(*answer));
    if ( batch_v1(fd, dom, addr, nr, answer) < 0 )
    {
        paged = errno == ENOENT;
        rc = paged ? 0 : -1;
    }

    for ( i = 0; !rc && i < nr; i++ )
    {
        xen_pfn_t diff = answer[i] ^ arr[i];

        if ( !diff )
            err[i] = 0;
        else if ( paged && diff == PRIVCMD_MMAPBATCH_PAGED_ERROR )
            rc = retry_v1(fd, dom, addr + i * FRAME_SIZE, arr[i], &err[i]);
        else
            err[i] = -EINVAL;
    }

    saved_errno = errno;
    free(answer);
    errno = saved_errno;

    return rc;
}

static void *undo_mmap(void *addr, size_t bytes)
{
    int saved_errno = errno;

    munmap(addr, bytes);
    errno = saved_errno;

    return NULL;
}

void *os_map(const xenforeignmemory_handle *fmem, domid_t dom, void *hint,
             int prot, int flags, size_t nr, const xen_pfn_t *arr, int *err)
{
    int fd = fmem->fd, rc;
    void *addr =
        mmap(hint, nr << FRAME_SHIFT, prot, flags | MAP_SHARED, fd, 0);

    if ( addr == MAP_FAILED )
        return NULL;

    rc = batch_v2(fd, dom, addr, nr, arr, err);
    if ( __builtin_expect(rc < 0, 0) )
    {
        if ( errno == ENOENT )
            rc = retry_v2(fd, dom, addr, nr, arr, err);
        else if ( errno == EINVAL )
            rc = fill_v1(fd, dom, addr, nr, arr, err);

        if ( rc < 0 )
            return undo_mmap(addr, nr << FRAME_SHIFT);
    }

    return addr;
}

static int resource_failed(const xenforeignmemory_handle *fmem)
{
    if ( errno == fmem->unknown_errno )
        errno = EOPNOTSUPP;

    return -1;
}

void *os_map_resource(const xenforeignmemory_handle *fmem, domid_t domid,
                      unsigned int type, unsigned int id, uint32_t frame,
                      uint32_t nr, void *hint, int prot, int flags)
{
    size_t bytes = (size_t)nr << FRAME_SHIFT;
    void *addr = mmap(hint, bytes, prot, flags | MAP_SHARED, fmem->fd, 0);
    privcmd_mmap_resource_t res = {
        .dom = domid,
        .type = type,
        .id = id,
        .idx = frame,
        .num = nr,
        .addr = (uintptr_t)addr,
    };

    if ( addr == MAP_FAILED )
        return NULL;

    if ( ioctl(fmem->fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &res) )
    {
        resource_failed(fmem);
        return undo_mmap(addr, bytes);
    }

    return addr;
}

int os_resource_size(const xenforeignmemory_handle *fmem, domid_t domid,
                     unsigned int type, unsigned int id, size_t *frames)
{
    /* The kernel answers the size when address and count are 0. */
    privcmd_mmap_resource_t res = {
        .dom = domid,
        .type = type,
        .id = id,
    };

    if ( ioctl(fmem->fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &res) )
        return resource_failed(fmem);

    *frames = res.num;

    return 0;
}
