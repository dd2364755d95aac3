/* SPDX-License-Identifier: MIT */
/*
 * ioctls of Linux's /dev/xen/gntdev: map and copy pages other domains grant.
 * Include <sys/ioctl.h> for _IOC().
 *
 * MAP_GRANT_REF only reserves an offset; mmap() of the device at that offset
 * maps the grants.  They are released by munmap() and UNMAP_GRANT_REF, which
 * must come while the pages are not mapped by the process.
 */
#ifndef __LINUX_PUBLIC_GNTDEV_H__
#define __LINUX_PUBLIC_GNTDEV_H__

#include <stdint.h>

struct ioctl_gntdev_grant_ref
{
    uint32_t domid;
    uint32_t ref;
};

#define IOCTL_GNTDEV_MAP_GRANT_REF \
    _IOC(_IOC_NONE, 'G', 0, sizeof(struct ioctl_gntdev_map_grant_ref))
struct ioctl_gntdev_map_grant_ref
{
    uint32_t count; /* IN */
    uint32_t pad;
    uint64_t index;                        /* OUT: offset for mmap() */
    struct ioctl_gntdev_grant_ref refs[1]; /* IN: count of them */
};

/* ENOENT: no such range. */
#define IOCTL_GNTDEV_UNMAP_GRANT_REF \
    _IOC(_IOC_NONE, 'G', 1, sizeof(struct ioctl_gntdev_unmap_grant_ref))
struct ioctl_gntdev_unmap_grant_ref
{
    uint64_t index; /* IN */
    uint32_t count; /* IN */
    uint32_t pad;
};

#define IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR \
    _IOC(_IOC_NONE, 'G', 2, sizeof(struct ioctl_gntdev_get_offset_for_vaddr))
struct ioctl_gntdev_get_offset_for_vaddr
{
    uint64_t vaddr;  /* IN: where mmap() put it */
    uint64_t offset; /* OUT */
    uint32_t count;  /* OUT */
    uint32_t pad;
};

#define IOCTL_GNTDEV_SET_MAX_GRANTS \
    _IOC(_IOC_NONE, 'G', 3, sizeof(struct ioctl_gntdev_set_max_grants))
struct ioctl_gntdev_set_max_grants
{
    uint32_t count;
};

/* When the range is unmapped, also by the process dying: clear, signal. */
#define IOCTL_GNTDEV_SET_UNMAP_NOTIFY \
    _IOC(_IOC_NONE, 'G', 7, sizeof(struct ioctl_gntdev_unmap_notify))
struct ioctl_gntdev_unmap_notify
{
    uint64_t index;  /* IN: mmap() offset of the byte */
    uint32_t action; /* IN: UNMAP_NOTIFY_* */
    uint32_t event_channel_port;
};
#define UNMAP_NOTIFY_CLEAR_BYTE 0x1
#define UNMAP_NOTIFY_SEND_EVENT 0x2

/* gnttab_copy with one's own memory as the other side. */
struct ioctl_gntdev_grant_copy_segment
{
    union
    {
        void *virt;
        struct
        {
            uint32_t ref;
            uint16_t offset;
            uint16_t domid;
        } foreign;
    } source, dest;
    uint16_t len;
    uint16_t flags; /* GNTCOPY_* of grant_table.h */
    int16_t status; /* OUT: GNTST_* */
};
#define IOCTL_GNTDEV_GRANT_COPY \
    _IOC(_IOC_NONE, 'G', 8, sizeof(struct ioctl_gntdev_grant_copy))
struct ioctl_gntdev_grant_copy
{
    unsigned int count;
    struct ioctl_gntdev_grant_copy_segment *segments;
};

/* Grants as a dma-buf, which other drivers take, and a dma-buf as grants. */
#define GNTDEV_DMA_FLAG_WC (1 << 0) /* mapped write-combining */
#define GNTDEV_DMA_FLAG_COHERENT (1 << 1)

#define IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS \
    _IOC(_IOC_NONE, 'G', 9, sizeof(struct ioctl_gntdev_dmabuf_exp_from_refs))
struct ioctl_gntdev_dmabuf_exp_from_refs
{
    uint32_t flags;   /* IN: GNTDEV_DMA_FLAG_* */
    uint32_t count;   /* IN */
    uint32_t fd;      /* OUT: the dma-buf */
    uint32_t domid;   /* IN: who granted */
    uint32_t refs[1]; /* IN: count of them */
};

/* Wait until nobody has the exported dma-buf any more; ETIMEDOUT. */
#define IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED \
    _IOC(_IOC_NONE, 'G', 10,                  \
         sizeof(struct ioctl_gntdev_dmabuf_exp_wait_released))
struct ioctl_gntdev_dmabuf_exp_wait_released
{
    uint32_t fd;         /* IN */
    uint32_t wait_to_ms; /* IN */
};

#define IOCTL_GNTDEV_DMABUF_IMP_TO_REFS \
    _IOC(_IOC_NONE, 'G', 11, sizeof(struct ioctl_gntdev_dmabuf_imp_to_refs))
struct ioctl_gntdev_dmabuf_imp_to_refs
{
    uint32_t fd;    /* IN: a dma-buf */
    uint32_t count; /* IN: its pages */
    uint32_t domid; /* IN: to whom they are granted */
    uint32_t reserved;
    uint32_t refs[1]; /* OUT: count of them */
};

#define IOCTL_GNTDEV_DMABUF_IMP_RELEASE \
    _IOC(_IOC_NONE, 'G', 12, sizeof(struct ioctl_gntdev_dmabuf_imp_release))
struct ioctl_gntdev_dmabuf_imp_release
{
    uint32_t fd; /* IN */
    uint32_t reserved;
};

#endif
