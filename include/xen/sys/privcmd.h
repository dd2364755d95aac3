/* SPDX-License-Identifier: MIT */
/*
 * ioctls of Linux's /dev/xen/privcmd: hypercalls, and mapping the memory of
 * other domains.  Include <sys/ioctl.h> for _IOC().
 *
 * Mappings go into an area the program made with mmap() of the device, and
 * live until that area is unmapped.
 */
#ifndef __LINUX_PUBLIC_PRIVCMD_H__
#define __LINUX_PUBLIC_PRIVCMD_H__

#include <stddef.h>
#include <stdint.h>

#include "../xen.h"

/* Returns what the hypercall returns; -XEN_E* becomes errno. */
typedef struct privcmd_hypercall
{
    uint64_t op; /* __HYPERVISOR_* */
    uint64_t arg[5];
} privcmd_hypercall_t;

typedef struct privcmd_mmap_entry
{
    uint64_t va;
    uint64_t mfn;
    uint64_t npages;
} privcmd_mmap_entry_t;

/* Ranges of frames; PV only, ENOSYS elsewhere. */
typedef struct privcmd_mmap
{
    int num;
    domid_t dom;
    privcmd_mmap_entry_t *entry;
} privcmd_mmap_t;

/* Single frames; a failed one has the error bits set in arr[]. */
typedef struct privcmd_mmapbatch
{
    int num;
    domid_t dom;
    uint64_t addr;
    xen_pfn_t *arr; /* IN, OUT */
} privcmd_mmapbatch_t;

#define PRIVCMD_MMAPBATCH_MFN_ERROR 0xf0000000U
#define PRIVCMD_MMAPBATCH_PAGED_ERROR 0x80000000U

/* Single frames, negated errno of each in err[]; ENOENT: some are paged out. */
typedef struct privcmd_mmapbatch_v2
{
    unsigned int num;
    domid_t dom;
    uint64_t addr;
    const xen_pfn_t *arr; /* IN  */
    int *err;             /* OUT */
} privcmd_mmapbatch_v2_t;

typedef struct privcmd_dm_op_buf
{
    void *uptr;
    size_t size; /* bytes */
} privcmd_dm_op_buf_t;

/* The dm_op hypercall; the kernel pins the buffers. */
typedef struct privcmd_dm_op
{
    domid_t dom;
    uint16_t num; /* at most 16 buffers */
    const privcmd_dm_op_buf_t *ubufs;
} privcmd_dm_op_t;

/* XENMEM_acquire_resource.  num and addr 0: returns the number of frames. */
typedef struct privcmd_mmap_resource
{
    domid_t dom;
    uint32_t type;
    uint32_t id;
    uint32_t idx; /* first frame */
    uint64_t num; /* frames      */
    uint64_t addr;
} privcmd_mmap_resource_t;

#define IOCTL_PRIVCMD_HYPERCALL \
    _IOC(_IOC_NONE, 'P', 0, sizeof(privcmd_hypercall_t))
#define IOCTL_PRIVCMD_MMAP _IOC(_IOC_NONE, 'P', 2, sizeof(privcmd_mmap_t))
#define IOCTL_PRIVCMD_MMAPBATCH \
    _IOC(_IOC_NONE, 'P', 3, sizeof(privcmd_mmapbatch_t))
#define IOCTL_PRIVCMD_MMAPBATCH_V2 \
    _IOC(_IOC_NONE, 'P', 4, sizeof(privcmd_mmapbatch_v2_t))
#define IOCTL_PRIVCMD_DM_OP _IOC(_IOC_NONE, 'P', 5, sizeof(privcmd_dm_op_t))
/* From now on only calls on this domain (EPERM); arg: domid_t *. */
#define IOCTL_PRIVCMD_RESTRICT _IOC(_IOC_NONE, 'P', 6, sizeof(domid_t))
#define IOCTL_PRIVCMD_MMAP_RESOURCE \
    _IOC(_IOC_NONE, 'P', 7, sizeof(privcmd_mmap_resource_t))
/* Never to be implemented: ENOTTY tells that this is the device. */
#define IOCTL_PRIVCMD_UNIMPLEMENTED _IOC(_IOC_NONE, 'P', 0xFF, 0)

#endif
