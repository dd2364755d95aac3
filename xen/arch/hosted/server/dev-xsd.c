/* SPDX-License-Identifier: MIT */
/*
 * The files by which xenstored finds the ring: /proc/xen/xsd_kva, and, for one
 * that does not know xenfs, /dev/xen/xenbus_backend.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "server.h"
#include "xenstore.h"

#include <hv/page.h>

#define IOCTL_XENBUS_BACKEND_EVTCHN 0x4200
#define IOCTL_XENBUS_BACKEND_SETUP 0x4201

static long backend_ioctl(struct file *f, unsigned long request, uint64_t arg)
{
    bool answered;

    (void)f, (void)arg;
    switch ( request )
    {
    case IOCTL_XENBUS_BACKEND_EVTCHN:
        return xenstore_port();
    case IOCTL_XENBUS_BACKEND_SETUP:
        pthread_mutex_lock(&xenstore_lock);
        answered = xenstore_answers;
        pthread_mutex_unlock(&xenstore_lock);
        /* No domain can be xenstored's here. */
        return answered ? -EEXIST : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

static long map_ring(struct file *f, uint64_t addr, size_t len,
                     uint64_t offset, int prot)
{
    if ( len > PAGE_SIZE || offset )
        return -EINVAL;
    page_get_more(xenstore_page());
    return file_map_page(f, addr, xenstore_page(), prot);
}

const struct file_ops xenbus_backend_ops = {
    .ioctl = backend_ioctl,
    .mmap = map_ring,
};

/* Reading gives an address of the kernel's, once. */
static int xsd_kva_open(struct file *f)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "0x%016lx",
                       (unsigned long)mfn_x(page_to_mfn(xenstore_page()))
                           << PAGE_SHIFT);

    return send(f->handle, text, (size_t)len, MSG_NOSIGNAL) == len &&
                   !shutdown(f->handle, SHUT_WR) ? 0 : -EIO;
}

const struct file_ops xsd_kva_ops = {
    .open = xsd_kva_open,
    .mmap = map_ring,
};
