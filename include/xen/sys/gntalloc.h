/* SPDX-License-Identifier: MIT */
/*
 * ioctls of Linux's /dev/xen/gntalloc: grant new pages to another domain.
 * Include <sys/ioctl.h> for _IOC().  mmap() at `index` maps the pages here.
 */
#ifndef __LINUX_PUBLIC_GNTALLOC_H__
#define __LINUX_PUBLIC_GNTALLOC_H__

#include <stdint.h>

#define IOCTL_GNTALLOC_ALLOC_GREF \
    _IOC(_IOC_NONE, 'G', 5, sizeof(struct ioctl_gntalloc_alloc_gref))
struct ioctl_gntalloc_alloc_gref
{
    uint16_t domid; /* IN: for whom */
    uint16_t flags; /* IN */
#define GNTALLOC_FLAG_WRITABLE 1
    uint32_t count;       /* IN: pages */
    uint64_t index;       /* OUT: offset for mmap() */
    uint32_t gref_ids[1]; /* OUT: count of them */
};

#define IOCTL_GNTALLOC_DEALLOC_GREF \
    _IOC(_IOC_NONE, 'G', 6, sizeof(struct ioctl_gntalloc_dealloc_gref))
struct ioctl_gntalloc_dealloc_gref
{
    uint64_t index; /* IN */
    uint32_t count; /* IN */
};

#define IOCTL_GNTALLOC_SET_UNMAP_NOTIFY \
    _IOC(_IOC_NONE, 'G', 7, sizeof(struct ioctl_gntalloc_unmap_notify))
struct ioctl_gntalloc_unmap_notify
{
    uint64_t index;  /* IN: mmap() offset of the byte */
    uint32_t action; /* IN: UNMAP_NOTIFY_* */
    uint32_t event_channel_port;
};
#ifndef UNMAP_NOTIFY_CLEAR_BYTE
#define UNMAP_NOTIFY_CLEAR_BYTE 0x1
#define UNMAP_NOTIFY_SEND_EVENT 0x2
#endif

#endif
